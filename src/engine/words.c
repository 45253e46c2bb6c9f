/* engine/words.c - load once, look up, compute what is missing in batches.
 *
 *   closed -> named (open) -> ready (first need) <-> put out (ay_words_unload) -> closed
 *
 * Batches run on single-threaded plans, as many beside each other as there are processors, each by a thread of its own.
 * Rejected: one plan with all processors.  Its threads wait for each other after every primitive, and OpenMP's wait by
 * spinning: where something else ran on the machine too, 150 texts took 12 seconds and eight times their work.
 *
 * Two locks.  `cache` guards what is kept and the counters and is held for copies only; `work` guards
 * loading and the plans and is held while a batch runs.  Neither is taken inside the other the other
 * way round: work first, then cache. */
#include "engine/words.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/default.h"
#include "engine/words_cache.h"
#include "engine/words_small.h"
#include "models/model.h"
#include "nn/plan.h"
#include "text/tokenizer.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DESKS = 16, LENGTHS = 4, SIZES = 5, BATCH_MAX = 1 << (SIZES - 1), VOCABULARY_SLACK = 1024 };
static const size_t DEFAULT_MEMORY = 16u << 20;

/* What one thread works at. */
typedef struct {
    ay_plan *plan[LENGTHS][SIZES]; /* [k]: batch 1 << k; NULL until wanted */
} desk;

struct ay_words {
    char *path;
    char backend[16];
    ay_words_options options;
    ay_words_small *small; /* NULL: a text tower; else a table, and nothing of the rest is needed */

    pthread_mutex_t work;
    atomic_bool known; /* info is good, whether the tower is in memory or not */
    bool ready;        /* the tower is in memory */
    atomic_size_t held; /* bytes of it */
    ay_model *model;
    ay_tokenizer *tokenizer;
    int length[LENGTHS], lengths;     /* places a plan may have, rising; the last is the context */
    desk desk[DESKS];
    int desks; /* how many may be at work at once */
    ay_words_info info;               /* after known: never changes */
    char pair[AY_SHA256_HEX];         /* "": not asked for yet */

    pthread_mutex_t cache_lock;
    ay_words_cache cache;
    ay_words_stats stats;
};

/* ---- open and load --------------------------------------------------------------------------- */

/* A table is small and is read at once. */
static ay_status open_small(ay_words *w, const char *model, ay_err *err)
{
    ay_status status;

    if (strcmp(model, "default") == 0)
        status = ay_words_small_from_memory(&w->small, ay_default_words,
                                            (size_t)(ay_default_words_end - ay_default_words),
                                            ay_default_words_json,
                                            (size_t)(ay_default_words_json_end - ay_default_words_json), err);
    else
        status = ay_words_small_open(&w->small, model, err);
    if (status != AY_OK)
        return status;
    ay_words_small_info(w->small, &w->info);
    memcpy(w->pair, ay_words_small_encoder(w->small), sizeof w->pair);
    atomic_store(&w->known, true);
    return AY_OK;
}

ay_status ay_words_open(ay_words **out, const char *model, const ay_words_options *options,
                        ay_err *err)
{
    bool small = strcmp(model, "default") == 0 || ay_words_small_is(model);
    ay_words *w;
    ay_status status;

    *out = NULL;
    if (!small && !ay_file_is_dir(model))
        return ay_fail(err, AY_ENOTFOUND,
                       "model %s: words need a folder with a CLIP model and its vocabulary", model);
    w = ay_calloc(1, sizeof *w);
    if (!w || !(w->path = ay_strdup(model))) {
        ay_free(w);
        return ay_fail(err, AY_ENOMEM, "words of %s", model);
    }
    if (options)
        w->options = *options;
    snprintf(w->backend, sizeof w->backend, "%s",
             options && options->backend ? options->backend : "dnnl");
    pthread_mutex_init(&w->work, NULL);
    pthread_mutex_init(&w->cache_lock, NULL);
    w->desks = w->options.threads > 0 ? w->options.threads : ay_cpu_count();
    w->desks = w->desks < DESKS ? w->desks : DESKS;
    ay_words_cache_init(&w->cache, w->options.memory ? w->options.memory : DEFAULT_MEMORY);
    status = small ? open_small(w, model, err) : AY_OK;
    if (status == AY_OK)
        *out = w;
    else
        ay_words_close(w);
    return status;
}

