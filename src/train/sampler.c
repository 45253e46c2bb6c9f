#include "train/sampler.h"

#include "base/mem.h"
#include "base/rng.h"

#include <stdbool.h>

#define STREAM 0x73616d706c657231u /* keeps these draws apart from those of augmentation */
#define GROUPS 0x67726f757073u

static void shuffle(ay_rng *r, size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = ay_rng_below(r, (uint32_t)i), t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

/* Places sorted by class, start[c]..start[c + 1] those of class c. */
static void by_class(const int *labels, size_t n, int classes, size_t *place, size_t *start)
{
    for (int c = 0; c <= classes; c++)
        start[c] = 0;
    for (size_t i = 0; i < n; i++)
        start[labels[i] + 1]++;
    for (int c = 0; c < classes; c++)
        start[c + 1] += start[c];
    for (size_t i = 0; i < n; i++)
        place[start[labels[i]]++] = i;
    for (int c = classes; c > 0; c--)
        start[c] = start[c - 1];
    start[0] = 0;
}

/* Class c's share of the epoch, written from *at on.  Its pictures come in rounds, each a fresh
 * permutation; rounds go on across epochs, so that what is left out now is shown next. */
static void take(const size_t *place, size_t have, uint64_t from, size_t want, uint64_t seed,
                 uint64_t c, size_t *spare, size_t *order, size_t *at)
{
    uint64_t round = from / have; /* from: of the endless sequence of the class */
    size_t skip = (size_t)(from % have);

    while (want > 0) {
        ay_rng r;
        ay_rng_init3(&r, seed ^ STREAM, c + 1, round++);
        for (size_t i = 0; i < have; i++)
            spare[i] = place[i];
        shuffle(&r, spare, have);
        for (; skip < have && want > 0; want--)
            order[(*at)++] = spare[skip++];
        skip = 0;
    }
}

/* Of the numbers below x, how many are below extra when counted round and round to used. */
static uint64_t extras(uint64_t x, uint64_t used, uint64_t extra)
{
    return x / used * extra + (x % used < extra ? x % used : extra);
}

static ay_status balanced(const int *labels, size_t n, int classes, uint64_t seed, uint64_t epoch,
                          size_t *order, ay_err *err)
{
    size_t *room = ay_alloc(2 * n + (size_t)classes + 1, sizeof *room), *spare = room + n;
    size_t *start = room + 2 * n, used = 0, at = 0, seen = 0;

    if (!room)
        return ay_fail(err, AY_ENOMEM, "no memory for the order of %zu pictures", n);
    by_class(labels, n, classes, room, start);
    for (int c = 0; c < classes; c++)
        used += start[c + 1] > start[c];
    for (int c = 0; c < classes; c++) {
        size_t have = start[c + 1] - start[c];
        if (have == 0)
            continue;
        /* n pictures in `used` equal shares; who gets one of the remainder changes with the epoch */
        uint64_t before = extras(seen + epoch, used, n % used) - extras(seen, used, n % used);
        uint64_t from = epoch * (n / used) + before;
        size_t want = n / used + ((seen + epoch) % used < n % used);
        take(room + start[c], have, from, want, seed, (uint64_t)c, spare, order, &at);
        seen++;
    }
    ay_free(room);
    return AY_OK;
}

ay_status ay_sampler_order(ay_order how, const int *labels, size_t n, int classes, uint64_t seed,
                           uint64_t epoch, size_t *order, ay_err *err)
{
    ay_status st = AY_OK;
    ay_rng r;

    if (n > UINT32_MAX)
        return ay_fail(err, AY_ELIMIT, "%zu pictures are more than an epoch can have", n);
    if (how == AY_ORDER_BALANCED)
        st = balanced(labels, n, classes, seed, epoch, order, err);
    else
        for (size_t i = 0; i < n; i++)
            order[i] = i;
    if (st || how == AY_ORDER_PLAIN)
        return st;
    ay_rng_init3(&r, seed ^ STREAM, 0, epoch);
    shuffle(&r, order, n);
    return AY_OK;
}

/* ---- so many of each class ------------------------------------------------------------------------ */

ay_groups ay_sampler_fit(const int *labels, size_t n, int classes, int per_class, int batch)
{
    ay_groups g = {.per_class = per_class};
    int used = 0;

    for (int c = 0; c < classes; c++) {
        bool any = false;
        for (size_t i = 0; i < n && !any; i++)
            any = labels[i] == c;
        used += any;
    }
    if (used > 1 && batch / g.per_class < 2)
        g.per_class = batch < 2 ? 1 : batch / 2;
    g.classes = batch / g.per_class < used ? batch / g.per_class : used;
    g.classes = g.classes > 0 ? g.classes : 1;
    g.batch = g.classes * g.per_class;
    g.batches = n / (size_t)g.batch > 0 ? (int)(n / (size_t)g.batch) : 1;
    return g;
}

/* The pictures of one class in rounds. */
typedef struct {
    size_t *place; /* in the order of the round */
    size_t have, used;
    ay_rng draws;
} deck;

/* The next per_class of a class; less than that are left in the round: a new one. */
static void deal(deck *d, int per_class, size_t *order)
{
    if (d->used + (size_t)per_class > d->have || d->used == 0) {
        shuffle(&d->draws, d->place, d->have);
        d->used = 0;
    }
    for (int i = 0; i < per_class; i++)
        order[i] = d->place[d->used++ % d->have];
}

static void deal_all(const ay_groups *g, deck *decks, size_t *which, int used, uint64_t seed,
                     uint64_t epoch, size_t *order)
{
    for (int b = 0; b < g->batches; b++) {
        ay_rng r;
        ay_rng_init3(&r, seed ^ GROUPS, epoch, (uint64_t)b);
        shuffle(&r, which, (size_t)used);
        for (int k = 0; k < g->classes; k++)
            deal(&decks[which[k]], g->per_class, order + (size_t)b * (size_t)g->batch + k * g->per_class);
    }
}

ay_status ay_sampler_groups(const ay_groups *g, const int *labels, size_t n, int classes, uint64_t seed,
                            uint64_t epoch, size_t *order, ay_err *err)
{
    size_t *room = ay_alloc(n + 2 * (size_t)classes + 1, sizeof *room), *start = room + n;
    size_t *which = start + classes + 1;
    deck *decks = ay_calloc((size_t)classes, sizeof *decks);
    int used = 0;

    if (!room || !decks) {
        ay_free(room);
        ay_free(decks);
        return ay_fail(err, AY_ENOMEM, "no memory for the order of %zu pictures", n);
    }
    by_class(labels, n, classes, room, start);
    for (int c = 0; c < classes; c++) {
        decks[c] = (deck){.place = room + start[c], .have = start[c + 1] - start[c]};
        ay_rng_init3(&decks[c].draws, ~seed ^ GROUPS, epoch, (uint64_t)c);
        if (decks[c].have > 0)
            which[used++] = (size_t)c;
    }
    deal_all(g, decks, which, used, seed, epoch, order);
    ay_free(room);
    ay_free(decks);
    return AY_OK;
}
