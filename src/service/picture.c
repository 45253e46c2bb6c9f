/* service/picture.c - reference pictures.
 *
 * The order of an upload, and why a kill at any point is harmless:
 *   1. decode and embed          nothing is kept yet
 *   2. the file, durable         at worst a file that no row names: the purge takes it
 *   3. rows, one transaction     from here on the picture is there, with its vector
 *   4. the gallery in memory     rebuilt from 3 at every start
 * The caller hears AY_OK after 4. */
#include "service/picture.h"

#include "base/mem.h"
#include "base/str.h"
#include "image/exif.h"
#include "service/internal.h"
#include "service/library/library.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two pictures look the same when their hashes differ in at most NEAR_BITS of 64 bits and their
 * vectors agree; or when the vectors alone are as good as equal. */
enum { NEAR_BITS = 6, LIST_MOST = 200 };
#define NEAR_COSINE 0.95f
#define SAME_COSINE 0.999f

static ay_status made_unit(const ay_service *s, int n, float *dst, ay_status status, ay_err *err)
{
    int dim = s->embedder.info->dim;

    for (int i = 0; i < n && status == AY_OK; i++)
        if (!ay_unit(dst + (size_t)i * (size_t)dim, dst + (size_t)i * (size_t)dim, dim))
            status = ay_fail(err, AY_ECORRUPT, "the model gives no usable vector for this picture");
    return status;
}

ay_status ay_service_embed(ay_service *s, const ay_image *const *images, int n, float *dst,
                           ay_err *err)
{
    return made_unit(s, n, dst, s->embedder.embed(s->embedder.ctx, images, n, dst, err), err);
}

ay_status ay_service_embed_later(ay_service *s, const ay_image *const *images, int n, float *dst, ay_err *err)
{
    const ay_embedder *e = &s->embedder;

    return made_unit(s, n, dst, (e->embed_later ? e->embed_later : e->embed)(e->ctx, images, n, dst, err), err);
}

static const char *format_mime(const char *format)
{
    for (int f = 0; f < AY_FORMAT_COUNT; f++)
        if (strcmp(ay_image_format_name((ay_image_format)f), format) == 0)
            return ay_image_format_mime((ay_image_format)f);
    return "application/octet-stream";
}

/* The last part of the path a browser or a folder gave. */
const char *ay_picture_name(const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    const char *back = file ? strrchr(file, '\\') : NULL;

    if (back > slash)
        slash = back;
    return slash ? slash + 1 : file ? file : "";
}

static bool describe(const ay_gallery *g, const ay_gallery_item *item, ay_arena *a, ay_picture *out)
{
    out->id = item->member;
    memcpy(out->sha256, item->sha256, sizeof out->sha256);
    out->file = ay_arena_strdup(a, item->file);
    out->class_id = g->classes[item->klass].id;
    out->class_name = ay_arena_strdup(a, g->classes[item->klass].name);
    out->width = item->width;
    out->height = item->height;
    out->bytes = item->bytes;
    out->format = ay_arena_strdup(a, item->format);
    out->mime = format_mime(item->format);
    out->embedded = (size_t)(item - g->items) < g->nready;
    ay_clock_rfc3339(out->created_at, item->added_us);
    return out->file && out->class_name && out->format;
}

/* ---- add */

typedef struct {
    ay_service *s;
    const char *file;
    const void *bytes;
    size_t n;
    ay_arena *arena;
    ay_added *out;
    char sha256[AY_SHA256_HEX];
    ay_gallery_item item; /* what will go into the gallery */
    float *vector;
    int64_t dataset, class_id;
} adding;

/* ---- steps that every way in shares (service/internal.h) */

