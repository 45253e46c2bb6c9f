/* Hand tools, toys and small goods. */
#include "draw/family.h"
#include "draw/kit.h"

static void drill(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_plastic(r, s), grip = ay_solid_material(s, ay_mat_black(r)),
        bit = ay_kit_metal(r, s);
    ay_prim *p;

    p = ay_solid_cyl(s, body, v3(0, 0, 0.45f), 0.3f, 0.6f, 0.1f);
    ay_prim_lie(p, 0);
    p = ay_solid_box(s, grip, v3(-0.25f, 0, -0.2f), v3(0.17f, 0.15f, 0.55f), 0.1f);
    p->rot = m3_turn(1, -0.2f);
    p->blend = 0.1f;
    ay_solid_box(s, body, v3(-0.15f, 0, -0.8f), v3(0.38f, 0.24f, 0.14f), 0.05f);
    ay_solid_group(s);
    p = ay_solid_cone(s, grip, v3(0.8f, 0, 0.45f), 0.24f, 0.12f, 0.22f);
    ay_prim_lie(p, 0);
    p = ay_solid_thread(s, bit, v3(1.35f, 0, 0.45f), 0.055f, 0.02f, 0.4f, 0.18f);
    ay_prim_lie(p, 0);
    ay_solid_box(s, bit, v3(0.02f, 0, 0.02f), v3(0.06f, 0.08f, 0.12f), 0.03f);
    if (rnd_chance(r, 0.5f))
        s->frame[0].rot = m3_turn(0, AY_PI / 2);
    ay_kit_product(v, 0.1f, 1, 1.0f);
}

static void hammer(ay_rng *r, ay_solid *s, ay_view *v)
{
    int head = ay_solid_material(s, ay_mat_steel(r)),
        grip = rnd_chance(r, 0.6f) ? ay_kit_wooden(r, s) : ay_kit_plastic(r, s);
    ay_prim *p;

    p = ay_solid_slab(s, grip, v3(0, -0.3f, 0), v3(0.075f, 0.95f, 0.06f), 0.05f, 0.04f);
    ay_solid_group(s);
    p = ay_solid_box(s, head, v3(0, 0.65f, 0), v3(0.22f, 0.11f, 0.1f), 0.03f);
    p = ay_solid_cyl(s, head, v3(0.33f, 0.65f, 0), 0.14f, 0.1f, 0.02f);
    ay_prim_lie(p, 0);
    p = ay_solid_cone(s, head, v3(-0.4f, 0.62f, 0), 0.12f, 0.03f, 0.24f);
    p->rot = m3_turn(1, -AY_PI / 2);
    v->low = 0.6f;
    v->product = 0.35f;
}

static void screwdriver(ay_rng *r, ay_solid *s, ay_view *v)
{
    int grip = ay_kit_plastic(r, s), steel = ay_solid_material(s, ay_mat_steel(r)),
        second = ay_kit_plastic(r, s);
    ay_prim *p;

    p = ay_solid_capsule(s, grip, v3(-0.6f, 0, 0), 0.2f, 0.35f);
    ay_prim_lie(p, 0);
    p = ay_solid_capsule(s, second, v3(-0.6f, 0.2f, 0), 0.05f, 0.3f);
    ay_prim_lie(p, 0);
    p->op = AY_CUT;
    for (int i = 0; i < 4; i++) {
        float a = (float)i * AY_PI / 2 + 0.7f;
        p = ay_solid_capsule(s, second, v3(-0.6f, 0.23f * cosq(a), 0.23f * sinq(a)), 0.06f, 0.3f);
        ay_prim_lie(p, 0);
        p->op = AY_CUT;
    }
    ay_solid_group(s);
    ay_prim_lie(ay_solid_cyl(s, steel, v3(0.45f, 0, 0), 0.06f, 0.75f, 0), 0);
    ay_solid_box(s, steel, v3(1.25f, 0, 0), v3(0.12f, 0.08f, 0.02f), 0);
    v->low = 0.5f;
    v->product = 0.35f;
}

