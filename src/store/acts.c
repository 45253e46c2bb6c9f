/* store/acts.c - acts, their undo, and the history. */
#include "store/acts_sql.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* One line a kind: who takes a part of that kind back, and what of the program's memory is to be read again. */
static const struct {
    const char *name;
    ay_act_undo *undo;
    unsigned touches; /* AY_TOUCHED_... of store/store.h */
} kinds[] = {
    {"tag.made", ay_tag_made_undo, AY_TOUCHED_TAGS},
    {"album.made", ay_album_made_undo, AY_TOUCHED_TAGS},
    {"saved.made", ay_saved_made_undo, 0},
    {"tag.put", ay_tag_put_undo, AY_TOUCHED_TAGS},
    {"tag.take", ay_tag_take_undo, AY_TOUCHED_TAGS},
    {"tag.name", ay_tag_name_undo, AY_TOUCHED_TAGS},
    {"album.put", ay_album_put_undo, AY_TOUCHED_TAGS},
    {"album.order", ay_album_order_undo, AY_TOUCHED_TAGS},
    {"album.name", ay_album_name_undo, AY_TOUCHED_TAGS},
    {"saved.name", ay_saved_name_undo, 0},
    {"saved.query", ay_saved_query_undo, 0},
    {"class.made", ay_class_made_undo, AY_TOUCHED_MEMBERS},
    {"member.move", ay_members_move_undo, AY_TOUCHED_MEMBERS},
    {"member.copy", ay_members_copy_undo, AY_TOUCHED_MEMBERS},
};

static _Thread_local char actor[AY_ACTOR_MAX + 1];

void ay_store_actor(const char *who)
{
    snprintf(actor, sizeof actor, "%s", who ? who : "");
    if (!ay_utf8_valid(actor, strlen(actor)))
        actor[0] = '\0';
}

/* ---- lists of values */

static bool write_in(ay_buf *sql, const char *head, int n, const char *tail)
{
    ay_buf_puts(sql, head);
    for (int i = 0; i < n; i++)
        ay_buf_puts(sql, i ? ", ?" : "(?");
    ay_buf_puts(sql, ")");
    ay_buf_puts(sql, tail);
    return !sql->failed;
}

ay_status ay_sql_write_in(ay_store *s, const char *head, const char *tail, const ay_sql_value *args, int before, int n, int after,
                          int64_t *changed, ay_err *err)
{
    ay_buf sql = {0};
    ay_status status = write_in(&sql, head, n, tail) ? ay_sql_write(s, sql.data, args, before + n + after, changed, NULL, err)
                                                     : ay_fail(err, AY_ENOMEM, "writing a statement");

    ay_buf_fini(&sql);
    return status;
}

ay_status ay_sql_select_in(ay_store *s, const char *head, const char *tail, const ay_sql_value *args, int before, int n, int after,
                           ay_sql_row row, void *ctx, ay_err *err)
{
    ay_buf sql = {0};
    ay_status status = write_in(&sql, head, n, tail) ? ay_sql_select(s, sql.data, args, before + n + after, row, ctx, err)
                                                     : ay_fail(err, AY_ENOMEM, "writing a statement");

    ay_buf_fini(&sql);
    return status;
}

bool ay_digests_next(ay_digests *d)
{
    if (strnlen(d->at, AY_SHA256_HEX - 1) < AY_SHA256_HEX - 1)
        return false;
    memcpy(d->one, d->at, AY_SHA256_HEX - 1);
    d->one[AY_SHA256_HEX - 1] = '\0';
    d->at += AY_SHA256_HEX - 1;
    return true;
}

/* ---- acts */

ay_status ay_store_act(ay_store *s, const char *subject, int64_t dataset, char token[AY_TOKEN_SIZE], int64_t *act, ay_err *err)
{
    ay_random_hex(token, AY_TOKEN_SIZE / 2);
    return ay_sql_write(s, "INSERT INTO trash (token, kind, subject, dataset, at_us) VALUES (?, 'act', ?, ?, ?)",
                        ARGS(ay_sql_text(token), ay_sql_text(subject), ay_sql_int(dataset), ay_sql_int(ay_clock_wall())), NULL,
                        act, err);
}

ay_status ay_store_act_keep(ay_store *s, int64_t act, const char *kind, int64_t what, const char *detail, ay_err *err)
{
    return ay_sql_write(s, "INSERT INTO act (trash, kind, what, detail) VALUES (?, ?, ?, ?)",
                        ARGS(ay_sql_int(act), ay_sql_text(kind), ay_sql_int(what), ay_sql_text(detail)), NULL, NULL, err);
}

typedef struct {
    int64_t id, what;
    size_t kind;
    char *detail;
} kept;

static ay_status take_kept(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    kept *k = ay_sql_list_add(l);
    char name[33];

    (void)n;
    if (!k || !(k->detail = ay_sql_string(l->arena, &c[3])))
        return ay_fail(err, AY_ENOMEM, "undoing");
    k->id = c[0].i;
    k->what = c[2].i;
    snprintf(name, sizeof name, "%.*s", (int)c[1].n, (const char *)c[1].p);
    for (k->kind = 0; k->kind < sizeof kinds / sizeof *kinds; k->kind++)
        if (strcmp(kinds[k->kind].name, name) == 0)
            return AY_OK;
    return ay_fail(err, AY_EUNSUPPORTED, "this Assay does not know how to undo \"%s\"", name);
}

