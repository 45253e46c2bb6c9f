#include "store/watches.h"

#include "base/clock.h"
#include "store/sql.h"

ay_status ay_store_watch_add(ay_store *s, const ay_store_watch *w, int64_t *id, ay_err *err)
{
    ay_status status = ay_store_check_text("a folder's path", w->folder, AY_SOURCE_MAX, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = ay_sql_write(s,
                          "INSERT INTO watch (folder, dataset, class_id, classes, once, batch, at_us)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?)",
                          ARGS(ay_sql_text(w->folder), ay_sql_int(w->dataset), ay_sql_int(w->class_id),
                               ay_sql_int(w->classes), ay_sql_int(w->once), ay_sql_int(w->batch),
                               ay_sql_int(ay_clock_wall())),
                          NULL, id, err);
    return ay_store_end(s, status, err);
}

static ay_status take_watch(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_watch *w = ay_sql_list_add(l);

    (void)n;
    if (!w || !(w->folder = ay_sql_string(l->arena, &c[1])))
        return ay_fail(err, AY_ENOMEM, "listing folders");
    w->id = c[0].i, w->dataset = c[2].i, w->class_id = c[3].i, w->batch = c[6].i, w->at_us = c[7].i;
    w->classes = c[4].i != 0;
    w->once = c[5].i != 0;
    return AY_OK;
}

ay_status ay_store_watch_list(ay_store *s, ay_arena *a, ay_store_watch **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s, "SELECT id, folder, dataset, class_id, classes, once, batch, at_us FROM watch ORDER BY id",
                    NULL, 0, take_watch, &l, err);

    *out = (ay_store_watch *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_watch_remove(ay_store *s, int64_t id, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_write(s, "DELETE FROM watched WHERE watch = ?", ARGS(ay_sql_int(id)), NULL, NULL, err);
    if (status == AY_OK)
        status = ay_sql_write(s, "DELETE FROM watch WHERE id = ?", ARGS(ay_sql_int(id)), &changed, NULL, err);
    if (status == AY_OK && changed == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no watched folder %lld", (long long)id);
    return ay_store_end(s, status, err);
}

static ay_status take_any(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)c, (void)n, (void)err;
    *(bool *)ctx = true;
    return AY_OK;
}

ay_status ay_store_watched_known(ay_store *s, const ay_store_watched *w, bool *known, ay_err *err)
{
    *known = false;
    return ay_sql_read(s, "SELECT 1 FROM watched WHERE watch = ? AND name = ? AND bytes = ? AND changed_us = ?",
                       ARGS(ay_sql_int(w->watch), ay_sql_text(w->name), ay_sql_int(w->bytes),
                            ay_sql_int(w->changed_us)),
                       take_any, known, err);
}

ay_status ay_store_watched_content(ay_store *s, int64_t watch, const char *sha256, bool *known, ay_err *err)
{
    *known = false;
    return ay_sql_read(s, "SELECT 1 FROM watched WHERE watch = ? AND sha256 = ? LIMIT 1",
                       ARGS(ay_sql_int(watch), ay_sql_text(sha256)), take_any, known, err);
}
