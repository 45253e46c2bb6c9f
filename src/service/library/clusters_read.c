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
    out->how.method = ay_arena_strdup(a, v->told.how.method);
    out->how.model = ay_arena_strdup(a, v->told.how.model);
    out->how.preprocess = ay_arena_strdup(a, v->told.how.preprocess);
    out->cluster = ay_arena_alloc(a, (v->told.n + 1) * sizeof *out->cluster);
    ok = out->dataset && out->how.method && out->how.model && out->how.preprocess && out->cluster;
    out->n = 0;
    for (size_t k = 0; k < v->told.n && ok; k++)
        if (v->told.cluster[k].size)
            ok = copy_cluster(&v->told.cluster[k], centres, v->told.dim, a, &out->cluster[out->n++]);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "the groups of %s", v->told.dataset);
}

ay_status ay_clusters_get(ay_service *s, const char *dataset, bool centres, ay_arena *a, ay_clusters *out, ay_err *err)
{
    ay_cluster_view *v;
    int64_t id = 0;
    ay_status status = ay_clusters_dataset(s, dataset, &id, err);

    if (status != AY_OK)
        return status;
    ay_encoder_enter(s);
    v = ay_cluster_view_use(s, id, err);
    status = v ? copy_view(v, centres, a, out, err) : AY_EBUSY;
    if (v)
        ay_cluster_view_let(s, v);
    ay_encoder_leave(s);
    if (status == AY_OK)
        out->job = ay_clusters_job_of(s, id);
    return status;
}

/* ---- one */

/* The view of the data set that has it, and the place in its list; NULL with err set. */
static ay_cluster_view *view_with(ay_service *s, int64_t id, const ay_cluster **k, ay_err *err)
{
    ay_cluster_view *v = NULL;
    ay_cluster_set *set;
    size_t at;

    set = ay_cluster_set_with(s, id, &at, err);
    if (!set)
        return NULL;
    v = ay_cluster_view_use(s, set->dataset, err);
    ay_cluster_set_let(s, set);
    *k = NULL;
    for (size_t i = 0; v && i < v->told.n; i++)
        if (v->told.cluster[i].id == id)
            *k = &v->told.cluster[i];
    if (v && !*k) {
        ay_cluster_view_let(s, v);
        ay_fail(err, AY_ENOTFOUND, "no group %lld", (long long)id);
        return NULL;
    }
    return v;
}

ay_status ay_clusters_one(ay_service *s, int64_t id, ay_arena *a, ay_cluster *out, const char **dataset, ay_err *err)
{
    const ay_cluster *k;
    ay_cluster_view *v;
    ay_status status = AY_OK;

    ay_encoder_enter(s);
    v = view_with(s, id, &k, err);
    if (!v)
        status = AY_ENOTFOUND;
    else if (!copy_cluster(k, true, v->told.dim, a, out) || !(*dataset = ay_arena_strdup(a, v->told.dataset)))
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
static found *find_rows(const ay_cluster_view *v, const ay_gallery *g, const ay_cluster *k, size_t *n)
{
    found *list = ay_alloc(g->n + 1, sizeof *list);
    size_t dim = (size_t)g->dim;

    *n = 0;
    for (size_t i = 0; list && i < g->n; i++) {
        const ay_gallery_item *item = &g->items[i];
        int32_t at = ay_cluster_set_find(v->set, item->member);
        if (k ? at < 0 || v->set->cluster[at].cluster != k->id : at >= 0)
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

static ay_status list_rows(const ay_cluster_view *v, const ay_gallery *g, const ay_cluster *k, bool far, size_t offset,
                           size_t limit, ay_arena *a, ay_cluster_member **out, size_t *n, size_t *total, ay_err *err)
{
    found *list = find_rows(v, g, k, total);
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

ay_status ay_clusters_pictures(ay_service *s, int64_t id, const char **dataset, bool far, size_t offset, size_t limit, ay_arena *a,
                               ay_cluster_member **out, size_t *n, size_t *total, ay_err *err)
{
    const ay_cluster *k = NULL;
    ay_cluster_view *v = NULL;
    const ay_gallery *g;
    int64_t of = 0;
    ay_status status = id ? AY_OK : ay_clusters_dataset(s, *dataset, &of, err);

    if (status != AY_OK)
        return status;
    ay_encoder_enter(s);
    v = id ? view_with(s, id, &k, err) : ay_cluster_view_use(s, of, err);
    if (v) {
        pthread_rwlock_rdlock(&s->lock);
        g = ay_service_by_id(s, v->set->dataset);
        status = g ? list_rows(v, g, k, far, offset, limit, a, out, n, total, err)
                   : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
        pthread_rwlock_unlock(&s->lock);
        *dataset = ay_arena_strdup(a, v->told.dataset);
        if (!*dataset && status == AY_OK)
            status = ay_fail(err, AY_ENOMEM, "the pictures of a group");
        ay_cluster_view_let(s, v);
    } else {
        status = id ? AY_ENOTFOUND : AY_EBUSY;
    }
    ay_encoder_leave(s);
    return status;
}
