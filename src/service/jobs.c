/* service/jobs.c - what runs in the background, for pages to follow, and who is told of changes.
 *
 * Jobs are counted in memory and kept in the store when they begin, when they end, and when whoever
 * does the work says so: a step is no reason to sync a disk.  jobs_lock guards the memory and is never
 * held while the store writes. */
#include "service/learn/serving.h"
#include "service/jobs_parts.h"
#include "service/nodes.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/ledger.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const names[] = {"running", "done", "failed", "cancelled", "pending", "waiting"};
enum { STATES = sizeof names / sizeof *names };

const char *ay_job_state_name(ay_job_state state)
{
    return (unsigned)state < STATES ? names[state] : "unknown";
}

static ay_job_state state_of(const char *name)
{
    for (int i = 0; i < STATES; i++)
        if (strcmp(names[i], name) == 0)
            return (ay_job_state)i;
    return AY_JOB_FAILED;
}

static bool is_over(const ay_job_slot *j)
{
    return j->state != AY_JOB_RUNNING && j->state != AY_JOB_PENDING && j->state != AY_JOB_WAITING;
}

void ay_service_listen(ay_service *s, void (*fn)(void *ctx, const ay_change *c), void *ctx)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->listener = fn;
    s->listener_ctx = ctx;
    pthread_mutex_unlock(&s->jobs_lock);
}

/* With jobs_lock held. */
void ay_jobs_tell(ay_service *s, const char *kind, const char *dataset, int64_t job)
{
    if (s->listener)
        s->listener(s->listener_ctx, &(ay_change){kind, dataset, job});
    if (!job) {
        s->changes++;
        pthread_cond_broadcast(&s->jobs_changed);
    }
}

void ay_service_tell(ay_service *s, const char *kind, const char *dataset, int64_t job)
{
    pthread_mutex_lock(&s->jobs_lock);
    ay_jobs_tell(s, kind, dataset, job);
    pthread_mutex_unlock(&s->jobs_lock);
}

ay_job_slot *ay_jobs_find(ay_service *s, int64_t id)
{
    for (int i = s->njobs; i-- > 0;)
        if (s->jobs[i].id == id)
            return &s->jobs[i];
    return NULL;
}

void ay_jobs_empty(ay_job_slot *j)
{
    ay_free(j->request);
    ay_free(j->detail);
    ay_buf_fini(&j->points);
}

/* A free place at the end; the oldest job that is over makes room. */
ay_job_slot *ay_jobs_place(ay_service *s)
{
    int drop = 0;

    if (s->njobs == AY_JOBS_KEPT) {
        while (drop < s->njobs - 1 && !is_over(&s->jobs[drop]))
            drop++;
        s->running -= s->jobs[drop].state == AY_JOB_RUNNING && !s->jobs[drop].elsewhere;
        ay_jobs_empty(&s->jobs[drop]);
        memmove(s->jobs + drop, s->jobs + drop + 1,
                (size_t)(s->njobs - drop - 1) * sizeof *s->jobs);
        s->njobs--;
    }
    return &s->jobs[s->njobs++];
}

void ay_jobs_say(ay_job_slot *j, const char *message)
{
    snprintf(j->message, sizeof j->message, "%s", message);
    for (char *p = j->message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    for (size_t n = strlen(j->message); !ay_utf8_valid(j->message, n);)
        j->message[--n] = '\0'; /* a character cut in two */
}

/* ---- the store's side */

/* {"now": detail, "points": [...], "kept": true} */
static void pack(const ay_job_slot *j, ay_buf *out)
{
    if (!j->detail && j->npoints == 0 && !j->kept)
        return;
    ay_buf_printf(out, "{\"now\":%s,\"points\":[%s],\"kept\":%s}", j->detail ? j->detail : "{}",
                  j->points.len ? j->points.data : "", j->kept ? "true" : "false");
}

/* What a store that is away could not keep, the keeper keeps when it is back. */
static void note_saved(ay_service *s, int64_t id, ay_status status, const ay_err *err)
{
    bool again = status == AY_EBUSY || status == AY_EUNKNOWN, before = false;
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j) {
        before = j->unsaved;
        j->unsaved = again;
    }
    pthread_mutex_unlock(&s->jobs_lock);
    if (status != AY_OK && !before)
        ay_log(AY_LOG_WARN, "service", "keeping job %lld: %s", (long long)id, err->msg);
    if (j && again) {
        s->unsaved = true;
        if (!before)
            ay_keeper_wake(s);
    }
}

