/* nn/dnnl/learn_norm.c - batch-norm with what follows it: a residual add, an activation.
 *
 *   forward   moments of x, then one pass  y = act(x * scale + shift + other)
 *   backward  one pass sums the gradient before the activation (and its product with x), one pass
 *             spreads it over x
 *
 * Against a primitive an operator (normalisation, add, activation) this saves three readings and
 * two writings of a picture-sized value forward, and about as many backward; convolutions aside,
 * those are what training a residual network waits for.
 *
 * Moments are taken about each channel's first value: x - pivot is of the size of the deviation, so
 * the sum of squares in float32 loses nothing even when the mean is large. */
#include "nn/dnnl/learn.h"

#include <math.h>
#include <string.h>

enum { KEPT, SCRATCH };

/* Floats kept from forward to backward: mean[C], 1/deviation[C], then, repeated to the period,
 * scale, shift and mean. */
typedef struct {
    const ay_learn_state *state;
    bool bf16, train, again;
    ay_act act;
    float eps;
    int64_t C, P, n, picture;
    float *weight, *bias, *mean, *var; /* mean, var: the running ones */
    float *weight_grad, *bias_grad;
    bool has_add, has_second, has_each, has_sum, has_dx;
} norm_job;

/* ---- chains ------------------------------------------------------------------------------------ */

static ay_val sole_reader(const ay_dlearn *d, ay_val v)
{
    if (d->c.uses[v] != 1)
        return -1;
    for (int i = 0; i < d->l->opt.watched; i++)
        if (d->l->opt.watch[i] == v)
            return -1;
    for (ay_val r = v + 1; r < d->c.g->nodes; r++)
        for (int i = 0; i < d->c.g->node[r].nin; i++)
            if (d->c.g->node[r].in[i] == v)
                return r;
    return -1;
}

static void swallow(ay_dlearn *d, ay_val root, ay_val r)
{
    d->root[r] = root;
    d->chain[root].tail = r;
}

static void find_chain(ay_dlearn *d, ay_val v)
{
    const ay_graph *g = d->c.g;
    ay_norm_chain *k = &d->chain[v];
    ay_val r = sole_reader(d, v);

    swallow(d, v, v);
    if (r >= 0 && g->node[r].op == &ay_op_add && d->root[r] < 0 &&
        g->node[r].in[0] != g->node[r].in[1] &&
        ay_shape_equal(&d->c.p->shape[g->node[r].in[0]], &d->c.p->shape[g->node[r].in[1]]) &&
        d->c.type == ay_learn_form(d, r).data_type) {
        k->other = g->node[r].in[0] == v ? g->node[r].in[1] : g->node[r].in[0];
        swallow(d, v, r);
        r = sole_reader(d, r);
    }
    if (r >= 0 && g->node[r].op == &ay_op_activation && d->root[r] < 0 &&
        d->c.type == ay_learn_form(d, r).data_type &&
        (g->node[r].attr.act == AY_ACT_RELU ||
         (g->node[r].attr.act == AY_ACT_SILU && k->other < 0))) {
        k->act = g->node[r].attr.act;
        swallow(d, v, r);
    }
}

/* In memory: pictures and [N, C].  Others run their plain loops. */
static bool channels_last(const ay_shape *s)
{
    return s->rank == 4 || s->rank == 2;
}

void ay_learn_find_chains(ay_dlearn *d)
{
    for (ay_val v = 0; v < d->c.g->nodes; v++) {
        d->root[v] = -1;
        d->chain[v] = (ay_norm_chain){-1, -1, AY_ACT_NONE};
    }
    for (ay_val v = 0; v < d->c.g->nodes; v++)
        if (d->c.g->node[v].op == &ay_op_batch_norm && channels_last(&d->c.p->shape[v]) &&
            ay_learn_form(d, v).data_type == d->c.type)
            find_chain(d, v);
}

/* ---- kernels ------------------------------------------------------------------------------------- */

static ay_norm_loop loop_of(const norm_job *j, const float *kept)
{
    return (ay_norm_loop){.bf16 = j->bf16,
                          .act = j->act,
                          .period = j->P,
                          .scale = kept + 2 * j->C,
                          .shift = kept + 2 * j->C + j->P,
                          .centre = kept + 2 * j->C + 2 * j->P,
                          .channels = j->C,
                          .picture = j->picture};
}

