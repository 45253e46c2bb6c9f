/* index/hamming.h - which pairs of 64-bit hashes differ in few bits.
 *
 * Every pair is compared.  With eight at a time (AVX-512 counts bits in its lanes) or four (AVX2, a table of sixteen), a
 * hundred thousand hashes are five thousand million pairs and a second or so; the measurement is in bench/dups.md.
 *
 * Rejected: multi-index hashing (Norouzi, Punjani, Fleet, 2012).  It wins where the radius is small and the hashes spread
 * evenly; those of pictures do not, and for the radius that cropped copies need (12 and more) its parts must be searched
 * with a radius of their own.  A plain scan is exact at every radius, has no state, and is never the slowest part.
 *
 * Threads: any; nothing keeps state. */
#ifndef AY_INDEX_HAMMING_H
#define AY_INDEX_HAMMING_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t a, b; /* row of the first list, row of the second */
    uint8_t bits;  /* in which they differ */
    uint8_t turn;  /* the caller's: which list was the second */
} ay_hamming_pair;

typedef struct {
    ay_hamming_pair *items; /* owned; in order of a, then b */
    size_t n, cap;
} ay_hamming_pairs;

/* Answers false to stop. */
typedef bool (*ay_hamming_progress)(void *ctx, double done);

typedef struct {
    const uint64_t *a; /* na of them, compared with each of b */
    const uint64_t *b;
    size_t na, nb;
    bool self;     /* a and b are the same rows (b may be turned): only pairs with row a < row b */
    int radius;    /* at most so many bits differ; 0..63 */
    uint8_t turn;  /* goes into each pair */
    size_t most;   /* AY_ELIMIT when there are more pairs; 0: no limit */
    int threads;   /* 0: one a processor */
    ay_hamming_progress progress; /* NULL: none; called on the caller's thread */
    void *ctx;
} ay_hamming_job;

/* Adds to *out.  AY_ECANCELLED: progress said so. */
ay_status ay_hamming_join(const ay_hamming_job *job, ay_hamming_pairs *out, ay_err *err);
void ay_hamming_pairs_fini(ay_hamming_pairs *p);

/* How pairs are counted; all give the same pairs. */
typedef enum { AY_HAMMING_PLAIN, AY_HAMMING_AVX2, AY_HAMMING_AVX512, AY_HAMMING_PATHS } ay_hamming_path;
bool ay_hamming_path_works(ay_hamming_path path);
const char *ay_hamming_path_name(ay_hamming_path path);
/* For tests and measurements; AY_HAMMING_PATHS: the best again.  Not while a join runs. */
void ay_hamming_path_set(ay_hamming_path path);

#endif
