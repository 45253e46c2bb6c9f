/* inspect/flow.c - the two halves of an inspection training, and learning in between. */
#include "inspect/flow_parts.h"
#include "train/metric_run.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what is told */

void ay_flow_step(const ay_flow *f, double progress, const char *step)
{
    if (f->observer.step)
        f->observer.step(f->observer.ctx, progress, step);
}

void ay_flow_note(const ay_flow *f, const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (f->observer.note)
        f->observer.note(f->observer.ctx, text);
}

void ay_flow_tell(const ay_flow *f, const char *key, json_t *value)
{
    if (f->observer.tell)
        f->observer.tell(f->observer.ctx, key, value);
    else
        json_decref(value);
}

void ay_flow_path(const ay_flow *f, const char *name, char *path)
{
    snprintf(path, AY_FLOW_PATH, "%.3900s/%s", f->out, name);
}

static void on_note(void *ctx, const ay_note *n)
{
    ay_flow_note(ctx, "%s", n->text);
}

static void on_phase(void *ctx, ay_line_phase phase, size_t done, size_t total)
{
    static const struct {
        double from, to;
        const char *words;
    } steps[] = {{0, AY_FLOW_NAMES, "reading names"},
                 {AY_FLOW_NAMES, 0.1, "looking products up"},
                 {0.1, AY_FLOW_GATHERED, "copying pictures"},
                 {AY_FLOW_TURN, AY_FLOW_ARRANGED, "turning pictures"}};

    if ((unsigned)phase < sizeof steps / sizeof *steps)
        ay_flow_step(ctx, steps[phase].from + (steps[phase].to - steps[phase].from) * (double)done / (double)(total ? total : 1),
                     steps[phase].words);
}

static ay_line_observer line_observer(const ay_flow *f)
{
    return (ay_line_observer){(void *)(uintptr_t)f, on_phase, on_note, f->control ? &f->control->pause : NULL};
}

/* ---- the first half */

static ay_status write_classes(const ay_flow *f, const ay_line_set *set, ay_err *err)
{
    json_t *classes = json_array(), *root = json_pack("{s:o}", "classes", classes);
    char path[AY_FLOW_PATH];
    ay_buf text = {0};
    ay_status status;

    for (int i = 0; i < set->nclasses; i++) {
        const ay_line_class *c = &set->classes[i];
        json_t *samples = json_array();
        for (int k = 0; k < c->nsamples; k++)
            json_array_append_new(samples, json_string(c->samples[k]));
        json_array_append_new(classes, json_pack("{s:s, s:o, s:o}", "name", c->name, "folder", json_sprintf("raw_data/%s", c->name),
                                                 "samples", samples));
    }
    ay_flow_path(f, AY_FLOW_CLASSES, path);
    status = ay_json_dump(root, JSON_COMPACT, &text) && !text.failed ? ay_file_write(path, text.data, text.len, err)
                                                                     : ay_fail(err, AY_ENOMEM, "writing %s", path);
    ay_buf_fini(&text);
    json_decref(root);
    return status;
}

static void tell_set(const ay_flow *f, const ay_line_set *set)
{
    json_t *missing = json_array();
    int good = 0;

    for (int i = 0; i < set->n; i++)
        good += set->originals[i].ok;
    for (int i = 0; i < set->nmissing && i < 20; i++)
        json_array_append_new(missing, json_pack("{s:s?, s:s, s:s?}", "file", set->missing[i].file, "kind",
                                                 ay_line_miss_name(set->missing[i].kind), "reason", set->missing[i].reason));
    ay_flow_tell(f, "classes", json_integer(set->nclasses));
    ay_flow_tell(f, "pictures", json_integer(good));
    ay_flow_tell(f, "ng", json_integer(set->n - good));
    ay_flow_tell(f, "left_out", json_integer(set->nmissing));
    ay_flow_tell(f, "left_out_first", missing);
}

ay_status ay_flow_gather(const ay_flow *f, ay_err *err)
{
    const ay_inspect_settings *s = f->settings;
    ay_line_gather_options o = {.input = f->input, .pattern = *s->pattern ? s->pattern : NULL, .recursive = s->recursive,
                                .samples = s->samples, .seed = (uint64_t)s->seed, .threads = s->workers, .product = f->product,
                                .product_ctx = f->product_ctx};
    ay_line_observer observer = line_observer(f);
    ay_line_set set;
    ay_status status = ay_line_gather(f->out, &o, &observer, &set, err);

    if (status != AY_OK)
        return status;
    tell_set(f, &set);
    status = write_classes(f, &set, err);
    ay_line_set_fini(&set);
    return status;
}

