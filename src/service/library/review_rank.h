/* service/library/review_rank.h - from what is known of many pictures to the few that a person should look at next.  Arithmetic only.
 *
 * Each candidate comes with one reason and a weight, 0 to 1, that says how much an answer would teach.  Reasons are made
 * comparable by a factor each (ay_review_factor), then candidates are taken best first; one that is as good as the same as
 * one taken before (cosine AY_REVIEW_SAME) is not asked but counted beside it, so twenty copies are one question.  And one that is
 * near a taken one pays for it: its value is multiplied by 1 - (cosine - AY_REVIEW_NEAR) / (1 - AY_REVIEW_NEAR), so a page of questions
 * spreads over what there is (the greedy form of maximal marginal relevance: Carbonell and Goldstein, 1998).
 *
 * Rejected: the most uncertain ones alone (uncertainty sampling asks the same thing twenty times); a core-set alone (it asks for
 * what nobody doubts).
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_REVIEW_RANK_H
#define AY_SERVICE_REVIEW_RANK_H

#include "base/arena.h"
#include "base/err.h"
#include "index/index.h"

typedef enum {
    AY_REVIEW_FIRST,    /* nothing is known yet; it stands for many */
    AY_REVIEW_LABEL,    /* the others say it belongs to another class */
    AY_REVIEW_DISAGREE, /* neighbours, words and the trained model do not say the same */
    AY_REVIEW_MARGIN,   /* two classes are about as likely */
    AY_REVIEW_RARE,     /* its class has few pictures */
    AY_REVIEW_NEW,      /* like nothing that is known, and there are more like it */
    AY_REVIEW_OUTLIER,  /* like nothing at all */
    AY_REVIEW_WHYS
} ay_review_why;
const char *ay_review_why_name(ay_review_why why); /* "first", "label", ... */
double ay_review_factor(ay_review_why why);

#define AY_REVIEW_SAME 0.97f
#define AY_REVIEW_NEAR 0.70f

typedef struct {
    ay_review_why why;
    double weight; /* 0..1 */
} ay_review_reason;

typedef struct {
    size_t row;   /* of the candidates */
    double value; /* weight, factor and distance together */
    size_t *copies, ncopies; /* rows as good as the same, most alike first; in the arena */
} ay_review_pick;

/* At most `limit` of the candidates, one reason each, best first.  Rows of unit length; rows with weight 0 are never asked.  The same
 * input gives the same answer; ties go to the earlier row. */
ay_status ay_review_rank(const ay_rows *rows, const ay_review_reason *reasons, int limit, int threads, ay_arena *a,
                         ay_review_pick **out, size_t *n, ay_err *err);

#endif
