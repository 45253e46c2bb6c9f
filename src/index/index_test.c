/* The search against a definition written out plainly, on every path, thread count and grouping. */
#include "index/index.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

static float *vectors(size_t n, int dim, uint64_t seed)
{
    float *v = ay_calloc(n * (size_t)dim, sizeof *v);
    ay_rng rng;

    ay_rng_init(&rng, seed);
    for (size_t i = 0; i < n * (size_t)dim; i++)
        v[i] = (float)ay_rng_normal(&rng);
    for (size_t i = 0; i < n; i++)
        ay_unit(v + i * (size_t)dim, v + i * (size_t)dim, dim);
    return v;
}

static double exact(const float *a, const float *b, int dim)
{
    double sum = 0;

    for (int d = 0; d < dim; d++)
        sum += (double)a[d] * b[d];
    return sum;
}

/* Each hit has its true score, the list is in order, and nothing better was left out. */
static void hold_to_definition(const ay_rows *r, const float *q, int k, const ay_hit *hits)
{
    size_t found = r->n < (size_t)k ? r->n : (size_t)k;

    for (size_t i = 0; i < (size_t)k; i++) {
        CHECK((hits[i].row != AY_SEARCH_NONE) == (i < found));
        if (i >= found)
            continue;
        CHECK(fabs(hits[i].score - exact(q, r->rows + hits[i].row * (size_t)r->dim, r->dim)) <
              1e-5);
        if (i > 0)
            CHECK(hits[i - 1].score > hits[i].score ||
                  (hits[i - 1].score == hits[i].score && hits[i - 1].row < hits[i].row));
    }
    for (size_t row = 0; found && row < r->n; row++) {
        bool in = false;
        for (size_t i = 0; i < found; i++)
            in |= hits[i].row == row;
        CHECK(in ||
              exact(q, r->rows + row * (size_t)r->dim, r->dim) < hits[found - 1].score + 1e-5);
    }
}

static void try_size(size_t n, int dim, int nq, int k, int threads)
{
    float *rows = vectors(n, dim, n + (size_t)dim), *q = vectors((size_t)nq, dim, 7);
    ay_hit *hits = ay_calloc((size_t)nq * (size_t)k, sizeof *hits);
    ay_rows r = {rows, n, dim};
    ay_err err = {{0}};

    CHECK_OK(ay_search_top(&r, q, nq, k, threads, hits, &err), err);
    for (int i = 0; i < nq; i++)
        hold_to_definition(&r, q + (size_t)i * (size_t)dim, k, hits + (size_t)i * (size_t)k);
    ay_free(rows);
    ay_free(q);
    ay_free(hits);
}

static void top_holds_to_the_definition(void)
{
    static const int sizes[][4] = {{0, 4, 1, 3},      {1, 1, 1, 1},     {2, 3, 2, 5},
                                   {97, 17, 1, 3},    {200, 64, 12, 7}, {501, 33, 31, 4},
                                   {50, 100, 2, 3},  {61, 15, 5, 4},   {100, 129, 16, 6},
                                   {99, 40, 17, 2},  {77, 70, 41, 5},  {333, 128, 70, 10}};

    for (int p = 0; p < AY_SEARCH_PATHS; p++) {
        if (ay_search_path_set((ay_search_path)p, NULL) != AY_OK)
            continue;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int threads = 1; threads <= 3; threads += 2)
                try_size((size_t)sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], threads);
    }
}

/* Forty copies of few distinct rows: the order among equals is the order of rows. */
static void ties_go_to_the_earlier_row(void)
{
    enum { N = 20000, DIM = 24, K = 9 };
    float *base = vectors(5, DIM, 3), *rows = ay_calloc((size_t)N * DIM, sizeof *rows);
    ay_hit one[K], four[K], many[40 * K];
    float *q = ay_calloc(40 * DIM, sizeof *q);
    ay_rows r = {rows, N, DIM};

    for (size_t i = 0; i < N; i++)
        memcpy(rows + i * DIM, base + (i % 5) * DIM, DIM * sizeof *rows);
    for (int i = 0; i < 40; i++)
        memcpy(q + i * DIM, base + DIM, DIM * sizeof *q);
    CHECK(ay_search_top(&r, q, 1, K, 1, one, NULL) == AY_OK);
    CHECK(ay_search_top(&r, q, 1, K, 4, four, NULL) == AY_OK);
    CHECK(ay_search_top(&r, q, 40, K, 4, many, NULL) == AY_OK);
    for (size_t i = 0; i < K; i++) {
        CHECK(one[i].row == 1 + 5 * i);
        CHECK(four[i].row == one[i].row && four[i].score == one[i].score);
        CHECK(many[i].row == one[i].row && many[39 * K + i].row == one[i].row);
    }
    ay_free(base);
    ay_free(rows);
    ay_free(q);
}

