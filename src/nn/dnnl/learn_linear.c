/* nn/dnnl/learn_linear.c - linear layers: three matrix products a step.
 *
 *   y  = x W^T + b          dx = dy W          dW = dy^T x,  db = column sums of dy
 *
 * W is read where it lies (float32) or as a plain bf16 copy; transposes are strides. */
#include "nn/dnnl/learn.h"

/* The three matrices of one product, dst = a b (+ bias). */
ay_status ay_learn_matmul(ay_dlearn *d, ay_val v, const ay_learn_product *m, ay_err *err)
{
    bool bias = m->bias_md != NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_matmul_desc_t op;
    ay_learn_io io[] = {{DNNL_ARG_SRC, &m->a, m->at},
                        {DNNL_ARG_WEIGHTS, &m->b, m->bt},
                        {DNNL_ARG_DST, &m->dst, m->dt},
                        {DNNL_ARG_BIAS, m->bias_md, m->bias}};
    dnnl_status_t s;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK && m->scale != 0 && m->scale != 1)
        status = ay_dnnl_check(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &m->scale),
                               "attributes", err);
    if (status == AY_OK && m->when == AY_WHEN_ADD) {
        dnnl_post_ops_t ops = NULL;
        s = dnnl_post_ops_create(&ops);
        if (s == dnnl_success)
            s = dnnl_post_ops_append_sum(ops, 1);
        if (s == dnnl_success)
            s = dnnl_primitive_attr_set_post_ops(attr, ops);
        dnnl_post_ops_destroy(ops);
        status = ay_dnnl_check(s, "attributes", err);
    }
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_matmul_desc_init(&op, &m->a, &m->b, m->bias_md, &m->dst),
                               "matmul", err);
    if (status == AY_OK)
        status = ay_learn_prim(d, v, &op, NULL, attr, io, bias ? 4 : 3, m->when, err);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

dnnl_memory_desc_t ay_learn_matrix(int64_t rows, int64_t columns, int64_t row_step,
                                   int64_t column_step, dnnl_data_type_t type)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {rows, columns}, strides = {row_step, column_step};

    dnnl_memory_desc_init_by_strides(&md, 2, dims, type, strides);
    return md;
}

typedef struct {
    int64_t rows, in, out;
    dnnl_memory_desc_t x, y;  /* as values, in the plan's type */
    dnnl_memory_desc_t stored; /* the master weight */
    float *weight, *weight_grad, *bias, *bias_grad;
    bool transposed;
} layer;

static ay_status describe(ay_dlearn *d, ay_val v, layer *k, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    const ay_shape *in = &d->c.p->shape[n->in[0]];
    ay_status status = ay_learn_node_param(d, v, 0, &k->weight, &k->weight_grad, err);

    k->in = in->dim[in->rank - 1];
    k->out = n->attr.linear.out;
    k->rows = (int64_t)ay_shape_count(in) / k->in;
    k->transposed = n->attr.linear.transposed;
    k->x = ay_dnnl_plain(in, d->c.type);
    k->y = ay_dnnl_plain(&d->c.p->shape[v], d->c.type);
    k->stored = k->transposed ? ay_learn_matrix(k->in, k->out, k->out, 1, dnnl_f32)
                              : ay_learn_matrix(k->out, k->in, k->in, 1, dnnl_f32);
    return status == AY_OK ? ay_learn_node_param(d, v, 1, &k->bias, &k->bias_grad, err) : status;
}

/* The weight in the plan's type, lying as the master does. */
static ay_status typed_weight(ay_dlearn *d, ay_val v, const layer *k, ay_place *out, ay_err *err)
{
    dnnl_memory_desc_t md = k->stored;

    md.data_type = d->c.type;
    return ay_learn_as(d, v, &k->stored, ay_learn_fixed(k->weight), &md, out, err);
}

ay_status ay_learn_linear(ay_dlearn *d, ay_val v, ay_err *err)
{
    dnnl_data_type_t type = d->c.type;
    dnnl_memory_desc_t form = ay_learn_form(d, v), plain = form, bmd;
    ay_learn_product m = {0};
    layer k;
    ay_status status = describe(d, v, &k, err);

    plain = ay_dnnl_plain(&d->c.p->shape[v], form.data_type);
    bmd = ay_learn_matrix(1, k.out, k.out, 1, dnnl_f32);
    m.a = ay_learn_matrix(k.rows, k.in, k.in, 1, type);
    m.b = k.transposed ? ay_learn_matrix(k.in, k.out, k.out, 1, type)
                       : ay_learn_matrix(k.in, k.out, 1, k.in, type);
    m.dst = ay_learn_matrix(k.rows, k.out, k.out, 1, form.data_type);
    m.bias_md = k.bias ? &bmd : NULL;
    m.bias = ay_learn_fixed(k.bias);
    if (status == AY_OK)
        status = ay_learn_want(d, d->c.g->node[v].in[0], &k.x, &m.at, err);
    if (status == AY_OK)
        status = typed_weight(d, v, &k, &m.bt, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&plain), &m.dt, err);
    if (status == AY_OK)
        status = ay_learn_matmul(d, v, &m, err);
    if (status == AY_OK)
        status = ay_learn_as(d, v, &plain, m.dt, &form, &m.dt, err);
    d->c.lay[v] = (ay_lay){true, form, m.dt};
    return status;
}

