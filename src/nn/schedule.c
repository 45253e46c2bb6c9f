/* nn/schedule.c - learning rates over time.  Warm-up multiplies whatever comes after it; STEP counts
 * from the start of training, warm-up included, as PyTorch's StepLR. */
#include "nn/optim.h"

#include <math.h>

static double cosine(const ay_schedule *s, double epoch)
{
    double length = s->epochs - s->warmup;
    double t = length > 0 ? (epoch - s->warmup) / length : 1;

    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return s->end + (1 - s->end) * 0.5 * (1 + cos(3.14159265358979323846 * t));
}

double ay_schedule_at(const ay_schedule *s, double epoch, const ay_plateau *plateau)
{
    double rise = 1;

    if (epoch < s->warmup)
        rise = s->warmup_start + (1 - s->warmup_start) * epoch / s->warmup;
    switch (s->kind) {
    case AY_SCHEDULE_COSINE:
        return rise * cosine(s, epoch);
    case AY_SCHEDULE_STEP: /* a hair early, so that sums of fractions reach whole epochs */
        return rise *
               (s->step_size > 0 ? pow(s->gamma, floor(epoch / s->step_size + 1e-9)) : 1);
    case AY_SCHEDULE_PLATEAU:
        return rise * (plateau && plateau->any ? plateau->scale : 1);
    case AY_SCHEDULE_NONE:
        break;
    }
    return rise;
}

void ay_plateau_score(ay_plateau *p, const ay_schedule *s, double score)
{
    if (!p->any) {
        *p = (ay_plateau){.best = score, .scale = 1, .any = true};
        return;
    }
    if (score > p->best * (1 + 1e-4)) {
        p->best = score;
        p->bad = 0;
    } else if (++p->bad > s->patience) {
        p->scale *= s->gamma;
        p->bad = 0;
    }
}
