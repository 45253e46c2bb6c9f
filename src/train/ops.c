#include "train/ops.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

ay_status ay_planes_init(ay_planes *p, int size, ay_err *err)
{
    size_t n = (size_t)size * (size_t)size;
    size_t room = (n + AY_OPS_BLOCK - 1) / AY_OPS_BLOCK * AY_OPS_BLOCK;
    uint8_t *all = ay_aligned_alloc(AY_OPS_BLOCK, 3 * room);

    *p = (ay_planes){.size = size, .room = room};
    if (!all)
        return ay_fail(err, AY_ENOMEM, "no memory for a picture of %d x %d", size, size);
    memset(all, 0, 3 * room);
    for (int c = 0; c < 3; c++)
        p->plane[c] = all + (size_t)c * room;
    return AY_OK;
}

void ay_planes_fini(ay_planes *p)
{
    ay_free(p->plane[0]);
    *p = (ay_planes){0};
}

void ay_op_take(const ay_image *src, int x, int y, ay_planes *dst)
{
    int n = dst->size;

    for (int i = 0; i < n; i++) {
        const uint8_t *p = src->data + ((size_t)(y + i) * (size_t)src->width + (size_t)x) * 3;
        size_t at = (size_t)i * (size_t)n;
        uint8_t *r = dst->plane[0] + at, *g = dst->plane[1] + at, *b = dst->plane[2] + at;
        for (int j = 0; j < n; j++) {
            r[j] = p[3 * j];
            g[j] = p[3 * j + 1];
            b[j] = p[3 * j + 2];
        }
    }
}

void ay_op_flip_horizontal(ay_planes *p)
{
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < p->size; y++) {
            uint8_t *row = p->plane[c] + (size_t)y * (size_t)p->size;
            for (int i = 0, j = p->size - 1; i < j; i++, j--) {
                uint8_t t = row[i];
                row[i] = row[j];
                row[j] = t;
            }
        }
}

void ay_op_flip_vertical(ay_planes *p)
{
    size_t n = (size_t)p->size;

    for (int c = 0; c < 3; c++)
        for (size_t i = 0, j = n - 1; i < j; i++, j--) {
            uint8_t *a = p->plane[c] + i * n, *b = p->plane[c] + j * n;
            for (size_t x = 0; x < n; x++) {
                uint8_t t = a[x];
                a[x] = b[x];
                b[x] = t;
            }
        }
}

static void blacken(ay_planes *p)
{
    memset(p->plane[0], 0, 3 * p->room); /* one block */
}

static bool within(int x, int y, int n)
{
    return (unsigned)x < (unsigned)n && (unsigned)y < (unsigned)n;
}

static int fixed(double v)
{
    return (int)floor(v * 65536.0 + 0.5);
}

/* The row's positions are a straight line, so what lies inside is one piece of it. */
static void affine_row(const ay_planes *src, int xx, int yy, int a, int d, size_t to, ay_planes *dst)
{
    int n = src->size, from = 0, end = n;

    while (from < end && !within((xx + from * a) >> 16, (yy + from * d) >> 16, n))
        from++;
    while (end > from && !within((xx + (end - 1) * a) >> 16, (yy + (end - 1) * d) >> 16, n))
        end--;
    for (int x = from; x < end; x++) {
        size_t at = (size_t)((yy + x * d) >> 16) * (size_t)n + (size_t)((xx + x * a) >> 16);
        for (int c = 0; c < 3; c++)
            dst->plane[c][to + (size_t)x] = src->plane[c][at];
    }
}

/* Pillow's affine_fixed.  A picture is at most 4096 wide and maps are near turns, so 16.16 fits. */
void ay_op_affine(const ay_planes *src, const double m[6], ay_planes *dst)
{
    int n = src->size, a = fixed(m[0]), b = fixed(m[1]), d = fixed(m[3]), e = fixed(m[4]);
    int xx = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), yy = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);

    blacken(dst);
    for (int y = 0; y < n; y++, xx += b, yy += e)
        affine_row(src, xx, yy, a, d, (size_t)y * (size_t)n, dst);
}

