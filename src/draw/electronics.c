/* Electronics: chips, boards, passive parts, relays, batteries, hard disks, cables. */
#include "draw/family.h"

static void spun(ay_rng *r, ay_solid *s, float lean)
{
    float spin = rnd(r, 0, 2 * AY_PI), tip = rnd(r, -lean, lean);
    ay_m3 a = m3_turn(0, tip), b = m3_turn(2, spin);

    ay_solid_frame(s, m3_mul(&a, &b), v3(0, 0, 0));
}

static int tin(ay_rng *r, ay_solid *s)
{
    float rough = rnd(r, 0.2f, 0.4f);
    ay_material m = ay_mat_paint(r, v3(0.6f, 0.6f, 0.58f), rough);

    m.metal = 1;
    m.pattern = AY_PAT_PLAIN;
    return ay_solid_material(s, m);
}

static int gilded(ay_rng *r, ay_solid *s)
{
    ay_material m = ay_mat_gold(r);

    m.pattern = AY_PAT_PLAIN;
    return ay_solid_material(s, m);
}

static int printed(ay_rng *r, ay_solid *s, ay_v3 body, ay_v3 ink, float letters)
{
    float rough = rnd(r, 0.35f, 0.7f);
    ay_material m = ay_mat_paint(r, body, rough);

    m.pattern = AY_PAT_PRINT;
    m.colour2 = ink;
    m.scale = letters;
    return ay_solid_material(s, m);
}

static int plastic(ay_rng *r, ay_solid *s) { return ay_solid_material(s, ay_mat_any_plastic(r)); }

/* A package with legs at pos; kind 0: two rows, 1: four rows, 2: a metal lid. */
static void package(ay_rng *r, ay_solid *s, int body, int legs, ay_v3 pos, float w, float h, int kind)
{
    float t = rnd(r, 0.05f, 0.09f) * (1 + w), pitch = rnd(r, 0.09f, 0.14f);
    int nx = (int)(2 * w / pitch), ny = (int)(2 * h / pitch);
    ay_prim *p;

    ay_solid_group(s);
    ay_solid_box(s, body, v3(pos.x, pos.y, pos.z + t), v3(w, h, t), 0.02f);
    ay_solid_cyl(s, body, v3(pos.x - w * 0.75f, pos.y + h * 0.7f, pos.z + 2 * t), 0.05f, 0.012f, 0)->op = AY_CUT;
    if (kind == 2)
        return;
    for (int i = -1; i <= 1; i += 2) {
        p = ay_solid_box(s, legs, v3(pos.x, pos.y + (float)i * (h + 0.06f), pos.z + t * 0.5f),
                         v3(pitch * 0.27f, 0.09f, t * 0.5f), 0.01f);
        p->nx = nx;
        p->dx = pitch;
        if (kind == 0)
            continue;
        p = ay_solid_box(s, legs, v3(pos.x + (float)i * (w + 0.06f), pos.y, pos.z + t * 0.5f),
                         v3(0.09f, pitch * 0.27f, t * 0.5f), 0.01f);
        p->ny = ny;
        p->dy = pitch;
    }
}

static void chip(ay_rng *r, ay_solid *s, ay_view *v)
{
    float grey = rnd(r, 0.008f, 0.04f), w = rnd(r, 0.6f, 1), h = rnd(r, 0.3f, 0.5f);
    int kind = rnd_int(r, 0, 1), body = printed(r, s, v3_all(grey), v3_all(0.55f), rnd(r, 7, 11));
    int legs = rnd_chance(r, 0.15f) ? gilded(r, s) : tin(r, s);

    spun(r, s, 0.04f);
    package(r, s, body, legs, v3(0, 0, 0.06f), w, kind == 1 ? w : h, kind);
    v->low = 0.5f;
}

static ay_v3 board_colour(ay_rng *r)
{
    static const float c[6][3] = {{.01f, .10f, .03f}, {.015f, .16f, .05f}, {.01f, .04f, .16f},
                                  {.012f, .013f, .014f}, {.22f, .015f, .015f}, {.28f, .17f, .05f}};
    const float *k = c[rnd_int(r, 0, 20) % 6 % 6];

    return v3(k[0], k[1], k[2]);
}

