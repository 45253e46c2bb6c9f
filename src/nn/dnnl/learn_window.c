/* nn/dnnl/learn_window.c - pooling, and operators that only look at memory in another way. */
#include "nn/dnnl/learn.h"

#include <string.h>

extern const ay_op ay_op_patches;

enum { WORKSPACE };

/* ---- pooling -------------------------------------------------------------------------------------- */

static ay_status window_pd(ay_dlearn *d, const ay_pool_window *w, const dnnl_memory_desc_t *smd,
                           const dnnl_memory_desc_t *dmd, dnnl_primitive_desc_t *pd, ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_pooling_v2_desc_t op;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_pooling_v2_forward_desc_init(&op, dnnl_forward_training, w->alg, smd, dmd,
                                              w->stride, w->kernel, w->dilation, w->begin, w->end),
            "pooling", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(pd, &op, attr, d->c.out->engine, NULL),
                               "pooling", err);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

ay_status ay_learn_pool(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t smd = ay_learn_typed(d, n->in[0]), dmd = ay_learn_typed(d, v), wmd;
    dnnl_primitive_desc_t pd = NULL;
    ay_pool_window w;
    ay_place src, dst, *work = &d->keep[v][WORKSPACE];
    ay_status status;

    if (!ay_dnnl_pool_window(n, &d->c.p->shape[n->in[0]], &d->c.p->shape[v], &w))
        return ay_learn_plain(d, v, err);
    status = ay_learn_want(d, n->in[0], &smd, &src, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&dmd), &dst, err);
    if (status == AY_OK)
        status = window_pd(d, &w, &smd, &dmd, &pd, err);
    if (status != AY_OK)
        return status;
    wmd = *dnnl_primitive_desc_query_md(pd, dnnl_query_workspace_md, 0);
    if (wmd.ndims)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&wmd), work, err);
    if (status != AY_OK) {
        dnnl_primitive_desc_destroy(pd);
        return status;
    }
    ay_learn_io io[] = {{DNNL_ARG_SRC, &smd, src},
                        {DNNL_ARG_DST, &dmd, dst},
                        {DNNL_ARG_WORKSPACE, &wmd, *work}};
    status = ay_learn_emit(d, v, pd, io, wmd.ndims ? 3 : 2, AY_ALWAYS, err);
    return status == AY_OK ? ay_learn_settle(d, v, &dmd, dst, err) : status;
}

ay_status ay_learn_pool_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t smd = ay_learn_typed(d, n->in[0]), dmd = ay_learn_typed(d, v), wmd;
    dnnl_primitive_desc_t hint = NULL;
    dnnl_pooling_v2_desc_t op;
    ay_pool_window w;
    ay_place diff, dx;
    ay_status status;

    if (!ay_dnnl_pool_window(n, &d->c.p->shape[n->in[0]], &d->c.p->shape[v], &w))
        return ay_learn_plain_back(d, v, err);
    status = ay_learn_diff(d, v, &dmd, &diff, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&smd), &dx, err);
    if (status == AY_OK)
        status = window_pd(d, &w, &smd, &dmd, &hint, err);
    if (status != AY_OK)
        return status;
    wmd = *dnnl_primitive_desc_query_md(hint, dnnl_query_workspace_md, 0);
    status = ay_dnnl_check(dnnl_pooling_v2_backward_desc_init(&op, w.alg, &smd, &dmd, w.stride,
                                                              w.kernel, w.dilation, w.begin, w.end),
                           "pooling", err);
    ay_learn_io io[] = {{DNNL_ARG_DIFF_DST, &dmd, diff},
                        {DNNL_ARG_DIFF_SRC, &smd, dx},
                        {DNNL_ARG_WORKSPACE, &wmd, d->keep[v][WORKSPACE]}};
    if (status == AY_OK)
        status = ay_learn_prim(d, v, &op, hint, NULL, io, wmd.ndims ? 3 : 2, AY_ALWAYS, err);
    dnnl_primitive_desc_destroy(hint);
    return status == AY_OK ? ay_learn_give_as(d, n->in[0], &smd, dx, err) : status;
}

