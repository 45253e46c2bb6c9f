/* train/overlay.c - a small heat map laid over the picture it explains. */
#include "base/mem.h"
#include "plot/palette.h"
#include "train/explain.h"

#include <math.h>
#include <string.h>

/* Where the picture's pixels lie in the network's input, 0..1 inside it. */
typedef struct {
    double x0, y0, sx, sy; /* u = x0 + sx * (x + 0.5) */
} mapping;

static mapping map_picture(const ay_image *im, const ay_preprocess *p)
{
    double w = im->width, h = im->height, s = p->size;
    mapping m = {0, 0, 1 / w, 1 / h};
    double k = 0;

    if (p->fit == AY_FIT_SHORTEST_CROP)
        k = (p->resize ? p->resize : p->size) / fmin(w, h) / s;
    else if (p->fit == AY_FIT_PAD_WHITE)
        k = 1 / fmax(w, h);
    if (k > 0)
        m = (mapping){(1 - w * k) / 2, (1 - h * k) / 2, k, k};
    return m;
}

static double cell(const ay_heat *h, int x, int y)
{
    x = x < 0 ? 0 : x < h->width ? x : h->width - 1;
    y = y < 0 ? 0 : y < h->height ? y : h->height - 1;
    return h->value[(size_t)y * (size_t)h->width + (size_t)x];
}

/* Bilinear between the middles of cells. */
static double heat_at(const ay_heat *h, double u, double v)
{
    double x = u * h->width - 0.5, y = v * h->height - 0.5, fx = x - floor(x), fy = y - floor(y);
    int x0 = (int)floor(x), y0 = (int)floor(y);

    return (1 - fy) * ((1 - fx) * cell(h, x0, y0) + fx * cell(h, x0 + 1, y0)) +
           fy * ((1 - fx) * cell(h, x0, y0 + 1) + fx * cell(h, x0 + 1, y0 + 1));
}

/* Cold places keep the picture: the colour's weight grows with the root of the heat. */
static void shade(uint8_t *p, double heat, double alpha)
{
    uint32_t rgb = ay_turbo_rgb(heat);
    double a = alpha * sqrt(fmax(0, heat));

    for (int c = 0; c < 3; c++)
        p[c] = (uint8_t)lround((1 - a) * p[c] + a * (rgb >> (16 - 8 * c) & 255));
}

ay_status ay_explain_overlay(const ay_image *picture, const ay_preprocess *p, const ay_heat *heat,
                             double alpha, ay_image *out, ay_err *err)
{
    mapping m = map_picture(picture, p);
    ay_status status = ay_image_create(out, picture->width, picture->height, err);

    if (status != AY_OK)
        return status;
    alpha = alpha > 0 ? fmin(alpha, 1) : 0.5;
    memcpy(out->data, picture->data, (size_t)out->width * (size_t)out->height * 3);
    for (int y = 0; y < out->height; y++) {
        uint8_t *px = out->data + (size_t)y * (size_t)out->width * 3;
        double v = m.y0 + m.sy * (y + 0.5);
        for (int x = 0; x < out->width; x++, px += 3) {
            double u = m.x0 + m.sx * (x + 0.5);
            if (u >= 0 && u <= 1 && v >= 0 && v <= 1)
                shade(px, heat_at(heat, u, v), alpha);
            else
                for (int c = 0; c < 3; c++)
                    px[c] /= 2;
        }
    }
    return AY_OK;
}
