#include "service/words/zeroshot.h"

#include <math.h>
#include <stdlib.h>

#define LEAST 1e-12 /* of a probability under a logarithm */

static double largest(const double *v, int n, double m)
{
    for (int i = 0; i < n; i++)
        m = v[i] > m ? v[i] : m;
    return m;
}

static double sum_exp(const double *v, int n, double shift)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += exp(v[i] - shift);
    return sum;
}

static double entropy(const ay_zeroshot_item *items, int n, double sum)
{
    double h = 0;

    for (int i = 0; i < n; i++) {
        double s = items[i].score / sum;
        s = s < LEAST ? LEAST : s;
        h -= s * log(s);
    }
    return h;
}

static int best_first(const void *a, const void *b)
{
    const ay_zeroshot_item *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    if (x->logit != y->logit)
        return x->logit < y->logit ? 1 : -1;
    return x->label - y->label;
}

static void fill(const double *logits, const double *boost, int n, ay_zeroshot_item *items)
{
    double shift = largest(logits, n, logits[0]), sum = sum_exp(logits, n, shift), kept = 0;

    for (int i = 0; i < n; i++) {
        double p = exp(logits[i] - shift) / sum, b = boost ? fmax(boost[i], 0) : 1;
        items[i] = (ay_zeroshot_item){.label = i, .logit = logits[i], .p = p, .score = p * b};
        kept += items[i].score;
    }
    for (int i = 0; i < n; i++)
        items[i].score = kept > 0 ? items[i].score / kept : items[i].p;
}

void ay_zeroshot_judge(const double *logits, const double *boost, int n,
                       const ay_zeroshot_rules *rules, ay_zeroshot_item *items, ay_zeroshot *out)
{
    double sum = 0;

    *out = (ay_zeroshot){.items = items, .n = n, .top = rules->top < n ? rules->top : n};
    fill(logits, boost, n, items);
    qsort(items, (size_t)n, sizeof *items, best_first);
    for (int i = 0; i < out->top; i++)
        sum += items[i].score;
    out->entropy = entropy(items, n, 1);
    out->entropy_top = sum > 0 ? entropy(items, out->top, sum) : 0;
    if (out->top > 1)
        out->entropy_normalized = fmin(fmax(out->entropy_top / log(out->top), 0), 1);
    out->margin = n > 1 ? items[0].score - items[1].score : items[0].score;
    out->even = n > 1 && out->margin < AY_ZEROSHOT_EVEN;
    out->ambiguous = out->entropy > rules->entropy_most ||
                     out->entropy_normalized > rules->normalized_most;
}

double ay_zeroshot_share(const double *a, int na, const double *b, int nb)
{
    double shift, first;

    if (na < 1)
        return 0;
    shift = largest(b, nb, largest(a, na, a[0]));
    first = sum_exp(a, na, shift);
    return first / (first + sum_exp(b, nb, shift));
}

double ay_zeroshot_none(const double *logits, int n, const double *neutral, int nneutral)
{
    double shift, none;

    if (nneutral < 1)
        return 0;
    shift = largest(logits, n, largest(neutral, nneutral, neutral[0]));
    none = sum_exp(neutral, nneutral, shift) / nneutral;
    return none / (none + sum_exp(logits, n, shift));
}

double ay_zeroshot_none_measured(const ay_words_none *m, double largest, int n)
{
    return 1 / (1 + exp(-(m->constant + m->cosine * largest + m->log_labels * log(n > 1 ? n : 1))));
}
