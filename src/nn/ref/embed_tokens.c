/* nn/ref/embed_tokens.c - a class token put in front, places added (Dosovitskiy et al., 2021).
 *
 * x B T D; class token [D] (param 0, or absent), places [T', D] (param 1, or absent); dst B T' D.
 */
#include "nn/op.h"

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    if (in[0].rank != 3)
        return ay_fail(err, AY_EINVAL, "wants B T D");
    *out = in[0];
    out->dim[1] += n->param[0] >= 0;
    /* The places were learned for one number of tokens (what the builder saw). */
    if (n->param[1] >= 0 && n->shape.rank == 3 && n->shape.dim[1] != out->dim[1])
        return ay_fail(err, AY_EINVAL, "places are known for %lld tokens, not %lld",
                       (long long)n->shape.dim[1], (long long)out->dim[1]);
    return AY_OK;
}

static void ref(const ay_ref_call *c)
{
    int64_t B = c->shape.dim[0], T = c->shape.dim[1], D = c->shape.dim[2];
    int64_t extra = c->param[0] != NULL, from = T - extra;

    for (int64_t b = 0; b < B; b++) {
        for (int64_t t = 0; t < T; t++) {
            const float *src = t < extra ? c->param[0] : c->in[0] + (b * from + t - extra) * D;
            float *dst = c->dst + (b * T + t) * D;
            for (int64_t d = 0; d < D; d++)
                dst[d] = src[d] + (c->param[1] ? c->param[1][t * D + d] : 0);
        }
    }
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t B = f->shape.dim[0], T = f->shape.dim[1], D = f->shape.dim[2];
    int64_t extra = f->param[0] != NULL, from = T - extra;

    for (int64_t b = 0; b < B; b++) {
        for (int64_t t = 0; t < T; t++) {
            const float *diff = c->diff_dst + (b * T + t) * D;
            float *to = t < extra       ? c->diff_param[0]
                        : c->diff_in[0] ? c->diff_in[0] + (b * from + t - extra) * D
                                        : NULL;
            for (int64_t d = 0; to && d < D; d++)
                to[d] += diff[d];
            for (int64_t d = 0; c->diff_param[1] && d < D; d++)
                c->diff_param[1][t * D + d] += diff[d];
        }
    }
}

const ay_op ay_op_embed_tokens = {.name = "embed_tokens",
                                  .infer = infer,
                                  .ref = ref,
                                  .ref_backward = ref_backward,
                                  .dnnl = ay_dnnl_embed_tokens};

ay_val ay_nn_embed_tokens(ay_graph *g, ay_val x, const char *class_name, const char *pos_name)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_embed_tokens, pos_name ? pos_name : class_name);
    ay_shape in = ay_graph_shape(g, x);

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    if (in.rank != 3) {
        ay_graph_sin(g, AY_EINVAL, "embed_tokens wants B T D");
        return AY_NOVAL;
    }
    if (class_name)
        ay_node_param(g, n, 0, class_name, "", AY_SHAPE(in.dim[2]));
    if (pos_name)
        ay_node_param(g, n, 1, pos_name, "", AY_SHAPE(in.dim[1] + (class_name != NULL), in.dim[2]));
    return ay_graph_push(g, n);
}
