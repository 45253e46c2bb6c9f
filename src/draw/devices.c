/* Devices in rough outline, in many styles: screens, keyboards, cameras, things with buttons.
 *
 * Built lying on their back, face to +z and top to +y, then stood up with stand() where a thing stands:
 * its face looks to -y, where the camera is at yaw 0. */
#include "draw/family.h"

static int plain(ay_rng *r, ay_solid *s, ay_v3 c, float rough)
{
    ay_material m = ay_mat_paint(r, c, rough);

    m.pattern = AY_PAT_PLAIN;
    return ay_solid_material(s, m);
}

/* A case: black, white, silver, grey, seldom coloured. */
static int casing(ay_rng *r, ay_solid *s)
{
    float k = rnd(r, 0, 1), rough = rnd(r, 0.15f, 0.6f), g = rnd(r, 0.008f, 0.05f), l = rnd(r, 0.5f, 0.85f);
    float h = rnd(r, 0, 1), sat = rnd(r, 0.3f, 0.9f), v = rnd(r, 0.3f, 0.9f);
    int m = plain(r, s, k < 0.42f ? v3_all(g) : k < 0.62f ? v3_all(l) : k < 0.86f ? v3_all(l * 0.6f) : hsv(h, sat, v), rough);

    if (k >= 0.62f && k < 0.86f)
        s->material[m].metal = rnd_chance(r, 0.6f) ? 0.9f : 0;
    return m;
}

static int glass(ay_rng *r, ay_solid *s) { return plain(r, s, v3_all(0.008f), 0.06f); }

/* A screen: off (a dark mirror), or lit with windows or a picture. */
static int screen(ay_rng *r, ay_solid *s, float lit)
{
    int m = glass(r, s);
    float glow = rnd(r, 0.5f, 1.3f);

    s->material[m].pattern = rnd_chance(r, 0.5f) ? AY_PAT_SCREEN : AY_PAT_PICTURE;
    if (rnd_chance(r, lit))
        s->material[m].glow = glow;
    return m;
}

static int lens_glass(ay_rng *r, ay_solid *s)
{
    int m = glass(r, s);

    s->material[m].pattern = AY_PAT_LENS;
    return m;
}

static int keycaps(ay_rng *r, ay_solid *s)
{
    int m = casing(r, s);
    float glow = rnd_chance(r, 0.12f) ? 1.5f : 0, h = rnd(r, 0, 1);

    s->material[m].pattern = AY_PAT_KEYS;
    s->material[m].metal = 0;
    s->material[m].colour2 = glow > 0 ? hsv(h, 0.9f, 1) : s->material[m].colour.y > 0.2f ? v3_all(0.03f) : v3_all(0.7f);
    s->material[m].glow = 0;
    s->material[m].seed = (uint32_t)ay_rng_u64(r);
    return m;
}

static void stand(ay_solid *s, float lean) { ay_solid_frame(s, m3_turn(0, AY_PI / 2 - lean), v3(0, 0, 0)); }

static void product(ay_view *v, float low, float high, float yaw)
{
    v->product = 0.72f;
    v->low = low;
    v->high = high;
    v->yaw = yaw;
    v->near = 0.72f;
    v->far = 1.15f;
    v->wear = 0.3f;
}

/* Lying seen from any side, or standing seen from the front. */
static bool lie_or_stand(ay_rng *r, ay_solid *s, ay_view *v, float upright, float yaw)
{
    float lean = rnd(r, -0.1f, 0.25f);
    bool up = rnd_chance(r, upright);

    if (up)
        stand(s, lean);
    product(v, up ? 0.02f : 0.5f, up ? 0.5f : 1.5f, up ? yaw : AY_PI);
    if (!up && rnd_chance(r, 0.5f))
        v->yaw = 0.6f;
    v->roll = up ? 0.1f : 0.3f;
    return up;
}

static ay_prim *grid(ay_prim *p, int nx, float dx, int ny, float dy)
{
    p->nx = nx;
    p->dx = dx;
    p->ny = ny;
    p->dy = dy;
    return p;
}

static void phone_back(ay_rng *r, ay_solid *s, int body, float w, float h, float t)
{
    int lens = lens_glass(r, s), n = rnd_int(r, 1, 3);
    float x = rnd_chance(r, 0.6f) ? w * 0.55f : 0, size = w * rnd(r, 0.14f, 0.2f);

    ay_solid_group(s);
    ay_solid_slab(s, body, v3(x, h * 0.72f, t), v3(w * 0.3f, h * 0.1f + size * (float)(n - 1), 0.03f), 0.1f, 0.02f);
    ay_solid_group(s);
    grid(ay_solid_cyl(s, lens, v3(x, h * 0.72f, t + 0.03f), size, 0.03f, 0.01f), 1, 0, n, size * 2.2f);
}

