/* nn/ref/transpose.c - dimensions in another order: dst's dimension i is x's dimension order[i]. */
#include "nn/op.h"

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    unsigned seen = 0;

    *out = in[0];
    for (int i = 0; i < in[0].rank; i++) {
        int from = n->attr.transpose.order[i];
        if (from < 0 || from >= in[0].rank || seen >> from & 1)
            return ay_fail(err, AY_EINVAL, "the order is not a permutation");
        seen |= 1u << from;
        out->dim[i] = in[0].dim[from];
    }
    return AY_OK;
}

static void steps_of(const ay_shape *in, size_t *step)
{
    size_t s = 1;

    for (int d = in->rank - 1; d >= 0; d--) {
        step[d] = s;
        s *= (size_t)in->dim[d];
    }
}

/* Where element i of dst lies in x. */
static size_t place_in_x(const ay_ref_call *c, const size_t *step, size_t i)
{
    size_t at = 0;

    for (int d = c->shape.rank - 1; d >= 0; d--) {
        at += i % (size_t)c->shape.dim[d] * step[c->node->attr.transpose.order[d]];
        i /= (size_t)c->shape.dim[d];
    }
    return at;
}

static void ref(const ay_ref_call *c)
{
    size_t n = ay_shape_count(&c->shape), step[AY_MAX_RANK];

    steps_of(&c->in_shape[0], step);
    for (size_t i = 0; i < n; i++)
        c->dst[i] = c->in[0][place_in_x(c, step, i)];
}

static void ref_backward(const ay_ref_grad *c)
{
    size_t n = c->diff_in[0] ? ay_shape_count(&c->forward.shape) : 0, step[AY_MAX_RANK];

    steps_of(&c->forward.in_shape[0], step);
    for (size_t i = 0; i < n; i++)
        c->diff_in[0][place_in_x(&c->forward, step, i)] += c->diff_dst[i];
}

const ay_op ay_op_transpose = {.name = "transpose",
                               .infer = infer,
                               .ref = ref,
                               .ref_backward = ref_backward,
                               .dnnl = ay_dnnl_transpose};

ay_val ay_nn_transpose(ay_graph *g, ay_val x, const int *order)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_transpose, "");

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    for (int i = 0; i < ay_graph_shape(g, x).rank; i++)
        n->attr.transpose.order[i] = order[i];
    return ay_graph_push(g, n);
}
