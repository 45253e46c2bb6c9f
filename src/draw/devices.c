/* Devices in rough outline, in many styles: screens, keyboards, cameras, things with buttons.
 *
 * Built lying on their back, face to +z and top to +y, then stood up with ay_kit_stand() where a
 * thing stands: its face looks to -y, where the camera is at yaw 0. */
#include "draw/family.h"
#include "draw/kit.h"

static void keyboard_rows(ay_rng *r, ay_solid *s, int keys, float w, float h, float z)
{
    int accent = rnd_chance(r, 0.3f) ? ay_kit_casing(r, s) : keys;
    float pitch = 2 * h * 0.78f / 5, wide = w, x = 0, k = pitch * 0.43f,
          tall = rnd(r, 0.03f, 0.07f);
    int n;

    ay_solid_group(s);
    if (w > 1.15f) { /* a number pad, and a gap */
        ay_kit_grid(
            ay_solid_box(s, keys, v3(w - 2 * pitch - 0.04f, -h * 0.1f, z), v3(k, k, tall), 0.02f),
            4, pitch, 5, pitch);
        wide = w - 2.4f * pitch;
        x = -2.4f * pitch;
    }
    n = (int)(2 * (wide - 0.05f) / pitch);
    ay_kit_grid(ay_solid_box(s, keys, v3(x, -h * 0.1f + pitch * 0.5f, z), v3(k, k, tall), 0.02f), n,
                pitch, 4, pitch);
    ay_solid_box(s, accent, v3(x - pitch, -h * 0.1f - 2 * pitch, z), v3(pitch * 2.6f, k, tall),
                 0.02f);
    ay_kit_grid(ay_solid_box(s, accent, v3(x - wide * 0.72f, -h * 0.1f - 2 * pitch, z),
                             v3(k * 1.2f, k, tall), 0.02f),
                3, pitch * 1.2f, 1, 0);
    ay_kit_grid(ay_solid_box(s, accent, v3(x + wide * 0.66f, -h * 0.1f - 2 * pitch, z),
                             v3(k * 1.2f, k, tall), 0.02f),
                4, pitch * 1.2f, 1, 0);
    ay_solid_box(s, accent, v3(x + wide - 0.06f - pitch * 0.6f, -h * 0.1f, z),
                 v3(pitch * 0.7f, k, tall), 0.02f);
    ay_kit_grid(ay_solid_box(s, accent, v3(x, h * 0.82f, z), v3(k, k * 0.75f, tall), 0.02f),
                (int)(n * 0.85f), pitch * 1.15f, 1, 0);
}

static void keyboard(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.9f, 1.5f), h = rnd(r, 0.36f, 0.5f), t = rnd(r, 0.03f, 0.09f);
    int body = ay_kit_casing(r, s), keys = rnd_chance(r, 0.5f) ? ay_kit_keycaps(r, s) : body;

    if (keys == body)
        s->material[body].pattern = AY_PAT_KEYS,
        s->material[body].colour2 =
            s->material[body].colour.y > 0.25f ? v3_all(0.03f) : v3_all(0.6f);
    ay_kit_product(v, 0.5f, 1.55f, 0.7f);
    v->roll = 0.35f;
    v->near = 0.66f;
    if (rnd_chance(r, 0.25f))
        ay_kit_stand(s, rnd(r, 0, 0.3f));
    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, h, t), rnd(r, 0.02f, 0.1f), 0.02f);
    keyboard_rows(r, s, keys, w, h, t + 0.02f);
    if (rnd_chance(r, 0.35f)) {
        float x = rnd(r, -0.5f, 0.5f);
        ay_v3 p[4] = {v3(x, h, 0), v3(x, h + 0.2f, 0), v3(x + 0.2f, h + 0.35f, 0),
                      v3(x + 0.1f, h + 0.55f, 0)};
        ay_solid_group(s);
        ay_solid_tube(s, body, p, 4, 0.025f);
    }
    if (rnd_chance(r, 0.25f)) { /* palm rest */
        ay_solid_group(s);
        ay_solid_slab(s, ay_kit_casing(r, s), v3(0, -h - 0.13f, -0.01f),
                      v3(w * 0.98f, 0.15f, t * 0.6f), 0.06f, 0.02f);
    }
}

