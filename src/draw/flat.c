/* Flat pictures and scenes: landscapes, skylines, pages, charts, screens, simple figures.
 *
 * Fields over about -1..1, y up; painted back to front, each part covering the last. */
#include "draw/family.h"
#include "draw/noise.h"

static void sky(const ay_tex *t, float x, float y, ay_texel *o)
{
    float k = t->k[11], cloud = smooth(0.05f, 0.6f, ay_fbm2(x * 1.2f, y * 2.4f, 4, t->seed + 50));
    ay_v3 high = k < 0.6f   ? v3(0.1f, 0.28f, 0.7f)
                 : k < 0.8f ? v3(0.1f, 0.08f, 0.25f)
                            : v3(0.35f, 0.4f, 0.45f);
    ay_v3 low = k < 0.6f   ? v3(0.55f, 0.7f, 0.9f)
                : k < 0.8f ? v3(0.95f, 0.4f, 0.1f)
                           : v3(0.6f, 0.62f, 0.63f);

    o->colour =
        v3_mix(v3_mix(low, high, smooth(-0.3f, 1, y)), v3_all(0.85f), 0.7f * cloud * t->k[10]);
    o->rough = 1;
    if (len2(x - t->k[9] * 1.4f + 0.7f, y - 0.3f - 0.5f * t->k[8]) < 0.12f)
        o->colour = v3(1.3f, 1.2f, 0.8f);
}

static void hills(const ay_tex *t, float x, float y, ay_texel *o)
{
    sky(t, x, y, o);
    for (int i = 0; i < 4; i++) {
        float top = 0.25f - 0.27f * (float)i +
                    0.25f * ay_fbm2(x * (0.8f + 0.5f * (float)i), (float)i * 5, 4, t->seed);
        if (y < top)
            o->colour =
                v3_scale(v3_mix(v3(0.3f, 0.42f, 0.5f), v3(0.08f, 0.24f, 0.03f), (float)i / 3),
                         0.8f + 0.4f * ay_fbm2(x * 6, y * 9, 4, t->seed + (uint32_t)i));
    }
}

static void mountains(const ay_tex *t, float x, float y, ay_texel *o)
{
    sky(t, x, y, o);
    for (int i = 0; i < 3; i++) {
        float top = 0.5f - 0.4f * (float)i +
                    0.5f * (ay_ridge2(x * 0.9f + (float)i * 3, (float)i, 5, t->seed) - 0.5f);
        float light = 0.6f + 0.8f * ay_noise2(x * 5 + y * 3, y * 4, t->seed + 8);
        if (y < top)
            o->colour = v3_scale(y > top - 0.2f * t->k[0] + 0.1f * light ? v3_all(0.8f)
                                                                         : v3(0.2f, 0.2f, 0.23f),
                                 maxf(light, 0.2f) * (1 - 0.2f * (float)i));
    }
}

static void sea(const ay_tex *t, float x, float y, ay_texel *o)
{
    float line = 0.3f * (t->k[0] - 0.5f), d = line - y;

    sky(t, x, y, o);
    if (d < 0)
        return;
    float n = ay_fbm2(x * 2 / (d + 0.12f), 4 / (d + 0.12f), 3, t->seed + 1);
    o->colour = v3_scale(v3_mix(o->colour, v3(0.02f, 0.14f, 0.2f), 0.6f), 0.7f + 0.8f * n);
    if (d > 0.75f + 0.1f * ay_noise2(x * 3, 1, t->seed))
        o->colour = v3(0.6f, 0.48f, 0.28f);
}

static void skyline(const ay_tex *t, float x, float y, ay_texel *o)
{
    sky(t, x, y, o);
    for (int i = 0; i < 3; i++) {
        float s = 4 + 2 * (float)i, u = x * s + (float)i * 0.4f;
        int b = floori(u);
        float top = -0.2f * (float)i + 0.7f * hash2(b, i, t->seed) - 0.1f;
        if (y > top || fractf(u) < 0.06f)
            continue;
        o->colour = v3_scale(hsv(hash2(b, i, t->seed + 1), 0.2f, 0.6f), 0.25f + 0.2f * (float)i);
        int wx = floori(fractf(u) * 6), wy = floori(y * 16);
        if ((wx & 1) && (wy & 1))
            o->colour = hash2(wx + b * 9, wy, t->seed + 2) < 0.4f ? v3(0.9f, 0.75f, 0.35f)
                                                                  : v3_scale(o->colour, 0.5f);
    }
}

