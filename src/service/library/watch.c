/* service/library/watch.c - wishes, and the thread that follows them. */
#include "service/library/library.h"
#include "service/library/watch_parts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 30000, BLIND_MS = 5000, MISSING_MS = 2000, STABLE_MS = 2000, CLOSED_MS = 300, NICE = 10 };
#define MS 1000000u
#define OPEN_MOST_US 600000000

static const char *const state_names[] = {"reading", "watching", "missing", "failed"};

bool ay_watch_ended(ay_watcher *w, ay_watch_folder *f)
{
    bool ended;

    pthread_mutex_lock(&w->lock);
    ended = w->stop || f->removed;
    pthread_mutex_unlock(&w->lock);
    return ended;
}

void ay_watch_tell(ay_watcher *w, ay_watch_folder *f, ay_watch_state state, const char *fmt, ...)
{
    va_list ap;

    pthread_mutex_lock(&w->lock);
    f->state = state;
    va_start(ap, fmt);
    vsnprintf(f->message, sizeof f->message, fmt, ap);
    va_end(ap);
    pthread_mutex_unlock(&w->lock);
}

/* ---- inotify */

/* inotify does not tell of a folder; the first time, the log is told. */
static void go_blind(ay_watcher *w, ay_watch_folder *f, const char *path, int why)
{
    if (why == ENOENT || why == EACCES || why == ENOTDIR)
        return; /* it is gone, or is told as one that may not be read */
    f->blind = true;
    f->why_blind = w->inotify < 0  ? "this system has no more inotify (fs.inotify.max_user_instances)"
                   : why == ENOSPC ? "inotify takes no more folders (raise fs.inotify.max_user_watches)"
                                   : "inotify does not tell of all of it";
    if (!w->full)
        ay_log(AY_LOG_WARN, "watch", "%s: %s; what comes there is found by looking every few seconds", path, f->why_blind);
    w->full = true;
}

void ay_watch_dir(ay_watcher *w, ay_watch_folder *f, const char *path)
{
    int wd = w->inotify < 0 ? -1
                            : inotify_add_watch(w->inotify, path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_MOVE_SELF |
                                                                      IN_DELETE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW);
    char *copy;

    if (wd < 0) {
        go_blind(w, f, path, w->inotify < 0 ? 0 : errno);
        return;
    }
    if (wd >= w->ndirs) {
        int n = wd + 64;
        char **more = ay_realloc(w->dirs, (size_t)n, sizeof *more);
        if (!more) {
            go_blind(w, f, path, ENOMEM);
            return;
        }
        memset(more + w->ndirs, 0, (size_t)(n - w->ndirs) * sizeof *more);
        w->dirs = more;
        w->ndirs = n;
    }
    if (w->dirs[wd] && strcmp(w->dirs[wd], path) == 0)
        return;
    copy = ay_strdup(path);
    ay_free(w->dirs[wd]);
    w->dirs[wd] = copy;
}

static bool lies_in(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 && path[n] == '/';
}

static void on_file(ay_watcher *w, uint32_t mask, const char *path, const struct stat *st)
{
    for (ay_watch_folder *f = w->first; f; f = f->following) {
        if (f->once || f->removed || !lies_in(path, f->path))
            continue;
        if (S_ISDIR(st->st_mode) && !(mask & IN_MODIFY))
            ay_watch_walk(w, f, path);
        else if (S_ISREG(st->st_mode) && mask & IN_MODIFY)
            ay_watch_open(w, f, path, st);
        else if (S_ISREG(st->st_mode) && !(mask & IN_CREATE))
            ay_watch_later(w, f, path, st, CLOSED_MS);
    }
}

/* Events were lost: everything is looked through, and nobody knows any more which files are being written. */
static void on_overflow(ay_watcher *w)
{
    for (ay_watch_folder *f = w->first; f; f = f->following)
        f->next = 0;
    for (int i = 0; i < w->npending; i++)
        w->pending[i].open = false;
}

