/* nn/dnnl/learn_value.c - how values and gradients lie, and steps that move numbers about. */
#include "nn/dnnl/learn.h"

#include <string.h>

bool ay_learn_is_bf16(const ay_dlearn *d, ay_val v)
{
    return ay_learn_form(d, v).data_type == dnnl_bf16;
}

/* Tokens as they are summed from block to block. */
static bool is_stream(const ay_dlearn *d, ay_val v)
{
    const ay_op *op = d->c.g->node[v].op;

    return d->c.p->shape[v].rank == 3 && (op == &ay_op_add || op == &ay_op_embed_tokens);
}

dnnl_memory_desc_t ay_learn_form(const ay_dlearn *d, ay_val v)
{
    const ay_shape *s = &d->c.p->shape[v];
    dnnl_data_type_t type = is_stream(d, v) ? dnnl_f32 : ay_dnnl_type_of(&d->c, v);

    return s->rank == 4 ? ay_dnnl_nhwc(s, type) : ay_dnnl_plain(s, type);
}

ay_place ay_learn_fixed(const void *p)
{
    return (ay_place){.buf = -1, .fixed = (void *)p};
}

ay_status ay_learn_new(ay_dlearn *d, ay_val v, ay_place *out, ay_err *err)
{
    dnnl_memory_desc_t md = ay_learn_form(d, v);
    ay_status status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), out, err);

    if (status == AY_OK)
        d->c.lay[v] = (ay_lay){true, md, *out};
    return status;
}

ay_status ay_learn_room(ay_dlearn *d, size_t floats, ay_place *out, ay_err *err)
{
    return ay_dnnl_buffer(&d->c, floats * sizeof(float), out, err);
}

void *ay_learn_job(ay_dlearn *d, size_t size, ay_err *err)
{
    void *p = ay_arena_alloc(&d->c.out->arena, size);

    if (!p)
        ay_fail(err, AY_ENOMEM, "out of memory for a step");
    return p;
}

ay_step *ay_learn_step(ay_dlearn *d, ay_val v, const char *what, void (*kernel)(const ay_step *),
                       void *job, ay_err *err)
{
    ay_step *s = ay_dnnl_step(&d->c, v, what, err);

    if (s) {
        s->kernel = kernel;
        s->job = job;
    }
    return s;
}

ay_status ay_learn_arg(ay_dlearn *d, ay_step *s, ay_place at, ay_err *err)
{
    static const dnnl_memory_desc_t none;

    return ay_dnnl_arg(&d->c, s, 0, &none, at, err);
}

ay_status ay_learn_emit(ay_dlearn *d, ay_val v, dnnl_primitive_desc_t pd, const ay_learn_io *io,
                        int n, int when, ay_err *err)
{
    ay_step *s = NULL;
    ay_status status = ay_dnnl_emit(&d->c, v, pd, &s, err);

    if (s)
        s->when = when;
    for (int i = 0; status == AY_OK && i < n; i++)
        status = ay_dnnl_arg(&d->c, s, io[i].arg, io[i].md, io[i].at, err);
    return status;
}

ay_status ay_learn_prim(ay_dlearn *d, ay_val v, const_dnnl_op_desc_t op,
                        const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr,
                        const ay_learn_io *io, int n, int when, ay_err *err)
{
    dnnl_primitive_attr_t own = NULL;
    dnnl_primitive_desc_t pd = NULL;
    ay_status status = attr ? AY_OK : ay_dnnl_attr(NULL, &own, err);

    if (status == AY_OK)
        status = ay_dnnl_check(
            dnnl_primitive_desc_create(&pd, op, attr ? attr : own, d->c.out->engine, hint),
            d->c.g->node[v].op->name, err);
    dnnl_primitive_attr_destroy(own);
    return status == AY_OK ? ay_learn_emit(d, v, pd, io, n, when, err) : status;
}

/* ---- threads by pictures ------------------------------------------------------------------------ */

void omp_set_num_threads(int n);

void ay_learn_one_thread(const ay_dlearn *d)
{
    if (d->parts > 1)
        omp_set_num_threads(1);
}

void ay_learn_all_threads(const ay_dlearn *d)
{
    omp_set_num_threads(d->state->threads);
}

