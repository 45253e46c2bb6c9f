/* store/postgres_link.c - connecting, and what must be true of a connection before it is used.
 *
 * A connection that fails is tried again at the next statement, but not before a pause that doubles
 * from 0.1 to 2 seconds: whoever asks meanwhile hears at once that the database is away, and the service
 * is back two seconds after the database at the latest.  Connecting itself ends after CONNECT_S, of which only looking up the host's name
 * is the system's to limit. */
#include "store/postgres.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* STANDSTILL: a node that stops amid a transaction (a debugger, a frozen machine) must not hold up the others' writing for longer. */
enum { CONNECT_S = 3, LOCK_S = 3, LEAST = 120000, STANDSTILL_MS = 15000 };
static const uint64_t MS = 1000000, LEAST_PAUSE = 100 * 1000000, MOST_PAUSE = 2000 * 1000000ull;

/* ---- what codes mean */

static bool is_one_of(const char *state, const char *list)
{
    const char *at = strlen(state) == 5 ? strstr(list, state) : NULL;

    return at && (at - list) % 6 == 0;
}

static bool is_lost(const char *state)
{
    return strncmp(state, "08", 2) == 0 || is_one_of(state, "57P01 57P02 57P03 57P05 25P03");
}

ay_status ay_pg_meaning(const char *state)
{
    static const struct {
        const char *list;
        ay_status status;
    } known[] = {
        {"23505", AY_EEXISTS},
        {"23503 23001 23514 42P07 42701 42710", AY_ECONFLICT},
        {"23502 22001 22003 22P02 22021 22P05", AY_EINVAL},
        {"54000 54001", AY_ELIMIT},
        {"42P01 42703 XX001 XX002 3F000", AY_ECORRUPT},
        {"53200", AY_ENOMEM},
        {"40001 40P01 57014 55P03 53100 53300 25006 25P02", AY_EBUSY},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_one_of(state, known[i].list))
            return known[i].status;
    return is_lost(state) ? AY_EBUSY : AY_EIO;
}

/* What to do about it; "" when the server's own words say enough. */
static const char *advice(const char *state, bool writable)
{
    static const struct {
        const char *list, *say;
    } known[] = {
        {"28P01 28000", "; check the user, its line in pg_hba.conf, and ASSAY_STORE_PASSWORD"},
        {"3D000", "; make it with CREATE DATABASE ... ENCODING 'UTF8', Assay makes the tables"},
        {"53100", "; there is no room left for the database: free some on its disk"},
        {"25006", "; the database takes no writes now: is this a replica?"},
        {"42P01 3F000", "; is this a database of Assay's?"},
        {"53300", "; raise max_connections on the server"},
    };

    if (is_one_of(state, "42501"))
        return writable ? "; the user must own the schema (CREATE SCHEMA assay AUTHORIZATION user)"
                        : "; to read, the user needs GRANT USAGE ON SCHEMA and GRANT SELECT ON ALL TABLES IN SCHEMA";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_one_of(state, known[i].list))
            return known[i].say;
    return "";
}

/* One line without "ERROR:  " and what follows the first line. */
static void first_line(char *dst, size_t cap, const char *text)
{
    snprintf(dst, cap, "%.*s", (int)strcspn(text, "\n"), text);
}

ay_status ay_pg_fail(ay_pg *s, const PGresult *r, const char *what, ay_err *err)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    const char *words = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    ay_status status;
    char text[256];

    state = state ? state : r && s->db && PQstatus(s->db) == CONNECTION_OK ? "XX000" : "08006";
    words = words ? words : r && *PQresultErrorMessage(r) ? PQresultErrorMessage(r) : s->db ? PQerrorMessage(s->db) : "";
    first_line(text, sizeof text, words);
    status = ay_pg_meaning(state);
    if (is_lost(state) || (s->db && PQstatus(s->db) == CONNECTION_BAD)) {
        s->broken = s->open;
        ay_pg_drop(s);
        return ay_fail(err, AY_EBUSY, "the database went away: %s", *text ? text : "the connection ended");
    }
    return ay_fail(err, status, "%s%s [%s] (%.60s)", text, advice(state, s->writable), state, what);
}

