/* Fasteners: washers, nuts, screws, rivets, nails, rings, pins. */
#include "draw/family.h"

/* Turned so that an axis that pointed up lies on the ground, or left standing. */
static bool lay(ay_rng *r, ay_solid *s, float chance)
{
    float spin = rnd(r, 0, 2 * AY_PI), tilt = rnd(r, -0.06f, 0.06f);
    bool lying = rnd_chance(r, chance);
    ay_m3 a = m3_turn(1, AY_PI / 2 + tilt), b = m3_turn(2, spin), t = m3_mul(&a, &b);

    ay_solid_frame(s, lying ? t : b, v3(0, 0, 0));
    return lying;
}

static void washer(ay_rng *r, ay_solid *s, ay_view *v)
{
    int n = rnd_chance(r, 0.25f) ? 2 : 1, m = ay_solid_material(s, ay_mat_any_metal(r));
    float kind = rnd(r, 0, 1);

    for (int i = 0; i < n; i++) {
        float hole = rnd(r, 0.35f, 0.62f), half = rnd(r, 0.03f, 0.11f), x = rnd(r, 0.9f, 1.6f);
        float y = rnd(r, -1, 1), lean = rnd(r, 0.1f, 0.3f);
        ay_m3 turn = m3_turn(1, i ? lean : 0);
        ay_solid_frame(s, turn, i ? v3(x, y, 0.02f) : v3(0, 0, 0));
        ay_solid_cyl(s, m, v3(0, 0, 0), 1, half, rnd(r, 0.005f, 0.04f));
        ay_solid_cyl(s, m, v3(0, 0, 0), hole, 0.5f, 0)->op = AY_CUT;
        if (kind < 0.15f) { /* spring washer: split */
            ay_prim *cut = ay_solid_box(s, m, v3(0.8f, 0, 0), v3(0.5f, 0.05f, 0.5f), 0);
            cut->op = AY_CUT;
            cut->rot = m3_turn(0, 0.5f);
        } else if (kind < 0.3f) { /* toothed */
            ay_prim *cut = ay_solid_cyl(s, m, v3(1.02f, 0, 0), 0.09f, 0.5f, 0);
            cut->op = AY_CUT;
            cut->around = rnd_int(r, 9, 16);
        }
    }
    v->low = 0.6f;
}

/* A screw's shaft and head along z, head up; returns nothing in particular of itself. */
static void screw_body(ay_rng *r, ay_solid *s, int m, float len, float rad, bool pointed)
{
    float pitch = rad * rnd(r, 0.3f, 0.5f), depth = pitch * 0.35f, thread = rnd(r, 0.5f, 1) * len;

    ay_solid_thread(s, m, v3(0, 0, -len + thread / 2), rad, depth, thread / 2, pitch);
    ay_solid_cyl(s, m, v3(0, 0, -len / 2), rad - depth, len / 2, 0.01f);
    if (thread < len)
        ay_solid_cyl(s, m, v3(0, 0, -(len - thread) / 2), rad, (len - thread) / 2, 0.01f);
    if (pointed)
        ay_solid_cone(s, m, v3(0, 0, -len - rad), 0.02f, rad - depth, rad);
    else
        ay_solid_cone(s, m, v3(0, 0, -len - 0.04f), rad - 2 * depth, rad - depth, 0.04f);
}

static void socket_cut(ay_rng *r, ay_solid *s, int m, float size, float top)
{
    float kind = rnd(r, 0, 1);

    if (kind < 0.35f) {
        ay_solid_prism(s, m, v3(0, 0, top), 6, size * 0.5f, 0.16f, 0)->op = AY_CUT;
    } else {
        ay_solid_box(s, m, v3(0, 0, top), v3(size * 0.85f, size * 0.13f, 0.1f), 0)->op = AY_CUT;
        if (kind < 0.8f)
            ay_solid_box(s, m, v3(0, 0, top), v3(size * 0.13f, size * 0.85f, 0.1f), 0)->op = AY_CUT;
    }
}

