/* service/library/duplicates_run.c - one run: which pictures there are, their prints, and what is new among them compared.
 *
 * Rows of the new set: first what the old set knew and still holds, in its order, so that its results stay as they are; then all others.  A
 * picture whose group lost its centre counts as new. */
#include "base/log.h"
#include "base/mem.h"
#include "service/library/duplicates_parts.h"

#include <stdlib.h>
#include <string.h>

enum { PRINTS_TOGETHER = 64 };
/* The share of progress that reading pictures takes, where all must be read. */
#define READING 0.6

typedef struct {
    ay_service *s;
    int64_t dataset, job;
    const ay_dups_set *old;
    ay_dups_set *set;
    size_t from;
    ay_print *print;
    uint8_t *has; /* a print is there */
    int64_t *area, *taken;
    float *vectors;
    int dim;
    ay_store_pair *apart; /* a copy, in order */
    size_t napart;
    double begun; /* progress before comparing */
} running;

/* ---- what a person said */

static int compare_pairs(const void *x, const void *y)
{
    const ay_store_pair *p = x, *q = y;
    int c = strcmp(p->a, q->a);

    return c ? c : strcmp(p->b, q->b);
}

static bool pair_in(const ay_store_pair *list, size_t n, const char *x, const char *y)
{
    ay_store_pair key;
    bool first = strcmp(x, y) < 0;

    if (n == 0)
        return false;
    memcpy(key.a, first ? x : y, sizeof key.a);
    memcpy(key.b, first ? y : x, sizeof key.b);
    return bsearch(&key, list, n, sizeof *list, compare_pairs) != NULL;
}

bool ay_dups_are_apart(const ay_dups_state *d, const char *a, const char *b)
{
    return pair_in(d->apart, d->napart, a, b);
}

static bool are_apart(void *ctx, size_t a, size_t b)
{
    const running *r = ctx;

    return pair_in(r->apart, r->napart, r->set->sha256[a], r->set->sha256[b]);
}

/* ---- which pictures */

