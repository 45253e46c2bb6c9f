/* train/whiten.h - the arithmetic behind train/encoder.h: moments of values in, one linear layer out.
 *
 * Everything follows from the mean and two covariances, so the values are read once and no matrix
 * with a row a picture is made.  Double throughout.  Threads: any; no state. */
#ifndef AY_TRAIN_WHITEN_H
#define AY_TRAIN_WHITEN_H

#include "base/err.h"

typedef struct {
    int n, p;       /* pictures, columns */
    double *mean;   /* [p] */
    double *total;  /* [p, p] covariance, divided by n - 1 */
    double *within; /* [p, p] around the class means, each class times m / (m - 1), divided by n */
} ay_moments;

/* x [n, p]; labels[n] in 0..classes - 1; classes may be empty.  AY_ENOMEM, AY_EINVAL: n < 2. */
ay_status ay_moments_create(ay_moments *m, const float *x, const int *labels, int n, int p,
                            int classes, ay_err *err);
void ay_moments_fini(ay_moments *m);

/* y = weight x + bias; weight [dim, p], bias [dim]; the caller gives them to ay_free(). */
typedef struct {
    int dim, p;
    double *weight, *bias;
} ay_affine;
void ay_affine_fini(ay_affine *a);

/* The main directions of the values whitened inside their classes (encoder.h).  dim <= p. */
ay_status ay_whiten_fit(ay_affine *out, const ay_moments *m, int dim, double shrink, double power,
                        ay_err *err);
/* dim main directions of a and b side by side, each scaled to root-mean-square length 1. */
ay_status ay_whiten_join(ay_affine *out, const ay_affine *a, const ay_affine *b,
                         const ay_moments *m, int dim, ay_err *err);

#endif
