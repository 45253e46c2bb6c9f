/* service/inspect/tasks_work.c - the threads that take tasks and do their two halves. */
#include "service/inspect/tasks_parts.h"
#include "service/learn/serving.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NOTES = 50, NICE = 5 };
static const double CONFIRMED = 0.3, ASKED = 0.2; /* progress at a person's question and answer, as the old system had it */

ay_task_running *ay_task_at_work(struct ay_tasks *t, int64_t job)
{
    ay_task_running *r = t->running;

    while (r && r->job != job)
        r = r->next;
    return r;
}

/* ---- what the driver tells */

static void show(ay_task_running *r)
{
    char *text;

    pthread_mutex_lock(&r->s->tasks->lock);
    text = ay_json_compact(r->detail);
    pthread_mutex_unlock(&r->s->tasks->lock);
    if (text)
        ay_job_set_detail(r->s, r->job, text);
    ay_free(text);
}

static void set(ay_task_running *r, const char *key, json_t *value)
{
    pthread_mutex_lock(&r->s->tasks->lock);
    json_object_set_new(r->detail, key, value);
    pthread_mutex_unlock(&r->s->tasks->lock);
}

static double progress_of(ay_task_running *r)
{
    double p;

    pthread_mutex_lock(&r->s->tasks->lock);
    p = json_number_value(json_object_get(r->detail, "progress"));
    pthread_mutex_unlock(&r->s->tasks->lock);
    return p;
}

/* Never backwards: a half that is done again says so in words. */
static void on_step(void *ctx, double progress, const char *step)
{
    ay_task_running *r = ctx;
    const char *before;
    bool turned;

    pthread_mutex_lock(&r->s->tasks->lock);
    before = json_string_value(json_object_get(r->detail, "step"));
    turned = !before || strcmp(before, step) != 0;
    if (progress > json_number_value(json_object_get(r->detail, "progress")))
        json_object_set_new(r->detail, "progress", json_real(progress));
    json_object_set_new(r->detail, "step", json_string(step));
    pthread_mutex_unlock(&r->s->tasks->lock);
    ay_job_step(r->s, r->job, (int64_t)(progress_of(r) * 1000), 1000);
    show(r);
    if (turned)
        ay_job_save(r->s, r->job);
}

static void on_point(void *ctx, int at, const char *json)
{
    ay_task_running *r = ctx;

    ay_job_put_point(r->s, r->job, at, json);
}

static void on_note(void *ctx, const ay_note *n)
{
    ay_task_running *r = ctx;
    json_t *notes, *text = json_string(n->text); /* a file's name need not be UTF-8 */

    pthread_mutex_lock(&r->s->tasks->lock);
    notes = json_object_get(r->detail, "notes");
    json_array_append_new(notes, json_pack("{s:o, s:s, s:O*}", "text", text ? text : json_string("?"), "code", n->code, "args", n->args));
    if (json_array_size(notes) > NOTES)
        json_array_remove(notes, 0);
    pthread_mutex_unlock(&r->s->tasks->lock);
    show(r);
}

static void on_tell(void *ctx, const char *key, json_t *value)
{
    set(ctx, key, value);
    show(ctx);
}

/* The turn first: until it comes a person may still change his mind. */
static ay_status on_begin(void *ctx, ay_err *err)
{
    ay_task_running *r = ctx;
    ay_status status = AY_OK;

    if (!ay_turn_take(r->s, &r->control))
        return ay_fail(err, AY_ECANCELLED, "stopped before it began to learn");
    pthread_mutex_lock(&r->s->tasks->lock);
    if (r->changed)
        status = ay_fail(err, AY_ECONFLICT, "the orientations have changed");
    else
        r->learning = true;
    json_object_set_new(r->detail, "learning", json_boolean(r->learning));
    pthread_mutex_unlock(&r->s->tasks->lock);
    if (status != AY_OK)
        ay_turn_give(r->s);
    else
        show(r);
    return status;
}

/* ---- the two halves */

static json_t *document(const ay_task_running *r, const char *name)
{
    char path[AY_TASK_PATH + 64];

    snprintf(path, sizeof path, "%s/%s", r->out, name);
    return json_load_file(path, 0, NULL);
}

