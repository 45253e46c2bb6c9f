/* engine/classify.h - pictures in, honest answers out: a trained model folder at work.
 *
 * A classifier is an engine (engine/engine.h: same workers, batches and queue) whose network ends in
 * logits, and what training left beside the weights: class names, the temperature that makes
 * confidence honest, the thresholds, the detectors of unknown things.  Evaluation and serving both
 * use this file and nothing else, so what is served is what was measured, bit for bit.
 *
 *   success         confidence >= thresholds.confident
 *   low_confidence  confidence >= thresholds.reject
 *   rejected        below that: do not use the answer
 *   unknown         like nothing the model was shown; whatever the confidence says
 *
 * Any folder whose network has logits opens (an ImageNet ResNet too): then classes are numbered,
 * temperature is 1 and nothing is unknown.
 *
 * Threads: open and close on one; run from any. */
#ifndef AY_ENGINE_CLASSIFY_H
#define AY_ENGINE_CLASSIFY_H

#include "engine/engine.h"
#include "engine/unknown.h"

typedef enum {
    AY_VERDICT_SUCCESS,
    AY_VERDICT_LOW_CONFIDENCE,
    AY_VERDICT_REJECTED,
    AY_VERDICT_UNKNOWN,
    AY_VERDICTS
} ay_verdict;
const char *ay_verdict_name(ay_verdict v); /* "success", "low_confidence" ...; static */

typedef struct ay_classifier ay_classifier;

typedef struct {
    const ay_engine_info *engine;      /* name, version, digest, dim ... */
    int classes;
    const char *const *class_names;    /* [classes], UTF-8 */
    double temperature, confident, reject;
    bool knows_unknown;                /* there are detectors */
    char snapshot[AY_SHA256_HEX];      /* of the data it was trained on; "" when not stated */
    const json_t *config;              /* config.json whole; NULL when there is none */
} ay_classifier_info;

/* options->model is the folder; NULL options: defaults.  Beside ay_engine_open's errors: AY_EINVAL
 * when the network has no classifier, AY_ECORRUPT when the label list or the detectors do not fit
 * the weights. */
ay_status ay_classifier_open(ay_classifier **out, const ay_engine_options *options, ay_err *err);
size_t ay_classifier_memory(const ay_classifier *c); /* as ay_engine_memory() */
void ay_classifier_close(ay_classifier *c); /* waits for work under way; NULL is fine */
const ay_classifier_info *ay_classifier_get_info(const ay_classifier *c);
ay_engine *ay_classifier_engine(ay_classifier *c); /* for figures and checks; owned by c */

typedef struct {
    int top;                    /* class of the largest probability; ties: the first */
    float confidence;           /* its probability */
    ay_verdict verdict;
    const float *logits;        /* [classes] */
    const float *probabilities; /* [classes], temperature applied */
    const float *feature;       /* [dim], what the head reads, not scaled */
    ay_unknown_result unknown;  /* zeroes without detectors */
    void *room;                 /* of the whole call; in the first result only */
} ay_prediction;

/* out has n rows; give them to ay_predictions_fini() when AY_OK.  Blocks until done; errors as
 * ay_engine_embed(). */
ay_status ay_classifier_run(ay_classifier *c, const ay_image *const *images, int n,
                            ay_prediction *out, ay_err *err);
void ay_predictions_fini(ay_prediction *p);
/* The k most likely classes of a result, most likely first; returns min(k, classes). */
int ay_prediction_top(const ay_classifier *c, const ay_prediction *p, int k, int *classes);

/* What comes after the network, on one row: probabilities from logits, top, verdict.  fills out but
 * for room; probabilities has room for all classes.  For answers averaged over views or passes. */
void ay_classifier_decide(const ay_classifier *c, const float *logits, const float *feature,
                          float *probabilities, ay_prediction *out);

#endif
