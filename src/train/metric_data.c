/* train/metric_data.c - the list of a metric-learning run becomes a corpus that the loader can read.
 *
 * Every file is read once before the first epoch, on all processors: its digest, whether it decodes, and for
 * training pictures the sums of its pixels, squashed to the network's size as the network will see it.  Sums
 * are whole numbers, so that they are the same whoever adds them.  A turned picture has the pixels of its
 * original, so a file counts as often as it is in the list. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "train/metric_parts.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ------------------------------------------------------------------------------------- */

static ay_status check_item(const ay_metric_data *d, const ay_metric_item *it, ay_err *err)
{
    if (!it->path || !*it->path)
        return ay_fail(err, AY_EINVAL, "a picture without a path");
    if (it->label < 0 || it->label >= d->nlabels)
        return ay_fail(err, AY_EINVAL, "%s: label %d; there are %d", it->path, it->label, d->nlabels);
    if ((int)it->split < 0 || it->split >= AY_SPLIT_COUNT)
        return ay_fail(err, AY_EINVAL, "%s: it is on no side of the split", it->path);
    if (it->rotate % 90 != 0)
        return ay_fail(err, AY_EINVAL, "%s: turned by %d degrees; quarter turns are possible", it->path, it->rotate);
    return AY_OK;
}

static int by_group(const void *a, const void *b)
{
    const ay_metric_item *x = *(const ay_metric_item *const *)a, *y = *(const ay_metric_item *const *)b;

    return x->group != y->group ? (x->group < y->group ? -1 : 1) : (x > y) - (x < y);
}

/* What was made of one original is on one side: else what is judged on has been learnt. */
static ay_status check_groups(const ay_metric_data *d, ay_err *err)
{
    const ay_metric_item **order = ay_alloc((size_t)d->n, sizeof *order);
    ay_status status = order ? AY_OK : ay_fail(err, AY_ENOMEM, "a list of %d pictures: no memory", d->n);

    for (int i = 0; order && i < d->n; i++)
        order[i] = &d->items[i];
    if (order)
        qsort(order, (size_t)d->n, sizeof *order, by_group);
    for (int i = 1; status == AY_OK && i < d->n; i++)
        if (order[i]->group == order[i - 1]->group && order[i]->split != order[i - 1]->split)
            status = ay_fail(err, AY_EINVAL,
                             "%.200s (%s) and %.200s (%s) are of one original: all of them belong on one side",
                             order[i - 1]->path, ay_split_name(order[i - 1]->split), order[i]->path,
                             ay_split_name(order[i]->split));
    ay_free(order);
    return status;
}

static ay_status check_list(const ay_metric_data *d, ay_err *err)
{
    ay_status status = AY_OK;

    if (!d || d->n < 1)
        return ay_fail(err, AY_EINVAL, "there are no pictures to train on");
    if (d->nlabels < 2)
        return ay_fail(err, AY_EINVAL, "%d label%s: what is alike is learnt from at least two", d->nlabels,
                       d->nlabels == 1 ? "" : "s");
    for (int i = 0; status == AY_OK && i < d->n; i++)
        status = check_item(d, &d->items[i], err);
    return status == AY_OK ? check_groups(d, err) : status;
}

/* ---- every file once -------------------------------------------------------------------------------- */

typedef struct {
    const char *path;
    int first, times; /* items that name it: order[first] ...; of them to train on */
    int count;
    char digest[AY_SHA256_HEX];
    uint64_t sum[3], squares[3]; /* of one picture's bytes */
    int width, height;
    bool good;
    ay_err why;
} file;

typedef struct {
    ay_metric *run;
    int *order; /* items by path */
    file *files;
    int n;
    atomic_int next, done;
    atomic_bool stop;
    pthread_mutex_t lock; /* telling */
} scan;

static _Thread_local const ay_metric_item *sorted; /* for qsort, which has no context */

static int by_path(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b, c = strcmp(sorted[x].path, sorted[y].path);

    return c ? c : x - y;
}

static ay_status find_files(scan *s, ay_err *err)
{
    const ay_metric_data *d = s->run->data;

    s->order = ay_alloc((size_t)d->n, sizeof *s->order);
    s->files = ay_calloc((size_t)d->n, sizeof *s->files);
    if (!s->order || !s->files)
        return ay_fail(err, AY_ENOMEM, "a list of %d pictures: no memory", d->n);
    for (int i = 0; i < d->n; i++)
        s->order[i] = i;
    sorted = d->items;
    qsort(s->order, (size_t)d->n, sizeof *s->order, by_path);
    for (int k = 0; k < d->n; k++) {
        const ay_metric_item *it = &d->items[s->order[k]];
        if (k == 0 || strcmp(it->path, s->files[s->n - 1].path) != 0)
            s->files[s->n++] = (file){.path = it->path, .first = k};
        s->files[s->n - 1].count++;
        s->files[s->n - 1].times += it->split == AY_SPLIT_TRAIN;
    }
    return AY_OK;
}

