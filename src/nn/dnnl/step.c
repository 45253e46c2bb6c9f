/* nn/dnnl/step.c - steps, buffers and the final addresses. */
#include "nn/dnnl/compile.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

ay_status ay_dnnl_check(dnnl_status_t s, const char *what, ay_err *err)
{
    switch (s) {
    case dnnl_success:
        return AY_OK;
    case dnnl_out_of_memory:
        return ay_fail(err, AY_ENOMEM, "oneDNN, %s: out of memory", what);
    case dnnl_unimplemented:
        return ay_fail(err, AY_EUNSUPPORTED, "oneDNN, %s: not implemented", what);
    default:
        return ay_fail(err, AY_EINVAL, "oneDNN, %s: status %d", what, (int)s);
    }
}

static bool grow(void *array, int count, int *cap, size_t size)
{
    void **p = array, *bigger;

    if (count < *cap)
        return true;
    bigger = ay_realloc(*p, (size_t)(*cap ? *cap * 2 : 64), size);
    if (!bigger)
        return false;
    *p = bigger;
    *cap = *cap ? *cap * 2 : 64;
    return true;
}

ay_step *ay_dnnl_step(ay_dnnl *c, ay_val v, const char *what, ay_err *err)
{
    ay_dnnl_plan *out = c->out;
    ay_step *s = ay_arena_alloc(&out->arena, sizeof *s);

    if (!s || !grow(&out->step, out->steps, &out->step_cap, sizeof *out->step)) {
        ay_fail(err, AY_ENOMEM, "out of memory for a step");
        return NULL;
    }
    s->v = v;
    s->node = c->now;
    s->what = what;
    out->step[out->steps++] = s;
    return s;
}

ay_status ay_dnnl_arg(ay_dnnl *c, ay_step *s, int arg, const dnnl_memory_desc_t *md, ay_place at,
                      ay_err *err)
{
    dnnl_memory_desc_t *keep = ay_arena_alloc(&c->arena, sizeof *keep);

    if (!keep)
        return ay_fail(err, AY_ENOMEM, "out of memory for a step");
    assert(s->nargs < AY_STEP_ARGS);
    *keep = *md;
    s->md[s->nargs] = keep;
    s->at[s->nargs] = at;
    s->exec[s->nargs++].arg = arg;
    return AY_OK;
}

ay_status ay_dnnl_buffer(ay_dnnl *c, size_t bytes, ay_place *out, ay_err *err)
{
    int cap = c->buf_cap;

    if (!grow(&c->buf_left, c->bufs, &cap, sizeof *c->buf_left) ||
        !grow(&c->buf, c->bufs, &c->buf_cap, sizeof *c->buf))
        return ay_fail(err, AY_ENOMEM, "out of memory for a buffer");
    c->buf[c->bufs] = (ay_slab_buf){.size = bytes, .first = -1};
    c->buf_left[c->bufs] = 0;
    *out = (ay_place){.buf = c->bufs++};
    return AY_OK;
}

static ay_status add_scratch(ay_dnnl *c, ay_step *s, const_dnnl_primitive_desc_t pd, ay_err *err)
{
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    size_t bytes = md ? dnnl_memory_desc_get_size(md) : 0;
    ay_place at;
    ay_status status;

    if (bytes == 0)
        return AY_OK;
    status = ay_dnnl_buffer(c, bytes, &at, err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_SCRATCHPAD, md, at, err) : status;
}

ay_status ay_dnnl_emit(ay_dnnl *c, ay_val v, dnnl_primitive_desc_t pd, ay_step **out, ay_err *err)
{
    const char *impl = "";
    ay_step *s;
    ay_status status = AY_ENOMEM;

    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &impl);
    s = ay_dnnl_step(c, v, ay_arena_strdup(&c->out->arena, impl), err);
    if (s)
        status = ay_dnnl_check(dnnl_primitive_create(&s->prim, pd), "making a primitive", err);
    if (status == AY_OK)
        status = add_scratch(c, s, pd, err);
    dnnl_primitive_desc_destroy(pd);
    *out = s;
    return status;
}

static dnnl_status_t append_posts(dnnl_post_ops_t ops, const ay_chain *chain)
{
    dnnl_status_t s = dnnl_success;

    for (int i = 0; i < chain->posts && s == dnnl_success; i++) {
        dnnl_alg_kind_t alg;
        float alpha, beta;
        if (chain->post[i].act == AY_ACT_NONE)
            s = dnnl_post_ops_append_sum(ops, 1);
        else if (ay_dnnl_alg(chain->post[i].act, &alg, &alpha, &beta))
            s = dnnl_post_ops_append_eltwise(ops, 1, alg, alpha, beta);
    }
    return s;
}

