#include "service/learn/training.h"
#include "service/nodes.h"
#include "service/learn/registry.h"
#include "service/learn/serving.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PATH = 4096, NOTES = 20, NICE = 5, FEWEST = 2 };

/* ---- folders that may be read (service/roots.c) */

static ay_status resolve(ay_service *s, const char *name, char *dst, ay_err *err)
{
    return ay_service_below(s->train_folders, name, dst, "--train-folders, or use a data set", err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum { MOST_FOLDERS = 1000 };

static size_t list_below(const char *root, ay_arena *a, const char **out, size_t n)
{
    char path[PATH];
    struct dirent *e;
    DIR *dir = opendir(root);

    while (dir && n < MOST_FOLDERS && (e = readdir(dir))) {
        if (e->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", root, e->d_name) >= PATH ||
            !ay_file_is_dir(path))
            continue;
        out[n] = ay_arena_strdup(a, path);
        n += out[n] != NULL;
    }
    if (dir)
        closedir(dir);
    return n;
}

ay_status ay_training_folders(ay_service *s, ay_arena *a, const char ***out, size_t *n, ay_err *err)
{
    char list[PATH], root[PATH], *save = NULL;

    *n = 0;
    *out = ay_arena_alloc(a, MOST_FOLDERS * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "listing folders");
    snprintf(list, sizeof list, "%s", s->train_folders ? s->train_folders : "");
    for (char *one = strtok_r(list, ":", &save); one; one = strtok_r(NULL, ":", &save))
        if (realpath(one, root))
            *n = list_below(root, a, *out, *n);
    if (*n)
        qsort(*out, *n, sizeof **out, by_name);
    return AY_OK;
}

/* ---- what is asked for */

/* Settings that name files: they are the server's business. */
static bool is_ours(const char *key)
{
    static const char *const ours[] = {"data.root_dir", "data.train_dir",  "data.val_dir",
                                       "data.test_dir", "logging.",        "model_registry."};

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strncmp(key, ours[i], strlen(ours[i])) == 0)
            return true;
    return false;
}

static ay_status set_one(ay_service *s, ay_train_settings *t, const char *key, const json_t *v,
                         ay_err *err)
{
    char text[AY_TRAIN_TEXT], path[PATH];

    if (is_ours(key))
        return ay_fail(err, AY_EINVAL, "the setting '%.80s' cannot be chosen here", key);
    if (json_is_string(v))
        snprintf(text, sizeof text, "%s", json_string_value(v));
    else if (json_is_boolean(v))
        snprintf(text, sizeof text, "%s", json_is_true(v) ? "true" : "false");
    else if (json_is_integer(v))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        snprintf(text, sizeof text, "%.17g", json_real_value(v));
    else
        return ay_fail(err, AY_EINVAL, "the setting '%.80s' is neither text nor number", key);
    if (strcmp(key, "model.backbone") == 0 && strcmp(text, "default") != 0) {
        ay_status status = resolve(s, text, path, err);
        if (status != AY_OK)
            return status;
        snprintf(text, sizeof text, "%.1000s", path);
    }
    return ay_train_settings_set(t, key, text, "settings", err);
}

static ay_status read_settings(ay_service *s, const json_t *settings, ay_train_settings *t,
                               ay_err *err)
{
    ay_status status = AY_OK;
    const char *key;
    json_t *v;

    ay_train_settings_init(t);
    json_object_foreach((json_t *)settings, key, v)
    {
        if (status == AY_OK)
            status = set_one(s, t, key, v, err);
    }
    return status;
}

/* The data set's name, and at least two classes with pictures in it. */
static ay_status check_dataset(ay_service *s, const char *dataset, char *name, size_t cap,
                               ay_err *err)
{
    int classes = 0;
    ay_gallery *g;
    ay_status status;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK) {
        snprintf(name, cap, "%s", g->name);
        for (int k = 0; k < g->nclasses; k++) {
            int images = 0;
            for (size_t i = 0; i < g->n; i++)
                images += g->items[i].klass == k;
            classes += images >= FEWEST;
        }
        if (classes < 2)
            status = ay_fail(err, AY_ECONFLICT,
                             "data set \"%s\" has %d class%s with at least %d pictures; a training "
                             "needs two: add pictures",
                             g->name, classes, classes == 1 ? "" : "es", FEWEST);
    }
    pthread_rwlock_unlock(&s->lock);
    return status;
}