static void computer_mouse(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.52f, 0.68f), tall = rnd(r, 0.42f, 0.65f), kind = rnd(r, 0, 1);
    int body = ay_kit_casing(r, s), dark = ay_kit_plain(r, s, v3_all(0.015f), 0.5f),
        side = ay_kit_casing(r, s), light;
    float hue = rnd(r, 0, 1), spin = rnd(r, -AY_PI, AY_PI);

    light = ay_kit_plain(r, s, hsv(hue, 0.9f, 1), 0.3f);
    s->material[light].glow = rnd_chance(r, 0.5f) ? 1.5f : 0.1f;
    ay_kit_product(v, 0.3f, 1.45f, AY_PI);
    ay_solid_frame(s, m3_turn(2, spin), v3(0, 0, 0));
    ay_solid_ball(s, body, v3(0, -0.12f, 0), v3(w, 0.95f, tall));
    ay_solid_ball(s, body, v3(0, 0.35f, 0), v3(w * 0.92f, 0.72f, tall * 0.7f))->blend = 0.25f;
    ay_solid_box(s, dark, v3(0, 0, -1), v3(2, 2, 1), 0)->op = AY_CUT;
    ay_solid_box(s, dark, v3(0, 0.72f, tall * 0.6f), v3(0.012f, 0.62f, 0.5f), 0)->op = AY_CUT;
    if (kind < 0.6f)
        ay_solid_box(s, dark, v3(0, 0.12f, tall), v3(1, 0.012f, tall * 0.5f), 0)->op = AY_CUT;
    ay_solid_slab(s, dark, v3(0, 0.62f, tall * 0.6f), v3(0.075f, 0.2f, 0.3f), 0.07f, 0)->op =
        AY_CUT;
    ay_solid_group(s);
    ay_prim_lie(ay_solid_cyl(s, dark, v3(0, 0.6f, tall * 0.55f), 0.17f, 0.055f, 0.02f), 0);
    if (kind > 0.4f) { /* sides of another stuff */
        ay_solid_group(s);
        ay_prim *p =
            ay_solid_ball(s, side, v3(w * 0.42f, -0.1f, 0.02f), v3(w * 0.6f, 0.8f, tall * 0.62f));
        p->mirror_x = true;
        ay_solid_box(s, dark, v3(0, 0, -1), v3(2, 2, 1), 0)->op = AY_CUT;
    }
    if (kind > 0.75f) {
        ay_solid_group(s);
        ay_solid_cyl(s, light, v3(0, -0.55f, tall * 0.78f), 0.13f, 0.06f, 0.03f);
    }
    if (rnd_chance(r, 0.55f)) {
        float a = rnd(r, -0.5f, 0.5f);
        ay_v3 p[4] = {v3(0, 0.9f, 0.1f), v3(0, 1.2f, 0.05f), v3(a, 1.5f, 0.04f),
                      v3(a * 0.5f, 1.85f, 0.04f)};
        ay_solid_group(s);
        ay_solid_tube(s, dark, p, 4, 0.035f);
    }
}

