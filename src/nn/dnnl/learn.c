/* nn/dnnl/learn.c - compile a graph for training, run both halves.  See learn.h. */
#include "nn/dnnl/learn.h"

#include "base/mem.h"

#include <string.h>

void omp_set_num_threads(int n);
int omp_get_max_threads(void);

extern const ay_op ay_op_layer_norm, ay_op_avg_pool, ay_op_slice, ay_op_patches, ay_op_attention,
    ay_op_attention_mean;

/* Which rows have a fast form; all others run their plain loops. */
static const struct {
    const ay_op *op;
    ay_dlearn_fn *forward, *backward;
} fast[] = {
    {&ay_op_conv2d, ay_learn_conv2d, ay_learn_conv2d_back},
    {&ay_op_batch_norm, ay_learn_norm, ay_learn_norm_back},
    {&ay_op_layer_norm, ay_learn_layer_norm, ay_learn_layer_norm_back},
    {&ay_op_linear, ay_learn_linear, ay_learn_linear_back},
    {&ay_op_attention, ay_learn_attention, ay_learn_attention_back},
    {&ay_op_attention_mean, ay_learn_attention_mean, ay_learn_attention_mean_back},
    {&ay_op_activation, ay_learn_activation, ay_learn_activation_back},
    {&ay_op_add, ay_learn_add, ay_learn_add_back},
    {&ay_op_mul, ay_learn_mul, ay_learn_mul_back},
    {&ay_op_max_pool, ay_learn_pool, ay_learn_pool_back},
    {&ay_op_avg_pool, ay_learn_pool, ay_learn_pool_back},
    {&ay_op_global_avg_pool, ay_learn_global, ay_learn_global_back},
    {&ay_op_reshape, ay_learn_view, ay_learn_view_back},
    {&ay_op_patches, ay_learn_view, ay_learn_view_back},
    {&ay_op_slice, ay_learn_slice, ay_learn_slice_back},
    {&ay_op_dropout, ay_learn_dropout, ay_learn_dropout_back},
};

static ay_dlearn_fn *find(const ay_op *op, bool backward)
{
    for (size_t i = 0; i < sizeof fast / sizeof *fast; i++)
        if (fast[i].op == op)
            return backward ? fast[i].backward : fast[i].forward;
    return backward ? ay_learn_plain_back : ay_learn_plain;
}

/* One stream a part: a stream belongs to a thread. */
static ay_status take_streams(ay_dlearn *d, ay_err *err)
{
    ay_dnnl_plan *out = d->c.out;
    ay_status status = AY_OK;

    d->parts = d->state->threads;
    if (d->c.p->info.batch % d->parts || d->parts > AY_DNNL_PARTS)
        d->parts = 1;
    if (d->parts == 1)
        return AY_OK;
    out->part_stream =
        ay_arena_alloc(&out->arena, (size_t)d->parts * sizeof *out->part_stream);
    if (!out->part_stream)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    for (int i = 0; status == AY_OK && i < d->parts; i++) {
        status = ay_dnnl_check(
            dnnl_stream_create(&out->part_stream[i], out->engine, dnnl_stream_default_flags),
            "stream", err);
        out->part_streams += status == AY_OK;
    }
    return status;
}

static ay_status take_arrays(ay_dlearn *d, ay_err *err)
{
    ay_dnnl *c = &d->c;
    size_t n = (size_t)c->g->nodes;

    c->uses = ay_arena_alloc(&c->arena, n * sizeof *c->uses);
    c->lay = ay_arena_alloc(&c->arena, n * sizeof *c->lay);
    d->chain = ay_arena_alloc(&c->arena, n * sizeof *d->chain);
    d->root = ay_arena_alloc(&c->arena, n * sizeof *d->root);
    d->diff = ay_arena_alloc(&c->arena, n * sizeof *d->diff);
    d->keep = ay_arena_alloc(&c->arena, n * sizeof *d->keep);
    if (!c->uses || !c->lay || !d->chain || !d->root || !d->diff || !d->keep)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    for (int v = 0; v < c->g->nodes; v++)
        for (int i = 0; i < c->g->node[v].nin; i++)
            c->uses[c->g->node[v].in[i]]++;
    for (int i = 0; i < c->g->outputs; i++)
        c->uses[c->g->output[i].v]++;
    return AY_OK;
}

/* Where the caller's numbers are: float32, plain. */
typedef struct {
    ay_place *input, *output, *diff_output;
    ay_place watched[AY_LEARN_WATCH], diff_watched[AY_LEARN_WATCH];
} ends;

