/* service/export/bring_job.c - see bring_job.h. */
#include "service/export/bring_job.h"
#include "service/export/bring_parts.h"
#include "service/dataset.h"
#include "service/library/intake_parts.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KIND "archive"
enum { SHOWN = 50 /* problems in a job's detail */, LOOK_MS = 300, AGAIN_MS = 3000 };

struct ay_brings {
    pthread_mutex_t lock; /* taken before jobs_lock */
    pthread_t thread;
    bool started, running, serves;
    atomic_bool stop;
};

typedef struct {
    ay_service *s;
    int64_t job, batch;
    ay_bring *b;
    const char *path;
    int64_t done, total;
    char trouble[256];
} bringing;

static const char *const ways[] = {"largest", "most", "none"};

/* ---- what is told */

static void tell(bringing *w)
{
    ay_bring_state now = w->b ? ay_bring_now(w->b) : (ay_bring_state){.name = "", .format = ""};
    json_t *o = ay_bring_json(&now);
    json_t *problems = json_array();
    ay_buf text = {0};

    for (size_t i = 0; i < now.nproblems && i < SHOWN; i++)
        json_array_append_new(problems, json_string(now.problems[i]));
    json_object_set_new(o, "problems", problems);
    json_object_set_new(o, "more_problems", json_integer((json_int_t)(now.nproblems + now.more_problems) - (json_int_t)json_array_size(problems)));
    json_object_set_new(o, "path", json_string(w->path));
    json_object_set_new(o, "batch", json_integer(w->batch));
    json_object_set_new(o, "trouble", *w->trouble ? json_string(w->trouble) : json_null());
    if (ay_json_dump(o, JSON_COMPACT, &text) && !text.failed)
        ay_job_set_detail(w->s, w->job, text.data);
    ay_buf_fini(&text);
    json_decref(o);
}

static void set_trouble(bringing *w, const char *why)
{
    if (strncmp(w->trouble, why, sizeof w->trouble - 1) == 0)
        return;
    ay_intake_text(w->trouble, why, sizeof w->trouble - 1);
    tell(w);
}

/* ---- the work */

static bool stopping(const bringing *w)
{
    return atomic_load(&w->s->brings->stop);
}

static ay_status nap(bringing *w, int ms, ay_err *err)
{
    for (; ms > 0 && !stopping(w); ms -= 50)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    return ay_job_step(w->s, w->job, w->done, w->total) && !stopping(w) ? AY_OK : ay_fail(err, AY_ECANCELLED, "stopped");
}

static bool on_picture(void *ctx, int64_t done, int64_t total)
{
    bringing *w = ctx;

    w->total = total;
    if (w->trouble[0])
        set_trouble(w, "");
    if (done > w->done && w->batch)
        tell(w);
    w->done = done > w->done ? done : w->done;
    return ay_job_step(w->s, w->job, w->done, total) && !stopping(w);
}

/* Pictures of the import that are not taken in; what the workers hold is counted until it is in the galleries' memory too. */
static ay_status count_waiting(bringing *w, int64_t *out, ay_err *err)
{
    ay_intake_batch *list = NULL;
    ay_arena a;
    size_t n = 0;
    ay_status status;

    *out = 0;
    ay_arena_init(&a, 0);
    status = ay_intake_batches(w->s, AY_BATCHES_KEPT, &a, &list, &n, err);
    for (size_t i = 0; i < n; i++)
        if (list[i].id == w->batch)
            *out = list[i].waiting;
    ay_arena_fini(&a);
    if (status == AY_OK && *out == 0) { /* rows go and galleries change under one lock */
        pthread_mutex_lock(&w->s->writing);
        pthread_mutex_unlock(&w->s->writing);
    }
    return status;
}

static ay_status wait_for_intake(bringing *w, ay_err *err)
{
    int64_t waiting = 1;
    ay_status status = AY_OK;

    while (w->batch && waiting && status == AY_OK) {
        ay_err why = {{0}};
        ay_status looked = count_waiting(w, &waiting, &why);
        if (looked != AY_OK)
            set_trouble(w, why.msg);
        else if (*w->trouble)
            set_trouble(w, "");
        if (looked != AY_OK || waiting)
            status = nap(w, LOOK_MS, err);
        waiting = looked != AY_OK ? 1 : waiting;
    }
    return status;
}

/* What a disk or a database without room refuses is tried again: every step may be done twice. */
static ay_status until_there_is_room(bringing *w, ay_status (*step)(bringing *, ay_err *), ay_err *err)
{
    for (;;) {
        ay_status status = step(w, err);
        if (status != AY_EIO && status != AY_EBUSY)
            return status;
        ay_log(AY_LOG_WARN, "import", "%s: tried again: %s", w->path, err->msg);
        set_trouble(w, err->msg);
        if (nap(w, AGAIN_MS, err) != AY_OK)
            return AY_ECANCELLED;
    }
}

