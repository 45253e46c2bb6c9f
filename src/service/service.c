/* service/service.c - open a data folder, keep its galleries, close it.
 *
 * Opening: lock the folder, empty blobs/tmp, open (and migrate) the store, read every data set into
 * memory, start the keeper, which embeds what has no vector for the model in force.  A kill at any
 * point leaves rows only for whole files, because a file is durable before its row is written; a file
 * without a row is rubbish that the keeper removes after the start. */
#include "service/export/bring_job.h"
#include "service/nodes.h"
#include "service/find/search_chance.h"
#include "service/gallery_keep.h"
#include "service/library/intake_parts.h"
#include "service/library/filter.h"
#include "service/library/marks.h"
#include "service/inspect/tasks_parts.h"
#include "service/learn/serving.h"
#include "service/library/clusters_open.h"
#include "service/library/duplicates.h"
#include "service/library/map.h"
#include "service/library/opinions.h"
#include "service/words/wordy.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/acts.h"
#include "store/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATH = 4096, LEAST_TRASH = 600, USUAL_TRASH = 30 * 24 * 3600 };

ay_status ay_service_default_data(char *dst, size_t cap, ay_err *err)
{
    const char *own = getenv("ASSAY_DATA"), *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n = -1;

    if (own && *own)
        n = snprintf(dst, cap, "%s", own);
    else if (xdg && *xdg)
        n = snprintf(dst, cap, "%s/assay", xdg);
    else if (home && *home)
        n = snprintf(dst, cap, "%s/.local/share/assay", home);
    if (n < 0 || (size_t)n >= cap)
        return ay_fail(err, AY_EINVAL, "no data folder is known: set ASSAY_DATA or HOME");
    return AY_OK;
}

static ay_status engine_embed(void *ctx, const ay_image *const *images, int n, float *dst,
                              ay_err *err)
{
    return ay_engine_embed(ctx, images, n, dst, err);
}

static ay_status engine_embed_later(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *err)
{
    return ay_engine_embed_later(ctx, images, n, dst, err);
}

static size_t engine_memory(void *ctx)
{
    return ay_engine_memory(ctx);
}

ay_embedder ay_embedder_of_engine(ay_engine *e)
{
    return (ay_embedder){.ctx = e, .embed = engine_embed, .info = ay_engine_get_info(e), .memory = engine_memory,
                         .embed_later = engine_embed_later};
}

/* ---- the lock file: held by flock, so that it goes with the process however that ends */

static ay_status take_lock(ay_service *s, ay_err *err)
{
    char path[PATH], pid[32] = "";
    ssize_t n;

    snprintf(path, sizeof path, "%s/lock", s->data);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (s->lock_fd < 0)
        return ay_fail(err, AY_EIO, "open %s: %s", path, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        s->reading_only = true;
        n = pread(s->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        return ay_fail(err, AY_EBUSY, "the data folder %s is in use by another Assay%s%s%s",
                       s->data, *pid ? " (process " : "", pid, *pid ? ")" : "");
    }
    n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(s->lock_fd, 0) != 0 || pwrite(s->lock_fd, pid, (size_t)n, 0) != n)
        return ay_fail(err, AY_EIO, "write %s: %s", path, strerror(errno));
    return AY_OK;
}

/* ---- galleries */

const char ay_the_library[] = "the library";

static bool is_meant(const ay_service *s, const ay_gallery *g, const char *dataset)
{
    if (dataset == ay_the_library)
        return g->kind == AY_KIND_LIBRARY;
    return dataset && *dataset ? strcmp(g->name, dataset) == 0 : g->id == s->active;
}

ay_status ay_service_find(ay_service *s, const char *dataset, ay_gallery **out, ay_err *err)
{
    for (int i = 0; i < s->ngalleries; i++)
        if (is_meant(s, s->galleries[i], dataset)) {
            *out = s->galleries[i];
            return AY_OK;
        }
    if (dataset == ay_the_library) {
        *out = &s->no_library;
        return AY_OK;
    }
    *out = NULL;
    return ay_fail(err, AY_ENOTFOUND, "no data set \"%.120s\"", dataset ? dataset : "");
}

