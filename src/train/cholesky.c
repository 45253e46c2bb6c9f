#include "train/cholesky.h"

#include <math.h>
#include <stddef.h>

enum { LANES = 8 };

static double dot(const double *x, const double *y, int n)
{
    double part[LANES] = {0}, sum = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            part[k] += x[i + k] * y[i + k];
    for (; i < n; i++)
        sum += x[i] * y[i];
    for (int k = 0; k < LANES; k++)
        sum += part[k];
    return sum;
}

ay_status ay_cholesky(double *a, int n, ay_err *err)
{
    for (int i = 0; i < n; i++) {
        double *row = a + (size_t)i * (size_t)n;
        for (int j = 0; j < i; j++) {
            const double *other = a + (size_t)j * (size_t)n;
            row[j] = (row[j] - dot(row, other, j)) / other[j];
        }
        row[i] -= dot(row, row, i);
        if (!(row[i] > 0) || !isfinite(row[i]))
            return ay_fail(err, AY_ECORRUPT, "a matrix of %d columns is not positive in column %d", n, i + 1);
        row[i] = sqrt(row[i]);
    }
    return AY_OK;
}

static void subtract(double *dst, const double *src, double by, int m)
{
    for (int k = 0; k < m; k++)
        dst[k] -= by * src[k];
}

static void divide(double *dst, double by, int m)
{
    for (int k = 0; k < m; k++)
        dst[k] /= by;
}

void ay_cholesky_solve(const double *l, int n, double *b, int m)
{
    for (int i = 0; i < n; i++) {
        const double *row = l + (size_t)i * (size_t)n;
        for (int j = 0; j < i; j++)
            subtract(b + (size_t)i * (size_t)m, b + (size_t)j * (size_t)m, row[j], m);
        divide(b + (size_t)i * (size_t)m, row[i], m);
    }
    for (int i = n - 1; i >= 0; i--) {
        const double *row = l + (size_t)i * (size_t)n;
        divide(b + (size_t)i * (size_t)m, row[i], m);
        for (int j = 0; j < i; j++)
            subtract(b + (size_t)j * (size_t)m, b + (size_t)i * (size_t)m, row[j], m);
    }
}
