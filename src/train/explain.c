/* train/explain.c - Grad-CAM and attention rollout: from a bound graph to a small map. */
#include "train/explain.h"
#include "base/mem.h"
#include "nn/inspect.h"

#include <math.h>
#include <string.h>

void ay_heat_fini(ay_heat *h)
{
    ay_free(h->value);
    memset(h, 0, sizeof *h);
}

static ay_status heat_create(ay_heat *h, int width, int height, ay_err *err)
{
    *h = (ay_heat){width, height, ay_calloc((size_t)width * (size_t)height, sizeof(float))};
    return h->value ? AY_OK : ay_fail(err, AY_ENOMEM, "heat map: no memory");
}

/* To 0..1, as the system it replaces does: what is coldest becomes 0. */
static void stretch(ay_heat *h)
{
    size_t n = (size_t)h->width * (size_t)h->height;
    float lo = h->value[0], hi = lo;

    for (size_t i = 1; i < n; i++) {
        lo = fminf(lo, h->value[i]);
        hi = fmaxf(hi, h->value[i]);
    }
    for (size_t i = 0; i < n; i++)
        h->value[i] = hi > lo ? (h->value[i] - lo) / (hi - lo) : 0;
}

/* The last attention, or AY_NOVAL. */
static ay_val last_attention(const ay_graph *g)
{
    ay_val last = AY_NOVAL;

    for (ay_val v = ay_graph_find(g, "attention", AY_NOVAL); v != AY_NOVAL;
         v = ay_graph_find(g, "attention", v))
        last = v;
    return last;
}

/* The last map N C H W that is more than one place and comes after all attention. */
static ay_val last_map(const ay_graph *g)
{
    for (ay_val v = ay_graph_values(g) - 1; v > last_attention(g); v--) {
        ay_shape s = ay_graph_shape(g, v);
        if (s.rank == 4 && s.dim[2] * s.dim[3] > 1 && ay_graph_reads(g, v, 0) != AY_NOVAL)
            return v;
    }
    return AY_NOVAL;
}

/* A plan that watches n values; the plain loops where the fast back end cannot. */
static ay_status watch(ay_learn **out, ay_graph *g, const char *backend, const ay_val *v, int n,
                       ay_err *err)
{
    ay_learn_options o = {
        .batch = 1, .backend = backend, .precision = AY_NN_F32, .inference = true, .watched = n};
    ay_status status;

    memcpy(o.watch, v, (size_t)n * sizeof *v);
    status = ay_learn_create(out, g, NULL, &o, err);
    if (status == AY_EUNSUPPORTED && !backend) {
        o.backend = "ref";
        status = ay_learn_create(out, g, NULL, &o, err);
    }
    return status;
}

static ay_status forward(ay_learn *p, const float *input, ay_err *err)
{
    const ay_tensor *x = ay_learn_input(p, 0);

    memcpy(x->data, input, ay_tensor_bytes(x));
    return ay_learn_forward(p, 0, err);
}

/* ---- Grad-CAM ------------------------------------------------------------------------------- */

static int largest(const float *v, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (v[i] > v[best])
            best = i;
    return best;
}

/* d logit[target] / d output: one at the target, nothing elsewhere. */
static ay_status aim(ay_learn *p, ay_graph *g, int logits, int *target, ay_err *err)
{
    const ay_tensor *z = ay_learn_output(p, logits);
    int classes = (int)ay_tensor_count(z);

    if (*target < 0)
        *target = largest(z->data, classes);
    if (*target >= classes)
        return ay_fail(err, AY_EINVAL, "heat map for class %d of %d", *target, classes);
    for (int i = 0; i < ay_graph_outputs(g); i++) {
        const ay_tensor *d = ay_learn_diff_output(p, i);
        memset(d->data, 0, ay_tensor_bytes(d));
    }
    ((float *)ay_learn_diff_output(p, logits)->data)[*target] = 1;
    return AY_OK;
}