bool ay_words_can(const ay_words *w)
{
    return w->small || (ay_tokenizer_is(w->path) && ay_model_has_text(w->path));
}

static void unload(ay_words *w)
{
    for (int d = 0; d < DESKS; d++)
        for (int i = 0; i < LENGTHS; i++)
            for (int k = 0; k < SIZES; k++) {
                ay_plan_destroy(w->desk[d].plan[i][k]);
                w->desk[d].plan[i][k] = NULL;
            }
    ay_model_close(w->model);
    ay_tokenizer_close(w->tokenizer);
    w->model = NULL;
    w->tokenizer = NULL;
    w->ready = false;
    atomic_store(&w->held, 0);
}

bool ay_words_unload(ay_words *w)
{
    bool was = false;

    if (pthread_mutex_trylock(&w->work) != 0)
        return false;
    if (w->ready) {
        was = true;
        unload(w);
    }
    pthread_mutex_unlock(&w->work);
    return was;
}

size_t ay_words_memory(ay_words *w)
{
    size_t kept;

    pthread_mutex_lock(&w->cache_lock);
    kept = w->cache.bytes;
    pthread_mutex_unlock(&w->cache_lock);
    return kept + atomic_load(&w->held);
}

void ay_words_close(ay_words *w)
{
    if (!w)
        return;
    unload(w);
    ay_words_small_close(w->small);
    ay_words_cache_fini(&w->cache);
    pthread_mutex_destroy(&w->work);
    pthread_mutex_destroy(&w->cache_lock);
    ay_free(w->path);
    ay_free(w);
}

static ay_status plan_for(ay_words *w, desk *d, int length, int k, ay_plan **out, ay_err *err)
{
    static const ay_nn_precision precision[] = {[AY_PRECISION_AUTO] = AY_NN_AUTO,
                                                [AY_PRECISION_F32] = AY_NN_F32,
                                                [AY_PRECISION_BF16] = AY_NN_BF16};
    ay_shape in = AY_SHAPE(1 << k, w->length[length]);
    ay_status status = AY_OK;

    if (!d->plan[length][k]) {
        status = ay_plan_create(&d->plan[length][k], ay_model_graph(w->model),
                                &(ay_plan_options){.batch = 1 << k,
                                                   .backend = w->backend,
                                                   .precision = precision[w->options.precision],
                                                   .threads = 1,
                                                   .input_shapes = &in},
                                err);
        ay_model_forget(w->model); /* what it packed is no longer read from the file */
    }
    *out = d->plan[length][k];
    return status;
}

static ay_status check_vocabulary(const ay_words *w, ay_err *err)
{
    const ay_tokenizer_info *t = ay_tokenizer_get_info(w->tokenizer);
    int rows = ay_model_get_info(w->model)->vocabulary;

    if (t->vocabulary > rows || t->vocabulary + VOCABULARY_SLACK < rows)
        return ay_fail(err, AY_ECORRUPT,
                       "model %s: %s names %d words and the text tower has %d: they do not belong "
                       "together", w->path, t->source, t->vocabulary, rows);
    return AY_OK;
}

static void choose_lengths(ay_words *w, const ay_model_info *m)
{
    static const int shorter[LENGTHS - 1] = {8, 16, 32};

    w->lengths = 0;
    for (int i = 0; m->causal && i < LENGTHS - 1; i++)
        if (shorter[i] < m->context)
            w->length[w->lengths++] = shorter[i];
    w->length[w->lengths++] = m->context;
}

/* Under work: what the plans hold now. */
static void count_plans(const ay_words *w, size_t *slabs, size_t *packed)
{
    *slabs = *packed = 0;
    for (int d = 0; d < w->desks; d++)
        for (int i = 0; i < LENGTHS; i++)
            for (int k = 0; k < SIZES; k++) {
                ay_plan_info p;
                if (!w->desk[d].plan[i][k])
                    continue;
                ay_plan_get_info(w->desk[d].plan[i][k], &p);
                *slabs += p.slab_bytes;
                *packed = p.packed_bytes; /* shared between them */
            }
}

