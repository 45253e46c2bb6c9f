/* service/words/affinity.h - what people's verdicts are worth when a picture is scored again.
 *
 * A verdict says that a picture does (accepted) or does not belong to a theme.  The classifier whose
 * clients this program takes over multiplied every label's score by one factor and renormalised,
 * which changes nothing.  Here a label is boosted as far as it is related to the theme:
 *
 *   evidence    each verdict counts 2^(-age / half-life): accepted a, rejected r
 *   posterior   of a Beta(2, 2) prior: m = (a + 2) / (a + r + 4); 0.5 is "nobody knows"
 *   weight      w = sign(e) * log1p(min(|e|, cap) * L) / log1p(L),  e = 2 m - 1; at most 0.92057 with
 *               cap 0.85 and L 4; without the logarithm the capped |e|
 *   related     r_l = max(0, (cos(theme, label) - mean) / (1 - mean)), the mean over the labels: 1 for the
 *               theme's own text, 0 for a label that is no nearer to it than labels are on average
 *   boost       1 + alpha * w * r_l, then scores are divided by their sum
 *
 * So one verdict moves little (m = 0.6), many move at most alpha * 0.92, as many against as for move
 * nothing, and what is not confirmed fades: after one half-life half of the evidence is left.
 *
 * Rejected: the plain rate of acceptance (one of one would be certainty); a boost of the label that
 * equals the theme only (a theme is seldom spelt as a label); a softmax over cosine(theme, label), which
 * gives some label a full boost even when none is related.
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_AFFINITY_H
#define AY_SERVICE_AFFINITY_H

#include <stdbool.h>

#define AY_AFFINITY_PRIOR 2.0 /* imagined verdicts on either side */

typedef struct {
    double alpha;          /* most relative change of a score */
    double cap, log_scale; /* log_scale: L */
    bool logarithm;
    double half_life_days; /* 0: verdicts do not age */
} ay_affinity_rules;

/* Verdicts by what they count now. */
typedef struct {
    double accepted, rejected;
} ay_evidence;

void ay_evidence_add(ay_evidence *e, bool accepted, double age_days, const ay_affinity_rules *rules);
/* 0..1; 0.5 without evidence. */
double ay_affinity_posterior(const ay_evidence *e);
/* -1..1; 0 without evidence. */
double ay_affinity_weight(const ay_evidence *e, const ay_affinity_rules *rules);

/* cosines of the theme to n labels -> how far each is related, 0..1; in place is fine. */
void ay_affinity_relate(const double *cosines, int n, double *related);
/* related -> factors for ay_zeroshot_judge(); in place is fine. */
void ay_affinity_boost(const double *related, int n, double weight, const ay_affinity_rules *rules,
                       double *boost);

#endif
