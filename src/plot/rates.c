/* plot/rates.c - one rate a class with its interval, the lowest on top; of more than MOST classes the lowest. */
#include "base/mem.h"
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BARS = 460, LABEL_MAX = 220, MOST = 150 };

static int lowest_first(const void *a, const void *b)
{
    const ay_plot_rate *x = *(const ay_plot_rate *const *)a, *y = *(const ay_plot_rate *const *)b;
    double p = isnan(x->rate) ? 2 : x->rate, q = isnan(y->rate) ? 2 : y->rate;

    if (p != q)
        return p < q ? -1 : 1;
    return x < y ? -1 : 1;
}

static void draw_row(ay_canvas *c, const ay_axes *a, const ay_plot_rate *r, double y, double pitch, double label)
{
    double mid = y + pitch / 2, thick = pitch * 0.5;

    ay_canvas_text(c, a->x - 10, mid, &(ay_type){.size = fmin(12, pitch * 0.6), .anchor = AY_ANCHOR_END, .max_width = label},
                   r->name);
    if (isnan(r->rate)) {
        ay_canvas_text(c, a->x + 8, mid, &(ay_type){.size = fmin(11, pitch * 0.55), .ink = AY_INK_MUTED}, "no pictures");
        return;
    }
    ay_canvas_rect(c, a->x, mid - thick / 2, fmax(0.5, r->rate * a->w), thick, &(ay_brush){.fill = AY_INK_SERIES});
    ay_canvas_line(c, ay_axes_x(a, r->lo), mid, ay_axes_x(a, r->hi), mid, &(ay_brush){.stroke = AY_INK_TEXT, .width = 1.5});
    for (int k = 0; k < 2; k++) {
        double x = ay_axes_x(a, k ? r->hi : r->lo);
        ay_canvas_line(c, x, mid - thick * 0.3, x, mid + thick * 0.3, &(ay_brush){.stroke = AY_INK_TEXT, .width = 1.5});
    }
    ay_canvas_textf(c, a->x + a->w + 10, mid, &(ay_type){.size = fmin(11, pitch * 0.55), .ink = AY_INK_MUTED}, "%lld of %lld",
                    (long long)r->count, (long long)r->of);
}

static void draw(ay_canvas *c, const ay_plot_rate *const *row, int n, double pitch, double label)
{
    ay_axes a = {.x = label + 30, .y = AY_HEADING_HEIGHT + 10, .w = BARS, .h = n * pitch, .sy = {.hi = 1}};
    double at[AY_TICKS_MAX];
    char text[32];
    int ticks;

    a.sx = (ay_scale){.kind = AY_SCALE_PERCENT, .hi = 1, .want = 5, .grid = true};
    ticks = ay_scale_ticks(&a.sx, at);
    for (int i = 0; i < ticks; i++) {
        double x = ay_axes_x(&a, at[i]);
        ay_canvas_line(c, x, a.y, x, a.y + a.h, &(ay_brush){.stroke = AY_INK_GRID});
        ay_scale_label(&a.sx, at[i], text, sizeof text);
        ay_canvas_text(c, x, a.y + a.h + 13, &(ay_type){.size = 11, .anchor = AY_ANCHOR_MIDDLE, .ink = AY_INK_MUTED}, text);
    }
    for (int i = 0; i < n; i++)
        draw_row(c, &a, row[i], a.y + i * pitch, pitch, label);
    ay_canvas_line(c, a.x, a.y, a.x, a.y + a.h, &(ay_brush){.stroke = AY_INK_AXIS});
}

ay_status ay_plot_rates(ay_canvas **out, const char *title, const ay_plot_rate *rows, int n, ay_err *err)
{
    double pitch = fmax(19, fmin(44, 700.0 / (n > 0 ? n : 1))), label = 0;
    int shown = n < MOST ? n : MOST;
    const ay_plot_rate **row;
    ay_status status;

    *out = NULL;
    if (n < 1)
        return ay_fail(err, AY_EINVAL, "rates by class: no classes");
    row = ay_calloc((size_t)n, sizeof *row);
    if (!row)
        return ay_fail(err, AY_ENOMEM, "rates of %d classes: no memory", n);
    for (int i = 0; i < n; i++) {
        row[i] = &rows[i];
        label = fmax(label, ay_text_width(rows[i].name, fmin(12, pitch * 0.6), false) + 2);
    }
    qsort(row, (size_t)n, sizeof *row, lowest_first);
    label = fmin(label, LABEL_MAX);
    status = ay_canvas_create(out, label + 30 + BARS + 120, AY_HEADING_HEIGHT + 10 + shown * pitch + 32, title,
                              "Lowest first, with 95 % intervals.", err);
    if (status == AY_OK) {
        ay_heading_draw(*out, title, n > MOST ? "Lowest first, with 95 % intervals; the lowest 150 are shown." : "Lowest first, with 95 % intervals.");
        draw(*out, row, shown, pitch, label);
    }
    ay_free(row);
    return status;
}
