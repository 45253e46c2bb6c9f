/* service/inspect/tasks.c - tasks are asked for, listed, cancelled and deleted. */
#include "service/inspect/tasks_parts.h"
#include "service/learn/serving.h"
#include "store/ledger.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- asked for */

/* A number of its own, so that neither two programs nor two requests of one second meet, and nobody guesses another's. */
static void new_id(char id[AY_TASK_ID])
{
    time_t now = time(NULL);
    char random[17];
    struct tm t;
    size_t n;

    ay_random_hex(random, 8);
    gmtime_r(&now, &t);
    n = strftime(id, AY_TASK_ID, "task_%Y%m%d_%H%M%S_", &t);
    snprintf(id + n, AY_TASK_ID - n, "%s", random);
}

static const char *word(const json_t *o, const char *key, const char *otherwise)
{
    const char *v = json_string_value(json_object_get(o, key));

    return v && *v ? v : otherwise;
}

static ay_status resolve(ay_service *s, const json_t *asked, char *input, char *base, ay_err *err)
{
    const char *in = word(asked, "input_dir", ""), *out = word(asked, "output_dir", "");
    ay_status status;

    if (!*in)
        return ay_fail(err, AY_EINVAL, "'input_dir' is missing: the folder that has OK/ and perhaps NG/ in it");
    status = ay_service_below(s->line_folders, in, input, "--inspect-folders", err);
    if (status != AY_OK && ay_service_below(s->folders, in, input, "", &(ay_err){{0}}) == AY_OK)
        status = AY_OK; /* what may be read at all may be read here; written only where that was said */
    *base = '\0';
    if (status == AY_OK && *out)
        status = ay_service_below(s->line_folders, out, base, "--inspect-folders, or leave 'output_dir' out", err);
    return status;
}

static json_t *describe(const char *id, const json_t *asked, const char *input, const char *out)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:b, s:b, s:[]}", "task", id, "input_dir", input, "output_dir", out,
                     "site", word(asked, "site", "HPH"), "line_id", word(asked, "line_id", "V31"), "step", "waiting for its turn",
                     "progress", 0.0, "oriented", json_is_object(json_object_get(asked, "orientations")), "learning", 0, "notes");
}

static ay_status queue(ay_service *s, const char *id, const json_t *asked, const char *input, const char *out, ay_err *err)
{
    json_t *request = json_pack("{s:s, s:s, s:s, s:O}", "task", id, "input", input, "out", out, "asked", asked);
    char *text = request ? ay_json_compact(request) : NULL, *detail = NULL, folder[AY_TASK_PATH];
    json_t *shown;
    int64_t job = 0;
    ay_status status = text ? ay_job_queue(s, AY_TASK_KIND, text, &job, err) : ay_fail(err, AY_ENOMEM, "starting a task");

    if (status == AY_OK) {
        ay_task_folder(s, request, folder);
        shown = describe(id, asked, input, folder);
        detail = shown ? ay_json_compact(shown) : NULL;
        json_decref(shown);
    }
    if (detail) { /* without it the worker describes the task when it takes it */
        ay_job_set_detail(s, job, detail);
        ay_job_save(s, job);
    }
    ay_free(detail);
    ay_free(text);
    json_decref(request);
    return status;
}

ay_status ay_task_start(ay_service *s, const json_t *asked, char id[AY_TASK_ID], ay_err *err)
{
    char input[AY_TASK_PATH], base[AY_TASK_PATH], out[AY_TASK_PATH];
    ay_status status;
    bool orient;

    if (!s->line.collect || !s->tasks)
        return ay_fail(err, AY_EUNSUPPORTED, "this program does not train inspections");
    status = resolve(s, asked, input, base, err);
    if (status == AY_OK)
        status = s->line.check(s->line.ctx, asked, &orient, err);
    new_id(id);
    if (status == AY_OK && snprintf(out, sizeof out, "%s/training_%s", *base ? base : "inspect", id) >= (int)sizeof out)
        status = ay_fail(err, AY_EINVAL, "'output_dir' is too long");
    return status == AY_OK ? queue(s, id, asked, input, out, err) : status;
}

/* ---- looked up */

void ay_task_folder(const ay_service *s, const json_t *request, char *dst)
{
    const char *out = word(request, "out", "");

    if (*out == '/')
        snprintf(dst, AY_TASK_PATH, "%s", out);
    else
        snprintf(dst, AY_TASK_PATH, "%.2000s/%.2000s", s->data, out);
}

