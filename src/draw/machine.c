/* Machine parts: gears, bearings, springs, pulleys, keys, tools. */
#include "draw/family.h"
#include "draw/kit.h"

static void gear(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, rnd_chance(r, 0.2f) ? ay_mat_any_plastic(r) : ay_mat_any_metal(r));
    int teeth = rnd_int(r, 12, 34), style = rnd_int(r, 0, 3), spokes = rnd_int(r, 3, 6);
    float half = rnd(r, 0.1f, 0.3f), depth = 1.7f / (float)teeth, bore = rnd(r, 0.12f, 0.28f);
    float hub = bore + rnd(r, 0.08f, 0.18f);
    ay_prim *p;

    ay_kit_spun(r, s, 0.05f);
    p = ay_solid_gear(s, m, v3(0, 0, 0), teeth, 1, depth, half);
    p->r = 0.012f;
    if (style == 1) { /* thinner web */
        for (int i = -1; i <= 1; i += 2) {
            p = ay_solid_cyl(s, m, v3(0, 0, (float)i * half), 0.78f, half * 0.45f, 0.02f);
            p->op = AY_CUT;
        }
    } else if (style == 2) { /* round holes */
        p = ay_solid_cyl(s, m, v3(0.56f, 0, 0), rnd(r, 0.11f, 0.17f), 1, 0);
        p->op = AY_CUT;
        p->around = spokes;
    } else if (style == 3) { /* spokes */
        p = ay_solid_arc(s, m, v3(0, 0, 0), 0.58f, 0.14f, 1, AY_PI / (float)spokes - 0.32f);
        p->op = AY_CUT;
        p->around = spokes;
        p->pos = v3(0, 0, 0);
    }
    if (style == 1 || rnd_chance(r, 0.5f))
        ay_solid_cyl(s, m, v3(0, 0, half * 0.3f), hub + 0.05f, half * 1.3f, 0.02f);
    ay_solid_cyl(s, m, v3(0, 0, 0), bore, 2, 0)->op = AY_CUT;
    if (rnd_chance(r, 0.4f))
        ay_solid_box(s, m, v3(bore, 0, 0), v3(0.06f, 0.045f, 2), 0)->op = AY_CUT;
    v->low = 0.55f;
}

static void spring(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float wire = rnd(r, 0.05f, 0.13f), turns = (float)rnd_int(r, 4, 10),
          pitch = wire * rnd(r, 2.3f, 5);
    float half = pitch * turns / 2, spin = rnd(r, 0, 6), rad = rnd(r, 0.35f, 0.65f);
    ay_m3 a = m3_turn(1, rnd_chance(r, 0.85f) ? AY_PI / 2 : 0), b = m3_turn(2, spin);
    ay_prim *p;

    ay_solid_frame(s, m3_mul(&a, &b), v3(0, 0, 0));
    ay_solid_helix(s, m, v3(0, 0, 0), rad, wire, half, pitch);
    if (rnd_chance(r, 0.35f)) { /* loops at the ends */
        for (int i = -1; i <= 1; i += 2) {
            p = ay_solid_torus(s, m, v3(0, 0, (float)i * (half + rad * 0.9f)), rad * 0.9f, wire);
            p->rot = m3_turn(0, AY_PI / 2);
        }
    }
    v->low = 0.35f;
}

