#include "image/look.h"

#include "base/mem.h"
#include "image/look_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { S = AY_LOOK_SIDE, CS = AY_LOOK_CHROMA, SMALL = AY_LOOK_SMALL };
typedef ay_look_work work;

/* Sides at which pictures are compared; twice each divides S. */
static const int sides[] = {384, 192, 128, 96, 64, 48, 32};
enum { SIDES = sizeof sides / sizeof *sides, LEAST_SIDE = 32, COLOUR_GRID = 24 };

/* What a block may differ by: NOISE squared levels of grey beyond a part of the steps around each point, and of the detail that is
 * finer than the points (what resizing blurs or takes for something else, and what JPEG drops, is in proportion to both).  A picture
 * that had to be moved is held to less. */
#define FINE 0.625
#define DETAIL 0.45f /* of a step, where a point is as large as the smaller picture's: resizing moves an edge by a part of those */
#define GRAIN 0.4f
#define NOISE 11.0f
#define MOVED_LIMIT 0.6f
#define MOVED_COARSE 64 /* a side; below it, to less still */
#define MOVED_COARSE_LIMIT 0.3f
#define MOVED_COLOUR 0.7f
#define COLOUR_LIMIT 11.0f
/* Points of a picture across a place where colours are compared: JPEG keeps little of what is smaller. */
#define COLOUR_PLACE 8
/* Prints that fit less are not of one picture (ay_print_compare). */
#define WORTH 0.84f
/* Of a coarse comparison: more than this and no finer one is made. */
#define HOPELESS 12.0f
#define LEAST_OVERLAP 0.6f
#define MOST_SHIFT 0.45f /* points that all of a copy may lie beside its original */
#define LEAST_CORRELATION 0.9f

const char *ay_look_kind_name(ay_look_kind kind)
{
    static const char *const names[] = {"other", "picture", "pixels"};

    return (unsigned)kind < 3 ? names[kind] : "unknown";
}

/* ---- making one */

static void digest(const ay_image *im, char hex[AY_SHA256_HEX])
{
    int size[2] = {im->width, im->height};
    ay_sha256 h;

    ay_sha256_init(&h);
    ay_sha256_add(&h, size, sizeof size);
    ay_sha256_add(&h, im->data, (size_t)im->width * (size_t)im->height * 3);
    ay_sha256_hex(&h, hex);
}

static void colours(const ay_image *square, uint8_t *cb, uint8_t *cr)
{
    enum { STEP = S / CS };

    for (int y = 0; y < CS; y++)
        for (int x = 0; x < CS; x++) {
            int sum[3] = {0};
            for (int i = 0; i < STEP * STEP; i++) {
                const uint8_t *p = square->data + 3 * ((size_t)(y * STEP + i / STEP) * S + (size_t)(x * STEP + i % STEP));
                for (int c = 0; c < 3; c++)
                    sum[c] += p[c];
            }
            cb[y * CS + x] = (uint8_t)lround(fmin(255, 128 + (-0.168736 * sum[0] - 0.331264 * sum[1] + 0.5 * sum[2]) / (STEP * STEP)));
            cr[y * CS + x] = (uint8_t)lround(fmin(255, 128 + (0.5 * sum[0] - 0.418688 * sum[1] - 0.081312 * sum[2]) / (STEP * STEP)));
        }
}

ay_status ay_look_init(ay_look *l, const ay_image *im, ay_err *err)
{
    ay_image square;
    ay_status status;

    *l = (ay_look){.width = im->width, .height = im->height};
    l->small = ay_alloc(SMALL * SMALL * sizeof *l->small + S * S + 2 * CS * CS, 1);
    if (!l->small)
        return ay_fail(err, AY_ENOMEM, "comparing pictures");
    l->luma = (uint8_t *)(l->small + SMALL * SMALL);
    l->chroma = l->luma + S * S;
    status = ay_image_resize(im, S, S, AY_FILTER_BICUBIC, &square, err);
    if (status != AY_OK) {
        ay_look_fini(l);
        return status;
    }
    digest(im, l->pixels);
    ay_image_grey(&square, l->luma);
    ay_look_shrink(l->luma, S, SMALL, 1, l->small);
    colours(&square, l->chroma, l->chroma + CS * CS);
    ay_image_fini(&square);
    return AY_OK;
}

void ay_look_fini(ay_look *l)
{
    ay_free(l->small);
    *l = (ay_look){0};
}

/* ---- which size */

