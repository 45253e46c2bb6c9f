#include "service/ranking.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const ay_neutral_texts[] = {"a photo", "an image", "a picture", "something", "an object"};
const int ay_neutral_text_count = sizeof ay_neutral_texts / sizeof *ay_neutral_texts;

#define SAME_WORDS 0.97 /* a minus word so near to the words takes them off themselves */

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
    const ay_rows *blocks;
    int nblocks;
    size_t n;
    const ay_ranking_query *q;
    int threads;
    float *vectors; /* asked, parts * dim: words, picture, minus words */
    int parts, dim;
    float *scores;  /* parts * n, then room for one block's */
    float *z;       /* n */
} job;

static double dot(const float *a, const float *b, int dim)
{
    double sum = 0;

    for (int d = 0; d < dim; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

/* What of a text is its own. */
static void free_of_neutral(const job *j, float *v)
{
    if (!j->q->neutral)
        return;
    for (int d = 0; d < j->dim; d++)
        v[d] -= j->q->neutral[d];
    ay_unit(v, v, j->dim);
}

/* What a minus word says beyond the words themselves. */
static void free_of_words(const job *j, const float *words, float *v)
{
    double same = dot(words, v, j->dim);

    if (same > SAME_WORDS)
        return;
    for (int d = 0; d < j->dim; d++)
        v[d] -= (float)(same * words[d]);
    ay_unit(v, v, j->dim);
}

static ay_status prepare(job *j, ay_err *err)
{
    const ay_ranking_query *q = j->q;
    size_t row = (size_t)j->dim;
    float *at;

    j->parts = (q->words != NULL) + (q->picture != NULL) + q->nminus;
    j->vectors = ay_alloc((size_t)j->parts * row, sizeof *j->vectors);
    j->scores = ay_alloc((size_t)j->parts * j->n + 1, 2 * sizeof *j->scores);
    j->z = ay_calloc(j->n + 1, sizeof *j->z);
    if (!j->vectors || !j->scores || !j->z)
        return ay_fail(err, AY_ENOMEM, "comparing with %zu pictures", j->n);
    at = j->vectors;
    if (q->words) {
        memcpy(at, q->words, row * sizeof *at);
        free_of_neutral(j, at);
        at += row;
    }
    if (q->picture) {
        memcpy(at, q->picture, row * sizeof *at);
        at += row;
    }
    for (int i = 0; i < q->nminus; i++, at += row) {
        memcpy(at, q->minus + (size_t)i * row, row * sizeof *at);
        free_of_neutral(j, at);
        if (q->words)
            free_of_words(j, j->vectors, at);
    }
    return AY_OK;
}

/* Every part's cosine with every vector. */
static ay_status compare(job *j, ay_err *err)
{
    float *block = j->scores + (size_t)j->parts * j->n;
    ay_status status = AY_OK;
    size_t first = 0;

    for (int b = 0; b < j->nblocks && status == AY_OK; first += j->blocks[b++].n) {
        size_t n = j->blocks[b].n;
        if (n == 0)
            continue;
        status = ay_search_scores(&j->blocks[b], j->vectors, j->parts, j->threads, block, err);
        for (int p = 0; p < j->parts && status == AY_OK; p++)
            memcpy(j->scores + (size_t)p * j->n + first, block + (size_t)p * n, n * sizeof *block);
    }
    return status;
}

/* n scores become z in place.  minus: what is least like the minus word may stand out as well. */
static ay_status standardise(float *scores, size_t n, bool minus, ay_err *err)
{
    ay_background b;
    ay_status status = ay_background_of(scores, n, &b, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        scores[i] = (float)((scores[i] - b.centre) / (minus ? b.narrow : b.spread));
    return status;
}

static ay_status combine(job *j, ay_err *err)
{
    int wanted = j->parts - j->q->nminus;
    ay_status status = AY_OK;

    for (int p = 0; p < j->parts && status == AY_OK; p++)
        status = standardise(j->scores + (size_t)p * j->n, j->n, p >= wanted, err);
    if (status != AY_OK)
        return status;
    for (int p = 0; p < wanted; p++)
        for (size_t i = 0; i < j->n; i++)
            j->z[i] += j->scores[(size_t)p * j->n + i];
    if (wanted > 1)
        status = standardise(j->z, j->n, false, err);
    for (size_t i = 0; i < j->n; i++) {
        float most = 0;
        for (int p = wanted; p < j->parts; p++)
            most = fmaxf(most, j->scores[(size_t)p * j->n + i]);
        j->z[i] -= most;
    }
    return status;
}

static const float *vector_of(const job *j, size_t row)
{
    int b = 0;

    while (row >= j->blocks[b].n)
        row -= j->blocks[b++].n;
    return j->blocks[b].rows + row * (size_t)j->dim;
}

static float similarity(const job *j, size_t row)
{
    const float *v = vector_of(j, row);
    double sum = 0;

    if (j->q->words)
        sum += dot(j->q->words, v, j->dim);
    if (j->q->picture)
        sum += dot(j->q->picture, v, j->dim);
    return (float)(sum / ((j->q->words != NULL) + (j->q->picture != NULL)));
}

static void cut(ay_ranking *r, const ay_ranking_options *o)
{
    int kept = 0;

    r->best = r->n ? r->items[0].score : 0;
    r->least = o->kind == AY_CUT_AUTO ? AY_CUT_USUAL : o->kind == AY_CUT_SCORE ? o->least : 0;
    if (r->considered == 0) {
        r->reason = AY_CUT_EMPTY;
        return;
    }
    if (o->kind == AY_CUT_NONE || (o->kind == AY_CUT_AUTO && r->background < AY_STANDOUT_FEW)) {
        r->reason = o->kind == AY_CUT_NONE ? AY_CUT_OFF : AY_CUT_FEW;
        r->least = 0;
        return;
    }
    while (kept < r->n && r->items[kept].score >= r->least)
        kept++;
    r->n = kept;
    r->reason = kept ? AY_CUT_KEPT : AY_CUT_NOTHING;
}

static ay_status order(const job *j, const uint8_t *include, const ay_ranking_options *o,
                       ay_ranked *items, ay_ranking *out, ay_err *err)
{
    ay_standout *best = ay_alloc((size_t)o->most, sizeof *best);
    ay_status status;

    for (size_t i = 0; include && i < j->n; i++)
        if (include[i] == AY_RANK_SURE)
            j->z[i] = INFINITY;
    status = best ? ay_standout_rank(j->z, include, j->n, o->most, best, &out->n, &out->considered, err)
                  : ay_fail(err, AY_ENOMEM, "ordering pictures");

    for (int i = 0; i < out->n && status == AY_OK; i++)
        items[i] = (ay_ranked){best[i].row, similarity(j, best[i].row), best[i].z, best[i].score};
    ay_free(best);
    return status;
}

ay_status ay_ranking_make(const ay_rows *blocks, int nblocks, const uint8_t *include,
                          const ay_ranking_query *q, const ay_ranking_options *options,
                          ay_ranked *items, ay_ranking *out, ay_err *err)
{
    job j = {.blocks = blocks, .nblocks = nblocks, .q = q, .threads = options->threads, .dim = q->dim};
    ay_status status;

    *out = (ay_ranking){.items = items};
    if ((!q->words && !q->picture) || options->most < 1)
        return ay_fail(err, AY_EINVAL, "a search needs words or a picture, and room for its answer");
    for (int b = 0; b < nblocks; b++)
        j.n += blocks[b].n;
    out->background = j.n;
    status = j.n ? prepare(&j, err) : AY_OK;
    if (status == AY_OK && j.n)
        status = compare(&j, err);
    if (status == AY_OK && j.n)
        status = combine(&j, err);
    if (status == AY_OK && j.n)
        status = order(&j, include, options, items, out, err);
    if (status == AY_OK)
        cut(out, options);
    ay_free(j.vectors);
    ay_free(j.scores);
    ay_free(j.z);
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
                 AY_STANDOUT_FEW);
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
