/* plot/confusion.c - who is taken for whom.
 *
 * Cells shrink as classes grow, to 15 pixels, and numbers get smaller with them; a number
 * that would not fit its cell is left out (the colour stays).  Names stand upright at the bottom, cut
 * in the middle.  Of more than MOST classes those with most mistakes are shown: nobody reads more, and
 * a chart has an end. */
#include "base/mem.h"
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 100 };

typedef struct {
    const int64_t *counts;
    int classes;
    const char *const *names;
    bool rows;
    double cell, left, top, label, font;
} matrix;

static double longest(const matrix *m)
{
    double most = 0;

    for (int k = 0; k < m->classes; k++)
        most = fmax(most, ay_text_width(m->names[k], m->font, false));
    return most;
}

static int64_t row_sum(const matrix *m, int row)
{
    int64_t sum = 0;

    for (int j = 0; j < m->classes; j++)
        sum += m->counts[(int64_t)row * m->classes + j];
    return sum;
}

static int64_t largest(const matrix *m)
{
    int64_t most = 1;

    for (int64_t i = 0; i < (int64_t)m->classes * m->classes; i++)
        most = m->counts[i] > most ? m->counts[i] : most;
    return most;
}

static void number_text(const matrix *m, int64_t count, double share, char *dst, size_t cap)
{
    if (count == 0)
        snprintf(dst, cap, "%s", "");
    else if (m->rows)
        snprintf(dst, cap, share < 0.005 ? "<1" : "%.0f", 100 * share);
    else
        snprintf(dst, cap, "%lld", (long long)count);
}

static void draw_cell(ay_canvas *c, const matrix *m, int row, int column, double share)
{
    double x = m->left + column * m->cell, y = m->top + row * m->cell;
    double size = fmin(13, m->cell * 0.42), gap = m->cell > 22 ? 1 : 0.5;
    int64_t count = m->counts[(int64_t)row * m->classes + column];
    ay_ink ink = ay_ink_heat(share);
    char text[32];

    ay_canvas_rect(c, x, y, m->cell - gap, m->cell - gap, &(ay_brush){.fill = ink});
    number_text(m, count, share, text, sizeof text);
    if (text[0] && ay_text_width(text, size, false) < m->cell - 2)
        ay_canvas_text(c, x + (m->cell - gap) / 2, y + (m->cell - gap) / 2,
                       &(ay_type){.size = size,
                                  .anchor = AY_ANCHOR_MIDDLE,
                                  .ink = ink - AY_INK_HEAT + AY_INK_ON_HEAT,
                                  .bold = row == column},
                       text);
    if (row != column && count > 0)
        ay_canvas_rect(c, x + 0.5, y + 0.5, m->cell - gap - 1, m->cell - gap - 1,
                       &(ay_brush){.stroke = AY_INK_BAD});
}

static void draw_names(ay_canvas *c, const matrix *m)
{
    double side = m->classes * m->cell;

    for (int k = 0; k < m->classes; k++) {
        double middle = (k + 0.5) * m->cell;
        ay_canvas_text(c, m->left - 8, m->top + middle,
                       &(ay_type){.size = m->font, .anchor = AY_ANCHOR_END, .max_width = m->label},
                       m->names[k]);
        ay_canvas_text(c, m->left + middle, m->top + side + 8,
                       &(ay_type){.size = m->font,
                                  .anchor = AY_ANCHOR_END,
                                  .rotate = -90,
                                  .max_width = m->label},
                       m->names[k]);
    }
    ay_canvas_text(c, 16, m->top + side / 2,
                   &(ay_type){.size = 12, .bold = true, .anchor = AY_ANCHOR_MIDDLE, .rotate = -90},
                   "what it is");
    ay_canvas_text(c, m->left + side / 2, m->top + side + m->label + 24,
                   &(ay_type){.size = 12, .bold = true, .anchor = AY_ANCHOR_MIDDLE},
                   "what the model says");
}

static void draw_scale(ay_canvas *c, const matrix *m, int64_t most)
{
    double x = m->left + m->classes * m->cell + 22, h = fmin(200, m->classes * m->cell);
    double step = h / AY_HEAT_STEPS;
    const ay_type t = {.size = 11, .ink = AY_INK_MUTED};

    for (int i = 0; i < AY_HEAT_STEPS; i++)
        ay_canvas_rect(c, x, m->top + h - (i + 1) * step, 12, step + 0.4,
                       &(ay_brush){.fill = AY_INK_HEAT + i});
    if (m->rows)
        ay_canvas_text(c, x + 18, m->top + 5, &t, "100 %");
    else
        ay_canvas_textf(c, x + 18, m->top + 5, &t, "%lld", (long long)most);
    ay_canvas_text(c, x + 18, m->top + h - 5, &t, m->rows ? "0 %" : "0");
}

