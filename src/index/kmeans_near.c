/* index/kmeans_near.c - centres in the kernel's form, and the nearest of them.  See kmeans_parts.h. */
#include "base/mem.h"
#include "base/thread.h"
#include "index/kmeans_parts.h"

#include <math.h>
#include <string.h>

#define SMALL_JOB (1u << 20) /* multiply-adds worth a thread */

int km_threads(double work, int asked)
{
    int n = asked > 0 ? asked : ay_cpu_count();

    if (n > AY_THREAD_PARTS)
        n = AY_THREAD_PARTS;
    if (n > work / SMALL_JOB)
        n = (int)(work / SMALL_JOB);
    return n < 1 ? 1 : n;
}

ay_status km_centres_open(km_centres *c, int k, int dim, ay_err *err)
{
    size_t groups = ((size_t)k + KM_LANES - 1) / KM_LANES;

    memset(c, 0, sizeof *c);
    c->kernel = ay_kernel_get();
    c->k = k, c->dim = dim, c->groups = (int)groups;
    c->centres = ay_calloc((size_t)k * (size_t)dim, sizeof *c->centres);
    c->norms = ay_calloc((size_t)k, sizeof *c->norms);
    c->packed = ay_aligned_alloc(64, groups * (size_t)dim * KM_LANES * sizeof *c->packed);
    c->half = ay_aligned_alloc(64, groups * KM_LANES * sizeof *c->half);
    if (c->centres && c->norms && c->packed && c->half)
        return AY_OK;
    km_centres_close(c);
    return ay_fail(err, AY_ENOMEM, "%d centres of %d dimensions", k, dim);
}

void km_centres_close(km_centres *c)
{
    ay_free(c->centres);
    ay_free(c->norms);
    ay_free(c->packed);
    ay_free(c->half);
    memset(c, 0, sizeof *c);
}

void km_centres_pack(km_centres *c, bool spherical)
{
    size_t dim = (size_t)c->dim;

    for (int g = 0; g < c->groups * KM_LANES; g++)
        c->half[g] = INFINITY;
    memset(c->packed, 0, (size_t)c->groups * dim * KM_LANES * sizeof *c->packed);
    for (size_t i = 0; i < (size_t)c->k; i++) {
        float *row = c->centres + i * dim, *column = c->packed + i / KM_LANES * dim * KM_LANES + i % KM_LANES;
        double sum = 0;
        for (size_t d = 0; d < dim; d++)
            sum += (double)row[d] * row[d];
        if (spherical && sum > 0) {
            ay_unit(row, row, c->dim);
            sum = 1;
        }
        for (size_t d = 0; d < dim; d++)
            column[d * KM_LANES] = row[d];
        c->norms[i] = (float)sum;
        c->half[i] = (float)(sum / 2);
    }
}

void km_two(const km_centres *c, const float *rows, size_t count, int group, float *score,
            float *best, float *second, uint32_t *at)
{
    c->kernel->many(rows, count, c->dim, c->packed + (size_t)group * (size_t)c->dim * KM_LANES,
                    score);
    c->kernel->two(score, count, c->half + (size_t)group * KM_LANES, best, second, at);
    for (size_t i = 0; i < count; i++)
        at[i] += (uint32_t)group * KM_LANES;
}

typedef struct {
    const km_centres *c;
    const ay_rows *rows;
    const float *norms, *centres;
    uint32_t *labels;
    const uint32_t *known;
    float *dst;
} near_work;

static void part_of(size_t n, int part, int parts, size_t *from, size_t *to)
{
    *from = n / (size_t)parts * (size_t)part;
    *to = part + 1 == parts ? n : n / (size_t)parts * (size_t)(part + 1);
}

static void nearest_part(void *ctx, int part, int parts)
{
    const near_work *w = ctx;
    const km_centres *c = w->c;
    _Alignas(64) float score[KM_BLOCK * KM_LANES];
    float best[KM_BLOCK], second[KM_BLOCK], top[KM_BLOCK];
    uint32_t at[KM_BLOCK];
    size_t from, to;

    part_of(w->rows->n, part, parts, &from, &to);
    for (size_t first = from; first < to; first += KM_BLOCK) {
        size_t count = to - first < KM_BLOCK ? to - first : KM_BLOCK;
        for (int g = 0; g < c->groups; g++) {
            km_two(c, w->rows->rows + first * (size_t)c->dim, count, g, score, best, second, at);
            for (size_t i = 0; i < count; i++)
                if (g == 0 || best[i] > top[i]) {
                    top[i] = best[i];
                    w->labels[first + i] = at[i];
                }
        }
        for (size_t i = 0; i < count; i++)
            w->dst[first + i] = fmaxf(0, w->norms[first + i] - 2 * top[i]);
    }
}

void km_nearest(const km_centres *c, const float *rows, const float *norms, size_t n, int threads,
                uint32_t *labels, float *distances)
{
    ay_rows all = {rows, n, c->dim};
    near_work w = {.c = c, .rows = &all, .norms = norms, .labels = labels, .dst = distances};

    ay_thread_share("k-means", km_threads((double)n * c->dim * c->k, threads), nearest_part, &w);
}

static void norms_part(void *ctx, int part, int parts)
{
    const near_work *w = ctx;
    const ay_search_kernel *kernel = ay_kernel_get();
    size_t from, to, dim = (size_t)w->rows->dim;

    part_of(w->rows->n, part, parts, &from, &to);
    for (size_t i = from; i < to; i++) {
        const float *row = w->rows->rows + i * dim;
        kernel->one(row, 1, w->rows->dim, row, w->dst + i);
    }
}

void km_norms(const ay_rows *rows, int threads, float *dst)
{
    near_work w = {.rows = rows, .dst = dst};

    ay_thread_share("k-means", km_threads((double)rows->n * rows->dim, threads), norms_part, &w);
}

/* In eight sums, so that a compiler can make one vector of them. */
static float distance(const float *a, const float *b, size_t dim)
{
    float sum[8] = {0};
    size_t d = 0;

    for (; d + 8 <= dim; d += 8)
        for (size_t j = 0; j < 8; j++)
            sum[j] += (a[d + j] - b[d + j]) * (a[d + j] - b[d + j]);
    for (; d < dim; d++)
        sum[d % 8] += (a[d] - b[d]) * (a[d] - b[d]);
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static void distances_part(void *ctx, int part, int parts)
{
    const near_work *w = ctx;
    size_t from, to, dim = (size_t)w->rows->dim;

    part_of(w->rows->n, part, parts, &from, &to);
    for (size_t i = from; i < to; i++)
        w->dst[i] = distance(w->rows->rows + i * dim, w->centres + w->known[i] * dim, dim);
}

void km_distances(const ay_rows *rows, const float *centres, const uint32_t *labels, int threads,
                  float *dst)
{
    near_work w = {.rows = rows, .centres = centres, .known = labels, .dst = dst};

    ay_thread_share("k-means", km_threads((double)rows->n * rows->dim, threads), distances_part, &w);
}
