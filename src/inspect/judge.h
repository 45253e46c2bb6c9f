/* inspect/judge.h - every held-out picture against the golden samples.
 *
 * Two questions are asked of each, and both answers are kept:
 *   which is it?   the label whose golden sample is nearest by cosine (the system that this replaces asked this alone)
 *   does it pass?  is it as similar to the golden sample of what it claims to be as that label's threshold demands
 * A bad picture (NG) has no golden sample, so it was always counted wrong there (bug 41).  Here it is right to be refused:
 * when its class is known, by what that class should look like; else by all labels that are wanted as mounted.  What it is
 * then called is "NG", or the label that let it pass.
 *
 * Every picture is judged by the threshold of its own half (inspect/threshold.h), which its half did not make.
 *
 * A label that has no held-out pictures, and one that has no golden sample, are rows of zeros and no failure (bug 51).
 *
 * Threads: pure functions, any. */
#ifndef AY_INSPECT_JUDGE_H
#define AY_INSPECT_JUDGE_H

#include "base/buf.h"
#include "inspect/threshold.h"
#include "train/metric_retrieval.h"

#define AY_LABEL_BAD "NG"

typedef struct {
    size_t item;       /* of the set */
    int truth;         /* its label; -1: a bad picture */
    int guess;         /* the label it is taken for; -1: "NG" (bad pictures only) */
    int nearest;       /* label with the nearest golden sample; -1: there is none */
    int sample;        /* that sample; -1 */
    double similarity; /* to it; NAN without one */
    int claim;         /* the label it was held against; -1: none */
    double claimed;    /* similarity to that label's golden sample; NAN without one */
    double threshold;  /* NAN without a claim */
    bool correct;      /* guess is truth */
    bool match;        /* it passes */
} ay_judged;

typedef struct {
    ay_judged *rows; /* [n] in the order of the set */
    size_t n, lost;  /* lost: held-out pictures that could not be read */
    int nlabels;
    int64_t *confusion;     /* [(nlabels + 1)^2]: row truth, column guess; the last is "NG" */
    ay_rate accuracy;       /* rows that are correct, as evaluation_results.csv has them */
    ay_rate good, bad;      /* of these, good pictures; bad ones */
    ay_rate decided;        /* good ones pass and bad ones do not */
    ay_retrieval retrieval; /* good held-out pictures among each other, by label */
} ay_judgement;

/* AY_ENOMEM; no held-out pictures are no failure. */
ay_status ay_judge(ay_judgement *out, const ay_golden_set *set, const ay_golden_scores *s, const ay_thresholds *t,
                   ay_err *err);
void ay_judgement_fini(ay_judgement *j); /* a zeroed one is fine */
/* "image,true_class,pred_class,similarity,correct" as it was, then
 * "decision,similarity_to_claim,threshold,nearest_golden,ok,rotate": decision "match" or "no match", ok: is that right. */
void ay_judgement_csv(const ay_judgement *j, const ay_golden_set *set, const ay_goldens *g, ay_buf *out);
/* Its label's name, or "NG". */
const char *ay_judged_name(const ay_golden_set *set, int label);

#endif
