#include "base/clock.h"
#include "store/plant_parts.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 100, GRACE_MS = 3000, LOST_MS = 30000, WORDS = 300 };
static const uint64_t MS = 1000000;

static ay_status stopped(const ay_plant *p, ay_err *err)
{
    if (p->cancel && atomic_load(p->cancel))
        return ay_fail(err, AY_ECANCELLED, "asking %s was cancelled", p->name);
    return AY_OK;
}

/* A little; AY_OK also when nothing came yet. */
static ay_status wait_for(const ay_plant *p, short events, uint64_t end, const char *doing, ay_err *err)
{
    struct pollfd fd = {.fd = PQsocket(p->db), .events = events};
    uint64_t now = ay_clock_mono();
    ay_status status = stopped(p, err);

    if (status != AY_OK)
        return status;
    if (now >= end)
        return ay_fail(err, AY_EIO, "%s did not answer in time (%s)", p->name, doing);
    poll(&fd, 1, end - now < LOOK_MS * MS ? (int)((end - now) / MS) + 1 : LOOK_MS);
    return AY_OK;
}

ay_status ay_plant_pause(ay_plant *p, uint64_t ns, ay_err *err)
{
    uint64_t end = ay_clock_mono() + ns;
    ay_status status = AY_OK;

    for (uint64_t now; (now = ay_clock_mono()) < end && status == AY_OK;) {
        poll(NULL, 0, end - now < LOOK_MS * MS ? (int)((end - now) / MS) + 1 : LOOK_MS);
        status = stopped(p, err);
    }
    return status;
}

/* The server's words on one line, without its "ERROR:" and what follows the first sentence's line. */
static void server_words(const char *text, char dst[WORDS])
{
    size_t n = 0;

    for (const char *s = text ? text : ""; *s && n + 1 < WORDS; s++) {
        char c = *s == '\n' || *s == '\t' ? ' ' : *s;
        if (c != ' ' || (n > 0 && dst[n - 1] != ' '))
            dst[n++] = c;
    }
    while (n > 0 && dst[n - 1] == ' ')
        n--;
    dst[n] = '\0';
}

/* ---- connecting */

void ay_plant_drop(ay_plant *p)
{
    if (p->db)
        PQfinish(p->db);
    p->db = NULL;
}

static void silent(void *arg, const PGresult *r)
{
    (void)arg, (void)r;
}

static PGconn *start(const ay_plant *p)
{
    char port[16], lost[16];
    const char *const words[] = {"host",     "hostaddr",    "port",            "dbname",           "user",
                                 "password", "sslmode",     "sslrootcert",     "gssencmode",       "client_encoding",
                                 "passfile", "options",     "application_name", "tcp_user_timeout", "keepalives_idle",
                                 NULL};
    const char *const values[] = {p->o.host,     p->o.address, port,          p->o.database, p->o.user,
                                  p->o.password, p->o.ssl,     p->o.ssl_root, "disable",     "UTF8",
                                  "/dev/null",   "",           "assay",       lost,          "30",
                                  NULL};

    snprintf(port, sizeof port, "%d", p->o.port);
    snprintf(lost, sizeof lost, "%d", LOST_MS);
    return PQconnectStartParams(words, values, 0);
}

ay_status ay_plant_connect(ay_plant *p, ay_err *err)
{
    uint64_t end = ay_clock_mono() + (uint64_t)p->o.connect_ms * MS;
    PostgresPollingStatusType now = PGRES_POLLING_WRITING;
    char words[WORDS];
    ay_status status = stopped(p, err);

    if (status != AY_OK || p->db)
        return status;
    p->db = start(p);
    if (!p->db)
        return ay_fail(err, AY_ENOMEM, "connecting to %s", p->name);
    while (status == AY_OK && PQstatus(p->db) != CONNECTION_BAD && now != PGRES_POLLING_OK &&
           now != PGRES_POLLING_FAILED) {
        status = wait_for(p, now == PGRES_POLLING_READING ? POLLIN : POLLOUT, end, "connecting", err);
        if (status == AY_OK)
            now = PQconnectPoll(p->db);
    }
    if (status == AY_OK && (now != PGRES_POLLING_OK || PQsetnonblocking(p->db, 1) != 0)) {
        server_words(PQerrorMessage(p->db), words);
        status = ay_fail(err, AY_EIO, "%s: %s%s", p->name, words,
                         PQconnectionNeedsPassword(p->db) ? "; no password was given" : "");
    }
    if (status != AY_OK) {
        ay_plant_drop(p);
        return status;
    }
    PQsetNoticeReceiver(p->db, silent, NULL);
    p->connections++;
    return AY_OK;
}

/* ---- a statement */

