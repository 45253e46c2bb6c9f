#include "service/gallery_keep.h"

#include "service/gallery_file.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/stamp.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ull
enum {
    TICK_MS = 1000,
    QUIET = 4,        /* seconds without a change before a file is written */
    FEW = 1000,       /* new pictures that are no reason to write, and one in SHARE of what is there */
    SHARE = 64,
    MOST_NEW = 20000, /* but so many always are */
    DUTY = 20,        /* one part in so many of the time goes into writing */
    FAILED = 3,       /* seconds that a failure counts as more of work */
    RESTAMP = 30,     /* seconds after which a file is stamped while changes go on */
};

struct ay_keeping {
    pthread_t thread;
    bool started, stop;
    pthread_mutex_t lock; /* of stop */
    pthread_cond_t wake;
    int64_t seen;  /* the stamp of the last look */
    uint64_t seen_ns, stamped_ns;
};

void ay_gallery_file_path(const ay_service *s, int64_t id, char *dst, size_t cap)
{
    snprintf(dst, cap, "%.3900s/cache/gallery-%lld.bin", s->data, (long long)id);
}

static ay_gallery_file_key key_of(const ay_engine_info *m, int64_t dataset)
{
    return (ay_gallery_file_key){m->digest, m->preprocess_digest, dataset, m->dim};
}

/* ---- reading */

/* The stamp allows to use the file: nothing changed since but for new rows, or nothing at all when some had no vector then. */
static ay_status believe(ay_service *s, const ay_gallery_file *f, ay_err *err)
{
    ay_stamp_age age;
    ay_status status = ay_store_stamp_age(s->store, f->stamp, &age, err);

    if (status != AY_OK)
        return status;
    if (age == AY_STAMP_OTHER || (age == AY_STAMP_GROWN && f->n != f->nready))
        return ay_fail(err, AY_ENOTFOUND, "pictures were changed after it was written");
    return AY_OK;
}

/* Do vectors, and codes, of n pictures find room in memory beside those of the other data sets? */
static void choose(ay_service *s, int64_t id, size_t n, int dim, bool *on_file, bool *lean)
{
    uint64_t used = 0, all, codes;

    ay_gallery_wants(n, dim, &all, &codes);
    for (int i = 0; i < s->ngalleries; i++)
        used += s->galleries[i]->id != id ? ay_gallery_resident(s->galleries[i]) : 0;
    *on_file = s->index_memory && used + all > s->index_memory;
    *lean = *on_file && used + codes > s->index_memory;
}

static ay_status find_room(ay_service *s, ay_gallery *g, size_t n, ay_err *err)
{
    bool on_file, lean;

    pthread_rwlock_rdlock(&s->lock);
    choose(s, g->id, n, g->dim, &on_file, &lean);
    pthread_rwlock_unlock(&s->lock);
    return on_file ? ay_gallery_on_file(g, lean, err) : AY_OK;
}

static ay_status load(ay_service *s, const ay_engine_info *model, const ay_gallery_file *f, ay_gallery *g, ay_store_visit visit,
                      ay_err *err)
{
    int64_t before = 0, after = 0;
    ay_status status = ay_store_stamp(s->store, &before, err);

    if (status == AY_OK)
        status = believe(s, f, err);
    if (status == AY_OK)
        status = find_room(s, g, f->n, err);
    if (status == AY_OK)
        status = ay_gallery_file_take(f, g, s->threads, err);
    if (status != AY_OK)
        return status;
    g->kept = (ay_gallery_kept){.any = true, .n = g->n, .edits = g->edits, .stamp = f->stamp};
    status = ay_store_member_walk_after(s->store, g->id, f->last, model->digest, model->preprocess_digest, visit, g, err);
    if (status == AY_OK)
        status = ay_store_stamp(s->store, &after, err);
    if (status == AY_OK && before != after) /* another process writes: half of this may be newer than the other */
        status = ay_fail(err, AY_ENOTFOUND, "the store changed while it was read");
    return status;
}

