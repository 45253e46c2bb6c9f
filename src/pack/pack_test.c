/* pack/pack_test.c - what is packed comes out again; what is cut short, changed or badly named does not. */
#include "pack/pack.h"

#include "base/file.h"
#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

static ay_err err;
static char dir[] = "/tmp/assay-pack-XXXXXX", path[64];

static void in_folder(const char *name)
{
    if (!strchr(path, '/'))
        CHECK(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/%s", dir, name);
}

static void pack(const char *name, const char *text)
{
    ay_packer *p;

    CHECK_OK(ay_packer_open(&p, path, &err), err);
    CHECK_OK(ay_packer_begin(p, name, (int64_t)strlen(text), 0640, 1000, &err), err);
    CHECK_OK(ay_packer_write(p, text, strlen(text), &err), err);
    CHECK_OK(ay_packer_begin(p, "empty", 0, 0600, 0, &err), err);
    CHECK_OK(ay_packer_close(p, true, &err), err);
}

static void comes_out_again(void)
{
    static const char name[] = "a folder/caf\xc3\xa9 \xe5\xb7\xa5 with a name longer than a hundred bytes, which plain tar could not hold at all.txt";
    ay_pack_entry e;
    ay_unpacker *u;
    char text[16];
    size_t n;

    in_folder("whole.tar");
    pack(name, "hello");
    CHECK_OK(ay_unpacker_open(&u, path, &err), err);
    CHECK_OK(ay_unpacker_next(u, &e, &err), err);
    CHECK(strcmp(e.name, name) == 0 && e.bytes == 5 && e.mode == 0640);
    CHECK_OK(ay_unpacker_read(u, text, sizeof text, &n, &err), err);
    CHECK(n == 5 && memcmp(text, "hello", 5) == 0);
    CHECK_OK(ay_unpacker_read(u, text, sizeof text, &n, &err), err);
    CHECK(n == 0);
    CHECK_OK(ay_unpacker_next(u, &e, &err), err);
    CHECK(strcmp(e.name, "empty") == 0 && e.bytes == 0);
    CHECK(ay_unpacker_next(u, &e, &err) == AY_ENOTFOUND);
    ay_unpacker_close(u);
}

static void names_are_looked_at(void)
{
    static const char *const bad[] = {"", "/etc/passwd", "../up", "a/../b", "a//b", "./a", "a/.", "a/", "a\nb", ".."};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!ay_pack_name_good(bad[i]));
    CHECK(ay_pack_name_good("a") && ay_pack_name_good("...") && ay_pack_name_good(".a/..b/c.."));
}

/* Archives that another program made to climb out. */
static void climbing_out_is_refused(void)
{
    static const char *const how[] = {
        "tar -cPf $out /etc/hostname",
        "cd /tmp && ln -sf /etc assay-pack-link && tar -cf $out assay-pack-link; rm -f assay-pack-link",
        "cd /tmp && echo x > assay-pack-x && tar -cf $out --transform 's,.*,../assay-pack-x,' -P assay-pack-x; rm -f assay-pack-x",
    };
    char command[300];
    ay_pack_entry e;
    ay_unpacker *u;

    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        in_folder("bad.tar");
        snprintf(command, sizeof command, "out=%s; %s", path, how[i]);
        CHECK(system(command) == 0);
        CHECK_OK(ay_unpacker_open(&u, path, &err), err);
        CHECK(ay_unpacker_next(u, &e, &err) == AY_ECORRUPT);
        ay_unpacker_close(u);
    }
}

/* Read all of it; how that ends. */
static ay_status read_all(void)
{
    ay_unpacker *u = NULL;
    ay_pack_entry e;
    char text[512];
    size_t n = 1;
    ay_status status = ay_unpacker_open(&u, path, &err);

    while (status == AY_OK && (status = ay_unpacker_next(u, &e, &err)) == AY_OK)
        for (n = 1; status == AY_OK && n > 0;)
            status = ay_unpacker_read(u, text, sizeof text, &n, &err);
    ay_unpacker_close(u);
    return status;
}

static void cut_short_is_said(void)
{
    in_folder("cut.tar");
    pack("x", "hello");
    CHECK(read_all() == AY_ENOTFOUND);
    for (int cut = 514; cut > 500; cut -= 10) {
        CHECK(truncate(path, cut) == 0);
        CHECK(read_all() == AY_ECORRUPT);
    }
    CHECK_OK(ay_file_write(path, "this is no archive at all", 25, &err), err);
    CHECK(read_all() == AY_ECORRUPT);
}

static void given_up_leaves_nothing(void)
{
    ay_packer *p;

    in_folder("given-up.tar");
    CHECK_OK(ay_packer_open(&p, path, &err), err);
    CHECK_OK(ay_packer_begin(p, "x", 5, 0600, 0, &err), err);
    CHECK_OK(ay_packer_write(p, "he", 2, &err), err);
    CHECK(ay_packer_write(p, "too much", 8, &err) == AY_EINVAL);
    CHECK_OK(ay_packer_close(p, true, &err), err);
    CHECK(!ay_file_exists(path));
    strcat(path, ".part");
    CHECK(!ay_file_exists(path));
}

TESTS({"what was packed comes out again", comes_out_again}, {"names are looked at", names_are_looked_at},
      {"climbing out is refused", climbing_out_is_refused}, {"cut short is said", cut_short_is_said},
      {"given up leaves nothing", given_up_leaves_nothing})