static ay_status place_inputs(ay_dlearn *d, ends *e, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; status == AY_OK && i < d->c.g->inputs; i++) {
        ay_val v = d->c.g->input[i];
        dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[v], dnnl_f32), form;
        ay_place at;
        form = ay_learn_form(d, v);
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &e->input[i], err);
        if (status == AY_OK)
            status = ay_learn_as(d, v, &md, e->input[i], &form, &at, err);
        d->c.lay[v] = (ay_lay){true, form, at};
    }
    return status;
}

static ay_status wrap(const ay_node *n, ay_status status, ay_err *err)
{
    if (status != AY_OK)
        ay_err_wrap(err, "%s \"%s\"", n->op->name, n->label);
    return status;
}

static ay_status forward_node(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val root = d->root[v];
    const ay_node *n = &d->c.g->node[root >= 0 ? root : v];

    if (n->op == &ay_op_input || (root >= 0 && d->chain[root].tail != v))
        return AY_OK; /* inputs are there; a chain comes at its tail */
    d->c.now = root >= 0 ? root : v;
    return wrap(n, find(n->op, false)(d, d->c.now, err), err);
}

static ay_status backward_node(ay_dlearn *d, ay_val v, ay_err *err)
{
    ay_val root = d->root[v];
    const ay_node *n = &d->c.g->node[root >= 0 ? root : v];

    if (n->op == &ay_op_input || !d->l->value_diff[v] ||
        (root >= 0 && d->chain[root].tail != v))
        return AY_OK;
    d->c.now = root >= 0 ? root : v;
    return wrap(n, find(n->op, true)(d, d->c.now, err), err);
}

static ay_status place_outputs(ay_dlearn *d, ends *e, ay_err *err)
{
    ay_graph *g = d->c.g;
    ay_status status = AY_OK;

    for (int i = 0; status == AY_OK && i < g->outputs; i++) {
        dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[g->output[i].v], dnnl_f32);
        status = ay_learn_want(d, g->output[i].v, &md, &e->output[i], err);
        if (status == AY_OK)
            status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &e->diff_output[i], err);
    }
    for (int i = 0; status == AY_OK && i < d->l->opt.watched; i++) {
        dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[d->l->opt.watch[i]], dnnl_f32);
        status = ay_learn_want(d, d->l->opt.watch[i], &md, &e->watched[i], err);
    }
    return status;
}

static ay_status take_diff_outputs(ay_dlearn *d, ends *e, ay_err *err)
{
    ay_graph *g = d->c.g;
    ay_status status = AY_OK;

    for (int i = 0; status == AY_OK && i < g->outputs; i++) {
        dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[g->output[i].v], dnnl_f32);
        status = ay_learn_give_as(d, g->output[i].v, &md, e->diff_output[i], err);
    }
    return status;
}

/* All readers of a watched value have given their terms when backward comes to it. */
static ay_status take_watched(ay_dlearn *d, ends *e, ay_val v, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; status == AY_OK && i < d->l->opt.watched; i++) {
        dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[v], dnnl_f32);
        if (d->l->opt.watch[i] == v && d->l->value_diff[v])
            status = ay_learn_diff(d, v, &md, &e->diff_watched[i], err);
        else if (d->l->opt.watch[i] == v) /* it leads nowhere: zeros */
            status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &e->diff_watched[i], err);
    }
    return status;
}

/* ---- computing again ------------------------------------------------------------------------- */

/* Does only value v cross from the nodes up to v to those behind (inputs aside)? */
static bool is_neck(const ay_dlearn *d, const ay_val *last_use, ay_val v)
{
    for (ay_val u = 0; u < v; u++)
        if (last_use[u] > v && d->c.g->node[u].op != &ay_op_input)
            return false;
    return d->root[v] < 0 || d->chain[d->root[v]].tail == v;
}

/* segment[v]: begin of the stretch of nodes that v is computed again with.  About the square root of
 * the necks bound stretches, so that what is kept and what a stretch needs are alike in size. */
