/* service/words/expand_words.c - a classified picture's best labels go to the language model; what it suggests is
 * grouped by the encoder of words. */
#include "service/words/expand_parts.h"
#include "service/words/wordy.h"

/* Groups of texts, by their vectors; texts that the encoder cannot read are alone. */
typedef struct {
    ay_expand_texts *group;
    int n;
} groups;

static bool add(groups *g, int at, const char *text, int most, ay_arena *a)
{
    ay_expand_texts *to = &g->group[at];

    if (!to->item && !(to->item = ay_arena_alloc(a, (size_t)most * sizeof *to->item)))
        return false;
    to->item[to->n++] = text;
    g->n = at + 1 > g->n ? at + 1 : g->n;
    return true;
}

static bool group(ay_wordy *w, const ay_labels *texts, ay_arena *a, groups *g)
{
    float *v = ay_arena_alloc(a, (size_t)texts->n * (size_t)w->dim * sizeof *v);
    int *of = ay_arena_alloc(a, (size_t)texts->n * sizeof *of);
    bool good = v && of;
    ay_sifted s = {0};
    ay_err err;

    g->group = ay_arena_alloc(a, (size_t)texts->n * sizeof *g->group);
    if (!good || !g->group || ay_sift(&w->reader, texts, a, &s, &err) != AY_OK ||
        (s.read.n && w->reader.embed(w->reader.ctx, s.read.item, s.read.n, v, &err) != AY_OK))
        return false;
    ay_expand_cluster(v, s.read.n, w->dim, AY_EXPAND_ALIKE, of);
    for (int i = 0; i < s.read.n && good; i++)
        good = add(g, of[i], s.read.item[i], texts->n, a);
    for (int i = 0; i < s.unread.n && good; i++)
        good = add(g, g->n, s.unread.item[i], 1, a);
    return good;
}

void ay_service_expand_counts(const ay_service *s, uint64_t counts[AY_EXPAND_STATES])
{
    ay_expand_counts(s->words->expand, counts);
}

void ay_expand_answer(ay_service *s, const ay_word_answer *w, bool wanted, ay_arena *a, ay_expansion *out)
{
    const char *labels[AY_EXPAND_LABELS];
    const ay_zeroshot *z = &w->judged;
    ay_expand_texts *packs = &out->list[AY_PACK_SUGGESTIONS];
    groups g = {0};
    int n = 0;

    for (; n < AY_EXPAND_LABELS && n < z->n; n++)
        labels[n] = w->labels.item[z->items[n].label];
    ay_expand_ask(wanted && n > 0 ? s->words->expand : NULL, labels, n, z->entropy_normalized, z->margin, a,
                  out);
    ay_encoder_enter(s); /* after the waiting: who asks a language model holds up no change of encoders */
    if (packs->n && s->words->reads && group(s->words, &(ay_labels){.item = packs->item, .n = packs->n}, a, &g)) {
        out->clusters = g.group;
        out->nclusters = g.n;
    }
    ay_encoder_leave(s);
}
