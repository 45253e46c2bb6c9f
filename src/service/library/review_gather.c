/* service/library/review_gather.c - what is taught, what may be asked, and what the other voices say. */
#include "service/library/review_parts.h"

#include "base/clock.h"
#include "service/library/library.h"
#include "service/words/sift.h"
#include "service/words/wordy.h"
#include "store/ledger.h"
#include "store/review.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 200, MOST_SAID = 20000, MOST_ANSWERS = 1000000, MOST_ROWS = 20000 };
#define WORK 1.5e8 /* cosines */

static ay_status no_memory(ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "looking for questions");
}

static bool has_class(const ay_gallery *g, const ay_gallery_item *it)
{
    return g->classes[it->klass].kind != AY_KIND_UNSORTED;
}

static bool copy_row(const ay_review_scene *c, const ay_gallery *g, size_t i, ay_rows *rows, ay_review_face *face)
{
    const ay_gallery_item *it = &g->items[i];
    float *to = (float *)(uintptr_t)rows->rows + rows->n * (size_t)c->dim; /* ours: it was made in this file */

    memcpy(to, g->vectors + i * (size_t)c->dim, (size_t)c->dim * sizeof *to);
    memcpy(face[rows->n].sha256, it->sha256, sizeof it->sha256);
    face[rows->n].klass = has_class(g, it) ? it->klass : -1;
    face[rows->n].model = NULL;
    return (face[rows->n++].file = ay_arena_strdup(c->a, it->file)) != NULL;
}

static bool make_rows(const ay_review_scene *c, size_t room, ay_rows *rows, ay_review_face **face)
{
    *rows = (ay_rows){ay_arena_alloc(c->a, (room + 1) * (size_t)c->dim * sizeof(float)), 0, c->dim};
    *face = ay_arena_alloc(c->a, (room + 1) * sizeof **face);
    return rows->rows && *face;
}

/* ---- what is taught; the galleries are held */

static ay_status copy_classes(ay_review_scene *c, const ay_gallery *g, ay_err *err)
{
    c->dataset = g->id;
    c->dim = g->dim;
    c->nclasses = g->nclasses;
    c->name = ay_arena_strdup(c->a, g->name);
    c->classes = ay_arena_alloc(c->a, (size_t)(g->nclasses + 1) * sizeof *c->classes);
    if (!c->name || !c->classes)
        return no_memory(err);
    for (int k = 0; k < g->nclasses; k++) {
        const ay_gallery_class *from = &g->classes[k];
        c->classes[k] = (ay_review_class){from->id, ay_arena_strdup(c->a, from->name), from->kind == AY_KIND_UNSORTED, from->images};
        if (!c->classes[k].name)
            return no_memory(err);
    }
    return AY_OK;
}

static ay_status copy_known(ay_review_scene *c, const ay_gallery *g, ay_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < g->nready; i++)
        n += has_class(g, &g->items[i]);
    c->klass = ay_arena_alloc(c->a, (n + 1) * sizeof *c->klass);
    c->ids = ay_arena_alloc(c->a, (n + 1) * sizeof *c->ids);
    if (!c->klass || !c->ids || !make_rows(c, n, &c->known, &c->taught))
        return no_memory(err);
    for (size_t i = 0; i < g->nready; i++) {
        if (!has_class(g, &g->items[i]))
            continue;
        c->klass[c->known.n] = g->items[i].klass;
        c->ids[c->known.n] = g->items[i].member;
        if (!copy_row(c, g, i, &c->known, c->taught))
            return no_memory(err);
    }
    return AY_OK;
}

static ay_status calibrate(ay_review_scene *c, ay_err *err)
{
    c->cal = (ay_calibration){.temperature = AY_TEMPERATURE, .threshold = -1, .odd = -1};
    return c->known.n > 0 ? ay_calibrate(&c->known, c->klass, c->nclasses, c->s->threads, NULL, &c->cal, err) : AY_OK;
}

void ay_review_vote(const ay_review_scene *c, const float *scores, ay_tally *tally, int *best, int *second)
{
    *best = *second = -1;
    if (c->known.n == 0)
        return;
    ay_tally_make(scores, c->klass, c->ids, c->known.n, c->nclasses, c->cal.temperature, tally);
    for (int k = 0; k < c->nclasses; k++) {
        if (tally[k].samples == 0)
            continue;
        if (*best < 0 || tally[k].share > tally[*best].share) {
            *second = *best;
            *best = k;
        } else if (*second < 0 || tally[k].share > tally[*second].share)
            *second = k;
    }
}

