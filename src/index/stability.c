/* index/stability.c - see stability.h. */
#include "index/stability.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 64 }; /* rows compared with all centres at a time */

/* ---- agreement of two groupings */

static double pairs(double n)
{
    return n * (n - 1) / 2;
}

double ay_rand_adjusted(const uint32_t *a, const uint32_t *b, size_t n, int ka, int kb)
{
    size_t rows = (size_t)ka, columns = (size_t)kb;
    double *table = ay_calloc(rows * columns + rows + columns + 1, sizeof *table), *of_a, *of_b;
    double both = 0, in_a = 0, in_b = 0, chance, most;

    if (!table)
        return NAN;
    of_a = table + rows * columns;
    of_b = of_a + rows;
    for (size_t i = 0; i < n; i++) {
        table[a[i] * columns + b[i]]++;
        of_a[a[i]]++;
        of_b[b[i]]++;
    }
    for (size_t i = 0; i < rows * columns; i++)
        both += pairs(table[i]);
    for (size_t i = 0; i < rows; i++)
        in_a += pairs(of_a[i]);
    for (size_t i = 0; i < columns; i++)
        in_b += pairs(of_b[i]);
    ay_free(table);
    chance = n > 1 ? in_a * in_b / pairs((double)n) : 0;
    most = (in_a + in_b) / 2;
    return most - chance > 0 ? (both - chance) / (most - chance) : 1;
}

/* ---- one pair of halves */

typedef struct {
    const ay_rows *rows;
    uint32_t *order;      /* a permutation of all rows */
    float *half[2];       /* packed */
    uint32_t *said;       /* of the second half's rows, by the first half's centres */
    float *norms, *scores;
    size_t n;             /* of a half */
} splitting;

static ay_status open_splitting(splitting *s, const ay_rows *rows, int k, ay_err *err)
{
    size_t dim = (size_t)rows->dim, most = AY_STABILITY_ROWS;

    *s = (splitting){.rows = rows, .n = (rows->n < most ? rows->n : most) / 2};
    s->order = ay_alloc(rows->n, sizeof *s->order);
    s->half[0] = ay_alloc(s->n * dim, sizeof *s->half[0]);
    s->half[1] = ay_alloc(s->n * dim, sizeof *s->half[1]);
    s->said = ay_alloc(s->n, sizeof *s->said);
    s->norms = ay_alloc((size_t)k, sizeof *s->norms);
    s->scores = ay_alloc((size_t)k * QUERIES, sizeof *s->scores);
    if (!s->order || !s->half[0] || !s->half[1] || !s->said || !s->norms || !s->scores)
        return ay_fail(err, AY_ENOMEM, "groups of two halves of %zu rows", rows->n);
    for (size_t i = 0; i < rows->n; i++)
        s->order[i] = (uint32_t)i;
    return AY_OK;
}

static void close_splitting(splitting *s)
{
    ay_free(s->order);
    ay_free(s->half[0]);
    ay_free(s->half[1]);
    ay_free(s->said);
    ay_free(s->norms);
    ay_free(s->scores);
}

/* The first 2 n of a fresh shuffle (Fisher and Yates), the first n of them to one half. */
static void draw(splitting *s, ay_rng *rng)
{
    size_t dim = (size_t)s->rows->dim;

    for (size_t i = 0; i < 2 * s->n; i++) {
        size_t j = i + ay_rng_below(rng, (uint32_t)(s->rows->n - i));
        uint32_t row = s->order[j];
        s->order[j] = s->order[i];
        s->order[i] = row;
        memcpy(s->half[i >= s->n] + i % s->n * dim, s->rows->rows + row * dim, dim * sizeof(float));
    }
}

/* The centre that each row of the second half is nearest to. */
static ay_status foretell(splitting *s, const ay_kmeans *by, int threads, ay_err *err)
{
    ay_rows centres = {by->centres, (size_t)by->k, by->dim};
    size_t dim = (size_t)by->dim;

    for (int c = 0; c < by->k; c++)
        s->norms[c] = ay_dot(by->centres + (size_t)c * dim, by->centres + (size_t)c * dim, by->dim);
    for (size_t first = 0; first < s->n; first += QUERIES) {
        int n = s->n - first < QUERIES ? (int)(s->n - first) : QUERIES;
        ay_status status = ay_search_scores(&centres, s->half[1] + first * dim, n, threads, s->scores, err);
        if (status != AY_OK)
            return status;
        for (int q = 0; q < n; q++) {
            const float *score = s->scores + (size_t)q * (size_t)by->k;
            uint32_t best = 0;
            for (int c = 1; c < by->k; c++)
                if (s->norms[c] - 2 * score[c] < s->norms[best] - 2 * score[best])
                    best = (uint32_t)c;
            s->said[first + (size_t)q] = best;
        }
    }
    return AY_OK;
}

