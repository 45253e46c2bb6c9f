/* service/library/clusters_change.c - what a person does with groups.
 *
 * Each is one write of the store with an undo token, under `writing`; memory is read again from the store. */
#include "service/library/clusters_parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPLIT_MOST = 100, SPLIT_CHOOSE = 8, TRIES = 3 };

static ay_status may_write(const ay_service *s, ay_err *err)
{
    return s->reading_only ? ay_fail(err, AY_EBUSY, "another process has the data folder open for writing") : AY_OK;
}

/* With writing held: keep it, read it again, tell the pages. */
static ay_status put(ay_service *s, const ay_cluster_set *set, const char *what, const char *subject, ay_store_cluster *list, size_t n,
                     char *undo, ay_err *err)
{
    ay_store_regroup how = {set->dataset, what, subject, undo, set->scope};
    ay_status status = ay_store_clusters_put(s->store, &how, NULL, list, n, err);
    const ay_gallery *g;

    if (status == AY_OK)
        status = ay_clusters_reload(s, set, err);
    if (status != AY_OK)
        return status;
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, set->dataset);
    ay_service_tell(s, "dataset", g ? g->name : "", 0);
    pthread_rwlock_unlock(&s->lock);
    return AY_OK;
}

/* ---- name and pin */

static ay_status change_one(ay_service *s, int64_t id, const char *what, const char *name, const bool *pinned,
                            char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_store_cluster k;
    ay_cluster_set *set;
    ay_status status = may_write(s, err);
    size_t at;

    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->writing);
    set = ay_cluster_set_with(s, id, &at, err);
    if (set) {
        k = set->cluster[at];
        if (name) {
            k.name = name;
            k.named_by = AY_NAMED_BY_PERSON;
        }
        if (pinned)
            k.pinned = *pinned;
        status = put(s, set, what, k.name, &k, 1, undo, err);
        ay_cluster_set_let(s, set);
    }
    pthread_mutex_unlock(&s->writing);
    return set ? status : AY_ENOTFOUND;
}

static ay_status trim(const char *name, char text[AY_NAME_MAX + 1], char **out, ay_err *err)
{
    char copy[4 * AY_NAME_MAX];

    if (strlen(name) >= sizeof copy)
        return ay_fail(err, AY_EINVAL, "a group's name has at most %d bytes", AY_NAME_MAX);
    strcpy(copy, name);
    *out = ay_str_trim(copy);
    if (!**out)
        return ay_fail(err, AY_EINVAL, "a group's name is not blank");
    if (strlen(*out) > AY_NAME_MAX)
        return ay_fail(err, AY_EINVAL, "a group's name has at most %d bytes, not %zu", AY_NAME_MAX, strlen(*out));
    strcpy(text, *out);
    *out = text;
    return AY_OK;
}

ay_status ay_cluster_change(ay_service *s, int64_t id, const char *name, const bool *pinned, char undo[AY_UNDO_SIZE], ay_err *err)
{
    char text[AY_NAME_MAX + 1], *word = NULL;
    ay_status status = name ? trim(name, text, &word, err) : AY_OK;

    return status == AY_OK
               ? change_one(s, id, word ? "cluster.rename" : pinned && *pinned ? "cluster.pin" : "cluster.unpin", word, pinned, undo, err)
               : status;
}

ay_status ay_cluster_rename(ay_service *s, int64_t id, const char *name, char undo[AY_UNDO_SIZE], ay_err *err)
{
    return ay_cluster_change(s, id, name, NULL, undo, err);
}

ay_status ay_cluster_pin(ay_service *s, int64_t id, bool pinned, char undo[AY_UNDO_SIZE], ay_err *err)
{
    return ay_cluster_change(s, id, NULL, &pinned, undo, err);
}

/* ---- merge */

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Where the groups are in the set. */
static ay_status find_all(const ay_cluster_set *set, const int64_t *ids, size_t n, size_t *at, ay_err *err)
{
    for (size_t i = 0; i < n; i++) {
        for (at[i] = 0; at[i] < set->n && set->cluster[at[i]].cluster != ids[i]; at[i]++) {}
        if (at[i] == set->n)
            return ay_fail(err, AY_EINVAL, "group %lld is not among the groups of the data set (or filter) of group %lld", (long long)ids[i],
                           (long long)ids[0]);
        for (size_t k = 0; k < i; k++)
            if (ids[k] == ids[i])
                return ay_fail(err, AY_EINVAL, "group %lld is named twice", (long long)ids[i]);
    }
    return AY_OK;
}

