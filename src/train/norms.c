/* train/norms.c - batch norms whose statistics a file has lost.
 *
 * A published file may have the statistics of its batch norms folded into scales and biases: every
 * mean is 0 and every variance 1.  It answers as before, but it cannot be trained as before.  With
 * statistics of batches it is another network at the first step.  With the statistics held at 0 and
 * 1, what its norms were there for is lost: a step of usual size in a convolution changes the size
 * of what comes out, layer upon layer.  Measured on steel defects at 128 pixels and the default
 * rate: five epochs of that end at 0.77 on validation, where the head alone had 0.98.
 *
 * So the statistics are put back.  With m and v the mean and variance of what enters a norm,
 * measured on training pictures in the network as it is,
 *
 *     scale' = scale sqrt(v + eps) / sqrt(1 + eps)      mean'     = m
 *     bias'  = bias + m scale / sqrt(1 + eps)           variance' = v
 *
 * gives (x - m) / sqrt(v + eps) scale' + bias' = x scale / sqrt(1 + eps) + bias, the same function
 * up to rounding for any m and v, and now the norm of a batch is near what is stored.
 *
 * Rejected: smaller rates with frozen norms (it can be made to work, but the right rate is another for
 * every file); the statistics of the data the file was made from (nobody has
 * them). */
#include "base/mem.h"
#include "nn/inspect.h"
#include "train/run_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PICTURES = 256, LOOK = 8 };

/* ---- which weights ----------------------------------------------------------------------------- */

static ay_weight *part(ay_weights *w, const char *prefix, const char *name)
{
    char whole[AY_SAFETENSORS_NAME_MAX + 32];

    snprintf(whole, sizeof whole, "%s.%s", prefix, name);
    return ay_weights_find(w, whole);
}

/* The prefix of the norm that this running variance belongs to; false: it is something else. */
static bool norm_of(const ay_weight *w, char dst[AY_SAFETENSORS_NAME_MAX])
{
    static const char end[] = ".running_var";
    size_t n = strlen(w->name), m = sizeof end - 1;

    if (w->grad || n <= m || strcmp(w->name + n - m, end) != 0)
        return false;
    snprintf(dst, AY_SAFETENSORS_NAME_MAX, "%.*s", (int)(n - m), w->name);
    return true;
}

void ay_norms_freeze(ay_weights *w)
{
    char prefix[AY_SAFETENSORS_NAME_MAX];

    for (size_t i = 0; i < ay_weights_count(w); i++) {
        bool norm = norm_of(ay_weights_at(w, i), prefix);
        ay_weight *scale = norm ? part(w, prefix, "weight") : NULL;
        ay_weight *bias = norm ? part(w, prefix, "bias") : NULL;
        if (scale)
            scale->frozen = true;
        if (bias)
            bias->frozen = true;
    }
}

static bool all_equal(const ay_weight *w, float value)
{
    for (size_t i = 0, n = w ? ay_shape_count(&w->shape) : 0; i < n; i++)
        if (w->value[i] != value)
            return false;
    return w != NULL;
}

static bool folded(ay_weights *w)
{
    char prefix[AY_SAFETENSORS_NAME_MAX];
    int norms = 0;

    for (size_t i = 0; i < ay_weights_count(w); i++) {
        const ay_weight *v = ay_weights_at(w, i);
        if (!norm_of(v, prefix))
            continue;
        if (!all_equal(v, 1) || !all_equal(part(w, prefix, "running_mean"), 0))
            return false;
        norms++;
    }
    return norms > 0;
}

/* ---- anew before judging ----------------------------------------------------------------------- */

enum { BATCHES = 8 };

