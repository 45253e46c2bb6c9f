/* Metal surfaces with marks: what a camera over a strip or a cast sees.  Grey, and every class
 * under any light, so that the mark and not the brightness tells the class.
 *
 * Each field starts from rolled(), the sound surface. */
#include "draw/family.h"
#include "draw/noise.h"

static void shade(ay_texel *o, float k)
{
    o->colour = v3_scale(o->colour, maxf(k, 0.02f));
}

/* A sound strip: faint lines along y, clouds, fine grain. */
static void rolled(const ay_tex *t, float x, float y, ay_texel *o)
{
    float line = ay_noise2(x * (20 + 50 * t->k[11]), y * 0.8f, t->seed + 900);
    float cloud = ay_fbm2(x * 1.2f, y * 1.2f, 3, t->seed + 901);
    float fine = ay_noise2(x * 45, y * 45, t->seed + 902);

    o->colour = t->a;
    o->rough = 0.6f + 0.3f * t->k[10];
    shade(o, 1 + 0.12f * t->k[9] * line + 0.22f * t->k[8] * cloud + 0.1f * fine);
    o->bump = 0.004f * fine + 0.003f * t->k[9] * line;
}

static void sound(const ay_tex *t, float x, float y, ay_texel *o)
{
    rolled(t, x, y, o);
}

/* A web of fine cracks. */
static void crack_web(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 3 + 9 * t->k[0], w = 0.03f + 0.08f * t->k[1], k;
    float dx = 0.25f * ay_noise2(x * s, y * s, t->seed),
          dy = 0.25f * ay_noise2(x * s, y * s, t->seed + 1);
    ay_cell c = ay_worley2(x * s + dx, y * s * (0.5f + t->k[2]) + dy, 1, t->seed + 2);

    rolled(t, x, y, o);
    k = smooth(w, 0, c.f2 - c.f1) *
        smooth(-0.5f, 0.3f, ay_noise2(x * 1.5f, y * 1.5f, t->seed + 3) + t->k[3]);
    shade(o, 1 - (0.35f + 0.5f * t->k[4]) * k);
    o->bump -= 0.02f * k;
}

/* Dense short hair cracks, mostly along one way, over the whole field. */
static void hair_cracks(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 7 + 9 * t->k[0], long_way = 0.3f + 0.5f * t->k[1];
    float n = ay_ridge2(x * s * long_way + 0.6f * ay_noise2(x * 5, y * 5, t->seed), y * s, 3,
                        t->seed + 1);
    float k = smooth(0.55f, 0.85f, n);

    rolled(t, x, y, o);
    shade(o, 1 - (0.35f + 0.4f * t->k[2]) * k + 0.15f * (n - 0.5f));
    o->bump -= 0.012f * k;
}

/* A few branching long cracks. */
static void long_crack(const ay_tex *t, float x, float y, ay_texel *o)
{
    float k = 0;

    rolled(t, x, y, o);
    for (int i = 0; i < 1 + (int)(t->k[0] * 2.5f); i++) {
        float a = t->k[1] * 3 + (float)i * 1.1f, c = cosq(a), s = sinq(a), u = x * c + y * s,
              v = y * c - x * s;
        float path = 0.35f * ay_fbm2(u * 1.6f, (float)i * 7, 4, t->seed + (uint32_t)i) +
                     (t->k[2] - 0.5f) * 0.8f;
        float w = 0.012f + 0.03f * t->k[3] * (0.6f + 0.4f * ay_noise2(u * 6, 3, t->seed + 8));
        k = maxf(k, smooth(w, w * 0.3f, absf(v - path)));
    }
    shade(o, 1 - 0.85f * k);
    o->bump -= 0.05f * k;
}

