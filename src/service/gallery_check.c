/* service/gallery_check.c - a gallery's file against the store, row by row. */
#include "service/gallery_file.h"
#include "service/gallery_keep.h"

#include "store/stamp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const ay_gallery *g; /* from the file */
    size_t seen;
    const char *wrong; /* what; NULL: nothing yet */
} comparison;

static const char *differs(const ay_gallery *g, const ay_gallery_item *it, const ay_store_member *m, const ay_store_vector *v)
{
    size_t row = (size_t)(it - g->items);
    bool ready = row < g->nready, has = v->dim == g->dim;

    if (it->member != m->id || it->added_us != m->added_us || g->classes[it->klass].id != m->class_id || strcmp(it->file, m->file) != 0)
        return "has another place";
    if (it->bytes != m->picture.bytes || it->phash != m->picture.phash || it->width != m->picture.width ||
        it->height != m->picture.height || strcmp(it->format, m->picture.format) != 0 || it->taken_us != m->picture.taken_us ||
        strcmp(it->camera, m->picture.camera) != 0)
        return "is described otherwise";
    if (ready != has || (has && memcmp(g->vectors + row * (size_t)g->dim, v->data, (size_t)g->dim * sizeof *v->data) != 0))
        return "has another vector";
    return NULL;
}

static ay_status compare(void *ctx, const ay_store_member *m, const ay_store_vector *v, ay_err *err)
{
    comparison *c = ctx;
    const ay_gallery_item *it = ay_gallery_find(c->g, m->picture.sha256);
    const char *what = it ? differs(c->g, it, m, v) : "is missing";

    c->seen++;
    if (!what)
        return AY_OK;
    c->wrong = what;
    return ay_fail(err, AY_ECORRUPT, "picture %.12s %s in it", m->picture.sha256, what);
}

/* A new gallery with the data set's classes. */
static ay_status empty_copy(const ay_service *s, int64_t id, ay_gallery **out, ay_err *err)
{
    ay_store_class *list = NULL;
    ay_status status = ay_gallery_create(out, id, "", 0, s->model->dim, err);
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    if (status == AY_OK)
        status = ay_store_class_list(s->store, id, &a, &list, &n, err);
    if (status == AY_OK)
        status = ay_gallery_reserve(*out, 0, (int)n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        ay_gallery_class_add(*out, list[i].id, list[i].name, list[i].created_us);
    ay_arena_fini(&a);
    return status;
}

/* AY_ENOTFOUND: no file, or one that is not to be believed, as may be; AY_ECONFLICT: the same; AY_ECORRUPT: it is bad. */
static ay_status examine(ay_service *s, int64_t id, ay_err *err)
{
    int64_t before = 0, after = 0;
    comparison c = {0};
    ay_gallery *g = NULL;
    ay_status status = empty_copy(s, id, &g, err);

    if (status == AY_OK)
        status = ay_store_stamp(s->store, &before, err);
    if (status == AY_OK)
        status = ay_gallery_load_believed(s, s->model, g, ay_service_load_member, err);
    c.g = g;
    if (status == AY_OK)
        status = ay_store_member_walk(s->store, id, s->model->digest, s->model->preprocess_digest, compare, &c, err);
    if (status == AY_OK && c.seen != g->n)
        status = ay_fail(err, AY_ECORRUPT, "%zu pictures are in it and not in the store", g->n - c.seen);
    if ((status == AY_OK || status == AY_ECORRUPT) && ay_store_stamp(s->store, &after, NULL) == AY_OK && before != after)
        status = ay_fail(err, AY_ECONFLICT, "somebody changed pictures meanwhile");
    ay_gallery_destroy(g);
    return status;
}

/* Read from the store as if there had never been a file, and write one. */
static ay_status make_again(ay_service *s, int64_t id, ay_err *err)
{
    char path[4096];
    ay_status status;

    ay_gallery_file_path(s, id, path, sizeof path);
    if (unlink(path) != 0 && errno != ENOENT)
        return ay_fail(err, AY_EIO, "remove %s: %s", path, strerror(errno));
    pthread_mutex_lock(&s->writing);
    status = ay_service_reload(s, id, err);
    pthread_mutex_unlock(&s->writing);
    return status == AY_OK ? ay_gallery_keep(s, id, err) : status;
}

static ay_status check_one(ay_service *s, int64_t id, bool repair, ay_arena *a, ay_keep_tell *tell, void *ctx, ay_keep_check *out,
                           ay_err *err)
{
    ay_err why = {{0}};
    char path[4096];
    ay_status status;
    bool there;

    ay_gallery_file_path(s, id, path, sizeof path);
    there = access(path, F_OK) == 0;
    status = examine(s, id, &why);
    out->files += there;
    if (status == AY_OK || status == AY_ENOMEM || !there)
        return status == AY_ENOMEM ? ay_fail(err, status, "%s", why.msg) : AY_OK;
    if (status == AY_ECORRUPT || status == AY_EIO) {
        out->bad++;
        status = tell(ctx, ay_arena_printf(a, "%s is bad: %s%s", path, why.msg, repair ? "; it is made again" : ""), err);
        return status == AY_OK && repair ? make_again(s, id, err) : status;
    }
    out->stale++; /* it is written again by itself */
    return AY_OK;
}

ay_status ay_galleries_check(ay_service *s, bool repair, ay_arena *a, ay_keep_tell *tell, void *ctx, ay_keep_check *out, ay_err *err)
{
    ay_store_dataset *list = NULL;
    size_t n = 0;
    ay_status status = ay_store_dataset_list(s->store, a, &list, &n, err);

    *out = (ay_keep_check){0};
    ay_encoder_enter(s);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = check_one(s, list[i].id, repair, a, tell, ctx, out, err);
    ay_encoder_leave(s);
    return status;
}
