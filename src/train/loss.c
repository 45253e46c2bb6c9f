#include "train/loss.h"

#include <math.h>
#include <stddef.h>

/* ln sum exp of a row; raised [n] gets exp(z - largest), *sum their sum. */
static double log_sum(const float *z, int n, float *raised, double *sum)
{
    double top = z[0];

    *sum = 0;
    for (int k = 1; k < n; k++)
        top = z[k] > top ? z[k] : top;
    for (int k = 0; k < n; k++) {
        double e = exp(z[k] - top);
        *sum += e;
        if (raised)
            raised[k] = (float)e;
    }
    return top + log(*sum);
}

static double target(const ay_loss *l, int label, const float *soft, int k)
{
    double q = soft ? (double)soft[k] : (double)(k == label);

    return (1 - (double)l->smoothing) * q + (double)l->smoothing / l->classes;
}

static double row_weight(const ay_loss *l, int label, const float *soft)
{
    double w = 0;

    if (!l->weight)
        return 1;
    if (!soft)
        return (double)l->weight[label];
    for (int k = 0; k < l->classes; k++)
        w += (double)soft[k] * (double)l->weight[k];
    return w;
}

static int first_largest(const float *v, int n)
{
    int best = 0;

    for (int k = 1; k < n; k++)
        best = v[k] > v[best] ? k : best;
    return best;
}

/* One row: its weighted loss; diff gets w (p - q). */
static double one_row(const ay_loss *l, const float *z, int label, const float *soft, double w,
                      float *diff)
{
    double sum, ln = log_sum(z, l->classes, diff, &sum), loss = 0;

    for (int k = 0; k < l->classes; k++) {
        double q = target(l, label, soft, k);
        loss -= q > 0 ? q * (z[k] - ln) : 0;
        if (diff)
            diff[k] = (float)(w * ((double)diff[k] / sum - q));
    }
    return w * loss;
}

double ay_loss_cross_entropy(const ay_loss *l, const float *logits, const int *labels,
                             const float *soft, int n, float *diff, int *right)
{
    double loss = 0, total = 0;
    size_t c = (size_t)l->classes;

    if (right)
        *right = 0;
    for (int i = 0; i < n; i++) {
        const float *z = logits + (size_t)i * c, *q = soft ? soft + (size_t)i * c : NULL;
        int label = q ? first_largest(q, l->classes) : labels[i];
        double w = row_weight(l, label, q);
        loss += one_row(l, z, label, q, w, diff ? diff + (size_t)i * c : NULL);
        total += w;
        if (right)
            *right += first_largest(z, l->classes) == label;
    }
    if (!(total > 0))
        return 0;
    for (size_t i = 0; diff && i < (size_t)n * c; i++)
        diff[i] = (float)((double)diff[i] / total);
    return loss / total;
}
