/* nn/ref/patches.c - N C H W to B T D: pixel (y, x) becomes token y * W + x with its C values. */
#include "nn/op.h"

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    (void)n;
    if (in[0].rank != 4)
        return ay_fail(err, AY_EINVAL, "wants N C H W");
    *out = AY_SHAPE(in[0].dim[0], in[0].dim[2] * in[0].dim[3], in[0].dim[1]);
    return AY_OK;
}

static void ref(const ay_ref_call *c)
{
    int64_t B = c->shape.dim[0], T = c->shape.dim[1], D = c->shape.dim[2];

    for (int64_t b = 0; b < B; b++)
        for (int64_t t = 0; t < T; t++)
            for (int64_t d = 0; d < D; d++)
                c->dst[(b * T + t) * D + d] = c->in[0][(b * D + d) * T + t];
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_shape *s = &c->forward.shape;
    int64_t B = c->diff_in[0] ? s->dim[0] : 0, T = s->dim[1], D = s->dim[2];

    for (int64_t b = 0; b < B; b++)
        for (int64_t t = 0; t < T; t++)
            for (int64_t d = 0; d < D; d++)
                c->diff_in[0][(b * D + d) * T + t] += c->diff_dst[(b * T + t) * D + d];
}

const ay_op ay_op_patches = {.name = "patches",
                             .infer = infer,
                             .ref = ref,
                             .ref_backward = ref_backward,
                             .dnnl = ay_dnnl_patches};

ay_val ay_nn_patches(ay_graph *g, ay_val x)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_patches, "");

    ay_node_read(g, n, x);
    return ay_graph_push(g, n);
}
