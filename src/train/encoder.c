#include "train/encoder.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "models/model.h"
#include "tensor/dtype.h"
#include "tensor/safetensors.h"
#include "train/corpus.h"
#include "train/stream.h"
#include "train/whiten.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4400, NAME = 600 };
#define NORM_EPS 1e-5 /* of models/resnet.c's pool_norm */

typedef struct {
    ay_encoder_options o;
    ay_encoder_result result;
    ay_safetensors *st; /* of the trained model */
    ay_engine *engine;  /* gives what the head reads */
    ay_corpus corpus;
    int *chosen, n; /* places in the corpus */
    float *x;       /* [n, pooled] */
    bool *good;     /* [n] */
    pthread_mutex_t lock;
} maker;

/* ---- pictures ---------------------------------------------------------------------------------- */

static ay_status open_pictures(maker *m, const char *pictures, ay_err *err)
{
    ay_corpus_options o;
    int *seen;
    ay_status status;

    ay_corpus_defaults(&o);
    o.val_fraction = o.test_fraction = 0;
    o.near_copies = false;
    o.threads = m->o.threads;
    o.cancel = m->o.stop;
    status = ay_corpus_open(&m->corpus, pictures, &o, err);
    if (status != AY_OK)
        return status;
    seen = ay_calloc((size_t)m->corpus.nclasses + 1, sizeof *seen);
    m->chosen = ay_alloc((size_t)m->corpus.nitems + 1, sizeof *m->chosen);
    if (!seen || !m->chosen)
        status = ay_fail(err, AY_ENOMEM, "list of %d pictures", m->corpus.nitems);
    for (int i = 0; status == AY_OK && i < m->corpus.nitems; i++) {
        const ay_corpus_item *item = &m->corpus.items[i];
        if (item->split == AY_SPLIT_TRAIN && seen[item->label] < m->o.each) {
            seen[item->label]++;
            m->chosen[m->n++] = i;
        }
    }
    ay_free(seen);
    m->result.classes = m->corpus.nclasses;
    return status;
}

static const ay_corpus_item *item_at(const maker *m, size_t i)
{
    return &m->corpus.items[m->chosen[i]];
}

static const char *path_at(void *ctx, size_t i)
{
    return item_at(ctx, i)->path;
}

static const char *digest_at(void *ctx, size_t i)
{
    return item_at(ctx, i)->digest;
}

static ay_status embed(void *ctx, const ay_image *const *images, const size_t *index, int n, ay_err *err)
{
    maker *m = ctx;
    size_t row = (size_t)ay_engine_get_info(m->engine)->row;
    float *out = ay_alloc((size_t)n * row, sizeof *out);
    ay_status status = out ? ay_engine_embed(m->engine, images, n, out, err)
                           : ay_fail(err, AY_ENOMEM, "%d rows", n);

    for (int i = 0; i < n && status == AY_OK; i++) {
        memcpy(m->x + index[i] * row, out + (size_t)i * row, row * sizeof *out);
        m->good[index[i]] = true;
    }
    ay_free(out);
    return status;
}

static void lost(void *ctx, size_t i, ay_status status, const ay_err *err)
{
    maker *m = ctx;

    (void)i, (void)status;
    pthread_mutex_lock(&m->lock);
    m->result.lost++;
    if (m->o.note)
        m->o.note(m->o.ctx, err->msg);
    pthread_mutex_unlock(&m->lock);
}

static void progress(void *ctx, size_t done, size_t n)
{
    maker *m = ctx;

    if (m->o.progress)
        m->o.progress(m->o.ctx, done, n);
}

/* Rows of the pictures that could be read, together; their labels. */
static int close_gaps(maker *m, int *labels)
{
    size_t row = (size_t)m->result.pooled;
    int n = 0;

    for (int i = 0; i < m->n; i++) {
        if (!m->good[i])
            continue;
        memmove(m->x + (size_t)n * row, m->x + (size_t)i * row, row * sizeof *m->x);
        labels[n++] = item_at(m, (size_t)i)->label;
    }
    return n;
}

