/* train/metric_judge.c - what the weights are worth on pictures held out. */
#include "base/mem.h"
#include "base/str.h"
#include "train/metric_parts.h"

#include <math.h>
#include <string.h>

/* ---- vectors ---------------------------------------------------------------------------------------- */

/* Vectors of a side into r->vectors and r->labels. */
static ay_status embed(ay_metric *r, ay_loader *l, int *n, ay_err *err)
{
    size_t dim = (size_t)r->dim;
    const ay_batch *b = NULL;
    ay_status status = ay_loader_start(l, 0, 0, err);

    *n = 0;
    while (status == AY_OK) {
        status = ay_metric_paused(r, err);
        if (status == AY_OK)
            status = ay_loader_next(l, &b, err);
        if (status != AY_OK || !b)
            break;
        ay_metric_fill(r->look, b);
        status = ay_learn_forward(r->look, 0, err);
        if (status != AY_OK)
            break;
        memcpy(r->vectors + (size_t)*n * dim, ay_learn_output(r->look, r->output)->data,
               (size_t)b->n * dim * sizeof(float));
        memcpy(r->labels + *n, b->labels, (size_t)b->n * sizeof *b->labels);
        *n += b->n;
    }
    if (status == AY_OK && *n == 0)
        status = ay_fail(err, AY_EIO, "no picture held out can be read any more");
    return status;
}

static bool all_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

/* ---- loss -------------------------------------------------------------------------------------------- */

/* The loss of n rows of r->vectors: order[i], or i itself. */
static ay_status loss_of(ay_metric *r, const size_t *order, size_t first, int n, ay_metric_parts *p, ay_err *err)
{
    size_t dim = (size_t)r->dim;
    int labels[4096];
    const ay_metric_batch b = {r->x, labels, n, r->w, r->c};

    for (size_t i = 0; i < (size_t)n; i++) {
        size_t at = order ? order[first + i] : first + i;
        labels[i] = r->labels[at];
        for (size_t e = 0; e < dim; e++)
            r->x[i * dim + e] = (double)r->vectors[at * dim + e];
    }
    return ay_metric_loss_compute(r->loss, &b, NULL, p, err);
}

/* Arc and centre: means over all. */
static ay_status plain_terms(ay_metric *r, int n, ay_metric_parts *all, ay_err *err)
{
    ay_status status = AY_OK;
    ay_metric_parts p;

    for (int i = 0; status == AY_OK && i < n; i += r->result.batch) {
        int here = n - i < r->result.batch ? n - i : r->result.batch;
        status = loss_of(r, NULL, (size_t)i, here, &p, err);
        all->arc += p.arc * here / n;
        all->center += p.center * here / n;
    }
    return status;
}

/* Triplets: of batches as in training, the same ones every time. */
static ay_status triplets(ay_metric *r, int n, ay_metric_parts *all, ay_err *err)
{
    ay_groups g = ay_sampler_fit(r->labels, (size_t)n, r->corpus.nclasses, r->result.per_class, r->result.batch);
    size_t *order = ay_alloc((size_t)g.batch * (size_t)g.batches, sizeof *order);
    ay_metric_parts p;
    ay_status status = order ? ay_sampler_groups(&g, r->labels, (size_t)n, r->corpus.nclasses, (uint64_t)r->s.seed, 0,
                                                 order, err)
                             : ay_fail(err, AY_ENOMEM, "no memory to judge %d pictures", n);

    for (int i = 0; status == AY_OK && i < g.batches; i++) {
        status = loss_of(r, order, (size_t)i * (size_t)g.batch, g.batch, &p, err);
        all->triplet += p.triplet / g.batches;
    }
    ay_free(order);
    return status;
}

ay_status ay_metric_measure(ay_metric *r, ay_metric_point *p, ay_err *err)
{
    ay_metric_parts all = {0};
    int n = 0;
    ay_status status = embed(r, r->val, &n, err);

    if (status != AY_OK)
        return status;
    if (!all_finite(r->vectors, (size_t)n * (size_t)r->dim)) { /* never the best; training's own loss decides */
        p->val_loss = NAN;
        p->val = (ay_retrieval){.n = n};
        return AY_OK;
    }
    ay_metric_fetch(r);
    status = plain_terms(r, n, &all, err);
    if (status == AY_OK)
        status = triplets(r, n, &all, err);
    p->val_loss = ay_metric_loss_total(r->loss, &all);
    if (status == AY_OK)
        status = ay_retrieval_measure(&p->val, r->vectors, r->labels, n, r->dim, r->corpus.nclasses, r->s.threads, err);
    return status;
}

ay_status ay_metric_measure_side(ay_metric *r, ay_split split, ay_retrieval *out, ay_err *err)
{
    ay_loader *l = NULL;
    int n = 0;
    ay_status status = ay_metric_open_look(r, split, &l, err);

    ay_metric_phase(r, AY_TRAIN_JUDGING);
    if (status == AY_OK)
        status = embed(r, l, &n, err);
    if (status == AY_OK)
        status = ay_retrieval_measure(out, r->vectors, r->labels, n, r->dim, r->corpus.nclasses, r->s.threads, err);
    ay_metric_close_loader(r, &l);
    return status;
}

/* ---- statistics of batch norms ------------------------------------------------------------------------- */

/* Statistics that a forward pass of r->learn moves. */
static bool moves(const ay_metric *r, const ay_weight *w)
{
    bool held = r->learn_frozen && !r->s.frozen_norms_move && ay_str_starts(w->name, r->s.body);

    return !w->grad && !held;
}

static size_t count_moving(const ay_metric *r)
{
    size_t n = 0;

    for (size_t i = 0; i < ay_weights_count(r->weights); i++)
        if (moves(r, ay_weights_at(r->weights, i)))
            n += ay_shape_count(&ay_weights_at(r->weights, i)->shape);
    return n;
}

/* A forward pass gives a tenth of what the batch has to statistics that are 0 (nn/learn.h). */
static void each_moving(const ay_metric *r, double *sum, double add, double set)
{
    size_t at = 0;

    for (size_t i = 0; i < ay_weights_count(r->weights); i++) {
        const ay_weight *w = ay_weights_at(r->weights, i);
        if (!moves(r, w))
            continue;
        for (size_t k = 0, n = ay_shape_count(&w->shape); k < n; k++, at++) {
            sum[at] += add * (double)w->value[k];
            w->value[k] = (float)(set * sum[at]);
        }
    }
}

ay_status ay_metric_measure_norms(ay_metric *r, int batches, ay_err *err)
{
    double *sum = ay_calloc(count_moving(r) + 1, sizeof *sum);
    const ay_batch *b = NULL;
    int done = 0;
    ay_status status = sum ? ay_loader_start(r->train, (uint64_t)r->epoch, 0, err)
                           : ay_fail(err, AY_ENOMEM, "statistics of batch norms");

    for (; status == AY_OK && done < batches; done++) {
        status = ay_metric_paused(r, err);
        if (status == AY_OK)
            status = ay_loader_next(r->train, &b, err);
        if (status != AY_OK || !b)
            break;
        each_moving(r, sum, done ? 10 : 0, 0);
        ay_metric_fill(r->learn, b);
        status = ay_learn_forward(r->learn, 0, err);
    }
    if (status == AY_OK && done == 0)
        status = ay_fail(err, AY_EIO, "no training picture can be read any more");
    if (status == AY_OK)
        each_moving(r, sum, 10, 1.0 / done);
    ay_free(sum);
    return status;
}
