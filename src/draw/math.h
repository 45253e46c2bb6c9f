/* draw/math.h - small vectors, and sine, exponential and arc tangent of our own.
 *
 * The C library's sinf() and powf() pick a variant by CPU and differ in the last bit between
 * machines; these are plain arithmetic, so a picture is the same bytes everywhere, and several
 * times faster.  They are good to about 1e-3: enough for light and shape, not for numbers that are
 * read. A right-handed space, z up. */
#ifndef AY_DRAW_MATH_H
#define AY_DRAW_MATH_H

#include "base/rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define AY_PI 3.14159265f

typedef struct {
    float x, y, z;
} ay_v3;

typedef struct {
    ay_v3 r[3]; /* rows */
} ay_m3;

static inline float minf(float a, float b)
{
    return a < b ? a : b;
}
static inline float maxf(float a, float b)
{
    return a > b ? a : b;
}
static inline float clampf(float x, float lo, float hi)
{
    return minf(maxf(x, lo), hi);
}
static inline float absf(float x)
{
    return x < 0 ? -x : x;
}
static inline float lerpf(float a, float b, float t)
{
    return a + (b - a) * t;
}
static inline int floori(float x)
{
    int i = (int)x;

    return i - ((float)i > x);
}
static inline float fractf(float x)
{
    return x - (float)floori(x);
}
static inline float roundi(float x)
{
    return (float)floori(x + 0.5f);
}
/* 0 below a, 1 above b, a smooth cubic between; a > b runs the other way. */
static inline float smooth(float a, float b, float x)
{
    float t = clampf((x - a) / (b - a), 0, 1);

    return t * t * (3 - 2 * t);
}

static inline float sinq(float x)
{
    float t = x * 0.159154943f, y;

    t -= roundi(t);
    y = t * (8 - 16 * absf(t));
    return y * (0.775f + 0.225f * absf(y));
}
static inline float cosq(float x)
{
    return sinq(x + AY_PI / 2);
}

static inline float exp2q(float x)
{
    float f, v;
    int32_t i;

    x = clampf(x, -120, 120);
    f = fractf(x);
    i = (floori(x) + 127) << 23;
    memcpy(&v, &i, sizeof v);
    return v * (1 + f * (0.6930f + f * (0.2416f + f * (0.0520f + f * 0.0134f))));
}
static inline float expq(float x)
{
    return exp2q(x * 1.44269504f);
}

static inline float log2q(float x)
{
    int32_t i;
    float m;

    memcpy(&i, &x, sizeof i);
    int e = (i >> 23) - 127;
    i = (i & 0x7fffff) | 0x3f800000;
    memcpy(&m, &i, sizeof m);
    return (float)e +
           (m - 1) * (1.4425f +
                      (m - 1) * (-0.7138f +
                                 (m - 1) * (0.4160f + (m - 1) * (-0.1944f + (m - 1) * 0.0497f))));
}
static inline float powq(float x, float y)
{
    return x <= 1e-9f ? 0 : exp2q(y * log2q(x));
}

static inline float atan2q(float y, float x)
{
    float ax = absf(x), ay = absf(y), a, s, r;

    if (ax + ay < 1e-12f)
        return 0;
    a = ax > ay ? ay / ax : ax / ay;
    s = a * a;
    r = ((-0.0464964749f * s + 0.15931422f) * s - 0.327622764f) * s * a + a;
    if (ay > ax)
        r = AY_PI / 2 - r;
    if (x < 0)
        r = AY_PI - r;
    return y < 0 ? -r : r;
}

