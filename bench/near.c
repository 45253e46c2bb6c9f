/* bench/near.c - nearest neighbours through bytes beside floats, a million vectors.
 *
 *     build/release/bench/near [--rows N] [--dim D] [--threads T] [--rounds R]
 *
 * In turns: one query and 32 together, by floats (index/index.h) and by codes with a second pass (index/codes.h); then one query
 * at a time while another thread adds rows under the same lock as the service's.  Two times count, as in bench/search.c: the
 * median by the clock, and the least processor time of all threads.  Recall: of the ten nearest of 2,000 queries how many
 * are the right ones, on rows without any structure and on rows in heaps (100 a heap), where neighbours lie close. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"
#include "index/codes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { K = 10, TOGETHER = 32, MOST_ROUNDS = 101, ASKED = 2000, MOST_SEEN = 100000 };

typedef struct {
    float *v, *q;
    size_t n, room;
    int dim, threads;
    ay_codes codes;
    pthread_rwlock_t lock;
    atomic_bool stop;
    atomic_long written;
} field;

static ay_err err;

static void must(ay_status status)
{
    if (status == AY_OK)
        return;
    fprintf(stderr, "%s\n", err.msg);
    exit(1);
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Row i: heap i / 100's direction and its own, or its own alone. */
static void make_row(float *row, int dim, uint64_t i, bool heaps)
{
    ay_rng rng;

    ay_rng_init3(&rng, 3, i, 0);
    for (int d = 0; d < dim; d++)
        row[d] = (float)ay_rng_unit(&rng) - .5f;
    if (heaps) {
        ay_rng_init3(&rng, 4, i / 100, 0);
        for (int d = 0; d < dim; d++)
            row[d] = row[d] * .6f + (float)ay_rng_unit(&rng) - .5f;
    }
    ay_unit(row, row, dim);
}

typedef struct {
    field *f;
    bool heaps;
} filling;

static void fill_part(void *ctx, int part, int parts)
{
    filling *w = ctx;
    field *f = w->f;

    for (size_t i = f->n * (size_t)part / (size_t)parts; i < f->n * (size_t)(part + 1) / (size_t)parts; i++) {
        make_row(f->v + i * (size_t)f->dim, f->dim, i, w->heaps);
        ay_codes_put(&f->codes, i, f->v + i * (size_t)f->dim);
    }
}

/* Queries are like rows 0, 37, 74, ... of the same heap, but none of them. */
static void fill(field *f, bool heaps)
{
    ay_thread_share("fill", f->threads, fill_part, &(filling){f, heaps});
    for (int i = 0; i < ASKED; i++) {
        float *q = f->q + (size_t)i * (size_t)f->dim;
        const float *near = f->v + (size_t)i * 37 % f->n * (size_t)f->dim;
        make_row(q, f->dim, (uint64_t)i + (1u << 30), false);
        for (int d = 0; heaps && d < f->dim; d++)
            q[d] = q[d] * .5f + near[d];
        ay_unit(q, q, f->dim);
    }
}

static ay_rows rows(const field *f)
{
    return (ay_rows){f->v, f->n, f->dim};
}

