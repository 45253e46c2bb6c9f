#include "service/library/change.h"

#include "base/json.h"
#include "base/mem.h"
#include "service/internal.h"
#include "service/library/library.h"
#include "service/library/marks.h"

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

static ay_status meant_by_filter(ay_service *s, const ay_gallery *g, const ay_which *w, ay_arena *a, ay_meant *out, ay_err *err)
{
    uint32_t *rows;
    ay_status status = ay_filter_rows(s, g, w->filter, a, &rows, &out->n, err);

    if (status != AY_OK)
        return status;
    out->list = ay_arena_alloc(a, (out->n + 1) * sizeof *out->list);
    for (size_t i = 0; i < out->n && out->list; i++) {
        const ay_gallery_item *it = &g->items[rows[i]];
        out->list[i] = (ay_store_place){it->member, g->classes[it->klass].id, ay_arena_strdup(a, it->sha256)};
        if (!out->list[i].sha256)
            out->list = NULL;
    }
    return out->list ? AY_OK : ay_fail(err, AY_ENOMEM, "reading %zu pictures", out->n);
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
    int64_t act;
    int64_t add[AY_CHANGE_TAGS], remove[AY_CHANGE_TAGS], album_add, album_remove; /* ids */
    int64_t class_id;
    bool made; /* a tag or an album was */
    bool new_class;
} changing;

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
                                  text.len <= 1024 ? text.data : "{}", c->sha256, c->meant.n, err);
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static ay_status write_tags(changing *c, ay_err *err)
{
    const ay_change_of_pictures *w = c->what;
    ay_store *st = c->s->store;
    ay_status status = AY_OK;
    int64_t n = 0;

    for (int i = 0; i < w->nadd && status == AY_OK; i++) {
        status = ay_store_tag_put(st, c->act, c->add[i], c->sha256, c->meant.n, &n, err);
        c->out->tagged += n;
    }
    for (int i = 0; i < w->nremove && status == AY_OK; i++) {
        status = ay_store_tag_take(st, c->act, c->remove[i], c->sha256, c->meant.n, &n, err);
        c->out->untagged += n;
    }
    if (status == AY_OK && c->album_add)
        status = ay_store_album_put(st, c->act, c->album_add, c->sha256, c->meant.n, &c->out->put, err);
    if (status == AY_OK && c->album_remove)
        status = ay_store_album_take(st, c->act, c->album_remove, c->sha256, c->meant.n, &c->out->taken, err);
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
    if (status == AY_OK && c->class_id)
        status = ay_store_members_move(c->s->store, c->act, c->meant.list, c->meant.n, c->class_id, &c->out->moved, err);
    if (status == AY_OK && c->what->trash) {
        status = ay_store_members_trash(c->s->store, c->act, c->meant.list, c->meant.n, err);
        c->out->trashed = status == AY_OK ? (int64_t)c->meant.n : 0;
    }
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
    if (status == AY_OK && !(c.sha256 = ay_arena_alloc(a, (c.meant.n + 1) * sizeof *c.sha256)))
        status = ay_fail(err, AY_ENOMEM, "changing %zu pictures", c.meant.n);
    if (status == AY_OK)
        status = find_class(&c, err);
    if (status == AY_OK && c.meant.n)
        status = carry_out(&c, err);
    pthread_mutex_unlock(&s->writing);
    return status;
}

/* ---- teaching another data set */

typedef struct {
    ay_service *s;
    ay_arena *a;
    ay_changed *out;
    ay_meant meant;
    ay_gallery *to;
    int64_t class_id, act, now_us;
    bool made;
    int64_t *ids;   /* of the memberships made */
    char **files;   /* owned until the gallery takes them */
    const char **sha256;
} teaching;

/* The class to teach, made where no class has the name. */
static ay_status teach_class(teaching *t, const char *klass, ay_err *err)
{
    int at = ay_gallery_class_by_word(t->to, klass);

    if (at >= 0) {
        t->class_id = t->to->classes[at].id;
        return AY_OK;
    }
    t->made = true;
    return ay_store_class_made(t->s->store, t->act, t->to->id, klass, &t->class_id, err);
}

