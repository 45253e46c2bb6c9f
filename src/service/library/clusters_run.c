/* service/library/clusters_run.c - groups made anew, and new pictures that join them.
 *
 * A run works on vectors of its own (clusters_rows.c), so that pictures come and go meanwhile, and looks at what is kept only when it
 * is done: what a person did meanwhile counts. */
#include "service/library/clusters_rows.h"

#include "base/clock.h"
#include "base/mem.h"
#include "service/library/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The share of a run's progress that grouping takes; names, labels of what was not drawn, and keeping are the rest. */
#define GROUPING 0.8
enum { HELD = -3, DENSITY_LEAST = 5, TRIES = 3 };
typedef ay_cluster_running running;

ay_status ay_clusters_check(const ay_clusters_request *rq, ay_err *err)
{
    static const char *const methods[] = {"auto", "stable", "kmeans", "batch", "density"};
    bool known = !rq->method || !*rq->method;

    for (size_t i = 0; i < sizeof methods / sizeof *methods && !known; i++)
        known = strcmp(rq->method, methods[i]) == 0;
    if (!known)
        return ay_fail(err, AY_EINVAL, "'method' is auto, stable, kmeans, batch or density, not \"%.40s\"", rq->method);
    if (rq->k < 0 || rq->k > AY_CLUSTERS_MOST)
        return ay_fail(err, AY_EINVAL, "'k' is 1 to %d groups, not %d", AY_CLUSTERS_MOST, rq->k);
    if (rq->least < 0 || rq->least > 1000000)
        return ay_fail(err, AY_EINVAL, "'least' is 1 to 1000000 pictures, not %d", rq->least);
    if (rq->method && strcmp(rq->method, "stable") == 0 && rq->k)
        return ay_fail(err, AY_EINVAL, "stable chooses the number of groups: leave 'k' out");
    if (rq->method && strcmp(rq->method, "density") == 0 && (rq->k || rq->least == 1))
        return ay_fail(err, AY_EINVAL, rq->k ? "density finds the number of groups itself: leave 'k' out"
                                             : "density needs 'least' of 2 or more");
    return AY_OK;
}

/* ---- groups and names */

static bool on_grouping(void *ctx, double done)
{
    const ay_cluster_task *t = ctx;

    return !t->progress || t->progress(t->ctx, done * GROUPING);
}

/* Groups that are too small are none. */
static void give_up_small(ay_groups *g, size_t n, size_t least)
{
    for (size_t i = 0; i < n; i++)
        if (g->label[i] >= 0 && g->group[g->label[i]].size < least) {
            g->label[i] = -1;
            g->outside++;
        }
}

static ay_status group(running *r, ay_err *err)
{
    const ay_cluster_task *t = r->t;
    bool density = strcmp(t->method, "density") == 0;
    ay_rows rows = {r->rows, r->n, r->dim};
    ay_groups_options o = {.way = density ? AY_GROUPS_DENSITY : t->k ? AY_GROUPS_NUMBER : AY_GROUPS_CHOOSE,
                           .k = t->k > r->held ? t->k - r->held : 1,
                           .least = t->least ? t->least : DENSITY_LEAST,
                           .stable = strcmp(t->method, "stable") == 0,
                           .batch = strcmp(t->method, "batch") == 0,
                           .seed = t->seed,
                           .threads = r->s->threads,
                           .progress = on_grouping,
                           .ctx = (void *)(uintptr_t)t};
    ay_status status = r->n ? ay_groups_make(&rows, &o, r->a, &r->g, err) : AY_OK;

    if (status == AY_OK && r->g.n + r->held > AY_CLUSTERS_MOST)
        status = ay_fail(err, AY_ELIMIT, "%d groups; at most %d are kept: ask for groups of more pictures ('least')",
                         r->g.n + r->held, AY_CLUSTERS_MOST);
    return status;
}

/* AY_EBUSY: the encoder changed meanwhile, begin again. */
static ay_status name(running *r, ay_err *err)
{
    ay_rows rows = {r->rows, r->n, r->dim};
    ay_status status;

    r->by = ay_arena_alloc(r->a, (size_t)(r->g.n + 1) * sizeof *r->by);
    if (!r->by)
        return ay_fail(err, AY_ENOMEM, "names for %d groups", r->g.n);
    ay_encoder_enter(r->s);
    if (strcmp(r->model, r->s->embedder.info->digest) != 0)
        status = ay_fail(err, AY_EBUSY, "the encoder was changed while the groups were made");
    else
        status = ay_clusters_name(r->s, &rows, r->told, &r->g, r->by, r->a, err);
    ay_encoder_leave(r->s);
    return status;
}

