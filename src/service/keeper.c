/* service/keeper.c - the thread that tidies: pictures without a vector get one, old trash goes.
 *
 * Pictures of older databases get their EXIF facts (service/library/facts.h) while nothing else is to be done; who waits for the
 * keeper does not wait for that.  Once after the start, files that a crash left without a row go too; and soon after predictions were
 * deleted, the pictures that only they named.
 *
 * Resumable by construction: what is left to do is what has no vector for the model in force, and a
 * vector is stored before it is used.  It works in small groups, so that scans in between are not kept
 * waiting, and steps back when the engine is full: then with one picture at a time, for which there is room
 * sooner than for eight.  A picture that cannot be embedded is passed over until the next start; what may be
 * over in a moment (no memory, a full engine, a store that is away) is no reason for that, nor is a neighbour
 * in the group. */
#include "service/internal.h"
#include "service/nodes.h"
#include "service/backup/hold.h"
#include "service/learn/predict.h"
#include "service/library/facts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { GROUP = 8, PURGE_SECONDS = 3600, FACTS_PAUSE_MS = 20, FACTS_AWAY_MS = 2000 };

typedef struct {
    char sha256[GROUP][AY_SHA256_HEX];
    int n;
} group;

/* Up to GROUP pictures that wait for a vector, of any data set. */
static int64_t find_waiting(ay_service *s, group *out)
{
    int64_t waiting = 0;

    out->n = 0;
    pthread_rwlock_rdlock(&s->lock);
    for (int i = 0; i < s->ngalleries; i++) {
        const ay_gallery *g = s->galleries[i];
        for (size_t k = g->nready; k < g->n; k++) {
            if (g->items[k].failed)
                continue;
            waiting++;
            if (out->n < GROUP)
                memcpy(out->sha256[out->n++], g->items[k].sha256, AY_SHA256_HEX);
        }
    }
    pthread_rwlock_unlock(&s->lock);
    return waiting;
}

static void mark_failed(ay_service *s, const char *sha256, const char *why)
{
    ay_log(AY_LOG_WARN, "service", "picture %.12s cannot be embedded: %s", sha256, why);
    pthread_rwlock_wrlock(&s->lock);
    for (int i = 0; i < s->ngalleries; i++) {
        ay_gallery_item *item = ay_gallery_find(s->galleries[i], sha256);
        if (item)
            item->failed = true;
    }
    pthread_rwlock_unlock(&s->lock);
}

/* AY_EUNKNOWN: the store is away. */
static ay_status use_vector(ay_service *s, const char *sha256, const float *data)
{
    const ay_engine_info *m = s->embedder.info;
    ay_store_vector v = {m->digest, m->preprocess_digest, data, m->dim};
    ay_err err = {{0}};
    ay_status status;

    pthread_mutex_lock(&s->writing);
    status = ay_store_vector_put(s->store, sha256, &v, &err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        for (int i = 0; i < s->ngalleries; i++)
            ay_gallery_embed(s->galleries[i], sha256, data);
        pthread_rwlock_unlock(&s->lock);
    }
    pthread_mutex_unlock(&s->writing);
    /* Not found: it was purged meanwhile, and then no gallery has it either. */
    if (status == AY_EBUSY || status == AY_EUNKNOWN)
        return AY_EUNKNOWN;
    if (status != AY_OK && status != AY_ENOTFOUND)
        mark_failed(s, sha256, err.msg);
    return AY_OK;
}

ay_status ay_service_open_image(ay_service *s, const char *sha256, ay_image *im, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status = ay_blobs_get(s->blobs, sha256, true, &bytes, err);

    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, &s->limits, im, err);
    ay_buf_fini(&bytes);
    return status;
}

/* It says nothing about the picture: the same may work later. */
static bool passes(ay_status status)
{
    return status == AY_EBUSY || status == AY_ENOMEM || status == AY_ECANCELLED || status == AY_EUNKNOWN;
}

