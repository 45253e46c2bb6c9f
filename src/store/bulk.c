/* store/bulk.c - many pictures moved, thrown away or copied in one transaction: store/acts.h.
 *
 * What undo needs is where each came from: members of one class make one part of the act, as text "TO ID ID ...". */
#include "store/acts_sql.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    ay_store *s;
    int64_t act, to;
    const char *kind;
    ay_buf text;
    int held;
    int64_t what; /* of what text holds */
} noting;

static ay_status flush(noting *k, ay_err *err)
{
    ay_status status = AY_OK;

    if (k->held)
        status = k->text.failed ? ay_fail(err, AY_ENOMEM, "keeping what undo needs")
                                : ay_store_act_keep(k->s, k->act, k->kind, k->what, k->text.data, err);
    k->held = 0;
    k->text.len = 0;
    return status;
}

static ay_status note(noting *k, int64_t what, int64_t id, ay_err *err)
{
    ay_status status = k->held && (k->what != what || k->held == AY_ACT_CHUNK) ? flush(k, err) : AY_OK;

    if (!k->held)
        ay_buf_printf(&k->text, "%lld", (long long)k->to);
    ay_buf_printf(&k->text, " %lld", (long long)id);
    k->what = what;
    k->held++;
    return status;
}

static int by_class(const void *x, const void *y)
{
    const ay_store_place *a = x, *b = y;

    return a->class_id != b->class_id ? (a->class_id > b->class_id) - (a->class_id < b->class_id) : (a->id > b->id) - (a->id < b->id);
}

static ay_status live_class(ay_store *s, int64_t class_id, int64_t *dataset, ay_err *err)
{
    ay_status status = ay_sql_number(s, "SELECT dataset FROM class WHERE id = ? AND trash = 0", ARGS(ay_sql_int(class_id)), dataset,
                                     err);

    return status == AY_ENOTFOUND ? ay_fail(err, AY_ENOTFOUND, "no such class") : status;
}

/* UPDATE of live members by id: `SET column = value`, those for which `only` holds. */
static ay_status set_members(ay_store *s, const char *head, int64_t value, const int64_t *ids, int n, const char *only, int64_t limit,
                             int64_t *changed, ay_err *err)
{
    ay_sql_value args[AY_SQL_MANY + 2];

    args[0] = ay_sql_int(value);
    for (int i = 0; i < n; i++)
        args[1 + i] = ay_sql_int(ids[i]);
    args[1 + n] = ay_sql_int(limit);
    return ay_sql_write_in(s, head, only, args, 1, n, 1, changed, err);
}

static ay_status move_sorted(noting *k, const ay_store_place *list, size_t n, int64_t dataset, int64_t *moved, ay_err *err)
{
    int64_t ids[AY_SQL_MANY], changed;
    ay_status status = AY_OK;
    int held = 0;

    for (size_t i = 0; i <= n && status == AY_OK; i++) {
        if (i < n && list[i].class_id != k->to) {
            ids[held++] = list[i].id;
            status = note(k, list[i].class_id, list[i].id, err);
        }
        if (status == AY_OK && held && (i == n || held == AY_SQL_MANY)) {
            status = set_members(k->s, "UPDATE member SET class_id = ? WHERE id IN ", k->to, ids, held, " AND trash = 0 AND dataset = ?",
                                 dataset, &changed, err);
            *moved += changed;
            held = 0;
        }
    }
    return status == AY_OK ? flush(k, err) : status;
}

ay_status ay_store_members_move(ay_store *s, int64_t act, const ay_store_place *list, size_t n, int64_t to_class, int64_t *moved,
                                ay_err *err)
{
    noting k = {.s = s, .act = act, .to = to_class, .kind = "member.move"};
    ay_store_place *sorted;
    int64_t dataset = 0;
    ay_status status = live_class(s, to_class, &dataset, err);
    ay_arena a;

    *moved = 0;
    if (status != AY_OK || n == 0)
        return status;
    ay_arena_init(&a, 0);
    sorted = ay_arena_alloc(&a, n * sizeof *sorted);
    if (!sorted) {
        ay_arena_fini(&a);
        return ay_fail(err, AY_ENOMEM, "moving %zu pictures", n);
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = list[i];
    qsort(sorted, n, sizeof *sorted, by_class);
    status = move_sorted(&k, sorted, n, dataset, moved, err);
    ay_buf_fini(&k.text);
    ay_arena_fini(&a);
    return status;
}

/* The numbers of a part, many at a time. */
typedef struct {
    const char *at;
    int64_t to, ids[AY_SQL_MANY];
    int n;
} numbers;

static bool next_numbers(numbers *k)
{
    char *end;

    for (k->n = 0; k->n < AY_SQL_MANY; k->n++) {
        int64_t v = strtoll(k->at, &end, 10);
        if (end == k->at)
            break;
        k->ids[k->n] = v;
        k->at = end;
    }
    return k->n > 0;
}

static numbers read_numbers(const char *detail)
{
    char *end;
    numbers k = {.to = strtoll(detail, &end, 10)};

    k.at = end;
    return k;
}

ay_status ay_members_move_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    numbers k = read_numbers(row->detail);
    int64_t dataset = 0, changed = 0;
    ay_status status = live_class(s, row->what, &dataset, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ECONFLICT, "the class from which pictures were moved was deleted after it; bring that back first");
    while (status == AY_OK && next_numbers(&k)) {
        status = set_members(s, "UPDATE member SET class_id = ? WHERE id IN ", row->what, k.ids, k.n, " AND trash = 0 AND class_id = ?",
                             k.to, &changed, err);
        out->pictures += changed;
    }
    out->dataset = dataset;
    return status;
}

