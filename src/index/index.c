/* index/index.c - the search: choose a kernel, split rows over threads, keep the best.
 *
 * Rows go through in blocks whose scores fit the first-level cache; each block is scored against
 * every query before the next one is read, so memory is read once however many queries there are.
 * Queries come in packed groups of 32.  Of what is left over, more than 16 make another such group, 2
 * to 16 go through the kernel for few, in fours (filled up with zeros), and one goes alone.
 *
 * Each thread owns a run of rows and its own lists of the k best, merged at the end.  Inserting into a
 * sorted list was taken over a heap: after the first rows an insertion is rare (k ln(n/k) of n), and
 * the list is in its final order.
 *
 * Ties: within a thread rows come in ascending order and only a strictly better score displaces, so
 * the earlier row stays; the merge compares (score, row).  The result is the same for any split. */
#include "index/index.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/thread.h"
#include "index/kernel.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BLOCK = 192, /* rows scored at a time; a multiple of the AVX-512 tile */
    LANES = AY_SEARCH_LANES,
    FEW = AY_SEARCH_FEW,
    MOST_THREADS = AY_THREAD_PARTS,
    MOST_DIM = 65536,
};
#define SMALL_JOB (1u << 18) /* multiply-adds worth a thread */

static const ay_search_kernel *const kernels[AY_SEARCH_PATHS] = {
    &ay_kernel_plain,
    &ay_kernel_avx2,
    &ay_kernel_avx512,
};
static _Atomic int chosen = -1;

bool ay_search_path_works(ay_search_path path)
{
    const ay_cpu *cpu = ay_cpu_get();

    if (path == AY_SEARCH_PLAIN)
        return true;
    if (path == AY_SEARCH_AVX2)
        return kernels[path]->name && cpu->avx2 && cpu->fma;
    return path == AY_SEARCH_AVX512 && kernels[path]->name && cpu->avx512;
}

ay_search_path ay_search_path_get(void)
{
    int path = atomic_load(&chosen);

    if (path >= 0)
        return (ay_search_path)path;
    for (path = AY_SEARCH_PATHS - 1; !ay_search_path_works((ay_search_path)path); path--)
        ;
    atomic_store(&chosen, path);
    return (ay_search_path)path;
}

const ay_search_kernel *ay_kernel_get(void)
{
    return kernels[ay_search_path_get()];
}

const char *ay_search_path_name(ay_search_path path)
{
    return path < AY_SEARCH_PATHS && kernels[path]->name ? kernels[path]->name : "none";
}

ay_status ay_search_path_set(ay_search_path path, ay_err *err)
{
    if (path >= AY_SEARCH_PATHS || !ay_search_path_works(path))
        return ay_fail(err, AY_EUNSUPPORTED, "this processor cannot run that search path");
    atomic_store(&chosen, (int)path);
    return AY_OK;
}

/* One thread's share of one call. */
typedef struct {
    const ay_search_kernel *kernel;
    const ay_rows *rows;
    const float *queries, *packed; /* packed: whole groups, then the few; see pack() */
    int nq, groups, few;           /* few: 0, 4, 8, 12 or 16 queries after the groups' */
    size_t from, to;
    /* top: */
    int k;
    ay_hit *hits; /* nq * k, this thread's own */
    /* scores: */
    float *dst;
    _Alignas(64) float score[BLOCK * LANES];
    _Alignas(64) float least[LANES]; /* of the group at hand */
} share;

static void keep(ay_hit *list, int k, size_t row, float score)
{
    int at = k - 1;

    for (; at > 0 && !(list[at - 1].score >= score); at--)
        list[at] = list[at - 1];
    list[at] = (ay_hit){row, score};
}

static void take_one(share *s, int q, size_t first, size_t count)
{
    ay_hit *list = s->hits + (size_t)q * (size_t)s->k;

    for (size_t i = 0; i < count; i++)
        if (s->score[i] > list[s->k - 1].score)
            keep(list, s->k, first + i, s->score[i]);
}

