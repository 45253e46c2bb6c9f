/* Fractals: escape-time sets as fields, iterated function systems as points.
 *
 * An iterated function system's class is its maps' fixed seed (as in formula-driven pre-training,
 * Kataoka 2020); a picture varies the maps a little, the colours and the place. */
#include "base/mem.h"
#include "draw/family.h"
#include "draw/noise.h"

static ay_v3 palette(const ay_tex *t, float k)
{
    float a = 0.5f + 0.5f * sinq(k * 1.3f + t->k[8] * 6),
          b = 0.5f + 0.5f * sinq(k * 2.1f + t->k[9] * 6);

    return v3_mix(v3_mix(t->a, t->b, a), t->c, b * 0.6f);
}

/* Steps until z = f(z) + c leaves; kind 0: square, 1: burning ship, 2: cube, 3: conjugate. */
static float escape(float zx, float zy, float cx, float cy, int kind, int most)
{
    for (int i = 0; i < most; i++) {
        float x2 = zx * zx, y2 = zy * zy;
        if (x2 + y2 > 64)
            return (float)i + 1 - log2q(0.5f * log2q(x2 + y2));
        if (kind == 2) {
            float nx = zx * (x2 - 3 * y2) + cx;
            zy = zy * (3 * x2 - y2) + cy;
            zx = nx;
            continue;
        }
        float xy = 2 * zx * zy;
        zx = x2 - y2 + cx;
        zy = (kind == 1 ? absf(xy) : kind == 3 ? -xy : xy) + cy;
    }
    return -1;
}

static void escape_field(const ay_tex *t, float x, float y, ay_texel *o, int kind, bool julia)
{
    static const float spot[6][2] = {{-0.7463f, 0.1102f}, {-0.16f, 1.0405f}, {-1.25066f, 0.02012f},
                                     {0.2549f, 0.0005f},  {-0.5f, 0},        {-0.8f, 0.156f}};
    static const float ship[2] = {-1.62f, -0.02f};
    float n, a = t->k[1] * 6.28f, zoom = expq(-3.5f * t->k[2]);

    if (julia) {
        /* c on the edge of the connected ones, z - z^d with |d z^(d-1)| = 1, or just outside */
        int d = kind == 2 ? 3 : 2;
        float z = kind == 2 ? 0.57735f : 0.5f, zd = kind == 2 ? 0.19245f : 0.25f,
              out = 1 + 0.06f * t->k[3];
        float cx = out * (z * cosq(a) - zd * cosq(a * (float)d)),
              cy = out * (z * sinq(a) - zd * sinq(a * (float)d));
        n = escape(x * 1.3f, y * 1.3f, cx, cy, kind, 60);
    } else {
        const float *s = spot[(int)(t->k[0] * 6) % 6];
        if (kind != 0) { /* the whole of it, or nearer */
            s = kind == 1 ? ship : spot[4];
            zoom = 0.15f + 1.6f * t->k[2];
        }
        n = escape(0, 0, s[0] + x * zoom, s[1] + y * zoom, kind, 90);
    }
    o->colour = n < 0 ? v3_scale(t->a, 0.05f) : palette(t, n * (0.2f + 0.4f * t->k[4]));
    o->rough = 1;
}

static void mandelbrot(const ay_tex *t, float x, float y, ay_texel *o)
{
    escape_field(t, x, y, o, 0, false);
}
static void julia(const ay_tex *t, float x, float y, ay_texel *o)
{
    escape_field(t, x, y, o, 0, true);
}
static void burning_ship(const ay_tex *t, float x, float y, ay_texel *o)
{
    escape_field(t, x, y, o, 1, false);
}
static void cubic_julia(const ay_tex *t, float x, float y, ay_texel *o)
{
    escape_field(t, x, y, o, 2, true);
}
static void tricorn(const ay_tex *t, float x, float y, ay_texel *o)
{
    escape_field(t, x, y, o, 3, false);
}

/* Basins of Newton's method for z^n = 1. */
static void newton(const ay_tex *t, float x, float y, ay_texel *o)
{
    int n = 3 + (int)(t->k[0] * 4), i;
    float zx = x * 1.5f, zy = y * 1.5f;

    for (i = 0; i < 24; i++) {
        float r = len2(zx, zy), a = atan2q(zy, zx), p, q, d;
        p = powq(maxf(r, 0.01f), (float)n - 1);
        q = a * (float)(n - 1);
        float dx = p * cosq(q) * (float)n, dy = p * sinq(q) * (float)n;
        float fx = p * r * cosq(a * (float)n) - 1, fy = p * r * sinq(a * (float)n);
        d = maxf(dx * dx + dy * dy, 1e-6f);
        float sx = (fx * dx + fy * dy) / d, sy = (fy * dx - fx * dy) / d;
        zx -= sx;
        zy -= sy;
        if (sx * sx + sy * sy < 1e-4f)
            break;
    }
    int root = floori(atan2q(zy, zx) * (float)n / (2 * AY_PI) + 0.5f + (float)n) % n;
    o->colour = v3_scale(palette(t, (float)root * 2.4f), 1.1f - 0.07f * (float)i);
    o->rough = 1;
}

