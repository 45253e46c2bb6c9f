/* store/mysql_ddl.c - migrations that can be taken back, backups, the database's examination.
 *
 * MySQL commits whatever is open before it changes a schema, so "all missing migrations in one
 * transaction" (store/schema.c) is not to be had for nothing.  Before each change a row of assay_undo
 * says how to take it back; that row is committed by the change itself, thus before it.  The last
 * commit of the migration, which holds the new version's number, also empties assay_undo.  So either
 * the version is the new one and there is nothing to undo, or assay_undo names what to remove; the next
 * start does, before anything else.  Only what makes something can be noted: a migration that drops or
 * renames is refused here, as it could not be taken back.
 *
 * A table is known as ours by its comment; nothing else is ever dropped.
 *
 * Backups are copies of the tables in the same database, named backup_<label>_<table>: this needs no
 * program and no privilege beyond those that made the tables, is on the server where the rows are, and
 * takes as much room again.  mysqldump was rejected: it need not be installed where Assay runs. */
#include "store/mysql.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MOST_TABLES = 64, NAME = 65 };

typedef struct {
    char name[MOST_TABLES][NAME];
    int n;
} names;

/* The first column of every row. */
static ay_status list_names(ay_mysql *s, const char *sql, names *out, ay_err *err)
{
    MYSQL_RES *rows;
    MYSQL_ROW row;

    out->n = 0;
    if (mysql_real_query(s->db, sql, strlen(sql)) != 0 || !(rows = mysql_store_result(s->db)))
        return ay_mysql_fail(s, mysql_errno(s->db), mysql_error(s->db), sql, err);
    while ((row = mysql_fetch_row(rows)) && out->n < MOST_TABLES)
        snprintf(out->name[out->n++], NAME, "%.64s", row[0] ? row[0] : "");
    mysql_free_result(rows);
    return AY_OK;
}

static ay_status our_tables(ay_mysql *s, names *out, ay_err *err)
{
    return list_names(s,
                      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
                      " AND table_comment = 'assay' ORDER BY table_name",
                      out, err);
}

static ay_status table_exists(ay_mysql *s, const char *table, bool *there, ay_err *err)
{
    char text[80];
    int rows = 0;
    ay_status status =
        ay_mysql_ask(s, text, sizeof text, &rows, err,
                     "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
                     " AND table_name = '%.64s'", table);

    *there = rows > 0;
    return status;
}

/* ---- changes that can be taken back */

ay_status ay_mysql_ddl_note(ay_mysql *s, const char *sql, ay_err *err)
{
    char name[NAME] = "", of[NAME] = "", kind = 0;
    bool there = false;
    ay_status status = AY_OK;

    if (sscanf(sql, "CREATE TABLE %64[a-z0-9_]", name) == 1)
        kind = 't';
    else if (sscanf(sql, "CREATE INDEX %64[a-z0-9_] ON %64[a-z0-9_]", name, of) == 2 ||
             sscanf(sql, "CREATE UNIQUE INDEX %64[a-z0-9_] ON %64[a-z0-9_]", name, of) == 2)
        kind = 'i';
    else if (sscanf(sql, "ALTER TABLE %64[a-z0-9_] ADD COLUMN %64[a-z0-9_]", of, name) == 2)
        kind = 'c';
    else
        return ay_fail(err, AY_EUNSUPPORTED, "this change of the schema could not be taken back: %.80s",
                       sql);
    if (kind == 't')
        status = table_exists(s, name, &there, err);
    if (there)
        return ay_fail(err, AY_ECONFLICT,
                       "the database %s has a table \"%s\" that is not Assay's: give Assay a database of"
                       " its own", s->url.database, name);
    if (status == AY_OK)
        status = ay_mysql_execf(s, err, "INSERT INTO assay_undo (kind, name, of) VALUES ('%c','%s','%s')",
                                kind, name, of);
    return status;
}

ay_status ay_mysql_ddl_done(ay_mysql *s, ay_err *err)
{
    return ay_mysql_exec(s, "DELETE FROM assay_undo", err);
}

/* Is there still what the note is about, and is it ours? */
static ay_status undo_needed(ay_mysql *s, char kind, const char *name, const char *of, bool *needed,
                             ay_err *err)
{
    static const char *const questions[] = {
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        " AND table_comment = 'assay' AND table_name = '%s' AND '%s' = ''",
        "SELECT index_name FROM information_schema.statistics WHERE table_schema = DATABASE()"
        " AND index_name = '%s' AND table_name = '%s'",
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND column_name = '%s' AND table_name = '%s'",
    };
    char text[NAME + 1];
    int rows = 0;
    ay_status status;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    status = ay_mysql_ask(s, text, sizeof text, &rows, err,
                          questions[kind == 't' ? 0 : kind == 'i' ? 1 : 2], name, of);
#pragma GCC diagnostic pop
    *needed = rows > 0;
    return status;
}

