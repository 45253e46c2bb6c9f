/* store/sqlite.c - the driver for SQLite, one file on this machine.
 *
 * WAL, so that readers and the writer do not wait for each other; synchronous=FULL, because in WAL
 * mode NORMAL may lose the last commits on power loss and acknowledged must mean durable;
 * BEGIN IMMEDIATE, so that a transaction that will write waits at its start and never fails half-way
 * with "busy".  STRICT tables refuse a value of the wrong type.  Statements are kept prepared.
 *
 * Threads: a session is used by one at a time, so SQLite's own mutexes are left off. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/driver.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { KEPT = 64, BUSY_MS = 10000 };

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *kept[KEPT];
    int nkept, oldest;
    char *path;
} session;

static ay_status sql_fail(sqlite3 *db, int rc, const char *what, ay_err *err)
{
    ay_status status = AY_EIO;

    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        status = AY_ENOMEM;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        status = AY_EBUSY;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        status = AY_ECORRUPT;
        break;
    case SQLITE_FULL: /* of the device, as ENOSPC of a file: what waits is tried again when there is room */
        break;
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
        status = AY_EINVAL;
        break;
    case SQLITE_CONSTRAINT:
        status = rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY
                     ? AY_EEXISTS
                     : AY_ECONFLICT;
        break;
    }
    return ay_fail(err, status, "%.80s: %s", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

static ay_status exec(session *s, const char *sql, ay_err *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? AY_OK : sql_fail(s->db, sqlite3_extended_errcode(s->db), sql, err);
}

static void lite_close(void *self)
{
    session *s = self;

    for (int i = 0; i < s->nkept; i++)
        sqlite3_finalize(s->kept[i]);
    sqlite3_close(s->db);
    ay_free(s->path);
    ay_free(s);
}

static ay_status setup(session *s, bool writable, ay_err *err)
{
    ay_status status;

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 1);
    status = exec(s, "PRAGMA foreign_keys = ON", err);
    if (status == AY_OK && writable)
        status = exec(s, "PRAGMA journal_mode = WAL", err);
    if (status == AY_OK && writable)
        status = exec(s, "PRAGMA synchronous = FULL", err);
    if (status == AY_OK && writable) /* a change of many pictures is one transaction: with the usual 2 MB its pages are written again and again */
        status = exec(s, "PRAGMA cache_size = -16000", err);
    if (status == AY_OK)
        status = exec(s, "PRAGMA trusted_schema = OFF", err);
    return status;
}

static ay_status lite_open(void **self, const char *rest, bool writable, ay_err *err)
{
    int flags = writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
    session *s = ay_calloc(1, sizeof *s);
    ay_status status;
    int rc;

    if (!s || !(s->path = ay_strdup(rest))) {
        ay_free(s);
        return ay_fail(err, AY_ENOMEM, "opening the database");
    }
    rc =
        sqlite3_open_v2(rest, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    status = rc == SQLITE_OK ? setup(s, writable, err) : sql_fail(s->db, rc, rest, err);
    if (status == AY_OK && !writable)
        status = exec(s, "PRAGMA query_only = ON", err);
    if (status != AY_OK) {
        lite_close(s);
        return status;
    }
    *self = s;
    return AY_OK;
}

/* The place of a statement that is kept, for a new one: the oldest that nobody is reading from.  NULL: all are read from. */
static sqlite3_stmt **make_place(session *s)
{
    if (s->nkept < KEPT)
        return &s->kept[s->nkept++];
    for (int i = 0; i < KEPT; i++) {
        sqlite3_stmt **at = &s->kept[s->oldest];
        s->oldest = (s->oldest + 1) % KEPT;
        if (sqlite3_stmt_busy(*at))
            continue;
        sqlite3_finalize(*at);
        return at;
    }
    return NULL;
}

/* A prepared statement: one that is kept, or a new one (*keep says whether it is ours to keep). */
static ay_status prepare(session *s, const char *sql, sqlite3_stmt **out, bool *kept, ay_err *err)
{
    sqlite3_stmt **place;
    int rc;

    *kept = true;
    for (int i = 0; i < s->nkept; i++) {
        if (strcmp(sqlite3_sql(s->kept[i]), sql) == 0) {
            *out = s->kept[i];
            return AY_OK;
        }
    }
    rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (rc != SQLITE_OK)
        return sql_fail(s->db, rc, sql, err);
    place = make_place(s);
    *kept = place != NULL;
    if (place)
        *place = *out;
    return AY_OK;
}

static int bind(sqlite3_stmt *st, int i, const ay_sql_value *v)
{
    switch (v->type) {
    case AY_SQL_INT:
        return sqlite3_bind_int64(st, i, v->i);
    case AY_SQL_TEXT:
        return sqlite3_bind_text64(st, i, v->p, v->n, SQLITE_STATIC, SQLITE_UTF8);
    case AY_SQL_BLOB:
        return sqlite3_bind_blob64(st, i, v->p, v->n, SQLITE_STATIC);
    case AY_SQL_NULL:
        break;
    }
    return sqlite3_bind_null(st, i);
}

static ay_sql_value column(sqlite3_stmt *st, int i)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        return (ay_sql_value){.type = AY_SQL_INT, .i = sqlite3_column_int64(st, i)};
    case SQLITE_TEXT: {
        const void *p = sqlite3_column_text(st, i); /* before _bytes: it may convert */
        return (ay_sql_value){AY_SQL_TEXT, 0, p, (size_t)sqlite3_column_bytes(st, i)};
    }
    case SQLITE_BLOB: {
        const void *p = sqlite3_column_blob(st, i);
        return (ay_sql_value){AY_SQL_BLOB, 0, p, (size_t)sqlite3_column_bytes(st, i)};
    }
    }
    return (ay_sql_value){AY_SQL_NULL, 0, NULL, 0};
}