static size_t choose_survivor(const ay_cluster_set *set, const size_t *at, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++) {
        const ay_store_cluster *x = &set->cluster[at[i]], *y = &set->cluster[at[best]];
        bool px = x->named_by == AY_NAMED_BY_PERSON, py = y->named_by == AY_NAMED_BY_PERSON;
        if (px != py ? px : x->n > y->n)
            best = i;
    }
    return best;
}

static ay_status merge_in(ay_service *s, const ay_cluster_set *set, const size_t *at, size_t n, const char *name, int64_t *id,
                          char *undo, ay_arena *a, ay_err *err)
{
    size_t best = choose_survivor(set, at, n), all = 0, many = 0;
    ay_store_cluster *list = ay_arena_alloc(a, n * sizeof *list);
    int64_t *members;

    for (size_t i = 0; i < n; i++)
        all += set->cluster[at[i]].n;
    members = ay_arena_alloc(a, (all + 1) * sizeof *members);
    if (!list || !members)
        return ay_fail(err, AY_ENOMEM, "merging %zu groups", n);
    list[0] = set->cluster[at[best]];
    for (size_t i = 0, next = 1; i < n; i++) {
        const ay_store_cluster *k = &set->cluster[at[i]];
        if (k->n)
            memcpy(members + many, k->members, k->n * sizeof *members);
        many += k->n;
        list[0].pinned |= k->pinned;
        if (i != best)
            list[next++] = (ay_store_cluster){.cluster = k->cluster, .gone = true};
    }
    qsort(members, many, sizeof *members, by_id);
    list[0].members = members;
    list[0].n = many;
    list[0].by_hand = true;
    if (name) {
        list[0].name = name;
        list[0].named_by = AY_NAMED_BY_PERSON;
    }
    *id = list[0].cluster;
    return put(s, set, "cluster.merge", list[0].name, list, n, undo, err);
}

ay_status ay_cluster_merge(ay_service *s, const int64_t *ids, size_t n, const char *name, int64_t *id, char undo[AY_UNDO_SIZE],
                           ay_err *err)
{
    char text[AY_NAME_MAX + 1], *word = NULL;
    ay_cluster_set *set;
    ay_status status = may_write(s, err);
    size_t *at, first;
    ay_arena a;

    if (status == AY_OK && (n < 2 || n > AY_CLUSTERS_MOST))
        status = ay_fail(err, AY_EINVAL, "two groups or more are merged, not %zu", n);
    if (status == AY_OK && name && *name)
        status = trim(name, text, &word, err);
    if (status != AY_OK)
        return status;
    ay_arena_init(&a, 0);
    pthread_mutex_lock(&s->writing);
    set = ay_cluster_set_with(s, ids[0], &first, err);
    at = ay_arena_alloc(&a, n * sizeof *at);
    if (!set)
        status = AY_ENOTFOUND;
    else if (!at)
        status = ay_fail(err, AY_ENOMEM, "merging %zu groups", n);
    if (status == AY_OK)
        status = find_all(set, ids, n, at, err);
    if (status == AY_OK)
        status = merge_in(s, set, at, n, word, id, undo, &a, err);
    if (set)
        ay_cluster_set_let(s, set);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}

/* ---- split */

typedef struct {
    ay_service *s;
    ay_arena *a;
    int64_t id;
    int k;
    ay_cluster_set *set;
    size_t at;
    int64_t *member; /* of each row */
    ay_cluster_told *told;
    float *rows;
    size_t n;
    int dim;
    ay_groups g;
    int *by;
} splitting;

