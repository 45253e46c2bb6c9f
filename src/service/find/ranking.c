#include "service/find/ranking.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ay_neutral_texts[] = {"a photo", "an image", "a picture", "something", "an object"};
const int ay_neutral_text_count = sizeof ay_neutral_texts / sizeof *ay_neutral_texts;

#define SAME_WORDS 0.97 /* a minus word so near to the words takes them off themselves */
#define LEAST_OWN  1e-6 /* squared length of what is not neutral; below it is rounding */
#define LEAST_CUT  1.0  /* z */
#define USUAL_CUT  5.0

const char *ay_cut_kind_name(ay_cut_kind kind)
{
    static const char *const names[] = {"auto", "none", "score"};

    return names[kind];
}

const char *ay_cut_reason_name(ay_cut_reason reason)
{
    static const char *const names[AY_CUT_REASONS] = {
        "empty", "nothing", "kept", "few", "off", "unknown_words"};

    return names[reason];
}

/* One ranking under way. */
typedef struct {
    const ay_shelf *p;
    const ay_ranking_query *q;
    const uint8_t *include;
    int threads, parts;
    float *vectors;   /* asked, parts * dim: words, picture, minus words */
    float *scores;    /* parts * n */
    float *strength;  /* n */
    double words_cut; /* z of strength 1 */
} job;