ay_gallery *ay_service_by_id(ay_service *s, int64_t id)
{
    for (int i = 0; i < s->ngalleries; i++)
        if (s->galleries[i]->id == id)
            return s->galleries[i];
    return NULL;
}

ay_gallery *ay_service_by_class(ay_service *s, int64_t class_id, int *klass)
{
    for (int i = 0; i < s->ngalleries; i++) {
        *klass = ay_gallery_class_by_id(s->galleries[i], class_id);
        if (*klass >= 0)
            return s->galleries[i];
    }
    return NULL;
}

static ay_status load_classes(ay_service *s, ay_gallery *g, ay_err *err)
{
    ay_store_class *list;
    ay_status status;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    status = ay_store_class_list(s->store, g->id, &a, &list, &n, err);
    if (status == AY_OK)
        status = ay_gallery_reserve(g, 0, (int)n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        ay_gallery_class_add(g, list[i].id, list[i].name, list[i].created_us);
        g->classes[g->nclasses - 1].kind = list[i].kind;
    }
    ay_arena_fini(&a);
    return status;
}

ay_status ay_service_load_member(void *gallery, const ay_store_member *m, const ay_store_vector *v, ay_err *err)
{
    ay_gallery *g = gallery;
    ay_gallery_item item = {.member = m->id, .added_us = m->added_us};
    ay_status status = ay_gallery_reserve(g, 1, 0, err);

    if (status != AY_OK)
        return status;
    item.klass = ay_gallery_class_by_id(g, m->class_id);
    if (item.klass < 0)
        return ay_fail(err, AY_ECORRUPT, "picture %.12s is in no class", m->picture.sha256);
    item.bytes = m->picture.bytes;
    item.phash = m->picture.phash;
    item.width = m->picture.width;
    item.height = m->picture.height;
    snprintf(item.format, sizeof item.format, "%s", m->picture.format);
    snprintf(item.sha256, sizeof item.sha256, "%s", m->picture.sha256);
    item.taken_us = m->picture.taken_us;
    snprintf(item.camera, sizeof item.camera, "%s", m->picture.camera);
    item.file = ay_strdup(m->file);
    if (!item.file)
        return ay_fail(err, AY_ENOMEM, "reading data set %s", g->name);
    ay_gallery_add(g, &item, v->dim == g->dim ? v->data : NULL);
    return AY_OK;
}

/* Reads the items of a gallery that has its classes. */
typedef ay_status loader(ay_service *s, const ay_engine_info *model, ay_gallery *g, ay_store_visit visit, ay_err *err);

static ay_status from_store(ay_service *s, const ay_engine_info *model, ay_gallery *g, ay_store_visit visit, ay_err *err)
{
    return ay_store_member_walk(s->store, g->id, model->digest, model->preprocess_digest, visit, g, err);
}

static ay_status load_one(ay_service *s, const ay_store_dataset *d, const ay_engine_info *model, loader *from, ay_gallery **out,
                          ay_err *err)
{
    ay_status status = ay_gallery_create(out, d->id, d->name, d->created_us, model->dim, err);

    if (status == AY_OK) {
        (*out)->kind = d->kind;
        status = ay_gallery_reserve(*out, (size_t)d->pictures, 1, err);
    }
    if (status == AY_OK)
        status = load_classes(s, *out, err);
    if (status == AY_OK)
        status = from(s, model, *out, ay_service_load_member, err);
    if (status != AY_OK) {
        ay_gallery_destroy(*out);
        *out = NULL;
    }
    return status;
}

ay_status ay_service_load(ay_service *s, const ay_store_dataset *d, const ay_engine_info *model, ay_gallery **out,
                          ay_err *err)
{
    ay_status status = load_one(s, d, model, ay_gallery_load_file, out, err);

    return status == AY_ENOTFOUND ? load_one(s, d, model, from_store, out, err) : status;
}

