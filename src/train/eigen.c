#include "train/eigen.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MOST_STEPS = 60 };

static double dot(const double *x, const double *y, int n)
{
    double part[4] = {0}, rest = 0;
    int i = 0;

    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            part[k] += x[i + k] * y[i + k];
    for (; i < n; i++)
        rest += x[i] * y[i];
    return part[0] + part[1] + part[2] + part[3] + rest;
}

static void add(double *dst, double by, const double *x, int n)
{
    for (int i = 0; i < n; i++)
        dst[i] += by * x[i];
}

/* ---- to tridiagonal form ----------------------------------------------------------------------- */

/* v [n] becomes the reflection that maps x to (alpha, 0, 0 ...); false: x is that already. */
static bool reflection(const double *x, double *v, int n, double *alpha)
{
    double length = sqrt(dot(x, x, n)), rest;

    *alpha = x[0];
    if (n < 2 || dot(x + 1, x + 1, n - 1) == 0)
        return false;
    *alpha = x[0] > 0 ? -length : length;
    memcpy(v, x, (size_t)n * sizeof *v);
    v[0] -= *alpha;
    rest = 1 / sqrt(dot(v, v, n));
    for (int i = 0; i < n; i++)
        v[i] *= rest;
    return true;
}

/* The lower right m x m of a (row length n) becomes H a H, H = 1 - 2 v v'.  p: m numbers of room. */
static void reflect(double *a, int n, int m, const double *v, double *p)
{
    double k;

    for (int i = 0; i < m; i++)
        p[i] = dot(a + (size_t)i * (size_t)n, v, m);
    k = dot(p, v, m);
    add(p, -k, v, m);
    for (int i = 0; i < m; i++) {
        double *row = a + (size_t)i * (size_t)n;
        add(row, -2 * v[i], p, m);
        add(row, -2 * p[i], v, m);
    }
}

/* d, e: diagonal and what is beside it; row k of v: the k-th reflection, from column k + 1 on (zeros:
 * none).  a is used up. */
static void tridiagonal(double *a, int n, double *d, double *e, double *v, double *room)
{
    for (int k = 0; k < n; k++) {
        double *row = a + (size_t)k * (size_t)n, *own = v + (size_t)k * (size_t)n;
        int m = n - k - 1;
        memset(own, 0, (size_t)n * sizeof *own);
        d[k] = row[k];
        e[k] = 0;
        if (m > 0 && reflection(row + k + 1, own + k + 1, m, &e[k]))
            reflect(a + (size_t)(k + 1) * (size_t)n + k + 1, n, m, own + k + 1, room);
    }
}

/* ---- to diagonal form -------------------------------------------------------------------------- */

static void turn_rows(double *x, double *y, double c, double s, int n)
{
    for (int i = 0; i < n; i++) {
        double f = y[i];
        y[i] = s * x[i] + c * f;
        x[i] = c * x[i] - s * f;
    }
}

/* One implicit QL step on rows l .. m; z holds vectors as rows. */
static void ql_step(double *d, double *e, int l, int m, double *z, int n)
{
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = hypot(g, 1), s = 1, c = 1, p = 0;

    g = d[m] - d[l] + e[l] / (g + copysign(r, g));
    for (int i = m - 1; i >= l; i--) {
        double f = s * e[i], b = c * e[i];
        r = hypot(f, g);
        e[i + 1] = r;
        if (r == 0) { /* it fell apart early */
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        turn_rows(z + (size_t)i * (size_t)n, z + (size_t)(i + 1) * (size_t)n, c, s, n);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

/* The first place from l on where the matrix falls into two: what is beside the diagonal is no more
 * than the rounding of the largest number. */
static int gap(const double *e, int l, int n, double least)
{
    int m = l;

    while (m < n - 1 && fabs(e[m]) > least)
        m++;
    return m;
}

static ay_status diagonal(double *d, double *e, double *z, int n, ay_err *err)
{
    double largest = 0;

    for (int i = 0; i < n; i++)
        largest = fmax(largest, fabs(d[i]) + fabs(e[i]));
    for (int l = 0; l < n; l++) {
        int steps = 0, m;
        while ((m = gap(e, l, n, DBL_EPSILON * largest)) != l) {
            if (steps++ == MOST_STEPS)
                return ay_fail(err, AY_ECORRUPT, "no eigenvalues after %d steps", MOST_STEPS);
            ql_step(d, e, l, m, z, n);
        }
    }
    return AY_OK;
}

/* ---- both -------------------------------------------------------------------------------------- */

/* Vectors of the tridiagonal matrix into those of the matrix itself. */
static void turn_back(double *z, const double *v, int n)
{
    for (int i = 0; i < n; i++) {
        double *row = z + (size_t)i * (size_t)n;
        for (int k = n - 2; k >= 0; k--) {
            const double *own = v + (size_t)k * (size_t)n + k + 1;
            add(row + k + 1, -2 * dot(own, row + k + 1, n - k - 1), own, n - k - 1);
        }
    }
}

static void sort(double *a, const double *z, double *values, const double *d, int n)
{
    for (int i = 0; i < n; i++) {
        int before = 0;
        for (int j = 0; j < n; j++)
            before += d[j] < d[i] || (d[j] == d[i] && j < i);
        values[before] = d[i];
        memcpy(a + (size_t)before * (size_t)n, z + (size_t)i * (size_t)n, (size_t)n * sizeof *a);
    }
}

static void identity(double *z, int n)
{
    memset(z, 0, (size_t)n * (size_t)n * sizeof *z);
    for (int i = 0; i < n; i++)
        z[(size_t)i * (size_t)n + (size_t)i] = 1;
}

ay_status ay_eigen_symmetric(double *a, int n, double *values, ay_err *err)
{
    size_t all = (size_t)n * (size_t)n;
    double *v = ay_alloc(all + 1, sizeof *v), *z = ay_alloc(all + 1, sizeof *z);
    double *d = ay_alloc((size_t)n + 1, 3 * sizeof *d), *e = d ? d + n : NULL;
    ay_status status = AY_OK;

    if (!v || !z || !d)
        status = ay_fail(err, AY_ENOMEM, "eigenvectors of %d columns", n);
    for (int i = 0; i < n; i++) /* the lower triangle counts */
        for (int j = i + 1; j < n; j++)
            a[(size_t)i * (size_t)n + (size_t)j] = a[(size_t)j * (size_t)n + (size_t)i];
    for (size_t i = 0; status == AY_OK && i < all; i++)
        if (!isfinite(a[i]))
            status = ay_fail(err, AY_ECORRUPT, "no eigenvalues: the matrix is not finite");
    if (status == AY_OK) {
        tridiagonal(a, n, d, e, v, e + n);
        identity(z, n);
        status = diagonal(d, e, z, n, err);
    }
    if (status == AY_OK) {
        turn_back(z, v, n);
        sort(a, z, values, d, n);
    }
    ay_free(v);
    ay_free(z);
    ay_free(d);
    return status;
}
