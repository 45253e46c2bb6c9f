/* nn/dnnl/learn_point.c - elementwise operators for training. */
#include "nn/dnnl/learn.h"

/* One loop over n elements, cut into a part a thread. */
typedef struct {
    const ay_learn_state *state;
    bool bf16;
    int64_t n;
    void (*part)(const ay_step *s, int64_t begin, int64_t end);
    ay_val v;
    float p;
    int64_t N, pixels, C; /* mul */
    bool has_dx;
    bool a_bf16, b_bf16; /* stream_part */
} point_job;

static int64_t size_of(const point_job *j)
{
    return j->bf16 ? 2 : 4;
}

static void run_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const point_job *j = s->job;
    int64_t begin, end;

    ay_part((j->n + 63) / 64, i, parts, &begin, &end);
    end = end * 64 < j->n ? end * 64 : j->n;
    j->part(s, begin * 64, end);
}

static void run_points(const ay_step *s)
{
    const point_job *j = s->job;

    ay_parallel(j->n < 1 << 13 ? 1 : j->state->threads, run_part, (void *)s);
}

static ay_status emit(ay_dlearn *d, ay_val v, const char *what, const point_job *like,
                      void (*kernel)(const ay_step *), const ay_place *at, int n, ay_err *err)
{
    point_job *j = ay_learn_job(d, sizeof *j, err);
    ay_step *s = j ? ay_learn_step(d, v, what, kernel, j, err) : NULL;
    ay_status status = AY_OK;

    if (!s)
        return AY_ENOMEM;
    *j = *like;
    j->state = d->state;
    j->bf16 = d->c.type == dnnl_bf16;
    j->v = v;
    for (int i = 0; status == AY_OK && i < n; i++)
        status = ay_learn_arg(d, s, at[i], err);
    return status;
}

/* ---- activation -------------------------------------------------------------------------------- */

static void relu_back_part(const ay_step *s, int64_t begin, int64_t end)
{
    const point_job *j = s->job;
    int64_t at = begin * size_of(j);

    j->state->loops->relu_back(j->bf16, (char *)s->ptr[0] + at, NULL, (char *)s->ptr[1] + at,
                               (char *)s->ptr[2] + at, end - begin);
}

static ay_status eltwise(ay_act act, const dnnl_memory_desc_t *md, bool backward,
                         dnnl_eltwise_desc_t *op)
{
    dnnl_alg_kind_t alg;
    float alpha, beta;
    dnnl_status_t s;

    if (!ay_dnnl_alg(act, &alg, &alpha, &beta))
        return AY_EUNSUPPORTED;
    s = backward ? dnnl_eltwise_backward_desc_init(op, alg, md, md, alpha, beta)
                 : dnnl_eltwise_forward_desc_init(op, dnnl_forward_training, alg, md, alpha, beta);
    return ay_dnnl_check(s, "activation", NULL);
}

ay_status ay_learn_activation(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t md = ay_learn_typed(d, v);
    dnnl_eltwise_desc_t op;
    ay_place x, y;
    ay_status status;

    if (eltwise(n->attr.act, &md, false, &op) != AY_OK)
        return ay_learn_plain(d, v, err);
    status = ay_learn_want(d, n->in[0], &md, &x, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &y, err);
    if (status != AY_OK)
        return status;
    ay_learn_io io[] = {{DNNL_ARG_SRC, &md, x}, {DNNL_ARG_DST, &md, y}};
    status = ay_learn_prim(d, v, &op, NULL, NULL, io, 2, AY_ALWAYS, err);
    return status == AY_OK ? ay_learn_settle(d, v, &md, y, err) : status;
}