/* ---- the whole picture's mean ---------------------------------------------------------------------- */

typedef struct {
    const ay_learn_state *state;
    bool bf16;
    int64_t N, pixels, C;
} mean_job;

static void mean_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const mean_job *j = s->job;
    int64_t begin, end, picture = j->pixels * j->C * (j->bf16 ? 2 : 4);

    ay_part(j->N, i, parts, &begin, &end);
    for (int64_t n = begin; n < end; n++)
        j->state->loops->column_sums(j->bf16, (char *)s->ptr[0] + n * picture,
                                     (float *)s->ptr[1] + n * j->C, 1 / (float)j->pixels,
                                     j->pixels, j->C);
}

static void run_mean(const ay_step *s)
{
    ay_parallel(((const mean_job *)s->job)->state->threads, mean_part, (void *)s);
}

static void run_share(const ay_step *s)
{
    const mean_job *j = s->job;

    j->state->loops->fill_rows(false, s->ptr[0], 1 / (float)j->pixels, s->ptr[1], 1, j->N * j->C);
}

static ay_status emit_mean(ay_dlearn *d, ay_val v, void (*kernel)(const ay_step *), ay_place from,
                           ay_place to, ay_err *err)
{
    const ay_shape *in = &d->c.p->shape[d->c.g->node[v].in[0]];
    mean_job *j = ay_learn_job(d, sizeof *j, err);
    ay_step *s = j ? ay_learn_step(d, v, "mean", kernel, j, err) : NULL;
    ay_status status;

    if (!s)
        return AY_ENOMEM;
    *j = (mean_job){d->state, d->c.type == dnnl_bf16, in->dim[0], in->dim[2] * in->dim[3],
                    in->dim[1]};
    status = ay_learn_arg(d, s, from, err);
    return status == AY_OK ? ay_learn_arg(d, s, to, err) : status;
}

ay_status ay_learn_global(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[0];
    dnnl_memory_desc_t smd = ay_learn_typed(d, in), dmd = ay_dnnl_nhwc(&d->c.p->shape[v], dnnl_f32);
    ay_place src, dst;
    ay_status status = ay_learn_want(d, in, &smd, &src, err);

    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&dmd), &dst, err);
    if (status == AY_OK)
        status = emit_mean(d, v, run_mean, src, dst, err);
    return status == AY_OK ? ay_learn_settle(d, v, &dmd, dst, err) : status;
}

/* The gradient is the same for every pixel: it stays one row a picture until somebody needs more. */
ay_status ay_learn_global_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[0];
    ay_diff *f = &d->diff[in];
    dnnl_memory_desc_t dmd = ay_dnnl_nhwc(&d->c.p->shape[v], dnnl_f32);
    ay_place diff, share, none[AY_TERMS];
    int n;
    ay_status status = ay_learn_diff(d, v, &dmd, &diff, err);

    if (!d->l->value_diff[in])
        return status;
    if (status == AY_OK && f->has_each) /* two means of one value: the first becomes a full term */
        status = ay_learn_terms(d, in, AY_TERMS, none, &n, NULL, NULL, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&dmd), &share, err);
    if (status == AY_OK)
        status = emit_mean(d, v, run_share, diff, share, err);
    f->each = share;
    f->has_each = true;
    return status;
}

/* ---- views ------------------------------------------------------------------------------------------ */

/* How the memory must lie for v to be the same memory: plain, for patches channels last. */
static dnnl_memory_desc_t seen_from(const ay_dlearn *d, ay_val v, dnnl_data_type_t type)
{
    const ay_node *n = &d->c.g->node[v];
    const ay_shape *in = &d->c.p->shape[n->in[0]];

    return n->op == &ay_op_patches ? ay_dnnl_nhwc(in, type) : ay_dnnl_plain(in, type);
}