static void count_held(ay_words *w)
{
    size_t slabs, packed;

    count_plans(w, &slabs, &packed);
    atomic_store(&w->held, slabs + packed);
}

static void fill_info(ay_words *w, const ay_plan *plan)
{
    const ay_model_info *m = ay_model_get_info(w->model);
    ay_plan_info p;

    ay_plan_get_info(plan, &p);
    snprintf(w->info.name, sizeof w->info.name, "%s", m->name);
    snprintf(w->info.shape, sizeof w->info.shape, "%s", m->shape);
    snprintf(w->info.digest, sizeof w->info.digest, "%s", m->digest);
    snprintf(w->info.vocabulary, sizeof w->info.vocabulary, "%s",
             ay_tokenizer_get_info(w->tokenizer)->source);
    w->info.dim = m->dim;
    w->info.context = m->context;
    w->info.scale = m->logit_scale > 0 ? m->logit_scale : 100.0f;
    w->info.precision = p.precision == AY_NN_BF16 ? AY_PRECISION_BF16 : AY_PRECISION_F32;
}

/* Under work.  The tower comes first: a model that has none says so, whatever its vocabulary. */
static ay_status load(ay_words *w, ay_err *err)
{
    ay_plan *plan;
    ay_status status;

    if (w->ready)
        return AY_OK;
    status =
        ay_model_open(&w->model, w->path,
                      &(ay_model_options){.tower = AY_TOWER_TEXT, .digests = w->options.digests}, err);
    if (status == AY_OK)
        status = ay_tokenizer_open(&w->tokenizer, w->path, err);
    if (status == AY_OK)
        status = check_vocabulary(w, err);
    if (status == AY_OK && atomic_load(&w->known) &&
        strcmp(ay_model_get_info(w->model)->digest, w->info.digest) != 0)
        status = ay_fail(err, AY_ECORRUPT, "model %s: its file was changed while it was in use", w->path);
    if (status == AY_OK) {
        choose_lengths(w, ay_model_get_info(w->model));
        status = plan_for(w, &w->desk[0], 0, 0, &plan, err);
    }
    if (status != AY_OK) {
        unload(w);
        return status;
    }
    w->ready = true;
    count_held(w);
    if (atomic_load(&w->known))
        return AY_OK;
    fill_info(w, plan);
    pthread_mutex_lock(&w->cache_lock);
    w->cache.dim = w->info.dim;
    pthread_mutex_unlock(&w->cache_lock);
    atomic_store(&w->known, true);
    return AY_OK;
}

/* Let info be good; the tower itself may be out of memory again. */
static ay_status need(ay_words *w, ay_err *err)
{
    ay_status status;

    if (atomic_load(&w->known))
        return AY_OK;
    pthread_mutex_lock(&w->work);
    status = load(w, err);
    pthread_mutex_unlock(&w->work);
    return status;
}

ay_status ay_words_get_info(ay_words *w, ay_words_info *out, ay_err *err)
{
    ay_status status = need(w, err);

    if (status == AY_OK)
        *out = w->info;
    return status;
}

ay_status ay_words_pair(ay_words *w, char digest[AY_SHA256_HEX], ay_err *err)
{
    ay_status status = AY_OK;
    ay_model *image;

    pthread_mutex_lock(&w->work);
    if (!w->pair[0]) {
        status = ay_model_open(&image, w->path, &(ay_model_options){.digests = w->options.digests}, err);
        if (status == AY_OK) {
            memcpy(w->pair, ay_model_get_info(image)->digest, sizeof w->pair);
            ay_model_close(image);
        }
    }
    if (status == AY_OK)
        memcpy(digest, w->pair, AY_SHA256_HEX);
    pthread_mutex_unlock(&w->work);
    return status;
}

void ay_words_get_stats(ay_words *w, ay_words_stats *out)
{
    pthread_mutex_lock(&w->work);
    pthread_mutex_lock(&w->cache_lock);
    *out = w->stats;
    out->texts = w->cache.texts;
    out->bytes = w->cache.bytes;
    pthread_mutex_unlock(&w->cache_lock);
    count_plans(w, &out->slab_bytes, &out->packed_bytes);
    pthread_mutex_unlock(&w->work);
}

