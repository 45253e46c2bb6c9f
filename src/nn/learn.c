/* nn/learn.c - what every back end's training shares: arguments checked, shapes inferred, and which
 * nodes a backward pass has to visit.
 *
 * A value needs a gradient when something that learns or is watched lies at or below it and a graph
 * output lies at or above it.  So nothing is computed below the lowest weight that learns, and an
 * input has no gradient unless it is watched. */
#include "nn/learn.h"

#include "base/mem.h"
#include "nn/backend.h"

#include <string.h>

ay_status ay_learn_param(ay_learn *l, int i, float **value, float **grad, ay_err *err)
{
    const float *own = NULL;
    ay_status status = AY_OK;

    *grad = NULL;
    if (l->w) {
        *value = ay_weights_param(l->w, i);
        *grad = l->opt.inference ? NULL : ay_weights_param_grad(l->w, i);
        return AY_OK;
    }
    status = ay_graph_param_f32(l->p.g, i, &own, err);
    *value = (float *)own; /* never written without ay_weights */
    return status;
}

static bool watched(const ay_learn *l, ay_val v)
{
    for (int i = 0; i < l->opt.watched; i++)
        if (l->opt.watch[i] == v)
            return true;
    return false;
}

static void find_params(ay_learn *l, ay_val v)
{
    const ay_node *n = &l->p.g->node[v];
    bool first = n->param[0] >= 0 && l->w && ay_weights_param_grad(l->w, n->param[0]);

    for (int k = 0; k < AY_NODE_PARAMS && l->w && !l->opt.inference; k++)
        if (n->param[k] >= 0 && ay_weights_param_grad(l->w, n->param[k]))
            l->param_diff[v] = true;
    l->train[v] = !l->opt.inference && (n->op != &ay_op_batch_norm || first || l->opt.norms_move);
}

static ay_status find_diffs(ay_learn *l, ay_err *err)
{
    ay_graph *g = l->p.g;
    bool *leads = ay_calloc((size_t)g->nodes, sizeof *leads);

    if (!leads)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    for (int i = 0; i < g->outputs; i++)
        leads[g->output[i].v] = true;
    for (ay_val v = g->nodes - 1; v >= 0; v--)
        for (int i = 0; leads[v] && i < g->node[v].nin; i++)
            leads[g->node[v].in[i]] = true;
    for (ay_val v = 0; v < g->nodes; v++) {
        find_params(l, v);
        l->value_diff[v] = l->param_diff[v] || watched(l, v);
        for (int i = 0; i < g->node[v].nin; i++)
            l->value_diff[v] = l->value_diff[v] || l->value_diff[g->node[v].in[i]];
        l->value_diff[v] = l->value_diff[v] && leads[v];
        l->param_diff[v] = l->param_diff[v] && leads[v];
    }
    ay_free(leads);
    return AY_OK;
}

static ay_status refuse_without_gradient(const ay_learn *l, ay_err *err)
{
    for (ay_val v = 0; v < l->p.g->nodes; v++) {
        const ay_node *n = &l->p.g->node[v];
        if (n->op != &ay_op_input && l->value_diff[v] && !n->op->ref_backward)
            return ay_fail(err, AY_EUNSUPPORTED, "%s \"%s\" has no gradient", n->op->name,
                           n->label);
    }
    return AY_OK;
}

/* One value a channel has no spread: its result would be the shift alone and the running variance
 * would shrink to nothing, without a word. */
static ay_status refuse_single_values(const ay_learn *l, ay_err *err)
{
    for (ay_val v = 0; v < l->p.g->nodes; v++) {
        const ay_node *n = &l->p.g->node[v];
        if (n->op == &ay_op_batch_norm && l->train[v] &&
            ay_shape_count(&l->p.shape[v]) == (size_t)l->p.shape[v].dim[1])
            return ay_fail(err, AY_EINVAL,
                           "batch_norm \"%s\" would see one value a channel: train on batches of 2 "
                           "or more, on larger pictures, or freeze it",
                           n->label);
    }
    return AY_OK;
}

static ay_status check(ay_graph *g, const ay_weights *w, const ay_learn_options *opt, ay_err *err)
{
    if (!w && !opt->inference)
        return ay_fail(err, AY_EINVAL, "training needs weights (ay_weights_create)");
    if (opt->watched < 0 || opt->watched > AY_LEARN_WATCH)
        return ay_fail(err, AY_ELIMIT, "%d watched values, at most %d", opt->watched,
                       AY_LEARN_WATCH);
    for (int i = 0; i < opt->watched; i++)
        if (opt->watch[i] < 0 || opt->watch[i] >= g->nodes)
            return ay_fail(err, AY_EINVAL, "watched value %d does not exist", i);
    return AY_OK;
}

