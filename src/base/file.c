#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static ay_status os_fail(ay_err *err, const char *what, const char *path)
{
    int e = errno;

    return ay_fail(err, e == ENOENT ? AY_ENOTFOUND : AY_EIO, "%s %s: %s", what, path, strerror(e));
}

static ay_status read_fd(int fd, const char *path, size_t limit, ay_buf *out, ay_err *err)
{
    size_t start = out->len;

    for (;;) {
        char *dst = ay_buf_reserve(out, 1 << 16);
        ssize_t n;
        if (!dst)
            return ay_fail(err, AY_ENOMEM, "reading %s", path);
        n = read(fd, dst, 1 << 16);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ay_fail(err, errno == EISDIR ? AY_EINVAL : AY_EIO, "read %s: %s", path,
                           strerror(errno));
        out->len += (size_t)n;
        out->data[out->len] = '\0';
        if (limit && out->len - start > limit)
            return ay_fail(err, AY_ELIMIT, "%s is larger than %zu bytes", path, limit);
        if (n == 0)
            return AY_OK;
    }
}

ay_status ay_file_read(const char *path, size_t limit, ay_buf *out, ay_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ay_status status;

    if (fd < 0)
        return os_fail(err, "open", path);
    status = read_fd(fd, path, limit, out, err);
    close(fd);
    return status;
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        p += done;
        n -= (size_t)done;
    }
    return fsync(fd);
}

static ay_status sync_parent(const char *path, ay_err *err)
{
    char dir[4096];
    char *slash;

    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (!slash)
        return ay_file_sync_dir(".", err);
    slash[slash == dir] = '\0';
    return ay_file_sync_dir(dir, err);
}

ay_status ay_file_write(const char *path, const void *p, size_t n, ay_err *err)
{
    char tmp[4096], tag[17];
    int fd, bad;

    ay_random_hex(tag, 8);
    if (snprintf(tmp, sizeof tmp, "%s.%s.tmp", path, tag) >= (int)sizeof tmp)
        return ay_fail(err, AY_EINVAL, "path is too long: %.100s...", path);
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return os_fail(err, "create", tmp);
    bad = write_all(fd, p, n);
    if (close(fd) != 0 || bad || rename(tmp, path) != 0) {
        ay_status status = os_fail(err, "write", path);
        unlink(tmp);
        return status;
    }
    return sync_parent(path, err);
}

ay_status ay_file_mkdirs(const char *path, ay_err *err)
{
    char dir[4096];

    if (snprintf(dir, sizeof dir, "%s", path) >= (int)sizeof dir)
        return ay_fail(err, AY_EINVAL, "path is too long: %.100s...", path);
    for (char *p = dir + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (mkdir(dir, 0755) != 0 && errno != EEXIST)
            return os_fail(err, "make folder", dir);
        if (!end)
            break;
        *p = end;
    }
    if (!ay_file_is_dir(path))
        return ay_fail(err, AY_EINVAL, "%s is not a folder", path);
    return AY_OK;
}

ay_status ay_file_sync_dir(const char *path, ay_err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return os_fail(err, "open folder", path);
    rc = fsync(fd);
    close(fd);
    /* Some file systems cannot sync a folder and say EINVAL; there is no more to be had there. */
    if (rc != 0 && errno != EINVAL)
        return os_fail(err, "sync folder", path);
    return AY_OK;
}

bool ay_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool ay_file_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

ay_status ay_map_open(ay_map *out, const char *path, ay_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *p;

    *out = (ay_map){0};
    if (fd < 0)
        return os_fail(err, "open", path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        close(fd);
        return ay_fail(err, AY_EINVAL, "%s is not a file with something in it", path);
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return os_fail(err, "map", path);
    *out = (ay_map){p, (size_t)st.st_size};
    return AY_OK;
}

void ay_map_close(ay_map *m)
{
    if (m->data)
        munmap((void *)m->data, m->size);
    *m = (ay_map){0};
}

void ay_map_forget(const ay_map *m)
{
    if (m->data)
        madvise((void *)(uintptr_t)m->data, m->size, MADV_DONTNEED);
}

static int shown(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static ay_status walk_entry(const char *dir, const char *name,
                            ay_status (*visit)(void *, const char *, ay_err *), void *ctx,
                            ay_err *err)
{
    char path[4096];
    struct stat st, real;

    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return ay_fail(err, AY_EINVAL, "path is too long: %.100s...", dir);
    if (lstat(path, &st) != 0 || stat(path, &real) != 0)
        return AY_OK; /* gone since it was listed, or a broken link */
    if (S_ISREG(real.st_mode))
        return visit(ctx, path, err);
    return S_ISDIR(st.st_mode) ? ay_file_walk(path, visit, ctx, err) : AY_OK;
}

ay_status ay_file_walk(const char *dir, ay_status (*visit)(void *ctx, const char *path, ay_err *err),
                       void *ctx, ay_err *err)
{
    ay_status status = AY_OK;
    struct dirent **list;
    int n;

    if (ay_file_exists(dir) && !ay_file_is_dir(dir))
        return visit(ctx, dir, err);
    n = scandir(dir, &list, shown, by_bytes);
    if (n < 0)
        return os_fail(err, "open folder", dir);
    for (int i = 0; i < n; i++) {
        if (status == AY_OK)
            status = walk_entry(dir, list[i]->d_name, visit, ctx, err);
        free(list[i]);
    }
    free(list);
    return status;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    remove(path);
    return 0;
}

void ay_file_remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
