/* nn/optim.c - one step of SGD, Adam or AdamW over all weights.
 *
 * Each weight counts its own steps, as in PyTorch: one that is thawed in the tenth epoch starts its
 * bias correction there.
 *
 * A step is bound by memory, so threads share it: by blocks of a fixed size, each with its own sum of
 * squares, added up in their order, so that the number of threads changes no bit. */
#include "nn/optim.h"

#include "base/mem.h"
#include "base/str.h"
#include "nn/optim_kernel.h"
#include "nn/parallel.h"

#include <math.h>
#include <string.h>

enum { STATE_MAX = 3, BLOCK = 1 << 16 };

/* Elements [at, at + n) of a weight. */
typedef struct {
    size_t weight, at, n;
    double squares;
} block;

struct ay_optim {
    ay_weights *w;
    ay_optim_options opt;
    double beta1, beta2;
    const ay_optim_kernel *kernel;
    float *first, *second; /* moments, in the order of the gradients; SGD has only the first */
    size_t count;
    int64_t *steps; /* by weight */
    float *lr_scale, *decay_scale;
    ay_optim_step_params *params; /* by weight, of the step in hand */
    block *block;
    size_t blocks;
};

/* Settings are short decimals kept in floats; 1 - 0.999f would be 1e-5 off 0.001. */
static double decimal(float x)
{
    return round((double)x * 1e7) / 1e7;
}

static ay_status refuse(const ay_optim_options *o, ay_err *err)
{
    bool adam = o->kind == AY_OPTIM_ADAM || o->kind == AY_OPTIM_ADAMW;

    if (!adam && o->kind != AY_OPTIM_SGD)
        return ay_fail(err, AY_EINVAL, "optimiser %d does not exist", (int)o->kind);
    if (!(o->momentum >= 0 && o->momentum < 1))
        return ay_fail(err, AY_EINVAL, "momentum %g: wants 0 to below 1", (double)o->momentum);
    if (!(o->beta1 >= 0 && o->beta1 < 1 && o->beta2 >= 0 && o->beta2 < 1 && o->eps >= 0))
        return ay_fail(err, AY_EINVAL, "beta1 %g, beta2 %g: want 0 to below 1, eps not negative",
                       (double)o->beta1, (double)o->beta2);
    if (!(o->decay >= 0 && o->clip_norm >= 0))
        return ay_fail(err, AY_EINVAL, "decay %g, clip_norm %g: want at least 0", (double)o->decay,
                       (double)o->clip_norm);
    return AY_OK;
}

/* Of every weight that has a gradient; frozen ones are passed over when their turn comes. */
static ay_status cut(ay_optim *o, ay_err *err)
{
    size_t n = ay_weights_count(o->w);

    o->block = ay_alloc(n + o->count / BLOCK + 1, sizeof *o->block);
    if (!o->block)
        return ay_fail(err, AY_ENOMEM, "out of memory for an optimiser of %zu weights", o->count);
    for (size_t i = 0; i < n; i++) {
        const ay_weight *x = ay_weights_at(o->w, i);
        size_t whole = x->grad ? ay_shape_count(&x->shape) : 0;
        for (size_t at = 0; at < whole; at += BLOCK)
            o->block[o->blocks++] = (block){i, at, whole - at < BLOCK ? whole - at : BLOCK, 0};
    }
    return AY_OK;
}

static ay_status make_room(ay_optim *o, ay_err *err)
{
    size_t n = ay_weights_count(o->w);
    bool adam = o->opt.kind != AY_OPTIM_SGD;

    ay_weights_grads(o->w, &o->count);
    o->first = ay_calloc(o->count + 1, sizeof *o->first);
    o->second = adam ? ay_calloc(o->count + 1, sizeof *o->second) : NULL;
    o->steps = ay_calloc(n + 1, sizeof *o->steps);
    o->lr_scale = ay_alloc(n + 1, sizeof *o->lr_scale);
    o->decay_scale = ay_alloc(n + 1, sizeof *o->decay_scale);
    o->params = ay_calloc(n + 1, sizeof *o->params);
    if (!o->first || (adam && !o->second) || !o->steps || !o->lr_scale || !o->decay_scale || !o->params)
        return ay_fail(err, AY_ENOMEM, "out of memory for an optimiser of %zu weights", o->count);
    for (size_t i = 0; i < n; i++)
        o->lr_scale[i] = o->decay_scale[i] = 1;
    return cut(o, err);
}

