/* pack/read.c - the reading half. */
#include "pack/pack.h"

#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512 };

struct ay_unpacker {
    struct archive *tar;
};

bool ay_pack_name_good(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n >= AY_PACK_NAME || name[0] == '/' || name[n - 1] == '/')
        return false;
    for (const char *part = name; part;) {
        size_t len = strcspn(part, "/");
        if (len == 0 || (len <= 2 && strncmp(part, "..", len) == 0))
            return false;
        part = part[len] ? part + len + 1 : NULL;
    }
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

static ay_status tar_fail(ay_unpacker *u, ay_err *err)
{
    const char *why = archive_error_string(u->tar);

    return ay_fail(err, AY_ECORRUPT, "the archive is damaged or cut short: %s", why ? why : "no reason given");
}

ay_status ay_unpacker_open(ay_unpacker **out, const char *path, ay_err *err)
{
    ay_unpacker *u = ay_calloc(1, sizeof *u);
    ay_status status = AY_OK;

    *out = NULL;
    if (!u || !(u->tar = archive_read_new())) {
        ay_free(u);
        return ay_fail(err, AY_ENOMEM, "opening %s", path);
    }
    archive_read_support_format_tar(u->tar);
    if (archive_read_open_filename(u->tar, path, 1 << 16) != ARCHIVE_OK)
        status = ay_fail(err, AY_ECORRUPT, "%s is no tar archive that can be read: %s", path,
                         archive_error_string(u->tar) ? archive_error_string(u->tar) : "");
    if (status != AY_OK) {
        ay_unpacker_close(u);
        return status;
    }
    *out = u;
    return AY_OK;
}

ay_status ay_unpacker_next(ay_unpacker *u, ay_pack_entry *out, ay_err *err)
{
    struct archive_entry *e;
    const char *name;
    int rc;

    do {
        rc = archive_read_next_header(u->tar, &e);
        if (rc == ARCHIVE_EOF)
            return ay_fail(err, AY_ENOTFOUND, "no more files");
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            return tar_fail(u, err);
    } while (archive_entry_filetype(e) == AE_IFDIR);
    name = archive_entry_pathname(e);
    name = name ? name : archive_entry_pathname_utf8(e);
    if (name && strncmp(name, "./", 2) == 0)
        name += 2;
    if (!name || !ay_pack_name_good(name) || archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e))
        return ay_fail(err, AY_ECORRUPT, "the archive holds \"%.200s\", which is no plain file below a folder", name ? name : "?");
    snprintf(out->name, sizeof out->name, "%s", name);
    out->bytes = archive_entry_size(e);
    out->mode = (unsigned)archive_entry_perm(e) & 0777;
    return AY_OK;
}

ay_status ay_unpacker_read(ay_unpacker *u, void *dst, size_t n, size_t *got, ay_err *err)
{
    la_ssize_t done = archive_read_data(u->tar, dst, n);

    *got = done > 0 ? (size_t)done : 0;
    return done < 0 ? tar_fail(u, err) : AY_OK;
}

void ay_unpacker_close(ay_unpacker *u)
{
    if (!u)
        return;
    if (u->tar)
        archive_read_free(u->tar);
    ay_free(u);
}

bool ay_pack_is_tar(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char head[BLOCK];
    bool is = fd >= 0 && pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && memcmp(head + 257, "ustar", 5) == 0;

    if (fd >= 0)
        close(fd);
    return is;
}

ay_status ay_pack_whole(const char *path, ay_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char end[2 * BLOCK] = {1};
    struct stat st = {0};
    bool whole = fd >= 0 && fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof end &&
                 pread(fd, end, sizeof end, st.st_size - (off_t)sizeof end) == (ssize_t)sizeof end;
    int why = errno;

    if (fd >= 0)
        close(fd);
    if (fd < 0)
        return ay_fail(err, why == ENOENT ? AY_ENOTFOUND : AY_EIO, "cannot read %s: %s", path, strerror(why));
    for (size_t i = 0; i < sizeof end && whole; i++)
        whole = end[i] == 0;
    return whole ? AY_OK : ay_fail(err, AY_ECORRUPT, "%s was cut short: the end that a whole archive has is missing; get it again", path);
}