/* v: room for n vectors.  When a group fails nobody knows whose fault it was: each is tried alone. */
static ay_status embed_list(ay_service *s, const ay_image *const *list, const char *const *sha256, int n, float *v)
{
    size_t dim = (size_t)s->embedder.info->dim;
    ay_err err = {{0}};
    ay_status status = ay_service_embed_later(s, list, n, v, &err);

    if (passes(status))
        return status == AY_EUNKNOWN ? AY_EUNKNOWN : AY_EBUSY;
    if (status != AY_OK && n == 1) {
        mark_failed(s, sha256[0], err.msg);
        return AY_OK;
    }
    if (status != AY_OK) {
        status = AY_OK;
        for (int i = 0; i < n && status == AY_OK; i++)
            status = embed_list(s, list + i, sha256 + i, 1, v);
        return status;
    }
    for (int i = 0; i < n && status == AY_OK; i++)
        status = use_vector(s, sha256[i], v + (size_t)i * dim);
    return status;
}

/* Under ay_encoder_enter(). */
static ay_status embed_images(ay_service *s, const group *gr)
{
    const ay_image *list[GROUP];
    const char *sha256[GROUP];
    ay_image images[GROUP] = {{0}};
    float *v = ay_alloc(GROUP * (size_t)s->embedder.info->dim, sizeof *v);
    ay_err err = {{0}};
    ay_status status = v ? AY_OK : AY_EBUSY;
    int n = 0;

    for (int i = 0; i < gr->n && status == AY_OK; i++) {
        ay_status opened = ay_service_open_image(s, gr->sha256[i], &images[n], &err);
        if (opened == AY_OK) {
            sha256[n] = gr->sha256[i];
            list[n] = &images[n];
            n++;
        } else if (passes(opened)) {
            status = AY_EBUSY;
        } else {
            mark_failed(s, gr->sha256[i], err.msg);
        }
    }
    if (status == AY_OK && n > 0)
        status = embed_list(s, list, sha256, n, v);
    for (int i = 0; i < n; i++)
        ay_image_fini(&images[i]);
    ay_free(v);
    return status;
}

/* Embed a group.  AY_EBUSY: nothing was done, try again later; AY_EUNKNOWN: the store is away. */
static ay_status embed_group(ay_service *s, const group *gr)
{
    ay_status status;

    ay_encoder_enter(s);
    status = embed_images(s, gr);
    ay_encoder_leave(s);
    return status;
}

static void nap(ay_service *s, long ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->jobs_lock);
    if (!s->stop)
        pthread_cond_timedwait(&s->jobs_changed, &s->jobs_lock, &until);
    pthread_mutex_unlock(&s->jobs_lock);
}

static void embed_waiting(ay_service *s)
{
    group gr;
    int64_t total = find_waiting(s, &gr), left = total, job;
    char text[96];
    bool go = true;
    int most = GROUP;

    if (total == 0)
        return;
    job = ay_job_begin(s, "reembed", total);
    ay_log(AY_LOG_INFO, "service", "%lld pictures need a vector of this model", (long long)total);
    while (go && gr.n > 0) {
        ay_status status;
        gr.n = gr.n < most ? gr.n : most;
        status = embed_group(s, &gr);
        most = status == AY_EBUSY ? 1 : most < GROUP ? most * 2 : GROUP;
        if (status == AY_EBUSY || status == AY_EUNKNOWN)
            nap(s, status == AY_EBUSY ? 100 : 2000);
        left = find_waiting(s, &gr);
        total = left > total ? left : total;
        go = ay_job_step(s, job, total - left, total);
    }
    snprintf(text, sizeof text, "%lld pictures embedded", (long long)(total - left));
    ay_job_end(s, job, left == 0 ? AY_OK : AY_ECANCELLED, text);
    ay_service_tell(s, "dataset", "", 0);
}

/* A few, and a pause.  With jobs_lock held, which is let go meanwhile. */
static void read_facts(ay_service *s)
{
    ay_facts_left left;
    struct timespec until;
    long ms;

    pthread_mutex_unlock(&s->jobs_lock);
    left = ay_facts_step(s, s->facts_after);
    pthread_mutex_lock(&s->jobs_lock);
    s->facts_done = left == AY_FACTS_DONE;
    if (s->facts_done || s->stop || s->look)
        return;
    ms = left == AY_FACTS_AWAY ? FACTS_AWAY_MS : FACTS_PAUSE_MS;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->jobs_changed, &s->jobs_lock, &until);
}

