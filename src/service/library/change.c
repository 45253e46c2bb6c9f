#include "service/library/change.h"

#include "base/json.h"
#include "base/mem.h"
#include "service/internal.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <stdlib.h>
#include <string.h>

/* ---- which pictures */

static ay_status meant_by_name(const ay_gallery *g, const ay_which *w, ay_arena *a, ay_meant *out, ay_err *err)
{
    uint8_t *seen = ay_arena_alloc(a, g->n + 1);

    out->list = ay_arena_alloc(a, (w->n + 1) * sizeof *out->list);
    if (!seen || !out->list)
        return ay_fail(err, AY_ENOMEM, "reading %zu names", w->n);
    for (size_t i = 0; i < w->n; i++) {
        const ay_gallery_item *it;
        if (!ay_sha256_valid(w->sha256[i]))
            return ay_fail(err, AY_EINVAL, "picture number %zu: a picture is named by 64 lower-case hex digits", i + 1);
        it = ay_gallery_find(g, w->sha256[i]);
        if (!it)
            out->missing++;
        else if (!seen[it - g->items]++)
            out->list[out->n++] = (ay_store_place){it->member, g->classes[it->klass].id, w->sha256[i]};
    }
    if (w->n > 0 && out->n == 0)
        return ay_fail(err, AY_ENOTFOUND, "none of these %zu pictures is in data set \"%s\"", w->n, g->name);
    return AY_OK;
}

/* in[row] = 0 for those that are not meant after all. */
static ay_status leave_out(const ay_gallery *g, const ay_which *w, uint8_t *in, ay_err *err)
{
    for (size_t i = 0; i < w->nexcept; i++) {
        const ay_gallery_item *it;
        if (!ay_sha256_valid(w->except[i]))
            return ay_fail(err, AY_EINVAL, "'except' number %zu: a picture is named by 64 lower-case hex digits", i + 1);
        it = ay_gallery_find(g, w->except[i]);
        if (it)
            in[it - g->items] = 0;
    }
    return AY_OK;
}

static ay_status meant_by_filter(ay_service *s, const ay_gallery *g, const ay_which *w, ay_arena *a, ay_meant *out, ay_err *err)
{
    uint8_t *in = ay_arena_alloc(a, g->n + 1);
    uint32_t *rows = NULL;
    size_t n = 0;
    ay_status status = in ? ay_filter_rows(s, g, w->filter, a, &rows, &n, err) : ay_fail(err, AY_ENOMEM, "reading %zu pictures", g->n);

    if (status == AY_OK && !(out->list = ay_arena_alloc(a, (n + 1) * sizeof *out->list)))
        status = ay_fail(err, AY_ENOMEM, "reading %zu pictures", n);
    if (status != AY_OK)
        return status;
    memset(in, 1, g->n);
    status = leave_out(g, w, in, err);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        const ay_gallery_item *it = &g->items[rows[i]];
        if (!in[rows[i]])
            continue;
        out->list[out->n] = (ay_store_place){it->member, g->classes[it->klass].id, ay_arena_strdup(a, it->sha256)};
        if (!out->list[out->n++].sha256)
            status = ay_fail(err, AY_ENOMEM, "reading %zu pictures", n);
    }
    return status;
}

ay_status ay_which_pictures(ay_service *s, const ay_which *which, ay_arena *a, ay_meant *out, ay_err *err)
{
    ay_status status;

    *out = (ay_meant){.n = 0};
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, which->dataset, &out->g, err);
    if (status == AY_OK)
        status = which->filter ? meant_by_filter(s, out->g, which, a, out, err) : meant_by_name(out->g, which, a, out, err);
    pthread_rwlock_unlock(&s->lock);
    return status;
}

/* ---- a change */

typedef struct {
    ay_service *s;
    const ay_change_of_pictures *what;
    ay_arena *a;
    ay_changed *out;
    ay_meant meant;
    const char **sha256; /* of the meant */
    const char **sorted; /* the same by digest: rows that are written beside each other are found beside each other, too */
    int64_t act;
    int64_t add[AY_CHANGE_TAGS], remove[AY_CHANGE_TAGS], album_add, album_remove; /* ids */
    int64_t class_id;
    bool made; /* a tag or an album was */
    bool new_class;
    int64_t job, done, total; /* of a long one; job 0: it is short */
} changing;

enum { STEP = 2000 }; /* pictures between two looks at whether somebody called it off */

/* n pictures more are through one of the parts. */
static ay_status step(changing *c, size_t n, ay_err *err)
{
    c->done += (int64_t)n;
    if (c->job && !ay_job_step(c->s, c->job, c->done < c->total ? c->done : c->total, c->total))
        return ay_fail(err, AY_ECANCELLED, "the change was called off; nothing is different");
    return AY_OK;
}

