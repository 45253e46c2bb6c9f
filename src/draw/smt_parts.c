/* The packages, each with its mark up.  The body's half height is up and down, pads reach out from under it. */
#include "draw/smt_paint.h"

#include <stdio.h>

static ay_smt_stuff tinted(const ay_smt_lot *lot, float r, float g, float b)
{
    return ay_smt_matt(r * lot->tone * lot->tint.x, g * lot->tone * lot->tint.y, b * lot->tone * lot->tint.z);
}

static ay_smt_stuff ink(const ay_smt_lot *lot, float k)
{
    ay_smt_stuff m = ay_smt_matt(k * lot->ink, k * lot->ink, k * lot->ink * 0.97f);

    m.gloss = 0.05f;
    return m;
}

static void number(const ay_smt_pen *p, const ay_smt_stuff *m, float y, float h, int code, int digits)
{
    static const int ten[] = {1, 10, 100, 1000, 10000};
    char text[8];

    snprintf(text, sizeof text, "%0*d", digits, code % ten[digits]);
    ay_smt_text(p, m, 0, y, h, text);
}

/* Metal around both ends of a small part. */
static void ends(const ay_smt_pen *p, float hw, float hh, float cap, float rise)
{
    ay_smt_stuff tin = ay_smt_tin(0.95f);

    for (int k = -1; k <= 1; k += 2)
        ay_smt_block(p, &tin, 0, (float)k * (hh - cap), hw, cap, 0.02f, rise, 0.05f);
}

static void resistor(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff white = tinted(lot, 0.75f, 0.74f, 0.70f), black = tinted(lot, 0.025f, 0.025f, 0.028f),
                 print = ink(lot, 0.7f);
    ay_smt_pen side = ay_smt_pen_at(p, 0, 0, AY_PI / 2);
    (void)r;

    ay_smt_block(p, &white, 0, 0, 0.58f, 0.34f, 0.01f, 0.12f, 0.02f);
    ends(&side, 0.34f, 0.6f, 0.12f, 0.125f);
    ay_smt_block(p, &black, 0, 0, 0.42f, 0.31f, 0.02f, 0.14f, 0.03f);
    number(p, &print, -0.06f, 0.25f, lot->code, 3);
    ay_smt_print(p, &print, 0, 0.18f, 0.26f, 0.035f, 0); /* a code with a line under it: it has an up */
}

static void transistor(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff body = tinted(lot, 0.03f, 0.03f, 0.033f), tin = ay_smt_tin(0.9f), print = ink(lot, 0.35f);
    char text[8];
    (void)r;

    for (int k = -1; k <= 1; k++) {
        float x = (float)k * 0.36f, y = k ? 0.42f : -0.42f;
        ay_smt_block(p, &tin, x, y, 0.085f, 0.16f, 0.01f, 0.09f, 0.05f);
        ay_smt_block(p, &tin, x, y * 1.35f, 0.085f, 0.08f, 0.01f, 0.05f, 0.03f);
    }
    ay_smt_block(p, &body, 0, 0, 0.54f, 0.28f, 0.03f, 0.3f, 0.09f);
    snprintf(text, sizeof text, "%dA%d", lot->code / 7 % 10, lot->code % 10);
    ay_smt_text(p, &print, 0, 0, 0.2f, text);
}

static void diode(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff body = tinted(lot, 0.035f, 0.033f, 0.035f), tin = ay_smt_tin(0.9f), band = ink(lot, 0.62f),
                 print = ink(lot, 0.3f);
    (void)r;

    ay_smt_block(p, &tin, 0, 0.58f, 0.2f, 0.14f, 0.01f, 0.1f, 0.05f);
    ay_smt_block(p, &tin, 0, -0.58f, 0.2f, 0.14f, 0.01f, 0.1f, 0.05f);
    ay_smt_block(p, &body, 0, 0, 0.36f, 0.5f, 0.02f, 0.32f, 0.08f);
    ay_smt_print(p, &band, 0, -0.31f, 0.3f, 0.075f, 0);
    number(p, &print, 0.12f, 0.2f, lot->code, 2);
}

