/* Distances: of each kind of primitive, and of the whole.
 *
 * They are the exact or bounded ones of Quilez's "distance functions" articles, written anew.  A
 * primitive whose bounding sphere is further than what is already known is passed over: that, and
 * not the arithmetic, is what makes a board with forty parts cheap. */
#include "draw/solid.h"

#define FAR 1e9f

/* Inlined into the walk: it is half of what a distance costs. */
static inline ay_v3 to_local(const ay_prim *p, ay_v3 w, uint32_t *cell)
{
    ay_v3 q = v3_sub(w, p->frame_pos);
    uint32_t id = 0;

    if (p->folds) {
        q = m3_apply(&p->to_frame, q);
        if (p->around > 1) {
            float step = 2 * p->half_angle, k = roundi(atan2q(q.y, q.x) / step);
            float c = cosq(k * step), sn = sinq(k * step);
            q = v3(q.x * c + q.y * sn, q.y * c - q.x * sn, q.z);
            id = (uint32_t)(int)(k + 1000);
        }
        if (p->mirror_x) {
            id = id * 2 + (q.x < 0);
            q.x = absf(q.x);
        }
        if (p->mirror_y) {
            id = id * 2 + (q.y < 0);
            q.y = absf(q.y);
        }
        q = v3_sub(q, p->pos);
    }
    q = m3_apply(&p->to_prim, q);
    if (p->nx > 1) {
        float k = 0.5f * (float)(p->nx - 1), i = clampf(roundi(q.x / p->dx + k), 0, 2 * k);
        q.x -= (i - k) * p->dx;
        id = id * 64 + (uint32_t)(int)i;
    }
    if (p->ny > 1) {
        float k = 0.5f * (float)(p->ny - 1), i = clampf(roundi(q.y / p->dy + k), 0, 2 * k);
        q.y -= (i - k) * p->dy;
        id = id * 64 + (uint32_t)(int)i;
    }
    if (cell)
        *cell = id;
    return q;
}

ay_v3 ay_solid_local(const ay_solid *s, int prim, ay_v3 w, uint32_t *cell)
{
    return to_local(&s->prim[prim], w, cell);
}

/* A shape in the plane at signed distance d, pushed out to half height c and rounded by r. */
static inline float extrude(float d, float z, float c, float r)
{
    float y = absf(z) - c + r, ox, oy;

    d += r;
    ox = maxf(d, 0);
    oy = maxf(y, 0);
    return minf(maxf(d, y), 0) + (ox > 0 && oy > 0 ? len2(ox, oy) : ox + oy) - r;
}

static float box_distance(const ay_prim *p, ay_v3 q)
{
    float x = absf(q.x) - p->a + p->r, y = absf(q.y) - p->b + p->r, z = absf(q.z) - p->c + p->r;
    float ox = maxf(x, 0), oy = maxf(y, 0), oz = maxf(z, 0);

    return sqrtf(ox * ox + oy * oy + oz * oz) + minf(maxf(x, maxf(y, z)), 0) - p->r;
}

static float slab_distance(const ay_prim *p, ay_v3 q)
{
    float x = absf(q.x) - p->a + p->d, y = absf(q.y) - p->b + p->d;
    float d = len2(maxf(x, 0), maxf(y, 0)) + minf(maxf(x, y), 0) - p->d;

    return extrude(d, q.z, p->c, p->r);
}

static float polygon_distance(const ay_v3 *v, int n, float x, float y)
{
    float best = FAR;
    bool in = false;

    for (int i = 0, j = n - 1; i < n; j = i++) {
        float ex = v[j].x - v[i].x, ey = v[j].y - v[i].y, wx = x - v[i].x, wy = y - v[i].y;
        float t = clampf((wx * ex + wy * ey) / maxf(ex * ex + ey * ey, 1e-12f), 0, 1);
        float bx = wx - ex * t, by = wy - ey * t;
        best = minf(best, bx * bx + by * by);
        bool a = y >= v[i].y, b = y<v[j].y, c = ex * wy> ey * wx;
        if (a == b && a == c)
            in = !in;
    }
    return in ? -sqrtf(best) : sqrtf(best);
}

