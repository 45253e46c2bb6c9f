#include "base/test.h"

#include "train/sampler.h"

#include <stdbool.h>

enum { N = 100 };

static void order_of(ay_order how, const int *labels, size_t n, int classes, uint64_t seed,
                     uint64_t epoch, size_t *order)
{
    ay_err err;

    CHECK_OK(ay_sampler_order(how, labels, n, classes, seed, epoch, order, &err), err);
}

static void test_shuffle(void)
{
    size_t a[N], b[N], seen[N] = {0};
    int moved = 0;

    order_of(AY_ORDER_PLAIN, NULL, N, 0, 1, 0, a);
    for (size_t i = 0; i < N; i++)
        CHECK(a[i] == i);
    order_of(AY_ORDER_SHUFFLE, NULL, N, 0, 1, 7, a);
    order_of(AY_ORDER_SHUFFLE, NULL, N, 0, 1, 7, b);
    CHECK(memcmp(a, b, sizeof a) == 0);
    for (size_t i = 0; i < N; i++)
        seen[a[i]]++;
    for (size_t i = 0; i < N; i++)
        CHECK(seen[i] == 1);
    order_of(AY_ORDER_SHUFFLE, NULL, N, 0, 1, 8, b);
    for (size_t i = 0; i < N; i++)
        moved += a[i] != b[i];
    CHECK(moved > 80);
    order_of(AY_ORDER_SHUFFLE, NULL, N, 0, 2, 7, b);
    CHECK(memcmp(a, b, sizeof a) != 0);
}

/* Each place in each position about equally often. */
static void test_shuffle_is_even(void)
{
    int count[5][5] = {{0}};
    size_t a[5];

    for (uint64_t e = 0; e < 5000; e++) {
        order_of(AY_ORDER_SHUFFLE, NULL, 5, 0, 3, e, a);
        for (int i = 0; i < 5; i++)
            count[i][a[i]]++;
    }
    for (int i = 0; i < 25; i++)
        CHECK(count[i / 5][i % 5] > 850 && count[i / 5][i % 5] < 1150); /* 5 deviations of 28 */
}

static void test_balanced(void)
{
    int labels[N], count[4];
    size_t a[N], times[N] = {0};

    for (int i = 0; i < N; i++)
        labels[i] = i < 80 ? 0 : i < 97 ? 1 : 3; /* 80, 17, none, 3 */
    for (uint64_t e = 0; e < 24; e++) {
        order_of(AY_ORDER_BALANCED, labels, N, 4, 5, e, a);
        memset(count, 0, sizeof count);
        for (int i = 0; i < N; i++) {
            count[labels[a[i]]]++;
            times[a[i]]++;
        }
        for (int c = 0; c < 4; c++)
            CHECK(c == 2 ? count[c] == 0 : count[c] == 33 || count[c] == 34);
        CHECK(count[0] + count[1] + count[3] == N);
    }
    /* 24 epochs show 800 of class 0: each of its 80 pictures ten times, whatever the epochs. */
    for (int i = 0; i < 80; i++)
        CHECK(times[i] == 10);
    for (int i = 97; i < 100; i++)
        CHECK(times[i] >= 266 && times[i] <= 267);
}

/* ---- so many of each class ------------------------------------------------------------------------- */

static void label(int *labels, const int *count, int classes)
{
    for (int c = 0, at = 0; c < classes; c++)
        for (int i = 0; i < count[c]; i++)
            labels[at++] = c;
}

static bool fits(const int *count, int classes, int per_class, int batch, int m, int k, int batches)
{
    int labels[N], n = 0;
    ay_groups g, again;

    for (int c = 0; c < classes; c++)
        n += count[c];
    CHECK(n <= N);
    label(labels, count, classes);
    g = ay_sampler_fit(labels, (size_t)n, classes, per_class, batch);
    again = ay_sampler_fit(labels, (size_t)n, classes, g.per_class, g.batch);
    printf("  %d of each of %d classes, %d wanted: %d x %d, %d batches\n", per_class, classes, batch, g.per_class,
           g.classes, g.batches);
    return g.per_class == m && g.classes == k && g.batch == m * k && g.batches == batches &&
           memcmp(&g, &again, sizeof g) == 0;
}

