/* train/words_make.c - pictures of a manifest to vectors, and the table to its two files. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/words_small.h"
#include "tensor/safetensors.h"
#include "train/find.h"
#include "train/manifest.h"
#include "train/stream.h"
#include "train/words_parts.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4400 };

typedef struct {
    const ay_words_make_options *o;
    ay_words_result *result;
    ay_listing listing;
    ay_arena arena;
    const char **classes; /* sorted */
    int nclasses;
    ay_wordlist list;
    const char **path; /* of each item */
    ay_words_data data;
    bool *good;
    ay_engine *engine;
    pthread_mutex_t lock;
} maker;

/* ---- which pictures --------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ay_status list_classes(maker *m, ay_err *err)
{
    size_t n = m->listing.n;

    m->classes = ay_arena_alloc(&m->arena, (n + 1) * sizeof *m->classes);
    if (!m->classes)
        return ay_fail(err, AY_ENOMEM, "%zu pictures", n);
    for (size_t i = 0; i < n; i++)
        m->classes[i] = m->listing.entries[i].label;
    qsort(m->classes, n, sizeof *m->classes, by_name);
    for (size_t i = 0; i < n; i++)
        if (m->nclasses == 0 || strcmp(m->classes[i], m->classes[m->nclasses - 1]) != 0)
            m->classes[m->nclasses++] = m->classes[i];
    return AY_OK;
}

static int class_of(const maker *m, const char *label)
{
    const char **at = bsearch(&label, m->classes, (size_t)m->nclasses, sizeof *m->classes, by_name);

    return (int)(at - m->classes);
}

/* Of a class with more training pictures than `each`, those at even distances; of the other sides all. */
static bool is_wanted(const ay_corpus_entry *e, int seen, int all, int each)
{
    return e->split != AY_SPLIT_TRAIN || all <= each || (long)(seen + 1) * each / all > (long)seen * each / all;
}

static ay_status choose(maker *m, ay_err *err)
{
    size_t n = m->listing.n;
    int *all = ay_calloc((size_t)m->nclasses + 1, sizeof *all), *seen = ay_calloc((size_t)m->nclasses + 1, sizeof *seen);
    ay_words_data *d = &m->data;
    ay_status status = AY_OK;

    d->item = ay_calloc(n + 1, sizeof *d->item);
    m->path = ay_arena_alloc(&m->arena, (n + 1) * sizeof *m->path);
    if (!all || !seen || !d->item || !m->path)
        status = ay_fail(err, AY_ENOMEM, "%zu pictures", n);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        all[class_of(m, m->listing.entries[i].label)] += m->listing.entries[i].split == AY_SPLIT_TRAIN;
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        const ay_corpus_entry *e = &m->listing.entries[i];
        int c = class_of(m, e->label), place = seen[c];
        seen[c] += e->split == AY_SPLIT_TRAIN;
        if (m->list.of_class[c] < 0 || !is_wanted(e, place, all[c], m->o->each ? m->o->each : 12))
            continue;
        m->path[d->n] = e->path;
        d->item[d->n++] = (ay_words_item){.entry = m->list.of_class[c], .class = c, .side = e->split};
    }
    for (int c = 0; c < m->nclasses && status == AY_OK; c++)
        m->result->classes += m->list.of_class[c] >= 0;
    ay_free(all);
    ay_free(seen);
    return status;
}

static ay_status read_lists(maker *m, const char *pictures, const char *list, ay_err *err)
{
    ay_status status;

    m->listing.arena = &m->arena;
    status = ay_manifest_read(&m->listing, pictures, err);
    if (status == AY_OK && (!m->listing.split_given || m->listing.n == 0))
        status = ay_fail(err, AY_EINVAL, "%s: words need a manifest with the sides train, val and test", pictures);
    if (status == AY_OK)
        status = list_classes(m, err);
    if (status == AY_OK)
        status = ay_wordlist_open(&m->list, list, m->classes, m->nclasses, err);
    return status == AY_OK ? choose(m, err) : status;
}

/* ---- vectors ---------------------------------------------------------------------------------- */

static const char *path_at(void *ctx, size_t i)
{
    return ((maker *)ctx)->path[i];
}

