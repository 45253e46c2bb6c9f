/* service/library/clusters.c - groups in memory: read from the store, shared with readers, looked up. */
#include "service/library/clusters_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/library/clusters_open.h"
#include "service/library/clusters_rows.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <string.h>

/* A view of a data set of more pictures than this serves for a second, though pictures came. */
enum { LARGE = 5000, QUIET_MS = 10000 };

/* ---- sets */

static size_t slot_of(const ay_cluster_set *set, int64_t member)
{
    return (size_t)((uint64_t)member * 0x9E3779B97F4A7C15ull >> 20) & (set->slots - 1);
}

int32_t ay_cluster_set_find(const ay_cluster_set *set, int64_t member)
{
    if (!set->slots)
        return CLUSTER_NEW;
    for (size_t i = slot_of(set, member);; i = (i + 1) & (set->slots - 1)) {
        if (set->slot[i].member == member)
            return set->slot[i].at;
        if (!set->slot[i].member)
            return CLUSTER_NEW;
    }
}

static void enter(ay_cluster_set *set, const ay_store_cluster *k, int32_t at)
{
    for (size_t m = 0; m < k->n; m++) {
        size_t i = slot_of(set, k->members[m]);
        while (set->slot[i].member && set->slot[i].member != k->members[m])
            i = (i + 1) & (set->slots - 1);
        if (!set->slot[i].member || at >= 0)
            set->slot[i].at = at;
        set->slot[i].member = k->members[m];
    }
}

/* A group counts more than outside: an undo may bring back a group whose pictures were looked at since. */
static ay_status index_set(ay_cluster_set *set, ay_err *err)
{
    size_t all = set->outside.n;

    for (size_t i = 0; i < set->n; i++)
        all += set->cluster[i].n;
    for (set->slots = 64; set->slots < 2 * all; set->slots *= 2) {}
    set->slot = ay_arena_alloc(&set->arena, set->slots * sizeof *set->slot);
    if (!set->slot)
        return ay_fail(err, AY_ENOMEM, "the groups of %zu pictures", all);
    memset(set->slot, 0, set->slots * sizeof *set->slot);
    enter(set, &set->outside, CLUSTER_OUTSIDE);
    for (size_t i = 0; i < set->n; i++)
        enter(set, &set->cluster[i], (int32_t)i);
    return AY_OK;
}

static void set_free(ay_cluster_set *set)
{
    ay_arena_fini(&set->arena);
    ay_free(set);
}

static ay_status read_set(ay_service *s, int64_t dataset, int64_t scope, const char *filter, ay_cluster_set **out, ay_err *err)
{
    ay_cluster_set *set = ay_calloc(1, sizeof *set);
    ay_store_cluster *list = NULL;
    size_t n = 0;
    ay_status status;

    *out = NULL;
    if (!set)
        return ay_fail(err, AY_ENOMEM, "reading groups");
    ay_arena_init(&set->arena, 0);
    set->users = 1;
    set->dataset = dataset;
    set->scope = scope;
    set->filter = ay_arena_strdup(&set->arena, filter);
    set->outside = (ay_store_cluster){.kind = AY_CLUSTER_OUTSIDE, .name = ""};
    status = set->filter ? ay_store_clusters_get(s->store, dataset, scope, &set->arena, &set->how, &list, &n, err)
                         : ay_fail(err, AY_ENOMEM, "reading groups");
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == AY_CLUSTER_OUTSIDE)
            set->outside = list[i];
        else
            list[set->n++] = list[i];
    set->cluster = list;
    if (status == AY_OK)
        status = index_set(set, err);
    if (status != AY_OK)
        set_free(set);
    else
        *out = set;
    return status;
}

/* ---- who uses what; with the state's lock held */

static void unuse_set(ay_cluster_set *set)
{
    if (set && --set->users == 0)
        set_free(set);
}

static void unuse_view(ay_cluster_view *v)
{
    if (!v || --v->users > 0)
        return;
    unuse_set(v->set);
    ay_cluster_view_free(v);
}

static int place_of(const ay_clusters_state *c, int64_t dataset, int64_t scope)
{
    for (int i = 0; i < c->n; i++)
        if (c->set[i]->dataset == dataset && c->set[i]->scope == scope)
            return i;
    return -1;
}

