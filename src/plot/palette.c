#include "plot/palette.h"

#include <math.h>

typedef struct {
    uint32_t light, dark;
} pair;

static const pair fixed[AY_INK_SERIES] = {
    [AY_INK_PAPER] = {0xffffff, 0x15181c}, [AY_INK_TEXT] = {0x1a1f26, 0xe8eaed},
    [AY_INK_MUTED] = {0x59626e, 0xa3acb8}, [AY_INK_AXIS] = {0x8a939f, 0x6b7581},
    [AY_INK_GRID] = {0xe3e6ea, 0x2b3138},  [AY_INK_PANEL] = {0xf3f5f7, 0x1f242a},
    [AY_INK_BAD] = {0xc14a00, 0xff8f4d},
};

/* Okabe and Ito, "Color universal design", 2008: blue, vermilion, green, purple, orange, sky. */
static const pair series[AY_SERIES_COUNT] = {
    {0x0072b2, 0x4da9e0}, {0xd55e00, 0xff8a3d}, {0x009e73, 0x2fc79b},
    {0xb0588c, 0xe08fbb}, {0xc98a00, 0xf0b429}, {0x3f9bcf, 0x8fd0f5},
};

/* Ends and middle of the heat ramp; between them each channel runs straight. */
static const uint32_t ramp[2][3] = {{0xf4f7fa, 0x5b9bc8, 0x08306b}, {0x1c2229, 0x2f6f9f, 0xb9e0ff}};

static uint32_t mix(uint32_t a, uint32_t b, double t)
{
    uint32_t out = 0;

    for (int shift = 0; shift <= 16; shift += 8) {
        double x = a >> shift & 255, y = b >> shift & 255;
        out |= (uint32_t)lround(x + (y - x) * t) << shift;
    }
    return out;
}

static uint32_t heat(int step, int dark)
{
    double t = 2.0 * step / (AY_HEAT_STEPS - 1);

    return t < 1 ? mix(ramp[dark][0], ramp[dark][1], t) : mix(ramp[dark][1], ramp[dark][2], t - 1);
}

static double linear(uint32_t channel)
{
    double v = channel / 255.0;

    return v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* WCAG 2 relative luminance. */
static double luminance(uint32_t rgb)
{
    return 0.2126 * linear(rgb >> 16 & 255) + 0.7152 * linear(rgb >> 8 & 255) +
           0.0722 * linear(rgb & 255);
}

/* Black or white, whichever stands out more on this step. */
static uint32_t on_heat(int step, int dark)
{
    double l = luminance(heat(step, dark));

    return 1.05 / (l + 0.05) > (l + 0.05) / 0.05 ? 0xffffff : 0x0d1117;
}

uint32_t ay_ink_rgb(ay_ink ink, ay_theme theme)
{
    int dark = theme == AY_THEME_DARK;

    if (ink >= AY_INK_ON_HEAT)
        return on_heat(ink - AY_INK_ON_HEAT, dark);
    if (ink >= AY_INK_HEAT)
        return heat(ink - AY_INK_HEAT, dark);
    if (ink >= AY_INK_SERIES)
        return dark ? series[ink - AY_INK_SERIES].dark : series[ink - AY_INK_SERIES].light;
    return dark ? fixed[ink].dark : fixed[ink].light;
}

ay_ink ay_ink_heat(double share)
{
    int last = AY_HEAT_STEPS - 1, step = share > 0 ? (int)ceil(share * last) : 0;

    return AY_INK_HEAT + (step > last ? last : step);
}

/* Mikhailov, "Turbo, an improved rainbow colormap for visualization", 2019: its polynomial form. */
uint32_t ay_turbo_rgb(double share)
{
    static const double c[3][6] = {
        {0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943},
        {0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604},
        {0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973}};
    double x = share > 0 ? (share < 1 ? share : 1) : 0;
    uint32_t out = 0;

    for (int k = 0; k < 3; k++) {
        double v = c[k][0] + x * (c[k][1] + x * (c[k][2] + x * (c[k][3] + x * (c[k][4] + x * c[k][5]))));
        out = out << 8 | (uint32_t)lround(255 * fmin(1, fmax(0, v)));
    }
    return out;
}
