/* nn/ref/binary.c - add and mul: b has a's shape, or 1 where it is repeated. */
#include "nn/op.h"

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];
    bool fits = in[0].rank == in[1].rank;

    (void)n;
    for (int i = 0; fits && i < in[0].rank; i++)
        fits = in[1].dim[i] == in[0].dim[i] || in[1].dim[i] == 1;
    if (!fits)
        return ay_fail(err, AY_EINVAL, "%s and %s do not go together", ay_shape_text(&in[0], a),
                       ay_shape_text(&in[1], b));
    *out = in[0];
    return AY_OK;
}

/* Where element i of a lies in b. */
static size_t place_in_b(size_t i, const ay_shape *a, const ay_shape *b)
{
    size_t at = 0, step = 1;

    for (int d = a->rank - 1; d >= 0; d--) {
        size_t k = i % (size_t)a->dim[d];
        i /= (size_t)a->dim[d];
        at += b->dim[d] == 1 ? 0 : k * step;
        step *= (size_t)b->dim[d];
    }
    return at;
}

static void ref_add(const ay_ref_call *c)
{
    size_t n = ay_shape_count(&c->shape);

    for (size_t i = 0; i < n; i++)
        c->dst[i] = c->in[0][i] + c->in[1][place_in_b(i, &c->shape, &c->in_shape[1])];
}

static void ref_mul(const ay_ref_call *c)
{
    size_t n = ay_shape_count(&c->shape);

    for (size_t i = 0; i < n; i++)
        c->dst[i] = c->in[0][i] * c->in[1][place_in_b(i, &c->shape, &c->in_shape[1])];
}

/* How many neighbours in a share one element of b. */
static size_t run_length(const ay_shape *a, const ay_shape *b)
{
    size_t n = 1;

    for (int d = a->rank - 1; d >= 0 && b->dim[d] == 1; d--)
        n *= (size_t)a->dim[d];
    return n;
}

/* db += the sum, over all places where b was repeated, of diff (times a when given). */
static void gather(const ay_ref_grad *c, const float *a)
{
    const ay_ref_call *f = &c->forward;
    size_t n = ay_shape_count(&f->shape), run = run_length(&f->shape, &f->in_shape[1]);

    for (size_t i = 0; i < n; i += run) {
        double sum = 0;
        for (size_t k = i; k < i + run; k++)
            sum += (double)c->diff_dst[k] * (a ? a[k] : 1);
        c->diff_in[1][place_in_b(i, &f->shape, &f->in_shape[1])] += (float)sum;
    }
}

static void add_backward(const ay_ref_grad *c)
{
    size_t n = c->diff_in[0] ? ay_shape_count(&c->forward.shape) : 0;

    for (size_t i = 0; i < n; i++)
        c->diff_in[0][i] += c->diff_dst[i];
    if (c->diff_in[1])
        gather(c, NULL);
}

static void mul_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    size_t n = c->diff_in[0] ? ay_shape_count(&f->shape) : 0;

    for (size_t i = 0; i < n; i++)
        c->diff_in[0][i] += c->diff_dst[i] * f->in[1][place_in_b(i, &f->shape, &f->in_shape[1])];
    if (c->diff_in[1])
        gather(c, f->in[0]);
}

const ay_op ay_op_add = {.name = "add",
                         .infer = infer,
                         .ref = ref_add,
                         .ref_backward = add_backward,
                         .dnnl = ay_dnnl_binary};
const ay_op ay_op_mul = {.name = "mul",
                         .infer = infer,
                         .ref = ref_mul,
                         .ref_backward = mul_backward,
                         .needs = AY_NEEDS_IN0 | AY_NEEDS_IN1,
                         .dnnl = ay_dnnl_binary};

static ay_val binary(ay_graph *g, const ay_op *op, ay_val a, ay_val b)
{
    ay_node *n = ay_graph_new_node(g, op, "");

    ay_node_read(g, n, a);
    ay_node_read(g, n, b);
    return ay_graph_push(g, n);
}

ay_val ay_nn_add(ay_graph *g, ay_val a, ay_val b)
{
    return binary(g, &ay_op_add, a, b);
}

ay_val ay_nn_mul(ay_graph *g, ay_val a, ay_val b)
{
    return binary(g, &ay_op_mul, a, b);
}
