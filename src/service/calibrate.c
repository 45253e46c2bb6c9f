/* service/calibrate.c - see calibrate.h.
 *
 * Eight temperatures cost one exponential: each is half of the one before, so its weights are the
 * squares of the former ones. */
#include "service/calibrate.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 8, BATCH = 32, FEWEST_LEFT_OUT = 64, ENOUGH = 20, FEW = 5 };
#define HOTTEST 0.384
#define WORK    4e6  /* cosines */
#define DOUBT   0.02 /* share of surprise, so that one mislabelled picture does not rule */

void ay_tally_make(const float *scores, const int *klass, const int64_t *id, size_t n, int nclasses,
                   double temperature, ay_tally *out)
{
    float top = -INFINITY;
    double sum = 0;

    memset(out, 0, (size_t)nclasses * sizeof *out);
    for (size_t i = 0; i < n; i++)
        top = fmaxf(top, scores[i]);
    for (size_t i = 0; i < n; i++) {
        ay_tally *t = &out[klass[i]];
        if (t->samples == 0 || scores[i] > t->max || (scores[i] == t->max && id[i] < id[t->best])) {
            t->max = scores[i];
            t->best = i;
        }
        t->samples++;
        t->mean += scores[i];
        t->weight += exp((scores[i] - top) / temperature);
    }
    for (int c = 0; c < nclasses; c++) {
        if (out[c].samples == 0)
            continue;
        out[c].mean /= (double)out[c].samples;
        out[c].weight /= (double)out[c].samples;
        sum += out[c].weight;
    }
    for (int c = 0; c < nclasses; c++)
        out[c].share = sum > 0 ? out[c].weight / sum : 0;
}

typedef struct {
    const ay_rows *rows;
    const int *klass;
    int nclasses;
    int64_t *count;     /* pictures in each class */
    double *weight;     /* LEVELS x nclasses */
    float *own, *other; /* nearest in the own class, and in others, of each left out */
    size_t nown, nother;
    int64_t checked, right[LEVELS];
    double likelihood[LEVELS]; /* sum of logarithms */
} bench;

/* Add one row's weight at every temperature. */
static void weigh(bench *b, int klass, double gap)
{
    double w = exp(gap / HOTTEST);

    for (int l = 0; l < LEVELS; l++, w *= w)
        b->weight[l * b->nclasses + klass] += w;
}

/* The vote with row `out` left out, at one temperature. */
static void judge(bench *b, int own, int level)
{
    const double *w = b->weight + level * b->nclasses;
    double sum = 0, best = -1, mine = 0;
    int winner = -1;

    for (int c = 0; c < b->nclasses; c++) {
        int64_t n = b->count[c] - (c == own);
        double mean = n > 0 ? w[c] / (double)n : 0;
        sum += mean;
        if (c == own)
            mine = mean;
        if (mean > best) {
            best = mean;
            winner = c;
        }
    }
    b->likelihood[level] += log((1 - DOUBT) * mine / sum + DOUBT / b->nclasses);
    b->right[level] += winner == own;
}

