/* nn/dnnl/learn_attention.c - attention for training, heads as strides (see attention.c).
 *
 * With P = softmax(s Q K^T), O = P V:
 *   dV = P^T dO,  dP = dO V^T,  dS = P (dP - rowsum(dP P)),  dQ = s dS K,  dK = s dS^T Q
 * P is kept; it is the only thing that backward needs beside the packed rows. */
#include "nn/dnnl/learn.h"

#include <math.h>

enum { PROBABILITIES };

typedef struct {
    int64_t B, H, T, D, d;
    dnnl_memory_desc_t rows, out, scores; /* qkv, result, [B, H, T, T] */
    size_t size;
    float scale;
} heads;

static heads describe(const ay_dlearn *d, ay_val v)
{
    const ay_node *n = &d->c.g->node[v];
    const ay_shape *out = &d->c.p->shape[v];
    ay_shape scores;
    heads h = {.B = out->dim[0], .T = out->dim[1], .D = out->dim[2], .H = n->attr.attention.heads};

    h.d = h.D / h.H;
    h.rows = ay_dnnl_plain(&d->c.p->shape[n->in[0]], d->c.type);
    h.out = ay_dnnl_plain(out, d->c.type);
    scores = AY_SHAPE(h.B, h.H, h.T, h.T);
    h.scores = ay_dnnl_plain(&scores, d->c.type);
    h.size = dnnl_data_type_size(d->c.type);
    h.scale = 1 / sqrtf((float)h.d);
    return h;
}

/* A matrix a head; transposed swaps the last two. */
static dnnl_memory_desc_t strided(const ay_dlearn *d, const heads *h, int64_t rows, int64_t columns,
                                  int64_t batch_step, int64_t head_step, int64_t row_step,
                                  int64_t column_step)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {h->B, h->H, rows, columns};
    dnnl_dims_t strides = {batch_step, head_step, row_step, column_step};

    dnnl_memory_desc_init_by_strides(&md, 4, dims, d->c.type, strides);
    return md;
}

static dnnl_memory_desc_t packed(const ay_dlearn *d, const heads *h, bool transposed)
{
    int64_t row = 3 * h->D;

    return transposed ? strided(d, h, h->d, h->T, h->T * row, h->d, 1, row)
                      : strided(d, h, h->T, h->d, h->T * row, h->d, row, 1);
}

static dnnl_memory_desc_t single(const ay_dlearn *d, const heads *h)
{
    return strided(d, h, h->T, h->d, h->T * h->D, h->d, h->D, 1);
}

static dnnl_memory_desc_t square(const ay_dlearn *d, const heads *h, bool transposed)
{
    int64_t T = h->T;

    return strided(d, h, T, T, h->H * T * T, T * T, transposed ? 1 : T, transposed ? T : 1);
}

/* Which of q, k, v within the packed rows. */
static ay_place third(const heads *h, ay_place rows, int which)
{
    rows.offset += (size_t)which * (size_t)h->D * h->size;
    return rows;
}

static ay_status softmax(ay_dlearn *d, ay_val v, const heads *h, ay_place at, ay_err *err)
{
    dnnl_softmax_v2_desc_t op;
    ay_learn_io io[] = {{DNNL_ARG_SRC, &h->scores, at}, {DNNL_ARG_DST, &h->scores, at}};
    ay_status status = ay_dnnl_check(
        dnnl_softmax_v2_forward_desc_init(&op, dnnl_forward_training, dnnl_softmax_accurate,
                                          &h->scores, &h->scores, 3),
        "softmax", err);

    return status == AY_OK ? ay_learn_prim(d, v, &op, NULL, NULL, io, 2, AY_ALWAYS, err) : status;
}