static bool is_id(const char *id)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return n > 0 && n < AY_TASK_ID && id[n] == '\0';
}

static ay_job_state state_of(const char *name)
{
    for (int i = 0; i <= AY_JOB_WAITING; i++)
        if (strcmp(ay_job_state_name((ay_job_state)i), name) == 0)
            return (ay_job_state)i;
    return AY_JOB_FAILED;
}

/* {"now": detail, "points": [...]} as service/jobs.c keeps it. */
static bool job_of_row(ay_arena *a, const ay_store_job *row, ay_job *out)
{
    json_t *kept = *row->detail ? json_loads(row->detail, 0, NULL) : NULL, *now = json_object_get(kept, "now"),
           *points = json_object_get(kept, "points");
    char *detail = now ? ay_json_compact(now) : NULL, *curve = points ? ay_json_compact(points) : NULL;

    *out = (ay_job){.id = row->id, .state = state_of(row->state), .done = row->done, .total = row->total};
    out->kind = AY_TASK_KIND;
    out->message = ay_arena_strdup(a, row->message);
    out->detail = ay_arena_strdup(a, detail ? detail : "");
    out->points = ay_arena_strdup(a, curve ? curve : "[]");
    if (row->created_us)
        ay_clock_rfc3339(out->created, row->created_us);
    if (row->started_us)
        ay_clock_rfc3339(out->started, row->started_us);
    if (row->ended_us)
        ay_clock_rfc3339(out->ended, row->ended_us);
    ay_free(detail);
    ay_free(curve);
    json_decref(kept);
    return out->message && out->detail && out->points;
}

/* A task whose job is no longer among those in memory. */
static ay_status find_row(ay_service *s, const char *part, const char *id, ay_arena *a, ay_job *job, const char **request, ay_err *err)
{
    ay_store_job *rows = NULL;
    size_t n = 0;
    ay_status status = ay_store_job_kind(s->store, AY_TASK_KIND, AY_TASKS_LISTED, a, &rows, &n, err);

    for (size_t i = 0; i < n && status == AY_OK; i++) {
        if (!strstr(rows[i].request, part))
            continue;
        *request = rows[i].request;
        return job_of_row(a, &rows[i], job) ? AY_OK : ay_fail(err, AY_ENOMEM, "reading a task");
    }
    return status == AY_OK ? ay_fail(err, AY_ENOTFOUND, "no task '%.60s'", id) : status;
}

ay_status ay_task_find(ay_service *s, const char *id, ay_arena *a, ay_job *job, json_t **request, ay_err *err)
{
    char part[AY_TASK_ID + 20];
    const char *text = NULL;
    ay_status status = AY_OK;
    int64_t found;

    *request = NULL;
    if (!is_id(id))
        return ay_fail(err, AY_ENOTFOUND, "no task '%.60s'", id);
    snprintf(part, sizeof part, "\"task\":\"%s\"", id); /* what a caller gave stands in it escaped */
    found = ay_job_whose(s, AY_TASK_KIND, part, a, &text);
    if (!found || ay_service_job(s, found, a, job, err) != AY_OK)
        status = find_row(s, part, id, a, job, &text, err);
    if (status == AY_OK && !(*request = json_loads(text, 0, NULL)))
        status = ay_fail(err, AY_ECORRUPT, "the request of task %s cannot be read", id);
    return status;
}

static const char *status_of(const ay_job *j, bool oriented)
{
    switch (j->state) {
    case AY_JOB_PENDING:
        return oriented && j->started[0] ? "running" : "pending";
    case AY_JOB_RUNNING:
        return "running";
    case AY_JOB_WAITING:
        return "pending_orientation";
    case AY_JOB_DONE:
        return "completed";
    case AY_JOB_CANCELLED:
        return "cancelled";
    default:
        return "failed";
    }
}