ay_status ay_gallery_load_believed(ay_service *s, const ay_engine_info *model, ay_gallery *g, ay_store_visit visit, ay_err *err)
{
    ay_gallery_file_key key = key_of(model, g->id);
    ay_gallery_file f;
    char path[4096];
    ay_status status;

    ay_gallery_file_path(s, g->id, path, sizeof path);
    status = ay_gallery_file_open(&f, path, &key, err);
    if (status == AY_ECORRUPT && s->reading_only) { /* the writer may have been stamping it */
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        status = ay_gallery_file_open(&f, path, &key, err);
    }
    if (status != AY_OK)
        return status;
    status = load(s, model, &f, g, visit, err);
    ay_gallery_file_close(&f);
    return status;
}

ay_status ay_gallery_load_file(ay_service *s, const ay_engine_info *model, ay_gallery *g, ay_store_visit visit, ay_err *err)
{
    ay_err why = {{0}};
    char path[4096];
    ay_status status = ay_gallery_load_believed(s, model, g, visit, &why);

    ay_gallery_file_path(s, g->id, path, sizeof path);
    if (status == AY_OK || status == AY_ENOMEM)
        return status == AY_OK ? AY_OK : ay_fail(err, status, "%s", why.msg);
    if (status == AY_ECORRUPT || status == AY_EIO)
        ay_log(AY_LOG_WARN, "index", "%s is not used and is made again: %s", path, why.msg);
    else
        ay_log(status == AY_ENOTFOUND && access(path, F_OK) != 0 ? AY_LOG_DEBUG : AY_LOG_INFO, "index",
               "%s is made again: %s", path, why.msg);
    return ay_fail(err, AY_ENOTFOUND, "%s", why.msg);
}

/* ---- writing */

typedef struct {
    ay_service *s;
    int64_t id;
    uint64_t edits;
} source;

static const ay_gallery *hold(void *ctx)
{
    source *from = ctx;
    const ay_gallery *g;

    pthread_rwlock_rdlock(&from->s->lock);
    g = ay_service_by_id(from->s, from->id);
    if (g && g->edits == from->edits && !ay_paged_lost(&g->paged))
        return g;
    pthread_rwlock_unlock(&from->s->lock);
    return NULL;
}

static void let(void *ctx)
{
    pthread_rwlock_unlock(&((source *)ctx)->s->lock);
}

/* What is in memory now, and the stamp of the store that has the same. */
static ay_status look(source *from, ay_gallery_file_source *out, ay_gallery_file_key *key, ay_err *err)
{
    ay_service *s = from->s;
    const ay_gallery *g;
    ay_status status;

    pthread_mutex_lock(&s->writing);
    status = s->doubt ? ay_fail(err, AY_EBUSY, "the store is away") : ay_store_stamp(s->store, &out->stamp, err);
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, from->id);
    if (status == AY_OK && !g)
        status = ay_fail(err, AY_ENOTFOUND, "the data set is gone");
    if (status == AY_OK) {
        from->edits = g->edits;
        out->n = g->n;
        out->nready = g->nready;
        *key = key_of(s->model, g->id);
    }
    pthread_rwlock_unlock(&s->lock);
    pthread_mutex_unlock(&s->writing);
    return status;
}

/* A new file holds what the memory of a data set held: that may go where it is over the budget. */
static void lay_on(source *from, const char *path, const ay_gallery_file_key *key, size_t n, size_t nready)
{
    ay_service *s = from->s;
    ay_gallery_rows old = {0};
    bool on_file = false, lean = false;
    ay_gallery_file f;
    ay_err err = {{0}};
    ay_status status = ay_gallery_file_open(&f, path, key, &err);
    ay_gallery *g;

    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        g = ay_service_by_id(s, from->id);
        if (g && g->edits == from->edits && f.n == n && f.nready == nready) {
            choose(s, g->id, g->n, g->dim, &on_file, &lean);
            if (on_file || g->on_file)
                status = ay_gallery_to_file(g, f.fd, f.vectors_at, nready, lean || g->lean, &old, &err);
        }
        pthread_rwlock_unlock(&s->lock);
        ay_gallery_file_close(&f);
    }
    if (status != AY_OK)
        ay_log(AY_LOG_WARN, "index", "vectors stay in memory: %s", err.msg);
    ay_gallery_rows_free(&old);
}

