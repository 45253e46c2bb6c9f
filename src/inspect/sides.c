/* Which originals are held back.
 *
 * A board's pictures go together: what a network has seen of a board (its solder, its lot of parts, where its camera
 * stood) must not help it with the pictures it is judged on.  Boards are taken in the order of a hash of seed and serial,
 * each is held back when that brings the classes nearer to their share than it takes them past it.  Then each class
 * that has nothing held back gets a board that no class loses its last picture by.  A class whose pictures all come from one
 * board cannot have that; its pictures are then split one by one, and it is said.  Pictures with the same bytes are
 * one picture.  NG is one more class, with the same rules.
 *
 * Rejected: shuffling pictures (the system before did; four turns of a picture landed on both sides), and a random tenth of
 * the boards (a rare component had nothing to be judged on). */
#include "base/mem.h"
#include "inspect/prepare_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t order;
    int first, n; /* in member */
} bundle; /* originals of one group */

typedef struct {
    ay_line_original *p;
    int n, nclasses; /* NG counts as class nclasses */
    int *member;     /* originals, bundle by bundle */
    bundle *bundles;
    int nbundles;
    int *total, *want, *held, *bundles_of, *here; /* a class; here: of the bundle looked at */
    bool *alone;                                  /* all of one board */
} sides;

typedef struct {
    const char *key;
    int i;
} keyed;

static int class_of(const sides *s, int i)
{
    return s->p[i].ok ? s->p[i].class : s->nclasses;
}

/* ---- groups ------------------------------------------------------------------------------------ */

static int root(int *up, int i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    int c = strcmp(x->key, y->key);

    return c ? c : x->i - y->i;
}

/* Join what has the same key; "" joins nothing. */
static void join(keyed *k, int n, int *up)
{
    qsort(k, (size_t)n, sizeof *k, by_key);
    for (int i = 1; i < n; i++)
        if (*k[i].key && strcmp(k[i].key, k[i - 1].key) == 0) {
            int a = root(up, k[i - 1].i), b = root(up, k[i].i);
            up[a > b ? a : b] = a > b ? b : a;
        }
}

/* p[].group: the first original of the same bytes or, but for classes that are alone, of the same board. */
static ay_status group(sides *s, ay_err *err)
{
    keyed *k = ay_calloc((size_t)s->n + 1, sizeof *k);
    int *up = ay_calloc((size_t)s->n + 1, sizeof *up);
    ay_status status = k && up ? AY_OK : ay_fail(err, AY_ENOMEM, "splitting %d pictures", s->n);

    for (int i = 0; i < s->n && status == AY_OK; i++) {
        k[i] = (keyed){s->p[i].sha256, i};
        up[i] = i;
    }
    if (status == AY_OK)
        join(k, s->n, up);
    for (int i = 0; i < s->n && status == AY_OK; i++)
        k[i] = (keyed){s->alone[class_of(s, i)] ? "" : s->p[i].board, i};
    if (status == AY_OK)
        join(k, s->n, up);
    for (int i = 0; i < s->n && status == AY_OK; i++)
        s->p[i].group = root(up, i);
    ay_free(k);
    ay_free(up);
    return status;
}

static int by_group(const void *a, const void *b, void *ctx)
{
    const ay_line_original *p = ctx;
    int x = *(const int *)a, y = *(const int *)b;

    return p[x].group != p[y].group ? p[x].group - p[y].group : x - y;
}

static int by_order(const void *a, const void *b)
{
    const bundle *x = a, *y = b;

    return x->order != y->order ? (x->order < y->order ? -1 : 1) : x->first - y->first;
}

