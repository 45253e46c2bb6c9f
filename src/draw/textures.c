/* Materials seen flat: wood, cloth, stone, ground, print, food-like and abstract fields. */
#include "draw/family.h"
#include "draw/noise.h"

static void mixed(const ay_tex *t, ay_texel *o, float k)
{
    o->colour = v3_mix(t->a, t->b, clampf(k, 0, 1));
}

static void wood_grain(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_noise2(x * 0.8f, y * 0.18f, t->seed) * 3,
          g = ay_noise2(x * 26, y * 2, t->seed + 1);

    mixed(t, o, 0.5f + 0.4f * sinq((x + n) * (4 + 9 * t->k[0])) + 0.25f * g);
    o->bump = 0.006f * g;
}

static void wood_rings(const ay_tex *t, float x, float y, ay_texel *o)
{
    float cx = x - 0.8f * (t->k[0] - 0.5f), cy = y - 0.8f * (t->k[1] - 0.5f);
    float r = len2(cx, cy) * (9 + 9 * t->k[2]) + 1.5f * ay_fbm2(x * 2, y * 2, 3, t->seed);
    float crack =
        smooth(0.02f, 0, absf(fractf(atan2q(cy, cx) * 1.1f + t->k[3]) - 0.5f) * len2(cx, cy));

    mixed(t, o, fractf(r) + 0.1f * ay_noise2(x * 25, y * 25, t->seed + 1));
    o->colour = v3_scale(o->colour, 1 - 0.6f * crack);
}

static void planks(const ay_tex *t, float x, float y, ay_texel *o)
{
    float u = x * (2 + 2 * t->k[0]);
    int row = floori(u);
    float m = minf(fractf(u), 1 - fractf(u)),
          g = ay_noise2(x * 30, y * 2.5f + (float)row * 9, t->seed);

    mixed(t, o, 0.4f + 0.35f * g + 0.5f * (hash2(row, 1, t->seed) - 0.5f));
    o->bump = 0.03f * smooth(0, 0.06f, m);
    if (m < 0.03f)
        o->colour = v3_scale(o->colour, 0.2f);
}

static void bark(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_ridge2(x * 4 + 0.5f * ay_noise2(x * 3, y * 3, t->seed), y * 1.3f, 4, t->seed + 1);

    mixed(t, o, n * 1.2f);
    o->bump = -0.12f * n;
}

static void weave(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 8 + 14 * t->k[0], u = x * s, v = y * s;
    int over = (floori(u) + floori(v)) & 1;
    float h = over ? sinq(fractf(u) * AY_PI) : sinq(fractf(v) * AY_PI);
    float w = over ? sinq(fractf(v) * AY_PI) : sinq(fractf(u) * AY_PI);

    o->colour = v3_scale(over ? t->a : t->b, 0.4f + 0.6f * w);
    o->bump = 0.35f / s * h * w;
    o->rough = 1;
}

static void twill(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 12 + 16 * t->k[0], u = x * s, v = y * s;
    float d = fractf((u + v) * 0.25f), h = sinq(d * AY_PI);

    o->colour = v3_scale(t->a, 0.45f + 0.55f * h + 0.2f * ay_noise2(u * 2, v * 2, t->seed));
    o->bump = 0.25f / s * h;
    o->rough = 1;
}

static void knit(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 5 + 7 * t->k[0], u = fractf(x * s), v = y * s + (u < 0.5f ? u : 1 - u) * 0.9f;
    float a = absf(fractf(u * 2) - 0.5f), h = sinq(fractf(v) * AY_PI) * (1 - 1.6f * a * a);

    o->colour = v3_scale(t->k[1] < 0.6f || (floori(v) & 3) ? t->a : t->b, 0.35f + 0.65f * h);
    o->bump = 0.3f / s * h;
    o->rough = 1;
}

