#include "draw/smt_paint.h"

#include "base/mem.h"
#include "draw/noise.h"

enum { OVER = 2 }; /* samples a pixel, each way */

ay_smt_stuff ay_smt_matt(float red, float green, float blue)
{
    return (ay_smt_stuff){.colour = v3(red, green, blue), .gloss = 0.25f, .grain = 0.004f};
}

ay_smt_stuff ay_smt_tin(float tone)
{
    return (ay_smt_stuff){
        .colour = v3(0.82f * tone, 0.83f * tone, 0.86f * tone), .metal = 1, .gloss = 1, .grain = 0.006f};
}

/* ---- field and pen ----------------------------------------------------------------------------- */

ay_status ay_smt_field_init(ay_smt_field *f, int width, int height, ay_err *err)
{
    size_t n = (size_t)width * (size_t)height * OVER * OVER;

    f->width = OVER * width;
    f->height = OVER * height;
    f->z = ay_calloc(n, sizeof *f->z);
    f->stuff = ay_calloc(n, sizeof *f->stuff);
    if (f->z && f->stuff)
        return AY_OK;
    ay_smt_field_fini(f);
    return ay_fail(err, AY_ENOMEM, "drawing a board");
}

void ay_smt_field_fini(ay_smt_field *f)
{
    ay_free(f->z);
    ay_free(f->stuff);
    memset(f, 0, sizeof *f);
}

ay_smt_pen ay_smt_pen_at(const ay_smt_pen *o, float x, float y, float angle)
{
    float c = cosq(angle), s = sinq(angle);

    return (ay_smt_pen){.f = o->f,
                        .x = o->x + o->c * x - o->s * y,
                        .y = o->y + o->s * x + o->c * y,
                        .c = o->c * c - o->s * s,
                        .s = o->s * c + o->c * s,
                        .z = o->z};
}

/* ---- things ------------------------------------------------------------------------------------ */

typedef enum { BLOCK, DISC, DROP, SEGMENT } shape;

typedef struct {
    shape shape;
    float x, y, hw, hh, r, rise, bevel;
    bool print;
} thing;

/* Distance to the outline, negative inside. */
static float outline(const thing *t, float x, float y)
{
    float dx, dy, ox, oy;

    if (t->shape == DISC || t->shape == SEGMENT) {
        float d = sqrtf(x * x + y * y) - t->hw;
        return t->shape == SEGMENT ? maxf(d, y - t->r) : d;
    }
    if (t->shape == DROP)
        return (sqrtf(x * x / (t->hw * t->hw) + y * y / (t->hh * t->hh)) - 1) * minf(t->hw, t->hh);
    dx = absf(x) - t->hw + t->r;
    dy = absf(y) - t->hh + t->r;
    ox = maxf(dx, 0);
    oy = maxf(dy, 0);
    return sqrtf(ox * ox + oy * oy) + minf(maxf(dx, dy), 0) - t->r;
}

static float rises(const thing *t, float x, float y, float inside)
{
    if (t->shape == DROP) {
        float q = 1 - x * x / (t->hw * t->hw) - y * y / (t->hh * t->hh);
        return t->rise * sqrtf(maxf(q, 0));
    }
    if (t->bevel <= 0)
        return t->rise;
    inside = minf(inside / t->bevel, 1);
    return t->rise * (1 - 0.55f * (1 - inside) * (1 - inside));
}

static void put(const ay_smt_pen *p, const ay_smt_stuff *m, const thing *t)
{
    const ay_smt_field *f = p->f;
    float unit = 0.5f * (float)(f->width < f->height ? f->width : f->height);
    float px = p->x + p->c * t->x - p->s * t->y, py = p->y + p->s * t->x + p->c * t->y;
    float far = sqrtf(t->hw * t->hw + t->hh * t->hh) + 0.01f;
    int x0 = (int)maxf((px - far) * unit + 0.5f * (float)f->width, 0);
    int x1 = (int)minf((px + far) * unit + 0.5f * (float)f->width + 1, (float)f->width);
    int y0 = (int)maxf((py - far) * unit + 0.5f * (float)f->height, 0);
    int y1 = (int)minf((py + far) * unit + 0.5f * (float)f->height + 1, (float)f->height);

    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            float u = ((float)x + 0.5f - 0.5f * (float)f->width) / unit - px;
            float v = ((float)y + 0.5f - 0.5f * (float)f->height) / unit - py;
            float a = p->c * u + p->s * v, b = p->c * v - p->s * u, d = outline(t, a, b), z;
            long i = (long)y * f->width + x;
            if (d > 0)
                continue;
            z = p->z + (t->print ? 0 : rises(t, a, b, -d));
            if (!t->print && z < f->z[i])
                continue;
            f->stuff[i] = *m;
            if (!t->print)
                f->z[i] = z;
        }
}

void ay_smt_block(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float hw, float hh, float r,
                  float rise, float bevel)
{
    put(p, m, &(thing){.shape = BLOCK, .x = x, .y = y, .hw = hw, .hh = hh, .r = minf(r, minf(hw, hh)), .rise = rise,
                       .bevel = bevel});
}

