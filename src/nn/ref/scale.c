/* nn/ref/scale.c - multiply by a parameter vector along one dimension (layer scale; Touvron et al.,
 * "Going deeper with Image Transformers", 2021).  param 0 [size of dimension axis]. */
#include "nn/op.h"

static void ref(const ay_ref_call *c)
{
    int axis = c->node->attr.slice.axis;
    size_t n = ay_shape_count(&c->shape), inner = 1, size = (size_t)c->shape.dim[axis];

    for (int d = axis + 1; d < c->shape.rank; d++)
        inner *= (size_t)c->shape.dim[d];
    for (size_t i = 0; i < n; i++)
        c->dst[i] = c->in[0][i] * c->param[0][i / inner % size];
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int axis = f->node->attr.slice.axis;
    size_t n = ay_shape_count(&f->shape), inner = 1, size = (size_t)f->shape.dim[axis];

    for (int d = axis + 1; d < f->shape.rank; d++)
        inner *= (size_t)f->shape.dim[d];
    for (size_t i = 0; i < n; i += inner) {
        size_t at = i / inner % size;
        double sum = 0;
        for (size_t k = i; k < i + inner; k++) {
            sum += (double)c->diff_dst[k] * f->in[0][k];
            if (c->diff_in[0])
                c->diff_in[0][k] += c->diff_dst[k] * f->param[0][at];
        }
        if (c->diff_param[0])
            c->diff_param[0][at] += (float)sum;
    }
}

const ay_op ay_op_scale = {.name = "scale",
                           .infer = ay_infer_same,
                           .ref = ref,
                           .ref_backward = ref_backward,
                           .needs = AY_NEEDS_IN0};

ay_val ay_nn_scale(ay_graph *g, ay_val x, const char *name, int axis)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_scale, name);
    ay_shape in = ay_graph_shape(g, x);

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.slice.axis = axis;
    if (axis < 1 || axis >= in.rank) {
        ay_graph_sin(g, AY_EINVAL, "scale \"%s\": no dimension %d", name, axis);
        return AY_NOVAL;
    }
    ay_node_param(g, n, 0, name, "", AY_SHAPE(in.dim[axis]));
    return ay_graph_push(g, n);
}
