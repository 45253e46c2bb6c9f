#include "service/find/chance.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shares of a normal distribution below its centre by z, for two looks at the spread. */
static const struct {
    double share, z;
} looks[] = {{0.25, 0.67449}, {0.10, 1.28155}};
enum { LOOKS = sizeof looks / sizeof *looks };

#define LEAST_SPREAD 1e-6 /* equal scores; below rounding */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double quantile(const float *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t i = (size_t)at;
    double part = at - (double)i;

    return i + 1 < n ? (1 - part) * (double)sorted[i] + part * (double)sorted[i + 1] : (double)sorted[n - 1];
}

ay_status ay_background_of(const float *scores, size_t n, ay_background *out, ay_err *err)
{
    size_t m = n < AY_BACKGROUND_SAMPLE ? n : AY_BACKGROUND_SAMPLE;
    float *sample = ay_alloc(m, sizeof *sample);

    if (!sample)
        return ay_fail(err, AY_ENOMEM, "comparing %zu scores", n);
    for (size_t i = 0; i < m; i++)
        sample[i] = scores[(size_t)((double)i * (double)n / (double)m)];
    qsort(sample, m, sizeof *sample, ascending);
    out->centre = quantile(sample, m, 0.5);
    out->spread = 0;
    out->narrow = INFINITY;
    for (int i = 0; i < LOOKS; i++) {
        double below = (out->centre - quantile(sample, m, looks[i].share)) / looks[i].z;
        out->spread += below / LOOKS;
        out->narrow = fmin(out->narrow, below);
    }
    out->spread = fmax(out->spread, LEAST_SPREAD);
    out->narrow = fmax(out->narrow, LEAST_SPREAD);
    ay_free(sample);
    return AY_OK;
}

ay_status ay_standardise(float *scores, size_t n, double scale, bool narrow, ay_err *err)
{
    ay_background b;
    ay_status status = ay_background_of(scores, n, &b, err);

    if (status == AY_OK && !(scale > 0))
        scale = narrow ? b.narrow : b.spread;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        scores[i] = (float)(((double)scores[i] - b.centre) / scale);
    return status;
}

double ay_normal_tail(double z)
{
    return 0.5 * erfc(z / sqrt(2));
}

/* ---- learning */

struct ay_lessons {
    double low, high;
    size_t n; /* scores of the longest question */
    int count;
    float best[AY_CHANCE_QUESTIONS];
    uint64_t bins[AY_CHANCE_BINS], match[AY_CHANCE_BINS], matches;
};

ay_status ay_lessons_begin(ay_lessons **out, double low, double high, ay_err *err)
{
    ay_lessons *l = ay_calloc(1, sizeof *l);

    *out = l;
    if (!l)
        return ay_fail(err, AY_ENOMEM, "learning what chance does");
    l->low = low;
    l->high = high;
    return AY_OK;
}

static int bin_of(double low, double high, double s)
{
    double at = (s - low) / (high - low) * AY_CHANCE_BINS;

    return at <= 0 ? 0 : at >= AY_CHANCE_BINS ? AY_CHANCE_BINS - 1 : (int)at;
}

void ay_lessons_add(ay_lessons *l, const float *scores, const uint8_t *hidden, size_t n)
{
    float best = -INFINITY;

    if (l->count == AY_CHANCE_QUESTIONS)
        return;
    for (size_t i = 0; i < n; i++) {
        if (hidden && hidden[i] != AY_LESSON_CHANCE) {
            l->match[bin_of(l->low, l->high, (double)scores[i])] += hidden[i] == AY_LESSON_MATCH;
            l->matches += hidden[i] == AY_LESSON_MATCH;
            continue;
        }
        best = fmaxf(best, scores[i]);
        l->bins[bin_of(l->low, l->high, (double)scores[i])]++;
    }
    if (best == -INFINITY)
        return;
    l->best[l->count] = best;
    l->n = n > l->n ? n : l->n;
    l->count++;
}

int ay_lessons_count(const ay_lessons *l)
{
    return l->count;
}

void ay_lessons_drop(ay_lessons *l)
{
    ay_free(l);
}

/* The best of all questions, sorted. */
static void sort_best(const ay_lessons *l, float *out)
{
    memcpy(out, l->best, (size_t)l->count * sizeof *out);
    qsort(out, (size_t)l->count, sizeof *out, ascending);
}

/* A Gumbel distribution through the 10 % and the 50 % of what is seen: the score that AY_CHANCE_ALARM of
 * such maxima exceed. */
static double drawn_out(const float *sorted, int n)
{
    double y1 = -log(-log(0.1)), y5 = -log(-log(0.5));
    double s1 = quantile(sorted, (size_t)n, 0.1), s5 = quantile(sorted, (size_t)n, 0.5);
    double scale = (s5 - s1) / (y5 - y1);

    return s5 + scale * (-log(-log1p(-AY_CHANCE_ALARM)) - y5);
}

/* The mean number at or above each bin's lower end. */
static void count_expected(const ay_lessons *l, float *expected)
{
    double sum = 0;

    for (int b = AY_CHANCE_BINS - 1; b >= 0; b--) {
        sum += (double)l->bins[b];
        expected[b] = (float)(sum / l->count);
    }
}

