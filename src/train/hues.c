#include "train/hues.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, BORDER = 4 * SIDE - 4 };

const char *const ay_hue_names[AY_HUES] = {"red colour",  "orange colour", "yellow colour", "green colour",
                                           "blue colour", "purple colour", "white colour",  "black colour"};

static int by_value(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* The median of the border's values of one channel. */
static double ground(const uint8_t *rgb, int channel)
{
    uint8_t v[BORDER];
    int n = 0;

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            if (y == 0 || y == SIDE - 1 || x == 0 || x == SIDE - 1)
                v[n++] = rgb[(y * SIDE + x) * 3 + channel];
    qsort(v, (size_t)n, 1, by_value);
    return v[n / 2] / 255.0;
}

/* The colour of a pixel, or -1: none of them. */
static int colour_of(const double c[3])
{
    static const double end[] = {15, 42, 68, 170, 260, 345};
    double high = fmax(c[0], fmax(c[1], c[2])), low = fmin(c[0], fmin(c[1], c[2])), d = high - low, hue;
    double saturation = high > 0 ? d / high : 0;

    if (high < 0.2)
        return 7;
    if (saturation < 0.15 && high > 0.85)
        return 6;
    if (saturation <= 0.35 || high <= 0.25)
        return -1;
    hue = high == c[0] ? fmod((c[1] - c[2]) / d + 6, 6) : high == c[1] ? (c[2] - c[0]) / d + 2 : (c[0] - c[1]) / d + 4;
    for (int k = 0; k < 6; k++)
        if (hue * 60 < end[k])
            return k;
    return 0;
}

static void weigh(const uint8_t *rgb, double weight[SIDE * SIDE])
{
    double middle[3], sum = 0;
    int n = 0;

    for (int k = 0; k < 3; k++)
        middle[k] = ground(rgb, k);
    for (int i = 0; i < SIDE * SIDE; i++) {
        double far = 0;
        for (int k = 0; k < 3; k++)
            far = fmax(far, fabs(rgb[i * 3 + k] / 255.0 - middle[k]));
        weight[i] = far > 0.12;
        n += far > 0.12;
    }
    for (int i = 0; i < SIDE * SIDE; i++) {
        double y = (i / SIDE - 15.5) / 10, x = (i % SIDE - 15.5) / 10;
        weight[i] = (n * 20 < SIDE * SIDE ? 1 : weight[i]) * exp(-(x * x + y * y) / 2);
        sum += weight[i];
    }
    for (int i = 0; i < SIDE * SIDE; i++)
        weight[i] /= sum;
}

ay_status ay_hues_of(const ay_image *im, double share[AY_HUES], ay_err *err)
{
    double weight[SIDE * SIDE];
    ay_image small;
    ay_status status = ay_image_resize(im, SIDE, SIDE, AY_FILTER_BOX, &small, err);

    if (status != AY_OK)
        return status;
    memset(share, 0, AY_HUES * sizeof *share);
    weigh(small.data, weight);
    for (int i = 0; i < SIDE * SIDE; i++) {
        const uint8_t *p = small.data + i * 3;
        int k = colour_of((const double[3]){p[0] / 255.0, p[1] / 255.0, p[2] / 255.0});
        if (k >= 0)
            share[k] += weight[i];
    }
    ay_image_fini(&small);
    return AY_OK;
}
