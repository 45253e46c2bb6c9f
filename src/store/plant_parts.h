/* store/plant_parts.h - what the files of store/plant share.
 *
 *     plant_link.c   connecting, sending a statement, waiting for its rows, all with limits
 *     plant.c        which statements, and what their rows mean */
#ifndef AY_STORE_PLANT_PARTS_H
#define AY_STORE_PLANT_PARTS_H

#include "base/buf.h"
#include "store/plant.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

enum { AY_PLANT_STRINGS = 8 + AY_PLANT_COLUMNS, AY_PLANT_PARAMETERS = 6 };

struct ay_plant {
    ay_plant_options o; /* strings are ours, defaults filled in */
    PGconn *db;         /* NULL: none now */
    const atomic_bool *cancel; /* of the call under way; NULL */
    long connections, statements;
    char name[256];     /* "the plant's database x on host:port" */
    char *ask, *closer; /* the two statements */
};

/* What came of one step. */
typedef enum {
    AY_PLANT_DONE,
    AY_PLANT_FAILED, /* err and status say why; the connection may be in an aborted transaction */
    AY_PLANT_LOST    /* there is no connection any more; the same may work on another */
} ay_plant_step;

/* One attempt. */
ay_status ay_plant_connect(ay_plant *p, ay_err *err);
void ay_plant_drop(ay_plant *p);
/* One statement with n parameters as text (NULL with n == 0: several statements parted by semicolons).  *rows is
 * the caller's, to be PQclear()ed, when DONE. */
ay_plant_step ay_plant_run(ay_plant *p, const char *sql, int n, const char *const *values, PGresult **rows,
                           ay_status *status, ay_err *err);
/* Wait ns, or until cancelled. */
ay_status ay_plant_pause(ay_plant *p, uint64_t ns, ay_err *err);

#endif
