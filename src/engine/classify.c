#include "engine/classify.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 24 };

struct ay_classifier {
    ay_engine *engine;
    ay_classifier_info info;
    json_t *config;
    const char **names;
    char *numbered; /* names of a model without a list */
    ay_unknown *unknown;
};

const char *ay_verdict_name(ay_verdict v)
{
    static const char *const name[] = {"success", "low_confidence", "rejected", "unknown"};

    return v >= 0 && v < AY_VERDICTS ? name[v] : "unknown";
}

/* ---- what training left ---------------------------------------------------------------------- */

/* classes -> names.  Without a list, "0", "1" ... */
static ay_status read_names(ay_classifier *c, ay_err *err)
{
    const json_t *list = json_object_get(c->config, "classes");
    size_t n = (size_t)c->info.classes;

    c->names = ay_calloc(n, sizeof *c->names);
    c->numbered = list ? NULL : ay_calloc(n, NAME_SIZE);
    if (!c->names || (!list && !c->numbered))
        return ay_fail(err, AY_ENOMEM, "names of %zu classes", n);
    if (list && json_array_size(list) != n)
        return ay_fail(err, AY_ECORRUPT,
                       "config.json lists %zu classes and the weights have %zu: one of the two "
                       "files is not this model's",
                       json_array_size(list), n);
    for (size_t i = 0; i < n; i++) {
        if (list) {
            c->names[i] = json_string_value(json_array_get(list, i));
        } else {
            snprintf(c->numbered + i * NAME_SIZE, NAME_SIZE, "%zu", i);
            c->names[i] = c->numbered + i * NAME_SIZE;
        }
        if (!c->names[i])
            return ay_fail(err, AY_ECORRUPT, "config.json: classes[%zu] is no text", i);
    }
    c->info.class_names = c->names;
    return AY_OK;
}

static ay_status read_number(const json_t *o, const char *key, double otherwise, double lo,
                             double hi, double *out, ay_err *err)
{
    const json_t *v = json_object_get(o, key);

    *out = v ? json_number_value(v) : otherwise;
    if ((v && !json_is_number(v)) || !(*out >= lo && *out <= hi))
        return ay_fail(err, AY_ECORRUPT, "config.json: %s must be a number from %g to %g", key, lo,
                       hi);
    return AY_OK;
}

static ay_status read_numbers(ay_classifier *c, ay_err *err)
{
    const json_t *t = json_object_get(c->config, "thresholds");
    const char *snapshot = json_string_value(json_object_get(c->config, "snapshot"));
    ay_status status = read_number(c->config, "temperature", 1, 1e-3, 1e3, &c->info.temperature, err);

    if (status == AY_OK)
        status = read_number(t, "confident", 0.7, 0, 1, &c->info.confident, err);
    if (status == AY_OK)
        status = read_number(t, "reject", 0.5, 0, 1, &c->info.reject, err);
    snprintf(c->info.snapshot, sizeof c->info.snapshot, "%s", snapshot ? snapshot : "");
    return status;
}

/* The detectors' tensors lie beside the network's. */
static ay_status read_unknown(ay_classifier *c, const char *folder, ay_err *err)
{
    const json_t *said = json_object_get(c->config, "unknown");
    ay_safetensors *st = NULL;
    char path[4200];
    ay_status status;

    if (!json_is_object(said) || json_object_size(said) == 0)
        return AY_OK;
    snprintf(path, sizeof path, "%.4000s/model.safetensors", folder);
    status = ay_safetensors_open(&st, path, err);
    if (status == AY_OK)
        status = ay_unknown_load(&c->unknown, said, st, err);
    ay_safetensors_close(st);
    if (status == AY_OK && (ay_unknown_dim(c->unknown) != c->info.engine->dim ||
                            ay_unknown_classes(c->unknown) != c->info.classes))
        status = ay_fail(err, AY_ECORRUPT,
                         "the detectors of unknown things are for %d classes of %d numbers, the "
                         "network has %d and %d",
                         ay_unknown_classes(c->unknown), ay_unknown_dim(c->unknown),
                         c->info.classes, c->info.engine->dim);
    c->info.knows_unknown = c->unknown != NULL;
    return status;
}

static ay_status read_folder(ay_classifier *c, ay_err *err)
{
    const char *path = c->engine->path;
    bool folder = path && ay_file_is_dir(path);
    ay_status status;

    c->info.engine = ay_engine_get_info(c->engine);
    c->info.classes = c->info.engine->classes;
    if (c->info.classes < 1)
        return ay_fail(err, AY_EINVAL, "it is an encoder without a classifier: train one on it "
                                       "(assay train)");
    c->config = json_incref((json_t *)ay_model_config(c->engine->model));
    c->info.config = c->config;
    status = read_names(c, err);
    if (status == AY_OK)
        status = read_numbers(c, err);
    return status == AY_OK && folder ? read_unknown(c, path, err) : status;
}