static void camera(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), grip = ay_kit_plain(r, s, v3_all(0.015f), 0.85f),
        lens = ay_kit_lens(r, s), ring = ay_solid_material(s, ay_mat_black(r));
    float kind = rnd(r, 0, 1), h = rnd(r, 0.52f, 0.66f), deep = rnd(r, 0.18f, 0.3f),
          rad = rnd(r, 0.36f, 0.5f), len = kind < 0.5f ? rnd(r, 0.25f, 0.8f) : rnd(r, 0.06f, 0.2f);
    float x = rnd(r, -0.05f, 0.25f);
    ay_prim *p;

    if (rnd_chance(r, 0.3f))
        ring = ay_solid_material(s, ay_mat_steel(r));
    s->material[grip].pattern = AY_PAT_RUBBER;
    s->material[grip].colour2 = v3_all(0.04f);
    ay_kit_stand(s, 0);
    ay_solid_slab(s, rnd_chance(r, 0.4f) ? grip : body, v3(0, 0, 0), v3(1, h, deep), 0.12f, 0.07f);
    if (kind < 0.5f) { /* grip, prism hump */
        ay_solid_slab(s, grip, v3(-0.8f, -0.05f, deep * 0.8f), v3(0.22f, h * 0.9f, deep * 0.9f),
                      0.12f, 0.1f)
            ->blend = 0.1f;
        ay_solid_slab(s, body, v3(x, h * 0.95f, 0), v3(0.32f, h * 0.36f, deep * 0.9f), 0.12f, 0.05f)
            ->blend = 0.08f;
    } else {
        ay_solid_box(s, body, v3(0, h * 0.82f, 0), v3(0.98f, h * 0.2f, deep * 1.02f), 0.04f);
    }
    ay_solid_group(s);
    ay_solid_cyl(s, ring, v3(x, -0.04f, deep + len * 0.5f), rad, len * 0.5f + 0.04f, 0.03f);
    ay_solid_cyl(s, ring, v3(x, -0.04f, deep + len * 1.2f), rad * 0.88f, len * 0.3f, 0.02f);
    ay_solid_cyl(s, ring, v3(x, -0.04f, deep + len * 1.6f), rad * 0.74f, len * 0.35f, 0)->op =
        AY_CUT;
    ay_solid_torus(s, grip, v3(x, -0.04f, deep + len * 0.55f), rad * 1.02f, 0.035f)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_ball(s, lens, v3(x, -0.04f, deep + len * 1.15f), v3(rad * 0.76f, rad * 0.76f, 0.14f));
    ay_solid_group(s);
    p = ay_solid_cyl(s, ring, v3(-0.72f, h + 0.03f, 0), 0.11f, 0.06f, 0.02f);
    ay_prim_lie(p, 1);
    p = ay_solid_cyl(s, ring, v3(0.72f, h + 0.03f, 0), 0.15f, 0.06f, 0.02f);
    ay_prim_lie(p, 1);
    ay_solid_box(s, lens, v3(kind < 0.5f ? 0.72f : 0.6f, h * 0.7f, deep), v3(0.16f, 0.07f, 0.02f),
                 0.01f);
    ay_kit_product(v, 0.02f, 0.7f, 0.95f);
}

static void printer(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), dark = ay_kit_plain(r, s, v3_all(0.02f), 0.4f),
        paper = ay_kit_plain(r, s, v3_all(0.85f), 0.9f), show = ay_kit_screen(r, s, 0.7f);
    float h = rnd(r, 0.32f, 0.55f);

    ay_kit_stand(s, 0);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, h, 0.7f), 0.08f, 0.05f);
    ay_solid_box(s, dark, v3(0, -h * 0.35f, 0.6f), v3(0.7f, h * 0.3f, 0.3f), 0.02f)->op = AY_CUT;
    ay_solid_group(s);
    ay_prim_lie(ay_solid_box(s, dark, v3(0, h + 0.02f, -0.05f), v3(0.96f, 0.62f, 0.02f), 0.01f), 1);
    ay_solid_box(s, paper, v3(0, -h * 0.45f, 0.8f), v3(0.55f, 0.012f, 0.28f), 0);
    ay_solid_box(s, show, v3(-0.66f, h * 0.6f, 0.7f), v3(0.2f, h * 0.2f, 0.01f), 0);
    if (rnd_chance(r, 0.5f))
        ay_solid_box(s, paper, v3(0, h + 0.35f, -0.55f), v3(0.52f, 0.4f, 0.012f), 0);
    ay_kit_product(v, 0.15f, 0.7f, 0.9f);
}

static void loudspeaker(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), cone = ay_kit_plain(r, s, v3_all(0.03f), 0.7f),
        ring = ay_solid_material(s, ay_mat_any_metal(r));
    float w = rnd(r, 0.45f, 0.65f), wood = rnd(r, 0, 1);
    int n = rnd_int(r, 1, 3);

    if (wood < 0.4f) {
        s->material[body].pattern = AY_PAT_WOOD;
        s->material[body].metal = 0;
        s->material[body].colour = v3(0.25f, 0.11f, 0.04f);
        s->material[body].colour2 = v3(0.1f, 0.04f, 0.015f);
    }
    ay_kit_stand(s, 0);
    ay_solid_box(s, body, v3(0, 0, -0.4f), v3(w, 1, 0.42f), 0.04f);
    for (int i = 0; i < n; i++) {
        float y = n == 1 ? 0 : -0.45f + 0.9f * (float)i / (float)(n - 1),
              k = w * (i == 0 ? 0.82f : 0.5f);
        ay_solid_group(s);
        ay_solid_torus(s, ring, v3(0, y, 0.02f), k, 0.04f);
        ay_solid_group(s);
        ay_solid_ball(s, cone, v3(0, y, 0), v3(k * 0.95f, k * 0.95f, 0.04f));
        ay_solid_ball(s, cone, v3(0, y, 0.05f), v3(k * 0.35f, k * 0.35f, 0.1f));
    }
    ay_kit_product(v, 0.02f, 0.5f, 0.9f);
}

