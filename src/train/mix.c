#include "train/mix.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

#define STREAM 0x6d69786d69786d31u

bool ay_mix_on(const ay_mix_settings *s)
{
    return s->mixup_alpha > 0 || s->cutmix_alpha > 0;
}

/* Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma variables", 2000;
 * below 1 through Gamma(shape + 1) times a power of a uniform number. */
static double gamma_draw(ay_rng *r, double shape)
{
    double boost = 1, d, c;

    if (shape < 1) {
        boost = pow(1.0 - ay_rng_unit(r), 1 / shape);
        shape += 1;
    }
    d = shape - 1.0 / 3;
    c = 1 / sqrt(9 * d);
    for (;;) {
        double x = ay_rng_normal(r), v = 1 + c * x, u = 1.0 - ay_rng_unit(r);
        v = v * v * v;
        if (v > 0 && log(u) < 0.5 * x * x + d - d * v + d * log(v))
            return boost * d * v;
    }
}

static double beta_draw(ay_rng *r, double alpha)
{
    double a = gamma_draw(r, alpha), b = gamma_draw(r, alpha);

    return a + b > 0 ? a / (a + b) : 0.5; /* both underflow for a tiny alpha only */
}

static int clamp(int v, int most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

/* A box of 1 - lambda of the area around any point, cut off at the border; lambda follows from what
 * is left (torchvision's CutMix). */
static void choose_box(ay_mix_draw *m, ay_rng *r, int size)
{
    int x = (int)ay_rng_below(r, (uint32_t)size), y = (int)ay_rng_below(r, (uint32_t)size);
    int half = (int)(0.5 * sqrt(1.0 - (double)m->lambda) * size);

    m->cut = true;
    m->x0 = clamp(x - half, size);
    m->y0 = clamp(y - half, size);
    m->x1 = clamp(x + half, size);
    m->y1 = clamp(y + half, size);
    m->lambda = (float)(1.0 - (double)(m->x1 - m->x0) * (m->y1 - m->y0) / ((double)size * size));
}

ay_mix_draw ay_mix_choose(const ay_mix_settings *s, int size, uint64_t seed, uint64_t epoch,
                          uint64_t batch)
{
    ay_mix_draw m = {.lambda = 1};
    double often = s->p > 0 ? s->p : 1, now, which;
    bool cut;
    ay_rng r;

    if (!ay_mix_on(s))
        return m;
    ay_rng_init3(&r, seed ^ STREAM, epoch, batch);
    now = ay_rng_unit(&r);
    which = ay_rng_unit(&r);
    if (now >= often)
        return m;
    cut = s->cutmix_alpha > 0 && (s->mixup_alpha <= 0 || which < 0.5);
    m.lambda = (float)beta_draw(&r, cut ? s->cutmix_alpha : s->mixup_alpha);
    if (cut)
        choose_box(&m, &r, size);
    return m;
}

/* dst becomes the mixture of itself and other. */
static void mix_one(const ay_mix_draw *m, float *dst, const float *other, int channels, int size)
{
    size_t plane = (size_t)size * (size_t)size, all = plane * (size_t)channels;
    float keep = m->lambda, add = 1 - m->lambda;

    if (!m->cut) {
        for (size_t i = 0; i < all; i++)
            dst[i] = keep * dst[i] + add * other[i];
        return;
    }
    for (int c = 0; c < channels; c++)
        for (int y = m->y0; y < m->y1; y++) {
            size_t at = (size_t)c * plane + (size_t)y * (size_t)size + (size_t)m->x0;
            memcpy(dst + at, other + at, (size_t)(m->x1 - m->x0) * sizeof *dst);
        }
}

/* From the last one down, each meets a neighbour that is still as it was; the first one meets a copy
 * of the last one. */
void ay_mix_pictures(const ay_mix_draw *m, float *x, int n, int channels, int size, float *spare)
{
    size_t each = (size_t)channels * (size_t)size * (size_t)size;

    if (n < 2 || m->lambda >= 1)
        return;
    memcpy(spare, x + (size_t)(n - 1) * each, each * sizeof *x);
    for (int i = n - 1; i > 0; i--)
        mix_one(m, x + (size_t)i * each, x + (size_t)(i - 1) * each, channels, size);
    mix_one(m, x, spare, channels, size);
}

void ay_mix_targets(const ay_mix_draw *m, const int *labels, int n, int classes, float *targets)
{
    float keep = n < 2 ? 1 : m->lambda;

    memset(targets, 0, (size_t)n * (size_t)classes * sizeof *targets);
    for (int i = 0; i < n; i++) {
        float *row = targets + (size_t)i * (size_t)classes;
        row[labels[i]] += keep;
        row[labels[i > 0 ? i - 1 : n - 1]] += 1 - keep;
    }
}
