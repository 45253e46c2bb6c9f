/* nn/ref/learn.c - training in plain loops: the oracle of every other back end's gradients.
 *
 * Time runs forward over the nodes and then backward: node v is computed at time v, its gradient
 * passed on at time 2 n - 1 - v.  A value lives until the last row that reads it, on the way back too
 * when the row's backward says so (`needs`); a gradient lives from the first reader that adds to it
 * until its own node passes it on.  One slab holds both.
 *
 * The option `checkpoint` changes nothing here: the oracle has nothing to save. */
#include "nn/ref/learn.h"

#include "base/mem.h"
#include "tensor/slab.h"

#include <assert.h>
#include <string.h>

struct ref_learn {
    ay_ref_grad *call;  /* by node; call[v].forward is its forward */
    ay_slab_buf *buf;   /* values, gradients of values, gradients of outputs */
    int *forward, *back; /* step -> node */
};

static bool has_back(const ay_learn *l, ay_val v)
{
    return l->p.g->node[v].op != &ay_op_input && l->value_diff[v];
}

static size_t bytes_of(const ay_learn *l, ay_val v)
{
    return ay_shape_count(&l->p.shape[v]) * sizeof(float);
}

static void live_until(ay_slab_buf *b, int time)
{
    b->last = time > b->last ? time : b->last;
}

/* What node v reads, on its way forward and on its way back. */
static void extend_lives(const ay_learn *l, ay_slab_buf *value, ay_slab_buf *diff, ay_val v)
{
    const ay_node *n = &l->p.g->node[v];
    int back = 2 * l->p.g->nodes - 1 - v;

    for (int i = 0; i < n->nin; i++) {
        unsigned bit = i == 0 ? AY_NEEDS_IN0 : i == 1 ? AY_NEEDS_IN1 : 0;
        live_until(&value[n->in[i]], v);
        if (!has_back(l, v))
            continue;
        if (n->op->needs & bit)
            live_until(&value[n->in[i]], back);
        if (diff[n->in[i]].size && back < diff[n->in[i]].first)
            diff[n->in[i]].first = back;
    }
    if (has_back(l, v) && n->op->needs & AY_NEEDS_DST)
        live_until(&value[v], back);
}

static void plan_lives(const ay_learn *l, ay_slab_buf *buf)
{
    const ay_graph *g = l->p.g;
    int n = g->nodes, end = 2 * n;
    ay_slab_buf *value = buf, *diff = buf + n, *given = buf + 2 * n;

    for (ay_val v = 0; v < n; v++) {
        value[v] = (ay_slab_buf){bytes_of(l, v), v, v, 0};
        diff[v] = (ay_slab_buf){l->value_diff[v] ? bytes_of(l, v) : 0, end - 1 - v, end - 1 - v, 0};
    }
    for (ay_val v = 0; v < n; v++)
        extend_lives(l, value, diff, v);
    for (int i = 0; i < g->inputs; i++) {
        value[g->input[i]].first = 0;
        value[g->input[i]].last = end;
    }
    for (int i = 0; i < g->outputs; i++) {
        ay_val v = g->output[i].v;
        value[v].last = end;
        given[i] = (ay_slab_buf){bytes_of(l, v), 0, end, 0};
        if (diff[v].size)
            diff[v].first = n - 1; /* before any reader's way back: not zeroed by it */
    }
    for (int i = 0; i < l->opt.watched; i++) {
        ay_val v = l->opt.watch[i];
        value[v].last = end;
        diff[v] = (ay_slab_buf){bytes_of(l, v), 0, end, 0};
    }
}

static void *at(const ay_learn *l, const ay_slab_buf *b)
{
    return b->size ? l->p.slab + b->offset : NULL;
}

static void place_ends(ay_learn *l, const ay_slab_buf *buf)
{
    const ay_graph *g = l->p.g;
    int n = g->nodes;

    for (int i = 0; i < g->inputs; i++)
        l->p.input[i].data = at(l, &buf[g->input[i]]);
    for (int i = 0; i < g->outputs; i++) {
        l->p.output[i].data = at(l, &buf[g->output[i].v]);
        l->diff_output[i].data = at(l, &buf[2 * n + i]);
    }
    for (int i = 0; i < l->opt.watched; i++) {
        l->watched[i].data = at(l, &buf[l->opt.watch[i]]);
        l->diff_watched[i].data = at(l, &buf[n + l->opt.watch[i]]);
    }
}

static ay_status make_call(ay_learn *l, ay_ref_grad *c, ay_val v, const ay_slab_buf *buf,
                           ay_err *err)
{
    const ay_node *node = &l->p.g->node[v];
    ay_ref_call *f = &c->forward;
    int n = l->p.g->nodes;
    ay_status status = AY_OK;

    f->node = node;
    f->shape = l->p.shape[v];
    f->dst = at(l, &buf[v]);
    f->train = l->train[v];
    c->diff_dst = at(l, &buf[n + v]);
    for (int i = 0; i < node->nin; i++) {
        f->in[i] = at(l, &buf[node->in[i]]);
        f->in_shape[i] = l->p.shape[node->in[i]];
        c->diff_in[i] = l->value_diff[node->in[i]] ? at(l, &buf[n + node->in[i]]) : NULL;
    }
    for (int i = 0; status == AY_OK && i < AY_NODE_PARAMS; i++) {
        float *value, *grad;
        if (node->param[i] < 0)
            continue;
        status = ay_learn_param(l, node->param[i], &value, &grad, err);
        f->param[i] = value;
        c->diff_param[i] = grad;
        if (node->op == &ay_op_batch_norm && i >= 2 && f->train)
            f->moving[i - 2] = value;
    }
    return status;
}

