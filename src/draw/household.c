/* Things of a household and a workshop in rough outline: ovens, kettles, lamps, bottles, furniture,
 * hand tools, toys.
 *
 * Built as they stand, z up, front towards -y, where the camera is at yaw 0. */
#include "draw/family.h"
#include "draw/kit.h"

static void microwave(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_enamel(r, s),
        door = rnd_chance(r, 0.5f) ? ay_kit_plain(r, s, v3_all(0.012f), 0.1f) : ay_kit_enamel(r, s),
        window = ay_kit_plain(r, s, v3_all(0.02f), 0.08f);
    int show = ay_kit_plain(r, s, v3_all(0.005f), 0.1f), key = ay_kit_enamel(r, s),
        bar = ay_kit_metal(r, s), panel = rnd_chance(r, 0.6f) ? door : body;
    float h = rnd(r, 0.5f, 0.62f), deep = rnd(r, 0.55f, 0.8f), split = rnd(r, 0.42f, 0.55f),
          glow = rnd(r, 0.6f, 2), hue = rnd(r, 0.3f, 0.6f);
    float mid = (split - 1) / 2, wide = (split + 1) / 2;
    ay_prim *p;

    s->material[window].pattern = rnd_chance(r, 0.5f) ? AY_PAT_GRILLE : AY_PAT_PLAIN;
    s->material[window].colour2 = v3_all(0.07f);
    s->material[window].scale = 25;
    s->material[show].pattern = AY_PAT_SEGMENTS;
    s->material[show].colour2 = hsv(hue, 0.8f, 1);
    s->material[show].glow = glow;
    ay_solid_box(s, body, v3(0, 0, 0), v3(1, deep, h), 0.04f);
    ay_solid_group(s);
    ay_solid_box(s, door, v3(mid, -deep, 0), v3(wide - 0.02f, 0.05f, h - 0.03f), 0.02f);
    ay_solid_box(s, panel, v3(split + (1 - split) / 2, -deep, 0),
                 v3((1 - split) / 2 - 0.015f, 0.045f, h - 0.03f), 0.02f);
    ay_solid_group(s);
    p = ay_solid_slab(s, window, v3(mid - 0.03f, -deep - 0.05f, 0),
                      v3(wide * 0.76f, h * 0.66f, 0.008f), 0.06f, 0);
    ay_kit_front(p);
    ay_solid_group(s);
    if (rnd_chance(r, 0.6f))
        ay_solid_capsule(s, bar, v3(split - 0.08f, -deep - 0.12f, 0), 0.035f, h * 0.6f);
    p = ay_solid_box(s, show, v3(split + (1 - split) / 2, -deep - 0.045f, h * 0.68f),
                     v3((1 - split) * 0.4f, h * 0.11f, 0.008f), 0);
    ay_kit_front(p);
    if (rnd_chance(r, 0.6f)) {
        p = ay_solid_box(s, key, v3(split + (1 - split) / 2, -deep - 0.045f, -h * 0.1f),
                         v3((1 - split) * 0.1f, h * 0.065f, 0.015f), 0.01f);
        ay_kit_front(p);
        p->nx = 3;
        p->dx = (1 - split) * 0.28f;
        p->ny = 5;
        p->dy = h * 0.2f;
    } else {
        p = ay_solid_cyl(s, key, v3(split + (1 - split) / 2, -deep - 0.08f, 0), (1 - split) * 0.28f,
                         0.05f, 0.02f);
        ay_kit_front(p);
        p->ny = 2;
        p->dy = h * 0.75f;
        p->pos.z = -h * 0.2f;
    }
    ay_kit_product(v, 0.03f, 0.5f, 0.9f);
}

static void washing_machine(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_enamel(r, s), ring = ay_kit_metal(r, s),
        window = ay_kit_plain(r, s, v3(0.02f, 0.03f, 0.05f), 0.05f), knob = ay_kit_enamel(r, s);
    float rad = rnd(r, 0.45f, 0.58f);

    ay_solid_box(s, body, v3(0, 0, 0), v3(0.8f, 0.75f, 1), 0.05f);
    ay_solid_box(s, body, v3(0, -0.75f, 0.68f), v3(1, 0.02f, 0.012f), 0)->op = AY_CUT;
    ay_solid_group(s);
    ay_kit_front(ay_solid_torus(s, ring, v3(0, -0.76f, -0.1f), rad, 0.08f));
    ay_solid_ball(s, window, v3(0, -0.74f, -0.1f), v3(rad, 0.1f, rad));
    ay_kit_front(ay_solid_cyl(s, knob, v3(0.15f, -0.8f, 0.84f), 0.1f, 0.06f, 0.02f));
    ay_solid_box(s, window, v3(0.5f, -0.75f, 0.84f), v3(0.18f, 0.01f, 0.06f), 0);
    ay_solid_box(s, ring, v3(-0.5f, -0.75f, 0.84f), v3(0.22f, 0.015f, 0.1f), 0.01f);
    ay_kit_product(v, 0.03f, 0.5f, 0.8f);
}

