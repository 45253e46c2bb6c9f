/* nn/dnnl/conv2d.c - convolution with its chain.
 *
 * Five ways, tried in this order:
 *  - patches: kernel == stride, no padding, few channels (the ViT stem).  Rows are gathered by our
 *    own loop, then it is a matmul; oneDNN's convolution takes several times as long there.
 *  - one input channel a group: our own loops (depthwise.h).
 *  - 1 x 1 with GELU behind, bf16: our own loops (gelu_product.h).
 *  - winograd F(4x4, 3x3): f32, 3x3, stride 1.  Up to 2.7 times the direct kernels on one
 *    AVX-512 core (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016).
 *  - direct, whatever oneDNN finds best for the layout. */
#include "nn/dnnl/compile.h"

#include <string.h>

static int or_one(int n)
{
    return n ? n : 1;
}

/* Gather: src N C H W f32 -> rows [N*OH*OW, C*k*k], f32 or bf16.  number: C, H, W, OH, OW, k, N,
 * bf16 */
static void gather(const ay_step *s)
{
    int64_t C = s->number[0], H = s->number[1], W = s->number[2], OH = s->number[3];
    int64_t OW = s->number[4], k = s->number[5], N = s->number[6];
    ay_dtype type = s->number[7] ? AY_BF16 : AY_F32;
    size_t size = ay_dtype_size(type);
    const float *src = s->ptr[0];
    char *dst = s->ptr[1];

    for (int64_t n = 0; n < N; n++)
        for (int64_t c = 0; c < C; c++)
            for (int64_t y = 0; y < OH * k; y++)
                for (int64_t x = 0; x < OW; x++) {
                    int64_t row = (n * OH + y / k) * OW + x, at = (c * k + y % k) * k;
                    ay_from_f32(dst + (size_t)(row * C * k * k + at) * size, type,
                                src + ((n * C + c) * H + y) * W + x * k, (size_t)k);
                }
}

static bool is_patches(const ay_dnnl *c, ay_val v)
{
    const ay_node *n = &c->g->node[v];
    const ay_conv *a = &n->attr.conv;

    return a->kernel == a->stride && a->kernel >= 4 && a->pad == 0 && !a->same &&
           or_one(a->groups) == 1 && or_one(a->dilation) == 1 && c->p->shape[n->in[0]].dim[1] <= 4;
}

static ay_status compile_patches(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *in = &c->p->shape[n->in[0]], *out = &c->p->shape[v];
    ay_val tail = c->chain[v].tail;
    int64_t k = n->attr.conv.kernel, width = in->dim[1] * k * k;
    ay_shape rows = AY_SHAPE(out->dim[0] * out->dim[2] * out->dim[3], width);
    dnnl_memory_desc_t plain = ay_dnnl_plain(in, dnnl_f32), rmd = ay_dnnl_plain(&rows, c->type);
    dnnl_memory_desc_t dmd = ay_dnnl_nhwc(&c->p->shape[tail], c->type);
    ay_place src, gathered;
    ay_status status = ay_dnnl_want(c, n->in[0], &plain, &src, err);
    ay_step *s = status == AY_OK ? ay_dnnl_step(c, v, "gather patches", err) : NULL;

    if (!s)
        return status == AY_OK ? AY_ENOMEM : status;
    s->kernel = gather;
    memcpy(s->number,
           (int64_t[]){in->dim[1], in->dim[2], in->dim[3], out->dim[2], out->dim[3], k, out->dim[0],
                       c->type == dnnl_bf16},
           8 * sizeof *s->number);
    status = ay_dnnl_buffer(c, dnnl_memory_desc_get_size(&rmd), &gathered, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &plain, src, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &rmd, gathered, err);
    if (status != AY_OK)
        return status;
    return ay_dnnl_gemm(c, v, rows.dim[0], width, out->dim[1], gathered, &dmd, err);
}

/* Measured in oneDNN 2.6 on one core: below 32 channels the transforms cost more than they save,
 * and on few output pixels the weights, four times as many bytes, do. */
