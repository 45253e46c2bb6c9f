#include "service/inspect/modules.h"
#include "inspect/module.h"
#include "service/inspect/tasks_parts.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct ay_held_module {
    ay_inspect_module *module;
    char task[AY_TASK_ID];
    struct timespec changed;
    off_t bytes;
    int users;  /* guarded by lock, as what follows */
    bool stale; /* another took its place: the last user closes it */
    uint64_t used;
};

struct ay_modules {
    pthread_mutex_t opening; /* lock is taken inside it */
    pthread_mutex_t lock;
    ay_held_module *held[AY_MODULES_OPEN];
    uint64_t turn;
};

ay_status ay_modules_open(ay_service *s, ay_err *err)
{
    s->modules = ay_calloc(1, sizeof *s->modules);
    if (!s->modules)
        return ay_fail(err, AY_ENOMEM, "modules");
    pthread_mutex_init(&s->modules->opening, NULL);
    pthread_mutex_init(&s->modules->lock, NULL);
    return AY_OK;
}

static void destroy(ay_held_module *h)
{
    if (h)
        ay_inspect_module_close(h->module);
    ay_free(h);
}

void ay_modules_close(ay_service *s)
{
    if (!s->modules)
        return;
    for (int i = 0; i < AY_MODULES_OPEN; i++)
        destroy(s->modules->held[i]);
    pthread_mutex_destroy(&s->modules->opening);
    pthread_mutex_destroy(&s->modules->lock);
    ay_free(s->modules);
    s->modules = NULL;
}

static ay_status newest(ay_service *s, char id[AY_TASK_ID], ay_err *err)
{
    ay_task *list;
    ay_arena a;
    size_t n = 0;
    ay_status status;

    *id = '\0';
    ay_arena_init(&a, 0);
    status = ay_task_list(s, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK && !*id; i++)
        if (strcmp(list[i].status, "completed") == 0)
            memcpy(id, list[i].id, AY_TASK_ID);
    ay_arena_fini(&a);
    return status == AY_OK && !*id ? ay_fail(err, AY_ECONFLICT, "no inspection training is completed: there is nothing to hold pictures against")
                                   : status;
}

/* With lock: the open one of this task, if the file is the same still. */
static ay_held_module *find(struct ay_modules *m, const char *task, const struct stat *st)
{
    for (int i = 0; i < AY_MODULES_OPEN; i++) {
        ay_held_module *h = m->held[i];
        if (h && strcmp(h->task, task) == 0 && h->bytes == st->st_size && h->changed.tv_sec == st->st_mtim.tv_sec &&
            h->changed.tv_nsec == st->st_mtim.tv_nsec)
            return h;
    }
    return NULL;
}

/* With lock.  What left: the caller destroys it when nobody uses it. */
static ay_held_module *place(struct ay_modules *m, ay_held_module *h)
{
    ay_held_module *old;
    int at = 0;

    for (int i = 1; i < AY_MODULES_OPEN; i++)
        if (m->held[at] && (!m->held[i] || m->held[i]->used < m->held[at]->used))
            at = i;
    old = m->held[at];
    m->held[at] = h;
    if (old)
        old->stale = true;
    return old && old->users == 0 ? old : NULL;
}

static ay_held_module *take(struct ay_modules *m, const char *task, const struct stat *st)
{
    ay_held_module *h;

    pthread_mutex_lock(&m->lock);
    h = find(m, task, st);
    if (h) {
        h->users++;
        h->used = ++m->turn;
    }
    pthread_mutex_unlock(&m->lock);
    return h;
}

static ay_status open_one(ay_service *s, const char *task, const char *path, const struct stat *st, ay_held_module **out, ay_err *err)
{
    ay_held_module *h = ay_calloc(1, sizeof *h), *gone = NULL;
    ay_status status = h ? ay_inspect_module_open(&h->module, path, &(ay_inspect_module_options){.engine = s->engine, .scratch = s->data}, err)
                         : ay_fail(err, AY_ENOMEM, "opening a module");

    if (status != AY_OK) {
        ay_free(h);
        return status;
    }
    snprintf(h->task, sizeof h->task, "%s", task);
    h->changed = st->st_mtim;
    h->bytes = st->st_size;
    h->users = 1;
    pthread_mutex_lock(&s->modules->lock);
    h->used = ++s->modules->turn;
    gone = place(s->modules, h);
    pthread_mutex_unlock(&s->modules->lock);
    destroy(gone);
    *out = h;
    return AY_OK;
}

ay_status ay_module_hold(ay_service *s, const char *task, ay_held_module **out, ay_err *err)
{
    char path[AY_TASK_PATH + 64], id[AY_TASK_ID];
    struct stat st;
    ay_status status = AY_OK;

    *out = NULL;
    if (task && *task)
        snprintf(id, sizeof id, "%s", task);
    else
        status = newest(s, id, err);
    if (status == AY_OK)
        status = ay_task_file(s, id, "module", path, sizeof path, err);
    if (status == AY_OK && stat(path, &st) != 0)
        status = ay_fail(err, AY_ENOTFOUND, "the module of task %s: %s", id, strerror(errno));
    if (status != AY_OK || (*out = take(s->modules, id, &st)))
        return status;
    pthread_mutex_lock(&s->modules->opening);
    *out = take(s->modules, id, &st);
    if (!*out)
        status = open_one(s, id, path, &st, out, err);
    pthread_mutex_unlock(&s->modules->opening);
    return status;
}

void ay_module_release(ay_service *s, ay_held_module *h)
{
    bool last;

    if (!h)
        return;
    pthread_mutex_lock(&s->modules->lock);
    last = --h->users == 0 && h->stale;
    pthread_mutex_unlock(&s->modules->lock);
    if (last)
        destroy(h);
}

ay_inspect_module *ay_module_of(ay_held_module *h)
{
    return h->module;
}

const char *ay_module_task(const ay_held_module *h)
{
    return h->task;
}