/* Weight of a channel: the mean of its gradient; the map: the positive part of the weighted sum. */
static void weigh(const ay_tensor *map, const ay_tensor *diff, ay_heat *out)
{
    size_t places = (size_t)out->width * (size_t)out->height, channels = (size_t)map->shape.dim[1];
    const float *a = map->data, *d = diff->data;

    for (size_t c = 0; c < channels; c++, a += places, d += places) {
        double mean = 0;
        for (size_t i = 0; i < places; i++)
            mean += d[i] / (double)places;
        for (size_t i = 0; i < places; i++)
            out->value[i] += (float)mean * a[i];
    }
    for (size_t i = 0; i < places; i++)
        out->value[i] = fmaxf(0, out->value[i]);
}

ay_status ay_explain_gradcam(ay_graph *g, const char *backend, const float *input, int target,
                             ay_heat *out, int *target_used, ay_err *err)
{
    ay_val map = last_map(g);
    int logits = ay_graph_output_named(g, "logits");
    ay_learn *p;
    ay_status status;

    memset(out, 0, sizeof *out);
    if (logits < 0)
        return ay_fail(err, AY_EUNSUPPORTED, "heat map: the network has no classes to explain");
    if (map == AY_NOVAL)
        return ay_fail(err, AY_EUNSUPPORTED, "heat map: the network does not end in a map");
    status = watch(&p, g, backend, &map, 1, err);
    if (status != AY_OK)
        return status;
    status = forward(p, input, err);
    if (status == AY_OK)
        status = aim(p, g, logits, &target, err);
    if (status == AY_OK)
        status = ay_learn_backward(p, false, err);
    if (status == AY_OK) {
        const ay_tensor *m = ay_learn_watched(p, 0);
        status = heat_create(out, (int)m->shape.dim[3], (int)m->shape.dim[2], err);
        if (status == AY_OK) {
            weigh(m, ay_learn_diff_watched(p, 0), out);
            stretch(out);
        }
    }
    ay_learn_destroy(p);
    if (status == AY_OK && target_used)
        *target_used = target;
    return status;
}

/* ---- attention rollout ---------------------------------------------------------------------- */

/* row [tokens]: softmax of q . k, added to sum with weight 1 / heads. */
static void attend(const float *qkv, int tokens, int width, int heads, int t, double *row, double *sum)
{
    int size = width / heads;

    for (int h = 0; h < heads; h++) {
        const float *q = qkv + (size_t)t * 3 * (size_t)width + (size_t)h * (size_t)size;
        double top = -INFINITY, total = 0;
        for (int s = 0; s < tokens; s++) {
            const float *k = qkv + ((size_t)s * 3 + 1) * (size_t)width + (size_t)h * (size_t)size;
            row[s] = 0;
            for (int i = 0; i < size; i++)
                row[s] += (double)q[i] * k[i];
            row[s] /= sqrt(size);
            top = fmax(top, row[s]);
        }
        for (int s = 0; s < tokens; s++)
            total += row[s] = exp(row[s] - top);
        for (int s = 0; s < tokens; s++)
            sum[s] += row[s] / total / heads;
    }
}

/* all [tokens, tokens] = (attention / 2 + identity / 2) all: what a layer mixes of what came below,
 * half of it through its shortcut. */
static void roll(double *all, double *next, double *row, double *sum, const float *qkv, int tokens,
                 int width, int heads)
{
    size_t n = (size_t)tokens;

    for (int t = 0; t < tokens; t++) {
        double *to = next + (size_t)t * n;
        memset(sum, 0, n * sizeof *sum);
        attend(qkv, tokens, width, heads, t, row, sum);
        for (size_t i = 0; i < n; i++)
            to[i] = all[(size_t)t * n + i] / 2;
        for (size_t s = 0; s < n; s++)
            for (size_t i = 0; i < n; i++)
                to[i] += sum[s] / 2 * all[s * n + i];
    }
    memcpy(all, next, n * n * sizeof *all);
}

typedef struct {
    ay_graph *g;
    const char *backend;
    const float *input;
    int tokens;
    double *all, *next, *row, *sum;
} rolling;

