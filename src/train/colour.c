/* train/colour.c - the operations of ops.h that look at one pixel at a time. */
#include "train/ops.h"

#include "base/cpu.h"

#include <math.h>
#include <string.h>

enum { BLOCK = AY_OPS_BLOCK };

#define ALWAYS static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define FOR_AVX2 __attribute__((target("avx2")))
#endif

static size_t pixels(const ay_planes *p)
{
    return (size_t)p->size * (size_t)p->size;
}

/* The same table for every plane. */
static void look_up(ay_planes *p, const uint8_t table[256])
{
    for (int c = 0; c < 3; c++)
        for (size_t i = 0; i < p->room; i++)
            p->plane[c][i] = table[p->plane[c][i]];
}

/* Pillow's blend of a flat colour and a byte, for factors outside 0..1 as well. */
static uint8_t blend(int flat, int v, float factor)
{
    float t = (float)flat + factor * (float)(v - flat);

    return t <= 0 ? 0 : t >= 255 ? 255 : (uint8_t)t;
}

static void blend_flat(ay_planes *p, int flat, float factor)
{
    uint8_t table[256];

    for (int v = 0; v < 256; v++)
        table[v] = blend(flat, v, factor);
    look_up(p, table);
}

void ay_op_brightness(ay_planes *p, float factor)
{
    blend_flat(p, 0, factor);
}

/* ITU-R 601-2 luma in 16-bit fixed point, as Pillow's convert("L"). */
ALWAYS int32_t luma(int32_t r, int32_t g, int32_t b)
{
    return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
}

ALWAYS uint64_t luma_sum_body(const ay_planes *p)
{
    size_t n = pixels(p), whole = n / BLOCK * BLOCK;
    const uint8_t *r = p->plane[0], *g = p->plane[1], *b = p->plane[2];
    uint64_t sum = 0;

    for (size_t i = 0; i < whole; i += BLOCK) {
        int32_t part = 0;
        for (size_t k = i; k < i + BLOCK; k++)
            part += luma(r[k], g[k], b[k]);
        sum += (uint64_t)part;
    }
    for (size_t i = whole; i < n; i++)
        sum += (uint64_t)luma(r[i], g[i], b[i]);
    return sum;
}

ALWAYS void saturate_body(ay_planes *p, float factor)
{
    for (size_t i = 0; i < p->room; i += BLOCK) {
        uint8_t *r = p->plane[0] + i, *g = p->plane[1] + i, *b = p->plane[2] + i;
        float grey[BLOCK];
        for (int k = 0; k < BLOCK; k++)
            grey[k] = (float)luma(r[k], g[k], b[k]);
        for (int c = 0; c < 3; c++) {
            uint8_t *v = p->plane[c] + i;
            for (int k = 0; k < BLOCK; k++) {
                float t = grey[k] + factor * ((float)v[k] - grey[k]);
                t = t < 0 ? 0 : t;
                t = t > 255 ? 255 : t;
                v[k] = (uint8_t)(int32_t)t;
            }
        }
    }
}

/* Pillow's rgb2hsv and hsv2rgb with a turn between, 64 pixels at a time and without branches.  Float
 * and double change places exactly where they do there: many colours lie on a boundary between two
 * bytes of hue, and which side they fall on is decided by the last bit. */
