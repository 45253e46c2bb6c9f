/* nn/dnnl/layout.c - forms of values in memory.
 *
 * Pictures lie blocked by 16 (AVX-512) or 8 channels in f32, because the winograd and direct
 * kernels want that, and channels-last in bf16, because the matrix-tile kernels want that.  Tokens
 * lie plain.  "Same bytes" is decided on digits: a descriptor is a mixed-radix number whose digits
 * each belong to a dimension and have a stride; two descriptors that differ only in digits of size
 * 1, or in how one run of a dimension is split, are the same memory. */
#include "nn/dnnl/compile.h"

#include <string.h>

bool ay_dnnl_wide(void)
{
    unsigned have = (unsigned)dnnl_get_effective_cpu_isa(), want = dnnl_cpu_isa_avx512_core;

    return (have & want) == want;
}

dnnl_memory_desc_t ay_dnnl_plain(const ay_shape *s, dnnl_data_type_t type)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {1}, strides;
    int64_t step = 1;
    int rank = s->rank ? s->rank : 1;

    for (int i = rank - 1; i >= 0; i--) {
        dims[i] = s->rank ? s->dim[i] : 1;
        strides[i] = step;
        step *= dims[i];
    }
    dnnl_memory_desc_init_by_strides(&md, rank, dims, type, strides);
    return md;
}

static dnnl_memory_desc_t by_tag(const ay_shape *s, dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t dims = {0};

    memcpy(dims, s->dim, (size_t)s->rank * sizeof *dims);
    dnnl_memory_desc_init_by_tag(&md, s->rank, dims, type, tag);
    return md;
}

dnnl_memory_desc_t ay_dnnl_any(const ay_shape *s, dnnl_data_type_t type)
{
    return by_tag(s, type, dnnl_format_tag_any);
}

dnnl_memory_desc_t ay_dnnl_nhwc(const ay_shape *s, dnnl_data_type_t type)
{
    return by_tag(s, type, dnnl_nhwc);
}

dnnl_memory_desc_t ay_dnnl_preferred(const ay_shape *s, dnnl_data_type_t type)
{
    if (s->rank != 4)
        return ay_dnnl_plain(s, type);
    if (type == dnnl_f32 && ay_dnnl_wide() && s->dim[1] % 16 == 0)
        return by_tag(s, type, dnnl_nChw16c);
    if (type == dnnl_f32 && !ay_dnnl_wide() && s->dim[1] % 8 == 0)
        return by_tag(s, type, dnnl_nChw8c);
    return ay_dnnl_nhwc(s, type);
}

typedef struct {
    int dim;
    int64_t size, stride;
} digit;

enum { DIGITS = 2 * DNNL_MAX_NDIMS };

/* Digits from the fastest up, ones dropped, runs of one dimension joined. */
static int digits_of(const dnnl_memory_desc_t *md, digit out[DIGITS])
{
    const dnnl_blocking_desc_t *b = &md->format_desc.blocking;
    digit all[DIGITS];
    int64_t inner[DNNL_MAX_NDIMS], step = 1;
    int n = 0, kept = 0;

    for (int d = 0; d < md->ndims; d++)
        inner[d] = 1;
    for (int i = b->inner_nblks - 1; i >= 0; i--) {
        all[n++] = (digit){(int)b->inner_idxs[i], b->inner_blks[i], step};
        step *= b->inner_blks[i];
        inner[b->inner_idxs[i]] *= b->inner_blks[i];
    }
    for (int d = 0; d < md->ndims; d++)
        all[n++] = (digit){d, md->padded_dims[d] / inner[d], b->strides[d]};
    for (int i = 1; i < n; i++) /* insertion sort; ones may land anywhere */
        for (int j = i; j > 0 && all[j].stride < all[j - 1].stride; j--) {
            digit t = all[j];
            all[j] = all[j - 1];
            all[j - 1] = t;
        }
    for (int i = 0; i < n; i++) {
        digit *last = kept ? &out[kept - 1] : NULL;
        if (all[i].size == 1)
            continue;
        if (last && last->dim == all[i].dim && last->size * last->stride == all[i].stride)
            last->size *= all[i].size;
        else
            out[kept++] = all[i];
    }
    return kept;
}

bool ay_dnnl_same_bytes(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b)
{
    digit x[DIGITS], y[DIGITS];
    int n;

    if (dnnl_memory_desc_equal(a, b))
        return true;
    if (a->ndims != b->ndims || a->data_type != b->data_type || a->format_kind != dnnl_blocked ||
        b->format_kind != dnnl_blocked || a->extra.flags || b->extra.flags ||
        a->offset0 != b->offset0)
        return false;
    for (int i = 0; i < a->ndims; i++)
        if (a->dims[i] != b->dims[i] || a->padded_dims[i] != b->padded_dims[i])
            return false;
    n = digits_of(a, x);
    if (n != digits_of(b, y))
        return false;
    for (int i = 0; i < n; i++)
        if (x[i].dim != y[i].dim || x[i].size != y[i].size || x[i].stride != y[i].stride)
            return false;
    return true;
}

dnnl_data_type_t ay_dnnl_type_of(const ay_dnnl *c, ay_val v)
{
    int given_out = 0;

    for (int i = 0; i < c->g->outputs; i++)
        given_out += c->g->output[i].v == v;
    return given_out == c->uses[v] ? dnnl_f32 : c->type;
}

bool ay_dnnl_alg(ay_act act, dnnl_alg_kind_t *alg, float *alpha, float *beta)
{
    *alpha = *beta = 0;
    switch (act) {
    case AY_ACT_RELU:
        *alg = dnnl_eltwise_relu;
        return true;
    case AY_ACT_GELU:
        *alg = dnnl_eltwise_gelu_erf;
        return true;
    case AY_ACT_GELU_TANH:
        *alg = dnnl_eltwise_gelu_tanh;
        return true;
    case AY_ACT_QUICK_GELU:
        *alpha = 1.702f;
        *alg = dnnl_eltwise_swish;
        return true;
    case AY_ACT_SILU:
        *alpha = 1;
        *alg = dnnl_eltwise_swish;
        return true;
    case AY_ACT_SIGMOID:
        *alg = dnnl_eltwise_logistic;
        return true;
    case AY_ACT_TANH:
        *alg = dnnl_eltwise_tanh;
        return true;
    case AY_ACT_HARD_SWISH:
        *alg = dnnl_eltwise_hardswish;
        return true;
    case AY_ACT_RELU6:
        *beta = 6;
        *alg = dnnl_eltwise_clip;
        return true;
    case AY_ACT_HARD_SIGMOID: /* not in this oneDNN */
    case AY_ACT_NONE:
    case AY_ACT_COUNT:
        break;
    }
    return false;
}
