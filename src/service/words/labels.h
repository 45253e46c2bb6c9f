/* service/words/labels.h - lists of words to choose from: the built-in one, a caller's, a file's.
 *
 * One normalisation for every list, wherever it comes from: white space at both ends goes, empty ones
 * go, of those that differ in case only the first stays as it was spelt, and what is over the limit is
 * dropped and counted.  "Case" is Unicode's, as Python's str.lower(), so that "Ärger" is "ärger".
 *
 * A text that begins with [ is a JSON array of strings; else one with a line break is a line a label;
 * else labels stand between commas.
 *
 * Rejected: splitting at semicolons too, and quotes in comma lists: who has labels with commas in them
 * sends JSON.
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_LABELS_H
#define AY_SERVICE_LABELS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    AY_LABELS_MOST = 4096, /* in a list, whatever the settings say */
    AY_LABELS_USUAL = 256, /* unless the settings say otherwise */
    AY_LABEL_BYTES = 512   /* of one label */
};

typedef struct {
    const char **item; /* in the arena */
    int n;
    int dropped; /* over the limit; empty and double ones are not counted */
} ay_labels;

/* The list that serves when nobody gives one: 121 English labels of styles, photographs, screens,
 * designs and sensitive things, in an order that clients rely on. */
extern const char *const ay_labels_builtin[];
extern const int ay_labels_builtin_count;

/* Normalise n texts; at most `most` stay.  AY_EINVAL: nothing is left, one is not UTF-8, has a control
 * character inside or is over AY_LABEL_BYTES; the message gives its place. */
ay_status ay_labels_take(ay_labels *out, const char *const *texts, int n, int most, ay_arena *a,
                         ay_err *err);
/* Read a list.  raw (may be NULL): the texts as they were sent.  AY_EINVAL also for what is no JSON
 * array of strings. */
ay_status ay_labels_parse(ay_labels *out, const char *text, int most, ay_labels *raw, ay_arena *a,
                          ay_err *err);
/* The same of a file of at most 1 MB.  AY_EINVAL also for one with a zero byte. */
ay_status ay_labels_read(ay_labels *out, const char *path, int most, ay_arena *a, ay_err *err);
/* The defaults of a program: `text` when it is not empty, else the file at path when that is not empty,
 * else the built-in list.  A file that is named and cannot be read is an error. */
ay_status ay_labels_defaults(ay_labels *out, const char *text, const char *path, int most, ay_arena *a,
                             ay_err *err);

/* Does the label name something sensitive: contains nsfw, adult, explicit, porn or sexual? */
bool ay_label_sensitive(const char *label);

/* A theme as verdicts are kept under: white space at both ends gone, small letters, at most
 * AY_THEME_CHARS characters.  NULL: no memory; "" when nothing is left.  AY_EINVAL: not UTF-8, or a
 * control character inside. */
enum { AY_THEME_CHARS = 120 };
ay_status ay_theme_normal(const char *text, ay_arena *a, const char **out, ay_err *err);

#endif
