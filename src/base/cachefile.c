/* base/cachefile.c - writing and believing cache files. */
#include "base/cachefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BODY_AT = 4096, SIZE_AT = 16, MADE_AT = 24, DIGEST_AT = 88, DIGITS = AY_SHA256_HEX - 1 };

/* ---- the first page */

static void put_head(unsigned char page[BODY_AT], const ay_cachefile_head *head, uint64_t bytes)
{
    memset(page, 0, BODY_AT);
    memcpy(page, head->letters, 8);
    memcpy(page + 8, &head->layout, 4);
    memcpy(page + SIZE_AT, &bytes, 8);
    memcpy(page + MADE_AT, head->made_of, DIGITS);
}

static void digest(const unsigned char *page, const ay_cachefile_piece *pieces, int n, char hex[AY_SHA256_HEX])
{
    ay_sha256 h;

    ay_sha256_init(&h);
    ay_sha256_add(&h, page, DIGEST_AT);
    for (int i = 0; i < n; i++)
        if (pieces[i].n)
            ay_sha256_add(&h, pieces[i].p, pieces[i].n);
    ay_sha256_hex(&h, hex);
}

/* ---- writing */

static bool put(int fd, const void *p, size_t n)
{
    const char *at = p;

    while (n > 0) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static bool put_all(int fd, const unsigned char *page, const ay_cachefile_piece *pieces, int n)
{
    bool ok = put(fd, page, BODY_AT);

    for (int i = 0; i < n && ok; i++)
        ok = put(fd, pieces[i].p, pieces[i].n);
    return ok && fsync(fd) == 0;
}

/* The folder of path, "." when it names none. */
static ay_status folder_of(const char *path, char dir[4096], ay_err *err)
{
    char *slash;

    if (snprintf(dir, 4096, "%s", path) >= 4096)
        return ay_fail(err, AY_EINVAL, "path is too long: %.100s...", path);
    slash = strrchr(dir, '/');
    if (!slash)
        strcpy(dir, ".");
    else
        slash[slash == dir] = '\0';
    return AY_OK;
}

static ay_status write_file(const char *path, const char *tmp, const unsigned char *page, const ay_cachefile_piece *pieces,
                            int n, ay_err *err)
{
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), bad, e;

    if (fd < 0)
        return ay_fail(err, AY_EIO, "create %s: %s", tmp, strerror(errno));
    bad = !put_all(fd, page, pieces, n);
    e = errno;
    if (close(fd) != 0 && !bad) {
        bad = 1;
        e = errno;
    }
    if (!bad && rename(tmp, path) != 0) {
        bad = 1;
        e = errno;
    }
    if (!bad)
        return AY_OK;
    unlink(tmp);
    return ay_fail(err, AY_EIO, "write %s: %s", path, strerror(e));
}

ay_status ay_cachefile_write(const char *path, const ay_cachefile_head *head, const ay_cachefile_piece *pieces, int n,
                             ay_err *err)
{
    unsigned char page[BODY_AT];
    char dir[4096], tmp[4096 + 32], tag[17], hex[AY_SHA256_HEX];
    uint64_t bytes = 0;
    ay_status status;

    if (strlen(head->letters) != 8 || !ay_sha256_valid(head->made_of))
        return ay_fail(err, AY_EINVAL, "%s: a cache file has eight letters and the digest of what it is made of", path);
    for (int i = 0; i < n; i++)
        bytes += pieces[i].n;
    put_head(page, head, bytes);
    digest(page, pieces, n, hex);
    memcpy(page + DIGEST_AT, hex, DIGITS);
    ay_random_hex(tag, 8);
    status = folder_of(path, dir, err);
    if (status == AY_OK)
        status = ay_file_mkdirs(dir, err);
    if (status != AY_OK)
        return status;
    snprintf(tmp, sizeof tmp, "%s.%s.tmp", path, tag);
    status = write_file(path, tmp, page, pieces, n, err);
    return status == AY_OK ? ay_file_sync_dir(dir, err) : status;
}

/* ---- reading */

/* Why the mapped file is not what is wanted; NULL: it is. */
static const char *judge(const ay_map *m, const ay_cachefile_head *want)
{
    ay_cachefile_piece body = {m->data + BODY_AT, m->size - BODY_AT};
    char hex[AY_SHA256_HEX];
    uint64_t bytes;
    uint32_t layout;

    if (memcmp(m->data, want->letters, 8) != 0)
        return "is another kind of file";
    memcpy(&layout, m->data + 8, sizeof layout);
    if (layout != want->layout)
        return "has the layout of another version";
    memcpy(&bytes, m->data + SIZE_AT, sizeof bytes);
    if (bytes != body.n)
        return "is cut off or has grown";
    if (*want->made_of && memcmp(m->data + MADE_AT, want->made_of, DIGITS) != 0)
        return "was made of something else";
    digest(m->data, &body, 1, hex);
    return memcmp(hex, m->data + DIGEST_AT, DIGITS) == 0 ? NULL : "is damaged: its digest is another";
}

ay_status ay_cachefile_open(ay_cachefile *out, const char *path, const ay_cachefile_head *want, ay_err *err)
{
    const char *why;
    ay_err first = {{0}};
    ay_map map;

    *out = (ay_cachefile){0};
    if (ay_map_open(&map, path, &first) != AY_OK)
        return ay_fail(err, AY_ENOTFOUND, "%s", first.msg);
    why = map.size < BODY_AT ? "is cut off" : judge(&map, want);
    if (why) {
        ay_map_close(&map);
        return ay_fail(err, AY_ENOTFOUND, "%s %s", path, why);
    }
    out->map = map;
    out->body = map.data + BODY_AT;
    out->n = map.size - BODY_AT;
    memcpy(out->made_of, map.data + MADE_AT, DIGITS);
    return AY_OK;
}

void ay_cachefile_close(ay_cachefile *c)
{
    ay_map_close(&c->map);
    *c = (ay_cachefile){0};
}
