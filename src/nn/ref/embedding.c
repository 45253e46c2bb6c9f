/* nn/ref/embedding.c - words by number: a row of a table each, and the place's own vector added
 * (Vaswani et al., 2017, section 3.4).
 *
 * x N T holds whole numbers as floats; table [V, D] (param 0), places [P, D] (param 1, or absent);
 * dst N T D with dst[n, t] = table[x[n, t]] + places[t].  T may be less than P: a short text needs no
 * more rows.  Numbers that name no row are taken as the nearest that does, so that a kernel never
 * reads outside; who fills the input has checked them (text/tokenizer.h). */
#include "nn/op.h"

#include <math.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    int places = n->attr.embedding.places;

    if (in[0].rank != 2)
        return ay_fail(err, AY_EINVAL, "wants N T");
    if (places && in[0].dim[1] > places)
        return ay_fail(err, AY_EINVAL, "places are known for %d words, not %lld", places,
                       (long long)in[0].dim[1]);
    *out = AY_SHAPE(in[0].dim[0], in[0].dim[1], n->attr.embedding.width);
    return AY_OK;
}

int64_t ay_embedding_row(float x, int64_t rows)
{
    return !(x > 0) ? 0 : x >= (float)(rows - 1) ? rows - 1 : (int64_t)(x + 0.5f);
}

static void ref(const ay_ref_call *c)
{
    int64_t N = c->shape.dim[0], T = c->shape.dim[1], D = c->shape.dim[2];
    int64_t rows = c->node->attr.embedding.rows;

    for (int64_t i = 0; i < N * T; i++) {
        const float *word = c->param[0] + ay_embedding_row(c->in[0][i], rows) * D;
        const float *place = c->param[1] ? c->param[1] + i % T * D : NULL;
        for (int64_t d = 0; d < D; d++)
            c->dst[i * D + d] = word[d] + (place ? place[d] : 0);
    }
}

/* The numbers themselves have no slope. */
static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t N = f->shape.dim[0], T = f->shape.dim[1], D = f->shape.dim[2];
    int64_t rows = f->node->attr.embedding.rows;

    for (int64_t i = 0; i < N * T; i++) {
        int64_t row = ay_embedding_row(f->in[0][i], rows);
        for (int64_t d = 0; d < D; d++) {
            if (c->diff_param[0])
                c->diff_param[0][row * D + d] += c->diff_dst[i * D + d];
            if (c->diff_param[1])
                c->diff_param[1][i % T * D + d] += c->diff_dst[i * D + d];
        }
    }
}

const ay_op ay_op_embedding = {.name = "embedding",
                               .infer = infer,
                               .ref = ref,
                               .ref_backward = ref_backward,
                               .needs = AY_NEEDS_IN0,
                               .dnnl = ay_dnnl_embedding};

ay_val ay_nn_embedding(ay_graph *g, ay_val x, const ay_embedding *a)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_embedding, a->table);

    ay_node_read(g, n, x);
    if (!n)
        return AY_NOVAL;
    if (a->rows < 1 || a->rows > 1 << 24 || a->width < 1)
        ay_graph_sin(g, AY_EINVAL, "embedding \"%s\": a table of %d x %d", a->table, a->rows,
                     a->width);
    n->attr.embedding.rows = a->rows;
    n->attr.embedding.width = a->width;
    n->attr.embedding.places = a->pos_name ? a->places : 0;
    ay_node_param(g, n, 0, a->table, "", AY_SHAPE(a->rows, a->width));
    if (a->pos_name)
        ay_node_param(g, n, 1, a->pos_name, "", AY_SHAPE(a->places, a->width));
    return ay_graph_push(g, n);
}
