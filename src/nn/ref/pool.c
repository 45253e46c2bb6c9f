/* nn/ref/pool.c - maximum and average over square windows, and over the whole picture.
 *
 * x N C H W.  With ceil_mode a last window may hang over the end, but must start inside the picture
 * or its leading padding (as PyTorch has it).  An average divides by the window's part within the
 * padded picture (count_pad) or within the picture itself. */
#include "nn/op.h"

#include <float.h>

static int stride_of(const ay_pool *a)
{
    return a->stride ? a->stride : a->kernel;
}

int64_t ay_pool_extent(const ay_pool *a, int64_t size)
{
    int64_t s = stride_of(a), room = size + 2 * a->pad - a->kernel, out;

    if (a->kernel == 0)
        return 1;
    if (room < 0)
        return 0;
    out = (a->ceil_mode ? (room + s - 1) / s : room / s) + 1;
    return a->ceil_mode && (out - 1) * s >= size + a->pad ? out - 1 : out;
}

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    const ay_pool *a = &n->attr.pool;

    if (in[0].rank != 4 || a->kernel < 0 || a->stride < 0 || a->pad < 0 || a->pad > a->kernel / 2)
        return ay_fail(err, AY_EINVAL, "the window does not fit the input");
    *out = in[0];
    out->dim[2] = ay_pool_extent(a, in[0].dim[2]);
    out->dim[3] = ay_pool_extent(a, in[0].dim[3]);
    if (out->dim[2] < 1 || out->dim[3] < 1)
        return ay_fail(err, AY_EINVAL, "the picture is smaller than the window");
    return AY_OK;
}

typedef struct {
    int64_t begin, end; /* within the picture */
    int64_t padded;     /* length within the padded picture */
} span;

static span window(const ay_pool *a, int64_t i, int64_t size)
{
    int64_t begin = i * stride_of(a) - a->pad, end = begin + a->kernel;
    int64_t limit = size + a->pad;

    if (a->kernel == 0)
        return (span){0, size, size};
    span s = {begin < 0 ? 0 : begin, end > size ? size : end, (end > limit ? limit : end) - begin};

    return s;
}

static float max_of(const float *src, int64_t W, span y, span x)
{
    float best = -FLT_MAX;

    for (int64_t i = y.begin; i < y.end; i++)
        for (int64_t j = x.begin; j < x.end; j++)
            best = src[i * W + j] > best ? src[i * W + j] : best;
    return best;
}

static float mean_of(const float *src, int64_t W, span y, span x, bool count_pad)
{
    int64_t n = count_pad ? y.padded * x.padded : (y.end - y.begin) * (x.end - x.begin);
    double sum = 0;

    for (int64_t i = y.begin; i < y.end; i++)
        for (int64_t j = x.begin; j < x.end; j++)
            sum += src[i * W + j];
    return (float)(sum / (double)n);
}

static void pool(const ay_ref_call *c, bool max)
{
    const ay_pool *a = &c->node->attr.pool;
    int64_t planes = c->shape.dim[0] * c->shape.dim[1], OH = c->shape.dim[2], OW = c->shape.dim[3];
    int64_t H = c->in_shape[0].dim[2], W = c->in_shape[0].dim[3];

    for (int64_t p = 0; p < planes; p++) {
        const float *src = c->in[0] + p * H * W;
        float *dst = c->dst + p * OH * OW;
        for (int64_t y = 0; y < OH; y++) {
            for (int64_t x = 0; x < OW; x++) {
                span rows = window(a, y, H), columns = window(a, x, W);
                dst[y * OW + x] = max ? max_of(src, W, rows, columns)
                                      : mean_of(src, W, rows, columns, a->count_pad);
            }
        }
    }
}

static void ref_max(const ay_ref_call *c)
{
    pool(c, true);
}

static void ref_avg(const ay_ref_call *c)
{
    pool(c, false);
}

static ay_status infer_global(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    (void)n;
    if (in[0].rank != 4)
        return ay_fail(err, AY_EINVAL, "wants N C H W");
    *out = in[0];
    out->dim[2] = out->dim[3] = 1;
    return AY_OK;
}

