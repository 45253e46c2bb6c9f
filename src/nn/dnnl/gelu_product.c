/* nn/dnnl/gelu_product.c - which products gelu_product_loops.c computes, and the step that does it. */
#include "nn/dnnl/gelu_product.h"
#include "nn/dnnl/compile.h"
#include "nn/dnnl/loops.h"

bool ay_dnnl_gelu_product_here(void)
{
#ifdef __x86_64__
    unsigned have = (unsigned)dnnl_get_effective_cpu_isa(), want = dnnl_cpu_isa_avx512_core_bf16;
    unsigned tiles = dnnl_cpu_isa_avx512_core_amx;

    return (have & want) == want && (have & tiles) != tiles;
#else
    return false;
#endif
}

bool ay_dnnl_is_gelu_product(const ay_dnnl *c, ay_val v, int64_t in, int64_t out)
{
    const ay_chain *chain = &c->chain[v];

    return c->type == dnnl_bf16 && chain->posts == 1 && chain->post[0].act == AY_ACT_GELU &&
           in % AY_GP_INPUTS == 0 && out % AY_GP_COLUMNS == 0 && ay_dnnl_type_of(c, chain->tail) == dnnl_bf16 &&
           ay_dnnl_gelu_product_here();
}

static void part(void *ctx, int i, int n)
{
    const ay_gp *a = ctx;
    int64_t begin, end;

    ay_part(ay_gp_units(a), i, n, &begin, &end);
    ay_gp_run(a, begin, end);
}

static void run(const ay_step *s)
{
    ay_gp *a = s->job;

    a->src = s->ptr[0];
    a->weight = s->ptr[1];
    a->dst = s->ptr[2];
    a->bias = s->nargs > 3 ? s->ptr[3] : NULL;
    ay_parallel(a->threads, part, a);
}

/* Weights as [out / 64][in / 2][64][2], which two of oneDNN's names stand for. */
static ay_status pack(ay_dnnl *c, ay_val v, int64_t in, int64_t out, dnnl_memory_desc_t *md, ay_place *at, ay_err *err)
{
    bool conv = c->g->node[v].op == &ay_op_conv2d;
    ay_shape as = conv ? AY_SHAPE(out, in, 1, 1) : AY_SHAPE(in, out);
    dnnl_dims_t dims = {as.dim[0], as.dim[1], 1, 1};

    dnnl_memory_desc_init_by_tag(md, as.rank, dims, dnnl_bf16, conv ? dnnl_AcdB64a2b : dnnl_BA16a64b2a);
    return ay_dnnl_weights(c, v, &as, md, at, err);
}

ay_status ay_dnnl_gelu_product(ay_dnnl *c, ay_val v, const ay_gp_form *form, ay_err *err)
{
    ay_val tail = c->chain[v].tail;
    ay_shape bs = AY_SHAPE(form->out);
    dnnl_memory_desc_t wmd, bmd = ay_dnnl_plain(&bs, dnnl_f32);
    ay_place src, weights, bias, dst;
    ay_status status = ay_dnnl_want(c, c->g->node[v].in[0], &form->src, &src, err);
    ay_step *s = status == AY_OK ? ay_dnnl_step(c, tail, "own loop", err) : NULL;
    ay_gp *job;

    if (!s)
        return status == AY_OK ? AY_ENOMEM : status;
    s->kernel = run;
    s->job = job = ay_arena_alloc(&c->out->arena, sizeof *job);
    if (!job)
        return ay_fail(err, AY_ENOMEM, "out of memory for a step");
    *job = (ay_gp){.rows = form->rows, .in = form->in, .out = form->out, .threads = c->p->info.threads};
    status = pack(c, v, form->in, form->out, &wmd, &weights, err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, tail, &form->dst, &dst, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &form->src, src, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &wmd, weights, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &form->dst, dst, err);
    if (status == AY_OK && ay_dnnl_has_bias(c, v) && (status = ay_dnnl_bias(c, v, &bias, err)) == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &bmd, bias, err);
    return status;
}