static bool is_same(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"name", "dataset", "folder"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
            return false;
    return true;
}

/* A new training of the same data under the same name: what an earlier one kept to go on with goes. */
static void replace(ay_service *s, const json_t *request, int64_t fresh)
{
    const char *text;
    int64_t id = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    while ((id = ay_job_kept(s, id, &a, &text)) > 0 && id < fresh) {
        json_t *old = json_loads(text, 0, NULL);
        ay_job j;
        if (is_same(old, request) && ay_service_job(s, id, &a, &j, NULL) == AY_OK && j.resumable) {
            ay_job_keep(s, id, false);
            ay_training_forget(s, id);
        }
        json_decref(old);
    }
    ay_arena_fini(&a);
}

ay_status ay_training_start(ay_service *s, const ay_training *t, int64_t *job, ay_err *err)
{
    char name[AY_NAME_MAX + 1] = "", folder[PATH] = "", *text;
    bool from_folder = t->folder && *t->folder;
    ay_train_settings settings;
    json_t *request;
    ay_status status;

    *job = 0;
    if (!s->train || !s->classifier.open)
        return ay_fail(err, AY_EUNSUPPORTED, "this program does not train");
    status = read_settings(s, t->settings, &settings, err);
    if (status == AY_OK && t->name && *t->name)
        status = ay_registry_check_name(t->name, err);
    if (status == AY_OK)
        status = from_folder ? resolve(s, t->folder, folder, err)
                             : check_dataset(s, t->dataset, name, sizeof name, err);
    if (status != AY_OK)
        return status;
    request = json_pack("{s:s, s:s, s:s, s:i, s:O?}", "name", t->name ? t->name : "", "dataset",
                        name, "folder", folder, "promote", t->promote, "settings", t->settings);
    text = request ? ay_json_compact(request) : NULL;
    status = text ? ay_job_queue(s, "train", text, job, err)
                  : ay_fail(err, AY_ENOMEM, "starting a training");
    if (status == AY_OK)
        replace(s, request, *job);
    json_decref(request);
    ay_free(text);
    return status;
}

/* ---- the list of pictures */

/* A field of a CSV file. */
static void put_field(ay_buf *out, const char *text)
{
    ay_buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            ay_buf_putc(out, '"');
        ay_buf_putc(out, *text);
    }
    ay_buf_putc(out, '"');
}

/* Written once a training: one that goes on must see the pictures it began with. */
static ay_status write_manifest(ay_service *s, const char *dataset, const char *path, ay_err *err)
{
    char root[PATH];
    ay_buf csv = {0}, digests = {0};
    ay_gallery *g;
    ay_status status;

    if (ay_file_exists(path))
        return AY_OK;
    if (!realpath(s->data, root))
        return ay_fail(err, AY_EIO, "%s: %s", s->data, strerror(errno));
    ay_buf_puts(&csv, "path,label\n");
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    for (size_t i = 0; status == AY_OK && i < g->n; i++) {
        char file[PATH + 100];
        snprintf(file, sizeof file, "%s/blobs/%.2s/%s", root, g->items[i].sha256,
                 g->items[i].sha256);
        put_field(&csv, file);
        ay_buf_putc(&csv, ',');
        put_field(&csv, g->classes[g->items[i].klass].name);
        ay_buf_putc(&csv, '\n');
        if (s->nodes)
            ay_buf_add(&digests, g->items[i].sha256, AY_SHA256_HEX);
    }
    pthread_rwlock_unlock(&s->lock);
    for (size_t i = 0; status == AY_OK && i < digests.len; i += AY_SHA256_HEX)
        ay_blobs_has(s->blobs, digests.data + i); /* those of other nodes come into this folder; what is missing, the training says */
    csv.failed |= digests.failed;
    ay_buf_fini(&digests);
    if (status == AY_OK && csv.failed)
        status = ay_fail(err, AY_ENOMEM, "listing the pictures of %s", dataset);
    if (status == AY_OK)
        status = ay_file_write(path, csv.data, csv.len, err);
    ay_buf_fini(&csv);
    return status;
}

/* ---- one training */

typedef struct {
    ay_service *s;
    int64_t job;
    json_t *detail; /* what the job's detail says */
    ay_train_control control;
} running;

static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void show(running *r)
{
    char *text = ay_json_compact(r->detail);

    if (text)
        ay_job_set_detail(r->s, r->job, text);
    ay_free(text);
}