/* Dark drawn-out spots along y. */
static void streak_spots(const ay_tex *t, float x, float y, ay_texel *o)
{
    float k = 0;

    rolled(t, x, y, o);
    for (int i = 0; i < 1 + (int)(t->k[0] * 5); i++) {
        float cx = hash2(i, 1, t->seed) * 1.8f - 0.9f, cy = hash2(i, 2, t->seed) * 1.6f - 0.8f;
        float w = 0.02f + 0.06f * hash2(i, 3, t->seed),
              h = 0.12f + 0.75f * hash2(i, 4, t->seed) * t->k[1];
        float wob = 0.05f * ay_noise2(y * 5, (float)i * 9, t->seed) +
                    0.4f * w * ay_noise2(x * 22, y * 14, t->seed + 5);
        float d = len2((x - cx + wob) / w, (y - cy) / h);
        k = maxf(k, smooth(1.15f, 0.6f, d));
    }
    shade(o, 1 - (0.5f + 0.4f * t->k[2]) * k);
    o->bump -= 0.02f * k;
}

/* Blotches with clear edges, darker or lighter. */
static void blotches(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 1.1f + 1.6f * t->k[0],
          n = ay_fbm2(x * s, y * s * (0.6f + 0.6f * t->k[1]), 4, t->seed);
    float k = smooth(0.02f, 0.02f + 0.05f + 0.12f * t->k[2], n - 0.12f + 0.2f * t->k[3]);
    float sign = t->k[4] < 0.75f ? -1 : 1;

    rolled(t, x, y, o);
    shade(o, 1 + sign * (0.3f + 0.35f * t->k[5]) * k *
                     (0.85f + 0.25f * ay_noise2(x * 12, y * 12, t->seed + 4)));
    o->rough = lerpf(o->rough, 0.95f, k);
}

/* Many small pits close together. */
static void dense_pits(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 6 + 9 * t->k[0], n = ay_fbm2(x * s, y * s, 4, t->seed),
          m = ay_noise2(x * 1.4f, y * 1.4f, t->seed + 2);
    float k = smooth(0.0f, 0.5f, n + 0.35f * m - 0.12f + 0.25f * t->k[1]);

    rolled(t, x, y, o);
    shade(o, 1 - (0.45f + 0.4f * t->k[2]) * k + 0.25f * n);
    o->bump -= 0.03f * k;
    o->rough = 0.95f;
}

/* Separate round pits. */
static void round_pits(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2.5f + 4 * t->k[0];
    ay_cell c = ay_worley2(x * s, y * s, 1, t->seed);
    float big = 0.1f + 0.28f * fractf(c.id * 7) * (0.4f + t->k[2]);
    float k = fractf(c.id * 13) < 0.35f + 0.5f * t->k[1] ? smooth(big, big * 0.5f, c.f1) : 0;

    rolled(t, x, y, o);
    shade(o, 1 - 0.5f * k);
    o->bump -= 0.1f * k / s;
}

/* Pressed-in scale: a coarse mottle in waves across, rough all over. */
static void scale_mottle(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 3 + 4 * t->k[0], wave = ay_noise2(x * 1.1f, y * (2 + 4 * t->k[1]), t->seed + 7);
    float n = ay_fbm2(x * s, y * s * 1.7f, 5, t->seed),
          m = ay_ridge2(x * s * 1.5f, y * s * 2, 2, t->seed + 3);
    float k = smooth(-0.1f, 0.45f, n + 0.5f * wave);

    rolled(t, x, y, o);
    shade(o, 1 - (0.3f + 0.35f * t->k[2]) * k + 0.2f * (m - 0.4f));
    o->bump += 0.03f * n + 0.012f * m;
    o->rough = 0.9f;
}

static float line_marks(const ay_tex *t, float x, float y, int n, float w, float spread,
                        float reach)
{
    float k = 0;

    for (int i = 0; i < n; i++) {
        float a = (t->k[6] < 0.5f ? 0 : AY_PI / 2) + (hash2(i, 1, t->seed) - 0.5f) * spread;
        float off = hash2(i, 2, t->seed) * 2 - 1, mid = hash2(i, 3, t->seed) * 1.4f - 0.7f;
        float u = x * cosq(a) + y * sinq(a), v = y * cosq(a) - x * sinq(a) - off;
        float len = reach * (0.3f + hash2(i, 4, t->seed)), wide = w * (0.4f + hash2(i, 5, t->seed));
        float gap = smooth(-0.55f, 0.1f, ay_noise2(u * 3, (float)i * 5, t->seed + 3));
        v += 0.02f * ay_noise2(u * 2, (float)i, t->seed + 4);
        k = maxf(k, smooth(wide, wide * 0.25f, absf(v)) * smooth(len, len * 0.7f, absf(u - mid)) *
                        gap);
    }
    return k;
}

