/* models/head.c - the classifier that training puts on a body: one or two linear layers.
 *
 * Its names start with "head.fc" and nothing else's do, so that a trained folder is the body's own
 * file with a few tensors more, and any body that gives a "vector" can carry it.  The embedded
 * encoder has a layer called "head" of its own ("head.weight"): another name. */
#include "models/arch.h"

enum { IGNORE_MAX = 24 };

static bool read_head(const ay_source *src, ay_model_head *h)
{
    const ay_tensor *one = ay_source_find(src, "head.fc.weight");
    const ay_tensor *first = ay_source_find(src, "head.fc1.weight");
    const ay_tensor *second = ay_source_find(src, "head.fc2.weight");
    const ay_tensor *last = one ? one : second;

    if (!last || last->shape.rank != 2 || last->shape.dim[0] > 1 << 20)
        return false;
    *h = (ay_model_head){.classes = (int)last->shape.dim[0]};
    if (!one && first && first->shape.rank == 2 && first->shape.dim[0] <= 1 << 20)
        h->hidden = (int)first->shape.dim[0];
    h->cosine = one && ay_source_find(src, "head.fc_norm.weight");
    double p = json_number_value(json_object_get(json_object_get(src->config, "head"), "dropout"));
    h->dropout = p > 0 && p < 1 ? (float)p : 0;
    return true;
}

bool ay_source_head(const ay_source *src, const ay_model_options *opt, ay_graph *g, ay_val vector,
                    ay_model_info *info)
{
    ay_model_head h;
    ay_val x = vector;

    if (opt->head)
        h = *opt->head;
    else if (!read_head(src, &h))
        return false;
    info->classes = h.classes;
    info->hidden = h.hidden;
    info->dropout = h.dropout;
    info->cosine = h.cosine;
    if (!opt->head && !opt->logits)
        return true;
    ay_graph_output(g, ay_head_build(g, x, &h), "logits");
    return true;
}

/* The norm evens out the directions of the vector, so that no few of them decide every cosine. */
static ay_val cosine_head(ay_graph *g, ay_val x, const ay_model_head *h)
{
    x = ay_nn_reshape(g, x, AY_SHAPE(0, -1, 1, 1));
    x = ay_nn_flatten(g, ay_nn_batch_norm(g, x, "head.fc_norm", 1e-5f));
    return ay_nn_linear(g, ay_nn_l2_normalise(g, x), "head.fc", &(ay_linear){.out = h->classes});
}

ay_val ay_head_build(ay_graph *g, ay_val x, const ay_model_head *h)
{
    if (h->cosine)
        return cosine_head(g, x, h);
    x = ay_nn_dropout(g, x, h->dropout);
    if (h->hidden == 0)
        return ay_nn_linear(g, x, "head.fc", &(ay_linear){.out = h->classes, .bias = true});
    x = ay_nn_linear(g, x, "head.fc1", &(ay_linear){.out = h->hidden, .bias = true});
    x = ay_nn_dropout(g, ay_nn_activation(g, x, AY_ACT_RELU), h->dropout / 2);
    return ay_nn_linear(g, x, "head.fc2", &(ay_linear){.out = h->classes, .bias = true});
}

ay_status ay_source_bind(const ay_source *src, const ay_model_options *opt, ay_graph *g, bool strict,
                         const char *const *ignore, ay_err *err)
{
    static const char *const fresh[] = {"head.fc", NULL};
    const char *list[IGNORE_MAX];
    int n = 0;

    if (opt->fresh)
        return ay_graph_bind_init(g, opt->seed, err);
    for (; ignore && ignore[n] && n < IGNORE_MAX - 3; n++)
        list[n] = ignore[n];
    list[n++] = "head.fc";
    list[n++] = "unknown.";
    list[n] = NULL;
    return ay_graph_bind(g, src->st,
                         &(ay_bind){.strict = strict,
                                    .ignore = list,
                                    .fresh = opt->head ? fresh : NULL,
                                    .fresh_seed = opt->seed},
                         err);
}
