/* service/library/review_answer.c - an answer is kept and taught; what the answers have brought. */
#include "service/library/review.h"

#include "base/str.h"
#include "service/dataset.h"
#include "service/library/change.h"
#include "service/library/library.h"
#include "service/library/review_parts.h"
#include "store/review.h"

#include <stdlib.h>
#include <string.h>

enum { RECENT = 20, MOST_ANSWERS = 1000000 };

typedef struct {
    ay_service *s;
    const ay_review_answer *in;
    ay_arena a;
    const char *dataset, *library;
    const char **sha256; /* the picture, then its copies */
    size_t n;
    bool there;        /* it is in the data set */
    const char *own;   /* its class there, not the unsorted one; NULL: none */
    const char *guess; /* "" when there is none */
    ay_review_scene c;
} giving;

/* ---- what the program would have said */

static ay_status find_vector(giving *g, float *dst, ay_err *err)
{
    ay_status status = AY_ENOTFOUND;

    pthread_rwlock_rdlock(&g->s->lock);
    for (int i = 0; i < g->s->ngalleries && status != AY_OK; i++) {
        const ay_gallery *it = g->s->galleries[i];
        const ay_gallery_item *item = ay_gallery_find(it, g->in->sha256);
        if (item && (size_t)(item - it->items) < it->nready) {
            memcpy(dst, it->vectors + (size_t)(item - it->items) * (size_t)it->dim, (size_t)it->dim * sizeof *dst);
            status = AY_OK;
        }
    }
    pthread_rwlock_unlock(&g->s->lock);
    return status == AY_OK ? AY_OK : ay_fail(err, AY_ENOTFOUND, "no picture %.12s... with a vector", g->in->sha256);
}

/* The vote about it without itself. */
static ay_status guess(giving *g, ay_err *err)
{
    ay_review_scene *c = &g->c;
    float *v, *scores;
    ay_tally *tally;
    int best, second;
    ay_status status = ay_review_known(c, g->dataset, err);

    g->guess = "";
    if (status != AY_OK || c->known.n == 0)
        return status;
    v = ay_arena_alloc(&g->a, (size_t)c->dim * sizeof *v);
    scores = ay_arena_alloc(&g->a, c->known.n * sizeof *scores);
    tally = ay_arena_alloc(&g->a, ((size_t)c->nclasses + 1) * sizeof *tally);
    if (!v || !scores || !tally)
        return ay_fail(err, AY_ENOMEM, "answering");
    status = find_vector(g, v, err);
    if (status == AY_OK)
        status = ay_search_scores(&c->known, v, 1, g->s->threads, scores, err);
    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < c->known.n; i++)
        if (strcmp(c->taught[i].sha256, g->in->sha256) == 0)
            scores[i] = -1e9f;
    ay_review_vote(c, scores, tally, &best, &second);
    g->guess = best >= 0 ? c->classes[best].name : "";
    return AY_OK;
}

/* ---- the change */

static ay_status look(giving *g, ay_err *err)
{
    ay_gallery *at;
    ay_status status;

    pthread_rwlock_rdlock(&g->s->lock);
    status = ay_service_find(g->s, g->dataset, &at, err);
    if (status == AY_OK) {
        const ay_gallery_item *it = ay_gallery_find(at, g->in->sha256);
        g->there = it != NULL;
        if (it && at->classes[it->klass].kind != AY_KIND_UNSORTED)
            g->own = ay_arena_strdup(&g->a, at->classes[it->klass].name);
    }
    pthread_rwlock_unlock(&g->s->lock);
    return status;
}

static ay_status teach(giving *g, ay_changed *out, ay_err *err)
{
    ay_which which = {.dataset = g->there ? g->dataset : g->library, .sha256 = g->sha256, .n = g->n};
    ay_change_of_pictures what = {.klass = g->in->label};
    ay_status status;

    if (!g->there)
        return ay_change_teach(g->s, &which, g->dataset, g->in->label, &g->a, out, err);
    status = ay_class_create(g->s, g->dataset, g->in->label, NULL, err);
    if (status != AY_OK && status != AY_EEXISTS)
        return status;
    return ay_change_pictures(g->s, &which, &what, &g->a, out, err);
}

static ay_status change(giving *g, ay_changed *out, ay_err *err)
{
    ay_which which = {.dataset = g->there ? g->dataset : g->library, .sha256 = g->sha256, .n = g->n};

    if (strcmp(g->in->answer, "class") == 0)
        return g->own && g->n == 1 && strcmp(g->own, g->in->label) == 0 ? AY_OK : teach(g, out, err);
    if (strcmp(g->in->answer, "delete") == 0)
        return ay_change_pictures(g->s, &which, &(ay_change_of_pictures){.trash = true}, &g->a, out, err);
    return AY_OK;
}

static ay_status keep(giving *g, const ay_changed *done, ay_err *err)
{
    const char *answer = g->in->answer;
    ay_store_review r = {.dataset = g->c.dataset, .why = g->in->why ? g->in->why : "", .answer = answer, .guess = g->guess,
                         .checked = g->c.cal.checked, .right = g->c.cal.right, .token = done->undo};
    ay_status status = AY_OK;

    r.label = strcmp(answer, "class") == 0 ? g->in->label : strcmp(answer, "right") == 0 && g->own ? g->own : "";
    for (size_t i = 0; i < g->n && status == AY_OK; i++) {
        r.sha256 = g->sha256[i];
        r.guess = i == 0 ? g->guess : ""; /* copies prove nothing */
        status = ay_store_review_add(g->s->store, &r, err);
    }
    return status;
}

