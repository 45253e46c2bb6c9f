/* image/sink.c - decoded rows find their place in the upright picture.
 *
 * Orientation, as EXIF numbers it, says where the stored first row and first column are:
 *     1 top left   2 top right   3 bottom right   4 bottom left
 *     5 left top   6 right top   7 right bottom   8 left bottom
 * 5 to 8 swap width and height: a stored row becomes a column.  Such rows are gathered in a band
 * and scattered together, because writing one column of a large picture touches one cache line a
 * pixel.
 *
 * Invariant: stored pixel (x, y) lands at place(x, y), and every pixel is written exactly once. */
#include "image/codec.h"

#include "base/mem.h"

#include <string.h>

#define BAND_ROWS 32

ay_status ay_sink_open(ay_sink *s, const ay_image_info *info, ay_image *out, ay_err *err)
{
    bool swap = info->orientation >= 5;
    ay_status st;

    *s = (ay_sink){
        .out = out, .width = info->width, .height = info->height, .orientation = info->orientation};
    st = ay_image_alloc(out, swap ? info->height : info->width, swap ? info->width : info->height,
                        err);
    if (st || s->orientation == 1)
        return st;
    s->band = ay_alloc((size_t)info->width * BAND_ROWS, 3);
    return s->band ? AY_OK : ay_fail(err, AY_ENOMEM, "no memory for a band of rows");
}

uint8_t *ay_sink_rows(ay_sink *s, int want, int *n)
{
    int left = s->height - s->row;

    if (s->band && want > BAND_ROWS)
        want = BAND_ROWS;
    *n = s->pending = want < left ? want : left;
    return s->band ? s->band : s->out->data + (size_t)s->row * (size_t)s->width * 3;
}

static inline void put(uint8_t *dst, const uint8_t *src)
{
    dst[0] = src[0];
    dst[1] = src[1];
    dst[2] = src[2];
}

/* Rows that stay rows: 2, 3 and 4. */
static void scatter_rows(const ay_sink *s)
{
    size_t w = (size_t)s->width;

    for (int i = 0; i < s->pending; i++) {
        const uint8_t *src = s->band + (size_t)i * w * 3;
        int y = s->row + i;
        uint8_t *dst = s->out->data + (size_t)(s->orientation == 2 ? y : s->height - 1 - y) * w * 3;
        if (s->orientation == 4) {
            memcpy(dst, src, w * 3);
            continue;
        }
        for (size_t x = 0; x < w; x++)
            put(dst + (w - 1 - x) * 3, src + x * 3);
    }
}

/* Rows that become columns: 5 to 8.  The stored row is the upright column, counted from the left
 * (5, 8) or from the right (6, 7); the stored column is the upright row, from the top (5, 6) or
 * from the bottom (7, 8). */
static void scatter_columns(const ay_sink *s)
{
    bool from_right = s->orientation == 6 || s->orientation == 7;
    bool from_bottom = s->orientation >= 7;
    size_t stride = (size_t)s->out->width * 3;

    for (int x = 0; x < s->width; x++) {
        int row = from_bottom ? s->width - 1 - x : x;
        uint8_t *dst = s->out->data + (size_t)row * stride;
        for (int i = 0; i < s->pending; i++) {
            int y = s->row + i;
            int column = from_right ? s->height - 1 - y : y;
            put(dst + (size_t)column * 3, s->band + ((size_t)i * (size_t)s->width + (size_t)x) * 3);
        }
    }
}

void ay_sink_commit(ay_sink *s)
{
    if (s->orientation >= 5)
        scatter_columns(s);
    else if (s->orientation >= 2)
        scatter_rows(s);
    s->row += s->pending;
    s->pending = 0;
}

void ay_sink_close(ay_sink *s)
{
    ay_free(s->band);
    s->band = NULL;
}

static ay_status turn(const ay_image *im, const uint8_t *data, int orientation, ay_image *turned,
                      ay_err *err)
{
    ay_image_info info = {.width = im->width, .height = im->height, .orientation = orientation};
    ay_sink s;
    ay_status st = ay_sink_open(&s, &info, turned, err);

    for (int n, y = 0; !st && y < im->height; y += n) {
        uint8_t *rows = ay_sink_rows(&s, BAND_ROWS, &n);
        memcpy(rows, data + (size_t)y * (size_t)im->width * 3, (size_t)n * (size_t)im->width * 3);
        ay_sink_commit(&s);
    }
    ay_sink_close(&s);
    return st;
}

ay_status ay_image_orient(ay_image *im, int orientation, ay_err *err)
{
    ay_image turned = {0}, stored = {0};
    ay_status st;

    if (orientation == 1)
        return AY_OK;
    if (orientation < 1 || orientation > 8)
        return ay_fail(err, AY_EINVAL, "orientation %d is not 1..8", orientation);
    st = turn(im, im->data, orientation, &turned, err);
    if (!st && im->stored)
        st = turn(im, im->stored, orientation, &stored, err);
    if (st) {
        ay_image_fini(&turned);
        ay_image_fini(&stored);
        return st;
    }
    ay_image_fini(im);
    *im = turned;
    im->stored = stored.data;
    return AY_OK;
}
