/* service/dataset.c - data sets and classes: the store first, then the same in memory. */
#include "service/dataset.h"

#include "service/internal.h"
#include "service/library/library.h"

#include <stdio.h>
#include <string.h>

static const char *const scrap[] = {
    "HIGH GRADE",
    "MIDION GRADE",
    "MIDION GRADE 1 - MG 1",
    "MIDION GRADE 2 - MG 2",
    "LOW GRADE",
    "LOW",
    "DIVERSOS",
    "GARIMPOS",
    "MOAGEM",
    "HD",
    NULL,
};

/* One line a preset. */
static const struct {
    const char *name;
    const char *const *classes;
} presets[] = {
    {"scrap", scrap},
};

static ay_status find_preset(const char *name, const char *const **out, ay_err *err)
{
    static const char *const none[] = {NULL};

    *out = none;
    if (!name || !*name)
        return AY_OK;
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        if (strcmp(presets[i].name, name) == 0) {
            *out = presets[i].classes;
            return AY_OK;
        }
    }
    return ay_fail(err, AY_EINVAL, "no preset \"%.60s\"; there is \"scrap\"", name);
}

static bool describe(const ay_service *s, const ay_gallery *g, ay_arena *a, ay_dataset *out)
{
    out->id = g->id;
    out->name = ay_arena_strdup(a, g->name);
    out->classes = g->nclasses;
    out->images = (int64_t)g->n;
    out->active = g->id == s->active;
    out->library = g->kind == AY_KIND_LIBRARY;
    ay_clock_rfc3339(out->created_at, g->created_us);
    return out->name != NULL;
}

ay_status ay_dataset_list(ay_service *s, ay_arena *a, ay_dataset **out, size_t *n, ay_err *err)
{
    bool ok = true;

    pthread_rwlock_rdlock(&s->lock);
    *n = (size_t)s->ngalleries;
    *out = ay_arena_alloc(a, (*n + 1) * sizeof **out);
    for (size_t i = 0; *out && ok && i < *n; i++)
        ok = describe(s, s->galleries[i], a, &(*out)[i]);
    pthread_rwlock_unlock(&s->lock);
    return *out && ok ? AY_OK : ay_fail(err, AY_ENOMEM, "listing data sets");
}

ay_status ay_dataset_get(ay_service *s, const char *name, ay_arena *a, ay_dataset *out, ay_err *err)
{
    ay_status status;
    ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, name, &g, err);
    if (status == AY_OK && !describe(s, g, a, out))
        status = ay_fail(err, AY_ENOMEM, "reading a data set");
    pthread_rwlock_unlock(&s->lock);
    return status;
}

static ay_status create(ay_service *s, const char *name, const char *const *classes, int64_t *id,
                        ay_err *err)
{
    ay_status status = ay_store_begin(s->store, err);
    int64_t class_id;

    if (status != AY_OK)
        return status;
    status = ay_store_dataset_create(s->store, name, id, err);
    for (; *classes && status == AY_OK; classes++)
        status = ay_store_class_create(s->store, *id, *classes, &class_id, err);
    if (status == AY_OK)
        return ay_store_commit(s->store, err);
    ay_store_rollback(s->store);
    return status;
}

ay_status ay_dataset_create(ay_service *s, const char *name, const char *preset, ay_err *err)
{
    const char *const *classes;
    ay_status status = find_preset(preset, &classes, err);
    int64_t id;

    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->writing);
    status = create(s, name, classes, &id, err);
    if (status == AY_OK)
        status = ay_service_reload(s, id, err);
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK)
        ay_service_tell(s, "dataset", name, 0);
    return status;
}

/* The id of a data set by name; the caller holds writing, so it stays what it is. */
static ay_status dataset_id(ay_service *s, const char *name, int64_t *id, ay_err *err)
{
    ay_status status;
    ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, name, &g, err);
    *id = g ? g->id : 0;
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_dataset_rename(ay_service *s, const char *name, const char *to, ay_err *err)
{
    ay_status status;
    ay_gallery *g;
    int64_t id;

    pthread_mutex_lock(&s->writing);
    status = dataset_id(s, name, &id, err);
    if (status == AY_OK)
        status = ay_store_dataset_rename(s->store, id, to, err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        g = ay_service_by_id(s, id);
        snprintf(g->name, sizeof g->name, "%s", to);
        pthread_rwlock_unlock(&s->lock);
        ay_service_tell(s, "dataset", to, 0);
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

static ay_status activate(ay_service *s, int64_t id, ay_err *err)
{
    char text[24];
    ay_status status;

    snprintf(text, sizeof text, "%lld", (long long)id);
    status = ay_store_setting_put(s->store, "active", text, err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        s->active = id;
        pthread_rwlock_unlock(&s->lock);
    }
    return status;
}

ay_status ay_dataset_activate(ay_service *s, const char *name, ay_err *err)
{
    ay_status status;
    int64_t id;

    pthread_mutex_lock(&s->writing);
    status = dataset_id(s, name, &id, err);
    if (status == AY_OK && ay_service_by_id(s, id)->kind == AY_KIND_LIBRARY)
        status = ay_fail(err, AY_ECONFLICT, "\"%.120s\" is the library: pictures without a class are not scanned against; choose "
                         "a data set of classes", name);
    if (status == AY_OK)
        status = activate(s, id, err);
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK)
        ay_service_tell(s, "dataset", name ? name : "", 0);
    return status;
}

/* The active data set hands over to the first other one; the last one stays. */
static ay_status hand_over(ay_service *s, int64_t id, ay_err *err)
{
    const ay_gallery *other = ay_service_plain(s, id);

    if (!other)
        return ay_fail(err, AY_ECONFLICT, "the only data set cannot be deleted");
    return s->active == id ? activate(s, other->id, err) : AY_OK;
}

ay_status ay_dataset_delete(ay_service *s, const char *name, char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_status status;
    int64_t id;

    pthread_mutex_lock(&s->writing);
    status = dataset_id(s, name, &id, err);
    if (status == AY_OK)
        status = hand_over(s, id, err);
    if (status == AY_OK)
        status = ay_store_dataset_trash(s->store, id, undo, err);
    if (status == AY_OK)
        ay_service_remove(s, id);
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK)
        ay_service_tell(s, "dataset", name ? name : "", 0);
    return status;
}

