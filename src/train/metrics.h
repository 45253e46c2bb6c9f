/* train/metrics.h - how good a classifier is, from its probabilities and the truth.
 *
 * One call takes everything a report, a model card or a gate needs: n rows of probabilities, n
 * labels, and out comes one struct.  Definitions are scikit-learn's where it has one (precision,
 * recall and F1 with zero_division 0, accuracy, top-k) and are checked against it
 * (metrics_test.c); calibration error after Guo et al., "On calibration of modern neural networks",
 * 2017, with bins (lo, hi]; risk and coverage after Geifman and El-Yaniv, "Selective
 * classification for deep neural networks", 2017.
 *
 * Rejected: a metric object that is fed batch by batch.  A test set's probabilities are a few
 * megabytes, and top-k, calibration and the bootstrap all want the whole of them.
 *
 * Ties are broken towards the lower class index everywhere: the guess is the first of the largest,
 * and a label is among the k largest when fewer than k classes come before it in that order.
 *
 * Pure functions of their arguments, any thread. */
#ifndef AY_TRAIN_METRICS_H
#define AY_TRAIN_METRICS_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { AY_METRICS_BINS = 10, AY_METRICS_HISTOGRAM = 50 };

typedef struct {
    int top_k;        /* 0: 3 */
    double threshold; /* of "confident"; 0: 0.7 */
    int resamples;    /* of the bootstrap; 0: 1000; negative: no intervals */
    double level;     /* of the intervals; 0: 0.95 */
    uint64_t seed;    /* of the bootstrap */
} ay_metrics_options;

typedef struct {
    double precision, recall, f1; /* 0 where a denominator is 0 */
    int64_t support;              /* pictures of this class */
    int64_t guessed;              /* pictures taken for this class */
} ay_class_metrics;

/* Pictures whose largest probability lies in (lo, hi]. */
typedef struct {
    double lo, hi;
    int64_t count;
    double confidence, accuracy; /* means over the bin; 0 when it is empty */
} ay_metrics_bin;

typedef struct {
    double lo, hi; /* NaN: not computed */
} ay_interval;

typedef struct {
    int64_t n;
    int classes;
    int top_k; /* min(asked, classes) */
    double threshold, level;
    double accuracy, top_k_accuracy;
    double macro_precision, macro_recall, macro_f1; /* over all classes, also those without pictures */
    double weighted_precision, weighted_recall, weighted_f1; /* by support */
    double coverage, rejection_rate, high_confidence_accuracy; /* accepted: max probability >= threshold */
    double ece, mce; /* expected and maximal calibration error */
    double log_loss; /* mean -ln p(label), p clipped at 1e-12 */
    double brier;    /* mean squared distance from the one-hot truth, summed over classes */
    double risk_area; /* mean over coverages 1/n, 2/n ... 1 of the error among the most confident */
    /* accuracy_interval is Wilson's, which stays honest at 0 and 1; the others are percentile
     * bootstrap over pictures. */
    ay_interval accuracy_interval, macro_f1_interval, weighted_f1_interval, ece_interval,
        high_confidence_interval;
    ay_class_metrics *per_class; /* [classes] */
    int64_t *confusion;          /* [classes, classes], row: truth, column: guess */
    ay_metrics_bin bin[AY_METRICS_BINS];
    int64_t histogram[AY_METRICS_HISTOGRAM]; /* of the largest probability, (lo, hi], 0 in the first */
    double *risk; /* [n]: risk[i] is the error rate among the i + 1 most confident pictures.  Equal
                   * confidences count as one step: each gets the rate at the step's end */
} ay_metrics;

/* probabilities [n, classes], rows finite and within 0..1; labels [n] in 0 .. classes - 1.  opt
 * NULL: all defaults.  On success the caller gives *out to ay_metrics_fini().  AY_EINVAL names the
 * row that does not fit; n and classes are at least 1. */
ay_status ay_metrics_compute(ay_metrics *out, const float *probabilities, const int *labels,
                             int64_t n, int classes, const ay_metrics_options *opt, ay_err *err);
void ay_metrics_fini(ay_metrics *m); /* a zeroed one is fine */

/* The first of the largest of p[classes]. */
int ay_metrics_guess(const float *p, int classes);

/* The keys of the system it replaces (accuracy, top_k_accuracy, macro_*, weighted_f1,
 * rejection_rate, high_confidence_accuracy, expected_calibration_error, max_calibration_error,
 * per_class_metrics) and then more: confusion_matrix, intervals, bins, risk_coverage_area ...
 * names [classes].  A new reference; NULL: no memory. */
json_t *ay_metrics_json(const ay_metrics *m, const char *const *names);
/* What ay_metrics_json wrote, for a report made later from stored files.  The risk curve (of at most 200 points) and
 * histogram come back as well.  */
ay_status ay_metrics_from_json(ay_metrics *out, const json_t *json, ay_err *err);

/* Wilson's score interval for k of n (n > 0) at this level (0.95). */
ay_interval ay_interval_wilson(int64_t k, int64_t n, double level);

#endif
