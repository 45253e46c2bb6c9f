/* nn/dnnl/learn_winograd.c - steps of training for convolutions by winograd.h. */
#include "nn/dnnl/learn.h"
#include "nn/dnnl/winograd.h"

typedef struct {
    const ay_learn_state *state;
    ay_wino_shape s;
    const float *weight;
    float *grad;
    int64_t out_step, in_step; /* of the stored filters, in floats */
    bool turned;
    int tile_parts; /* gradient: arrays of sums, each from a share of the tiles */
} wino_job;

bool ay_learn_has_winograd(const ay_dlearn *d)
{
    unsigned have = (unsigned)dnnl_get_effective_cpu_isa(), amx = dnnl_cpu_isa_avx512_core_amx;

    return d->c.type == dnnl_bf16 && d->state->loops == &ay_loops_bf16 && (have & amx) != amx;
}

/* 3 x 3, stride 1, as large after as before; with fewer channels the transforms eat what the products
 * save. */
bool ay_learn_fits_winograd(const ay_dlearn *d, ay_val v)
{
    const ay_node *n = &d->c.g->node[v];
    const ay_conv *a = &n->attr.conv;
    const ay_shape *in = &d->c.p->shape[n->in[0]], *out = &d->c.p->shape[v];
    int64_t size, begin, end;

    if (!ay_learn_has_winograd(d) || a->kernel != 3 || a->stride > 1 || a->groups > 1 ||
        a->dilation > 1 || n->param[1] >= 0 || in->dim[1] < 32 || a->out < 32 ||
        in->dim[1] % 2 || a->out % 2 || in->dim[2] != out->dim[2] || in->dim[3] != out->dim[3])
        return false;
    ay_conv_extent(a, in->dim[2], &size, &begin, &end);
    return begin == 1 && end == 1;
}

static ay_wino_shape shape_of(const ay_dlearn *d, ay_val v)
{
    const ay_shape *in = &d->c.p->shape[d->c.g->node[v].in[0]];

    return (ay_wino_shape){in->dim[0], in->dim[2], in->dim[3], in->dim[1],
                           d->c.p->shape[v].dim[1]};
}

static wino_job *job_of(ay_dlearn *d, const wino_job *like, ay_err *err)
{
    wino_job *j = ay_learn_job(d, sizeof *j, err);

    if (j) {
        *j = *like;
        j->state = d->state;
    }
    return j;
}

static ay_status emit(ay_dlearn *d, ay_val v, const char *what, void (*kernel)(const ay_step *),
                      wino_job *j, const ay_place *at, int n, ay_err *err)
{
    ay_step *s = j ? ay_learn_step(d, v, what, kernel, j, err) : NULL;
    ay_status status = s ? AY_OK : AY_ENOMEM;

    for (int i = 0; status == AY_OK && i < n; i++)
        status = ay_learn_arg(d, s, at[i], err);
    return status;
}

static ay_status room(ay_dlearn *d, size_t bytes, ay_place *out, ay_err *err)
{
    return ay_dnnl_buffer(&d->c, bytes, out, err);
}

/* A thread's piece of scratch; no page belongs to two. */
static size_t piece(size_t bytes)
{
    return (bytes + 4095) / 4096 * 4096;
}

/* ---- forward, and back to the input -------------------------------------------------------------- */

/* ptr: filters */
static void filters_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const wino_job *j = s->job;
    int64_t begin, end;

    ay_part(ay_wino_panels(&j->s), i, parts, &begin, &end);
    ay_wino_filters(&j->s, j->weight, j->out_step, j->in_step, j->turned, s->ptr[0], begin, end);
}

static void run_filters(const ay_step *s)
{
    ay_parallel(((const wino_job *)s->job)->state->threads, filters_part, (void *)s);
}

/* ptr: filters, src, dst, scratch */
static void convolve_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const wino_job *j = s->job;
    size_t own = piece(ay_wino_scratch_bytes(&j->s));
    int64_t begin, end;

    ay_part(ay_wino_tiles(&j->s), i, parts, &begin, &end);
    ay_wino_convolve(&j->s, s->ptr[1], s->ptr[0], s->ptr[2], (char *)s->ptr[3] + (size_t)i * own,
                     begin, end);
}

static void run_convolve(const ay_step *s)
{
    ay_parallel(((const wino_job *)s->job)->state->threads, convolve_part, (void *)s);
}

