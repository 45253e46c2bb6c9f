/* service/backup/backup.c - making a backup: the database as of now, then what it names, then everything else. */
#include "service/backup/backup.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "service/backup/hold.h"
#include "service/backup/sink.h"
#include "store/content.h"
#include "store/follow.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096 };

typedef struct {
    const ay_backup_options *o;
    ay_backup_sink sink;
    ay_blobs *from;
    ay_store *shared; /* that several nodes write to: it has the pictures that this folder lacks; NULL: none */
    const char **pictures; /* that the copied database names, in order */
    size_t n;
    char copy[PATH]; /* of the database, before it takes its place; "": none */
    int64_t done;
} making;

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), k = strlen(with);

    return n >= k && strcmp(name + n - k, with) == 0;
}

/* What of the data folder is not copied as it is: first parts of names. */
static bool left_out(const char *name)
{
    static const char *const parts[] = {"lock", "hold", "thumbs", "cache", "train", "blobs", "inspect", "backup.json", NULL};
    size_t first = strcspn(name, "/"), n = strlen(name);

    for (int i = 0; parts[i]; i++)
        if (strlen(parts[i]) == first && memcmp(name, parts[i], first) == 0)
            return true;
    if (strncmp(name, "assay.db", 8) == 0)
        return true;
    for (const char *at = name; at; at = strchr(at, '/'), at = at ? at + 1 : NULL) {
        size_t part = strcspn(at, "/"); /* half-made models and files */
        if (part > 4 && memcmp(at + part - 4, ".tmp", 4) == 0)
            return true;
    }
    return n > 5 && strcmp(name + n - 5, ".part") == 0;
}

static ay_status step(making *m, ay_err *err)
{
    m->done++;
    return !m->o->progress || m->o->progress(m->o->ctx, m->done, m->done > (int64_t)m->n ? m->done : (int64_t)m->n)
               ? AY_OK
               : ay_fail(err, AY_ECANCELLED, "stopped");
}

/* ---- the database */

/* Where its copy lies until it takes its place: in the backup's folder, or beside the archive. */
static void name_copy(making *m)
{
    const char *tmp = getenv("TMPDIR");

    if (*m->sink.folder)
        snprintf(m->copy, sizeof m->copy, "%s/assay.db.copy", m->sink.folder);
    else if (strcmp(m->o->at, "-") == 0)
        snprintf(m->copy, sizeof m->copy, "%s/assay-backup-%d.db", tmp && *tmp ? tmp : "/tmp", (int)getpid());
    else
        snprintf(m->copy, sizeof m->copy, "%s.db.part", m->o->at);
    unlink(m->copy);
}

static ay_status list_pictures(making *m, ay_arena *a, ay_err *err)
{
    char url[PATH + 16];
    ay_store *s = NULL;
    ay_status status;

    snprintf(url, sizeof url, "sqlite:%s", m->copy);
    status = ay_store_open_reading(&s, url, err);
    if (status == AY_OK)
        status = ay_store_check(s, err);
    if (status == AY_OK)
        status = ay_store_picture_list(s, a, &m->pictures, &m->n, err);
    ay_store_close(s);
    if (status != AY_OK)
        ay_err_wrap(err, "the copied database");
    return status;
}

static ay_status copy_store(making *m, ay_arena *a, ay_err *err)
{
    char url[PATH + 16];
    ay_store *s = NULL;
    ay_status status;

    name_copy(m);
    snprintf(url, sizeof url, "sqlite:%s/assay.db", m->o->data);
    status = ay_store_open_reading(&s, m->o->store && *m->o->store ? m->o->store : url, err);
    if (status == AY_OK)
        status = ay_store_copy(s, m->copy, err);
    if (status == AY_OK && ay_store_shared(s))
        m->shared = s;
    else
        ay_store_close(s);
    return status == AY_OK ? list_pictures(m, a, err) : status;
}

/* Without the database every picture file is copied, named or not. */
static ay_status take_name(void *ctx, const char *sha256, ay_err *err)
{
    making *m = ctx;
    size_t cap = m->n & (m->n + 1) ? 0 : 2 * (m->n + 1) + 1; /* n is 0, 1, 3, 7, ...: time to grow */

    if (cap) {
        const char **more = ay_arena_alloc(m->sink.arena, cap * sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "listing pictures");
        if (m->n)
            memcpy(more, m->pictures, m->n * sizeof *more);
        m->pictures = more;
    }
    m->pictures[m->n] = ay_arena_strdup(m->sink.arena, sha256);
    return m->pictures[m->n++] ? AY_OK : ay_fail(err, AY_ENOMEM, "listing pictures");
}

/* ---- pictures */

