/* service/words/expand_limits.c - arithmetic: how often a language model is asked, when not at all, and which of its
 * suggestions belong together. */
#include "service/words/expand_parts.h"

#include "base/mem.h"

enum { OPEN_S = 30, OPEN_MOST_S = 600 };
#define HOUR_NS (3600 * AY_SECOND_NS)

/* ---- budget */

ay_status ay_expand_budget_init(ay_expand_budget *b, int most, ay_err *err)
{
    *b = (ay_expand_budget){.at = ay_calloc((size_t)most, sizeof *b->at), .most = most};
    return b->at ? AY_OK : ay_fail(err, AY_ENOMEM, "a budget of %d", most);
}

void ay_expand_budget_fini(ay_expand_budget *b)
{
    ay_free(b->at);
    *b = (ay_expand_budget){0};
}

uint64_t ay_expand_budget_wait(const ay_expand_budget *b, uint64_t now)
{
    uint64_t free_at;

    if (b->n < b->most)
        return 0;
    free_at = b->at[b->next] + HOUR_NS; /* a full ring's next is its oldest */
    return free_at > now ? free_at - now : 0;
}

void ay_expand_budget_spend(ay_expand_budget *b, uint64_t now)
{
    b->at[b->next] = now;
    b->next = (b->next + 1) % b->most;
    b->n += b->n < b->most;
}

/* ---- breaker */

bool ay_expand_breaker_admit(ay_expand_breaker *b, uint64_t now)
{
    if (b->opened == 0)
        return true;
    if (now < b->until || b->probing)
        return false;
    b->probing = true;
    return true;
}

void ay_expand_breaker_won(ay_expand_breaker *b)
{
    *b = (ay_expand_breaker){0};
}

void ay_expand_breaker_lost(ay_expand_breaker *b, uint64_t now, bool at_once, int least_s)
{
    int open_s = OPEN_S;

    b->failures++;
    if (b->opened && !b->probing && now < b->until)
        return; /* asked before it opened: nothing new */
    if (!b->probing && !at_once && b->failures < AY_EXPAND_FAILURES)
        return;
    for (int i = 0; i < b->opened && open_s < OPEN_MOST_S; i++)
        open_s *= 2;
    open_s = open_s < OPEN_MOST_S ? open_s : OPEN_MOST_S;
    open_s = open_s > least_s ? open_s : least_s;
    b->until = now + (uint64_t)open_s * AY_SECOND_NS;
    b->opened++;
    b->probing = false;
}

int ay_expand_breaker_wait(const ay_expand_breaker *b, uint64_t now)
{
    return b->opened && b->until > now ? (int)((b->until - now + AY_SECOND_NS - 1) / AY_SECOND_NS) : 0;
}

/* ---- clusters */

int ay_expand_cluster(const float *v, int n, int dim, double alike, int *of)
{
    int clusters = 0;

    for (int i = 0; i < n; i++) {
        const float *x = v + (size_t)i * (size_t)dim;
        double best = -2;
        int at = -1;
        for (int j = 0, seen = 0; j < i && seen < clusters; j++) {
            double sum = 0;
            if (of[j] != seen)
                continue; /* only a cluster's first is compared with */
            seen++;
            for (int d = 0; d < dim; d++)
                sum += (double)x[d] * (double)v[(size_t)j * (size_t)dim + (size_t)d];
            if (sum > best) {
                best = sum;
                at = of[j];
            }
        }
        of[i] = at >= 0 && best >= alike ? at : clusters++;
    }
    return clusters;
}
