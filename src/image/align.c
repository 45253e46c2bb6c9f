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

/* One pixel of a, whose slopes are gx and gy: what b has there misses it by.  Where the pictures fit, b's slopes are a's. */
static void add_pixel(normal *s, float a, float gx, float gy, const float *b, int n, double u, double v, const ay_box *box)
{
    float bx = (float)((box->sx * u + box->tx) * n - 0.5), by = (float)((box->sy * v + box->ty) * n - 0.5);
    double r, j[4];

    if (!(bx >= 0 && by >= 0 && bx <= (float)(n - 1) && by <= (float)(n - 1)))
        return;
    r = (double)(a - ay_sample(b, n, bx, by));
    j[0] = (double)gx * u, j[1] = (double)gx, j[2] = (double)gy * v, j[3] = (double)gy;
    for (int i = 0; i < 4; i++) {
        for (int k = i; k < 4; k++)
            s->m[i][k] += j[i] * j[k];
        s->m[i][4] += j[i] * r;
    }
    s->sum += r * r;
    s->n++;
}

static void add_all(normal *s, const float *a, const float *b, int n, const ay_box *box)
{
    int every = n >= MANY ? 2 : 1; /* a quarter of so many say as much */

    memset(s, 0, sizeof *s);
    for (int y = 1; y + 1 < n; y += every)
        for (int x = 1; x + 1 < n; x += every) {
            const float *p = a + y * n + x;
            add_pixel(s, *p, (p[1] - p[-1]) * 0.5f * (float)n / (float)box->sx, (p[n] - p[-n]) * 0.5f * (float)n / (float)box->sy, b,
                      n, (x + 0.5) / n, (y + 0.5) / n, box);
        }
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
