/* index/silhouette.c - see silhouette.h. */
#include "index/silhouette.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 64 }; /* rows compared with all others at a time */

typedef struct {
    ay_rows rows; /* the part that is judged, packed */
    float *own, *norms, *scores;
    int32_t *labels;
    size_t *counts; /* k */
    double *sums;   /* k: of one row's distances to each group */
    int k;
} judging;

static void close_judging(judging *j)
{
    ay_free(j->own);
    ay_free(j->norms);
    ay_free(j->scores);
    ay_free(j->labels);
    ay_free(j->counts);
    ay_free(j->sums);
}

static size_t labelled(const int32_t *labels, size_t n, int k)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += labels[i] >= 0 && labels[i] < k;
    return count;
}

/* A random part of the rows that have a label (Knuth's selection sampling: in ascending order). */
static ay_status open_judging(judging *j, const ay_rows *rows, const int32_t *labels, int k, size_t most,
                              uint64_t seed, ay_err *err)
{
    size_t dim = (size_t)rows->dim, left = labelled(labels, rows->n, k), m = most < left ? most : left, got = 0;
    ay_rng rng;

    memset(j, 0, sizeof *j);
    j->k = k;
    j->own = ay_alloc(m * dim + 1, sizeof *j->own);
    j->norms = ay_alloc(m + 1, sizeof *j->norms);
    j->scores = ay_alloc(m * QUERIES + 1, sizeof *j->scores);
    j->labels = ay_alloc(m + 1, sizeof *j->labels);
    j->counts = ay_calloc((size_t)k + 1, sizeof *j->counts);
    j->sums = ay_calloc((size_t)k + 1, sizeof *j->sums);
    if (!j->own || !j->norms || !j->scores || !j->labels || !j->counts || !j->sums)
        return ay_fail(err, AY_ENOMEM, "judging %zu rows", m);
    ay_rng_init3(&rng, seed, 3, 0);
    for (size_t i = 0; i < rows->n && got < m; i++) {
        if (labels[i] < 0 || labels[i] >= k)
            continue;
        if (ay_rng_unit(&rng) * (double)left-- >= (double)(m - got))
            continue;
        memcpy(j->own + got * dim, rows->rows + i * dim, dim * sizeof *j->own);
        j->norms[got] = ay_dot(rows->rows + i * dim, rows->rows + i * dim, rows->dim);
        j->counts[labels[i]]++;
        j->labels[got++] = labels[i];
    }
    j->rows = (ay_rows){j->own, got, rows->dim};
    return AY_OK;
}

/* The silhouette of judged row i, whose products with all judged rows are given. */
static double of_row(judging *j, size_t i, const float *products)
{
    int own = j->labels[i];
    double a, b = INFINITY;

    if (j->counts[own] < 2)
        return 0;
    memset(j->sums, 0, (size_t)j->k * sizeof *j->sums);
    for (size_t r = 0; r < j->rows.n; r++)
        if (r != i)
            j->sums[j->labels[r]] += sqrt(fmax(0, (double)j->norms[i] + j->norms[r] - 2 * (double)products[r]));
    a = j->sums[own] / (double)(j->counts[own] - 1);
    for (int g = 0; g < j->k; g++)
        if (g != own && j->counts[g])
            b = fmin(b, j->sums[g] / (double)j->counts[g]);
    return a == b || !(fmax(a, b) > 0) ? 0 : (b - a) / fmax(a, b);
}

ay_status ay_silhouette(const ay_rows *rows, const int32_t *labels, int k, size_t most, uint64_t seed,
                        int threads, double *out, ay_err *err)
{
    judging j;
    double sum = 0;
    int groups = 0;
    ay_status status;

    *out = 0;
    if (rows->n < 1 || rows->dim < 1 || rows->dim > 65536 || k < 1)
        return ay_fail(err, AY_EINVAL, "a silhouette needs rows and groups");
    status = open_judging(&j, rows, labels, k, most ? most : AY_SILHOUETTE_ROWS, seed, err);
    for (int g = 0; status == AY_OK && g < k; g++)
        groups += j.counts[g] > 0;
    for (size_t first = 0; status == AY_OK && groups > 1 && first < j.rows.n; first += QUERIES) {
        int n = j.rows.n - first < QUERIES ? (int)(j.rows.n - first) : QUERIES;
        status = ay_search_scores(&j.rows, j.own + first * (size_t)rows->dim, n, threads, j.scores, err);
        for (int q = 0; status == AY_OK && q < n; q++)
            sum += of_row(&j, first + (size_t)q, j.scores + (size_t)q * j.rows.n);
    }
    if (status == AY_OK && groups > 1)
        *out = sum / (double)j.rows.n;
    close_judging(&j);
    return status;
}

/* Progress of one number of groups as a part of the whole. */
typedef struct {
    const ay_kmeans_options *options;
    int at, of;
} part_done;

static bool tell_part(void *ctx, double done)
{
    const part_done *p = ctx;

    return p->options->progress(p->options->ctx, (p->at + done) / p->of);
}

static ay_status try_one(const ay_rows *rows, const ay_kmeans_options *options, ay_kmeans_try *t,
                         ay_kmeans *out, ay_err *err)
{
    ay_kmeans_options o = *options;
    ay_status status;

    o.k = t->k;
    status = ay_kmeans_run(rows, &o, out, err);
    if (status != AY_OK)
        return status;
    t->inertia = out->inertia;
    status = ay_silhouette(rows, (const int32_t *)out->labels, out->k, 0, o.seed, o.threads, &t->silhouette, err);
    if (status != AY_OK)
        ay_kmeans_free(out);
    return status;
}

ay_status ay_kmeans_choose(const ay_rows *rows, const ay_kmeans_options *options, ay_kmeans_try *tries,
                           int n, ay_kmeans *out, ay_err *err)
{
    part_done part = {options, 0, n};
    ay_kmeans_options o = *options;
    double best = -2;
    ay_status status = n > 0 ? AY_OK : ay_fail(err, AY_EINVAL, "no number of groups to try");

    memset(out, 0, sizeof *out);
    if (options->progress) {
        o.progress = tell_part;
        o.ctx = &part;
    }
    for (; part.at < n && status == AY_OK; part.at++) {
        ay_kmeans one;
        status = try_one(rows, &o, &tries[part.at], &one, err);
        if (status != AY_OK)
            break;
        if (tries[part.at].silhouette > best) {
            best = tries[part.at].silhouette;
            ay_kmeans_free(out);
            *out = one;
        } else {
            ay_kmeans_free(&one);
        }
    }
    if (status != AY_OK)
        ay_kmeans_free(out);
    return status;
}