static void electrolytic(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff base = tinted(lot, 0.022f, 0.022f, 0.025f), can = ay_smt_tin(0.8f), black = ink(lot, 0.05f),
                 print = ink(lot, 0.06f);
    (void)r;

    ay_smt_block(p, &base, 0, -0.06f, 0.62f, 0.56f, 0.02f, 0.12f, 0.03f);
    ay_smt_block(p, &base, 0, 0.3f, 0.42f, 0.34f, 0.12f, 0.12f, 0.03f); /* two corners are cut */
    can.gloss = 0.6f;
    can.metal = 0;
    can.grain = 0.002f;
    can.colour = v3_scale(v3(0.62f, 0.63f, 0.66f), lot->tone);
    ay_smt_disc(p, &can, 0, 0, 0.55f, 0.75f, 0.1f);
    ay_smt_print_segment(p, &black, 0, 0, 0.47f, -0.2f);
    number(p, &print, 0.05f, 0.2f, lot->code, 3);
    number(p, &print, 0.3f, 0.14f, 25 + lot->code % 3 * 10, 2);
}

static void chip(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff body = tinted(lot, 0.028f, 0.028f, 0.031f), tin = ay_smt_tin(0.88f), print = ink(lot, 0.4f),
                 dot = tinted(lot, 0.1f, 0.1f, 0.1f);
    (void)r;

    for (int k = 0; k < 4; k++)
        for (int side = -1; side <= 1; side += 2) {
            float y = -0.48f + 0.32f * (float)k, x = (float)side * 0.52f;
            ay_smt_block(p, &tin, x, y, 0.1f, 0.065f, 0.01f, 0.1f, 0.05f);
            ay_smt_block(p, &tin, x * 1.22f, y, 0.07f, 0.065f, 0.01f, 0.05f, 0.03f);
        }
    ay_smt_block(p, &body, 0, 0, 0.44f, 0.66f, 0.02f, 0.3f, 0.07f);
    dot.colour = v3_scale(print.colour, 0.7f);
    ay_smt_print_disc(p, &dot, -0.27f, -0.48f, 0.085f);
    ay_smt_text(p, &print, 0.05f, -0.1f, 0.15f, "LT10");
    number(p, &print, 0.14f, 0.15f, lot->code, 4);
}

static void connector(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff shell = tinted(lot, 0.72f, 0.69f, 0.6f), hole = tinted(lot, 0.05f, 0.045f, 0.04f),
                 tin = ay_smt_tin(0.9f);
    ay_smt_pen on = *p;
    (void)r;

    for (int k = 0; k < 5; k++)
        ay_smt_block(p, &tin, -0.4f + 0.2f * (float)k, 0.56f, 0.05f, 0.16f, 0.01f, 0.08f, 0.03f);
    for (int k = -1; k <= 1; k += 2)
        ay_smt_block(p, &tin, (float)k * 0.7f, -0.28f, 0.1f, 0.15f, 0.02f, 0.12f, 0.04f);
    ay_smt_block(p, &shell, 0, 0.02f, 0.64f, 0.42f, 0.03f, 0.4f, 0.05f);
    ay_smt_print(p, &hole, 0, -0.2f, 0.5f, 0.1f, 0.01f); /* the opening is deep: dark from above */
    on.z = p->z + 0.1f;
    for (int k = 0; k < 5; k++)
        ay_smt_print(&on, &tin, -0.4f + 0.2f * (float)k, -0.2f, 0.03f, 0.07f, 0);
    ay_smt_print(p, &hole, 0, 0.36f, 0.09f, 0.03f, 0);
}

static void led(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff frame = tinted(lot, 0.8f, 0.8f, 0.78f), lens = tinted(lot, 0.72f, 0.62f, 0.18f),
                 green = tinted(lot, 0.02f, 0.3f, 0.08f), wire = ay_smt_tin(0.7f);
    (void)r;

    ay_smt_block(p, &frame, 0, 0, 0.36f, 0.62f, 0.02f, 0.12f, 0.02f);
    ends(p, 0.36f, 0.62f, 0.11f, 0.125f);
    lens.gloss = 0.8f;
    lens.grain = 0.001f;
    ay_smt_block(p, &lens, 0, 0.02f, 0.34f, 0.38f, 0.03f, 0.3f, 0.12f);
    ay_smt_print(p, &wire, 0, 0.05f, 0.09f, 0.09f, 0.02f);
    ay_smt_print(p, &green, 0, -0.27f, 0.28f, 0.06f, 0.01f);
    ay_smt_print(p, &green, 0, -0.17f, 0.06f, 0.08f, 0.01f);
}