static ay_status sum_pixels(const ay_metric *r, file *f, const ay_image *im)
{
    ay_preprocess p = {.size = r->size, .fit = AY_FIT_SQUASH, .filter = AY_FILTER_BILINEAR};
    ay_image fitted;
    ay_status status = ay_image_fit(im, &p, &fitted, &f->why);

    if (status != AY_OK)
        return status;
    for (size_t i = 0, n = (size_t)fitted.width * (size_t)fitted.height; i < n; i++)
        for (int c = 0; c < 3; c++) {
            uint64_t v = fitted.data[3 * i + (size_t)c];
            f->sum[c] += v;
            f->squares[c] += v * v;
        }
    ay_image_fini(&fitted);
    return AY_OK;
}

static void read_file(const ay_metric *r, file *f)
{
    enum { MOST = 20000000 };
    ay_buf bytes = {0};
    ay_image im = {0};
    ay_status status = ay_file_read(f->path, MOST, &bytes, &f->why);

    if (status == AY_OK) {
        ay_sha256_bytes(bytes.data, bytes.len, f->digest);
        status = ay_image_decode(bytes.data, bytes.len, NULL, &im, &f->why);
    }
    if (status == AY_OK && f->times > 0)
        status = sum_pixels(r, f, &im);
    f->width = im.width;
    f->height = im.height;
    f->good = status == AY_OK;
    ay_image_fini(&im);
    ay_buf_fini(&bytes);
}

static void scan_part(void *ctx, int part, int parts)
{
    scan *s = ctx;
    const ay_train_control *c = s->run->control;

    (void)parts;
    for (int i; (i = atomic_fetch_add(&s->next, 1)) < s->n && !atomic_load(&s->stop);) {
        read_file(s->run, &s->files[i]);
        atomic_fetch_add(&s->done, 1);
        if (c && (atomic_load(&c->cancel) || atomic_load(&c->pause)))
            atomic_store(&s->stop, true);
        if (part == parts - 1) /* the calling thread's part: nobody else tells */
            ay_metric_progress(s->run, AY_TRAIN_SCANNING, atomic_load(&s->done), s->n, 0, 0, 1, NAN);
    }
}

/* ---- a corpus ---------------------------------------------------------------------------------------- */

static int quarter(int degrees)
{
    return ((degrees / 90) % 4 + 4) % 4;
}

static ay_status make_corpus(ay_metric *r, const scan *s, ay_err *err)
{
    const ay_metric_data *d = r->data;
    ay_corpus *c = &r->corpus;
    ay_corpus_item *items;

    ay_arena_init(&c->arena, 0);
    items = ay_arena_alloc(&c->arena, ((size_t)d->n + 1) * sizeof *items);
    c->counts = ay_arena_alloc(&c->arena, (size_t)AY_SPLIT_COUNT * (size_t)d->nlabels * sizeof *c->counts);
    if (!items || !c->counts)
        return ay_fail(err, AY_ENOMEM, "a list of %d pictures: no memory", d->n);
    memset(c->counts, 0, (size_t)AY_SPLIT_COUNT * (size_t)d->nlabels * sizeof *c->counts);
    for (int f = 0; f < s->n; f++)
        for (int k = 0; k < s->files[f].count; k++) {
            int i = s->order[s->files[f].first + k];
            items[i] = (ay_corpus_item){.path = s->files[f].good ? d->items[i].path : NULL,
                                        .label = d->items[i].label, .split = d->items[i].split,
                                        .group = d->items[i].group, .turn = quarter(d->items[i].rotate),
                                        .width = s->files[f].width, .height = s->files[f].height};
            memcpy(items[i].digest, s->files[f].digest, sizeof items[i].digest);
        }
    for (int i = 0; i < d->n; i++) {
        if (!items[i].path)
            continue;
        c->counts[(int)items[i].split * d->nlabels + items[i].label]++;
        items[c->nitems++] = items[i];
    }
    c->items = items;
    c->classes = d->labels;
    c->nclasses = d->nlabels;
    return AY_OK;
}

