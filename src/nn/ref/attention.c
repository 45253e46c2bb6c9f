/* nn/ref/attention.c - multi-head attention on packed rows (Vaswani et al., 2017).
 *
 * qkv B T 3D: row t holds q, k, v of D each, each of them heads blocks of d = D / heads.
 *   dst[b,t,h] = sum over s of softmax_s(q[t,h] . k[s,h] / sqrt(d)) v[s,h]
 * One row rather than matmul, softmax, matmul, so that a back end may keep the T x T scores in
 * cache. */
#include "nn/op.h"

#include <math.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    int heads = n->attr.attention.heads;

    if (in[0].rank != 3 || heads < 1 || in[0].dim[2] % (3 * (int64_t)heads))
        return ay_fail(err, AY_EINVAL, "wants B T 3D with D a multiple of %d heads", heads);
    *out = in[0];
    out->dim[2] /= 3;
    return AY_OK;
}

static double flops(const ay_node *n, const ay_shape *in, const ay_shape *out)
{
    (void)n, (void)in;
    return 4.0 * (double)ay_shape_count(out) * (double)out->dim[1];
}

static double dot(const float *a, const float *b, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

/* One query against the first n keys.  Scores are computed three times: no room for them is needed.
 */
static void attend(const float *q, const float *k, const float *v, int64_t n, int64_t d,
                   int64_t row, float *dst)
{
    double scale = 1 / sqrt((double)d), top = -INFINITY, sum = 0;

    for (int64_t s = 0; s < n; s++)
        top = fmax(top, dot(q, k + s * row, d) * scale);
    for (int64_t i = 0; i < d; i++)
        dst[i] = 0;
    for (int64_t s = 0; s < n; s++)
        sum += exp(dot(q, k + s * row, d) * scale - top);
    for (int64_t s = 0; s < n; s++) {
        double p = exp(dot(q, k + s * row, d) * scale - top) / sum;
        for (int64_t i = 0; i < d; i++)
            dst[i] += (float)(p * v[s * row + i]);
    }
}

static void ref(const ay_ref_call *c)
{
    int64_t B = c->shape.dim[0], T = c->shape.dim[1], D = c->shape.dim[2];
    int64_t heads = c->node->attr.attention.heads, d = D / heads, row = 3 * D;

    for (int64_t b = 0; b < B; b++) {
        for (int64_t t = 0; t < T; t++) {
            for (int64_t h = 0; h < heads; h++) {
                const float *base = c->in[0] + b * T * row + h * d;
                attend(base + t * row, base + D, base + 2 * D,
                       c->node->attr.attention.causal ? t + 1 : T, d, row,
                       c->dst + (b * T + t) * D + h * d);
            }
        }
    }
}

/* What one query gives back.  With p the probabilities and o = sum p v the result:
 *   dv[s] += p[s] do,  ds[s] = p[s] (do . v[s] - do . o) / sqrt(d),  dq += ds[s] k[s],
 *   dk[s] += ds[s] q.
 * Scores are computed again; dq lies d before dk as q before k, at a distance of D. */
static void attend_back(const float *q, const float *out, const float *diff, float *dq, float *dkv,
                        int64_t n, int64_t d, int64_t row, const float *kv)
{
    int64_t D = row / 3;
    double scale = 1 / sqrt((double)d), top = -INFINITY, sum = 0, whole = dot(diff, out, d);

    for (int64_t s = 0; s < n; s++)
        top = fmax(top, dot(q, kv + s * row, d) * scale);
    for (int64_t s = 0; s < n; s++)
        sum += exp(dot(q, kv + s * row, d) * scale - top);
    for (int64_t s = 0; s < n; s++) {
        const float *k = kv + s * row, *v = k + D;
        float *dk = dkv + s * row, *dv = dk + D;
        double p = exp(dot(q, k, d) * scale - top) / sum;
        double ds = p * (dot(diff, v, d) - whole) * scale;
        for (int64_t i = 0; i < d; i++) {
            dv[i] += (float)(p * diff[i]);
            dk[i] += (float)(ds * q[i]);
            dq[i] += (float)(ds * k[i]);
        }
    }
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t B = f->shape.dim[0], T = f->shape.dim[1], D = f->shape.dim[2];
    int64_t heads = f->node->attr.attention.heads, d = D / heads, row = 3 * D;
    bool causal = f->node->attr.attention.causal;

    if (!c->diff_in[0])
        return;
    for (int64_t b = 0; b < B; b++) {
        for (int64_t t = 0; t < T; t++) {
            for (int64_t h = 0; h < heads; h++) {
                const float *base = f->in[0] + b * T * row + h * d;
                float *diff = c->diff_in[0] + b * T * row + h * d;
                int64_t at = (b * T + t) * D + h * d;
                attend_back(base + t * row, f->dst + at, c->diff_dst + at, diff + t * row, diff + D,
                            causal ? t + 1 : T, d, row, base + D);
            }
        }
    }
}

const ay_op ay_op_attention = {.name = "attention",
                               .infer = infer,
                               .flops = flops,
                               .ref = ref,
                               .ref_backward = ref_backward,
                               .needs = AY_NEEDS_IN0 | AY_NEEDS_DST,
                               .dnnl = ay_dnnl_attention};

ay_val ay_nn_attention(ay_graph *g, ay_val qkv, int heads, bool causal)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_attention, "");

    ay_node_read(g, n, qkv);
    if (!n)
        return AY_NOVAL;
    n->attr.attention.heads = heads;
    n->attr.attention.causal = causal;
    return ay_graph_push(g, n);
}
