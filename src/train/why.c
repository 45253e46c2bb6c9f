#include "train/why.h"
#include "base/mem.h"
#include "engine/session.h"

#include <string.h>

struct ay_why {
    ay_model *model;
    ay_plan *plan; /* for views; NULL until wanted */
    ay_preprocess preprocess;
    const char *backend;
    float *input; /* 3 * size * size */
};

ay_status ay_why_open(ay_why **out, const char *model, const char *backend, ay_err *err)
{
    ay_why *w = ay_calloc(1, sizeof *w);
    ay_status status = w ? AY_OK : ay_fail(err, AY_ENOMEM, "explaining %s: no memory", model);

    *out = NULL;
    if (status == AY_OK)
        status = ay_model_open(&w->model, model, &(ay_model_options){.logits = true}, err);
    if (status == AY_OK && ay_model_get_info(w->model)->classes < 1)
        status = ay_fail(err, AY_EINVAL, "%s has no classes to explain", model);
    if (status == AY_OK) {
        w->preprocess = ay_session_preprocess(&ay_model_get_info(w->model)->recipe);
        w->backend = backend && strcmp(backend, "ref") == 0 ? "ref" : NULL;
        size_t side = (size_t)w->preprocess.size;
        w->input = ay_calloc(3 * side * side, sizeof *w->input);
        if (!w->input)
            status = ay_fail(err, AY_ENOMEM, "explaining %s: no memory", model);
    }
    if (status == AY_OK)
        *out = w;
    else
        ay_why_close(w);
    return status;
}

void ay_why_close(ay_why *w)
{
    if (!w)
        return;
    ay_plan_destroy(w->plan);
    ay_model_close(w->model);
    ay_free(w->input);
    ay_free(w);
}

int ay_why_classes(const ay_why *w) { return ay_model_get_info(w->model)->classes; }
int ay_why_dim(const ay_why *w) { return ay_model_get_info(w->model)->dim; }

ay_status ay_why_heat(ay_why *w, const ay_image *picture, int target, ay_image *out, ay_err *err)
{
    ay_heat heat = {0};
    ay_status status = ay_image_preprocess(picture, &w->preprocess, w->input, err);

    if (status == AY_OK)
        status = ay_explain_heat(ay_model_graph(w->model), w->backend, w->input, target, &heat, NULL,
                                 err);
    if (status == AY_OK)
        status = ay_explain_overlay(picture, &w->preprocess, &heat, 0, out, err);
    ay_heat_fini(&heat);
    return status;
}

ay_status ay_why_passes(ay_why *w, const ay_image *picture, int passes, double temperature,
                        uint64_t seed, ay_passes *out, ay_err *err)
{
    ay_status status = ay_image_preprocess(picture, &w->preprocess, w->input, err);

    if (status == AY_OK)
        status = ay_explain_mc_dropout(out, ay_model_graph(w->model), w->backend, w->input, passes,
                                       temperature, seed, err);
    return status;
}

static void add(float *sum, const ay_tensor *t, int n)
{
    const float *v = t->data;

    for (int i = 0; i < n; i++)
        sum[i] += v[i] / AY_TTA_VIEWS;
}

ay_status ay_why_views(ay_why *w, const ay_image *picture, float *logits, float *feature,
                       ay_err *err)
{
    ay_plan_options o = {.batch = 1, .backend = w->backend, .precision = AY_NN_F32};
    ay_status status = AY_OK;

    memset(logits, 0, (size_t)ay_why_classes(w) * sizeof *logits);
    memset(feature, 0, (size_t)ay_why_dim(w) * sizeof *feature);
    if (!w->plan)
        status = ay_plan_create(&w->plan, ay_model_graph(w->model), &o, err);
    for (int k = 0; k < AY_TTA_VIEWS && status == AY_OK; k++) {
        status = ay_tta_input(picture, &w->preprocess, k, ay_plan_input(w->plan, 0)->data, err);
        if (status == AY_OK)
            status = ay_plan_run(w->plan, err);
        if (status == AY_OK) {
            add(logits, ay_plan_output_named(w->plan, "logits"), ay_why_classes(w));
            add(feature, ay_plan_output_named(w->plan, "vector"), ay_why_dim(w));
        }
    }
    return status;
}
