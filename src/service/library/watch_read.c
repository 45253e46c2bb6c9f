/* service/library/watch_read.c - walking folders and reading files, a load at a time.
 *
 * A load is up to 64 files, or 64 MB, of one class: what ay_intake_put() makes durable with one wait for the disk. */
#include "service/export/names.h"
#include "service/library/watch_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOAD_BYTES = 64000000, STABLE_MS = 2000, OPEN_MS = 30000, USUAL_BYTES = 20000000 };

bool ay_watch_name_ignored(const char *name)
{
    static const char *const ends[] = {"~", ".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".swp"};

    if (name[0] == '.' || name[0] == '\0')
        return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ay_str_ends_nocase(name, ends[i]))
            return true;
    return false;
}

/* Would a person expect a picture under this name?  Else a file that is none is passed over without a word. */
static bool named_as_picture(const char *name)
{
    static const char *const ends[] = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff",
                                       ".heic", ".heif", ".avif"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ay_str_ends_nocase(name, ends[i]))
            return true;
    return false;
}

static int64_t changed_us(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

/* ---- the class of a file */

static void class_of(const ay_watch_folder *f, const char *path, char klass[AY_NAME_MAX + 1])
{
    const char *rest = path + strlen(f->path), *slash;
    char name[AY_NAME_MAX + 1];

    klass[0] = '\0';
    rest += strspn(rest, "/");
    slash = strchr(rest, '/');
    if (!f->classes || !slash || (size_t)(slash - rest) > AY_NAME_MAX)
        return;
    snprintf(name, sizeof name, "%.*s", (int)(slash - rest), rest);
    ay_export_unsafe(klass, AY_NAME_MAX + 1, name); /* as an export writes names that no file system holds */
}

/* The place of a load. */
static ay_status find_place_of(ay_watcher *w, const ay_watch_load *l, ay_intake_place *out, ay_err *err)
{
    char dataset[AY_NAME_MAX + 1] = "";
    ay_status status = AY_OK;
    ay_gallery *g;
    int at = -1;

    pthread_rwlock_rdlock(&w->s->lock);
    g = ay_service_by_id(w->s, l->folder->dataset);
    if (g) {
        snprintf(dataset, sizeof dataset, "%s", g->name);
        at = ay_gallery_class_by_id(g, l->folder->class_id);
    }
    if (!g)
        status = ay_fail(err, AY_ENOTFOUND, "its data set was deleted");
    else if (at >= 0)
        *out = (ay_intake_place){g->id, g->classes[at].id, g->classes[at].kind == AY_KIND_UNSORTED ? AY_STAY : AY_STAY_NOT};
    pthread_rwlock_unlock(&w->s->lock);
    if (status != AY_OK)
        return status;
    if (l->klass[0])
        return ay_intake_find(w->s, &(ay_intake_target){dataset, l->klass, true}, out, err);
    if (at >= 0)
        return AY_OK;
    if (l->folder->class_id)
        return ay_fail(err, AY_ENOTFOUND, "its class was deleted");
    return ay_intake_find(w->s, &(ay_intake_target){dataset, NULL, false}, out, err);
}

/* An import is told where its pictures belong.  A folder that is watched sorts what nobody has sorted: it is read again and
 * again, and shall not undo what a person did meanwhile. */
static ay_status find_place(ay_watcher *w, const ay_watch_load *l, ay_intake_place *out, ay_err *err)
{
    ay_status status = find_place_of(w, l, out, err);

    if (status == AY_OK && !l->folder->once && out->stay == AY_STAY_NOT)
        out->stay = AY_STAY_SORTED;
    return status;
}

/* ---- handing over */

static void empty(ay_watch_load *l)
{
    for (int i = 0; i < l->n; i++) {
        ay_free(l->paths[i]);
        ay_buf_fini(&l->bytes[i]);
    }
    l->n = 0;
    l->size = 0;
    l->folder = NULL;
}

/* A file that was moved within a watched folder is known by what is in it. */
static void drop_moved(ay_watcher *w, ay_watch_load *l)
{
    int n = 0;

    if (l->folder->once)
        return;
    for (int i = 0; i < l->n; i++) {
        char sha256[AY_SHA256_HEX];
        bool known = false;
        ay_sha256_bytes(l->bytes[i].data, l->bytes[i].len, sha256);
        if (l->bytes[i].len > 0) /* nothing else is known of an empty one */
            ay_store_watched_content(w->s->store, l->folder->id, sha256, &known, NULL);
        if (known) {
            l->seen[i].sha256 = sha256;
            ay_store_arrivals_add(w->s->store, 0, NULL, 0, &l->seen[i], 1, 0, NULL);
            ay_free(l->paths[i]);
            ay_buf_fini(&l->bytes[i]);
            continue;
        }
        if (n != i) {
            l->paths[n] = l->paths[i];
            l->bytes[n] = l->bytes[i];
            l->seen[n] = l->seen[i];
            l->why[n] = l->why[i];
            memcpy(l->names[n], l->names[i], sizeof l->names[n]);
            l->seen[n].name = l->names[n];
        }
        n++;
    }
    l->n = n;
}

static ay_status hand_over(ay_watcher *w, ay_watch_load *l, ay_err *err)
{
    ay_intake_file files[AY_WATCH_LOAD];
    ay_intake_taken *taken = ay_calloc(AY_WATCH_LOAD, sizeof *taken);
    ay_intake_place place = {0};
    ay_status status = taken ? find_place(w, l, &place, err) : ay_fail(err, AY_ENOMEM, "reading a folder");

    for (int i = 0; i < l->n; i++)
        files[i] = (ay_intake_file){.file = l->paths[i], .source = l->paths[i], .bytes = l->bytes[i].data,
                                    .n = l->bytes[i].len, .unread = l->why[i] ? strerror(l->why[i]) : NULL};
    if (status == AY_OK)
        status = ay_intake_put(w->s, &place, NULL, files, (size_t)l->n, l->seen, taken, &l->folder->batch, err);
    ay_free(taken);
    return status;
}

void ay_watch_flush(ay_watcher *w)
{
    ay_watch_load *l = &w->load;
    ay_watch_folder *f = l->folder;
    ay_err err = {{0}};
    ay_status status = AY_OK;

    if (l->n > 0)
        drop_moved(w, l);
    while (l->n > 0 && !ay_watch_ended(w, f)) {
        status = hand_over(w, l, &err);
        if (status != AY_EBUSY && status != AY_EUNKNOWN && status != AY_EIO)
            break;
        ay_watch_tell(w, f, AY_WATCH_READING, "%s; tried again", err.msg); /* the disk is full, the database away */
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        ay_watch_tell(w, f, AY_WATCH_READING, "%s", "");
    }
    if (l->n > 0 && status != AY_OK && !ay_watch_ended(w, f)) {
        ay_log(AY_LOG_WARN, "watch", "%s: %s", f->path, err.msg);
        ay_watch_tell(w, f, AY_WATCH_FAILED, "%s", err.msg);
    } else if (l->n > 0) {
        pthread_mutex_lock(&w->lock);
        f->files += l->n;
        pthread_mutex_unlock(&w->lock);
    }
    empty(l);
}

/* ---- one file */

/* The bytes of a regular file, no link; at most most + 1, which tells that it is too large.  false: errno says why. */
static bool read_file(const char *path, size_t most, ay_buf *out, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t got = 0;
    int why;
    bool ok = fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode);
    size_t want;

    want = ok && st->st_size > 0 ? (size_t)st->st_size : 0;
    want = want > most ? most + 1 : want;
    ok = ok && ay_buf_reserve(out, want + 1);
    while (ok && out->len < want && ((got = read(fd, out->data + out->len, want - out->len)) > 0 || errno == EINTR))
        out->len += got > 0 ? (size_t)got : 0;
    why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return ok && got >= 0;
}