static void tantalum(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff body = tinted(lot, 0.62f, 0.33f, 0.06f), tin = ay_smt_tin(0.9f), bar = tinted(lot, 0.16f, 0.06f, 0.015f),
                 print = tinted(lot, 0.16f, 0.06f, 0.015f);
    (void)r;

    for (int k = -1; k <= 1; k += 2)
        ay_smt_block(p, &tin, 0, (float)k * 0.64f, 0.24f, 0.1f, 0.01f, 0.14f, 0.05f);
    ay_smt_block(p, &body, 0, 0, 0.4f, 0.6f, 0.02f, 0.38f, 0.06f);
    ay_smt_print(p, &bar, 0, -0.46f, 0.36f, 0.08f, 0);
    number(p, &print, -0.08f, 0.2f, lot->code, 3);
    ay_smt_text(p, &print, 0, 0.24f, 0.18f, "16V");
}

static void ceramic(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r)
{
    ay_smt_stuff body = tinted(lot, 0.42f, 0.29f, 0.17f);
    (void)r;

    ay_smt_block(p, &body, 0, 0, 0.34f, 0.56f, 0.03f, 0.24f, 0.05f);
    ends(p, 0.35f, 0.6f, 0.13f, 0.25f);
}

static const ay_smt_kind kinds[AY_SMT_PACKAGES] = {
    [AY_SMT_RESISTOR] = {"resistor", resistor, {{-.6f, 0, .2f, .36f}, {.6f, 0, .2f, .36f}}, 2, true, .6f, .34f, .14f},
    [AY_SMT_TRANSISTOR] = {"transistor",
                           transistor,
                           {{0, -.58f, .16f, .2f}, {-.36f, .58f, .16f, .2f}, {.36f, .58f, .16f, .2f}},
                           3, false, .54f, .6f, .3f},
    [AY_SMT_DIODE] = {"diode", diode, {{0, -.64f, .26f, .2f}, {0, .64f, .26f, .2f}}, 2, true, .36f, .62f, .32f},
    [AY_SMT_ELECTROLYTIC] = {"electrolytic",
                             electrolytic,
                             {{0, -.62f, .16f, .24f}, {0, .66f, .16f, .22f}},
                             2, false, .62f, .62f, .75f},
    [AY_SMT_CHIP] = {"chip",
                     chip,
                     {{-.62f, -.48f, .17f, .09f}, {-.62f, -.16f, .17f, .09f}, {-.62f, .16f, .17f, .09f},
                      {-.62f, .48f, .17f, .09f}, {.62f, -.48f, .17f, .09f}, {.62f, -.16f, .17f, .09f},
                      {.62f, .16f, .17f, .09f}, {.62f, .48f, .17f, .09f}},
                     8, false, .62f, .66f, .3f},
    [AY_SMT_CONNECTOR] = {"connector",
                          connector,
                          {{-.4f, .66f, .07f, .16f}, {-.2f, .66f, .07f, .16f}, {0, .66f, .07f, .16f},
                           {.2f, .66f, .07f, .16f}, {.4f, .66f, .07f, .16f}, {-.74f, -.28f, .13f, .2f},
                           {.74f, -.28f, .13f, .2f}},
                          7, false, .7f, .6f, .4f},
    [AY_SMT_LED] = {"LED", led, {{0, -.62f, .34f, .19f}, {0, .62f, .34f, .19f}}, 2, true, .36f, .62f, .3f},
    [AY_SMT_TANTALUM] = {"tantalum",
                         tantalum,
                         {{0, -.66f, .28f, .19f}, {0, .66f, .28f, .19f}},
                         2, true, .4f, .64f, .38f},
    [AY_SMT_CERAMIC] = {"ceramic", ceramic, {{0, -.6f, .36f, .2f}, {0, .6f, .36f, .2f}}, 2, true, .35f, .6f, .25f},
};

const ay_smt_kind *ay_smt_kind_of(ay_smt_package p)
{
    return &kinds[p];
}

const char *ay_smt_package_name(ay_smt_package p)
{
    return kinds[p].name;
}
