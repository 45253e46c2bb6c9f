/* cmd/running.h - the server that has the data folder, asked by a command of the same user.
 *
 * Through the socket in the data folder (base/door.h); what is asked are the routes of /openapi.json.
 * Threads: one at a time. */
#ifndef AY_CMD_RUNNING_H
#define AY_CMD_RUNNING_H

#include "base/door.h"
#include "cmd/args.h"

#include <jansson.h>

typedef struct {
    ay_door door;
} ay_running;

/* Is there one?  AY_ENOTFOUND: no; AY_ECONFLICT: another user's. */
ay_status ay_running_find(ay_running *r, const ay_args *a, ay_err *err);
void ay_running_fini(ay_running *r);
/* Ask; body is stolen, NULL: none.  *out, which may be NULL, is the caller's.  What the server refused has the status that
 * its code says, with its words; AY_EIO: it is gone. */
ay_status ay_running_ask(const ay_running *r, const char *method, const char *path, json_t *body, json_t **out, ay_err *err);

#endif