static void night(const ay_tex *t, float x, float y, ay_texel *o)
{
    ay_cell c = ay_worley2(x * 14, y * 14, 1, t->seed);
    float haze = smooth(-0.2f, 0.7f, ay_fbm2(x + y, y * 0.8f - x, 5, t->seed + 2));

    o->colour = v3_add(v3(0.005f, 0.006f, 0.02f),
                       v3_scale(v3_mix(t->a, t->b, fractf(c.id * 3)), 0.12f * haze));
    if (c.f1 < 0.03f + 0.07f * fractf(c.id * 11))
        o->colour = v3_scale(v3(1, 0.95f, 0.85f + 0.3f * c.id), 1.5f * fractf(c.id * 5));
    if (len2(x - 0.4f, y - 0.4f) < 0.25f * t->k[0])
        o->colour = v3_scale(v3_all(0.8f), 0.8f + 0.3f * ay_fbm2(x * 6, y * 6, 4, t->seed));
}

static void road(const ay_tex *t, float x, float y, ay_texel *o)
{
    float line = 0.1f, d = line - y;

    sky(t, x, y, o);
    if (d < 0)
        return;
    float u = (x - 0.3f * (t->k[1] - 0.5f) * (1 - d)) / (0.1f + 0.9f * d), w = 0.15f / (d + 0.05f);
    o->colour = v3_scale(v3(0.12f, 0.22f, 0.05f), 0.8f + 0.4f * ay_noise2(u * 9, w * 9, t->seed));
    if (absf(u) < 0.7f)
        o->colour = v3_scale(v3_all(0.12f), 0.9f + 0.2f * ay_noise2(u * 20, w * 20, t->seed));
    if (absf(absf(u) - 0.63f) < 0.02f || (absf(u) < 0.02f && fractf(w * 3 + t->k[2]) < 0.5f))
        o->colour = v3_all(0.8f);
}

static void room(const ay_tex *t, float x, float y, ay_texel *o)
{
    float m = maxf(absf(x) / 0.55f, absf(y) / 0.42f), w = t->k[0] - 0.5f;

    if (m < 1)
        o->colour = v3_scale(t->a, 0.9f); /* far wall */
    else if (absf(x) / 0.55f > absf(y) / 0.42f)
        o->colour = v3_scale(t->a, 0.6f + 0.15f * (x > 0));
    else if (y > 0)
        o->colour = v3_all(0.75f);
    else
        o->colour = v3_scale(v3(0.3f, 0.17f, 0.07f),
                             0.8f + 0.3f * (fractf(x / absf(y) * 4) < 0.05f
                                                ? -1.0f
                                                : ay_noise2(x / y * 9, 3 / y, t->seed)));
    if (absf(x - w * 0.5f) < 0.18f && absf(y - 0.12f) < 0.16f)
        o->colour = absf(x - w * 0.5f) < 0.01f ? v3_all(0.4f) : v3(0.8f, 0.9f, 1.1f);
    if (y < -0.28f && y > -0.6f && absf(x + w) < 0.3f)
        o->colour = v3_scale(t->b, y > -0.36f ? 0.9f : 0.5f);
    o->rough = 1;
}

static void shelves(const ay_tex *t, float x, float y, ay_texel *o)
{
    float v = y * 2.2f, u = x * (4 + 3 * t->k[0]);
    int row = floori(v), col;
    float f = fractf(v);

    u += hash2(row, 3, t->seed);
    col = floori(u);
    o->colour = v3_scale(t->a, 0.15f);
    if (f < 0.08f)
        o->colour = t->a;
    else if (f < 0.5f + 0.4f * hash2(col, row, t->seed) &&
             fractf(u) < 0.75f + 0.2f * hash2(col, row, t->seed + 2)) {
        o->colour = hsv(hash2(col, row, t->seed + 1), 0.7f, 0.8f);
        if (absf(f - 0.3f) < 0.08f)
            o->colour = v3_all(0.75f);
    }
    o->rough = 0.5f;
}

static bool ink(float x, float y, float rows, uint32_t seed)
{
    float v = y * rows, f = fractf(v),
          word = ay_noise2(x * rows * 0.55f, (float)floori(v) * 3.7f, seed);

    return f > 0.3f && f < 0.75f && word > -0.2f &&
           hash2(floori(x * rows * 3), floori(v * 4), seed) < 0.7f &&
           x < 0.75f - 0.5f * (hash2(floori(v), 1, seed) > 0.8f);
}

