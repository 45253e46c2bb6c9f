/* nn/dnnl/depthwise.c - which convolutions depthwise_loops.c computes, and the step that does it. */
#include "nn/dnnl/depthwise.h"
#include "nn/dnnl/compile.h"
#include "nn/dnnl/loops.h"

#include <string.h>

static int or_one(int n)
{
    return n ? n : 1;
}

/* The chain's activation; false: it has more than one, or an addition. */
static bool only_act(const ay_chain *chain, ay_act *act)
{
    *act = chain->posts ? chain->post[0].act : AY_ACT_NONE;
    return chain->posts == 0 || (chain->posts == 1 && *act != AY_ACT_NONE);
}

/* Measured on one core with AVX-512: 3 x 3 with one output a channel is a fifth slower than oneDNN's,
 * 7 x 7 a quarter faster, two outputs a channel ten times in bf16 and a thousand in f32. */
static bool pays(const ay_conv *a)
{
    return a->kernel > 3 || a->out > a->groups;
}

bool ay_dnnl_is_depthwise(const ay_dnnl *c, ay_val v)
{
    const ay_node *n = &c->g->node[v];
    const ay_conv *a = &n->attr.conv;
    int64_t C = c->p->shape[n->in[0]].dim[1];
    ay_act act;

    return ay_dnnl_wide() && a->groups == C && C % AY_DW_LANES == 0 && or_one(a->dilation) == 1 &&
           pays(a) && only_act(&c->chain[v], &act) &&
           ay_dw_fits(a->kernel, or_one(a->stride), a->out / a->groups, act);
}

static void part(void *ctx, int i, int n)
{
    const ay_dw *a = ctx;
    int64_t begin, end;

    ay_part(a->pictures * a->blocks * a->OH, i, n, &begin, &end);
    ay_dw_rows(a, begin, end);
}

static void run(const ay_step *s)
{
    ay_dw *a = s->job;

    a->src = s->ptr[0];
    a->weight = s->ptr[1];
    a->dst = s->ptr[2];
    a->bias = s->nargs > 3 ? s->ptr[3] : NULL;
    ay_parallel(a->threads, part, a);
}

/* bf16 lies channels last, f32 in blocks of 16 channels (layout.c). */
static void set_strides(ay_dw *a, const ay_shape *in, const ay_shape *out)
{
    int64_t C = in->dim[1], D = out->dim[1];

    a->src_picture = C * a->H * a->W;
    a->dst_picture = D * a->OH * a->OW;
    a->src_pixel = a->bf16 ? C : AY_DW_LANES;
    a->dst_pixel = a->bf16 ? D : AY_DW_LANES;
    a->src_block = a->bf16 ? AY_DW_LANES : AY_DW_LANES * a->H * a->W;
    a->dst_block = a->bf16 ? AY_DW_LANES : AY_DW_LANES * a->OH * a->OW;
    a->src_row = a->src_pixel * a->W;
    a->dst_row = a->dst_pixel * a->OW;
}

static void describe(const ay_dnnl *c, ay_val v, ay_dw *a)
{
    const ay_node *n = &c->g->node[v];
    const ay_conv *conv = &n->attr.conv;
    const ay_shape *in = &c->p->shape[n->in[0]], *out = &c->p->shape[v];
    int64_t end;

    *a = (ay_dw){.bf16 = c->type == dnnl_bf16,
                 .pictures = in->dim[0],
                 .blocks = in->dim[1] / AY_DW_LANES,
                 .H = in->dim[2],
                 .W = in->dim[3],
                 .kernel = conv->kernel,
                 .stride = or_one(conv->stride),
                 .outputs = conv->out / conv->groups,
                 .threads = c->p->info.threads};
    ay_conv_extent(conv, a->H, &a->OH, &a->top, &end);
    ay_conv_extent(conv, a->W, &a->OW, &a->left, &end);
    only_act(&c->chain[v], &a->act);
    set_strides(a, in, out);
}

static dnnl_memory_desc_t weight_md(const ay_shape *as)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {0};

    memcpy(dims, as->dim, (size_t)as->rank * sizeof *dims);
    dnnl_memory_desc_init_by_tag(&md, as->rank, dims, dnnl_f32, dnnl_Goihw16g);
    return md;
}

ay_status ay_dnnl_depthwise(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    ay_val tail = c->chain[v].tail;
    int k = n->attr.conv.kernel, outputs = n->attr.conv.out / n->attr.conv.groups;
    ay_shape ws = AY_SHAPE(n->attr.conv.groups, outputs, 1, k, k), bs = AY_SHAPE(n->attr.conv.out);
    dnnl_memory_desc_t smd = ay_dnnl_preferred(&c->p->shape[n->in[0]], c->type);
    dnnl_memory_desc_t dmd = ay_dnnl_preferred(&c->p->shape[tail], c->type);
    dnnl_memory_desc_t wmd = weight_md(&ws), bmd = ay_dnnl_plain(&bs, dnnl_f32);
    ay_place src, weights, bias, dst;
    ay_status status = ay_dnnl_want(c, n->in[0], &smd, &src, err);
    ay_step *s = status == AY_OK ? ay_dnnl_step(c, tail, "own loop", err) : NULL;

    if (!s)
        return status == AY_OK ? AY_ENOMEM : status;
    s->kernel = run;
    s->job = ay_arena_alloc(&c->out->arena, sizeof(ay_dw));
    if (!s->job)
        return ay_fail(err, AY_ENOMEM, "out of memory for a step");
    describe(c, v, s->job);
    status = ay_dnnl_weights(c, v, &ws, &wmd, &weights, err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, tail, &dmd, &dst, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &smd, src, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &wmd, weights, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &dmd, dst, err);
    if (status == AY_OK && ay_dnnl_has_bias(c, v) &&
        (status = ay_dnnl_bias(c, v, &bias, err)) == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &bmd, bias, err);
    return status;
}