ay_status ay_dnnl_attr(const ay_chain *chain, dnnl_primitive_attr_t *out, ay_err *err)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s = dnnl_primitive_attr_create(out);

    if (s != dnnl_success) {
        *out = NULL;
        return ay_dnnl_check(s, "attributes", err);
    }
    s = dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user);
    if (s == dnnl_success && chain && chain->posts) {
        s = dnnl_post_ops_create(&ops);
        if (s == dnnl_success)
            s = append_posts(ops, chain);
        if (s == dnnl_success)
            s = dnnl_primitive_attr_set_post_ops(*out, ops);
        dnnl_post_ops_destroy(ops);
    }
    return ay_dnnl_check(s, "attributes", err);
}

void ay_dnnl_put(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place at)
{
    c->lay[v] = (ay_lay){true, *md, at};
    if (at.buf >= 0)
        c->buf_left[at.buf] += c->uses[v];
}

ay_status ay_dnnl_new(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                      ay_err *err)
{
    ay_status status = ay_dnnl_buffer(c, dnnl_memory_desc_get_size(md), out, err);

    if (status == AY_OK)
        ay_dnnl_put(c, v, md, *out);
    return status;
}

bool ay_dnnl_may_overwrite(const ay_dnnl *c, ay_val v)
{
    return c->lay[v].at.buf >= 0 && c->buf_left[c->lay[v].at.buf] == 1;
}

ay_status ay_dnnl_fresh(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                        ay_err *err)
{
    const ay_lay *from = &c->lay[v];
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attr = NULL;
    ay_step *s;
    ay_status status = ay_dnnl_buffer(c, dnnl_memory_desc_get_size(md), out, err);

    assert(from->known);
    if (status == AY_OK)
        status = ay_dnnl_attr(NULL, &attr, err);
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_reorder_primitive_desc_create(&pd, &from->md, c->out->engine,
                                                                  md, c->out->engine, attr),
                               "reorder", err);
    dnnl_primitive_attr_destroy(attr);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_FROM, &from->md, from->at, err);
    if (status == AY_OK)
        status = ay_dnnl_arg(c, s, DNNL_ARG_TO, md, *out, err);
    return status;
}

ay_status ay_dnnl_want(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                       ay_err *err)
{
    ay_status status;

    assert(c->lay[v].known);
    if (ay_dnnl_same_bytes(&c->lay[v].md, md)) {
        *out = c->lay[v].at;
        return AY_OK;
    }
    for (int i = 0; i < c->copies; i++)
        if (c->copy[i].v == v && ay_dnnl_same_bytes(&c->copy[i].lay.md, md)) {
            *out = c->copy[i].lay.at;
            return AY_OK;
        }
    status = ay_dnnl_fresh(c, v, md, out, err);
    if (status != AY_OK)
        return status;
    if (!grow(&c->copy, c->copies, &c->copy_cap, sizeof *c->copy))
        return ay_fail(err, AY_ENOMEM, "out of memory for a buffer");
    c->copy[c->copies++] = (struct ay_copy){v, {true, *md, *out}};
    c->buf_left[out->buf]++; /* whoever wants v so later finds it whole: never overwritten */
    return AY_OK;
}

ay_status ay_dnnl_place_dst(ay_dnnl *c, const ay_chain *chain, const dnnl_memory_desc_t *md,
                            ay_place *dst, ay_err *err)
{
    for (int i = 0; i < chain->posts; i++) {
        ay_val other = chain->post[i].add;
        if (chain->post[i].act != AY_ACT_NONE)
            continue;
        if (ay_dnnl_may_overwrite(c, other) && ay_dnnl_same_bytes(&c->lay[other].md, md)) {
            *dst = c->lay[other].at;
            return AY_OK;
        }
        return ay_dnnl_fresh(c, other, md, dst, err);
    }
    return ay_dnnl_buffer(c, dnnl_memory_desc_get_size(md), dst, err);
}

/* Lives of buffers, from the steps that touch them. */
void ay_dnnl_find_lives(ay_dnnl *c)
{
    for (int i = 0; i < c->out->steps; i++) {
        const ay_step *s = c->out->step[i];
        for (int k = 0; k < s->nargs; k++) {
            ay_slab_buf *b = s->at[k].buf >= 0 ? &c->buf[s->at[k].buf] : NULL;
            if (!b)
                continue;
            b->first = b->first < 0 ? i : b->first;
            b->last = i > b->last ? i : b->last;
        }
    }
    for (int i = 0; i < c->bufs; i++)
        c->buf[i].first = c->buf[i].first < 0 ? 0 : c->buf[i].first;
}

void *ay_dnnl_address(const ay_dnnl *c, ay_place at)
{
    return at.buf < 0 ? at.fixed : c->p->slab + c->buf[at.buf].offset + at.offset;
}

