#include "store/clusters.h"
#include "store/sql.h"

#include "base/clock.h"
#include "base/mem.h"

#include <endian.h>
#include <string.h>

/* ---- reading */

#define COLUMNS "cluster, kind, name, named_by, pinned, by_hand, run, created_us, members"

static void swap_ids(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t v;
        memcpy(&v, (const char *)from + 8 * i, 8);
        v = htole64(v); /* its own inverse */
        memcpy((char *)to + 8 * i, &v, 8);
    }
}

static ay_status take_cluster(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_cluster *k = ay_sql_list_add(l);
    int64_t *ids = ay_arena_alloc(l->arena, c[8].n + 8);

    (void)n;
    if (!k || !ids || !(k->name = ay_sql_string(l->arena, &c[2])))
        return ay_fail(err, AY_ENOMEM, "reading groups");
    if (c[8].n % 8 != 0)
        return ay_fail(err, AY_ECORRUPT, "the pictures of group %lld are damaged", (long long)c[0].i);
    k->cluster = c[0].i;
    k->kind = (int)c[1].i;
    k->named_by = (int)c[3].i;
    k->pinned = c[4].i != 0;
    k->by_hand = c[5].i != 0;
    k->run = c[6].i;
    k->created_us = c[7].i;
    k->n = c[8].n / 8;
    k->members = ids;
    if (k->n)
        swap_ids(ids, c[8].p, k->n);
    return AY_OK;
}

typedef struct {
    ay_arena *arena;
    ay_store_grouping *g;
} grouping;

static ay_status take_grouping(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    grouping *t = ctx;

    (void)n;
    *t->g = (ay_store_grouping){.run = c[0].i, .made_us = c[1].i, .k = (int)c[3].i, .least = (int)c[4].i,
                                .silhouette = (double)c[5].i / 1e6, .pictures = c[6].i};
    t->g->method = ay_sql_string(t->arena, &c[2]);
    t->g->model = ay_sql_string(t->arena, &c[7]);
    t->g->preprocess = ay_sql_string(t->arena, &c[8]);
    return t->g->method && t->g->model && t->g->preprocess ? AY_OK : ay_fail(err, AY_ENOMEM, "reading groups");
}

ay_status ay_store_clusters_get(ay_store *s, int64_t dataset, int64_t scope, ay_arena *a, ay_store_grouping *g, ay_store_cluster **out,
                                size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    grouping t = {a, g};
    ay_status status;

    *g = (ay_store_grouping){.method = "", .model = "", .preprocess = ""};
    *n = 0;
    status = ay_sql_read(s,
                         "SELECT run, made_us, method, k, least, silhouette, pictures, model, preprocess"
                         " FROM grouped WHERE dataset = ? AND scope = ? AND trash = 0",
                         ARGS(ay_sql_int(dataset), ay_sql_int(scope)), take_grouping, &t, err);
    if (status == AY_OK)
        status = ay_sql_read(s, "SELECT " COLUMNS " FROM cluster WHERE dataset = ? AND scope = ? AND trash = 0 ORDER BY cluster",
                             ARGS(ay_sql_int(dataset), ay_sql_int(scope)), take_cluster, &l, err);
    *out = (ay_store_cluster *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

/* ---- writing */

typedef struct {
    ay_store *s;
    const ay_store_regroup *how;
    int64_t entry; /* of the trash; 0: in place */
    int64_t run;   /* in force before this change */
} writing;

static ay_status check(const ay_store_cluster *k, ay_err *err)
{
    if (k->gone || k->kind == AY_CLUSTER_OUTSIDE)
        return AY_OK;
    for (size_t i = 1; i < k->n; i++)
        if (k->members[i] <= k->members[i - 1])
            return ay_fail(err, AY_EINVAL, "the pictures of a group are not in order");
    return ay_store_check_name("a group's name", k->name, AY_NAME_MAX, err);
}

static ay_status insert(const writing *w, ay_store_cluster *k, const void *raw, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_sql_write(
        w->s,
        "INSERT INTO cluster (dataset, scope, cluster, kind, name, named_by, pinned, by_hand, run, seen, created_us, born, trash,"
        " members) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0, ?)",
        ARGS(ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope), ay_sql_int(k->cluster), ay_sql_int(k->kind), ay_sql_text(k->name),
             ay_sql_int(k->named_by), ay_sql_int(k->pinned), ay_sql_int(k->by_hand), ay_sql_int(k->run),
             ay_sql_int(k->created_us), ay_sql_int(w->entry), ay_sql_blob(raw, 8 * k->n)),
        NULL, &id, err);

    if (status != AY_OK || k->cluster)
        return status;
    k->cluster = id;
    return ay_sql_write(w->s, "UPDATE cluster SET cluster = ? WHERE id = ?", ARGS(ay_sql_int(id), ay_sql_int(id)), NULL,
                        NULL, err);
}

/* The row that is in force goes to the trash, or for good. */
static ay_status put_away(const writing *w, const ay_store_cluster *k, ay_err *err)
{
    int64_t changed = 0;
    ay_status status =
        w->entry ? ay_sql_write(w->s, "UPDATE cluster SET trash = ?, seen = ? WHERE dataset = ? AND scope = ? AND cluster = ? AND trash = 0",
                                ARGS(ay_sql_int(w->entry), ay_sql_int(w->run), ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope),
                                     ay_sql_int(k->cluster)),
                                &changed, NULL, err)
                 : ay_sql_write(w->s, "DELETE FROM cluster WHERE dataset = ? AND scope = ? AND cluster = ? AND trash = 0",
                                ARGS(ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope), ay_sql_int(k->cluster)), &changed, NULL, err);

    if (status == AY_OK && changed != 1)
        return ay_fail(err, AY_ENOTFOUND, "no group %lld", (long long)k->cluster);
    return status;
}

