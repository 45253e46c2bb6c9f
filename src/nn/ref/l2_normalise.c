/* nn/ref/l2_normalise.c - each row divided by its length; a row shorter than 1e-12 by 1e-12. */
#include "nn/op.h"

#include <math.h>

static void ref(const ay_ref_call *c)
{
    int64_t D = c->shape.dim[c->shape.rank - 1], rows = (int64_t)ay_shape_count(&c->shape) / D;

    for (int64_t r = 0; r < rows; r++) {
        const float *x = c->in[0] + r * D;
        double sum = 0;
        for (int64_t i = 0; i < D; i++)
            sum += (double)x[i] * x[i];
        for (int64_t i = 0; i < D; i++)
            c->dst[r * D + i] = (float)(x[i] / fmax(sqrt(sum), 1e-12));
    }
}

/* dx = (diff - y (y . diff)) / |x|: what is along y changes nothing. */
static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t D = f->shape.dim[f->shape.rank - 1], rows = (int64_t)ay_shape_count(&f->shape) / D;

    for (int64_t r = 0; c->diff_in[0] && r < rows; r++) {
        const float *x = f->in[0] + r * D, *diff = c->diff_dst + r * D;
        double sum = 0, along = 0;
        for (int64_t i = 0; i < D; i++) {
            sum += (double)x[i] * x[i];
            along += (double)x[i] * diff[i];
        }
        double norm = sqrt(sum);
        along = norm > 1e-12 ? along / sum : 0; /* below that the divisor is a constant */
        for (int64_t i = 0; i < D; i++)
            c->diff_in[0][r * D + i] += (float)((diff[i] - x[i] * along) / fmax(norm, 1e-12));
    }
}

const ay_op ay_op_l2_normalise = {.name = "l2_normalise",
                                  .infer = ay_infer_same,
                                  .ref = ref,
                                  .ref_backward = ref_backward,
                                  .needs = AY_NEEDS_IN0};

ay_val ay_nn_l2_normalise(ay_graph *g, ay_val x)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_l2_normalise, "");

    ay_node_read(g, n, x);
    return ay_graph_push(g, n);
}