static int bare_board(ay_rng *r, ay_solid *s)
{
    ay_material m = {0};

    m.colour = board_colour(r);
    m.colour2 = v3_add(v3_scale(m.colour, 2.4f), v3(0.03f, 0.03f, 0.01f));
    m.rough = rnd(r, 0.25f, 0.5f);
    m.pattern = AY_PAT_PCB;
    m.scale = rnd(r, 9, 16);
    m.seed = (uint32_t)ay_rng_u64(r);
    return ay_solid_material(s, m);
}

static void small_part(ay_rng *r, ay_solid *s, const int *m, ay_v3 at, int kind)
{
    float k = rnd(r, 0.8f, 1.3f);
    ay_prim *p;

    ay_solid_group(s);
    switch (kind) {
    case 0: /* standing electrolytic capacitor */
        ay_solid_cyl(s, m[0], v3_add(at, v3(0, 0, 0.13f * k)), 0.09f * k, 0.13f * k, 0.015f);
        ay_solid_cyl(s, m[1], v3_add(at, v3(0, 0, 0.26f * k)), 0.075f * k, 0.006f, 0);
        break;
    case 1: /* row of small chips: resistors or ceramic capacitors */
        p = ay_solid_box(s, m[2], v3_add(at, v3(0, 0, 0.02f)), v3(0.03f, 0.055f, 0.02f), 0.004f);
        p->nx = 4;
        p->dx = 0.11f;
        p = ay_solid_box(s, m[1], v3_add(at, v3(0, 0, 0.018f)), v3(0.032f, 0.075f, 0.016f), 0.004f);
        p->nx = 4;
        p->dx = 0.11f;
        break;
    case 2: /* pin header */
        ay_solid_box(s, m[3], v3_add(at, v3(0, 0, 0.05f)), v3(0.24f, 0.05f, 0.05f), 0.01f);
        p = ay_solid_box(s, m[4], v3_add(at, v3(0, 0, 0.14f)), v3(0.013f, 0.013f, 0.12f), 0);
        p->nx = 5;
        p->dx = 0.09f;
        break;
    case 3: /* can crystal or coil */
        ay_solid_slab(s, m[1], v3_add(at, v3(0, 0, 0.05f)), v3(0.16f, 0.07f, 0.05f), 0.06f, 0.02f);
        break;
    case 4: /* socket */
        ay_solid_box(s, m[5], v3_add(at, v3(0, 0, 0.1f)), v3(0.2f, 0.13f, 0.1f), 0.01f);
        p = ay_solid_box(s, m[3], v3_add(at, v3(0, 0, 0.2f)), v3(0.15f, 0.08f, 0.08f), 0);
        p->op = AY_CUT;
        break;
    default: /* heat sink */
        ay_solid_box(s, m[1], v3_add(at, v3(0, 0, 0.02f)), v3(0.2f, 0.17f, 0.02f), 0);
        p = ay_solid_box(s, m[1], v3_add(at, v3(0, 0, 0.1f)), v3(0.012f, 0.17f, 0.1f), 0);
        p->nx = 8;
        p->dx = 0.053f;
        break;
    }
}

/* Parts on a grid of places, so that they never meet. */
static void populate(ay_rng *r, ay_solid *s, float w, float h, int big)
{
    int m[6], body, legs = tin(r, s), gx = (int)(w / 0.29f), gy = (int)(h / 0.24f), n = 0;

    m[0] = plastic(r, s);
    m[1] = tin(r, s);
    m[2] = plastic(r, s);
    m[3] = ay_solid_material(s, ay_mat_black(r));
    m[4] = gilded(r, s);
    m[5] = plastic(r, s);
    body = printed(r, s, v3_all(0.02f), v3_all(0.5f), 8);
    for (int j = 0; j < gy; j++)
        for (int i = 0; i < gx; i++) {
            float x = ((float)i + 0.5f) / (float)gx * 2 * w - w, y = ((float)j + 0.5f) / (float)gy * 2 * h - h;
            int kind = rnd_int(r, 0, 5);
            if (rnd_chance(r, 0.25f) || s->prims > AY_SOLID_PRIMS - 8)
                continue;
            x += rnd(r, -0.04f, 0.04f);
            if (n < big && rnd_chance(r, 0.4f)) {
                float k = rnd(r, 0.12f, 0.2f);
                package(r, s, body, legs, v3(x, y, 0.03f), k, k * (rnd_chance(r, 0.5f) ? 1 : 0.6f), n % 2);
                n++;
            } else {
                small_part(r, s, m, v3(x, y, 0.03f), kind);
            }
        }
}

