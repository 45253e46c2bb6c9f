/* service/words/word_settings.h - the variables of classification by words: one table of names, defaults and limits.
 *
 * The names are those of the OmniZap classifier, so that an environment that was made for it keeps its
 * meaning; what is new here is named in the same manner.  From this table come the settings, the lines of
 * "assay config show", the keys of the settings file and the check that doc/words.md names them all.
 *
 * As in that classifier a number beyond its limits is brought to the limit, and a switch that is neither yes
 * nor no is left at its default; unlike there both are said.  What is no number, and a word that is none of
 * those it may be, is refused: nobody can know what was meant.
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_WORD_SETTINGS_H
#define AY_SERVICE_WORD_SETTINGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    AY_VAR_TEXT,
    AY_VAR_SECRET, /* text that is never shown */
    AY_VAR_WORD,   /* one of words */
    AY_VAR_SWITCH,
    AY_VAR_WHOLE,
    AY_VAR_REAL
} ay_var_kind;

typedef struct {
    const char *name; /* of the variable, and in any case the key of the settings file */
    ay_var_kind kind;
    const char *usual; /* the default as text; "" for none */
    double lo, hi;     /* of a number */
    const char *words; /* "cpu|cuda|auto" */
    const char *help;
    size_t at;     /* in ay_word_settings; AY_VAR_ELSEWHERE: somebody else reads it */
    bool exported; /* its reader looks in the environment */
} ay_word_var;

#define AY_VAR_ELSEWHERE ((size_t)-1)
#define AY_WORD_VARS_MAX 48 /* room for all of them */

extern const ay_word_var ay_word_vars[];
extern const int ay_word_vars_count;

/* By name, in any case, '-' as '_'; -1. */
int ay_word_var_find(const char *name);
/* "5 to 4096", "from 0", "yes or no", "cpu, cuda or auto", "text". */
void ay_word_var_range(const ay_word_var *v, char *dst, size_t cap);

typedef enum { AY_VAR_RIGHT, AY_VAR_CHANGED, AY_VAR_WRONG } ay_var_verdict;
/* Is text (not "") a right value?  CHANGED: another one is in force, in used[]; WRONG: refused.  why names the
 * variable, what it may be and what was there instead. */
ay_var_verdict ay_word_var_check(const ay_word_var *v, const char *text, char *used, size_t cap, ay_err *why);

/* The name of the encoder here ("mobileclip-s1") for CLIP_MODEL_NAME and CLIP_MODEL_PRETRAINED ("" for the
 * usual one of that model); NULL: there is none. */
const char *ay_word_model(const char *name, const char *pretrained);

struct ay_word_settings;
typedef const char *ay_word_get(void *ctx, const char *name); /* NULL or "": unset */

/* Strings stay the getter's; get NULL: the defaults.  Values that were changed are logged.  AY_EINVAL: a wrong
 * value, as ay_word_var_check() says it. */
ay_status ay_word_settings_read(struct ay_word_settings *out, ay_word_get *get, void *ctx, ay_err *err);

#endif