static void take_group(share *s, int q0, int n, size_t first, size_t count)
{
    for (int j = 0; j < LANES; j++)
        s->least[j] = j < n ? s->hits[(size_t)(q0 + j + 1) * (size_t)s->k - 1].score : INFINITY;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = s->kernel->above(s->score + i * LANES, s->least);
        for (; bits; bits &= bits - 1) {
            int j = __builtin_ctz(bits);
            ay_hit *list = s->hits + (size_t)(q0 + j) * (size_t)s->k;
            keep(list, s->k, first + i, s->score[i * LANES + (size_t)j]);
            s->least[j] = list[s->k - 1].score;
        }
    }
}

static void store_group(share *s, int q0, int n, size_t first, size_t count)
{
    for (int j = 0; j < n; j++) {
        float *dst = s->dst + (size_t)(q0 + j) * s->rows->n + first;
        for (size_t i = 0; i < count; i++)
            dst[i] = s->score[i * LANES + (size_t)j];
    }
}

/* Scores of n queries, in rows of LANES, to where they belong. */
static void take(share *s, int q, int n, size_t first, size_t count)
{
    if (s->dst)
        store_group(s, q, n, first, count);
    else
        take_group(s, q, n, first, count);
}

static void do_block(share *s, size_t first, size_t count)
{
    int dim = s->rows->dim, q = 0;
    const float *rows = s->rows->rows + first * (size_t)dim, *packed = s->packed;

    for (int g = 0; g < s->groups; g++, q += LANES, packed += (size_t)dim * LANES) {
        s->kernel->many(rows, count, dim, packed, s->score);
        take(s, q, s->nq - q < LANES ? s->nq - q : LANES, first, count);
    }
    if (q >= s->nq)
        return;
    if (s->few) {
        s->kernel->few(rows, count, dim, packed, s->few, s->score);
        take(s, q, s->nq - q, first, count);
    } else {
        float *dst = s->dst ? s->dst + (size_t)q * s->rows->n + first : s->score;
        s->kernel->one(rows, count, dim, s->queries + (size_t)q * (size_t)dim, dst);
        if (!s->dst)
            take_one(s, q, first, count);
    }
}

static void do_share(void *ctx, int part, int parts)
{
    share *s = (share *)ctx + part;

    (void)parts;
    for (size_t at = s->from; at < s->to; at += BLOCK)
        do_block(s, at, s->to - at < BLOCK ? s->to - at : BLOCK);
}

/* Queries of whole groups as columns, packed[g][d][j]; then the few as rows.  Unused ones are zero. */
static float *pack(const float *queries, int nq, int dim, int groups, int few)
{
    size_t size = ((size_t)groups * LANES + (size_t)few) * (size_t)dim;
    float *p = ay_aligned_alloc(64, size * sizeof *p);
    int q = 0;

    if (!p)
        return NULL;
    memset(p, 0, size * sizeof *p);
    for (; q < nq && q < groups * LANES; q++)
        for (int d = 0; d < dim; d++)
            p[((size_t)(q / LANES) * (size_t)dim + (size_t)d) * LANES + (size_t)(q % LANES)] =
                queries[(size_t)q * (size_t)dim + (size_t)d];
    if (few)
        memcpy(p + (size_t)q * (size_t)dim, queries + (size_t)q * (size_t)dim,
               (size_t)(nq - q) * (size_t)dim * sizeof *p);
    return p;
}

static int thread_count(const ay_rows *rows, int nq, int asked)
{
    double work = (double)rows->n * rows->dim * nq / SMALL_JOB;
    int n = asked > 0 ? asked : ay_cpu_count();

    if (n > MOST_THREADS)
        n = MOST_THREADS;
    if ((double)n > work)
        n = (int)work;
    return n < 1 ? 1 : n;
}

static bool better(const ay_hit *a, const ay_hit *b)
{
    return a->score > b->score || (a->score == b->score && a->row < b->row);
}

