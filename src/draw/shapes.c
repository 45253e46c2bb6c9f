/* Plain solids in any stuff: what form is without being a thing. */
#include "draw/family.h"

static int stuff(ay_rng *r, ay_solid *s)
{
    ay_material m = rnd_chance(r, 0.3f) ? ay_mat_any_metal(r) : ay_mat_any_plastic(r);
    int kind = rnd_int(r, 0, 6);

    if (kind == 1)
        m.pattern = AY_PAT_CHECK;
    else if (kind == 2)
        m.pattern = AY_PAT_STRIPES;
    else if (kind == 3)
        m.pattern = AY_PAT_WOOD;
    if (kind >= 1 && kind <= 3)
        m.colour2 = v3_scale(m.colour, m.colour.y > 0.2f ? 0.3f : 4);
    return ay_solid_material(s, m);
}

/* Turned any way, as if thrown. */
static void thrown(ay_rng *r, ay_solid *s)
{
    float x = rnd(r, 0, 6.28f), y = rnd(r, 0, 6.28f);
    ay_m3 a = m3_turn(0, x), b = m3_turn(1, y);

    ay_solid_frame(s, m3_mul(&a, &b), v3(0, 0, 0));
}

static void begin(ay_rng *r, ay_solid *s, ay_view *v, float toss)
{
    if (rnd_chance(r, toss))
        thrown(r, s);
    v->low = 0.25f;
    v->product = 0.25f;
    v->roll = 0.3f;
}

static void cube(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float size = rnd(r, 0, 0.12f);

    begin(r, s, v, 0.4f);
    ay_solid_box(s, m, v3(0, 0, 0), v3_all(0.7f), size);
}

static void ball(ay_rng *r, ay_solid *s, ay_view *v)
{
    begin(r, s, v, 0.5f);
    ay_solid_ball(s, stuff(r, s), v3(0, 0, 0), v3_all(0.9f));
}

static void egg(ay_rng *r, ay_solid *s, ay_view *v)
{
    float k = rnd(r, 0.5f, 0.7f);

    begin(r, s, v, 0.6f);
    ay_solid_ball(s, stuff(r, s), v3(0, 0, 0), v3(k, k, 1));
}

static void rod(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float size = rnd(r, 0, 0.08f);
    float k = rnd(r, 0.3f, 0.7f);

    begin(r, s, v, 0.6f);
    ay_solid_cyl(s, m, v3(0, 0, 0), k, 0.9f, size);
}

static void cone(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float size = rnd(r, 0.5f, 0.9f);

    begin(r, s, v, 0.5f);
    ay_solid_cone(s, m, v3(0, 0, 0), size, 0.01f, 0.8f);
}

static void ring(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float size = rnd(r, 0.12f, 0.35f);

    begin(r, s, v, 0.5f);
    ay_solid_torus(s, m, v3(0, 0, 0), 0.8f, size);
}

static void pyramid(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float slope = rnd(r, 0.45f, 0.65f);

    begin(r, s, v, 0.4f);
    ay_solid_box(s, m, v3(0, 0, 0), v3(0.9f, 0.9f, 0.7f), 0);
    for (int i = 0; i < 4; i++) {
        float a = AY_PI / 2 * (float)i, c = cosq(a), n = sinq(a);
        ay_m3 lean = m3_turn(1, -slope), turn = m3_turn(2, a);
        ay_prim *p = ay_solid_box(s, m, v3(1.12f * c, 1.12f * n, 0.6f), v3(0.8f, 2, 2), 0);
        p->rot = m3_mul(&turn, &lean);
        p->op = AY_CUT;
    }
}

static void prism(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float size = rnd(r, 0.3f, 0.8f);

    begin(r, s, v, 0.5f);
    ay_solid_prism(s, m, v3(0, 0, 0), 3, 0.5f, size, 0.02f);
}

static void star(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float size = rnd(r, 0.08f, 0.3f);
    float xy[24], inner = rnd(r, 0.35f, 0.6f);
    int n = rnd_int(r, 4, 6);

    for (int i = 0; i < 2 * n; i++) {
        float a = AY_PI * (float)i / (float)n, k = i % 2 ? inner : 1;
        xy[2 * i] = k * cosq(a);
        xy[2 * i + 1] = k * sinq(a);
    }
    begin(r, s, v, 0.4f);
    ay_solid_outline(s, m, v3(0, 0, 0), xy, 2 * n, size, 0.03f);
}