typedef ay_status put_fn(ay_store *s, int64_t act, int64_t label, const char *const *sha256, size_t n, int64_t *changed, ay_err *err);

/* A tag on or off all of them, some at a time. */
static ay_status tag_all(changing *c, put_fn *put, int64_t tag, int64_t *count, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t at = 0; at < c->meant.n && status == AY_OK; at += STEP) {
        size_t some = c->meant.n - at < STEP ? c->meant.n - at : STEP;
        int64_t n = 0;
        status = put(c->s->store, c->act, tag, c->sorted + at, some, &n, err);
        *count += n;
        if (status == AY_OK)
            status = step(c, some, err);
    }
    return status;
}

/* The id of a tag or an album by name; where there is none it is made, or AY_ENOTFOUND. */
static ay_status label_id(changing *c, ay_shelf_kind kind, const char *name, bool make, int64_t *id, ay_err *err)
{
    const ay_mark *m;
    ay_status status;

    pthread_mutex_lock(&c->s->marks->lock);
    m = ay_marks_find(c->s->marks, kind, name);
    *id = m ? m->id : 0;
    pthread_mutex_unlock(&c->s->marks->lock);
    if (m)
        return AY_OK;
    if (!make)
        return ay_fail(err, AY_ENOTFOUND, "there is no %s \"%.120s\"", kind == AY_SHELF_TAG ? "tag" : "album", name);
    status = ay_store_label_create(c->s->store, kind, name, "", id, err);
    if (status == AY_OK)
        status = ay_store_label_made(c->s->store, kind, c->act, *id, err);
    c->made = true;
    return status;
}

static ay_status find_labels(changing *c, ay_err *err)
{
    const ay_change_of_pictures *w = c->what;
    ay_status status = AY_OK;

    for (int i = 0; i < w->nadd && status == AY_OK; i++)
        status = label_id(c, AY_SHELF_TAG, w->add[i], true, &c->add[i], err);
    for (int i = 0; i < w->nremove && status == AY_OK; i++)
        status = label_id(c, AY_SHELF_TAG, w->remove[i], false, &c->remove[i], err);
    if (status == AY_OK && w->album_add)
        status = label_id(c, AY_SHELF_ALBUM, w->album_add, true, &c->album_add, err);
    if (status == AY_OK && w->album_remove)
        status = label_id(c, AY_SHELF_ALBUM, w->album_remove, false, &c->album_remove, err);
    return status;
}

static bool in_album(const ay_marks *m, int64_t album, uint32_t number)
{
    const ay_mark *b = ay_marks_by_id(m, AY_SHELF_ALBUM, album);

    for (size_t i = 0; b && i < b->n; i++)
        if (b->pictures[i] == number)
            return true;
    return false;
}

