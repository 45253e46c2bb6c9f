/* inspect/prepare.h - from a folder of coded pictures to a tree that can be trained on, and a list of what is in it.
 *
 *   gather   input/OK and input/NG are listed, names read, products looked up, pictures checked and copied:
 *            raw_data/<class>/, raw_data/NG/, missing.csv, manifest.json; a few pictures of each class are named from
 *            which a person can see how the component is turned
 *   choose   that person's answer: orientations.json
 *   arrange  oriented_data/{Up,Right,Down,Left,NG}/, dataset/{train,val}/<label>/, dataset/mean_std.json
 *
 * A class is product, component and light.  They are kept as fields; the class's name joins them with "_" for people and
 * folders, and is never taken apart again: products and components contain "_" themselves.  Two classes whose names
 * would be equal are told apart by "~2".
 *
 * Every file that is not used is named with its reason (missing.csv, set->missing): a name outside the grammar, a product
 * that nobody knows, a picture that cannot be decoded, a name that could lead out of a folder.
 *
 * Each original comes once in each of the four orientations, turned by software without loss (rotate.h says how). All four
 * are on one side of the split, because the originals are split and not the pictures made of them; so are pictures with
 * the same bytes, and, where a class has pictures of two boards or more, all pictures of one board (sides.h).
 *
 * Files in raw_data are copies: the input folder belongs to somebody else, who may change or empty it (hard links
 * would change with it, and input is often on another machine).  Times and permissions are kept.  Inside the tree one
 * content is one file: dataset/ and the unturned part of oriented_data/ are hard links to raw_data/ (copies where the
 * file system has no links), because only this program writes there.
 *
 * A stage is believed when manifest.json says so, and it says so last: everything is written beside (*.tmp), synced and
 * renamed before.  A stage that was interrupted begins again; one that is done returns at once, so each may be
 * called again after any crash.  Choices may change until ay_line_begin() says that training starts.
 *
 * Rejected: tables of the store (a folder that a person can look into and copy away is what the system before had,
 * and what the command line needs), and a manifest written row by row (nobody could tell a whole one from half a one).
 * Threads: a tree is one caller's at a time; the functions start threads of their own. */
#ifndef AY_INSPECT_PREPARE_H
#define AY_INSPECT_PREPARE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "inspect/names.h"
#include "inspect/rotate.h"
#include "train/corpus.h"
#include "train/note.h"

#include <stdatomic.h>

typedef enum { AY_LINE_NOTHING, AY_LINE_GATHERED, AY_LINE_ARRANGED, AY_LINE_TRAINING } ay_line_stage;
const char *ay_line_stage_name(ay_line_stage s); /* "", "gathered", "arranged", "training" */

/* What a network is to tell apart. */
typedef enum {
    AY_LINE_BY_BOTH,        /* "<class>/<Up..>": a component seen one way; the default */
    AY_LINE_BY_ORIENTATION, /* Up, Right, Down, Left */
    AY_LINE_BY_COMPONENT    /* the class; nothing is turned and no orientation is asked for */
} ay_line_label;

typedef enum { AY_LINE_LISTING, AY_LINE_ASKING, AY_LINE_COPYING, AY_LINE_TURNING } ay_line_phase;

/* Any may be NULL.  Called one at a time, from any thread. */
typedef struct {
    void *ctx;
    void (*progress)(void *ctx, ay_line_phase phase, size_t done, size_t total);
    void (*note)(void *ctx, const ay_note *n);
    const atomic_bool *cancel; /* true: AY_ECANCELLED soon */
} ay_line_observer;

typedef struct {
    const char *input;   /* holds OK/ and, as a rule, NG/ */
    const char *pattern; /* of names; NULL: names.h's */
    bool recursive;      /* also folders below OK and NG */
    int samples;         /* for a person to look at, a class; 0: 3 */
    uint64_t seed;
    int threads;            /* 0: one a processor */
    ay_image_limits limits; /* zeroes: defaults */
    /* Products of up to AY_LINE_BATCH names at a time: out[i] is the product's name, which is good until the next call,
     * or NULL when it is not known.  NULL: nobody is asked, and a class is component and light only. */
    ay_status (*product)(void *ctx, const ay_line_name *names, size_t n, const char **out, ay_err *err);
    void *product_ctx;
    /* Why the i-th name of the last call has no product, for the list of what is missing; NULL: that it is not known.
     * The text is good until the next call. */
    const char *(*product_reason)(void *ctx, size_t i);
} ay_line_gather_options;
enum { AY_LINE_BATCH = 500 };

typedef struct {
    ay_line_label label;
    double test_share; /* of the pictures to hold back, above 0 and below 0.9; 0: 0.2 */
    bool train_ng;     /* NG is a label of its own */
    uint64_t seed;
    int image_size; /* mean and deviation are of pictures of this size, as the network sees them; 0: 224 */
    int threads;
} ay_line_arrange_options;

