#include "service/words/affinity.h"

#include <math.h>

void ay_evidence_add(ay_evidence *e, bool accepted, double age_days, const ay_affinity_rules *rules)
{
    double age = age_days > 0 ? age_days : 0; /* a clock that was set back makes nothing worth more */
    double worth = rules->half_life_days > 0 ? exp2(-age / rules->half_life_days) : 1;

    *(accepted ? &e->accepted : &e->rejected) += worth;
}

double ay_affinity_posterior(const ay_evidence *e)
{
    return (e->accepted + AY_AFFINITY_PRIOR) / (e->accepted + e->rejected + 2 * AY_AFFINITY_PRIOR);
}

double ay_affinity_weight(const ay_evidence *e, const ay_affinity_rules *rules)
{
    double lean = 2 * ay_affinity_posterior(e) - 1, size = fmin(fabs(lean), rules->cap);

    if (rules->logarithm && rules->log_scale > 0)
        size = log1p(size * rules->log_scale) / log1p(rules->log_scale);
    return copysign(size, lean);
}

void ay_affinity_relate(const double *cosines, int n, double *related)
{
    double mean = 0;

    for (int i = 0; i < n; i++)
        mean += cosines[i] / n;
    for (int i = 0; i < n; i++) {
        double r = mean < 1 - 1e-6 ? (cosines[i] - mean) / (1 - mean) : 0;
        related[i] = fmin(fmax(r, 0), 1);
    }
}

void ay_affinity_boost(const double *related, int n, double weight, const ay_affinity_rules *rules,
                       double *boost)
{
    for (int i = 0; i < n; i++)
        boost[i] = 1 + rules->alpha * weight * related[i];
}
