/* service/jobs.c - what runs in the background, for pages to follow, and who is told of changes. */
#include "service/internal.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *ay_job_state_name(ay_job_state state)
{
    static const char *const names[] = {"running", "done", "failed", "cancelled"};

    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

void ay_service_listen(ay_service *s, void (*fn)(void *ctx, const ay_change *c), void *ctx)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->listener = fn;
    s->listener_ctx = ctx;
    pthread_mutex_unlock(&s->jobs_lock);
}

/* With jobs_lock held. */
static void tell(ay_service *s, const char *kind, const char *dataset, int64_t job)
{
    if (s->listener)
        s->listener(s->listener_ctx, &(ay_change){kind, dataset, job});
}

void ay_service_tell(ay_service *s, const char *kind, const char *dataset, int64_t job)
{
    pthread_mutex_lock(&s->jobs_lock);
    tell(s, kind, dataset, job);
    pthread_mutex_unlock(&s->jobs_lock);
}

static ay_job_slot *find_job(ay_service *s, int64_t id)
{
    for (int i = s->njobs; i-- > 0;)
        if (s->jobs[i].id == id)
            return &s->jobs[i];
    return NULL;
}

/* A free place at the end; the oldest job that is over makes room. */
static ay_job_slot *new_slot(ay_service *s)
{
    int drop = 0;

    if (s->njobs == AY_JOBS_KEPT) {
        while (drop < s->njobs - 1 && s->jobs[drop].state == AY_JOB_RUNNING)
            drop++;
        s->running -= s->jobs[drop].state == AY_JOB_RUNNING;
        memmove(s->jobs + drop, s->jobs + drop + 1,
                (size_t)(s->njobs - drop - 1) * sizeof *s->jobs);
        s->njobs--;
    }
    return &s->jobs[s->njobs++];
}

int64_t ay_job_begin(ay_service *s, const char *kind, int64_t total)
{
    ay_job_slot *j;
    int64_t id;

    pthread_mutex_lock(&s->jobs_lock);
    j = new_slot(s);
    id = ++s->last_job;
    *j = (ay_job_slot){.id = id, .total = total, .started_us = ay_clock_wall()};
    snprintf(j->kind, sizeof j->kind, "%s", kind);
    s->running++;
    tell(s, "job", "", id);
    pthread_mutex_unlock(&s->jobs_lock);
    return id;
}

bool ay_job_step(ay_service *s, int64_t id, int64_t done, int64_t total)
{
    ay_job_slot *j;
    bool go;

    pthread_mutex_lock(&s->jobs_lock);
    j = find_job(s, id);
    go = !s->stop && !(j && j->cancel);
    if (j) {
        j->done = done;
        j->total = total;
        tell(s, "job", "", id);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    return go;
}

void ay_job_end(ay_service *s, int64_t id, ay_status status, const char *message)
{
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = find_job(s, id);
    if (j && j->state == AY_JOB_RUNNING) {
        j->state = status == AY_OK           ? AY_JOB_DONE
                   : status == AY_ECANCELLED ? AY_JOB_CANCELLED
                                             : AY_JOB_FAILED;
        j->ended_us = ay_clock_wall();
        snprintf(j->message, sizeof j->message, "%s", message);
        for (size_t n = strlen(j->message); !ay_utf8_valid(j->message, n);)
            j->message[--n] = '\0'; /* a character cut in two */
        s->running--;
    }
    tell(s, "job", "", id);
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
}

static bool copy_job(ay_arena *a, const ay_job_slot *j, ay_job *out)
{
    out->id = j->id;
    out->kind = ay_arena_strdup(a, j->kind);
    out->state = j->state;
    out->done = j->done;
    out->total = j->total;
    out->message = ay_arena_strdup(a, j->message);
    ay_clock_rfc3339(out->started, j->started_us);
    if (j->ended_us)
        ay_clock_rfc3339(out->ended, j->ended_us);
    return out->kind && out->message;
}

ay_status ay_service_jobs(ay_service *s, ay_arena *a, ay_job **out, size_t *n, ay_err *err)
{
    bool ok = true;

    pthread_mutex_lock(&s->jobs_lock);
    *n = 0;
    *out = ay_arena_alloc(a, (size_t)(s->njobs + 1) * sizeof **out);
    for (int i = s->njobs; *out && ok && i-- > 0;)
        ok = copy_job(a, &s->jobs[i], &(*out)[(*n)++]);
    pthread_mutex_unlock(&s->jobs_lock);
    return *out && ok ? AY_OK : ay_fail(err, AY_ENOMEM, "listing jobs");
}

ay_status ay_service_job_cancel(ay_service *s, int64_t id, ay_err *err)
{
    ay_status status = AY_OK;
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = find_job(s, id);
    if (!j)
        status = ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)id);
    else if (j->state != AY_JOB_RUNNING)
        status = ay_fail(err, AY_ECONFLICT, "job %lld is over", (long long)id);
    else
        j->cancel = true;
    pthread_mutex_unlock(&s->jobs_lock);
    return status;
}

bool ay_service_wait_idle(ay_service *s, long timeout_ms)
{
    struct timespec until;
    int rc = 0;
    bool idle;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&s->jobs_lock);
    while ((s->running > 0 || s->look || s->busy) && rc != ETIMEDOUT)
        rc = timeout_ms < 0 ? pthread_cond_wait(&s->jobs_changed, &s->jobs_lock)
                            : pthread_cond_timedwait(&s->jobs_changed, &s->jobs_lock, &until);
    idle = s->running == 0 && !s->look && !s->busy;
    pthread_mutex_unlock(&s->jobs_lock);
    return idle;
}

char *ay_arena_printf(ay_arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = n < 0 ? NULL : ay_arena_alloc(a, (size_t)n + 1);
    if (!text)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}
