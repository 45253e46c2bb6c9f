/* train/metric_retrieval.h - how well vectors find their own kind: each asks for all others.
 *
 * Every vector is a query once; the others are ranked by cosine, itself left out, the earlier one first
 * among equals.  R is the number of others of its class.  A vector that is alone in its class can find
 * nothing: it is in everybody's ranking, but asks nothing (as in pytorch-metric-learning).
 *
 *   precision_at_1  how often the first one is of its class
 *   map_at_r        mean over queries of 1/R sum over hits at ranks r <= R of precision(r)
 *                   (Musgrave et al., "A Metric Learning Reality Check", 2020): 1 only when all of a class
 *                   stand before all others, and it does not saturate as precision_at_1 does
 *   map_at_10       the same cut at 10, over min(R, 10)
 *   mrr             mean of 1 / rank of the first hit; mrr_10 counts 0 when that is not among ten
 *   silhouette      mean over all of (b - a) / max(a, b): a the mean cosine distance to the own class, b to
 *                   the nearest other one; 0 for one alone (Rousseeuw 1987, as scikit-learn)
 *
 * A vector of length 0 has cosine 0 to everything.  Time n^2 dim, spread over threads; the result does not
 * depend on their number.
 *
 * Threads: any; it starts its own. */
#ifndef AY_TRAIN_METRIC_RETRIEVAL_H
#define AY_TRAIN_METRIC_RETRIEVAL_H

#include "base/err.h"

typedef struct {
    int n, queries; /* vectors; those that are not alone in their class */
    double precision_at_1, map_at_r, map_at_10, mrr, mrr_10; /* NaN without queries */
    double silhouette; /* NaN with fewer than two classes, or as many as there are vectors */
} ay_retrieval;

/* vectors [n, dim], of any length; labels [n], not negative, below classes.  threads 0: one a processor.
 * AY_ENOMEM. */
ay_status ay_retrieval_measure(ay_retrieval *out, const float *vectors, const int *labels, int n, int dim,
                               int classes, int threads, ay_err *err);

#endif
