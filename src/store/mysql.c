/* store/mysql.c - the driver for MariaDB and MySQL: statements and transactions.  See store/mysql.h.
 *
 * Statements are prepared once a connection and kept.  Rows are not gathered: they are handed on as they
 * arrive, so that a data set of a million vectors needs the memory of one.
 *
 * Text columns are utf8mb4 with a collation that compares byte by byte and pads nothing; InnoDB; strict
 * mode, so that a value that does not fit is refused and never cut. */
#include "store/mysql.h"

#include "base/mem.h"

#include <errmsg.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LARGE_COLUMN = 1 << 20, SMALL_COLUMN = 256, PACKET_ROOM = 4096, DOUBT_MS = 5000 };

/* ---- prepared statements */

static ay_status stmt_fail(ay_mysql *s, MYSQL_STMT *st, const char *sql, ay_err *err)
{
    unsigned code = mysql_stmt_errno(st);
    char text[256];

    snprintf(text, sizeof text, "%s", mysql_stmt_error(st)); /* st may go with the connection */
    if (!code) { /* so the library tells of a connection that ends between two rows */
        code = CR_SERVER_LOST;
        snprintf(text, sizeof text, "the connection ended in the middle of an answer");
    }
    return ay_mysql_fail(s, code, text, sql, err);
}

/* A place among the kept ones; the oldest makes room. */
static ay_status keep(ay_mysql *s, const char *sql, MYSQL_STMT *st, ay_err *err)
{
    char *copy = ay_strdup(sql);
    int at = s->nkept;

    if (!copy) {
        mysql_stmt_close(st);
        return ay_fail(err, AY_ENOMEM, "preparing a statement");
    }
    if (at == AY_MYSQL_KEPT) {
        at = s->oldest;
        s->oldest = (s->oldest + 1) % AY_MYSQL_KEPT;
        mysql_stmt_close(s->kept[at].st);
        ay_free(s->kept[at].sql);
    } else {
        s->nkept++;
    }
    s->kept[at].sql = copy;
    s->kept[at].st = st;
    return AY_OK;
}

static ay_status prepare(ay_mysql *s, const char *sql, MYSQL_STMT **out, ay_err *err)
{
    MYSQL_STMT *st;
    ay_status status;

    for (int i = 0; i < s->nkept; i++) {
        if (strcmp(s->kept[i].sql, sql) == 0) {
            *out = s->kept[i].st;
            return AY_OK;
        }
    }
    st = mysql_stmt_init(s->db);
    if (!st)
        return ay_fail(err, AY_ENOMEM, "preparing a statement");
    if (mysql_stmt_prepare(st, sql, strlen(sql)) != 0) {
        unsigned code = mysql_stmt_errno(st);
        char text[256];
        snprintf(text, sizeof text, "%s", mysql_stmt_error(st));
        mysql_stmt_close(st);
        return ay_mysql_fail(s, code, text, sql, err);
    }
    status = keep(s, sql, st, err);
    *out = st;
    return status;
}

static MYSQL_BIND argument(const ay_sql_value *v)
{
    static const enum enum_field_types types[] = {
        [AY_SQL_NULL] = MYSQL_TYPE_NULL,
        [AY_SQL_INT] = MYSQL_TYPE_LONGLONG,
        [AY_SQL_TEXT] = MYSQL_TYPE_STRING,
        [AY_SQL_BLOB] = MYSQL_TYPE_BLOB,
    };
    bool number = v->type == AY_SQL_INT;

    return (MYSQL_BIND){.buffer_type = types[v->type],
                        .buffer = number ? (void *)(uintptr_t)&v->i : (void *)(uintptr_t)v->p,
                        .buffer_length = number ? sizeof v->i : v->n};
}

static ay_status execute(ay_mysql *s, MYSQL_STMT *st, const char *sql, const ay_sql_call *call,
                         ay_err *err)
{
    MYSQL_BIND args[AY_SQL_ARGS];
    size_t bytes = PACKET_ROOM;

    if (call->nargs > AY_SQL_ARGS || mysql_stmt_param_count(st) != (unsigned long)call->nargs)
        return ay_fail(err, AY_EINVAL, "%d arguments do not fit: %.80s", call->nargs, sql);
    for (int i = 0; i < call->nargs; i++) {
        args[i] = argument(&call->args[i]);
        bytes += args[i].buffer_length;
    }
    if (s->max_packet && bytes > s->max_packet)
        return ay_fail(err, AY_ELIMIT,
                       "a row of %zu bytes; the database takes statements of at most %zu"
                       " (max_allowed_packet): raise that", bytes, s->max_packet);
    if ((call->nargs && mysql_stmt_bind_param(st, args)) || mysql_stmt_execute(st))
        return stmt_fail(s, st, sql, err);
    return AY_OK;
}

