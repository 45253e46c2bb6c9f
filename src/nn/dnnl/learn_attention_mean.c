/* nn/dnnl/learn_attention_mean.c - attention averaged over its queries, for training
 * (ref/attention_mean.c has the formulas).
 *
 * Kept from forward: P [B, H, T, T] and the shares [B, H, T].  What backward has to undo of P is the
 * same row of numbers for every query, so it takes one pass over P and two products of the five that
 * attention has. */
#include "nn/dnnl/learn.h"

#include <math.h>

enum { PROBABILITIES, SHARES };

typedef struct {
    int64_t B, H, T, D, d;
    dnnl_memory_desc_t x, qk, out, scores, shares; /* as values; [B, H, T, T]; [B, H, T] */
    size_t size;
    float scale;
} heads;

static heads describe(const ay_dlearn *d, ay_val v)
{
    const ay_node *n = &d->c.g->node[v];
    const ay_shape *in = &d->c.p->shape[n->in[0]];
    heads h = {.B = in->dim[0], .T = in->dim[1], .D = in->dim[2], .H = n->attr.attention.heads};
    ay_shape out = AY_SHAPE(h.B, h.H, h.D), scores = AY_SHAPE(h.B, h.H, h.T, h.T),
             shares = AY_SHAPE(h.B, h.H, h.T);

    h.d = h.D / h.H;
    h.x = ay_dnnl_plain(in, d->c.type);
    h.qk = ay_dnnl_plain(&d->c.p->shape[n->in[1]], d->c.type);
    h.out = ay_dnnl_plain(&out, d->c.type);
    h.scores = ay_dnnl_plain(&scores, d->c.type);
    h.shares = ay_dnnl_plain(&shares, d->c.type);
    h.size = dnnl_data_type_size(d->c.type);
    h.scale = 1 / sqrtf((float)h.d);
    return h;
}

/* The last two dimensions swapped: the same bytes seen as the transpose. */
static dnnl_memory_desc_t turned(const dnnl_memory_desc_t *md)
{
    dnnl_memory_desc_t out = *md;
    int order[4] = {0, 1, 2, 3}, r = md->ndims;

    order[r - 1] = r - 2;
    order[r - 2] = r - 1;
    dnnl_memory_desc_permute_axes(&out, md, order);
    return out;
}

/* Queries or keys of all heads, T x d each. */
static dnnl_memory_desc_t part(const ay_dlearn *d, const heads *h)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {h->B, h->H, h->T, h->d}, strides = {h->T * 2 * h->D, h->d, 2 * h->D, 1};

    dnnl_memory_desc_init_by_strides(&md, 4, dims, d->c.type, strides);
    return md;
}

static ay_place keys(const heads *h, ay_place qk)
{
    qk.offset += (size_t)h->D * h->size;
    return qk;
}

typedef struct {
    const ay_learn_state *state;
    bool bf16;
    int64_t n, T; /* matrices, their side */
} mean_job;

/* ptr: P, shares in float32 */
static void mean_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const mean_job *j = s->job;
    int64_t begin, end, matrix = j->T * j->T * (j->bf16 ? 2 : 4);

    ay_part(j->n, i, parts, &begin, &end);
    for (int64_t m = begin; m < end; m++)
        j->state->loops->column_sums(j->bf16, (char *)s->ptr[0] + m * matrix,
                                     (float *)s->ptr[1] + m * j->T, 1 / (float)j->T, j->T, j->T);
}

/* ptr: P, x . e [n, T] in float32, dS */
static void share_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const mean_job *j = s->job;
    int64_t begin, end, matrix = j->T * j->T * (j->bf16 ? 2 : 4);

    ay_part(j->n, i, parts, &begin, &end);
    for (int64_t m = begin; m < end; m++)
        j->state->loops->share_back(j->bf16, (char *)s->ptr[0] + m * matrix,
                                    (float *)s->ptr[1] + m * j->T, 1 / (float)j->T,
                                    (char *)s->ptr[2] + m * matrix, j->T, j->T);
}

static void run_mean(const ay_step *s)
{
    ay_parallel(((const mean_job *)s->job)->state->threads, mean_part, (void *)s);
}

static void run_share(const ay_step *s)
{
    ay_parallel(((const mean_job *)s->job)->state->threads, share_part, (void *)s);
}

static ay_status emit(ay_dlearn *d, ay_val v, const heads *h, void (*kernel)(const ay_step *),
                      const ay_place *at, int n, ay_err *err)
{
    mean_job *j = ay_learn_job(d, sizeof *j, err);
    ay_step *s = j ? ay_learn_step(d, v, "own loop", kernel, j, err) : NULL;
    ay_status status = AY_OK;

    if (!s)
        return AY_ENOMEM;
    *j = (mean_job){d->state, d->c.type == dnnl_bf16, h->B * h->H, h->T};
    for (int i = 0; status == AY_OK && i < n; i++)
        status = ay_learn_arg(d, s, at[i], err);
    return status;
}

static ay_status softmax(ay_dlearn *d, ay_val v, const heads *h, ay_place at, ay_err *err)
{
    dnnl_softmax_v2_desc_t op;
    ay_learn_io io[] = {{DNNL_ARG_SRC, &h->scores, at}, {DNNL_ARG_DST, &h->scores, at}};
    ay_status status = ay_dnnl_check(
        dnnl_softmax_v2_forward_desc_init(&op, dnnl_forward_training, dnnl_softmax_accurate,
                                          &h->scores, &h->scores, 3),
        "softmax", err);

    return status == AY_OK ? ay_learn_prim(d, v, &op, NULL, NULL, io, 2, AY_ALWAYS, err) : status;
}

