/* image/image.c - a picture's memory, cropping, and plain colour arithmetic. */
#include "image/codec.h"

#include "base/mem.h"

#include <string.h>

static ay_status fill_in(ay_image *out, int width, int height, bool zeroed, ay_err *err)
{
    size_t pixels = (size_t)width * (size_t)height;

    *out = (ay_image){0};
    if (width < 1 || height < 1)
        return ay_fail(err, AY_EINVAL, "a picture of %d x %d pixels", width, height);
    out->data = zeroed ? ay_calloc(pixels, 3) : ay_alloc(pixels, 3);
    if (!out->data)
        return ay_fail(err, AY_ENOMEM, "no memory for a picture of %d x %d pixels", width, height);
    out->width = width;
    out->height = height;
    return AY_OK;
}

ay_status ay_image_create(ay_image *out, int width, int height, ay_err *err)
{
    return fill_in(out, width, height, true, err);
}

ay_status ay_image_alloc(ay_image *out, int width, int height, ay_err *err)
{
    return fill_in(out, width, height, false, err);
}

void ay_image_fini(ay_image *im)
{
    ay_free(im->data);
    ay_free(im->stored);
    *im = (ay_image){0};
}

void ay_image_forget_alpha(ay_image *im)
{
    if (!im->stored)
        return;
    ay_free(im->data);
    im->data = im->stored;
    im->stored = NULL;
}

static int clamp(long long v, int hi)
{
    return v < 0 ? 0 : v > hi ? hi : (int)v;
}

ay_status ay_image_crop(const ay_image *src, int x, int y, int width, int height,
                        const uint8_t fill[3], ay_image *dst, ay_err *err)
{
    /* The part of the rectangle that lies inside src, in src's coordinates. */
    int x0 = clamp(x, src->width), x1 = clamp((long long)x + width, src->width);
    int y0 = clamp(y, src->height), y1 = clamp((long long)y + height, src->height);
    ay_status st = ay_image_create(dst, width, height, err);

    if (st)
        return st;
    if (x1 - x0 < width || y1 - y0 < height)
        for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
            memcpy(dst->data + i * 3, fill, 3);
    for (int r = y0; r < y1 && x1 > x0; r++)
        memcpy(dst->data + ((size_t)(r - y) * (size_t)width + (size_t)(x0 - x)) * 3,
               src->data + ((size_t)r * (size_t)src->width + (size_t)x0) * 3,
               (size_t)(x1 - x0) * 3);
    return AY_OK;
}

void ay_image_grey(const ay_image *src, uint8_t *dst)
{
    size_t n = (size_t)src->width * (size_t)src->height;
    const uint8_t *p = src->data;

    for (size_t i = 0; i < n; i++, p += 3)
        dst[i] = (uint8_t)((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u) >> 16);
}

bool ay_without_alpha(const uint8_t *rgba, uint8_t *rgb, size_t n)
{
    unsigned least = 255;

    for (size_t i = 0; i < n; i++, rgba += 4, rgb += 3) {
        least = rgba[3] < least ? rgba[3] : least;
        memcpy(rgb, rgba, 3);
    }
    return least < 255;
}

void ay_over_white(const uint8_t *rgba, uint8_t *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, rgba += 4, rgb += 3) {
        unsigned a = rgba[3], r = rgba[0], g = rgba[1], b = rgba[2];
        rgb[0] = ay_blend_white(r, a);
        rgb[1] = ay_blend_white(g, a);
        rgb[2] = ay_blend_white(b, a);
    }
}
