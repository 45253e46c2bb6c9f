/* engine/unknown.h - "not like anything I was shown".
 *
 * Six detectors look at one picture's logits and feature vector; every score is turned so that
 * HIGHER MEANS MORE UNKNOWN, and every threshold is the score that only a chosen share of known
 * pictures (the false-alarm rate, 5 %) passes on validation.
 *
 *   max_softmax  1 - max p                                     Hendrycks and Gimpel 2017
 *   entropy      -sum p ln p, nats                             the same family
 *   energy       -T logsumexp(logits / T)                      Liu et al. 2020: unknown when HIGH
 *   mahalanobis  smallest squared distance to a class mean in one shared covariance
 *                                                              Lee et al. 2018
 *   knn          1 - cosine to the k-th nearest bank vector    Sun et al. 2022
 *                (both on features of unit length)
 *   combined     the mean of energy, mahalanobis and knn in standard deviations of known pictures: the
 *                default decision, chosen by measurement (unknown.c, bench/unknown.md)
 *   vote         how many of the first five pass their thresholds
 *
 * The covariance is shrunk towards a multiple of the identity by Ledoit and Wolf's rule, so that a
 * hundred pictures in 512 dimensions give a usable distance.
 *
 * p here is softmax(logits / T) with the model's temperature; energy uses T = 1.  Features may be of any
 * length: they are the vector that the head reads.
 *
 * Stored as JSON (options, thresholds, scales: goes into config.json as "unknown") and tensors
 * ("unknown.mean" [classes, dim], "unknown.whiten" [dim, dim], "unknown.bank" [m, dim], float32: go
 * into model.safetensors).
 *
 * Threads: an ay_unknown is immutable once made; any number of threads may score with it. */
#ifndef AY_ENGINE_UNKNOWN_H
#define AY_ENGINE_UNKNOWN_H

#include "base/err.h"
#include "tensor/safetensors.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    AY_UNKNOWN_MAX_SOFTMAX,
    AY_UNKNOWN_ENTROPY,
    AY_UNKNOWN_ENERGY,
    AY_UNKNOWN_MAHALANOBIS,
    AY_UNKNOWN_KNN,
    AY_UNKNOWN_COMBINED,
    AY_UNKNOWN_VOTE,
    AY_UNKNOWN_KINDS
} ay_unknown_kind;

/* "max_softmax", "entropy", "energy", "mahalanobis", "knn", "combined", "vote". */
const char *ay_unknown_name(ay_unknown_kind kind);
bool ay_unknown_parse(const char *name, ay_unknown_kind *out);

typedef struct {
    double false_alarm;      /* share of known pictures that may be called unknown; 0: 0.05 */
    ay_unknown_kind decide;  /* which one decides; see decide_set */
    bool decide_set;         /* false: AY_UNKNOWN_COMBINED */
    int neighbours;          /* k of knn; 0: 1, measured best of 1, 3, 5 and 10 */
    int bank;                /* most vectors kept for knn, drawn evenly over the classes; 0: 4096 */
    int votes;               /* AY_UNKNOWN_VOTE: unknown from so many of five; 0: fitted */
    double temperature;      /* of p; 0: 1 */
    uint64_t seed;           /* of the draw for the bank */
} ay_unknown_options;

/* Pictures as the network sees them.  Rows are pictures. */
typedef struct {
    int64_t n;
    const float *features; /* [n, dim] */
    const float *logits;   /* [n, classes]; may be NULL in the training part */
    const int *labels;     /* [n]; may be NULL in the validation part */
} ay_unknown_data;

typedef struct ay_unknown ay_unknown;

/* Means, covariance and bank from train; thresholds and scales from validation, which should not
 * overlap it (without augmentation, both).  validation NULL or empty: thresholds are fitted on train
 * with each picture left out of the bank, which is better than nothing and is too strict for a
 * network that was fine-tuned on them.  AY_EINVAL: no pictures, a label out of range, a value that is
 * not finite (which row). */
ay_status ay_unknown_fit(ay_unknown **out, const ay_unknown_data *train,
                         const ay_unknown_data *validation, int dim, int classes,
                         const ay_unknown_options *opt, ay_err *err);
void ay_unknown_destroy(ay_unknown *u); /* NULL is fine */

typedef struct {
    double score[AY_UNKNOWN_KINDS]; /* higher is more unknown; VOTE: how many of five */
    bool says[AY_UNKNOWN_KINDS];    /* score above the threshold */
    bool unknown;                   /* says[the one that decides] */
} ay_unknown_result;

/* logits [classes], feature [dim] of one picture.  Values that are not finite are unknown. */
void ay_unknown_score(const ay_unknown *u, const float *logits, const float *feature,
                      ay_unknown_result *out);

ay_unknown_kind ay_unknown_decides(const ay_unknown *u);
double ay_unknown_threshold(const ay_unknown *u, ay_unknown_kind kind);
int ay_unknown_dim(const ay_unknown *u);
int ay_unknown_classes(const ay_unknown *u);

/* For config.json, "unknown".  A new reference; NULL: no memory. */
json_t *ay_unknown_json(const ay_unknown *u);
/* Tensors for model.safetensors: views that live as long as u.  Returns how many (at most cap; 3
 * are needed). */
enum { AY_UNKNOWN_TENSORS = 3 };
int ay_unknown_tensors(const ay_unknown *u, ay_named_tensor *out, int cap);
/* And back; copies what it needs.  AY_ENOTFOUND: a tensor or key is missing, AY_ECORRUPT: shapes or
 * values do not fit, with the name. */
ay_status ay_unknown_load(ay_unknown **out, const json_t *json, const ay_safetensors *st,
                          ay_err *err);

/* Area under the ROC curve: the chance that a random unknown picture scores above a random known
 * one, ties half (Mann-Whitney).  NaN when a side is empty or memory is refused. */
double ay_unknown_auroc(const double *known, int64_t n, const double *unknown, int64_t m);
/* Share of known pictures that would be called unknown where 95 % of the unknown ones are. */
double ay_unknown_fpr95(const double *known, int64_t n, const double *unknown, int64_t m);

#endif