ALWAYS void hue_block(uint8_t *red, uint8_t *green, uint8_t *blue, int32_t turn)
{
    int32_t most[BLOCK], range[BLOCK], uh[BLOCK], us[BLOCK];
    float h[BLOCK];

    for (int k = 0; k < BLOCK; k++) {
        int32_t r = red[k], g = green[k], b = blue[k];
        int32_t top = r > g ? r : g, low = r < g ? r : g;
        top = top > b ? top : b;
        low = low < b ? low : b;
        most[k] = top;
        range[k] = top - low;
    }
    for (int k = 0; k < BLOCK; k++) {
        float cr = (float)(range[k] ? range[k] : 1), top = (float)most[k];
        float rc = (top - (float)red[k]) / cr, gc = (top - (float)green[k]) / cr;
        float bc = (top - (float)blue[k]) / cr;
        bool r = red[k] == most[k], g = green[k] == most[k];
        float base = r ? 0.0f : g ? 2.0f : 4.0f, plus = r ? bc : g ? rc : gc;
        float minus = r ? gc : g ? bc : rc;
        h[k] = (float)((double)base + (double)plus - (double)minus);
    }
    for (int k = 0; k < BLOCK; k++) {
        double t = (double)h[k] / 6.0 + 1.0;
        t = t >= 1.0 ? t - 1.0 : t;
        h[k] = (float)t;
    }
    for (int k = 0; k < BLOCK; k++) {
        float s = (float)range[k] / (float)(most[k] ? most[k] : 1);
        int32_t byte = (int32_t)((double)h[k] * 255.0);
        us[k] = (int32_t)((double)s * 255.0);
        uh[k] = ((range[k] ? byte : 0) + turn) & 255;
    }
    for (int k = 0; k < BLOCK; k++) {
        int32_t six = uh[k] * 6, i = (six * 257 + 257) >> 16, rest = six - i * 255;
        float f = (float)rest / 255.0f, fs = (float)us[k] / 255.0f;
        double v = most[k], even = (double)fs * (1.0 - (double)f), odd = (double)(fs * f);
        int32_t p = (int32_t)(v * (1.0 - (double)fs) + 0.5);
        int32_t w = (int32_t)(v * (1.0 - (i & 1 ? odd : even)) + 0.5);
        i = i == 6 ? 0 : i;
        red[k] = (uint8_t)(i == 0 || i == 5 ? most[k] : i == 1 || i == 4 ? w : p);
        green[k] = (uint8_t)(i == 1 || i == 2 ? most[k] : i == 0 || i == 3 ? w : p);
        blue[k] = (uint8_t)(i == 3 || i == 4 ? most[k] : i == 2 || i == 5 ? w : p);
    }
}

ALWAYS void hue_body(ay_planes *p, int32_t turn)
{
    for (size_t i = 0; i < p->room; i += BLOCK)
        hue_block(p->plane[0] + i, p->plane[1] + i, p->plane[2] + i, turn);
}

static uint64_t luma_sum_plain(const ay_planes *p)
{
    return luma_sum_body(p);
}

static void saturate_plain(ay_planes *p, float factor)
{
    saturate_body(p, factor);
}

static void hue_plain(ay_planes *p, int32_t turn)
{
    hue_body(p, turn);
}

#if defined(__x86_64__)
FOR_AVX2 static uint64_t luma_sum_avx2(const ay_planes *p)
{
    return luma_sum_body(p);
}

FOR_AVX2 static void saturate_avx2(ay_planes *p, float factor)
{
    saturate_body(p, factor);
}

FOR_AVX2 static void hue_avx2(ay_planes *p, int32_t turn)
{
    hue_body(p, turn);
}
#define PICK(name) (ay_cpu_get()->avx2 ? name##_avx2 : name##_plain)
#else
#define PICK(name) name##_plain
#endif

void ay_op_contrast(ay_planes *p, float factor)
{
    double mean = (double)PICK(luma_sum)(p) / (double)pixels(p);

    blend_flat(p, (int)(mean + 0.5), factor);
}

void ay_op_saturation(ay_planes *p, float factor)
{
    PICK(saturate)(p, factor);
}

uint8_t ay_op_hue_byte(float turn)
{
    return (uint8_t)(int32_t)((double)turn * 255);
}

void ay_op_hue(ay_planes *p, float turn)
{
    PICK(hue)(p, ay_op_hue_byte(turn));
}

static void to_hsv(const uint8_t rgb[3], uint8_t hsv[3])
{
    int r = rgb[0], g = rgb[1], b = rgb[2];
    int most = r > g ? (r > b ? r : b) : (g > b ? g : b);
    int least = r < g ? (r < b ? r : b) : (g < b ? g : b);
    float cr = (float)(most - least), s, h, rc, gc, bc;

    hsv[0] = hsv[1] = 0;
    hsv[2] = (uint8_t)most;
    if (most == least)
        return;
    s = cr / (float)most;
    rc = (float)(most - r) / cr;
    gc = (float)(most - g) / cr;
    bc = (float)(most - b) / cr;
    if (r == most)
        h = bc - gc;
    else if (g == most)
        h = (float)(2.0 + (double)rc - (double)bc);
    else
        h = (float)(4.0 + (double)gc - (double)rc);
    h = (float)fmod((double)h / 6.0 + 1.0, 1.0);
    hsv[0] = (uint8_t)(int)((double)h * 255.0);
    hsv[1] = (uint8_t)(int)((double)s * 255.0);
}

