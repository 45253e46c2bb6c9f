/* index/kmeans_lloyd.c - Lloyd's rounds, leaving alone every row whose nearest centre cannot have changed.
 *
 * Each row keeps an upper bound of the distance to its own centre, and for each of a few blocks of centres a lower bound of
 * the distance to the nearest other one in it.  When centres move, bounds are widened by the moves; while the upper one is
 * below all lower ones, the row stays.  Else the distance to the own centre is computed, and only blocks that
 * could hold a nearer one are scored, gathered rows at a time (Ding et al., "Yinyang k-means", ICML 2015; triangle
 * inequality: Elkan, ICML 2003).  Centres are ordered once so that neighbours share a block, which keeps the bounds tight.
 *
 * Rounding: a squared distance from values is off by some 1e-6 of the squared lengths, so upper bounds are raised and lower
 * ones lowered by ROUNDING of them: a row may be examined without need, never left alone wrongly.
 *
 * Sums of a centre's rows are kept in double and changed by the rows that moved, each thread owning a run of dimensions:
 * so their order, and with it every bit, does not depend on the number of threads. */
#include "base/mem.h"
#include "base/thread.h"
#include "index/kmeans_parts.h"

#include <math.h>
#include <string.h>

enum { MOST_BLOCKS = 16, MOST_ROUNDS = 100 };
#define ROUNDING 5e-6f
#define NOBODY UINT32_MAX

typedef struct {
    const km_data *d;
    km_centres *c;
    uint32_t *labels, *was; /* n */
    float *upper;           /* n */
    float *lower;           /* n x blocks */
    float *old;             /* k x dim: centres of the last round */
    float *moved;           /* k */
    double *sums;           /* k x dim */
    size_t *counts;         /* k */
    size_t *changed;        /* rows whose label changed, ascending */
    size_t nchanged;
    int blocks, groups_per_block;
    float block_moved[MOST_BLOCKS];
    float most_norm; /* of a centre */
    bool fresh;      /* no bounds yet */
} lloyd;

/* A thread's room for KM_BLOCK rows. */
typedef struct {
    _Alignas(64) float score[KM_BLOCK * KM_LANES];
    float best[MOST_BLOCKS][KM_BLOCK], second[MOST_BLOCKS][KM_BLOCK];
    uint32_t at[MOST_BLOCKS][KM_BLOCK];
    float own[KM_BLOCK];                 /* value of the own centre */
    uint16_t need[KM_BLOCK];             /* bit b: block b has to be scored for this row */
    uint16_t list[KM_BLOCK], active[KM_BLOCK];
    int nactive;
    float rows[]; /* KM_BLOCK x dim, gathered */
} room;

static float above_distance(const lloyd *l, float norm, float value)
{
    return sqrtf(fmaxf(0, norm - 2 * value) + ROUNDING * (norm + l->most_norm));
}

static float below_distance(const lloyd *l, float norm, float value)
{
    return sqrtf(fmaxf(0, norm - 2 * value - ROUNDING * (norm + l->most_norm)));
}

static int block_of(const lloyd *l, uint32_t centre)
{
    return (int)(centre / KM_LANES) / l->groups_per_block;
}

/* Which rows of the block, and which blocks of centres for them, must be looked at? */
static void sift(lloyd *l, room *r, size_t first, size_t count)
{
    const km_centres *c = l->c;
    size_t dim = (size_t)c->dim;

    r->nactive = 0;
    for (size_t i = 0; i < count; i++) {
        size_t row = first + i;
        float *lower = l->lower + row * (size_t)l->blocks, least = INFINITY;
        uint32_t own = l->labels[row];
        r->need[i] = (uint16_t)((1u << l->blocks) - 1);
        if (!l->fresh) {
            l->upper[row] += l->moved[own];
            for (int b = 0; b < l->blocks; b++) {
                lower[b] -= l->block_moved[b];
                least = fminf(least, lower[b]);
            }
            if (l->upper[row] < least)
                continue;
            c->kernel->one(l->d->rows->rows + row * dim, 1, c->dim, c->centres + own * dim, &r->own[i]);
            r->own[i] -= c->half[own];
            l->upper[row] = above_distance(l, l->d->norms[row], r->own[i]);
            r->need[i] = 0;
            for (int b = 0; b < l->blocks; b++)
                r->need[i] |= (uint16_t)((lower[b] <= l->upper[row]) << b);
            if (!r->need[i])
                continue;
        }
        r->active[r->nactive++] = (uint16_t)i;
    }
}

