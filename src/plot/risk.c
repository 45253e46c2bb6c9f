/* plot/risk.c - how many mistakes remain when the least sure pictures go to a person. */
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 640, LEFT = 76, POINTS = 400 };

static void draw_curve(ay_canvas *c, const ay_axes *a, const double *risk, int64_t n)
{
    double xy[2 * (POINTS + 2)];
    int64_t points = n < POINTS ? n : POINTS;

    for (int64_t k = 0; k < points; k++) {
        int64_t i = n * (k + 1) / points - 1;
        xy[2 * k] = ay_axes_x(a, (double)(i + 1) / (double)n);
        xy[2 * k + 1] = ay_axes_y(a, risk[i]);
    }
    ay_canvas_path(c, xy, (int)points, false, &(ay_brush){.stroke = AY_INK_SERIES, .width = 2.2});
    if (points == 1)
        ay_canvas_circle(c, xy[0], xy[1], 4, &(ay_brush){.fill = AY_INK_SERIES});
}

static void draw_point(ay_canvas *c, const ay_axes *a, double coverage, double risk, double threshold)
{
    double x = ay_axes_x(a, coverage), y = ay_axes_y(a, risk);
    bool flip = coverage > 0.5;

    ay_canvas_line(c, x, a->y, x, a->y + a->h, &(ay_brush){.stroke = AY_INK_MUTED, .dash = 4});
    ay_canvas_circle(c, x, y, 5, &(ay_brush){.fill = AY_INK_SERIES + 1});
    ay_canvas_textf(c, x + (flip ? -9 : 9), a->y + 10,
                    &(ay_type){.size = 11, .anchor = flip ? AY_ANCHOR_END : AY_ANCHOR_START},
                    "from %.0f %% sure: %.1f %% answered, %.1f %% of them wrong", 100 * threshold,
                    100 * coverage, 100 * risk);
}

ay_status ay_plot_risk(ay_canvas **out, const double *risk, int64_t n, double area, double coverage,
                       double threshold, ay_err *err)
{
    ay_axes a = {.x = LEFT, .y = AY_HEADING_HEIGHT + 10, .w = WIDTH - LEFT - 30, .h = 280};
    double most = 0;
    char about[160];
    ay_status status;

    *out = NULL;
    if (n < 1)
        return ay_fail(err, AY_EINVAL, "risk and coverage: no pictures");
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, risk[i]);
    snprintf(about, sizeof about,
             "Wrong answers among the surest; area %.4f.  Everything answered: %.1f %% wrong.", area,
             100 * risk[n - 1]);
    status = ay_canvas_create(out, WIDTH, a.y + a.h + 56, "Risk and coverage", about, err);
    if (status != AY_OK)
        return status;
    ay_heading_draw(*out, "What remains wrong if unsure pictures go to a person", about);
    a.sx = (ay_scale){.kind = AY_SCALE_PERCENT, .hi = 1, .want = 10, .grid = true,
                      .title = "pictures answered, surest first"};
    a.sy = (ay_scale){.kind = AY_SCALE_PERCENT, .hi = fmax(most, 0.01), .grid = true, .title = "wrong"};
    ay_scale_round(&a.sy);
    a.sy.hi = fmin(1, a.sy.hi);
    ay_axes_draw(*out, &a);
    if (coverage > 0 && coverage <= 1 && threshold > 0) {
        int64_t i = (int64_t)llround(coverage * (double)n) - 1;
        draw_point(*out, &a, coverage, risk[i < 0 ? 0 : i < n ? i : n - 1], threshold);
    }
    draw_curve(*out, &a, risk, n);
    return AY_OK;
}
