#include "train/loader.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_THREADS = 64, ALIGN = 64 };
#define POLL_NS 50000000 /* how often a waiting caller looks at cancel */

/* One batch being made or handed out. */
typedef struct {
    ay_batch out;
    float *pixels, *targets, *spare;
    int *labels, *items;
    bool *good;   /* per place */
    int places;   /* pictures it should have */
    int left;     /* places not yet filled */
    int number;   /* of the batch; -1: free */
    bool ready;
} slot;

typedef struct {
    ay_augment_room *room;
    ay_buf file;
} worker;

struct ay_loader {
    const ay_corpus *corpus;
    ay_loader_options o;
    int n, batches;  /* pictures of the side; batches of an epoch */
    int places;      /* pictures of an epoch: n, or as many as groups want */
    ay_groups groups;
    int *members;    /* member -> corpus item */
    int *labels;     /* member -> label */
    size_t *order;   /* place in the epoch -> member */
    uint32_t *again; /* place -> how often the member was shown before in this epoch */
    uint32_t *shown;

    pthread_mutex_t lock; /* everything below */
    pthread_cond_t work, done;
    slot *slots;
    uint64_t epoch;
    bool started, stop;
    int next_batch, next_place; /* the next place to fill */
    int taken;  /* the next batch to give out */
    int handed; /* the batch in the caller's hands; it and those after it have slots */
    int busy;                   /* places being filled */
    ay_image *cache;            /* member -> prepared picture; data NULL: not there */
    bool *failed;               /* member */
    ay_corpus_skip *failures;
    int nfailures;
    ay_arena words; /* of failures */
    ay_status status;
    ay_loader_stats stats;

    pthread_t threads[MOST_THREADS];
    worker workers[MOST_THREADS + 1]; /* the last one is the caller's */
    int nthreads, nworkers;
};

static ay_status no_memory(ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "no memory to load pictures");
}

/* Read and decode a member; why says what was wrong with the file. */
static ay_status load(ay_loader *l, worker *w, const ay_corpus_item *item, ay_image *im, ay_err *why)
{
    size_t limit = l->o.limits.max_bytes ? l->o.limits.max_bytes : 20000000;
    char digest[AY_SHA256_HEX];
    ay_status st;

    w->file.len = 0;
    st = ay_file_read(item->path, limit, &w->file, why);
    if (st)
        return st;
    ay_sha256_bytes(w->file.data, w->file.len, digest);
    if (strcmp(digest, item->digest) != 0)
        return ay_fail(why, AY_ECORRUPT, "the file has changed since the data set was opened");
    st = ay_image_decode(w->file.data, w->file.len, &l->o.limits, im, why);
    if (!st && l->o.preprocess.as_stored)
        ay_image_forget_alpha(im); /* augmentation cuts from what the network would see */
    if (!st && item->turn) {
        static const int exif[] = {1, 6, 3, 8};
        st = ay_image_orient(im, exif[item->turn & 3], why);
        if (st)
            ay_image_fini(im);
    }
    return st;
}

/* The picture as it is kept: before augmentation, or ready but for the floats. */
static ay_status make(ay_loader *l, worker *w, const ay_corpus_item *item, ay_image *out, ay_err *why)
{
    ay_image im;
    ay_status st = load(l, w, item, &im, why);

    if (st)
        return st;
    if (l->o.augment)
        st = ay_augment_prepare(l->o.augment, &im, out, why);
    else
        st = ay_image_fit(&im, &l->o.preprocess, out, why);
    ay_image_fini(&im);
    return st;
}

/* Keep it when there is room and nobody else has; true: the cache owns it now. */
static bool keep(ay_loader *l, int member, const ay_image *im)
{
    size_t bytes = (size_t)im->width * (size_t)im->height * 3;
    bool kept = false;

    pthread_mutex_lock(&l->lock);
    l->stats.decoded++;
    if (!l->cache[member].data && l->stats.cache_used + bytes <= l->o.cache_bytes) {
        l->cache[member] = *im;
        l->stats.cache_used += bytes;
        kept = true;
    }
    pthread_mutex_unlock(&l->lock);
    return kept;
}