static bool on_labels(void *ctx, double done)
{
    const ay_cluster_task *t = ctx;

    return !t->progress || t->progress(t->ctx, GROUPING + (1 - GROUPING) * 0.8 * done);
}

/* ---- keeping; with `writing` held */

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* What each row was in; rows that a person has put into a held group meanwhile are in none now. */
static ay_status find_before(running *r, int32_t *was, bool *named, ay_err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        was[i] = ay_cluster_set_find(r->set, r->member[i]);
        if (was[i] >= 0 && ay_cluster_is_held(r, &r->set->cluster[was[i]])) {
            was[i] = AY_MATCH_NEW;
            r->g.label[i] = HELD;
        }
    }
    for (size_t k = 0; k < r->set->n; k++)
        named[k] = r->set->cluster[k].named_by == AY_NAMED_BY_PERSON;
    r->list = ay_arena_alloc(r->a, (r->set->n + (size_t)r->g.n + 2) * sizeof *r->list);
    return r->list ? AY_OK : ay_fail(err, AY_ENOMEM, "keeping groups");
}

/* The members with a label, in order; owned by the arena. */
static ay_status members_of(running *r, int32_t label, ay_store_cluster *out, ay_err *err)
{
    size_t n = 0;
    int64_t *ids;

    for (size_t i = 0; i < r->n; i++)
        n += r->g.label[i] == label;
    ids = ay_arena_alloc(r->a, (n + 1) * sizeof *ids);
    if (!ids)
        return ay_fail(err, AY_ENOMEM, "keeping groups");
    out->n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->g.label[i] == label)
            ids[out->n++] = r->member[i];
    qsort(ids, n, sizeof *ids, by_id);
    out->members = ids;
    return AY_OK;
}

/* New groups: with the number and name of what they were, or names that nothing else has. */
static ay_status list_new(running *r, const int *match, ay_err *err)
{
    const char **names = ay_arena_alloc(r->a, (r->set->n + (size_t)r->g.n + 1) * sizeof *names);
    ay_status status = names ? AY_OK : ay_fail(err, AY_ENOMEM, "keeping groups");
    size_t taken = 0;

    for (size_t k = 0; k < r->set->n && names; k++)
        if (ay_cluster_is_held(r, &r->set->cluster[k]))
            names[taken++] = r->set->cluster[k].name;
    for (int k = 0; k < r->g.n && names; k++)
        if (match[k] >= 0 && ay_cluster_name_stays(&r->set->cluster[match[k]], r->by[k], r->g.group[k].name))
            names[taken++] = r->set->cluster[match[k]].name;
    for (int k = 0; k < r->g.n && status == AY_OK; k++) {
        const ay_store_cluster *old = match[k] >= 0 ? &r->set->cluster[match[k]] : NULL;
        ay_store_cluster now = {.run = r->set->how.run + 1, .created_us = r->at_us, .named_by = r->by[k]};
        status = members_of(r, k, &now, err);
        if (status != AY_OK || !now.n)
            continue;
        if (old) {
            now.cluster = old->cluster;
            now.created_us = old->created_us;
        }
        if (old && ay_cluster_name_stays(old, r->by[k], r->g.group[k].name)) {
            now.name = old->name;
            now.named_by = old->named_by;
        } else {
            now.name = ay_cluster_name_free(r->g.group[k].name, names, taken, r->a);
            if (!now.name)
                return ay_fail(err, AY_ENOMEM, "keeping groups");
            names[taken++] = now.name;
        }
        r->list[r->nlist++] = now;
        r->same += old != NULL;
    }
    r->groups = (int)r->nlist;
    return status;
}

/* What was and is no more; what is in no group. */
static ay_status list_rest(running *r, ay_err *err)
{
    ay_store_cluster outside = {.cluster = r->set->outside.cluster, .kind = AY_CLUSTER_OUTSIDE, .name = "",
                                .run = r->set->how.run + 1, .created_us = r->at_us};
    size_t kept = r->nlist;
    ay_status status = members_of(r, -1, &outside, err);

    r->list[r->nlist++] = outside;
    for (size_t k = 0; k < r->set->n; k++) {
        bool stays = ay_cluster_is_held(r, &r->set->cluster[k]);
        for (size_t i = 0; i < kept && !stays; i++)
            stays = r->list[i].cluster == r->set->cluster[k].cluster;
        r->groups += ay_cluster_is_held(r, &r->set->cluster[k]);
        if (!stays)
            r->list[r->nlist++] = (ay_store_cluster){.cluster = r->set->cluster[k].cluster, .gone = true};
    }
    return status;
}