static int by_digest(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The old set's row of a picture; AY_DUP_NONE. */
static uint32_t old_row(const ay_dups_set *old, const char **sorted, const char *sha256)
{
    const char **at = old ? bsearch(&sha256, sorted, old->n, sizeof *sorted, by_digest) : NULL;

    return at ? (uint32_t)((*at - old->sha256[0]) / AY_SHA256_HEX) : AY_DUP_NONE;
}

static ay_status make_room(running *r, size_t n, int dim, ay_err *err)
{
    ay_dups_set *set = r->set;

    set->sha256 = ay_calloc(n + 1, sizeof *set->sha256);
    set->readable = ay_calloc(n + 1, 1);
    set->found.place = ay_calloc(n + 1, sizeof *set->found.place);
    r->print = ay_alloc(n + 1, sizeof *r->print);
    r->has = ay_calloc(n + 1, 1);
    r->area = ay_calloc(n + 1, sizeof *r->area);
    r->taken = ay_calloc(n + 1, sizeof *r->taken);
    r->vectors = ay_calloc(n * (size_t)dim + 1, sizeof *r->vectors);
    r->dim = dim;
    return set->sha256 && set->readable && set->found.place && r->print && r->has && r->area && r->taken && r->vectors
               ? AY_OK
               : ay_fail(err, AY_ENOMEM, "comparing %zu pictures", n);
}

static void put_row(running *r, const ay_gallery *g, size_t item)
{
    ay_dups_set *set = r->set;
    const ay_gallery_item *it = &g->items[item];
    size_t row = set->n++;

    memcpy(set->sha256[row], it->sha256, AY_SHA256_HEX);
    r->area[row] = (int64_t)it->width * it->height;
    r->taken[row] = it->taken_us;
    if (item < g->nready)
        memcpy(r->vectors + row * (size_t)r->dim, g->vectors + item * (size_t)g->dim, (size_t)g->dim * sizeof *r->vectors);
}

/* An old row stays old when its picture is there, and its centre's is. */
static bool stays(const ay_gallery *g, const ay_dups_set *old, uint32_t row)
{
    uint32_t centre = old->found.place[row].centre;

    return ay_gallery_find(g, old->sha256[row]) && (centre == AY_DUP_NONE || ay_gallery_find(g, old->sha256[centre]));
}

static void take_old(running *r, const ay_gallery *g, uint32_t *now)
{
    const ay_dups_set *old = r->old;

    for (uint32_t i = 0; i < old->n; i++) {
        now[i] = AY_DUP_NONE;
        if (!stays(g, old, i))
            continue;
        now[i] = (uint32_t)r->set->n;
        put_row(r, g, (size_t)(ay_gallery_find(g, old->sha256[i]) - g->items));
        r->set->found.place[now[i]] = old->found.place[i];
        r->set->readable[now[i]] = old->readable[i];
    }
    for (uint32_t i = 0; i < r->set->n; i++) {
        ay_dup_place *p = &r->set->found.place[i];
        p->centre = p->centre == AY_DUP_NONE ? AY_DUP_NONE : now[p->centre];
    }
}

/* Who is held stays so; and who was said to be different from its centre since is held from now on, so that another one may be its centre. */
static ay_status take_held(running *r, const uint32_t *now, ay_err *err)
{
    const ay_dups_found *old = &r->old->found;
    ay_dups_found *f = &r->set->found;
    ay_status status = AY_OK;

    for (size_t i = 0; i < old->nheld && status == AY_OK; i++) {
        ay_dup_held one = old->held[i];
        one.row = now[one.row];
        one.place.centre = now[one.place.centre];
        if (one.row != AY_DUP_NONE && one.place.centre != AY_DUP_NONE)
            status = ay_dups_hold(f, &one, err);
    }
    for (uint32_t i = 0; i < r->set->n && status == AY_OK; i++) {
        ay_dup_place *p = &f->place[i];
        ay_dup_held one = {.row = i, .place = *p};
        if (p->centre == AY_DUP_NONE || p->centre == i || !are_apart(r, i, p->centre))
            continue;
        memcpy(one.pixels, f->place[p->centre].pixels, sizeof one.pixels);
        status = ay_dups_hold(f, &one, err);
        *p = (ay_dup_place){.centre = AY_DUP_NONE, .orientation = 1};
    }
    return status;
}

/* Pairs of vectors are as good as before for the same encoder. */
static ay_status take_near(running *r, const uint32_t *now, ay_err *err)
{
    const ay_dups_set *old = r->old;
    ay_dups_found *f = &r->set->found;

    f->near = ay_alloc(old->found.nnear + 1, sizeof *f->near);
    if (!f->near)
        return ay_fail(err, AY_ENOMEM, "comparing pictures");
    f->cnear = old->found.nnear;
    f->least = old->found.least;
    for (size_t i = 0; i < old->found.nnear; i++) {
        ay_dup_near e = old->found.near[i];
        if (now[e.a] != AY_DUP_NONE && now[e.b] != AY_DUP_NONE)
            f->near[f->nnear++] = (ay_dup_near){now[e.a], now[e.b], e.cosine};
    }
    return AY_OK;
}

/* With the service's lock held. */
static ay_status list_rows(running *r, const ay_gallery *g, ay_err *err)
{
    const ay_dups_set *old = r->old;
    size_t nold = old ? old->n : 0;
    uint32_t *now = ay_alloc(nold + 1, sizeof *now);
    const char **sorted = ay_alloc(nold + 1, sizeof *sorted);
    ay_status status = now && sorted ? make_room(r, g->n, g->dim, err) : ay_fail(err, AY_ENOMEM, "comparing pictures");

    for (size_t i = 0; i < nold && status == AY_OK; i++)
        sorted[i] = old->sha256[i];
    if (status == AY_OK && old) {
        qsort(sorted, nold, sizeof *sorted, by_digest);
        take_old(r, g, now);
        status = take_held(r, now, err);
        if (status == AY_OK)
            status = take_near(r, now, err);
    }
    r->from = r->set->n;
    for (size_t i = 0; i < g->n && status == AY_OK; i++) {
        uint32_t was = old_row(old, sorted, g->items[i].sha256);
        if (i >= g->nready && !g->items[i].failed) /* its vector is on its way, and then its turn comes */
            continue;
        if (was == AY_DUP_NONE || now[was] == AY_DUP_NONE)
            put_row(r, g, i);
    }
    ay_free(now);
    ay_free(sorted);
    return status;
}

static ay_status copy(running *r, ay_err *err)
{
    const ay_gallery *g;
    ay_status status;

    ay_encoder_enter(r->s);
    memcpy(r->set->model, r->s->embedder.info->digest, AY_SHA256_HEX);
    if (r->old && strcmp(r->old->model, r->set->model) != 0)
        r->old = NULL; /* other vectors: all is compared again; the prints are there */
    pthread_rwlock_rdlock(&r->s->lock);
    g = ay_service_by_id(r->s, r->dataset);
    status = g ? list_rows(r, g, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
    pthread_rwlock_unlock(&r->s->lock);
    ay_encoder_leave(r->s);
    return status;
}

/* ---- prints */

typedef struct {
    running *r;
    const char **sorted;
} finding;

static ay_status take_print(void *ctx, const ay_store_print *p, ay_err *err)
{
    finding *f = ctx;
    const char *key = p->sha256;
    const char **at = bsearch(&key, f->sorted, f->r->set->n, sizeof *f->sorted, by_digest);
    size_t row;

    (void)err;
    if (!at || p->n != AY_PRINT_BYTES)
        return AY_OK;
    row = (size_t)(*at - f->r->set->sha256[0]) / AY_SHA256_HEX;
    ay_print_unpack(&f->r->print[row], p->data);
    f->r->has[row] = 1;
    return AY_OK;
}

static ay_status read_prints(running *r, ay_err *err)
{
    finding f = {r, ay_alloc(r->set->n + 1, sizeof *f.sorted)};
    ay_status status;

    if (!f.sorted)
        return ay_fail(err, AY_ENOMEM, "comparing pictures");
    for (size_t i = 0; i < r->set->n; i++)
        f.sorted[i] = r->set->sha256[i];
    qsort(f.sorted, r->set->n, sizeof *f.sorted, by_digest);
    status = ay_store_prints_walk(r->s->store, AY_PRINT_VERSION, take_print, &f, err);
    ay_free(f.sorted);
    return status;
}

void ay_dups_came(ay_service *s, const char *const *sha256, const ay_image *const *im, size_t n)
{
    uint8_t (*bytes)[AY_PRINT_BYTES] = ay_alloc(n + 1, sizeof *bytes);
    ay_store_print *list = ay_alloc(n + 1, sizeof *list);
    ay_err err = {{0}};
    ay_status status = bytes && list ? AY_OK : ay_fail(&err, AY_ENOMEM, "out of memory");
    size_t kept = 0;

    for (size_t i = 0; i < n && status == AY_OK; i++) {
        ay_print print;
        if (!im[i] || ay_image_print(im[i], &print, NULL) != AY_OK)
            continue;
        ay_print_pack(&print, bytes[kept]);
        list[kept] = (ay_store_print){sha256[i], bytes[kept], AY_PRINT_BYTES};
        kept++;
    }
    if (status == AY_OK && kept)
        status = ay_store_prints_put(s->store, AY_PRINT_VERSION, list, kept, &err);
    if (status != AY_OK)
        ay_log(AY_LOG_WARN, "duplicates", "keeping prints of %zu pictures: %s; the next search for duplicates makes them", n, err.msg);
    ay_free(bytes);
    ay_free(list);
}

static bool step(running *r, double done)
{
    return !r->s->dups->stop && ay_job_step(r->s, r->job, (int64_t)(done * 1000), 1000);
}

typedef struct {
    uint8_t bytes[PRINTS_TOGETHER][AY_PRINT_BYTES];
    ay_store_print list[PRINTS_TOGETHER];
    size_t n;
} batch;

static ay_status keep_batch(running *r, batch *b, ay_err *err)
{
    ay_status status = b->n ? ay_store_prints_put(r->s->store, AY_PRINT_VERSION, b->list, b->n, err) : AY_OK;

    b->n = 0;
    return status;
}

static ay_status make_print(running *r, batch *b, size_t row, ay_err *err)
{
    ay_err why;
    ay_image im;
    ay_status status = ay_service_open_image(r->s, r->set->sha256[row], &im, &why);

    if (status == AY_OK) {
        status = ay_image_print(&im, &r->print[row], &why);
        ay_image_fini(&im);
    }
    if (status == AY_ENOMEM)
        return ay_fail(err, status, "%s", why.msg);
    if (status != AY_OK) { /* it stays out, and the next run tries again */
        r->set->failed++;
        return AY_OK;
    }
    r->has[row] = 1;
    ay_print_pack(&r->print[row], b->bytes[b->n]);
    b->list[b->n] = (ay_store_print){r->set->sha256[row], b->bytes[b->n], AY_PRINT_BYTES};
    return ++b->n == PRINTS_TOGETHER ? keep_batch(r, b, err) : AY_OK;
}

static ay_status make_prints(running *r, ay_err *err)
{
    batch *b = ay_calloc(1, sizeof *b);
    size_t missing = 0, done = 0;
    ay_status status = b ? AY_OK : ay_fail(err, AY_ENOMEM, "comparing pictures");

    for (size_t i = 0; i < r->set->n; i++)
        missing += !r->has[i];
    for (size_t i = 0; i < r->set->n && status == AY_OK; i++) {
        if (r->has[i])
            continue;
        status = make_print(r, b, i, err);
        if (++done % 8 == 0 && status == AY_OK && !step(r, READING * (double)done / (double)missing))
            status = ay_fail(err, AY_ECANCELLED, "stopped");
    }
    if (b && (status == AY_OK || status == AY_ECANCELLED)) {
        ay_status kept = keep_batch(r, b, status == AY_OK ? err : NULL);
        status = status == AY_OK ? kept : status;
    }
    r->begun = missing ? READING : 0;
    ay_free(b);
    return status;
}

/* ---- comparing */

static ay_status open_picture(void *ctx, size_t row, ay_image *out, ay_err *err)
{
    running *r = ctx;

    return ay_service_open_image(r->s, r->set->sha256[row], out, err);
}

static bool on_progress(void *ctx, double done)
{
    running *r = ctx;

    return step(r, r->begun + (1 - r->begun) * done);
}

static ay_status compare(running *r, ay_err *err)
{
    ay_dups_input in = {.n = r->set->n, .from = r->from, .print = r->print, .readable = r->has, .area = r->area, .taken = r->taken,
                        .vectors = r->vectors, .dim = r->dim, .threads = r->s->threads, .open = open_picture, .apart = are_apart,
                        .progress = on_progress, .ctx = r};
    ay_status status = ay_dups_find(&in, &r->set->found, err);

    r->set->failed += r->set->found.failed;
    memcpy(r->set->readable, r->has, r->set->n);
    return status;
}

static ay_status copy_apart(running *r, ay_err *err)
{
    ay_dups_state *d = r->s->dups;

    pthread_mutex_lock(&d->lock);
    r->napart = d->napart;
    r->apart = ay_memdup(d->napart ? (const void *)d->apart : "", d->napart ? d->napart * sizeof *d->apart : 1);
    pthread_mutex_unlock(&d->lock);
    return r->apart ? AY_OK : ay_fail(err, AY_ENOMEM, "comparing pictures");
}

ay_status ay_dups_run(ay_service *s, int64_t dataset, const ay_dups_set *old, int64_t job, ay_dups_set **out, ay_err *err)
{
    running r = {.s = s, .dataset = dataset, .job = job, .old = old, .set = ay_calloc(1, sizeof *r.set)};
    ay_status status = r.set ? copy_apart(&r, err) : ay_fail(err, AY_ENOMEM, "comparing pictures");

    if (status == AY_OK) {
        r.set->dataset = dataset;
        r.set->made_us = ay_clock_wall();
        status = copy(&r, err);
    }
    if (status == AY_OK)
        status = read_prints(&r, err);
    if (status == AY_OK)
        status = make_prints(&r, err);
    if (status == AY_OK)
        status = compare(&r, err);
    ay_free(r.print);
    ay_free(r.has);
    ay_free(r.area);
    ay_free(r.taken);
    ay_free(r.vectors);
    ay_free(r.apart);
    if (status != AY_OK) {
        ay_dups_set_free(r.set);
        r.set = NULL;
    }
    *out = r.set;
    return status;
}