static void plaid(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 1.5f + 1.5f * t->k[0], u = fractf(x * s), v = fractf(y * s);
    float a = (u < 0.3f) + (u > 0.6f && u < 0.68f), b = (v < 0.3f) + (v > 0.6f && v < 0.68f);
    float th = 0.5f + 0.5f * sinq((x + y) * 70);

    o->colour = v3_mix(v3_mix(t->a, t->b, 0.5f * a), t->c, 0.5f * b);
    o->colour = v3_scale(o->colour, 0.8f + 0.2f * th);
    o->rough = 1;
}

static void stripes(const ay_tex *t, float x, float y, ay_texel *o)
{
    float u = fractf(x * (2 + 6 * t->k[0]) + 0.15f * t->k[1] * sinq(y * 4));

    o->colour = u < 0.5f ? t->a : u < 0.5f + 0.3f * t->k[2] ? t->c : t->b;
}

static void dots(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2 + 5 * t->k[0], odd = 0.5f * (float)(floori(y * s) & 1);

    o->colour = len2(fractf(x * s + odd) - 0.5f, fractf(y * s) - 0.5f) < 0.15f + 0.2f * t->k[1]
                    ? t->b
                    : t->a;
}

static void checks(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 1.5f + 5 * t->k[0];

    o->colour = (floori(x * s) + floori(y * s)) & 1 ? t->a : t->b;
}

static void fur(const ay_tex *t, float x, float y, ay_texel *o)
{
    float a = 1.5f * ay_noise2(x * 1.2f, y * 1.2f, t->seed), c = cosq(a), s = sinq(a);
    float n = ay_noise2((x * c + y * s) * 40, (y * c - x * s) * 5, t->seed + 1);
    float m = ay_noise2((x * c + y * s) * 22, (y * c - x * s) * 3, t->seed + 2);

    mixed(t, o, 0.5f + 0.4f * n + 0.3f * m + 0.3f * ay_noise2(x * 2, y * 2, t->seed + 3));
    o->bump = 0.02f * (n + m);
    o->rough = 1;
}

static void leather(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 9 + 9 * t->k[0];
    ay_cell c = ay_worley2(x * s, y * s, 0.9f, t->seed);
    float k = smooth(0.02f, 0.25f, c.f2 - c.f1);

    o->colour = v3_scale(t->a, 0.55f + 0.45f * k);
    o->bump = 0.25f / s * k + 0.02f * ay_fbm2(x * 2, y * 2, 2, t->seed);
    o->rough = 0.45f;
}

static void brick(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2.5f + 2 * t->k[0], v = y * s, u = x * s * 0.45f + 0.5f * (float)(floori(v) & 1);
    float m = minf(minf(fractf(u), 1 - fractf(u)) * 2.2f, minf(fractf(v), 1 - fractf(v)));
    float k = smooth(0.04f, 0.08f, m + 0.02f * ay_noise2(x * 20, y * 20, t->seed));

    o->colour = v3_mix(v3_all(0.45f), v3_mix(t->a, t->b, hash2(floori(u), floori(v), t->seed)), k);
    o->colour = v3_scale(o->colour, 0.85f + 0.25f * ay_fbm2(x * 9, y * 9, 3, t->seed));
    o->bump = 0.06f * k + 0.01f * ay_noise2(x * 25, y * 25, t->seed + 1);
    o->rough = 1;
}

static void tiles(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2 + 3 * t->k[0],
          m = minf(minf(fractf(x * s), 1 - fractf(x * s)), minf(fractf(y * s), 1 - fractf(y * s)));
    float k = smooth(0.02f, 0.05f, m);

    o->colour = v3_scale(
        v3_mix(t->c, v3_mix(t->a, t->b, 0.4f * hash2(floori(x * s), floori(y * s), t->seed)), k),
        1);
    o->bump = 0.04f * k;
    o->rough = 0.3f;
}

static void cobbles(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2 + 3 * t->k[0];
    ay_cell c = ay_worley2(x * s, y * s, 0.8f, t->seed);
    float k = smooth(0.03f, 0.35f, c.f2 - c.f1);

    o->colour = v3_scale(v3_mix(t->a, t->b, c.id), 0.25f + 0.75f * k);
    o->colour = v3_scale(o->colour, 0.9f + 0.3f * ay_fbm2(x * 8, y * 8, 3, t->seed));
    o->bump = 0.3f / s * k;
    o->rough = 0.9f;
}

