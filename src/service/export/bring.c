/* service/export/bring.c - see bring.h. */
#include "service/export/bring_parts.h"
#include "service/dataset.h"
#include "service/library/change.h"
#include "service/library/intake.h"
#include "service/library/library.h"
#include "service/library/tags.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD = 256, LOAD_BYTES = 48000000, USUAL_BYTES = 20000000, PIECE = 5000 };

static const char *copy(ay_bring *b, const char *s)
{
    return s && *s ? ay_arena_strdup(&b->arena, s) : NULL;
}

ay_status ay_bring_open(ay_bring **out, ay_service *s, const ay_bring_wish *w, ay_err *err)
{
    ay_bring *b = ay_calloc(1, sizeof *b);
    ay_status status;

    *out = NULL;
    if (!b)
        return ay_fail(err, AY_ENOMEM, "opening %s", w->path);
    b->s = s;
    ay_arena_init(&b->arena, 0);
    b->w = (ay_bring_wish){.path = copy(b, w->path), .images = copy(b, w->images), .dataset = copy(b, w->dataset), .klass = copy(b, w->klass),
                           .by = w->by};
    status = b->w.path ? ay_bring_find(b, err) : ay_fail(err, AY_EINVAL, "nothing is named");
    if (status != AY_OK)
        ay_bring_close(b);
    else
        *out = b;
    return status;
}

void ay_bring_close(ay_bring *b)
{
    if (!b)
        return;
    if (b->listed)
        ay_catalog_fini(&b->catalog);
    ay_crate_close(&b->source);
    ay_free(b->record);
    ay_free(b->sha256);
    ay_arena_fini(&b->arena);
    ay_free(b);
}

ay_bring_state ay_bring_now(const ay_bring *b)
{
    ay_bring_state now = b->now;

    now.name = b->catalog.document;
    now.format = b->catalog.format;
    now.problems = b->catalog.problems;
    now.nproblems = b->catalog.nproblems;
    now.more_problems = b->catalog.more;
    now.notes = b->catalog.notes;
    now.nnotes = b->catalog.nnotes;
    return now;
}

json_t *ay_bring_json(const ay_bring_state *now)
{
    json_t *notes = json_array();

    for (int k = 0; k < now->nnotes; k++)
        json_array_append_new(notes, json_string(now->notes[k]));
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "document", now->name ? now->name : "", "format",
                     now->format ? now->format : "", "rows", (json_int_t)now->rows, "pictures", (json_int_t)now->pictures, "missing",
                     (json_int_t)now->missing, "passed", (json_int_t)now->passed, "classes", (json_int_t)now->classes, "tags", (json_int_t)now->tags,
                     "albums", (json_int_t)now->albums, "known", (json_int_t)now->known, "queued", (json_int_t)now->queued, "same",
                     (json_int_t)now->same, "refused", (json_int_t)now->refused, "tagged", (json_int_t)now->tagged, "in_albums", (json_int_t)now->put,
                     "notes", notes);
}

/* ---- into the queue */

typedef struct {
    ay_bring *b;
    uint32_t record[LOAD];
    const char *name[LOAD]; /* of the member */
    ay_buf bytes[LOAD];
    int order[LOAD]; /* by class */
    int n;
    size_t size;
    int64_t done, total;
    int64_t *batch;
    ay_bring_go go;
    void *ctx;
    const char *made; /* the class that was made last */
} loading;

static const char *class_of(const loading *l, int i)
{
    const char *k = l->b->w.klass ? l->b->w.klass : l->b->catalog.records[l->record[i]].klass;

    return k ? k : "";
}

static int by_class(const void *x, const void *y, void *ctx)
{
    const loading *l = ctx;
    int a = *(const int *)x, b = *(const int *)y, d = strcmp(class_of(l, a), class_of(l, b));

    return d ? d : (a > b) - (a < b);
}

/* By name, always: a class that is called 12 is not the one with that id. */
static ay_status make_class(loading *l, const char *klass, ay_err *err)
{
    const char *dataset;
    ay_arena a;
    ay_status status;

    if (!*klass || (l->made && strcmp(l->made, klass) == 0))
        return AY_OK;
    ay_arena_init(&a, 0);
    status = ay_library_or(l->b->s, l->b->w.dataset, &a, &dataset, err);
    if (status == AY_OK)
        status = ay_class_create(l->b->s, dataset, klass, NULL, err);
    ay_arena_fini(&a);
    l->made = klass;
    return status == AY_EEXISTS ? AY_OK : status;
}