ay_status ay_service_reserve(ay_service *s, ay_err *err)
{
    ay_gallery **more;
    int cap = s->cgalleries * 2 + 4;

    if (s->ngalleries < s->cgalleries)
        return AY_OK;
    more = ay_calloc((size_t)cap, sizeof(ay_gallery *));
    if (!more)
        return ay_fail(err, AY_ENOMEM, "opening one more data set");
    if (s->ngalleries)
        memcpy(more, s->galleries, (size_t)s->ngalleries * sizeof(ay_gallery *));
    pthread_rwlock_wrlock(&s->lock);
    ay_free(s->galleries);
    s->galleries = more;
    s->cgalleries = cap;
    pthread_rwlock_unlock(&s->lock);
    return AY_OK;
}

void ay_service_insert(ay_service *s, ay_gallery *g)
{
    ay_gallery *old = NULL;
    int at = 0;

    pthread_rwlock_wrlock(&s->lock);
    while (at < s->ngalleries && s->galleries[at]->id < g->id)
        at++;
    if (at < s->ngalleries && s->galleries[at]->id == g->id) {
        old = s->galleries[at];
    } else {
        memmove(s->galleries + at + 1, s->galleries + at,
                (size_t)(s->ngalleries - at) * sizeof(ay_gallery *));
        s->ngalleries++;
    }
    s->galleries[at] = g;
    pthread_rwlock_unlock(&s->lock);
    ay_gallery_destroy(old);
}

void ay_service_remove(ay_service *s, int64_t id)
{
    ay_gallery *old = NULL;

    pthread_rwlock_wrlock(&s->lock);
    for (int i = 0; i < s->ngalleries && !old; i++) {
        if (s->galleries[i]->id != id)
            continue;
        old = s->galleries[i];
        memmove(s->galleries + i, s->galleries + i + 1,
                (size_t)(s->ngalleries - i - 1) * sizeof(ay_gallery *));
        s->ngalleries--;
    }
    pthread_rwlock_unlock(&s->lock);
    ay_gallery_destroy(old);
}

ay_status ay_service_reload(ay_service *s, int64_t id, ay_err *err)
{
    ay_store_dataset *list;
    ay_gallery *g = NULL;
    ay_status status;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    status = ay_service_reserve(s, err);
    if (status == AY_OK)
        status = ay_store_dataset_list(s->store, &a, &list, &n, err);
    for (size_t i = 0; status == AY_OK && i < n; i++)
        if (list[i].id == id)
            status = ay_service_load(s, &list[i], s->embedder.info, &g, err);
    if (status == AY_OK && g)
        ay_service_insert(s, g);
    if (status != AY_OK) { /* memory is older than the store: its file must not be called right, and the keeper tries again */
        s->doubt = true;
        ay_keeper_wake(s);
    }
    ay_arena_fini(&a);
    return status;
}

int *ay_gallery_labels(const ay_gallery *g, ay_arena *a)
{
    int *labels = ay_arena_alloc(a, (g->nready + 1) * sizeof *labels);

    for (size_t i = 0; labels && i < g->nready; i++)
        labels[i] = g->items[i].klass;
    return labels;
}

/* A calibration serves while fewer than one picture in fifty changed since; classes that came or went
 * always count. */
ay_status ay_service_calibrate(ay_service *s, ay_gallery *g, ay_calibration *out, ay_err *err)
{
    ay_rows rows = {g->vectors, g->nready, g->dim};
    ay_calibration fresh;
    ay_status status = AY_OK;
    ay_arena a;
    int *labels;

    pthread_mutex_lock(&s->calibrating);
    if (g->calibrated == 0 || g->calibrated_classes != g->classes_generation ||
        (g->generation - g->calibrated) * 50 > g->nready) {
        ay_arena_init(&a, 0);
        labels = ay_gallery_labels(g, &a);
        status = labels ? ay_calibrate(&rows, labels, g->nclasses, s->threads, NULL, &fresh, err)
                        : ay_fail(err, AY_ENOMEM, "weighing %zu pictures", g->nready);
        if (status == AY_OK) {
            g->calibration = fresh;
            g->calibrated = g->generation;
            g->calibrated_classes = g->classes_generation;
        }
        ay_arena_fini(&a);
    }
    *out = g->calibration;
    pthread_mutex_unlock(&s->calibrating);
    return status;
}