/* Arguments of the parts of a step. */
static ay_status link_parts(ay_dnnl *c, ay_step *s, ay_err *err)
{
    size_t n = (size_t)s->parts * (size_t)s->nargs;

    s->part_exec = ay_arena_alloc(&c->out->arena, n * sizeof *s->part_exec);
    if (!s->part_exec)
        return ay_fail(err, AY_ENOMEM, "out of memory for a step");
    for (int i = 0; i < s->parts; i++)
        for (int k = 0; k < s->nargs; k++) {
            dnnl_exec_arg_t *a = &s->part_exec[i * s->nargs + k];
            void *at = (char *)ay_dnnl_address(c, s->at[k]) + (size_t)i * s->advance[k];
            dnnl_status_t d = dnnl_memory_create(&a->memory, s->md[k], c->out->engine, at);
            a->arg = s->exec[k].arg;
            if (d != dnnl_success) {
                a->memory = NULL;
                return ay_dnnl_check(d, "making a memory", err);
            }
        }
    return AY_OK;
}

static ay_status link_step(ay_dnnl *c, ay_step *s, ay_err *err)
{
    ay_status status = s->parts > 1 ? link_parts(c, s, err) : AY_OK;

    if (status != AY_OK)
        return status;
    for (int k = 0; k < s->nargs; k++) {
        s->ptr[k] = ay_dnnl_address(c, s->at[k]);
        if (s->prim) {
            dnnl_status_t d =
                dnnl_memory_create(&s->exec[k].memory, s->md[k], c->out->engine, s->ptr[k]);
            if (d != dnnl_success) {
                s->exec[k].memory = NULL;
                return ay_dnnl_check(d, "making a memory", err);
            }
        }
        s->md[k] = NULL;
    }
    for (int i = 0; s->call && i < s->nargs - 1; i++)
        s->call->in[i] = s->ptr[i];
    if (s->call)
        s->call->dst = s->ptr[s->nargs - 1];
    return AY_OK;
}

/* Inputs and outputs live from the first step to after the last. */
static ay_status place_ends(ay_dnnl *c, ay_place *outputs, ay_err *err)
{
    ay_graph *g = c->g;

    for (int i = 0; i < g->outputs; i++) {
        ay_val v = g->output[i].v;
        dnnl_memory_desc_t md = ay_dnnl_plain(&c->p->shape[v], dnnl_f32);
        ay_status status = ay_dnnl_want(c, v, &md, &outputs[i], err);
        if (status != AY_OK)
            return status;
    }
    ay_dnnl_find_lives(c);
    for (int i = 0; i < g->outputs; i++)
        c->buf[outputs[i].buf].last = c->out->steps;
    for (int i = 0; i < g->inputs; i++) {
        c->buf[c->lay[g->input[i]].at.buf].first = 0;
        c->buf[c->lay[g->input[i]].at.buf].last = c->out->steps;
    }
    return AY_OK;
}

ay_status ay_dnnl_settle(ay_dnnl *c, ay_err *err)
{
    size_t total;
    ay_status status = ay_slab_plan(c->buf, c->bufs, &total, err);

    assert(status != AY_OK || ay_slab_valid(c->buf, c->bufs, total));
    if (status == AY_OK)
        status = ay_plan_take_slab(c->p, total, err);
    for (int i = 0; status == AY_OK && i < c->out->steps; i++)
        status = link_step(c, c->out->step[i], err);
    return status;
}

ay_status ay_dnnl_link(ay_dnnl *c, ay_err *err)
{
    ay_graph *g = c->g;
    ay_place *outputs = ay_arena_alloc(&c->arena, (size_t)g->outputs * sizeof *outputs);
    ay_status status;

    if (!outputs)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    status = place_ends(c, outputs, err);
    if (status == AY_OK)
        status = ay_dnnl_settle(c, err);
    if (status != AY_OK)
        return status;
    for (int i = 0; i < g->inputs; i++)
        c->p->input[i].data = ay_dnnl_address(c, c->lay[g->input[i]].at);
    for (int i = 0; i < g->outputs; i++)
        c->p->output[i].data = ay_dnnl_address(c, outputs[i]);
    return AY_OK;
}

void ay_dnnl_step_destroy(ay_step *s)
{
    for (int k = 0; k < s->nargs; k++)
        if (s->exec[k].memory)
            dnnl_memory_destroy(s->exec[k].memory);
    for (int k = 0; s->part_exec && k < s->parts * s->nargs; k++)
        if (s->part_exec[k].memory)
            dnnl_memory_destroy(s->part_exec[k].memory);
    if (s->prim)
        dnnl_primitive_destroy(s->prim);
}
