/* store/postgres_wait.c - talking to PostgreSQL without blocking.  See store/postgres.h.
 *
 * The server ends a statement that takes too long by itself (statement_timeout); a limit of our own, a little longer, is for
 * a server or a network that says nothing at all. */
#include "store/postgres.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WRITE_MS = 30000, GRACE_MS = 5000 };

bool ay_pg_wait(PGconn *db, bool to_write, int ms)
{
    struct pollfd fd = {PQsocket(db), (short)(POLLIN | (to_write ? POLLOUT : 0)), 0};
    uint64_t end = ay_clock_mono() + (uint64_t)(ms > 0 ? ms : 0) * 1000000;
    int rc;

    for (;;) {
        uint64_t now = ay_clock_mono();
        int left = ms < 0 ? -1 : now >= end ? 0 : (int)((end - now) / 1000000) + 1;
        rc = poll(&fd, 1, left);
        if (rc != 0 && !(rc < 0 && errno == EINTR))
            return rc > 0;
        if (rc == 0 && left == 0)
            return false;
    }
}

/* What was sent leaves; answers that come meanwhile are taken in, so that neither side waits for the other. */
static bool flush(ay_pg *s)
{
    int rc;

    while ((rc = PQflush(s->db)) == 1)
        if (!ay_pg_wait(s->db, true, WRITE_MS) || !PQconsumeInput(s->db))
            return false;
    return rc == 0;
}

PGresult *ay_pg_next(ay_pg *s, ay_status *status, ay_err *err)
{
    int ms = s->url.timeout_s ? s->url.timeout_s * 1000 + GRACE_MS : -1;
    bool silent = false, ok = flush(s);

    *status = AY_OK;
    while (ok && PQisBusy(s->db)) {
        silent = !ay_pg_wait(s->db, false, ms);
        ok = !silent && PQconsumeInput(s->db);
    }
    if (ok)
        return PQgetResult(s->db);
    if (silent) {
        *status = ay_fail(err, AY_EBUSY, "the database went away: no answer in %d s", ms / 1000);
        s->broken = s->open;
        ay_pg_drop(s);
    } else
        *status = ay_pg_fail(s, NULL, "waiting", err);
    return NULL;
}

void ay_pg_drain(ay_pg *s)
{
    ay_status status = AY_OK;
    PGresult *r;

    while (s->db && (r = ay_pg_next(s, &status, NULL)))
        PQclear(r);
}

static bool is_good(const PGresult *r)
{
    ExecStatusType t = PQresultStatus(r);

    return t == PGRES_COMMAND_OK || t == PGRES_TUPLES_OK || t == PGRES_EMPTY_QUERY;
}

/* The rows of the last statement, or NULL. */
static PGresult *query(ay_pg *s, const char *sql, ay_status *status, ay_err *err)
{
    PGresult *r, *last = NULL;
    bool bad = false;

    if (!PQsendQuery(s->db, sql)) {
        *status = ay_pg_fail(s, NULL, sql, err);
        return NULL;
    }
    for (*status = AY_OK; s->db && (r = ay_pg_next(s, status, err));) {
        if (!bad && !is_good(r)) {
            *status = ay_pg_fail(s, r, sql, err);
            bad = true;
            PQclear(r);
            ay_pg_drain(s);
            break;
        }
        PQclear(last);
        last = r;
    }
    if (*status == AY_OK)
        return last;
    PQclear(last);
    return NULL;
}

ay_status ay_pg_exec(ay_pg *s, const char *sql, ay_err *err)
{
    ay_status status;

    PQclear(query(s, sql, &status, err));
    return status;
}

ay_status ay_pg_execf(ay_pg *s, ay_err *err, const char *fmt, ...)
{
    char sql[2048];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof sql)
        return ay_fail(err, AY_ELIMIT, "a statement is too long");
    return ay_pg_exec(s, sql, err);
}

ay_status ay_pg_ask(ay_pg *s, char *dst, size_t cap, int *rows, ay_err *err, const char *fmt, ...)
{
    ay_status status;
    char sql[2048];
    size_t at = 0;
    PGresult *r;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    *dst = '\0';
    *rows = 0;
    r = query(s, sql, &status, err);
    if (!r)
        return status;
    *rows = PQntuples(r);
    for (int i = 0; *rows > 0 && i < PQnfields(r) && at < cap; i++)
        at += (size_t)snprintf(dst + at, cap - at, "%s\n", PQgetvalue(r, 0, i));
    PQclear(r);
    return at < cap ? AY_OK : ay_fail(err, AY_ELIMIT, "an answer of the database is too long");
}
