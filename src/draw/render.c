/* Rendering: sphere tracing (Hart 1996), lamp with soft shadow and occlusion from the same field
 * (after Quilez), and a sky with soft boxes that polished metal mirrors, which is most of what
 * makes metal look like metal.
 *
 * A first pass takes one ray a pixel; pixels that differ from a neighbour get four more.  The
 * lamp's shadow is skipped where the way to the lamp misses the thing's bounding sphere, which is
 * most of the ground. */
#include "draw/render.h"

#include "base/mem.h"
#include "draw/noise.h"

enum { MARCH_STEPS = 72, SHADOW_STEPS = 28 };

ay_status ay_canvas_init(ay_canvas *c, int width, int height, ay_err *err)
{
    c->width = width;
    c->height = height;
    c->px = ay_calloc((size_t)width * (size_t)height, sizeof *c->px);
    return c->px ? AY_OK : ay_fail(err, AY_ENOMEM, "canvas of %d x %d", width, height);
}

void ay_canvas_fini(ay_canvas *c)
{
    ay_free(c->px);
    memset(c, 0, sizeof *c);
}

static void clip(float from, float dir, float lo, float hi, float *t0, float *t1)
{
    float inv = 1 / (absf(dir) < 1e-9f ? 1e-9f : dir), a = (lo - from) * inv, b = (hi - from) * inv;

    *t0 = maxf(*t0, minf(a, b));
    *t1 = minf(*t1, maxf(a, b));
}

/* The stretch of the ray inside the thing's box; false when it misses. */
static bool box_span(const ay_solid *s, ay_v3 from, ay_v3 dir, float *t0, float *t1)
{
    const ay_v3 *lo = &s->low_corner, *hi = &s->high_corner;

    *t0 = 0;
    *t1 = 1e9f;
    clip(from.x, dir.x, lo->x, hi->x, t0, t1);
    clip(from.y, dir.y, lo->y, hi->y, t0, t1);
    clip(from.z, dir.z, lo->z, hi->z, t0, t1);
    return *t0 < *t1;
}

/* Distance along the ray to the thing, or a negative number. */
static float march(const ay_scene *sc, ay_v3 from, ay_v3 dir, float stop, int *which)
{
    float t, end, eps = 0.0012f * sc->solid->size;

    if (!box_span(sc->solid, from, dir, &t, &end))
        return -1;
    end = minf(end, stop);
    for (int i = 0; i < MARCH_STEPS && t < end; i++) {
        float d = ay_solid_distance(sc->solid, v3_mad(from, dir, t), which);
        if (d < eps)
            return t;
        t += d;
    }
    return -1;
}

/* Shadows of leaves, blinds and people that the picture does not show. */
static float dappled(const ay_scene *sc, ay_v3 p)
{
    float k = 1.6f / sc->solid->size, n;

    if (sc->dapple <= 0)
        return 1;
    n = ay_fbm2(v3_dot(p, sc->dapple_x) * k, v3_dot(p, sc->dapple_y) * k, 2, sc->dapple_seed);
    return 1 - sc->dapple * smooth(-0.02f, 0.12f, n);
}

/* 1 in full light, 0 in full shadow. */
static float lamp_seen(const ay_scene *sc, ay_v3 p)
{
    float t, end, seen = 1, unit = sc->solid->size;

    if (!box_span(sc->solid, p, sc->light, &t, &end))
        return dappled(sc, p);
    t = maxf(t, 0.02f * unit);
    for (int i = 0; i < SHADOW_STEPS && t < end; i++) {
        float d = ay_solid_distance(sc->solid, v3_mad(p, sc->light, t), NULL);
        seen = minf(seen, 0.5f + 0.5f * d / (sc->soft * t));
        if (seen < 0.01f)
            return 0;
        t += clampf(d, 0.02f * unit, 0.25f * unit);
    }
    seen = clampf(seen, 0, 1);
    return seen * seen * (3 - 2 * seen) * dappled(sc, p);
}

static float open_sky(const ay_scene *sc, ay_v3 p, ay_v3 n)
{
    float shut = 0, k = 1;

    for (int i = 1; i <= 3; i++) {
        float h = 0.07f * (float)i * sc->solid->size;
        ay_v3 q = v3_mad(p, n, h);
        float d = ay_solid_distance(sc->solid, q, NULL);
        if (!sc->cut_out)
            d = minf(d, q.z - sc->ground_z);
        shut += k * (h - d) / h;
        k *= 0.6f;
    }
    return clampf(1 - 0.5f * shut, 0.05f, 1);
}

