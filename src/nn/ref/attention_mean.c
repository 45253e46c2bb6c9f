/* nn/ref/attention_mean.c - attention whose results are averaged over the queries, before its values
 * are made.
 *
 * x: rows B T D; qk: B T 2D, each row q then k, both of `heads` blocks of d = D / heads.  With
 *   P_h = softmax(q_h k_h^T / sqrt(d)) over the keys,  share_h = its average over the queries,
 *   out[h] = sum over s of share_h[s] x[s]          B heads*D 1 1, head after head
 * The shares of a head add up to 1, so a value projection that comes after, W_v out[h] + b_v, is the
 * average of that head's attention over values W_v x + b_v; one row a head is projected, not one a
 * token, and no token's result is ever made.
 *
 * Backward, with e the gradient of out[h]:
 *   dx[s] += share[s] e,  a[s] = x[s] . e,
 *   dP[t, s] = a[s] / T,  dS = P (dP - sum_s P dP) / sqrt(d),  dq = dS k,  dk = dS^T q */
#include "nn/op.h"

#include <math.h>
#include <string.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    int heads = n->attr.attention.heads;
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];

    if (in[0].rank != 3 || in[1].rank != 3 || in[0].dim[0] != in[1].dim[0] ||
        in[0].dim[1] != in[1].dim[1] || 2 * in[0].dim[2] != in[1].dim[2])
        return ay_fail(err, AY_EINVAL, "rows %s and queries with keys %s", ay_shape_text(&in[0], a),
                       ay_shape_text(&in[1], b));
    if (heads < 1 || in[0].dim[2] % heads)
        return ay_fail(err, AY_EINVAL, "%lld columns are not %d equal heads",
                       (long long)in[0].dim[2], heads);
    *out = AY_SHAPE(in[0].dim[0], heads * in[0].dim[2], 1, 1);
    return AY_OK;
}

static double flops(const ay_node *n, const ay_shape *in, const ay_shape *out)
{
    (void)n, (void)out;
    return 2.0 * (double)(in[0].dim[1] * in[0].dim[1] * in[0].dim[2]);
}

static double dot(const float *a, const float *b, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

/* One picture, one head: where its rows begin. */
typedef struct {
    const float *x, *q, *k;
    int64_t T, D, d;
    double scale, top, sum; /* of the query in hand */
} head;

static head head_of(const ay_ref_call *c, int64_t b, int64_t h)
{
    int64_t T = c->in_shape[0].dim[1], D = c->in_shape[0].dim[2], d = D / c->node->attr.attention.heads;
    const float *qk = c->in[1] + b * T * 2 * D + h * d;

    return (head){.x = c->in[0] + b * T * D,
                  .q = qk,
                  .k = qk + D,
                  .T = T,
                  .D = D,
                  .d = d,
                  .scale = 1 / sqrt((double)d)};
}

static double score(const head *h, int64_t t, int64_t s)
{
    return dot(h->q + t * 2 * h->D, h->k + s * 2 * h->D, h->d) * h->scale;
}

static void take_query(head *h, int64_t t)
{
    h->top = -INFINITY;
    h->sum = 0;
    for (int64_t s = 0; s < h->T; s++)
        h->top = fmax(h->top, score(h, t, s));
    for (int64_t s = 0; s < h->T; s++)
        h->sum += exp(score(h, t, s) - h->top);
}

static double probability(const head *h, int64_t t, int64_t s)
{
    return exp(score(h, t, s) - h->top) / h->sum;
}

static void ref(const ay_ref_call *c)
{
    int64_t B = c->in_shape[0].dim[0], H = c->node->attr.attention.heads, D = c->in_shape[0].dim[2];

    memset(c->dst, 0, ay_shape_count(&c->shape) * sizeof *c->dst);
    for (int64_t row = 0; row < B * H; row++) {
        head h = head_of(c, row / H, row % H);
        float *out = c->dst + row * D;
        for (int64_t t = 0; t < h.T; t++) {
            take_query(&h, t);
            for (int64_t s = 0; s < h.T; s++) {
                double share = probability(&h, t, s) / (double)h.T;
                for (int64_t i = 0; i < D; i++)
                    out[i] += (float)(share * h.x[s * D + i]);
            }
        }
    }
}

/* One query's part; dqk points at its head's first query gradient, dx may be NULL. */
static void back(head *h, int64_t t, const float *e, float *dx, float *dqk)
{
    double whole = 0;

    take_query(h, t);
    for (int64_t s = 0; s < h->T; s++)
        whole += probability(h, t, s) * dot(h->x + s * h->D, e, h->D);
    for (int64_t s = 0; s < h->T; s++) {
        double p = probability(h, t, s) / (double)h->T;
        double ds = p * (dot(h->x + s * h->D, e, h->D) - whole) * h->scale;
        for (int64_t i = 0; dx && i < h->D; i++)
            dx[s * h->D + i] += (float)(p * e[i]);
        for (int64_t i = 0; dqk && i < h->d; i++) {
            dqk[t * 2 * h->D + i] += (float)(ds * h->k[s * 2 * h->D + i]);
            dqk[s * 2 * h->D + h->D + i] += (float)(ds * h->q[t * 2 * h->D + i]);
        }
    }
}

static void ref_backward(const ay_ref_grad *g)
{
    const ay_ref_call *c = &g->forward;
    int64_t B = c->in_shape[0].dim[0], H = c->node->attr.attention.heads, D = c->in_shape[0].dim[2];

    for (int64_t row = 0; row < B * H; row++) {
        int64_t b = row / H;
        head h = head_of(c, b, row % H);
        for (int64_t t = 0; t < h.T; t++)
            back(&h, t, g->diff_dst + row * D, g->diff_in[0] ? g->diff_in[0] + b * h.T * D : NULL,
                 g->diff_in[1] ? g->diff_in[1] + b * h.T * 2 * D + row % H * h.d : NULL);
    }
}

const ay_op ay_op_attention_mean = {.name = "attention_mean",
                                    .infer = infer,
                                    .flops = flops,
                                    .ref = ref,
                                    .ref_backward = ref_backward,
                                    .needs = AY_NEEDS_IN0 | AY_NEEDS_IN1,
                                    .dnnl = ay_dnnl_attention_mean};

ay_val ay_nn_attention_mean(ay_graph *g, ay_val x, ay_val qk, int heads)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_attention_mean, "");

    ay_node_read(g, n, x);
    ay_node_read(g, n, qk);
    if (!n)
        return AY_NOVAL;
    n->attr.attention.heads = heads;
    return ay_graph_push(g, n);
}
