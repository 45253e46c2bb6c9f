/* inspect/threshold_score.c - held-out pictures against golden samples, and dealt into two halves. */
#include "base/mem.h"
#include "base/rng.h"
#include "inspect/threshold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- halves ---------------------------------------------------------------------------------- */

typedef struct {
    int64_t group;    /* what stays together: a board, else an original */
    int kind;         /* of what class, and good or bad, its first picture is */
    uint64_t ticket;
    size_t row;
} dealt;

static int by_group(const void *a, const void *b)
{
    const dealt *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_ticket(const void *a, const void *b)
{
    const dealt *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->ticket != y->ticket)
        return x->ticket < y->ticket ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

/* Boards, or groups, of one kind are dealt out in turn, in an order that the seed gives: so both halves have some of each kind. */
static ay_status deal(ay_golden_scores *s, const ay_golden_set *set, uint64_t seed, ay_err *err)
{
    dealt *all = ay_alloc(s->n + 1, sizeof *all), *first = ay_alloc(s->n + 1, sizeof *first);
    size_t groups = 0, turn = 0;

    if (!all || !first) {
        ay_free(all);
        ay_free(first);
        return ay_fail(err, AY_ENOMEM, "halves of %zu pictures", s->n);
    }
    for (size_t r = 0; r < s->n; r++) {
        const ay_golden_item *i = &set->items[s->item[r]];
        all[r] = (dealt){i->board > 0 ? i->board : -1 - (int64_t)i->group, 2 * i->class + (i->label < 0), 0, r};
    }
    qsort(all, s->n, sizeof *all, by_group);
    for (size_t k = 0; k < s->n; k++) {
        ay_rng rng;
        if (k > 0 && all[k].group == all[k - 1].group)
            continue;
        ay_rng_init3(&rng, seed, 5, (uint64_t)all[k].group);
        first[groups] = all[k];
        first[groups].row = k; /* where the group begins in all */
        first[groups++].ticket = ay_rng_u64(&rng);
    }
    qsort(first, groups, sizeof *first, by_ticket);
    for (size_t g = 0; g < groups; g++) {
        size_t k = first[g].row;
        do
            s->fold[all[k].row] = turn % AY_THRESHOLD_FOLDS;
        while (++k < s->n && all[k].group == first[g].group);
        turn++; /* on over kinds, so that kinds of one group do not all fall into one half */
    }
    ay_free(all);
    ay_free(first);
    return AY_OK;
}

/* ---- scores ---------------------------------------------------------------------------------- */

static void score_row(ay_golden_scores *s, size_t row, const ay_golden_set *set, const ay_goldens *g)
{
    size_t dim = (size_t)set->dim, labels = (size_t)s->nlabels;
    const float *picture = set->vectors + s->item[row] * dim;

    for (size_t k = 0; k < labels; k++) {
        s->score[row * labels + k] = NAN;
        s->sample[row * labels + k] = -1;
    }
    for (int m = 0; m < g->n; m++) {
        size_t at = row * labels + (size_t)g->samples[m].label;
        double c = ay_golden_cosine(picture, g->vectors + (size_t)m * dim, set->dim);
        if (s->sample[at] >= 0 && !(c > s->score[at]))
            continue;
        s->score[at] = c;
        s->sample[at] = m;
    }
}

ay_status ay_golden_scores_make(ay_golden_scores *out, const ay_golden_set *set, const ay_goldens *g, uint64_t seed,
                                ay_err *err)
{
    size_t most = 0;
    ay_status status;

    *out = (ay_golden_scores){.nlabels = set->nlabels};
    for (size_t i = 0; i < set->n; i++)
        most += set->items[i].split != AY_SPLIT_TRAIN;
    out->item = ay_alloc(most + 1, sizeof *out->item);
    out->fold = ay_calloc(most + 1, sizeof *out->fold);
    out->score = ay_alloc(most * (size_t)set->nlabels + 1, sizeof *out->score);
    out->sample = ay_alloc(most * (size_t)set->nlabels + 1, sizeof *out->sample);
    if (!out->item || !out->fold || !out->score || !out->sample) {
        ay_golden_scores_fini(out);
        return ay_fail(err, AY_ENOMEM, "scores of %zu pictures against %d labels", most, set->nlabels);
    }
    for (size_t i = 0; i < set->n; i++) {
        if (set->items[i].split == AY_SPLIT_TRAIN)
            continue;
        if (ay_golden_there(set, i))
            out->item[out->n++] = i;
        else
            out->lost++;
    }
    for (size_t r = 0; r < out->n; r++)
        score_row(out, r, set, g);
    status = deal(out, set, seed, err);
    if (status != AY_OK)
        ay_golden_scores_fini(out);
    return status;
}

void ay_golden_scores_fini(ay_golden_scores *s)
{
    ay_free(s->item);
    ay_free(s->fold);
    ay_free(s->score);
    ay_free(s->sample);
    *s = (ay_golden_scores){0};
}

int ay_golden_nearest(const ay_golden_scores *s, size_t row)
{
    const double *score = s->score + row * (size_t)s->nlabels;
    int best = -1;

    for (int k = 0; k < s->nlabels; k++)
        if (!isnan(score[k]) && (best < 0 || score[k] > score[best]))
            best = k;
    return best;
}

/* ---- who must be kept out -------------------------------------------------------------------- */

const char *ay_impostor_name(ay_impostor kind)
{
    static const char *const name[AY_IMPOSTORS] = {"turned", "other", "bad"};

    return name[kind];
}

/* Does a part seen `by` quarter turns further look as before? */
static bool looks_same(const ay_golden_class *c, int by)
{
    int ways = c->ways == 1 || c->ways == 2 ? c->ways : AY_TURNS;

    return by % ways == 0;
}

static int turned(const ay_golden_class *c, int from, int to)
{
    if (from == AY_TURN_NONE || to == AY_TURN_NONE)
        return -1;
    return looks_same(c, (to - from + AY_TURNS) % AY_TURNS) ? -1 : AY_IMPOSTOR_TURNED;
}

static int of_good(const ay_golden_set *set, const ay_golden_label *l, const ay_golden_item *i)
{
    const ay_golden_class *mine, *its;

    if (i->class < 0)
        return l->class < 0 ? AY_IMPOSTOR_TURNED : AY_IMPOSTOR_OTHER;
    its = &set->classes[i->class];
    if (l->class < 0 || l->class == i->class)
        return turned(its, l->turn, set->labels[i->label].turn);
    mine = &set->classes[l->class];
    if (mine->same > 0 && mine->same == its->same)
        return turned(its, l->turn, set->labels[i->label].turn);
    return AY_IMPOSTOR_OTHER;
}

static int of_bad(const ay_golden_set *set, int label, const ay_golden_item *i)
{
    if (i->class < 0)
        return ay_golden_is_wanted(set, label) ? AY_IMPOSTOR_BAD : -1;
    if (ay_golden_wanted(set, i->class) != label)
        return -1;
    if (i->rotate)
        return looks_same(&set->classes[i->class], i->rotate / 90) ? -1 : AY_IMPOSTOR_TURNED;
    return AY_IMPOSTOR_BAD;
}

int ay_impostor_of(const ay_golden_set *set, int label, size_t at)
{
    const ay_golden_item *i = &set->items[at];
    const ay_golden_label *l = &set->labels[label];

    if (i->label == label)
        return -1;
    if (i->class >= 0 && l->class >= 0 && strcmp(set->classes[i->class].light, set->classes[l->class].light) != 0)
        return -1;
    return i->label >= 0 ? of_good(set, l, i) : of_bad(set, label, i);
}
