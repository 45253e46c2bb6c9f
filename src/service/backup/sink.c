/* service/backup/sink.c - see sink.h. */
#include "service/backup/sink.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 18 };

void ay_backup_problem(ay_backup_result *out, ay_arena *a, const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!out->problems)
        out->problems = ay_arena_alloc(a, AY_BACKUP_PROBLEMS * sizeof *out->problems);
    if (out->problems && out->nproblems < AY_BACKUP_PROBLEMS && (out->problems[out->nproblems] = ay_arena_strdup(a, text)))
        out->nproblems++;
}

static bool is_archive(const char *at)
{
    size_t n = strlen(at);

    return strcmp(at, "-") == 0 || (n > 4 && strcmp(at + n - 4, ".tar") == 0);
}

ay_status ay_backup_sink_open(ay_backup_sink *k, ay_err *err)
{
    char path[sizeof k->folder + 16];
    ay_status status;

    k->made_us = ay_clock_wall();
    if (!(k->files = json_array()))
        return ay_fail(err, AY_ENOMEM, "listing a backup");
    if (is_archive(k->o->at))
        return ay_packer_open(&k->tar, k->o->at, err);
    if ((size_t)snprintf(k->folder, sizeof k->folder, "%s", k->o->at) >= sizeof k->folder)
        return ay_fail(err, AY_EINVAL, "the backup's path is too long");
    status = ay_file_mkdirs(k->folder, err);
    snprintf(path, sizeof path, "%s/blobs", k->folder);
    return status == AY_OK ? ay_blobs_open(&k->blobs, path, err) : status;
}

bool ay_backup_sink_has(ay_backup_sink *k, const char *sha256)
{
    ay_buf bytes = {0};
    bool has = k->blobs && ay_blobs_has(k->blobs, sha256);

    if (has && k->o->again) {
        has = ay_blobs_get(k->blobs, sha256, true, &bytes, NULL) == AY_OK;
        if (!has)
            ay_blobs_remove(k->blobs, sha256, NULL);
        ay_buf_fini(&bytes);
    }
    return has;
}

ay_status ay_backup_sink_picture(ay_backup_sink *k, const char *sha256, const ay_buf *bytes, ay_err *err)
{
    char name[AY_SHA256_HEX + 16], put[AY_SHA256_HEX];
    ay_status status;
    bool fresh;

    if (k->blobs)
        status = ay_blobs_put(k->blobs, bytes->data, bytes->len, put, &fresh, err);
    else {
        snprintf(name, sizeof name, "blobs/%.2s/%s", sha256, sha256);
        status = ay_packer_begin(k->tar, name, (int64_t)bytes->len, 0644, k->made_us / 1000000, err);
        if (status == AY_OK)
            status = ay_packer_write(k->tar, bytes->data, bytes->len, err);
    }
    k->out->fresh += status == AY_OK;
    k->out->bytes += status == AY_OK ? (int64_t)bytes->len : 0;
    return status;
}

static ay_status os_fail(const char *what, const char *path, ay_err *err)
{
    return ay_fail(err, errno == ENOSPC ? AY_ELIMIT : AY_EIO, "%s %s: %s", what, path, strerror(errno));
}

/* Open the file that will be `name` in the folder, as name.new; its path in dst. */
static ay_status open_new(ay_backup_sink *k, const char *name, unsigned mode, char *dst, size_t cap, int *fd, ay_err *err)
{
    ay_status status;
    char *slash;

    snprintf(dst, cap, "%s/%s.new", k->folder, name);
    slash = strrchr(dst, '/');
    *slash = '\0';
    status = ay_file_mkdirs(dst, err);
    *slash = '/';
    if (status != AY_OK)
        return status;
    *fd = open(dst, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    return *fd < 0 ? os_fail("cannot write", dst, err) : AY_OK;
}

static ay_status put(ay_backup_sink *k, int fd, const char *p, size_t n, ay_err *err)
{
    if (fd < 0)
        return ay_packer_write(k->tar, p, n, err);
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0)
            return os_fail("writing below", k->folder, err);
        p += done;
        n -= (size_t)done;
    }
    return AY_OK;
}