ay_status ay_picture_look(ay_service *s, const void *bytes, size_t n, ay_gallery_item *item, ay_image *im, ay_err *err)
{
    ay_exif_facts facts;
    ay_status status = ay_image_decode(bytes, n, &s->limits, im, err);

    if (status != AY_OK)
        return status;
    ay_exif_read(bytes, n, &facts);
    item->width = im->width;
    item->height = im->height;
    item->phash = ay_image_phash(im);
    item->bytes = (int64_t)n;
    item->taken_us = facts.taken_us;
    snprintf(item->camera, sizeof item->camera, "%s", facts.camera);
    snprintf(item->format, sizeof item->format, "%s", ay_image_format_name(ay_image_sniff(bytes, n)));
    return AY_OK;
}

ay_store_picture ay_picture_row(const ay_gallery_item *item)
{
    return (ay_store_picture){.sha256 = item->sha256,
                              .format = item->format,
                              .width = item->width,
                              .height = item->height,
                              .bytes = item->bytes,
                              .phash = item->phash,
                              .created_us = item->added_us,
                              .taken_us = item->taken_us,
                              .camera = item->camera};
}

void ay_picture_apply(ay_service *s, int64_t class_id, ay_gallery_item *item, const float *vector,
                      const ay_store_added *done)
{
    ay_gallery_item *there;
    ay_gallery *g;
    int klass;

    g = ay_service_by_class(s, class_id, &klass);
    there = g ? ay_gallery_find(g, item->sha256) : NULL;
    /* Not created and not here: it was added by a call that could not be told so (AY_EUNKNOWN). */
    if (g && !there) {
        item->member = done->id;
        item->klass = klass;
        item->added_us = done->created ? done->added_us : item->added_us; /* to the microsecond: gallery_file.h keeps it */
        ay_gallery_add(g, item, vector);
        item->file = NULL; /* the gallery's now */
    } else if (g && done->moved && there) {
        ay_gallery_move(g, there, klass);
    }
}

/* Find the data set and the class; *there: the picture is in that data set already. */
static ay_status find_place(adding *p, const char *dataset, const char *klass, bool *there,
                            ay_err *err)
{
    ay_status status;
    ay_gallery *g;
    int at = -1;

    pthread_rwlock_rdlock(&p->s->lock);
    status = ay_service_find(p->s, dataset, &g, err);
    if (status == AY_OK) {
        at = klass && *klass ? ay_gallery_class_by_word(g, klass) : -1;
        if (at < 0)
            status = ay_fail(err, AY_ENOTFOUND, "no class \"%.120s\" in data set \"%s\"",
                             klass ? klass : "", g->name);
    }
    if (status == AY_OK) {
        p->dataset = g->id;
        p->class_id = g->classes[at].id;
        *there = ay_gallery_find(g, p->sha256) != NULL;
    }
    pthread_rwlock_unlock(&p->s->lock);
    return status;
}

static ay_status look_at(adding *p, ay_err *err)
{
    ay_image im;
    const ay_image *list[] = {&im};
    ay_status status = ay_picture_look(p->s, p->bytes, p->n, &p->item, &im, err);

    if (status != AY_OK)
        return status;
    p->vector = ay_arena_alloc(p->arena, (size_t)p->s->embedder.info->dim * sizeof *p->vector);
    status = p->vector ? ay_service_embed(p->s, list, 1, p->vector, err)
                       : ay_fail(err, AY_ENOMEM, "embedding a picture");
    ay_image_fini(&im);
    return status;
}

/* The stored picture that looks the same; the caller holds lock. */
static void warn_near(adding *p, const ay_gallery *g)
{
    ay_hit hits[4];
    const ay_gallery_item *item;

    if (ay_gallery_top(g, p->vector, 1, 4, p->s->threads, hits, NULL) != AY_OK)
        return;
    for (int i = 0; i < 4 && hits[i].row != AY_SEARCH_NONE; i++) {
        item = &g->items[hits[i].row];
        if (strcmp(item->sha256, p->sha256) == 0)
            continue;
        if (hits[i].score < SAME_COSINE &&
            (hits[i].score < NEAR_COSINE ||
             ay_phash_distance(item->phash, p->item.phash) > NEAR_BITS))
            continue;
        memcpy(p->out->near_sha256, item->sha256, sizeof item->sha256);
        p->out->near_class = ay_arena_strdup(p->arena, g->classes[item->klass].name);
        p->out->near_similarity = hits[i].score;
        return;
    }
}

