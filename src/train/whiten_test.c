#include "train/whiten.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>
#include <stdbool.h>

enum { N = 400, P = 12, CLASSES = 10 };

static float x[N * P];
static int labels[N];

/* Classes apart in some columns; spread of very different size, and columns that hang together. */
static void make(void)
{
    ay_rng r;

    ay_rng_init3(&r, 5, 0, 0);
    for (int i = 0; i < N; i++) {
        double common = ay_rng_range(&r, -1, 1);
        labels[i] = i % CLASSES;
        for (int k = 0; k < P; k++)
            x[i * P + k] = (float)(3 * sin(labels[i] * (k + 1)) + common * k +
                                   ay_rng_range(&r, -1, 1) * (1 + k * k) + 7);
    }
}

static void apply(const ay_affine *a, const float *from, double *y)
{
    for (int k = 0; k < a->dim; k++) {
        y[k] = a->bias[k];
        for (int i = 0; i < a->p; i++)
            y[k] += a->weight[k * a->p + i] * (double)from[i];
    }
}

static bool near(double a, double b, double by)
{
    return fabs(a - b) <= by;
}

static void moments_are_the_definition(void)
{
    ay_moments m;
    ay_err err;

    make();
    CHECK_OK(ay_moments_create(&m, x, labels, N, P, CLASSES + 2, &err), err);
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++) {
            double mi = 0, mj = 0, total = 0, within = 0;
            for (int k = 0; k < N; k++) {
                mi += (double)x[k * P + i] / N;
                mj += (double)x[k * P + j] / N;
            }
            for (int k = 0; k < N; k++)
                total += ((double)x[k * P + i] - mi) * ((double)x[k * P + j] - mj) / (N - 1);
            for (int c = 0; c < CLASSES; c++) {
                double ci = 0, cj = 0, size = N / CLASSES;
                for (int k = c; k < N; k += CLASSES) {
                    ci += (double)x[k * P + i] / size;
                    cj += (double)x[k * P + j] / size;
                }
                for (int k = c; k < N; k += CLASSES)
                    within += ((double)x[k * P + i] - ci) * ((double)x[k * P + j] - cj) * size / (size - 1) / N;
            }
            CHECK(near(m.mean[i], mi, 1e-9));
            CHECK(near(m.total[i * P + j], total, 1e-3) && near(m.within[i * P + j], within, 1e-3));
        }
    ay_moments_fini(&m);
    CHECK(ay_moments_create(&m, x, labels, 1, P, CLASSES, &err) == AY_EINVAL);
}

/* Every direction kept, nothing shrunk, no power: inside the classes all directions vary by one. */
static void whitened_is_white_inside(void)
{
    static float white[N * P];
    double y[P];
    ay_moments m, after;
    ay_affine a;
    ay_err err;

    make();
    CHECK_OK(ay_moments_create(&m, x, labels, N, P, CLASSES, &err), err);
    CHECK_OK(ay_whiten_fit(&a, &m, P, 1e-12, 1e-12, &err), err);
    for (int i = 0; i < N; i++) {
        apply(&a, x + i * P, y);
        for (int k = 0; k < P; k++)
            white[i * P + k] = (float)y[k];
    }
    CHECK_OK(ay_moments_create(&after, white, labels, N, P, CLASSES, &err), err);
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++) {
            CHECK(near(after.within[i * P + j], i == j, 1e-4));
            CHECK(i == j || near(after.total[i * P + j], 0, 1e-3)); /* and its columns are apart */
        }
    for (int i = 0; i < P; i++)
        CHECK(near(after.mean[i], 0, 1e-4) && (i == 0 || after.total[i * P + i] <= after.total[(i - 1) * P + i - 1] + 1e-3));
    ay_moments_fini(&after);
    ay_moments_fini(&m);
    ay_affine_fini(&a);
}

/* With the power, a direction's spread becomes variance^(1 - 2 power). */
static void power_evens_out(void)
{
    ay_moments m;
    ay_affine plain, evened;
    ay_err err;

    make();
    CHECK_OK(ay_moments_create(&m, x, labels, N, P, CLASSES, &err), err);
    CHECK_OK(ay_whiten_fit(&plain, &m, 4, 0.1, 1e-12, &err), err);
    CHECK_OK(ay_whiten_fit(&evened, &m, 4, 0.1, 0.5, &err), err);
    for (int k = 0; k < 4; k++) {
        double variance = 0, sum = 0, mean = 0;
        for (int i = 0; i < N; i++) {
            double y[4];
            apply(&evened, x + i * P, y);
            mean += y[k] / N;
            sum += y[k] * y[k] / N;
        }
        variance = (sum - mean * mean) * N / (N - 1);
        CHECK(near(variance, 1, 1e-4));
    }
    ay_affine_fini(&plain);
    ay_affine_fini(&evened);
    ay_moments_fini(&m);
}

/* With every direction kept, products are those of both, each scaled to a mean square of one. */
static void joined_keeps_products(void)
{
    double mean_a = 0, mean_b = 0, ya[2][3], yb[2][2], yj[2][5];
    ay_moments m;
    ay_affine a = {3, P, ay_calloc(3 * P, sizeof(double)), ay_calloc(3, sizeof(double))};
    ay_affine b = {2, P, ay_calloc(2 * P, sizeof(double)), ay_calloc(2, sizeof(double))}, j;
    ay_err err;

    make();
    for (int i = 0; i < 3 * P; i++)
        a.weight[i] = sin(i * 1.7);
    for (int i = 0; i < 2 * P; i++)
        b.weight[i] = 40 * cos(i * 2.3);
    a.bias[1] = 5;
    b.bias[0] = -9;
    CHECK_OK(ay_moments_create(&m, x, labels, N, P, CLASSES, &err), err);
    CHECK_OK(ay_whiten_join(&j, &a, &b, &m, 5, &err), err);
    for (int i = 0; i < N; i++) {
        apply(&a, x + i * P, ya[0]);
        apply(&b, x + i * P, yb[0]);
        for (int k = 0; k < 3; k++)
            mean_a += ya[0][k] * ya[0][k] / N;
        for (int k = 0; k < 2; k++)
            mean_b += yb[0][k] * yb[0][k] / N;
    }
    for (int i = 0; i + 1 < N; i += 17) {
        double want = 0, got = 0;
        for (int k = 0; k < 2; k++) {
            apply(&a, x + (i + k) * P, ya[k]);
            apply(&b, x + (i + k) * P, yb[k]);
            apply(&j, x + (i + k) * P, yj[k]);
        }
        for (int k = 0; k < 3; k++)
            want += ya[0][k] * ya[1][k] / mean_a;
        for (int k = 0; k < 2; k++)
            want += yb[0][k] * yb[1][k] / mean_b;
        for (int k = 0; k < 5; k++)
            got += yj[0][k] * yj[1][k];
        CHECK(near(got, want, 2e-2 * fabs(want) + 2e-2)); /* the two means differ by n / (n - 1) */
    }
    ay_affine_fini(&a);
    ay_affine_fini(&b);
    ay_affine_fini(&j);
    ay_moments_fini(&m);
}

TESTS({"moments_are_the_definition", moments_are_the_definition},
      {"whitened_is_white_inside", whitened_is_white_inside}, {"power_evens_out", power_evens_out},
      {"joined_keeps_products", joined_keeps_products})