static void headphones(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), pad = ay_kit_plain(r, s, v3_all(0.02f), 0.9f);
    float ring = rnd(r, 0.75f, 0.95f), cup = rnd(r, 0.34f, 0.48f);
    ay_prim *p;

    ay_kit_stand(s, 0);
    p = ay_solid_arc(s, body, v3(0, 0, 0), ring, 0.06f, 0.12f, 1.75f);
    p->rot = m3_turn(2, AY_PI / 2);
    p->r = 0.04f;
    ay_solid_group(s);
    p = ay_solid_cyl(s, body, v3(ring * 0.98f, -0.35f, 0), cup, 0.12f, 0.06f);
    ay_prim_lie(p, 0);
    p->mirror_x = true;
    ay_solid_group(s);
    p = ay_solid_torus(s, pad, v3(ring * 0.8f, -0.35f, 0), cup * 0.72f, cup * 0.28f);
    ay_prim_lie(p, 0);
    p->mirror_x = true;
    ay_kit_product(v, 0.05f, 0.8f, 1.0f);
}

static void game_pad(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), stick = ay_kit_plain(r, s, v3_all(0.02f), 0.6f),
        key = ay_kit_keycaps(r, s);
    ay_prim *p;

    ay_kit_lie_or_stand(r, s, v, 0.4f, 0.7f);
    ay_solid_slab(s, body, v3(0, 0.1f, 0), v3(0.85f, 0.42f, 0.16f), 0.35f, 0.12f);
    p = ay_solid_capsule(s, body, v3(0.82f, -0.3f, 0), 0.24f, 0.32f);
    p->mirror_x = true;
    p->blend = 0.2f;
    p->rot = m3_turn(0, AY_PI / 2 + 0.1f);
    ay_m3 out = m3_turn(2, 0.3f);
    p->rot = m3_mul(&out, &p->rot);
    ay_solid_group(s);
    p = ay_solid_cyl(s, stick, v3(0.35f, -0.12f, 0.24f), 0.15f, 0.1f, 0.04f);
    p->mirror_x = true;
    p = ay_solid_cyl(s, key, v3(0.65f, 0.22f, 0.18f), 0.065f, 0.05f, 0.02f);
    ay_kit_grid(p, 2, 0.2f, 2, 0.2f);
    p->rot = m3_turn(2, AY_PI / 4);
    ay_solid_box(s, stick, v3(-0.65f, 0.22f, 0.17f), v3(0.17f, 0.06f, 0.04f), 0.01f);
    ay_solid_box(s, stick, v3(-0.65f, 0.22f, 0.17f), v3(0.06f, 0.17f, 0.04f), 0.01f);
}

static void remote_control(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), key = ay_kit_keycaps(r, s), hot;
    float w = rnd(r, 0.2f, 0.3f), hue = rnd(r, 0, 1);
    int rows = rnd_int(r, 4, 8);

    hot = ay_kit_plain(r, s, hsv(hue, 0.9f, 0.8f), 0.4f);
    ay_kit_lie_or_stand(r, s, v, 0.35f, 0.9f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, 1, 0.1f), w * 0.6f, 0.05f);
    ay_solid_group(s);
    ay_kit_grid(
        ay_solid_box(s, key, v3(0, -0.25f, 0.1f), v3(w * 0.2f, 0.4f / (float)rows, 0.03f), 0.02f),
        3, w * 0.58f, rows, 1.15f / (float)rows);
    ay_solid_cyl(s, hot, v3(-w * 0.5f, 0.82f, 0.1f), w * 0.2f, 0.03f, 0.01f);
    if (rnd_chance(r, 0.6f))
        ay_solid_torus(s, key, v3(0, 0.55f, 0.1f), w * 0.5f, 0.04f);
}

