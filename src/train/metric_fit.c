/* train/metric_fit.c - the network, what the loss learns, and epochs over both.
 *
 * What the loss learns (columns, centres) has names, gradients, moments and files like any weight: they are
 * the weights of a graph of linear layers that is never run.  Network and loss are clipped together, as one
 * module of PyTorch would be.
 *
 * The rate of epoch e (from 0) of E:  warm = floor(warmup_share E); e < warm: (e + 1) / warm of the rate;
 * later 0.5 (1 + cos(pi (e - warm) / (E - warm))).  When averages are taken, from epoch index
 * swa_start E - 1 on, it goes from what it is there to the averages' own along half a cosine of swa_anneal
 * epochs (as PyTorch's SWALR).
 *
 * Everything an epoch depends on is the weights of both, their moments, the averages and (seed, epoch), so a
 * checkpoint between epochs is enough to go on bit for bit. */
#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/thread.h"
#include "nn/inspect.h"
#include "train/metric_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHECKPOINT_SECONDS = 30, SWA_FROM_EPOCHS = 10, LAG_STEPS = 32, LAG_BATCHES = 8 };

/* ---- network --------------------------------------------------------------------------------------- */

static ay_status open_model(ay_metric *r, ay_err *err)
{
    const ay_metric_settings *s = &r->s;
    ay_model_options o = {.seed = (uint64_t)s->seed, .size = s->image_size};

    if (*s->start)
        return ay_model_open(&r->model, s->start, &o, err);
    o.backbone = *s->backbone ? s->backbone : NULL;
    o.embedding = s->embedding;
    o.backbone_weights = *s->backbone_weights ? s->backbone_weights : NULL;
    r->fresh = !*s->backbone_weights;
    return ay_model_blueprint(&r->model, s->architecture, &o, err);
}

static void tell_network(ay_metric *r)
{
    const ay_model_info *info = ay_model_get_info(r->model);

    ay_metric_note(r, r->fresh ? "network_fresh|%s: %s, %.2f million parameters, %d x %d pixels, from nothing"
                               : "network|%s: %s, %.2f million parameters, %d x %d pixels",
                   info->name, info->arch, (double)info->parameters / 1e6, r->size, r->size);
    if (!r->has_body)
        ay_metric_note(r, "no_body|no weight's name starts with \"%s\": the whole network learns at one rate", r->s.body);
    else if (r->fresh && r->s.freeze_epochs > 0)
        ay_metric_note(r, "body_not_frozen|the body is new, so it is not frozen for %d epochs: there is nothing to keep",
                       r->s.freeze_epochs);
}

ay_status ay_metric_build(ay_metric *r, ay_err *err)
{
    const ay_model_info *info;
    ay_status status = open_model(r, err);

    if (status == AY_OK)
        status = ay_weights_create(&r->weights, ay_model_graph(r->model), err);
    if (status != AY_OK)
        return status;
    info = ay_model_get_info(r->model);
    r->dim = info->dim;
    r->size = info->recipe.size;
    r->output = ay_graph_output_named(ay_model_graph(r->model), "vector");
    if (r->output < 0)
        return ay_fail(err, AY_EUNSUPPORTED, "%s has no output \"vector\"", info->name);
    for (size_t i = 0; *r->s.body && i < ay_weights_count(r->weights); i++)
        r->has_body = r->has_body || ay_str_starts(ay_weights_at(r->weights, i)->name, r->s.body);
    tell_network(r);
    return AY_OK;
}

/* ---- what the loss learns --------------------------------------------------------------------------- */

static const char COLUMNS[] = "loss.weight", CENTERS[] = "loss.centers";