static void note_passed(ay_watcher *w, ay_watch_folder *f, ay_store_watched *seen)
{
    seen->sha256 = "";
    ay_store_arrivals_add(w->s->store, 0, NULL, 0, seen, 1, 0, NULL);
    pthread_mutex_lock(&w->lock);
    f->passed++;
    pthread_mutex_unlock(&w->lock);
}

/* Is it no picture, and not named as one either?  *known: it could be looked at. */
static bool is_other(const char *path, bool *known)
{
    unsigned char head[64];
    int fd;
    ssize_t n;

    *known = true;
    if (named_as_picture(path))
        return false;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    n = fd >= 0 ? read(fd, head, sizeof head) : -1;
    if (fd >= 0)
        close(fd);
    *known = n >= 0;
    return n <= 0 || ay_image_sniff(head, (size_t)n) == AY_FORMAT_UNKNOWN;
}

/* Room for one more file of f and klass in the load. */
static void make_room(ay_watcher *w, ay_watch_folder *f, const char *klass)
{
    ay_watch_load *l = &w->load;

    if (l->n == AY_WATCH_LOAD || l->size > LOAD_BYTES || (l->n > 0 && (l->folder != f || strcmp(l->klass, klass) != 0)))
        ay_watch_flush(w);
}

/* Takes bytes.  why: errno of a file that could not be read, or 0. */
static void put_file(ay_watcher *w, ay_watch_folder *f, const char *path, const char *klass, const ay_store_watched *seen,
                     const char name[AY_SHA256_HEX], ay_buf *bytes, int why)
{
    ay_watch_load *l = &w->load;
    char *copy = ay_strdup(path);

    if (!copy) {
        ay_buf_fini(bytes);
        return;
    }
    l->folder = f;
    snprintf(l->klass, sizeof l->klass, "%s", klass);
    memcpy(l->names[l->n], name, AY_SHA256_HEX);
    l->paths[l->n] = copy;
    l->bytes[l->n] = *bytes;
    l->seen[l->n] = *seen;
    l->seen[l->n].name = l->names[l->n];
    l->why[l->n] = why;
    l->size += bytes->len;
    l->n++;
}