/* Room for one more data set. */
static bool grow(ay_clusters_state *c)
{
    int cap = 2 * c->cap + 8;
    ay_cluster_set **set;
    ay_cluster_view **view;

    if (c->n < c->cap)
        return true;
    set = ay_realloc(c->set, (size_t)cap, sizeof *set);
    if (set)
        c->set = set;
    view = set ? ay_realloc(c->view, (size_t)cap, sizeof *view) : NULL;
    if (!view)
        return false;
    c->view = view;
    c->cap = cap;
    return true;
}

/* set becomes the one in force. */
static ay_status install(ay_clusters_state *c, ay_cluster_set *set, ay_err *err)
{
    ay_status status = AY_OK;
    int at;

    pthread_mutex_lock(&c->lock);
    set->revision = ++c->revision;
    at = place_of(c, set->dataset, set->scope);
    if (at < 0 && !grow(c)) {
        status = ay_fail(err, AY_ENOMEM, "reading groups");
        unuse_set(set);
    } else if (at < 0) {
        c->view[c->n] = NULL;
        c->set[c->n++] = set;
    } else {
        unuse_view(c->view[at]);
        c->view[at] = NULL;
        unuse_set(c->set[at]);
        c->set[at] = set;
    }
    pthread_mutex_unlock(&c->lock);
    return status;
}

ay_status ay_cluster_set_read(ay_service *s, int64_t dataset, int64_t scope, const char *filter, ay_err *err)
{
    ay_cluster_set *set;
    ay_status status = read_set(s, dataset, scope, filter, &set, err);

    return status == AY_OK ? install(s->clusters, set, err) : status;
}

ay_status ay_clusters_reload(ay_service *s, const ay_cluster_set *was, ay_err *err)
{
    return ay_cluster_set_read(s, was->dataset, was->scope, was->filter, err);
}

void ay_cluster_set_gone(ay_service *s, int64_t dataset, int64_t scope)
{
    ay_clusters_state *c = s->clusters;
    int at;

    pthread_mutex_lock(&c->lock);
    at = place_of(c, dataset, scope);
    if (at >= 0) {
        c->revision++; /* what was said of it is no more so */
        unuse_view(c->view[at]);
        unuse_set(c->set[at]);
        c->view[at] = c->view[--c->n];
        c->set[at] = c->set[c->n];
    }
    pthread_mutex_unlock(&c->lock);
}

/* Scopes in memory that the store has no more. */
static void drop_gone(ay_service *s, int64_t dataset, const ay_store_scope *list, size_t n)
{
    ay_clusters_state *c = s->clusters;
    int64_t gone;

    do {
        gone = 0;
        pthread_mutex_lock(&c->lock);
        for (int i = 0; i < c->n && !gone; i++) {
            bool there = c->set[i]->dataset != dataset || !c->set[i]->scope;
            for (size_t k = 0; k < n && !there; k++)
                there = list[k].scope == c->set[i]->scope;
            gone = there ? 0 : c->set[i]->scope;
        }
        pthread_mutex_unlock(&c->lock);
        if (gone)
            ay_cluster_set_gone(s, dataset, gone);
    } while (gone);
}

ay_status ay_clusters_reload_all(ay_service *s, int64_t dataset, ay_err *err)
{
    ay_store_scope *list = NULL;
    ay_status status;
    size_t n = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    status = ay_store_scopes_get(s->store, dataset, &a, &list, &n, err);
    if (status == AY_OK) {
        drop_gone(s, dataset, list, n);
        status = ay_cluster_set_read(s, dataset, 0, "", err);
    }
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_cluster_set_read(s, dataset, list[i].scope, list[i].filter, err);
    ay_arena_fini(&a);
    return status;
}

static ay_cluster_set *use_known(ay_service *s, int64_t dataset, int64_t scope)
{
    ay_clusters_state *c = s->clusters;
    ay_cluster_set *set = NULL;
    int at;

    pthread_mutex_lock(&c->lock);
    at = place_of(c, dataset, scope);
    if (at >= 0) {
        set = c->set[at];
        set->users++;
    }
    pthread_mutex_unlock(&c->lock);
    return set;
}