static void circuit_board(ay_rng *r, ay_solid *s, ay_view *v)
{
    int b = bare_board(r, s), hole;
    float w = rnd(r, 0.8f, 1.2f), h = rnd(r, 0.6f, 0.95f);
    ay_prim *p;

    spun(r, s, 0.05f);
    hole = ay_solid_material(s, ay_mat_gold(r));
    ay_solid_slab(s, b, v3(0, 0, 0), v3(w, h, 0.03f), rnd(r, 0.01f, 0.1f), 0.005f);
    p = ay_solid_cyl(s, hole, v3(w - 0.09f, h - 0.09f, 0), 0.05f, 1, 0);
    p->op = AY_CUT;
    p->mirror_x = p->mirror_y = true;
    populate(r, s, w - 0.1f, h - 0.1f, 5);
    v->low = 0.6f;
}

static void memory_module(ay_rng *r, ay_solid *s, ay_view *v)
{
    int b = bare_board(r, s), gold = gilded(r, s), body;
    float h = rnd(r, 0.26f, 0.4f);
    ay_prim *p;

    body = printed(r, s, v3_all(0.015f), v3_all(0.45f), 7);
    spun(r, s, 0.04f);
    ay_solid_box(s, b, v3(0, 0, 0), v3(1.3f, h, 0.02f), 0.003f);
    ay_solid_box(s, b, v3(0.12f, -h, 0), v3(0.03f, 0.07f, 1), 0)->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_box(s, gold, v3(0, -h + 0.06f, 0.02f), v3(0.012f, 0.05f, 0.004f), 0);
    p->nx = 60;
    p->dx = 0.042f;
    ay_solid_group(s);
    p = ay_solid_box(s, body, v3(0, 0.06f, 0.06f), v3(0.12f, h * 0.55f, 0.045f), 0.01f);
    p->nx = rnd_chance(r, 0.5f) ? 8 : 4;
    p->dx = p->nx == 8 ? 0.31f : 0.55f;
    v->low = 0.6f;
}

static void capacitor(ay_rng *r, ay_solid *s, ay_view *v)
{
    static const float sleeve[6][3] = {{.01f, .01f, .012f}, {.01f, .03f, .14f}, {.03f, .008f, .005f},
                                       {.02f, .1f, .1f},    {.25f, .12f, .02f}, {.1f, .1f, .11f}};
    const float *c = sleeve[rnd_int(r, 0, 5)];
    float half = rnd(r, 0.6f, 1.1f), rad = rnd(r, 0.38f, 0.55f), rough = rnd(r, 0.2f, 0.4f);
    ay_material m = ay_mat_paint(r, v3(c[0], c[1], c[2]), rough);
    int body = ay_solid_material(s, m), mark, legs = tin(r, s), top = tin(r, s);
    bool lying = rnd_chance(r, 0.6f);
    float spin = rnd(r, 0, 6), roll = rnd(r, -1, 1);
    ay_m3 a = m3_turn(1, lying ? AY_PI / 2 : 0), b = m3_turn(2, roll), t = m3_mul(&a, &b), u = m3_turn(2, spin);
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
    static const float body[4][3] = {{.55f, .4f, .22f}, {.12f, .35f, .5f}, {.6f, .5f, .35f}, {.1f, .3f, .25f}};
    const float *c = body[rnd_int(r, 0, 3)];
    ay_material m = ay_mat_paint(r, v3(c[0], c[1], c[2]), 0.35f);
    float half = rnd(r, 0.42f, 0.6f), rad = rnd(r, 0.15f, 0.2f), len = rnd(r, 0.5f, 1.2f);
    int wire = tin(r, s), skin;

    m.pattern = AY_PAT_BANDS;
    skin = ay_solid_material(s, m);
    spun(r, s, 0.02f);
    wire_ends(r, s, wire, half, len);
    ay_solid_group(s);
    ay_prim_lie(ay_solid_cyl(s, skin, v3(0, 0, 0), rad, half, 0.06f), 0);
    ay_prim *p = ay_solid_cyl(s, skin, v3(half - 0.12f, 0, 0), rad * 1.22f, 0.13f, 0.1f);
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
    float h = rnd(r, 0, 1), rough = rnd(r, 0.05f, 0.2f), glow = rnd_chance(r, 0.35f) ? rnd(r, 0.6f, 2) : 0.12f;
    ay_v3 c = rnd_chance(r, 0.2f) ? v3_all(0.75f) : hsv(floori(h * 6) / 6.0f, 0.92f, 0.9f);
    ay_material m = ay_mat_paint(r, c, rough);
    int lens, legs = tin(r, s);
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

    core = plastic(r, s);
    s->material[wire].pattern = AY_PAT_PLAIN;
    s->material[wire].rough = 0.25f;
    spun(r, s, 0.05f);
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
    int iron, tape, legs = tin(r, s);
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
    spun(r, s, 0.04f);
    ay_solid_box(s, iron, v3(0, 0, 0), v3(0.45f, w, 0.75f), 0.02f);
    ay_solid_group(s);
    ay_solid_slab(s, tape, v3(0, 0, 0), v3(0.8f, w * 0.68f, 0.5f), 0.2f, 0.05f);
    ay_solid_group(s);
    for (int i = -1; i <= 1; i += 2) {
        ay_solid_box(s, tape, v3(0.7f * (float)i, 0, -0.6f), v3(0.15f, w * 0.7f, 0.12f), 0.02f);
        ay_prim *p = ay_solid_box(s, legs, v3(0.75f * (float)i, 0, -0.85f), v3(0.03f, 0.03f, 0.2f), 0);
        p->ny = 4;
        p->dy = w * 0.35f;
    }
    v->low = 0.4f;
}