static ay_status list_all(running *r, ay_err *err)
{
    int32_t *was = ay_arena_alloc(r->a, (r->n + 1) * sizeof *was);
    bool *named = ay_arena_alloc(r->a, r->set->n + 1);
    int *match = ay_arena_alloc(r->a, (size_t)(r->g.n + 1) * sizeof *match);
    ay_status status;

    if (!was || !named || !match)
        return ay_fail(err, AY_ENOMEM, "keeping groups");
    status = find_before(r, was, named, err);
    if (status == AY_OK)
        status = ay_match_groups(was, (int)r->set->n, named, r->g.label, r->g.n, r->n, r->a, match, err);
    if (status == AY_OK)
        status = list_new(r, match, err);
    return status == AY_OK ? list_rest(r, err) : status;
}

/* Pictures in the rows of a part: what is more later has come (clusters_view.c). */
static int64_t count_kept(const running *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->nlist; i++)
        n += r->list[i].n;
    for (size_t k = 0; k < r->set->n; k++)
        n += ay_cluster_is_held(r, &r->set->cluster[k]) ? r->set->cluster[k].n : 0;
    return (int64_t)n;
}

static ay_status keep(running *r, ay_clusters_made *out, ay_err *err)
{
    const ay_cluster_task *t = r->t;
    ay_store_regroup how = {t->dataset, "cluster.run", r->dataset, t->by_person ? out->undo : NULL, t->scope};
    ay_store_grouping g = {.made_us = r->at_us, .method = t->method, .k = t->k, .least = t->least,
                           .silhouette = r->g.silhouette, .pictures = (int64_t)r->looked, .model = r->model,
                           .preprocess = r->preprocess};
    ay_status status;

    pthread_mutex_lock(&r->s->writing);
    r->set = ay_cluster_set_use(r->s, t->dataset, t->scope, err);
    status = r->set ? list_all(r, err) : AY_ENOTFOUND;
    if (status == AY_OK) {
        g.run = r->set->how.run + 1;
        g.pictures = t->scope ? count_kept(r) : g.pictures;
        status = ay_store_clusters_put(r->s->store, &how, &g, r->list, r->nlist, err);
    }
    if (status == AY_OK)
        status = ay_clusters_reload(r->s, r->set, err);
    if (r->set)
        ay_cluster_set_let(r->s, r->set);
    pthread_mutex_unlock(&r->s->writing);
    out->groups = r->groups;
    out->same = r->same;
    return status;
}

static ay_status make_once(ay_service *s, const ay_cluster_task *t, ay_clusters_made *out, ay_err *err)
{
    ay_arena a;
    running r = {.s = s, .t = t, .a = &a};
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_cluster_rows_copy(&r, err);
    if (status == AY_OK)
        status = group(&r, err);
    if (status == AY_OK)
        status = name(&r, err);
    if (status == AY_OK)
        status = ay_cluster_rows_label(&r, on_labels, (void *)(uintptr_t)t, err);
    if (status == AY_OK && strcmp(t->method, "density") != 0)
        give_up_small(&r.g, r.n, (size_t)t->least);
    if (status == AY_OK && t->progress && !t->progress(t->ctx, 0.97))
        status = ay_fail(err, AY_ECANCELLED, "stopped");
    if (status == AY_OK)
        status = keep(&r, out, err);
    ay_free(r.rows);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_clusters_make(ay_service *s, const ay_cluster_task *t, ay_clusters_made *out, ay_err *err)
{
    ay_status status = AY_EBUSY;

    *out = (ay_clusters_made){.groups = 0};
    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    for (int i = 0; i < TRIES && status == AY_EBUSY; i++)
        status = make_once(s, t, out, err);
    return status;
}

ay_status ay_clusters_run(ay_service *s, const ay_clusters_request *rq, bool (*progress)(void *ctx, double done), void *ctx,
                          ay_clusters_made *out, ay_err *err)
{
    ay_cluster_task t = {.method = rq->method && *rq->method ? rq->method : "auto", .k = rq->k, .least = rq->least,
                         .seed = rq->seed, .by_person = true, .progress = progress, .ctx = ctx};
    ay_status status = ay_clusters_check(rq, err);

    if (status == AY_OK)
        status = ay_clusters_dataset(s, rq->dataset, &t.dataset, err);
    if (status == AY_OK)
        status = ay_clusters_scope(s, t.dataset, rq->filter, &t.scope, err);
    return status == AY_OK ? ay_clusters_make(s, &t, out, err) : status;
}

/* ---- joining */

typedef struct {
    const ay_cluster_view *v;
    int64_t *member; /* new ones, with where each goes */
    int32_t *at;
    size_t n;
} joining;

static bool is_new(const joining *j, const ay_gallery *g, const uint8_t *in, size_t i)
{
    return (!in || in[i]) && ay_cluster_set_find(j->v->set, g->items[i].member) == CLUSTER_NEW;
}

/* With the service's lock held. */
static ay_status find_new(joining *j, const ay_gallery *g, const uint8_t *in, ay_arena *a, ay_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < g->nready; i++)
        n += is_new(j, g, in, i);
    j->member = ay_arena_alloc(a, (n + 1) * sizeof *j->member);
    j->at = ay_arena_alloc(a, (n + 1) * sizeof *j->at);
    if (!j->member || !j->at)
        return ay_fail(err, AY_ENOMEM, "finding the groups of %zu pictures", n);
    for (size_t i = 0; i < g->nready; i++)
        if (is_new(j, g, in, i)) {
            j->member[j->n] = g->items[i].member;
            j->at[j->n++] = ay_cluster_view_nearest(j->v, g->vectors + i * (size_t)g->dim);
        }
    return AY_OK;
}