static ay_status part_scratch(ay_dlearn *d, ay_step *s, const_dnnl_primitive_desc_t pd, ay_err *err)
{
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    size_t bytes = md ? dnnl_memory_desc_get_size(md) : 0;
    ay_place at;
    ay_status status;

    if (bytes == 0)
        return AY_OK;
    s->advance[s->nargs] = (bytes + 4095) / 4096 * 4096; /* no line belongs to two threads */
    status = ay_dnnl_buffer(&d->c, s->advance[s->nargs] * (size_t)d->parts, &at, err);
    return status == AY_OK ? ay_dnnl_arg(&d->c, s, DNNL_ARG_SCRATCHPAD, md, at, err) : status;
}

ay_status ay_learn_emit_parts(ay_dlearn *d, ay_val v, dnnl_primitive_desc_t pd,
                              const ay_learn_io *io, int n, ay_err *err)
{
    const char *impl = "";
    ay_status status = AY_ENOMEM;
    ay_step *s;

    if (d->parts == 1)
        return ay_learn_emit(d, v, pd, io, n, AY_ALWAYS, err);
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &impl);
    s = ay_dnnl_step(&d->c, v, ay_arena_strdup(&d->c.out->arena, impl), err);
    if (s) {
        ay_learn_one_thread(d);
        status = ay_dnnl_check(dnnl_primitive_create(&s->prim, pd), "making a primitive", err);
        ay_learn_all_threads(d);
        s->parts = d->parts;
    }
    for (int i = 0; status == AY_OK && i < n; i++) {
        bool shared = io[i].arg == DNNL_ARG_WEIGHTS || io[i].arg == DNNL_ARG_BIAS;
        s->advance[s->nargs] = shared ? 0 : dnnl_memory_desc_get_size(io[i].md);
        status = ay_dnnl_arg(&d->c, s, io[i].arg, io[i].md, io[i].at, err);
    }
    if (status == AY_OK)
        status = part_scratch(d, s, pd, err);
    dnnl_primitive_desc_destroy(pd);
    return status;
}

typedef struct {
    const ay_learn_state *state;
    int64_t n;
    int parts;
} sum_job;

static void sum_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const sum_job *j = s->job;
    float *to = s->ptr[0];
    int64_t begin, end;

    ay_part((j->n + 63) / 64, i, parts, &begin, &end);
    begin *= 64;
    end = end * 64 < j->n ? end * 64 : j->n;
    for (int k = 1; k < j->parts; k++)
        j->state->loops->add(false, to + begin, to + k * j->n + begin, to + begin, end - begin);
}

static void run_sum(const ay_step *s)
{
    const sum_job *j = s->job;

    ay_parallel(j->n < 1 << 13 ? 1 : j->state->threads, sum_part, (void *)s);
}

ay_status ay_learn_sum_parts(ay_dlearn *d, ay_val v, ay_place at, int64_t n, ay_err *err)
{
    sum_job *j;
    ay_step *s;

    if (d->parts == 1)
        return AY_OK;
    j = ay_learn_job(d, sizeof *j, err);
    s = j ? ay_learn_step(d, v, "sum of parts", run_sum, j, err) : NULL;
    if (!s)
        return AY_ENOMEM;
    *j = (sum_job){d->state, n, d->parts};
    return ay_learn_arg(d, s, at, err);
}

/* ---- numbers in another form ------------------------------------------------------------------ */

typedef struct {
    const ay_learn_state *state;
    bool from, to; /* bf16? */
    int64_t n;
} convert_job;

static void convert_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const convert_job *j = s->job;
    int64_t begin, end;

    ay_part((j->n + 63) / 64, i, parts, &begin, &end);
    begin *= 64;
    end = end * 64 < j->n ? end * 64 : j->n;
    j->state->loops->convert((const char *)s->ptr[0] + begin * (j->from ? 2 : 4), j->from,
                             (char *)s->ptr[1] + begin * (j->to ? 2 : 4), j->to, end - begin);
}

static void run_convert(const ay_step *s)
{
    const convert_job *j = s->job;

    ay_parallel(j->n < 1 << 14 ? 1 : j->state->threads, convert_part, (void *)s);
}

static ay_status emit_convert(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *from, ay_place at,
                              const dnnl_memory_desc_t *to, ay_place out, ay_err *err)
{
    convert_job *j = ay_learn_job(d, sizeof *j, err);
    ay_step *s = j ? ay_learn_step(d, v, "convert", run_convert, j, err) : NULL;
    ay_status status;

    if (!s)
        return AY_ENOMEM;
    *j = (convert_job){d->state, from->data_type == dnnl_bf16, to->data_type == dnnl_bf16, 1};
    for (int i = 0; i < from->ndims; i++)
        j->n *= from->dims[i];
    status = ay_learn_arg(d, s, at, err);
    return status == AY_OK ? ay_learn_arg(d, s, out, err) : status;
}