void ay_job_save(ay_service *s, int64_t id)
{
    ay_buf detail = {0};
    char message[512];
    ay_store_job row = {.id = id};
    ay_err err = {{0}};
    ay_job_slot *j;

    if (s->reading_only)
        return;
    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j && j->elsewhere)
        j = NULL;
    if (j) {
        pack(j, &detail);
        row.node = ay_nodes_owner(s, j->kind, j->leased);
        row.state = names[j->state];
        row.done = j->done;
        row.total = j->total;
        row.started_us = j->started_us;
        row.ended_us = j->ended_us;
        memcpy(message, j->message, sizeof message);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    row.message = message;
    row.detail = detail.data && !detail.failed ? detail.data : "";
    if (j)
        note_saved(s, id, ay_store_job_put(s->store, &row, &err), &err);
    ay_buf_fini(&detail);
}

void ay_jobs_save_again(ay_service *s)
{
    int64_t ids[AY_JOBS_KEPT];
    int n = 0;

    pthread_mutex_lock(&s->jobs_lock);
    for (int i = 0; i < s->njobs; i++)
        if (s->jobs[i].unsaved)
            ids[n++] = s->jobs[i].id;
    pthread_mutex_unlock(&s->jobs_lock);
    s->unsaved = false;
    for (int i = 0; i < n && !s->unsaved; i++)
        ay_job_save(s, ids[i]);
}

/* What json_dumps gave, as ours to free. */
static char *dump(const json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT), *out = text ? ay_strdup(text) : NULL;

    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(text);
    return out;
}

static void unpack(ay_job_slot *j, const char *text)
{
    json_t *root = *text ? json_loads(text, 0, NULL) : NULL, *point;
    size_t i;

    if (!root)
        return;
    j->detail = dump(json_object_get(root, "now"));
    j->kept = json_is_true(json_object_get(root, "kept"));
    json_array_foreach(json_object_get(root, "points"), i, point)
    {
        char *one = dump(point);
        ay_buf_printf(&j->points, "%s%s", j->npoints++ ? "," : "", one ? one : "{}");
        ay_free(one);
    }
    json_decref(root);
}

void ay_jobs_fill(ay_job_slot *j, const ay_store_job *row)
{
    *j = (ay_job_slot){.id = row->id,
                       .state = state_of(row->state),
                       .done = row->done,
                       .total = row->total,
                       .created_us = row->created_us,
                       .started_us = row->started_us,
                       .ended_us = row->ended_us,
                       .request = *row->request ? ay_strdup(row->request) : NULL};
    snprintf(j->kind, sizeof j->kind, "%s", row->kind);
    ay_jobs_say(j, row->message);
    unpack(j, row->detail);
}

static void load_job(ay_service *s, const ay_store_job *row)
{
    ay_job_slot *j = ay_jobs_place(s);

    ay_jobs_fill(j, row);
    s->last_job = row->id > s->last_job ? row->id : s->last_job;
    j->elsewhere = ay_nodes_elsewhere(s, row);
    if (s->reading_only || is_over(j) || j->state == AY_JOB_WAITING || j->elsewhere)
        return;
    if (j->request) {
        j->state = AY_JOB_PENDING;
        return;
    }
    j->state = AY_JOB_FAILED;
    j->ended_us = ay_clock_wall();
    ay_jobs_say(j, "the program ended before it was done");
}

ay_status ay_jobs_load(ay_service *s, ay_err *err)
{
    ay_store_job *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_store_job_list(s->store, AY_JOBS_KEPT, &a, &list, &n, err);
    for (size_t i = 0; i < n; i++) {
        load_job(s, &list[i]);
        if (!s->reading_only && !s->jobs[s->njobs - 1].elsewhere && !list[i].lease_us && strcmp(list[i].state, names[s->jobs[s->njobs - 1].state]) != 0)
            ay_job_save(s, list[i].id);
    }
    ay_arena_fini(&a);
    return status;
}

void ay_jobs_fini(ay_service *s)
{
    for (int i = 0; i < s->njobs; i++)
        ay_jobs_empty(&s->jobs[i]);
    s->njobs = 0;
}

/* ---- begin, step, end */

/* A new row and its slot.  A store that cannot keep it (reading only, disk full) does not stop the
 * work: the job then lives in memory under a number of its own. */
