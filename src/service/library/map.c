/* service/library/map.c - see map.h.
 *
 * One map a data set is kept in memory: places by membership, in order of its number.  One thread at most makes one anew; it copies
 * the vectors first and holds nothing while it works. */
#include "service/library/map.h"

#include "base/cachefile.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "index/layout.h"
#include "service/internal.h"
#include "service/library/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST_MAPS = 64, NICE = 10, STEPS = 1000, NEIGHBOURS = 15, LIKE = 8, LEAST_NEW = 20 };
#define NEW_SHARE 0.02 /* of the points: then the map is made anew */

typedef struct {
    int64_t member;
    float x, y;
} place;

typedef struct {
    int64_t dataset;
    char model[AY_SHA256_HEX]; /* of the vectors */
    place *places;             /* in order of member; owned */
    size_t n;
    bool refined, looked; /* looked: for the file */
    int64_t made_us;
} map;

typedef struct ay_maps {
    pthread_mutex_t lock; /* taken after the galleries'; nothing is taken inside it */
    map list[MOST_MAPS];
    int n;
    pthread_t worker;
    bool started, running; /* running: the thread works; started: it must be joined */
    int64_t job, dataset;  /* of the work */
} ay_maps;

/* ---- kept in a file */

static void path_of(const ay_service *s, int64_t dataset, char *path, size_t cap)
{
    snprintf(path, cap, "%.3900s/cache/map-%lld.bin", s->data, (long long)dataset);
}

static ay_cachefile_head head_of(const map *m)
{
    ay_cachefile_head h = {.letters = "AYMAPPED", .layout = 1};

    memcpy(h.made_of, m->model, sizeof h.made_of);
    return h;
}

static void keep(const ay_service *s, const map *m)
{
    ay_cachefile_head h = head_of(m);
    ay_cachefile_piece pieces[] = {{&m->made_us, sizeof m->made_us}, {m->places, m->n * sizeof *m->places}};
    char path[4096];
    ay_err err = {{0}};

    path_of(s, m->dataset, path, sizeof path);
    if (!s->reading_only && ay_cachefile_write(path, &h, pieces, 2, &err) != AY_OK)
        ay_log(AY_LOG_WARN, "service", "the map is not kept: %s", err.msg);
}

static void recall(const ay_service *s, map *m)
{
    ay_cachefile_head h = head_of(m);
    ay_cachefile c;
    char path[4096];

    m->looked = true;
    path_of(s, m->dataset, path, sizeof path);
    if (ay_cachefile_open(&c, path, &h, NULL) != AY_OK)
        return;
    if (c.n >= sizeof m->made_us && (c.n - sizeof m->made_us) % sizeof *m->places == 0 &&
        (m->places = ay_alloc(c.n + 1, 1))) {
        memcpy(&m->made_us, c.body, sizeof m->made_us);
        memcpy(m->places, c.body + sizeof m->made_us, c.n - sizeof m->made_us);
        m->n = (c.n - sizeof m->made_us) / sizeof *m->places;
        m->refined = true;
    }
    ay_cachefile_close(&c);
}

/* ---- the list; the caller holds maps->lock */

static void forget(map *m)
{
    ay_free(m->places);
    m->places = NULL;
    m->n = 0;
    m->refined = false;
}

/* The map of a data set for vectors of this model; NULL: too many data sets. */
static map *find(ay_service *s, int64_t dataset, const char *model)
{
    ay_maps *l = s->maps;
    map *m = NULL;

    for (int i = 0; i < l->n && !m; i++)
        m = l->list[i].dataset == dataset ? &l->list[i] : NULL;
    if (!m && l->n < MOST_MAPS) {
        m = &l->list[l->n++];
        *m = (map){.dataset = dataset};
    }
    if (m && strncmp(m->model, model, 64) != 0) { /* new, or of another encoder */
        forget(m);
        snprintf(m->model, sizeof m->model, "%s", model);
        m->looked = false;
    }
    if (m && !m->looked)
        recall(s, m);
    return m;
}

static int by_member(const void *a, const void *b)
{
    int64_t x = ((const place *)a)->member, y = ((const place *)b)->member;

    return (x > y) - (x < y);
}

