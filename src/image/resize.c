/* image/resize.c - resizing with Pillow's bytes.
 *
 * The networks were trained on pictures that Pillow resized, so the reference is not "a good
 * bicubic" but Pillow's own arithmetic (ImagingResample for 8-bit pictures): weights in double
 * precision, widened when shrinking (antialiasing), normalised, rounded to 22-bit fixed point; a
 * horizontal pass and a vertical pass, with rounding to bytes between them.  The test compares with
 * hashes of Pillow's own output.
 *
 * Because of that rounding the order of the passes shows in the bytes.  Pillow up to 12 always goes
 * across first; Pillow 13 goes down first when rows are saved and more than twice as many of them
 * as columns (a rule found by trying some thousand sizes).  We do as 13 does.  For pictures up to
 * twice as tall as wide that keep their shape, both are the same.
 *
 * Only the rectangle that is asked for is computed: a centre crop after a resize costs no more than
 * the pixels it keeps, and those are the same bytes.
 *
 * Rejected: libswscale and stb_image_resize (other arithmetic, so other bytes), 16-bit weights as
 * in faster forks of Pillow (off by one here and there). */
#include "image/resample.h"

#include "base/mem.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic with a = -0.5 ("Cubic convolution interpolation", 1981). */
static double bicubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static double sinc(double x)
{
    if (x == 0.0)
        return 1.0;
    x *= M_PI;
    return sin(x) / x;
}

