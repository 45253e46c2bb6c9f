/* store/plant.h - asking a plant's own database which product a picture shows.
 *
 * Cameras of a line write a row for each picture into a table of PostgreSQL, by default public.amr_raw_data:
 *
 *     site, line_id, create_time, image_path "2026-03-14/20260314093015/<file>", product_name, ...
 *
 * A name is found under its site, its line and its path, with a create_time from the start of its day to the
 * start of the next (both ends count, as the system that is replaced asks it).  Up to
 * AY_PLANT_BATCH names go in one statement, as arrays: a folder of ten thousand pictures is ten statements,
 * not ten thousand journeys through a tunnel.
 *
 * The system that is replaced takes the first row that comes, and drops what has none with a line in its log.
 * Here every name has an outcome and a reason: no row; rows without a product; rows that name different
 * products, and which.  What has no row is looked for once more in the week before and after, at all
 * sites and lines: "another site" and "renamed" are what somebody can act on.
 *
 * Read only, three times over: each batch is a READ ONLY transaction that is rolled back; no statement but
 * SELECT is ever sent; the database's user needs SELECT on the one table.  Values are parameters, never part of a
 * statement; the names of table and columns come from the settings and are quoted.
 *
 * Time: connecting and each statement have limits, at the server (statement_timeout) and here, for a server that
 * does not answer.  A connection that is lost is made again and the batch repeated, for patience_ms together: a
 * tunnel or server that is restarted is waited for.  Only the look-up of a host's name has the system's limits.
 *
 * Separate from the drivers behind store.h: this is somebody else's schema, of which nothing is ever written.
 * Threads: one at a time for an ay_plant; cancel may be set by another. */
#ifndef AY_STORE_PLANT_H
#define AY_STORE_PLANT_H

#include "base/arena.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>

enum { AY_PLANT_BATCH = 1000 };

typedef enum {
    AY_PLANT_PRODUCT,
    AY_PLANT_SITE,
    AY_PLANT_LINE,
    AY_PLANT_TIME,
    AY_PLANT_PATH,
    AY_PLANT_COLUMNS
} ay_plant_column;

typedef struct ay_plant ay_plant;

/* Strings are copied.  NULL and "" mean the default. */
typedef struct {
    const char *host;    /* its name, also for its certificate */
    const char *address; /* connect here instead of looking host up: "127.0.0.1", the near end of a tunnel */
    int port;            /* 0: 5432 */
    const char *database, *user, *password;
    const char *ssl;      /* libpq's sslmode: disable, prefer (default), require, verify-ca, verify-full */
    const char *ssl_root; /* file of certificates that verify-... goes by */
    const char *table;    /* "schema.table" or "table"; public.amr_raw_data */
    const char *column[AY_PLANT_COLUMNS]; /* product_name, site, line_id, create_time, image_path */
    int connect_ms;   /* 0: 10,000 */
    int statement_ms; /* 0: 30,000 */
    int patience_ms;  /* how long a lost connection is tried for again; 0: 30,000 */
} ay_plant_options;

typedef struct {
    const char *timestamp; /* the 14 digits of the name */
    const char *file;      /* the whole name */
} ay_plant_name;

typedef enum {
    AY_PLANT_FOUND,
    AY_PLANT_NO_ROW,
    AY_PLANT_NO_PRODUCT, /* rows, all without a product */
    AY_PLANT_SEVERAL,    /* rows with different products */
    AY_PLANT_ELSEWHERE,  /* this path, but another site, line or day */
    AY_PLANT_RENAMED,    /* other files of that very moment */
    AY_PLANT_BAD_NAME,   /* no date in it, or no UTF-8: not asked for */
    AY_PLANT_OUTCOMES
} ay_plant_outcome;

/* "found", "no row", "no product" ...; static. */
const char *ay_plant_outcome_name(ay_plant_outcome o);

typedef struct {
    ay_plant_outcome outcome;
    const char *product; /* in the arena; NULL unless found */
    const char *reason;  /* in the arena; a sentence for people; NULL when found */
} ay_plant_answer;

/* Connect, and see that table and columns are there and may be read.  cancel may be NULL.
 *   AY_EINVAL     options that make no sense
 *   AY_ENOTFOUND  no such table or column
 *   AY_ECONFLICT  the user may not read it
 *   AY_EIO        not to be reached, not let in (the message has the server's words), too slow
 *   AY_ECANCELLED */
ay_status ay_plant_open(ay_plant **out, const ay_plant_options *o, const atomic_bool *cancel, ay_err *err);
/* out[n], in the order of names.  A name that is not found is no error.  The strings come from arena.
 * As above, and AY_ENOMEM (also: the arena's limit). */
ay_status ay_plant_lookup(ay_plant *p, const char *site, const char *line, const ay_plant_name *names, size_t n,
                          const atomic_bool *cancel, ay_arena *arena, ay_plant_answer *out, ay_err *err);
/* How often a connection was made; statements sent.  For reports and tests. */
void ay_plant_count(const ay_plant *p, long *connections, long *statements);
void ay_plant_close(ay_plant *p); /* NULL is fine */

#endif
