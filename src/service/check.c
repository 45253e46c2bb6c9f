/* service/check.c - does everything that should be there exist, and nothing else? */
#include "service/internal.h"

#include "base/mem.h"

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

static ay_status check_file(check *c, const char *sha256, bool deep, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status;

    c->out->pictures++;
    if (!ay_blobs_has(c->s->blobs, sha256)) {
        c->out->missing++;
        return add_problem(
            c, ay_arena_printf(c->arena, "picture %.12s... has lost its file", sha256), err);
    }
    if (!deep)
        return AY_OK;
    status = ay_blobs_get(c->s->blobs, sha256, true, &bytes, err);
    ay_buf_fini(&bytes);
    if (status != AY_ECORRUPT)
        return status;
    c->out->damaged++;
    return add_problem(
        c, ay_arena_printf(c->arena, "the file of picture %.12s... is damaged", sha256), err);
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

static ay_status check_files(check *c, bool deep, ay_err *err)
{
    ay_status status = ay_store_check(c->s->store, err);

    if (status == AY_ECORRUPT)
        status = add_problem(c, ay_arena_printf(c->arena, "%s", err ? err->msg : "damaged"), err);
    if (status == AY_OK)
        status = ay_store_picture_list(c->s->store, c->arena, &c->known, &c->nknown, err);
    for (size_t i = 0; i < c->nknown && status == AY_OK; i++)
        status = check_file(c, c->known[i], deep, err);
    if (status == AY_OK)
        status = ay_blobs_walk(c->s->blobs, find_stray, c, err);
    return status;
}

ay_status ay_service_sweep(ay_service *s, ay_err *err)
{
    ay_check_result found = {0};
    ay_arena a;
    check c = {.s = s, .arena = &a, .out = &found};
    ay_status status;

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
    ay_arena_fini(&a);
    return status;
}

ay_status ay_service_check(ay_service *s, bool deep, bool repair, ay_arena *a, ay_check_result *out,
                           ay_err *err)
{
    check c = {.s = s, .arena = a, .out = out};
    ay_status status;

    *out = (ay_check_result){0};
    if (s->reading_only && repair)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    out->problems = ay_arena_alloc(a, MOST_PROBLEMS * sizeof *out->problems);
    if (!out->problems)
        return ay_fail(err, AY_ENOMEM, "checking");
    /* No upload is between its file and its row while we look for files without one. */
    pthread_rwlock_wrlock(&s->purging);
    status = check_files(&c, deep, err);
    for (size_t i = 0; i < c.nstrays && repair && status == AY_OK; i++)
        ay_blobs_remove(s->blobs, c.strays[i], NULL);
    pthread_rwlock_unlock(&s->purging);
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
