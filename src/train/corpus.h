/* train/corpus.h - labelled pictures on disk: found, checked, split, and named by one hash.
 *
 * Opened from one of
 *   root/train, root/val, root/test   each with a folder a class; what the user split stays split
 *   root                              a folder a class; split here: stratified, seeded
 *   a .csv file                       path,label[,split]; paths are relative to the file's folder
 *   a list in memory                  for pictures that live in a store
 *
 * Opening reads every file once, on all processors: a picture that cannot be decoded is better found
 * before the first epoch than in the middle of the third.  It costs about one epoch of decoding and
 * buys digests, the search for copies, and an exact count of what was left out.
 *
 * A picture and its copies (same bytes; or resized, recompressed, cropped a little) form a group,
 * and a group is never on two sides of a split that we make.  In a split that the user made they are
 * reported as leaks, or moved to one side by option.
 *
 * Rejected: trusting extensions (a text file called a.jpg is named and skipped), splitting by path
 * order or by file name (a renamed folder would give another split: ours depends on contents only),
 * and dropping an empty class silently.
 *
 * The type is not called ay_dataset because service/dataset.h has one, in the store.
 *
 * Invariants: items are sorted by path (byte order) and never move; classes are sorted by byte order
 * and label is an index into them; every item decoded once.
 * Threads: opening starts its own; afterwards the corpus never changes and may be read by any. */
#ifndef AY_TRAIN_CORPUS_H
#define AY_TRAIN_CORPUS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "image/image.h"
#include "train/note.h"

#include <stdatomic.h>

typedef enum { AY_SPLIT_TRAIN, AY_SPLIT_VAL, AY_SPLIT_TEST, AY_SPLIT_COUNT } ay_split;
#define AY_SPLIT_NONE (-1) /* not said: split here */
const char *ay_split_name(ay_split split); /* "train", "val", "test" */

typedef enum {
    AY_LEAKS_REPORT, /* of a split the user made: say so and go on */
    AY_LEAKS_MOVE,   /* the whole group goes to train if any of it is there, else to val */
    AY_LEAKS_REFUSE  /* AY_ECONFLICT */
} ay_leaks;

typedef struct {
    const char *train_dir, *val_dir, *test_dir; /* NULL: "train", "val" (also "valid",
                                                   "validation"), "test" */
    double val_fraction, test_fraction; /* of what we split ourselves; 0..0.9 each.  Defaults (from
                                           ay_corpus_defaults): 0.15 and 0.15 */
    uint64_t seed;                      /* default 42 */
    ay_leaks leaks;
    bool near_copies;            /* look for them; default true.  false: only equal bytes */
    ay_image_limits limits;      /* zeroes: defaults */
    int threads;                 /* 0: as many as processors */
    /* Called now and then, never two at a time, from any thread.  NULL: none. */
    void (*progress)(void *ctx, size_t done, size_t total);
    void *ctx;
    const atomic_bool *cancel; /* true: AY_ECANCELLED soon.  NULL: never */
} ay_corpus_options;
void ay_corpus_defaults(ay_corpus_options *o);

typedef struct {
    const char *path; /* openable; root/class/file, or as the manifest has it */
    int label;        /* index into classes */
    ay_split split;
    int group;  /* items with the same number are copies of each other */
    int turn;   /* quarter turns clockwise when it is loaded (train/loader.h), 0..3; opening leaves it 0 */
    int width, height;
    uint64_t phash;
    char digest[AY_SHA256_HEX]; /* SHA-256 of the file */
} ay_corpus_item;

typedef struct {
    const char *path;
    const char *reason; /* one line, starts with what is wrong: "the picture is cut short" */
} ay_corpus_skip;

typedef struct {
    int a, b;   /* items */
    bool exact; /* same bytes */
} ay_corpus_pair;

typedef struct {
    const ay_corpus_item *items;
    int nitems;
    const char *const *classes;
    int nclasses;
    int *counts; /* [AY_SPLIT_COUNT][nclasses] pictures */

    const ay_corpus_skip *skipped; /* pictures that are not in items, by path */
    int nskipped;
    int hidden, other;            /* files passed over: hidden ones, not pictures */
    int ngroups;                  /* pictures when copies count once */
    const ay_corpus_pair *leaks;  /* copies on two sides, as the user had split them; with
                                     AY_LEAKS_MOVE these were mended */
    int nleaks;
    const ay_corpus_pair *clashes; /* the same bytes under two labels */
    int nclashes;
    ay_note *notes; /* for the report: "class "x" has no validation pictures"; on the heap */
    int nnotes;
    bool split_here;              /* by us, not by the user */
    char snapshot[AY_SHA256_HEX]; /* over (digest, class name, split) of all items, in no order */
    ay_arena arena;               /* holds all of the above */
} ay_corpus;

/* root: a folder or a .csv file.  On success the caller gives *out to ay_corpus_fini(); on failure
 * *out is zeroed and nothing is held.
 *   AY_ENOTFOUND  no such folder or file, or no pictures at all
 *   AY_EIO        the folder cannot be read
 *   AY_EINVAL     an empty class, fewer than two classes, a class with one picture (when we split),
 *                 a class in val or test that train lacks, two class names that differ by case only,
 *                 a class name that is not UTF-8, a wrong line of the manifest (with its number)
 *   AY_ECONFLICT  leaks, with AY_LEAKS_REFUSE
 *   AY_ECANCELLED, AY_ENOMEM */
ay_status ay_corpus_open(ay_corpus *out, const char *root, const ay_corpus_options *o, ay_err *err);

typedef struct {
    const char *path, *label;
    int split; /* ay_split or AY_SPLIT_NONE; all of a list are NONE, or none is */
} ay_corpus_entry;
/* As ay_corpus_open(); the entries are copied. */
ay_status ay_corpus_open_list(ay_corpus *out, const ay_corpus_entry *entries, size_t n,
                              const ay_corpus_options *o, ay_err *err);
void ay_corpus_fini(ay_corpus *c); /* a zeroed one is fine */

/* Pictures of a class on a side; label -1: of all classes. */
int ay_corpus_count(const ay_corpus *c, ay_split split, int label);
/* Weights for the loss, dst[nclasses]: n / (classes * pictures of the class), of the train side; the
 * mean over pictures is 1 (scikit-learn's "balanced").  A class without pictures gets 1. */
void ay_corpus_class_weights(const ay_corpus *c, float *dst);
/* The account for a report, a JSON object: counts per class and side, skipped files with reasons,
 * leaks, clashes, notes, snapshot. */
void ay_corpus_describe(const ay_corpus *c, ay_buf *json);

#endif
