/* cmd/config.h - settings: one table, four sources.
 *
 * A value comes from, in this order: the flag (--max-upload 10MB), the environment
 * (ASSAY_MAX_UPLOAD), the file (max_upload: 10MB), the default.  "assay config show --origin" tells
 * which.  A wrong key or value in any of them is an error that names the place: a setting that is
 * silently ignored is worse than none.
 *
 * The file is YAML, one flat mapping; a hyphen and an underscore in a key are the same.
 *
 * Classification by words has variables with names of their own (CLIP_TOP_K ...): from --set NAME=VALUE, the
 * environment under that very name, the file (CLIP_TOP_K: 5, in any case), the default.  Wrong ones in the
 * environment are no error here, since other programs have such names too; who uses them refuses them.
 *
 * Threads: filled once by main's thread, read-only afterwards. */
#ifndef AY_CMD_CONFIG_H
#define AY_CMD_CONFIG_H

#include "base/err.h"
#include "service/words/word_settings.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum { AY_SET_TEXT, AY_SET_INT, AY_SET_SIZE, AY_SET_REAL, AY_SET_BOOL, AY_SET_WORD } ay_kind;

typedef struct {
    const char *name; /* as a flag without the dashes: "max-upload" */
    ay_kind kind;
    const char *fallback; /* the default as text; "" means unset */
    const char *allowed;  /* AY_SET_WORD: "auto|f32|bf16"; AY_SET_INT, REAL: "0..65535" */
    const char *help;
} ay_setting;

#define AY_CONFIG_MAX 40

typedef struct {
    char *value[AY_CONFIG_MAX];  /* owned; NULL: the default is in force */
    char *origin[AY_CONFIG_MAX]; /* owned: "flag --port", "ASSAY_PORT", "assay.yaml:3" */
    /* The variables of classification by words (service/words/word_settings.h), in the order of their table. */
    char *variable[AY_WORD_VARS_MAX], *variable_origin[AY_WORD_VARS_MAX];
    char *file;                  /* the file that was read, or NULL */
} ay_config;

extern const ay_setting ay_settings[];
extern const size_t ay_settings_count;

/* Index of a setting by name ('_' equals '-'), or -1. */
int ay_setting_find(const char *name);
/* "ASSAY_MAX_UPLOAD" for "max-upload". */
void ay_setting_env(const ay_setting *s, char *dst, size_t cap);
/* Is text a right value for s?  The message says what is. */
ay_status ay_setting_check(const ay_setting *s, const char *text, ay_err *err);

/* Set from a flag; call before ay_config_load(). */
ay_status ay_config_set(ay_config *c, const char *name, const char *value, const char *origin,
                        ay_err *err);
/* "NAME=VALUE" of a variable; a secret is refused, since everyone on the machine sees a command line. */
ay_status ay_config_set_variable(ay_config *c, const char *pair, ay_err *err);
/* As it was given, right or wrong; NULL: the default is in force. */
const char *ay_config_variable(const ay_config *c, const char *name);
/* Fill what no flag set from the environment and the file.  The file is the "config" setting, else
 * $XDG_CONFIG_HOME/assay/assay.yaml when that exists. */
ay_status ay_config_load(ay_config *c, ay_err *err);
void ay_config_fini(ay_config *c);

/* Values in force.  name must be in the table (asserted). */
/* Who set it: "--model", "ASSAY_MODEL", "/etc/assay.yaml:3"; NULL: nobody. */
const char *ay_config_origin(const ay_config *c, const char *name);
const char *ay_config_text(const ay_config *c, const char *name); /* "" when unset */
long ay_config_int(const ay_config *c, const char *name);
size_t ay_config_size(const ay_config *c, const char *name);
double ay_config_real(const ay_config *c, const char *name); /* NaN when unset */
bool ay_config_bool(const ay_config *c, const char *name);
/* The data folder: the setting, else $XDG_DATA_HOME/assay, else ~/.local/share/assay. */
void ay_config_data_dir(const ay_config *c, char *dst, size_t cap);

#endif
