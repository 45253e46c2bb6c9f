/* http/events.c - server-sent events: what changes in the service reaches every open page.
 *
 *   service thread --change--> ring --watcher thread--> text --> every stream --> I/O threads
 *
 * The service calls the listener with its locks held, so the listener only notes the change and
 * wakes the watcher.  The watcher may ask the service (a job's progress) and writes one text for
 * all streams.  A stream that has nothing to send is suspended; new text resumes it.
 *
 * Invariants, under events->lock:
 *   E1  a stream is in the list from creation until libmicrohttpd frees its response.
 *   E2  stream->waiting is true exactly while its connection is suspended; who clears it resumes.
 *   E3  after close no stream waits, so that the daemon can be stopped.
 * A page that does not read loses events once STREAM_LIMIT is waiting for it: it gets "lost" and
 * asks again; the server's memory stays bounded. */
#include "http/impl.h"
#include "http/tls.h"
#include "http/view.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "service/service.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STREAMS = 64, STREAM_LIMIT = 64 << 10, RING = 64, PING_SECONDS = 15 };

typedef struct stream {
    ay_events *events;
    struct MHD_Connection *conn;
    ay_buf text; /* not sent yet, from sent on */
    size_t sent;
    bool waiting, lost, last; /* last: nothing follows what is in text */
    int64_t job;              /* the only one it is about; 0: everything */
    struct stream *next;
} stream;

typedef struct {
    char kind[16], dataset[128];
    int64_t job;
} change;

struct ay_events {
    ay_server *server;
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t watcher;
    stream *streams;
    int count;
    change ring[RING];
    int ring_len;
    bool ring_lost, closed;
};

/* Under lock: let the I/O thread look at this stream again. */
static void wake(stream *st)
{
    if (!st->waiting)
        return;
    st->waiting = false;
    MHD_resume_connection(st->conn);
}

/* Under lock: send text to everybody, or (job > 0) to those who follow everything or that job; over: it
 * is the last of that job. */
static void broadcast(ay_events *e, const char *text, size_t n, int64_t job, bool over)
{
    for (stream *st = e->streams; st; st = st->next) {
        if (st->last || (st->job && job != st->job && job >= 0))
            continue;
        st->last = over && st->job;
        if (st->text.len - st->sent + n > STREAM_LIMIT)
            st->lost = true;
        else
            ay_buf_add(&st->text, text, n);
        wake(st);
    }
}

static void on_change(void *ctx, const ay_change *c)
{
    ay_events *e = ctx;

    pthread_mutex_lock(&e->lock);
    if (e->ring_len == RING)
        e->ring_lost = true;
    else {
        change *slot = &e->ring[e->ring_len];
        snprintf(slot->kind, sizeof slot->kind, "%s", c->kind);
        snprintf(slot->dataset, sizeof slot->dataset, "%s", c->dataset);
        slot->job = c->job;
        bool same = false; /* a thousand uploads are one piece of news */
        for (int i = 0; i < e->ring_len && !same; i++)
            same = memcmp(&e->ring[i].job, &slot->job, sizeof slot->job) == 0 &&
                   strcmp(e->ring[i].kind, slot->kind) == 0 &&
                   strcmp(e->ring[i].dataset, slot->dataset) == 0;
        e->ring_len += !same;
    }
    pthread_cond_signal(&e->more);
    pthread_mutex_unlock(&e->lock);
}

static int add_to_buf(const char *p, size_t n, void *buf)
{
    ay_buf_add(buf, p, n);
    return 0;
}

static void event_text(ay_buf *out, const char *name, json_t *data)
{
    ay_buf_printf(out, "event: %s\ndata: ", name);
    if (data)
        json_dump_callback(data, add_to_buf, out, JSON_COMPACT);
    ay_buf_puts(out, data ? "\n\n" : "{}\n\n");
    json_decref(data);
}

/* The job as it is now; is it over? */
static bool job_text(ay_events *e, int64_t id, ay_buf *out)
{
    bool over = true;
    ay_arena a;
    ay_job job;

    ay_arena_init(&a, 4 << 20);
    if (ay_service_job(e->server->o.service, id, &a, &job, NULL) == AY_OK) {
        over = job.state != AY_JOB_RUNNING && job.state != AY_JOB_PENDING;
        event_text(out, "job", ay_view_job(&job));
    }
    ay_arena_fini(&a);
    return over;
}

static bool change_text(ay_events *e, const change *c, ay_buf *out)
{
    if (strcmp(c->kind, "job") == 0)
        return job_text(e, c->job, out);
    event_text(out, c->kind, json_pack("{s:s}", "dataset", c->dataset));
    return false;
}

/* Wait for changes, or for the time of a ping. */
static bool wait_changes(ay_events *e)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PING_SECONDS;
    while (e->ring_len == 0 && !e->ring_lost && !e->closed)
        if (pthread_cond_timedwait(&e->more, &e->lock, &until))
            break;
    return !e->closed;
}