static ay_status measure(maker *m, ay_moments *moments, ay_err *err)
{
    ay_stream s = {.n = (size_t)m->n, .ctx = m, .path = path_at, .digest = digest_at, .run = embed,
                   .failed = lost, .progress = progress, .threads = m->o.threads, .stop = {m->o.stop}};
    int *labels = ay_alloc((size_t)m->n + 1, sizeof *labels);
    ay_status status;

    m->result.pooled = ay_engine_get_info(m->engine)->row;
    m->x = ay_alloc((size_t)m->n * (size_t)m->result.pooled + 1, sizeof *m->x);
    m->good = ay_calloc((size_t)m->n + 1, sizeof *m->good);
    status = labels && m->x && m->good ? ay_stream_run(&s, err)
                                       : ay_fail(err, AY_ENOMEM, "rows of %d pictures", m->n);
    if (status == AY_OK) {
        m->result.pictures = close_gaps(m, labels);
        status = ay_moments_create(moments, m->x, labels, m->result.pictures, m->result.pooled,
                                   m->corpus.nclasses, err);
    }
    ay_free(labels);
    return status;
}

/* ---- layers ------------------------------------------------------------------------------------ */

/* A stored tensor of this many numbers as doubles; the caller gives it to ay_free(). */
static double *numbers(const maker *m, const char *name, size_t count)
{
    const ay_tensor *t = ay_safetensors_find(m->st, name);
    float *f = ay_alloc(count + 1, sizeof *f);
    double *d = ay_alloc(count + 1, sizeof *d);

    if (!t || ay_shape_count(&t->shape) != count || !f || !d) {
        ay_free(f);
        ay_free(d);
        return NULL;
    }
    ay_to_f32(f, t->data, t->dtype, count);
    for (size_t i = 0; i < count; i++)
        d[i] = (double)f[i];
    ay_free(f);
    return d;
}

static ay_status trained_head(const maker *m, ay_affine *head, ay_err *err)
{
    const ay_tensor *w = ay_safetensors_find(m->st, "head.weight");
    size_t dim, p = (size_t)m->result.pooled;

    *head = (ay_affine){0};
    if (!w || w->shape.rank != 2 || w->shape.dim[1] != m->result.pooled)
        return ay_fail(err, AY_EINVAL, "the model has no layer \"head\" from %zu numbers to a vector: an "
                       "encoder is made of a network like \"ayresnet\"", p);
    dim = (size_t)w->shape.dim[0];
    *head = (ay_affine){(int)dim, (int)p, numbers(m, "head.weight", dim * p), numbers(m, "head.bias", dim)};
    if (head->weight && head->bias)
        return AY_OK;
    ay_affine_fini(head);
    return ay_fail(err, AY_EINVAL, "the model's layer \"head\" has no bias of %zu numbers", dim);
}

/* weight (norm x) + bias becomes one layer of x. */
static ay_status fold_norm(const maker *m, ay_affine *a, ay_err *err)
{
    size_t p = (size_t)a->p;
    double *scale, *shift, *mean, *var;

    if (!ay_safetensors_find(m->st, "pool_norm.weight"))
        return AY_OK;
    scale = numbers(m, "pool_norm.weight", p);
    shift = numbers(m, "pool_norm.bias", p);
    mean = numbers(m, "pool_norm.running_mean", p);
    var = numbers(m, "pool_norm.running_var", p);
    for (size_t i = 0; scale && shift && mean && var && i < p; i++) {
        double by = scale[i] / sqrt(var[i] + NORM_EPS);
        for (size_t k = 0; k < (size_t)a->dim; k++) {
            double *w = &a->weight[k * p + i];
            a->bias[k] += *w * (shift[i] - by * mean[i]);
            *w *= by;
        }
    }
    ay_status status = scale && shift && mean && var
                           ? AY_OK
                           : ay_fail(err, AY_ECORRUPT, "the model's layer \"pool_norm\" is not whole");
    ay_free(scale);
    ay_free(shift);
    ay_free(mean);
    ay_free(var);
    return status;
}

static ay_status make_head(maker *m, ay_affine *out, ay_err *err)
{
    ay_moments moments = {0};
    ay_affine trained = {0}, fitted = {0};
    ay_status status = measure(m, &moments, err);

    if (status == AY_OK)
        status = trained_head(m, &trained, err);
    if (status == AY_OK) {
        m->result.dim = m->o.dim ? m->o.dim : trained.dim;
        if (m->result.dim > m->result.pooled || m->result.pictures <= m->result.pooled)
            status = ay_fail(err, AY_EINVAL, "%d pictures of %d numbers each: more pictures than numbers "
                             "are needed, and a vector of at most as many (%d wanted)",
                             m->result.pictures, m->result.pooled, m->result.dim);
    }
    if (status == AY_OK)
        status = ay_whiten_fit(&fitted, &moments, m->result.dim, m->o.shrink, m->o.power, err);
    if (status == AY_OK)
        status = ay_whiten_join(out, &trained, &fitted, &moments, m->result.dim, err);
    if (status == AY_OK)
        status = fold_norm(m, out, err);
    ay_moments_fini(&moments);
    ay_affine_fini(&trained);
    ay_affine_fini(&fitted);
    return status;
}

