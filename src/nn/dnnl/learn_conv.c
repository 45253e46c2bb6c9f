/* nn/dnnl/learn_conv.c - convolution for training: forward, both gradients.
 *
 * The master weights are float32 in the file's order.  Each use brings them into the primitive's
 * form by one reorder (some hundred microseconds for a million weights, next to milliseconds of
 * products), so nobody has to know when an optimiser moved them.  The gradient comes out in a
 * blocked form and is reordered straight into the gradient's place, or added there. */
#include "nn/dnnl/learn.h"

static int or_one(int n)
{
    return n ? n : 1;
}

/* Everything a description needs.  src, dst: of one thread's share of the batch. */
typedef struct {
    dnnl_memory_desc_t src, weights, plain, bias, dst; /* plain: the master weights */
    dnnl_memory_desc_t whole_src, whole_dst;
    dnnl_dims_t stride, dilation, begin, end;
    float *weight, *weight_grad, *bias_value, *bias_grad;
    int64_t count, out;
} conv;

static ay_status describe(ay_dlearn *d, ay_val v, conv *k, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    const ay_conv *a = &n->attr.conv;
    const ay_shape *in = &d->c.p->shape[n->in[0]];
    int64_t G = or_one(a->groups), side = a->kernel, C = in->dim[1], out;
    ay_shape ws = G == 1 ? AY_SHAPE(a->out, C, side, side)
                         : AY_SHAPE(G, a->out / G, C / G, side, side);
    ay_shape bs = AY_SHAPE(a->out), share;
    ay_status status = ay_learn_node_param(d, v, 0, &k->weight, &k->weight_grad, err);

    k->whole_src = ay_dnnl_nhwc(in, d->c.type);
    k->whole_dst = ay_dnnl_nhwc(&d->c.p->shape[v], d->c.type);
    share = *in;
    share.dim[0] /= d->parts;
    k->src = ay_dnnl_nhwc(&share, d->c.type);
    share = d->c.p->shape[v];
    share.dim[0] /= d->parts;
    k->dst = ay_dnnl_nhwc(&share, d->c.type);
    k->weights = ay_dnnl_any(&ws, d->c.type);
    k->plain = ay_dnnl_plain(&ws, dnnl_f32);
    k->bias = ay_dnnl_plain(&bs, dnnl_f32);
    k->count = (int64_t)ay_shape_count(&ws);
    k->out = a->out;
    ay_conv_extent(a, in->dim[2], &out, &k->begin[0], &k->end[0]);
    ay_conv_extent(a, in->dim[3], &out, &k->begin[1], &k->end[1]);
    for (int i = 0; i < 2; i++) {
        k->stride[i] = or_one(a->stride);
        k->dilation[i] = or_one(a->dilation) - 1;
    }
    return status == AY_OK ? ay_learn_node_param(d, v, 1, &k->bias_value, &k->bias_grad, err)
                           : status;
}

static ay_status forward_pd(ay_dlearn *d, const conv *k, dnnl_primitive_desc_t *pd, ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_convolution_desc_t op;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    ay_learn_one_thread(d);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_dilated_convolution_forward_desc_init(
                                   &op, dnnl_forward_training, dnnl_convolution_direct, &k->src,
                                   &k->weights, k->bias_value ? &k->bias : NULL, &k->dst, k->stride,
                                   k->dilation, k->begin, k->end),
                               "convolution", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(pd, &op, attr, d->c.out->engine, NULL),
                               "convolution", err);
    ay_learn_all_threads(d);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

static ay_status short_forward(ay_dlearn *d, ay_val v, const conv *k, ay_err *err)
{
    dnnl_memory_desc_t form = ay_learn_form(d, v);
    ay_place src, dst;
    ay_status status = ay_learn_want(d, d->c.g->node[v].in[0], &k->whole_src, &src, err);

    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&k->whole_dst), &dst, err);
    if (status == AY_OK)
        status = ay_learn_wino(d, v, k->weight, src, dst, err);
    if (status == AY_OK)
        status = ay_learn_as(d, v, &k->whole_dst, dst, &form, &dst, err);
    d->c.lay[v] = (ay_lay){true, form, dst};
    return status;
}

