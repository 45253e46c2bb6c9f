#include "service/learn/registry.h"
#include "service/nodes.h"
#include "service/learn/serving.h"
#include "service/backup/hold.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096, MOST_FILES = 500, FILE_LIMIT = 64 << 20 };

/* ---- files */

typedef struct {
    const char *from, *to;
    int files;
} copying;

/* Files of the folder and of its folder "plots"; checkpoints stay behind. */
static ay_status copy_file(void *ctx, const char *path, ay_err *err)
{
    copying *c = ctx;
    const char *name = path + strlen(c->from) + 1, *slash = strchr(name, '/');
    char to[PATH];
    ay_status status;
    ay_map map;

    if (slash && (strncmp(name, "plots/", 6) != 0 || strchr(slash + 1, '/')))
        return AY_OK;
    if (++c->files > MOST_FILES)
        return ay_fail(err, AY_ELIMIT, "more than %d files in %s", MOST_FILES, c->from);
    if (snprintf(to, sizeof to, "%s/%s", c->to, name) >= PATH)
        return ay_fail(err, AY_EINVAL, "the path is too long: %.80s...", path);
    status = ay_map_open(&map, path, err);
    if (status != AY_OK)
        return status;
    status = ay_file_write(to, map.data, map.size, err);
    ay_map_close(&map);
    return status;
}

static ay_status copy_folder(const char *from, const char *to, ay_err *err)
{
    char plots[PATH + 8];
    copying c = {from, to, 0};
    ay_status status;

    snprintf(plots, sizeof plots, "%s/plots", to);
    status = ay_file_mkdirs(plots, err);
    if (status == AY_OK)
        status = ay_file_walk(from, copy_file, &c, err);
    rmdir(plots); /* stays when something is in it */
    return status;
}

static void models_path(const ay_service *s, const char *name, char dst[PATH])
{
    snprintf(dst, PATH, "%.3900s/models/%.100s", s->data, name);
}

/* ---- install */

