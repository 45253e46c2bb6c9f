/* The adjusted Rand index by its definition, and planted numbers of groups found by stability. */
#include "index/stability.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

enum { DIM = 9 };

static float *planted(size_t n, int groups, double spread, uint64_t seed)
{
    float *v = ay_calloc(n * DIM, sizeof *v), centre[64 * DIM];
    ay_rng rng;

    ay_rng_init(&rng, seed);
    for (int i = 0; i < groups * DIM; i++)
        centre[i] = (float)ay_rng_normal(&rng);
    for (size_t i = 0; i < n * DIM; i++)
        v[i] = centre[i / DIM % (size_t)groups * DIM + i % DIM] + (float)(spread * ay_rng_normal(&rng));
    return v;
}

/* Over all pairs of rows, as Hubert and Arabie count them. */
static double plain(const uint32_t *a, const uint32_t *b, size_t n)
{
    double both = 0, in_a = 0, in_b = 0, all = (double)(n * (n - 1)) / 2, chance;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            both += a[i] == a[j] && b[i] == b[j];
            in_a += a[i] == a[j];
            in_b += b[i] == b[j];
        }
    chance = in_a * in_b / all;
    return (both - chance) / ((in_a + in_b) / 2 - chance);
}

static void agreement_is_what_the_definition_says(void)
{
    static const uint32_t two[] = {0, 0, 1, 1}, three[] = {0, 0, 1, 2}, one[] = {0, 0, 0, 0}, four[] = {0, 1, 2, 3}, swapped[] = {1, 1, 0, 0};
    uint32_t a[300], b[300];
    ay_rng rng;

    CHECK(fabs(ay_rand_adjusted(two, three, 4, 2, 3) - 4.0 / 7) < 1e-12); /* scikit-learn's documentation has it as 0.57 */
    CHECK(ay_rand_adjusted(two, swapped, 4, 2, 2) == 1);
    CHECK(ay_rand_adjusted(one, four, 4, 1, 4) == 0);
    CHECK(ay_rand_adjusted(one, one, 4, 1, 1) == 1 && ay_rand_adjusted(four, four, 4, 4, 4) == 1);
    ay_rng_init(&rng, 3);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 300; i++) {
            a[i] = ay_rng_below(&rng, 5);
            b[i] = ay_rng_unit(&rng) < 0.05 * round ? a[i] : ay_rng_below(&rng, 7);
        }
        CHECK(fabs(ay_rand_adjusted(a, b, 300, 5, 7) - plain(a, b, 300)) < 1e-9);
    }
}

static void the_planted_number_is_chosen(void)
{
    static const int numbers[] = {3, 5, 12};

    for (size_t c = 0; c < 3; c++) {
        ay_kmeans_try tries[] = {{.k = 2}, {.k = 3}, {.k = 4}, {.k = 5}, {.k = 6}, {.k = 8}, {.k = 12}, {.k = 20}};
        float *v = planted(1500, numbers[c], 0.1, 8 + c);
        ay_rows rows = {v, 1500, DIM};
        ay_kmeans_options o = {.way = AY_KMEANS_LLOYD, .inits = 8, .seed = 1};
        ay_kmeans g, again;
        ay_err err = {{0}};

        CHECK_OK(ay_kmeans_choose_stable(&rows, &o, tries, 8, &g, &err), err);
        CHECK(g.k == numbers[c]);
        for (int i = 0; i < 8; i++) {
            if (tries[i].k == numbers[c])
                CHECK(tries[i].stability > 0.98 && tries[i].inertia == g.inertia);
            if (tries[i].k > numbers[c])
                CHECK(tries[i].stability + tries[i].error < 0.98);
        }
        o.threads = 1;
        CHECK_OK(ay_kmeans_choose_stable(&rows, &o, tries, 8, &again, &err), err);
        CHECK(again.k == g.k && again.inertia == g.inertia); /* the same on any number of threads */
        ay_kmeans_free(&again);
        ay_kmeans_free(&g);
        ay_free(v);
    }
}

static void one_cloud_cut_up_is_not_stable(void)
{
    float *cloud = planted(1200, 1, 1, 4), *groups = planted(1200, 6, 0.1, 4);
    ay_rows a = {cloud, 1200, DIM}, b = {groups, 1200, DIM}, few = {cloud, 3, DIM};
    ay_kmeans_options o = {.k = 6, .way = AY_KMEANS_LLOYD, .inits = 4, .seed = 2};
    double of_cloud, of_groups, error;
    ay_err err = {{0}};

    CHECK_OK(ay_stability(&a, &o, 6, &of_cloud, &error, &err), err);
    CHECK(of_cloud < 0.6 && error > 0);
    CHECK_OK(ay_stability(&b, &o, 6, &of_groups, &error, &err), err);
    CHECK(of_groups > 0.98);
    CHECK(ay_stability(&few, &o, 6, &of_groups, &error, &err) == AY_EINVAL);
    CHECK(ay_stability(&a, &o, 1, &of_groups, &error, &err) == AY_EINVAL);
    ay_free(cloud);
    ay_free(groups);
}

static bool at_half(void *ctx, double done)
{
    double *most = ctx;

    CHECK(done >= *most && done <= 1);
    *most = done;
    return done < 0.5;
}

static void progress_is_of_the_whole(void)
{
    ay_kmeans_try tries[] = {{.k = 2}, {.k = 3}, {.k = 4}, {.k = 5}};
    float *v = planted(400, 12, 1, 8);
    ay_rows rows = {v, 400, DIM};
    double done = 0;
    ay_kmeans_options o = {.way = AY_KMEANS_LLOYD, .progress = at_half, .ctx = &done};
    ay_kmeans g;
    ay_err err = {{0}};

    CHECK(ay_kmeans_choose_stable(&rows, &o, tries, 4, &g, &err) == AY_ECANCELLED && !g.centres);
    CHECK(done >= 0.5 && done < 0.75);
    CHECK(ay_kmeans_choose_stable(&rows, &o, tries, 0, &g, &err) == AY_EINVAL);
    ay_free(v);
}

TESTS({"agreement is what the definition says", agreement_is_what_the_definition_says},
      {"the planted number is chosen by stability", the_planted_number_is_chosen},
      {"one cloud cut up is not stable", one_cloud_cut_up_is_not_stable},
      {"progress is of the whole", progress_is_of_the_whole})
