/* nn/dnnl/dnnl.c - the fast back end: compile a graph to oneDNN steps, run them.
 *
 * Debian's oneDNN runs on OpenMP.  The number of threads an OpenMP region uses is a property of the
 * calling thread, so each run sets it to the plan's own and puts it back: sixteen
 * single-threaded sessions and one session with all cores can live in one process.
 *
 * oneDNN itself keeps a small table of arguments per execution on the heap (some hundred bytes);
 * nothing of ours is allocated and nothing grows with the picture.
 *
 * Threads: the engine is stateless; a plan's stream belongs to the thread that runs the plan. */
#include "nn/dnnl/learn.h"

#include "base/mem.h"

/* From libgomp; declared here because clang on Debian has no omp.h. */
void omp_set_num_threads(int n);
int omp_get_max_threads(void);

static ay_status take_arrays(ay_dnnl *c, ay_err *err)
{
    size_t n = (size_t)c->g->nodes;

    c->uses = ay_arena_alloc(&c->arena, n * sizeof *c->uses);
    c->chain = ay_arena_alloc(&c->arena, n * sizeof *c->chain);
    c->root = ay_arena_alloc(&c->arena, n * sizeof *c->root);
    c->lay = ay_arena_alloc(&c->arena, n * sizeof *c->lay);
    if (!c->uses || !c->chain || !c->root || !c->lay)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    for (int v = 0; v < c->g->nodes; v++)
        for (int i = 0; i < c->g->node[v].nin; i++)
            c->uses[c->g->node[v].in[i]]++;
    for (int i = 0; i < c->g->outputs; i++)
        c->uses[c->g->output[i].v]++;
    return AY_OK;
}

static ay_status place_input(ay_dnnl *c, ay_val v, ay_err *err)
{
    dnnl_memory_desc_t md = ay_dnnl_plain(&c->p->shape[v], dnnl_f32);
    ay_place at;
    ay_status status = ay_dnnl_new(c, v, &md, &at, err);

    if (status == AY_OK)
        c->buf_left[at.buf]++; /* never to be overwritten */
    return status;
}

/* The reads of one node, or of a whole chain, are done. */
static void count_reads(ay_dnnl *c, const ay_node *n)
{
    for (int i = 0; i < n->nin; i++) {
        const ay_lay *l = &c->lay[n->in[i]];
        if (l->known && l->at.buf >= 0)
            c->buf_left[l->at.buf]--;
    }
}

static ay_status compile_node(ay_dnnl *c, ay_val v, ay_err *err)
{
    ay_val root = c->root[v];
    const ay_node *n = &c->g->node[root >= 0 ? root : v];
    ay_status status;

    c->now = root >= 0 ? root : v;
    if (n->op == &ay_op_input)
        return place_input(c, v, err);
    if (root >= 0 && c->chain[root].tail != v)
        return AY_OK; /* comes with its chain's tail */
    status = n->op->dnnl ? n->op->dnnl(c, root >= 0 ? root : v, err) : ay_dnnl_fallback(c, v, err);
    if (status != AY_OK) {
        ay_err_wrap(err, "%s \"%s\"", n->op->name, n->label);
        return status;
    }
    for (ay_val k = root >= 0 ? root : v; k <= v; k++)
        if (k == v || c->root[k] == root)
            count_reads(c, &c->g->node[k]);
    return AY_OK;
}

static ay_status compile_all(ay_dnnl *c, ay_err *err)
{
    dnnl_engine_t *e = &c->out->engine;
    ay_status status = ay_dnnl_check(dnnl_engine_create(e, dnnl_cpu, 0), "engine", err);

    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_stream_create(&c->out->stream, *e, dnnl_stream_default_flags),
                               "stream", err);
    if (status == AY_OK)
        status = take_arrays(c, err);
    if (status != AY_OK)
        return status;
    ay_dnnl_fuse(c);
    for (ay_val v = 0; status == AY_OK && v < c->g->nodes; v++)
        status = compile_node(c, v, err);
    if (status == AY_OK)
        status = ay_dnnl_link(c, err);
    c->p->info.steps = c->out->steps;
    return status;
}

static ay_status compile(ay_plan *p, ay_err *err)
{
    ay_dnnl c = {.p = p, .g = p->g};
    int before = omp_get_max_threads();
    ay_status status;

    c.type = p->info.precision == AY_NN_BF16 ? dnnl_bf16 : dnnl_f32;
    c.out = p->impl = ay_calloc(1, sizeof *c.out);
    if (!c.out)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    ay_arena_init(&c.out->arena, 0);
    ay_arena_init(&c.arena, 0);
    omp_set_num_threads(p->info.threads); /* primitives are made for a number of threads */
    status = compile_all(&c, err);
    omp_set_num_threads(before);
    ay_free(c.buf);
    ay_free(c.buf_left);
    ay_free(c.copy);
    ay_arena_fini(&c.arena);
    return status;
}

