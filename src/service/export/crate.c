/* service/export/crate.c - see crate.h. */
#include "service/export/crate.h"

#include "base/file.h"
#include "base/mem.h"
#include "pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the list */

static ay_status add(ay_crate *s, const char *name, int64_t bytes, ay_err *err)
{
    if (s->n == AY_CRATE_MEMBERS)
        return ay_fail(err, AY_ELIMIT, "%.1000s holds more than %d files", s->path, AY_CRATE_MEMBERS);
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 1024;
        ay_crate_member *more = ay_realloc(s->list, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "listing %.1000s", s->path);
        s->list = more;
        s->cap = cap;
    }
    s->list[s->n] = (ay_crate_member){ay_arena_strdup(&s->arena, name), bytes};
    return s->list[s->n++].name ? AY_OK : ay_fail(err, AY_ENOMEM, "listing %.1000s", s->path);
}

static ay_status add_file(void *ctx, const char *path, ay_err *err)
{
    ay_crate *s = ctx;
    const char *name = path + strlen(s->path);
    struct stat st;

    name += strspn(name, "/");
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || !ay_pack_name_good(name))
        return AY_OK; /* nothing that a document can mean */
    return add(s, name, st.st_size, err);
}

static ay_status list_tar(ay_crate *s, ay_err *err)
{
    ay_unpacker *u;
    ay_pack_entry e;
    ay_status status = ay_pack_whole(s->path, err);

    if (status == AY_OK)
        status = ay_unpacker_open(&u, s->path, err);
    if (status != AY_OK)
        return status;
    while ((status = ay_unpacker_next(u, &e, err)) == AY_OK && (status = add(s, e.name, e.bytes, err)) == AY_OK)
        ;
    ay_unpacker_close(u);
    if (status == AY_ENOTFOUND)
        return AY_OK;
    ay_err_wrap(err, "%.1000s: nothing of it was taken", s->path);
    return status;
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

static int by_name(const void *x, const void *y, void *list)
{
    const ay_crate_member *l = list;
    const char *a = l[*(const uint32_t *)x].name, *b = l[*(const uint32_t *)y].name;
    int d = strcmp(last_part(a), last_part(b));

    return d ? d : strcmp(a, b);
}

ay_status ay_crate_open(ay_crate *s, const char *path, bool tar, ay_err *err)
{
    ay_status status;
    size_t n = strlen(path);

    *s = (ay_crate){.tar = tar};
    ay_arena_init(&s->arena, 0);
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n >= sizeof s->path)
        return ay_fail(err, AY_EINVAL, "the path is too long");
    snprintf(s->path, sizeof s->path, "%.*s", (int)n, path);
    status = tar ? list_tar(s, err) : ay_file_walk(s->path, add_file, s, err);
    if (status == AY_OK && !(s->by_name = ay_alloc(s->n + 1, sizeof *s->by_name)))
        status = ay_fail(err, AY_ENOMEM, "listing %.1000s", s->path);
    for (size_t i = 0; status == AY_OK && i < s->n; i++)
        s->by_name[i] = (uint32_t)i;
    if (status == AY_OK)
        qsort_r(s->by_name, s->n, sizeof *s->by_name, by_name, s->list);
    return status;
}

void ay_crate_close(ay_crate *s)
{
    ay_free(s->by_name);
    ay_free(s->list);
    ay_arena_fini(&s->arena);
    *s = (ay_crate){.n = 0};
}