/* ---- embed ----------------------------------------------------------------------------------- */

/* A text that was not kept. */
typedef struct {
    const char *text;
    float *dst;
    int32_t *ids; /* context of them */
    int place;    /* in the caller's list */
    int length;   /* which of w->length it runs in */
    bool cut;
} pending;

static ay_status encode(const ay_words *w, pending *p, ay_err *err)
{
    int used;
    ay_status status = ay_tokenizer_encode(w->tokenizer, p->text, strlen(p->text),
                                           w->info.context, p->ids, &used, &p->cut, err);

    if (status == AY_OK && used == 2)
        status = ay_fail(err, AY_EINVAL, "the text is blank");
    if (status != AY_OK) {
        ay_err_wrap(err, "text %d", p->place + 1);
        return status;
    }
    while (w->length[p->length] < used)
        p->length++;
    return AY_OK;
}

static ay_status unit_length(const float *src, int dim, float *dst, ay_err *err)
{
    double sum = 0;

    for (int i = 0; i < dim; i++)
        sum += (double)src[i] * src[i];
    if (!isfinite(sum) || sum <= 0)
        return ay_fail(err, AY_ECORRUPT, "the text tower gave a vector that has no direction");
    for (int i = 0; i < dim; i++)
        dst[i] = (float)(src[i] / sqrt(sum));
    return AY_OK;
}

/* 1 << k texts of one length, at a desk that nobody else works at. */
static ay_status run_batch(ay_words *w, desk *d, const pending *p, int k, ay_err *err)
{
    int length = w->length[p->length], n = 1 << k;
    ay_plan *plan;
    ay_status status = plan_for(w, d, p->length, k, &plan, err);

    if (status != AY_OK)
        return status;
    for (int i = 0; i < n; i++)
        for (int t = 0; t < length; t++)
            ((float *)ay_plan_input(plan, 0)->data)[i * length + t] = (float)p[i].ids[t];
    status = ay_plan_run(plan, err);
    for (int i = 0; i < n && status == AY_OK; i++)
        status = unit_length((const float *)ay_plan_output(plan, 0)->data + (size_t)i *
                                                                                (size_t)w->info.dim,
                             w->info.dim, p[i].dst, err);
    return status;
}

static int by_length(const void *a, const void *b)
{
    const pending *x = a, *y = b;

    return x->length != y->length ? x->length - y->length : x->place - y->place;
}

/* Texts in order of their length, handed out in batches. */
typedef struct {
    ay_words *w;
    const pending *p;
    int n, most; /* texts of a batch, so that each desk has some */
    pthread_mutex_t lock; /* guards the rest */
    int at;
    ay_status status; /* of the first batch that failed */
    ay_err err;
} errand;

/* The next batch, 1 << *k of one length; NULL: there is none. */
static const pending *next_batch(errand *e, int *k)
{
    const pending *p = NULL;

    pthread_mutex_lock(&e->lock);
    if (e->at < e->n && e->status == AY_OK) {
        int same = 1;
        p = e->p + e->at;
        while (same < e->n - e->at && same < e->most && p[same].length == p->length)
            same++;
        for (*k = SIZES - 1; 1 << *k > same; --*k)
            ;
        e->at += 1 << *k;
    }
    pthread_mutex_unlock(&e->lock);
    return p;
}

static void run_desk(void *ctx, int part, int parts)
{
    errand *e = ctx;
    const pending *p;
    int k;

    (void)parts;
    while ((p = next_batch(e, &k))) {
        ay_err err = {{0}};
        ay_status status = run_batch(e->w, &e->w->desk[part], p, k, &err);
        pthread_mutex_lock(&e->lock);
        if (status != AY_OK && e->status == AY_OK) {
            e->status = status;
            e->err = err;
        }
        pthread_mutex_unlock(&e->lock);
    }
}

