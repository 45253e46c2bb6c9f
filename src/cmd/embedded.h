/* cmd/embedded.h - the pictures of a list as vectors, here and now: what "assay search FOLDER" and "cluster" have in common.
 *
 * Pictures that cannot be read are named on standard error and left out (cmd/pictures.h).  Threads: one. */
#ifndef AY_CMD_EMBEDDED_H
#define AY_CMD_EMBEDDED_H

#include "cmd/files.h"
#include "cmd/session.h"

typedef struct {
    const char **name; /* n; of the list */
    float *rows;       /* n x dim, unit length */
    size_t n;
    int dim;
    long failed; /* pictures left out */
} ay_embedded;

/* By the session's engine, which is open; names and rows are in the arena. */
ay_status ay_embedded_read(ay_embedded *out, const ay_session *s, const ay_args *args, const ay_files *files,
                           ay_arena *a, ay_err *err);

#endif
