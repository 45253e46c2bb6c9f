/* cmd/args.h - the command line of a subcommand.
 *
 * A subcommand lists its own flags; every setting of cmd/config.h that it names is a flag too.
 * One that lists "set" takes "--set NAME=VALUE" for the variables of words, as often as one likes.
 * "--name value", "--name=value", "-n value", "--" ends flags, "-" is an operand.  "--help" prints the
 * page made from the same tables, so that help cannot lie. */
#ifndef AY_CMD_ARGS_H
#define AY_CMD_ARGS_H

#include "cmd/config.h"

typedef struct {
    const char *name; /* "json"; NULL ends the list */
    char letter;      /* 0: none */
    const char *arg;  /* what its value is called, "N"; NULL: a switch */
    const char *help;
} ay_option;

typedef struct {
    const char *usage;        /* "scan [OPTION ...] FILE|FOLDER|- ..." */
    const char *about;        /* a few lines */
    const ay_option *options; /* ends with a NULL name; may be NULL */
    const char *settings;     /* names of settings it takes: "data dataset model" */
} ay_usage;

#define AY_ARGS_MAX  24
#define AY_ARGS_MANY 32 /* options with a value on one line */

typedef struct {
    ay_config config;
    const ay_usage *usage;
    const char *value[AY_ARGS_MAX]; /* of options[i]; "" for a switch that was given */
    struct {
        int option;
        const char *value;
    } given[AY_ARGS_MANY]; /* every value in order, for options that may come again */
    int n_given;
    char **rest;                    /* operands, pointing into argv */
    int n_rest;
} ay_args;

/* Parse argv[1..]; then load the settings.  Returns -1 to go on, else the exit code: 0 after --help,
 * AY_EXIT_USAGE after a message.  ay_args_fini() in every case. */
int ay_args_parse(ay_args *a, const ay_usage *usage, int argc, char **argv);
void ay_args_fini(ay_args *a);
/* The option's value, "" for a switch, NULL when not given. */
const char *ay_args_get(const ay_args *a, const char *name);
/* The value that the option had when it came the n-th time (from 0); NULL: it did not. */
const char *ay_args_nth(const ay_args *a, const char *name, int n);
/* The option's value as a number in lo..hi; false after printing what is wrong. */
bool ay_args_number(const ay_args *a, const char *name, long lo, long hi, long *out);
/* Print "assay: message" and a hint at --help; returns AY_EXIT_USAGE. */
int ay_args_wrong(const ay_args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Print "assay: message"; returns AY_EXIT_FAIL. */
int ay_cmd_fail(const ay_err *err);

#endif
