/* train/package.h - the files of a trained model's folder.
 *
 *   model.safetensors   float32 weights by their publisher's names, "head.fc..." and "unknown...."
 *   config.json         what engine/classify.h reads, over the body's own configuration
 *   known.json          an input by formula and what came out (outcome.c)
 *   metrics.json        every figure; history.json: the curves; settings.yaml: what was asked for
 *   predictions.csv     what was said of each judged picture
 *   report.html plots/  for people; MODEL_CARD.md
 *   events/             for TensorBoard (run.c)
 *
 * Threads: one. */
#ifndef AY_TRAIN_PACKAGE_H
#define AY_TRAIN_PACKAGE_H

#include "engine/unknown.h"
#include "train/evaluate.h"
#include "train/metrics.h"
#include "train/run_parts.h"

typedef struct {
    ay_run *run;
    double temperature;
    ay_unknown *unknown; /* NULL: not fitted */
    char digest[AY_SHA256_HEX]; /* "": not known yet */
} ay_package;

/* n bytes of a folder's name as a model's: valid UTF-8 whatever the file system holds, cut between
 * letters.  A name that JSON cannot hold would cost the whole run at its end. */
void ay_package_name(const char *s, size_t n, char *dst, size_t cap);
/* Weights and configuration. */
ay_status ay_package_write(const ay_package *p, ay_err *err);
/* Everything else but known.json. */
ay_status ay_package_report(const ay_package *p, const ay_evaluation *e, ay_classifier *c,
                            const ay_metrics *m, bool on_test, ay_err *err);

#endif