static const place *place_of(const map *m, int64_t member)
{
    place key = {.member = member};

    return m && m->n ? bsearch(&key, m->places, m->n, sizeof key, by_member) : NULL;
}

/* Take over n places of a gallery's rows; false: no memory, nothing changed. */
static bool put(map *m, const int64_t *members, const float *xy, size_t n, bool refined)
{
    place *p = ay_alloc(n + 1, sizeof *p);

    if (!p)
        return false;
    for (size_t i = 0; i < n; i++)
        p[i] = (place){members[i], xy[2 * i], xy[2 * i + 1]};
    if (n)
        qsort(p, n, sizeof *p, by_member);
    ay_free(m->places);
    m->places = p;
    m->n = n;
    m->refined = refined;
    m->made_us = ay_clock_wall();
    return true;
}

/* ---- made in the background */

typedef struct {
    int64_t dataset;
    char model[AY_SHA256_HEX];
    float *vectors, *xy;
    int64_t *members;
    uint8_t *kept;
    size_t n, known;
    int dim;
} making;

static void making_fini(making *m)
{
    ay_free(m->vectors);
    ay_free(m->xy);
    ay_free(m->members);
    ay_free(m->kept);
}

static ay_status copy_rows(ay_service *s, making *m, ay_err *err)
{
    ay_gallery *g;
    ay_status status = AY_OK;

    ay_encoder_enter(s);
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, m->dataset);
    m->n = g ? g->nready : 0;
    m->dim = g ? g->dim : 1;
    snprintf(m->model, sizeof m->model, "%s", s->embedder.info->digest);
    m->vectors = ay_alloc(m->n * (size_t)m->dim + 1, sizeof *m->vectors);
    m->xy = ay_alloc(2 * m->n + 1, sizeof *m->xy);
    m->members = ay_alloc(m->n + 1, sizeof *m->members);
    m->kept = ay_alloc(m->n + 1, 1);
    if (!m->vectors || !m->xy || !m->members || !m->kept)
        status = ay_fail(err, AY_ENOMEM, "a map of %zu pictures", m->n);
    if (status == AY_OK && m->n)
        memcpy(m->vectors, g->vectors, m->n * (size_t)m->dim * sizeof *m->vectors);
    for (size_t i = 0; status == AY_OK && i < m->n; i++)
        m->members[i] = g->items[i].member;
    pthread_rwlock_unlock(&s->lock);
    ay_encoder_leave(s);
    return status;
}

/* Where an earlier map has them; the others begin at the projection. */
static ay_status begin(ay_service *s, making *m, const ay_rows *rows, ay_err *err)
{
    ay_status status = ay_layout_pca(rows, s->threads, m->xy, err);
    const map *old;

    pthread_mutex_lock(&s->maps->lock);
    old = find(s, m->dataset, m->model);
    for (size_t i = 0; i < m->n; i++) {
        const place *p = old && old->refined ? place_of(old, m->members[i]) : NULL;
        m->kept[i] = p != NULL;
        m->known += p != NULL;
        if (p) {
            m->xy[2 * i] = p->x;
            m->xy[2 * i + 1] = p->y;
        }
    }
    pthread_mutex_unlock(&s->maps->lock);
    return status;
}

static bool on_progress(void *ctx, double done)
{
    ay_service *s = ctx;

    return ay_job_step(s, s->maps->job, (int64_t)(done * STEPS), STEPS);
}

static ay_status make(ay_service *s, making *m, ay_err *err)
{
    ay_layout_options o = {.neighbours = NEIGHBOURS, .near = .1f, .seed = 1, .threads = s->threads, .progress = on_progress, .ctx = s};
    ay_status status = copy_rows(s, m, err);
    ay_rows rows = {m->vectors, m->n, m->dim};
    map *to;

    if (status == AY_OK)
        status = begin(s, m, &rows, err);
    o.kept = m->known * 2 > m->n ? m->kept : NULL; /* mostly new: a map of its own */
    if (status == AY_OK)
        status = ay_layout_umap(&rows, &o, m->xy, err);
    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->maps->lock);
    to = find(s, m->dataset, m->model);
    if (!to || !put(to, m->members, m->xy, m->n, true))
        status = ay_fail(err, AY_ENOMEM, "a map of %zu pictures", m->n);
    else
        keep(s, to);
    pthread_mutex_unlock(&s->maps->lock);
    return status;
}

