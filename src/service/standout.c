#include "service/standout.h"

#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Shares of a normal distribution below its centre by z, for two looks at the spread. */
static const struct {
    double share, z;
} looks[] = {{0.25, 0.67449}, {0.10, 1.28155}};
enum { LOOKS = sizeof looks / sizeof *looks };

#define LEAST_SPREAD 1e-6 /* equal scores; below rounding */
#define CROWD 1.0         /* z from which on order matters to the scores of the best */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double quantile(const float *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t i = (size_t)at;
    double part = at - (double)i;

    return i + 1 < n ? (1 - part) * sorted[i] + part * sorted[i + 1] : sorted[n - 1];
}

ay_status ay_background_of(const float *scores, size_t n, ay_background *out, ay_err *err)
{
    size_t m = n < AY_STANDOUT_SAMPLE ? n : AY_STANDOUT_SAMPLE;
    float *sample = ay_alloc(m, sizeof *sample);

    if (!sample)
        return ay_fail(err, AY_ENOMEM, "comparing %zu scores", n);
    for (size_t i = 0; i < m; i++)
        sample[i] = scores[(size_t)((double)i * (double)n / (double)m)];
    qsort(sample, m, sizeof *sample, ascending);
    out->centre = quantile(sample, m, 0.5);
    out->spread = 0;
    out->narrow = INFINITY;
    for (int i = 0; i < LOOKS; i++) {
        double below = (out->centre - quantile(sample, m, looks[i].share)) / looks[i].z;
        out->spread += below / LOOKS;
        out->narrow = fmin(out->narrow, below);
    }
    out->spread = fmax(out->spread, LEAST_SPREAD);
    out->narrow = fmax(out->narrow, LEAST_SPREAD);
    ay_free(sample);
    return AY_OK;
}

double ay_chance(double z)
{
    return 0.5 * erfc(z / sqrt(2));
}

static int best_first(const void *a, const void *b)
{
    const ay_standout *x = a, *y = b;

    if (x->z != y->z)
        return x->z < y->z ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Those with a z above `least` into list; NULL: only count them. */
static size_t collect(const float *z, const uint8_t *include, size_t n, float least, ay_standout *list)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if ((!include || include[i]) && z[i] > least) {
            if (list)
                list[m] = (ay_standout){.row = i, .z = z[i]};
            m++;
        }
    return m;
}

/* sorted: the best m of all. */
static void give_scores(ay_standout *sorted, size_t m, size_t all)
{
    double least = 1;

    for (size_t i = m; i-- > 0;) {
        double q = (double)all * ay_chance((double)sorted[i].z) / (double)(i + 1);
        if (q < least)
            least = q;
        sorted[i].score = 1 - least;
    }
}

ay_status ay_standout_rank(const float *z, const uint8_t *include, size_t n, int most,
                           ay_standout *list, int *count, size_t *considered, ay_err *err)
{
    size_t all = collect(z, include, n, -INFINITY, NULL);
    float least = (float)CROWD;
    size_t m = collect(z, include, n, least, NULL);
    ay_standout *best;

    *considered = all;
    *count = 0;
    if (m < (size_t)most && m < all) { /* the answer has room for what is not special */
        least = -INFINITY;
        m = all;
    }
    if (m == 0)
        return AY_OK;
    best = ay_alloc(m, sizeof *best);
    if (!best)
        return ay_fail(err, AY_ENOMEM, "ordering %zu pictures", m);
    collect(z, include, n, least, best);
    qsort(best, m, sizeof *best, best_first);
    give_scores(best, m, all);
    *count = m < (size_t)most ? (int)m : most;
    for (int i = 0; i < *count; i++)
        list[i] = best[i];
    ay_free(best);
    return AY_OK;
}