/* What the system replaced asked for, and died of: 64 with at most five classes of four. */
static void bug_38_batches_fit_the_classes(void)
{
    CHECK(fits((const int[]){20, 20, 20, 20, 20}, 5, 4, 64, 4, 5, 5));
    CHECK(fits((const int[]){20, 20, 20, 20, 20}, 5, 4, 32, 4, 5, 5));
    CHECK(fits((const int[]){20, 20, 20, 20, 20}, 5, 4, 8, 4, 2, 12));
    CHECK(fits((const int[]){20, 20, 20, 20, 20}, 5, 4, 10, 4, 2, 12)); /* no multiple of four */
    CHECK(fits((const int[]){50, 0, 50}, 3, 4, 64, 4, 2, 12));          /* nothing of the second */
    CHECK(fits((const int[]){50, 50}, 2, 4, 6, 3, 2, 16));              /* one class would have nothing beside it */
    CHECK(fits((const int[]){50, 50}, 2, 4, 1, 1, 1, 100));
    CHECK(fits((const int[]){9}, 1, 4, 8, 4, 1, 2));
    CHECK(fits((const int[]){1, 1, 1, 1, 1}, 5, 4, 64, 4, 5, 1)); /* pictures repeat */
}

static void groups_of(const ay_groups *g, const int *labels, size_t n, int classes, uint64_t epoch, size_t *order)
{
    ay_err err;

    CHECK_OK(ay_sampler_groups(g, labels, n, classes, 5, epoch, order, &err), err);
}

static void test_groups(void)
{
    enum { CLASSES = 4, M = 4, BATCH = 12 };
    static const int count[CLASSES] = {40, 30, 27, 3};
    int labels[N], times[N] = {0};
    size_t order[2 * N], other[2 * N];
    ay_groups g;

    label(labels, count, CLASSES);
    g = ay_sampler_fit(labels, N, CLASSES, M, BATCH);
    CHECK(g.batch == BATCH && g.batches == 8);
    groups_of(&g, labels, N, CLASSES, 3, order);
    for (int b = 0; b < g.batches; b++) {
        int seen = 0;
        for (int k = 0; k < 3; k++) {
            const size_t *group = order + b * BATCH + k * M;
            int c = labels[group[0]];
            CHECK(!(seen >> c & 1));
            seen |= 1 << c;
            for (int i = 0; i < M; i++) {
                CHECK(group[i] < N && labels[group[i]] == c);
                times[group[i]]++;
                for (int j = 0; j < i; j++)
                    CHECK(c == 3 || group[i] != group[j]); /* three pictures cannot be four */
            }
        }
    }
    for (int i = 0; i < 97; i++)
        CHECK(times[i] <= 2); /* at most 8 groups of a class of 27 and more: rounds */
    groups_of(&g, labels, N, CLASSES, 3, other);
    CHECK(memcmp(order, other, sizeof *order * 8 * BATCH) == 0);
    groups_of(&g, labels, N, CLASSES, 4, other);
    CHECK(memcmp(order, other, sizeof *order * 8 * BATCH) != 0);
}

/* Over epochs every picture has its turn. */
static void test_groups_leave_nobody_out(void)
{
    static const int count[] = {34, 33, 33};
    int labels[N], times[N] = {0};
    size_t order[2 * N];
    ay_groups g;

    label(labels, count, 3);
    g = ay_sampler_fit(labels, N, 3, 4, 64);
    CHECK(g.batch == 12);
    for (uint64_t epoch = 0; epoch < 50; epoch++) {
        groups_of(&g, labels, N, 3, epoch, order);
        for (int i = 0; i < g.batch * g.batches; i++)
            times[order[i]]++;
    }
    for (int i = 0; i < N; i++)
        CHECK(times[i] >= 40 && times[i] <= 50);
}

TESTS({"bug 38: batches fit the classes", bug_38_batches_fit_the_classes}, {"so many of each class", test_groups},
      {"groups leave nobody out", test_groups_leave_nobody_out},
      {"shuffle", test_shuffle}, {"shuffle is even", test_shuffle_is_even},
      {"balanced", test_balanced})