ay_status ay_gallery_keep(ay_service *s, int64_t id, ay_err *err)
{
    source from = {.s = s, .id = id};
    ay_gallery_file_source file = {.hold = hold, .let = let, .ctx = &from};
    uint64_t begun = ay_clock_mono();
    ay_gallery_file_key key;
    char path[4096];
    ay_gallery *g;
    ay_status status = look(&from, &file, &key, err);

    if (status != AY_OK)
        return status;
    ay_gallery_file_path(s, id, path, sizeof path);
    status = ay_gallery_file_write(path, &key, &file, err);
    if (status == AY_OK && s->index_memory)
        lay_on(&from, path, &key, file.n, file.nready);
    pthread_mutex_lock(&s->writing); /* guards what is said of files */
    g = ay_service_by_id(s, id);
    if (g && status == AY_OK)
        g->kept = (ay_gallery_kept){.any = true, .edits = from.edits, .n = file.n, .stamp = file.stamp};
    if (g) {
        g->kept.written_ns = ay_clock_mono();
        g->kept.took_ns = g->kept.written_ns - begun;
        if (status != AY_OK && status != AY_ECANCELLED) /* a full disk is not asked every second */
            g->kept.took_ns += FAILED * SECOND;
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

/* ---- when */

static bool due(const ay_gallery *g)
{
    size_t few = FEW + g->kept.n / SHARE;

    return g->nready >= AY_KEEP_LEAST &&
           (!g->kept.any || g->kept.edits != g->edits || g->n - g->kept.n > (few < MOST_NEW ? few : MOST_NEW));
}

/* Is now the time?  `writing` is held. */
static bool time_to_write(ay_gallery *g, uint64_t now)
{
    uint64_t rest = g->kept.took_ns * DUTY;

    if (g->kept.seen != g->changes) {
        g->kept.seen = g->changes;
        g->kept.seen_ns = now;
    }
    if (!due(g) || (g->kept.written_ns && now - g->kept.written_ns < rest))
        return false;
    return now - g->kept.seen_ns >= QUIET * SECOND ||
           (g->n - g->kept.n > g->n / 8 && now - g->kept.written_ns > RESTAMP * SECOND && g->kept.any);
}

static void write_one(ay_service *s, int64_t id)
{
    ay_err err = {{0}};
    ay_status status = ay_gallery_keep(s, id, &err);

    if (status != AY_OK && status != AY_ECANCELLED && status != AY_EBUSY)
        ay_log(AY_LOG_WARN, "index", "the file that makes the next start quick: %s", err.msg);
}

/* The first gallery whose turn it is; 0: none. */
static int64_t next_to_write(ay_service *s)
{
    uint64_t now = ay_clock_mono();
    int64_t id = 0;

    pthread_mutex_lock(&s->writing); /* galleries stay as they are, and who reads them need not wait */
    for (int i = 0; i < s->ngalleries && !id; i++)
        if (time_to_write(s->galleries[i], now))
            id = s->galleries[i]->id;
    pthread_mutex_unlock(&s->writing);
    return id;
}

/* A file whose data set did not change is right under the newest stamp, too.  Nobody can write meanwhile, so what is in memory is what
 * is in the store. */
static void stamp_all(ay_service *s, int64_t *newest)
{
    ay_err err = {{0}};
    int64_t now = 0;
    char path[4096];

    pthread_mutex_lock(&s->writing);
    if (!s->doubt && ay_store_stamp(s->store, &now, &err) == AY_OK)
        for (int i = 0; i < s->ngalleries; i++) { /* the list does not change while writing is held */
            ay_gallery *g = s->galleries[i];
            ay_gallery_file_key key = key_of(s->model, g->id);
            if (!g->kept.any || g->kept.edits != g->edits || g->kept.stamp == now)
                continue;
            ay_gallery_file_path(s, g->id, path, sizeof path);
            if (ay_gallery_file_restamp(path, &key, g->kept.stamp, now, &err) == AY_OK)
                g->kept.stamp = now;
            else
                g->kept.any = false;
        }
    *newest = now;
    pthread_mutex_unlock(&s->writing);
}

/* Stamps that have come are put into the files when no more came for a while, or when they have been coming for long. */
static void stamp_when_quiet(ay_service *s, struct ay_keeping *k)
{
    uint64_t now = ay_clock_mono();
    int64_t stamp = 0;

    if (ay_store_stamp(s->store, &stamp, NULL) != AY_OK)
        return;
    if (stamp != k->seen)
        k->seen_ns = now;
    if (stamp != k->seen && now - k->stamped_ns < RESTAMP * SECOND) {
        k->seen = stamp;
        return;
    }
    if (k->seen_ns > k->stamped_ns) {
        stamp_all(s, &k->seen);
        k->stamped_ns = ay_clock_mono();
    }
    k->seen = stamp;
}

static bool wait_a_tick(struct ay_keeping *k)
{
    struct timespec until;
    bool go;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TICK_MS / 1000;
    pthread_mutex_lock(&k->lock);
    if (!k->stop)
        pthread_cond_timedwait(&k->wake, &k->lock, &until);
    go = !k->stop;
    pthread_mutex_unlock(&k->lock);
    return go;
}

/* A gallery whose file could not be read lacks vectors: its file goes, and the store is read again. */
static void replace_lost(ay_service *s)
{
    char path[4096];

    pthread_rwlock_rdlock(&s->lock);
    for (int i = 0; i < s->ngalleries; i++) {
        const ay_gallery *g = s->galleries[i];
        if (!ay_paged_lost(&g->paged))
            continue;
        ay_gallery_file_path(s, g->id, path, sizeof path);
        ay_log(AY_LOG_ERROR, "index", "%s cannot be read any more: data set %s is read from the store again", path, g->name);
        if (s->reading_only)
            continue;
        unlink(path);
        s->doubt = true;
    }
    pthread_rwlock_unlock(&s->lock);
    if (s->doubt)
        ay_keeper_wake(s);
}

static void *keep(void *arg)
{
    ay_service *s = arg;
    int64_t id;

    while (wait_a_tick(s->keeping)) {
        replace_lost(s);
        if ((id = next_to_write(s)) != 0)
            write_one(s, id);
        stamp_when_quiet(s, s->keeping);
    }
    return NULL;
}

/* Files of data sets that are no more, and what a kill left half-written. */
static void remove_strays(ay_service *s)
{
    char dir[4096], path[4400];
    struct dirent *e;
    DIR *d;

    snprintf(dir, sizeof dir, "%.3900s/cache", s->data);
    d = opendir(dir);
    while (d && (e = readdir(d))) {
        long long id;
        int end = 0;
        bool tmp;
        if (sscanf(e->d_name, "gallery-%lld.bin%n", &id, &end) != 1 || end == 0)
            continue;
        tmp = strcmp(e->d_name + end, ".tmp") == 0;
        if (!tmp && (e->d_name[end] != '\0' || ay_service_by_id(s, id)))
            continue;
        snprintf(path, sizeof path, "%s/%.255s", dir, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
}

ay_status ay_galleries_keep_start(ay_service *s, ay_err *err)
{
    struct ay_keeping *k = s->keeping = ay_calloc(1, sizeof *k);
    ay_status status;

    if (!k)
        return ay_fail(err, AY_ENOMEM, "opening %s", s->data);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->wake, NULL);
    remove_strays(s);
    status = ay_thread_start(&k->thread, "index", keep, s, err);
    k->started = status == AY_OK;
    return status;
}

void ay_galleries_keep_stop(ay_service *s)
{
    struct ay_keeping *k = s->keeping;

    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_broadcast(&k->wake);
    pthread_mutex_unlock(&k->lock);
    if (k->started)
        pthread_join(k->thread, NULL);
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->wake);
    ay_free(k);
    s->keeping = NULL;
}

void ay_galleries_keep_end(ay_service *s)
{
    int64_t newest;

    replace_lost(s);
    if (s->reading_only || !s->store || s->doubt)
        return;
    for (int i = 0; i < s->ngalleries; i++)
        if (due(s->galleries[i]))
            write_one(s, s->galleries[i]->id);
    stamp_all(s, &newest);
}
