/* plot/curves.c - how a run went, epoch by epoch.  One epoch is a dot and no line. */
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 720, LEFT = 76, RIGHT = 24, PANEL = 170, GAP = 66 };

typedef struct {
    const double *v;
    ay_key key;
} curve;

static double extreme(const curve *all, int n, int epochs, int sign)
{
    double best = NAN;

    for (int k = 0; k < n; k++)
        for (int i = 0; all[k].v && i < epochs; i++)
            if (isfinite(all[k].v[i]) && (isnan(best) || sign * all[k].v[i] > sign * best))
                best = all[k].v[i];
    return best;
}

/* Gaps (NaN) break the line; what stands alone is a dot. */
static void draw_curve(ay_canvas *c, const ay_axes *a, const curve *u, int epochs)
{
    double xy[2 * 512];
    int n = 0;

    for (int i = 0; i <= epochs; i++) {
        bool there = i < epochs && isfinite(u->v[i]) && (a->sy.kind != AY_SCALE_LOG || u->v[i] > 0);
        if (there) {
            xy[2 * n] = ay_axes_x(a, i + 1);
            xy[2 * n + 1] = ay_axes_y(a, u->v[i]);
            n++;
            if (epochs <= 30)
                ay_canvas_circle(c, xy[2 * n - 2], xy[2 * n - 1], epochs == 1 ? 4 : 2.2,
                                 &(ay_brush){.fill = u->key.ink});
        }
        if (n > 0 && (!there || n == 512)) {
            ay_canvas_path(c, xy, n, false,
                           &(ay_brush){.stroke = u->key.ink,
                                       .width = 2,
                                       .dash = u->key.kind == AY_KEY_DASH ? 5 : 0});
            if (n == 512) {
                xy[0] = xy[2 * n - 2];
                xy[1] = xy[2 * n - 1];
            }
            n = there;
        }
    }
}

static void draw_best(ay_canvas *c, const ay_axes *a, int best, bool say)
{
    double x = ay_axes_x(a, best + 1);
    bool flip = x > a->x + a->w - 90;

    ay_canvas_line(c, x, a->y, x, a->y + a->h, &(ay_brush){.stroke = AY_INK_MUTED, .dash = 3});
    if (say)
        ay_canvas_textf(c, x + (flip ? -5 : 5), a->y + 8,
                        &(ay_type){.size = 11,
                                   .ink = AY_INK_MUTED,
                                   .anchor = flip ? AY_ANCHOR_END : AY_ANCHOR_START},
                        "kept: %d", best + 1);
}

/* One panel; 0 when none of its curves is there. */
static bool draw_panel(ay_canvas *c, double y, const ay_scale *sy, const curve *all, int n,
                       const ay_curves *h, bool last)
{
    ay_axes a = {.x = LEFT, .y = y, .w = WIDTH - LEFT - RIGHT, .h = PANEL, .sy = *sy};
    ay_key key[3];
    int keys = 0;

    a.sx = (ay_scale){.kind = AY_SCALE_WHOLE, .lo = 1, .hi = h->epochs, .want = 10,
                      .title = last ? "epoch" : NULL};
    if (h->epochs == 1)
        a.sx.lo = 0.5, a.sx.hi = 1.5;
    a.sy.lo = extreme(all, n, h->epochs, -1);
    a.sy.hi = extreme(all, n, h->epochs, 1);
    if (isnan(a.sy.lo))
        return false;
    if (sy->kind == AY_SCALE_LINEAR && a.sy.lo > 0 && a.sy.lo < 0.5 * a.sy.hi)
        a.sy.lo = 0;
    ay_scale_round(&a.sy);
    if (sy->kind == AY_SCALE_PERCENT)
        a.sy.lo = fmax(0, a.sy.lo), a.sy.hi = fmin(1, a.sy.hi);
    ay_axes_draw(c, &a);
    for (int k = 0; k < n; k++) {
        if (all[k].v && !isnan(extreme(&all[k], 1, h->epochs, 1))) {
            draw_curve(c, &a, &all[k], h->epochs);
            key[keys++] = all[k].key;
        }
    }
    if (h->best >= 0 && h->best < h->epochs && h->epochs > 1)
        draw_best(c, &a, h->best, y < AY_HEADING_HEIGHT + 60);
    ay_legend_draw(c, LEFT, y - 14, key, keys);
    return true;
}

static bool any(const double *v, int epochs)
{
    return v && !isnan(extreme(&(curve){.v = v}, 1, epochs, 1));
}

ay_status ay_plot_curves(ay_canvas **out, const ay_curves *h, ay_err *err)
{
    const curve loss[] = {{h->train_loss, {AY_KEY_DASH, AY_INK_SERIES, "loss, training"}},
                          {h->val_loss, {AY_KEY_LINE, AY_INK_SERIES + 1, "loss, validation"}}};
    const curve right[] = {{h->train_accuracy, {AY_KEY_DASH, AY_INK_SERIES, "accuracy, training"}},
                           {h->val_accuracy, {AY_KEY_LINE, AY_INK_SERIES + 1, "accuracy, validation"}},
                           {h->val_f1, {AY_KEY_LINE, AY_INK_SERIES + 2, "macro F1, validation"}}};
    const curve rate[] = {{h->learning_rate, {AY_KEY_LINE, AY_INK_SERIES + 3, "learning rate"}}};
    const ay_scale scale[] = {
        {.kind = AY_SCALE_LINEAR, .title = "loss", .grid = true},
        {.kind = AY_SCALE_PERCENT, .title = "right", .grid = true},
        {.kind = AY_SCALE_LOG, .title = "learning rate", .grid = true}};
    bool there[3] = {any(h->train_loss, h->epochs) || any(h->val_loss, h->epochs),
                     any(h->train_accuracy, h->epochs) || any(h->val_accuracy, h->epochs) ||
                         any(h->val_f1, h->epochs),
                     any(h->learning_rate, h->epochs)};
    int panels = there[0] + there[1] + there[2];
    double y = AY_HEADING_HEIGHT + 24;
    char about[80];

    *out = NULL;
    if (h->epochs < 1 || panels == 0)
        return ay_fail(err, AY_EINVAL, "training curves: no finished epoch to draw");
    snprintf(about, sizeof about, "%d epoch%s", h->epochs, h->epochs == 1 ? "" : "s");
    ay_status status = ay_canvas_create(out, WIDTH, y + panels * (PANEL + GAP) - 10,
                                        "Training curves", about, err);
    if (status != AY_OK)
        return status;
    ay_heading_draw(*out, "Training curves", about);
    const curve *part[] = {loss, right, rate};
    const int count[] = {2, 3, 1};
    for (int p = 0; p < 3; p++) {
        bool last = p == 2 || !(there[2] || (p == 0 && there[1]));
        if (there[p] && draw_panel(*out, y, &scale[p], part[p], count[p], h, last))
            y += PANEL + GAP;
    }
    return AY_OK;
}
