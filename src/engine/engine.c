/* engine/engine.c - open a model, keep one worker a core, hand pictures to them.
 *
 * A worker owns a session (plans and their buffers) and nothing else; the graph and the packed
 * weights are shared and only read.  One single-threaded session a core beats one session with all
 * cores wherever more than one picture waits: no barrier between the layers, no idle core at the
 * end of each.  Rejected: a thread that forms batches for the workers (one more hand-over for each
 * picture), and waiting a few milliseconds for a batch to fill (a lone picture would pay for it;
 * under load the queue fills by itself).
 *
 *   opening -> running -> closing (the batcher drains) -> gone
 *
 * Invariants: info never changes after open; workers touch only their own session and the batcher.
 * Allocation: once a session has made its plan for a batch size, the network allocates nothing;
 * scaling a picture does (image/). */
#include "engine/engine.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/default.h"
#include "engine/parts.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_BATCH = 16, DEFAULT_QUEUE = 256, WORKERS_MAX = 256 };

static void run_batch(ay_worker *w, const ay_ticket *tickets, int n)
{
    const ay_image *images[AY_SESSION_BATCH_MAX];
    float *dst[AY_SESSION_BATCH_MAX];
    uint64_t start = ay_clock_mono();
    ay_err err = {0};
    ay_status status;

    for (int i = 0; i < n; i++) {
        images[i] = tickets[i].image;
        dst[i] = tickets[i].dst;
    }
    status = ay_session_embed(&w->session, images, n, dst, &err);
    if (status != AY_OK && n > 1) {
        /* One bad picture must not fail its neighbours, which may be another caller's. */
        for (int i = 0; i < n; i++)
            run_batch(w, &tickets[i], 1);
        return;
    }
    atomic_fetch_add(&w->engine->pictures, (unsigned)n);
    atomic_fetch_add(&w->engine->batches, 1);
    atomic_fetch_add(&w->engine->busy_ns, ay_clock_mono() - start);
    ay_batcher_finish(w->engine->batcher, tickets, n, status, &err);
}

static void *work(void *arg)
{
    ay_worker *w = arg;
    ay_ticket tickets[AY_SESSION_BATCH_MAX];
    int n;

    ay_thread_pin(w->index);
    while ((n = ay_batcher_take(w->engine->batcher, tickets, w->engine->info.max_batch)) > 0)
        for (int at = 0, k; at < n; at += k)
            run_batch(w, &tickets[at], k = ay_session_chunk(&w->session, n - at));
    return NULL;
}

/* ---- open ------------------------------------------------------------------------------------ */

static ay_status load_model(ay_engine *e, const char *path, const ay_engine_options *o, ay_err *err)
{
    ay_model_options opt = {.logits = o->logits, .bare = o->raw && o->bare, .size = o->input_size,
                            .digests = o->digests};

    if (path && strcmp(path, "default") != 0) {
        e->path = ay_strdup(path);
        return e->path ? ay_model_open(&e->model, path, &opt, err)
                       : ay_fail(err, AY_ENOMEM, "model %s", path);
    }
    return ay_model_from_memory(
        &e->model, ay_default_weights, (size_t)(ay_default_weights_end - ay_default_weights),
        ay_default_config, (size_t)(ay_default_config_end - ay_default_config), &opt, err);
}

void ay_engine_remember(const char *folder)
{
    ay_model_remember(folder);
}

/* Every parameter that changes what the network sees. */
static void digest_preprocess(const ay_preprocess *p, char hex[AY_SHA256_HEX])
{
    char text[512];
    int n = snprintf(text, sizeof text,
                     "size=%d resize=%d fit=%d filter=%d mean=%.9g,%.9g,%.9g std=%.9g,%.9g,%.9g",
                     p->size, p->fit == AY_FIT_SHORTEST_CROP ? p->resize : 0, (int)p->fit,
                     (int)p->filter, (double)p->mean[0], (double)p->mean[1], (double)p->mean[2],
                     (double)p->std[0], (double)p->std[1], (double)p->std[2]);

    if (p->as_stored) /* the others keep the digest that they had before there was a choice */
        n += snprintf(text + n, sizeof text - (size_t)n, " transparency=dropped");

    ay_sha256_bytes(text, (size_t)n, hex);
}

static void fill_info(ay_engine *e)
{
    const ay_model_info *m = ay_model_get_info(e->model);
    const ay_session *s = &e->workers[0].session;
    ay_engine_info *info = &e->info;
    ay_plan_info plan;

    ay_plan_get_info(s->plan[0], &plan);
    snprintf(info->name, sizeof info->name, "%s", m->name);
    snprintf(info->arch, sizeof info->arch, "%s", m->arch);
    snprintf(info->shape, sizeof info->shape, "%s", m->shape);
    snprintf(info->licence, sizeof info->licence, "%s", m->licence);
    snprintf(info->version, sizeof info->version, "%s", m->version);
    snprintf(info->digest, sizeof info->digest, "%s", m->digest);
    snprintf(info->backend, sizeof info->backend, "%s", plan.backend);
    digest_preprocess(&s->preprocess, info->preprocess_digest);
    info->dim = m->dim;
    info->classes = e->logits ? m->classes : 0;
    info->row = info->dim + info->classes;
    info->input_size = m->recipe.size;
    info->parameters = m->parameters;
    info->gflops = m->gflops;
    info->precision = plan.precision == AY_NN_BF16 ? AY_PRECISION_BF16 : AY_PRECISION_F32;
    e->precision = plan.precision;
}

