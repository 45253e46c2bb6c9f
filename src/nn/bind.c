/* nn/bind.c - parameters meet their tensors; packed constants are kept.
 *
 * Binding copies nothing: a parameter keeps views into the file.  Floats are made when somebody
 * needs them, packed forms when the first plan needs them, and both live with the graph. */
#include "nn/op.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    ay_err first[3];
    int count[3];
} sins;
enum { MISSING, WRONG, UNEXPECTED };

/* The first sin of a kind is told in full, the others are counted. */
#define SIN(s, kind, ...)                                                                          \
    do {                                                                                           \
        if ((s)->count[kind]++ == 0)                                                               \
            ay_fail(&(s)->first[kind], AY_ECORRUPT, __VA_ARGS__);                                  \
    } while (0)

static ay_shape part_shape(const ay_param *p)
{
    ay_shape s = p->shape;

    s.dim[0] /= p->parts;
    return s;
}

static bool may_be_fresh(const char *name, const ay_bind *opt)
{
    for (const char *const *p = opt ? opt->fresh : NULL; p && *p; p++)
        if (ay_str_starts(name, *p))
            return true;
    return false;
}

/* Parts that stay without a tensor (data NULL) are to be made new. */
static void bind_param(ay_param *p, const ay_safetensors *st, const ay_bind *opt, sins *s)
{
    ay_shape want = part_shape(p);
    char a[AY_SHAPE_TEXT], b[AY_SHAPE_TEXT];

    for (int i = 0; i < p->parts; i++) {
        const ay_tensor *t = ay_safetensors_find(st, p->name[i]);
        if (may_be_fresh(p->name[i], opt) &&
            (!t || !ay_shape_same_squeezed(&t->shape, &want)))
            p->src[i] = ay_tensor_make(AY_F32, want, NULL);
        else if (!t)
            SIN(s, MISSING, "\"%s\" %s is missing", p->name[i], ay_shape_text(&want, a));
        else if (!ay_shape_same_squeezed(&t->shape, &want))
            SIN(s, WRONG, "\"%s\" is %s, wanted %s", p->name[i], ay_shape_text(&t->shape, a),
                ay_shape_text(&want, b));
        else if (!ay_dtype_is_float(t->dtype))
            SIN(s, WRONG, "\"%s\" holds %s, wanted floats", p->name[i], ay_dtype_name(t->dtype));
        else
            p->src[i] = *t;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool ignored(const char *name, const ay_bind *opt)
{
    if (ay_str_ends_nocase(name, ".num_batches_tracked") ||
        ay_str_ends_nocase(name, ".position_ids"))
        return true;
    for (const char *const *p = opt->ignore; p && *p; p++)
        if (ay_str_starts(name, *p))
            return true;
    return false;
}

static ay_status find_unexpected(const ay_graph *g, const ay_safetensors *st, const ay_bind *opt,
                                 sins *s, ay_err *err)
{
    const char **known = ay_calloc((size_t)g->params * AY_LINEAR_PARTS + 1, sizeof *known);
    size_t n = 0;

    if (!known)
        return ay_fail(err, AY_ENOMEM, "out of memory checking names");
    for (int i = 0; i < g->params; i++)
        for (int j = 0; j < g->param[i].parts; j++)
            known[n++] = g->param[i].name[j];
    qsort(known, n, sizeof *known, by_text);
    for (size_t i = 0; i < ay_safetensors_count(st); i++) {
        const char *name = ay_safetensors_name(st, i);
        if (!bsearch(&name, known, n, sizeof *known, by_text) && !ignored(name, opt))
            SIN(s, UNEXPECTED, "\"%s\" belongs to no layer", name);
    }
    ay_free(known);
    return AY_OK;
}

static ay_status report(const sins *s, ay_err *err)
{
    static const char *const what[] = {"missing", "mis-shaped", "unexpected"};
    char text[sizeof err->msg];
    size_t at = 0;

    text[0] = '\0';
    for (int k = 0; k < 3; k++) {
        if (s->count[k] == 0 || at >= sizeof text)
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.150s (%d %s)", at ? "; " : "",
                               s->first[k].msg, s->count[k], what[k]);
    }
    if (at == 0)
        return AY_OK;
    return ay_fail(err, s->count[MISSING] ? AY_ENOTFOUND : AY_ECORRUPT,
                   "the weights do not fit the network: %s", text);
}

/* Room and values for the parts that bind_param left open. */
static ay_status make_fresh(ay_graph *g, uint64_t seed, ay_err *err)
{
    size_t room = 0, at = 0;

    for (int i = 0; i < g->params; i++)
        for (int k = 0; k < g->param[i].parts; k++)
            room += g->param[i].src[k].data ? 0 : ay_tensor_count(&g->param[i].src[k]);
    if (room == 0)
        return AY_OK;
    g->random = ay_alloc(room, sizeof(float));
    if (!g->random)
        return ay_fail(err, AY_ENOMEM, "out of memory for new weights");
    for (int i = 0; i < g->params; i++)
        for (int k = 0; k < g->param[i].parts; k++) {
            ay_tensor *t = &g->param[i].src[k];
            if (t->data)
                continue;
            t->data = g->random + at;
            at += ay_tensor_count(t);
            ay_param_init(g, i, k, seed, t->data);
        }
    return AY_OK;
}

ay_status ay_graph_bind(ay_graph *g, const ay_safetensors *st, const ay_bind *opt, ay_err *err)
{
    sins s = {0};
    ay_status status;

    if (!g->finished || g->bound)
        return ay_fail(err, AY_EINVAL, "bind comes once, after finish");
    for (int i = 0; i < g->params; i++)
        bind_param(&g->param[i], st, opt, &s);
    if (opt && opt->strict && (status = find_unexpected(g, st, opt, &s, err)) != AY_OK)
        return status;
    status = report(&s, err);
    if (status == AY_OK)
        status = make_fresh(g, opt ? opt->fresh_seed : 0, err);
    g->bound = status == AY_OK;
    return status;
}

/* Values that keep signals at a steady size: weights normal with variance 2 / fan-in (He et al.,
 * 2015), scales near 1, variances positive, everything else small. */
static void make_up(const ay_param *p, float *dst, ay_rng *r)
{
    size_t n = ay_shape_count(&p->shape), rows = (size_t)p->shape.dim[0];
    const char *name = p->name[0];
    double deviation = p->shape.rank > 1 ? sqrt(2.0 / (double)(n / rows)) : 0.1, mean = 0;

    if (p->shape.rank == 1 && ay_str_ends_nocase(name, ".weight"))
        mean = 1;
    for (size_t i = 0; i < n; i++) {
        double x = ay_rng_normal(r);
        dst[i] = (float)(ay_str_ends_nocase(name, "running_var") ? 0.5 + fabs(x) / 2
                                                                 : mean + deviation * x);
    }
}

ay_status ay_graph_bind_random(ay_graph *g, uint64_t seed, ay_err *err)
{
    size_t at = 0;

    if (!g->finished || g->bound)
        return ay_fail(err, AY_EINVAL, "bind comes once, after finish");
    g->random = ay_alloc((size_t)ay_graph_parameters(g) + 1, sizeof(float));
    if (!g->random)
        return ay_fail(err, AY_ENOMEM, "out of memory for random weights");
    for (int i = 0; i < g->params; i++) {
        ay_param *p = &g->param[i];
        ay_shape part = part_shape(p);
        ay_rng r;
        ay_rng_init3(&r, seed, (uint64_t)i, 0);
        make_up(p, g->random + at, &r);
        for (int j = 0; j < p->parts; j++) {
            p->src[j] = ay_tensor_make(AY_F32, part, g->random + at);
            at += ay_shape_count(&part);
        }
    }
    g->bound = true;
    return AY_OK;
}

static bool is_taken(const char *name, const char *prefix, const char *from, char *as, size_t cap)
{
    size_t n = strlen(prefix);

    return strncmp(name, prefix, n) == 0 && snprintf(as, cap, "%s%s", from, name + n) < (int)cap;
}

ay_status ay_graph_take(ay_graph *g, const ay_safetensors *st, const char *prefix, const char *from,
                        ay_err *err)
{
    char as[AY_SAFETENSORS_NAME_MAX + 1];
    sins s = {0};
    ay_status status;

    if (!g->random)
        return ay_fail(err, AY_EINVAL, "only made-up values give way to a file's");
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < g->params; i++) {
            for (int k = 0; k < g->param[i].parts; k++) {
                ay_param *p = &g->param[i], view = *p;
                if (!is_taken(p->name[k], prefix, from, as, sizeof as))
                    continue;
                view.parts = 1;
                view.name[0] = as;
                view.shape = part_shape(p);
                bind_param(&view, st, NULL, &s);
                if (pass == 1)
                    ay_to_f32(p->src[k].data, view.src[0].data, view.src[0].dtype,
                              ay_tensor_count(&view.src[0]));
            }
        }
        status = report(&s, err);
        if (status != AY_OK)
            return status;
    }
    return AY_OK;
}