/* Python's round(v, 15) of a cosine or sine: 15 decimals are what a double has, so printing and
 * reading them is the same. */
static double round15(double v)
{
    return nearbyint(v * 1e15) / 1e15;
}

void ay_op_rotate(const ay_planes *src, double degrees, ay_planes *dst)
{
    double angle = -fmod(degrees, 360) * (M_PI / 180), half = src->size / 2.0;
    double c = round15(cos(angle)), s = round15(sin(angle));
    double m[6] = {c, s, 0, -s, c, 0};

    m[2] = m[0] * -half + m[1] * -half + half;
    m[5] = m[3] * -half + m[4] * -half + half;
    ay_op_affine(src, m, dst);
}

void ay_op_shear(const ay_planes *src, double level, bool vertical, ay_planes *dst)
{
    double m[6] = {1, vertical ? 0 : level, 0, vertical ? level : 0, 1, 0};

    ay_op_affine(src, m, dst);
}

void ay_op_translate(const ay_planes *src, int dx, int dy, ay_planes *dst)
{
    double m[6] = {1, 0, -dx, 0, 1, -dy};

    ay_op_affine(src, m, dst);
}

/* Gaussian elimination with the largest pivot, 8 equations. */
static void solve(double a[8][9], double x[8])
{
    for (int i = 0; i < 8; i++) {
        int best = i;
        for (int r = i + 1; r < 8; r++)
            if (fabs(a[r][i]) > fabs(a[best][i]))
                best = r;
        for (int k = 0; k < 9; k++) {
            double t = a[i][k];
            a[i][k] = a[best][k];
            a[best][k] = t;
        }
        for (int r = i + 1; r < 8; r++) {
            double f = a[i][i] != 0 ? a[r][i] / a[i][i] : 0;
            for (int k = i; k < 9; k++)
                a[r][k] -= f * a[i][k];
        }
    }
    for (int i = 7; i >= 0; i--) {
        double sum = a[i][8];
        for (int k = i + 1; k < 8; k++)
            sum -= a[i][k] * x[k];
        x[i] = a[i][i] != 0 ? sum / a[i][i] : 0;
    }
}

/* torchvision keeps the coefficients as float. */
void ay_op_perspective_solve(const int from[4][2], const int to[4][2], double c[8])
{
    double a[8][9] = {{0}};

    for (int i = 0; i < 4; i++) {
        double x = to[i][0], y = to[i][1], u = from[i][0], v = from[i][1];
        double one[9] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u};
        double two[9] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
        memcpy(a[2 * i], one, sizeof one);
        memcpy(a[2 * i + 1], two, sizeof two);
    }
    solve(a, c);
    for (int i = 0; i < 8; i++)
        c[i] = (double)(float)c[i];
}

static double between(double a, double b, double part)
{
    return a + (b - a) * part;
}

/* Pillow's bilinear: neighbours past the border are the border's own pixels, the result is cut off
 * and not rounded. */
static void sample(const ay_planes *src, double x, double y, size_t to, ay_planes *dst)
{
    int n = src->size, x0 = (int)floor(x -= 0.5), y0 = (int)floor(y -= 0.5);
    double dx = x - x0, dy = y - y0;
    size_t left = (size_t)(x0 < 0 ? 0 : x0), right = (size_t)(x0 + 1 < n ? x0 + 1 : n - 1);
    size_t up = (size_t)(y0 < 0 ? 0 : y0) * (size_t)n;
    size_t down = (y0 + 1 < n ? (size_t)(y0 + 1) : (size_t)(n - 1)) * (size_t)n;

    for (int c = 0; c < 3; c++) {
        const uint8_t *p = src->plane[c];
        double a = between(p[up + left], p[up + right], dx);
        double b = between(p[down + left], p[down + right], dx);
        dst->plane[c][to] = (uint8_t)between(a, b, dy);
    }
}