/* A folder itself was moved or deleted, or inotify let go of it. */
static void on_folder(ay_watcher *w, const struct inotify_event *e)
{
    for (ay_watch_folder *f = w->first; f; f = f->following)
        if (strcmp(f->path, w->dirs[e->wd]) == 0)
            f->next = 0;
    if (e->mask & IN_IGNORED) {
        ay_free(w->dirs[e->wd]);
        w->dirs[e->wd] = NULL;
    }
}

static void on_event(ay_watcher *w, const struct inotify_event *e)
{
    char path[AY_WATCH_PATH];
    struct stat st;

    if (e->mask & IN_Q_OVERFLOW)
        on_overflow(w);
    if (e->wd < 0 || e->wd >= w->ndirs || !w->dirs[e->wd])
        return;
    if (e->mask & (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF | IN_UNMOUNT))
        on_folder(w, e);
    else if (e->len && !ay_watch_name_ignored(e->name) &&
             snprintf(path, sizeof path, "%s/%s", w->dirs[e->wd], e->name) < AY_WATCH_PATH && lstat(path, &st) == 0)
        on_file(w, e->mask, path, &st);
}

static void read_events(ay_watcher *w)
{
    char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;

    while (w->inotify >= 0 && (n = read(w->inotify, buffer, sizeof buffer)) > 0)
        for (char *p = buffer; p < buffer + n;) {
            const struct inotify_event *e = (const void *)p;
            on_event(w, e);
            p += sizeof *e + e->len;
        }
}

/* ---- what was seen a while ago */

static ay_watch_folder *by_id(ay_watcher *w, int64_t id)
{
    for (ay_watch_folder *f = w->first; f; f = f->following)
        if (f->id == id)
            return f;
    return NULL;
}

/* For those who are not the thread, with lock held. */
static ay_watch_folder *find_any(ay_watcher *w, int64_t id)
{
    ay_watch_folder *f = by_id(w, id);

    for (ay_watch_folder *i = w->incoming; i && !f; i = i->following)
        f = i->id == id ? i : NULL;
    return f;
}

/* A file that a program had open when it last was seen, and that nobody has closed: true when it has to wait further. */
static bool still_open(ay_watch_pending *p, const struct stat *st, uint64_t now)
{
    int64_t changed = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;

    if (!p->open || ay_clock_wall() - changed > OPEN_MOST_US) /* its closing was not told: it may have been a link */
        return false;
    p->bytes = st->st_size;
    p->changed_us = changed;
    p->due = now + (uint64_t)LOOK_MS * MS;
    return true;
}

static void look_at_pending(ay_watcher *w)
{
    uint64_t now = ay_clock_mono();

    for (int i = w->npending; i-- > 0;) {
        ay_watch_pending p = w->pending[i];
        ay_watch_folder *f = by_id(w, p.folder);
        struct stat st;
        int64_t changed;
        bool there;
        if (f && p.due > now)
            continue;
        there = f && lstat(p.path, &st) == 0 && S_ISREG(st.st_mode);
        if (there && still_open(&w->pending[i], &st, now))
            continue;
        w->pending[i] = w->pending[--w->npending]; /* first: it may come back */
        if (there) {
            changed = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
            if (changed != p.changed_us || st.st_size != p.bytes)
                ay_watch_later(w, f, p.path, &st, STABLE_MS);
            else
                ay_watch_file(w, f, p.path, &st, true);
        }
        ay_free(p.path);
    }
    ay_watch_flush(w);
    for (ay_watch_folder *f = w->first; f && w->npending < AY_WATCH_PENDING / 2; f = f->following)
        if (f->again) {
            f->again = false;
            f->next = now + (uint64_t)STABLE_MS * MS;
        }
}

/* ---- looking through */