size_t ay_graph_param_count(const ay_graph *g)
{
    size_t n = 0;

    for (int i = 0; i < g->params; i++)
        n += (size_t)g->param[i].parts;
    return n;
}

const char *ay_graph_param(const ay_graph *g, size_t i, ay_tensor *out)
{
    int p = 0;

    for (; i >= (size_t)g->param[p].parts; p++)
        i -= (size_t)g->param[p].parts;
    *out = g->param[p].src[i];
    return g->param[p].name[i];
}

uint64_t ay_graph_parameters(const ay_graph *g)
{
    uint64_t n = 0;

    for (int i = 0; i < g->params; i++)
        n += ay_shape_count(&g->param[i].shape);
    return n;
}

void ay_param_read(const ay_param *p, float *dst)
{
    for (int i = 0; i < p->parts; i++) {
        size_t n = ay_tensor_count(&p->src[i]);
        ay_to_f32(dst, p->src[i].data, p->src[i].dtype, n);
        dst += n;
    }
}

ay_status ay_graph_param_f32(ay_graph *g, int i, const float **out, ay_err *err)
{
    ay_param *p = &g->param[i];
    ay_status status = AY_OK;

    if (p->parts == 1 && p->src[0].dtype == AY_F32 &&
        (uintptr_t)p->src[0].data % _Alignof(float) == 0) {
        *out = p->src[0].data;
        return AY_OK;
    }
    pthread_mutex_lock(&g->lock);
    if (!p->owned) {
        float *copy = ay_alloc(ay_shape_count(&p->shape), sizeof *copy);
        if (copy)
            ay_param_read(p, copy);
        p->owned = copy;
    }
    *out = p->owned;
    if (!p->owned)
        status = ay_fail(err, AY_ENOMEM, "out of memory for \"%s\"", p->name[0]);
    pthread_mutex_unlock(&g->lock);
    return status;
}