/* n bytes from src to where they belong, with their digest. */
static ay_status copy(ay_backup_sink *k, int src, int64_t n, int fd, char hex[AY_SHA256_HEX], ay_err *err)
{
    char *piece = k->piece ? k->piece : (k->piece = ay_arena_alloc(k->arena, PIECE));
    ay_status status = piece ? AY_OK : ay_fail(err, AY_ENOMEM, "copying a file");
    ay_sha256 h;

    ay_sha256_init(&h);
    while (status == AY_OK && n > 0) {
        ssize_t got = read(src, piece, n < PIECE ? (size_t)n : PIECE);
        if (got <= 0)
            return ay_fail(err, AY_EIO, "a file became shorter while it was copied");
        ay_sha256_add(&h, piece, (size_t)got);
        status = put(k, fd, piece, (size_t)got, err);
        n -= got;
    }
    ay_sha256_hex(&h, hex);
    return status;
}

static ay_status note(ay_backup_sink *k, const char *name, int64_t bytes, const char *hex, ay_err *err)
{
    json_t *o = json_pack("{s:s, s:I, s:s}", "path", name, "bytes", (json_int_t)bytes, "sha256", hex);

    if (!o || json_array_append_new(k->files, o) != 0)
        return ay_fail(err, AY_ENOMEM, "listing a backup");
    k->out->files++;
    k->out->bytes += bytes;
    return AY_OK;
}

static ay_status in_place(const char *tmp, ay_err *err)
{
    char path[4096];

    snprintf(path, sizeof path, "%.*s", (int)(strlen(tmp) - 4), tmp);
    return rename(tmp, path) == 0 ? AY_OK : os_fail("cannot replace", path, err);
}

ay_status ay_backup_sink_file(ay_backup_sink *k, const char *name, const char *src, ay_err *err)
{
    char dst[4096], hex[AY_SHA256_HEX];
    ay_status status = AY_OK;
    int from = open(src, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), to = -1;
    struct stat st;

    if (from < 0 && errno == ENOENT)
        return ay_fail(err, AY_ENOTFOUND, "%s is gone", src);
    if (from < 0 || fstat(from, &st) != 0) {
        status = os_fail("cannot read", src, err);
        goto out;
    }
    if (k->tar)
        status = ay_packer_begin(k->tar, name, st.st_size, st.st_mode & 0777, st.st_mtime, err);
    else
        status = open_new(k, name, st.st_mode & 0777, dst, sizeof dst, &to, err);
    if (status == AY_OK)
        status = copy(k, from, st.st_size, to, hex, err);
    if (status == AY_OK && to >= 0)
        status = in_place(dst, err);
    if (status == AY_OK)
        status = note(k, name, st.st_size, hex, err);
out:
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return status;
}

ay_status ay_backup_sink_bytes(ay_backup_sink *k, const char *name, const void *p, size_t n, ay_err *err)
{
    char path[4096];
    ay_status status;

    if (!k->tar) {
        snprintf(path, sizeof path, "%s/%s", k->folder, name);
        return ay_file_write(path, p, n, err);
    }
    status = ay_packer_begin(k->tar, name, (int64_t)n, 0644, k->made_us / 1000000, err);
    return status == AY_OK ? ay_packer_write(k->tar, p, n, err) : status;
}

ay_status ay_backup_sink_sync(ay_backup_sink *k, ay_err *err)
{
    ay_status status = AY_OK;
    int fd;

    if (k->tar)
        return AY_OK;
    fd = open(k->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) != 0)
        status = os_fail("cannot sync", k->folder, err);
    if (fd >= 0)
        close(fd);
    return status;
}

ay_status ay_backup_sink_close(ay_backup_sink *k, bool keep, ay_err *err)
{
    ay_status status = ay_packer_close(k->tar, keep, err);

    ay_blobs_close(k->blobs);
    json_decref(k->files);
    k->tar = NULL;
    k->blobs = NULL;
    k->files = NULL;
    return status;
}
