/* index/kmeans_seed.c - greedy k-means++ (Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007).
 *
 * Each next centre is drawn with a probability proportional to the squared distance to the centres so far; of
 * 2 + floor(ln k) draws the one that lowers the sum of those distances most is taken.  On a random part of the rows: all
 * rows would cost more than the rounds that follow, and move their result less than the seed does. */
#include "base/mem.h"
#include "base/rng.h"
#include "index/kmeans_parts.h"

#include <math.h>
#include <string.h>

enum { SAMPLE_LEAST = 3072, SAMPLE_PER_CENTRE = 32, MOST_TRIALS = 16 };

typedef struct {
    ay_rows rows;    /* the part, packed */
    float *own;      /* its numbers */
    float *norms, *closest, *scores, *candidates;
    double potential; /* sum of closest */
    ay_rng rng;
} seeding;

static void seeding_close(seeding *s)
{
    ay_free(s->own);
    ay_free(s->norms);
    ay_free(s->closest);
    ay_free(s->scores);
    ay_free(s->candidates);
}

/* m different rows, in ascending order (Knuth's selection sampling). */
static ay_status seeding_open(seeding *s, const km_data *d, int k, uint64_t stream, ay_err *err)
{
    size_t n = d->rows->n, dim = (size_t)d->rows->dim, m = (size_t)k * SAMPLE_PER_CENTRE, got = 0;

    m = m < SAMPLE_LEAST ? SAMPLE_LEAST : m;
    m = m < n ? m : n;
    memset(s, 0, sizeof *s);
    ay_rng_init3(&s->rng, d->options->seed, stream, 1);
    s->own = ay_alloc(m * dim, sizeof *s->own);
    s->norms = ay_alloc(m, sizeof *s->norms);
    s->closest = ay_alloc(m, sizeof *s->closest);
    s->scores = ay_alloc(m * MOST_TRIALS, sizeof *s->scores);
    s->candidates = ay_alloc(MOST_TRIALS * dim, sizeof *s->candidates);
    if (!s->own || !s->norms || !s->closest || !s->scores || !s->candidates)
        return ay_fail(err, AY_ENOMEM, "%zu rows to choose centres from", m);
    for (size_t i = 0; i < n && got < m; i++) {
        if (ay_rng_unit(&s->rng) * (double)(n - i) >= (double)(m - got))
            continue;
        memcpy(s->own + got * dim, d->rows->rows + i * dim, dim * sizeof *s->own);
        s->norms[got++] = d->norms[i];
    }
    s->rows = (ay_rows){s->own, got, d->rows->dim};
    return AY_OK;
}

/* The first row at which the running sum of closest passes a share of the whole. */
static size_t draw(seeding *s)
{
    double at = ay_rng_unit(&s->rng) * s->potential, sum = 0;

    for (size_t i = 0; i < s->rows.n; i++) {
        sum += s->closest[i];
        if (sum > at)
            return i;
    }
    return s->potential > 0 ? s->rows.n - 1 : ay_rng_below(&s->rng, (uint32_t)s->rows.n);
}

static float squared(const seeding *s, const float *score, size_t i, size_t picked)
{
    float d = s->norms[i] + s->norms[picked] - 2 * score[i];

    return d > 0 ? d : 0;
}

/* The sum of closest if this row became a centre. */
static double potential_with(const seeding *s, const float *score, size_t picked)
{
    double sum = 0;

    for (size_t i = 0; i < s->rows.n; i++)
        sum += fminf(s->closest[i], squared(s, score, i, picked));
    return sum;
}

/* Choose among `trials` draws; the row chosen is written to dst. */
static ay_status next_centre(seeding *s, int trials, int threads, float *dst, ay_err *err)
{
    size_t picked[MOST_TRIALS], dim = (size_t)s->rows.dim;
    double least = 0;
    int best = 0;
    ay_status status;

    for (int t = 0; t < trials; t++) {
        picked[t] = draw(s);
        memcpy(s->candidates + (size_t)t * dim, s->own + picked[t] * dim, dim * sizeof *dst);
    }
    status = ay_search_scores(&s->rows, s->candidates, trials, threads, s->scores, err);
    for (int t = 0; status == AY_OK && t < trials; t++) {
        double p = potential_with(s, s->scores + (size_t)t * s->rows.n, picked[t]);
        if (t == 0 || p < least) {
            least = p;
            best = t;
        }
    }
    for (size_t i = 0; status == AY_OK && i < s->rows.n; i++)
        s->closest[i] = fminf(s->closest[i], squared(s, s->scores + (size_t)best * s->rows.n, i, picked[best]));
    s->potential = least;
    memcpy(dst, s->own + picked[best] * dim, dim * sizeof *dst);
    return status;
}

ay_status km_seed(const km_data *d, km_centres *c, uint64_t stream, ay_err *err)
{
    seeding s;
    ay_status status = seeding_open(&s, d, c->k, stream, err);
    int trials = 2 + (int)log(c->k);

    for (size_t i = 0; status == AY_OK && i < s.rows.n; i++)
        s.closest[i] = INFINITY;
    s.potential = 0; /* the first is any row */
    for (int i = 0; status == AY_OK && i < c->k; i++)
        status = next_centre(&s, i == 0 ? 1 : trials < MOST_TRIALS ? trials : MOST_TRIALS, d->threads,
                             c->centres + (size_t)i * (size_t)c->dim, err);
    seeding_close(&s);
    return status;
}