/* Will this picture be another one?  Under marks->lock. */
static bool differs(const changing *c, const ay_store_place *p)
{
    ay_marks *m = c->s->marks;
    uint32_t number = ay_marks_number(m, p->sha256);

    if (c->what->trash || c->new_class || (c->class_id && p->class_id != c->class_id) || !number)
        return true;
    for (int i = 0; i < c->what->nadd; i++)
        if (!ay_marks_has(m, number, c->add[i]))
            return true;
    for (int i = 0; i < c->what->nremove; i++)
        if (ay_marks_has(m, number, c->remove[i]))
            return true;
    return (c->album_add && !in_album(m, c->album_add, number)) || (c->album_remove && in_album(m, c->album_remove, number));
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Only those that differ stay meant. */
static void keep_different(changing *c)
{
    size_t n = 0;

    pthread_mutex_lock(&c->s->marks->lock);
    for (size_t i = 0; i < c->meant.n; i++) {
        if (!differs(c, &c->meant.list[i]))
            continue;
        c->meant.list[n] = c->meant.list[i];
        c->sha256[n++] = c->meant.list[i].sha256;
    }
    pthread_mutex_unlock(&c->s->marks->lock);
    c->meant.n = n;
    memcpy(c->sorted, c->sha256, n * sizeof *c->sorted);
    if (n)
        qsort(c->sorted, n, sizeof *c->sorted, by_digest);
}

static ay_status find_class(changing *c, ay_err *err)
{
    ay_status status = AY_OK;
    int at = -1;

    if (!c->what->klass)
        return AY_OK;
    pthread_rwlock_wrlock(&c->s->lock);
    at = ay_gallery_class_by_word(c->meant.g, c->what->klass);
    c->class_id = at >= 0 ? c->meant.g->classes[at].id : 0;
    c->new_class = at < 0 && c->what->make;
    if (c->new_class)
        status = ay_gallery_reserve(c->meant.g, 0, 1, err);
    else if (at < 0)
        status = ay_fail(err, AY_ENOTFOUND, "no class \"%.120s\" in data set \"%s\"", c->what->klass, c->meant.g->name);
    pthread_rwlock_unlock(&c->s->lock);
    return status;
}

static json_t *names(const char *const *list, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(out, json_string(list[i]));
    return out;
}

/* What the history says, in at most 1024 bytes: with many long tags, only how many. */
static ay_status tell(changing *c, ay_err *err)
{
    const ay_change_of_pictures *w = c->what;
    json_t *o = json_pack("{s:s, s:s}", "undo", c->out->undo, "dataset", c->meant.g->name);
    ay_buf text = {0};
    ay_status status;

    if (w->nadd)
        json_object_set_new(o, "add", names(w->add, w->nadd));
    if (w->nremove)
        json_object_set_new(o, "remove", names(w->remove, w->nremove));
    if (w->klass)
        json_object_set_new(o, "class", json_string(w->klass));
    if (w->album_add)
        json_object_set_new(o, "album", json_string(w->album_add));
    if (w->album_remove)
        json_object_set_new(o, "album_removed", json_string(w->album_remove));
    if (w->trash)
        json_object_set_new(o, "deleted", json_true());
    if (!ay_json_dump(o, JSON_COMPACT, &text))
        status = ay_fail(err, AY_ENOMEM, "writing the history");
    else
        status = ay_store_history(c->s->store, w->trash ? "pictures.delete" : "pictures.change", c->meant.g->name,
                                  text.len <= 1024 ? text.data : "{}", c->sorted, c->meant.n, err);
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static ay_status write_tags(changing *c, ay_err *err)
{
    const ay_change_of_pictures *w = c->what;
    ay_store *st = c->s->store;
    ay_status status = AY_OK;

    for (int i = 0; i < w->nadd && status == AY_OK; i++)
        status = tag_all(c, ay_store_tag_put, c->add[i], &c->out->tagged, err);
    for (int i = 0; i < w->nremove && status == AY_OK; i++)
        status = tag_all(c, ay_store_tag_take, c->remove[i], &c->out->untagged, err);
    if (status == AY_OK && c->album_add)
        status = ay_store_album_put(st, c->act, c->album_add, c->sha256, c->meant.n, &c->out->put, err);
    if (status == AY_OK && c->album_remove)
        status = ay_store_album_take(st, c->act, c->album_remove, c->sorted, c->meant.n, &c->out->taken, err);
    return status;
}

/* To another class, or away: some at a time, and `moved` counts. */
static ay_status write_places(changing *c, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t at = 0; at < c->meant.n && status == AY_OK; at += STEP) {
        size_t some = c->meant.n - at < STEP ? c->meant.n - at : STEP;
        int64_t n = 0;
        if (c->class_id)
            status = ay_store_members_move(c->s->store, c->act, c->meant.list + at, some, c->class_id, &n, err);
        else
            status = ay_store_members_trash(c->s->store, c->act, c->meant.list + at, some, err);
        c->out->moved += n;
        c->out->trashed += c->what->trash && status == AY_OK ? (int64_t)some : 0;
        if (status == AY_OK)
            status = step(c, some, err);
    }
    return status;
}

/* Inside the store's transaction. */
static ay_status write_all(changing *c, ay_err *err)
{
    ay_status status = ay_store_act(c->s->store, c->meant.g->name, c->meant.g->id, c->out->undo, &c->act, err);

    if (status == AY_OK)
        status = find_labels(c, err);
    if (status != AY_OK)
        return status;
    keep_different(c);
    status = write_tags(c, err);
    if (status == AY_OK && c->new_class)
        status = ay_store_class_made(c->s->store, c->act, c->meant.g->id, c->what->klass, &c->class_id, err);
    if (status == AY_OK && (c->class_id || c->what->trash))
        status = write_places(c, err);
    if (status == AY_OK)
        status = step(c, 0, err);
    return status == AY_OK ? tell(c, err) : status;
}

/* The same in memory; the store has it.  False: memory was refused. */
static bool apply_marks(changing *c)
{
    ay_marks *m = c->s->marks;
    bool ok = true;

    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < c->meant.n; i++) {
        uint32_t number = ay_marks_number(m, c->sha256[i]);
        for (int k = 0; k < c->what->nadd; k++)
            ok &= ay_marks_put(m, AY_SHELF_TAG, c->add[k], number);
        for (int k = 0; k < c->what->nremove; k++)
            ok &= ay_marks_take(m, AY_SHELF_TAG, c->remove[k], number);
        if (c->album_add)
            ok &= ay_marks_put(m, AY_SHELF_ALBUM, c->album_add, number);
        if (c->album_remove)
            ok &= ay_marks_take(m, AY_SHELF_ALBUM, c->album_remove, number);
    }
    pthread_mutex_unlock(&m->lock);
    return ok;
}