/* A few rows at a time, last first: an act of a hundred thousand pictures is megabytes of text. */
static ay_status undo_some(ay_store *s, int64_t act, int64_t *before, ay_store_restored *out, ay_err *err)
{
    ay_arena a;
    ay_sql_list l = {.arena = &a, .size = sizeof(kept)};
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_sql_select(s, "SELECT id, kind, what, detail FROM act WHERE trash = ? AND id < ? ORDER BY id DESC LIMIT 8",
                           ARGS(ay_sql_int(act), ay_sql_int(*before)), take_kept, &l, err);
    *before = 0;
    for (size_t i = 0; i < l.n && status == AY_OK; i++) {
        const kept *k = (kept *)(void *)l.items + i;
        status = kinds[k->kind].undo(s, &(ay_act_row){k->what, k->detail}, out, err);
        out->touched |= kinds[k->kind].touches;
        *before = k->id;
    }
    ay_arena_fini(&a);
    return status;
}

ay_status ay_acts_undo(ay_store *s, int64_t act, ay_store_restored *out, ay_err *err)
{
    int64_t before = INT64_MAX;
    ay_status status = AY_OK;

    while (before && status == AY_OK)
        status = undo_some(s, act, &before, out, err);
    return status == AY_OK ? ay_acts_forget(s, act, err) : status;
}

ay_status ay_acts_forget(ay_store *s, int64_t act, ay_err *err)
{
    return ay_sql_write(s, "DELETE FROM act WHERE trash = ?", ARGS(ay_sql_int(act)), NULL, NULL, err);
}

/* ---- history */

ay_status ay_store_event_write(ay_store *s, const char *kind, const char *subject, const char *detail, int64_t *id, ay_err *err)
{
    return ay_sql_write(s, "INSERT INTO event (at_us, kind, subject, detail, who) VALUES (?, ?, ?, ?, ?)",
                        ARGS(ay_sql_int(ay_clock_wall()), ay_sql_text(kind), ay_sql_text(subject), ay_sql_text(detail),
                             ay_sql_text(actor)),
                        NULL, id, err);
}

/* The pictures of an event, many a statement. */
static ay_status name_pictures(ay_store *s, int64_t event, const char *const *sha256, size_t n, ay_err *err)
{
    ay_sql_value args[2 * AY_SQL_MANY];
    ay_status status = AY_OK;
    ay_buf sql = {0};

    for (size_t at = 0; at < n && status == AY_OK;) {
        int m = n - at < AY_SQL_MANY ? (int)(n - at) : AY_SQL_MANY;
        sql.len = 0;
        ay_buf_puts(&sql, "INSERT INTO event_picture (event, sha256) VALUES ");
        for (int i = 0; i < m; i++) {
            ay_buf_puts(&sql, i ? ", (?, ?)" : "(?, ?)");
            args[2 * i] = ay_sql_int(event);
            args[2 * i + 1] = ay_sql_text(sha256[at + (size_t)i]);
        }
        status = sql.failed ? ay_fail(err, AY_ENOMEM, "writing the history") : ay_sql_write(s, sql.data, args, 2 * m, NULL, NULL, err);
        at += (size_t)m;
    }
    ay_buf_fini(&sql);
    return status;
}

static ay_status write_history(ay_store *s, const char *code, const char *subject, const char *fields, const char *const *sha256,
                               size_t n, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_store_event_write(s, code, subject, fields, &id, err);

    return status == AY_OK ? name_pictures(s, id, sha256, n, err) : status;
}

ay_status ay_store_history(ay_store *s, const char *code, const char *subject, const char *fields, const char *const *sha256, size_t n,
                           ay_err *err)
{
    ay_status status = ay_store_check_name("an event's kind", code, 32, err);

    if (status == AY_OK)
        status = ay_store_check_text("an event's subject", subject, 255, err);
    if (status == AY_OK)
        status = ay_store_check_text("an event's fields", fields, 1024, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, write_history(s, code, subject, fields, sha256, n, err), err);
}

static ay_status take_told(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_told *t = ay_sql_list_add(l);

    (void)n;
    if (!t || !(t->code = ay_sql_string(l->arena, &c[2])) || !(t->subject = ay_sql_string(l->arena, &c[3])) ||
        !(t->detail = ay_sql_string(l->arena, &c[4])) || !(t->who = ay_sql_string(l->arena, &c[5])))
        return ay_fail(err, AY_ENOMEM, "listing the history");
    t->id = c[0].i;
    t->at_us = c[1].i;
    t->pictures = c[6].i;
    return AY_OK;
}

#define TOLD                                                                                                                       \
    "SELECT e.id, e.at_us, e.kind, e.subject, e.detail, e.who, (SELECT COUNT(*) FROM event_picture p WHERE p.event = e.id)"       \
    " FROM event e WHERE e.id < ?"

ay_status ay_store_told_list(ay_store *s, const char *sha256, int64_t before, int limit, ay_arena *a, ay_store_told **out, size_t *n,
                             ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    int64_t first = before > 0 ? before : INT64_MAX;
    ay_status status;

    if (sha256)
        status = ay_sql_read(s,
                             TOLD " AND (e.subject = ? OR e.id IN (SELECT q.event FROM event_picture q WHERE q.sha256 = ?))"
                                  " ORDER BY e.id DESC LIMIT ?",
                             ARGS(ay_sql_int(first), ay_sql_text(sha256), ay_sql_text(sha256), ay_sql_int(limit)), take_told, &l, err);
    else
        status = ay_sql_read(s, TOLD " ORDER BY e.id DESC LIMIT ?", ARGS(ay_sql_int(first), ay_sql_int(limit)), take_told, &l, err);
    *out = (ay_store_told *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}
