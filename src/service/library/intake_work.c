/* service/library/intake_work.c - the workers: what waits becomes pictures.
 *
 *   claim (in order)  ->  read, decode, facts  ->  vectors, later than any request  ->  one transaction  ->  gallery
 *
 * A worker has a handful: pictures that are decoded and not settled.  It is settled when it is full, when nothing more
 * waits, or when the budget of pixels has no room for the next one; so who waits for room holds none, and somebody who
 * holds some is always on the way to give it back.
 *
 * When the engine is full or the database away the handful is tried again until it works or the service closes; a
 * picture fails only for what it is itself. */
#include "service/backup/hold.h"
#include "service/library/duplicates.h"
#include "service/library/intake_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { HANDFUL = 16, WINDOW = 256, NICE = 10, MEMORY_TRIES = 20 };

typedef struct {
    ay_store_arrival row; /* strings in the handful's arena */
    ay_image image;
    ay_gallery_item item;
    uint64_t pixels;
    ay_status status;
    ay_err err;
} piece;

typedef struct {
    ay_service *s;
    ay_arena arena;
    piece pieces[HANDFUL];
    int n;
    bool encoded; /* vectors are of the encoder in force */
    float *vectors; /* HANDFUL x dim */
    int dim;
} handful;

static bool stopping(ay_service *s)
{
    bool stop;

    pthread_mutex_lock(&s->intake->lock);
    stop = s->intake->stop;
    pthread_mutex_unlock(&s->intake->lock);
    return stop;
}

static void nap(ay_service *s, long ms)
{
    ay_intake *in = s->intake;
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&in->lock);
    while (!in->stop && pthread_cond_timedwait(&in->changed, &in->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&in->lock);
}

/* ---- claiming */

/* With in->lock held: the next page of what waits. */
static void fill_window(ay_service *s)
{
    ay_intake *in = s->intake;
    ay_err err = {{0}};

    ay_arena_fini(&in->arena);
    ay_arena_init(&in->arena, 0);
    in->next = in->n = 0;
    in->more = false;
    if (ay_store_arrivals_waiting(s->store, in->last, WINDOW, &in->arena, &in->window, &in->n, &err) != AY_OK) {
        in->more = in->away = true;
        return;
    }
    if (in->n > 0)
        in->last = in->window[in->n - 1].id;
    in->more = in->n == WINDOW;
}

static bool copy_row(ay_arena *a, const ay_store_arrival *from, ay_store_arrival *to)
{
    *to = *from;
    to->sha256 = ay_arena_strdup(a, from->sha256);
    to->file = ay_arena_strdup(a, from->file);
    to->source = NULL;
    to->code = to->message = NULL;
    return to->sha256 && to->file;
}

/* The next that waits; false: nothing does now. */
static bool claim(ay_service *s, ay_arena *a, ay_store_arrival *out)
{
    ay_intake *in = s->intake;
    bool found = false;

    pthread_mutex_lock(&in->lock);
    while (!found && !in->stop) {
        if (in->next == in->n && !in->more)
            break;
        if (in->next == in->n)
            fill_window(s);
        if (in->next == in->n)
            break;
        found = in->window[in->next].id && copy_row(a, &in->window[in->next], out);
        in->next++;
    }
    in->working += found;
    pthread_mutex_unlock(&in->lock);
    return found;
}

/* ---- the budget of pixels */

/* Room for one more picture.  false: not now, and who asks holds some. */
static bool take_pixels(ay_service *s, uint64_t pixels, bool holds)
{
    ay_intake *in = s->intake;
    bool got;

    pthread_mutex_lock(&in->lock);
    while (!(got = in->pixels == 0 || in->pixels + pixels <= AY_INTAKE_PIXELS) && !holds && !in->stop)
        pthread_cond_wait(&in->changed, &in->lock);
    if (got)
        in->pixels += pixels;
    pthread_mutex_unlock(&in->lock);
    return got;
}

static void give_pixels(ay_service *s, uint64_t pixels)
{
    ay_intake *in = s->intake;

    if (pixels == 0)
        return;
    pthread_mutex_lock(&in->lock);
    in->pixels -= pixels;
    pthread_cond_broadcast(&in->changed);
    pthread_mutex_unlock(&in->lock);
}

/* ---- vectors */