static inline ay_v3 v3(float x, float y, float z)
{
    return (ay_v3){x, y, z};
}
static inline ay_v3 v3_all(float x)
{
    return (ay_v3){x, x, x};
}
static inline ay_v3 v3_add(ay_v3 a, ay_v3 b)
{
    return v3(a.x + b.x, a.y + b.y, a.z + b.z);
}
static inline ay_v3 v3_sub(ay_v3 a, ay_v3 b)
{
    return v3(a.x - b.x, a.y - b.y, a.z - b.z);
}
static inline ay_v3 v3_mul(ay_v3 a, ay_v3 b)
{
    return v3(a.x * b.x, a.y * b.y, a.z * b.z);
}
static inline ay_v3 v3_scale(ay_v3 a, float k)
{
    return v3(a.x * k, a.y * k, a.z * k);
}
static inline ay_v3 v3_mad(ay_v3 a, ay_v3 b, float k)
{
    return v3(a.x + b.x * k, a.y + b.y * k, a.z + b.z * k);
}
static inline float v3_dot(ay_v3 a, ay_v3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline float v3_len(ay_v3 a)
{
    return sqrtf(v3_dot(a, a));
}
static inline ay_v3 v3_unit(ay_v3 a)
{
    return v3_scale(a, 1 / maxf(v3_len(a), 1e-12f));
}
static inline ay_v3 v3_mix(ay_v3 a, ay_v3 b, float t)
{
    return v3_mad(v3_scale(a, 1 - t), b, t);
}
static inline ay_v3 v3_cross(ay_v3 a, ay_v3 b)
{
    return v3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
static inline float len2(float x, float y)
{
    return sqrtf(x * x + y * y);
}

static inline ay_v3 m3_apply(const ay_m3 *m, ay_v3 p)
{
    return v3(v3_dot(m->r[0], p), v3_dot(m->r[1], p), v3_dot(m->r[2], p));
}
/* By the transpose: the other way for a rotation. */
static inline ay_v3 m3_back(const ay_m3 *m, ay_v3 p)
{
    return v3_mad(v3_mad(v3_scale(m->r[0], p.x), m->r[1], p.y), m->r[2], p.z);
}
static inline ay_m3 m3_transpose(const ay_m3 *m)
{
    return (ay_m3){{v3(m->r[0].x, m->r[1].x, m->r[2].x), v3(m->r[0].y, m->r[1].y, m->r[2].y),
                    v3(m->r[0].z, m->r[1].z, m->r[2].z)}};
}
static inline ay_m3 m3_mul(const ay_m3 *a, const ay_m3 *b) /* b first */
{
    ay_m3 t = m3_transpose(b), o;

    for (int i = 0; i < 3; i++)
        o.r[i] = v3(v3_dot(a->r[i], t.r[0]), v3_dot(a->r[i], t.r[1]), v3_dot(a->r[i], t.r[2]));
    return o;
}
static inline ay_m3 m3_identity(void)
{
    return (ay_m3){{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
}
/* Turn by an angle about x (0), y (1) or z (2). */
static inline ay_m3 m3_turn(int axis, float angle)
{
    float c = cosq(angle), s = sinq(angle);
    float n = 1 / sqrtf(c * c + s * s);

    c *= n;
    s *= n;
    if (axis == 0)
        return (ay_m3){{{1, 0, 0}, {0, c, -s}, {0, s, c}}};
    if (axis == 1)
        return (ay_m3){{{c, 0, s}, {0, 1, 0}, {-s, 0, c}}};
    return (ay_m3){{{c, -s, 0}, {s, c, 0}, {0, 0, 1}}};
}

/* Random numbers.  One call a statement: C does not say which of two arguments is computed first,
 * and compilers differ, so two calls in one expression would make two pictures. */
static inline float rnd(ay_rng *r, float lo, float hi)
{
    return lo + (hi - lo) * (float)(ay_rng_u64(r) >> 40) * (1.0f / 16777216);
}
static inline int rnd_int(ay_rng *r, int lo, int hi) /* both ends included */
{
    return lo + (int)ay_rng_below(r, (uint32_t)(hi - lo + 1));
}
static inline bool rnd_chance(ay_rng *r, float p)
{
    return rnd(r, 0, 1) < p;
}
static inline float rnd_normal(ay_rng *r) /* about normal: sum of four, needs no logarithm */
{
    uint64_t u = ay_rng_u64(r);
    float sum = 0;

    for (int i = 0; i < 4; i++, u >>= 16)
        sum += (float)(u & 0xffff) * (1.0f / 65536);
    return (sum - 2) * 1.7320508f;
}
static inline ay_v3 rnd_v3(ay_rng *r, float lo, float hi)
{
    float x = rnd(r, lo, hi), y = rnd(r, lo, hi), z = rnd(r, lo, hi);

    return v3(x, y, z);
}

static inline uint32_t mix32(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}
/* A number in [0, 1) of a place, for texture. */
static inline float hash2(int x, int y, uint32_t seed)
{
    return (float)(mix32((uint32_t)x * 0x9e3779b1u ^ mix32((uint32_t)y + seed)) >> 8) *
           (1.0f / 16777216);
}

/* Hue in turns, saturation and value in 0..1 -> linear-light RGB. */
static inline ay_v3 hsv(float h, float s, float v)
{
    float k[3] = {5, 3, 1}, o[3];

    for (int i = 0; i < 3; i++) {
        float t = fractf((k[i] + h * 6) / 6) * 6;
        o[i] = v - v * s * clampf(minf(t, 4 - t), 0, 1);
        o[i] *= o[i]; /* display value to light, roughly */
    }
    return v3(o[0], o[1], o[2]);
}

#endif