static ay_packed *find_packed(ay_graph *g, const void *key, size_t key_size)
{
    for (int i = 0; i < g->packed_count; i++)
        if (g->packed[i].key_size == key_size && memcmp(g->packed[i].key, key, key_size) == 0)
            return &g->packed[i];
    return NULL;
}

static ay_status add_packed(ay_graph *g, ay_packed *p, ay_err *err)
{
    if (g->packed_count == g->packed_cap) {
        int cap = g->packed_cap ? g->packed_cap * 2 : 64;
        ay_packed *bigger = ay_realloc(g->packed, (size_t)cap, sizeof *bigger);
        if (!bigger)
            return ay_fail(err, AY_ENOMEM, "out of memory for packed weights");
        g->packed = bigger;
        g->packed_cap = cap;
    }
    g->packed[g->packed_count++] = *p;
    g->packed_bytes += p->bytes;
    return AY_OK;
}

ay_status ay_graph_packed(ay_graph *g, const void *key, size_t key_size, size_t bytes,
                          ay_status (*fill)(void *ctx, void *dst, ay_err *err), void *ctx,
                          void **out, ay_err *err)
{
    ay_packed fresh = {0}, *have;
    ay_status status = AY_OK;

    pthread_mutex_lock(&g->lock);
    have = find_packed(g, key, key_size);
    if (have) {
        *out = have->data;
    } else {
        fresh.key = ay_memdup(key, key_size);
        fresh.data = ay_aligned_alloc(64, bytes ? bytes : 1);
        fresh.key_size = key_size;
        fresh.bytes = bytes;
        status =
            fresh.key && fresh.data
                ? fill(ctx, fresh.data, err)
                : ay_fail(err, AY_ENOMEM, "out of memory for packed weights (%zu bytes)", bytes);
        if (status == AY_OK)
            status = add_packed(g, &fresh, err);
        if (status != AY_OK) {
            ay_free(fresh.key);
            ay_free(fresh.data);
        }
        *out = status == AY_OK ? fresh.data : NULL;
    }
    pthread_mutex_unlock(&g->lock);
    return status;
}
