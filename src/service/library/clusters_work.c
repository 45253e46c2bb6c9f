/* service/library/clusters_work.c - the thread that makes groups in the background.
 *
 * It sleeps until a data set changes or a job waits; then what is new joins, once a second at most, and what is due is made anew when
 * nothing has changed for a while. */
#include "service/library/clusters_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "service/library/clusters_open.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { NICE = 10, JOIN_MS = 1000, JOIN_MOST_MS = 10000, FIRST = 24, STEPS = 1000, AGAIN_MS = 60000, STOPPED_MS = 1800000, SEED = 42 };

/* ---- jobs */

static char *dump(json_t *v, ay_arena *a)
{
    size_t n = v ? json_dumpb(v, NULL, 0, JSON_COMPACT) : 0;
    char *text = n ? ay_arena_alloc(a, n + 1) : NULL;

    if (text) {
        json_dumpb(v, text, n, JSON_COMPACT);
        text[n] = '\0';
    }
    json_decref(v);
    return text;
}

static json_t *describe(ay_service *s, const ay_cluster_task *t, const char *name)
{
    ay_cluster_set *set = t->scope ? ay_cluster_set_use(s, t->dataset, t->scope, NULL) : NULL;
    json_t *filter = set ? json_loads(set->filter, 0, NULL) : NULL;

    if (set)
        ay_cluster_set_let(s, set);
    return json_pack("{s:I, s:I, s:s, s:o, s:s, s:i, s:i, s:I}", "dataset_id", (json_int_t)t->dataset, "scope", (json_int_t)t->scope, "dataset",
                     name, "filter", filter ? filter : json_null(), "method", t->method, "k", t->k, "least", t->least, "seed", (json_int_t)t->seed);
}

static void name_of(ay_service *s, int64_t dataset, char name[AY_NAME_MAX + 1])
{
    const ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, dataset);
    snprintf(name, AY_NAME_MAX + 1, "%s", g ? g->name : "");
    pthread_rwlock_unlock(&s->lock);
}

ay_status ay_clusters_queue(ay_service *s, const ay_clusters_request *rq, int64_t *job, ay_err *err)
{
    ay_cluster_task t = {.method = rq->method && *rq->method ? rq->method : "auto", .k = rq->k, .least = rq->least,
                         .seed = rq->seed};
    char name[AY_NAME_MAX + 1], *text = NULL;
    ay_status status = ay_clusters_check(rq, err);
    ay_arena a;

    if (status == AY_OK && (s->reading_only || !s->clusters->started))
        status = ay_fail(err, AY_ECONFLICT, "nothing is done in the background here: a server does that");
    if (status == AY_OK)
        status = ay_clusters_dataset(s, rq->dataset, &t.dataset, err);
    if (status == AY_OK)
        status = ay_clusters_scope(s, t.dataset, rq->filter, &t.scope, err);
    if (status != AY_OK)
        return status;
    ay_arena_init(&a, 0);
    name_of(s, t.dataset, name);
    text = dump(describe(s, &t, name), &a);
    status = text ? ay_job_queue(s, "cluster", text, job, err) : ay_fail(err, AY_ENOMEM, "a job");
    if (status == AY_OK)
        ay_job_set_detail(s, *job, text);
    ay_arena_fini(&a);
    return status;
}

int64_t ay_clusters_job_of(ay_service *s, int64_t dataset, int64_t scope)
{
    char key[80];
    int64_t id = 0;

    snprintf(key, sizeof key, "\"dataset_id\":%lld,\"scope\":%lld,", (long long)dataset, (long long)scope);
    pthread_mutex_lock(&s->jobs_lock);
    for (int i = s->njobs; i-- > 0 && !id;) {
        const ay_job_slot *j = &s->jobs[i];
        if ((j->state == AY_JOB_RUNNING || j->state == AY_JOB_PENDING) && strcmp(j->kind, "cluster") == 0 &&
            ((j->request && strstr(j->request, key)) || (j->detail && strstr(j->detail, key))))
            id = j->id;
    }
    pthread_mutex_unlock(&s->jobs_lock);
    return id;
}

typedef struct {
    ay_service *s;
    int64_t job;
} following;

static bool on_progress(void *ctx, double done)
{
    const following *f = ctx;

    return ay_job_step(f->s, f->job, (int64_t)(done * STEPS), STEPS);
}

static bool is_closing(ay_service *s)
{
    bool stop;

    pthread_mutex_lock(&s->jobs_lock);
    stop = s->stop;
    pthread_mutex_unlock(&s->jobs_lock);
    return stop;
}

