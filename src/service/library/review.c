/* service/library/review.c - questions: each candidate judged, then the few that teach most. */
#include "service/library/review.h"

#include "base/mem.h"
#include "service/library/groups.h"
#include "service/library/library.h"
#include "service/library/review_parts.h"
#include "service/suspects.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, CROWD = 1500 /* pictures that speak for those without a class */ };
#define LATE        8.0 /* pictures a class from which on doubt counts as much as what is typical */
#define WORDS_SURE  0.6  /* share of the words' vote that counts as saying something */
#define WORDS_SCALE 30.0 /* of cosines of pictures and names */
#define FEW         0.34 /* of the median number of pictures: a rare class */

/* What is known of one candidate. */
typedef struct {
    int best, second, words;
    double share, share2;
    float similarity; /* to the nearest taught picture */
    size_t like;      /* that picture */
    int64_t crowd;    /* pictures without a class that are more like it than like anything taught */
} judged;

typedef struct {
    ay_review_scene c;
    ay_arena *out; /* of the answer; c.a goes before it is read */
    judged *judged;
    ay_review_reason *reason;
    double usual; /* pictures of the class in the middle */
    int nclasses; /* with pictures */
} asking;

/* ---- one candidate */

static void reason_of(asking *q, size_t i, ay_review_why why, double weight)
{
    ay_review_reason *r = &q->reason[i];

    if (isfinite(weight) && weight * ay_review_factor(why) > r->weight * ay_review_factor(r->why))
        *r = (ay_review_reason){why, weight > 1 ? 1 : weight};
}

/* The class whose name fits best, when it does so clearly; -1: none. */
static int ask_words(const ay_review_scene *c, const float *v)
{
    double most = -INFINITY, sum = 0;
    int at = -1;

    for (int k = 0; k < c->nnames; k++) {
        double s = WORDS_SCALE * (double)ay_dot(c->names + (size_t)k * (size_t)c->dim, v, c->dim);
        if (s > most) {
            most = s;
            at = k;
        }
    }
    for (int k = 0; k < c->nnames; k++)
        sum += exp(WORDS_SCALE * (double)ay_dot(c->names + (size_t)k * (size_t)c->dim, v, c->dim) - most);
    return at >= 0 && 1 / sum >= WORDS_SURE ? c->name_class[at] : -1;
}

static bool same_name(const ay_review_scene *c, int klass, const char *name)
{
    return klass >= 0 && strcmp(c->classes[klass].name, name) == 0;
}

static void judge_unsorted(asking *q, size_t i, const ay_tally *tally)
{
    const ay_review_scene *c = &q->c;
    judged *j = &q->judged[i];
    const char *model = c->face[i].model;

    if (j->best < 0)
        return;
    if (c->cal.threshold > -1 && j->similarity < c->cal.threshold) {
        reason_of(q, i, AY_REVIEW_OUTLIER, (c->cal.threshold - j->similarity) / (1 - c->cal.threshold) + .2);
        return;
    }
    reason_of(q, i, AY_REVIEW_MARGIN, j->second < 0 ? .3 : 1 - (j->share - j->share2));
    if (j->words >= 0 && j->words != j->best)
        reason_of(q, i, AY_REVIEW_DISAGREE, .5 + .5 * j->share);
    if (model && !same_name(c, j->best, model))
        reason_of(q, i, AY_REVIEW_DISAGREE, .6 + .4 * j->share);
    if ((double)tally[j->best].samples <= FEW * q->usual)
        reason_of(q, i, AY_REVIEW_RARE, .5 + .5 * (1 - (double)tally[j->best].samples / (q->usual + 1)) * j->share);
}

/* A taught one is among the taught: it is left out of its own vote. */
static void judge_taught(asking *q, size_t i, float *scores, ay_tally *tally)
{
    const ay_review_scene *c = &q->c;
    judged *j = &q->judged[i];
    ay_suspicion s;
    size_t self = 0;

    while (self < c->known.n && strcmp(c->taught[self].sha256, c->face[i].sha256) != 0)
        self++;
    if (self == c->known.n ||
        !ay_suspect_judge(scores, self, c->klass, c->ids, c->known.n, c->nclasses, &c->cal, tally, &s) || !s.found)
        return;
    j->like = s.other;
    j->similarity = s.similarity;
    if (s.kind == AY_SUSPECT_WRONG_CLASS) {
        j->best = s.suggestion;
        j->share = tally[s.suggestion].share;
        j->second = c->face[i].klass;
        j->share2 = tally[j->second].share;
        reason_of(q, i, AY_REVIEW_LABEL, s.weight - 4);
    } else {
        j->best = c->face[i].klass;
        reason_of(q, i, AY_REVIEW_OUTLIER, s.weight);
    }
}

