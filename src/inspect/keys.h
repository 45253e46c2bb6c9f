/* inspect/keys.h - settings as one table: names, kinds, ranges, defaults, help.
 *
 * A table says of a struct which key fills which field.  Setting from text, printing, help and the hint at the
 * nearest key all walk over it, so that none of them can lie.  Three structs have one (settings.h).
 * Threads: pure functions, any. */
#ifndef AY_INSPECT_KEYS_H
#define AY_INSPECT_KEYS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    AY_IK_TEXT,
    AY_IK_SECRET, /* text that is never shown, unless it is a reference (inspect/secret.h) */
    AY_IK_INT,
    AY_IK_LONG, /* int64_t */
    AY_IK_REAL,
    AY_IK_BOOL,
    AY_IK_WORD, /* an int: place in words */
    AY_IK_IDLE  /* known to the system that is replaced; taken and not used, help says why */
} ay_ik_kind;

typedef struct {
    const char *name; /* "training.max_epochs" */
    ay_ik_kind kind;
    size_t at, size; /* offsetof, sizeof in the struct */
    double lo, hi;
    const char *words, *fallback, *help;
} ay_ik_key;

typedef struct {
    const char *name, *means;
} ay_ik_alias;

typedef struct {
    const ay_ik_key *key;
    size_t n;
    const ay_ik_alias *alias; /* other names of keys, and of sections with a '.' at both ends */
    size_t naliases;
} ay_ik_table;

/* The key of a name or alias; NULL. */
const ay_ik_key *ay_ik_find(const ay_ik_table *t, const char *name);
/* Is there a key or an alias below this name? */
bool ay_ik_section(const ay_ik_table *t, const char *name);
/* The key or section that looks most like name; NULL: none is near. */
const char *ay_ik_nearest(const ay_ik_table *t, const char *name, char *dst, size_t cap);
/* "there is no setting 'x'; did you mean y?", with origin in front.  AY_EINVAL. */
ay_status ay_ik_unknown(const ay_ik_table *t, const char *name, const char *origin, ay_err *err);
/* Put text into the struct.  origin, when given, in front of the message.  AY_EINVAL. */
ay_status ay_ik_set(const ay_ik_key *k, void *in, const char *text, const char *origin, ay_err *err);
void ay_ik_defaults(const ay_ik_table *t, void *in);
/* What is in force, as text; of a secret "(set, not shown)" or its reference. */
void ay_ik_text(const ay_ik_key *k, const void *in, char *dst, size_t cap);
/* All keys that are not idle as YAML, depth sections in. */
void ay_ik_print(const ay_ik_table *t, const void *in, int depth, bool help, ay_buf *out);

#endif
