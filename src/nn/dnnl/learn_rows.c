/* nn/dnnl/learn_rows.c - layer-norm for training: rows in cache, our own loops. */
#include "nn/dnnl/learn.h"

#include <string.h>

enum { STATISTICS };

typedef struct {
    const ay_learn_state *state;
    bool bf16, x_bf16;
    int64_t rows, D;
    float eps;
    float *weight, *bias, *weight_grad, *bias_grad;
    bool has_dx;
} rows_job;

static rows_job *job_of(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_shape *s = &d->c.p->shape[v];
    rows_job *j = ay_learn_job(d, sizeof *j, err);

    if (!j)
        return NULL;
    j->state = d->state;
    j->bf16 = d->c.type == dnnl_bf16;
    j->x_bf16 = d->c.lay[d->c.g->node[v].in[0]].md.data_type == dnnl_bf16;
    j->D = s->dim[s->rank - 1];
    j->rows = (int64_t)ay_shape_count(s) / j->D;
    j->eps = d->c.g->node[v].attr.norm.eps;
    if (ay_learn_node_param(d, v, 0, &j->weight, &j->weight_grad, err) != AY_OK ||
        ay_learn_node_param(d, v, 1, &j->bias, &j->bias_grad, err) != AY_OK)
        return NULL;
    return j;
}

static char *row_at(const rows_job *j, void *p, bool bf16, int64_t row)
{
    return (char *)p + row * j->D * (bf16 ? 2 : 4);
}

/* ptr: x, y, statistics */
static void forward_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const rows_job *j = s->job;
    int64_t begin, end;

    ay_part(j->rows, i, parts, &begin, &end);
    j->state->loops->row_norm(j->bf16, j->x_bf16, row_at(j, s->ptr[0], j->x_bf16, begin),
                              j->weight, j->bias, j->eps, row_at(j, s->ptr[1], j->bf16, begin),
                              (float *)s->ptr[2] + 2 * begin, end - begin, j->D);
}

static void run_forward(const ay_step *s)
{
    ay_parallel(((const rows_job *)s->job)->state->threads, forward_part, (void *)s);
}

/* ptr: diff, x, statistics, scratch [threads][2][D], dx */
static void backward_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const rows_job *j = s->job;
    float *sums = (float *)s->ptr[3] + (int64_t)i * 2 * j->D;
    int64_t begin, end;

    ay_part(j->rows, i, parts, &begin, &end);
    memset(sums, 0, (size_t)(2 * j->D) * sizeof *sums);
    j->state->loops->row_norm_back(
        j->bf16, j->x_bf16, row_at(j, s->ptr[0], j->bf16, begin),
        row_at(j, s->ptr[1], j->x_bf16, begin), j->weight, (const float *)s->ptr[2] + 2 * begin,
        j->has_dx ? row_at(j, s->ptr[4], j->x_bf16, begin) : NULL, sums, sums + j->D, end - begin,
        j->D);
}

static void add_up(const rows_job *j, const float *sums, float *grad)
{
    for (int64_t k = 0; grad && k < j->D; k++) {
        float sum = 0;
        for (int i = 0; i < j->state->threads; i++)
            sum += sums[(int64_t)i * 2 * j->D + k];
        grad[k] = j->state->add ? grad[k] + sum : sum;
    }
}

static void run_backward(const ay_step *s)
{
    const rows_job *j = s->job;
    const float *sums = s->ptr[3];

    ay_parallel(j->state->threads, backward_part, (void *)s);
    add_up(j, sums, j->weight_grad);
    add_up(j, sums + j->D, j->bias_grad);
}

/* x plain, in the type it has: tokens that are summed are float32 (learn.h). */
static dnnl_memory_desc_t input_form(const ay_dlearn *d, ay_val v)
{
    ay_val in = d->c.g->node[v].in[0];

    return ay_dnnl_plain(&d->c.p->shape[in], d->c.lay[in].md.data_type);
}

ay_status ay_learn_layer_norm(ay_dlearn *d, ay_val v, ay_err *err)
{
    dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[v], d->c.type), form = ay_learn_form(d, v);
    dnnl_memory_desc_t xmd = input_form(d, v);
    rows_job *j = job_of(d, v, err);
    ay_place x, y;
    ay_step *s;
    ay_status status;

    if (!j)
        return AY_ENOMEM;
    status = ay_learn_want(d, d->c.g->node[v].in[0], &xmd, &x, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &y, err);
    if (status == AY_OK)
        status = ay_learn_room(d, (size_t)(2 * j->rows), &d->keep[v][STATISTICS], err);
    s = status == AY_OK ? ay_learn_step(d, v, "rows", run_forward, j, err) : NULL;
    if (!s)
        return AY_ENOMEM;
    ay_place at[] = {x, y, d->keep[v][STATISTICS]};
    for (int i = 0; status == AY_OK && i < 3; i++)
        status = ay_learn_arg(d, s, at[i], err);
    if (status == AY_OK)
        status = ay_learn_as(d, v, &md, y, &form, &y, err);
    d->c.lay[v] = (ay_lay){true, form, y};
    return status;
}

ay_status ay_learn_layer_norm_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[0];
    dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[v], d->c.type), xmd = input_form(d, v);
    rows_job *j = job_of(d, v, err);
    ay_place x, diff, scratch, dx;
    ay_step *s;
    ay_status status;

    if (!j)
        return AY_ENOMEM;
    j->has_dx = d->l->value_diff[in];
    status = ay_learn_want(d, in, &xmd, &x, err);
    if (status == AY_OK)
        status = ay_learn_diff(d, v, &md, &diff, err);
    if (status == AY_OK)
        status = ay_learn_room(d, (size_t)(2 * j->D * d->state->threads), &scratch, err);
    if (status == AY_OK)
        dx = diff;
    if (status == AY_OK && j->has_dx)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&xmd), &dx, err);
    s = status == AY_OK ? ay_learn_step(d, v, "rows", run_backward, j, err) : NULL;
    if (!s)
        return AY_ENOMEM;
    ay_place at[] = {diff, x, d->keep[v][STATISTICS], scratch, dx};
    for (int i = 0; status == AY_OK && i < 5; i++)
        status = ay_learn_arg(d, s, at[i], err);
    return status == AY_OK ? ay_learn_give_as(d, in, &xmd, dx, err) : status;
}
