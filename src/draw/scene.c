/* Scenes: where the camera stands, what lights the thing, what it lies on, how worn it is. */
#include "draw/render.h"

void ay_view_default(ay_view *v)
{
    *v = (ay_view){.low = 0.5f,
                   .high = 1.5f,
                   .yaw = AY_PI,
                   .near = 0.8f,
                   .far = 1.4f,
                   .product = 0.12f,
                   .roll = 0.12f,
                   .wear = 0.6f};
}

static void aim(ay_rng *r, const ay_solid *s, const ay_view *v, float aspect, ay_scene *o)
{
    float up = rnd(r, v->low, v->high), yaw = rnd(r, -v->yaw, v->yaw),
          roll = rnd(r, -v->roll, v->roll);
    float fov = rnd(r, 0.35f, 0.85f), fill = rnd(r, v->near, v->far);
    float half = fov / 2, dist = s->size / sinq(half) * fill * 0.86f;
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
    o->eye = v3_mad(s->focus, back, dist);
}

static void light_up(ay_rng *r, ay_scene *o)
{
    float az = rnd(r, 0, 2 * AY_PI), el = rnd(r, 0.45f, 1.45f), warm = rnd(r, -0.16f, 0.16f);
    float key = rnd(r, 1.2f, 3.6f), fill = rnd(r, 0.25f, 1.0f), tint = rnd(r, -0.08f, 0.08f);

    o->light = v3(cosq(az) * cosq(el), sinq(az) * cosq(el), sinq(el));
    o->key = v3_scale(v3(1 + warm, 1, 1 - warm), key);
    o->sky = v3_scale(v3(1 - tint, 1, 1 + tint), fill);
    o->soft = rnd_chance(r, 0.25f) ? rnd(r, 0.35f, 0.7f) : rnd(r, 0.05f, 0.3f);
    o->dapple = rnd_chance(r, 0.14f) ? rnd(r, 0.4f, 0.85f) : 0;
    o->dapple_x = v3_unit(v3_cross(o->light, v3(0.3f, 0.9f, 0.2f)));
    o->dapple_y = v3_cross(o->light, o->dapple_x);
    o->dapple_seed = (uint32_t)ay_rng_u64(r);
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

static bool listed(const ay_ground_kind *list, size_t n, ay_ground_kind kind)
{
    while (n > 0)
        if (list[--n] == kind)
            return true;
    return false;
}

/* Grounds of a workplace, in sober colours. */
static void calm_ground(ay_rng *r, ay_ground *g)
{
    static const ay_ground_kind kinds[] = {
        AY_GROUND_STUDIO,   AY_GROUND_WOOD,     AY_GROUND_CLOTH,    AY_GROUND_METAL,
        AY_GROUND_CONCRETE, AY_GROUND_CONVEYOR, AY_GROUND_CARDBOARD};

    do
        ay_ground_pick(r, g);
    while (!listed(kinds, sizeof kinds / sizeof *kinds, g->kind));
    float grey = (g->a.x + g->a.y + g->a.z) / 3;
    if (g->kind == AY_GROUND_STUDIO || g->kind == AY_GROUND_CLOTH) {
        g->a = v3_mix(v3_all(grey), g->a, 0.3f);
        g->b = v3_mix(v3_all(grey * 0.8f), g->b, 0.3f);
    }
}

void ay_scene_pick(ay_rng *r, const ay_solid *s, const ay_view *v, float aspect, ay_scene *o)
{
    memset(o, 0, sizeof *o);
    o->solid = s;
    aim(r, s, v, aspect, o);
    light_up(r, o);
    wear_out(r, v->wear, &o->wear);
    if (v->calm)
        calm_ground(r, &o->ground);
    else
        ay_ground_pick(r, &o->ground);
    o->ground_z = s->low;
    float plain = rnd(r, 0.55f, 1), hue = rnd(r, 0, 1);
    o->back = v3_scale(o->sky, rnd(r, 0.2f, 1));
    if (v->product >= 1) {
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

enum { ACROSS = 12 };

/* One thing beside the subject at angle a, or across it. */
static void one_thing(ay_rng *r, ay_solid *s, float a, bool across)
{
    int m = ay_solid_material(s, rnd_chance(r, 0.5f) ? ay_mat_any_metal(r) : ay_mat_any_plastic(r));
    float b = s->size, size = b * rnd(r, 0.06f, 0.22f), far = b * rnd(r, 0.9f, 1.4f),
          turn = rnd(r, 0, 6);
    ay_v3 at = v3(s->focus.x + far * cosq(a), s->focus.y + far * sinq(a), s->low);
    int kind = across ? 9 : rnd_int(r, 0, 4);

    if (kind == 9) { /* a cable or a rod over the thing */
        float off = b * rnd(r, -0.5f, 0.5f), z = 2 * s->focus.z - s->low + 0.05f * b,
              sag = b * rnd(r, -0.2f, 0.2f);
        ay_v3 d = v3(cosq(a), sinq(a), 0), n = v3(-d.y, d.x, 0), mid = v3_mad(s->focus, n, off),
              p[ACROSS];
        for (int i = 0; i < ACROSS; i++) {
            float t = 2 * (float)i / (ACROSS - 1) - 1;
            p[i] = v3_mad(v3_mad(mid, d, 1.6f * b * t), n, sag * sinq(4 * t));
            p[i].z = lerpf(z, s->low + 0.05f * b, t * t);
        }
        ay_solid_tube(s, m, p, ACROSS, 0.045f * b);
        return;
    }
    at.z += kind < 2 ? size * 0.3f : size * 0.8f;
    ay_solid_frame(s, m3_turn(2, turn), at);
    if (kind == 0) {
        ay_solid_cyl(s, m, v3(0, 0, 0), size, size * 0.3f, size * 0.05f);
        ay_solid_cyl(s, m, v3(0, 0, 0), size * 0.5f, size, 0)->op = AY_CUT;
    } else if (kind == 1) {
        ay_solid_box(s, m, v3(0, 0, 0), v3(size, size * 0.7f, size * 0.3f), size * 0.05f);
    } else if (kind == 2) {
        ay_prim_lie(
            ay_solid_cyl(s, m, v3(0, 0, -size * 0.5f), size * 0.3f, size * 1.5f, size * 0.05f), 0);
    } else if (kind == 3) {
        ay_solid_ball(s, m, v3(0, 0, 0), v3(size, size * 0.9f, size * 0.8f));
    } else {
        ay_solid_prism(s, m, v3(0, 0, -size * 0.3f), 6, size, size * 0.5f, size * 0.05f);
    }
}

void ay_clutter_add(ay_rng *r, ay_solid *s)
{
    int n = rnd_int(r, 1, 3);
    bool across = rnd_chance(r, 0.3f);

    for (int i = 0; i < n && s->prims < AY_SOLID_PRIMS - 2 && s->frames < AY_SOLID_FRAMES &&
                    s->materials < AY_SOLID_MATERIALS && s->points < AY_SOLID_POINTS - ACROSS;
         i++) {
        float a = rnd(r, 0, 2 * AY_PI);
        ay_solid_frame(s, m3_identity(), v3(0, 0, 0));
        if (s->frames < AY_SOLID_FRAMES)
            one_thing(r, s, a, across && i == 0);
    }
    ay_solid_finish(s);
}