typedef struct {
    const char *name; /* also that of its folder in raw_data */
    const char *product, *component, *light;
    int orientation; /* as mounted: what a person chose */
    int ok, ng;      /* pictures */
    const char *const *samples; /* files, from which a person can see how it is turned */
    int nsamples;
} ay_line_class;

typedef struct {
    const char *file; /* its name */
    const char *path; /* in the tree: "raw_data/<class>/<file>" */
    int class;        /* AY_LINE_UNKNOWN: an NG picture whose name or product is not known */
    bool ok;
    const char *board, *timestamp, *component_id; /* "" where the name does not say */
    int width, height;
    char sha256[AY_SHA256_HEX];
    ay_split split; /* AY_SPLIT_TRAIN or AY_SPLIT_VAL once arranged */
    int group;      /* pictures with the same number are on the same side */
} ay_line_original;

typedef enum { AY_LINE_MISS_NAME, AY_LINE_MISS_PRODUCT, AY_LINE_MISS_PICTURE, AY_LINE_MISS_KINDS } ay_line_miss;
const char *ay_line_miss_name(ay_line_miss m); /* "name", "product", "picture" */
typedef struct {
    const char *file; /* relative to input */
    ay_line_miss kind;
    const char *reason;
    bool kept; /* an NG picture that is used although nobody knows its class */
} ay_line_missing;

/* All that manifest.json knows. */
typedef struct {
    ay_line_stage stage;
    const ay_line_class *classes; /* by product, component, light */
    int nclasses;
    const ay_line_original *originals; /* OK before NG, then by name */
    int n;
    const ay_line_missing *missing; /* by name */
    int nmissing, misses[AY_LINE_MISS_KINDS];
    /* once arranged */
    ay_line_label label;
    bool train_ng;
    double test_share;
    double mean[3], std[3]; /* of values 0..1 */
    char asked[AY_SHA256_HEX];    /* what gather was asked */
    char arranged[AY_SHA256_HEX]; /* what arrange was asked, choices included */
    ay_arena arena;
} ay_line_set;

/* dir: the tree, which is made.  On success the caller gives *out to ay_line_set_fini(); on failure it is zeroed.
 *   AY_ENOTFOUND   no folder OK, or not one picture in it can be used (missing.csv says why)
 *   AY_ECONFLICT   dir was gathered from something else
 *   AY_EINVAL      the pattern
 *   AY_ECANCELLED, AY_EIO, AY_ENOMEM, and what the product callback says */
ay_status ay_line_gather(const char *dir, const ay_line_gather_options *o, const ay_line_observer *observer,
                         ay_line_set *out, ay_err *err);

/* choices: {"<class>": "Up" | "Right" | "Down" | "Left"} for every class, n bytes.  orientation[set->nclasses].
 *   AY_EINVAL  not that: names the classes that are missing, the ones that do not exist, the values that are none */
ay_status ay_line_choices_check(const ay_line_set *set, const char *choices, size_t n, int *orientation, ay_err *err);
/* Check and keep them.  AY_ECONFLICT: training has begun, or nothing is gathered. */
ay_status ay_line_choose(const char *dir, const char *choices, size_t n, ay_err *err);

/* AY_ECONFLICT  nothing is gathered, nothing chosen, or training has begun with other settings
 * AY_EINVAL     settings out of range */
ay_status ay_line_arrange(const char *dir, const ay_line_arrange_options *o, const ay_line_observer *observer,
                          ay_line_set *out, ay_err *err);
/* From here on choices stay.  AY_ECONFLICT: not arranged. */
ay_status ay_line_begin(const char *dir, ay_err *err);

/* What is there.  AY_ENOTFOUND: no manifest; AY_ECORRUPT */
ay_status ay_line_set_read(const char *dir, ay_line_set *out, ay_err *err);
void ay_line_set_fini(ay_line_set *set); /* a zeroed one is fine */

/* ---- a list for training and judging ----------------------------------------------------------- */

typedef struct {
    const char *path; /* openable, or as dir was given; the original's */
    int rotate;       /* degrees clockwise, to do while loading */
    int label;        /* AY_LINE_UNKNOWN: NG, where that is no label */
    int original;     /* index into set->originals */
    int orientation;  /* after turning */
    ay_split split;
    int group;
    bool ok;
} ay_line_item;

typedef struct {
    const ay_line_item *items; /* by original, then by turn */
    size_t n;
    const char *const *labels; /* by byte order */
    int nlabels;
    ay_arena arena;
} ay_line_items;

/* Of an arranged set.  NG pictures come once, unturned. */
ay_status ay_line_items_make(const ay_line_set *set, const char *dir, ay_line_items *out, ay_err *err);
void ay_line_items_fini(ay_line_items *items);

#endif
