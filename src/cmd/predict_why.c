#include "cmd/predict_why.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "plot/plot.h"

#include <stdio.h>
#include <string.h>

static ay_status open_all(ay_predict_why *w, const char *model, const char *backend, ay_err *err)
{
    ay_status status = w->folder ? ay_file_mkdirs(w->folder, err) : AY_OK;

    if (status == AY_OK)
        status = ay_why_open(&w->why, model, backend, err);
    if (status != AY_OK)
        return status;
    w->logits = ay_calloc((size_t)ay_why_classes(w->why), sizeof *w->logits);
    w->probabilities = ay_calloc((size_t)ay_why_classes(w->why), sizeof *w->probabilities);
    w->feature = ay_calloc((size_t)ay_why_dim(w->why), sizeof *w->feature);
    return w->logits && w->probabilities && w->feature
               ? AY_OK
               : ay_fail(err, AY_ENOMEM, "predict: no memory");
}

bool ay_predict_why_open(ay_predict_why *w, ay_args *a, const char *model, int *rc)
{
    long passes = 0;
    ay_err err;

    memset(w, 0, sizeof *w);
    if (ay_args_get(a, "mc-dropout") && !ay_args_number(a, "mc-dropout", 2, 10000, &passes)) {
        *rc = AY_EXIT_USAGE;
        return false;
    }
    w->passes = (int)passes;
    w->folder = ay_args_get(a, "explain");
    w->views = ay_args_get(a, "tta") != NULL;
    if (!w->passes && !w->folder && !w->views)
        return true;
    if (open_all(w, model, ay_config_text(&a->config, "backend"), &err) == AY_OK)
        return true;
    *rc = ay_cmd_fail(&err);
    return false;
}

void ay_predict_why_close(ay_predict_why *w)
{
    ay_passes_fini(&w->doubt);
    ay_why_close(w->why);
    ay_free(w->logits);
    ay_free(w->probabilities);
    ay_free(w->feature);
    memset(w, 0, sizeof *w);
}

/* folder/0007-name.png: a number keeps names apart, and nothing of the path's folders remains. */
static void heat_path(ay_predict_why *w, const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char plain[200];
    size_t n = 0;

    for (; base[n] && n + 1 < sizeof plain; n++) {
        char c = base[n];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '-' || c == '_';
        plain[n] = fine ? c : '_';
    }
    plain[n] = '\0';
    snprintf(w->heat, sizeof w->heat, "%.3800s/%04ld-%s.png", w->folder, w->count, plain);
}

static ay_status write_heat(ay_predict_why *w, const ay_classifier *c, const ay_image *picture,
                            const char *path, const ay_prediction *p, ay_err *err)
{
    char about[400];
    ay_image overlay;
    ay_canvas *canvas = NULL;
    ay_status status = ay_why_heat(w->why, picture, p->top, &overlay, err);

    if (status != AY_OK)
        return status;
    heat_path(w, path);
    snprintf(about, sizeof about, "for %.300s, %.1f %% sure",
             ay_classifier_get_info((ay_classifier *)c)->class_names[p->top],
             100 * (double)p->confidence);
    status = ay_plot_heat(&canvas, picture, &overlay, "Where the network looked", about, err);
    if (status == AY_OK)
        status = ay_canvas_save(canvas, AY_THEME_LIGHT, w->heat, err);
    ay_canvas_destroy(canvas);
    ay_image_fini(&overlay);
    return status;
}

ay_status ay_predict_why_ask(ay_predict_why *w, const ay_classifier *c, const ay_image *picture,
                             const char *path, ay_prediction *p, ay_err *err)
{
    ay_status status = AY_OK;

    w->count++;
    if (w->views) {
        status = ay_why_views(w->why, picture, w->logits, w->feature, err);
        if (status == AY_OK)
            ay_classifier_decide(c, w->logits, w->feature, w->probabilities, p);
    }
    if (status == AY_OK && w->passes) {
        ay_passes_fini(&w->doubt);
        status = ay_why_passes(w->why, picture, w->passes,
                               ay_classifier_get_info((ay_classifier *)c)->temperature, 0, &w->doubt,
                               err);
    }
    if (status == AY_OK && w->folder)
        status = write_heat(w, c, picture, path, p, err);
    if (status != AY_OK)
        ay_err_wrap(err, "%s", path);
    return status;
}

void ay_predict_why_json(const ay_predict_why *w, json_t *o)
{
    const ay_passes *d = &w->doubt;
    json_t *mean, *spread;

    if (w->views)
        json_object_set_new(o, "views", json_integer(AY_TTA_VIEWS));
    if (w->folder)
        json_object_set_new(o, "heat_map", json_string(w->heat));
    if (!w->passes)
        return;
    mean = json_array();
    spread = json_array();
    for (int k = 0; k < d->classes; k++) {
        json_array_append_new(mean, json_real(d->mean[k]));
        json_array_append_new(spread, json_real(d->spread[k]));
    }
    json_object_set_new(o, "mc_dropout",
                        json_pack("{s:i, s:i, s:o, s:o, s:f, s:f}", "passes", d->passes, "guess",
                                  d->guess, "mean", mean, "spread", spread, "entropy", d->entropy,
                                  "mutual_information", d->mutual_information));
}

void ay_predict_why_text(const ay_predict_why *w, ay_buf *out)
{
    if (w->passes)
        ay_buf_printf(out, "  spread %.1f %%, model's own doubt %.4f nats",
                      100 * w->doubt.spread[w->doubt.guess], w->doubt.mutual_information);
    if (w->folder)
        ay_buf_printf(out, "  heat map %s", w->heat);
}