static ay_status name_weights(ay_metric *r, ay_err *err)
{
    int columns = ay_metric_loss_columns(r->loss), centers = ay_metric_loss_centers(r->loss);
    ay_val x;
    ay_status status = ay_graph_create(&r->loss_graph, err);

    if (status != AY_OK)
        return status;
    x = ay_graph_input(r->loss_graph, "x", AY_SHAPE(1, r->dim));
    if (columns)
        ay_graph_output(r->loss_graph,
                        ay_nn_linear(r->loss_graph, x, "",
                                     &(ay_linear){.out = columns, .transposed = true, .weight = COLUMNS}),
                        "columns");
    if (centers)
        ay_graph_output(r->loss_graph,
                        ay_nn_linear(r->loss_graph, x, "", &(ay_linear){.out = centers, .weight = CENTERS}),
                        "centers");
    if (!columns && !centers)
        ay_graph_output(r->loss_graph, x, "x");
    status = ay_graph_finish(r->loss_graph, err);
    if (status == AY_OK)
        status = ay_graph_bind_init(r->loss_graph, 0, err);
    return status == AY_OK ? ay_weights_create(&r->loss_weights, r->loss_graph, err) : status;
}

/* N(0, 1), as pytorch-metric-learning starts both. */
static void start_weights(ay_metric *r)
{
    for (size_t i = 0; i < ay_weights_count(r->loss_weights); i++) {
        const ay_weight *w = ay_weights_at(r->loss_weights, i);
        ay_rng g;
        ay_rng_init3(&g, (uint64_t)r->s.seed, 0x6c6f7373, i);
        for (size_t k = 0, n = ay_shape_count(&w->shape); k < n; k++)
            w->value[k] = (float)ay_rng_normal(&g);
    }
}

static ay_status make_room(ay_metric *r, ay_err *err)
{
    size_t dim = (size_t)r->dim, x = (size_t)(r->result.batch > AY_METRIC_LOOK ? r->result.batch : AY_METRIC_LOOK) * dim;
    size_t w = (size_t)ay_metric_loss_columns(r->loss) * dim, c = (size_t)ay_metric_loss_centers(r->loss) * dim;
    size_t look = (size_t)(r->result.val > r->result.test ? r->result.val : r->result.test);

    r->x = ay_alloc(2 * (x + w + c), sizeof *r->x);
    r->vectors = ay_alloc(look * dim, sizeof *r->vectors);
    r->labels = ay_alloc(look, sizeof *r->labels);
    if (!r->x || !r->vectors || !r->labels)
        return ay_fail(err, AY_ENOMEM, "room for %zu vectors of %d numbers", look, r->dim);
    r->dx = r->x + x;
    r->w = r->dx + x;
    r->dw = r->w + w;
    r->c = r->dw + w;
    r->dc = r->c + c;
    return AY_OK;
}

ay_status ay_metric_build_loss(ay_metric *r, ay_err *err)
{
    const ay_metric_settings *s = &r->s;
    ay_optim_options o = {.kind = AY_OPTIM_ADAMW, .decay = (float)s->weight_decay, .decay_all = true,
                          .clip_norm = (float)s->clip_norm};
    ay_status status = ay_metric_loss_create(&r->loss, &s->loss, r->corpus.nclasses, r->dim, err);

    if (status == AY_OK)
        status = name_weights(r, err);
    if (status == AY_OK) {
        start_weights(r);
        status = make_room(r, err);
    }
    if (status == AY_OK)
        status = ay_optim_create(&r->optim, r->weights, &o, err);
    if (status == AY_OK)
        status = ay_optim_create(&r->loss_optim, r->loss_weights, &o, err);
    if (status == AY_OK && s->swa && s->epochs > SWA_FROM_EPOCHS) {
        status = ay_average_create(&r->average, r->weights, 0, err);
        if (status == AY_OK)
            status = ay_average_create(&r->loss_average, r->loss_weights, 0, err);
    }
    if (s->loss.unit == AY_MARGIN_DEGREES)
        ay_metric_note(r, "margin_in_degrees|the margin of %g is in degrees: %.5f radians", s->loss.margin,
                       s->loss.margin * M_PI / 180);
    return status;
}

