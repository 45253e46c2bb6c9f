/* train/sampler.h - which pictures an epoch shows, in which order.
 *
 * A pure function of (seed, epoch), so that a run can start again in the middle of any epoch with
 * nothing saved but two numbers.  Threads: any. */
#ifndef AY_TRAIN_SAMPLER_H
#define AY_TRAIN_SAMPLER_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

typedef enum {
    AY_ORDER_PLAIN,   /* as they are; for validation and test */
    AY_ORDER_SHUFFLE, /* each once */
    AY_ORDER_BALANCED /* as many as there are, all classes equally often (within one): pictures of
                         large classes are left out in turn, those of small classes repeat, none a
                         second time before all others of its class had their turn */
} ay_order;

/* order[n] gets places 0..n - 1 (BALANCED: with repeats).  labels[n] in 0..classes - 1; used by
 * BALANCED only.  AY_ENOMEM. */
ay_status ay_sampler_order(ay_order how, const int *labels, size_t n, int classes, uint64_t seed,
                           uint64_t epoch, size_t *order, ay_err *err);

#endif