static void bolt(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float len = rnd(r, 1.2f, 3.2f), rad = rnd(r, 0.28f, 0.45f), head = rad * rnd(r, 1.55f, 1.9f);
    float tall = rad * rnd(r, 0.45f, 0.75f), kind = rnd(r, 0, 1);

    lay(r, s, 0.8f);
    screw_body(r, s, m, len, rad, false);
    ay_solid_group(s);
    if (kind < 0.6f) {
        ay_solid_prism(s, m, v3(0, 0, tall), 6, head, tall, 0.02f);
        ay_prim *dome =
            ay_solid_ball(s, m, v3(0, 0, 0), v3(head * 1.28f, head * 1.28f, tall * 3.4f));
        dome->op = AY_KEEP;
        if (kind < 0.25f) {
            ay_solid_group(s);
            ay_solid_cyl(s, m, v3(0, 0, 0.04f), head * 1.3f, 0.05f, 0.02f);
        }
    } else {
        ay_solid_cyl(s, m, v3(0, 0, tall), head, tall * 1.4f, 0.05f);
        ay_solid_prism(s, m, v3(0, 0, 2.4f * tall), 6, head * 0.5f, tall, 0)->op = AY_CUT;
    }
    v->low = 0.35f;
}

static void screw(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float len = rnd(r, 1.3f, 2.8f), rad = rnd(r, 0.18f, 0.3f), head = rad * rnd(r, 1.8f, 2.4f);
    bool flat = rnd_chance(r, 0.5f);

    lay(r, s, 0.85f);
    screw_body(r, s, m, len, rad, rnd_chance(r, 0.7f));
    ay_solid_group(s);
    if (flat) {
        ay_solid_cone(s, m, v3(0, 0, 0), rad * 0.9f, head, head * 0.45f);
        socket_cut(r, s, m, head * 0.8f, head * 0.45f);
    } else {
        ay_solid_ball(s, m, v3(0, 0, 0), v3(head, head, head * 0.75f));
        ay_solid_box(s, m, v3(0, 0, -1), v3(head * 1.1f, head * 1.1f, 1), 0)->op = AY_CUT;
        socket_cut(r, s, m, head * 0.8f, head * 0.72f);
    }
    v->low = 0.35f;
}

static void nut(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r)), dark;
    float hole = rnd(r, 0.5f, 0.65f), half = rnd(r, 0.25f, 0.5f), kind = rnd(r, 0, 1);
    ay_material blue = ay_mat_paint(r, v3(0.05f, 0.12f, 0.5f), 0.4f);

    dark = ay_solid_material(s, blue);
    lay(r, s, 0.12f);
    ay_solid_prism(s, m, v3(0, 0, 0), rnd_chance(r, 0.1f) ? 4 : 6, 1, half, 0.02f);
    ay_solid_ball(s, m, v3(0, 0, 0), v3(1.3f, 1.3f, half * 2.3f))->op = AY_KEEP;
    ay_prim *bore = ay_solid_thread(s, m, v3(0, 0, 0), hole, 0.07f, half + 0.1f, 0.16f);
    bore->op = AY_CUT;
    if (kind < 0.2f) { /* flange */
        ay_solid_group(s);
        ay_solid_cyl(s, m, v3(0, 0, -half), 1.35f, 0.07f, 0.04f);
        ay_solid_cyl(s, m, v3(0, 0, -half), hole, 0.2f, 0)->op = AY_CUT;
    } else if (kind < 0.4f) { /* locking ring */
        ay_solid_group(s);
        ay_solid_cyl(s, m, v3(0, 0, half), 0.85f, 0.22f, 0.1f);
        ay_solid_cyl(s, dark, v3(0, 0, half), hole + 0.06f, 0.5f, 0)->op = AY_CUT;
        ay_solid_group(s);
        ay_solid_torus(s, dark, v3(0, 0, half + 0.1f), hole + 0.06f, 0.09f);
    }
    v->low = 0.5f;
}

static void nail(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_steel(r)), n = rnd_int(r, 1, 3);

    for (int i = 0; i < n; i++) {
        float spin = rnd(r, -0.7f, 0.7f), len = 1.6f, rad = rnd(r, 0.06f, 0.11f),
              x = rnd(r, -0.5f, 0.5f);
        ay_m3 a = m3_turn(1, AY_PI / 2), b = m3_turn(2, spin + (rnd_chance(r, 0.4f) ? AY_PI : 0));
        ay_solid_frame(s, m3_mul(&b, &a), v3(x, 0.55f * (float)i, 0));
        ay_solid_cyl(s, m, v3(0, 0, 0), rad, len, 0);
        ay_solid_cone(s, m, v3(0, 0, -len - 2 * rad), 0.01f, rad, 2 * rad);
        ay_solid_cyl(s, m, v3(0, 0, len), rad * 2.4f, 0.03f, 0.015f);
    }
    v->low = 0.4f;
}