/* What the loss learns, as the loss wants it. */
static void fetch(const ay_metric *r, const char *name, double *dst)
{
    const ay_weight *w = ay_weights_find(r->loss_weights, name);

    for (size_t i = 0, n = w ? ay_shape_count(&w->shape) : 0; i < n; i++)
        dst[i] = (double)w->value[i];
}

void ay_metric_fetch(const ay_metric *r)
{
    fetch(r, COLUMNS, r->w);
    fetch(r, CENTERS, r->c);
}

static void give(const ay_metric *r, const char *name, const double *src)
{
    const ay_weight *w = ay_weights_find(r->loss_weights, name);

    for (size_t i = 0, n = w ? ay_shape_count(&w->shape) : 0; i < n; i++)
        w->grad[i] = (float)src[i];
}

/* ---- rates ------------------------------------------------------------------------------------------- */

double ay_metric_factor(const ay_metric_settings *s, int epoch)
{
    int warm = (int)floor(s->warmup_share * s->epochs + 1e-9), rest = s->epochs - warm;

    if (epoch < warm)
        return (epoch + 1.0) / warm;
    return 0.5 * (1 + cos(M_PI * (epoch - warm) / (rest > 1 ? rest : 1)));
}

int ay_metric_swa_start(const ay_metric_settings *s)
{
    int start = (int)(s->swa_start * s->epochs) - 1;

    return !s->swa || s->epochs <= SWA_FROM_EPOCHS ? s->epochs : start > 0 ? start : 0;
}

double ay_metric_rate(const ay_metric_settings *s, int epoch, double share, double swa_rate)
{
    int start = ay_metric_swa_start(s);
    double t, a;

    if (epoch < start)
        return s->learning_rate * share * ay_metric_factor(s, epoch);
    t = s->swa_anneal > 0 ? fmin(1, (double)(epoch - start) / s->swa_anneal) : 1;
    a = 0.5 * (1 - cos(M_PI * t));
    return s->learning_rate * (swa_rate * a + share * ay_metric_factor(s, start) * (1 - a));
}

static double body_share(const ay_metric *r)
{
    return r->s.body_rate >= 0 ? r->s.body_rate : r->fresh ? 1 : 0.05;
}

static void set_rates(ay_metric *r, ay_metric_point *p)
{
    const ay_metric_settings *s = &r->s;
    double share = body_share(r), slow = share < 1 ? s->swa_body_rate : s->swa_rate;

    p->learning_rate = ay_metric_rate(s, r->epoch, 1, s->swa_rate);
    p->body_rate = r->has_body ? ay_metric_rate(s, r->epoch, share, slow) : p->learning_rate;
    if (r->has_body)
        ay_optim_group(r->optim, s->body, (float)(p->body_rate / p->learning_rate), 1);
}

/* ---- steps ------------------------------------------------------------------------------------------- */

void ay_metric_fill(const ay_learn *p, const ay_batch *b)
{
    const ay_tensor *in = ay_learn_input(p, 0);
    int places = (int)in->shape.dim[0];
    size_t row = ay_tensor_count(in) / (size_t)places;

    for (int i = 0; i < places; i++)
        memcpy((float *)in->data + (size_t)i * row, b->pixels + (size_t)(i % b->n) * row, row * sizeof(float));
}

