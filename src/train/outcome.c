/* train/outcome.c - trained weights become a model that knows how sure it may be.
 *
 *   1. weights and a plain config.json, so that engine/classify.h can open the folder
 *   2. validation (and training) pictures through it: temperature, detectors of unknown things
 *   3. weights again with the detectors' tensors, config.json whole, known answers
 *   4. the test pictures through the finished folder: every figure comes from what will be served
 *
 * All of it happens in partial/model, which becomes the model's folder by one rename. */
#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/parts.h"
#include "engine/verify.h"
#include "train/calibrate.h"
#include "train/evaluate.h"
#include "train/package.h"
#include "train/run_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN_MOST = 20000 };

/* ---- running pictures through the folder ------------------------------------------------------ */

typedef struct {
    ay_run *run;
    ay_classifier *classifier;
} judge;

static void judge_progress(void *ctx, size_t done, size_t n)
{
    ay_run_progress(ctx, AY_TRAIN_JUDGING, (long)done, (long)n, 0, 0, 1, NAN);
}

static void judge_lost(void *ctx, const char *path, const char *why)
{
    ay_run_note(ctx, "left_out|left out %s: %s", path, why);
}

static ay_status open_folder(judge *j, ay_err *err)
{
    static const ay_precision precision[] = {[AY_TRAIN_AUTO] = AY_PRECISION_AUTO,
                                             [AY_TRAIN_F32] = AY_PRECISION_F32,
                                             [AY_TRAIN_BF16] = AY_PRECISION_BF16};
    const ay_train_settings *s = &j->run->s;
    ay_engine_options o = {.model = j->run->folder,
                           .precision = precision[s->precision],
                           .backend = s->backend,
                           .workers = s->threads,
                           .max_batch = s->inference_batch};

    return ay_classifier_open(&j->classifier, &o, err);
}

static ay_status look(const judge *j, ay_split split, int most, ay_evaluation *out, ay_err *err)
{
    ay_evaluate_options o = {.split = (int)split,
                             .most = most,
                             .threads = j->run->s.workers,
                             .progress = judge_progress,
                             .lost = judge_lost,
                             .ctx = j->run,
                             .stop = j->run->control ? &j->run->control->pause : NULL};

    ay_run_phase(j->run, AY_TRAIN_JUDGING);
    return ay_evaluate(out, j->classifier, &j->run->corpus, &o, err);
}

/* ---- fitting ---------------------------------------------------------------------------------- */

static ay_status fit_temperature(ay_package *p, const ay_evaluation *val, ay_err *err)
{
    ay_temperature t;
    ay_status status =
        ay_temperature_fit(&t, val->logits, val->labels, val->n, val->classes, 1, err);

    p->temperature = status == AY_OK ? t.temperature : 1;
    return status;
}

static ay_status fit_unknown(const judge *j, ay_package *p, const ay_evaluation *val, ay_err *err)
{
    const ay_train_settings *s = &j->run->s;
    ay_unknown_options o = {.false_alarm = s->false_alarm_rate,
                            .temperature = p->temperature,
                            .seed = (uint64_t)s->seed};
    const ay_run *r = j->run;
    ay_unknown_data fresh = {val->n, val->features, val->logits, val->labels}, known;
    ay_evaluation train = {0};
    ay_status status = AY_OK;

    if (r->features) {
        known = (ay_unknown_data){r->feature_count, r->features, NULL, r->feature_labels};
    } else {
        status = look(j, AY_SPLIT_TRAIN, TRAIN_MOST, &train, err);
        known = (ay_unknown_data){train.n, train.features, train.logits, train.labels};
    }
    if (status == AY_OK)
        status = ay_unknown_fit(&p->unknown, &known, &fresh, val->dim, val->classes, &o, err);
    ay_evaluation_fini(&train);
    return status;
}

/* Steps 1 to 3. */
static ay_status fit_all(judge *j, ay_package *p, ay_err *err)
{
    ay_evaluation val = {0};
    ay_status status = ay_package_write(p, err);

    if (status == AY_OK)
        status = open_folder(j, err);
    if (status == AY_OK)
        status = look(j, AY_SPLIT_VAL, 0, &val, err);
    if (status == AY_OK)
        status = fit_temperature(p, &val, err);
    if (status == AY_OK && j->run->s.ood)
        status = fit_unknown(j, p, &val, err);
    if (status == AY_OK)
        snprintf(p->digest, sizeof p->digest, "%s",
                 ay_classifier_get_info(j->classifier)->engine->digest);
    ay_evaluation_fini(&val);
    ay_classifier_close(j->classifier);
    j->classifier = NULL;
    return status == AY_OK ? ay_package_write(p, err) : status;
}

/* ---- judging ---------------------------------------------------------------------------------- */

static void keep_figures(ay_run *r, const ay_package *p, const ay_metrics *m, bool on_test)
{
    ay_train_result *t = &r->result;

    snprintf(t->digest, sizeof t->digest, "%s", p->digest);
    t->temperature = p->temperature;
    t->accuracy = m->accuracy;
    t->macro_f1 = m->macro_f1;
    t->ece = m->ece;
    t->mce = m->mce;
    t->on_test = on_test;
}

static ay_status write_known(const judge *j, ay_err *err)
{
    char path[AY_RUN_PATH + 32];
    ay_buf text = {0};
    ay_status status = ay_engine_known_answer(ay_classifier_engine(j->classifier), &text, err);

    snprintf(path, sizeof path, "%s/known.json", j->run->folder);
    if (status == AY_OK)
        status = ay_file_write(path, text.data, text.len, err);
    ay_buf_fini(&text);
    return status;
}

/* Step 4. */
static ay_status judge_all(judge *j, const ay_package *p, ay_err *err)
{
    ay_run *r = j->run;
    bool on_test = r->result.test > 0;
    ay_metrics_options o = {.threshold = r->s.confident, .seed = (uint64_t)r->s.seed};
    ay_metrics m = {0};
    ay_evaluation e = {0};
    ay_status status = open_folder(j, err);

    if (status == AY_OK)
        status = write_known(j, err);
    if (status == AY_OK)
        status = look(j, on_test ? AY_SPLIT_TEST : AY_SPLIT_VAL, 0, &e, err);
    if (status == AY_OK && e.n == 0)
        status = ay_fail(err, AY_EIO, "no test picture can be read any more");
    if (status == AY_OK)
        status = ay_metrics_compute(&m, e.probabilities, e.labels, e.n, e.classes, &o, err);
    if (status == AY_OK) {
        keep_figures(r, p, &m, on_test);
        ay_run_phase(r, AY_TRAIN_SAVING);
        status = ay_package_report(p, &e, j->classifier, &m, on_test, err);
    }
    ay_metrics_fini(&m);
    ay_evaluation_fini(&e);
    ay_classifier_close(j->classifier);
    j->classifier = NULL;
    return status;
}

ay_status ay_run_outcome(ay_run *r, ay_err *err)
{
    ay_package p = {.run = r, .temperature = 1};
    judge j = {.run = r};
    ay_status status = fit_all(&j, &p, err);

    if (status == AY_OK)
        status = judge_all(&j, &p, err);
    ay_unknown_destroy(p.unknown);
    return status;
}