static void keypad_phone(ay_rng *r, ay_solid *s, int body, float w, float h, float t)
{
    int show = screen(r, s, 0.6f), keys = keycaps(r, s);
    ay_prim *p;

    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, h, t), w * 0.4f, t * 0.6f);
    ay_solid_group(s);
    ay_solid_slab(s, show, v3(0, h * 0.42f, t), v3(w * 0.78f, h * 0.36f, 0.015f), 0.03f, 0.005f);
    p = ay_solid_box(s, keys, v3(0, -h * 0.45f, t), v3(w * 0.22f, h * 0.075f, 0.03f), 0.02f);
    grid(p, 3, w * 0.55f, 4, h * 0.2f);
    p = ay_solid_cyl(s, keys, v3(0, -h * 0.02f, t), w * 0.22f, 0.03f, 0.01f);
}

static void mobile_phone(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.44f, 0.54f), h = 1, t = rnd(r, 0.045f, 0.08f), kind = rnd(r, 0, 1), bezel = rnd(r, 0.02f, 0.06f);
    int body = casing(r, s), front = glass(r, s), show = screen(r, s, 0.65f);

    lie_or_stand(r, s, v, 0.65f, 0.9f);
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
        ay_solid_slab(s, front, v3(0, h * 0.92f, t + 0.008f), v3(w * (kind < 0.8f ? 0.3f : 0.05f), 0.03f, 0.008f), 0.02f, 0);
    }
}

static void tablet(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.68f, 0.85f), bezel = rnd(r, 0.05f, 0.14f), wide = rnd(r, 0, 1);
    int body = casing(r, s), front = rnd_chance(r, 0.7f) ? glass(r, s) : casing(r, s), show = screen(r, s, 0.75f);
    float x = wide < 0.5f ? 1 : w, y = wide < 0.5f ? w : 1;

    lie_or_stand(r, s, v, 0.6f, 0.8f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(x, y, 0.04f), 0.08f, 0.025f);
    ay_solid_group(s);
    ay_solid_slab(s, front, v3(0, 0, 0.04f), v3(x - 0.02f, y - 0.02f, 0.01f), 0.07f, 0.004f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, 0, 0.048f), v3(x - bezel, y - bezel, 0.006f), 0);
}

static void keyboard_rows(ay_rng *r, ay_solid *s, int keys, float w, float h, float z)
{
    int accent = rnd_chance(r, 0.3f) ? casing(r, s) : keys;
    float pitch = 2 * h * 0.78f / 5, wide = w, x = 0, k = pitch * 0.43f, tall = rnd(r, 0.03f, 0.07f);
    int n;

    ay_solid_group(s);
    if (w > 1.15f) { /* a number pad, and a gap */
        grid(ay_solid_box(s, keys, v3(w - 2 * pitch - 0.04f, -h * 0.1f, z), v3(k, k, tall), 0.02f), 4, pitch, 5, pitch);
        wide = w - 2.4f * pitch;
        x = -2.4f * pitch;
    }
    n = (int)(2 * (wide - 0.05f) / pitch);
    grid(ay_solid_box(s, keys, v3(x, -h * 0.1f + pitch * 0.5f, z), v3(k, k, tall), 0.02f), n, pitch, 4, pitch);
    ay_solid_box(s, accent, v3(x - pitch, -h * 0.1f - 2 * pitch, z), v3(pitch * 2.6f, k, tall), 0.02f);
    grid(ay_solid_box(s, accent, v3(x - wide * 0.72f, -h * 0.1f - 2 * pitch, z), v3(k * 1.2f, k, tall), 0.02f), 3, pitch * 1.2f, 1, 0);
    grid(ay_solid_box(s, accent, v3(x + wide * 0.66f, -h * 0.1f - 2 * pitch, z), v3(k * 1.2f, k, tall), 0.02f), 4, pitch * 1.2f, 1, 0);
    ay_solid_box(s, accent, v3(x + wide - 0.06f - pitch * 0.6f, -h * 0.1f, z), v3(pitch * 0.7f, k, tall), 0.02f);
    grid(ay_solid_box(s, accent, v3(x, h * 0.82f, z), v3(k, k * 0.75f, tall), 0.02f), (int)(n * 0.85f), pitch * 1.15f, 1, 0);
}

static void keyboard(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.9f, 1.5f), h = rnd(r, 0.36f, 0.5f), t = rnd(r, 0.03f, 0.09f);
    int body = casing(r, s), keys = rnd_chance(r, 0.5f) ? keycaps(r, s) : body;

    if (keys == body)
        s->material[body].pattern = AY_PAT_KEYS, s->material[body].colour2 = s->material[body].colour.y > 0.25f ? v3_all(0.03f) : v3_all(0.6f);
    product(v, 0.5f, 1.55f, 0.7f);
    v->roll = 0.35f;
    v->near = 0.66f;
    if (rnd_chance(r, 0.25f))
        stand(s, rnd(r, 0, 0.3f));
    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, h, t), rnd(r, 0.02f, 0.1f), 0.02f);
    keyboard_rows(r, s, keys, w, h, t + 0.02f);
    if (rnd_chance(r, 0.35f)) {
        float x = rnd(r, -0.5f, 0.5f);
        ay_v3 p[4] = {v3(x, h, 0), v3(x, h + 0.2f, 0), v3(x + 0.2f, h + 0.35f, 0), v3(x + 0.1f, h + 0.55f, 0)};
        ay_solid_group(s);
        ay_solid_tube(s, body, p, 4, 0.025f);
    }
    if (rnd_chance(r, 0.25f)) { /* palm rest */
        ay_solid_group(s);
        ay_solid_slab(s, casing(r, s), v3(0, -h - 0.13f, -0.01f), v3(w * 0.98f, 0.15f, t * 0.6f), 0.06f, 0.02f);
    }
}

