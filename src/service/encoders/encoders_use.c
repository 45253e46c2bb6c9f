/* service/encoders/encoders_use.c - another encoder takes over while the server serves.
 *
 * Vectors in the store are known by the digests of what made them, so the new ones lie beside the old ones until the
 * moment of the switch, and after a failure or a kill those that were made are simply there already.
 *
 * The galleries of the new encoder are read beside the old ones too.  Whether anything changed meanwhile tells the
 * store's history, which every change of a data set writes to: then they are read again, at last with all changes
 * held back. */
#include "service/encoders/encoders_parts.h"
#include "service/words/wordy.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "service/learn/serving.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GROUP = 8, FEW = 16, ROUNDS = 8, TRY_MS = 50, TRIES = 300, NAME = AY_HUB_REPO + AY_HUB_REVISION, PATH = 4200 };

void ay_encoder_enter(ay_service *s)
{
    pthread_rwlock_rdlock(&s->using);
}

void ay_encoder_leave(ay_service *s)
{
    pthread_rwlock_unlock(&s->using);
}

/* ---- the choice, kept */

static ay_status keep_choice(ay_service *s, const char *name, ay_err *err)
{
    char path[PATH], line[NAME + 2];
    int n = snprintf(line, sizeof line, "%s\n", name);

    snprintf(path, sizeof path, "%.4000s/encoder", s->data);
    return ay_file_write(path, line, (size_t)n, err);
}

ay_status ay_encoder_kept(const char *data, char *dst, size_t cap, ay_err *err)
{
    char path[PATH];
    ay_buf text = {0};
    ay_status status = AY_OK;
    size_t n;

    *dst = '\0';
    snprintf(path, sizeof path, "%.4000s/encoder", data);
    if (ay_file_exists(path))
        status = ay_file_read(path, 1 << 12, &text, err);
    n = status == AY_OK && text.data ? strcspn(text.data, "\r\n") : 0;
    if (n >= cap)
        status = ay_fail(err, AY_ECORRUPT, "%s names no encoder: remove it to go back to the embedded one", path);
    else if (n)
        snprintf(dst, cap, "%.*s", (int)n, text.data);
    ay_buf_fini(&text);
    return status;
}

/* ---- vectors of the next encoder */

typedef struct {
    char (*sha256)[AY_SHA256_HEX];
    size_t n, cap;
    int dim;
} missing;

static ay_status take_missing(void *ctx, const ay_store_member *m, const ay_store_vector *v, ay_err *err)
{
    missing *all = ctx;

    if (v->dim == all->dim)
        return AY_OK;
    if (all->n == all->cap) {
        size_t cap = all->cap * 2 + 256;
        void *more = ay_realloc(all->sha256, cap, sizeof *all->sha256);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "listing %zu pictures", all->n);
        all->sha256 = more;
        all->cap = cap;
    }
    memcpy(all->sha256[all->n++], m->picture.sha256, AY_SHA256_HEX);
    return AY_OK;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, AY_SHA256_HEX);
}

/* Every picture of a data set that has no vector of the next encoder, each once. */
static ay_status find_missing(ay_service *s, const ay_engine_info *m, missing *all, ay_err *err)
{
    ay_store_dataset *list = NULL;
    ay_status status;
    size_t n = 0, k = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    all->n = 0;
    all->dim = m->dim;
    status = ay_store_dataset_list(s->store, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_store_member_walk(s->store, list[i].id, m->digest, m->preprocess_digest, take_missing, all, err);
    ay_arena_fini(&a);
    if (status != AY_OK || all->n == 0)
        return status;
    qsort(all->sha256, all->n, sizeof *all->sha256, by_digest);
    for (size_t i = 1; i < all->n; i++)
        if (by_digest(all->sha256[i], all->sha256[k]) != 0)
            memmove(all->sha256[++k], all->sha256[i], AY_SHA256_HEX);
    all->n = k + 1;
    return AY_OK;
}

static ay_status store_vectors(ay_service *s, const ay_switching *t, const char *const *sha256, const float *v, int n,
                               int *kept, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < n && status == AY_OK; i++) {
        ay_store_vector one = {t->info.digest, t->info.preprocess_digest, v + (size_t)i * (size_t)t->info.dim,
                               t->info.dim};
        status = ay_store_vector_put(s->store, sha256[i], &one, err);
        if (status == AY_OK)
            ++*kept;
        else if (status == AY_ENOTFOUND)
            status = AY_OK; /* purged meanwhile */
    }
    return status;
}

