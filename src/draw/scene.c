/* Scenes: where the camera stands, what lights the thing, what it lies on, how worn it is. */
#include "draw/render.h"

void ay_view_default(ay_view *v)
{
    *v = (ay_view){.low = 0.5f, .high = 1.5f, .yaw = AY_PI, .near = 0.8f, .far = 1.4f,
                   .product = 0.12f, .roll = 0.12f, .wear = 0.6f};
}

static void aim(ay_rng *r, const ay_solid *s, const ay_view *v, float aspect, ay_scene *o)
{
    float up = rnd(r, v->low, v->high), yaw = rnd(r, -v->yaw, v->yaw), roll = rnd(r, -v->roll, v->roll);
    float fov = rnd(r, 0.35f, 0.85f), fill = rnd(r, v->near, v->far);
    float half = fov / 2, dist = s->bound / sinq(half) * fill * 0.86f;
    ay_v3 back = v3(sinq(yaw) * cosq(up), -cosq(yaw) * cosq(up), sinq(up));
    ay_v3 right = v3_unit(v3_cross(v3(0, 0, 1), back)), top;

    if (up > 1.5f)
        right = v3(cosq(yaw), sinq(yaw), 0);
    top = v3_cross(back, right);
    o->cam.r[0] = v3_unit(v3_mad(v3_scale(right, cosq(roll)), top, sinq(roll)));
    o->cam.r[1] = v3_unit(v3_cross(back, o->cam.r[0]));
    o->cam.r[2] = back;
    o->focal = cosq(half) / sinq(half) / minf(aspect, 1);
    o->shift_x = rnd(r, -0.16f, 0.16f) * fill;
    o->shift_y = rnd(r, -0.16f, 0.16f) * fill;
    o->eye = v3_mad(s->centre, back, dist);
}

static void light_up(ay_rng *r, ay_scene *o)
{
    float az = rnd(r, 0, 2 * AY_PI), el = rnd(r, 0.45f, 1.45f), warm = rnd(r, -0.16f, 0.16f);
    float key = rnd(r, 1.2f, 3.6f), fill = rnd(r, 0.25f, 1.0f), tint = rnd(r, -0.08f, 0.08f);

    o->light = v3(cosq(az) * cosq(el), sinq(az) * cosq(el), sinq(el));
    o->key = v3_scale(v3(1 + warm, 1, 1 - warm), key);
    o->sky = v3_scale(v3(1 - tint, 1, 1 + tint), fill);
    o->soft = rnd_chance(r, 0.25f) ? rnd(r, 0.35f, 0.7f) : rnd(r, 0.05f, 0.3f);
    o->boxes = rnd_int(r, 1, 3);
    for (int i = 0; i < o->boxes; i++) {
        float a = rnd(r, 0, 2 * AY_PI), e = rnd(r, 0.2f, 1.5f), b = rnd(r, 0.8f, 4.5f);
        o->box_dir[i] = v3(cosq(a) * cosq(e), sinq(a) * cosq(e), sinq(e));
        o->box_size[i] = rnd(r, 0.12f, 0.45f);
        o->box_colour[i] = v3_scale(i == 0 ? v3(1 + warm, 1, 1 - warm) : v3(1, 1, 1), b);
    }
}

static void wear_out(ay_rng *r, float amount, ay_wear *w)
{
    float rust = rnd(r, 0.2f, 0.75f), dirt = rnd(r, 0.2f, 1), scratch = rnd(r, 0.2f, 1);
    float dust = rnd(r, 0.2f, 1);

    memset(w, 0, sizeof *w);
    w->seed = (uint32_t)ay_rng_u64(r);
    if (rnd_chance(r, 0.35f * amount))
        w->rust = rust;
    if (rnd_chance(r, 0.55f * amount))
        w->dirt = dirt;
    if (rnd_chance(r, 0.6f * amount))
        w->scratch = scratch;
    if (rnd_chance(r, 0.35f * amount))
        w->dust = dust;
}

void ay_scene_pick(ay_rng *r, const ay_solid *s, const ay_view *v, float aspect, ay_scene *o)
{
    memset(o, 0, sizeof *o);
    o->solid = s;
    aim(r, s, v, aspect, o);
    light_up(r, o);
    wear_out(r, v->wear, &o->wear);
    ay_ground_pick(r, &o->ground);
    o->ground_z = s->low;
    float plain = rnd(r, 0.55f, 1), hue = rnd(r, 0, 1);
    o->back = v3_scale(o->sky, rnd(r, 0.2f, 1));
    if (rnd_chance(r, v->product)) {
        o->cut_out = rnd_chance(r, 0.6f);
        o->ground.kind = AY_GROUND_STUDIO;
        o->ground.a = o->ground.b = v3_all(0.9f);
        o->ground.metal = 0;
        o->back = v3_all(4); /* burnt out, as in a catalogue */
        o->sky = v3_scale(o->sky, 1.2f);
        if (rnd_chance(r, 0.25f)) {
            o->back = rnd_chance(r, 0.5f) ? v3_all(plain * plain) : hsv(hue, 0.5f, plain);
            o->ground.a = o->ground.b = v3_scale(o->back, 0.8f);
        }
    }
    o->floor = v3_scale(v3_mul(o->ground.a, v3_mad(o->sky, o->key, 0.5f * o->light.z)), 0.6f);
    if (o->cut_out)
        o->floor = v3_scale(o->sky, 0.45f);
}
