#include "service/words/wordy.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHAT_TO_DO "get one that does: assay model pull vit-b-32-laion2b, then " \
                   "assay serve --model vit-b-32-laion2b"

/* Only a server asks a language model: for a command that lists data sets a key that cannot be read is no
 * reason to fail. */
static ay_status open_expand(ay_service *s, ay_wordy *w, bool serve, ay_err *err)
{
    char folder[4200];
    ay_expand_options o = {.set = w->set.expand, .folder = s->reading_only ? NULL : folder};

    snprintf(folder, sizeof folder, "%s/expansions", s->data);
    return serve ? ay_expand_open(&w->expand, &o, err) : AY_OK;
}

static bool reads(const ay_word_reader *r)
{
    return r->embed && (!r->can || r->can(r->ctx));
}

ay_status ay_wordy_open(ay_service *s, const ay_service_options *o, ay_err *err)
{
    ay_wordy *w = ay_calloc(1, sizeof *w);
    ay_status status = AY_OK;

    if (!w)
        return ay_fail(err, AY_ENOMEM, "opening %s", s->data);
    s->words = w;
    w->reader = o->words;
    w->reads = reads(&o->words);
    w->dim = s->embedder.info->dim;
    ay_arena_init(&w->arena, 0);
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_init(&w->pairing, NULL);
    if (o->word_settings)
        w->set = *o->word_settings;
    else
        status = ay_word_settings_read(&w->set, NULL, NULL, err);
    if (status == AY_OK)
        status = ay_labels_defaults(&w->defaults, w->set.labels, w->set.labels_path, w->set.max_labels,
                                    &w->arena, err);
    return status == AY_OK ? open_expand(s, w, o->serve, err) : status;
}

void ay_wordy_close(ay_service *s)
{
    if (!s->words)
        return;
    ay_expand_close(s->words->expand);
    pthread_mutex_destroy(&s->words->lock);
    pthread_mutex_destroy(&s->words->pairing);
    ay_arena_fini(&s->words->arena);
    ay_free(s->words->rows);
    ay_free(s->words->vectors);
    ay_free(s->words);
}

ay_status ay_wordy_fault(ay_status status, ay_err *err)
{
    /* That is said of the model, not of what was sent. */
    if (status == AY_EUNSUPPORTED || status == AY_ENOTFOUND || status == AY_ECORRUPT) {
        ay_err_wrap(err, "the encoder reads no words (" WHAT_TO_DO ")");
        return AY_ECONFLICT;
    }
    return status;
}

/* With pairing held. */
static ay_status pair(ay_wordy *w, const ay_engine_info *m, ay_err *err)
{
    char digest[AY_SHA256_HEX];
    ay_words_info info;
    ay_status status = w->reader.info(w->reader.ctx, &info, err);

    if (status == AY_OK)
        status = w->reader.pair(w->reader.ctx, digest, err);
    if (status == AY_OK && (info.dim != m->dim || strcmp(digest, m->digest) != 0))
        status = ay_fail(err, AY_ECORRUPT, "its text tower belongs to other pictures' vectors");
    if (status != AY_OK)
        return status;
    w->scale = (double)info.scale;
    w->closed = info.closed;
    w->none = info.none;
    w->paired = true;
    return AY_OK;
}

ay_status ay_wordy_pair(ay_service *s, ay_err *err)
{
    const ay_engine_info *m = s->embedder.info;
    ay_wordy *w = s->words;
    ay_status status = AY_OK;

    if (!w->reader.embed)
        return ay_fail(err, AY_ECONFLICT, "the encoder \"%s\" reads no words; %s", m->name, WHAT_TO_DO);
    if (w->paired)
        return AY_OK;
    pthread_mutex_lock(&w->pairing);
    if (!w->paired)
        status = pair(w, m, err);
    pthread_mutex_unlock(&w->pairing);
    return ay_wordy_fault(status, err);
}

ay_status ay_wordy_embed(ay_service *s, const char *const *texts, int n, float *dst, ay_err *err)
{
    const ay_word_reader *r = &s->words->reader;

    return ay_wordy_fault(r->embed(r->ctx, texts, n, dst, err), err);
}

void ay_wordy_change(ay_service *s, const ay_word_reader *reader, int dim)
{
    ay_wordy *w = s->words;

    pthread_mutex_lock(&w->lock);
    w->reader = *reader;
    w->reads = reads(reader);
    w->dim = dim;
    w->loaded = false;
    w->paired = false;
    ay_free(w->rows);
    ay_free(w->vectors);
    w->rows = NULL;
    w->vectors = NULL;
    w->n = w->cap = 0;
    pthread_mutex_unlock(&w->lock);
}

/* With lock held: the row of a digest; -1: none. */
static int find(const ay_wordy *w, const char *sha256)
{
    for (int i = 0; i < w->n; i++)
        if (memcmp(w->rows[i].sha256, sha256, AY_SHA256_HEX) == 0)
            return i;
    return -1;
}

/* With lock held: the row to write into, in place of the oldest when all are taken. */
static int room(ay_wordy *w)
{
    int oldest = 0;

    if (w->n < w->cap)
        return w->n++;
    for (int i = 1; i < w->n; i++)
        if (w->rows[i].age < w->rows[oldest].age)
            oldest = i;
    return oldest;
}

static void write_row(ay_wordy *w, int at, const char *sha256, const char *asset, const float *v,
                      uint64_t age)
{
    ay_wordy_row *r = &w->rows[at];

    memcpy(r->sha256, sha256, AY_SHA256_HEX);
    if (*asset)
        strcpy(r->asset, asset); /* whoever gave it has measured it */
    r->age = age;
    memcpy(w->vectors + (size_t)at * (size_t)w->dim, v, (size_t)w->dim * sizeof *v);
}