/* From this folder, or of another node from the database. */
static ay_status read_picture(making *m, const char *sha256, ay_buf *bytes, ay_err *err)
{
    char got[AY_SHA256_HEX];
    ay_status status = ay_blobs_get(m->from, sha256, true, bytes, err);

    if (!m->shared || (status != AY_ENOTFOUND && status != AY_ECORRUPT))
        return status;
    bytes->len = 0;
    status = ay_store_content_get(m->shared, sha256, bytes, err);
    if (status != AY_OK)
        return status;
    ay_sha256_bytes(bytes->data ? bytes->data : "", bytes->len, got);
    return strcmp(got, sha256) == 0 ? AY_OK : ay_fail(err, AY_ECORRUPT, "picture %.12s is damaged in the database", sha256);
}

static ay_status copy_picture(making *m, const char *sha256, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status = AY_OK;

    if (!ay_backup_sink_has(&m->sink, sha256)) {
        status = read_picture(m, sha256, &bytes, err);
        if (status == AY_ECORRUPT || status == AY_ENOTFOUND) {
            ay_backup_problem(m->sink.out, m->sink.arena, "picture %.12s... %s: it is not in the backup", sha256,
                              status == AY_ECORRUPT ? "is damaged" : "has lost its file");
            m->sink.out->pictures--;
            status = AY_OK;
        } else if (status == AY_OK)
            status = ay_backup_sink_picture(&m->sink, sha256, &bytes, err);
    }
    m->sink.out->pictures++;
    ay_buf_fini(&bytes);
    return status == AY_OK ? step(m, err) : status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A picture that the data folder has forgotten leaves the backup too. */
static ay_status forget(void *ctx, const char *sha256, ay_err *err)
{
    making *m = ctx;

    if (m->n && bsearch(&sha256, m->pictures, m->n, sizeof *m->pictures, by_text))
        return AY_OK;
    return ay_blobs_remove(m->sink.blobs, sha256, err);
}

/* ---- everything else */

static ay_status copy_file(void *ctx, const char *path, ay_err *err)
{
    making *m = ctx;
    const char *name = path + strlen(m->o->data) + 1;

    if (left_out(name))
        return AY_OK;
    if (!ay_pack_name_good(name)) {
        ay_backup_problem(m->sink.out, m->sink.arena, "\"%.200s\" has a name that cannot be kept: it is not in the backup", name);
        return AY_OK;
    }
    return ay_backup_sink_file(&m->sink, name, path, err);
}

static ay_status write_manifest(making *m, ay_err *err)
{
    const ay_backup_result *r = m->sink.out;
    char at[AY_RFC3339_SIZE];
    ay_buf text = {0};
    json_t *o;
    ay_status status;

    ay_clock_rfc3339(at, m->sink.made_us);
    o = json_pack("{s:i, s:s, s:i, s:s, s:b, s:I, s:I, s:O}", "assay_backup", 1, "version", AY_VERSION, "schema",
                  AY_STORE_SCHEMA, "made_at", at, "database", !m->o->only_files, "pictures", (json_int_t)r->pictures,
                  "problems", (json_int_t)r->nproblems, "files", m->sink.files);
    status = ay_json_dump(o, JSON_INDENT(1), &text) ? ay_backup_sink_bytes(&m->sink, "backup.json", text.data, text.len, err)
                                                    : ay_fail(err, AY_ENOMEM, "listing a backup");
    json_decref(o);
    ay_buf_fini(&text);
    return status;
}

/* ---- inspection trainings, that may be under way: what their manifest promises was there before it, so it is copied first.  What has
 * another name meanwhile, and a network that learns still, is left out: after a restore that step is done again. */

static ay_status copy_part(void *ctx, const char *path, ay_err *err)
{
    making *m = ctx;
    const char *name = path + strlen(m->o->data) + 1, *base = strrchr(path, '/') + 1;
    ay_status status = AY_OK;

    if (ay_pack_name_good(name) && !ends(base, ".tmp") && !ends(base, ".part") && !ends(base, ".new"))
        status = ay_backup_sink_file(&m->sink, name, path, err);
    else if (!ay_pack_name_good(name))
        ay_backup_problem(m->sink.out, m->sink.arena, "\"%.200s\" has a name that cannot be kept: it is not in the backup", name);
    return status == AY_ENOTFOUND ? AY_OK : status;
}

static ay_status copy_training(making *m, const char *dir, ay_err *err)
{
    static const char *const first[] = {"manifest.json", "orientation.json", "orientations.json"};
    char path[2 * PATH];
    ay_status status = AY_OK;
    const struct dirent *e;
    DIR *open;

    for (size_t i = 0; i < sizeof first / sizeof *first && status == AY_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, first[i]);
        status = copy_part(m, path, err);
    }
    open = opendir(dir);
    while (open && status == AY_OK && (e = readdir(open))) {
        const char *name = e->d_name;
        bool before = false;
        for (size_t k = 0; k < sizeof first / sizeof *first; k++)
            before |= strcmp(name, first[k]) == 0;
        snprintf(path, sizeof path, "%s/%s", dir, name);
        if (!before && *name != '.' && !ends(name, ".tmp") && !ends(name, ".partial")) {
            status = ay_file_walk(path, copy_part, m, err);
            status = status == AY_ENOTFOUND ? AY_OK : status;
        }
    }
    if (open)
        closedir(open);
    return status;
}

