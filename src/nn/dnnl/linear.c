/* nn/dnnl/linear.c - linear layers as one matmul over all rows, weights pre-packed, chain fused.
 *
 * matmul rather than inner product: measured 1 to 8 % faster on the shapes of ViT-B/32 in oneDNN
 * 2.6, and it takes rows of any stride.
 *
 * With GELU behind it in bf16 it is a loop of our own (gelu_product.h).
 *
 * Below AVX-512, oneDNN's product sums in an order that depends on the number of rows.  There the
 * step runs once a picture, so that a picture's result does not depend on its batch. */
#include "nn/dnnl/compile.h"

static ay_status make_pd(ay_dnnl *c, const ay_chain *chain, bool bias,
                         const dnnl_memory_desc_t *src, const dnnl_memory_desc_t *dst,
                         dnnl_primitive_desc_t *pd, ay_err *err)
{
    int64_t in = src->dims[1], out = dst->dims[1];
    ay_shape wshape = AY_SHAPE(in, out), bshape = AY_SHAPE(1, out);
    dnnl_memory_desc_t wany = ay_dnnl_any(&wshape, src->data_type);
    dnnl_memory_desc_t bmd = ay_dnnl_plain(&bshape, dnnl_f32);
    dnnl_primitive_attr_t attr = NULL;
    dnnl_matmul_desc_t d;
    ay_status status = ay_dnnl_attr(chain, &attr, err);

    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_matmul_desc_init(&d, src, &wany, bias ? &bmd : NULL, dst),
                               "matmul", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(pd, &d, attr, c->out->engine, NULL),
                               "matmul", err);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

/* One run for each of n pictures; the arguments' sizes are those of one picture. */
static void once_a_picture(ay_step *s, int64_t n, size_t src_bytes, size_t dst_bytes)
{
    s->repeat = n;
    for (int k = 0; k < s->nargs; k++)
        s->advance[k] = s->exec[k].arg == DNNL_ARG_SRC   ? src_bytes
                        : s->exec[k].arg == DNNL_ARG_DST ? dst_bytes
                                                         : 0;
}

ay_status ay_dnnl_gemm(ay_dnnl *c, ay_val v, int64_t rows, int64_t in, int64_t out, ay_place src,
                       const dnnl_memory_desc_t *value_md, ay_err *err)
{
    const ay_chain *chain = &c->chain[v];
    int64_t batch = c->p->info.batch, runs = ay_dnnl_wide() || rows % batch ? 1 : batch;
    ay_shape sshape = AY_SHAPE(rows / runs, in), wshape = AY_SHAPE(in, out),
             dshape = AY_SHAPE(rows / runs, out);
    ay_shape bshape = AY_SHAPE(1, out);
    dnnl_memory_desc_t smd = ay_dnnl_plain(&sshape, c->type), wmd,
                       dmd = ay_dnnl_plain(&dshape, value_md->data_type),
                       bmd = ay_dnnl_plain(&bshape, dnnl_f32);
    bool bias = ay_dnnl_has_bias(c, v);
    ay_place dst, weights, b;
    dnnl_primitive_desc_t pd = NULL;
    ay_step *s;
    ay_status status = ay_dnnl_place_dst(c, chain, value_md, &dst, err);

    if (status == AY_OK)
        status = make_pd(c, chain, bias, &smd, &dmd, &pd, err);
    if (status != AY_OK)
        return status;
    wmd = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    status = ay_dnnl_emit(c, chain->tail, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_weights(c, v, &wshape, &wmd, &weights, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, &smd, src, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_WEIGHTS, &wmd, weights, err);
    if (status == AY_OK && bias && (status = ay_dnnl_bias(c, v, &b, err)) == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_BIAS, &bmd, b, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_DST, &dmd, dst, err);
    if (status != AY_OK)
        return status;
    once_a_picture(s, runs, dnnl_memory_desc_get_size(&smd), dnnl_memory_desc_get_size(&dmd));
    ay_dnnl_put(c, chain->tail, value_md, dst);
    return AY_OK;
}

ay_status ay_dnnl_linear(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *in = &c->p->shape[n->in[0]];
    ay_val tail = c->chain[v].tail;
    int64_t width = in->dim[in->rank - 1];
    dnnl_memory_desc_t smd = ay_dnnl_plain(in, c->type);
    dnnl_memory_desc_t dmd = ay_dnnl_plain(&c->p->shape[tail], ay_dnnl_type_of(c, tail));
    int64_t rows = (int64_t)ay_shape_count(in) / width;
    ay_place src;
    ay_status status;

    if (ay_dnnl_is_gelu_product(c, v, width, n->attr.linear.out))
        return ay_dnnl_gelu_product(c, v, &(ay_gp_form){smd, dmd, rows, width, n->attr.linear.out}, err);
    status = ay_dnnl_want(c, n->in[0], &smd, &src, err);
    if (status != AY_OK)
        return status;
    return ay_dnnl_gemm(c, v, rows, width, n->attr.linear.out, src, &dmd, err);
}
