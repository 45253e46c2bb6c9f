/* store/jobs.c - work that outlives a request. */
#include "store/ledger.h"
#include "store/sql.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdio.h>

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
        " started_us, ended_us, node) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ARGS(ay_sql_text(j->kind), ay_sql_text(j->state), ay_sql_int(j->done), ay_sql_int(j->total),
             ay_sql_text(j->message), ay_sql_text(j->request), ay_sql_text(j->detail),
             ay_sql_int(ay_clock_wall()), ay_sql_int(j->started_us), ay_sql_int(j->ended_us),
             ay_sql_text(j->node ? j->node : "")),
        NULL, id, err);
    return ay_store_end(s, status, err);
}

/* Why a statement about one job hit none. */
static ay_status say_why(ay_store *s, int64_t id, ay_err *err)
{
    int64_t there = 0;
    ay_status status = ay_sql_number(s, "SELECT id FROM job WHERE id = ?", ARGS(ay_sql_int(id)), &there, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)id);
    return status == AY_OK ? ay_fail(err, AY_ECONFLICT, "job %lld is another node's now, or over", (long long)id) : status;
}

ay_status ay_store_job_put(ay_store *s, const ay_store_job *j, ay_err *err)
{
    const char *node = j->node ? j->node : "";
    int64_t changed = 0;
    ay_status status = check(j, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = ay_sql_write(s,
                          "UPDATE job SET state = ?, done = ?, total = ?, message = ?, detail = ?,"
                          " started_us = ?, ended_us = ?, node = CASE WHEN ? = 'pending' AND lease_us > 0 THEN '' ELSE node END"
                          " WHERE id = ? AND ((node = ? AND (lease_us = 0 OR state = 'running'))"
                          " OR (? = '' AND (node = '' OR (lease_us > 0 AND state <> 'running'))))",
                          ARGS(ay_sql_text(j->state), ay_sql_int(j->done), ay_sql_int(j->total),
                               ay_sql_text(j->message), ay_sql_text(j->detail),
                               ay_sql_int(j->started_us), ay_sql_int(j->ended_us),
                               ay_sql_text(j->state), ay_sql_int(j->id), ay_sql_text(node), ay_sql_text(node)),
                          &changed, NULL, err);
    if (status == AY_OK && changed == 0)
        status = say_why(s, j->id, err);
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
        !(j->detail = ay_sql_string(l->arena, &c[7])) ||
        !(j->node = ay_sql_string(l->arena, &c[11])))
        return ay_fail(err, AY_ENOMEM, "listing jobs");
    j->id = c[0].i;
    j->done = c[3].i;
    j->total = c[4].i;
    j->created_us = c[8].i;
    j->started_us = c[9].i;
    j->ended_us = c[10].i;
    j->lease_us = c[12].i;
    j->asked = (int)c[13].i;
    return AY_OK;
}

#define COLUMNS                                                                                                                        \
    "SELECT id, kind, state, done, total, message, request, detail, created_us, started_us, ended_us, node, lease_us, asked FROM job"

/* ---- who runs it */

static ay_status check_node(const char *node, ay_err *err)
{
    return ay_store_check_name("a node's name", node, AY_NODE_MAX, err);
}

/* The oldest job that may be taken, by the writing session. */
static ay_status find_free(ay_store *s, const char *const *kinds, int nkinds, int64_t *id, ay_err *err)
{
    const char *clock = s->driver->clock ? s->driver->clock : "?";
    ay_sql_value args[AY_JOB_KINDS + 1];
    ay_buf sql = {0};
    ay_status status;
    int n = 0;

    /* lease_us 0: it never was for any node but the one in its row. */
    ay_buf_puts(&sql, "SELECT id FROM job WHERE kind IN (");
    for (; n < nkinds && n < AY_JOB_KINDS; n++) {
        ay_buf_puts(&sql, n ? ", ?" : "?");
        args[n] = ay_sql_text(kinds[n]);
    }
    ay_buf_printf(&sql, ") AND ((state = 'pending' AND node = '') OR (state = 'running' AND lease_us > 0 AND lease_us < %s))"
                        " ORDER BY id LIMIT 1%s", clock,
                  s->driver->skip_locked ? s->driver->skip_locked : "");
    if (!s->driver->clock)
        args[n++] = ay_sql_int(ay_clock_wall());
    status = sql.failed ? ay_fail(err, AY_ENOMEM, "looking for a job") : ay_sql_number(s, sql.data, args, n, id, err);
    ay_buf_fini(&sql);
    return status;
}

