#include "service/find/search_chance.h"

#include "base/mem.h"
#include "service/find/question.h"
#include "service/words/wordy.h"

#include <string.h>

enum { SLOTS = 8, CHANGED = 64 };

typedef struct {
    bool words;
    int64_t dataset; /* 0: all of them */
    char digest[AY_SHA256_HEX];
    size_t n;            /* vectors then */
    uint64_t generation; /* of the galleries, summed, then */
    uint64_t age;        /* 0: empty */
    ay_chance chance;
} slot;

struct ay_found_chances {
    pthread_mutex_t lock;
    slot slots[SLOTS];
    uint64_t clock;
    pthread_mutex_t reading; /* guards the rest: everyday words as the encoder with that digest reads them */
    char reader[AY_SHA256_HEX];
    float *bank;
    int nbank;
};

ay_status ay_found_chances_open(ay_service *s, ay_err *err)
{
    s->chances = ay_calloc(1, sizeof *s->chances);
    if (!s->chances)
        return ay_fail(err, AY_ENOMEM, "opening %s", s->data);
    pthread_mutex_init(&s->chances->lock, NULL);
    pthread_mutex_init(&s->chances->reading, NULL);
    return AY_OK;
}

void ay_found_chances_close(ay_service *s)
{
    if (!s->chances)
        return;
    for (int i = 0; i < SLOTS; i++)
        ay_chance_fini(&s->chances->slots[i].chance);
    pthread_mutex_destroy(&s->chances->lock);
    pthread_mutex_destroy(&s->chances->reading);
    ay_free(s->chances->bank);
    ay_free(s->chances);
}

/* Galleries that are read again count from 1: less is another one. */
static bool fresh(const slot *k, const slot *want)
{
    size_t few = want->n / CHANGED;

    return k->age && k->words == want->words && k->dataset == want->dataset &&
           strcmp(k->digest, want->digest) == 0 && want->generation >= k->generation &&
           want->generation - k->generation <= few && k->n <= want->n + few && want->n <= k->n + few;
}

/* The slot with what is wanted, or the one to write it into. */
static slot *find(ay_found_chances *c, const slot *want)
{
    slot *oldest = &c->slots[0];

    for (int i = 0; i < SLOTS; i++)
        if (fresh(&c->slots[i], want))
            return &c->slots[i];
    for (int i = 0; i < SLOTS; i++) {
        slot *k = &c->slots[i];
        if (k->words == want->words && k->dataset == want->dataset && k->age)
            return k;
        if (k->age < oldest->age)
            oldest = k;
    }
    return oldest;
}

static ay_status copy(const ay_chance *from, ay_arena *a, const ay_chance **out, ay_err *err)
{
    size_t bytes = AY_CHANCE_BINS * sizeof *from->expected;
    ay_chance *to = ay_arena_alloc(a, sizeof *to);

    *out = to;
    if (!to)
        return ay_fail(err, AY_ENOMEM, "searching");
    *to = *from;
    if (!from->expected)
        return AY_OK;
    to->expected = ay_arena_alloc(a, bytes);
    if (!to->expected)
        return ay_fail(err, AY_ENOMEM, "searching");
    memcpy(to->expected, from->expected, bytes);
    return AY_OK;
}

/* Every vector's class, told apart across data sets. */
static int *labels_of(ay_gallery *const *galleries, const ay_shelf *pool)
{
    int *label = ay_alloc(pool->n + 1, sizeof *label), first = 0;
    size_t at = 0;

    for (int b = 0; label && b < pool->blocks; first += galleries[b++]->nclasses)
        for (size_t i = 0; i < pool->block[b].n; i++)
            label[at++] = first + galleries[b]->items[i].klass;
    return label;
}

static ay_status learn_pictures(ay_service *s, ay_gallery *const *galleries, const ay_shelf *pool, ay_chance *out,
                                ay_err *err)
{
    int *label = labels_of(galleries, pool);
    ay_status status = label ? ay_chance_of_pictures(pool, label, s->threads, out, err)
                             : ay_fail(err, AY_ENOMEM, "searching");

    ay_free(label);
    return status;
}