static void page(const ay_tex *t, float x, float y, ay_texel *o)
{
    bool sheet = absf(x) < 0.85f && absf(y) < 1.1f;

    o->colour = sheet ? v3_all(0.8f) : v3_scale(t->a, 0.5f);
    o->bump = sheet ? 0.02f : 0;
    if (sheet && absf(x) < 0.72f && y < 0.75f && ink(x, y, 11 + 8 * t->k[0], t->seed))
        o->colour = v3_all(0.05f);
    if (absf(y - 0.88f) < 0.05f && absf(x) < 0.4f && ink(x * 2, 0.5f, 1, t->seed))
        o->colour = v3_all(0.03f);
}

static void handwriting(const ay_tex *t, float x, float y, ay_texel *o)
{
    float rows = 3 + 4 * t->k[0], v = y * rows;
    int row = floori(v);
    float word = ay_noise2(x * 2.5f, (float)row * 5.1f, t->seed);
    float path = 0.5f + 0.22f * ay_noise2(x * 9, (float)row * 7, t->seed) +
                 0.2f * sinq(x * 45 + 6 * ay_noise2(x * 4, (float)row, t->seed));

    o->colour = v3(0.82f, 0.8f, 0.72f);
    if (fractf(v) < 0.04f && t->k[1] < 0.6f)
        o->colour = v3(0.4f, 0.5f, 0.75f);
    if (word > -0.25f && absf(fractf(v) - path) < 0.07f && x < 0.85f)
        o->colour = v3_scale(v3(0.02f, 0.03f, 0.2f), 1 + t->k[2]);
}

static void bar_code(const ay_tex *t, float x, float y, ay_texel *o)
{
    o->colour = v3_all(0.82f);
    if (absf(x) < 0.8f && y > -0.4f && y < 0.6f &&
        hash2(floori(x * (25 + 15 * t->k[0])), 1, t->seed) < 0.5f)
        o->colour = v3_all(0.03f);
    if (absf(x) < 0.8f && y < -0.48f && y > -0.64f &&
        hash2(floori(x * 45), floori(y * 25), t->seed) < 0.5f)
        o->colour = v3_all(0.03f);
}

static void matrix_code(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = 19 + 2 * (float)(int)(t->k[0] * 6), u = (x + 0.8f) / 1.6f * n,
          v = (y + 0.8f) / 1.6f * n;
    bool in = u >= 0 && v >= 0 && u < n && v < n,
         dark = hash2(floori(u), floori(v), t->seed) < 0.5f;

    for (int i = 0; i < 3; i++) { /* three corner marks */
        float cx = absf(u - (i & 1 ? n - 3.5f : 3.5f)), cy = absf(v - (i & 2 ? 3.5f : n - 3.5f)),
              m = maxf(cx, cy);
        if (m < 4.5f)
            dark = m < 1.5f || (m > 2.5f && m < 3.5f);
    }
    o->colour = in && dark ? v3_all(0.03f) : v3_all(0.82f);
}

static void bar_chart(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = 4 + 5 * t->k[0], u = (x + 0.8f) / 1.6f * n;
    int b = floori(u);

    o->colour = t->k[1] < 0.7f ? v3_all(0.88f) : v3_all(0.02f);
    if (fractf(y * 4) < 0.04f && absf(x) < 0.85f)
        o->colour = v3_mix(o->colour, v3_all(0.4f), 0.5f);
    if (u > 0 && u < n && fractf(u) < 0.7f && y > -0.8f && y < -0.7f + 1.5f * hash2(b, 1, t->seed))
        o->colour = t->k[2] < 0.5f ? t->a : hsv(hash2(b, 2, t->seed), 0.8f, 0.85f);
    if (absf(x + 0.82f) < 0.012f || absf(y + 0.81f) < 0.012f)
        o->colour = v3_all(0.25f);
}

static void line_chart(const ay_tex *t, float x, float y, ay_texel *o)
{
    o->colour = t->k[1] < 0.6f ? v3_all(0.9f) : v3(0.012f, 0.016f, 0.03f);
    if (fractf(y * 3) < 0.03f || fractf(x * 3) < 0.03f)
        o->colour = v3_mix(o->colour, v3_all(0.4f), 0.4f);
    for (int i = 0; i < 1 + (int)(t->k[0] * 3); i++) {
        float v = 0.5f * x * (t->k[3] - 0.4f) + 0.8f * ay_fbm2(x * 1.6f, (float)i * 9, 4, t->seed),
              d = y - v + 0.3f * (float)i - 0.2f;
        if (absf(d) < 0.03f)
            o->colour = hsv(hash2(i, 1, t->seed), 0.85f, 0.85f);
        else if (t->k[4] < 0.3f && d < 0)
            o->colour = v3_mix(o->colour, hsv(hash2(i, 1, t->seed), 0.7f, 0.8f), 0.25f);
    }
}

