/* Things with a screen: phones, televisions, laptops, watches.
 *
 * Built lying on their back, face to +z and top to +y; see ay_kit_stand(). */
#include "draw/family.h"
#include "draw/kit.h"

static void phone_back(ay_rng *r, ay_solid *s, int body, float w, float h, float t)
{
    int lens = ay_kit_lens(r, s), n = rnd_int(r, 1, 3);
    float x = rnd_chance(r, 0.6f) ? w * 0.55f : 0, size = w * rnd(r, 0.14f, 0.2f);

    ay_solid_group(s);
    ay_solid_slab(s, body, v3(x, h * 0.72f, t),
                  v3(w * 0.3f, h * 0.1f + size * (float)(n - 1), 0.03f), 0.1f, 0.02f);
    ay_solid_group(s);
    ay_kit_grid(ay_solid_cyl(s, lens, v3(x, h * 0.72f, t + 0.03f), size, 0.03f, 0.01f), 1, 0, n,
                size * 2.2f);
}

static void keypad_phone(ay_rng *r, ay_solid *s, int body, float w, float h, float t)
{
    int show = ay_kit_screen(r, s, 0.6f), keys = ay_kit_keycaps(r, s);
    ay_prim *p;

    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, h, t), w * 0.4f, t * 0.6f);
    ay_solid_group(s);
    ay_solid_slab(s, show, v3(0, h * 0.42f, t), v3(w * 0.78f, h * 0.36f, 0.015f), 0.03f, 0.005f);
    p = ay_solid_box(s, keys, v3(0, -h * 0.45f, t), v3(w * 0.22f, h * 0.075f, 0.03f), 0.02f);
    ay_kit_grid(p, 3, w * 0.55f, 4, h * 0.2f);
    p = ay_solid_cyl(s, keys, v3(0, -h * 0.02f, t), w * 0.22f, 0.03f, 0.01f);
}

static void mobile_phone(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.44f, 0.54f), h = 1, t = rnd(r, 0.045f, 0.08f), kind = rnd(r, 0, 1),
          bezel = rnd(r, 0.02f, 0.06f);
    int body = ay_kit_casing(r, s), front = ay_kit_glass(r, s), show = ay_kit_screen(r, s, 0.65f);

    ay_kit_lie_or_stand(r, s, v, 0.65f, 0.9f);
    if (kind < 0.17f) {
        keypad_phone(r, s, body, w * 0.9f, h, t * 2);
        return;
    }
    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, h, t), rnd(r, 0.06f, 0.17f), t * 0.7f);
    if (kind < 0.4f) {
        phone_back(r, s, body, w, h, t);
        return;
    }
    ay_solid_group(s);
    ay_solid_slab(s, front, v3(0, 0, t), v3(w - 0.02f, h - 0.02f, 0.012f), 0.12f, 0.005f);
    ay_solid_group(s);
    if (kind < 0.65f) { /* chin and button */
        ay_solid_box(s, show, v3(0, 0.02f, t + 0.006f), v3(w - bezel, h * 0.78f, 0.008f), 0);
        ay_solid_cyl(s, body, v3(0, -h * 0.9f, t), w * 0.15f, 0.018f, 0.004f);
        ay_solid_slab(s, body, v3(0, h * 0.9f, t), v3(w * 0.2f, 0.015f, 0.017f), 0.01f, 0);
    } else {
        ay_solid_slab(s, show, v3(0, 0, t + 0.006f), v3(w - bezel, h - bezel, 0.008f), 0.08f, 0);
        ay_solid_slab(s, front, v3(0, h * 0.92f, t + 0.008f),
                      v3(w * (kind < 0.8f ? 0.3f : 0.05f), 0.03f, 0.008f), 0.02f, 0);
    }
}

static void tablet(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.68f, 0.85f), bezel = rnd(r, 0.05f, 0.14f), wide = rnd(r, 0, 1);
    int body = ay_kit_casing(r, s),
        front = rnd_chance(r, 0.7f) ? ay_kit_glass(r, s) : ay_kit_casing(r, s),
        show = ay_kit_screen(r, s, 0.75f);
    float x = wide < 0.5f ? 1 : w, y = wide < 0.5f ? w : 1;

    ay_kit_lie_or_stand(r, s, v, 0.6f, 0.8f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(x, y, 0.04f), 0.08f, 0.025f);
    ay_solid_group(s);
    ay_solid_slab(s, front, v3(0, 0, 0.04f), v3(x - 0.02f, y - 0.02f, 0.01f), 0.07f, 0.004f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, 0, 0.048f), v3(x - bezel, y - bezel, 0.006f), 0);
}