static void computer_mouse(ay_rng *r, ay_solid *s, ay_view *v)
{
    float w = rnd(r, 0.52f, 0.68f), tall = rnd(r, 0.42f, 0.65f), kind = rnd(r, 0, 1);
    int body = casing(r, s), dark = plain(r, s, v3_all(0.015f), 0.5f), side = casing(r, s), light;
    float hue = rnd(r, 0, 1), spin = rnd(r, -AY_PI, AY_PI);

    light = plain(r, s, hsv(hue, 0.9f, 1), 0.3f);
    s->material[light].glow = rnd_chance(r, 0.5f) ? 1.5f : 0.1f;
    product(v, 0.3f, 1.45f, AY_PI);
    ay_solid_frame(s, m3_turn(2, spin), v3(0, 0, 0));
    ay_solid_ball(s, body, v3(0, -0.12f, 0), v3(w, 0.95f, tall));
    ay_solid_ball(s, body, v3(0, 0.35f, 0), v3(w * 0.92f, 0.72f, tall * 0.7f))->blend = 0.25f;
    ay_solid_box(s, dark, v3(0, 0, -1), v3(2, 2, 1), 0)->op = AY_CUT;
    ay_solid_box(s, dark, v3(0, 0.72f, tall * 0.6f), v3(0.012f, 0.62f, 0.5f), 0)->op = AY_CUT;
    if (kind < 0.6f)
        ay_solid_box(s, dark, v3(0, 0.12f, tall), v3(1, 0.012f, tall * 0.5f), 0)->op = AY_CUT;
    ay_solid_slab(s, dark, v3(0, 0.62f, tall * 0.6f), v3(0.075f, 0.2f, 0.3f), 0.07f, 0)->op = AY_CUT;
    ay_solid_group(s);
    ay_prim_lie(ay_solid_cyl(s, dark, v3(0, 0.6f, tall * 0.55f), 0.17f, 0.055f, 0.02f), 0);
    if (kind > 0.4f) { /* sides of another stuff */
        ay_solid_group(s);
        ay_prim *p = ay_solid_ball(s, side, v3(w * 0.42f, -0.1f, 0.02f), v3(w * 0.6f, 0.8f, tall * 0.62f));
        p->mirror_x = true;
        ay_solid_box(s, dark, v3(0, 0, -1), v3(2, 2, 1), 0)->op = AY_CUT;
    }
    if (kind > 0.75f) {
        ay_solid_group(s);
        ay_solid_cyl(s, light, v3(0, -0.55f, tall * 0.78f), 0.13f, 0.06f, 0.03f);
    }
    if (rnd_chance(r, 0.55f)) {
        float a = rnd(r, -0.5f, 0.5f);
        ay_v3 p[4] = {v3(0, 0.9f, 0.1f), v3(0, 1.2f, 0.05f), v3(a, 1.5f, 0.04f), v3(a * 0.5f, 1.85f, 0.04f)};
        ay_solid_group(s);
        ay_solid_tube(s, dark, p, 4, 0.035f);
    }
}

static void old_television(ay_rng *r, ay_solid *s)
{
    int body = rnd_chance(r, 0.4f) ? plain(r, s, v3(0.12f, 0.05f, 0.02f), 0.4f) : casing(r, s);
    int show = screen(r, s, 0.4f), knob = casing(r, s);
    float w = 1, h = 0.78f, x = rnd_chance(r, 0.6f) ? -0.2f : 0;

    stand(s, 0);
    ay_solid_slab(s, body, v3(0, 0, -0.25f), v3(w, h, 0.32f), 0.07f, 0.06f);
    ay_solid_cone(s, body, v3(0, 0, -0.75f), 0.45f, 0.75f, 0.3f);
    ay_solid_slab(s, knob, v3(x, 0, 0.05f), v3(0.76f, 0.66f, 0.06f), 0.14f, 0.02f)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_slab(s, show, v3(x, 0, 0.02f), v3(0.72f, 0.62f, 0.05f), 0.16f, 0.05f);
    if (x < 0) {
        ay_solid_group(s);
        grid(ay_solid_cyl(s, knob, v3(0.78f, 0.3f, 0.1f), 0.12f, 0.07f, 0.02f), 1, 0, 2, 0.34f);
        grid(ay_solid_box(s, knob, v3(0.78f, -0.4f, 0.08f), v3(0.14f, 0.012f, 0.02f), 0), 1, 0, 7, 0.06f);
    }
    if (rnd_chance(r, 0.4f)) {
        ay_v3 a[2] = {v3(0.05f, h, -0.3f), v3(0.6f, h + 0.75f, -0.3f)}, b[2] = {v3(-0.05f, h, -0.3f), v3(-0.6f, h + 0.75f, -0.3f)};
        ay_solid_group(s);
        ay_solid_tube(s, knob, a, 2, 0.015f);
        ay_solid_tube(s, knob, b, 2, 0.015f);
    }
}

