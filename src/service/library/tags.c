#include "service/library/tags.h"

#include "base/json.h"
#include "service/internal.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists */

/* How many of a gallery's pictures have each tag, and the newest one that has; in NULL: of all.  Under marks->lock. */
static bool count_tags(ay_service *s, const ay_gallery *g, const uint8_t *in, ay_label *list, ay_arena *a)
{
    const ay_mark_list *l = &s->marks->of[AY_SHELF_TAG];
    int64_t *newest = ay_arena_alloc(a, (size_t)(l->n + 1) * sizeof *newest);
    bool ok = newest != NULL;

    for (size_t i = 0; i < g->n && ok; i++) {
        ay_gallery_item *it = &g->items[i];
        uint32_t mark = ay_marks_item(s->marks, it);
        if (!mark)
            return false;
        for (int k = 0; (!in || in[i]) && s->marks->picture[mark - 1].n && k < l->n; k++) {
            if (!ay_marks_has(s->marks, mark, l->list[k].id))
                continue;
            list[k].pictures++;
            if (it->member > newest[k]) {
                newest[k] = it->member;
                list[k].cover = it->sha256;
            }
        }
    }
    return ok;
}

/* Of an album: those of its pictures that lie in the gallery, and the first of them. */
static bool count_albums(ay_service *s, const ay_gallery *g, ay_label *list, ay_arena *a)
{
    const ay_mark_list *l = &s->marks->of[AY_SHELF_ALBUM];
    uint32_t *row;

    for (size_t i = 0; i < g->n; i++)
        if (!ay_marks_item(s->marks, &g->items[i]))
            return false;
    row = ay_arena_alloc(a, ((size_t)s->marks->n + 1) * sizeof *row);
    for (size_t i = 0; row && i < g->n; i++)
        row[g->items[i].mark] = (uint32_t)i + 1;
    for (int k = 0; row && k < l->n; k++)
        for (size_t i = 0; i < l->list[k].n; i++) {
            uint32_t at = row[l->list[k].pictures[i]];
            if (at && list[k].pictures++ == 0)
                list[k].cover = g->items[at - 1].sha256;
        }
    return row != NULL;
}

static ay_status list_marks(ay_service *s, ay_shelf_kind kind, const ay_gallery *g, const ay_picture_filter *f, ay_arena *a, ay_label **out, size_t *n,
                            ay_err *err)
{
    const ay_mark_list *l = &s->marks->of[kind];
    uint8_t *in = f ? ay_arena_alloc(a, g->n + 1) : NULL;
    ay_status status = f && !in ? ay_fail(err, AY_ENOMEM, "listing tags") : f ? ay_filter_mask(s, g, f, in, err) : AY_OK;
    bool ok;

    if (status != AY_OK)
        return status;

    pthread_mutex_lock(&s->marks->lock);
    *n = (size_t)l->n;
    *out = ay_arena_alloc(a, (*n + 1) * sizeof **out);
    ok = *out != NULL;
    for (size_t i = 0; i < *n && ok; i++) {
        (*out)[i] = (ay_label){.id = l->list[i].id, .query = ""};
        ok = ((*out)[i].name = ay_arena_strdup(a, l->list[i].name)) != NULL;
        ay_clock_rfc3339((*out)[i].created_at, l->list[i].created_us);
    }
    if (ok)
        ok = kind == AY_SHELF_TAG ? count_tags(s, g, in, *out, a) : count_albums(s, g, *out, a);
    for (size_t i = 0; i < *n && ok; i++)
        if ((*out)[i].cover)
            ok = ((*out)[i].cover = ay_arena_strdup(a, (*out)[i].cover)) != NULL;
    pthread_mutex_unlock(&s->marks->lock);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "listing tags");
}

