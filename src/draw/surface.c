/* Surfaces: materials, the patterns on them, and wear.
 *
 * Print is real letters of a 3 x 5 font where they are large enough to read; everything finer is
 * left to noise.  Patterns never look at the camera, only at the place. */
#include "draw/surface.h"

#include "draw/noise.h"

static const uint16_t font[36] = {
    075557, 026227, 071747, 071717, 055711, 074717, 074757, 071122, 075757, 075717, 025755, 065656,
    034443, 065556, 074747, 074744, 034553, 055755, 072227, 011152, 055655, 044447, 057755, 057775,
    025552, 065644, 025563, 065655, 034216, 072222, 055557, 055552, 055775, 055255, 055222, 071247};

/* Is (x, y) in 0..1 (y up) ink of the letter? */
static bool letter(int which, float x, float y)
{
    int col = floori(x * 4), row = floori((1 - y) * 6);

    if (col < 0 || col > 2 || row < 0 || row > 4)
        return false;
    return font[which % 36] >> (14 - row * 3 - col) & 1;
}

/* Rows of words; one row a unit of y. */
static bool print(float x, float y, uint32_t seed)
{
    int row = floori(y), col = floori(x * 1.5f);
    float gap = hash2(col / 6, row, seed), len = 4 + 14 * hash2(row, 7, seed);

    if (gap < 0.15f || absf((float)col) > len)
        return false;
    return letter((int)(hash2(col, row, seed + 1) * 36), fractf(x * 1.5f),
                  fractf(y) * 1.35f - 0.1f);
}

static bool digit_segment(int digit, float x, float y)
{
    static const uint8_t on[10] = {0x77, 0x24, 0x5d, 0x6d, 0x2e, 0x6b, 0x7b, 0x25, 0x7f, 0x6f};
    static const float seg[7][4] = {{.5f, .92f, .26f, .07f}, {.2f, .72f, .07f, .16f},
                                    {.8f, .72f, .07f, .16f}, {.5f, .5f, .26f, .07f},
                                    {.2f, .28f, .07f, .16f}, {.8f, .28f, .07f, .16f},
                                    {.5f, .08f, .26f, .07f}};

    for (int i = 0; i < 7; i++)
        if (on[digit] >> i & 1 && absf(x - seg[i][0]) < seg[i][2] &&
            absf(y - seg[i][1]) < seg[i][3])
            return true;
    return false;
}

static ay_v3 hue_of(float h, float value)
{
    return hsv(h, 0.25f + 0.7f * fractf(h * 7.7f), value);
}

/* A picture on a screen: sky and hills, or discs, by seed.  u v in 0..1. */
static ay_v3 screen_picture(float u, float v, uint32_t seed)
{
    float pick = hash2(1, 1, seed), h = hash2(2, 1, seed), h2 = hash2(3, 1, seed);
    ay_v3 top = hue_of(h, 0.9f), low = hue_of(h2, 0.8f);

    if (pick < 0.45f) {
        ay_v3 o = v3_mix(low, top, v);
        for (int i = 0; i < 3; i++) {
            float hill = 0.55f - 0.16f * (float)i +
                         0.16f * ay_noise2(u * (2 + (float)i), 9, seed + (uint32_t)i);
            if (v < hill)
                o = v3_scale(hue_of(h2 + 0.1f * (float)i, 0.6f), 0.7f - 0.2f * (float)i);
        }
        return o;
    }
    if (pick < 0.75f) {
        float n = ay_noise2(u * 2.2f + ay_noise2(u * 3, v * 3, seed), v * 2.2f, seed + 5);
        return v3_mix(top, low, smooth(-0.5f, 0.6f, n));
    }
    ay_v3 o = v3_scale(top, 0.25f + 0.5f * v);
    for (int i = 0; i < 6; i++) {
        float cx = hash2(i, 4, seed), cy = hash2(i, 5, seed), r = 0.06f + 0.2f * hash2(i, 6, seed);
        if (len2(u - cx, v - cy) < r)
            o = hue_of(hash2(i, 7, seed), 0.95f);
    }
    return o;
}