ay_cluster_set *ay_cluster_set_use(ay_service *s, int64_t dataset, int64_t scope, ay_err *err)
{
    ay_cluster_set *set = use_known(s, dataset, scope);

    if (set || ay_clusters_reload_all(s, dataset, err) != AY_OK)
        return set;
    set = use_known(s, dataset, scope);
    if (!set)
        ay_fail(err, AY_ENOTFOUND, "the groups of this filter are kept no more");
    return set;
}

ay_status ay_cluster_sets_use(ay_service *s, int64_t dataset, ay_arena *a, ay_cluster_set ***out, size_t *n, ay_err *err)
{
    ay_clusters_state *c = s->clusters;

    *n = 0;
    pthread_mutex_lock(&c->lock);
    *out = ay_arena_alloc(a, ((size_t)c->n + 1) * sizeof **out);
    for (int i = 0; i < c->n && *out; i++)
        if (!dataset || c->set[i]->dataset == dataset) {
            c->set[i]->users++;
            (*out)[(*n)++] = c->set[i];
        }
    pthread_mutex_unlock(&c->lock);
    return *out ? AY_OK : ay_fail(err, AY_ENOMEM, "reading groups");
}

void ay_cluster_set_let(ay_service *s, ay_cluster_set *set)
{
    pthread_mutex_lock(&s->clusters->lock);
    unuse_set(set);
    pthread_mutex_unlock(&s->clusters->lock);
}

ay_cluster_set *ay_cluster_set_with(ay_service *s, int64_t cluster, size_t *at, ay_err *err)
{
    ay_clusters_state *c = s->clusters;
    ay_cluster_set *set = NULL;

    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->n && !set; i++)
        for (size_t k = 0; k < c->set[i]->n && !set; k++)
            if (c->set[i]->cluster[k].cluster == cluster) {
                set = c->set[i];
                *at = k;
                set->users++;
            }
    pthread_mutex_unlock(&c->lock);
    if (!set)
        ay_fail(err, AY_ENOTFOUND, "no group %lld", (long long)cluster);
    return set;
}

int64_t ay_cluster_of(ay_service *s, int64_t dataset_id, int64_t member)
{
    ay_clusters_state *c = s->clusters;
    int64_t id = 0;
    int at;

    pthread_mutex_lock(&c->lock);
    at = place_of(c, dataset_id, 0);
    if (at >= 0) {
        int32_t k = ay_cluster_set_find(c->set[at], member);
        id = k >= 0 ? c->set[at]->cluster[k].cluster : 0;
    }
    pthread_mutex_unlock(&c->lock);
    return id;
}

/* ---- views */

/* What a filter means changes with classes, tags and the time ("7d"). */
static bool means_the_same(ay_service *s, const ay_cluster_view *v, const ay_gallery *g)
{
    return v->changes == g->changes && v->marks == s->marks->version && ay_clock_mono() - v->made < 60000000000ull;
}

static bool fits(ay_service *s, const ay_cluster_view *v, const ay_cluster_set *set, const ay_gallery *g, const char *model)
{
    if (!v || v->set != set || strcmp(v->model, model) != 0)
        return false;
    if (set->scope)
        return means_the_same(s, v, g);
    if (v->generation == g->generation && v->gallery_n == g->n && v->gallery_ready == g->nready)
        return true;
    return g->n > LARGE && ay_clock_mono() - v->made < 1000000000ull;
}

/* The kept view if it fits, used; the caller holds the service's lock. */
static ay_cluster_view *kept_view(ay_service *s, const ay_cluster_set *set, const ay_gallery *g)
{
    ay_clusters_state *c = s->clusters;
    ay_cluster_view *v = NULL;
    int at;

    pthread_mutex_lock(&c->lock);
    at = place_of(c, set->dataset, set->scope);
    if (at >= 0 && fits(s, c->view[at], set, g, s->embedder.info->digest)) {
        v = c->view[at];
        v->users++;
    }
    pthread_mutex_unlock(&c->lock);
    return v;
}

static void keep_view(ay_service *s, ay_cluster_view *v)
{
    ay_clusters_state *c = s->clusters;
    int at;

    pthread_mutex_lock(&c->lock);
    v->set->users++;
    at = place_of(c, v->set->dataset, v->set->scope);
    if (at >= 0 && c->set[at] == v->set) {
        unuse_view(c->view[at]);
        c->view[at] = v;
        v->users++;
    }
    pthread_mutex_unlock(&c->lock);
}