ay_status ay_registry_check_name(const char *name, ay_err *err)
{
    size_t n = strlen(name);

    if (n == 0 || n > AY_MODEL_NAME_MAX || !ay_utf8_valid(name, n) || name[0] == ' ' ||
        name[n - 1] == ' ')
        return ay_fail(err, AY_EINVAL,
                       "a model's name is 1 to %d bytes of UTF-8 without spaces at its ends",
                       AY_MODEL_NAME_MAX);
    for (; *name; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            return ay_fail(err, AY_EINVAL, "a model's name has a control character in it");
    return AY_OK;
}

/* metrics.json as compact text; "{}" when there is none that fits. */
static char *read_metrics(const char *folder)
{
    char path[PATH], *text = NULL;
    json_t *root;

    snprintf(path, sizeof path, "%.4000s/metrics.json", folder);
    root = json_load_file(path, 0, NULL);
    if (json_is_object(root))
        text = ay_json_compact(root);
    json_decref(root);
    if (text && strlen(text) <= AY_JSON_MAX)
        return text;
    ay_free(text);
    return ay_strdup("{}");
}

static char *list_classes(const ay_classifier_info *info)
{
    json_t *list = json_array();
    char *text;

    for (int i = 0; i < info->classes; i++)
        json_array_append_new(list, json_string(info->class_names[i]));
    text = ay_json_compact(list);
    json_decref(list);
    return text;
}

static const char *base_of(const char *folder, char dst[AY_NAME_MAX + 1])
{
    size_t n = strlen(folder), from;

    while (n > 1 && folder[n - 1] == '/')
        n--;
    for (from = n; from > 0 && folder[from - 1] != '/';)
        from--;
    snprintf(dst, AY_NAME_MAX + 1, "%.*s", (int)(n - from), folder + from);
    return dst;
}

typedef struct {
    ay_service *s;
    const char *name, *source;
    char folder[33], path[PATH], bundle[AY_SHA256_HEX];
    int64_t *id;
} installing;

static ay_status write_row(installing *in, const ay_classifier_info *info, const char *answer,
                           ay_err *err)
{
    char *metrics = read_metrics(in->path), *classes = list_classes(info);
    char base[AY_NAME_MAX + 1];
    const ay_engine_info *e = info->engine;
    ay_store_model m = {.name = in->name && *in->name ? in->name
                                : *e->name            ? e->name
                                                      : base_of(in->source, base),
                        .digest = e->digest, .bundle = in->bundle,
                        .preprocess = e->preprocess_digest, .snapshot = info->snapshot,
                        .architecture = e->arch, .licence = e->licence, .folder = in->folder,
                        .classes = classes, .metrics = metrics, .answer = answer};
    int version = 0;
    ay_status status = metrics && classes
                           ? ay_store_model_add(in->s->store, &m, in->id, &version, err)
                           : ay_fail(err, AY_ENOMEM, "registering a model");

    if (status == AY_OK)
        ay_log(AY_LOG_INFO, "service", "model %s version %d: %d classes", m.name, version,
               info->classes);
    ay_free(metrics);
    ay_free(classes);
    return status;
}

/* The folder's copy has its place and its row, or neither. */
static ay_status place(installing *in, ay_err *err)
{
    ay_classifier *c = NULL;
    char tmp[PATH], *answer = NULL;
    ay_status status;

    snprintf(tmp, sizeof tmp, "%.4000s.tmp", in->path);
    status = copy_folder(in->source, tmp, err);
    if (status == AY_OK)
        status = ay_serving_bundle(tmp, in->bundle, err);
    if (status == AY_OK)
        status = ay_serving_try(in->s, tmp, &c, &answer, err);
    if (status == AY_OK && rename(tmp, in->path) != 0)
        status = ay_fail(err, AY_EIO, "rename %s: %s", tmp, strerror(errno));
    if (status == AY_OK) {
        models_path(in->s, "", tmp);
        status = ay_file_sync_dir(tmp, err);
        if (status == AY_OK)
            status = ay_nodes_share_model(in->s, in->folder, err);
        if (status == AY_OK)
            status = write_row(in, in->s->classifier.info(c), answer, err);
        snprintf(tmp, sizeof tmp, "%s", in->path);
    }
    if (c)
        in->s->classifier.close(c);
    /* In doubt the folder stays: there may be a row that names it; else the next start removes it. */
    if (status != AY_OK && status != AY_EUNKNOWN)
        ay_file_remove_tree(tmp);
    ay_free(answer);
    return status;
}

static ay_status known_bundle(ay_service *s, const char *bundle, int64_t *id, ay_err *err)
{
    ay_store_model *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_store_model_list(s->store, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (strcmp(list[i].bundle, bundle) == 0) {
            *id = list[i].id;
            status = ay_fail(err, AY_EEXISTS, "this model is there already, as %s version %d",
                             list[i].name, list[i].version);
        }
    ay_arena_fini(&a);
    return status;
}

ay_status ay_registry_install(ay_service *s, const char *folder, const char *name, int64_t *id,
                              ay_err *err)
{
    installing in = {.s = s, .name = name, .source = folder, .id = id};
    char path[PATH];
    ay_status status = AY_OK;

    *id = 0;
    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (!ay_file_is_dir(folder))
        return ay_fail(err, AY_ENOTFOUND, "no folder %.300s", folder);
    if (name && *name)
        status = ay_registry_check_name(name, err);
    if (status == AY_OK)
        status = ay_serving_bundle(folder, in.bundle, err);
    if (status == AY_OK)
        status = known_bundle(s, in.bundle, id, err);
    models_path(s, "", path);
    if (status == AY_OK)
        status = ay_file_mkdirs(path, err);
    if (status != AY_OK)
        return status;
    ay_random_hex(in.folder, 16);
    models_path(s, in.folder, in.path);
    status = place(&in, err);
    if (status == AY_OK)
        ay_service_tell(s, "models", "", 0);
    return status;
}

/* ---- list and find */

static const char *const *parse_classes(const char *text, ay_arena *a, size_t *n)
{
    json_t *list = json_loads(text, 0, NULL);
    const char **out = ay_arena_alloc(a, (json_array_size(list) + 1) * sizeof *out);

    *n = 0;
    for (size_t i = 0; out && i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        out[i] = ay_arena_strdup(a, name ? name : "");
        *n += out[i] != NULL;
    }
    json_decref(list);
    return out;
}

static int64_t active_id(ay_service *s)
{
    int64_t id;

    pthread_mutex_lock(&s->serving_lock);
    id = s->active_id;
    pthread_mutex_unlock(&s->serving_lock);
    return id;
}

static ay_status fill(ay_service *s, const ay_store_model *m, ay_arena *a, ay_registered *out,
                      ay_err *err)
{
    json_t *facts = json_loads(m->answer, 0, NULL);
    char path[PATH + 16];

    *out = (ay_registered){.id = m->id, .name = m->name, .version = m->version, .digest = m->digest,
                           .preprocess_digest = m->preprocess, .snapshot = m->snapshot,
                           .bundle = m->bundle, .architecture = m->architecture,
                           .licence = m->licence, .metrics = m->metrics,
                           .active = m->id == active_id(s)};
    out->classes = parse_classes(m->classes, a, &out->nclasses);
    out->temperature = json_number_value(json_object_get(facts, "temperature"));
    out->confident = json_number_value(json_object_get(facts, "confident"));
    out->reject = json_number_value(json_object_get(facts, "reject"));
    out->knows_unknown = json_is_true(json_object_get(facts, "knows_unknown"));
    json_decref(facts);
    models_path(s, m->folder, path);
    strcat(path, "/report.html");
    out->has_report = ay_file_exists(path);
    ay_clock_rfc3339(out->created_at, m->created_us);
    return out->classes ? AY_OK : ay_fail(err, AY_ENOMEM, "listing models");
}

ay_status ay_registry_list(ay_service *s, ay_arena *a, ay_registered **out, size_t *n, ay_err *err)
{
    ay_store_model *list = NULL;
    ay_status status = ay_store_model_list(s->store, a, &list, n, err);

    *out = ay_arena_alloc(a, (*n + 1) * sizeof **out);
    if (status == AY_OK && !*out)
        status = ay_fail(err, AY_ENOMEM, "listing models");
    for (size_t i = 0; i < *n && status == AY_OK; i++)
        status = fill(s, &list[i], a, &(*out)[i], err);
    return status;
}

ay_status ay_registry_get(ay_service *s, int64_t id, ay_arena *a, ay_registered *out, ay_err *err)
{
    ay_store_model m;
    ay_status status;

    if (id == 0 && (id = active_id(s)) == 0)
        return ay_fail(err, AY_ECONFLICT,
                       "no trained model is active: train one (page Training, or assay train), or "
                       "promote one that is there (page Models, or assay model promote)");
    status = ay_store_model_get(s->store, id, a, &m, err);
    return status == AY_OK ? fill(s, &m, a, out, err) : status;
}

/* "yard" or "yard:3" against a model. */
static bool is_called(const ay_store_model *m, const char *word)
{
    size_t n = strlen(m->name);
    long version;

    if (strncmp(word, m->name, n) != 0)
        return false;
    return word[n] == '\0' ||
           (word[n] == ':' && ay_str_to_long(word + n + 1, 1, INT32_MAX, &version) &&
            version == m->version);
}

ay_status ay_registry_find(ay_service *s, const char *word, int64_t *id, ay_err *err)
{
    ay_store_model *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;
    long number;

    *id = 0;
    if (strcmp(word, "active") == 0 && (*id = active_id(s)) > 0)
        return AY_OK;
    ay_arena_init(&a, 0);
    status = ay_store_model_list(s->store, &a, &list, &n, err);
    for (size_t i = 0; i < n && *id == 0; i++) /* newest first */
        if (is_called(&list[i], word))
            *id = list[i].id;
    if (*id == 0 && ay_str_to_long(word, 1, INT64_MAX, &number))
        for (size_t i = 0; i < n && *id == 0; i++)
            if (list[i].id == number)
                *id = number;
    ay_arena_fini(&a);
    if (status == AY_OK && *id == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no model '%.150s'", word);
    return status;
}

/* ---- promote, roll back */

static void make_active(ay_service *s, int64_t id)
{
    pthread_mutex_lock(&s->serving_lock);
    s->active_id = id;
    s->serving_problem[0] = '\0';
    pthread_mutex_unlock(&s->serving_lock);
    ay_service_tell(s, "models", "", 0);
}

ay_status ay_registry_promote(ay_service *s, int64_t id, ay_err *err)
{
    ay_serving *v;
    ay_status status = ay_serving_hold(s, id, &v, err);

    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->writing); /* the store and memory change in the same order */
    status = ay_store_promote(s->store, v->model, err);
    if (status == AY_OK)
        make_active(s, v->model);
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK)
        ay_log(AY_LOG_INFO, "service", "model %s version %d answers from now on", v->name,
               v->version);
    ay_serving_drop(s, v);
    return status;
}

ay_status ay_registry_refresh(ay_service *s, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_store_active(s->store, &id, err);

    if (status == AY_OK && id != active_id(s))
        make_active(s, id);
    return status;
}

ay_status ay_registry_rollback(ay_service *s, int64_t *id, ay_err *err)
{
    ay_serving *v = NULL;
    ay_status status = ay_store_rollback_target(s->store, id, err);

    if (status == AY_OK && *id == 0)
        return ay_fail(err, AY_ECONFLICT,
                       "no model served before this one: there is nothing to roll back to");
    if (status == AY_OK)
        status = ay_serving_hold(s, *id, &v, err); /* it must answer before it serves */
    pthread_mutex_lock(&s->writing);
    if (status == AY_OK)
        status = ay_store_rollback_model(s->store, id, err);
    if (status == AY_OK)
        make_active(s, *id);
    pthread_mutex_unlock(&s->writing);
    ay_serving_drop(s, v);
    return status;
}

/* The row, and nobody opens it from then on; `writing` is held. */
static ay_status delete_row(ay_service *s, int64_t id, ay_err *err)
{
    ay_status status;

    pthread_mutex_lock(&s->opening); /* nobody is half-way through opening its files */
    status = ay_store_model_delete(s->store, id, err);
    if (status == AY_OK)
        ay_serving_evict(s, id);
    pthread_mutex_unlock(&s->opening);
    return status;
}

ay_status ay_registry_delete(ay_service *s, int64_t id, ay_err *err)
{
    char folder[PATH];
    ay_registered m;
    ay_arena a;
    int hold = -1;
    ay_status status;

    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    ay_arena_init(&a, 0);
    pthread_mutex_lock(&s->writing);
    status = ay_registry_get(s, id, &a, &m, err);
    if (status == AY_OK && m.active)
        status = ay_fail(err, AY_ECONFLICT,
                         "%s version %d is the model that answers: let another one answer first "
                         "(promote it, or roll back)",
                         m.name, m.version);
    if (status == AY_OK)
        status = ay_registry_folder(s, id, folder, sizeof folder, err);
    if (status == AY_OK)
        status = delete_row(s, id, err);
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK) {
        ay_reason_forget(s, id);
        if (ay_hold_none(s->data, &hold)) /* beside a backup, and after a crash, the next start removes it */
            ay_file_remove_tree(folder);
        ay_hold_end(hold);
        ay_log(AY_LOG_INFO, "service", "model %s version %d deleted", m.name, m.version);
        ay_service_tell(s, "models", "", 0);
    }
    ay_arena_fini(&a);
    return status;
}