static void take_snapshot(ay_metric *r)
{
    const ay_corpus *c = &r->corpus;
    ay_sha256 h;

    ay_sha256_init(&h);
    for (int i = 0; i < c->nitems; i++) {
        const ay_corpus_item *it = &c->items[i];
        const int numbers[] = {it->label, (int)it->split, it->group, it->turn};
        ay_sha256_add(&h, it->digest, sizeof it->digest);
        ay_sha256_add(&h, numbers, sizeof numbers);
    }
    for (int k = 0; k < c->nclasses; k++)
        ay_sha256_add(&h, c->classes[k], strlen(c->classes[k]) + 1);
    ay_sha256_hex(&h, r->corpus.snapshot);
    snprintf(r->result.snapshot, sizeof r->result.snapshot, "%s", r->corpus.snapshot);
}

/* Pooled over all pixels of all training pictures, in 0..1. */
static void pool(ay_metric *r, const scan *s)
{
    double count = 0, sum[3] = {0}, squares[3] = {0};

    for (int f = 0; f < s->n; f++) {
        const file *x = &s->files[f];
        if (!x->good)
            continue;
        count += (double)x->times * r->size * r->size;
        for (int c = 0; c < 3; c++) {
            sum[c] += (double)x->times * (double)x->sum[c];
            squares[c] += (double)x->times * (double)x->squares[c];
        }
    }
    for (int c = 0; c < 3; c++) {
        double mean = sum[c] / count, var = squares[c] / count - mean * mean;
        r->mean[c] = (float)(mean / 255);
        r->std[c] = (float)(sqrt(fmax(var, 1)) / 255); /* of one colour: no division by nothing */
    }
    memcpy(r->result.mean, r->mean, sizeof r->mean);
    memcpy(r->result.std, r->std, sizeof r->std);
}

/* How many labels have fewer pictures than that on a side, and the first of them: one note for all, there may
 * be hundreds. */
static int thin(const ay_corpus *c, ay_split side, int least, const char **first)
{
    int n = 0;

    for (int k = 0; k < c->nclasses; k++)
        if (ay_corpus_count(c, side, k) < least)
            *first = n++ ? *first : c->classes[k];
    return n;
}

static ay_status check_sides(ay_metric *r, ay_err *err)
{
    const ay_corpus *c = &r->corpus;
    const char *first = "";
    int without = thin(c, AY_SPLIT_TRAIN, 1, &first), learnt = c->nclasses - without, alone;

    if (without > 0)
        ay_metric_note(r, "labels_untrained|%d of %d labels have no training pictures, \"%s\" first", without,
                       c->nclasses, first);
    alone = thin(c, AY_SPLIT_VAL, 2, &first);
    if (alone > 0)
        ay_metric_note(r, "labels_unjudged|%d of %d labels have fewer than two pictures for validation, \"%s\" first: "
                          "whether these find each other cannot be seen", alone, c->nclasses, first);
    if (learnt < 2)
        return ay_fail(err, AY_EINVAL, "%d label has pictures to train on: what is alike is learnt from at least two",
                       learnt);
    if (ay_corpus_count(c, AY_SPLIT_VAL, -1) == 0)
        return ay_fail(err, AY_EINVAL, "there are no pictures for validation: without them nobody knows which epoch was "
                                       "the best");
    return AY_OK;
}

static void tell(ay_metric *r, const scan *s)
{
    const ay_corpus *c = &r->corpus;

    r->result.train = ay_corpus_count(c, AY_SPLIT_TRAIN, -1);
    r->result.val = ay_corpus_count(c, AY_SPLIT_VAL, -1);
    r->result.test = ay_corpus_count(c, AY_SPLIT_TEST, -1);
    r->result.skipped = r->data->n - c->nitems;
    r->result.classes = c->nclasses;
    for (int f = 0; f < s->n; f++)
        if (!s->files[f].good)
            ay_metric_note(r, "left_out|left out %s: %s", s->files[f].path, s->files[f].why.msg);
    ay_metric_note(r, "pictures|%d pictures of %d classes: %d to train on, %d to validate, %d to test", c->nitems,
                   c->nclasses, r->result.train, r->result.val, r->result.test);
}

ay_status ay_metric_scan(ay_metric *r, ay_err *err)
{
    scan s = {.run = r};
    ay_status status = check_list(r->data, err);

    ay_metric_phase(r, AY_TRAIN_SCANNING);
    if (status == AY_OK)
        status = find_files(&s, err);
    if (status == AY_OK) {
        int parts = r->s.workers ? r->s.workers : ay_cpu_count();
        ay_thread_share("ay-scan", parts < AY_THREAD_PARTS ? parts : AY_THREAD_PARTS, scan_part, &s);
        if (atomic_load(&s.stop))
            status = ay_fail(err, AY_ECANCELLED, "cancelled while the pictures were read");
    }
    if (status == AY_OK)
        status = make_corpus(r, &s, err);
    if (status == AY_OK) {
        take_snapshot(r);
        tell(r, &s);
        status = check_sides(r, err);
    }
    if (status == AY_OK)
        pool(r, &s);
    ay_free(s.order);
    ay_free(s.files);
    return status;
}

