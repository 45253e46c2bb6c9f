#include "train/calibrate.h"

#include <math.h>

/* Loss, slope and curvature in beta = 1 / T at one place. */
typedef struct {
    double loss, d1, d2;
} place;

typedef struct {
    const float *logits;
    const int *labels;
    int64_t n;
    int classes;
    double even; /* share of the imagined mistake spread over all classes */
} problem;

/* One row: logsumexp(beta z) - beta * wanted, where wanted is the label's logit, mixed with the mean
 * logit.  Its derivatives are the mean and the variance of z under softmax(beta z). */
static void add_row(const problem *p, int64_t i, double beta, place *at)
{
    const float *z = p->logits + i * p->classes;
    double top = z[0], sum = 0, mean = 0, square = 0, all = 0;

    for (int c = 1; c < p->classes; c++)
        if (z[c] > top)
            top = z[c];
    for (int c = 0; c < p->classes; c++) {
        double d = z[c] - top, e = exp(beta * d);
        sum += e;
        mean += e * d;
        square += e * d * d;
        all += d;
    }
    mean /= sum;
    square /= sum;
    double wanted = (1 - p->even) * (z[p->labels[i]] - top) + p->even * all / p->classes;
    at->loss += log(sum) - beta * wanted;
    at->d1 += mean - wanted;
    at->d2 += square - mean * mean;
}

static place look(const problem *p, double beta)
{
    place at = {0, 0, 0};

    for (int64_t i = 0; i < p->n; i++)
        add_row(p, i, beta, &at);
    at.loss /= (double)p->n;
    at.d1 /= (double)p->n;
    at.d2 /= (double)p->n;
    return at;
}

static ay_status check(const problem *p, ay_err *err)
{
    if (p->n < 1 || p->classes < 1)
        return ay_fail(err, AY_EINVAL, "temperature: no validation pictures to fit it on");
    for (int64_t i = 0; i < p->n; i++) {
        if (p->labels[i] < 0 || p->labels[i] >= p->classes)
            return ay_fail(err, AY_EINVAL, "temperature: picture %lld has label %d of %d classes",
                           (long long)i, p->labels[i], p->classes);
        for (int c = 0; c < p->classes; c++)
            if (!isfinite(p->logits[i * p->classes + c]))
                return ay_fail(err, AY_EINVAL, "temperature: logit %d of picture %lld is not finite",
                               c, (long long)i);
    }
    return AY_OK;
}

/* The root of the slope, which grows with beta: Newton's step where it stays in the bracket, else
 * its middle. */
static double solve(const problem *p, double lo, double hi, int *steps)
{
    double beta = lo < 1 && hi > 1 ? 1 : (lo + hi) / 2;

    for (*steps = 0; *steps < 200 && hi - lo > 1e-13 * hi; (*steps)++) {
        place at = look(p, beta);
        if (at.d1 == 0)
            break;
        if (at.d1 > 0)
            hi = beta;
        else
            lo = beta;
        double next = at.d2 > 0 ? beta - at.d1 / at.d2 : lo;
        if (!(next > lo && next < hi))
            next = (lo + hi) / 2;
        if (fabs(next - beta) <= 1e-14 * beta)
            break;
        beta = next;
    }
    return beta;
}

ay_status ay_temperature_fit(ay_temperature *out, const float *logits, const int *labels, int64_t n,
                             int classes, int smooth, ay_err *err)
{
    problem p = {logits, labels, n, classes, smooth ? 0.25 / ((double)n + 2) : 0};
    double lo = 1 / AY_TEMPERATURE_MAX, hi = 1 / AY_TEMPERATURE_MIN, beta;
    ay_status status = check(&p, err);

    *out = (ay_temperature){.temperature = 1};
    if (status != AY_OK)
        return status;
    if (look(&p, lo).d1 >= 0) {
        beta = lo;
        out->at_end = 1;
    } else if (look(&p, hi).d1 <= 0) {
        beta = hi;
        out->at_end = 1;
    } else {
        beta = solve(&p, lo, hi, &out->steps);
    }
    p.even = 0;
    out->temperature = 1 / beta;
    out->before = look(&p, 1).loss;
    out->after = look(&p, beta).loss;
    return AY_OK;
}

void ay_temperature_apply(float *probabilities, const float *logits, int64_t n, int classes,
                          double temperature)
{
    for (int64_t i = 0; i < n; i++) {
        const float *z = logits + i * classes;
        float *p = probabilities + i * classes;
        double top = z[0], sum = 0;
        for (int c = 1; c < classes; c++)
            if (z[c] > top)
                top = z[c];
        for (int c = 0; c < classes; c++)
            sum += exp((z[c] - top) / temperature);
        for (int c = 0; c < classes; c++)
            p[c] = (float)(exp((z[c] - top) / temperature) / sum);
    }
}