ay_status ay_registry_history(ay_service *s, int limit, ay_arena *a, ay_served **out, size_t *n,
                              ay_err *err)
{
    ay_store_serving *list = NULL;
    ay_status status = ay_store_serving_list(s->store, limit, a, &list, n, err);

    *out = ay_arena_alloc(a, (*n + 1) * sizeof **out);
    if (status == AY_OK && !*out)
        return ay_fail(err, AY_ENOMEM, "listing what served");
    for (size_t i = 0; i < *n && status == AY_OK; i++) {
        ay_served *o = &(*out)[i];
        *o = (ay_served){.model = list[i].model, .name = list[i].name, .version = list[i].version,
                         .action = list[i].action};
        ay_clock_rfc3339(o->at, list[i].at_us);
    }
    return status;
}

ay_status ay_registry_folder(ay_service *s, int64_t id, char *dst, size_t cap, ay_err *err)
{
    ay_store_model m;
    ay_arena a;
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_store_model_get(s->store, id, &a, &m, err);
    if (status == AY_OK && (size_t)snprintf(dst, cap, "%s/models/%s", s->data, m.folder) >= cap)
        status = ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    ay_arena_fini(&a);
    return status;
}

ay_status ay_registry_read(ay_service *s, int64_t id, const char *file, ay_buf *out, ay_err *err)
{
    static const char *const known[] = {"report.html", "metrics.json", "history.json",
                                        "config.json", "MODEL_CARD.md"};
    char path[PATH];
    ay_status status = ay_registry_folder(s, id, path, sizeof path - 32, err);

    for (size_t i = 0; i < sizeof known / sizeof *known && status == AY_OK; i++)
        if (strcmp(known[i], file) == 0) {
            strcat(path, "/");
            strcat(path, known[i]);
            return ay_file_read(path, FILE_LIMIT, out, err);
        }
    return status == AY_OK ? ay_fail(err, AY_ENOTFOUND, "a model has no file '%.60s'", file)
                           : status;
}

