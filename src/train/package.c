#include "train/package.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "train/calibrate.h"
#include "train/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MISTAKES = 24, FACTS = 24, TEXT = 160 };

static ay_status write_text(const ay_run *r, const char *name, const char *text, ay_err *err)
{
    char path[AY_RUN_PATH + 64];

    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    return ay_file_write(path, text, strlen(text), err);
}

/* Takes o over. */
static ay_status write_json(const ay_run *r, const char *name, json_t *o, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_json_dump(o, JSON_INDENT(2), &text) ? write_text(r, name, text.data, err)
                                                              : ay_fail(err, AY_ENOMEM, "%s", name);

    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

void ay_package_name(const char *s, size_t n, char *dst, size_t cap)
{
    ay_buf whole = {0}, clean = {0};

    *dst = '\0';
    ay_buf_add(&whole, s, n);
    ay_buf_putc(&whole, '\0');
    if (!whole.failed)
        ay_text_repair(whole.data, &clean);
    for (n = clean.len < cap ? clean.len : cap - 1; n && (clean.data[n] & 0xc0) == 0x80;)
        n--;
    if (clean.len && !clean.failed)
        snprintf(dst, cap, "%.*s", (int)n, clean.data);
    ay_buf_fini(&whole);
    ay_buf_fini(&clean);
}

static void model_name(const ay_run *r, char *dst, size_t cap)
{
    size_t end = strlen(r->out), start;

    while (end > 1 && r->out[end - 1] == '/')
        end--;
    for (start = end; start > 0 && r->out[start - 1] != '/'; start--)
        ;
    if (*r->s.name)
        ay_package_name(r->s.name, strlen(r->s.name), dst, cap);
    else
        ay_package_name(r->out + start, end - start, dst, cap);
}

/* ---- weights and configuration ---------------------------------------------------------------- */

static ay_status write_weights(const ay_package *p, ay_err *err)
{
    ay_named_tensor extra[AY_UNKNOWN_TENSORS];
    ay_tensor tensor[AY_UNKNOWN_TENSORS];
    const char *name[AY_UNKNOWN_TENSORS];
    char path[AY_RUN_PATH + 64];
    int n = p->unknown ? ay_unknown_tensors(p->unknown, extra, AY_UNKNOWN_TENSORS) : 0;

    for (int i = 0; i < n; i++) {
        tensor[i] = extra[i].tensor;
        name[i] = extra[i].name;
    }
    snprintf(path, sizeof path, "%s/model.safetensors", p->run->folder);
    return ay_weights_save(p->run->weights, path, tensor, name, n, err);
}

static json_t *three(const float v[3])
{
    return json_pack("[f, f, f]", (double)v[0], (double)v[1], (double)v[2]);
}

static json_t *preprocessing(const ay_recipe *r)
{
    static const char *const fit[] = {[AY_RECIPE_SHORTEST_CROP] = "shortest",
                                      [AY_RECIPE_SQUASH] = "squash",
                                      [AY_RECIPE_PAD_WHITE] = "letterbox"};
    static const char *const filter[] = {[AY_RECIPE_BILINEAR] = "bilinear",
                                         [AY_RECIPE_BICUBIC] = "bicubic",
                                         [AY_RECIPE_LANCZOS] = "lanczos",
                                         [AY_RECIPE_BOX] = "box",
                                         [AY_RECIPE_NEAREST] = "nearest"};

    json_t *o = json_pack("{s:i, s:i, s:s, s:s, s:o, s:o}", "size", r->size, "resize", r->resize,
                          "fit", fit[r->fit], "filter", filter[r->filter], "mean", three(r->mean), "std",
                          three(r->std));

    if (o && r->as_stored)
        json_object_set_new(o, "transparency", json_string("dropped"));
    return o;
}

static json_t *class_list(const ay_corpus *c)
{
    json_t *list = json_array();

    for (int k = 0; k < c->nclasses; k++)
        json_array_append_new(list, json_string(c->classes[k]));
    return list;
}

/* What the body's own configuration says stays; ours is laid over it. */
static json_t *make_config(const ay_package *p)
{
    const ay_run *r = p->run;
    const ay_model_info *info = ay_model_get_info(r->model);
    const json_t *old = ay_model_config(r->model);
    json_t *o = old ? json_deep_copy(old) : json_object(), *ours;
    char name[64];

    model_name(r, name, sizeof name);
    ours = json_pack("{s:s, s:s, s:s, s:{s:i, s:f, s:i}, s:o, s:o, s:f, s:{s:f, s:f}, s:s, s:s,"
                     " s:{s:s, s:s, s:s}}",
                     "name", name, "version", "1", "licence", r->fresh ? "yours" : info->licence,
                     "head", "hidden", r->head.hidden, "dropout", (double)r->head.dropout, "classes",
                     r->head.classes, "classes", class_list(&r->corpus), "preprocessing",
                     preprocessing(&info->recipe), "temperature", p->temperature, "thresholds",
                     "confident", r->s.confident, "reject", r->s.reject, "snapshot",
                     r->corpus.snapshot, "digest", p->digest, "trained_from", "name",
                     r->fresh ? "nothing" : info->name, "architecture", info->arch, "licence",
                     r->fresh ? "" : info->licence);
    if (!ours) { /* half a configuration would be a model that cannot be opened */
        json_decref(o);
        return NULL;
    }
    json_object_del(o, "pretrained_cfg"); /* another's preprocessing */
    json_object_del(o, "dim");
    json_object_update(o, ours);
    if (!json_object_get(o, "architecture"))
        json_object_set_new(o, "architecture", json_string(info->arch));
    if (p->unknown)
        json_object_set_new(o, "unknown", ay_unknown_json(p->unknown));
    else
        json_object_del(o, "unknown");
    json_decref(ours);
    return o;
}

ay_status ay_package_write(const ay_package *p, ay_err *err)
{
    const json_t *openclip = ay_model_openclip(p->run->model);
    ay_status status = write_weights(p, err);

    if (status == AY_OK && openclip)
        status = write_json(p->run, "open_clip_config.json", json_deep_copy(openclip), err);
    return status == AY_OK ? write_json(p->run, "config.json", make_config(p), err) : status;
}

/* ---- figures ---------------------------------------------------------------------------------- */

static json_t *verdicts(const ay_evaluation *e)
{
    json_t *o = json_object();

    for (int v = 0; v < AY_VERDICTS; v++) {
        int n = 0;
        for (int i = 0; i < e->n; i++)
            n += e->verdict[i] == (ay_verdict)v;
        json_object_set_new(o, ay_verdict_name((ay_verdict)v), json_integer(n));
    }
    return o;
}

static double false_alarms(const ay_evaluation *e, int kind)
{
    int n = 0;

    for (int i = 0; i < e->n; i++)
        n += e->unknown[i].says[kind];
    return e->n ? (double)n / e->n : 0;
}

static ay_status write_metrics(const ay_package *p, const ay_evaluation *e, const ay_classifier *c,
                               const ay_metrics *m, bool on_test, ay_err *err)
{
    json_t *o = ay_metrics_json(m, ay_classifier_get_info(c)->class_names), *alarms = json_object();

    for (int k = 0; p->unknown && k < AY_UNKNOWN_KINDS; k++)
        json_object_set_new(alarms, ay_unknown_name((ay_unknown_kind)k),
                            json_real(false_alarms(e, k)));
    json_object_set_new(o, "measured_on", json_string(on_test ? "test" : "val"));
    json_object_set_new(o, "pictures", json_integer(e->n));
    json_object_set_new(o, "temperature", json_real(p->temperature));
    json_object_set_new(o, "status", verdicts(e));
    json_object_set_new(o, "false_alarms", alarms);
    json_object_set_new(o, "snapshot", json_string(p->run->corpus.snapshot));
    json_object_set_new(o, "digest", json_string(p->digest));
    return write_json(p->run, "metrics.json", o, err);
}

static ay_status write_predictions(const ay_package *p, const ay_evaluation *e, const ay_classifier *c,
                                   ay_err *err)
{
    ay_buf text = {0};
    ay_status status;

    ay_evaluation_csv(e, &p->run->corpus, c, &text);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "predictions.csv")
                         : write_text(p->run, "predictions.csv", text.data, err);
    ay_buf_fini(&text);
    return status;
}