static ay_status take_row(void *ctx, const ay_store_sighting *g, ay_err *err)
{
    ay_wordy *w = ctx;

    (void)err;
    if (g->vector.dim == w->dim && w->n < w->cap) {
        int at = w->n++;
        write_row(w, at, g->sha256, g->asset, g->vector.data, (uint64_t)(w->cap - at));
    }
    return AY_OK;
}

ay_status ay_wordy_load(ay_service *s, ay_err *err)
{
    const ay_engine_info *m = s->embedder.info;
    ay_wordy *w = s->words;
    ay_status status = AY_OK;

    if (!w->set.cache)
        return AY_OK;
    pthread_mutex_lock(&w->lock);
    if (!w->rows) {
        w->rows = ay_calloc((size_t)w->set.similar_scan, sizeof *w->rows);
        w->vectors = ay_alloc((size_t)w->set.similar_scan, (size_t)w->dim * sizeof *w->vectors);
        if (w->rows && w->vectors)
            w->cap = w->set.similar_scan;
        else
            status = ay_fail(err, AY_ENOMEM, "%d vectors of pictures", w->set.similar_scan);
        w->clock = (uint64_t)w->cap;
    }
    if (status == AY_OK && !w->loaded) {
        w->n = 0;
        status = ay_store_sighting_walk(s->store, m->digest, m->preprocess_digest, w->cap, take_row, w,
                                        err);
        w->loaded = status == AY_OK;
    }
    pthread_mutex_unlock(&w->lock);
    return status;
}

bool ay_wordy_find(ay_wordy *w, const char *sha256, float *dst)
{
    int at;

    pthread_mutex_lock(&w->lock);
    at = find(w, sha256);
    if (at >= 0) {
        w->rows[at].age = ++w->clock;
        memcpy(dst, w->vectors + (size_t)at * (size_t)w->dim, (size_t)w->dim * sizeof *dst);
    }
    pthread_mutex_unlock(&w->lock);
    return at >= 0;
}

/* Is it there, under that name? */
static bool is_kept(ay_wordy *w, const char *sha256, const char *asset)
{
    bool kept;
    int at;

    pthread_mutex_lock(&w->lock);
    at = find(w, sha256);
    kept = at >= 0 && (!*asset || strcmp(w->rows[at].asset, asset) == 0);
    pthread_mutex_unlock(&w->lock);
    return kept;
}

void ay_wordy_keep(ay_service *s, const char *sha256, const char *asset, const float *v)
{
    const ay_engine_info *m = s->embedder.info;
    ay_store_sighting g = {sha256, asset, {m->digest, m->preprocess_digest, v, m->dim}};
    ay_wordy *w = s->words;
    ay_err err = {{0}};
    int at;

    if (!w->set.cache || s->reading_only || is_kept(w, sha256, asset))
        return;
    if (ay_store_sighting_put(s->store, &g, &err) != AY_OK) {
        ay_log(AY_LOG_WARN, "words", "a picture's vector was not kept: %s", err.msg);
        return;
    }
    pthread_mutex_lock(&w->lock);
    at = find(w, sha256);
    if (at < 0) {
        at = room(w);
        w->rows[at].asset[0] = '\0';
    }
    write_row(w, at, sha256, asset, v, ++w->clock);
    pthread_mutex_unlock(&w->lock);
}

static int most_similar_first(const void *a, const void *b)
{
    const ay_word_similar *x = a, *y = b;

    if (x->similarity != y->similarity)
        return x->similarity < y->similarity ? 1 : -1;
    return strcmp(x->sha256, y->sha256);
}

static double cosine(const float *a, const float *b, int dim)
{
    double sum = 0;

    for (int i = 0; i < dim; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* With lock held. */
static ay_status collect(const ay_wordy *w, const char *sha256, const float *v, double threshold,
                         ay_arena *a, ay_word_similar *list, int *n, ay_err *err)
{
    for (int i = 0; i < w->n; i++) {
        double c = cosine(v, w->vectors + (size_t)i * (size_t)w->dim, w->dim);
        ay_word_similar *to = &list[*n];
        if (c < threshold || strcmp(w->rows[i].sha256, sha256) == 0)
            continue;
        memcpy(to->sha256, w->rows[i].sha256, AY_SHA256_HEX);
        to->similarity = c;
        to->klass = NULL;
        if (!(to->asset = ay_arena_strdup(a, w->rows[i].asset)))
            return ay_fail(err, AY_ENOMEM, "listing similar pictures");
        ++*n;
    }
    return AY_OK;
}

ay_status ay_wordy_similar(ay_wordy *w, const char *sha256, const float *v, double threshold, int limit,
                           ay_arena *a, ay_word_similar **out, int *n, ay_err *err)
{
    ay_status status;

    *n = 0;
    if (!w->set.cache || !w->set.similar)
        return AY_OK;
    pthread_mutex_lock(&w->lock);
    *out = ay_arena_alloc(a, ((size_t)w->n + 1) * sizeof **out);
    status = *out ? collect(w, sha256, v, threshold, a, *out, n, err)
                  : ay_fail(err, AY_ENOMEM, "listing similar pictures");
    pthread_mutex_unlock(&w->lock);
    if (status == AY_OK)
        qsort(*out, (size_t)*n, sizeof **out, most_similar_first);
    *n = *n < limit ? *n : limit;
    return status;
}
