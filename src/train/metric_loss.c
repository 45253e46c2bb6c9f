/* train/metric_loss.c - the table of losses, and what comes before and after their terms: unit vectors and
 * the gradient of making them. */
#include "train/metric_loss.h"
#include "base/mem.h"
#include "train/metric_terms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TERMS = 3, MOST_SUB = 64 };
static const double SHORTEST = 1e-12; /* PyTorch's normalize() */

/* Weights of the terms; SETTING: what the settings say. */
#define SETTING (-1)
typedef struct {
    const char *name, *old_name;
    bool sub_centers;
    double arc, triplet, center;
} row;

static const row table[] = {
    {"hybrid_margin", "HybridMarginLoss", true, 1, 1, SETTING},
    {"subcenter_arcface", "SubCenterArcFaceLoss", true, 1, 0, 0},
    {"arcface", "ArcFaceLoss", false, 1, 0, 0},
    {"triplet", "TripletMarginLoss", false, 0, 1, 0},
    {"center", "CenterLoss", false, 0, 0, 1},
};
enum { ROWS = sizeof table / sizeof *table };

struct ay_metric_loss {
    ay_metric_work work;
    double weight[TERMS];
    double *room; /* z, dz [n, dim]; lengths [n] */
    int places;   /* n that room is for */
    double *columns, *lengths; /* wn, dwn [columns, dim], cos [classes]; of W's columns */
};

void ay_metric_loss_defaults(ay_metric_loss_settings *s)
{
    *s = (ay_metric_loss_settings){.name = "hybrid_margin",
                                   .margin = 0.4,
                                   .unit = AY_MARGIN_RADIANS,
                                   .scale = 30,
                                   .sub_centers = 3,
                                   .triplet_margin = 0.3,
                                   .center_weight = 0.01};
}

const char *ay_metric_loss_name(int i)
{
    return i >= 0 && i < ROWS ? table[i].name : NULL;
}

static const row *find_row(const char *name, ay_err *err)
{
    char names[256];
    size_t at = 0;

    for (int i = 0; i < ROWS; i++) {
        if (strcmp(name, table[i].name) == 0 || strcmp(name, table[i].old_name) == 0)
            return &table[i];
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", table[i].name);
    }
    ay_fail(err, AY_EUNSUPPORTED, "there is no loss \"%.40s\"; there are %s", name, names);
    return NULL;
}

static double radians(const ay_metric_loss_settings *s)
{
    return s->unit == AY_MARGIN_DEGREES ? s->margin * (M_PI / 180) : s->margin;
}

static ay_status check(const ay_metric_loss_settings *s, int classes, int dim, ay_err *err)
{
    double m = radians(s);

    if (classes < 1 || dim < 1 || classes > 1 << 20 || dim > 1 << 16)
        return ay_fail(err, AY_EINVAL, "a loss over %d classes and vectors of %d numbers", classes, dim);
    if (!(m >= 0 && m < M_PI))
        return ay_fail(err, AY_EINVAL, "loss: a margin of %g %s has to be from 0 to below half a turn",
                       s->margin, s->unit == AY_MARGIN_DEGREES ? "degrees" : "radians");
    if (!(s->scale > 0 && s->scale <= 10000))
        return ay_fail(err, AY_EINVAL, "loss: a scale of %g has to be above 0 and at most 10000", s->scale);
    if (s->sub_centers < 1 || s->sub_centers > MOST_SUB)
        return ay_fail(err, AY_EINVAL, "loss: %d sub-centres; 1 to %d are possible", s->sub_centers, MOST_SUB);
    if (!(s->triplet_margin >= 0 && s->triplet_margin <= 2))
        return ay_fail(err, AY_EINVAL, "loss: a triplet margin of %g; unit vectors are 0 to 2 apart",
                       s->triplet_margin);
    if (!(s->center_weight >= 0 && s->center_weight <= 1000))
        return ay_fail(err, AY_EINVAL, "loss: a weight of centres of %g has to be 0 to 1000", s->center_weight);
    return AY_OK;
}

static ay_status make_columns(ay_metric_loss *l, ay_err *err)
{
    ay_metric_work *k = &l->work;
    size_t columns = (size_t)k->classes * (size_t)k->sub, each = columns * (size_t)k->dim;

    if (!(l->weight[0] > 0))
        return AY_OK;
    l->columns = ay_alloc(2 * each + (size_t)k->classes, sizeof *l->columns);
    l->lengths = ay_alloc(columns, sizeof *l->lengths);
    k->arg = ay_alloc((size_t)k->classes, sizeof *k->arg);
    if (!l->columns || !l->lengths || !k->arg)
        return ay_fail(err, AY_ENOMEM, "a loss over %d classes: no memory", k->classes);
    k->wn = l->columns;
    k->dwn = k->wn + each;
    k->cos = k->dwn + each;
    return AY_OK;
}

ay_status ay_metric_loss_create(ay_metric_loss **out, const ay_metric_loss_settings *s, int classes,
                                int dim, ay_err *err)
{
    const row *r = find_row(s->name, err);
    ay_status status = r ? check(s, classes, dim, err) : AY_EUNSUPPORTED;
    ay_metric_loss *l;

    *out = NULL;
    if (status != AY_OK)
        return status;
    l = ay_calloc(1, sizeof *l);
    if (!l)
        return ay_fail(err, AY_ENOMEM, "a loss: no memory");
    l->work = (ay_metric_work){.classes = classes,
                               .dim = dim,
                               .sub = r->sub_centers ? s->sub_centers : 1,
                               .margin = radians(s),
                               .scale = s->scale,
                               .triplet_margin = s->triplet_margin};
    l->weight[0] = r->arc;
    l->weight[1] = r->triplet;
    l->weight[2] = r->center < 0 ? s->center_weight : r->center;
    status = make_columns(l, err);
    if (status != AY_OK) {
        ay_metric_loss_destroy(l);
        return status;
    }
    *out = l;
    return AY_OK;
}

