/* cmd/import.h - what "assay import" and "assay watch" share. */
#ifndef AY_CMD_IMPORT_H
#define AY_CMD_IMPORT_H

#include "cmd/args.h"

#include <stdbool.h>

/* "assay import omnizap [URL]"; an exit status. */
int ay_import_omnizap(const ay_args *a, const char *url);

/* Ctrl-C and SIGTERM are noted from here on; a second one ends the program at once. */
void ay_import_catch(void);
bool ay_import_stopped(void);
/* So many tenths of a second, or less when somebody stops. */
void ay_import_nap(int tenths);

#endif