/* ---- learning */

static ay_status metric_settings(const ay_flow *f, ay_metric_settings *m, ay_err *err)
{
    static const char *const losses[] = {"hybrid_margin", "subcenter_arcface", "arcface"}; /* in the order of ay_inspect_loss */
    static const ay_margin_unit units[] = {AY_MARGIN_RADIANS, AY_MARGIN_DEGREES};
    static const ay_train_precision precisions[] = {AY_TRAIN_AUTO, AY_TRAIN_F32, AY_TRAIN_BF16};
    const ay_inspect_settings *s = f->settings;

    ay_metric_settings_init(m);
    snprintf(m->architecture, sizeof m->architecture, "%s", ay_inspect_structure_name(s));
    snprintf(m->backbone, sizeof m->backbone, "%.63s", s->backbone);
    if (s->pretrained)
        snprintf(m->backbone_weights, sizeof m->backbone_weights, "%s", s->weights);
    m->embedding = s->embedding;
    m->image_size = s->image_size;
    m->epochs = s->epochs, m->min_epochs = s->min_epochs, m->batch_size = s->batch_size, m->per_class = s->per_class;
    m->freeze_epochs = s->freeze_epochs, m->patience = s->patience, m->swa_anneal = s->swa_anneal, m->threads = s->threads;
    m->learning_rate = s->learning_rate, m->weight_decay = s->weight_decay, m->body_rate = s->body_rate;
    m->warmup_share = s->warmup_share, m->clip_norm = s->clip_norm, m->swa_start = s->swa_start, m->swa_rate = s->swa_rate;
    m->swa_body_rate = s->swa_body_rate, m->max_minutes = s->max_minutes;
    m->early_stopping = s->early_stopping, m->swa = s->swa;
    m->monitor = s->best == AY_INSPECT_BEST_LOSS ? AY_METRIC_BY_LOSS : AY_METRIC_BY_MAP;
    m->brightness = s->brightness, m->contrast = s->contrast, m->saturation = s->saturation, m->hue = s->hue;
    m->randaugment_ops = s->randaugment_ops, m->randaugment_magnitude = s->randaugment_magnitude;
    m->workers = s->workers;
    m->seed = s->seed;
    snprintf(m->name, sizeof m->name, "%.60s", f->name ? f->name : "");
    m->precision = precisions[s->precision];
    snprintf(m->loss.name, sizeof m->loss.name, "%s", losses[s->loss]);
    m->loss.unit = units[s->unit];
    m->loss.margin = s->margin, m->loss.scale = s->scale, m->loss.triplet_margin = s->triplet_margin;
    m->loss.center_weight = s->center_weight, m->loss.sub_centers = s->sub_centers;
    return ay_metric_settings_check(m, err);
}

static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void on_metric_progress(void *ctx, const ay_train_progress *p)
{
    const ay_flow *f = ctx;
    double share = p->epochs > 0 ? ((double)p->epoch - 1 + (double)p->done / (double)(p->total ? p->total : 1)) / p->epochs : 0;
    char words[80];

    snprintf(words, sizeof words, p->epoch > 0 ? "learning, epoch %d of %d" : "preparing to learn", p->epoch, p->epochs);
    ay_flow_step(f, AY_FLOW_TRAIN + (AY_FLOW_TRAINED - AY_FLOW_TRAIN) * (share < 0 ? 0 : share > 1 ? 1 : share), words);
}

static void on_metric_point(void *ctx, const ay_metric_point *p)
{
    const ay_flow *f = ctx;
    json_t *o = json_pack("{s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", p->epoch, "best", p->best, "train_loss",
                          p->average ? json_null() : real(p->train_loss), /* averaged weights learnt nothing of their own */
                          "val_loss", real(p->val_loss), "precision_at_1", real(p->val.precision_at_1), "map_at_r", real(p->val.map_at_r),
                          "learning_rate", real(p->learning_rate), "seconds", real(p->seconds));
    ay_buf text = {0};

    if (ay_json_dump(o, JSON_COMPACT, &text) && !text.failed && f->observer.point)
        f->observer.point(f->observer.ctx, p->epoch - 1, text.data);
    ay_buf_fini(&text);
    json_decref(o);
}

