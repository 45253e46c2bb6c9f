/* service/inspect/tasks_choose.c - what a person says of a task's classes, and which of its files he may have. */
#include "service/inspect/tasks_parts.h"
#include "service/learn/serving.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"Up", "Down", "Left", "Right"};

static bool is_word(const char *w)
{
    for (size_t i = 0; w && i < sizeof words / sizeof *words; i++)
        if (strcmp(w, words[i]) == 0)
            return true;
    return false;
}

static const char *name_of(const json_t *klass)
{
    const char *name = json_string_value(json_object_get(klass, "name"));

    return name ? name : "";
}

static bool has_class(const json_t *classes, const char *name)
{
    size_t i;
    json_t *c;

    json_array_foreach((json_t *)classes, i, c)
    {
        if (strcmp(name_of(c), name) == 0)
            return true;
    }
    return false;
}

ay_status ay_task_check_choices(const json_t *classes, const json_t *choices, ay_err *err)
{
    char missing[300] = "";
    const char *key;
    json_t *c, *v;
    size_t i, count = 0, n = 0;

    if (!json_is_object(choices))
        return ay_fail(err, AY_EINVAL, "'orientations' must be an object, as {\"class\": \"Up\"}");
    json_object_foreach((json_t *)choices, key, v)
    {
        if (!has_class(classes, key))
            return ay_fail(err, AY_EINVAL, "'orientations' names a class that this task does not have: '%.200s'", key);
        if (!is_word(json_string_value(v)))
            return ay_fail(err, AY_EINVAL, "the orientation of '%.200s' must be Up, Down, Left or Right", key);
    }
    json_array_foreach((json_t *)classes, i, c)
    {
        if (json_object_get(choices, name_of(c)))
            continue;
        if (count++ < 3)
            n += (size_t)snprintf(missing + n, sizeof missing - n, "%s'%.80s'", n ? ", " : "", name_of(c));
    }
    if (count)
        return ay_fail(err, AY_EINVAL, "no orientation for %zu of %zu classes: %s%s; every class needs one", count,
                       json_array_size(classes), missing, count > 3 ? " ..." : "");
    return AY_OK;
}

/* The task's folder, its classes and the choices that stand (either NULL when there is none). */
typedef struct {
    char folder[AY_TASK_PATH];
    json_t *request, *classes, *choices;
    ay_job job;
    ay_arena arena;
} task_files;

static json_t *load(const task_files *f, const char *name)
{
    char path[AY_TASK_PATH + 64];

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    return json_load_file(path, 0, NULL);
}

static ay_status look(ay_service *s, const char *id, task_files *f, ay_err *err)
{
    ay_status status;

    *f = (task_files){.request = NULL};
    ay_arena_init(&f->arena, 0);
    status = ay_task_find(s, id, &f->arena, &f->job, &f->request, err);
    if (status != AY_OK)
        return status;
    ay_task_folder(s, f->request, f->folder);
    f->classes = load(f, AY_TASK_CLASSES);
    f->choices = load(f, AY_TASK_CHOICES);
    return AY_OK;
}

static void fini(task_files *f)
{
    json_decref(f->request);
    json_decref(f->classes);
    json_decref(f->choices);
    ay_arena_fini(&f->arena);
}

/* May choices be made now?  With the tasks' lock. */
static ay_status is_open(ay_service *s, const char *id, const ay_job *j, ay_err *err)
{
    const ay_task_running *r = ay_task_at_work(s->tasks, j->id);
    bool waits = j->state == AY_JOB_WAITING, queued = j->state == AY_JOB_PENDING && j->started[0];

    if (waits || queued || (r && j->state == AY_JOB_RUNNING && !r->learning))
        return AY_OK;
    if (j->state == AY_JOB_RUNNING || j->state == AY_JOB_PENDING)
        return ay_fail(err, AY_ECONFLICT, r ? "task %s learns already: its orientations stay as they are" : "task %s has not come so far", id);
    return ay_fail(err, AY_ECONFLICT, "task %s is over", id);
}

