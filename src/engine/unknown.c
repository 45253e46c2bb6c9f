/* engine/unknown.c - scoring one picture, and what fits all of it together.
 *
 * Mahalanobis and k-NN look at features of unit length.  On raw features the length, which follows
 * contrast and sharpness, drowns the direction: with e-waste known and steel unknown, raw features
 * reach 0.80 AUROC and unit ones 1.00 (ResNet18, bench/unknown.md).
 *
 * The combined score is the mean of energy, mahalanobis and knn, each counted in standard deviations
 * from what known pictures have.  The three fail differently: energy knows the decision boundary
 * but is blind far away from it (0.30 AUROC with steel known, e-waste unknown: the logits of strange
 * pictures can be large), the two distances know how far away is far.  The largest of the three
 * instead of the mean, pairs, and other neighbours than the first did no better. */
#include "engine/unknown.h"
#include "base/mem.h"
#include "engine/unknown_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const ay_unknown_kind ay_unknown_members[AY_UNKNOWN_MEMBERS] = {
    AY_UNKNOWN_ENERGY, AY_UNKNOWN_MAHALANOBIS, AY_UNKNOWN_KNN};

static const char *const kind_name[AY_UNKNOWN_KINDS] = {
    "max_softmax", "entropy", "energy", "mahalanobis", "knn", "combined", "vote"};

const char *ay_unknown_name(ay_unknown_kind kind) { return kind_name[kind]; }

bool ay_unknown_parse(const char *name, ay_unknown_kind *out)
{
    for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
        if (strcmp(name, kind_name[k]) == 0) {
            *out = (ay_unknown_kind)k;
            return true;
        }
    }
    return false;
}

ay_status ay_unknown_alloc(ay_unknown **out, int dim, int classes, int bank_rows, ay_err *err)
{
    ay_unknown *u = ay_calloc(1, sizeof *u);

    *out = NULL;
    if (u) {
        size_t d = (size_t)dim;
        u->dim = dim;
        u->classes = classes;
        u->bank_rows = bank_rows;
        u->class_mean = ay_calloc((size_t)classes * d, sizeof(float));
        u->seat = ay_calloc((size_t)classes * d, sizeof(float));
        u->whiten = ay_calloc(d * d, sizeof(float));
        u->bank = ay_calloc((size_t)bank_rows * d, sizeof(float));
    }
    if (!u || !u->class_mean || !u->seat || !u->whiten || !u->bank) {
        ay_unknown_destroy(u);
        return ay_fail(err, AY_ENOMEM, "unknown detectors for %d features: no memory", dim);
    }
    *out = u;
    return AY_OK;
}

void ay_unknown_destroy(ay_unknown *u)
{
    if (!u)
        return;
    ay_free(u->class_mean);
    ay_free(u->seat);
    ay_free(u->whiten);
    ay_free(u->bank);
    ay_free(u);
}

/* y = whiten x, whiten lower triangular. */
static void whitened(const ay_unknown *u, const double *x, double *y)
{
    for (int i = 0; i < u->dim; i++) {
        const float *row = u->whiten + (size_t)i * (size_t)u->dim;
        double sum = 0;
        for (int j = 0; j <= i; j++)
            sum += row[j] * x[j];
        y[i] = sum;
    }
}

void ay_unknown_seat(ay_unknown *u)
{
    for (int c = 0; c < u->classes; c++) {
        const float *m = u->class_mean + (size_t)c * (size_t)u->dim;
        float *seat = u->seat + (size_t)c * (size_t)u->dim;
        for (int i = 0; i < u->dim; i++) {
            const float *row = u->whiten + (size_t)i * (size_t)u->dim;
            double sum = 0;
            for (int j = 0; j <= i; j++)
                sum += (double)row[j] * m[j];
            seat[i] = (float)sum;
        }
    }
}

/* ---- scores --------------------------------------------------------------------------------- */

static bool from_logits(const ay_unknown *u, const float *z, double *score)
{
    double top = z[0], sum = 0, hot = 0, entropy = 0;

    for (int c = 0; c < u->classes; c++) {
        if (!isfinite(z[c]))
            return false;
        if (z[c] > top)
            top = z[c];
    }
    for (int c = 0; c < u->classes; c++) {
        sum += exp(z[c] - top);
        hot += exp((z[c] - top) / u->temperature);
    }
    for (int c = 0; c < u->classes; c++) {
        double p = exp((z[c] - top) / u->temperature) / hot;
        entropy -= p > 0 ? p * log(p) : 0;
    }
    score[AY_UNKNOWN_MAX_SOFTMAX] = 1 - 1 / hot;
    score[AY_UNKNOWN_ENTROPY] = entropy;
    score[AY_UNKNOWN_ENERGY] = -(top + log(sum));
    return true;
}

static double mahalanobis(const ay_unknown *u, const double *x, double *y)
{
    double best = INFINITY;

    whitened(u, x, y);
    for (int c = 0; c < u->classes; c++) {
        const float *seat = u->seat + (size_t)c * (size_t)u->dim;
        double sum = 0;
        for (int i = 0; i < u->dim; i++)
            sum += (y[i] - seat[i]) * (y[i] - seat[i]);
        best = sum < best ? sum : best;
    }
    return best;
}