/* P's average over the queries, in the plan's type. */
static ay_status find_shares(ay_dlearn *d, ay_val v, const heads *h, ay_err *err)
{
    dnnl_memory_desc_t wide = h->shares;
    ay_place at[] = {d->keep[v][PROBABILITIES], {0}};
    ay_status status = ay_learn_room(d, (size_t)(h->B * h->H * h->T), &at[1], err);

    wide.data_type = dnnl_f32;
    if (status == AY_OK)
        status = emit(d, v, h, run_mean, at, 2, err);
    return status == AY_OK ? ay_learn_as(d, v, &wide, at[1], &h->shares, &d->keep[v][SHARES], err)
                           : status;
}

ay_status ay_learn_attention_mean(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    heads h = describe(d, v);
    dnnl_memory_desc_t md = ay_learn_typed(d, v), q = part(d, &h);
    ay_place qk, *kept = d->keep[v];
    ay_learn_product s = {.a = q, .b = turned(&q), .dst = h.scores, .scale = h.scale};
    ay_learn_product mix = {.a = h.shares, .b = h.x, .dst = h.out};
    ay_status status = ay_learn_want(d, n->in[1], &h.qk, &qk, err);

    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h.scores), &kept[PROBABILITIES], err);
    s.at = qk;
    s.bt = keys(&h, qk);
    s.dt = kept[PROBABILITIES];
    if (status == AY_OK)
        status = ay_learn_matmul(d, v, &s, err);
    if (status == AY_OK)
        status = softmax(d, v, &h, kept[PROBABILITIES], err);
    if (status == AY_OK)
        status = find_shares(d, v, &h, err);
    mix.at = kept[SHARES];
    if (status == AY_OK)
        status = ay_learn_want(d, n->in[0], &h.x, &mix.bt, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h.out), &mix.dt, err);
    if (status == AY_OK)
        status = ay_learn_matmul(d, v, &mix, err);
    return status == AY_OK ? ay_learn_settle(d, v, &md, mix.dt, err) : status;
}

static ay_status back_rows(ay_dlearn *d, ay_val v, const heads *h, ay_place e, ay_err *err)
{
    ay_learn_product m = {.a = turned(&h->shares), .b = h->out, .dst = h->x, .at = d->keep[v][SHARES], .bt = e};
    ay_val in = d->c.g->node[v].in[0];
    ay_status status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h->x), &m.dt, err);

    if (status == AY_OK)
        status = ay_learn_matmul(d, v, &m, err);
    return status == AY_OK ? ay_learn_give_as(d, in, &h->x, m.dt, err) : status;
}

static ay_status back_scores(ay_dlearn *d, ay_val v, const heads *h, ay_place e, ay_place *out, ay_err *err)
{
    ay_learn_product m = {.a = h->out, .b = turned(&h->x), .dst = h->shares, .at = e};
    ay_place at[] = {d->keep[v][PROBABILITIES], {0}, {0}};
    ay_status status = ay_learn_want(d, d->c.g->node[v].in[0], &h->x, &m.bt, err);

    m.dst.data_type = dnnl_f32;
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&m.dst), &m.dt, err);
    if (status == AY_OK)
        status = ay_learn_matmul(d, v, &m, err);
    at[1] = m.dt;
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h->scores), &at[2], err);
    *out = at[2];
    return status == AY_OK ? emit(d, v, h, run_share, at, 3, err) : status;
}

static ay_status back_queries(ay_dlearn *d, ay_val v, const heads *h, ay_place e, ay_err *err)
{
    ay_val in = d->c.g->node[v].in[1];
    dnnl_memory_desc_t q = part(d, h);
    ay_place qk, scores, out = {.buf = -1};
    ay_status status = back_scores(d, v, h, e, &scores, err);

    if (status == AY_OK)
        status = ay_learn_want(d, in, &h->qk, &qk, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&h->qk), &out, err);
    ay_learn_product m[] = {{.a = h->scores, .b = q, .dst = q, .at = scores, .bt = keys(h, qk), .dt = out},
                            {.a = turned(&h->scores), .b = q, .dst = q, .at = scores, .bt = qk,
                             .dt = keys(h, out)}};
    for (int i = 0; status == AY_OK && i < 2; i++) {
        m[i].scale = h->scale;
        status = ay_learn_matmul(d, v, &m[i], err);
    }
    return status == AY_OK ? ay_learn_give_as(d, in, &h->qk, out, err) : status;
}

ay_status ay_learn_attention_mean_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    heads h = describe(d, v);
    dnnl_memory_desc_t md = ay_learn_typed(d, v);
    ay_place e;
    ay_status status = ay_learn_diff(d, v, &md, &e, err); /* N H*D 1 1: the bytes of [B, H, D] */

    if (status == AY_OK && d->l->value_diff[n->in[0]])
        status = back_rows(d, v, &h, e, err);
    if (status == AY_OK && d->l->value_diff[n->in[1]])
        status = back_queries(d, v, &h, e, err);
    return status;
}