static ay_status run_job(ay_service *s, int64_t job, ay_cluster_task *t)
{
    following f = {s, job};
    ay_clusters_made made;
    char name[AY_NAME_MAX + 1], text[200];
    ay_err err = {{0}};
    ay_status status;
    ay_arena a;
    json_t *told;
    char *detail;

    t->progress = on_progress;
    t->ctx = &f;
    name_of(s, t->dataset, name);
    status = ay_clusters_make(s, t, &made, &err);
    ay_arena_init(&a, 0);
    if (status == AY_OK) {
        told = describe(s, t, name);
        json_object_set_new(told, "groups", json_integer(made.groups));
        json_object_set_new(told, "same", json_integer(made.same));
        json_object_set_new(told, "undo", *made.undo ? json_string(made.undo) : json_null());
        if ((detail = dump(told, &a)))
            ay_job_set_detail(s, job, detail);
        ay_job_step(s, job, STEPS, STEPS);
    }
    snprintf(text, sizeof text, "%d groups, %d of them as before", made.groups, made.same);
    if (status != AY_OK && status != AY_ECANCELLED)
        ay_log(AY_LOG_WARN, "service", "groups of %s: %s", name, err.msg);
    if (status == AY_ECANCELLED && t->by_person && is_closing(s))
        ay_job_save(s, job); /* still running: the next server makes it again */
    else
        ay_job_end(s, job, status, status == AY_OK ? text : *err.msg ? err.msg : "stopped");
    ay_arena_fini(&a);
    return status;
}

static bool take_job(ay_service *s)
{
    ay_cluster_task t = {.by_person = true};
    const char *request = NULL;
    json_t *root;
    ay_arena a;
    int64_t job;

    ay_arena_init(&a, 0);
    job = ay_job_take(s, "cluster", &a, &request);
    root = job ? json_loads(request, 0, NULL) : NULL;
    if (root) {
        const char *method = json_string_value(json_object_get(root, "method"));
        t.dataset = json_integer_value(json_object_get(root, "dataset_id"));
        t.scope = json_integer_value(json_object_get(root, "scope"));
        t.method = method ? method : "auto";
        t.k = (int)json_integer_value(json_object_get(root, "k"));
        t.least = (int)json_integer_value(json_object_get(root, "least"));
        t.seed = (uint64_t)json_integer_value(json_object_get(root, "seed"));
        run_job(s, job, &t);
    } else if (job) {
        ay_job_end(s, job, AY_ECORRUPT, "what was asked for cannot be read");
    }
    json_decref(root);
    ay_arena_fini(&a);
    return job != 0;
}

/* ---- what is due */

/* Never grouped: nothing can join, and only the library begins by itself. */
static bool look_at_ungrouped(ay_service *s, int64_t dataset, int64_t scope, ay_clusters_due *out)
{
    ay_cluster_set *set = ay_cluster_set_use(s, dataset, scope, NULL);
    bool never = set && set->how.run == 0;
    const ay_gallery *g;

    if (set)
        ay_cluster_set_let(s, set);
    if (!never || scope)
        return never;
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, dataset);
    out->waiting = g ? g->n : 0;
    out->stale = g && g->kind == AY_KIND_LIBRARY && g->n >= FIRST && g->nready == g->n;
    pthread_rwlock_unlock(&s->lock);
    return true;
}

ay_status ay_clusters_look(ay_service *s, int64_t dataset, int64_t scope, ay_clusters_due *out, ay_err *err)
{
    ay_cluster_view *v;
    const ay_gallery *g;
    size_t joined = 0;
    ay_status status;

    *out = (ay_clusters_due){0};
    if (look_at_ungrouped(s, dataset, scope, out))
        return AY_OK;
    status = ay_clusters_join(s, dataset, scope, &joined, err);
    if (status != AY_OK)
        return status;
    ay_encoder_enter(s);
    status = ay_cluster_view_use(s, dataset, scope, &v, err);
    if (v) {
        pthread_rwlock_rdlock(&s->lock);
        g = ay_service_by_id(s, dataset);
        out->waiting = v->told.waiting;
        out->stale = v->told.stale && g && g->nready == g->n;
        pthread_rwlock_unlock(&s->lock);
        ay_cluster_view_let(s, v);
    }
    ay_encoder_leave(s);
    return status;
}

/* As it was asked the last time. */
static ay_status make_anew(ay_service *s, int64_t dataset)
{
    ay_err err = {{0}};
    ay_cluster_set *set = ay_cluster_set_use(s, dataset, 0, &err);
    ay_cluster_task t = {.dataset = dataset, .method = "auto", .seed = SEED};
    char name[AY_NAME_MAX + 1], *detail;
    ay_status status = AY_EBUSY;
    ay_arena a;
    int64_t job;

    if (!set)
        return status;
    ay_arena_init(&a, 0);
    if (set->how.run) {
        t.method = set->how.method;
        t.k = set->how.k;
        t.least = set->how.least;
    }
    name_of(s, dataset, name);
    job = ay_job_begin(s, "cluster", STEPS);
    if ((detail = dump(describe(s, &t, name), &a)))
        ay_job_set_detail(s, job, detail);
    status = run_job(s, job, &t);
    ay_cluster_set_let(s, set);
    ay_arena_fini(&a);
    return status;
}