/* near[k]: the largest cosines so far, descending. */
static double neighbour(const ay_unknown *u, const double *x, int skip, double *near)
{
    int found = 0, k = u->neighbours;

    for (int r = 0; r < u->bank_rows; r++) {
        const float *row = u->bank + (size_t)r * (size_t)u->dim;
        double sum = 0;
        int at;
        if (r == skip)
            continue;
        for (int i = 0; i < u->dim; i++)
            sum += row[i] * x[i];
        if (found == k && sum <= near[k - 1])
            continue;
        at = found < k ? found++ : k - 1;
        for (; at > 0 && near[at - 1] < sum; at--)
            near[at] = near[at - 1];
        near[at] = sum;
    }
    return found ? 1 - near[found - 1] : 1;
}

bool ay_unknown_raw(const ay_unknown *u, const float *logits, const float *feature, int skip,
                    double *work, double score[AY_UNKNOWN_KINDS])
{
    double length = 0, *x = work, *y = work + u->dim, *near = work + 2 * u->dim;

    for (int i = 0; i < u->dim; i++)
        length += (double)feature[i] * feature[i];
    if (!isfinite(length) || !from_logits(u, logits, score))
        return false;
    length = length > 0 ? sqrt(length) : 1;
    for (int i = 0; i < u->dim; i++)
        x[i] = feature[i] / length;
    score[AY_UNKNOWN_MAHALANOBIS] = mahalanobis(u, x, y);
    score[AY_UNKNOWN_KNN] = neighbour(u, x, skip, near);
    return true;
}

double ay_unknown_combine(const ay_unknown *u, const double score[AY_UNKNOWN_KINDS])
{
    double sum = 0;

    for (int i = 0; i < AY_UNKNOWN_MEMBERS; i++) {
        ay_unknown_kind k = ay_unknown_members[i];
        sum += (score[k] - u->mean[k]) / u->spread[k];
    }
    return sum / AY_UNKNOWN_MEMBERS;
}

static void all_unknown(ay_unknown_result *out)
{
    for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
        out->score[k] = k == AY_UNKNOWN_VOTE ? AY_UNKNOWN_COMBINED : INFINITY;
        out->says[k] = true;
    }
    out->unknown = true;
}

void ay_unknown_score(const ay_unknown *u, const float *logits, const float *feature,
                      ay_unknown_result *out)
{
    double *work = ay_calloc(2 * (size_t)u->dim + (size_t)u->neighbours, sizeof *work);
    int votes = 0;

    /* Without memory there is no evidence that the picture is known. */
    if (!work || !ay_unknown_raw(u, logits, feature, -1, work, out->score)) {
        ay_free(work);
        all_unknown(out);
        return;
    }
    ay_free(work);
    out->score[AY_UNKNOWN_COMBINED] = ay_unknown_combine(u, out->score);
    for (int k = 0; k < AY_UNKNOWN_COMBINED; k++)
        votes += out->score[k] > u->threshold[k];
    out->score[AY_UNKNOWN_VOTE] = votes;
    for (int k = 0; k < AY_UNKNOWN_KINDS; k++)
        out->says[k] = out->score[k] > u->threshold[k];
    out->unknown = out->says[u->decide];
}

ay_unknown_kind ay_unknown_decides(const ay_unknown *u) { return u->decide; }
double ay_unknown_threshold(const ay_unknown *u, ay_unknown_kind kind) { return u->threshold[kind]; }
int ay_unknown_dim(const ay_unknown *u) { return u->dim; }
int ay_unknown_classes(const ay_unknown *u) { return u->classes; }

/* ---- how good a score is -------------------------------------------------------------------- */

typedef struct {
    double score;
    int unknown;
} ranked;

static int ascending(const void *a, const void *b)
{
    double x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;

    return (x > y) - (x < y);
}

static ranked *ranking(const double *known, int64_t n, const double *unknown, int64_t m)
{
    ranked *r = n > 0 && m > 0 ? ay_calloc((size_t)(n + m), sizeof *r) : NULL;

    for (int64_t i = 0; r && i < n + m; i++)
        r[i] = (ranked){i < n ? known[i] : unknown[i - n], i >= n};
    if (r)
        qsort(r, (size_t)(n + m), sizeof *r, ascending);
    return r;
}

double ay_unknown_auroc(const double *known, int64_t n, const double *unknown, int64_t m)
{
    ranked *r = ranking(known, n, unknown, m);
    double wins = 0, below = 0;

    if (!r)
        return NAN;
    for (int64_t i = 0; i < n + m;) {
        double k = 0, u = 0;
        int64_t end = i;
        for (; end < n + m && r[end].score == r[i].score; end++) {
            u += r[end].unknown;
            k += !r[end].unknown;
        }
        wins += u * (below + k / 2);
        below += k;
        i = end;
    }
    ay_free(r);
    return wins / ((double)n * (double)m);
}

double ay_unknown_fpr95(const double *known, int64_t n, const double *unknown, int64_t m)
{
    ranked *r = ranking(known, n, unknown, m);
    int64_t found = 0, alarms = 0, i = n + m;

    if (!r)
        return NAN;
    while (i > 0 && (double)found < 0.95 * (double)m) {
        double at = r[i - 1].score;
        for (; i > 0 && r[i - 1].score == at; i--) {
            found += r[i - 1].unknown;
            alarms += !r[i - 1].unknown;
        }
    }
    ay_free(r);
    return (double)alarms / (double)n;
}