static float tube_distance(const ay_v3 *v, int n, ay_v3 q)
{
    float best = FAR;

    for (int i = 0; i + 1 < n; i++) {
        ay_v3 e = v3_sub(v[i + 1], v[i]), w = v3_sub(q, v[i]);
        float t = clampf(v3_dot(w, e) / maxf(v3_dot(e, e), 1e-12f), 0, 1);
        ay_v3 b = v3_mad(w, e, -t);
        best = minf(best, v3_dot(b, b));
    }
    return sqrtf(best);
}

/* Folded into one of n sectors: x away from the axis, y across. */
static float prism_distance(const ay_prim *p, ay_v3 q)
{
    float step = 2 * AY_PI / (float)p->n, a = atan2q(q.y, q.x), len = len2(q.x, q.y);

    a -= step * roundi(a / step);
    return extrude(len * cosq(a) - p->a, q.z, p->c, p->r);
}

static float gear_distance(const ay_prim *p, ay_v3 q)
{
    float a = atan2q(q.y, q.x) * (float)p->n / (2 * AY_PI), len = len2(q.x, q.y);
    float wave = 4 * absf(a - roundi(a)) - 1; /* -1 on a tooth's middle, 1 between */
    float d = (len - p->a + p->b * clampf(wave * p->d, -1, 1)) * 0.7f;

    return extrude(d, q.z, p->c, p->r);
}

static float thread_distance(const ay_prim *p, ay_v3 q)
{
    float turn = q.z / p->d - atan2q(q.y, q.x) * (0.5f / AY_PI);
    float wave = absf(turn - roundi(turn)) * 2; /* 0 on the crest */

    return maxf((len2(q.x, q.y) - p->a + p->b * (2 * wave - 1)) * 0.75f, absf(q.z) - p->c);
}

static float helix_distance(const ay_prim *p, ay_v3 q)
{
    float z0 = p->d * atan2q(q.y, q.x) * (0.5f / AY_PI), turns = (p->c / p->d);
    float k = clampf(roundi((q.z - z0) / p->d), -turns, turns);
    float dz = (q.z - z0 - k * p->d) * 0.95f, dr = len2(q.x, q.y) - p->a;

    return (len2(dr, dz) - p->b) * 0.85f;
}

static float arc_distance(const ay_prim *p, ay_v3 q)
{
    float x = absf(q.y), y = q.x, s = sinq(p->d), c = cosq(p->d), d; /* opening looks along -x */

    /* inside the sector: the band; outside: the round end */
    if (c * x > s * y)
        d = len2(x - s * p->a, y - c * p->a) - p->b;
    else
        d = absf(len2(x, y) - p->a) - p->b;
    return extrude(d, q.z, p->c, p->r);
}

static float ball_distance(const ay_prim *p, ay_v3 q)
{
    ay_v3 u = v3(q.x / p->a, q.y / p->b, q.z / p->c);
    ay_v3 w = v3(u.x / p->a, u.y / p->b, u.z / p->c);
    float k = v3_len(u);

    return k * (k - 1) / maxf(v3_len(w), 1e-6f);
}

