/* service/library/library.c - finding the library, and making it on first use. */
#include "service/library/library.h"

#include "service/dataset.h"
#include "service/internal.h"

#include <string.h>

/* The library among the galleries; the caller holds lock. */
static ay_gallery *find(const ay_service *s)
{
    for (int i = 0; i < s->ngalleries; i++)
        if (s->galleries[i]->kind == AY_KIND_LIBRARY)
            return s->galleries[i];
    return NULL;
}

static const ay_gallery_class *unsorted(const ay_gallery *g)
{
    for (int i = 0; g && i < g->nclasses; i++)
        if (g->classes[i].kind == AY_KIND_UNSORTED)
            return &g->classes[i];
    return NULL;
}

/* False: there is none, or it has lost its first class.  *ok false: memory was refused. */
static bool look(ay_service *s, ay_arena *a, const char **dataset, const char **klass, bool *ok)
{
    const ay_gallery_class *k;
    ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    g = find(s);
    k = unsorted(g);
    if (k && dataset)
        *ok = (*dataset = ay_arena_strdup(a, g->name)) != NULL;
    if (k && klass)
        *ok = *ok && (*klass = ay_arena_printf(a, "%lld", (long long)k->id)) != NULL;
    pthread_rwlock_unlock(&s->lock);
    return k != NULL;
}

static ay_status make(ay_service *s, ay_err *err)
{
    int64_t dataset = 0, klass = 0;
    bool made = false;
    ay_status status;

    pthread_mutex_lock(&s->writing);
    status = ay_store_library(s->store, &dataset, &klass, &made, err);
    if (status == AY_OK)
        status = ay_service_reload(s, dataset, err);
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK && made)
        ay_service_tell(s, "dataset", "", 0);
    return status;
}

ay_status ay_library(ay_service *s, ay_arena *a, const char **dataset, const char **klass, ay_err *err)
{
    ay_status status = AY_OK;
    bool ok = true;

    for (int round = 0; round < 2 && status == AY_OK; round++) {
        if (look(s, a, dataset, klass, &ok))
            return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "naming the library");
        status = make(s, err);
    }
    return status == AY_OK ? ay_fail(err, AY_EBUSY, "the library is being changed; try again") : status;
}

ay_status ay_library_look(ay_service *s, ay_arena *a, const char **dataset, ay_err *err)
{
    bool ok = true;

    *dataset = NULL;
    look(s, a, dataset, NULL, &ok);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "naming the library");
}

ay_status ay_library_wanted(ay_service *s, const char *dataset, ay_err *err)
{
    ay_status status;
    ay_gallery *g;
    ay_arena a;

    if (!dataset || strcmp(dataset, s->no_library.name) != 0 || s->reading_only)
        return AY_OK;
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, NULL);
    pthread_rwlock_unlock(&s->lock);
    if (status == AY_OK)
        return AY_OK;
    ay_arena_init(&a, 0);
    status = ay_library(s, &a, NULL, NULL, err);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_library_or(ay_service *s, const char *dataset, ay_arena *a, const char **out, ay_err *err)
{
    ay_dataset d;
    ay_status status;

    if (!dataset || !*dataset)
        return ay_library(s, a, out, NULL, err);
    status = ay_library_wanted(s, dataset, err);
    if (status == AY_OK)
        status = ay_dataset_get(s, dataset, a, &d, err);
    *out = status == AY_OK ? d.name : NULL;
    return status;
}

const char *ay_library_read(const char *dataset)
{
    return dataset && *dataset ? dataset : ay_the_library;
}