/* The score that AY_CHANCE_FLOOR of the matches are below. */
static double floor_of_matches(const ay_lessons *l)
{
    uint64_t below = 0;
    int b = 0;

    if (l->matches == 0)
        return l->low;
    while (b < AY_CHANCE_BINS && (double)(below + l->match[b]) <= AY_CHANCE_FLOOR * (double)l->matches)
        below += l->match[b++];
    return l->low + (l->high - l->low) * b / AY_CHANCE_BINS;
}

ay_status ay_lessons_end(ay_lessons *l, bool clean, ay_chance *out, ay_err *err)
{
    float sorted[AY_CHANCE_QUESTIONS];

    *out = (ay_chance){.n = l->n, .learnt = true, .low = l->low, .high = l->high, .floor = floor_of_matches(l)};
    out->expected = ay_alloc(AY_CHANCE_BINS, sizeof *out->expected);
    if (!out->expected) {
        ay_lessons_drop(l);
        return ay_fail(err, AY_ENOMEM, "learning what chance does");
    }
    sort_best(l, sorted);
    out->gate = clean ? quantile(sorted, (size_t)l->count, 1 - AY_CHANCE_ALARM) : drawn_out(sorted, l->count);
    out->gate = fmax(out->gate, out->floor);
    count_expected(l, out->expected);
    ay_lessons_drop(l);
    return AY_OK;
}

void ay_lessons_end_known(ay_lessons *l, ay_chance *out)
{
    float sorted[AY_CHANCE_QUESTIONS];

    *out = (ay_chance){.n = l->n, .learnt = true, .low = l->low, .high = l->high, .floor = l->low};
    sort_best(l, sorted);
    out->gate = quantile(sorted, (size_t)l->count, AY_CHANCE_ALARM);
    ay_lessons_drop(l);
}

void ay_chance_normal(ay_chance *out, const ay_background *b, size_t n)
{
    *out = (ay_chance){.n = n, .centre = b->centre, .spread = b->spread, .floor = -INFINITY};
}

void ay_chance_fini(ay_chance *c)
{
    ay_free(c->expected);
    ay_free(c->usual);
    *c = (ay_chance){0};
}

/* ---- asking */

double ay_chance_expected(const ay_chance *c, double s, size_t n)
{
    if (!c->learnt)
        return (double)n * ay_normal_tail((s - c->centre) / c->spread);
    if (!c->expected)
        return s < c->gate ? (double)n : 0;
    return (double)c->expected[bin_of(c->low, c->high, s)] * (double)n / (double)(c->n ? c->n : 1);
}

/* With normal chances: the z that the best of n exceeds in AY_CHANCE_ALARM of all questions. */
static double normal_gate(size_t n)
{
    double low = 0, high = 40;

    for (int i = 0; i < 60; i++) {
        double z = (low + high) / 2;
        if ((double)n * ay_normal_tail(z) > AY_CHANCE_ALARM)
            low = z;
        else
            high = z;
    }
    return high;
}

static int descending(const void *a, const void *b)
{
    return ascending(b, a);
}

/* The included scores of `from` or more, best first; count in *m. */
static float *best_of(const float *scores, const uint8_t *include, size_t n, double from, size_t *m)
{
    float *list;

    *m = 0;
    for (size_t i = 0; i < n; i++)
        *m += (!include || include[i]) && (double)scores[i] >= from;
    list = ay_alloc(*m + 1, sizeof *list);
    if (!list)
        return NULL;
    *m = 0;
    for (size_t i = 0; i < n; i++)
        if ((!include || include[i]) && (double)scores[i] >= from)
            list[(*m)++] = scores[i];
    qsort(list, *m, sizeof *list, descending);
    return list;
}

/* The lowest score that can be in an answer of n pictures: where what is expected by chance passes
 * AY_CHANCE_WRONG of them all. */
static double floor_of(const ay_chance *c, size_t n)
{
    double low = c->learnt ? c->low : c->centre - 8 * c->spread, high = c->learnt ? c->high : c->centre + 40 * c->spread;

    for (int i = 0; i < 40; i++) {
        double s = (low + high) / 2;
        if (ay_chance_expected(c, s, n) > AY_CHANCE_WRONG * (double)n)
            low = s;
        else
            high = s;
    }
    return high;
}

ay_status ay_chance_cut(const ay_chance *c, const float *scores, const uint8_t *include, size_t n,
                        double *least, bool *passed, ay_err *err)
{
    size_t m, all = 0, kept;
    double gate;
    float *best;

    for (size_t i = 0; i < n; i++)
        all += !include || include[i];
    gate = c->learnt ? c->gate : c->centre + c->spread * normal_gate(all);
    best = best_of(scores, include, n, fmin(gate, floor_of(c, all)), &m);
    if (!best)
        return ay_fail(err, AY_ENOMEM, "ordering %zu pictures", n);
    kept = m > 0 && (double)best[0] >= gate;
    *passed = kept > 0;
    for (size_t i = kept; kept > 0 && i < m && (double)best[i] >= c->floor; i++)
        if ((double)best[i] >= gate ||
            ay_chance_expected(c, (double)best[i], all) <= AY_CHANCE_WRONG * (double)(i + 1))
            kept = i + 1;
    *least = *passed ? fmin(gate, (double)best[kept - 1]) : gate;
    ay_free(best);
    return AY_OK;
}