/* In place, so that an undo of the change that wrote the row still finds it. */
static ay_status update(const writing *w, const ay_store_cluster *k, const void *raw, ay_err *err)
{
    int64_t there = 0;
    ay_status status = ay_sql_number(w->s, "SELECT id FROM cluster WHERE dataset = ? AND scope = ? AND cluster = ? AND trash = 0",
                                     ARGS(ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope), ay_sql_int(k->cluster)), &there, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no group %lld", (long long)k->cluster);
    if (status != AY_OK)
        return status;
    return ay_sql_write(
        w->s,
        "UPDATE cluster SET name = ?, named_by = ?, pinned = ?, by_hand = ?, run = ?, members = ? WHERE id = ?",
        ARGS(ay_sql_text(k->name), ay_sql_int(k->named_by), ay_sql_int(k->pinned), ay_sql_int(k->by_hand),
             ay_sql_int(k->run), ay_sql_blob(raw, 8 * k->n), ay_sql_int(there)),
        NULL, NULL, err);
}

static ay_status put_one(const writing *w, ay_store_cluster *k, ay_err *err)
{
    void *raw = ay_alloc(k->n + 1, 8);
    ay_status status = raw ? check(k, err) : ay_fail(err, AY_ENOMEM, "keeping groups");

    if (status == AY_OK && k->n)
        swap_ids(raw, k->members, k->n);
    if (status == AY_OK && k->cluster && (w->entry || k->gone))
        status = put_away(w, k, err);
    if (status == AY_OK && !k->gone)
        status = k->cluster && !w->entry ? update(w, k, raw, err) : insert(w, k, raw, err);
    ay_free(raw);
    return status;
}

static ay_status put_grouping(const writing *w, const ay_store_grouping *g, ay_err *err)
{
    ay_status status =
        w->entry ? ay_sql_write(w->s, "UPDATE grouped SET trash = ? WHERE dataset = ? AND scope = ? AND trash = 0",
                                ARGS(ay_sql_int(w->entry), ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope)), NULL, NULL, err)
                 : ay_sql_write(w->s, "DELETE FROM grouped WHERE dataset = ? AND scope = ? AND trash = 0",
                                ARGS(ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope)), NULL, NULL, err);

    if (status != AY_OK)
        return status;
    return ay_sql_write(
        w->s,
        "INSERT INTO grouped (dataset, scope, run, made_us, method, k, least, silhouette, pictures, model, preprocess, born, trash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        ARGS(ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope), ay_sql_int(g->run), ay_sql_int(g->made_us), ay_sql_text(g->method),
             ay_sql_int(g->k), ay_sql_int(g->least), ay_sql_int((int64_t)(g->silhouette * 1e6)), ay_sql_int(g->pictures),
             ay_sql_text(g->model), ay_sql_text(g->preprocess), ay_sql_int(w->entry)),
        NULL, NULL, err);
}