static void threads_do_not_change_a_bit(void)
{
    enum { N = 9001, DIM = 77, NQ = 33 };
    float *rows = vectors(N, DIM, 5), *q = vectors(NQ, DIM, 6);
    float *a = ay_calloc((size_t)N * NQ, sizeof *a), *b = ay_calloc((size_t)N * NQ, sizeof *b);
    ay_rows r = {rows, N, DIM};

    for (int p = 0; p < AY_SEARCH_PATHS; p++) {
        if (ay_search_path_set((ay_search_path)p, NULL) != AY_OK)
            continue;
        CHECK(ay_search_scores(&r, q, NQ, 1, a, NULL) == AY_OK);
        CHECK(ay_search_scores(&r, q, NQ, 5, b, NULL) == AY_OK);
        CHECK(memcmp(a, b, sizeof *a * N * NQ) == 0);
        for (size_t i = 0; i < N; i += 500)
            CHECK(fabs(a[32 * N + i] - exact(q + 32 * DIM, rows + i * DIM, DIM)) < 1e-5);
    }
    ay_free(rows);
    ay_free(q);
    ay_free(a);
    ay_free(b);
}

static void paths_agree_here(void)
{
    ay_err err = {{0}};

    CHECK_OK(ay_search_check(&err), err);
}

static void bad_arguments_are_refused(void)
{
    float v[2] = {1, 0};
    ay_rows r = {v, 1, 0}, s = {v, 1, 2};
    ay_hit h;

    CHECK(ay_search_top(&r, v, 1, 1, 1, &h, NULL) == AY_EINVAL);
    CHECK(ay_search_top(&s, v, 0, 1, 1, &h, NULL) == AY_EINVAL);
    CHECK(ay_search_top(&s, v, 1, 0, 1, &h, NULL) == AY_EINVAL);
    CHECK(ay_search_path_set(AY_SEARCH_PATHS, NULL) == AY_EUNSUPPORTED);
}

static void unit_refuses_what_has_no_direction(void)
{
    float z[3] = {0, 0, 0}, bad[3] = {1, NAN, 0}, v[3] = {3, 0, 4}, out[3];

    CHECK(!ay_unit(out, z, 3) && out[0] == 0);
    CHECK(!ay_unit(out, bad, 3) && out[0] == 0);
    CHECK(ay_unit(out, v, 3) && fabsf(out[0] - .6f) < 1e-7f && fabsf(out[2] - .8f) < 1e-7f);
}

static void memory_refused_is_an_error(void)
{
    float v[40 * 2];
    ay_rows r = {v, 40, 2};
    ay_hit hits[40];
    long live = ay_mem_live(), n = 0;
    ay_status status;

    for (int i = 0; i < 80; i++)
        v[i] = i % 2 ? 0 : 1;
    do {
        ay_mem_fail_after(n++);
        status = ay_search_top(&r, v, 40, 1, 1, hits, NULL);
        ay_mem_fail_after(-1);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == live);
    } while (status != AY_OK);
    CHECK(n > 3);
}

TESTS({"top holds to the definition", top_holds_to_the_definition},
      {"ties go to the earlier row", ties_go_to_the_earlier_row},
      {"threads do not change a bit", threads_do_not_change_a_bit},
      {"paths agree here", paths_agree_here},
      {"bad arguments are refused", bad_arguments_are_refused},
      {"unit refuses what has no direction", unit_refuses_what_has_no_direction},
      {"memory refused is an error", memory_refused_is_an_error})
