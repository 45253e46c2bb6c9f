/* service/library/review_rank.c - see review_rank.h. */
#include "service/library/review_rank.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LOOKED_AT = 30 }; /* times limit: how far down the list diversity may reach */

static const struct {
    const char *name;
    double factor;
} whys[AY_REVIEW_WHYS] = {
    [AY_REVIEW_FIRST] = {"first", 1.0},   [AY_REVIEW_LABEL] = {"label", 1.0}, [AY_REVIEW_DISAGREE] = {"disagree", 1.0},
    [AY_REVIEW_MARGIN] = {"margin", 0.9}, [AY_REVIEW_RARE] = {"rare", 0.85},  [AY_REVIEW_NEW] = {"new", 0.95},
    [AY_REVIEW_OUTLIER] = {"outlier", 0.6},
};

const char *ay_review_why_name(ay_review_why why)
{
    return (unsigned)why < AY_REVIEW_WHYS ? whys[why].name : "unknown";
}

double ay_review_factor(ay_review_why why)
{
    return (unsigned)why < AY_REVIEW_WHYS ? whys[why].factor : 0;
}

typedef struct {
    size_t row;
    double value;
    bool gone;     /* taken, or a copy of one taken */
} entry;

static int best_first(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static size_t collect(const ay_rows *rows, const ay_review_reason *reasons, entry *list)
{
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++) {
        double value = reasons[i].weight * ay_review_factor(reasons[i].why);
        if (value > 0)
            list[n++] = (entry){.row = i, .value = value};
    }
    if (n)
        qsort(list, n, sizeof *list, best_first);
    return n;
}

static int by_score(const void *a, const void *b)
{
    const ay_hit *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Rows as good as the same as the picked one, of all candidates. */
static ay_status find_copies(const ay_rows *rows, ay_review_pick *p, const float *scores, ay_arena *a, ay_err *err)
{
    ay_hit *hits;
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++)
        n += i != p->row && scores[i] >= AY_REVIEW_SAME;
    p->ncopies = n;
    p->copies = ay_arena_alloc(a, (n + 1) * sizeof *p->copies);
    hits = ay_arena_alloc(a, (n + 1) * sizeof *hits);
    if (!p->copies || !hits)
        return ay_fail(err, AY_ENOMEM, "choosing pictures to look at");
    n = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (i != p->row && scores[i] >= AY_REVIEW_SAME)
            hits[n++] = (ay_hit){i, scores[i]};
    if (n)
        qsort(hits, n, sizeof *hits, by_score);
    for (size_t i = 0; i < n; i++)
        p->copies[i] = hits[i].row;
    return AY_OK;
}

/* What is near the one taken pays; what is the same is out. */
static void pay(entry *list, size_t n, const float *scores)
{
    for (size_t i = 0; i < n; i++) {
        float c = scores[list[i].row];
        if (c >= AY_REVIEW_SAME)
            list[i].gone = true;
        else if (c > AY_REVIEW_NEAR)
            list[i].value *= 1 - (c - AY_REVIEW_NEAR) / (1 - AY_REVIEW_NEAR);
    }
}

static entry *best(entry *list, size_t n)
{
    entry *found = NULL;

    for (size_t i = 0; i < n; i++)
        if (!list[i].gone && (!found || list[i].value > found->value))
            found = &list[i];
    return found;
}

ay_status ay_review_rank(const ay_rows *rows, const ay_review_reason *reasons, int limit, int threads, ay_arena *a,
                         ay_review_pick **out, size_t *n, ay_err *err)
{
    entry *list = ay_alloc(rows->n + 1, sizeof *list), *next;
    float *scores = ay_alloc(rows->n + 1, sizeof *scores);
    ay_status status = AY_OK;
    size_t count;

    *n = 0;
    *out = ay_arena_alloc(a, ((size_t)limit + 1) * sizeof **out);
    if (!list || !scores || !*out) {
        status = ay_fail(err, AY_ENOMEM, "choosing pictures to look at");
        goto done;
    }
    count = collect(rows, reasons, list);
    if (count > (size_t)limit * LOOKED_AT)
        count = (size_t)limit * LOOKED_AT;
    while (status == AY_OK && *n < (size_t)limit && (next = best(list, count))) {
        ay_review_pick *p = &(*out)[(*n)++];
        *p = (ay_review_pick){.row = next->row, .value = next->value};
        next->gone = true;
        status = ay_search_scores(rows, rows->rows + p->row * (size_t)rows->dim, 1, threads, scores, err);
        if (status == AY_OK)
            status = find_copies(rows, p, scores, a, err);
        if (status == AY_OK)
            pay(list, count, scores);
    }
done:
    ay_free(list);
    ay_free(scores);
    return status;
}