void ay_registry_look(ay_service *s, ay_registry_state *out)
{
    *out = (ay_registry_state){0};
    pthread_mutex_lock(&s->serving_lock);
    for (int i = 0; i < s->npool; i++) {
        const ay_serving *v = s->pool[i];
        if (v->model != s->active_id)
            continue;
        out->ready = true;
        out->version = v->version;
        out->classes = v->info->classes;
        snprintf(out->name, sizeof out->name, "%s", v->name);
    }
    snprintf(out->problem, sizeof out->problem, "%s", s->serving_problem);
    pthread_mutex_unlock(&s->serving_lock);
}

/* ---- start */

/* 32 hex digits, or a copy of a model that was cut off. */
static bool is_ours(const char *name)
{
    return strspn(name, "0123456789abcdef") == 32 &&
           (name[32] == '\0' || strcmp(name + 32, ".tmp") == 0);
}

/* A crash between the folder and its row leaves a folder that nobody names. */
static void sweep(ay_service *s, const ay_store_model *list, size_t n)
{
    char path[PATH], victim[PATH + 300];
    struct dirent *e;
    DIR *dir = NULL;
    int hold;

    models_path(s, "", path);
    if (ay_hold_none(s->data, &hold))
        dir = opendir(path);
    while (dir && (e = readdir(dir))) {
        bool known = !is_ours(e->d_name); /* an encoder that a person put here: leave it */
        for (size_t i = 0; i < n && !known; i++)
            known = strcmp(list[i].folder, e->d_name) == 0;
        if (known)
            continue;
        snprintf(victim, sizeof victim, "%s/%s", path, e->d_name);
        ay_file_remove_tree(victim);
    }
    if (dir)
        closedir(dir);
    ay_hold_end(hold);
}

ay_status ay_registry_start(ay_service *s, bool open_now, ay_err *err)
{
    ay_store_model *list = NULL;
    ay_serving *v = NULL;
    ay_status status;
    ay_err why = {{0}};
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_store_model_list(s->store, &a, &list, &n, err);
    if (status == AY_OK && !s->reading_only)
        sweep(s, list, n);
    if (status == AY_OK)
        ay_nodes_fetch_models(s);
    ay_arena_fini(&a);
    if (status == AY_OK)
        status = ay_store_active(s->store, &s->active_id, err);
    if (status != AY_OK || !open_now || s->active_id == 0)
        return status;
    if (ay_serving_hold(s, 0, &v, &why) != AY_OK) /* the scanner works without it */
        ay_log(AY_LOG_ERROR, "service", "the active model cannot answer: %s", why.msg);
    ay_serving_drop(s, v);
    return AY_OK;
}
