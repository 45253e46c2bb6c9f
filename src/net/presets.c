#include "net/presets.h"
#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define OPEN_CLIP "open_clip_model.safetensors"
#define APPLE "apple-amlr"

const ay_preset ay_presets[] = {
    {"vit-b-32-openai", "timm/vit_base_patch32_clip_224.openai", "main", OPEN_CLIP, "", 605000000, "apache-2.0", true, 512,
     "CLIP ViT-B/32 as OpenAI trained it"},
    {"vit-b-32-laion2b", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "main", OPEN_CLIP, "", 605000000, "mit", true, 512,
     "CLIP ViT-B/32 trained on LAION-2B"},
    /* Published for timm alone: pictures, no words. */
    {"mobileclip-s0", "apple/mobileclip_s0_timm", "refs/pr/5", "model.safetensors", "", 45900000, APPLE, false, 512,
     "MobileCLIP S0, image tower"},
    {"mobileclip-s1", "apple/MobileCLIP-S1-OpenCLIP", "main", OPEN_CLIP, "", 340000000, APPLE, true, 512, "MobileCLIP S1"},
    {"mobileclip-s2", "apple/MobileCLIP-S2-OpenCLIP", "main", OPEN_CLIP, "", 398000000, APPLE, true, 512, "MobileCLIP S2"},
    {"mobileclip-b", "apple/MobileCLIP-B-OpenCLIP", "main", OPEN_CLIP,
     "f701e9e7883b8a68b42601886d6a25922fa96d37fbf9f29b411d7c71f5279873", 599000000, APPLE, true, 512, "MobileCLIP B"},
    {"mobileclip2-s0", "timm/MobileCLIP2-S0-OpenCLIP", "main", OPEN_CLIP, "", 300000000, APPLE, true, 512, "MobileCLIP2 S0"},
    {"mobileclip2-s2", "timm/MobileCLIP2-S2-OpenCLIP", "main", OPEN_CLIP, "", 398000000, APPLE, true, 512, "MobileCLIP2 S2"},
    {"resnet18", "timm/resnet18.a1_in1k", "main", "model.safetensors",
     "80c49dee3da4822c009c5a7fe591e9223c5a2cfcf95a4067ca4dfb5a7b89c612", 46800000, "apache-2.0", false, 512,
     "ResNet-18 trained on ImageNet"},
    {"efficientnetv2-rw-s", "timm/efficientnetv2_rw_s.ra2_in1k", "main", "model.safetensors",
     "81379566b6b222f182fa010a993ce396e97b08568bb4f87241b61b064294a65e", 96500000, "apache-2.0", false, 1792,
     "EfficientNetV2-S (timm) trained on ImageNet"},
};
const size_t ay_presets_count = sizeof ay_presets / sizeof *ay_presets;

const ay_preset *ay_preset_find(const char *name)
{
    for (size_t i = 0; i < ay_presets_count; i++)
        if (strcasecmp(ay_presets[i].name, name) == 0)
            return &ay_presets[i];
    return NULL;
}

int ay_preset_files(const ay_preset *p, ay_hub_want files[AY_HUB_FILES])
{
    static const char *const beside[] = {"config.json", "README.md", "LICENSE"};
    static const char *const words[] = {"open_clip_config.json", "tokenizer.json", "tokenizer_config.json",
                                        "special_tokens_map.json", "vocab.json", "merges.txt",
                                        "bpe_simple_vocab_16e6.txt.gz"}; /* open_clip's own; else the others */
    int n = 0;

    files[n] = (ay_hub_want){0};
    snprintf(files[n].name, sizeof files[n].name, "%s", p->weights);
    snprintf(files[n].sha256, sizeof files[n].sha256, "%s", p->sha256);
    n++;
    for (int i = 0; p->text && i < (int)(sizeof words / sizeof *words); i++, n++) {
        files[n] = (ay_hub_want){.optional = i > 0};
        snprintf(files[n].name, sizeof files[n].name, "%s", words[i]);
    }
    for (int i = 0; i < 3; i++, n++) {
        files[n] = (ay_hub_want){.optional = true};
        snprintf(files[n].name, sizeof files[n].name, "%s", beside[i]);
    }
    return n;
}

void ay_preset_ref(const ay_preset *p, ay_hub_ref *ref)
{
    *ref = (ay_hub_ref){0};
    snprintf(ref->repo, sizeof ref->repo, "%s", p->repo);
    snprintf(ref->revision, sizeof ref->revision, "%s", p->revision);
}

bool ay_licence_free(const char *licence)
{
    static const char *const free_ones[] = {"mit",         "apache-2.0",   "bsd",      "bsd-2-clause",
                                            "bsd-3-clause", "isc",         "unlicense", "cc0-1.0",
                                            "cc-by-4.0",   "zlib",         "bsl-1.0",  "mpl-2.0"};

    for (size_t i = 0; i < sizeof free_ones / sizeof *free_ones; i++)
        if (strcasecmp(licence, free_ones[i]) == 0)
            return true;
    return false;
}

/* The folder of a snapshot, or its weights where the folder holds others that would be taken first. */
static ay_status preset_path(const ay_hub *hub, const ay_preset *p, char path[AY_HUB_PATH], ay_err *err)
{
    char usual[AY_HUB_PATH], commit[AY_HUB_COMMIT];
    ay_hub_ref ref;

    ay_preset_ref(p, &ref);
    if (ay_hub_find(hub, &ref, p->weights, path, NULL) != AY_OK)
        return ay_fail(err, AY_ENOTFOUND, "%s is not on this machine; \"assay model pull %s\" gets it", p->name,
                       p->name);
    if (strcmp(p->weights, "model.safetensors") != 0 &&
        ay_hub_find(hub, &ref, "model.safetensors", usual, NULL) == AY_OK)
        return AY_OK;
    return ay_hub_snapshot(hub, &ref, path, commit, err);
}

ay_status ay_model_locate(const char *word, char path[AY_HUB_PATH], ay_err *err)
{
    const ay_preset *p = ay_preset_find(word);
    char commit[AY_HUB_COMMIT];
    ay_hub_ref ref;
    ay_hub hub;
    ay_status status;
    bool repo;

    if (snprintf(path, AY_HUB_PATH, "%s", word) >= AY_HUB_PATH)
        return ay_fail(err, AY_EINVAL, "the model's path is too long");
    /* A path that is there means itself, whatever else bears its name. */
    repo = !p && ay_hub_ref_read(&ref, word, NULL) == AY_OK;
    if ((!p && !repo) || ay_file_exists(word))
        return AY_OK;
    status = ay_hub_settings(&hub, err);
    if (status != AY_OK)
        return status;
    if (p)
        return preset_path(&hub, p, path, err);
    status = ay_hub_snapshot(&hub, &ref, path, commit, NULL);
    return status == AY_OK ? AY_OK
                           : ay_fail(err, AY_ENOTFOUND, "there is no file %s, and no such model on this machine; if "
                                     "it is one of a hub, \"assay model pull %s\" gets it", word, word);
}
