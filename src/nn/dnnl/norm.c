/* nn/dnnl/norm.c - layer-norm, softmax, and batch-norm where it could not be folded. */
#include "nn/dnnl/compile.h"

#include <string.h>

/* Where an elementwise step on v's first input may write: over it, or into a new buffer. */
static ay_status same_or_new(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place src,
                             ay_place *dst, ay_err *err)
{
    ay_val in = c->g->node[v].in[0];

    if (ay_dnnl_may_overwrite(c, in) && c->lay[in].at.buf == src.buf) {
        *dst = src;
        ay_dnnl_put(c, v, md, src);
        return AY_OK;
    }
    return ay_dnnl_new(c, v, md, dst, err);
}

static ay_status src_dst(ay_dnnl *c, ay_step *s, const dnnl_memory_desc_t *md, ay_place src,
                         ay_place dst, ay_err *err)
{
    ay_status status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, md, src, err);

    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, md, dst, err) : status;
}

static ay_status make_pd(ay_dnnl *c, const_dnnl_op_desc_t d, const char *what,
                         dnnl_primitive_desc_t *pd, ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK)
        status =
            ay_dnnl_check(dnnl_primitive_desc_create(pd, d, attr, c->out->engine, NULL), what, err);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

ay_status ay_dnnl_layer_norm(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *shape = &c->p->shape[v];
    int64_t D = shape->dim[shape->rank - 1];
    ay_shape flat = AY_SHAPE((int64_t)ay_shape_count(shape) / D, D), two = AY_SHAPE(2, D);
    dnnl_memory_desc_t md = ay_dnnl_plain(shape, c->type), rows = ay_dnnl_plain(&flat, c->type);
    dnnl_memory_desc_t wmd = ay_dnnl_plain(&two, dnnl_f32);
    dnnl_layer_normalization_desc_t d;
    dnnl_primitive_desc_t pd = NULL;
    ay_place src, dst, w;
    ay_step *s;
    ay_status status = ay_dnnl_want(c, n->in[0], &md, &src, err);

    if (status == AY_OK)
        status = same_or_new(c, v, &md, src, &dst, err);
    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_layer_normalization_forward_desc_init(&d, dnnl_forward_inference, &rows, NULL,
                                                       n->attr.norm.eps, dnnl_use_scaleshift),
            "layer-norm", err);
    if (status == AY_OK)
        status = make_pd(c, &d, "layer-norm", &pd, err);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_params(c, v, (int[]){0, 1}, 2, &w, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SCALE_SHIFT, &wmd, w, err);
    return status == AY_OK ? src_dst(c, s, &rows, src, dst, err) : status;
}

static ay_status batch_norm_args(ay_dnnl *c, ay_val v, ay_step *s, int64_t C, ay_err *err)
{
    ay_shape two = AY_SHAPE(2, C), one = AY_SHAPE(C);
    dnnl_memory_desc_t wmd = ay_dnnl_plain(&two, dnnl_f32), smd = ay_dnnl_plain(&one, dnnl_f32);
    ay_place w, mean, var;
    ay_status status = ay_dnnl_params(c, v, (int[]){0, 1}, 2, &w, err);

    if (status == AY_OK)
        status = ay_dnnl_params(c, v, (int[]){2}, 1, &mean, err);
    if (status == AY_OK)
        status = ay_dnnl_params(c, v, (int[]){3}, 1, &var, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SCALE_SHIFT, &wmd, w, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_MEAN, &smd, mean, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_VARIANCE, &smd, var, err);
    return status;
}

ay_status ay_dnnl_batch_norm(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *shape = &c->p->shape[v];
    dnnl_memory_desc_t md = ay_dnnl_preferred(shape, c->type);
    dnnl_batch_normalization_desc_t d;
    dnnl_primitive_desc_t pd = NULL;
    ay_place src, dst;
    ay_step *s;
    ay_status status = ay_dnnl_want(c, n->in[0], &md, &src, err);

    if (status == AY_OK)
        status = same_or_new(c, v, &md, src, &dst, err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_batch_normalization_forward_desc_init(
                                   &d, dnnl_forward_inference, &md, n->attr.norm.eps,
                                   dnnl_use_global_stats | dnnl_use_scaleshift),
                               "batch-norm", err);
    if (status == AY_OK)
        status = make_pd(c, &d, "batch-norm", &pd, err);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = batch_norm_args(c, v, s, shape->dim[1], err);
    return status == AY_OK ? src_dst(c, s, &md, src, dst, err) : status;
}

ay_status ay_dnnl_softmax(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_shape *shape = &c->p->shape[v];
    dnnl_memory_desc_t md = ay_dnnl_plain(shape, c->type);
    dnnl_softmax_v2_desc_t d;
    dnnl_primitive_desc_t pd = NULL;
    ay_place src, dst;
    ay_step *s;
    ay_status status = ay_dnnl_want(c, c->g->node[v].in[0], &md, &src, err);

    if (status == AY_OK)
        status = same_or_new(c, v, &md, src, &dst, err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_softmax_v2_forward_desc_init(&d, dnnl_forward_inference,
                                                                 dnnl_softmax_accurate, &md, &md,
                                                                 shape->rank - 1),
                               "softmax", err);
    if (status == AY_OK)
        status = make_pd(c, &d, "softmax", &pd, err);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    return status == AY_OK ? src_dst(c, s, &md, src, dst, err) : status;
}

ay_status ay_dnnl_activation(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    dnnl_memory_desc_t md = c->lay[n->in[0]].md;
    dnnl_alg_kind_t alg;
    float alpha, beta;
    dnnl_eltwise_desc_t d;
    dnnl_primitive_desc_t pd = NULL;
    ay_place src = c->lay[n->in[0]].at, dst;
    ay_step *s;
    ay_status status;

    if (!ay_dnnl_alg(n->attr.act, &alg, &alpha, &beta))
        return ay_dnnl_fallback(c, v, err);
    status = same_or_new(c, v, &md, src, &dst, err);
    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_eltwise_forward_desc_init(&d, dnnl_forward_inference, alg, &md, alpha, beta),
            "activation", err);
    if (status == AY_OK)
        status = make_pd(c, &d, "activation", &pd, err);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    return status == AY_OK ? src_dst(c, s, &md, src, dst, err) : status;
}

/* add, mul.  The first operand keeps its form; the second is brought to the same kind of form. */
ay_status ay_dnnl_binary(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *a = &c->p->shape[n->in[0]], *b = &c->p->shape[n->in[1]];
    dnnl_memory_desc_t amd = ay_dnnl_preferred(a, c->type), bmd = ay_dnnl_preferred(b, c->type);
    dnnl_binary_desc_t d;
    dnnl_primitive_desc_t pd = NULL;
    ay_place x, y, dst;
    ay_step *s;
    ay_status status = ay_dnnl_want(c, n->in[0], &amd, &x, err);

    if (status == AY_OK)
        status = ay_dnnl_want(c, n->in[1], &bmd, &y, err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &amd, &dst, err);
    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_binary_desc_init(&d, n->op == &ay_op_add ? dnnl_binary_add : dnnl_binary_mul, &amd,
                                  &bmd, &amd),
            "elementwise", err);
    if (status == AY_OK)
        status = make_pd(c, &d, "elementwise", &pd, err);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC_0, &amd, x, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC_1, &bmd, y, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, &amd, dst, err) : status;
}
