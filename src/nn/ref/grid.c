/* nn/ref/grid.c - B T D to N C H W: token y * W + x becomes pixel (y, x).  What patches.c does, turned
 * round: networks that mix convolutions and attention go back and forth.
 *
 * The second input lends its height and width and nothing else, so that a plan for pictures of
 * another size needs no other graph. */
#include "nn/op.h"

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];

    (void)n;
    if (in[0].rank != 3 || in[1].rank != 4 || in[0].dim[1] != in[1].dim[2] * in[1].dim[3])
        return ay_fail(err, AY_EINVAL, "tokens %s are no map like %s", ay_shape_text(&in[0], a),
                       ay_shape_text(&in[1], b));
    *out = AY_SHAPE(in[0].dim[0], in[0].dim[2], in[1].dim[2], in[1].dim[3]);
    return AY_OK;
}

static void ref(const ay_ref_call *c)
{
    int64_t B = c->in_shape[0].dim[0], T = c->in_shape[0].dim[1], D = c->in_shape[0].dim[2];

    for (int64_t b = 0; b < B; b++)
        for (int64_t t = 0; t < T; t++)
            for (int64_t d = 0; d < D; d++)
                c->dst[(b * D + d) * T + t] = c->in[0][(b * T + t) * D + d];
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_shape *s = &c->forward.in_shape[0];
    int64_t B = c->diff_in[0] ? s->dim[0] : 0, T = s->dim[1], D = s->dim[2];

    for (int64_t b = 0; b < B; b++)
        for (int64_t t = 0; t < T; t++)
            for (int64_t d = 0; d < D; d++)
                c->diff_in[0][(b * T + t) * D + d] += c->diff_dst[(b * D + d) * T + t];
}

const ay_op ay_op_grid = {.name = "grid",
                          .infer = infer,
                          .ref = ref,
                          .ref_backward = ref_backward,
                          .dnnl = ay_dnnl_grid};

ay_val ay_nn_grid(ay_graph *g, ay_val x, ay_val like)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_grid, "");

    ay_node_read(g, n, x);
    ay_node_read(g, n, like);
    return ay_graph_push(g, n);
}