static ay_status add(ay_service *s, const char *kind, const char *request, ay_job_state state,
                     int64_t total, int64_t *id, ay_err *err)
{
    int64_t now = ay_clock_wall(), kept = 0;
    ay_store_job row = {.kind = kind, .state = names[state], .total = total, .message = "", .node = ay_nodes_owner(s, kind, false),
                        .request = request ? request : "", .detail = "",
                        .started_us = state == AY_JOB_RUNNING ? now : 0};
    char *copy = request ? ay_strdup(request) : NULL;
    ay_status status = s->reading_only ? AY_EBUSY : ay_store_job_add(s->store, &row, &kept, err);
    ay_job_slot *j;

    if (request && (!copy || status != AY_OK)) {
        ay_free(copy);
        return status != AY_OK ? status : ay_fail(err, AY_ENOMEM, "a job");
    }
    pthread_mutex_lock(&s->jobs_lock);
    if (kept && ay_jobs_find(s, kept)) { /* another node, or our own trainer, was quicker */
        pthread_mutex_unlock(&s->jobs_lock);
        ay_free(copy);
        *id = kept;
        return AY_OK;
    }
    s->last_job = kept > s->last_job ? kept : s->last_job + 1;
    j = ay_jobs_place(s);
    *j = (ay_job_slot){.id = s->last_job, .state = state, .total = total, .created_us = now,
                       .started_us = row.started_us, .request = copy};
    snprintf(j->kind, sizeof j->kind, "%s", kind);
    s->running += state == AY_JOB_RUNNING;
    *id = j->id;
    ay_jobs_tell(s, "job", "", j->id);
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
    return AY_OK;
}

int64_t ay_job_begin(ay_service *s, const char *kind, int64_t total)
{
    int64_t id = 0;

    add(s, kind, NULL, AY_JOB_RUNNING, total, &id, &(ay_err){{0}});
    return id;
}

ay_status ay_job_queue(ay_service *s, const char *kind, const char *request, int64_t *id,
                       ay_err *err)
{
    return add(s, kind, request, AY_JOB_PENDING, 0, id, err);
}

