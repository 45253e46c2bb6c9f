/* image/preprocess.c - from a picture to a network's input, as torchvision and open_clip do it.
 *
 *   SHORTEST_CROP  shortest side to `resize`, then the centre; the offset is rounded half to even,
 *                  as Python's round() does; a picture smaller than the crop gets a black border
 *   SQUASH         both sides to `size`, whatever the shape
 *   PAD_WHITE      longest side to `size`, centred on white
 *
 * A value becomes ((v / 255) - mean) / std in float, in that order, because float arithmetic does
 * not forgive another one.  There are only 256 values a channel, so they are looked up. */
#include "image/resample.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define MOST_SIZE 4096 /* times AY_IMAGE_MAX_SIDE is still an int */

typedef struct {
    int width, height; /* resize to this */
    int x, y, w, h;    /* keep this rectangle of it */
    int left, top;     /* and put it there in the input */
    uint8_t border;
} layout;

/* One axis of a centre crop: keep at most size of n, and where it goes when n is less.  Half a
 * pixel goes to the even neighbour, but the border round a small picture gives the smaller half to
 * the start: torchvision does both. */
static void centre(int n, int size, int *from, int *keep, int *at)
{
    *from = n > size ? (int)nearbyint((n - size) / 2.0) : 0;
    *keep = n > size ? size : n;
    *at = n < size ? (size - n) / 2 : 0;
}

static layout plan(const ay_image *src, const ay_preprocess *p)
{
    layout l = {.width = p->size, .height = p->size};

    if (p->fit == AY_FIT_SHORTEST_CROP) {
        ay_image_shortest_size(src, p->resize ? p->resize : p->size, &l.width, &l.height);
    } else if (p->fit == AY_FIT_PAD_WHITE) {
        double w = src->width, h = src->height;
        l.width = w >= h ? p->size : (int)fmax(1, nearbyint(w / h * p->size));
        l.height = w >= h ? (int)fmax(1, nearbyint(h / w * p->size)) : p->size;
        l.border = 255;
    }
    centre(l.width, p->size, &l.x, &l.w, &l.left);
    centre(l.height, p->size, &l.y, &l.h, &l.top);
    if (p->fit == AY_FIT_PAD_WHITE) { /* and Pillow's ImageOps.pad rounds the border as well */
        l.left = (int)nearbyint((p->size - l.width) / 2.0);
        l.top = (int)nearbyint((p->size - l.height) / 2.0);
    }
    return l;
}

static void value_table(const ay_preprocess *p, float table[3][256])
{
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            table[c][v] = ((float)v / 255.0f - p->mean[c]) / p->std[c];
}

static void fill(const ay_image *im, const layout *l, int size, float table[3][256], float *dst)
{
    size_t plane = (size_t)size * (size_t)size;

    if (im->width < size || im->height < size)
        for (int c = 0; c < 3; c++)
            for (size_t i = 0; i < plane; i++)
                dst[(size_t)c * plane + i] = table[c][l->border];
    for (int y = 0; y < im->height; y++) {
        const uint8_t *p = im->data + (size_t)y * (size_t)im->width * 3;
        float *row = dst + (size_t)(l->top + y) * (size_t)size + l->left;
        for (int x = 0; x < im->width; x++, p += 3) {
            row[x] = table[0][p[0]];
            row[x + plane] = table[1][p[1]];
            row[x + 2 * plane] = table[2][p[2]];
        }
    }
}

/* Resize and cut as the layout says. */
static ay_status cut(const ay_image *src, const ay_preprocess *p, layout *l, ay_image *part,
                     ay_err *err)
{
    ay_image seen = *src;

    if (p->size < 1 || p->resize < 0 || p->size > MOST_SIZE || p->resize > MOST_SIZE)
        return ay_fail(err, AY_EINVAL, "preprocess to %d pixels by %d", p->size, p->resize);
    if (p->as_stored && src->stored)
        seen.data = src->stored;
    *l = plan(src, p);
    return ay_resample(&seen, l->width, l->height, p->filter, l->x, l->y, l->w, l->h,
                       ay_passes_best(), part, err);
}

ay_status ay_image_preprocess(const ay_image *src, const ay_preprocess *p, float *dst, ay_err *err)
{
    float table[3][256];
    ay_image part = {0};
    layout l;
    ay_status st = cut(src, p, &l, &part, err);

    if (st)
        return st;
    value_table(p, table);
    fill(&part, &l, p->size, table, dst);
    ay_image_fini(&part);
    return AY_OK;
}

ay_status ay_image_fit(const ay_image *src, const ay_preprocess *p, ay_image *dst, ay_err *err)
{
    ay_image part = {0};
    layout l;
    ay_status st = cut(src, p, &l, &part, err);

    *dst = (ay_image){0};
    if (st || (part.width == p->size && part.height == p->size)) {
        *dst = part;
        return st;
    }
    st = ay_image_create(dst, p->size, p->size, err);
    if (!st) {
        memset(dst->data, l.border, 3 * (size_t)p->size * (size_t)p->size);
        for (int y = 0; y < part.height; y++)
            memcpy(dst->data + 3 * ((size_t)(l.top + y) * (size_t)p->size + (size_t)l.left),
                   part.data + 3 * (size_t)y * (size_t)part.width, 3 * (size_t)part.width);
    }
    ay_image_fini(&part);
    return st;
}

void ay_image_normalise(const ay_image *fitted, const ay_preprocess *p, float *dst)
{
    const layout whole = {0};
    float table[3][256];

    value_table(p, table);
    fill(fitted, &whole, p->size, table, dst);
}
