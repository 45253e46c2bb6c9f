/* train/fit.c - epochs: batches forward, a loss, backward, a step; then a look at validation.
 *
 * The best weights are those with the highest validation accuracy, the lower loss deciding between
 * equals, and they are a copy, so that what is restored at the end is what was best.  Patience
 * counts epochs without a gain: min_delta of accuracy, or as much loss at no less accuracy (with
 * ninety validation pictures accuracy moves in steps of 0.011 and stands still while the loss still
 * falls).
 *
 * A batch may be smaller than the plan: the rows behind it repeat its pictures (so that batch
 * statistics stay theirs) and get no gradient.
 *
 * Everything an epoch depends on is the weights, the optimiser, the averages and (seed, epoch), so a
 * checkpoint between epochs is enough to go on bit for bit. */
#include "base/clock.h"
#include "base/mem.h"
#include "train/calibrate.h"
#include "train/loss.h"
#include "train/metrics.h"
#include "train/run_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_BATCH = 16, CHECKPOINT_SECONDS = 30, LAG_STEPS = 32 };

static uint64_t stage_seed(const ay_fitting *f)
{
    return (uint64_t)f->run->s.seed * 2 + (uint64_t)f->stage;
}

/* ---- plans ----------------------------------------------------------------------------------- */

/* How many of model.unfreeze's prefixes move in this epoch; all when the list is empty. */
static int thawed_in(const ay_fitting *f, int epoch)
{
    int n = 0;

    for (const char *p = f->run->s.unfreeze; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        n++;
    if (f->stage == 0 || n == 0)
        return -1;
    return 1 + epoch / f->run->s.unfreeze_every < n ? 1 + epoch / f->run->s.unfreeze_every : n;
}

static ay_status thaw(ay_fitting *f, int count, ay_err *err)
{
    char prefix[256];
    const char *p = f->run->s.unfreeze;

    ay_weights_freeze(f->weights, "", count >= 0);
    ay_weights_freeze(f->weights, "head.fc", false);
    for (int i = 0; i < count; i++) {
        size_t len = strcspn(p, ",");
        snprintf(prefix, sizeof prefix, "%.*s", (int)(len < 250 ? len : 250), p);
        if (ay_weights_freeze(f->weights, prefix, false) == 0)
            return ay_fail(err, AY_EINVAL,
                           "model.unfreeze: no weight of this network starts with '%s'", prefix);
        p += len + (p[len] == ',');
    }
    if (f->keep_norms)
        ay_norms_freeze(f->weights);
    return AY_OK;
}

/* Pixels a side in this epoch, in steps of eight. */
static int size_in(const ay_fitting *f, int epoch)
{
    int first = f->run->s.first_size, last = ay_model_get_info(f->run->model)->recipe.size;
    double share = f->epochs > 1 ? (double)epoch / (f->epochs - 1) : 1;

    if (!f->resize || first == 0 || epoch >= f->epochs - 1)
        return f->resize ? last : 0;
    return (int)lround((first + (last - first) * share) / 8) * 8;
}

static ay_status make_learn(const ay_fitting *f, ay_learn **out, int batch, bool inference, ay_err *err)
{
    const ay_train_settings *s = &f->run->s;
    ay_learn_options o = {.batch = batch,
                          .backend = s->backend,
                          .precision = f->stage == 0 ? AY_NN_F32 : f->run->precision,
                          .threads = f->stage == 0 ? 1 : f->run->threads, /* small matrices */
                          .seed = stage_seed(f),
                          .checkpoint = s->activation_checkpoints && !inference,
                          .inference = inference};
    ay_shape shape = AY_SHAPE(batch, 3, f->size, f->size);
    ay_status status;

    if (f->size)
        o.input_shapes = &shape;
    status = ay_learn_create(out, f->graph, f->weights, &o, err);
    if (status == AY_EUNSUPPORTED && f->stage == 0) {
        o.backend = "ref";
        status = ay_learn_create(out, f->graph, f->weights, &o, err);
    }
    return status;
}

/* Pictures of the size that this epoch wants. */
static ay_status grow(ay_fitting *f, ay_err *err)
{
    int size = size_in(f, f->epoch);

    if (size == f->size)
        return AY_OK;
    ay_learn_destroy(f->learn);
    ay_learn_destroy(f->look);
    f->learn = f->look = NULL;
    f->size = size;
    return f->resize(f->resize_ctx, err);
}

/* The plans for this epoch: made anew when more of the body moves than before, or pictures grow. */
static ay_status prepare(ay_fitting *f, ay_err *err)
{
    int look = f->val.pictures < LOOK_BATCH ? f->val.pictures : LOOK_BATCH;
    int count = thawed_in(f, f->epoch);
    ay_status status = grow(f, err);

    if (status != AY_OK)
        return status;
    if (!f->learn || count != f->thawed) {
        ay_learn_destroy(f->learn);
        f->learn = NULL;
        f->thawed = count;
        status = thaw(f, count, err);
        if (status == AY_OK)
            status = make_learn(f, &f->learn, f->train.batch, false, err);
    }
    if (status == AY_OK && !f->look)
        status = make_learn(f, &f->look, look, true, err);
    return status;
}

static const ay_optim_kind kinds[] = {[AY_TRAIN_ADAM] = AY_OPTIM_ADAM,
                                      [AY_TRAIN_ADAMW] = AY_OPTIM_ADAMW,
                                      [AY_TRAIN_SGD] = AY_OPTIM_SGD};

/* A step turns a row of length s by 1 / s of its own length; SGD's gradient falls behind by as much
 * again, since only the direction counts.  A quarter and a half of that taken back: rows as quick as
 * those of a classifier with a scale of its own. */
static float direction_rate(const ay_fitting *f)
{
    double s = f->run->s.cosine_scale;

    return (float)(f->run->s.optimiser == AY_TRAIN_SGD ? s * s / 4 : s / 2);
}

static ay_status make_optim(ay_fitting *f, ay_err *err)
{
    const ay_train_settings *s = &f->run->s;
    ay_optim_options o = {.kind = kinds[s->optimiser],
                          .momentum = s->optimiser == AY_TRAIN_SGD ? 0.9f : 0,
                          .decay = (float)s->weight_decay,
                          .clip_norm = (float)s->clip_norm,
                          .threads = f->run->threads};
    bool averages = s->ema_decay > 0 || s->swa_start > 0;
    ay_status status = ay_optim_create(&f->optim, f->weights, &o, err);

    if (status != AY_OK)
        return status;
    if (f->stage == 1 && !f->run->fresh) {
        ay_optim_group(f->optim, "", (float)s->body_rate, 1);
        if (s->head_epochs == 0) /* else it has been learnt already: quick steps would spoil the body */
            ay_optim_group(f->optim, "head.fc", 1, 1);
    }
    if (f->run->head.cosine)
        ay_optim_group(f->optim, "head.fc.weight", direction_rate(f), 0);
    return averages ? ay_average_create(&f->average, f->weights, (float)s->ema_decay, err) : AY_OK;
}

static double rate_at(const ay_fitting *f, double epoch)
{
    static const ay_schedule_kind kind[] = {[AY_TRAIN_COSINE] = AY_SCHEDULE_COSINE,
                                            [AY_TRAIN_STEP] = AY_SCHEDULE_STEP,
                                            [AY_TRAIN_PLATEAU] = AY_SCHEDULE_PLATEAU,
                                            [AY_TRAIN_CONSTANT] = AY_SCHEDULE_NONE};
    const ay_train_settings *s = &f->run->s;
    ay_schedule sched = {.kind = kind[s->scheduler],
                         .warmup = s->warmup_epochs,
                         .epochs = f->epochs,
                         .step_size = s->step_size,
                         .gamma = s->gamma,
                         .patience = s->plateau_patience};

    return s->learning_rate * ay_schedule_at(&sched, epoch, &f->plateau);
}

/* ---- one epoch ------------------------------------------------------------------------------- */

/* Batch into the plan's input; rows behind it repeat it. */
static void fill(const ay_learn *p, const ay_fit_batch *b, int batch)
{
    const ay_tensor *in = ay_learn_input(p, 0);
    size_t row = ay_tensor_count(in) / (size_t)batch;

    for (int i = 0; i < batch; i++)
        memcpy((float *)in->data + (size_t)i * row, b->x + (size_t)(i % b->n) * row,
               row * sizeof(float));
}

/* Outputs by name: a graph of a whole network gives the vector first. */
static int logits_output(const ay_fitting *f)
{
    return f->stage == 0 ? 0 : 1;
}

static bool has_auxiliary(const ay_fitting *f)
{
    return f->stage == 1 && f->run->s.auxiliary > 0;
}

static void clear_diffs(const ay_fitting *f)
{
    for (int i = 0; i <= logits_output(f) + has_auxiliary(f); i++) {
        const ay_tensor *d = ay_learn_diff_output(f->learn, i);
        memset(d->data, 0, ay_tensor_bytes(d));
    }
}

typedef struct {
    double loss;
    long right, seen;
} tally;

/* The loss on the last stage alone; its gradient is all that is wanted of it. */
static void auxiliary_loss(const ay_fitting *f, const ay_loss *loss, const ay_fit_batch *b)
{
    int out = logits_output(f) + 1;
    const ay_tensor *d = ay_learn_diff_output(f->learn, out);
    size_t n = (size_t)b->n * (size_t)loss->classes;
    float *diff = d->data;

    ay_loss_cross_entropy(loss, ay_learn_output(f->learn, out)->data, b->labels, b->targets, b->n,
                          diff, NULL);
    for (size_t i = 0; i < n; i++)
        diff[i] *= (float)f->run->s.auxiliary;
}

/* The directions of a cosine classifier have one length: what a step changed of it is taken back. */
static void keep_length(const ay_fitting *f)
{
    const ay_weight *w = f->run->head.cosine ? ay_weights_find(f->weights, "head.fc.weight") : NULL;
    size_t dim = w ? (size_t)w->shape.dim[1] : 0;

    for (size_t k = 0; w && k < (size_t)w->shape.dim[0]; k++) {
        float *row = w->value + k * dim;
        double sum = 0;
        for (size_t i = 0; i < dim; i++)
            sum += (double)row[i] * (double)row[i];
        double by = sum > 0 ? f->run->s.cosine_scale / sqrt(sum) : 0;
        for (size_t i = 0; i < dim; i++)
            row[i] = (float)(row[i] * by);
    }
}

static ay_status one_step(ay_fitting *f, const ay_fit_batch *b, uint64_t step, double rate, tally *t,
                          double *latest, ay_err *err)
{
    ay_loss loss = {.classes = f->run->head.classes,
                    .smoothing = (float)f->run->s.label_smoothing,
                    .weight = f->class_weight};
    int right, out = logits_output(f);
    ay_status status;

    fill(f->learn, b, f->train.batch);
    status = ay_learn_forward(f->learn, step, err);
    if (status != AY_OK)
        return status;
    clear_diffs(f);
    *latest = ay_loss_cross_entropy(&loss, ay_learn_output(f->learn, out)->data, b->labels,
                                    b->targets, b->n, ay_learn_diff_output(f->learn, out)->data,
                                    &right);
    if (!isfinite(*latest))
        return ay_fail(err, AY_ECORRUPT, "the loss is not a number any more");
    if (has_auxiliary(f))
        auxiliary_loss(f, &loss, b);
    status = ay_learn_backward(f->learn, false, err);
    if (status == AY_OK)
        status = ay_optim_step(f->optim, (float)rate, NULL, err);
    keep_length(f);
    if (status == AY_OK && f->average && f->run->s.ema_decay > 0)
        ay_average_update(f->average);
    t->loss += *latest * b->n;
    t->right += right;
    t->seen += b->n;
    return status;
}

static int shown_epoch(const ay_fitting *f)
{
    return f->run->history.n + 1;
}

static ay_status train_epoch(ay_fitting *f, ay_train_point *p, ay_err *err)
{
    ay_run *r = f->run;
    uint64_t first = (uint64_t)f->epoch * (uint64_t)f->train.batches;
    tally t = {0};
    ay_fit_batch b;
    double latest = 0;
    ay_status status = f->train.start(f->train.ctx, (uint64_t)f->epoch, err);

    p->learning_rate = rate_at(f, f->epoch);
    for (int i = 0; status == AY_OK && i < f->train.batches; i++) {
        double rate = r->s.warmup_epochs > f->epoch
                          ? rate_at(f, f->epoch + (double)i / f->train.batches)
                          : p->learning_rate;
        p->learning_rate = rate;
        status = ay_run_paused(r, err);
        if (status == AY_OK)
            status = f->train.next(f->train.ctx, &b, err);
        if (status != AY_OK || b.n == 0 || ay_run_cancelled(r))
            break;
        status = one_step(f, &b, first + (uint64_t)i, rate, &t, &latest, err);
        ay_run_progress(r, f->stage ? AY_TRAIN_FINE_TUNING : AY_TRAIN_HEAD,
                        (long)f->epoch * f->train.batches + i + 1,
                        (long)f->epochs * f->train.batches, shown_epoch(f),
                        r->history.n - f->epoch + f->epochs, (double)f->train.batch, latest);
    }
    if (status == AY_ECORRUPT)
        ay_err_wrap(err, "epoch %d: training came apart, a lower training.learning_rate than %g may help",
                    shown_epoch(f), r->s.learning_rate);
    p->train_loss = t.seen ? t.loss / (double)t.seen : NAN;
    p->train_accuracy = t.seen ? (double)t.right / (double)t.seen : NAN;
    return status;
}

/* Logits of all validation pictures as the weights are now. */
static ay_status look_at_all(ay_fitting *f, int *n, ay_err *err)
{
    size_t c = (size_t)f->run->head.classes;
    ay_learn_info info;
    ay_fit_batch b;
    ay_status status = f->val.start(f->val.ctx, 0, err);

    ay_learn_get_info(f->look, &info);
    *n = 0;
    while (status == AY_OK) {
        status = ay_run_paused(f->run, err);
        if (status == AY_OK)
            status = f->val.next(f->val.ctx, &b, err);
        if (status != AY_OK || b.n == 0)
            break;
        fill(f->look, &b, info.batch);
        status = ay_learn_forward(f->look, 0, err);
        if (status != AY_OK)
            break;
        memcpy(f->val_logits + (size_t)*n * c, ay_learn_output(f->look, logits_output(f))->data,
               (size_t)b.n * c * sizeof(float));
        memcpy(f->val_labels + *n, b.labels, (size_t)b.n * sizeof *b.labels);
        *n += b.n;
    }
    return status;
}

static bool all_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

/* Where a logit is no number, none of the epoch's figures is: it is never the best, and training goes on
 * as far as its own loss is one. */
static ay_status measure(ay_fitting *f, ay_train_point *p, ay_err *err)
{
    ay_metrics_options o = {.resamples = -1};
    ay_loss loss = {.classes = f->run->head.classes};
    ay_metrics m;
    int n = 0;
    ay_status status = look_at_all(f, &n, err);

    if (status == AY_OK && n == 0)
        status = ay_fail(err, AY_EIO, "no validation picture can be read any more");
    if (status != AY_OK)
        return status;
    if (!all_finite(f->val_logits, (size_t)n * (size_t)loss.classes)) {
        p->val_loss = p->val_accuracy = p->val_f1 = NAN;
        return AY_OK;
    }
    p->val_loss = ay_loss_cross_entropy(&loss, f->val_logits, f->val_labels, NULL, n, NULL, NULL);
    ay_temperature_apply(f->val_logits, f->val_logits, n, loss.classes, 1.0);
    status = ay_metrics_compute(&m, f->val_logits, f->val_labels, n, loss.classes, &o, err);
    if (status != AY_OK)
        return status;
    p->val_accuracy = m.accuracy;
    p->val_f1 = m.macro_f1;
    ay_metrics_fini(&m);
    return AY_OK;
}

/* ---- between epochs -------------------------------------------------------------------------- */

static ay_status keep_best(ay_fitting *f, ay_train_point *p, ay_err *err)
{
    ay_best *best = &f->run->best;
    size_t n;
    const float *values = ay_weights_values(f->weights, &n);

    p->best = isfinite(p->val_loss) &&
              (!best->any || p->val_accuracy > best->score ||
               (p->val_accuracy == best->score && p->val_loss < best->loss));
    if (!p->best)
        return AY_OK;
    if (!best->values)
        best->values = ay_alloc(n, sizeof *best->values);
    if (!best->values)
        return ay_fail(err, AY_ENOMEM, "a copy of the best weights");
    memcpy(best->values, values, n * sizeof *values);
    best->any = true;
    best->score = p->val_accuracy;
    best->loss = p->val_loss;
    best->epoch = p->epoch;
    best->stored = false;
    return AY_OK;
}

static void count_patience(ay_fitting *f, const ay_train_point *p)
{
    ay_schedule s = {.kind = AY_SCHEDULE_PLATEAU,
                     .gamma = f->run->s.gamma,
                     .patience = f->run->s.plateau_patience};

    if (f->run->s.scheduler == AY_TRAIN_PLATEAU)
        ay_plateau_score(&f->plateau, &s, isfinite(p->val_loss) ? p->val_accuracy : 0);
    if (p->val_accuracy > f->reference + f->run->s.min_delta ||
        (p->val_accuracy >= f->reference && p->val_loss < f->reference_loss - f->run->s.min_delta)) {
        f->reference = p->val_accuracy;
        f->reference_loss = p->val_loss;
        f->waiting = 0;
    } else {
        f->waiting++;
    }
}

static ay_status record(ay_fitting *f, const ay_train_point *p, ay_err *err)
{
    ay_run *r = f->run;
    const ay_scalar values[] = {{"train/loss", p->train_loss},       {"train/accuracy", p->train_accuracy},
                                {"val/loss", p->val_loss},           {"val/accuracy", p->val_accuracy},
                                {"val/macro_f1", p->val_f1},         {"train/learning_rate", p->learning_rate}};
    ay_status status = ay_history_add(&r->history, p, err);

    if (status == AY_OK && r->events && ay_event_file_add(r->events, p->epoch, values, 6, err) != AY_OK) {
        ay_run_note(r, "no_events|no more event files: %s", err->msg); /* curves for looking at are not worth a run */
        ay_event_file_close(r->events);
        r->events = NULL;
    }
    if (status == AY_OK && r->observer && r->observer->point)
        r->observer->point(r->observer->ctx, p);
    return status;
}

/* Running statistics are of the last ten steps or so, averaged ones of more: in the first steps, when
 * weights move fast, that is of another network (validation loss 1.9 where measured ones give 0.2).
 * Later they are better than those of a few batches, being of many.  A plain mean of weights that lie
 * epochs apart never has statistics of its own. */
static bool statistics_lag(const ay_fitting *f, bool averaged)
{
    return f->stage > 0 && ((f->epoch + 1) * f->train.batches < LAG_STEPS ||
                            (averaged && !(f->run->s.ema_decay > 0)));
}

/* The averages are judged and kept where there are any. */
static ay_status judge_epoch(ay_fitting *f, ay_train_point *p, ay_err *err)
{
    const ay_train_settings *s = &f->run->s;
    bool averaged = f->average && (s->ema_decay > 0 || f->epoch + 1 >= s->swa_start);
    ay_status status;

    if (averaged && !(s->ema_decay > 0))
        ay_average_update(f->average);
    if (averaged)
        ay_average_swap(f->average);
    status = statistics_lag(f, averaged) ? ay_norms_measure(f, err) : AY_OK;
    if (status == AY_OK)
        status = measure(f, p, err);
    if (status == AY_OK)
        status = keep_best(f, p, err);
    if (averaged)
        ay_average_swap(f->average);
    return status;
}

static bool checkpoint_due(const ay_fitting *f)
{
    return f->epoch % f->run->s.save_frequency == 0 ||
           ay_clock_mono() - f->run->saved > CHECKPOINT_SECONDS * 1000000000ull;
}

static ay_status one_epoch(ay_fitting *f, ay_err *err)
{
    ay_run *r = f->run;
    uint64_t start = ay_clock_mono();
    ay_train_point p = {.epoch = r->history.n + 1, .body = f->stage > 0};
    ay_status status = prepare(f, err);

    if (status == AY_OK)
        status = train_epoch(f, &p, err);
    if (status != AY_OK || ay_run_cancelled(r))
        return status; /* half an epoch is not judged: the best so far stands */
    status = judge_epoch(f, &p, err);
    if (status != AY_OK)
        return status;
    count_patience(f, &p);
    p.seconds = (double)(ay_clock_mono() - start) / 1e9;
    status = record(f, &p, err);
    f->epoch++;
    if (status == AY_OK && checkpoint_due(f))
        status = ay_checkpoint_write(f, err);
    return status;
}

static ay_status make_room(ay_fitting *f, ay_err *err)
{
    size_t c = (size_t)f->run->head.classes;

    f->val_logits = ay_alloc((size_t)f->val.pictures * c, sizeof *f->val_logits);
    f->val_labels = ay_alloc((size_t)f->val.pictures, sizeof *f->val_labels);
    if (!f->val_logits || !f->val_labels)
        return ay_fail(err, AY_ENOMEM, "room for %d validation pictures", f->val.pictures);
    if (!f->run->s.class_weights)
        return AY_OK;
    f->class_weight = ay_alloc(c, sizeof *f->class_weight);
    if (!f->class_weight)
        return ay_fail(err, AY_ENOMEM, "weights of %zu classes", c);
    ay_corpus_class_weights(&f->run->corpus, f->class_weight);
    return AY_OK;
}

static void fini(ay_fitting *f)
{
    ay_learn_destroy(f->learn);
    ay_learn_destroy(f->look);
    ay_optim_destroy(f->optim);
    ay_average_destroy(f->average);
    ay_free(f->class_weight);
    ay_free(f->val_logits);
    ay_free(f->val_labels);
    f->learn = f->look = NULL;
    f->optim = NULL;
    f->average = NULL;
    f->class_weight = f->val_logits = NULL;
    f->val_labels = NULL;
}

ay_status ay_fit_run(ay_fitting *f, ay_err *err)
{
    ay_run *r = f->run;
    size_t n;
    float *values = ay_weights_values(f->weights, &n);
    ay_status status;

    f->reference = -1; /* not what the head reached: patience asks whether this stage still gains */
    f->reference_loss = INFINITY;
    f->keep_norms = f->stage > 0 && !r->fresh && r->s.freeze_norms == AY_TRAIN_YES;
    ay_run_phase(r, f->stage ? AY_TRAIN_FINE_TUNING : AY_TRAIN_HEAD);
    status = make_room(f, err);
    if (status == AY_OK && f->stage > 0 && !r->fresh && !f->keep_norms && !r->resume)
        status = ay_norms_restore(f, err);
    if (status == AY_OK)
        status = make_optim(f, err);
    if (status == AY_OK && r->resume)
        status = ay_checkpoint_read(f, err);
    else
        keep_length(f);
    while (status == AY_OK && f->epoch < f->epochs && !ay_run_cancelled(r)) {
        if (r->s.early_stopping && f->waiting >= r->s.patience) {
            r->stopped_early = true;
            break;
        }
        status = one_epoch(f, err);
    }
    if (status == AY_ECORRUPT && r->best.any) { /* what was good before is still good */
        ay_run_note(r, "came_apart|%s; the best epoch so far is kept", err->msg);
        status = AY_OK;
    }
    if (status == AY_OK && !r->best.any)
        status = f->epoch > 0 ? ay_fail(err, AY_ECORRUPT,
                                        "no epoch gave numbers on the validation pictures: a lower "
                                        "training.learning_rate than %g may help", r->s.learning_rate)
                              : ay_fail(err, AY_ECANCELLED, "cancelled before the first epoch was over");
    if (status == AY_OK)
        memcpy(values, r->best.values, n * sizeof *values);
    fini(f);
    return status;
}
