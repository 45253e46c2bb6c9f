/* service/library/intake.c - the door: files are kept and queued; what waits, what failed, what is dropped. */
#include "service/backup/hold.h"
#include "service/dataset.h"
#include "service/library/intake_parts.h"
#include "service/library/library.h"
#include "service/library/watch.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USUAL_BYTES = 20000000, LIST_MOST = 500 };
#define LOOSE_NS 10000000000u /* uploads of single files within ten seconds are one import */

/* ---- open, start, stop */

ay_status ay_intake_open(ay_service *s, ay_err *err)
{
    ay_intake *in = ay_calloc(1, sizeof *in);

    s->intake = in;
    if (!in)
        return ay_fail(err, AY_ENOMEM, "opening the intake");
    pthread_mutex_init(&in->lock, NULL);
    pthread_mutex_init(&in->runs_lock, NULL);
    pthread_cond_init(&in->changed, NULL);
    ay_arena_init(&in->arena, 0);
    in->more = true;
    return AY_OK;
}

ay_status ay_intake_start(ay_service *s, ay_err *err)
{
    ay_intake *in = s->intake;
    int want = ay_cpu_count() + 1; /* one waits for the engine or the disk while others decode */
    ay_status status = AY_OK;

    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (want > AY_INTAKE_THREADS)
        want = AY_INTAKE_THREADS;
    pthread_mutex_lock(&in->lock);
    while (in->started < want && status == AY_OK) {
        status = ay_thread_start(&in->threads[in->started], "intake", ay_intake_work, s, err);
        in->started += status == AY_OK;
    }
    if (in->started > 0)
        status = AY_OK; /* fewer are enough */
    pthread_mutex_unlock(&in->lock);
    return status == AY_OK ? ay_watcher_start(s, err) : status;
}

void ay_intake_stop(ay_service *s)
{
    ay_intake *in = s->intake;

    if (!in)
        return;
    ay_watcher_stop(s);
    pthread_mutex_lock(&in->lock);
    in->stop = true;
    pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
    for (int i = 0; i < in->started; i++)
        pthread_join(in->threads[i], NULL);
    in->started = 0;
    ay_intake_runs_tidy(s, true);
}

void ay_intake_close(ay_service *s)
{
    ay_intake *in = s->intake;

    if (!in)
        return;
    ay_arena_fini(&in->arena);
    pthread_mutex_destroy(&in->lock);
    pthread_mutex_destroy(&in->runs_lock);
    pthread_cond_destroy(&in->changed);
    ay_free(in);
    s->intake = NULL;
}

void ay_intake_wake(ay_service *s)
{
    ay_intake *in = s->intake;

    pthread_mutex_lock(&in->lock);
    in->more = true;
    pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
}

/* ---- where to */

static ay_status find_class(ay_service *s, const char *dataset, const char *klass, ay_intake_place *out, ay_err *err)
{
    ay_status status;
    ay_gallery *g;
    int at = -1;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK && klass && *klass)
        at = ay_gallery_class_by_word(g, klass);
    for (int i = 0; status == AY_OK && !(klass && *klass) && i < g->nclasses && at < 0; i++)
        at = g->classes[i].kind == AY_KIND_UNSORTED ? i : -1;
    if (status == AY_OK && at < 0)
        status = klass && *klass ? ay_fail(err, AY_ENOTFOUND, "no class \"%.120s\" in data set \"%s\"", klass, g->name)
                                 : ay_fail(err, AY_EINVAL, "'class' is missing: only the library takes pictures without");
    if (status == AY_OK)
        *out = (ay_intake_place){g->id, g->classes[at].id, g->classes[at].kind == AY_KIND_UNSORTED ? AY_STAY : AY_STAY_NOT};
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_intake_find(ay_service *s, const ay_intake_target *t, ay_intake_place *out, ay_err *err)
{
    const char *dataset = NULL;
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    status = ay_library_or(s, t->dataset, &a, &dataset, err);
    if (status == AY_OK)
        status = find_class(s, dataset, t->klass, out, err);
    if (status == AY_ENOTFOUND && t->make && dataset && t->klass && *t->klass) {
        status = ay_class_create(s, dataset, t->klass, NULL, err);
        if (status == AY_OK || status == AY_EEXISTS)
            status = find_class(s, dataset, t->klass, out, err);
    }
    ay_arena_fini(&a);
    return status;
}

