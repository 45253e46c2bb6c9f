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

/* Batches of so many pictures of a class each, for losses that compare within a batch. */
typedef struct {
    int per_class; /* pictures of a class in a batch */
    int classes;   /* different ones in a batch */
    int batch;     /* per_class * classes */
    int batches;   /* of an epoch: pictures / batch, at least 1 */
} ay_groups;

/* What is possible of a batch of so many pictures, per_class of each class.  It always fits: where there
 * are too few classes with pictures to fill the batch, the batch is smaller (5 classes, 4 of each: 20, not
 * 64); where per_class would leave room for one class only, so that there is nothing to tell it from, it is
 * halved to two.  What fits comes back unchanged.  batch and per_class at least 1. */
ay_groups ay_sampler_fit(const int *labels, size_t n, int classes, int per_class, int batch);
/* order[batches * batch] gets places 0..n - 1, per_class of a class side by side.  A batch has no class
 * twice and no picture twice, but where a class has fewer than per_class.  Classes are drawn anew for each
 * batch; the pictures of a class come in rounds, none a second time before the others of its class had
 * their turn, but for those of a round's end that fill no group.  g is what ay_sampler_fit() gave for the
 * same labels.  AY_ENOMEM. */
ay_status ay_sampler_groups(const ay_groups *g, const int *labels, size_t n, int classes, uint64_t seed,
                            uint64_t epoch, size_t *order, ay_err *err);

#endif
