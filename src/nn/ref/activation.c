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

const ay_op ay_op_activation = {
    .name = "activation", .infer = ay_infer_same, .ref = ref, .dnnl = ay_dnnl_activation};

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