/* Under work: all pending texts, in batches of one length each. */
static ay_status run_all(ay_words *w, pending *p, int n, ay_err *err)
{
    int desks = n < w->desks ? n : w->desks;
    errand e = {.w = w, .p = p, .n = n, .most = (n + desks - 1) / desks};

    qsort(p, (size_t)n, sizeof *p, by_length);
    pthread_mutex_init(&e.lock, NULL);
    ay_thread_share("words", desks, run_desk, &e);
    pthread_mutex_destroy(&e.lock);
    count_held(w);
    if (e.status != AY_OK && err)
        *err = e.err;
    return e.status;
}

/* ids has room for n texts. */
static ay_status compute(ay_words *w, pending *p, int n, int32_t *ids, ay_err *err)
{
    ay_status status;

    pthread_mutex_lock(&w->work);
    status = load(w, err);
    for (int i = 0; i < n && status == AY_OK; i++) {
        p[i].ids = ids + (size_t)i * (size_t)w->info.context;
        status = encode(w, &p[i], err);
    }
    if (status == AY_OK)
        status = run_all(w, p, n, err);
    pthread_mutex_unlock(&w->work);
    return status;
}

/* Copies what is kept; the rest comes into p.  Returns how many. */
static int look_up(ay_words *w, const char *const *texts, int n, float *dst, pending *p)
{
    size_t dim = (size_t)w->info.dim;
    int m = 0;

    pthread_mutex_lock(&w->cache_lock);
    w->stats.asked += (uint64_t)n;
    for (int i = 0; i < n; i++) {
        if (ay_words_cache_get(&w->cache, texts[i], dst + (size_t)i * dim))
            w->stats.kept++;
        else
            p[m++] = (pending){.text = texts[i], .dst = dst + (size_t)i * dim, .place = i};
    }
    pthread_mutex_unlock(&w->cache_lock);
    return m;
}

static void keep(ay_words *w, const pending *p, int n)
{
    pthread_mutex_lock(&w->cache_lock);
    for (int i = 0; i < n; i++) {
        ay_words_cache_put(&w->cache, p[i].text, p[i].dst);
        w->stats.cut += p[i].cut;
    }
    pthread_mutex_unlock(&w->cache_lock);
}

ay_status ay_words_examine(ay_words *w, const char *text, ay_arena *a, ay_words_text *out, ay_err *err)
{
    if (w->small)
        return ay_words_small_read(w->small, text, a, NULL, out, err);
    *out = (ay_words_text){.known = 1};
    return need(w, err);
}

/* Sums of a few rows: nothing is worth keeping. */
static ay_status embed_small(ay_words *w, const char *const *texts, int n, float *dst, ay_err *err)
{
    ay_words_text t;
    ay_status status = AY_OK;

    for (int i = 0; i < n && status == AY_OK; i++) {
        status = ay_words_small_read(w->small, texts[i], NULL, dst + (size_t)i * (size_t)w->info.dim, &t, err);
        if (status == AY_OK && t.known == 0)
            status = ay_fail(err, AY_EINVAL, "no word of \"%.80s\" is known", texts[i]);
        if (status != AY_OK)
            ay_err_wrap(err, "text %d", i + 1);
    }
    pthread_mutex_lock(&w->cache_lock);
    w->stats.asked += (uint64_t)n;
    pthread_mutex_unlock(&w->cache_lock);
    return status;
}

ay_status ay_words_embed(ay_words *w, const char *const *texts, int n, float *dst, ay_err *err)
{
    ay_status status = w->small ? AY_OK : need(w, err);
    pending *p;
    int32_t *ids = NULL;
    int m;

    if (w->small)
        return embed_small(w, texts, n, dst, err);
    if (status != AY_OK || n < 1)
        return status;
    p = ay_calloc((size_t)n, sizeof *p);
    if (!p)
        return ay_fail(err, AY_ENOMEM, "%d texts", n);
    m = look_up(w, texts, n, dst, p);
    if (m > 0 && !(ids = ay_alloc((size_t)m, (size_t)w->info.context * sizeof *ids)))
        status = ay_fail(err, AY_ENOMEM, "%d texts", n);
    if (m > 0 && status == AY_OK)
        status = compute(w, p, m, ids, err);
    if (status == AY_OK)
        keep(w, p, m);
    ay_free(ids);
    ay_free(p);
    return status;
}

const char *ay_words_name(const ay_words *w, int i)
{
    return w->small ? ay_words_small_name(w->small, i) : NULL;
}
