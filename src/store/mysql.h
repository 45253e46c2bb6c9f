/* store/mysql.h - what the files of the MySQL/MariaDB driver share.  For src/store/mysql*.c only.
 *
 *     mysql.c        statements, transactions, the table of functions
 *     mysql_link.c   connecting, again and again; who may write
 *     mysql_ddl.c    schema changes that can be taken back, backups, the database's examination
 *
 * One session is one connection and its replacements.  A connection that is lost between statements is
 * replaced at the next one; inside a transaction its loss ends the transaction.
 *
 * Who writes.  The named lock "assay:<database>" belongs to the connection of the one process that
 * writes, as SQLite's folder lock belongs to a process.  A connection can be lost without the process
 * noticing, and with it the lock, so the lock alone does not keep a second writer out: the single row of
 * assay_writer names the process that writes (owner, random), and every transaction begins with
 *
 *     UPDATE assay_writer SET serial = ? WHERE id = 1 AND owner = ?
 *
 * which does three things.  It takes the row's lock, so that writers follow each other; it finds no row
 * when another process has taken over, and then nothing is written; and it leaves a number by which a
 * commit whose answer was lost is found again: serial is the new one, or the transaction never happened.
 *
 * States of the writing session
 *
 *                begin              commit
 *      idle  ------------>  open  ------------>  idle
 *       ^                    |  \
 *       |  rollback, lost    |   \ answer to COMMIT lost
 *       +--------------------+    v
 *       +------------------------ in doubt: nothing else is done before serial has been read
 *
 *      any --- another owner found ---> fenced: no write until the program starts again
 *
 * Rejected: retrying a transaction from its start inside the driver (it does not know the statements'
 * reasons); LOCK TABLES (dies with the connection just the same, and needs a privilege of its own). */
#ifndef AY_STORE_MYSQL_H
#define AY_STORE_MYSQL_H

#include "base/buf.h"
#include "store/driver.h"
#include "store/url.h"

#include <mysql.h>

enum { AY_MYSQL_KEPT = 64, AY_MYSQL_COLUMNS = 24 };

typedef struct {
    ay_sql_url url;
    bool writable;
    MYSQL *db; /* NULL: no connection now */
    unsigned long connection; /* the last one's number on the server */
    size_t max_packet;
    bool oracle; /* MySQL; otherwise MariaDB */
    struct {
        char *sql;
        MYSQL_STMT *st;
    } kept[AY_MYSQL_KEPT];
    int nkept, oldest;
    ay_buf column[AY_MYSQL_COLUMNS]; /* what the row in hand holds */
    uint64_t retry_at, backoff;      /* no attempt to connect before; nanoseconds */
    char why[256];                   /* it failed the last time */

    bool open;   /* between begin and its end */
    bool broken; /* the server ended the transaction that is open */
    bool ddl;    /* the open transaction changed the schema */
    bool doubt;  /* a commit's outcome is not known */
    bool fenced; /* another process writes now */
    bool opening;
    char owner[33];
    int64_t serial, next; /* of the last commit known; of the transaction under way */
} ay_mysql;

/* Is this error number a lost connection? */
bool ay_mysql_lost(unsigned code);
/* What an error number means to a caller. */
ay_status ay_mysql_meaning(unsigned code);
/* The failure of a statement, told from the connection; drops a connection that is lost and marks a
 * transaction that the server has ended. */
ay_status ay_mysql_fail(ay_mysql *s, unsigned code, const char *text, const char *what, ay_err *err);

/* A connection that works as far as is known: the present one or, when it is time for an attempt, a new
 * one, on which a writable session holds the lock and knows how its last commit ended.  AY_EBUSY. */
ay_status ay_mysql_ready(ay_mysql *s, ay_err *err);
/* The first connection of a session. */
ay_status ay_mysql_first(ay_mysql *s, ay_err *err);
void ay_mysql_drop(ay_mysql *s); /* end the connection, if there is one */
/* After a commit whose answer was lost: find out within wait_ms.  AY_OK: kept; AY_EBUSY: not kept;
 * AY_EUNKNOWN: could not be found out yet. */
ay_status ay_mysql_settle(ay_mysql *s, int wait_ms, ay_err *err);

/* A statement without arguments and rows. */
ay_status ay_mysql_exec(ay_mysql *s, const char *sql, ay_err *err);
ay_status ay_mysql_execf(ay_mysql *s, ay_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The columns of the first row as text in dst[cap] with '\n' after each; *rows how many there were.
 * For the driver's own short questions. */
ay_status ay_mysql_ask(ay_mysql *s, char *dst, size_t cap, int *rows, ay_err *err, const char *fmt,
                       ...) __attribute__((format(printf, 6, 7)));

/* ---- mysql_ddl.c */
/* Before a statement that changes the schema: note how it is taken back.  AY_EUNSUPPORTED: it could
 * not be. */
ay_status ay_mysql_ddl_note(ay_mysql *s, const char *sql, ay_err *err);
/* The notes end with the transaction that holds them. */
ay_status ay_mysql_ddl_done(ay_mysql *s, ay_err *err);
/* Take back what an unfinished migration did, newest first. */
ay_status ay_mysql_ddl_undo(ay_mysql *s, ay_err *err);
ay_status ay_mysql_backup(void *self, const char *label, ay_err *err);
ay_status ay_mysql_check(void *self, ay_err *err);

#endif
