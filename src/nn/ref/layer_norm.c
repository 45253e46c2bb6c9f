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

/* One row: with n the normalised x and e = diff * weight,
 *   dx = (e - mean(e) - n mean(e n)) * scale,  dweight += diff n,  dbias += diff. */
static void back_row(const ay_ref_grad *c, const float *x, const float *diff, float *dx, int64_t D)
{
    const float *weight = c->forward.param[0];
    double mean = 0, var = 0, e_mean = 0, en_mean = 0;

    for (int64_t i = 0; i < D; i++)
        mean += x[i] / (double)D;
    for (int64_t i = 0; i < D; i++)
        var += (x[i] - mean) * (x[i] - mean) / (double)D;
    double scale = 1 / sqrt(var + c->forward.node->attr.norm.eps);
    for (int64_t i = 0; i < D; i++) {
        double n = (x[i] - mean) * scale;
        e_mean += (double)diff[i] * weight[i] / (double)D;
        en_mean += diff[i] * weight[i] * n / (double)D;
        if (c->diff_param[0])
            c->diff_param[0][i] += (float)(diff[i] * n);
        if (c->diff_param[1])
            c->diff_param[1][i] += diff[i];
    }
    for (int64_t i = 0; dx && i < D; i++) {
        double n = (x[i] - mean) * scale;
        dx[i] += (float)(((double)diff[i] * weight[i] - e_mean - n * en_mean) * scale);
    }
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t D = f->shape.dim[f->shape.rank - 1], rows = (int64_t)ay_shape_count(&f->shape) / D;

    for (int64_t r = 0; r < rows; r++)
        back_row(c, f->in[0] + r * D, c->diff_dst + r * D,
                 c->diff_in[0] ? c->diff_in[0] + r * D : NULL, D);
}

const ay_op ay_op_layer_norm = {.name = "layer_norm",
                                .infer = ay_infer_same,
                                .ref = ref,
                                .ref_backward = ref_backward,
                                .needs = AY_NEEDS_IN0,
                                .dnnl = ay_dnnl_layer_norm};

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
