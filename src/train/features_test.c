#include "train/features.h"
#include "base/file.h"
#include "base/test.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { ROW = 5, COUNT = 1000 };

static char folder[256];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/assay-features-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
    char command[512];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
}

static void digest_of(int i, char hex[AY_SHA256_HEX])
{
    ay_sha256_bytes(&i, sizeof i, hex);
}

static void fill(ay_features *f, int from, int to)
{
    char hex[AY_SHA256_HEX];
    ay_err err;

    for (int i = from; i < to; i++) {
        float row[ROW] = {(float)i, 1, 2, 3, 4};
        digest_of(i, hex);
        CHECK_OK(ay_features_add(f, hex, row, &err), err);
    }
}

/* How many of 0 .. COUNT - 1 are there; each must be right. */
static int present(const ay_features *f)
{
    char hex[AY_SHA256_HEX];
    int n = 0;

    for (int i = 0; i < COUNT; i++) {
        digest_of(i, hex);
        const float *row = ay_features_find(f, hex);
        CHECK(!row || (row[0] == (float)i && row[4] == 4));
        n += row != NULL;
    }
    return n;
}

static ay_features *open_it(const char *key)
{
    ay_features *f;
    ay_err err;

    CHECK_OK(ay_features_open(&f, folder, key, ROW, &err), err);
    return f;
}

static void rows_survive(void)
{
    ay_features *f;

    make_folder();
    f = open_it("a");
    fill(f, 0, COUNT);
    fill(f, 0, 10);
    CHECK(ay_features_count(f) == COUNT && present(f) == COUNT);
    ay_features_close(f);
    f = open_it("b");
    CHECK(present(f) == 0);
    ay_features_close(f);
    f = open_it("a");
    CHECK(ay_features_count(f) == COUNT && present(f) == COUNT);
    ay_features_close(f);
    remove_folder();
}

/* Cut at any byte, or with a byte changed, everything before the damage is there and can be added
 * to. */
static ay_status first_file(void *ctx, const char *path, ay_err *err)
{
    (void)err;
    snprintf(ctx, 512, "%s", path);
    return AY_OK;
}

static void damage_costs_the_rest_only(void)
{
    char path[512] = "";
    struct stat st;
    ay_features *f;
    int fd;
    ay_err err;

    make_folder();
    f = open_it("a");
    fill(f, 0, 100);
    ay_features_close(f);
    CHECK_OK(ay_file_walk(folder, first_file, path, &err), err);
    CHECK(stat(path, &st) == 0 && truncate(path, st.st_size - 7) == 0);
    f = open_it("a");
    CHECK(present(f) == 99);
    fill(f, 99, 120);
    ay_features_close(f);
    f = open_it("a");
    CHECK(present(f) == 120);
    ay_features_close(f);
    fd = open(path, O_WRONLY);
    CHECK(fd >= 0 && pwrite(fd, "x", 1, st.st_size / 2) == 1 && close(fd) == 0);
    f = open_it("a");
    CHECK(present(f) > 40 && present(f) < 60);
    ay_features_close(f);
    remove_folder();
}

static void second_writer_works_without_the_disk(void)
{
    ay_features *a, *b;

    make_folder();
    a = open_it("a");
    b = open_it("a");
    fill(b, 0, 5);
    CHECK(present(b) == 5 && present(a) == 0);
    ay_features_close(a);
    ay_features_close(b);
    a = open_it("a");
    CHECK(present(a) == 0);
    ay_features_close(a);
    remove_folder();
}

TESTS({"rows_survive", rows_survive}, {"damage_costs_the_rest_only", damage_costs_the_rest_only},
      {"second_writer_works_without_the_disk", second_writer_works_without_the_disk})