static ay_status build(ay_learn *l, const ay_learn_options *opt, ay_err *err)
{
    ay_graph *g = l->p.g;
    ay_plan_options plan = {.batch = opt->batch,
                            .backend = opt->backend,
                            .precision = opt->precision,
                            .threads = opt->threads,
                            .input_shapes = opt->input_shapes};
    ay_status status = ay_plan_prepare(&l->p, &plan, err);
    size_t n = (size_t)g->nodes;

    if (status != AY_OK)
        return status;
    l->diff_output = ay_calloc((size_t)g->outputs, sizeof *l->diff_output);
    l->param_diff = ay_calloc(n, sizeof *l->param_diff);
    l->value_diff = ay_calloc(n, sizeof *l->value_diff);
    l->train = ay_calloc(n, sizeof *l->train);
    if (!l->diff_output || !l->param_diff || !l->value_diff || !l->train)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    memcpy(l->diff_output, l->p.output, (size_t)g->outputs * sizeof *l->diff_output);
    for (int i = 0; i < opt->watched; i++)
        l->watched[i] = l->diff_watched[i] =
            ay_tensor_make(AY_F32, l->p.shape[opt->watch[i]], NULL);
    status = find_diffs(l, err);
    if (status == AY_OK)
        status = refuse_without_gradient(l, err);
    if (status == AY_OK)
        status = refuse_single_values(l, err);
    if (status == AY_OK && !l->p.backend->learn.compile)
        status =
            ay_fail(err, AY_EUNSUPPORTED, "back end %s cannot train", l->p.backend->name);
    return status == AY_OK ? l->p.backend->learn.compile(l, err) : status;
}

ay_status ay_learn_create(ay_learn **out, ay_graph *g, ay_weights *w, const ay_learn_options *opt,
                          ay_err *err)
{
    ay_status status = check(g, w, opt, err);
    ay_learn *l;

    *out = NULL;
    if (status != AY_OK)
        return status;
    l = ay_calloc(1, sizeof *l);
    if (!l)
        return ay_fail(err, AY_ENOMEM, "out of memory for a plan");
    l->p.g = g;
    l->w = w;
    l->opt = *opt;
    l->opt.input_shapes = NULL;
    status = build(l, opt, err);
    if (status != AY_OK) {
        ay_learn_destroy(l);
        return status;
    }
    *out = l;
    return AY_OK;
}

void ay_learn_destroy(ay_learn *l)
{
    if (!l)
        return;
    if (l->p.backend && l->p.backend->learn.destroy)
        l->p.backend->learn.destroy(l);
    ay_free(l->diff_output);
    ay_free(l->param_diff);
    ay_free(l->value_diff);
    ay_free(l->train);
    ay_plan_finish(&l->p);
    ay_free(l);
}

const ay_tensor *ay_learn_input(const ay_learn *l, int i)
{
    return &l->p.input[i];
}

const ay_tensor *ay_learn_output(const ay_learn *l, int i)
{
    return &l->p.output[i];
}

const ay_tensor *ay_learn_diff_output(const ay_learn *l, int i)
{
    return &l->diff_output[i];
}

const ay_tensor *ay_learn_watched(const ay_learn *l, int i)
{
    return &l->watched[i];
}

const ay_tensor *ay_learn_diff_watched(const ay_learn *l, int i)
{
    return &l->diff_watched[i];
}

ay_status ay_learn_forward(ay_learn *l, uint64_t step, ay_err *err)
{
    return l->p.backend->learn.forward(l, step, NULL, err);
}

ay_status ay_learn_backward(ay_learn *l, bool add, ay_err *err)
{
    return l->p.backend->learn.backward(l, add, NULL, err);
}

void ay_learn_get_info(const ay_learn *l, ay_learn_info *out)
{
    *out = (ay_learn_info){.backend = l->p.info.backend,
                           .precision = l->p.info.precision,
                           .batch = l->p.info.batch,
                           .threads = l->p.info.threads,
                           .forward_steps = l->forward_steps,
                           .backward_steps = l->backward_steps,
                           .slab_bytes = l->p.info.slab_bytes};
}

/* The least of several runs, step by step; see ay_plan_profile. */
static ay_status time_steps(ay_learn *l, uint64_t *least, uint64_t *ns, ay_err *err)
{
    enum { RUNS = 3 };
    int n = l->forward_steps + l->backward_steps;
    ay_status status = AY_OK;

    for (int r = 0; status == AY_OK && r < RUNS; r++) {
        status = l->p.backend->learn.forward(l, 0, ns, err);
        if (status == AY_OK)
            status = l->p.backend->learn.backward(l, false, ns + l->forward_steps, err);
        for (int i = 0; i < n; i++)
            least[i] = r == 0 || ns[i] < least[i] ? ns[i] : least[i];
    }
    return status;
}

ay_status ay_learn_profile(ay_learn *l, ay_buf *out, ay_err *err)
{
    int n = l->forward_steps + l->backward_steps;
    uint64_t *least = ay_calloc((size_t)n * 2 + 1, sizeof *least), total[2] = {0, 0};
    ay_status status;

    if (!least)
        return ay_fail(err, AY_ENOMEM, "out of memory for a profile");
    status = time_steps(l, least, least + n, err);
    for (int i = 0; status == AY_OK && i < n; i++) {
        ay_buf_printf(out, "%9.1f us  %s ", (double)least[i] / 1000,
                      i < l->forward_steps ? "forward " : "backward");
        l->p.backend->learn.describe(l, i, out);
        ay_buf_putc(out, '\n');
        total[i >= l->forward_steps] += least[i];
    }
    ay_buf_printf(out, "%9.1f us forward in %d steps, %.1f us backward in %d\n",
                  (double)total[0] / 1000, l->forward_steps, (double)total[1] / 1000,
                  l->backward_steps);
    if (status == AY_OK && out->failed)
        status = ay_fail(err, AY_ENOMEM, "out of memory for a profile");
    ay_free(least);
    return status;
}
