/* store/tags.c - tags, albums, saved searches; and their undo. */
#include "store/tags.h"
#include "store/acts_sql.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What differs between the three; the statements are whole, for a name of a table is no parameter. */
static const struct {
    const char *noun, *rename_kind;
    const char *list, *taken, *insert, *name, *set_name, *trash;
} labels[] = {
    {"a tag", "tag.name", "SELECT id, name, created_us, '' FROM tag WHERE trash = 0 ORDER BY name",
     "SELECT id FROM tag WHERE name = ? AND trash = 0 AND id <> ?", "INSERT INTO tag (name, created_us, trash) VALUES (?, ?, 0)",
     "SELECT name, id FROM tag WHERE id = ? AND trash = 0", "UPDATE tag SET name = ? WHERE id = ? AND trash = 0",
     "UPDATE tag SET trash = ? WHERE id = ? AND trash = 0"},
    {"an album", "album.name", "SELECT id, name, created_us, '' FROM album WHERE trash = 0 ORDER BY name",
     "SELECT id FROM album WHERE name = ? AND trash = 0 AND id <> ?", "INSERT INTO album (name, created_us, trash) VALUES (?, ?, 0)",
     "SELECT name, id FROM album WHERE id = ? AND trash = 0", "UPDATE album SET name = ? WHERE id = ? AND trash = 0",
     "UPDATE album SET trash = ? WHERE id = ? AND trash = 0"},
    {"a saved search", "saved.name", "SELECT id, name, created_us, query FROM saved WHERE trash = 0 ORDER BY name",
     "SELECT id FROM saved WHERE name = ? AND trash = 0 AND id <> ?",
     "INSERT INTO saved (name, created_us, trash, query) VALUES (?, ?, 0, ?)",
     "SELECT name, id FROM saved WHERE id = ? AND trash = 0", "UPDATE saved SET name = ? WHERE id = ? AND trash = 0",
     "UPDATE saved SET trash = ? WHERE id = ? AND trash = 0"},
};

/* Thrown away and brought back; what a tag or an album held goes when it does. */
const ay_store_extra ay_store_extra_tags = {
    .obstacles = {{"SELECT t.name, t.id FROM tag t JOIN tag l ON l.name = t.name AND l.trash = 0 WHERE t.trash = ?",
                   "there is another tag \"%s\" now; rename it first"},
                  {"SELECT t.name, t.id FROM album t JOIN album l ON l.name = t.name AND l.trash = 0 WHERE t.trash = ?",
                   "there is another album \"%s\" now; rename it first"},
                  {"SELECT t.name, t.id FROM saved t JOIN saved l ON l.name = t.name AND l.trash = 0 WHERE t.trash = ?",
                   "there is another saved search \"%s\" now; rename it first"}},
    .touches = AY_TOUCHED_TAGS,
    .undo = {"UPDATE tag SET trash = 0 WHERE trash = ?", "UPDATE album SET trash = 0 WHERE trash = ?",
             "UPDATE saved SET trash = 0 WHERE trash = ?"},
    .forget = {"DELETE FROM picture_tag WHERE tag IN (SELECT id FROM tag WHERE trash = ?)", "DELETE FROM tag WHERE trash = ?",
               "DELETE FROM album_picture WHERE album IN (SELECT id FROM album WHERE trash = ?)", "DELETE FROM album WHERE trash = ?",
               "DELETE FROM saved WHERE trash = ?"},
};

ay_status ay_store_check_tag(const char *name, ay_err *err)
{
    ay_status status = ay_store_check_name("a tag", name, AY_TAG_MAX, err);

    if (status == AY_OK && (*name == '+' || *name == '-'))
        return ay_fail(err, AY_EINVAL, "a tag cannot begin with '%c': that adds or takes a tag where tags are typed", *name);
    if (status == AY_OK && strpbrk(name, "\",:"))
        return ay_fail(err, AY_EINVAL, "a tag cannot have a quotation mark, a comma or a colon in it");
    return status;
}

static ay_status check_label(ay_shelf_kind kind, const char *name, ay_err *err)
{
    return kind == AY_SHELF_TAG ? ay_store_check_tag(name, err) : ay_store_check_name("a name", name, AY_NAME_MAX, err);
}

