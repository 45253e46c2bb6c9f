/* store/trash.c - delete, undo, and the end of the road.
 *
 *              trash                    purge
 *     live  ---------->  in the trash  ------->  gone
 *           <----------
 *              undo
 *
 * Invariants
 *   1. What has trash = 0 has a live holder: a member's class and data set are live, a class's data
 *      set is live.
 *   2. Deleting a holder puts what it holds (and is live) under the same trash entry, so one undo
 *      brings all of it back.
 *   3. Undo refuses rather than break 1 or a unique name.
 *
 * What is changed and not thrown away (tags, albums, classes of many pictures) has its undo in store/acts.h: parts under the same
 * entry. */
#include "store/acts_sql.h"

#include "base/clock.h"

#include <stdio.h>

/* Tables that this file does not know by name. */
static const ay_store_extra *const extras[] = {&ay_store_extra_apart, &ay_store_extra_clusters, &ay_store_extra_tags};
enum { EXTRAS = sizeof extras / sizeof *extras };

ay_status ay_store_undo_entry(ay_store *s, const char *kind, const char *what, const char *subject, int64_t dataset,
                              char token[AY_TOKEN_SIZE], int64_t *id, ay_err *err)
{
    ay_status status;

    ay_random_hex(token, AY_TOKEN_SIZE / 2);
    status = ay_sql_write(
        s, "INSERT INTO trash (token, kind, subject, dataset, at_us) VALUES (?, ?, ?, ?, ?)",
        ARGS(ay_sql_text(token), ay_sql_text(kind), ay_sql_text(subject), ay_sql_int(dataset),
             ay_sql_int(ay_clock_wall())),
        NULL, id, err);
    return status == AY_OK ? ay_store_note(s, what, subject, token, err) : status;
}

ay_status ay_store_trash_entry(ay_store *s, const char *kind, const char *subject, int64_t dataset,
                               char token[AY_TOKEN_SIZE], int64_t *id, ay_err *err)
{
    char what[48];

    snprintf(what, sizeof what, "%s.delete", kind);
    return ay_store_undo_entry(s, kind, what, subject, dataset, token, id, err);
}

typedef struct {
    const char *kind;
    const char *find;    /* subject text and data set of a live one, by id */
    const char *mark[4]; /* statements with (trash id, id) */
} thing;

static const thing things[] = {
    {"dataset",
     "SELECT name, id FROM dataset WHERE id = ? AND trash = 0",
     {"UPDATE dataset SET trash = ? WHERE id = ?",
      "UPDATE class SET trash = ? WHERE dataset = ? AND trash = 0",
      "UPDATE member SET trash = ? WHERE dataset = ? AND trash = 0"}},
    {"class",
     "SELECT name, dataset FROM class WHERE id = ? AND trash = 0",
     {"UPDATE class SET trash = ? WHERE id = ?",
      "UPDATE member SET trash = ? WHERE class_id = ? AND trash = 0"}},
    {"picture",
     "SELECT sha256, dataset FROM member WHERE id = ? AND trash = 0",
     {"UPDATE member SET trash = ? WHERE id = ?"}},
};

typedef struct {
    char subject[AY_FILE_MAX + 1];
    int64_t dataset;
    bool found;
} found;

static ay_status take_found(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    found *f = ctx;

    (void)n, (void)err;
    snprintf(f->subject, sizeof f->subject, "%.*s", (int)c[0].n, (const char *)c[0].p);
    f->dataset = c[1].i;
    f->found = true;
    return AY_OK;
}

static ay_status throw_away(ay_store *s, const thing *t, int64_t id, char token[AY_TOKEN_SIZE],
                            ay_err *err)
{
    found f = {0};
    int64_t entry = 0;
    ay_status status = ay_sql_select(s, t->find, ARGS(ay_sql_int(id)), take_found, &f, err);

    if (status == AY_OK && !f.found)
        return ay_fail(err, AY_ENOTFOUND, "no such %s", t->kind);
    if (status == AY_OK)
        status = ay_store_trash_entry(s, t->kind, f.subject, f.dataset, token, &entry, err);
    for (int i = 0; status == AY_OK && t->mark[i]; i++)
        status =
            ay_sql_write(s, t->mark[i], ARGS(ay_sql_int(entry), ay_sql_int(id)), NULL, NULL, err);
    return status;
}

static ay_status trash_thing(ay_store *s, const thing *t, int64_t id, char token[AY_TOKEN_SIZE],
                             ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    return ay_store_end(s, throw_away(s, t, id, token, err), err);
}

ay_status ay_store_dataset_trash(ay_store *s, int64_t id, char token[AY_TOKEN_SIZE], ay_err *err)
{
    return trash_thing(s, &things[0], id, token, err);
}

ay_status ay_store_class_trash(ay_store *s, int64_t id, char token[AY_TOKEN_SIZE], ay_err *err)
{
    return trash_thing(s, &things[1], id, token, err);
}