static void connector(ay_rng *r, ay_solid *s, ay_view *v)
{
    int shell = plastic(r, s), pin = gilded(r, s), n = rnd_int(r, 3, 10), rows = rnd_int(r, 1, 2);
    float pitch = 0.2f, w = pitch * (float)n / 2 + 0.08f, h = 0.12f + 0.1f * (float)rows, t = rnd(r, 0.25f, 0.4f);
    ay_prim *p;

    spun(r, s, 0.04f);
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
    static const float c[4][3] = {{.02f, .08f, .3f}, {.012f, .012f, .013f}, {.6f, .6f, .55f}, {.4f, .12f, .02f}};
    const float *k = c[rnd_int(r, 0, 3)];
    float bright = k[0] + k[1] + k[2] > 1 ? 0.03f : 0.6f, w = rnd(r, 0.6f, 0.8f), t = rnd(r, 0.4f, 0.6f);
    int body = printed(r, s, v3(k[0], k[1], k[2]), v3_all(bright), rnd(r, 9, 14)), pin = tin(r, s);
    ay_prim *p;

    spun(r, s, 0.02f);
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
    int skin, second, end = tin(r, s);
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
        spun(r, s, 0.02f);
        ay_solid_box(s, skin, v3(0, 0, -0.2f), v3(0.55f, 0.33f, 0.62f), 0.03f);
        ay_solid_box(s, second, v3(0, 0, 0.6f), v3(0.55f, 0.33f, 0.22f), 0.03f);
        ay_solid_cyl(s, end, v3(0.27f, 0, 0.86f), 0.14f, 0.07f, 0.02f);
        ay_solid_prism(s, end, v3(-0.27f, 0, 0.86f), 6, 0.15f, 0.07f, 0.02f);
    }
    v->low = 0.35f;
    v->wear = 0.4f;
}