static void pliers(ay_rng *r, ay_solid *s, ay_view *v)
{
    int grip = ay_kit_plastic(r, s), steel = ay_solid_material(s, ay_mat_steel(r));
    float open = rnd(r, 0.05f, 0.3f);

    for (int i = -1; i <= 1; i += 2) {
        float k = (float)i;
        ay_v3 h[4] = {v3(0.1f * k, 0, 0), v3((0.25f + open) * k, -0.35f, 0),
                      v3((0.3f + open) * k, -0.8f, 0), v3((0.22f + open * 1.3f) * k, -1.3f, 0)};
        ay_solid_group(s);
        ay_solid_tube(s, grip, h, 4, 0.1f);
        ay_solid_group(s);
        ay_prim *p = ay_solid_slab(s, steel, v3((0.09f + open * 0.5f) * k, 0.42f, 0),
                                   v3(0.085f, 0.42f, 0.08f), 0.06f, 0.02f);
        p->rot = m3_turn(2, -open * k);
    }
    ay_solid_group(s);
    ay_solid_cyl(s, steel, v3(0, 0, 0), 0.22f, 0.1f, 0.03f);
    v->low = 0.6f;
    v->product = 0.35f;
}

static void scissors(ay_rng *r, ay_solid *s, ay_view *v)
{
    int grip = ay_kit_plastic(r, s), steel = ay_solid_material(s, ay_mat_steel(r));
    float open = rnd(r, 0.05f, 0.5f);

    for (int i = -1; i <= 1; i += 2) {
        ay_m3 t = m3_turn(2, open * 0.5f * (float)i);
        ay_solid_frame(s, t, v3(0, 0, 0.02f * (float)i));
        static const float blade[8] = {-0.07f, -0.2f, 0.07f, -0.2f, 0.05f, 0.5f, 0, 1.15f};
        ay_solid_outline(s, steel, v3(0, 0, 0), blade, 4, 0.02f, 0.005f);
        ay_solid_group(s);
        ay_solid_torus(s, grip, v3(0.18f * (float)i, -0.62f, 0), 0.24f, 0.08f);
        ay_solid_box(s, grip, v3(0.05f * (float)i, -0.3f, 0), v3(0.08f, 0.2f, 0.05f), 0.03f)
            ->blend = 0.06f;
    }
    v->low = 0.7f;
    v->product = 0.35f;
}

static void carton(ay_rng *r, ay_solid *s, ay_view *v)
{
    int card = ay_kit_plain(r, s, v3(0.42f, 0.27f, 0.14f), 0.9f),
        tape = ay_kit_plain(r, s, v3(0.55f, 0.42f, 0.25f), 0.15f),
        label = ay_kit_plain(r, s, v3_all(0.8f), 0.6f);
    float w = rnd(r, 0.5f, 1), d = rnd(r, 0.5f, 1), h = rnd(r, 0.3f, 0.9f);

    s->material[label].pattern = AY_PAT_LABEL;
    s->material[label].colour2 = v3_all(0.03f);
    if (rnd_chance(r, 0.3f))
        s->material[card].colour = v3_all(0.75f);
    ay_solid_box(s, card, v3(0, 0, 0), v3(w, d, h), 0.015f);
    ay_solid_group(s);
    ay_solid_box(s, tape, v3(0, 0, 0), v3(0.08f, d + 0.006f, h + 0.006f), 0);
    ay_solid_box(s, label, v3(w * 0.5f, -d * 0.3f, h), v3(w * 0.3f, d * 0.25f, 0.006f), 0);
    ay_kit_product(v, 0.2f, 1, AY_PI);
}

