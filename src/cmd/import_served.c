/* cmd/import_served.c - see import_served.h. */
#include "cmd/import_served.h"
#include "cmd/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t number_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* ---- asking */

static ay_status add(ay_import_served *v, int64_t job, ay_err *err)
{
    for (int i = 0; i < v->n; i++)
        if (v->job[i] == job)
            return AY_OK;
    if (v->n == AY_IMPORT_CATALOGS)
        return ay_fail(err, AY_ELIMIT, "more than %d archives at once: import the rest after these", AY_IMPORT_CATALOGS);
    v->job[v->n++] = job;
    return AY_OK;
}

static ay_status ask(ay_import_served *v, json_t *body, ay_err *err)
{
    json_t *answer = NULL, *id;
    size_t i;
    ay_status status = ay_running_ask(v->server, "POST", "/v1/import", body, &answer, err);

    json_array_foreach(json_object_get(answer, "jobs"), i, id)
    {
        if (status == AY_OK)
            status = add(v, json_integer_value(id), err);
    }
    json_decref(answer);
    return status;
}

/* The server's working folder is another. */
static const char *absolute(const char *path, char dst[4096], ay_status *status, ay_err *err)
{
    if (path && !realpath(path, dst))
        *status = ay_fail(err, AY_ENOTFOUND, "%.300s: %s", path, strerror(errno));
    return path ? dst : NULL;
}

ay_status ay_import_served_ask(ay_import_served *v, const ay_bring_wish *w, ay_err *err)
{
    static const char *const ways[] = {"largest", "most", "none"};
    char path[4096], images[4096], text[sizeof err->msg];
    ay_status status = AY_OK;
    const char *full = absolute(w->path, path, &status, err), *below = absolute(w->images, images, &status, err);
    json_t *body;

    if (status != AY_OK)
        return status;
    body = json_pack("{s:s, s:s?, s:s?, s:s?, s:s}", "path", full, "images", below, "dataset", w->dataset, "class", w->klass, "class_by", ways[w->by]);
    if (!body)
        return ay_fail(err, AY_EUNSUPPORTED, "%.300s: a server can be asked for names in UTF-8 only; stop it, then import", path);
    status = ask(v, body, err);
    v->asked = v->n;
    if (status == AY_ENOTFOUND && strstr(err->msg, path)) { /* in a container, or under ProtectHome= */
        memcpy(text, err->msg, sizeof text);
        ay_fail(err, status, "the server says: %.400s", text);
    }
    return status;
}

ay_status ay_import_served_join(ay_import_served *v, ay_err *err)
{
    json_t *answer = NULL, *job;
    size_t i;
    ay_status status = ask(v, json_pack("{s:b}", "resume", true), err);

    if (status == AY_OK)
        status = ay_running_ask(v->server, "GET", "/v1/jobs", NULL, &answer, err);
    json_array_foreach(json_object_get(answer, "items"), i, job)
    {
        const char *state = text_of(job, "state");
        if (status == AY_OK && strcmp(text_of(job, "kind"), "archive") == 0 && (strcmp(state, "running") == 0 || strcmp(state, "pending") == 0))
            status = add(v, number_of(job, "id"), err);
    }
    json_decref(answer);
    return status;
}

/* ---- following */

typedef struct {
    ay_import_served *v;
    int at;
    bool aloud, told;
    char trouble[256];
    ay_progress bar;
} following;

static void show(following *f, const json_t *job)
{
    const json_t *detail = json_object_get(job, "detail");
    const char *trouble = text_of(detail, "trouble");

    if (f->aloud && !f->told && *text_of(detail, "format")) {
        f->told = true;
        ay_progress_hide(&f->bar);
        ay_import_catalog_tell(detail, text_of(detail, "path"));
    }
    if (*trouble && strncmp(trouble, f->trouble, sizeof f->trouble - 1) != 0) {
        snprintf(f->trouble, sizeof f->trouble, "%s", trouble);
        ay_progress_hide(&f->bar);
        fprintf(stderr, "assay: waiting; nothing is lost, and it goes on by itself when this is over: %s\n", f->trouble);
    }
    ay_progress_step(&f->bar, (long)number_of(job, "done"), (long)number_of(job, "total"));
}

