/* service/backup/restore.c - a backup becomes a data folder again: copied beside, checked, then put in place. */
#include "service/backup/backup.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "service/backup/sink.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096, PIECE = 1 << 18, MANIFEST_MOST = 64 << 20 };

typedef struct {
    const ay_backup_options *o;
    ay_backup_result *out;
    ay_arena *arena;
    char stage[3800]; /* beside o->data */
    char *piece;
    int64_t done;
} restoring;

static ay_status step(restoring *r, ay_err *err)
{
    r->done++;
    return !r->o->progress || r->o->progress(r->o->ctx, r->done, 0) ? AY_OK : ay_fail(err, AY_ECANCELLED, "stopped");
}

static ay_status os_fail(const char *what, const char *path, ay_err *err)
{
    return ay_fail(err, errno == ENOSPC ? AY_ELIMIT : AY_EIO, "%s %s: %s", what, path, strerror(errno));
}

/* ---- one file into the stage */

typedef struct {
    int fd;          /* a folder's file, or */
    ay_unpacker *in; /* an archive's */
} source;

static ay_status source_read(source *s, char *dst, size_t *got, ay_err *err)
{
    ssize_t n;

    if (s->in)
        return ay_unpacker_read(s->in, dst, PIECE, got, err);
    n = read(s->fd, dst, PIECE);
    *got = n > 0 ? (size_t)n : 0;
    return n < 0 ? os_fail("reading", "the backup", err) : AY_OK;
}

static ay_status pour(restoring *r, source *s, int to, ay_err *err)
{
    ay_status status;
    size_t got = 0;

    while ((status = source_read(s, r->piece, &got, err)) == AY_OK && got > 0) {
        for (size_t at = 0; at < got;) {
            ssize_t n = write(to, r->piece + at, got - at);
            if (n < 0)
                return os_fail("writing below", r->stage, err);
            at += (size_t)n;
        }
        r->out->bytes += (int64_t)got;
    }
    return status;
}

static ay_status bring(restoring *r, source *s, const char *name, unsigned mode, ay_err *err)
{
    char path[PATH + AY_PACK_NAME], *slash;
    ay_status status;
    int to;

    snprintf(path, sizeof path, "%s/%s", r->stage, name);
    slash = strrchr(path, '/');
    *slash = '\0';
    status = ay_file_mkdirs(path, err);
    *slash = '/';
    if (status != AY_OK)
        return status;
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (to < 0)
        return os_fail("cannot write", path, err);
    status = pour(r, s, to, err);
    if (close(to) != 0 && status == AY_OK)
        status = os_fail("writing", path, err);
    return status == AY_OK ? step(r, err) : status;
}

/* ---- the two kinds of backup */

static ay_status bring_path(void *ctx, const char *path, ay_err *err)
{
    restoring *r = ctx;
    source s = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    const char *name = path + strlen(r->o->at) + 1;
    ay_status status;

    if (strncmp(name, "blobs/tmp/", 10) == 0 || strcmp(name, "lock") == 0 || strcmp(name, "hold") == 0) {
        status = AY_OK; /* it was served from once */
        goto out;
    }
    if (s.fd < 0)
        return os_fail("cannot read", path, err);
    status = bring(r, &s, name, strncmp(name, "tls/", 4) == 0 ? 0600 : 0644, err);
out:
    if (s.fd >= 0)
        close(s.fd);
    return status;
}

static ay_status bring_archive(restoring *r, ay_err *err)
{
    source s = {.fd = -1};
    ay_pack_entry e;
    ay_status status = ay_unpacker_open(&s.in, r->o->at, err);

    while (status == AY_OK && (status = ay_unpacker_next(s.in, &e, err)) == AY_OK)
        status = bring(r, &s, e.name, e.mode | 0600, err);
    ay_unpacker_close(s.in);
    return status == AY_ENOTFOUND ? AY_OK : status;
}

/* ---- is it whole? */

/* A fault: told and lived with when `again`, else the end. */
static ay_status fault(restoring *r, ay_err *err, const char *name, const char *what)
{
    if (!r->o->again)
        return ay_fail(err, AY_ECORRUPT, "%s %s in the backup %s; --keep-going brings back what is whole", name, what, r->o->at);
    ay_backup_problem(r->out, r->arena, "%s %s in the backup", name, what);
    return AY_OK;
}

static ay_status check_file(restoring *r, const json_t *file, ay_err *err)
{
    const char *name = json_string_value(json_object_get(file, "path")), *sha = json_string_value(json_object_get(file, "sha256"));
    char path[PATH + AY_PACK_NAME], hex[AY_SHA256_HEX];

    if (!name || !sha || !ay_pack_name_good(name))
        return ay_fail(err, AY_ECORRUPT, "backup.json of %s does not say what it should", r->o->at);
    r->out->files++;
    snprintf(path, sizeof path, "%s/%s", r->stage, name);
    if (!ay_file_exists(path))
        return fault(r, err, name, "is missing");
    if (ay_sha256_file(path, hex, err) != AY_OK || strcmp(hex, sha) != 0)
        return fault(r, err, name, "is damaged");
    return AY_OK;
}

