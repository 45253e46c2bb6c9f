/* Electronics: chips, boards, passive parts, relays, batteries, hard disks, cables. */
#include "draw/family.h"
#include "draw/kit.h"

static void capacitor(ay_rng *r, ay_solid *s, ay_view *v)
{
    static const float sleeve[6][3] = {{.01f, .01f, .012f},  {.01f, .03f, .14f},
                                       {.03f, .008f, .005f}, {.02f, .1f, .1f},
                                       {.25f, .12f, .02f},   {.1f, .1f, .11f}};
    const float *c = sleeve[rnd_int(r, 0, 5)];
    float half = rnd(r, 0.6f, 1.1f), rad = rnd(r, 0.38f, 0.55f), rough = rnd(r, 0.2f, 0.4f);
    ay_material m = ay_mat_paint(r, v3(c[0], c[1], c[2]), rough);
    int body = ay_solid_material(s, m), mark, legs = ay_kit_tin(r, s), top = ay_kit_tin(r, s);
    bool lying = rnd_chance(r, 0.6f);
    float spin = rnd(r, 0, 6), roll = rnd(r, -1, 1);
    ay_m3 a = m3_turn(1, lying ? AY_PI / 2 : 0), b = m3_turn(2, roll), t = m3_mul(&a, &b),
          u = m3_turn(2, spin);
    ay_prim *p;

    m.colour = v3(0.55f, 0.55f, 0.5f);
    m.pattern = AY_PAT_PLAIN;
    mark = ay_solid_material(s, m);
    ay_solid_frame(s, m3_mul(&u, &t), v3(0, 0, 0));
    ay_solid_cyl(s, body, v3(0, 0, 0), rad, half, 0.06f);
    ay_solid_torus(s, body, v3(0, 0, -half + 0.2f), rad + 0.05f, 0.08f)->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_box(s, mark, v3(-rad, 0, 0.06f), v3(0.02f, rad * 0.3f, half * 0.82f), 0.01f);
    p->blend = 0;
    ay_solid_cyl(s, body, v3(0, 0, 0), rad + 0.006f, half * 0.95f, 0)->op = AY_KEEP;
    ay_solid_group(s);
    ay_solid_cyl(s, top, v3(0, 0, half), rad * 0.84f, 0.015f, 0.005f);
    ay_solid_box(s, top, v3(0, 0, half + 0.02f), v3(rad, 0.02f, 0.02f), 0)->op = AY_CUT;
    ay_solid_box(s, top, v3(0, 0, half + 0.02f), v3(0.02f, rad, 0.02f), 0)->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_cyl(s, legs, v3(rad * 0.45f, 0, -half - 0.4f), 0.035f, 0.45f, 0);
    p->mirror_x = true;
    v->low = 0.35f;
}

static void wire_ends(ay_rng *r, ay_solid *s, int m, float from, float len)
{
    for (int i = -1; i <= 1; i += 2) {
        float k = (float)i, bend = rnd(r, -0.5f, 0.5f), dip = rnd(r, -0.1f, 0.1f);
        ay_v3 p[3] = {v3(from * k, 0, 0), v3((from + len * 0.4f) * k, 0, 0),
                      v3((from + len) * k, bend * len, dip)};
        ay_solid_tube(s, m, p, 3, 0.035f);
    }
}

static void resistor(ay_rng *r, ay_solid *s, ay_view *v)
{
    static const float body[4][3] = {
        {.55f, .4f, .22f}, {.12f, .35f, .5f}, {.6f, .5f, .35f}, {.1f, .3f, .25f}};
    const float *c = body[rnd_int(r, 0, 3)];
    ay_material m = ay_mat_paint(r, v3(c[0], c[1], c[2]), 0.35f);
    float half = rnd(r, 0.42f, 0.6f), rad = rnd(r, 0.15f, 0.2f), len = rnd(r, 0.5f, 1.2f);
    int wire = ay_kit_tin(r, s), skin, ends;

    m.pattern = AY_PAT_PLAIN;
    ends = ay_solid_material(s, m);
    m.pattern = AY_PAT_BANDS;
    skin = ay_solid_material(s, m);
    ay_kit_spun(r, s, 0.02f);
    wire_ends(r, s, wire, half, len);
    ay_solid_group(s);
    ay_prim_lie(ay_solid_cyl(s, skin, v3(0, 0, 0), rad, half, 0.06f), 0);
    ay_prim *p = ay_solid_cyl(s, ends, v3(half - 0.12f, 0, 0), rad * 1.22f, 0.13f, 0.1f);
    ay_prim_lie(p, 0);
    p->mirror_x = true;
    p->blend = 0.08f;
    s->material[skin].seed = (uint32_t)ay_rng_u64(r);
    v->low = 0.5f;
    v->near = 0.8f;
    v->far = 1.2f;
}

