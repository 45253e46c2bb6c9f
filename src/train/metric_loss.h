/* train/metric_loss.h - losses that arrange vectors: alike close together, unlike apart.
 *
 * Every loss here is a sum of up to three terms over unit vectors z = x / |x|, and is one row of the
 * table in metric_loss.c, which says how much of each term it has:
 *
 *   arc      sub-centre ArcFace (Deng et al. 2019, 2020).  W [dim, classes * sub], column class * sub + k;
 *            cos_c = max_k <z, w_ck / |w_ck|>.  For the own class, with t = angle(z, w):
 *            t <= pi - m: phi = cos(t + m), else phi = cos t - m sin m; for the others phi = cos_c.
 *            Cross-entropy of s phi, mean over the batch.  sub 1 is plain ArcFace.
 *   triplet  batch-hard (Hermans et al. 2017): for each anchor that has both, the farthest of its class and
 *            the nearest of another; relu(d_ap - d_an + margin), Euclidean, averaged over those above 0
 *   centre   mean over n * dim of (z - c_y)^2, the centres learnt and not normalised (Wen et al. 2016)
 *
 * As in pytorch-metric-learning 2.3 (checked number by number: metric_loss_test.c), with three departures.
 *
 *   The angle.  PyTorch differentiates acos, which is infinite at |cos| = 1: a vector that has reached its
 *   own column gives NaN, and in half precision many do.  Here t = atan2(|w - z cos|, cos), and the gradient
 *   of cos(t + m) is sin(t + m) along the tangent (w - z cos) / |w - z cos|: bounded everywhere.  Where
 *   there is no tangent (the vectors are equal or opposite) it is 0.
 *
 *   The unit of the margin.  That library reads degrees, and the system this trainer replaces gave it 0.4:
 *   0.007 radians, next to no margin (a loss of 3.787 where 0.4 radians give 7.449).  ArcFace's own 0.5 is
 *   radians, the library's default of 28.6 degrees is 0.5 radians, and 0.4 is a usual margin in radians and
 *   in no other unit: so radians are meant, and are the default.  `degrees` gives the old numbers.
 *
 *   A vector of length 0 has no direction: its gradient is 0, not infinite.
 *
 * Computed in double whatever the network computes in: a batch costs a millisecond and the angle needs it.
 *
 * Threads: an ay_metric_loss holds the room it works in, so one thread at a time. */
#ifndef AY_TRAIN_METRIC_LOSS_H
#define AY_TRAIN_METRIC_LOSS_H

#include "base/err.h"

#include <stdbool.h>

typedef enum { AY_MARGIN_RADIANS, AY_MARGIN_DEGREES } ay_margin_unit;

typedef struct {
    char name[32];          /* of the table: "hybrid_margin" */
    double margin;          /* of arc; 0.4 */
    ay_margin_unit unit;    /* of margin; radians */
    double scale;           /* s; 30 */
    int sub_centers;        /* 3; plain ArcFace has 1 whatever this says */
    double triplet_margin;  /* 0.3 */
    double center_weight;   /* of the centre term in hybrid_margin; 0.01 */
} ay_metric_loss_settings;
void ay_metric_loss_defaults(ay_metric_loss_settings *s);
/* The i-th loss of the table; NULL behind the last one. */
const char *ay_metric_loss_name(int i);

typedef struct ay_metric_loss ay_metric_loss;
/* The name may also be that of S5's files ("HybridMarginLoss").  AY_EINVAL names the setting that is
 * wrong; AY_EUNSUPPORTED lists the losses there are; AY_ENOMEM. */
ay_status ay_metric_loss_create(ay_metric_loss **out, const ay_metric_loss_settings *s, int classes,
                                int dim, ay_err *err);
void ay_metric_loss_destroy(ay_metric_loss *l); /* NULL is fine */
/* Columns of W, classes * sub; 0: this loss has no W. */
int ay_metric_loss_columns(const ay_metric_loss *l);
/* Rows of the centres, classes; 0: it has none. */
int ay_metric_loss_centers(const ay_metric_loss *l);

typedef struct {
    const double *x;       /* [n, dim] as the network gave them, not normalised */
    const int *labels;     /* [n] in 0..classes - 1 */
    int n;
    const double *w;       /* [dim, columns]; NULL when there are no columns */
    const double *centers; /* [classes, dim]; NULL when there are none */
} ay_metric_batch;

/* d loss / d of the same places, set; NULL: not wanted. */
typedef struct {
    double *x, *w, *centers;
} ay_metric_diff;

typedef struct {
    double loss;                 /* what is minimised: the terms by their weights */
    double arc, triplet, center; /* the terms, unweighted; 0 where there is none */
    int triplets, active;        /* anchors with a triplet; those above 0 */
} ay_metric_parts;

/* diff may be NULL.  Without any n, everything is 0.  AY_ENOMEM. */
ay_status ay_metric_loss_compute(ay_metric_loss *l, const ay_metric_batch *b, const ay_metric_diff *diff,
                                 ay_metric_parts *out, ay_err *err);
/* The terms by their weights, where they were measured apart. */
double ay_metric_loss_total(const ay_metric_loss *l, const ay_metric_parts *p);

#endif
