/* index/kmeans.h - groups of rows around k centres.
 *
 * Two ways, both from the field's standard texts and both repeatable:
 *   batch   MiniBatchKMeans (Sculley, "Web-scale k-means clustering", 2010) with the counts, the replacement of
 *           starved centres and the early stop that scikit-learn gives it: for a first look at many pictures
 *   lloyd   every row moves to its nearest centre, every centre to the mean of its rows, until nothing moves.  Rows
 *           whose nearest centre cannot have changed are left alone, by the triangle inequality (Ding et al., "Yinyang
 *           k-means", 2015, with the 32 columns of a packed group as the group): the answer is that of the plain loop
 * Both start with greedy k-means++ (Arthur and Vassilvitskii 2007; several candidates a step, the best one kept).
 *
 * Euclidean; for unit rows the order of distances is that of cosines.  `spherical` also keeps the centres on the sphere.
 *
 * The same rows, options and processor give the same bits whatever the number of threads: a row's distances do not depend on
 * its neighbours, and sums are formed in the order of rows.
 *
 * Threads: from any; a call starts its own and joins them before it returns. */
#ifndef AY_INDEX_KMEANS_H
#define AY_INDEX_KMEANS_H

#include "index/index.h"

typedef enum { AY_KMEANS_BATCH, AY_KMEANS_LLOYD } ay_kmeans_way;

typedef struct {
    int k; /* groups, at least 1; no more than rows are made */
    ay_kmeans_way way;
    bool spherical;
    uint64_t seed;
    int batch;        /* rows a step; 0: 1024 */
    int most;         /* passes over all rows (batch: as many rows as that); 0: 100 */
    int inits;        /* times to start, the best kept; 0: 1 */
    double tolerance; /* lloyd: stop when the squared moves of all centres together are below this share of the
                         mean variance of a dimension; 0: only when no row moves */
    int threads;      /* 0: one a processor */
    /* May be NULL: asked now and then with the share done, 0..1; false ends the work with AY_ECANCELLED. */
    bool (*progress)(void *ctx, double done);
    void *ctx;
} ay_kmeans_options;

typedef struct {
    int k, dim;
    float *centres;   /* k x dim */
    uint32_t *labels; /* n: the nearest centre of each row; of equal ones the first, or where Lloyd's way had it */
    float *distances; /* n: squared distance to it */
    size_t *counts;   /* k: rows of each centre; 0 is possible by way of batches only */
    double inertia;   /* sum of distances */
    int rounds;       /* passes (lloyd) or steps (batch) of the start that was kept */
    bool converged;   /* ended by itself, not by `most` */
} ay_kmeans;

/* rows need not be of unit length, but must be finite.  AY_EINVAL: k or dim out of range, no rows; AY_ENOMEM;
 * AY_ECANCELLED.  On failure out is empty.  The caller gives it back to ay_kmeans_free(). */
ay_status ay_kmeans_run(const ay_rows *rows, const ay_kmeans_options *options, ay_kmeans *out,
                        ay_err *err);
void ay_kmeans_free(ay_kmeans *out); /* an empty one is fine */

#endif
