#include "service/library/shelf.h"

#include "service/internal.h"
#include "service/library/library.h"
#include "service/library/marks.h"
#include "service/library/opinions_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of the tags of an item, in the tags' order.  Under marks->lock. */
static bool tags_of(ay_service *s, ay_gallery_item *item, ay_arena *a, ay_shelf_item *out)
{
    const ay_mark_list *l = &s->marks->of[AY_SHELF_TAG];
    uint32_t mark = ay_marks_item(s->marks, item), n = mark ? s->marks->picture[mark - 1].n : 0;
    bool ok = mark != AY_MARKS_NONE;

    out->ntags = 0;
    out->tags = ay_arena_alloc(a, (n + 1) * sizeof *out->tags);
    for (int i = 0; i < l->n && ok && out->tags && (uint32_t)out->ntags < n; i++)
        if (ay_marks_has(s->marks, mark, l->list[i].id))
            ok = (out->tags[out->ntags++] = ay_arena_strdup(a, l->list[i].name)) != NULL;
    return ok && out->tags;
}

/* Under marks->lock, after tags_of(): the item has its number. */
static bool opinion_of(const ay_opinion_table *t, const ay_gallery_item *item, ay_arena *a, ay_shelf_item *out)
{
    const ay_opinion *o = t ? ay_opinion_get(t, item->mark) : NULL;

    if (!o)
        return true;
    out->predicted = ay_arena_strdup(a, t->labels[o->label]);
    out->verdict = ay_verdict_name((ay_verdict)o->verdict);
    out->score = (double)o->score;
    out->margin = (double)o->margin;
    out->model = t->model;
    return out->predicted != NULL;
}

static bool describe(ay_service *s, const ay_gallery *g, size_t row, const ay_opinion_table *t, ay_arena *a, ay_shelf_item *out)
{
    ay_gallery_item *item = &g->items[row];
    const ay_gallery_class *k = &g->classes[item->klass];

    memcpy(out->sha256, item->sha256, sizeof out->sha256);
    out->file = ay_arena_strdup(a, item->file);
    out->class_id = k->id;
    out->class_name = ay_arena_strdup(a, k->name);
    out->unsorted = k->kind == AY_KIND_UNSORTED;
    out->embedded = row < g->nready;
    out->width = item->width;
    out->height = item->height;
    out->bytes = item->bytes;
    out->format = ay_arena_strdup(a, item->format);
    out->camera = ay_arena_strdup(a, item->camera);
    ay_clock_rfc3339(out->added_at, item->added_us);
    if (item->taken_us)
        ay_clock_rfc3339(out->taken_at, item->taken_us);
    out->cluster = ay_filter_group_of(s, g, row);
    return out->file && out->class_name && out->format && out->camera && tags_of(s, item, a, out) && opinion_of(t, item, a, out);
}

static ay_status list(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, int limit, ay_arena *a, ay_shelf_part *out, ay_err *err)
{
    uint32_t rows[AY_SHELF_MOST];
    const ay_opinion_table *t;
    ay_status status = ay_filter_page(s, g, f, out->offset, (size_t)limit, rows, &out->n, &out->total, err);
    bool ok;

    if (status != AY_OK)
        return status;
    out->changes = g->changes + s->marks->version + s->opinions->version;
    out->items = ay_arena_alloc(a, (out->n + 1) * sizeof *out->items);
    ok = out->items && (out->dataset = ay_arena_strdup(a, g->name));
    pthread_mutex_lock(&s->marks->lock);
    t = ay_opinions_of(s, ay_filter_model(f));
    for (size_t i = 0; i < out->n && ok; i++)
        ok = describe(s, g, rows[i], t, a, &out->items[i]);
    pthread_mutex_unlock(&s->marks->lock);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "listing pictures");
}