static ay_status take_label(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_label *t = ay_sql_list_add(l);

    (void)n;
    if (!t || !(t->name = ay_sql_string(l->arena, &c[1])) || !(t->query = ay_sql_string(l->arena, &c[3])))
        return ay_fail(err, AY_ENOMEM, "listing tags");
    t->id = c[0].i;
    t->created_us = c[2].i;
    return AY_OK;
}

ay_status ay_store_label_list(ay_store *s, ay_shelf_kind kind, ay_arena *a, ay_store_label **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s, labels[kind].list, NULL, 0, take_label, &l, err);

    *out = (ay_store_label *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

static ay_status name_free(ay_store *s, ay_shelf_kind kind, const char *name, int64_t except, ay_err *err)
{
    int64_t id;
    ay_status status = ay_sql_number(s, labels[kind].taken, ARGS(ay_sql_text(name), ay_sql_int(except)), &id, err);

    if (status == AY_OK)
        return ay_fail(err, AY_EEXISTS, "there is %s \"%s\" already", labels[kind].noun, name);
    return status == AY_ENOTFOUND ? AY_OK : status;
}

static ay_status insert_label(ay_store *s, ay_shelf_kind kind, const char *name, const char *query, int64_t *id, ay_err *err)
{
    ay_status status = name_free(s, kind, name, 0, err);

    if (status == AY_OK)
        status = ay_sql_write(s, labels[kind].insert,
                              (const ay_sql_value[]){ay_sql_text(name), ay_sql_int(ay_clock_wall()), ay_sql_text(query)},
                              kind == AY_SHELF_SAVED ? 3 : 2, NULL, id, err);
    return status;
}

ay_status ay_store_label_create(ay_store *s, ay_shelf_kind kind, const char *name, const char *query, int64_t *id, ay_err *err)
{
    ay_status status = check_label(kind, name, err);

    if (status == AY_OK)
        status = ay_store_check_text("a saved search", query, AY_SAVED_MAX, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, insert_label(s, kind, name, query, id, err), err);
}

/* The first column of a live one. */
typedef struct {
    char text[AY_SAVED_MAX + 1];
    bool found;
} word;

static ay_status take_word(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    word *w = ctx;

    (void)n, (void)err;
    snprintf(w->text, sizeof w->text, "%.*s", (int)c[0].n, (const char *)c[0].p);
    w->found = true;
    return AY_OK;
}

static ay_status live_word(ay_store *s, ay_shelf_kind kind, const char *sql, int64_t id, word *out, ay_err *err)
{
    ay_status status;

    out->found = false;
    status = ay_sql_select(s, sql, ARGS(ay_sql_int(id)), take_word, out, err);
    if (status == AY_OK && !out->found)
        return ay_fail(err, AY_ENOTFOUND, "there is no such %s", strchr(labels[kind].noun, ' ') + 1);
    return status;
}

ay_status ay_store_label_rename(ay_store *s, ay_shelf_kind kind, int64_t act, int64_t id, const char *name, ay_err *err)
{
    word old;
    ay_status status = check_label(kind, name, err);

    if (status == AY_OK)
        status = live_word(s, kind, labels[kind].name, id, &old, err);
    if (status == AY_OK)
        status = name_free(s, kind, name, id, err);
    if (status == AY_OK)
        status = ay_sql_write(s, labels[kind].set_name, ARGS(ay_sql_text(name), ay_sql_int(id)), NULL, NULL, err);
    return status == AY_OK ? ay_store_act_keep(s, act, labels[kind].rename_kind, id, old.text, err) : status;
}

ay_status ay_store_saved_query(ay_store *s, int64_t act, int64_t id, const char *query, ay_err *err)
{
    word old;
    ay_status status = ay_store_check_text("a saved search", query, AY_SAVED_MAX, err);

    if (status == AY_OK)
        status = live_word(s, AY_SHELF_SAVED, "SELECT query, id FROM saved WHERE id = ? AND trash = 0", id, &old, err);
    if (status == AY_OK)
        status = ay_sql_write(s, "UPDATE saved SET query = ? WHERE id = ?", ARGS(ay_sql_text(query), ay_sql_int(id)), NULL, NULL, err);
    return status == AY_OK ? ay_store_act_keep(s, act, "saved.query", id, old.text, err) : status;
}

ay_status ay_store_label_trash(ay_store *s, ay_shelf_kind kind, int64_t act, int64_t id, ay_err *err)
{
    word old;
    ay_status status = live_word(s, kind, labels[kind].name, id, &old, err);

    if (status == AY_OK)
        status = ay_sql_write(s, labels[kind].trash, ARGS(ay_sql_int(act), ay_sql_int(id)), NULL, NULL, err);
    return status;
}

static ay_status name_undo(ay_store *s, ay_shelf_kind kind, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = name_free(s, kind, row->detail, row->what, err);

    if (status == AY_EEXISTS)
        return ay_fail(err, AY_ECONFLICT, "there is another \"%s\" now; rename it first", row->detail);
    if (status == AY_OK)
        status = ay_sql_write(s, labels[kind].set_name, ARGS(ay_sql_text(row->detail), ay_sql_int(row->what)), &changed, NULL, err);
    out->others += changed;
    return status;
}

ay_status ay_tag_name_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return name_undo(s, AY_SHELF_TAG, row, out, err);
}

