/* service/library/opinions_run.c - the model looks at pictures, a few at a time and behind everybody else.
 *
 * One thread at most.  It notes which pictures have no opinion, then decodes and asks without any lock; what it learns goes into the table under
 * marks->lock for a moment.  Every so often all of it is written, so that a crash costs a minute at most. */
#include "service/library/opinions_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "service/learn/registry.h"
#include "service/learn/serving.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TOGETHER = 4, NICE = 10 };
#define KEEP_NS 60000000000u /* written so often */
#define TELL_NS 1000000000u  /* lists are made anew so often at most */

typedef struct {
    ay_service *s;
    ay_serving *v;
    char (*sha256)[AY_SHA256_HEX];
    uint32_t *number;
    size_t n, done;
    uint64_t kept, told;
} looking;

/* ---- which pictures */

static ay_status list_pictures(looking *l, int64_t dataset, bool again, ay_err *err)
{
    ay_service *s = l->s;
    ay_opinion_table *t;
    ay_gallery *g;
    ay_status status = AY_OK;

    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, dataset);
    pthread_mutex_lock(&s->marks->lock);
    ay_opinions_of(s, ""); /* what is in files counts */
    t = ay_opinions_make(s, l->v->model, l->v->name, l->v->version, l->v->digest, l->v->info->class_names, l->v->info->classes);
    l->sha256 = ay_alloc(g ? g->n + 1 : 1, sizeof *l->sha256);
    l->number = ay_alloc(g ? g->n + 1 : 1, sizeof *l->number);
    if (!t || !l->sha256 || !l->number)
        status = ay_fail(err, AY_ENOMEM, "looking at pictures");
    for (size_t i = 0; status == AY_OK && g && i < g->n; i++) {
        uint32_t number = ay_marks_item(s->marks, &g->items[i]);
        if (!number || (!again && number <= t->cap && t->of[number - 1].label != AY_OPINION_NONE))
            continue;
        memcpy(l->sha256[l->n], g->items[i].sha256, sizeof *l->sha256);
        l->number[l->n++] = number;
    }
    pthread_mutex_unlock(&s->marks->lock);
    pthread_rwlock_unlock(&s->lock);
    return status;
}

/* ---- asking */

static ay_opinion opinion_of(const ay_prediction *p, int classes)
{
    ay_opinion o = {.label = (uint16_t)p->top, .verdict = (uint8_t)p->verdict, .score = p->confidence};
    float second = 0;

    for (int c = 0; c < classes; c++)
        if (c != p->top && p->probabilities[c] > second)
            second = p->probabilities[c];
    o.margin = p->confidence - second;
    return o;
}

static ay_status keep_some(looking *l, const uint32_t *number, const ay_opinion *o, int n, ay_err *err)
{
    ay_service *s = l->s;
    ay_opinion_table *t;
    bool ok = true;

    pthread_mutex_lock(&s->marks->lock);
    t = ay_opinions_make(s, l->v->model, l->v->name, l->v->version, l->v->digest, l->v->info->class_names, l->v->info->classes);
    for (int i = 0; i < n && t; i++)
        ok &= ay_opinion_put(t, number[i], &o[i]);
    pthread_mutex_unlock(&s->marks->lock);
    return t && ok ? AY_OK : ay_fail(err, AY_ENOMEM, "keeping opinions");
}

/* A picture that cannot be read is noted as such; what passes (no memory, a full queue) is an error of the whole. */
static ay_status look_at(looking *l, size_t first, int n, ay_err *err)
{
    ay_image images[TOGETHER];
    const ay_image *list[TOGETHER];
    ay_prediction p[TOGETHER];
    ay_opinion o[TOGETHER];
    uint32_t number[TOGETHER];
    int read = 0, unread = 0;
    ay_status status = AY_OK;

    for (int i = 0; i < n && status == AY_OK; i++) {
        status = ay_service_open_image(l->s, l->sha256[first + (size_t)i], &images[read], err);
        if (status == AY_OK) {
            list[read] = &images[read];
            number[read++] = l->number[first + (size_t)i];
        } else if (status != AY_ENOMEM && status != AY_EBUSY) {
            unread++;
            number[TOGETHER - unread] = l->number[first + (size_t)i];
            o[TOGETHER - unread] = (ay_opinion){.label = AY_OPINION_UNREAD};
            status = AY_OK;
        }
    }
    if (status == AY_OK && read)
        status = l->s->classifier.run(l->v->classifier, list, read, p, err);
    for (int i = 0; status == AY_OK && i < read; i++)
        o[i] = opinion_of(&p[i], l->v->info->classes);
    if (status == AY_OK && read)
        l->s->classifier.fini(p);
    for (int i = 0; i < read; i++)
        ay_image_fini(&images[i]);
    if (status == AY_OK)
        status = keep_some(l, number, o, read, err);
    return status == AY_OK ? keep_some(l, number + TOGETHER - unread, o + TOGETHER - unread, unread, err) : status;
}

/* Lists are made anew, and what is known is written, now and then. */
static void now_and_then(looking *l, bool end)
{
    uint64_t now = ay_clock_mono();

    if (end || now - l->told > TELL_NS) {
        l->s->opinions->version++;
        l->told = now;
    }
    if (end || now - l->kept > KEEP_NS) {
        ay_opinions_keep(l->s, l->v->model);
        l->kept = ay_clock_mono();
    }
}

