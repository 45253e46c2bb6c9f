/* service/export/list.c - see list.h. */
#include "service/export/list.h"

#include "base/mem.h"
#include "service/internal.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    ay_service *s;
    const ay_gallery *g;
    ay_export_list *l;
    uint32_t *rows;
    int *classes; /* gallery's class -> ours; -1: none of ours, or not sorted */
    uint32_t *marks; /* of items */
    uint32_t most; /* of them */
} reading;

static ay_status no_memory(ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "listing pictures for an export");
}

/* ---- which rows */

static ay_status rows_by_name(reading *r, const ay_which *w, ay_err *err)
{
    uint8_t *seen = ay_arena_alloc(&r->l->arena, r->g->n + 1);

    r->rows = ay_arena_alloc(&r->l->arena, (w->n + 1) * sizeof *r->rows);
    if (!seen || !r->rows)
        return no_memory(err);
    for (size_t i = 0; i < w->n; i++) {
        const ay_gallery_item *it;
        if (!ay_sha256_valid(w->sha256[i]))
            return ay_fail(err, AY_EINVAL, "picture number %zu: a picture is named by 64 lower-case hex digits", i + 1);
        it = ay_gallery_find(r->g, w->sha256[i]);
        if (!it)
            r->l->missing++;
        else if (!seen[it - r->g->items]++)
            r->rows[r->l->n++] = (uint32_t)(it - r->g->items);
    }
    return AY_OK;
}

static int by_age(const void *x, const void *y, void *gallery)
{
    const ay_gallery *g = gallery;
    const ay_gallery_item *a = &g->items[*(const uint32_t *)x], *b = &g->items[*(const uint32_t *)y];

    return a->added_us != b->added_us ? (a->added_us > b->added_us) - (a->added_us < b->added_us) : strcmp(a->sha256, b->sha256);
}

static ay_status leave_out(reading *r, const char *const *except, size_t n, ay_err *err)
{
    uint8_t *out = ay_arena_alloc(&r->l->arena, r->g->n + 1);
    size_t kept = 0;

    if (!out)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const ay_gallery_item *it = ay_sha256_valid(except[i]) ? ay_gallery_find(r->g, except[i]) : NULL;
        if (it)
            out[it - r->g->items] = 1;
    }
    for (size_t i = 0; i < r->l->n; i++)
        if (!out[r->rows[i]])
            r->rows[kept++] = r->rows[i];
    r->l->n = kept;
    return AY_OK;
}

static ay_status find_rows(reading *r, const ay_which *w, ay_err *err)
{
    static const ay_picture_filter all = {.n = 0};
    const ay_picture_filter *f = w->filter ? w->filter : &all;
    ay_status status;

    if (w->sha256)
        status = rows_by_name(r, w, err);
    else
        status = ay_filter_rows(r->s, r->g, f, &r->l->arena, &r->rows, &r->l->n, err);
    if (status == AY_OK && w->nexcept > 0)
        status = leave_out(r, w->except, w->nexcept, err);
    if (status == AY_OK && r->l->n == 0)
        status = w->sha256   ? ay_fail(err, AY_ENOTFOUND, "none of these %zu pictures is in data set \"%s\"", w->n, r->g->name)
                 : f->n > 0  ? ay_fail(err, AY_ENOTFOUND, "no picture of data set \"%s\" fits the filter: nothing to export", r->g->name)
                             : ay_fail(err, AY_ENOTFOUND, "data set \"%s\" has no pictures: nothing to export (another data set may)", r->g->name);
    if (status == AY_OK && !(f->ordered && !w->sha256))
        qsort_r(r->rows, r->l->n, sizeof *r->rows, by_age, (void *)(uintptr_t)r->g);
    return status;
}