static void judge(asking *q, size_t i, float *scores, ay_tally *tally)
{
    const ay_review_scene *c = &q->c;
    judged *j = &q->judged[i];

    ay_review_vote(c, scores, tally, &j->best, &j->second);
    if (j->best >= 0) {
        j->share = tally[j->best].share;
        j->share2 = j->second < 0 ? 0 : tally[j->second].share;
        for (int k = 0; k < c->nclasses; k++)
            if (tally[k].samples && (tally[k].max > j->similarity || j->like == SIZE_MAX)) {
                j->similarity = tally[k].max;
                j->like = tally[k].best;
            }
    }
    if (i < c->unsorted)
        judge_unsorted(q, i, tally);
    else
        judge_taught(q, i, scores, tally);
}

static ay_status judge_all(asking *q, ay_err *err)
{
    const ay_review_scene *c = &q->c;
    float *scores = ay_alloc(BATCH * (c->known.n + 1), sizeof *scores);
    ay_tally *tally = ay_alloc((size_t)c->nclasses + 1, sizeof *tally);
    ay_status status = scores && tally ? AY_OK : ay_fail(err, AY_ENOMEM, "looking for questions");

    for (size_t at = 0; status == AY_OK && c->known.n > 0 && at < c->rows.n; at += BATCH) {
        int count = c->rows.n - at < BATCH ? (int)(c->rows.n - at) : BATCH;
        status = ay_search_scores(&c->known, c->rows.rows + at * (size_t)c->dim, count, c->s->threads, scores, err);
        for (int i = 0; i < count && status == AY_OK; i++) {
            q->judged[at + (size_t)i].words = ask_words(c, c->rows.rows + (at + (size_t)i) * (size_t)c->dim);
            judge(q, at + (size_t)i, scores + (size_t)i * c->known.n, tally);
        }
    }
    ay_free(scores);
    ay_free(tally);
    return status;
}

/* ---- what nobody has named yet */

/* Nothing is taught: pictures that stand for groups of all. */
static ay_status stand_for(asking *q, int groups, ay_err *err)
{
    const ay_review_scene *c = &q->c;
    ay_rows rows = {c->rows.rows, c->unsorted, c->dim};
    ay_groups_options o = {.way = AY_GROUPS_NUMBER, .k = rows.n < (size_t)groups ? (int)rows.n : groups, .seed = 1, .threads = c->s->threads};
    ay_groups g;
    ay_status status = ay_groups_make(&rows, &o, c->a, &g, err);

    for (int k = 0; status == AY_OK && k < g.n; k++) {
        size_t i = g.group[k].medoid;
        q->judged[i].crowd = (int64_t)g.group[k].size;
        reason_of(q, i, AY_REVIEW_FIRST, .6 + .4 * (double)g.group[k].size / (double)g.group[0].size);
    }
    return status;
}

typedef struct {
    ay_rows rows; /* an even selection of those without a class */
    float *known; /* how like each is to what is taught */
    size_t *from; /* which candidate it is */
} crowd;

static ay_status make_crowd(const asking *q, crowd *w, ay_err *err)
{
    const ay_review_scene *c = &q->c;
    size_t n = c->unsorted < CROWD ? c->unsorted : CROWD;
    float *v = ay_arena_alloc(c->a, (n + 1) * (size_t)c->dim * sizeof *v);

    w->known = ay_arena_alloc(c->a, (n + 1) * sizeof *w->known);
    w->from = ay_arena_alloc(c->a, (n + 1) * sizeof *w->from);
    if (!v || !w->known || !w->from)
        return ay_fail(err, AY_ENOMEM, "looking for questions");
    for (size_t k = 0; k < n; k++) {
        w->from[k] = k * c->unsorted / n;
        w->known[k] = q->judged[w->from[k]].similarity;
        memcpy(v + k * (size_t)c->dim, c->rows.rows + w->from[k] * (size_t)c->dim, (size_t)c->dim * sizeof *v);
    }
    w->rows = (ay_rows){v, n, c->dim};
    return AY_OK;
}