/* The part's elements: whole periods, the rest with the last part. */
static void range_of(const norm_job *j, int i, int parts, int64_t *begin, int64_t *end)
{
    ay_part(j->n / j->P, i, parts, begin, end);
    *begin *= j->P;
    *end = i == parts - 1 ? j->n : *end * j->P;
}

/* Scratch: two sums a thread, then the pivot; backward: the three factors. */
static float *sums_of(const norm_job *j, float *scratch, int i)
{
    return scratch + (int64_t)i * 2 * j->P;
}

static void moments_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const norm_job *j = s->job;
    float *scratch = s->ptr[1], *sums = sums_of(j, scratch, i);
    ay_norm_loop a = {.bf16 = j->bf16,
                      .period = j->P,
                      .x = s->ptr[2],
                      .centre = sums_of(j, scratch, j->state->threads),
                      .sum = sums,
                      .product = sums + j->P};
    int64_t begin, end;

    memset(sums, 0, (size_t)(2 * j->P) * sizeof *sums);
    range_of(j, i, parts, &begin, &end);
    j->state->loops->moments(&a, begin, end);
}

/* Channel c's two sums over threads and repetitions. */
static void total(const norm_job *j, float *scratch, int64_t c, double *sum, double *product)
{
    *sum = *product = 0;
    for (int i = 0; i < j->state->threads; i++) {
        const float *s = sums_of(j, scratch, i);
        for (int64_t k = c; k < j->P; k += j->C) {
            *sum += s[k];
            *product += s[k + j->P];
        }
    }
}

static void set_channel(const norm_job *j, float *kept, int64_t c, double mean, double var)
{
    double by = 1 / sqrt(var + j->eps);
    float scale = (float)(j->weight[c] * by), shift = (float)(j->bias[c] - mean * j->weight[c] * by);

    kept[c] = (float)mean;
    kept[j->C + c] = (float)by;
    for (int64_t k = c; k < j->P; k += j->C) {
        kept[2 * j->C + k] = scale;
        kept[2 * j->C + j->P + k] = shift;
        kept[2 * j->C + 2 * j->P + k] = (float)mean;
    }
}

static void find_moments(const ay_step *s)
{
    const norm_job *j = s->job;
    float *kept = s->ptr[0], *scratch = s->ptr[1];
    float *pivot = sums_of(j, scratch, j->state->threads);
    double count = (double)(j->n / j->C), sum, product;

    j->state->loops->convert(s->ptr[2], j->bf16, pivot, false, j->C);
    for (int64_t k = j->C; k < j->P; k++)
        pivot[k] = pivot[k - j->C];
    ay_parallel(j->state->threads, moments_part, (void *)s);
    for (int64_t c = 0; c < j->C; c++) {
        total(j, scratch, c, &sum, &product);
        double mean = sum / count, var = product / count - mean * mean;
        var = var > 0 ? var : 0;
        set_channel(j, kept, c, pivot[c] + mean, var);
        j->mean[c] = (float)(0.9 * j->mean[c] + 0.1 * (pivot[c] + mean));
        j->var[c] = (float)(0.9 * j->var[c] + 0.1 * (count > 1 ? var * count / (count - 1) : var));
    }
}

static void apply_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const norm_job *j = s->job;
    ay_norm_loop a = loop_of(j, s->ptr[0]);
    int64_t begin, end;

    a.x = s->ptr[2];
    a.y = s->ptr[3];
    a.add = j->has_add ? s->ptr[4] : NULL;
    range_of(j, i, parts, &begin, &end);
    j->state->loops->apply(&a, begin, end);
}

/* ptr: kept, scratch, x, y, other */
static void run_forward(const ay_step *s)
{
    const norm_job *j = s->job;

    if (j->train && !j->again)
        find_moments(s);
    for (int64_t c = 0; !j->train && c < j->C; c++)
        set_channel(j, s->ptr[0], c, j->mean[c], j->var[c]);
    ay_parallel(j->state->threads, apply_part, (void *)s);
}

/* ptr: kept, scratch, x, diff, y, second diff, each, sum, dx; those that are missing repeat diff */
enum { P_KEPT, P_SCRATCH, P_X, P_DIFF, P_Y, P_SECOND, P_EACH, P_SUM, P_DX };

