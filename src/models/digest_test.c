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

TESTS({"it is remembered in the process and in the file", it_is_remembered_in_the_process_and_in_the_file},
      {"the file serves the next process", the_file_serves_the_next_process},
      {"what has just changed is not remembered", what_has_just_changed_is_not_remembered},
      {"a model has the digest of its bytes", a_model_has_the_digest_of_its_bytes})
