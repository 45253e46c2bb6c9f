/* cmd/cmd.h - what a subcommand is.  A subcommand is one file cmd_<name>.c and one line in the table
 * in main.c.  Exit codes are the same everywhere: 0 done or found, 1 failure, 2 usage, 3 no match. */
#ifndef AY_CMD_CMD_H
#define AY_CMD_CMD_H

#include "base/err.h"

enum { AY_EXIT_OK = 0, AY_EXIT_FAIL = 1, AY_EXIT_USAGE = 2, AY_EXIT_NO_MATCH = 3 };

typedef struct {
    const char *name;
    const char *summary; /* one line for "assay help" */
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name */
} ay_command;

#endif