static ay_status unit_all(float *v, int n, int dim, ay_err *err)
{
    for (int i = 0; i < n; i++)
        if (!ay_unit(v + (size_t)i * (size_t)dim, v + (size_t)i * (size_t)dim, dim))
            return ay_fail(err, AY_ECORRUPT, "the encoder gives no usable vector for a picture");
    return AY_OK;
}

/* At most GROUP pictures.  What cannot be decoded is passed over, as it has no vector of the old encoder either. */
static ay_status embed_group(ay_service *s, const ay_switching *t, char (*sha256)[AY_SHA256_HEX], int n, int *kept,
                             ay_err *err)
{
    const ay_image *list[GROUP];
    const char *names[GROUP];
    ay_image images[GROUP] = {{0}};
    float *v = ay_alloc(GROUP * (size_t)t->info.dim, sizeof *v);
    ay_status status = v ? AY_OK : ay_fail(err, AY_ENOMEM, "embedding pictures");
    int m = 0;

    for (int i = 0; i < n && status == AY_OK; i++)
        if (ay_service_open_image(s, sha256[i], &images[m], NULL) == AY_OK) {
            list[m] = &images[m];
            names[m++] = sha256[i];
        }
    if (status == AY_OK && m > 0)
        status = t->next.embedder.embed(t->next.embedder.ctx, list, m, v, err);
    if (status == AY_OK)
        status = unit_all(v, m, t->info.dim, err);
    if (status == AY_OK)
        status = store_vectors(s, t, names, v, m, kept, err);
    for (int i = 0; i < m; i++)
        ay_image_fini(&images[i]);
    ay_free(v);
    return status;
}

static ay_status go_on(ay_service *s, ay_switching *t, ay_err *err)
{
    if (!ay_job_step(s, t->job, t->done, t->total) || atomic_load(&s->encoders->stop))
        return ay_fail(err, AY_ECANCELLED, "stopped");
    return AY_OK;
}

static ay_status embed_list(ay_service *s, ay_switching *t, const missing *all, int *kept, ay_err *err)
{
    ay_status status = go_on(s, t, err);

    for (size_t at = 0; at < all->n && status == AY_OK;) {
        int n = all->n - at < GROUP ? (int)(all->n - at) : GROUP;
        status = embed_group(s, t, all->sha256 + at, n, kept, err);
        if (status == AY_EBUSY || status == AY_EUNKNOWN) { /* the store is away */
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        } else {
            at += (size_t)n;
            t->done += n;
        }
        if (status == AY_OK || status == AY_EBUSY || status == AY_EUNKNOWN)
            status = go_on(s, t, err);
    }
    return status;
}

static ay_status newest_event(ay_service *s, int64_t *id, ay_err *err)
{
    ay_store_event *e = NULL;
    ay_status status;
    size_t n = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    status = ay_store_event_list(s->store, 0, 1, &a, &e, &n, err);
    *id = n ? e->id : 0;
    ay_arena_fini(&a);
    return status;
}