/* The words of this interface; the page has each in four languages. */
static const char *const phases[AY_TRAIN_PHASES] = {"scanning", "features", "head", "fine_tuning",
                                                    "judging",  "saving",   "done"};

static void on_progress(void *ctx, const ay_train_progress *p)
{
    running *r = ctx;
    const char *phase = (unsigned)p->phase < AY_TRAIN_PHASES ? phases[p->phase] : "";
    const char *before = json_string_value(json_object_get(r->detail, "phase"));
    bool turned = !before || strcmp(before, phase) != 0;

    json_object_set_new(r->detail, "phase", json_string(phase));
    json_object_set_new(r->detail, "epoch", json_integer(p->epoch));
    json_object_set_new(r->detail, "epochs", json_integer(p->epochs));
    json_object_set_new(r->detail, "rate", real(p->rate));
    json_object_set_new(r->detail, "seconds_left",
                        p->seconds_left < 0 ? json_null() : real(p->seconds_left));
    json_object_set_new(r->detail, "loss", real(p->loss));
    ay_job_step(r->s, r->job, p->done, p->total);
    show(r);
    if (turned)
        ay_job_save(r->s, r->job);
}

static void on_point(void *ctx, const ay_train_point *p)
{
    running *r = ctx;
    json_t *o = json_pack("{s:i, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", p->epoch,
                          "body", p->body, "best", p->best, "train_loss", real(p->train_loss),
                          "train_accuracy", real(p->train_accuracy), "val_loss", real(p->val_loss),
                          "val_accuracy", real(p->val_accuracy), "val_f1", real(p->val_f1),
                          "learning_rate", real(p->learning_rate), "seconds", real(p->seconds));
    char *text = o ? ay_json_compact(o) : NULL;

    if (text)
        ay_job_put_point(r->s, r->job, p->epoch - 1, text);
    ay_free(text);
    json_decref(o);
}

static void on_note(void *ctx, const ay_note *n)
{
    running *r = ctx;
    json_t *notes = json_object_get(r->detail, "notes");
    json_t *text = json_string(n->text); /* a file's name need not be UTF-8 */

    json_array_append_new(notes,
                          json_pack("{s:o, s:s, s:O*}", "text", text ? text : json_string("?"), "code",
                                    n->code, "args", n->args));
    if (json_array_size(notes) > NOTES)
        json_array_remove(notes, 0);
    show(r);
}

static const char *word(const json_t *request, const char *key)
{
    const char *v = json_string_value(json_object_get(request, key));

    return v ? v : "";
}

/* The model's name: asked for, else the data's. */
static void choose_name(const json_t *request, char dst[64])
{
    const char *folder = word(request, "folder"), *slash = strrchr(folder, '/');
    const char *name = *word(request, "name")    ? word(request, "name")
                       : *word(request, "dataset") ? word(request, "dataset")
                                                   : slash ? slash + 1 : "model";

    snprintf(dst, 64, "%.60s", *name ? name : "model");
    for (size_t n = strlen(dst); n > 0 && (dst[n - 1] & 0x80) && strlen(name) > n; n--)
        dst[n - 1] = '\0'; /* a character cut in two */
}

static bool wants_promotion(ay_service *s, const json_t *request)
{
    int64_t promote = json_integer_value(json_object_get(request, "promote"));
    int64_t active = 0;

    if (promote == 0)
        ay_store_active(s->store, &active, &(ay_err){{0}});
    return promote > 0 || (promote == 0 && active == 0);
}

static void say(char *dst, size_t cap, const ay_registered *m, const ay_train_result *r,
                bool promoted, bool same)
{
    char right[80] = "trained";

    if (r->classes > 0) /* else it was done before the program ended, and the report knows */
        snprintf(right, sizeof right, "right on %.1f %% of the %s pictures", 100 * r->accuracy,
                 r->on_test ? "test" : "validation");
    snprintf(dst, cap, "%s version %d: %s%s%s%s", m->name, m->version, right,
             same ? "; the same weights were there already" : "",
             promoted ? "; it answers now" : "",
             r->cancelled ? "; stopped early, the best so far was kept" : "");
}

