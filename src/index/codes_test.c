/* index/codes_test.c - what codes find is what floats find; every kernel the same; and when codes cannot tell, floats are asked. */
#include "index/codes.h"

#include "base/cpu.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

static ay_err err;
static const char *const kernels[] = {"plain", "avx2", "vnni"};

typedef struct {
    float *v, *q;
    ay_rows rows;
    ay_codes codes;
    ay_hit *found, *right;
    int nq, k;
} field;

/* n unit rows around `centres` directions, closer together the smaller `spread`. */
static void make(field *f, size_t n, int dim, int nq, int k, int centres, float spread)
{
    ay_rng rng;

    *f = (field){.nq = nq, .k = k};
    f->v = ay_alloc(n * (size_t)dim, sizeof(float));
    f->q = ay_alloc((size_t)nq * (size_t)dim, sizeof(float));
    f->found = ay_alloc((size_t)(nq * k), sizeof(ay_hit));
    f->right = ay_alloc((size_t)(nq * k), sizeof(ay_hit));
    for (size_t i = 0; i < n + (size_t)nq; i++) {
        float *row = i < n ? f->v + i * (size_t)dim : f->q + (i - n) * (size_t)dim;
        ay_rng_init3(&rng, 7, (uint64_t)(i % (size_t)centres), 1);
        for (int d = 0; d < dim; d++)
            row[d] = (float)ay_rng_unit(&rng) - .5f;
        ay_rng_init3(&rng, 7, i, 2);
        for (int d = 0; d < dim; d++)
            row[d] += spread * ((float)ay_rng_unit(&rng) - .5f);
        CHECK(ay_unit(row, row, dim));
    }
    f->rows = (ay_rows){f->v, n, dim};
    ay_codes_init(&f->codes, dim);
    CHECK_OK(ay_codes_reserve(&f->codes, n, &err), err);
    for (size_t i = 0; i < n; i++)
        ay_codes_put(&f->codes, i, f->v + i * (size_t)dim);
    CHECK_OK(ay_search_top(&f->rows, f->q, nq, k, 2, f->right, &err), err);
}

static void unmake(field *f)
{
    ay_codes_fini(&f->codes);
    ay_free(f->v);
    ay_free(f->q);
    ay_free(f->found);
    ay_free(f->right);
}

/* How many of the right ones were found. */
static int common(const field *f)
{
    int n = 0;

    for (int q = 0; q < f->nq; q++)
        for (int i = 0; i < f->k; i++)
            for (int j = 0; j < f->k; j++)
                n += f->found[q * f->k + i].row == f->right[q * f->k + j].row;
    return n;
}

static void finds_what_floats_find(void)
{
    static const struct {
        size_t n;
        int dim, nq, k, centres;
        float spread;
    } cases[] = {{20000, 512, 40, 10, 20000, 1}, {20011, 130, 33, 10, 50, 1}, {5000, 64, 7, 3, 10, .5f},
                 {9001, 256, 1, 20, 9001, 1},    {300, 17, 5, 10, 300, 1},    {3000, 1, 4, 5, 3000, 1}};

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        field f;
        make(&f, cases[c].n, cases[c].dim, cases[c].nq, cases[c].k, cases[c].centres, cases[c].spread);
        for (size_t i = 0; i < 3; i++) {
            if (!ay_codes_kernel_set(kernels[i]))
                continue;
            CHECK_OK(ay_codes_top(&f.codes, &f.rows, f.q, f.nq, f.k, 1 + (int)i, f.found, NULL, &err), err);
            CHECK(common(&f) >= f.nq * f.k - (f.nq * f.k) / 1000);
            for (int q = 0; q < f.nq; q++)
                CHECK(fabsf(f.found[q * f.k].score - f.right[q * f.k].score) < 1e-5f);
        }
        unmake(&f);
    }
}

/* The same rows and scores, bit for bit, whatever multiplies and on however many threads. */
static void every_kernel_finds_the_same(void)
{
    ay_hit *first;
    size_t bytes;
    field f;

    make(&f, 12345, 200, 37, 10, 100, 1);
    bytes = (size_t)(f.nq * f.k) * sizeof(ay_hit);
    first = ay_alloc(bytes, 1);
    CHECK(ay_codes_kernel_set("plain"));
    CHECK_OK(ay_codes_top(&f.codes, &f.rows, f.q, f.nq, f.k, 1, first, NULL, &err), err);
    for (size_t i = 0; i < 3; i++)
        for (int threads = 1; ay_codes_kernel_set(kernels[i]) && threads < 4; threads++) {
            CHECK_OK(ay_codes_top(&f.codes, &f.rows, f.q, f.nq, f.k, threads, f.found, NULL, &err), err);
            for (int j = 0; j < f.nq * f.k; j++)
                CHECK(f.found[j].row == first[j].row && f.found[j].score == first[j].score);
        }
    ay_free(first);
    unmake(&f);
}

/* A thousand rows that differ by less than a code's step: codes cannot tell them apart, floats can. */
static void what_codes_cannot_tell_floats_do(void)
{
    ay_codes_report report;
    field f;

    make(&f, 4000, 128, 3, 10, 2, 1e-4f);
    CHECK_OK(ay_codes_top(&f.codes, &f.rows, f.q, f.nq, f.k, 0, f.found, &report, &err), err);
    CHECK(report.again == 3 && common(&f) == 30);
    unmake(&f);
    make(&f, 20000, 512, 8, 10, 20000, 1);
    CHECK_OK(ay_codes_top(&f.codes, &f.rows, f.q, f.nq, f.k, 0, f.found, &report, &err), err);
    CHECK(report.again == 0 && common(&f) == 80);
    unmake(&f);
}

static void rows_come_and_go(void)
{
    field f;

    make(&f, 3000, 96, 2, 5, 3000, 1);
    CHECK_OK(ay_codes_reserve(&f.codes, 5000, &err), err);
    memmove(f.v + 10 * 96, f.v + 2999 * 96, 96 * sizeof(float));
    ay_codes_move(&f.codes, 10, 2999);
    f.rows.n = 2999;
    CHECK_OK(ay_search_top(&f.rows, f.q, 2, 5, 1, f.right, &err), err);
    CHECK_OK(ay_codes_top(&f.codes, &f.rows, f.q, 2, 5, 1, f.found, NULL, &err), err);
    CHECK(common(&f) == 10);
    CHECK(ay_codes_top(&f.codes, &f.rows, f.q, 0, 5, 1, f.found, NULL, &err) == AY_EINVAL);
    unmake(&f);
}

TESTS({"finds what floats find", finds_what_floats_find}, {"every kernel finds the same", every_kernel_finds_the_same},
      {"what codes cannot tell floats do", what_codes_cannot_tell_floats_do}, {"rows come and go", rows_come_and_go})
