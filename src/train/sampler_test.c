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

TESTS({"shuffle", test_shuffle}, {"shuffle is even", test_shuffle_is_even},
      {"balanced", test_balanced})
