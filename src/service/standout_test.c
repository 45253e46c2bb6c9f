/* Which scores stand out: the cut-off's promise on drawn numbers, alone and in a crowd, and on odd input. */
#include "service/standout.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

static ay_err err = {{0}};

static void fill(float *z, size_t n, uint64_t seed)
{
    ay_rng rng;

    ay_rng_init3(&rng, seed, 1, 2);
    for (size_t i = 0; i < n; i++)
        z[i] = (float)ay_rng_normal(&rng);
}

/* How many of n have a score of at least `least`. */
static int kept(const float *z, size_t n, double least)
{
    ay_standout list[200];
    size_t considered;
    int count, k = 0;

    CHECK_OK(ay_standout_rank(z, NULL, n, 200, list, &count, &considered, &err), err);
    CHECK(considered == n && count == 200);
    for (int i = 0; i < count; i++) {
        CHECK(list[i].score >= 0 && list[i].score <= 1 && z[list[i].row] == list[i].z);
        CHECK(i == 0 || (list[i].z <= list[i - 1].z && list[i].score <= list[i - 1].score));
        k += list[i].score >= least;
    }
    return k;
}

static void chance_is_the_normal_tail(void)
{
    CHECK(fabs(ay_chance(0) - 0.5) < 1e-12 && fabs(ay_chance(1.959963985) - 0.025) < 1e-9);
    CHECK(fabs(ay_chance(5) - 2.866515719e-7) < 1e-15 && ay_chance(-40) == 1 && ay_chance(40) >= 0);
}

static void among_many_the_best_by_chance_is_not_kept(void)
{
    enum { N = 100000, TURNS = 60 };
    float *z = ay_alloc(N, sizeof *z);
    int found = 0;

    for (uint64_t t = 0; t < TURNS; t++) {
        fill(z, N, t);
        found += kept(z, N, 0.95) > 0;
    }
    CHECK(found <= 9); /* 3 are expected; 10 or more have a chance of 1 in 1,000 */
    fill(z, N, 1000);
    z[777] = 6.5f; /* alone: n * chance is 4e-6 */
    CHECK(kept(z, N, 0.95) == 1);
    z[777] = 4.0f; /* alone: not enough among so many */
    CHECK(kept(z, N, 0.95) == 0);
    for (int i = 0; i < 150; i++)
        z[600 * i] = 4.0f; /* in a crowd it is */
    CHECK(kept(z, N, 0.95) >= 150);
    ay_free(z);
}

static void the_background_is_the_crowd_not_the_matches(void)
{
    enum { N = 2000 };
    float s[N];
    ay_background b;

    fill(s, N, 5);
    for (int i = 0; i < N; i++)
        s[i] = i % 5 == 0 ? 0.9f + 0.01f * s[i] : 0.2f + 0.05f * s[i];
    CHECK_OK(ay_background_of(s, N, &b, &err), err);
    CHECK(fabs(b.centre - 0.2) < 0.025 && b.spread > 0.035 && b.spread < 0.07);
    for (int i = 0; i < N; i++)
        s[i] = 0.5f;
    CHECK_OK(ay_background_of(s, N, &b, &err), err);
    CHECK(b.centre == 0.5 && b.spread > 0);
    CHECK_OK(ay_background_of(s, 1, &b, &err), err);
    CHECK(b.centre == 0.5 && b.spread > 0);
}

static void rows_can_be_left_out(void)
{
    float z[5] = {3, 1, 3, 9, -2};
    uint8_t include[5] = {1, 1, 1, 0, 1};
    ay_standout list[3];
    size_t considered;
    int n;

    CHECK_OK(ay_standout_rank(z, include, 5, 3, list, &n, &considered, &err), err);
    CHECK(n == 3 && considered == 4 && list[0].row == 0 && list[1].row == 2 && list[2].row == 1);
    include[0] = include[1] = include[2] = include[4] = 0;
    CHECK_OK(ay_standout_rank(z, include, 5, 3, list, &n, &considered, &err), err);
    CHECK(n == 0 && considered == 0);
}

TESTS({"chance is the normal tail", chance_is_the_normal_tail},
      {"among many the best by chance is not kept", among_many_the_best_by_chance_is_not_kept},
      {"the background is the crowd and not the matches", the_background_is_the_crowd_not_the_matches},
      {"rows can be left out", rows_can_be_left_out})