/* Is the connection, and not the statement, what failed? */
static bool connection_gone(const ay_plant *p, const PGresult *r)
{
    const char *code = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;

    return PQstatus(p->db) == CONNECTION_BAD ||
           (code && (strncmp(code, "08", 2) == 0 || strncmp(code, "57P", 3) == 0));
}

static ay_status meaning(const ay_plant *p, const PGresult *r, ay_err *err)
{
    const char *code = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    char words[WORDS];

    code = code ? code : "";
    server_words(PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY), words);
    if (strcmp(code, "57014") == 0)
        return ay_fail(err, AY_EIO, "%s: a statement took more than %d ms and was ended; an index on (%s, %s, %s) of %s helps",
                       p->name, p->o.statement_ms, p->o.column[AY_PLANT_SITE], p->o.column[AY_PLANT_LINE],
                       p->o.column[AY_PLANT_TIME], p->o.table);
    if (strcmp(code, "42P01") == 0 || strcmp(code, "3F000") == 0)
        return ay_fail(err, AY_ENOTFOUND, "%s has no table %s: name the right one in the settings (\"table\")", p->name,
                       p->o.table);
    if (strcmp(code, "42703") == 0)
        return ay_fail(err, AY_ENOTFOUND, "the table %s of %s has other columns: %s; name them in the settings (\"columns\")",
                       p->o.table, p->name, words);
    if (strcmp(code, "42501") == 0)
        return ay_fail(err, AY_ECONFLICT, "%s: %s; the user needs: GRANT SELECT ON %s TO %s", p->name, words,
                       p->o.table, p->o.user);
    return ay_fail(err, strncmp(code, "53", 2) == 0 ? AY_EBUSY : AY_EIO, "%s: %s (%s)", p->name, words, code);
}

/* Until libpq has the next result whole. */
static ay_plant_step receive(ay_plant *p, uint64_t end, ay_status *status, ay_err *err)
{
    ay_status waited; /* *status may hold what an earlier result said */
    int unsent = 1;

    for (;;) {
        if (unsent && (unsent = PQflush(p->db)) < 0)
            return AY_PLANT_LOST;
        if (!unsent && !PQisBusy(p->db))
            return AY_PLANT_DONE;
        waited = wait_for(p, unsent ? POLLIN | POLLOUT : POLLIN, end, "a statement", err);
        if (waited != AY_OK) {
            *status = waited;
            return AY_PLANT_FAILED;
        }
        if (!PQconsumeInput(p->db))
            return AY_PLANT_LOST;
    }
}

/* All results of what was sent; the last that is none of failure stays in *rows. */
static ay_plant_step collect(ay_plant *p, PGresult **rows, ay_status *status, ay_err *err)
{
    uint64_t end = ay_clock_mono() + (uint64_t)(p->o.statement_ms + GRACE_MS) * MS;
    ay_plant_step step = AY_PLANT_DONE, failed = AY_PLANT_DONE;

    for (;;) {
        PGresult *r;
        ExecStatusType kind;
        step = receive(p, end, status, err);
        if (step != AY_PLANT_DONE || !(r = PQgetResult(p->db)))
            return step != AY_PLANT_DONE ? step : failed;
        kind = PQresultStatus(r);
        if (kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK) {
            PQclear(*rows);
            *rows = r;
            continue;
        }
        if (connection_gone(p, r)) {
            char words[WORDS];
            server_words(PQresultErrorMessage(r), words);
            ay_fail(err, AY_EIO, "%s: %s", p->name, words);
            PQclear(r);
            return AY_PLANT_LOST;
        }
        *status = meaning(p, r, err);
        failed = AY_PLANT_FAILED;
        PQclear(r);
    }
}

ay_plant_step ay_plant_run(ay_plant *p, const char *sql, int n, const char *const *values, PGresult **rows,
                           ay_status *status, ay_err *err)
{
    ay_plant_step step = AY_PLANT_LOST;
    ay_err why;

    *rows = NULL;
    *status = ay_fail(&why, AY_EIO, "%s: the connection was lost", p->name);
    p->statements++;
    if (n ? PQsendQueryParams(p->db, sql, n, NULL, values, NULL, NULL, 0) : PQsendQuery(p->db, sql))
        step = collect(p, rows, status, &why);
    if (step == AY_PLANT_DONE) {
        *status = AY_OK;
        return step;
    }
    PQclear(*rows);
    *rows = NULL;
    if (err)
        *err = why;
    /* What did not answer in time, or was cancelled, is not asked again on this connection. */
    if (step == AY_PLANT_LOST || PQtransactionStatus(p->db) == PQTRANS_ACTIVE)
        ay_plant_drop(p);
    return step;
}