/* ---- classes */

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static ay_status read_classes(reading *r, ay_err *err)
{
    size_t n = (size_t)r->g->nclasses;
    ay_export_list *l = r->l;
    uint8_t *used = ay_arena_alloc(&l->arena, n + 1);

    r->classes = ay_arena_alloc(&l->arena, (n + 1) * sizeof *r->classes);
    l->classes = ay_arena_alloc(&l->arena, (n + 1) * sizeof *l->classes);
    if (!used || !r->classes || !l->classes)
        return no_memory(err);
    for (size_t i = 0; i < l->n; i++)
        used[r->g->items[r->rows[i]].klass] = 1;
    for (size_t k = 0; k < n; k++)
        if (used[k] && r->g->classes[k].kind != AY_KIND_UNSORTED)
            if (!(l->classes[l->nclasses++] = ay_arena_strdup(&l->arena, r->g->classes[k].name)))
                return no_memory(err);
    if (l->nclasses)
        qsort(l->classes, (size_t)l->nclasses, sizeof *l->classes, by_text);
    for (size_t k = 0; k < n; k++) {
        const char *name = r->g->classes[k].name;
        const char **at = used[k] && r->g->classes[k].kind != AY_KIND_UNSORTED
                              ? bsearch(&name, l->classes, (size_t)l->nclasses, sizeof *l->classes, by_text)
                              : NULL;
        r->classes[k] = at ? (int)(at - l->classes) : -1;
    }
    return AY_OK;
}

/* ---- tags and albums; under marks->lock */

static const char **tag_names(reading *r, ay_err *err)
{
    const ay_mark_list *tags = &r->s->marks->of[AY_SHELF_TAG];
    const char **names = ay_arena_alloc(&r->l->arena, ((size_t)tags->n + 1) * sizeof *names);

    for (int i = 0; names && i < tags->n; i++)
        if (!(names[i] = ay_arena_strdup(&r->l->arena, tags->list[i].name)))
            names = NULL;
    if (!names)
        no_memory(err);
    return names;
}

typedef struct {
    int64_t id;
    const char *name;
} tag_entry;

static int by_id(const void *x, const void *y)
{
    const tag_entry *a = x, *b = y;

    return (a->id > b->id) - (a->id < b->id);
}

static ay_status read_tags(reading *r, ay_err *err)
{
    const ay_mark_list *tags = &r->s->marks->of[AY_SHELF_TAG];
    tag_entry *ids = ay_arena_alloc(&r->l->arena, ((size_t)tags->n + 1) * sizeof *ids);
    const char **names = ids ? tag_names(r, err) : NULL;

    if (!ids || !names)
        return no_memory(err);
    for (int i = 0; i < tags->n; i++)
        ids[i] = (tag_entry){tags->list[i].id, names[i]};
    qsort(ids, (size_t)tags->n, sizeof *ids, by_id);
    for (size_t i = 0; i < r->l->n; i++) {
        const ay_marked *p = &r->s->marks->picture[r->marks[i] - 1];
        ay_export_item *it = &r->l->items[i];
        if (p->n > 0 && !(it->tags = ay_arena_alloc(&r->l->arena, p->n * sizeof *it->tags)))
            return no_memory(err);
        for (uint32_t k = 0; k < p->n; k++) {
            tag_entry key = {p->tags[k], NULL}, *at = bsearch(&key, ids, (size_t)tags->n, sizeof *ids, by_id);
            if (at)
                it->tags[it->ntags++] = at->name;
        }
        if (it->ntags > 1)
            qsort(it->tags, (size_t)it->ntags, sizeof *it->tags, by_text);
    }
    return AY_OK;
}

/* Whose mark is this?  The item's number + 1; 0: of none that is exported. */
static uint32_t *rows_of_marks(reading *r)
{
    uint32_t *of = ay_arena_alloc(&r->l->arena, ((size_t)r->most + 1) * sizeof *of);

    for (size_t i = 0; of && i < r->l->n; i++)
        of[r->marks[i]] = (uint32_t)i + 1;
    return of;
}

static int by_mark_name(const void *x, const void *y)
{
    return strcmp((*(const ay_mark *const *)x)->name, (*(const ay_mark *const *)y)->name);
}