/* Until nothing is missing but what cannot be embedded; pictures may be added all the time. */
static ay_status embed_all(ay_service *s, ay_switching *t, ay_err *err)
{
    missing all = {0};
    ay_status status = AY_OK;
    int kept = 1;

    for (int round = 0; round < ROUNDS && kept > 0 && status == AY_OK; round++) {
        status = newest_event(s, &t->seen, err);
        if (status == AY_OK)
            status = find_missing(s, &t->info, &all, err);
        kept = 0;
        t->total = t->done + (int64_t)all.n - (int64_t)t->hopeless;
        if (status == AY_OK && all.n > t->hopeless)
            status = embed_list(s, t, &all, &kept, err);
        t->hopeless = all.n - (size_t)kept;
        t->done = t->total -= (int64_t)t->hopeless;
    }
    ay_free(all.sha256);
    return status;
}

/* ---- galleries of the next encoder */

typedef struct {
    ay_gallery **list;
    int n;
    int64_t history; /* the newest event that they know of */
} fresh;

static void fresh_fini(fresh *f)
{
    for (int i = 0; i < f->n; i++)
        ay_gallery_destroy(f->list[i]);
    ay_free(f->list);
    *f = (fresh){0};
}

static ay_status read_fresh(ay_service *s, const ay_engine_info *m, fresh *f, ay_err *err)
{
    ay_store_dataset *list = NULL;
    ay_calibration ignored;
    ay_status status;
    size_t n = 0;
    ay_arena a;

    fresh_fini(f);
    ay_arena_init(&a, 0);
    status = newest_event(s, &f->history, err);
    if (status == AY_OK)
        status = ay_store_dataset_list(s->store, &a, &list, &n, err);
    if (status == AY_OK && !(f->list = ay_calloc(n + 1, sizeof(ay_gallery *))))
        status = ay_fail(err, AY_ENOMEM, "opening %zu data sets", n);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        status = ay_service_load(s, &list[i], m, &f->list[f->n], err);
        f->n += status == AY_OK;
        if (status == AY_OK && f->list[f->n - 1]->nready > 0) /* so that the first scan does not pay for it */
            status = ay_service_calibrate(s, f->list[f->n - 1], &ignored, err);
    }
    ay_arena_fini(&a);
    return status;
}

/* With using and writing held: what came since, a few pictures; then nothing is missing in f.  *many: too much came to let
 * everybody wait for it. */
static ay_status catch_up(ay_service *s, ay_switching *t, fresh *f, bool *many, ay_err *err)
{
    missing late = {0};
    int64_t now = 0;
    int kept = 0;
    ay_status status = newest_event(s, &now, err);

    *many = false;
    if (status == AY_OK && now != t->seen)
        status = find_missing(s, &t->info, &late, err);
    *many = late.n > t->hopeless + FEW;
    for (size_t at = 0; late.n > t->hopeless && at < late.n && !*many && status == AY_OK; at += GROUP)
        status = embed_group(s, t, late.sha256 + at, late.n - at < GROUP ? (int)(late.n - at) : GROUP, &kept, err);
    ay_free(late.sha256);
    if (status == AY_OK && !*many && (now != f->history || kept > 0))
        status = read_fresh(s, &t->info, f, err);
    return status;
}

/* ---- the switch */

/* With using and writing held; cannot fail.  f and t->next become the old ones. */
static void exchange(ay_service *s, ay_switching *t, fresh *f, ay_encoder_said *said)
{
    ay_encoder old = {s->embedder, s->words->reader};
    fresh mine = {s->galleries, s->ngalleries, 0};

    t->next.embedder.info = &said->info;
    pthread_rwlock_wrlock(&s->lock);
    s->galleries = f->list;
    s->ngalleries = f->n;
    s->cgalleries = f->n;
    s->no_library.dim = said->info.dim;
    s->embedder = t->next.embedder;
    pthread_rwlock_unlock(&s->lock);
    ay_wordy_change(s, &t->next.words, said->info.dim);
    s->model = &said->info;
    s->encoder = said->name;
    s->encoder_owned = true;
    *f = mine;
    t->next = old;
}

static struct timespec soon(long ms)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Take `using` for writing.  While a writer waits newcomers do too, and somebody inside may take seconds (a text tower that
 * opens): so it waits a moment at a time and lets newcomers by in between; in the end it insists. */
