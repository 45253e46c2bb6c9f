/* plot/classes.c - three bars a class, the weakest class on top; of more than MOST classes the weakest
 * of those that have pictures. */
#include "base/mem.h"
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BARS = 460, LABEL_MAX = 190, MOST = 150 };

static int weakest_first(const void *a, const void *b)
{
    const ay_plot_class *x = *(const ay_plot_class *const *)a, *y = *(const ay_plot_class *const *)b;

    if (x->f1 != y->f1)
        return x->f1 < y->f1 ? -1 : 1;
    return x < y ? -1 : 1;
}

static void draw_row(ay_canvas *c, const ay_axes *a, const ay_plot_class *r, double y, double pitch,
                     double label)
{
    const double v[] = {r->precision, r->recall, r->f1};
    double thick = pitch * 0.24;

    ay_canvas_text(c, a->x - 10, y + pitch / 2,
                   &(ay_type){.size = fmin(12, pitch * 0.6), .anchor = AY_ANCHOR_END, .max_width = label},
                   r->name);
    for (int k = 0; k < 3; k++)
        ay_canvas_rect(c, a->x, y + pitch * 0.12 + k * thick * 1.08, fmax(0.5, v[k] * a->w), thick,
                       &(ay_brush){.fill = AY_INK_SERIES + (k == 2 ? 2 : k)});
    ay_canvas_textf(c, a->x + a->w + 10, y + pitch / 2,
                    &(ay_type){.size = fmin(11, pitch * 0.55), .ink = AY_INK_MUTED},
                    "%.2f   of %lld", r->f1, (long long)r->support);
}

static void draw(ay_canvas *c, const ay_plot_class *const *row, int n, double pitch, double label,
                 double line)
{
    const ay_key key[] = {{AY_KEY_BOX, AY_INK_SERIES, "precision"},
                          {AY_KEY_BOX, AY_INK_SERIES + 1, "recall"},
                          {AY_KEY_BOX, AY_INK_SERIES + 2, "F1"}};
    ay_axes a = {.x = label + 30, .y = AY_HEADING_HEIGHT + 26, .w = BARS, .h = n * pitch};
    double at[AY_TICKS_MAX];
    char text[32];

    a.sx = (ay_scale){.kind = AY_SCALE_PERCENT, .hi = 1, .want = 5, .grid = true};
    a.sy = (ay_scale){.hi = 1};
    int ticks = ay_scale_ticks(&a.sx, at);
    for (int i = 0; i < ticks; i++) {
        double x = ay_axes_x(&a, at[i]);
        ay_canvas_line(c, x, a.y, x, a.y + a.h, &(ay_brush){.stroke = AY_INK_GRID});
        ay_scale_label(&a.sx, at[i], text, sizeof text);
        ay_canvas_text(c, x, a.y + a.h + 13,
                       &(ay_type){.size = 11, .anchor = AY_ANCHOR_MIDDLE, .ink = AY_INK_MUTED}, text);
    }
    for (int i = 0; i < n; i++)
        draw_row(c, &a, row[i], a.y + i * pitch, pitch, label);
    if (line >= 0 && line <= 1) {
        double x = ay_axes_x(&a, line);
        ay_canvas_line(c, x, a.y - 4, x, a.y + a.h, &(ay_brush){.stroke = AY_INK_BAD, .width = 1.5, .dash = 4});
    }
    ay_canvas_line(c, a.x, a.y, a.x, a.y + a.h, &(ay_brush){.stroke = AY_INK_AXIS});
    ay_legend_draw(c, a.x, AY_HEADING_HEIGHT + 10, key, 3);
}

ay_status ay_plot_classes(ay_canvas **out, const ay_plot_class *rows, int classes, double line,
                          ay_err *err)
{
    const ay_plot_class **row;
    double pitch = fmax(19, fmin(44, 700.0 / (classes > 0 ? classes : 1))), label = 0;
    int weak = 0, shown = 0;
    char about[160];
    ay_status status;

    *out = NULL;
    if (classes < 1)
        return ay_fail(err, AY_EINVAL, "bars by class: no classes");
    row = ay_calloc((size_t)classes, sizeof *row);
    if (!row)
        return ay_fail(err, AY_ENOMEM, "bars of %d classes: no memory", classes);
    for (int i = 0; i < classes; i++) {
        if (classes <= MOST || rows[i].support > 0)
            row[shown++] = &rows[i];
        weak += rows[i].f1 < line;
        label = fmax(label, ay_text_width(rows[i].name, fmin(12, pitch * 0.6), false) + 2);
    }
    qsort(row, (size_t)shown, sizeof *row, weakest_first);
    shown = shown < MOST ? shown : MOST;
    label = fmin(label, LABEL_MAX);
    snprintf(about, sizeof about, "%d of %d classes lie%s under the line at %.2f.%s", weak, classes,
             weak == 1 ? "s" : "", line, classes > MOST ? "  Shown: the weakest that have pictures." : "");
    status = ay_canvas_create(out, label + 30 + BARS + 120, AY_HEADING_HEIGHT + 26 + shown * pitch + 32,
                              "Precision, recall and F1 by class", about, err);
    if (status == AY_OK) {
        ay_heading_draw(*out, "By class, weakest first", isnan(line) ? NULL : about);
        draw(*out, row, shown, pitch, label, line);
    }
    ay_free(row);
    return status;
}