/* AY_OK: each picture has its vector or its reason.  Else: try again. */
static ay_status embed_pieces(handful *h, ay_err *err)
{
    const ay_image *list[HANDFUL];
    int from[HANDFUL], n = 0;
    ay_status status;

    if (h->dim != h->s->embedder.info->dim) {
        ay_free(h->vectors);
        h->dim = h->s->embedder.info->dim;
        h->vectors = ay_alloc((size_t)h->dim * HANDFUL, sizeof *h->vectors);
    }
    if (!h->vectors) {
        h->dim = 0;
        return AY_ENOMEM;
    }
    for (int i = 0; i < h->n; i++)
        if (h->pieces[i].status == AY_OK) {
            from[n] = i;
            list[n++] = &h->pieces[i].image;
        }
    status = n > 0 ? ay_service_embed_later(h->s, list, n, h->vectors, err) : AY_OK;
    for (int k = n; status == AY_OK && k-- > 0;)
        if (from[k] != k)
            memmove(h->vectors + (size_t)from[k] * (size_t)h->dim, h->vectors + (size_t)k * (size_t)h->dim,
                    (size_t)h->dim * sizeof *h->vectors);
    if (status == AY_OK || status == AY_EBUSY || status == AY_ENOMEM || status == AY_ECANCELLED || status == AY_EUNKNOWN)
        return status;
    for (int k = 0; k < n; k++) { /* one of them spoils it: each by itself */
        piece *p = &h->pieces[from[k]];
        status = ay_service_embed_later(h->s, list + k, 1, h->vectors + (size_t)from[k] * (size_t)h->dim, &p->err);
        if (status == AY_EBUSY || status == AY_ENOMEM || status == AY_ECANCELLED || status == AY_EUNKNOWN)
            return status;
        p->status = status;
    }
    return AY_OK;
}

/* ---- settling */

static void fill_settled(handful *h, ay_store_settled *out)
{
    const ay_engine_info *m = h->s->embedder.info;

    for (int i = 0; i < h->n; i++) {
        piece *p = &h->pieces[i];
        char text[sizeof p->err.msg];
        out[i] = (ay_store_settled){.id = p->row.id, .batch = p->row.batch, .class_id = p->row.class_id,
                                    .stay = p->row.stay, .file = p->row.file, .status = p->status};
        if (p->status == AY_OK) {
            out[i].picture = ay_picture_row(&p->item);
            out[i].vector = (ay_store_vector){m->digest, m->preprocess_digest,
                                              h->vectors + (size_t)i * (size_t)h->dim, h->dim};
            p->status = out[i].status = ay_store_settled_check(&out[i], &p->err); /* what the store would refuse */
        }
        if (p->status != AY_OK) {
            ay_intake_text(text, p->err.msg[0] ? p->err.msg : "it cannot be read", sizeof text - 1);
            memcpy(p->err.msg, text, sizeof text);
            out[i].message = p->err.msg;
        }
    }
}

/* Room in memory for what is to come, before the store has it.  The caller holds writing. */
static ay_status reserve(handful *h, ay_err *err)
{
    ay_status status = AY_OK;
    ay_gallery *g;

    pthread_rwlock_wrlock(&h->s->lock);
    for (int i = 0; i < h->n && status == AY_OK; i++) {
        if (h->pieces[i].status != AY_OK)
            continue;
        g = ay_service_by_id(h->s, h->pieces[i].row.dataset);
        status = g ? ay_gallery_reserve(g, HANDFUL, 0, err) : AY_OK;
        if (status == AY_OK && !h->pieces[i].item.file && !(h->pieces[i].item.file = ay_strdup(h->pieces[i].row.file)))
            status = ay_fail(err, AY_ENOMEM, "taking pictures in");
    }
    pthread_rwlock_unlock(&h->s->lock);
    return status;
}

static void apply(handful *h, const ay_store_settled *done)
{
    const char *name = "";
    ay_gallery *g;

    pthread_rwlock_wrlock(&h->s->lock);
    for (int i = 0; i < h->n; i++) {
        piece *p = &h->pieces[i];
        if (done[i].gone || done[i].status != AY_OK)
            continue;
        ay_picture_apply(h->s, p->row.class_id, &p->item, h->vectors + (size_t)i * (size_t)h->dim, &done[i].added);
        g = ay_service_by_id(h->s, p->row.dataset);
        name = g ? g->name : name;
        h->s->added += done[i].added.created;
        h->s->moved += done[i].added.moved;
    }
    if (*name)
        ay_service_tell(h->s, "dataset", name, 0);
    pthread_rwlock_unlock(&h->s->lock);
}

