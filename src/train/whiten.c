#include "train/whiten.h"

#include "base/mem.h"
#include "train/eigen.h"

#include <math.h>
#include <string.h>

enum { LANES = 8, TILE = 32 };

static ay_status no_memory(int p, ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "matrices of %d columns", p);
}

/* ---- moments ----------------------------------------------------------------------------------- */

static double dot(const float *x, const float *y, int n)
{
    double part[LANES] = {0}, sum = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            part[k] += (double)x[i + k] * (double)y[i + k];
    for (; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    for (int k = 0; k < LANES; k++)
        sum += part[k];
    return sum;
}

/* dst [p, p] = columns' columns' transposed / by, column i at columns + i * n.  In tiles, so that a
 * few columns stay in the cache. */
static void products(double *dst, const float *columns, int n, int p, double by)
{
    for (int i0 = 0; i0 < p; i0 += TILE)
        for (int j0 = 0; j0 <= i0; j0 += TILE)
            for (int i = i0; i < p && i < i0 + TILE; i++)
                for (int j = j0; j <= i && j < j0 + TILE; j++) {
                    double s = dot(columns + (size_t)i * (size_t)n, columns + (size_t)j * (size_t)n, n) / by;
                    dst[(size_t)i * (size_t)p + (size_t)j] = dst[(size_t)j * (size_t)p + (size_t)i] = s;
                }
}

/* Column c less its mean, and less its class means with every class widened to its unbiased spread. */
static void centre(const float *x, const int *labels, const ay_moments *m, int c, const double *count,
                   int classes, double *sums, float *plain, float *inside)
{
    memset(sums, 0, (size_t)classes * sizeof *sums);
    for (int i = 0; i < m->n; i++) {
        double v = (double)x[(size_t)i * (size_t)m->p + (size_t)c];
        m->mean[c] += v / m->n;
        sums[labels[i]] += v;
    }
    for (int i = 0; i < m->n; i++) {
        double v = (double)x[(size_t)i * (size_t)m->p + (size_t)c], k = count[labels[i]];
        plain[i] = (float)(v - m->mean[c]);
        inside[i] = (float)((v - sums[labels[i]] / k) * sqrt(k / (k > 1 ? k - 1 : 1)));
    }
}

ay_status ay_moments_create(ay_moments *m, const float *x, const int *labels, int n, int p,
                            int classes, ay_err *err)
{
    size_t all = (size_t)n * (size_t)p, square = (size_t)p * (size_t)p;
    float *plain = ay_alloc(all + 1, 2 * sizeof *plain), *inside = plain ? plain + all : NULL;
    double *count = ay_calloc((size_t)classes + 1, 2 * sizeof *count);

    *m = (ay_moments){n, p, ay_calloc((size_t)p + 1, sizeof(double)), ay_alloc(square + 1, sizeof(double)),
                      ay_alloc(square + 1, sizeof(double))};
    if (!plain || !count || !m->mean || !m->total || !m->within || n < 2) {
        ay_free(plain);
        ay_free(count);
        ay_moments_fini(m);
        return n < 2 ? ay_fail(err, AY_EINVAL, "%d pictures have no spread", n) : no_memory(p, err);
    }
    for (int i = 0; i < n; i++)
        count[labels[i]]++;
    for (int c = 0; c < p; c++)
        centre(x, labels, m, c, count, classes, count + classes + 1, plain + (size_t)c * (size_t)n,
               inside + (size_t)c * (size_t)n);
    products(m->total, plain, n, p, n - 1);
    products(m->within, inside, n, p, n);
    ay_free(plain);
    ay_free(count);
    return AY_OK;
}

void ay_moments_fini(ay_moments *m)
{
    ay_free(m->mean);
    ay_free(m->total);
    ay_free(m->within);
    *m = (ay_moments){0};
}

/* ---- matrices ---------------------------------------------------------------------------------- */

void ay_affine_fini(ay_affine *a)
{
    ay_free(a->weight);
    ay_free(a->bias);
    *a = (ay_affine){0};
}

static ay_status affine(ay_affine *a, int dim, int p, ay_err *err)
{
    *a = (ay_affine){dim, p, ay_calloc((size_t)dim * (size_t)p + 1, sizeof(double)),
                     ay_calloc((size_t)dim + 1, sizeof(double))};
    if (a->weight && a->bias)
        return AY_OK;
    ay_affine_fini(a);
    return no_memory(p, err);
}

/* dst [n, q] = a [n, p] b [p, q] */
static void multiply(double *dst, const double *a, const double *b, int n, int p, int q)
{
    for (int i = 0; i < n; i++) {
        double *row = dst + (size_t)i * (size_t)q;
        memset(row, 0, (size_t)q * sizeof *row);
        for (int k = 0; k < p; k++) {
            double f = a[(size_t)i * (size_t)p + (size_t)k];
            const double *from = b + (size_t)k * (size_t)q;
            for (int j = 0; j < q; j++)
                row[j] += f * from[j];
        }
    }
}

/* dst [n, n] = a c a' for a [n, p]; room [n, p]. */
static void sandwich(double *dst, const double *a, const double *c, int n, int p, double *room)
{
    multiply(room, a, c, n, p, p);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < p; k++)
                sum += room[(size_t)i * (size_t)p + (size_t)k] * a[(size_t)j * (size_t)p + (size_t)k];
            dst[(size_t)i * (size_t)n + (size_t)j] = sum;
        }
}

