/* train/words_fit.c - the table of words from vectors of pictures: train/words.h has the formulas. */
#include "base/mem.h"
#include "train/cholesky.h"
#include "train/whiten.h"
#include "train/words_parts.h"

#include <math.h>
#include <string.h>

static const double RIDGE = 0.3, SHRINK = 0.3, FEW = 8, HUE_RIDGE = 1;
const double ay_words_colour_weight = 0.7;

typedef struct {
    const ay_words_data *d;
    const bool *left_out;
    float *x; /* [n, dim] the pictures of this fit */
    int *label, *from, n; /* class, place in d->item */
    double *mean, *count; /* [classes, dim], [classes] */
    double *spread;       /* [dim, dim]: S, then its L */
    double *middle;       /* [dim]: mu */
    int *place, names;    /* of each entry among the unknowns; -1: no picture tells of it */
    double *b;            /* [names, dim] */
} fitting;

static ay_status no_memory(ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "a table of words");
}

/* ---- pictures --------------------------------------------------------------------------------- */

static void choose(fitting *f)
{
    const ay_words_data *d = f->d;
    size_t dim = (size_t)d->dim;

    for (int i = 0; i < d->n; i++) {
        const ay_words_item *it = &d->item[i];
        if (it->side != AY_SPLIT_TRAIN || (f->left_out && f->left_out[it->entry]))
            continue;
        memcpy(f->x + (size_t)f->n * dim, d->x + (size_t)i * dim, dim * sizeof *f->x);
        f->from[f->n] = i;
        f->label[f->n++] = it->class;
        f->count[it->class]++;
        for (size_t k = 0; k < dim; k++)
            f->mean[(size_t)it->class * dim + k] += (double)d->x[(size_t)i * dim + k];
    }
    for (int c = 0; c < d->classes; c++)
        for (size_t k = 0; k < dim && f->count[c] > 0; k++)
            f->mean[(size_t)c * dim + k] /= f->count[c];
}

/* S, and its L. */
static ay_status spread(fitting *f, ay_err *err)
{
    int dim = f->d->dim;
    size_t all = (size_t)dim * (size_t)dim;
    ay_moments m;
    double trace = 0;
    ay_status status = ay_moments_create(&m, f->x, f->label, f->n, dim, f->d->classes, err);

    if (status != AY_OK)
        return status;
    for (int i = 0; i < dim; i++)
        trace += m.within[(size_t)i * (size_t)dim + (size_t)i] / dim;
    for (size_t i = 0; i < all; i++)
        f->spread[i] = (1 - SHRINK) * m.within[i];
    for (int i = 0; i < dim; i++)
        f->spread[(size_t)i * (size_t)dim + (size_t)i] += SHRINK * trace;
    ay_moments_fini(&m);
    status = ay_cholesky(f->spread, dim, err);
    return status == AY_OK ? AY_OK : ay_fail(err, AY_EINVAL, "too few pictures: their vectors do not differ inside the classes");
}

/* ---- names ------------------------------------------------------------------------------------ */

static int entry_of_class(const fitting *f, int c)
{
    return f->count[c] > 0 ? f->d->list->of_class[c] : -1;
}

static void number_names(fitting *f)
{
    for (int i = 0; i < f->d->list->n; i++)
        f->place[i] = -1;
    for (int c = 0; c < f->d->classes; c++) {
        const ay_word_entry *e = entry_of_class(f, c) < 0 ? NULL : &f->d->list->entry[entry_of_class(f, c)];
        for (int k = 0; e && k < e->nall; k++)
            if (f->place[e->all[k]] < 0)
                f->place[e->all[k]] = f->names++;
    }
}

static double weight_of(const fitting *f, int c)
{
    return entry_of_class(f, c) < 0 ? 0 : f->count[c] / (f->count[c] + FEW);
}

static void middle(fitting *f)
{
    size_t dim = (size_t)f->d->dim;
    double sum = 0;

    for (int c = 0; c < f->d->classes; c++) {
        double w = weight_of(f, c);
        sum += w;
        for (size_t k = 0; k < dim && w > 0; k++)
            f->middle[k] += w * f->mean[(size_t)c * dim + k];
    }
    for (size_t k = 0; k < dim; k++)
        f->middle[k] /= sum > 0 ? sum : 1;
}