static ay_status convolve(ay_dlearn *d, ay_val v, const wino_job *like, ay_place src, ay_place dst,
                          ay_err *err)
{
    wino_job *j = job_of(d, like, err);
    ay_place at[4] = {[1] = src, [2] = dst};
    size_t own = piece(ay_wino_scratch_bytes(&like->s));
    ay_status status = room(d, ay_wino_filter_bytes(&like->s), &at[0], err);

    if (status == AY_OK)
        status = room(d, own * (size_t)d->state->threads, &at[3], err);
    if (status == AY_OK)
        status = emit(d, v, "winograd filters", run_filters, j, at, 1, err);
    return status == AY_OK ? emit(d, v, "winograd", run_convolve, j, at, 4, err) : status;
}

ay_status ay_learn_wino(ay_dlearn *d, ay_val v, const float *weight, ay_place src, ay_place dst,
                        ay_err *err)
{
    wino_job j = {.s = shape_of(d, v), .weight = weight, .in_step = 9};

    j.out_step = 9 * j.s.in;
    return convolve(d, v, &j, src, dst, err);
}

ay_status ay_learn_wino_back(ay_dlearn *d, ay_val v, const float *weight, ay_place diff,
                             ay_place dst, ay_err *err)
{
    ay_wino_shape s = shape_of(d, v);
    wino_job j = {.s = s, .weight = weight, .out_step = 9, .in_step = 9 * s.in, .turned = true};

    j.s.in = s.out;
    j.s.out = s.in;
    return convolve(d, v, &j, diff, dst, err);
}

/* ---- gradient of the filters ----------------------------------------------------------------------- */

/* Outputs of part i of n, whole vectors. */
static void outputs_of(const ay_wino_shape *s, int i, int n, int64_t *from, int64_t *to)
{
    ay_part((s->out + 15) / 16, i, n, from, to);
    *from *= 16;
    *to = *to * 16 < s->out ? *to * 16 : s->out;
}

/* ptr: src, diff, sums, scratch.  Threads share the tiles, or the outputs. */
static void gradient_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const wino_job *j = s->job;
    int64_t begin = 0, end = ay_wino_tiles(&j->s), from = 0, to = j->s.out;
    size_t sums = j->tile_parts > 1 ? (size_t)i * ay_wino_sums_bytes(&j->s) : 0;
    char *scratch = (char *)s->ptr[3] + (size_t)i * piece(ay_wino_gradient_bytes(&j->s));

    if (j->tile_parts > 1)
        ay_part(end, i, parts, &begin, &end);
    else
        outputs_of(&j->s, i, parts, &from, &to);
    ay_wino_gradient(&j->s, s->ptr[0], s->ptr[1], (float *)((char *)s->ptr[2] + sums), scratch,
                     begin, end, from, to);
}

/* ptr: sums */
static void deliver_part(void *ctx, int i, int parts)
{
    const ay_step *s = ctx;
    const wino_job *j = s->job;
    int64_t from, to;

    outputs_of(&j->s, i, parts, &from, &to);
    ay_wino_deliver(&j->s, s->ptr[2], j->tile_parts, j->state->add, j->grad, from, to);
}

static void run_gradient(const ay_step *s)
{
    int threads = ((const wino_job *)s->job)->state->threads;

    ay_parallel(threads, gradient_part, (void *)s);
    ay_parallel(threads, deliver_part, (void *)s);
}

ay_status ay_learn_wino_grad(ay_dlearn *d, ay_val v, float *grad, ay_place src, ay_place diff,
                             ay_err *err)
{
    enum { SMALL = 1 << 20 }; /* sums that stay in a core's own cache */
    wino_job like = {.s = shape_of(d, v), .grad = grad}, *j;
    size_t sums = ay_wino_sums_bytes(&like.s), threads = (size_t)d->state->threads;
    ay_place at[4] = {src, diff};
    ay_status status;

    like.tile_parts = sums <= SMALL ? (int)threads : 1;
    j = job_of(d, &like, err);
    status = room(d, sums * (size_t)like.tile_parts, &at[2], err);
    if (status == AY_OK)
        status = room(d, piece(ay_wino_gradient_bytes(&like.s)) * threads, &at[3], err);
    return status == AY_OK ? emit(d, v, "winograd gradient", run_gradient, j, at, 4, err) : status;
}
