#include "train/split.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int root_of(int *parent, int i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* The smaller number becomes the root, so that groups do not depend on the order of edges. */
static void join(int *parent, int a, int b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

ay_status ay_split_groups(ay_corpus_item *items, int n, const ay_corpus_pair *edges, int nedges,
                          ay_err *err)
{
    int *parent = ay_alloc((size_t)n + 1, sizeof *parent), groups = 0;

    if (!parent)
        return ay_fail(err, AY_ENOMEM, "no memory for groups of copies");
    for (int i = 0; i < n; i++)
        parent[i] = i;
    for (int e = 0; e < nedges; e++)
        join(parent, edges[e].a, edges[e].b);
    for (int i = 0; i < n; i++) {
        int r = root_of(parent, i);
        items[i].group = r == i ? groups++ : items[r].group;
    }
    ay_free(parent);
    return AY_OK;
}

typedef struct {
    int group, size, label; /* label: of its first picture; copies across classes go with it */
    bool fixed;             /* not all of it is on the train side */
    char key[AY_SHA256_HEX];
} part;

/* Groups that may move first, a class's groups together, small ones first, those of a size in the order of their keys. */
static int by_class(const void *x, const void *y)
{
    const part *a = x, *b = y;

    if (a->fixed != b->fixed)
        return a->fixed ? 1 : -1;
    if (a->label != b->label)
        return a->label < b->label ? -1 : 1;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return strcmp(a->key, b->key);
}

/* The groups, keyed.  parts[i] is group i. */
static part *gather(const ay_corpus_item *items, int n, uint64_t seed, int *count)
{
    part *parts;
    int groups = 0;

    for (int i = 0; i < n; i++)
        groups = items[i].group >= groups ? items[i].group + 1 : groups;
    parts = ay_calloc((size_t)groups + 1, sizeof *parts);
    *count = groups;
    for (int i = 0; parts && i < n; i++) {
        part *p = &parts[items[i].group];
        if (p->size++ == 0)
            p->label = items[i].label;
        p->fixed |= items[i].split != AY_SPLIT_TRAIN;
        if (p->size == 1 || strcmp(items[i].digest, p->key) < 0)
            memcpy(p->key, items[i].digest, sizeof p->key);
    }
    for (int g = 0; parts && g < groups; g++) {
        char text[AY_SHA256_HEX + 32];
        int len = snprintf(text, sizeof text, "%llu %s", (unsigned long long)seed, parts[g].key);
        parts[g].group = g;
        ay_sha256_bytes(text, (size_t)len, parts[g].key);
    }
    return parts;
}

/* How many pictures of n a side should get; at least one when it is wanted at all. */
static int share(int n, double fraction)
{
    int want = (int)lrint(n * fraction);

    return fraction <= 0 ? 0 : want < 1 ? 1 : want;
}

/* One class's n groups.  The largest one is for training, whatever happens; the others go, small
 * ones first, to the side that wants more and has room, or has nothing yet. */
static void assign_class(const part *parts, int n, double val, double test, ay_split *side)
{
    int pictures = 0, want[AY_SPLIT_COUNT] = {0}, got[AY_SPLIT_COUNT] = {0};

    for (int i = 0; i < n; i++)
        pictures += parts[i].size;
    want[AY_SPLIT_VAL] = n >= 2 ? share(pictures, val) : 0;
    want[AY_SPLIT_TEST] = n >= (val > 0 ? 3 : 2) ? share(pictures, test) : 0;
    for (int i = 0; i < n - 1; i++) {
        int left_val = want[AY_SPLIT_VAL] - got[AY_SPLIT_VAL];
        int left_test = want[AY_SPLIT_TEST] - got[AY_SPLIT_TEST];
        ay_split s = left_val >= left_test ? AY_SPLIT_VAL : AY_SPLIT_TEST;
        if (want[s] > 0 && (got[s] == 0 || got[s] + parts[i].size <= want[s])) {
            side[parts[i].group] = s;
            got[s] += parts[i].size;
        }
    }
}

/* Spread what is on the train side. */
static ay_status spread(ay_corpus_item *items, int n, double val, double test, uint64_t seed,
                        ay_err *err)
{
    int nparts;
    part *parts = gather(items, n, seed, &nparts);
    ay_split *side = ay_calloc((size_t)nparts + 1, sizeof *side);

    if (!parts || !side) {
        ay_free(parts);
        ay_free(side);
        return ay_fail(err, AY_ENOMEM, "no memory for the split");
    }
    qsort(parts, (size_t)nparts, sizeof *parts, by_class);
    for (int from = 0, to; from < nparts && !parts[from].fixed; from = to) {
        for (to = from + 1; to < nparts && !parts[to].fixed && parts[to].label == parts[from].label;)
            to++;
        assign_class(parts + from, to - from, val, test, side);
    }
    for (int i = 0; i < n; i++)
        if (items[i].split == AY_SPLIT_TRAIN)
            items[i].split = side[items[i].group];
    ay_free(parts);
    ay_free(side);
    return AY_OK;
}

ay_status ay_split_assign(ay_corpus_item *items, int n, double val, double test, uint64_t seed,
                          ay_err *err)
{
    for (int i = 0; i < n; i++)
        items[i].split = AY_SPLIT_TRAIN;
    return spread(items, n, val, test, seed, err);
}

ay_status ay_split_carve(ay_corpus_item *items, int n, double val, uint64_t seed, ay_err *err)
{
    return spread(items, n, val, 0, seed, err);
}

ay_status ay_split_mend(ay_corpus_item *items, int n, ay_err *err)
{
    ay_split *first = ay_alloc((size_t)n + 1, sizeof *first);

    if (!first)
        return ay_fail(err, AY_ENOMEM, "no memory for the split");
    for (int i = 0; i < n; i++)
        first[i] = AY_SPLIT_COUNT;
    for (int i = 0; i < n; i++)
        if (items[i].split < first[items[i].group])
            first[items[i].group] = items[i].split;
    for (int i = 0; i < n; i++)
        items[i].split = first[items[i].group];
    ay_free(first);
    return AY_OK;
}
