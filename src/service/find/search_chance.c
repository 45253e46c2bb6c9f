#include "service/find/search_chance.h"

#include "base/mem.h"
#include "service/find/question.h"
#include "service/words/wordy.h"

#include <stdlib.h>
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
    uint64_t *key;       /* of pictures, what chance.usual belongs to: one for each row; owned; NULL: none */
    size_t rows;         /* of both, as the galleries were at `lined` */
    uint64_t lined;
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

static void empty(slot *k)
{
    ay_chance_fini(&k->chance);
    ay_free(k->key);
    *k = (slot){.age = 0};
}

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
        empty(&s->chances->slots[i]);
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

/* floats into the arena; NULL stays NULL. */
static bool copy_floats(float **v, size_t n, ay_arena *a)
{
    const float *from = *v;

    if (!from)
        return true;
    *v = ay_arena_alloc(a, (n + 1) * sizeof *from);
    if (*v)
        memcpy(*v, from, n * sizeof *from);
    return *v != NULL;
}

static ay_status copy(const slot *k, ay_arena *a, const ay_chance **out, ay_err *err)
{
    ay_chance *to = ay_arena_alloc(a, sizeof *to);

    *out = to;
    if (to)
        *to = k->chance;
    return to && copy_floats(&to->expected, AY_CHANCE_BINS, a) && copy_floats(&to->usual, k->rows, a)
               ? AY_OK
               : ay_fail(err, AY_ENOMEM, "searching");
}

/* ---- what is usual for a picture stays its own when rows move */

/* Sixteen digits of each picture's digest, row by row. */
static uint64_t *keys_of(ay_gallery *const *galleries, const ay_shelf *pool)
{
    uint64_t *key = ay_alloc(pool->n + 1, sizeof *key);
    char digits[17] = "";
    size_t at = 0;

    for (int b = 0; key && b < pool->blocks; b++)
        for (size_t i = 0; i < pool->block[b].n; i++) {
            memcpy(digits, galleries[b]->items[i].sha256, 16);
            key[at++] = strtoull(digits, NULL, 16);
        }
    return key;
}

typedef struct {
    uint64_t key;
    float usual;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

/* Take the rows of k over into those of the pool; a picture that came since is as pictures are in the mean. */
static ay_status line_up(slot *k, const slot *want, ay_gallery *const *galleries, const ay_shelf *pool, ay_err *err)
{
    keyed *known;
    uint64_t *key;
    float *usual;
    double sum = 0;

    if (!k->chance.usual || (k->lined == want->generation && k->rows == pool->n))
        return AY_OK;
    known = ay_alloc(k->rows + 1, sizeof *known);
    key = keys_of(galleries, pool);
    usual = ay_alloc(pool->n + 1, sizeof *usual);
    for (size_t i = 0; known && i < k->rows; sum += (double)k->chance.usual[i++])
        known[i] = (keyed){k->key[i], k->chance.usual[i]};
    if (known && key && usual) {
        qsort(known, k->rows, sizeof *known, by_key);
        for (size_t i = 0; i < pool->n; i++) {
            const keyed *f = bsearch(&(keyed){.key = key[i]}, known, k->rows, sizeof *known, by_key);
            usual[i] = f ? f->usual : (float)(sum / (double)k->rows);
        }
    }
    ay_free(known);
    if (!known || !key || !usual) {
        ay_free(key);
        ay_free(usual);
        return ay_fail(err, AY_ENOMEM, "searching");
    }
    ay_free(k->key);
    ay_free(k->chance.usual);
    k->key = key;
    k->chance.usual = usual;
    k->rows = pool->n;
    k->lined = want->generation;
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

static ay_status learn_pictures(ay_service *s, ay_gallery *const *galleries, const ay_shelf *pool, slot *out,
                                ay_err *err)
{
    int *label = labels_of(galleries, pool);
    ay_status status = AY_OK;

    out->key = keys_of(galleries, pool);
    out->rows = pool->n;
    out->lined = out->generation;
    if (!label || !out->key)
        status = ay_fail(err, AY_ENOMEM, "searching");
    else
        status = ay_chance_of_pictures(pool, label, s->threads, &out->chance, err);
    ay_free(label);
    if (status != AY_OK) {
        ay_free(out->key);
        out->key = NULL;
    }
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
        empty(k);
        status = want->words ? learn_words(s, pool, bank, &want->chance, err)
                             : learn_pictures(s, galleries, pool, want, err);
        if (status == AY_OK)
            *k = *want;
    }
    if (status == AY_OK)
        status = line_up(k, want, galleries, pool, err);
    if (status == AY_OK) {
        k->age = ++c->clock;
        status = copy(k, a, out, err);
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
