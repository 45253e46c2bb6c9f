#include "plot/axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_SIZE = 11, TITLE_SIZE = 12 };

static double place(const ay_scale *s, double v)
{
    return s->kind == AY_SCALE_LOG ? (log10(v) - log10(s->lo)) / (log10(s->hi) - log10(s->lo))
                                   : (v - s->lo) / (s->hi - s->lo);
}

double ay_axes_x(const ay_axes *a, double v) { return a->x + a->w * place(&a->sx, v); }
double ay_axes_y(const ay_axes *a, double v) { return a->y + a->h * (1 - place(&a->sy, v)); }

/* 1, 2 or 5 times a power of ten, near span / want. */
static double nice_step(double span, int want)
{
    double raw = span / want, power = pow(10, floor(log10(raw))), m = raw / power;

    return (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10) * power;
}

static int linear_ticks(const ay_scale *s, double *at)
{
    double step = nice_step(s->hi - s->lo, s->want > 0 ? s->want : 5);
    int n = 0;

    if (s->kind == AY_SCALE_WHOLE && step < 1)
        step = 1;
    double first = ceil(s->lo / step - 1e-9);
    for (int k = 0; n < AY_TICKS_MAX; k++) {
        double v = (first + k) * step;
        if (v > s->hi + step * 1e-6)
            break;
        at[n++] = fabs(v) < step * 1e-9 ? 0 : v;
    }
    return n;
}

static int log_ticks(const ay_scale *s, double *at)
{
    int lo = (int)ceil(log10(s->lo) - 1e-9), hi = (int)floor(log10(s->hi) + 1e-9), n = 0;
    int step = (hi - lo) / 8 + 1;

    for (int e = lo; e <= hi && n < AY_TICKS_MAX; e += step)
        at[n++] = pow(10, e);
    return n;
}

int ay_scale_ticks(const ay_scale *s, double at[AY_TICKS_MAX])
{
    return s->kind == AY_SCALE_LOG ? log_ticks(s, at) : linear_ticks(s, at);
}

void ay_scale_label(const ay_scale *s, double v, char *dst, size_t cap)
{
    if (s->kind == AY_SCALE_PERCENT)
        snprintf(dst, cap, "%.6g %%", 100 * v);
    else if (s->kind == AY_SCALE_LOG)
        snprintf(dst, cap, "1e%d", (int)lround(log10(v)));
    else
        snprintf(dst, cap, "%.6g", v);
}

void ay_scale_round(ay_scale *s)
{
    if (!isfinite(s->lo) || !isfinite(s->hi))
        s->lo = 0, s->hi = 1;
    if (s->kind == AY_SCALE_LOG) {
        s->lo = s->lo > 0 ? s->lo : 1e-6;
        s->hi = s->hi > s->lo ? s->hi : s->lo;
        s->lo = pow(10, floor(log10(s->lo) + 1e-9));
        s->hi = pow(10, ceil(log10(s->hi) - 1e-9));
        if (s->hi <= s->lo * 1.5)
            s->hi = s->lo * 10;
        return;
    }
    if (s->hi - s->lo < 1e-12 * fmax(1, fabs(s->hi))) {
        double room = fmax(0.05, fabs(s->hi) * 0.1);
        s->lo -= room, s->hi += room;
    }
    double step = nice_step(s->hi - s->lo, s->want > 0 ? s->want : 5);
    s->lo = floor(s->lo / step + 1e-9) * step;
    s->hi = ceil(s->hi / step - 1e-9) * step;
}

static void draw_x(ay_canvas *c, const ay_axes *a)
{
    const ay_brush grid = {.stroke = AY_INK_GRID}, axis = {.stroke = AY_INK_AXIS};
    const ay_type label = {.size = LABEL_SIZE, .anchor = AY_ANCHOR_MIDDLE, .ink = AY_INK_MUTED};
    double at[AY_TICKS_MAX], base = a->y + a->h;
    char text[32];
    int n = ay_scale_ticks(&a->sx, at);

    for (int i = 0; i < n; i++) {
        double x = ay_axes_x(a, at[i]);
        if (a->sx.grid)
            ay_canvas_line(c, x, a->y, x, base, &grid);
        ay_canvas_line(c, x, base, x, base + 4, &axis);
        ay_scale_label(&a->sx, at[i], text, sizeof text);
        ay_canvas_text(c, x, base + 13, &label, text);
    }
    if (a->sx.title)
        ay_canvas_text(c, a->x + a->w / 2, base + 33,
                       &(ay_type){.size = TITLE_SIZE, .anchor = AY_ANCHOR_MIDDLE, .max_width = a->w},
                       a->sx.title);
}

static void draw_y(ay_canvas *c, const ay_axes *a)
{
    const ay_brush grid = {.stroke = AY_INK_GRID}, axis = {.stroke = AY_INK_AXIS};
    const ay_type label = {.size = LABEL_SIZE, .anchor = AY_ANCHOR_END, .ink = AY_INK_MUTED};
    double at[AY_TICKS_MAX];
    char text[32];
    int n = ay_scale_ticks(&a->sy, at);

    for (int i = 0; i < n; i++) {
        double y = ay_axes_y(a, at[i]);
        if (a->sy.grid)
            ay_canvas_line(c, a->x, y, a->x + a->w, y, &grid);
        ay_canvas_line(c, a->x - 4, y, a->x, y, &axis);
        ay_scale_label(&a->sy, at[i], text, sizeof text);
        ay_canvas_text(c, a->x - 8, y, &label, text);
    }
    if (a->sy.title)
        ay_canvas_text(c, a->x - 54, a->y + a->h / 2,
                       &(ay_type){.size = TITLE_SIZE,
                                  .anchor = AY_ANCHOR_MIDDLE,
                                  .rotate = -90,
                                  .max_width = a->h},
                       a->sy.title);
}

void ay_axes_draw(ay_canvas *c, const ay_axes *a)
{
    const ay_brush axis = {.stroke = AY_INK_AXIS};

    draw_x(c, a);
    draw_y(c, a);
    ay_canvas_line(c, a->x, a->y, a->x, a->y + a->h, &axis);
    ay_canvas_line(c, a->x, a->y + a->h, a->x + a->w, a->y + a->h, &axis);
}

double ay_legend_draw(ay_canvas *c, double x, double y, const ay_key *key, int keys)
{
    for (int i = 0; i < keys; i++) {
        const ay_key *k = &key[i];
        const ay_brush fill = {.fill = k->ink},
                       line = {.stroke = k->ink, .width = 2, .dash = k->kind == AY_KEY_DASH ? 4 : 0};
        if (k->kind == AY_KEY_BOX)
            ay_canvas_rect(c, x, y - 5, 10, 10, &fill);
        else if (k->kind == AY_KEY_DOT)
            ay_canvas_circle(c, x + 5, y, 4, &fill);
        else
            ay_canvas_line(c, x, y, x + 18, y, &line);
        x += k->kind == AY_KEY_BOX || k->kind == AY_KEY_DOT ? 15 : 24;
        ay_canvas_text(c, x, y, &(ay_type){.size = LABEL_SIZE}, k->text);
        x += ay_text_width(k->text, LABEL_SIZE, false) + 18;
    }
    return x;
}

void ay_heading_draw(ay_canvas *c, const char *title, const char *sentence)
{
    double room = ay_canvas_width(c) - 40;

    ay_canvas_text(c, 20, 22, &(ay_type){.size = 16, .bold = true, .max_width = room}, title);
    if (sentence)
        ay_canvas_text(c, 20, 42, &(ay_type){.size = 12, .ink = AY_INK_MUTED, .max_width = room},
                       sentence);
}