/* Windows, bars and icons over a picture. */
static ay_v3 screen_windows(float u, float v, uint32_t seed)
{
    ay_v3 o = screen_picture(u, v, seed);

    if (hash2(8, 8, seed) < 0.5f) { /* grid of icons */
        float gx = u * (4 + 3 * hash2(9, 8, seed)), gy = v * 6;
        float r = maxf(absf(fractf(gx) - 0.5f), absf(fractf(gy) - 0.5f));
        if (r < 0.3f && hash2(floori(gx), floori(gy), seed) < 0.7f)
            o = hue_of(hash2(floori(gx), floori(gy), seed + 3), 0.95f);
    }
    for (int i = 0; i < 2; i++) {
        float x = hash2(i, 20, seed) * 0.5f, y = hash2(i, 21, seed) * 0.5f;
        float w = 0.25f + 0.4f * hash2(i, 22, seed), h = 0.25f + 0.35f * hash2(i, 23, seed);
        if (hash2(i, 24, seed) < 0.45f || u < x || v < y || u > x + w || v > y + h)
            continue;
        o = v3_all(v > y + h - 0.05f ? 0.3f : 0.9f);
        if (v < y + h - 0.08f && print((u - x) * 28 - 6, v * 22, seed + 9))
            o = v3_all(0.15f);
    }
    if (v < 0.05f)
        o = v3_scale(o, 0.2f);
    return o;
}

static ay_v3 board(const ay_material *m, ay_v3 q, ay_texel *t)
{
    float x = q.x * m->scale, y = q.y * m->scale;
    float a = fractf(x), b = fractf(y), copper;
    int ix = floori(x), iy = floori(y);
    float pick = hash2(ix, iy, m->seed);
    ay_v3 track = v3_mix(m->colour, m->colour2, 0.35f);

    /* each cell holds a straight, a turned or a crossing track: Truchet tiles */
    if (pick < 0.35f)
        copper = absf(a - 0.5f);
    else if (pick < 0.6f)
        copper = absf(b - 0.5f);
    else if (pick < 0.8f)
        copper = absf(len2(a - (pick < 0.7f), b) - 0.5f);
    else
        copper = 1;
    if (pick > 0.86f) { /* a pad with a hole */
        float r = len2(a - 0.5f, b - 0.5f);
        if (r < 0.12f)
            return v3_all(0.01f);
        if (r < 0.3f) {
            t->metal = 0.9f;
            t->rough = 0.35f;
            return v3(0.75f, 0.68f, 0.5f);
        }
    }
    if (hash2(ix / 5, iy / 3, m->seed + 2) > 0.86f && print(x * 1.4f, y * 1.2f, m->seed + 4))
        return v3_all(0.75f);
    return copper < 0.13f ? track : m->colour;
}

static ay_v3 dial(const ay_material *m, ay_v3 q, ay_v3 half)
{
    float u = q.x / half.x, v = q.y / half.y, r = len2(u, v), a = atan2q(u, v) / (2 * AY_PI);
    float tick = absf(fractf(a * 12 + 0.5f) - 0.5f) / 12 * 2 * AY_PI * r;
    float hour = hash2(1, 2, m->seed), minute = hash2(3, 2, m->seed);

    if (r > 0.72f && r < 0.92f && tick < 0.035f)
        return m->colour2;
    for (int i = 0; i < 2; i++) {
        float h = (i ? minute : hour) * 2 * AY_PI, s = sinq(h), c = cosq(h);
        float along = u * s + v * c, across = absf(u * c - v * s);
        if (along > -0.1f && along < (i ? 0.75f : 0.5f) && across < (i ? 0.03f : 0.05f))
            return m->colour2;
    }
    return m->colour;
}

static ay_v3 lens(const ay_material *m, ay_v3 q, ay_v3 half, ay_texel *t)
{
    float r = len2(q.x / half.x, q.y / half.y);
    float ring = fractf(r * 3.5f + hash2(1, 9, m->seed));

    t->rough = 0.05f;
    if (r > 0.85f)
        return v3_all(0.015f);
    if (len2(q.x / half.x - 0.3f, q.y / half.y - 0.35f) < 0.16f)
        return v3_scale(hue_of(0.55f + 0.3f * hash2(4, 9, m->seed), 0.9f), 0.9f);
    return v3_scale(hue_of(0.6f + 0.25f * r, 0.6f), (ring < 0.5f ? 0.05f : 0.12f) * (1.2f - r));
}

static ay_v3 label(const ay_material *m, float u, float v)
{
    if (maxf(absf(u), absf(v)) > 0.94f)
        return v3_scale(m->colour, 0.8f);
    if (v < -0.35f && absf(u) < 0.8f) /* bars */
        return hash2(floori(u * 40), 3, m->seed) < 0.5f ? m->colour2 : m->colour;
    if (v > 0.55f && hash2(5, 5, m->seed) < 0.6f)
        return print(u * 5, v * 3, m->seed) ? m->colour : m->colour2;
    return print(u * 8, v * 6.5f, m->seed) ? m->colour2 : m->colour;
}