static ay_status short_back(ay_dlearn *d, ay_val v, const conv *k, ay_place diff, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[0];
    ay_place at;
    ay_status status = AY_OK;

    if (d->l->value_diff[in]) {
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&k->whole_src), &at, err);
        if (status == AY_OK)
            status = ay_learn_wino_back(d, v, k->weight, diff, at, err);
        if (status == AY_OK)
            status = ay_learn_give_as(d, in, &k->whole_src, at, err);
    }
    if (status == AY_OK && k->weight_grad)
        status = ay_learn_want(d, in, &k->whole_src, &at, err);
    if (status == AY_OK && k->weight_grad)
        status = ay_learn_wino_grad(d, v, k->weight_grad, at, diff, err);
    return status;
}

ay_status ay_learn_conv2d(ay_dlearn *d, ay_val v, ay_err *err)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t form;
    ay_place src, weights, dst;
    conv k;
    ay_status status = describe(d, v, &k, err);

    if (status == AY_OK && ay_learn_fits_winograd(d, v))
        return short_forward(d, v, &k, err);
    if (status == AY_OK)
        status = ay_learn_want(d, d->c.g->node[v].in[0], &k.whole_src, &src, err);
    if (status == AY_OK)
        status = forward_pd(d, &k, &pd, err);
    if (status != AY_OK)
        return status;
    k.weights = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    status = ay_learn_as(d, v, &k.plain, ay_learn_fixed(k.weight), &k.weights, &weights, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&k.whole_dst), &dst, err);
    if (status != AY_OK) {
        dnnl_primitive_desc_destroy(pd);
        return status;
    }
    ay_learn_io io[] = {{DNNL_ARG_SRC, &k.src, src},
                        {DNNL_ARG_WEIGHTS, &k.weights, weights},
                        {DNNL_ARG_DST, &k.dst, dst},
                        {DNNL_ARG_BIAS, &k.bias, ay_learn_fixed(k.bias_value)}};
    status = ay_learn_emit_parts(d, v, pd, io, k.bias_value ? 4 : 3, err);
    form = ay_learn_form(d, v);
    if (status == AY_OK) /* a result that is only given out is float32 */
        status = ay_learn_as(d, v, &k.whole_dst, dst, &form, &dst, err);
    d->c.lay[v] = (ay_lay){true, form, dst};
    return status;
}

static ay_status gradient_pd(ay_dlearn *d, const dnnl_convolution_desc_t *op,
                             const_dnnl_primitive_attr_t attr, const_dnnl_primitive_desc_t hint,
                             dnnl_primitive_desc_t *pd, ay_err *err)
{
    dnnl_status_t s;

    ay_learn_one_thread(d);
    s = dnnl_primitive_desc_create(pd, op, attr, d->c.out->engine, hint);
    ay_learn_all_threads(d);
    return ay_dnnl_check(s, "convolution's gradient", err);
}

static ay_status back_data(ay_dlearn *d, ay_val v, conv *k, ay_place diff,
                           const_dnnl_primitive_desc_t hint, ay_err *err)
{
    dnnl_convolution_desc_t op;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t any = k->weights, wmd;
    ay_place weights, out;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_dilated_convolution_backward_data_desc_init(
                                   &op, dnnl_convolution_direct, &k->src, &any, &k->dst, k->stride,
                                   k->dilation, k->begin, k->end),
                               "convolution", err);
    if (status == AY_OK)
        status = gradient_pd(d, &op, attr, hint, &pd, err);
    dnnl_primitive_attr_destroy(attr);
    if (status != AY_OK)
        return status;
    wmd = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    status = ay_learn_as(d, v, &k->plain, ay_learn_fixed(k->weight), &wmd, &weights, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&k->whole_src), &out, err);
    if (status != AY_OK) {
        dnnl_primitive_desc_destroy(pd);
        return status;
    }
    ay_learn_io io[] = {{DNNL_ARG_DIFF_DST, &k->dst, diff},
                        {DNNL_ARG_WEIGHTS, &wmd, weights},
                        {DNNL_ARG_DIFF_SRC, &k->src, out}};
    status = ay_learn_emit_parts(d, v, pd, io, 3, err);
    return status == AY_OK
               ? ay_learn_give_as(d, d->c.g->node[v].in[0], &k->whole_src, out, err)
               : status;
}