/* With the service's lock held. */
static ay_status copy_rows(splitting *p, const ay_gallery *g, const uint8_t *in, ay_err *err)
{
    size_t most = p->set->cluster[p->at].n, dim = (size_t)g->dim;
    const char **classes = ay_cluster_class_names(g, p->a);

    p->dim = g->dim;
    p->member = ay_arena_alloc(p->a, (most + 1) * sizeof *p->member);
    p->told = ay_arena_alloc(p->a, (most + 1) * sizeof *p->told);
    p->rows = ay_alloc(most * dim + 1, sizeof *p->rows);
    if (!p->member || !p->told || !p->rows || !classes)
        return ay_fail(err, AY_ENOMEM, "splitting a group");
    for (size_t i = 0; i < g->nready && p->n < most; i++) {
        if ((in && !in[i]) || ay_cluster_set_find(p->set, g->items[i].member) != (int32_t)p->at)
            continue;
        p->member[p->n] = g->items[i].member;
        p->told[p->n] = (ay_cluster_told){ay_arena_strdup(p->a, g->items[i].file), classes[g->items[i].klass]};
        if (!p->told[p->n].file)
            return ay_fail(err, AY_ENOMEM, "splitting a group");
        memcpy(p->rows + p->n++ * dim, g->vectors + i * dim, dim * sizeof *p->rows);
    }
    return AY_OK;
}

static ay_status find_parts(splitting *p, ay_err *err)
{
    ay_rows rows;
    ay_groups_options o = {.way = p->k ? AY_GROUPS_NUMBER : AY_GROUPS_CHOOSE, .k = p->k, .most = SPLIT_CHOOSE, .seed = 42,
                           .threads = p->s->threads};
    const ay_gallery *g;
    uint8_t *in = NULL;
    ay_status status;

    pthread_rwlock_rdlock(&p->s->lock);
    g = ay_service_by_id(p->s, p->set->dataset);
    status = g ? ay_cluster_scope_mask(p->s, g, p->set->filter, &in, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
    if (status == AY_OK)
        status = copy_rows(p, g, in, err);
    pthread_rwlock_unlock(&p->s->lock);
    ay_free(in);
    if (status == AY_OK && p->n < (size_t)(p->k ? p->k : 2))
        status = ay_fail(err, AY_ECONFLICT, "the group has %zu pictures with a vector: too few for %d parts", p->n,
                         p->k ? p->k : 2);
    rows = (ay_rows){p->rows, p->n, p->dim};
    if (status == AY_OK)
        status = ay_groups_make(&rows, &o, p->a, &p->g, err);
    if (status == AY_OK && p->g.n < 2)
        status = ay_fail(err, AY_ECONFLICT, "the pictures of the group are too much alike to be split");
    if (status == AY_OK && !(p->by = ay_arena_alloc(p->a, (size_t)p->g.n * sizeof *p->by)))
        status = ay_fail(err, AY_ENOMEM, "splitting a group");
    return status == AY_OK ? ay_clusters_name(p->s, &rows, p->told, &p->g, p->by, p->a, err) : status;
}

/* Members of part i; those of the group that have no vector, or that the filter does not mean now, go with the first. */
static ay_status part_members(const splitting *p, int part, ay_store_cluster *out, ay_err *err)
{
    const ay_store_cluster *whole = &p->set->cluster[p->at];
    int64_t *ids = ay_arena_alloc(p->a, (whole->n + 1) * sizeof *ids), *sorted;
    size_t n = 0, m = p->n;

    sorted = ay_arena_alloc(p->a, (m + 1) * sizeof *sorted);
    if (!ids || !sorted)
        return ay_fail(err, AY_ENOMEM, "splitting a group");
    for (size_t i = 0; i < p->n; i++)
        if (p->g.label[i] == part)
            ids[n++] = p->member[i];
    memcpy(sorted, p->member, m * sizeof *sorted);
    qsort(sorted, m, sizeof *sorted, by_id);
    for (size_t i = 0; part == 0 && i < whole->n; i++)
        if (!bsearch(&whole->members[i], sorted, m, sizeof *sorted, by_id))
            ids[n++] = whole->members[i];
    qsort(ids, n, sizeof *ids, by_id);
    out->members = ids;
    out->n = n;
    return AY_OK;
}

static ay_status list_parts(const splitting *p, ay_store_cluster *list, ay_err *err)
{
    size_t all = p->set->n, n = (size_t)p->g.n;
    const char **names = ay_arena_alloc(p->a, (all + n) * sizeof *names);
    ay_status status = names ? AY_OK : ay_fail(err, AY_ENOMEM, "splitting a group");

    for (size_t i = 0; i < all && names; i++)
        names[i] = p->set->cluster[i].name;
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        list[i] = p->set->cluster[p->at];
        list[i].by_hand = true;
        if (i > 0) {
            list[i].cluster = 0;
            list[i].created_us = ay_clock_wall();
            list[i].named_by = p->by[i];
            list[i].name = ay_cluster_name_free(p->g.group[i].name, names, all, p->a);
            if (!list[i].name)
                return ay_fail(err, AY_ENOMEM, "splitting a group");
            names[all++] = list[i].name;
        }
        status = part_members(p, (int)i, &list[i], err);
    }
    return status;
}

