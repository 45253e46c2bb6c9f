/* store/postgres.c - the driver for PostgreSQL: statements and transactions.  See store/postgres.h.
 *
 * Statements are prepared once a connection and kept; values travel in binary, both ways.  Rows are not gathered: they are handed on as
 * they arrive, so that a data set of a million vectors needs the memory of one.
 *
 * Text columns have the collation "C", which compares bytes; the database is UTF-8, so that what is no UTF-8 is refused. */
#include "store/postgres.h"

#include "base/mem.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOUBT_MS = 5000 };
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_NAME = 19, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_OID = 26,
       OID_UNKNOWN = 705, OID_BPCHAR = 1042, OID_VARCHAR = 1043, OID_NUMERIC = 1700 };

/* ---- arguments */

typedef struct {
    Oid types[AY_SQL_ARGS];
    const char *values[AY_SQL_ARGS];
    int lengths[AY_SQL_ARGS], formats[AY_SQL_ARGS];
    uint64_t numbers[AY_SQL_ARGS];
    int n;
} arguments;

static ay_status fill(arguments *a, const ay_sql_call *call, const char *sql, ay_err *err)
{
    static const Oid oids[] = {[AY_SQL_NULL] = 0, [AY_SQL_INT] = OID_INT8, [AY_SQL_TEXT] = OID_TEXT, [AY_SQL_BLOB] = OID_BYTEA};

    if (call->nargs > AY_SQL_ARGS)
        return ay_fail(err, AY_EINVAL, "%d arguments are too many: %.80s", call->nargs, sql);
    a->n = call->nargs;
    for (int i = 0; i < a->n; i++) {
        const ay_sql_value *v = &call->args[i];
        if (v->type > AY_SQL_INT && v->n > INT32_MAX / 2)
            return ay_fail(err, AY_ELIMIT, "a value of %zu bytes; the database takes at most 1 GB", v->n);
        a->types[i] = oids[v->type];
        a->formats[i] = 1;
        a->numbers[i] = htobe64((uint64_t)v->i);
        a->values[i] = v->type == AY_SQL_NULL ? NULL : v->type == AY_SQL_INT ? (const char *)&a->numbers[i] : v->n ? v->p : "";
        a->lengths[i] = v->type == AY_SQL_INT ? 8 : (int)v->n;
    }
    return AY_OK;
}

/* "?" outside of quotes becomes $1, $2...; with id, what numbers itself is asked for. */
static void rewrite(ay_buf *out, const char *sql, bool id)
{
    bool quoted = false;
    int n = 0;

    for (; *sql; sql++) {
        quoted ^= *sql == '\'';
        if (*sql == '?' && !quoted)
            ay_buf_printf(out, "$%d", ++n);
        else
            ay_buf_putc(out, *sql);
    }
    if (id)
        ay_buf_puts(out, " RETURNING id");
}

/* ---- prepared statements */

static bool asks_for_id(const char *sql, const ay_sql_call *call)
{
    return call->inserted_id && strncmp(sql, "INSERT ", 7) == 0;
}

static bool same(const ay_pg_kept *k, const char *sql, const ay_sql_call *call)
{
    if (k->nargs != call->nargs || k->id != asks_for_id(sql, call) || strcmp(k->sql, sql) != 0)
        return false;
    for (int i = 0; i < k->nargs; i++)
        if (k->types[i] != (unsigned char)call->args[i].type)
            return false;
    return true;
}

/* A place among the kept ones; the oldest makes room. */
static ay_status keep(ay_pg *s, const char *sql, const ay_sql_call *call, unsigned *number, ay_err *err)
{
    ay_pg_kept k = {ay_strdup(sql), ay_alloc(1, (size_t)call->nargs + 1), call->nargs, asks_for_id(sql, call), ++s->numbers};
    int at = s->nkept;

    if (!k.sql || !k.types) {
        ay_free(k.sql);
        ay_free(k.types);
        return ay_fail(err, AY_ENOMEM, "preparing a statement");
    }
    for (int i = 0; i < call->nargs; i++)
        k.types[i] = (unsigned char)call->args[i].type;
    if (at == AY_PG_KEPT) {
        at = s->oldest;
        s->oldest = (s->oldest + 1) % AY_PG_KEPT;
        ay_free(s->kept[at].sql);
        ay_free(s->kept[at].types);
    } else {
        s->nkept++;
    }
    s->kept[at] = k;
    *number = k.number;
    return AY_OK;
}

