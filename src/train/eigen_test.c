#include "train/eigen.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>
#include <string.h>

static double *symmetric(int n, int rank, uint64_t seed)
{
    double *a = ay_calloc((size_t)n * (size_t)n, sizeof *a);
    ay_rng r;

    ay_rng_init3(&r, seed, 0, 0);
    for (int k = 0; k < rank; k++) {
        double x[200];
        for (int i = 0; i < n; i++)
            x[i] = ay_rng_range(&r, -1, 1);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                a[i * n + j] += (k % 3 ? 1 : -1) * x[i] * x[j];
    }
    return a;
}

/* A v = w v, vectors of length 1 at right angles, values in order. */
static void check(const double *a, const double *v, const double *w, int n, double scale)
{
    for (int k = 0; k < n; k++) {
        CHECK(k == 0 || w[k] >= w[k - 1]);
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int j = 0; j < n; j++)
                sum += a[i * n + j] * v[k * n + j];
            CHECK(fabs(sum - w[k] * v[k * n + i]) < 1e-11 * scale);
        }
        for (int l = 0; l <= k; l++) {
            double sum = 0;
            for (int j = 0; j < n; j++)
                sum += v[k * n + j] * v[l * n + j];
            CHECK(fabs(sum - (k == l)) < 1e-11);
        }
    }
}

static void any_matrix(void)
{
    static const int sizes[] = {1, 2, 3, 10, 61, 150};
    ay_err err;

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int rank = 0; rank <= 160; rank += 40) {
            int n = sizes[s];
            double *a = symmetric(n, rank, s + 1), w[200];
            double *v = ay_memdup(a, (size_t)n * (size_t)n * sizeof *a);
            CHECK_OK(ay_eigen_symmetric(v, n, w, &err), err);
            check(a, v, w, n, 100);
            ay_free(a);
            ay_free(v);
        }
}

/* 2 on the diagonal, -1 beside it: 2 - 2 cos(k pi / (n + 1)). */
static void known_values(void)
{
    enum { N = 30 };
    double a[N * N] = {0}, w[N];
    ay_err err;

    for (int i = 0; i < N; i++) {
        a[i * N + i] = 2;
        if (i > 0)
            a[i * N + i - 1] = -1;
    }
    CHECK_OK(ay_eigen_symmetric(a, N, w, &err), err);
    for (int k = 0; k < N; k++)
        CHECK(fabs(w[k] - (2 - 2 * cos((k + 1) * M_PI / (N + 1)))) < 1e-13);
}

static void not_finite(void)
{
    double a[4] = {1, 0, NAN, 1}, w[2];
    ay_err err;

    CHECK(ay_eigen_symmetric(a, 2, w, &err) == AY_ECORRUPT);
}

TESTS({"any_matrix", any_matrix}, {"known_values", known_values}, {"not_finite", not_finite})
