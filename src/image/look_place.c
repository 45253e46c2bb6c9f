/* image/look_place.c - where one picture lies in another that it was cut from.
 *
 * Three ways, for each fails where another does not:
 *   profiles: the means of rows and of columns; every part of the whole's profiles that has the cut's shape is tried out, for pixels are
 *   square before and after.  What is one pattern all over (a page of text) has many places where least squares come to rest, but only one
 *   where all lines and margins fit
 *   the sizes: a crop that keeps its pixels is stretched by what they say, and lies at a whole pixel; only where is to be tried
 *   least squares, from coarse to fine: what lost its shape, and more than the others look for
 *
 * What comes out lies within the other picture exactly: an edge that is over by part of a point is put on it. */
#include "image/look_parts.h"

#include <math.h>

enum { S = AY_LOOK_SIDE, SMALL = AY_LOOK_SMALL, FINEST = S / 3, LONG = SMALL };

static const int steps[] = {16, 32, 64}; /* sizes at which a place is sought, one after the other */
enum { STARTS = 3 };
#define LEAST_CORRELATION 0.9f
#define LEAST_FIT 0.95f /* finely */
#define LEAST_CUT 0.6f
#define LEAST_PLACED 0.8f
#define WITHIN 0.6      /* points of the smaller picture that an edge may be over by */
#define MOST_CUT 0.14   /* part of a side that profiles look for */
#define LEAST_STRETCH 0.03 /* of what is cut from a picture of its own size */
#define LEAST_PROFILE 1.5 /* both correlations together */
#define SHIFT_GAIN 0.7f /* what is left of the difference after moving; more and it was none of the place */

void ay_look_from_where(int side, int orientation, int x, int y, int *px, int *py)
{
    bool across = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    bool down = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    int u = across ? side - 1 - x : x, v = down ? side - 1 - y : y;

    *px = orientation >= 5 ? v : u;
    *py = orientation >= 5 ? u : v;
}

void ay_look_shrink(const uint8_t *src, int from, int side, int orientation, float *dst)
{
    int step = from / side;

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            int px, py, sum = 0;
            ay_look_from_where(side, orientation, x, y, &px, &py);
            const uint8_t *p = src + ((size_t)py * (size_t)from + (size_t)px) * (size_t)step;
            for (int i = 0; i < step; i++, p += from)
                for (int k = 0; k < step; k++)
                    sum += p[k];
            dst[y * side + x] = (float)sum / (float)(step * step);
        }
}

void ay_look_shrink_small(const ay_look *l, int side, int orientation, float *dst)
{
    int step = SMALL / side;

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            int px, py;
            float sum = 0;
            ay_look_from_where(side, orientation, x, y, &px, &py);
            for (int i = 0; i < step * step; i++)
                sum += l->small[(py * step + i / step) * SMALL + px * step + i % step];
            dst[y * side + x] = sum / (float)(step * step);
        }
}


static int shortest(const ay_look *l)
{
    return l->width < l->height ? l->width : l->height;
}

int ay_look_smallest(const ay_look_work *w)
{
    return shortest(w->a) < shortest(w->b) ? shortest(w->a) : shortest(w->b);
}

/* ---- least squares */

static void load(const ay_look_work *w, int n)
{
    if (n <= SMALL) {
        ay_look_shrink_small(w->a, n, 1, w->pa);
        ay_look_shrink_small(w->b, n, w->orientation, w->pb);
    } else {
        ay_look_shrink(w->a->luma, S, n, 1, w->pa);
        ay_look_shrink(w->b->luma, S, n, w->orientation, w->pb);
    }
}

/* A better place at one size; how well it then fits, -1: it cannot be. */
static float refine(const ay_look_work *w, int n, ay_box *box)
{
    float overlap, fit;

    load(w, n);
    if (!ay_box_fit(w->pa, w->pb, n, box))
        return -1;
    fit = ay_box_correlation(w->pa, w->pb, n, box, &overlap);
    return fit < (n >= 64 ? LEAST_FIT : n >= 32 ? LEAST_CORRELATION : -1) ? -1 : fit;
}