static ay_status find_segments(ay_dlearn *d, ay_val *segment, ay_err *err)
{
    ay_graph *g = d->c.g;
    ay_val *last_use = ay_arena_alloc(&d->c.arena, (size_t)g->nodes * sizeof *last_use);
    bool *neck = ay_arena_alloc(&d->c.arena, (size_t)g->nodes * sizeof *neck);
    int necks = 0, every = 1, seen = 0;

    if (!last_use || !neck)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    for (ay_val v = 0; v < g->nodes; v++)
        for (int i = 0; i < g->node[v].nin; i++)
            last_use[g->node[v].in[i]] = v;
    for (int i = 0; i < g->outputs; i++)
        last_use[g->output[i].v] = g->nodes;
    for (ay_val v = 0; v < g->nodes; v++)
        necks += neck[v] = is_neck(d, last_use, v);
    while ((every + 1) * (every + 1) <= necks)
        every++;
    for (ay_val v = 0, begin = 0; v < g->nodes; v++) {
        segment[v] = begin;
        if (neck[v] && ++seen % every == 0)
            begin = v + 1;
    }
    return AY_OK;
}

/* Emit the stretch that v ends again, as far as v; the last stretch is still there. */
static ay_status compute_again(ay_dlearn *d, const ay_val *segment, ay_val v, ay_err *err)
{
    ay_graph *g = d->c.g;
    ay_status status = AY_OK;

    if (!d->l->opt.checkpoint || v + 1 >= g->nodes || segment[v] == segment[v + 1] ||
        segment[v] == segment[g->nodes - 1])
        return AY_OK;
    d->again = true;
    for (ay_val u = segment[v]; status == AY_OK && u < v; u++) {
        bool needed = d->root[u] != d->root[v] || d->root[u] < 0;
        if (needed && d->l->value_diff[v])
            status = forward_node(d, u, err);
    }
    d->again = false;
    return status;
}

/* ---- compile ------------------------------------------------------------------------------------ */

static ay_status compile_halves(ay_dlearn *d, ends *e, ay_err *err)
{
    ay_graph *g = d->c.g;
    ay_val *segment = ay_arena_alloc(&d->c.arena, (size_t)g->nodes * sizeof *segment);
    ay_status status =
        segment ? find_segments(d, segment, err) : ay_fail(err, AY_ENOMEM, "out of memory");
    bool backward = false;

    if (status == AY_OK)
        status = place_inputs(d, e, err);
    for (ay_val v = 0; status == AY_OK && v < g->nodes; v++)
        status = forward_node(d, v, err);
    if (status == AY_OK)
        status = place_outputs(d, e, err);
    d->l->forward_steps = d->c.out->steps;
    for (ay_val v = 0; v < g->nodes; v++)
        backward = backward || d->l->value_diff[v];
    if (status == AY_OK && backward)
        status = take_diff_outputs(d, e, err);
    for (ay_val v = g->nodes - 1; status == AY_OK && v >= 0; v--) {
        status = backward ? compute_again(d, segment, v, err) : AY_OK;
        if (status == AY_OK)
            status = take_watched(d, e, v, err);
        if (status == AY_OK && backward)
            status = backward_node(d, v, err);
    }
    d->l->backward_steps = d->c.out->steps - d->l->forward_steps;
    return status;
}

static void stretch(ay_dlearn *d, ay_place at, int first)
{
    if (at.buf < 0)
        return;
    d->c.buf[at.buf].first = d->c.buf[at.buf].first < first ? d->c.buf[at.buf].first : first;
    d->c.buf[at.buf].last = d->c.out->steps;
}

/* What the caller sees lives on; what he writes lives from the start. */
static ay_status settle(ay_dlearn *d, ends *e, ay_err *err)
{
    ay_graph *g = d->c.g;
    ay_learn *l = d->l;
    int end = d->c.out->steps;
    ay_status status;

    ay_dnnl_find_lives(&d->c);
    for (int i = 0; i < g->inputs; i++)
        stretch(d, e->input[i], 0);
    for (int i = 0; i < g->outputs; i++) {
        stretch(d, e->output[i], end);
        stretch(d, e->diff_output[i], 0);
    }
    for (int i = 0; i < l->opt.watched; i++) {
        stretch(d, e->watched[i], end);
        stretch(d, e->diff_watched[i], l->value_diff[l->opt.watch[i]] ? end : 0);
    }
    status = ay_dnnl_settle(&d->c, err);
    if (status != AY_OK)
        return status;
    for (int i = 0; i < g->inputs; i++)
        l->p.input[i].data = ay_dnnl_address(&d->c, e->input[i]);
    for (int i = 0; i < g->outputs; i++) {
        l->p.output[i].data = ay_dnnl_address(&d->c, e->output[i]);
        l->diff_output[i].data = ay_dnnl_address(&d->c, e->diff_output[i]);
    }
    for (int i = 0; i < l->opt.watched; i++) {
        l->watched[i].data = ay_dnnl_address(&d->c, e->watched[i]);
        l->diff_watched[i].data = ay_dnnl_address(&d->c, e->diff_watched[i]);
    }
    return AY_OK;
}

