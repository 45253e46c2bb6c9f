/* service/library/match.h - which groups made now are those that were there before.
 *
 * Two groups are as alike as the pictures they share are of those that either has (Jaccard), counted among the pictures that were there
 * both times: pictures that came since cannot make a group another one.  Pairs are taken from the most alike down, as long as they share
 * a third; what a person named and is then without a successor gets the free group that has most of its pictures, if that is a
 * quarter of them.
 *
 * Rejected: the assignment of the largest sum (Hungarian): it may give a group its second best so that another one gets something, and
 * what people call a group should not depend on its neighbours.  Above a half no two can claim the same anyway.
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_MATCH_H
#define AY_SERVICE_MATCH_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_MATCH_NEW = -2, AY_MATCH_NONE = -1 };

/* was[i], now[i]: the group of picture i, AY_MATCH_NONE in none; was AY_MATCH_NEW: it was not there.  named[o]: a person gave group o of
 * nwas its name.  out gets nnow entries: the group that it was, or AY_MATCH_NONE; none twice.  The same answer for the
 * same input.  AY_ENOMEM. */
ay_status ay_match_groups(const int32_t *was, int nwas, const bool *named, const int32_t *now, int nnow, size_t n, ay_arena *a,
                          int *out, ay_err *err);

#endif
