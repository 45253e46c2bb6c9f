/* bench/search.c - exact search of a million vectors, beside reading the same memory once.
 *
 *     build/release/bench/search [--rows N] [--dim D] [--threads T] [--rounds R]
 *
 * The read sums every float of the matrix with the widest loads the machine has, split over the same
 * number of threads in the same way: nothing that looks at every row can be quicker.  Rounds alternate:
 * read, one query, 32 queries, so that a busy machine slows all alike; medians count.  The rows are
 * pseudo-random unit vectors; what is found is compared with the plain path on the first 50,000 rows. */
#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"
#include "index/index.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { QUERIES = 32, K = 10, MOST_ROUNDS = 101, MOST_THREADS = 64 };

typedef struct {
    const float *from;
    size_t n; /* floats, a multiple of 64 */
    float sum;
} part;

static void *sum_plain(void *arg)
{
    part *p = arg;
    float s[16] = {0};

    for (size_t i = 0; i + 16 <= p->n; i += 16)
        for (int k = 0; k < 16; k++)
            s[k] += p->from[i + (size_t)k];
    for (int k = 0; k < 16; k++)
        p->sum += s[k];
    return NULL;
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void *sum_avx512(void *arg)
{
    part *p = arg;
    __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;

    for (size_t i = 0; i + 64 <= p->n; i += 64) {
        a = _mm512_add_ps(a, _mm512_loadu_ps(p->from + i));
        b = _mm512_add_ps(b, _mm512_loadu_ps(p->from + i + 16));
        c = _mm512_add_ps(c, _mm512_loadu_ps(p->from + i + 32));
        d = _mm512_add_ps(d, _mm512_loadu_ps(p->from + i + 48));
    }
    p->sum = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
    return NULL;
}

__attribute__((target("avx2"))) static void *sum_avx2(void *arg)
{
    part *p = arg;
    __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;
    float out[8];

    for (size_t i = 0; i + 32 <= p->n; i += 32) {
        a = _mm256_add_ps(a, _mm256_loadu_ps(p->from + i));
        b = _mm256_add_ps(b, _mm256_loadu_ps(p->from + i + 8));
        c = _mm256_add_ps(c, _mm256_loadu_ps(p->from + i + 16));
        d = _mm256_add_ps(d, _mm256_loadu_ps(p->from + i + 24));
    }
    _mm256_storeu_ps(out, _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d)));
    for (int k = 0; k < 8; k++)
        p->sum += out[k];
    return NULL;
}
#endif

static void *(*reader(void))(void *)
{
#if defined(__x86_64__)
    if (ay_cpu_get()->avx512)
        return sum_avx512;
    if (ay_cpu_get()->avx2)
        return sum_avx2;
#endif
    return sum_plain;
}

static volatile float sink;

static double read_once(const float *v, size_t n, int threads)
{
    uint64_t start = ay_clock_mono();
    part parts[MOST_THREADS] = {{0}};
    pthread_t id[MOST_THREADS];

    for (int t = 0; t < threads; t++) {
        parts[t].from = v + n / (size_t)threads * (size_t)t;
        parts[t].n = n / (size_t)threads;
        if (t + 1 < threads && ay_thread_start(&id[t], "read", reader(), &parts[t], NULL) != AY_OK)
            exit(1);
    }
    reader()(&parts[threads - 1]);
    for (int t = 0; t + 1 < threads; t++)
        pthread_join(id[t], NULL);
    for (int t = 0; t < threads; t++)
        sink = sink + parts[t].sum;
    return (double)(ay_clock_mono() - start) / 1e6;
}

static void fill(float *v, size_t n, int dim, uint64_t seed)
{
    ay_rng rng;

    for (size_t i = 0; i < n; i++) {
        float *row = v + i * (size_t)dim;
        uint64_t bits = 0;
        ay_rng_init3(&rng, seed, i, 0);
        for (int d = 0; d < dim; d++, bits >>= 16) {
            if (d % 4 == 0)
                bits = ay_rng_u64(&rng);
            row[d] = (float)(int)(bits & 0xffff) - 32767.5f;
        }
        ay_unit(row, row, dim);
    }
}

