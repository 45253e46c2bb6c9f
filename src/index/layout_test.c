/* index/layout_test.c - heaps stay heaps, the same rows give the same map, and what was there stays near where it was. */
#include "index/layout.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>
#include <string.h>

enum { HEAPS = 6, EACH = 60, N = HEAPS * EACH, DIM = 40 };

static ay_err err;
static float v[2 * N * DIM];

/* Row i lies around the direction of heap i % HEAPS. */
static ay_rows make(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float *row = v + i * DIM;
        ay_rng rng;
        ay_rng_init3(&rng, 4, i % HEAPS, 0);
        for (int d = 0; d < DIM; d++)
            row[d] = (float)ay_rng_unit(&rng) - .5f;
        ay_rng_init3(&rng, 5, i, 0);
        for (int d = 0; d < DIM; d++)
            row[d] += .8f * ((float)ay_rng_unit(&rng) - .5f);
        ay_unit(row, row, DIM);
    }
    return (ay_rows){v, n, DIM};
}

static float far(const float *xy, size_t i, size_t j)
{
    return hypotf(xy[2 * i] - xy[2 * j], xy[2 * i + 1] - xy[2 * j + 1]);
}

/* Share of points whose nearest on the plane is of their heap. */
static double together(const float *xy, size_t n)
{
    size_t same = 0;

    for (size_t i = 0; i < n; i++) {
        size_t best = i ? 0 : 1;
        for (size_t j = 0; j < n; j++)
            if (j != i && far(xy, i, j) < far(xy, i, best))
                best = j;
        same += best % HEAPS == i % HEAPS;
    }
    return (double)same / (double)n;
}

/* Values of umap-learn's find_ab_params(1, min_dist). */
static void the_curve_is_the_reference_s(void)
{
    double a, b;

    ay_layout_curve(.1, &a, &b);
    CHECK(fabs(a - 1.5769) < .01 && fabs(b - .8951) < .005);
    ay_layout_curve(.5, &a, &b);
    CHECK(fabs(a - .5830) < .01 && fabs(b - 1.3342) < .01);
}

static void the_projection_finds_the_long_way(void)
{
    float line[40 * 3], xy[80];
    ay_rows rows = {line, 40, 3};

    for (int i = 0; i < 40; i++) {
        line[3 * i] = .1f * (float)(i % 2);
        line[3 * i + 1] = (float)i;
        line[3 * i + 2] = 0;
    }
    CHECK_OK(ay_layout_pca(&rows, 1, xy, &err), err);
    for (int i = 1; i < 40; i++)
        CHECK(xy[2 * i] > xy[2 * i - 2]);
    CHECK(fabsf(xy[0] + 10) < .01f && fabsf(xy[78] - 10) < .01f);
}

static void heaps_stay_heaps(void)
{
    ay_layout_options o = {.neighbours = 15, .near = .1f, .seed = 1, .threads = 2};
    static float xy[2 * N], again[2 * N];
    ay_rows rows = make(N);

    CHECK_OK(ay_layout_pca(&rows, 1, xy, &err), err);
    memcpy(again, xy, sizeof xy);
    CHECK_OK(ay_layout_umap(&rows, &o, xy, &err), err);
    CHECK(together(xy, N) == 1);
    o.threads = 1;
    CHECK_OK(ay_layout_umap(&rows, &o, again, &err), err);
    CHECK(memcmp(xy, again, sizeof xy) == 0); /* the same map, on any number of threads */
}

static void what_was_there_stays(void)
{
    ay_layout_options o = {.neighbours = 15, .near = .1f, .seed = 1};
    static float before[4 * N], after[4 * N];
    static uint8_t kept[2 * N];
    ay_rows rows = make(N);
    double moved = 0, size = 0;

    CHECK_OK(ay_layout_pca(&rows, 1, before, &err), err);
    CHECK_OK(ay_layout_umap(&rows, &o, before, &err), err);
    rows = make(N + N / 4);
    memcpy(after, before, sizeof after);
    memset(kept, 1, N);
    o.kept = kept;
    CHECK_OK(ay_layout_umap(&rows, &o, after, &err), err);
    for (size_t i = 0; i < N; i++) {
        moved += (double)hypotf(after[2 * i] - before[2 * i], after[2 * i + 1] - before[2 * i + 1]) / N;
        size = fmax(size, (double)far(before, 0, i));
    }
    CHECK(moved < .05 * size);
    CHECK(together(after, N + N / 4) > .98);
}

static bool stop(void *ctx, double done)
{
    (void)ctx;
    return done < .5;
}

static void odd_input(void)
{
    ay_layout_options o = {.neighbours = 15, .near = .1f, .seed = 1};
    static float xy[2 * N];
    ay_rows rows = make(N);

    o.progress = stop;
    CHECK(ay_layout_umap(&rows, &o, xy, &err) == AY_ECANCELLED);
    o.progress = NULL;
    o.neighbours = 1;
    CHECK(ay_layout_umap(&rows, &o, xy, &err) == AY_EINVAL);
    o.neighbours = 15;
    for (size_t n = 0; n < 6; n++) { /* fewer than neighbours are asked for */
        rows.n = n;
        CHECK_OK(ay_layout_pca(&rows, 1, xy, &err), err);
        CHECK_OK(ay_layout_umap(&rows, &o, xy, &err), err);
    }
    for (size_t i = 1; i < 50; i++) /* all the same */
        memcpy(v + i * DIM, v, DIM * sizeof *v);
    rows.n = 50;
    CHECK_OK(ay_layout_pca(&rows, 1, xy, &err), err);
    CHECK_OK(ay_layout_umap(&rows, &o, xy, &err), err);
    for (size_t i = 0; i < 100; i++)
        CHECK(isfinite(xy[i]));
}

TESTS({"the curve is the reference's", the_curve_is_the_reference_s},
      {"the projection finds the long way", the_projection_finds_the_long_way}, {"heaps stay heaps", heaps_stay_heaps},
      {"what was there stays", what_was_there_stays}, {"odd input", odd_input})
