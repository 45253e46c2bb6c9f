/* nn/ref/ref.c - the back end of plain loops: one step a node, float32, dense.
 *
 * It is the oracle that every other back end is checked against, and what runs where oneDNN does
 * not.  Values share the slab by the same planner as the fast back end. */
#include "nn/ref/learn.h"

#include "base/mem.h"
#include "tensor/slab.h"

#include <assert.h>
#include <string.h>

struct ref_plan {
    ay_ref_call *step; /* one a node; inputs have op->ref NULL and are passed over */
    int *node;         /* step -> node */
};

static ay_status plan_memory(ay_plan *p, ay_slab_buf *buf, ay_err *err)
{
    ay_graph *g = p->g;
    size_t total;
    ay_status status;

    for (int v = 0; v < g->nodes; v++) {
        buf[v] = (ay_slab_buf){ay_shape_count(&p->shape[v]) * sizeof(float), v, v, 0};
        for (int i = 0; i < g->node[v].nin; i++)
            buf[g->node[v].in[i]].last = v;
    }
    for (int i = 0; i < g->inputs; i++) { /* inputs survive the run */
        buf[g->input[i]].first = 0;
        buf[g->input[i]].last = g->nodes;
    }
    for (int i = 0; i < g->outputs; i++)
        buf[g->output[i].v].last = g->nodes;
    status = ay_slab_plan(buf, g->nodes, &total, err);
    if (status != AY_OK)
        return status;
    assert(ay_slab_valid(buf, g->nodes, total));
    return ay_plan_take_slab(p, total, err);
}

static ay_status make_step(ay_plan *p, ay_ref_call *c, int v, const ay_slab_buf *buf, ay_err *err)
{
    ay_node *n = &p->g->node[v];
    ay_status status = AY_OK;

    c->node = n;
    c->shape = p->shape[v];
    c->dst = (float *)(p->slab + buf[v].offset);
    for (int i = 0; i < n->nin; i++) {
        c->in[i] = (float *)(p->slab + buf[n->in[i]].offset);
        c->in_shape[i] = p->shape[n->in[i]];
    }
    for (int i = 0; status == AY_OK && i < AY_NODE_PARAMS; i++)
        if (n->param[i] >= 0)
            status = ay_graph_param_f32(p->g, n->param[i], &c->param[i], err);
    return status;
}

static ay_status make_steps(ay_plan *p, struct ref_plan *r, const ay_slab_buf *buf, ay_err *err)
{
    ay_graph *g = p->g;
    ay_status status = AY_OK;

    for (int v = 0; status == AY_OK && v < g->nodes; v++) {
        if (g->node[v].op == &ay_op_input)
            continue;
        r->node[p->info.steps] = v;
        status = make_step(p, &r->step[p->info.steps++], v, buf, err);
    }
    for (int i = 0; i < g->inputs; i++)
        p->input[i].data = p->slab + buf[g->input[i]].offset;
    for (int i = 0; i < g->outputs; i++)
        p->output[i].data = p->slab + buf[g->output[i].v].offset;
    return status;
}

static ay_status compile(ay_plan *p, ay_err *err)
{
    size_t n = (size_t)p->g->nodes;
    ay_slab_buf *buf = ay_calloc(n, sizeof *buf);
    struct ref_plan *r = ay_calloc(1, sizeof *r);
    ay_status status = AY_ENOMEM;

    p->impl = r;
    if (r) {
        r->step = ay_calloc(n, sizeof *r->step);
        r->node = ay_calloc(n, sizeof *r->node);
    }
    if (!buf || !r || !r->step || !r->node)
        ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    else
        status = plan_memory(p, buf, err);
    if (status == AY_OK)
        status = make_steps(p, r, buf, err);
    ay_free(buf);
    return status;
}

static ay_status run(ay_plan *p, uint64_t *ns, ay_err *err)
{
    struct ref_plan *r = p->impl;

    (void)err;
    for (int i = 0; i < p->info.steps; i++) {
        uint64_t start = ns ? ay_plan_clock(p) : 0;
        r->step[i].node->op->ref(&r->step[i]);
        if (ns)
            ns[i] = ay_plan_clock(p) - start;
    }
    return AY_OK;
}

static void describe(const ay_plan *p, int step, ay_buf *out)
{
    const ay_ref_call *c = &((struct ref_plan *)p->impl)->step[step];
    char text[AY_SHAPE_TEXT];

    ay_buf_printf(out, "%-16s %-28s %s", c->node->op->name, c->node->label,
                  ay_shape_text(&c->shape, text));
}

static void destroy(ay_plan *p)
{
    struct ref_plan *r = p->impl;

    if (!r)
        return;
    ay_free(r->step);
    ay_free(r->node);
    ay_free(r);
}

const ay_backend ay_backend_ref = {.name = "ref",
                                   .compile = compile,
                                   .run = run,
                                   .describe = describe,
                                   .destroy = destroy,
                                   .learn = {.compile = ay_ref_learn_compile,
                                             .forward = ay_ref_learn_forward,
                                             .backward = ay_ref_learn_backward,
                                             .describe = ay_ref_learn_describe,
                                             .destroy = ay_ref_learn_destroy}};