/* Milliseconds of one call, by the clock and of processors. */
static void call(field *f, int nq, bool codes, ay_hit *hits, double *ms, double *cpu)
{
    ay_rows r = rows(f);
    double c = cpu_ms();
    uint64_t start = ay_clock_mono();

    must(codes ? ay_codes_top(&f->codes, &r, f->q, nq, K, f->threads, hits, NULL, &err)
               : ay_search_top(&r, f->q, nq, K, f->threads, hits, &err));
    *ms = (double)(ay_clock_mono() - start) / 1e6;
    *cpu = cpu_ms() - c;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void times(field *f, int rounds)
{
    static const struct {
        const char *name;
        int nq;
        bool codes;
    } cases[] = {{"floats, 1 query", 1, false}, {"codes, 1 query", 1, true}, {"floats, 32 together", TOGETHER, false}, {"codes, 32 together", TOGETHER, true}};
    double ms[4][MOST_ROUNDS], cpu[4][MOST_ROUNDS];
    ay_hit hits[TOGETHER * K];

    for (int r = -1; r < rounds; r++)
        for (int c = 0; c < 4; c++)
            call(f, cases[c].nq, cases[c].codes, hits, &ms[c][r < 0 ? 0 : r], &cpu[c][r < 0 ? 0 : r]);
    printf("%-24s %10s %14s\n", "", "ms", "processor ms");
    for (int c = 0; c < 4; c++) {
        qsort(ms[c], (size_t)rounds, sizeof(double), by_value);
        qsort(cpu[c], (size_t)rounds, sizeof(double), by_value);
        printf("%-24s %10.1f %14.1f\n", cases[c].name, ms[c][rounds / 2], cpu[c][0]);
    }
}

static void *writer(void *arg)
{
    field *f = arg;
    struct timespec pause = {0, 1000000};
    float *row = ay_alloc((size_t)f->dim, sizeof *row);

    while (!atomic_load(&f->stop) && f->n < f->room) {
        make_row(row, f->dim, f->n, true);
        pthread_rwlock_wrlock(&f->lock);
        memcpy(f->v + f->n * (size_t)f->dim, row, (size_t)f->dim * sizeof *row);
        ay_codes_put(&f->codes, f->n, row);
        f->n++;
        pthread_rwlock_unlock(&f->lock);
        atomic_fetch_add(&f->written, 1);
        nanosleep(&pause, NULL);
    }
    ay_free(row);
    return NULL;
}

static void while_writing(field *f, double seconds)
{
    double *seen = ay_alloc(MOST_SEEN, sizeof *seen), cpu;
    uint64_t start = ay_clock_mono();
    ay_hit hits[K];
    pthread_t id;
    size_t n = 0;

    must(ay_thread_start(&id, "writer", writer, f, &err));
    while ((double)(ay_clock_mono() - start) < seconds * 1e9 && n < MOST_SEEN) {
        uint64_t asked = ay_clock_mono();
        pthread_rwlock_rdlock(&f->lock);
        call(f, 1, true, hits, &seen[n], &cpu);
        pthread_rwlock_unlock(&f->lock);
        seen[n++] = (double)(ay_clock_mono() - asked) / 1e6;
    }
    atomic_store(&f->stop, true);
    pthread_join(id, NULL);
    qsort(seen, n, sizeof *seen, by_value);
    printf("codes, 1 query, beside %.0f rows added a second: p50 %.1f ms, p99 %.1f ms (%zu queries)\n",
           (double)atomic_load(&f->written) / seconds, seen[n / 2], seen[n * 99 / 100], n);
    ay_free(seen);
}

static void recall(field *f, const char *name)
{
    ay_hit *found = ay_alloc((size_t)ASKED * K, sizeof *found), *right = ay_alloc((size_t)ASKED * K, sizeof *right);
    ay_codes_report report, sum = {0};
    ay_rows r = rows(f);
    int same = 0;

    for (int q = 0; q < ASKED; q += 40) {
        const float *asked = f->q + (size_t)q * (size_t)f->dim;
        must(ay_search_top(&r, asked, 40, K, f->threads, right + q * K, &err));
        must(ay_codes_top(&f->codes, &r, asked, 40, K, f->threads, found + q * K, &report, &err));
        sum.again += report.again;
    }
    for (int i = 0; i < ASKED * K; i++)
        for (int j = i / K * K; j < i / K * K + K; j++)
            same += found[i].row == right[j].row;
    printf("recall, %s: %.5f of %d; %zu of %d queries were asked again with floats\n", name, (double)same / (ASKED * K), ASKED * K,
           sum.again, ASKED);
    ay_free(found);
    ay_free(right);
}

static long option(int argc, char **argv, const char *name, long usual)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtol(argv[i + 1], NULL, 10);
    return usual;
}

int main(int argc, char **argv)
{
    field f = {.n = (size_t)option(argc, argv, "--rows", 1000000), .dim = (int)option(argc, argv, "--dim", 512),
               .threads = (int)option(argc, argv, "--threads", ay_cpu_count())};
    pthread_rwlockattr_t writers_first;
    long rounds = option(argc, argv, "--rounds", 9);

    f.room = f.n + 20000;
    f.v = ay_alloc(f.room * (size_t)f.dim, sizeof *f.v);
    f.q = ay_alloc((size_t)ASKED * (size_t)f.dim, sizeof *f.q);
    pthread_rwlockattr_init(&writers_first);
    pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&f.lock, &writers_first); /* as the service's */
    ay_codes_init(&f.codes, f.dim);
    if (!f.v || !f.q || rounds < 1 || rounds > MOST_ROUNDS)
        return 1;
    must(ay_codes_reserve(&f.codes, f.room, &err));
    printf("%zu x %d, %d threads; floats %.2f GB (%s), codes %.2f GB (%s)\n", f.n, f.dim, f.threads,
           (double)f.n * f.dim * 4 / 1e9, ay_search_path_name(ay_search_path_get()), (double)f.n * f.codes.stride / 1e9, ay_codes_kernel());
    fill(&f, false);
    times(&f, (int)rounds);
    recall(&f, "no structure");
    fill(&f, true);
    recall(&f, "heaps of 100");
    while_writing(&f, 10);
    return 0;
}
