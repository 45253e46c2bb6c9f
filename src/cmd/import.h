/* cmd/import.h - what "assay import" and "assay watch" share. */
#ifndef AY_CMD_IMPORT_H
#define AY_CMD_IMPORT_H

#include "cmd/args.h"
#include "cmd/session.h"

#include <stdbool.h>

/* "assay import omnizap [URL]"; an exit status. */
int ay_import_omnizap(const ay_args *a, const char *url);

/* Open the data folder for writing.  When a server has it, *err says so and what to do instead. */
ay_status ay_import_open(ay_session *s, const ay_args *a, ay_err *err);
/* Ctrl-C and SIGTERM are noted from here on; a second one ends the program at once. */
void ay_import_catch(void);
bool ay_import_stopped(void);
/* A tenth of a second, or less when somebody stops. */
void ay_import_nap(void);

#endif
