/* store/jobs.c - work that outlives a request. */
#include "store/ledger.h"
#include "store/sql.h"

#include "base/clock.h"

static ay_status check(const ay_store_job *j, ay_err *err)
{
    ay_status status = ay_store_check_name("a job's state", j->state, 16, err);

    if (status == AY_OK)
        status = ay_store_check_text("a job's message", j->message, 1024, err);
    if (status == AY_OK)
        status = ay_store_check_text("a job's detail", j->detail, AY_JSON_MAX, err);
    return status;
}

ay_status ay_store_job_add(ay_store *s, const ay_store_job *j, int64_t *id, ay_err *err)
{
    ay_status status = check(j, err);

    if (status == AY_OK)
        status = ay_store_check_name("a job's kind", j->kind, 16, err);
    if (status == AY_OK)
        status = ay_store_check_text("a job's request", j->request, AY_JSON_MAX, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = ay_sql_write(
        s,
        "INSERT INTO job (kind, state, done, total, message, request, detail, created_us,"
        " started_us, ended_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ARGS(ay_sql_text(j->kind), ay_sql_text(j->state), ay_sql_int(j->done), ay_sql_int(j->total),
             ay_sql_text(j->message), ay_sql_text(j->request), ay_sql_text(j->detail),
             ay_sql_int(ay_clock_wall()), ay_sql_int(j->started_us), ay_sql_int(j->ended_us)),
        NULL, id, err);
    return ay_store_end(s, status, err);
}

ay_status ay_store_job_put(ay_store *s, const ay_store_job *j, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = check(j, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = ay_sql_write(s,
                          "UPDATE job SET state = ?, done = ?, total = ?, message = ?, detail = ?,"
                          " started_us = ?, ended_us = ? WHERE id = ?",
                          ARGS(ay_sql_text(j->state), ay_sql_int(j->done), ay_sql_int(j->total),
                               ay_sql_text(j->message), ay_sql_text(j->detail),
                               ay_sql_int(j->started_us), ay_sql_int(j->ended_us),
                               ay_sql_int(j->id)),
                          &changed, NULL, err);
    if (status == AY_OK && changed == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)j->id);
    return ay_store_end(s, status, err);
}

static ay_status take(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_job *j = ay_sql_list_add(l);

    (void)n;
    if (!j || !(j->kind = ay_sql_string(l->arena, &c[1])) ||
        !(j->state = ay_sql_string(l->arena, &c[2])) ||
        !(j->message = ay_sql_string(l->arena, &c[5])) ||
        !(j->request = ay_sql_string(l->arena, &c[6])) ||
        !(j->detail = ay_sql_string(l->arena, &c[7])))
        return ay_fail(err, AY_ENOMEM, "listing jobs");
    j->id = c[0].i;
    j->done = c[3].i;
    j->total = c[4].i;
    j->created_us = c[8].i;
    j->started_us = c[9].i;
    j->ended_us = c[10].i;
    return AY_OK;
}

ay_status ay_store_job_kind(ay_store *s, const char *kind, int limit, ay_arena *a, ay_store_job **out, size_t *n,
                            ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s,
                                   "SELECT id, kind, state, done, total, message, request, detail,"
                                   " created_us, started_us, ended_us FROM job WHERE kind = ?"
                                   " ORDER BY id DESC LIMIT ?",
                                   ARGS(ay_sql_text(kind), ay_sql_int(limit)), take, &l, err);

    *out = (ay_store_job *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_job_remove(ay_store *s, int64_t id, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_write(s, "DELETE FROM job WHERE id = ?", ARGS(ay_sql_int(id)), &changed, NULL, err);
    if (status == AY_OK && changed == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)id);
    return ay_store_end(s, status, err);
}

ay_status ay_store_job_list(ay_store *s, int limit, ay_arena *a, ay_store_job **out, size_t *n,
                            ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s,
                                   "SELECT id, kind, state, done, total, message, request, detail,"
                                   " created_us, started_us, ended_us FROM job WHERE id IN"
                                   " (SELECT id FROM (SELECT id FROM job ORDER BY id DESC LIMIT ?)"
                                   " AS newest) ORDER BY id",
                                   ARGS(ay_sql_int(limit)), take, &l, err);

    *out = (ay_store_job *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}