static ay_status eltwise_back(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place diff,
                              ay_place dx, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_primitive_desc_t hint = NULL;
    dnnl_eltwise_desc_t op;
    ay_place x;
    ay_status status = ay_learn_want(d, n->in[0], md, &x, err);

    if (status == AY_OK)
        status = eltwise(n->attr.act, md, false, &op);
    if (status == AY_OK)
        status =
            ay_dnnl_check(dnnl_primitive_desc_create(&hint, &op, NULL, d->c.out->engine, NULL),
                          "activation", err);
    if (status == AY_OK)
        status = eltwise(n->attr.act, md, true, &op);
    ay_learn_io io[] = {
        {DNNL_ARG_SRC, md, x}, {DNNL_ARG_DIFF_DST, md, diff}, {DNNL_ARG_DIFF_SRC, md, dx}};
    if (status == AY_OK)
        status = ay_learn_prim(d, v, &op, hint, NULL, io, 3, AY_ALWAYS, err);
    dnnl_primitive_desc_destroy(hint);
    return status;
}

ay_status ay_learn_activation_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t md = ay_learn_typed(d, v);
    dnnl_eltwise_desc_t op;
    ay_place diff, y, dx;
    ay_status status;

    if (!d->l->value_diff[n->in[0]])
        return AY_OK;
    if (eltwise(n->attr.act, &md, true, &op) != AY_OK)
        return ay_learn_plain_back(d, v, err);
    status = ay_learn_diff(d, v, &md, &diff, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &dx, err);
    if (status == AY_OK && n->attr.act == AY_ACT_RELU) {
        point_job j = {.n = (int64_t)ay_shape_count(&d->c.p->shape[v]), .part = relu_back_part};
        status = ay_learn_want(d, v, &md, &y, err);
        if (status == AY_OK)
            status = emit(d, v, "relu", &j, run_points, (ay_place[]){diff, y, dx}, 3, err);
    } else if (status == AY_OK) {
        status = eltwise_back(d, v, &md, diff, dx, err);
    }
    return status == AY_OK ? ay_learn_give_as(d, n->in[0], &md, dx, err) : status;
}

/* ---- add, mul ------------------------------------------------------------------------------------ */

/* ptr: a, b, float32 sum */
static void stream_part(const ay_step *s, int64_t begin, int64_t end)
{
    const point_job *j = s->job;
    const char *a = s->ptr[0], *b = s->ptr[1];

    j->state->loops->add_wide(a + begin * (j->a_bf16 ? 2 : 4), j->a_bf16,
                              b + begin * (j->b_bf16 ? 2 : 4), j->b_bf16,
                              (float *)s->ptr[2] + begin, end - begin);
}

static void add_part(const ay_step *s, int64_t begin, int64_t end)
{
    const point_job *j = s->job;
    int64_t at = begin * size_of(j);

    j->state->loops->add(j->bf16, (char *)s->ptr[0] + at, (char *)s->ptr[1] + at,
                         (char *)s->ptr[2] + at, end - begin);
}

static bool same_shape(const ay_dlearn *d, ay_val v)
{
    const ay_node *n = &d->c.g->node[v];

    return ay_shape_equal(&d->c.p->shape[n->in[0]], &d->c.p->shape[n->in[1]]);
}

/* A float32 sum in a bf16 plan, of values as they are. */
static ay_status add_stream(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_val *in = d->c.g->node[v].in;
    dnnl_memory_desc_t form = ay_learn_form(d, v);
    point_job j = {.n = (int64_t)ay_shape_count(&d->c.p->shape[v]),
                   .part = stream_part,
                   .a_bf16 = ay_learn_is_bf16(d, in[0]),
                   .b_bf16 = ay_learn_is_bf16(d, in[1])};
    ay_place at[] = {d->c.lay[in[0]].at, d->c.lay[in[1]].at, {0}};
    ay_status status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&form), &at[2], err);

    if (status == AY_OK)
        status = emit(d, v, "add", &j, run_points, at, 3, err);
    d->c.lay[v] = (ay_lay){true, form, at[2]};
    return status;
}