static void old_television(ay_rng *r, ay_solid *s)
{
    int body = rnd_chance(r, 0.4f) ? ay_kit_plain(r, s, v3(0.12f, 0.05f, 0.02f), 0.4f)
                                   : ay_kit_casing(r, s);
    int show = ay_kit_screen(r, s, 0.4f), knob = ay_kit_casing(r, s);
    float w = 1, h = 0.78f, x = rnd_chance(r, 0.6f) ? -0.2f : 0;

    ay_kit_stand(s, 0);
    ay_solid_slab(s, body, v3(0, 0, -0.25f), v3(w, h, 0.32f), 0.07f, 0.06f);
    ay_solid_cone(s, body, v3(0, 0, -0.75f), 0.45f, 0.75f, 0.3f);
    ay_solid_slab(s, knob, v3(x, 0, 0.05f), v3(0.76f, 0.66f, 0.06f), 0.14f, 0.02f)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_slab(s, show, v3(x, 0, 0.02f), v3(0.72f, 0.62f, 0.05f), 0.16f, 0.05f);
    if (x < 0) {
        ay_solid_group(s);
        ay_kit_grid(ay_solid_cyl(s, knob, v3(0.78f, 0.3f, 0.1f), 0.12f, 0.07f, 0.02f), 1, 0, 2,
                    0.34f);
        ay_kit_grid(ay_solid_box(s, knob, v3(0.78f, -0.4f, 0.08f), v3(0.14f, 0.012f, 0.02f), 0), 1,
                    0, 7, 0.06f);
    }
    if (rnd_chance(r, 0.4f)) {
        ay_v3 a[2] = {v3(0.05f, h, -0.3f), v3(0.6f, h + 0.75f, -0.3f)},
              b[2] = {v3(-0.05f, h, -0.3f), v3(-0.6f, h + 0.75f, -0.3f)};
        ay_solid_group(s);
        ay_solid_tube(s, knob, a, 2, 0.015f);
        ay_solid_tube(s, knob, b, 2, 0.015f);
    }
}

static void flat_panel(ay_rng *r, ay_solid *s, float w, float h, float bezel, float lit, int foot)
{
    int body = ay_kit_casing(r, s), show = ay_kit_screen(r, s, lit),
        legs = rnd_chance(r, 0.5f) ? body : ay_kit_casing(r, s);
    float chin = rnd_chance(r, 0.3f) ? 0.07f : 0;

    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, h, 0.04f), 0.02f, 0.01f);
    ay_solid_slab(s, body, v3(0, -h * 0.2f, -0.06f), v3(w * 0.6f, h * 0.5f, 0.05f), 0.1f, 0.03f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, chin / 2, 0.04f), v3(w - bezel, h - bezel - chin / 2, 0.008f), 0);
    ay_solid_group(s);
    if (foot == 0) { /* two feet */
        ay_prim *p =
            ay_solid_box(s, legs, v3(w * 0.7f, -h - 0.08f, 0), v3(0.03f, 0.1f, 0.18f), 0.01f);
        p->mirror_x = true;
    } else if (foot == 1) { /* column and plate */
        ay_solid_box(s, legs, v3(0, -h - 0.08f, -0.04f), v3(w * 0.1f, 0.16f, 0.03f), 0.01f);
        ay_prim_lie(
            ay_solid_slab(s, legs, v3(0, -h - 0.23f, 0), v3(w * 0.42f, 0.22f, 0.02f), 0.1f, 0.01f),
            1);
    } else if (foot == 2) { /* round plate */
        ay_prim_lie(ay_solid_cyl(s, legs, v3(0, -h - 0.1f, -0.04f), 0.05f, 0.12f, 0), 1);
        ay_prim_lie(ay_solid_cyl(s, legs, v3(0, -h - 0.22f, 0), 0.32f, 0.02f, 0.01f), 1);
    }
}

static void television(ay_rng *r, ay_solid *s, ay_view *v)
{
    float h = rnd(r, 0.52f, 0.66f), bezel = rnd(r, 0.02f, 0.07f);
    int foot = rnd_int(r, 0, 3);

    if (rnd_chance(r, 0.28f)) {
        old_television(r, s);
    } else {
        ay_kit_stand(s, 0);
        flat_panel(r, s, 1, h, bezel, 0.7f, foot);
    }
    ay_kit_product(v, 0.02f, 0.4f, 0.75f);
    v->near = 0.68f;
}