static ay_v3 normal_at(const ay_solid *s, ay_v3 p)
{
    static const float e[4][3] = {{1, -1, -1}, {-1, -1, 1}, {-1, 1, -1}, {1, 1, 1}};
    float h = 0.0025f * s->size;
    ay_v3 n = v3(0, 0, 0);

    for (int i = 0; i < 4; i++) {
        ay_v3 d = v3(e[i][0], e[i][1], e[i][2]);
        n = v3_mad(n, d, ay_solid_distance(s, v3_mad(p, d, h), NULL));
    }
    return v3_unit(n);
}

/* Light from a direction, blurred by roughness. */
static ay_v3 surroundings(const ay_scene *sc, ay_v3 d, float rough)
{
    float width = 0.08f + 0.5f * rough, up = smooth(-width, width, d.z);
    ay_v3 o = v3_mix(sc->floor, v3_scale(sc->sky, 0.55f + 0.45f * d.z), up);

    for (int i = 0; i < sc->boxes; i++) {
        float c = v3_dot(d, sc->box_dir[i]), edge = 1 - sc->box_size[i], w = 0.03f + 0.6f * rough;
        float k = smooth(edge - w, edge + w * 0.5f, c) / (1 + 3 * rough);
        o = v3_mad(o, sc->box_colour[i], k);
    }
    return o;
}

static ay_v3 shade(const ay_scene *sc, const ay_texel *t, ay_v3 p, ay_v3 n, ay_v3 view, float lit,
                   float open)
{
    float nl = maxf(v3_dot(n, sc->light), 0), nv = clampf(-v3_dot(n, view), 0, 1), fr, hl;
    ay_v3 refl = v3_mad(view, n, 2 * nv), half = v3_unit(v3_sub(sc->light, view));
    ay_v3 diffuse, mirror, f0 = v3_mix(v3_all(0.04f), t->colour, t->metal), o;
    float rough = maxf(t->rough, 0.06f), a2 = rough * rough * rough * rough, nh;

    (void)p;
    diffuse = v3_scale(v3_mix(sc->floor, sc->sky, 0.5f + 0.5f * n.z), open);
    diffuse = v3_mad(diffuse, sc->key, nl * lit);
    diffuse = v3_scale(v3_mul(diffuse, t->colour), 1 - t->metal);
    fr = 1 - nv;
    fr = fr * fr * fr * fr * fr * (1 - 0.8f * rough);
    f0 = v3_mix(f0, v3_all(1), fr);
    nh = maxf(v3_dot(n, half), 0);
    hl = nh * nh * (a2 - 1) + 1;
    hl = minf(a2 / (4 * hl * hl), 12) * nl * lit; /* GGX lobe, without the masking term */
    mirror = v3_scale(surroundings(sc, refl, rough), 0.3f + 0.7f * open);
    mirror = v3_mad(mirror, sc->key, hl);
    o = v3_add(diffuse, v3_mul(mirror, f0));
    return v3_add(o, t->glow);
}

static ay_v3 shade_thing(const ay_scene *sc, ay_v3 p, ay_v3 dir, int which)
{
    const ay_solid *s = sc->solid;
    const ay_prim *pr = &s->prim[which];
    uint32_t cell;
    ay_v3 q = ay_solid_local(s, which, p, &cell), n = normal_at(s, p);
    ay_m3 to = pr->folds ? m3_mul(&pr->to_prim, &pr->to_frame) : pr->to_prim;
    ay_texel t = ay_surface(&s->material[pr->material], q, pr->half, cell, m3_apply(&to, n).z);
    ay_v3 place = v3_scale(v3_sub(p, s->focus), 1 / s->size);
    float lit;

    ay_surface_wear(&t, &sc->wear, place);
    if (absf(t.bump) > 0.01f) /* grain too fine to have a slope: tilt by its height */
        n = v3_unit(v3_mad(n, v3(sc->cam.r[0].x, sc->cam.r[0].y, sc->cam.r[1].z), 0.16f * t.bump));
    lit = v3_dot(n, sc->light) > 0 ? lamp_seen(sc, v3_mad(p, n, 0.006f * s->size)) : 0;
    return shade(sc, &t, p, n, dir, lit, open_sky(sc, p, n));
}