/* ---- rows */

typedef struct {
    MYSQL_BIND bind[AY_MYSQL_COLUMNS];
    unsigned long length[AY_MYSQL_COLUMNS];
    int64_t number[AY_MYSQL_COLUMNS];
    my_bool null[AY_MYSQL_COLUMNS];
    ay_sql_type type[AY_MYSQL_COLUMNS];
    int n;
} result;

/* Sums of integers come as decimals without a fraction. */
static ay_status kind_of(const MYSQL_FIELD *f, ay_sql_type *type, ay_err *err)
{
    switch (f->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
        *type = AY_SQL_INT;
        return AY_OK;
    case MYSQL_TYPE_NEWDECIMAL:
        *type = AY_SQL_INT;
        return f->decimals == 0 ? AY_OK : ay_fail(err, AY_EINVAL, "column %.64s is no integer", f->name);
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
        return ay_fail(err, AY_EINVAL, "column %.64s is no integer", f->name);
    default:
        *type = f->charsetnr == 63 ? AY_SQL_BLOB : AY_SQL_TEXT;
        return AY_OK;
    }
}

static bool point_at(ay_mysql *s, result *r, int i)
{
    ay_buf *b = &s->column[i];

    r->bind[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &r->number[i],
                              .buffer_length = sizeof r->number[i]};
    if (r->type[i] != AY_SQL_INT) {
        if (!b->cap && !ay_buf_reserve(b, SMALL_COLUMN))
            return false;
        r->bind[i] = (MYSQL_BIND){.buffer_type = r->type[i] == AY_SQL_TEXT ? MYSQL_TYPE_STRING
                                                                           : MYSQL_TYPE_BLOB,
                                  .buffer = b->data, .buffer_length = b->cap};
    }
    r->bind[i].length = &r->length[i];
    r->bind[i].is_null = &r->null[i];
    return true;
}

static ay_status describe(ay_mysql *s, MYSQL_STMT *st, result *r, const char *sql, ay_err *err)
{
    MYSQL_RES *meta = mysql_stmt_result_metadata(st);
    ay_status status = AY_OK;

    r->n = meta ? (int)mysql_num_fields(meta) : 0;
    if (r->n > AY_MYSQL_COLUMNS)
        status = ay_fail(err, AY_EINVAL, "too many columns: %.80s", sql);
    for (int i = 0; i < r->n && status == AY_OK; i++) {
        status = kind_of(mysql_fetch_field_direct(meta, (unsigned)i), &r->type[i], err);
        if (status == AY_OK && !point_at(s, r, i))
            status = ay_fail(err, AY_ENOMEM, "reading rows");
    }
    if (meta)
        mysql_free_result(meta);
    if (status == AY_OK && r->n && mysql_stmt_bind_result(st, r->bind))
        status = stmt_fail(s, st, sql, err);
    return status;
}

/* Values that were longer than their room: more room, and read again. */
static ay_status widen(ay_mysql *s, MYSQL_STMT *st, result *r, const char *sql, ay_err *err)
{
    for (int i = 0; i < r->n; i++) {
        ay_buf *b = &s->column[i];
        if (r->type[i] == AY_SQL_INT || r->null[i] || r->length[i] <= b->cap)
            continue;
        b->len = 0;
        if (!ay_buf_reserve(b, r->length[i]) || !point_at(s, r, i))
            return ay_fail(err, AY_ENOMEM, "reading a value of %lu bytes", r->length[i]);
        if (mysql_stmt_fetch_column(st, &r->bind[i], (unsigned)i, 0))
            return stmt_fail(s, st, sql, err);
    }
    return mysql_stmt_bind_result(st, r->bind) ? stmt_fail(s, st, sql, err) : AY_OK;
}

static ay_status hand_on(ay_mysql *s, const result *r, const ay_sql_call *call, ay_err *err)
{
    ay_sql_value row[AY_MYSQL_COLUMNS];

    for (int i = 0; i < r->n; i++) {
        if (r->null[i])
            row[i] = (ay_sql_value){.type = AY_SQL_NULL};
        else if (r->type[i] == AY_SQL_INT)
            row[i] = (ay_sql_value){.type = AY_SQL_INT, .i = r->number[i]};
        else
            row[i] = (ay_sql_value){r->type[i], 0, s->column[i].data, r->length[i]};
    }
    return call->row ? call->row(call->ctx, row, r->n, err) : AY_OK;
}