static ay_status write_settings(const ay_run *r, ay_err *err)
{
    ay_buf text = {0};
    ay_status status;

    ay_train_settings_print(&r->s, false, &text);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "settings.yaml")
                         : write_text(r, "settings.yaml", text.data, err);
    ay_buf_fini(&text);
    return status;
}

/* ---- the report ------------------------------------------------------------------------------- */

/* What the page is made of, kept until it is written. */
typedef struct {
    ay_report page;
    ay_report_fact fact[FACTS], unknown[AY_UNKNOWN_KINDS];
    char text[FACTS][TEXT], unknown_text[AY_UNKNOWN_KINDS][TEXT], name[64], when[AY_RFC3339_SIZE];
    ay_report_skipped *skipped;
    ay_mistake mistake[MISTAKES];
    const char **paths;
    int64_t *trained;
    ay_curves curves;
    double *curve_room;
    ay_metrics raw;
} pages;

__attribute__((format(printf, 3, 4)))
static void add_fact(pages *g, const char *key, const char *fmt, ...)
{
    int i = g->page.facts++;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(g->text[i], TEXT, fmt, ap);
    va_end(ap);
    g->fact[i] = (ay_report_fact){key, g->text[i]};
}

static void add_facts(pages *g, const ay_package *p)
{
    const ay_run *r = p->run;
    const ay_train_settings *s = &r->s;
    const ay_model_info *info = ay_model_get_info(r->model);

    add_fact(g, "Body", "%s (%s), %s", r->fresh ? s->architecture : info->name, info->arch,
             r->fresh             ? "from nothing"
             : s->freeze_backbone ? "frozen"
             : r->result.tuned    ? "fine-tuned"
                                  : "as it was: fine-tuning was no better on validation");
    add_fact(g, "Body's licence", "%s", r->fresh ? "yours" : info->licence);
    add_fact(g, "Input", "%d x %d pixels", info->recipe.size, info->recipe.size);
    add_fact(g, "Parameters", "%.2f million", (double)info->parameters / 1e6);
    add_fact(g, "Epochs", "%d, the best was %d%s", r->history.n, r->best.epoch,
             r->cancelled ? " (cancelled)" : r->stopped_early ? " (stopped early)" : "");
    add_fact(g, "Batch", "%d", s->batch_size);
    add_fact(g, "Learning rate", "%g", s->learning_rate);
    add_fact(g, "Weight decay", "%g", s->weight_decay);
    add_fact(g, "Seed", "%lld", (long long)s->seed);
    add_fact(g, "Split", "%s", r->corpus.split_here ? "made here, stratified, copies on one side"
                                                    : "as the folders say");
    add_fact(g, "Time", "%.0f s", ay_run_seconds(r));
    add_fact(g, "Machine", "%s, %d threads", ay_cpu_get()->name, r->threads);
    g->page.fact = g->fact;
}

