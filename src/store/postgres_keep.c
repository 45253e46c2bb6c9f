/* store/postgres_keep.c - copies of a PostgreSQL database, and its examination.  See store/postgres.h.
 *
 * Before a migration the tables are copied in the same schema, as backup_<label>_<table>, in one transaction: the reasons are those of
 * store/mysql_ddl.c.  Schema changes need no help to be taken back: here they are part of the transaction.
 *
 * `assay backup` gets everything as a SQLite file, table by table as of one moment (REPEATABLE READ).  Not pg_dump: it need not be
 * installed where Assay runs, must be of the server's version, and `assay restore` reads SQLite files only.  So a backup also
 * is the way back from a server to a folder. */
#include "store/postgres.h"

#include "base/mem.h"
#include "store/store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MOST_TABLES = 64, NAME = 64, MOST_COLUMNS = AY_PG_COLUMNS };

typedef struct {
    char name[MOST_TABLES][NAME];
    int n;
} names;

static ay_status take_name(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    names *l = ctx;

    (void)n;
    if (l->n == MOST_TABLES)
        return ay_fail(err, AY_ELIMIT, "more than %d tables", MOST_TABLES);
    snprintf(l->name[l->n++], NAME, "%.*s", (int)c[0].n, c[0].p ? (const char *)c[0].p : "");
    return AY_OK;
}

static ay_status our_tables(ay_pg *s, names *out, ay_err *err)
{
    out->n = 0;
    return ay_store_postgres.run(s,
                                 "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <>"
                                 " 'assay_session' AND tablename NOT LIKE 'backup!_%' ESCAPE '!' ORDER BY tablename",
                                 &(ay_sql_call){.row = take_name, .ctx = out}, err);
}

/* ---- before a migration */

static ay_status copy_table(ay_pg *s, const char *label, const char *table, ay_err *err)
{
    return ay_pg_execf(s, err, "DROP TABLE IF EXISTS \"backup_%s_%s\"; CREATE TABLE \"backup_%s_%s\" AS TABLE \"%s\"", label, table,
                       label, table, table);
}

ay_status ay_pg_backup(void *self, const char *label, ay_err *err)
{
    ay_pg *s = self;
    int limit = s->url.timeout_s;
    names tables;
    char safe[24];
    ay_status status = ay_pg_ready(s, err);

    snprintf(safe, sizeof safe, "%s", label);
    for (char *p = safe; *p; p++)
        if (!isalnum((unsigned char)*p))
            *p = '_';
    s->url.timeout_s = 0; /* long copies: no limit but the network's */
    if (status == AY_OK)
        status = ay_pg_execf(s, err, "BEGIN; SELECT pg_advisory_xact_lock(%lld); SET LOCAL statement_timeout = 0", ay_pg_lock(s));
    if (status == AY_OK)
        status = our_tables(s, &tables, err);
    for (int i = 0; status == AY_OK && i < tables.n; i++)
        status = copy_table(s, safe, tables.name[i], err);
    if (status == AY_OK)
        status = ay_pg_exec(s, "COMMIT", err);
    else if (s->db)
        ay_pg_exec(s, "ROLLBACK", NULL);
    s->url.timeout_s = limit;
    return status;
}

/* ---- examination */

/* Every page of a table is read, so that what checksums or the server itself find comes to light. */
static ay_status check_table(ay_pg *s, const char *table, ay_err *err)
{
    char text[32];
    int rows;

    return ay_pg_ask(s, text, sizeof text, &rows, err, "SELECT count(*) FROM \"%s\"", table);
}