/* A file or folder that may not be read.  Of an import it is a failure; a watched folder says so until it may. */
static void note_unread(ay_watcher *w, ay_watch_folder *f, const char *path, int why)
{
    char klass[AY_NAME_MAX + 1], name[AY_SHA256_HEX];
    ay_store_watched seen = {.sha256 = ""};
    ay_buf none = {0};

    if (why == ENOENT || why == ENOTDIR || why == ELOOP)
        return; /* it is gone, or a link now */
    if (!f->once) {
        if (f->unread++ == 0)
            snprintf(f->first_unread, sizeof f->first_unread, "%.110s: %.40s", path, strerror(why));
        return;
    }
    class_of(f, path, klass);
    make_room(w, f, klass);
    ay_sha256_bytes(path, strlen(path), name);
    put_file(w, f, path, klass, &seen, name, &none, why);
}

static void read_now(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st,
                     ay_store_watched seen, const char name[AY_SHA256_HEX])
{
    size_t most = w->s->limits.max_bytes ? w->s->limits.max_bytes : USUAL_BYTES;
    char klass[AY_NAME_MAX + 1];
    struct stat after;
    ay_buf bytes = {0};
    bool known;

    if (is_other(path, &known)) {
        if (known) /* else it is tried again: it may be a picture */
            note_passed(w, f, &seen);
        return;
    }
    class_of(f, path, klass);
    make_room(w, f, klass);
    if (!read_file(path, most, &bytes, &after)) {
        int why = errno;
        ay_buf_fini(&bytes);
        note_unread(w, f, path, why);
        return;
    }
    if (!f->once && (after.st_size != st->st_size || changed_us(&after) != changed_us(st))) {
        ay_buf_fini(&bytes);
        ay_watch_later(w, f, path, &after, STABLE_MS);
        return;
    }
    put_file(w, f, path, klass, &seen, name, &bytes, 0);
}

static uint32_t hash_of(const char *path)
{
    uint32_t h = 2166136261u;

    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 16777619u;
    return h;
}

ay_watch_pending *ay_watch_find(ay_watcher *w, const ay_watch_folder *f, const char *path)
{
    uint32_t hash = hash_of(path);

    for (int i = 0; i < w->npending; i++)
        if (w->pending[i].hash == hash && w->pending[i].folder == f->id && strcmp(w->pending[i].path, path) == 0)
            return &w->pending[i];
    return NULL;
}

static ay_watch_pending *remember(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st)
{
    ay_watch_pending *p = ay_watch_find(w, f, path);

    if (!p) {
        char *copy = w->npending < AY_WATCH_PENDING ? ay_strdup(path) : NULL;
        if (!copy) {
            f->again = true; /* the next look finds it again */
            return NULL;
        }
        p = &w->pending[w->npending++];
        *p = (ay_watch_pending){.path = copy, .folder = f->id, .hash = hash_of(path)};
    }
    p->bytes = st->st_size;
    p->changed_us = changed_us(st);
    return p;
}