/* ---- open and close */

static ay_status load_all(ay_service *s, ay_err *err)
{
    ay_store_dataset *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_store_dataset_list(s->store, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        ay_gallery *g;
        status = ay_service_reserve(s, err);
        if (status == AY_OK)
            status = ay_service_load(s, &list[i], s->embedder.info, &g, err);
        if (status == AY_OK)
            ay_service_insert(s, g);
    }
    ay_arena_fini(&a);
    return status;
}

/* The first data set for scanning other than `except`; the library is none. */
ay_gallery *ay_service_plain(const ay_service *s, int64_t except)
{
    for (int i = 0; i < s->ngalleries; i++)
        if (s->galleries[i]->kind == AY_KIND_PLAIN && s->galleries[i]->id != except)
            return s->galleries[i];
    return NULL;
}

/* A fresh folder has "main"; which one is active is a setting. */
static ay_status choose_active(ay_service *s, ay_err *err)
{
    const char *value = NULL;
    ay_status status = AY_OK;
    ay_arena a;
    int64_t id;

    ay_arena_init(&a, 0);
    if (!ay_service_plain(s, 0)) {
        status = ay_store_dataset_create(s->store, "main", &id, err);
        if (status == AY_OK)
            status = ay_service_reload(s, id, err);
        else if (status == AY_EEXISTS && s->nodes) /* another node was quicker */
            status = load_all(s, err);
    }
    if (status == AY_OK)
        status = ay_store_setting_get(s->store, "active", &a, &value, err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        s->active = value ? strtoll(value, NULL, 10) : 0;
        if (!ay_service_by_id(s, s->active))
            s->active = ay_service_plain(s, 0)->id;
        pthread_rwlock_unlock(&s->lock);
    }
    ay_arena_fini(&a);
    return status;
}

/* Rows without their files, or with those of another folder, are of no use: a database and a data folder
 * know each other by a number that both hold. */
static ay_status pair(ay_service *s, ay_err *err)
{
    char path[PATH], fresh[33];
    const char *known = NULL, *mine;
    ay_buf file = {0};
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    snprintf(path, sizeof path, "%s/folder-id", s->data);
    status = ay_store_setting_get(s->store, "folder", &a, &known, err);
    if (status == AY_OK && ay_file_exists(path))
        status = ay_file_read(path, 100, &file, err);
    mine = file.data ? file.data : "";
    if (status == AY_OK && known && strncmp(known, mine, 32) != 0)
        status = ay_fail(err, AY_ECONFLICT,
                         "the database belongs to another data folder than %s: its pictures are there;"
                         " start with --data, or bring that folder here", s->data);
    if (status == AY_OK && !known && !s->reading_only) {
        ay_random_hex(fresh, 16);
        if (!*mine)
            status = ay_file_write(path, fresh, 32, err);
        if (status == AY_OK)
            status = ay_store_setting_put(s->store, "folder", *mine ? mine : fresh, err);
    }
    ay_buf_fini(&file);
    ay_arena_fini(&a);
    return status;
}

static void on_doubt(void *ctx)
{
    ay_service *s = ctx;

    s->doubt = true;
    ay_keeper_wake(s);
}

static ay_status open_rows(ay_service *s, ay_err *err)
{
    char path[PATH];
    const char *url = *s->url ? s->url : path;
    ay_status status;

    snprintf(path, sizeof path, "sqlite:%s/assay.db", s->data);
    status = s->reading_only ? ay_store_open_reading(&s->store, url, err)
                             : ay_store_open(&s->store, url, err);
    if (status != AY_OK)
        return status;
    ay_store_on_doubt(s->store, on_doubt, s);
    if (ay_store_shared(s->store)) /* each node has a folder of its own */
        return ay_nodes_open(s, err);
    return *s->url ? pair(s, err) : AY_OK;
}