static void refrigerator(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_enamel(r, s), bar = ay_kit_metal(r, s);
    float w = rnd(r, 0.4f, 0.6f), split = rnd(r, 0.15f, 0.5f);

    ay_solid_box(s, body, v3(0, 0, 0), v3(w, 0.42f, 1), 0.03f);
    ay_solid_box(s, body, v3(0, -0.42f, split), v3(2, 0.03f, 0.015f), 0)->op = AY_CUT;
    if (w > 0.52f)
        ay_solid_box(s, body, v3(0, -0.42f, 1), v3(0.012f, 0.03f, 1 - split), 0)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_capsule(s, bar, v3(w > 0.52f ? 0.06f : -w * 0.8f, -0.48f, (1 + split) / 2), 0.025f,
                     (1 - split) * 0.3f);
    ay_solid_capsule(s, bar, v3(-w * 0.8f, -0.48f, split - 0.35f), 0.025f, 0.25f);
    ay_kit_product(v, 0.02f, 0.35f, 0.8f);
}

static void kettle(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = rnd_chance(r, 0.5f) ? ay_kit_metal(r, s) : ay_kit_enamel(r, s),
        dark = ay_kit_plastic(r, s);
    float top = rnd(r, 0.4f, 0.6f);
    ay_prim *p;

    ay_solid_cone(s, body, v3(0, 0, 0), 0.68f, top, 0.7f)->r = 0.05f;
    ay_solid_ball(s, body, v3(0, 0, 0.68f), v3(top, top, 0.18f));
    p = ay_solid_cone(s, body, v3(0.6f, 0, 0.42f), 0.2f, 0.07f, 0.3f);
    p->rot = m3_turn(1, 0.7f);
    p->blend = 0.12f;
    ay_solid_group(s);
    p = ay_solid_arc(s, dark, v3(-0.55f, 0, 0.15f), 0.45f, 0.08f, 0.07f, 1.6f);
    p->r = 0.06f;
    ay_m3 a = m3_turn(0, AY_PI / 2), b = m3_turn(2, AY_PI);
    p->rot = m3_mul(&a, &b);
    ay_solid_ball(s, dark, v3(0, 0, 0.9f), v3(0.12f, 0.12f, 0.1f));
    ay_solid_cyl(s, dark, v3(0, 0, -0.75f), 0.74f, 0.06f, 0.03f);
    ay_kit_product(v, 0.1f, 0.7f, AY_PI);
}

static void toaster(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_enamel(r, s), dark = ay_kit_plain(r, s, v3_all(0.015f), 0.5f),
        bread = ay_kit_plain(r, s, v3(0.5f, 0.28f, 0.1f), 0.9f);

    ay_solid_box(s, body, v3(0, 0, 0), v3(1, 0.5f, 0.6f), rnd(r, 0.08f, 0.3f));
    ay_prim *p = ay_solid_box(s, dark, v3(0, 0, 0.6f), v3(0.75f, 0.09f, 0.3f), 0);
    p->op = AY_CUT;
    p->mirror_y = true;
    p->pos.y = 0.2f;
    ay_solid_group(s);
    if (rnd_chance(r, 0.5f)) {
        p = ay_solid_box(s, bread, v3(0, 0.2f, 0.6f), v3(0.6f, 0.06f, 0.3f), 0.05f);
        p->mirror_y = true;
    }
    ay_solid_box(s, dark, v3(1.03f, 0, 0.25f), v3(0.08f, 0.15f, 0.05f), 0.02f);
    ay_solid_box(s, dark, v3(0, 0, -0.6f), v3(0.96f, 0.46f, 0.05f), 0.02f);
    ay_kit_product(v, 0.2f, 0.9f, AY_PI);
}

