/* index/density_select.c - from the spanning tree to groups: merge, condense, keep what lives longest.
 *
 * Edges in order of length merge rows into ever larger sets.  Read from the top, a set that splits into two or more of at least
 * min_size rows becomes as many groups; smaller splinters are rows that fall out of their group.  Edges of one length go at once, as
 * the paper has it (density.h).  With level = 1 / length, a
 * group's stability is the sum over its rows of (level at which the row leaves - level at which the group began).  From the leaves
 * up, a group is kept if its stability is at least the sum of the best of those below it. */
#include "base/mem.h"
#include "index/density_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A set of the hierarchy: numbers below n are rows, n + i is what edge i made. */
typedef struct {
    uint32_t left, right, size;
    float length;
} merged;

typedef struct {
    int64_t parent; /* -1 for the whole */
    double born, stability, best; /* best: of it or of what is below it */
    double last;                  /* the highest level at which anything leaves it */
    bool kept, split, inside;     /* inside: of a kept one */
    int32_t label;
} group;

typedef struct {
    size_t n;
    const ay_density_options *options;
    merged *sets; /* n - 1 */
    group *groups;
    size_t ngroups, room;
    uint32_t *from; /* n: the group a row fell out of */
    double *level;  /* n: at which it did */
    uint32_t *stack, *owner; /* sets still to be looked at, and whose they are */
    uint32_t *parts;         /* n: what one of them falls into */
} selecting;

static int by_length(const void *a, const void *b)
{
    const density_edge *x = a, *y = b;

    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return x->a != y->a ? (x->a > y->a) - (x->a < y->a) : (x->b > y->b) - (x->b < y->b);
}

static uint32_t root(uint32_t *up, uint32_t i)
{
    while (up[i] != i) {
        up[i] = up[up[i]];
        i = up[i];
    }
    return i;
}

/* up and set are of n numbers each: the forest over rows, and the set that each root stands for. */
static void merge(selecting *s, const density_edge *edges, uint32_t *up, uint32_t *set)
{
    for (uint32_t i = 0; i < s->n; i++)
        up[i] = set[i] = i;
    for (size_t i = 0; i + 1 < s->n; i++) {
        uint32_t a = root(up, edges[i].a), b = root(up, edges[i].b);
        uint32_t na = set[a] < s->n ? 1 : s->sets[set[a] - s->n].size;
        uint32_t nb = set[b] < s->n ? 1 : s->sets[set[b] - s->n].size;
        s->sets[i] = (merged){set[a], set[b], na + nb, edges[i].length};
        up[b] = a;
        set[a] = (uint32_t)(s->n + i);
    }
}

static uint32_t size_of(const selecting *s, uint32_t set)
{
    return set < s->n ? 1 : s->sets[set - s->n].size;
}

static ay_status new_group(selecting *s, int64_t parent, double born, uint32_t *out, ay_err *err)
{
    if (s->ngroups == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        group *more = ay_realloc(s->groups, room, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "%zu groups", room);
        s->groups = more;
        s->room = room;
    }
    *out = (uint32_t)s->ngroups;
    s->groups[s->ngroups++] = (group){.parent = parent, .born = born, .label = -1};
    return AY_OK;
}

/* Something of so many rows leaves a group at a level. */
static void leave(selecting *s, uint32_t owner, double level, uint32_t rows)
{
    group *g = &s->groups[owner];

    g->stability += (level - g->born) * rows;
    g->last = fmax(g->last, level);
}

/* All rows of a set fall out of the group. */
static void fall_out(selecting *s, uint32_t set, uint32_t owner, double level, uint32_t *stack)
{
    size_t n = 0;

    leave(s, owner, level, size_of(s, set));
    stack[n++] = set;
    while (n) {
        uint32_t i = stack[--n];
        if (i < s->n) {
            s->from[i] = owner;
            s->level[i] = level;
            continue;
        }
        stack[n++] = s->sets[i - s->n].left;
        stack[n++] = s->sets[i - s->n].right;
    }
}

/* What a set falls into when all edges of its length go at once; answers how many parts. */
static size_t take_apart(selecting *s, uint32_t set, uint32_t *stack)
{
    float length = s->sets[set - s->n].length;
    size_t n = 0, depth = 0;

    stack[depth++] = set;
    while (depth) {
        uint32_t i = stack[--depth];
        if (i < s->n || s->sets[i - s->n].length < length) {
            s->parts[n++] = i;
            continue;
        }
        stack[depth++] = s->sets[i - s->n].right;
        stack[depth++] = s->sets[i - s->n].left;
    }
    return n;
}

