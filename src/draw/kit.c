/* The kit: materials and placings that several families use. */
#include "draw/kit.h"

int ay_kit_plain(ay_rng *r, ay_solid *s, ay_v3 c, float rough)
{
    ay_material m = ay_mat_paint(r, c, rough);

    m.pattern = AY_PAT_PLAIN;
    return ay_solid_material(s, m);
}

/* A case: black, white, silver, grey, seldom coloured. */
int ay_kit_casing(ay_rng *r, ay_solid *s)
{
    float k = rnd(r, 0, 1), rough = rnd(r, 0.15f, 0.6f), g = rnd(r, 0.008f, 0.05f),
          l = rnd(r, 0.5f, 0.85f);
    float h = rnd(r, 0, 1), sat = rnd(r, 0.3f, 0.9f), v = rnd(r, 0.3f, 0.9f);
    int m = ay_kit_plain(r, s,
                         k < 0.42f   ? v3_all(g)
                         : k < 0.62f ? v3_all(l)
                         : k < 0.86f ? v3_all(l * 0.6f)
                                     : hsv(h, sat, v),
                         rough);

    if (k >= 0.62f && k < 0.86f)
        s->material[m].metal = rnd_chance(r, 0.6f) ? 0.9f : 0;
    return m;
}

int ay_kit_glass(ay_rng *r, ay_solid *s)
{
    return ay_kit_plain(r, s, v3_all(0.008f), 0.06f);
}

/* A screen: off (a dark mirror), or lit with windows or a picture. */
int ay_kit_screen(ay_rng *r, ay_solid *s, float lit)
{
    int m = ay_kit_glass(r, s);
    float glow = rnd(r, 0.5f, 1.3f);

    s->material[m].pattern = rnd_chance(r, 0.5f) ? AY_PAT_SCREEN : AY_PAT_PICTURE;
    if (rnd_chance(r, lit))
        s->material[m].glow = glow;
    return m;
}

int ay_kit_lens(ay_rng *r, ay_solid *s)
{
    int m = ay_kit_glass(r, s);

    s->material[m].pattern = AY_PAT_LENS;
    return m;
}

int ay_kit_keycaps(ay_rng *r, ay_solid *s)
{
    int m = ay_kit_casing(r, s);
    float glow = rnd_chance(r, 0.12f) ? 1.5f : 0, h = rnd(r, 0, 1);

    s->material[m].pattern = AY_PAT_KEYS;
    s->material[m].metal = 0;
    s->material[m].colour2 = glow > 0                         ? hsv(h, 0.9f, 1)
                             : s->material[m].colour.y > 0.2f ? v3_all(0.03f)
                                                              : v3_all(0.7f);
    s->material[m].glow = 0;
    s->material[m].seed = (uint32_t)ay_rng_u64(r);
    return m;
}

void ay_kit_stand(ay_solid *s, float lean)
{
    ay_solid_frame(s, m3_turn(0, AY_PI / 2 - lean), v3(0, 0, 0));
}

ay_prim *ay_kit_grid(ay_prim *p, int nx, float dx, int ny, float dy)
{
    p->nx = nx;
    p->dx = dx;
    p->ny = ny;
    p->dy = dy;
    return p;
}

/* Enamel of kitchen machines: white, black, steel, seldom a colour. */
int ay_kit_enamel(ay_rng *r, ay_solid *s)
{
    float k = rnd(r, 0, 1), h = rnd(r, 0, 1), rough = rnd(r, 0.12f, 0.4f);

    if (k < 0.4f)
        return ay_kit_plain(r, s, v3_all(0.78f), rough);
    if (k < 0.6f)
        return ay_kit_plain(r, s, v3_all(0.015f), rough);
    if (k < 0.88f) {
        int m = ay_solid_material(s, ay_mat_steel(r));
        s->material[m].pattern = AY_PAT_BRUSHED;
        return m;
    }
    return ay_kit_plain(r, s, hsv(h, 0.6f, 0.7f), rough);
}

int ay_kit_wooden(ay_rng *r, ay_solid *s)
{
    float v = rnd(r, 0.25f, 0.8f), h = rnd(r, 0.05f, 0.1f);
    int m = ay_kit_plain(r, s, hsv(h, 0.6f, v), 0.5f);

    s->material[m].pattern = AY_PAT_WOOD;
    s->material[m].colour2 = hsv(h, 0.65f, v * 0.7f);
    s->material[m].scale = rnd(r, 2, 5);
    return m;
}

void ay_kit_front(ay_prim *p)
{
    p->rot = m3_turn(0, AY_PI / 2);
}

int ay_kit_tin(ay_rng *r, ay_solid *s)
{
    float rough = rnd(r, 0.2f, 0.4f);
    ay_material m = ay_mat_paint(r, v3(0.6f, 0.6f, 0.58f), rough);

    m.metal = 1;
    m.pattern = AY_PAT_PLAIN;
    return ay_solid_material(s, m);
}

int ay_kit_gilded(ay_rng *r, ay_solid *s)
{
    ay_material m = ay_mat_gold(r);

    m.pattern = AY_PAT_PLAIN;
    return ay_solid_material(s, m);
}

int ay_kit_printed(ay_rng *r, ay_solid *s, ay_v3 body, ay_v3 ink, float letters)
{
    float rough = rnd(r, 0.35f, 0.7f);
    ay_material m = ay_mat_paint(r, body, rough);

    m.pattern = AY_PAT_PRINT;
    m.colour2 = ink;
    m.scale = letters;
    return ay_solid_material(s, m);
}

void ay_kit_spun(ay_rng *r, ay_solid *s, float lean)
{
    float spin = rnd(r, 0, 2 * AY_PI), tip = rnd(r, -lean, lean);
    ay_m3 a = m3_turn(0, tip), b = m3_turn(2, spin);

    ay_solid_frame(s, m3_mul(&a, &b), v3(0, 0, 0));
}

int ay_kit_plastic(ay_rng *r, ay_solid *s)
{
    return ay_solid_material(s, ay_mat_any_plastic(r));
}

int ay_kit_metal(ay_rng *r, ay_solid *s)
{
    return ay_solid_material(s, ay_mat_any_metal(r));
}

void ay_kit_product(ay_view *v, float low, float high, float yaw)
{
    v->product = 0.7f;
    v->low = low;
    v->high = high;
    v->yaw = yaw;
    v->near = 0.73f;
    v->far = 1.17f;
    v->wear = 0.32f;
}

/* Lying seen from any side, or standing seen from the front. */
bool ay_kit_lie_or_stand(ay_rng *r, ay_solid *s, ay_view *v, float upright, float yaw)
{
    float lean = rnd(r, -0.1f, 0.25f);
    bool up = rnd_chance(r, upright);

    if (up)
        ay_kit_stand(s, lean);
    ay_kit_product(v, up ? 0.02f : 0.5f, up ? 0.5f : 1.5f, up ? yaw : AY_PI);
    if (!up && rnd_chance(r, 0.5f))
        v->yaw = 0.6f;
    v->roll = up ? 0.1f : 0.3f;
    return up;
}
