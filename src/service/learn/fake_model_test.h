/* service/learn/fake_model_test.h - trained models and a trainer for this folder's tests.
 *
 * A model's folder holds "model.safetensors" (any text: the weights) and config.json (name, classes).
 * It answers with the class of a picture's strongest colour, as sure as the colour is strong; weights
 * that start with "blind" always answer the last class.  ay_train_fn's stand-in writes such a folder;
 * what it does on the way is told by the test through `fake_train`. */
#ifndef AY_SERVICE_FAKE_MODEL_TEST_H
#define AY_SERVICE_FAKE_MODEL_TEST_H

#include "service/fake_test.h"
#include "service/learn/predict.h"
#include "service/learn/registry.h"
#include "service/learn/training.h"

#include "base/file.h"
#include "base/log.h"

#include <jansson.h>
#include <stdatomic.h>
#include <sys/stat.h>

struct ay_classifier {
    ay_engine_info engine;
    ay_classifier_info info;
    const char *names[8];
    json_t *config;
    bool blind;
};

static _Atomic int fake_models_open;

static inline ay_status fake_model_open(ay_classifier **out, const ay_engine_options *o, ay_err *err)
{
    char path[4200];
    ay_buf weights = {0};
    ay_classifier *c = ay_calloc(1, sizeof *c);
    ay_status status;
    json_t *name;
    size_t i;

    CHECK(c);
    snprintf(path, sizeof path, "%s/model.safetensors", o->model);
    status = ay_file_read(path, 0, &weights, err);
    snprintf(path, sizeof path, "%s/config.json", o->model);
    c->config = json_load_file(path, 0, NULL);
    if (status == AY_OK && (!c->config || !weights.len || strncmp(weights.data, "broken", 6) == 0))
        status = ay_fail(err, AY_ECORRUPT, "not a model: %s", o->model);
    if (status != AY_OK) {
        json_decref(c->config);
        ay_buf_fini(&weights);
        ay_free(c);
        return status;
    }
    c->blind = strncmp(weights.data, "blind", 5) == 0;
    ay_sha256_bytes(weights.data, weights.len, c->engine.digest);
    memset(c->engine.preprocess_digest, 'c', 64);
    strcpy(c->engine.arch, "fake");
    strcpy(c->engine.licence, "MIT");
    snprintf(c->engine.name, sizeof c->engine.name, "%s",
             json_string_value(json_object_get(c->config, "name")));
    json_array_foreach(json_object_get(c->config, "classes"), i, name) c->names[i] =
        json_string_value(name);
    c->info = (ay_classifier_info){.engine = &c->engine, .classes = (int)i, .class_names = c->names,
                                   .temperature = 1.5, .confident = 0.7, .reject = 0.5,
                                   .config = c->config};
    ay_buf_fini(&weights);
    fake_models_open++;
    *out = c;
    return AY_OK;
}

static inline void fake_model_close(ay_classifier *c)
{
    json_decref(c->config);
    ay_free(c);
    fake_models_open--;
}

static inline const ay_classifier_info *fake_model_info(const ay_classifier *c)
{
    return &c->info;
}

static inline void fake_model_answer(const ay_classifier *c, const ay_image *im, float *probabilities, ay_prediction *p)
{
    double sum[3] = {1, 1, 1}, all;

    for (size_t i = 0; i < (size_t)im->width * (size_t)im->height; i++)
        for (int k = 0; k < 3; k++)
            sum[k] += (double)im->data[3 * i + (size_t)k] * im->data[3 * i + (size_t)k];
    all = sum[0] + sum[1] + sum[2];
    for (int k = 0; k < c->info.classes && k < 3; k++)
        probabilities[k] = c->blind ? k == c->info.classes - 1 : (float)(sum[k] / all);
    *p = (ay_prediction){.probabilities = probabilities};
    for (int k = 1; k < c->info.classes; k++)
        p->top = probabilities[k] > probabilities[p->top] ? k : p->top;
    p->confidence = probabilities[p->top];
    p->verdict = p->confidence >= 0.7f   ? AY_VERDICT_SUCCESS
                 : p->confidence >= 0.5f ? AY_VERDICT_LOW_CONFIDENCE
                                         : AY_VERDICT_REJECTED;
}

static inline ay_status fake_model_run(ay_classifier *c, const ay_image *const *images, int n,
                                       ay_prediction *out, ay_err *err)
{
    float *room = ay_calloc((size_t)n * 8, sizeof *room); /* of the whole call, as the real one's */

    (void)err;
    for (int i = 0; i < n; i++)
        fake_model_answer(c, images[i], room + 8 * i, &out[i]);
    out[0].room = room;
    return AY_OK;
}