/* The finest size for pictures whose shortest side has so many pixels; the coarsest for smaller ones. */
static int side_for(double pixels)
{
    for (int i = 0; i < SIDES; i++)
        if (sides[i] <= FINE * pixels)
            return sides[i];
    return LEAST_SIDE;
}

/* ---- blocks */

typedef struct {
    const float *a, *b;  /* side x side; b warped over a */
    const float *grain;  /* deviation of what is finer, at each point; NULL: not looked at */
    const bool *there;   /* NULL: everywhere */
    int side, block;
    float detail;        /* DETAIL at this size */
} pair;

static float detail_at(int side, double pixels)
{
    return DETAIL * (float)fmax(0.33, fmin(1.2, side / pixels)); /* never none: what was moved lies a part of a point off */
}

/* Adds share times the deviation of a square's pixels within each of side x side cells. */
static void add_grain(const uint8_t *src, int side, int orientation, float share, float *dst)
{
    int step = S / side;

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            int px, py, sum = 0, sq = 0;
            float n = (float)(step * step), mean;
            ay_look_from_where(side, orientation, x, y, &px, &py);
            const uint8_t *p = src + ((size_t)py * S + (size_t)px) * (size_t)step;
            for (int i = 0; i < step; i++, p += S)
                for (int k = 0; k < step; k++)
                    sum += p[k], sq += p[k] * p[k];
            mean = (float)sum / n;
            dst[y * side + x] += share * sqrtf(fmaxf(0, (float)sq / n - mean * mean));
        }
}

/* Largest less smallest of the pixels around one. */
static float range_at(const float *p, int n, int x, int y)
{
    float lo = p[y * n + x], hi = lo;

    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < n; v++)
        for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < n; u++) {
            float q = p[v * n + u];
            lo = q < lo ? q : lo;
            hi = q > hi ? q : hi;
        }
    return hi - lo;
}

/* b becomes what is left of the squared difference at each pixel. */
static void subtract(const pair *p, float *left)
{
    for (int y = 0; y < p->side; y++)
        for (int x = 0; x < p->side; x++) {
            int i = y * p->side + x;
            float edge = 0.5f * (range_at(p->a, p->side, x, y) + range_at(p->b, p->side, x, y));
            float d = fabsf(p->a[i] - p->b[i]) - p->detail * edge - (p->grain ? GRAIN * p->grain[i] : 0);
            left[i] = d > 0 ? d * d : 0;
        }
}

/* Mean of a block; 0 where the pictures do not overlap. */
static float block_difference(const pair *p, const float *left, int x0, int y0)
{
    float e = 0;

    for (int y = y0; y < y0 + p->block; y++)
        for (int x = x0; x < x0 + p->block; x++) {
            if (p->there && !p->there[y * p->side + x])
                return 0;
            e += left[y * p->side + x];
        }
    return e / (float)(p->block * p->block) / NOISE;
}

static float worst_block(const pair *p, float *left)
{
    float worst = 0;
    int step = p->block / 2;

    subtract(p, left);
    for (int y = 0; y + p->block <= p->side; y += step)
        for (int x = 0; x + p->block <= p->side; x += step)
            worst = fmaxf(worst, block_difference(p, left, x, y));
    return worst;
}

/* Correlation, and which part is there. */
static float agreement(const pair *p, float *overlap)
{
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, va, vb;
    int m = 0;

    for (int i = 0; i < p->side * p->side; i++) {
        double a = (double)p->a[i], b = (double)p->b[i];
        if (p->there && !p->there[i])
            continue;
        sa += a, sb += b, saa += a * a, sbb += b * b, sab += a * b, m++;
    }
    *overlap = (float)m / (float)(p->side * p->side);
    va = m ? saa - sa * sa / m : 0;
    vb = m ? sbb - sb * sb / m : 0;
    return va > 1e-6 && vb > 1e-6 ? (float)((sab - sa * sb / m) / sqrt(va * vb)) : 0;
}

static int block_of(int side)
{
    return side >= 144 ? side / 24 : 6;
}

/* ---- laid one over the other */

/* b at a's points, and where it has any. */
static void warp(const float *b, int n, const ay_box *box, float *dst, bool *there)
{
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            float bx = (float)((box->sx * (x + 0.5) / n + box->tx) * n - 0.5);
            float by = (float)((box->sy * (y + 0.5) / n + box->ty) * n - 0.5);
            there[y * n + x] = bx >= 0 && by >= 0 && bx <= (float)(n - 1) && by <= (float)(n - 1);
            dst[y * n + x] = there[y * n + x] ? ay_sample(b, n, bx, by) : 0;
        }
}

