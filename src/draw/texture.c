/* Painting a texture: a field of colour and height seen flat or a little tilted, under raking
 * light.
 *
 * Colour and height are sampled once a pixel (twice a side where the field is fine would cost four
 * times as much and the camera's blur hides it); slopes are differences of neighbours. */
#include "base/mem.h"
#include "draw/family.h"
#include "draw/noise.h"

static ay_v3 tinted(ay_rng *r, ay_tint tint)
{
    float h = rnd(r, 0, 1), s = rnd(r, 0, 0.85f), v = rnd(r, 0.08f, 0.95f), g = rnd(r, 0.05f, 0.8f);

    switch (tint) {
    case AY_TINT_GREY:
        return v3_all(g);
    case AY_TINT_WARM:
        return hsv(0.03f + 0.1f * h, 0.3f + 0.5f * s, v);
    case AY_TINT_GREEN:
        return hsv(0.2f + 0.2f * h, 0.4f + 0.6f * s, v);
    default:
        return hsv(h, s, v);
    }
}

static void choose(ay_rng *r, ay_tint tint, ay_tex *t)
{
    for (int i = 0; i < 12; i++)
        t->k[i] = rnd(r, 0, 1);
    t->seed = (uint32_t)ay_rng_u64(r);
    t->a = tinted(r, tint);
    t->b = tinted(r, tint);
    t->c = tinted(r, tint);
    if (tint == AY_TINT_GREY) { /* one metal: its shades are near each other */
        t->b = v3_scale(t->a, rnd(r, 0.55f, 0.9f));
        t->c = v3_scale(t->a, rnd(r, 1.2f, 2.2f));
    }
}

typedef struct {
    float c, s, zoom, tilt_x, tilt_y, ox, oy;
} placing;

static void sample(const ay_draw_class *cl, const ay_tex *t, const placing *p, float u, float v,
                   ay_texel *o)
{
    float w = 1 + p->tilt_x * u + p->tilt_y * v;
    float x = (u * p->c - v * p->s) * p->zoom / w + p->ox;
    float y = (u * p->s + v * p->c) * p->zoom / w + p->oy;

    *o = (ay_texel){t->a, v3(0, 0, 0), 0, 0.7f, 0};
    cl->field(t, x, y, o);
}

static void light_relief(ay_rng *r, ay_canvas *c, const ay_texel *px, bool grey)
{
    float az = rnd(r, 0, 2 * AY_PI), el = rnd(r, 0.35f, 1.3f), key = rnd(r, 0.8f, 2),
          sky = rnd(r, 0.2f, 0.8f);
    float fall_x = rnd(r, -0.35f, 0.35f), fall_y = rnd(r, -0.35f, 0.35f),
          warm = rnd(r, -0.1f, 0.1f);
    ay_v3 l = v3(cosq(az) * cosq(el), sinq(az) * cosq(el), sinq(el)), half;
    float slope = 0.5f * (float)c->height;

    half = v3_unit(v3_add(l, v3(0, 0, 1)));
    if (grey)
        warm = 0;
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            const ay_texel *t = px + (long)y * c->width + x;
            const ay_texel *tx = x + 1 < c->width ? t + 1 : t,
                           *ty = y + 1 < c->height ? t + c->width : t;
            ay_v3 n = v3_unit(v3((t->bump - tx->bump) * slope, (ty->bump - t->bump) * slope, 1));
            float u = 2 * (float)x / (float)c->width - 1, v = 2 * (float)y / (float)c->height - 1;
            float d = maxf(v3_dot(n, l), 0) * key * (1 + fall_x * u + fall_y * v) + sky * n.z;
            float gloss =
                powq(maxf(v3_dot(n, half), 0), 2 + 60 * (1 - t->rough)) * (1 - t->rough) * key;
            ay_v3 o = v3_scale(t->colour, d);
            o = v3_mad(o, v3_mix(v3_all(0.5f), v3_scale(t->colour, 1.5f), t->metal), gloss);
            o = v3_add(o, t->glow);
            c->px[(long)y * c->width + x] = v3(o.x * (1 + warm), o.y, o.z * (1 - warm));
        }
}

ay_status ay_texture_paint(const ay_draw_class *cl, ay_rng *r, ay_canvas *c, ay_err *err)
{
    ay_texel *px = ay_calloc((size_t)c->width * (size_t)c->height, sizeof *px);
    float turn = cl->tint == AY_TINT_GREY ? rnd(r, -0.25f, 0.25f) : rnd(r, 0, 2 * AY_PI);
    ay_tex t;
    placing p;

    if (!px)
        return ay_fail(err, AY_ENOMEM, "drawing %s", cl->name);
    if (rnd_chance(r, 0.2f)) /* machines are square to what they film */
        turn = (float)rnd_int(r, 0, 3) * AY_PI / 2;
    choose(r, cl->tint, &t);
    p.c = cosq(turn);
    p.s = sinq(turn);
    p.zoom = rnd(r, 0.7f, 1.5f);
    p.tilt_x = rnd_chance(r, 0.4f) ? rnd(r, -0.25f, 0.25f) : 0;
    p.tilt_y = rnd_chance(r, 0.4f) ? rnd(r, -0.25f, 0.25f) : 0;
    p.ox = rnd(r, -3, 3);
    p.oy = rnd(r, -3, 3);
    if (cl->tint == AY_TINT_GREY || cl->centred)
        p.ox = p.oy = 0;
    if (cl->centred)
        p.zoom *= 0.8f;
    if (cl->upright) {
        turn = rnd(r, -0.12f, 0.12f);
        p.c = cosq(turn);
        p.s = sinq(turn);
    }
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            float u = (2 * (float)x + 1 - (float)c->width) / (float)c->height;
            float v = ((float)c->height - 2 * (float)y - 1) / (float)c->height;
            sample(cl, &t, &p, u, v, &px[(long)y * c->width + x]);
        }
    if (cl->gentle < 1)
        light_relief(r, c, px, cl->tint == AY_TINT_GREY);
    for (long i = 0; cl->gentle >= 1 && i < (long)c->width * c->height; i++)
        c->px[i] = px[i].colour;
    ay_free(px);
    return AY_OK;
}