ay_status ay_learn_add(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t md = ay_learn_typed(d, v);
    point_job j = {.n = (int64_t)ay_shape_count(&d->c.p->shape[v]), .part = add_part};
    ay_place at[3];
    ay_status status;

    if (!same_shape(d, v))
        return ay_learn_plain(d, v, err);
    if (d->c.type == dnnl_bf16 && !ay_learn_is_bf16(d, v))
        return add_stream(d, v, err);
    status = ay_learn_want(d, n->in[0], &md, &at[0], err);
    if (status == AY_OK)
        status = ay_learn_want(d, n->in[1], &md, &at[1], err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &at[2], err);
    if (status == AY_OK)
        status = emit(d, v, "add", &j, run_points, at, 3, err);
    return status == AY_OK ? ay_learn_settle(d, v, &md, at[2], err) : status;
}

/* Both sides get the same terms: no work at all where they are of the sum's type; else one term, so
 * that one conversion does. */
ay_status ay_learn_add_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t form = ay_learn_form(d, v);
    bool alike = ay_learn_is_bf16(d, n->in[0]) == ay_learn_is_bf16(d, v) &&
                 ay_learn_is_bf16(d, n->in[1]) == ay_learn_is_bf16(d, v);
    ay_place at[2];
    int terms = 0;
    ay_status status;

    if (!same_shape(d, v))
        return ay_learn_plain_back(d, v, err);
    status = ay_learn_terms(d, v, alike ? 2 : 1, at, &terms, NULL, NULL, err);
    for (int i = 0; status == AY_OK && i < 2 * terms; i++)
        status = ay_learn_give_as(d, n->in[i % 2], &form, at[i / 2], err);
    return status;
}

/* Pictures gated by one number a channel. */
static bool is_gate(const ay_dlearn *d, ay_val v)
{
    const ay_node *n = &d->c.g->node[v];
    const ay_shape *a = &d->c.p->shape[n->in[0]], *b = &d->c.p->shape[n->in[1]];

    return a->rank == 4 && b->dim[0] == a->dim[0] && b->dim[1] == a->dim[1] && b->dim[2] == 1 &&
           b->dim[3] == 1 && a->dim[2] * a->dim[3] > 1;
}

static point_job gate_job(const ay_dlearn *d, ay_val v)
{
    const ay_shape *s = &d->c.p->shape[v];

    return (point_job){.N = s->dim[0], .C = s->dim[1], .pixels = s->dim[2] * s->dim[3]};
}

/* ptr: x, gate, y */
static void gate_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const point_job *j = s->job;
    int64_t begin, end, row = j->C * size_of(j), picture = j->pixels * row;

    ay_part(j->N, i, parts, &begin, &end);
    for (int64_t n = begin; n < end; n++)
        j->state->loops->gate(j->bf16, (char *)s->ptr[0] + n * picture,
                              (char *)s->ptr[1] + n * row, (char *)s->ptr[2] + n * picture,
                              j->pixels, j->C);
}

static void run_gate(const ay_step *s)
{
    ay_parallel(((const point_job *)s->job)->state->threads, gate_part, (void *)s);
}

/* ptr: diff, x, gate, diff_gate, dx */
static void gate_back_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const point_job *j = s->job;
    int64_t begin, end, row = j->C * size_of(j), picture = j->pixels * row;

    ay_part(j->N, i, parts, &begin, &end);
    for (int64_t n = begin; n < end; n++)
        j->state->loops->gate_back(j->bf16, (char *)s->ptr[0] + n * picture,
                                   (char *)s->ptr[1] + n * picture, (char *)s->ptr[2] + n * row,
                                   j->has_dx ? (char *)s->ptr[4] + n * picture : NULL,
                                   (float *)s->ptr[3] + n * j->C, j->pixels, j->C);
}

static void run_gate_back(const ay_step *s)
{
    ay_parallel(((const point_job *)s->job)->state->threads, gate_back_part, (void *)s);
}

ay_status ay_learn_mul(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t md = ay_learn_typed(d, v), gmd = ay_learn_typed(d, n->in[1]);
    point_job j = gate_job(d, v);
    ay_place at[3];
    ay_status status;

    if (!is_gate(d, v))
        return ay_learn_plain(d, v, err);
    status = ay_learn_want(d, n->in[0], &md, &at[0], err);
    if (status == AY_OK)
        status = ay_learn_want(d, n->in[1], &gmd, &at[1], err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &at[2], err);
    if (status == AY_OK)
        status = emit(d, v, "gate", &j, run_gate, at, 3, err);
    return status == AY_OK ? ay_learn_settle(d, v, &md, at[2], err) : status;
}

