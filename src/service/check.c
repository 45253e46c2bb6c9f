/* service/check.c - does everything that should be there exist, and nothing else? */
#include "service/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "service/backup/hold.h"
#include "service/gallery_keep.h"
#include "service/learn/serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PROBLEMS = 1000 };

typedef struct {
    ay_service *s;
    ay_arena *arena;
    const char **known; /* digests that have a row, in order */
    size_t nknown;
    const char **strays; /* files without a row */
    size_t nstrays, cstrays;
    const ay_check_options *o;
    ay_blobs *backup; /* of o->from; NULL: none */
    ay_check_result *out;
} check;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ay_status add_problem(check *c, const char *text, ay_err *err)
{
    if (!text)
        return ay_fail(err, AY_ENOMEM, "checking");
    if (c->out->nproblems < MOST_PROBLEMS)
        c->out->problems[c->out->nproblems++] = text;
    return AY_OK;
}

static ay_status find_stray(void *ctx, const char *sha256, ay_err *err)
{
    check *c = ctx;

    if (c->nknown && bsearch(&sha256, c->known, c->nknown, sizeof *c->known, by_text))
        return AY_OK;
    c->out->strays++;
    if (c->nstrays == c->cstrays) {
        size_t cap = c->cstrays * 2 + 64;
        const char **more = ay_arena_alloc(c->arena, cap * sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "checking");
        if (c->nstrays)
            memcpy(more, c->strays, c->nstrays * sizeof *more);
        c->strays = more;
        c->cstrays = cap;
    }
    c->strays[c->nstrays] = ay_arena_strdup(c->arena, sha256);
    return add_problem(
        c,
        c->strays[c->nstrays++]
            ? ay_arena_printf(c->arena, "file %.12s... belongs to no picture", sha256)
            : NULL,
        err);
}

/* A lost or damaged file comes back from the backup, when that has it whole. */
static ay_status mend(check *c, const char *sha256, bool *mended, ay_err *err)
{
    ay_buf bytes = {0};
    char put[AY_SHA256_HEX];
    ay_status status = AY_OK;
    bool fresh;

    *mended = false;
    if (c->backup && ay_blobs_get(c->backup, sha256, true, &bytes, NULL) == AY_OK) {
        ay_blobs_remove(c->s->blobs, sha256, NULL);
        status = ay_blobs_put(c->s->blobs, bytes.data, bytes.len, put, &fresh, err);
        *mended = status == AY_OK;
        c->out->mended += *mended;
    }
    ay_buf_fini(&bytes);
    return status;
}

static ay_status check_file(check *c, const char *sha256, ay_err *err)
{
    bool lost = !ay_blobs_has(c->s->blobs, sha256), mended;
    ay_status status = AY_OK;
    ay_buf bytes = {0};

    c->out->pictures++;
    if (c->o->progress && !c->o->progress(c->o->ctx, c->out->pictures, (int64_t)c->nknown))
        return ay_fail(err, AY_ECANCELLED, "stopped");
    if (!lost && c->o->deep)
        status = ay_blobs_get(c->s->blobs, sha256, true, &bytes, err);
    ay_buf_fini(&bytes);
    if (!lost && status != AY_ECORRUPT)
        return status;
    c->out->missing += lost;
    c->out->damaged += !lost;
    status = mend(c, sha256, &mended, err);
    if (status != AY_OK)
        return status;
    return add_problem(c,
                       ay_arena_printf(c->arena, "picture %.12s... %s%s", sha256, lost ? "has lost its file" : "has a damaged file",
                                       mended ? "; it is back from the backup" : ""),
                       err);
}

/* A trained model's folder is there, and, deeply, holds what was installed. */
static ay_status check_model(check *c, const ay_store_model *m, ay_err *err)
{
    char path[4096], bundle[AY_SHA256_HEX];
    const char *what = NULL;

    c->out->models++;
    snprintf(path, sizeof path, "%.3900s/models/%.100s", c->s->data, m->folder);
    if (!ay_file_is_dir(path))
        what = "has lost its folder";
    else if (c->o->deep && (ay_serving_bundle(path, bundle, NULL) != AY_OK || strcmp(bundle, m->bundle) != 0))
        what = "is not what was installed";
    if (!what)
        return AY_OK;
    c->out->bad_models++;
    return add_problem(c, ay_arena_printf(c->arena, "model %s version %d %s: bring %s back from a backup, or delete the model", m->name, m->version, what, path), err);
}