/* Note a file that failed, the first time. */
static void blame(ay_loader *l, int member, const char *reason)
{
    const char *words;

    pthread_mutex_lock(&l->lock);
    if (!l->failed[member]) {
        l->failed[member] = true;
        words = ay_arena_strdup(&l->words, reason);
        if (!words)
            l->status = AY_ENOMEM;
        else
            l->failures[l->nfailures++] =
                (ay_corpus_skip){l->corpus->items[l->members[member]].path, words};
    }
    pthread_mutex_unlock(&l->lock);
}

/* From the prepared picture to floats. */
static ay_status finish_picture(ay_loader *l, worker *w, const ay_image *im, uint64_t epoch,
                                uint64_t index, float *dst, ay_err *err)
{
    if (l->o.augment)
        return ay_augment_apply(l->o.augment, w->room, im, l->o.seed, epoch, index, dst, err);
    ay_image_normalise(im, &l->o.preprocess, dst);
    return AY_OK;
}

/* Fill one place; false when its picture cannot be had. */
static bool fill(ay_loader *l, worker *w, slot *s, int place, uint64_t epoch)
{
    size_t side = (size_t)l->o.preprocess.size, each = 3 * side * side;
    size_t at = (size_t)s->number * (size_t)l->o.batch + (size_t)place;
    int member = (int)l->order[at], item = l->members[member];
    uint64_t index = (uint64_t)item + ((uint64_t)l->again[at] << 32);
    ay_image im = {0};
    bool cached, failed;
    ay_status st = AY_OK;
    ay_err err;

    pthread_mutex_lock(&l->lock);
    im = l->cache[member];
    cached = im.data != NULL;
    failed = l->failed[member];
    l->stats.cached += cached;
    pthread_mutex_unlock(&l->lock);
    if (failed)
        return false;
    if (!cached) {
        st = make(l, w, &l->corpus->items[item], &im, &err);
        cached = !st && keep(l, member, &im);
    }
    if (!st)
        st = finish_picture(l, w, &im, epoch, index, s->pixels + (size_t)place * each, &err);
    if (!cached)
        ay_image_fini(&im);
    if (st == AY_ENOMEM) {
        pthread_mutex_lock(&l->lock);
        l->status = st;
        pthread_mutex_unlock(&l->lock);
    } else if (st) {
        blame(l, member, err.msg);
    }
    s->labels[place] = l->labels[member];
    s->items[place] = item;
    return !st;
}

/* All places were tried: close the gaps, mix. */
static void complete(ay_loader *l, slot *s, uint64_t epoch)
{
    int size = l->o.preprocess.size, n = 0;
    size_t each = 3 * (size_t)size * (size_t)size;

    for (int i = 0; i < s->places; i++) {
        if (!s->good[i])
            continue;
        if (n != i) {
            memcpy(s->pixels + (size_t)n * each, s->pixels + (size_t)i * each, each * sizeof(float));
            s->labels[n] = s->labels[i];
            s->items[n] = s->items[i];
        }
        n++;
    }
    s->out = (ay_batch){n, s->number, s->pixels, s->labels, s->items, NULL};
    if (s->targets && n > 0) {
        ay_mix_draw m = ay_mix_choose(&l->o.mix, size, l->o.seed, epoch, (uint64_t)s->number);
        ay_mix_pictures(&m, s->pixels, n, 3, size, s->spare);
        ay_mix_targets(&m, s->labels, n, l->corpus->nclasses, s->targets);
        s->out.targets = s->targets;
    }
}

/* Is there a place to fill now?  Lock held. */
static bool has_work(const ay_loader *l)
{
    return l->next_batch < l->batches && l->next_batch < l->handed + l->o.ahead && !l->status &&
           !(l->o.cancel && atomic_load(l->o.cancel));
}

/* Take the next place, fill it, and close the batch when it was the last one.  Lock held on entry
 * and on return, not between. */