/* ---- classes */

/* The newest picture of each class; NULL for an empty one.  NULL when memory is refused. */
static const ay_gallery_item **find_covers(const ay_gallery *g, ay_arena *a)
{
    const ay_gallery_item **best = ay_arena_alloc(a, (size_t)(g->nclasses + 1) * sizeof *best);

    for (size_t i = 0; best && i < g->n; i++) {
        const ay_gallery_item *item = &g->items[i];
        if (!best[item->klass] || item->member > best[item->klass]->member)
            best[item->klass] = item;
    }
    return best;
}

static bool describe_class(const ay_gallery *g, int klass, const ay_gallery_item *cover,
                           ay_arena *a, ay_class *out)
{
    const ay_gallery_class *k = &g->classes[klass];
    const char *sha256 = cover ? cover->sha256 : NULL;

    out->id = k->id;
    out->name = ay_arena_strdup(a, k->name);
    out->images = k->images;
    out->embedded = k->embedded;
    out->cover = sha256 ? ay_arena_strdup(a, sha256) : NULL;
    out->position = k->position;
    out->unsorted = k->kind == AY_KIND_UNSORTED;
    ay_clock_rfc3339(out->created_at, k->created_us);
    return out->name && (out->cover || !sha256);
}

ay_status ay_class_list(ay_service *s, const char *dataset, ay_arena *a, ay_class **out, size_t *n,
                        const char **dataset_name, ay_err *err)
{
    const ay_gallery_item **covers;
    ay_status status;
    ay_gallery *g;
    bool ok = true;

    pthread_rwlock_rdlock(&s->lock);
    *n = 0;
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK) {
        *out = ay_arena_alloc(a, (size_t)(g->nclasses + 1) * sizeof **out);
        covers = find_covers(g, a);
        ok = *out && covers;
        for (int i = 0; ok && i < g->nclasses; i++)
            ok = describe_class(g, i, covers[i], a, &(*out)[i]);
        if (ok && dataset_name)
            ok = (*dataset_name = ay_arena_strdup(a, g->name)) != NULL;
        *n = (size_t)g->nclasses;
    }
    pthread_rwlock_unlock(&s->lock);
    return ok ? status : ay_fail(err, AY_ENOMEM, "listing classes");
}

ay_status ay_class_get(ay_service *s, const char *dataset, const char *klass, ay_arena *a,
                       ay_class *out, ay_err *err)
{
    const ay_gallery_item **covers;
    ay_status status;
    ay_gallery *g;
    int at;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK) {
        covers = find_covers(g, a);
        at = ay_gallery_class_by_word(g, klass);
        if (at < 0)
            status = ay_fail(err, AY_ENOTFOUND, "no class \"%.120s\"", klass);
        else if (!covers || !describe_class(g, at, covers[at], a, out))
            status = ay_fail(err, AY_ENOMEM, "reading a class");
    }
    pthread_rwlock_unlock(&s->lock);
    return status;
}

/* Room for one more class of a data set. */
static ay_status reserve_class(ay_service *s, int64_t dataset, ay_err *err)
{
    ay_status status;

    pthread_rwlock_wrlock(&s->lock);
    status = ay_gallery_reserve(ay_service_by_id(s, dataset), 0, 1, err);
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_class_create(ay_service *s, const char *dataset, const char *name, int64_t *id,
                          ay_err *err)
{
    ay_status status = ay_library_wanted(s, dataset, err);
    int64_t d, at;

    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->writing);
    status = dataset_id(s, dataset, &d, err);
    if (status == AY_OK)
        status = reserve_class(s, d, err);
    if (status == AY_OK)
        status = ay_store_class_create(s->store, d, name, &at, err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        ay_gallery_class_add(ay_service_by_id(s, d), at, name, ay_clock_wall());
        ay_service_tell(s, "dataset", ay_service_by_id(s, d)->name, 0);
        pthread_rwlock_unlock(&s->lock);
        if (id)
            *id = at;
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

ay_status ay_class_rename(ay_service *s, int64_t id, const char *to, ay_err *err)
{
    ay_status status;
    ay_gallery *g;
    int klass;

    pthread_mutex_lock(&s->writing);
    status = ay_store_class_rename(s->store, id, to, err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        g = ay_service_by_class(s, id, &klass);
        if (g)
            ay_gallery_class_rename(g, klass, to);
        ay_service_tell(s, "dataset", g ? g->name : "", 0);
        pthread_rwlock_unlock(&s->lock);
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

ay_status ay_class_delete(ay_service *s, int64_t id, char undo[AY_UNDO_SIZE], int64_t *images,
                          ay_err *err)
{
    int64_t count = 0;
    ay_status status;
    ay_gallery *g;
    int klass;

    pthread_mutex_lock(&s->writing);
    status = ay_store_class_trash(s->store, id, undo, err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        g = ay_service_by_class(s, id, &klass);
        if (g) {
            count = g->classes[klass].images;
            ay_gallery_class_remove(g, klass);
            ay_service_tell(s, "dataset", g->name, 0);
        }
        pthread_rwlock_unlock(&s->lock);
    }
    pthread_mutex_unlock(&s->writing);
    if (images)
        *images = count;
    return status;
}