static void monitor(ay_rng *r, ay_solid *s, ay_view *v)
{
    float h = rnd(r, 0.58f, 0.78f), tall = rnd(r, 0.12f, 0.3f);
    int metal;

    ay_kit_stand(s, rnd(r, -0.02f, 0.12f));
    metal = ay_solid_material(s, ay_mat_steel(r));
    flat_panel(r, s, 0.95f, h, rnd(r, 0.03f, 0.08f), 0.75f, 3);
    ay_solid_group(s);
    ay_solid_box(s, metal, v3(0, -h - tall * 0.5f, -0.1f), v3(0.1f, tall + 0.1f, 0.03f), 0.01f);
    ay_prim_lie(ay_solid_slab(s, metal, v3(0, -h - tall - 0.1f, 0.05f), v3(0.36f, 0.26f, 0.02f),
                              0.12f, 0.01f),
                1);
    ay_kit_product(v, 0.05f, 0.45f, 0.8f);
}

static void laptop(ay_rng *r, ay_solid *s, ay_view *v)
{
    float open = rnd(r, 1.55f, 2.2f), h = rnd(r, 0.62f, 0.72f), t = rnd(r, 0.03f, 0.06f),
          bezel = rnd(r, 0.04f, 0.09f);
    int body = ay_kit_casing(r, s), keys = ay_kit_keycaps(r, s), show = ay_kit_screen(r, s, 0.75f),
        pad = ay_kit_casing(r, s), front;
    float pitch = 0.125f, k = pitch * 0.43f;
    ay_m3 lid;

    front = rnd_chance(r, 0.6f) ? ay_kit_glass(r, s) : body;
    if (rnd_chance(r, 0.12f)) { /* shut */
        ay_solid_slab(s, body, v3(0, 0, t), v3(1, h, t * 1.8f), 0.08f, 0.02f);
        ay_solid_cyl(s, pad, v3(0, 0, t * 2.8f), 0.12f, 0.01f, 0);
        ay_kit_product(v, 0.4f, 1.3f, AY_PI);
        return;
    }
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, h, t), 0.06f, 0.015f);
    ay_solid_slab(s, pad, v3(0, h * 0.32f, t + 0.04f), v3(0.92f, h * 0.5f, 0.05f), 0.02f, 0)->op =
        AY_CUT;
    ay_solid_group(s);
    ay_kit_grid(ay_solid_box(s, keys, v3(0, h * 0.37f, t), v3(k, k, 0.015f), 0.008f), 14, pitch, 4,
                pitch);
    ay_solid_box(s, keys, v3(-0.1f, h * 0.37f - 2.5f * pitch, t), v3(0.4f, k, 0.015f), 0.008f);
    ay_kit_grid(
        ay_solid_box(s, keys, v3(0.62f, h * 0.37f - 2.5f * pitch, t), v3(k, k, 0.015f), 0.008f), 4,
        pitch, 1, 0);
    ay_solid_group(s);
    ay_solid_slab(s, pad, v3(0, -h * 0.58f, t), v3(0.28f, h * 0.26f, 0.005f), 0.02f, 0);
    lid = m3_turn(0, AY_PI - open);
    ay_solid_frame(s, lid, v3(0, h, t));
    ay_solid_slab(s, body, v3(0, h, -t * 0.5f), v3(1, h, t * 0.45f), 0.06f, 0.01f);
    ay_solid_group(s);
    ay_solid_slab(s, front, v3(0, h, 0), v3(0.98f, h - 0.02f, 0.008f), 0.05f, 0);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, h + 0.02f, 0.006f), v3(1 - bezel, h - bezel * 1.3f, 0.006f), 0);
    ay_kit_product(v, 0.12f, 0.95f, 0.95f);
    if (rnd_chance(r, 0.12f))
        v->yaw = AY_PI;
}

static int watch_face(ay_rng *r, ay_solid *s)
{
    int m = ay_kit_screen(r, s, 0.8f);
    float k = rnd(r, 0, 1), h = rnd(r, 0, 1);

    if (k < 0.4f) {
        s->material[m].pattern = AY_PAT_DIAL;
        s->material[m].colour = rnd_chance(r, 0.5f) ? v3_all(0.01f) : v3_all(0.75f);
        s->material[m].colour2 = s->material[m].colour.x > 0.5f ? v3_all(0.02f) : v3_all(0.8f);
        s->material[m].glow = 0;
    } else if (k < 0.6f) {
        s->material[m].pattern = AY_PAT_SEGMENTS;
        s->material[m].glow = 1;
        s->material[m].colour2 = hsv(h, 0.4f, 1);
    }
    return m;
}