static void bearing(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_steel(r)), n = rnd_int(r, 7, 12), seal;
    float half = rnd(r, 0.16f, 0.32f), bore = rnd(r, 0.35f, 0.5f), mid = (0.98f + bore) / 2;
    float ball = (0.98f - bore) * rnd(r, 0.2f, 0.28f), kind = rnd(r, 0, 1);
    float gap = ball * 0.62f;
    ay_prim *p;

    s->material[m].pattern = AY_PAT_TURNED;
    seal = ay_solid_material(s, rnd_chance(r, 0.6f) ? ay_mat_any_plastic(r) : ay_mat_any_metal(r));
    ay_kit_spun(r, s, 0.04f);
    if (rnd_chance(r, 0.12f)) {
        ay_m3 up = m3_turn(0, AY_PI / 2);
        ay_solid_frame(s, up, v3(0, 0, 0));
    }
    ay_solid_cyl(s, m, v3(0, 0, 0), 1, half, 0.03f);
    ay_solid_cyl(s, m, v3(0, 0, 0), mid + gap, 1, 0)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_cyl(s, m, v3(0, 0, 0), mid - gap, half, 0.03f);
    ay_solid_cyl(s, m, v3(0, 0, 0), bore, 1, 0)->op = AY_CUT;
    ay_solid_group(s);
    if (kind < 0.6f) {
        p = ay_solid_ball(s, m, v3(mid, 0, 0), v3_all(ball));
        p->around = n;
        ay_solid_group(s);
        ay_solid_cyl(s, seal, v3(0, 0, 0), mid + gap * 0.4f, half * 0.35f, 0);
        ay_solid_cyl(s, m, v3(0, 0, 0), mid - gap * 0.4f, 1, 0)->op = AY_CUT;
    } else {
        ay_solid_cyl(s, seal, v3(0, 0, 0), mid + gap, half * 0.86f, 0.02f);
        ay_solid_cyl(s, m, v3(0, 0, 0), mid - gap, 1, 0)->op = AY_CUT;
    }
    v->low = 0.5f;
}

static void key(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r)), cap, cuts = rnd_int(r, 4, 6);
    float bow = rnd(r, 0.48f, 0.62f), len = rnd(r, 1.5f, 2.1f), kind = rnd(r, 0, 1);
    ay_prim *p;

    cap = ay_solid_material(s, ay_mat_any_plastic(r));
    ay_kit_spun(r, s, 0.03f);
    if (kind < 0.4f)
        ay_solid_cyl(s, m, v3(-bow, 0, 0), bow, 0.06f, 0.02f);
    else if (kind < 0.7f)
        ay_solid_prism(s, m, v3(-bow, 0, 0), 6, bow, 0.06f, 0.02f);
    else
        ay_solid_slab(s, cap, v3(-bow, 0, 0), v3(bow, bow * 0.9f, 0.12f), 0.25f, 0.05f);
    ay_solid_box(s, m, v3(len / 2 - 0.1f, 0, 0), v3(len / 2 + 0.1f, 0.16f, 0.05f), 0.015f);
    p = ay_solid_cyl(s, m, v3(-bow * 1.45f, 0, 0), bow * 0.24f, 1, 0);
    p->op = AY_CUT;
    for (int i = 0; i < cuts; i++) {
        float x = len * (0.25f + 0.66f * (float)i / (float)cuts), deep = rnd(r, 0.02f, 0.14f);
        p = ay_solid_box(s, m, v3(x, 0.24f - deep, 0), v3(0.13f, 0.13f, 1), 0);
        p->rot = m3_turn(2, AY_PI / 4);
        p->op = AY_CUT;
    }
    ay_solid_box(s, m, v3(len / 2 + 0.1f, -0.05f, 0.07f), v3(len / 2, 0.025f, 0.04f), 0)->op =
        AY_CUT;
    v->low = 0.7f;
}

static void pulley(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, rnd_chance(r, 0.4f) ? ay_mat_any_plastic(r) : ay_mat_any_metal(r));
    float half = rnd(r, 0.2f, 0.35f), deep = rnd(r, 0.15f, 0.3f), bore = rnd(r, 0.15f, 0.3f);
    float rz[16] = {0.01f,    -half,       1, -half,       1, -half * 0.7f, 1 - deep, -half * 0.1f,
                    1 - deep, half * 0.1f, 1, half * 0.7f, 1, half,         0.01f,    half};

    ay_kit_spun(r, s, 0.05f);
    if (rnd_chance(r, 0.35f)) {
        ay_m3 up = m3_turn(0, AY_PI / 2 - 0.2f);
        ay_solid_frame(s, up, v3(0, 0, 0));
    }
    ay_solid_turned(s, m, v3(0, 0, 0), rz, 8, 0.01f);
    ay_solid_cyl(s, m, v3(0, 0, 0), bore, 2, 0)->op = AY_CUT;
    if (rnd_chance(r, 0.5f)) {
        ay_prim *p = ay_solid_cyl(s, m, v3((bore + 1 - deep) / 2, 0, 0), 0.14f, 2, 0);
        p->op = AY_CUT;
        p->around = rnd_int(r, 3, 6);
    }
    v->low = 0.4f;
}

