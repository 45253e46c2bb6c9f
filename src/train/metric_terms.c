#include "train/metric_terms.h"

#include <math.h>
#include <string.h>

enum { LANES = 8 };

double ay_metric_dot(const double *a, const double *b, int n)
{
    double sum[LANES] = {0}, all = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        all += a[i] * b[i];
    for (int k = 0; k < LANES; k++)
        all += sum[k];
    return all;
}

static double distance(const double *a, const double *b, int n)
{
    double sum[LANES] = {0}, all = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            sum[k] += (a[i + k] - b[i + k]) * (a[i + k] - b[i + k]);
    for (; i < n; i++)
        all += (a[i] - b[i]) * (a[i] - b[i]);
    for (int k = 0; k < LANES; k++)
        all += sum[k];
    return sqrt(all);
}

/* y += a x */
static void add(double *y, double a, const double *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += a * x[i];
}

/* ---- arc ---------------------------------------------------------------------------------------- */

static void cosines(ay_metric_work *k, const double *z)
{
    for (int c = 0; c < k->classes; c++) {
        k->cos[c] = -INFINITY;
        k->arg[c] = c * k->sub; /* also when no number is larger than none */
        for (int s = c * k->sub; s < (c + 1) * k->sub; s++) {
            double v = ay_metric_dot(z, k->wn + (size_t)s * (size_t)k->dim, k->dim);
            if (v > k->cos[c]) {
                k->cos[c] = v;
                k->arg[c] = s;
            }
        }
    }
}

/* The own class's logit as a function of the angle, and what its gradient needs. */
typedef struct {
    double phi;
    double slope;   /* of phi along the tangent; or along the other vector, when `wrapped` */
    double tangent; /* |w - z cos|; 0: there is no tangent */
    bool wrapped;   /* beyond pi - m: phi = cos t - m sin m */
} angle;

static angle with_margin(const ay_metric_work *k, const double *z, const double *w, double cosine)
{
    double sum = 0, t, c = fmax(-1, fmin(1, cosine));
    angle a = {0};

    for (int i = 0; i < k->dim; i++)
        sum += (w[i] - cosine * z[i]) * (w[i] - cosine * z[i]);
    a.tangent = sqrt(sum);
    t = atan2(a.tangent, c);
    a.wrapped = t > M_PI - k->margin;
    a.phi = a.wrapped ? cos(t) - k->margin * sin(k->margin) : cos(t + k->margin);
    a.slope = a.wrapped ? 1 : sin(t + k->margin);
    return a;
}

/* by * d phi to dz and to the column's gradient. */
static void back_own(ay_metric_work *k, const angle *a, double by, double cosine, const double *z,
                     const double *w, double *dz, double *dw)
{
    enum { NO_TANGENT_BELOW_1E = -12 };

    if (a->wrapped) {
        add(dz, by, w, k->dim);
        add(dw, by, z, k->dim);
        return;
    }
    if (a->tangent < pow(10, NO_TANGENT_BELOW_1E))
        return;
    by *= a->slope / a->tangent;
    for (int i = 0; i < k->dim; i++) {
        dz[i] += by * (w[i] - cosine * z[i]);
        dw[i] += by * (z[i] - cosine * w[i]);
    }
}

/* One row of the batch; k->cos and k->arg are of it. */
static double arc_row(ay_metric_work *k, int row)
{
    size_t dim = (size_t)k->dim;
    const double *z = k->z + (size_t)row * dim;
    int y = k->b->labels[row];
    const double *own = k->wn + (size_t)k->arg[y] * dim;
    double cosine = k->cos[y], top = -INFINITY, sum = 0, log_sum;
    angle a = with_margin(k, z, own, cosine);

    k->cos[y] = a.phi;
    for (int c = 0; c < k->classes; c++)
        top = fmax(top, k->scale * k->cos[c]);
    for (int c = 0; c < k->classes; c++)
        sum += exp(k->scale * k->cos[c] - top);
    log_sum = top + log(sum);
    for (int c = 0; k->dz && c < k->classes; c++) {
        double p = exp(k->scale * k->cos[c] - log_sum), by = k->weight * k->scale / k->b->n;
        double *dz = k->dz + (size_t)row * dim, *dw = k->dwn + (size_t)k->arg[c] * dim;
        if (c == y) {
            back_own(k, &a, by * (p - 1), cosine, z, own, dz, dw);
        } else {
            add(dz, by * p, k->wn + (size_t)k->arg[c] * dim, k->dim);
            add(dw, by * p, z, k->dim);
        }
    }
    return log_sum - k->scale * a.phi;
}

