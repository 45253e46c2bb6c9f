/* nn/weights.c - values that change: one slab of values, one of gradients, names on top.
 *
 * Everything that learns lies first, statistics behind it, each parameter of the graph in one piece
 * (a stacked query-key-value parameter is three weights side by side, so a product may read it as
 * one matrix).  Parameters begin on 64 bytes; the gaps are zero and stay zero, so that sums over a
 * whole slab need no list. */
#include "nn/backend.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

enum { PIECE = 16 }; /* floats in 64 bytes */

struct ay_weights {
    ay_graph *g;
    ay_weight *weight;
    size_t count;
    float *values, *grads;
    size_t value_count, grad_count;
    size_t *place;  /* by parameter: first float */
    size_t *first;  /* by parameter: first weight */
};

/* Which parameters are running statistics: they have values and no gradient. */
static void find_statistics(const ay_graph *g, bool *statistic)
{
    for (int v = 0; v < g->nodes; v++)
        if (g->node[v].op == &ay_op_batch_norm)
            for (int k = 2; k < 4; k++)
                statistic[g->node[v].param[k]] = true;
}

static ay_status refuse_shared(const ay_graph *g, ay_err *err)
{
    for (int i = 0; i < g->params; i++)
        for (int k = i + 1; k < g->params; k++)
            if (strcmp(g->param[i].name[0], g->param[k].name[0]) == 0)
                return ay_fail(err, AY_EUNSUPPORTED,
                               "two layers share the weight \"%s\": it cannot be trained",
                               g->param[i].name[0]);
    return AY_OK;
}

/* Places of the parameters that are statistics or of those that are not, from `at` on. */
static size_t place_params(ay_weights *w, const bool *statistic, bool which, size_t at)
{
    for (int i = 0; i < w->g->params; i++) {
        size_t n = ay_shape_count(&w->g->param[i].shape);
        if (statistic[i] != which)
            continue;
        w->place[i] = at;
        w->first[i] = w->count;
        w->count += (size_t)w->g->param[i].parts;
        at += (n + PIECE - 1) / PIECE * PIECE;
    }
    return at;
}

static void fill_param(ay_weights *w, int i)
{
    ay_param *p = &w->g->param[i];
    float *value = w->values + w->place[i];
    size_t each = ay_shape_count(&p->shape) / (size_t)p->parts;

    ay_param_read(p, value);
    for (int k = 0; k < p->parts; k++) {
        size_t at = w->place[i] + (size_t)k * each;
        w->weight[w->first[i] + (size_t)k] =
            (ay_weight){.name = p->name[k],
                        .shape = p->src[k].shape,
                        .value = w->values + at,
                        .grad = w->place[i] < w->grad_count ? w->grads + at : NULL,
                        .no_decay = p->shape.rank <= 1};
    }
}

static ay_status fill(ay_weights *w, bool *statistic, ay_err *err)
{
    find_statistics(w->g, statistic);
    w->grad_count = place_params(w, statistic, false, 0);
    w->value_count = place_params(w, statistic, true, w->grad_count);
    w->weight = ay_calloc(w->count + 1, sizeof *w->weight);
    w->values = ay_aligned_alloc(64, (w->value_count + PIECE) * sizeof(float));
    w->grads = ay_aligned_alloc(64, (w->grad_count + PIECE) * sizeof(float));
    if (!w->weight || !w->values || !w->grads)
        return ay_fail(err, AY_ENOMEM, "out of memory for %zu weights", w->value_count);
    memset(w->values, 0, (w->value_count + PIECE) * sizeof(float));
    memset(w->grads, 0, (w->grad_count + PIECE) * sizeof(float));
    for (int i = 0; i < w->g->params; i++)
        fill_param(w, i);
    return AY_OK;
}