/* The normal equations of B, and their solution. */
static ay_status solve_names(fitting *f, ay_err *err)
{
    size_t dim = (size_t)f->d->dim, n = (size_t)f->names;
    double *a = ay_calloc(n * n + 1, sizeof *a);
    ay_status status;

    f->b = ay_calloc(n * dim + 1, sizeof *f->b);
    if (!a || !f->b) {
        ay_free(a);
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++)
        a[i * n + i] = RIDGE;
    for (int c = 0; c < f->d->classes; c++) {
        const ay_word_entry *e = entry_of_class(f, c) < 0 ? NULL : &f->d->list->entry[entry_of_class(f, c)];
        double w = weight_of(f, c);
        for (int i = 0; e && i < e->nall; i++) {
            size_t row = (size_t)f->place[e->all[i]];
            for (int j = 0; j < e->nall; j++)
                a[row * n + (size_t)f->place[e->all[j]]] += w;
            for (size_t k = 0; k < dim; k++)
                f->b[row * dim + k] += w * (f->mean[(size_t)c * dim + k] - f->middle[k]);
        }
    }
    status = ay_cholesky(a, (int)n, err);
    if (status == AY_OK)
        ay_cholesky_solve(a, (int)n, f->b, (int)dim);
    ay_free(a);
    return status;
}

/* Columns e of t [dim, m] through S^-1, as unit rows of the table. */
static void to_rows(const fitting *f, double *t, int m, const int *entry, ay_words_table *out)
{
    size_t dim = (size_t)f->d->dim;

    ay_cholesky_solve(f->spread, (int)dim, t, m);
    for (int e = 0; e < m; e++) {
        double sum = 0;
        for (size_t k = 0; k < dim; k++)
            sum += t[k * (size_t)m + (size_t)e] * t[k * (size_t)m + (size_t)e];
        out->has[entry[e]] = sum > 0;
        for (size_t k = 0; k < dim && sum > 0; k++)
            out->row[(size_t)entry[e] * dim + k] = t[k * (size_t)m + (size_t)e] / sqrt(sum);
    }
}

static ay_status words(fitting *f, ay_words_table *out, ay_err *err)
{
    const ay_wordlist *l = f->d->list;
    size_t dim = (size_t)f->d->dim, m = (size_t)l->n;
    double *t = ay_calloc(dim * m + 1, sizeof *t);
    int *same = ay_alloc(m + 1, sizeof *same);

    if (!t || !same) {
        ay_free(t);
        ay_free(same);
        return no_memory(err);
    }
    for (size_t e = 0; e < m; e++) {
        same[e] = (int)e;
        for (int i = 0; i < l->entry[e].nall; i++) {
            int at = f->place[l->entry[e].all[i]];
            for (size_t k = 0; k < dim && at >= 0; k++)
                t[k * m + e] += f->b[(size_t)at * dim + k];
        }
    }
    to_rows(f, t, (int)m, same, out);
    ay_free(t);
    ay_free(same);
    return AY_OK;
}

/* ---- colours ---------------------------------------------------------------------------------- */

/* zz [8, 8] and zr [8, dim]: shares less their class's mean, with themselves and with the vectors. */
static ay_status hue_moments(const fitting *f, double *zz, double *zr, ay_err *err)
{
    size_t dim = (size_t)f->d->dim;
    double *mean = ay_calloc((size_t)f->d->classes * AY_HUES + 1, sizeof *mean);

    if (!mean)
        return no_memory(err);
    for (int i = 0; i < f->n; i++)
        for (int h = 0; h < AY_HUES; h++)
            mean[f->label[i] * AY_HUES + h] += f->d->item[f->from[i]].hue[h] / f->count[f->label[i]];
    for (int i = 0; i < f->n; i++) {
        const double *m = mean + f->label[i] * AY_HUES, *hue = f->d->item[f->from[i]].hue;
        for (int h = 0; h < AY_HUES && f->count[f->label[i]] >= 4; h++) {
            for (int g = 0; g < AY_HUES; g++)
                zz[h * AY_HUES + g] += (hue[h] - m[h]) * (hue[g] - m[g]);
            for (size_t k = 0; k < dim; k++)
                zr[(size_t)h * dim + k] += (hue[h] - m[h]) * ((double)f->x[(size_t)i * dim + k] -
                                                              f->mean[(size_t)f->label[i] * dim + k]);
        }
    }
    ay_free(mean);
    return AY_OK;
}