/* A coarse start reaches far, a fine one keeps to what is near: the better of them, and only that one finely. */
static bool by_squares(const ay_look_work *w, double most, ay_box *box)
{
    float best = -1;

    for (int from = 0; from < STARTS && best < 0.99f; from++) {
        ay_box one = AY_BOX_WHOLE;
        float fit = refine(w, steps[from], &one);
        for (int i = from + 1; i < STARTS && fit > -1 && steps[i] <= most; i++)
            fit = refine(w, steps[i], &one);
        if (fit > best) {
            best = fit;
            *box = one;
        }
    }
    return best > 0 && (most < SMALL || refine(w, SMALL, box) > 0);
}

/* Once more, finely, where there is as much to see. */
static void sharpen(const ay_look_work *w, double most, ay_box *box)
{
    ay_box finer = *box;

    if (most < FINEST)
        return;
    load(w, FINEST);
    if (ay_box_fit(w->pa, w->pb, FINEST, &finer))
        *box = finer;
}

/* ---- sizes */

/* A crop keeps its points: then the sizes of the pictures say how far it is stretched, and only where it lies is to be tried.  What is
 * all one pattern (a page of text) is found by this and not by least squares. */
static bool box_of_sizes(const ay_look_work *w, ay_box *box, double span[2])
{
    bool turned = w->orientation >= 5;
    double wb = turned ? w->b->height : w->b->width, hb = turned ? w->b->width : w->b->height;

    box->sx = w->a->width / wb;
    box->sy = w->a->height / hb;
    span[0] = 1 - box->sx;
    span[1] = 1 - box->sy;
    return fmax(fabs(span[0]), fabs(span[1])) > 0.004 && fmax(fabs(span[0]), fabs(span[1])) < 0.25 && span[0] * span[1] >= 0;
}

/* The best of places (2 x reach + 1) squared around one, step apart; how well it fits. */
static float best_place(const ay_look_work *w, int n, double step, int reach, const double lo[2], const double hi[2], ay_box *box)
{
    ay_box from = *box;
    float best = -1, overlap;

    load(w, n);
    for (int i = -reach; i <= reach; i++)
        for (int k = -reach; k <= reach; k++) {
            ay_box at = {from.sx, from.sy, from.tx + k * step, from.ty + i * step};
            float fit;
            if (at.tx < lo[0] - step || at.tx > hi[0] + step || at.ty < lo[1] - step || at.ty > hi[1] + step)
                continue;
            fit = ay_box_correlation(w->pa, w->pb, n, &at, &overlap);
            if (fit > best) {
                best = fit;
                *box = at;
            }
        }
    return best;
}

/* The middle that least squares find, where that is near; the stretch stays, and the place is a whole pixel. */
static void put_on_pixel(const ay_look_work *w, double most, ay_box *box)
{
    bool turned = w->orientation >= 5;
    double wb = turned ? w->b->height : w->b->width, hb = turned ? w->b->width : w->b->height;
    ay_box fine = *box;
    double x, y;

    sharpen(w, most, &fine);
    x = fine.tx + (fine.sx - box->sx) / 2;
    y = fine.ty + (fine.sy - box->sy) / 2;
    if (hypot(x - box->tx, y - box->ty) < 2.0 / SMALL) {
        box->tx = x;
        box->ty = y;
    }
    box->tx = round(box->tx * wb) / wb;
    box->ty = round(box->ty * hb) / hb;
}

static bool by_sizes(const ay_look_work *w, double most, ay_box *box)
{
    double span[2], lo[2], hi[2];

    if (!box_of_sizes(w, box, span))
        return false;
    for (int i = 0; i < 2; i++) {
        lo[i] = fmin(0, span[i]);
        hi[i] = fmax(0, span[i]);
    }
    box->tx = span[0] / 2;
    box->ty = span[1] / 2;
    best_place(w, SMALL / 2, 2.0 / SMALL, 8, lo, hi, box);
    if (best_place(w, SMALL, 0.5 / SMALL, 4, lo, hi, box) < LEAST_CUT)
        return false;
    put_on_pixel(w, most, box);
    return true;
}

/* ---- profiles */