static void marble(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 1.5f, y * 1.5f, 5, t->seed),
          m = 1 - absf(sinq((x + y * 0.4f + 1.6f * n) * (2 + 3 * t->k[0])));

    mixed(t, o, smooth(0.6f, 1, m) + 0.2f * n);
    o->rough = 0.2f;
}

static void granite(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 10 + 12 * t->k[0], n = ay_noise2(x * s, y * s, t->seed),
          m = ay_noise2(x * s * 1.6f, y * s * 1.6f, t->seed + 1);

    o->colour = n > 0.2f ? t->b : m > 0.25f ? t->c : v3_scale(t->a, 1 + 0.2f * m);
    o->rough = 0.3f;
}

static void concrete(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 2, y * 2, 5, t->seed),
          p = smooth(0.4f, 0.6f, ay_noise2(x * 12, y * 12, t->seed + 1));
    float g = 0.15f + 0.35f * t->k[0];

    o->colour = v3_scale(v3(g * 1.03f, g, g * 0.95f), 1 + 0.4f * n - 0.35f * p);
    o->bump = 0.015f * n - 0.03f * p;
    o->rough = 1;
}

static void sand(const ay_tex *t, float x, float y, ay_texel *o)
{
    float w = sinq(y * 9 + 2 * ay_fbm2(x * 1.2f, y * 1.2f, 3, t->seed) * 3),
          g = ay_noise2(x * 55, y * 55, t->seed + 1);

    o->colour = v3_scale(t->a, 1 + 0.25f * g);
    o->bump = 0.03f * t->k[0] * w + 0.006f * g;
    o->rough = 1;
}

static void gravel(const ay_tex *t, float x, float y, ay_texel *o)
{
    ay_cell a = ay_worley2(x * 7, y * 7, 1, t->seed),
            b = ay_worley2(x * 15, y * 15, 1, t->seed + 1);
    float k = smooth(0.02f, 0.3f, a.f2 - a.f1);

    o->colour = v3_scale(v3_mix(t->a, t->b, a.id), 0.3f + 0.5f * k + 0.3f * b.id);
    o->bump = 0.05f * k + 0.012f * (1 - b.f1);
    o->rough = 1;
}

static void mud_cracks(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2 + 3 * t->k[0];
    ay_cell c = ay_worley2(x * s + 0.15f * ay_noise2(x * 9, y * 9, t->seed), y * s, 1, t->seed);
    float k = smooth(0.02f, 0.09f, c.f2 - c.f1);

    o->colour =
        v3_scale(t->a, (0.15f + 0.85f * k) *
                           (0.85f + 0.2f * ay_fbm2(x * 7, y * 7, 3, t->seed) + 0.15f * c.id));
    o->bump = 0.08f * k - 0.05f * c.f1;
    o->rough = 1;
}

static void grass(const ay_tex *t, float x, float y, ay_texel *o)
{
    float best = 0;

    for (int i = 0; i < 4; i++) {
        float a = 0.5f * (float)i - 0.8f, u = x * cosq(a) - y * sinq(a),
              v = x * sinq(a) + y * cosq(a);
        best = maxf(best, ay_noise2(u * 24, v * 4, t->seed + (uint32_t)i));
    }
    o->colour = v3_scale(v3_mix(t->a, t->b, best), 0.25f + 1.1f * best);
    o->bump = 0.03f * best;
    o->rough = 0.8f;
}

