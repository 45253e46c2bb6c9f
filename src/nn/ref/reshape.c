/* nn/ref/reshape.c - the same elements under another shape.
 * In `to`, 0 means "as in the input at this place" and one -1 means "what is left". */
#include "nn/op.h"

#include <string.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    int64_t known = 1, all = (int64_t)ay_shape_count(&in[0]);
    int open = -1;
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];

    *out = n->attr.reshape.to;
    for (int i = 0; i < out->rank; i++) {
        if (out->dim[i] == 0 && i < in[0].rank)
            out->dim[i] = in[0].dim[i];
        if (out->dim[i] == -1 && open < 0)
            open = i;
        else if (out->dim[i] < 1 || out->dim[i] > all)
            known = 0;
        else
            known *= out->dim[i];
    }
    if (known > 0 && open >= 0 && all % known == 0) {
        out->dim[open] = all / known;
        known = all;
    }
    if (known != all)
        return ay_fail(err, AY_EINVAL, "%s cannot become %s", ay_shape_text(&in[0], a),
                       ay_shape_text(&n->attr.reshape.to, b));
    return AY_OK;
}

static void ref(const ay_ref_call *c)
{
    memcpy(c->dst, c->in[0], ay_shape_count(&c->shape) * sizeof(float));
}

static void ref_backward(const ay_ref_grad *c)
{
    size_t n = c->diff_in[0] ? ay_shape_count(&c->forward.shape) : 0;

    for (size_t i = 0; i < n; i++)
        c->diff_in[0][i] += c->diff_dst[i];
}

const ay_op ay_op_reshape = {.name = "reshape",
                             .infer = infer,
                             .ref = ref,
                             .ref_backward = ref_backward,
                             .dnnl = ay_dnnl_reshape};

ay_val ay_nn_reshape(ay_graph *g, ay_val x, ay_shape to)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_reshape, "");

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.reshape.to = to;
    return ay_graph_push(g, n);
}

ay_val ay_nn_flatten(ay_graph *g, ay_val x)
{
    return ay_nn_reshape(g, x, AY_SHAPE(0, -1));
}