/* Means of k x k points, and where all of them are there. */
static void reduce(float *p, bool *there, int n, int k)
{
    int m = n / k;

    for (int y = 0; y < m; y++)
        for (int x = 0; x < m; x++) {
            float sum = 0;
            bool all = true;
            for (int i = 0; i < k * k; i++) {
                int at = (y * k + i / k) * n + x * k + i % k;
                sum += p[at];
                all = all && there[at];
            }
            p[y * m + x] = sum / (float)(k * k); /* never before what is still to be read */
            there[y * m + x] = all;
        }
}

/* The furthest colour difference of any place of a coarse grid; sampled finely, for colours have edges too. */
static float colour_difference(const work *w, const ay_box *box)
{
    int grid = COLOUR_GRID;
    float worst = 0;

    while (grid > COLOUR_GRID / 4 && grid * COLOUR_PLACE > ay_look_smallest(w))
        grid /= 2;
    for (int c = 0; c < 2; c++) {
        ay_look_shrink(w->a->chroma + c * CS * CS, CS, grid, 1, w->pa);
        ay_look_shrink(w->b->chroma + c * CS * CS, CS, CS, w->orientation, w->pb);
        warp(w->pb, CS, box, w->over, w->there);
        reduce(w->over, w->there, CS, CS / grid);
        for (int i = 0; i < grid * grid; i++)
            if (w->there[i])
                worst = fmaxf(worst, fabsf(w->pa[i] - w->over[i]));
    }
    return worst;
}

static void judge_whole(const work *w, int side, ay_look_result *r)
{
    pair p = {w->pa, w->pb, w->grain, NULL, side, block_of(side), detail_at(side, ay_look_smallest(w))};

    r->side = side;
    r->box = AY_BOX_WHOLE;
    r->difference = colour_difference(w, &r->box) / COLOUR_LIMIT;
    r->colour = r->difference;
    memset(w->grain, 0, (size_t)side * (size_t)side * sizeof *w->grain);
    add_grain(w->a->luma, side, 1, 0.5f, w->grain);
    add_grain(w->b->luma, side, w->orientation, 0.5f, w->grain);
    ay_look_shrink(w->a->luma, S, side, 1, w->pa);
    ay_look_shrink(w->b->luma, S, side, w->orientation, w->pb);
    r->difference = fmaxf(r->difference, worst_block(&p, w->left));
    r->correlation = agreement(&p, &r->overlap);
}

/* The worst block, without the colours.  Sampling between b's points blurs, so it is done at a size much finer than that at which blocks are compared, where there is one. */
static float judge_moved(const work *w, int side, const ay_box *box, ay_look_result *r)
{
    pair p = {w->pa, w->over, w->grain, w->there, side, block_of(side), detail_at(side, ay_look_smallest(w))};
    int fine = side >= 128 ? S : S / 2;
    float worst;

    r->colour = colour_difference(w, box) / COLOUR_LIMIT;
    memset(w->grain, 0, (size_t)side * (size_t)side * sizeof *w->grain);
    add_grain(w->a->luma, side, 1, 1, w->grain);
    ay_look_shrink(w->a->luma, S, side, 1, w->pa);
    ay_look_shrink(w->b->luma, S, fine, w->orientation, w->pb);
    warp(w->pb, fine, box, w->over, w->there);
    reduce(w->over, w->there, fine, fine / side);
    r->side = side;
    r->box = *box;
    worst = worst_block(&p, w->left);
    r->difference = fmaxf(r->colour, worst);
    r->correlation = agreement(&p, &r->overlap);
    return worst;
}

/* A coarse comparison first: what differs much there needs no finer one. */
static bool hopeless(const work *w, const ay_box *box)
{
    pair p = {w->pa, w->pb, NULL, NULL, SMALL / 2, block_of(SMALL / 2), detail_at(SMALL / 2, ay_look_smallest(w))};

    ay_look_shrink_small(w->a, SMALL / 2, 1, w->pa);
    if (box) {
        ay_look_shrink(w->b->luma, S, S / 2, w->orientation, w->pb);
        warp(w->pb, S / 2, box, w->over, w->there);
        reduce(w->over, w->there, S / 2, S / SMALL);
        p.b = w->over;
        p.there = w->there;
    } else {
        ay_look_shrink_small(w->b, SMALL / 2, w->orientation, w->pb);
    }
    return worst_block(&p, w->left) > HOPELESS;
}

