/* nn/dnnl/attention.c - matrix products without a transpose: heads are strides.
 *
 * q, k and v of one head are columns of the packed rows.  As a B x H x T x d tensor their strides
 * are (T*3D, d, 3D, 1), and k^T swaps the last two, so no memory moves.  The T x T scores live in
 * scratch of the step's own buffer. */
#include "nn/dnnl/compile.h"

#include <math.h>
#include <string.h>

typedef struct {
    dnnl_memory_desc_t a, b, dst;
    ay_place at, bt, dt;
    float scale;
} product;

static ay_status emit_product(ay_dnnl *c, ay_val v, const product *m, ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_matmul_desc_t d;
    ay_step *s;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK && m->scale != 1)
        status = ay_dnnl_check(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &m->scale),
                               "matmul", err);
    if (status == AY_OK)
        status =
            ay_dnnl_check(dnnl_matmul_desc_init(&d, &m->a, &m->b, NULL, &m->dst), "matmul", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(&pd, &d, attr, c->out->engine, NULL),
                               "matmul", err);
    dnnl_primitive_attr_destroy(attr);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, &m->a, m->at, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_WEIGHTS, &m->b, m->bt, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, &m->dst, m->dt, err) : status;
}

ay_status ay_dnnl_matmul(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    product m = {.a = ay_dnnl_plain(&c->p->shape[n->in[0]], c->type),
                 .b = ay_dnnl_plain(&c->p->shape[n->in[1]], c->type),
                 .dst = ay_dnnl_plain(&c->p->shape[v], c->type),
                 .scale = n->attr.matmul.scale};
    dnnl_memory_desc_t stored = m.b;
    int swap[AY_MAX_RANK] = {0, 1, 2, 3, 4, 5}, r = m.b.ndims;
    ay_status status = ay_dnnl_want(c, n->in[0], &m.a, &m.at, err);

    if (status == AY_OK)
        status = ay_dnnl_want(c, n->in[1], &stored, &m.bt, err);
    if (status == AY_OK && n->attr.matmul.transpose_b) {
        swap[r - 1] = r - 2;
        swap[r - 2] = r - 1;
        status = ay_dnnl_check(dnnl_memory_desc_permute_axes(&m.b, &stored, swap), "matmul", err);
    }
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &m.dst, &m.dt, err);
    return status == AY_OK ? emit_product(c, v, &m, err) : status;
}

static dnnl_memory_desc_t strided(int64_t B, int64_t H, int64_t rows, int64_t columns,
                                  dnnl_data_type_t type, int64_t sb, int64_t sh, int64_t sr,
                                  int64_t sc)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {B, H, rows, columns}, strides = {sb, sh, sr, sc};

    dnnl_memory_desc_init_by_strides(&md, 4, dims, type, strides);
    return md;
}

static ay_status emit_softmax(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place at,
                              ay_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_softmax_v2_desc_t d;
    ay_step *s;
    ay_status status = ay_dnnl_attr(NULL, &attr, err);

    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_softmax_v2_forward_desc_init(&d, dnnl_forward_inference,
                                                                 dnnl_softmax_accurate, md, md, 3),
                               "softmax", err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_primitive_desc_create(&pd, &d, attr, c->out->engine, NULL),
                               "softmax", err);
    dnnl_primitive_attr_destroy(attr);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_SRC, md, at, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, md, at, err) : status;
}

/* Keys behind the query get minus infinity, so that the softmax gives them nothing.
 * number: matrices, T, bf16?  ptr: scores */
static void run_mask(const ay_step *s)
{
    int64_t n = s->number[0], T = s->number[1];

    for (int64_t row = 0; row < n * T; row++) {
        int64_t t = row % T;
        uint16_t *half = (uint16_t *)s->ptr[0] + row * T;
        float *full = (float *)s->ptr[0] + row * T;
        for (int64_t k = t + 1; k < T; k++) {
            if (s->number[2])
                half[k] = 0xff80; /* -inf in bf16 */
            else
                full[k] = -INFINITY;
        }
    }
}

static ay_status emit_mask(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place at,
                           ay_err *err)
{
    ay_step *s = ay_dnnl_step(c, v, "own loop", err);

    if (!s)
        return AY_ENOMEM;
    s->kernel = run_mask;
    memcpy(s->number, (int64_t[]){md->dims[0] * md->dims[1], md->dims[2], c->type == dnnl_bf16},
           3 * sizeof *s->number);
    return ay_dnnl_arg(c, s, 0, md, at, err);
}

ay_status ay_dnnl_attention(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *out = &c->p->shape[v];
    int64_t B = out->dim[0], T = out->dim[1], D = out->dim[2], H = n->attr.attention.heads;
    int64_t d = D / H, row = 3 * D;
    size_t size = dnnl_data_type_size(c->type);
    dnnl_memory_desc_t in = ay_dnnl_plain(&c->p->shape[n->in[0]], c->type);
    dnnl_memory_desc_t value = ay_dnnl_plain(out, c->type);
    product scores = {.a = strided(B, H, T, d, c->type, T * row, d, row, 1),
                      .b = strided(B, H, d, T, c->type, T * row, d, 1, row),
                      .dst = strided(B, H, T, T, c->type, H * T * T, T * T, T, 1),
                      .scale = 1 / sqrtf((float)d)};
    product mix = {.a = scores.dst,
                   .b = strided(B, H, T, d, c->type, T * row, d, row, 1),
                   .dst = strided(B, H, T, d, c->type, T * D, d, D, 1),
                   .scale = 1};
    ay_status status;

    status = ay_dnnl_want(c, n->in[0], &in, &scores.at, err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(c, dnnl_memory_desc_get_size(&scores.dst), &scores.dt, err);
    if (status != AY_OK)
        return status;
    scores.bt = mix.bt = scores.at;
    scores.bt.offset += (size_t)D * size;
    mix.bt.offset += (size_t)(2 * D) * size;
    mix.at = scores.dt;
    status = emit_product(c, v, &scores, err);
    if (status == AY_OK && n->attr.attention.causal)
        status = emit_mask(c, v, &scores.dst, scores.dt, err);
    if (status == AY_OK)
        status = emit_softmax(c, v, &scores.dst, scores.dt, err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &value, &mix.dt, err);
    return status == AY_OK ? emit_product(c, v, &mix, err) : status;
}