static void leaves(const ay_tex *t, float x, float y, ay_texel *o)
{
    o->colour = v3_scale(t->a, 0.08f);
    for (int layer = 0; layer < 3; layer++) {
        float s = 2.6f - 0.5f * (float)layer, u = x * s + (float)layer * 3.3f, v = y * s;
        for (int j = -1; j <= 1; j++)
            for (int i = -1; i <= 1; i++) {
                int cx = floori(u) + i, cy = floori(v) + j;
                float a = 6.28f * hash2(cx, cy, t->seed + (uint32_t)layer), c = cosq(a),
                      sn = sinq(a);
                float px = u - (float)cx - hash2(cx, cy, t->seed + 9),
                      py = v - (float)cy - hash2(cx, cy, t->seed + 10);
                float p = px * c + py * sn, q = absf(py * c - px * sn),
                      w = 0.28f * (1 - (p / 0.6f) * (p / 0.6f));
                if (absf(p) < 0.6f && q < w) {
                    o->colour = v3_scale(v3_mix(t->a, t->b, hash2(cx, cy, t->seed + 11)),
                                         q < 0.02f ? 1.3f : 0.5f + 0.25f * (float)layer);
                    o->bump = 0.05f * (float)layer - 0.1f * q;
                }
            }
    }
    o->rough = 0.5f;
}

static void water(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = 0;

    for (int i = 0; i < 4; i++) {
        float a = hash2(i, 1, t->seed) * 6.28f, f = 4 + 9 * hash2(i, 2, t->seed);
        n += sinq((x * cosq(a) + y * sinq(a)) * f +
                  2 * ay_noise2(x * 2, y * 2, t->seed + (uint32_t)i)) /
             (4 + f);
    }
    o->colour = v3_mix(v3(0.02f, 0.12f, 0.2f), v3(0.05f, 0.3f, 0.35f), t->k[0]);
    o->bump = 0.25f * n;
    o->rough = 0.08f;
}

static void clouds(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 1.3f, y * 1.8f, 6, t->seed), k = smooth(-0.15f + 0.3f * t->k[0], 0.5f, n);

    o->colour = v3_mix(v3(0.1f + 0.1f * t->k[1], 0.3f, 0.7f), v3_all(0.95f), k);
    o->colour = v3_scale(o->colour, 1 - 0.3f * smooth(0.3f, 0.9f, n));
    o->bump = 0;
    o->rough = 1;
}

static void fire(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 2, y * 1.2f - 3, 5, t->seed) + 0.5f - 0.45f * y;

    o->colour = v3_all(0.01f);
    o->glow = v3(smooth(0, 0.5f, n) * 1.5f, smooth(0.25f, 0.9f, n), 0.5f * smooth(0.6f, 1.2f, n));
}

static void crumpled(const ay_tex *t, float x, float y, ay_texel *o)
{
    float h = 0, s = 1.2f + t->k[0];

    for (int i = 0; i < 3; i++, s *= 2) {
        ay_cell c = ay_worley2(x * s, y * s, 1, t->seed + (uint32_t)i);
        h += (c.f2 - c.f1) / s;
    }
    o->colour = t->a;
    o->bump = 0.22f * h;
    o->rough = 0.7f;
}

static void corrugated(const ay_tex *t, float x, float y, ay_texel *o)
{
    float f = 3 + 6 * t->k[0];

    o->colour = v3_scale(t->a, 0.9f + 0.2f * ay_fbm2(x * 3, y * 3, 4, t->seed));
    o->bump = 0.35f / f * sinq(x * f * 3);
    o->rough = 0.5f;
}

static void bubbles(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 2.5f + 4 * t->k[0];
    ay_cell c = ay_worley2(x * s, y * s, 0.9f, t->seed);
    float r = 0.25f + 0.2f * c.id, h = maxf(r * r - c.f1 * c.f1, 0);

    o->colour = v3_mix(t->a, t->b, h > 0 ? 0.5f + c.id * 0.5f : 0);
    o->bump = sqrtf(h) / s;
    o->rough = 0.12f;
}

static void scales(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 4 + 5 * t->k[0], v = y * s;

    for (int i = 0; i < 3; i++) { /* the nearest row that covers */
        int row = floori(v) - i;
        float u = x * s + 0.5f * (float)(row & 1),
              d = len2(fractf(u) - 0.5f, (v - (float)row) * 0.55f - 0.3f);
        if (d < 0.52f) {
            o->colour = v3_scale(v3_mix(t->a, t->b, hash2(floori(u), row, t->seed)), 1.1f - d);
            o->bump = 0.25f / s * (0.5f - d);
            break;
        }
    }
    o->rough = 0.3f;
}