static ay_status open_stores(ay_service *s, ay_err *err)
{
    char path[PATH];
    ay_status status;

    if (snprintf(path, sizeof path, "%s/blobs", s->data) >= PATH - 100)
        return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    status = s->reading_only ? ay_blobs_open_reading(&s->blobs, path, err)
                             : ay_blobs_open(&s->blobs, path, err);
    if (status == AY_OK)
        status = open_rows(s, err);
    if (status == AY_OK)
        status = load_all(s, err);
    if (status == AY_OK)
        status = ay_jobs_load(s, err);
    return status == AY_OK ? choose_active(s, err) : status;
}

/* With writing held. */
static ay_status reread(ay_service *s, ay_err *err)
{
    ay_store_dataset *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_store_dataset_list(s->store, &a, &list, &n, err);
    for (int g = s->ngalleries; status == AY_OK && g-- > 0;) {
        bool there = false;
        for (size_t i = 0; i < n; i++)
            there |= list[i].id == s->galleries[g]->id;
        if (!there)
            ay_service_remove(s, s->galleries[g]->id);
    }
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        status = ay_service_reload(s, list[i].id, err);
        ay_clusters_forget(s, list[i].id);
    }
    ay_arena_fini(&a);
    if (status == AY_OK)
        status = ay_marks_load(s, err);
    return status == AY_OK ? choose_active(s, err) : status;
}

ay_status ay_service_refresh(ay_service *s, ay_err *err)
{
    ay_status status;

    pthread_mutex_lock(&s->writing);
    status = ay_store_begin(s->store, err); /* the store finds out what became of its last commit */
    if (status == AY_OK) {
        ay_store_rollback(s->store);
        s->doubt = false;
        status = reread(s, err);
        s->doubt |= status != AY_OK;
    }
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK)
        status = ay_registry_refresh(s, err);
    ay_service_tell(s, "dataset", "", 0);
    return status;
}

static void init_locks(ay_service *s)
{
    pthread_rwlockattr_t writers_first;

    /* Readers that keep coming must not starve an upload. */
    pthread_rwlockattr_init(&writers_first);
    pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&s->lock, &writers_first);
    pthread_rwlock_init(&s->using, &writers_first);
    pthread_rwlock_init(&s->purging, &writers_first);
    pthread_rwlockattr_destroy(&writers_first);
    pthread_mutex_init(&s->writing, NULL);
    pthread_mutex_init(&s->calibrating, NULL);
    pthread_mutex_init(&s->jobs_lock, NULL);
    pthread_mutex_init(&s->serving_lock, NULL);
    pthread_mutex_init(&s->opening, NULL);
    pthread_mutex_init(&s->reasoning, NULL);
    pthread_mutex_init(&s->trimming, NULL);
    pthread_cond_init(&s->jobs_changed, NULL);
}

/* Of a process that may write. */
static ay_status start_threads(ay_service *s, bool serve, ay_err *err)
{
    ay_status status = ay_keeper_start(s, err);

    if (status == AY_OK && serve && s->train)
        status = ay_trainer_start(s, err);
    if (status == AY_OK && serve)
        status = ay_tasks_start(s, err);
    if (status == AY_OK && serve)
        status = ay_encoders_resume(s, err);
    if (status == AY_OK && serve)
        status = ay_intake_start(s, err);
    if (status == AY_OK && serve)
        ay_brings_start(s);
    if (status == AY_OK && serve)
        status = ay_clusters_start(s, err);
    if (status == AY_OK && serve)
        status = ay_nodes_start(s, err);
    return status == AY_OK && serve ? ay_galleries_keep_start(s, err) : status;
}

static ay_status open_shown(ay_service *s, ay_err *err)
{
    ay_status status = ay_modules_open(s, err);

    return status == AY_OK ? ay_maps_open(s, err) : status;
}