/* Old members and those that join, in order. */
static ay_status grow(const joining *j, int32_t at, ay_store_cluster *k, ay_arena *a, ay_err *err)
{
    int64_t *ids = ay_arena_alloc(a, (k->n + j->n + 1) * sizeof *ids);
    size_t n = k->n;

    if (!ids)
        return ay_fail(err, AY_ENOMEM, "keeping groups");
    if (n)
        memcpy(ids, k->members, n * sizeof *ids);
    for (size_t i = 0; i < j->n; i++)
        if (j->at[i] == at)
            ids[n++] = j->member[i];
    qsort(ids, n, sizeof *ids, by_id);
    k->members = ids;
    k->n = n;
    return AY_OK;
}

static ay_status write_joined(ay_service *s, const joining *j, ay_arena *a, ay_err *err)
{
    const ay_cluster_set *set = j->v->set;
    ay_store_cluster *list = ay_arena_alloc(a, (set->n + 1) * sizeof *list);
    ay_store_regroup how = {set->dataset, "cluster.join", "", NULL, set->scope};
    ay_status status = list ? AY_OK : ay_fail(err, AY_ENOMEM, "keeping groups");
    size_t n = 0;

    for (int32_t at = CLUSTER_OUTSIDE; at < (int32_t)set->n && status == AY_OK; at++) {
        bool grows = false;
        for (size_t i = 0; i < j->n && !grows; i++)
            grows = j->at[i] == at;
        if (!grows)
            continue;
        list[n] = at < 0 ? set->outside : set->cluster[at];
        status = grow(j, at, &list[n++], a, err);
    }
    if (status == AY_OK)
        status = ay_store_clusters_put(s->store, &how, NULL, list, n, err);
    return status == AY_OK ? ay_clusters_reload(s, set, err) : status;
}

/* With writing held. */
static ay_status join_view(ay_service *s, joining *j, ay_arena *a, ay_err *err)
{
    const ay_gallery *g;
    uint8_t *in = NULL;
    ay_status status;

    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, j->v->set->dataset);
    status = g ? ay_cluster_scope_mask(s, g, j->v->set->filter, &in, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
    if (status == AY_OK)
        status = find_new(j, g, in, a, err);
    pthread_rwlock_unlock(&s->lock);
    ay_free(in);
    return status == AY_OK && j->n ? write_joined(s, j, a, err) : status;
}

/* The view is made before others are kept from writing: it may take a good part of a second.  A change in between leaves the new
 * ones to the next time. */
ay_status ay_clusters_join(ay_service *s, int64_t dataset, int64_t scope, size_t *n, ay_err *err)
{
    joining j = {.n = 0};
    ay_cluster_view *v;
    ay_cluster_set *now;
    ay_status status;
    ay_arena a;

    *n = 0;
    ay_arena_init(&a, 0);
    ay_encoder_enter(s);
    status = ay_cluster_view_use(s, dataset, scope, &v, err);
    j.v = v;
    if (v && v->set->how.run) {
        pthread_mutex_lock(&s->writing);
        now = ay_cluster_set_use(s, dataset, scope, err);
        if (now == v->set)
            status = join_view(s, &j, &a, err);
        if (now)
            ay_cluster_set_let(s, now);
        pthread_mutex_unlock(&s->writing);
    }
    if (v)
        ay_cluster_view_let(s, v);
    ay_encoder_leave(s);
    *n = j.n;
    ay_arena_fini(&a);
    return status;
}