static void carpet(const ay_tex *t, float x, float y, ay_texel *o)
{
    float u = fractf(x * 0.5f + 0.5f), v = fractf(y * 0.5f + 0.5f);
    int depth = 0, n = t->k[0] < 0.6f ? 3 : 4;

    for (; depth < 5; depth++) {
        u *= (float)n;
        v *= (float)n;
        int i = floori(u), j = floori(v);
        u -= (float)i;
        v -= (float)j;
        if (i > 0 && i < n - 1 && j > 0 && j < n - 1)
            break;
    }
    o->colour = palette(t, (float)depth * 1.2f);
}

static void triangles(const ay_tex *t, float x, float y, ay_texel *o)
{
    float v = (y + 1) * 0.5f, u = (x + 1) * 0.5f - 0.5f * v;
    int depth;

    for (depth = 0; depth < 7; depth++) {
        if (u < 0 || v < 0 || u + v > 1)
            break;
        u *= 2;
        v *= 2;
        if (u > 1)
            u -= 1;
        else if (v > 1)
            v -= 1;
    }
    o->colour = palette(t, (float)depth * 0.9f);
}

/* ---- iterated function systems ---- */

enum { MAPS = 6, POINTS = 24000 };

typedef struct {
    float a, b, c, d, e, f, weight;
    int bend; /* 0: none, 1: sine, 2: sphere, 3: swirl (flames) */
} affine;

static float draw_one(ay_rng *r, float lo, float hi)
{
    return rnd(r, lo, hi);
}

static int pick_maps(ay_rng *r, affine *m, bool flame)
{
    int n = rnd_int(r, 2, MAPS);
    float sum = 0;

    for (int i = 0; i < n; i++) {
        float t = draw_one(r, 0, 6.28f), p = draw_one(r, 0, 6.28f), s = draw_one(r, 0.5f, 0.88f),
              q = draw_one(r, 0.35f, 0.8f);
        m[i].a = s * cosq(t);
        m[i].b = -q * sinq(p);
        m[i].c = s * sinq(t);
        m[i].d = q * cosq(p);
        m[i].e = draw_one(r, -1, 1);
        m[i].f = draw_one(r, -1, 1);
        m[i].weight = absf(m[i].a * m[i].d - m[i].b * m[i].c) + 0.03f;
        m[i].bend = flame ? rnd_int(r, 0, 3) : 0;
        sum += m[i].weight;
    }
    for (int i = 0; i < n; i++)
        m[i].weight /= sum;
    return n;
}

static void apply(const affine *m, float *x, float *y)
{
    float u = m->a * *x + m->b * *y + m->e, v = m->c * *x + m->d * *y + m->f, r2;

    switch (m->bend) {
    case 1:
        u = sinq(u);
        v = sinq(v);
        break;
    case 2:
        r2 = u * u + v * v + 0.05f;
        u /= r2;
        v /= r2;
        break;
    case 3: {
        r2 = u * u + v * v;
        float s = sinq(r2), c = cosq(r2), w = u * s - v * c;
        v = u * c + v * s;
        u = w;
        break;
    }
    default:
        break;
    }
    *x = clampf(u, -50, 50);
    *y = clampf(v, -50, 50);
}

/* Run the system; points and which map made them.  The middle and spread come from the points. */
static void run_system(ay_rng *r, const affine *m, int n, ay_v3 *p, ay_v3 *mean, float *spread)
{
    float x = 0.1f, y = 0.2f, sx = 0, sy = 0, ss = 0;

    for (int i = -30; i < POINTS; i++) {
        float k = rnd(r, 0, 1);
        int j = 0;
        while (j + 1 < n && k > m[j].weight)
            k -= m[j++].weight;
        apply(&m[j], &x, &y);
        if (i < 0)
            continue;
        p[i] = v3(x, y, (float)j);
        sx += x;
        sy += y;
    }
    *mean = v3(sx / POINTS, sy / POINTS, 0);
    for (int i = 0; i < POINTS; i++) {
        float dx = p[i].x - mean->x, dy = p[i].y - mean->y;
        ss += minf(dx * dx + dy * dy, 100);
    }
    *spread = sqrtf(ss / POINTS) + 1e-3f;
}

