#include "service/chance.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int ay_chance_ranks[AY_CHANCE_GATES] = {1, 4, 16, 64};
enum { DEEPEST = 64 };

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

ay_status ay_standardise(float *scores, size_t n, bool narrow, ay_err *err)
{
    ay_background b;
    ay_status status = ay_background_of(scores, n, &b, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        scores[i] = (float)(((double)scores[i] - b.centre) / (narrow ? b.narrow : b.spread));
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
    float best[AY_CHANCE_QUESTIONS][AY_CHANCE_GATES];
    uint32_t *bins; /* AY_CHANCE_QUESTIONS * AY_CHANCE_BINS */
    uint64_t match[AY_CHANCE_BINS], matches;
};

ay_status ay_lessons_begin(ay_lessons **out, double low, double high, ay_err *err)
{
    ay_lessons *l = ay_calloc(1, sizeof *l);

    *out = l;
    if (l)
        l->bins = ay_calloc((size_t)AY_CHANCE_QUESTIONS * AY_CHANCE_BINS, sizeof *l->bins);
    if (!l || !l->bins) {
        ay_free(l);
        *out = NULL;
        return ay_fail(err, AY_ENOMEM, "learning what chance does");
    }
    l->low = low;
    l->high = high;
    return AY_OK;
}

static int bin_of(double low, double high, double s)
{
    double at = (s - low) / (high - low) * AY_CHANCE_BINS;

    return at <= 0 ? 0 : at >= AY_CHANCE_BINS ? AY_CHANCE_BINS - 1 : (int)at;
}

/* Keep the DEEPEST largest, best first. */
static void keep(float *best, int *n, float s)
{
    int at = *n;

    if (at == DEEPEST && s <= best[at - 1])
        return;
    if (at < DEEPEST)
        ++*n;
    else
        at--;
    for (; at > 0 && best[at - 1] < s; at--)
        best[at] = best[at - 1];
    best[at] = s;
}

void ay_lessons_add(ay_lessons *l, const float *scores, const uint8_t *hidden, size_t n)
{
    float best[DEEPEST];
    uint32_t *bins = l->bins + (size_t)l->count * AY_CHANCE_BINS;
    int kept = 0;

    if (l->count == AY_CHANCE_QUESTIONS)
        return;
    for (size_t i = 0; i < n; i++) {
        if (hidden && hidden[i] != AY_LESSON_CHANCE) {
            l->match[bin_of(l->low, l->high, (double)scores[i])] += hidden[i] == AY_LESSON_MATCH;
            l->matches += hidden[i] == AY_LESSON_MATCH;
            continue;
        }
        keep(best, &kept, scores[i]);
        bins[bin_of(l->low, l->high, (double)scores[i])]++;
    }
    if (kept == 0)
        return;
    for (int g = 0; g < AY_CHANCE_GATES; g++)
        l->best[l->count][g] = best[ay_chance_ranks[g] <= kept ? ay_chance_ranks[g] - 1 : kept - 1];
    l->n = n > l->n ? n : l->n;
    l->count++;
}

int ay_lessons_count(const ay_lessons *l)
{
    return l->count;
}

void ay_lessons_drop(ay_lessons *l)
{
    if (l)
        ay_free(l->bins);
    ay_free(l);
}

/* The g-th gate's scores of all questions, sorted. */
static void column(const ay_lessons *l, int g, float *out)
{
    for (int q = 0; q < l->count; q++)
        out[q] = l->best[q][g];
    qsort(out, (size_t)l->count, sizeof *out, ascending);
}

/* A Gumbel distribution through the 10 % and the 50 % of what is seen: the score that a share of alarm of
 * such maxima exceeds. */
static double drawn_out(const float *sorted, int n, double alarm)
{
    double y1 = -log(-log(0.1)), y5 = -log(-log(0.5));
    double s1 = quantile(sorted, (size_t)n, 0.1), s5 = quantile(sorted, (size_t)n, 0.5);
    double scale = (s5 - s1) / (y5 - y1);

    return s5 + scale * (-log(-log1p(-alarm)) - y5);
}

/* The mean number at or above each bin's lower end, over the questions whose best is at most `most`. */
static void count_expected(const ay_lessons *l, double most, float *expected)
{
    double sum = 0;
    int used = 0;

    for (int q = 0; q < l->count; q++)
        used += (double)l->best[q][0] <= most;
    for (int b = AY_CHANCE_BINS - 1; b >= 0; b--) {
        for (int q = 0; q < l->count; q++)
            if ((double)l->best[q][0] <= most)
                sum += l->bins[(size_t)q * AY_CHANCE_BINS + (size_t)b];
        expected[b] = (float)(sum / used);
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
    double alarm = clean ? AY_CHANCE_ALARM : 1 - pow(1 - AY_CHANCE_ALARM, 1.0 / AY_CHANCE_GATES);
    float sorted[AY_CHANCE_QUESTIONS];
    double believed = INFINITY;

    *out = (ay_chance){.n = l->n, .gates = clean ? 1 : AY_CHANCE_GATES, .low = l->low, .high = l->high,
                        .floor = floor_of_matches(l)};
    out->expected = ay_alloc(AY_CHANCE_BINS, sizeof *out->expected);
    if (!out->expected) {
        ay_lessons_drop(l);
        return ay_fail(err, AY_ENOMEM, "learning what chance does");
    }
    for (int g = 0; g < out->gates; g++) {
        column(l, g, sorted);
        out->gate[g] = clean ? quantile(sorted, (size_t)l->count, 1 - alarm)
                             : drawn_out(sorted, l->count, alarm);
        out->gate[g] = fmax(out->gate[g], out->floor);
        if (g == 0 && !clean)
            believed = quantile(sorted, (size_t)l->count, 0.5);
    }
    count_expected(l, believed, out->expected);
    ay_lessons_drop(l);
    return AY_OK;
}

void ay_lessons_end_known(ay_lessons *l, ay_chance *out)
{
    float sorted[AY_CHANCE_QUESTIONS];

    *out = (ay_chance){.n = l->n, .gates = 1, .low = l->low, .high = l->high, .floor = l->low};
    column(l, 0, sorted);
    out->gate[0] = quantile(sorted, (size_t)l->count, AY_CHANCE_ALARM);
    ay_lessons_drop(l);
}

void ay_chance_normal(ay_chance *out, const ay_background *b, size_t n)
{
    *out = (ay_chance){.n = n, .centre = b->centre, .spread = b->spread, .floor = -INFINITY};
}

void ay_chance_fini(ay_chance *c)
{
    ay_free(c->expected);
    *c = (ay_chance){0};
}

/* ---- asking */

double ay_chance_expected(const ay_chance *c, double s, size_t n)
{
    if (c->gates == 0)
        return (double)n * ay_normal_tail((s - c->centre) / c->spread);
    if (!c->expected)
        return s < c->gate[0] ? (double)n : 0;
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
    double low = c->gates ? c->low : c->centre - 8 * c->spread, high = c->gates ? c->high : c->centre + 40 * c->spread;

    for (int i = 0; i < 40; i++) {
        double s = (low + high) / 2;
        if (ay_chance_expected(c, s, n) > AY_CHANCE_WRONG * (double)n)
            low = s;
        else
            high = s;
    }
    return high;
}

/* How many of the m best are sure to belong: those up to the first gate that is passed; 0: none is. */
static size_t passed_gate(const ay_chance *c, double first_gate, const float *best, size_t m)
{
    for (int g = 0; g < (c->gates ? c->gates : 1); g++) {
        size_t rank = (size_t)ay_chance_ranks[g];
        if (rank <= m && (double)best[rank - 1] >= (g ? c->gate[g] : first_gate))
            return rank;
    }
    return 0;
}

ay_status ay_chance_cut(const ay_chance *c, const float *scores, const uint8_t *include, size_t n,
                        double *least, bool *passed, ay_err *err)
{
    size_t m, all = 0, kept;
    double gate;
    float *best;

    for (size_t i = 0; i < n; i++)
        all += !include || include[i];
    gate = c->gates ? c->gate[0] : c->centre + c->spread * normal_gate(all);
    best = best_of(scores, include, n, fmin(gate, floor_of(c, all)), &m);
    if (!best)
        return ay_fail(err, AY_ENOMEM, "ordering %zu pictures", n);
    kept = passed_gate(c, gate, best, m);
    *passed = kept > 0;
    for (size_t i = kept; kept > 0 && i < m && (double)best[i] >= c->floor; i++)
        if ((double)best[i] >= gate ||
            ay_chance_expected(c, (double)best[i], all) <= AY_CHANCE_WRONG * (double)(i + 1))
            kept = i + 1;
    *least = *passed ? (double)best[kept - 1] : gate;
    ay_free(best);
    return AY_OK;
}
