/* nn/dnnl/embedding.c - rows of a table, and rows of a batch: copies, no arithmetic but one addition.
 *
 * The table stays where it lies, in the mapped file and in the file's own number format: of 49,408
 * words a text uses a dozen, and only their pages are ever read. */
#include "nn/dnnl/compile.h"

#include <string.h>

enum { CHUNK = 256 };

/* dst[i] = word[i] + add[i] for n elements; add is f32 and may be NULL. */
static void put_row(void *dst, ay_dtype type, const void *word, ay_dtype word_type,
                    const float *add, int64_t n)
{
    float tmp[CHUNK];

    for (int64_t i = 0; i < n; i += CHUNK) {
        size_t len = (size_t)(n - i < CHUNK ? n - i : CHUNK);
        ay_to_f32(tmp, (const char *)word + (size_t)i * ay_dtype_size(word_type), word_type, len);
        for (size_t k = 0; add && k < len; k++)
            tmp[k] += add[i + (int64_t)k];
        ay_from_f32((char *)dst + (size_t)i * ay_dtype_size(type), type, tmp, len);
    }
}

/* number: N, T, D, rows, bf16?, the table's type, places?  ptr: ids, table, dst, places */
static void run_embedding(const ay_step *s)
{
    int64_t N = s->number[0], T = s->number[1], D = s->number[2];
    ay_dtype type = s->number[4] ? AY_BF16 : AY_F32, table = (ay_dtype)s->number[5];
    const float *ids = s->ptr[0], *places = s->number[6] ? s->ptr[3] : NULL;

    for (int64_t i = 0; i < N * T; i++) {
        size_t row = (size_t)ay_embedding_row(ids[i], s->number[3]);
        put_row((char *)s->ptr[2] + (size_t)(i * D) * ay_dtype_size(type), type,
                (const char *)s->ptr[1] + row * (size_t)D * ay_dtype_size(table), table,
                places ? places + i % T * D : NULL, D);
    }
}

ay_status ay_dnnl_embedding(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_param *table = &c->g->param[n->param[0]];
    const ay_shape *out = &c->p->shape[v];
    dnnl_memory_desc_t smd = ay_dnnl_plain(&c->p->shape[n->in[0]], dnnl_f32);
    dnnl_memory_desc_t dmd = ay_dnnl_plain(out, c->type);
    ay_place at[4] = {{.buf = -1}, {.buf = -1, .fixed = table->src[0].data}};
    int which = 1, places = n->param[1] >= 0;
    ay_status status = ay_dnnl_want(c, n->in[0], &smd, &at[0], err);
    ay_step *s;

    if (status == AY_OK && places)
        status = ay_dnnl_params(c, v, &which, 1, &at[3], err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &dmd, &at[2], err);
    if (status != AY_OK)
        return status;
    s = ay_dnnl_step(c, v, "own loop", err);
    if (!s)
        return AY_ENOMEM;
    s->kernel = run_embedding;
    memcpy(s->number,
           (int64_t[]){out->dim[0], out->dim[1], out->dim[2], n->attr.embedding.rows,
                       c->type == dnnl_bf16, (int64_t)table->src[0].dtype, places},
           7 * sizeof *s->number);
    for (int i = 0; status == AY_OK && i < 3 + places; i++)
        status = ay_dnnl_arg(c, s, 0, i ? &dmd : &smd, at[i], err);
    return status;
}

/* number: N, T, bytes of a row, id.  ptr: x, ids, dst */
static void run_pick(const ay_step *s)
{
    int64_t N = s->number[0], T = s->number[1];
    size_t bytes = (size_t)s->number[2];
    const float *ids = s->ptr[1];

    for (int64_t n = 0; n < N; n++) {
        int64_t t = ay_pick_place(ids + n * T, T, (int)s->number[3]);
        memcpy((char *)s->ptr[2] + (size_t)n * bytes,
               (const char *)s->ptr[0] + (size_t)(n * T + t) * bytes, bytes);
    }
}

ay_status ay_dnnl_pick(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    const ay_shape *in = &c->p->shape[n->in[0]];
    dnnl_data_type_t type = c->lay[n->in[0]].md.data_type;
    dnnl_memory_desc_t xmd = ay_dnnl_plain(in, type), dmd = ay_dnnl_plain(&c->p->shape[v], type);
    dnnl_memory_desc_t imd = ay_dnnl_plain(&c->p->shape[n->in[1]], dnnl_f32);
    ay_place at[3];
    ay_status status = ay_dnnl_want(c, n->in[0], &xmd, &at[0], err);
    ay_step *s;

    if (status == AY_OK)
        status = ay_dnnl_want(c, n->in[1], &imd, &at[1], err);
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &dmd, &at[2], err);
    if (status != AY_OK)
        return status;
    s = ay_dnnl_step(c, v, "own loop", err);
    if (!s)
        return AY_ENOMEM;
    s->kernel = run_pick;
    memcpy(s->number,
           (int64_t[]){in->dim[0], in->dim[1],
                       in->dim[2] * (int64_t)dnnl_data_type_size(type), n->attr.pick.id},
           4 * sizeof *s->number);
    for (int i = 0; status == AY_OK && i < 3; i++)
        status = ay_dnnl_arg(c, s, 0, i == 0 ? &xmd : i == 1 ? &imd : &dmd, at[i], err);
    return status;
}
