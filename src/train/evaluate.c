#include "train/evaluate.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "train/stream.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    ay_evaluation *out;
    ay_classifier *c;
    const ay_corpus *corpus;
    const ay_evaluate_options *o;
    const int *map; /* corpus class -> model class */
    bool *done;     /* [n] */
    pthread_mutex_t lock;
} work;

/* ---- labels ---------------------------------------------------------------------------------- */

static int find_class(const ay_classifier_info *info, const char *name)
{
    for (int k = 0; k < info->classes; k++)
        if (strcmp(info->class_names[k], name) == 0)
            return k;
    return -1;
}

static ay_status make_map(const ay_corpus *corpus, const ay_classifier_info *info, bool strangers,
                          int **out, ay_err *err)
{
    int *map = ay_alloc((size_t)corpus->nclasses + 1, sizeof *map);

    *out = map;
    if (!map)
        return ay_fail(err, AY_ENOMEM, "classes");
    for (int k = 0; k < corpus->nclasses; k++) {
        map[k] = find_class(info, corpus->classes[k]);
        if (map[k] < 0 && !strangers)
            return ay_fail(err, AY_EINVAL,
                           "the pictures have a class \"%s\" that the model was not trained on; its "
                           "classes are %s, %s ...", corpus->classes[k], info->class_names[0],
                           info->class_names[info->classes > 1]);
    }
    return AY_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static ay_status make_room(ay_evaluation *e, int n, ay_err *err)
{
    size_t rows = (size_t)n, c = (size_t)e->classes, d = (size_t)e->dim;

    e->logits = ay_alloc(rows * c, sizeof *e->logits);
    e->probabilities = ay_alloc(rows * c, sizeof *e->probabilities);
    e->features = ay_alloc(rows * d, sizeof *e->features);
    e->labels = ay_alloc(rows, sizeof *e->labels);
    e->items = ay_alloc(rows, sizeof *e->items);
    e->top = ay_alloc(rows, sizeof *e->top);
    e->verdict = ay_alloc(rows, sizeof *e->verdict);
    e->unknown = ay_alloc(rows, sizeof *e->unknown);
    if (!e->logits || !e->probabilities || !e->features || !e->labels || !e->items || !e->top ||
        !e->verdict || !e->unknown)
        return ay_fail(err, AY_ENOMEM, "answers for %d pictures", n);
    return AY_OK;
}

/* The items to look at, evenly drawn when there are too many. */
static int choose(const ay_corpus *corpus, const ay_evaluate_options *o, int *items)
{
    int n = 0, kept;

    for (int i = 0; i < corpus->nitems; i++)
        if (o->split < 0 || (int)corpus->items[i].split == o->split)
            items[n++] = i;
    if (o->most <= 0 || n <= o->most)
        return n;
    kept = o->most;
    for (int i = 0; i < kept; i++)
        items[i] = items[(int64_t)i * n / kept];
    return kept;
}

static const char *path_at(void *ctx, size_t i)
{
    const work *w = ctx;

    return w->corpus->items[w->out->items[i]].path;
}

static const char *digest_at(void *ctx, size_t i)
{
    const work *w = ctx;

    return w->corpus->items[w->out->items[i]].digest;
}

static ay_status run(void *ctx, const ay_image *const *images, const size_t *index, int n, ay_err *err)
{
    work *w = ctx;
    ay_evaluation *e = w->out;
    size_t c = (size_t)e->classes, d = (size_t)e->dim;
    ay_prediction p[AY_STREAM_CHUNK];
    ay_status status = ay_classifier_run(w->c, images, n, p, err);

    if (status != AY_OK)
        return status;
    for (int k = 0; k < n; k++) {
        size_t i = index[k];
        memcpy(e->logits + i * c, p[k].logits, c * sizeof(float));
        memcpy(e->probabilities + i * c, p[k].probabilities, c * sizeof(float));
        memcpy(e->features + i * d, p[k].feature, d * sizeof(float));
        e->labels[i] = w->map[w->corpus->items[e->items[i]].label];
        e->top[i] = p[k].top;
        e->verdict[i] = p[k].verdict;
        e->unknown[i] = p[k].unknown;
        w->done[i] = true;
    }
    ay_predictions_fini(p);
    return AY_OK;
}

static void lost(void *ctx, size_t i, ay_status status, const ay_err *why)
{
    work *w = ctx;

    (void)status;
    pthread_mutex_lock(&w->lock);
    w->out->lost++;
    if (w->o->lost)
        w->o->lost(w->o->ctx, path_at(w, i), why->msg);
    pthread_mutex_unlock(&w->lock);
}

static void progress(void *ctx, size_t done, size_t n)
{
    const work *w = ctx;

    if (w->o->progress)
        w->o->progress(w->o->ctx, done, n);
}

/* Rows of pictures that could not be read go. */
static void compact(ay_evaluation *e, const bool *done, int n)
{
    size_t c = (size_t)e->classes, d = (size_t)e->dim, to = 0;

    for (size_t i = 0; i < (size_t)n; i++) {
        if (!done[i])
            continue;
        if (to < i) {
            memcpy(e->logits + to * c, e->logits + i * c, c * sizeof(float));
            memcpy(e->probabilities + to * c, e->probabilities + i * c, c * sizeof(float));
            memcpy(e->features + to * d, e->features + i * d, d * sizeof(float));
            e->labels[to] = e->labels[i];
            e->items[to] = e->items[i];
            e->top[to] = e->top[i];
            e->verdict[to] = e->verdict[i];
            e->unknown[to] = e->unknown[i];
        }
        to++;
    }
    e->n = (int)to;
}

static ay_status run_all(work *w, int n, ay_err *err)
{
    ay_stream s = {.n = (size_t)n,
                   .ctx = w,
                   .path = path_at,
                   .digest = digest_at,
                   .run = run,
                   .failed = lost,
                   .progress = progress,
                   .threads = w->o->threads,
                   .stop = {w->o->stop, NULL}};
    ay_status status;

    w->done = ay_calloc((size_t)n + 1, sizeof *w->done);
    if (!w->done)
        return ay_fail(err, AY_ENOMEM, "answers for %d pictures", n);
    pthread_mutex_init(&w->lock, NULL);
    status = ay_stream_run(&s, err);
    pthread_mutex_destroy(&w->lock);
    compact(w->out, w->done, n);
    ay_free(w->done);
    return status;
}

ay_status ay_evaluate(ay_evaluation *out, ay_classifier *c, const ay_corpus *corpus,
                      const ay_evaluate_options *o, ay_err *err)
{
    const ay_classifier_info *info = ay_classifier_get_info(c);
    work w = {.out = out, .c = c, .corpus = corpus, .o = o};
    uint64_t start = ay_clock_mono();
    int *map = NULL, n;
    ay_status status;

    *out = (ay_evaluation){.classes = info->classes, .dim = info->engine->dim};
    status = make_map(corpus, info, o->strangers, &map, err);
    if (status == AY_OK)
        status = make_room(out, corpus->nitems, err);
    if (status == AY_OK) {
        w.map = map;
        n = choose(corpus, o, out->items);
        status = run_all(&w, n, err);
    }
    ay_free(map);
    out->seconds = (double)(ay_clock_mono() - start) / 1e9;
    if (status != AY_OK)
        ay_evaluation_fini(out);
    return status;
}

void ay_evaluation_fini(ay_evaluation *e)
{
    ay_free(e->logits);
    ay_free(e->probabilities);
    ay_free(e->features);
    ay_free(e->labels);
    ay_free(e->items);
    ay_free(e->top);
    ay_free(e->verdict);
    ay_free(e->unknown);
    *e = (ay_evaluation){0};
}

/* ---- as text --------------------------------------------------------------------------------- */

void ay_csv_field(ay_buf *out, const char *text)
{
    bool formula = *text && strchr("=+-@\t\r", *text), quoted = formula || strpbrk(text, ",\"\n\r");

    if (!quoted) {
        ay_buf_puts(out, text);
        return;
    }
    ay_buf_puts(out, formula ? "\"'" : "\"");
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            ay_buf_putc(out, '"');
        ay_buf_putc(out, *p);
    }
    ay_buf_putc(out, '"');
}