static void hard_disk(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_solid_material(s, ay_mat_steel(r)), dark = ay_solid_material(s, ay_mat_black(r)), lid;
    ay_material paper = ay_mat_paint(r, v3_all(0.8f), 0.6f), plate = ay_mat_steel(r);
    bool open = rnd_chance(r, 0.4f);
    ay_prim *p;

    paper.pattern = AY_PAT_LABEL;
    paper.colour2 = rnd_chance(r, 0.3f) ? v3(0.02f, 0.1f, 0.4f) : v3_all(0.03f);
    lid = ay_solid_material(s, paper);
    s->material[body].pattern = AY_PAT_MOTTLE;
    s->material[body].colour = v3_all(rnd(r, 0.3f, 0.6f));
    spun(r, s, 0.02f);
    ay_solid_slab(s, body, v3(0, 0, 0), v3(0.7f, 1, 0.17f), 0.05f, 0.02f);
    p = ay_solid_cyl(s, dark, v3(0.63f, 0.85f, 0.17f), 0.035f, 0.03f, 0);
    p->op = AY_CUT;
    p->mirror_x = p->mirror_y = true;
    if (open) {
        plate.colour = v3_all(0.85f);
        plate.rough = 0.06f;
        plate.metal = 1;
        plate.pattern = AY_PAT_PLAIN;
        int disc = ay_solid_material(s, plate);
        ay_solid_slab(s, dark, v3(0, 0, 0.15f), v3(0.64f, 0.94f, 0.1f), 0.05f, 0)->op = AY_CUT;
        ay_solid_group(s);
        ay_solid_cyl(s, disc, v3(0, 0.28f, 0.11f), 0.61f, 0.02f, 0);
        ay_solid_cyl(s, body, v3(0, 0.28f, 0.14f), 0.17f, 0.03f, 0.01f);
        ay_solid_group(s);
        p = ay_solid_box(s, body, v3(0.12f, -0.3f, 0.15f), v3(0.04f, 0.5f, 0.015f), 0);
        p->rot = m3_turn(2, rnd(r, 0.1f, 0.5f));
        ay_solid_cyl(s, dark, v3(0.33f, -0.68f, 0.12f), 0.17f, 0.05f, 0.02f);
    } else {
        ay_solid_group(s);
        ay_solid_slab(s, body, v3(0, 0, 0.17f), v3(0.62f, 0.92f, 0.02f), 0.12f, 0.01f);
        ay_solid_group(s);
        ay_solid_box(s, lid, v3(0, -0.1f, 0.19f), v3(0.48f, rnd(r, 0.35f, 0.6f), 0.006f), 0);
    }
    ay_solid_group(s);
    ay_solid_box(s, dark, v3(0, -1.0f, -0.05f), v3(0.5f, 0.02f, 0.07f), 0);
    v->low = 0.55f;
}

static void cable(ay_rng *r, ay_solid *s, ay_view *v)
{
    int skin = plastic(r, s), head = plastic(r, s), metal = tin(r, s), n = 16;
    float turns = rnd(r, 1.2f, 2.6f), rad = rnd(r, 0.05f, 0.09f), wave = rnd(r, 0.05f, 0.25f), a = 0, x = 0, y = 0;
    ay_v3 p[20];

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
    int body = printed(r, s, v3_all(0.015f), v3_all(0.4f), 6), legs = tin(r, s), tab = tin(r, s);
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
    int glass, cap = tin(r, s);

    g.colour2 = v3(0.35f, 0.42f, 0.42f);
    g.pattern = AY_PAT_MOTTLE;
    glass = ay_solid_material(s, g);
    spun(r, s, 0.02f);
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
    spun(r, s, 0.04f);
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
    int can = ay_solid_material(s, ay_mat_steel(r)), knob = plastic(r, s), legs = tin(r, s);
    ay_prim *p;

    spun(r, s, 0.3f);
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
    int body = ay_solid_material(s, ay_mat_black(r)), rock = plastic(r, s), legs = tin(r, s);
    float lean = rnd_chance(r, 0.5f) ? 0.22f : -0.22f;
    ay_prim *p;

    spun(r, s, 0.1f);
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
    {.name = "circuit board", .demo = "Circuit board", .build = circuit_board},
    {.name = "chip", .demo = "Chip", .build = chip},
    {.name = "capacitor", .demo = "Capacitor", .build = capacitor},
    {.name = "resistor", .demo = "Resistor", .build = resistor},
    {.name = "led", .demo = "LED", .build = led},
    {.name = "coil", .demo = "Coil", .build = coil},
    {.name = "connector", .demo = "Connector", .build = connector},
    {.name = "relay", .demo = "Relay", .build = relay},
    {.name = "battery", .demo = "Battery", .build = battery},
    {.name = "hard disk", .demo = "Hard disk", .build = hard_disk},
    {.name = "cable", .demo = "Cable", .build = cable},
    {.name = "transformer", .demo = "Transformer", .build = transformer},
    {.name = "memory module", .build = memory_module},
    {.name = "transistor", .build = transistor},
    {.name = "fuse", .build = fuse},
    {.name = "heat sink", .build = heat_sink},
    {.name = "potentiometer", .build = potentiometer},
    {.name = "switch", .build = switch_part},
};
const ay_draw_family ay_family_electronics = {classes, sizeof classes / sizeof *classes};