/* The first in order whose last part is not before base, or (whole not NULL) that is not before whole among those of that last part. */
static size_t lower(const ay_crate *s, const char *base, const char *whole)
{
    size_t lo = 0, hi = s->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const char *name = s->list[s->by_name[mid]].name;
        int d = strcmp(last_part(name), base);
        if (d < 0 || (d == 0 && whole && strcmp(name, whole) < 0))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

ay_crate_answer ay_crate_find(const ay_crate *s, const char *file, size_t *member)
{
    const char *base = last_part(file);
    size_t at = lower(s, base, file), len = strlen(file), found = 0;

    if (at < s->n && strcmp(s->list[s->by_name[at]].name, file) == 0) {
        *member = s->by_name[at];
        return AY_CRATE_FOUND;
    }
    for (size_t i = lower(s, base, NULL); i < s->n && found < 2 && strcmp(last_part(s->list[s->by_name[i]].name), base) == 0; i++) {
        const char *name = s->list[s->by_name[i]].name;
        size_t n = strlen(name);
        if (n > len && name[n - len - 1] == '/' && strcmp(name + n - len, file) == 0 && found++ == 0)
            *member = s->by_name[i];
    }
    return found == 1 ? AY_CRATE_FOUND : found ? AY_CRATE_SEVERAL : AY_CRATE_MISSING;
}

/* ---- bytes */

static ay_status read_entry(ay_unpacker *u, int64_t bytes, ay_buf *out, ay_err *err)
{
    ay_status status = AY_OK;
    size_t got = 1;

    out->len = 0;
    if (!ay_buf_reserve(out, (size_t)bytes + 1))
        return ay_fail(err, AY_ENOMEM, "reading an archive");
    while (status == AY_OK && got > 0 && out->len < (size_t)bytes) {
        status = ay_unpacker_read(u, out->data + out->len, (size_t)bytes - out->len, &got, err);
        out->len += got;
    }
    out->data[out->len] = '\0';
    if (status == AY_OK && out->len != (size_t)bytes)
        status = ay_fail(err, AY_ECORRUPT, "the archive was cut short");
    return status;
}

/* Below the folder, no link on the way out of it: the name was found there, but may have been changed since. */
static ay_status read_file(const ay_crate *s, const ay_crate_member *m, size_t most, ay_buf *out, ay_err *err)
{
    char path[sizeof s->path + AY_PACK_NAME + 1];
    struct stat st;
    ssize_t got = 1;
    int fd;

    snprintf(path, sizeof path, "%s/%s", s->path, m->name);
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    out->len = 0;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return ay_fail(err, AY_EIO, "cannot read %.500s: %s", m->name, fd < 0 ? strerror(why) : "it is no plain file");
    }
    if (st.st_size > (off_t)most || !ay_buf_reserve(out, (size_t)st.st_size + 1)) {
        close(fd);
        return st.st_size > (off_t)most ? ay_fail(err, AY_ELIMIT, "it has more than %zu bytes", most) : ay_fail(err, AY_ENOMEM, "reading %.500s", m->name);
    }
    while (out->len < (size_t)st.st_size && (got = read(fd, out->data + out->len, (size_t)st.st_size - out->len)) > 0)
        out->len += (size_t)got;
    out->data[out->len] = '\0';
    close(fd);
    return got < 0 ? ay_fail(err, AY_EIO, "reading %.500s: %s", m->name, strerror(errno)) : AY_OK;
}

static ay_status walk_tar(const ay_crate *s, const uint8_t *want, size_t most, ay_crate_visit visit, void *ctx, ay_err *err)
{
    ay_unpacker *u;
    ay_pack_entry e;
    ay_buf bytes = {0};
    ay_status status = ay_unpacker_open(&u, s->path, err);
    char why[80];

    snprintf(why, sizeof why, "it has more than %zu bytes", most);
    for (size_t i = 0; status == AY_OK && i < s->n; i++) {
        status = ay_unpacker_next(u, &e, err);
        if (status == AY_ENOTFOUND || (status == AY_OK && strcmp(e.name, s->list[i].name) != 0))
            status = ay_fail(err, AY_ECONFLICT, "%.1000s was changed while it was read", s->path);
        if (status != AY_OK || !want[i])
            continue;
        if (e.bytes > (int64_t)most)
            status = visit(ctx, i, NULL, why, err);
        else if ((status = read_entry(u, e.bytes, &bytes, err)) == AY_OK)
            status = visit(ctx, i, &bytes, NULL, err);
    }
    ay_buf_fini(&bytes);
    ay_unpacker_close(u);
    return status;
}

static ay_status walk_folder(const ay_crate *s, const uint8_t *want, size_t most, ay_crate_visit visit, void *ctx, ay_err *err)
{
    ay_status status = AY_OK;
    ay_buf bytes = {0};

    for (size_t i = 0; status == AY_OK && i < s->n; i++) {
        ay_err why;
        if (!want[i])
            continue;
        if (read_file(s, &s->list[i], most, &bytes, &why) == AY_OK)
            status = visit(ctx, i, &bytes, NULL, err);
        else
            status = visit(ctx, i, NULL, why.msg, err);
    }
    ay_buf_fini(&bytes);
    return status;
}

ay_status ay_crate_walk(const ay_crate *s, const uint8_t *want, size_t most, ay_crate_visit visit, void *ctx, ay_err *err)
{
    return s->tar ? walk_tar(s, want, most, visit, ctx, err) : walk_folder(s, want, most, visit, ctx, err);
}

static ay_status keep_bytes(void *ctx, size_t member, ay_buf *bytes, const char *why, ay_err *err)
{
    ay_buf *out = ctx;

    (void)member;
    if (!bytes)
        return ay_fail(err, AY_ELIMIT, "%s", why);
    ay_buf_fini(out);
    *out = *bytes;
    *bytes = (ay_buf){0};
    return ay_fail(err, AY_ECANCELLED, "found"); /* the rest of the archive is not needed */
}

ay_status ay_crate_read(const ay_crate *s, size_t member, size_t most, ay_buf *out, ay_err *err)
{
    uint8_t *want;
    ay_status status;

    if (!s->tar)
        return read_file(s, &s->list[member], most, out, err);
    want = ay_calloc(s->n, 1);
    if (!want)
        return ay_fail(err, AY_ENOMEM, "reading %.1000s", s->path);
    want[member] = 1;
    status = ay_crate_walk(s, want, most, keep_bytes, out, err);
    ay_free(want);
    return status == AY_ECANCELLED ? AY_OK : status == AY_OK ? ay_fail(err, AY_ENOTFOUND, "it is gone") : status;
}
