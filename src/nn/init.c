/* nn/init.c - values for parameters that no file brings: what PyTorch's layers start with.
 *
 *   convolution   normal, variance 2 / (k k out / groups) (He et al., 2015, by fan-out, as torchvision's
 *                 and timm's networks); bias 0
 *   linear        uniform in +-1 / sqrt(inputs), weight and bias (torch.nn.Linear)
 *   what attributes ask for instead: convolutions uniform too, another bound, the Laplacian, biases 0
 *   (ay_conv, ay_linear)
 *   norms         scale 1, shift 0; running mean 0, running variance 1
 *   layer scale   1
 *   class token,  normal, deviation 0.02 (Dosovitskiy et al., 2021)
 *   places
 *
 * A tensor's numbers depend on the seed and its name only, so a layer more changes no other. */
#include "nn/op.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>

static void normal(float *dst, size_t n, double deviation, ay_rng *r)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)(deviation * ay_rng_normal(r));
}

static void uniform(float *dst, size_t n, double bound, ay_rng *r)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)ay_rng_range(r, -bound, bound);
}

static void constant(float *dst, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = value;
}

/* Every kernel of side k: what a depthwise layer finds edges with. */
static void laplacian(float *dst, size_t n, int k)
{
    size_t taps = (size_t)k * (size_t)k, middle = taps / 2;

    constant(dst, n, 0);
    for (size_t at = 0; k >= 3 && at + taps <= n; at += taps) {
        dst[at + middle] = -4;
        dst[at + middle - 1] = dst[at + middle + 1] = 1;
        dst[at + middle - (size_t)k] = dst[at + middle + (size_t)k] = 1;
    }
}

/* FNV-1a. */
static uint64_t hash(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return h;
}

/* n numbers for place k of a node. */
static void fill(const ay_graph *g, const ay_node *node, int k, float *dst, size_t n, ay_rng *r)
{
    const ay_shape *w = &g->param[node->param[k]].shape;

    if (node->op == &ay_op_conv2d && k == 0 && node->attr.conv.init == AY_INIT_LAPLACIAN) {
        laplacian(dst, n, node->attr.conv.kernel);
    } else if (node->op == &ay_op_conv2d && k == 0 && node->attr.conv.init == AY_INIT_UNIFORM) {
        double bound = 1 / sqrt((double)(w->dim[1] * w->dim[2] * w->dim[3]));
        uniform(dst, n, node->attr.conv.bound > 0 ? node->attr.conv.bound : bound, r);
    } else if (node->op == &ay_op_conv2d && k == 0) {
        int groups = node->attr.conv.groups ? node->attr.conv.groups : 1;
        normal(dst, n, sqrt(2.0 * groups / (double)(w->dim[0] * w->dim[2] * w->dim[3])), r);
    } else if (node->op == &ay_op_linear) {
        int64_t inputs = g->node[node->in[0]].shape.dim[g->node[node->in[0]].shape.rank - 1];
        double bound = k == 0 ? node->attr.linear.bound : 0;
        if (k == 1 && node->attr.linear.zero_bias)
            constant(dst, n, 0);
        else
            uniform(dst, n, bound > 0 ? bound : 1 / sqrt((double)inputs), r);
    } else if (node->op == &ay_op_embed_tokens || node->op == &ay_op_embedding) {
        normal(dst, n, 0.02, r);
    } else if (node->op == &ay_op_scale) {
        constant(dst, n, 1);
    } else { /* the bias of a convolution; scale, shift, mean, variance of a norm */
        constant(dst, n, node->op != &ay_op_conv2d && (k == 0 || k == 3));
    }
}

void ay_param_init(const ay_graph *g, int i, int part, uint64_t seed, float *dst)
{
    const ay_param *p = &g->param[i];
    size_t n = ay_shape_count(&p->shape) / (size_t)p->parts;
    ay_rng r;

    ay_rng_init3(&r, seed, hash(p->name[part]), 0);
    for (int v = 0; v < g->nodes; v++)
        for (int k = 0; k < AY_NODE_PARAMS; k++)
            if (g->node[v].param[k] == i)
                fill(g, &g->node[v], k, dst, n, &r);
}

ay_status ay_graph_bind_init(ay_graph *g, uint64_t seed, ay_err *err)
{
    size_t at = 0;

    if (!g->finished || g->bound)
        return ay_fail(err, AY_EINVAL, "bind comes once, after finish");
    g->random = ay_alloc((size_t)ay_graph_parameters(g) + 1, sizeof(float));
    if (!g->random)
        return ay_fail(err, AY_ENOMEM, "out of memory for new weights");
    for (int i = 0; i < g->params; i++) {
        ay_param *p = &g->param[i];
        ay_shape part = p->shape;
        part.dim[0] /= p->parts;
        for (int k = 0; k < p->parts; k++) {
            ay_param_init(g, i, k, seed, g->random + at);
            p->src[k] = ay_tensor_make(AY_F32, part, g->random + at);
            at += ay_shape_count(&part);
        }
    }
    g->bound = true;
    return AY_OK;
}