static void honeycomb(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 3 + 4 * t->k[0], u = x * s, v = y * s / 0.866f, best = 9, second = 9;

    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            int row = floori(v) + j;
            float cx = (float)(floori(u) + i) + 0.5f * (float)(row & 1) + 0.25f,
                  cy = (float)row + 0.5f;
            float d = len2(u - cx, (v - cy) * 0.866f);
            second = d < best ? best : minf(second, d);
            best = minf(best, d);
        }
    float k = smooth(0.06f, 0.16f, second - best);
    o->colour = v3_mix(t->b, v3_scale(t->a, 0.5f + 0.5f * best), k);
    o->bump = -0.3f / s * k;
    o->rough = 0.4f;
}

static void camouflage(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 1.8f, y * 1.8f, 3, t->seed),
          m = ay_fbm2(x * 1.8f, y * 1.8f, 3, t->seed + 9);

    o->colour = n > 0.15f ? t->a : m > 0.1f ? t->b : n < -0.25f ? v3_scale(t->c, 0.2f) : t->c;
    o->rough = 1;
}

/* Spots and mazes: what reaction and diffusion leave, had here by thresholding noise of one width.
 */
static void maze(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 5 + 5 * t->k[0], a = 0, b = 0;

    for (int i = 0; i < 6; i++) {
        float d = AY_PI * ((float)i + hash2(i, 1, t->seed)) / 6,
              p = (x * cosq(d) + y * sinq(d)) * s * 1.6f + 9 * hash2(i, 2, t->seed);
        float w = ay_noise2(x * 1.3f, y * 1.3f, t->seed + (uint32_t)i);
        a += sinq(p + 3 * w);
        b += 1;
    }
    float k = smooth(-0.12f, 0.12f, a / b * 2.4f + 0.8f * (t->k[1] - 0.5f));
    mixed(t, o, k);
    o->bump = 0.02f * k;
}

static void halftone(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 12 + 10 * t->k[0], v = 0.5f + 0.5f * ay_fbm2(x * 1.2f, y * 1.2f, 3, t->seed);
    float u = (x + y) * 0.7f * s, w = (x - y) * 0.7f * s;

    o->colour = len2(fractf(u) - 0.5f, fractf(w) - 0.5f) < 0.7f * v ? t->a : t->b;
}

static void hatch(const ay_tex *t, float x, float y, ay_texel *o)
{
    float v = 0.5f + 0.7f * ay_fbm2(x * 1.1f, y * 1.1f, 3, t->seed), s = 14 + 8 * t->k[0], ink = 0;

    for (int i = 0; i < 3; i++) {
        float a = 0.7f + 0.9f * (float)i,
              p = fractf((x * cosq(a) + y * sinq(a)) * s + 0.3f * ay_noise2(x * 3, y * 3, t->seed));
        if (v < 0.75f - 0.22f * (float)i)
            ink = maxf(ink, smooth(0.25f, 0.15f, absf(p - 0.5f)));
    }
    o->colour = v3_mix(v3_all(0.85f), v3_all(0.05f), ink);
}

static void newsprint(const ay_tex *t, float x, float y, ay_texel *o)
{
    float s = 7 + 9 * t->k[0], col = x * 1.1f, v = y * s, u = fractf(col);
    float word = ay_noise2(col * 22, (float)floori(v) * 7.3f, t->seed),
          big = hash2(floori(col), floori(v / 7), t->seed);
    bool ink = u > 0.06f && u < 0.94f && fractf(v) < 0.62f && word > -0.25f &&
               hash2(floori(col * 60), floori(v * 3), t->seed) < 0.72f;

    o->colour = v3_all(0.8f);
    if (big < 0.18f && u > 0.06f && u < 0.94f)
        o->colour = v3_all(0.12f + 0.5f * (0.5f + 0.5f * ay_fbm2(x * 5, y * 5, 4, t->seed)));
    else if (ink)
        o->colour = v3_all(0.05f);
}

