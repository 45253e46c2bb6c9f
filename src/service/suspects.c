/* service/suspects.c - reference pictures that look wrong.
 *
 * Each picture is left out in turn and the others vote on it, as they would on a scan.
 *   wrong class  the vote makes another class at least TIMES as likely as its own (the share itself is a
 *                poorer sign: of many classes none need have a large one)
 *   duplicate    another picture has the same perceptual hash and as good as the same vector; the later
 *                one is named
 *   near dup.    hashes differ in few bits and the vectors agree
 *   outlier      the nearest picture of its own class is further away than for 95 % of all pictures, and
 *                so is the nearest of the class that is most like it
 * The vote is the one of scan.c; bench/suspects.c plants wrong labels and counts what is found. */
#include "service/suspects.h"

#include "base/mem.h"
#include "service/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, USUAL_LIMIT = 100, NEAR_BITS = 6 };
#define WORK        1e8 /* cosines */
#define TIMES       10.0
#define SAME_COSINE 0.999f
#define NEAR_COSINE 0.97f

const char *ay_suspect_kind_name(ay_suspect_kind kind)
{
    static const char *const names[] = {"wrong_class", "duplicate", "near_duplicate", "outlier"};

    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

/* One found, before its words are written. */
typedef struct {
    ay_suspect_kind kind;
    size_t row, other; /* other: the picture it is like */
    float similarity;
    double weight;  /* worst first */
    int suggestion; /* class, or -1 */
} found;

typedef struct {
    const ay_gallery *g;
    ay_calibration cal;
    const int *labels;
    const int64_t *ids;
    ay_tally *tally;
    found *list;
    size_t n, cap;
    int64_t *checked, *right; /* a class */
} search;

static bool push(search *q, found f)
{
    if (q->n == q->cap) {
        size_t cap = q->cap * 2 + 64;
        found *more = ay_realloc(q->list, cap, sizeof *more);
        if (!more)
            return false;
        q->list = more;
        q->cap = cap;
    }
    q->list[q->n++] = f;
    return true;
}

/* The most similar earlier picture that looks the same. */
static bool find_duplicate(search *q, size_t row, const float *scores)
{
    const ay_gallery_item *me = &q->g->items[row];
    found f = {.row = row, .other = row, .suggestion = -1, .similarity = NEAR_COSINE};

    for (size_t i = 0; i < q->g->nready; i++) {
        const ay_gallery_item *it = &q->g->items[i];
        if (i == row || it->member > me->member || scores[i] < f.similarity ||
            ay_phash_distance(it->phash, me->phash) > NEAR_BITS)
            continue;
        f.other = i;
        f.similarity = scores[i];
    }
    if (f.other == row)
        return true;
    f.kind = f.similarity >= SAME_COSINE && q->g->items[f.other].phash == me->phash
                 ? AY_SUSPECT_DUPLICATE
                 : AY_SUSPECT_NEAR_DUPLICATE;
    /* In two classes at once is worse than twice in one. */
    f.weight = (q->labels[f.other] != q->labels[row] ? 2 : 0) + f.similarity;
    return push(q, f);
}

bool ay_suspect_judge(float *scores, size_t row, const int *klass, const int64_t *ids, size_t n,
                      int nclasses, const ay_calibration *cal, ay_tally *t, ay_suspicion *out)
{
    int own = klass[row], best = -1;
    float keep = scores[row];

    *out = (ay_suspicion){.suggestion = -1};
    scores[row] = -INFINITY; /* its weight is exp(-inf) = 0, and it is no maximum */
    ay_tally_make(scores, klass, ids, n, nclasses, cal->temperature, t);
    scores[row] = keep;
    if (t[own].samples < 2)
        return false;
    /* The mean weight of its own class counted the picture itself. */
    t[own].weight *= (double)t[own].samples / (double)(t[own].samples - 1);
    for (int c = 0; c < nclasses; c++)
        if (t[c].samples > 0 && (best < 0 || t[c].weight > t[best].weight))
            best = c;
    out->right = best == own;
    if (best != own && t[best].weight >= TIMES * t[own].weight)
        *out = (ay_suspicion){true,        AY_SUSPECT_WRONG_CLASS,
                              t[best].best, t[best].max,
                              5 - t[own].weight / t[best].weight, best, false};
    else if (cal->known > 0 && t[own].max < cal->odd && t[best].max < cal->odd)
        *out = (ay_suspicion){true,       AY_SUSPECT_OUTLIER, t[own].best,
                              t[own].max, 1 - t[own].max,     -1,
                              out->right};
    return true;
}

/* scores: of the row. */
static bool leave_out(search *q, size_t row, float *scores)
{
    int own = q->labels[row];
    ay_suspicion s;

    if (!find_duplicate(q, row, scores))
        return false;
    if (!ay_suspect_judge(scores, row, q->labels, q->ids, q->g->nready, q->g->nclasses, &q->cal,
                          q->tally, &s))
        return true;
    q->checked[own]++;
    q->right[own] += s.right;
    return !s.found ||
           push(q, (found){s.kind, row, s.other, s.similarity, s.weight, s.suggestion});
}

static ay_status leave_out_all(ay_service *s, search *q, ay_err *err)
{
    ay_rows rows = {q->g->vectors, q->g->nready, q->g->dim};
    float *scores = ay_alloc(BATCH * (rows.n + 1), sizeof *scores);
    float *queries = ay_alloc(BATCH * (size_t)rows.dim, sizeof *queries);
    size_t m = (double)rows.n * (double)rows.n > WORK ? (size_t)(WORK / (double)rows.n) : rows.n;
    ay_status status = scores && queries ? AY_OK : ay_fail(err, AY_ENOMEM, "comparing pictures");

    for (size_t at = 0; at < m && status == AY_OK; at += BATCH) {
        size_t count = m - at < BATCH ? m - at : BATCH;
        for (size_t i = 0; i < count; i++)
            memcpy(queries + i * (size_t)rows.dim,
                   rows.rows + (at + i) * rows.n / m * (size_t)rows.dim,
                   (size_t)rows.dim * sizeof *queries);
        status = ay_search_scores(&rows, queries, (int)count, s->threads, scores, err);
        for (size_t i = 0; i < count && status == AY_OK; i++)
            if (!leave_out(q, (at + i) * rows.n / m, scores + i * rows.n))
                status = ay_fail(err, AY_ENOMEM, "comparing pictures");
    }
    ay_free(queries);
    ay_free(scores);
    return status;
}

static int worst_first(const void *a, const void *b)
{
    const found *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static const char *reason(const search *q, const found *f, const char *own, const char *other,
                          ay_arena *a)
{
    double p = 100.0 * f->similarity;

    switch (f->kind) {
    case AY_SUSPECT_WRONG_CLASS:
        return ay_arena_printf(a, "The other pictures say \"%s\", not \"%s\".",
                               q->g->classes[f->suggestion].name, own);
    case AY_SUSPECT_DUPLICATE:
        return strcmp(own, other) == 0
                   ? ay_arena_printf(a, "The same picture is in \"%s\" twice.", own)
                   : ay_arena_printf(a, "The same picture is in \"%s\" and in \"%s\".", own, other);
    case AY_SUSPECT_NEAR_DUPLICATE:
        return ay_arena_printf(a, "Almost the same as another picture of \"%s\" (%.1f %%).", other,
                               p);
    case AY_SUSPECT_OUTLIER:
        break;
    }
    return ay_arena_printf(
        a, "Unlike every other picture of \"%s\": the nearest is %.0f %% similar.", own, p);
}

static bool describe(const search *q, const found *f, ay_arena *a, ay_suspect *out)
{
    const ay_gallery_item *item = &q->g->items[f->row], *other = &q->g->items[f->other];

    out->kind = f->kind;
    memcpy(out->sha256, item->sha256, sizeof out->sha256);
    memcpy(out->other_sha256, other->sha256, sizeof out->other_sha256);
    out->file = ay_arena_strdup(a, item->file);
    out->class_id = q->g->classes[item->klass].id;
    out->class_name = ay_arena_strdup(a, q->g->classes[item->klass].name);
    out->other_class = ay_arena_strdup(a, q->g->classes[other->klass].name);
    out->similarity = f->similarity;
    if (f->suggestion >= 0)
        out->suggestion = ay_arena_strdup(a, q->g->classes[f->suggestion].name);
    if (!out->file || !out->class_name || !out->other_class)
        return false;
    out->reason = reason(q, f, out->class_name, out->other_class, a);
    return out->reason && (out->suggestion || f->suggestion < 0);
}

static ay_status write_out(search *q, int limit, ay_arena *a, ay_suspects *out, ay_err *err)
{
    bool ok = true;
    int64_t right = 0;

    if (q->n)
        qsort(q->list, q->n, sizeof *q->list, worst_first);
    out->nitems = q->n < (size_t)limit ? q->n : (size_t)limit;
    out->nclasses = (size_t)q->g->nclasses;
    out->items = ay_arena_alloc(a, (out->nitems + 1) * sizeof *out->items);
    out->classes = ay_arena_alloc(a, (out->nclasses + 1) * sizeof *out->classes);
    out->dataset = ay_arena_strdup(a, q->g->name);
    ok = out->items && out->classes && out->dataset;
    for (size_t i = 0; ok && i < out->nitems; i++)
        ok = describe(q, &q->list[i], a, &out->items[i]);
    for (size_t c = 0; ok && c < out->nclasses; c++) {
        out->classes[c] =
            (ay_suspect_class){q->g->classes[c].id, ay_arena_strdup(a, q->g->classes[c].name),
                               q->checked[c], q->right[c]};
        ok = out->classes[c].name != NULL;
        out->checked += q->checked[c];
        right += q->right[c];
    }
    out->accuracy = out->checked ? (double)right / (double)out->checked : 0;
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "listing suspects");
}

static ay_status prepare(search *q, ay_arena *a, ay_err *err)
{
    size_t nc = (size_t)q->g->nclasses + 1;
    int64_t *ids = ay_arena_alloc(a, (q->g->nready + 1) * sizeof *ids);

    q->labels = ay_gallery_labels(q->g, a);
    q->tally = ay_arena_alloc(a, nc * sizeof *q->tally);
    q->checked = ay_arena_alloc(a, nc * sizeof *q->checked);
    q->right = ay_arena_alloc(a, nc * sizeof *q->right);
    if (!ids || !q->labels || !q->tally || !q->checked || !q->right)
        return ay_fail(err, AY_ENOMEM, "comparing pictures");
    for (size_t i = 0; i < q->g->nready; i++)
        ids[i] = q->g->items[i].member;
    q->ids = ids;
    return AY_OK;
}

ay_status ay_suspects_find(ay_service *s, const char *dataset, int limit, ay_arena *a,
                           ay_suspects *out, ay_err *err)
{
    search q = {0};
    ay_status status;
    ay_gallery *g;

    *out = (ay_suspects){0};
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    q.g = g;
    if (status == AY_OK)
        status = ay_service_calibrate(s, g, &q.cal, err);
    if (status == AY_OK)
        status = prepare(&q, a, err);
    if (status == AY_OK)
        status = leave_out_all(s, &q, err);
    if (status == AY_OK)
        status = write_out(&q, limit > 0 ? limit : USUAL_LIMIT, a, out, err);
    pthread_rwlock_unlock(&s->lock);
    ay_free(q.list);
    return status;
}