static ay_norm_loop back_loop(const ay_step *s)
{
    const norm_job *j = s->job;
    ay_norm_loop a = loop_of(j, s->ptr[P_KEPT]);

    a.x = s->ptr[P_X];
    a.y = s->ptr[P_Y];
    a.add = j->has_add ? s->ptr[P_Y] : NULL; /* says which mask; not read */
    a.diff[0] = s->ptr[P_DIFF];
    a.diff[1] = j->has_second ? s->ptr[P_SECOND] : NULL;
    a.each = j->has_each ? s->ptr[P_EACH] : NULL;
    return a;
}

static void sums_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const norm_job *j = s->job;
    ay_norm_loop a = back_loop(s);
    int64_t begin, end;

    a.sum = sums_of(j, s->ptr[P_SCRATCH], i);
    a.product = a.sum + j->P;
    a.diff_sum = j->has_sum ? s->ptr[P_SUM] : NULL;
    memset(a.sum, 0, (size_t)(2 * j->P) * sizeof *a.sum);
    range_of(j, i, parts, &begin, &end);
    j->state->loops->sums(&a, begin, end);
}

static void spread_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const norm_job *j = s->job;
    ay_norm_loop a = back_loop(s);
    int64_t begin, end;

    if (j->has_sum) {
        a.diff[0] = s->ptr[P_SUM];
        a.diff[1] = NULL;
        a.each = NULL;
        a.act = AY_ACT_NONE;
    }
    a.by_diff = sums_of(j, s->ptr[P_SCRATCH], j->state->threads);
    a.by_x = a.by_diff + j->P;
    a.by_one = a.by_x + j->P;
    a.diff_x = s->ptr[P_DX];
    range_of(j, i, parts, &begin, &end);
    j->state->loops->spread(&a, begin, end);
}

/* With n = (x - mean) / deviation over M values: dx = scale (d - (sum d + n sum d n) / M), which is
 * linear in d and x; constant moments leave the first term only. */
static void set_factors(const norm_job *j, const float *kept, float *factor, int64_t c, double sum,
                        double product)
{
    double scale = kept[2 * j->C + c], by = kept[j->C + c], M = (double)(j->n / j->C);
    double by_x = j->train ? -scale * by * (product * by) / M : 0;
    double by_one = j->train ? -scale * sum / M - by_x * kept[c] : 0;

    for (int64_t k = c; k < j->P; k += j->C) {
        factor[k] = (float)scale;
        factor[j->P + k] = (float)by_x;
        factor[2 * j->P + k] = (float)by_one;
    }
}

static void run_backward(const ay_step *s)
{
    const norm_job *j = s->job;
    const float *kept = s->ptr[P_KEPT];
    float *scratch = s->ptr[P_SCRATCH], *factor = sums_of(j, scratch, j->state->threads);
    bool add = j->state->add;

    ay_parallel(j->state->threads, sums_part, (void *)s);
    for (int64_t c = 0; c < j->C; c++) {
        double sum, product;
        total(j, scratch, c, &sum, &product);
        set_factors(j, kept, factor, c, sum, product);
        if (j->weight_grad)
            j->weight_grad[c] =
                (add ? j->weight_grad[c] : 0) + (float)(product * (double)kept[j->C + c]);
        if (j->bias_grad)
            j->bias_grad[c] = (add ? j->bias_grad[c] : 0) + (float)sum;
    }
    if (j->has_dx)
        ay_parallel(j->state->threads, spread_part, (void *)s);
}

/* ---- compile ------------------------------------------------------------------------------------- */

static norm_job *job_of(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_shape *shape = &d->c.p->shape[v];
    norm_job *j = ay_learn_job(d, sizeof *j, err);
    float *none;
    int64_t gcd = 16;

    if (!j)
        return NULL;
    j->state = d->state;
    j->bf16 = d->c.type == dnnl_bf16;
    j->train = d->l->train[v];
    j->again = d->again;
    j->act = d->chain[v].act;
    j->has_add = d->chain[v].other >= 0;
    j->eps = d->c.g->node[v].attr.norm.eps;
    j->C = shape->dim[1];
    j->n = (int64_t)ay_shape_count(shape);
    j->picture = j->n / shape->dim[0];
    while (j->C % gcd)
        gcd /= 2;
    j->P = j->C * (16 / gcd);
    if (ay_learn_node_param(d, v, 0, &j->weight, &j->weight_grad, err) != AY_OK ||
        ay_learn_node_param(d, v, 1, &j->bias, &j->bias_grad, err) != AY_OK ||
        ay_learn_node_param(d, v, 2, &j->mean, &none, err) != AY_OK ||
        ay_learn_node_param(d, v, 3, &j->var, &none, err) != AY_OK)
        return NULL;
    return j;
}