/* AY_EBUSY: it was changed while it was split. */
static ay_status keep_parts(splitting *p, ay_store_cluster *list, char *undo, ay_err *err)
{
    ay_cluster_set *now;
    ay_status status = AY_OK;
    size_t at = 0;

    pthread_mutex_lock(&p->s->writing);
    now = ay_cluster_set_with(p->s, p->id, &at, err);
    if (!now)
        status = AY_ENOTFOUND;
    else if (now->cluster[at].n != p->set->cluster[p->at].n ||
             memcmp(now->cluster[at].members, p->set->cluster[p->at].members, 8 * now->cluster[at].n) != 0)
        status = ay_fail(err, AY_EBUSY, "the group is being changed; try again");
    if (status == AY_OK)
        status = put(p->s, now, "cluster.split", p->set->cluster[p->at].name, list, (size_t)p->g.n, undo, err);
    if (now)
        ay_cluster_set_let(p->s, now);
    pthread_mutex_unlock(&p->s->writing);
    return status;
}

static ay_status split_once(ay_service *s, int64_t id, int k, ay_arena *a, int64_t **ids, size_t *n, char *undo, ay_err *err)
{
    splitting p = {.s = s, .a = a, .id = id, .k = k};
    ay_store_cluster *list = NULL;
    ay_status status;

    p.set = ay_cluster_set_with(s, id, &p.at, err);
    if (!p.set)
        return AY_ENOTFOUND;
    ay_encoder_enter(s);
    status = find_parts(&p, err);
    ay_encoder_leave(s);
    ay_free(p.rows);
    if (status == AY_OK && !(list = ay_arena_alloc(a, (size_t)p.g.n * sizeof *list)))
        status = ay_fail(err, AY_ENOMEM, "splitting a group");
    if (status == AY_OK)
        status = list_parts(&p, list, err);
    if (status == AY_OK)
        status = keep_parts(&p, list, undo, err);
    if (status == AY_OK && !(*ids = ay_arena_alloc(a, (size_t)p.g.n * sizeof **ids)))
        status = ay_fail(err, AY_ENOMEM, "splitting a group");
    for (*n = 0; status == AY_OK && *n < (size_t)p.g.n; (*n)++)
        (*ids)[*n] = list[*n].cluster;
    ay_cluster_set_let(s, p.set);
    return status;
}

ay_status ay_cluster_split(ay_service *s, int64_t id, int k, ay_arena *a, int64_t **ids, size_t *n, char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_status status = may_write(s, err);

    if (status == AY_OK && (k < 0 || k == 1 || k > SPLIT_MOST))
        status = ay_fail(err, AY_EINVAL, "a group is split into 2 to %d parts, not %d", SPLIT_MOST, k);
    if (status != AY_OK)
        return status;
    status = AY_EBUSY;
    for (int i = 0; i < TRIES && status == AY_EBUSY; i++)
        status = split_once(s, id, k, a, ids, n, undo, err);
    return status;
}

/* ---- move */

/* The members that the pictures are, in order, each once; with the service's lock held. */
static ay_status find_members(const ay_gallery *g, const char *const *sha256, size_t n, int64_t *ids, size_t *out, ay_err *err)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        const ay_gallery_item *item = ay_sha256_valid(sha256[i]) ? ay_gallery_find(g, sha256[i]) : NULL;
        if (!item)
            return ay_fail(err, AY_ENOTFOUND, "no picture %.12s in data set \"%s\"", sha256[i], g->name);
        ids[(*out)++] = item->member;
    }
    qsort(ids, *out, sizeof *ids, by_id);
    n = *out;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        if (!*out || ids[*out - 1] != ids[i])
            ids[(*out)++] = ids[i];
    return AY_OK;
}

