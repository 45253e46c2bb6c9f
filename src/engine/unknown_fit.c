/* engine/unknown_fit.c - means, shrunk covariance, bank and thresholds from pictures.
 *
 * Covariance: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
 * matrices", 2004, in scikit-learn's form for data that is centred already.
 *
 * Threshold: the m-th smallest score of n known pictures, m = ceil((n + 1)(1 - false_alarm)), at most
 * n.  A fresh known picture then passes it with a chance of at most false_alarm (the split-conformal
 * argument: Vovk, Gammerman and Shafer, 2005), which plain quantiles of few pictures do not give. */
#include "base/mem.h"
#include "base/rng.h"
#include "engine/unknown.h"
#include "engine/unknown_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- covariance ----------------------------------------------------------------------------- */

static double dot(const float *a, const float *b, int64_t n)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    int64_t i = 0;

    for (; i + 4 <= n; i += 4) {
        s0 += (double)a[i] * b[i];
        s1 += (double)a[i + 1] * b[i + 1];
        s2 += (double)a[i + 2] * b[i + 2];
        s3 += (double)a[i + 3] * b[i + 3];
    }
    for (; i < n; i++)
        s0 += (double)a[i] * b[i];
    return s0 + s1 + s2 + s3;
}

/* s [dim, dim], lower triangle: x^T x / n. */
static ay_status scatter(double *s, const float *x, int64_t n, int dim, ay_err *err)
{
    float *column = ay_calloc((size_t)dim * (size_t)n, sizeof *column);

    if (!column)
        return ay_fail(err, AY_ENOMEM, "covariance of %d features: no memory", dim);
    for (int64_t r = 0; r < n; r++)
        for (int i = 0; i < dim; i++)
            column[(int64_t)i * n + r] = x[r * dim + i];
    for (int i = 0; i < dim; i++)
        for (int j = 0; j <= i; j++)
            s[(size_t)i * (size_t)dim + (size_t)j] =
                dot(column + (int64_t)i * n, column + (int64_t)j * n, n) / (double)n;
    ay_free(column);
    return AY_OK;
}

/* s becomes (1 - a) s + a mu I; returns a. */
static double shrink(double *s, const float *x, int64_t n, int dim)
{
    double mu = 0, delta = 0, beta = 0, all = 0, count = (double)n;

    for (int i = 0; i < dim; i++) {
        mu += s[(size_t)i * (size_t)dim + (size_t)i] / dim;
        for (int j = 0; j <= i; j++) {
            double v = s[(size_t)i * (size_t)dim + (size_t)j];
            all += (i == j ? 1 : 2) * v * v;
        }
    }
    for (int64_t r = 0; r < n; r++) {
        double square = dot(x + r * dim, x + r * dim, dim);
        beta += square * square;
    }
    beta = (beta / count - all) / (dim * count);
    delta = (all - dim * mu * mu) / dim;
    beta = beta < delta ? beta : delta;
    double a = beta > 0 && delta > 0 ? beta / delta : 0;
    for (int i = 0; i < dim; i++) {
        for (int j = 0; j <= i; j++)
            s[(size_t)i * (size_t)dim + (size_t)j] *= 1 - a;
        s[(size_t)i * (size_t)dim + (size_t)i] += a * mu;
    }
    return a;
}

/* Cholesky in place, lower triangle; false when not positive definite. */
static bool cholesky(double *s, int dim, double ridge)
{
    for (int i = 0; i < dim; i++) {
        double *ri = s + (size_t)i * (size_t)dim;
        for (int j = 0; j <= i; j++) {
            const double *rj = s + (size_t)j * (size_t)dim;
            double sum = ri[j] + (i == j ? ridge : 0);
            for (int k = 0; k < j; k++)
                sum -= ri[k] * rj[k];
            if (i == j && !(sum > 0))
                return false;
            ri[j] = i == j ? sqrt(sum) : sum / rj[j];
        }
    }
    return true;
}

/* whiten = inverse of the lower triangle l, column by column. */
static void invert(float *whiten, const double *l, int dim, double *column)
{
    for (int c = 0; c < dim; c++) {
        for (int i = 0; i < dim; i++) {
            const double *row = l + (size_t)i * (size_t)dim;
            double sum = i == c;
            for (int k = c; k < i; k++)
                sum -= row[k] * column[k];
            column[i] = i < c ? 0 : sum / row[i];
            whiten[(size_t)i * (size_t)dim + (size_t)c] = (float)column[i];
        }
    }
}

