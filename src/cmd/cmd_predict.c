/* cmd/cmd_predict.c - "assay predict": what a trained model says of pictures, as text, CSV or JSON
 * Lines, in the order they were named. */
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/pictures.h"
#include "cmd/predict_why.h"
#include "cmd/session.h"
#include "train/evaluate.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"top", 'k', "N", "classes listed in JSON lines (3)"},
    {"csv", 0, NULL, "print CSV: file,prediction,confidence,status"},
    {"jsonl", 0, NULL, "print one JSON object a line"},
    {"features", 0, NULL, "with --jsonl: also the feature vector and the logits"},
    AY_PREDICT_WHY_OPTIONS,
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "predict [OPTION ...] MODEL FILE|FOLDER|- ...",
    "Say what MODEL (a folder that assay train made) sees in each picture: a class, how sure, and\n"
    "success, low_confidence, rejected or unknown.  Exit code 3: one picture, and not success.",
    options,
    "max-upload max-pixels precision backend workers max-batch log-level log-format",
};

enum { TOP_MAX = 100 };
typedef enum { TEXT, CSV, JSONL } form;

typedef struct {
    ay_classifier *c;
    const ay_classifier_info *info;
    ay_pictures walk;
    form form;
    int top;
    bool features;
    int successes;
    ay_predict_why why;
} job;

static json_t *numbers(const float *v, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_real((double)v[i]));
    return list;
}

static void print_jsonl(const job *j, const char *path, const ay_prediction *p)
{
    json_t *o = json_pack("{s:s, s:s, s:f, s:s}", "file", path, "prediction", j->info->class_names[p->top],
                          "confidence", (double)p->confidence, "status", ay_verdict_name(p->verdict));
    json_t *top = json_array(), *scores = json_object();
    int best[TOP_MAX], n = ay_prediction_top(j->c, p, j->top, best);

    for (int i = 0; i < n; i++)
        json_array_append_new(top, json_pack("{s:s, s:f}", "class", j->info->class_names[best[i]],
                                             "confidence", (double)p->probabilities[best[i]]));
    json_object_set_new(o, "top", top);
    for (int k = 0; j->info->knows_unknown && k < AY_UNKNOWN_KINDS; k++)
        json_object_set_new(scores, ay_unknown_name((ay_unknown_kind)k), json_real(p->unknown.score[k]));
    json_object_set_new(o, "unknown", scores);
    if (j->features) {
        json_object_set_new(o, "logits", numbers(p->logits, j->info->classes));
        json_object_set_new(o, "features", numbers(p->feature, j->info->engine->dim));
    }
    ay_predict_why_json(&j->why, o);
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(o);
}

static void print_one(job *j, const char *path, const ay_prediction *p)
{
    const char *name = j->info->class_names[p->top], *status = ay_verdict_name(p->verdict);
    ay_buf line = {0};

    j->successes += p->verdict == AY_VERDICT_SUCCESS;
    ay_progress_hide(&j->walk.bar);
    if (j->form == JSONL) {
        print_jsonl(j, path, p);
    } else if (j->form == CSV) {
        ay_csv_field(&line, path);
        ay_buf_putc(&line, ',');
        ay_csv_field(&line, name);
        printf("%s,%.9g,%s\n", line.data ? line.data : "", (double)p->confidence, status);
    } else {
        ay_predict_why_text(&j->why, &line);
        printf("%s: %s %.1f %%  %s%s\n", path, name, 100 * (double)p->confidence, status,
               line.data ? line.data : "");
    }
    ay_buf_fini(&line);
}

static ay_status predict_chunk(void *ctx, const ay_image *const *images, const char *const *names, int n,
                               ay_err *err)
{
    job *j = ctx;
    ay_prediction p[AY_PICTURES_CHUNK];
    ay_status status = ay_classifier_run(j->c, images, n, p, err);

    if (status != AY_OK)
        return status;
    for (int i = 0; i < n && status == AY_OK; i++) {
        if (j->why.why)
            status = ay_predict_why_ask(&j->why, j->c, images[i], names[i], &p[i], err);
        if (status == AY_OK)
            print_one(j, names[i], &p[i]);
    }
    ay_predictions_fini(p);
    return status;
}

static int predict(job *j, const ay_files *files, ay_err *err)
{
    if (j->form == CSV)
        puts("file,prediction,confidence,status");
    if (ay_pictures_each(&j->walk, files, err) != AY_OK)
        return ay_cmd_fail(err);
    if (j->walk.failed)
        return AY_EXIT_FAIL;
    return files->n == 1 && j->successes == 0 ? AY_EXIT_NO_MATCH : AY_EXIT_OK;
}

int ay_cmd_predict(int argc, char **argv)
{
    ay_files files = {0};
    job j = {.top = 3};
    long top = 3;
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest < 2) {
        rc = ay_args_wrong(&a, "predict: name a model, then pictures, folders, or - for standard input%s", "");
        goto out;
    }
    if (ay_args_get(&a, "top") && !ay_args_number(&a, "top", 1, TOP_MAX, &top)) {
        rc = AY_EXIT_USAGE;
        goto out;
    }
    j.top = (int)top;
    j.form = ay_args_get(&a, "jsonl") ? JSONL : ay_args_get(&a, "csv") ? CSV : TEXT;
    j.features = ay_args_get(&a, "features") != NULL;
    j.walk = (ay_pictures){.what = "predicting", .limits = ay_session_limits(&a),
                           .quiet = ay_args_get(&a, "quiet") != NULL, .use = predict_chunk, .ctx = &j};
    if (ay_files_collect(&files, a.rest + 1, a.n_rest - 1, &err) != AY_OK ||
        ay_session_classifier(&j.c, &a, a.rest[0], &err) != AY_OK) {
        rc = ay_cmd_fail(&err);
        goto out;
    }
    j.info = ay_classifier_get_info(j.c);
    if (!ay_predict_why_open(&j.why, &a, a.rest[0], &rc))
        goto out;
    rc = predict(&j, &files, &err);
out:
    ay_predict_why_close(&j.why);
    ay_files_fini(&files);
    ay_classifier_close(j.c);
    ay_args_fini(&a);
    return rc;
}