ay_status ay_task_samples(ay_service *s, const char *id, json_t **out, ay_err *err)
{
    task_files f;
    json_t *c, *list = json_array();
    size_t i;
    ay_status status = look(s, id, &f, err);

    *out = NULL;
    if (status == AY_OK && s->tasks) {
        pthread_mutex_lock(&s->tasks->lock);
        status = is_open(s, id, &f.job, err);
        pthread_mutex_unlock(&s->tasks->lock);
    }
    if (status == AY_OK && !f.classes)
        status = ay_fail(err, AY_ECONFLICT, "task %s has no samples yet", id);
    json_array_foreach(json_object_get(f.classes, "classes"), i, c)
    {
        json_t *choice = json_object_get(f.choices, name_of(c));
        json_array_append_new(list, json_pack("{s:s, s:O, s:o}", "class", name_of(c), "samples", json_object_get(c, "samples"), "choice",
                                              choice ? json_incref(choice) : json_null()));
    }
    fini(&f);
    if (status == AY_OK)
        *out = list;
    else
        json_decref(list);
    return status;
}

static ay_status keep(const task_files *f, const json_t *choices, ay_err *err)
{
    char path[AY_TASK_PATH + 64], *text = ay_json_compact(choices);
    ay_status status;

    snprintf(path, sizeof path, "%s/" AY_TASK_CHOICES, f->folder);
    status = text ? ay_file_write(path, text, strlen(text), err) : ay_fail(err, AY_ENOMEM, "keeping orientations");
    ay_free(text);
    return status;
}

/* The page shows that they are confirmed before a worker takes the task again. */
static void mark(ay_service *s, const ay_job *j)
{
    json_t *d = *j->detail ? json_loads(j->detail, 0, NULL) : json_object();
    char *text;

    json_object_set_new(d, "oriented", json_true());
    json_object_set_new(d, "progress", json_real(0.3));
    json_object_set_new(d, "step", json_string("waiting for its turn"));
    text = d ? ay_json_compact(d) : NULL;
    if (text)
        ay_job_set_detail(s, j->id, text);
    ay_free(text);
    json_decref(d);
}

static ay_status confirm(ay_service *s, const char *id, const task_files *f, const json_t *choices, ay_err *err)
{
    ay_task_running *r;
    ay_status status;
    ay_arena a;
    ay_job now;

    pthread_mutex_lock(&s->tasks->lock);
    status = is_open(s, id, &f->job, err);
    if (status == AY_OK)
        status = keep(f, choices, err);
    r = ay_task_at_work(s->tasks, f->job.id);
    if (status == AY_OK && r)
        r->changed = true;
    pthread_mutex_unlock(&s->tasks->lock);
    ay_arena_init(&a, 0);
    if (status == AY_OK && ay_service_job(s, f->job.id, &a, &now, err) == AY_OK && now.state == AY_JOB_WAITING) {
        mark(s, &now);
        ay_job_again(s, now.id, &(ay_err){{0}}); /* not: the worker has just done it (tasks_work.c, ask) */
    }
    ay_arena_fini(&a);
    return status;
}

ay_status ay_task_confirm(ay_service *s, const char *id, const json_t *choices, ay_err *err)
{
    task_files f;
    ay_status status = look(s, id, &f, err);

    if (status == AY_OK && !s->tasks)
        status = ay_fail(err, AY_ECONFLICT, "this program does not train inspections");
    if (status == AY_OK && !f.classes)
        status = ay_fail(err, AY_ECONFLICT, "task %s has not come so far: it has no samples yet", id);
    if (status == AY_OK)
        status = ay_task_check_choices(json_object_get(f.classes, "classes"), choices, err);
    if (status == AY_OK)
        status = confirm(s, id, &f, choices, err);
    fini(&f);
    return status;
}

/* ---- folders */

enum { MOST_FOLDERS = 500 };

static size_t add_folder(const char *path, ay_arena *a, const char **out, size_t n)
{
    char ok[AY_TASK_PATH + 8];

    snprintf(ok, sizeof ok, "%s/OK", path);
    if (n < MOST_FOLDERS && ay_file_is_dir(ok) && (out[n] = ay_arena_strdup(a, path)))
        n++;
    return n;
}