static void led(ay_rng *r, ay_solid *s, ay_view *v)
{
    float h = rnd(r, 0, 1), rough = rnd(r, 0.05f, 0.2f),
          glow = rnd_chance(r, 0.35f) ? rnd(r, 0.6f, 2) : 0.12f;
    ay_v3 c = rnd_chance(r, 0.2f) ? v3_all(0.75f) : hsv(floori(h * 6) / 6.0f, 0.92f, 0.9f);
    ay_material m = ay_mat_paint(r, c, rough);
    int lens, legs = ay_kit_tin(r, s);
    float tall = rnd(r, 0.3f, 0.6f);

    m.glow = glow;
    m.pattern = AY_PAT_PLAIN;
    lens = ay_solid_material(s, m);
    if (rnd_chance(r, 0.7f)) {
        ay_m3 t = m3_turn(1, AY_PI / 2 - 0.15f);
        ay_solid_frame(s, t, v3(0, 0, 0));
    }
    ay_solid_cyl(s, lens, v3(0, 0, 0), 0.5f, tall, 0);
    ay_solid_ball(s, lens, v3(0, 0, tall), v3(0.5f, 0.5f, 0.5f));
    ay_solid_group(s);
    ay_solid_cyl(s, lens, v3(0, 0, -tall), 0.6f, 0.09f, 0.03f);
    ay_solid_group(s);
    for (int i = -1; i <= 1; i += 2) {
        float len = i > 0 ? 0.9f : 0.7f;
        ay_solid_box(s, legs, v3(0.2f * (float)i, 0, -tall - len), v3(0.04f, 0.04f, len), 0);
    }
    v->low = 0.35f;
    v->wear = 0.2f;
}

static void coil(ay_rng *r, ay_solid *s, ay_view *v)
{
    int core, wire = ay_solid_material(s, ay_mat_copper(r)), n = rnd_int(r, 14, 30);
    float thick = rnd(r, 0.2f, 0.32f), kind = rnd(r, 0, 1), span = rnd(r, 0.75f, 1);
    ay_prim *p;

    core = ay_kit_plastic(r, s);
    s->material[wire].pattern = AY_PAT_PLAIN;
    s->material[wire].rough = 0.25f;
    ay_kit_spun(r, s, 0.05f);
    if (kind < 0.6f) { /* ring core */
        ay_solid_torus(s, core, v3(0, 0, 0), 0.75f, thick);
        ay_solid_group(s);
        p = ay_solid_torus(s, wire, v3(0.75f, 0, 0), thick + 0.03f, 2.1f / (float)n);
        p->rot = m3_turn(0, AY_PI / 2);
        p->around = (int)((float)n * 1.0f);
        if (span < 0.85f)
            ay_solid_box(s, core, v3(-1.2f, 0, 0), v3(0.9f, 0.25f, 1), 0)->op = AY_CUT;
        ay_solid_group(s);
        ay_v3 a[3] = {v3(0.9f, 0.1f, 0), v3(1.3f, 0.2f, -0.1f), v3(1.7f, 0.1f, -0.2f)};
        ay_v3 b[3] = {v3(0.9f, -0.1f, 0), v3(1.3f, -0.3f, -0.1f), v3(1.7f, -0.35f, -0.2f)};
        ay_solid_tube(s, wire, a, 3, 0.05f);
        ay_solid_tube(s, wire, b, 3, 0.05f);
    } else { /* bobbin */
        s->material[wire].pattern = AY_PAT_WINDING;
        s->material[wire].colour2 = v3_scale(s->material[wire].colour, 0.25f);
        s->material[wire].scale = rnd(r, 7, 12);
        float lie = rnd_chance(r, 0.5f) ? AY_PI / 2 : 0;
        ay_solid_frame(s, m3_turn(1, lie), v3(0, 0, 0));
        ay_solid_cyl(s, wire, v3(0, 0, 0), 0.62f, 0.6f, 0.04f);
        ay_solid_group(s);
        for (int i = -1; i <= 1; i += 2)
            ay_solid_cyl(s, core, v3(0, 0, 0.68f * (float)i), 0.82f, 0.08f, 0.02f);
        ay_solid_cyl(s, core, v3(0, 0, 0), 0.25f, 3, 0)->op = AY_CUT;
    }
    v->low = 0.45f;
}