/* The pictures that are learnt from and those held back; bad ones only where they are a label. */
static ay_metric_item *metric_items(const ay_line_items *items, size_t *n)
{
    ay_metric_item *out = ay_calloc(items->n + 1, sizeof *out);

    *n = 0;
    for (size_t i = 0; out && i < items->n; i++) {
        const ay_line_item *it = &items->items[i];
        if (it->label >= 0)
            out[(*n)++] = (ay_metric_item){.path = it->path, .label = it->label, .split = it->split, .group = it->group, .rotate = it->rotate};
    }
    return out;
}

static ay_status learn(const ay_flow *f, const ay_line_items *items, json_t **config, ay_err *err)
{
    ay_metric_observer observer = {(void *)(uintptr_t)f, on_metric_progress, on_metric_point, on_note};
    char model[AY_FLOW_PATH], partial[AY_FLOW_PATH];
    ay_metric_settings m;
    size_t n = 0;
    ay_metric_item *list = metric_items(items, &n);
    ay_metric_data data = {.items = list, .n = (int)n, .labels = items->labels, .nlabels = items->nlabels};
    ay_status status = list ? metric_settings(f, &m, err) : ay_fail(err, AY_ENOMEM, "listing %zu pictures", items->n);

    ay_flow_path(f, "model", model);
    ay_flow_path(f, "model.partial", partial);
    ay_flow_step(f, AY_FLOW_TRAIN, "preparing to learn");
    if (status == AY_OK && !ay_file_exists(model)) /* else it was learnt before the program ended */
        status = ay_metric_run(&m, &data, model, ay_file_exists(partial), &observer, f->control, NULL, err);
    if (status == AY_OK)
        *config = ay_metric_settings_json(&m);
    ay_free(list);
    return status;
}

/* ---- the second half */

static ay_status arrange(const ay_flow *f, ay_line_set *set, ay_err *err)
{
    static const ay_line_label labels[] = {AY_LINE_BY_BOTH, AY_LINE_BY_ORIENTATION, AY_LINE_BY_COMPONENT}; /* as ay_inspect_label */
    const ay_inspect_settings *s = f->settings;
    ay_line_observer observer = line_observer(f);

    ay_flow_step(f, AY_FLOW_TURN, "turning pictures");
    return ay_line_arrange(f->out,
                           &(ay_line_arrange_options){.label = labels[s->label], .test_share = s->test_split, .train_ng = s->train_ng,
                                                      .seed = (uint64_t)s->seed, .image_size = s->image_size, .threads = s->workers},
                           &observer, set, err);
}

/* Choices of a training that has begun stay as they are. */
static ay_status choose(const ay_flow *f, const char *choices, size_t n, ay_err *err)
{
    ay_line_set set;
    ay_status status;
    bool begun;

    if (n == 0)
        return AY_OK;
    status = ay_line_set_read(f->out, &set, err);
    if (status != AY_OK)
        return status;
    begun = set.stage == AY_LINE_TRAINING;
    ay_line_set_fini(&set);
    return begun ? AY_OK : ay_line_choose(f->out, choices, n, err);
}

ay_status ay_flow_finish(const ay_flow *f, const char *choices, size_t n, json_t **summary, ay_err *err)
{
    ay_line_items items = {.n = 0};
    ay_line_set set = {.n = 0};
    json_t *config = NULL;
    ay_status status = choose(f, choices, n, err);

    if (status == AY_OK)
        status = arrange(f, &set, err);
    if (status == AY_OK)
        status = ay_line_items_make(&set, f->out, &items, err);
    if (status == AY_OK && f->observer.begin)
        status = f->observer.begin(f->observer.ctx, err);
    if (status == AY_OK)
        status = ay_line_begin(f->out, err);
    if (status == AY_OK)
        status = learn(f, &items, &config, err);
    if (status == AY_OK)
        status = ay_flow_judge(f, &set, &items, config, summary, err);
    json_decref(config);
    ay_line_items_fini(&items);
    ay_line_set_fini(&set);
    return status;
}