void ay_watch_later(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st, int ms)
{
    ay_watch_pending *p = remember(w, f, path, st);

    if (!p)
        return;
    p->due = ay_clock_mono() + (uint64_t)ms * 1000000u;
    p->open = false;
}

void ay_watch_open(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st)
{
    ay_watch_pending *p = remember(w, f, path, st);

    if (!p)
        return;
    p->due = ay_clock_mono() + (uint64_t)OPEN_MS * 1000000u;
    p->open = true;
}

void ay_watch_file(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st, bool whole)
{
    char name[AY_SHA256_HEX];
    ay_store_watched seen = {.watch = f->id, .name = name, .bytes = st->st_size, .changed_us = changed_us(st)};
    int64_t now = ay_clock_wall(), quiet = STABLE_MS * 1000;
    const ay_watch_pending *waits;
    bool known = false;

    ay_sha256_bytes(path, strlen(path), name);
    if (ay_store_watched_known(w->s->store, &seen, &known, NULL) != AY_OK || known)
        return;
    whole = whole || f->once;
    if (!whole && (waits = ay_watch_find(w, f, path)) && waits->open)
        return; /* its closing will be told */
    if (!whole && !(f->trusted && seen.changed_us < now - quiet &&
                      (int64_t)st->st_ctim.tv_sec * 1000000 < now - quiet))
        ay_watch_later(w, f, path, st, STABLE_MS);
    else
        read_now(w, f, path, st, seen, name);
}

/* ---- folders */

typedef struct {
    char **list;
    size_t n, cap;
} stack;

static bool push(stack *k, const char *dir, const char *name)
{
    char path[AY_WATCH_PATH], *copy;

    if (snprintf(path, sizeof path, "%s%s%s", dir, *name ? "/" : "", name) >= AY_WATCH_PATH)
        return false;
    if (k->n == k->cap) {
        size_t cap = k->cap ? 2 * k->cap : 64;
        char **more = ay_realloc(k->list, cap, sizeof *more);
        if (!more)
            return false;
        k->list = more;
        k->cap = cap;
    }
    copy = ay_strdup(path);
    if (copy)
        k->list[k->n++] = copy;
    return copy != NULL;
}

static void count_one(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st)
{
    (void)w, (void)path, (void)st;
    f->counted++;
}

/* Calls visit for each regular file of a folder; its folders go onto the stack. */
static void each_entry(ay_watcher *w, ay_watch_folder *f, const char *dir, stack *k,
                       void (*visit)(ay_watcher *, ay_watch_folder *, const char *, const struct stat *))
{
    char path[AY_WATCH_PATH];
    DIR *d = opendir(dir);
    struct dirent *e;
    struct stat st;

    if (!d && visit != count_one)
        note_unread(w, f, dir, errno);
    while (d && (e = readdir(d)) && !ay_watch_ended(w, f)) {
        if (ay_watch_name_ignored(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            push(k, dir, e->d_name);
        else if (S_ISREG(st.st_mode) && snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < AY_WATCH_PATH)
            visit(w, f, path, &st);
    }
    if (d)
        closedir(d);
}

static void walk(ay_watcher *w, ay_watch_folder *f, const char *path, bool watch,
                 void (*visit)(ay_watcher *, ay_watch_folder *, const char *, const struct stat *))
{
    stack k = {0};
    struct stat st;

    if (lstat(path, &st) != 0)
        return;
    if (S_ISREG(st.st_mode)) {
        visit(w, f, path, &st);
        return;
    }
    if (S_ISDIR(st.st_mode))
        push(&k, path, "");
    while (k.n > 0 && !ay_watch_ended(w, f)) {
        char *dir = k.list[--k.n];
        if (watch)
            ay_watch_dir(w, f, dir); /* before it is read: what comes meanwhile is told */
        each_entry(w, f, dir, &k, visit);
        ay_free(dir);
    }
    while (k.n > 0)
        ay_free(k.list[--k.n]);
    ay_free(k.list);
}

static void visit_file(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st)
{
    ay_watch_file(w, f, path, st, false);
}

void ay_watch_walk(ay_watcher *w, ay_watch_folder *f, const char *path)
{
    walk(w, f, path, !f->once, visit_file);
    ay_watch_flush(w);
}

int64_t ay_watch_count(ay_watcher *w, ay_watch_folder *f)
{
    f->counted = 0;
    walk(w, f, f->path, false, count_one);
    return f->counted;
}