typedef struct {
    uint64_t changes;           /* seen */
    uint64_t at, looked, failed; /* ay_clock_mono(): of the last change, look and run that did not end well; 0: never */
    long again_ms;               /* after that */
    uint64_t took;               /* the last look */
    bool due;
} watching;

static bool passed(uint64_t since, long ms)
{
    return ay_clock_mono() - since >= (uint64_t)ms * 1000000;
}

/* Between two looks: about a tenth of the time is spent looking, however large the library and busy the machine; but new pictures do not
 * wait longer than JOIN_MOST_MS. */
static long rest_ms(const watching *w)
{
    long ms = (long)(w->took / 100000);

    return ms < JOIN_MS ? JOIN_MS : ms > JOIN_MOST_MS ? JOIN_MOST_MS : ms;
}

static bool is_quiet(const ay_service *s, const watching *w)
{
    return passed(w->at, s->clusters->quiet_ms) && (!w->failed || passed(w->failed, w->again_ms));
}

/* What is new in the parts of data sets that filters mean joins there.  A filter may name what there is no more: nothing joins. */
static void look_at_parts(ay_service *s)
{
    ay_cluster_set **list;
    size_t n = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    if (ay_cluster_sets_use(s, 0, &a, &list, &n, NULL) != AY_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        ay_clusters_due due;
        ay_err err = {{0}};
        if (list[i]->scope) {
            ay_status status = ay_clusters_look(s, list[i]->dataset, list[i]->scope, &due, &err);
            if (status != AY_OK && status != AY_ENOTFOUND)
                ay_log(AY_LOG_WARN, "service", "looking at groups: %s", err.msg);
        }
        ay_cluster_set_let(s, list[i]);
    }
    ay_arena_fini(&a);
}

/* All data sets; true: one is due to be made anew when it is quiet. */
static void look_at_all(ay_service *s, watching *w)
{
    int64_t ids[64];
    int n = 0;

    w->due = false;
    w->looked = ay_clock_mono();
    pthread_rwlock_rdlock(&s->lock);
    for (int i = 0; i < s->ngalleries && n < 64; i++)
        ids[n++] = s->galleries[i]->id;
    pthread_rwlock_unlock(&s->lock);
    for (int i = 0; i < n; i++) {
        ay_clusters_due due;
        ay_err err = {{0}};
        if (ay_clusters_look(s, ids[i], 0, &due, &err) != AY_OK) {
            ay_log(AY_LOG_WARN, "service", "looking at groups: %s", err.msg);
            continue;
        }
        w->due |= due.stale;
        if (due.stale && is_quiet(s, w)) {
            ay_status status = make_anew(s, ids[i]);
            w->failed = status == AY_OK ? 0 : ay_clock_mono();
            w->again_ms = status == AY_ECANCELLED ? STOPPED_MS : AGAIN_MS;
        }
    }
    look_at_parts(s);
}

/* Until something changes, a job comes or the time is up (ms 0: no time); false: stop. */
static bool wait_for_work(ay_service *s, const watching *w, long ms)
{
    struct timespec until;
    bool go;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->jobs_lock);
    if (!s->stop && ms)
        pthread_cond_timedwait(&s->jobs_changed, &s->jobs_lock, &until);
    else if (!s->stop && w->changes == s->changes)
        pthread_cond_wait(&s->jobs_changed, &s->jobs_lock);
    go = !s->stop;
    pthread_mutex_unlock(&s->jobs_lock);
    return go;
}

static void *work(void *arg)
{
    ay_service *s = arg;
    watching w = {.at = ay_clock_mono(), .due = true};
    bool look = true;
    long ms;

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* what answers people goes first; threads that are started here inherit it */
    do {
        while (take_job(s)) {}
        pthread_mutex_lock(&s->jobs_lock);
        if (s->changes != w.changes) {
            w.changes = s->changes;
            w.at = ay_clock_mono();
            look = true;
        }
        pthread_mutex_unlock(&s->jobs_lock);
        if ((look || (w.due && is_quiet(s, &w))) && passed(w.looked, rest_ms(&w))) {
            look_at_all(s, &w);
            w.took = ay_clock_mono() - w.looked;
            look = false;
        }
        ms = look ? JOIN_MS / 4 : w.due ? JOIN_MS : 0;
    } while (wait_for_work(s, &w, ms));
    return NULL;
}

ay_status ay_clusters_start(ay_service *s, ay_err *err)
{
    ay_status status = ay_thread_start(&s->clusters->worker, "groups", work, s, err);

    s->clusters->started = status == AY_OK;
    return status;
}

void ay_clusters_stop(ay_service *s)
{
    if (s->clusters && s->clusters->started)
        pthread_join(s->clusters->worker, NULL);
    if (s->clusters)
        s->clusters->started = false;
}