static void add_unknowns(pages *g, const ay_package *p, const ay_evaluation *e)
{
    for (int k = 0; p->unknown && k < AY_UNKNOWN_KINDS; k++) {
        snprintf(g->unknown_text[k], TEXT, "threshold %.4g; %.1f %% of the known pictures pass it%s",
                 ay_unknown_threshold(p->unknown, (ay_unknown_kind)k), 100 * false_alarms(e, k),
                 ay_unknown_decides(p->unknown) == (ay_unknown_kind)k ? "; this one decides" : "");
        g->unknown[g->page.unknown_count++] =
            (ay_report_fact){ay_unknown_name((ay_unknown_kind)k), g->unknown_text[k]};
    }
    g->page.unknowns = g->unknown;
}

static ay_status add_pictures(pages *g, const ay_package *p, const ay_evaluation *e, ay_err *err)
{
    const ay_corpus *c = &p->run->corpus;

    g->paths = ay_calloc((size_t)e->n + 1, sizeof *g->paths);
    g->skipped = ay_calloc((size_t)c->nskipped + 1, sizeof *g->skipped);
    g->trained = ay_calloc((size_t)c->nclasses, sizeof *g->trained);
    if (!g->paths || !g->skipped || !g->trained)
        return ay_fail(err, AY_ENOMEM, "the report");
    for (int i = 0; i < e->n; i++)
        g->paths[i] = c->items[e->items[i]].path;
    for (int i = 0; i < c->nskipped; i++)
        g->skipped[i] = (ay_report_skipped){c->skipped[i].path, c->skipped[i].reason};
    for (int k = 0; k < c->nclasses; k++)
        g->trained[k] = ay_corpus_count(c, AY_SPLIT_TRAIN, k);
    g->page.mistakes =
        ay_mistakes_pick(e->probabilities, e->labels, e->n, e->classes, g->mistake, MISTAKES);
    g->page.mistake = g->mistake;
    g->page.paths = g->paths;
    g->page.skipped = g->skipped;
    g->page.skipped_count = c->nskipped;
    g->page.trained = g->trained;
    return AY_OK;
}

/* The same pictures at T = 1. */
static ay_status add_raw(pages *g, const ay_run *r, const ay_evaluation *e, ay_err *err)
{
    size_t n = (size_t)e->n * (size_t)e->classes;
    ay_metrics_options o = {.threshold = r->s.confident, .resamples = -1};
    float *p = ay_alloc(n, sizeof *p);
    ay_status status;

    if (!p)
        return ay_fail(err, AY_ENOMEM, "the report");
    ay_temperature_apply(p, e->logits, e->n, e->classes, 1.0);
    status = ay_metrics_compute(&g->raw, p, e->labels, e->n, e->classes, &o, err);
    g->page.raw = status == AY_OK ? &g->raw : NULL;
    ay_free(p);
    return status;
}