ay_status ay_metric_prepare(ay_metric *r, bool frozen, ay_err *err)
{
    static const ay_nn_precision precision[] = {
        [AY_TRAIN_AUTO] = AY_NN_AUTO, [AY_TRAIN_F32] = AY_NN_F32, [AY_TRAIN_BF16] = AY_NN_BF16};
    ay_shape shape = AY_SHAPE(r->result.batch, 3, r->size, r->size);
    ay_learn_options o = {.batch = r->result.batch,
                          .backend = r->s.backend,
                          .precision = strcmp(r->s.backend, "ref") == 0 ? AY_NN_F32 : precision[r->s.precision],
                          .threads = r->s.threads ? r->s.threads : ay_cpu_count(),
                          .input_shapes = &shape,
                          .seed = (uint64_t)r->s.seed,
                          .norms_move = r->s.frozen_norms_move,
                          .checkpoint = r->s.activation_checkpoints};
    ay_status status = AY_OK;

    if (!r->learn || r->learn_frozen != frozen) {
        ay_learn_destroy(r->learn);
        r->learn = NULL;
        r->learn_frozen = frozen;
        ay_weights_freeze(r->weights, r->s.body, frozen);
        status = ay_learn_create(&r->learn, ay_model_graph(r->model), r->weights, &o, err);
    }
    o.batch = (int)(shape.dim[0] = AY_METRIC_LOOK);
    o.checkpoint = o.norms_move = false;
    o.inference = true;
    if (status == AY_OK && !r->look)
        status = ay_learn_create(&r->look, ay_model_graph(r->model), r->weights, &o, err);
    return status;
}

/* Loss and its gradients, in double; d loss / d output into the plan. */
static ay_status loss_of(ay_metric *r, const ay_batch *b, ay_metric_parts *parts, ay_err *err)
{
    const ay_metric_batch in = {r->x, b->labels, b->n, r->w, r->c};
    const ay_metric_diff out = {r->dx, r->dw, r->dc};
    const float *v = ay_learn_output(r->learn, r->output)->data;
    size_t n = (size_t)b->n * (size_t)r->dim;
    ay_status status;

    for (size_t i = 0; i < n; i++)
        r->x[i] = (double)v[i];
    ay_metric_fetch(r);
    status = ay_metric_loss_compute(r->loss, &in, &out, parts, err);
    if (status != AY_OK)
        return status;
    if (!isfinite(parts->loss))
        return ay_fail(err, AY_ECORRUPT, "the loss is not a number any more");
    for (int i = 0; i < ay_graph_outputs(ay_model_graph(r->model)); i++) {
        const ay_tensor *d = ay_learn_diff_output(r->learn, i);
        memset(d->data, 0, ay_tensor_bytes(d));
    }
    float *d = ay_learn_diff_output(r->learn, r->output)->data;
    for (size_t i = 0; i < n; i++)
        d[i] = (float)r->dx[i];
    give(r, COLUMNS, r->dw);
    give(r, CENTERS, r->dc);
    return AY_OK;
}

ay_status ay_metric_step(ay_metric *r, const ay_batch *b, uint64_t step, double rate, ay_metric_parts *parts,
                         ay_err *err)
{
    double network, loss;
    ay_status status;

    ay_metric_fill(r->learn, b);
    status = ay_learn_forward(r->learn, step, err);
    if (status == AY_OK)
        status = loss_of(r, b, parts, err);
    if (status == AY_OK)
        status = ay_learn_backward(r->learn, false, err);
    if (status != AY_OK)
        return status;
    network = ay_optim_squares(r->optim);
    loss = ay_optim_squares(r->loss_optim);
    status = ay_optim_step_beside(r->optim, (float)rate, loss, NULL, err);
    return status == AY_OK ? ay_optim_step_beside(r->loss_optim, (float)rate, network, NULL, err) : status;
}

