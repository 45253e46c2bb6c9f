#include "train/scan.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_THREADS   64
#define PROGRESS_EVERY 16 /* files */

typedef struct {
    const ay_corpus_entry *entries;
    size_t n;
    const ay_corpus_options *o;
    ay_scanned *results;
    atomic_size_t next;
    pthread_mutex_t lock; /* the two below */
    size_t done;
    ay_status status;
} scan;

bool ay_scan_named_picture(const char *path)
{
    static const char *const ends[] = {".jpg",  ".jpeg", ".jpe",  ".jfif", ".png",  ".webp",
                                       ".gif",  ".bmp",  ".dib",  ".tif",  ".tiff", ".heic",
                                       ".heif", ".avif", ".jxl",  ".jp2",  ".ppm",  ".pgm"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ay_str_ends_nocase(path, ends[i]))
            return true;
    return false;
}

/* Out of memory is ours and ends the scan; anything else is the file's. */
static ay_status bad(ay_scanned *r, ay_status status, const char *reason, ay_err *err)
{
    if (status == AY_ENOMEM)
        return ay_fail(err, status, "no memory while reading pictures");
    r->verdict = AY_SCAN_BAD;
    r->reason = ay_strdup(reason);
    return r->reason ? AY_OK : ay_fail(err, AY_ENOMEM, "no memory while reading pictures");
}

static ay_status look(const ay_buf *file, const scan *s, ay_scanned *r, ay_err *err)
{
    ay_err why;
    ay_image im;
    ay_status st = ay_image_decode(file->data, file->len, &s->o->limits, &im, &why);

    if (st)
        return bad(r, st, why.msg, err);
    r->width = im.width;
    r->height = im.height;
    r->phash = ay_image_phash(&im);
    ay_sha256_bytes(file->data, file->len, r->digest);
    if (s->o->near_copies) {
        r->print = ay_alloc(1, sizeof *r->print);
        st = r->print ? ay_print_make(r->print, &im, err)
                      : ay_fail(err, AY_ENOMEM, "no memory while reading pictures");
    }
    ay_image_fini(&im);
    return st;
}

static ay_status scan_one(const scan *s, size_t i, ay_buf *file, ay_err *err)
{
    size_t limit = s->o->limits.max_bytes ? s->o->limits.max_bytes : 20000000;
    const char *path = s->entries[i].path;
    ay_scanned *r = &s->results[i];
    struct stat info;
    ay_status st;
    ay_err why;

    file->len = 0;
    if (stat(path, &info) != 0)
        return bad(r, AY_EIO, errno == ENOENT ? "there is no such file" : strerror(errno), err);
    if (!S_ISREG(info.st_mode))
        return bad(r, AY_EINVAL, "it is not a file", err);
    if (info.st_size == 0 && ay_scan_named_picture(path))
        return bad(r, AY_ECORRUPT, "the file is empty", err);
    st = ay_file_read(path, limit, file, &why);
    if (st && st != AY_ELIMIT)
        return bad(r, st, why.msg, err);
    if (!ay_scan_named_picture(path) &&
        ay_image_sniff(file->data, file->len) == AY_FORMAT_UNKNOWN) {
        r->verdict = AY_SCAN_OTHER;
        return AY_OK;
    }
    return st ? bad(r, st, why.msg, err) : look(file, s, r, err);
}

/* Count one more, and tell; the lock keeps calls of progress apart. */
static void tell(scan *s, ay_status st)
{
    pthread_mutex_lock(&s->lock);
    if (st && !s->status)
        s->status = st;
    s->done++;
    if (s->o->progress && (s->done % PROGRESS_EVERY == 0 || s->done == s->n))
        s->o->progress(s->o->ctx, s->done, s->n);
    if (s->o->cancel && atomic_load(s->o->cancel) && !s->status)
        s->status = AY_ECANCELLED;
    if (s->status)
        atomic_store(&s->next, s->n);
    pthread_mutex_unlock(&s->lock);
}

static void *scan_some(void *arg)
{
    scan *s = arg;
    ay_buf file = {0};

    for (;;) {
        size_t i = atomic_fetch_add(&s->next, 1);
        if (i >= s->n)
            break;
        tell(s, scan_one(s, i, &file, NULL));
    }
    ay_buf_fini(&file);
    return NULL;
}

ay_status ay_scan_files(const ay_corpus_entry *entries, size_t n, const ay_corpus_options *o,
                        ay_scanned *results, ay_err *err)
{
    scan s = {.entries = entries, .n = n, .o = o, .results = results};
    int want = o->threads > 0 ? o->threads : ay_cpu_count(), started = 0;
    pthread_t others[MOST_THREADS];

    if (o->cancel && atomic_load(o->cancel))
        return ay_fail(err, AY_ECANCELLED, "stopped on request");
    pthread_mutex_init(&s.lock, NULL);
    while (started < want - 1 && started < MOST_THREADS && (size_t)started + 1 < n &&
           !ay_thread_start(&others[started], "ay-scan", scan_some, &s, NULL))
        started++;
    scan_some(&s);
    while (started > 0)
        pthread_join(others[--started], NULL);
    pthread_mutex_destroy(&s.lock);
    if (s.status == AY_ECANCELLED)
        return ay_fail(err, s.status, "stopped on request after %zu of %zu files", s.done, n);
    if (s.status)
        return ay_fail(err, s.status, "no memory while reading pictures");
    return AY_OK;
}

void ay_scan_fini(ay_scanned *results, size_t n)
{
    for (size_t i = 0; results && i < n; i++) {
        ay_free(results[i].print);
        ay_free(results[i].reason);
    }
    ay_free(results);
}