/* Every reference of our tables: "child column parent column". */
static ay_status check_references(ay_pg *s, ay_err *err)
{
    names refs = {.n = 0};
    ay_status status = ay_store_postgres.run(
        s,
        "SELECT c.relname || ' ' || a.attname || ' ' || p.relname || ' ' || b.attname FROM pg_constraint k"
        " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]"
        " WHERE k.contype = 'f' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        " ORDER BY 1", &(ay_sql_call){.row = take_name, .ctx = &refs}, err);

    for (int i = 0; status == AY_OK && i < refs.n; i++) {
        char child[NAME], column[NAME], parent[NAME], key[NAME], text[16];
        int rows = 0;
        if (sscanf(refs.name[i], "%63s %63s %63s %63s", child, column, parent, key) != 4)
            continue;
        status = ay_pg_ask(s, text, sizeof text, &rows, err,
                           "SELECT 1 FROM \"%s\" c LEFT JOIN \"%s\" p ON p.\"%s\" = c.\"%s\""
                           " WHERE c.\"%s\" IS NOT NULL AND p.\"%s\" IS NULL LIMIT 1",
                           child, parent, key, column, column, key);
        if (status == AY_OK && rows > 0)
            status = ay_fail(err, AY_ECORRUPT, "a reference leads nowhere: %s.%s names no %s.%s", child,
                             column, parent, key);
    }
    return status;
}

/* An index that could not be built whole is not used and keeps nothing unique. */
static ay_status check_indexes(ay_pg *s, ay_err *err)
{
    char text[80];
    int rows = 0;
    ay_status status = ay_pg_ask(s, text, sizeof text, &rows, err,
                                 "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n"
                                 " ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready)");

    if (status == AY_OK && rows > 0)
        status = ay_fail(err, AY_ECORRUPT, "the index %.*s is not whole: REINDEX it", (int)strcspn(text, "\n"), text);
    return status;
}

ay_status ay_pg_check(void *self, ay_err *err)
{
    ay_pg *s = self;
    int limit = s->url.timeout_s;
    names tables;
    ay_status status = ay_pg_ready(s, err);

    s->url.timeout_s = 0;
    if (status == AY_OK)
        status = ay_pg_exec(s, "SET statement_timeout = 0", err);
    if (status == AY_OK)
        status = our_tables(s, &tables, err);
    for (int i = 0; status == AY_OK && i < tables.n; i++)
        status = check_table(s, tables.name[i], err);
    if (status == AY_OK)
        status = check_references(s, err);
    if (status == AY_OK)
        status = check_indexes(s, err);
    s->url.timeout_s = limit;
    if (s->db)
        ay_pg_execf(s, NULL, "SET statement_timeout = %d", limit * 1000);
    return status;
}

/* ---- everything, as a SQLite file */

typedef struct {
    void *lite;
    const char *insert;
} pouring;

static ay_status pour_row(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    const pouring *p = ctx;

    return ay_store_sqlite.run(p->lite, p->insert, &(ay_sql_call){.args = c, .nargs = n}, err);
}

static ay_status take_column(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_buf *list = ctx;

    (void)n, (void)err;
    ay_buf_printf(list, "%s\"%.*s\"", list->len ? ", " : "", (int)c[0].n, (const char *)c[0].p);
    return AY_OK;
}

/* The new file's own columns are asked for by name: a column that an older version left behind here does not matter. */
static ay_status copy_rows(ay_pg *s, void *lite, const char *table, ay_err *err)
{
    ay_buf columns = {0}, select = {0}, insert = {0}, empty = {0};
    ay_sql_value name = {AY_SQL_TEXT, 0, table, strlen(table)};
    pouring p = {lite, NULL};
    ay_status status = ay_store_sqlite.run(lite, "SELECT name FROM pragma_table_info(?) ORDER BY cid",
                                           &(ay_sql_call){.args = &name, .nargs = 1, .row = take_column, .ctx = &columns}, err);

    if (status == AY_OK) {
        ay_buf_printf(&empty, "DELETE FROM \"%s\"", table);
        ay_buf_printf(&select, "SELECT %s FROM \"%s\"", columns.data ? columns.data : "", table);
        ay_buf_printf(&insert, "INSERT INTO \"%s\" (%s) VALUES (?", table, columns.data ? columns.data : "");
        for (const char *q = columns.data; q && (q = strstr(q, ", ")); q++)
            ay_buf_puts(&insert, ", ?");
        ay_buf_putc(&insert, ')');
        if (columns.failed || empty.failed || select.failed || insert.failed)
            status = ay_fail(err, AY_ENOMEM, "copying table %s", table);
    }
    p.insert = insert.data;
    if (status == AY_OK)
        status = ay_store_sqlite.run(lite, empty.data, &(ay_sql_call){0}, err);
    if (status == AY_OK)
        status = ay_store_postgres.run(s, select.data, &(ay_sql_call){.row = pour_row, .ctx = &p}, err);
    ay_buf_fini(&columns);
    ay_buf_fini(&select);
    ay_buf_fini(&insert);
    ay_buf_fini(&empty);
    return status;
}

/* All tables of the new file, in one transaction there and of one moment here. */
static ay_status copy_tables(ay_pg *s, void *lite, ay_err *err)
{
    names tables = {.n = 0};
    ay_status status = ay_store_sqlite.run(lite, "PRAGMA foreign_keys = OFF", &(ay_sql_call){0}, err);

    if (status == AY_OK)
        status = ay_store_sqlite.run(lite, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
                                     &(ay_sql_call){.row = take_name, .ctx = &tables}, err);
    if (status == AY_OK)
        status = ay_store_sqlite.begin(lite, err);
    if (status != AY_OK)
        return status;
    for (int i = 0; i < tables.n && status == AY_OK; i++)
        if (strcmp(tables.name[i], "content") != 0) /* files: a backup has them as files */
            status = copy_rows(s, lite, tables.name[i], err);
    if (status != AY_OK) {
        ay_store_sqlite.rollback(lite);
        return status;
    }
    status = ay_store_sqlite.commit(lite, err);
    if (status == AY_OK)
        status = ay_store_sqlite.run(lite, "PRAGMA journal_mode = DELETE", &(ay_sql_call){0}, err);
    return status;
}

/* An empty store of today's schema, opened for writing rows as they are. */
static ay_status new_file(const char *path, void **lite, ay_err *err)
{
    ay_store *s = NULL;
    ay_buf url = {0};
    ay_status status;

    ay_buf_printf(&url, "sqlite:%s", path);
    status = url.failed ? ay_fail(err, AY_ENOMEM, "copying the database") : ay_store_open(&s, url.data, err);
    ay_store_close(s);
    ay_buf_fini(&url);
    return status == AY_OK ? ay_store_sqlite.open(lite, path, true, err) : status;
}

ay_status ay_pg_copy(void *self, const char *path, ay_err *err)
{
    ay_pg *s = self;
    int limit = s->url.timeout_s;
    void *lite = NULL;
    ay_status status = ay_pg_ready(s, err);

    if (status == AY_OK)
        status = new_file(path, &lite, err);
    if (status == AY_OK)
        status = ay_pg_exec(s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0", err);
    s->open = status == AY_OK; /* a lost connection ends the copy: a new one would see another moment */
    s->broken = false;
    s->url.timeout_s = 0;
    if (status == AY_OK)
        status = copy_tables(s, lite, err);
    s->url.timeout_s = limit;
    s->open = false;
    if (s->db && ay_pg_exec(s, "ROLLBACK", NULL) != AY_OK)
        ay_pg_drop(s);
    if (lite)
        ay_store_sqlite.close(lite);
    return status;
}