int64_t ay_job_take(ay_service *s, const char *kind, ay_arena *a, const char **request)
{
    int64_t id = 0;

    if (ay_nodes_any(s, kind))
        return ay_nodes_take(s, kind, a, request);
    pthread_mutex_lock(&s->jobs_lock);
    for (int i = 0; i < s->njobs && id == 0; i++) {
        ay_job_slot *j = &s->jobs[i];
        if (j->state != AY_JOB_PENDING || j->elsewhere || strcmp(j->kind, kind) != 0)
            continue;
        *request = ay_arena_strdup(a, j->request);
        if (!*request)
            break;
        j->state = AY_JOB_RUNNING;
        if (!j->started_us)
            j->started_us = ay_clock_wall();
        ay_jobs_say(j, "");
        s->running++;
        id = j->id;
        ay_jobs_tell(s, "job", "", id);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    if (id)
        ay_job_save(s, id);
    return id;
}

bool ay_job_step(ay_service *s, int64_t id, int64_t done, int64_t total)
{
    ay_job_slot *j;
    bool go;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    go = !s->stop && !(j && j->cancel);
    if (j) {
        j->done = done;
        j->total = total;
        ay_jobs_tell(s, "job", "", id);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    return go;
}

ay_status ay_job_wait(ay_service *s, int64_t id, ay_err *err)
{
    ay_status status = AY_OK;
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (!j || j->state != AY_JOB_RUNNING || j->cancel > 0)
        status = ay_fail(err, AY_ECANCELLED, "job %lld is asked to stop", (long long)id);
    if (status == AY_OK) {
        j->state = AY_JOB_WAITING;
        s->running--;
        ay_jobs_tell(s, "job", "", id);
        pthread_cond_broadcast(&s->jobs_changed);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    if (status == AY_OK)
        ay_job_save(s, id);
    return status;
}

ay_status ay_job_again(ay_service *s, int64_t id, ay_err *err)
{
    ay_status status = AY_OK;
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (!j || j->state != AY_JOB_WAITING)
        status = ay_fail(err, AY_ECONFLICT, "job %lld does not wait", (long long)id);
    if (status == AY_OK) {
        j->state = AY_JOB_PENDING;
        ay_jobs_tell(s, "job", "", id);
        pthread_cond_broadcast(&s->jobs_changed);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    if (status == AY_OK)
        ay_job_save(s, id);
    return status;
}

int64_t ay_job_whose(ay_service *s, const char *kind, const char *part, ay_arena *a, const char **request)
{
    int64_t id = 0;

    pthread_mutex_lock(&s->jobs_lock);
    for (int i = s->njobs; i-- > 0 && id == 0;) {
        const ay_job_slot *j = &s->jobs[i];
        if (strcmp(j->kind, kind) == 0 && j->request && strstr(j->request, part)) {
            *request = ay_arena_strdup(a, j->request);
            id = *request ? j->id : 0;
        }
    }
    pthread_mutex_unlock(&s->jobs_lock);
    return id;
}

void ay_job_drop(ay_service *s, int64_t id)
{
    pthread_mutex_lock(&s->jobs_lock);
    for (int i = 0; i < s->njobs; i++)
        if (s->jobs[i].id == id && is_over(&s->jobs[i])) {
            ay_jobs_empty(&s->jobs[i]);
            memmove(s->jobs + i, s->jobs + i + 1, (size_t)(s->njobs - i - 1) * sizeof *s->jobs);
            s->njobs--;
            break;
        }
    pthread_mutex_unlock(&s->jobs_lock);
}

bool ay_turn_take(ay_service *s, const ay_train_control *c)
{
    bool mine = false, stop = false;

    pthread_mutex_lock(&s->jobs_lock);
    while (!mine && !stop) {
        mine = !s->stop && !s->learning; /* asked to stop or not: what then learns is told so itself, and may have something to keep */
        stop = !mine && (s->stop || atomic_load(&c->cancel) || atomic_load(&c->pause));
        if (!mine && !stop)
            pthread_cond_wait(&s->jobs_changed, &s->jobs_lock);
    }
    if (mine)
        s->learning = true;
    pthread_mutex_unlock(&s->jobs_lock);
    return mine;
}

void ay_turn_give(ay_service *s)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->learning = false;
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
}

void ay_job_set_detail(ay_service *s, int64_t id, const char *json)
{
    char *copy = ay_strdup(json);
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j && copy) {
        ay_free(j->detail);
        j->detail = copy;
        copy = NULL;
        ay_jobs_tell(s, "job", "", id);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    ay_free(copy);
}

/* Points are flat objects: what lies between two is "},{". */
static void cut_points(ay_job_slot *j, int n)
{
    char *p = j->points.data;

    if (n >= j->npoints)
        return;
    for (int i = 0; i < n; i++)
        p = strstr(p, "},{") + 2;
    j->points.len = n > 0 ? (size_t)(p - j->points.data) - 1 : 0;
    j->points.data[j->points.len] = '\0';
    j->npoints = n;
}

void ay_job_put_point(ay_service *s, int64_t id, int at, const char *json)
{
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j) {
        cut_points(j, at);
        ay_buf_printf(&j->points, "%s%s", j->npoints ? "," : "", json);
        j->npoints++;
        ay_jobs_tell(s, "job", "", id);
    }
    pthread_mutex_unlock(&s->jobs_lock);
}

void ay_job_end(ay_service *s, int64_t id, ay_status status, const char *message)
{
    ay_job_slot *j;
    bool ran;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    ran = j && j->state == AY_JOB_RUNNING && !j->elsewhere;
    if (ran) {
        j->state = status == AY_OK           ? AY_JOB_DONE
                   : status == AY_ECANCELLED ? AY_JOB_CANCELLED
                                             : AY_JOB_FAILED;
        j->ended_us = ay_clock_wall();
        ay_jobs_say(j, message);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    ay_job_save(s, id);
    pthread_mutex_lock(&s->jobs_lock); /* who waits for the end finds it kept */
    j = ay_jobs_find(s, id);
    if (j && ran && !j->unsaved)
        j->leased = false;
    s->running -= ran;
    ay_jobs_tell(s, "job", "", id);
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
}

/* ---- files that a failed job keeps */

void ay_job_keep(ay_service *s, int64_t id, bool kept)
{
    ay_job_slot *j;
    bool over;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j)
        j->kept = kept;
    over = j && is_over(j) && !j->elsewhere;
    if (over)
        ay_jobs_tell(s, "job", "", id);
    pthread_mutex_unlock(&s->jobs_lock);
    if (over)
        ay_job_save(s, id);
}

int64_t ay_job_kept(ay_service *s, int64_t after, ay_arena *a, const char **request)
{
    int64_t id = 0;

    pthread_mutex_lock(&s->jobs_lock);
    for (int i = 0; i < s->njobs && id == 0; i++) {
        const ay_job_slot *j = &s->jobs[i];
        if (j->id <= after || !j->request || !(j->state == AY_JOB_PENDING || (is_over(j) && j->kept)))
            continue;
        *request = ay_arena_strdup(a, j->request);
        id = *request ? j->id : 0;
    }
    pthread_mutex_unlock(&s->jobs_lock);
    return id;
}

ay_status ay_service_job_resume(ay_service *s, int64_t id, ay_err *err)
{
    ay_status status = AY_OK;
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (!j)
        status = ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)id);
    else if (!s->trainer_started)
        status = ay_fail(err, AY_ECONFLICT, "this server does not train");
    else if (j->state != AY_JOB_FAILED || !j->kept)
        status = ay_fail(err, AY_ECONFLICT, "job %lld is %s and there is nothing to go on with: start a new one",
                         (long long)id, names[j->state]);
    if (status == AY_OK) {
        j->state = AY_JOB_PENDING;
        j->kept = false;
        j->cancel = 0;
        j->ended_us = j->done = j->total = 0;
        ay_jobs_say(j, "");
        ay_jobs_tell(s, "job", "", id);
        pthread_cond_broadcast(&s->jobs_changed);
    }
    pthread_mutex_unlock(&s->jobs_lock);
    if (status == AY_OK)
        ay_job_save(s, id);
    return status;
}