static void *work(void *arg)
{
    ay_service *s = arg;
    making m = {.dataset = s->maps->dataset};
    ay_err err = {{0}};
    ay_status status;

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    status = make(s, &m, &err);
    if (status != AY_OK && status != AY_ECANCELLED)
        ay_log(AY_LOG_WARN, "service", "making a map: %s", err.msg);
    making_fini(&m);
    pthread_mutex_lock(&s->maps->lock);
    s->maps->running = false;
    pthread_mutex_unlock(&s->maps->lock);
    ay_job_end(s, s->maps->job, status, status == AY_OK ? "" : err.msg);
    return NULL;
}

/* Begin unless something is under way; the job. */
static int64_t start(ay_service *s, int64_t dataset)
{
    ay_maps *l = s->maps;
    int64_t job = 0;

    pthread_mutex_lock(&l->lock);
    if (!s->reading_only && !s->stop && !l->running) {
        if (l->started)
            pthread_join(l->worker, NULL);
        l->dataset = dataset;
        l->job = ay_job_begin(s, "map", STEPS);
        l->running = l->started = ay_thread_start(&l->worker, "map", work, s, NULL) == AY_OK;
        if (!l->running)
            ay_job_end(s, l->job, AY_EBUSY, "no thread");
    }
    job = l->running && l->dataset == dataset ? l->job : 0;
    pthread_mutex_unlock(&l->lock);
    return job;
}

/* ---- asked for */

typedef struct {
    ay_service *s;
    const ay_gallery *g;
    map *m;
    ay_map_view *out;
} asking;

/* Beside the most like that has a place, a little off it so that both are seen. */
static bool beside(const asking *q, size_t row, float *x, float *y)
{
    const ay_gallery *g = q->g;
    ay_hit hits[LIKE + 1];

    if (ay_gallery_top(g, g->vectors + row * (size_t)g->dim, 1, LIKE + 1, 1, hits, NULL) != AY_OK)
        return false;
    for (int i = 0; i <= LIKE && hits[i].row != AY_SEARCH_NONE; i++) {
        const place *p = hits[i].row == row ? NULL : place_of(q->m, g->items[hits[i].row].member);
        if (p) {
            *x = p->x + .02f * (float)((int)(row % 5) - 2);
            *y = p->y + .02f * (float)((int)(row % 7) - 3);
            return true;
        }
    }
    return false;
}

static void fill_point(const asking *q, size_t row, ay_map_point *p)
{
    const ay_gallery_item *it = &q->g->items[row];
    const place *at = place_of(q->m, it->member);
    int64_t us = it->taken_us > 0 ? it->taken_us : it->added_us;

    *p = (ay_map_point){.klass = (uint32_t)it->klass, .date = (uint32_t)(us / 1000000), .fits = 1};
    p->cluster = (uint32_t)ay_filter_group_of(q->s, q->g, row);
    for (int i = 0; i < 32; i++) {
        char two[3] = {it->sha256[2 * i], it->sha256[2 * i + 1], 0};
        p->sha256[i] = (unsigned char)strtoul(two, NULL, 16);
    }
    if (at) {
        p->x = at->x;
        p->y = at->y;
    } else {
        q->out->joined++;
        beside(q, row, &p->x, &p->y);
    }
}

/* The first map of a data set is its projection. */
static ay_status project(const asking *q, ay_err *err)
{
    const ay_gallery *g = q->g;
    ay_rows rows = {g->vectors, g->nready, g->dim};
    float *xy = ay_alloc(2 * rows.n + 1, sizeof *xy);
    int64_t *members = ay_alloc(rows.n + 1, sizeof *members);
    ay_status status = xy && members ? ay_layout_pca(&rows, q->s->threads, xy, err) : ay_fail(err, AY_ENOMEM, "a map of %zu pictures", rows.n);

    for (size_t i = 0; status == AY_OK && i < rows.n; i++)
        members[i] = g->items[i].member;
    if (status == AY_OK && !put(q->m, members, xy, rows.n, false))
        status = ay_fail(err, AY_ENOMEM, "a map of %zu pictures", rows.n);
    ay_free(xy);
    ay_free(members);
    return status;
}

