/* service/library/change_teach.c - pictures of one data set taught to another: the part of service/library/change.h about that. */
#include "service/library/change.h"

#include "base/json.h"
#include "base/mem.h"
#include "service/internal.h"
#include "service/library/library.h"

#include <string.h>

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