static ay_status embed(void *ctx, const ay_image *const *images, const size_t *index, int n, ay_err *err)
{
    maker *m = ctx;
    size_t dim = (size_t)m->data.dim;
    float *out = ay_alloc((size_t)n * dim, sizeof *out);
    ay_status status = out ? ay_engine_embed(m->engine, images, n, out, err)
                           : ay_fail(err, AY_ENOMEM, "%d vectors", n);

    for (int i = 0; i < n && status == AY_OK; i++) {
        memcpy(m->data.x + index[i] * dim, out + (size_t)i * dim, dim * sizeof *out);
        status = ay_hues_of(images[i], m->data.item[index[i]].hue, err);
        m->good[index[i]] = status == AY_OK;
    }
    ay_free(out);
    return status;
}

static void lost(void *ctx, size_t i, ay_status status, const ay_err *err)
{
    maker *m = ctx;

    (void)i, (void)status;
    pthread_mutex_lock(&m->lock);
    m->result->lost++;
    if (m->o->note)
        m->o->note(m->o->ctx, err->msg);
    pthread_mutex_unlock(&m->lock);
}

static void progress(void *ctx, size_t done, size_t n)
{
    maker *m = ctx;

    if (m->o->progress)
        m->o->progress(m->o->ctx, done, n);
}

static void close_gaps(maker *m)
{
    size_t dim = (size_t)m->data.dim;
    int kept = 0;

    for (int i = 0; i < m->data.n; i++) {
        if (!m->good[i])
            continue;
        m->data.item[kept] = m->data.item[i];
        memmove(m->data.x + (size_t)kept * dim, m->data.x + (size_t)i * dim, dim * sizeof *m->data.x);
        kept++;
    }
    m->data.n = m->result->pictures = kept;
}

static ay_status look(maker *m, const char *encoder, ay_err *err)
{
    ay_engine_options o = {.model = encoder, .precision = AY_PRECISION_AUTO, .workers = m->o->threads};
    ay_stream s = {.n = (size_t)m->data.n, .ctx = m, .path = path_at, .run = embed, .failed = lost,
                   .progress = progress, .threads = m->o->threads, .stop = {m->o->stop}};
    ay_status status = ay_engine_open(&m->engine, &o, err);

    if (status != AY_OK)
        return status;
    m->data.dim = ay_engine_get_info(m->engine)->dim;
    m->data.classes = m->nclasses;
    m->data.list = &m->list;
    m->data.x = ay_alloc((size_t)m->data.n * (size_t)m->data.dim + 1, sizeof *m->data.x);
    m->good = ay_calloc((size_t)m->data.n + 1, sizeof *m->good);
    status = m->data.x && m->good ? ay_stream_run(&s, err)
                                  : ay_fail(err, AY_ENOMEM, "vectors of %d pictures", m->data.n);
    if (status == AY_OK)
        close_gaps(m);
    return status;
}

/* ---- files ------------------------------------------------------------------------------------ */

static json_t *names_json(const maker *m, const ay_words_table *t, bool colours)
{
    json_t *out = json_array();

    for (int e = 0; e < m->list.n; e++)
        if (t->has[e] && (!colours || t->colour[e]))
            json_array_append_new(out, json_string(m->list.entry[e].name));
    return out;
}

static json_t *also_json(const maker *m, const ay_words_table *t)
{
    json_t *out = json_object();

    for (int i = 0; i < m->list.nalso; i++)
        if (t->has[m->list.also[i].entry])
            json_object_set_new(out, m->list.also[i].name, json_string(m->list.entry[m->list.also[i].entry].name));
    return out;
}

static json_t *table_json(const maker *m, const ay_words_table *t, const ay_words_tuning *w)
{
    const ay_engine_info *info = ay_engine_get_info(m->engine);
    json_t *say = json_array();

    for (int i = 0; i < m->list.nsay; i++)
        json_array_append_new(say, json_string(m->list.say[i]));
    return json_pack("{s:i, s:s, s:s, s:i, s:f, s:f, s:{s:f, s:f, s:f}, s:o, s:o, s:o, s:o}", "format", 1,
                     "name", info->name, "encoder", info->digest, "dim", info->dim, "scale", w->scale,
                     "colour_weight", ay_words_colour_weight, "none", "constant", w->constant, "cosine",
                     w->cosine, "log_labels", w->log_labels, "rows", names_json(m, t, false), "colours",
                     names_json(m, t, true), "also", also_json(m, t), "say", say);
}