/* The same change in memory, after the store has it.  Cannot fail. */
static void apply(adding *p, const ay_store_added *done)
{
    ay_gallery *g;

    pthread_rwlock_wrlock(&p->s->lock);
    ay_picture_apply(p->s, p->class_id, &p->item, p->vector, done);
    g = ay_service_by_id(p->s, p->dataset);
    ay_service_tell(p->s, "dataset", g ? g->name : "", 0);
    pthread_rwlock_unlock(&p->s->lock);
}

static const char *class_name(adding *p, int64_t id)
{
    ay_gallery *g;
    int klass;

    g = ay_service_by_class(p->s, id, &klass);
    return g ? ay_arena_strdup(p->arena, g->classes[klass].name) : "";
}

static ay_status report(adding *p, const ay_store_added *done, ay_err *err)
{
    ay_status status = AY_OK;
    ay_gallery_item *item;
    ay_gallery *g;

    pthread_rwlock_rdlock(&p->s->lock);
    g = ay_service_by_id(p->s, p->dataset);
    item = g ? ay_gallery_find(g, p->sha256) : NULL;
    if (!item)
        status = ay_fail(err, AY_ENOTFOUND, "the class was deleted meanwhile");
    else if (!describe(g, item, p->arena, &p->out->picture))
        status = ay_fail(err, AY_ENOMEM, "adding a picture");
    p->out->created = done->created;
    p->out->moved = done->moved;
    if (item && done->moved)
        p->out->from = class_name(p, done->from_class);
    if (item && done->created && p->vector)
        warn_near(p, g);
    pthread_rwlock_unlock(&p->s->lock);
    return status;
}

/* Rows and memory; the file is durable. */
static ay_status keep_rows(adding *p, ay_store_added *done, ay_err *err)
{
    const ay_engine_info *m = p->s->embedder.info;
    ay_store_picture pic = ay_picture_row(&p->item);
    ay_store_vector v = {m->digest, m->preprocess_digest, p->vector, m->dim};
    ay_status status = AY_OK;
    ay_gallery *g;

    pthread_mutex_lock(&p->s->writing);
    pthread_rwlock_wrlock(&p->s->lock);
    g = ay_service_by_id(p->s, p->dataset);
    status = g ? ay_gallery_reserve(g, 1, 0, err) : ay_fail(err, AY_ENOTFOUND, "no such data set");
    pthread_rwlock_unlock(&p->s->lock);
    if (status == AY_OK)
        status = ay_store_member_add(p->s->store, p->class_id, p->item.file, &pic, &v, done, err);
    if (status == AY_OK)
        apply(p, done);
    pthread_mutex_unlock(&p->s->writing);
    return status;
}

static ay_status add_new(adding *p, ay_store_added *done, ay_err *err)
{
    ay_status status = look_at(p, err);
    char sha256[AY_SHA256_HEX];
    bool fresh;

    if (status != AY_OK)
        return status;
    p->item.added_us = ay_clock_wall();
    memcpy(p->item.sha256, p->sha256, sizeof p->sha256);
    p->item.file = ay_strdup(p->file);
    if (!p->item.file)
        return ay_fail(err, AY_ENOMEM, "adding a picture");
    pthread_rwlock_rdlock(&p->s->purging);
    status = ay_blobs_put(p->s->blobs, p->bytes, p->n, sha256, &fresh, err);
    if (status == AY_OK)
        status = keep_rows(p, done, err);
    pthread_rwlock_unlock(&p->s->purging);
    ay_free(p->item.file);
    return status;
}