void ay_op_perspective(const ay_planes *src, const double c[8], ay_planes *dst)
{
    int n = src->size;
    double edge = n;

    blacken(dst);
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            double u = x + 0.5, v = y + 0.5, w = c[6] * u + c[7] * v + 1;
            double sx = (c[0] * u + c[1] * v + c[2]) / w, sy = (c[3] * u + c[4] * v + c[5]) / w;
            if (sx >= 0 && sx < edge && sy >= 0 && sy < edge)
                sample(src, sx, sy, (size_t)y * (size_t)n + (size_t)x, dst);
        }
}

void ay_op_erase(ay_planes *p, int x, int y, int w, int h)
{
    for (int c = 0; c < 3; c++)
        for (int i = y; i < y + h; i++)
            memset(p->plane[c] + (size_t)i * (size_t)p->size + x, 0, (size_t)w);
}

void ay_op_tensor(const ay_planes *p, const float *table, float *dst)
{
    size_t n = (size_t)p->size * (size_t)p->size;

    for (int c = 0; c < 3; c++)
        for (size_t i = 0; i < n; i++)
            *dst++ = table[c * 256 + p->plane[c][i]];
}

/* Kernel weights as torchvision computes them, in float. */
static void gauss(float sigma, float k[5])
{
    float sum = 0;

    for (int i = 0; i < 5; i++) {
        float x = ((float)i - 2) / sigma;
        k[i] = expf(-0.5f * (x * x));
        sum += k[i];
    }
    for (int i = 0; i < 5; i++)
        k[i] /= sum;
}

/* One row across: out[x] = sum of k * row, reflected without the border pixel itself. */
static void blur_across(const uint8_t *row, int n, const float k[5], float *out)
{
    const int at[4] = {0, 1, n - 2, n - 1};

    for (int x = 2; x < n - 2; x++)
        out[x] = k[0] * row[x - 2] + k[1] * row[x - 1] + k[2] * row[x] + k[3] * row[x + 1] +
                 k[4] * row[x + 2];
    for (int e = 0; e < 4; e++) {
        float sum = 0;
        for (int i = -2; i <= 2; i++) {
            int x = at[e] + i;
            x = x < 0 ? -x : x >= n ? 2 * (n - 1) - x : x;
            sum += k[i + 2] * row[x];
        }
        out[at[e]] = sum;
    }
}

static int mirrored(int y, int n)
{
    return y < 0 ? -y : y >= n ? 2 * (n - 1) - y : y;
}

/* Rows that were blurred across live in a ring of five. */
void ay_op_blur(const ay_planes *src, float sigma, float *spare, ay_planes *dst)
{
    int n = src->size;
    float k[5];

    gauss(sigma, k);
    for (int c = 0; c < 3; c++)
        for (int y = 0, ready = 0; y < n; y++) {
            const float *row[5];
            uint8_t *out = dst->plane[c] + (size_t)y * (size_t)n;
            for (; ready < n && ready <= y + 2; ready++)
                blur_across(src->plane[c] + (size_t)ready * (size_t)n, n, k,
                            spare + (size_t)(ready % 5) * (size_t)n);
            for (int i = 0; i < 5; i++)
                row[i] = spare + (size_t)(mirrored(y + i - 2, n) % 5) * (size_t)n;
            for (int x = 0; x < n; x++) {
                float sum = k[0] * row[0][x] + k[1] * row[1][x] + k[2] * row[2][x] +
                            k[3] * row[3][x] + k[4] * row[4][x];
                /* 2^23 and away again: rounded half to even, as torch does, and no call */
                out[x] = (uint8_t)(int32_t)((sum + 8388608.0f) - 8388608.0f);
            }
        }
}
