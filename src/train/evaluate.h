/* train/evaluate.h - a classifier over labelled pictures, by the very path that serves.
 *
 * Rows come in the order of the corpus, whatever finishes first; pictures that cannot be read any
 * more are left out and counted.  Class names of the corpus are looked up among the model's, so a
 * test folder may lack classes or have them in another order; a name that the model lacks is an
 * error that says which, unless strangers are asked for: then labels are -1.
 *
 * Threads: one; it starts its own. */
#ifndef AY_TRAIN_EVALUATE_H
#define AY_TRAIN_EVALUATE_H

#include "engine/classify.h"
#include "train/corpus.h"

typedef struct {
    int n, classes, dim, lost;
    float *logits;        /* [n, classes] */
    float *probabilities; /* [n, classes], temperature applied */
    float *features;      /* [n, dim] */
    int *labels;          /* [n] the model's class, -1: a stranger */
    int *items;           /* [n] of the corpus */
    int *top;             /* [n] */
    ay_verdict *verdict;  /* [n] */
    ay_unknown_result *unknown; /* [n] */
    double seconds;
} ay_evaluation;

typedef struct {
    int split;      /* ay_split, or -1: all pictures */
    int most;       /* 0: all; else at most so many, drawn evenly over the corpus */
    bool strangers; /* classes the model lacks are fine */
    int threads;    /* that read; 0: one a processor */
    void (*progress)(void *ctx, size_t done, size_t n);
    void (*lost)(void *ctx, const char *path, const char *why);
    void *ctx;
    const atomic_bool *stop;
} ay_evaluate_options;

ay_status ay_evaluate(ay_evaluation *out, ay_classifier *c, const ay_corpus *corpus,
                      const ay_evaluate_options *o, ay_err *err);
void ay_evaluation_fini(ay_evaluation *e); /* a zeroed one is fine */
/* "path,label,prediction,confidence,status,..." a row a picture; corpus is the one evaluated. */
void ay_evaluation_csv(const ay_evaluation *e, const ay_corpus *corpus, const ay_classifier *c,
                       ay_buf *out);
/* One field of a CSV line, quoted where it must be; a formula of a spreadsheet is disarmed. */
void ay_csv_field(ay_buf *out, const char *text);

#endif
