#include "base/test.h"
#include "base/file.h"
#include "net/presets.h"

#include <sys/stat.h>

static ay_err err;

static void the_table_is_sound(void)
{
    for (size_t i = 0; i < ay_presets_count; i++) {
        const ay_preset *p = &ay_presets[i];
        ay_hub_want files[AY_HUB_FILES];
        ay_hub_ref ref;
        char text[300];
        int n = ay_preset_files(p, files);
        snprintf(text, sizeof text, "%s@%s", p->repo, p->revision);
        CHECK_OK(ay_hub_ref_read(&ref, text, &err), err);
        CHECK(ay_preset_find(p->name) == p && p->licence[0] && p->about[0] && !strchr(p->name, '/'));
        CHECK(!p->sha256[0] || ay_sha256_valid(p->sha256));
        CHECK(n > 3 && n <= AY_HUB_FILES && strcmp(files[0].name, p->weights) == 0 && !files[0].optional);
        for (int f = 0; f < n; f++)
            CHECK(ay_hub_file_valid(files[f].name));
    }
    CHECK(!ay_preset_find("") && !ay_preset_find("default") && !ay_preset_find("vit"));
}

static void licences(void)
{
    CHECK(ay_licence_free("MIT") && ay_licence_free("apache-2.0"));
    CHECK(!ay_licence_free("") && !ay_licence_free("apple-amlr") && !ay_licence_free("cc-by-nc-4.0") &&
          !ay_licence_free("other") && !ay_licence_free("mit-but-not"));
}

/* Make an empty file and its folders. */
static void make(const char *path)
{
    char dir[AY_HUB_PATH];

    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    CHECK_OK(ay_file_mkdirs(dir, &err), err);
    CHECK_OK(ay_file_write(path, "x", 1, &err), err);
}

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static void names_become_paths(void)
{
    char root[64] = "/tmp/assay-presets-XXXXXX", path[AY_HUB_PATH], want[AY_HUB_PATH], file[AY_HUB_PATH];

    CHECK(mkdtemp(root) != NULL);
    setenv("HF_HUB_CACHE", root, 1);
    CHECK_OK(ay_model_locate("default", path, &err), err);
    CHECK(strcmp(path, "default") == 0);
    CHECK_OK(ay_model_locate("some/deep/path", path, &err), err);
    CHECK(strcmp(path, "some/deep/path") == 0);
    CHECK_OK(ay_model_locate(root, path, &err), err);
    CHECK(strcmp(path, root) == 0);
    CHECK(ay_model_locate("vit-b-32-openai", path, &err) == AY_ENOTFOUND &&
          strstr(err.msg, "assay model pull vit-b-32-openai"));
    CHECK(ay_model_locate("acme/none", path, &err) == AY_ENOTFOUND && strstr(err.msg, "assay model pull acme/none"));
    snprintf(file, sizeof file, "%s/models--timm--vit_base_patch32_clip_224.openai/refs/main", root);
    make(file);
    CHECK(ay_model_locate("vit-b-32-openai", path, &err) == AY_ENOTFOUND); /* "x" is no commit */
    CHECK_OK(ay_file_write(file, COMMIT, 40, &err), err);
    CHECK(ay_model_locate("vit-b-32-openai", path, &err) == AY_ENOTFOUND); /* no weights */
    snprintf(want, sizeof want, "%s/models--timm--vit_base_patch32_clip_224.openai/snapshots/" COMMIT, root);
    snprintf(file, sizeof file, "%.4000s/open_clip_model.safetensors", want);
    make(file);
    CHECK_OK(ay_model_locate("vit-b-32-openai", path, &err), err);
    CHECK(strcmp(path, want) == 0);
    CHECK_OK(ay_model_locate("timm/vit_base_patch32_clip_224.openai", path, &err), err);
    CHECK(strcmp(path, want) == 0);
    /* Another program put other weights beside: the folder would mean those. */
    snprintf(path, sizeof path, "%.4000s/model.safetensors", want);
    make(path);
    CHECK_OK(ay_model_locate("VIT-B-32-openai", path, &err), err);
    CHECK(strcmp(path, file) == 0);
    snprintf(path, sizeof path, "rm -rf '%s'", root);
    CHECK(system(path) == 0);
}

TESTS({"the table is sound", the_table_is_sound}, {"licences", licences}, {"names become paths", names_become_paths})