/* With the service's lock held. */
static ay_status make_view(ay_service *s, ay_cluster_set *set, const ay_gallery *g, ay_cluster_view **out, ay_err *err)
{
    uint64_t marks = s->marks->version; /* before the filter is asked: a change in between makes the view anew */
    uint8_t *in = NULL;
    ay_status status = ay_cluster_scope_mask(s, g, set->filter, &in, err);

    if (status == AY_OK)
        status = ay_cluster_view_make(set, g, in, s->embedder.info, out, err);
    ay_free(in);
    if (status != AY_OK)
        return status;
    (*out)->changes = g->changes;
    (*out)->marks = marks;
    keep_view(s, *out);
    return AY_OK;
}

ay_status ay_cluster_view_use(ay_service *s, int64_t dataset, int64_t scope, ay_cluster_view **out, ay_err *err)
{
    ay_cluster_set *set = ay_cluster_set_use(s, dataset, scope, err);
    ay_status status = AY_OK;
    const ay_gallery *g;

    *out = NULL;
    if (!set)
        return scope ? AY_ENOTFOUND : AY_EBUSY;
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, dataset);
    if (!g)
        status = ay_fail(err, AY_ENOTFOUND, "the data set was deleted meanwhile");
    else if (!(*out = kept_view(s, set, g)))
        status = make_view(s, set, g, out, err);
    pthread_rwlock_unlock(&s->lock);
    ay_cluster_set_let(s, set);
    return status;
}

void ay_cluster_view_let(ay_service *s, ay_cluster_view *v)
{
    pthread_mutex_lock(&s->clusters->lock);
    unuse_view(v);
    pthread_mutex_unlock(&s->clusters->lock);
}

/* ---- data sets */

ay_status ay_clusters_to_read(ay_service *s, const char *dataset, int64_t *id, ay_err *err)
{
    ay_status status;
    ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, ay_library_read(dataset), &g, err);
    *id = status == AY_OK ? g->id : 0;
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_clusters_dataset(ay_service *s, const char *dataset, int64_t *id, ay_err *err)
{
    const char *name = NULL;
    ay_status status;
    ay_gallery *g;
    ay_arena a;

    ay_arena_init(&a, 0);
    status = ay_library_or(s, dataset, &a, &name, err);
    if (status == AY_OK) {
        pthread_rwlock_rdlock(&s->lock);
        status = ay_service_find(s, name, &g, err);
        *id = status == AY_OK ? g->id : 0;
        pthread_rwlock_unlock(&s->lock);
    }
    ay_arena_fini(&a);
    return status;
}

/* ---- open and close */

ay_status ay_clusters_open(ay_service *s, ay_err *err)
{
    ay_clusters_state *c = ay_calloc(1, sizeof *c);
    ay_status status = AY_OK;

    if (!c)
        return ay_fail(err, AY_ENOMEM, "opening %s", s->data);
    c->quiet_ms = QUIET_MS;
    c->drawn = AY_CLUSTER_DRAWN;
    pthread_mutex_init(&c->lock, NULL);
    s->clusters = c;
    ay_clusters_offer(s);
    for (int i = 0; i < s->ngalleries && status == AY_OK; i++)
        status = ay_clusters_reload_all(s, s->galleries[i]->id, err);
    return status;
}

void ay_clusters_close(ay_service *s)
{
    ay_clusters_state *c = s->clusters;

    if (!c)
        return;
    for (int i = 0; i < c->n; i++) {
        unuse_view(c->view[i]);
        unuse_set(c->set[i]);
    }
    ay_free(c->view);
    ay_free(c->set);
    pthread_mutex_destroy(&c->lock);
    ay_free(c);
    s->clusters = NULL;
}

void ay_clusters_forget(ay_service *s, int64_t dataset)
{
    ay_err err = {{0}};

    if (!s->clusters || ay_clusters_reload_all(s, dataset, &err) == AY_OK)
        return;
    ay_log(AY_LOG_WARN, "service", "reading groups again: %s", err.msg);
    s->doubt = true; /* the keeper reads all of it again when the store is back */
}