static void calculator(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), key = ay_kit_keycaps(r, s),
        show = ay_kit_plain(r, s, v3(0.3f, 0.36f, 0.28f), 0.2f);

    s->material[show].pattern = AY_PAT_SEGMENTS;
    s->material[show].colour2 = v3_all(0.02f);
    ay_kit_lie_or_stand(r, s, v, 0.4f, 0.8f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(0.65f, 1, 0.09f), 0.08f, 0.03f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, 0.72f, 0.09f), v3(0.54f, 0.16f, 0.012f), 0);
    ay_kit_grid(ay_solid_box(s, key, v3(0, -0.22f, 0.09f), v3(0.1f, 0.09f, 0.05f), 0.03f),
                rnd_int(r, 4, 5), 0.26f, 5, 0.28f);
}

static void router(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), light = ay_kit_plain(r, s, v3(0.1f, 0.9f, 0.2f), 0.3f),
        n = rnd_int(r, 1, 4);
    ay_prim *p;

    s->material[light].glow = 1.2f;
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, 0.6f, 0.12f), 0.15f, 0.05f);
    ay_solid_group(s);
    p = ay_solid_capsule(s, body, v3(0, 0.56f, 0.65f), 0.06f, 0.55f);
    ay_kit_grid(p, n, 1.7f / (float)(n > 1 ? n - 1 : 1), 1, 0);
    p->rot = m3_turn(0, rnd(r, -0.2f, 0.2f));
    p = ay_solid_box(s, light, v3(0, -0.6f, 0), v3(0.025f, 0.02f, 0.02f), 0);
    ay_kit_grid(p, rnd_int(r, 3, 7), 0.14f, 1, 0);
    ay_kit_product(v, 0.25f, 0.9f, 1.0f);
}

static void desktop_tower(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), front = ay_kit_casing(r, s), light, vent = ay_kit_casing(r, s);
    float h = rnd(r, 0, 1), w = rnd(r, 0.36f, 0.5f);

    light = ay_kit_plain(r, s, hsv(h, 0.9f, 1), 0.3f);
    s->material[light].glow = 1.2f;
    s->material[vent].pattern = AY_PAT_GRILLE;
    s->material[vent].colour2 = v3_all(0.01f);
    s->material[vent].scale = rnd(r, 9, 16);
    ay_kit_stand(s, 0);
    ay_solid_box(s, body, v3(0, 0, -0.75f), v3(w, 1, 0.8f), 0.02f);
    ay_solid_group(s);
    ay_solid_box(s, front, v3(0, 0, 0.06f), v3(w * 0.98f, 0.98f, 0.05f), 0.03f);
    ay_kit_grid(ay_solid_box(s, body, v3(0, 0.68f, 0.12f), v3(w * 0.8f, 0.09f, 0.01f), 0), 1, 0,
                rnd_int(r, 1, 3), 0.22f);
    ay_solid_box(s, vent, v3(0, -0.45f, 0.1f), v3(w * 0.75f, 0.4f, 0.015f), 0);
    ay_solid_cyl(s, light, v3(0, 0.2f, 0.11f), 0.07f, 0.02f, 0);
    ay_kit_product(v, 0.05f, 0.6f, 1.0f);
}

static void telephone(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), key = ay_kit_keycaps(r, s);
    ay_prim *p;

    ay_solid_frame(s, m3_turn(0, 0.25f), v3(0, 0, 0));
    ay_solid_slab(s, body, v3(0, 0, 0), v3(0.75f, 0.8f, 0.14f), 0.12f, 0.08f);
    ay_solid_group(s);
    ay_kit_grid(ay_solid_box(s, key, v3(0.25f, -0.15f, 0.15f), v3(0.085f, 0.07f, 0.04f), 0.02f), 3,
                0.24f, 4, 0.21f);
    ay_solid_group(s);
    p = ay_solid_capsule(s, body, v3(-0.48f, 0, 0.36f), 0.1f, 0.65f);
    ay_prim_lie(p, 1);
    p = ay_solid_cyl(s, body, v3(-0.48f, 0.68f, 0.26f), 0.2f, 0.1f, 0.05f);
    p->mirror_y = true;
    p->blend = 0.1f;
    ay_kit_product(v, 0.5f, 1.2f, 1.0f);
}