/* ---- the door */

void ay_intake_text(char *dst, const char *src, size_t most)
{
    size_t n = strnlen(src, most);

    memcpy(dst, src, n);
    dst[n] = '\0';
    if (src[n]) /* cut: not in the middle of a character */
        for (size_t back = 0; back < 4 && n > 0 && !ay_utf8_valid(dst, n); back++)
            dst[--n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)dst[i] < 0x20 || dst[i] == 0x7f || (!ay_utf8_valid(dst, n) && (dst[i] & 0x80)))
            dst[i] = '?';
}

typedef struct {
    ay_service *s;
    const ay_intake_place *place;
    const ay_intake_file *files;
    const ay_store_watched *seen;
    ay_intake_taken *out;
    size_t n;
    ay_arena arena;
    ay_blob *blobs;
    ay_store_arrival *rows;
    ay_store_watched *noted;
    size_t nblobs, nrows, nnoted;
    int64_t same;
} entry;

/* What can be told without decoding. */
static ay_status look_at(ay_service *s, const ay_intake_file *f, ay_intake_taken *t)
{
    size_t most = s->limits.max_bytes ? s->limits.max_bytes : USUAL_BYTES;
    ay_image_info info;

    *t = (ay_intake_taken){.status = AY_OK};
    if (f->unread)
        return t->status = ay_fail(&t->err, AY_EIO, "%.400s", f->unread);
    if (f->n == 0)
        return t->status = ay_fail(&t->err, AY_EINVAL, "the picture is empty (0 bytes)");
    if (f->n > most)
        return t->status = ay_fail(&t->err, AY_ELIMIT, "the picture has more than %zu bytes", most);
    t->status = ay_image_probe(f->bytes, f->n, &s->limits, &info, &t->err);
    if (t->status != AY_OK)
        return t->status;
    ay_sha256_bytes(f->bytes, f->n, t->sha256);
    if (f->expect && strcmp(f->expect, t->sha256) != 0)
        t->status = ay_fail(&t->err, AY_ECONFLICT, "the picture's SHA-256 is %s, not %.64s", t->sha256, f->expect);
    return t->status;
}

/* Which of them the data set has in the place where they shall be. */
static void find_known(entry *e)
{
    ay_gallery *g;

    pthread_rwlock_rdlock(&e->s->lock);
    g = ay_service_by_id(e->s, e->place->dataset);
    for (size_t i = 0; g && i < e->n; i++) {
        ay_gallery_item *item = e->out[i].status == AY_OK ? ay_gallery_find(g, e->out[i].sha256) : NULL;
        e->out[i].there = item && (e->place->stay == AY_STAY || g->classes[item->klass].id == e->place->class_id ||
                                   (e->place->stay == AY_STAY_SORTED && g->classes[item->klass].kind != AY_KIND_UNSORTED));
    }
    pthread_rwlock_unlock(&e->s->lock);
}

ay_status ay_intake_known(ay_service *s, const char *dataset, const char *const *sha256, size_t n, bool *known, ay_err *err)
{
    ay_gallery *g = NULL;
    ay_status status;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, ay_library_read(dataset), &g, err);
    for (size_t i = 0; i < n && !status; i++)
        known[i] = ay_gallery_find(g, sha256[i]) != NULL;
    pthread_rwlock_unlock(&s->lock);
    return status;
}

static char *keep_text(ay_arena *a, const char *src, size_t most)
{
    size_t n = strnlen(src, most);
    char *dst = ay_arena_alloc(a, n + 1);

    if (dst)
        ay_intake_text(dst, src, n);
    return dst;
}

