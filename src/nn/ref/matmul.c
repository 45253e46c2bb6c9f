/* nn/ref/matmul.c - batched product over the last two dimensions.
 *
 * a ... M K, b ... K N (or ... N K with transpose_b), dst ... M N, times scale. */
#include "nn/op.h"

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    int r = in[0].rank;
    bool fits = r >= 2 && in[1].rank == r, t = n->attr.matmul.transpose_b;
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];

    for (int i = 0; fits && i < r - 2; i++)
        fits = in[0].dim[i] == in[1].dim[i];
    if (!fits || in[0].dim[r - 1] != in[1].dim[t ? r - 1 : r - 2])
        return ay_fail(err, AY_EINVAL, "%s and %s cannot be multiplied", ay_shape_text(&in[0], a),
                       ay_shape_text(&in[1], b));
    *out = in[0];
    out->dim[r - 1] = in[1].dim[t ? r - 2 : r - 1];
    return AY_OK;
}

static double flops(const ay_node *n, const ay_shape *in, const ay_shape *out)
{
    (void)n;
    return 2.0 * (double)ay_shape_count(out) * (double)in[0].dim[in[0].rank - 1];
}

static void ref(const ay_ref_call *c)
{
    int r = c->shape.rank;
    int64_t M = c->shape.dim[r - 2], N = c->shape.dim[r - 1], K = c->in_shape[0].dim[r - 1];
    int64_t rows = (int64_t)ay_shape_count(&c->shape) / N;
    bool t = c->node->attr.matmul.transpose_b;

    for (int64_t i = 0; i < rows; i++) {
        const float *a = c->in[0] + i * K, *b = c->in[1] + i / M * K * N;
        for (int64_t j = 0; j < N; j++) {
            double sum = 0;
            for (int64_t k = 0; k < K; k++)
                sum += (double)a[k] * b[t ? j * K + k : k * N + j];
            c->dst[i * N + j] = (float)(sum * c->node->attr.matmul.scale);
        }
    }
}

/* da = scale diff b^T, db = scale a^T diff (its transpose with transpose_b). */
static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int r = f->shape.rank;
    int64_t M = f->shape.dim[r - 2], N = f->shape.dim[r - 1], K = f->in_shape[0].dim[r - 1];
    int64_t rows = (int64_t)ay_shape_count(&f->shape) / N;
    bool t = f->node->attr.matmul.transpose_b;

    for (int64_t i = 0; i < rows; i++) {
        const float *a = f->in[0] + i * K, *b = f->in[1] + i / M * K * N;
        float *da = c->diff_in[0] ? c->diff_in[0] + i * K : NULL;
        float *db = c->diff_in[1] ? c->diff_in[1] + i / M * K * N : NULL;
        for (int64_t j = 0; j < N; j++) {
            float d = c->diff_dst[i * N + j] * f->node->attr.matmul.scale;
            for (int64_t k = 0; da && k < K; k++)
                da[k] += d * b[t ? j * K + k : k * N + j];
            for (int64_t k = 0; db && k < K; k++)
                db[t ? j * K + k : k * N + j] += d * a[k];
        }
    }
}

const ay_op ay_op_matmul = {.name = "matmul",
                            .infer = infer,
                            .flops = flops,
                            .ref = ref,
                            .ref_backward = ref_backward,
                            .needs = AY_NEEDS_IN0 | AY_NEEDS_IN1,
                            .dnnl = ay_dnnl_matmul};

ay_val ay_nn_matmul(ay_graph *g, ay_val a, ay_val b, bool transpose_b, float scale)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_matmul, "");

    ay_node_read(g, n, a);
    ay_node_read(g, n, b);
    if (!n)
        return AY_NOVAL;
    n->attr.matmul.transpose_b = transpose_b;
    n->attr.matmul.scale = scale;
    return ay_graph_push(g, n);
}
