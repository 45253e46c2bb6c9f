/* service/library/clusters_read.c - groups as callers see them. */
#include "service/library/clusters_parts.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- all of a data set */

static bool copy_cluster(const ay_cluster *k, bool centre, int dim, ay_arena *a, ay_cluster *out)
{
    float *v = NULL;

    *out = *k;
    out->name = ay_arena_strdup(a, k->name);
    if (centre && (v = ay_arena_alloc(a, (size_t)dim * sizeof *v)))
        memcpy(v, k->centre, (size_t)dim * sizeof *v);
    out->centre = v;
    return out->name && (v || !centre);
}

static ay_status copy_view(const ay_cluster_view *v, bool centres, ay_arena *a, ay_clusters *out, ay_err *err)
{
    bool ok;

    *out = v->told;
    out->dataset = ay_arena_strdup(a, v->told.dataset);
    out->filter = ay_arena_strdup(a, v->told.filter);
    out->how.method = ay_arena_strdup(a, v->told.how.method);
    out->how.model = ay_arena_strdup(a, v->told.how.model);
    out->how.preprocess = ay_arena_strdup(a, v->told.how.preprocess);
    out->cluster = ay_arena_alloc(a, (v->told.n + 1) * sizeof *out->cluster);
    ok = out->dataset && out->filter && out->how.method && out->how.model && out->how.preprocess && out->cluster;
    out->n = 0;
    for (size_t k = 0; k < v->told.n && ok; k++)
        if (v->told.cluster[k].size)
            ok = copy_cluster(&v->told.cluster[k], centres, v->told.dim, a, &out->cluster[out->n++]);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "the groups of %s", v->told.dataset);
}

/* A filter that was never grouped: as many pictures as it means, all waiting. */
static ay_status count_meant(ay_service *s, int64_t dataset, const char *text, ay_arena *a, ay_clusters *out, ay_err *err)
{
    uint8_t *in = NULL;
    const ay_gallery *g;
    ay_status status;

    *out = (ay_clusters){.dataset_id = dataset, .how = {.method = "", .model = "", .preprocess = ""}, .dataset = "", .filter = text};
    pthread_rwlock_rdlock(&s->lock);
    g = dataset ? ay_service_by_id(s, dataset) : &s->no_library;
    status = g ? ay_cluster_scope_mask(s, g, text, &in, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted meanwhile");
    if (status == AY_OK) {
        out->dim = g->dim;
        for (size_t i = 0; i < g->n; i++)
            out->pictures += in[i];
        out->waiting = out->pictures;
        if (!(out->dataset = ay_arena_strdup(a, g->name)))
            status = ay_fail(err, AY_ENOMEM, "the groups of %s", g->name);
    }
    pthread_rwlock_unlock(&s->lock);
    ay_free(in);
    return status;
}

/* Which other filters of the data set have groups. */
static ay_status list_kept(ay_service *s, int64_t dataset, ay_arena *a, ay_clusters *out, ay_err *err)
{
    ay_cluster_set **list;
    size_t n = 0;
    ay_status status = ay_cluster_sets_use(s, dataset, a, &list, &n, err);

    out->kept = ay_arena_alloc(a, (n + 1) * sizeof *out->kept);
    out->nkept = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i]->scope && list[i]->how.run && out->kept && status == AY_OK) {
            ay_clusters_kept *k = &out->kept[out->nkept++];
            *k = (ay_clusters_kept){ay_arena_strdup(a, list[i]->filter), list[i]->n, list[i]->how.made_us};
            if (!k->filter)
                status = ay_fail(err, AY_ENOMEM, "reading groups");
        }
        ay_cluster_set_let(s, list[i]);
    }
    return status == AY_OK && !out->kept ? ay_fail(err, AY_ENOMEM, "reading groups") : status;
}

/* The data set and the scope (-1: none is kept) that a request means. */
static ay_status find_place(ay_service *s, const char *dataset, const ay_picture_filter *filter, ay_arena *a, int64_t *id, int64_t *scope,
                            const char **text, ay_err *err)
{
    ay_status status = ay_clusters_to_read(s, dataset, id, err);

    if (status == AY_OK)
        status = ay_cluster_scope_text(filter, a, text, err);
    if (status == AY_OK)
        *scope = ay_cluster_scope_find(s, *id, *text);
    return status;
}