/* One look; *over: it has ended. */
static ay_status look(following *f, bool *over, ay_err *err)
{
    char path[64];
    json_t *job = NULL;
    const char *state;
    ay_status status;

    snprintf(path, sizeof path, "/v1/jobs/%lld", (long long)f->v->job[f->at]);
    status = ay_running_ask(f->v->server, "GET", path, NULL, &job, err);
    if (status != AY_OK)
        return status;
    show(f, job);
    state = text_of(job, "state");
    *over = strcmp(state, "running") != 0 && strcmp(state, "pending") != 0;
    json_decref(f->v->detail[f->at]);
    f->v->detail[f->at] = json_incref(json_object_get(job, "detail"));
    if (*over && strcmp(state, "done") != 0)
        status = ay_fail(err, strcmp(state, "failed") == 0 ? AY_ECORRUPT : AY_ECANCELLED, "%s", *text_of(job, "message") ? text_of(job, "message") : state);
    json_decref(job);
    return status;
}

static void take_back(ay_import_served *v)
{
    char path[64];

    for (int i = 0; i < v->asked; i++) { /* one that is over says so: no matter */
        snprintf(path, sizeof path, "/v1/jobs/%lld", (long long)v->job[i]);
        ay_running_ask(v->server, "DELETE", path, NULL, NULL, &(ay_err){{0}});
    }
}

ay_status ay_import_served_follow(ay_import_served *v, bool quiet, bool aloud, int64_t *batches, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < v->n && status == AY_OK; i++) {
        following f = {.v = v, .at = i, .aloud = aloud};
        bool over = false;
        ay_progress_start(&f.bar, "the server imports", 0, quiet);
        while (status == AY_OK && !over && !ay_import_stopped()) {
            status = look(&f, &over, err);
            if (status == AY_OK && !over)
                ay_import_nap(2);
        }
        ay_progress_end(&f.bar);
        batches[i] = number_of(v->detail[i], "batch");
        if (status == AY_OK && !over)
            status = ay_fail(err, AY_ECANCELLED, "stopped");
    }
    if (ay_import_stopped())
        take_back(v);
    return status;
}

/* ---- the end */

int64_t ay_import_served_problems(const ay_import_served *v, json_t *failures)
{
    int64_t all = 0, told = 0;

    for (int i = 0; i < v->n; i++) {
        const json_t *list = json_object_get(v->detail[i], "problems");
        all += (int64_t)json_array_size(list) + number_of(v->detail[i], "more_problems");
        for (size_t k = 0; k < json_array_size(list); k++, told++) {
            const char *text = json_string_value(json_array_get(list, k));
            if (failures)
                json_array_append_new(failures, json_pack("{s:s, s:s}", "file", text_of(v->detail[i], "document"), "message", text));
            else
                fprintf(stderr, "%s\n", text);
        }
    }
    if (!failures && all > told)
        fprintf(stderr, "... and %lld more: assay import --dry-run --json lists 1,000\n", (long long)(all - told));
    return all;
}

json_t *ay_import_served_json(const ay_import_served *v)
{
    static const char *const not_of_a_catalog[] = {"problems", "more_problems", "path", "batch", "trouble"};
    json_t *list = json_array();

    for (int i = 0; i < v->n; i++) {
        json_t *o = v->detail[i] ? json_copy(v->detail[i]) : json_object();
        for (size_t k = 0; k < sizeof not_of_a_catalog / sizeof *not_of_a_catalog; k++)
            json_object_del(o, not_of_a_catalog[k]);
        json_array_append_new(list, o);
    }
    return list;
}

void ay_import_served_close(ay_import_served *v)
{
    for (int i = 0; i < v->n; i++)
        json_decref(v->detail[i]);
    v->n = v->asked = 0;
}
