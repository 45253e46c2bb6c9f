/* index/kmeans_batch.c - MiniBatchKMeans: Sculley's steps with scikit-learn's care.
 *
 * A step draws `batch` rows with replacement, gives each to its nearest centre and moves a centre to the mean of all it was
 * ever given.  Centres that got almost nothing (below 1 % of the most) are now and then put on rows of the batch, and
 * count as much as the least of the others.  The distance per row, smoothed over about a pass, must reach a new low within ten
 * steps, or the work ends.  These rules and numbers are those of sklearn.cluster.MiniBatchKMeans; its stream of random
 * numbers is not, so results are as good but not the same. */
#include "base/mem.h"
#include "base/rng.h"
#include "index/kmeans_parts.h"

#include <math.h>
#include <string.h>

enum { BATCH = 1024, MOST_PASSES = 100, PATIENCE = 10 };
#define STARVED 0.01

typedef struct {
    const km_data *d;
    km_centres *c;
    size_t batch;
    ay_rng rng;
    float *rows, *norms, *distances; /* of the batch */
    uint32_t *labels;
    double *counts;        /* rows ever given to each centre */
    double *sums;          /* k x dim: of this batch */
    size_t *here;          /* k: rows of this batch */
    size_t since;          /* rows since starved centres were looked for */
    double smooth, lowest; /* distance per row */
    int waited;
} batches;

static ay_status open_batches(batches *b, const km_data *d, km_centres *c, uint64_t stream, ay_err *err)
{
    size_t n = d->rows->n, k = (size_t)c->k, dim = (size_t)c->dim;

    memset(b, 0, sizeof *b);
    b->d = d, b->c = c;
    b->batch = d->options->batch > 0 ? (size_t)d->options->batch : BATCH;
    b->batch = b->batch < n ? b->batch : n;
    ay_rng_init3(&b->rng, d->options->seed, stream, 2);
    b->rows = ay_alloc(b->batch * dim, sizeof *b->rows);
    b->norms = ay_alloc(b->batch, sizeof *b->norms);
    b->distances = ay_alloc(b->batch, sizeof *b->distances);
    b->labels = ay_alloc(b->batch, sizeof *b->labels);
    b->counts = ay_calloc(k, sizeof *b->counts);
    b->sums = ay_alloc(k * dim, sizeof *b->sums);
    b->here = ay_alloc(k, sizeof *b->here);
    if (b->rows && b->norms && b->distances && b->labels && b->counts && b->sums && b->here)
        return AY_OK;
    return ay_fail(err, AY_ENOMEM, "k-means by batches of %zu rows", b->batch);
}

static void close_batches(batches *b)
{
    ay_free(b->rows);
    ay_free(b->norms);
    ay_free(b->distances);
    ay_free(b->labels);
    ay_free(b->counts);
    ay_free(b->sums);
    ay_free(b->here);
}

static void draw_rows(batches *b)
{
    size_t dim = (size_t)b->c->dim;

    for (size_t i = 0; i < b->batch; i++) {
        size_t row = (size_t)(ay_rng_unit(&b->rng) * (double)b->d->rows->n);
        memcpy(b->rows + i * dim, b->d->rows->rows + row * dim, dim * sizeof *b->rows);
        b->norms[i] = b->d->norms[row];
    }
}

/* Each centre to the mean of what it had and what it got. */
static void move_centres(batches *b)
{
    size_t dim = (size_t)b->c->dim, k = (size_t)b->c->k;

    memset(b->sums, 0, k * dim * sizeof *b->sums);
    memset(b->here, 0, k * sizeof *b->here);
    for (size_t i = 0; i < b->batch; i++) {
        double *sum = b->sums + b->labels[i] * dim;
        b->here[b->labels[i]]++;
        for (size_t d = 0; d < dim; d++)
            sum[d] += b->rows[i * dim + d];
    }
    for (size_t c = 0; c < k; c++) {
        double had = b->counts[c], all = had + (double)b->here[c];
        float *centre = b->c->centres + c * dim;
        for (size_t d = 0; b->here[c] && d < dim; d++)
            centre[d] = (float)((centre[d] * had + b->sums[c * dim + d]) / all);
        b->counts[c] = all;
    }
}

