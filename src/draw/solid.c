/* Solids: building them, placing what they are made of, and their bounds. */
#include "draw/solid.h"

#include <assert.h>

#define FAR 1e9f

void ay_solid_init(ay_solid *s)
{
    s->prims = s->materials = s->points = 0;
    s->frames = 1;
    s->size = 0;
    s->frame[0].rot = m3_identity();
    s->frame[0].pos = v3(0, 0, 0);
    s->next_group = true;
}

int ay_solid_material(ay_solid *s, ay_material m)
{
    assert(s->materials < AY_SOLID_MATERIALS);
    s->material[s->materials] = m;
    return s->materials++;
}

void ay_solid_frame(ay_solid *s, ay_m3 rot, ay_v3 pos)
{
    assert(s->frames < AY_SOLID_FRAMES);
    s->frame[s->frames].rot = rot;
    s->frame[s->frames++].pos = pos;
    s->next_group = true;
}

void ay_solid_group(ay_solid *s)
{
    s->next_group = true;
}

static ay_prim *add(ay_solid *s, ay_prim_kind kind, int mat, ay_v3 pos)
{
    assert(s->prims < AY_SOLID_PRIMS && mat >= 0 && mat < s->materials);
    ay_prim *p = &s->prim[s->prims++];

    memset(p, 0, sizeof *p);
    p->kind = kind;
    p->material = mat;
    p->frame = s->frames - 1;
    p->group = s->next_group;
    p->pos = pos;
    p->rot = m3_identity();
    s->next_group = false;
    return p;
}

ay_prim *ay_solid_box(ay_solid *s, int mat, ay_v3 pos, ay_v3 half, float round)
{
    ay_prim *p = add(s, AY_PRIM_BOX, mat, pos);

    p->a = half.x;
    p->b = half.y;
    p->c = half.z;
    p->r = minf(round, minf(minf(half.x, half.y), half.z));
    return p;
}

ay_prim *ay_solid_slab(ay_solid *s, int mat, ay_v3 pos, ay_v3 half, float corner, float round)
{
    ay_prim *p = ay_solid_box(s, mat, pos, half, round);

    p->kind = AY_PRIM_SLAB;
    p->d = clampf(corner, p->r, minf(half.x, half.y));
    return p;
}

ay_prim *ay_solid_cyl(ay_solid *s, int mat, ay_v3 pos, float radius, float half, float round)
{
    ay_prim *p = add(s, AY_PRIM_CYL, mat, pos);

    p->a = p->b = radius;
    p->c = half;
    p->r = minf(round, minf(radius, half));
    return p;
}

ay_prim *ay_solid_cone(ay_solid *s, int mat, ay_v3 pos, float low, float high, float half)
{
    ay_prim *p = add(s, AY_PRIM_CONE, mat, pos);

    p->a = low;
    p->b = high;
    p->c = half;
    p->d = 2 * half / len2(2 * half, low - high); /* cosine of the slope */
    return p;
}

ay_prim *ay_solid_ball(ay_solid *s, int mat, ay_v3 pos, ay_v3 half)
{
    ay_prim *p = add(s, AY_PRIM_BALL, mat, pos);

    p->a = half.x;
    p->b = half.y;
    p->c = half.z;
    return p;
}

ay_prim *ay_solid_torus(ay_solid *s, int mat, ay_v3 pos, float ring, float radius)
{
    ay_prim *p = add(s, AY_PRIM_TORUS, mat, pos);

    p->a = ring;
    p->b = radius;
    return p;
}

ay_prim *ay_solid_capsule(ay_solid *s, int mat, ay_v3 pos, float radius, float half)
{
    ay_prim *p = add(s, AY_PRIM_CAPSULE, mat, pos);

    p->a = p->b = radius;
    p->c = half;
    return p;
}

ay_prim *ay_solid_prism(ay_solid *s, int mat, ay_v3 pos, int sides, float inner, float half,
                        float round)
{
    ay_prim *p = add(s, AY_PRIM_PRISM, mat, pos);

    p->n = sides;
    p->a = p->b = inner;
    p->c = half;
    p->r = minf(round, half);
    return p;
}