static void book(ay_rng *r, ay_solid *s, ay_view *v)
{
    int n = rnd_int(r, 1, 3), page = ay_kit_plain(r, s, v3(0.8f, 0.76f, 0.65f), 0.9f);

    for (int i = 0; i < n; i++) {
        int cover = ay_kit_plastic(r, s);
        float turn = rnd(r, -0.3f, 0.3f), w = rnd(r, 0.5f, 0.65f), t = rnd(r, 0.06f, 0.13f);
        s->material[cover].pattern = AY_PAT_PRINT;
        s->material[cover].scale = rnd(r, 4, 9);
        s->material[cover].colour2 = v3_all(s->material[cover].colour.y > 0.3f ? 0.03f : 0.8f);
        ay_solid_frame(s, m3_turn(2, turn), v3(0, 0, 0.28f * (float)i));
        ay_solid_box(s, cover, v3(0, 0, 0), v3(w, 0.85f, t), 0.01f);
        ay_solid_box(s, page, v3(0.05f, 0, 0), v3(w, 0.82f, t - 0.025f), 0)->op = AY_CUT;
        ay_solid_group(s);
        ay_solid_box(s, page, v3(0.01f, 0, 0), v3(w - 0.04f, 0.82f, t - 0.02f), 0);
    }
    ay_kit_product(v, 0.35f, 1.4f, AY_PI);
}

static void pen(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_plastic(r, s), tip = ay_kit_metal(r, s);
    ay_prim *p;

    p = ay_solid_cyl(s, body, v3(0, 0, 0), 0.09f, 0.9f, 0.02f);
    ay_prim_lie(p, 0);
    ay_solid_group(s);
    p = ay_solid_cone(s, tip, v3(1.02f, 0, 0), 0.085f, 0.015f, 0.13f);
    ay_prim_lie(p, 0);
    p = ay_solid_cyl(s, tip, v3(-0.95f, 0, 0), 0.06f, 0.1f, 0.02f);
    ay_prim_lie(p, 0);
    ay_solid_box(s, tip, v3(-0.65f, 0, 0.12f), v3(0.28f, 0.03f, 0.015f), 0.01f);
    v->low = 0.5f;
    v->near = 0.7f;
    v->far = 1.1f;
}

static void toy_car(ay_rng *r, ay_solid *s, ay_view *v)
{
    int paint = ay_kit_plastic(r, s), dark = ay_kit_plain(r, s, v3_all(0.015f), 0.8f),
        glass = ay_kit_plain(r, s, v3(0.02f, 0.03f, 0.04f), 0.05f), hub = ay_kit_metal(r, s);
    float cab = rnd(r, 0.3f, 0.6f), h = rnd(r, 0.16f, 0.26f);
    ay_prim *p;

    s->material[paint].rough = 0.15f;
    ay_solid_slab(s, paint, v3(0, 0, 0), v3(1, 0.42f, h), 0.15f, 0.08f);
    p = ay_solid_cyl(s, dark, v3(0.6f, 0.42f, -h), 0.25f, 0.12f, 0);
    p->mirror_x = p->mirror_y = true;
    ay_kit_front(p);
    p->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_box(s, glass, v3(-0.1f, 0, h + 0.15f), v3(cab, 0.36f, 0.2f), 0.1f);
    ay_solid_box(s, paint, v3(-0.1f, 0, h + 0.33f), v3(cab * 0.8f, 0.34f, 0.04f), 0.03f);
    ay_solid_group(s);
    p = ay_solid_cyl(s, dark, v3(0.6f, 0.4f, -h), 0.21f, 0.09f, 0.03f);
    p->mirror_x = p->mirror_y = true;
    ay_kit_front(p);
    p = ay_solid_cyl(s, hub, v3(0.6f, 0.42f, -h), 0.12f, 0.1f, 0.02f);
    p->mirror_x = p->mirror_y = true;
    ay_kit_front(p);
    ay_kit_product(v, 0.1f, 0.8f, AY_PI);
}

