/* The silhouette by its definition, and the number of planted groups found by it. */
#include "index/silhouette.h"
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

static double far(const float *a, const float *b)
{
    double sum = 0;

    for (int d = 0; d < DIM; d++)
        sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sqrt(sum);
}

/* Written out from the definition. */
static double plain(const float *v, const int32_t *labels, size_t n, int k)
{
    double all = 0;

    for (size_t i = 0; i < n; i++) {
        double sum[64] = {0}, b = INFINITY, a;
        size_t count[64] = {0};
        for (size_t j = 0; j < n; j++)
            if (j != i) {
                sum[labels[j]] += far(v + i * DIM, v + j * DIM);
                count[labels[j]]++;
            }
        if (!count[labels[i]])
            continue;
        a = sum[labels[i]] / (double)count[labels[i]];
        for (int g = 0; g < k; g++)
            if (g != labels[i] && count[g])
                b = fmin(b, sum[g] / (double)count[g]);
        all += (b - a) / fmax(a, b);
    }
    return all / (double)n;
}

static void it_is_what_the_definition_says(void)
{
    enum { N = 333 };
    float *v = planted(N, 7, 0.8, 5);
    int32_t labels[N];
    ay_rows rows = {v, N, DIM};
    ay_err err = {{0}};
    double got, part;

    for (size_t i = 0; i < N; i++)
        labels[i] = i == 0 ? 9 : (int32_t)(i % 7); /* one is alone in its group, 7 and 8 are empty */
    CHECK_OK(ay_silhouette(&rows, labels, 10, 0, 1, 2, &got, &err), err);
    CHECK(fabs(got - plain(v, labels, N, 10)) < 1e-5);
    CHECK_OK(ay_silhouette(&rows, labels, 10, 150, 1, 2, &part, &err), err);
    CHECK(part != got && fabs(part - got) < 0.1); /* of a part: near, not the same */
    for (size_t i = 0; i < N; i++)
        labels[i] = 3;
    CHECK_OK(ay_silhouette(&rows, labels, 10, 0, 1, 2, &got, &err), err);
    CHECK(got == 0);
    ay_free(v);
}

static void the_planted_number_is_chosen(void)
{
    ay_kmeans_try tries[] = {{.k = 3}, {.k = 6}, {.k = 12}, {.k = 24}};
    float *v = planted(1500, 12, 0.1, 8);
    ay_rows rows = {v, 1500, DIM};
    ay_kmeans_options o = {.way = AY_KMEANS_LLOYD, .inits = 3, .seed = 1};
    ay_kmeans g;
    ay_err err = {{0}};

    CHECK_OK(ay_kmeans_choose(&rows, &o, tries, 4, &g, &err), err);
    CHECK(g.k == 12 && tries[2].silhouette > 0.7);
    for (int i = 0; i < 4; i++)
        CHECK(i == 2 || tries[i].silhouette < tries[2].silhouette);
    CHECK(tries[0].inertia > tries[1].inertia && tries[2].inertia == g.inertia);
    ay_kmeans_free(&g);
    CHECK(ay_kmeans_choose(&rows, &o, tries, 0, &g, &err) == AY_EINVAL);
    ay_free(v);
}

static bool at_half(void *ctx, double done)
{
    double *most = ctx;

    CHECK(done >= *most);
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

    CHECK(ay_kmeans_choose(&rows, &o, tries, 4, &g, &err) == AY_ECANCELLED && !g.centres);
    CHECK(done >= 0.5 && done < 0.75);
    ay_free(v);
}

TESTS({"it is what the definition says", it_is_what_the_definition_says},
      {"the planted number is chosen", the_planted_number_is_chosen},
      {"progress is of the whole", progress_is_of_the_whole})