/* A model that took hours waits for a database that is away just now, ten minutes at most. */
static ay_status install(running *r, const char *folder, const char *name, int64_t *id, ay_err *err)
{
    ay_status status = ay_nodes_mine(r->s, r->job, err); /* another node that took over makes the model, not both */

    if (status == AY_OK)
        status = ay_registry_install(r->s, folder, name, id, err);
    for (int i = 0; i < 600 && (status == AY_EBUSY || status == AY_EUNKNOWN); i++) {
        bool stop;
        sleep(1);
        pthread_mutex_lock(&r->s->jobs_lock);
        stop = r->s->stop;
        pthread_mutex_unlock(&r->s->jobs_lock);
        if (stop)
            break;
        status = ay_registry_install(r->s, folder, name, id, err);
    }
    return status;
}

/* Registered, and active when that was asked for; message says what happened. */
static ay_status finish(running *r, const json_t *request, const char *name,
                        const ay_train_result *result, char *message, size_t cap, ay_err *err)
{
    ay_registered m;
    ay_arena a;
    int64_t id = 0;
    ay_status status = install(r, result->out, name, &id, err);
    bool promoted = false, same = status == AY_EEXISTS;

    if (same) /* the same data and settings again, or the program ended before it could say so */
        status = AY_OK;
    if (status == AY_OK) {
        json_object_set_new(r->detail, "model", json_integer(id));
        show(r);
    }
    if (status == AY_OK && wants_promotion(r->s, request)) {
        status = ay_registry_promote(r->s, id, err);
        promoted = status == AY_OK;
    }
    ay_arena_init(&a, 0);
    if (status == AY_OK)
        status = ay_registry_get(r->s, id, &a, &m, err);
    if (status == AY_OK) {
        say(message, cap, &m, result, promoted, same);
        json_object_set_new(r->detail, "result",
                            json_pack("{s:s, s:i, s:o, s:b, s:b, s:b, s:b, s:b, s:i, s:i}", "name", m.name,
                                      "version", m.version, "accuracy",
                                      result->classes > 0 ? json_real(result->accuracy) : json_null(),
                                      "on_test", result->on_test, "promoted", promoted, "same", same,
                                      "stopped", result->cancelled, "early", result->stopped_early,
                                      "epochs", result->epochs, "best_epoch", result->best_epoch));
        show(r);
    }
    ay_arena_fini(&a);
    return status;
}

static ay_status train(running *r, const json_t *request, const char *work, char *message,
                       size_t cap, ay_err *err)
{
    ay_train_observer observer = {r, on_progress, on_point, on_note};
    char out[PATH], partial[PATH], manifest[PATH];
    const char *folder = word(request, "folder"), *dataset = word(request, "dataset");
    ay_train_settings t;
    ay_train_result result = {0};
    ay_status status = read_settings(r->s, json_object_get(request, "settings"), &t, err);

    snprintf(out, sizeof out, "%.3900s/model", work);
    snprintf(partial, sizeof partial, "%.3900s/model.partial", work);
    snprintf(manifest, sizeof manifest, "%.3900s/pictures.csv", work);
    if (status == AY_OK)
        status = ay_file_mkdirs(work, err);
    if (status == AY_OK && !*folder)
        status = write_manifest(r->s, dataset, manifest, err);
    if (status != AY_OK)
        return status;
    snprintf(t.root, sizeof t.root, "%.1000s", *folder ? folder : manifest);
    snprintf(t.cache, sizeof t.cache, "%.900s/train/cache", r->s->data);
    choose_name(request, t.name);
    if (ay_file_exists(out)) /* finished before the program ended: only registering is left */
        snprintf(result.out, sizeof result.out, "%s", out);
    else
        status = r->s->train(&t, out, ay_file_exists(partial), &observer, &r->control, &result,
                             err);
    if (status == AY_OK)
        status = finish(r, request, t.name, &result, message, cap, err);
    return status == AY_OK && result.cancelled ? AY_ECANCELLED : status;
}

/* Why it failed, as a word for pages that speak other languages than the message. */
static const char *cause(ay_status status)
{
    switch (status) {
    case AY_EIO:
        return "disk";
    case AY_ENOMEM:
        return "memory";
    case AY_EINVAL:
    case AY_ENOTFOUND:
        return "data";
    case AY_ECONFLICT:
        return "changed";
    case AY_ECORRUPT:
    case AY_EUNSUPPORTED:
        return "model";
    case AY_ECANCELLED:
        return "nothing";
    default:
        return "other";
    }
}

static void work_path(const ay_service *s, int64_t id, char dst[PATH])
{
    snprintf(dst, PATH, "%.3900s/train/%lld", s->data, (long long)id);
}