static ay_v3 shade_ground(const ay_scene *sc, ay_v3 p, ay_v3 dir, float far)
{
    const ay_solid *s = sc->solid;
    float k = 1 / s->size, x = p.x * k, y = p.y * k, e = 0.006f, open = 1, lit, fog, d;
    ay_texel t = ay_ground_at(&sc->ground, x, y);
    ay_v3 n = v3(0, 0, 1), to = v3_sub(p, s->centre);

    if (t.bump != 0) {
        float hx = ay_ground_at(&sc->ground, x + e, y).bump;
        float hy = ay_ground_at(&sc->ground, x, y + e).bump;
        n = v3_unit(v3((t.bump - hx) / e, (t.bump - hy) / e, 1));
    }
    if (v3_len(to) < 1.6f * s->bound) {
        d = ay_solid_distance(s, p, NULL) * k;
        open = 0.35f + 0.65f * smooth(-0.02f, 0.45f, d);
    }
    lit = lamp_seen(sc, p);
    fog = smooth(7, 22, far * k);
    return v3_mix(shade(sc, &t, p, n, dir, lit, open), sc->back, fog);
}

/* Light along one ray through the picture plane at (x, y); id tells what was hit. */
static ay_v3 trace(const ay_scene *sc, float x, float y, int *id)
{
    ay_v3 d = v3_scale(sc->cam.r[2], -sc->focal);
    float ground = 1e8f, t;
    int which = 0;

    d = v3_unit(v3_mad(v3_mad(d, sc->cam.r[0], x + sc->shift_x), sc->cam.r[1], y + sc->shift_y));
    if (!sc->cut_out && d.z < -1e-4f)
        ground = (sc->ground_z - sc->eye.z) / d.z;
    t = march(sc, sc->eye, d, ground, &which);
    if (t >= 0) {
        *id = which + 1;
        return shade_thing(sc, v3_mad(sc->eye, d, t), d, which);
    }
    *id = 0;
    if (ground < 1e7f)
        return shade_ground(sc, v3_mad(sc->eye, d, ground), d, ground);
    return sc->back;
}

static float bright(ay_v3 c)
{
    return c.x / (1 + c.x) + c.y / (1 + c.y) + c.z / (1 + c.z);
}

static bool differs(const ay_canvas *c, const uint8_t *id, int x, int y)
{
    int i = y * c->width + x;
    int near[4] = {x > 0 ? i - 1 : i, x + 1 < c->width ? i + 1 : i, y > 0 ? i - c->width : i,
                   y + 1 < c->height ? i + c->width : i};
    float b = bright(c->px[i]);

    for (int k = 0; k < 4; k++)
        if (id[near[k]] != id[i] || (id[i] && absf(bright(c->px[near[k]]) - b) > 0.22f))
            return true;
    return false;
}

ay_status ay_scene_render(const ay_scene *sc, ay_canvas *c, ay_err *err)
{
    static const float at[4][2] = {
        {-.125f, -.375f}, {.375f, -.125f}, {-.375f, .125f}, {.125f, .375f}};
    size_t n = (size_t)c->width * (size_t)c->height;
    uint8_t *id = ay_calloc(n, 1);
    ay_v3 *first = ay_alloc(n, sizeof *first);
    float k = 2.0f / (float)c->height;
    int hit;

    if (!id || !first) {
        ay_free(id);
        ay_free(first);
        return ay_fail(err, AY_ENOMEM, "drawing %d x %d", c->width, c->height);
    }
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            float u = ((float)x + 0.5f - 0.5f * (float)c->width) * k;
            float v = (0.5f * (float)c->height - (float)y - 0.5f) * k;
            first[y * c->width + x] = trace(sc, u, v, &hit);
            id[y * c->width + x] = (uint8_t)hit;
        }
    ay_canvas was = {c->width, c->height, first};
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            ay_v3 sum = first[y * c->width + x];
            if (differs(&was, id, x, y)) {
                sum = v3(0, 0, 0);
                for (int i = 0; i < 4; i++) {
                    float u = ((float)x + 0.5f + at[i][0] - 0.5f * (float)c->width) * k;
                    float v = (0.5f * (float)c->height - (float)y - 0.5f - at[i][1]) * k;
                    ay_v3 one = trace(sc, u, v, &hit);
                    sum = v3_mad(sum, v3(minf(one.x, 3), minf(one.y, 3), minf(one.z, 3)), 0.25f);
                }
            }
            c->px[y * c->width + x] = sum;
        }
    ay_free(id);
    ay_free(first);
    return AY_OK;
}