static ay_status put_all(writing *w, const ay_store_grouping *g, ay_store_cluster *list, size_t n, ay_err *err)
{
    int64_t there = 0;
    ay_status status = ay_sql_number(w->s, "SELECT id FROM dataset WHERE id = ? AND trash = 0",
                                     ARGS(ay_sql_int(w->how->dataset)), &there, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no such data set");
    if (status == AY_OK && w->how->scope)
        status = ay_sql_number(w->s, "SELECT id FROM scope WHERE id = ? AND dataset = ?",
                               ARGS(ay_sql_int(w->how->scope), ay_sql_int(w->how->dataset)), &there, err);
    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "the groups of this filter are kept no more");
    if (status == AY_OK)
        status = ay_sql_number(w->s, "SELECT run FROM grouped WHERE dataset = ? AND scope = ? AND trash = 0",
                               ARGS(ay_sql_int(w->how->dataset), ay_sql_int(w->how->scope)), &w->run, err);
    if (status == AY_ENOTFOUND)
        status = AY_OK;
    if (status == AY_OK && w->how->token)
        status = ay_store_undo_entry(w->s, "cluster", w->how->what, w->how->subject, w->how->dataset, w->how->token,
                                     &w->entry, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = put_one(w, &list[i], err);
    return status == AY_OK && g ? put_grouping(w, g, err) : status;
}

ay_status ay_store_clusters_put(ay_store *s, const ay_store_regroup *how, const ay_store_grouping *g, ay_store_cluster *list,
                                size_t n, ay_err *err)
{
    writing w = {s, how, 0, 0};
    ay_status status = ay_store_check_text("what a group's change is about", how->subject, 255, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, put_all(&w, g, list, n, err), err);
}

/* ---- scopes */

static ay_status take_scope(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_scope *k = ay_sql_list_add(l);

    (void)n;
    if (!k || !(k->filter = ay_sql_string(l->arena, &c[1])))
        return ay_fail(err, AY_ENOMEM, "reading groups");
    k->scope = c[0].i;
    return AY_OK;
}

ay_status ay_store_scopes_get(ay_store *s, int64_t dataset, ay_arena *a, ay_store_scope **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s, "SELECT id, filter FROM scope WHERE dataset = ? ORDER BY id", ARGS(ay_sql_int(dataset)), take_scope, &l, err);

    *out = (ay_store_scope *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_scope_put(ay_store *s, int64_t dataset, const char *filter, int64_t *scope, ay_err *err)
{
    int64_t there = 0;
    ay_status status = *filter ? ay_store_check_text("a filter of groups", filter, 20000, err) : ay_fail(err, AY_EINVAL, "the filter is empty");

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = ay_sql_number(s, "SELECT id FROM dataset WHERE id = ? AND trash = 0", ARGS(ay_sql_int(dataset)), &there, err);
    if (status == AY_ENOTFOUND)
        status = ay_fail(err, AY_ENOTFOUND, "no such data set");
    if (status == AY_OK)
        status = ay_sql_write(s, "INSERT INTO scope (dataset, filter, created_us) VALUES (?, ?, ?)",
                              ARGS(ay_sql_int(dataset), ay_sql_text(filter), ay_sql_int(ay_clock_wall())), NULL, scope, err);
    return ay_store_end(s, status, err);
}

ay_status ay_store_scope_drop(ay_store *s, int64_t dataset, int64_t scope, ay_err *err)
{
    static const char *const parts[] = {"DELETE FROM cluster WHERE dataset = ? AND scope = ?", "DELETE FROM grouped WHERE dataset = ? AND scope = ?"};
    int64_t changed = 0;
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_write(s, "DELETE FROM scope WHERE dataset = ? AND id = ?", ARGS(ay_sql_int(dataset), ay_sql_int(scope)), &changed, NULL, err);
    if (status == AY_OK && changed != 1)
        status = ay_fail(err, AY_ENOTFOUND, "the groups of this filter are kept no more");
    for (int i = 0; i < 2 && status == AY_OK; i++)
        status = ay_sql_write(s, parts[i], ARGS(ay_sql_int(dataset), ay_sql_int(scope)), NULL, NULL, err);
    return ay_store_end(s, status, err);
}

/* ---- undo and the end: store/trash.c */

const ay_store_extra ay_store_extra_clusters = {
    .obstacles = {{"SELECT c.name, c.cluster FROM cluster c JOIN cluster l ON l.cluster = c.cluster AND l.trash = 0"
                   " WHERE c.trash = ? AND l.born <> c.trash",
                   "the group \"%s\" was changed since; undo that first"},
                  {"SELECT name, cluster FROM cluster WHERE born = ? AND trash <> 0",
                   "the group \"%s\" was changed since; undo that first"},
                  {"SELECT c.name, c.cluster FROM cluster c JOIN grouped g ON g.dataset = c.dataset AND g.scope = c.scope AND g.trash = 0"
                   " WHERE c.trash = ? AND g.run <> c.seen AND g.born <> c.trash AND NOT EXISTS (SELECT l.id FROM cluster l"
                   " WHERE l.born = c.trash AND l.trash = 0 AND l.run <= c.seen)",
                   "the groups were made anew since, so \"%s\" cannot be as it was"}},
    .touches = AY_TOUCHED_CLUSTERS,
    .undo = {"DELETE FROM cluster WHERE born = ?", "UPDATE cluster SET trash = 0 WHERE trash = ?",
             "DELETE FROM grouped WHERE born = ?", "UPDATE grouped SET trash = 0 WHERE trash = ?"},
    .forget = {"DELETE FROM cluster WHERE trash = ?", "DELETE FROM grouped WHERE trash = ?",
               "DELETE FROM cluster WHERE dataset IN (SELECT id FROM dataset WHERE trash = ?)",
               "DELETE FROM grouped WHERE dataset IN (SELECT id FROM dataset WHERE trash = ?)",
               "DELETE FROM scope WHERE dataset IN (SELECT id FROM dataset WHERE trash = ?)"},
};