static void leave_out(bench *b, size_t row, const float *scores)
{
    float own = -2, other = -2, top;
    int mine = b->klass[row];

    for (size_t i = 0; i < b->rows->n; i++) {
        float *near = b->klass[i] == mine ? &own : &other;
        if (i != row && scores[i] > *near)
            *near = scores[i];
    }
    if (own > -2)
        b->own[b->nown++] = own;
    if (other > -2)
        b->other[b->nother++] = other;
    if (own <= -2 || other <= -2)
        return; /* no companion, or no other class to be mistaken for */
    top = fmaxf(own, other);
    memset(b->weight, 0, LEVELS * (size_t)b->nclasses * sizeof *b->weight);
    for (size_t i = 0; i < b->rows->n; i++)
        if (i != row)
            weigh(b, b->klass[i], (double)scores[i] - top);
    b->checked++;
    for (int l = 0; l < LEVELS; l++)
        judge(b, mine, l);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static void choose_temperature(const bench *b, ay_calibration *out)
{
    double best = -INFINITY, t = HOTTEST;

    out->checked = b->checked;
    for (int l = 0; l < LEVELS && b->checked > 0; l++, t /= 2) {
        double off = log(t / AY_TEMPERATURE), value = b->likelihood[l] - off * off / 2;
        if (value > best) {
            best = value;
            out->temperature = t;
            out->right = b->right[l];
        }
    }
}

static float usual(const bench *b)
{
    return b->own[(size_t)(AY_REFUSE_USUAL * (double)b->nown)];
}

/* Both sorted.  The share of the known below plus the share of the strangers not below is least. */
static float balance(const bench *b, const ay_refusal *refusal)
{
    size_t least = b->nown < ENOUGH ? 0 : (size_t)(refusal->least * (double)b->nown);
    size_t most = (size_t)(refusal->most * (double)b->nown), at = least, below = 0;
    double cheapest = INFINITY;
    float best, floor;

    if (b->nother == 0)
        return b->nown < ENOUGH ? b->own[0] : usual(b);
    floor = b->other[(size_t)(AY_STRANGE * (double)b->nother)];
    while (at < most && b->own[at] < floor)
        at++;
    best = b->own[at];
    if (b->nown < ENOUGH)
        return best;
    for (; at <= most; at++) {
        double cost;
        while (below < b->nother && b->other[below] < b->own[at])
            below++;
        cost = (double)at / (double)b->nown + 1 - (double)below / (double)b->nother;
        if (cost < cheapest) {
            cheapest = cost;
            best = b->own[at];
        }
    }
    return best;
}

static void choose_threshold(bench *b, const ay_refusal *refusal, ay_calibration *out)
{
    static const ay_refusal ours = {AY_REFUSE_LEAST, AY_REFUSE_MOST};

    qsort(b->own, b->nown, sizeof *b->own, by_value);
    qsort(b->other, b->nother, sizeof *b->other, by_value);
    if (b->nown >= FEW) {
        out->threshold = balance(b, refusal ? refusal : &ours);
        out->odd = usual(b);
        out->known = (int64_t)b->nown;
    } else if (b->nother > 0) {
        out->threshold = b->other[b->nother / 2];
    }
}

static ay_status leave_out_all(bench *b, size_t m, int threads, ay_err *err)
{
    size_t n = b->rows->n, dim = (size_t)b->rows->dim;
    float *queries = ay_alloc(BATCH * dim, sizeof *queries);
    float *scores = ay_alloc(BATCH * n, sizeof *scores);
    ay_status status = AY_OK;

    if (!queries || !scores)
        status = ay_fail(err, AY_ENOMEM, "weighing %zu pictures", n);
    for (size_t at = 0; at < m && status == AY_OK; at += BATCH) {
        size_t count = m - at < BATCH ? m - at : BATCH;
        for (size_t q = 0; q < count; q++)
            memcpy(queries + q * dim, b->rows->rows + (at + q) * n / m * dim,
                   dim * sizeof *queries);
        status = ay_search_scores(b->rows, queries, (int)count, threads, scores, err);
        for (size_t q = 0; q < count && status == AY_OK; q++)
            leave_out(b, (at + q) * n / m, scores + q * n);
    }
    ay_free(queries);
    ay_free(scores);
    return status;
}

ay_status ay_calibrate(const ay_rows *rows, const int *klass, int nclasses, int threads,
                       const ay_refusal *refusal, ay_calibration *out, ay_err *err)
{
    bench b = {.rows = rows, .klass = klass, .nclasses = nclasses};
    size_t n = rows->n, m = n;
    ay_status status = AY_OK;

    *out = (ay_calibration){.temperature = AY_TEMPERATURE, .threshold = -1, .odd = -1};
    if (n < 2)
        return AY_OK;
    if ((double)n * (double)n > WORK)
        m = (size_t)(WORK / (double)n);
    if (m < FEWEST_LEFT_OUT)
        m = n < FEWEST_LEFT_OUT ? n : FEWEST_LEFT_OUT;
    b.count = ay_calloc((size_t)nclasses, sizeof *b.count);
    b.weight = ay_calloc(LEVELS * (size_t)nclasses, sizeof *b.weight);
    b.own = ay_alloc(m, sizeof *b.own);
    b.other = ay_alloc(m, sizeof *b.other);
    if (!b.count || !b.weight || !b.own || !b.other)
        status = ay_fail(err, AY_ENOMEM, "weighing %zu pictures", n);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        b.count[klass[i]]++;
    if (status == AY_OK)
        status = leave_out_all(&b, m, threads, err);
    if (status == AY_OK) {
        choose_temperature(&b, out);
        choose_threshold(&b, refusal, out);
    }
    ay_free(b.count);
    ay_free(b.weight);
    ay_free(b.own);
    ay_free(b.other);
    return status;
}