/* Score the rows that need block b against its centres. */
static void score_block(const lloyd *l, room *r, size_t first, int b)
{
    const km_centres *c = l->c;
    size_t dim = (size_t)c->dim, n = 0;
    float best[KM_BLOCK], second[KM_BLOCK];
    uint32_t at[KM_BLOCK];

    for (int a = 0; a < r->nactive; a++)
        if (r->need[r->active[a]] >> b & 1)
            r->list[n++] = r->active[a];
    for (size_t i = 0; i < n && !l->fresh; i++)
        memcpy(r->rows + i * dim, l->d->rows->rows + (first + r->list[i]) * dim, dim * sizeof *r->rows);
    for (int g = 0; n && g < l->groups_per_block && b * l->groups_per_block + g < c->groups; g++) {
        km_two(c, l->fresh ? l->d->rows->rows + first * dim : r->rows, n, b * l->groups_per_block + g,
               r->score, best, second, at);
        for (size_t i = 0; i < n; i++) {
            size_t row = r->list[i];
            float *top = &r->best[b][row], *next = &r->second[b][row];
            if (g == 0 || best[i] > *top) {
                *next = g == 0 ? second[i] : fmaxf(*top, second[i]);
                *top = best[i];
                r->at[b][row] = at[i];
            } else {
                *next = fmaxf(*next, best[i]);
            }
        }
    }
}

/* From the scores to a label and new bounds. */
static void settle(lloyd *l, room *r, size_t first, size_t i)
{
    size_t row = first + i;
    float norm = l->d->norms[row], *lower = l->lower + row * (size_t)l->blocks, top = -INFINITY;
    uint32_t own = l->labels[row], chosen = own;
    bool own_scored = l->fresh || r->need[i] >> block_of(l, own) & 1;

    if (!own_scored)
        top = r->own[i];
    for (int b = 0; b < l->blocks; b++)
        if ((r->need[i] >> b & 1) && r->best[b][i] > top) {
            top = r->best[b][i];
            chosen = r->at[b][i];
        }
    for (int b = 0; b < l->blocks; b++)
        if (r->need[i] >> b & 1)
            lower[b] = below_distance(l, norm, r->at[b][i] == chosen ? r->second[b][i] : r->best[b][i]);
    if (!own_scored && chosen != own)
        lower[block_of(l, own)] =
            fminf(lower[block_of(l, own)], below_distance(l, norm, r->own[i]));
    l->upper[row] = above_distance(l, norm, top);
    l->labels[row] = chosen;
}

typedef struct {
    lloyd *l;
    room *rooms;
    size_t room_size;
} assign_work;

static void assign_part(void *ctx, int part, int parts)
{
    assign_work *w = ctx;
    lloyd *l = w->l;
    room *r = (room *)((char *)w->rooms + (size_t)part * w->room_size);
    size_t n = l->d->rows->n, from = n / (size_t)parts * (size_t)part;
    size_t to = part + 1 == parts ? n : n / (size_t)parts * (size_t)(part + 1);

    for (size_t first = from; first < to; first += KM_BLOCK) {
        sift(l, r, first, to - first < KM_BLOCK ? to - first : KM_BLOCK);
        for (int b = 0; r->nactive && b < l->blocks; b++)
            score_block(l, r, first, b);
        for (int a = 0; a < r->nactive; a++)
            settle(l, r, first, r->active[a]);
    }
}