static ay_status train_epoch(ay_metric *r, ay_metric_point *p, ay_err *err)
{
    int batches = ay_loader_batches(r->train);
    const ay_batch *b;
    ay_metric_parts parts = {0};
    double seen = 0;
    ay_status status = ay_loader_start(r->train, (uint64_t)r->epoch, 0, err);

    for (int i = 0; status == AY_OK; i++) {
        status = ay_metric_paused(r, err);
        if (status == AY_OK)
            status = ay_loader_next(r->train, &b, err);
        if (status != AY_OK || !b || ay_metric_cancelled(r))
            break;
        status = ay_metric_step(r, b, (uint64_t)r->epoch * (uint64_t)batches + (uint64_t)i, p->learning_rate, &parts, err);
        seen += b->n;
        p->train_loss += parts.loss * b->n;
        p->train_arc += parts.arc * b->n;
        p->train_triplet += parts.triplet * b->n;
        p->train_center += parts.center * b->n;
        ay_metric_progress(r, AY_TRAIN_FINE_TUNING, (long)r->epoch * batches + i + 1, (long)r->s.epochs * batches,
                           r->epoch + 1, r->s.epochs, r->result.batch, parts.loss);
    }
    if (status == AY_OK && seen == 0 && !r->cancelled)
        status = ay_fail(err, AY_EIO, "no training picture can be read any more");
    if (status == AY_ECORRUPT)
        ay_err_wrap(err, "epoch %d: training came apart, a lower learning rate than %g may help", r->epoch + 1,
                    r->s.learning_rate);
    p->train_loss /= seen;
    p->train_arc /= seen;
    p->train_triplet /= seen;
    p->train_center /= seen;
    return status;
}

/* ---- between epochs ------------------------------------------------------------------------------- */

static double score_of(const ay_metric *r, const ay_metric_point *p)
{
    return r->s.monitor == AY_METRIC_BY_LOSS ? -p->val_loss : p->val.queries ? p->val.map_at_r : 0;
}

static ay_status keep_best(ay_metric *r, ay_metric_point *p, ay_err *err)
{
    ay_metric_best *best = &r->best;
    double score = score_of(r, p);
    size_t n;
    const float *values = ay_weights_values(r->weights, &n);

    p->best = isfinite(p->val_loss) &&
              (!best->any || score > best->score || (score == best->score && p->val_loss < best->loss));
    if (!p->best)
        return AY_OK;
    if (!best->values)
        best->values = ay_alloc(n, sizeof *best->values);
    if (!best->values)
        return ay_fail(err, AY_ENOMEM, "a copy of the best weights");
    memcpy(best->values, values, n * sizeof *values);
    best->any = true;
    best->average = p->average;
    best->score = score;
    best->loss = p->val_loss;
    best->val = p->val;
    best->epoch = p->epoch;
    best->stored = false;
    return AY_OK;
}

/* An epoch without a gain: neither a better score, nor a lower loss at no worse a score.  While the body is
 * frozen nothing is counted: what it can do has not begun. */
static void count_patience(ay_metric *r, const ay_metric_point *p)
{
    double score = score_of(r, p);

    if (score > r->reference + r->s.min_delta ||
        (score >= r->reference && p->val_loss < r->reference_loss - r->s.min_delta)) {
        r->reference = score;
        r->reference_loss = p->val_loss;
        r->waiting = 0;
    } else {
        r->waiting = p->frozen ? 0 : r->waiting + 1;
    }
}

static bool frozen_in(const ay_metric *r, int epoch)
{
    return r->has_body && !r->fresh && r->s.freeze_epochs > 0 && epoch <= r->s.freeze_epochs;
}

static bool checkpoint_due(const ay_metric *r)
{
    return r->epoch % r->s.save_every == 0 || ay_clock_mono() - r->saved > CHECKPOINT_SECONDS * 1000000000ull;
}

static ay_status record(ay_metric *r, const ay_metric_point *p, ay_err *err)
{
    ay_status status = ay_metric_history_add(&r->history, p, err);

    if (status == AY_OK && r->observer && r->observer->point)
        r->observer->point(r->observer->ctx, p);
    return status;
}

/* Running statistics are of the last ten steps or so; in the first steps that is of another network. */
static ay_status catch_up(ay_metric *r, ay_err *err)
{
    bool lag = (r->epoch + 1) * ay_loader_batches(r->train) < LAG_STEPS;

    return lag ? ay_metric_measure_norms(r, LAG_BATCHES, err) : AY_OK;
}

