/* inspect/flow.c - the two halves of an inspection training, and learning in between. */
#include "inspect/flow.h"
#include "inspect/golden_run.h"
#include "inspect/settings_train.h"
#include "train/metric_run.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATH = 4096 };

/* Progress at the ends of the steps, as the old system had them. */
#define NAMES 0.05
#define GATHERED 0.2
#define TURN 0.35
#define ARRANGED 0.55
#define TRAIN 0.6
#define TRAINED 0.85
#define JUDGED 0.9
#define REPORTED 0.95

/* ---- what is told */

static void note(const ay_flow *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void step(const ay_flow *f, double progress, const char *step)
{
    if (f->observer.step)
        f->observer.step(f->observer.ctx, progress, step);
}

static void note(const ay_flow *f, const char *fmt, ...)
{
    ay_note n;
    va_list ap;

    va_start(ap, fmt);
    ay_note_make(&n, fmt, ap);
    va_end(ap);
    if (f->observer.note)
        f->observer.note(f->observer.ctx, &n);
    ay_note_fini(&n);
}

static void tell(const ay_flow *f, const char *key, json_t *value)
{
    if (f->observer.tell)
        f->observer.tell(f->observer.ctx, key, value);
    else
        json_decref(value);
}

/* 0..1.  How many names a folder has is not known while it is read: total is 0 then. */
static double share(size_t done, size_t total)
{
    return total == 0 ? 0 : done < total ? (double)done / (double)total : 1;
}

static void path_of(const ay_flow *f, const char *name, char *path)
{
    snprintf(path, PATH, "%.3900s/%s", f->out, name);
}

static void on_note(void *ctx, const ay_note *n)
{
    const ay_flow *f = ctx;

    if (f->observer.note)
        f->observer.note(f->observer.ctx, n);
}

static void on_phase(void *ctx, ay_line_phase phase, size_t done, size_t total)
{
    static const struct {
        double from, to;
        const char *words;
    } steps[] = {{0, NAMES, "reading names"},
                 {NAMES, 0.1, "looking products up"},
                 {0.1, GATHERED, "copying pictures"},
                 {TURN, ARRANGED, "turning pictures"}};

    if ((unsigned)phase < sizeof steps / sizeof *steps)
        step(ctx, steps[phase].from + (steps[phase].to - steps[phase].from) * share(done, total),
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
    char path[PATH];
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
    path_of(f, AY_FLOW_CLASSES, path);
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
    tell(f, "classes", json_integer(set->nclasses));
    tell(f, "pictures", json_integer(good));
    tell(f, "ng", json_integer(set->n - good));
    tell(f, "left_out", json_integer(set->nmissing));
    tell(f, "left_out_first", missing);
}

ay_status ay_flow_gather(const ay_flow *f, ay_err *err)
{
    ay_line_gather_options o;
    ay_line_observer observer = line_observer(f);
    ay_line_set set;
    ay_status status;

    ay_inspect_settings_gather(f->settings, &o);
    o.input = f->input;
    o.product = f->product;
    o.product_reason = f->product_reason;
    o.product_ctx = f->product_ctx;
    status = ay_line_gather(f->out, &o, &observer, &set, err);
    if (status != AY_OK)
        return status;
    tell_set(f, &set);
    status = write_classes(f, &set, err);
    ay_line_set_fini(&set);
    return status;
}

/* ---- learning */

static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void on_metric_progress(void *ctx, const ay_train_progress *p)
{
    const ay_flow *f = ctx;
    double part = p->epochs > 0 ? ((double)p->epoch - 1 + (double)p->done / (double)(p->total ? p->total : 1)) / p->epochs : 0;
    char words[80];

    snprintf(words, sizeof words, p->epoch > 0 ? "learning, epoch %d of %d" : "preparing to learn", p->epoch, p->epochs);
    step(f, TRAIN + (TRAINED - TRAIN) * (part < 0 ? 0 : part > 1 ? 1 : part), words);
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
    char model[PATH], partial[PATH];
    ay_metric_settings m;
    size_t n = 0;
    ay_metric_item *list = metric_items(items, &n);
    ay_metric_data data = {.items = list, .n = (int)n, .labels = items->labels, .nlabels = items->nlabels};
    ay_status status = list ? AY_OK : ay_fail(err, AY_ENOMEM, "listing %zu pictures", items->n);

    ay_inspect_settings_metric(f->settings, &m);
    if (f->name && *f->name)
        snprintf(m.name, sizeof m.name, "%.60s", f->name);
    if (status == AY_OK)
        status = ay_metric_settings_check(&m, err);
    path_of(f, "model", model);
    path_of(f, "model.partial", partial);
    step(f, TRAIN, "preparing to learn");
    if (status == AY_OK && !ay_file_exists(model)) /* else it was learnt before the program ended */
        status = ay_metric_run(&m, &data, model, ay_file_exists(partial), &observer, f->control, NULL, err);
    if (status == AY_OK)
        ay_file_remove_tree(partial); /* of a program that ended between the two */
    if (status == AY_OK)
        *config = ay_metric_settings_json(&m);
    ay_free(list);
    return status;
}

/* ---- turned, and on two sides */

static ay_status arrange(const ay_flow *f, ay_line_set *set, ay_err *err)
{
    ay_line_observer observer = line_observer(f);
    ay_line_arrange_options o;

    ay_inspect_settings_arrange(f->settings, &o);
    step(f, TURN, "turning pictures");
    return ay_line_arrange(f->out, &o, &observer, set, err);
}

/* ---- golden samples, thresholds, report, module */

static void on_golden(void *ctx, ay_golden_phase phase, size_t done, size_t total)
{
    static const struct {
        double from, to;
        const char *words;
    } steps[] = {{TRAINED, JUDGED, "choosing golden samples"},
                 {JUDGED, 0.92, "judging what was held back"},
                 {0.92, REPORTED, "writing the report"},
                 {REPORTED, 0.99, "packing the module"}};

    if ((unsigned)phase < sizeof steps / sizeof *steps)
        step(ctx, steps[phase].from + (steps[phase].to - steps[phase].from) * share(done, total),
                     steps[phase].words);
}

static void on_lost(void *ctx, const char *path, const char *why)
{
    note(ctx, "not_judged|%s: left out of the judgement: %s", path, why);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static ay_status judge(const ay_flow *f, const json_t *config, json_t **summary, ay_err *err)
{
    char module[PATH], when[AY_RFC3339_SIZE];
    ay_golden_run_options o = {.dir = f->out, .module = module, .name = f->name && *f->name ? f->name : base_name(f->input), .timestamp = when,
                               .false_accept = f->settings->false_accept, .otherwise = f->settings->similarity,
                               .turned = f->settings->label == AY_INSPECT_BY_COMPONENT, .threads = f->settings->threads,
                               .training_config = config, .settings = config, .ctx = (void *)(uintptr_t)f, .progress = on_golden,
                               .lost = on_lost, .stop = f->control ? &f->control->pause : NULL};

    path_of(f, AY_FLOW_MODULE, module);
    ay_clock_rfc3339(when, ay_clock_wall());
    return ay_golden_run(&o, summary, err);
}

/* ---- the second half */

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
        status = judge(f, config, summary, err);
    json_decref(config);
    ay_line_items_fini(&items);
    ay_line_set_fini(&set);
    return status;
}