/* A float32 gradient in any form, into its place: set, or added. */
static ay_status deliver(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *from, ay_place at,
                         const dnnl_memory_desc_t *to, float *grad, ay_err *err)
{
    ay_status status = AY_OK;

    for (int when = AY_WHEN_SET; status == AY_OK && when <= AY_WHEN_ADD; when++) {
        dnnl_primitive_attr_t attr = NULL;
        dnnl_primitive_desc_t pd = NULL;
        dnnl_post_ops_t ops = NULL;
        ay_learn_io io[] = {{DNNL_ARG_FROM, from, at}, {DNNL_ARG_TO, to, ay_learn_fixed(grad)}};
        status = ay_dnnl_attr(NULL, &attr, err);
        if (status == AY_OK && when == AY_WHEN_ADD) {
            dnnl_status_t s = dnnl_post_ops_create(&ops);
            if (s == dnnl_success)
                s = dnnl_post_ops_append_sum(ops, 1);
            if (s == dnnl_success)
                s = dnnl_primitive_attr_set_post_ops(attr, ops);
            dnnl_post_ops_destroy(ops);
            status = ay_dnnl_check(s, "attributes", err);
        }
        if (status == AY_OK)
            status = ay_dnnl_check(
                dnnl_reorder_primitive_desc_create(&pd, from, d->c.out->engine, to,
                                                   d->c.out->engine, attr),
                "reorder", err);
        dnnl_primitive_attr_destroy(attr);
        if (status == AY_OK)
            status = ay_learn_emit(d, v, pd, io, 2, when, err);
    }
    return status;
}

static ay_status back_weights(ay_dlearn *d, ay_val v, conv *k, ay_place diff,
                              const_dnnl_primitive_desc_t hint, ay_err *err)
{
    dnnl_memory_desc_t any = k->weights, wmd;
    dnnl_convolution_desc_t op;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    size_t floats;
    ay_place src, weights, bias = {.buf = -1};
    ay_status status = ay_learn_want(d, d->c.g->node[v].in[0], &k->whole_src, &src, err);

    any.data_type = dnnl_f32;
    if (status == AY_OK)
        status = ay_dnnl_attr(NULL, &attr, err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_dilated_convolution_backward_weights_desc_init(
                                   &op, dnnl_convolution_direct, &k->src, &any,
                                   k->bias_value ? &k->bias : NULL, &k->dst, k->stride, k->dilation,
                                   k->begin, k->end),
                               "convolution", err);
    if (status == AY_OK)
        status = gradient_pd(d, &op, attr, hint, &pd, err);
    dnnl_primitive_attr_destroy(attr);
    if (status != AY_OK)
        return status;
    wmd = *dnnl_primitive_desc_query_md(pd, dnnl_query_diff_weights_md, 0);
    floats = dnnl_memory_desc_get_size(&wmd) / sizeof(float);
    status = ay_learn_room(d, floats * (size_t)d->parts, &weights, err);
    if (status == AY_OK && k->bias_value)
        status = ay_learn_room(d, (size_t)k->out * (size_t)d->parts, &bias, err);
    if (status != AY_OK) {
        dnnl_primitive_desc_destroy(pd);
        return status;
    }
    ay_learn_io io[] = {{DNNL_ARG_SRC, &k->src, src},
                        {DNNL_ARG_DIFF_DST, &k->dst, diff},
                        {DNNL_ARG_DIFF_WEIGHTS, &wmd, weights},
                        {DNNL_ARG_DIFF_BIAS, &k->bias, bias}};
    status = ay_learn_emit_parts(d, v, pd, io, k->bias_value ? 4 : 3, err);
    if (status == AY_OK)
        status = ay_learn_sum_parts(d, v, weights, (int64_t)floats, err);
    if (status == AY_OK && k->bias_value)
        status = ay_learn_sum_parts(d, v, bias, k->out, err);
    if (status == AY_OK && k->weight_grad)
        status = deliver(d, v, &wmd, weights, &k->plain, k->weight_grad, err);
    if (status == AY_OK && k->bias_grad)
        status = ay_learn_collect(d, v, bias, k->bias_grad, k->out, err);
    return status;
}

ay_status ay_learn_conv2d_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    dnnl_primitive_desc_t hint = NULL;
    ay_place diff;
    conv k;
    ay_status status = describe(d, v, &k, err);

    if (status == AY_OK)
        status = ay_learn_diff(d, v, &k.whole_dst, &diff, err);
    if (status == AY_OK && ay_learn_fits_winograd(d, v))
        return short_back(d, v, &k, diff, err);
    if (status == AY_OK)
        status = forward_pd(d, &k, &hint, err);
    if (status == AY_OK && d->l->value_diff[d->c.g->node[v].in[0]])
        status = back_data(d, v, &k, diff, hint, err);
    if (status == AY_OK && (k.weight_grad || k.bias_grad))
        status = back_weights(d, v, &k, diff, hint, err);
    dnnl_primitive_desc_destroy(hint);
    return status;
}
