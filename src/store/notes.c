/* store/notes.c - settings, and the history that is only ever added to. */
#include "store/sql.h"

ay_status ay_store_note(ay_store *s, const char *kind, const char *subject, const char *detail,
                        ay_err *err)
{
    return ay_store_event_write(s, kind, subject, detail, NULL, err);
}

ay_status ay_store_event_add(ay_store *s, const char *kind, const char *subject, const char *detail,
                             ay_err *err)
{
    ay_status status = ay_store_check_name("an event's kind", kind, 32, err);

    if (status == AY_OK)
        status = ay_store_check_text("an event's subject", subject, 255, err);
    if (status == AY_OK)
        status = ay_store_check_text("an event's detail", detail, 1024, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, ay_store_note(s, kind, subject, detail, err), err);
}

static ay_status take_event(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_event *e = ay_sql_list_add(l);

    (void)n;
    if (!e || !(e->kind = ay_sql_string(l->arena, &c[2])) ||
        !(e->subject = ay_sql_string(l->arena, &c[3])) ||
        !(e->detail = ay_sql_string(l->arena, &c[4])))
        return ay_fail(err, AY_ENOMEM, "listing events");
    e->id = c[0].i;
    e->at_us = c[1].i;
    return AY_OK;
}

ay_status ay_store_event_list(ay_store *s, int64_t before, int limit, ay_arena *a,
                              ay_store_event **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(
        s,
        "SELECT id, at_us, kind, subject, detail FROM event WHERE id < ?"
        " ORDER BY id DESC LIMIT ?",
        ARGS(ay_sql_int(before > 0 ? before : INT64_MAX), ay_sql_int(limit)), take_event, &l, err);

    *out = (ay_store_event *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

typedef struct {
    ay_arena *arena;
    const char **value;
} getting;

static ay_status take_value(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    getting *g = ctx;

    (void)n;
    *g->value = ay_sql_string(g->arena, &c[0]);
    return *g->value ? AY_OK : ay_fail(err, AY_ENOMEM, "reading a setting");
}

ay_status ay_store_setting_get(ay_store *s, const char *key, ay_arena *a, const char **value,
                               ay_err *err)
{
    getting g = {a, value};

    *value = NULL;
    return ay_sql_read(s, "SELECT value FROM setting WHERE name = ?", ARGS(ay_sql_text(key)),
                       take_value, &g, err);
}

static ay_status setting_write(ay_store *s, const char *key, const char *value, ay_err *err)
{
    ay_status status = ay_sql_write(s, "DELETE FROM setting WHERE name = ?", ARGS(ay_sql_text(key)),
                                    NULL, NULL, err);

    if (status == AY_OK)
        status = ay_sql_write(s, "INSERT INTO setting (name, value) VALUES (?, ?)",
                              ARGS(ay_sql_text(key), ay_sql_text(value)), NULL, NULL, err);
    return status == AY_OK ? ay_store_note(s, "setting", key, "", err) : status;
}

ay_status ay_store_setting_put(ay_store *s, const char *key, const char *value, ay_err *err)
{
    ay_status status = ay_store_check_name("a setting's key", key, AY_KEY_MAX, err);

    if (status == AY_OK)
        status = ay_store_check_text("a setting", value, 4096, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, setting_write(s, key, value, err), err);
}