/* One result that must be an acknowledgement, and the end. */
static ay_status acknowledged(ay_pg *s, const char *sql, ay_err *err)
{
    ay_status status;
    PGresult *r = ay_pg_next(s, &status, err);

    if (r && PQresultStatus(r) != PGRES_COMMAND_OK)
        status = ay_pg_fail(s, r, sql, err);
    PQclear(r);
    ay_pg_drain(s);
    return status;
}

/* The one that makes room goes from the server first: were it forgotten only here, they would pile up there. */
static ay_status make_room(ay_pg *s, ay_err *err)
{
    return s->nkept < AY_PG_KEPT ? AY_OK : ay_pg_execf(s, err, "DEALLOCATE p%u", s->kept[s->oldest].number);
}

static ay_status prepare(ay_pg *s, const char *sql, const ay_sql_call *call, const arguments *a, unsigned *number, ay_err *err)
{
    ay_buf text = {0};
    ay_status status;
    char name[16];

    for (int i = 0; i < s->nkept; i++) {
        if (same(&s->kept[i], sql, call)) {
            *number = s->kept[i].number;
            return AY_OK;
        }
    }
    rewrite(&text, sql, asks_for_id(sql, call));
    snprintf(name, sizeof name, "p%u", s->numbers + 1);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "preparing a statement") : make_room(s, err);
    if (status == AY_OK && !PQsendPrepare(s->db, name, text.data, a->n, a->types))
        status = ay_pg_fail(s, NULL, sql, err);
    if (status == AY_OK)
        status = acknowledged(s, sql, err);
    if (status == AY_OK)
        status = keep(s, sql, call, number, err);
    ay_buf_fini(&text);
    return status;
}

/* ---- rows */

/* Sums of integers come as decimals: how many digits of base 10000, the power of the first, the sign, digits after the point. */
static ay_status read_decimal(const unsigned char *p, int n, int64_t *out, ay_err *err)
{
    int count = n < 8 ? -1 : p[0] << 8 | p[1], weight = n < 8 ? 0 : (int16_t)(p[2] << 8 | p[3]);
    unsigned sign = n < 8 ? 0xC000 : (unsigned)(p[4] << 8 | p[5]);
    int64_t v = 0;

    if (count < 0 || n != 8 + 2 * count || (sign != 0 && sign != 0x4000) || count > weight + 1)
        return ay_fail(err, AY_EINVAL, "a number in an answer of the database is no integer");
    for (int i = 0; i <= weight && count > 0; i++) {
        int digit = i < count ? p[8 + 2 * i] << 8 | p[9 + 2 * i] : 0;
        if (__builtin_mul_overflow(v, 10000, &v) || __builtin_sub_overflow(v, digit, &v))
            return ay_fail(err, AY_EINVAL, "a number in an answer of the database has more than 64 bits");
    }
    if (sign == 0 && v == INT64_MIN)
        return ay_fail(err, AY_EINVAL, "a number in an answer of the database has more than 64 bits");
    *out = sign ? v : -v;
    return AY_OK;
}

static ay_status read_column(const PGresult *r, int row, int i, ay_sql_value *out, ay_err *err)
{
    const unsigned char *p = (const unsigned char *)PQgetvalue(r, row, i);
    int n = PQgetlength(r, row, i);

    *out = (ay_sql_value){.type = AY_SQL_INT};
    if (PQgetisnull(r, row, i)) {
        out->type = AY_SQL_NULL;
        return AY_OK;
    }
    switch (PQftype(r, i)) {
    case OID_INT8: {
        uint64_t v;
        memcpy(&v, p, 8);
        out->i = (int64_t)be64toh(v);
        return AY_OK;
    }
    case OID_INT4:
    case OID_OID: {
        uint32_t v;
        memcpy(&v, p, 4);
        out->i = PQftype(r, i) == OID_OID ? (int64_t)be32toh(v) : (int32_t)be32toh(v);
        return AY_OK;
    }
    case OID_INT2:
        out->i = (int16_t)(p[0] << 8 | p[1]);
        return AY_OK;
    case OID_BOOL:
        out->i = p[0] != 0;
        return AY_OK;
    case OID_NUMERIC:
        return read_decimal(p, n, &out->i, err);
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_BPCHAR:
    case OID_NAME:
    case OID_UNKNOWN:
    case OID_BYTEA:
        *out = (ay_sql_value){PQftype(r, i) == OID_BYTEA ? AY_SQL_BLOB : AY_SQL_TEXT, 0, p, (size_t)n};
        return AY_OK;
    }
    return ay_fail(err, AY_EINVAL, "column %.64s has a type that Assay does not read (%u)", PQfname(r, i), PQftype(r, i));
}

