/* From a shot to its picture: the board under the part, the part or what is there instead, scratches, the camera.
 *
 * Streams of chance: (seed, place) what the product fixes, (seed, board) what a board brings, (seed, place, board) what
 * happened to this part there, and one for each picture's noise.  Both lights see the same part. */
#include "draw/smt_paint.h"

#include "draw/noise.h"

enum { PRODUCT_STREAM = 1, BOARD_STREAM, PART_STREAM, SHOT_STREAM, LOT_STREAM };

typedef struct {
    const ay_smt_shot *shot;
    const ay_smt_place *place;
    const ay_smt_kind *kind;
    ay_rng product, board, part, shot_rng;
    ay_smt_lot lot;
    ay_smt_camera camera;
    ay_smt_field field;
    ay_smt_pen view, nominal; /* the board under the camera; the place of the part, as it should be turned */
    ay_smt_stuff mask, track, silk, tin;
} scene;

/* Numbers between lo and hi, one after the other: arguments of a call have no order in C. */
static void dice(ay_rng *r, float lo, float hi, float *d, int n)
{
    for (int i = 0; i < n; i++)
        d[i] = rnd(r, lo, hi);
}

static ay_smt_lot pick_lot(uint64_t seed, int place, uint32_t board)
{
    ay_smt_lot lot;
    float d[3];
    ay_rng r;

    ay_rng_init3(&r, seed * 8 + LOT_STREAM, (uint64_t)place, board / 5); /* a reel lasts for some boards */
    lot.tone = rnd(&r, 0.85f, 1.15f);
    lot.ink = rnd(&r, 0.75f, 1.15f);
    dice(&r, 0.955f, 1.045f, d, 3);
    lot.tint = v3(d[0], d[1], d[2]);
    lot.code = rnd_int(&r, 1000, 9899);
    return lot;
}

static void pick_board(scene *s)
{
    static const float masks[2][3] = {{.012f, .085f, .03f}, {.012f, .035f, .12f}};
    const float *k = masks[s->place->product[0] == 'P'];
    ay_rng *r = &s->board;
    float dark = rnd(r, 0.8f, 1.2f), d[3];

    dice(r, 0.85f, 1.15f, d, 2);
    s->mask = ay_smt_matt(k[0] * dark * d[0], k[1] * dark, k[2] * dark * d[1]);
    s->mask.gloss = rnd(r, 0.3f, 0.5f);
    s->mask.grain = 0.003f;
    s->track = s->mask;
    s->track.colour = v3_add(v3_scale(s->mask.colour, 1.35f), v3_all(0.006f));
    s->silk = ay_smt_matt(0.6f, 0.6f, 0.57f);
    s->silk.colour = v3_scale(s->silk.colour, rnd(r, 0.8f, 1.1f));
    s->tin = ay_smt_tin(rnd(r, 0.85f, 1));
    s->camera.gain = rnd(r, 0.88f, 1.12f);
    s->camera.warm = rnd(r, -0.04f, 0.04f);
    s->camera.blur = rnd(r, 0.4f, 2.2f);
    s->camera.noise = rnd(r, 0.004f, 0.016f);
    dice(r, -0.04f, 0.04f, d, 3);
    s->view = ay_smt_pen_at(&(ay_smt_pen){.f = &s->field, .c = 1}, d[0], d[1], 0.6f * d[2]);
}

/* ---- the bare board ---------------------------------------------------------------------------- */

static void tracks(scene *s)
{
    ay_rng *r = &s->product;
    int n = rnd_int(r, 2, 4);

    for (long i = 0; i < (long)s->field.width * s->field.height; i++)
        s->field.stuff[i] = s->mask;
    for (int k = 0; k < n; k++) {
        float d[2], turn = (float)rnd_int(r, 0, 3) * AY_PI / 4;
        dice(r, -1.1f, 1.1f, d, 2);
        ay_smt_pen p = ay_smt_pen_at(&s->view, d[0], d[1], turn);
        ay_smt_block(&p, &s->track, 0, 0, rnd(r, 0.03f, 0.08f), 2.4f, 0.02f, 0.012f, 0.02f);
    }
    for (int k = rnd_int(r, 0, 2); k > 0; k--) {
        float right = rnd_chance(r, 0.5f) ? 1 : -1, x = right * rnd(r, 0.82f, 0.95f), y = rnd(r, -0.95f, 0.95f);
        ay_smt_stuff hole = ay_smt_matt(0.01f, 0.01f, 0.01f);
        ay_smt_disc(&s->view, &s->tin, x, y, 0.075f, 0.014f, 0.01f);
        ay_smt_print_disc(&s->view, &hole, x, y, 0.035f);
    }
}