/* bias = -weight mean, or with add what is there plus weight mean */
static void through_mean(double *bias, const double *weight, const double *mean, int dim, int p,
                         double by)
{
    for (int k = 0; k < dim; k++)
        for (int i = 0; i < p; i++)
            bias[k] += by * weight[(size_t)k * (size_t)p + (size_t)i] * mean[i];
}

/* ---- whitening --------------------------------------------------------------------------------- */

/* dst = the covariance from with every column divided by its standard deviation, sd [p]. */
static void standardise(double *dst, const double *from, const double *sd, size_t p)
{
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            dst[i * p + j] = from[i * p + j] / (sd[i] * sd[j]);
}

/* Of each column over all classes; 1 for one that never varies. */
static void deviations(double *sd, const ay_moments *m)
{
    size_t p = (size_t)m->p;

    for (size_t i = 0; i < p; i++)
        sd[i] = m->total[i * p + i] > 0 ? sqrt(m->total[i * p + i]) : 1;
}

/* root [p, p] = (within + shrink)^-1/2 of standardised columns, so that shrinking treats all alike
 * whatever their units; used: within's copy, values [p]. */
static ay_status inverse_root(double *root, const ay_moments *m, double shrink, const double *sd,
                              double *used, double *values, ay_err *err)
{
    size_t p = (size_t)m->p;
    double spread = 0;
    ay_status status;

    standardise(used, m->within, sd, p);
    for (size_t i = 0; i < p; i++)
        spread += used[i * p + i] / (double)m->p;
    if (!(spread > 0))
        return ay_fail(err, AY_EINVAL, "nothing varies inside the classes: more pictures of each are needed");
    for (size_t i = 0; i < p; i++)
        used[i * p + i] += shrink * spread;
    status = ay_eigen_symmetric(used, m->p, values, err);
    if (status != AY_OK)
        return status;
    memset(root, 0, p * p * sizeof *root);
    for (size_t k = 0; k < p; k++) {
        double by = 1 / sqrt(fmax(values[k], 1e-12 * spread));
        for (size_t i = 0; i < p; i++)
            for (size_t j = 0; j < p; j++)
                root[i * p + j] += by * used[k * p + i] * used[k * p + j];
    }
    return AY_OK;
}