/* Norms that learn: what they start from, and after so many batches what they have seen. */
static int each_moving(ay_weights *w, int batches)
{
    char prefix[AY_SAFETENSORS_NAME_MAX];
    double seen = 1 - pow(0.9, batches); /* nn/learn.h: each batch has a tenth of what is left */
    int norms = 0;

    for (size_t i = 0; i < ay_weights_count(w); i++) {
        ay_weight *v = ay_weights_at(w, i), *mean;
        if (!norm_of(v, prefix) || part(w, prefix, "weight")->frozen)
            continue;
        mean = part(w, prefix, "running_mean");
        for (size_t c = 0; c < ay_shape_count(&v->shape); c++) {
            v->value[c] = batches ? (float)(v->value[c] / seen) : 0;
            mean->value[c] = batches ? (float)(mean->value[c] / seen) : 0;
        }
        norms++;
    }
    return norms;
}

static ay_status some_batches(ay_fitting *f, int *done, ay_err *err)
{
    const ay_tensor *in = ay_learn_input(f->learn, 0);
    size_t row = ay_tensor_count(in) / (size_t)f->train.batch;
    ay_fit_batch b = {.n = 1};
    ay_status status = f->train.start(f->train.ctx, (uint64_t)f->epoch, err);

    for (*done = 0; status == AY_OK && *done < BATCHES; ++*done) {
        status = f->train.next(f->train.ctx, &b, err);
        if (status != AY_OK || b.n == 0)
            break;
        for (int i = 0; i < f->train.batch; i++)
            memcpy((float *)in->data + (size_t)i * row, b.x + (size_t)(i % b.n) * row, row * sizeof *b.x);
        status = ay_learn_forward(f->learn, 0, err);
    }
    return status;
}

ay_status ay_norms_measure(ay_fitting *f, ay_err *err)
{
    int done = 0;
    ay_status status;

    if (each_moving(f->weights, 0) == 0)
        return AY_OK;
    status = some_batches(f, &done, err);
    if (status == AY_OK && done == 0)
        status = ay_fail(err, AY_EIO, "no training picture can be read any more");
    if (status == AY_OK)
        each_moving(f->weights, done);
    return status;
}

/* ---- measuring --------------------------------------------------------------------------------- */

typedef struct {
    ay_val norm;
    size_t channels;
    double *sum, *squares; /* [channels] */
    double count;
} moments;

static void add_picture(moments *m, const ay_tensor *x, int row)
{
    size_t each = ay_tensor_count(x) / (size_t)x->shape.dim[0], inner = each / m->channels;
    const float *p = (const float *)x->data + (size_t)row * each;

    for (size_t c = 0; c < m->channels; c++)
        for (size_t k = 0; k < inner; k++, p++) {
            m->sum[c] += *p;
            m->squares[c] += (double)*p * *p;
        }
    m->count += (double)inner;
}

/* Rows at .. at + n - 1 of a batch through the plan; LOOK rows always, the last one stands in. */
static ay_status look(ay_learn *p, const float *x, int n, moments *m, int norms, ay_err *err)
{
    const ay_tensor *in = ay_learn_input(p, 0);
    size_t row = ay_tensor_count(in) / LOOK;
    ay_status status;

    for (int i = 0; i < LOOK; i++)
        memcpy((float *)in->data + (size_t)i * row, x + (size_t)(i < n ? i : n - 1) * row,
               row * sizeof *x);
    status = ay_learn_forward(p, 0, err);
    for (int k = 0; k < norms && status == AY_OK; k++)
        for (int i = 0; i < n; i++)
            add_picture(&m[k], ay_learn_watched(p, k), i);
    return status;
}

static ay_status look_at_some(ay_fitting *f, ay_learn *p, moments *m, int norms, ay_err *err)
{
    size_t row = ay_tensor_count(ay_learn_input(p, 0)) / LOOK;
    ay_fit_batch b = {.n = 1};
    ay_status status = f->train.start(f->train.ctx, 0, err);

    for (int seen = 0; status == AY_OK && seen < PICTURES && b.n > 0; seen += b.n) {
        status = ay_run_paused(f->run, err);
        if (status == AY_OK)
            status = f->train.next(f->train.ctx, &b, err);
        for (int i = 0; status == AY_OK && i < b.n; i += LOOK)
            status = look(p, b.x + (size_t)i * row, b.n - i < LOOK ? b.n - i : LOOK, m, norms, err);
    }
    return status;
}

