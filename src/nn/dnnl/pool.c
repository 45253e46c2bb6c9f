/* nn/dnnl/pool.c - maximum, average and global average. */
#include "nn/dnnl/learn.h"

static int64_t pad_end(const ay_pool *a, int64_t size, int64_t out)
{
    int64_t stride = a->stride ? a->stride : a->kernel;
    int64_t need = (out - 1) * stride + a->kernel - size - a->pad;

    return need > 0 ? need : 0;
}

/* oneDNN divides by the whole window; with windows over the edge PyTorch's rule differs. */
static bool average_differs(const ay_node *n, const ay_shape *in, const ay_shape *out)
{
    const ay_pool *a = &n->attr.pool;

    return n->op != &ay_op_max_pool && a->count_pad &&
           (pad_end(a, in->dim[2], out->dim[2]) > a->pad ||
            pad_end(a, in->dim[3], out->dim[3]) > a->pad);
}

bool ay_dnnl_pool_window(const ay_node *n, const ay_shape *in, const ay_shape *out,
                         ay_pool_window *w)
{
    ay_pool a = n->attr.pool;
    bool whole = n->op == &ay_op_global_avg_pool || a.kernel == 0;

    *w = (ay_pool_window){.alg = n->op == &ay_op_max_pool ? dnnl_pooling_max
                                 : a.count_pad            ? dnnl_pooling_avg_include_padding
                                                          : dnnl_pooling_avg_exclude_padding};
    for (int i = 0; i < 2; i++) {
        w->kernel[i] = a.kernel;
        w->begin[i] = a.pad;
        w->stride[i] = a.stride ? a.stride : a.kernel;
        w->end[i] = pad_end(&a, in->dim[2 + i], out->dim[2 + i]);
        if (whole) {
            w->kernel[i] = w->stride[i] = in->dim[2 + i];
            w->end[i] = 0;
        }
    }
    return !average_differs(n, in, out);
}

static ay_status make_pd(ay_dnnl *c, const ay_pool_window *w, const dnnl_memory_desc_t *smd,
                         const dnnl_memory_desc_t *dmd, dnnl_primitive_desc_t *pd, ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_pooling_v2_desc_t d;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_pooling_v2_forward_desc_init(&d, dnnl_forward_inference, w->alg, smd, dmd,
                                              w->stride, w->kernel, w->dilation, w->begin, w->end),
            "pooling", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(pd, &d, attr, c->out->engine, NULL),
                               "pooling", err);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

ay_status ay_dnnl_pool(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *in = &c->p->shape[n->in[0]], *out = &c->p->shape[v];
    dnnl_memory_desc_t smd = ay_dnnl_preferred(in, c->type), dmd = ay_dnnl_preferred(out, c->type);
    dnnl_primitive_desc_t pd = NULL;
    ay_pool_window w;
    ay_place src, dst;
    ay_step *s;
    ay_status status;

    if (!ay_dnnl_pool_window(n, in, out, &w))
        return ay_dnnl_fallback(c, v, err);
    status = ay_dnnl_want(c, n->in[0], &smd, &src, err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &dmd, &dst, err);
    if (status == AY_OK)
        status = make_pd(c, &w, &smd, &dmd, &pd, err);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, &smd, src, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, &dmd, dst, err) : status;
}