/* With reading held. */
static ay_status read_bank(ay_service *s, ay_found_chances *c, const float *neutral, ay_err *err)
{
    int n = 0, dim = s->embedder.info->dim;
    float *bank = NULL;
    ay_arena room;
    ay_status status;

    ay_arena_init(&room, 0);
    status = ay_wordy_fault(ay_question_bank(&s->words->reader, neutral, dim, &room, &bank, &n, err), err);
    if (status == AY_OK && n > 0 && !(bank = ay_memdup(bank, (size_t)n * (size_t)dim * sizeof *bank)))
        status = ay_fail(err, AY_ENOMEM, "reading everyday words");
    if (status == AY_OK) {
        ay_free(c->bank); /* of another encoder, whose users have left */
        c->bank = n > 0 ? bank : NULL;
        c->nbank = n;
        memcpy(c->reader, s->embedder.info->digest, sizeof c->reader);
    }
    ay_arena_fini(&room);
    return status;
}

ay_status ay_found_everyday_words(ay_service *s, const float *neutral, ay_found_bank *out, ay_err *err)
{
    ay_found_chances *c = s->chances;
    ay_status status = AY_OK;

    pthread_mutex_lock(&c->reading);
    if (strcmp(c->reader, s->embedder.info->digest) != 0)
        status = read_bank(s, c, neutral, err);
    *out = (ay_found_bank){c->bank, c->nbank};
    pthread_mutex_unlock(&c->reading);
    return status;
}

static ay_status learn_words(ay_service *s, const ay_shelf *pool, const ay_found_bank *bank, ay_chance *out, ay_err *err)
{
    size_t bytes = (size_t)bank->n * (size_t)pool->dim * sizeof *bank->rows;
    float *copy = ay_alloc(bytes + 1, 1);
    ay_status status;

    if (!copy)
        return ay_fail(err, AY_ENOMEM, "searching");
    if (bytes)
        memcpy(copy, bank->rows, bytes);
    status = ay_chance_of_words(pool, copy, bank->n, s->threads, out, err);
    ay_free(copy);
    return status;
}

static ay_status chance_of(ay_service *s, ay_gallery *const *galleries, slot *want, const ay_shelf *pool,
                           const ay_found_bank *bank, ay_arena *a, const ay_chance **out, ay_err *err)
{
    ay_found_chances *c = s->chances;
    ay_status status = AY_OK;
    slot *k;

    memcpy(want->digest, s->embedder.info->digest, sizeof want->digest);
    want->n = pool->n;
    for (int b = 0; b < pool->blocks; b++)
        want->generation += galleries[b]->generation;
    pthread_mutex_lock(&c->lock);
    k = find(c, want);
    if (!fresh(k, want)) {
        ay_chance_fini(&k->chance);
        k->age = 0;
        status = want->words ? learn_words(s, pool, bank, &want->chance, err)
                             : learn_pictures(s, galleries, pool, &want->chance, err);
        if (status == AY_OK)
            *k = *want;
    }
    if (status == AY_OK) {
        k->age = ++c->clock;
        status = copy(&k->chance, a, out, err);
    }
    pthread_mutex_unlock(&c->lock);
    return status;
}

ay_status ay_found_chance_of_pictures(ay_service *s, ay_gallery *const *galleries, bool all, const ay_shelf *pool,
                                      ay_arena *a, const ay_chance **out, ay_err *err)
{
    slot want = {.dataset = all ? 0 : galleries[0]->id};

    return chance_of(s, galleries, &want, pool, NULL, a, out, err);
}

ay_status ay_found_chance_of_words(ay_service *s, ay_gallery *const *galleries, bool all, const ay_shelf *pool,
                                   const ay_found_bank *bank, ay_arena *a, const ay_chance **out, ay_err *err)
{
    slot want = {.words = true, .dataset = all ? 0 : galleries[0]->id};

    return chance_of(s, galleries, &want, pool, bank, a, out, err);
}