static void ref_global(const ay_ref_call *c)
{
    int64_t planes = c->shape.dim[0] * c->shape.dim[1];
    int64_t H = c->in_shape[0].dim[2], W = c->in_shape[0].dim[3];
    span rows = {0, H, H}, columns = {0, W, W};

    for (int64_t p = 0; p < planes; p++)
        c->dst[p] = mean_of(c->in[0] + p * H * W, W, rows, columns, true);
}

/* The first place of the maximum, as PyTorch has it. */
static int64_t place_of_max(const float *src, int64_t W, span y, span x)
{
    int64_t at = y.begin * W + x.begin;

    for (int64_t i = y.begin; i < y.end; i++)
        for (int64_t j = x.begin; j < x.end; j++)
            at = src[i * W + j] > src[at] ? i * W + j : at;
    return at;
}

static void spread(float *diff, int64_t W, span y, span x, bool count_pad, float d)
{
    int64_t n = count_pad ? y.padded * x.padded : (y.end - y.begin) * (x.end - x.begin);

    for (int64_t i = y.begin; i < y.end; i++)
        for (int64_t j = x.begin; j < x.end; j++)
            diff[i * W + j] += d / (float)n;
}

static void back(const ay_ref_grad *c, bool max)
{
    const ay_ref_call *f = &c->forward;
    const ay_pool *a = &f->node->attr.pool;
    int64_t planes = f->shape.dim[0] * f->shape.dim[1], OH = f->shape.dim[2], OW = f->shape.dim[3];
    int64_t H = f->in_shape[0].dim[2], W = f->in_shape[0].dim[3];

    for (int64_t p = 0; c->diff_in[0] && p < planes; p++) {
        float *to = c->diff_in[0] + p * H * W;
        for (int64_t i = 0; i < OH * OW; i++) {
            span rows = window(a, i / OW, H), columns = window(a, i % OW, W);
            float d = c->diff_dst[p * OH * OW + i];
            if (max)
                to[place_of_max(f->in[0] + p * H * W, W, rows, columns)] += d;
            else
                spread(to, W, rows, columns, a->count_pad, d);
        }
    }
}

static void max_backward(const ay_ref_grad *c)
{
    back(c, true);
}

static void avg_backward(const ay_ref_grad *c)
{
    back(c, false);
}

static void global_backward(const ay_ref_grad *c)
{
    const ay_shape *in = &c->forward.in_shape[0];
    int64_t planes = c->diff_in[0] ? in->dim[0] * in->dim[1] : 0, inner = in->dim[2] * in->dim[3];

    for (int64_t p = 0; p < planes; p++)
        for (int64_t i = 0; i < inner; i++)
            c->diff_in[0][p * inner + i] += c->diff_dst[p] / (float)inner;
}

const ay_op ay_op_max_pool = {.name = "max_pool",
                              .infer = infer,
                              .ref = ref_max,
                              .ref_backward = max_backward,
                              .needs = AY_NEEDS_IN0,
                              .dnnl = ay_dnnl_pool};
const ay_op ay_op_avg_pool = {.name = "avg_pool",
                              .infer = infer,
                              .ref = ref_avg,
                              .ref_backward = avg_backward,
                              .dnnl = ay_dnnl_pool};
const ay_op ay_op_global_avg_pool = {.name = "global_avg_pool",
                                     .infer = infer_global,
                                     .ref = ref_global,
                                     .ref_backward = global_backward,
                                     .dnnl = ay_dnnl_pool};

static ay_val add_pool(ay_graph *g, const ay_op *op, ay_val x, const ay_pool *a)
{
    ay_node *n = ay_graph_new_node(g, op, "");

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    n->attr.pool = *a;
    return ay_graph_push(g, n);
}

ay_val ay_nn_max_pool(ay_graph *g, ay_val x, const ay_pool *a)
{
    return add_pool(g, &ay_op_max_pool, x, a);
}

ay_val ay_nn_avg_pool(ay_graph *g, ay_val x, const ay_pool *a)
{
    return add_pool(g, &ay_op_avg_pool, x, a);
}

ay_val ay_nn_global_avg_pool(ay_graph *g, ay_val x)
{
    return add_pool(g, &ay_op_global_avg_pool, x, &(ay_pool){0});
}