static void work_once(ay_loader *l, worker *w)
{
    slot *s = &l->slots[l->next_batch % l->o.ahead];
    int place = l->next_place++;
    uint64_t epoch = l->epoch;
    bool good;

    if (place == 0) {
        int rest = l->places - l->next_batch * l->o.batch;
        s->number = l->next_batch;
        s->places = s->left = rest < l->o.batch ? rest : l->o.batch;
        s->ready = false;
    }
    if (l->next_place == s->places) {
        l->next_batch++;
        l->next_place = 0;
    }
    l->busy++;
    pthread_mutex_unlock(&l->lock);
    good = fill(l, w, s, place, epoch);
    pthread_mutex_lock(&l->lock);
    s->good[place] = good;
    if (--s->left == 0) {
        pthread_mutex_unlock(&l->lock);
        complete(l, s, epoch);
        pthread_mutex_lock(&l->lock);
        s->ready = true;
    }
    l->busy--;
    pthread_cond_broadcast(&l->done);
}

typedef struct {
    ay_loader *l;
    worker *w;
} start_of_thread;

static void *work_on(void *arg)
{
    start_of_thread given = *(start_of_thread *)arg;
    ay_loader *l = given.l;

    ay_free(arg);
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        if (has_work(l))
            work_once(l, given.w);
        else
            pthread_cond_wait(&l->work, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static void slot_fini(slot *s)
{
    ay_free(s->pixels);
    ay_free(s->targets);
    ay_free(s->spare);
    ay_free(s->labels);
    ay_free(s->items);
    ay_free(s->good);
}

static ay_status slot_init(const ay_loader *l, slot *s, ay_err *err)
{
    size_t side = (size_t)l->o.preprocess.size, each = 3 * side * side, n = (size_t)l->o.batch;

    s->number = -1;
    s->pixels = ay_aligned_alloc(ALIGN, n * each * sizeof(float));
    s->labels = ay_calloc(n, sizeof *s->labels);
    s->items = ay_calloc(n, sizeof *s->items);
    s->good = ay_calloc(n, sizeof *s->good);
    if (!s->pixels || !s->labels || !s->items || !s->good)
        return no_memory(err);
    if (!ay_mix_on(&l->o.mix))
        return AY_OK;
    s->targets = ay_calloc(n * (size_t)l->corpus->nclasses, sizeof *s->targets);
    s->spare = ay_alloc(each, sizeof *s->spare);
    return s->targets && s->spare ? AY_OK : no_memory(err);
}

/* Batches of an epoch, and what they need. */
static ay_status plan_epoch(ay_loader *l, ay_err *err)
{
    int batch = l->o.batch;

    l->places = l->n;
    l->batches = l->o.drop_last && l->n > batch ? l->n / batch : (l->n + batch - 1) / batch;
    if (l->o.per_class > 0) {
        l->groups = ay_sampler_fit(l->labels, (size_t)l->n, l->corpus->nclasses, l->o.per_class, batch);
        l->batches = l->groups.batches;
        l->places = l->batches * batch;
        if (l->groups.batch != batch || l->groups.per_class != l->o.per_class)
            return ay_fail(err, AY_EINVAL, "batches of %d with %d of a class do not fit these pictures: %d with %d do",
                           batch, l->o.per_class, l->groups.batch, l->groups.per_class);
    }
    l->order = ay_calloc((size_t)l->places + 1, sizeof *l->order);
    l->again = ay_calloc((size_t)l->places + 1, sizeof *l->again);
    return l->order && l->again ? AY_OK : no_memory(err);
}

static ay_status gather(ay_loader *l, ay_err *err)
{
    const ay_corpus *c = l->corpus;
    size_t n;

    l->n = ay_corpus_count(c, l->o.split, -1);
    n = (size_t)l->n + 1;
    l->members = ay_calloc(n, sizeof *l->members);
    l->labels = ay_calloc(n, sizeof *l->labels);
    l->shown = ay_calloc(n, sizeof *l->shown);
    l->cache = ay_calloc(n, sizeof *l->cache);
    l->failed = ay_calloc(n, sizeof *l->failed);
    l->failures = ay_calloc(n, sizeof *l->failures);
    l->slots = ay_calloc((size_t)l->o.ahead, sizeof *l->slots);
    if (!l->members || !l->labels || !l->shown || !l->cache || !l->failed || !l->failures || !l->slots)
        return no_memory(err);
    for (int i = 0, k = 0; i < c->nitems; i++)
        if (c->items[i].split == l->o.split) {
            l->members[k] = i;
            l->labels[k++] = c->items[i].label;
        }
    return plan_epoch(l, err);
}

static ay_status check(const ay_corpus *c, const ay_loader_options *o, ay_err *err)
{
    if (o->batch < 1 || o->batch > 65536)
        return ay_fail(err, AY_EINVAL, "a batch of %d pictures; 1 to 65536 are possible", o->batch);
    if (o->threads > MOST_THREADS || o->threads < -1 || o->ahead < 0 || o->ahead > 1024)
        return ay_fail(err, AY_EINVAL, "%d loading threads, %d batches ahead: out of range",
                       o->threads, o->ahead);
    if (o->preprocess.size < 8 || o->preprocess.size > 2048)
        return ay_fail(err, AY_EINVAL, "pictures of %d pixels a side; 8 to 2048 are possible",
                       o->preprocess.size);
    if (o->augment && o->augment->settings.size != o->preprocess.size)
        return ay_fail(err, AY_EINVAL, "augmentation gives %d pixels a side, the network reads %d",
                       o->augment->settings.size, o->preprocess.size);
    if (ay_corpus_count(c, o->split, -1) == 0)
        return ay_fail(err, AY_EINVAL, "there are no %s pictures", ay_split_name(o->split));
    return AY_OK;
}

static ay_status start_threads(ay_loader *l, ay_err *err)
{
    int want = l->o.threads;

    for (int i = 0; i < (want ? want : 1); i++, l->nworkers++)
        if (l->o.augment) {
            ay_status st = ay_augment_room_create(&l->workers[i].room, l->o.augment, err);
            if (st)
                return st;
        }
    for (int i = 0; i < want; i++) {
        start_of_thread *given = ay_calloc(1, sizeof *given);
        ay_status st;
        if (!given)
            return no_memory(err);
        *given = (start_of_thread){l, &l->workers[i]};
        st = ay_thread_start(&l->threads[i], "ay-load", work_on, given, err);
        if (st) {
            ay_free(given);
            return st;
        }
        l->nthreads++;
    }
    return AY_OK;
}

ay_status ay_loader_open(ay_loader **out, const ay_corpus *corpus, const ay_loader_options *o,
                         ay_err *err)
{
    ay_status st = check(corpus, o, err);
    ay_loader *l;

    *out = NULL;
    if (st)
        return st;
    l = ay_calloc(1, sizeof *l);
    if (!l)
        return no_memory(err);
    l->corpus = corpus;
    l->o = *o;
    l->o.ahead = o->ahead == 0 ? 3 : o->ahead < 2 ? 2 : o->ahead;
    if (o->threads < 0)
        l->o.threads = ay_cpu_count() < MOST_THREADS ? ay_cpu_count() : MOST_THREADS;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->done, NULL);
    ay_arena_init(&l->words, 0);
    st = gather(l, err);
    for (int i = 0; !st && i < l->o.ahead; i++)
        st = slot_init(l, &l->slots[i], err);
    l->next_batch = l->batches; /* nothing to do until start */
    if (!st)
        st = start_threads(l, err);
    if (st) {
        ay_loader_close(l);
        return st;
    }
    *out = l;
    return AY_OK;
}

static void free_arrays(ay_loader *l)
{
    for (int i = 0; l->slots && i < l->o.ahead; i++)
        slot_fini(&l->slots[i]);
    for (int i = 0; l->cache && i < l->n; i++)
        ay_image_fini(&l->cache[i]);
    ay_free(l->members);
    ay_free(l->labels);
    ay_free(l->order);
    ay_free(l->again);
    ay_free(l->shown);
    ay_free(l->cache);
    ay_free(l->failed);
    ay_free(l->failures);
    ay_free(l->slots);
    ay_arena_fini(&l->words);
}

void ay_loader_close(ay_loader *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->nthreads; i++)
        pthread_join(l->threads[i], NULL);
    for (int i = 0; i <= MOST_THREADS; i++) {
        ay_augment_room_destroy(l->workers[i].room);
        ay_buf_fini(&l->workers[i].file);
    }
    pthread_cond_destroy(&l->work);
    pthread_cond_destroy(&l->done);
    pthread_mutex_destroy(&l->lock);
    free_arrays(l);
    ay_free(l);
}

