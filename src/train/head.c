/* train/head.c - the body's vectors once, then epochs of the head over them.
 *
 * A frozen body needs no backward and no augmentation, so every picture passes through it once, by
 * the engine that will serve it, and an epoch is a few products of small matrices. */
#include "base/mem.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "train/features.h"
#include "train/run_parts.h"
#include "train/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Rows of one side, and batches of them. */
typedef struct {
    int n, dim, batch, at, classes;
    float *x;    /* [n, dim] */
    int *labels; /* [n] */
    size_t *order;
    float *gathered; /* [batch, dim] */
    int *gathered_labels;
    ay_order how;
    uint64_t seed;
} rows;

typedef struct {
    ay_run *run;
    ay_engine *engine;
    ay_features *features;
    pthread_mutex_t lock;
    const int *missing; /* items whose features are not there */
    int lost;           /* files that cannot be read any more */
} collector;

/* ---- features -------------------------------------------------------------------------------- */

static const char *path_at(void *ctx, size_t i)
{
    collector *c = ctx;

    return c->run->corpus.items[c->missing[i]].path;
}

static const char *digest_at(void *ctx, size_t i)
{
    collector *c = ctx;

    return c->run->corpus.items[c->missing[i]].digest;
}

static ay_status embed(void *ctx, const ay_image *const *images, const size_t *index, int n, ay_err *err)
{
    collector *c = ctx;
    size_t row = (size_t)ay_engine_get_info(c->engine)->row;
    float *out = ay_alloc((size_t)n * row, sizeof *out);
    ay_status status = out ? ay_engine_embed(c->engine, images, n, out, err)
                           : ay_fail(err, AY_ENOMEM, "features");

    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < n && status == AY_OK; i++)
        status = ay_features_add(c->features, digest_at(c, index[i]), out + (size_t)i * row, err);
    pthread_mutex_unlock(&c->lock);
    ay_free(out);
    return status;
}

static void lost(void *ctx, size_t i, ay_status status, const ay_err *err)
{
    collector *c = ctx;

    (void)status, (void)i;
    pthread_mutex_lock(&c->lock);
    c->lost++;
    ay_run_note(c->run, "left_out_one|left out: %s", err->msg);
    pthread_mutex_unlock(&c->lock);
}

static void embed_progress(void *ctx, size_t done, size_t n)
{
    collector *c = ctx;

    ay_run_progress(c->run, AY_TRAIN_FEATURES, (long)done, (long)n, 0, 0, 1, NAN);
}

/* Everything a row depends on. */
static void features_key(const ay_engine_info *e, char *dst, size_t cap)
{
    snprintf(dst, cap, "%s %s %s %d", e->digest, e->preprocess_digest, e->backend, (int)e->precision);
}

static ay_status open_engine(const ay_run *r, ay_engine **out, ay_err *err)
{
    static const ay_precision precision[] = {[AY_TRAIN_AUTO] = AY_PRECISION_AUTO,
                                             [AY_TRAIN_F32] = AY_PRECISION_F32,
                                             [AY_TRAIN_BF16] = AY_PRECISION_BF16};
    ay_engine_options o = {.model = r->s.backbone,
                           .precision = precision[r->s.precision],
                           .backend = r->s.backend,
                           .workers = r->s.threads,
                           .max_batch = r->s.inference_batch,
                           .input_size = r->s.image_size,
                           .raw = true};

    return ay_engine_open(out, &o, err);
}

static ay_status collect(collector *c, ay_err *err)
{
    const ay_corpus *corpus = &c->run->corpus;
    const ay_train_control *control = c->run->control;
    int *missing = ay_alloc((size_t)corpus->nitems, sizeof *missing), n = 0;
    ay_stream s = {.ctx = c, .path = path_at, .digest = digest_at, .run = embed, .failed = lost,
                   .progress = embed_progress, .threads = c->run->s.workers,
                   .stop = {control ? &control->cancel : NULL, control ? &control->pause : NULL}};
    ay_status status;

    if (!missing)
        return ay_fail(err, AY_ENOMEM, "list of %d pictures", corpus->nitems);
    for (int i = 0; i < corpus->nitems; i++)
        if (corpus->items[i].split != AY_SPLIT_TEST &&
            !ay_features_find(c->features, corpus->items[i].digest))
            missing[n++] = i;
    c->missing = missing;
    s.n = (size_t)n;
    ay_run_phase(c->run, AY_TRAIN_FEATURES);
    status = n ? ay_stream_run(&s, err) : AY_OK;
    ay_free(missing);
    return status;
}

static void rows_fini(rows *r)
{
    ay_free(r->x);
    ay_free(r->labels);
    ay_free(r->order);
    ay_free(r->gathered);
    ay_free(r->gathered_labels);
}

/* The rows of one side, in the corpus' order. */
static ay_status take_rows(const collector *c, ay_split split, int batch, rows *r, ay_err *err)
{
    const ay_corpus *corpus = &c->run->corpus;
    size_t dim = (size_t)ay_engine_get_info(c->engine)->dim;
    size_t most = (size_t)ay_corpus_count(corpus, split, -1);

    *r = (rows){.dim = (int)dim, .classes = corpus->nclasses, .seed = (uint64_t)c->run->s.seed};
    r->x = ay_alloc(most * dim, sizeof *r->x);
    r->labels = ay_alloc(most, sizeof *r->labels);
    r->order = ay_alloc(most, sizeof *r->order);
    for (int i = 0; r->x && r->labels && i < corpus->nitems; i++) {
        const float *x = corpus->items[i].split == split
                             ? ay_features_find(c->features, corpus->items[i].digest)
                             : NULL;
        if (!x)
            continue;
        memcpy(r->x + (size_t)r->n * dim, x, dim * sizeof *x);
        r->labels[r->n++] = corpus->items[i].label;
    }
    r->batch = batch < r->n ? batch : r->n;
    r->gathered = ay_alloc((size_t)batch * dim, sizeof *r->gathered);
    r->gathered_labels = ay_alloc((size_t)batch, sizeof *r->gathered_labels);
    if (!r->x || !r->labels || !r->order || !r->gathered || !r->gathered_labels)
        return ay_fail(err, AY_ENOMEM, "features of %zu pictures", most);
    return r->n ? AY_OK : ay_fail(err, AY_EIO, "no picture of the %s side can be read any more",
                                  ay_split_name(split));
}

