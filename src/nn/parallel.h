/* nn/parallel.h - one piece of work by several threads.  For src/nn only.
 *
 * OpenMP's threads, which oneDNN uses too: a pool of our own would have to be woken for every step.
 * Threads: the caller's own thread does a part; calls do not nest. */
#ifndef AY_NN_PARALLEL_H
#define AY_NN_PARALLEL_H

#include <stdint.h>

/* fn(ctx, i, n) for i in 0 .. n-1, n == threads; returns when all are done. */
void ay_parallel(int threads, void (*fn)(void *ctx, int i, int n), void *ctx);
/* [*begin, *end) of n units for the i-th of parts. */
void ay_part(int64_t n, int i, int parts, int64_t *begin, int64_t *end);

#endif