static void refuse(loading *l, uint32_t record, const char *why)
{
    ay_catalog_record *r = &l->b->catalog.records[record];

    ay_catalog_problem(&l->b->catalog, r->at, "%.200s: %s", r->file, why);
    l->b->now.refused++;
}

static ay_status put(loading *l, int from, int to, ay_err *err)
{
    const char *klass = class_of(l, l->order[from]);
    ay_intake_target target = {l->b->w.dataset, *klass ? klass : NULL, false};
    ay_intake_file files[LOAD];
    ay_intake_taken *taken = ay_calloc((size_t)(to - from), sizeof *taken);
    char *sources = ay_alloc((size_t)(to - from), 5200);
    ay_status status = taken && sources ? make_class(l, klass, err) : ay_fail(err, AY_ENOMEM, "queueing pictures");

    for (int i = from; i < to && status == AY_OK; i++) {
        int k = l->order[i];
        const ay_catalog_record *r = &l->b->catalog.records[l->record[k]];
        char *source = sources + (size_t)(i - from) * 5200;
        snprintf(source, 5200, "%s/%s", l->b->source.path, l->name[k]);
        files[i - from] = (ay_intake_file){.file = r->name ? r->name : l->name[k], .source = source, .bytes = l->bytes[k].data, .n = l->bytes[k].len,
                                           .expect = r->sha256};
    }
    if (status == AY_OK)
        status = ay_intake_add(l->b->s, &target, l->b->w.path, files, (size_t)(to - from), taken, l->batch, err);
    for (int i = from; i < to && status == AY_OK; i++) {
        const ay_intake_taken *t = &taken[i - from];
        uint32_t record = l->record[l->order[i]];
        if (t->status != AY_OK) {
            refuse(l, record, t->err.msg);
            continue;
        }
        memcpy(l->b->sha256[record], t->sha256, AY_SHA256_HEX);
        l->b->now.queued += !t->there;
        l->b->now.same += t->there;
    }
    ay_free(taken);
    ay_free(sources);
    return status;
}

static ay_status flush(loading *l, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < l->n; i++)
        l->order[i] = i;
    qsort_r(l->order, (size_t)l->n, sizeof *l->order, by_class, l);
    for (int i = 0, to; i < l->n && status == AY_OK; i = to) {
        for (to = i + 1; to < l->n && strcmp(class_of(l, l->order[to]), class_of(l, l->order[i])) == 0;)
            to++;
        status = put(l, i, to, err);
        if (status == AY_EINVAL) { /* no class, or one that cannot be: these pictures, not all */
            for (int k = i; k < to; k++)
                refuse(l, l->record[l->order[k]], err->msg);
            status = AY_OK;
        }
    }
    for (int i = 0; i < l->n; i++)
        ay_buf_fini(&l->bytes[i]);
    l->done += l->n;
    l->n = 0;
    l->size = 0;
    if (status == AY_OK && l->go && !l->go(l->ctx, l->done, l->total))
        status = ay_fail(err, AY_ECANCELLED, "stopped");
    return status;
}

static ay_status take(void *ctx, size_t member, ay_buf *bytes, const char *why, ay_err *err)
{
    loading *l = ctx;
    uint32_t record = l->b->record[member] - 1;

    if (!bytes) {
        refuse(l, record, why);
        l->done++;
        return AY_OK;
    }
    l->record[l->n] = record;
    l->name[l->n] = l->b->source.list[member].name;
    l->bytes[l->n] = *bytes;
    *bytes = (ay_buf){0};
    l->size += l->bytes[l->n++].len;
    return l->n == LOAD || l->size > LOAD_BYTES ? flush(l, err) : AY_OK;
}

ay_status ay_bring_queue(ay_bring *b, ay_bring_go go, void *ctx, int64_t *batch, ay_err *err)
{
    size_t most = b->s->limits.max_bytes ? b->s->limits.max_bytes : USUAL_BYTES;
    loading *l = ay_calloc(1, sizeof *l);
    uint8_t *want = ay_calloc(b->source.n + 1, 1);
    ay_status status = l && want ? ay_bring_note(b, err) : ay_fail(err, AY_ENOMEM, "queueing pictures");

    b->now.queued = b->now.same = b->now.refused = 0;
    for (size_t i = 0; status == AY_OK && i < b->source.n; i++)
        want[i] = b->record[i] != 0;
    if (status == AY_OK) {
        *l = (loading){.b = b, .total = b->now.pictures, .batch = batch, .go = go, .ctx = ctx};
        status = ay_crate_walk(&b->source, want, most, take, l, err);
        if (status == AY_OK)
            status = flush(l, err);
        for (int i = 0; i < l->n; i++)
            ay_buf_fini(&l->bytes[i]);
    }
    ay_free(want);
    ay_free(l);
    return status;
}