/* The albums of a list in order of name; those without exported pictures are left out. */
static ay_status read_albums(reading *r, ay_err *err)
{
    const ay_mark_list *albums = &r->s->marks->of[AY_SHELF_ALBUM];
    const ay_mark **order = ay_arena_alloc(&r->l->arena, ((size_t)albums->n + 1) * sizeof *order);
    uint32_t *of = rows_of_marks(r);
    ay_export_list *l = r->l;

    l->albums = ay_arena_alloc(&l->arena, ((size_t)albums->n + 1) * sizeof *l->albums);
    if (!of || !order || !l->albums)
        return no_memory(err);
    for (int k = 0; k < albums->n; k++)
        order[k] = &albums->list[k];
    qsort(order, (size_t)albums->n, sizeof *order, by_mark_name);
    for (int pass = 0; pass < 2; pass++) { /* count, then fill */
        for (size_t i = 0; i < l->n && pass == 1; i++) {
            ay_export_item *it = &l->items[i];
            if (it->nalbums > 0 && !(it->albums = ay_arena_alloc(&l->arena, (size_t)it->nalbums * sizeof *it->albums)))
                return no_memory(err);
            it->nalbums = 0;
        }
        l->nalbums = 0;
        for (int k = 0; k < albums->n; k++) {
            int position = 0;
            for (size_t i = 0; i < order[k]->n; i++) {
                uint32_t mark = order[k]->pictures[i], row = mark <= r->most ? of[mark] : 0;
                ay_export_item *it = row ? &l->items[row - 1] : NULL;
                if (it && pass == 1)
                    it->albums[it->nalbums] = (ay_export_place){l->nalbums, ++position};
                if (it)
                    it->nalbums++, position += pass == 0;
            }
            if (position > 0 && !(l->albums[l->nalbums++] = ay_arena_strdup(&l->arena, order[k]->name)))
                return no_memory(err);
        }
    }
    return AY_OK;
}

static ay_status read_marks(reading *r, ay_err *err)
{
    ay_marks *m = r->s->marks;
    ay_status status = AY_OK;

    r->marks = ay_arena_alloc(&r->l->arena, (r->l->n + 1) * sizeof *r->marks);
    if (!r->marks)
        return no_memory(err);
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < r->l->n && status == AY_OK; i++) {
        r->marks[i] = ay_marks_item(m, &r->g->items[r->rows[i]]);
        r->most = r->marks[i] > r->most ? r->marks[i] : r->most;
        if (r->marks[i] == AY_MARKS_NONE)
            status = no_memory(err);
    }
    if (status == AY_OK)
        status = read_tags(r, err);
    if (status == AY_OK)
        status = read_albums(r, err);
    pthread_mutex_unlock(&m->lock);
    return status;
}

/* ---- the pictures */

static ay_status read_items(reading *r, ay_err *err)
{
    ay_export_list *l = r->l;

    l->items = ay_arena_alloc(&l->arena, (l->n + 1) * sizeof *l->items);
    if (!l->items || !(l->dataset = ay_arena_strdup(&l->arena, r->g->name)))
        return no_memory(err);
    for (size_t i = 0; i < l->n; i++) {
        const ay_gallery_item *from = &r->g->items[r->rows[i]];
        ay_export_item *it = &l->items[i];
        *it = (ay_export_item){.file = ay_arena_strdup(&l->arena, from->file), .format = ay_arena_strdup(&l->arena, from->format),
                               .camera = *from->camera ? ay_arena_strdup(&l->arena, from->camera) : "", .klass = r->classes[from->klass],
                               .added_us = from->added_us, .taken_us = from->taken_us, .bytes = from->bytes, .width = from->width,
                               .height = from->height};
        memcpy(it->sha256, from->sha256, sizeof it->sha256);
        if (!it->file || !it->format || !it->camera)
            return no_memory(err);
        l->bytes += it->bytes;
        l->newest_us = it->added_us > l->newest_us ? it->added_us : l->newest_us;
    }
    return AY_OK;
}

static ay_status read_all(reading *r, const ay_which *which, ay_err *err)
{
    ay_status status = find_rows(r, which, err);

    if (status == AY_OK)
        status = read_classes(r, err);
    if (status == AY_OK)
        status = read_items(r, err);
    return status == AY_OK ? read_marks(r, err) : status;
}

ay_status ay_export_list_read(ay_service *s, const ay_which *which, ay_export_list *out, ay_err *err)
{
    reading r = {.s = s, .l = out};
    ay_gallery *g = NULL;
    ay_status status;

    *out = (ay_export_list){.n = 0};
    ay_arena_init(&out->arena, 0);
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, ay_library_read(which->dataset), &g, err);
    r.g = g;
    if (status == AY_OK)
        status = read_all(&r, which, err);
    pthread_rwlock_unlock(&s->lock);
    return status;
}

void ay_export_list_fini(ay_export_list *l)
{
    ay_arena_fini(&l->arena);
}
