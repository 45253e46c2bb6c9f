/* inspect/threshold_rate.c - Clopper and Pearson's interval, by bisection of binomial sums. */
#include "inspect/threshold.h"

#include <math.h>

/* Chance of k or fewer of n at p, summed from its largest term so that nothing overflows. */
static double at_most(int64_t k, int64_t n, double p)
{
    double log_p = log(p), log_q = log1p(-p), sum = 0;
    int sign;

    if (k >= n)
        return 1;
    for (int64_t i = 0; i <= k; i++)
        sum += exp(lgamma_r((double)n + 1, &sign) - lgamma_r((double)i + 1, &sign) - lgamma_r((double)(n - i) + 1, &sign) +
                   (double)i * log_p + (double)(n - i) * log_q);
    return fmin(1, sum);
}

double ay_rate_upper(int64_t k, int64_t n, double chance)
{
    double lo = 0, hi = 1;

    if (n < 1 || k >= n)
        return 1;
    for (int step = 0; step < 60; step++) {
        double p = (lo + hi) / 2;
        if (at_most(k, n, p) > chance)
            lo = p;
        else
            hi = p;
    }
    return (lo + hi) / 2;
}

ay_rate ay_rate_of(int64_t k, int64_t n)
{
    ay_rate r = {.k = k, .n = n, .rate = NAN, .lo = 0, .hi = 1, .upper = 1};

    if (n < 1)
        return r;
    r.rate = (double)k / (double)n;
    r.upper = ay_rate_upper(k, n, 0.05);
    r.hi = ay_rate_upper(k, n, 0.025);
    r.lo = 1 - ay_rate_upper(n - k, n, 0.025); /* the same of those that did not */
    return r;
}

json_t *ay_rate_json(const ay_rate *r)
{
    return json_pack("{s:I, s:I, s:o, s:f, s:f, s:f}", "count", (json_int_t)r->k, "of", (json_int_t)r->n, "rate",
                     isnan(r->rate) ? json_null() : json_real(r->rate), "low", r->lo, "high", r->hi, "upper_95", r->upper);
}