/* ---- tags, albums, times */

typedef struct {
    const char *label;
    int64_t position;
    uint32_t record;
} labelled;

static int by_label(const void *x, const void *y)
{
    const labelled *a = x, *b = y;
    int d = strcmp(a->label, b->label);

    if (d)
        return d;
    return a->position != b->position ? (a->position > b->position) - (a->position < b->position) : (a->record > b->record) - (a->record < b->record);
}

/* A run of one label; pictures that did not come in after all are passed over. */
static ay_status put_label(ay_bring *b, ay_shelf_kind kind, const labelled *list, size_t n, const char **names, ay_err *err)
{
    ay_which which = {.dataset = b->w.dataset, .sha256 = names, .n = n};
    ay_change_of_pictures what = {.nadd = 0};
    char undo[AY_UNDO_SIZE];
    ay_changed done;
    ay_status status;
    ay_arena a;
    int64_t id;

    for (size_t i = 0; i < n; i++)
        names[i] = b->sha256[list[i].record];
    if (kind == AY_SHELF_TAG)
        what.add[what.nadd++] = list->label;
    else
        what.album_add = list->label;
    ay_arena_init(&a, 0);
    status = ay_library_or(b->s, which.dataset, &a, &which.dataset, err);
    if (status == AY_OK) /* by this name to the letter: an album that is called 12 is not the one with that id */
        status = ay_label_create(b->s, kind, list->label, "", &id, undo, err);
    if (status == AY_OK || status == AY_EEXISTS)
        status = ay_change_pictures(b->s, &which, &what, &a, &done, err);
    if (status == AY_OK) {
        b->now.tagged += done.tagged;
        b->now.put += done.put;
    }
    ay_arena_fini(&a);
    return status == AY_ENOTFOUND ? AY_OK : status; /* none of them came in */
}

static ay_status put_labels(ay_bring *b, ay_shelf_kind kind, ay_err *err)
{
    ay_catalog *c = &b->catalog;
    size_t n = 0, at = 0;
    labelled *list;
    const char **names;
    ay_status status = AY_OK;

    for (size_t i = 0; i < c->n; i++)
        n += (size_t)(kind == AY_SHELF_TAG ? c->records[i].ntags : c->records[i].nalbums);
    list = ay_alloc(n + 1, sizeof *list);
    names = ay_alloc(n + 1, sizeof *names);
    if (!list || !names)
        status = ay_fail(err, AY_ENOMEM, "putting tags on");
    for (size_t i = 0; i < c->n && status == AY_OK; i++) {
        const ay_catalog_record *r = &c->records[i];
        for (int k = 0; b->sha256[i][0] && k < (kind == AY_SHELF_TAG ? r->ntags : r->nalbums); k++)
            list[at++] = kind == AY_SHELF_TAG ? (labelled){r->tags[k], 0, (uint32_t)i} : (labelled){r->albums[k].name, r->albums[k].position, (uint32_t)i};
    }
    if (status == AY_OK && at)
        qsort(list, at, sizeof *list, by_label);
    for (size_t i = 0, to; i < at && status == AY_OK; i = to) {
        for (to = i + 1; to < at && strcmp(list[to].label, list[i].label) == 0;)
            to++;
        status = put_label(b, kind, list + i, to - i, names, err);
    }
    ay_free(list);
    ay_free(names);
    return status;
}

static ay_status put_times(ay_bring *b, ay_err *err)
{
    const char *names[PIECE];
    int64_t times[PIECE];
    ay_status status = AY_OK;
    size_t n = 0;

    for (size_t i = 0; i <= b->catalog.n && status == AY_OK; i++) {
        if (i < b->catalog.n && b->sha256[i][0] && b->catalog.records[i].added_us > 0) {
            names[n] = b->sha256[i];
            times[n++] = b->catalog.records[i].added_us;
        }
        if (n == PIECE || (i == b->catalog.n && n > 0)) {
            status = ay_change_earlier(b->s, b->w.dataset, names, times, n, err);
            n = 0;
        }
    }
    return status;
}

ay_status ay_bring_finish(ay_bring *b, ay_err *err)
{
    ay_status status = put_times(b, err);

    if (status == AY_OK)
        status = put_labels(b, AY_SHELF_TAG, err);
    if (status == AY_OK)
        status = put_labels(b, AY_SHELF_ALBUM, err);
    if (status == AY_OK)
        ay_bring_unnote(b);
    return status;
}
