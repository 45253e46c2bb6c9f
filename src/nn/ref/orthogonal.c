/* nn/ref/orthogonal.c - orthogonal fusion: a vector beside what of a map is at right angles to it.
 *
 * x: map N C P (P places: whatever follows the channels, 1 when nothing does), vector N C.
 * With u = g / (n + e), n = |g|, c = u . L at a place:
 *   out = [g; L - u c]
 * and backward, with d the gradient of the lower half and G that of the upper, sums over places:
 *   dL = d - u (u . d),  du = -sum (c d + (u . d) L),
 *   dg = sum G + du / (n + e) - g (g . du) / (n (n + e)^2)
 * At g = 0 the last term has no direction and is left out. */
#include "nn/op.h"

#include <math.h>

static const double SMALL = 1e-6; /* e: added to the length, not put under the root */

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];

    (void)n;
    if (in[0].rank < 2 || in[1].rank != 2 || in[0].dim[0] != in[1].dim[0] ||
        in[0].dim[1] != in[1].dim[1])
        return ay_fail(err, AY_EINVAL, "a map %s and a vector %s", ay_shape_text(&in[0], a),
                       ay_shape_text(&in[1], b));
    *out = in[0];
    out->dim[1] *= 2;
    return AY_OK;
}

/* sum over channels of a[c * step_a] b[c * step_b] */
static double dot(const float *a, int64_t step_a, const float *b, int64_t step_b, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i * step_a] * b[i * step_b];
    return sum;
}

static void ref(const ay_ref_call *c)
{
    int64_t N = c->shape.dim[0], C = c->shape.dim[1] / 2;
    int64_t P = (int64_t)ay_shape_count(&c->shape) / (N * 2 * C);

    for (int64_t i = 0; i < N; i++) {
        const float *L = c->in[0] + i * C * P, *g = c->in[1] + i * C;
        float *upper = c->dst + i * 2 * C * P, *lower = upper + C * P;
        double by = 1 / (sqrt(dot(g, 1, g, 1, C)) + SMALL);
        for (int64_t p = 0; p < P; p++) {
            double along = dot(g, 1, L + p, P, C) * by * by;
            for (int64_t k = 0; k < C; k++) {
                upper[k * P + p] = g[k];
                lower[k * P + p] = (float)(L[k * P + p] - g[k] * along);
            }
        }
    }
}

/* One picture; L, dL: C x P, upper and lower: their gradients. */
static void back(const float *L, const float *g, const float *upper, const float *lower, float *dL,
                 float *dg, int64_t C, int64_t P)
{
    double n = sqrt(dot(g, 1, g, 1, C)), by = 1 / (n + SMALL), g_du = 0;

    for (int64_t p = 0; p < P; p++) {
        double c = dot(g, 1, L + p, P, C) * by, d = dot(g, 1, lower + p, P, C) * by;
        g_du -= 2 * c * d * (n + SMALL);
        for (int64_t k = 0; k < C; k++) {
            if (dL)
                dL[k * P + p] += (float)(lower[k * P + p] - g[k] * by * d);
            if (dg)
                dg[k] += (float)(upper[k * P + p] -
                                 (c * lower[k * P + p] + d * L[k * P + p]) * by);
        }
    }
    for (int64_t k = 0; dg && n > 0 && k < C; k++)
        dg[k] -= (float)(g[k] * g_du * by * by / n);
}

static void ref_backward(const ay_ref_grad *b)
{
    const ay_ref_call *f = &b->forward;
    int64_t N = f->shape.dim[0], C = f->shape.dim[1] / 2;
    int64_t P = (int64_t)ay_shape_count(&f->shape) / (N * 2 * C);

    for (int64_t i = 0; i < N; i++) {
        const float *diff = b->diff_dst + i * 2 * C * P;
        back(f->in[0] + i * C * P, f->in[1] + i * C, diff, diff + C * P,
             b->diff_in[0] ? b->diff_in[0] + i * C * P : NULL,
             b->diff_in[1] ? b->diff_in[1] + i * C : NULL, C, P);
    }
}

const ay_op ay_op_orthogonal = {.name = "orthogonal",
                                .infer = infer,
                                .ref = ref,
                                .ref_backward = ref_backward,
                                .needs = AY_NEEDS_IN0 | AY_NEEDS_IN1};

ay_val ay_nn_orthogonal(ay_graph *g, ay_val map, ay_val vector)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_orthogonal, "");

    ay_node_read(g, n, map);
    ay_node_read(g, n, vector);
    return ay_graph_push(g, n);
}