ay_status ay_store_class_made(ay_store *s, int64_t act, int64_t dataset, const char *name, int64_t *class_id, ay_err *err)
{
    ay_status status = ay_store_class_create(s, dataset, name, class_id, err);

    return status == AY_OK ? ay_store_act_keep(s, act, "class.made", *class_id, name, err) : status;
}

/* What was moved there is back by now: undo goes backwards.  What is in the trash counts, as it may come back, and an act that has moved
 * pictures on from there, as they go back there when that is undone. */
ay_status ay_class_made_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    int64_t dataset = 0, gone = 0;
    ay_status status = ay_sql_number(s, "SELECT dataset FROM class WHERE id = ?", ARGS(ay_sql_int(row->what)), &dataset, err);

    if (status == AY_OK)
        status = ay_sql_write(s,
                              "DELETE FROM class WHERE id = ? AND name = ? AND trash = 0"
                              " AND NOT EXISTS (SELECT m.id FROM member m WHERE m.class_id = ?)"
                              " AND NOT EXISTS (SELECT w.id FROM watch w WHERE w.class_id = ?)"
                              " AND NOT EXISTS (SELECT a.id FROM arrival a WHERE a.class_id = ?)"
                              " AND NOT EXISTS (SELECT x.id FROM act x WHERE x.kind = 'member.move' AND x.what = ?)",
                              ARGS(ay_sql_int(row->what), ay_sql_text(row->detail), ay_sql_int(row->what), ay_sql_int(row->what),
                                   ay_sql_int(row->what), ay_sql_int(row->what)),
                              &gone, NULL, err);
    if (status == AY_OK)
        out->dataset = dataset;
    return status == AY_ENOTFOUND ? AY_OK : status;
}

ay_status ay_store_members_trash(ay_store *s, int64_t act, const ay_store_place *list, size_t n, ay_err *err)
{
    int64_t ids[AY_SQL_MANY];
    ay_status status = AY_OK;
    int held = 0;

    for (size_t i = 0; i < n && status == AY_OK; i++) {
        ids[held++] = list[i].id;
        if (held == AY_SQL_MANY || i + 1 == n) {
            status = set_members(s, "UPDATE member SET trash = ? WHERE id IN ", act, ids, held, " AND trash = ?", 0, NULL, err);
            held = 0;
        }
    }
    return status;
}

/* ---- copies */

typedef struct {
    ay_store *s;
    noting k;
    int64_t dataset, at_us, *added;
} copying;

ay_status ay_store_member_earlier(ay_store *s, int64_t member, int64_t added_us, ay_err *err)
{
    return ay_sql_write(s, "UPDATE member SET added_us = ? WHERE id = ? AND added_us > ?",
                        ARGS(ay_sql_int(added_us), ay_sql_int(member), ay_sql_int(added_us)), NULL, NULL, err);
}

static ay_status copy_one(copying *c, const ay_store_place *p, int64_t *out, ay_err *err)
{
    int64_t id = 0, changed = 0;
    ay_status status =
        ay_sql_write(c->s,
                     "INSERT INTO member (dataset, class_id, sha256, file, added_us, trash)"
                     " SELECT ?, ?, m.sha256, m.file, ?, 0 FROM member m WHERE m.id = ? AND m.trash = 0"
                     " AND NOT EXISTS (SELECT 1 FROM member x WHERE x.dataset = ? AND x.sha256 = m.sha256 AND x.trash = 0)",
                     ARGS(ay_sql_int(c->dataset), ay_sql_int(c->k.to), ay_sql_int(c->at_us), ay_sql_int(p->id),
                          ay_sql_int(c->dataset)),
                     &changed, &id, err);

    if (status == AY_OK && changed > 0) {
        *c->added += 1;
        *out = id;
        status = note(&c->k, c->dataset, id, err);
    }
    return status;
}

ay_status ay_store_members_copy(ay_store *s, int64_t act, const ay_store_place *list, size_t n, int64_t to_class, int64_t at_us,
                                int64_t *ids, int64_t *added, ay_err *err)
{
    copying c = {.s = s, .k = {.s = s, .act = act, .to = to_class, .kind = "member.copy"}, .at_us = at_us,
                 .added = added};
    ay_status status = live_class(s, to_class, &c.dataset, err);

    *added = 0;
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        int64_t id = 0;
        status = copy_one(&c, &list[i], &id, err);
        if (ids)
            ids[i] = id;
    }
    if (status == AY_OK)
        status = flush(&c.k, err);
    ay_buf_fini(&c.k.text);
    return status;
}

ay_status ay_members_copy_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    numbers k = read_numbers(row->detail);
    ay_status status = AY_OK;
    int64_t changed = 0;

    while (status == AY_OK && next_numbers(&k)) {
        status = set_members(s, "DELETE FROM member WHERE dataset = ? AND id IN ", row->what, k.ids, k.n, " AND trash = ?", 0, &changed,
                             err);
        out->pictures += changed;
    }
    out->dataset = row->what;
    return status;
}