static ay_status step_all(session *s, sqlite3_stmt *st, const ay_sql_call *call, const char *sql,
                          ay_err *err)
{
    enum { MOST = 24 };
    ay_sql_value row[MOST];
    int rc, n = sqlite3_column_count(st);
    ay_status status = AY_OK;

    if (n > MOST)
        return ay_fail(err, AY_EINVAL, "too many columns: %.80s", sql);
    while (status == AY_OK && (rc = sqlite3_step(st)) != SQLITE_DONE) {
        if (rc != SQLITE_ROW)
            return sql_fail(s->db, rc, sql, err);
        for (int i = 0; i < n; i++)
            row[i] = column(st, i);
        if (call->row)
            status = call->row(call->ctx, row, n, err);
    }
    return status;
}

static ay_status lite_run(void *self, const char *sql, const ay_sql_call *call, ay_err *err)
{
    session *s = self;
    sqlite3_stmt *st;
    bool kept;
    ay_status status = prepare(s, sql, &st, &kept, err);

    if (status != AY_OK)
        return status;
    for (int i = 0; i < call->nargs && status == AY_OK; i++) {
        int rc = bind(st, i + 1, &call->args[i]);
        if (rc != SQLITE_OK)
            status = sql_fail(s->db, rc, sql, err);
    }
    if (status == AY_OK)
        status = step_all(s, st, call, sql, err);
    if (call->changed)
        *call->changed = sqlite3_changes64(s->db);
    if (call->inserted_id)
        *call->inserted_id = sqlite3_last_insert_rowid(s->db);
    if (kept) {
        sqlite3_reset(st);
        sqlite3_clear_bindings(st);
    } else {
        sqlite3_finalize(st);
    }
    return status;
}

static ay_status lite_begin(void *self, ay_err *err)
{
    return exec(self, "BEGIN IMMEDIATE", err);
}

static void lite_rollback(void *self)
{
    exec(self, "ROLLBACK", NULL);
}

static ay_status lite_commit(void *self, ay_err *err)
{
    ay_status status = exec(self, "COMMIT", err);

    if (status != AY_OK)
        lite_rollback(self);
    return status;
}

/* VACUUM INTO writes a whole, consistent copy; it lands under its name only when complete. */
/* All pages in one step, so of one moment, while others write.  (VACUUM INTO is refused to a session that only reads.)  The copy
 * leaves WAL, so that it is one file. */
static ay_status lite_copy(void *self, const char *path, ay_err *err)
{
    session *s = self;
    sqlite3_backup *b = NULL;
    sqlite3 *to = NULL;
    ay_status status = AY_OK;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK && (b = sqlite3_backup_init(to, "main", s->db, "main"))) {
        sqlite3_backup_step(b, -1);
        rc = sqlite3_backup_finish(b);
    } else if (rc == SQLITE_OK)
        rc = sqlite3_errcode(to);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        status = sql_fail(to, rc, "copying the database", err);
    sqlite3_close(to);
    return status;
}

static ay_status lite_backup(void *self, const char *label, ay_err *err)
{
    session *s = self;
    ay_buf name = {0}, tmp = {0};
    ay_status status = AY_OK;

    ay_buf_printf(&name, "%s.%s.bak", s->path, label);
    ay_buf_printf(&tmp, "%s.tmp", name.data ? name.data : "");
    if (name.failed || tmp.failed) {
        status = ay_fail(err, AY_ENOMEM, "backing up the database");
        goto out;
    }
    remove(tmp.data);
    status = lite_run(
        s, "VACUUM INTO ?",
        &(ay_sql_call){.args = &(ay_sql_value){AY_SQL_TEXT, 0, tmp.data, tmp.len}, .nargs = 1},
        err);
    if (status == AY_OK && rename(tmp.data, name.data) != 0)
        status = ay_fail(err, AY_EIO, "cannot rename the backup to %s", name.data);
out:
    ay_buf_fini(&name);
    ay_buf_fini(&tmp);
    return status;
}

static ay_status check_row(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    const char *what = ctx;

    (void)n;
    if (c[0].type == AY_SQL_TEXT && c[0].n == 2 && memcmp(c[0].p, "ok", 2) == 0)
        return AY_OK;
    return ay_fail(err, AY_ECORRUPT, "%s: %.*s", what, (int)c[0].n,
                   c[0].p ? (const char *)c[0].p : "");
}

static ay_status lite_check(void *self, ay_err *err)
{
    static char damaged[] = "the database is damaged", dangling[] = "a reference leads nowhere";
    ay_status status;

    status = lite_run(self, "PRAGMA integrity_check(1)",
                      &(ay_sql_call){.row = check_row, .ctx = damaged}, err);
    if (status == AY_OK)
        status = lite_run(self, "PRAGMA foreign_key_check",
                          &(ay_sql_call){.row = check_row, .ctx = dangling}, err);
    return status;
}

static const char *const types[] = {
    "id",   "INTEGER PRIMARY KEY AUTOINCREMENT",
    "int",  "INTEGER",
    "text", "TEXT",
    "blob", "BLOB",
    "end",  "STRICT",
    NULL,
};

/* The only symbol of this file seen outside it. */
const ay_store_driver ay_store_sqlite = {
    .scheme = "sqlite",
    .types = types,
    .readers = 1,
    .open = lite_open,
    .close = lite_close,
    .run = lite_run,
    .begin = lite_begin,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .backup = lite_backup,
    .check = lite_check,
    .copy = lite_copy,
};