ay_status ay_service_open(ay_service **out, const ay_service_options *o, ay_err *err)
{
    ay_service *s = ay_calloc(1, sizeof *s);
    int64_t seconds = o->trash_seconds ? o->trash_seconds : USUAL_TRASH;
    ay_status status;

    *out = NULL;
    if (!s || !(s->data = ay_strdup(o->data)) || !(s->url = ay_strdup(o->store ? o->store : "")) ||
        (o->train_folders && !(s->train_folders = ay_strdup(o->train_folders))) ||
        (o->line_folders && !(s->line_folders = ay_strdup(o->line_folders))) ||
        (o->folders && !(s->folders = ay_strdup(o->folders)))) {
        if (s) {
            ay_free(s->data);
            ay_free(s->url);
            ay_free(s->train_folders);
            ay_free(s->line_folders);
        }
        ay_free(s);
        return ay_fail(err, AY_ENOMEM, "opening %s", o->data);
    }
    s->embedder = o->embedder;
    s->model = o->embedder.info;
    s->no_library = (ay_gallery){.name = "Library", .kind = AY_KIND_LIBRARY, .dim = s->model->dim};
    s->encoder_driver = o->encoders;
    s->memory_budget = o->memory_budget;
    s->index_memory = o->index_memory;
    s->keep_strays = o->keep_strays;
    s->limits = o->limits;
    s->threads = o->threads;
    s->classifier = o->classifier;
    s->engine = o->engine;
    s->train = o->train;
    s->line = o->line;
    s->why_driver = o->why;
    s->trash_us = (seconds < LEAST_TRASH ? LEAST_TRASH : seconds) * 1000000;
    s->lock_fd = -1;
    init_locks(s);
    status = ay_search_check(err);
    if (status == AY_OK)
        status = ay_file_mkdirs(s->data, err);
    if (status == AY_OK)
        status = take_lock(s, err);
    if (status == AY_EBUSY && o->share)
        status = AY_OK;
    if (status == AY_OK)
        status = open_stores(s, err);
    if (status == AY_OK)
        status = ay_intake_open(s, err);
    if (status == AY_OK)
        status = ay_wordy_open(s, o, err);
    if (status == AY_OK)
        status = ay_found_chances_open(s, err);
    if (status == AY_OK)
        status = ay_filter_open(s, err);
    if (status == AY_OK)
        status = ay_marks_open(s, err);
    if (status == AY_OK)
        status = ay_clusters_open(s, err);
    if (status == AY_OK)
        status = ay_dups_open(s, err);
    if (status == AY_OK)
        status = open_shown(s, err);
    if (status == AY_OK)
        status = ay_brings_open(s, err);
    if (status == AY_OK)
        status = ay_encoders_open(s, o->encoder, err);
    if (status == AY_OK)
        status = ay_registry_start(s, o->serve, err);
    if (status == AY_OK && !s->reading_only)
        status = start_threads(s, o->serve, err);
    s->opened = status == AY_OK;
    if (status != AY_OK) {
        ay_service_close(s);
        return status;
    }
    if (o->wait_reembed)
        ay_service_wait_idle(s, -1);
    *out = s;
    return AY_OK;
}