static bool winograd_fits(const ay_dnnl *c, ay_val v)
{
    const ay_node *n = &c->g->node[v];
    const ay_conv *a = &n->attr.conv;
    const ay_shape *in = &c->p->shape[n->in[0]], *out = &c->p->shape[v];
    int64_t pixels = out->dim[2] * out->dim[3];

    return c->type == dnnl_f32 && ay_dnnl_wide() && a->kernel == 3 && or_one(a->stride) == 1 &&
           or_one(a->dilation) == 1 && or_one(a->groups) == 1 && in->dim[1] % 16 == 0 &&
           a->out % 16 == 0 && in->dim[1] >= 32 && a->out >= 32 && pixels >= 100;
}

static ay_shape weight_shape(const ay_dnnl *c, const ay_node *n)
{
    const ay_conv *a = &n->attr.conv;
    int64_t in = c->p->shape[n->in[0]].dim[1], G = or_one(a->groups), k = a->kernel;

    return G == 1 ? AY_SHAPE(a->out, in, k, k) : AY_SHAPE(G, a->out / G, in / G, k, k);
}

/* The F(4x4, 3x3) kernel among those that oneDNN offers.  For one picture it would rather take
 * F(2x2, 3x3), whose roundings differ: then a picture's result would depend on its batch. */
static ay_status find_winograd(ay_dnnl *c, const dnnl_convolution_desc_t *d,
                               const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out,
                               ay_err *err)
{
    dnnl_primitive_desc_iterator_t it = NULL;
    dnnl_status_t s = dnnl_primitive_desc_iterator_create(&it, d, attr, c->out->engine, NULL);

    for (; s == dnnl_success; s = dnnl_primitive_desc_iterator_next(it)) {
        dnnl_primitive_desc_t pd = dnnl_primitive_desc_iterator_fetch(it);
        const char *name = NULL;
        dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
        if (name && strstr(name, "wino_4x3")) {
            *out = pd;
            break;
        }
        dnnl_primitive_desc_destroy(pd);
    }
    dnnl_primitive_desc_iterator_destroy(it);
    return s == dnnl_success ? AY_OK : ay_fail(err, AY_EUNSUPPORTED, "no F(4x4, 3x3) kernel");
}

/* A description for one algorithm; AY_EUNSUPPORTED when oneDNN has no such kernel. */
static ay_status try_conv(ay_dnnl *c, ay_val v, dnnl_alg_kind_t alg, const dnnl_memory_desc_t *smd,
                          const dnnl_memory_desc_t *dmd, dnnl_primitive_desc_t *pd, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_conv *a = &n->attr.conv;
    ay_shape ws = weight_shape(c, n), bs = AY_SHAPE(a->out);
    dnnl_memory_desc_t wmd = ay_dnnl_any(&ws, c->type), bmd = ay_dnnl_plain(&bs, dnnl_f32);
    int64_t top, left, bottom, right, out;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_convolution_desc_t d;
    ay_status status = ay_dnnl_attr(&c->chain[v], &attr, err);

    ay_conv_extent(a, smd->dims[2], &out, &top, &bottom);
    ay_conv_extent(a, smd->dims[3], &out, &left, &right);
    dnnl_dims_t stride = {or_one(a->stride), or_one(a->stride)};
    dnnl_dims_t dilation = {or_one(a->dilation) - 1, or_one(a->dilation) - 1};
    dnnl_dims_t begin = {top, left}, end = {bottom, right};
    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_dilated_convolution_forward_desc_init(&d, dnnl_forward_inference, alg, smd, &wmd,
                                                       ay_dnnl_has_bias(c, v) ? &bmd : NULL, dmd,
                                                       stride, dilation, begin, end),
            "convolution", err);
    if (status == AY_OK && alg == dnnl_convolution_winograd)
        status = find_winograd(c, &d, attr, pd, err);
    else if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(pd, &d, attr, c->out->engine, NULL),
                               "convolution", err);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