void ay_smt_disc(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float radius, float rise, float bevel)
{
    put(p, m, &(thing){.shape = DISC, .x = x, .y = y, .hw = radius, .hh = radius, .rise = rise, .bevel = bevel});
}

void ay_smt_drop(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float hw, float hh, float rise)
{
    put(p, m, &(thing){.shape = DROP, .x = x, .y = y, .hw = hw, .hh = hh, .rise = rise});
}

void ay_smt_print(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float hw, float hh, float r)
{
    put(p, m, &(thing){.shape = BLOCK, .x = x, .y = y, .hw = hw, .hh = hh, .r = minf(r, minf(hw, hh)), .print = true});
}

void ay_smt_print_disc(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float radius)
{
    put(p, m, &(thing){.shape = DISC, .x = x, .y = y, .hw = radius, .hh = radius, .print = true});
}

void ay_smt_print_segment(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float radius, float cut)
{
    put(p, m, &(thing){.shape = SEGMENT, .x = x, .y = y, .hw = radius, .hh = radius, .r = cut, .print = true});
}

/* Three by five, rows from above, three bits each. */
static int glyph(char c)
{
    static const char known[] = "0123456789ABCDEHKLRTV";
    static const int bits[] = {075557, 026227, 071747, 071717, 055711, 074717, 074757, 071222, 075757, 075717,
                               025755, 065656, 034443, 065556, 074647, 055755, 055655, 044447, 065655, 072222, 055552};
    const char *at = c ? strchr(known, c) : NULL;

    return at ? bits[at - known] : 0;
}

void ay_smt_text(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float h, const char *text)
{
    float dot = h / 5, left = x - 0.5f * dot * (4 * (float)strlen(text) - 1);

    for (int k = 0; text[k]; k++) {
        int bits = glyph(text[k]);
        for (int b = 0; b < 15; b++)
            if (bits >> (14 - b) & 1)
                ay_smt_print(p, m, left + dot * (4 * (float)k + (float)(b % 3) + 0.5f),
                             y + dot * ((float)(b / 3) - 2), 0.56f * dot, 0.56f * dot, 0);
    }
}

/* ---- light ------------------------------------------------------------------------------------- */

enum { ROUND = 8 };
static const float ring[ROUND][2] = {{1, 0},  {.70710678f, .70710678f},   {0, 1},  {-.70710678f, .70710678f},
                                     {-1, 0}, {-.70710678f, -.70710678f}, {0, -1}, {.70710678f, -.70710678f}};

static ay_v3 normal_at(const ay_smt_field *f, const ay_smt_camera *c, int x, int y)
{
    float unit = 0.5f * (float)(f->width < f->height ? f->width : f->height);
    int l = x > 0 ? x - 1 : x, r = x + 1 < f->width ? x + 1 : x, u = y > 0 ? y - 1 : y,
        d = y + 1 < f->height ? y + 1 : y;
    const ay_smt_stuff *m = &f->stuff[(long)y * f->width + x];
    float gx = (f->z[(long)y * f->width + r] - f->z[(long)y * f->width + l]) * unit / (float)(r - l);
    float gy = (f->z[(long)d * f->width + x] - f->z[(long)u * f->width + x]) * unit / (float)(d - u);
    float rough = m->grain * 30;

    gx = clampf(gx, -3, 3) + rough * ay_noise2((float)x * 0.21f, (float)y * 0.21f, c->seed);
    gy = clampf(gy, -3, 3) + rough * ay_noise2((float)x * 0.21f, (float)y * 0.21f, c->seed + 1);
    return v3_unit(v3(-gx, -gy, 1));
}

/* How much of the light from direction k, at a slope of rise, what stands around leaves. */
static float lit_from(const ay_smt_field *f, int x, int y, int k, float rise)
{
    static const int step[] = {2, 4, 7, 11, 16};
    float unit = 0.5f * (float)(f->width < f->height ? f->width : f->height);
    float z = f->z[(long)y * f->width + x], free = 1;

    for (int i = 0; i < 5; i++) {
        int sx = x + (int)roundi(ring[k][0] * (float)step[i]), sy = y + (int)roundi(ring[k][1] * (float)step[i]);
        float over;
        if (sx < 0 || sy < 0 || sx >= f->width || sy >= f->height)
            break;
        over = f->z[(long)sy * f->width + sx] - z - rise * (float)step[i] / unit;
        free = minf(free, 1 - clampf(over * 12, 0, 0.92f));
    }
    return free;
}

/* A lamp of the ring: what a surface gives back of it towards the camera. */
static float given_back(const ay_smt_stuff *m, ay_v3 n, ay_v3 lamp, float sharp)
{
    float mirror = maxf(v3_dot(n, v3_unit(v3_add(lamp, v3(0, 0, 1)))), 0);

    mirror = powq(mirror, sharp);
    return m->metal > 0.5f ? 3.2f * mirror : maxf(v3_dot(n, lamp), 0) + m->gloss * 0.6f * mirror;
}