static ay_status take_room(struct ref_learn *r, const ay_graph *g, ay_err *err)
{
    size_t n = (size_t)g->nodes;

    r->call = ay_calloc(n, sizeof *r->call);
    r->buf = ay_calloc(2 * n + (size_t)g->outputs, sizeof *r->buf);
    r->forward = ay_calloc(n, sizeof *r->forward);
    r->back = ay_calloc(n, sizeof *r->back);
    if (!r->call || !r->buf || !r->forward || !r->back)
        return ay_fail(err, AY_ENOMEM, "out of memory for a training plan");
    return AY_OK;
}

ay_status ay_ref_learn_compile(ay_learn *l, ay_err *err)
{
    ay_graph *g = l->p.g;
    struct ref_learn *r = l->p.impl = ay_calloc(1, sizeof *r);
    int bufs = 2 * g->nodes + g->outputs;
    size_t total;
    ay_status status =
        r ? take_room(r, g, err) : ay_fail(err, AY_ENOMEM, "out of memory for a training plan");

    if (status != AY_OK)
        return status;
    plan_lives(l, r->buf);
    status = ay_slab_plan(r->buf, bufs, &total, err);
    if (status != AY_OK)
        return status;
    assert(ay_slab_valid(r->buf, bufs, total));
    status = ay_plan_take_slab(&l->p, total, err);
    if (status != AY_OK)
        return status;
    place_ends(l, r->buf);
    for (ay_val v = 0; status == AY_OK && v < g->nodes; v++) {
        status = make_call(l, &r->call[v], v, r->buf, err);
        if (g->node[v].op != &ay_op_input)
            r->forward[l->forward_steps++] = v;
    }
    for (ay_val v = g->nodes - 1; v >= 0; v--)
        if (has_back(l, v))
            r->back[l->backward_steps++] = v;
    return status;
}

ay_status ay_ref_learn_forward(ay_learn *l, uint64_t step, uint64_t *ns, ay_err *err)
{
    struct ref_learn *r = l->p.impl;

    (void)err;
    for (int i = 0; i < l->forward_steps; i++) {
        uint64_t start = ns ? ay_plan_clock(&l->p) : 0;
        ay_ref_call *c = &r->call[r->forward[i]].forward;
        c->noise = ay_noise_key(l->opt.seed, step, r->forward[i]);
        c->node->op->ref(c);
        if (ns)
            ns[i] = ay_plan_clock(&l->p) - start;
    }
    return AY_OK;
}

/* Gradients begin at zero; those of outputs with what the caller wrote. */
static void begin_outputs(const ay_learn *l, const struct ref_learn *r)
{
    const ay_graph *g = l->p.g;
    ay_slab_buf *diff = r->buf + g->nodes;

    for (int i = 0; i < g->outputs; i++)
        if (diff[g->output[i].v].size)
            memset(at(l, &diff[g->output[i].v]), 0, diff[g->output[i].v].size);
    for (int i = 0; i < l->opt.watched; i++)
        memset(l->diff_watched[i].data, 0, ay_tensor_bytes(&l->diff_watched[i]));
    for (int i = 0; i < g->outputs; i++) {
        ay_val v = g->output[i].v;
        float *to = at(l, &diff[v]);
        const float *from = l->diff_output[i].data;
        for (size_t k = 0; to && k < ay_shape_count(&l->p.shape[v]); k++)
            to[k] += from[k];
    }
}

static void step_back(const ay_learn *l, const struct ref_learn *r, ay_val v)
{
    const ay_graph *g = l->p.g;
    const ay_node *node = &g->node[v];

    for (int i = 0; i < node->nin; i++) {
        ay_slab_buf *diff = &r->buf[g->nodes + node->in[i]];
        if (diff->size && diff->first == 2 * g->nodes - 1 - v) /* the first to add */
            memset(at(l, diff), 0, diff->size);
    }
    node->op->ref_backward(&r->call[v]);
}

ay_status ay_ref_learn_backward(ay_learn *l, bool add, uint64_t *ns, ay_err *err)
{
    struct ref_learn *r = l->p.impl;
    size_t count;

    (void)err;
    if (!add && l->w && !l->opt.inference) {
        float *grads = ay_weights_grads(l->w, &count);
        memset(grads, 0, count * sizeof *grads);
    }
    begin_outputs(l, r);
    for (int i = 0; i < l->backward_steps; i++) {
        uint64_t start = ns ? ay_plan_clock(&l->p) : 0;
        step_back(l, r, r->back[i]);
        if (ns)
            ns[i] = ay_plan_clock(&l->p) - start;
    }
    return AY_OK;
}

void ay_ref_learn_describe(const ay_learn *l, int step, ay_buf *out)
{
    const struct ref_learn *r = l->p.impl;
    int v = step < l->forward_steps ? r->forward[step] : r->back[step - l->forward_steps];
    const ay_node *node = &l->p.g->node[v];
    char text[AY_SHAPE_TEXT];

    ay_buf_printf(out, "%-16s %-28s %s", node->op->name, node->label,
                  ay_shape_text(&l->p.shape[v], text));
}

void ay_ref_learn_destroy(ay_learn *l)
{
    struct ref_learn *r = l->p.impl;

    if (!r)
        return;
    ay_free(r->call);
    ay_free(r->buf);
    ay_free(r->forward);
    ay_free(r->back);
    ay_free(r);
}
