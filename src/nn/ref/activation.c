/* nn/ref/activation.c - the elementwise functions; the formulas are in nn/graph.h. */
#include "nn/op.h"

#include <math.h>

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static float relu6(float x)
{
    return x < 0 ? 0 : x > 6 ? 6 : x;
}

static float gelu_tanh(float x)
{
    return 0.5f * x * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
}

float ay_act_apply(ay_act kind, float x)
{
    switch (kind) {
    case AY_ACT_RELU:
        return x > 0 ? x : 0;
    case AY_ACT_GELU:
        return 0.5f * x * (1 + erff(x * 0.7071067812f));
    case AY_ACT_GELU_TANH:
        return gelu_tanh(x);
    case AY_ACT_QUICK_GELU:
        return x * sigmoid(1.702f * x);
    case AY_ACT_SILU:
        return x * sigmoid(x);
    case AY_ACT_SIGMOID:
        return sigmoid(x);
    case AY_ACT_TANH:
        return tanhf(x);
    case AY_ACT_HARD_SWISH:
        return x * relu6(x + 3) / 6;
    case AY_ACT_HARD_SIGMOID:
        return relu6(x + 3) / 6;
    case AY_ACT_RELU6:
        return relu6(x);
    case AY_ACT_NONE:
    case AY_ACT_COUNT:
        break;
    }
    return x;
}

static float gelu_slope(float x)
{
    float density = 0.3989422804f * expf(-0.5f * x * x);

    return 0.5f * (1 + erff(x * 0.7071067812f)) + x * density;
}

static float gelu_tanh_slope(float x)
{
    float t = tanhf(0.7978845608f * (x + 0.044715f * x * x * x));
    float inner = 0.7978845608f * (1 + 3 * 0.044715f * x * x);

    return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * inner;
}

float ay_act_slope(ay_act kind, float x)
{
    float s;

    switch (kind) {
    case AY_ACT_RELU:
        return x > 0;
    case AY_ACT_GELU:
        return gelu_slope(x);
    case AY_ACT_GELU_TANH:
        return gelu_tanh_slope(x);
    case AY_ACT_QUICK_GELU:
        s = sigmoid(1.702f * x);
        return s * (1 + 1.702f * x * (1 - s));
    case AY_ACT_SILU:
        s = sigmoid(x);
        return s * (1 + x * (1 - s));
    case AY_ACT_SIGMOID:
        s = sigmoid(x);
        return s * (1 - s);
    case AY_ACT_TANH:
        s = tanhf(x);
        return 1 - s * s;
    case AY_ACT_HARD_SWISH:
        return x <= -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5f;
    case AY_ACT_HARD_SIGMOID:
        return x > -3 && x < 3 ? 1 / 6.0f : 0;
    case AY_ACT_RELU6:
        return x > 0 && x < 6;
    case AY_ACT_NONE:
    case AY_ACT_COUNT:
        break;
    }
    return 1;
}

const char *ay_act_name(ay_act kind)
{
    static const char *const name[AY_ACT_COUNT] = {
        [AY_ACT_NONE] = "none",
        [AY_ACT_RELU] = "relu",
        [AY_ACT_GELU] = "gelu",
        [AY_ACT_GELU_TANH] = "gelu_tanh",
        [AY_ACT_QUICK_GELU] = "quick_gelu",
        [AY_ACT_SILU] = "silu",
        [AY_ACT_SIGMOID] = "sigmoid",
        [AY_ACT_TANH] = "tanh",
        [AY_ACT_HARD_SWISH] = "hard_swish",
        [AY_ACT_HARD_SIGMOID] = "hard_sigmoid",
        [AY_ACT_RELU6] = "relu6",
    };
    return (unsigned)kind < AY_ACT_COUNT ? name[kind] : "?";
}

static void ref(const ay_ref_call *c)
{
    size_t n = ay_shape_count(&c->shape);

    for (size_t i = 0; i < n; i++)
        c->dst[i] = ay_act_apply(c->node->attr.act, c->in[0][i]);
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    size_t n = c->diff_in[0] ? ay_shape_count(&f->shape) : 0;

    for (size_t i = 0; i < n; i++)
        c->diff_in[0][i] += c->diff_dst[i] * ay_act_slope(f->node->attr.act, f->in[0][i]);
}

const ay_op ay_op_activation = {.name = "activation",
                                .infer = ay_infer_same,
                                .ref = ref,
                                .ref_backward = ref_backward,
                                .needs = AY_NEEDS_IN0,
                                .dnnl = ay_dnnl_activation};

ay_val ay_nn_activation(ay_graph *g, ay_val x, ay_act kind)
{
    ay_node *n;

    if (kind == AY_ACT_NONE)
        return x;
    n = ay_graph_new_node(g, &ay_op_activation, ay_act_name(kind));
    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.act = kind;
    if ((unsigned)kind >= AY_ACT_COUNT)
        ay_graph_sin(g, AY_EINVAL, "activation %d does not exist", (int)kind);
    return ay_graph_push(g, n);
}