ay_prim *ay_solid_gear(ay_solid *s, int mat, ay_v3 pos, int teeth, float radius, float depth,
                       float half)
{
    ay_prim *p = add(s, AY_PRIM_GEAR, mat, pos);

    p->n = teeth;
    p->a = radius;
    p->b = depth;
    p->c = half;
    p->d = 2.2f;
    return p;
}

ay_prim *ay_solid_thread(ay_solid *s, int mat, ay_v3 pos, float radius, float depth, float half,
                         float pitch)
{
    ay_prim *p = add(s, AY_PRIM_THREAD, mat, pos);

    p->a = radius;
    p->b = depth;
    p->c = half;
    p->d = pitch;
    return p;
}

ay_prim *ay_solid_helix(ay_solid *s, int mat, ay_v3 pos, float radius, float wire, float half,
                        float pitch)
{
    ay_prim *p = ay_solid_thread(s, mat, pos, radius, wire, half, pitch);

    p->kind = AY_PRIM_HELIX;
    return p;
}

ay_prim *ay_solid_arc(ay_solid *s, int mat, ay_v3 pos, float radius, float half_width, float half,
                      float opening)
{
    ay_prim *p = ay_solid_thread(s, mat, pos, radius, half_width, half, opening);

    p->kind = AY_PRIM_ARC;
    return p;
}

static void keep_points(ay_solid *s, ay_prim *p, int n)
{
    assert(n >= 2 && s->points + n <= AY_SOLID_POINTS);
    p->n = n;
    p->first = s->points;
    s->points += n;
}

ay_prim *ay_solid_outline(ay_solid *s, int mat, ay_v3 pos, const float *xy, int n, float half,
                          float round)
{
    ay_prim *p = add(s, AY_PRIM_OUTLINE, mat, pos);

    keep_points(s, p, n);
    for (int i = 0; i < n; i++)
        s->point[p->first + i] = v3(xy[2 * i], xy[2 * i + 1], 0);
    p->c = half;
    p->r = minf(round, half);
    return p;
}

ay_prim *ay_solid_turned(ay_solid *s, int mat, ay_v3 pos, const float *rz, int n, float round)
{
    ay_prim *p = ay_solid_outline(s, mat, pos, rz, n, 0, 0);

    p->kind = AY_PRIM_TURNED;
    p->r = round;
    return p;
}

ay_prim *ay_solid_tube(ay_solid *s, int mat, const ay_v3 *points, int n, float radius)
{
    ay_prim *p = add(s, AY_PRIM_TUBE, mat, v3(0, 0, 0));

    keep_points(s, p, n);
    for (int i = 0; i < n; i++)
        s->point[p->first + i] = points[i];
    p->a = radius;
    return p;
}

void ay_prim_lie(ay_prim *p, int axis)
{
    p->rot = axis == 0 ? m3_turn(1, AY_PI / 2) : m3_turn(0, -AY_PI / 2);
}

/* Half size of the box that holds the primitive, in its own coordinates. */
static ay_v3 half_size(const ay_solid *s, const ay_prim *p)
{
    float m = maxf(p->a, p->b);
    ay_v3 o = v3(0, 0, 0);

    switch (p->kind) {
    case AY_PRIM_BOX:
    case AY_PRIM_SLAB:
    case AY_PRIM_BALL:
        return v3(p->a, p->b, p->c);
    case AY_PRIM_CYL:
    case AY_PRIM_CONE:
        return v3(m, m, p->c);
    case AY_PRIM_TORUS:
        return v3(p->a + p->b, p->a + p->b, p->b);
    case AY_PRIM_CAPSULE:
        return v3(p->a, p->a, p->c + p->a);
    case AY_PRIM_PRISM:
        m = p->a / cosq(AY_PI / (float)p->n);
        return v3(m, m, p->c);
    case AY_PRIM_GEAR:
    case AY_PRIM_THREAD:
    case AY_PRIM_ARC:
        return v3(p->a + p->b, p->a + p->b, p->c);
    case AY_PRIM_HELIX:
        return v3(p->a + p->b, p->a + p->b, p->c + p->b);
    case AY_PRIM_OUTLINE:
    case AY_PRIM_TURNED:
    case AY_PRIM_TUBE:
        break;
    }
    for (int i = 0; i < p->n; i++) {
        ay_v3 q = s->point[p->first + i];
        if (p->kind == AY_PRIM_TURNED)
            q = v3(q.x, q.x, q.y);
        o = v3(maxf(o.x, absf(q.x)), maxf(o.y, absf(q.y)), maxf(o.z, absf(q.z)));
    }
    o = v3_add(o, v3_all(p->kind == AY_PRIM_TUBE ? p->a : p->r));
    if (p->kind == AY_PRIM_OUTLINE)
        o.z = p->c;
    return o;
}