ay_status ay_unknown_whiten(float *whiten, const float *x, int64_t n, int dim, double *shrinkage,
                            ay_err *err)
{
    size_t cells = (size_t)dim * (size_t)dim;
    double *s = ay_calloc(cells, sizeof *s), *l = ay_calloc(cells, sizeof *l),
           *column = ay_calloc((size_t)dim, sizeof *column), trace = 0, ridge = 0;
    ay_status status = AY_OK;

    if (!s || !l || !column)
        status = ay_fail(err, AY_ENOMEM, "covariance of %d features: no memory", dim);
    else
        status = scatter(s, x, n, dim, err);
    if (status == AY_OK) {
        *shrinkage = shrink(s, x, n, dim);
        for (int i = 0; i < dim; i++)
            trace += s[(size_t)i * (size_t)dim + (size_t)i] / dim;
        /* Pictures that are all alike have no spread at all: then every difference is large. */
        for (int tries = 0; tries < 12; tries++) {
            memcpy(l, s, cells * sizeof *l);
            if (cholesky(l, dim, ridge))
                break;
            ridge = ridge > 0 ? ridge * 100 : fmax(trace, 1e-12) * 1e-9;
        }
        invert(whiten, l, dim, column);
    }
    ay_free(s);
    ay_free(l);
    ay_free(column);
    return status;
}

/* ---- from pictures -------------------------------------------------------------------------- */

typedef struct {
    const ay_unknown_data *train, *validation;
    int dim, classes;
    ay_unknown_options o;
    float *unit;    /* [train n, dim], unit length */
    int *bank_from; /* training row of each bank row */
    int *order;     /* work for the draw */
} fitting;

static ay_status check_rows(const ay_unknown_data *d, const char *part, int dim, int classes,
                            ay_err *err)
{
    for (int64_t i = 0; i < d->n; i++) {
        if (d->labels && (d->labels[i] < 0 || d->labels[i] >= classes))
            return ay_fail(err, AY_EINVAL, "unknown: %s picture %lld has label %d of %d classes",
                           part, (long long)i, d->labels[i], classes);
        for (int k = 0; k < dim; k++)
            if (!isfinite(d->features[i * dim + k]))
                return ay_fail(err, AY_EINVAL, "unknown: feature %d of %s picture %lld is not finite",
                               k, part, (long long)i);
        for (int k = 0; d->logits && k < classes; k++)
            if (!isfinite(d->logits[i * classes + k]))
                return ay_fail(err, AY_EINVAL, "unknown: logit %d of %s picture %lld is not finite",
                               k, part, (long long)i);
    }
    return AY_OK;
}

static ay_status check(const fitting *f, ay_err *err)
{
    ay_status status;

    if (f->dim < 1 || f->classes < 1 || f->train->n < 1 || !f->train->labels)
        return ay_fail(err, AY_EINVAL, "unknown: no labelled training pictures to learn from");
    if (!(f->o.false_alarm > 0 && f->o.false_alarm < 1))
        return ay_fail(err, AY_EINVAL, "unknown: false-alarm rate %g is not between 0 and 1",
                       f->o.false_alarm);
    if (!(f->validation ? f->validation : f->train)->logits)
        return ay_fail(err, AY_EINVAL, "unknown: thresholds need the logits of the %s pictures",
                       f->validation ? "validation" : "training");
    status = check_rows(f->train, "training", f->dim, f->classes, err);
    if (status == AY_OK && f->validation)
        status = check_rows(f->validation, "validation", f->dim, f->classes, err);
    return status;
}

static void to_unit(float *dst, const float *src, int64_t n, int dim)
{
    for (int64_t r = 0; r < n; r++) {
        double length = sqrt(dot(src + r * dim, src + r * dim, dim));
        for (int i = 0; i < dim; i++)
            dst[r * dim + i] = length > 0 ? (float)(src[r * dim + i] / length) : 0;
    }
}