static float prim_distance(const ay_solid *s, const ay_prim *p, ay_v3 q)
{
    float m;

    switch (p->kind) {
    case AY_PRIM_BOX:
        return box_distance(p, q);
    case AY_PRIM_SLAB:
        return slab_distance(p, q);
    case AY_PRIM_CYL:
        return extrude(len2(q.x, q.y) - p->a, q.z, p->c, p->r);
    case AY_PRIM_CONE:
        m = lerpf(p->a, p->b, clampf(0.5f + 0.5f * q.z / p->c, 0, 1));
        return extrude((len2(q.x, q.y) - m) * p->d, q.z, p->c, p->r);
    case AY_PRIM_BALL:
        return ball_distance(p, q);
    case AY_PRIM_TORUS:
        return len2(len2(q.x, q.y) - p->a, q.z) - p->b;
    case AY_PRIM_CAPSULE:
        return v3_len(v3(q.x, q.y, q.z - clampf(q.z, -p->c, p->c))) - p->a;
    case AY_PRIM_PRISM:
        return prism_distance(p, q);
    case AY_PRIM_GEAR:
        return gear_distance(p, q);
    case AY_PRIM_THREAD:
        return thread_distance(p, q);
    case AY_PRIM_HELIX:
        return helix_distance(p, q);
    case AY_PRIM_OUTLINE:
        return extrude(polygon_distance(s->point + p->first, p->n, q.x, q.y), q.z, p->c, p->r);
    case AY_PRIM_TURNED:
        return polygon_distance(s->point + p->first, p->n, len2(q.x, q.y), q.z) - p->r;
    case AY_PRIM_ARC:
        return arc_distance(p, q);
    case AY_PRIM_TUBE:
        return tube_distance(s->point + p->first, p->n, q) - p->a;
    }
    return FAR;
}

static float blend_min(float a, float b, float k)
{
    float h = maxf(k - absf(a - b), 0) / k;

    return minf(a, b) - h * h * k * 0.25f;
}

/* The primitives that can matter at w, and how many. */
static const uint8_t *near_by(const ay_solid *s, ay_v3 w, int *n)
{
    ay_v3 a = v3_sub(w, s->low_corner), size = v3_sub(s->high_corner, s->low_corner);
    int x, y, z, k;

    *n = s->prims;
    if (!s->gridded || a.x <= 0 || a.y <= 0 || a.z <= 0 || a.x >= size.x || a.y >= size.y ||
        a.z >= size.z)
        return s->every;
    x = (int)(a.x / size.x * AY_SOLID_GRID);
    y = (int)(a.y / size.y * AY_SOLID_GRID);
    z = (int)(a.z / size.z * AY_SOLID_GRID);
    k = (x & 7) + 8 * (y & 7) + 64 * (z & 7);
    *n = s->cell_count[k];
    return s->cell_list + s->cell_first[k];
}

float ay_solid_distance(const ay_solid *s, ay_v3 w, int *which)
{
    float best = FAR, cur = FAR;
    int who = 0, cur_who = 0, group = 0, n;
    const uint8_t *list = near_by(s, w, &n);

    for (int k = 0; k < n; k++) {
        int i = list[k];
        if (s->quick[i].group != group) {
            group = s->quick[i].group;
            if (cur < best) {
                best = cur;
                who = cur_who;
            }
            cur = FAR;
        }
        ay_v3 to = v3_sub(w, s->quick[i].centre);
        ay_prim_op op = (ay_prim_op)s->quick[i].op;
        float far = v3_dot(to, to), reach = s->quick[i].bound, d; /* far: squared */
        reach += op == AY_CUT ? maxf(-cur, 0) : minf(cur, best);
        if (op != AY_KEEP && (reach < 0 || far > reach * reach))
            continue;
        const ay_prim *p = &s->prim[i];
        d = prim_distance(s, p, to_local(p, w, NULL));
        if (op == AY_CUT)
            d = -d;
        if (op == AY_JOIN ? d < cur : d > cur)
            cur_who = i;
        if (p->blend > 0)
            cur = op == AY_JOIN ? blend_min(cur, d, p->blend) : -blend_min(-cur, -d, p->blend);
        else
            cur = op == AY_JOIN ? minf(cur, d) : maxf(cur, d);
    }
    if (cur < best) {
        best = cur;
        who = cur_who;
    }
    if (which)
        *which = who;
    return best;
}