static ay_status start_workers(ay_engine *e, const char *backend, ay_nn_precision precision,
                               ay_err *err)
{
    ay_status status = AY_OK;
    char name[32];

    e->workers = ay_calloc((size_t)e->info.workers, sizeof *e->workers);
    if (!e->workers)
        return ay_fail(err, AY_ENOMEM, "%d workers", e->info.workers);
    for (; e->sessions < e->info.workers && status == AY_OK; e->sessions += status == AY_OK) {
        ay_worker *w = &e->workers[e->sessions];
        w->engine = e;
        w->index = e->sessions;
        status = ay_session_init(&w->session, e->model, backend, precision, err);
        w->session.raw = e->raw;
    }
    if (status != AY_OK)
        return status;
    fill_info(e);
    for (; e->threads < e->sessions && status == AY_OK; e->threads += status == AY_OK) {
        snprintf(name, sizeof name, "embed-%d", e->threads);
        status = ay_thread_start(&e->workers[e->threads].thread, name, work,
                                 &e->workers[e->threads], err);
    }
    ay_batcher_set_workers(e->batcher, e->threads);
    return status;
}

static int within(int value, int otherwise, int max)
{
    int v = value > 0 ? value : otherwise;

    return v < max ? v : max;
}

ay_status ay_engine_open(ay_engine **out, const ay_engine_options *options, ay_err *err)
{
    static const ay_nn_precision precision[] = {[AY_PRECISION_AUTO] = AY_NN_AUTO,
                                                [AY_PRECISION_F32] = AY_NN_F32,
                                                [AY_PRECISION_BF16] = AY_NN_BF16};
    ay_engine_options opt = options ? *options : (ay_engine_options){0};
    ay_engine *e = ay_calloc(1, sizeof *e);
    ay_status status;

    *out = NULL;
    if (!e)
        return ay_fail(err, AY_ENOMEM, "engine");
    e->info.workers = within(opt.workers, ay_cpu_count(), WORKERS_MAX);
    e->info.max_batch = within(opt.max_batch, DEFAULT_BATCH, AY_SESSION_BATCH_MAX);
    e->raw = opt.raw;
    e->logits = opt.raw && opt.logits;
    status = load_model(e, opt.model, &opt, err);
    if (status == AY_OK)
        status = ay_batcher_create(&e->batcher, within(opt.max_queue, DEFAULT_QUEUE, 1 << 20), err);
    if (status == AY_OK)
        status = start_workers(e, opt.backend, precision[opt.precision], err);
    if (status != AY_OK) {
        ay_engine_close(e);
        return status;
    }
    *out = e;
    return AY_OK;
}

void ay_engine_close(ay_engine *e)
{
    if (!e)
        return;
    if (e->batcher)
        ay_batcher_close(e->batcher);
    for (int i = 0; i < e->threads; i++)
        pthread_join(e->workers[i].thread, NULL);
    for (int i = 0; i < e->sessions; i++)
        ay_session_fini(&e->workers[i].session);
    ay_batcher_destroy(e->batcher);
    ay_model_close(e->model);
    ay_free(e->workers);
    ay_free(e->path);
    ay_free(e);
}

const ay_engine_info *ay_engine_get_info(const ay_engine *e)
{
    return &e->info;
}

static ay_status check_images(const ay_image *const *images, int n, ay_err *err)
{
    for (int i = 0; i < n; i++)
        if (!images[i] || !images[i]->data || images[i]->width < 1 || images[i]->height < 1)
            return ay_fail(err, AY_EINVAL, "picture %d is empty", i);
    return AY_OK;
}

ay_status ay_engine_embed(ay_engine *e, const ay_image *const *images, int n, float *dst,
                          ay_err *err)
{
    ay_status status = check_images(images, n, err);

    return status == AY_OK ? ay_batcher_submit(e->batcher, images, n, dst, e->info.row, err) : status;
}

ay_status ay_engine_embed_later(ay_engine *e, const ay_image *const *images, int n, float *dst, ay_err *err)
{
    ay_status status = check_images(images, n, err);

    return status == AY_OK ? ay_batcher_submit_later(e->batcher, images, n, dst, e->info.row, err) : status;
}

size_t ay_engine_memory(const ay_engine *e)
{
    size_t slabs = 0, packed = 0;

    for (int i = 0; i < e->sessions; i++) {
        size_t p = atomic_load(&e->workers[i].session.packed_bytes);
        slabs += atomic_load(&e->workers[i].session.slab_bytes);
        packed = p > packed ? p : packed; /* shared between them */
    }
    return slabs + packed;
}

void ay_engine_get_stats(ay_engine *e, ay_engine_stats *out)
{
    *out = (ay_engine_stats){.pictures = atomic_load(&e->pictures),
                             .batches = atomic_load(&e->batches),
                             .busy_ns = atomic_load(&e->busy_ns),
                             .queued = ay_batcher_waiting(e->batcher)};
}
