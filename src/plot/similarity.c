/* plot/similarity.c - how similar pictures are to golden samples: as two densities, and class by class.
 *
 * The densities have equal area whatever the numbers of pictures are: among ten thousand right answers twenty wrong
 * ones would not be seen, and where they lie is the question. */
#include "base/mem.h"
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 640, LEFT = 76, RIGHT = 24, HIGH = 260, BINS = 50, BARS = 460, LABEL_MAX = 220, MOST = 150 };

static const ay_ink ink_of[2] = {AY_INK_SERIES, AY_INK_BAD};

/* ---- two densities --------------------------------------------------------------------------- */

static void range_of(const double *const value[2], const int64_t n[2], double *lo, double *hi)
{
    *lo = INFINITY;
    *hi = -INFINITY;
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < n[k]; i++)
            if (isfinite(value[k][i])) {
                *lo = fmin(*lo, value[k][i]);
                *hi = fmax(*hi, value[k][i]);
            }
    if (!(*lo <= *hi)) {
        *lo = 0;
        *hi = 1;
    }
    if (*hi - *lo < 0.05) { /* all the same: a bar, and not a wall */
        *lo -= 0.025;
        *hi += 0.025;
    }
}

/* bin[BINS]; the area is 1.  Returns how many were counted. */
static int64_t density(const double *v, int64_t n, double lo, double hi, double *bin)
{
    int64_t counted = 0;

    for (int b = 0; b < BINS; b++)
        bin[b] = 0;
    for (int64_t i = 0; i < n; i++) {
        int b = isfinite(v[i]) ? (int)((v[i] - lo) / (hi - lo) * BINS) : -1;
        if (b < 0)
            continue;
        bin[b < BINS ? b : BINS - 1]++;
        counted++;
    }
    for (int b = 0; b < BINS && counted; b++)
        bin[b] /= (double)counted * (hi - lo) / BINS;
    return counted;
}

static void draw_density(ay_canvas *c, const ay_axes *a, const double *bin, double lo, double hi, ay_ink ink)
{
    for (int b = 0; b < BINS; b++) {
        double x0 = ay_axes_x(a, lo + (hi - lo) * b / BINS), x1 = ay_axes_x(a, lo + (hi - lo) * (b + 1) / BINS);
        double y = ay_axes_y(a, bin[b]);
        if (bin[b] > 0)
            ay_canvas_rect(c, x0, y, x1 - x0, a->y + a->h - y, &(ay_brush){.fill = ink, .opacity = 0.6});
    }
}

ay_status ay_plot_similarity(ay_canvas **out, const double *const value[2], const int64_t n[2],
                             const char *const names[2], const char *title, ay_err *err)
{
    ay_axes a = {.x = LEFT, .y = AY_HEADING_HEIGHT + 24, .w = WIDTH - LEFT - RIGHT, .h = HIGH};
    double bin[2][BINS], lo, hi, most = 0;
    int64_t counted[2];
    char about[160], key_text[2][80];
    ay_key key[2];
    ay_status status;

    range_of(value, n, &lo, &hi);
    for (int k = 0; k < 2; k++) {
        counted[k] = density(value[k], n[k], lo, hi, bin[k]);
        snprintf(key_text[k], sizeof key_text[k], "%.40s: %lld", names[k], (long long)counted[k]);
        key[k] = (ay_key){AY_KEY_BOX, ink_of[k], key_text[k]};
        for (int b = 0; b < BINS; b++)
            most = fmax(most, bin[k][b]);
    }
    snprintf(about, sizeof about, "Cosine to the golden sample; each area is 1, however many pictures it stands for.");
    status = ay_canvas_create(out, WIDTH, a.y + HIGH + 60, title, about, err);
    if (status != AY_OK)
        return status;
    ay_heading_draw(*out, title, about);
    a.sx = (ay_scale){.kind = AY_SCALE_LINEAR, .lo = lo, .hi = hi, .want = 8, .title = "similarity"};
    a.sy = (ay_scale){.kind = AY_SCALE_LINEAR, .hi = most > 0 ? most : 1, .want = 4, .title = "density", .grid = true};
    ay_scale_round(&a.sy);
    ay_axes_draw(*out, &a);
    for (int k = 0; k < 2; k++)
        draw_density(*out, &a, bin[k], lo, hi, ink_of[k]);
    ay_legend_draw(*out, LEFT, a.y - 14, key, 2);
    return AY_OK;
}

/* ---- class by class -------------------------------------------------------------------------- */

static double gap(const ay_plot_margin *m)
{
    double g = m->own_lo - m->rival_hi;

    return isnan(g) ? INFINITY : g;
}

static int closest_first(const void *a, const void *b)
{
    const ay_plot_margin *x = *(const ay_plot_margin *const *)a, *y = *(const ay_plot_margin *const *)b;

    if (gap(x) != gap(y))
        return gap(x) < gap(y) ? -1 : 1;
    return x < y ? -1 : 1;
}

static void draw_span(ay_canvas *c, const ay_axes *a, double y, double thick, double lo, double mid, double hi, ay_ink ink)
{
    double x0, x1;

    if (isnan(lo))
        return;
    x0 = ay_axes_x(a, lo);
    x1 = ay_axes_x(a, hi);
    ay_canvas_rect(c, x0, y - thick / 2, fmax(1.5, x1 - x0), thick, &(ay_brush){.fill = ink, .opacity = 0.65});
    ay_canvas_circle(c, ay_axes_x(a, mid), y, thick * 0.55, &(ay_brush){.fill = ink});
}