static double search(const ay_rows *rows, const float *q, int nq, int threads, ay_hit *hits)
{
    uint64_t start = ay_clock_mono();
    ay_err err = {{0}};

    if (ay_search_top(rows, q, nq, K, threads, hits, &err) != AY_OK) {
        fprintf(stderr, "search: %s\n", err.msg);
        exit(1);
    }
    return (double)(ay_clock_mono() - start) / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

/* The path in force must find what the plain one finds. */
static void verify(const ay_rows *rows, const float *q)
{
    ay_rows few = {rows->rows, rows->n < 50000 ? rows->n : 50000, rows->dim};
    static ay_hit got[QUERIES * K], want[QUERIES * K];
    ay_search_path path = ay_search_path_get();

    search(&few, q, QUERIES, 0, got);
    ay_search_path_set(AY_SEARCH_PLAIN, NULL);
    search(&few, q, QUERIES, 0, want);
    ay_search_path_set(path, NULL);
    for (int i = 0; i < QUERIES * K; i++)
        if (fabsf(got[i].score - want[i].score) > 1e-5f) {
            fprintf(stderr, "search: the paths disagree at %d\n", i);
            exit(1);
        }
}

int main(int argc, char **argv)
{
    size_t n = 1000000;
    int dim = 512, threads = ay_cpu_count(), rounds = 15;
    static ay_hit hits[QUERIES * K];
    static double t[4][MOST_ROUNDS];
    double gb, read_ms;
    float *v, *q;

    for (int i = 1; i + 1 < argc; i += 2) {
        long value = atol(argv[i + 1]);
        if (strcmp(argv[i], "--rows") == 0)
            n = (size_t)value;
        else if (strcmp(argv[i], "--dim") == 0)
            dim = (int)value;
        else if (strcmp(argv[i], "--threads") == 0)
            threads = (int)value;
        else if (strcmp(argv[i], "--rounds") == 0)
            rounds = (int)value;
    }
    if (n < 100 || dim < 1 || threads < 1 || threads > MOST_THREADS || rounds < 1 ||
        rounds > MOST_ROUNDS)
        return fprintf(stderr, "search: bad arguments\n"), 2;
    v = ay_aligned_alloc(1 << 21,
                         (n * (size_t)dim * sizeof *v + (1 << 21)) & ~((size_t)(1 << 21) - 1));
    q = ay_calloc(QUERIES * (size_t)dim, sizeof *q);
    if (!v || !q)
        return fprintf(stderr, "search: no memory\n"), 1;
    madvise(v, n * (size_t)dim * sizeof *v, MADV_HUGEPAGE);
    fill(v, n, dim, 1);
    fill(q, QUERIES, dim, 2);
    verify(&(ay_rows){v, n, dim}, q);
    for (int r = 0; r < rounds; r++) {
        ay_rows rows = {v, n, dim};
        t[0][r] = read_once(v, n * (size_t)dim, threads);
        t[1][r] = search(&rows, q, 1, threads, hits);
        t[2][r] = search(&rows, q, 8, threads, hits);
        t[3][r] = search(&rows, q, QUERIES, threads, hits);
    }
    gb = (double)n * dim * sizeof *v / 1e9;
    read_ms = median(t[0], rounds);
    printf("%s, %d threads, path %s\n%zu x %d float32, %.2f GB, median of %d rounds\n\n"
           "| | ms | GB/s | x reading once |\n|---|---|---|---|\n",
           ay_cpu_get()->name, threads, ay_search_path_name(ay_search_path_get()), n, dim, gb,
           rounds);
    printf("| reading once | %.1f | %.1f | 1.00 |\n", read_ms, gb / read_ms * 1e3);
    for (int k = 1; k < 4; k++) {
        double ms = median(t[k], rounds);
        printf("| %s | %.1f | %.1f | %.2f |\n",
               k == 1   ? "1 query"
               : k == 2 ? "8 queries together"
                        : "32 queries together",
               ms, gb / ms * 1e3, ms / read_ms);
    }
    ay_free(v);
    ay_free(q);
    return 0;
}
