/* nn/ref/layer_norm.c - layer-norm over the last dimension (Ba, Kiros and Hinton, 2016).
 *
 * x ... D, weight, bias [D] (params 0, 1); the variance is the biased one. */
#include "nn/op.h"

#include <math.h>

static void ref(const ay_ref_call *c)
{
    int64_t D = c->shape.dim[c->shape.rank - 1], rows = (int64_t)ay_shape_count(&c->shape) / D;

    for (int64_t r = 0; r < rows; r++) {
        const float *x = c->in[0] + r * D;
        double mean = 0, var = 0;
        for (int64_t i = 0; i < D; i++)
            mean += x[i];
        mean /= (double)D;
        for (int64_t i = 0; i < D; i++)
            var += (x[i] - mean) * (x[i] - mean);
        double scale = 1 / sqrt(var / (double)D + c->node->attr.norm.eps);
        for (int64_t i = 0; i < D; i++)
            c->dst[r * D + i] = (float)((x[i] - mean) * scale) * c->param[0][i] + c->param[1][i];
    }
}

const ay_op ay_op_layer_norm = {
    .name = "layer_norm", .infer = ay_infer_same, .ref = ref, .dnnl = ay_dnnl_layer_norm};

ay_val ay_nn_layer_norm(ay_graph *g, ay_val x, const char *prefix, float eps)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_layer_norm, prefix);
    ay_shape in = ay_graph_shape(g, x);

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.norm.eps = eps > 0 ? eps : 1e-5f;
    if (in.rank < 2) {
        ay_graph_sin(g, AY_EINVAL, "layer_norm \"%s\": wants at least two dimensions", prefix);
        return AY_NOVAL;
    }
    ay_node_param(g, n, 0, prefix, ".weight", AY_SHAPE(in.dim[in.rank - 1]));
    ay_node_param(g, n, 1, prefix, ".bias", AY_SHAPE(in.dim[in.rank - 1]));
    return ay_graph_push(g, n);
}
