/* index/layout.h - vectors as points on a plane: the two main directions at once, then a map that keeps neighbours together.
 *
 * ay_layout_pca() projects on the two directions of the largest variance (subspace iteration; each direction's sign is chosen so that its
 * largest part is positive, so the same rows always give the same picture).
 *
 * ay_layout_umap() is UMAP (McInnes, Healy, Melville, 2018), cosine distance: the nearest neighbours (exact, index/codes.h), each row's
 * distances made memberships by its own scale (section 3.1 there: the sum over k neighbours is log2 k), joined as a fuzzy
 * union, laid out by gradient descent with negative sampling.  One thread descends, so the result is the same for the same rows, options
 * and seed.  It begins where `xy` says: at the projection, or at an earlier map.
 *
 * Stable: with `kept` rows of an earlier map the new rows begin at the mean of their neighbours that were there, weighted by membership,
 * and what was there moves by a tenth of what it would.
 *
 * Rejected: t-SNE (no better neighbours, slower, and an earlier map cannot be kept so simply); a spectral start (the projection does
 * as well: Kobak and Linderman, 2021); threads that descend together (another picture every time).
 *
 * Threads: everything here from any thread; nothing keeps state. */
#ifndef AY_INDEX_LAYOUT_H
#define AY_INDEX_LAYOUT_H

#include "index/index.h"

/* xy: n x 2, centred; scaled so that the larger extent from the middle is 10. */
ay_status ay_layout_pca(const ay_rows *rows, int threads, float *xy, ay_err *err);

typedef struct {
    int neighbours; /* 2..200; usual 15 */
    int epochs;     /* 0: 500 up to 10,000 rows, else 200; a tenth of it when `kept` is given */
    float near;     /* how close points may come, 0..1; usual 0.1 */
    uint64_t seed;
    int threads;         /* for the neighbours */
    const uint8_t *kept; /* n: 1 where xy is a place in an earlier map; NULL: all begin at xy and move freely */
    bool (*progress)(void *ctx, double done); /* NULL; false: stop */
    void *ctx;
} ay_layout_options;

/* xy: n x 2, in and out.  AY_EINVAL: an option out of range; AY_ENOMEM; AY_ECANCELLED (xy is then anything). */
ay_status ay_layout_umap(const ay_rows *rows, const ay_layout_options *o, float *xy, ay_err *err);

/* The a and b of 1 / (1 + a d^2b) that is nearest to 1 up to `near` and exp(near - d) after it, least squares over 0..3. */
void ay_layout_curve(double near, double *a, double *b);

#endif