/* *rows: how many were handed on. */
static ay_status fetch_all(ay_mysql *s, MYSQL_STMT *st, const ay_sql_call *call, const char *sql,
                           long *rows, ay_err *err)
{
    result r = {.n = 0};
    ay_status status = describe(s, st, &r, sql, err);
    int rc = 0;

    while (r.n && status == AY_OK && (rc = mysql_stmt_fetch(st)) != MYSQL_NO_DATA) {
        if (rc == 1)
            return stmt_fail(s, st, sql, err);
        if (rc == MYSQL_DATA_TRUNCATED)
            status = widen(s, st, &r, sql, err);
        if (status == AY_OK) {
            ++*rows;
            status = hand_on(s, &r, call, err);
        }
    }
    return status;
}

static void shrink(ay_mysql *s)
{
    for (int i = 0; i < AY_MYSQL_COLUMNS; i++)
        if (s->column[i].cap > LARGE_COLUMN)
            ay_buf_fini(&s->column[i]);
}

static ay_status run_prepared(ay_mysql *s, const char *sql, const ay_sql_call *call, long *rows,
                              ay_err *err)
{
    MYSQL_STMT *st;
    ay_status status = prepare(s, sql, &st, err);

    if (status != AY_OK)
        return status;
    status = execute(s, st, sql, call, err);
    if (status == AY_OK)
        status = fetch_all(s, st, call, sql, rows, err);
    if (status == AY_OK && call->changed)
        *call->changed = (int64_t)mysql_stmt_affected_rows(st);
    if (status == AY_OK && call->inserted_id)
        *call->inserted_id = (int64_t)mysql_stmt_insert_id(st);
    if (s->db) /* else the statement went with it */
        mysql_stmt_free_result(st);
    shrink(s);
    return status;
}

/* ---- the functions of the table */

static void library_init(void)
{
    mysql_library_init(0, NULL, NULL);
}

static void my_close(void *self)
{
    ay_mysql *s = self;

    ay_mysql_drop(s);
    for (int i = 0; i < AY_MYSQL_COLUMNS; i++)
        ay_buf_fini(&s->column[i]);
    ay_sql_url_fini(&s->url);
    ay_free(s);
}

static ay_status my_open(void **self, const char *rest, bool writable, ay_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ay_mysql *s = ay_calloc(1, sizeof *s);
    ay_status status;

    pthread_once(&once, library_init);
    if (!s)
        return ay_fail(err, AY_ENOMEM, "opening the database");
    s->writable = writable;
    status = ay_sql_url_parse(&s->url, &ay_sql_url_mysql, rest, err);
    if (status == AY_OK)
        status = ay_mysql_first(s, err);
    if (status != AY_OK) {
        my_close(s);
        return status;
    }
    *self = s;
    return AY_OK;
}

static bool is_ddl(const char *sql)
{
    return strncmp(sql, "CREATE ", 7) == 0 || strncmp(sql, "ALTER ", 6) == 0 ||
           strncmp(sql, "DROP ", 5) == 0 || strncmp(sql, "RENAME ", 7) == 0;
}

/* The transaction's first statement; see store/mysql.h. */
static ay_status start(ay_mysql *s, ay_err *err)
{
    ay_sql_value args[2];
    int64_t changed = 0;
    long rows = 0;
    ay_status status;

    s->next = s->serial + 1;
    args[0] = (ay_sql_value){.type = AY_SQL_INT, .i = s->next};
    args[1] = (ay_sql_value){AY_SQL_TEXT, 0, s->owner, 32};
    status = ay_mysql_exec(s, "START TRANSACTION", err);
    if (status == AY_OK)
        status = run_prepared(s, "UPDATE assay_writer SET serial = ? WHERE id = 1 AND owner = ?",
                              &(ay_sql_call){.args = args, .nargs = 2, .changed = &changed}, &rows, err);
    if (status != AY_OK || changed == 1)
        return status;
    s->fenced = true;
    ay_mysql_exec(s, "ROLLBACK", NULL);
    return ay_fail(err, AY_EBUSY, "another Assay has taken over the database: start this one again");
}

/* A change of the schema commits what was open: the note of how it is taken back is in there, and a
 * new transaction follows. */
