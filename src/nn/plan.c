/* nn/plan.c - what every back end shares: arguments checked, shapes inferred, the slab owned.
 *
 * A plan is made in this order, and undone in the reverse by ay_plan_destroy() at any point:
 * back end and precision chosen, shapes of all values, back end's compile (which asks for the
 * slab). */
#include "nn/plan.h"

#include "base/clock.h"
#include "base/mem.h"
#include "nn/backend.h"

#include <string.h>
#include <time.h>

static const ay_backend *const backends[] = {&ay_backend_dnnl, &ay_backend_ref};

static const ay_backend *find_backend(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (!name || strcmp(backends[i]->name, name) == 0)
            return backends[i];
    return NULL;
}

/* Every value's shape for the inputs' real ones. */
static ay_status infer_shapes(ay_plan *p, const ay_plan_options *opt, ay_err *err)
{
    ay_graph *g = p->g;
    ay_shape *inputs = ay_calloc((size_t)g->inputs, sizeof *inputs);
    ay_status status;

    if (!inputs)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    for (int i = 0; i < g->inputs; i++) {
        inputs[i] = opt->input_shapes ? opt->input_shapes[i] : g->node[g->input[i]].shape;
        inputs[i].dim[0] = opt->batch;
        if (inputs[i].rank != g->node[g->input[i]].shape.rank) {
            ay_free(inputs);
            return ay_fail(err, AY_EINVAL, "input %d has the wrong number of dimensions", i);
        }
    }
    status = ay_graph_infer(g, inputs, p->shape, err);
    ay_free(inputs);
    return status;
}

static ay_status choose(ay_plan *p, const ay_plan_options *opt, ay_err *err)
{
    p->backend = find_backend(opt->backend);
    if (!p->backend)
        return ay_fail(err, AY_EUNSUPPORTED, "unknown back end \"%.40s\"", opt->backend);
    p->info.backend = p->backend->name;
    p->info.batch = opt->batch;
    p->info.threads = opt->threads > 0 ? opt->threads : 1;
    p->info.precision = opt->precision == AY_NN_AUTO ? ay_nn_auto_precision() : opt->precision;
    if (p->info.precision == AY_NN_BF16 && !(p->backend->bf16 && p->backend->bf16())) {
        if (opt->precision == AY_NN_BF16)
            return ay_fail(err, AY_EUNSUPPORTED,
                           "back end %s computes in f32 only on this processor", p->backend->name);
        p->info.precision = AY_NN_F32;
    }
    return AY_OK;
}

ay_status ay_plan_prepare(ay_plan *p, const ay_plan_options *opt, ay_err *err)
{
    ay_graph *g = p->g;
    ay_status status;

    if (!g->bound)
        return ay_fail(err, AY_EINVAL, "the graph has no weights yet");
    if (opt->batch < 1 || opt->batch > 1 << 20)
        return ay_fail(err, AY_EINVAL, "a batch of %d", opt->batch);
    status = choose(p, opt, err);
    if (status != AY_OK)
        return status;
    p->shape = ay_calloc((size_t)g->nodes, sizeof *p->shape);
    p->input = ay_calloc((size_t)g->inputs, sizeof *p->input);
    p->output = ay_calloc((size_t)g->outputs, sizeof *p->output);
    if (!p->shape || !p->input || !p->output)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    status = infer_shapes(p, opt, err);
    if (status != AY_OK)
        return status;
    for (int i = 0; i < g->inputs; i++)
        p->input[i] = ay_tensor_make(AY_F32, p->shape[g->input[i]], NULL);
    for (int i = 0; i < g->outputs; i++)
        p->output[i] = ay_tensor_make(AY_F32, p->shape[g->output[i].v], NULL);
    return AY_OK;
}

void ay_plan_finish(ay_plan *p)
{
    ay_free(p->slab);
    ay_free(p->shape);
    ay_free(p->input);
    ay_free(p->output);
}

ay_status ay_plan_create(ay_plan **out, ay_graph *g, const ay_plan_options *opt, ay_err *err)
{
    ay_plan *p;
    ay_status status;

    *out = NULL;
    p = ay_calloc(1, sizeof *p);
    if (!p)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    p->g = g;
    status = ay_plan_prepare(p, opt, err);
    if (status == AY_OK)
        status = p->backend->compile(p, err);
    if (status != AY_OK) {
        ay_plan_destroy(p);
        return status;
    }
    *out = p;
    return AY_OK;
}

void ay_plan_destroy(ay_plan *p)
{
    if (!p)
        return;
    if (p->backend)
        p->backend->destroy(p);
    ay_plan_finish(p);
    ay_free(p);
}

ay_status ay_plan_take_slab(ay_plan *p, size_t n, ay_err *err)
{
    p->slab = ay_aligned_alloc(4096, n ? n : 1);
    if (!p->slab)
        return ay_fail(err, AY_ENOMEM, "out of memory for activations (%zu bytes)", n);
    memset(p->slab, 0, n);
    p->info.slab_bytes = n;
    return AY_OK;
}

int ay_plan_inputs(const ay_plan *p)
{
    return p->g->inputs;
}

int ay_plan_outputs(const ay_plan *p)
{
    return p->g->outputs;
}

const ay_tensor *ay_plan_input(const ay_plan *p, int i)
{
    return &p->input[i];
}

const ay_tensor *ay_plan_output(const ay_plan *p, int i)
{
    return &p->output[i];
}

const ay_tensor *ay_plan_output_named(const ay_plan *p, const char *name)
{
    for (int i = 0; i < p->g->outputs; i++)
        if (strcmp(p->g->output[i].name, name) == 0)
            return &p->output[i];
    return NULL;
}

ay_status ay_plan_run(ay_plan *p, ay_err *err)
{
    return p->backend->run(p, NULL, err);
}

void ay_plan_get_info(const ay_plan *p, ay_plan_info *out)
{
    *out = p->info;
    pthread_mutex_lock(&p->g->lock);
    out->packed_bytes = p->g->packed_bytes;
    pthread_mutex_unlock(&p->g->lock);
}

uint64_t ay_plan_clock(const ay_plan *p)
{
    struct timespec t;

    if (p->info.threads > 1)
        return ay_clock_mono();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The least of several runs, step by step: what a step takes when nobody disturbs it. */
static ay_status time_steps(ay_plan *p, uint64_t *least, uint64_t *ns, ay_err *err)
{
    enum { RUNS = 5 };
    ay_status status = AY_OK;

    for (int r = 0; status == AY_OK && r < RUNS; r++) {
        status = p->backend->run(p, ns, err);
        for (int i = 0; i < p->info.steps; i++)
            least[i] = r == 0 || ns[i] < least[i] ? ns[i] : least[i];
    }
    return status;
}

ay_status ay_plan_profile(ay_plan *p, ay_buf *out, ay_err *err)
{
    int n = p->info.steps;
    uint64_t *least = ay_calloc((size_t)n * 2 + 1, sizeof *least), total = 0;
    ay_status status;

    if (!least)
        return ay_fail(err, AY_ENOMEM, "out of memory for a profile");
    status = time_steps(p, least, least + n, err);
    for (int i = 0; status == AY_OK && i < n; i++) {
        ay_buf_printf(out, "%9.1f us  ", (double)least[i] / 1000);
        p->backend->describe(p, i, out);
        ay_buf_putc(out, '\n');
        total += least[i];
    }
    ay_buf_printf(out, "%9.1f us  in %d steps\n", (double)total / 1000, n);
    if (status == AY_OK && out->failed)
        status = ay_fail(err, AY_ENOMEM, "out of memory for a profile");
    ay_free(least);
    return status;
}
