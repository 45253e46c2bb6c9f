/* nn/dnnl/attention_mean.c - attention averaged over its queries (ref/attention_mean.c): two matrix
 * products, heads as strides (attention.c), and the average of the probabilities between them. */
#include "nn/dnnl/compile.h"
#include "nn/dnnl/loops.h"

#include <math.h>
#include <string.h>

typedef struct {
    int64_t B, H, T, D, d;
    dnnl_memory_desc_t x, qk, out, queries, keys, scores, shares;
} heads;

static dnnl_memory_desc_t strided(const heads *h, int64_t rows, int64_t columns, dnnl_data_type_t type,
                                  int64_t row_step, int64_t column_step)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {h->B, h->H, rows, columns};
    dnnl_dims_t strides = {h->T * 2 * h->D, h->d, row_step, column_step};

    dnnl_memory_desc_init_by_strides(&md, 4, dims, type, strides);
    return md;
}

static heads describe(const ay_dnnl *c, ay_val v)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *in = &c->p->shape[n->in[0]];
    heads h = {.B = in->dim[0], .T = in->dim[1], .D = in->dim[2], .H = n->attr.attention.heads};
    ay_shape out = AY_SHAPE(h.B, h.H, h.D), scores = AY_SHAPE(h.B, h.H, h.T, h.T),
             shares = AY_SHAPE(h.B, h.H, h.T);

    h.d = h.D / h.H;
    h.x = ay_dnnl_plain(in, c->type);
    h.qk = ay_dnnl_plain(&c->p->shape[n->in[1]], c->type);
    h.out = ay_dnnl_plain(&out, c->type);
    h.queries = strided(&h, h.T, h.d, c->type, 2 * h.D, 1);
    h.keys = strided(&h, h.d, h.T, c->type, 1, 2 * h.D);
    h.scores = ay_dnnl_plain(&scores, c->type);
    h.shares = ay_dnnl_plain(&shares, c->type);
    return h;
}

typedef struct {
    const dnnl_memory_desc_t *a, *b, *dst;
    ay_place at, bt, dt;
    float scale;
} product;

static ay_status emit_product(ay_dnnl *c, ay_val v, const product *m, ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_matmul_desc_t d;
    ay_step *s;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK && m->scale != 1)
        status = ay_dnnl_check(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &m->scale), "matmul", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_matmul_desc_init(&d, m->a, m->b, NULL, m->dst), "matmul", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(&pd, &d, attr, c->out->engine, NULL), "matmul",
                               err);
    dnnl_primitive_attr_destroy(attr);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, m->a, m->at, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_WEIGHTS, m->b, m->bt, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, m->dst, m->dt, err) : status;
}

static ay_status emit_softmax(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place at, ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_softmax_v2_desc_t d;
    ay_step *s;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_softmax_v2_forward_desc_init(&d, dnnl_forward_inference,
                                                                 dnnl_softmax_accurate, md, md, 3),
                               "softmax", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(&pd, &d, attr, c->out->engine, NULL), "softmax",
                               err);
    dnnl_primitive_attr_destroy(attr);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, md, at, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, md, at, err) : status;
}

/* number: matrices, T, bf16, threads.  ptr: P, its averages in float32, the same in the plan's type */
static void mean_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const ay_loops *loops = ay_loops_get();
    int64_t begin, end, T = s->number[1], size = s->number[2] ? 2 : 4;

    ay_part(s->number[0], i, parts, &begin, &end);
    for (int64_t m = begin; m < end; m++) {
        float *mean = (float *)s->ptr[1] + m * T;
        loops->column_sums(s->number[2], (char *)s->ptr[0] + m * T * T * size, mean, 1 / (float)T, T, T);
        loops->convert(mean, false, (char *)s->ptr[2] + m * T * size, s->number[2], T);
    }
}

static void run_mean(const ay_step *s)
{
    ay_parallel((int)s->number[3], mean_part, (void *)s);
}

static ay_status emit_mean(ay_dnnl *c, ay_val v, const heads *h, ay_place p, ay_place *out, ay_err *err)
{
    ay_step *s = ay_dnnl_step(c, v, "own loop", err);
    ay_place wide;
    ay_status status;

    if (!s)
        return AY_ENOMEM;
    s->kernel = run_mean;
    memcpy(s->number, (int64_t[]){h->B * h->H, h->T, c->type == dnnl_bf16, c->p->info.threads},
           4 * sizeof *s->number);
    status = ay_dnnl_buffer(c, (size_t)(h->B * h->H * h->T) * sizeof(float), &wide, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(c, dnnl_memory_desc_get_size(&h->shares), out, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &h->scores, p, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &h->shares, wide, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, 0, &h->shares, *out, err) : status;
}

ay_status ay_dnnl_attention_mean(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    heads h = describe(c, v);
    dnnl_memory_desc_t value = ay_dnnl_nhwc(&c->p->shape[v], c->type); /* the bytes of h.out */
    product scores = {.a = &h.queries, .b = &h.keys, .dst = &h.scores, .scale = 1 / sqrtf((float)h.d)};
    product mix = {.a = &h.shares, .b = &h.x, .dst = &h.out, .scale = 1};
    ay_status status = ay_dnnl_want(c, n->in[1], &h.qk, &scores.at, err);

    if (status == AY_OK)
        status = ay_dnnl_buffer(c, dnnl_memory_desc_get_size(&h.scores), &scores.dt, err);
    if (status != AY_OK)
        return status;
    scores.bt = scores.at;
    scores.bt.offset += (size_t)h.D * dnnl_data_type_size(c->type);
    status = emit_product(c, v, &scores, err);
    if (status == AY_OK)
        status = emit_softmax(c, v, &h.scores, scores.dt, err);
    if (status == AY_OK)
        status = emit_mean(c, v, &h, scores.dt, &mix.at, err);
    if (status == AY_OK)
        status = ay_dnnl_want(c, n->in[0], &h.x, &mix.bt, err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &value, &mix.dt, err);
    return status == AY_OK ? emit_product(c, v, &mix, err) : status;
}
