/* bench/search.c - exact search of a million vectors, beside the two limits of the machine.
 *
 *     build/release/bench/search [--rows N] [--dim D] [--threads T] [--rounds R] [--path NAME]
 *
 * One limit is reading: every float of the matrix is summed with the widest loads the machine has,
 * split over the same number of threads in the same way; nothing that looks at every row can be
 * quicker.  The other is arithmetic: multiply-adds on registers alone give the GFLOP/s of one
 * processor; what `queries x rows x dim` of them take at that rate is printed as the bound.
 *
 * Rounds alternate between all of them, so that a busy machine slows all alike.  Two times count: the
 * median by the clock, and the least processor time of all threads together, which other programs
 * disturb less.  The rows are pseudo-random unit vectors; what is found is compared with the plain path
 * on the first 50,000 rows. */
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
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { QUERIES = 32, K = 10, MOST_ROUNDS = 101, MOST_THREADS = 64, CASES = 8, SPIN = 4000000 };

/* Queries of each case; 0: the reading. */
static const int nqs[CASES] = {0, 1, 2, 4, 8, 16, 24, 32};

static volatile float sink;

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

/* SPIN times sixteen multiply-adds of a vector, none of which waits for another; returns the number of
 * floating-point operations. */
#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double spin_avx512(void)
{
    __m512 s[16], x = _mm512_set1_ps(.999f), y = _mm512_set1_ps(1e-3f);

    for (int i = 0; i < 16; i++)
        s[i] = _mm512_set1_ps((float)i);
    for (int n = 0; n < SPIN; n++) {
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++)
            s[i] = _mm512_fmadd_ps(s[i], x, y);
    }
    for (int i = 0; i < 16; i++)
        sink = sink + _mm512_reduce_add_ps(s[i]);
    return 2.0 * 16 * 16 * SPIN;
}

__attribute__((target("avx2,fma"))) static double spin_avx2(void)
{
    __m256 s[12], x = _mm256_set1_ps(.999f), y = _mm256_set1_ps(1e-3f);

    for (int i = 0; i < 12; i++)
        s[i] = _mm256_set1_ps((float)i);
    for (int n = 0; n < SPIN; n++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++)
            s[i] = _mm256_fmadd_ps(s[i], x, y);
    }
    for (int i = 0; i < 12; i++)
        sink = sink + _mm256_cvtss_f32(s[i]);
    return 2.0 * 12 * 8 * SPIN;
}
#endif

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* GFLOP/s of one processor on the path in force; 0: not known. */
static double peak(void)
{
    double start = cpu_ms(), work = 0;

#if defined(__x86_64__)
    if (ay_search_path_get() == AY_SEARCH_AVX512)
        work = spin_avx512();
    else if (ay_search_path_get() == AY_SEARCH_AVX2)
        work = spin_avx2();
#endif
    return work > 0 ? work / 1e6 / (cpu_ms() - start) : 0;
}

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

typedef struct {
    double wall[MOST_ROUNDS], cpu; /* cpu: the least */
} times;

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

static void measure(const ay_rows *rows, const float *q, int threads, int rounds, times *t,
                    double *flops)
{
    static ay_hit hits[QUERIES * K];

    for (int k = 0; k < CASES; k++)
        t[k].cpu = INFINITY;
    for (int r = 0; r < rounds; r++) {
        *flops = fmax(*flops, peak());
        for (int k = 0; k < CASES; k++) {
            double start = cpu_ms();
            t[k].wall[r] = nqs[k] ? search(rows, q, nqs[k], threads, hits)
                                  : read_once(rows->rows, rows->n * (size_t)rows->dim, threads);
            t[k].cpu = fmin(t[k].cpu, cpu_ms() - start);
        }
    }
}

static void print(const ay_rows *rows, int threads, int rounds, times *t, double flops)
{
    double gb = (double)rows->n * rows->dim * sizeof(float) / 1e9;
    double wall0 = median(t[0].wall, rounds), cpu0 = t[0].cpu;

    printf("%s, %d threads, path %s, %.0f GFLOP/s of multiply-adds a processor\n"
           "%zu x %d float32, %.2f GB, %d rounds\n\n"
           "| queries together | ms | x reading once | processor ms | x reading once | "
           "processor ms that the arithmetic takes |\n|---|---|---|---|---|---|\n",
           ay_cpu_get()->name, threads, ay_search_path_name(ay_search_path_get()), flops, rows->n,
           rows->dim, gb, rounds);
    for (int k = 0; k < CASES; k++) {
        double ms = median(t[k].wall, rounds);
        if (nqs[k])
            printf("| %d ", nqs[k]);
        else
            printf("| reading once (%.1f GB/s) ", gb / ms * 1e3);
        printf("| %.1f | %.2f | %.1f | %.2f |", ms, ms / wall0, t[k].cpu, t[k].cpu / cpu0);
        if (flops > 0 && nqs[k])
            printf(" %.1f |\n", 2e-6 * nqs[k] * (double)rows->n * rows->dim / flops);
        else
            printf(" |\n");
    }
}

static void take_path(const char *name)
{
    for (int p = 0; p < AY_SEARCH_PATHS; p++)
        if (strcmp(ay_search_path_name((ay_search_path)p), name) == 0 &&
            ay_search_path_set((ay_search_path)p, NULL) == AY_OK)
            return;
    fprintf(stderr, "search: this processor has no path %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    size_t n = 1000000;
    int dim = 512, threads = ay_cpu_count(), rounds = 15;
    static times t[CASES];
    double flops = 0;
    ay_rows rows;
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
        else if (strcmp(argv[i], "--path") == 0)
            take_path(argv[i + 1]);
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
    rows = (ay_rows){v, n, dim};
    verify(&rows, q);
    measure(&rows, q, threads, rounds, t, &flops);
    print(&rows, threads, rounds, t, flops);
    ay_free(v);
    ay_free(q);
    return 0;
}
