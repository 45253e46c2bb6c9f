/* cmd/pull.h - "assay model pull": a model of a hub comes to this machine, once, when a person says so.
 *
 * The only command that downloads.  What its licence allows is shown before the first byte; one that we do not
 * know to allow any use is wanted accepted with --accept-licence, which is kept in the data folder, in
 * "accepted-licences", so that the next pull does not ask again. */
#ifndef AY_CMD_PULL_H
#define AY_CMD_PULL_H

#include "cmd/args.h"

/* Operands as in a->rest: "pull" and the name.  The exit code. */
int ay_pull_run(const ay_args *a);
/* Print the presets, one a line: whether they are here, size, licence. */
void ay_pull_list(const ay_args *a);

#endif
