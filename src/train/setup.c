/* train/setup.c - settings become a corpus, a network, and epochs of the whole network. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/default.h"
#include "engine/session.h"
#include "train/run_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- pictures -------------------------------------------------------------------------------- */

typedef struct {
    ay_run *run;
    atomic_bool stop;
} scan_watch;

static void scan_progress(void *ctx, size_t done, size_t total)
{
    scan_watch *w = ctx;
    const ay_train_control *c = w->run->control;

    if (c && (atomic_load(&c->cancel) || atomic_load(&c->pause)))
        atomic_store(&w->stop, true);
    ay_run_progress(w->run, AY_TRAIN_SCANNING, (long)done, (long)total, 0, 0, 1, NAN);
}

static void tell_corpus(ay_run *r)
{
    const ay_corpus *c = &r->corpus;

    ay_run_note(r, "pictures|%d pictures of %d classes: %d to train on, %d to validate, %d to test", c->nitems,
                c->nclasses, ay_corpus_count(c, AY_SPLIT_TRAIN, -1),
                ay_corpus_count(c, AY_SPLIT_VAL, -1), ay_corpus_count(c, AY_SPLIT_TEST, -1));
    for (int i = 0; i < c->nskipped; i++)
        ay_run_note(r, "left_out|left out %s: %s", c->skipped[i].path, c->skipped[i].reason);
    for (int i = 0; i < c->nnotes; i++)
        if (r->observer && r->observer->note)
            r->observer->note(r->observer->ctx, &c->notes[i]);
    r->result.train = ay_corpus_count(c, AY_SPLIT_TRAIN, -1);
    r->result.val = ay_corpus_count(c, AY_SPLIT_VAL, -1);
    r->result.test = ay_corpus_count(c, AY_SPLIT_TEST, -1);
    r->result.skipped = c->nskipped;
    r->result.classes = c->nclasses;
    snprintf(r->result.snapshot, sizeof r->result.snapshot, "%s", c->snapshot);
}

ay_status ay_run_scan(ay_run *r, ay_err *err)
{
    const ay_train_settings *s = &r->s;
    scan_watch w = {.run = r};
    ay_corpus_options o;
    ay_status status;

    if (!*s->root)
        return ay_fail(err, AY_EINVAL, "no pictures named: give a folder, or data.root_dir");
    if (strcmp(s->backbone, "default") != 0 && !ay_file_exists(s->backbone)) /* before ten minutes of reading */
        return ay_fail(err, AY_ENOTFOUND,
                       "model.backbone: there is no %s; it is a folder or .safetensors file, or \"default\"",
                       s->backbone);
    ay_run_phase(r, AY_TRAIN_SCANNING);
    ay_corpus_defaults(&o);
    o.train_dir = s->train_dir;
    o.val_dir = strcmp(s->val_dir, "val") == 0 ? NULL : s->val_dir;
    o.test_dir = s->test_dir;
    o.val_fraction = s->val_share;
    o.test_fraction = s->test_share;
    o.seed = (uint64_t)s->seed;
    o.leaks = (ay_leaks)s->leaks;
    o.near_copies = s->split_near;
    o.threads = s->workers;
    o.progress = scan_progress;
    o.ctx = &w;
    o.cancel = &w.stop;
    status = ay_corpus_open(&r->corpus, s->root, &o, err);
    if (status != AY_OK)
        return status;
    tell_corpus(r);
    if (s->num_classes > 0 && s->num_classes != r->corpus.nclasses)
        return ay_fail(err, AY_EINVAL, "model.num_classes is %d, and %s has %d classes",
                       s->num_classes, s->root, r->corpus.nclasses);
    if (r->result.val == 0)
        return ay_fail(err, AY_EINVAL,
                       "%s has no validation pictures: without them nobody knows when to stop, and "
                       "confidence cannot be made honest (data.val_share, or a folder \"val\")",
                       s->root);
    return AY_OK;
}

/* ---- network --------------------------------------------------------------------------------- */

