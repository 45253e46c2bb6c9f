/* store/postgres.h - what the files of the PostgreSQL driver share.  For src/store/postgres*.c only.
 *
 *     postgres.c         statements, transactions, the table of functions
 *     postgres_link.c    connecting, again and again; who may write; what error codes mean
 *     postgres_wait.c    talking without blocking: every wait has an end; short questions
 *     postgres_keep.c    copies: before a migration, and of everything as a SQLite file; the database's examination
 *
 * One session is one connection and its replacements, as in store/mysql.h; a pool is what store.c makes of sessions.  A connection that
 * is lost between statements is replaced at the next one; inside a transaction its loss ends the transaction.
 *
 * Tables live in a schema of their own ("assay", or schema=NAME of the URL), never in "public": what others keep in the database is not
 * touched, two stores fit into one database, and a table of ours named "vector" does not stand in the way of pgvector's type.
 *
 * Who writes.  Each writing session has a row in assay_session (owner, random).  A transaction begins with three statements, sent
 * together and answered together:
 *
 *     BEGIN;  SELECT pg_advisory_xact_lock(writers);  UPDATE assay_session SET serial = ... WHERE owner = ...
 *
 * The lock lets writers follow each other, so that numbers of rows grow in the order of commits, whatever process they come from.  The
 * UPDATE finds no row when another process has taken over, and then nothing is written; and it leaves a number by which a
 * commit whose answer was lost is found again: serial is the new one, or the transaction never happened.
 *
 * With nodes=one (the default) a second process is refused: the lock "node" is held exclusively for as long as the connection lives, and
 * whoever gets it throws out the rows of others.  With nodes=many it is shared by all that say so, and excludes those that do not.
 *
 * PostgreSQL ends a whole transaction when one statement fails; the others do not, and store.c is written for them.  So a statement that writes
 * goes out between SAVEPOINT and RELEASE, the three together: one way there and back, as without.
 *
 * States of the writing session: as in store/mysql.h (idle, open, in doubt, fenced).
 *
 * Rejected: pg_xact_status() to find a lost commit (a number of a transaction may be given again after a crash of the server); retrying
 * a transaction inside the driver (it does not know the statements' reasons); SERIALIZABLE (every caller would have to be ready to be
 * asked again; with writers in a row READ COMMITTED gives them the same). */
#ifndef AY_STORE_POSTGRES_H
#define AY_STORE_POSTGRES_H

#include "base/buf.h"
#include "store/driver.h"
#include "store/url.h"

#include <libpq-fe.h>

enum { AY_PG_KEPT = 64, AY_PG_COLUMNS = 24 };

typedef struct {
    char *sql; /* with "?", as it came */
    unsigned char *types;
    int nargs;
    bool id; /* it answers with the number of the new row */
    unsigned number; /* it is prepared as "p<number>" */
} ay_pg_kept;

typedef struct {
    ay_sql_url url;
    bool writable;
    PGconn *db; /* NULL: no connection now */
    int pid;    /* the server's process behind the last one */
    ay_pg_kept kept[AY_PG_KEPT];
    int nkept, oldest;
    unsigned numbers;
    uint64_t retry_at, backoff; /* no attempt to connect before; nanoseconds */
    char why[256];              /* it failed the last time */

    bool open;   /* between begin and its end */
    bool broken; /* the connection under the open transaction ended */
    bool doubt;  /* a commit's outcome is not known */
    bool fenced; /* another process writes now */
    bool opening;
    bool listening; /* this connection hears what others tell (store/follow.h) */
    char owner[33];
    int64_t serial, next; /* of the last commit known; of the transaction under way */
} ay_pg;

/* ---- postgres_link.c */
/* A connection that works as far as is known: the present one or, when it is time for an attempt, a new one, on which a writable
 * session has its row and knows how its last commit ended.  AY_EBUSY. */
ay_status ay_pg_ready(ay_pg *s, ay_err *err);
ay_status ay_pg_first(ay_pg *s, ay_err *err);
void ay_pg_drop(ay_pg *s); /* end the connection, if there is one */
/* After a commit whose answer was lost: find out within wait_ms.  AY_OK: kept; AY_EBUSY: not kept;
 * AY_EUNKNOWN: could not be found out yet. */
ay_status ay_pg_settle(ay_pg *s, int wait_ms, ay_err *err);
ay_status ay_pg_fence(ay_pg *s, ay_err *err);
/* The number of the lock that writers pass one after the other; the next one is that of nodes. */
long long ay_pg_lock(const ay_pg *s);
/* What an SQLSTATE means to a caller. */
ay_status ay_pg_meaning(const char *state);
/* The failure that a result (NULL: the connection) tells of; drops a connection that is lost.  r is not freed. */
ay_status ay_pg_fail(ay_pg *s, const PGresult *r, const char *what, ay_err *err);

/* ---- postgres_wait.c */
/* Wait at most ms for the socket; false: in vain. */
bool ay_pg_wait(PGconn *db, bool to_write, int ms);
/* The next result of what was sent, NULL at its end.  Waits as long as the URL's timeout and five seconds more; then, and when the
 * connection fails, it is dropped, and *status is not AY_OK. */
PGresult *ay_pg_next(ay_pg *s, ay_status *status, ay_err *err);
/* Read and throw away what is still to come of the statement under way. */
void ay_pg_drain(ay_pg *s);
/* Statements without arguments, several with ';' between them; their rows are thrown away. */
ay_status ay_pg_exec(ay_pg *s, const char *sql, ay_err *err);
ay_status ay_pg_execf(ay_pg *s, ay_err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The columns of the first row as text in dst[cap] with '\n' after each; *rows how many there were.
 * For the driver's own short questions. */
ay_status ay_pg_ask(ay_pg *s, char *dst, size_t cap, int *rows, ay_err *err, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* ---- postgres_keep.c */
ay_status ay_pg_backup(void *self, const char *label, ay_err *err);
ay_status ay_pg_check(void *self, ay_err *err);
ay_status ay_pg_copy(void *self, const char *path, ay_err *err);

#endif