static ay_status fill_pages(pages *g, const ay_package *p, const ay_evaluation *e,
                            const ay_classifier *c, const ay_metrics *m, bool on_test, ay_err *err)
{
    const ay_run *r = p->run;
    ay_status status;

    model_name(r, g->name, sizeof g->name);
    ay_clock_rfc3339(g->when, ay_clock_wall());
    g->page = (ay_report){.name = g->name,
                          .when = g->when,
                          .architecture = ay_model_get_info(r->model)->arch,
                          .snapshot = r->corpus.snapshot,
                          .digest = p->digest,
                          .program = "assay " AY_VERSION,
                          .classes = e->classes,
                          .names = ay_classifier_get_info(c)->class_names,
                          .unseen = on_test ? NULL : "validation pictures",
                          .test = m,
                          .temperature = p->temperature,
                          .train_count = r->result.train,
                          .val_count = r->result.val,
                          .curves = &g->curves};
    add_facts(g, p);
    add_unknowns(g, p, e);
    status = add_pictures(g, p, e, err);
    if (status == AY_OK)
        status = add_raw(g, r, e, err);
    return status == AY_OK ? ay_history_curves(&r->history, &g->curves, &g->curve_room, err) : status;
}

static void write_card(const pages *g, const ay_package *p, ay_buf *out)
{
    const ay_run *r = p->run;
    char line[512];

    ay_report_headline(&g->page, line, sizeof line);
    ay_buf_printf(out, "# %s\n\n%s\n\nMade by %s on %s.\n\n## What it tells apart\n\n", g->name, line,
                  g->page.program, g->when);
    for (int k = 0; k < r->corpus.nclasses; k++)
        ay_buf_printf(out, "* %s (%lld training pictures)\n", r->corpus.classes[k],
                      (long long)g->trained[k]);
    ay_buf_printf(out, "\nAnything else it should call unknown; see report.html for how often it does.\n"
                       "Confidence from %.2f on counts as success, below %.2f the answer is rejected;"
                       " temperature %.3f.\n\n## How it was made\n\n",
                  r->s.confident, r->s.reject, p->temperature);
    for (int i = 0; i < g->page.facts; i++)
        ay_buf_printf(out, "* %s: %s\n", g->fact[i].key, g->fact[i].value);
    ay_buf_printf(out, "* Pictures: %d to train on, %d to validate, %d to test, %d left out\n"
                       "* Data snapshot: %s\n* Digest: %s\n",
                  r->result.train, r->result.val, r->result.test, r->result.skipped,
                  r->corpus.snapshot, p->digest);
}

static ay_status write_pages(const pages *g, const ay_package *p, ay_err *err)
{
    ay_buf card = {0};
    ay_status status = ay_report_write(&g->page, p->run->folder, err);

    if (status == AY_OK) {
        write_card(g, p, &card);
        status = card.failed ? ay_fail(err, AY_ENOMEM, "MODEL_CARD.md")
                             : write_text(p->run, "MODEL_CARD.md", card.data, err);
    }
    ay_buf_fini(&card);
    return status;
}

static void pages_fini(pages *g)
{
    ay_free(g->paths);
    ay_free(g->skipped);
    ay_free(g->trained);
    ay_free(g->curve_room);
    ay_metrics_fini(&g->raw);
    ay_free(g);
}

ay_status ay_package_report(const ay_package *p, const ay_evaluation *e, ay_classifier *c,
                            const ay_metrics *m, bool on_test, ay_err *err)
{
    char when[AY_RFC3339_SIZE];
    pages *g = ay_calloc(1, sizeof *g);
    ay_status status = g ? write_metrics(p, e, c, m, on_test, err) : ay_fail(err, AY_ENOMEM, "the report");

    ay_clock_rfc3339(when, ay_clock_wall());
    if (status == AY_OK)
        status = write_json(p->run, "history.json",
                            ay_history_json(&p->run->history, ay_run_seconds(p->run), when), err);
    if (status == AY_OK)
        status = write_predictions(p, e, c, err);
    if (status == AY_OK)
        status = write_settings(p->run, err);
    if (status == AY_OK)
        status = fill_pages(g, p, e, c, m, on_test, err);
    if (status == AY_OK)
        status = write_pages(g, p, err);
    if (g)
        pages_fini(g);
    return status;
}
