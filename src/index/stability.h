/* index/stability.h - would other pictures of the same kind fall into the same groups?  And how many groups there should be by that.
 *
 * The idea is that of Lange, Roth, Braun and Buhmann, "Stability-based validation of clustering solutions" (2004): rows are split at random
 * into halves and each is grouped by itself; one half's centres say where the other's rows belong, and so did the other half itself.  What
 * the two have in common is the adjusted Rand index (Hubert and Arabie 1985): 1 for the same groups, about 0 for groups by chance.
 *
 * Rejected: the paper's share of rows that disagree under the best renaming, divided by that of random labels.  It needs an assignment problem
 * for each split and says nothing where the halves find different numbers of groups; the index is free of chance by itself.
 *
 * Threads: from any; a call starts its own and joins them. */
#ifndef AY_INDEX_STABILITY_H
#define AY_INDEX_STABILITY_H

#include "index/silhouette.h"

enum { AY_STABILITY_SPLITS = 6, AY_STABILITY_ROWS = 8192 /* both halves together; of more rows so many are drawn for each split */ };

/* How much two groupings of n rows agree: labels a of 0..ka-1, b of 0..kb-1.  1 where both are one group, or each row one; NAN when memory
 * was refused. */
double ay_rand_adjusted(const uint32_t *a, const uint32_t *b, size_t n, int ka, int kb);

/* k-means of options->k groups: the mean agreement of `splits` pairs of halves (at least 2) into *mean, its standard error into *error.
 * options->progress is told of the whole.  AY_EINVAL: fewer than four rows, or as ay_kmeans_run(). */
ay_status ay_stability(const ay_rows *rows, const ay_kmeans_options *options, int splits, double *mean, double *error, ay_err *err);

/* As ay_kmeans_choose(), by stability: of the numbers whose agreement is within its own standard error of the best, the largest, since
 * few groups can be as repeatable as the many that they are made of.  tries get stability and error, the
 * one that is chosen its inertia. */
ay_status ay_kmeans_choose_stable(const ay_rows *rows, const ay_kmeans_options *options, ay_kmeans_try *tries, int n, ay_kmeans *out,
                                  ay_err *err);

#endif