static ay_v3 bands(const ay_material *m, float z)
{
    static const float c[10][3] = {{.01f, .01f, .01f}, {.12f, .04f, .01f}, {.5f, .01f, .01f},
                                   {.8f, .2f, .01f},   {.8f, .6f, .02f},   {.03f, .25f, .05f},
                                   {.02f, .06f, .5f},  {.2f, .03f, .3f},   {.2f, .2f, .2f},
                                   {.8f, .8f, .8f}};
    static const float at[4] = {-0.62f, -0.3f, 0.0f, 0.55f};

    for (int i = 0; i < 4; i++)
        if (absf(z - at[i]) < 0.085f) {
            const float *k = c[(int)(hash2(i, 1, m->seed) * 10)];
            return i == 3 ? v3(.45f, .3f, .06f) : v3(k[0], k[1], k[2]);
        }
    return m->colour;
}

static ay_v3 wood(const ay_material *m, ay_v3 q)
{
    float x = q.x * m->scale, y = q.y * m->scale * 0.12f, z = q.z * m->scale;
    float ring = ay_noise2(x * 0.6f + z * 0.5f, y, m->seed) * 4 + x * 1.2f;
    float grain = ay_noise2(x * 14, y * 5, m->seed + 1);

    return v3_mix(m->colour, m->colour2,
                  clampf(0.5f + 0.35f * sinq(ring * 6) + 0.25f * grain, 0, 1));
}

static ay_v3 segments(const ay_material *m, float u, float v, ay_texel *t)
{
    float x = (u + 1) * 2, y = (v + 1) * 0.5f;
    int n = floori(x);
    float sx = (fractf(x) - 0.1f - 0.08f * y) / 0.75f;

    if (y > 0.15f && y < 0.85f && sx > 0 && sx < 1 &&
        digit_segment((int)(hash2(n, 1, m->seed) * 10), sx, (y - 0.15f) / 0.7f)) {
        t->glow = v3_scale(m->colour2, m->glow);
        return m->colour2;
    }
    return m->colour;
}

/* Patterns that are a mix of the two colours: how much of the second. */
static float blend_of(const ay_material *m, ay_v3 q, ay_texel *t)
{
    float s = m->scale, x = q.x * s, y = q.y * s, a;

    switch (m->pattern) {
    case AY_PAT_MOTTLE:
        return smooth(-0.5f, 0.6f, ay_fbm3(v3_scale(q, s), 3, m->seed));
    case AY_PAT_SPECKLE:
        return smooth(0.25f, 0.4f, ay_noise3(v3_scale(q, s * 3), m->seed));
    case AY_PAT_BRUSHED:
        a = ay_noise2(x * 1.5f, y * 40 + q.z * s * 30, m->seed);
        t->bump = 0.4f * a;
        return 0.5f + 0.5f * a;
    case AY_PAT_TURNED:
        a = ay_noise2(len2(x, y) * 30, q.z * s * 30, m->seed);
        t->bump = 0.4f * a;
        return 0.5f + 0.5f * a;
    case AY_PAT_STRIPES:
        return fractf(x) < 0.5f ? 1 : 0;
    case AY_PAT_CHECK:
        return (floori(x) + floori(y) + floori(q.z * s)) & 1 ? 1 : 0;
    case AY_PAT_GRILLE:
        return len2(fractf(x) - 0.5f, fractf(y) - 0.5f) < 0.32f ? 1 : 0;
    case AY_PAT_SLOTS:
        return fractf(y) < 0.45f && fractf(x * 0.25f) < 0.85f ? 1 : 0;
    case AY_PAT_FABRIC:
        a = ((floori(x) + floori(y)) & 1 ? sinq(fractf(x) * AY_PI) : sinq(fractf(y) * AY_PI));
        t->bump = a;
        return 0.6f * (1 - a);
    case AY_PAT_KNURL:
        a = sinq((atan2q(q.y, q.x) * 30 + q.z * s * 6)) *
            sinq((atan2q(q.y, q.x) * 30 - q.z * s * 6));
        t->bump = 1.5f * a;
        return 0.5f - 0.5f * a;
    case AY_PAT_WINDING:
        a = sinq(q.z * s * 2 * AY_PI + atan2q(q.y, q.x));
        t->bump = 0.8f * a;
        return 0.5f - 0.5f * a;
    case AY_PAT_RUBBER:
        return 0.5f + 0.5f * ay_noise3(v3_scale(q, s * 8), m->seed);
    default:
        return 0;
    }
}