/* ---- one connection */

void ay_pg_drop(ay_pg *s)
{
    for (int i = 0; i < s->nkept; i++) {
        ay_free(s->kept[i].sql);
        ay_free(s->kept[i].types);
    }
    s->nkept = s->oldest = 0;
    s->listening = false;
    if (s->db)
        PQfinish(s->db);
    s->db = NULL;
}

static void be_quiet(void *arg, const char *message)
{
    (void)arg, (void)message;
}

/* "FATAL:  28P01: words", as libpq writes it when asked to be exact: the code, else 08001. */
static const char *code_of(const char *message, char state[6], const char **words)
{
    strcpy(state, "08001");
    *words = message;
    for (const char *p = message; (p = strstr(p, ":  ")); p++) {
        if (strspn(p + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && p[8] == ':') {
            memcpy(state, p + 3, 5);
            *words = p + 10;
            break;
        }
    }
    return state;
}

static ay_status cannot_connect(const ay_pg *s, const PGconn *db, const char *instead, ay_err *err)
{
    char name[256], state[6], text[256];
    const char *words;

    ay_sql_url_name(&s->url, name, sizeof name);
    code_of(db ? PQerrorMessage(db) : "", state, &words);
    first_line(text, sizeof text, instead ? instead : words);
    return ay_fail(err, s->opening && !is_one_of(state, "57P03") ? AY_EIO : AY_EBUSY, "%s cannot be reached: %s%s", name, text,
                   advice(state, s->writable));
}

/* A password in clear is never asked for: the server decides that, but only where ssl=off allowed it. */
static PGconn *begin_connect(const ay_pg *s)
{
    static const char *const ssl[] = {[AY_SQL_PLAIN] = "disable", [AY_SQL_TLS] = "require", [AY_SQL_VERIFY] = "verify-full"};
    char port[16], name[32];
    const char *keys[24] = {NULL}, *values[24] = {NULL};
    int n = 0;

#define SET(k, v) (keys[n] = (k), values[n++] = (v))
    snprintf(port, sizeof port, "%u", s->url.port);
    snprintf(name, sizeof name, s->writable ? "assay %.16s" : "assay", s->owner);
    if (*s->url.socket || *s->url.host)
        SET("host", *s->url.socket ? s->url.socket : s->url.host);
    SET("port", port);
    SET("dbname", s->url.database);
    if (*s->url.user)
        SET("user", s->url.user);
    if (s->url.password)
        SET("password", s->url.password);
    SET("sslmode", *s->url.socket ? "disable" : ssl[s->url.ssl]);
    if (*s->url.ca)
        SET("sslrootcert", s->url.ca);
    SET("gssencmode", "disable");
    SET("client_encoding", "UTF8");
    SET("application_name", name);
    SET("keepalives", "1");
    SET("keepalives_idle", "30");
    SET("keepalives_interval", "10");
    SET("keepalives_count", "3");
    SET("tcp_user_timeout", "30000");
#undef SET
    return PQconnectStartParams(keys, values, 0);
}

static ay_status connect_in_time(const ay_pg *s, PGconn *db, ay_err *err)
{
    uint64_t end = ay_clock_mono() + CONNECT_S * 1000 * MS;
    PostgresPollingStatusType way = PGRES_POLLING_WRITING;

    PQsetErrorVerbosity(db, PQERRORS_VERBOSE);
    PQsetNoticeProcessor(db, be_quiet, NULL);
    if (PQstatus(db) == CONNECTION_BAD)
        return cannot_connect(s, db, NULL, err);
    while (way != PGRES_POLLING_OK) {
        uint64_t now = ay_clock_mono();
        if (now >= end || !ay_pg_wait(db, way == PGRES_POLLING_WRITING, (int)((end - now) / MS)))
            return cannot_connect(s, NULL, "no answer in 3 s", err);
        way = PQconnectPoll(db);
        if (way == PGRES_POLLING_FAILED)
            return cannot_connect(s, db, NULL, err);
    }
    PQsetErrorVerbosity(db, PQERRORS_DEFAULT);
    return PQsetnonblocking(db, 1) == 0 ? AY_OK : cannot_connect(s, db, NULL, err);
}

static ay_status set_session(ay_pg *s, ay_err *err)
{
    return ay_pg_execf(s, err,
                       "SET search_path TO \"%s\"; SET statement_timeout = %d; SET lock_timeout = 10000;"
                       " SET idle_in_transaction_session_timeout = %d; SET TIME ZONE 'UTC'; SET client_min_messages = error;"
                       " SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed';"
                       " SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';"
                       " SET default_transaction_read_only = %s",
                       s->url.schema, s->url.timeout_s * 1000, s->writable && s->url.many ? STANDSTILL_MS : 0,
                       s->writable ? "off" : "on");
}

/* Acknowledged means durable: a server that forgets commits when power fails is refused, unless the
 * URL says it will do. */
static ay_status inspect(ay_pg *s, ay_err *err)
{
    char text[256], fsync[8] = "", pages[8] = "", encoding[32] = "", replica[8] = "";
    int rows;
    ay_status status = ay_pg_ask(s, text, sizeof text, &rows, err,
                                 "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
                                 " current_setting('server_encoding'), pg_is_in_recovery()");

    if (status != AY_OK)
        return status;
    sscanf(text, "%7s\n%7s\n%31s\n%7s", fsync, pages, encoding, replica);
    if (PQserverVersion(s->db) < LEAST)
        return ay_fail(err, AY_EUNSUPPORTED, "the database server is PostgreSQL %d; Assay needs 12 or newer",
                       PQserverVersion(s->db) / 10000);
    if (strcmp(encoding, "UTF8") != 0)
        return ay_fail(err, AY_EUNSUPPORTED, "the database %s keeps text as %s: make one with ENCODING 'UTF8' (TEMPLATE template0)",
                       s->url.database, encoding);
    if (!s->writable)
        return AY_OK;
    if (replica[0] == 't')
        return ay_fail(err, AY_EBUSY, "the database takes no writes now: is this a replica?");
    if (!s->url.relaxed && (strcmp(fsync, "on") != 0 || strcmp(pages, "on") != 0))
        return ay_fail(err, AY_EUNSUPPORTED,
                       "the database does not keep a commit when power fails (fsync is %s, full_page_writes is %s): set both to on,"
                       " or add relaxed=yes to the store's URL", fsync, pages);
    return AY_OK;
}

/* ---- who writes */

/* FNV-1a of the schema's name: locks are per database already. */
long long ay_pg_lock(const ay_pg *s)
{
    uint64_t h = 14695981039346656037u;

    for (const char *p = s->url.schema; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    return (long long)(h >> 2);
}

/* Get the lock of nodes within LOCK_S; *got: whether it is ours now. */
static ay_status get_lock(ay_pg *s, bool *got, ay_err *err)
{
    uint64_t end = ay_clock_mono() + LOCK_S * 1000 * MS;
    ay_status status = AY_OK;
    char text[16];
    int rows;

    for (*got = false; status == AY_OK && !*got;) {
        status = ay_pg_ask(s, text, sizeof text, &rows, err, "SELECT pg_try_advisory_lock%s(%lld)", s->url.many ? "_shared" : "",
                           ay_pg_lock(s) + 1);
        *got = status == AY_OK && text[0] == 't';
        if (status == AY_OK && !*got && ay_clock_mono() >= end)
            break;
        if (!*got)
            nanosleep(&(struct timespec){0, 50 * (long)MS}, NULL);
    }
    return status;
}

static ay_status say_busy(ay_pg *s, ay_err *err)
{
    long long lock = ay_pg_lock(s) + 1;
    char text[256], pid[16] = "?", host[128] = "";
    int rows = 0;

    if (ay_pg_ask(s, text, sizeof text, &rows, NULL,
                  "SELECT a.pid, COALESCE(host(a.client_addr), 'this machine') FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
                  " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE"
                  " datname = current_database()) AND l.classid::bigint = %lld AND l.objid::bigint = %lld",
                  (lock >> 32) & 0xffffffffLL, lock & 0xffffffffLL) == AY_OK)
        sscanf(text, "%15s\n%127[^\n]", pid, host);
    return ay_fail(err, AY_EBUSY, "the database %s is in use by another Assay (connection %s%s%s)%s", s->url.database, pid,
                   *host ? " from " : "", host,
                   s->url.many ? " that does not share it: start all with nodes=many in the store's URL" : "");
}

ay_status ay_pg_fence(ay_pg *s, ay_err *err)
{
    s->fenced = true;
    return ay_fail(err, AY_EBUSY, "another Assay has taken over the database %s while it could not be"
                                  " reached: start this one again", s->url.database);
}

/* Our row, waiting for what an older connection of ours may still do with it.  *mine false: it is gone. */
static ay_status read_owner(ay_pg *s, bool *mine, ay_err *err)
{
    char text[32];
    int rows;
    ay_status status = ay_pg_ask(s, text, sizeof text, &rows, err,
                                 "SELECT serial FROM assay_session WHERE owner = '%s' FOR UPDATE", s->owner);

    *mine = status == AY_OK && rows == 1;
    if (*mine)
        s->serial = strtoll(text, NULL, 10);
    return status;
}

/* On a new connection of a session that wrote before.  The old connection may still be there for the server, with half a transaction
 * and the locks; its name says that it is ours. */
static ay_status regain(ay_pg *s, ay_err *err)
{
    bool mine = false, got = false;
    char text[64];
    int rows;
    ay_status status = ay_pg_ask(s, text, sizeof text, &rows, err,
                                 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'assay %.16s'"
                                 " AND pid <> pg_backend_pid() AND usename = current_user", s->owner);

    if (status == AY_OK)
        status = read_owner(s, &mine, err);
    if (status == AY_OK && !mine)
        return ay_pg_fence(s, err);
    if (status == AY_OK)
        status = get_lock(s, &got, err);
    if (status == AY_OK && !got)
        return say_busy(s, err);
    if (status == AY_OK) /* the one that had the lock meanwhile has thrown our row out */
        status = read_owner(s, &mine, err);
    if (status == AY_OK && !mine)
        return ay_pg_fence(s, err);
    if (status == AY_OK)
        s->doubt = false;
    return status;
}

/* Two first starts at once must not both make the schema: one transaction each, one after the other. */
static ay_status make_tables(ay_pg *s, ay_err *err)
{
    char text[16];
    int rows = 0;
    ay_status status = ay_pg_execf(s, err, "BEGIN; SELECT pg_advisory_xact_lock(%lld)", ay_pg_lock(s));

    if (status == AY_OK)
        status = ay_pg_ask(s, text, sizeof text, &rows, err, "SELECT 1 FROM pg_namespace WHERE nspname = '%s'", s->url.schema);
    if (status == AY_OK && rows == 0)
        status = ay_pg_execf(s, err, "CREATE SCHEMA \"%s\"", s->url.schema);
    if (status == AY_OK)
        status = ay_pg_exec(s, "CREATE TABLE IF NOT EXISTS assay_session (owner TEXT COLLATE \"C\" NOT NULL PRIMARY KEY,"
                               " serial BIGINT NOT NULL, seen TIMESTAMPTZ NOT NULL DEFAULT now())", err);
    if (status == AY_OK)
        status = ay_pg_exec(s, s->url.many ? "DELETE FROM assay_session WHERE seen < now() - interval '7 days'"
                                           : "DELETE FROM assay_session", err);
    if (status == AY_OK)
        status = ay_pg_execf(s, err, "INSERT INTO assay_session (owner, serial) VALUES ('%s', 0)", s->owner);
    if (status == AY_OK)
        return ay_pg_exec(s, "COMMIT", err);
    if (s->db)
        ay_pg_exec(s, "ROLLBACK", NULL);
    return status;
}

static ay_status own(ay_pg *s, ay_err *err)
{
    bool got = false;
    ay_status status = get_lock(s, &got, err);

    if (status == AY_OK && !got)
        return say_busy(s, err);
    s->serial = s->next = 0;
    return status == AY_OK ? make_tables(s, err) : status;
}

/* ---- again and again */

static ay_status connect_once(ay_pg *s, ay_err *err)
{
    ay_status status;
    PGconn *db;

    if (!s->owner[0])
        ay_random_hex(s->owner, 16);
    db = begin_connect(s);
    if (!db)
        return ay_fail(err, AY_ENOMEM, "connecting to the database");
    status = connect_in_time(s, db, err);
    if (status != AY_OK) {
        PQfinish(db);
        return status;
    }
    s->db = db;
    status = set_session(s, err);
    if (status == AY_OK)
        status = inspect(s, err);
    if (status == AY_OK && s->writable)
        status = s->opening ? own(s, err) : regain(s, err);
    if (status == AY_OK)
        s->pid = PQbackendPID(s->db);
    else
        ay_pg_drop(s);
    return status;
}

ay_status ay_pg_first(ay_pg *s, ay_err *err)
{
    ay_status status;

    s->opening = true;
    status = connect_once(s, err);
    s->opening = false;
    return status;
}

ay_status ay_pg_ready(ay_pg *s, ay_err *err)
{
    uint64_t now = ay_clock_mono();
    ay_err why = {{0}};
    ay_status status;

    if (s->open && (s->broken || !s->db))
        return ay_fail(err, AY_EBUSY, "the database ended the change that was under way");
    if (s->fenced && s->writable)
        return ay_pg_fence(s, err);
    if (s->db)
        return AY_OK;
    if (now < s->retry_at)
        return ay_fail(err, AY_EBUSY, "%s (tried again in %.1f s)", s->why, (double)(s->retry_at - now) / 1e9);
    status = connect_once(s, &why);
    if (status == AY_OK) {
        s->backoff = 0;
        return AY_OK;
    }
    s->backoff = s->backoff * 2 < LEAST_PAUSE ? LEAST_PAUSE : s->backoff * 2;
    s->backoff = s->backoff > MOST_PAUSE ? MOST_PAUSE : s->backoff;
    s->retry_at = ay_clock_mono() + s->backoff;
    snprintf(s->why, sizeof s->why, "%.255s", why.msg);
    return ay_fail(err, status == AY_ENOMEM ? AY_ENOMEM : AY_EBUSY, "%s", why.msg);
}

static void sleep_until(uint64_t when)
{
    uint64_t now = ay_clock_mono(), ns = when > now ? when - now : 0;

    ns = ns < 10 * MS ? 10 * MS : ns;
    nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
}

ay_status ay_pg_settle(ay_pg *s, int wait_ms, ay_err *err)
{
    uint64_t end = ay_clock_mono() + (uint64_t)wait_ms * MS;

    s->doubt = true;
    for (;;) {
        ay_status status = ay_pg_ready(s, NULL);
        if (status == AY_OK && s->doubt) { /* a connection that was not lost after all */
            bool mine = false;
            status = read_owner(s, &mine, NULL);
            s->fenced |= status == AY_OK && !mine;
            s->doubt = status != AY_OK || !mine;
        }
        if (!s->doubt)
            return s->serial == s->next
                       ? AY_OK
                       : ay_fail(err, AY_EBUSY,
                                 "the database went away before it kept the change: nothing was changed");
        if (s->fenced || ay_clock_mono() >= end)
            return ay_fail(err, AY_EUNKNOWN,
                           "the database went away while it kept the change; whether it did is found out"
                           " when it is back");
        sleep_until(s->db ? 0 : s->retry_at < end ? s->retry_at : end);
    }
}