static ay_status find_taught(ay_review_scene *c, const char *dataset, ay_gallery **g, ay_err *err)
{
    ay_status status = ay_service_find(c->s, dataset, g, err);

    if (status == AY_OK)
        status = copy_classes(c, *g, err);
    return status == AY_OK ? copy_known(c, *g, err) : status;
}

ay_status ay_review_known(ay_review_scene *c, const char *dataset, ay_err *err)
{
    ay_gallery *g;
    ay_status status;

    pthread_rwlock_rdlock(&c->s->lock);
    status = find_taught(c, dataset, &g, err);
    pthread_rwlock_unlock(&c->s->lock);
    return status == AY_OK ? calibrate(c, err) : status;
}

/* ---- what may be asked */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef struct {
    const ay_gallery *g;
    uint32_t *item;
    size_t n;
    const char **skipped, **settled; /* digests, in order */
    size_t nskipped, nsettled;
} listing;

/* Digests that are not asked about again, in order: skipped ones, and those whose class a person named or confirmed.  One that has no
 * class, although it was given one, is asked about: the answer was changed since. */
static ay_status list_answered(ay_review_scene *c, int64_t dataset, listing *l, ay_err *err)
{
    ay_store_review *list = NULL;
    size_t n = 0;
    ay_status status = ay_store_review_list(c->s->store, dataset, 0, MOST_ANSWERS, c->a, &list, &n, err);

    if (status != AY_OK)
        return status;
    l->skipped = ay_arena_alloc(c->a, (n + 1) * sizeof *l->skipped);
    l->settled = ay_arena_alloc(c->a, (n + 1) * sizeof *l->settled);
    if (!l->skipped || !l->settled)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].answer, "skip") == 0)
            l->skipped[l->nskipped++] = list[i].sha256;
        else
            l->settled[l->nsettled++] = list[i].sha256;
    }
    if (l->nskipped)
        qsort(l->skipped, l->nskipped, sizeof *l->skipped, by_text);
    if (l->nsettled)
        qsort(l->settled, l->nsettled, sizeof *l->settled, by_text);
    c->answered = l->nsettled;
    return AY_OK;
}

static bool was_answered(const listing *l, const char *sha256, bool classed)
{
    return (l->nskipped && bsearch(&sha256, l->skipped, l->nskipped, sizeof *l->skipped, by_text)) ||
           (classed && l->nsettled && bsearch(&sha256, l->settled, l->nsettled, sizeof *l->settled, by_text));
}

/* Rows of l->g that are to be asked about: without a class and not in `taught`, or with one. */
static bool list_rows(const ay_review_scene *c, listing *l, const ay_gallery *taught, bool classed)
{
    l->n = 0;
    l->item = ay_arena_alloc(c->a, (l->g->nready + 1) * sizeof *l->item);
    for (size_t i = 0; l->item && i < l->g->nready; i++) {
        const ay_gallery_item *it = &l->g->items[i];
        if (has_class(l->g, it) == classed && (classed || l->g == taught || !ay_gallery_find(taught, it->sha256)) &&
            !was_answered(l, it->sha256, classed))
            l->item[l->n++] = (uint32_t)i;
    }
    return l->item != NULL;
}

/* At most `most` of them, evenly chosen, others each day, as candidates. */
static ay_status take_rows(ay_review_scene *c, const listing *l, size_t most, ay_err *err)
{
    size_t n = l->n < most ? l->n : most, day = (size_t)(ay_clock_wall() / 86400000000);

    for (size_t k = 0; k < n; k++)
        if (!copy_row(c, l->g, l->item[n == l->n ? k : (k * l->n + day % l->n) / n % l->n], &c->rows, c->face))
            return no_memory(err);
    return AY_OK;
}