static ay_status settle(handful *h, ay_store_settled *done, ay_err *err)
{
    ay_status status;

    fill_settled(h, done);
    pthread_mutex_lock(&h->s->writing);
    status = reserve(h, err);
    if (status == AY_OK)
        status = ay_store_arrivals_settle(h->s->store, done, (size_t)h->n, err);
    if (status == AY_OK)
        apply(h, done);
    pthread_mutex_unlock(&h->s->writing);
    return status;
}

/* The bytes of a failed file go, unless something else names them. */
static void remove_bytes(ay_service *s, const char *sha256)
{
    bool named = true;
    int hold;

    pthread_rwlock_wrlock(&s->purging); /* first: of two workers neither shall take the other for a backup */
    if (ay_hold_none(s->data, &hold)) { /* else a backup is being made: a later sweep takes them */
        if (ay_store_blob_named(s->store, sha256, &named, NULL) == AY_OK && !named)
            ay_blobs_remove(s->blobs, sha256, NULL);
        ay_hold_end(hold);
    }
    pthread_rwlock_unlock(&s->purging);
}

static void count_done(ay_service *s, int done, int failed)
{
    int64_t now = (int64_t)(ay_clock_mono() / 1000000000u);
    ay_intake *in = s->intake;
    int at = (int)(now % AY_INTAKE_SECONDS);

    pthread_mutex_lock(&in->lock);
    if (in->at[at] != now) {
        in->at[at] = now;
        in->second[at] = 0;
    }
    in->second[at] += done + failed;
    in->done += done;
    in->refused += failed;
    pthread_mutex_unlock(&in->lock);
    s->refused += (uint64_t)failed;
}

/* What duplicates are found by, while the pixels are at hand. */
static void keep_prints(const handful *h, const ay_store_settled *done)
{
    const char *sha256[HANDFUL];
    const ay_image *im[HANDFUL];

    for (int i = 0; i < h->n; i++) {
        sha256[i] = h->pieces[i].item.sha256;
        im[i] = !done[i].gone && done[i].status == AY_OK ? &h->pieces[i].image : NULL;
    }
    ay_dups_came(h->s, sha256, im, (size_t)h->n);
}

/* What follows when the store has them: bytes of failures go, jobs step, imports are cancelled. */
static void follow_up(handful *h, const ay_store_settled *done)
{
    int good = 0, bad = 0;
    bool cancelled;

    for (int i = 0; i < h->n; i++) {
        good += !done[i].gone && done[i].status == AY_OK;
        if (done[i].gone || done[i].status == AY_OK)
            continue;
        bad++;
        ay_log(AY_LOG_INFO, "intake", "%s (%.12s): %s", h->pieces[i].row.file, h->pieces[i].row.sha256,
               done[i].message);
        remove_bytes(h->s, h->pieces[i].row.sha256);
    }
    keep_prints(h, done);
    count_done(h->s, good, bad);
    for (int i = 0; i < h->n; i++) {
        int64_t batch = h->pieces[i].row.batch, dropped;
        if (i > 0 && h->pieces[i - 1].row.batch == batch)
            continue;
        ay_intake_run_step(h->s, batch, &cancelled);
        if (cancelled && !stopping(h->s) && ay_intake_cancel(h->s, batch, &dropped, NULL) == AY_OK)
            ay_log(AY_LOG_INFO, "intake", "import %lld was cancelled: %lld pictures dropped", (long long)batch,
                   (long long)dropped);
    }
}

/* Empty hands. */
static void let_go(handful *h)
{
    uint64_t pixels = 0;

    for (int i = 0; i < h->n; i++) {
        ay_image_fini(&h->pieces[i].image);
        ay_free(h->pieces[i].item.file);
        pixels += h->pieces[i].pixels;
    }
    give_pixels(h->s, pixels);
    pthread_mutex_lock(&h->s->intake->lock);
    h->s->intake->working -= h->n;
    pthread_mutex_unlock(&h->s->intake->lock);
    h->n = 0;
    ay_arena_fini(&h->arena);
    ay_arena_init(&h->arena, 0);
}

/* For whoever asks why nothing goes on. */
static void tell_trouble(ay_service *s, const char *why)
{
    pthread_mutex_lock(&s->intake->lock);
    ay_intake_text(s->intake->trouble, why, sizeof s->intake->trouble - 1);
    pthread_mutex_unlock(&s->intake->lock);
}