static ay_status queue(bringing *w, ay_err *err)
{
    return ay_bring_queue(w->b, on_picture, w, &w->batch, err);
}

static ay_status finish(bringing *w, ay_err *err)
{
    return ay_bring_finish(w->b, err);
}

static ay_status bring(bringing *w, const ay_bring_wish *wish, ay_err *err)
{
    ay_status status = ay_bring_open(&w->b, w->s, wish, err);

    if (status != AY_OK)
        return status;
    w->total = ay_bring_now(w->b).pictures;
    tell(w);
    status = until_there_is_room(w, queue, err);
    tell(w);
    if (status == AY_OK)
        status = wait_for_intake(w, err);
    return status == AY_OK ? until_there_is_room(w, finish, err) : status;
}

static bool read_request(const json_t *o, ay_bring_wish *w)
{
    const char *by = json_string_value(json_object_get(o, "by"));

    *w = (ay_bring_wish){.path = json_string_value(json_object_get(o, "path")), .images = json_string_value(json_object_get(o, "images")),
                         .dataset = json_string_value(json_object_get(o, "dataset")), .klass = json_string_value(json_object_get(o, "class"))};
    for (int i = 0; by && i < 3; i++)
        if (strcmp(by, ways[i]) == 0)
            w->by = (ay_catalog_by)i;
    return w->path != NULL;
}

static void cancelled(bringing *w)
{
    int64_t dropped;

    if (w->batch)
        ay_intake_cancel(w->s, w->batch, &dropped, NULL);
    if (w->b)
        ay_bring_unnote(w->b);
}

static void do_job(ay_service *s, int64_t id, const char *request)
{
    json_t *o = json_loads(request, 0, NULL);
    bringing w = {.s = s, .job = id, .path = ""};
    char text[200];
    ay_bring_wish wish;
    ay_bring_state now;
    ay_err err = {{0}};
    ay_status status = read_request(o, &wish) ? AY_OK : ay_fail(&err, AY_ECORRUPT, "what is to be brought in cannot be read");

    if (status == AY_OK) {
        w.path = wish.path;
        status = bring(&w, &wish, &err);
    }
    if (status == AY_ECANCELLED && !stopping(&w))
        cancelled(&w);
    tell(&w);
    now = w.b ? ay_bring_now(w.b) : (ay_bring_state){.name = ""};
    snprintf(text, sizeof text, "%lld new, %lld there already", (long long)now.queued, (long long)now.same);
    if (status != AY_ECANCELLED || !stopping(&w)) /* else it waits in the store for the next start */
        ay_job_end(s, id, status, status == AY_OK ? text : err.msg);
    ay_bring_close(w.b);
    json_decref(o);
}

static void *work(void *arg)
{
    ay_service *s = arg;
    struct ay_brings *all = s->brings;

    for (;;) {
        const char *request = NULL;
        int64_t id;
        ay_arena a;
        ay_arena_init(&a, 0);
        pthread_mutex_lock(&all->lock);
        id = atomic_load(&all->stop) ? 0 : ay_job_take(s, KIND, &a, &request);
        all->running = id != 0;
        pthread_mutex_unlock(&all->lock);
        if (id)
            do_job(s, id, request);
        ay_arena_fini(&a);
        if (!id)
            return NULL;
    }
}

/* ---- from outside */

static void wake(ay_service *s)
{
    struct ay_brings *all = s->brings;
    ay_err err;

    pthread_mutex_lock(&all->lock);
    if (all->serves && !all->running && !atomic_load(&all->stop)) {
        if (all->started)
            pthread_join(all->thread, NULL); /* it has found nothing and is about to end */
        all->started = all->running = ay_thread_start(&all->thread, "archive", work, s, &err) == AY_OK;
        if (!all->started)
            ay_log(AY_LOG_ERROR, "import", "archives wait until the next start: %s", err.msg);
    }
    pthread_mutex_unlock(&all->lock);
}

/* A waiting or running job with this request; 0: none. */
static int64_t find_same(ay_service *s, const char *request)
{
    int64_t id = 0;

    pthread_mutex_lock(&s->jobs_lock);
    for (int i = 0; i < s->njobs && !id; i++) {
        const ay_job_slot *j = &s->jobs[i];
        if ((j->state == AY_JOB_RUNNING || j->state == AY_JOB_PENDING) && strcmp(j->kind, KIND) == 0 && j->request && strcmp(j->request, request) == 0)
            id = j->id;
    }
    pthread_mutex_unlock(&s->jobs_lock);
    return id;
}