static void from_hsv(const uint8_t hsv[3], uint8_t rgb[3])
{
    int i = (int)floor((double)(float)hsv[0] * 6.0 / 255.0);
    float f = (float)((double)hsv[0] * 6.0 / 255.0 - (double)i);
    float fs = (float)((double)hsv[1] / 255.0);
    double v = hsv[2];
    uint8_t p = (uint8_t)round(v * (1.0 - (double)fs));
    uint8_t q = (uint8_t)round(v * (1.0 - (double)(fs * f)));
    uint8_t t = (uint8_t)round(v * (1.0 - (double)fs * (1.0 - (double)f)));
    const uint8_t all[6][3] = {{hsv[2], t, p}, {q, hsv[2], p}, {p, hsv[2], t},
                               {p, q, hsv[2]}, {t, p, hsv[2]}, {hsv[2], p, q}};

    memcpy(rgb, all[i % 6], 3);
    if (hsv[1] == 0)
        memset(rgb, hsv[2], 3);
}

void ay_op_hue_plain(uint8_t rgb[3], uint8_t turn)
{
    uint8_t hsv[3];

    to_hsv(rgb, hsv);
    hsv[0] = (uint8_t)(hsv[0] + turn);
    from_hsv(hsv, rgb);
}

void ay_op_posterize(ay_planes *p, int bits)
{
    uint8_t table[256];

    for (int v = 0; v < 256; v++)
        table[v] = (uint8_t)(v & ~((1 << (8 - bits)) - 1));
    look_up(p, table);
}

void ay_op_solarize(ay_planes *p, int threshold)
{
    uint8_t table[256];

    for (int v = 0; v < 256; v++)
        table[v] = (uint8_t)(v < threshold ? v : 255 - v);
    look_up(p, table);
}

static void count(const ay_planes *p, int c, uint32_t histogram[256])
{
    memset(histogram, 0, 256 * sizeof *histogram);
    for (size_t i = 0; i < pixels(p); i++)
        histogram[p->plane[c][i]]++;
}

static void look_up_one(ay_planes *p, int c, const uint8_t table[256])
{
    for (size_t i = 0; i < p->room; i++)
        p->plane[c][i] = table[p->plane[c][i]];
}

/* Each channel's darkest to 0 and lightest to 255. */
void ay_op_autocontrast(ay_planes *p)
{
    for (int c = 0; c < 3; c++) {
        uint32_t histogram[256];
        uint8_t table[256];
        int lo = 0, hi = 255;
        count(p, c, histogram);
        while (lo < 255 && !histogram[lo])
            lo++;
        while (hi > 0 && !histogram[hi])
            hi--;
        if (hi <= lo)
            continue;
        for (int v = 0; v < 256; v++) {
            double scale = 255.0 / (hi - lo), t = v * scale + -lo * scale;
            table[v] = (uint8_t)(t < 0 ? 0 : t > 255 ? 255 : (int)t);
        }
        look_up_one(p, c, table);
    }
}

void ay_op_equalize(ay_planes *p)
{
    for (int c = 0; c < 3; c++) {
        uint32_t histogram[256], last = 0, used = 0, step, n;
        uint8_t table[256];
        count(p, c, histogram);
        for (int v = 0; v < 256; v++) {
            last = histogram[v] ? histogram[v] : last;
            used += histogram[v] > 0;
        }
        step = ((uint32_t)pixels(p) - last) / 255;
        if (used <= 1 || step == 0)
            continue;
        n = step / 2;
        for (int v = 0; v < 256; v++) {
            table[v] = (uint8_t)(n / step > 255 ? 255 : n / step);
            n += histogram[v];
        }
        look_up_one(p, c, table);
    }
}

/* Pillow's SMOOTH: neighbours 1, the pixel itself 5, divided by 13 and rounded (no sum of bytes is
 * halfway between two results); the border stays as it is. */
static int smooth(const uint8_t *p, int n)
{
    int sum = p[-n - 1] + p[-n] + p[-n + 1] + p[-1] + 5 * p[0] + p[1] + p[n - 1] + p[n] + p[n + 1];

    return (2 * sum + 13) / 26;
}

void ay_op_sharpness(const ay_planes *src, float factor, ay_planes *dst)
{
    int n = src->size;

    for (int c = 0; c < 3; c++)
        for (int y = 0; y < n; y++)
            for (int x = 0; x < n; x++) {
                const uint8_t *p = src->plane[c] + (size_t)y * (size_t)n + x;
                bool border = x == 0 || y == 0 || x == n - 1 || y == n - 1;
                dst->plane[c][(size_t)y * (size_t)n + (size_t)x] =
                    border ? *p : blend(smooth(p, n), *p, factor);
            }
}
