/* train/bootstrap.h - how sure a figure is: percentile intervals over resampled pictures.
 *
 * Efron and Tibshirani, "An introduction to the bootstrap", 1993: draw n of n pictures with
 * replacement, compute the figures, repeat; the middle 95 % of the answers is the interval.
 * Percentiles interpolate linearly as numpy.quantile does.  Seeded: draw r is a stream of its own,
 * (seed, r), so that the interval does not depend on how many threads or figures there are.
 *
 * Pure functions, any thread. */
#ifndef AY_TRAIN_BOOTSTRAP_H
#define AY_TRAIN_BOOTSTRAP_H

#include "base/err.h"
#include "train/metrics.h"

/* Figures of one resample: index[n] are the drawn pictures, value[k] to be filled. */
typedef void ay_bootstrap_fn(void *ctx, const int64_t *index, int64_t n, double *value);

/* k figures, `resamples` >= 2 draws of n >= 1 pictures; out[k].  AY_ENOMEM, AY_EINVAL. */
ay_status ay_bootstrap_run(ay_interval *out, int k, int64_t n, int resamples, double level,
                           uint64_t seed, ay_bootstrap_fn *figures, void *ctx, ay_err *err);
/* numpy.quantile(v, q, method="linear"); sorts v in place.  n > 0. */
double ay_quantile(double *v, int64_t n, double q);

#endif