/* The watcher wakes at least every PING_SECONDS; then it also looks at the host's addresses. */
static void refresh_certificate(ay_server *s, uint64_t *last)
{
    ay_err err;
    bool renewed;

    if (!s->tls || ay_clock_mono() - *last < PING_SECONDS * 1000000000ull)
        return;
    *last = ay_clock_mono();
    if (ay_tls_refresh(s->tls, &renewed, &err))
        ay_log(AY_LOG_WARN, "http", "certificate: %s", err.msg);
    else if (renewed)
        ay_log(AY_LOG_INFO, "http", "certificate renewed for this host's present addresses");
}

static void *watch(void *arg)
{
    ay_events *e = arg;
    uint64_t looked = ay_clock_mono();
    change now[RING];
    ay_buf texts[RING];
    bool over[RING];

    pthread_mutex_lock(&e->lock);
    while (wait_changes(e)) {
        ay_buf general = {0};
        int n = e->ring_len;
        memcpy(now, e->ring, sizeof now);
        if (e->ring_lost || n == 0)
            event_text(&general, e->ring_lost ? "lost" : "ping", NULL);
        e->ring_len = 0;
        e->ring_lost = false;
        pthread_mutex_unlock(&e->lock); /* the service is asked without our lock */
        refresh_certificate(e->server, &looked);
        for (int i = 0; i < n; i++) {
            texts[i] = (ay_buf){0};
            over[i] = change_text(e, &now[i], &texts[i]);
        }
        if (n) /* at most ten times a second: progress is for eyes */
            nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        pthread_mutex_lock(&e->lock);
        if (general.len)
            broadcast(e, general.data, general.len, -1, false);
        for (int i = 0; i < n; i++) {
            if (texts[i].len)
                broadcast(e, texts[i].data, texts[i].len, now[i].job, over[i]);
            ay_buf_fini(&texts[i]);
        }
        ay_buf_fini(&general);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

/* libmicrohttpd asks for bytes. */
static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
    stream *st = cls;
    ay_events *e = st->events;
    size_t n;

    (void)pos;
    pthread_mutex_lock(&e->lock);
    if (st->sent == st->text.len) {
        st->text.len = st->sent = 0;
        if (st->lost)
            event_text(&st->text, "lost", NULL);
        st->lost = false;
    }
    n = st->text.len - st->sent;
    if (n > max)
        n = max;
    if (n) {
        memcpy(buf, st->text.data + st->sent, n);
        st->sent += n;
    } else if (!e->closed && !st->last) {
        st->waiting = true;
        MHD_suspend_connection(st->conn);
    }
    bool over = n == 0 && (e->closed || st->last);
    pthread_mutex_unlock(&e->lock);
    return over ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void free_stream(void *cls)
{
    stream *st = cls;
    ay_events *e = st->events;

    pthread_mutex_lock(&e->lock);
    for (stream **at = &e->streams; *at; at = &(*at)->next)
        if (*at == st) {
            *at = st->next;
            e->count--;
            break;
        }
    pthread_mutex_unlock(&e->lock);
    ay_buf_fini(&st->text);
    ay_free(st);
}

struct MHD_Response *ay_events_response(ay_events *e, struct MHD_Connection *conn, int64_t job)
{
    stream *st = ay_calloc(1, sizeof *st);
    struct MHD_Response *res;
    bool room;

    if (!st)
        return NULL;
    *st = (stream){.events = e, .conn = conn, .job = job};
    ay_buf_puts(&st->text, "retry: 2000\nevent: ping\ndata: {}\n\n");
    if (job)
        st->last = job_text(e, job, &st->text);
    pthread_mutex_lock(&e->lock);
    room = e->count < STREAMS && !e->closed;
    if (room) {
        st->next = e->streams;
        e->streams = st;
        e->count++;
    }
    pthread_mutex_unlock(&e->lock);
    res = room ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, st,
                                                   free_stream)
               : NULL;
    if (!res)
        free_stream(st);
    return res;
}

int ay_events_count(ay_events *e)
{
    int n;

    pthread_mutex_lock(&e->lock);
    n = e->count;
    pthread_mutex_unlock(&e->lock);
    return n;
}

ay_status ay_events_create(ay_events **out, ay_server *s, ay_err *err)
{
    ay_events *e = ay_calloc(1, sizeof *e);
    ay_status status;

    *out = NULL;
    if (!e)
        return ay_fail(err, AY_ENOMEM, "event streams");
    e->server = s;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->more, NULL);
    status = ay_thread_start(&e->watcher, "http-events", watch, e, err);
    if (status) {
        ay_free(e);
        return status;
    }
    if (s->o.service)
        ay_service_listen(s->o.service, on_change, e);
    *out = e;
    return AY_OK;
}

void ay_events_close(ay_events *e)
{
    pthread_mutex_lock(&e->lock);
    bool first = !e->closed;
    e->closed = true;
    for (stream *st = e->streams; st; st = st->next)
        wake(st);
    pthread_cond_signal(&e->more);
    pthread_mutex_unlock(&e->lock);
    if (!first)
        return;
    if (e->server->o.service)
        ay_service_listen(e->server->o.service, NULL, NULL);
    pthread_join(e->watcher, NULL);
}

void ay_events_destroy(ay_events *e)
{
    if (!e)
        return;
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->more);
    ay_free(e);
}