static void pie_chart(const ay_tex *t, float x, float y, ay_texel *o)
{
    float r = len2(x, y), a = atan2q(y, x) / (2 * AY_PI) + 0.5f, sum = 0;

    o->colour = t->k[1] < 0.75f ? v3_all(0.88f) : v3_all(0.03f);
    if (r > 0.75f || (t->k[2] < 0.35f && r < 0.4f))
        return;
    for (int i = 0; i < 8; i++) {
        sum += 0.06f + 0.3f * hash2(i, 1, t->seed);
        if (a < sum || i == 7) {
            o->colour = hsv(hash2(i, 2, t->seed), 0.75f, 0.9f);
            return;
        }
    }
}

static void map_picture(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = ay_fbm2(x * 1.1f, y * 1.1f, 5, t->seed), r = ay_noise2(x * 2, y * 2, t->seed + 5);

    o->colour = n < -0.1f  ? v3(0.3f, 0.55f, 0.8f)
                : n < 0.2f ? v3(0.75f, 0.78f, 0.6f)
                           : v3(0.45f, 0.65f, 0.35f);
    if (absf(r) < 0.035f && n > -0.1f)
        o->colour = v3(0.9f, 0.65f, 0.15f);
    if (n > -0.1f && (absf(fractf(x * 4 + 0.3f * n) - 0.5f) < 0.03f ||
                      absf(fractf(y * 4 - 0.3f * r) - 0.5f) < 0.03f))
        o->colour = v3_all(0.92f);
}

static void web_page(const ay_tex *t, float x, float y, ay_texel *o)
{
    float n = 2 + (float)(int)(t->k[1] * 3), u = (x + 1) / 2 * n, v = (y + 0.9f) * 1.4f;
    bool dark = t->k[0] < 0.3f;

    o->colour = dark ? v3_all(0.015f) : v3_all(0.92f);
    if (y > 0.82f) {
        o->colour = t->a;
        if (hash2(floori(x * 6), 1, t->seed) < 0.4f && absf(fractf(x * 6) - 0.5f) < 0.3f &&
            absf(y - 0.91f) < 0.02f)
            o->colour = v3_all(0.9f);
    } else if (y > 0.3f && t->k[2] < 0.7f) {
        o->colour =
            v3_mix(t->b, t->c, smooth(-0.4f, 0.4f, ay_fbm2(x * 1.5f, y * 1.5f, 4, t->seed)));
        if (absf(x + 0.35f) < 0.4f && y > 0.42f && y < 0.68f && ink(x, y, 12, t->seed))
            o->colour = v3_all(0.95f);
    } else if (fractf(u) > 0.08f && fractf(v) > 0.1f) {
        float f = fractf(v);
        if (f > 0.5f)
            o->colour = hsv(hash2(floori(u), floori(v), t->seed), 0.5f, 0.8f);
        else if (ink(fractf(u) * 0.7f, y, 22, t->seed))
            o->colour = dark ? v3_all(0.6f) : v3_all(0.1f);
    }
}

static void chat(const ay_tex *t, float x, float y, ay_texel *o)
{
    float v = y * (2.5f + 2 * t->k[0]);
    int row = floori(v);
    bool mine = hash2(row, 1, t->seed) < 0.5f, dark = t->k[1] < 0.4f;
    float w = 0.4f + 0.8f * hash2(row, 2, t->seed), u = mine ? 0.92f - x : x + 0.92f;

    o->colour = dark ? v3(0.01f, 0.015f, 0.02f) : v3_mix(v3_all(0.85f), t->c, 0.2f);
    if (y > 0.85f) {
        o->colour = t->a;
        return;
    }
    if (u > 0 && u < w && fractf(v) > 0.14f && fractf(v) < 0.9f) {
        o->colour = mine   ? v3_mix(t->b, v3_all(dark ? 0.05f : 0.8f), 0.3f)
                    : dark ? v3_all(0.05f)
                           : v3_all(0.95f);
        if (u > 0.06f && u < w - 0.08f && ink(u * 0.6f, y, 15, t->seed))
            o->colour = dark ? v3_all(0.7f) : v3_all(0.08f);
    }
}