/* Winograd where it fits, else direct on the preferred layout, else on any layout. */
static ay_status choose(ay_dnnl *c, ay_val v, dnnl_primitive_desc_t *pd, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *in = &c->p->shape[n->in[0]], *out = &c->p->shape[c->chain[v].tail];
    dnnl_memory_desc_t smd = ay_dnnl_preferred(in, c->type), dmd = ay_dnnl_preferred(out, c->type);

    if (in->dim[1] <= 4 && c->type == dnnl_f32)
        smd = ay_dnnl_plain(in, c->type); /* the first layer's kernel reads planes */
    if (winograd_fits(c, v) &&
        try_conv(c, v, dnnl_convolution_winograd, &smd, &dmd, pd, NULL) == AY_OK)
        return AY_OK;
    if (try_conv(c, v, dnnl_convolution_direct, &smd, &dmd, pd, NULL) == AY_OK)
        return AY_OK;
    smd = ay_dnnl_any(in, c->type);
    dmd = ay_dnnl_any(out, c->type);
    return try_conv(c, v, dnnl_convolution_direct, &smd, &dmd, pd, err);
}

static ay_status emit_conv(ay_dnnl *c, ay_val v, dnnl_primitive_desc_t pd, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_chain *chain = &c->chain[v];
    ay_shape ws = weight_shape(c, n), bs = AY_SHAPE(n->attr.conv.out);
    dnnl_memory_desc_t smd = *dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
    dnnl_memory_desc_t wmd = *dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    dnnl_memory_desc_t dmd = *dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
    dnnl_memory_desc_t bmd = ay_dnnl_plain(&bs, dnnl_f32);
    ay_place src, weights, bias, dst;
    ay_step *s;
    ay_status status = ay_dnnl_want(c, n->in[0], &smd, &src, err);

    if (status == AY_OK)
        status = ay_dnnl_place_dst(c, chain, &dmd, &dst, err);
    if (status != AY_OK) {
        dnnl_primitive_desc_destroy(pd);
        return status;
    }
    status = ay_dnnl_emit(c, chain->tail, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_weights(c, v, &ws, &wmd, &weights, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, &smd, src, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_WEIGHTS, &wmd, weights, err);
    if (status == AY_OK && ay_dnnl_has_bias(c, v) &&
        (status = ay_dnnl_bias(c, v, &bias, err)) == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_BIAS, &bmd, bias, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_DST, &dmd, dst, err);
    if (status == AY_OK)
        ay_dnnl_put(c, chain->tail, &dmd, dst);
    return status;
}

/* 1 x 1: pixels are rows. */
static bool is_point_gelu(const ay_dnnl *c, ay_val v)
{
    const ay_node *n = &c->g->node[v];
    const ay_conv *a = &n->attr.conv;

    return a->kernel == 1 && or_one(a->stride) == 1 && a->pad == 0 && or_one(a->groups) == 1 &&
           ay_dnnl_is_gelu_product(c, v, c->p->shape[n->in[0]].dim[1], a->out);
}

static ay_status compile_point_gelu(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_shape *in = &c->p->shape[c->g->node[v].in[0]], *out = &c->p->shape[c->chain[v].tail];
    ay_gp_form form = {ay_dnnl_nhwc(in, c->type), ay_dnnl_nhwc(out, c->type),
                       in->dim[0] * in->dim[2] * in->dim[3], in->dim[1], out->dim[1]};

    return ay_dnnl_gelu_product(c, v, &form, err);
}

ay_status ay_dnnl_conv2d(ay_dnnl *c, ay_val v, ay_err *err)
{
    dnnl_primitive_desc_t pd = NULL;
    ay_status status;

    if (is_patches(c, v))
        return compile_patches(c, v, err);
    if (ay_dnnl_is_depthwise(c, v))
        return ay_dnnl_depthwise(c, v, err);
    if (is_point_gelu(c, v))
        return compile_point_gelu(c, v, err);
    status = choose(c, v, &pd, err);
    return status == AY_OK ? emit_conv(c, v, pd, err) : status;
}
