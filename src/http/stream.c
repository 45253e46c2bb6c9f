/* http/stream.c - see stream.h. */
#include "http/stream.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { STREAMS = 8, RING = 1 << 20, PIECE = 1 << 16 };

struct ay_stream {
    ay_streams *all;
    ay_stream_maker maker;
    struct MHD_Connection *conn;
    pthread_cond_t room;
    char *ring;
    size_t at, n; /* what waits */
    int references;
    bool started, waiting, gone, done;
    ay_status status; /* of the maker, once done */
    _Atomic uint64_t sent;
    struct ay_stream *next;
};

struct ay_streams {
    pthread_mutex_t lock;
    pthread_cond_t fewer;
    ay_stream *list;
    int count, threads;
    bool closed;
};

ay_status ay_streams_create(ay_streams **out, ay_err *err)
{
    *out = ay_calloc(1, sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "answers that are streams");
    pthread_mutex_init(&(*out)->lock, NULL);
    pthread_cond_init(&(*out)->fewer, NULL);
    return AY_OK;
}

/* Under lock. */
static void wake(ay_stream *s)
{
    if (!s->waiting)
        return;
    s->waiting = false;
    MHD_resume_connection(s->conn);
}

ay_status ay_stream_create(ay_stream **out, ay_streams *all, const ay_stream_maker *maker, ay_err *err)
{
    ay_stream *s = ay_calloc(1, sizeof *s);
    bool room;

    *out = NULL;
    if (s)
        s->ring = ay_alloc(RING, 1);
    if (!s || !s->ring) {
        ay_free(s);
        maker->end(maker->ctx);
        return ay_fail(err, AY_ENOMEM, "no memory for a download");
    }
    s->all = all;
    s->maker = *maker;
    s->references = 1;
    pthread_cond_init(&s->room, NULL);
    pthread_mutex_lock(&all->lock);
    room = all->count < STREAMS && !all->closed;
    if (room) {
        s->next = all->list;
        all->list = s;
        all->count++;
    }
    pthread_mutex_unlock(&all->lock);
    if (room) {
        *out = s;
        return AY_OK;
    }
    pthread_cond_destroy(&s->room);
    ay_free(s->ring);
    ay_free(s);
    maker->end(maker->ctx);
    return ay_fail(err, AY_EBUSY, "%d downloads are under way: try again when one has ended", STREAMS);
}

void ay_stream_release(ay_stream *s)
{
    bool last;

    if (!s)
        return;
    pthread_mutex_lock(&s->all->lock);
    last = --s->references == 0;
    for (ay_stream **p = &s->all->list; last && *p; p = &(*p)->next)
        if (*p == s) {
            *p = s->next;
            s->all->count--;
            break;
        }
    pthread_mutex_unlock(&s->all->lock);
    if (!last)
        return;
    s->maker.end(s->maker.ctx);
    pthread_cond_destroy(&s->room);
    ay_free(s->ring);
    ay_free(s);
}

uint64_t ay_stream_sent(const ay_stream *s)
{
    return s ? atomic_load(&s->sent) : 0;
}

/* ---- the maker's side */

ay_status ay_stream_put(void *stream, const void *bytes, size_t n, ay_err *err)
{
    ay_stream *s = stream;
    const char *from = bytes;
    bool gone;

    pthread_mutex_lock(&s->all->lock);
    while (n > 0 && !s->gone && !s->all->closed) {
        size_t to = (s->at + s->n) % RING, part = RING - s->n;
        if (part == 0) {
            pthread_cond_wait(&s->room, &s->all->lock);
            continue;
        }
        part = part < n ? part : n;
        part = part < RING - to ? part : RING - to;
        memcpy(s->ring + to, from, part);
        s->n += part;
        from += part;
        n -= part;
        wake(s);
    }
    gone = s->gone || s->all->closed;
    pthread_mutex_unlock(&s->all->lock);
    return gone ? ay_fail(err, AY_ECANCELLED, "whoever asked for it has gone") : AY_OK;
}

static void *run(void *arg)
{
    ay_stream *s = arg;
    ay_streams *all = s->all;
    ay_err err = {.msg = ""};
    ay_status status = s->maker.make(s->maker.ctx, s, &err);

    if (status && status != AY_ECANCELLED)
        ay_log(AY_LOG_WARN, "http", "a download was cut off: %s", err.msg);
    pthread_mutex_lock(&all->lock);
    s->status = status;
    s->done = true;
    wake(s);
    pthread_mutex_unlock(&all->lock);
    ay_stream_release(s);
    pthread_mutex_lock(&all->lock);
    all->threads--;
    pthread_cond_broadcast(&all->fewer);
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* ---- the I/O thread's side */

/* Under lock; when the first bytes are asked for, so that HEAD makes nothing. */
static void start(ay_stream *s)
{
    pthread_t thread;

    s->started = true;
    s->references++;
    s->all->threads++;
    if (ay_thread_start(&thread, "http-stream", run, s, NULL) == AY_OK) {
        pthread_detach(thread);
        return;
    }
    s->references--;
    s->all->threads--;
    s->done = true;
    s->status = AY_ENOMEM;
}

static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
    ay_stream *s = cls;
    ssize_t out = 0;

    (void)pos;
    pthread_mutex_lock(&s->all->lock);
    if (!s->started && !s->all->closed)
        start(s);
    if (s->n > 0) {
        size_t n = s->n < max ? s->n : max;
        n = n < RING - s->at ? n : RING - s->at;
        memcpy(buf, s->ring + s->at, n);
        s->at = (s->at + n) % RING;
        s->n -= n;
        atomic_fetch_add(&s->sent, n);
        out = (ssize_t)n;
        pthread_cond_signal(&s->room);
    } else if (s->done || s->all->closed) {
        out = s->done && s->status == AY_OK ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    } else {
        s->waiting = true;
        MHD_suspend_connection(s->conn);
    }
    pthread_mutex_unlock(&s->all->lock);
    return out;
}

static void forget(void *cls)
{
    ay_stream *s = cls;

    pthread_mutex_lock(&s->all->lock);
    s->gone = true;
    pthread_cond_signal(&s->room);
    pthread_mutex_unlock(&s->all->lock);
    ay_stream_release(s);
}

struct MHD_Response *ay_stream_response(ay_stream *s, struct MHD_Connection *conn)
{
    struct MHD_Response *res;

    s->conn = conn;
    pthread_mutex_lock(&s->all->lock);
    s->references++;
    pthread_mutex_unlock(&s->all->lock);
    res = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, read_stream, s, forget);
    if (!res)
        ay_stream_release(s);
    return res;
}

/* ---- the end */

void ay_streams_close(ay_streams *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->closed = true;
    for (ay_stream *s = all->list; s; s = s->next) {
        pthread_cond_signal(&s->room);
        wake(s);
    }
    pthread_mutex_unlock(&all->lock);
}

void ay_streams_destroy(ay_streams *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    while (all->threads > 0)
        pthread_cond_wait(&all->fewer, &all->lock);
    pthread_mutex_unlock(&all->lock);
    pthread_mutex_destroy(&all->lock);
    pthread_cond_destroy(&all->fewer);
    ay_free(all);
}