static ay_status undo_one(ay_mysql *s, char kind, const char *name, const char *of, ay_err *err)
{
    bool needed = false;
    ay_status status = undo_needed(s, kind, name, of, &needed, err);

    if (status != AY_OK || !needed)
        return status;
    if (kind == 't')
        return ay_mysql_execf(s, err, "DROP TABLE `%s`", name);
    if (kind == 'c')
        return ay_mysql_execf(s, err, "ALTER TABLE `%s` DROP COLUMN `%s`", of, name);
    /* An index that a reference stands on stays until its table goes. */
    status = ay_mysql_execf(s, err, "ALTER TABLE `%s` DROP INDEX `%s`", of, name);
    return s->db ? AY_OK : status;
}

ay_status ay_mysql_ddl_undo(ay_mysql *s, ay_err *err)
{
    char text[160], kind = 0, name[NAME], of[NAME];
    ay_status status = ay_mysql_exec(s, "SET SESSION foreign_key_checks = 0", err);
    int rows = 1, seq;

    while (status == AY_OK && rows > 0) {
        status = ay_mysql_ask(s, text, sizeof text, &rows, err,
                              "SELECT seq, kind, name, of FROM assay_undo ORDER BY seq DESC");
        if (status != AY_OK || rows == 0)
            break;
        *of = '\0';
        if (sscanf(text, "%d\n%c\n%64[a-z0-9_]\n%64[a-z0-9_]", &seq, &kind, name, of) < 3)
            return ay_fail(err, AY_ECORRUPT, "the table assay_undo is not as Assay wrote it");
        status = undo_one(s, kind, name, of, err);
        if (status == AY_OK)
            status = ay_mysql_execf(s, err, "DELETE FROM assay_undo WHERE seq = %d", seq);
    }
    if (status != AY_OK)
        ay_err_wrap(err, "taking back an unfinished migration");
    return status == AY_OK ? ay_mysql_exec(s, "SET SESSION foreign_key_checks = 1", err) : status;
}

/* ---- backup */

/* Long copies: no limit but the network's. */
static ay_status unlimited(ay_mysql *s, bool on, ay_err *err)
{
    unsigned wait = on || !s->url.timeout_s ? 0 : (unsigned)s->url.timeout_s + 5;

    mysql_optionsv(s->db, MYSQL_OPT_READ_TIMEOUT, &wait);
    return ay_mysql_execf(s, err, s->oracle ? "SET SESSION max_execution_time = %d000"
                                            : "SET SESSION max_statement_time = %d",
                          on ? 0 : s->url.timeout_s);
}

static ay_status copy_table(ay_mysql *s, const char *label, const char *table, ay_err *err)
{
    char counts[64];
    long long from = -1, to = -2;
    int rows;
    ay_status status = ay_mysql_execf(s, err, "DROP TABLE IF EXISTS `new_%s_%s`", label, table);

    if (status == AY_OK)
        status = ay_mysql_execf(s, err, "CREATE TABLE `new_%s_%s` LIKE `%s`", label, table, table);
    if (status == AY_OK)
        status = ay_mysql_execf(s, err, "ALTER TABLE `new_%s_%s` COMMENT = 'assay: backup %s'", label,
                                table, label);
    if (status == AY_OK)
        status = ay_mysql_execf(s, err, "INSERT INTO `new_%s_%s` SELECT * FROM `%s`", label, table,
                                table);
    if (status == AY_OK)
        status = ay_mysql_ask(s, counts, sizeof counts, &rows, err,
                              "SELECT (SELECT COUNT(*) FROM `%s`), (SELECT COUNT(*) FROM `new_%s_%s`)",
                              table, label, table);
    if (status == AY_OK && (sscanf(counts, "%lld\n%lld", &from, &to) != 2 || from != to))
        status = ay_fail(err, AY_EIO, "the copy of table %s has %lld rows, not %lld", table, to, from);
    return status;
}