static ay_status write_choices(const ay_task_running *r, const json_t *choices, ay_err *err)
{
    char path[AY_TASK_PATH + 64], *text = ay_json_compact(choices);
    ay_status status;

    snprintf(path, sizeof path, "%s/" AY_TASK_CHOICES, r->out);
    status = text ? ay_file_write(path, text, strlen(text), err) : ay_fail(err, AY_ENOMEM, "keeping orientations");
    ay_free(text);
    return status;
}

static ay_line_run run_of(ay_task_running *r)
{
    return (ay_line_run){.request = r->asked, .input = r->input, .out = r->out, .control = &r->control, .ctx = r,
                         .step = on_step, .point = on_point, .note = on_note, .tell = on_tell, .begin = on_begin};
}

/* Choices that came with the request are checked as a person's are and then stand as if he had made them. */
static ay_status take_given(ay_task_running *r, ay_err *err)
{
    const json_t *given = json_object_get(r->asked, "orientations");
    json_t *classes = document(r, AY_TASK_CLASSES);
    ay_status status = ay_task_check_choices(json_object_get(classes, "classes"), given, err);

    json_decref(classes);
    return status == AY_OK ? write_choices(r, given, err) : status;
}

/* *ask: a person has to be asked now. */
static ay_status first_half(ay_task_running *r, bool *ask, ay_err *err)
{
    ay_line_run run = run_of(r);
    json_t *classes = document(r, AY_TASK_CLASSES), *choices = document(r, AY_TASK_CHOICES);
    bool have = choices != NULL, orient = false;
    ay_status status = r->s->line.check(r->s->line.ctx, r->asked, &orient, err);

    *ask = false;
    if (status == AY_OK && !classes)
        status = r->s->line.collect(r->s->line.ctx, &run, err);
    json_decref(classes);
    json_decref(choices);
    if (status != AY_OK || have || !orient)
        return status;
    if (json_is_object(json_object_get(r->asked, "orientations")))
        return take_given(r, err);
    *ask = true;
    return AY_OK;
}

static ay_status second_half(ay_task_running *r, ay_err *err)
{
    ay_status status;
    bool again;

    do {
        ay_line_run run = run_of(r);
        json_t *choices;
        pthread_mutex_lock(&r->s->tasks->lock);
        r->changed = r->learning = false;
        choices = document(r, AY_TASK_CHOICES);
        pthread_mutex_unlock(&r->s->tasks->lock);
        run.choices = choices;
        status = r->s->line.finish(r->s->line.ctx, &run, err);
        json_decref(choices);
        pthread_mutex_lock(&r->s->tasks->lock);
        again = status == AY_ECONFLICT && r->changed && !r->learning;
        if (r->learning)
            ay_turn_give(r->s);
        pthread_mutex_unlock(&r->s->tasks->lock);
    } while (again);
    return status;
}

/* ---- one task */

static bool is_closing(ay_service *s)
{
    bool stop;

    pthread_mutex_lock(&s->jobs_lock);
    stop = s->stop;
    pthread_mutex_unlock(&s->jobs_lock);
    return stop;
}

/* What an earlier process had shown goes on; what no process could keep is made anew. */
static void describe(ay_task_running *r)
{
    const json_t *notes;
    ay_arena a;
    ay_job j;

    ay_arena_init(&a, 0);
    if (ay_service_job(r->s, r->job, &a, &j, &(ay_err){{0}}) == AY_OK && *j.detail)
        r->detail = json_loads(j.detail, 0, NULL);
    ay_arena_fini(&a);
    if (!r->detail)
        r->detail = json_object();
    notes = json_object_get(r->detail, "notes");
    if (!json_is_array(notes))
        json_object_set_new(r->detail, "notes", json_array());
    json_object_set(r->detail, "task", json_object_get(r->request, "task"));
    json_object_set_new(r->detail, "learning", json_false());
}

static void enlist(ay_task_running *r, bool in)
{
    struct ay_tasks *t = r->s->tasks;

    pthread_mutex_lock(&t->lock);
    if (in) {
        r->next = t->running;
        t->running = r;
    } else {
        ay_task_running **p = &t->running;
        while (*p != r)
            p = &(*p)->next;
        *p = r->next;
    }
    pthread_mutex_unlock(&t->lock);
}

