/* service/library/clusters_view.c - centres, what stands for a group, spread and outliers, worked out from vectors in memory.
 *
 * Two passes over the vectors: 100,000 of 512 numbers are some tens of milliseconds. */
#include "service/library/clusters_parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "index/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An outlier is this many typical deviations (1.4826 times the median deviation) beyond the median; a small group has none. */
#define FAR_OUT 3.5f
enum { OUTLIERS_FROM = 8 };

typedef struct {
    size_t row;
    int64_t member;
    float distance;
} placed;

typedef struct {
    const ay_gallery *g;
    const uint8_t *in; /* of each item: does the filter mean it?  NULL: all */
    ay_cluster_view *v;
    int32_t *at;    /* of each item */
    size_t *first;  /* of each group's rows in list; n + 1 */
    placed *list;   /* rows with vectors, group after group */
    float *centres; /* of the set's groups, in its order */
    float *room;    /* g->n */
} making;

static int by_distance(const void *a, const void *b)
{
    const placed *x = a, *y = b;

    if (x->distance < y->distance || x->distance > y->distance)
        return x->distance > y->distance ? 1 : -1;
    return (x->member > y->member) - (x->member < y->member);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static int by_size(const void *a, const void *b)
{
    const ay_cluster *x = a, *y = b;

    return x->size != y->size ? (x->size < y->size) - (x->size > y->size) : (x->id > y->id) - (x->id < y->id);
}

/* Of a part, pictures come and go by what is said of them, not by when they were added: what is in no row, or joined since, came; what a
 * row names and the filter does not, went.  A held group may keep what went without being out of date. */
static void count_changes(making *m)
{
    ay_clusters *told = &m->v->told;
    const ay_cluster_set *set = m->v->set;
    size_t all = set->outside.n + told->waiting, before = (size_t)told->how.pictures;

    told->gone = set->outside.n > told->outside ? set->outside.n - told->outside : 0;
    for (size_t k = 0; k < set->n; k++) {
        bool held = set->cluster[k].pinned || set->cluster[k].by_hand || set->cluster[k].named_by == AY_NAMED_BY_PERSON;
        all += set->cluster[k].n;
        told->gone += held ? 0 : set->cluster[k].n - told->cluster[k].size;
    }
    told->came = all > before ? all - before : 0;
}

/* Which group each item is in; counts what is in none, new and gone. */
static void sort_items(making *m)
{
    ay_clusters *told = &m->v->told;
    size_t later = 0;

    for (size_t i = 0; i < m->g->n; i++) {
        int32_t at = m->in && !m->in[i] ? CLUSTER_UNMEANT : ay_cluster_set_find(m->v->set, m->g->items[i].member);
        m->at[i] = at;
        if (at == CLUSTER_UNMEANT)
            continue;
        told->pictures++;
        if (at >= 0)
            told->cluster[at].size++;
        else if (at == CLUSTER_OUTSIDE)
            told->outside++;
        else
            told->waiting++;
        later += told->how.run && m->g->items[i].added_us > told->how.made_us;
        if (at >= 0 && i < m->g->nready)
            m->first[at + 1]++;
    }
    if (told->how.run && m->v->set->scope) {
        count_changes(m);
        return;
    }
    told->came = told->how.run ? later : 0;
    if (told->how.run && (size_t)told->how.pictures > m->g->n - later)
        told->gone = (size_t)told->how.pictures - (m->g->n - later);
}

static void add_centres(making *m)
{
    size_t dim = (size_t)m->g->dim, n = m->v->set->n;

    for (size_t k = 0; k < n; k++)
        m->first[k + 1] += m->first[k];
    for (size_t i = 0; i < m->g->nready; i++)
        for (size_t d = 0; m->at[i] >= 0 && d < dim; d++)
            m->centres[(size_t)m->at[i] * dim + d] += m->g->vectors[i * dim + d];
    for (size_t k = 0; k < n; k++)
        ay_unit(m->centres + k * dim, m->centres + k * dim, m->g->dim);
    for (size_t i = 0; i < m->g->nready; i++) {
        size_t k = m->at[i] >= 0 ? (size_t)m->at[i] : n;
        if (k < n)
            m->list[m->first[k]++] =
                (placed){i, m->g->items[i].member, 1 - ay_dot(m->g->vectors + i * dim, m->centres + k * dim, m->g->dim)};
    }
    for (size_t k = n; k-- > 0;)
        m->first[k + 1] = m->first[k];
    m->first[0] = 0;
}

static void show(const making *m, const placed *p, float score, ay_cluster_picture *out)
{
    memcpy(out->sha256, m->g->items[p->row].sha256, sizeof out->sha256);
    out->score = score;
}

/* p: n pictures from near to far.  Answers how many are no outliers. */
static size_t find_outliers(making *m, const placed *p, size_t n, ay_cluster *k)
{
    float middle = p[n / 2].distance, typical;
    size_t inside = n;

    if (n < OUTLIERS_FROM)
        return n;
    for (size_t i = 0; i < n; i++)
        m->room[i] = fabsf(p[i].distance - middle);
    qsort(m->room, n, sizeof *m->room, by_value);
    typical = fmaxf(1.4826f * m->room[n / 2], 1e-4f);
    while (inside > 1 && (p[inside - 1].distance - middle) / typical > FAR_OUT)
        inside--;
    k->outliers = n - inside;
    for (size_t i = n; i-- > inside && k->noutlier < AY_CLUSTER_OUTLIERS;)
        show(m, &p[i], (p[i].distance - middle) / typical, &k->outlier[k->noutlier++]);
    return inside;
}

static void describe(making *m, size_t at)
{
    ay_cluster *k = &m->v->told.cluster[at];
    placed *p = m->list + m->first[at];
    size_t n = m->first[at + 1] - m->first[at], inside, last = SIZE_MAX;
    double sum = 0;

    if (!n)
        return;
    qsort(p, n, sizeof *p, by_distance);
    for (size_t i = 0; i < n; i++)
        sum += (double)p[i].distance;
    k->mean = (float)(sum / (double)n);
    k->cohesion = 1 - k->mean;
    k->far = p[(n - 1) * 19 / 20].distance;
    memcpy(k->medoid, m->g->items[p[0].row].sha256, sizeof k->medoid);
    inside = find_outliers(m, p, n, k);
    for (size_t i = 0; i < AY_CLUSTER_SAMPLE; i++) {
        size_t from = (inside - 1) * i / (AY_CLUSTER_SAMPLE - 1);
        if (from != last)
            show(m, &p[from], 0, &k->sample[k->nsample++]);
        last = from;
    }
}

/* The largest first; where each of the set's groups went. */
static void order(ay_cluster_view *v, float *room)
{
    ay_clusters *told = &v->told;

    for (size_t k = 0; k < told->n; k++)
        room[k] = told->cluster[k].far;
    qsort(room, told->n, sizeof *room, by_value);
    v->typical = told->n ? room[told->n / 2] : 0;
    for (size_t k = 0; k < told->n; k++)
        room[k] = told->cluster[k].far - told->cluster[k].mean;
    qsort(room, told->n, sizeof *room, by_value);
    v->reach = told->n ? room[told->n / 2] : 0;
    qsort(told->cluster, told->n, sizeof *told->cluster, by_size);
    for (size_t k = 0; k < told->n; k++)
        for (size_t i = 0; i < v->set->n; i++)
            if (v->set->cluster[i].cluster == told->cluster[k].id)
                v->at[i] = (int)k;
}

static ay_status fill(making *m, ay_err *err)
{
    ay_cluster_view *v = m->v;
    ay_cluster_set *set = v->set;
    size_t n = set->n, dim = (size_t)m->g->dim;

    v->told = (ay_clusters){.dataset_id = set->dataset, .how = set->how, .n = n, .dim = m->g->dim, .revision = set->revision};
    v->told.dataset = ay_arena_strdup(&v->arena, m->g->name);
    v->told.filter = set->filter;
    v->told.cluster = ay_arena_alloc(&v->arena, (n + 1) * sizeof *v->told.cluster);
    v->at = ay_arena_alloc(&v->arena, (n + 1) * sizeof *v->at);
    m->centres = ay_arena_alloc(&v->arena, (n * dim + 1) * sizeof *m->centres);
    m->at = ay_alloc(m->g->n + 1, sizeof *m->at);
    m->first = ay_calloc(n + 2, sizeof *m->first);
    m->list = ay_alloc(m->g->nready + 1, sizeof *m->list);
    m->room = ay_alloc(m->g->n + n + 1, sizeof *m->room);
    if (!v->told.dataset || !v->told.cluster || !v->at || !m->centres || !m->at || !m->first || !m->list || !m->room)
        return ay_fail(err, AY_ENOMEM, "the groups of %s", m->g->name);
    memset(m->centres, 0, n * dim * sizeof *m->centres);
    for (size_t k = 0; k < n; k++)
        v->told.cluster[k] = (ay_cluster){.id = set->cluster[k].cluster, .name = set->cluster[k].name,
                                          .named_by = set->cluster[k].named_by, .pinned = set->cluster[k].pinned,
                                          .by_hand = set->cluster[k].by_hand, .centre = m->centres + k * dim, .dim = m->g->dim};
    sort_items(m);
    add_centres(m);
    for (size_t k = 0; k < n; k++)
        describe(m, k);
    order(v, m->room);
    return AY_OK;
}

ay_status ay_cluster_view_make(ay_cluster_set *set, const ay_gallery *g, const uint8_t *in, const ay_engine_info *model,
                               ay_cluster_view **out, ay_err *err)
{
    ay_cluster_view *v = ay_calloc(1, sizeof *v);
    making m = {.g = g, .in = in, .v = v};
    size_t changed;
    ay_status status;

    *out = NULL;
    if (!v)
        return ay_fail(err, AY_ENOMEM, "the groups of %s", g->name);
    ay_arena_init(&v->arena, 0);
    v->users = 1;
    v->set = set;
    v->generation = g->generation;
    v->gallery_n = g->n;
    v->gallery_ready = g->nready;
    v->made = ay_clock_mono();
    memcpy(v->model, model->digest, sizeof v->model);
    status = fill(&m, err);
    changed = v->told.came + v->told.gone;
    v->told.stale = v->told.how.run && (strcmp(v->told.how.model, model->digest) != 0 ||
                                        strcmp(v->told.how.preprocess, model->preprocess_digest) != 0 ||
                                        (changed > 20 && changed * 10 > (size_t)v->told.how.pictures));
    ay_free(m.at);
    ay_free(m.first);
    ay_free(m.list);
    ay_free(m.room);
    if (status != AY_OK)
        ay_cluster_view_free(v);
    else
        *out = v;
    return status;
}

void ay_cluster_view_free(ay_cluster_view *v)
{
    ay_arena_fini(&v->arena);
    ay_free(v);
}

/* A centre is nearer to the pictures that it is the mean of than to others of their kind: by (n + 1) / (n - 1) of the squares, and for
 * unit vectors 1 - cosine is half a square. */
static float reach_of(const ay_cluster_view *v, const ay_cluster *k)
{
    float n = (float)(k->size > 2 ? k->size : 2);

    return (fmaxf(k->far, v->typical) + fmaxf(k->far - k->mean, v->reach)) * (n + 1) / (n - 1);
}

int32_t ay_cluster_view_nearest(const ay_cluster_view *v, const float *vector)
{
    const ay_cluster *best = NULL;
    float most = -2;
    int32_t at = CLUSTER_OUTSIDE;

    for (size_t i = 0; i < v->set->n; i++) {
        const ay_cluster *k = &v->told.cluster[v->at[i]];
        float near = *k->medoid ? ay_dot(vector, k->centre, v->told.dim) : -2;
        if (near > most) {
            most = near;
            best = k;
            at = (int32_t)i;
        }
    }
    return best && 1 - most <= reach_of(v, best) ? at : CLUSTER_OUTSIDE;
}