static void wristwatch(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body =
            rnd_chance(r, 0.6f) ? ay_solid_material(s, ay_mat_any_metal(r)) : ay_kit_casing(r, s),
        face = watch_face(r, s), strap = ay_kit_casing(r, s);
    float ring = rnd(r, 0.62f, 0.8f), w = rnd(r, 0.26f, 0.34f), size = rnd(r, 0.42f, 0.55f),
          shape = rnd(r, 0, 1), t = 0.05f;
    bool loop = rnd_chance(r, 0.6f);

    if (loop) { /* on a stand: the strap is a ring seen at an angle */
        ay_kit_stand(s, rnd(r, 0.1f, 0.6f));
        ay_prim *p = ay_solid_cyl(s, strap, v3(0, 0, -ring), ring, w, 0.02f);
        ay_prim_lie(p, 0);
        p = ay_solid_cyl(s, strap, v3(0, 0, -ring), ring - t, 1, 0);
        ay_prim_lie(p, 0);
        p->op = AY_CUT;
        ay_kit_product(v, 0.02f, 0.6f, 1.0f);
    } else {
        float len = rnd(r, 0.7f, 1.1f);
        ay_kit_lie_or_stand(r, s, v, 0.6f, 0.6f);
        ay_solid_slab(s, strap, v3(0, 0.05f, -0.06f), v3(w, len + 0.3f, t), 0.1f, 0.03f);
        ay_solid_cyl(s, strap, v3(0, -len, 0), 0.035f, 0.5f, 0)->op = AY_CUT;
        ay_kit_grid(&s->prim[s->prims - 1], 1, 0, 4, 0.13f);
    }
    ay_solid_group(s);
    if (shape < 0.45f) {
        ay_solid_cyl(s, body, v3(0, 0, 0.02f), size, 0.12f, 0.04f);
        ay_solid_cyl(s, face, v3(0, 0, 0.14f), size * 0.86f, 0.012f, 0.005f);
    } else {
        ay_solid_slab(s, body, v3(0, 0, 0.02f), v3(size * 0.86f, size, 0.12f), size * 0.3f, 0.06f);
        ay_solid_slab(s, face, v3(0, 0, 0.13f), v3(size * 0.74f, size * 0.86f, 0.02f), size * 0.24f,
                      0.01f);
    }
    ay_prim_lie(ay_solid_cyl(s, body, v3(size * (shape < 0.45f ? 1.04f : 0.9f), 0.1f, 0.03f), 0.06f,
                             0.05f, 0.01f),
                0);
    if (shape < 0.25f)
        ay_prim_lie(ay_solid_cyl(s, body, v3(size * 0.95f, -0.2f, 0.03f), 0.05f, 0.06f, 0.01f), 0);
}

static void game_console(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), show = ay_kit_screen(r, s, 0.75f), key = ay_kit_keycaps(r, s),
        side = ay_kit_casing(r, s);
    ay_prim *p;

    ay_kit_lie_or_stand(r, s, v, 0.5f, 0.7f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, 0.42f, 0.06f), 0.2f, 0.04f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, 0, 0.06f), v3(0.6f, 0.35f, 0.012f), 0);
    p = ay_solid_cyl(s, side, v3(0.8f, 0.15f, 0.08f), 0.09f, 0.05f, 0.03f);
    p->mirror_x = true;
    ay_kit_grid(ay_solid_cyl(s, key, v3(0.8f, -0.15f, 0.07f), 0.04f, 0.03f, 0.01f), 2, 0.11f, 2,
                0.11f)
        ->mirror_x = true;
}

#define SOLID(n, f)                                                                                \
    {                                                                                              \
        .name = n, .build = f                                                                      \
    }
static const ay_draw_class classes[] = {
    SOLID("mobile phone", mobile_phone), SOLID("tablet", tablet), SOLID("television", television),
    SOLID("monitor", monitor),           SOLID("laptop", laptop), SOLID("wristwatch", wristwatch),
    SOLID("game console", game_console),
};
const ay_draw_family ay_family_screens = {classes, sizeof classes / sizeof *classes};