/* Means of the columns (down: of the rows) of an n x n picture between two parts of the other side. */
static void profile(const float *p, int n, bool down, double from, double to, float *dst)
{
    int lo = (int)lround(from * n), hi = (int)lround(to * n);

    for (int i = 0; i < n; i++) {
        float sum = 0;
        for (int k = lo; k < hi; k++)
            sum += down ? p[i * n + k] : p[k * n + i];
        dst[i] = sum / (float)(hi - lo);
    }
}

/* Correlation of a short profile, stretched, with the part lo..hi (points) of a long one. */
static double match(const float *whole, const float *part, int n, double lo, double hi)
{
    double sp = 0, sq = 0, spp = 0, sqq = 0, spq = 0, vp, vq;
    int m = 0;

    for (int i = (int)ceil(lo); i < (int)floor(hi); i++, m++) {
        double at = (i + 0.5 - lo) / (hi - lo) * n - 0.5, p = (double)whole[i], q;
        int k = at < 0 ? 0 : at >= n - 1 ? n - 2 : (int)at;
        q = (double)part[k] + (at - k) * (double)(part[k + 1] - part[k]);
        sp += p, sq += q, spp += p * p, sqq += q * q, spq += p * q;
    }
    vp = spp - sp * sp / m;
    vq = sqq - sq * sq / m;
    return vp > 1e-3 * m && vq > 1e-3 * m ? (spq - sp * sq / m) / sqrt(vp * vq) : 0;
}

/* A part of the whole, in points: across and down. */
typedef struct {
    double lo[2], length[2], fit;
} cut;

/* The best place of a given length; how well it fits. */
static double best_lo(const float *whole, const float *part, int n, double length, double from, double to, double step, double *lo)
{
    double best = -2;

    for (double at = fmax(0, from); at <= fmin(n - length, to) + 1e-6; at += step) {
        double fit = match(whole, part, n, at, at + length);
        if (fit > best) {
            best = fit;
            *lo = at;
        }
    }
    return best;
}

/* Better than from, whose longer side may be longer or shorter by reach: the two lengths keep their shape. */
static cut best_cut(const float whole[2][LONG], const float part[2][LONG], const cut *from, double reach, double step)
{
    double longer = fmax(from->length[0], from->length[1]);
    cut best = {.fit = -4};

    for (double t = fmin(LONG, longer + reach); t >= longer - reach; t -= step) {
        cut c = {.length = {from->length[0] * t / longer, from->length[1] * t / longer}};
        if (fmin(c.length[0], c.length[1]) < (1 - MOST_CUT) * LONG)
            break;
        for (int side = 0; side < 2; side++)
            c.fit += best_lo(whole[side], part[side], LONG, c.length[side], from->lo[side] - reach, from->lo[side] + reach, step, &c.lo[side]);
        if (c.fit > best.fit)
            best = c;
    }
    return best;
}

/* part within whole, both LONG squared.  wide, high: how much wider and higher than the whole the part is, but for one factor. */
static cut cut_of(const float *whole, const float *part, double wide, double high)
{
    float p[2][LONG], q[2][LONG];
    cut c = {.length = {LONG * wide / fmax(wide, high), LONG * high / fmax(wide, high)}};

    for (int side = 0; side < 2; side++) {
        profile(whole, LONG, side, 0, 1, p[side]);
        profile(part, LONG, side, 0, 1, q[side]);
    }
    c = best_cut(p, q, &c, MOST_CUT * LONG, 1);
    for (int round = 0; round < 2 && c.fit > 0; round++) { /* columns within the rows that are there, and rows within the columns */
        for (int side = 0; side < 2; side++)
            profile(whole, LONG, side, c.lo[!side] / LONG, (c.lo[!side] + c.length[!side]) / LONG, p[side]);
        c = best_cut(p, q, &c, round ? 1 : 3, round ? 0.25 : 1);
    }
    return c;
}