/* Two rings around, a low blue one and a higher amber one. */
static ay_v3 side_light(const ay_smt_field *f, const ay_smt_stuff *m, ay_v3 n, int x, int y)
{
    ay_v3 sum = v3(0.05f, 0.05f, 0.06f);

    for (int k = 0; k < ROUND; k++) {
        float dx = ring[k][0], dy = ring[k][1];
        float low = given_back(m, n, v3(0.94f * dx, 0.94f * dy, 0.34f), 14) * lit_from(f, x, y, k, 0.36f);
        float high = given_back(m, n, v3(0.71f * dx, 0.71f * dy, 0.71f), 22) * lit_from(f, x, y, k, 1);
        sum = v3_mad(sum, v3(0.25f, 0.45f, 1.0f), low * 0.34f);
        sum = v3_mad(sum, v3(1.0f, 0.62f, 0.25f), high * 0.17f);
    }
    return v3_mul(sum, m->colour);
}

/* Along the camera's axis, and a white dome that fills. */
static ay_v3 top_light(const ay_smt_field *f, const ay_smt_stuff *m, ay_v3 n, int x, int y)
{
    float open = 0, coax = m->metal > 0.5f ? 1.25f * powq(n.z, 16) : 0.75f * n.z + m->gloss * 0.25f * powq(n.z, 40);

    for (int k = 0; k < ROUND; k += 2)
        open += 0.25f * lit_from(f, x, y, k, 0.8f);
    return v3_mul(v3_scale(v3(1, 0.98f, 0.95f), coax + (m->metal > 0.5f ? 0.14f : 0.3f) * open), m->colour);
}

/* ---- camera ------------------------------------------------------------------------------------ */

static void soften(ay_v3 *px, int w, int h, float k)
{
    for (int y = 0; y < h; y++) {
        ay_v3 before = px[(long)y * w];
        for (int x = 0; x < w; x++) {
            ay_v3 *p = &px[(long)y * w + x], here = *p, after = x + 1 < w ? p[1] : *p;
            *p = v3_mad(v3_scale(here, 1 - 2 * k), v3_add(before, after), k);
            before = here;
        }
    }
    for (int x = 0; x < w; x++) {
        ay_v3 before = px[x];
        for (int y = 0; y < h; y++) {
            ay_v3 *p = &px[(long)y * w + x], here = *p, after = y + 1 < h ? p[w] : *p;
            *p = v3_mad(v3_scale(here, 1 - 2 * k), v3_add(before, after), k);
            before = here;
        }
    }
}

static float tone(float x)
{
    x = maxf(x, 0);
    x = x * (1 + x * 0.08f) / (1 + x * 0.35f);
    return x <= 0.0031308f ? 12.92f * x : 1.055f * powq(minf(x, 4), 1 / 2.4f) - 0.055f;
}

static void develop(const ay_v3 *px, const ay_smt_camera *c, ay_rng *r, ay_image *out)
{
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            uint8_t *to = out->data + 3 * ((long)y * out->width + x);
            ay_v3 sum = v3(0, 0, 0);
            float grain = c->noise * rnd_normal(r), v[3];
            for (int k = 0; k < OVER * OVER; k++)
                sum = v3_add(sum, px[(long)(OVER * y + k / OVER) * OVER * out->width + OVER * x + k % OVER]);
            sum = v3_scale(sum, c->gain / (OVER * OVER));
            v[0] = tone(sum.x * (1 + c->warm));
            v[1] = tone(sum.y);
            v[2] = tone(sum.z * (1 - c->warm));
            for (int b = 0; b < 3; b++)
                to[b] = (uint8_t)clampf(255 * (v[b] + grain + 0.4f * c->noise * rnd_normal(r)) + 0.5f, 0,
                                        255);
        }
}

ay_status ay_smt_expose(const ay_smt_field *f, ay_smt_light light, const ay_smt_camera *c, ay_rng *r, ay_image *out,
                        ay_err *err)
{
    ay_v3 *px = ay_alloc((size_t)f->width * (size_t)f->height, sizeof *px);
    ay_status status = px ? ay_image_create(out, f->width / OVER, f->height / OVER, err)
                          : ay_fail(err, AY_ENOMEM, "drawing a board");

    if (status != AY_OK) {
        ay_free(px);
        return status;
    }
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            const ay_smt_stuff *m = &f->stuff[(long)y * f->width + x];
            ay_v3 n = normal_at(f, c, x, y);
            px[(long)y * f->width + x] = light == AY_SMT_SIDE ? side_light(f, m, n, x, y) : top_light(f, m, n, x, y);
        }
    for (float left = c->blur; left > 0; left -= 1)
        soften(px, f->width, f->height, 0.25f * minf(left, 1));
    develop(px, c, r, out);
    ay_free(px);
    return AY_OK;
}