static ay_status run_ddl(ay_mysql *s, const char *sql, ay_err *err)
{
    static const char ours[] = "utf8mb4_nopad_bin", theirs[] = "utf8mb4_0900_bin";
    ay_status status = s->open ? ay_mysql_ddl_note(s, sql, err) : AY_OK;
    ay_buf text = {0};
    const char *at;

    if (status != AY_OK)
        return status;
    s->ddl |= s->open;
    for (; s->oracle && (at = strstr(sql, ours)); sql = at + strlen(ours)) {
        ay_buf_add(&text, sql, (size_t)(at - sql));
        ay_buf_puts(&text, theirs);
    }
    ay_buf_puts(&text, sql);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "writing a statement") : ay_mysql_exec(s, text.data, err);
    ay_buf_fini(&text);
    if (!s->open || s->broken)
        return status;
    s->serial = s->next; /* committed, whatever became of the statement */
    return status == AY_OK ? start(s, err) : status;
}

static ay_status run_once(ay_mysql *s, const char *sql, const ay_sql_call *call, long *rows, ay_err *err)
{
    ay_status status = ay_mysql_ready(s, err);

    if (status != AY_OK)
        return status;
    if (is_ddl(sql))
        return run_ddl(s, sql, err);
    if (call->nargs == 0 && !call->row && !call->changed && !call->inserted_id)
        return ay_mysql_exec(s, sql, err);
    return run_prepared(s, sql, call, rows, err);
}

/* A reading statement that met a dead connection before its first row is asked again on a new one. */
static ay_status my_run(void *self, const char *sql, const ay_sql_call *call, ay_err *err)
{
    ay_mysql *s = self;
    bool had = s->db != NULL;
    long rows = 0;
    ay_status status = run_once(s, sql, call, &rows, err);

    if (status == AY_EBUSY && had && !s->db && !s->writable && rows == 0)
        status = run_once(s, sql, call, &rows, err);
    return status;
}

static ay_status my_begin(void *self, ay_err *err)
{
    ay_mysql *s = self;
    ay_status status = AY_EBUSY;

    s->broken = s->ddl = false;
    for (int i = 0; i < 2 && status == AY_EBUSY && !s->fenced; i++) {
        bool had = s->db != NULL;
        status = ay_mysql_ready(s, err);
        if (status == AY_OK)
            status = start(s, err);
        if (status != AY_OK && s->db)
            ay_mysql_exec(s, "ROLLBACK", NULL);
        if (!had || s->db)
            break; /* asked again only when a connection turned out to be dead */
    }
    if (s->fenced)
        return ay_mysql_ready(s, err);
    s->open = status == AY_OK;
    return status;
}

static void my_rollback(void *self)
{
    ay_mysql *s = self;
    bool ddl = s->ddl;

    s->open = s->ddl = false;
    if (s->db && ay_mysql_exec(s, "ROLLBACK", NULL) != AY_OK)
        ay_mysql_drop(s); /* what cannot be rolled back ends with its connection */
    if (ddl && s->db)
        ay_mysql_ddl_undo(s, NULL); /* else the next start does it */
}

static ay_status my_commit(void *self, ay_err *err)
{
    ay_mysql *s = self;
    ay_status status = s->broken ? ay_mysql_ready(s, err) : AY_OK;

    if (status == AY_OK && s->ddl)
        status = ay_mysql_ddl_done(s, err);
    if (status != AY_OK) {
        my_rollback(s);
        return status;
    }
    status = ay_mysql_exec(s, "COMMIT", err);
    s->open = false;
    if (status == AY_OK) {
        s->serial = s->next;
        s->ddl = false;
        return AY_OK;
    }
    if (s->db)
        my_rollback(s);
    return ay_mysql_settle(s, DOUBT_MS, err);
}

static const char *const types[] = {
    "id",       "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
    "int",      "BIGINT",
    "text",     "VARCHAR(#) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    "longtext", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    "blob",     "LONGBLOB",
    "end",      "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4"
                " COLLATE=utf8mb4_nopad_bin COMMENT='assay'",
    NULL,
};

/* The only symbol of these files that others see. */
const ay_store_driver ay_store_mysql = {
    .scheme = "mysql",
    .types = types,
    .readers = 4,
    .open = my_open,
    .close = my_close,
    .run = my_run,
    .begin = my_begin,
    .commit = my_commit,
    .rollback = my_rollback,
    .backup = ay_mysql_backup,
    .check = ay_mysql_check,
};