/* ---- files ------------------------------------------------------------------------------------- */

static bool left_behind(const char *name)
{
    return strncmp(name, "head.", 5) == 0 || strncmp(name, "pool_norm.", 10) == 0 ||
           strncmp(name, "unknown.", 8) == 0;
}

/* Values to be written: half precision but for one dimension. */
static ay_status store(ay_named_tensor *dst, const char *name, const ay_shape *shape, const float *f,
                       ay_err *err)
{
    size_t n = ay_shape_count(shape);
    ay_dtype kind = shape->rank > 1 ? AY_F16 : AY_F32;
    void *data = ay_alloc(n + 1, ay_dtype_size(kind));

    if (!data)
        return ay_fail(err, AY_ENOMEM, "tensor %s", name);
    ay_from_f32(data, kind, f, n);
    *dst = (ay_named_tensor){name, ay_tensor_make(kind, *shape, data)};
    return AY_OK;
}

static ay_status store_body(const maker *m, ay_named_tensor *dst, size_t *n, ay_err *err)
{
    for (size_t i = 0; i < ay_safetensors_count(m->st); i++) {
        const ay_tensor *t = ay_safetensors_at(m->st, i);
        const char *name = ay_safetensors_name(m->st, i);
        float *f;
        ay_status status;

        if (left_behind(name) || !ay_dtype_is_float(t->dtype))
            continue;
        f = ay_alloc(ay_shape_count(&t->shape) + 1, sizeof *f);
        if (!f)
            return ay_fail(err, AY_ENOMEM, "tensor %s", name);
        ay_to_f32(f, t->data, t->dtype, ay_shape_count(&t->shape));
        status = store(&dst[*n], name, &t->shape, f, err);
        ay_free(f);
        if (status != AY_OK)
            return status;
        ++*n;
    }
    return AY_OK;
}

static ay_status store_head(const ay_affine *a, ay_named_tensor *dst, size_t *n, ay_err *err)
{
    size_t all = (size_t)a->dim * (size_t)a->p, dim = (size_t)a->dim;
    ay_shape matrix = AY_SHAPE(a->dim, a->p), row = AY_SHAPE(a->dim);
    float *f = ay_alloc(all + dim + 1, sizeof *f);
    ay_status status;

    if (!f)
        return ay_fail(err, AY_ENOMEM, "the head");
    for (size_t i = 0; i < all; i++)
        f[i] = (float)a->weight[i];
    for (size_t i = 0; i < dim; i++)
        f[all + i] = (float)a->bias[i];
    status = store(&dst[*n], "head.weight", &matrix, f, err);
    *n += status == AY_OK;
    if (status == AY_OK) {
        status = store(&dst[*n], "head.bias", &row, f + all, err);
        *n += status == AY_OK;
    }
    ay_free(f);
    return status;
}

static ay_status write_weights(const maker *m, const ay_affine *head, const char *folder, ay_err *err)
{
    const char *meta[] = {"format", "pt", "name", m->o.name, NULL};
    ay_named_tensor *list = ay_calloc(ay_safetensors_count(m->st) + 2, sizeof *list);
    char path[PATH];
    size_t n = 0;
    ay_status status = list ? store_body(m, list, &n, err) : ay_fail(err, AY_ENOMEM, "tensors");

    snprintf(path, sizeof path, "%.4300s/model.safetensors", folder);
    if (status == AY_OK)
        status = store_head(head, list, &n, err);
    if (status == AY_OK)
        status = ay_safetensors_write(path, list, n, meta, err);
    for (size_t i = 0; i < n; i++)
        ay_free(list[i].tensor.data);
    ay_free(list);
    return status;
}

