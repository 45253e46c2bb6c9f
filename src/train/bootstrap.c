#include "train/bootstrap.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double ay_quantile(double *v, int64_t n, double q)
{
    double at = q * (double)(n - 1);
    int64_t i = (int64_t)floor(at);

    qsort(v, (size_t)n, sizeof *v, ascending);
    if (i < 0)
        return v[0];
    if (i >= n - 1)
        return v[n - 1];
    return v[i] + (at - (double)i) * (v[i + 1] - v[i]);
}

ay_status ay_bootstrap_run(ay_interval *out, int k, int64_t n, int resamples, double level,
                           uint64_t seed, ay_bootstrap_fn *figures, void *ctx, ay_err *err)
{
    int64_t *index;
    double *value, *one;

    if (k < 1 || n < 1 || n > UINT32_MAX || resamples < 2 || !(level > 0 && level < 1))
        return ay_fail(err, AY_EINVAL,
                       "bootstrap of %lld pictures, %d draws, level %g: wants at least 1 picture, 2 "
                       "draws and a level between 0 and 1",
                       (long long)n, resamples, level);
    index = ay_calloc((size_t)n, sizeof *index);
    value = ay_calloc((size_t)k * (size_t)resamples, sizeof *value);
    one = ay_calloc((size_t)k, sizeof *one);
    if (!index || !value || !one) {
        ay_free(index);
        ay_free(value);
        ay_free(one);
        return ay_fail(err, AY_ENOMEM, "bootstrap of %lld pictures: no memory", (long long)n);
    }
    for (int r = 0; r < resamples; r++) {
        ay_rng rng;
        ay_rng_init3(&rng, seed, (uint64_t)r, 0);
        for (int64_t i = 0; i < n; i++)
            index[i] = ay_rng_below(&rng, (uint32_t)n);
        figures(ctx, index, n, one);
        for (int f = 0; f < k; f++)
            value[(size_t)f * (size_t)resamples + (size_t)r] = one[f];
    }
    for (int f = 0; f < k; f++) {
        double *v = value + (size_t)f * (size_t)resamples;
        out[f].lo = ay_quantile(v, resamples, (1 - level) / 2);
        out[f].hi = ay_quantile(v, resamples, 1 - (1 - level) / 2);
    }
    ay_free(index);
    ay_free(value);
    ay_free(one);
    return AY_OK;
}