static ay_status hand_on(const PGresult *r, int at, const ay_sql_call *call, const char *sql, ay_err *err)
{
    ay_sql_value row[AY_PG_COLUMNS];
    ay_status status = AY_OK;
    int n = PQnfields(r);

    if (!call->row && !call->inserted_id)
        return AY_OK;
    if (n > AY_PG_COLUMNS)
        return ay_fail(err, AY_EINVAL, "too many columns: %.80s", sql);
    for (int i = 0; i < n && status == AY_OK; i++)
        status = read_column(r, at, i, &row[i], err);
    if (status == AY_OK && call->inserted_id)
        *call->inserted_id = row[0].i;
    else if (status == AY_OK && call->row)
        status = call->row(call->ctx, row, n, err);
    return status;
}

/* One result of the statement under way: a row, or at the end how many were changed and, of what was not asked for row by row, the
 * rows. */
static ay_status take_result(ay_pg *s, PGresult *r, const ay_sql_call *call, const char *sql, long *rows, ay_err *err)
{
    ExecStatusType type = PQresultStatus(r);
    ay_status status = AY_OK;

    if (type != PGRES_SINGLE_TUPLE && type != PGRES_TUPLES_OK && type != PGRES_COMMAND_OK)
        return ay_pg_fail(s, r, sql, err);
    if (type != PGRES_SINGLE_TUPLE && call->changed)
        *call->changed = strtoll(PQcmdTuples(r), NULL, 10);
    for (int i = 0; i < PQntuples(r) && status == AY_OK; i++, ++*rows)
        status = hand_on(r, i, call, sql, err);
    return status;
}

/* All results of the statement under way.  After a failure the rest is read and thrown away. */
static ay_status take_results(ay_pg *s, const ay_sql_call *call, const char *sql, long *rows, ay_err *err)
{
    ay_status status = AY_OK;
    PGresult *r;

    while (s->db && (r = ay_pg_next(s, &status, err))) {
        status = take_result(s, r, call, sql, rows, err);
        PQclear(r);
        if (status != AY_OK) {
            ay_pg_drain(s);
            break;
        }
    }
    return status;
}

/* ---- statements */

static bool writes(const char *sql)
{
    return strncmp(sql, "INSERT ", 7) == 0 || strncmp(sql, "UPDATE ", 7) == 0 || strncmp(sql, "DELETE ", 7) == 0;
}