static ay_status open_model(ay_run *r, ay_err *err)
{
    const ay_train_settings *s = &r->s;
    ay_model_options o = {.logits = true,
                          .head = &r->head,
                          .auxiliary = s->auxiliary > 0,
                          .seed = (uint64_t)s->seed,
                          .size = s->image_size};

    r->fresh = !s->pretrained;
    if (r->fresh && strcmp(s->backbone, "default") == 0)
        return ay_model_blueprint(&r->model, s->architecture, &o, err);
    o.fresh = r->fresh;
    if (strcmp(s->backbone, "default") != 0)
        return ay_model_open(&r->model, s->backbone, &o, err);
    return ay_model_from_memory(
        &r->model, ay_default_weights, (size_t)(ay_default_weights_end - ay_default_weights),
        ay_default_config, (size_t)(ay_default_config_end - ay_default_config), &o, err);
}

ay_status ay_run_build(ay_run *r, ay_err *err)
{
    static const ay_nn_precision precision[] = {
        [AY_TRAIN_AUTO] = AY_NN_AUTO, [AY_TRAIN_F32] = AY_NN_F32, [AY_TRAIN_BF16] = AY_NN_BF16};
    const ay_model_info *info;
    ay_status status;

    r->threads = r->s.threads ? r->s.threads : ay_cpu_count();
    r->precision = strcmp(r->s.backend, "ref") == 0 ? AY_NN_F32 : precision[r->s.precision];
    r->head = (ay_model_head){
        .classes = r->corpus.nclasses, .hidden = r->s.hidden, .dropout = (float)r->s.dropout};
    if (r->s.classifier == AY_TRAIN_COSINE_HEAD)
        r->head = (ay_model_head){.classes = r->corpus.nclasses, .cosine = true};
    status = open_model(r, err);
    if (status == AY_OK)
        status = ay_weights_create(&r->weights, ay_model_graph(r->model), err);
    if (status != AY_OK)
        return status;
    info = ay_model_get_info(r->model);
    ay_run_note(r, r->fresh ? "network_fresh|%s: %s, %.2f million parameters, %d x %d pixels, from nothing"
                            : "network|%s: %s, %.2f million parameters, %d x %d pixels",
                info->name, info->arch, (double)info->parameters / 1e6, info->recipe.size,
                info->recipe.size);
    if (r->fresh && r->s.freeze_backbone)
        return ay_fail(err, AY_EINVAL, "model.freeze_backbone with model.pretrained false would keep "
                                       "a body that has learnt nothing");
    return AY_OK;
}

/* ---- epochs of the whole network -------------------------------------------------------------- */

static ay_status start_loader(void *ctx, uint64_t epoch, ay_err *err)
{
    return ay_loader_start(ctx, epoch, 0, err);
}

static ay_status next_batch(void *ctx, ay_fit_batch *out, ay_err *err)
{
    const ay_batch *b = NULL;
    ay_status status;

    do {
        status = ay_loader_next(ctx, &b, err);
    } while (status == AY_OK && b && b->n == 0); /* none of its files can be read any more */
    *out = (ay_fit_batch){0};
    if (status == AY_OK && b)
        *out = (ay_fit_batch){b->n, b->pixels, b->labels, b->targets};
    return status;
}

static ay_fit_source source_of(ay_loader *l, int batch)
{
    return (ay_fit_source){.ctx = l,
                           .batches = ay_loader_batches(l),
                           .pictures = ay_loader_pictures(l),
                           .batch = batch,
                           .start = start_loader,
                           .next = next_batch};
}

/* What the epochs of the whole network read from; open again when the pictures grow. */
typedef struct {
    ay_run *run;
    ay_fitting *fitting;
    ay_augment augment;
    ay_loader *train, *val;
} feed;

static void augmentation(const ay_train_settings *s, const ay_preprocess *p, ay_augment_settings *a)
{
    ay_augment_defaults(a, p);
    a->resized_crop = s->random_resized_crop;
    a->crop_scale[0] = (float)s->crop_least;
    a->zoom_out = (float)s->zoom_out;
    a->horizontal_flip = s->horizontal_flip ? 0.5f : 0;
    a->vertical_flip = s->vertical_flip ? 0.5f : 0;
    a->randaugment_ops = s->randaugment_count;
    a->randaugment_magnitude = s->randaugment_magnitude;
    a->rotation_degrees = (float)s->rotation_degrees;
    a->brightness = (float)s->brightness;
    a->contrast = (float)s->contrast;
    a->saturation = (float)s->saturation;
    a->hue = (float)s->hue;
    a->grayscale = (float)s->grayscale;
    a->noise = (float)s->noise;
    a->blur = (float)s->gaussian_blur;
    a->perspective = (float)s->perspective;
    a->erasing = (float)s->random_erasing;
}