/* One set of a group: it splits, or what is too small falls out of it. */
static ay_status condense_one(selecting *s, uint32_t set, uint32_t owner, size_t *depth, uint32_t *scratch,
                              ay_err *err)
{
    size_t n = take_apart(s, set, scratch), large = 0;
    uint32_t least = (uint32_t)s->options->min_size;
    double level = 1 / (double)s->sets[set - s->n].length;
    ay_status status = AY_OK;

    for (size_t i = 0; i < n; i++)
        large += size_of(s, s->parts[i]) >= least;
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        uint32_t of = owner, size = size_of(s, s->parts[i]);
        if (size < least) {
            fall_out(s, s->parts[i], owner, level, scratch);
            continue;
        }
        if (large > 1) {
            leave(s, owner, level, size);
            status = new_group(s, owner, level, &of, err);
        }
        s->owner[*depth] = of;
        s->stack[(*depth)++] = s->parts[i];
    }
    if (large > 1)
        s->groups[owner].split = true;
    return status;
}

static ay_status condense(selecting *s, uint32_t *scratch, ay_err *err)
{
    size_t depth = 1;
    uint32_t whole;
    ay_status status = new_group(s, -1, 0, &whole, err);

    s->stack[0] = (uint32_t)(2 * s->n - 2);
    s->owner[0] = whole;
    while (status == AY_OK && depth) {
        depth--;
        status = condense_one(s, s->stack[depth], s->owner[depth], &depth, scratch, err);
    }
    return status;
}

/* Which groups are kept?  Those below come after those above.  The whole is none: it would say nothing. */
static void choose(selecting *s)
{
    for (size_t i = s->ngroups; i-- > 1;) {
        group *g = &s->groups[i]; /* best is what the groups below have added so far */
        g->kept = !g->split || (!s->options->leaves && g->stability >= g->best);
        g->best = g->kept ? g->stability : g->best;
        s->groups[g->parent].best += g->best;
    }
    for (size_t i = 1; i < s->ngroups; i++) { /* from above: what is in a kept one is part of it */
        group *g = &s->groups[i], *up = &s->groups[g->parent];
        g->inside = up->kept || up->inside;
        g->kept &= !g->inside;
    }
}

/* Numbers for the kept groups, and for all inside them the same. */
static void number(selecting *s, ay_density *out)
{
    for (size_t i = 1; i < s->ngroups; i++) {
        group *g = &s->groups[i];
        g->label = g->kept ? out->k++ : g->inside ? s->groups[g->parent].label : -1;
    }
    s->groups[0].label = -1;
}

static ay_status tell(selecting *s, ay_density *out, ay_err *err)
{
    double *last;

    number(s, out);
    last = ay_calloc((size_t)out->k + 1, sizeof *last);
    out->stability = ay_calloc((size_t)out->k + 1, sizeof *out->stability);
    if (!out->stability || !last) {
        ay_free(last);
        return ay_fail(err, AY_ENOMEM, "%d groups", out->k);
    }
    for (size_t i = 1; i < s->ngroups; i++)
        if (s->groups[i].kept) {
            out->stability[s->groups[i].label] = s->groups[i].stability;
            last[s->groups[i].label] = s->groups[i].last;
        }
    for (size_t i = 0; i < s->n; i++) {
        int32_t label = s->groups[s->from[i]].label;
        out->labels[i] = label;
        out->strength[i] = label < 0 ? 0 : (float)(fmin(s->level[i], last[label]) / last[label]);
    }
    ay_free(last);
    return AY_OK;
}

ay_status density_select(density_edge *edges, size_t n, const ay_density_options *options,
                         ay_density *out, ay_err *err)
{
    selecting s = {.n = n, .options = options};
    uint32_t *scratch = ay_alloc(2 * n, sizeof *scratch);
    ay_status status = AY_OK;

    s.sets = ay_alloc(n, sizeof *s.sets);
    s.from = ay_calloc(n, sizeof *s.from);
    s.level = ay_calloc(n, sizeof *s.level);
    s.stack = ay_alloc(2 * n, sizeof *s.stack);
    s.owner = ay_alloc(2 * n, sizeof *s.owner);
    s.parts = ay_alloc(n, sizeof *s.parts);
    if (!scratch || !s.sets || !s.from || !s.level || !s.stack || !s.owner || !s.parts)
        status = ay_fail(err, AY_ENOMEM, "groups of %zu rows", n);
    if (status == AY_OK) {
        qsort(edges, n - 1, sizeof *edges, by_length);
        merge(&s, edges, scratch, scratch + n);
        status = condense(&s, scratch, err);
    }
    if (status == AY_OK) {
        choose(&s);
        status = tell(&s, out, err);
    }
    ay_free(scratch);
    ay_free(s.sets);
    ay_free(s.groups);
    ay_free(s.from);
    ay_free(s.level);
    ay_free(s.stack);
    ay_free(s.owner);
    ay_free(s.parts);
    return status;
}
