/* Files of the tree, what is told meanwhile, and several threads at once. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "inspect/prepare_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ay_status ay_line_path(char dst[AY_LINE_PATH], ay_err *err, const char *dir, const char *fmt, ...)
{
    int n = snprintf(dst, AY_LINE_PATH, "%s/", dir), more = 0;
    va_list ap;

    va_start(ap, fmt);
    if (n < AY_LINE_PATH)
        more = vsnprintf(dst + n, (size_t)(AY_LINE_PATH - n), fmt, ap);
    va_end(ap);
    return n + more < AY_LINE_PATH ? AY_OK
                                   : ay_fail(err, AY_EINVAL, "the path is too long: %.200s...", dst);
}

/* ---- files ------------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

ay_status ay_line_put(const char *path, const void *bytes, size_t n, const struct stat *like, ay_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write_all(fd, bytes, n);
    int e = errno;

    if (ok && like) { /* best effort: a file system without them still has the picture */
        const struct timespec times[2] = {like->st_atim, like->st_mtim};
        (void)!fchmod(fd, (like->st_mode & 0777) | 0600);
        (void)!futimens(fd, times);
    }
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        e = errno;
    }
    return ok ? AY_OK : ay_fail(err, AY_EIO, "write %s: %s", path, strerror(e));
}

static ay_status copy(const char *from, const char *to, ay_err *err)
{
    struct stat st;
    ay_buf b = {0};
    ay_status status = ay_file_read(from, 0, &b, err);

    if (status == AY_OK && stat(from, &st) != 0)
        status = ay_fail(err, AY_EIO, "look at %s: %s", from, strerror(errno));
    if (status == AY_OK)
        status = ay_line_put(to, b.data ? b.data : "", b.len, &st, err);
    ay_buf_fini(&b);
    return status;
}

ay_status ay_line_link(const char *from, const char *to, ay_err *err)
{
    if (link(from, to) == 0)
        return AY_OK;
    if (errno == EPERM || errno == EMLINK || errno == EXDEV || errno == ENOTSUP || errno == ENOSYS)
        return copy(from, to, err);
    return ay_fail(err, AY_EIO, "link %s to %s: %s", to, from, strerror(errno));
}

ay_status ay_line_begin_folder(const char *dir, const char *name, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_status status = ay_line_path(path, err, dir, "%s.tmp", name);

    if (status != AY_OK)
        return status;
    ay_file_remove_tree(path);
    return ay_file_mkdirs(path, err);
}

ay_status ay_line_end_folder(const char *dir, const char *name, ay_err *err)
{
    char from[AY_LINE_PATH], to[AY_LINE_PATH];
    ay_status status = ay_line_path(from, err, dir, "%s.tmp", name);
    int fd, bad;

    if (status == AY_OK)
        status = ay_line_path(to, err, dir, "%s", name);
    if (status != AY_OK)
        return status;
    if ((fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return ay_fail(err, AY_EIO, "open %s: %s", from, strerror(errno));
    bad = syncfs(fd); /* one for thousands of files */
    close(fd);
    if (bad)
        return ay_fail(err, AY_EIO, "write %s: %s", from, strerror(errno));
    ay_file_remove_tree(to);
    if (rename(from, to) != 0)
        return ay_fail(err, AY_EIO, "rename %s to %s: %s", from, to, strerror(errno));
    return ay_file_sync_dir(dir, err);
}

/* ---- telling ----------------------------------------------------------------------------------- */

void ay_line_note(const ay_line_observer *o, const char *fmt, ...)
{
    va_list ap;
    ay_note n;

    if (!o || !o->note)
        return;
    va_start(ap, fmt);
    ay_note_make(&n, fmt, ap);
    va_end(ap);
    o->note(o->ctx, &n);
    ay_note_fini(&n);
}

bool ay_line_cancelled(const ay_line_observer *o)
{
    return o && o->cancel && atomic_load(o->cancel);
}

/* ---- several at once --------------------------------------------------------------------------- */

typedef struct {
    const ay_line_work *w;
    atomic_size_t next;
    pthread_mutex_t lock; /* the rest */
    size_t done;
    ay_status status;
    ay_err err;
} crew;

static bool report(crew *c, ay_status status, const ay_err *err)
{
    const ay_line_observer *o = c->w->observer;
    bool go;

    pthread_mutex_lock(&c->lock);
    if (status == AY_OK && ay_line_cancelled(o))
        status = AY_ECANCELLED;
    if (status != AY_OK && c->status == AY_OK) {
        c->status = status;
        if (status == AY_ECANCELLED)
            ay_fail(&c->err, status, "cancelled");
        else
            c->err = *err;
    }
    c->done++;
    if (c->status == AY_OK && o && o->progress)
        o->progress(o->ctx, c->w->phase, c->done, c->w->n);
    go = c->status == AY_OK;
    pthread_mutex_unlock(&c->lock);
    return go;
}

static void toil(void *ctx, int part, int parts)
{
    crew *c = ctx;
    size_t i;
    ay_err err;
    (void)part, (void)parts;

    while ((i = atomic_fetch_add(&c->next, 1)) < c->w->n)
        if (!report(c, c->w->one(c->w->ctx, i, &err), &err))
            return;
}

ay_status ay_line_each(const ay_line_work *w, ay_err *err)
{
    crew c = {.w = w};
    int threads = w->threads > 0 ? w->threads : ay_cpu_count();

    if (threads > AY_THREAD_PARTS)
        threads = AY_THREAD_PARTS;
    if ((size_t)threads > w->n)
        threads = w->n ? (int)w->n : 1;
    if (ay_line_cancelled(w->observer))
        return ay_fail(err, AY_ECANCELLED, "cancelled");
    pthread_mutex_init(&c.lock, NULL);
    ay_thread_share("line", threads, toil, &c);
    pthread_mutex_destroy(&c.lock);
    if (c.status != AY_OK && err)
        *err = c.err;
    return c.status;
}