/* What is in hand becomes pictures; false: the service closes, and what is in hand still waits in the store. */
static bool finish(handful *h)
{
    ay_store_settled done[HANDFUL];
    ay_status status = AY_OK, told = AY_OK;

    if (h->n == 0)
        return true;
    for (;;) {
        ay_err err = {{0}};
        ay_encoder_enter(h->s);
        status = embed_pieces(h, &err);
        if (status == AY_OK)
            status = settle(h, done, &err);
        ay_encoder_leave(h->s);
        if (status == AY_OK || stopping(h->s))
            break;
        if (status != told && status != AY_EBUSY)
            ay_log(AY_LOG_WARN, "intake", "taking %d pictures in is tried again: %s", h->n, err.msg);
        if (status != AY_EBUSY)
            tell_trouble(h->s, err.msg[0] ? err.msg : ay_status_name(status));
        told = status;
        nap(h->s, status == AY_EBUSY ? 50 : 1000);
    }
    if (told != AY_OK)
        tell_trouble(h->s, "");
    if (status == AY_OK)
        follow_up(h, done);
    let_go(h);
    return status == AY_OK;
}

/* ---- decoding */

/* One more piece in hand; settles what is there when there is no room.  false: the service closes. */
static bool take_one(handful *h, ay_store_arrival *row)
{
    piece fresh = {.row = *row, .status = AY_OK}, *p;
    ay_image_info info;
    ay_buf bytes = {0};

    fresh.status = ay_blobs_get(h->s->blobs, row->sha256, false, &bytes, &fresh.err);
    if (fresh.status == AY_OK)
        fresh.status = ay_image_probe(bytes.data, bytes.len, &h->s->limits, &info, &fresh.err);
    if (fresh.status == AY_OK) {
        fresh.pixels = (uint64_t)info.width * (uint64_t)info.height;
        if (!take_pixels(h->s, fresh.pixels, h->n > 0)) {
            ay_store_arrival again = *row; /* its strings go with the handful's */
            char sha256[AY_SHA256_HEX], file[AY_FILE_MAX + 1];
            snprintf(sha256, sizeof sha256, "%s", row->sha256);
            snprintf(file, sizeof file, "%s", row->file);
            if (!finish(h) || !take_pixels(h->s, fresh.pixels, false)) {
                ay_buf_fini(&bytes);
                return false;
            }
            again.sha256 = ay_arena_strdup(&h->arena, sha256);
            again.file = ay_arena_strdup(&h->arena, file);
            fresh.row = again;
        }
    }
    p = &h->pieces[h->n++];
    *p = fresh;
    for (int tries = 0; p->status == AY_OK; tries++) {
        p->status = ay_picture_look(h->s, bytes.data, bytes.len, &p->item, &p->image, &p->err);
        if (p->status != AY_ENOMEM || tries == MEMORY_TRIES || stopping(h->s))
            break;
        p->status = AY_OK;
        nap(h->s, 250);
    }
    p->item.added_us = ay_clock_wall();
    snprintf(p->item.sha256, sizeof p->item.sha256, "%s", p->row.sha256);
    ay_buf_fini(&bytes);
    return true;
}

/* Nothing waits: sleep until something comes, or a job can be ended. */
static void rest(ay_service *s)
{
    ay_intake *in = s->intake;
    struct timespec until;
    bool runs;

    ay_intake_runs_tidy(s, false);
    pthread_mutex_lock(&in->runs_lock);
    runs = in->nruns > 0;
    pthread_mutex_unlock(&in->runs_lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += runs ? 1 : 60;
    pthread_mutex_lock(&in->lock);
    if (in->away) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
    }
    if (!in->stop && (in->away || !in->more) && in->next == in->n)
        pthread_cond_timedwait(&in->changed, &in->lock, &until);
    in->away = false;
    pthread_mutex_unlock(&in->lock);
}

void *ay_intake_work(void *arg)
{
    handful *h = ay_calloc(1, sizeof *h);
    ay_service *s = arg;
    ay_store_arrival row;
    bool go = h != NULL;

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    if (!go)
        return NULL;
    h->s = s;
    ay_arena_init(&h->arena, 0);
    while (go && !stopping(s)) {
        if (claim(s, &h->arena, &row)) {
            bool taken = take_one(h, &row);
            go = taken && (h->n < HANDFUL || finish(h));
        } else if (h->n > 0) {
            go = finish(h);
        } else {
            rest(s);
        }
    }
    if (h->n > 0)
        let_go(h);
    ay_arena_fini(&h->arena);
    ay_free(h->vectors);
    ay_free(h);
    return NULL;
}
