#include "train/metrics.h"
#include "base/mem.h"
#include "train/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a resample needs of a picture. */
typedef struct {
    int truth, guess, bin;
    double confidence;
} seen;

typedef struct {
    double confidence;
    int wrong;
} ranked;

int ay_metrics_guess(const float *p, int classes)
{
    int best = 0;

    for (int c = 1; c < classes; c++)
        if (p[c] > p[best])
            best = c;
    return best;
}

/* Edges as b * width in floating point, which is what numpy.linspace has. */
static int bin_of(double v, int bins)
{
    int b = 0;

    while (b < bins - 1 && v > (b + 1) * (1.0 / bins))
        b++;
    return b;
}

static ay_status check_rows(const float *p, const int *labels, int64_t n, int classes, ay_err *err)
{
    if (n < 1 || classes < 1)
        return ay_fail(err, AY_EINVAL, "metrics of %lld pictures in %d classes: nothing to measure",
                       (long long)n, classes);
    for (int64_t i = 0; i < n; i++) {
        if (labels[i] < 0 || labels[i] >= classes)
            return ay_fail(err, AY_EINVAL, "metrics: picture %lld has label %d of %d classes",
                           (long long)i, labels[i], classes);
        for (int c = 0; c < classes; c++) {
            float v = p[i * classes + c];
            if (!(v >= 0 && v <= 1.001f))
                return ay_fail(err, AY_EINVAL,
                               "metrics: picture %lld has probability %g for class %d", (long long)i,
                               (double)v, c);
        }
    }
    return AY_OK;
}

/* ---- precision, recall, F1 ------------------------------------------------------------------ */

typedef struct {
    double macro_precision, macro_recall, macro_f1;
    double weighted_precision, weighted_recall, weighted_f1;
} averages;

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

/* c: confusion [classes, classes]; each may be NULL. */
static void judge_classes(const int64_t *c, int classes, ay_class_metrics *each, averages *all)
{
    double total = 0;

    memset(all, 0, sizeof *all);
    for (int k = 0; k < classes; k++) {
        ay_class_metrics m = {0};
        for (int j = 0; j < classes; j++) {
            m.support += c[(size_t)k * (size_t)classes + (size_t)j];
            m.guessed += c[(size_t)j * (size_t)classes + (size_t)k];
        }
        double hit = (double)c[(size_t)k * (size_t)classes + (size_t)k];
        m.precision = ratio(hit, (double)m.guessed);
        m.recall = ratio(hit, (double)m.support);
        m.f1 = ratio(2 * hit, (double)(m.guessed + m.support));
        all->macro_precision += m.precision / classes;
        all->macro_recall += m.recall / classes;
        all->macro_f1 += m.f1 / classes;
        all->weighted_precision += m.precision * (double)m.support;
        all->weighted_recall += m.recall * (double)m.support;
        all->weighted_f1 += m.f1 * (double)m.support;
        total += (double)m.support;
        if (each)
            each[k] = m;
    }
    all->weighted_precision = ratio(all->weighted_precision, total);
    all->weighted_recall = ratio(all->weighted_recall, total);
    all->weighted_f1 = ratio(all->weighted_f1, total);
}

/* ---- calibration ---------------------------------------------------------------------------- */

static void bins_clear(ay_metrics_bin *bin)
{
    for (int b = 0; b < AY_METRICS_BINS; b++)
        bin[b] = (ay_metrics_bin){.lo = (double)b / AY_METRICS_BINS,
                                  .hi = (double)(b + 1) / AY_METRICS_BINS};
}

static void bins_add(ay_metrics_bin *bin, const seen *s)
{
    bin[s->bin].count++;
    bin[s->bin].confidence += s->confidence;
    bin[s->bin].accuracy += s->truth == s->guess;
}

/* Sums become means; returns ECE. */
static double bins_end(ay_metrics_bin *bin, int64_t n, double *mce)
{
    double ece = 0;

    *mce = 0;
    for (int b = 0; b < AY_METRICS_BINS; b++) {
        if (!bin[b].count)
            continue;
        bin[b].confidence /= (double)bin[b].count;
        bin[b].accuracy /= (double)bin[b].count;
        double gap = fabs(bin[b].accuracy - bin[b].confidence);
        ece += gap * (double)bin[b].count / (double)n;
        *mce = gap > *mce ? gap : *mce;
    }
    return ece;
}

/* ---- risk and coverage ---------------------------------------------------------------------- */

