#include "train/stream.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/thread.h"

#include <string.h>
#include <time.h>

enum { THREADS_MAX = 64, TICK_MS = 100 };

typedef struct {
    const ay_stream *s;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t next, done;
    int running;
    ay_status status;
    ay_err err;
} stream;

static bool stopped(const ay_stream *s)
{
    for (int i = 0; i < 2; i++)
        if (s->stop[i] && atomic_load(s->stop[i]))
            return true;
    return false;
}

static ay_status load(const ay_stream *s, size_t i, ay_image *out, ay_err *err)
{
    const char *path = s->path(s->ctx, i), *want = s->digest ? s->digest(s->ctx, i) : NULL;
    size_t limit = s->limits.max_bytes ? s->limits.max_bytes : 20u * 1000 * 1000;
    char found[AY_SHA256_HEX];
    ay_buf bytes = {0};
    ay_status status = ay_file_read(path, limit, &bytes, err);

    if (status == AY_OK && want) {
        ay_sha256_bytes(bytes.data ? bytes.data : "", bytes.len, found);
        if (strcmp(found, want) != 0)
            status = ay_fail(err, AY_ECONFLICT, "%s has changed since it was first read", path);
    }
    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, &s->limits, out, err);
    ay_buf_fini(&bytes);
    return status;
}

/* Pictures [at, end): those that can be read are run together. */
static ay_status run_chunk(const ay_stream *s, size_t at, size_t end, ay_err *err)
{
    ay_image image[AY_STREAM_CHUNK] = {{0}};
    const ay_image *list[AY_STREAM_CHUNK];
    size_t index[AY_STREAM_CHUNK];
    ay_status status = AY_OK;
    int n = 0;

    for (size_t i = at; i < end; i++) {
        ay_err why;
        ay_status read = load(s, i, &image[n], &why);
        if (read != AY_OK) {
            s->failed(s->ctx, i, read, &why);
            continue;
        }
        index[n] = i;
        list[n] = &image[n];
        n++;
    }
    if (n > 0)
        status = s->run(s->ctx, list, index, n, err);
    for (int i = 0; i < n; i++)
        ay_image_fini(&image[i]);
    return status;
}

/* Under the lock: the next handful; false when there is none or somebody failed. */
static bool take(stream *t, size_t *at, size_t *end)
{
    if (t->next >= t->s->n || t->status != AY_OK)
        return false;
    if (stopped(t->s)) {
        t->status = ay_fail(&t->err, AY_ECANCELLED, "cancelled before all pictures were looked at");
        return false;
    }
    *at = t->next;
    *end = *at + AY_STREAM_CHUNK < t->s->n ? *at + AY_STREAM_CHUNK : t->s->n;
    t->next = *end;
    return true;
}

static void *work(void *arg)
{
    stream *t = arg;
    size_t at, end;

    pthread_mutex_lock(&t->lock);
    while (take(t, &at, &end)) {
        ay_err err;
        ay_status status;
        pthread_mutex_unlock(&t->lock);
        status = run_chunk(t->s, at, end, &err);
        pthread_mutex_lock(&t->lock);
        t->done += end - at;
        if (status != AY_OK && t->status == AY_OK) {
            t->status = status;
            t->err = err;
        }
    }
    t->running--;
    pthread_cond_signal(&t->moved);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void watch(stream *t)
{
    pthread_mutex_lock(&t->lock);
    while (t->running > 0) {
        struct timespec until;
        size_t done = t->done;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_mutex_unlock(&t->lock);
        if (t->s->progress)
            t->s->progress(t->s->ctx, done, t->s->n);
        pthread_mutex_lock(&t->lock);
        if (t->running > 0)
            pthread_cond_timedwait(&t->moved, &t->lock, &until);
    }
    pthread_mutex_unlock(&t->lock);
}

ay_status ay_stream_run(const ay_stream *s, ay_err *err)
{
    stream t = {.s = s};
    pthread_t thread[THREADS_MAX];
    int want = s->threads > 0 ? s->threads : ay_cpu_count(), started = 0;
    ay_status status = AY_OK;

    want = want < THREADS_MAX ? want : THREADS_MAX;
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.moved, NULL);
    for (; started < want && status == AY_OK; started += status == AY_OK) {
        pthread_mutex_lock(&t.lock);
        t.running++;
        pthread_mutex_unlock(&t.lock);
        status = ay_thread_start(&thread[started], "stream", work, &t, err);
        if (status != AY_OK) {
            pthread_mutex_lock(&t.lock);
            t.running--;
            t.next = s->n;
            pthread_mutex_unlock(&t.lock);
        }
    }
    watch(&t);
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    if (status == AY_OK && t.status != AY_OK) {
        status = t.status;
        if (err)
            *err = t.err;
    }
    pthread_cond_destroy(&t.moved);
    pthread_mutex_destroy(&t.lock);
    if (status == AY_OK && s->progress)
        s->progress(s->ctx, s->n, s->n);
    return status;
}