static void desk_lamp(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_enamel(r, s), bulb = ay_kit_plain(r, s, v3(1, 0.85f, 0.6f), 0.3f);
    float x = rnd(r, 0.2f, 0.5f), lean = rnd(r, 0.3f, 0.9f);
    ay_v3 arm[3] = {v3(0, 0, -0.9f), v3(-x, 0, 0), v3(0.3f, 0, 0.75f)};
    ay_prim *p;

    s->material[bulb].glow = rnd_chance(r, 0.6f) ? 3 : 0.3f;
    ay_solid_cyl(s, body, v3(0, 0, -0.95f), 0.42f, 0.05f, 0.03f);
    ay_solid_tube(s, body, arm, 3, 0.035f);
    ay_solid_frame(s, m3_turn(1, -lean), v3(0.42f, 0, 0.72f));
    p = ay_solid_cone(s, body, v3(0, 0, 0), 0.42f, 0.16f, 0.25f);
    p = ay_solid_cone(s, body, v3(0, 0, -0.06f), 0.4f, 0.13f, 0.25f);
    p->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_ball(s, bulb, v3(0, 0, -0.1f), v3_all(0.16f));
    ay_kit_product(v, 0.02f, 0.5f, AY_PI);
}

static void light_bulb(ay_rng *r, ay_solid *s, ay_view *v)
{
    int glass = ay_kit_plain(r, s, v3(0.8f, 0.8f, 0.75f), 0.05f), base = ay_kit_metal(r, s);
    bool lying = rnd_chance(r, 0.5f);

    s->material[glass].glow = rnd_chance(r, 0.4f) ? 1.5f : 0.25f;
    ay_solid_frame(s, m3_turn(1, lying ? 1.75f : 0), v3(0, 0, 0));
    ay_solid_ball(s, glass, v3(0, 0, 0.3f), v3(0.6f, 0.6f, 0.62f));
    ay_solid_cone(s, glass, v3(0, 0, -0.3f), 0.27f, 0.45f, 0.3f)->blend = 0.2f;
    ay_solid_group(s);
    ay_solid_thread(s, base, v3(0, 0, -0.8f), 0.28f, 0.04f, 0.25f, 0.12f);
    ay_solid_cone(s, base, v3(0, 0, -1.1f), 0.08f, 0.24f, 0.06f);
    ay_kit_product(v, 0.1f, 0.9f, AY_PI);
}

static void clock_face(ay_rng *r, ay_solid *s, ay_view *v)
{
    int rim = rnd_chance(r, 0.5f) ? ay_kit_metal(r, s) : ay_kit_plastic(r, s),
        face = ay_kit_plain(r, s, v3_all(0.8f), 0.3f);

    s->material[face].pattern = AY_PAT_DIAL;
    s->material[face].colour2 = v3_all(0.02f);
    if (rnd_chance(r, 0.25f)) {
        s->material[face].colour = v3_all(0.02f);
        s->material[face].colour2 = v3_all(0.8f);
    }
    ay_kit_front(ay_solid_cyl(s, face, v3(0, 0, 0), 0.9f, 0.1f, 0));
    ay_solid_group(s);
    ay_kit_front(ay_solid_torus(s, rim, v3(0, -0.08f, 0), 0.92f, 0.1f));
    if (rnd_chance(r, 0.35f)) { /* alarm clock */
        ay_prim *p = ay_solid_ball(s, rim, v3(0.5f, 0, 0.95f), v3(0.3f, 0.25f, 0.22f));
        p->mirror_x = true;
        p = ay_solid_capsule(s, rim, v3(0.5f, 0, -0.95f), 0.07f, 0.14f);
        p->mirror_x = true;
    }
    ay_kit_product(v, 0.02f, 0.4f, 0.8f);
}

static void clothes_iron(ay_rng *r, ay_solid *s, ay_view *v)
{
    static const float sole[14] = {-0.9f, -0.45f, 0.2f,  -0.45f, 0.65f, -0.28f, 1,
                                   0,     0.65f,  0.28f, 0.2f,   0.45f, -0.9f,  0.45f};
    int plate = ay_solid_material(s, ay_mat_steel(r)), body = ay_kit_plastic(r, s),
        grip = ay_kit_plastic(r, s);
    ay_prim *p;

    ay_solid_outline(s, plate, v3(0, 0, -0.4f), sole, 7, 0.05f, 0.02f);
    ay_solid_group(s);
    p = ay_solid_ball(s, body, v3(-0.1f, 0, -0.35f), v3(0.85f, 0.4f, 0.45f));
    ay_solid_box(s, body, v3(0, 0, -1.35f), v3(2, 2, 1), 0)->op = AY_CUT;
    ay_solid_group(s);
    ay_v3 h[4] = {v3(0.4f, 0, 0), v3(0.35f, 0, 0.42f), v3(-0.75f, 0, 0.4f), v3(-0.75f, 0, -0.2f)};
    ay_solid_tube(s, grip, h, 4, 0.1f);
    (void)p;
    ay_kit_product(v, 0.15f, 0.9f, AY_PI);
}

