/* Picture files: whole or not there, named by content, rubbish gone at start. */
#include "store/blobs.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "store/folder_test.h"

static ay_err err;

static void bytes_come_back(void)
{
    char hex[AY_SHA256_HEX];
    ay_buf got = {0};
    ay_blobs *b;
    bool fresh;

    CHECK_OK(ay_blobs_open(&b, fresh_folder(), &err), err);
    CHECK_OK(ay_blobs_put(b, "abc", 3, hex, &fresh, &err), err);
    CHECK(fresh);
    CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
    CHECK_OK(ay_blobs_put(b, "abc", 3, hex, &fresh, &err), err);
    CHECK(!fresh && ay_blobs_has(b, hex));
    CHECK_OK(ay_blobs_get(b, hex, true, &got, &err), err);
    CHECK(got.len == 3 && memcmp(got.data, "abc", 3) == 0);
    CHECK_OK(ay_blobs_remove(b, hex, &err), err);
    CHECK(ay_blobs_remove(b, hex, &err) == AY_ENOTFOUND && !ay_blobs_has(b, hex));
    CHECK(ay_blobs_get(b, hex, false, &got, &err) == AY_ENOTFOUND);
    CHECK(ay_blobs_get(b, "../../etc/passwd", false, &got, &err) == AY_EINVAL);
    ay_buf_fini(&got);
    ay_blobs_close(b);
}

static void damage_is_found(void)
{
    const char *dir = fresh_folder();
    char hex[AY_SHA256_HEX], path[256];
    ay_buf got = {0};
    ay_blobs *b;
    bool fresh;

    CHECK_OK(ay_blobs_open(&b, dir, &err), err);
    CHECK_OK(ay_blobs_put(b, "abc", 3, hex, &fresh, &err), err);
    snprintf(path, sizeof path, "%s/ba/%s", dir, hex);
    CHECK_OK(ay_file_write(path, "abd", 3, &err), err);
    CHECK_OK(ay_blobs_get(b, hex, false, &got, &err), err);
    CHECK(ay_blobs_get(b, hex, true, &got, &err) == AY_ECORRUPT);
    ay_buf_fini(&got);
    ay_blobs_close(b);
}

static ay_status count_one(void *ctx, const char *sha256, ay_err *e)
{
    (void)sha256, (void)e;
    ++*(int *)ctx;
    return AY_OK;
}

static void rubbish_goes_at_start(void)
{
    const char *dir = fresh_folder();
    char hex[AY_SHA256_HEX], half[256], odd[256];
    int n = 0;
    ay_blobs *b;
    bool fresh;

    CHECK_OK(ay_blobs_open(&b, dir, &err), err);
    CHECK_OK(ay_blobs_put(b, "abc", 3, hex, &fresh, &err), err);
    ay_blobs_close(b);
    snprintf(half, sizeof half, "%s/tmp/half", dir);
    snprintf(odd, sizeof odd, "%s/ba/notes.txt", dir);
    CHECK_OK(ay_file_write(half, "x", 1, &err), err);
    CHECK_OK(ay_file_write(odd, "x", 1, &err), err);
    CHECK_OK(ay_blobs_open(&b, dir, &err), err);
    CHECK(!ay_file_exists(half));
    CHECK_OK(ay_blobs_walk(b, count_one, &n, &err), err);
    CHECK(n == 1);
    ay_blobs_close(b);
}

static void memory_refused_is_an_error(void)
{
    const char *dir = fresh_folder();
    long before = ay_mem_live(), n = 0;
    ay_status status;

    do {
        char hex[AY_SHA256_HEX];
        ay_blobs *b = NULL;
        ay_buf got = {0};
        bool fresh;
        ay_mem_fail_after(n++);
        status = ay_blobs_open(&b, dir, NULL);
        if (status == AY_OK)
            status = ay_blobs_put(b, "abc", 3, hex, &fresh, NULL);
        if (status == AY_OK)
            status = ay_blobs_get(b, hex, true, &got, NULL);
        ay_mem_fail_after(-1);
        ay_buf_fini(&got);
        ay_blobs_close(b);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == before);
    } while (status != AY_OK);
    CHECK(n > 2);
}

TESTS({"bytes come back", bytes_come_back}, {"damage is found", damage_is_found},
      {"rubbish goes at start", rubbish_goes_at_start},
      {"memory refused is an error", memory_refused_is_an_error})