void ay_evaluation_csv(const ay_evaluation *e, const ay_corpus *corpus, const ay_classifier *c,
                       ay_buf *out)
{
    const ay_classifier_info *info = ay_classifier_get_info(c);

    ay_buf_puts(out, "path,label,prediction,confidence,status");
    for (int k = 0; info->knows_unknown && k < AY_UNKNOWN_KINDS; k++)
        ay_buf_printf(out, ",%s", ay_unknown_name((ay_unknown_kind)k));
    ay_buf_puts(out, "\n");
    for (int i = 0; i < e->n; i++) {
        const ay_corpus_item *item = &corpus->items[e->items[i]];
        ay_csv_field(out, item->path);
        ay_buf_putc(out, ',');
        ay_csv_field(out, corpus->classes[item->label]);
        ay_buf_putc(out, ',');
        ay_csv_field(out, info->class_names[e->top[i]]);
        ay_buf_printf(out, ",%.9g,%s",
                      (double)e->probabilities[(size_t)i * (size_t)e->classes + (size_t)e->top[i]],
                      ay_verdict_name(e->verdict[i]));
        for (int k = 0; info->knows_unknown && k < AY_UNKNOWN_KINDS; k++)
            ay_buf_printf(out, ",%.9g", e->unknown[i].score[k]);
        ay_buf_puts(out, "\n");
    }
}
