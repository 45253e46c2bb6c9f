/* service/folder.c - a folder of folders in; out again: service/export/.
 *
 * Import: several threads take files in turn and add them as an upload would, because one picture at a
 * time would leave processors idle while a disk syncs.  The calling thread reports, so a progress
 * function needs no lock.  Each file stands for itself: one that is no picture is named and skipped.
 *
 * Names on disk may be percent-encoded (service/export/names.h), so that every name survives the way out and back. */
#include "service/internal.h"
#include "service/dataset.h"
#include "service/export/names.h"
#include "service/picture.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST_THREADS = 16 };

/* ---- the list of files */

typedef struct {
    char *path;
    const char *klass; /* folder name within path's list; NULL: directly in the folder */
} file;

typedef struct {
    ay_arena arena;
    const char *root;
    file *files;
    size_t n, cap;
} file_list;

static ay_status list_file(void *ctx, const char *path, ay_err *err)
{
    file_list *l = ctx;
    const char *rest = path + strlen(l->root), *slash;
    file *f;

    rest += strspn(rest, "/");
    slash = strchr(rest, '/');
    if (strcmp(rest, "assay.jsonl") == 0)
        return AY_OK; /* of an export; assay import reads it */
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 256;
        file *more = ay_realloc(l->files, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "listing %s", l->root);
        l->files = more;
        l->cap = cap;
    }
    f = &l->files[l->n];
    *f = (file){.path = ay_arena_strdup(&l->arena, path)};
    if (f->path && slash) {
        char *name = ay_arena_strdup(&l->arena, rest);
        if (name) {
            name[slash - rest] = '\0';
            f->klass = name;
        }
    }
    if (!f->path || (slash && !f->klass))
        return ay_fail(err, AY_ENOMEM, "listing %s", l->root);
    l->n++;
    return AY_OK;
}

/* ---- import */

typedef struct {
    ay_service *s;
    const char *dataset;
    const file_list *list;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t next; /* file to be taken */
    bool stop;
    bool full; /* the one result below waits to be reported */
    size_t done;
    ay_import_progress now; /* counts so far; path and reason of the result */
    char reason[sizeof((ay_err *)0)->msg];
} import;

static ay_status ensure_class(import *im, const char *name, ay_err *err)
{
    ay_status status;
    ay_gallery *g;
    bool there;

    pthread_rwlock_rdlock(&im->s->lock);
    status = ay_service_find(im->s, im->dataset, &g, err);
    there = g && ay_gallery_class_by_name(g, name) >= 0;
    pthread_rwlock_unlock(&im->s->lock);
    if (status != AY_OK || there)
        return status;
    status = ay_class_create(im->s, im->dataset, name, NULL, err);
    return status == AY_EEXISTS ? AY_OK : status; /* another thread was quicker */
}

static ay_status add_file(import *im, const file *f, ay_arena *a, ay_added *added, ay_err *err)
{
    size_t limit = im->s->limits.max_bytes ? im->s->limits.max_bytes : 20000000;
    char name[4 * AY_NAME_MAX];
    ay_buf bytes = {0};
    ay_status status;

    if (!f->klass)
        return ay_fail(err, AY_EINVAL, "it is in no class's folder");
    ay_export_unsafe(name, sizeof name, f->klass);
    status = ay_file_read(f->path, limit, &bytes, err);
    if (status == AY_OK && bytes.len == 0)
        status = ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    /* A folder with nothing usable in it makes no class. */
    if (status == AY_OK && ay_image_sniff(bytes.data, bytes.len) == AY_FORMAT_UNKNOWN)
        status = ay_fail(err, AY_EUNSUPPORTED, "not a picture");
    if (status == AY_OK)
        status = ensure_class(im, name, err);
    for (int tries = 0; status == AY_OK; tries++) {
        status = ay_picture_add(im->s, im->dataset, name, f->path, bytes.data, bytes.len, NULL, a,
                                added, err);
        if (status != AY_EBUSY || tries == 100)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        status = AY_OK;
    }
    ay_buf_fini(&bytes);
    return status;
}