void ay_service_close(ay_service *s)
{
    if (!s)
        return;
    ay_brings_stop(s);
    ay_nodes_stop(s);
    ay_intake_stop(s);
    ay_encoders_stop(s);
    ay_trainer_stop(s);
    ay_tasks_stop(s);
    ay_keeper_stop(s);
    ay_clusters_stop(s);
    ay_dups_stop(s);
    ay_maps_stop(s);
    ay_opinions_stop(s);
    ay_reason_forget(s, 0);
    ay_serving_close_all(s);
    ay_galleries_keep_stop(s);
    if (s->opened)
        ay_galleries_keep_end(s);
    for (int i = 0; i < s->ngalleries; i++)
        ay_gallery_destroy(s->galleries[i]);
    ay_free(s->galleries);
    ay_jobs_fini(s);
    ay_encoders_close(s);
    ay_modules_close(s);
    ay_clusters_close(s);
    ay_dups_close(s);
    ay_maps_close(s);
    ay_brings_close(s);
    ay_wordy_close(s);
    ay_found_chances_close(s);
    ay_intake_close(s);
    ay_filter_close(s);
    ay_marks_close(s);
    ay_nodes_close(s);
    ay_store_close(s->store);
    ay_blobs_close(s->blobs);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_rwlock_destroy(&s->lock);
    pthread_rwlock_destroy(&s->using);
    pthread_rwlock_destroy(&s->purging);
    pthread_mutex_destroy(&s->writing);
    pthread_mutex_destroy(&s->calibrating);
    pthread_mutex_destroy(&s->jobs_lock);
    pthread_mutex_destroy(&s->serving_lock);
    pthread_mutex_destroy(&s->opening);
    pthread_mutex_destroy(&s->reasoning);
    pthread_mutex_destroy(&s->trimming);
    pthread_cond_destroy(&s->jobs_changed);
    ay_free(s->train_folders);
    ay_free(s->line_folders);
    ay_free(s->folders);
    explicit_bzero(s->url, strlen(s->url)); /* it may hold a password */
    ay_free(s->url);
    ay_free(s->data);
    ay_free(s);
}

const ay_engine_info *ay_service_model(const ay_service *s)
{
    return s->model;
}

bool ay_service_reading_only(const ay_service *s)
{
    return s->reading_only;
}

const char *ay_service_encoder(const ay_service *s)
{
    return s->encoder;
}

const char *ay_service_data(const ay_service *s)
{
    return s->data;
}

void ay_service_get_stats(ay_service *s, ay_service_stats *out)
{
    *out = (ay_service_stats){.scans = s->scans,
                              .matches = s->matches,
                              .no_matches = s->no_matches,
                              .ambiguous = s->ambiguous,
                              .added = s->added,
                              .moved = s->moved,
                              .refused = s->refused,
                              .decode_ns = s->decode_ns,
                              .embed_ns = s->embed_ns,
                              .search_ns = s->search_ns,
                              .predictions = s->predictions,
                              .predict_ns = s->predict_ns};
    pthread_rwlock_rdlock(&s->lock);
    out->datasets = s->ngalleries;
    for (int i = 0; i < s->ngalleries; i++) {
        out->classes += s->galleries[i]->nclasses;
        out->pictures += (int64_t)s->galleries[i]->n;
        out->unembedded += (int64_t)(s->galleries[i]->n - s->galleries[i]->nready);
    }
    pthread_rwlock_unlock(&s->lock);
}

/* ---- undo */

void ay_service_actor(const char *who)
{
    ay_store_actor(who);
}

ay_status ay_service_undo(ay_service *s, const char *token, ay_undo_result *out, ay_err *err)
{
    ay_store_restored r;
    ay_status status;
    ay_gallery *g;

    *out = (ay_undo_result){0};
    pthread_mutex_lock(&s->writing);
    status = ay_store_undo(s->store, token, &r, err);
    if (status == AY_OK && (r.touched & AY_TOUCHED_TAGS))
        status = ay_marks_load(s, err);
    if (status == AY_OK && (r.touched & AY_TOUCHED_MEMBERS))
        status = ay_service_reload(s, r.dataset, err);
    if (status == AY_OK) {
        if (r.touched & AY_TOUCHED_APART)
            ay_dups_reread(s);
        if (r.touched & AY_TOUCHED_CLUSTERS)
            ay_clusters_forget(s, r.dataset);
        out->restored = r.datasets + r.classes + r.pictures + r.tagged + r.others;
        out->pictures = r.pictures + r.tagged;
        pthread_rwlock_rdlock(&s->lock);
        g = ay_service_by_id(s, r.dataset);
        ay_service_tell(s, "dataset", g ? g->name : "", 0);
        pthread_rwlock_unlock(&s->lock);
        ay_keeper_wake(s);
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}