ay_status ay_store_member_trash(ay_store *s, int64_t member, char token[AY_TOKEN_SIZE], ay_err *err)
{
    return trash_thing(s, &things[2], member, token, err);
}

/* ---- undo */

/* Queries with (entry id) that find the name of what stands in the way, and what to say. */
static const struct {
    const char *sql, *say;
} obstacles[] = {
    {"SELECT d.name, d.id FROM dataset d JOIN dataset l ON l.name = d.name AND l.trash = 0"
     " WHERE d.trash = ?",
     "there is another data set \"%s\" now; rename it first"},
    {"SELECT c.name, c.id FROM class c JOIN class l ON l.dataset = c.dataset AND l.name = c.name"
     " AND l.trash = 0 WHERE c.trash = ?",
     "there is another class \"%s\" now; rename it first"},
    {"SELECT c.name, c.id FROM class c JOIN dataset d ON d.id = c.dataset"
     " WHERE c.trash = ? AND d.trash <> 0 AND d.trash <> c.trash",
     "the data set of class \"%s\" was deleted after it; bring that back first"},
    {"SELECT c.name, c.id FROM member m JOIN class c ON c.id = m.class_id"
     " WHERE m.trash = ? AND c.trash <> 0 AND c.trash <> m.trash",
     "the class \"%s\" was deleted after it; bring that back first"},
};

static ay_status check_obstacle(ay_store *s, int64_t entry, const char *sql, const char *say, ay_err *err)
{
    found f = {0};
    char text[400];
    ay_status status = ay_sql_select(s, sql, ARGS(ay_sql_int(entry)), take_found, &f, err);

    if (status != AY_OK || !f.found)
        return status;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, say, f.subject);
#pragma GCC diagnostic pop
    return ay_fail(err, AY_ECONFLICT, "%s", text);
}

static ay_status check_obstacles(ay_store *s, int64_t entry, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < sizeof obstacles / sizeof *obstacles && status == AY_OK; i++)
        status = check_obstacle(s, entry, obstacles[i].sql, obstacles[i].say, err);
    for (int e = 0; e < EXTRAS; e++)
        for (int i = 0; i < 4 && extras[e]->obstacles[i].sql && status == AY_OK; i++)
            status = check_obstacle(s, entry, extras[e]->obstacles[i].sql, extras[e]->obstacles[i].say, err);
    return status;
}

static ay_status undo_extras(ay_store *s, int64_t entry, ay_store_restored *out, ay_err *err)
{
    ay_status status = AY_OK;

    for (int e = 0; e < EXTRAS; e++)
        for (int i = 0; i < 6 && extras[e]->undo[i] && status == AY_OK; i++) {
            int64_t some = 0;
            status = ay_sql_write(s, extras[e]->undo[i], ARGS(ay_sql_int(entry)), &some, NULL, err);
            out->others += some;
            out->touched |= some ? extras[e]->touches : 0;
        }
    return status;
}

static ay_status take_id(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    int64_t *id = ay_sql_list_add(ctx);

    (void)n;
    if (!id)
        return ay_fail(err, AY_ENOMEM, "undoing");
    *id = c[0].i;
    return AY_OK;
}

/* A picture that was deleted and has been added again since: the live one stays as it is. */
static ay_status drop_returned(ay_store *s, int64_t entry, ay_err *err)
{
    ay_arena a;
    ay_sql_list l = {.arena = &a, .size = sizeof(int64_t)};
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_sql_select(s,
                           "SELECT m.id FROM member m JOIN member l ON l.dataset = m.dataset"
                           " AND l.sha256 = m.sha256 AND l.trash = 0 WHERE m.trash = ?",
                           ARGS(ay_sql_int(entry)), take_id, &l, err);
    for (size_t i = 0; i < l.n && status == AY_OK; i++)
        status = ay_sql_write(s, "DELETE FROM member WHERE id = ?",
                              ARGS(ay_sql_int(((int64_t *)(void *)l.items)[i])), NULL, NULL, err);
    ay_arena_fini(&a);
    return status;
}

/* The event that told of what is taken back. */
typedef struct {
    int64_t id;
    char kind[33], subject[256];
} told;

static ay_status take_told(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    told *t = ctx;

    (void)n, (void)err;
    t->id = c[0].i;
    snprintf(t->kind, sizeof t->kind, "%.*s", (int)c[1].n, (const char *)c[1].p);
    snprintf(t->subject, sizeof t->subject, "%.*s", (int)c[2].n, (const char *)c[2].p);
    return AY_OK;
}

