/* Grounds: what things lie on.  Each is a colour and a height by place, one function a kind. */
#include "draw/noise.h"
#include "draw/render.h"

static ay_v3 wood_colour(ay_rng *r)
{
    float h = rnd(r, 0.055f, 0.1f), s = rnd(r, 0.35f, 0.7f), v = rnd(r, 0.3f, 0.85f);

    return hsv(h, s, v);
}

static void pick_colours(ay_rng *r, ay_ground *g)
{
    float h = rnd(r, 0, 1), s = rnd(r, 0, 0.85f), v = rnd(r, 0.12f, 0.85f),
          k = rnd(r, 0.45f, 0.85f);
    float grey = rnd(r, 0.12f, 0.75f);

    s *= s; /* real grounds are seldom bright */

    switch (g->kind) {
    case AY_GROUND_WOOD:
    case AY_GROUND_PLANKS:
        g->a = wood_colour(r);
        break;
    case AY_GROUND_CARDBOARD:
        v = rnd(r, 0.55f, 0.75f);
        g->a = hsv(0.085f, 0.4f, v);
        k = 0.85f;
        break;
    case AY_GROUND_METAL:
        g->metal = 0.9f;
        g->rough = rnd(r, 0.3f, 0.6f);
        g->a = v3_all(grey * 0.8f + 0.1f);
        break;
    case AY_GROUND_CONCRETE:
    case AY_GROUND_GRANITE:
    case AY_GROUND_PEBBLES:
        g->a = v3(grey * 1.04f, grey, grey * 0.94f);
        break;
    case AY_GROUND_CONVEYOR:
        g->a = rnd_chance(r, 0.3f) ? v3(0.02f, 0.09f, 0.06f) : v3_all(0.03f + 0.06f * grey);
        break;
    case AY_GROUND_MAT:
        h = rnd(r, 0.3f, 0.65f);
        g->a = hsv(h, 0.7f, 0.35f);
        k = 2.2f;
        break;
    case AY_GROUND_STUDIO:
        g->a = rnd_chance(r, 0.5f) ? v3_all(0.25f + 0.6f * grey) : hsv(h, s, 0.3f + 0.6f * v);
        break;
    default:
        g->a = hsv(h, s, v);
        break;
    }
    g->b = v3_scale(g->a, k);
}

void ay_ground_pick(ay_rng *r, ay_ground *g)
{
    float turn = rnd(r, 0, 2 * AY_PI);

    memset(g, 0, sizeof *g);
    g->kind = (ay_ground_kind)rnd_int(r, 0, AY_GROUND_COUNT - 1);
    g->seed = (uint32_t)ay_rng_u64(r);
    g->scale = rnd(r, 0.5f, 1.6f);
    g->turn_c = cosq(turn);
    g->turn_s = sinq(turn);
    g->ox = rnd(r, -9, 9);
    g->oy = rnd(r, -9, 9);
    g->rough = rnd(r, 0.55f, 1);
    pick_colours(r, g);
}

/* 0..1 between two colours for organic kinds; sets the height. */
static float grain(const ay_ground *g, float x, float y, float *height)
{
    float n, m;
    ay_cell c;

    switch (g->kind) {
    case AY_GROUND_WOOD:
        n = ay_noise2(x * 0.9f, y * 0.16f, g->seed) * 3 + x * 0.8f;
        m = ay_noise2(x * 18, y * 2, g->seed + 1);
        *height = 0.02f * m;
        return clampf(0.5f + 0.4f * sinq(n * 5) + 0.3f * m, 0, 1);
    case AY_GROUND_CLOTH:
        n = sinq(x * 40) * (floori(y * 12.7f) & 1 ? 1.0f : -1.0f);
        m = sinq(y * 40) * (floori(x * 12.7f) & 1 ? 1.0f : -1.0f);
        *height = 0.012f * (n + m) + 0.14f * ay_noise2(x * 0.7f, y * 0.7f, g->seed);
        return 0.5f + 0.2f * (n + m) + 0.2f * ay_noise2(x * 5, y * 5, g->seed);
    case AY_GROUND_METAL:
        n = ay_noise2(x * 1.5f, y * 26, g->seed);
        m = ay_fbm2(x * 1.5f, y * 1.5f, 3, g->seed + 3);
        *height = 0.004f * n;
        return clampf(0.5f + 0.35f * n + 0.5f * m, 0, 1);
    case AY_GROUND_CONCRETE:
        n = ay_fbm2(x * 1.6f, y * 1.6f, 5, g->seed);
        m = smooth(0.45f, 0.7f, ay_noise2(x * 9, y * 9, g->seed + 2)); /* pores */
        *height = 0.02f * n - 0.03f * m;
        return clampf(0.5f + 0.8f * n + 0.6f * m, 0, 1.6f);
    case AY_GROUND_CARDBOARD:
        n = ay_noise2(x * 3, y * 24, g->seed);
        m = sinq(y * 50);
        *height = 0.006f * m;
        return clampf(0.5f + 0.3f * n + 0.12f * m, 0, 1);
    case AY_GROUND_GRANITE:
        n = ay_noise2(x * 14, y * 14, g->seed);
        m = ay_noise2(x * 23, y * 23, g->seed + 1);
        return n > 0.25f ? 1.3f : m > 0.3f ? -0.6f : 0.3f;
    case AY_GROUND_PEBBLES:
        c = ay_worley2(x * 3, y * 3, 0.9f, g->seed);
        *height = 0.12f * smooth(0.05f, 0.5f, c.f2 - c.f1);
        return c.id * 1.4f + (c.f2 - c.f1 < 0.08f ? 0.6f : 0);
    case AY_GROUND_MARBLE:
        n = ay_fbm2(x, y, 5, g->seed);
        m = 1 - absf(sinq((x + 2.2f * n) * 2.5f));
        return smooth(0.7f, 1, m);
    default:
        return 0.3f * ay_noise2(x * 2, y * 2, g->seed);
    }
}