ay_status ay_album_name_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return name_undo(s, AY_SHELF_ALBUM, row, out, err);
}

ay_status ay_saved_name_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return name_undo(s, AY_SHELF_SAVED, row, out, err);
}

ay_status ay_store_label_made(ay_store *s, ay_shelf_kind kind, int64_t act, int64_t id, ay_err *err)
{
    return ay_store_act_keep(s, act, kind == AY_SHELF_TAG ? "tag.made" : kind == AY_SHELF_ALBUM ? "album.made" : "saved.made", id, "", err);
}

static ay_status made_undo(ay_store *s, const char *sql, int64_t id, ay_store_restored *out, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = ay_sql_write(s, sql, ARGS(ay_sql_int(id)), &changed, NULL, err);

    out->others += changed;
    return status;
}

ay_status ay_tag_made_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return made_undo(s, "DELETE FROM tag WHERE id = ? AND trash = 0 AND NOT EXISTS (SELECT 1 FROM picture_tag p WHERE p.tag = tag.id)",
                     row->what, out, err);
}

ay_status ay_album_made_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return made_undo(s,
                     "DELETE FROM album WHERE id = ? AND trash = 0 AND NOT EXISTS (SELECT 1 FROM album_picture p WHERE p.album = album.id)",
                     row->what, out, err);
}

ay_status ay_saved_made_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return made_undo(s, "DELETE FROM saved WHERE id = ? AND trash = 0", row->what, out, err);
}

ay_status ay_saved_query_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = ay_sql_write(s, "UPDATE saved SET query = ? WHERE id = ? AND trash = 0",
                                    ARGS(ay_sql_text(row->detail), ay_sql_int(row->what)), &changed, NULL, err);

    out->others += changed;
    return status;
}

/* ---- walking */

typedef struct {
    ay_store_label_visit visit;
    void *ctx;
} walk;

static ay_status walk_row(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    char sha256[AY_SHA256_HEX];
    walk *w = ctx;

    (void)n;
    snprintf(sha256, sizeof sha256, "%.*s", (int)c[1].n, (const char *)c[1].p);
    return w->visit(w->ctx, c[0].i, sha256, err);
}

ay_status ay_store_label_walk(ay_store *s, ay_shelf_kind kind, ay_store_label_visit visit, void *ctx, ay_err *err)
{
    walk w = {visit, ctx};

    return ay_sql_read(s,
                       kind == AY_SHELF_TAG
                           ? "SELECT p.tag, p.sha256 FROM picture_tag p JOIN tag t ON t.id = p.tag WHERE t.trash = 0"
                             " ORDER BY p.tag, p.sha256"
                           : "SELECT p.album, p.sha256 FROM album_picture p JOIN album b ON b.id = p.album WHERE b.trash = 0"
                             " ORDER BY p.album, p.position",
                       NULL, 0, walk_row, &w, err);
}

/* ---- tags on pictures */

typedef struct {
    const char **list;
    int n;
} digests;

static ay_status take_digest(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    const char **d = ay_sql_list_add(l);

    (void)n;
    return d && (*d = ay_sql_string(l->arena, &c[0])) ? AY_OK : ay_fail(err, AY_ENOMEM, "changing tags");
}

/* One part of the act for what a statement changed. */
static ay_status keep_digests(ay_store *s, int64_t act, const char *kind, int64_t what, const digests *d, ay_err *err)
{
    ay_buf text = {0};
    ay_status status;

    for (int i = 0; i < d->n; i++)
        ay_buf_add(&text, d->list[i], AY_SHA256_HEX - 1);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "keeping what undo needs") : ay_store_act_keep(s, act, kind, what, text.data, err);
    ay_buf_fini(&text);
    return status;
}