static ay_status check_answer(const ay_review_answer *in, ay_err *err)
{
    static const char *const known[] = {"class", "right", "skip", "delete"};
    bool ok = false;

    for (size_t i = 0; in->answer && i < 4; i++)
        ok = ok || strcmp(in->answer, known[i]) == 0;
    if (!ok)
        return ay_fail(err, AY_EINVAL, "an answer is class, right, skip or delete");
    if (!in->sha256 || !ay_sha256_valid(in->sha256))
        return ay_fail(err, AY_EINVAL, "a picture is named by 64 lower-case hex digits");
    if (strcmp(in->answer, "class") == 0 && (!in->label || !*in->label))
        return ay_fail(err, AY_EINVAL, "which class? the answer names none");
    if (in->ncopies < 0 || in->ncopies > AY_REVIEW_COPIES)
        return ay_fail(err, AY_ELIMIT, "at most %d copies in one answer", AY_REVIEW_COPIES);
    return AY_OK;
}

static ay_status prepare(giving *g, ay_err *err)
{
    ay_status status = ay_library(g->s, &g->a, &g->library, NULL, err);

    if (status == AY_OK)
        status = ay_library_or(g->s, g->in->dataset, &g->a, &g->dataset, err);
    if (status != AY_OK)
        return status;
    g->sha256 = ay_arena_alloc(&g->a, ((size_t)g->in->ncopies + 1) * sizeof *g->sha256);
    if (!g->sha256)
        return ay_fail(err, AY_ENOMEM, "answering");
    g->sha256[g->n++] = g->in->sha256;
    for (int i = 0; i < g->in->ncopies; i++)
        g->sha256[g->n++] = g->in->copies[i];
    status = look(g, err);
    if (status == AY_OK && strcmp(g->in->answer, "right") == 0 && !g->own)
        status = ay_fail(err, AY_ECONFLICT, "the picture is in no class of \"%s\" that could be right", g->dataset);
    return status;
}

ay_status ay_review_give(ay_service *s, const ay_review_answer *in, char undo[AY_UNDO_SIZE], int64_t *changed, ay_err *err)
{
    giving g = {.s = s, .in = in};
    ay_changed done = {0};
    ay_status status = check_answer(in, err);

    undo[0] = '\0';
    *changed = 0;
    if (status != AY_OK)
        return status;
    ay_arena_init(&g.a, 0);
    g.c = (ay_review_scene){.s = s, .a = &g.a};
    status = prepare(&g, err);
    if (status == AY_OK) {
        ay_encoder_enter(s);
        status = guess(&g, err);
        ay_encoder_leave(s);
    }
    if (status == AY_OK)
        status = change(&g, &done, err);
    if (status == AY_OK)
        status = keep(&g, &done, err);
    if (status == AY_OK) {
        memcpy(undo, done.undo, AY_UNDO_SIZE);
        *changed = done.changed;
    }
    ay_arena_fini(&g.a);
    return status;
}

/* ---- what the answers have brought */

typedef struct {
    int64_t answers, guessed, right;
    bool last[RECENT]; /* of those with a guess, in turn */
} running;

static void count(running *r, const ay_store_review *row)
{
    if (strcmp(row->answer, "skip") == 0)
        return;
    r->answers++;
    if (!*row->guess || !*row->label)
        return;
    r->last[r->guessed++ % RECENT] = strcmp(row->guess, row->label) == 0;
    r->right += strcmp(row->guess, row->label) == 0;
}

static void point(const running *r, const ay_store_review *row, ay_review_point *out)
{
    int64_t n = r->guessed < RECENT ? r->guessed : RECENT, right = 0;

    for (int64_t i = 0; i < n; i++)
        right += r->last[i];
    *out = (ay_review_point){.answers = r->answers, .guessed = r->guessed, .right = r->right,
                             .recent = n ? (double)right / (double)n : -1,
                             .accuracy = row->checked ? (double)row->right / (double)row->checked : -1};
    ay_clock_rfc3339(out->at, row->at_us);
}

ay_status ay_review_progress(ay_service *s, const char *dataset, int most, ay_arena *a, ay_review_point **out, size_t *n, ay_err *err)
{
    ay_store_review *list = NULL;
    running r = {0};
    ay_dataset d;
    size_t rows = 0;
    ay_status status = ay_dataset_get(s, ay_library_read(dataset), a, &d, err);

    *n = 0;
    if (status == AY_OK)
        status = ay_store_review_list(s->store, d.id, 0, MOST_ANSWERS, a, &list, &rows, err);
    *out = status == AY_OK ? ay_arena_alloc(a, ((size_t)most + 2) * sizeof **out) : NULL;
    if (status == AY_OK && !*out)
        return ay_fail(err, AY_ENOMEM, "listing answers");
    for (size_t i = 0, next = 0; i < rows && status == AY_OK; i++) {
        count(&r, &list[i]);
        if (i < next && i + 1 < rows)
            continue;
        point(&r, &list[i], &(*out)[(*n)++]);
        next = rows <= (size_t)most ? i + 1 : (*n) * rows / (size_t)most;
    }
    return status;
}