static int surest_first(const void *a, const void *b)
{
    double x = ((const ranked *)a)->confidence, y = ((const ranked *)b)->confidence;

    return (x < y) - (x > y);
}

static ay_status risk_curve(ay_metrics *m, const seen *s, ay_err *err)
{
    ranked *r = ay_calloc((size_t)m->n, sizeof *r);
    int64_t wrong = 0;

    if (!r)
        return ay_fail(err, AY_ENOMEM, "risk curve of %lld pictures: no memory", (long long)m->n);
    for (int64_t i = 0; i < m->n; i++)
        r[i] = (ranked){s[i].confidence, s[i].truth != s[i].guess};
    qsort(r, (size_t)m->n, sizeof *r, surest_first);
    for (int64_t i = 0; i < m->n;) {
        int64_t end = i;
        while (end < m->n && r[end].confidence == r[i].confidence)
            wrong += r[end++].wrong;
        for (; i < end; i++)
            m->risk[i] = (double)wrong / (double)end;
    }
    for (int64_t i = 0; i < m->n; i++)
        m->risk_area += m->risk[i] / (double)m->n;
    ay_free(r);
    return AY_OK;
}

/* ---- intervals ------------------------------------------------------------------------------ */

typedef struct {
    const seen *s;
    int classes;
    double threshold;
    int64_t *confusion;
} resampling;

enum { FIGURE_MACRO_F1, FIGURE_WEIGHTED_F1, FIGURE_ECE, FIGURE_CONFIDENT, FIGURES };

static void figures_of(void *ctx, const int64_t *index, int64_t n, double *value)
{
    const resampling *r = ctx;
    ay_metrics_bin bin[AY_METRICS_BINS];
    averages all;
    double accepted = 0, right = 0, mce;

    memset(r->confusion, 0, (size_t)r->classes * (size_t)r->classes * sizeof *r->confusion);
    bins_clear(bin);
    for (int64_t i = 0; i < n; i++) {
        const seen *s = &r->s[index[i]];
        r->confusion[(size_t)s->truth * (size_t)r->classes + (size_t)s->guess]++;
        bins_add(bin, s);
        if (s->confidence >= r->threshold) {
            accepted++;
            right += s->truth == s->guess;
        }
    }
    judge_classes(r->confusion, r->classes, NULL, &all);
    value[FIGURE_MACRO_F1] = all.macro_f1;
    value[FIGURE_WEIGHTED_F1] = all.weighted_f1;
    value[FIGURE_ECE] = bins_end(bin, n, &mce);
    value[FIGURE_CONFIDENT] = ratio(right, accepted);
}

/* The quantile of the normal distribution that leaves (1 - level) / 2 on each side, by bisection on
 * erfc: called once. */
static double normal_two_sided(double level)
{
    double lo = 0, hi = 40;

    for (int i = 0; i < 200; i++) {
        double z = (lo + hi) / 2;
        if (erfc(z / sqrt(2)) > 1 - level)
            lo = z;
        else
            hi = z;
    }
    return lo;
}

ay_interval ay_interval_wilson(int64_t k, int64_t n, double level)
{
    double z = normal_two_sided(level), count = (double)n, p = (double)k / count;
    double middle = (p + z * z / (2 * count)) / (1 + z * z / count);
    double half = z / (1 + z * z / count) *
                  sqrt(p * (1 - p) / count + z * z / (4 * count * count));
    ay_interval out = {k > 0 ? middle - half : 0, k < n ? middle + half : 1};

    return out;
}

static ay_status intervals(ay_metrics *m, const seen *s, const ay_metrics_options *opt, ay_err *err)
{
    const ay_interval none = {NAN, NAN};
    ay_interval got[FIGURES];
    resampling r = {s, m->classes, m->threshold, NULL};

    m->accuracy_interval =
        ay_interval_wilson((int64_t)llround(m->accuracy * (double)m->n), m->n, m->level);
    m->macro_f1_interval = m->weighted_f1_interval = m->ece_interval = none;
    m->high_confidence_interval = none;
    if (opt->resamples < 0)
        return AY_OK;
    r.confusion = ay_calloc((size_t)m->classes * (size_t)m->classes, sizeof *r.confusion);
    if (!r.confusion)
        return ay_fail(err, AY_ENOMEM, "intervals over %d classes: no memory", m->classes);
    ay_status status = ay_bootstrap_run(got, FIGURES, m->n, opt->resamples ? opt->resamples : 1000,
                                        m->level, opt->seed, figures_of, &r, err);
    ay_free(r.confusion);
    if (status != AY_OK)
        return status;
    m->macro_f1_interval = got[FIGURE_MACRO_F1];
    m->weighted_f1_interval = got[FIGURE_WEIGHTED_F1];
    m->ece_interval = got[FIGURE_ECE];
    if (m->coverage > 0)
        m->high_confidence_interval = got[FIGURE_CONFIDENT];
    return AY_OK;
}