double ay_metric_arc(ay_metric_work *k)
{
    double loss = 0;

    for (int i = 0; i < k->b->n; i++) {
        cosines(k, k->z + (size_t)i * (size_t)k->dim);
        loss += arc_row(k, i);
    }
    return loss / k->b->n;
}

/* ---- triplet ------------------------------------------------------------------------------------ */

typedef struct {
    int positive, negative; /* rows; -1: none */
    double to_positive, to_negative;
} hardest;

static hardest find_hardest(const ay_metric_work *k, int anchor)
{
    size_t dim = (size_t)k->dim;
    const double *a = k->z + (size_t)anchor * dim;
    hardest h = {.positive = -1, .negative = -1};

    for (int i = 0; i < k->b->n; i++) {
        bool same = k->b->labels[i] == k->b->labels[anchor];
        double d;
        if (i == anchor)
            continue;
        d = distance(a, k->z + (size_t)i * dim, k->dim);
        if (same && (h.positive < 0 || d > h.to_positive)) {
            h.positive = i;
            h.to_positive = d;
        } else if (!same && (h.negative < 0 || d < h.to_negative)) {
            h.negative = i;
            h.to_negative = d;
        }
    }
    return h;
}

/* by * d |z_a - z_b|; where they coincide there is no direction to go. */
static void back_distance(ay_metric_work *k, int a, int b, double d, double by)
{
    size_t dim = (size_t)k->dim;
    const double *za = k->z + (size_t)a * dim, *zb = k->z + (size_t)b * dim;
    double *da = k->dz + (size_t)a * dim, *db = k->dz + (size_t)b * dim;

    if (!(d > 0))
        return;
    for (size_t i = 0; i < dim; i++) {
        double v = by * (za[i] - zb[i]) / d;
        da[i] += v;
        db[i] -= v;
    }
}

/* The mean is over the active ones, whose number is known only at the end: twice round. */
double ay_metric_triplet(ay_metric_work *k)
{
    double sum = 0;

    for (int i = 0; i < k->b->n; i++) {
        hardest h = find_hardest(k, i);
        double v = h.to_positive - h.to_negative + k->triplet_margin;
        if (h.positive < 0 || h.negative < 0)
            continue;
        k->parts->triplets++;
        if (v > 0) {
            k->parts->active++;
            sum += v;
        }
    }
    for (int i = 0; k->dz && k->parts->active && i < k->b->n; i++) {
        hardest h = find_hardest(k, i);
        double by = k->weight / k->parts->active;
        if (h.positive < 0 || h.negative < 0 || !(h.to_positive - h.to_negative + k->triplet_margin > 0))
            continue;
        back_distance(k, i, h.positive, h.to_positive, by);
        back_distance(k, i, h.negative, h.to_negative, -by);
    }
    return k->parts->active ? sum / k->parts->active : 0;
}

/* ---- centre ------------------------------------------------------------------------------------- */

double ay_metric_center(ay_metric_work *k)
{
    size_t dim = (size_t)k->dim;
    double sum = 0, all = (double)k->b->n * k->dim, by = 2 * k->weight / all;

    for (size_t i = 0; i < (size_t)k->b->n; i++) {
        size_t at = (size_t)k->b->labels[i] * dim;
        for (size_t e = 0; e < dim; e++) {
            double d = k->z[i * dim + e] - k->b->centers[at + e];
            sum += d * d;
            if (k->dz)
                k->dz[i * dim + e] += by * d;
            if (k->dcenters)
                k->dcenters[at + e] -= by * d;
        }
    }
    return sum / all;
}