/* ---- for readers */

static bool copy_job(ay_arena *a, const ay_job_slot *j, ay_job *out)
{
    *out = (ay_job){.id = j->id, .state = j->state, .done = j->done, .total = j->total,
                    .npoints = j->npoints};
    out->resumable = j->kept && j->state == AY_JOB_FAILED;
    out->kind = ay_arena_strdup(a, j->kind);
    out->message = ay_arena_strdup(a, j->message);
    out->detail = ay_arena_strdup(a, j->detail ? j->detail : "");
    if (j->created_us)
        ay_clock_rfc3339(out->created, j->created_us);
    if (j->started_us)
        ay_clock_rfc3339(out->started, j->started_us);
    if (j->ended_us)
        ay_clock_rfc3339(out->ended, j->ended_us);
    return out->kind && out->message && out->detail;
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

ay_status ay_service_job(ay_service *s, int64_t id, ay_arena *a, ay_job *out, ay_err *err)
{
    ay_status status = AY_OK;
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (!j)
        status = ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)id);
    else if (!copy_job(a, j, out) ||
             !(out->points = ay_arena_printf(a, "[%s]", j->points.len ? j->points.data : "")))
        status = ay_fail(err, AY_ENOMEM, "reading a job");
    pthread_mutex_unlock(&s->jobs_lock);
    return status;
}

/* With jobs_lock held.  Asked once: keep the best; twice, or when the program ends: stop here. */
void ay_jobs_tell_training(ay_service *s, const ay_job_slot *j)
{
    if (!s->control || !j || s->control_job != j->id)
        return;
    if (j->cancel > 0)
        atomic_store(&s->control->cancel, true);
    if (j->cancel > 1 || s->stop)
        atomic_store(&s->control->pause, true);
}

void ay_job_control(ay_service *s, int64_t id, ay_train_control *c)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->control = c;
    s->control_job = id;
    ay_jobs_tell_training(s, ay_jobs_find(s, id));
    pthread_mutex_unlock(&s->jobs_lock);
}

void ay_job_watch(ay_service *s, int64_t id, atomic_bool *asked)
{
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j)
        j->asked = asked;
    if (j && asked && j->cancel > 0)
        atomic_store(asked, true);
    pthread_mutex_unlock(&s->jobs_lock);
}

ay_status ay_service_job_cancel(ay_service *s, int64_t id, ay_err *err)
{
    ay_status status = AY_OK;
    bool ended = false;
    ay_job_slot *j;

    pthread_mutex_lock(&s->jobs_lock);
    j = ay_jobs_find(s, id);
    if (j && j->elsewhere && !is_over(j)) {
        pthread_mutex_unlock(&s->jobs_lock);
        return ay_store_job_ask(s->store, id, err);
    }
    if (!j)
        status = ay_fail(err, AY_ENOTFOUND, "no job %lld", (long long)id);
    else if (is_over(j) && !(j->kept && j->state == AY_JOB_FAILED))
        status = ay_fail(err, AY_ECONFLICT, "job %lld is over", (long long)id);
    else
        j->cancel++;
    if (status == AY_OK && j->asked)
        atomic_store(j->asked, true);
    if (status == AY_OK)
        ay_jobs_tell_training(s, j);
    if (status == AY_OK && (ended = j->state != AY_JOB_RUNNING)) {
        j->state = AY_JOB_CANCELLED;
        j->kept = false;
        j->ended_us = ay_clock_wall();
        ay_jobs_tell(s, "job", "", id);
    }
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
    if (ended) {
        ay_job_save(s, id);
        ay_training_forget(s, id);
    }
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