ay_status ay_shelf_list(ay_service *s, const char *dataset, const ay_picture_filter *f, size_t offset, int limit, ay_arena *a, ay_shelf_part *out,
                        ay_err *err)
{
    ay_gallery *g;
    ay_status status;

    *out = (ay_shelf_part){.offset = offset};
    if (limit < 1 || limit > AY_SHELF_MOST)
        return ay_fail(err, AY_EINVAL, "a part of the list has 1 to %d pictures, not %d", AY_SHELF_MOST, limit);
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, ay_library_read(dataset), &g, err);
    if (status == AY_OK)
        status = list(s, g, f, limit, a, out, err);
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_shelf_get(ay_service *s, const char *dataset, const char *sha256, ay_arena *a, ay_shelf_item *out, ay_err *err)
{
    ay_gallery_item *item = NULL;
    ay_gallery *g;
    ay_status status;

    *out = (ay_shelf_item){0};
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, ay_library_read(dataset), &g, err);
    if (status == AY_OK && !(item = ay_gallery_find(g, sha256)))
        status = ay_fail(err, AY_ENOTFOUND, "no picture %.12s in data set \"%s\"", sha256, g->name);
    if (status == AY_OK) {
        pthread_mutex_lock(&s->marks->lock);
        out->dataset = ay_arena_strdup(a, g->name);
        if (!out->dataset || !describe(s, g, (size_t)(item - g->items), ay_opinions_of(s, NULL), a, out))
            status = ay_fail(err, AY_ENOMEM, "reading a picture");
        pthread_mutex_unlock(&s->marks->lock);
    }
    pthread_rwlock_unlock(&s->lock);
    return status;
}

/* ---- facts */

enum { NAMES = 256 }; /* different cameras; what comes after is not suggested */

static int most_first(const void *x, const void *y)
{
    const ay_shelf_count *a = x, *b = y;

    return a->pictures != b->pictures ? (a->pictures < b->pictures) - (a->pictures > b->pictures) : strcmp(a->name, b->name);
}

static bool count_name(ay_shelf_count *list, int *n, const char *name, ay_arena *a)
{
    int i = 0;

    if (!*name)
        return true;
    while (i < *n && strcmp(list[i].name, name) != 0)
        i++;
    if (i == *n && i < NAMES) {
        list[i] = (ay_shelf_count){ay_arena_strdup(a, name), 0};
        if (!list[i].name)
            return false;
        (*n)++;
    }
    if (i < NAMES)
        list[i].pictures++;
    return true;
}

static bool count_all(ay_service *s, const ay_gallery *g, ay_arena *a, ay_shelf_facts *out)
{
    bool ok = true;

    for (size_t i = 0; i < g->n && ok; i++) {
        ay_gallery_item *it = &g->items[i];
        uint32_t mark = ay_marks_item(s->marks, it);
        ok = mark && count_name(out->cameras, &out->ncameras, it->camera, a) && count_name(out->formats, &out->nformats, it->format, a);
        out->untagged += mark && s->marks->picture[mark - 1].n == 0;
        out->unsorted += g->classes[it->klass].kind == AY_KIND_UNSORTED;
        if (!it->taken_us)
            continue;
        out->dated++;
        out->first_us = !out->first_us || it->taken_us < out->first_us ? it->taken_us : out->first_us;
        out->last_us = !out->last_us || it->taken_us > out->last_us ? it->taken_us : out->last_us;
    }
    out->pictures = (int64_t)g->n;
    return ok;
}

ay_status ay_shelf_look(ay_service *s, const char *dataset, ay_arena *a, ay_shelf_facts *out, ay_err *err)
{
    ay_gallery *g;
    ay_status status;

    *out = (ay_shelf_facts){.cameras = ay_arena_alloc(a, NAMES * sizeof *out->cameras), .formats = ay_arena_alloc(a, NAMES * sizeof *out->formats)};
    if (!out->cameras || !out->formats)
        return ay_fail(err, AY_ENOMEM, "counting cameras");
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, ay_library_read(dataset), &g, err);
    if (status == AY_OK) {
        pthread_mutex_lock(&s->marks->lock);
        if (!count_all(s, g, a, out))
            status = ay_fail(err, AY_ENOMEM, "counting cameras");
        pthread_mutex_unlock(&s->marks->lock);
    }
    pthread_rwlock_unlock(&s->lock);
    qsort(out->cameras, (size_t)out->ncameras, sizeof *out->cameras, most_first);
    qsort(out->formats, (size_t)out->nformats, sizeof *out->formats, most_first);
    return status;
}