/* A person is asked.  He may have answered, or given up, in this very moment. */
static void ask(ay_task_running *r)
{
    ay_err err = {{0}};

    bool answered;

    on_step(r, ASKED, "waiting for the orientations");
    if (ay_job_wait(r->s, r->job, &err) != AY_OK) {
        ay_job_end(r->s, r->job, AY_ECANCELLED, "cancelled");
        return;
    }
    pthread_mutex_lock(&r->s->tasks->lock);
    answered = r->changed;
    pthread_mutex_unlock(&r->s->tasks->lock);
    if (answered) /* whose answer comes later finds the task waiting (tasks_choose.c) */
        ay_job_again(r->s, r->job, &err);
}

static void conclude(ay_task_running *r, ay_status status, const ay_err *err)
{
    const char *id = json_string_value(json_object_get(r->request, "task"));

    if (status == AY_ECANCELLED && is_closing(r->s)) {
        ay_job_save(r->s, r->job); /* still running: the next server goes on with it */
        return;
    }
    ay_log(AY_LOG_INFO, "service", "inspection %s: %s", id ? id : "?", status == AY_OK ? "done" : err->msg);
    if (status == AY_OK)
        on_step(r, 1, "done");
    ay_job_end(r->s, r->job, status, status == AY_OK ? "" : *err->msg ? err->msg : "stopped");
}

static ay_status prepare(ay_task_running *r, ay_err *err)
{
    const char *input = json_string_value(json_object_get(r->request, "input"));

    r->asked = json_object_get(r->request, "asked");
    snprintf(r->input, sizeof r->input, "%s", input ? input : "");
    ay_task_folder(r->s, r->request, r->out);
    return ay_file_mkdirs(r->out, err);
}

static void run_task(ay_service *s, int64_t job, const char *text)
{
    ay_task_running r = {.s = s, .job = job, .request = json_loads(text, 0, NULL)};
    bool person = false;
    ay_err err = {{0}};
    ay_status status;

    describe(&r);
    enlist(&r, true);
    ay_job_watch(s, job, &r.control.pause);
    status = prepare(&r, &err);
    if (status == AY_OK)
        status = first_half(&r, &person, &err);
    if (status == AY_OK && !person) {
        set(&r, "oriented", json_true());
        on_step(&r, CONFIRMED, "preparing the pictures");
        status = second_half(&r, &err);
    }
    ay_job_watch(s, job, NULL);
    if (status == AY_OK && person)
        ask(&r);
    else
        conclude(&r, status, &err);
    enlist(&r, false);
    json_decref(r.request);
    json_decref(r.detail);
}

/* ---- the threads */

static void *work(void *arg)
{
    ay_service *s = arg;

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* what answers people goes first */
    for (bool stop = false; !stop;) {
        const char *request = NULL;
        ay_arena a;
        int64_t job;
        ay_arena_init(&a, 0);
        job = ay_job_take(s, AY_TASK_KIND, &a, &request);
        if (job)
            run_task(s, job, request);
        ay_arena_fini(&a);
        pthread_mutex_lock(&s->jobs_lock);
        if (!job && !s->stop)
            pthread_cond_wait(&s->jobs_changed, &s->jobs_lock);
        stop = s->stop;
        pthread_mutex_unlock(&s->jobs_lock);
    }
    return NULL;
}

ay_status ay_tasks_start(ay_service *s, ay_err *err)
{
    ay_status status = AY_OK;

    if (!s->line.collect)
        return AY_OK;
    s->tasks = ay_calloc(1, sizeof *s->tasks);
    if (!s->tasks)
        return ay_fail(err, AY_ENOMEM, "tasks");
    pthread_mutex_init(&s->tasks->lock, NULL);
    for (int i = 0; i < AY_TASK_WORKERS && status == AY_OK; i++) {
        status = ay_thread_start(&s->tasks->worker[i], "inspect", work, s, err);
        s->tasks->workers += status == AY_OK;
    }
    return status;
}

void ay_tasks_stop(ay_service *s)
{
    if (!s->tasks)
        return;
    pthread_mutex_lock(&s->jobs_lock);
    s->stop = true;
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
    pthread_mutex_lock(&s->tasks->lock);
    for (ay_task_running *r = s->tasks->running; r; r = r->next)
        atomic_store(&r->control.pause, true); /* they go on at the next start */
    pthread_mutex_unlock(&s->tasks->lock);
    for (int i = 0; i < s->tasks->workers; i++)
        pthread_join(s->tasks->worker[i], NULL);
    pthread_mutex_destroy(&s->tasks->lock);
    ay_free(s->tasks);
    s->tasks = NULL;
}