static size_t list_root(const char *root, ay_arena *a, const char **out, size_t n)
{
    char path[AY_TASK_PATH];
    struct dirent *e;
    DIR *dir = opendir(root);

    n = add_folder(root, a, out, n);
    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", root, e->d_name) < AY_TASK_PATH)
            n = add_folder(path, a, out, n);
    if (dir)
        closedir(dir);
    return n;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ay_status ay_task_sources(ay_service *s, ay_arena *a, const char ***out, size_t *n, ay_err *err)
{
    const char *lists[] = {s->line_folders, s->folders};
    char list[AY_TASK_PATH], root[AY_TASK_PATH], *save;

    *n = 0;
    *out = ay_arena_alloc(a, MOST_FOLDERS * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "listing folders");
    for (int i = 0; i < 2; i++) {
        snprintf(list, sizeof list, "%s", lists[i] ? lists[i] : "");
        for (char *one = strtok_r(list, ":", &save); one; one = strtok_r(NULL, ":", &save))
            if (realpath(one, root))
                *n = list_root(root, a, *out, *n);
    }
    if (*n)
        qsort(*out, *n, sizeof **out, by_name);
    return AY_OK;
}

/* ---- files */

ay_status ay_task_sample(ay_service *s, const char *id, const char *klass, const char *file, char *dst, size_t cap, ay_err *err)
{
    task_files f;
    json_t *c, *name;
    const char *folder;
    size_t i, k;
    ay_status status = look(s, id, &f, err);
    bool found = false;

    json_array_foreach(json_object_get(f.classes, "classes"), i, c)
    {
        folder = json_string_value(json_object_get(c, "folder"));
        if (strcmp(name_of(c), klass) != 0 || !folder)
            continue;
        json_array_foreach(json_object_get(c, "samples"), k, name)
        {
            if (strcmp(json_string_value(name), file) == 0 && !strchr(file, '/'))
                found = snprintf(dst, cap, "%s/%s/%s", f.folder, folder, file) < (int)cap;
        }
    }
    fini(&f);
    if (status == AY_OK && !found)
        status = ay_fail(err, AY_ENOTFOUND, "task %s has no such sample", id);
    return status;
}

/* The first six words are the old system's. */
static const char *const files[][2] = {
    {"model", "model/best_model.safetensors"},
    {"evaluation_csv", "results/evaluation_results.csv"},
    {"confusion_matrix", "results/confusion_matrix.png"},
    {"summary", AY_TASK_SUMMARY},
    {"class_accuracy", "results/class_accuracy.png"},
    {"similarity_dist", "results/similarity_distribution.png"},
    {"module", "results/module.inspect"},
    {"missing", "missing.csv"},
    {"golden", "results/golden_samples.json"},
    {"thresholds", "results/thresholds.json"},
    {"train_config", "model/train_config.json"},
};

ay_status ay_task_file(ay_service *s, const char *id, const char *what, char *dst, size_t cap, ay_err *err)
{
    char list[300] = "";
    const char *path = NULL;
    size_t n = 0;
    task_files f;
    ay_status status;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(files[i][0], what) == 0)
            path = files[i][1];
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", files[i][0]);
    }
    if (!path)
        return ay_fail(err, AY_EINVAL, "'%.60s' is none of %s", what, list);
    status = look(s, id, &f, err);
    if (status == AY_OK)
        snprintf(dst, cap, "%s/%s", f.folder, path);
    fini(&f);
    if (status == AY_OK && !ay_file_exists(dst))
        status = ay_fail(err, AY_ENOTFOUND, "task %s has no %s", id, what);
    return status;
}

/* ".._<number>.png" is the only file with that end (inspect/report.h). */
ay_status ay_task_golden(ay_service *s, const char *id, const char *n, char *dst, size_t cap, ay_err *err)
{
    char folder[AY_TASK_PATH + 40], tail[40];
    struct dirent *e;
    task_files f;
    long number;
    DIR *dir = NULL;
    ay_status status = look(s, id, &f, err);
    bool found = false;

    if (status == AY_OK && ay_str_to_long(n, 1, 1000000, &number)) {
        snprintf(folder, sizeof folder, "%s/results/golden_samples", f.folder);
        snprintf(tail, sizeof tail, "_%03ld.png", number);
        dir = opendir(folder);
    }
    while (dir && !found && (e = readdir(dir))) {
        size_t len = strlen(e->d_name), end = strlen(tail);
        if (len > end && strcmp(e->d_name + len - end, tail) == 0)
            found = snprintf(dst, cap, "%s/%s", folder, e->d_name) < (int)cap;
    }
    if (dir)
        closedir(dir);
    fini(&f);
    return status != AY_OK || found ? status : ay_fail(err, AY_ENOTFOUND, "task %s has no golden sample %.20s", id, n);
}
