/* cmd/predict_why.h - the further questions of "assay predict": where it looked, how its doubt
 * spreads, what the mean of five views says. */
#ifndef AY_CMD_PREDICT_WHY_H
#define AY_CMD_PREDICT_WHY_H

#include "cmd/args.h"
#include "engine/classify.h"
#include "train/why.h"

typedef struct {
    ay_why *why; /* NULL: nothing was asked */
    const char *folder; /* of heat maps; NULL: none wanted */
    int passes;         /* with dropout; 0: none wanted */
    bool views;
    long count; /* pictures so far */
    float *logits, *probabilities, *feature;
    ay_passes doubt;
    char heat[4096]; /* file written for the last picture */
} ay_predict_why;

/* Rows for the command's list of options. */
#define AY_PREDICT_WHY_OPTIONS                                                                     \
    {"explain", 0, "FOLDER", "write a heat map of each picture to FOLDER, as PNG"},                \
        {"mc-dropout", 0, "N", "N passes with dropout kept on: how far the answer spreads"},       \
        {"tta", 0, NULL, "answer with the mean of five views of each picture"}

/* Reads the options; opens model only when one is given.  False: an option is wrong (said), *rc is
 * set. */
bool ay_predict_why_open(ay_predict_why *w, ay_args *a, const char *model, int *rc);
void ay_predict_why_close(ay_predict_why *w);
/* After the classifier's answer *p (with --tta it is replaced; its numbers then live in w until the
 * next call). */
ay_status ay_predict_why_ask(ay_predict_why *w, const ay_classifier *c, const ay_image *picture,
                             const char *path, ay_prediction *p, ay_err *err);
/* What was learnt, into a line of JSON, or as text behind a line. */
void ay_predict_why_json(const ay_predict_why *w, json_t *o);
void ay_predict_why_text(const ay_predict_why *w, ay_buf *out);

#endif
