/* pack/write.c - the writing half. */
#include "pack/pack.h"

#include "base/file.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ay_packer {
    struct archive *tar;
    char *path, *tmp; /* tmp NULL: a stream */
    int fd;
    int64_t left; /* bytes of the current file to come */
    bool failed;
    ay_packer_take take; /* NULL: fd */
    void *ctx;
    ay_status refused; /* by take() or the file */
    ay_err why;
    bool given_up; /* libarchive writes the end of what is closed, and keeps memory of what is not: it goes nowhere */
};

static ay_status tar_fail(ay_packer *p, ay_err *err)
{
    int code = archive_errno(p->tar);

    p->failed = true;
    if (p->refused)
        return ay_fail(err, p->refused, "%s", p->why.msg);
    return ay_fail(err, code == ENOSPC ? AY_ELIMIT : AY_EIO, "writing %s: %s", p->tmp ? p->path : "standard output",
                   archive_error_string(p->tar) ? archive_error_string(p->tar) : "failed");
}

static ay_status open_output(ay_packer *p, const char *path, ay_err *err)
{
    size_t n = strlen(path) + 1;

    p->fd = STDOUT_FILENO;
    if (strcmp(path, "-") == 0)
        return AY_OK;
    p->path = ay_alloc(n, 1);
    p->tmp = ay_alloc(n + 5, 1);
    if (!p->path || !p->tmp)
        return ay_fail(err, AY_ENOMEM, "opening %s", path);
    memcpy(p->path, path, n);
    snprintf(p->tmp, n + 5, "%s.part", path);
    p->fd = open(p->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return p->fd < 0 ? ay_fail(err, AY_EIO, "cannot write %s: %s", p->tmp, strerror(errno)) : AY_OK;
}

static void packer_free(ay_packer *p, bool whole)
{
    p->given_up = !whole;
    if (p->tar)
        archive_write_free(p->tar);
    if (p->tmp && p->fd >= 0)
        close(p->fd);
    ay_free(p->path);
    ay_free(p->tmp);
    ay_free(p);
}

static ay_status write_file(ay_packer *p, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(p->fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return ay_fail(&p->why, errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? AY_ELIMIT : AY_EIO, "writing %s: %s",
                           p->tmp ? p->path : "standard output", strerror(errno));
        bytes += done;
        n -= (size_t)done;
    }
    return AY_OK;
}

/* Always well as far as libarchive knows: after a failure of its own it would not give its memory back. */
static la_ssize_t hand_on(struct archive *tar, void *packer, const void *bytes, size_t n)
{
    ay_packer *p = packer;

    (void)tar;
    if (!p->given_up && !p->refused)
        p->refused = p->take ? p->take(p->ctx, bytes, n, &p->why) : write_file(p, bytes, n);
    return (la_ssize_t)n;
}

/* The same bytes wherever they go: no filling up to a tape's record behind the end. */
static ay_status start_tar(ay_packer *p, ay_err *err)
{
    int rc;

    if (!(p->tar = archive_write_new()))
        return ay_fail(err, AY_ENOMEM, "opening an archive");
    if (archive_write_set_format_gnutar(p->tar) != ARCHIVE_OK || archive_write_set_bytes_per_block(p->tar, 1 << 16) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(p->tar, 1) != ARCHIVE_OK)
        return tar_fail(p, err);
    rc = archive_write_open(p->tar, p, NULL, hand_on, NULL);
    return rc == ARCHIVE_OK ? AY_OK : tar_fail(p, err);
}

static ay_status open_packer(ay_packer **out, const char *path, ay_packer_take take, void *ctx, ay_err *err)
{
    ay_packer *p = ay_calloc(1, sizeof *p);
    ay_status status = AY_OK;

    *out = NULL;
    if (!p)
        return ay_fail(err, AY_ENOMEM, "opening %s", path ? path : "an archive");
    p->fd = -1;
    p->take = take;
    p->ctx = ctx;
    if (path)
        status = open_output(p, path, err);
    if (status == AY_OK)
        status = start_tar(p, err);
    if (status != AY_OK) {
        if (p->tmp && p->fd >= 0)
            unlink(p->tmp);
        packer_free(p, false);
        return status;
    }
    *out = p;
    return AY_OK;
}

ay_status ay_packer_open(ay_packer **out, const char *path, ay_err *err)
{
    return open_packer(out, path, NULL, NULL, err);
}

ay_status ay_packer_open_to(ay_packer **out, ay_packer_take take, void *ctx, ay_err *err)
{
    return open_packer(out, NULL, take, ctx, err);
}

ay_status ay_packer_begin(ay_packer *p, const char *name, int64_t n, unsigned mode, int64_t mtime, ay_err *err)
{
    struct archive_entry *e;
    int rc;

    if (p->left != 0 || !ay_pack_name_good(name)) {
        p->failed = true;
        return ay_fail(err, AY_EINVAL, "cannot pack \"%.200s\"", name);
    }
    e = archive_entry_new();
    if (!e)
        return ay_fail(err, AY_ENOMEM, "packing %s", name);
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, (mode_t)(mode & 0777));
    archive_entry_set_size(e, n);
    archive_entry_set_mtime(e, (time_t)mtime, 0);
    rc = archive_write_header(p->tar, e);
    archive_entry_free(e);
    p->left = n;
    return (rc == ARCHIVE_OK || rc == ARCHIVE_WARN) && !p->refused ? AY_OK : tar_fail(p, err);
}

ay_status ay_packer_write(ay_packer *p, const void *bytes, size_t n, ay_err *err)
{
    const char *at = bytes;

    if ((int64_t)n > p->left) {
        p->failed = true;
        return ay_fail(err, AY_EINVAL, "more bytes than were announced");
    }
    p->left -= (int64_t)n;
    while (n > 0) {
        la_ssize_t done = archive_write_data(p->tar, at, n);
        if (done <= 0 || p->refused)
            return tar_fail(p, err);
        at += done;
        n -= (size_t)done;
    }
    return AY_OK;
}

static ay_status put_in_place(ay_packer *p, ay_err *err)
{
    char *slash;

    if (fsync(p->fd) != 0 || rename(p->tmp, p->path) != 0)
        return ay_fail(err, AY_EIO, "keeping %s: %s", p->path, strerror(errno));
    slash = strrchr(p->path, '/');
    if (!slash)
        return ay_file_sync_dir(".", err);
    slash[slash == p->path] = '\0';
    return ay_file_sync_dir(p->path, err);
}

ay_status ay_packer_close(ay_packer *p, bool keep, ay_err *err)
{
    ay_status status = AY_OK;

    if (!p)
        return AY_OK;
    keep = keep && !p->failed;
    if (keep && p->left != 0)
        status = ay_fail(err, AY_EINVAL, "a packed file was cut short");
    if (keep && status == AY_OK && (archive_write_close(p->tar) != ARCHIVE_OK || p->refused))
        status = tar_fail(p, err);
    if (keep && status == AY_OK && p->tmp)
        status = put_in_place(p, err);
    if (p->tmp && (!keep || status != AY_OK))
        unlink(p->tmp);
    packer_free(p, keep && status == AY_OK);
    return status;
}