/* Of the seed and of what the bundle is, not of where it stands: one picture more moves few others. */
static uint64_t order_of(uint64_t seed, const ay_line_original *p)
{
    uint64_t h = 1469598103934665603u ^ seed * 0x9e3779b97f4a7c15u;
    const char *t = *p->board ? p->board : p->sha256;

    for (; *t; t++)
        h = (h ^ (unsigned char)*t) * 1099511628211u;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

/* Adds the bundle to the counts by class, which whoever reads them sets back to 0. */
static void count(const sides *s, const bundle *b, int step)
{
    for (int k = 0; k < b->n; k++)
        s->here[class_of(s, s->member[b->first + k])] += step;
}

static void bundle_up(sides *s, uint64_t seed)
{
    s->nbundles = 0;
    memset(s->bundles_of, 0, ((size_t)s->nclasses + 1) * sizeof *s->bundles_of);
    for (int i = 0; i < s->n; i++)
        s->member[i] = i;
    qsort_r(s->member, (size_t)s->n, sizeof *s->member, by_group, s->p);
    for (int i = 0; i < s->n; i++) {
        bool first = i == 0 || s->p[s->member[i]].group != s->p[s->member[i - 1]].group;
        if (first)
            s->bundles[s->nbundles++] = (bundle){.order = order_of(seed, &s->p[s->member[i]]), .first = i};
        s->bundles[s->nbundles - 1].n++;
    }
    for (int i = 0; i < s->nbundles; i++) {
        const bundle *b = &s->bundles[i];
        count(s, b, 1);
        for (int k = 0; k < b->n; k++) {
            int c = class_of(s, s->member[b->first + k]);
            s->bundles_of[c] += s->here[c] > 0;
            s->here[c] = 0;
        }
    }
    qsort(s->bundles, (size_t)s->nbundles, sizeof *s->bundles, by_order);
}

/* ---- holding back ------------------------------------------------------------------------------ */

/* Nearer to what is wanted (over all classes), and every class keeps something to train on? */
static bool helps(const sides *s, const bundle *b)
{
    int gain = 0;
    bool safe = true;

    count(s, b, 1);
    for (int k = 0; k < b->n; k++) {
        int c = class_of(s, s->member[b->first + k]), here = s->here[c],
            lack = s->want[c] > s->held[c] ? s->want[c] - s->held[c] : 0;
        if (!here)
            continue; /* counted already */
        s->here[c] = 0;
        safe &= s->held[c] + here < s->total[c];
        gain += here <= lack ? here : 2 * lack - here;
    }
    return safe && gain > 0;
}

static void hold(sides *s, const bundle *b)
{
    for (int k = 0; k < b->n; k++) {
        ay_line_original *p = &s->p[s->member[b->first + k]];
        p->split = AY_SPLIT_VAL;
        s->held[class_of(s, s->member[b->first + k])]++;
    }
}

static bool is_held(const sides *s, const bundle *b)
{
    return s->p[s->member[b->first]].split == AY_SPLIT_VAL;
}

/* Any board that has the class and may go. */
static bool has_safely(const sides *s, const bundle *b, int class)
{
    bool safe = true, has = false;

    count(s, b, 1);
    for (int k = 0; k < b->n; k++) {
        int c = class_of(s, s->member[b->first + k]);
        if (!s->here[c])
            continue;
        safe &= s->held[c] + s->here[c] < s->total[c];
        has |= c == class;
        s->here[c] = 0;
    }
    return safe && has;
}

static void choose(sides *s, double share, const ay_line_observer *observer)
{
    int unjudged = 0;

    for (int c = 0; c <= s->nclasses; c++)
        s->want[c] = s->bundles_of[c] < 2 ? 0 : (int)fmax(1, floor(share * s->total[c] + 0.5));
    for (int i = 0; i < s->nbundles; i++)
        if (helps(s, &s->bundles[i]))
            hold(s, &s->bundles[i]);
    for (int c = 0; c <= s->nclasses; c++)
        for (int i = 0; i < s->nbundles && s->want[c] && !s->held[c]; i++)
            if (!is_held(s, &s->bundles[i]) && has_safely(s, &s->bundles[i], c))
                hold(s, &s->bundles[i]);
    for (int c = 0; c < s->nclasses; c++)
        unjudged += s->total[c] > 0 && !s->held[c];
    if (unjudged)
        ay_line_note(observer,
                     "line_unjudged|%d classes have too few pictures to hold one back: all are trained on, nothing "
                     "judges them",
                     unjudged);
}

/* ---- all --------------------------------------------------------------------------------------- */

static ay_status split(sides *s, double share, uint64_t seed, const ay_line_observer *observer, ay_err *err)
{
    int alone = 0;
    ay_status status = group(s, err);

    if (status != AY_OK)
        return status;
    for (int i = 0; i < s->n; i++) {
        s->p[i].split = AY_SPLIT_TRAIN;
        s->total[class_of(s, i)]++;
    }
    bundle_up(s, seed);
    for (int c = 0; c <= s->nclasses; c++) {
        s->alone[c] = s->bundles_of[c] == 1 && s->total[c] > 1;
        alone += s->alone[c];
    }
    if (alone) {
        if ((status = group(s, err)) != AY_OK)
            return status;
        bundle_up(s, seed);
        ay_line_note(observer,
                     "line_one_board|%d classes have pictures of one board only: they are split picture by picture, so "
                     "what is measured on them says little about another board",
                     alone);
    }
    choose(s, share, observer);
    return AY_OK;
}

ay_status ay_line_split_sides(ay_line_original *originals, int n, int nclasses, double share, uint64_t seed,
                              const ay_line_observer *observer, ay_err *err)
{
    sides s = {.p = originals, .n = n, .nclasses = nclasses};
    size_t all = (size_t)nclasses + 1;
    ay_arena a;
    ay_status status;

    ay_arena_init(&a, 0);
    s.member = ay_arena_alloc(&a, ((size_t)n + 1) * sizeof *s.member);
    s.bundles = ay_arena_alloc(&a, ((size_t)n + 1) * sizeof *s.bundles);
    s.total = ay_arena_alloc(&a, 5 * all * sizeof *s.total);
    s.alone = ay_arena_alloc(&a, all);
    if (!s.member || !s.bundles || !s.total || !s.alone) {
        status = ay_fail(err, AY_ENOMEM, "splitting %d pictures", n);
    } else {
        s.want = s.total + all;
        s.held = s.want + all;
        s.bundles_of = s.held + all;
        s.here = s.bundles_of + all;
        status = split(&s, share, seed, observer, err);
    }
    ay_arena_fini(&a);
    return status;
}