ay_status ay_learn_as(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *from, ay_place at,
                      const dnnl_memory_desc_t *to, ay_place *out, ay_err *err)
{
    dnnl_memory_desc_t same_type = *to;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attr = NULL;
    ay_status status;

    *out = at;
    if (ay_dnnl_same_bytes(from, to))
        return AY_OK;
    status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(to), out, err);
    if (status != AY_OK)
        return status;
    same_type.data_type = from->data_type;
    if (ay_dnnl_same_bytes(from, &same_type))
        return emit_convert(d, v, from, at, to, *out, err);
    status = ay_dnnl_attr(NULL, &attr, err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_reorder_primitive_desc_create(&pd, from, d->c.out->engine, to,
                                                                  d->c.out->engine, attr),
                               "reorder", err);
    dnnl_primitive_attr_destroy(attr);
    if (status != AY_OK)
        return status;
    return ay_learn_emit(d, v, pd,
                         (ay_learn_io[]){{DNNL_ARG_FROM, from, at}, {DNNL_ARG_TO, to, *out}}, 2,
                         AY_ALWAYS, err);
}

ay_status ay_learn_want(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                        ay_err *err)
{
    dnnl_memory_desc_t form = d->c.lay[v].md; /* emitting below may move arrays, not this copy */

    return ay_learn_as(d, v, &form, d->c.lay[v].at, md, out, err);
}

dnnl_memory_desc_t ay_learn_typed(const ay_dlearn *d, ay_val v)
{
    dnnl_memory_desc_t md = ay_learn_form(d, v);

    md.data_type = d->c.type;
    return md;
}

ay_status ay_learn_settle(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place at,
                          ay_err *err)
{
    dnnl_memory_desc_t form = ay_learn_form(d, v);
    ay_status status = ay_learn_as(d, v, md, at, &form, &at, err);

    d->c.lay[v] = (ay_lay){true, form, at};
    return status;
}

/* ---- gradients ---------------------------------------------------------------------------------- */

typedef struct {
    const ay_learn_state *state;
    bool bf16;
    int64_t n;
} add_job;

static void add_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const add_job *j = s->job;
    int64_t begin, end, size = j->bf16 ? 2 : 4;

    ay_part((j->n + 63) / 64, i, parts, &begin, &end);
    begin *= 64;
    end = end * 64 < j->n ? end * 64 : j->n;
    j->state->loops->add(j->bf16, (const char *)s->ptr[0] + begin * size,
                         (const char *)s->ptr[1] + begin * size, (char *)s->ptr[2] + begin * size,
                         end - begin);
}

static void run_add(const ay_step *s)
{
    const add_job *j = s->job;

    ay_parallel(j->n < 1 << 14 ? 1 : j->state->threads, add_part, (void *)s);
}

/* The first two terms become one. */
static ay_status merge_two(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_diff *f = &d->diff[v];
    dnnl_memory_desc_t md = ay_learn_form(d, v);
    add_job *j = ay_learn_job(d, sizeof *j, err);
    ay_step *s;
    ay_place sum;
    ay_status status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &sum, err);

    s = j && status == AY_OK ? ay_learn_step(d, v, "sum of gradients", run_add, j, err) : NULL;
    if (!s)
        return AY_ENOMEM;
    *j = (add_job){d->state, md.data_type == dnnl_bf16,
                   (int64_t)ay_shape_count(&d->c.p->shape[v])};
    status = ay_learn_arg(d, s, f->at[0], err);
    if (status == AY_OK)
        status = ay_learn_arg(d, s, f->at[1], err);
    if (status == AY_OK)
        status = ay_learn_arg(d, s, sum, err);
    f->at[0] = sum;
    f->n--;
    memmove(f->at + 1, f->at + 2, (size_t)(f->n - 1) * sizeof *f->at);
    return status;
}

typedef struct {
    const ay_learn_state *state;
    bool bf16;
    int64_t N, pixels, C;
} fill_job;

static void fill_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const fill_job *j = s->job;
    int64_t begin, end, size = j->pixels * j->C * (j->bf16 ? 2 : 4);

    ay_part(j->N, i, parts, &begin, &end);
    for (int64_t n = begin; n < end; n++)
        j->state->loops->fill_rows(j->bf16, (const float *)s->ptr[0] + n * j->C, 1,
                                   (char *)s->ptr[1] + n * size, j->pixels, j->C);
}