static ay_status write_rows(const maker *m, const ay_words_table *t, const char *path, ay_err *err)
{
    const char *meta[] = {"format", "pt", NULL};
    size_t dim = (size_t)m->data.dim, n = 0;
    float *f = ay_alloc((size_t)m->list.n * dim + 1, sizeof *f);
    uint16_t *h = ay_alloc((size_t)m->list.n * dim + 1, sizeof *h);
    ay_named_tensor one = {.name = "words"};
    ay_status status = f && h ? AY_OK : ay_fail(err, AY_ENOMEM, "a table of words");

    for (int e = 0; e < m->list.n && status == AY_OK; e++)
        if (t->has[e]) {
            for (size_t k = 0; k < dim; k++)
                f[n * dim + k] = (float)t->row[(size_t)e * dim + k];
            n++;
        }
    if (status == AY_OK) {
        ay_from_f32(h, AY_F16, f, n * dim);
        one.tensor = ay_tensor_make(AY_F16, AY_SHAPE((int64_t)n, (int64_t)dim), h);
        status = ay_safetensors_write(path, &one, 1, meta, err);
    }
    m->result->rows = (int)n;
    ay_free(f);
    ay_free(h);
    return status;
}

static ay_status write_json(json_t *o, const char *path, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = o && ay_json_dump(o, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_REAL_PRECISION(9), &text)
                           ? ay_file_write(path, text.data, text.len, err)
                           : ay_fail(err, AY_ENOMEM, "a table of words");

    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static void add_size(ay_words_result *r, const char *path)
{
    struct stat st;

    r->bytes += stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

/* Both under other names first, so that a full disk leaves what was there. */
static ay_status write_table(maker *m, const ay_words_table *t, const ay_words_tuning *w, const char *folder,
                             ay_err *err)
{
    static const char *const names[] = {"words.safetensors", "words.json"};
    char now[2][PATH], then[2][PATH];
    ay_status status;

    for (int i = 0; i < 2; i++) {
        snprintf(then[i], PATH, "%.4300s/%s", folder, names[i]);
        snprintf(now[i], PATH, "%.4300s/%s.partial", folder, names[i]);
    }
    status = write_rows(m, t, now[0], err);
    if (status == AY_OK)
        status = write_json(table_json(m, t, w), now[1], err);
    for (int i = 0; i < 2 && status == AY_OK; i++) {
        if (rename(now[i], then[i]) != 0)
            status = ay_fail(err, AY_EIO, "%s cannot become %s: %s", now[i], then[i], strerror(errno));
        add_size(m->result, then[i]);
    }
    for (int i = 0; i < 2 && status != AY_OK; i++)
        unlink(now[i]);
    return status;
}

/* What was written, as it will be read. */
static ay_status count_names(maker *m, const char *folder, ay_err *err)
{
    ay_words_small *w;
    ay_status status = ay_words_small_open(&w, folder, err);

    if (status == AY_OK)
        m->result->names = ay_words_small_count(w);
    ay_words_small_close(w);
    return status;
}

/* ---- all -------------------------------------------------------------------------------------- */

static ay_status fit_and_write(maker *m, const char *folder, ay_err *err)
{
    ay_words_table t = {0};
    ay_words_tuning w = {0};
    ay_status status = ay_words_fit(&m->data, NULL, &t, err);

    if (status == AY_OK)
        status = ay_words_tune(&m->data, &t, &w, err);
    if (status == AY_OK)
        status = ay_words_measure(&m->data, &t, &w, m->result, err);
    if (status == AY_OK)
        status = ay_words_measure_unseen(&m->data, m->result, err);
    if (status == AY_OK)
        status = write_table(m, &t, &w, folder, err);
    if (status == AY_OK)
        status = count_names(m, folder, err);
    ay_words_table_fini(&t);
    return status;
}

ay_status ay_words_make(const char *encoder, const char *pictures, const char *list,
                        const ay_words_make_options *o, ay_words_result *result, ay_err *err)
{
    maker m = {.o = o, .result = result, .lock = PTHREAD_MUTEX_INITIALIZER};
    ay_status status = AY_OK;

    *result = (ay_words_result){0};
    ay_arena_init(&m.arena, 0);
    if (!ay_file_is_dir(encoder))
        status = ay_fail(err, AY_ENOTFOUND, "%s is no folder of an encoder", encoder);
    if (status == AY_OK)
        status = read_lists(&m, pictures, list, err);
    if (status == AY_OK)
        status = look(&m, encoder, err);
    if (status == AY_OK)
        status = fit_and_write(&m, encoder, err);
    ay_engine_close(m.engine);
    ay_listing_fini(&m.listing);
    ay_wordlist_fini(&m.list);
    ay_free(m.data.item);
    ay_free(m.data.x);
    ay_free(m.good);
    ay_arena_fini(&m.arena);
    return status;
}