static dnnl_status_t run_repeated(const ay_dnnl_plan *d, const ay_step *s)
{
    dnnl_status_t status = dnnl_success;

    for (int64_t i = 0; i < s->repeat && status == dnnl_success; i++) {
        for (int k = 0; k < s->nargs && status == dnnl_success; k++)
            if (s->advance[k])
                status = dnnl_memory_set_data_handle(s->exec[k].memory,
                                                     (char *)s->ptr[k] + (size_t)i * s->advance[k]);
        if (status == dnnl_success)
            status = dnnl_primitive_execute(s->prim, d->stream, s->nargs, s->exec);
    }
    return status;
}

typedef struct {
    const ay_dnnl_plan *plan;
    const ay_step *step;
    dnnl_status_t status[AY_DNNL_PARTS];
} parts_job;

static void run_part(void *ctx, int i, int n)
{
    parts_job *j = ctx;
    const ay_step *s = j->step;

    (void)n;
    j->status[i] = dnnl_primitive_execute(s->prim, j->plan->part_stream[i], s->nargs,
                                          s->part_exec + i * s->nargs);
}

static dnnl_status_t run_parts(const ay_dnnl_plan *d, const ay_step *s)
{
    parts_job j = {.plan = d, .step = s};

    ay_parallel(s->parts, run_part, &j);
    for (int i = 0; i < s->parts; i++)
        if (j.status[i] != dnnl_success)
            return j.status[i];
    return dnnl_success;
}

dnnl_status_t ay_dnnl_run_step(const ay_dnnl_plan *d, const ay_step *s)
{
    if (s->parts > 1)
        return run_parts(d, s);
    if (s->repeat > 1)
        return run_repeated(d, s);
    if (s->prim)
        return dnnl_primitive_execute(s->prim, d->stream, s->nargs, s->exec);
    s->kernel(s);
    return dnnl_success;
}

static ay_status run(ay_plan *p, uint64_t *ns, ay_err *err)
{
    const ay_dnnl_plan *d = p->impl;
    int before = omp_get_max_threads();
    dnnl_status_t status = dnnl_success;

    omp_set_num_threads(p->info.threads);
    for (int i = 0; i < d->steps && status == dnnl_success; i++) {
        uint64_t start = ns ? ay_plan_clock(p) : 0;
        status = ay_dnnl_run_step(d, d->step[i]);
        if (ns)
            ns[i] = ay_plan_clock(p) - start;
    }
    if (status == dnnl_success)
        status = dnnl_stream_wait(d->stream);
    omp_set_num_threads(before);
    return ay_dnnl_check(status, "running", err);
}

static void describe(const ay_plan *p, int step, ay_buf *out)
{
    const ay_dnnl_plan *d = p->impl;
    const ay_step *s = d->step[step];
    const ay_node *n = &p->g->node[s->node];
    char text[AY_SHAPE_TEXT];

    ay_buf_printf(out, "%-14s %-34s %-28s %s", n->op->name, n->label, s->what ? s->what : "",
                  ay_shape_text(&p->shape[s->v], text));
}

static void destroy(ay_plan *p)
{
    ay_dnnl_plan *d = p->impl;

    if (!d)
        return;
    for (int i = 0; i < d->steps; i++)
        ay_dnnl_step_destroy(d->step[i]);
    ay_free(d->step);
    for (int i = 0; i < d->part_streams; i++)
        dnnl_stream_destroy(d->part_stream[i]);
    if (d->stream)
        dnnl_stream_destroy(d->stream);
    if (d->engine)
        dnnl_engine_destroy(d->engine);
    ay_arena_fini(&d->arena);
    ay_free(d);
}

const ay_backend ay_backend_dnnl = {.name = "dnnl",
                                    .bf16 = ay_dnnl_wide,
                                    .compile = compile,
                                    .run = run,
                                    .describe = describe,
                                    .destroy = destroy,
                                    .learn = {.compile = ay_dnnl_learn_compile,
                                              .forward = ay_dnnl_learn_forward,
                                              .backward = ay_dnnl_learn_backward,
                                              .describe = ay_dnnl_learn_describe,
                                              .destroy = ay_dnnl_learn_destroy}};