static void draw_margin(ay_canvas *c, const ay_axes *a, const ay_plot_margin *m, double y, double pitch, double label)
{
    double thick = fmin(10, pitch * 0.3);

    ay_canvas_text(c, a->x - 10, y + pitch / 2,
                   &(ay_type){.size = fmin(12, pitch * 0.6), .anchor = AY_ANCHOR_END, .max_width = label}, m->name);
    draw_span(c, a, y + pitch * 0.32, thick, m->own_lo, m->own_mid, m->own_hi, AY_INK_SERIES);
    draw_span(c, a, y + pitch * 0.68, thick, m->rival_lo, m->rival_mid, m->rival_hi, AY_INK_BAD);
    if (m->threshold >= a->sx.lo && m->threshold <= a->sx.hi) {
        double x = ay_axes_x(a, m->threshold);
        ay_canvas_line(c, x, y + 1, x, y + pitch - 1, &(ay_brush){.stroke = AY_INK_TEXT, .width = 2});
    }
    ay_canvas_textf(c, a->x + a->w + 10, y + pitch / 2, &(ay_type){.size = fmin(11, pitch * 0.55), .ink = AY_INK_MUTED},
                    "%lld | %lld", (long long)m->own, (long long)m->rivals);
}

static void margins_range(const ay_plot_margin *rows, int n, ay_scale *s)
{
    s->lo = 1;
    s->hi = 0;
    for (int i = 0; i < n; i++) {
        const double v[] = {rows[i].own_lo, rows[i].own_hi, rows[i].rival_lo, rows[i].rival_hi, rows[i].threshold};
        for (int k = 0; k < 5; k++)
            if (isfinite(v[k]) && fabs(v[k]) <= 1.001) {
                s->lo = fmin(s->lo, v[k]);
                s->hi = fmax(s->hi, v[k]);
            }
    }
    ay_scale_round(s);
}

static void draw_margins(ay_canvas *c, const ay_plot_margin *const *row, int n, double pitch, double label, ay_scale sx)
{
    const ay_key key[] = {{AY_KEY_BOX, AY_INK_SERIES, "its own pictures"},
                          {AY_KEY_BOX, AY_INK_BAD, "pictures that must not pass"},
                          {AY_KEY_LINE, AY_INK_TEXT, "threshold; dot: median"}};
    ay_axes a = {.x = label + 30, .y = AY_HEADING_HEIGHT + 26, .w = BARS, .h = n * pitch, .sx = sx, .sy = {.hi = 1}};
    double at[AY_TICKS_MAX];
    char text[32];
    int ticks = ay_scale_ticks(&a.sx, at);

    for (int i = 0; i < ticks; i++) {
        double x = ay_axes_x(&a, at[i]);
        ay_canvas_line(c, x, a.y, x, a.y + a.h, &(ay_brush){.stroke = AY_INK_GRID});
        ay_scale_label(&a.sx, at[i], text, sizeof text);
        ay_canvas_text(c, x, a.y + a.h + 13, &(ay_type){.size = 11, .anchor = AY_ANCHOR_MIDDLE, .ink = AY_INK_MUTED}, text);
    }
    for (int i = 0; i < n; i++)
        draw_margin(c, &a, row[i], a.y + i * pitch, pitch, label);
    ay_canvas_line(c, a.x, a.y, a.x, a.y + a.h, &(ay_brush){.stroke = AY_INK_AXIS});
    ay_legend_draw(c, a.x, AY_HEADING_HEIGHT + 10, key, 3);
}

ay_status ay_plot_margins(ay_canvas **out, const ay_plot_margin *rows, int n, ay_err *err)
{
    double pitch = fmax(19, fmin(44, 700.0 / (n > 0 ? n : 1))), label = 0;
    int overlap = 0, shown = n < MOST ? n : MOST;
    const ay_plot_margin **row;
    ay_scale sx = {.kind = AY_SCALE_LINEAR, .want = 6};
    char about[200];
    ay_status status;

    *out = NULL;
    if (n < 1)
        return ay_fail(err, AY_EINVAL, "similarities by class: no classes");
    row = ay_calloc((size_t)n, sizeof *row);
    if (!row)
        return ay_fail(err, AY_ENOMEM, "similarities of %d classes: no memory", n);
    for (int i = 0; i < n; i++) {
        row[i] = &rows[i];
        overlap += gap(&rows[i]) <= 0;
        label = fmax(label, ay_text_width(rows[i].name, fmin(12, pitch * 0.6), false) + 2);
    }
    qsort(row, (size_t)n, sizeof *row, closest_first);
    label = fmin(label, LABEL_MAX);
    margins_range(rows, n, &sx);
    if (overlap)
        snprintf(about, sizeof about, "In %d of %d rows the weakest of its own is no more similar than the strongest of the others.%s", overlap,
                 n, n > MOST ? "  Shown: the closest." : "");
    else
        snprintf(about, sizeof about, "Even the weakest of its own is more similar than the strongest of the others, everywhere.%s",
                 n > MOST ? "  Shown: the closest." : "");
    status = ay_canvas_create(out, label + 30 + BARS + 130, AY_HEADING_HEIGHT + 26 + shown * pitch + 32,
                              "Similarity to the golden sample by class", about, err);
    if (status == AY_OK) {
        ay_heading_draw(*out, "Similarity to the golden sample by class", about);
        draw_margins(*out, row, shown, pitch, label, sx);
    }
    ay_free(row);
    return status;
}