static bool key_legend(const ay_material *m, ay_v3 q, ay_v3 half, uint32_t cell)
{
    float u = q.x / minf(half.x, half.y) * 0.8f + 0.75f,
          v = q.y / minf(half.x, half.y) * 0.8f + 0.25f;

    return u > 0 && v > 0 && u < 1 && v < 1 && letter((int)(mix32(cell + m->seed) % 36), u, v);
}

ay_texel ay_surface(const ay_material *m, ay_v3 q, ay_v3 half, uint32_t cell, float on_top)
{
    ay_texel t = {m->colour, v3_scale(m->colour, m->glow), m->metal, m->rough, 0};
    float u = q.x / maxf(half.x, 1e-6f), v = q.y / maxf(half.y, 1e-6f);
    bool top = on_top > 0.7f;

    switch (m->pattern) {
    case AY_PAT_PLAIN:
        break;
    case AY_PAT_BANDS:
        t.colour = bands(m, q.z / maxf(half.z, 1e-6f));
        break;
    case AY_PAT_PRINT:
        if (top && absf(u) < 0.86f && absf(v) < 0.45f + 0.35f * hash2(1, 1, m->seed) &&
            print(u * 0.5f * m->scale, v * 0.5f * m->scale * half.y / half.x, m->seed))
            t.colour = m->colour2;
        break;
    case AY_PAT_LABEL:
        if (top)
            t.colour = label(m, u, v);
        break;
    case AY_PAT_SCREEN:
    case AY_PAT_PICTURE:
        if (top && m->glow > 0) {
            ay_v3 c = m->pattern == AY_PAT_SCREEN
                          ? screen_windows(u * 0.5f + 0.5f, v * 0.5f + 0.5f, m->seed)
                          : screen_picture(u * 0.5f + 0.5f, v * 0.5f + 0.5f, m->seed);
            t.glow = v3_scale(c, m->glow);
        }
        break;
    case AY_PAT_PCB:
        if (on_top > 0.7f || on_top < -0.7f)
            t.colour = board(m, q, &t);
        break;
    case AY_PAT_KEYS:
        if (top && key_legend(m, q, half, cell)) {
            t.colour = m->colour2;
            t.glow = v3_scale(m->colour2, m->glow);
        }
        break;
    case AY_PAT_DIAL:
        if (top)
            t.colour = dial(m, q, half);
        break;
    case AY_PAT_LENS:
        if (top)
            t.colour = lens(m, q, half, &t);
        break;
    case AY_PAT_WOOD:
        t.colour = wood(m, q);
        break;
    case AY_PAT_SEGMENTS:
        if (top)
            t.colour = segments(m, u, v, &t);
        break;
    default:
        t.colour = v3_mix(m->colour, m->colour2, blend_of(m, q, &t));
        break;
    }
    return t;
}

void ay_surface_wear(ay_texel *t, const ay_wear *w, ay_v3 p)
{
    if (w->rust > 0) {
        float n = 0.5f + 0.5f * ay_fbm3(v3_scale(p, 2.2f), 4, w->seed);
        float k = smooth(1 - w->rust, 1.12f - w->rust, n) * (0.1f + 0.9f * t->metal);
        ay_v3 rust = v3_mix(v3(0.22f, 0.07f, 0.02f), v3(0.42f, 0.18f, 0.06f),
                            0.5f + 0.5f * ay_noise3(v3_scale(p, 14), w->seed + 1));
        t->colour = v3_mix(t->colour, rust, k);
        t->metal *= 1 - k;
        t->rough = lerpf(t->rough, 0.95f, k);
        t->bump += k * 0.8f * ay_noise3(v3_scale(p, 25), w->seed + 2);
    }
    if (w->dirt > 0) {
        float n = 0.5f + 0.5f * ay_fbm3(v3_scale(p, 3.1f), 3, w->seed + 7);
        float k = w->dirt * smooth(0.42f, 0.9f, n);
        t->colour = v3_mix(t->colour, v3(0.045f, 0.036f, 0.028f), 0.55f * k);
        t->rough = lerpf(t->rough, 0.8f, k);
    }
    if (w->scratch > 0) {
        for (int i = 0; i < 2; i++) {
            float a = 1.3f * (float)i + (float)(w->seed & 63) * 0.1f, c = cosq(a), s = sinq(a);
            float x = p.x * c + p.y * s, y = p.y * c - p.x * s + 0.4f * p.z;
            float n = ay_noise2(x * 1.5f, y * 45, w->seed + 11 + (uint32_t)i);
            float k = smooth(0.95f - 0.5f * w->scratch, 1, n);
            t->colour = v3_mix(t->colour, v3_add(v3_scale(t->colour, 1.3f), v3_all(0.12f)), k);
            t->bump += k;
        }
    }
    if (w->dust > 0) {
        float k = w->dust * smooth(-0.2f, 0.7f, ay_fbm3(v3_scale(p, 6), 3, w->seed + 15));
        t->colour = v3_mix(t->colour, v3(0.4f, 0.37f, 0.32f), 0.5f * k);
        t->rough = lerpf(t->rough, 1, k);
        t->metal *= 1 - 0.5f * k;
    }
}

