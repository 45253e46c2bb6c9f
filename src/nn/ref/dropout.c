/* nn/ref/dropout.c - inverted dropout (Srivastava et al., 2014; scaled in training, so that inference
 * does nothing at all).
 *
 * The mask is not stored and no generator is carried along: whether an element stays is a pure
 * function of (seed, step, node, element), see ay_noise_keeps() in nn/op.h.  So backward, a
 * recomputed forward and a resumed run see the same mask, whatever the number of threads. */
#include "nn/op.h"

#include <string.h>

static float mask(const ay_ref_call *c, size_t i)
{
    float p = c->node->attr.dropout.p;

    return ay_noise_keeps(c->noise, i, p) ? 1 / (1 - p) : 0;
}

static void ref(const ay_ref_call *c)
{
    size_t n = ay_shape_count(&c->shape);

    if (!c->train)
        memcpy(c->dst, c->in[0], n * sizeof(float));
    for (size_t i = 0; c->train && i < n; i++)
        c->dst[i] = c->in[0][i] * mask(c, i);
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    size_t n = c->diff_in[0] ? ay_shape_count(&f->shape) : 0;

    for (size_t i = 0; i < n; i++)
        c->diff_in[0][i] += c->diff_dst[i] * (f->train ? mask(f, i) : 1);
}

/* In inference it is the same memory under the same shape. */
const ay_op ay_op_dropout = {.name = "dropout",
                             .infer = ay_infer_same,
                             .ref = ref,
                             .ref_backward = ref_backward,
                             .dnnl = ay_dnnl_reshape};

ay_val ay_nn_dropout(ay_graph *g, ay_val x, float p)
{
    ay_node *n;

    if (p == 0)
        return x;
    n = ay_graph_new_node(g, &ay_op_dropout, "");
    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.dropout.p = p;
    if (!(p > 0 && p < 1))
        ay_graph_sin(g, AY_EINVAL, "dropout of %g: wants a share from 0 to below 1", (double)p);
    return ay_graph_push(g, n);
}
