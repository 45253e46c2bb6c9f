/* index/density.h - groups of unknown number, by density: HDBSCAN* (Campello, Moulavi and Sander, "Density-based
 * clustering based on hierarchical density estimates", 2013), with the selection by excess of mass.
 *
 * A row's core distance is that to its min_samples-th nearest row, itself counted; two rows are as far apart as the largest of
 * their distance and their core distances.  The minimum spanning tree of that gives a hierarchy; of its groups of at least
 * min_size rows those are kept that live longest.  Rows that are in none are outliers.
 *
 * Edges of one length leave the tree at once (step 4.2 of the paper's algorithm), so a set may fall into many parts, and the answer does not
 * depend on the order of rows.  Ties are the rule and not the exception: all edges that a row's core distance decides are of one length.
 * scikit-learn (1.9) removes edges one by one in the order in which its tree found them: splinters that are still together by
 * chance then pass for a group, and the same rows in another order give other groups.  test/vectors/make_density.py shows both.
 *
 * The whole is never a group (scikit-learn: allow_single_cluster=False).
 *
 * For unit rows: distance is sqrt(2 - 2 cosine).  Cosines are rounded, so distances below AY_DENSITY_LEAST count as that;
 * copies of one picture are all equally near.
 *
 * The tree is made by Boruvka's rounds: every row looks for the nearest row of another part, and only those look again whose
 * find has come to be in their own part and whose last one was nearer than what their part has found.  Exact: n^2 cosines for the
 * first round, far fewer for the others.  An approximate tree over a neighbour graph was left until a gallery
 * needs it: 100,000 rows are some minutes of background work.
 *
 * The same rows and options give the same answer whatever the number of threads.
 * Threads: from any; a call starts its own and joins them. */
#ifndef AY_INDEX_DENSITY_H
#define AY_INDEX_DENSITY_H

#include "index/index.h"

#define AY_DENSITY_LEAST 1e-3f

typedef struct {
    int min_size;    /* rows of a group, at least 2 */
    int min_samples; /* 0: min_size; at most the number of rows is used */
    bool leaves;     /* keep the finest groups of the hierarchy instead of those that live longest */
    int threads;     /* 0: one a processor */
    /* May be NULL: asked now and then with the share done, 0..1; false ends the work with AY_ECANCELLED. */
    bool (*progress)(void *ctx, double done);
    void *ctx;
} ay_density_options;

typedef struct {
    int k;           /* groups, may be 0 */
    int32_t *labels; /* n: 0..k-1, or -1 for an outlier */
    float *strength; /* n: how firmly the row is in its group, 0..1; 0 for an outlier */
    double *stability; /* k: excess of mass of each group */
} ay_density;

/* AY_EINVAL: no rows, min_size below 2, dimensions out of range; AY_ENOMEM; AY_ECANCELLED.  On failure out is empty.
 * The caller gives it back to ay_density_free(). */
ay_status ay_density_run(const ay_rows *rows, const ay_density_options *options, ay_density *out,
                         ay_err *err);
void ay_density_free(ay_density *out); /* an empty one is fine */

#endif