static void heart(ay_rng *r, ay_solid *s, ay_view *v)
{
    float xy[40], half = rnd(r, 0.1f, 0.3f);

    for (int i = 0; i < 20; i++) {
        float a = 2 * AY_PI * (float)i / 20, k = sinq(a);
        xy[2 * i] = 0.95f * k * k * k;
        xy[2 * i + 1] = (13 * cosq(a) - 5 * cosq(2 * a) - 2 * cosq(3 * a) - cosq(4 * a)) / 17;
    }
    begin(r, s, v, 0.4f);
    ay_solid_outline(s, stuff(r, s), v3(0, 0, 0), xy, 20, half, half * 0.8f);
}

static void arrow(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float size = rnd(r, 0.08f, 0.25f);
    static const float xy[14] = {-1, -0.25f, 0.1f, -0.25f, 0.1f,  -0.6f, 1,
                                 0,  0.1f,   0.6f, 0.1f,   0.25f, -1,    0.25f};

    begin(r, s, v, 0.4f);
    ay_solid_outline(s, m, v3(0, 0, 0), xy, 7, size, 0.03f);
}

static void cross(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);
    float w = rnd(r, 0.18f, 0.35f);

    begin(r, s, v, 0.5f);
    ay_solid_box(s, m, v3(0, 0, 0), v3(1, w, w), 0.03f);
    ay_solid_box(s, m, v3(0, 0, 0), v3(w, 1, w), 0.03f);
    if (rnd_chance(r, 0.5f))
        ay_solid_box(s, m, v3(0, 0, 0), v3(w, w, 1), 0.03f);
}

static void crescent(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s);

    begin(r, s, v, 0.4f);
    ay_solid_cyl(s, m, v3(0, 0, 0), 0.9f, rnd(r, 0.1f, 0.3f), 0.04f);
    ay_solid_cyl(s, m, v3(0.42f, 0, 0), 0.75f, 1, 0)->op = AY_CUT;
}

static void blob(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = stuff(r, s), n = rnd_int(r, 3, 6);

    begin(r, s, v, 0.5f);
    for (int i = 0; i < n; i++) {
        ay_v3 at = rnd_v3(r, -0.6f, 0.6f), half = rnd_v3(r, 0.25f, 0.6f);
        ay_solid_ball(s, m, at, half)->blend = i ? 0.35f : 0;
    }
}

static void blocks(ay_rng *r, ay_solid *s, ay_view *v)
{
    int n = rnd_int(r, 3, 7);

    begin(r, s, v, 0);
    for (int i = 0; i < n; i++) {
        int m = stuff(r, s);
        ay_v3 at = rnd_v3(r, -0.8f, 0.8f), half = rnd_v3(r, 0.12f, 0.4f);
        at.z = half.z;
        ay_solid_group(s);
        ay_solid_box(s, m, at, half, 0.02f);
    }
}

static void balls(ay_rng *r, ay_solid *s, ay_view *v)
{
    int n = rnd_int(r, 4, 9);

    begin(r, s, v, 0);
    for (int i = 0; i < n; i++) {
        int m = stuff(r, s);
        ay_v3 at = rnd_v3(r, -0.9f, 0.9f);
        float rad = rnd(r, 0.15f, 0.4f);
        at.z = rad;
        ay_solid_group(s);
        ay_solid_ball(s, m, at, v3_all(rad));
    }
}

static void tube_knot(ay_rng *r, ay_solid *s, ay_view *v)
{
    ay_v3 p[24];
    int m = stuff(r, s), q = rnd_int(r, 2, 3);

    for (int i = 0; i < 24; i++) {
        float a = 2 * AY_PI * (float)i / 23, k = 0.65f + 0.25f * cosq(a * (float)q * 1.5f);
        p[i] = v3(k * cosq(a * 2), k * sinq(a * 2), 0.3f * sinq(a * (float)q * 1.5f));
    }
    begin(r, s, v, 0.4f);
    ay_solid_tube(s, m, p, 24, rnd(r, 0.07f, 0.14f));
}

#define SOLID(n, f)                                                                                \
    {                                                                                              \
        .name = n, .build = f                                                                      \
    }
static const ay_draw_class classes[] = {
    SOLID("cube", cube),         SOLID("ball", ball),      SOLID("egg", egg),
    SOLID("cylinder", rod),      SOLID("cone", cone),      SOLID("ring", ring),
    SOLID("pyramid", pyramid),   SOLID("prism", prism),    SOLID("star", star),
    SOLID("heart", heart),       SOLID("arrow", arrow),    SOLID("cross", cross),
    SOLID("crescent", crescent), SOLID("blob", blob),      SOLID("blocks", blocks),
    SOLID("balls", balls),       SOLID("knot", tube_knot),
};
const ay_draw_family ay_family_shapes = {classes, sizeof classes / sizeof *classes};
