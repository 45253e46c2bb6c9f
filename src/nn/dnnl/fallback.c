/* nn/dnnl/fallback.c - an operator's plain loops as one step: inputs made plain f32 first. */
#include "nn/dnnl/compile.h"

static void run_call(const ay_step *s)
{
    s->call->node->op->ref(s->call);
}

static ay_status fill_call(ay_dnnl *c, ay_ref_call *call, ay_val v, ay_err *err)
{
    ay_node *n = &c->g->node[v];
    ay_status status = AY_OK;

    call->node = n;
    call->shape = c->p->shape[v];
    for (int i = 0; i < n->nin; i++)
        call->in_shape[i] = c->p->shape[n->in[i]];
    for (int i = 0; status == AY_OK && i < AY_NODE_PARAMS; i++)
        if (n->param[i] >= 0)
            status = ay_graph_param_f32(c->g, n->param[i], &call->param[i], err);
    return status;
}

ay_status ay_dnnl_fallback(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    ay_place in[AY_NODE_INPUTS], dst;
    dnnl_memory_desc_t md = ay_dnnl_plain(&c->p->shape[v], dnnl_f32);
    ay_status status = AY_OK;
    ay_step *s;

    for (int i = 0; status == AY_OK && i < n->nin; i++) {
        dnnl_memory_desc_t plain = ay_dnnl_plain(&c->p->shape[n->in[i]], dnnl_f32);
        status = ay_dnnl_want(c, n->in[i], &plain, &in[i], err);
    }
    if (status == AY_OK)
        status = ay_dnnl_new(c, v, &md, &dst, err);
    if (status != AY_OK)
        return status;
    s = ay_dnnl_step(c, v, "plain loops", err);
    if (!s || !(s->call = ay_arena_alloc(&c->out->arena, sizeof *s->call)))
        return ay_fail(err, AY_ENOMEM, "out of memory for a step");
    s->kernel = run_call;
    for (int i = 0; status == AY_OK && i < n->nin; i++)
        status = ay_dnnl_arg(c, s, 0, &md, in[i], err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, 0, &md, dst, err);
    return status == AY_OK ? fill_call(c, s->call, v, err) : status;
}
