/* service/library/clusters_scope.c - groups of what a filter means: which there are, and which pictures that is now.
 *
 * The filter is kept as it was written and asked again whenever its groups are looked at: "unsorted" and "since 7d" mean other pictures
 * tomorrow.  A few are kept a data set; the one made longest ago that nobody named, pinned or changed gives way. */
#include "service/library/clusters_parts.h"

#include "base/mem.h"

#include <jansson.h>
#include <string.h>

ay_status ay_cluster_scope_text(const ay_picture_filter *f, ay_arena *a, const char **out, ay_err *err)
{
    json_t *told;
    char *text = NULL;
    size_t n;

    *out = "";
    if (!f || !f->n)
        return AY_OK;
    for (int i = 0; i < f->n; i++)
        if (f->list[i].field == AY_FILTER_CLUSTER)
            return ay_fail(err, AY_EINVAL, "groups are not made of a group's pictures: split the group instead");
    told = ay_filter_told(f);
    n = told ? json_dumpb(told, NULL, 0, JSON_COMPACT) : 0;
    if (n && (text = ay_arena_alloc(a, n + 1))) {
        json_dumpb(told, text, n, JSON_COMPACT);
        text[n] = '\0';
        *out = text;
    }
    json_decref(told);
    return text ? AY_OK : ay_fail(err, AY_ENOMEM, "reading a filter");
}

int64_t ay_cluster_scope_find(ay_service *s, int64_t dataset, const char *text)
{
    ay_clusters_state *c = s->clusters;
    int64_t scope = *text ? -1 : 0;

    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->n && scope < 0; i++)
        if (c->set[i]->dataset == dataset && c->set[i]->scope && strcmp(c->set[i]->filter, text) == 0)
            scope = c->set[i]->scope;
    pthread_mutex_unlock(&c->lock);
    return scope;
}

static bool is_a_persons(const ay_cluster_set *set)
{
    for (size_t k = 0; k < set->n; k++)
        if (set->cluster[k].pinned || set->cluster[k].by_hand || set->cluster[k].named_by == AY_NAMED_BY_PERSON)
            return true;
    return false;
}

static ay_status drop(ay_service *s, int64_t dataset, int64_t scope, ay_err *err)
{
    ay_status status = ay_store_scope_drop(s->store, dataset, scope, err);

    if (status == AY_OK)
        ay_cluster_set_gone(s, dataset, scope);
    return status;
}

/* Room for one more; with writing held. */
static ay_status give_way(ay_service *s, int64_t dataset, ay_err *err)
{
    const ay_cluster_set *oldest = NULL;
    ay_cluster_set **list;
    size_t n = 0, scopes = 0;
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    status = ay_cluster_sets_use(s, dataset, &a, &list, &n, err);
    for (size_t i = 0; i < n; i++) {
        scopes += list[i]->scope != 0;
        if (list[i]->scope && !is_a_persons(list[i]) && !ay_clusters_job_of(s, dataset, list[i]->scope) &&
            (!oldest || list[i]->how.made_us < oldest->how.made_us))
            oldest = list[i];
    }
    if (status == AY_OK && scopes >= AY_CLUSTERS_FILTERS)
        status = oldest ? drop(s, dataset, oldest->scope, err)
                        : ay_fail(err, AY_ELIMIT, "the groups of %d filters are kept, and somebody named, pinned or changed groups of each:"
                                  " forget one of them first (DELETE /v1/clusters with its filter)", AY_CLUSTERS_FILTERS);
    for (size_t i = 0; i < n; i++)
        ay_cluster_set_let(s, list[i]);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_cluster_scope_make(ay_service *s, int64_t dataset, const char *text, int64_t *scope, ay_err *err)
{
    ay_status status = AY_OK;

    pthread_mutex_lock(&s->writing);
    *scope = ay_cluster_scope_find(s, dataset, text);
    if (*scope < 0) {
        status = give_way(s, dataset, err);
        if (status == AY_OK)
            status = ay_store_scope_put(s->store, dataset, text, scope, err);
        if (status == AY_OK)
            status = ay_cluster_set_read(s, dataset, *scope, text, err);
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

ay_status ay_cluster_scope_mask(ay_service *s, const ay_gallery *g, const char *text, uint8_t **in, ay_err *err)
{
    ay_picture_filter f = {.n = 0};
    ay_status status;
    json_t *root;
    ay_arena a;

    *in = NULL;
    if (!*text)
        return AY_OK;
    ay_arena_init(&a, 0);
    root = json_loads(text, 0, NULL);
    status = root ? ay_filter_json(&f, &a, root, err) : ay_fail(err, AY_ECORRUPT, "the filter of these groups cannot be read");
    if (status == AY_OK && !(*in = ay_alloc(g->n + 1, 1)))
        status = ay_fail(err, AY_ENOMEM, "finding %zu pictures", g->n);
    if (status == AY_OK)
        status = ay_filter_mask(s, g, &f, *in, err);
    if (status != AY_OK) {
        ay_free(*in);
        *in = NULL;
    }
    json_decref(root);
    ay_arena_fini(&a);
    return status;
}

/* Asked once before it is kept: a mistyped name makes none. */
static ay_status check_filter(ay_service *s, int64_t dataset, const char *text, ay_err *err)
{
    const ay_gallery *g;
    uint8_t *in = NULL;
    ay_status status;

    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, dataset);
    status = g ? ay_cluster_scope_mask(s, g, text, &in, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
    pthread_rwlock_unlock(&s->lock);
    ay_free(in);
    return status;
}

ay_status ay_clusters_scope(ay_service *s, int64_t dataset, const ay_picture_filter *f, int64_t *scope, ay_err *err)
{
    const char *text = "";
    ay_status status;
    ay_arena a;

    *scope = 0;
    ay_arena_init(&a, 0);
    status = ay_cluster_scope_text(f, &a, &text, err);
    if (status == AY_OK && *text && s->reading_only)
        status = ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (status == AY_OK && *text)
        status = check_filter(s, dataset, text, err);
    if (status == AY_OK && *text)
        status = ay_cluster_scope_make(s, dataset, text, scope, err);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_clusters_drop(ay_service *s, const char *dataset, const ay_picture_filter *filter, ay_err *err)
{
    int64_t id = 0, scope;
    const char *text = "";
    ay_status status = ay_clusters_to_read(s, dataset, &id, err);
    ay_arena a;

    ay_arena_init(&a, 0);
    if (status == AY_OK)
        status = ay_cluster_scope_text(filter, &a, &text, err);
    if (status == AY_OK && !*text)
        status = ay_fail(err, AY_EINVAL, "only the groups of a filter can be forgotten: give one, as class=phones");
    if (status == AY_OK && s->reading_only)
        status = ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (status == AY_OK) {
        pthread_mutex_lock(&s->writing);
        scope = ay_cluster_scope_find(s, id, text);
        status = scope < 0 ? ay_fail(err, AY_ENOTFOUND, "no groups are kept of what this filter means") : drop(s, id, scope, err);
        pthread_mutex_unlock(&s->writing);
    }
    ay_arena_fini(&a);
    return status;
}