static ay_status teach_tell(teaching *t, const char *klass, ay_err *err)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "undo", t->out->undo, "dataset", t->to->name, "class", klass, "from", t->meant.g->name);
    ay_buf text = {0};
    ay_status status = AY_OK;
    size_t n = 0;

    for (size_t i = 0; i < t->meant.n; i++)
        if (t->ids[i])
            t->sha256[n++] = t->meant.list[i].sha256;
    status = ay_json_dump(o, JSON_COMPACT, &text)
                 ? ay_store_history(t->s->store, "pictures.teach", t->to->name, text.len <= 1024 ? text.data : "{}", t->sha256, n, err)
                 : ay_fail(err, AY_ENOMEM, "writing the history");
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static ay_status teach_write(teaching *t, const char *klass, ay_err *err)
{
    ay_status status = ay_store_act(t->s->store, t->to->name, t->to->id, t->out->undo, &t->act, err);

    if (status == AY_OK)
        status = teach_class(t, klass, err);
    if (status == AY_OK)
        status = ay_store_members_copy(t->s->store, t->act, t->meant.list, t->meant.n, t->class_id, t->now_us, t->ids,
                                       &t->out->added, err);
    return status == AY_OK ? teach_tell(t, klass, err) : status;
}

/* Room for all, and the names they will own: after this the change in memory cannot fail. */
static ay_status teach_room(teaching *t, ay_err *err)
{
    size_t n = t->meant.n;
    ay_status status;

    t->ids = ay_arena_alloc(t->a, (n + 1) * sizeof *t->ids);
    t->files = ay_arena_alloc(t->a, (n + 1) * sizeof *t->files);
    t->sha256 = ay_arena_alloc(t->a, (n + 1) * sizeof *t->sha256);
    if (!t->ids || !t->files || !t->sha256)
        return ay_fail(err, AY_ENOMEM, "teaching %zu pictures", n);
    pthread_rwlock_wrlock(&t->s->lock);
    status = ay_gallery_reserve(t->to, n, 1, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (!(t->files[i] = ay_strdup(ay_gallery_find(t->meant.g, t->meant.list[i].sha256)->file)))
            status = ay_fail(err, AY_ENOMEM, "teaching %zu pictures", n);
    pthread_rwlock_unlock(&t->s->lock);
    return status;
}

static void teach_apply(teaching *t, const char *klass)
{
    const ay_gallery *g = t->meant.g;
    int at;

    pthread_rwlock_wrlock(&t->s->lock);
    if (t->made)
        ay_gallery_class_add(t->to, t->class_id, klass, ay_clock_wall());
    at = ay_gallery_class_by_id(t->to, t->class_id);
    for (size_t i = 0; i < t->meant.n; i++) {
        const ay_gallery_item *from = t->ids[i] ? ay_gallery_find(g, t->meant.list[i].sha256) : NULL;
        size_t row = from ? (size_t)(from - g->items) : 0;
        ay_gallery_item it;
        if (!from)
            continue;
        it = *from;
        it.member = t->ids[i];
        it.added_us = t->now_us;
        it.klass = at;
        it.file = t->files[i];
        t->files[i] = NULL;
        ay_gallery_add(t->to, &it, row < g->nready ? g->vectors + row * (size_t)g->dim : NULL);
    }
    pthread_rwlock_unlock(&t->s->lock);
    ay_keeper_wake(t->s); /* some may wait for a vector */
}

static ay_status teach(teaching *t, const char *dataset, const char *klass, ay_err *err)
{
    ay_status status;

    pthread_rwlock_rdlock(&t->s->lock);
    status = ay_service_find(t->s, dataset, &t->to, err);
    pthread_rwlock_unlock(&t->s->lock);
    if (status == AY_OK && t->to == t->meant.g)
        status = ay_fail(err, AY_EINVAL, "the pictures are in data set \"%.120s\" already: change their class instead", dataset);
    if (status == AY_OK)
        status = teach_room(t, err);
    if (status == AY_OK)
        status = ay_store_begin(t->s->store, err);
    if (status != AY_OK)
        return status;
    status = teach_write(t, klass, err);
    if (status == AY_OK && t->out->added == 0) {
        ay_store_rollback(t->s->store);
        t->out->undo[0] = '\0';
        return AY_OK;
    }
    if (status != AY_OK) {
        ay_store_rollback(t->s->store);
        return status;
    }
    status = ay_store_commit(t->s->store, err);
    if (status != AY_OK)
        return status;
    teach_apply(t, klass);
    t->out->changed = t->out->added;
    t->s->added += (uint64_t)t->out->added;
    ay_service_tell(t->s, "dataset", t->to->name, 0);
    return AY_OK;
}

ay_status ay_change_teach(ay_service *s, const ay_which *which, const char *dataset, const char *klass, ay_arena *a, ay_changed *out,
                          ay_err *err)
{
    teaching t = {.s = s, .a = a, .out = out, .now_us = ay_clock_wall()};
    ay_which w = *which;
    ay_status status = AY_OK;

    *out = (ay_changed){0};
    if (!which->filter && which->n == 0)
        return ay_fail(err, AY_EINVAL, "no pictures are named: give 'sha256' or 'filter'");
    if (!klass || !*klass)
        return ay_fail(err, AY_EINVAL, "no class is named to teach");
    status = ay_library_or(s, which->dataset, a, &w.dataset, err);
    if (status != AY_OK)
        return status;
    ay_encoder_enter(s); /* vectors go from one gallery to another */
    pthread_mutex_lock(&s->writing);
    status = ay_which_pictures(s, &w, a, &t.meant, err);
    out->pictures = (int64_t)t.meant.n;
    out->missing = t.meant.missing;
    if (status == AY_OK && t.meant.n)
        status = teach(&t, dataset, klass, err);
    for (size_t i = 0; t.files && i < t.meant.n; i++)
        ay_free(t.files[i]);
    pthread_mutex_unlock(&s->writing);
    ay_encoder_leave(s);
    return status;
}

/* ---- when they came */

static ay_status write_earlier(ay_service *s, const ay_gallery *g, const char *const *sha256, const int64_t *added_us, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    pthread_rwlock_rdlock(&s->lock);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        const ay_gallery_item *it = ay_gallery_find(g, sha256[i]);
        if (it && added_us[i] > 0 && it->added_us > added_us[i])
            status = ay_store_member_earlier(s->store, it->member, added_us[i], err);
    }
    pthread_rwlock_unlock(&s->lock);
    return status;
}

