/* nn/ref/conv2d.c - the 2-D convolution.
 *
 * x N C H W, weight [K, C/G, k, k] (param 0), bias [K] (param 1, or absent), dst N K H' W':
 *   dst[n,o,y,x] = bias[o] + sum over c, i, j of weight[o,c,i,j] * x[n, g(o)+c, y*s-p+i*d,
 * x*s-p+j*d] with zeros outside the picture; g(o) is the first channel of o's group. */
#include "nn/op.h"

static int or_one(int n)
{
    return n ? n : 1;
}

void ay_conv_extent(const ay_conv *a, int64_t size, int64_t *out, int64_t *pad_begin,
                    int64_t *pad_end)
{
    int64_t span = (int64_t)(a->kernel - 1) * or_one(a->dilation) + 1, stride = or_one(a->stride);

    *pad_begin = *pad_end = a->pad;
    if (a->same) {
        *out = (size + stride - 1) / stride;
        int64_t total = (*out - 1) * stride + span - size;
        total = total > 0 ? total : 0;
        *pad_begin = total / 2;
        *pad_end = total - *pad_begin;
        return;
    }
    int64_t room = size + *pad_begin + *pad_end - span;
    *out = room < 0 ? 0 : room / stride + 1;
}

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    const ay_conv *a = &n->attr.conv;
    int64_t before, after;
    char text[AY_SHAPE_TEXT];

    *out = in[0];
    if (in[0].rank != 4)
        return ay_fail(err, AY_EINVAL, "wants N C H W, got %s", ay_shape_text(&in[0], text));
    out->dim[1] = a->out;
    ay_conv_extent(a, in[0].dim[2], &out->dim[2], &before, &after);
    ay_conv_extent(a, in[0].dim[3], &out->dim[3], &before, &after);
    if (out->dim[2] < 1 || out->dim[3] < 1)
        return ay_fail(err, AY_EINVAL, "a picture of %s is too small", ay_shape_text(&in[0], text));
    return AY_OK;
}

static double flops(const ay_node *n, const ay_shape *in, const ay_shape *out)
{
    const ay_conv *a = &n->attr.conv;

    return 2.0 * (double)ay_shape_count(out) * (double)(in[0].dim[1] / or_one(a->groups)) *
           a->kernel * a->kernel;
}

/* Which output columns [*lo, *hi) meet the input for a tap at offset. */
static void valid_range(int64_t offset, int64_t stride, int64_t in, int64_t out, int64_t *lo,
                        int64_t *hi)
{
    *lo = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    *hi = in - 1 - offset < 0 ? 0 : (in - 1 - offset) / stride + 1;
    *hi = *hi < out ? *hi : out;
}

/* One input plane through one k x k filter, added to one output plane. */
static void add_plane(const ay_conv *a, const float *src, int64_t H, int64_t W, const float *w,
                      float *dst, int64_t OH, int64_t OW)
{
    int64_t s = or_one(a->stride), d = or_one(a->dilation), top, left, end, y0, y1, x0, x1, out;

    ay_conv_extent(a, H, &out, &top, &end);
    ay_conv_extent(a, W, &out, &left, &end);
    for (int i = 0; i < a->kernel; i++) {
        valid_range(i * d - top, s, H, OH, &y0, &y1);
        for (int j = 0; j < a->kernel; j++) {
            float f = w[i * a->kernel + j];
            valid_range(j * d - left, s, W, OW, &x0, &x1);
            for (int64_t y = y0; y < y1; y++) {
                const float *row = src + (y * s + i * d - top) * W + j * d - left;
                float *to = dst + y * OW;
                for (int64_t x = x0; x < x1; x++)
                    to[x] += f * row[x * s];
            }
        }
    }
}

static void ref(const ay_ref_call *c)
{
    const ay_conv *a = &c->node->attr.conv;
    int64_t N = c->shape.dim[0], K = c->shape.dim[1], OH = c->shape.dim[2], OW = c->shape.dim[3];
    int64_t C = c->in_shape[0].dim[1], H = c->in_shape[0].dim[2], W = c->in_shape[0].dim[3];
    int64_t G = or_one(a->groups), per = C / G, taps = (int64_t)a->kernel * a->kernel;

    for (int64_t n = 0; n < N; n++) {
        for (int64_t o = 0; o < K; o++) {
            float *dst = c->dst + (n * K + o) * OH * OW;
            for (int64_t i = 0; i < OH * OW; i++)
                dst[i] = c->param[1] ? c->param[1][o] : 0;
            for (int64_t i = 0; i < per; i++) {
                int64_t channel = o / (K / G) * per + i;
                add_plane(a, c->in[0] + (n * C + channel) * H * W, H, W,
                          c->param[0] + (o * per + i) * taps, dst, OH, OW);
            }
        }
    }
}

