/* plot/reliability.c - does 80 % sure mean right four times in five?
 *
 * Bars stand at the mean confidence of their bin and are as high as its accuracy; the gap to the
 * diagonal is drawn, hatched in the colour of mistakes, because the gap is the message. */
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 560, LEFT = 76, SIDE = 440, LOW = 120 };

static void draw_bin(ay_canvas *c, const ay_axes *a, const ay_plot_bin *b)
{
    double x0 = ay_axes_x(a, b->lo) + 1, w = ay_axes_x(a, b->hi) - x0 - 1, base = ay_axes_y(a, 0);
    double top = ay_axes_y(a, b->accuracy), ideal = ay_axes_y(a, b->confidence);

    ay_canvas_rect(c, x0, top, w, base - top, &(ay_brush){.fill = AY_INK_SERIES, .opacity = 0.85});
    ay_canvas_rect(c, x0, fmin(top, ideal), w, fabs(top - ideal),
                   &(ay_brush){.fill = AY_INK_BAD, .opacity = 0.3});
    ay_canvas_line(c, x0, ideal, x0 + w, ideal, &(ay_brush){.stroke = AY_INK_BAD, .width = 2});
}

static void draw_upper(ay_canvas *c, const ay_axes *a, const ay_plot_bin *bin, int bins)
{
    const ay_key key[] = {{AY_KEY_BOX, AY_INK_SERIES, "right"},
                          {AY_KEY_LINE, AY_INK_BAD, "confidence; shaded: the gap"},
                          {AY_KEY_DASH, AY_INK_MUTED, "honest"}};

    ay_axes_draw(c, a);
    for (int b = 0; b < bins; b++)
        if (bin[b].count > 0)
            draw_bin(c, a, &bin[b]);
    ay_canvas_line(c, ay_axes_x(a, 0), ay_axes_y(a, 0), ay_axes_x(a, 1), ay_axes_y(a, 1),
                   &(ay_brush){.stroke = AY_INK_MUTED, .width = 1.5, .dash = 5});
    ay_legend_draw(c, LEFT, a->y - 14, key, 3);
}

static void draw_lower(ay_canvas *c, double y, const int64_t *h, int bins, double threshold)
{
    ay_axes a = {.x = LEFT, .y = y, .w = SIDE, .h = LOW};
    int64_t most = 1;

    for (int b = 0; b < bins; b++)
        most = h[b] > most ? h[b] : most;
    a.sx = (ay_scale){.kind = AY_SCALE_PERCENT, .hi = 1, .want = 10, .title = "confidence"};
    a.sy = (ay_scale){.kind = AY_SCALE_WHOLE, .hi = (double)most, .want = 3, .title = "pictures", .grid = true};
    ay_scale_round(&a.sy);
    ay_axes_draw(c, &a);
    for (int b = 0; b < bins; b++) {
        double x0 = ay_axes_x(&a, (double)b / bins), x1 = ay_axes_x(&a, (b + 1.0) / bins);
        double top = ay_axes_y(&a, (double)h[b]);
        if (h[b] > 0)
            ay_canvas_rect(c, x0 + 0.5, top, x1 - x0 - 1, ay_axes_y(&a, 0) - top,
                           &(ay_brush){.fill = AY_INK_SERIES});
    }
    if (threshold >= 0 && threshold <= 1) {
        double x = ay_axes_x(&a, threshold);
        bool flip = threshold > 0.5;
        ay_canvas_line(c, x, y - 4, x, y + LOW, &(ay_brush){.stroke = AY_INK_BAD, .width = 1.5});
        ay_canvas_textf(c, x + (flip ? -5 : 5), y + 4,
                        &(ay_type){.size = 11, .anchor = flip ? AY_ANCHOR_END : AY_ANCHOR_START},
                        "accepted from %.0f %%", 100 * threshold);
    }
}

ay_status ay_plot_reliability(ay_canvas **out, const ay_plot_bin *bin, int bins,
                              const int64_t *histogram, int histogram_bins, double ece, double mce,
                              double threshold, ay_err *err)
{
    ay_axes a = {.x = LEFT, .y = AY_HEADING_HEIGHT + 24, .w = SIDE, .h = SIDE * 0.8};
    char about[160];
    ay_status status;

    *out = NULL;
    if (bins < 1 || histogram_bins < 1)
        return ay_fail(err, AY_EINVAL, "reliability diagram: no bins");
    snprintf(about, sizeof about,
             "Confidence is off by %.1f points on average, by %.1f in the worst bin.", 100 * ece,
             100 * mce);
    status = ay_canvas_create(out, WIDTH, a.y + a.h + 44 + LOW + 60, "Reliability diagram", about, err);
    if (status != AY_OK)
        return status;
    ay_heading_draw(*out, "Is it as sure as it should be?", about);
    a.sx = (ay_scale){.kind = AY_SCALE_PERCENT, .hi = 1, .want = 10, .grid = true};
    a.sy = (ay_scale){.kind = AY_SCALE_PERCENT, .hi = 1, .want = 5, .grid = true, .title = "right"};
    draw_upper(*out, &a, bin, bins);
    draw_lower(*out, a.y + a.h + 44, histogram, histogram_bins, threshold);
    return AY_OK;
}