static void enter_alone(ay_service *s)
{
    for (int i = 0; i < TRIES; i++) {
        struct timespec until = soon(TRY_MS);
        if (pthread_rwlock_timedwrlock(&s->using, &until) == 0)
            return;
        nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000}, NULL);
    }
    pthread_rwlock_wrlock(&s->using);
}

static ay_status switch_now(ay_service *s, ay_switching *t, fresh *f, bool *many, ay_err *err)
{
    ay_encoder_said *said = NULL;
    ay_status status;

    *many = false;
    enter_alone(s);
    pthread_mutex_lock(&s->writing);
    status = s->doubt ? ay_fail(err, AY_EBUSY, "the database is away") : catch_up(s, t, f, many, err);
    if (status == AY_OK && !*many && !(said = ay_encoder_say(s, t->name, &t->info)))
        status = ay_fail(err, AY_ENOMEM, "changing the encoder");
    if (status == AY_OK && said)
        status = keep_choice(s, t->name, err);
    if (status == AY_OK && said)
        exchange(s, t, f, said);
    pthread_mutex_unlock(&s->writing);
    pthread_rwlock_unlock(&s->using);
    return status;
}

static void set_phase(ay_service *s, const ay_switching *t, const char *phase)
{
    json_t *o = json_pack("{s:s, s:s}", "name", t->name, "phase", phase);
    char *text = o ? ay_json_compact(o) : NULL;

    if (text)
        ay_job_set_detail(s, t->job, text);
    ay_free(text);
    json_decref(o);
}

static ay_status open_next(ay_service *s, ay_switching *t, ay_err *err)
{
    char path[AY_HUB_PATH];
    ay_status status = ay_model_locate(t->name, path, err);

    if (status == AY_OK)
        status = s->encoder_driver.open(s->encoder_driver.ctx, path, &t->next, err);
    if (status == AY_OK)
        t->info = *t->next.embedder.info;
    return status;
}

/* From opening to serving; whatever t->next is afterwards is not in use. */
static ay_status change(ay_service *s, ay_switching *t, ay_err *err)
{
    fresh f = {0};
    bool many = true;
    ay_status status = open_next(s, t, err);

    while (status == AY_OK && many) {
        set_phase(s, t, "embedding");
        status = embed_all(s, t, err);
        if (status != AY_OK)
            break;
        set_phase(s, t, "switching");
        status = read_fresh(s, &t->info, &f, err);
        if (status == AY_OK)
            status = go_on(s, t, err);
        if (status == AY_OK)
            status = switch_now(s, t, &f, &many, err);
    }
    fresh_fini(&f);
    return status;
}

static void end(ay_service *s, const ay_switching *t, ay_status status, const ay_err *err)
{
    char text[900];

    if (status == AY_OK)
        snprintf(text, sizeof text, "%s serves; %lld pictures got its vector", t->name, (long long)t->total);
    else if (status == AY_ECANCELLED)
        snprintf(text, sizeof text, "stopped; %s still serves", ay_service_encoder(s));
    else
        snprintf(text, sizeof text, "%s; %s still serves", err->msg, ay_service_encoder(s));
    ay_log(status == AY_OK ? AY_LOG_INFO : AY_LOG_WARN, "encoders", "changing to %s: %s", t->name, text);
    ay_job_end(s, t->job, status, text);
}

static void *run(void *arg)
{
    ay_service *s = arg;
    ay_switching *t = &s->encoders->turn;
    ay_err err = {{0}};
    ay_status status = change(s, t, &err);

    if (t->next.embedder.embed)
        s->encoder_driver.close(s->encoder_driver.ctx, &t->next);
    t->next = (ay_encoder){0};
    if (status == AY_OK) {
        ay_service_tell(s, "dataset", "", 0);
        ay_keeper_wake(s);
    }
    pthread_mutex_lock(&s->encoders->lock);
    t->over = true; /* who sees the job's end finds the place free */
    pthread_mutex_unlock(&s->encoders->lock);
    if (atomic_load(&s->encoders->stop) && status == AY_ECANCELLED)
        ay_job_save(s, t->job); /* as running: the next start goes on */
    else
        end(s, t, status, &err);
    return NULL;
}