/* How many pictures fit a saved search; -1: it cannot be told. */
static int64_t count_saved(ay_service *s, const char *dataset, const char *query, ay_arena *a)
{
    json_t *o = json_loads(query, 0, NULL);
    const char *words = json_string_value(json_object_get(o, "words")), *own = json_string_value(json_object_get(o, "dataset"));
    ay_picture_filter *f = ay_arena_alloc(a, sizeof *f);
    json_t *filter = json_object_get(o, "filter");
    size_t n, total = 0;
    bool ok = f && (!words || !*words);
    ay_gallery *g;
    uint32_t none;
    ay_err err;

    ok = ok && (!filter || ay_filter_json(f, a, filter, &err) == AY_OK);
    pthread_rwlock_rdlock(&s->lock);
    ok = ok && ay_service_find(s, own && *own ? own : dataset, &g, &err) == AY_OK &&
         ay_filter_page(s, g, f, 0, 0, &none, &n, &total, &err) == AY_OK;
    pthread_rwlock_unlock(&s->lock);
    json_decref(o);
    return ok ? (int64_t)total : -1;
}

static ay_status list_saved(ay_service *s, const char *dataset, ay_arena *a, ay_label **out, size_t *n, ay_err *err)
{
    ay_store_label *list;
    ay_status status = ay_store_label_list(s->store, AY_SHELF_SAVED, a, &list, n, err);

    *out = status == AY_OK ? ay_arena_alloc(a, (*n + 1) * sizeof **out) : NULL;
    if (status == AY_OK && !*out)
        return ay_fail(err, AY_ENOMEM, "listing saved searches");
    for (size_t i = 0; i < *n && status == AY_OK; i++) {
        (*out)[i] = (ay_label){.id = list[i].id, .name = list[i].name, .query = list[i].query};
        (*out)[i].pictures = count_saved(s, dataset, list[i].query, a);
        ay_clock_rfc3339((*out)[i].created_at, list[i].created_us);
    }
    return status;
}

static ay_status list_labels(ay_service *s, ay_shelf_kind kind, const char *dataset, const ay_picture_filter *f, ay_arena *a, ay_label **out, size_t *n,
                             ay_err *err)
{
    ay_gallery *g;
    ay_status status;

    *n = 0;
    dataset = ay_library_read(dataset);
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK && kind != AY_SHELF_SAVED)
        status = list_marks(s, kind, g, f, a, out, n, err);
    pthread_rwlock_unlock(&s->lock);
    return status == AY_OK && kind == AY_SHELF_SAVED ? list_saved(s, dataset, a, out, n, err) : status;
}

ay_status ay_label_list(ay_service *s, ay_shelf_kind kind, const char *dataset, ay_arena *a, ay_label **out, size_t *n, ay_err *err)
{
    return list_labels(s, kind, dataset, NULL, a, out, n, err);
}

ay_status ay_label_tags(ay_service *s, const char *dataset, const ay_picture_filter *f, ay_arena *a, ay_label **out, size_t *n, ay_err *err)
{
    return list_labels(s, AY_SHELF_TAG, dataset, f, a, out, n, err);
}

/* ---- changes: an act, something in it, a line of the history, and memory read again */

static const char *const nouns[] = {"tag", "album", "saved"};

/* Digests of the pictures that a tag or an album is about, by digest: what becomes of it is part of their history. */
typedef struct {
    char (*text)[AY_SHA256_HEX];
    const char **list;
    size_t n;
} pictures_of;