static void transformer(ay_rng *r, ay_solid *s, ay_view *v)
{
    int iron, tape, legs = ay_kit_tin(r, s);
    ay_material m = ay_mat_steel(r), t = ay_mat_paint(r, v3(0.65f, 0.5f, 0.05f), 0.4f);
    float w = rnd(r, 0.7f, 1);

    m.colour = v3_all(0.16f);
    m.colour2 = v3_all(0.05f);
    m.pattern = AY_PAT_STRIPES;
    m.scale = 14;
    iron = ay_solid_material(s, m);
    if (rnd_chance(r, 0.4f))
        t = ay_mat_any_plastic(r);
    tape = ay_solid_material(s, t);
    ay_kit_spun(r, s, 0.04f);
    ay_solid_box(s, iron, v3(0, 0, 0), v3(0.45f, w, 0.75f), 0.02f);
    ay_solid_group(s);
    ay_solid_slab(s, tape, v3(0, 0, 0), v3(0.8f, w * 0.68f, 0.5f), 0.2f, 0.05f);
    ay_solid_group(s);
    for (int i = -1; i <= 1; i += 2) {
        ay_solid_box(s, tape, v3(0.7f * (float)i, 0, -0.6f), v3(0.15f, w * 0.7f, 0.12f), 0.02f);
        ay_prim *p =
            ay_solid_box(s, legs, v3(0.75f * (float)i, 0, -0.85f), v3(0.03f, 0.03f, 0.2f), 0);
        p->ny = 4;
        p->dy = w * 0.35f;
    }
    v->low = 0.4f;
}

static void connector(ay_rng *r, ay_solid *s, ay_view *v)
{
    int shell = ay_kit_plastic(r, s), pin = ay_kit_gilded(r, s), n = rnd_int(r, 3, 10),
        rows = rnd_int(r, 1, 2);
    float pitch = 0.2f, w = pitch * (float)n / 2 + 0.08f, h = 0.12f + 0.1f * (float)rows,
          t = rnd(r, 0.25f, 0.4f);
    ay_prim *p;

    ay_kit_spun(r, s, 0.04f);
    if (rnd_chance(r, 0.5f)) {
        float lean = rnd(r, 0.9f, 1.57f);
        ay_solid_frame(s, m3_turn(0, lean), v3(0, 0, 0));
    }
    ay_solid_box(s, shell, v3(0, 0, 0), v3(w, h, t), 0.03f);
    ay_solid_box(s, shell, v3(0, 0, t * 0.6f), v3(w - 0.05f, h - 0.05f, t), 0.02f)->op = AY_CUT;
    if (rnd_chance(r, 0.5f))
        ay_solid_box(s, shell, v3(0, h, t), v3(w * 0.3f, 0.1f, t), 0)->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_box(s, pin, v3(0, 0, 0), v3(0.03f, 0.03f, t * 1.5f), 0.008f);
    p->pos.z = -t * 0.7f;
    p->nx = n;
    p->dx = pitch;
    p->ny = rows;
    p->dy = 0.2f;
    if (rnd_chance(r, 0.4f)) {
        p = ay_solid_cyl(s, pin, v3(w + 0.12f, 0, -t), 0.06f, 1, 0);
        ay_solid_group(s);
        p->op = AY_CUT;
    }
    v->low = 0.45f;
}