static ay_status fill(asking *q, const ay_picture_filter *f, ay_arena *a, ay_err *err)
{
    ay_map_view *out = q->out;
    uint8_t *in = f ? ay_alloc(q->g->n + 1, 1) : NULL;
    ay_status status = f && !in ? ay_fail(err, AY_ENOMEM, "a map") : AY_OK;

    if (f && status == AY_OK)
        status = ay_filter_mask(q->s, q->g, f, in, err);
    out->points = status == AY_OK ? ay_alloc(q->g->nready + 1, sizeof *out->points) : NULL;
    out->classes = ay_arena_alloc(a, (size_t)(q->g->nclasses + 1) * sizeof *out->classes);
    if (status == AY_OK && (!out->points || !out->classes))
        status = ay_fail(err, AY_ENOMEM, "a map of %zu pictures", q->g->nready);
    for (size_t i = 0; status == AY_OK && i < q->g->nready; i++) {
        fill_point(q, i, &out->points[out->n++]);
        out->points[i].fits = in ? in[i] : 1;
    }
    for (int k = 0; status == AY_OK && k < q->g->nclasses; k++)
        if (!(out->classes[out->nclasses++] = ay_arena_strdup(a, q->g->classes[k].name)))
            status = ay_fail(err, AY_ENOMEM, "a map");
    ay_free(in);
    return status;
}

static ay_status look(asking *q, const char *name, const ay_picture_filter *f, ay_arena *a, int64_t *dataset, ay_err *err)
{
    ay_gallery *g;
    ay_status status = ay_service_find(q->s, name, &g, err);

    if (status != AY_OK)
        return status;
    q->g = g;
    *dataset = g->id;
    q->out->dataset = ay_arena_strdup(a, g->name);
    if (g == &q->s->no_library)
        return AY_OK;
    pthread_mutex_lock(&q->s->maps->lock);
    q->m = find(q->s, g->id, q->s->embedder.info->digest);
    if (!q->m)
        status = ay_fail(err, AY_ELIMIT, "maps of at most %d data sets", MOST_MAPS);
    else if (q->m->n == 0 || !q->m->refined)
        status = project(q, err);
    if (status == AY_OK)
        status = fill(q, f, a, err);
    if (status == AY_OK) {
        q->out->refined = q->m->refined;
        ay_clock_rfc3339(q->out->made_at, q->m->made_us);
    }
    pthread_mutex_unlock(&q->s->maps->lock);
    return status;
}

ay_status ay_map_get(ay_service *s, const char *dataset, const ay_picture_filter *f, ay_arena *a, ay_map_view *out, ay_err *err)
{
    asking q = {.s = s, .out = out};
    int64_t id = 0;
    ay_status status;

    *out = (ay_map_view){.n = 0};
    ay_encoder_enter(s);
    pthread_rwlock_rdlock(&s->lock);
    status = look(&q, ay_library_read(dataset), f, a, &id, err);
    pthread_rwlock_unlock(&s->lock);
    ay_encoder_leave(s);
    if (status != AY_OK)
        ay_map_fini(out);
    else if (out->n > 3 && (!out->refined || (double)out->joined > NEW_SHARE * (double)out->n + LEAST_NEW))
        out->job = start(s, id);
    return status;
}

void ay_map_fini(ay_map_view *v)
{
    ay_free(v->points);
    v->points = NULL;
    v->n = 0;
}

ay_status ay_maps_open(ay_service *s, ay_err *err)
{
    s->maps = ay_calloc(1, sizeof *s->maps);
    if (!s->maps)
        return ay_fail(err, AY_ENOMEM, "opening the maps");
    pthread_mutex_init(&s->maps->lock, NULL);
    return AY_OK;
}

void ay_maps_stop(ay_service *s)
{
    if (!s->maps || !s->maps->started)
        return;
    pthread_join(s->maps->worker, NULL);
    s->maps->started = false;
}

void ay_maps_close(ay_service *s)
{
    if (!s->maps)
        return;
    for (int i = 0; i < s->maps->n; i++)
        forget(&s->maps->list[i]);
    pthread_mutex_destroy(&s->maps->lock);
    ay_free(s->maps);
    s->maps = NULL;
}