static ay_status one_epoch(ay_metric *r, ay_err *err)
{
    uint64_t start = ay_clock_mono();
    ay_metric_point p = {.epoch = r->history.n + 1, .frozen = frozen_in(r, r->epoch)};
    ay_status status = ay_metric_prepare(r, p.frozen, err);

    if (r->average && r->epoch >= ay_metric_swa_start(&r->s)) { /* as the epoch finds them */
        ay_average_update(r->average);
        ay_average_update(r->loss_average);
        r->averaged++;
    }
    set_rates(r, &p);
    if (status == AY_OK)
        status = train_epoch(r, &p, err);
    if (status != AY_OK || r->cancelled)
        return status; /* half an epoch is not judged: the best so far stands */
    status = catch_up(r, err);
    if (status == AY_OK)
        status = ay_metric_measure(r, &p, err);
    if (status == AY_OK)
        status = keep_best(r, &p, err);
    if (status != AY_OK)
        return status;
    count_patience(r, &p);
    p.seconds = (double)(ay_clock_mono() - start) / 1e9;
    status = record(r, &p, err);
    r->epoch++;
    if (status == AY_OK && checkpoint_due(r))
        status = ay_metric_state_write(r, err);
    return status;
}

/* The averaged weights get statistics of their own and are judged as one more epoch.  They are also when
 * training stopped early, if it had come so far. */
static ay_status judge_average(ay_metric *r, ay_err *err)
{
    uint64_t start = ay_clock_mono();
    ay_metric_point p = {.epoch = r->history.n + 1, .average = true};
    ay_status status = ay_metric_prepare(r, false, err);

    if (status != AY_OK)
        return status;
    ay_average_swap(r->average);
    ay_average_swap(r->loss_average);
    status = ay_metric_measure_norms(r, ay_loader_batches(r->train), err);
    if (status == AY_OK)
        status = ay_metric_measure(r, &p, err);
    p.train_loss = p.train_arc = p.train_triplet = p.train_center = NAN;
    if (status == AY_OK)
        status = keep_best(r, &p, err);
    p.seconds = (double)(ay_clock_mono() - start) / 1e9;
    return status == AY_OK ? record(r, &p, err) : status;
}

static ay_status epochs(ay_metric *r, ay_err *err)
{
    ay_status status = AY_OK;

    while (status == AY_OK && r->epoch < r->s.epochs && !ay_metric_cancelled(r)) {
        if (r->s.early_stopping && r->waiting >= r->s.patience && r->epoch >= r->s.min_epochs) {
            r->stopped_early = true;
            break;
        }
        status = one_epoch(r, err);
    }
    if (status == AY_OK && !r->cancelled && r->average && r->averaged == 0)
        ay_metric_note(r, "no_average|training stopped after epoch %d; weights would have been averaged from epoch %d on",
                       r->epoch, ay_metric_swa_start(&r->s) + 1);
    if (status == AY_OK && !r->cancelled && r->average && r->averaged > 0)
        status = judge_average(r, err);
    return status;
}

ay_status ay_metric_fit(ay_metric *r, ay_err *err)
{
    ay_status status = AY_OK;

    r->reference = -INFINITY;
    r->reference_loss = INFINITY;
    ay_metric_phase(r, AY_TRAIN_FINE_TUNING);
    if (r->resume)
        status = ay_metric_state_read(r, err);
    if (status != AY_OK)
        return status;
    status = epochs(r, err);
    if (status == AY_OK && !r->best.any)
        status = r->epoch > 0
                     ? ay_fail(err, AY_ECORRUPT, "no epoch gave numbers on the validation pictures: a lower "
                                                 "learning rate than %g may help", r->s.learning_rate)
                     : ay_fail(err, AY_ECANCELLED, "cancelled before the first epoch was over");
    r->came_apart = status == AY_ECORRUPT;
    if (r->came_apart && r->best.any) { /* what was good before is still good, and it is told */
        ay_metric_note(r, "came_apart|%s; the best epoch so far is kept", err->msg);
        status = AY_OK;
    }
    return status;
}