static ay_material metal(ay_rng *r, ay_v3 c, float rough)
{
    ay_material m = {0};
    float finish = rnd(r, 0, 1);

    m.colour = c;
    m.colour2 = v3_scale(c, rnd(r, 0.75f, 0.95f));
    m.metal = 1;
    m.rough = rough;
    m.pattern = finish < 0.4f   ? AY_PAT_PLAIN
                : finish < 0.6f ? AY_PAT_BRUSHED
                : finish < 0.8f ? AY_PAT_TURNED
                                : AY_PAT_MOTTLE;
    m.scale = rnd(r, 1.5f, 4);
    m.seed = (uint32_t)ay_rng_u64(r);
    return m;
}

ay_material ay_mat_paint(ay_rng *r, ay_v3 colour, float rough)
{
    ay_material m = {0};

    m.colour = colour;
    m.colour2 = v3_scale(colour, 0.92f);
    m.rough = rough;
    m.scale = 3;
    m.seed = (uint32_t)ay_rng_u64(r);
    m.pattern = AY_PAT_MOTTLE;
    return m;
}

ay_material ay_mat_steel(ay_rng *r)
{
    float v = rnd(r, 0.38f, 0.75f), tint = rnd(r, -0.04f, 0.04f), rough = rnd(r, 0.12f, 0.5f);

    if (rnd_chance(r, 0.2f)) { /* yellow zinc */
        return metal(r, v3(0.62f, 0.5f, 0.25f), rough);
    } else if (rnd_chance(r, 0.2f)) { /* black oxide */
        ay_material m = metal(r, v3_all(0.06f), rough);
        m.metal = 0.7f;
        return m;
    }
    return metal(r, v3(v + tint, v, v - tint), rough);
}

ay_material ay_mat_brass(ay_rng *r)
{
    float rough = rnd(r, 0.12f, 0.4f);

    return metal(r, v3(0.72f, 0.5f, 0.18f), rough);
}

ay_material ay_mat_copper(ay_rng *r)
{
    float rough = rnd(r, 0.15f, 0.45f);

    return metal(r, v3(0.7f, 0.3f, 0.16f), rough);
}

ay_material ay_mat_gold(ay_rng *r)
{
    float rough = rnd(r, 0.1f, 0.3f);

    return metal(r, v3(0.9f, 0.62f, 0.22f), rough);
}

ay_material ay_mat_any_metal(ay_rng *r)
{
    float k = rnd(r, 0, 1);

    return k < 0.7f ? ay_mat_steel(r) : k < 0.88f ? ay_mat_brass(r) : ay_mat_copper(r);
}

ay_material ay_mat_black(ay_rng *r)
{
    float v = rnd(r, 0.008f, 0.04f), rough = rnd(r, 0.25f, 0.75f);

    return ay_mat_paint(r, v3_all(v), rough);
}

ay_material ay_mat_any_plastic(ay_rng *r)
{
    float k = rnd(r, 0, 1), h = rnd(r, 0, 1), s = rnd(r, 0.4f, 0.95f), v = rnd(r, 0.3f, 0.95f);
    float grey = rnd(r, 0.1f, 0.85f), rough = rnd(r, 0.2f, 0.7f);

    if (k < 0.3f)
        return ay_mat_black(r);
    if (k < 0.6f)
        return ay_mat_paint(r, v3_all(grey), rough);
    return ay_mat_paint(r, hsv(h, s, v), rough);
}