static void place(ay_solid *s, ay_prim *p)
{
    ay_m3 inv_frame = m3_transpose(&s->frame[p->frame].rot), inv = m3_transpose(&p->rot);
    ay_v3 at = p->pos, h = half_size(s, p);

    p->half = h;
    p->folds = p->mirror_x || p->mirror_y || p->around > 1;
    p->half_angle = p->around > 1 ? AY_PI / (float)p->around : 0;
    p->frame_pos = s->frame[p->frame].pos;
    p->to_frame = inv_frame;
    p->to_prim = inv;
    if (p->nx > 1)
        h.x += 0.5f * (float)(p->nx - 1) * p->dx;
    if (p->ny > 1)
        h.y += 0.5f * (float)(p->ny - 1) * p->dy;
    p->bound = v3_len(h) + p->blend;
    if (p->around > 1) {
        p->bound += len2(at.x, at.y);
        at.x = at.y = 0;
    } else {
        if (p->mirror_x) {
            p->bound += absf(at.x);
            at.x = 0;
        }
        if (p->mirror_y) {
            p->bound += absf(at.y);
            at.y = 0;
        }
    }
    p->centre = v3_add(m3_apply(&s->frame[p->frame].rot, at), p->frame_pos);
    if (!p->folds) { /* one turn and one move instead of two */
        p->frame_pos = p->centre;
        p->to_prim = m3_mul(&inv, &inv_frame);
    }
}

/* Lowest z, by walking down from below: the field is safe, so the walk cannot pass the surface. */
static float lowest(const ay_solid *s)
{
    float low = FAR;

    for (int i = 0; i < 81; i++) {
        float x = s->centre.x + s->bound * ((float)(i % 9) / 4 - 1);
        float y = s->centre.y + s->bound * ((float)(i / 9) / 4 - 1);
        ay_v3 p = v3(x, y, s->centre.z - s->bound * 1.1f);
        for (int k = 0; k < 40 && p.z < s->centre.z + s->bound && p.z < low; k++) {
            float d = ay_solid_distance(s, p, NULL);
            if (d < 0.004f * s->bound) {
                low = p.z;
                break;
            }
            p.z += d;
        }
    }
    return low < FAR ? low : 0;
}

static ay_v3 abs_apply(const ay_m3 *m, ay_v3 h)
{
    float o[3];

    for (int i = 0; i < 3; i++)
        o[i] = absf(m->r[i].x) * h.x + absf(m->r[i].y) * h.y + absf(m->r[i].z) * h.z;
    return v3(o[0], o[1], o[2]);
}