static void relay(ay_rng *r, ay_solid *s, ay_view *v)
{
    static const float c[4][3] = {
        {.02f, .08f, .3f}, {.012f, .012f, .013f}, {.6f, .6f, .55f}, {.4f, .12f, .02f}};
    const float *k = c[rnd_int(r, 0, 3)];
    float bright = k[0] + k[1] + k[2] > 1 ? 0.03f : 0.6f, w = rnd(r, 0.6f, 0.8f),
          t = rnd(r, 0.4f, 0.6f);
    int body = ay_kit_printed(r, s, v3(k[0], k[1], k[2]), v3_all(bright), rnd(r, 9, 14)),
        pin = ay_kit_tin(r, s);
    ay_prim *p;

    ay_kit_spun(r, s, 0.02f);
    if (rnd_chance(r, 0.4f)) {
        ay_solid_frame(s, m3_turn(0, AY_PI / 2), v3(0, 0, 0));
        t *= 0.9f;
    }
    ay_solid_box(s, body, v3(0, 0, 0), v3(w, 0.5f, t), 0.035f);
    ay_solid_group(s);
    ay_solid_box(s, body, v3(0, 0, -t), v3(w * 0.97f, 0.48f, 0.06f), 0.01f);
    p = ay_solid_box(s, pin, v3(0.3f, 0.3f, -t - 0.16f), v3(0.05f, 0.02f, 0.2f), 0);
    p->mirror_x = p->mirror_y = true;
    p = ay_solid_box(s, pin, v3(w * 0.85f, 0, -t - 0.16f), v3(0.05f, 0.02f, 0.2f), 0);
    v->low = 0.35f;
}

static void battery(ay_rng *r, ay_solid *s, ay_view *v)
{
    float h = rnd(r, 0, 1), sat = rnd(r, 0.5f, 1), kind = rnd(r, 0, 1), half = rnd(r, 0.85f, 1.2f);
    ay_material m = ay_mat_paint(r, hsv(h, sat, 0.7f), 0.25f), cap;
    int skin, second, end = ay_kit_tin(r, s);
    float spin = rnd(r, 0, 6), ring = rnd(r, 0.25f, 0.5f);
    bool lying = rnd_chance(r, 0.75f);

    m.metal = rnd_chance(r, 0.4f) ? 0.7f : 0;
    skin = ay_solid_material(s, m);
    cap = ay_mat_black(r);
    if (rnd_chance(r, 0.5f))
        cap = ay_mat_brass(r);
    second = ay_solid_material(s, cap);
    if (kind < 0.72f) { /* round cell */
        ay_m3 a = m3_turn(1, lying ? AY_PI / 2 : 0), b = m3_turn(2, spin);
        ay_solid_frame(s, m3_mul(&b, &a), v3(0, 0, 0));
        ay_solid_cyl(s, skin, v3(0, 0, -half * ring), 0.36f, half * (1 - ring), 0.02f);
        ay_solid_cyl(s, second, v3(0, 0, half * (1 - ring)), 0.362f, half * ring, 0.03f);
        ay_solid_group(s);
        ay_solid_cyl(s, end, v3(0, 0, 0), 0.3f, half + 0.02f, 0.01f);
        ay_solid_cyl(s, end, v3(0, 0, half), 0.13f, 0.1f, 0.03f);
    } else { /* block */
        ay_kit_spun(r, s, 0.02f);
        ay_solid_box(s, skin, v3(0, 0, -0.2f), v3(0.55f, 0.33f, 0.62f), 0.03f);
        ay_solid_box(s, second, v3(0, 0, 0.6f), v3(0.55f, 0.33f, 0.22f), 0.03f);
        ay_solid_cyl(s, end, v3(0.27f, 0, 0.86f), 0.14f, 0.07f, 0.02f);
        ay_solid_prism(s, end, v3(-0.27f, 0, 0.86f), 6, 0.15f, 0.07f, 0.02f);
    }
    v->low = 0.35f;
    v->wear = 0.4f;
}