ay_status ay_clusters_get(ay_service *s, const char *dataset, const ay_picture_filter *filter, bool centres, ay_arena *a, ay_clusters *out,
                          ay_err *err)
{
    ay_cluster_view *v = NULL;
    int64_t id = 0, scope = 0;
    const char *text;
    ay_status status = find_place(s, dataset, filter, a, &id, &scope, &text, err);

    if (status != AY_OK)
        return status;
    ay_encoder_enter(s);
    status = scope < 0 || !id ? count_meant(s, id, text, a, out, err) : ay_cluster_view_use(s, id, scope, &v, err);
    if (v)
        status = copy_view(v, centres, a, out, err);
    if (v)
        ay_cluster_view_let(s, v);
    ay_encoder_leave(s);
    if (status == AY_OK)
        status = list_kept(s, id, a, out, err);
    if (status == AY_OK)
        out->job = ay_clusters_job_of(s, id, scope);
    return status;
}

/* ---- one */

/* The view of the set that has it, and the place in its list. */
static ay_status view_with(ay_service *s, int64_t id, ay_cluster_view **out, const ay_cluster **k, ay_err *err)
{
    ay_cluster_view *v = NULL;
    ay_cluster_set *set;
    size_t at;
    ay_status status;

    *out = NULL;
    *k = NULL;
    set = ay_cluster_set_with(s, id, &at, err);
    if (!set)
        return AY_ENOTFOUND;
    status = ay_cluster_view_use(s, set->dataset, set->scope, &v, err);
    ay_cluster_set_let(s, set);
    for (size_t i = 0; v && i < v->told.n; i++)
        if (v->told.cluster[i].id == id)
            *k = &v->told.cluster[i];
    if (v && !*k) {
        ay_cluster_view_let(s, v);
        return ay_fail(err, AY_ENOTFOUND, "no group %lld", (long long)id);
    }
    *out = v;
    return status;
}

ay_status ay_clusters_one(ay_service *s, int64_t id, ay_arena *a, ay_cluster *out, const char **dataset, ay_err *err)
{
    const ay_cluster *k;
    ay_cluster_view *v;
    ay_status status;

    ay_encoder_enter(s);
    status = view_with(s, id, &v, &k, err);
    if (v && (!copy_cluster(k, true, v->told.dim, a, out) || !(*dataset = ay_arena_strdup(a, v->told.dataset))))
        status = ay_fail(err, AY_ENOMEM, "group %lld", (long long)id);
    if (v)
        ay_cluster_view_let(s, v);
    ay_encoder_leave(s);
    return status;
}

/* ---- pictures of one */

typedef struct {
    size_t row;
    int64_t member, added_us;
    float similarity;
} found;

static int nearest_first(const void *a, const void *b)
{
    const found *x = a, *y = b;

    if (x->similarity < y->similarity || x->similarity > y->similarity)
        return x->similarity < y->similarity ? 1 : -1;
    return (x->member > y->member) - (x->member < y->member);
}

static int farthest_first(const void *a, const void *b)
{
    return nearest_first(b, a);
}

static int newest_first(const void *a, const void *b)
{
    const found *x = a, *y = b;

    return x->added_us != y->added_us ? (x->added_us < y->added_us) - (x->added_us > y->added_us)
                                      : (x->member < y->member) - (x->member > y->member);
}

/* Rows of a group, or of none (k NULL); pictures without a vector come last. */
static found *find_rows(const ay_cluster_view *v, const ay_gallery *g, const uint8_t *in, const ay_cluster *k, size_t *n)
{
    found *list = ay_alloc(g->n + 1, sizeof *list);
    size_t dim = (size_t)g->dim;

    *n = 0;
    for (size_t i = 0; list && i < g->n; i++) {
        const ay_gallery_item *item = &g->items[i];
        int32_t at = ay_cluster_set_find(v->set, item->member);
        if ((in && !in[i]) || (k ? at < 0 || v->set->cluster[at].cluster != k->id : at >= 0))
            continue;
        list[(*n)++] = (found){i, item->member, item->added_us,
                               k && i < g->nready ? ay_dot(g->vectors + i * dim, k->centre, g->dim) : -2};
    }
    return list;
}