static ay_status make_rows(entry *e, ay_err *err)
{
    e->blobs = ay_arena_alloc(&e->arena, (e->n + 1) * sizeof *e->blobs);
    e->rows = ay_arena_alloc(&e->arena, (e->n + 1) * sizeof *e->rows);
    e->noted = ay_arena_alloc(&e->arena, (e->n + 1) * sizeof *e->noted);
    if (!e->blobs || !e->rows || !e->noted)
        return ay_fail(err, AY_ENOMEM, "queueing %zu pictures", e->n);
    for (size_t i = 0; i < e->n; i++) {
        const ay_intake_taken *t = &e->out[i];
        ay_store_arrival *r = &e->rows[e->nrows];
        if (e->seen && e->seen[i].watch) {
            e->noted[e->nnoted] = e->seen[i];
            e->noted[e->nnoted++].sha256 = t->status == AY_OK ? t->sha256 : "";
        }
        e->same += t->status == AY_OK && t->there;
        if (t->there || (t->status != AY_OK && !e->seen))
            continue; /* an upload hears at once that it was refused; of a folder's file nobody would */
        if (t->status == AY_OK)
            e->blobs[e->nblobs++] = (ay_blob){e->files[i].bytes, e->files[i].n, t->sha256};
        *r = (ay_store_arrival){.dataset = e->place->dataset, .class_id = e->place->class_id, .stay = e->place->stay,
                                .sha256 = t->status == AY_OK ? t->sha256 : "",
                                .code = t->status == AY_OK ? "" : ay_status_name(t->status),
                                .message = t->status == AY_OK ? "" : keep_text(&e->arena, t->err.msg, 1000)};
        r->file = keep_text(&e->arena, ay_picture_name(e->files[i].file), AY_FILE_MAX);
        r->source = keep_text(&e->arena, e->files[i].source ? e->files[i].source : "", AY_SOURCE_MAX);
        if (!r->file || !r->source || !r->message)
            return ay_fail(err, AY_ENOMEM, "queueing %zu pictures", e->n);
        e->nrows++;
    }
    return AY_OK;
}

/* The batch, if it is new, and the rows: one transaction. */
static ay_status write_rows(entry *e, const char *name, int64_t *batch, ay_err *err)
{
    char text[1025];
    int64_t id = *batch;
    ay_status status = ay_store_begin(e->s->store, err);

    if (status != AY_OK)
        return status;
    ay_intake_text(text, name ? name : "", 1024);
    if (id == 0 && (e->nrows > 0 || e->same > 0))
        status = ay_store_intake_add(e->s->store, text, &id, err);
    if (status == AY_OK)
        status = ay_store_arrivals_add(e->s->store, id, e->rows, e->nrows, e->noted, e->nnoted, e->same, err);
    if (status == AY_OK)
        status = ay_store_commit(e->s->store, err);
    else
        ay_store_rollback(e->s->store);
    if (status == AY_OK)
        *batch = id;
    return status;
}

ay_status ay_intake_put(ay_service *s, const ay_intake_place *place, const char *name, const ay_intake_file *files,
                        size_t n, const ay_store_watched *seen, ay_intake_taken *out, int64_t *batch, ay_err *err)
{
    entry e = {.s = s, .place = place, .files = files, .seen = seen, .out = out, .n = n};
    ay_status status;

    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    for (size_t i = 0; i < n; i++)
        s->refused += look_at(s, &files[i], &out[i]) != AY_OK;
    ay_arena_init(&e.arena, 0);
    pthread_rwlock_rdlock(&s->purging);
    find_known(&e);
    status = make_rows(&e, err);
    if (status == AY_OK && e.nblobs > 0)
        status = ay_blobs_put_many(s->blobs, e.blobs, e.nblobs, err);
    if (status == AY_OK && (e.nrows > 0 || e.nnoted > 0 || e.same > 0))
        status = write_rows(&e, name, batch, err);
    pthread_rwlock_unlock(&s->purging);
    if (status == AY_OK && e.nrows > 0)
        ay_intake_wake(s);
    ay_arena_fini(&e.arena);
    return status;
}

/* Uploads of single files that come one after the other are one import. */
static void join_loose(ay_service *s, int64_t *batch, bool before)
{
    ay_intake *in = s->intake;

    pthread_mutex_lock(&in->lock);
    if (!before) {
        in->loose = *batch;
        in->loose_at = ay_clock_mono();
    } else if (in->loose && ay_clock_mono() - in->loose_at < LOOSE_NS) {
        *batch = in->loose;
    }
    pthread_mutex_unlock(&in->lock);
}

