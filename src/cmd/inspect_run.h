/* cmd/inspect_run.h - "assay inspect run": a module is asked about pictures. */
#ifndef AY_CMD_INSPECT_RUN_H
#define AY_CMD_INSPECT_RUN_H

#include "cmd/args.h"

int ay_inspect_run(const ay_args *a);

#endif
