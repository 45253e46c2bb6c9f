/* service/library/clusters_share.c - groups as other features and the picture organiser's routes use them. */
#include "service/library/clusters_parts.h"

#include "base/mem.h"
#include "base/str.h"
#include "service/library/clusters_open.h"
#include "service/library/clusters_plain.h"
#include "service/library/filter.h"
#include "service/library/marks.h"
#include "service/words/sift.h"
#include "service/words/wordy.h"

#include <stdlib.h>
#include <string.h>

/* ---- filters */

static ay_status filter_mask(ay_service *s, const ay_gallery *g, const char *cluster, uint8_t *in, ay_err *err)
{
    ay_cluster_set *set = NULL;
    uint8_t *meant = NULL;
    size_t at = 0;
    long id = 0;
    ay_status status = AY_OK;

    if (ay_str_to_long(cluster, 1, INT64_MAX, &id))
        set = ay_cluster_set_with(s, id, &at, err);
    if (!set || set->dataset != g->id)
        status = ay_fail(err, AY_ENOTFOUND, "no group %.40s in data set \"%s\"", cluster, g->name);
    if (status == AY_OK)
        status = ay_cluster_scope_mask(s, g, set->filter, &meant, err);
    for (size_t i = 0; status == AY_OK && i < g->n; i++)
        in[i] = (!meant || meant[i]) && ay_cluster_set_find(set, g->items[i].member) == (int32_t)at;
    if (set)
        ay_cluster_set_let(s, set);
    ay_free(meant);
    return status;
}

static int64_t filter_of(ay_service *s, const ay_gallery *g, size_t row)
{
    return ay_cluster_of(s, g->id, g->items[row].member);
}

/* Both only grow, so the sum is another one when either is: the groups of a filter follow tags. */
static uint64_t filter_version(ay_service *s, const ay_gallery *g)
{
    uint64_t revision;

    (void)g;
    pthread_mutex_lock(&s->clusters->lock);
    revision = s->clusters->revision;
    pthread_mutex_unlock(&s->clusters->lock);
    return revision + s->marks->version;
}

void ay_clusters_offer(ay_service *s)
{
    static const ay_filter_groups groups = {filter_mask, filter_of, filter_version};

    ay_filter_set_groups(s, &groups);
}

/* ---- categories: which of some words a centre is nearest to */

static const char *const objects[] = {"cat", "dog", "car", "person", "bird", "food", "building", "nature", "animal"};
static const char *const backgrounds[] = {"indoor", "outdoor", "nature", "urban", "simple"};
enum { CATEGORIES = 9 };

typedef struct {
    const char *word[CATEGORIES];
    float *vectors;
    int n, dim;
} ay_categories;

/* The words that the encoder reads; none is no failure. */
static ay_status read_words(ay_service *s, const char *const *words, int n, const char *form, int dim, ay_arena *a, ay_categories *out,
                            ay_err *err)
{
    const char *text[CATEGORIES];
    bool closed = s->words->closed;

    out->dim = dim;
    for (int i = 0; i < n; i++) {
        ay_words_text known;
        ay_status status = ay_sift_one(&s->words->reader, words[i], a, &known, err);
        if (status != AY_OK)
            return status;
        if (!known.known)
            continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        text[out->n] = closed ? words[i] : ay_arena_printf(a, form, words[i]);
#pragma GCC diagnostic pop
        if (!text[out->n])
            return ay_fail(err, AY_ENOMEM, "categories");
        out->word[out->n++] = words[i];
    }
    if (out->n < 2)
        out->n = 0;
    out->vectors = ay_arena_alloc(a, (size_t)(CATEGORIES * dim) * sizeof *out->vectors);
    if (!out->vectors)
        return ay_fail(err, AY_ENOMEM, "categories");
    return out->n ? ay_wordy_embed(s, text, out->n, out->vectors, err) : AY_OK;
}