/* UPDATE job SET `set`, lease_us = now + lease WHERE `where`; the arguments of `set`, then those of `where`. */
static ay_status set_lease(ay_store *s, const char *set, const char *where, const ay_sql_value *given, int nset, int nwhere, int64_t lease_us,
                           int64_t *changed, ay_err *err)
{
    const char *clock = s->driver->clock;
    ay_sql_value args[8];
    char sql[320];
    int n = 0;

    for (int i = 0; i < nset; i++)
        args[n++] = given[i];
    args[n++] = ay_sql_int(lease_us + (clock ? 0 : ay_clock_wall()));
    for (int i = 0; i < nwhere; i++)
        args[n++] = given[nset + i];
    snprintf(sql, sizeof sql, "UPDATE job SET %slease_us = %s%s? WHERE %s", set, clock ? clock : "", clock ? " + " : "", where);
    return ay_sql_write(s, sql, args, n, changed, NULL, err);
}

static ay_status read_one(ay_store *s, int64_t id, bool writing, ay_arena *a, ay_store_job *out, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof *out};
    ay_status status = writing ? ay_sql_select(s, COLUMNS " WHERE id = ?", ARGS(ay_sql_int(id)), take, &l, err)
                               : ay_sql_read(s, COLUMNS " WHERE id = ?", ARGS(ay_sql_int(id)), take, &l, err);

    if (status == AY_OK && l.n == 0)
        return ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)id);
    if (status == AY_OK)
        *out = *(ay_store_job *)(void *)l.items;
    return status;
}

ay_status ay_store_job_get(ay_store *s, int64_t id, ay_arena *a, ay_store_job *out, ay_err *err)
{
    return read_one(s, id, false, a, out, err);
}

ay_status ay_store_job_take(ay_store *s, const char *const *kinds, int nkinds, const char *node, int64_t lease_us, ay_arena *a,
                            ay_store_job *out, ay_err *err)
{
    int64_t id = 0, changed = 0;
    ay_status status = check_node(node, err);

    if (status == AY_OK && (nkinds < 1 || nkinds > AY_JOB_KINDS))
        status = ay_fail(err, AY_EINVAL, "%d kinds of jobs; from 1 to %d", nkinds, AY_JOB_KINDS);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = find_free(s, kinds, nkinds, &id, err);
    if (status == AY_OK)
        status = set_lease(s, "state = 'running', node = ?, asked = 0, started_us = CASE WHEN started_us = 0 THEN ? ELSE started_us END,"
                              " ended_us = 0, ", "id = ?",
                           (const ay_sql_value[]){ay_sql_text(node), ay_sql_int(ay_clock_wall()), ay_sql_int(id)}, 2, 1, lease_us,
                           &changed, err);
    if (status == AY_OK)
        status = read_one(s, id, true, a, out, err);
    return ay_store_end(s, status, err);
}

ay_status ay_store_job_beat(ay_store *s, int64_t id, const char *node, int64_t lease_us, int *asked, ay_err *err)
{
    int64_t changed = 0, count = 0;
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = set_lease(s, "", "id = ? AND node = ? AND state = 'running'", (const ay_sql_value[]){ay_sql_int(id), ay_sql_text(node)}, 0, 2,
                       lease_us, &changed, err);
    if (status == AY_OK && changed == 0)
        status = say_why(s, id, err);
    if (status == AY_OK)
        status = ay_sql_number(s, "SELECT asked FROM job WHERE id = ?", ARGS(ay_sql_int(id)), &count, err);
    if (asked)
        *asked = (int)count;
    return ay_store_end(s, status, err);
}

ay_status ay_store_job_release(ay_store *s, const char *node, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_write(s, "UPDATE job SET lease_us = 1 WHERE node = ? AND state = 'running' AND lease_us > 0", ARGS(ay_sql_text(node)), NULL, NULL,
                          err);
    return ay_store_end(s, status, err);
}

ay_status ay_store_job_ask(ay_store *s, int64_t id, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_write(s, "UPDATE job SET asked = asked + 1 WHERE id = ? AND node <> '' AND state = 'running'", ARGS(ay_sql_int(id)), &changed,
                          NULL, err);
    if (status == AY_OK && changed == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no node runs job %lld", (long long)id);
    return ay_store_end(s, status, err);
}

ay_status ay_store_job_kind(ay_store *s, const char *kind, int limit, ay_arena *a, ay_store_job **out, size_t *n,
                            ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s,
                                   COLUMNS " WHERE kind = ?"
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
                                   COLUMNS " WHERE id IN"
                                   " (SELECT id FROM (SELECT id FROM job ORDER BY id DESC LIMIT ?)"
                                   " AS newest) ORDER BY id",
                                   ARGS(ay_sql_int(limit)), take, &l, err);

    *out = (ay_store_job *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}
