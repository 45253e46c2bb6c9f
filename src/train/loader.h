/* train/loader.h - batches for a network, made ahead by worker threads.
 *
 * The order of batches, their pictures and every byte in them depend on (seed, epoch) only, not on
 * the number of threads and not on what is cached: a place in a batch is filled by whoever is free,
 * and batches are handed out in order.
 *
 * Decoded and resized pictures are kept (bytes, before augmentation) until cache_bytes are used up;
 * what is in the cache is never decoded again.  With all of them in it an epoch costs augmentation
 * only.
 *
 * Validation pictures (no augment) go through ay_image_preprocess's own arithmetic with the model's
 * own settings: the very numbers that serving feeds the network.
 *
 * A file that has gone, cannot be read or is not the one the corpus saw (its digest differs) is
 * named in the failures and left out of its batch, which is smaller by it; the others stay as they
 * were.
 *
 * A picture is turned by its item's `turn` before anything else is done with it.
 *
 * Invariant: at most `ahead` batches exist, one of them in the caller's hands.
 * Threads: one thread calls; workers are inside. */
#ifndef AY_TRAIN_LOADER_H
#define AY_TRAIN_LOADER_H

#include "train/augment.h"
#include "train/corpus.h"
#include "train/mix.h"
#include "train/sampler.h"

typedef struct {
    ay_split split;
    int batch;                 /* pictures a batch; the last one may have fewer */
    bool drop_last;            /* leave a smaller last batch out */
    ay_order order;            /* AY_ORDER_PLAIN for validation */
    int per_class; /* > 0: batches of so many of a class, as ay_sampler_fit() said of this split; order and
                      drop_last are then not looked at */
    ay_preprocess preprocess;  /* what serving uses; size is the network's */
    const ay_augment *augment; /* NULL: plain preprocessing.  Must outlive the loader */
    ay_mix_settings mix;       /* zeroes: off */
    uint64_t seed;
    int threads;        /* workers; 0: the caller does the work itself.  -1: as many as processors */
    int ahead;          /* batches made at once, at least 2; 0: 3 */
    size_t cache_bytes; /* 0: no cache */
    ay_image_limits limits;
    const atomic_bool *cancel; /* NULL: never */
} ay_loader_options;

typedef struct {
    int n;               /* pictures in it; less than asked for when files failed */
    int number;          /* 0 is the epoch's first */
    const float *pixels; /* [n, 3, size, size], aligned to 64 bytes */
    const int *labels;   /* [n]; the picture's own, also when mixed */
    const int *items;    /* [n] index into corpus->items */
    const float *targets; /* [n, classes] soft labels when mixed, else NULL */
} ay_batch;

typedef struct ay_loader ay_loader;

/* corpus and options->augment must outlive it.  AY_EINVAL: nothing on that side, wrong numbers. */
ay_status ay_loader_open(ay_loader **out, const ay_corpus *corpus, const ay_loader_options *o,
                         ay_err *err);
void ay_loader_close(ay_loader *l); /* stops the workers; NULL is fine */

/* Batches of one epoch (the same in every epoch), and pictures in them. */
int ay_loader_batches(const ay_loader *l);
int ay_loader_pictures(const ay_loader *l);

/* Begin (or begin again) at a batch of an epoch; what was under way is given up. */
ay_status ay_loader_start(ay_loader *l, uint64_t epoch, int first_batch, ay_err *err);
/* The next batch; it stays valid until the next call.  *out is NULL after the last one.
 *   AY_ECANCELLED  cancel was set
 *   AY_ENOMEM, AY_EINVAL (start was not called) */
ay_status ay_loader_next(ay_loader *l, const ay_batch **out, ay_err *err);

/* Files that failed since opening, each once; the strings stay valid until close. */
int ay_loader_failures(const ay_loader *l, const ay_corpus_skip **out);

typedef struct {
    uint64_t decoded, cached; /* pictures decoded; pictures taken from the cache */
    size_t cache_used;        /* bytes */
    double waited;            /* seconds that ay_loader_next() had to wait */
} ay_loader_stats;
void ay_loader_get_stats(const ay_loader *l, ay_loader_stats *out);

#endif