static ay_status back_data(ay_dlearn *d, ay_val v, const layer *k, ay_place diff, ay_err *err)
{
    dnnl_data_type_t type = d->c.type;
    ay_learn_product m = {.a = ay_learn_matrix(k->rows, k->out, k->out, 1, type),
                          .b = k->transposed ? ay_learn_matrix(k->out, k->in, 1, k->out, type)
                                             : ay_learn_matrix(k->out, k->in, k->in, 1, type),
                          .dst = ay_learn_matrix(k->rows, k->in, k->in, 1, type),
                          .at = diff};
    ay_status status = typed_weight(d, v, k, &m.bt, err);

    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&k->x), &m.dt, err);
    if (status == AY_OK)
        status = ay_learn_matmul(d, v, &m, err);
    return status == AY_OK ? ay_learn_give_as(d, d->c.g->node[v].in[0], &k->x, m.dt, err) : status;
}

static ay_status back_weight(ay_dlearn *d, ay_val v, const layer *k, ay_place diff, ay_err *err)
{
    dnnl_data_type_t type = d->c.type;
    ay_learn_product m = {.dt = ay_learn_fixed(k->weight_grad)};
    ay_place x;
    ay_status status = ay_learn_want(d, d->c.g->node[v].in[0], &k->x, &x, err);

    if (k->transposed) { /* x^T dy */
        m.a = ay_learn_matrix(k->in, k->rows, 1, k->in, type);
        m.b = ay_learn_matrix(k->rows, k->out, k->out, 1, type);
        m.dst = ay_learn_matrix(k->in, k->out, k->out, 1, dnnl_f32);
        m.at = x;
        m.bt = diff;
    } else {
        m.a = ay_learn_matrix(k->out, k->rows, 1, k->out, type);
        m.b = ay_learn_matrix(k->rows, k->in, k->in, 1, type);
        m.dst = ay_learn_matrix(k->out, k->in, k->in, 1, dnnl_f32);
        m.at = diff;
        m.bt = x;
    }
    for (m.when = AY_WHEN_SET; status == AY_OK && m.when <= AY_WHEN_ADD; m.when++)
        status = ay_learn_matmul(d, v, &m, err);
    return status;
}

typedef struct {
    const ay_learn_state *state;
    bool bf16;
    int64_t rows, columns;
} sum_job;

static void run_sums(const ay_step *s)
{
    const sum_job *j = s->job;

    j->state->loops->column_sums(j->bf16, s->ptr[0], s->ptr[1], 1, j->rows, j->columns);
}

static ay_status back_bias(ay_dlearn *d, ay_val v, const layer *k, ay_place diff, ay_err *err)
{
    sum_job *j = ay_learn_job(d, sizeof *j, err);
    ay_step *s = j ? ay_learn_step(d, v, "column sums", run_sums, j, err) : NULL;
    ay_place sums;
    ay_status status;

    if (!s)
        return AY_ENOMEM;
    *j = (sum_job){d->state, d->c.type == dnnl_bf16, k->rows, k->out};
    status = ay_learn_room(d, (size_t)k->out, &sums, err);
    if (status == AY_OK)
        status = ay_learn_arg(d, s, diff, err);
    if (status == AY_OK)
        status = ay_learn_arg(d, s, sums, err);
    return status == AY_OK ? ay_learn_collect(d, v, sums, k->bias_grad, k->out, err) : status;
}

ay_status ay_learn_linear_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_place diff;
    layer k;
    ay_status status = describe(d, v, &k, err);

    if (status == AY_OK)
        status = ay_learn_diff(d, v, &k.y, &diff, err);
    if (status == AY_OK && d->l->value_diff[d->c.g->node[v].in[0]])
        status = back_data(d, v, &k, diff, err);
    if (status == AY_OK && k.weight_grad)
        status = back_weight(d, v, &k, diff, err);
    if (status == AY_OK && k.bias_grad)
        status = back_bias(d, v, &k, diff, err);
    return status;
}