static ay_status look_at_all(looking *l, int64_t job, ay_err *err)
{
    ay_status status = AY_OK;

    l->kept = ay_clock_mono();
    while (l->done < l->n && status == AY_OK) {
        int n = l->n - l->done < TOGETHER ? (int)(l->n - l->done) : TOGETHER;
        if (!ay_job_step(l->s, job, (int64_t)l->done, (int64_t)l->n))
            status = ay_fail(err, AY_ECANCELLED, "stopped after %zu of %zu pictures; asking again goes on there", l->done, l->n);
        else
            status = look_at(l, l->done, n, err);
        if (status == AY_EBUSY) { /* requests fill the queue: they go first */
            usleep(100000);
            status = AY_OK;
            continue;
        }
        l->done += status == AY_OK ? (size_t)n : 0;
        now_and_then(l, false);
    }
    ay_job_step(l->s, job, (int64_t)l->done, (int64_t)l->n);
    now_and_then(l, true);
    return status;
}

/* Files of models that are no more. */
static void sweep(ay_service *s)
{
    char path[4096], file[4400];
    ay_registered *list = NULL;
    struct dirent *e;
    ay_err err;
    ay_arena a;
    size_t n = 0;
    DIR *d = NULL;

    ay_arena_init(&a, 0);
    snprintf(path, sizeof path, "%.3900s/cache", s->data);
    if (ay_registry_list(s, &a, &list, &n, &err) == AY_OK)
        d = opendir(path);
    while (d && (e = readdir(d))) {
        long long id;
        int used = 0;
        bool there = false;
        if (sscanf(e->d_name, "opinions-%lld.bin%n", &id, &used) != 1 || !used || e->d_name[used])
            continue;
        for (size_t i = 0; i < n; i++)
            there |= list[i].id == id;
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (!there)
            unlink(file);
    }
    if (d)
        closedir(d);
    ay_arena_fini(&a);
}

static void *work(void *arg)
{
    ay_service *s = arg;
    struct ay_opinions *w = s->opinions;
    looking l = {.s = s};
    ay_err err = {{0}};
    ay_status status = ay_serving_hold(s, w->model, &l.v, &err);

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    sweep(s);
    if (status == AY_OK)
        status = list_pictures(&l, w->dataset, w->again, &err);
    if (status == AY_OK)
        status = look_at_all(&l, w->job, &err);
    if (status != AY_OK && status != AY_ECANCELLED)
        ay_log(AY_LOG_WARN, "service", "looking at pictures with a trained model: %s", err.msg);
    ay_serving_drop(s, l.v);
    ay_free(l.sha256);
    ay_free(l.number);
    ay_service_tell(s, "dataset", "", 0);
    pthread_mutex_lock(&w->lock);
    w->running = false;
    pthread_mutex_unlock(&w->lock);
    ay_job_end(s, w->job, status, status == AY_OK ? "" : err.msg);
    return NULL;
}

/* ---- from outside */

static bool ends(ay_service *s)
{
    bool stop;

    pthread_mutex_lock(&s->jobs_lock);
    stop = s->stop;
    pthread_mutex_unlock(&s->jobs_lock);
    return stop;
}

/* Under the worker's lock. */
static ay_status start(ay_service *s, int64_t dataset, int64_t model, bool again, ay_err *err)
{
    struct ay_opinions *w = s->opinions;
    ay_status status;

    if (w->running && w->dataset == dataset && w->model == model)
        return AY_OK;
    if (w->running)
        return ay_fail(err, AY_ECONFLICT, "a trained model looks at other pictures just now: wait for job %lld, or cancel it", (long long)w->job);
    if (w->started)
        pthread_join(w->worker, NULL);
    w->dataset = dataset;
    w->model = model;
    w->again = again;
    w->job = ay_job_begin(s, "opinions", 0);
    status = ay_thread_start(&w->worker, "opinions", work, s, err);
    w->running = w->started = status == AY_OK;
    if (status != AY_OK)
        ay_job_end(s, w->job, status, err->msg);
    return status;
}

ay_status ay_opinions_ask(ay_service *s, const char *dataset, const char *model, bool again, int64_t *job, ay_err *err)
{
    ay_opinions_state now;
    ay_gallery *g;
    int64_t id = 0;
    ay_arena a;
    ay_status status;

    *job = 0;
    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "a server has this data folder open: ask on its page, or stop it");
    ay_arena_init(&a, 0);
    status = ay_opinions_look(s, dataset, model, &a, &now, err);
    if (status == AY_OK && !now.model)
        status = ay_fail(err, AY_ECONFLICT, "no trained model is active: train one (page Training, or assay train), or promote one that is "
                                            "there (page Models, or assay model promote)");
    if (status == AY_OK) {
        pthread_rwlock_rdlock(&s->lock);
        status = ay_service_find(s, now.dataset, &g, err);
        id = status == AY_OK ? g->id : 0;
        pthread_rwlock_unlock(&s->lock);
    }
    if (status == AY_OK) {
        pthread_mutex_lock(&s->opinions->lock);
        status = ends(s) ? ay_fail(err, AY_EBUSY, "the program ends") : start(s, id, now.model, again, err);
        *job = status == AY_OK ? s->opinions->job : 0;
        pthread_mutex_unlock(&s->opinions->lock);
    }
    ay_arena_fini(&a);
    return status;
}

void ay_opinions_stop(ay_service *s)
{
    bool started;

    if (!s->opinions)
        return;
    pthread_mutex_lock(&s->opinions->lock);
    started = s->opinions->started;
    s->opinions->started = false;
    pthread_mutex_unlock(&s->opinions->lock);
    if (started)
        pthread_join(s->opinions->worker, NULL);
}