static void run_fill(const ay_step *s)
{
    ay_parallel(((const fill_job *)s->job)->state->threads, fill_part, (void *)s);
}

/* The per-picture term becomes a full one. */
static ay_status spread_each(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_diff *f = &d->diff[v];
    const ay_shape *shape = &d->c.p->shape[v];
    dnnl_memory_desc_t md = ay_learn_form(d, v);
    fill_job *j = ay_learn_job(d, sizeof *j, err);
    ay_place full;
    ay_step *s;
    ay_status status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &full, err);

    s = j && status == AY_OK ? ay_learn_step(d, v, "spread", run_fill, j, err) : NULL;
    if (!s)
        return AY_ENOMEM;
    *j = (fill_job){d->state, md.data_type == dnnl_bf16, shape->dim[0],
                    shape->dim[2] * shape->dim[3], shape->dim[1]};
    status = ay_learn_arg(d, s, f->each, err);
    if (status == AY_OK)
        status = ay_learn_arg(d, s, full, err);
    f->has_each = false;
    return status == AY_OK ? ay_learn_give(d, v, full, err) : status;
}

ay_status ay_learn_give(ay_dlearn *d, ay_val v, ay_place at, ay_err *err)
{
    ay_diff *f = &d->diff[v];
    ay_status status = AY_OK;

    if (!d->l->value_diff[v])
        return AY_OK;
    if (f->n == AY_TERMS)
        status = merge_two(d, v, err);
    f->at[f->n++] = at;
    return status;
}

ay_status ay_learn_give_as(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place at,
                           ay_err *err)
{
    dnnl_memory_desc_t form = ay_learn_form(d, v);
    ay_place moved;
    ay_status status;

    if (!d->l->value_diff[v])
        return AY_OK;
    status = ay_learn_as(d, v, md, at, &form, &moved, err);
    return status == AY_OK ? ay_learn_give(d, v, moved, err) : status;
}

ay_status ay_learn_terms(ay_dlearn *d, ay_val v, int most, ay_place *out, int *n, ay_place *each,
                         bool *has_each, ay_err *err)
{
    ay_diff *f = &d->diff[v];
    ay_status status = AY_OK;

    if (f->has_each && (!each || f->n == 0))
        status = spread_each(d, v, err);
    while (status == AY_OK && f->n > most)
        status = merge_two(d, v, err);
    if (status == AY_OK && f->n == 0)
        return ay_fail(err, AY_EINVAL, "no gradient reaches it");
    memcpy(out, f->at, (size_t)f->n * sizeof *out);
    *n = f->n;
    if (each) {
        *has_each = f->has_each;
        *each = f->each;
    }
    return status;
}

ay_status ay_learn_diff(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                        ay_err *err)
{
    dnnl_memory_desc_t form = ay_learn_form(d, v);
    ay_place at[1];
    int n;
    ay_status status = ay_learn_terms(d, v, 1, at, &n, NULL, NULL, err);

    return status == AY_OK ? ay_learn_as(d, v, &form, at[0], md, out, err) : status;
}

/* ---- parameters ---------------------------------------------------------------------------------- */

ay_status ay_learn_node_param(ay_dlearn *d, ay_val v, int i, float **value, float **grad,
                              ay_err *err)
{
    int p = d->c.g->node[v].param[i];

    *value = *grad = NULL;
    return p < 0 ? AY_OK : ay_learn_param(d->l, p, value, grad, err);
}

typedef struct {
    const ay_learn_state *state;
    float *grad;
    int64_t n;
} collect_job;

static void run_collect(const ay_step *s)
{
    const collect_job *j = s->job;
    const float *from = s->ptr[0];

    for (int64_t i = 0; i < j->n; i++)
        j->grad[i] = j->state->add ? j->grad[i] + from[i] : from[i];
}

ay_status ay_learn_collect(ay_dlearn *d, ay_val v, ay_place at, float *grad, int64_t n, ay_err *err)
{
    collect_job *j = ay_learn_job(d, sizeof *j, err);
    ay_step *s = j ? ay_learn_step(d, v, "collect", run_collect, j, err) : NULL;

    if (!s)
        return AY_ENOMEM;
    *j = (collect_job){d->state, grad, n};
    return ay_learn_arg(d, s, at, err);
}