void ay_training_forget(ay_service *s, int64_t id)
{
    char work[PATH];

    work_path(s, id, work);
    ay_file_remove_tree(work);
}

/* A full disk or too little memory is nothing that the training did wrong: once there is room it can go
 * on, so its files stay. */
static bool is_worth_keeping(ay_status status)
{
    return status == AY_EIO || status == AY_ENOMEM;
}

static void run_job(ay_service *s, int64_t id, const char *text)
{
    json_t *request = json_loads(text, 0, NULL);
    running r = {.s = s, .job = id, .detail = json_object()};
    char work[PATH], message[400] = "";
    ay_err err = {{0}};
    ay_status status;
    bool closing;

    work_path(s, id, work);
    json_object_set_new(r.detail, "name", json_string(word(request, "name")));
    json_object_set_new(r.detail, "dataset", json_string(word(request, "dataset")));
    json_object_set_new(r.detail, "folder", json_string(word(request, "folder")));
    json_object_set_new(r.detail, "notes", json_array());
    show(&r);
    ay_job_control(s, id, &r.control);
    if (ay_turn_take(s, &r.control)) {
        status = train(&r, request, work, message, sizeof message, &err);
        ay_turn_give(s);
    } else {
        status = ay_fail(&err, AY_ECANCELLED, "stopped before it began");
    }
    ay_job_control(s, 0, NULL);
    pthread_mutex_lock(&s->jobs_lock);
    closing = s->stop;
    pthread_mutex_unlock(&s->jobs_lock);
    if (closing && status == AY_ECANCELLED && !*message) {
        ay_job_save(s, id); /* still running: the next server goes on with it */
    } else {
        ay_log(AY_LOG_INFO, "service", "training %lld: %s", (long long)id,
               *message ? message : err.msg);
        if (!*message) {
            json_object_set_new(r.detail, "cause", json_string(cause(status)));
            show(&r);
        }
        ay_job_keep(s, id, is_worth_keeping(status));
        ay_job_end(s, id, status, *message ? message : *err.msg ? err.msg : "stopped");
        if (!is_worth_keeping(status))
            ay_file_remove_tree(work);
    }
    json_decref(request);
    json_decref(r.detail);
}

/* ---- the thread */

static void *work(void *arg)
{
    ay_service *s = arg;

    /* What answers people goes first; threads that the training starts inherit this. */
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    for (;;) {
        const char *request = NULL;
        ay_arena a;
        int64_t id;
        bool stop;
        ay_arena_init(&a, 0);
        id = ay_job_take(s, "train", &a, &request);
        if (id)
            run_job(s, id, request);
        ay_arena_fini(&a);
        pthread_mutex_lock(&s->jobs_lock);
        if (!id && !s->stop)
            pthread_cond_wait(&s->jobs_changed, &s->jobs_lock);
        stop = s->stop;
        pthread_mutex_unlock(&s->jobs_lock);
        if (stop)
            return NULL;
    }
}

/* Folders of jobs that neither wait nor can be resumed: a crash came between the job's end and its
 * folder's. */
static void sweep(ay_service *s)
{
    char path[PATH];
    struct dirent *e;
    DIR *dir;

    snprintf(path, sizeof path, "%.3900s/train", s->data);
    dir = opendir(path);
    while (dir && (e = readdir(dir))) {
        const char *request;
        ay_arena a;
        long id;
        if (!ay_str_to_long(e->d_name, 1, INT64_MAX - 1, &id))
            continue; /* the cache of features */
        ay_arena_init(&a, 0);
        if (ay_job_kept(s, id - 1, &a, &request) != id)
            ay_training_forget(s, id);
        ay_arena_fini(&a);
    }
    if (dir)
        closedir(dir);
}

ay_status ay_trainer_start(ay_service *s, ay_err *err)
{
    ay_status status;

    sweep(s);
    status = ay_thread_start(&s->trainer, "trainer", work, s, err);
    s->trainer_started = status == AY_OK;
    return status;
}

void ay_trainer_stop(ay_service *s)
{
    pthread_mutex_lock(&s->jobs_lock);
    s->stop = true;
    if (s->control)
        atomic_store(&s->control->pause, true); /* it goes on at the next start */
    pthread_cond_broadcast(&s->jobs_changed);
    pthread_mutex_unlock(&s->jobs_lock);
    if (s->trainer_started)
        pthread_join(s->trainer, NULL);
    s->trainer_started = false;
}
