/* nn/ref/batch_norm.c - batch-norm (Ioffe and Szegedy, 2015).
 *
 * x N C ..., params weight, bias, running_mean, running_var, each [C]:
 *   dst = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]
 * Inference and frozen: mean and var are the running ones.  Training: those of the batch over N and
 * the picture (var biased), and the running ones move: r = 0.9 r + 0.1 batch, the variance unbiased
 * (PyTorch's momentum 0.1).  One value a channel has no unbiased variance: the biased one, 0, then
 * stands in. */
#include "nn/op.h"

#include <math.h>

typedef struct {
    double mean, var;
} moments;

/* Of channel ch over the whole batch, in two passes. */
static moments batch_moments(const float *x, int64_t ch, int64_t N, int64_t C, int64_t inner)
{
    moments m = {0, 0};
    double count = (double)(N * inner);

    for (int64_t n = 0; n < N; n++)
        for (int64_t k = 0; k < inner; k++)
            m.mean += x[(n * C + ch) * inner + k];
    m.mean /= count;
    for (int64_t n = 0; n < N; n++)
        for (int64_t k = 0; k < inner; k++) {
            double d = x[(n * C + ch) * inner + k] - m.mean;
            m.var += d * d;
        }
    m.var /= count;
    return m;
}

static moments moments_of(const ay_ref_call *c, int64_t ch, int64_t inner)
{
    if (c->train)
        return batch_moments(c->in[0], ch, c->shape.dim[0], c->shape.dim[1], inner);
    return (moments){c->param[2][ch], c->param[3][ch]};
}

static void move_running(const ay_ref_call *c, int64_t ch, moments m, int64_t count)
{
    double unbiased = count > 1 ? m.var * (double)count / (double)(count - 1) : m.var;

    if (!c->train || !c->moving[0] || !c->moving[1])
        return;
    c->moving[0][ch] = (float)(0.9 * c->moving[0][ch] + 0.1 * m.mean);
    c->moving[1][ch] = (float)(0.9 * c->moving[1][ch] + 0.1 * unbiased);
}

static void ref(const ay_ref_call *c)
{
    int64_t N = c->shape.dim[0], C = c->shape.dim[1];
    int64_t inner = (int64_t)ay_shape_count(&c->shape) / (N * C);

    for (int64_t ch = 0; ch < C; ch++) {
        moments m = moments_of(c, ch, inner);
        float scale = (float)(c->param[0][ch] / sqrt(m.var + c->node->attr.norm.eps));
        float shift = (float)(c->param[1][ch] - m.mean * scale);
        for (int64_t n = 0; n < N; n++)
            for (int64_t k = (n * C + ch) * inner; k < (n * C + ch + 1) * inner; k++)
                c->dst[k] = c->in[0][k] * scale + shift;
        move_running(c, ch, m, N * inner);
    }
}

/* With n the normalised x, over one channel of M values:
 *   dweight += sum diff n,  dbias += sum diff,
 *   dx = weight / deviation * (diff - (dbias + n dweight) / M), without the second term when the
 * moments are constants. */
static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t N = f->shape.dim[0], C = f->shape.dim[1];
    int64_t inner = (int64_t)ay_shape_count(&f->shape) / (N * C);

    for (int64_t ch = 0; ch < C; ch++) {
        moments m = moments_of(f, ch, inner);
        double scale = 1 / sqrt(m.var + f->node->attr.norm.eps), dweight = 0, dbias = 0;
        for (int64_t n = 0; n < N; n++)
            for (int64_t k = (n * C + ch) * inner; k < (n * C + ch + 1) * inner; k++) {
                dbias += c->diff_dst[k];
                dweight += c->diff_dst[k] * (f->in[0][k] - m.mean) * scale;
            }
        if (c->diff_param[0])
            c->diff_param[0][ch] += (float)dweight;
        if (c->diff_param[1])
            c->diff_param[1][ch] += (float)dbias;
        double share = f->train ? 1 / (double)(N * inner) : 0;
        for (int64_t n = 0; c->diff_in[0] && n < N; n++)
            for (int64_t k = (n * C + ch) * inner; k < (n * C + ch + 1) * inner; k++) {
                double normal = (f->in[0][k] - m.mean) * scale;
                c->diff_in[0][k] += (float)(f->param[0][ch] * scale *
                                            (c->diff_dst[k] - (dbias + normal * dweight) * share));
            }
    }
}

const ay_op ay_op_batch_norm = {.name = "batch_norm",
                                .infer = ay_infer_same,
                                .ref = ref,
                                .ref_backward = ref_backward,
                                .needs = AY_NEEDS_IN0,
                                .dnnl = ay_dnnl_batch_norm};

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