ay_status ay_optim_create(ay_optim **out, ay_weights *w, const ay_optim_options *opt, ay_err *err)
{
    ay_status status = refuse(opt, err);
    ay_optim *o;

    *out = NULL;
    if (status != AY_OK)
        return status;
    o = ay_calloc(1, sizeof *o);
    if (!o)
        return ay_fail(err, AY_ENOMEM, "out of memory for an optimiser");
    o->w = w;
    o->opt = *opt;
    o->opt.threads = opt->threads > 0 ? opt->threads : 1;
    o->opt.eps = opt->eps > 0 ? opt->eps : 1e-8f;
    o->beta1 = opt->beta1 > 0 ? decimal(opt->beta1) : 0.9;
    o->beta2 = opt->beta2 > 0 ? decimal(opt->beta2) : 0.999;
    o->kernel = ay_optim_kernel_at(0);
    status = make_room(o, err);
    if (status != AY_OK) {
        ay_optim_destroy(o);
        return status;
    }
    *out = o;
    return AY_OK;
}

void ay_optim_destroy(ay_optim *o)
{
    if (!o)
        return;
    ay_free(o->first);
    ay_free(o->second);
    ay_free(o->steps);
    ay_free(o->lr_scale);
    ay_free(o->decay_scale);
    ay_free(o->params);
    ay_free(o->block);
    ay_free(o);
}

size_t ay_optim_group(ay_optim *o, const char *prefix, float lr_scale, float decay_scale)
{
    size_t fits = 0;

    for (size_t i = 0; i < ay_weights_count(o->w); i++) {
        const ay_weight *x = ay_weights_at(o->w, i);
        if (!x->grad || !ay_str_starts(x->name, prefix))
            continue;
        o->lr_scale[i] = lr_scale;
        o->decay_scale[i] = decay_scale;
        fits++;
    }
    return fits;
}

static bool moves(const ay_weight *x)
{
    return x->grad && !x->frozen;
}

/* A block goes to the next thread, so that large weights and small ones are shared alike. */
static void squares_part(void *ctx, int i, int parts)
{
    ay_optim *o = ctx;

    for (size_t k = (size_t)i; k < o->blocks; k += (size_t)parts) {
        block *b = &o->block[k];
        const ay_weight *x = ay_weights_at(o->w, b->weight);
        b->squares = moves(x) ? o->kernel->squares(x->grad + b->at, b->n) : 0;
    }
}

/* The squares of all gradients, summed; not finite when one of them is not. */
static double squares_of(const ay_optim *o, const ay_weight **culprit)
{
    double sum = 0;

    *culprit = NULL;
    ay_parallel(o->opt.threads, squares_part, (void *)o);
    for (size_t k = 0; k < o->blocks; k++) {
        if (!isfinite(o->block[k].squares) && !*culprit)
            *culprit = ay_weights_at(o->w, o->block[k].weight);
        sum += o->block[k].squares;
    }
    return sum;
}

double ay_optim_squares(const ay_optim *o)
{
    const ay_weight *bad;

    return squares_of(o, &bad);
}

static void set_sgd(const ay_optim *o, ay_optim_step_params *p, double rate)
{
    p->rate = (float)rate;
    p->momentum = o->opt.momentum;
    p->lookahead = o->opt.nesterov;
}

static void set_adam(const ay_optim *o, ay_optim_step_params *p, double rate, double t)
{
    if (o->opt.kind == AY_OPTIM_ADAMW) { /* decoupled: the value shrinks, the gradient stays */
        p->keep = (float)(1 - rate * (double)p->decay);
        p->decay = 0;
    }
    p->rate = (float)(rate / (1 - pow(o->beta1, t)));
    p->root = (float)(1 / sqrt(1 - pow(o->beta2, t)));
    p->fresh1 = (float)(1 - o->beta1);
    p->beta2 = (float)o->beta2;
    p->fresh2 = (float)(1 - o->beta2);
    p->eps = o->opt.eps;
}