static void code_screen(const ay_tex *t, float x, float y, ay_texel *o)
{
    float rows = 9 + 9 * t->k[0], v = y * rows;
    int row = floori(v), indent = (int)(hash2(row / 2, 1, t->seed) * 4);
    float u = (x + 0.92f) * rows * 0.6f - (float)indent * 1.4f,
          len = 2 + 9 * hash2(row, 2, t->seed);
    bool dark = t->k[1] < 0.75f;

    o->colour = dark ? v3(0.01f, 0.012f, 0.018f) : v3_all(0.93f);
    if (u > 0 && u < len && fractf(v) > 0.3f && fractf(v) < 0.78f &&
        hash2(floori(u * 6), row, t->seed) < 0.8f &&
        hash2(floori(u * 4), floori(v * 4), t->seed) < 0.75f)
        o->colour = hsv(hash2(floori(u * 0.7f), row, t->seed), 0.6f, dark ? 0.85f : 0.45f);
}

static void face(const ay_tex *t, float x, float y, ay_texel *o)
{
    float r = len2(x, y), smile = (t->k[0] - 0.4f) * 0.5f;

    o->colour = t->k[1] < 0.5f ? v3_all(0.85f) : t->b;
    if (r > 0.8f)
        return;
    o->colour = v3_mix(v3(0.95f, 0.65f, 0.05f), v3(1, 0.85f, 0.2f), 0.5f + 0.5f * y);
    for (int i = -1; i <= 1; i += 2)
        if (len2((x - 0.28f * (float)i) / 0.7f, y - 0.22f) < 0.09f + 0.08f * t->k[2])
            o->colour = v3(0.06f, 0.03f, 0.01f);
    if (absf(x) < 0.42f && absf(y + 0.25f + smile - smile * 5 * x * x) <
                               0.05f + (t->k[3] < 0.3f ? 0.1f * (1 - x * x * 5) : 0))
        o->colour = v3(0.15f, 0.03f, 0.02f);
}

static void flower(const ay_tex *t, float x, float y, ay_texel *o)
{
    float r = len2(x, y), a = atan2q(y, x), n = 5 + (float)(int)(t->k[0] * 8),
          petal = 0.5f + 0.3f * absf(sinq(a * n / 2 + t->k[1] * 6));

    o->colour = v3_scale(v3(0.08f, 0.22f, 0.04f), 0.6f + 0.7f * ay_fbm2(x * 4, y * 4, 4, t->seed));
    if (r < petal) {
        o->colour = v3_scale(t->a, 0.5f + 0.7f * r + 0.15f * ay_noise2(a * n * 2, r * 3, t->seed));
        o->bump = 0.1f * (petal - r);
    }
    if (r < 0.2f) {
        o->colour =
            v3_scale(v3(0.7f, 0.4f, 0.03f), 0.6f + 0.6f * ay_noise2(x * 40, y * 40, t->seed));
        o->bump = 0.1f;
    }
}

static void butterfly(const ay_tex *t, float x, float y, ay_texel *o)
{
    float u = absf(x), r = len2(u, y), a = atan2q(y, u),
          w = 0.75f * absf(sinq(a * 1.5f + 0.9f + 0.4f * t->k[0])) + 0.12f;

    o->colour = v3_mix(v3_all(0.8f), t->b, 0.4f * t->k[1]);
    if (r < w) {
        o->colour = r > w - 0.09f ? v3_all(0.02f) : v3_mix(t->a, t->c, fractf(r * 3));
        if (len2(u - 0.4f, y - 0.3f) < 0.1f || len2(u - 0.3f, y + 0.3f) < 0.08f)
            o->colour = v3_all(0.85f);
    }
    if (u < 0.05f && absf(y) < 0.45f)
        o->colour = v3_all(0.03f);
}

static void fish(const ay_tex *t, float x, float y, ay_texel *o)
{
    float body = len2((x + 0.1f) / 0.65f, y / (0.3f + 0.15f * t->k[0])), tail = x - 0.4f;

    o->colour = v3_mix(v3(0.02f, 0.2f, 0.35f), v3(0.05f, 0.45f, 0.55f),
                       0.5f + 0.5f * y + 0.2f * ay_noise2(x * 3, y * 3, t->seed));
    if (body < 1 || (tail > 0 && tail < 0.45f && absf(y) < 0.12f + tail * 0.8f)) {
        o->colour = v3_mix(
            t->a, t->b, t->k[1] < 0.6f ? (float)(fractf(x * 3.5f) < 0.4f) : smooth(-0.3f, 0.3f, y));
        o->colour = v3_scale(o->colour, 1.1f - 0.4f * body * body * (body < 1));
    }
    if (len2(x + 0.5f, y - 0.06f) < 0.06f)
        o->colour = len2(x + 0.5f, y - 0.06f) < 0.03f ? v3_all(0.01f) : v3_all(0.9f);
}