ay_status ay_learn_view(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[0];
    dnnl_data_type_t type = d->c.lay[in].md.data_type;
    dnnl_memory_desc_t from = seen_from(d, v, type), to = ay_dnnl_plain(&d->c.p->shape[v], type);
    ay_place at;
    ay_status status = ay_learn_want(d, in, &from, &at, err);

    return status == AY_OK ? ay_learn_settle(d, v, &to, at, err) : status;
}

ay_status ay_learn_view_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[0];
    dnnl_data_type_t type = ay_learn_form(d, in).data_type;
    dnnl_memory_desc_t from = ay_dnnl_plain(&d->c.p->shape[v], type), to = seen_from(d, v, type);
    ay_place at;
    ay_status status = ay_learn_diff(d, v, &from, &at, err);

    return status == AY_OK ? ay_learn_give_as(d, in, &to, at, err) : status;
}

/* The part of the input's memory that a slice is, and where it begins. */
static ay_status slice_of(ay_dlearn *d, ay_val v, dnnl_memory_desc_t *md, ay_place *at, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t whole = ay_learn_form(d, n->in[0]);
    dnnl_dims_t dims = {0}, offsets = {0};
    ay_status status;

    for (int i = 0; i < d->c.p->shape[v].rank; i++)
        dims[i] = d->c.p->shape[v].dim[i];
    offsets[n->attr.slice.axis] = n->attr.slice.begin;
    status =
        ay_dnnl_check(dnnl_memory_desc_init_submemory(md, &whole, dims, offsets), "slice", err);
    at->offset += (size_t)md->offset0 * dnnl_data_type_size(whole.data_type);
    md->offset0 = 0;
    return status;
}

ay_status ay_learn_slice(ay_dlearn *d, ay_val v, ay_err *err)
{
    dnnl_memory_desc_t md;
    ay_place at = d->c.lay[d->c.g->node[v].in[0]].at;
    ay_status status = slice_of(d, v, &md, &at, err);

    if (at.buf < 0)
        return ay_learn_plain(d, v, err);
    return status == AY_OK ? ay_learn_settle(d, v, &md, at, err) : status;
}

static void run_zero(const ay_step *s)
{
    memset(s->ptr[0], 0, *(const size_t *)s->job);
}

static ay_status emit_zero(ay_dlearn *d, ay_val v, ay_place at, size_t bytes, ay_err *err)
{
    size_t *job = ay_learn_job(d, sizeof *job, err);
    ay_step *s = job ? ay_learn_step(d, v, "zeros", run_zero, job, err) : NULL;

    if (!s)
        return AY_ENOMEM;
    *job = bytes;
    return ay_learn_arg(d, s, at, err);
}

ay_status ay_learn_slice_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[0];
    dnnl_memory_desc_t whole = ay_learn_form(d, in), from = ay_learn_form(d, v), part;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attr = NULL;
    ay_place diff, full, begin;
    ay_status status;

    if (!d->l->value_diff[in])
        return AY_OK;
    status = ay_learn_diff(d, v, &from, &diff, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&whole), &full, err);
    if (status == AY_OK)
        status = emit_zero(d, v, full, dnnl_memory_desc_get_size(&whole), err);
    begin = full;
    if (status == AY_OK)
        status = slice_of(d, v, &part, &begin, err);
    if (status == AY_OK)
        status = ay_dnnl_attr(NULL, &attr, err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_reorder_primitive_desc_create(&pd, &from, d->c.out->engine,
                                                                  &part, d->c.out->engine, attr),
                               "reorder", err);
    dnnl_primitive_attr_destroy(attr);
    ay_learn_io io[] = {{DNNL_ARG_FROM, &from, diff}, {DNNL_ARG_TO, &part, begin}};
    if (status == AY_OK)
        status = ay_learn_emit(d, v, pd, io, 2, AY_ALWAYS, err);
    return status == AY_OK ? ay_learn_give(d, in, full, err) : status;
}