ay_status ay_intake_add(ay_service *s, const ay_intake_target *t, const char *name, const ay_intake_file *files,
                        size_t n, ay_intake_taken *out, int64_t *batch, ay_err *err)
{
    bool loose = n == 1 && *batch == 0;
    ay_intake_place place;
    ay_status status = ay_intake_find(s, t, &place, err);

    if (status == AY_OK && loose)
        join_loose(s, batch, true);
    if (status == AY_OK)
        status = ay_intake_put(s, &place, name, files, n, NULL, out, batch, err);
    if (status == AY_OK && loose && *batch)
        join_loose(s, batch, false);
    return status;
}

/* ---- what is known of it */

ay_status ay_intake_now(ay_service *s, ay_intake_state *out, ay_err *err)
{
    int64_t now = (int64_t)(ay_clock_mono() / 1000000000u), sum = 0;
    ay_intake *in = s->intake;
    ay_status status;

    /* In this order: what is counted as waiting no longer is in somebody's hands until all is done. */
    *out = (ay_intake_state){.feeding = ay_intake_feeding(s)};
    status = ay_store_arrivals_count(s->store, &out->waiting, &out->failed, err);
    pthread_mutex_lock(&in->lock);
    out->working = in->working;
    out->done = in->done;
    out->refused = in->refused;
    memcpy(out->trouble, in->trouble, sizeof out->trouble);
    for (int i = 0; i < AY_INTAKE_SECONDS; i++)
        sum += now - in->at[i] < AY_INTAKE_SECONDS ? in->second[i] : 0;
    pthread_mutex_unlock(&in->lock);
    out->rate = (double)sum / AY_INTAKE_SECONDS;
    return status;
}

static bool has_row(const ay_store_intake *list, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].id == id)
            return true;
    return false;
}

static void set_batch(ay_intake_batch *b, const ay_store_intake *row, const ay_intake_run *runs, int n)
{
    *b = (ay_intake_batch){.id = row->id, .name = row->source, .total = row->total, .waiting = row->waiting,
                           .added = row->added, .same = row->same, .failed = row->failed, .dropped = row->dropped,
                           .expected = row->total};
    ay_clock_rfc3339(b->at, row->at_us);
    for (int i = 0; i < n; i++)
        if (runs[i].batch == b->id) {
            b->job = runs[i].job;
            b->reading = runs[i].feeding > 0;
            b->expected = runs[i].expected > b->total ? runs[i].expected : b->total;
        }
}

ay_status ay_intake_batches(ay_service *s, int limit, ay_arena *a, ay_intake_batch **out, size_t *n, ay_err *err)
{
    ay_intake_run runs[AY_INTAKE_RUNS];
    ay_store_intake *list = NULL, begun;
    size_t nlist = 0;
    ay_status status;
    int nruns;

    *n = 0;
    if (limit < 1 || limit > AY_BATCHES_KEPT)
        return ay_fail(err, AY_EINVAL, "a page has 1 to %d imports, not %d", AY_BATCHES_KEPT, limit);
    nruns = ay_intake_runs_now(s, runs); /* first: when nobody reads any more, all that was read is in the counts */
    status = ay_store_intake_list(s->store, limit, a, &list, &nlist, err);
    if (status != AY_OK)
        return status;
    *out = ay_arena_alloc(a, (nlist + AY_INTAKE_RUNS) * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "listing imports");
    for (int i = nruns; i-- > 0;) /* the store's list leaves out those of which nothing has come yet */
        if (runs[i].feeding > 0 && !has_row(list, nlist, runs[i].batch) &&
            ay_store_intake_get(s->store, runs[i].batch, a, &begun, NULL) == AY_OK)
            set_batch(&(*out)[(*n)++], &begun, runs, nruns);
    for (size_t i = 0; i < nlist; i++)
        set_batch(&(*out)[(*n)++], &list[i], runs, nruns);
    return AY_OK;
}