static bool send_plain(ay_pg *s, const char *sql)
{
    return PQsendQueryParams(s->db, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}

/* What of a pipeline is not read ends with its mark; then the connection talks as before. */
static ay_status end_pipeline(ay_pg *s, ay_status status, ay_err *err)
{
    ay_status late = AY_OK;
    PGresult *r;
    int ends = 0;

    while (s->db && ends < 2 && late == AY_OK) { /* a NULL ends each statement; two in a row: nothing is left */
        r = ay_pg_next(s, &late, err);
        ends = r ? 0 : ends + 1;
        if (r && PQresultStatus(r) == PGRES_PIPELINE_SYNC)
            ends = 2;
        PQclear(r);
    }
    if (s->db && !PQexitPipelineMode(s->db))
        return status == AY_OK ? ay_pg_fail(s, NULL, "ending a pipeline", err) : status;
    return status == AY_OK ? late : status;
}

/* SAVEPOINT, the statement, RELEASE: sent together.  A statement that fails leaves the transaction as it was before. */
static ay_status run_guarded(ay_pg *s, unsigned number, const arguments *a, const ay_sql_call *call, const char *sql, long *rows,
                             ay_err *err)
{
    static const ay_sql_call nothing = {0};
    ay_status status;
    char name[16];
    bool sent;

    snprintf(name, sizeof name, "p%u", number);
    sent = PQenterPipelineMode(s->db) && send_plain(s, "SAVEPOINT try") &&
           PQsendQueryPrepared(s->db, name, a->n, a->values, a->lengths, a->formats, 1) == 1 &&
           send_plain(s, "RELEASE SAVEPOINT try") && PQpipelineSync(s->db);
    if (!sent)
        return ay_pg_fail(s, NULL, sql, err);
    status = take_results(s, &nothing, sql, rows, err);
    if (status == AY_OK)
        status = take_results(s, call, sql, rows, err);
    if (status == AY_OK)
        status = take_results(s, &nothing, sql, rows, err);
    status = end_pipeline(s, status, err);
    if (status != AY_OK && s->db && PQtransactionStatus(s->db) == PQTRANS_INERROR)
        ay_pg_exec(s, "ROLLBACK TO SAVEPOINT try; RELEASE SAVEPOINT try", NULL);
    return status;
}

static ay_status run_prepared(ay_pg *s, const char *sql, const ay_sql_call *call, long *rows, ay_err *err)
{
    unsigned number = 0;
    ay_status status;
    char name[16];
    arguments a;

    status = fill(&a, call, sql, err);
    if (status == AY_OK)
        status = prepare(s, sql, call, &a, &number, err);
    if (status != AY_OK)
        return status;
    if (s->open && writes(sql))
        return run_guarded(s, number, &a, call, sql, rows, err);
    snprintf(name, sizeof name, "p%u", number);
    if (!PQsendQueryPrepared(s->db, name, a.n, a.values, a.lengths, a.formats, 1))
        return ay_pg_fail(s, NULL, sql, err);
    PQsetSingleRowMode(s->db);
    return take_results(s, call, sql, rows, err);
}

static ay_status run_once(ay_pg *s, const char *sql, const ay_sql_call *call, long *rows, ay_err *err)
{
    ay_status status = ay_pg_ready(s, err);

    if (status != AY_OK)
        return status;
    if (call->nargs == 0 && !call->row && !call->inserted_id && !writes(sql)) {
        if (call->changed)
            *call->changed = 0;
        return ay_pg_exec(s, sql, err);
    }
    return run_prepared(s, sql, call, rows, err);
}

/* A reading statement that met a dead connection before its first row is asked again on a new one. */
static ay_status pg_run(void *self, const char *sql, const ay_sql_call *call, ay_err *err)
{
    ay_pg *s = self;
    bool had = s->db != NULL;
    long rows = 0;
    ay_status status = run_once(s, sql, call, &rows, err);

    if (status == AY_EBUSY && had && !s->db && !s->writable && rows == 0)
        status = run_once(s, sql, call, &rows, err);
    return status;
}

/* ---- transactions */

/* The three statements of store/postgres.h. */
static ay_status start(ay_pg *s, ay_err *err)
{
    int64_t changed = 0;
    ay_sql_call count = {.changed = &changed};
    char lock[80], update[160];
    ay_status status = AY_OK;
    long rows = 0;

    s->next = s->serial + 1;
    snprintf(lock, sizeof lock, "SELECT pg_advisory_xact_lock(%lld)", ay_pg_lock(s));
    snprintf(update, sizeof update, "UPDATE assay_session SET serial = %lld, seen = now() WHERE owner = '%s'", (long long)s->next,
             s->owner);
    if (!PQenterPipelineMode(s->db) || !send_plain(s, "BEGIN") || !send_plain(s, lock) || !send_plain(s, update) ||
        !PQpipelineSync(s->db))
        return ay_pg_fail(s, NULL, "BEGIN", err);
    for (int i = 0; i < 3 && status == AY_OK; i++)
        status = take_results(s, &count, "BEGIN", &rows, err);
    status = end_pipeline(s, status, err);
    return status == AY_OK && changed != 1 ? ay_pg_fence(s, err) : status;
}

static ay_status pg_begin(void *self, ay_err *err)
{
    ay_pg *s = self;
    ay_status status = AY_EBUSY;

    s->broken = false;
    for (int i = 0; i < 2 && status == AY_EBUSY && !s->fenced; i++) {
        bool had = s->db != NULL;
        status = ay_pg_ready(s, err);
        if (status == AY_OK)
            status = start(s, err);
        if (status != AY_OK && s->db)
            ay_pg_exec(s, "ROLLBACK", NULL);
        if (!had || s->db)
            break; /* asked again only when a connection turned out to be dead */
    }
    if (s->fenced)
        return ay_pg_ready(s, err);
    s->open = status == AY_OK;
    return status;
}

static void pg_rollback(void *self)
{
    ay_pg *s = self;

    s->open = false;
    if (s->db && ay_pg_exec(s, "ROLLBACK", NULL) != AY_OK)
        ay_pg_drop(s); /* what cannot be rolled back ends with its connection */
}

static ay_status pg_commit(void *self, ay_err *err)
{
    ay_pg *s = self;
    ay_status status = s->broken ? ay_pg_ready(s, err) : AY_OK;

    if (status == AY_OK && s->db && PQtransactionStatus(s->db) != PQTRANS_INTRANS) /* COMMIT would roll back and call that a success */
        status = ay_fail(err, AY_EIO, "a statement of this change failed: nothing was changed");
    if (status != AY_OK) {
        pg_rollback(s);
        return status;
    }
    status = ay_pg_exec(s, "COMMIT", err);
    s->open = false;
    if (status == AY_OK) {
        s->serial = s->next;
        return AY_OK;
    }
    if (s->db)
        pg_rollback(s);
    return ay_pg_settle(s, DOUBT_MS, err);
}

/* ---- opening */

static void pg_close(void *self)
{
    ay_pg *s = self;

    if (s->db && s->writable && !s->fenced && s->owner[0])
        ay_pg_execf(s, NULL, "DELETE FROM assay_session WHERE owner = '%s'", s->owner);
    ay_pg_drop(s);
    ay_sql_url_fini(&s->url);
    ay_free(s);
}

static ay_status pg_open(void **self, const char *rest, bool writable, ay_err *err)
{
    ay_pg *s = ay_calloc(1, sizeof *s);
    ay_status status;

    if (!s)
        return ay_fail(err, AY_ENOMEM, "opening the database");
    s->writable = writable;
    status = ay_sql_url_parse(&s->url, &ay_sql_url_postgres, rest, err);
    if (status == AY_OK)
        status = ay_pg_first(s, err);
    if (status != AY_OK) {
        pg_close(s);
        return status;
    }
    *self = s;
    return AY_OK;
}

/* ---- several nodes */

static bool pg_shared(const void *self)
{
    const ay_pg *s = self;

    return s->url.many;
}

static ay_status pg_tell(void *self, unsigned what, ay_err *err)
{
    ay_pg *s = self;

    return ay_pg_execf(s, err, "SELECT pg_notify('assay_%s', '%s %u')", s->url.schema, s->owner, what);
}

/* Words that have arrived, other than those of `own`. */
static unsigned heard(ay_pg *s, const ay_pg *own)
{
    unsigned what = 0, one;
    PGnotify *n;

    while ((n = PQnotifies(s->db))) {
        if (strncmp(n->extra, own->owner, 32) != 0 && sscanf(n->extra, "%*32s %u", &one) == 1)
            what |= one;
        PQfreemem(n);
    }
    return what;
}

static ay_status pg_listen(void *self, const void *own, int ms, unsigned *what, ay_err *err)
{
    ay_pg *s = self;
    bool fresh = !s->db || !s->listening;
    ay_status status = ay_pg_ready(s, err);

    *what = 0;
    if (status == AY_OK && fresh)
        status = ay_pg_execf(s, err, "LISTEN \"assay_%s\"", s->url.schema);
    if (status != AY_OK)
        return status;
    s->listening = true;
    if (fresh) {
        *what = ~0u; /* what was said while nobody listened */
        return AY_OK;
    }
    if (ay_pg_wait(s->db, false, ms) && !PQconsumeInput(s->db))
        return ay_pg_fail(s, NULL, "listening", err);
    *what = heard(s, own);
    return AY_OK;
}

static const char *const types[] = {
    "id",   "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    "int",  "BIGINT",
    "text", "TEXT COLLATE \"C\"",
    "blob", "BYTEA",
    "end",  "",
    NULL,
};

/* The only symbol of these files that others see. */
const ay_store_driver ay_store_postgres = {
    .scheme = "postgresql",
    .types = types,
    .clock = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
    .skip_locked = " FOR UPDATE SKIP LOCKED",
    .readers = 4,
    .open = pg_open,
    .close = pg_close,
    .run = pg_run,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .backup = ay_pg_backup,
    .check = ay_pg_check,
    .copy = ay_pg_copy,
    .shared = pg_shared,
    .tell = pg_tell,
    .listen = pg_listen,
};
