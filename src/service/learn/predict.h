/* service/learn/predict.h - what a trained model says of a picture, and the record of everything it said.
 *
 *     success         probability >= the model's "confident"
 *     low_confidence  probability >= its "reject"
 *     rejected        less: do not use the label
 *     unknown         like nothing it was shown
 *
 * The thresholds are the model's own.  A recorded prediction keeps the picture (named by its SHA-256,
 * never by what the client called it), so history can show it; the newest AY_PREDICTIONS_KEPT stay.
 *
 * Threads: any. */
#ifndef AY_SERVICE_PREDICT_H
#define AY_SERVICE_PREDICT_H

#include "service/service.h"

enum { AY_ANSWER_TOP = 3, AY_PREDICTIONS_KEPT = 100000 };

typedef struct {
    const char *label;
    double probability;
} ay_answer_class;

/* What several passes with dropout kept on agree on. */
typedef struct {
    int passes;                             /* 0: not asked */
    const char *label;                      /* of the mean */
    double entropy, entropy_most;           /* nats: of the mean; of C classes that are equally likely */
    double mutual_information;              /* the part of entropy that is the model's own doubt */
    struct {
        const char *label;
        double mean, spread; /* spread: standard deviation over the passes */
    } top[AY_ANSWER_TOP]; /* largest mean first */
    int ntop;
} ay_doubt;

typedef struct {
    int64_t id; /* of the record; 0: not recorded */
    char at[AY_RFC3339_SIZE];
    int64_t model;
    const char *model_name, *model_digest;
    int model_version;
    char sha256[AY_SHA256_HEX];
    const char *file, *format;
    int width, height;
    const char *label, *status;
    double probability;
    double unknown; /* score of the detector that decides; 0 without detectors */
    ay_answer_class top[AY_ANSWER_TOP];
    int ntop;
    const char *batch; /* "" for one alone */
    int views;         /* the answer is the mean of so many views; 0: of the picture alone */
    ay_doubt doubt;
    double decode_ms, network_ms, total_ms;
} ay_answer;

typedef struct {
    int64_t model;     /* 0: the active one */
    bool record;
    const char *batch; /* 32 hex digits shared by the pictures of one request; NULL or "": none */
    bool views;        /* answer with the mean of five views; slow, see service/learn/reason.h */
    int passes;        /* with dropout kept on; 0: none */
} ay_predict_options;

/* Errors as ay_picture_add(), and AY_ECONFLICT: no model is active, with what to do; AY_EIO: the model
 * cannot be opened. */
ay_status ay_predict(ay_service *s, const ay_predict_options *o, const void *bytes, size_t n,
                     const char *file, ay_arena *a, ay_answer *out, ay_err *err);

/* One of the record.  AY_ENOTFOUND. */
ay_status ay_prediction_get(ay_service *s, int64_t id, ay_arena *a, ay_answer *out, ay_err *err);

/* NULL, "" and 0 do not restrict. */
typedef struct {
    int64_t model;
    const char *status, *label, *batch, *sha256;
    const char *text; /* part of the file's name */
    int64_t since_us, until_us;
    double at_least, at_most; /* probability */
    bool latest; /* of the same picture under the same name only the newest */
} ay_answer_filter;

/* Newest first.  cursor as in ay_picture_list().  limit 1..1000.  AY_EINVAL: not a status, not a
 * cursor. */
ay_status ay_predictions_list(ay_service *s, const ay_answer_filter *f, const char *cursor,
                              int limit, ay_arena *a, ay_answer **out, size_t *n, const char **next,
                              ay_err *err);

/* Forget what the filter lets through (latest is ignored), or only number id when id > 0; *deleted: how
 * many.  Their pictures go soon after, unless a data set or another answer names them.  AY_EINVAL: a
 * filter that restricts nothing, unless `all`. */
ay_status ay_predictions_delete(ay_service *s, const ay_answer_filter *f, int64_t id, bool all,
                                int64_t *deleted, ay_err *err);

typedef struct {
    int64_t total, success, low_confidence, rejected, unknown;
    double network_ms, total_ms; /* means; 0 without predictions */
} ay_answer_sums;
ay_status ay_predictions_sum(ay_service *s, const ay_answer_filter *f, ay_answer_sums *out,
                             ay_err *err);

#endif
