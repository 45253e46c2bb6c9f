/* Circuit boards, what sits on them in packages, and hard disks. */
#include "draw/family.h"
#include "draw/kit.h"

/* A package with legs at pos; kind 0: two rows, 1: four rows, 2: a metal lid. */
static void package(ay_rng *r, ay_solid *s, int body, int legs, ay_v3 pos, float w, float h,
                    int kind)
{
    float t = rnd(r, 0.05f, 0.09f) * (1 + w), pitch = rnd(r, 0.09f, 0.14f);
    int nx = (int)(2 * w / pitch), ny = (int)(2 * h / pitch);
    ay_prim *p;

    ay_solid_group(s);
    ay_solid_box(s, body, v3(pos.x, pos.y, pos.z + t), v3(w, h, t), 0.02f);
    ay_solid_cyl(s, body, v3(pos.x - w * 0.75f, pos.y + h * 0.7f, pos.z + 2 * t), 0.05f, 0.012f, 0)
        ->op = AY_CUT;
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
    int kind = rnd_int(r, 0, 1),
        body = ay_kit_printed(r, s, v3_all(grey), v3_all(0.55f), rnd(r, 9, 14));
    int legs = rnd_chance(r, 0.15f) ? ay_kit_gilded(r, s) : ay_kit_tin(r, s);

    ay_kit_spun(r, s, 0.04f);
    package(r, s, body, legs, v3(0, 0, 0.06f), w, kind == 1 ? w : h, kind);
    v->low = 0.5f;
}

static ay_v3 board_colour(ay_rng *r)
{
    static const float c[6][3] = {{.01f, .10f, .03f},    {.015f, .16f, .05f},  {.01f, .04f, .16f},
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
    int m[6], body, legs = ay_kit_tin(r, s), gx = (int)(2 * w / 0.42f), gy = (int)(2 * h / 0.36f),
                    n = 0;

    m[0] = ay_kit_plastic(r, s);
    m[1] = ay_kit_tin(r, s);
    m[2] = ay_kit_plastic(r, s);
    m[3] = ay_solid_material(s, ay_mat_black(r));
    m[4] = ay_kit_gilded(r, s);
    m[5] = ay_kit_plastic(r, s);
    body = ay_kit_printed(r, s, v3_all(0.02f), v3_all(0.5f), 8);
    for (int j = 0; j < gy; j++)
        for (int i = 0; i < gx; i++) {
            float x = ((float)i + 0.5f) / (float)gx * 2 * w - w,
                  y = ((float)j + 0.5f) / (float)gy * 2 * h - h;
            int kind = rnd_int(r, 0, 5);
            if (rnd_chance(r, 0.15f) || s->prims > AY_SOLID_PRIMS - 14)
                continue;
            x += rnd(r, -0.04f, 0.04f);
            if (n < big && rnd_chance(r, 0.4f)) {
                float k = rnd(r, 0.12f, 0.2f);
                package(r, s, body, legs, v3(x, y, 0.03f), k, k * (rnd_chance(r, 0.5f) ? 1 : 0.6f),
                        n % 2);
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

    ay_kit_spun(r, s, 0.05f);
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
    int b = bare_board(r, s), gold = ay_kit_gilded(r, s), body;
    float h = rnd(r, 0.26f, 0.4f);
    ay_prim *p;

    body = ay_kit_printed(r, s, v3_all(0.015f), v3_all(0.45f), 7);
    ay_kit_spun(r, s, 0.04f);
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

static void hard_disk(ay_rng *r, ay_solid *s, ay_view *v)
{
    int body = ay_solid_material(s, ay_mat_steel(r)), dark = ay_solid_material(s, ay_mat_black(r)),
        lid;
    ay_material paper = ay_mat_paint(r, v3_all(0.8f), 0.6f), plate = ay_mat_steel(r);
    bool open = rnd_chance(r, 0.4f);
    ay_prim *p;

    paper.pattern = AY_PAT_LABEL;
    paper.colour2 = rnd_chance(r, 0.3f) ? v3(0.02f, 0.1f, 0.4f) : v3_all(0.03f);
    lid = ay_solid_material(s, paper);
    s->material[body].pattern = AY_PAT_MOTTLE;
    s->material[body].colour = v3_all(rnd(r, 0.3f, 0.6f));
    ay_kit_spun(r, s, 0.02f);
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

static const ay_draw_class classes[] = {
    {.name = "circuit board", .demo = "Circuit board", .build = circuit_board},
    {.name = "chip", .demo = "Chip", .build = chip},
    {.name = "hard disk", .demo = "Hard disk", .build = hard_disk},
    {.name = "memory module", .build = memory_module},
};
const ay_draw_family ay_family_boards = {classes, sizeof classes / sizeof *classes};