/* class_mean from unit rows.  A class without pictures gets a mean that is never the nearest. */
static ay_status means(ay_unknown *u, const fitting *f, ay_err *err)
{
    double *sum = ay_calloc((size_t)u->classes * (size_t)u->dim, sizeof *sum);
    int64_t *count = ay_calloc((size_t)u->classes, sizeof *count);

    if (!sum || !count) {
        ay_free(sum);
        ay_free(count);
        return ay_fail(err, AY_ENOMEM, "unknown: class means: no memory");
    }
    for (int64_t r = 0; r < f->train->n; r++) {
        int c = f->train->labels[r];
        count[c]++;
        for (int i = 0; i < u->dim; i++)
            sum[(int64_t)c * u->dim + i] += f->unit[r * u->dim + i];
    }
    for (int c = 0; c < u->classes; c++)
        for (int i = 0; i < u->dim; i++)
            u->class_mean[(int64_t)c * u->dim + i] =
                count[c] ? (float)(sum[(int64_t)c * u->dim + i] / (double)count[c]) : 1e6f;
    ay_free(sum);
    ay_free(count);
    return AY_OK;
}

static ay_status spread(ay_unknown *u, const fitting *f, ay_err *err)
{
    size_t n = (size_t)f->train->n;
    float *x = ay_calloc(n * (size_t)u->dim, sizeof *x);
    double shrinkage;

    if (!x)
        return ay_fail(err, AY_ENOMEM, "unknown: centred features: no memory");
    for (size_t r = 0; r < n; r++) {
        const float *m = u->class_mean + (size_t)f->train->labels[r] * (size_t)u->dim;
        for (int i = 0; i < u->dim; i++)
            x[r * (size_t)u->dim + (size_t)i] = f->unit[r * (size_t)u->dim + (size_t)i] - m[i];
    }
    ay_status status = ay_unknown_whiten(u->whiten, x, f->train->n, u->dim, &shrinkage, err);
    ay_free(x);
    if (status == AY_OK)
        ay_unknown_seat(u);
    return status;
}

/* Every class in turn gives one picture, in an order drawn by the seed, until the bank is full. */
static void draw_bank(ay_unknown *u, const fitting *f)
{
    int rows = 0, n = (int)f->train->n;
    ay_rng rng;

    ay_rng_init(&rng, f->o.seed);
    for (int i = 0; i < n; i++)
        f->order[i] = i;
    for (int i = n - 1; i > 0 && u->bank_rows < n; i--) {
        int k = (int)ay_rng_below(&rng, (uint32_t)i + 1), keep = f->order[i];
        f->order[i] = f->order[k];
        f->order[k] = keep;
    }
    while (rows < u->bank_rows) {
        for (int c = 0; c < u->classes && rows < u->bank_rows; c++) {
            int i = 0;
            while (i < n && (f->order[i] < 0 || f->train->labels[f->order[i]] != c))
                i++;
            if (i == n)
                continue;
            f->bank_from[rows] = f->order[i];
            memcpy(u->bank + (size_t)rows++ * (size_t)u->dim,
                   f->unit + (size_t)f->order[i] * (size_t)u->dim, (size_t)u->dim * sizeof(float));
            f->order[i] = -1;
        }
    }
}

/* ---- thresholds ----------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double passed_by(double *score, int64_t n, double false_alarm)
{
    int64_t m = (int64_t)ceil((double)(n + 1) * (1 - false_alarm) - 1e-9);

    qsort(score, (size_t)n, sizeof *score, ascending);
    return score[(m < 1 ? 1 : m > n ? n : m) - 1];
}

/* all [kinds][n]. */
static void fit_thresholds(ay_unknown *u, double *all, int64_t n, int votes, double *work)
{
    double *combined = all + AY_UNKNOWN_COMBINED * n, *vote = all + AY_UNKNOWN_VOTE * n;
    double score[AY_UNKNOWN_KINDS];

    for (int k = 0; k < AY_UNKNOWN_COMBINED; k++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < n; i++)
            sum += all[k * n + i] / (double)n;
        for (int64_t i = 0; i < n; i++)
            square += (all[k * n + i] - sum) * (all[k * n + i] - sum) / (double)n;
        u->mean[k] = sum;
        u->spread[k] = square > 0 ? sqrt(square) : 1;
        memcpy(work, all + k * n, (size_t)n * sizeof *work);
        u->threshold[k] = passed_by(work, n, u->false_alarm);
    }
    for (int64_t i = 0; i < n; i++) {
        vote[i] = 0;
        for (int k = 0; k < AY_UNKNOWN_COMBINED; k++) {
            score[k] = all[k * n + i];
            vote[i] += score[k] > u->threshold[k];
        }
        combined[i] = ay_unknown_combine(u, score);
    }
    u->threshold[AY_UNKNOWN_COMBINED] = passed_by(combined, n, u->false_alarm);
    /* Whole votes: unknown from one more than what the rate lets pass. */
    u->threshold[AY_UNKNOWN_VOTE] =
        votes > 0 ? votes - 0.5 : fmin(passed_by(vote, n, u->false_alarm), 4) + 0.5;
}