static void house(ay_rng *r, ay_solid *s, ay_view *v)
{
    static const float gable[10] = {-0.6f, -0.5f, 0.6f, -0.5f, 0.6f, 0.2f, 0, 0.75f, -0.6f, 0.2f};
    int wall = ay_kit_plastic(r, s), roof = ay_kit_plain(r, s, v3(0.35f, 0.08f, 0.04f), 0.8f),
        hole = ay_kit_plain(r, s, v3(0.03f, 0.05f, 0.09f), 0.1f);
    ay_prim *p;

    s->material[roof].pattern = AY_PAT_STRIPES;
    s->material[roof].colour2 = v3_scale(s->material[roof].colour, 0.6f);
    s->material[roof].scale = 8;
    p = ay_solid_outline(s, wall, v3(0, 0, 0), gable, 5, 0.8f, 0.01f);
    ay_kit_front(p);
    ay_solid_group(s);
    for (int i = -1; i <= 1; i += 2) {
        p = ay_solid_box(s, roof, v3(0.34f * (float)i, 0, 0.5f), v3(0.48f, 0.9f, 0.04f), 0);
        p->rot = m3_turn(1, 0.74f * (float)i);
    }
    ay_solid_group(s);
    ay_solid_box(s, hole, v3(0.25f, -0.8f, 0), v3(0.13f, 0.012f, 0.14f), 0)->mirror_x = true;
    ay_solid_box(s, hole, v3(0, -0.8f, -0.32f), v3(0.1f, 0.014f, 0.18f), 0);
    p = ay_solid_box(s, hole, v3(0.6f, 0, -0.1f), v3(0.012f, 0.15f, 0.14f), 0);
    p->mirror_x = true;
    ay_kit_product(v, 0.1f, 0.8f, AY_PI);
}

static void plug(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_plastic(r, s), pin = ay_solid_material(s, ay_mat_brass(r));
    ay_prim *p;

    ay_solid_frame(s, m3_turn(2, rnd(r, 0, 6)), v3(0, 0, 0));
    p = ay_solid_cone(s, body, v3(0, 0, 0), 0.3f, 0.5f, 0.4f);
    ay_prim_lie(p, 0);
    p->r = 0.05f;
    ay_solid_group(s);
    p = ay_solid_capsule(s, pin, v3(0.65f, 0.22f, 0), 0.08f, 0.3f);
    ay_prim_lie(p, 0);
    p->mirror_y = true;
    ay_v3 c[4] = {v3(-0.4f, 0, 0), v3(-0.8f, 0.05f, -0.25f), v3(-1.1f, 0.4f, -0.3f),
                  v3(-0.9f, 0.8f, -0.3f)};
    ay_solid_tube(s, body, c, 4, 0.09f);
    v->low = 0.4f;
    v->product = 0.35f;
}

static void dice(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_plastic(r, s),
        spot = ay_kit_plain(r, s, s->material[body].colour.y > 0.3f ? v3_all(0.02f) : v3_all(0.8f),
                            0.4f);
    ay_prim *p;

    ay_solid_box(s, body, v3(0, 0, 0), v3_all(0.7f), 0.12f);
    p = ay_solid_ball(s, spot, v3(0.35f, 0.35f, 0.76f), v3_all(0.15f));
    p->op = AY_CUT;
    p->mirror_x = p->mirror_y = true;
    p = ay_solid_ball(s, spot, v3(0, 0, 0.76f), v3_all(0.15f));
    p->op = AY_CUT;
    p = ay_solid_ball(s, spot, v3(0.76f, 0.3f, 0.3f), v3_all(0.15f));
    p->op = AY_CUT;
    p->mirror_x = true;
    p = ay_solid_ball(s, spot, v3(0.76f, -0.3f, -0.3f), v3_all(0.15f));
    p->op = AY_CUT;
    p->mirror_x = true;
    p = ay_solid_ball(s, spot, v3(0, 0.76f, 0), v3_all(0.18f));
    p->op = AY_CUT;
    p->mirror_y = true;
    v->low = 0.4f;
    v->product = 0.35f;
}

#define SOLID(n, f)                                                                                \
    {                                                                                              \
        .name = n, .build = f                                                                      \
    }
static const ay_draw_class classes[] = {
    SOLID("drill", drill),   SOLID("hammer", hammer),     SOLID("screwdriver", screwdriver),
    SOLID("pliers", pliers), SOLID("scissors", scissors), SOLID("carton", carton),
    SOLID("book", book),     SOLID("pen", pen),           SOLID("toy car", toy_car),
    SOLID("house", house),   SOLID("plug", plug),         SOLID("dice", dice),
};
const ay_draw_family ay_family_workshop = {classes, sizeof classes / sizeof *classes};