void ay_metric_loss_destroy(ay_metric_loss *l)
{
    if (!l)
        return;
    ay_free(l->room);
    ay_free(l->columns);
    ay_free(l->lengths);
    ay_free(l->work.arg);
    ay_free(l);
}

int ay_metric_loss_columns(const ay_metric_loss *l)
{
    return l->weight[0] > 0 ? l->work.classes * l->work.sub : 0;
}

int ay_metric_loss_centers(const ay_metric_loss *l)
{
    return l->weight[2] > 0 ? l->work.classes : 0;
}

/* ---- unit vectors -------------------------------------------------------------------------------- */

/* to = from / |from|; a length below SHORTEST counts as SHORTEST. */
static void unit(const double *from, int n, double *to, double *length)
{
    *length = sqrt(ay_metric_dot(from, from, n));
    for (int i = 0; i < n; i++)
        to[i] = from[i] / fmax(*length, SHORTEST);
}

/* d with respect to the unit vector becomes d with respect to the vector it was made of. */
static void back_unit(const double *z, double length, int n, double *d)
{
    double along = ay_metric_dot(z, d, n);

    for (int i = 0; i < n; i++)
        d[i] = length > SHORTEST ? (d[i] - along * z[i]) / length : 0;
}

static void unit_columns(ay_metric_loss *l, const double *w)
{
    ay_metric_work *k = &l->work;
    int columns = k->classes * k->sub;

    for (int c = 0; c < columns; c++) {
        double *v = k->wn + (size_t)c * (size_t)k->dim;
        for (int e = 0; e < k->dim; e++)
            v[e] = w[(size_t)e * (size_t)columns + (size_t)c];
        unit(v, k->dim, v, &l->lengths[c]);
    }
    memset(k->dwn, 0, (size_t)columns * (size_t)k->dim * sizeof *k->dwn);
}

static void back_columns(ay_metric_loss *l, double *dw)
{
    ay_metric_work *k = &l->work;
    int columns = k->classes * k->sub;

    for (int c = 0; c < columns; c++) {
        size_t at = (size_t)c * (size_t)k->dim;
        back_unit(k->wn + at, l->lengths[c], k->dim, k->dwn + at);
        for (int e = 0; e < k->dim; e++)
            dw[(size_t)e * (size_t)columns + (size_t)c] = k->dwn[at + (size_t)e];
    }
}

static ay_status make_room(ay_metric_loss *l, int n, ay_err *err)
{
    size_t each = (size_t)l->work.dim * 2 + 1;

    if (n <= l->places)
        return AY_OK;
    ay_free(l->room);
    l->places = 0;
    l->room = ay_alloc((size_t)n, each * sizeof *l->room);
    if (!l->room)
        return ay_fail(err, AY_ENOMEM, "the loss of %d vectors: no memory", n);
    l->places = n;
    return AY_OK;
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static double run_term(ay_metric_loss *l, int term)
{
    static double (*const run[TERMS])(ay_metric_work *) = {ay_metric_arc, ay_metric_triplet, ay_metric_center};

    l->work.weight = l->weight[term];
    return l->weight[term] > 0 ? run[term](&l->work) : 0;
}

static void clear(const ay_metric_loss *l, const ay_metric_batch *b, const ay_metric_diff *d)
{
    size_t dim = (size_t)l->work.dim;

    if (d->x)
        memset(d->x, 0, (size_t)b->n * dim * sizeof *d->x);
    if (d->w)
        memset(d->w, 0, (size_t)ay_metric_loss_columns(l) * dim * sizeof *d->w);
    if (d->centers)
        memset(d->centers, 0, (size_t)ay_metric_loss_centers(l) * dim * sizeof *d->centers);
}

double ay_metric_loss_total(const ay_metric_loss *l, const ay_metric_parts *p)
{
    return l->weight[0] * p->arc + l->weight[1] * p->triplet + l->weight[2] * p->center;
}

ay_status ay_metric_loss_compute(ay_metric_loss *l, const ay_metric_batch *b, const ay_metric_diff *diff,
                                 ay_metric_parts *out, ay_err *err)
{
    static const ay_metric_diff none;
    const ay_metric_diff *d = diff ? diff : &none;
    ay_metric_work *k = &l->work;
    size_t dim = (size_t)k->dim, all = (size_t)b->n * dim;
    double *z, *dz, *length;

    *out = (ay_metric_parts){0};
    clear(l, b, d);
    if (b->n < 1)
        return AY_OK;
    if (make_room(l, b->n, err) != AY_OK)
        return AY_ENOMEM;
    z = l->room;
    dz = z + all;
    length = dz + all;
    for (size_t i = 0; i < (size_t)b->n; i++)
        unit(b->x + i * dim, k->dim, z + i * dim, &length[i]);
    memset(dz, 0, all * sizeof *dz);
    if (ay_metric_loss_columns(l))
        unit_columns(l, b->w);
    k->b = b;
    k->z = z;
    k->dz = diff ? dz : NULL;
    k->dcenters = d->centers;
    k->parts = out;
    out->arc = run_term(l, 0);
    out->triplet = run_term(l, 1);
    out->center = run_term(l, 2);
    out->loss = ay_metric_loss_total(l, out);
    for (size_t i = 0; d->x && i < (size_t)b->n; i++) {
        back_unit(z + i * dim, length[i], k->dim, dz + i * dim);
        memcpy(d->x + i * dim, dz + i * dim, dim * sizeof *dz);
    }
    if (d->w && ay_metric_loss_columns(l))
        back_columns(l, d->w);
    return AY_OK;
}