static void few_scratches(const ay_tex *t, float x, float y, ay_texel *o)
{
    float k = line_marks(t, x, y, 1 + (int)(t->k[0] * 4), 0.02f + 0.03f * t->k[1], 0.25f, 1.2f);

    rolled(t, x, y, o);
    o->colour = v3_mix(
        o->colour,
        t->k[2] < 0.8f ? v3_add(v3_scale(t->c, 1.2f), v3_all(0.1f)) : v3_scale(t->a, 0.2f), k);
    o->bump -= 0.03f * k;
}

static void many_scratches(const ay_tex *t, float x, float y, ay_texel *o)
{
    float k = line_marks(t, x, y, 14 + (int)(t->k[0] * 16), 0.008f + 0.008f * t->k[1], 3.2f, 0.8f);

    rolled(t, x, y, o);
    o->colour = v3_mix(o->colour, v3_add(t->c, v3_all(0.06f)), 0.8f * k);
    o->bump -= 0.012f * k;
}

static void grinding(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_noise2(x * 1.2f, y * (30 + 40 * t->k[0]), t->seed),
          m = ay_noise2(x * 3, y * 90, t->seed + 1);

    rolled(t, x, y, o);
    shade(o, 1 + 0.35f * n + 0.2f * m);
    o->bump += 0.006f * n;
    o->rough = 0.4f;
}

static void cross_grinding(const ay_tex *t, float x, float y, ay_texel *o)
{
    float a = 0.5f + 0.5f * t->k[1], c = cosq(a), s = sinq(a), f = 25 + 35 * t->k[0];
    float n = ay_noise2((x * c + y * s) * 1.5f, (y * c - x * s) * f, t->seed);
    float m = ay_noise2((x * c - y * s) * 1.5f, (y * c + x * s) * f, t->seed + 1);

    rolled(t, x, y, o);
    shade(o, 1 + 0.3f * maxf(n, m) - 0.25f * maxf(-n, -m));
    o->bump += 0.006f * (n + m);
}

static void turned(const ay_tex *t, float x, float y, ay_texel *o)
{
    float r = len2(x - t->k[0] * 3 + 1.5f, y - t->k[1] * 3 + 1.5f), f = 12 + 30 * t->k[2];
    float n = sinq(r * f * 3) * (0.6f + 0.4f * ay_noise2(r * 8, 1, t->seed));

    rolled(t, x, y, o);
    shade(o, 1 + 0.18f * n);
    o->bump += 0.006f * n;
    o->rough = 0.35f;
}

static void chatter(const ay_tex *t, float x, float y, ay_texel *o)
{
    float f = 5 + 9 * t->k[0], n = sinq(y * f * 2 + 0.8f * ay_noise2(x * 2, y * 2, t->seed));

    rolled(t, x, y, o);
    shade(o, 1 + 0.16f * n * (0.6f + 0.5f * ay_noise2(x * 1.5f, y, t->seed + 1)));
    o->bump += 0.02f * n;
}

static void dents(const ay_tex *t, float x, float y, ay_texel *o)
{
    float h = 0;

    rolled(t, x, y, o);
    for (int i = 0; i < 1 + (int)(t->k[0] * 4); i++) {
        float d =
            len2(x - hash2(i, 1, t->seed) * 1.6f + 0.8f, y - hash2(i, 2, t->seed) * 1.6f + 0.8f);
        float r = 0.12f + 0.3f * hash2(i, 3, t->seed);
        h -= r * 0.35f * smooth(r, 0, d);
    }
    o->bump += h;
    o->rough = 0.45f;
}

/* The same dent again and again: something stuck to a roll. */
static void roll_marks(const ay_tex *t, float x, float y, ay_texel *o)
{
    float step = 0.35f + 0.35f * t->k[0], u = x - (t->k[1] - 0.5f),
          v = fractf(y / step + t->k[2]) * step - step / 2;
    float w = 0.04f + 0.07f * t->k[3];
    float d = len2(u + 0.3f * w * ay_noise2(v * 30, 1, t->seed),
                   v + 0.3f * w * ay_noise2(u * 30, 2, t->seed));
    float k = smooth(w, w * 0.4f, d);

    rolled(t, x, y, o);
    shade(o, 1 - 0.45f * k);
    o->bump -= 0.06f * k;
}

