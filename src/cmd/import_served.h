/* cmd/import_served.h - archives and documents that the server which has the data folder brings in for "assay import".
 *
 * Asked for by POST /v1/import through the socket in the folder (cmd/running.h), followed by their jobs.  What this command asked for is taken
 * back by Ctrl-C; what it found under way (--resume) is not its own.  Threads: one. */
#ifndef AY_CMD_IMPORT_SERVED_H
#define AY_CMD_IMPORT_SERVED_H

#include "cmd/import_catalog.h"
#include "cmd/running.h"

typedef struct {
    const ay_running *server;
    int64_t job[AY_IMPORT_CATALOGS];
    json_t *detail[AY_IMPORT_CATALOGS]; /* what its job says; NULL: nothing yet */
    int n, asked; /* the first `asked` are this command's own */
} ay_import_served;

ay_status ay_import_served_ask(ay_import_served *v, const ay_bring_wish *w, ay_err *err);
/* What earlier imports left, and what is under way. */
ay_status ay_import_served_join(ay_import_served *v, ay_err *err);
/* Until all are done, or somebody stops the command (AY_ECANCELLED); batches gets a number for each, 0: none. */
ay_status ay_import_served_follow(ay_import_served *v, bool quiet, bool aloud, int64_t *batches, ay_err *err);
/* As those of import_catalog.h. */
int64_t ay_import_served_problems(const ay_import_served *v, json_t *failures);
json_t *ay_import_served_json(const ay_import_served *v);
void ay_import_served_close(ay_import_served *v);

#endif