/* add_plane turned round: diff goes back through one filter into dsrc, and with src into dw.  Either
 * of dsrc and dw may be NULL. */
static void back_plane(const ay_conv *a, const float *src, float *dsrc, int64_t H, int64_t W,
                       const float *w, float *dw, const float *diff, int64_t OH, int64_t OW)
{
    int64_t s = or_one(a->stride), d = or_one(a->dilation), top, left, end, y0, y1, x0, x1, out;

    ay_conv_extent(a, H, &out, &top, &end);
    ay_conv_extent(a, W, &out, &left, &end);
    for (int tap = 0; tap < a->kernel * a->kernel; tap++) {
        int64_t i = tap / a->kernel * d - top, j = tap % a->kernel * d - left;
        double sum = 0;
        valid_range(i, s, H, OH, &y0, &y1);
        valid_range(j, s, W, OW, &x0, &x1);
        for (int64_t y = y0; y < y1; y++) {
            int64_t row = (y * s + i) * W + j;
            const float *from = diff + y * OW;
            for (int64_t x = x0; dsrc && x < x1; x++)
                dsrc[row + x * s] += w[tap] * from[x];
            for (int64_t x = x0; dw && x < x1; x++)
                sum += (double)from[x] * src[row + x * s];
        }
        if (dw)
            dw[tap] += (float)sum;
    }
}

static void back_bias(const ay_ref_grad *c)
{
    const ay_shape *s = &c->forward.shape;
    int64_t planes = s->dim[0] * s->dim[1], inner = s->dim[2] * s->dim[3];

    for (int64_t p = 0; p < planes; p++) {
        double sum = 0;
        for (int64_t i = 0; i < inner; i++)
            sum += c->diff_dst[p * inner + i];
        c->diff_param[1][p % s->dim[1]] += (float)sum;
    }
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    const ay_conv *a = &f->node->attr.conv;
    int64_t N = f->shape.dim[0], K = f->shape.dim[1], OH = f->shape.dim[2], OW = f->shape.dim[3];
    int64_t C = f->in_shape[0].dim[1], H = f->in_shape[0].dim[2], W = f->in_shape[0].dim[3];
    int64_t G = or_one(a->groups), per = C / G, taps = (int64_t)a->kernel * a->kernel;

    if (c->diff_param[1])
        back_bias(c);
    for (int64_t n = 0; n < N; n++) {
        for (int64_t o = 0; o < K; o++) {
            for (int64_t i = 0; i < per; i++) {
                int64_t plane = (n * C + o / (K / G) * per + i) * H * W, w = (o * per + i) * taps;
                back_plane(a, f->in[0] + plane, c->diff_in[0] ? c->diff_in[0] + plane : NULL, H, W,
                           f->param[0] + w, c->diff_param[0] ? c->diff_param[0] + w : NULL,
                           c->diff_dst + (n * K + o) * OH * OW, OH, OW);
            }
        }
    }
}

const ay_op ay_op_conv2d = {.name = "conv2d",
                            .infer = infer,
                            .flops = flops,
                            .ref = ref,
                            .ref_backward = ref_backward,
                            .needs = AY_NEEDS_IN0,
                            .dnnl = ay_dnnl_conv2d};

ay_val ay_nn_conv2d(ay_graph *g, ay_val x, const char *prefix, const ay_conv *a)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_conv2d, prefix);
    ay_shape in = ay_graph_shape(g, x);
    int groups = or_one(a->groups);

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.conv = *a;
    if (in.rank != 4 || a->out < 1 || a->kernel < 1 || a->stride < 0 || a->pad < 0 ||
        a->dilation < 0 || a->groups < 0 || in.dim[1] % groups || a->out % groups) {
        ay_graph_sin(g, AY_EINVAL, "conv2d \"%s\": the attributes do not fit the input", prefix);
        return AY_NOVAL;
    }
    ay_node_param(g, n, 0, prefix, ".weight",
                  AY_SHAPE(a->out, in.dim[1] / groups, a->kernel, a->kernel));
    if (a->bias)
        ay_node_param(g, n, 1, prefix, ".bias", AY_SHAPE(a->out));
    return ay_graph_push(g, n);
}