typedef struct {
    const char *find, *find_tail;     /* which of n digests it is about, with (label) after */
    const char *change, *change_tail; /* the same for those alone: (label) before */
    const char *kind;
} changing;

static const changing tag_put = {
    "SELECT p.sha256 FROM picture p WHERE p.sha256 IN ",
    " AND NOT EXISTS (SELECT 1 FROM picture_tag x WHERE x.tag = ? AND x.sha256 = p.sha256)",
    "INSERT INTO picture_tag (tag, sha256) SELECT ?, p.sha256 FROM picture p WHERE p.sha256 IN ", "", "tag.put"};
static const changing tag_take = {"SELECT p.sha256 FROM picture_tag p WHERE p.sha256 IN ", " AND p.tag = ?",
                                  "DELETE FROM picture_tag WHERE tag = ? AND sha256 IN ", "", "tag.take"};

/* At most AY_SQL_MANY. */
static ay_status change_some(ay_store *s, const changing *how, int64_t act, int64_t label, const char *const *sha256, int n,
                             int64_t *changed, ay_err *err)
{
    ay_sql_value args[AY_SQL_MANY + 1];
    ay_arena a;
    ay_sql_list l = {.arena = &a, .size = sizeof(char *)};
    digests d;
    ay_status status;

    ay_arena_init(&a, 0);
    for (int i = 0; i < n; i++)
        args[i] = ay_sql_text(sha256[i]);
    args[n] = ay_sql_int(label);
    status = ay_sql_select_in(s, how->find, how->find_tail, args, 0, n, 1, take_digest, &l, err);
    d = (digests){(const char **)(void *)l.items, (int)l.n};
    args[0] = ay_sql_int(label);
    for (int i = 0; i < d.n; i++)
        args[1 + i] = ay_sql_text(d.list[i]);
    if (status == AY_OK && d.n)
        status = ay_sql_write_in(s, how->change, how->change_tail, args, 1, d.n, 0, NULL, err);
    if (status == AY_OK && d.n && act)
        status = keep_digests(s, act, how->kind, label, &d, err);
    *changed += d.n;
    ay_arena_fini(&a);
    return status;
}

/* act 0: nothing is kept for undo. */
static ay_status change(ay_store *s, const changing *how, int64_t act, int64_t label, const char *const *sha256, size_t n,
                        int64_t *changed, ay_err *err)
{
    ay_status status = AY_OK;

    *changed = 0;
    for (size_t at = 0; at < n && status == AY_OK; at += AY_SQL_MANY)
        status = change_some(s, how, act, label, sha256 + at, n - at < AY_SQL_MANY ? (int)(n - at) : AY_SQL_MANY, changed, err);
    return status;
}

ay_status ay_store_tag_put(ay_store *s, int64_t act, int64_t tag, const char *const *sha256, size_t n, int64_t *changed, ay_err *err)
{
    return change(s, &tag_put, act, tag, sha256, n, changed, err);
}

ay_status ay_store_tag_take(ay_store *s, int64_t act, int64_t tag, const char *const *sha256, size_t n, int64_t *changed, ay_err *err)
{
    return change(s, &tag_take, act, tag, sha256, n, changed, err);
}

/* A part of an act, as a list of digests; the list points into the copies. */
static ay_status undo_change(ay_store *s, const changing *how, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    static const size_t most = AY_SQL_MANY;
    char copies[AY_SQL_MANY][AY_SHA256_HEX];
    const char *list[AY_SQL_MANY];
    ay_digests d = {.at = row->detail};
    ay_status status = AY_OK;
    bool more = true;

    while (more && status == AY_OK) {
        size_t n = 0;
        int64_t changed = 0;
        for (; n < most && (more = ay_digests_next(&d)); n++) {
            memcpy(copies[n], d.one, sizeof copies[n]);
            list[n] = copies[n];
        }
        status = change(s, how, 0, row->what, list, n, &changed, err);
        out->tagged += changed;
    }
    return status;
}

ay_status ay_tag_put_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return undo_change(s, &tag_take, row, out, err);
}

ay_status ay_tag_take_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    return undo_change(s, &tag_put, row, out, err);
}