static ay_status colours(fitting *f, ay_words_table *out, ay_err *err)
{
    size_t dim = (size_t)f->d->dim;
    double zz[AY_HUES * AY_HUES] = {0}, *zr = ay_calloc(AY_HUES * dim, sizeof *zr), *t = ay_calloc(AY_HUES * dim, sizeof *t);
    int entry[AY_HUES + 1], hue[AY_HUES], m = 0;
    ay_status status = zr && t ? hue_moments(f, zz, zr, err) : no_memory(err);

    for (int h = 0; h < AY_HUES; h++)
        zz[h * AY_HUES + h] += HUE_RIDGE;
    if (status == AY_OK)
        status = ay_cholesky(zz, AY_HUES, err);
    if (status == AY_OK) {
        ay_cholesky_solve(zz, AY_HUES, zr, (int)dim);
        for (int h = 0; h < AY_HUES; h++)
            if ((entry[m] = ay_wordlist_find(f->d->list, ay_hue_names[h])) >= 0)
                hue[m++] = h;
        for (int c = 0; c < m; c++) {
            out->colour[entry[c]] = true;
            for (size_t k = 0; k < dim; k++)
                t[k * (size_t)m + (size_t)c] = zr[(size_t)hue[c] * dim + k];
        }
        to_rows(f, t, m, entry, out);
    }
    ay_free(zr);
    ay_free(t);
    return status;
}

/* ---- all -------------------------------------------------------------------------------------- */

void ay_words_table_fini(ay_words_table *t)
{
    ay_free(t->row);
    ay_free(t->has);
    ay_free(t->colour);
    *t = (ay_words_table){0};
}

static ay_status open_fit(fitting *f, ay_words_table *t, ay_err *err)
{
    size_t dim = (size_t)f->d->dim, n = (size_t)f->d->n + 1, classes = (size_t)f->d->classes + 1,
           entries = (size_t)f->d->list->n + 1;

    f->x = ay_alloc(n * dim, sizeof *f->x);
    f->label = ay_alloc(n, sizeof *f->label);
    f->from = ay_alloc(n, sizeof *f->from);
    f->mean = ay_calloc(classes * dim, sizeof *f->mean);
    f->count = ay_calloc(classes, sizeof *f->count);
    f->spread = ay_alloc(dim * dim, sizeof *f->spread);
    f->middle = ay_calloc(dim, sizeof *f->middle);
    f->place = ay_alloc(entries, sizeof *f->place);
    *t = (ay_words_table){ay_calloc(entries * dim, sizeof *t->row), ay_calloc(entries, sizeof *t->has),
                          ay_calloc(entries, sizeof *t->colour)};
    return f->x && f->label && f->from && f->mean && f->count && f->spread && f->middle && f->place && t->row &&
                   t->has && t->colour ? AY_OK : no_memory(err);
}

ay_status ay_words_fit(const ay_words_data *d, const bool *left_out, ay_words_table *t, ay_err *err)
{
    fitting f = {.d = d, .left_out = left_out};
    ay_status status = open_fit(&f, t, err);

    if (status == AY_OK) {
        choose(&f);
        status = spread(&f, err);
    }
    if (status == AY_OK) {
        number_names(&f);
        middle(&f);
        status = solve_names(&f, err);
    }
    if (status == AY_OK)
        status = words(&f, t, err);
    if (status == AY_OK)
        status = colours(&f, t, err);
    ay_free(f.x);
    ay_free(f.label);
    ay_free(f.from);
    ay_free(f.mean);
    ay_free(f.count);
    ay_free(f.spread);
    ay_free(f.middle);
    ay_free(f.place);
    ay_free(f.b);
    if (status != AY_OK)
        ay_words_table_fini(t);
    return status;
}