ay_status ay_learn_mul_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t md = ay_learn_typed(d, v), gmd = ay_learn_typed(d, n->in[1]), gf = gmd;
    point_job j = gate_job(d, v);
    ay_place at[5];
    ay_status status;

    if (!is_gate(d, v))
        return ay_learn_plain_back(d, v, err);
    j.has_dx = d->l->value_diff[n->in[0]];
    gf.data_type = dnnl_f32;
    status = ay_learn_diff(d, v, &md, &at[0], err);
    if (status == AY_OK)
        status = ay_learn_want(d, n->in[0], &md, &at[1], err);
    if (status == AY_OK)
        status = ay_learn_want(d, n->in[1], &gmd, &at[2], err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&gf), &at[3], err);
    at[4] = at[0];
    if (status == AY_OK && j.has_dx)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &at[4], err);
    if (status == AY_OK)
        status = emit(d, v, "gate", &j, run_gate_back, at, 5, err);
    if (status == AY_OK)
        status = ay_learn_give_as(d, n->in[0], &md, at[4], err);
    return status == AY_OK ? ay_learn_give_as(d, n->in[1], &gf, at[3], err) : status;
}

/* ---- dropout --------------------------------------------------------------------------------------- */

/* ptr: x, dst.  The mask counts elements in the value's plain order; channels last would need
 * another count, so pictures take the plain loops. */
static void drop_part(const ay_step *s, int64_t begin, int64_t end)
{
    const point_job *j = s->job;
    uint64_t key = ay_noise_key(j->state->seed, j->state->step, j->v);
    int64_t at = begin * size_of(j);

    j->state->loops->drop(j->bf16, (char *)s->ptr[0] + at, (char *)s->ptr[1] + at, key, j->p, begin,
                          end - begin);
}

static bool moves(const ay_dlearn *d, ay_val v)
{
    const ay_shape *s = &d->c.p->shape[v];

    return s->rank == 4 && s->dim[1] > 1 && s->dim[2] * s->dim[3] > 1;
}

static ay_status drop(ay_dlearn *d, ay_val v, ay_place from, ay_place *to, ay_err *err)
{
    dnnl_memory_desc_t md = ay_learn_typed(d, v);
    point_job j = {.n = (int64_t)ay_shape_count(&d->c.p->shape[v]),
                   .part = drop_part,
                   .p = d->c.g->node[v].attr.dropout.p};
    ay_status status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), to, err);

    return status == AY_OK
               ? emit(d, v, "dropout", &j, run_points, (ay_place[]){from, *to}, 2, err)
               : status;
}

ay_status ay_learn_dropout(ay_dlearn *d, ay_val v, ay_err *err)
{
    dnnl_memory_desc_t md = ay_learn_typed(d, v);
    ay_place x;
    ay_status status;

    if (moves(d, v) && d->l->train[v])
        return ay_learn_plain(d, v, err);
    status = ay_learn_want(d, d->c.g->node[v].in[0], &md, &x, err);
    if (status == AY_OK && d->l->train[v])
        status = drop(d, v, x, &x, err);
    return status == AY_OK ? ay_learn_settle(d, v, &md, x, err) : status;
}

ay_status ay_learn_dropout_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    dnnl_memory_desc_t md = ay_learn_typed(d, v);
    ay_place diff;
    ay_status status;

    if (moves(d, v) && d->l->train[v])
        return ay_learn_plain_back(d, v, err);
    status = ay_learn_diff(d, v, &md, &diff, err);
    if (status == AY_OK && d->l->train[v])
        status = drop(d, v, diff, &diff, err);
    return status == AY_OK ? ay_learn_give_as(d, d->c.g->node[v].in[0], &md, diff, err) : status;
}
