/* train/settings_table.h - the rows behind train/settings.h, for its two files. */
#ifndef AY_TRAIN_SETTINGS_TABLE_H
#define AY_TRAIN_SETTINGS_TABLE_H

#include "train/settings.h"

typedef enum {
    AY_KEY_TEXT,
    AY_KEY_INT,
    AY_KEY_LONG, /* int64_t */
    AY_KEY_REAL,
    AY_KEY_BOOL,
    AY_KEY_WORD, /* an int: place in words */
    AY_KEY_NAME, /* text that must be one of words */
    AY_KEY_IDLE  /* read by other parts of the program, or by the old one; any value */
} ay_key_kind;

typedef struct {
    const char *name; /* "training.epochs" */
    ay_key_kind kind;
    size_t at, size; /* offsetof, sizeof in ay_train_settings */
    double lo, hi;
    const char *words; /* "adam|adamw|sgd" */
    const char *fallback, *help;
} ay_train_key;

extern const ay_train_key ay_train_keys[];
extern const size_t ay_train_keys_count;

const ay_train_key *ay_train_key_find(const char *name);
/* Is there a key below this one ("training.early_stopping")? */
bool ay_train_key_section(const char *name);
/* The known key (or section) that looks most like name; NULL when none is near. */
const char *ay_train_key_nearest(const char *name);
/* The value in force as text. */
void ay_train_key_text(const ay_train_settings *s, const ay_train_key *k, char *dst, size_t cap);

#endif
