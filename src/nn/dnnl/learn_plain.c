/* nn/dnnl/learn_plain.c - an operator's plain loops inside a fast training plan, both halves, in
 * float32: what makes every operator right before any is fast. */
#include "nn/dnnl/learn.h"

#include <string.h>

typedef struct {
    const ay_learn_state *state;
    ay_ref_grad g;
    ay_val v;
    size_t count[AY_NODE_PARAMS]; /* of the parameters' gradients */
} plain_job;

static ay_status make_job(ay_dlearn *d, ay_val v, plain_job **out, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    plain_job *j = *out = ay_learn_job(d, sizeof *j, err);
    ay_ref_call *call;
    ay_status status = AY_OK;

    if (!j)
        return AY_ENOMEM;
    j->state = d->state;
    j->v = v;
    call = &j->g.forward;
    call->node = n;
    call->shape = d->c.p->shape[v];
    call->train = d->l->train[v];
    for (int i = 0; i < n->nin; i++)
        call->in_shape[i] = d->c.p->shape[n->in[i]];
    for (int i = 0; status == AY_OK && i < AY_NODE_PARAMS; i++) {
        float *value, *grad;
        status = ay_learn_node_param(d, v, i, &value, &grad, err);
        call->param[i] = value;
        j->g.diff_param[i] = grad;
        if (n->param[i] >= 0)
            j->count[i] = ay_shape_count(&d->c.g->param[n->param[i]].shape);
        if (n->op == &ay_op_batch_norm && i >= 2 && call->train && !d->again)
            call->moving[i - 2] = value;
    }
    return status;
}

/* ptr: inputs, dst */
static void run_forward(const ay_step *s)
{
    plain_job *j = s->job;
    ay_ref_call *call = &j->g.forward;
    int n = call->node->nin;

    for (int i = 0; i < n; i++)
        call->in[i] = s->ptr[i];
    call->dst = s->ptr[n];
    call->noise = ay_noise_key(j->state->seed, j->state->step, j->v);
    call->node->op->ref(call);
}

/* ptr: inputs, dst, diff, then the inputs' gradients */
static void run_backward(const ay_step *s)
{
    plain_job *j = s->job;
    ay_ref_call *call = &j->g.forward;
    int n = call->node->nin;

    for (int i = 0; i < n; i++) {
        call->in[i] = s->ptr[i];
        j->g.diff_in[i] = s->ptr[n + 2 + i] == s->ptr[n + 1] ? NULL : s->ptr[n + 2 + i];
        if (j->g.diff_in[i])
            memset(j->g.diff_in[i], 0, ay_shape_count(&call->in_shape[i]) * sizeof(float));
    }
    call->dst = s->ptr[n];
    j->g.diff_dst = s->ptr[n + 1];
    call->noise = ay_noise_key(j->state->seed, j->state->step, j->v);
    for (int i = 0; i < AY_NODE_PARAMS && !j->state->add; i++)
        if (j->g.diff_param[i])
            memset(j->g.diff_param[i], 0, j->count[i] * sizeof(float));
    call->node->op->ref_backward(&j->g);
}

static ay_status plain_input(ay_dlearn *d, ay_val v, ay_place *out, ay_err *err)
{
    dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[v], dnnl_f32);

    return ay_learn_want(d, v, &md, out, err);
}

ay_status ay_learn_plain(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[v], dnnl_f32), form = ay_learn_form(d, v);
    ay_place at[AY_NODE_INPUTS + 1];
    plain_job *j;
    ay_step *s;
    ay_status status = make_job(d, v, &j, err);

    for (int i = 0; status == AY_OK && i < n->nin; i++)
        status = plain_input(d, n->in[i], &at[i], err);
    if (status == AY_OK)
        status = ay_dnnl_buffer(&d->c, dnnl_memory_desc_get_size(&md), &at[n->nin], err);
    s = status == AY_OK ? ay_learn_step(d, v, "plain loops", run_forward, j, err) : NULL;
    if (!s)
        return status == AY_OK ? AY_ENOMEM : status;
    for (int i = 0; status == AY_OK && i <= n->nin; i++)
        status = ay_learn_arg(d, s, at[i], err);
    if (status == AY_OK)
        status = ay_learn_as(d, v, &md, at[n->nin], &form, &at[n->nin], err);
    d->c.lay[v] = (ay_lay){true, form, at[n->nin]};
    return status;
}

/* Room for the gradients of the inputs that want one; diff stands for those that do not. */
static ay_status input_diffs(ay_dlearn *d, ay_val v, ay_place diff, ay_place *out, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    ay_status status = AY_OK;

    for (int i = 0; status == AY_OK && i < n->nin; i++) {
        out[i] = diff;
        if (d->l->value_diff[n->in[i]])
            status = ay_learn_room(d, ay_shape_count(&d->c.p->shape[n->in[i]]), &out[i], err);
    }
    return status;
}

ay_status ay_learn_plain_back(ay_dlearn *d, ay_val v, ay_err *err)
{
    const ay_node *n = &d->c.g->node[v];
    dnnl_memory_desc_t md = ay_dnnl_plain(&d->c.p->shape[v], dnnl_f32);
    ay_place at[2 * AY_NODE_INPUTS + 2], *diffs = at + n->nin + 2;
    plain_job *j;
    ay_step *s;
    ay_status status = make_job(d, v, &j, err);

    for (int i = 0; status == AY_OK && i < n->nin; i++)
        status = plain_input(d, n->in[i], &at[i], err);
    if (status == AY_OK)
        status = plain_input(d, v, &at[n->nin], err);
    if (status == AY_OK)
        status = ay_learn_diff(d, v, &md, &at[n->nin + 1], err);
    if (status == AY_OK)
        status = input_diffs(d, v, at[n->nin + 1], diffs, err);
    s = status == AY_OK ? ay_learn_step(d, v, "plain loops", run_backward, j, err) : NULL;
    if (!s)
        return status == AY_OK ? AY_ENOMEM : status;
    for (int i = 0; status == AY_OK && i < 2 * n->nin + 2; i++)
        status = ay_learn_arg(d, s, at[i], err);
    for (int i = 0; status == AY_OK && i < n->nin; i++) {
        dnnl_memory_desc_t in = ay_dnnl_plain(&d->c.p->shape[n->in[i]], dnnl_f32);
        if (d->l->value_diff[n->in[i]])
            status = ay_learn_give_as(d, n->in[i], &in, diffs[i], err);
    }
    return status;
}
