/* nn/ref/batch_norm.c - inference batch-norm (Ioffe and Szegedy, 2015).
 *
 * x N C ..., params weight, bias, running_mean, running_var, each [C]:
 *   dst = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c] */
#include "nn/op.h"

#include <math.h>

static void ref(const ay_ref_call *c)
{
    int64_t N = c->shape.dim[0], C = c->shape.dim[1];
    int64_t inner = (int64_t)ay_shape_count(&c->shape) / (N * C);

    for (int64_t i = 0; i < N * C; i++) {
        int64_t ch = i % C;
        float scale = c->param[0][ch] / sqrtf(c->param[3][ch] + c->node->attr.norm.eps);
        float shift = c->param[1][ch] - c->param[2][ch] * scale;
        for (int64_t k = 0; k < inner; k++)
            c->dst[i * inner + k] = c->in[0][i * inner + k] * scale + shift;
    }
}

const ay_op ay_op_batch_norm = {
    .name = "batch_norm", .infer = ay_infer_same, .ref = ref, .dnnl = ay_dnnl_batch_norm};

ay_val ay_nn_batch_norm(ay_graph *g, ay_val x, const char *prefix, float eps)
{
    static const char *const suffix[] = {".weight", ".bias", ".running_mean", ".running_var"};
    ay_node *n = ay_graph_new_node(g, &ay_op_batch_norm, prefix);
    ay_shape in = ay_graph_shape(g, x);

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.norm.eps = eps > 0 ? eps : 1e-5f;
    if (in.rank < 2) {
        ay_graph_sin(g, AY_EINVAL, "batch_norm \"%s\": wants channels", prefix);
        return AY_NOVAL;
    }
    for (int i = 0; i < 4; i++)
        ay_node_param(g, n, i, prefix, suffix[i], AY_SHAPE(in.dim[1]));
    return ay_graph_push(g, n);
}
