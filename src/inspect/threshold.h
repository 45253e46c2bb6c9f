/* inspect/threshold.h - how similar to its golden sample a picture must be, for a false-accept rate that somebody chose.
 *
 * Held-out pictures only (the network was taught to bring training pictures together, so theirs say nothing).  For a label
 *   its own      held-out pictures of that label
 *   impostors    what must not pass as it, under the same light: the same part turned, other parts, and bad pictures that
 *                claim to be it (or claim nothing, where the label is one that is wanted as mounted)
 * One original with its rotations is one impostor, with the score of its best picture: rotations are not independent.
 *
 *   cut        = the score that more than rate x impostors would have to pass, so just below it would be too many
 *   threshold  = half-way between the strongest impostor and the weakest of its own, where these are apart;
 *                else half-way between the cut and the next score above it: good pictures are refused rather than bad
 *                ones passed
 *   interval   = percentile bootstrap over impostors (train/bootstrap.h)
 * With fewer than AY_THRESHOLD_IMPOSTORS impostors or none of its own nothing can be fitted: the system that this replaces
 * used 0.7 always, and that stands then, raised over the impostors there are; the row says so.
 *
 * Fitted on one part and judged on another: held-out pictures are dealt into two halves, boards whole where
 * they are known and else originals; each half is judged
 * by thresholds fitted on the other, and those figures are the ones told.  What is shipped is fitted on both.
 * Rates come with Clopper and Pearson's exact interval ("The use of confidence or fiducial limits", 1934); the upper bound of
 * the false-accept rate is one-sided: with no false accept among n it is about 3 / n, so a rate of 1 % is shown by 300
 * impostors and not by fewer.
 *
 * Impostors here are of kinds that were photographed; a fault that nobody has seen may look like anything.  The bound says
 * nothing of it.
 *
 * Rejected: mean minus one sigma of similarities in the class (throws away a sixth of good pictures whatever the impostors
 * look like), one threshold for all, leaving out labels that look alike (a network that has learnt nothing would pass).
 *
 * Threads: pure functions, any. */
#ifndef AY_INSPECT_THRESHOLD_H
#define AY_INSPECT_THRESHOLD_H

#include "inspect/golden.h"
#include "train/metrics.h"

#define AY_THRESHOLD_DEFAULT 0.7
enum { AY_THRESHOLD_IMPOSTORS = 10, AY_THRESHOLD_FOLDS = 2 };

/* ---- scores ---------------------------------------------------------------------------------- */

/* Held-out pictures against golden samples. */
typedef struct {
    size_t n;       /* pictures that are not of AY_SPLIT_TRAIN and have a vector */
    size_t lost;    /* that have none */
    size_t *item;   /* [n] of the set, ascending */
    uint8_t *fold;  /* [n] 0 or 1; the same for all of a board or, without one, of a group */
    int nlabels;
    double *score;  /* [n x nlabels] largest cosine to a sample of the label; NAN: it has none */
    int *sample;    /* [n x nlabels] which sample that is; -1 */
} ay_golden_scores;

/* AY_ENOMEM.  No held-out pictures at all is no failure: n is 0. */
ay_status ay_golden_scores_make(ay_golden_scores *out, const ay_golden_set *set, const ay_goldens *g, uint64_t seed,
                                ay_err *err);
void ay_golden_scores_fini(ay_golden_scores *s); /* a zeroed one is fine */
/* The label that is nearest to picture row; ties: the first.  -1: no label has a sample. */
int ay_golden_nearest(const ay_golden_scores *s, size_t row);

/* ---- rates ----------------------------------------------------------------------------------- */

typedef struct {
    int64_t k, n;
    double rate;   /* NAN when n is 0 */
    double lo, hi; /* two-sided 95 %; 0 and 1 when n is 0 */
    double upper;  /* one-sided 95 % */
} ay_rate;
ay_rate ay_rate_of(int64_t k, int64_t n); /* 0 <= k <= n */
/* The p at which k or fewer of n have this chance (0..1). */
double ay_rate_upper(int64_t k, int64_t n, double chance);

/* ---- thresholds ------------------------------------------------------------------------------ */

typedef enum { AY_IMPOSTOR_TURNED, AY_IMPOSTOR_OTHER, AY_IMPOSTOR_BAD, AY_IMPOSTORS } ay_impostor;
const char *ay_impostor_name(ay_impostor kind); /* "turned", "other", "bad"; static */
/* What picture i is to label; -1: nothing that must be kept out (its own, another light, a part that is the same). */
int ay_impostor_of(const ay_golden_set *set, int label, size_t i);

typedef enum { AY_THRESHOLD_FITTED, AY_THRESHOLD_RAISED, AY_THRESHOLD_IS_DEFAULT } ay_threshold_kind;
const char *ay_threshold_kind_name(ay_threshold_kind kind); /* "fitted", "raised", "default"; static */

typedef struct {
    double value;
    double lo, hi;                   /* 95 % bootstrap; NAN where nothing was fitted */
    ay_threshold_kind kind;
    double fold[AY_THRESHOLD_FOLDS]; /* by which the pictures of that fold are judged: fitted on the other */
    int64_t own;                     /* held-out pictures of the label */
    double mean, deviation, least;   /* of their scores; NAN without any */
    int64_t originals;               /* impostors, as they are counted */
    int64_t pictures[AY_IMPOSTORS], passed[AY_IMPOSTORS]; /* of impostors; of these, over the threshold of their fold */
    double strongest;                /* score of an impostor; NAN without any */
    int rival;                       /* the label it has; -1: a bad picture, or none */
    ay_rate false_accept;            /* of originals */
    ay_rate false_reject;            /* of its own pictures */
    const char *words;               /* a sentence */
} ay_threshold;

typedef struct {
    double rate, otherwise; /* asked for; where nothing can be fitted */
    ay_threshold *rows;     /* [nlabels] */
    int nlabels;
    /* Over the labels that are wanted as mounted: originals that any of them let pass though it should not; good
     * pictures as mounted that were refused; and the bad pictures alone. */
    ay_rate false_accept, false_reject, bad;
    ay_arena arena;
} ay_thresholds;

typedef struct {
    double rate;      /* 0: 0.01 */
    double otherwise; /* 0: AY_THRESHOLD_DEFAULT */
    int resamples;    /* 0: 200 */
    uint64_t seed;
} ay_threshold_options;

/* AY_EINVAL: rate or default out of range; AY_ENOMEM.  Labels without a golden sample get the default. */
ay_status ay_thresholds_fit(ay_thresholds *out, const ay_golden_set *set, const ay_golden_scores *s,
                            const ay_threshold_options *o, ay_err *err);
void ay_thresholds_fini(ay_thresholds *t); /* a zeroed one is fine */
json_t *ay_rate_json(const ay_rate *r); /* {"count", "of", "rate", "low", "high", "upper_95"} */
json_t *ay_thresholds_json(const ay_thresholds *t, const ay_golden_set *set); /* NULL: no memory */

#endif
