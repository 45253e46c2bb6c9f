/* train/metric_terms.h - the terms that metric losses are sums of; for metric_loss.c only.
 *
 * A term reads unit vectors, adds weight * its gradient with respect to them to dz, and returns its
 * value unweighted.  What comes before (normalising) and after (its gradient) is common to all. */
#ifndef AY_TRAIN_METRIC_TERMS_H
#define AY_TRAIN_METRIC_TERMS_H

#include "train/metric_loss.h"

#include <stddef.h>

typedef struct {
    int classes, dim, sub;
    double margin; /* radians */
    double scale, triplet_margin;

    const ay_metric_batch *b;
    const double *z; /* [n, dim] unit rows */
    double *dz;      /* [n, dim]; NULL: no gradients at all */
    double weight;   /* of the term that is asked */

    double *wn, *dwn; /* [classes * sub, dim] unit columns of W as rows, and their gradient */
    double *cos;      /* [classes] of the row in work */
    int *arg;         /* [classes] which column gave it */
    double *dcenters; /* [classes, dim], added to; NULL: not wanted */
    ay_metric_parts *parts;
} ay_metric_work;

double ay_metric_arc(ay_metric_work *k);
double ay_metric_triplet(ay_metric_work *k);
double ay_metric_center(ay_metric_work *k);

/* Sum of a[i] b[i], eight partial sums in a fixed order, so that the compiler may use vectors. */
double ay_metric_dot(const double *a, const double *b, int n);

#endif
