/* service/picture.h - reference pictures: add, list, move, delete, read, import.
 *
 * A picture is known by the SHA-256 of its bytes and is in one class of a data set only. */
#ifndef AY_SERVICE_PICTURE_H
#define AY_SERVICE_PICTURE_H

#include "service/service.h"

typedef struct {
    int64_t id; /* of its place in the data set; stays as long as it is there */
    char sha256[AY_SHA256_HEX];
    const char *file; /* as the uploader named it; may be "" */
    int64_t class_id;
    const char *class_name;
    int width, height; /* upright */
    int64_t bytes;
    const char *format; /* "jpeg"... */
    const char *mime;
    bool embedded; /* false: waits for its vector, no scan finds it yet */
    char created_at[AY_RFC3339_SIZE];
} ay_picture;

typedef struct {
    ay_picture picture;
    bool created; /* new in this data set */
    bool moved;   /* was in another class of it (from) */
    const char *from; /* NULL unless moved */
    /* The stored picture that looks the same though its bytes differ; sha256 "" when none. */
    char near_sha256[AY_SHA256_HEX];
    const char *near_class; /* NULL when none */
    float near_similarity;
} ay_added;

/* Teach: bytes -> decode -> file -> vector -> rows.  Idempotent: the same bytes again change nothing.
 * expect NULL, or the digest the caller claims: AY_ECONFLICT when the bytes have another.
 *   AY_EINVAL empty; AY_EUNSUPPORTED not a picture; AY_ECORRUPT damaged; AY_ELIMIT too large;
 *   AY_ENOTFOUND no such class or data set; AY_EBUSY the engine is full: try again */
ay_status ay_picture_add(ay_service *s, const char *dataset, const char *klass, const char *file,
                         const void *bytes, size_t n, const char *expect, ay_arena *a,
                         ay_added *out, ay_err *err);

/* Newest first.  klass NULL or "": all.  cursor NULL or "": from the start; *next is the cursor of the
 * following page, NULL at the end.  limit 1..200. */
ay_status ay_picture_list(ay_service *s, const char *dataset, const char *klass, const char *cursor,
                          int limit, ay_arena *a, ay_picture **out, size_t *n, const char **next,
                          ay_err *err);
ay_status ay_picture_get(ay_service *s, const char *dataset, const char *sha256, ay_arena *a,
                         ay_picture *out, ay_err *err);
ay_status ay_picture_move(ay_service *s, const char *dataset, const char *sha256, const char *klass,
                          ay_err *err);
ay_status ay_picture_delete(ay_service *s, const char *dataset, const char *sha256,
                            char undo[AY_UNDO_SIZE], ay_err *err);

/* The bytes as uploaded, appended to out, of any picture of any data set.  mime: static string. */
ay_status ay_picture_read(ay_service *s, const char *sha256, ay_buf *out, const char **mime,
                          ay_err *err);
/* A JPEG whose longer side is at most size pixels (16..1024), upright.  Made once and kept under
 * <data>/thumbs, which may be deleted at any time. */
ay_status ay_picture_thumb(ay_service *s, const char *sha256, int size, ay_buf *out, ay_err *err);

/* ---- folders: one sub-folder a class */
typedef struct {
    int64_t done, total; /* files; total is counted first */
    int64_t created, moved, same, refused;
    const char *path;   /* the file just done */
    const char *reason; /* why it was refused; NULL when it was not */
} ay_import_progress;
typedef bool (*ay_import_fn)(void *ctx, const ay_import_progress *p); /* false: stop here */

/* Add every picture below folder/<class>/, making classes as needed; files that are no usable picture
 * are reported, counted and skipped.  Files directly in folder are reported as refused.  progress may
 * be NULL and is called on the calling thread.  *out (may be NULL) is the last progress, path and
 * reason NULL.  AY_ECANCELLED when progress said stop: what was added stays. */
ay_status ay_import_folder(ay_service *s, const char *dataset, const char *folder,
                           ay_import_fn progress, void *ctx, ay_import_progress *out, ay_err *err);

#endif
