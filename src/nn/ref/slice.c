/* nn/ref/slice.c - a run of elements along one dimension. */
#include "nn/op.h"

#include <string.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    int axis = n->attr.slice.axis, begin = n->attr.slice.begin, size = n->attr.slice.size;

    if (axis < 0 || axis >= in[0].rank || begin < 0 || size < 1 ||
        (int64_t)begin + size > in[0].dim[axis])
        return ay_fail(err, AY_EINVAL, "elements %d to %d of dimension %d are not there", begin,
                       begin + size, axis);
    *out = in[0];
    out->dim[axis] = size;
    return AY_OK;
}

static void ref(const ay_ref_call *c)
{
    int axis = c->node->attr.slice.axis;
    size_t outer = 1, inner = 1, from = (size_t)c->in_shape[0].dim[axis];
    size_t begin = (size_t)c->node->attr.slice.begin, size = (size_t)c->node->attr.slice.size;

    for (int d = 0; d < axis; d++)
        outer *= (size_t)c->shape.dim[d];
    for (int d = axis + 1; d < c->shape.rank; d++)
        inner *= (size_t)c->shape.dim[d];
    for (size_t o = 0; o < outer; o++)
        memcpy(c->dst + o * size * inner, c->in[0] + (o * from + begin) * inner,
               size * inner * sizeof(float));
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int axis = f->node->attr.slice.axis;
    size_t outer = 1, inner = 1, from = (size_t)f->in_shape[0].dim[axis];
    size_t begin = (size_t)f->node->attr.slice.begin, size = (size_t)f->node->attr.slice.size;

    for (int d = 0; d < axis; d++)
        outer *= (size_t)f->shape.dim[d];
    for (int d = axis + 1; d < f->shape.rank; d++)
        inner *= (size_t)f->shape.dim[d];
    for (size_t o = 0; c->diff_in[0] && o < outer; o++)
        for (size_t i = 0; i < size * inner; i++)
            c->diff_in[0][(o * from + begin) * inner + i] += c->diff_dst[o * size * inner + i];
}

const ay_op ay_op_slice = {.name = "slice",
                           .infer = infer,
                           .ref = ref,
                           .ref_backward = ref_backward,
                           .dnnl = ay_dnnl_slice};

ay_val ay_nn_slice(ay_graph *g, ay_val x, int axis, int begin, int size)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_slice, "");

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.slice.axis = axis;
    n->attr.slice.begin = begin;
    n->attr.slice.size = size;
    if (axis == 0)
        ay_graph_sin(g, AY_EINVAL, "slice: the batch cannot be cut");
    return ay_graph_push(g, n);
}

ay_val ay_nn_token(ay_graph *g, ay_val x, int index)
{
    return ay_nn_reshape(g, ay_nn_slice(g, x, 1, index, 1), AY_SHAPE(0, -1));
}