int ay_loader_batches(const ay_loader *l)
{
    return l->batches;
}

int ay_loader_pictures(const ay_loader *l)
{
    return l->batches * l->o.batch < l->places ? l->batches * l->o.batch : l->places;
}

/* Nobody works any more, and nobody will until the next start.  Lock held. */
static void quiet(ay_loader *l)
{
    l->next_batch = l->batches;
    while (l->busy > 0)
        pthread_cond_wait(&l->done, &l->lock);
    for (int i = 0; i < l->o.ahead; i++) {
        l->slots[i].number = -1;
        l->slots[i].ready = false;
    }
}

ay_status ay_loader_start(ay_loader *l, uint64_t epoch, int first_batch, ay_err *err)
{
    ay_status st;

    if (first_batch < 0 || first_batch > l->batches)
        return ay_fail(err, AY_EINVAL, "an epoch has %d batches; there is no batch %d", l->batches,
                       first_batch);
    pthread_mutex_lock(&l->lock);
    quiet(l);
    st = l->o.per_class > 0
             ? ay_sampler_groups(&l->groups, l->labels, (size_t)l->n, l->corpus->nclasses, l->o.seed, epoch,
                                 l->order, err)
             : ay_sampler_order(l->o.order, l->labels, (size_t)l->n, l->corpus->nclasses, l->o.seed, epoch,
                                l->order, err);
    memset(l->shown, 0, (size_t)l->n * sizeof *l->shown);
    for (int i = 0; !st && i < l->places; i++)
        l->again[i] = l->shown[l->order[i]]++;
    if (!st) {
        l->epoch = epoch;
        l->next_batch = l->handed = l->taken = first_batch;
        l->next_place = 0;
        l->started = true;
        pthread_cond_broadcast(&l->work);
    }
    pthread_mutex_unlock(&l->lock);
    return st;
}