static bool is_outlier(const ay_cluster *k, const char *sha256)
{
    for (int i = 0; k && i < k->noutlier; i++)
        if (strcmp(k->outlier[i].sha256, sha256) == 0)
            return true;
    return false;
}

static bool tell(const ay_gallery *g, const found *f, const ay_cluster *k, ay_arena *a, ay_cluster_member *out)
{
    const ay_gallery_item *item = &g->items[f->row];
    const ay_gallery_class *c = &g->classes[item->klass];

    *out = (ay_cluster_member){.class_id = c->id, .unsorted = c->kind == AY_KIND_UNSORTED, .width = item->width,
                               .height = item->height, .added_us = item->added_us,
                               .similarity = f->similarity > -2 ? f->similarity : 0};
    memcpy(out->sha256, item->sha256, sizeof out->sha256);
    out->file = ay_arena_strdup(a, item->file);
    out->klass = ay_arena_strdup(a, c->name);
    out->outlier = is_outlier(k, item->sha256);
    return out->file && out->klass;
}

static ay_status list_rows(const ay_cluster_view *v, const ay_gallery *g, const uint8_t *in, const ay_cluster *k, bool far,
                           size_t offset, size_t limit, ay_arena *a, ay_cluster_member **out, size_t *n, size_t *total, ay_err *err)
{
    found *list = find_rows(v, g, in, k, total);
    bool ok = list != NULL;

    if (list)
        qsort(list, *total, sizeof *list, !k ? newest_first : far ? farthest_first : nearest_first);
    *out = ay_arena_alloc(a, (limit + 1) * sizeof **out);
    ok = ok && *out;
    for (*n = 0; ok && *n < limit && offset + *n < *total; (*n)++)
        ok = tell(g, &list[offset + *n], k, a, &(*out)[*n]);
    ay_free(list);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "the pictures of a group");
}

static ay_status list_view(ay_service *s, const ay_cluster_view *v, const ay_cluster *k, const char **dataset, bool far, size_t offset,
                           size_t limit, ay_arena *a, ay_cluster_member **out, size_t *n, size_t *total, ay_err *err)
{
    const ay_gallery *g;
    uint8_t *in = NULL;
    ay_status status;

    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, v->set->dataset);
    status = g ? ay_cluster_scope_mask(s, g, v->set->filter, &in, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
    if (status == AY_OK)
        status = list_rows(v, g, in, k, far, offset, limit, a, out, n, total, err);
    pthread_rwlock_unlock(&s->lock);
    ay_free(in);
    *dataset = ay_arena_strdup(a, v->told.dataset);
    return status == AY_OK && !*dataset ? ay_fail(err, AY_ENOMEM, "the pictures of a group") : status;
}

ay_status ay_clusters_pictures(ay_service *s, int64_t id, const char **dataset, const ay_picture_filter *filter, bool far, size_t offset,
                               size_t limit, ay_arena *a, ay_cluster_member **out, size_t *n, size_t *total, ay_err *err)
{
    const ay_cluster *k = NULL;
    ay_cluster_view *v = NULL;
    const char *text;
    int64_t of = 0, scope = 0;
    ay_status status = id ? AY_OK : find_place(s, *dataset, filter, a, &of, &scope, &text, err);

    if (status == AY_OK && scope < 0)
        status = ay_fail(err, AY_ENOTFOUND, "no groups are kept of what this filter means: make them first");
    if (status != AY_OK)
        return status;
    if (!id && !of) {
        *n = *total = 0;
        *dataset = s->no_library.name;
        return AY_OK;
    }
    ay_encoder_enter(s);
    status = id ? view_with(s, id, &v, &k, err) : ay_cluster_view_use(s, of, scope, &v, err);
    if (v) {
        status = list_view(s, v, k, dataset, far, offset, limit, a, out, n, total, err);
        ay_cluster_view_let(s, v);
    }
    ay_encoder_leave(s);
    return status;
}
