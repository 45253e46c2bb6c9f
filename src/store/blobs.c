/* store/blobs.c - see blobs.h.
 *
 * The temporary file lies in tmp/ of the same file system, so the rename is atomic.  When the file is
 * there already nothing is written: its name proves its content, and it got its name only when it was
 * whole.  (A disk that rots is found by reading with verify.) */
#include "store/blobs.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };

struct ay_blobs {
    char *folder;
    ay_blobs_behind behind;
};

void ay_blobs_set_behind(ay_blobs *b, const ay_blobs_behind *behind)
{
    b->behind = *behind;
}

/* <folder>/ab/<digest>, or with dir only its folder. */
static ay_status blob_path(const ay_blobs *b, const char *sha256, bool dir, char path[PATH],
                           ay_err *err)
{
    int n;

    if (!ay_sha256_valid(sha256))
        return ay_fail(err, AY_EINVAL, "not a picture's digest");
    n = snprintf(path, PATH, "%s/%.2s/%s", b->folder, sha256, dir ? "" : sha256);
    return n < PATH ? AY_OK : ay_fail(err, AY_EINVAL, "the data folder's path is too long");
}

static ay_status empty_tmp(const char *tmp, ay_err *err)
{
    DIR *d = opendir(tmp);
    struct dirent *e;

    if (!d)
        return ay_fail(err, AY_EIO, "open %s: %s", tmp, strerror(errno));
    while ((e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return AY_OK;
}

/* All 256 shelves exist and are durable before the first picture comes, so that no upload has to make
 * one: two uploads racing for a new folder could each believe the other had synced it. */
static ay_status make_shelves(const char *folder, ay_err *err)
{
    char dir[PATH];

    for (int i = 0; i < 256; i++) {
        snprintf(dir, sizeof dir, "%s/%02x", folder, (unsigned)i);
        if (mkdir(dir, 0755) != 0 && errno != EEXIST)
            return ay_fail(err, AY_EIO, "make %s: %s", dir, strerror(errno));
    }
    return ay_file_sync_dir(folder, err);
}

ay_status ay_blobs_open_reading(ay_blobs **out, const char *folder, ay_err *err)
{
    ay_blobs *b;

    *out = NULL;
    if (strlen(folder) >= PATH - 80)
        return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    b = ay_calloc(1, sizeof *b);
    if (!b || !(b->folder = ay_strdup(folder))) {
        ay_free(b);
        return ay_fail(err, AY_ENOMEM, "opening the picture folder");
    }
    *out = b;
    return AY_OK;
}

ay_status ay_blobs_open(ay_blobs **out, const char *folder, ay_err *err)
{
    char tmp[PATH];
    ay_status status = ay_blobs_open_reading(out, folder, err);

    if (status != AY_OK)
        return status;
    snprintf(tmp, sizeof tmp, "%s/tmp", folder);
    status = ay_file_mkdirs(tmp, err);
    if (status == AY_OK)
        status = empty_tmp(tmp, err);
    if (status == AY_OK)
        status = make_shelves(folder, err);
    if (status != AY_OK) {
        ay_blobs_close(*out);
        *out = NULL;
    }
    return status;
}

void ay_blobs_close(ay_blobs *b)
{
    if (!b)
        return;
    ay_free(b->folder);
    ay_free(b);
}

static ay_status write_synced(const char *path, const char *p, size_t n, ay_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int e = 0;

    if (fd < 0)
        return ay_fail(err, AY_EIO, "create %s: %s", path, strerror(errno));
    while (n > 0 && !e) {
        ssize_t done = write(fd, p, n);
        if (done >= 0) {
            p += done;
            n -= (size_t)done;
        } else if (errno != EINTR) {
            e = errno;
        }
    }
    if (!e && fsync(fd) != 0)
        e = errno;
    if (close(fd) != 0 && !e)
        e = errno;
    return e ? ay_fail(err, AY_EIO, "write %s: %s", path, strerror(e)) : AY_OK;
}

static ay_status put_here(ay_blobs *b, const void *bytes, size_t n, char sha256[AY_SHA256_HEX], bool *fresh, ay_err *err)
{
    char path[PATH], dir[PATH], tmp[PATH], tag[17];
    ay_status status;

    ay_sha256_bytes(bytes, n, sha256);
    *fresh = false;
    status = blob_path(b, sha256, false, path, err);
    if (status == AY_OK)
        status = blob_path(b, sha256, true, dir, err);
    if (status != AY_OK)
        return status;
    /* Another thread may have renamed it a moment ago and not synced yet: sync either way. */
    if (access(path, F_OK) == 0)
        return ay_file_sync_dir(dir, err);
    ay_random_hex(tag, 8);
    if (snprintf(tmp, sizeof tmp, "%s/tmp/%.16s-%s", b->folder, sha256, tag) >= PATH)
        return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    status = write_synced(tmp, bytes, n, err);
    if (status == AY_OK && rename(tmp, path) != 0)
        status = ay_fail(err, AY_EIO, "rename to %s: %s", path, strerror(errno));
    if (status == AY_OK)
        status = ay_file_sync_dir(dir, err);
    if (status != AY_OK)
        unlink(tmp);
    *fresh = status == AY_OK;
    return status;
}

ay_status ay_blobs_put(ay_blobs *b, const void *bytes, size_t n, char sha256[AY_SHA256_HEX],
                       bool *fresh, ay_err *err)
{
    ay_status status = put_here(b, bytes, n, sha256, fresh, err);

    if (status == AY_OK && b->behind.put)
        status = b->behind.put(b->behind.ctx, &(ay_blob){bytes, n, sha256}, 1, err);
    return status;
}

/* ---- several at once */

enum { AT_ONCE = 64, SHELVES = 256 };

typedef struct {
    int fd; /* -1: it was there, or is done */
    char tmp[PATH], path[PATH];
} writing;

static ay_status begin_one(const ay_blobs *b, const ay_blob *it, writing *w, ay_err *err)
{
    const char *p = it->bytes;
    size_t left = it->n;
    char tag[17];
    ay_status status = blob_path(b, it->sha256, false, w->path, err);

    if (status != AY_OK || access(w->path, F_OK) == 0)
        return status;
    ay_random_hex(tag, 8);
    if (snprintf(w->tmp, sizeof w->tmp, "%s/tmp/%.16s-%s", b->folder, it->sha256, tag) >= PATH)
        return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    w->fd = open(w->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (w->fd < 0)
        return ay_fail(err, AY_EIO, "create %s: %s", w->tmp, strerror(errno));
    while (left > 0) {
        ssize_t done = write(w->fd, p, left);
        if (done < 0 && errno != EINTR)
            return ay_fail(err, AY_EIO, "write %s: %s", w->tmp, strerror(errno));
        p += done > 0 ? done : 0;
        left -= done > 0 ? (size_t)done : 0;
    }
    sync_file_range(w->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* best effort: fsync() below is what counts */
    return AY_OK;
}

static ay_status end_one(writing *w, ay_err *err)
{
    int e = fsync(w->fd) != 0 ? errno : 0;

    if (close(w->fd) != 0 && !e)
        e = errno;
    w->fd = -1;
    if (!e && rename(w->tmp, w->path) != 0)
        e = errno;
    if (!e)
        return AY_OK;
    unlink(w->tmp);
    return ay_fail(err, AY_EIO, "write %s: %s", w->path, strerror(e));
}

static ay_status put_some(ay_blobs *b, const ay_blob *list, size_t n, writing *w, bool shelf[SHELVES], ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < n; i++)
        w[i].fd = -1;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = begin_one(b, &list[i], &w[i], err);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        unsigned at = 0;
        if (w[i].fd >= 0)
            status = end_one(&w[i], err);
        if (status == AY_OK && sscanf(list[i].sha256, "%2x", &at) == 1)
            shelf[at] = true; /* also when it was there: another thread may not have synced yet */
    }
    for (size_t i = 0; i < n; i++)
        if (w[i].fd >= 0) {
            close(w[i].fd);
            unlink(w[i].tmp);
        }
    return status;
}

ay_status ay_blobs_put_many(ay_blobs *b, const ay_blob *list, size_t n, ay_err *err)
{
    writing *w = ay_alloc(AT_ONCE, sizeof *w);
    ay_status status = w ? AY_OK : ay_fail(err, AY_ENOMEM, "storing pictures");
    bool shelf[SHELVES] = {false};
    char dir[PATH];

    for (size_t i = 0; i < n && status == AY_OK; i += AT_ONCE)
        status = put_some(b, list + i, n - i < AT_ONCE ? n - i : AT_ONCE, w, shelf, err);
    for (unsigned i = 0; i < SHELVES && status == AY_OK; i++)
        if (shelf[i]) {
            snprintf(dir, sizeof dir, "%s/%02x", b->folder, i);
            status = ay_file_sync_dir(dir, err);
        }
    ay_free(w);
    if (status == AY_OK && b->behind.put)
        status = b->behind.put(b->behind.ctx, list, n, err);
    return status;
}

/* From behind into the folder; what came is what was asked for, or nothing is kept. */
static ay_status fetch(ay_blobs *b, const char *sha256, ay_buf *out, ay_err *err)
{
    size_t start = out->len;
    char got[AY_SHA256_HEX];
    ay_status status = b->behind.get(b->behind.ctx, sha256, out, err);
    bool fresh;

    if (status != AY_OK)
        return status == AY_ENOTFOUND ? ay_fail(err, AY_ENOTFOUND, "no picture file %.12s, here or in the database", sha256) : status;
    ay_sha256_bytes(out->data ? out->data + start : "", out->len - start, got);
    if (strcmp(got, sha256) != 0) {
        out->len = start;
        return ay_fail(err, AY_ECORRUPT, "picture %.12s is damaged in the database", sha256);
    }
    put_here(b, out->data + start, out->len - start, got, &fresh, NULL); /* without room it is fetched again the next time */
    return AY_OK;
}

ay_status ay_blobs_get(ay_blobs *b, const char *sha256, bool verify, ay_buf *out, ay_err *err)
{
    char path[PATH], got[AY_SHA256_HEX];
    size_t start = out->len;
    ay_status status = blob_path(b, sha256, false, path, err);

    if (status == AY_OK)
        status = ay_file_read(path, 0, out, err);
    if (status == AY_ENOTFOUND && b->behind.get)
        return fetch(b, sha256, out, err);
    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no picture file %.12s", sha256);
    if (status != AY_OK || !verify)
        return status;
    ay_sha256_bytes(out->data + start, out->len - start, got);
    if (strcmp(got, sha256) != 0)
        return ay_fail(err, AY_ECORRUPT, "the file of picture %.12s is damaged", sha256);
    return AY_OK;
}

bool ay_blobs_has(ay_blobs *b, const char *sha256)
{
    char path[PATH];
    ay_buf bytes = {0};
    bool has = blob_path(b, sha256, false, path, NULL) == AY_OK && access(path, R_OK) == 0;

    if (!has && b->behind.get) {
        has = fetch(b, sha256, &bytes, NULL) == AY_OK;
        ay_buf_fini(&bytes);
    }
    return has;
}

ay_status ay_blobs_remove(ay_blobs *b, const char *sha256, ay_err *err)
{
    char path[PATH];
    ay_status status = blob_path(b, sha256, false, path, err);

    if (status != AY_OK)
        return status;
    if (unlink(path) != 0)
        return ay_fail(err, errno == ENOENT ? AY_ENOTFOUND : AY_EIO, "remove %s: %s", path,
                       strerror(errno));
    return AY_OK;
}

static ay_status walk_shelf(const char *dir, const char *prefix,
                            ay_status (*visit)(void *ctx, const char *sha256, ay_err *err),
                            void *ctx, ay_err *err)
{
    DIR *d = opendir(dir);
    ay_status status = AY_OK;
    struct dirent *e;

    while (d && status == AY_OK && (e = readdir(d)))
        if (ay_sha256_valid(e->d_name) && memcmp(e->d_name, prefix, 2) == 0)
            status = visit(ctx, e->d_name, err);
    if (d)
        closedir(d);
    return status;
}

ay_status ay_blobs_walk(ay_blobs *b, ay_status (*visit)(void *ctx, const char *sha256, ay_err *err),
                        void *ctx, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < 256 && status == AY_OK; i++) {
        char dir[PATH], prefix[3];
        snprintf(prefix, sizeof prefix, "%02x", (unsigned)i);
        if (snprintf(dir, sizeof dir, "%s/%s", b->folder, prefix) >= PATH)
            return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
        status = walk_shelf(dir, prefix, visit, ctx, err);
    }
    return status;
}