static bool cancelled(const ay_loader *l)
{
    return l->o.cancel && atomic_load(l->o.cancel);
}

/* Wait for a batch, or make it when there are no workers.  Lock held. */
static ay_status wait_for(ay_loader *l, const slot *s, int number, ay_err *err)
{
    uint64_t from = ay_clock_mono();

    while (!(s->ready && s->number == number)) {
        if (l->status)
            return no_memory(err);
        if (cancelled(l))
            return ay_fail(err, AY_ECANCELLED, "stopped on request");
        if (l->nthreads == 0) {
            work_once(l, &l->workers[0]);
        } else {
            struct timespec t;
            clock_gettime(CLOCK_REALTIME, &t);
            t.tv_nsec += POLL_NS;
            t.tv_sec += t.tv_nsec / 1000000000;
            t.tv_nsec %= 1000000000;
            pthread_cond_timedwait(&l->done, &l->lock, &t);
        }
    }
    l->stats.waited += (double)(ay_clock_mono() - from) / 1e9;
    return AY_OK;
}

ay_status ay_loader_next(ay_loader *l, const ay_batch **out, ay_err *err)
{
    ay_status st = AY_OK;

    *out = NULL;
    pthread_mutex_lock(&l->lock);
    if (!l->started)
        st = ay_fail(err, AY_EINVAL, "the loader was not started");
    while (!st && !*out) {
        int number = l->taken; /* asking for it gives the one before back */
        if (number >= l->batches)
            break;
        l->handed = number;
        pthread_cond_broadcast(&l->work);
        slot *s = &l->slots[number % l->o.ahead];
        st = wait_for(l, s, number, err);
        if (!st) {
            l->taken++;
            if (s->out.n > 0)
                *out = &s->out;
        }
    }
    pthread_mutex_unlock(&l->lock);
    return st;
}

int ay_loader_failures(const ay_loader *l, const ay_corpus_skip **out)
{
    ay_loader *m = (ay_loader *)l;
    int n;

    pthread_mutex_lock(&m->lock);
    *out = l->failures;
    n = l->nfailures;
    pthread_mutex_unlock(&m->lock);
    return n;
}

void ay_loader_get_stats(const ay_loader *l, ay_loader_stats *out)
{
    ay_loader *m = (ay_loader *)l;

    pthread_mutex_lock(&m->lock);
    *out = l->stats;
    pthread_mutex_unlock(&m->lock);
}
