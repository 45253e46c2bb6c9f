/* store/review.h - the questions that people answered, and how good the program was before and after each.
 *
 * With the rules of store/store.h.  An answer whose change is undone was none: its row goes with the undo token (store/trash.c).
 *
 * Threads: any. */
#ifndef AY_STORE_REVIEW_H
#define AY_STORE_REVIEW_H

#include "store/store.h"

typedef struct {
    int64_t id, at_us, dataset;
    const char *sha256;
    const char *why;    /* service/library/review_rank.h */
    const char *answer; /* "class", "right", "skip", "delete" */
    const char *guess;  /* class that the program would have said; "" when it could not */
    const char *label;  /* class of the answer; "" for skip and delete */
    int64_t checked, right; /* leave-one-out over the data set before the answer */
    const char *token;      /* of the change that it made; "" when it made none */
} ay_store_review;

/* id and at_us are the store's. */
ay_status ay_store_review_add(ay_store *s, const ay_store_review *r, ay_err *err);
/* Of one data set, oldest first; after: ids above it. */
ay_status ay_store_review_list(ay_store *s, int64_t dataset, int64_t after, int limit, ay_arena *a, ay_store_review **out, size_t *n,
                               ay_err *err);

#endif