/* Sleep until woken, stopped or an hour has gone; false: stopped. */
static bool wait_for_work(ay_service *s)
{
    struct timespec until;
    int rc = 0;
    bool go;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PURGE_SECONDS;
    pthread_mutex_lock(&s->jobs_lock);
    s->busy = false;
    pthread_cond_broadcast(&s->jobs_changed);
    while (!s->stop && !s->look && rc != ETIMEDOUT)
        if (s->facts_done)
            rc = pthread_cond_timedwait(&s->jobs_changed, &s->jobs_lock, &until);
        else
            read_facts(s);
    s->look = false;
    s->busy = true;
    go = !s->stop;
    pthread_mutex_unlock(&s->jobs_lock);
    return go;
}

static bool take_purge(ay_service *s)
{
    bool wanted;

    pthread_mutex_lock(&s->jobs_lock);
    wanted = s->purge;
    s->purge = false;
    pthread_mutex_unlock(&s->jobs_lock);
    return wanted;
}

/* The store was away.  When it is back: what memory may have wrong, and what jobs could not say. */
static void settle(ay_service *s)
{
    bool stop = false;

    while ((s->doubt || s->unsaved) && !stop) {
        ay_err err = {{0}};
        if (s->doubt && ay_service_refresh(s, &err) == AY_OK)
            ay_log(AY_LOG_INFO, "service", "the database is back; everything was read again");
        if (!s->doubt && s->unsaved)
            ay_jobs_save_again(s);
        if (s->doubt || s->unsaved)
            nap(s, 500);
        pthread_mutex_lock(&s->jobs_lock);
        stop = s->stop;
        pthread_mutex_unlock(&s->jobs_lock);
    }
}

static void *keep(void *arg)
{
    ay_service *s = arg;
    uint64_t purged = 0;

    do {
        ay_err err = {{0}};
        settle(s);
        embed_waiting(s);
        if (!purged && !s->keep_strays && ay_service_sweep(s, &err) != AY_OK)
            ay_log(AY_LOG_WARN, "service", "looking for stray files: %s", err.msg);
        if (!take_purge(s) && purged && ay_clock_mono() - purged < PURGE_SECONDS * 1000000000ull)
            continue;
        purged = ay_clock_mono();
        if (ay_service_purge(s, &err) != AY_OK)
            ay_log(AY_LOG_WARN, "service", "clearing the trash: %s", err.msg);
    } while (wait_for_work(s));
    return NULL;
}

ay_status ay_keeper_start(ay_service *s, ay_err *err)
{
    ay_status status;

    s->busy = true;
    status = ay_thread_start(&s->keeper, "keeper", keep, s, err);
    s->keeper_started = status == AY_OK;
    return status;
}

void ay_keeper_stop(ay_service *s)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->stop = true;
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
    if (s->keeper_started)
        pthread_join(s->keeper, NULL);
    s->keeper_started = false;
}

void ay_keeper_purge(ay_service *s)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->purge = true;
    pthread_mutex_unlock(&s->jobs_lock);
    ay_keeper_wake(s);
}

void ay_keeper_wake(ay_service *s)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->look = true;
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
}

ay_status ay_service_purge(ay_service *s, ay_err *err)
{
    const char **gone = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;
    int hold;

    if (!ay_hold_none(s->data, &hold))
        return AY_OK; /* a backup is being made; the next round comes within the hour */
    ay_arena_init(&a, 0);
    pthread_rwlock_wrlock(&s->purging);
    status = ay_store_prediction_trim(s->store, AY_PREDICTIONS_KEPT, err);
    if (status == AY_OK)
        status = ay_store_purge(s->store, ay_clock_wall() - s->trash_us, &a, &gone, &n, err);
    for (size_t i = 0; i < n; i++) {
        ay_blobs_remove(s->blobs, gone[i], NULL);
        ay_thumbs_remove(s, gone[i]);
    }
    pthread_rwlock_unlock(&s->purging);
    ay_nodes_trim(s);
    ay_hold_end(hold);
    ay_arena_fini(&a);
    return status;
}