/* Grow the solid's box by what the primitive can reach. */
static void grow_box(ay_solid *s, const ay_prim *p)
{
    const ay_m3 *f = &s->frame[p->frame].rot;
    ay_v3 h = p->half, c = p->pos, e;

    if (p->nx > 1)
        h.x += 0.5f * (float)(p->nx - 1) * p->dx;
    if (p->ny > 1)
        h.y += 0.5f * (float)(p->ny - 1) * p->dy;
    e = v3_add(abs_apply(&p->rot, h), v3_all(p->blend));
    if (p->mirror_x || p->around > 1) {
        e.x += absf(c.x);
        c.x = 0;
    }
    if (p->mirror_y || p->around > 1) {
        e.y += absf(c.y);
        c.y = 0;
    }
    if (p->around > 1)
        e.x = e.y = len2(e.x, e.y);
    c = v3_add(m3_apply(f, c), s->frame[p->frame].pos);
    e = abs_apply(f, e);
    s->low_corner = v3(minf(s->low_corner.x, c.x - e.x), minf(s->low_corner.y, c.y - e.y),
                       minf(s->low_corner.z, c.z - e.z));
    s->high_corner = v3(maxf(s->high_corner.x, c.x + e.x), maxf(s->high_corner.y, c.y + e.y),
                        maxf(s->high_corner.z, c.z + e.z));
}

/* In a cell of half diagonal r about c the whole is at most d + r away, and at least d - r.  A
 * primitive joined matters only if it can be nearer than that, one that cuts only if it can cut
 * that deep.  The distances of some kinds are not exact, hence the wider r. */
static bool matters(const ay_solid *s, int i, ay_v3 c, float d, float r)
{
    float far = v3_len(v3_sub(c, s->quick[i].centre)) - s->quick[i].bound;

    if (s->quick[i].op == AY_JOIN)
        return far - r <= d + r;
    return s->quick[i].op == AY_KEEP || r - far >= d - r;
}

static void fill_grid(ay_solid *s)
{
    ay_v3 step = v3_scale(v3_sub(s->high_corner, s->low_corner), 1.0f / AY_SOLID_GRID);
    float r = 0.6f * v3_len(step);
    int used = 0;

    s->gridded = false;
    if (s->prims < 8)
        return;
    for (int k = 0; k < AY_SOLID_CELLS; k++) {
        float x = (float)(k % 8) + 0.5f, y = (float)(k / 8 % 8) + 0.5f, z = (float)(k / 64) + 0.5f;
        ay_v3 c = v3_add(s->low_corner, v3(x * step.x, y * step.y, z * step.z));
        float d = ay_solid_distance(s, c, NULL);
        s->cell_first[k] = (uint16_t)used;
        for (int i = 0; i < s->prims; i++)
            if (matters(s, i, c, d, r)) {
                if (used == AY_SOLID_LISTED)
                    return;
                s->cell_list[used++] = (uint8_t)i;
            }
        s->cell_count[k] = (uint16_t)(used - s->cell_first[k]);
    }
    s->gridded = true;
}

void ay_solid_finish(ay_solid *s)
{
    ay_v3 lo = v3_all(FAR), hi = v3_all(-FAR);
    int group = -1;

    s->gridded = false;
    s->low_corner = lo;
    s->high_corner = hi;

    for (int i = 0; i < s->prims; i++) {
        ay_prim *p = &s->prim[i];
        place(s, p);
        group += p->group;
        s->every[i] = (uint8_t)i;
        s->quick[i].centre = p->centre;
        s->quick[i].bound = p->bound;
        s->quick[i].op = (uint8_t)p->op;
        s->quick[i].group = (uint8_t)group;
        if (p->op != AY_JOIN)
            continue;
        grow_box(s, p);
        ay_v3 c = p->centre;
        float b = p->bound;
        lo = v3(minf(lo.x, c.x - b), minf(lo.y, c.y - b), minf(lo.z, c.z - b));
        hi = v3(maxf(hi.x, c.x + b), maxf(hi.y, c.y + b), maxf(hi.z, c.z + b));
    }
    s->centre = v3_scale(v3_add(lo, hi), 0.5f);
    s->bound = 0;
    for (int i = 0; i < s->prims; i++)
        if (s->prim[i].op == AY_JOIN)
            s->bound =
                maxf(s->bound, v3_len(v3_sub(s->prim[i].centre, s->centre)) + s->prim[i].bound);
    fill_grid(s);
    if (s->size > 0)
        return;
    s->focus = s->centre;
    s->size = s->bound;
    s->low = lowest(s);
}