static void rivet(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float rad = rnd(r, 0.35f, 0.5f), head = rnd(r, 0.75f, 1), len = rnd(r, 0.5f, 1.5f);

    lay(r, s, 0.7f);
    ay_solid_ball(s, m, v3(0, 0, 0), v3(head, head, head * 0.6f));
    ay_solid_box(s, m, v3(0, 0, -2), v3(2, 2, 2), 0)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_cyl(s, m, v3(0, 0, -len), rad, len, 0.04f);
    if (rnd_chance(r, 0.5f))
        ay_solid_cyl(s, m, v3(0, 0, -len), rad * 0.5f, len * 1.02f, 0)->op = AY_CUT;
    v->low = 0.4f;
}

static void retaining_ring(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_steel(r));
    float open = rnd(r, 2.5f, 2.9f), wide = rnd(r, 0.07f, 0.13f);
    ay_prim *hole;

    ay_solid_arc(s, m, v3(0, 0, 0), 1, wide, 0.05f, open);
    for (int i = -1; i <= 1; i += 2) {
        float a = open * (float)i, x = 1.0f * cosq(a), y = 1.0f * sinq(a);
        ay_solid_cyl(s, m, v3(x * 0.93f, y * 0.93f, 0), 0.19f, 0.05f, 0.01f);
        hole = ay_solid_cyl(s, m, v3(x * 0.93f, y * 0.93f, 0), 0.08f, 0.2f, 0);
        hole->op = AY_CUT;
    }
    v->low = 0.7f;
}

static void wing_nut(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float wing = rnd(r, 0.5f, 0.8f);

    ay_solid_cone(s, m, v3(0, 0, 0), 0.62f, 0.45f, 0.35f);
    for (int i = -1; i <= 1; i += 2) {
        ay_prim *p = ay_solid_ball(s, m, v3(0.85f * (float)i, 0, 0.45f), v3(wing, 0.14f, 0.42f));
        p->rot = m3_turn(1, -0.55f * (float)i);
        p->blend = 0.2f;
    }
    ay_solid_cyl(s, m, v3(0, 0, 0), 0.28f, 2, 0)->op = AY_CUT;
    v->low = 0.4f;
}

static void cotter_pin(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_steel(r));
    float spread = rnd(r, 0.02f, 0.35f), len = rnd(r, 1.4f, 2.2f);
    ay_v3 p[12];

    for (int i = 0; i < 8; i++) {
        float a = -2.6f + 5.2f * (float)i / 7;
        p[i + 2] = v3(-0.9f - 0.32f * cosq(a), 0.32f * sinq(a), 0);
    }
    p[1] = v3(-0.55f, -0.09f, 0);
    p[0] = v3(len, -0.09f - spread, 0);
    p[10] = v3(-0.55f, 0.09f, 0);
    p[11] = v3(len * 0.92f, 0.09f + spread, 0);
    ay_solid_tube(s, m, p, 12, 0.085f);
    v->low = 0.6f;
}

static void hook(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float rad = rnd(r, 0.09f, 0.16f), shaft = rnd(r, 0.8f, 1.6f);
    ay_prim *p;

    p = ay_solid_arc(s, m, v3(0, 0, 0), 0.7f, rad, rad, rnd(r, 1.9f, 2.3f));
    p->r = rad;
    p->rot = m3_turn(2, -0.5f);
    p = ay_solid_cyl(s, m, v3(-0.7f, shaft * 0.5f, 0), rad, shaft * 0.7f, 0);
    ay_prim_lie(p, 1);
    p = ay_solid_thread(s, m, v3(-0.7f, shaft * 1.4f, 0), rad * 1.1f, rad * 0.25f, shaft * 0.4f,
                        rad * 0.7f);
    ay_prim_lie(p, 1);
    v->low = 0.6f;
}

static const ay_draw_class classes[] = {
    {.name = "washer", .demo = "Washer", .build = washer},
    {.name = "bolt", .demo = "Bolt", .build = bolt},
    {.name = "nut", .demo = "Nut", .build = nut},
    {.name = "screw", .demo = "Screw", .build = screw},
    {.name = "nail", .build = nail},
    {.name = "rivet", .build = rivet},
    {.name = "retaining ring", .build = retaining_ring},
    {.name = "wing nut", .build = wing_nut},
    {.name = "cotter pin", .build = cotter_pin},
    {.name = "hook", .build = hook},
};
const ay_draw_family ay_family_fasteners = {classes, sizeof classes / sizeof *classes};
