/* service/words/zeroshot.h - from cosines of a picture and of words to a judgement.  Arithmetic only.
 *
 * A logit is scale * cosine, scale being the model's own (Radford et al., 2021, section 3.1.2); a softmax
 * over the labels makes probabilities of them, which are about these labels and no others: with two
 * labels one of them always gets half.  ay_zeroshot_none() asks the question that this leaves out.
 *
 *   score       p * boost, divided by the sum (service/words/affinity.h); without boosts p itself
 *   order       by score, then logit, then place
 *   entropy     -sum s ln s over all labels, natural logarithm, s no smaller than 1e-12
 *   top         the same of the K best, their scores divided by their sum; normalized: over ln K
 *   margin      best score minus second; with one label its score
 *   ambiguous   entropy or normalized entropy above its limit
 *   even        the lead of the first label over the second is below AY_ZEROSHOT_EVEN: two names for one thing share
 *               its probability, and the spread of all labels does not show it
 *
 * Everything is computed in double and rounded only when shown.
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_ZEROSHOT_H
#define AY_SERVICE_ZEROSHOT_H

#include "engine/words.h"

#include <stdbool.h>

typedef struct {
    int top;                /* K; 1 .. */
    double entropy_most;    /* nats; above it is ambiguous */
    double normalized_most; /* 0..1; above it is ambiguous */
} ay_zeroshot_rules;

typedef struct {
    int label; /* its place in the list */
    double logit, p, score;
} ay_zeroshot_item;

typedef struct {
    ay_zeroshot_item *items; /* n, best first; the caller's memory */
    int n, top;              /* top: the smaller of K and n */
    double entropy, entropy_top, entropy_normalized, margin;
    bool ambiguous, even;
} ay_zeroshot;

#define AY_ZEROSHOT_EVEN 0.05 /* a smaller lead is none that anybody should act on */

/* n >= 1 logits.  boost NULL, or n factors; negative ones count as 0; when all products are 0 the
 * boosts are ignored.  items: room for n. */
void ay_zeroshot_judge(const double *logits, const double *boost, int n,
                       const ay_zeroshot_rules *rules, ay_zeroshot_item *items, ay_zeroshot *out);

/* The share of the first group in a softmax over both: how likely the picture is one of `a` when it can
 * only be one of `a` or `b`.  0 when na is 0. */
double ay_zeroshot_share(const double *a, int na, const double *b, int nb);

/* How likely the picture is none of the labels: as if there were one more, as likely as neutral texts
 * ("a photo", "an image") are on average.  0 without neutral texts. */
double ay_zeroshot_none(const double *logits, int n, const double *neutral, int nneutral);

/* The same for an encoder of which it was measured (engine/words.h, ay_words_none): from the largest cosine
 * of the picture and a label, n labels.  A frequency, when it is as likely as not that the right label is
 * among them. */
double ay_zeroshot_none_measured(const ay_words_none *m, double largest, int n);

#endif
