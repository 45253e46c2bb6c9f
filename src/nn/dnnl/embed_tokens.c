/* nn/dnnl/embed_tokens.c - class token and places in one pass over the tokens. */
#include "nn/dnnl/compile.h"

#include <string.h>

enum { CHUNK = 256 };

/* dst[i] = src[i] + add[i] for n elements of either type; add is f32 and may be NULL. */
static void add_row(void *dst, const void *src, ay_dtype src_type, ay_dtype type, const float *add,
                    int64_t n)
{
    float tmp[CHUNK];

    for (int64_t i = 0; i < n; i += CHUNK) {
        size_t len = (size_t)(n - i < CHUNK ? n - i : CHUNK);
        ay_to_f32(tmp, (const char *)src + (size_t)i * ay_dtype_size(src_type), src_type, len);
        for (size_t k = 0; add && k < len; k++)
            tmp[k] += add[i + (int64_t)k];
        ay_from_f32((char *)dst + (size_t)i * ay_dtype_size(type), type, tmp, len);
    }
}

/* number: B, T (of dst), D, class token?, places?, bf16?  ptr: src, class, places, dst */
static void run(const ay_step *s)
{
    int64_t B = s->number[0], T = s->number[1], D = s->number[2], extra = s->number[3];
    ay_dtype type = s->number[5] ? AY_BF16 : AY_F32;
    size_t size = ay_dtype_size(type);
    const char *src = s->ptr[0];
    const float *places = s->number[4] ? s->ptr[2] : NULL;
    char *dst = s->ptr[3];

    for (int64_t b = 0; b < B; b++) {
        for (int64_t t = 0; t < T; t++, dst += (size_t)D * size) {
            const float *place = places ? places + t * D : NULL;
            if (t < extra) {
                add_row(dst, s->ptr[1], AY_F32, type, place, D);
                continue;
            }
            add_row(dst, src, type, type, place, D);
            src += (size_t)D * size;
        }
    }
}

ay_status ay_dnnl_embed_tokens(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *out = &c->p->shape[v];
    dnnl_memory_desc_t smd = ay_dnnl_plain(&c->p->shape[n->in[0]], c->type);
    dnnl_memory_desc_t dmd = ay_dnnl_plain(out, c->type);
    ay_place src, dst, param[2] = {{.buf = -1}, {.buf = -1}};
    ay_status status = ay_dnnl_want(c, n->in[0], &smd, &src, err);
    ay_step *s;

    for (int i = 0; status == AY_OK && i < 2; i++)
        if (n->param[i] >= 0)
            status = ay_dnnl_params(c, v, &i, 1, &param[i], err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &dmd, &dst, err);
    if (status != AY_OK)
        return status;
    s = ay_dnnl_step(c, v, "own loop", err);
    if (!s)
        return AY_ENOMEM;
    s->kernel = run;
    memcpy(s->number,
           (int64_t[]){out->dim[0], out->dim[1], out->dim[2], n->param[0] >= 0, n->param[1] >= 0,
                       c->type == dnnl_bf16},
           6 * sizeof *s->number);
    status = ay_dnnl_arg(c, s, 0, &smd, src, err);
    for (int i = 0; status == AY_OK && i < 2; i++)
        status = ay_dnnl_arg(c, s, 0, &smd, param[i], err);
    return status == AY_OK ? ay_dnnl_arg(c, s, 0, &dmd, dst, err) : status;
}