/* Read what the backup says of itself, and compare. */
static ay_status check_manifest(restoring *r, bool *database, ay_err *err)
{
    ay_buf text = {0};
    ay_status status;
    json_t *o = NULL;
    char path[PATH];

    snprintf(path, sizeof path, "%s/backup.json", r->stage);
    status = ay_file_exists(path) ? ay_file_read(path, MANIFEST_MOST, &text, err)
                                  : ay_fail(err, AY_ECORRUPT, "%s is no backup, or was never finished: it has no backup.json", r->o->at);
    if (status == AY_OK && !(o = json_loadb(text.data ? text.data : "", text.len, 0, NULL)))
        status = ay_fail(err, AY_ECORRUPT, "backup.json of %s is damaged", r->o->at);
    if (status == AY_OK && json_integer_value(json_object_get(o, "assay_backup")) != 1)
        status = ay_fail(err, AY_EUNSUPPORTED, "%s was made by a newer Assay", r->o->at);
    *database = json_is_true(json_object_get(o, "database"));
    for (size_t i = 0; status == AY_OK && i < json_array_size(json_object_get(o, "files")); i++)
        status = check_file(r, json_array_get(json_object_get(o, "files"), i), err);
    if (status == AY_OK && json_string_value(json_object_get(o, "made_at")))
        r->out->made_at = ay_arena_strdup(r->arena, json_string_value(json_object_get(o, "made_at")));
    if (status == AY_OK)
        unlink(path);
    json_decref(o);
    ay_buf_fini(&text);
    return status;
}

static ay_status check_picture(restoring *r, ay_blobs *b, const char *sha256, ay_err *err)
{
    ay_buf bytes = {0};
    char name[40];
    ay_status status = ay_blobs_get(b, sha256, true, &bytes, err);

    ay_buf_fini(&bytes);
    snprintf(name, sizeof name, "picture %.12s...", sha256);
    r->out->pictures += status == AY_OK;
    if (status == AY_OK)
        return AY_OK;
    if (status == AY_ENOTFOUND)
        return fault(r, err, name, "is missing");
    if (status != AY_ECORRUPT)
        return status;
    ay_blobs_remove(b, sha256, NULL);
    return fault(r, err, name, "is damaged");
}

static ay_status check_pictures(restoring *r, ay_err *err)
{
    char url[PATH], path[PATH];
    const char **list = NULL;
    ay_blobs *b = NULL;
    ay_store *s = NULL;
    ay_status status;
    size_t n = 0;

    snprintf(url, sizeof url, "sqlite:%s/assay.db", r->stage);
    snprintf(path, sizeof path, "%s/blobs", r->stage);
    status = ay_store_open_reading(&s, url, err);
    if (status == AY_OK)
        status = ay_store_check(s, err);
    if (status == AY_OK)
        status = ay_store_picture_list(s, r->arena, &list, &n, err);
    if (status == AY_OK)
        status = ay_blobs_open(&b, path, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = check_picture(r, b, list[i], err);
    ay_blobs_close(b);
    ay_store_close(s);
    return status;
}

/* ---- in its place */

static bool is_free(const char *data)
{
    DIR *d = opendir(data);
    bool empty = true;

    if (!d)
        return errno == ENOENT;
    for (const struct dirent *e; (e = readdir(d));)
        empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    closedir(d);
    return empty;
}

static ay_status put_in_place(restoring *r, ay_err *err)
{
    int fd = open(r->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ay_status status = fd < 0 || syncfs(fd) != 0 ? os_fail("cannot sync", r->stage, err) : AY_OK;

    if (fd >= 0)
        close(fd);
    if (status != AY_OK)
        return status;
    if (rmdir(r->o->data) != 0 && errno != ENOENT)
        return os_fail("cannot replace", r->o->data, err);
    return rename(r->stage, r->o->data) == 0 ? AY_OK : os_fail("cannot make", r->o->data, err);
}

static ay_status restore(restoring *r, ay_err *err)
{
    bool database = false;
    ay_status status;

    status = ay_file_is_dir(r->o->at) ? ay_file_walk(r->o->at, bring_path, r, err) : bring_archive(r, err);
    if (status == AY_OK)
        status = check_manifest(r, &database, err);
    if (status == AY_OK && database)
        status = check_pictures(r, err);
    return status == AY_OK ? put_in_place(r, err) : status;
}

ay_status ay_backup_restore(const ay_backup_options *o, ay_arena *a, ay_backup_result *out, ay_err *err)
{
    restoring r = {.o = o, .out = out, .arena = a, .piece = ay_arena_alloc(a, PIECE)};
    ay_status status;

    *out = (ay_backup_result){0};
    if (!r.piece)
        return ay_fail(err, AY_ENOMEM, "restoring");
    if ((size_t)snprintf(r.stage, sizeof r.stage, "%s.restoring", o->data) >= sizeof r.stage)
        return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    if (!ay_file_exists(o->at) && !ay_file_is_dir(o->at))
        return ay_fail(err, AY_ENOTFOUND, "there is no backup %s", o->at);
    if (!is_free(o->data))
        return ay_fail(err, AY_ECONFLICT, "%s holds data already: restore into a new folder (--data), or move that one away", o->data);
    ay_file_remove_tree(r.stage);
    status = ay_file_mkdirs(r.stage, err);
    if (status == AY_OK)
        status = restore(&r, err);
    if (status != AY_OK)
        ay_file_remove_tree(r.stage);
    return status;
}