static ay_status assign(lloyd *l, ay_err *err)
{
    size_t dim = (size_t)l->c->dim, size = sizeof(room) + KM_BLOCK * dim * sizeof(float);
    int threads = km_threads((double)l->d->rows->n * l->c->dim * (l->fresh ? l->c->k : KM_LANES), l->d->threads);
    assign_work w = {l, NULL, (size + 63) / 64 * 64};

    w.rooms = ay_aligned_alloc(64, w.room_size * (size_t)threads);
    if (!w.rooms)
        return ay_fail(err, AY_ENOMEM, "room to assign rows to centres");
    memcpy(l->was, l->labels, l->d->rows->n * sizeof *l->was);
    ay_thread_share("k-means", threads, assign_part, &w);
    ay_free(w.rooms);
    l->nchanged = 0;
    for (size_t i = 0; i < l->d->rows->n; i++) {
        if (l->fresh)
            l->was[i] = NOBODY;
        if (l->was[i] != l->labels[i])
            l->changed[l->nchanged++] = i;
    }
    l->fresh = false;
    return AY_OK;
}

static void sums_part(void *ctx, int part, int parts)
{
    lloyd *l = ctx;
    size_t dim = (size_t)l->c->dim, from = dim / (size_t)parts * (size_t)part;
    size_t to = part + 1 == parts ? dim : dim / (size_t)parts * (size_t)(part + 1);

    for (size_t i = 0; i < l->nchanged; i++) {
        size_t row = l->changed[i];
        const float *x = l->d->rows->rows + row * dim;
        double *now = l->sums + l->labels[row] * dim;
        for (size_t d = from; d < to; d++)
            now[d] += x[d];
        if (l->was[row] == NOBODY)
            continue;
        now = l->sums + l->was[row] * dim;
        for (size_t d = from; d < to; d++)
            now[d] -= x[d];
    }
}

static void count_changes(lloyd *l)
{
    for (size_t i = 0; i < l->nchanged; i++) {
        size_t row = l->changed[i];
        l->counts[l->labels[row]]++;
        if (l->was[row] != NOBODY)
            l->counts[l->was[row]]--;
    }
}

static void take_changes(lloyd *l)
{
    count_changes(l);
    ay_thread_share("k-means", km_threads((double)l->nchanged * l->c->dim, l->d->threads), sums_part, l);
}

/* A centre that lost its last row takes the row that is worst off where it is (of a group of at least two). */
static void feed_empty(lloyd *l)
{
    for (uint32_t k = 0; k < (uint32_t)l->c->k; k++) {
        size_t worst = SIZE_MAX;
        if (l->counts[k])
            continue;
        for (size_t i = 0; i < l->d->rows->n; i++)
            if (l->counts[l->labels[i]] > 1 && (worst == SIZE_MAX || l->upper[i] > l->upper[worst]))
                worst = i;
        if (worst == SIZE_MAX)
            return;
        l->was[worst] = l->labels[worst];
        l->labels[worst] = k;
        l->changed[0] = worst;
        l->nchanged = 1;
        take_changes(l);
        l->upper[worst] = 0; /* it is the centre now */
        for (int b = 0; b < l->blocks; b++)
            l->lower[worst * (size_t)l->blocks + (size_t)b] = 0;
    }
}

/* Centres to the means of their rows; how far each went.  Answers the sum of the squared ways. */
static double move_centres(lloyd *l)
{
    km_centres *c = l->c;
    size_t dim = (size_t)c->dim;
    double total = 0;

    memcpy(l->old, c->centres, (size_t)c->k * dim * sizeof *l->old);
    for (size_t k = 0; k < (size_t)c->k; k++)
        for (size_t d = 0; l->counts[k] && d < dim; d++)
            c->centres[k * dim + d] = (float)(l->sums[k * dim + d] / (double)l->counts[k]);
    km_centres_pack(c, l->d->options->spherical);
    memset(l->block_moved, 0, sizeof l->block_moved);
    for (size_t k = 0; k < (size_t)c->k; k++) {
        double way = 0;
        float *most = &l->block_moved[block_of(l, (uint32_t)k)];
        for (size_t d = 0; d < dim; d++) {
            double step = (double)c->centres[k * dim + d] - l->old[k * dim + d];
            way += step * step;
        }
        total += way;
        l->moved[k] = (float)(sqrt(way) * (1 + 1e-6));
        *most = fmaxf(*most, l->moved[k]);
        l->most_norm = fmaxf(l->most_norm, c->norms[k]);
    }
    return total;
}