static bool by_profiles(const ay_look_work *w, double most, ay_box *box)
{
    bool turned = w->orientation >= 5;
    double wide = (double)(turned ? w->b->height : w->b->width) / w->a->width, high = (double)(turned ? w->b->width : w->b->height) / w->a->height;
    bool b_in_a = wide * high <= 1;
    float overlap;
    cut c;

    load(w, LONG);
    c = b_in_a ? cut_of(w->pa, w->pb, wide, high) : cut_of(w->pb, w->pa, 1 / wide, 1 / high);
    if (c.fit < LEAST_PROFILE) { /* a cut that was made larger again */
        b_in_a = !b_in_a;
        c = b_in_a ? cut_of(w->pa, w->pb, wide, high) : cut_of(w->pb, w->pa, 1 / wide, 1 / high);
    }
    if (c.fit < LEAST_PROFILE)
        return false;
    *box = b_in_a ? (ay_box){LONG / c.length[0], LONG / c.length[1], -c.lo[0] / c.length[0], -c.lo[1] / c.length[1]}
                          : (ay_box){c.length[0] / LONG, c.length[1] / LONG, c.lo[0] / LONG, c.lo[1] / LONG};
    /* Sizes are whole numbers, so the shape is nearly kept only. */
    if (most < LONG * 3 / 4)
        load(w, LONG / 2);
    ay_box_fit(w->pa, w->pb, most < LONG * 3 / 4 ? LONG / 2 : LONG, box);
    load(w, LONG);
    return ay_box_correlation(w->pa, w->pb, LONG, box, &overlap) >= LEAST_PLACED;
}

/* ---- within */

/* How far an edge is over: b's over a's, or a's over b's. */
static double over_by(double from, double to, bool b_in_a)
{
    return b_in_a ? fmax(from, 1 - to) : fmax(-from, to - 1);
}

static void put_on_edge(double *s, double *t, bool b_in_a)
{
    double from = *t, to = *s + *t;

    from = b_in_a ? fmin(from, 0) : fmax(from, 0);
    to = b_in_a ? fmax(to, 1) : fmin(to, 1);
    *t = from;
    *s = to - from;
}

/* One lies within the other, after putting on the edge what is over by at most slack.  Two pictures that each show what the other has not are
 * two shots, or two crops. */
static bool within(ay_box *b, double slack)
{
    for (int b_in_a = 1; b_in_a >= 0; b_in_a--)
        if (over_by(b->tx, b->sx + b->tx, b_in_a) <= slack && over_by(b->ty, b->sy + b->ty, b_in_a) <= slack) {
            put_on_edge(&b->sx, &b->tx, b_in_a);
            put_on_edge(&b->sy, &b->ty, b_in_a);
            return true;
        }
    return false;
}

/* Is it less than all?  Pictures of one size are not cut from one another by a point or two: those are two frames from the hand. */
static bool moved(const ay_look_work *w, const ay_box *b)
{
    bool turned = w->orientation >= 5;
    bool one_size = w->a->width == (turned ? w->b->height : w->b->width) && w->a->height == (turned ? w->b->width : w->b->height);
    double stretch = fmax(fabs(b->sx - 1), fabs(b->sy - 1));

    return one_size ? stretch > LEAST_STRETCH : stretch > 0.004 || fabs(b->tx) > 0.002 || fabs(b->ty) > 0.002;
}

bool ay_look_place(const ay_look_work *w, int way, ay_box *box)
{
    double pixels = ay_look_smallest(w);
    bool found = way == 0 ? by_profiles(w, pixels, box) : way == 1 ? by_sizes(w, pixels, box) : by_squares(w, pixels, box);

    if (!found)
        return false;
    if (way != 1)
        sharpen(w, pixels, box);
    return within(box, WITHIN / pixels) && moved(w, box);
}

/* ---- beside itself */

double ay_look_shift(const ay_look_work *w)
{
    const ay_look *small = shortest(w->a) <= shortest(w->b) ? w->a : w->b;
    bool turned = small == w->b && w->orientation >= 5;
    int n = shortest(small) >= 2 * FINEST ? FINEST : SMALL;
    ay_box box = AY_BOX_WHOLE;
    float before, after, overlap;

    if (shortest(small) < SMALL)
        return 0;
    load(w, n);
    before = ay_box_correlation(w->pa, w->pb, n, &box, &overlap);
    if (!ay_box_fit(w->pa, w->pb, n, &box))
        return 0;
    after = ay_box_correlation(w->pa, w->pb, n, &box, &overlap);
    if (1 - after > SHIFT_GAIN * (1 - before))
        return 0;
    return hypot((box.tx + (box.sx - 1) / 2) * (turned ? small->height : small->width),
                 (box.ty + (box.sy - 1) / 2) * (turned ? small->width : small->height));
}