static void gradient(const ay_tex *t, float x, float y, ay_texel *o)
{
    float k = t->k[0] < 0.5f ? 0.5f + 0.4f * (x * cosq(t->k[1] * 6) + y * sinq(t->k[1] * 6))
                             : len2(x, y) * 0.8f;

    o->colour = v3_mix(v3_mix(t->a, t->b, smooth(0, 0.6f, k)), t->c, smooth(0.5f, 1.2f, k));
}

static void warped(const ay_tex *t, float x, float y, ay_texel *o)
{
    float p = ay_fbm2(x, y, 4, t->seed), q = ay_fbm2(x + 3 * p, y + 2, 4, t->seed + 1),
          n = ay_fbm2(x + 2 * q, y + 2 * p, 4, t->seed + 2);

    o->colour = v3_mix(v3_mix(t->a, t->b, smooth(-0.4f, 0.5f, n)), t->c, smooth(0, 0.6f, q));
    o->bump = 0.05f * t->k[0] * n;
}

static void splatter(const ay_tex *t, float x, float y, ay_texel *o)
{
    o->colour = v3_all(0.75f);
    for (int i = 0; i < 24; i++) {
        float px = hash2(i, 1, t->seed) * 2.4f - 1.2f, py = hash2(i, 2, t->seed) * 2.4f - 1.2f,
              r = 0.03f + 0.25f * hash2(i, 3, t->seed) * hash2(i, 4, t->seed);
        float a = atan2q(y - py, x - px), wob = 1 + 0.4f * ay_noise2(a * 2, (float)i, t->seed);
        if (len2(x - px, y - py) < r * wob) {
            o->colour = i % 3 == 0 ? t->a : i % 3 == 1 ? t->b : t->c;
            o->bump = 0.02f;
        }
    }
    o->rough = 0.4f;
}

#define FIELD(n, f, t)                                                                             \
    {                                                                                              \
        .name = n, .field = f, .tint = t                                                           \
    }
#define CENTRED(n, f, t)                                                                           \
    {                                                                                              \
        .name = n, .field = f, .tint = t, .centred = true                                          \
    }
#define ANY  AY_TINT_ANY
#define WARM AY_TINT_WARM
static const ay_draw_class classes[] = {
    FIELD("wood grain", wood_grain, WARM),
    CENTRED("wood rings", wood_rings, WARM),
    FIELD("planks", planks, WARM),
    FIELD("bark", bark, WARM),
    FIELD("weave", weave, ANY),
    FIELD("twill", twill, ANY),
    FIELD("knit", knit, ANY),
    FIELD("plaid", plaid, ANY),
    FIELD("stripes", stripes, ANY),
    FIELD("dots", dots, ANY),
    FIELD("checks", checks, ANY),
    FIELD("fur", fur, WARM),
    FIELD("leather", leather, WARM),
    FIELD("brick", brick, WARM),
    FIELD("tiles", tiles, ANY),
    FIELD("cobbles", cobbles, WARM),
    FIELD("marble", marble, ANY),
    FIELD("granite", granite, ANY),
    FIELD("concrete", concrete, ANY),
    FIELD("sand", sand, WARM),
    FIELD("gravel", gravel, WARM),
    FIELD("mud cracks", mud_cracks, WARM),
    FIELD("grass", grass, AY_TINT_GREEN),
    FIELD("leaves", leaves, AY_TINT_GREEN),
    FIELD("water", water, ANY),
    FIELD("clouds", clouds, ANY),
    CENTRED("fire", fire, ANY),
    FIELD("crumpled paper", crumpled, ANY),
    FIELD("corrugated sheet", corrugated, ANY),
    FIELD("bubbles", bubbles, ANY),
    FIELD("scales", scales, ANY),
    FIELD("honeycomb", honeycomb, WARM),
    FIELD("camouflage", camouflage, AY_TINT_GREEN),
    FIELD("maze", maze, ANY),
    FIELD("halftone", halftone, ANY),
    FIELD("hatching", hatch, ANY),
    FIELD("newsprint", newsprint, ANY),
    CENTRED("gradient", gradient, ANY),
    FIELD("warped noise", warped, ANY),
    CENTRED("splatter", splatter, ANY),
};
const ay_draw_family ay_family_textures = {classes, sizeof classes / sizeof *classes};