ay_status ay_intake_cancel(ay_service *s, int64_t batch, int64_t *dropped, ay_err *err)
{
    ay_intake *in = s->intake;
    const char **gone = NULL;
    ay_store_watch *wish = NULL;
    ay_store_intake b;
    ay_status status;
    ay_arena a;
    size_t n = 0;
    int hold;

    ay_arena_init(&a, 0);
    status = ay_store_intake_get(s->store, batch, &a, &b, err);
    if (status == AY_OK)
        status = ay_store_watch_list(s->store, &a, &wish, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++) /* its folder is read no further */
        if (wish[i].once && wish[i].batch == batch)
            status = ay_watch_remove(s, wish[i].id, err);
    n = 0;
    pthread_mutex_lock(&in->lock);
    for (size_t i = in->next; status == AY_OK && i < in->n; i++)
        if (in->window[i].batch == batch)
            in->window[i].id = 0;
    pthread_mutex_unlock(&in->lock);
    pthread_rwlock_wrlock(&s->purging);
    if (status == AY_OK)
        status = ay_store_arrivals_drop(s->store, batch, &a, &gone, &n, dropped, err);
    if (n > 0 && ay_hold_none(s->data, &hold)) { /* else a backup is being made: a later sweep takes them */
        for (size_t i = 0; i < n; i++)
            ay_blobs_remove(s->blobs, gone[i], NULL);
        ay_hold_end(hold);
    }
    pthread_rwlock_unlock(&s->purging);
    ay_arena_fini(&a);
    ay_intake_wake(s);
    return status;
}

ay_status ay_intake_failures(ay_service *s, const char *cursor, int limit, ay_arena *a, ay_intake_failure **out,
                             size_t *n, const char **next, ay_err *err)
{
    ay_store_arrival *list = NULL;
    int64_t before = 0;
    ay_status status;

    *n = 0;
    *next = NULL;
    if (cursor && *cursor && !ay_str_to_long(cursor, 1, INT64_MAX, &before))
        return ay_fail(err, AY_EINVAL, "not a cursor of this list");
    if (limit < 1 || limit > LIST_MOST)
        return ay_fail(err, AY_EINVAL, "a page has 1 to %d failures, not %d", LIST_MOST, limit);
    status = ay_store_failures_list(s->store, before, limit + 1, a, &list, n, err);
    if (status == AY_OK && !(*out = ay_arena_alloc(a, (*n + 1) * sizeof **out)))
        status = ay_fail(err, AY_ENOMEM, "listing failures");
    if (status == AY_OK && *n > (size_t)limit) {
        *n = (size_t)limit;
        *next = ay_arena_printf(a, "%lld", (long long)list[limit - 1].id);
        status = *next ? AY_OK : ay_fail(err, AY_ENOMEM, "listing failures");
    }
    for (size_t i = 0; status == AY_OK && i < *n; i++) {
        ay_intake_failure *f = &(*out)[i];
        *f = (ay_intake_failure){.id = list[i].id, .batch = list[i].batch, .file = list[i].file,
                                 .source = list[i].source, .code = list[i].code, .message = list[i].message};
        snprintf(f->sha256, sizeof f->sha256, "%s", list[i].sha256);
        ay_clock_rfc3339(f->at, list[i].at_us);
    }
    return status;
}

ay_status ay_intake_dismiss(ay_service *s, int64_t id, int64_t *dismissed, ay_err *err)
{
    ay_status status = ay_store_failures_forget(s->store, id, dismissed, err);

    if (status == AY_OK && id && *dismissed == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no failure %lld", (long long)id);
    return status;
}

bool ay_intake_wait(ay_service *s, long timeout_ms)
{
    uint64_t begun = ay_clock_mono();

    for (;;) {
        ay_intake_state now;
        if (ay_intake_now(s, &now, &(ay_err){{0}}) == AY_OK && now.waiting == 0 && !now.feeding && now.working == 0)
            return true;
        if (timeout_ms >= 0 && ay_clock_mono() - begun > (uint64_t)timeout_ms * 1000000u)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}