/* ---- start */

static bool under_way(const ay_switching *t)
{
    return t->taken && !t->over;
}

int64_t ay_encoders_switching(ay_encoders *e, const char *name)
{
    int64_t job;

    pthread_mutex_lock(&e->lock);
    job = under_way(&e->turn) && strcmp(e->turn.name, name) == 0 ? e->turn.job : 0;
    pthread_mutex_unlock(&e->lock);
    return job;
}

/* With lock held: the job that waits begins. */
static ay_status begin(ay_service *s, ay_err *err)
{
    ay_switching *t = &s->encoders->turn;
    const char *request = NULL, *name;
    ay_status status = AY_OK;
    json_t *asked;
    int64_t job;
    ay_arena a;

    ay_arena_init(&a, 0);
    job = ay_job_take(s, "encoder", &a, &request);
    asked = job ? json_loads(request, 0, NULL) : NULL;
    name = json_string_value(json_object_get(asked, "encoder"));
    if (job && name) {
        if (t->taken)
            pthread_join(t->thread, NULL); /* it has all but told its end */
        *t = (ay_switching){.job = job};
        snprintf(t->name, sizeof t->name, "%s", name);
        set_phase(s, t, "opening");
        status = ay_thread_start(&t->thread, "encoder", run, s, err);
        t->taken = status == AY_OK;
        if (status != AY_OK)
            ay_job_end(s, job, status, err->msg);
    }
    json_decref(asked);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_encoders_resume(ay_service *s, ay_err *err)
{
    ay_status status = AY_OK;

    if (!s->encoder_driver.open)
        return AY_OK;
    pthread_mutex_lock(&s->encoders->lock);
    status = begin(s, err);
    pthread_mutex_unlock(&s->encoders->lock);
    return status;
}

/* With lock held. */
static ay_status start(ay_service *s, const char *name, int64_t *job, ay_err *err)
{
    const ay_switching *t = &s->encoders->turn;
    json_t *request;
    ay_status status;
    char *text;

    if (under_way(t)) {
        *job = t->job;
        return strcmp(t->name, name) == 0
                   ? AY_OK
                   : ay_fail(err, AY_ECONFLICT, "the change to %s is under way (job %lld); wait for it, or stop it",
                             t->name, (long long)t->job);
    }
    request = json_pack("{s:s}", "encoder", name);
    text = request ? ay_json_compact(request) : NULL;
    status = text ? ay_job_queue(s, "encoder", text, job, err) : ay_fail(err, AY_ENOMEM, "changing the encoder");
    ay_free(text);
    json_decref(request);
    return status == AY_OK ? begin(s, err) : status;
}

ay_status ay_encoder_use(ay_service *s, const char *word, int64_t *job, ay_err *err)
{
    char name[NAME], path[AY_HUB_PATH];
    const ay_preset *preset;
    ay_status status = ay_encoder_name(word, name, &preset, err);

    if (status == AY_OK && s->reading_only)
        status = ay_fail(err, AY_EBUSY, "another process has the data folder open");
    if (status == AY_OK && !s->encoder_driver.open)
        status = ay_fail(err, AY_EUNSUPPORTED, "this program does not change its encoder");
    if (status == AY_OK) {
        status = ay_model_locate(name, path, err);
        if (status == AY_ENOTFOUND)
            status = AY_ECONFLICT; /* it is known, and not here yet */
    }
    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->encoders->lock);
    status = start(s, name, job, err);
    pthread_mutex_unlock(&s->encoders->lock);
    return status;
}