static void chain(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_steel(r)), n = rnd_int(r, 3, 6);
    float wire = rnd(r, 0.11f, 0.17f), bend = rnd(r, -0.35f, 0.35f), x = 0, y = 0, a = 0;

    for (int i = 0; i < n; i++) {
        ay_m3 turn = m3_turn(2, a), roll = m3_turn(0, i % 2 ? AY_PI / 2 : 0.15f);
        ay_solid_frame(s, m3_mul(&turn, &roll), v3(x, y, 0));
        ay_solid_arc(s, m, v3(0.25f, 0, 0), 0.36f, wire, wire, AY_PI / 2)->r = wire;
        ay_prim *p = ay_solid_arc(s, m, v3(-0.25f, 0, 0), 0.36f, wire, wire, AY_PI / 2);
        p->r = wire;
        p->rot = m3_turn(2, AY_PI);
        for (int k = -1; k <= 1; k += 2) {
            p = ay_solid_capsule(s, m, v3(0, 0.36f * (float)k, 0), wire, 0.25f);
            ay_prim_lie(p, 0);
        }
        x += 0.85f * cosq(a);
        y += 0.85f * sinq(a);
        a += bend;
    }
    v->low = 0.5f;
}

static void wrench(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_steel(r));
    float len = rnd(r, 1.2f, 1.8f), jaw = rnd(r, 0.4f, 0.55f);
    ay_prim *p;

    ay_kit_spun(r, s, 0.03f);
    ay_solid_slab(s, m, v3(0, 0, 0), v3(len, 0.17f, 0.07f), 0.1f, 0.03f);
    ay_solid_slab(s, m, v3(0, 0, 0.07f), v3(len * 0.7f, 0.09f, 0.03f), 0.08f, 0)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_cyl(s, m, v3(len, 0, 0), jaw, 0.12f, 0.03f);
    p = ay_solid_box(s, m, v3(len + jaw * 0.75f, jaw * 0.2f, 0), v3(jaw, jaw * 0.45f, 1), 0);
    p->op = AY_CUT;
    p->rot = m3_turn(2, 0.26f);
    ay_solid_group(s);
    ay_solid_cyl(s, m, v3(-len, 0, 0), jaw * 0.85f, 0.13f, 0.03f);
    if (rnd_chance(r, 0.6f)) {
        ay_solid_prism(s, m, v3(-len, 0, 0), 6, jaw * 0.5f, 1, 0)->op = AY_CUT;
    } else {
        p = ay_solid_box(s, m, v3(-len - jaw * 0.6f, 0, 0), v3(jaw * 0.8f, jaw * 0.4f, 1), 0);
        p->op = AY_CUT;
    }
    v->low = 0.7f;
}

static void fan_wheel(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_plastic(r)),
        hub = ay_solid_material(s, ay_mat_any_metal(r));
    ay_prim *p;

    ay_kit_spun(r, s, 0.06f);
    p = ay_solid_box(s, m, v3(0.62f, 0, 0), v3(0.4f, rnd(r, 0.16f, 0.3f), 0.02f), 0.02f);
    p->rot = m3_turn(0, 0.55f);
    p->around = rnd_int(r, 3, 9);
    ay_solid_group(s);
    ay_solid_cyl(s, m, v3(0, 0, 0), 0.32f, 0.2f, 0.04f);
    ay_solid_cyl(s, hub, v3(0, 0, 0.18f), 0.1f, 0.08f, 0.02f);
    if (rnd_chance(r, 0.4f)) {
        ay_solid_group(s);
        ay_solid_cyl(s, m, v3(0, 0, 0), 1.08f, 0.22f, 0.02f);
        ay_solid_cyl(s, m, v3(0, 0, 0), 1.03f, 1, 0)->op = AY_CUT;
    }
    v->low = 0.6f;
}