/* Pads with their solder: a fillet against the part's end where there is a part, a flat cushion otherwise. */
static void pads(scene *s)
{
    bool bare = s->shot->fault == AY_SMT_MISSING;
    float amount = rnd(&s->part, 0.75f, 1.25f);

    for (int k = 0; k < s->kind->pads; k++) {
        const float *q = s->kind->pad[k];
        float skew = rnd(&s->part, 0.85f, 1.15f);
        ay_smt_block(&s->nominal, &s->tin, q[0], q[1], q[2], q[3], 0.03f, 0.016f, 0.01f);
        ay_smt_drop(&s->nominal, &s->tin, q[0], q[1], q[2] * 0.96f, q[3] * 0.96f,
                    0.016f + amount * skew * (bare ? 0.05f : 0.09f));
    }
}

/* The outline that the print on the board gives the part. */
static void silkscreen(scene *s)
{
    float w = s->kind->w + 0.24f, h = s->kind->h + 0.1f;

    if (s->place->component_id % 2 == 0)
        return;
    for (int k = -1; k <= 1; k += 2)
        ay_smt_block(&s->nominal, &s->silk, (float)k * w, 0, 0.018f, h * 0.8f, 0, 0.01f, 0);
}

/* ---- the part, or what is there instead -------------------------------------------------------- */

static ay_smt_pen part_pen(scene *s)
{
    ay_rng *r = &s->part;
    float x = 0.02f * rnd_normal(r), y = 0.02f * rnd_normal(r), angle = 0.025f * rnd_normal(r);
    ay_smt_fault f = s->shot->fault;

    x = clampf(x, -0.05f, 0.05f);
    y = clampf(y, -0.05f, 0.05f);
    angle = clampf(angle, -0.06f, 0.06f);
    if (f == AY_SMT_SHIFTED) {
        float way = rnd(r, 0, 2 * AY_PI), far = rnd(r, 0.26f, 0.4f);
        x += far * cosq(way);
        y += far * sinq(way);
        way = rnd_chance(r, 0.5f) ? 1 : -1;
        angle += way * rnd(r, 0.12f, 0.35f);
    } else if (f >= AY_SMT_TURNED_90 && f <= AY_SMT_TURNED_270) {
        angle += (float)(f - AY_SMT_TURNED_90 + 1) * AY_PI / 2;
    }
    ay_smt_pen p = ay_smt_pen_at(&s->nominal, x, y, angle);
    p.z = 0.03f;
    return p;
}

/* On one end: a small face, high above the board, on one of the pads. */
static void tombstone(scene *s)
{
    const float *q = s->kind->pad[rnd_int(&s->part, 0, 1)];
    ay_smt_stuff side = ay_smt_matt(0.3f * s->lot.tone, 0.29f * s->lot.tone, 0.27f * s->lot.tone);
    bool lies = absf(q[0]) > absf(q[1]);
    float across = lies ? s->kind->h : s->kind->w, thick = maxf(0.6f * s->kind->tall, 0.1f);
    float lean = rnd(&s->part, -0.12f, 0.12f);
    ay_smt_pen p = ay_smt_pen_at(&s->nominal, q[0] * 0.95f, q[1] * 0.95f, lean + (lies ? AY_PI / 2 : 0));

    p.z = 0.05f;
    ay_smt_block(&p, &side, 0, 0, across, thick * 1.3f, 0.01f, 0.6f, 0.02f);
    ay_smt_block(&p, &s->tin, 0, 0, across * 0.98f, thick, 0.02f, 0.75f, 0.04f);
}

/* From one pad along the part to another, over what is there. */
static void bridge(scene *s)
{
    int pads = s->kind->pads, a = rnd_int(&s->part, 0, pads > 2 ? pads - 2 : 0), b = a + 1;
    const float *p = s->kind->pad[a], *q = s->kind->pad[b];
    float side = rnd_chance(&s->part, 0.5f) ? 1 : -1, wide = rnd(&s->part, 0.1f, 0.15f);
    float dx = q[0] - p[0], dy = q[1] - p[1], len = sqrtf(dx * dx + dy * dy);
    ay_smt_pen on = s->nominal;

    if (pads == 8 && a == 3) { /* the next one is on the other side */
        q = s->kind->pad[2];
        dx = q[0] - p[0];
        dy = q[1] - p[1];
    }
    if (pads == 2 || pads == 3) { /* around the body */
        dx /= len;
        dy /= len;
        for (int k = 0; k <= 24; k++) {
            float t = (float)k / 24, out = side * (absf(dx) > absf(dy) ? s->kind->h : s->kind->w) * 0.98f;
            ay_smt_drop(&on, &s->tin, p[0] + t * dx * len - dy * out, p[1] + t * dy * len + dx * out, wide,
                        wide, s->kind->tall + 0.1f);
        }
        return;
    }
    for (int k = 0; k <= 12; k++)
        ay_smt_drop(&on, &s->tin, p[0] + dx * (float)k / 12, p[1] + dy * (float)k / 12, wide, wide, 0.24f);
}