static void tree_picture(const ay_tex *t, float x, float y, ay_texel *o)
{
    float crown = len2(x, y - 0.3f) + 0.2f * ay_fbm2(x * 3, y * 3, 4, t->seed);

    sky(t, x, y, o);
    if (y < -0.6f + 0.08f * ay_noise2(x * 2, 1, t->seed))
        o->colour =
            v3_scale(v3(0.1f, 0.28f, 0.04f), 0.8f + 0.4f * ay_noise2(x * 20, y * 30, t->seed));
    if (absf(x) < 0.07f + 0.03f * absf(y) && y < 0.2f && y > -0.72f)
        o->colour =
            v3_scale(v3(0.14f, 0.07f, 0.03f), 0.8f + 0.5f * ay_noise2(x * 40, y * 5, t->seed));
    if (t->k[0] < 0.5f ? crown < 0.52f
                       : absf(x) < 0.5f * (0.9f - y) * (0.75f + 0.25f * fractf(y * 3)) &&
                             y > -0.35f && y < 0.9f)
        o->colour = v3_scale(v3(0.06f, 0.22f, 0.03f),
                             0.5f + 1.1f * ay_fbm2(x * 7, y * 7, 4, t->seed) + 0.4f * y);
}

static void sign(const ay_tex *t, float x, float y, ay_texel *o)
{
    int kind = (int)(t->k[0] * 4);
    float d = kind == 0   ? len2(x, y)
              : kind == 1 ? maxf(absf(x), absf(y))
              : kind == 2 ? (absf(x) + absf(y)) * 0.75f
                          : maxf(absf(x) * 0.87f + y * 0.5f, -y);

    o->colour = v3_scale(v3_mix(v3(0.3f, 0.45f, 0.7f), v3(0.1f, 0.2f, 0.05f), smooth(0, -0.4f, y)),
                         0.7f + 0.4f * ay_fbm2(x * 3, y * 3, 4, t->seed));
    if (absf(x) < 0.04f && y < 0)
        o->colour = v3_all(0.3f);
    if (d < 0.66f)
        o->colour = d > 0.52f        ? v3_scale(v3(0.6f, 0.02f, 0.03f), 1)
                    : t->k[1] < 0.6f ? v3_all(0.8f)
                                     : v3(0.05f, 0.15f, 0.5f);
    if (d < 0.45f && hash2(floori(absf(x) * 6), floori(y * 6), t->seed) < 0.35f)
        o->colour = t->k[1] < 0.6f ? v3_all(0.03f) : v3_all(0.85f);
}

#define FIELD(n, f, g)                                                                             \
    {                                                                                              \
        .name = n, .field = f, .centred = true, .upright = true, .gentle = g                       \
    }
static const ay_draw_class classes[] = {
    FIELD("hills", hills, 1),
    FIELD("mountains", mountains, 1),
    FIELD("sea", sea, 1),
    FIELD("skyline", skyline, 1),
    FIELD("night sky", night, 1),
    FIELD("road", road, 1),
    FIELD("room", room, 0.3f),
    FIELD("shelves", shelves, 0.3f),
    FIELD("printed page", page, 0.2f),
    FIELD("handwriting", handwriting, 0.2f),
    FIELD("bar code", bar_code, 0.2f),
    FIELD("matrix code", matrix_code, 0.3f),
    FIELD("bar chart", bar_chart, 1),
    FIELD("line chart", line_chart, 1),
    FIELD("pie chart", pie_chart, 1),
    FIELD("map", map_picture, 0.5f),
    FIELD("web page", web_page, 1),
    FIELD("chat", chat, 1),
    FIELD("code screen", code_screen, 1),
    FIELD("face", face, 0.5f),
    FIELD("flower", flower, 0.3f),
    FIELD("butterfly", butterfly, 0.3f),
    FIELD("fish", fish, 0.3f),
    FIELD("tree", tree_picture, 0.5f),
    FIELD("road sign", sign, 0.3f),
};
const ay_draw_family ay_family_flat = {classes, sizeof classes / sizeof *classes};