static void cable(ay_rng *r, ay_solid *s, ay_view *v)
{
    int skin = ay_kit_plastic(r, s), head = ay_kit_plastic(r, s), metal = ay_kit_tin(r, s), n = 34;
    float turns = rnd(r, 1.2f, 2.6f), rad = rnd(r, 0.05f, 0.09f), wave = rnd(r, 0.05f, 0.25f),
          a = 0, x = 0, y = 0;
    ay_v3 p[34];

    for (int i = 0; i < n; i++) {
        float t = (float)i / (float)(n - 1), ring = 0.85f - 0.2f * t + wave * sinq(9 * t);
        a = turns * 2 * AY_PI * t;
        x = ring * cosq(a);
        y = ring * sinq(a) * 0.85f;
        p[i] = v3(x, y, rad * 2.1f * (float)(int)(turns * t));
    }
    ay_solid_tube(s, skin, p, n, rad);
    for (int e = 0; e < 2; e++) {
        ay_v3 end = p[e ? n - 1 : 0], d = v3_unit(v3_sub(end, p[e ? n - 2 : 1]));
        ay_m3 turn = {{v3(d.x, -d.y, 0), v3(d.y, d.x, 0), v3(0, 0, 1)}};
        ay_solid_frame(s, turn, v3_add(end, v3_scale(d, 0.2f)));
        ay_solid_box(s, head, v3(0, 0, 0), v3(0.22f, rad * 2.2f, rad * 1.3f), 0.03f);
        ay_solid_box(s, metal, v3(0.32f, 0, 0), v3(0.14f, rad * 1.6f, rad * 0.7f), 0.01f);
    }
    v->low = 0.55f;
}

static void transistor(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_kit_printed(r, s, v3_all(0.015f), v3_all(0.4f), 6), legs = ay_kit_tin(r, s),
        tab = ay_kit_tin(r, s);
    ay_prim *p;

    if (rnd_chance(r, 0.6f))
        ay_solid_frame(s, m3_turn(2, rnd(r, 0, 6)), v3(0, 0, 0));
    if (rnd_chance(r, 0.6f)) { /* tab */
        ay_solid_box(s, body, v3(0, 0, 0.1f), v3(0.5f, 0.42f, 0.12f), 0.02f);
        ay_solid_group(s);
        ay_solid_box(s, tab, v3(0, 0.4f, -0.05f), v3(0.5f, 0.55f, 0.05f), 0.01f);
        ay_solid_cyl(s, tab, v3(0, 0.68f, 0), 0.16f, 1, 0)->op = AY_CUT;
        ay_solid_group(s);
        p = ay_solid_box(s, legs, v3(0, -0.95f, 0.03f), v3(0.045f, 0.6f, 0.03f), 0);
    } else { /* small round */
        ay_prim_lie(ay_solid_cyl(s, body, v3(0, 0, 0), 0.4f, 0.42f, 0.02f), 1);
        ay_solid_box(s, body, v3(0, 0, 0.7f), v3(1, 1, 0.5f), 0)->op = AY_CUT;
        ay_solid_group(s);
        p = ay_solid_box(s, legs, v3(0, -1.05f, 0), v3(0.035f, 0.65f, 0.035f), 0);
    }
    p->nx = 3;
    p->dx = 0.28f;
    v->low = 0.5f;
}

static void fuse(ay_rng *r, ay_solid *s, ay_view *v)
{
    ay_material g = ay_mat_paint(r, v3(0.55f, 0.6f, 0.6f), 0.05f);
    int glass, cap = ay_kit_tin(r, s);

    g.colour2 = v3(0.35f, 0.42f, 0.42f);
    g.pattern = AY_PAT_MOTTLE;
    glass = ay_solid_material(s, g);
    ay_kit_spun(r, s, 0.02f);
    ay_prim_lie(ay_solid_cyl(s, glass, v3(0, 0, 0), 0.22f, 0.8f, 0.01f), 0);
    ay_solid_group(s);
    ay_prim *p = ay_solid_cyl(s, cap, v3(0.82f, 0, 0), 0.26f, 0.22f, 0.05f);
    ay_prim_lie(p, 0);
    p->mirror_x = true;
    v->low = 0.5f;
}