/* The history says what was taken back, and of which pictures, so that each picture's own history has it too. */
static ay_status tell_undo(ay_store *s, const char *token, ay_err *err)
{
    told t = {.id = 0};
    char pattern[AY_TOKEN_SIZE + 2], detail[128];
    int64_t id = 0;
    ay_status status;

    snprintf(pattern, sizeof pattern, "%%%s%%", token);
    status = ay_sql_select(s, "SELECT id, kind, subject FROM event WHERE detail LIKE ? ORDER BY id DESC LIMIT 1", ARGS(ay_sql_text(pattern)),
                           take_told, &t, err);
    snprintf(detail, sizeof detail, "{\"of\":\"%s\"}", t.kind);
    if (status == AY_OK)
        status = ay_store_event_write(s, "undo", t.id ? t.subject : token, detail, &id, err);
    if (status == AY_OK && t.id)
        status = ay_sql_write(s, "INSERT INTO event_picture (event, sha256) SELECT ?, p.sha256 FROM event_picture p WHERE p.event = ?",
                              ARGS(ay_sql_int(id), ay_sql_int(t.id)), NULL, NULL, err);
    return status;
}

static ay_status bring_back(ay_store *s, const char *token, ay_store_restored *out, ay_err *err)
{
    static const char *const restore[] = {"UPDATE dataset SET trash = 0 WHERE trash = ?",
                                          "UPDATE class SET trash = 0 WHERE trash = ?",
                                          "UPDATE member SET trash = 0 WHERE trash = ?"};
    int64_t *const counts[] = {&out->datasets, &out->classes, &out->pictures};
    int64_t entry = 0;
    ay_status status = ay_sql_number(s, "SELECT id FROM trash WHERE token = ?",
                                     ARGS(ay_sql_text(token)), &entry, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "nothing to undo: unknown token, or too long ago");
    if (status == AY_OK)
        status = ay_sql_number(s, "SELECT dataset FROM trash WHERE id = ?", ARGS(ay_sql_int(entry)),
                               &out->dataset, err);
    if (status == AY_OK)
        status = check_obstacles(s, entry, err);
    if (status == AY_OK)
        status = drop_returned(s, entry, err);
    for (int i = 0; i < 3 && status == AY_OK; i++)
        status = ay_sql_write(s, restore[i], ARGS(ay_sql_int(entry)), counts[i], NULL, err);
    if (status == AY_OK)
        status = undo_extras(s, entry, out, err);
    if (status == AY_OK)
        status = ay_acts_undo(s, entry, out, err);
    if (out->datasets + out->classes + out->pictures)
        out->touched |= AY_TOUCHED_MEMBERS;
    if (status == AY_OK)
        status = ay_sql_write(s, "DELETE FROM trash WHERE id = ?", ARGS(ay_sql_int(entry)), NULL,
                              NULL, err);
    return status == AY_OK ? tell_undo(s, token, err) : status;
}

ay_status ay_store_undo(ay_store *s, const char *token, ay_store_restored *out, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    *out = (ay_store_restored){0};
    if (status != AY_OK)
        return status;
    status = bring_back(s, token, out, err);
    if (status == AY_OK) /* an answer that is taken back was none: store/review.h */
        status = ay_sql_write(s, "DELETE FROM review WHERE token = ?", ARGS(ay_sql_text(token)), NULL, NULL, err);
    return ay_store_end(s, status, err);
}

/* ---- purge */

/* Entries in order of id, older ones first: what holds was thrown away after what it holds, so
 * nothing is deleted while a row still refers to it. */
static ay_status purge_entries(ay_store *s, int64_t before_us, ay_arena *a, ay_err *err)
{
    static const char *const forget[] = {
        "DELETE FROM member WHERE trash = ?", "DELETE FROM class WHERE trash = ?",
        "DELETE FROM dataset WHERE trash = ?", "DELETE FROM trash WHERE id = ?"};
    ay_sql_list l = {.arena = a, .size = sizeof(int64_t)};
    ay_status status = ay_sql_select(
        s,
        "SELECT id FROM trash WHERE id < COALESCE((SELECT MIN(id) FROM trash WHERE at_us >= ?),"
        " 9223372036854775807) ORDER BY id",
        ARGS(ay_sql_int(before_us)), take_id, &l, err);

    for (size_t i = 0; i < l.n; i++) {
        ay_sql_value entry = ay_sql_int(((int64_t *)(void *)l.items)[i]);
        if (status == AY_OK)
            status = ay_acts_forget(s, entry.i, err);
        for (int e = 0; e < EXTRAS; e++)
            for (int f = 0; f < 6 && extras[e]->forget[f] && status == AY_OK; f++)
                status = ay_sql_write(s, extras[e]->forget[f], ARGS(entry), NULL, NULL, err);
        for (int f = 0; f < 4 && status == AY_OK; f++)
            status = ay_sql_write(s, forget[f], ARGS(entry), NULL, NULL, err);
    }
    return status;
}

ay_status ay_store_purge(ay_store *s, int64_t before_us, ay_arena *a, const char ***out, size_t *n,
                         ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    *n = 0;
    if (status != AY_OK)
        return status;
    status = purge_entries(s, before_us, a, err);
    if (status == AY_OK)
        status = ay_store_drop_orphans(s, a, out, n, err);
    return ay_store_end(s, status, err);
}
