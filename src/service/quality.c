#include "service/quality.h"

#include "base/mem.h"

#include <math.h>

enum { SIDE = 256 };

static const struct {
    const char *code, *say;
} hints[] = {
    {"too_dark", "The picture is very dark: more light will help."},
    {"too_bright", "The picture is overexposed: less light, or another angle, will help."},
    {"low_contrast", "There is hardly anything to see: fill the frame with the object."},
    {"blurred", "The picture is blurred: hold still, or move back until it is sharp."},
};

static void luma(const ay_image *im, float *dst)
{
    size_t n = (size_t)im->width * (size_t)im->height;

    for (size_t i = 0; i < n; i++)
        dst[i] = (0.299f * im->data[3 * i] + 0.587f * im->data[3 * i + 1] +
                  0.114f * im->data[3 * i + 2]) /
                 255.0f;
}

static void moments(const float *v, size_t n, double *mean, double *variance)
{
    double sum = 0, square = 0;

    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        square += (double)v[i] * v[i];
    }
    *mean = n ? sum / (double)n : 0;
    *variance = n ? fmax(0, square / (double)n - *mean * *mean) : 0;
}

/* Variance of the 4-neighbour Laplacian inside the border. */
static double laplacian(const float *v, int w, int h)
{
    double sum = 0, square = 0, n = (double)(w - 2) * (h - 2);

    if (w < 3 || h < 3)
        return 0;
    for (int y = 1; y + 1 < h; y++) {
        const float *p = v + (size_t)y * (size_t)w;
        for (int x = 1; x + 1 < w; x++) {
            double d = (double)p[x - 1] + p[x + 1] + p[x - w] + p[x + w] - 4.0 * p[x];
            sum += d;
            square += d * d;
        }
    }
    return square / n - sum / n * (sum / n);
}

static void judge(ay_quality *q, bool large)
{
    int hint = -1;

    if (q->brightness < 0.15f)
        hint = 0;
    else if (q->brightness > 0.92f && q->contrast < 0.1f)
        hint = 1;
    else if (q->contrast < 0.03f)
        hint = 2;
    else if (large && q->sharpness < 1)
        hint = 3;
    if (hint >= 0) {
        q->hint_code = hints[hint].code;
        q->hint = hints[hint].say;
    }
}

ay_status ay_quality_measure(const ay_image *im, ay_quality *out, ay_err *err)
{
    ay_image small = {0};
    const ay_image *use = im;
    double mean, variance;
    ay_status status = AY_OK;
    bool large = im->width >= SIDE && im->height >= SIDE;
    float *v;
    int w, h;

    *out = (ay_quality){0};
    if (large) {
        ay_image_shortest_size(im, SIDE, &w, &h);
        status = ay_image_resize(im, w, h, AY_FILTER_BOX, &small, err);
        use = &small;
    }
    if (status != AY_OK)
        return status;
    v = ay_alloc((size_t)use->width * (size_t)use->height, sizeof *v);
    if (v) {
        luma(use, v);
        moments(v, (size_t)use->width * (size_t)use->height, &mean, &variance);
        out->brightness = (float)mean;
        out->contrast = (float)sqrt(variance);
        if (variance > 1e-9)
            out->sharpness = (float)(50 * laplacian(v, use->width, use->height) / variance);
        judge(out, large);
    }
    ay_free(v);
    ay_image_fini(&small);
    return v ? AY_OK : ay_fail(err, AY_ENOMEM, "judging a picture");
}
