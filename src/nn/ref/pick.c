/* nn/ref/pick.c - of each text the row where it ends.
 *
 * x N T D, ids N T; dst N D with dst[n] = x[n, t], where t is the first place whose number is `id`
 * (the first place of all when there is none), or with id -1 the first place of the largest number.
 * Both rules are the publishers': open_clip takes the largest, because the end of a text has the
 * last number of the vocabulary; transformers looks for the number its configuration names. */
#include "nn/op.h"

#include <string.h>

static ay_status infer(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    (void)n;
    if (in[0].rank != 3 || in[1].rank != 2 || in[0].dim[0] != in[1].dim[0] ||
        in[0].dim[1] != in[1].dim[1])
        return ay_fail(err, AY_EINVAL, "wants N T D and N T");
    *out = AY_SHAPE(in[0].dim[0], in[0].dim[2]);
    return AY_OK;
}

int64_t ay_pick_place(const float *ids, int64_t n, int id)
{
    int64_t at = 0;

    for (int64_t t = 0; t < n; t++) {
        if (id < 0 ? ids[t] > ids[at] : ids[t] == (float)id) {
            at = t;
            if (id >= 0)
                break;
        }
    }
    return at;
}

static void ref(const ay_ref_call *c)
{
    int64_t N = c->in_shape[0].dim[0], T = c->in_shape[0].dim[1], D = c->in_shape[0].dim[2];

    for (int64_t n = 0; n < N; n++)
        memcpy(c->dst + n * D,
               c->in[0] + (n * T + ay_pick_place(c->in[1] + n * T, T, c->node->attr.pick.id)) * D,
               (size_t)D * sizeof(float));
}

static void ref_backward(const ay_ref_grad *c)
{
    const ay_ref_call *f = &c->forward;
    int64_t N = f->in_shape[0].dim[0], T = f->in_shape[0].dim[1], D = f->in_shape[0].dim[2];

    for (int64_t n = 0; c->diff_in[0] && n < N; n++) {
        int64_t t = ay_pick_place(f->in[1] + n * T, T, f->node->attr.pick.id);
        for (int64_t d = 0; d < D; d++)
            c->diff_in[0][(n * T + t) * D + d] += c->diff_dst[n * D + d];
    }
}

const ay_op ay_op_pick = {.name = "pick",
                          .infer = infer,
                          .ref = ref,
                          .ref_backward = ref_backward,
                          .needs = AY_NEEDS_IN1,
                          .dnnl = ay_dnnl_pick};

ay_val ay_nn_pick(ay_graph *g, ay_val x, ay_val ids, int id)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_pick, "");

    ay_node_read(g, n, x);
    ay_node_read(g, n, ids);
    if (!n)
        return AY_NOVAL;
    n->attr.pick.id = id;
    return ay_graph_push(g, n);
}