static void heat_sink(ay_rng *r, ay_solid *s, ay_view *v)
{
    ay_material m = ay_mat_steel(r);
    int a, n = rnd_int(r, 6, 12);
    float h = rnd(r, 0.35f, 0.7f), d = rnd(r, 0.6f, 1);

    if (rnd_chance(r, 0.4f))
        m.colour = m.colour2 = v3_all(0.02f);
    a = ay_solid_material(s, m);
    ay_kit_spun(r, s, 0.04f);
    ay_solid_box(s, a, v3(0, 0, 0), v3(1, d, 0.08f), 0.01f);
    ay_prim *p = ay_solid_box(s, a, v3(0, 0, h), v3(0.035f, d, h), 0.01f);
    p->nx = n;
    p->dx = 1.9f / (float)(n - 1);
    if (rnd_chance(r, 0.4f)) {
        p = ay_solid_box(s, a, v3(0, 0, h + 0.4f), v3(3, 0.05f, h + 0.2f), 0);
        p->op = AY_CUT;
        p->ny = rnd_int(r, 3, 6);
        p->dy = 0.3f;
    }
    v->low = 0.45f;
}

static void potentiometer(ay_rng *r, ay_solid *s, ay_view *v)
{
    int can = ay_solid_material(s, ay_mat_steel(r)), knob = ay_kit_plastic(r, s),
        legs = ay_kit_tin(r, s);
    ay_prim *p;

    ay_kit_spun(r, s, 0.3f);
    ay_solid_cyl(s, can, v3(0, 0, 0), 0.75f, 0.22f, 0.04f);
    ay_solid_group(s);
    ay_solid_thread(s, can, v3(0, 0, 0.4f), 0.32f, 0.04f, 0.25f, 0.09f);
    ay_solid_cyl(s, knob, v3(0, 0, 0.9f), 0.24f, 0.4f, 0.02f);
    ay_solid_box(s, knob, v3(0, 0, 1.3f), v3(0.4f, 0.04f, 0.15f), 0)->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_box(s, legs, v3(0, -0.95f, -0.1f), v3(0.07f, 0.35f, 0.025f), 0.01f);
    p->nx = 3;
    p->dx = 0.35f;
    v->low = 0.4f;
}

static void switch_part(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_solid_material(s, ay_mat_black(r)), rock = ay_kit_plastic(r, s),
        legs = ay_kit_tin(r, s);
    float lean = rnd_chance(r, 0.5f) ? 0.22f : -0.22f;
    ay_prim *p;

    ay_kit_spun(r, s, 0.1f);
    ay_solid_box(s, body, v3(0, 0, 0), v3(0.9f, 0.55f, 0.1f), 0.04f);
    ay_solid_box(s, body, v3(0, 0, -0.4f), v3(0.78f, 0.45f, 0.4f), 0.02f);
    ay_solid_box(s, body, v3(0, 0, 0.1f), v3(0.7f, 0.4f, 0.25f), 0.02f)->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_box(s, rock, v3(0, 0, 0.08f), v3(0.66f, 0.37f, 0.14f), 0.04f);
    p->rot = m3_turn(1, lean);
    ay_solid_group(s);
    p = ay_solid_box(s, legs, v3(0, 0, -1), v3(0.02f, 0.15f, 0.28f), 0);
    p->nx = 3;
    p->dx = 0.5f;
    v->low = 0.4f;
}

static const ay_draw_class classes[] = {
    {.name = "capacitor", .demo = "Capacitor", .build = capacitor},
    {.name = "resistor", .demo = "Resistor", .build = resistor},
    {.name = "led", .demo = "LED", .build = led},
    {.name = "coil", .demo = "Coil", .build = coil},
    {.name = "connector", .demo = "Connector", .build = connector},
    {.name = "relay", .demo = "Relay", .build = relay},
    {.name = "battery", .demo = "Battery", .build = battery},
    {.name = "cable", .demo = "Cable", .build = cable},
    {.name = "transformer", .demo = "Transformer", .build = transformer},
    {.name = "transistor", .build = transistor},
    {.name = "fuse", .build = fuse},
    {.name = "heat sink", .build = heat_sink},
    {.name = "potentiometer", .build = potentiometer},
    {.name = "switch", .build = switch_part},
};
const ay_draw_family ay_family_electronics = {classes, sizeof classes / sizeof *classes};