static void apply_earlier(ay_service *s, ay_gallery *g, const char *const *sha256, const int64_t *added_us, size_t n)
{
    pthread_rwlock_wrlock(&s->lock);
    for (size_t i = 0; i < n; i++) {
        ay_gallery_item *it = ay_gallery_find(g, sha256[i]);
        if (it && added_us[i] > 0 && it->added_us > added_us[i])
            ay_gallery_earlier(g, it, added_us[i]);
    }
    pthread_rwlock_unlock(&s->lock);
    ay_service_tell(s, "dataset", g->name, 0);
}

ay_status ay_change_earlier(ay_service *s, const char *dataset, const char *const *sha256, const int64_t *added_us, size_t n, ay_err *err)
{
    ay_arena a;
    ay_gallery *g = NULL;
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_library_or(s, dataset, &a, &dataset, err);
    pthread_mutex_lock(&s->writing);
    pthread_rwlock_rdlock(&s->lock);
    if (status == AY_OK)
        status = ay_service_find(s, dataset, &g, err);
    pthread_rwlock_unlock(&s->lock);
    if (status == AY_OK)
        status = ay_store_begin(s->store, err);
    if (status == AY_OK) {
        status = write_earlier(s, g, sha256, added_us, n, err);
        if (status == AY_OK)
            status = ay_store_commit(s->store, err);
        else
            ay_store_rollback(s->store);
    }
    if (status == AY_OK)
        apply_earlier(s, g, sha256, added_us, n);
    pthread_mutex_unlock(&s->writing);
    ay_arena_fini(&a);
    return status;
}