static void hair_dryer(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_plastic(r, s), dark = ay_solid_material(s, ay_mat_black(r));
    ay_prim *p;

    ay_solid_ball(s, body, v3(-0.3f, 0, 0.4f), v3(0.42f, 0.36f, 0.4f));
    p = ay_solid_cone(s, body, v3(0.3f, 0, 0.4f), 0.34f, 0.22f, 0.5f);
    ay_prim_lie(p, 0);
    p->blend = 0.1f;
    p = ay_solid_slab(s, body, v3(-0.3f, 0, -0.3f), v3(0.14f, 0.12f, 0.6f), 0.1f, 0.05f);
    p->rot = m3_turn(1, 0.15f);
    p->blend = 0.1f;
    ay_solid_group(s);
    ay_prim_lie(ay_solid_cyl(s, dark, v3(0.85f, 0, 0.4f), 0.24f, 0.1f, 0.02f), 0);
    ay_prim_lie(ay_solid_cyl(s, dark, v3(-0.68f, 0, 0.4f), 0.26f, 0.05f, 0.03f), 0);
    ay_v3 c[4] = {v3(-0.4f, 0, -0.9f), v3(-0.5f, 0, -1.1f), v3(-0.2f, 0.3f, -1.15f),
                  v3(0.4f, 0.4f, -1.15f)};
    ay_solid_tube(s, dark, c, 4, 0.035f);
    ay_kit_product(v, 0.05f, 0.8f, AY_PI);
}

static void table_fan(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_enamel(r, s), blade = ay_kit_plastic(r, s);
    ay_prim *p;

    p = ay_solid_torus(s, body, v3(0, 0, 0.3f), 0.7f, 0.025f);
    ay_kit_front(p);
    p = ay_solid_torus(s, body, v3(0, -0.1f, 0.3f), 0.45f, 0.012f);
    ay_kit_front(p);
    ay_solid_frame(s, m3_turn(0, AY_PI / 2), v3(0, -0.12f, 0.3f));
    p = ay_solid_box(s, body, v3(0.36f, 0, 0), v3(0.34f, 0.007f, 0.007f), 0);
    p->around = 20;
    ay_solid_group(s);
    p = ay_solid_box(s, blade, v3(0.33f, 0, -0.12f), v3(0.3f, 0.17f, 0.015f), 0.015f);
    p->around = 3;
    p->rot = m3_turn(0, 0.5f);
    ay_solid_cyl(s, body, v3(0, 0, 0), 0.12f, 0.04f, 0.02f);
    ay_solid_frame(s, m3_identity(), v3(0, 0, 0));
    ay_solid_cyl(s, body, v3(0, 0.12f, -0.6f), 0.07f, 0.45f, 0.02f);
    ay_solid_cyl(s, body, v3(0, 0.12f, -1.05f), 0.42f, 0.06f, 0.04f);
    ay_kit_product(v, 0.02f, 0.5f, 0.9f);
}

static void mug(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_plastic(r, s), in = ay_kit_plain(r, s, v3(0.12f, 0.06f, 0.03f), 0.1f);
    float rad = rnd(r, 0.5f, 0.7f), top = rad * rnd(r, 0.95f, 1.3f);
    ay_prim *p;

    ay_solid_cone(s, body, v3(0, 0, 0), rad, top, 0.65f);
    p = ay_solid_torus(s, body, v3(rad + 0.1f, 0, 0), 0.36f, 0.09f);
    ay_kit_front(p);
    ay_solid_cone(s, body, v3(0, 0, 0.08f), rad - 0.07f, top - 0.07f, 0.65f)->op = AY_CUT;
    ay_solid_group(s);
    if (rnd_chance(r, 0.5f))
        ay_solid_cyl(s, in, v3(0, 0, 0.35f), rad - 0.04f, 0.02f, 0);
    ay_kit_product(v, 0.25f, 1.1f, AY_PI);
}

