/* Digests that are remembered: by whom, of what, and when they are not believed. */
#include "models/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "models/golden.h"
#include "models/model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ay_err err;
static char dir[64], weights[128], memory[128], names[AY_SHA256_HEX], some[AY_SHA256_HEX];

static void write_text(const char *path, const char *text)
{
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
}

static void begin(void)
{
    strcpy(dir, "/tmp/assay-digest-XXXXXX");
    CHECK(mkdtemp(dir));
    snprintf(weights, sizeof weights, "%s/model.safetensors", dir);
    snprintf(memory, sizeof memory, "%s/model-digests", dir);
    write_text(weights, "weights");
    ay_sha256_bytes("names", 5, names);
    ay_sha256_bytes("values", 6, some);
}

static void end(void)
{
    unlink(weights);
    unlink(memory);
    CHECK(rmdir(dir) == 0);
}

/* As if the file had lain there for an hour: no program can set the time of change. */
static ay_digest_file settled(void)
{
    ay_digest_file f;

    CHECK(ay_digest_look(weights, &f) && ay_digest_same(weights, &f));
    f.changed_ns -= INT64_C(3600) * 1000000000;
    return f;
}

static bool recall(const char *from, const ay_digest_file *f)
{
    char hex[AY_SHA256_HEX] = "";
    bool found = ay_digest_recall(from, f, names, hex);

    CHECK(!found || strcmp(hex, some) == 0);
    return found;
}

static void it_is_remembered_in_the_process_and_in_the_file(void)
{
    ay_digest_file f, other;
    ay_buf text = {0};

    begin();
    f = settled();
    CHECK(!recall(memory, &f));
    ay_digest_keep(memory, &f, names, some);
    CHECK(recall(NULL, &f) && recall(memory, &f));
    CHECK_OK(ay_file_read(memory, 0, &text, &err), err);
    CHECK(strstr(text.data, some) && strstr(text.data, names));
    ay_buf_fini(&text);
    other = f;
    other.changed_ns++;
    CHECK(!recall(memory, &other)); /* touched */
    other = f;
    other.size++;
    CHECK(!recall(memory, &other));
    other = f;
    other.inode++;
    CHECK(!recall(memory, &other)); /* another file in its place */
    CHECK(!ay_digest_recall(memory, &f, some, (char[AY_SHA256_HEX]){0})); /* other tensors of it */
    end();
}

/* This process forgets after 32; what comes then comes from the file. */
static void push_out_of_the_process(void)
{
    ay_digest_file f = {1, 1, 1, 1, 1};

    for (int i = 0; i < 40; i++) {
        f.inode++;
        ay_digest_keep(NULL, &f, names, names);
    }
}

static void the_file_serves_the_next_process(void)
{
    char line[400];
    ay_digest_file f, g;
    ay_buf text = {0};

    begin();
    f = g = settled();
    ay_digest_keep(memory, &f, names, some);
    for (int i = 0; i < 100; i++) { /* more than there is room for: the oldest go */
        g.inode++;
        ay_digest_keep(memory, &g, names, some);
    }
    push_out_of_the_process();
    CHECK(recall(memory, &g) && !recall(memory, &f));
    CHECK_OK(ay_file_read(memory, 0, &text, &err), err);
    CHECK(text.len < 20000);
    ay_buf_fini(&text);
    push_out_of_the_process();
    write_text(memory, "assay digests 0\nnonsense\n");
    CHECK(!recall(memory, &g)); /* another version's, or no such file */
    snprintf(line, sizeof line, "assay digests 1\n%llx %llx %llx %llx %llx %s not-a-digest\n",
             (unsigned long long)g.device, (unsigned long long)g.inode, (unsigned long long)g.size,
             (unsigned long long)g.modified_ns, (unsigned long long)g.changed_ns, names);
    write_text(memory, line);
    CHECK(!recall(memory, &g));
    ay_digest_keep(memory, &g, names, some); /* and is made good */
    push_out_of_the_process();
    CHECK(recall(memory, &g));
    end();
}

static void what_has_just_changed_is_not_remembered(void)
{
    ay_digest_file f;

    begin();
    CHECK(ay_digest_look(weights, &f));
    ay_digest_keep(memory, &f, names, some);
    CHECK(!recall(memory, &f) && !ay_file_exists(memory));
    CHECK(!ay_digest_look("/tmp/no such file", &f));
    end();
}

