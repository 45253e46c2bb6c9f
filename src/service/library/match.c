#include "service/library/match.h"

#include <stdlib.h>
#include <string.h>

/* Of the pictures of both, and of those of a named group alone, that must be shared. */
#define ALIKE (1.0 / 3)
#define MOST (1.0 / 4)

typedef struct {
    int was, now;
    size_t shared;
    double alike;
} pair;

static int by_groups(const void *a, const void *b)
{
    const pair *x = a, *y = b;

    return x->was != y->was ? (x->was > y->was) - (x->was < y->was) : (x->now > y->now) - (x->now < y->now);
}

static int by_likeness(const void *a, const void *b)
{
    const pair *x = a, *y = b;

    if (x->alike < y->alike || x->alike > y->alike)
        return x->alike < y->alike ? 1 : -1;
    return x->shared != y->shared ? (x->shared < y->shared) - (x->shared > y->shared) : by_groups(a, b);
}

/* Pairs of groups that share pictures, counted; answers how many. */
static size_t count_pairs(const int32_t *was, const int32_t *now, size_t n, size_t *size_was, size_t *size_now, pair *list)
{
    size_t many = 0, out = 0;

    for (size_t i = 0; i < n; i++) {
        if (was[i] == AY_MATCH_NEW)
            continue;
        if (was[i] >= 0)
            size_was[was[i]]++;
        if (now[i] >= 0)
            size_now[now[i]]++;
        if (was[i] >= 0 && now[i] >= 0)
            list[many++] = (pair){was[i], now[i], 1, 0};
    }
    qsort(list, many, sizeof *list, by_groups);
    for (size_t i = 0; i < many; i++)
        if (out && by_groups(&list[out - 1], &list[i]) == 0)
            list[out - 1].shared++;
        else
            list[out++] = list[i];
    for (size_t i = 0; i < out; i++)
        list[i].alike =
            (double)list[i].shared / (double)(size_was[list[i].was] + size_now[list[i].now] - list[i].shared);
    qsort(list, out, sizeof *list, by_likeness);
    return out;
}

/* The free group with most pictures of each named one that has none yet. */
static void find_named(const pair *list, size_t n, const size_t *size_was, const bool *named, bool *taken, int *out)
{
    for (;;) {
        const pair *best = NULL;
        for (size_t i = 0; i < n; i++)
            if (named[list[i].was] && !taken[list[i].was] && out[list[i].now] == AY_MATCH_NONE &&
                (double)list[i].shared >= MOST * (double)size_was[list[i].was] && (!best || list[i].shared > best->shared))
                best = &list[i];
        if (!best)
            return;
        out[best->now] = best->was;
        taken[best->was] = true;
    }
}

ay_status ay_match_groups(const int32_t *was, int nwas, const bool *named, const int32_t *now, int nnow, size_t n, ay_arena *a,
                          int *out, ay_err *err)
{
    size_t *sizes = ay_arena_alloc(a, (size_t)(nwas + nnow + 1) * sizeof *sizes), pairs;
    bool *taken = ay_arena_alloc(a, (size_t)nwas + 1);
    pair *list = ay_arena_alloc(a, (n + 1) * sizeof *list);

    if (!sizes || !taken || !list)
        return ay_fail(err, AY_ENOMEM, "finding the groups of before");
    memset(sizes, 0, (size_t)(nwas + nnow + 1) * sizeof *sizes);
    memset(taken, 0, (size_t)nwas + 1);
    for (int i = 0; i < nnow; i++)
        out[i] = AY_MATCH_NONE;
    pairs = count_pairs(was, now, n, sizes, sizes + nwas, list);
    for (size_t i = 0; i < pairs && list[i].alike >= ALIKE; i++)
        if (!taken[list[i].was] && out[list[i].now] == AY_MATCH_NONE) {
            out[list[i].now] = list[i].was;
            taken[list[i].was] = true;
        }
    find_named(list, pairs, sizes, named, taken, out);
    return AY_OK;
}