/* The picture is in the data set already: move it when it is in another class. */
static ay_status move_known(ay_service *s, int64_t dataset, const char *sha256, int64_t class_id,
                            ay_store_added *done, ay_err *err)
{
    ay_status status = AY_OK;
    ay_gallery_item *item;
    ay_gallery *g;
    int klass = -1;

    *done = (ay_store_added){0};
    pthread_mutex_lock(&s->writing);
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, dataset);
    item = g ? ay_gallery_find(g, sha256) : NULL;
    klass = g ? ay_gallery_class_by_id(g, class_id) : -1;
    if (!item || klass < 0)
        status = ay_fail(err, AY_ENOTFOUND, "no such picture");
    else
        *done = (ay_store_added){.id = item->member, .from_class = g->classes[item->klass].id};
    pthread_rwlock_unlock(&s->lock);
    if (status == AY_OK && done->from_class != class_id) {
        status = ay_store_member_move(s->store, done->id, class_id, err);
        done->moved = status == AY_OK;
    }
    if (done->moved) { /* nobody else changed the gallery: we hold writing */
        pthread_rwlock_wrlock(&s->lock);
        ay_gallery_move(g, item, klass);
        ay_service_tell(s, "dataset", g->name, 0);
        pthread_rwlock_unlock(&s->lock);
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

ay_status ay_picture_add(ay_service *s, const char *dataset, const char *klass, const char *file,
                         const void *bytes, size_t n, const char *expect, ay_arena *a,
                         ay_added *out, ay_err *err)
{
    adding p = {.s = s, .bytes = bytes, .n = n, .arena = a, .out = out};
    ay_store_added done = {0};
    bool there = false;
    ay_status status;

    *out = (ay_added){0};
    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (n == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    p.file = ay_picture_name(file);
    ay_sha256_bytes(bytes, n, p.sha256);
    if (expect && strcmp(expect, p.sha256) != 0)
        return ay_fail(err, AY_ECONFLICT, "the picture's SHA-256 is %s, not %.64s", p.sha256,
                       expect);
    status = ay_library_wanted(s, dataset, err);
    if (status != AY_OK)
        return status;
    ay_encoder_enter(s); /* its vector is compared with the others' at the end */
    status = find_place(&p, dataset, klass, &there, err);
    if (status == AY_OK && there)
        status = move_known(s, p.dataset, p.sha256, p.class_id, &done, err);
    else if (status == AY_OK)
        status = add_new(&p, &done, err);
    if (status == AY_OK)
        status = report(&p, &done, err);
    ay_encoder_leave(s);
    s->added += status == AY_OK && done.created;
    s->moved += status == AY_OK && done.moved;
    s->refused += status == AY_ECORRUPT || status == AY_EUNSUPPORTED || status == AY_ELIMIT;
    return status;
}

/* ---- read */

typedef struct {
    int64_t dataset, class_id, before;
} page;

static ay_status find_page(ay_service *s, const char *dataset, const char *klass,
                           const char *cursor, page *out, ay_err *err)
{
    ay_status status;
    ay_gallery *g;
    int at;

    *out = (page){0};
    if (cursor && *cursor && !ay_str_to_long(cursor, 1, INT64_MAX, &out->before))
        return ay_fail(err, AY_EINVAL, "not a cursor of this list");
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK) {
        out->dataset = g->id;
        at = klass && *klass ? ay_gallery_class_by_word(g, klass) : -1;
        if (at >= 0)
            out->class_id = g->classes[at].id;
        else if (klass && *klass)
            status = ay_fail(err, AY_ENOTFOUND, "no class \"%.120s\"", klass);
    }
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_picture_list(ay_service *s, const char *dataset, const char *klass, const char *cursor,
                          int limit, ay_arena *a, ay_picture **out, size_t *n, const char **next,
                          ay_err *err)
{
    ay_store_member *list = NULL;
    size_t count = 0;
    ay_status status;
    ay_gallery *g;
    page p;

    *n = 0;
    *next = NULL;
    if (limit < 1 || limit > LIST_MOST)
        return ay_fail(err, AY_EINVAL, "a page has 1 to %d pictures, not %d", LIST_MOST, limit);
    status = find_page(s, dataset, klass, cursor, &p, err);
    if (status == AY_OK)
        status = ay_store_member_list(s->store, p.dataset, p.class_id, p.before, limit + 1, a,
                                      &list, &count, err);
    if (status != AY_OK)
        return status;
    *out = ay_arena_alloc(a, (count + 1) * sizeof **out);
    if (count > (size_t)limit) {
        count = (size_t)limit;
        *next = ay_arena_printf(a, "%lld", (long long)list[count - 1].id);
        if (!*next)
            return ay_fail(err, AY_ENOMEM, "listing pictures");
    }
    pthread_rwlock_rdlock(&s->lock);
    g = ay_service_by_id(s, p.dataset);
    for (size_t i = 0; g && i < count && *out && status == AY_OK; i++) {
        ay_gallery_item *item = ay_gallery_find(g, list[i].picture.sha256);
        if (item && !describe(g, item, a, &(*out)[(*n)++]))
            status = ay_fail(err, AY_ENOMEM, "listing pictures");
    }
    pthread_rwlock_unlock(&s->lock);
    return *out ? status : ay_fail(err, AY_ENOMEM, "listing pictures");
}

ay_status ay_picture_get(ay_service *s, const char *dataset, const char *sha256, ay_arena *a,
                         ay_picture *out, ay_err *err)
{
    ay_gallery_item *item = NULL;
    ay_status status;
    ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK) {
        item = ay_gallery_find(g, sha256);
        if (!item)
            status =
                ay_fail(err, AY_ENOTFOUND, "no picture %.12s in data set \"%s\"", sha256, g->name);
        else if (!describe(g, item, a, out))
            status = ay_fail(err, AY_ENOMEM, "reading a picture");
    }
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_picture_move(ay_service *s, const char *dataset, const char *sha256, const char *klass,
                          ay_err *err)
{
    ay_store_added done;
    ay_status status;
    page p;

    if (!klass || !*klass)
        return ay_fail(err, AY_EINVAL, "no class is named");
    status = find_page(s, dataset, klass, NULL, &p, err);
    if (status == AY_OK)
        status = move_known(s, p.dataset, sha256, p.class_id, &done, err);
    s->moved += status == AY_OK && done.moved;
    return status;
}

ay_status ay_picture_delete(ay_service *s, const char *dataset, const char *sha256,
                            char undo[AY_UNDO_SIZE], ay_err *err)
{
    ay_gallery_item *item = NULL;
    ay_status status;
    ay_gallery *g;

    pthread_mutex_lock(&s->writing);
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK && !(item = ay_gallery_find(g, sha256)))
        status = ay_fail(err, AY_ENOTFOUND, "no picture %.12s in data set \"%s\"", sha256, g->name);
    pthread_rwlock_unlock(&s->lock);
    if (status == AY_OK)
        status = ay_store_member_trash(s->store, item->member, undo, err);
    if (status == AY_OK) {
        pthread_rwlock_wrlock(&s->lock);
        ay_gallery_remove(g, item);
        ay_service_tell(s, "dataset", g->name, 0);
        pthread_rwlock_unlock(&s->lock);
    }
    pthread_mutex_unlock(&s->writing);
    return status;
}

ay_status ay_picture_read(ay_service *s, const char *sha256, ay_buf *out, const char **mime,
                          ay_err *err)
{
    size_t start = out->len;
    ay_status status = ay_blobs_get(s->blobs, sha256, false, out, err);

    if (status == AY_OK && mime)
        *mime = ay_image_format_mime(ay_image_sniff(out->data + start, out->len - start));
    return status;
}