ay_status ay_whiten_fit(ay_affine *out, const ay_moments *m, int dim, double shrink, double power,
                        ay_err *err)
{
    size_t p = (size_t)m->p;
    double *root = ay_alloc(p * p + 1, 4 * sizeof *root), *values = ay_alloc(p + 1, 2 * sizeof *values);
    double *white = root ? root + p * p : NULL, *room = root ? white + p * p : NULL;
    double *total = root ? room + p * p : NULL, *sd = values ? values + p : NULL;
    ay_status status = affine(out, dim, m->p, err);

    if (status == AY_OK && (!root || !values))
        status = no_memory(m->p, err);
    if (status == AY_OK) {
        deviations(sd, m);
        status = inverse_root(root, m, shrink, sd, white, values, err);
    }
    if (status == AY_OK) {
        standardise(total, m->total, sd, p);
        sandwich(white, root, total, m->p, m->p, room);
        status = ay_eigen_symmetric(white, m->p, values, err);
    }
    for (int k = 0; status == AY_OK && k < dim; k++) {
        size_t from = p - 1 - (size_t)k; /* the largest first */
        double by = pow(fmax(values[from], 1e-12), -power);
        multiply(out->weight + (size_t)k * p, white + from * p, root, 1, m->p, m->p);
        for (size_t i = 0; i < p; i++)
            out->weight[(size_t)k * p + i] *= by / sd[i];
    }
    if (status == AY_OK)
        through_mean(out->bias, out->weight, m->mean, dim, m->p, -1);
    else
        ay_affine_fini(out);
    ay_free(root);
    ay_free(values);
    return status;
}

/* ---- both side by side ------------------------------------------------------------------------- */

/* E[v v'] of v = weight x + bias: covariance and the mean's own square. */
static void second_moment(double *dst, const ay_affine *a, const ay_moments *m, double *room)
{
    size_t dim = (size_t)a->dim;
    double *mean = room + dim * (size_t)a->p;

    sandwich(dst, a->weight, m->total, a->dim, a->p, room);
    memcpy(mean, a->bias, dim * sizeof *mean);
    through_mean(mean, a->weight, m->mean, a->dim, a->p, 1);
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j < dim; j++)
            dst[i * dim + j] += mean[i] * mean[j];
}

static void stack(ay_affine *both, int from, const ay_affine *a, double by)
{
    size_t p = (size_t)a->p;

    for (size_t k = 0; k < (size_t)a->dim; k++) {
        for (size_t i = 0; i < p; i++)
            both->weight[((size_t)from + k) * p + i] = by * a->weight[k * p + i];
        both->bias[(size_t)from + k] = by * a->bias[k];
    }
}

/* 1 / root of the mean squared length */
static double to_length_one(const double *moment, int dim)
{
    double sum = 0;

    for (size_t i = 0; i < (size_t)dim; i++)
        sum += moment[i * (size_t)dim + i];
    return sum > 0 ? 1 / sqrt(sum) : 0;
}

ay_status ay_whiten_join(ay_affine *out, const ay_affine *a, const ay_affine *b,
                         const ay_moments *m, int dim, ay_err *err)
{
    int n = a->dim + b->dim;
    size_t all = (size_t)n * (size_t)n;
    double *moment = ay_alloc(all + 1, sizeof *moment), *values = ay_alloc((size_t)n + 1, sizeof *values);
    double *room = ay_alloc((size_t)n * ((size_t)m->p + 1) + 1, sizeof *room);
    ay_affine both = {0};
    ay_status status = affine(&both, n, m->p, err);

    *out = (ay_affine){0};
    if (status == AY_OK && (!moment || !values || !room))
        status = no_memory(n, err);
    if (status == AY_OK)
        status = affine(out, dim, m->p, err);
    if (status == AY_OK) {
        second_moment(moment, a, m, room);
        stack(&both, 0, a, to_length_one(moment, a->dim));
        second_moment(moment, b, m, room);
        stack(&both, a->dim, b, to_length_one(moment, b->dim));
        second_moment(moment, &both, m, room);
        status = ay_eigen_symmetric(moment, n, values, err);
    }
    for (int k = 0; status == AY_OK && k < dim; k++) {
        const double *turn = moment + (size_t)(n - 1 - k) * (size_t)n;
        multiply(out->weight + (size_t)k * (size_t)m->p, turn, both.weight, 1, n, m->p);
        multiply(out->bias + k, turn, both.bias, 1, n, 1);
    }
    if (status != AY_OK)
        ay_affine_fini(out);
    ay_affine_fini(&both);
    ay_free(moment);
    ay_free(values);
    ay_free(room);
    return status;
}