static void flat_panel(ay_rng *r, ay_solid *s, float w, float h, float bezel, float lit, int foot)
{
    int body = casing(r, s), show = screen(r, s, lit), legs = rnd_chance(r, 0.5f) ? body : casing(r, s);
    float chin = rnd_chance(r, 0.3f) ? 0.07f : 0;

    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, h, 0.04f), 0.02f, 0.01f);
    ay_solid_slab(s, body, v3(0, -h * 0.2f, -0.06f), v3(w * 0.6f, h * 0.5f, 0.05f), 0.1f, 0.03f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, chin / 2, 0.04f), v3(w - bezel, h - bezel - chin / 2, 0.008f), 0);
    ay_solid_group(s);
    if (foot == 0) { /* two feet */
        ay_prim *p = ay_solid_box(s, legs, v3(w * 0.7f, -h - 0.08f, 0), v3(0.03f, 0.1f, 0.18f), 0.01f);
        p->mirror_x = true;
    } else if (foot == 1) { /* column and plate */
        ay_solid_box(s, legs, v3(0, -h - 0.08f, -0.04f), v3(w * 0.1f, 0.16f, 0.03f), 0.01f);
        ay_prim_lie(ay_solid_slab(s, legs, v3(0, -h - 0.23f, 0), v3(w * 0.42f, 0.22f, 0.02f), 0.1f, 0.01f), 1);
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
        stand(s, 0);
        flat_panel(r, s, 1, h, bezel, 0.7f, foot);
    }
    product(v, 0.02f, 0.4f, 0.75f);
    v->near = 0.68f;
}

static void monitor(ay_rng *r, ay_solid *s, ay_view *v)
{
    float h = rnd(r, 0.58f, 0.78f), tall = rnd(r, 0.12f, 0.3f);
    int metal;

    stand(s, rnd(r, -0.02f, 0.12f));
    metal = ay_solid_material(s, ay_mat_steel(r));
    flat_panel(r, s, 0.95f, h, rnd(r, 0.03f, 0.08f), 0.75f, 3);
    ay_solid_group(s);
    ay_solid_box(s, metal, v3(0, -h - tall * 0.5f, -0.1f), v3(0.1f, tall + 0.1f, 0.03f), 0.01f);
    ay_prim_lie(ay_solid_slab(s, metal, v3(0, -h - tall - 0.1f, 0.05f), v3(0.36f, 0.26f, 0.02f), 0.12f, 0.01f), 1);
    product(v, 0.05f, 0.45f, 0.8f);
}

static void laptop(ay_rng *r, ay_solid *s, ay_view *v)
{
    float open = rnd(r, 1.55f, 2.2f), h = rnd(r, 0.62f, 0.72f), t = rnd(r, 0.03f, 0.06f), bezel = rnd(r, 0.04f, 0.09f);
    int body = casing(r, s), keys = keycaps(r, s), show = screen(r, s, 0.75f), pad = casing(r, s), front;
    float pitch = 0.125f, k = pitch * 0.43f;
    ay_m3 lid;

    front = rnd_chance(r, 0.6f) ? glass(r, s) : body;
    if (rnd_chance(r, 0.12f)) { /* shut */
        ay_solid_slab(s, body, v3(0, 0, t), v3(1, h, t * 1.8f), 0.08f, 0.02f);
        ay_solid_cyl(s, pad, v3(0, 0, t * 2.8f), 0.12f, 0.01f, 0);
        product(v, 0.4f, 1.3f, AY_PI);
        return;
    }
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, h, t), 0.06f, 0.015f);
    ay_solid_slab(s, pad, v3(0, h * 0.32f, t + 0.04f), v3(0.92f, h * 0.5f, 0.05f), 0.02f, 0)->op = AY_CUT;
    ay_solid_group(s);
    grid(ay_solid_box(s, keys, v3(0, h * 0.37f, t), v3(k, k, 0.015f), 0.008f), 14, pitch, 4, pitch);
    ay_solid_box(s, keys, v3(-0.1f, h * 0.37f - 2.5f * pitch, t), v3(0.4f, k, 0.015f), 0.008f);
    grid(ay_solid_box(s, keys, v3(0.62f, h * 0.37f - 2.5f * pitch, t), v3(k, k, 0.015f), 0.008f), 4, pitch, 1, 0);
    ay_solid_group(s);
    ay_solid_slab(s, pad, v3(0, -h * 0.58f, t), v3(0.28f, h * 0.26f, 0.005f), 0.02f, 0);
    lid = m3_turn(0, AY_PI - open);
    ay_solid_frame(s, lid, v3(0, h, t));
    ay_solid_slab(s, body, v3(0, h, -t * 0.5f), v3(1, h, t * 0.45f), 0.06f, 0.01f);
    ay_solid_group(s);
    ay_solid_slab(s, front, v3(0, h, 0), v3(0.98f, h - 0.02f, 0.008f), 0.05f, 0);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, h + 0.02f, 0.006f), v3(1 - bezel, h - bezel * 1.3f, 0.006f), 0);
    product(v, 0.12f, 0.95f, 0.95f);
    if (rnd_chance(r, 0.12f))
        v->yaw = AY_PI;
}