/* Files that went or changed after the folder was opened: never silent. */
static void tell_failures(ay_run *r, const ay_loader *l)
{
    const ay_corpus_skip *failed = NULL;
    int n = l ? ay_loader_failures(l, &failed) : 0;

    for (int i = 0; i < n; i++)
        ay_run_note(r, "left_out_training|left out while training, %s: %s", failed[i].path, failed[i].reason);
}

static void close_loaders(feed *d)
{
    tell_failures(d->run, d->train);
    tell_failures(d->run, d->val);
    ay_loader_close(d->train);
    ay_loader_close(d->val);
    d->train = d->val = NULL;
}

static ay_status open_loaders(feed *d, const ay_preprocess *p, ay_err *err)
{
    enum { LOOK = 16, SHARE_OF_MEMORY = 8 };
    const size_t cache = ay_memory_size() / SHARE_OF_MEMORY;
    ay_run *r = d->run;
    const ay_train_settings *s = &r->s;
    int threads = s->workers ? s->workers : -1;
    ay_loader_options o = {.split = AY_SPLIT_TRAIN,
                           .batch = s->batch_size < r->result.train ? s->batch_size : r->result.train,
                           .drop_last = true,
                           .order = s->balanced_sampling ? AY_ORDER_BALANCED : AY_ORDER_SHUFFLE,
                           .preprocess = *p,
                           .augment = &d->augment,
                           .mix = {.mixup_alpha = (float)s->mixup, .cutmix_alpha = (float)s->cutmix,
                                   .p = (float)s->mix_share},
                           .seed = (uint64_t)s->seed,
                           .threads = threads,
                           .cache_bytes = cache};
    ay_status status = ay_loader_open(&d->train, &r->corpus, &o, err);

    o = (ay_loader_options){.split = AY_SPLIT_VAL,
                            .batch = r->result.val < LOOK ? r->result.val : LOOK,
                            .order = AY_ORDER_PLAIN,
                            .preprocess = *p,
                            .threads = threads,
                            .cache_bytes = cache / 4};
    return status == AY_OK ? ay_loader_open(&d->val, &r->corpus, &o, err) : status;
}

/* Pictures of the size that f wants, from loaders made anew. */
static ay_status resize(void *ctx, ay_err *err)
{
    feed *d = ctx;
    ay_run *r = d->run;
    ay_recipe recipe = ay_model_get_info(r->model)->recipe;
    int batch = r->s.batch_size < r->result.train ? r->s.batch_size : r->result.train;
    ay_augment_settings settings;
    ay_preprocess p;
    ay_status status;

    close_loaders(d);
    ay_recipe_resize(&recipe, d->fitting->size);
    p = ay_session_preprocess(&recipe);
    augmentation(&r->s, &p, &settings);
    status = ay_augment_init(&d->augment, &settings, err);
    if (status == AY_OK)
        status = open_loaders(d, &p, err);
    if (status == AY_OK) {
        d->fitting->train = source_of(d->train, batch);
        d->fitting->val = source_of(d->val, batch);
    }
    return status;
}

ay_status ay_run_tune(ay_run *r, ay_err *err)
{
    ay_fitting f = {.run = r, .stage = 1, .graph = ay_model_graph(r->model), .weights = r->weights,
                    .epochs = r->s.epochs};
    feed d = {.run = r, .fitting = &f};
    ay_status status;

    f.size = ay_model_get_info(r->model)->recipe.size;
    f.resize = resize;
    f.resize_ctx = &d;
    status = resize(&d, err);
    if (status == AY_OK)
        status = ay_fit_run(&f, err);
    close_loaders(&d);
    return status;
}