/* Layers first .. first + n - 1 of v. */
static ay_status roll_some(rolling *r, const ay_val *v, int n, ay_err *err)
{
    ay_val read[AY_LEARN_WATCH];
    ay_learn *p;
    ay_status status;

    for (int i = 0; i < n; i++)
        read[i] = ay_graph_reads(r->g, v[i], 0);
    status = watch(&p, r->g, r->backend, read, n, err);
    if (status != AY_OK)
        return status;
    status = forward(p, r->input, err);
    for (int i = 0; i < n && status == AY_OK; i++) {
        const ay_tensor *qkv = ay_learn_watched(p, i);
        roll(r->all, r->next, r->row, r->sum, qkv->data, r->tokens, (int)qkv->shape.dim[2] / 3,
             ay_graph_heads(r->g, v[i]));
    }
    ay_learn_destroy(p);
    return status;
}

static ay_status roll_all(rolling *r, ay_err *err)
{
    ay_val v[AY_LEARN_WATCH], at = AY_NOVAL;
    ay_status status = AY_OK;
    int n = 0;

    for (int i = 0; i < r->tokens; i++)
        r->all[(size_t)i * (size_t)r->tokens + (size_t)i] = 1;
    while (status == AY_OK && (at = ay_graph_find(r->g, "attention", at)) != AY_NOVAL) {
        v[n++] = at;
        if (n == AY_LEARN_WATCH || ay_graph_find(r->g, "attention", at) == AY_NOVAL) {
            status = roll_some(r, v, n, err);
            n = 0;
        }
    }
    return status;
}

/* Every attention sees the same class token and square grid. */
static int grid_side(const ay_graph *g, int *tokens)
{
    int side = 0;

    *tokens = 0;
    for (ay_val v = ay_graph_find(g, "attention", AY_NOVAL); v != AY_NOVAL;
         v = ay_graph_find(g, "attention", v)) {
        ay_shape s = ay_graph_shape(g, v);
        if (s.rank != 3 || (*tokens && s.dim[1] != *tokens))
            return 0;
        *tokens = (int)s.dim[1];
    }
    while (*tokens && side * side < *tokens - 1)
        side++;
    return side > 0 && side * side == *tokens - 1 ? side : 0;
}

ay_status ay_explain_rollout(ay_graph *g, const char *backend, const float *input, ay_heat *out,
                             ay_err *err)
{
    rolling r = {.g = g, .backend = backend, .input = input};
    int side = grid_side(g, &r.tokens);
    size_t n = (size_t)r.tokens;
    ay_status status = AY_OK;

    memset(out, 0, sizeof *out);
    if (!side)
        return ay_fail(err, AY_EUNSUPPORTED,
                       "heat map: the network has no attention over a class token and a square grid");
    r.all = ay_calloc(n * n, sizeof *r.all);
    r.next = ay_calloc(n * n, sizeof *r.next);
    r.row = ay_calloc(n, sizeof *r.row);
    r.sum = ay_calloc(n, sizeof *r.sum);
    if (!r.all || !r.next || !r.row || !r.sum)
        status = ay_fail(err, AY_ENOMEM, "heat map of %zu tokens: no memory", n);
    if (status == AY_OK)
        status = roll_all(&r, err);
    if (status == AY_OK)
        status = heat_create(out, side, side, err);
    if (status == AY_OK) {
        for (size_t i = 1; i < n; i++)
            out->value[i - 1] = (float)r.all[i];
        stretch(out);
    }
    ay_free(r.all);
    ay_free(r.next);
    ay_free(r.row);
    ay_free(r.sum);
    return status;
}

ay_status ay_explain_heat(ay_graph *g, const char *backend, const float *input, int target,
                          ay_heat *out, int *target_used, ay_err *err)
{
    if (last_map(g) != AY_NOVAL)
        return ay_explain_gradcam(g, backend, input, target, out, target_used, err);
    if (target_used)
        *target_used = -1;
    return ay_explain_rollout(g, backend, input, out, err);
}