/* A lap: a wavy dark line with torn lips. */
static void fold(const ay_tex *t, float x, float y, ay_texel *o)
{
    float path = (t->k[0] - 0.5f) + 0.2f * ay_fbm2(y * 1.5f, 4, 4, t->seed), d = x - path;
    float k = smooth(0.03f, 0.005f, absf(d)),
          lip = smooth(0.16f, 0.02f, d) * smooth(-0.01f, 0.02f, d);

    rolled(t, x, y, o);
    shade(o, 1 - 0.75f * k + 0.25f * lip * ay_noise2(x * 20, y * 5, t->seed + 2));
    o->bump += 0.04f * lip - 0.03f * k;
}

static void rust_spots(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 2.4f, y * 2.4f, 5, t->seed), k = smooth(0.1f - 0.2f * t->k[0], 0.4f, n);

    rolled(t, x, y, o);
    shade(o, 1 - 0.6f * k + 0.3f * k * ay_noise2(x * 30, y * 30, t->seed + 2));
    o->bump += 0.02f * k * ay_noise2(x * 18, y * 18, t->seed + 3);
    o->rough = lerpf(o->rough, 1, k);
}

static void drips(const ay_tex *t, float x, float y, ay_texel *o)
{
    float k = 0;

    rolled(t, x, y, o);
    for (int i = 0; i < 5; i++) {
        float cx = hash2(i, 1, t->seed) * 2 - 1 + 0.04f * ay_noise2(y * 3, (float)i, t->seed),
              end = hash2(i, 2, t->seed) * 1.6f - 0.9f;
        float w = 0.03f + 0.06f * hash2(i, 3, t->seed);
        k = maxf(k, smooth(w, w * 0.6f, absf(x - cx)) * smooth(end - 0.05f, end, y));
        k = maxf(k, smooth(w * 1.3f, w, len2(x - cx, y - end)));
    }
    shade(o, 1 - (0.25f + 0.3f * t->k[0]) * k);
    o->rough = lerpf(o->rough, 0.35f, k);
}

static void weld(const ay_tex *t, float x, float y, ay_texel *o)
{
    float w = 0.16f + 0.14f * t->k[0],
          v = (x - 0.4f * (t->k[1] - 0.5f)) / w + 0.15f * ay_noise2(y * 3, 1, t->seed);
    float bead = smooth(1, 0.75f, absf(v)), scale = fractf(y * (5 + 4 * t->k[2]) + 0.5f * v * v);

    rolled(t, x, y, o);
    shade(o, 1 - 0.4f * smooth(2.6f, 1, absf(v)) + 0.2f * bead);
    o->bump += bead * w * 0.5f * sqrtf(maxf(1 - v * v, 0)) + 0.03f * bead * scale;
    o->rough = lerpf(o->rough, 0.35f, bead);
}

static void hammered(const ay_tex *t, float x, float y, ay_texel *o)
{
    ay_cell c = ay_worley2(x * (3 + 4 * t->k[0]), y * (3 + 4 * t->k[0]), 0.8f, t->seed);

    rolled(t, x, y, o);
    o->bump += 0.09f * c.f1 * c.f1;
    o->rough = 0.35f;
}

static void orange_peel(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 8 + 10 * t->k[0];

    rolled(t, x, y, o);
    o->bump += 0.022f * ay_fbm2(x * s, y * s, 2, t->seed);
    o->rough = 0.3f;
}

static void cast_grain(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 14 + 10 * t->k[0];
    ay_cell c = ay_worley2(x * s, y * s, 1, t->seed);

    rolled(t, x, y, o);
    shade(o, 0.8f + 0.4f * c.id);
    o->bump += 0.03f * (1 - c.f1) + 0.01f * ay_fbm2(x * 4, y * 4, 3, t->seed + 1);
    o->rough = 0.95f;
}

