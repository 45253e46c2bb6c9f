/* nn/ref/softmax.c - exp(x) / sum exp(x) over the last dimension, the maximum taken off first. */
#include "nn/op.h"

#include <math.h>

static void ref(const ay_ref_call *c)
{
    int64_t D = c->shape.dim[c->shape.rank - 1], rows = (int64_t)ay_shape_count(&c->shape) / D;

    for (int64_t r = 0; r < rows; r++) {
        const float *x = c->in[0] + r * D;
        float *y = c->dst + r * D, top = x[0];
        double sum = 0;
        for (int64_t i = 1; i < D; i++)
            top = x[i] > top ? x[i] : top;
        for (int64_t i = 0; i < D; i++)
            sum += y[i] = expf(x[i] - top);
        for (int64_t i = 0; i < D; i++)
            y[i] = (float)(y[i] / sum);
    }
}

/* dx = y (diff - sum diff y). */
static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t D = f->shape.dim[f->shape.rank - 1], rows = (int64_t)ay_shape_count(&f->shape) / D;

    for (int64_t r = 0; c->diff_in[0] && r < rows; r++) {
        const float *y = f->dst + r * D, *diff = c->diff_dst + r * D;
        double sum = 0;
        for (int64_t i = 0; i < D; i++)
            sum += (double)diff[i] * y[i];
        for (int64_t i = 0; i < D; i++)
            c->diff_in[0][r * D + i] += (float)(y[i] * (diff[i] - sum));
    }
}

const ay_op ay_op_softmax = {.name = "softmax",
                             .infer = ay_infer_same,
                             .ref = ref,
                             .ref_backward = ref_backward,
                             .needs = AY_NEEDS_DST,
                             .dnnl = ay_dnnl_softmax};

ay_val ay_nn_softmax(ay_graph *g, ay_val x)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_softmax, "");

    ay_node_read(g, n, x);
    return ay_graph_push(g, n);
}