static ay_status thresholds(ay_unknown *u, const fitting *f, ay_err *err)
{
    const ay_unknown_data *d = f->validation ? f->validation : f->train;
    double *all = ay_calloc((size_t)AY_UNKNOWN_KINDS * (size_t)d->n, sizeof *all),
           *work = ay_calloc((size_t)d->n, sizeof *work),
           *room = ay_calloc(2 * (size_t)u->dim + (size_t)u->neighbours, sizeof *room);
    ay_status status = AY_OK;

    if (!all || !work || !room)
        status = ay_fail(err, AY_ENOMEM, "unknown: thresholds: no memory");
    for (int64_t i = 0; status == AY_OK && i < d->n; i++) {
        double score[AY_UNKNOWN_KINDS] = {0};
        int skip = -1;
        for (int r = 0; !f->validation && r < u->bank_rows; r++)
            if (f->bank_from[r] == i)
                skip = r;
        ay_unknown_raw(u, d->logits + i * u->classes, d->features + i * u->dim, skip, room, score);
        for (int k = 0; k < AY_UNKNOWN_COMBINED; k++)
            all[k * d->n + i] = score[k];
    }
    if (status == AY_OK)
        fit_thresholds(u, all, d->n, f->o.votes, work);
    ay_free(all);
    ay_free(work);
    ay_free(room);
    return status;
}

static ay_status fit(ay_unknown *u, fitting *f, ay_err *err)
{
    size_t n = (size_t)f->train->n;
    ay_status status = AY_OK;

    f->unit = ay_calloc(n * (size_t)u->dim, sizeof *f->unit);
    f->bank_from = ay_calloc((size_t)u->bank_rows, sizeof *f->bank_from);
    f->order = ay_calloc(n, sizeof *f->order);
    if (!f->unit || !f->bank_from || !f->order)
        status = ay_fail(err, AY_ENOMEM, "unknown: %zu training pictures: no memory", n);
    if (status == AY_OK) {
        to_unit(f->unit, f->train->features, f->train->n, u->dim);
        status = means(u, f, err);
    }
    if (status == AY_OK)
        status = spread(u, f, err);
    if (status == AY_OK) {
        draw_bank(u, f);
        status = thresholds(u, f, err);
    }
    ay_free(f->unit);
    ay_free(f->bank_from);
    ay_free(f->order);
    return status;
}

ay_status ay_unknown_fit(ay_unknown **out, const ay_unknown_data *train,
                         const ay_unknown_data *validation, int dim, int classes,
                         const ay_unknown_options *opt, ay_err *err)
{
    fitting f = {.train = train,
                 .validation = validation && validation->n > 0 ? validation : NULL,
                 .dim = dim,
                 .classes = classes,
                 .o = opt ? *opt : (ay_unknown_options){0}};
    ay_status status;

    *out = NULL;
    f.o.false_alarm = f.o.false_alarm != 0 ? f.o.false_alarm : 0.05;
    status = check(&f, err);
    if (status != AY_OK)
        return status;
    int64_t bank = f.o.bank > 0 ? f.o.bank : 4096;
    status = ay_unknown_alloc(out, dim, classes, (int)(bank < train->n ? bank : train->n), err);
    if (status != AY_OK)
        return status;
    (*out)->neighbours = f.o.neighbours > 0 ? f.o.neighbours : 1;
    (*out)->temperature = f.o.temperature > 0 ? f.o.temperature : 1;
    (*out)->false_alarm = f.o.false_alarm;
    (*out)->decide = f.o.decide_set ? f.o.decide : AY_UNKNOWN_COMBINED;
    status = fit(*out, &f, err);
    if (status != AY_OK) {
        ay_unknown_destroy(*out);
        *out = NULL;
    }
    return status;
}
