/* service/export/sink.c - see sink.h. */
#include "service/export/sink.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ay_status os_fail(const char *what, const char *path, ay_err *err)
{
    int why = errno;

    return ay_fail(err, why == ENOSPC || why == EDQUOT || why == EFBIG ? AY_ELIMIT : AY_EIO, "%s %.1000s: %s", what, path, strerror(why));
}

/* A folder that is there must be empty, so that nobody's files are mixed with ours. */
static ay_status check_empty(const char *folder, ay_err *err)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    int n = 0;

    if (!d)
        return errno == ENOENT ? AY_OK : os_fail("cannot open", folder, err);
    while ((e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n == 0 ? AY_OK : ay_fail(err, AY_ECONFLICT, "%.1000s is not empty: name a new folder, or a file that ends in .tar", folder);
}

static ay_status open_on_disk(ay_export_sink *k, const char *path, ay_err *err)
{
    size_t n = strlen(path);
    ay_status status;

    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n == 0 || n >= sizeof k->path)
        return ay_fail(err, AY_EINVAL, "the path to write to is empty or too long");
    snprintf(k->path, sizeof k->path, "%.*s", (int)n, path);
    snprintf(k->part, sizeof k->part, "%s.part", k->path);
    if (k->kind == AY_SINK_DOCUMENT) {
        if (ay_file_is_dir(k->path))
            return ay_fail(err, AY_EINVAL, "%.1000s is a folder: name a file for the document", k->path);
        k->fd = open(k->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        return k->fd < 0 ? os_fail("cannot write", k->part, err) : AY_OK;
    }
    status = check_empty(k->path, err);
    if (status == AY_OK)
        ay_file_remove_tree(k->part); /* of an export that was killed */
    return status == AY_OK ? ay_file_mkdirs(k->part, err) : status;
}

ay_status ay_export_sink_open(ay_export_sink *k, ay_sink_kind kind, const char *path, ay_export_take take, void *ctx, ay_err *err)
{
    *k = (ay_export_sink){.kind = kind, .take = take, .ctx = ctx, .fd = -1};
    if (kind == AY_SINK_TAR && path && ay_file_is_dir(path))
        return ay_fail(err, AY_EINVAL, "%.1000s is a folder: name a file for the archive", path);
    if (kind == AY_SINK_TAR)
        return path ? ay_packer_open(&k->tar, path, err) : ay_packer_open_to(&k->tar, take, ctx, err);
    return path ? open_on_disk(k, path, err) : AY_OK;
}

/* ---- a folder's files */

static ay_status close_file(ay_export_sink *k, ay_err *err)
{
    struct timespec times[2] = {{.tv_sec = k->mtime}, {.tv_sec = k->mtime}};
    int fd = k->fd;

    if (fd < 0)
        return AY_OK;
    k->fd = -1;
    futimens(fd, times);
    return close(fd) == 0 ? AY_OK : os_fail("writing below", k->part, err);
}

static ay_status open_file(ay_export_sink *k, const char *name, ay_err *err)
{
    char path[sizeof k->part + sizeof k->last];
    const char *slash = strrchr(name, '/');
    size_t n = slash ? (size_t)(slash - name) : 0;
    ay_status status = close_file(k, err);

    if (status == AY_OK && !ay_pack_name_good(name))
        return ay_fail(err, AY_EINVAL, "cannot write a file called \"%.200s\"", name);
    if (status == AY_OK && n > 0 && (strncmp(k->last, name, n) != 0 || k->last[n])) {
        snprintf(k->last, sizeof k->last, "%.*s", (int)n, name);
        snprintf(path, sizeof path, "%s/%s", k->part, k->last);
        status = ay_file_mkdirs(path, err);
    }
    if (status != AY_OK)
        return status;
    snprintf(path, sizeof path, "%s/%s", k->part, name);
    k->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return k->fd < 0 ? os_fail("cannot write", path, err) : AY_OK;
}

ay_status ay_export_sink_begin(ay_export_sink *k, const char *name, int64_t n, int64_t mtime, ay_err *err)
{
    ay_status status = AY_OK;

    if (k->kind == AY_SINK_TAR)
        return ay_packer_begin(k->tar, name, n, 0644, mtime, err);
    if (k->kind == AY_SINK_FOLDER)
        status = open_file(k, name, err);
    k->mtime = mtime;
    k->left = n;
    return status;
}

ay_status ay_export_sink_put(void *sink, const void *bytes, size_t n, ay_err *err)
{
    ay_export_sink *k = sink;
    const char *p = bytes;

    if (k->kind == AY_SINK_TAR)
        return ay_packer_write(k->tar, bytes, n, err);
    if ((int64_t)n > k->left)
        return ay_fail(err, AY_EINVAL, "more bytes than were announced");
    k->left -= (int64_t)n;
    if (k->fd < 0)
        return k->take(k->ctx, bytes, n, err);
    while (n > 0) {
        ssize_t done = write(k->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return os_fail("writing", k->part, err);
        p += done;
        n -= (size_t)done;
    }
    return AY_OK;
}

static ay_status put_in_place(ay_export_sink *k, ay_err *err)
{
    int fd = open(k->part, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && (k->kind == AY_SINK_FOLDER ? syncfs(fd) : fsync(fd)) == 0;
    ay_status status = synced ? AY_OK : os_fail("syncing", k->part, err);
    char *slash;

    if (fd >= 0)
        close(fd);
    if (status == AY_OK && rename(k->part, k->path) != 0) /* an empty folder gives way */
        status = os_fail("cannot put in place", k->path, err);
    if (status != AY_OK)
        return status;
    slash = strrchr(k->path, '/');
    if (!slash)
        return ay_file_sync_dir(".", err);
    slash[slash == k->path] = '\0';
    return ay_file_sync_dir(k->path, err);
}

ay_status ay_export_sink_close(ay_export_sink *k, bool keep, ay_err *err)
{
    ay_status status = AY_OK;

    if (k->kind == AY_SINK_TAR) {
        status = ay_packer_close(k->tar, keep, err);
        k->tar = NULL;
        return status;
    }
    if (keep && k->left != 0)
        status = ay_fail(err, AY_EINVAL, "a file was cut short");
    if (status == AY_OK)
        status = close_file(k, keep ? err : NULL);
    else
        close_file(k, NULL);
    if (*k->part && keep && status == AY_OK)
        status = put_in_place(k, err);
    if (*k->part && (!keep || status != AY_OK)) {
        if (k->kind == AY_SINK_FOLDER)
            ay_file_remove_tree(k->part);
        else
            unlink(k->part);
    }
    return status;
}