/* ---- loaders ------------------------------------------------------------------------------------------- */

static ay_status make_augment(ay_metric *r, ay_err *err)
{
    const ay_metric_settings *s = &r->s;
    ay_augment_settings a;

    ay_augment_none(&a, &r->preprocess);
    a.whole = a.jitter_first = true;
    a.brightness = (float)s->brightness;
    a.contrast = (float)s->contrast;
    a.saturation = (float)s->saturation;
    a.hue = (float)s->hue;
    a.randaugment_ops = s->randaugment_ops;
    a.randaugment_magnitude = s->randaugment_magnitude;
    return ay_augment_init(&r->augment, &a, err);
}

/* How many of a class a batch really has, and what of that a person should know (bug 38 of the old system:
 * there it was an assertion, caught, and the untrained network was the result). */
static ay_groups fit_batch(ay_metric *r, ay_err *err)
{
    const ay_corpus *c = &r->corpus;
    int *labels = ay_alloc((size_t)c->nitems + 1, sizeof *labels), n = 0;
    ay_groups g = {0};

    if (!labels) {
        ay_fail(err, AY_ENOMEM, "a list of %d pictures: no memory", c->nitems);
        return g;
    }
    for (int i = 0; i < c->nitems; i++)
        if (c->items[i].split == AY_SPLIT_TRAIN)
            labels[n++] = c->items[i].label;
    g = ay_sampler_fit(labels, (size_t)n, c->nclasses, r->s.per_class, r->s.batch_size);
    ay_free(labels);
    r->result.batch = g.batch;
    r->result.per_class = g.per_class;
    if (g.batch != r->s.batch_size || g.per_class != r->s.per_class)
        ay_metric_note(r, "batch_smaller|batches of %d pictures, %d of each of %d classes, instead of %d with %d of each: "
                          "more do not fit", g.batch, g.per_class, g.classes, r->s.batch_size, r->s.per_class);
    return g;
}

ay_status ay_metric_open_look(ay_metric *r, ay_split split, ay_loader **out, ay_err *err)
{
    enum { SHARE_OF_MEMORY = 32 };
    int n = ay_corpus_count(&r->corpus, split, -1);
    ay_loader_options o = {.split = split,
                           .batch = n < AY_METRIC_LOOK ? n : AY_METRIC_LOOK,
                           .order = AY_ORDER_PLAIN,
                           .preprocess = r->preprocess,
                           .threads = r->s.workers ? r->s.workers : -1,
                           .cache_bytes = ay_memory_size() / SHARE_OF_MEMORY};

    return ay_loader_open(out, &r->corpus, &o, err);
}

ay_status ay_metric_open_loaders(ay_metric *r, ay_err *err)
{
    enum { SHARE_OF_MEMORY = 8 };
    ay_groups g = fit_batch(r, err);
    ay_loader_options o = {.split = AY_SPLIT_TRAIN,
                           .batch = g.batch,
                           .per_class = g.per_class,
                           .augment = &r->augment,
                           .seed = (uint64_t)r->s.seed,
                           .threads = r->s.workers ? r->s.workers : -1,
                           .cache_bytes = ay_memory_size() / SHARE_OF_MEMORY};
    ay_status status = g.batch ? AY_OK : AY_ENOMEM;

    r->preprocess = (ay_preprocess){.size = r->size, .fit = AY_FIT_SQUASH, .filter = AY_FILTER_BILINEAR};
    memcpy(r->preprocess.mean, r->mean, sizeof r->mean);
    memcpy(r->preprocess.std, r->std, sizeof r->std);
    o.preprocess = r->preprocess;
    if (status == AY_OK)
        status = make_augment(r, err);
    if (status == AY_OK)
        status = ay_loader_open(&r->train, &r->corpus, &o, err);
    return status == AY_OK ? ay_metric_open_look(r, AY_SPLIT_VAL, &r->val, err) : status;
}

void ay_metric_close_loader(ay_metric *r, ay_loader **l)
{
    const ay_corpus_skip *failed = NULL;
    int n = *l ? ay_loader_failures(*l, &failed) : 0;

    for (int i = 0; i < n; i++)
        ay_metric_note(r, "left_out_training|left out while training, %s: %s", failed[i].path, failed[i].reason);
    ay_loader_close(*l);
    *l = NULL;
}