/* ---- batches of rows -------------------------------------------------------------------------- */

static ay_status start_rows(void *ctx, uint64_t epoch, ay_err *err)
{
    rows *r = ctx;

    r->at = 0;
    return ay_sampler_order(r->how, r->labels, (size_t)r->n, r->classes, r->seed, epoch, r->order, err);
}

static ay_status next_rows(void *ctx, ay_fit_batch *out, ay_err *err)
{
    rows *r = ctx;
    int n = r->n - r->at < r->batch ? r->n - r->at : r->batch;

    (void)err;
    for (int i = 0; i < n; i++) {
        size_t from = r->order[r->at + i];
        memcpy(r->gathered + (size_t)i * (size_t)r->dim, r->x + from * (size_t)r->dim,
               (size_t)r->dim * sizeof *r->x);
        r->gathered_labels[i] = r->labels[from];
    }
    r->at += n;
    *out = (ay_fit_batch){.n = n, .x = r->gathered, .labels = r->gathered_labels};
    return AY_OK;
}

static ay_fit_source source_of(rows *r)
{
    return (ay_fit_source){.ctx = r,
                           .batches = (r->n + r->batch - 1) / r->batch,
                           .pictures = r->n,
                           .batch = r->batch,
                           .start = start_rows,
                           .next = next_rows};
}

/* ---- the head alone --------------------------------------------------------------------------- */

static ay_status head_graph(const ay_run *r, int dim, ay_graph **out, ay_err *err)
{
    ay_status status = ay_graph_create(out, err);
    ay_val x;

    if (status != AY_OK)
        return status;
    x = ay_graph_input(*out, "vector", AY_SHAPE(1, dim));
    ay_graph_output(*out, ay_head_build(*out, x, &r->head), "logits");
    status = ay_graph_finish(*out, err);
    return status == AY_OK ? ay_graph_bind_init(*out, (uint64_t)r->s.seed, err) : status;
}

/* The head's best values into the whole network, and the whole network's into run->best. */
static ay_status hand_over(ay_run *r, ay_weights *head, ay_err *err)
{
    size_t n;
    float *values;

    for (size_t i = 0; i < ay_weights_count(head); i++) {
        const ay_weight *from = ay_weights_at(head, i), *to = ay_weights_find(r->weights, from->name);
        memcpy(to->value, from->value, ay_shape_count(&from->shape) * sizeof *to->value);
    }
    values = ay_weights_values(r->weights, &n);
    ay_free(r->best.values);
    r->best.values = ay_memdup(values, n * sizeof *values);
    r->best.stored = false;
    return r->best.values ? AY_OK : ay_fail(err, AY_ENOMEM, "the best weights");
}

/* The training rows are wanted again when the body stays as it is. */
static void keep_rows(ay_run *r, rows *train)
{
    if (!r->s.freeze_backbone)
        return;
    r->features = train->x;
    r->feature_labels = train->labels;
    r->feature_count = train->n;
    train->x = NULL;
    train->labels = NULL;
}

static ay_status train_head(const collector *c, ay_err *err)
{
    ay_run *r = c->run;
    ay_fitting f = {.run = r, .epochs = r->s.head_epochs};
    rows train = {0}, val = {0};
    ay_status status = take_rows(c, AY_SPLIT_TRAIN, r->s.batch_size, &train, err);

    train.how = r->s.balanced_sampling ? AY_ORDER_BALANCED : AY_ORDER_SHUFFLE;
    if (status == AY_OK)
        status = take_rows(c, AY_SPLIT_VAL, 16, &val, err);
    if (status == AY_OK)
        status = head_graph(r, train.dim, &f.graph, err);
    if (status == AY_OK)
        status = ay_weights_create(&f.weights, f.graph, err);
    if (status == AY_OK) {
        f.train = source_of(&train);
        f.val = source_of(&val);
        status = ay_fit_run(&f, err);
    }
    if (status == AY_OK)
        status = hand_over(r, f.weights, err);
    if (status == AY_OK)
        keep_rows(r, &train);
    ay_weights_destroy(f.weights);
    ay_graph_destroy(f.graph);
    rows_fini(&train);
    rows_fini(&val);
    return status;
}

ay_status ay_run_head(ay_run *r, ay_err *err)
{
    char folder[AY_RUN_PATH], key[512];
    collector c = {.run = r};
    ay_status status = open_engine(r, &c.engine, err);

    if (status != AY_OK)
        return status;
    pthread_mutex_init(&c.lock, NULL);
    snprintf(folder, sizeof folder, "%s", r->s.cache);
    if (!*folder)
        ay_features_default_folder(folder, sizeof folder);
    features_key(ay_engine_get_info(c.engine), key, sizeof key);
    status = ay_features_open(&c.features, folder, key, ay_engine_get_info(c.engine)->row, err);
    if (status == AY_OK)
        status = collect(&c, err);
    if (status == AY_OK)
        status = train_head(&c, err);
    ay_features_close(c.features);
    ay_engine_close(c.engine);
    pthread_mutex_destroy(&c.lock);
    return status;
}