static void bottle(ay_rng *r, ay_solid *s, ay_view *v)
{
    float neck = rnd(r, 0.09f, 0.16f), rad = rnd(r, 0.28f, 0.42f), shoulder = rnd(r, 0.1f, 0.5f);
    float rz[16] = {0.01f,      -1,
                    rad,        -1,
                    rad,        shoulder - 0.3f,
                    rad * 0.9f, shoulder - 0.1f,
                    neck,       shoulder + 0.25f,
                    neck,       0.9f,
                    neck,       1,
                    0.01f,      1};
    int body = ay_kit_plain(r, s, hsv(rnd(r, 0, 1), 0.7f, 0.4f), 0.06f),
        label = ay_kit_plastic(r, s), cap = ay_kit_plastic(r, s);
    bool lying = rnd_chance(r, 0.2f);

    s->material[label].pattern = AY_PAT_LABEL;
    s->material[label].colour2 = v3_scale(s->material[label].colour, 0.1f);
    ay_solid_frame(s, m3_turn(1, lying ? AY_PI / 2 : 0), v3(0, 0, 0));
    ay_solid_turned(s, body, v3(0, 0, 0), rz, 8, 0.03f);
    ay_solid_group(s);
    ay_solid_cyl(s, label, v3(0, 0, (shoulder - 1.3f) / 2), rad + 0.035f, (shoulder + 0.7f) * 0.35f,
                 0);
    ay_solid_cyl(s, cap, v3(0, 0, 1.02f), neck + 0.06f, 0.08f, 0.02f);
    ay_kit_product(v, 0.05f, 0.7f, AY_PI);
}

static void chair(ay_rng *r, ay_solid *s, ay_view *v)
{
    int wood = rnd_chance(r, 0.6f) ? ay_kit_wooden(r, s) : ay_kit_plastic(r, s),
        seat = rnd_chance(r, 0.5f) ? ay_kit_plastic(r, s) : wood;
    ay_prim *p;

    p = ay_solid_box(s, wood, v3(0.42f, 0.4f, -0.5f), v3(0.05f, 0.05f, 0.5f), 0.01f);
    p->mirror_x = p->mirror_y = true;
    ay_solid_slab(s, seat, v3(0, 0, 0), v3(0.5f, 0.48f, 0.06f), 0.1f, 0.03f);
    p = ay_solid_box(s, wood, v3(0.42f, 0.44f, 0.5f), v3(0.045f, 0.04f, 0.5f), 0.01f);
    p->mirror_x = true;
    if (rnd_chance(r, 0.5f)) {
        p = ay_solid_box(s, wood, v3(0, 0.44f, 0.55f), v3(0.42f, 0.025f, 0.07f), 0.01f);
        p->rot = m3_turn(0, AY_PI / 2);
        p->b = 0.07f;
        p->c = 0.025f;
        p->ny = 3;
        p->dy = 0.3f;
    } else {
        ay_solid_box(s, seat, v3(0, 0.44f, 0.62f), v3(0.42f, 0.04f, 0.32f), 0.03f);
    }
    ay_kit_product(v, 0.1f, 0.7f, AY_PI);
}

static void table(ay_rng *r, ay_solid *s, ay_view *v)
{
    int wood = ay_kit_wooden(r, s), leg = rnd_chance(r, 0.5f) ? wood : ay_kit_metal(r, s);
    float h = rnd(r, 0.35f, 0.7f), d = rnd(r, 0.45f, 0.9f);
    bool round = rnd_chance(r, 0.35f);
    ay_prim *p;

    if (round) {
        ay_solid_cyl(s, wood, v3(0, 0, 0), 1, 0.05f, 0.02f);
        ay_solid_cyl(s, leg, v3(0, 0, -h), 0.08f, h, 0);
        ay_solid_cyl(s, leg, v3(0, 0, -2 * h), 0.5f, 0.04f, 0.02f);
    } else {
        ay_solid_box(s, wood, v3(0, 0, 0), v3(1, d, 0.05f), 0.01f);
        p = ay_solid_box(s, leg, v3(0.9f, d - 0.1f, -h), v3(0.05f, 0.05f, h), 0.01f);
        p->mirror_x = p->mirror_y = true;
    }
    ay_kit_product(v, 0.1f, 0.8f, AY_PI);
}

#define SOLID(n, f)                                                                                \
    {                                                                                              \
        .name = n, .build = f                                                                      \
    }
static const ay_draw_class classes[] = {
    SOLID("microwave oven", microwave),
    SOLID("washing machine", washing_machine),
    SOLID("refrigerator", refrigerator),
    SOLID("kettle", kettle),
    SOLID("toaster", toaster),
    SOLID("desk lamp", desk_lamp),
    SOLID("light bulb", light_bulb),
    SOLID("clock", clock_face),
    SOLID("clothes iron", clothes_iron),
    SOLID("hair dryer", hair_dryer),
    SOLID("table fan", table_fan),
    SOLID("mug", mug),
    SOLID("bottle", bottle),
    SOLID("chair", chair),
    SOLID("table", table),
};
const ay_draw_family ay_family_household = {classes, sizeof classes / sizeof *classes};