static void camera(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), grip = plain(r, s, v3_all(0.015f), 0.85f), lens = lens_glass(r, s), ring = ay_solid_material(s, ay_mat_black(r));
    float kind = rnd(r, 0, 1), h = rnd(r, 0.52f, 0.66f), deep = rnd(r, 0.18f, 0.3f), rad = rnd(r, 0.36f, 0.5f), len = kind < 0.5f ? rnd(r, 0.25f, 0.8f) : rnd(r, 0.06f, 0.2f);
    float x = rnd(r, -0.05f, 0.25f);
    ay_prim *p;

    if (rnd_chance(r, 0.3f))
        ring = ay_solid_material(s, ay_mat_steel(r));
    s->material[grip].pattern = AY_PAT_RUBBER;
    s->material[grip].colour2 = v3_all(0.04f);
    stand(s, 0);
    ay_solid_slab(s, rnd_chance(r, 0.4f) ? grip : body, v3(0, 0, 0), v3(1, h, deep), 0.12f, 0.07f);
    if (kind < 0.5f) { /* grip, prism hump */
        ay_solid_slab(s, grip, v3(-0.8f, -0.05f, deep * 0.8f), v3(0.22f, h * 0.9f, deep * 0.9f), 0.12f, 0.1f)->blend = 0.1f;
        ay_solid_slab(s, body, v3(x, h * 0.95f, 0), v3(0.32f, h * 0.36f, deep * 0.9f), 0.12f, 0.05f)->blend = 0.08f;
    } else {
        ay_solid_box(s, body, v3(0, h * 0.82f, 0), v3(0.98f, h * 0.2f, deep * 1.02f), 0.04f);
    }
    ay_solid_group(s);
    ay_solid_cyl(s, ring, v3(x, -0.04f, deep + len * 0.5f), rad, len * 0.5f + 0.04f, 0.03f);
    ay_solid_cyl(s, ring, v3(x, -0.04f, deep + len * 1.2f), rad * 0.88f, len * 0.3f, 0.02f);
    ay_solid_cyl(s, ring, v3(x, -0.04f, deep + len * 1.6f), rad * 0.74f, len * 0.35f, 0)->op = AY_CUT;
    ay_solid_torus(s, grip, v3(x, -0.04f, deep + len * 0.55f), rad * 1.02f, 0.035f)->op = AY_CUT;
    ay_solid_group(s);
    ay_solid_ball(s, lens, v3(x, -0.04f, deep + len * 1.15f), v3(rad * 0.76f, rad * 0.76f, 0.14f));
    ay_solid_group(s);
    p = ay_solid_cyl(s, ring, v3(-0.72f, h + 0.03f, 0), 0.11f, 0.06f, 0.02f);
    ay_prim_lie(p, 1);
    p = ay_solid_cyl(s, ring, v3(0.72f, h + 0.03f, 0), 0.15f, 0.06f, 0.02f);
    ay_prim_lie(p, 1);
    ay_solid_box(s, lens, v3(kind < 0.5f ? 0.72f : 0.6f, h * 0.7f, deep), v3(0.16f, 0.07f, 0.02f), 0.01f);
    product(v, 0.02f, 0.7f, 0.95f);
}