/* k without those that move; to: with those that move. */
static ay_status shift(const ay_store_cluster *k, const int64_t *ids, size_t n, bool to, ay_arena *a, ay_store_cluster *out, ay_err *err)
{
    int64_t *members = ay_arena_alloc(a, (k->n + n + 1) * sizeof *members);

    *out = *k;
    out->n = 0;
    if (!members)
        return ay_fail(err, AY_ENOMEM, "moving %zu pictures", n);
    for (size_t i = 0; i < k->n; i++)
        if (!bsearch(&k->members[i], ids, n, sizeof *ids, by_id))
            members[out->n++] = k->members[i];
    for (size_t i = 0; to && i < n; i++)
        members[out->n++] = ids[i];
    qsort(members, out->n, sizeof *members, by_id);
    out->members = members;
    out->by_hand = k->kind == AY_CLUSTER_GROUP;
    return AY_OK;
}

static ay_status move_in(ay_service *s, const ay_cluster_set *set, int64_t id, const int64_t *ids, size_t n, size_t *moved, char *undo,
                         ay_arena *a, ay_err *err)
{
    ay_store_cluster *list = ay_arena_alloc(a, (set->n + 1) * sizeof *list);
    bool *source = ay_arena_alloc(a, set->n + 1);
    const char *name = "";
    int32_t target = CLUSTER_OUTSIDE;
    size_t many = 0;
    ay_status status = list && source ? AY_OK : ay_fail(err, AY_ENOMEM, "moving %zu pictures", n);

    for (size_t k = 0; k < set->n && status == AY_OK; k++) {
        source[k] = false;
        if (set->cluster[k].cluster == id)
            target = (int32_t)k;
    }
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        int32_t at = ay_cluster_set_find(set, ids[i]);
        *moved += at != target;
        if (at >= 0 && at != target)
            source[at] = true;
    }
    if (status != AY_OK || !*moved)
        return status == AY_OK ? ay_fail(err, AY_ECONFLICT, "these pictures are there already") : status;
    for (size_t k = 0; k < set->n && status == AY_OK; k++)
        if (source[k] || (int32_t)k == target)
            status = shift(&set->cluster[k], ids, n, (int32_t)k == target, a, &list[many++], err);
    if (status == AY_OK)
        status = shift(&set->outside, ids, n, target < 0, a, &list[many++], err);
    if (target >= 0)
        name = set->cluster[target].name;
    return status == AY_OK ? put(s, set, "cluster.move", name, list, many, undo, err) : status;
}

ay_status ay_cluster_move(ay_service *s, int64_t id, const char *dataset, const ay_picture_filter *filter, const char *const *sha256, size_t n,
                          size_t *moved, char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_cluster_set *set = NULL;
    const ay_gallery *g;
    const char *text = "";
    int64_t *ids, of = 0;
    size_t at, many = 0;
    ay_status status = may_write(s, err);
    ay_arena a;

    *moved = 0;
    if (status == AY_OK && n == 0)
        status = ay_fail(err, AY_EINVAL, "no picture is named");
    if (status == AY_OK && !id)
        status = ay_clusters_dataset(s, dataset, &of, err);
    if (status != AY_OK)
        return status;
    ay_arena_init(&a, 0);
    status = id ? AY_OK : ay_cluster_scope_text(filter, &a, &text, err);
    if (status != AY_OK) {
        ay_arena_fini(&a);
        return status;
    }
    ids = ay_arena_alloc(&a, n * sizeof *ids);
    pthread_mutex_lock(&s->writing);
    set = id ? ay_cluster_set_with(s, id, &at, err) : ay_cluster_set_use(s, of, ay_cluster_scope_find(s, of, text), err);
    if (!set || !ids)
        status = set ? ay_fail(err, AY_ENOMEM, "moving %zu pictures", n) : AY_ENOTFOUND;
    if (status == AY_OK) {
        pthread_rwlock_rdlock(&s->lock);
        g = ay_service_by_id(s, set->dataset);
        status = g ? find_members(g, sha256, n, ids, &many, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
        pthread_rwlock_unlock(&s->lock);
    }
    if (status == AY_OK)
        status = move_in(s, set, id, ids, many, moved, undo, &a, err);
    if (set)
        ay_cluster_set_let(s, set);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}