ay_status ay_learn_norm(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_norm_chain *k = &d->chain[v];
    dnnl_memory_desc_t md;
    norm_job *j;
    ay_place x, y, other, scratch;
    ay_status status = AY_OK;
    ay_step *s;

    if (d->chain[v].tail < 0)
        return ay_learn_plain(d, v, err);
    md = ay_learn_form(d, k->tail);
    j = job_of(d, v, err);
    if (!j)
        return AY_ENOMEM;
    if (!d->again)
        status = ay_learn_room(d, (size_t)(2 * j->C + 3 * j->P), &d->keep[v][KEPT], err);
    if (status == AY_OK)
        status = ay_learn_room(d, (size_t)((2 * d->state->threads + 1) * j->P), &scratch, err);
    if (status == AY_OK)
        status = ay_learn_want(d, d->c.g->node[v].in[0], &md, &x, err);
    other = x;
    if (status == AY_OK && j->has_add)
        status = ay_learn_want(d, k->other, &md, &other, err);
    if (status == AY_OK)
        status = ay_learn_new(d, k->tail, &y, err);
    s = status == AY_OK ? ay_learn_step(d, k->tail, "norm, add, act in one", run_forward, j, err)
                        : NULL;
    if (!s)
        return AY_ENOMEM;
    ay_place at[] = {d->keep[v][KEPT], scratch, x, y, other};
    for (int i = 0; status == AY_OK && i < 5; i++)
        status = ay_learn_arg(d, s, at[i], err);
    return status;
}

/* What goes to the residual, and into x. */
static ay_status give_results(ay_dlearn *d, ay_val v, const norm_job *j, const ay_place *at,
                              const dnnl_memory_desc_t *md, ay_err *err)
{
    ay_status status = AY_OK;

    if (j->has_add)
        status = ay_learn_give_as(d, d->chain[v].other, md, at[j->has_sum ? P_SUM : P_DIFF], err);
    if (status == AY_OK && j->has_dx)
        status = ay_learn_give_as(d, d->c.g->node[v].in[0], md, at[P_DX], err);
    return status;
}

ay_status ay_learn_norm_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_norm_chain *k = &d->chain[v];
    dnnl_memory_desc_t md;
    norm_job *j;
    ay_place at[9], terms[2], each;
    int n = 0;
    ay_status status;
    ay_step *s;

    if (d->chain[v].tail < 0)
        return ay_learn_plain_back(d, v, err);
    j = job_of(d, v, err);
    md = ay_learn_form(d, k->tail);
    if (!j)
        return AY_ENOMEM;
    status = ay_learn_terms(d, k->tail, 2, terms, &n, &each, &j->has_each, err);
    if (status != AY_OK)
        return status;
    for (int i = 0; i < 9; i++)
        at[i] = terms[0];
    at[P_KEPT] = d->keep[v][KEPT];
    j->has_second = n > 1;
    j->has_dx = d->l->value_diff[d->c.g->node[v].in[0]];
    if (j->has_second)
        at[P_SECOND] = terms[1];
    if (j->has_each)
        at[P_EACH] = each;
    if (j->has_add && k->act == AY_ACT_RELU)
        at[P_Y] = d->c.lay[k->tail].at;
    j->has_sum = k->act == AY_ACT_SILU ||
                 (j->has_add && d->l->value_diff[k->other] &&
                  (k->act != AY_ACT_NONE || n > 1 || j->has_each));
    status = ay_learn_want(d, d->c.g->node[v].in[0], &md, &at[P_X], err);
    if (status == AY_OK)
        status = ay_learn_room(d, (size_t)((2 * d->state->threads + 3) * j->P), &at[P_SCRATCH], err);
    if (status == AY_OK && j->has_sum)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &at[P_SUM], err);
    if (status == AY_OK && j->has_dx)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &at[P_DX], err);
    s = status == AY_OK ? ay_learn_step(d, v, "norm, add, act in one", run_backward, j, err) : NULL;
    if (!s)
        return AY_ENOMEM;
    for (int i = 0; status == AY_OK && i < 9; i++)
        status = ay_learn_arg(d, s, at[i], err);
    return status == AY_OK ? give_results(d, v, j, at, &md, err) : status;
}