static int watch_face(ay_rng *r, ay_solid *s)
{
    int m = screen(r, s, 0.8f);
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
    int body = rnd_chance(r, 0.6f) ? ay_solid_material(s, ay_mat_any_metal(r)) : casing(r, s), face = watch_face(r, s), strap = casing(r, s);
    float ring = rnd(r, 0.62f, 0.8f), w = rnd(r, 0.26f, 0.34f), size = rnd(r, 0.42f, 0.55f), shape = rnd(r, 0, 1), t = 0.05f;
    bool loop = rnd_chance(r, 0.6f);

    if (loop) { /* on a stand: the strap is a ring seen at an angle */
        stand(s, rnd(r, 0.1f, 0.6f));
        ay_prim *p = ay_solid_cyl(s, strap, v3(0, 0, -ring), ring, w, 0.02f);
        ay_prim_lie(p, 0);
        p = ay_solid_cyl(s, strap, v3(0, 0, -ring), ring - t, 1, 0);
        ay_prim_lie(p, 0);
        p->op = AY_CUT;
        product(v, 0.02f, 0.6f, 1.0f);
    } else {
        float len = rnd(r, 0.7f, 1.1f);
        lie_or_stand(r, s, v, 0.6f, 0.6f);
        ay_solid_slab(s, strap, v3(0, 0.05f, -0.06f), v3(w, len + 0.3f, t), 0.1f, 0.03f);
        ay_solid_cyl(s, strap, v3(0, -len, 0), 0.035f, 0.5f, 0)->op = AY_CUT;
        grid(&s->prim[s->prims - 1], 1, 0, 4, 0.13f);
    }
    ay_solid_group(s);
    if (shape < 0.45f) {
        ay_solid_cyl(s, body, v3(0, 0, 0.02f), size, 0.12f, 0.04f);
        ay_solid_cyl(s, face, v3(0, 0, 0.14f), size * 0.86f, 0.012f, 0.005f);
    } else {
        ay_solid_slab(s, body, v3(0, 0, 0.02f), v3(size * 0.86f, size, 0.12f), size * 0.3f, 0.06f);
        ay_solid_slab(s, face, v3(0, 0, 0.13f), v3(size * 0.74f, size * 0.86f, 0.02f), size * 0.24f, 0.01f);
    }
    ay_prim_lie(ay_solid_cyl(s, body, v3(size * (shape < 0.45f ? 1.04f : 0.9f), 0.1f, 0.03f), 0.06f, 0.05f, 0.01f), 0);
    if (shape < 0.25f)
        ay_prim_lie(ay_solid_cyl(s, body, v3(size * 0.95f, -0.2f, 0.03f), 0.05f, 0.06f, 0.01f), 0);
}

static void printer(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), dark = plain(r, s, v3_all(0.02f), 0.4f), paper = plain(r, s, v3_all(0.85f), 0.9f), show = screen(r, s, 0.7f);
    float h = rnd(r, 0.32f, 0.55f);

    stand(s, 0);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, h, 0.7f), 0.08f, 0.05f);
    ay_solid_box(s, dark, v3(0, -h * 0.35f, 0.6f), v3(0.7f, h * 0.3f, 0.3f), 0.02f)->op = AY_CUT;
    ay_solid_group(s);
    ay_prim_lie(ay_solid_box(s, dark, v3(0, h + 0.02f, -0.05f), v3(0.96f, 0.62f, 0.02f), 0.01f), 1);
    ay_solid_box(s, paper, v3(0, -h * 0.45f, 0.8f), v3(0.55f, 0.012f, 0.28f), 0);
    ay_solid_box(s, show, v3(-0.66f, h * 0.6f, 0.7f), v3(0.2f, h * 0.2f, 0.01f), 0);
    if (rnd_chance(r, 0.5f))
        ay_solid_box(s, paper, v3(0, h + 0.35f, -0.55f), v3(0.52f, 0.4f, 0.012f), 0);
    product(v, 0.15f, 0.7f, 0.9f);
}

static void loudspeaker(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), cone = plain(r, s, v3_all(0.03f), 0.7f), ring = ay_solid_material(s, ay_mat_any_metal(r));
    float w = rnd(r, 0.45f, 0.65f), wood = rnd(r, 0, 1);
    int n = rnd_int(r, 1, 3);

    if (wood < 0.4f) {
        s->material[body].pattern = AY_PAT_WOOD;
        s->material[body].metal = 0;
        s->material[body].colour = v3(0.25f, 0.11f, 0.04f);
        s->material[body].colour2 = v3(0.1f, 0.04f, 0.015f);
    }
    stand(s, 0);
    ay_solid_box(s, body, v3(0, 0, -0.4f), v3(w, 1, 0.42f), 0.04f);
    for (int i = 0; i < n; i++) {
        float y = n == 1 ? 0 : -0.45f + 0.9f * (float)i / (float)(n - 1), k = w * (i == 0 ? 0.82f : 0.5f);
        ay_solid_group(s);
        ay_solid_torus(s, ring, v3(0, y, 0.02f), k, 0.04f);
        ay_solid_group(s);
        ay_solid_ball(s, cone, v3(0, y, 0), v3(k * 0.95f, k * 0.95f, 0.04f));
        ay_solid_ball(s, cone, v3(0, y, 0.05f), v3(k * 0.35f, k * 0.35f, 0.1f));
    }
    product(v, 0.02f, 0.5f, 0.9f);
}

static void headphones(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), pad = plain(r, s, v3_all(0.02f), 0.9f);
    float ring = rnd(r, 0.75f, 0.95f), cup = rnd(r, 0.34f, 0.48f);
    ay_prim *p;

    stand(s, 0);
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
    product(v, 0.05f, 0.8f, 1.0f);
}