ay_status ay_weights_create(ay_weights **out, ay_graph *g, ay_err *err)
{
    ay_weights *w;
    bool *statistic;
    ay_status status;

    *out = NULL;
    if (!g->bound)
        return ay_fail(err, AY_EINVAL, "the graph has no weights yet");
    status = refuse_shared(g, err);
    if (status != AY_OK)
        return status;
    w = ay_calloc(1, sizeof *w);
    statistic = ay_calloc((size_t)g->params + 1, sizeof *statistic);
    if (w) {
        w->g = g;
        w->place = ay_calloc((size_t)g->params + 1, sizeof *w->place);
        w->first = ay_calloc((size_t)g->params + 1, sizeof *w->first);
    }
    if (!w || !statistic || !w->place || !w->first)
        status = ay_fail(err, AY_ENOMEM, "out of memory for weights");
    else
        status = fill(w, statistic, err);
    ay_free(statistic);
    if (status != AY_OK) {
        ay_weights_destroy(w);
        return status;
    }
    *out = w;
    return AY_OK;
}

void ay_weights_destroy(ay_weights *w)
{
    if (!w)
        return;
    ay_free(w->weight);
    ay_free(w->values);
    ay_free(w->grads);
    ay_free(w->place);
    ay_free(w->first);
    ay_free(w);
}

size_t ay_weights_count(const ay_weights *w)
{
    return w->count;
}

ay_weight *ay_weights_at(ay_weights *w, size_t i)
{
    return &w->weight[i];
}

ay_weight *ay_weights_find(ay_weights *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->weight[i].name, name) == 0)
            return &w->weight[i];
    return NULL;
}

float *ay_weights_values(ay_weights *w, size_t *count)
{
    *count = w->value_count;
    return w->values;
}

float *ay_weights_grads(ay_weights *w, size_t *count)
{
    *count = w->grad_count;
    return w->grads;
}

size_t ay_weights_freeze(ay_weights *w, const char *prefix, bool frozen)
{
    size_t n = 0;

    for (size_t i = 0; i < w->count; i++)
        if (ay_str_starts(w->weight[i].name, prefix)) {
            w->weight[i].frozen = frozen;
            n++;
        }
    return n;
}

float *ay_weights_param(const ay_weights *w, int i)
{
    return w->values + w->place[i];
}

float *ay_weights_param_grad(const ay_weights *w, int i)
{
    if (w->place[i] >= w->grad_count)
        return NULL;
    for (int k = 0; k < w->g->param[i].parts; k++)
        if (!w->weight[w->first[i] + (size_t)k].frozen)
            return w->grads + w->place[i];
    return NULL;
}

ay_status ay_weights_save(const ay_weights *w, const char *path, const ay_tensor *more,
                          const char *const *more_names, int more_count, ay_err *err)
{
    size_t n = w->count + (size_t)more_count;
    ay_named_tensor *all = ay_calloc(n + 1, sizeof *all);
    ay_status status;

    if (!all)
        return ay_fail(err, AY_ENOMEM, "out of memory saving weights");
    for (size_t i = 0; i < w->count; i++)
        all[i] = (ay_named_tensor){w->weight[i].name,
                                   ay_tensor_make(AY_F32, w->weight[i].shape, w->weight[i].value)};
    for (int i = 0; i < more_count; i++)
        all[w->count + (size_t)i] = (ay_named_tensor){more_names[i], more[i]};
    status = ay_safetensors_write(path, all, n, NULL, err);
    ay_free(all);
    return status;
}

ay_status ay_weights_load(ay_weights *w, const ay_safetensors *st, ay_err *err)
{
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];

    for (size_t i = 0; i < w->count; i++) { /* all are looked at before any is changed */
        const ay_weight *x = &w->weight[i];
        const ay_tensor *t = ay_safetensors_find(st, x->name);
        if (!t)
            return ay_fail(err, AY_ENOTFOUND, "the file lacks the weight \"%s\"", x->name);
        if (!ay_shape_same_squeezed(&t->shape, &x->shape))
            return ay_fail(err, AY_ECORRUPT, "\"%s\" is %s in the file, wanted %s", x->name,
                           ay_shape_text(&t->shape, a), ay_shape_text(&x->shape, b));
        if (!ay_dtype_is_float(t->dtype))
            return ay_fail(err, AY_ECORRUPT, "\"%s\" holds %s, wanted floats", x->name,
                           ay_dtype_name(t->dtype));
    }
    for (size_t i = 0; i < w->count; i++) {
        const ay_tensor *t = ay_safetensors_find(st, w->weight[i].name);
        ay_to_f32(w->weight[i].value, t->data, t->dtype, ay_tensor_count(t));
    }
    return AY_OK;
}