/* What naming candidate i would do for the crowd: the sum over it of how much more it is like i than like anything taught (the gain
 * of facility location), and how many those are.  Its own share is left out. */
static double gain_of(const crowd *w, const float *scores, size_t i, int64_t *more)
{
    double gain = 0;

    *more = 0;
    for (size_t k = 0; k < w->rows.n; k++)
        if (scores[k] > w->known[k] && w->from[k] != i) {
            gain += scores[k] - w->known[k];
            (*more)++;
        }
    return gain;
}

/* While little is taught the typical teach more than the doubtful, later it is the other way round (Hacohen et al., 2022: TypiClust;
 * bench/review.md): reasons are weighed by how many pictures a class has. */
static void weigh(asking *q, const double *gain, double most)
{
    const ay_review_scene *c = &q->c;
    double each = (double)c->known.n / (q->nclasses > 0 ? q->nclasses : 1), late = each / (each + LATE);

    for (size_t i = 0; i < c->unsorted; i++) {
        double g = most > 0 ? gain[i] / most : 0;
        q->reason[i].weight *= late * (.5 + .5 * sqrt(g));
        reason_of(q, i, AY_REVIEW_NEW, g * (1 - .7 * late));
    }
}

static ay_status ask_for_names(asking *q, int limit, ay_err *err)
{
    const ay_review_scene *c = &q->c;
    double *gain, most = 0;
    float *scores;
    crowd w;
    ay_status status;

    if (c->unsorted == 0)
        return AY_OK;
    if (c->known.n == 0)
        return stand_for(q, limit, err);
    status = make_crowd(q, &w, err);
    gain = ay_arena_alloc(c->a, c->unsorted * sizeof *gain);
    scores = ay_arena_alloc(c->a, BATCH * (w.rows.n + 1) * sizeof *scores);
    if (status == AY_OK && (!gain || !scores))
        status = ay_fail(err, AY_ENOMEM, "looking for questions");
    for (size_t at = 0; status == AY_OK && at < c->unsorted; at += BATCH) {
        int count = c->unsorted - at < BATCH ? (int)(c->unsorted - at) : BATCH;
        status = ay_search_scores(&w.rows, c->rows.rows + at * (size_t)c->dim, count, c->s->threads, scores, err);
        for (int i = 0; i < count && status == AY_OK; i++) {
            size_t row = at + (size_t)i;
            gain[row] = gain_of(&w, scores + (size_t)i * w.rows.n, row, &q->judged[row].crowd);
            q->judged[row].crowd = q->judged[row].crowd * (int64_t)c->unsorted / (int64_t)w.rows.n;
            most = gain[row] > most ? gain[row] : most;
        }
    }
    if (status == AY_OK)
        weigh(q, gain, most);
    return status;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static ay_status prepare(asking *q, ay_err *err)
{
    ay_review_scene *c = &q->c;
    int64_t *sizes = ay_arena_alloc(c->a, ((size_t)c->nclasses + 1) * sizeof *sizes);
    int n = 0;

    q->judged = ay_arena_alloc(c->a, (c->rows.n + 1) * sizeof *q->judged);
    q->reason = ay_arena_alloc(c->a, (c->rows.n + 1) * sizeof *q->reason);
    if (!sizes || !q->judged || !q->reason)
        return ay_fail(err, AY_ENOMEM, "looking for questions");
    for (size_t i = 0; i < c->rows.n; i++) {
        q->judged[i] = (judged){.best = -1, .second = -1, .words = -1, .like = SIZE_MAX, .similarity = -1};
        q->reason[i] = (ay_review_reason){AY_REVIEW_OUTLIER, 0};
    }
    for (int k = 0; k < c->nclasses; k++)
        if (!c->classes[k].unsorted && c->classes[k].images > 0)
            sizes[n++] = c->classes[k].images;
    if (n)
        qsort(sizes, (size_t)n, sizeof *sizes, by_size);
    q->usual = n ? (double)sizes[n / 2] : 0;
    q->nclasses = n;
    return AY_OK;
}

/* ---- in words */

static const char *dup(const asking *q, const char *s)
{
    return s ? ay_arena_strdup(q->out, s) : NULL;
}

static const char *class_name(const asking *q, int klass)
{
    return klass >= 0 ? dup(q, q->c.classes[klass].name) : NULL;
}

static void add_guess(const asking *q, ay_review_item *out, int klass, double share)
{
    const char *label = class_name(q, klass);

    if (label && out->nguess < AY_REVIEW_GUESSES)
        out->guess[out->nguess++] = (ay_review_guess){label, share};
}

static ay_status describe(const asking *q, const ay_review_pick *p, ay_review_item *out, ay_err *err)
{
    const ay_review_scene *c = &q->c;
    const ay_review_face *face = &c->face[p->row];
    const judged *j = &q->judged[p->row];

    *out = (ay_review_item){.file = dup(q, face->file), .taught = face->klass >= 0, .why = q->reason[p->row].why, .value = p->value,
                            .similarity = j->like == SIZE_MAX ? 0 : j->similarity, .model = dup(q, face->model), .words = class_name(q, j->words)};
    memcpy(out->sha256, face->sha256, sizeof out->sha256);
    out->label = class_name(q, face->klass);
    add_guess(q, out, j->best, j->share);
    add_guess(q, out, j->second, j->share2);
    if (j->like != SIZE_MAX) {
        memcpy(out->like_sha256, c->taught[j->like].sha256, sizeof out->like_sha256);
        out->like_label = class_name(q, c->klass[j->like]);
    }
    out->copies = ay_arena_alloc(q->out, (AY_REVIEW_COPIES < p->ncopies ? AY_REVIEW_COPIES : p->ncopies + 1) * sizeof *out->copies);
    if (!out->copies || !out->file || (face->klass >= 0 && !out->label))
        return ay_fail(err, AY_ENOMEM, "looking for questions");
    for (size_t i = 0; i < p->ncopies && out->ncopies < AY_REVIEW_COPIES; i++)
        if (c->face[p->copies[i]].klass == face->klass)
            memcpy(out->copies[out->ncopies++], c->face[p->copies[i]].sha256, AY_SHA256_HEX);
    out->stands_for = j->crowd > out->ncopies ? 1 + j->crowd : 1 + out->ncopies;
    return AY_OK;
}

static ay_status choose(asking *q, int limit, ay_review *out, ay_err *err)
{
    const ay_review_scene *c = &q->c;
    ay_review_pick *picks = NULL;
    size_t n = 0;
    ay_status status = ay_review_rank(&c->rows, q->reason, limit, c->s->threads, c->a, &picks, &n, err);

    *out = (ay_review){.dataset = dup(q, c->name), .waiting = c->waiting, .looked_at = (int64_t)c->rows.n, .taught = (int64_t)c->known.n,
                       .checked = c->cal.checked, .right = c->cal.right, .answered = (int64_t)c->answered};
    for (int k = 0; k < c->nclasses; k++)
        out->classes += !c->classes[k].unsorted;
    out->items = ay_arena_alloc(q->out, (n + 1) * sizeof *out->items);
    if (status == AY_OK && !out->items)
        return ay_fail(err, AY_ENOMEM, "looking for questions");
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = describe(q, &picks[i], &out->items[out->n++], err);
    return status;
}

ay_status ay_review_queue(ay_service *s, const char *dataset, int limit, ay_arena *a, ay_review *out, ay_err *err)
{
    ay_arena work;
    asking q = {.c = {.s = s, .a = &work}, .out = a};
    ay_status status;

    *out = (ay_review){0};
    if (limit < 1 || limit > AY_REVIEW_MOST)
        return ay_fail(err, AY_EINVAL, "from 1 to %d questions at once", AY_REVIEW_MOST);
    ay_arena_init(&work, 0);
    ay_encoder_enter(s);
    status = ay_review_gather(&q.c, ay_library_read(dataset), err);
    if (status == AY_OK)
        status = prepare(&q, err);
    if (status == AY_OK)
        status = judge_all(&q, err);
    if (status == AY_OK)
        status = ask_for_names(&q, limit, err);
    if (status == AY_OK)
        status = choose(&q, limit, out, err);
    ay_encoder_leave(s);
    ay_arena_fini(&work);
    return status;
}
