/* nn/ref/concat.c - values joined along one dimension. */
#include "nn/op.h"

#include <string.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    int axis = n->attr.slice.axis;

    *out = in[0];
    if (axis < 1 || axis >= in[0].rank)
        return ay_fail(err, AY_EINVAL, "no dimension %d", axis);
    for (int i = 1; i < n->nin; i++) {
        ay_shape same = in[i];
        if (same.rank == in[0].rank)
            same.dim[axis] = in[0].dim[axis];
        if (!ay_shape_equal(&same, &in[0]))
            return ay_fail(err, AY_EINVAL, "input %d differs in another dimension", i);
        out->dim[axis] += in[i].dim[axis];
    }
    return AY_OK;
}

static size_t product(const ay_shape *s, int begin, int end)
{
    size_t n = 1;

    for (int i = begin; i < end; i++)
        n *= (size_t)s->dim[i];
    return n;
}

static void ref(const ay_ref_call *c)
{
    int axis = c->node->attr.slice.axis;
    size_t outer = product(&c->shape, 0, axis), row = product(&c->shape, axis, c->shape.rank);
    size_t at = 0;

    for (int i = 0; i < c->node->nin; i++) {
        size_t part = product(&c->in_shape[i], axis, c->shape.rank);
        for (size_t o = 0; o < outer; o++)
            memcpy(c->dst + o * row + at, c->in[i] + o * part, part * sizeof(float));
        at += part;
    }
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int axis = f->node->attr.slice.axis;
    size_t outer = product(&f->shape, 0, axis), row = product(&f->shape, axis, f->shape.rank);
    size_t at = 0;

    for (int i = 0; i < f->node->nin; i++) {
        size_t part = product(&f->in_shape[i], axis, f->shape.rank);
        for (size_t o = 0; c->diff_in[i] && o < outer; o++)
            for (size_t k = 0; k < part; k++)
                c->diff_in[i][o * part + k] += c->diff_dst[o * row + at + k];
        at += part;
    }
}

const ay_op ay_op_concat = {.name = "concat",
                            .infer = infer,
                            .ref = ref,
                            .ref_backward = ref_backward,
                            .dnnl = ay_dnnl_concat};

ay_val ay_nn_concat(ay_graph *g, const ay_val *x, int n, int axis)
{
    ay_node *node = ay_graph_new_node(g, &ay_op_concat, "");

    for (int i = 0; i < n; i++)
        ay_node_read(g, node, x[i]);
    if (!node)
        return AY_NOVAL;
    node->attr.slice.axis = axis;
    if (n < 1)
        ay_graph_sin(g, AY_EINVAL, "concat of nothing");
    return ay_graph_push(g, node);
}