static void pipe_elbow(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, rnd_chance(r, 0.3f) ? ay_mat_any_plastic(r) : ay_mat_any_metal(r));
    float rad = rnd(r, 0.3f, 0.4f), wall = rad * 0.75f;
    ay_prim *p;

    ay_kit_spun(r, s, 0.05f);
    ay_solid_arc(s, m, v3(0, 0, 0), 0.9f, rad, rad, AY_PI / 4)->r = rad;
    for (int i = -1; i <= 1; i += 2) {
        float a = AY_PI / 4 * (float)i, x = 0.9f * cosq(a), y = 0.9f * sinq(a);
        p = ay_solid_cyl(s, m, v3(x - 0.15f * sinq(absf(a)), y + 0.15f * cosq(a) * (float)i, 0),
                         rad * 1.25f, 0.22f, 0.04f);
        p->rot = m3_turn(0, -AY_PI / 2);
        ay_m3 t = m3_turn(2, a);
        p->rot = m3_mul(&t, &p->rot);
    }
    p = ay_solid_arc(s, m, v3(0, 0, 0), 0.9f, wall, wall, AY_PI / 4 + 0.6f);
    p->r = wall;
    p->op = AY_CUT;
    v->low = 0.4f;
}

static void bracket(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float w = rnd(r, 0.3f, 0.7f), t = rnd(r, 0.05f, 0.1f), len = rnd(r, 0.7f, 1.2f), x;
    ay_prim *p;

    ay_kit_spun(r, s, 0.03f);
    ay_solid_slab(s, m, v3(len - t, 0, 0), v3(len, w, t), 0.15f, 0.02f);
    ay_solid_box(s, m, v3(0, 0, len - t), v3(t, w, len), 0.02f)->blend = 0.12f;
    x = len * 1.1f;
    p = ay_solid_cyl(s, m, v3(x, 0, 0), w * 0.3f, 1, 0);
    p->op = AY_CUT;
    p->nx = 2;
    p->dx = len * 0.8f;
    p = ay_solid_cyl(s, m, v3(0, 0, len * 1.2f), w * 0.3f, 1, 0);
    ay_prim_lie(p, 0);
    p->op = AY_CUT;
    v->low = 0.3f;
}

static void bushing(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_metal(r));
    float half = rnd(r, 0.5f, 1.3f), bore = rnd(r, 0.4f, 0.58f), lying = rnd(r, 0, 1);
    ay_m3 t = m3_turn(1, lying < 0.5f ? AY_PI / 2 : 0);

    ay_solid_frame(s, t, v3(0, 0, 0));
    ay_solid_cyl(s, m, v3(0, 0, 0), 0.7f, half, 0.03f);
    if (rnd_chance(r, 0.5f))
        ay_solid_cyl(s, m, v3(0, 0, -half), 0.98f, 0.12f, 0.03f);
    ay_solid_cyl(s, m, v3(0, 0, 0), bore, 4, 0)->op = AY_CUT;
    if (rnd_chance(r, 0.4f))
        ay_prim_lie(ay_solid_cyl(s, m, v3(0, 0, 0), 0.12f, 2, 0), 0);
    s->prim[s->prims - 1].op = AY_CUT;
    v->low = 0.4f;
}

static void valve_wheel(ay_rng *r, ay_solid *s, ay_view *v)
{
    int m = ay_solid_material(s, ay_mat_any_plastic(r)), n = rnd_int(r, 3, 6);
    float wire = rnd(r, 0.08f, 0.14f);
    ay_prim *p;

    ay_kit_spun(r, s, 0.1f);
    ay_solid_torus(s, m, v3(0, 0, 0), 1, wire);
    p = ay_solid_capsule(s, m, v3(0.5f, 0, 0), wire * 0.7f, 0.45f);
    ay_prim_lie(p, 0);
    p->around = n;
    p->blend = 0.08f;
    ay_solid_cyl(s, m, v3(0, 0, 0), 0.2f, 0.18f, 0.03f)->blend = 0.08f;
    v->low = 0.5f;
}

static const ay_draw_class classes[] = {
    {.name = "gear", .demo = "Gear", .build = gear},
    {.name = "spring", .demo = "Spring", .build = spring},
    {.name = "bearing", .demo = "Bearing", .build = bearing},
    {.name = "key", .demo = "Key", .build = key},
    {.name = "pulley", .build = pulley},
    {.name = "chain", .build = chain},
    {.name = "wrench", .build = wrench},
    {.name = "fan wheel", .build = fan_wheel},
    {.name = "pipe elbow", .build = pipe_elbow},
    {.name = "bracket", .build = bracket},
    {.name = "bushing", .build = bushing},
    {.name = "valve wheel", .build = valve_wheel},
};
const ay_draw_family ay_family_machine = {classes, sizeof classes / sizeof *classes};