static void draw(ay_canvas *c, const matrix *m, const char *about)
{
    int64_t most = largest(m);

    ay_heading_draw(c, m->rows ? "Confusion matrix, per cent of each row" : "Confusion matrix, pictures",
                    about);
    for (int i = 0; i < m->classes; i++) {
        int64_t sum = row_sum(m, i);
        for (int j = 0; j < m->classes; j++) {
            double count = (double)m->counts[(int64_t)i * m->classes + j];
            double whole = m->rows ? (double)sum : (double)most;
            draw_cell(c, m, i, j, whole > 0 ? count / whole : 0);
        }
    }
    draw_names(c, m);
    draw_scale(c, m, most);
}

typedef struct {
    int class;
    int64_t mistakes;
} trouble;

static int most_first(const void *a, const void *b)
{
    const trouble *x = a, *y = b;

    return x->mistakes != y->mistakes ? (x->mistakes > y->mistakes ? -1 : 1) : x->class - y->class;
}

static int by_class(const void *a, const void *b)
{
    return ((const trouble *)a)->class - ((const trouble *)b)->class;
}

/* The MOST classes with most mistakes, in their order: part of m. */
static ay_status choose(const matrix *m, int64_t *counts, const char **names, ay_err *err)
{
    trouble *t = ay_calloc((size_t)m->classes, sizeof *t);

    if (!t)
        return ay_fail(err, AY_ENOMEM, "confusion matrix of %d classes", m->classes);
    for (int i = 0; i < m->classes; i++)
        for (int j = 0; j < m->classes; j++) {
            t[i].class = i;
            t[i].mistakes += i != j ? m->counts[(int64_t)i * m->classes + j] : 0;
            t[j].mistakes += i != j ? m->counts[(int64_t)i * m->classes + j] : 0;
        }
    qsort(t, (size_t)m->classes, sizeof *t, most_first);
    qsort(t, MOST, sizeof *t, by_class);
    for (int i = 0; i < MOST; i++) {
        names[i] = m->names[t[i].class];
        for (int j = 0; j < MOST; j++)
            counts[i * MOST + j] = m->counts[(int64_t)t[i].class * m->classes + t[j].class];
    }
    ay_free(t);
    return AY_OK;
}

static void lay_out(matrix *m)
{
    m->cell = fmax(15, fmin(m->classes < 4 ? 150.0 / m->classes : 46, 760.0 / m->classes));
    m->font = fmin(12, m->cell * 0.72);
    m->label = fmin(170, longest(m) + 2);
    m->left = 34 + m->label + 8;
    m->top = AY_HEADING_HEIGHT + 4;
}

ay_status ay_plot_confusion(ay_canvas **out, const int64_t *counts, int classes,
                            const char *const *names, bool rows, ay_err *err)
{
    matrix m = {.counts = counts, .classes = classes, .names = names, .rows = rows};
    int64_t right = 0, all = 0, *part = NULL;
    const char *some[MOST];
    char about[200], which[64] = "";
    ay_status status = AY_OK;

    *out = NULL;
    if (classes < 1)
        return ay_fail(err, AY_EINVAL, "confusion matrix: no classes");
    for (int i = 0; i < classes; i++) {
        right += counts[(int64_t)i * classes + i];
        all += row_sum(&m, i);
    }
    if (classes > MOST) {
        snprintf(which, sizeof which, "  Shown: the %d classes of %d with most.", MOST, classes);
        part = ay_alloc((size_t)MOST * MOST, sizeof *part);
        status = part ? choose(&m, part, some, err) : ay_fail(err, AY_ENOMEM, "confusion matrix");
        m = (matrix){.counts = part, .classes = MOST, .names = some, .rows = rows};
    }
    snprintf(about, sizeof about, "%lld of %lld right.  Outlined cells are mistakes.%s",
             (long long)right, (long long)all, which);
    if (status == AY_OK) {
        lay_out(&m);
        status = ay_canvas_create(out, fmax(m.left + m.classes * m.cell + 80, 430),
                                  m.top + m.classes * m.cell + m.label + 40,
                                  rows ? "Confusion matrix, shares" : "Confusion matrix, counts",
                                  about, err);
    }
    if (status == AY_OK)
        draw(*out, &m, about);
    ay_free(part);
    return status;
}