/* Widths and depths of the four stages, as the tensors have them, for programs that read no tensors. */
static void describe_stages(const maker *m, json_t *o)
{
    json_t *widths = json_array(), *depths = json_array();
    char name[64];

    for (int stage = 1; stage <= 4; stage++) {
        const ay_tensor *t = NULL, *next;
        int depth = 0;
        do {
            snprintf(name, sizeof name, "layer%d.%d.conv1.weight", stage, depth);
            next = ay_safetensors_find(m->st, name);
            t = next ? next : t;
            depth += next != NULL;
        } while (next);
        json_array_append_new(widths, json_integer(t ? t->shape.dim[0] : 0));
        json_array_append_new(depths, json_integer(depth));
    }
    json_object_set_new(o, "widths", widths);
    json_object_set_new(o, "depths", depths);
}

/* The trained model's own, less what speaks of its classes. */
static ay_status write_config(const maker *m, const json_t *trained, const char *folder, ay_err *err)
{
    static const char *const kept[] = {"architecture", "pool_average", "pool_max", "preprocessing"};
    json_t *o = json_pack("{s:s, s:s, s:s, s:i}", "name", m->o.name, "version", m->o.version, "licence",
                          m->o.licence, "dim", m->result.dim);
    char path[PATH];
    ay_buf text = {0};
    ay_status status;

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(trained, kept[i]))
            json_object_set_new(o, kept[i], json_deep_copy(json_object_get(trained, kept[i])));
    describe_stages(m, o);
    json_object_set_new(json_object_get(o, "preprocessing"), "size",
                        json_integer(ay_engine_get_info(m->engine)->input_size));
    json_object_del(json_object_get(o, "preprocessing"), "resize");
    snprintf(path, sizeof path, "%.4300s/config.json", folder);
    status = ay_json_dump(o, JSON_INDENT(2), &text) ? ay_file_write(path, text.data, text.len, err)
                                                    : ay_fail(err, AY_ENOMEM, "config.json");
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static ay_status write_folder(const maker *m, const ay_affine *head, const json_t *config,
                              const char *out, ay_err *err)
{
    char folder[PATH];
    ay_status status;

    snprintf(folder, sizeof folder, "%.4000s.partial", out);
    status = ay_file_mkdirs(folder, err);
    if (status == AY_OK)
        status = write_weights(m, head, folder, err);
    if (status == AY_OK)
        status = write_config(m, config, folder, err);
    if (status == AY_OK && rename(folder, out) != 0)
        status = ay_fail(err, AY_EIO, "%s is ready but cannot become %s: %s", folder, out, strerror(errno));
    return status;
}

/* ---- all --------------------------------------------------------------------------------------- */

static void defaults(ay_encoder_options *o)
{
    o->each = o->each ? o->each : 12;
    o->shrink = o->shrink > 0 ? o->shrink : 0.1;
    o->power = o->power > 0 ? o->power : 0.25;
}

static ay_status open_model(maker *m, const char *model, json_t **config, ay_err *err)
{
    ay_engine_options o = {.model = model, .precision = AY_PRECISION_F32, .workers = m->o.threads,
                           .input_size = m->o.size, .raw = true, .bare = true};
    char path[PATH];
    ay_status status = ay_engine_open(&m->engine, &o, err);

    snprintf(path, sizeof path, "%.4300s/model.safetensors", model);
    if (status == AY_OK)
        status = ay_safetensors_open(&m->st, path, err);
    snprintf(path, sizeof path, "%.4300s/config.json", model);
    if (status == AY_OK && !(*config = json_load_file(path, 0, NULL)))
        status = ay_fail(err, AY_ECORRUPT, "%s is no JSON", path);
    return status;
}

ay_status ay_encoder_make(const char *model, const char *pictures, const char *out,
                          const ay_encoder_options *o, ay_encoder_result *result, ay_err *err)
{
    maker m = {.o = *o, .lock = PTHREAD_MUTEX_INITIALIZER};
    json_t *config = NULL;
    ay_affine head = {0};
    ay_status status = AY_OK;

    defaults(&m.o);
    if (ay_file_exists(out))
        status = ay_fail(err, AY_EEXISTS, "%s is there already: name another folder, or remove it", out);
    if (status == AY_OK)
        status = open_model(&m, model, &config, err);
    if (status == AY_OK)
        status = open_pictures(&m, pictures, err);
    if (status == AY_OK)
        status = make_head(&m, &head, err);
    if (status == AY_OK)
        status = write_folder(&m, &head, config, out, err);
    if (result)
        *result = m.result;
    ay_affine_fini(&head);
    ay_engine_close(m.engine);
    ay_safetensors_close(m.st);
    ay_corpus_fini(&m.corpus);
    json_decref(config);
    ay_free(m.chosen);
    ay_free(m.x);
    ay_free(m.good);
    return status;
}
