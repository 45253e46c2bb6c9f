#include "image/align.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 12, MANY = 256 };
#define MOST_STRETCH 1.6
#define LEAST_STRETCH 0.625

/* Sums of one round: the normal equations of the residual a - gain-free b over sx, tx, sy, ty. */
typedef struct {
    double m[4][5];
    double sum;
    int n;
} normal;

static bool solve(normal *s, double out[4])
{
    for (int i = 0; i < 4; i++) {
        int p = i;
        for (int r = i + 1; r < 4; r++)
            if (fabs(s->m[r][i]) > fabs(s->m[p][i]))
                p = r;
        if (fabs(s->m[p][i]) < 1e-9)
            return false;
        for (int c = 0; c < 5; c++) {
            double t = s->m[i][c];
            s->m[i][c] = s->m[p][c];
            s->m[p][c] = t;
        }
        for (int r = 0; r < 4; r++) {
            double f = r == i ? 0 : s->m[r][i] / s->m[i][i];
            for (int c = i; c < 5 && f != 0; c++)
                s->m[r][c] -= f * s->m[i][c];
        }
    }
    for (int i = 0; i < 4; i++)
        out[i] = s->m[i][4] / s->m[i][i];
    return true;
}

/* Where the points of one side come to lie in b: between which two of its points, and how far on. */
typedef struct {
    int at[AY_BOX_MOST], in_b[AY_BOX_MOST], n;
    float on[AY_BOX_MOST], part[AY_BOX_MOST]; /* part of the way; where in a, 0..1 */
} side;

static void lay(side *l, int n, int every, double stretch, double move)
{
    l->n = 0;
    for (int i = 1; i + 1 < n; i += every) {
        double part = (i + 0.5) / n, at = (stretch * part + move) * n - 0.5;
        int k = (int)at < n - 2 ? (int)at : n - 2;
        if (!(at >= 0 && at <= n - 1))
            continue;
        l->at[l->n] = i;
        l->in_b[l->n] = k;
        l->on[l->n] = (float)(at - k);
        l->part[l->n] = (float)part;
        l->n++;
    }
}

/* One row of a, whose slopes are gx and gy: what b has there misses it by r.  Where the pictures fit, b's slopes are a's. */
static void add_row(normal *s, const float *a, const float *b, int n, const side *x, const side *y, int row, float kx, float ky)
{
    const float *p = a + y->at[row] * n, *top = b + y->in_b[row] * n, *low = top + n;
    float on = y->on[row], xx = 0, x1 = 0, xq = 0, xy = 0, x2 = 0, yy = 0, xr = 0, x0r = 0, yr = 0, rr = 0;
    double v = (double)y->part[row];

    for (int i = 0; i < x->n; i++) {
        int c = x->at[i], k = x->in_b[i];
        float t = top[k] + x->on[i] * (top[k + 1] - top[k]), l = low[k] + x->on[i] * (low[k + 1] - low[k]);
        float r = p[c] - (t + on * (l - t)), gx = (p[c + 1] - p[c - 1]) * kx, gy = (p[c + n] - p[c - n]) * ky, gu = gx * x->part[i];
        xx += gu * gu, x1 += gu * gx, xq += gx * gx, xy += gu * gy, x2 += gx * gy, yy += gy * gy;
        xr += gu * r, x0r += gx * r, yr += gy * r, rr += r * r;
    }
    s->m[0][0] += (double)xx, s->m[0][1] += (double)x1, s->m[0][2] += (double)xy * v, s->m[0][3] += (double)xy, s->m[0][4] += (double)xr;
    s->m[1][1] += (double)xq, s->m[1][2] += (double)x2 * v, s->m[1][3] += (double)x2, s->m[1][4] += (double)x0r;
    s->m[2][2] += (double)yy * v * v, s->m[2][3] += (double)yy * v, s->m[2][4] += (double)yr * v;
    s->m[3][3] += (double)yy, s->m[3][4] += (double)yr;
    s->sum += (double)rr;
    s->n += x->n;
}

static void add_all(normal *s, const float *a, const float *b, int n, const ay_box *box)
{
    int every = n >= MANY ? 2 : 1; /* a quarter of so many say as much */
    side x, y;

    memset(s, 0, sizeof *s);
    lay(&x, n, every, box->sx, box->tx);
    lay(&y, n, every, box->sy, box->ty);
    for (int row = 0; row < y.n; row++)
        add_row(s, a, b, n, &x, &y, row, 0.5f * (float)n / (float)box->sx, 0.5f * (float)n / (float)box->sy);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < i; k++)
            s->m[i][k] = s->m[k][i];
        s->m[i][i] *= 1.001;
    }
}

static bool sensible(const ay_box *b)
{
    return b->sx > LEAST_STRETCH && b->sx < MOST_STRETCH && b->sy > LEAST_STRETCH && b->sy < MOST_STRETCH &&
           fabs(b->tx) < 0.4 && fabs(b->ty) < 0.4;
}

bool ay_box_fit(const float *a, const float *b, int n, ay_box *box)
{
    ay_box at = *box, best = *box;
    double least = INFINITY;

    for (int round = 0; round < ROUNDS; round++) {
        normal s;
        double d[4], mean;
        add_all(&s, a, b, n, &at);
        if (s.n < n * n / (n >= MANY ? 16 : 4))
            break;
        mean = s.sum / s.n;
        if (mean < least) {
            bool done = least - mean < 1e-3 * mean + 1e-3;
            least = mean;
            best = at;
            if (done)
                break;
        }
        if (!solve(&s, d))
            break;
        at.sx += d[0], at.tx += d[1], at.sy += d[2], at.ty += d[3];
        if (!sensible(&at))
            break;
    }
    *box = best;
    return least < (double)INFINITY;
}

float ay_box_correlation(const float *a, const float *b, int n, const ay_box *box, float *overlap)
{
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, va, vb;
    int m = 0;

    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            float bx = (float)((box->sx * (x + 0.5) / n + box->tx) * n - 0.5);
            float by = (float)((box->sy * (y + 0.5) / n + box->ty) * n - 0.5);
            double p = (double)a[y * n + x], q;
            if (!(bx > -0.5f && by > -0.5f && bx < (float)n - 0.5f && by < (float)n - 0.5f))
                continue;
            q = (double)ay_sample(b, n, fmaxf(0, fminf(bx, (float)(n - 1))), fmaxf(0, fminf(by, (float)(n - 1))));
            sa += p, sb += q, saa += p * p, sbb += q * q, sab += p * q, m++;
        }
    *overlap = (float)m / (float)(n * n);
    if (m == 0)
        return 0;
    va = saa - sa * sa / m;
    vb = sbb - sb * sb / m;
    return va > 1e-6 && vb > 1e-6 ? (float)((sab - sa * sb / m) / sqrt(va * vb)) : 0;
}
