/* store/driver.h - what a database must provide to be a store.  For src/store only.
 *
 * A driver moves statements and values; what the statements mean is store.c's business, written once
 * in the SQL that SQLite, PostgreSQL and MariaDB share: placeholders are "?" (a driver for a database
 * that wants $1 rewrites them), no upsert, no RETURNING, no database-made defaults.
 * Words in braces in a CREATE TABLE are the driver's ("#" in its text becomes N): {id} an integer
 * primary key that numbers itself and never reuses a number, {int} 64-bit, {text:N} text of at least N
 * bytes compared byte by byte ("longtext", where a driver has it, for N above AY_SQL_LONG), {blob}
 * bytes, {end} what follows the closing parenthesis.
 *
 * A session is one connection, used by one thread at a time (store.c holds a lock).  open() leaves
 * nothing behind when it fails.
 *
 * A database that is another process may go away and come back.  AY_EBUSY then says "not now"; the
 * session stays and works again when the database does, without being opened again. */
#ifndef AY_STORE_DRIVER_H
#define AY_STORE_DRIVER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { AY_SQL_NULL, AY_SQL_INT, AY_SQL_TEXT, AY_SQL_BLOB } ay_sql_type;

/* A parameter or a column.  text and blob are n bytes at p, not terminated, borrowed: a parameter for
 * the call, a column until the next row. */
typedef struct {
    ay_sql_type type;
    int64_t i;
    const void *p;
    size_t n;
} ay_sql_value;

enum { AY_SQL_LONG = 4096, AY_SQL_ARGS = 500 /* of a statement, at most */ };

typedef struct {
    const ay_sql_value *args;
    int nargs;
    /* Called for each row; non-OK ends the statement with that status.  NULL: rows are ignored. */
    ay_status (*row)(void *ctx, const ay_sql_value *columns, int n, ay_err *err);
    void *ctx;
    int64_t *changed;     /* rows changed, or NULL */
    int64_t *inserted_id; /* the {id} the statement made, or NULL */
} ay_sql_call;

typedef struct {
    const char *scheme; /* "sqlite"; what comes before ':' in a URL */
    const char *const *types; /* pairs "id", "INTEGER ..." ending with NULL, for the braces above */
    /* The database's clock in microseconds since 1970 as an expression, for what several machines must agree on; NULL: this machine's is
     * as good, as nobody else writes.  What follows a SELECT so that rows which somebody else is about to change are passed over. */
    const char *clock, *skip_locked;
    int readers; /* sessions that read beside each other; at most AY_STORE_READERS */
    /* writable false: a session that only reads.  The first writable one may create the database.
     * AY_EBUSY: another process writes. */
    ay_status (*open)(void **self, const char *rest, bool writable, ay_err *err);
    void (*close)(void *self);
    ay_status (*run)(void *self, const char *sql, const ay_sql_call *call, ay_err *err);
    /* After begin(), this session's statements are one transaction, serialised with other writers.
     * commit() returns once it is durable; when it fails nothing was kept, except that AY_EUNKNOWN
     * says that nobody can tell yet: no later begin() succeeds before that is known. */
    ay_status (*begin)(void *self, ay_err *err);
    ay_status (*commit)(void *self, ay_err *err);
    void (*rollback)(void *self);
    /* A copy of the whole database beside it, named by label, before a migration. */
    ay_status (*backup)(void *self, const char *label, ay_err *err);
    ay_status (*check)(void *self, ay_err *err); /* the database's own examination */
    /* The whole database as of one moment, as a new SQLite file that takes no companions; while others write.  NULL: this
     * driver cannot. */
    ay_status (*copy)(void *self, const char *path, ay_err *err);
    /* Of drivers for several writing processes, else NULL.  shared: whether a writing session has others beside it.  tell: inside a transaction,
     * what they hear when it is committed, bits of store/follow.h.  listen, of a session that does nothing else: wait at most ms for what
     * others than the writing session `own` told; *what gets it, and all bits after a new connection. */
    bool (*shared)(const void *self);
    ay_status (*tell)(void *self, unsigned what, ay_err *err);
    ay_status (*listen)(void *self, const void *own, int ms, unsigned *what, ay_err *err);
} ay_store_driver;

extern const ay_store_driver ay_store_sqlite, ay_store_mysql, ay_store_postgres;

#endif