static bool time_to_feed(batches *b)
{
    bool empty = false;

    b->since += b->batch;
    for (int c = 0; c < b->c->k; c++)
        empty |= b->counts[c] == 0;
    if (!empty && b->since < 10 * (size_t)b->c->k)
        return false;
    b->since = 0;
    return true;
}

/* The centre with the least rows of those not taken yet, if it is starved; -1 when there is none. */
static int most_starved(const batches *b, const bool *taken, double most)
{
    int least = -1;

    for (int c = 0; c < b->c->k; c++)
        if (!taken[c] && b->counts[c] < STARVED * most && (least < 0 || b->counts[c] < b->counts[least]))
            least = c;
    return least;
}

/* Put starved centres (half a batch of them at most) on different rows of this batch. */
static ay_status feed_starved(batches *b, ay_err *err)
{
    size_t dim = (size_t)b->c->dim, n = 0;
    double most = 0, least = INFINITY;
    bool *taken = ay_calloc((size_t)b->c->k, sizeof *taken);

    if (!taken)
        return ay_fail(err, AY_ENOMEM, "feeding starved centres");
    for (int c = 0; c < b->c->k; c++)
        most = fmax(most, b->counts[c]);
    for (int c; n < b->batch / 2 && (c = most_starved(b, taken, most)) >= 0; n++) {
        /* the n-th of a partial shuffle of the batch's rows: rows change places, so none is taken twice */
        size_t from = n + (size_t)(ay_rng_unit(&b->rng) * (double)(b->batch - n));
        memcpy(b->c->centres + (size_t)c * dim, b->rows + from * dim, dim * sizeof *b->rows);
        memcpy(b->rows + from * dim, b->rows + n * dim, dim * sizeof *b->rows);
        taken[c] = true;
    }
    for (int c = 0; c < b->c->k; c++)
        if (!taken[c])
            least = fmin(least, b->counts[c]);
    for (int c = 0; c < b->c->k; c++)
        if (taken[c])
            b->counts[c] = least;
    ay_free(taken);
    return AY_OK;
}

/* Has the smoothed distance per row stopped falling? */
static bool settled(batches *b, int step, double distance)
{
    double share = fmin(1, 2.0 * (double)b->batch / ((double)b->d->rows->n + 1));

    if (step == 0) /* it is that of the seeds */
        return false;
    b->smooth = step == 1 ? distance : b->smooth * (1 - share) + distance * share;
    if (step == 1 || b->smooth < b->lowest) {
        b->lowest = b->smooth;
        b->waited = 0;
        return false;
    }
    return ++b->waited >= PATIENCE;
}

static ay_status one_step(batches *b, int step, bool *end, ay_err *err)
{
    bool feed = time_to_feed(b);
    double sum = 0;
    ay_status status;

    draw_rows(b);
    km_nearest(b->c, b->rows, b->norms, b->batch, b->d->threads, b->labels, b->distances);
    for (size_t i = 0; i < b->batch; i++)
        sum += b->distances[i];
    move_centres(b);
    status = feed ? feed_starved(b, err) : AY_OK;
    km_centres_pack(b->c, b->d->options->spherical);
    *end = settled(b, step, sum / (double)b->batch);
    return status;
}

ay_status km_batch(const km_data *d, km_centres *c, uint64_t stream, km_result *out, ay_err *err)
{
    double most = d->options->most ? d->options->most : MOST_PASSES;
    batches b;
    ay_status status = open_batches(&b, d, c, stream, err);

    *out = (km_result){0};
    km_centres_pack(c, d->options->spherical);
    while (status == AY_OK && !out->converged && out->rounds * (double)b.batch < most * (double)d->rows->n) {
        status = one_step(&b, out->rounds, &out->converged, err);
        out->rounds++;
        if (d->options->progress &&
            !d->options->progress(d->options->ctx, out->rounds * (double)b.batch / (most * (double)d->rows->n)))
            status = ay_fail(err, AY_ECANCELLED, "k-means was stopped");
    }
    close_batches(&b);
    return status;
}
