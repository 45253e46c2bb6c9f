/* index/check.c - does every path give what plain C gives?  Run at start, on this very processor:
 * a wrong kernel would be a wrong answer with a confident face. */
#include "base/mem.h"
#include "base/rng.h"
#include "index/index.h"
#include "index/kernel.h"

#include <math.h>
#include <string.h>

enum { MOST_ROWS = 29, MOST_DIM = 131, QUERIES = AY_SEARCH_LANES };
#define TOLERANCE 1e-5f

typedef struct {
    float rows[MOST_ROWS * MOST_DIM], queries[QUERIES * MOST_DIM];
    float want[MOST_ROWS * QUERIES], got[MOST_ROWS];
    _Alignas(64) float packed[MOST_DIM * QUERIES];
    _Alignas(64) float lanes[MOST_ROWS * QUERIES];
    _Alignas(64) float least[QUERIES];
} bench;

static void fill(float *p, int n, int dim, ay_rng *rng)
{
    for (int i = 0; i < n; i++) {
        for (int d = 0; d < dim; d++)
            p[i * dim + d] = (float)ay_rng_normal(rng);
        ay_unit(p + i * dim, p + i * dim, dim);
    }
}

/* The largest difference of lanes from want, over the first nq queries. */
static float lanes_off(const bench *b, int n, int nq)
{
    float worst = 0;

    for (int q = 0; q < nq; q++)
        for (int i = 0; i < n; i++)
            worst = fmaxf(worst, fabsf(b->lanes[i * QUERIES + q] - b->want[q * n + i]));
    return worst;
}

/* `two` subtracts and compares, nothing else: its answers are plain C's to the bit. */
static bool two_agree(bench *b, const ay_search_kernel *k, int n)
{
    float best[2][MOST_ROWS], second[2][MOST_ROWS];
    uint32_t at[2][MOST_ROWS];

    b->least[QUERIES - 1] = INFINITY;
    k->two(b->lanes, (size_t)n, b->least, best[0], second[0], at[0]);
    ay_kernel_plain.two(b->lanes, (size_t)n, b->least, best[1], second[1], at[1]);
    for (int i = 0; i < n; i++)
        if (best[0][i] != best[1][i] || second[0][i] != second[1][i] || at[0][i] != at[1][i])
            return false;
    return true;
}

/* The largest difference from want (rows x queries), over `one`, `few`, `many` and `above`. */
static float difference(bench *b, const ay_search_kernel *k, int n, int dim)
{
    float worst = 0;

    for (int nq = 4; nq <= AY_SEARCH_FEW; nq += 4) {
        memset(b->lanes, 0, sizeof b->lanes);
        k->few(b->rows, (size_t)n, dim, b->queries, nq, b->lanes);
        worst = fmaxf(worst, lanes_off(b, n, nq));
    }
    k->many(b->rows, (size_t)n, dim, b->packed, b->lanes);
    worst = fmaxf(worst, lanes_off(b, n, QUERIES));
    for (int q = 0; q < QUERIES; q++) {
        k->one(b->rows, (size_t)n, dim, b->queries + q * dim, b->got);
        for (int i = 0; i < n; i++)
            worst = fmaxf(worst, fabsf(b->got[i] - b->want[q * n + i]));
    }
    for (int q = 0; q < QUERIES; q++)
        b->least[q] = b->lanes[q] + (float)(q % 3 - 1) * 0.5f;
    if (k->above(b->lanes, b->least) != ay_kernel_plain.above(b->lanes, b->least))
        worst = 1;
    return two_agree(b, k, n) ? worst : 1;
}

static ay_status check_size(bench *b, int n, int dim, ay_err *err)
{
    static const ay_search_kernel *const all[] = {&ay_kernel_plain, &ay_kernel_avx2,
                                                  &ay_kernel_avx512};
    ay_rng rng;

    ay_rng_init3(&rng, 1, (uint64_t)n, (uint64_t)dim);
    fill(b->rows, n, dim, &rng);
    fill(b->queries, QUERIES, dim, &rng);
    for (int q = 0; q < QUERIES; q++) {
        ay_kernel_plain.one(b->rows, (size_t)n, dim, b->queries + q * dim, b->want + q * n);
        for (int d = 0; d < dim; d++)
            b->packed[d * QUERIES + q] = b->queries[q * dim + d];
    }
    for (int p = 0; p < AY_SEARCH_PATHS; p++) {
        float worst = ay_search_path_works((ay_search_path)p) ? difference(b, all[p], n, dim) : 0;
        if (!(worst <= TOLERANCE))
            return ay_fail(err, AY_ECORRUPT,
                           "search path %s is off by %g on %d vectors of %d dimensions",
                           all[p]->name, (double)worst, n, dim);
    }
    return AY_OK;
}

ay_status ay_search_check(ay_err *err)
{
    static const int sizes[][2] = {{1, 1},   {3, 7},    {4, 16},   {5, 33},
                                   {12, 64}, {13, 100}, {25, 128}, {MOST_ROWS, MOST_DIM}};
    bench *b = ay_aligned_alloc(64, sizeof *b);
    ay_status status = AY_OK;

    if (!b)
        return ay_fail(err, AY_ENOMEM, "checking the search");
    for (size_t i = 0; status == AY_OK && i < sizeof sizes / sizeof *sizes; i++)
        status = check_size(b, sizes[i][0], sizes[i][1], err);
    ay_free(b);
    return status;
}