/* Hand one result to the calling thread; waits while the last one is unread. */
static void hand_over(import *im, const file *f, ay_status status, const ay_added *added,
                      const ay_err *err)
{
    pthread_mutex_lock(&im->lock);
    while (im->full && !im->stop)
        pthread_cond_wait(&im->changed, &im->lock);
    im->now.done++;
    im->now.created += status == AY_OK && added->created;
    im->now.moved += status == AY_OK && added->moved;
    im->now.same += status == AY_OK && !added->created && !added->moved;
    im->now.refused += status != AY_OK;
    im->now.path = f->path;
    im->now.reason = NULL;
    if (status != AY_OK) {
        memcpy(im->reason, err->msg, sizeof im->reason);
        im->now.reason = im->reason;
    }
    im->full = true;
    pthread_cond_broadcast(&im->changed);
    pthread_mutex_unlock(&im->lock);
}

static void *import_some(void *arg)
{
    import *im = arg;

    for (;;) {
        ay_added added = {0};
        ay_err err = {{0}};
        ay_status status;
        ay_arena a;
        const file *f;

        pthread_mutex_lock(&im->lock);
        f = im->stop || im->next == im->list->n ? NULL : &im->list->files[im->next++];
        pthread_mutex_unlock(&im->lock);
        if (!f)
            return NULL;
        ay_arena_init(&a, 0);
        status = add_file(im, f, &a, &added, &err);
        hand_over(im, f, status, &added, &err);
        ay_arena_fini(&a);
    }
}

/* Report results until all files are done or somebody says stop. */
static ay_status follow(import *im, int64_t job, ay_import_fn progress, void *ctx)
{
    bool go = true;

    pthread_mutex_lock(&im->lock);
    while (go && im->done < im->list->n) {
        while (!im->full)
            pthread_cond_wait(&im->changed, &im->lock);
        im->done++;
        if (progress)
            go = progress(ctx, &im->now);
        go = ay_job_step(im->s, job, im->now.done, im->now.total) && go;
        im->full = false;
        pthread_cond_broadcast(&im->changed);
    }
    im->stop = true;
    pthread_cond_broadcast(&im->changed);
    pthread_mutex_unlock(&im->lock);
    return go ? AY_OK : AY_ECANCELLED;
}

static ay_status import_list(import *im, int64_t job, ay_import_fn progress, void *ctx, ay_err *err)
{
    int n = 2 * ay_cpu_count(), started = 0;
    pthread_t threads[MOST_THREADS];
    ay_status status = AY_OK;

    if (n > MOST_THREADS)
        n = MOST_THREADS;
    while (started < n && status == AY_OK) {
        status = ay_thread_start(&threads[started], "import", import_some, im, err);
        started += status == AY_OK;
    }
    if (started > 0)
        status = follow(im, job, progress, ctx);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return status == AY_ECANCELLED ? ay_fail(err, AY_ECANCELLED, "stopped") : status;
}

static ay_status check_dataset(ay_service *s, const char *dataset, ay_err *err)
{
    ay_status status;
    ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    pthread_rwlock_unlock(&s->lock);
    return status;
}

static void end_job(ay_service *s, int64_t job, ay_status status, const ay_import_progress *p,
                    const ay_err *err)
{
    char text[160];

    snprintf(text, sizeof text, "%lld of %lld files: %lld new, %lld moved, %lld refused",
             (long long)p->done, (long long)p->total, (long long)p->created, (long long)p->moved,
             (long long)p->refused);
    ay_job_end(s, job, status, status == AY_OK || !err ? text : err->msg);
}

ay_status ay_import_folder(ay_service *s, const char *dataset, const char *folder,
                           ay_import_fn progress, void *ctx, ay_import_progress *out, ay_err *err)
{
    file_list list = {.root = folder};
import im = {.s = s, .dataset = dataset, .list = & list };
    ay_status status = check_dataset(s, dataset, err);
    int64_t job;

    if (status == AY_OK && !ay_file_is_dir(folder))
        status = ay_fail(err, AY_ENOTFOUND, "%.300s is not a folder", folder);
    if (status != AY_OK)
        return status;
    ay_arena_init(&list.arena, 0);
    pthread_mutex_init(&im.lock, NULL);
    pthread_cond_init(&im.changed, NULL);
    status = ay_file_walk(folder, list_file, &list, err);
    im.now.total = (int64_t)list.n;
    job = ay_job_begin(s, "import", im.now.total);
    if (status == AY_OK && list.n > 0)
        status = import_list(&im, job, progress, ctx, err);
    end_job(s, job, status, &im.now, err);
    im.now.path = im.now.reason = NULL;
    if (out)
        *out = im.now;
    pthread_mutex_destroy(&im.lock);
    pthread_cond_destroy(&im.changed);
    ay_arena_fini(&list.arena);
    ay_free(list.files);
    return status;
}