static inline void fake_model_fini(ay_prediction *p)
{
    ay_free(p->room);
}

/* Write a model's folder; weights make it another model. */
static inline void fake_model_write(const char *folder, const char *weights, const char *name)
{
    char path[4200], config[200];
    ay_err err;

    CHECK_OK(ay_file_mkdirs(folder, &err), err);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    CHECK_OK(ay_file_write(path, weights, strlen(weights), &err), err);
    snprintf(path, sizeof path, "%s/config.json", folder);
    snprintf(config, sizeof config, "{\"name\":\"%s\",\"classes\":[\"red\",\"green\",\"blue\"]}", name);
    CHECK_OK(ay_file_write(path, config, strlen(config), &err), err);
    snprintf(path, sizeof path, "%s/metrics.json", folder);
    CHECK_OK(ay_file_write(path, "{\n  \"accuracy\": 0.9\n}\n", 22, &err), err);
    snprintf(path, sizeof path, "%s/report.html", folder);
    CHECK_OK(ay_file_write(path, "<p>report</p>", 13, &err), err);
}

/* What the stand-in for training does. */
static struct {
    atomic_bool wait; /* between two epochs, until asked to stop or told to go on */
    ay_status fail;
    char weights[64];
    _Atomic int runs, resumed, epochs;
} fake_train;

static inline ay_status fake_train_run(const ay_train_settings *s, const char *out, bool resume,
                                       const ay_train_observer *o, const ay_train_control *control,
                                       ay_train_result *result, ay_err *err)
{
    char partial[4200];
    ay_buf list = {0};

    fake_train.runs++;
    fake_train.resumed += resume;
    snprintf(partial, sizeof partial, "%s.partial", out);
    CHECK_OK(ay_file_mkdirs(partial, err), *err);
    CHECK_OK(ay_file_read(s->root, 0, &list, err), *err);
    CHECK(strncmp(list.data, "path,label\n", 11) == 0 && strstr(list.data, ",\"red\"\n"));
    ay_buf_fini(&list);
    fake_train.epochs = s->epochs;
    ay_note note = {"left out a.png: it is cut short", "left_out",
                    json_pack("[s, s]", "a.png", "it is cut short")};
    o->note(o->ctx, &note);
    ay_note_fini(&note);
    for (int e = 1; e <= 2; e++) {
        o->progress(o->ctx, &(ay_train_progress){AY_TRAIN_HEAD, e, 2, e, 2, 1.5, 100, 0.5});
        o->point(o->ctx, &(ay_train_point){.epoch = e, .train_loss = 1.0 / e, .val_accuracy = 0.5});
        while (atomic_load(&fake_train.wait) && !atomic_load(&control->cancel) &&
               !atomic_load(&control->pause)) {
            usleep(2000);
            o->progress(o->ctx, &(ay_train_progress){AY_TRAIN_HEAD, e, 2, e, 2, 1.5, 100, 0.5});
        }
    }
    if (atomic_load(&control->pause))
        return ay_fail(err, AY_ECANCELLED, "stopped");
    if (fake_train.fail)
        return ay_fail(err, fake_train.fail, "class \"x\" has one picture");
    fake_model_write(out, fake_train.weights, "trained");
    *result = (ay_train_result){.classes = 3, .accuracy = 0.975, .on_test = true,
                                .cancelled = atomic_load(&control->cancel)};
    snprintf(result->out, sizeof result->out, "%s", out);
    return AY_OK;
}

static ay_why_driver fake_why; /* a test that explains fills it in before it serves */

static inline void fake_model_decide(const ay_classifier *c, const float *logits,
                                     const float *feature, float *probabilities, ay_prediction *out)
{
    (void)feature;
    *out = (ay_prediction){.probabilities = probabilities};
    for (int k = 0; k < c->info.classes; k++) {
        probabilities[k] = logits[k];
        out->top = logits[k] > logits[out->top] ? k : out->top;
    }
    out->confidence = logits[out->top];
    out->verdict = out->confidence >= 0.7f ? AY_VERDICT_SUCCESS : AY_VERDICT_REJECTED;
}

static inline ay_service *fake_serve(const char *dir, fake_encoder *f)
{
    ay_service_options o = {.data = dir,
                            .embedder = fake_embedder(f),
                            .classifier = {fake_model_open, fake_model_close, fake_model_info,
                                           fake_model_run, fake_model_fini, fake_model_decide},
                            .why = fake_why,
                            .train = fake_train_run,
                            .serve = true};
    ay_err err = {{0}};
    ay_service *s;

    ay_log_setup(AY_LOG_ERROR, false);
    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

#endif