/* Norms of m, at most AY_LEARN_WATCH, in the network as it is. */
static ay_status measure(ay_fitting *f, moments *m, int norms, ay_err *err)
{
    ay_learn_options o = {.batch = LOOK,
                          .backend = f->run->s.backend,
                          .precision = AY_NN_F32,
                          .threads = f->run->threads,
                          .inference = true,
                          .watched = norms};
    ay_learn *p = NULL;
    ay_status status;

    for (int k = 0; k < norms; k++)
        o.watch[k] = ay_graph_reads(f->graph, m[k].norm, 0);
    status = ay_learn_create(&p, f->graph, f->weights, &o, err);
    if (status == AY_OK)
        status = look_at_some(f, p, m, norms, err);
    ay_learn_destroy(p);
    return status;
}

/* ---- putting back ------------------------------------------------------------------------------ */

static void put_back(ay_weights *w, const ay_graph *g, const moments *m)
{
    float eps;
    const char *prefix = ay_graph_norm(g, m->norm, &eps);
    float *scale = part(w, prefix, "weight")->value, *bias = part(w, prefix, "bias")->value;
    float *mean = part(w, prefix, "running_mean")->value, *var = part(w, prefix, "running_var")->value;

    for (size_t c = 0; c < m->channels && m->count > 0; c++) {
        double a = m->sum[c] / m->count, v = fmax(0, m->squares[c] / m->count - a * a);
        double s = scale[c] / sqrt(1 + (double)eps);
        mean[c] = (float)a;
        var[c] = (float)v;
        bias[c] = (float)(bias[c] + mean[c] * s);
        scale[c] = (float)(s * sqrt(var[c] + (double)eps));
    }
}

static ay_status find_norms(const ay_fitting *f, moments *m, int norms, ay_err *err)
{
    ay_val v = AY_NOVAL;
    float eps;

    for (int k = 0; k < norms; k++) {
        v = ay_graph_find(f->graph, "batch_norm", v);
        const ay_weight *w = part(f->weights, ay_graph_norm(f->graph, v, &eps), "running_var");
        m[k] = (moments){.norm = v, .channels = ay_shape_count(&w->shape)};
        m[k].sum = ay_calloc(m[k].channels, sizeof *m[k].sum);
        m[k].squares = ay_calloc(m[k].channels, sizeof *m[k].squares);
        if (!m[k].sum || !m[k].squares)
            return ay_fail(err, AY_ENOMEM, "statistics of batch norms");
    }
    return AY_OK;
}

static int count_norms(const ay_graph *g)
{
    int n = 0;

    for (ay_val v = AY_NOVAL; (v = ay_graph_find(g, "batch_norm", v)) != AY_NOVAL;)
        n++;
    return n;
}

ay_status ay_norms_restore(ay_fitting *f, ay_err *err)
{
    int norms = count_norms(f->graph);
    moments *m;
    ay_status status;

    if (!folded(f->weights))
        return AY_OK;
    m = ay_calloc((size_t)norms, sizeof *m);
    if (!m)
        return ay_fail(err, AY_ENOMEM, "statistics of batch norms");
    status = find_norms(f, m, norms, err);
    for (int k = 0; k < norms && status == AY_OK; k += AY_LEARN_WATCH)
        status = measure(f, m + k, norms - k < AY_LEARN_WATCH ? norms - k : AY_LEARN_WATCH, err);
    for (int k = 0; k < norms; k++) { /* only now: all were measured in the same network */
        if (status == AY_OK)
            put_back(f->weights, f->graph, &m[k]);
        ay_free(m[k].sum);
        ay_free(m[k].squares);
    }
    ay_free(m);
    if (status == AY_OK)
        ay_run_note(f->run, "norms_measured|the file has no statistics of its %d batch norms: measured them on "
                            "training pictures", norms);
    return status;
}
