/* store/arrivals.c - see arrivals.h.  The column `state`: 0 waiting, 1 failed. */
#include "store/arrivals.h"

#include "base/clock.h"
#include "store/sql.h"

/* ---- batches */

static ay_status intake_write(ay_store *s, const char *source, int64_t *id, ay_err *err)
{
    ay_status status = ay_sql_write(s,
                                    "INSERT INTO intake (source, at_us, total, added, same, failed, dropped)"
                                    " VALUES (?, ?, 0, 0, 0, 0, 0)",
                                    ARGS(ay_sql_text(source), ay_sql_int(ay_clock_wall())), NULL, id, err);

    if (status == AY_OK && *id > AY_BATCHES_KEPT)
        status = ay_sql_write(s,
                              "DELETE FROM intake WHERE id <= ? AND NOT EXISTS"
                              " (SELECT 1 FROM arrival WHERE arrival.batch = intake.id) AND NOT EXISTS"
                              " (SELECT 1 FROM watch WHERE watch.batch = intake.id)",
                              ARGS(ay_sql_int(*id - AY_BATCHES_KEPT)), NULL, NULL, err);
    return status;
}

ay_status ay_store_intake_add(ay_store *s, const char *source, int64_t *id, ay_err *err)
{
    ay_status status = ay_store_check_text("the name of an import", source, 1024, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    return status == AY_OK ? ay_store_end(s, intake_write(s, source, id, err), err) : status;
}

static ay_status take_intake(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_intake *b = ay_sql_list_add(l);

    (void)n;
    if (!b || !(b->source = ay_sql_string(l->arena, &c[1])))
        return ay_fail(err, AY_ENOMEM, "listing imports");
    b->id = c[0].i, b->at_us = c[2].i, b->total = c[3].i, b->added = c[4].i, b->same = c[5].i;
    b->failed = c[6].i, b->dropped = c[7].i;
    b->waiting = b->total - b->added - b->same - b->failed - b->dropped;
    return AY_OK;
}

#define INTAKE_COLUMNS "SELECT id, source, at_us, total, added, same, failed, dropped FROM intake"

ay_status ay_store_intake_get(ay_store *s, int64_t id, ay_arena *a, ay_store_intake *out, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof *out};
    ay_status status = ay_sql_read(s, INTAKE_COLUMNS " WHERE id = ?", ARGS(ay_sql_int(id)), take_intake, &l, err);

    if (status == AY_OK && l.n == 0)
        return ay_fail(err, AY_ENOTFOUND, "no import %lld", (long long)id);
    if (status == AY_OK)
        *out = *(ay_store_intake *)(void *)l.items;
    return status;
}