ay_status ay_classifier_open(ay_classifier **out, const ay_engine_options *options, ay_err *err)
{
    ay_engine_options opt = options ? *options : (ay_engine_options){0};
    ay_classifier *c = ay_calloc(1, sizeof *c);
    ay_status status;

    *out = NULL;
    if (!c)
        return ay_fail(err, AY_ENOMEM, "classifier");
    opt.raw = opt.logits = true;
    status = ay_engine_open(&c->engine, &opt, err);
    if (status == AY_OK) {
        status = read_folder(c, err);
        if (status != AY_OK)
            ay_err_wrap(err, "model %s", opt.model ? opt.model : "default");
    }
    if (status != AY_OK) {
        ay_classifier_close(c);
        return status;
    }
    *out = c;
    return AY_OK;
}

size_t ay_classifier_memory(const ay_classifier *c)
{
    return ay_engine_memory(c->engine);
}

void ay_classifier_close(ay_classifier *c)
{
    if (!c)
        return;
    ay_engine_close(c->engine);
    ay_unknown_destroy(c->unknown);
    json_decref(c->config);
    ay_free(c->names);
    ay_free(c->numbered);
    ay_free(c);
}

const ay_classifier_info *ay_classifier_get_info(const ay_classifier *c)
{
    return &c->info;
}

ay_engine *ay_classifier_engine(ay_classifier *c)
{
    return c->engine;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void probabilities_of(const float *z, int n, double t, float *p)
{
    double top = z[0], sum = 0;

    for (int k = 1; k < n; k++)
        top = z[k] > top ? z[k] : top;
    for (int k = 0; k < n; k++)
        sum += exp((z[k] - top) / t);
    for (int k = 0; k < n; k++)
        p[k] = (float)(exp((z[k] - top) / t) / sum);
}

void ay_classifier_decide(const ay_classifier *c, const float *logits, const float *feature,
                          float *probabilities, ay_prediction *out)
{
    void *room = out->room;

    probabilities_of(logits, c->info.classes, c->info.temperature, probabilities);
    *out = (ay_prediction){
        .logits = logits, .probabilities = probabilities, .feature = feature, .room = room};
    for (int k = 1; k < c->info.classes; k++)
        if (probabilities[k] > probabilities[out->top])
            out->top = k;
    out->confidence = probabilities[out->top];
    out->verdict = out->confidence >= c->info.confident ? AY_VERDICT_SUCCESS
                   : out->confidence >= c->info.reject  ? AY_VERDICT_LOW_CONFIDENCE
                                                        : AY_VERDICT_REJECTED;
    if (!c->unknown)
        return;
    ay_unknown_score(c->unknown, logits, feature, &out->unknown);
    if (out->unknown.unknown)
        out->verdict = AY_VERDICT_UNKNOWN;
}

ay_status ay_classifier_run(ay_classifier *c, const ay_image *const *images, int n,
                            ay_prediction *out, ay_err *err)
{
    size_t row = (size_t)c->info.engine->row, classes = (size_t)c->info.classes;
    float *room;
    ay_status status;

    if (n < 1)
        return n == 0 ? AY_OK : ay_fail(err, AY_EINVAL, "%d pictures", n);
    room = ay_alloc((size_t)n * (row + classes), sizeof *room);
    if (!room)
        return ay_fail(err, AY_ENOMEM, "answers for %d pictures", n);
    status = ay_engine_embed(c->engine, images, n, room, err);
    if (status != AY_OK) {
        ay_free(room);
        return status;
    }
    for (size_t i = 0; i < (size_t)n; i++) {
        const float *feature = room + i * row;
        out[i].room = i ? NULL : room;
        ay_classifier_decide(c, feature + c->info.engine->dim, feature,
                             room + (size_t)n * row + i * classes, &out[i]);
    }
    return AY_OK;
}

void ay_predictions_fini(ay_prediction *p)
{
    ay_free(p->room);
    p->room = NULL;
}

int ay_prediction_top(const ay_classifier *c, const ay_prediction *p, int k, int *classes)
{
    int n = 0;

    for (int i = 0; i < c->info.classes; i++) {
        int at;
        if (n == k && !(p->probabilities[i] > p->probabilities[classes[n - 1]]))
            continue;
        n += n < k;
        for (at = n - 1; at > 0 && p->probabilities[i] > p->probabilities[classes[at - 1]]; at--)
            classes[at] = classes[at - 1];
        classes[at] = i;
    }
    return n;
}