static ay_status list_candidates(ay_review_scene *c, const ay_gallery *taught, listing *l, ay_err *err)
{
    size_t most = c->known.n ? (size_t)(WORK / 2 / (double)c->known.n) : MOST_ROWS, room = taught->nready;
    ay_status status = AY_OK;

    most = most > MOST_ROWS ? MOST_ROWS : most;
    for (int i = 0; i < c->s->ngalleries; i++)
        if (c->s->galleries[i]->kind == AY_KIND_LIBRARY)
            room += c->s->galleries[i]->nready;
    room = room < 2 * most ? room : 2 * most;
    if (!make_rows(c, room, &c->rows, &c->face))
        return no_memory(err);
    for (int i = 0; i < c->s->ngalleries && status == AY_OK; i++) {
        l->g = c->s->galleries[i];
        if (l->g->kind != AY_KIND_LIBRARY)
            continue;
        status = list_rows(c, l, taught, false) ? take_rows(c, l, most, err) : no_memory(err);
        c->waiting += (int64_t)l->n;
    }
    c->unsorted = c->rows.n;
    l->g = taught;
    if (status == AY_OK)
        status = list_rows(c, l, taught, true) ? take_rows(c, l, most, err) : no_memory(err);
    return status;
}

/* ---- the other voices */

/* Vectors of the classes' names that the encoder reads whole; silence where it reads none, or fails. */
static ay_status hear_words(ay_review_scene *c, ay_err *err)
{
    int n = c->nclasses < MOST_NAMES ? c->nclasses : MOST_NAMES;
    const char **name = ay_arena_alloc(c->a, ((size_t)n + 1) * sizeof *name);

    c->name_class = ay_arena_alloc(c->a, ((size_t)n + 1) * sizeof *c->name_class);
    c->names = ay_arena_alloc(c->a, ((size_t)n + 1) * (size_t)c->dim * sizeof *c->names);
    if (!name || !c->name_class || !c->names)
        return no_memory(err);
    if (ay_wordy_pair(c->s, NULL) != AY_OK)
        return AY_OK;
    for (int k = 0; k < n; k++) {
        ay_words_text read = {0};
        if (c->classes[k].unsorted || c->classes[k].images == 0 ||
            ay_sift_one(&c->s->words->reader, c->classes[k].name, c->a, &read, NULL) != AY_OK || read.known == 0 || read.nunknown > 0)
            continue;
        name[c->nnames] = c->classes[k].name;
        c->name_class[c->nnames++] = k;
    }
    if (c->nnames < 2 || ay_wordy_embed(c->s, name, c->nnames, c->names, NULL) != AY_OK)
        c->nnames = 0;
    return AY_OK;
}

typedef struct {
    const char *sha256, *label;
} said;

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const said *)a)->sha256, ((const said *)b)->sha256);
}

/* What the active trained model said of these pictures, when it was asked. */
static ay_status hear_model(ay_review_scene *c, ay_err *err)
{
    ay_store_prediction_filter f = {.model = c->s->active_id, .status = "success"};
    ay_store_prediction *list = NULL;
    size_t n = 0;
    said *index;
    ay_status status;

    if (f.model == 0)
        return AY_OK;
    status = ay_store_prediction_list(c->s->store, &f, MOST_SAID, c->a, &list, &n, err);
    if (status != AY_OK || n == 0)
        return status;
    index = ay_arena_alloc(c->a, n * sizeof *index);
    if (!index)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        index[i] = (said){list[i].sha256, list[i].label};
    qsort(index, n, sizeof *index, by_digest);
    for (size_t i = 0; i < c->rows.n; i++) {
        said key = {c->face[i].sha256, NULL};
        const said *it = bsearch(&key, index, n, sizeof *index, by_digest);
        c->face[i].model = it ? it->label : NULL;
    }
    return AY_OK;
}

static ay_status dataset_id(ay_service *s, const char *dataset, int64_t *id, ay_err *err)
{
    ay_gallery *g;
    ay_status status;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    *id = status == AY_OK ? g->id : 0;
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_review_gather(ay_review_scene *c, const char *dataset, ay_err *err)
{
    listing l = {0};
    ay_gallery *g;
    int64_t id;
    ay_status status = dataset_id(c->s, dataset, &id, err);

    if (status == AY_OK)
        status = list_answered(c, id, &l, err);
    if (status != AY_OK)
        return status;
    pthread_rwlock_rdlock(&c->s->lock);
    status = find_taught(c, dataset, &g, err);
    if (status == AY_OK)
        status = list_candidates(c, g, &l, err);
    pthread_rwlock_unlock(&c->s->lock);
    if (status == AY_OK)
        status = calibrate(c, err);
    if (status == AY_OK)
        status = hear_words(c, err);
    return status == AY_OK ? hear_model(c, err) : status;
}