ay_status ay_store_intake_list(ay_store *s, int limit, ay_arena *a, ay_store_intake **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s, INTAKE_COLUMNS " WHERE total > 0 ORDER BY id DESC LIMIT ?",
                                   ARGS(ay_sql_int(limit)), take_intake, &l, err);

    *out = (ay_store_intake *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

/* ---- coming */

static bool is_refused(const ay_store_arrival *r)
{
    return r->code && *r->code;
}

static ay_status check_arrival(const ay_store_arrival *r, ay_err *err)
{
    ay_status status = is_refused(r) ? ay_store_check_text("a reason", r->message, 1024, err)
                                     : ay_store_check_digest("a picture's digest", r->sha256, err);

    if (status == AY_OK)
        status = ay_store_check_text("a file name", r->file, AY_FILE_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_text("a file's path", r->source, AY_SOURCE_MAX, err);
    return status;
}

static ay_status seen_write(ay_store *s, const ay_store_watched *w, ay_err *err)
{
    ay_status status = ay_sql_write(s, "DELETE FROM watched WHERE watch = ? AND name = ?",
                                    ARGS(ay_sql_int(w->watch), ay_sql_text(w->name)), NULL, NULL, err);

    if (status == AY_OK)
        status = ay_sql_write(s, "INSERT INTO watched (watch, name, sha256, bytes, changed_us) VALUES (?, ?, ?, ?, ?)",
                              ARGS(ay_sql_int(w->watch), ay_sql_text(w->name), ay_sql_text(w->sha256),
                                   ay_sql_int(w->bytes), ay_sql_int(w->changed_us)),
                              NULL, NULL, err);
    return status;
}

static ay_status arrivals_write(ay_store *s, int64_t batch, const ay_store_arrival *list, size_t n,
                                const ay_store_watched *seen, size_t nseen, int64_t same, ay_err *err)
{
    int64_t now = ay_clock_wall(), changed = 0, refused = 0;
    ay_status status = AY_OK;

    for (size_t i = 0; i < n; i++)
        refused += is_refused(&list[i]);
    if (n > 0 || same > 0)
        status = ay_sql_write(s, "UPDATE intake SET total = total + ?, same = same + ?, failed = failed + ? WHERE id = ?",
                              ARGS(ay_sql_int((int64_t)n + same), ay_sql_int(same), ay_sql_int(refused),
                                   ay_sql_int(batch)),
                              &changed, NULL, err);
    if (status == AY_OK && (n > 0 || same > 0) && changed == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no import %lld", (long long)batch);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_sql_write(s,
                              "INSERT INTO arrival (batch, dataset, class_id, stay, sha256, file, source, state,"
                              " code, message, at_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                              ARGS(ay_sql_int(batch), ay_sql_int(list[i].dataset), ay_sql_int(list[i].class_id),
                                   ay_sql_int(list[i].stay), ay_sql_text(list[i].sha256), ay_sql_text(list[i].file),
                                   ay_sql_text(list[i].source), ay_sql_int(is_refused(&list[i])),
                                   ay_sql_text(is_refused(&list[i]) ? list[i].code : ""),
                                   ay_sql_text(is_refused(&list[i]) ? list[i].message : ""), ay_sql_int(now)),
                              NULL, NULL, err);
    for (size_t i = 0; i < nseen && status == AY_OK; i++)
        status = seen_write(s, &seen[i], err);
    return status;
}

ay_status ay_store_arrivals_add(ay_store *s, int64_t batch, const ay_store_arrival *list, size_t n,
                                const ay_store_watched *seen, size_t nseen, int64_t same, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = check_arrival(&list[i], err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, arrivals_write(s, batch, list, n, seen, nseen, same, err), err);
}

static ay_status take_arrival(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_arrival *r = ay_sql_list_add(l);

    (void)n;
    if (!r || !(r->sha256 = ay_sql_string(l->arena, &c[5])) || !(r->file = ay_sql_string(l->arena, &c[6])) ||
        !(r->source = ay_sql_string(l->arena, &c[7])) || !(r->code = ay_sql_string(l->arena, &c[8])) ||
        !(r->message = ay_sql_string(l->arena, &c[9])))
        return ay_fail(err, AY_ENOMEM, "listing arrivals");
    r->id = c[0].i, r->batch = c[1].i, r->dataset = c[2].i, r->class_id = c[3].i;
    r->stay = (ay_stay)c[4].i;
    r->at_us = c[10].i;
    return AY_OK;
}

#define ARRIVAL_COLUMNS                                                                                            \
    "SELECT id, batch, dataset, class_id, stay, sha256, file, source, code, message, at_us FROM arrival"

ay_status ay_store_arrivals_waiting(ay_store *s, int64_t after, int limit, ay_arena *a, ay_store_arrival **out,
                                    size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s, ARRIVAL_COLUMNS " WHERE state = 0 AND id > ? ORDER BY id LIMIT ?",
                                   ARGS(ay_sql_int(after), ay_sql_int(limit)), take_arrival, &l, err);

    *out = (ay_store_arrival *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

/* ---- settling */

/* The sums of each batch, when all of them are settled. */
static ay_status count_all(ay_store *s, const ay_store_settled *list, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < n && status == AY_OK; i++) {
        int64_t added = 0, same = 0, failed = 0;
        bool first = true;
        for (size_t k = 0; k < i && first; k++)
            first = list[k].batch != list[i].batch;
        for (size_t k = i; k < n && first; k++) {
            if (list[k].batch != list[i].batch || list[k].gone)
                continue;
            if (list[k].status != AY_OK)
                failed++;
            else if (list[k].added.created || list[k].added.moved)
                added++;
            else
                same++;
        }
        if (added + same + failed > 0)
            status = ay_sql_write(s, "UPDATE intake SET added = added + ?, same = same + ?, failed = failed + ? WHERE id = ?",
                                  ARGS(ay_sql_int(added), ay_sql_int(same), ay_sql_int(failed), ay_sql_int(list[i].batch)), NULL,
                                  NULL, err);
    }
    return status;
}

static ay_status settle_failed(ay_store *s, ay_store_settled *x, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = ay_sql_write(
        s, "UPDATE arrival SET state = 1, code = ?, message = ?, at_us = ? WHERE id = ? AND state = 0",
        ARGS(ay_sql_text(ay_status_name(x->status)), ay_sql_text(x->message), ay_sql_int(ay_clock_wall()),
             ay_sql_int(x->id)),
        &changed, NULL, err);

    x->gone = changed == 0;
    return status;
}

static ay_status settle_one(ay_store *s, ay_store_settled *x, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = AY_OK;

    x->gone = false;
    x->added = (ay_store_added){0};
    if (x->status != AY_OK)
        return settle_failed(s, x, err);
    status = ay_sql_number(s, "SELECT COUNT(*) FROM arrival WHERE id = ? AND state = 0", ARGS(ay_sql_int(x->id)),
                           &changed, err);
    x->gone = changed == 0;
    if (status != AY_OK || x->gone)
        return status;
    status = ay_store_member_write(s, x->class_id, x->stay, x->file, &x->picture, &x->vector, &x->added, err);
    if (status == AY_ENOTFOUND) { /* nothing was written */
        x->status = AY_ENOTFOUND;
        x->message = "the class or data set that it was meant for was deleted meanwhile";
        return settle_failed(s, x, err);
    }
    if (status == AY_OK)
        status = ay_sql_write(s, "DELETE FROM arrival WHERE id = ?", ARGS(ay_sql_int(x->id)), NULL, NULL, err);
    return status;
}

ay_status ay_store_settled_check(const ay_store_settled *x, ay_err *err)
{
    ay_status status;

    if (x->status != AY_OK)
        return ay_store_check_text("a reason", x->message, 1024, err);
    status = ay_store_picture_check(&x->picture, err);
    return status == AY_OK ? ay_store_check_vector(&x->vector, err) : status;
}

static ay_status trim_failures(ay_store *s, ay_err *err)
{
    int64_t n = 0, oldest = 0;
    ay_status status = ay_sql_number(s, "SELECT COUNT(*) FROM arrival WHERE state = 1", NULL, 0, &n, err);

    if (status != AY_OK || n <= AY_FAILURES_KEPT + AY_FAILURES_KEPT / 10)
        return status;
    status = ay_sql_number(s, "SELECT id FROM arrival WHERE state = 1 ORDER BY id DESC LIMIT 1 OFFSET 9999", NULL, 0,
                           &oldest, err);
    return status == AY_OK ? ay_sql_write(s, "DELETE FROM arrival WHERE state = 1 AND id < ?",
                                          ARGS(ay_sql_int(oldest)), NULL, NULL, err)
                           : status;
}

ay_status ay_store_arrivals_settle(ay_store *s, ay_store_settled *list, size_t n, ay_err *err)
{
    ay_status status = AY_OK;
    bool failed = false;

    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_store_settled_check(&list[i], err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        status = settle_one(s, &list[i], err);
        failed |= list[i].status != AY_OK;
    }
    if (status == AY_OK)
        status = count_all(s, list, n, err);
    if (status == AY_OK && failed)
        status = trim_failures(s, err);
    return ay_store_end(s, status, err);
}

/* ---- leaving */

static ay_status take_digest(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    const char **d = ay_sql_list_add(l);

    (void)n;
    if (!d || !(*d = ay_sql_string(l->arena, &c[0])))
        return ay_fail(err, AY_ENOMEM, "listing digests");
    return AY_OK;
}

static ay_status drop(ay_store *s, int64_t batch, ay_sql_list *digests, int64_t *dropped, ay_err *err)
{
    ay_status status = ay_sql_select(s,
                                     "SELECT DISTINCT r.sha256 FROM arrival r WHERE r.batch = ? AND r.state = 0"
                                     " AND NOT EXISTS (SELECT 1 FROM picture p WHERE p.sha256 = r.sha256)"
                                     " AND NOT EXISTS (SELECT 1 FROM arrival o WHERE o.sha256 = r.sha256"
                                     " AND o.state = 0 AND o.batch <> r.batch)",
                                     ARGS(ay_sql_int(batch)), take_digest, digests, err);

    if (status == AY_OK)
        status = ay_sql_write(s, "DELETE FROM arrival WHERE batch = ? AND state = 0", ARGS(ay_sql_int(batch)),
                              dropped, NULL, err);
    if (status == AY_OK)
        status = ay_sql_write(s, "UPDATE intake SET dropped = dropped + ? WHERE id = ?",
                              ARGS(ay_sql_int(*dropped), ay_sql_int(batch)), NULL, NULL, err);
    return status;
}

ay_status ay_store_arrivals_drop(ay_store *s, int64_t batch, ay_arena *a, const char ***out, size_t *n,
                                 int64_t *dropped, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_store_begin(s, err);

    *dropped = 0;
    *n = 0;
    if (status != AY_OK)
        return status;
    status = ay_store_end(s, drop(s, batch, &l, dropped, err), err);
    *out = (const char **)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

static ay_status take_any(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)c, (void)n, (void)err;
    *(bool *)ctx = true;
    return AY_OK;
}

ay_status ay_store_blob_named(ay_store *s, const char *sha256, bool *named, ay_err *err)
{
    ay_status status;

    *named = false;
    status = ay_sql_read(s, "SELECT 1 FROM picture WHERE sha256 = ?", ARGS(ay_sql_text(sha256)), take_any, named, err);
    if (status == AY_OK && !*named)
        status = ay_sql_read(s, "SELECT 1 FROM arrival WHERE sha256 = ? AND state = 0 LIMIT 1",
                             ARGS(ay_sql_text(sha256)), take_any, named, err);
    return status;
}

static ay_status take_count(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(int64_t *)ctx = c[0].i;
    return AY_OK;
}

ay_status ay_store_arrivals_count(ay_store *s, int64_t *waiting, int64_t *failed, ay_err *err)
{
    ay_status status = ay_sql_read(s, "SELECT COUNT(*) FROM arrival WHERE state = 0", NULL, 0, take_count, waiting,
                                   err);

    return status == AY_OK
               ? ay_sql_read(s, "SELECT COUNT(*) FROM arrival WHERE state = 1", NULL, 0, take_count, failed, err)
               : status;
}

ay_status ay_store_failures_list(ay_store *s, int64_t before, int limit, ay_arena *a, ay_store_arrival **out,
                                 size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s, ARRIVAL_COLUMNS " WHERE state = 1 AND id < ? ORDER BY id DESC LIMIT ?",
                    ARGS(ay_sql_int(before > 0 ? before : INT64_MAX), ay_sql_int(limit)), take_arrival, &l, err);

    *out = (ay_store_arrival *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_failures_forget(ay_store *s, int64_t id, int64_t *forgotten, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    *forgotten = 0;
    if (status != AY_OK)
        return status;
    status = id ? ay_sql_write(s, "DELETE FROM arrival WHERE state = 1 AND id = ?", ARGS(ay_sql_int(id)), forgotten,
                               NULL, err)
                : ay_sql_write(s, "DELETE FROM arrival WHERE state = 1", NULL, 0, forgotten, NULL, err);
    return ay_store_end(s, status, err);
}