/* Crystals of zinc, each with its own shine. */
static void spangle(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 1.8f + 3 * t->k[0];
    ay_cell c = ay_worley2(x * s + 0.2f * ay_noise2(x * 6, y * 6, t->seed), y * s, 1, t->seed);
    float a = c.id * 6.28f,
          lines = ay_noise2((x * cosq(a) + y * sinq(a)) * 30, c.id * 50, t->seed + 3);

    rolled(t, x, y, o);
    shade(o, 0.65f + 0.7f * fractf(c.id * 17) + 0.12f * lines);
}

static void peeling(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 1.6f, y * 1.6f, 5, t->seed),
          on = smooth(-0.02f, 0.02f, n + 0.3f * (t->k[0] - 0.4f));

    rolled(t, x, y, o);
    o->colour = v3_mix(v3_scale(o->colour, 0.5f),
                       v3_scale(t->c, 0.9f + 0.05f * ay_noise2(x * 20, y * 20, t->seed)), on);
    o->bump += 0.03f * on;
    o->rough = lerpf(1, 0.4f, on);
}

static void holes(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2 + 4 * t->k[0], odd = t->k[1] < 0.5f ? 0.5f * (float)(floori(y * s) & 1) : 0;
    float d = len2(fractf(x * s + odd) - 0.5f, fractf(y * s) - 0.5f),
          k = smooth(0.22f + 0.12f * t->k[2], 0.2f, d);

    rolled(t, x, y, o);
    shade(o, 1 - 0.95f * k);
    o->bump -= 0.08f * k;
}

static void tread(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2 + 2 * t->k[0], u = x * s, v = y * s;
    int flip = (floori(u) + floori(v)) & 1;
    float a = fractf(u) - 0.5f, b = fractf(v) - 0.5f, p = (a + b) * 0.7f, q = (a - b) * 0.7f;
    float d = flip ? len2(p / 0.4f, q / 0.11f) : len2(p / 0.11f, q / 0.4f);

    rolled(t, x, y, o);
    o->bump += 0.1f / s * smooth(1.05f, 0.5f, d);
    o->rough = 0.4f;
}

static void wire_mesh(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 3 + 5 * t->k[0], u = fractf(x * s) - 0.5f, v = fractf(y * s) - 0.5f,
          w = 0.14f + 0.12f * t->k[1];
    int flip = (floori(x * s) + floori(y * s)) & 1;
    float hu = absf(u) < w ? sqrtf(w * w - u * u) : -1,
          hv = absf(v) < w ? sqrtf(w * w - v * v) : -1;
    float h = flip ? maxf(hu + 0.05f, hv) : maxf(hu, hv + 0.05f);

    rolled(t, x, y, o);
    if (h < 0) {
        shade(o, 0.08f);
        return;
    }
    o->bump += h / s;
    o->rough = 0.35f;
}

#define FIELD(n, f)                                                                                \
    {                                                                                              \
        .name = n, .field = f, .tint = AY_TINT_GREY                                                \
    }
static const ay_draw_class classes[] = {
    FIELD("sound metal", sound),
    FIELD("crack web", crack_web),
    FIELD("hair cracks", hair_cracks),
    FIELD("long crack", long_crack),
    FIELD("streak spots", streak_spots),
    FIELD("blotches", blotches),
    FIELD("dense pits", dense_pits),
    FIELD("round pits", round_pits),
    FIELD("scale mottle", scale_mottle),
    FIELD("few scratches", few_scratches),
    FIELD("many scratches", many_scratches),
    FIELD("grinding", grinding),
    FIELD("cross grinding", cross_grinding),
    FIELD("turned metal", turned),
    FIELD("chatter", chatter),
    FIELD("dents", dents),
    FIELD("roll marks", roll_marks),
    FIELD("fold", fold),
    FIELD("rust spots", rust_spots),
    FIELD("drips", drips),
    FIELD("weld", weld),
    FIELD("hammered metal", hammered),
    FIELD("orange peel", orange_peel),
    FIELD("cast grain", cast_grain),
    FIELD("spangle", spangle),
    FIELD("peeling paint", peeling),
    FIELD("perforated sheet", holes),
    FIELD("tread plate", tread),
    FIELD("wire mesh", wire_mesh),
};
const ay_draw_family ay_family_steel = {classes, sizeof classes / sizeof *classes};