static ay_smt_package other_than(scene *s)
{
    int step = rnd_int(&s->part, 1, AY_SMT_PACKAGES - 1);

    return (ay_smt_package)(((int)s->place->package + step) % AY_SMT_PACKAGES);
}

static void part(scene *s)
{
    const ay_smt_kind *kind = s->kind;
    ay_smt_pen p;

    if (s->shot->fault == AY_SMT_MISSING)
        return;
    if (s->shot->fault == AY_SMT_TOMBSTONE) {
        tombstone(s);
        return;
    }
    if (s->shot->fault == AY_SMT_OTHER_PART)
        kind = ay_smt_kind_of(other_than(s));
    p = part_pen(s);
    kind->body(&p, &s->lot, &s->part);
    if (s->shot->fault == AY_SMT_BRIDGE)
        bridge(s);
}

/* Fibres, scratches and dust of this board, anywhere. */
static void litter(scene *s)
{
    ay_rng *r = &s->part;

    for (int k = rnd_int(r, 0, 2); k > 0; k--) {
        ay_smt_stuff m = ay_smt_matt(0.5f, 0.5f, 0.48f);
        float d[3];
        dice(r, -1, 1, d, 3);
        ay_smt_pen p = ay_smt_pen_at(&s->view, d[0], d[1], 2 * d[2]);
        if (rnd_chance(r, 0.5f))
            m.colour = v3_scale(m.colour, 0.3f);
        ay_smt_print(&p, &m, 0, 0, 0.008f, rnd(r, 0.05f, 0.25f), 0);
    }
    for (int k = rnd_int(r, 0, 4); k > 0; k--) {
        ay_smt_stuff m = ay_smt_matt(0.45f, 0.42f, 0.36f);
        float d[3];
        dice(r, -1, 1, d, 3);
        ay_smt_print_disc(&s->view, &m, d[0], d[1], 0.008f + 0.012f * absf(d[2]));
    }
}

ay_status ay_smt_picture(const ay_smt_shot *shot, uint64_t seed, int width, int height, ay_image *out, ay_err *err)
{
    scene s = {.shot = shot, .place = ay_smt_place_at(shot->place)};
    ay_status status;

    memset(out, 0, sizeof *out);
    if (!s.place || shot->light >= AY_SMT_LIGHTS || shot->fault >= AY_SMT_FAULTS)
        return ay_fail(err, AY_EINVAL, "there is no place %d on the drawn boards", shot->place);
    if (width < 32 || height < 32 || width > 512 || height > 512)
        return ay_fail(err, AY_EINVAL, "a board's crop is 32 to 512 pixels a side, not %d x %d", width, height);
    s.kind = ay_smt_kind_of(s.place->package);
    ay_rng_init3(&s.product, seed * 8 + PRODUCT_STREAM, (uint64_t)shot->place, 0);
    ay_rng_init3(&s.board, seed * 8 + BOARD_STREAM, shot->board, (uint64_t)s.place->product[0]);
    ay_rng_init3(&s.part, seed * 8 + PART_STREAM, (uint64_t)shot->place, shot->board);
    ay_rng_init3(&s.shot_rng, seed * 8 + SHOT_STREAM, (uint64_t)shot->place * 2 + shot->light, shot->board);
    if ((status = ay_smt_field_init(&s.field, width, height, err)) != AY_OK)
        return status;
    s.lot = pick_lot(seed, shot->place, shot->board);
    pick_board(&s);
    s.camera.seed = (uint32_t)(shot->board * 977 + (uint32_t)shot->place * 31);
    s.nominal = ay_smt_pen_at(&s.view, 0, 0, (float)s.place->orientation * AY_PI / 2);
    tracks(&s);
    silkscreen(&s);
    pads(&s);
    part(&s);
    litter(&s);
    status = ay_smt_expose(&s.field, shot->light, &s.camera, &s.shot_rng, out, err);
    ay_smt_field_fini(&s.field);
    return status;
}