static ay_status compare(splitting *s, const ay_kmeans_options *o, double *out, ay_err *err)
{
    ay_rows half[2] = {{s->half[0], s->n, s->rows->dim}, {s->half[1], s->n, s->rows->dim}};
    ay_kmeans by = {0}, own = {0};
    ay_status status = ay_kmeans_run(&half[0], o, &by, err);

    if (status == AY_OK)
        status = ay_kmeans_run(&half[1], o, &own, err);
    if (status == AY_OK)
        status = foretell(s, &by, o->threads, err);
    if (status == AY_OK && isnan(*out = ay_rand_adjusted(s->said, own.labels, s->n, by.k, own.k)))
        status = ay_fail(err, AY_ENOMEM, "comparing groups");
    ay_kmeans_free(&by);
    ay_kmeans_free(&own);
    return status;
}

ay_status ay_stability(const ay_rows *rows, const ay_kmeans_options *options, int splits, double *mean, double *error, ay_err *err)
{
    ay_kmeans_options o = *options;
    double sum = 0, squares = 0;
    splitting s = {0};
    ay_rng rng;
    ay_status status;

    *mean = *error = 0;
    if (rows->n < 4 || rows->n > UINT32_MAX || splits < 2 || o.k < 1 || rows->dim < 1)
        return ay_fail(err, AY_EINVAL, "stability needs four rows, a group and two splits");
    status = open_splitting(&s, rows, o.k, err);
    ay_rng_init3(&rng, o.seed, 7, (uint64_t)o.k);
    o.progress = NULL;
    for (int i = 0; i < splits && status == AY_OK; i++) {
        double one = 0;
        if (options->progress && !options->progress(options->ctx, (double)i / splits))
            status = ay_fail(err, AY_ECANCELLED, "stopped");
        if (status == AY_OK) {
            draw(&s, &rng);
            o.seed = options->seed + (uint64_t)i;
            status = compare(&s, &o, &one, err);
        }
        sum += one;
        squares += one * one;
    }
    close_splitting(&s);
    if (status != AY_OK)
        return status;
    *mean = sum / splits;
    *error = sqrt(fmax(0, squares - sum * *mean) / (splits - 1) / splits);
    return AY_OK;
}

/* ---- the number of groups */

typedef struct {
    const ay_kmeans_options *options;
    double from, share;
} part_done;

static bool tell_part(void *ctx, double done)
{
    const part_done *p = ctx;

    return p->options->progress(p->options->ctx, p->from + p->share * done);
}

static int choose(const ay_kmeans_try *tries, int n)
{
    int best = 0, chosen;

    for (int i = 1; i < n; i++)
        if (tries[i].stability > tries[best].stability)
            best = i;
    chosen = best;
    for (int i = 0; i < n; i++)
        if (tries[i].k > tries[chosen].k && tries[i].stability + tries[i].error >= tries[best].stability)
            chosen = i;
    return chosen;
}

ay_status ay_kmeans_choose_stable(const ay_rows *rows, const ay_kmeans_options *options, ay_kmeans_try *tries, int n, ay_kmeans *out,
                                  ay_err *err)
{
    part_done part = {options, 0, 1.0 / (n + 1)};
    ay_kmeans_options o = *options;
    ay_status status = n > 0 ? AY_OK : ay_fail(err, AY_EINVAL, "no number of groups to try");
    int at;

    memset(out, 0, sizeof *out);
    if (options->progress) {
        o.progress = tell_part;
        o.ctx = &part;
    }
    for (int i = 0; i < n && status == AY_OK; i++) {
        part.from = i * part.share;
        o.k = tries[i].k;
        status = ay_stability(rows, &o, AY_STABILITY_SPLITS, &tries[i].stability, &tries[i].error, err);
    }
    if (status != AY_OK)
        return status;
    at = choose(tries, n);
    part.from = n * part.share;
    o.k = tries[at].k;
    status = ay_kmeans_run(rows, &o, out, err);
    if (status == AY_OK)
        tries[at].inertia = out->inertia;
    return status;
}