/* Where it really is, for a request that another process may read. */
static ay_status find_place(ay_service *s, const char *name, bool anywhere, char dst[4096], ay_err *err)
{
    char data[4096];
    size_t n;

    if (!anywhere) {
        ay_status status = ay_service_below(s->folders, name, dst, "--folders", err);
        if (status != AY_OK)
            return status;
    } else if (!realpath(name, dst)) {
        return ay_fail(err, AY_ENOTFOUND, "%.300s: %s", name, strerror(errno));
    }
    if (!realpath(s->data, data))
        return ay_fail(err, AY_EIO, "%.300s: %s", s->data, strerror(errno));
    n = strlen(data);
    if (strncmp(dst, data, n) == 0 && (dst[n] == '/' || !dst[n]))
        return ay_fail(err, AY_EINVAL, "%.300s is in the data folder", name);
    return AY_OK;
}

static ay_status check(ay_service *s, const ay_bring_wish *w, const char *path, ay_err *err)
{
    bool is = false;
    ay_dataset d;
    ay_arena a;
    ay_status status = ay_bring_is(path, &is, err);

    if (status == AY_OK && !is)
        return ay_fail(err, AY_EUNSUPPORTED, "%.300s is no archive, no document and no folder with one", path);
    ay_arena_init(&a, 0);
    if (status == AY_OK && w->dataset && *w->dataset)
        status = ay_dataset_get(s, w->dataset, &a, &d, err);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_bring_ask(ay_service *s, const ay_bring_wish *w, bool anywhere, int64_t *job, ay_err *err)
{
    char path[4096], images[4096];
    ay_buf text = {0};
    json_t *o;
    ay_status status;

    *job = 0;
    if (s->reading_only || !s->brings->serves)
        return ay_fail(err, AY_EBUSY, "nothing is brought in here in the background: a server does that");
    status = w->path && *w->path ? find_place(s, w->path, anywhere, path, err) : ay_fail(err, AY_EINVAL, "nothing is named");
    if (status == AY_OK && w->images)
        status = find_place(s, w->images, anywhere, images, err);
    if (status == AY_OK)
        status = check(s, w, path, err);
    if (status != AY_OK)
        return status;
    o = json_pack("{s:s, s:s?, s:s?, s:s?, s:s}", "path", path, "images", w->images ? images : NULL, "dataset", w->dataset, "class", w->klass, "by",
                  ways[w->by]);
    if (!o || !ay_json_dump(o, JSON_COMPACT, &text) || text.failed)
        status = ay_fail(err, AY_EUNSUPPORTED, "%.300s: a server can be asked for names in UTF-8 only", path);
    else if (!(*job = find_same(s, text.data)))
        status = ay_job_queue(s, KIND, text.data, job, err);
    ay_buf_fini(&text);
    json_decref(o);
    wake(s);
    return status;
}

ay_status ay_bring_ask_unfinished(ay_service *s, ay_arena *a, int64_t **jobs, size_t *n, ay_err *err)
{
    ay_bring_wish *list = NULL;
    size_t all = 0;
    ay_status status = ay_bring_unfinished(s, a, &list, &all, err);

    *n = 0;
    *jobs = status == AY_OK ? ay_arena_alloc(a, (all + 1) * sizeof **jobs) : NULL;
    if (status == AY_OK && !*jobs)
        status = ay_fail(err, AY_ENOMEM, "listing imports");
    for (size_t i = 0; i < all && status == AY_OK; i++) {
        ay_err why = {{0}};
        if (ay_bring_ask(s, &list[i], true, &(*jobs)[*n], &why) == AY_OK)
            ++*n;
        else
            ay_log(AY_LOG_WARN, "import", "an import that was not finished cannot be gone on with: %s", why.msg);
    }
    return status;
}

ay_status ay_brings_open(ay_service *s, ay_err *err)
{
    s->brings = ay_calloc(1, sizeof *s->brings);
    if (!s->brings)
        return ay_fail(err, AY_ENOMEM, "opening %s", s->data);
    pthread_mutex_init(&s->brings->lock, NULL);
    return AY_OK;
}

void ay_brings_start(ay_service *s)
{
    s->brings->serves = true;
    wake(s);
}

void ay_brings_stop(ay_service *s)
{
    struct ay_brings *all = s->brings;
    bool started;

    if (!all)
        return;
    atomic_store(&all->stop, true);
    pthread_mutex_lock(&all->lock);
    started = all->started;
    all->started = false;
    pthread_mutex_unlock(&all->lock);
    if (started)
        pthread_join(all->thread, NULL);
}

void ay_brings_close(ay_service *s)
{
    if (!s->brings)
        return;
    pthread_mutex_destroy(&s->brings->lock);
    ay_free(s->brings);
    s->brings = NULL;
}