static void apply_pictures(changing *c)
{
    ay_gallery *g = c->meant.g;
    int klass;

    pthread_rwlock_wrlock(&c->s->lock);
    if (c->new_class)
        ay_gallery_class_add(g, c->class_id, c->what->klass, ay_clock_wall());
    klass = c->class_id ? ay_gallery_class_by_id(g, c->class_id) : -1;
    for (size_t i = 0; i < c->meant.n; i++) {
        ay_gallery_item *it = ay_gallery_find(g, c->sha256[i]);
        if (it && c->what->trash)
            ay_gallery_remove(g, it);
        else if (it && klass >= 0 && it->klass != klass)
            ay_gallery_move(g, it, klass);
    }
    pthread_rwlock_unlock(&c->s->lock);
}

static ay_status carry_out(changing *c, ay_err *err)
{
    ay_status status = ay_store_begin(c->s->store, err);

    if (status != AY_OK)
        return status;
    status = write_all(c, err);
    if (status == AY_OK && c->meant.n == 0) {
        ay_store_rollback(c->s->store);
        c->out->undo[0] = '\0';
        return AY_OK;
    }
    if (status != AY_OK) {
        ay_store_rollback(c->s->store);
        return status;
    }
    status = ay_store_commit(c->s->store, err);
    if (status != AY_OK)
        return status;
    if (c->made || !apply_marks(c))
        ay_marks_again(c->s); /* a tag was made, or memory was refused */
    if (c->class_id || c->what->trash)
        apply_pictures(c);
    c->out->changed = (int64_t)c->meant.n;
    c->s->moved += (uint64_t)c->out->moved;
    ay_service_tell(c->s, "dataset", c->meant.g->name, 0);
    return AY_OK;
}

/* The same, and as a job where it takes its time. */
static ay_status carry_out_told(changing *c, ay_err *err)
{
    const ay_change_of_pictures *w = c->what;
    ay_status status;

    c->total = (int64_t)c->meant.n * (w->nadd + w->nremove + (w->klass || w->trash) + 1); /* the last: the history */
    c->job = c->meant.n >= AY_CHANGE_LONG ? ay_job_begin(c->s, "change", c->total) : 0;
    status = carry_out(c, err);
    if (c->job)
        ay_job_end(c->s, c->job, status, status == AY_OK ? "" : err->msg);
    return status;
}

static ay_status check(const ay_which *which, const ay_change_of_pictures *w, ay_err *err)
{
    if (!which->filter && which->n == 0)
        return ay_fail(err, AY_EINVAL, "no pictures are named: give 'sha256' or 'filter'");
    if (!w->nadd && !w->nremove && !w->klass && !w->album_add && !w->album_remove && !w->trash)
        return ay_fail(err, AY_EINVAL, "nothing to change: give tags to add or to remove, a class, an album, or delete");
    if (w->trash && (w->nadd || w->nremove || w->klass || w->album_add || w->album_remove))
        return ay_fail(err, AY_EINVAL, "what is deleted cannot be changed by the same request");
    for (int i = 0; i < w->nadd; i++) {
        ay_status status = ay_store_check_tag(w->add[i], err);
        if (status != AY_OK)
            return status;
        for (int k = 0; k < w->nremove; k++)
            if (strcmp(w->add[i], w->remove[k]) == 0)
                return ay_fail(err, AY_EINVAL, "tag \"%.60s\" cannot be added and removed at once", w->add[i]);
    }
    return AY_OK;
}

ay_status ay_change_pictures(ay_service *s, const ay_which *which, const ay_change_of_pictures *what, ay_arena *a, ay_changed *out,
                             ay_err *err)
{
    changing c = {.s = s, .what = what, .a = a, .out = out};
    ay_which w = *which;
    ay_status status = check(which, what, err);

    *out = (ay_changed){0};
    if (status == AY_OK)
        status = ay_library_or(s, which->dataset, a, &w.dataset, err);
    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->writing);
    status = ay_which_pictures(s, &w, a, &c.meant, err);
    out->pictures = (int64_t)c.meant.n;
    out->missing = c.meant.missing;
    c.sha256 = ay_arena_alloc(a, (c.meant.n + 1) * sizeof *c.sha256);
    c.sorted = ay_arena_alloc(a, (c.meant.n + 1) * sizeof *c.sorted);
    if (status == AY_OK && (!c.sha256 || !c.sorted))
        status = ay_fail(err, AY_ENOMEM, "changing %zu pictures", c.meant.n);
    if (status == AY_OK)
        status = find_class(&c, err);
    if (status == AY_OK && c.meant.n)
        status = carry_out_told(&c, err);
    pthread_mutex_unlock(&s->writing);
    return status;
}