static void move_part(void *ctx, int i, int parts)
{
    ay_optim *o = ctx;
    size_t unused;
    const float *grads = ay_weights_grads(o->w, &unused);

    for (size_t k = (size_t)i; k < o->blocks; k += (size_t)parts) {
        const block *b = &o->block[k];
        const ay_weight *x = ay_weights_at(o->w, b->weight);
        const ay_optim_step_params *p = &o->params[b->weight];
        if (!moves(x))
            continue;
        float *value = x->value + b->at, *grad = x->grad + b->at;
        size_t at = (size_t)(grad - grads);
        if (o->opt.kind == AY_OPTIM_SGD)
            o->kernel->sgd(value, grad, o->first + at, b->n, p);
        else
            o->kernel->adam(value, grad, o->first + at, o->second + at, b->n, p);
    }
}

ay_status ay_optim_step(ay_optim *o, float lr, float *norm, ay_err *err)
{
    return ay_optim_step_beside(o, lr, 0, norm, err);
}

ay_status ay_optim_step_beside(ay_optim *o, float lr, double others, float *norm, ay_err *err)
{
    const ay_weight *bad;
    double length = sqrt(squares_of(o, &bad) + others);

    if (norm)
        *norm = (float)length;
    if (bad)
        return ay_fail(err, AY_ECORRUPT,
                       "the gradient of \"%s\" is not finite: lower the learning rate or clip",
                       bad->name);
    if (!isfinite(others))
        return ay_fail(err, AY_ECORRUPT, "a gradient beside these is not finite: lower the learning rate or clip");
    double clip = o->opt.clip_norm > 0 ? fmin(1, o->opt.clip_norm / (length + 1e-6)) : 1;
    for (size_t i = 0; i < ay_weights_count(o->w); i++) {
        const ay_weight *x = ay_weights_at(o->w, i);
        bool decays = x->grad && (o->opt.decay_all || !x->no_decay);
        ay_optim_step_params p = {.clip = (float)clip,
                                  .keep = 1,
                                  .decay = decays ? o->opt.decay * o->decay_scale[i] : 0};
        double rate = (double)lr * o->lr_scale[i];
        if (!moves(x))
            continue;
        o->steps[i]++;
        if (o->opt.kind == AY_OPTIM_SGD)
            set_sgd(o, &p, rate);
        else
            set_adam(o, &p, rate, (double)o->steps[i]);
        o->params[i] = p;
    }
    ay_parallel(o->opt.threads, move_part, o);
    return AY_OK;
}

static int state(const ay_optim *o, ay_tensor *t, const char **names)
{
    int64_t n = (int64_t)o->count, weights = (int64_t)ay_weights_count(o->w);
    int k = 0;

    names[k] = "optim.first";
    t[k++] = ay_tensor_make(AY_F32, AY_SHAPE(n), o->first);
    if (o->second) {
        names[k] = "optim.second";
        t[k++] = ay_tensor_make(AY_F32, AY_SHAPE(n), o->second);
    }
    names[k] = "optim.steps";
    t[k++] = ay_tensor_make(AY_I64, AY_SHAPE(weights), o->steps);
    return k;
}

int ay_optim_state(const ay_optim *o, ay_tensor *out, const char **names, int cap)
{
    ay_tensor t[STATE_MAX];
    const char *name[STATE_MAX];
    int n = state(o, t, name);

    for (int i = 0; i < n && i < cap; i++) {
        out[i] = t[i];
        names[i] = name[i];
    }
    return n;
}

ay_status ay_optim_restore(ay_optim *o, const ay_safetensors *st, ay_err *err)
{
    ay_tensor t[STATE_MAX];
    const char *name[STATE_MAX];
    int n = state(o, t, name);

    for (int i = 0; i < n; i++) { /* all are looked at before any is changed */
        const ay_tensor *from = ay_safetensors_find(st, name[i]);
        if (!from)
            return ay_fail(err, AY_ENOTFOUND, "the file lacks the optimiser's \"%s\"", name[i]);
        if (from->dtype != t[i].dtype || !ay_shape_equal(&from->shape, &t[i].shape))
            return ay_fail(err, AY_ECORRUPT, "\"%s\" is the state of another network or optimiser",
                           name[i]);
    }
    for (int i = 0; i < n; i++)
        memcpy(t[i].data, ay_safetensors_find(st, name[i])->data, ay_tensor_bytes(&t[i]));
    return AY_OK;
}