/* Kinds made of straight parts. */
static bool built(const ay_ground *g, float x, float y, ay_texel *t)
{
    float u, v, m;
    int row;

    switch (g->kind) {
    case AY_GROUND_PLANKS:
        u = x * 1.6f;
        row = floori(u);
        v = y * 0.35f + hash2(row, 1, g->seed);
        m = minf(fractf(u), 1 - fractf(u));
        t->colour = v3_scale(v3_mix(g->a, g->b, 0.5f + 0.5f * ay_noise2(u * 9, v * 5, g->seed)),
                             0.7f + 0.5f * hash2(row, floori(v), g->seed));
        t->bump = 0.05f * smooth(0, 0.04f, m);
        if (m < 0.02f || fractf(v) < 0.008f)
            t->colour = v3_scale(t->colour, 0.3f);
        return true;
    case AY_GROUND_CONVEYOR:
        v = fractf(y * 1.2f);
        m = ay_noise2(x * 30, y * 30, g->seed);
        t->colour =
            v3_scale(g->a, 0.9f + 0.3f * m + 0.4f * ay_noise2(x * 0.8f, y * 3, g->seed + 1));
        t->bump = 0.05f * smooth(0.06f, 0.02f, absf(v - 0.5f)) + 0.004f * m;
        return true;
    case AY_GROUND_TILES:
        u = fractf(x * 1.1f);
        v = fractf(y * 1.1f);
        m = minf(minf(u, 1 - u), minf(v, 1 - v));
        t->colour =
            m < 0.025f
                ? v3_scale(g->b, 0.6f)
                : v3_scale(g->a, 0.85f + 0.2f * hash2(floori(x * 1.1f), floori(y * 1.1f), g->seed));
        t->bump = 0.04f * smooth(0.01f, 0.05f, m);
        t->rough = m < 0.025f ? 1 : g->rough * 0.5f;
        return true;
    case AY_GROUND_MAT:
        u = minf(fractf(x * 4), fractf(y * 4));
        v = minf(fractf(x * 0.8f), fractf(y * 0.8f));
        t->colour = v < 0.02f    ? v3_mix(g->a, g->b, 0.9f)
                    : u < 0.035f ? v3_mix(g->a, g->b, 0.4f)
                                 : g->a;
        return true;
    default:
        return false;
    }
}

ay_texel ay_ground_at(const ay_ground *g, float px, float py)
{
    float x = (px * g->turn_c - py * g->turn_s) * g->scale + g->ox;
    float y = (px * g->turn_s + py * g->turn_c) * g->scale + g->oy;
    ay_texel t = {g->a, v3(0, 0, 0), g->metal, g->rough, 0};

    if (!built(g, x, y, &t)) {
        float k = grain(g, x, y, &t.bump);
        t.colour = v3_mix(g->a, g->b, k);
    }
    /* stains: every real surface has some */
    float stain = smooth(0.25f, 0.7f, ay_noise2(x * 1.1f, y * 1.1f, g->seed + 77));
    t.colour = v3_scale(t.colour, 1 - 0.22f * stain);
    t.colour = v3(maxf(t.colour.x, 0.003f), maxf(t.colour.y, 0.003f), maxf(t.colour.z, 0.003f));
    return t;
}