/* direction: a centre less what all pictures share.  NULL: none of the words is near, as for names (groups.h). */
static const char *nearest(const ay_categories *c, const float *direction)
{
    float most = AY_GROUPS_NAME_LEAST;
    int best = -1;

    for (int i = 0; i < c->n; i++) {
        float near = ay_dot(direction, c->vectors + (size_t)i * (size_t)c->dim, c->dim);
        if (near > most) {
            most = near;
            best = i;
        }
    }
    return best >= 0 ? c->word[best] : NULL;
}

/* ---- groups with all their pictures */

/* The mean of each group's vectors, and of those in none, into zeroed centres: that program told means, not directions.  With the
 * service's lock held. */
static bool means(const ay_cluster_view *v, const ay_gallery *g, float *centres)
{
    size_t dim = (size_t)g->dim, groups = v->told.n, *had = ay_calloc(groups + 1, sizeof *had);

    for (size_t i = 0; had && i < g->nready; i++) {
        int32_t at = ay_cluster_set_find(v->set, g->items[i].member);
        size_t k = at >= 0 ? (size_t)v->at[at] : groups;
        had[k]++;
        for (size_t d = 0; d < dim; d++)
            centres[k * dim + d] += g->vectors[i * dim + d];
    }
    for (size_t k = 0; had && k <= groups; k++)
        for (size_t d = 0; had[k] && d < dim; d++)
            centres[k * dim + d] /= (float)had[k];
    ay_free(had);
    return had != NULL;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static ay_status collect(const ay_cluster_view *v, const ay_gallery *g, ay_arena *a, ay_plain_cluster **out, size_t *n, ay_err *err)
{
    size_t dim = (size_t)g->dim, groups = v->told.n, loose = v->told.outside + v->told.waiting;
    ay_plain_cluster *list = ay_arena_alloc(a, (groups + 1) * sizeof *list);
    float *centres = ay_arena_alloc(a, (groups + 1) * dim * sizeof *centres);

    *out = list;
    *n = 0;
    if (!list || !centres)
        return ay_fail(err, AY_ENOMEM, "the groups of %s", g->name);
    for (size_t k = 0; k <= groups; k++) {
        const ay_cluster *c = k < groups ? &v->told.cluster[k] : NULL;
        size_t most = c ? c->size : loose;
        list[k] = (ay_plain_cluster){.id = c ? c->id : 0, .name = c ? ay_arena_strdup(a, c->name) : "outliers",
                                     .centre = centres + k * dim, .member = ay_arena_alloc(a, (most + 1) * sizeof(int64_t))};
        if (!list[k].name || !list[k].member)
            return ay_fail(err, AY_ENOMEM, "the groups of %s", g->name);
    }
    for (size_t i = 0; i < g->n; i++) {
        int32_t at = ay_cluster_set_find(v->set, g->items[i].member);
        ay_plain_cluster *k = &list[at >= 0 ? (size_t)v->at[at] : groups];
        if (k->n < (at >= 0 ? v->told.cluster[v->at[at]].size : loose))
            k->member[k->n++] = g->items[i].member;
    }
    memset(centres, 0, (groups + 1) * dim * sizeof *centres);
    if (!means(v, g, centres))
        return ay_fail(err, AY_ENOMEM, "the groups of %s", g->name);
    for (size_t k = 0; k <= groups; k++)
        if (list[k].n) {
            qsort(list[k].member, list[k].n, sizeof *list[k].member, by_id);
            list[(*n)++] = list[k];
        }
    return AY_OK;
}

static ay_status categorise(ay_service *s, ay_plain_cluster *list, size_t n, int dim, ay_arena *a, ay_err *err)
{
    ay_categories object = {.n = 0}, background = {.n = 0};
    float *mean = ay_arena_alloc(a, 2 * (size_t)dim * sizeof *mean), *away = mean ? mean + dim : NULL;
    size_t all = 0;
    ay_status status;

    if (!mean)
        return ay_fail(err, AY_ENOMEM, "categories");
    if (!n || ay_wordy_pair(s, NULL) != AY_OK)
        return AY_OK;
    memset(mean, 0, (size_t)dim * sizeof *mean);
    for (size_t k = 0; k < n; k++)
        all += list[k].n;
    for (size_t k = 0; k < n && n > 1; k++)
        for (int d = 0; d < dim; d++)
            mean[d] += list[k].centre[d] * (float)list[k].n / (float)all;
    status = read_words(s, objects, CATEGORIES, "a photo of a %s", dim, a, &object, err);
    if (status == AY_OK)
        status = read_words(s, backgrounds, 5, "a photo with %s background", dim, a, &background, err);
    for (size_t k = 0; k < n && status == AY_OK; k++) {
        ay_unit(away, list[k].centre, dim);
        for (int d = 0; d < dim; d++)
            away[d] -= mean[d];
        list[k].object = nearest(&object, away);
        list[k].background = nearest(&background, away);
    }
    return status;
}

ay_status ay_clusters_plain(ay_service *s, const char *dataset, ay_arena *a, ay_plain_cluster **out, size_t *n, int *dim, ay_err *err)
{
    ay_cluster_view *v;
    const ay_gallery *g;
    int64_t id = 0;
    ay_status status = ay_clusters_to_read(s, dataset, &id, err);

    *n = 0;
    *dim = 0;
    if (status != AY_OK || !id)
        return status;
    ay_encoder_enter(s);
    status = ay_cluster_view_use(s, id, 0, &v, err);
    if (v) {
        pthread_rwlock_rdlock(&s->lock);
        g = ay_service_by_id(s, id);
        status = g ? collect(v, g, a, out, n, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
        *dim = v->told.dim;
        pthread_rwlock_unlock(&s->lock);
        ay_cluster_view_let(s, v);
    }
    if (status == AY_OK)
        status = categorise(s, *out, *n, *dim, a, err);
    ay_encoder_leave(s);
    return status;
}

/* ---- single pictures */

static const char *said(const ay_service *s, const ay_categories *c, const float *v)
{
    const ay_words_none *none = &s->words->none;
    float most = -1;
    int best = -1;

    for (int i = 0; i < c->n; i++) {
        float near = ay_dot(v, c->vectors + (size_t)i * (size_t)c->dim, c->dim);
        if (near > most) {
            most = near;
            best = i;
        }
    }
    if (best < 0 || (s->words->closed && (!none->known || ay_zeroshot_none_measured(none, most, c->n) >= AY_WORDS_NONE)))
        return NULL;
    return c->word[best];
}

/* Under ay_encoder_enter(). */
static ay_status say(ay_service *s, const char *dataset, const char *const *sha256, size_t n, ay_picture_says *out, ay_arena *a, ay_err *err)
{
    int dim = s->embedder.info->dim;
    ay_categories object = {.n = 0}, background = {.n = 0};
    ay_status status = read_words(s, objects, CATEGORIES, "a photo of a %s", dim, a, &object, err);
    ay_gallery *g;

    if (status == AY_OK)
        status = read_words(s, backgrounds, 5, "a photo with %s background", dim, a, &background, err);
    if (status != AY_OK)
        return status;
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    for (size_t i = 0; i < n && status == AY_OK && g->dim == dim; i++) {
        const ay_gallery_item *item = ay_gallery_find(g, sha256[i]);
        size_t at = item ? (size_t)(item - g->items) : g->n;
        if (at < g->nready) {
            const float *v = g->vectors + at * (size_t)dim;
            out[i] = (ay_picture_says){said(s, &object, v), said(s, &background, v)};
        }
    }
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_pictures_say(ay_service *s, const char *dataset, const char *const *sha256, size_t n, ay_picture_says *out, ay_err *err)
{
    ay_status status = AY_OK;
    ay_arena a;

    memset(out, 0, n * sizeof *out);
    ay_arena_init(&a, 0);
    ay_encoder_enter(s);
    if (n && ay_wordy_pair(s, NULL) == AY_OK)
        status = say(s, dataset, sha256, n, out, &a, err);
    ay_encoder_leave(s);
    ay_arena_fini(&a);
    return status;
}