/* The mean over dimensions of the rows' variance. */
static double mean_variance(const km_data *d)
{
    size_t n = d->rows->n, dim = (size_t)d->rows->dim;
    double *sum = ay_calloc(dim, sizeof *sum), squares = 0, means = 0;

    for (size_t i = 0; sum && i < n; i++) {
        squares += d->norms[i];
        for (size_t k = 0; k < dim; k++)
            sum[k] += d->rows->rows[i * dim + k];
    }
    for (size_t k = 0; sum && k < dim; k++)
        means += sum[k] / (double)n * (sum[k] / (double)n);
    ay_free(sum);
    return fmax(0, squares / (double)n - means) / (double)dim;
}

static void lloyd_close(lloyd *l)
{
    ay_free(l->was);
    ay_free(l->upper);
    ay_free(l->lower);
    ay_free(l->old);
    ay_free(l->moved);
    ay_free(l->sums);
    ay_free(l->counts);
    ay_free(l->changed);
}

static ay_status lloyd_open(lloyd *l, const km_data *d, km_centres *c, uint32_t *labels, ay_err *err)
{
    size_t n = d->rows->n, k = (size_t)c->k, dim = (size_t)c->dim;

    memset(l, 0, sizeof *l);
    l->d = d, l->c = c, l->labels = labels, l->fresh = true;
    l->groups_per_block = (c->groups + MOST_BLOCKS - 1) / MOST_BLOCKS;
    l->blocks = (c->groups + l->groups_per_block - 1) / l->groups_per_block;
    l->was = ay_alloc(n, sizeof *l->was);
    l->upper = ay_alloc(n, sizeof *l->upper);
    l->lower = ay_alloc(n * (size_t)l->blocks, sizeof *l->lower);
    l->old = ay_alloc(k * dim, sizeof *l->old);
    l->moved = ay_calloc(k, sizeof *l->moved);
    l->sums = ay_calloc(k * dim, sizeof *l->sums);
    l->counts = ay_calloc(k, sizeof *l->counts);
    l->changed = ay_alloc(n, sizeof *l->changed);
    if (l->was && l->upper && l->lower && l->old && l->moved && l->sums && l->counts && l->changed)
        return AY_OK;
    return ay_fail(err, AY_ENOMEM, "k-means of %zu rows", n);
}

static bool go_on(const km_data *d, double done)
{
    return !d->options->progress || d->options->progress(d->options->ctx, done);
}

ay_status km_lloyd(const km_data *d, km_centres *c, uint32_t *labels, km_result *out, ay_err *err)
{
    int most = d->options->most ? d->options->most : MOST_ROUNDS;
    double enough = d->options->tolerance > 0 ? d->options->tolerance * mean_variance(d) : -1;
    lloyd l;
    ay_status status = lloyd_open(&l, d, c, labels, err);

    *out = (km_result){0};
    memset(labels, 0, d->rows->n * sizeof *labels);
    if (status == AY_OK)
        status = km_order(c, err);
    km_centres_pack(c, d->options->spherical);
    for (int i = 0; i < c->k; i++)
        l.most_norm = fmaxf(l.most_norm, c->norms[i]);
    while (status == AY_OK && !out->converged && out->rounds < most) {
        status = assign(&l, err);
        if (status != AY_OK || (l.nchanged == 0 && out->rounds)) {
            out->converged = out->labelled = status == AY_OK;
            break;
        }
        out->rounds++;
        take_changes(&l);
        feed_empty(&l);
        out->converged = move_centres(&l) <= enough;
        if (!go_on(d, (double)out->rounds / most))
            status = ay_fail(err, AY_ECANCELLED, "k-means was stopped");
    }
    lloyd_close(&l);
    return status;
}