static ay_status view(ay_service *s, ay_arena *a, const ay_job *j, const json_t *request, ay_task *out, ay_err *err)
{
    json_t *d = j->detail && *j->detail ? json_loads(j->detail, 0, NULL) : NULL;
    const json_t *asked = json_object_get(request, "asked");
    char folder[AY_TASK_PATH];

    ay_task_folder(s, request, folder);
    *out = (ay_task){.job = j->id, .status = status_of(j, json_is_true(json_object_get(d, "oriented")))};
    snprintf(out->id, sizeof out->id, "%s", word(request, "task", ""));
    out->input = ay_arena_strdup(a, word(request, "input", ""));
    out->output = ay_arena_strdup(a, folder);
    out->site = ay_arena_strdup(a, word(asked, "site", "HPH"));
    out->line = ay_arena_strdup(a, word(asked, "line_id", "V31"));
    out->step = ay_arena_strdup(a, word(d, "step", ""));
    out->detail = ay_arena_strdup(a, j->detail ? j->detail : "");
    out->points = j->points ? j->points : "[]";
    out->progress = j->state == AY_JOB_DONE ? 1 : json_number_value(json_object_get(d, "progress"));
    if (j->state == AY_JOB_FAILED && j->message && *j->message)
        out->error = ay_arena_strdup(a, j->message);
    memcpy(out->created, j->created, sizeof out->created);
    memcpy(out->started, j->started, sizeof out->started);
    memcpy(out->ended, j->ended, sizeof out->ended);
    json_decref(d);
    return out->input && out->output && out->site && out->line && out->step && out->detail ? AY_OK
                                                                                          : ay_fail(err, AY_ENOMEM, "reading a task");
}

ay_status ay_task_get(ay_service *s, const char *id, ay_arena *a, ay_task *out, ay_err *err)
{
    json_t *request;
    ay_job job;
    ay_status status = ay_task_find(s, id, a, &job, &request, err);

    if (status == AY_OK)
        status = view(s, a, &job, request, out, err);
    json_decref(request);
    return status;
}

ay_status ay_task_list(ay_service *s, ay_arena *a, ay_task **out, size_t *n, ay_err *err)
{
    ay_store_job *rows = NULL;
    size_t count = 0;
    ay_status status = ay_store_job_kind(s->store, AY_TASK_KIND, AY_TASKS_LISTED, a, &rows, &count, err);

    *n = 0;
    *out = status == AY_OK ? ay_arena_alloc(a, (count + 1) * sizeof **out) : NULL;
    if (status == AY_OK && !*out)
        status = ay_fail(err, AY_ENOMEM, "listing tasks");
    for (size_t i = 0; i < count && status == AY_OK; i++) {
        json_t *request = json_loads(rows[i].request, 0, NULL);
        ay_job j;
        if (!request)
            continue;
        if (ay_service_job(s, rows[i].id, a, &j, &(ay_err){{0}}) != AY_OK && !job_of_row(a, &rows[i], &j))
            status = ay_fail(err, AY_ENOMEM, "listing tasks");
        if (status == AY_OK)
            status = view(s, a, &j, request, &(*out)[(*n)++], err);
        json_decref(request);
    }
    return status;
}

/* ---- ended */

ay_status ay_task_cancel(ay_service *s, const char *id, ay_err *err)
{
    json_t *request;
    ay_arena a;
    ay_job job;
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_task_find(s, id, &a, &job, &request, err);
    if (status == AY_OK && job.state != AY_JOB_PENDING && job.state != AY_JOB_RUNNING && job.state != AY_JOB_WAITING)
        status = ay_fail(err, AY_ECONFLICT, "task %s is over: it is %s", id, status_of(&job, false));
    if (status == AY_OK)
        status = ay_service_job_cancel(s, job.id, err);
    json_decref(request);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_task_delete(ay_service *s, const char *id, bool files, ay_err *err)
{
    char folder[AY_TASK_PATH];
    json_t *request;
    ay_arena a;
    ay_job job;
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_task_find(s, id, &a, &job, &request, err);
    if (status == AY_OK && (job.state == AY_JOB_PENDING || job.state == AY_JOB_RUNNING || job.state == AY_JOB_WAITING))
        status = ay_fail(err, AY_ECONFLICT, "task %s is not over: cancel it first", id);
    if (status == AY_OK)
        status = ay_store_job_remove(s->store, job.id, err);
    if (status == AY_OK) {
        ay_job_drop(s, job.id);
        ay_task_folder(s, request, folder);
        if (files)
            ay_file_remove_tree(folder);
    }
    json_decref(request);
    ay_arena_fini(&a);
    return status;
}

json_t *ay_task_document(const ay_task *t, const char *name)
{
    char path[AY_TASK_PATH + 64];

    snprintf(path, sizeof path, "%s/%.60s", t->output, name);
    return json_load_file(path, 0, NULL);
}