static ay_status check_models(check *c, ay_err *err)
{
    ay_store_model *list = NULL;
    size_t n = 0;
    ay_status status = ay_store_model_list(c->s->store, c->arena, &list, &n, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = check_model(c, &list[i], err);
    return status;
}

static ay_status tell_index(void *ctx, const char *text, ay_err *err)
{
    return add_problem(ctx, text, err);
}

static ay_status check_indexes(check *c, ay_err *err)
{
    ay_keep_check found;
    ay_status status = ay_galleries_check(c->s, c->o->repair, c->arena, tell_index, c, &found, err);

    c->out->indexes = found.files;
    c->out->bad_indexes = found.bad;
    return status;
}

static int64_t count_unembedded(ay_service *s, bool again)
{
    int64_t n = 0;

    pthread_rwlock_wrlock(&s->lock);
    for (int i = 0; i < s->ngalleries; i++) {
        ay_gallery *g = s->galleries[i];
        n += (int64_t)(g->n - g->nready);
        for (size_t k = g->nready; again && k < g->n; k++)
            g->items[k].failed = false;
    }
    pthread_rwlock_unlock(&s->lock);
    return n;
}

static ay_status check_files(check *c, ay_err *err)
{
    ay_status status = ay_store_check(c->s->store, err);

    if (status == AY_ECORRUPT)
        status = add_problem(c, ay_arena_printf(c->arena, "%s", err ? err->msg : "damaged"), err);
    if (status == AY_OK)
        status = ay_store_picture_list(c->s->store, c->arena, &c->known, &c->nknown, err);
    for (size_t i = 0; i < c->nknown && status == AY_OK; i++)
        status = check_file(c, c->known[i], err);
    if (status == AY_OK)
        status = ay_blobs_walk(c->s->blobs, find_stray, c, err);
    return status;
}

ay_status ay_service_sweep(ay_service *s, ay_err *err)
{
    ay_check_result found = {0};
    ay_arena a;
    check c = {.s = s, .o = &(ay_check_options){0}, .arena = &a, .out = &found};
    ay_status status;
    int hold;

    if (!ay_hold_none(s->data, &hold))
        return AY_OK; /* a backup is being made */
    ay_arena_init(&a, 0);
    found.problems = ay_arena_alloc(&a, MOST_PROBLEMS * sizeof *found.problems);
    pthread_rwlock_wrlock(&s->purging);
    status = found.problems ? ay_store_picture_list(s->store, &a, &c.known, &c.nknown, err)
                            : ay_fail(err, AY_ENOMEM, "sweeping");
    if (status == AY_OK)
        status = ay_blobs_walk(s->blobs, find_stray, &c, err);
    for (size_t i = 0; i < c.nstrays && status == AY_OK; i++)
        ay_blobs_remove(s->blobs, c.strays[i], NULL);
    pthread_rwlock_unlock(&s->purging);
    ay_hold_end(hold);
    ay_arena_fini(&a);
    return status;
}

static ay_status open_backup(check *c, ay_err *err)
{
    char path[4096];

    if (!c->o->from)
        return AY_OK;
    if ((size_t)snprintf(path, sizeof path, "%s/blobs", c->o->from) >= sizeof path || !ay_file_is_dir(path))
        return ay_fail(err, AY_ENOTFOUND, "%.2000s is no backup folder", c->o->from);
    return ay_blobs_open_reading(&c->backup, path, err);
}

ay_status ay_service_check(ay_service *s, const ay_check_options *o, ay_arena *a, ay_check_result *out, ay_err *err)
{
    check c = {.s = s, .o = o, .arena = a, .out = out};
    bool repair = o->repair;
    ay_status status;

    *out = (ay_check_result){0};
    if (s->reading_only && repair)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    status = open_backup(&c, err);
    if (status != AY_OK)
        return status;
    out->problems = ay_arena_alloc(a, MOST_PROBLEMS * sizeof *out->problems);
    if (!out->problems)
        return ay_fail(err, AY_ENOMEM, "checking");
    /* No upload is between its file and its row while we look for files without one. */
    pthread_rwlock_wrlock(&s->purging);
    status = check_files(&c, err);
    for (size_t i = 0; i < c.nstrays && repair && status == AY_OK; i++)
        ay_blobs_remove(s->blobs, c.strays[i], NULL);
    pthread_rwlock_unlock(&s->purging);
    ay_blobs_close(c.backup);
    if (status == AY_OK)
        status = check_models(&c, err);
    if (status == AY_OK)
        status = check_indexes(&c, err);
    out->unembedded = count_unembedded(s, repair);
    if (status == AY_OK && out->unembedded > 0) {
        status = add_problem(&c,
                             ay_arena_printf(a, "%lld pictures have no vector of this model",
                                             (long long)out->unembedded),
                             err);
        if (repair)
            ay_keeper_wake(s);
    }
    return status;
}