static double lanczos(double x)
{
    return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

static const struct {
    double (*at)(double x);
    double support;
} filters[] = {
    [AY_FILTER_BOX] = {box, 0.5},
    [AY_FILTER_BILINEAR] = {bilinear, 1.0},
    [AY_FILTER_BICUBIC] = {bicubic, 2.0},
    [AY_FILTER_LANCZOS] = {lanczos, 3.0},
};

static ay_status weights_alloc(ay_weights *w, int n, int taps, ay_err *err)
{
    size_t all = (size_t)n * (size_t)taps;

    *w = (ay_weights){.n = n, .taps = taps};
    w->memory = ay_calloc(2 * all + 2 * (size_t)n, sizeof(int32_t));
    if (!w->memory)
        return ay_fail(err, AY_ENOMEM, "resize: no memory for %d weights", n);
    w->weight = w->memory;
    w->packed = w->weight + all;
    w->first = w->weight + 2 * all;
    w->count = w->first + n;
    return AY_OK;
}

/* The weights of one output around centre, normalised and rounded away from zero at halves. */
static void weigh(ay_filter filter, double centre, double scale, int first, int count, double *real,
                  int32_t *fixed)
{
    double sum = 0;

    for (int k = 0; k < count; k++) {
        real[k] = filters[filter].at((k + first - centre + 0.5) * scale);
        sum += real[k];
    }
    for (int k = 0; k < count; k++) {
        double v = sum != 0.0 ? real[k] / sum : real[k];
        fixed[k] = (int32_t)((v < 0 ? -0.5 : 0.5) + v * (1 << AY_WEIGHT_BITS));
    }
}

static void weights_pack(ay_weights *w, const ay_passes *passes)
{
    for (size_t i = 0; i < (size_t)w->n * (size_t)w->taps; i++)
        if (w->weight[i] > AY_WEIGHT_MOST || w->weight[i] < -AY_WEIGHT_MOST)
            passes = &ay_passes_plain;
    w->passes = passes;
    if (passes->pack)
        passes->pack(w);
}

ay_status ay_weights_init(ay_weights *w, const ay_passes *passes, ay_filter filter, int in, int out,
                          int from, int n, ay_err *err)
{
    double scale = (double)in / out;
    double wide = scale < 1.0 ? 1.0 : scale;
    double support = filters[filter].support * wide;
    int taps = ((int)ceil(support) * 2 + 1 + 3) / 4 * 4;
    double *real = ay_alloc((size_t)taps, sizeof *real);
    ay_status st;

    if (!real)
        return ay_fail(err, AY_ENOMEM, "resize: no memory for %d taps", taps);
    st = weights_alloc(w, n, taps, err);
    for (int i = 0; !st && i < n; i++) {
        double centre = (from + i + 0.5) * scale;
        int lo = (int)(centre - support + 0.5), hi = (int)(centre + support + 0.5);
        w->first[i] = lo < 0 ? 0 : lo;
        w->count[i] = (hi > in ? in : hi) - w->first[i];
        weigh(filter, centre, 1.0 / wide, w->first[i], w->count[i], real,
              w->weight + (size_t)i * (size_t)taps);
    }
    if (!st)
        weights_pack(w, passes);
    ay_free(real);
    return st;
}

void ay_weights_fini(ay_weights *w)
{
    ay_free(w->memory);
    *w = (ay_weights){0};
}

typedef struct {
    const ay_image *src;
    const ay_passes *passes;
    ay_weights across, down; /* n is 0 where the side stays as it is */
    int x, y;                /* the kept rectangle starts here */
} job;

static const uint8_t *row_of(const ay_image *im, int y)
{
    return im->data + (size_t)y * (size_t)im->width * 3;
}

/* The inputs that w looks at: from *first up to *end. */
static void reach(const ay_weights *w, int *first, int *end)
{
    *first = w->first[0];
    *end = w->first[w->n - 1] + w->count[w->n - 1];
}

/* Four rows of src from y on.  The passes want four, and read a little past each: where that would
 * leave the picture, rows are copied to spare (4 * spare_stride bytes), the last one repeatedly. */
static void four_rows(const ay_image *src, int y, uint8_t *spare, size_t spare_stride,
                      const uint8_t *rows[4])
{
    size_t behind =
        y + 4 < src->height ? (size_t)(src->height - y - 4) * (size_t)src->width * 3 : 0;
    bool inside = behind >= AY_ACROSS_OVER;

    for (int r = 0; r < 4; r++) {
        int from = y + r < src->height ? y + r : src->height - 1;
        rows[r] = inside ? row_of(src, from) : spare + (size_t)r * spare_stride;
        if (!inside)
            memcpy(spare + (size_t)r * spare_stride, row_of(src, from), (size_t)src->width * 3);
    }
}

/* Resize src across, rows from..from + dst->height. */
static ay_status all_across(const job *j, const ay_image *src, int from, ay_image *dst, ay_err *err)
{
    size_t in = (size_t)src->width * 3 + AY_ACROSS_OVER, out = (size_t)dst->width * 3;
    uint8_t *spare = ay_calloc(in * 4 + out, 1);
    const uint8_t *rows[4];
    uint8_t *to[4];

    if (!spare)
        return ay_fail(err, AY_ENOMEM, "resize: no memory for four rows");
    for (int y = 0; y < dst->height; y += 4) {
        four_rows(src, from + y, spare, in, rows);
        for (int r = 0; r < 4; r++) /* rows past the last go nowhere */
            to[r] = y + r < dst->height ? dst->data + (size_t)(y + r) * out : spare + in * 4;
        j->across.passes->across(&j->across, rows, to);
    }
    ay_free(spare);
    return AY_OK;
}

/* Resize src down, columns from..from + dst->width; src's row 0 is row `above` of the whole. */
static void all_down(const job *j, const ay_image *src, int above, int from, ay_image *dst)
{
    const ay_weights *w = &j->down;
    size_t stride = (size_t)src->width * 3, n = (size_t)dst->width * 3;

    for (int y = 0; y < dst->height; y++)
        w->passes->down(w, y, row_of(src, w->first[y] - above) + (size_t)from * 3, stride, n,
                        dst->data + (size_t)y * n);
}

static ay_status across_then_down(job *j, ay_image *dst, ay_err *err)
{
    ay_image middle;
    int top, end;
    ay_status st;

    reach(&j->down, &top, &end);
    st = ay_image_alloc(&middle, dst->width, end - top, err);
    if (st)
        return st;
    st = all_across(j, j->src, top, &middle, err);
    if (!st)
        all_down(j, &middle, top, 0, dst);
    ay_image_fini(&middle);
    return st;
}

static ay_status down_then_across(job *j, ay_image *dst, ay_err *err)
{
    ay_image middle;
    int left, end;
    ay_status st;

    reach(&j->across, &left, &end);
    st = ay_image_alloc(&middle, end - left, dst->height, err);
    if (st)
        return st;
    all_down(j, j->src, 0, left, &middle);
    for (int i = 0; i < j->across.n; i++)
        j->across.first[i] -= left;
    st = all_across(j, &middle, 0, dst, err);
    ay_image_fini(&middle);
    return st;
}

/* Pillow's nearest neighbour steps by repeated addition, so ours has to add and not multiply. */
static void step_table(int in, int out, int from, int n, int *table)
{
    double step = (double)in / out, at = step * 0.5;

    for (int i = 0; i < from + n; i++, at += step)
        if (i >= from)
            table[i - from] = (int)at < in ? (int)at : in - 1;
}

static ay_status nearest(const ay_image *src, int width, int height, int x, int y, ay_image *dst,
                         ay_err *err)
{
    int *column = ay_alloc((size_t)dst->width + (size_t)dst->height, sizeof *column);
    int *row = column + dst->width;
    uint8_t *p = dst->data;

    if (!column)
        return ay_fail(err, AY_ENOMEM, "resize: no memory for %d columns", dst->width);
    step_table(src->width, width, x, dst->width, column);
    step_table(src->height, height, y, dst->height, row);
    for (int r = 0; r < dst->height; r++) {
        const uint8_t *line = src->data + (size_t)row[r] * (size_t)src->width * 3;
        for (int c = 0; c < dst->width; c++, p += 3)
            memcpy(p, line + (size_t)column[c] * 3, 3);
    }
    ay_free(column);
    return AY_OK;
}

static ay_status filtered(job *j, int width, int height, ay_filter filter, ay_image *dst,
                          ay_err *err)
{
    int columns = j->src->width - width, rows = j->src->height - height; /* saved */
    ay_status st = AY_OK;

    if (columns)
        st = ay_weights_init(&j->across, j->passes, filter, j->src->width, width, j->x, dst->width,
                             err);
    if (!st && rows)
        st = ay_weights_init(&j->down, j->passes, filter, j->src->height, height, j->y, dst->height,
                             err);
    if (!st && columns && rows)
        st = rows > 0 && rows > 2ll * columns ? down_then_across(j, dst, err)
                                              : across_then_down(j, dst, err);
    else if (!st && columns)
        st = all_across(j, j->src, j->y, dst, err);
    else if (!st && rows)
        all_down(j, j->src, 0, j->x, dst);
    else if (!st)
        for (int y = 0; y < dst->height; y++)
            memcpy(dst->data + (size_t)y * (size_t)dst->width * 3,
                   row_of(j->src, j->y + y) + (size_t)j->x * 3, (size_t)dst->width * 3);
    ay_weights_fini(&j->across);
    ay_weights_fini(&j->down);
    return st;
}

ay_status ay_resample(const ay_image *src, int width, int height, ay_filter filter, int x, int y,
                      int w, int h, const ay_passes *passes, ay_image *dst, ay_err *err)
{
    job j = {.src = src, .passes = passes, .x = x, .y = y};
    ay_status st = ay_image_alloc(dst, w, h, err);

    if (st)
        return st;
    if (filter == AY_FILTER_NEAREST)
        st = nearest(src, width, height, x, y, dst, err);
    else
        st = filtered(&j, width, height, filter, dst, err);
    if (st)
        ay_image_fini(dst);
    return st;
}

ay_status ay_image_resize(const ay_image *src, int width, int height, ay_filter filter,
                          ay_image *dst, ay_err *err)
{
    *dst = (ay_image){0};
    if (width < 1 || height < 1)
        return ay_fail(err, AY_EINVAL, "resize to %d x %d pixels", width, height);
    return ay_resample(src, width, height, filter, 0, 0, width, height, ay_passes_best(), dst, err);
}

void ay_image_shortest_size(const ay_image *src, int side, int *width, int *height)
{
    long long w = src->width, h = src->height;
    long long longest = w <= h ? side * h / w : side * w / h;

    if (longest > INT_MAX)
        longest = INT_MAX;
    *width = w <= h ? side : (int)longest;
    *height = w <= h ? (int)longest : side;
}
