/* index/silhouette.h - how well groups are separated, and how many there should be.
 *
 * A row's silhouette (Rousseeuw 1987) is (b - a) / max(a, b): a is its mean distance to the other rows of its group, b the
 * least mean distance to the rows of another one; 0 for a group of one.  The mean over rows is 1 for groups far apart,
 * about 0 for groups that are one cloud cut up, and below for rows in the wrong place.  It costs the square of the rows, so a random
 * part of them is judged, all against each other.
 *
 * Threads: from any; a call starts its own and joins them. */
#ifndef AY_INDEX_SILHOUETTE_H
#define AY_INDEX_SILHOUETTE_H

#include "index/kmeans.h"

enum { AY_SILHOUETTE_ROWS = 2000 }; /* judged unless told otherwise */

/* The mean silhouette of rows by labels 0..k-1, others left out, over at most `most` of them (0: AY_SILHOUETTE_ROWS) chosen by
 * seed, into *out.  0 when fewer than two groups have rows.  AY_EINVAL: no rows, or dim out of range; AY_ENOMEM. */
ay_status ay_silhouette(const ay_rows *rows, const int32_t *labels, int k, size_t most, uint64_t seed,
                        int threads, double *out, ay_err *err);

typedef struct {
    int k;
    double silhouette, inertia;
    double stability, error; /* index/stability.h */
} ay_kmeans_try;

/* k-means for each of n numbers of groups in tries (k set, the rest filled in); out is that with the best silhouette, of equal
 * ones the first.  options->k is not looked at, options->progress is told of the whole.  As ay_kmeans_run() else. */
ay_status ay_kmeans_choose(const ay_rows *rows, const ay_kmeans_options *options, ay_kmeans_try *tries,
                           int n, ay_kmeans *out, ay_err *err);

#endif