static void game_pad(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), stick = plain(r, s, v3_all(0.02f), 0.6f), key = keycaps(r, s);
    ay_prim *p;

    lie_or_stand(r, s, v, 0.4f, 0.7f);
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
    grid(p, 2, 0.2f, 2, 0.2f);
    p->rot = m3_turn(2, AY_PI / 4);
    ay_solid_box(s, stick, v3(-0.65f, 0.22f, 0.17f), v3(0.17f, 0.06f, 0.04f), 0.01f);
    ay_solid_box(s, stick, v3(-0.65f, 0.22f, 0.17f), v3(0.06f, 0.17f, 0.04f), 0.01f);
}

static void remote_control(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), key = keycaps(r, s), hot;
    float w = rnd(r, 0.2f, 0.3f), hue = rnd(r, 0, 1);
    int rows = rnd_int(r, 4, 8);

    hot = plain(r, s, hsv(hue, 0.9f, 0.8f), 0.4f);
    lie_or_stand(r, s, v, 0.35f, 0.9f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(w, 1, 0.1f), w * 0.6f, 0.05f);
    ay_solid_group(s);
    grid(ay_solid_box(s, key, v3(0, -0.25f, 0.1f), v3(w * 0.2f, 0.4f / (float)rows, 0.03f), 0.02f), 3, w * 0.58f, rows, 1.15f / (float)rows);
    ay_solid_cyl(s, hot, v3(-w * 0.5f, 0.82f, 0.1f), w * 0.2f, 0.03f, 0.01f);
    if (rnd_chance(r, 0.6f))
        ay_solid_torus(s, key, v3(0, 0.55f, 0.1f), w * 0.5f, 0.04f);
}

static void calculator(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), key = keycaps(r, s), show = plain(r, s, v3(0.3f, 0.36f, 0.28f), 0.2f);

    s->material[show].pattern = AY_PAT_SEGMENTS;
    s->material[show].colour2 = v3_all(0.02f);
    lie_or_stand(r, s, v, 0.4f, 0.8f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(0.65f, 1, 0.09f), 0.08f, 0.03f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, 0.72f, 0.09f), v3(0.54f, 0.16f, 0.012f), 0);
    grid(ay_solid_box(s, key, v3(0, -0.22f, 0.09f), v3(0.1f, 0.09f, 0.05f), 0.03f), rnd_int(r, 4, 5), 0.26f, 5, 0.28f);
}

static void router(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), light = plain(r, s, v3(0.1f, 0.9f, 0.2f), 0.3f), n = rnd_int(r, 1, 4);
    ay_prim *p;

    s->material[light].glow = 1.2f;
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, 0.6f, 0.12f), 0.15f, 0.05f);
    ay_solid_group(s);
    p = ay_solid_capsule(s, body, v3(0, 0.56f, 0.65f), 0.06f, 0.55f);
    grid(p, n, 1.7f / (float)(n > 1 ? n - 1 : 1), 1, 0);
    p->rot = m3_turn(0, rnd(r, -0.2f, 0.2f));
    p = ay_solid_box(s, light, v3(0, -0.6f, 0), v3(0.025f, 0.02f, 0.02f), 0);
    grid(p, rnd_int(r, 3, 7), 0.14f, 1, 0);
    product(v, 0.25f, 0.9f, 1.0f);
}

static void desktop_tower(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), front = casing(r, s), light, vent = casing(r, s);
    float h = rnd(r, 0, 1), w = rnd(r, 0.36f, 0.5f);

    light = plain(r, s, hsv(h, 0.9f, 1), 0.3f);
    s->material[light].glow = 1.2f;
    s->material[vent].pattern = AY_PAT_GRILLE;
    s->material[vent].colour2 = v3_all(0.01f);
    s->material[vent].scale = rnd(r, 9, 16);
    stand(s, 0);
    ay_solid_box(s, body, v3(0, 0, -0.75f), v3(w, 1, 0.8f), 0.02f);
    ay_solid_group(s);
    ay_solid_box(s, front, v3(0, 0, 0.06f), v3(w * 0.98f, 0.98f, 0.05f), 0.03f);
    grid(ay_solid_box(s, body, v3(0, 0.68f, 0.12f), v3(w * 0.8f, 0.09f, 0.01f), 0), 1, 0, rnd_int(r, 1, 3), 0.22f);
    ay_solid_box(s, vent, v3(0, -0.45f, 0.1f), v3(w * 0.75f, 0.4f, 0.015f), 0);
    ay_solid_cyl(s, light, v3(0, 0.2f, 0.11f), 0.07f, 0.02f, 0);
    product(v, 0.05f, 0.6f, 1.0f);
}