/* The digest that a model opens with is that of its bytes, remembered or not; other bytes are noticed. */
static void a_model_has_the_digest_of_its_bytes(void)
{
    const char *folder = "build/vectors/digest", *file = "build/vectors/digest/model.safetensors";
    char first[AY_SHA256_HEX];
    ay_golden g;
    ay_model *m;
    struct stat st;
    int fd;

    CHECK_OK(ay_golden_load(&g, "test/vectors/clip-words-tiny.json", &err), err);
    CHECK_OK(ay_golden_write_model(&g, folder, &err), err);
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            sleep(4); /* now it may be remembered */
        CHECK_OK(ay_model_open(&m, folder, &(ay_model_options){.tower = AY_TOWER_TEXT}, &err), err);
        CHECK(i == 0 || strcmp(first, ay_model_get_info(m)->digest) == 0);
        snprintf(first, sizeof first, "%s", ay_model_get_info(m)->digest);
        ay_model_close(m);
    }
    fd = open(file, O_RDWR);
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && pwrite(fd, "\x3f", 1, st.st_size - 2) == 1);
    close(fd);
    CHECK_OK(ay_model_open(&m, folder, &(ay_model_options){.tower = AY_TOWER_TEXT}, &err), err);
    CHECK(strcmp(first, ay_model_get_info(m)->digest) != 0);
    ay_model_close(m);
    ay_golden_fini(&g);
}

/* A folder as a pull leaves it: the weights are a link to where they lie. */
static void lay_out(char folder[128], char blob[160])
{
    char from[200], link[200];
    ay_golden g;

    begin();
    snprintf(folder, 128, "%s/snapshot", dir);
    snprintf(blob, 160, "%s/blob", dir);
    snprintf(link, sizeof link, "%s/snapshot/model.safetensors", dir);
    snprintf(from, sizeof from, "%s", link);
    CHECK_OK(ay_golden_load(&g, "test/vectors/clip-words-tiny.json", &err), err);
    CHECK_OK(ay_golden_write_model(&g, folder, &err), err);
    ay_golden_fini(&g);
    CHECK(rename(from, blob) == 0 && symlink("../blob", link) == 0);
}

static void digest_of(const char *folder, ay_tower tower, char hex[AY_SHA256_HEX])
{
    ay_model *m;

    push_out_of_the_process();
    CHECK_OK(ay_model_open(&m, folder, &(ay_model_options){.tower = tower}, &err), err);
    snprintf(hex, AY_SHA256_HEX, "%s", ay_model_get_info(m)->digest);
    ay_model_close(m);
}

static void clear(const char *folder, const char *blob, const char *beside)
{
    static const char *const names_of[] = {"open_clip_config.json", "model.safetensors"};
    char path[AY_DIGEST_PATH];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names_of[i]);
        CHECK(unlink(path) == 0);
    }
    CHECK(unlink(blob) == 0 && unlink(beside) == 0 && rmdir(folder) == 0);
    end();
}

/* What was written beside the weights is believed by the first opening, for both towers, and no longer once they
 * change. That it is read at all shows in a digest that no bytes have. */
static void a_pulled_model_is_not_read_again(void)
{
    char folder[128], blob[160], beside[AY_DIGEST_PATH], real[2][AY_SHA256_HEX], hex[AY_SHA256_HEX];
    ay_buf text = {0};
    ay_digest_file f;

    lay_out(folder, blob);
    snprintf(beside, sizeof beside, "%s.digests", blob);
    for (int k = 0; k < 2; k++)
        digest_of(folder, (ay_tower)k, real[k]);
    CHECK(!ay_file_exists(beside)); /* a folder that was copied by hand is read at each start of a new data folder */
    push_out_of_the_process();
    ay_model_remember(folder);
    CHECK_OK(ay_file_read(beside, 0, &text, &err), err);
    for (int k = 0; k < 2; k++) {
        char *at = strstr(text.data, real[k]);
        CHECK(at);
        digest_of(folder, (ay_tower)k, hex);
        CHECK(strcmp(hex, real[k]) == 0);
        memset(at, '7', 8);
        write_text(beside, text.data);
        digest_of(folder, (ay_tower)k, hex);
        CHECK(strncmp(hex, "77777777", 8) == 0 && strcmp(hex + 8, real[k] + 8) == 0);
    }
    ay_buf_fini(&text);
    CHECK(ay_digest_look(blob, &f) && utimensat(AT_FDCWD, blob, NULL, 0) == 0 && !ay_digest_same(blob, &f));
    digest_of(folder, AY_TOWER_TEXT, hex);
    CHECK(strcmp(hex, real[AY_TOWER_TEXT]) == 0);
    ay_model_remember("/tmp/no such folder");
    clear(folder, blob, beside);
}

TESTS({"it is remembered in the process and in the file", it_is_remembered_in_the_process_and_in_the_file},
      {"the file serves the next process", the_file_serves_the_next_process},
      {"what has just changed is not remembered", what_has_just_changed_is_not_remembered},
      {"a pulled model is not read again", a_pulled_model_is_not_read_again},
      {"a model has the digest of its bytes", a_model_has_the_digest_of_its_bytes})