/* Merge the threads' lists for query q; lists are sorted, empty places are last. */
static void merge(const share *shares, int n, int q, int k, ay_hit *out)
{
    int at[MOST_THREADS] = {0};

    for (int i = 0; i < k; i++) {
        const ay_hit *best = NULL;
        int from = 0;
        for (int t = 0; t < n; t++) {
            const ay_hit *h = shares[t].hits + (size_t)q * (size_t)k + at[t];
            if (at[t] < k && h->row != AY_SEARCH_NONE && (!best || better(h, best))) {
                best = h;
                from = t;
            }
        }
        out[i] = best ? *best : (ay_hit){AY_SEARCH_NONE, -INFINITY};
        at[from] += best != NULL;
    }
}

static ay_status check_args(const ay_rows *rows, int nq, int k, ay_err *err)
{
    if (rows->dim < 1 || rows->dim > MOST_DIM)
        return ay_fail(err, AY_EINVAL, "vectors have 1 to %d dimensions, not %d", MOST_DIM,
                       rows->dim);
    if (nq < 1 || k < 1)
        return ay_fail(err, AY_EINVAL, "a search needs a query and a place for its answer");
    return AY_OK;
}

static ay_status search(const ay_rows *rows, const float *queries, int nq, int k, int threads,
                        ay_hit *hits, float *dst, ay_err *err)
{
    ay_status status = check_args(rows, nq, k, err);
    int n, rest = nq % LANES, groups = nq / LANES + (rest > FEW);
    int few = rest > 1 && rest <= FEW ? (rest + 3) / 4 * 4 : 0;
    size_t lists = (size_t)nq * (size_t)k;
    share *shares = NULL;
    ay_hit *all = NULL;
    float *packed = NULL;

    if (status != AY_OK)
        return status;
    n = thread_count(rows, nq, threads);
    shares = ay_aligned_alloc(64, (size_t)n * sizeof *shares);
    all = dst ? NULL : ay_alloc((size_t)n * lists, sizeof *all);
    packed = groups || few ? pack(queries, nq, rows->dim, groups, few) : NULL;
    if (!shares || (!dst && !all) || ((groups || few) && !packed)) {
        status = ay_fail(err, AY_ENOMEM, "searching %zu vectors", rows->n);
        goto out;
    }
    for (size_t i = 0; all && i < (size_t)n * lists; i++)
        all[i] = (ay_hit){AY_SEARCH_NONE, -INFINITY};
    for (int t = 0; t < n; t++) {
        share *s = &shares[t];
        memset(s, 0, sizeof *s);
        s->kernel = ay_kernel_get();
        s->rows = rows, s->queries = queries, s->packed = packed;
        s->nq = nq, s->groups = groups, s->few = few, s->k = k, s->dst = dst;
        s->hits = all ? all + (size_t)t * lists : NULL;
        s->from = rows->n / (size_t)n * (size_t)t;
        s->to = t + 1 == n ? rows->n : rows->n / (size_t)n * (size_t)(t + 1);
    }
    ay_thread_share("search", n, do_share, shares);
    for (int q = 0; !dst && q < nq; q++)
        merge(shares, n, q, k, hits + (size_t)q * (size_t)k);
out:
    ay_free(packed);
    ay_free(all);
    ay_free(shares);
    return status;
}

ay_status ay_search_top(const ay_rows *rows, const float *queries, int nq, int k, int threads,
                        ay_hit *hits, ay_err *err)
{
    return search(rows, queries, nq, k, threads, hits, NULL, err);
}

ay_status ay_search_scores(const ay_rows *rows, const float *queries, int nq, int threads,
                           float *dst, ay_err *err)
{
    return search(rows, queries, nq, 1, threads, NULL, dst, err);
}

bool ay_unit(float *dst, const float *src, int dim)
{
    double sum = 0;

    for (int d = 0; d < dim; d++)
        sum += (double)src[d] * src[d];
    if (!(sum > 0) || !isfinite(sum)) {
        memset(dst, 0, (size_t)dim * sizeof *dst);
        return false;
    }
    sum = 1 / sqrt(sum);
    for (int d = 0; d < dim; d++)
        dst[d] = (float)(src[d] * sum);
    return true;
}

float ay_dot(const float *a, const float *b, int dim)
{
    float score;

    ay_kernel_get()->one(a, 1, dim, b, &score);
    return score;
}