static ay_status copy_trainings(making *m, ay_err *err)
{
    char dir[PATH], path[PATH + 300];
    ay_status status = AY_OK;
    const struct dirent *e;
    DIR *open;

    snprintf(dir, sizeof dir, "%s/inspect", m->o->data);
    open = opendir(dir);
    while (open && status == AY_OK && (e = readdir(open))) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (*e->d_name != '.' && ay_file_is_dir(path))
            status = copy_training(m, path, err);
    }
    if (open)
        closedir(open);
    return status;
}

/* Pictures first, then the database that names them: a folder that is brought up to date is whole at every moment. */
static ay_status copy_all(making *m, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < m->n && status == AY_OK; i++)
        status = copy_picture(m, m->pictures[i], err);
    if (status == AY_OK)
        status = ay_file_walk(m->o->data, copy_file, m, err);
    if (status == AY_OK)
        status = copy_trainings(m, err);
    if (status == AY_OK && *m->copy)
        status = ay_backup_sink_file(&m->sink, "assay.db", m->copy, err);
    if (status == AY_OK)
        status = ay_backup_sink_sync(&m->sink, err);
    if (status == AY_OK)
        status = write_manifest(m, err);
    if (status == AY_OK && m->sink.blobs && !m->o->only_files)
        status = ay_blobs_walk(m->sink.blobs, forget, m, err);
    return status;
}

static ay_status make(making *m, ay_arena *a, ay_err *err)
{
    char path[PATH];
    ay_status status;

    snprintf(path, sizeof path, "%s/blobs", m->o->data);
    status = ay_blobs_open_reading(&m->from, path, err);
    if (status == AY_OK)
        status = ay_backup_sink_open(&m->sink, err);
    if (status == AY_OK)
        status = m->o->only_files ? ay_blobs_walk(m->from, take_name, m, err) : copy_store(m, a, err);
    return status == AY_OK ? copy_all(m, err) : status;
}

/* Is it a data folder, and the backup not in it?  A folder in itself would grow for ever. */
static ay_status look_first(const ay_backup_options *o, ay_err *err)
{
    char data[PATH], at[PATH], parent[PATH], *slash;
    size_t n;

    if ((size_t)snprintf(data, sizeof data, "%s/blobs", o->data) >= sizeof data - 64)
        return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    if (!ay_file_is_dir(data))
        return ay_fail(err, AY_ENOTFOUND, "%s is no data folder: it has no pictures", o->data);
    if (strcmp(o->at, "-") == 0 || !realpath(o->data, data))
        return AY_OK;
    snprintf(parent, sizeof parent, "%s", o->at);
    slash = strrchr(parent, '/'); /* what is not there yet is where its folder is */
    if (slash)
        slash[slash == parent] = '\0';
    if (!realpath(o->at, at) && !realpath(slash ? parent : ".", at))
        return AY_OK;
    n = strlen(data);
    if (strncmp(at, data, n) == 0 && (at[n] == '/' || !at[n]))
        return ay_fail(err, AY_EINVAL, "%s is in the data folder itself: name another place", o->at);
    return AY_OK;
}

ay_status ay_backup_make(const ay_backup_options *o, ay_arena *a, ay_backup_result *out, ay_err *err)
{
    making m = {.o = o, .sink = {.o = o, .out = out, .arena = a}};
    ay_status status, closed;
    int hold = -1;

    *out = (ay_backup_result){0};
    status = look_first(o, err);
    if (status == AY_OK)
        status = ay_hold_begin(o->data, &hold, err);
    if (status == AY_OK)
        status = make(&m, a, err);
    if (*m.copy)
        unlink(m.copy);
    closed = ay_backup_sink_close(&m.sink, status == AY_OK, status == AY_OK ? err : NULL);
    ay_blobs_close(m.from);
    ay_store_close(m.shared);
    ay_hold_end(hold);
    return status == AY_OK ? closed : status;
}