static ay_status paint_system(ay_rng *r, ay_canvas *c, affine *m, int n, bool glow, ay_err *err)
{
    ay_v3 *p = ay_alloc(POINTS, sizeof *p), mean, ink[MAPS], back;
    float spread, turn = rnd(r, 0, 6.28f), zoom = rnd(r, 0.32f, 0.5f), h = rnd(r, 0, 1),
                  v = rnd(r, 0.02f, 0.9f);
    float k = 6 * (float)c->width * (float)c->height / POINTS / 16;

    if (!p)
        return ay_fail(err, AY_ENOMEM, "drawing a fractal");
    for (int i = 0; i < n; i++) { /* a little different every time */
        m[i].a += rnd(r, -0.05f, 0.05f);
        m[i].d += rnd(r, -0.05f, 0.05f);
        m[i].e += rnd(r, -0.06f, 0.06f);
    }
    run_system(r, m, n, p, &mean, &spread);
    back = glow ? v3_all(0.005f) : hsv(h, 0.3f, v);
    for (int i = 0; i < n; i++) {
        float hue = rnd(r, 0, 1);
        ink[i] = hsv(hue, 0.8f, back.y > 0.3f ? 0.45f : 0.95f);
    }
    for (long i = 0; i < (long)c->width * c->height; i++)
        c->px[i] = back;
    for (int i = 0; i < POINTS; i++) {
        float dx = (p[i].x - mean.x) / spread * zoom, dy = (p[i].y - mean.y) / spread * zoom;
        int x = floori((0.5f + 0.5f * (dx * cosq(turn) - dy * sinq(turn))) * (float)c->width);
        int y = floori((0.5f + 0.5f * (dx * sinq(turn) + dy * cosq(turn))) * (float)c->height);
        if (x < 0 || y < 0 || x >= c->width || y >= c->height)
            continue;
        ay_v3 *q = &c->px[(long)y * c->width + x];
        *q = glow ? v3_mad(*q, ink[(int)p[i].z], 0.35f * k + 0.1f)
                  : v3_mix(*q, ink[(int)p[i].z], minf(0.35f + k, 1));
    }
    ay_free(p);
    return AY_OK;
}

static ay_status system_class(ay_rng *r, ay_canvas *c, uint64_t which, bool flame, ay_err *err)
{
    affine m[MAPS];
    ay_rng own;

    ay_rng_init3(&own, 20240607, which, flame);
    return paint_system(r, c, m, pick_maps(&own, m, flame), flame, err);
}

#define SYSTEM(n)                                                                                  \
    static ay_status ifs_##n(ay_rng *r, ay_canvas *c, ay_err *err)                                 \
    {                                                                                              \
        return system_class(r, c, n, false, err);                                                  \
    }                                                                                              \
    static ay_status flame_##n(ay_rng *r, ay_canvas *c, ay_err *err)                               \
    {                                                                                              \
        return system_class(r, c, n, true, err);                                                   \
    }
SYSTEM(1)
SYSTEM(2)
SYSTEM(3)
SYSTEM(4)
SYSTEM(5)
SYSTEM(6)
SYSTEM(7)
SYSTEM(8)

/* Barnsley's fern and a tree: known maps. */
static ay_status fern(ay_rng *r, ay_canvas *c, ay_err *err)
{
    float bend = rnd(r, -0.06f, 0.06f);
    affine m[MAPS] = {{0, 0, 0, 0.16f, 0, 0, 0.02f, 0},
                      {0.85f, 0.04f + bend, -0.04f - bend, 0.85f, 0, 1.6f, 0.84f, 0},
                      {0.2f, -0.26f, 0.23f, 0.22f, 0, 1.6f, 0.07f, 0},
                      {-0.15f, 0.28f, 0.26f, 0.24f, 0, 0.44f, 0.07f, 0}};

    return paint_system(r, c, m, 4, false, err);
}

static ay_status tree(ay_rng *r, ay_canvas *c, ay_err *err)
{
    float a = rnd(r, 0.4f, 0.9f), b = rnd(r, 0.4f, 0.9f), s = rnd(r, 0.58f, 0.72f);
    affine m[MAPS] = {{s * cosq(a), -s * sinq(a), s * sinq(a), s * cosq(a), 0, 1, 0.36f, 0},
                      {s * cosq(b), s * sinq(b), -s * sinq(b), s * cosq(b), 0, 1, 0.36f, 0},
                      {0.05f, 0, 0, 0.6f, 0, 0, 0.1f, 0},
                      {0.5f, 0, 0, 0.5f, 0, 0.8f, 0.18f, 0}};

    return paint_system(r, c, m, 4, false, err);
}

#define FIELD(n, f)                                                                                \
    {                                                                                              \
        .name = n, .field = f, .centred = true                                                     \
    }
#define POINTSET(k)                                                                                \
    {.name = "point system " #k, .paint = ifs_##k, .gentle = 0.5f},                                \
    {                                                                                              \
        .name = "flame " #k, .paint = flame_##k, .gentle = 0.5f                                    \
    }
static const ay_draw_class classes[] = {
    FIELD("mandelbrot", mandelbrot),
    FIELD("julia", julia),
    FIELD("burning ship", burning_ship),
    FIELD("cubic julia", cubic_julia),
    FIELD("tricorn", tricorn),
    FIELD("newton basins", newton),
    FIELD("carpet fractal", carpet),
    FIELD("triangle fractal", triangles),
    POINTSET(1),
    POINTSET(2),
    POINTSET(3),
    POINTSET(4),
    POINTSET(5),
    POINTSET(6),
    POINTSET(7),
    POINTSET(8),
    {.name = "fern", .paint = fern, .gentle = 0.5f},
    {.name = "tree fractal", .paint = tree, .gentle = 0.5f},
};
const ay_draw_family ay_family_fractals = {classes, sizeof classes / sizeof *classes};