/* b moved and stretched over a: better than what is known so far? */
static void judge_box(const work *w, const ay_box *box, double pixels, ay_look_result *out)
{
    ay_look_result r = {.orientation = w->orientation};
    float worst;

    if (pixels * FINE >= SMALL / 2 && hopeless(w, box))
        return;
    worst = judge_moved(w, side_for(pixels / 1.1), box, &r);
    if (r.overlap < LEAST_OVERLAP || r.overlap * box->sx * box->sy < (double)LEAST_OVERLAP || r.difference >= out->difference)
        return;
    *out = r;
    out->cropped = worst <= (r.side < MOVED_COARSE ? MOVED_COARSE_LIMIT : MOVED_LIMIT) && r.colour <= MOVED_COLOUR &&
                   r.correlation >= LEAST_CORRELATION;
    if (out->cropped)
        out->kind = AY_LOOK_PICTURE;
}

static void judge(const work *w, ay_look_result *out)
{
    double pixels = ay_look_smallest(w);
    bool placed = false;

    out->difference = HOPELESS;
    if (pixels * FINE < SMALL / 2 || !hopeless(w, NULL)) {
        judge_whole(w, side_for(pixels), out);
        if (out->difference <= 1 && out->correlation >= LEAST_CORRELATION) {
            out->shift = (float)ay_look_shift(w);
            if (out->shift <= MOST_SHIFT) {
                out->kind = AY_LOOK_PICTURE;
                return;
            }
            out->difference = HOPELESS; /* the next frame from the hand; or a little is cut from one side */
        }
    }
    for (int way = 0; way < AY_LOOK_WAYS && out->kind == AY_LOOK_OTHER && !(placed && way == AY_LOOK_LAST); way++) {
        ay_box box;
        if (!ay_look_place(w, way, &box))
            continue;
        placed = true;
        judge_box(w, &box, pixels, out);
    }
}

ay_status ay_look_compare(const ay_look *a, const ay_look *b, int orientation, ay_look_result *out, ay_err *err)
{
    work w = {.a = a, .b = b, .orientation = orientation};
    float *room;

    *out = (ay_look_result){.orientation = orientation, .box = AY_BOX_WHOLE, .overlap = 1, .correlation = 1};
    if (orientation == 1 && strcmp(a->pixels, b->pixels) == 0) {
        out->kind = AY_LOOK_PIXELS;
        return AY_OK;
    }
    room = ay_alloc(S * S * 6, sizeof *room);
    if (!room)
        return ay_fail(err, AY_ENOMEM, "comparing pictures");
    w.pa = room;
    w.pb = room + S * S;
    w.over = room + 2 * S * S;
    w.left = room + 3 * S * S;
    w.grain = room + 4 * S * S;
    w.there = (bool *)(room + 5 * S * S);
    judge(&w, out);
    ay_free(room);
    return AY_OK;
}

typedef struct {
    int orientation;
    float fit;
} turn;

static int best_first(const void *x, const void *y)
{
    const turn *a = x, *b = y;

    if (a->fit != b->fit)
        return a->fit > b->fit ? -1 : 1;
    return a->orientation - b->orientation;
}

int ay_look_turns(const ay_print *a, const ay_print *b, int orientation[AY_ORIENTATIONS])
{
    turn turns[AY_ORIENTATIONS];
    int n = 0;

    for (int o = 1; o <= AY_ORIENTATIONS; o++) {
        turns[n] = (turn){o, ay_print_compare_turned(a, b, o)};
        n += turns[n].fit >= WORTH;
    }
    if (n == 0 && ay_print_equal(a, b)) { /* of one tone, or of colours equally light: they may still have the same pixels */
        orientation[0] = 1;
        return 1;
    }
    qsort(turns, (size_t)n, sizeof *turns, best_first);
    for (int i = 0; i < n; i++)
        orientation[i] = turns[i].orientation;
    return n;
}

ay_status ay_look_judge(const ay_look *a, const ay_look *b, const int *orientation, int n, ay_look_result *out, ay_err *err)
{
    ay_status status = AY_OK;

    *out = (ay_look_result){.orientation = 1, .box = AY_BOX_WHOLE, .difference = INFINITY};
    if (strcmp(a->pixels, b->pixels) == 0)
        return ay_look_compare(a, b, 1, out, err);
    for (int i = 0; i < n && out->kind == AY_LOOK_OTHER && status == AY_OK; i++) {
        ay_look_result r;
        status = ay_look_compare(a, b, orientation[i], &r, err);
        if (status == AY_OK && (r.kind != AY_LOOK_OTHER || r.difference < out->difference))
            *out = r;
    }
    return status;
}