/* Files on a network file system have times of another machine's clock. */
static bool own_clock(const char *path)
{
    static const unsigned long others[] = {0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x65735546, 0x00C36400, 0x01021997};
    struct statfs fs;

    if (statfs(path, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (((unsigned long)fs.f_type & 0xFFFFFFFFu) == others[i])
            return false;
    return true;
}

static void stop_feeding(ay_watcher *w, ay_watch_folder *f)
{
    if (f->feeding)
        ay_intake_run_feed(w->s, f->batch, -1, 0);
    f->feeding = false;
}

/* An import's end: its wish is fulfilled. */
static void end_import(ay_watcher *w, ay_watch_folder *f)
{
    ay_err err = {{0}};

    if (f->state == AY_WATCH_FAILED) { /* kept, to be seen; a restart tries again */
        stop_feeding(w, f);
        f->next = UINT64_MAX;
        return;
    }
    if (ay_store_watch_remove(w->s->store, f->id, &err) != AY_OK)
        ay_log(AY_LOG_WARN, "watch", "%s: %s", f->path, err.msg);
    stop_feeding(w, f);
    pthread_mutex_lock(&w->lock);
    f->removed = true;
    pthread_mutex_unlock(&w->lock);
}

/* What a person should know of a folder that is watched. */
static void tell_watching(ay_watcher *w, ay_watch_folder *f)
{
    char unread[300] = "";

    if (f->unread)
        snprintf(unread, sizeof unread, "%s%d %s not be read (%s): give the user that this program runs as the right to",
                 f->blind ? "; " : "", f->unread, f->unread == 1 ? "file or folder may" : "files or folders may",
                 f->first_unread);
    ay_watch_tell(w, f, AY_WATCH_WATCHING, "%s%s%s", f->blind ? "looked through every few seconds: " : "",
                  f->blind ? f->why_blind : "", unread);
}

static void look(ay_watcher *w, ay_watch_folder *f)
{
    uint64_t begun = ay_clock_mono(), took, pause;
    struct stat st;

    if (stat(f->path, &st) != 0) {
        if (f->state != AY_WATCH_MISSING)
            ay_log(AY_LOG_WARN, "watch", "%s: %s", f->path, strerror(errno));
        ay_watch_tell(w, f, AY_WATCH_MISSING, "%s: it is read again when it is back", strerror(errno));
        stop_feeding(w, f);
        f->next = ay_clock_mono() + (uint64_t)MISSING_MS * MS;
        return;
    }
    if (f->state != AY_WATCH_WATCHING)
        ay_watch_tell(w, f, AY_WATCH_READING, "%s", "");
    f->trusted = own_clock(f->path);
    f->blind = !f->trusted;
    f->why_blind = "another machine may write there";
    f->unread = 0;
    if (f->once && !f->feeding)
        ay_intake_run_feed(w->s, f->batch, 1, 0);
    f->feeding |= f->once;
    if (f->once)
        ay_intake_run_feed(w->s, f->batch, 0, ay_watch_count(w, f));
    ay_watch_walk(w, f, f->path);
    if (ay_watch_ended(w, f))
        return;
    if (f->once) {
        end_import(w, f);
        return;
    }
    if (f->state != AY_WATCH_FAILED)
        tell_watching(w, f);
    took = ay_clock_mono() - begun; /* looking takes a twentieth of the time at most */
    pause = (uint64_t)(f->blind ? BLIND_MS : LOOK_MS) * MS;
    f->next = ay_clock_mono() + (20 * took > pause ? 20 * took : pause);
}

/* ---- the list */

/* inotify need not tell of folders any more that lie in none of ours. */
static void forget_dirs(ay_watcher *w)
{
    for (int i = 0; i < w->ndirs; i++) {
        bool ours = !w->dirs[i];
        for (ay_watch_folder *f = w->first; f && !ours; f = f->following)
            ours = !f->once && (strcmp(w->dirs[i], f->path) == 0 || lies_in(w->dirs[i], f->path));
        if (ours)
            continue;
        inotify_rm_watch(w->inotify, i);
        ay_free(w->dirs[i]);
        w->dirs[i] = NULL;
        w->full = false;
    }
}

/* New ones are followed, removed ones go. */
static void update_list(ay_watcher *w)
{
    ay_watch_folder **at = &w->first;

    pthread_mutex_lock(&w->lock);
    while (*at)
        at = &(*at)->following;
    *at = w->incoming;
    w->incoming = NULL;
    pthread_mutex_unlock(&w->lock);
    at = &w->first;
    while (*at) {
        ay_watch_folder *f = *at;
        bool removed;
        pthread_mutex_lock(&w->lock);
        removed = f->removed;
        if (removed)
            *at = f->following;
        pthread_mutex_unlock(&w->lock);
        if (!removed) {
            at = &f->following;
            continue;
        }
        stop_feeding(w, f);
        ay_free(f->path);
        ay_free(f);
        forget_dirs(w);
    }
}

/* A wish of the store becomes a folder here.  false: no memory, or it is here. */
static bool take_wish(ay_watcher *w, const ay_store_watch *wish)
{
    ay_watch_folder *f;
    bool known;

    pthread_mutex_lock(&w->lock);
    known = find_any(w, wish->id) != NULL;
    pthread_mutex_unlock(&w->lock);
    f = known ? NULL : ay_calloc(1, sizeof *f);
    if (!f || !(f->path = ay_strdup(wish->folder))) {
        ay_free(f);
        return false;
    }
    f->id = wish->id, f->dataset = wish->dataset, f->class_id = wish->class_id, f->batch = wish->batch;
    f->at_us = wish->at_us, f->classes = wish->classes, f->once = wish->once;
    if (f->once) { /* at once: who waits for the end must not think that it is here */
        f->feeding = true;
        ay_intake_run_feed(w->s, f->batch, 1, 0);
    }
    pthread_mutex_lock(&w->lock);
    f->following = w->incoming;
    w->incoming = f;
    pthread_mutex_unlock(&w->lock);
    return true;
}

static ay_status load_wishes(ay_watcher *w, ay_err *err)
{
    ay_store_watch *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_store_watch_list(w->s->store, &a, &list, &n, err);
    for (size_t i = 0; i < n; i++)
        take_wish(w, &list[i]);
    ay_arena_fini(&a);
    return status;
}

/* ---- the thread */

/* Milliseconds until something is due. */
static int pause_of(ay_watcher *w)
{
    uint64_t now = ay_clock_mono(), next = now + (uint64_t)LOOK_MS * MS;

    for (ay_watch_folder *f = w->first; f; f = f->following)
        next = f->next < next ? f->next : next;
    for (int i = 0; i < w->npending; i++)
        next = w->pending[i].due < next ? w->pending[i].due : next;
    return next <= now ? 0 : (int)((next - now) / MS) + 1;
}

static void *follow(void *arg)
{
    ay_watcher *w = arg;
    uint64_t count;
    bool stop = false;

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    while (!stop) {
        struct pollfd fds[2] = {{.fd = w->wake, .events = POLLIN}, {.fd = w->inotify, .events = POLLIN}};
        update_list(w);
        for (ay_watch_folder *f = w->first; f; f = f->following)
            if (f->next <= ay_clock_mono() && !ay_watch_ended(w, f))
                look(w, f);
        read_events(w);
        look_at_pending(w);
        update_list(w);
        if (poll(fds, w->inotify >= 0 ? 2 : 1, pause_of(w)) > 0 && (fds[0].revents & POLLIN) &&
            read(w->wake, &count, sizeof count) < 0)
            ay_log(AY_LOG_DEBUG, "watch", "woken: %s", strerror(errno));
        pthread_mutex_lock(&w->lock);
        stop = w->stop;
        pthread_mutex_unlock(&w->lock);
    }
    ay_watch_flush(w);
    return NULL;
}

static void wake(ay_watcher *w)
{
    uint64_t one = 1;

    if (write(w->wake, &one, sizeof one) < 0)
        ay_log(AY_LOG_DEBUG, "watch", "waking: %s", strerror(errno));
}

ay_status ay_watcher_start(ay_service *s, ay_err *err)
{
    ay_watcher *w = s->intake->watcher;
    ay_status status;

    if (w)
        return AY_OK;
    w = ay_calloc(1, sizeof *w);
    if (!w)
        return ay_fail(err, AY_ENOMEM, "watching folders");
    w->s = s;
    pthread_mutex_init(&w->lock, NULL);
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK); /* without it folders are looked through */
    s->intake->watcher = w;
    if (w->wake < 0)
        return ay_fail(err, AY_EIO, "watching folders: %s", strerror(errno));
    status = load_wishes(w, err);
    if (status == AY_OK)
        status = ay_thread_start(&w->thread, "watch", follow, w, err);
    w->started = status == AY_OK;
    return status;
}

void ay_watcher_stop(ay_service *s)
{
    ay_watcher *w = s->intake->watcher;

    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_mutex_unlock(&w->lock);
    wake(w);
    if (w->started)
        pthread_join(w->thread, NULL);
    update_list(w);
    for (ay_watch_folder *f = w->first; f; f = f->following)
        f->removed = true;
    update_list(w);
    for (int i = 0; i < w->npending; i++)
        ay_free(w->pending[i].path);
    for (int i = 0; i < w->ndirs; i++)
        ay_free(w->dirs[i]);
    ay_free(w->dirs);
    if (w->inotify >= 0)
        close(w->inotify);
    if (w->wake >= 0)
        close(w->wake);
    pthread_mutex_destroy(&w->lock);
    ay_free(w);
    s->intake->watcher = NULL;
}

/* ---- wishes */

const char *ay_watch_roots(ay_service *s)
{
    return s->folders;
}

static ay_status check_wish(ay_service *s, const ay_watch_wish *wish, char path[AY_WATCH_PATH], ay_err *err)
{
    char data[AY_WATCH_PATH];
    ay_status status = AY_OK;
    struct stat st;

    if (!wish->path || !*wish->path)
        return ay_fail(err, AY_EINVAL, "no folder is named");
    if (wish->anywhere && !realpath(wish->path, path))
        return ay_fail(err, AY_ENOTFOUND, "%.300s: %s", wish->path, strerror(errno));
    if (!wish->anywhere)
        status = ay_service_below(s->folders, wish->path, path, "--folders", err);
    if (status != AY_OK)
        return status;
    if (stat(path, &st) != 0 || !(S_ISDIR(st.st_mode) || (wish->once && S_ISREG(st.st_mode))))
        return ay_fail(err, AY_EINVAL, "%.300s is not a folder", wish->path);
    if (!realpath(s->data, data))
        return ay_fail(err, AY_EIO, "%.300s: %s", s->data, strerror(errno));
    if (lies_in(path, data) || strcmp(path, data) == 0 || lies_in(data, path))
        return ay_fail(err, AY_EINVAL, "%.300s holds the data folder or lies in it: its pictures are here already", wish->path);
    return AY_OK;
}

static ay_status find_target(ay_service *s, const ay_watch_wish *wish, ay_intake_place *place, ay_err *err)
{
    const char *dataset;
    ay_status status;
    ay_gallery *g;
    ay_arena a;

    if (!wish->classes || (wish->to.klass && *wish->to.klass))
        return ay_intake_find(s, &wish->to, place, err);
    /* Classes come from folders: a data set without a class for the rest is fine. */
    if (ay_intake_find(s, &wish->to, place, err) == AY_OK)
        return AY_OK;
    ay_arena_init(&a, 0);
    status = ay_library_or(s, wish->to.dataset, &a, &dataset, err);
    if (status == AY_OK) {
        pthread_rwlock_rdlock(&s->lock);
        status = ay_service_find(s, dataset, &g, err);
        if (status == AY_OK)
            *place = (ay_intake_place){g->id, 0, false};
        pthread_rwlock_unlock(&s->lock);
    }
    ay_arena_fini(&a);
    return status;
}

static ay_status check_twice(ay_service *s, const char *path, bool once, ay_err *err)
{
    ay_store_watch *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_store_watch_list(s->store, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (list[i].once == once && strcmp(list[i].folder, path) == 0)
            status = ay_fail(err, AY_EEXISTS, "%.300s is %s already", path, once ? "being read" : "watched");
    ay_arena_fini(&a);
    return status;
}

ay_status ay_watch_add(ay_service *s, const ay_watch_wish *wish, int64_t *id, int64_t *batch, ay_err *err)
{
    char path[AY_WATCH_PATH], name[1025];
    ay_watcher *w = s->intake->watcher;
    ay_intake_place place = {0};
    ay_store_watch row = {.folder = path, .classes = wish->classes, .once = wish->once};
    ay_status status = s->reading_only ? ay_fail(err, AY_EBUSY, "another process has the data folder open for writing")
                                       : check_wish(s, wish, path, err);

    if (status == AY_OK)
        status = find_target(s, wish, &place, err);
    if (status == AY_OK)
        status = check_twice(s, path, wish->once, err);
    if (status == AY_OK) {
        ay_intake_text(name, path, 1024);
        status = ay_store_intake_add(s->store, name, &row.batch, err);
    }
    row.dataset = place.dataset;
    row.class_id = place.class_id;
    if (status == AY_OK)
        status = ay_store_watch_add(s->store, &row, id, err);
    if (status != AY_OK)
        return status;
    *batch = row.batch;
    row.id = *id;
    row.at_us = ay_clock_wall();
    if (w && take_wish(w, &row))
        wake(w);
    return AY_OK;
}

static ay_status describe(ay_service *s, const ay_store_watch *row, ay_arena *a, ay_watch *out, ay_err *err)
{
    ay_watcher *w = s->intake->watcher;
    ay_watch_folder *f;
    ay_gallery *g;
    int at;

    *out = (ay_watch){.id = row->id, .batch = row->batch, .folder = row->folder, .classes = row->classes,
                      .once = row->once, .state = "reading", .message = "", .dataset = "", .klass = ""};
    ay_clock_rfc3339(out->at, row->at_us);
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, row->dataset);
    at = g ? ay_gallery_class_by_id(g, row->class_id) : -1;
    out->dataset = g ? ay_arena_strdup(a, g->name) : "";
    out->klass = at >= 0 ? ay_arena_strdup(a, g->classes[at].name) : "";
    pthread_rwlock_unlock(&s->lock);
    if (w) {
        pthread_mutex_lock(&w->lock);
        f = find_any(w, row->id);
        if (f) {
            out->state = state_names[f->state];
            out->message = ay_arena_strdup(a, f->message);
            out->files = f->files;
            out->passed = f->passed;
        }
        pthread_mutex_unlock(&w->lock);
    }
    return out->dataset && out->klass && out->message ? AY_OK : ay_fail(err, AY_ENOMEM, "listing watched folders");
}

ay_status ay_watch_list(ay_service *s, ay_arena *a, ay_watch **out, size_t *n, ay_err *err)
{
    ay_store_watch *list = NULL;
    ay_status status = ay_store_watch_list(s->store, a, &list, n, err);

    if (status == AY_OK && !(*out = ay_arena_alloc(a, (*n + 1) * sizeof **out)))
        status = ay_fail(err, AY_ENOMEM, "listing watched folders");
    for (size_t i = 0; status == AY_OK && i < *n; i++)
        status = describe(s, &list[i], a, &(*out)[i], err);
    return status;
}

ay_status ay_watch_remove(ay_service *s, int64_t id, ay_err *err)
{
    ay_watcher *w = s->intake->watcher;
    ay_status status = s->reading_only ? ay_fail(err, AY_EBUSY, "another process has the data folder open for writing")
                                       : ay_store_watch_remove(s->store, id, err);
    ay_watch_folder *f;

    if (status != AY_OK || !w)
        return status;
    pthread_mutex_lock(&w->lock);
    f = find_any(w, id);
    if (f)
        f->removed = true;
    pthread_mutex_unlock(&w->lock);
    wake(w);
    return AY_OK;
}