/* All copies get their names at once, when all are whole. */
static ay_status name_copies(ay_mysql *s, const char *label, const names *tables, ay_err *err)
{
    ay_buf sql = {0};
    ay_status status = AY_OK;

    for (int i = 0; i < tables->n && status == AY_OK; i++) {
        status = ay_mysql_execf(s, err, "DROP TABLE IF EXISTS `backup_%s_%s`", label, tables->name[i]);
        ay_buf_printf(&sql, "%s`new_%s_%s` TO `backup_%s_%s`", i ? ", " : "RENAME TABLE ", label,
                      tables->name[i], label, tables->name[i]);
    }
    if (status == AY_OK && sql.failed)
        status = ay_fail(err, AY_ENOMEM, "backing up the database");
    if (status == AY_OK && tables->n)
        status = ay_mysql_exec(s, sql.data, err);
    ay_buf_fini(&sql);
    return status;
}

ay_status ay_mysql_backup(void *self, const char *label, ay_err *err)
{
    ay_mysql *s = self;
    names tables;
    char safe[24];
    ay_status status = ay_mysql_ready(s, err);

    snprintf(safe, sizeof safe, "%s", label);
    for (char *p = safe; *p; p++)
        if (!isalnum((unsigned char)*p))
            *p = '_';
    if (status == AY_OK)
        status = our_tables(s, &tables, err);
    if (status == AY_OK)
        status = unlimited(s, true, err);
    for (int i = 0; status == AY_OK && i < tables.n; i++)
        status = copy_table(s, safe, tables.name[i], err);
    if (status == AY_OK)
        status = name_copies(s, safe, &tables, err);
    return status == AY_OK ? unlimited(s, false, err) : status;
}

/* ---- examination */

static ay_status check_table(ay_mysql *s, const char *table, ay_err *err)
{
    char sql[NAME + 32];
    MYSQL_RES *rows;
    MYSQL_ROW row;
    ay_status status = AY_OK;

    snprintf(sql, sizeof sql, "CHECK TABLE `%s`", table);
    if (mysql_real_query(s->db, sql, strlen(sql)) != 0 || !(rows = mysql_store_result(s->db)))
        return ay_mysql_fail(s, mysql_errno(s->db), mysql_error(s->db), sql, err);
    while ((row = mysql_fetch_row(rows)) && status == AY_OK) /* table, op, type, text */
        if (row[2] && (strcasecmp(row[2], "error") == 0 ||
                       (strcmp(row[2], "status") == 0 && row[3] && strcmp(row[3], "OK") != 0)))
            status = ay_fail(err, AY_ECORRUPT, "table %s: %.200s", table, row[3] ? row[3] : "damaged");
    mysql_free_result(rows);
    return status;
}

/* Every reference of our tables: "child column parent column". */
static ay_status check_references(ay_mysql *s, ay_err *err)
{
    names refs;
    ay_status status = list_names(
        s,
        "SELECT CONCAT_WS(' ', k.table_name, k.column_name, k.referenced_table_name,"
        " k.referenced_column_name) FROM information_schema.key_column_usage k JOIN"
        " information_schema.tables t ON t.table_schema = k.table_schema AND t.table_name ="
        " k.table_name AND t.table_comment = 'assay' WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL"
        " ORDER BY k.table_name, k.column_name", &refs, err);

    for (int i = 0; status == AY_OK && i < refs.n; i++) {
        char child[NAME], column[NAME], parent[NAME], key[NAME], text[16];
        int rows = 0;
        if (sscanf(refs.name[i], "%64s %64s %64s %64s", child, column, parent, key) != 4)
            continue;
        status = ay_mysql_ask(s, text, sizeof text, &rows, err,
                              "SELECT 1 FROM `%s` c LEFT JOIN `%s` p ON p.`%s` = c.`%s`"
                              " WHERE c.`%s` IS NOT NULL AND p.`%s` IS NULL LIMIT 1",
                              child, parent, key, column, column, key);
        if (status == AY_OK && rows > 0)
            status = ay_fail(err, AY_ECORRUPT, "a reference leads nowhere: %s.%s names no %s.%s", child,
                             column, parent, key);
    }
    return status;
}

ay_status ay_mysql_check(void *self, ay_err *err)
{
    ay_mysql *s = self;
    names tables;
    ay_status status = ay_mysql_ready(s, err);

    if (status == AY_OK)
        status = our_tables(s, &tables, err);
    if (status == AY_OK)
        status = unlimited(s, true, err);
    for (int i = 0; status == AY_OK && i < tables.n; i++)
        status = check_table(s, tables.name[i], err);
    if (status == AY_OK)
        status = check_references(s, err);
    if (s->db)
        unlimited(s, false, NULL);
    return status;
}