static double dot(const float *a, const float *b, int dim)
{
    double sum = 0;

    for (int d = 0; d < dim; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

void ay_ranking_own(float *vectors, int n, int dim, const float *neutral)
{
    for (float *v = vectors; neutral && v < vectors + (size_t)n * (size_t)dim; v += dim) {
        for (int d = 0; d < dim; d++)
            v[d] -= neutral[d];
        if (dot(v, v, dim) < LEAST_OWN)
            memset(v, 0, (size_t)dim * sizeof *v);
        ay_unit(v, v, dim);
    }
}

/* What a minus word says beyond the words themselves. */
static void free_of_words(const job *j, const float *words, float *v)
{
    double same = dot(words, v, j->p->dim);

    if (same > SAME_WORDS)
        return;
    for (int d = 0; d < j->p->dim; d++)
        v[d] -= (float)(same * (double)words[d]);
    ay_unit(v, v, j->p->dim);
}

static ay_status prepare(job *j, ay_err *err)
{
    const ay_ranking_query *q = j->q;
    size_t row = (size_t)j->p->dim;
    float *at;

    j->parts = (q->words != NULL) + (q->picture != NULL) + q->nminus;
    j->vectors = ay_alloc((size_t)j->parts * row, sizeof *j->vectors);
    j->scores = ay_alloc((size_t)j->parts * j->p->n, sizeof *j->scores);
    j->strength = ay_calloc(j->p->n, sizeof *j->strength);
    if (!j->vectors || !j->scores || !j->strength)
        return ay_fail(err, AY_ENOMEM, "comparing with %zu pictures", j->p->n);
    at = j->vectors;
    if (q->words) {
        memcpy(at, q->words, row * sizeof *at);
        ay_ranking_own(at, 1, j->p->dim, q->neutral);
        at += row;
    }
    if (q->picture) {
        memcpy(at, q->picture, row * sizeof *at);
        at += row;
    }
    for (int i = 0; i < q->nminus; i++, at += row) {
        memcpy(at, q->minus + (size_t)i * row, row * sizeof *at);
        ay_ranking_own(at, 1, j->p->dim, q->neutral);
        if (q->words)
            free_of_words(j, j->vectors, at);
    }
    return ay_shelf_scores(j->p, j->vectors, j->parts, j->threads, j->scores, err);
}

/* chance, or a normal one about b where there is none. */
static const ay_chance *chance_or_normal(const ay_chance *chance, const ay_background *b, size_t n,
                                         ay_chance *room)
{
    if (chance && chance->learnt)
        return chance;
    ay_chance_normal(room, b, n);
    return room;
}

static double words_scale(const job *j)
{
    return j->q->of_words && j->q->of_words->learnt ? j->q->of_words->scale : 0;
}

static ay_status add_words(job *j, float *z, ay_err *err)
{
    const ay_background unit = {.centre = 0, .spread = 1};
    ay_chance normal;
    bool passed;
    ay_status status = ay_standardise(z, j->p->n, words_scale(j), false, err);

    if (status == AY_OK)
        status = ay_chance_cut(chance_or_normal(j->q->of_words, &unit, j->p->n, &normal), z, j->include,
                               j->p->n, &j->words_cut, &passed, err);
    j->words_cut = fmax(j->words_cut, LEAST_CUT);
    for (size_t i = 0; i < j->p->n && status == AY_OK; i++)
        j->strength[i] += (float)((double)z[i] / j->words_cut);
    return status;
}

/* Above the cut-off a cosine of 1 is infinitely strong.  score: the cosine less off. */
static double picture_strength(double score, double off, double centre, double cut)
{
    if (score >= cut)
        return (fmax(1 - off - cut, 0) + 1e-6) / (fmax(1 - off - score, 0) + 1e-6);
    return (score - centre) / fmax(cut - centre, 1e-6);
}

/* Cosines become scores in place. */
static ay_status add_picture(job *j, float *score, ay_err *err)
{
    const ay_chance none = {0}, *c = j->q->of_pictures && j->q->of_pictures->learnt ? j->q->of_pictures : &none;
    ay_background b;
    ay_chance normal;
    double cut = 1;
    bool passed;
    ay_status status;

    for (size_t i = 0; i < j->p->n && c->usual; i++)
        score[i] -= (float)ay_chance_off(c, i);
    status = ay_background_of(score, j->p->n, &b, err);
    if (status == AY_OK)
        status = ay_chance_cut(chance_or_normal(j->q->of_pictures, &b, j->p->n, &normal), score, j->include,
                               j->p->n, &cut, &passed, err);
    for (size_t i = 0; i < j->p->n && status == AY_OK; i++)
        j->strength[i] += (float)picture_strength((double)score[i], ay_chance_off(c, i), b.centre, cut);
    return status;
}

/* The cut-off of words that are only taken off. */
static double minus_cut(const job *j)
{
    if (j->q->words)
        return j->words_cut;
    return j->q->of_words && j->q->of_words->learnt ? fmax(j->q->of_words->gate, LEAST_CUT) : USUAL_CUT;
}

static ay_status take_off(job *j, int first, ay_err *err)
{
    double cut = minus_cut(j);
    ay_status status = AY_OK;

    for (int p = first; p < j->parts && status == AY_OK; p++)
        status = ay_standardise(j->scores + (size_t)p * j->p->n, j->p->n, words_scale(j), true, err);
    for (size_t i = 0; i < j->p->n && status == AY_OK; i++) {
        float most = 0;
        for (int p = first; p < j->parts; p++)
            most = fmaxf(most, j->scores[(size_t)p * j->p->n + i]);
        j->strength[i] -= (float)((double)most / cut);
    }
    return status;
}

static ay_status combine(job *j, ay_err *err)
{
    int positive = j->parts - j->q->nminus;
    ay_status status = AY_OK;

    if (j->q->words)
        status = add_words(j, j->scores, err);
    if (status == AY_OK && j->q->picture)
        status = add_picture(j, j->scores + (size_t)(positive - 1) * j->p->n, err);
    for (size_t i = 0; i < j->p->n && positive > 1; i++)
        j->strength[i] /= 2;
    return status == AY_OK && j->q->nminus ? take_off(j, positive, err) : status;
}

static float similarity(const job *j, size_t row)
{
    const float *v = ay_shelf_vector(j->p, row);
    double sum = 0;

    if (j->q->words)
        sum += dot(j->q->words, v, j->p->dim);
    if (j->q->picture)
        sum += dot(j->q->picture, v, j->p->dim);
    return (float)(sum / ((j->q->words != NULL) + (j->q->picture != NULL)));
}

static double score_of(float strength)
{
    return strength > 0 ? 1 - exp2(-(double)strength) : 0;
}

/* a comes after b in the ranking: weaker, or equal and later in its order. */
static bool after(const ay_ranked *a, const ay_ranked *b)
{
    return a->strength != b->strength ? a->strength < b->strength : a->row > b->row;
}

static int in_order(const void *a, const void *b)
{
    return after(a, b) ? 1 : -1;
}

/* A heap whose root comes last in the ranking takes r, and at `most` gives up its root for it. */
static void keep_best(ay_ranked *heap, size_t *n, size_t most, ay_ranked r)
{
    size_t at = 0, child;

    if (*n < most) {
        for (at = (*n)++; at && after(&r, &heap[(at - 1) / 2]); at = (at - 1) / 2)
            heap[at] = heap[(at - 1) / 2];
    } else if (after(&heap[0], &r)) {
        for (; (child = 2 * at + 1) < *n; at = child) {
            child += child + 1 < *n && after(&heap[child + 1], &heap[child]);
            if (!after(&heap[child], &r))
                break;
            heap[at] = heap[child];
        }
    } else {
        return;
    }
    heap[at] = r;
}

/* Where the ranking ends: from which score on, and why. */
static void decide(ay_ranking *r, const ay_ranking_options *o)
{
    bool few = o->kind == AY_CUT_AUTO && r->background < AY_RANKING_FEW;

    r->least = few || o->kind == AY_CUT_NONE ? 0 : o->kind == AY_CUT_AUTO ? AY_CUT_USUAL : o->least;
    r->reason = o->kind == AY_CUT_NONE ? AY_CUT_OFF : few ? AY_CUT_FEW : AY_CUT_NOTHING;
}

/* The wanted part of the included ones, best first, equals in their order. */
static ay_status order(const job *j, const ay_ranking_options *o, ay_ranking *out, ay_err *err)
{
    size_t most = (size_t)o->first + (size_t)o->most, n = 0;
    ay_ranked *heap = ay_alloc((most < j->p->n ? most : j->p->n) + 1, sizeof *heap);

    if (!heap)
        return ay_fail(err, AY_ENOMEM, "ordering %zu pictures", j->p->n);
    for (size_t i = 0; i < j->p->n; i++) {
        float strength = j->include && j->include[i] == AY_RANK_SURE ? INFINITY : j->strength[i];
        double score = score_of(strength);
        if (j->include && j->include[i] == AY_RANK_NOT)
            continue;
        out->considered++;
        out->best = score > out->best ? score : out->best;
        if (score < out->least)
            continue;
        out->total++;
        keep_best(heap, &n, most, (ay_ranked){.row = i, .strength = strength});
    }
    if (n)
        qsort(heap, n, sizeof *heap, in_order);
    for (size_t i = (size_t)o->first; i < n; i++) {
        ay_ranked *r = &out->items[out->n++];
        *r = heap[i];
        r->score = score_of(r->strength);
        r->similarity = similarity(j, r->row);
    }
    ay_free(heap);
    return AY_OK;
}

ay_status ay_ranking_make(const ay_shelf *pool, const uint8_t *include, const ay_ranking_query *q,
                          const ay_ranking_options *options, ay_ranked *items, ay_ranking *out,
                          ay_err *err)
{
    job j = {.p = pool, .q = q, .include = include, .threads = options->threads};
    ay_status status = AY_OK;

    *out = (ay_ranking){.items = items, .background = pool->n};
    if ((!q->words && !q->picture) || options->most < 1 || options->first < 0)
        return ay_fail(err, AY_EINVAL, "a search needs words or a picture, and room for its answer");
    if (pool->n > 0)
        status = prepare(&j, err);
    if (status == AY_OK && pool->n > 0)
        status = combine(&j, err);
    decide(out, options);
    if (status == AY_OK)
        status = order(&j, options, out, err);
    if (out->considered == 0)
        out->reason = AY_CUT_EMPTY;
    else if (out->reason == AY_CUT_NOTHING && out->total)
        out->reason = AY_CUT_KEPT;
    ay_free(j.vectors);
    ay_free(j.scores);
    ay_free(j.strength);
    return status;
}

void ay_ranking_unknown(const uint8_t *include, size_t n, ay_ranking *out)
{
    *out = (ay_ranking){.background = n, .reason = AY_CUT_UNKNOWN};
    for (size_t i = 0; i < n; i++)
        out->considered += !include || include[i] != AY_RANK_NOT;
}

void ay_ranking_tell(const ay_ranking *r, char *dst, size_t cap)
{
    switch (r->reason) {
    case AY_CUT_EMPTY:
        snprintf(dst, cap, "There is no picture to look at: the filter leaves none, or none is stored yet.");
        break;
    case AY_CUT_NOTHING:
        snprintf(dst, cap,
                 "Nothing matches: the best of %zu pictures fits no better than the best of so many would "
                 "by chance. Without a cut-off the nearest are shown all the same.",
                 r->considered);
        break;
    case AY_CUT_KEPT:
        snprintf(dst, cap, "These stand out from the %zu pictures that were compared.", r->background);
        break;
    case AY_CUT_FEW:
        snprintf(dst, cap,
                 "With fewer than %d pictures nobody can say what stands out: all are shown, the best first.",
                 AY_RANKING_FEW);
        break;
    case AY_CUT_UNKNOWN:
        snprintf(dst, cap,
                 "The encoder knows none of these words. Use others, search with a picture, or get an encoder "
                 "that reads any text: assay model pull vit-b-32-laion2b.");
        break;
    default:
        snprintf(dst, cap, "The nearest pictures, whether they match or not.");
    }
}