/* ---- one pass over the pictures ------------------------------------------------------------- */

/* Classes that come before label when sorted by probability, ties by index. */
static int rank_of(const float *p, int classes, int label)
{
    int before = 0;

    for (int c = 0; c < classes; c++)
        before += p[c] > p[label] || (p[c] == p[label] && c < label);
    return before;
}

static void count_rows(ay_metrics *m, const float *p, const int *labels, seen *s)
{
    double right = 0, top = 0, accepted = 0, sure = 0;

    bins_clear(m->bin);
    for (int64_t i = 0; i < m->n; i++, p += m->classes) {
        int truth = labels[i], guess = ay_metrics_guess(p, m->classes);
        double confidence = p[guess] > 1 ? 1 : p[guess], square = 0;
        s[i] = (seen){truth, guess, bin_of(confidence, AY_METRICS_BINS), confidence};
        bins_add(m->bin, &s[i]);
        m->histogram[bin_of(confidence, AY_METRICS_HISTOGRAM)]++;
        m->confusion[(size_t)truth * (size_t)m->classes + (size_t)guess]++;
        right += truth == guess;
        top += rank_of(p, m->classes, truth) < m->top_k;
        if (confidence >= m->threshold) {
            accepted++;
            sure += truth == guess;
        }
        for (int c = 0; c < m->classes; c++)
            square += ((double)p[c] - (c == truth)) * ((double)p[c] - (c == truth));
        m->brier += square / (double)m->n;
        m->log_loss -= log(fmax((double)p[truth], 1e-12)) / (double)m->n;
    }
    m->accuracy = right / (double)m->n;
    m->top_k_accuracy = top / (double)m->n;
    m->coverage = accepted / (double)m->n;
    m->rejection_rate = 1 - m->coverage;
    m->high_confidence_accuracy = ratio(sure, accepted);
    m->ece = bins_end(m->bin, m->n, &m->mce);
}

static void take_averages(ay_metrics *m)
{
    averages all;

    judge_classes(m->confusion, m->classes, m->per_class, &all);
    m->macro_precision = all.macro_precision;
    m->macro_recall = all.macro_recall;
    m->macro_f1 = all.macro_f1;
    m->weighted_precision = all.weighted_precision;
    m->weighted_recall = all.weighted_recall;
    m->weighted_f1 = all.weighted_f1;
}

ay_status ay_metrics_compute(ay_metrics *out, const float *probabilities, const int *labels,
                             int64_t n, int classes, const ay_metrics_options *opt, ay_err *err)
{
    const ay_metrics_options none = {0};
    ay_status status = check_rows(probabilities, labels, n, classes, err);
    seen *s = NULL;

    memset(out, 0, sizeof *out);
    if (status != AY_OK)
        return status;
    opt = opt ? opt : &none;
    out->n = n;
    out->classes = classes;
    out->top_k = opt->top_k > 0 ? opt->top_k : 3;
    out->top_k = out->top_k < classes ? out->top_k : classes;
    out->threshold = opt->threshold > 0 ? opt->threshold : 0.7;
    out->level = opt->level > 0 ? opt->level : 0.95;
    out->per_class = ay_calloc((size_t)classes, sizeof *out->per_class);
    out->confusion = ay_calloc((size_t)classes * (size_t)classes, sizeof *out->confusion);
    out->risk = ay_calloc((size_t)n, sizeof *out->risk);
    s = ay_calloc((size_t)n, sizeof *s);
    if (!out->per_class || !out->confusion || !out->risk || !s) {
        status = ay_fail(err, AY_ENOMEM, "metrics of %lld pictures: no memory", (long long)n);
    } else {
        count_rows(out, probabilities, labels, s);
        take_averages(out);
        status = risk_curve(out, s, err);
        if (status == AY_OK)
            status = intervals(out, s, opt, err);
    }
    ay_free(s);
    if (status != AY_OK)
        ay_metrics_fini(out);
    return status;
}

void ay_metrics_fini(ay_metrics *m)
{
    ay_free(m->per_class);
    ay_free(m->confusion);
    ay_free(m->risk);
    memset(m, 0, sizeof *m);
}