static void telephone(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), key = keycaps(r, s);
    ay_prim *p;

    ay_solid_frame(s, m3_turn(0, 0.25f), v3(0, 0, 0));
    ay_solid_slab(s, body, v3(0, 0, 0), v3(0.75f, 0.8f, 0.14f), 0.12f, 0.08f);
    ay_solid_group(s);
    grid(ay_solid_box(s, key, v3(0.25f, -0.15f, 0.15f), v3(0.085f, 0.07f, 0.04f), 0.02f), 3, 0.24f, 4, 0.21f);
    ay_solid_group(s);
    p = ay_solid_capsule(s, body, v3(-0.48f, 0, 0.36f), 0.1f, 0.65f);
    ay_prim_lie(p, 1);
    p = ay_solid_cyl(s, body, v3(-0.48f, 0.68f, 0.26f), 0.2f, 0.1f, 0.05f);
    p->mirror_y = true;
    p->blend = 0.1f;
    product(v, 0.5f, 1.2f, 1.0f);
}

static void usb_stick(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), metal = ay_solid_material(s, ay_mat_steel(r));
    float spin = rnd(r, 0, 6), w = rnd(r, 0.26f, 0.36f);

    ay_solid_frame(s, m3_turn(2, spin), v3(0, 0, 0));
    ay_solid_slab(s, body, v3(-0.35f, 0, 0), v3(0.75f, w, 0.13f), 0.1f, 0.05f);
    ay_solid_group(s);
    ay_solid_box(s, metal, v3(0.7f, 0, 0), v3(0.35f, w * 0.75f, 0.09f), 0.01f);
    ay_solid_box(s, body, v3(0.85f, 0, 0), v3(0.25f, w * 0.65f, 0.06f), 0)->op = AY_CUT;
    grid(ay_solid_box(s, body, v3(0.8f, 0, 0.1f), v3(0.05f, 0.05f, 0.05f), 0), 1, 0, 2, w * 0.7f)->op = AY_CUT;
    product(v, 0.5f, 1.5f, AY_PI);
}

static void projector(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), lens = lens_glass(r, s), dark = ay_solid_material(s, ay_mat_black(r)), vent = casing(r, s);
    float x = rnd(r, -0.5f, 0.5f);

    s->material[vent].pattern = AY_PAT_SLOTS;
    s->material[vent].colour2 = v3_all(0.01f);
    s->material[vent].scale = 10;
    stand(s, 0);
    ay_solid_slab(s, body, v3(0, 0, -0.6f), v3(1, 0.32f, 0.7f), 0.1f, 0.07f);
    ay_solid_group(s);
    ay_solid_cyl(s, dark, v3(x, 0, 0.12f), 0.27f, 0.1f, 0.03f);
    ay_solid_ball(s, lens, v3(x, 0, 0.2f), v3(0.2f, 0.2f, 0.07f));
    ay_solid_box(s, vent, v3(x > 0 ? -0.5f : 0.5f, 0, 0.1f), v3(0.32f, 0.2f, 0.012f), 0);
    product(v, 0.1f, 0.7f, 0.9f);
}

static void webcam(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), lens = lens_glass(r, s), dark = ay_solid_material(s, ay_mat_black(r));

    stand(s, 0);
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
    product(v, 0.02f, 0.6f, 0.9f);
}

static void game_console(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = casing(r, s), show = screen(r, s, 0.75f), key = keycaps(r, s), side = casing(r, s);
    ay_prim *p;

    lie_or_stand(r, s, v, 0.5f, 0.7f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(1, 0.42f, 0.06f), 0.2f, 0.04f);
    ay_solid_group(s);
    ay_solid_box(s, show, v3(0, 0, 0.06f), v3(0.6f, 0.35f, 0.012f), 0);
    p = ay_solid_cyl(s, side, v3(0.8f, 0.15f, 0.08f), 0.09f, 0.05f, 0.03f);
    p->mirror_x = true;
    grid(ay_solid_cyl(s, key, v3(0.8f, -0.15f, 0.07f), 0.04f, 0.03f, 0.01f), 2, 0.11f, 2, 0.11f)->mirror_x = true;
}

#define SOLID(n, f) {.name = n, .build = f}
static const ay_draw_class classes[] = {
    SOLID("mobile phone", mobile_phone), SOLID("tablet", tablet), SOLID("keyboard", keyboard),
    SOLID("computer mouse", computer_mouse), SOLID("television", television), SOLID("monitor", monitor),
    SOLID("laptop", laptop), SOLID("camera", camera), SOLID("wristwatch", wristwatch),
    SOLID("printer", printer), SOLID("loudspeaker", loudspeaker), SOLID("headphones", headphones),
    SOLID("game pad", game_pad), SOLID("remote control", remote_control), SOLID("calculator", calculator),
    SOLID("router", router), SOLID("desktop tower", desktop_tower), SOLID("telephone", telephone),
    SOLID("usb stick", usb_stick), SOLID("projector", projector), SOLID("webcam", webcam),
    SOLID("game console", game_console),
};
const ay_draw_family ay_family_devices = {classes, sizeof classes / sizeof *classes};
