/* Cache files: what was written comes back; what was cut, flipped or meant for another is not used. */
#include "base/cachefile.h"
#include "base/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static const ay_cachefile_head head = {
    "AYTESTED", 3, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};

static void clean(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%.63s'", folder);
    if (system(command) != 0)
        printf("  could not remove %s\n", folder);
}

static const char *path_of(const char *name)
{
    static char path[160];

    if (!*folder) {
        strcpy(folder, "/tmp/assay-cachefile-XXXXXX");
        CHECK(mkdtemp(folder));
        atexit(clean);
    }
    snprintf(path, sizeof path, "%s/cache/%s", folder, name);
    return path;
}

static void write_it(const char *path)
{
    float rows[1000];
    ay_err err;

    for (int i = 0; i < 1000; i++)
        rows[i] = (float)i / 7;
    CHECK(ay_cachefile_write(path, &head, (ay_cachefile_piece[]){{"abc", 3}, {NULL, 0}, {rows, sizeof rows}}, 3, &err) == AY_OK);
}

static bool opens(const char *path, const ay_cachefile_head *want, const char *why)
{
    ay_err err = {{0}};
    ay_cachefile c;
    ay_status status = ay_cachefile_open(&c, path, want, &err);

    if (status == AY_OK) {
        ay_cachefile_close(&c);
        return true;
    }
    CHECK(status == AY_ENOTFOUND && c.body == NULL && c.map.data == NULL);
    if (!strstr(err.msg, why))
        printf("  said \"%s\", not \"%s\"\n", err.msg, why);
    CHECK(strstr(err.msg, why) && strstr(err.msg, path));
    return false;
}

static void what_was_written_comes_back(void)
{
    const char *path = path_of("a.bin");
    ay_cachefile c;
    ay_err err;
    float last;

    CHECK(!opens(path, &head, "No such file"));
    write_it(path);
    CHECK(ay_cachefile_open(&c, path, &head, &err) == AY_OK);
    CHECK(c.n == 3 + 4000 && memcmp(c.body, "abc", 3) == 0 && ((uintptr_t)c.body & 4095) == 0);
    memcpy(&last, c.body + 3 + 3996, sizeof last);
    CHECK(last == 999.0f / 7 && strcmp(c.made_of, head.made_of) == 0);

    /* Replaced while mapped: the mapping stays as it was. */
    CHECK(ay_cachefile_write(path, &head, NULL, 0, &err) == AY_OK);
    CHECK(memcmp(c.body, "abc", 3) == 0);
    ay_cachefile_close(&c);
    ay_cachefile_close(&c);
    CHECK(ay_cachefile_open(&c, path, &head, &err) == AY_OK && c.n == 0 && c.body != NULL);
    ay_cachefile_close(&c);
}

static void what_is_of_something_else_is_not_used(void)
{
    const char *path = path_of("b.bin");
    ay_cachefile_head other = head;

    write_it(path);
    other.made_of[5] = 'f';
    CHECK(!opens(path, &other, "something else"));
    other.made_of[0] = '\0';
    CHECK(opens(path, &other, ""));
    other.layout = 4;
    CHECK(!opens(path, &other, "another version"));
    memcpy(other.letters, "AYOTHERS", 8);
    CHECK(!opens(path, &other, "another kind"));
}

static void put_back(const char *path, const ay_buf *b, size_t n)
{
    CHECK(ay_file_write(path, b->data, n, NULL) == AY_OK);
}

static void what_is_cut_or_flipped_is_not_used(void)
{
    static const size_t cuts[] = {1, 24, 4095, 4096, 5000, 4096 + 4002};
    static const size_t flips[] = {0, 9, 13, 17, 30, 90, 4096, 4099, 4096 + 4002};
    const char *path = path_of("c.bin");
    ay_buf b = {0};
    int used = 0;

    write_it(path);
    CHECK(ay_file_read(path, 0, &b, NULL) == AY_OK && b.len == 4096 + 4003);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        put_back(path, &b, cuts[i]);
        used += opens(path, &head, "cut off");
    }
    for (size_t i = 0; i < sizeof flips / sizeof *flips; i++) {
        b.data[flips[i]] ^= 0x10;
        put_back(path, &b, b.len);
        used += opens(path, &head, path);
        b.data[flips[i]] ^= 0x10;
    }
    CHECK(used == 0);
    ay_buf_putc(&b, 'x');
    put_back(path, &b, b.len);
    CHECK(!opens(path, &head, "grown"));
    put_back(path, &b, b.len - 1);
    CHECK(opens(path, &head, ""));
    ay_buf_fini(&b);
    CHECK(ay_file_write(path, "", 0, NULL) == AY_OK && !opens(path, &head, "not a file with something in it"));
}

static void what_cannot_be_written_leaves_nothing(void)
{
    const char *path = path_of("folder");
    char name[200];
    ay_cachefile_head other = head;
    ay_err err;
    struct dirent *e;
    DIR *d;

    other.made_of[63] = '\0';
    CHECK(ay_cachefile_write(path, &other, NULL, 0, &err) == AY_EINVAL);
    other = head;
    other.letters[7] = '\0';
    CHECK(ay_cachefile_write(path, &other, NULL, 0, &err) == AY_EINVAL);
    snprintf(name, sizeof name, "%s/inside", path);
    CHECK(ay_file_mkdirs(name, &err) == AY_OK);
    CHECK(ay_cachefile_write(path, &head, NULL, 0, &err) == AY_EIO && strstr(err.msg, path)); /* a folder is in the way */
    d = opendir(path_of(""));
    while (d && (e = readdir(d)))
        CHECK(!strstr(e->d_name, ".tmp"));
    if (d)
        closedir(d);
}

TESTS({"what was written comes back", what_was_written_comes_back},
      {"what is of something else is not used", what_is_of_something_else_is_not_used},
      {"what is cut or flipped is not used", what_is_cut_or_flipped_is_not_used},
      {"what cannot be written leaves nothing", what_cannot_be_written_leaves_nothing})
