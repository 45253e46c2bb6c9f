#include "service/find/question.h"

#include "base/str.h"
#include "service/words/sift.h"

#include <string.h>

bool ay_question_blank(const char *text)
{
    return !text || text[strspn(text, " \t\r\n")] == '\0';
}

bool ay_question_has_words(const ay_question *q)
{
    bool any = !ay_question_blank(q->words);

    for (int i = 0; i < q->nminus; i++)
        any |= !ay_question_blank(q->minus[i]);
    return any;
}

static ay_status check_text(const char *name, const char *text, ay_err *err)
{
    size_t n = strlen(text);

    if (n > AY_QUESTION_TEXT)
        return ay_fail(err, AY_EINVAL, "'%s' has %zu bytes; %d is the most", name, n, AY_QUESTION_TEXT);
    return ay_utf8_valid(text, n) ? AY_OK : ay_fail(err, AY_EINVAL, "'%s' is not UTF-8", name);
}

ay_status ay_question_check(const ay_question *q, ay_err *err)
{
    ay_status status = q->words ? check_text("words", q->words, err) : AY_OK;

    if (q->nminus > AY_QUESTION_MINUS)
        return ay_fail(err, AY_EINVAL, "more than %d minus words", AY_QUESTION_MINUS);
    for (int i = 0; i < q->nminus && status == AY_OK; i++)
        status = check_text("minus", q->minus[i], err);
    return status;
}

/* The mean of the neutral texts' vectors. */
static ay_status read_neutral(const ay_word_reader *r, int dim, ay_arena *a, const float **out, ay_err *err)
{
    int n = ay_neutral_text_count;
    float *v = ay_arena_alloc(a, (size_t)n * (size_t)dim * sizeof *v);
    float *mean = ay_arena_alloc(a, (size_t)dim * sizeof *mean);
    ay_status status = v && mean ? r->embed(r->ctx, ay_neutral_texts, n, v, err)
                                 : ay_fail(err, AY_ENOMEM, "reading words");

    for (int i = 0; i < n && status == AY_OK; i++)
        for (int d = 0; d < dim; d++)
            mean[d] += v[i * dim + d] / (float)n;
    *out = mean;
    return status;
}

/* The texts, the words first. */
static const char **texts_of(const ay_question *q, ay_arena *a, int *n)
{
    const char **list = ay_arena_alloc(a, (size_t)(q->nminus + 1) * sizeof *list);

    *n = 0;
    if (list && !ay_question_blank(q->words))
        list[(*n)++] = q->words;
    for (int i = 0; list && i < q->nminus; i++)
        if (!ay_question_blank(q->minus[i]))
            list[(*n)++] = q->minus[i];
    return list;
}

ay_status ay_question_take(const ay_question *q, const ay_word_reader *r, bool closed, int dim,
                           ay_arena *a, ay_question_read *out, ay_err *err)
{
    ay_sifted texts = {.read = {0}};
    ay_labels all = {.item = texts_of(q, a, &all.n)};
    ay_status status = all.item ? ay_sift(r, &all, a, &texts, err)
                                : ay_fail(err, AY_ENOMEM, "reading words");
    bool words;
    float *v;

    *out = (ay_question_read){.vectors.dim = dim, .unknown = texts.unknown, .nunknown = texts.nunknown};
    if (status != AY_OK || texts.read.n == 0)
        return status;
    v = ay_arena_alloc(a, (size_t)texts.read.n * (size_t)dim * sizeof *v);
    if (!v)
        return ay_fail(err, AY_ENOMEM, "reading words");
    status = r->embed(r->ctx, texts.read.item, texts.read.n, v, err);
    if (status != AY_OK)
        return status;
    words = texts.read.item[0] == q->words;
    out->vectors.words = words ? v : NULL;
    out->vectors.minus = v + (words ? dim : 0);
    out->vectors.nminus = texts.read.n - words;
    return closed ? AY_OK : read_neutral(r, dim, a, &out->vectors.neutral, err);
}

ay_status ay_question_bank(const ay_word_reader *r, const float *neutral, int dim, ay_arena *a, float **out,
                           int *n, ay_err *err)
{
    const char **copy = ay_arena_alloc(a, sizeof *copy * (size_t)ay_bank_word_count);
    ay_labels all = {.item = copy};
    ay_sifted known = {.read = {0}};
    ay_status status;

    *n = 0;
    for (int i = 0; copy && i < ay_bank_word_count; i++)
        copy[all.n++] = ay_bank_words[i];
    status = copy ? ay_sift(r, &all, a, &known, err) : ay_fail(err, AY_ENOMEM, "reading words");
    if (status != AY_OK || known.read.n == 0)
        return status;
    *out = ay_arena_alloc(a, (size_t)known.read.n * (size_t)dim * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "reading words");
    status = r->embed(r->ctx, known.read.item, known.read.n, *out, err);
    if (status != AY_OK)
        return status;
    *n = known.read.n;
    ay_ranking_own(*out, *n, dim, neutral);
    return AY_OK;
}