static int by_digest(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void to_hex(const unsigned char sha256[32], char hex[AY_SHA256_HEX])
{
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
}

/* In an album's own order, or of a tag in none; the caller holds writing, so they stay. */
static ay_status read_pictures(ay_service *s, ay_shelf_kind kind, int64_t id, ay_arena *a, pictures_of *out, ay_err *err)
{
    const ay_marks *m = s->marks;
    const ay_mark *b;
    size_t most;

    *out = (pictures_of){.n = 0};
    pthread_mutex_lock(&s->marks->lock);
    b = kind == AY_SHELF_ALBUM ? ay_marks_by_id(m, kind, id) : NULL;
    most = kind == AY_SHELF_TAG ? m->n : b ? b->n : 0;
    out->text = ay_arena_alloc(a, (most + 1) * sizeof *out->text);
    out->list = ay_arena_alloc(a, (most + 1) * sizeof *out->list);
    for (size_t i = 0; out->text && out->list && i < most; i++) {
        uint32_t number = b ? b->pictures[i] : (uint32_t)i + 1;
        if (!b && !ay_marks_has(m, number, id))
            continue;
        to_hex(m->picture[number - 1].sha256, out->text[out->n]);
        out->list[out->n] = out->text[out->n];
        out->n++;
    }
    pthread_mutex_unlock(&s->marks->lock);
    return out->text && out->list ? AY_OK : ay_fail(err, AY_ENOMEM, "reading the pictures of a %s", kind == AY_SHELF_TAG ? "tag" : "album");
}

/* Its pictures by digest, and a transaction; a saved search has none. */
static ay_status begin_with(ay_service *s, ay_shelf_kind kind, int64_t id, ay_arena *a, pictures_of *of, ay_err *err)
{
    ay_status status = kind == AY_SHELF_SAVED ? AY_OK : read_pictures(s, kind, id, a, of, err);

    if (of->n)
        qsort(of->list, of->n, sizeof *of->list, by_digest);
    return status == AY_OK ? ay_store_begin(s->store, err) : status;
}

/* of: NULL, or the pictures that it is about. */
static ay_status tell(ay_service *s, ay_shelf_kind kind, const char *did, const char *name, const char *to, const char *undo, const pictures_of *of,
                      ay_err *err)
{
    json_t *o = json_pack("{s:s, s:s}", "undo", undo, "name", name);
    ay_buf text = {0};
    char code[32];
    ay_status status;

    if (to)
        json_object_set_new(o, "to", json_string(to));
    snprintf(code, sizeof code, "%s.%s", nouns[kind], did);
    status = ay_json_dump(o, JSON_COMPACT, &text)
                 ? ay_store_history(s->store, code, name, text.len <= 1024 ? text.data : "{}", of ? of->list : NULL, of ? of->n : 0, err)
                 : ay_fail(err, AY_ENOMEM, "writing the history");
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static ay_status name_of(ay_service *s, ay_shelf_kind kind, int64_t id, ay_arena *a, const char **name, ay_err *err)
{
    ay_store_label *list;
    size_t n = 0;
    ay_status status = ay_store_label_list(s->store, kind, a, &list, &n, err);

    *name = NULL;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (list[i].id == id)
            *name = list[i].name;
    if (status == AY_OK && !*name)
        return ay_fail(err, AY_ENOTFOUND, "there is no %s with the id %lld", kind == AY_SHELF_SAVED ? "saved search" : nouns[kind],
                       (long long)id);
    return status;
}

/* With writing held: commit what was done, and read the tags again. */
static ay_status finish(ay_service *s, ay_status status, ay_shelf_kind kind, ay_err *err)
{
    if (status != AY_OK) {
        ay_store_rollback(s->store);
        return status;
    }
    status = ay_store_commit(s->store, err);
    if (status == AY_OK && kind != AY_SHELF_SAVED)
        ay_marks_again(s);
    if (status == AY_OK)
        ay_service_tell(s, "dataset", "", 0);
    return status;
}

static ay_status check_query(const char *query, ay_err *err)
{
    json_t *o = json_loads(query, 0, NULL), *filter = json_object_get(o, "filter"), *words = json_object_get(o, "words");
    ay_picture_filter f = {.n = 0};
    ay_status status = AY_OK;
    ay_arena a;

    ay_arena_init(&a, 0);
    if (!json_is_object(o) || (words && !json_is_string(words)))
        status = ay_fail(err, AY_EINVAL, "a saved search is an object with 'filter', and 'words' if it has some");
    else if (!filter && (!words || !*json_string_value(words)))
        status = ay_fail(err, AY_EINVAL, "a saved search needs a filter or words");
    if (status == AY_OK && filter)
        status = ay_filter_json(&f, &a, filter, err);
    json_decref(o);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_label_create(ay_service *s, ay_shelf_kind kind, const char *name, const char *query, int64_t *id, char undo[AY_UNDO_SIZE],
                          ay_err *err)
{
    int64_t act = 0;
    ay_status status = kind == AY_SHELF_SAVED ? check_query(query, err) : AY_OK;

    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->writing);
    status = ay_store_begin(s->store, err);
    if (status == AY_OK) {
        status = ay_store_label_create(s->store, kind, name, query, id, err);
        if (status == AY_OK)
            status = ay_store_act(s->store, name, 0, undo, &act, err);
        if (status == AY_OK)
            status = ay_store_label_made(s->store, kind, act, *id, err);
        if (status == AY_OK)
            status = tell(s, kind, "create", name, NULL, undo, NULL, err);
        status = finish(s, status, kind, err);
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

static ay_status change(ay_service *s, ay_shelf_kind kind, int64_t id, const char *name, const char *query, char undo[AY_UNDO_SIZE],
                        ay_arena *a, ay_err *err)
{
    const char *old = "";
    int64_t act = 0;
    ay_status status = name_of(s, kind, id, a, &old, err);

    if (status == AY_OK)
        status = ay_store_begin(s->store, err);
    if (status != AY_OK)
        return status;
    status = ay_store_act(s->store, old, 0, undo, &act, err);
    if (status == AY_OK && name)
        status = ay_store_label_rename(s->store, kind, act, id, name, err);
    if (status == AY_OK && query)
        status = ay_store_saved_query(s->store, act, id, query, err);
    if (status == AY_OK)
        status = tell(s, kind, name ? "rename" : "change", old, name, undo, NULL, err);
    return finish(s, status, kind, err);
}

ay_status ay_label_change(ay_service *s, ay_shelf_kind kind, int64_t id, const char *name, const char *query, char undo[AY_UNDO_SIZE],
                          ay_err *err)
{
    ay_status status = query ? check_query(query, err) : AY_OK;
    ay_arena a;

    if (status == AY_OK && !name && !query)
        status = ay_fail(err, AY_EINVAL, "nothing to change: give 'name'%s", kind == AY_SHELF_SAVED ? ", 'filter' or 'words'" : "");
    if (status != AY_OK)
        return status;
    ay_arena_init(&a, 0);
    pthread_mutex_lock(&s->writing);
    status = change(s, kind, id, name, query, undo, &a, err);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}

static ay_status throw_away(ay_service *s, ay_shelf_kind kind, int64_t id, char undo[AY_UNDO_SIZE], ay_arena *a, ay_err *err)
{
    const char *name = "";
    pictures_of of = {.n = 0};
    int64_t act = 0;
    ay_status status = name_of(s, kind, id, a, &name, err);

    if (status == AY_OK)
        status = begin_with(s, kind, id, a, &of, err);
    if (status != AY_OK)
        return status;
    status = ay_store_act(s->store, name, 0, undo, &act, err);
    if (status == AY_OK)
        status = ay_store_label_trash(s->store, kind, act, id, err);
    if (status == AY_OK)
        status = tell(s, kind, "delete", name, NULL, undo, &of, err);
    return finish(s, status, kind, err);
}

ay_status ay_label_delete(ay_service *s, ay_shelf_kind kind, int64_t id, char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    pthread_mutex_lock(&s->writing);
    status = throw_away(s, kind, id, undo, &a, err);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}

static ay_status sort_album(ay_service *s, int64_t album, const char *const *sha256, size_t n, char undo[AY_UNDO_SIZE], ay_arena *a,
                            ay_err *err)
{
    const char *name = "";
    int64_t act = 0;
    ay_status status = name_of(s, AY_SHELF_ALBUM, album, a, &name, err);

    if (status == AY_OK)
        status = ay_store_begin(s->store, err);
    if (status != AY_OK)
        return status;
    status = ay_store_act(s->store, name, 0, undo, &act, err);
    if (status == AY_OK)
        status = ay_store_album_order(s->store, act, album, sha256, n, err);
    if (status == AY_OK)
        status = tell(s, AY_SHELF_ALBUM, "order", name, NULL, undo, NULL, err);
    return finish(s, status, AY_SHELF_ALBUM, err);
}

ay_status ay_album_order(ay_service *s, int64_t album, const char *const *sha256, size_t n, char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    pthread_mutex_lock(&s->writing);
    status = sort_album(s, album, sha256, n, undo, &a, err);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}

/* ---- an album by hand */

/* The album with n of its pictures moved before `before`, up to the last one that has another place. */
static ay_status moved_order(const pictures_of *old, const char *const *sha256, size_t n, const char *before, ay_arena *a, const char ***out, size_t *count,
                             ay_err *err)
{
    uint8_t *taken = ay_arena_alloc(a, old->n + 1);
    const char **moved = ay_arena_alloc(a, (n + 1) * sizeof *moved), **list = ay_arena_alloc(a, (old->n + 1) * sizeof *list);
    bool there = !before || !*before;
    size_t nmoved = 0, k = 0;

    if (!taken || !moved || !list)
        return ay_fail(err, AY_ENOMEM, "sorting an album");
    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at < old->n; at++)
            if (!taken[at] && strcmp(old->list[at], sha256[i]) == 0)
                moved[nmoved++] = old->list[at], taken[at] = 1;
    for (size_t at = 0; at < old->n; at++) {
        if (before && strcmp(old->list[at], before) == 0) {
            there = true;
            for (size_t i = 0; i < nmoved; i++)
                list[k++] = moved[i];
        }
        if (!taken[at])
            list[k++] = old->list[at];
    }
    if (!there || nmoved == 0)
        return ay_fail(err, AY_ENOTFOUND, there ? "none of these pictures is in the album" : "the picture before which they are to go is not in the album");
    for (size_t i = 0; k < old->n; i++)
        list[k++] = moved[i];
    while (k > 0 && list[k - 1] == old->list[k - 1])
        k--;
    *out = list;
    *count = k;
    return AY_OK;
}

ay_status ay_album_move(ay_service *s, int64_t album, const char *const *sha256, size_t n, const char *before, char undo[AY_UNDO_SIZE], ay_err *err)
{
    const char **order = NULL;
    pictures_of of;
    size_t count = 0;
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    pthread_mutex_lock(&s->writing);
    status = read_pictures(s, AY_SHELF_ALBUM, album, &a, &of, err);
    if (status == AY_OK)
        status = moved_order(&of, sha256, n, before, &a, &order, &count, err);
    if (status == AY_OK)
        status = sort_album(s, album, order, count, undo, &a, err);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}

/* ---- one tag of two */

static ay_status merge(ay_service *s, int64_t tag, int64_t into, char undo[AY_UNDO_SIZE], ay_arena *a, ay_err *err)
{
    const char *name = "", *to = "";
    pictures_of of = {.n = 0};
    int64_t act = 0, changed;
    ay_status status = name_of(s, AY_SHELF_TAG, tag, a, &name, err);

    if (status == AY_OK)
        status = name_of(s, AY_SHELF_TAG, into, a, &to, err);
    if (status == AY_OK && tag == into)
        return ay_fail(err, AY_EINVAL, "a tag cannot become part of itself");
    if (status == AY_OK)
        status = begin_with(s, AY_SHELF_TAG, tag, a, &of, err);
    if (status != AY_OK)
        return status;
    status = ay_store_act(s->store, name, 0, undo, &act, err);
    if (status == AY_OK)
        status = ay_store_tag_put(s->store, act, into, of.list, of.n, &changed, err);
    if (status == AY_OK)
        status = ay_store_label_trash(s->store, AY_SHELF_TAG, act, tag, err);
    if (status == AY_OK)
        status = tell(s, AY_SHELF_TAG, "merge", name, to, undo, &of, err);
    return finish(s, status, AY_SHELF_TAG, err);
}

ay_status ay_tag_merge(ay_service *s, int64_t tag, int64_t into, char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    pthread_mutex_lock(&s->writing);
    status = merge(s, tag, into, undo, &a, err);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_label_find(ay_service *s, ay_shelf_kind kind, const char *name, int64_t *id, ay_err *err)
{
    const ay_mark *m;

    pthread_mutex_lock(&s->marks->lock);
    m = ay_marks_find(s->marks, kind, name);
    *id = m ? m->id : 0;
    pthread_mutex_unlock(&s->marks->lock);
    return m ? AY_OK : ay_fail(err, AY_ENOTFOUND, "there is no %s \"%.120s\"", nouns[kind], name);
}