static ay_status compile_all(ay_dlearn *d, ay_err *err)
{
    ay_graph *g = d->c.g;
    ends e = {0};
    ay_status status =
        ay_dnnl_check(dnnl_engine_create(&d->c.out->engine, dnnl_cpu, 0), "engine", err);

    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_stream_create(&d->c.out->stream, d->c.out->engine,
                                                  dnnl_stream_default_flags),
                               "stream", err);
    if (status == AY_OK)
        status = take_streams(d, err);
    if (status == AY_OK)
        status = take_arrays(d, err);
    if (status != AY_OK)
        return status;
    e.input = ay_arena_alloc(&d->c.arena, (size_t)g->inputs * sizeof *e.input);
    e.output = ay_arena_alloc(&d->c.arena, (size_t)g->outputs * sizeof *e.output);
    e.diff_output = ay_arena_alloc(&d->c.arena, (size_t)g->outputs * sizeof *e.diff_output);
    if (!e.input || !e.output || !e.diff_output)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    ay_learn_find_chains(d);
    status = compile_halves(d, &e, err);
    return status == AY_OK ? settle(d, &e, err) : status;
}

ay_status ay_dnnl_learn_compile(ay_learn *l, ay_err *err)
{
    ay_dnnl_learn *out = ay_calloc(1, sizeof *out);
    ay_dlearn d = {.c = {.p = &l->p, .g = l->p.g}, .l = l};
    int before = omp_get_max_threads();
    ay_status status;

    l->p.impl = out;
    if (!out)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    out->state = (ay_learn_state){
        .seed = l->opt.seed, .threads = l->p.info.threads, .loops = ay_loops_get()};
    d.state = &out->state;
    d.c.out = &out->plan;
    d.c.type = l->p.info.precision == AY_NN_BF16 ? dnnl_bf16 : dnnl_f32;
    ay_arena_init(&out->plan.arena, 0);
    ay_arena_init(&d.c.arena, 0);
    omp_set_num_threads(l->p.info.threads);
    status = compile_all(&d, err);
    omp_set_num_threads(before);
    ay_free(d.c.buf);
    ay_free(d.c.buf_left);
    ay_free(d.c.copy);
    ay_arena_fini(&d.c.arena);
    return status;
}

/* ---- run ------------------------------------------------------------------------------------------ */

static ay_status run(ay_learn *l, int from, int count, uint64_t *ns, ay_err *err)
{
    const ay_dnnl_learn *d = l->p.impl;
    int before = omp_get_max_threads(), other = d->state.add ? AY_WHEN_SET : AY_WHEN_ADD;
    dnnl_status_t status = dnnl_success;

    omp_set_num_threads(l->p.info.threads);
    for (int i = 0; i < count && status == dnnl_success; i++) {
        const ay_step *s = d->plan.step[from + i];
        uint64_t start = ns ? ay_plan_clock(&l->p) : 0;
        if (s->when != other)
            status = ay_dnnl_run_step(&d->plan, s);
        if (ns)
            ns[i] = ay_plan_clock(&l->p) - start;
    }
    if (status == dnnl_success)
        status = dnnl_stream_wait(d->plan.stream);
    omp_set_num_threads(before);
    return ay_dnnl_check(status, "running", err);
}

ay_status ay_dnnl_learn_forward(ay_learn *l, uint64_t step, uint64_t *ns, ay_err *err)
{
    ((ay_dnnl_learn *)l->p.impl)->state.step = step;
    return run(l, 0, l->forward_steps, ns, err);
}

ay_status ay_dnnl_learn_backward(ay_learn *l, bool add, uint64_t *ns, ay_err *err)
{
    ((ay_dnnl_learn *)l->p.impl)->state.add = add;
    return run(l, l->forward_steps, l->backward_steps, ns, err);
}

void ay_dnnl_learn_describe(const ay_learn *l, int step, ay_buf *out)
{
    ay_backend_dnnl.describe(&l->p, step, out);
}

void ay_dnnl_learn_destroy(ay_learn *l)
{
    ay_backend_dnnl.destroy(&l->p);
}