static void usb_stick(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), metal = ay_solid_material(s, ay_mat_steel(r));
    float spin = rnd(r, 0, 6), w = rnd(r, 0.26f, 0.36f);

    ay_solid_frame(s, m3_turn(2, spin), v3(0, 0, 0));
    ay_solid_slab(s, body, v3(-0.35f, 0, 0), v3(0.75f, w, 0.13f), 0.1f, 0.05f);
    ay_solid_group(s);
    ay_solid_box(s, metal, v3(0.7f, 0, 0), v3(0.35f, w * 0.75f, 0.09f), 0.01f);
    ay_solid_box(s, body, v3(0.85f, 0, 0), v3(0.25f, w * 0.65f, 0.06f), 0)->op = AY_CUT;
    ay_kit_grid(ay_solid_box(s, body, v3(0.8f, 0, 0.1f), v3(0.05f, 0.05f, 0.05f), 0), 1, 0, 2,
                w * 0.7f)
        ->op = AY_CUT;
    ay_kit_product(v, 0.5f, 1.5f, AY_PI);
}

static void projector(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), lens = ay_kit_lens(r, s),
        dark = ay_solid_material(s, ay_mat_black(r)), vent = ay_kit_casing(r, s);
    float x = rnd(r, -0.5f, 0.5f);

    s->material[vent].pattern = AY_PAT_SLOTS;
    s->material[vent].colour2 = v3_all(0.01f);
    s->material[vent].scale = 10;
    ay_kit_stand(s, 0);
    ay_solid_slab(s, body, v3(0, 0, -0.6f), v3(1, 0.32f, 0.7f), 0.1f, 0.07f);
    ay_solid_group(s);
    ay_solid_cyl(s, dark, v3(x, 0, 0.12f), 0.27f, 0.1f, 0.03f);
    ay_solid_ball(s, lens, v3(x, 0, 0.2f), v3(0.2f, 0.2f, 0.07f));
    ay_solid_box(s, vent, v3(x > 0 ? -0.5f : 0.5f, 0, 0.1f), v3(0.32f, 0.2f, 0.012f), 0);
    ay_kit_product(v, 0.1f, 0.7f, 0.9f);
}

static void webcam(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_casing(r, s), lens = ay_kit_lens(r, s),
        dark = ay_solid_material(s, ay_mat_black(r));

    ay_kit_stand(s, 0);
    if (rnd_chance(r, 0.5f))
        ay_solid_ball(s, body, v3(0, 0.3f, 0), v3_all(0.5f));
    else
        ay_prim_lie(ay_solid_capsule(s, body, v3(0, 0.3f, 0), 0.3f, 0.6f), 0);
    ay_solid_group(s);
    ay_solid_cyl(s, dark, v3(0, 0.3f, 0.35f), 0.26f, 0.15f, 0.03f);
    ay_solid_ball(s, lens, v3(0, 0.3f, 0.48f), v3(0.2f, 0.2f, 0.06f));
    ay_solid_group(s);
    ay_solid_box(s, dark, v3(0, -0.25f, 0), v3(0.06f, 0.3f, 0.06f), 0.02f);
    ay_prim_lie(ay_solid_slab(s, dark, v3(0, -0.55f, 0), v3(0.42f, 0.3f, 0.05f), 0.12f, 0.03f), 1);
    ay_kit_product(v, 0.02f, 0.6f, 0.9f);
}

#define SOLID(n, f)                                                                                \
    {                                                                                              \
        .name = n, .build = f                                                                      \
    }
static const ay_draw_class classes[] = {
    SOLID("keyboard", keyboard),
    SOLID("computer mouse", computer_mouse),
    SOLID("camera", camera),
    SOLID("printer", printer),
    SOLID("loudspeaker", loudspeaker),
    SOLID("headphones", headphones),
    SOLID("game pad", game_pad),
    SOLID("remote control", remote_control),
    SOLID("calculator", calculator),
    SOLID("router", router),
    SOLID("desktop tower", desktop_tower),
    SOLID("telephone", telephone),
    SOLID("usb stick", usb_stick),
    SOLID("projector", projector),
    SOLID("webcam", webcam),
};
const ay_draw_family ay_family_devices = {classes, sizeof classes / sizeof *classes};
