/* nn/ref/linear.c - y = x W^T + b over the last dimension.
 *
 * x ... I, weight [O, I] (param 0; [I, O] when transposed), bias [O] (param 1, or absent), dst ...
 * O. */
#include "nn/op.h"

#include <stdio.h>
#include <string.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    if (in[0].rank < 2)
        return ay_fail(err, AY_EINVAL, "wants at least two dimensions");
    *out = in[0];
    out->dim[out->rank - 1] = n->attr.linear.out;
    return AY_OK;
}

static double flops(const ay_node *n, const ay_shape *in, const ay_shape *out)
{
    (void)n;
    return 2.0 * (double)ay_shape_count(out) * (double)in[0].dim[in[0].rank - 1];
}

static void ref(const ay_ref_call *c)
{
    int64_t I = c->in_shape[0].dim[c->in_shape[0].rank - 1], O = c->node->attr.linear.out;
    int64_t rows = (int64_t)ay_shape_count(&c->shape) / O;
    bool transposed = c->node->attr.linear.transposed;

    for (int64_t r = 0; r < rows; r++) {
        for (int64_t o = 0; o < O; o++) {
            const float *x = c->in[0] + r * I, *w = c->param[0] + (transposed ? o : o * I);
            double sum = c->param[1] ? c->param[1][o] : 0;
            for (int64_t i = 0; i < I; i++)
                sum += (double)x[i] * w[transposed ? i * O : i];
            c->dst[r * O + o] = (float)sum;
        }
    }
}

/* One row and one output: dx += d w, dw += d x. */
static void back_one(float d, const float *x, const float *w, float *dx, float *dw, int64_t I,
                     int64_t step)
{
    for (int64_t i = 0; dx && i < I; i++)
        dx[i] += d * w[i * step];
    for (int64_t i = 0; dw && i < I; i++)
        dw[i * step] += d * x[i];
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t I = f->in_shape[0].dim[f->in_shape[0].rank - 1], O = f->node->attr.linear.out;
    int64_t rows = (int64_t)ay_shape_count(&f->shape) / O;
    bool transposed = f->node->attr.linear.transposed;

    for (int64_t r = 0; r < rows; r++) {
        for (int64_t o = 0; o < O; o++) {
            int64_t at = transposed ? o : o * I;
            float d = c->diff_dst[r * O + o];
            back_one(d, f->in[0] + r * I, f->param[0] + at,
                     c->diff_in[0] ? c->diff_in[0] + r * I : NULL,
                     c->diff_param[0] ? c->diff_param[0] + at : NULL, I, transposed ? O : 1);
            if (c->diff_param[1])
                c->diff_param[1][o] += d;
        }
    }
}

const ay_op ay_op_linear = {.name = "linear",
                            .infer = infer,
                            .flops = flops,
                            .ref = ref,
                            .ref_backward = ref_backward,
                            .needs = AY_NEEDS_IN0,
                            .dnnl = ay_dnnl_linear};

/* Name the parts "prefix.part.weight" (the dot only where it is needed). */
static void name_parts(ay_graph *g, ay_node *n, int place, const char *prefix, const ay_linear *a,
                       const char *suffix)
{
    size_t len = strlen(prefix);
    const char *dot = len && prefix[len - 1] != '.' ? "." : "";
    ay_param *p;

    if (g->status != AY_OK)
        return;
    p = &g->param[n->param[place]];
    for (p->parts = 0; p->parts < AY_LINEAR_PARTS && a->parts[p->parts]; p->parts++) {
        char name[AY_SAFETENSORS_NAME_MAX + 1];
        snprintf(name, sizeof name, "%s%s%s%s", prefix, dot, a->parts[p->parts], suffix);
        p->name[p->parts] = ay_arena_strdup(&g->arena, name);
        if (!p->name[p->parts])
            ay_graph_sin(g, AY_ENOMEM, "out of memory for a name");
    }
    if (p->shape.dim[0] % p->parts)
        ay_graph_sin(g, AY_EINVAL, "linear \"%s\": %d rows are not %d equal parts", prefix, a->out,
                     p->parts);
}

ay_val ay_nn_linear(ay_graph *g, ay_val x, const char *prefix, const ay_linear *a)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_linear, prefix);
    ay_shape in = ay_graph_shape(g, x);

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    if (in.rank < 2 || a->out < 1 || (a->parts[0] && a->transposed)) {
        ay_graph_sin(g, AY_EINVAL, "linear \"%s\": the attributes do not fit the input", prefix);
        return AY_NOVAL;
    }
    n->attr.linear.out = a->out;
    n->attr.linear.transposed = a->transposed;
    n->attr.linear.bound = a->bound;
    n->attr.linear.zero_bias = a->zero_bias;
    int64_t width = in.dim[in.rank - 1];
    ay_node_param(g, n, 0, a->weight ? a->weight : prefix, a->weight ? "" : ".weight",
                  a->transposed ? AY_SHAPE(width, a->out) : AY_SHAPE(a->out, width));
    if (a->parts[0])
        name_parts(g, n, 0, prefix, a, ".weight");
    if (a->bias) {
        ay_node_param(g, n, 1, a->bias_name ? a->bias_name : prefix, a->bias_name ? "" : ".bias",
                      AY_SHAPE(a->out));
        if (a->parts[0])
            name_parts(g, n, 1, prefix, a, ".bias");
    }
    return ay_graph_push(g, n);
}