ay_status ay_learn_attention(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    heads h = describe(d, v);
    ay_place rows, *kept = &d->keep[v][PROBABILITIES];
    ay_status status;

    if (n->attr.attention.causal || ay_learn_form(d, v).data_type != d->c.type)
        return ay_learn_plain(d, v, err);
    status = ay_learn_want(d, n->in[0], &h.rows, &rows, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h.scores), kept, err);
    ay_learn_product s = {.a = packed(d, &h, false),
                          .b = packed(d, &h, true),
                          .dst = square(d, &h, false),
                          .at = rows,
                          .bt = third(&h, rows, 1),
                          .dt = *kept,
                          .scale = h.scale};
    if (status == AY_OK)
        status = ay_learn_matmul(d, v, &s, err);
    if (status == AY_OK)
        status = softmax(d, v, &h, *kept, err);
    ay_learn_product mix = {.a = square(d, &h, false),
                            .b = packed(d, &h, false),
                            .dst = single(d, &h),
                            .at = *kept,
                            .bt = third(&h, rows, 2)};
    if (status == AY_OK)
        status = ay_learn_new(d, v, &mix.dt, err);
    return status == AY_OK ? ay_learn_matmul(d, v, &mix, err) : status;
}

static ay_status softmax_back(ay_dlearn *d, ay_val v, const heads *h, ay_place p, ay_place diff,
                              ay_err *err)
{
    dnnl_softmax_v2_desc_t op;
    dnnl_primitive_desc_t hint = NULL;
    ay_learn_io io[] = {{DNNL_ARG_DST, &h->scores, p},
                        {DNNL_ARG_DIFF_DST, &h->scores, diff},
                        {DNNL_ARG_DIFF_SRC, &h->scores, diff}};
    ay_status status = ay_dnnl_check(
        dnnl_softmax_v2_forward_desc_init(&op, dnnl_forward_training, dnnl_softmax_accurate,
                                          &h->scores, &h->scores, 3),
        "softmax", err);

    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_primitive_desc_create(&hint, &op, NULL, d->c.out->engine, NULL), "softmax", err);
    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_softmax_v2_backward_desc_init(&op, dnnl_softmax_accurate, &h->scores, &h->scores,
                                               &h->scores, 3),
            "softmax", err);
    if (status == AY_OK)
        status = ay_learn_prim(d, v, &op, hint, NULL, io, 3, AY_ALWAYS, err);
    dnnl_primitive_desc_destroy(hint);
    return status;
}

ay_status ay_learn_attention_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    heads h = describe(d, v);
    ay_place rows, diff, scores, out, p = d->keep[v][PROBABILITIES];
    ay_status status;

    if (n->attr.attention.causal || ay_learn_form(d, v).data_type != d->c.type)
        return ay_learn_plain_back(d, v, err);
    if (!d->l->value_diff[n->in[0]])
        return AY_OK;
    status = ay_learn_want(d, n->in[0], &h.rows, &rows, err);
    if (status == AY_OK)
        status = ay_learn_diff(d, v, &h.out, &diff, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h.scores), &scores, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h.rows), &out, err);
    ay_learn_product m[] = {
        {.a = square(d, &h, true), .b = single(d, &h), .dst = packed(d, &h, false), /* dV */
         .at = p, .bt = diff, .dt = third(&h, out, 2)},
        {.a = single(d, &h), .b = packed(d, &h, true), .dst = square(d, &h, false), /* dP */
         .at = diff, .bt = third(&h, rows, 2), .dt = scores},
        {.a = square(d, &h, false), .b = packed(d, &h, false), .dst = packed(d, &h, false), /* dQ */
         .at = scores, .bt = third(&h, rows, 1), .dt = out, .scale = h.scale},
        {.a = square(d, &h, true), .b = packed(d, &h, false), .dst = packed(d, &h, false), /* dK */
         .at = scores, .bt = rows, .dt = third(&h, out, 1), .scale = h.scale}};
    for (int i = 0; status == AY_OK && i < 4; i++) {
        status = ay_learn_matmul(d, v, &m[i], err);
        if (status == AY_OK && i == 1)
            status = softmax_back(d, v, &h, p, scores, err);
    }
    return status == AY_OK ? ay_learn_give_as(d, n->in[0], &h.rows, out, err) : status;
}
