/* service/library/tags.h - tags, albums and saved searches as things of their own: list, make, rename, sort, delete.  What puts them on
 * pictures: service/library/change.h.
 *
 * A saved search is a live album: a filter, and perhaps words, kept by a name as JSON {"dataset", "filter", "words"}.
 *
 * Whatever changes something answers a token for undo.  Threads: any. */
#ifndef AY_SERVICE_TAGS_H
#define AY_SERVICE_TAGS_H

#include "service/library/filter.h"
#include "store/tags.h"

typedef struct {
    int64_t id;
    const char *name;
    int64_t pictures;  /* in the data set, of a tag with a filter those that it leaves; of a saved search: that fit it, -1 where it has words too or its filter names what is gone */
    const char *cover; /* SHA-256 of a picture of it; NULL: none */
    const char *query; /* of a saved search: JSON; else "" */
    char created_at[AY_RFC3339_SIZE];
} ay_label;

/* dataset NULL or "": the library.  In order of name. */
ay_status ay_label_list(ay_service *s, ay_shelf_kind kind, const char *dataset, ay_arena *a, ay_label **out, size_t *n, ay_err *err);
/* The tags, counted among the pictures that a filter leaves; NULL: among all. */
ay_status ay_label_tags(ay_service *s, const char *dataset, const ay_picture_filter *f, ay_arena *a, ay_label **out, size_t *n, ay_err *err);
/* AY_EEXISTS; AY_EINVAL.  query as above, checked; "" for tags and albums. */
ay_status ay_label_create(ay_service *s, ay_shelf_kind kind, const char *name, const char *query, int64_t *id, char undo[AY_UNDO_SIZE],
                          ay_err *err);
/* name or query NULL: stays. */
ay_status ay_label_change(ay_service *s, ay_shelf_kind kind, int64_t id, const char *name, const char *query, char undo[AY_UNDO_SIZE],
                          ay_err *err);
ay_status ay_label_delete(ay_service *s, ay_shelf_kind kind, int64_t id, char undo[AY_UNDO_SIZE], ay_err *err);
/* An album's pictures in this order; those left out follow in the order they had. */
ay_status ay_album_order(ay_service *s, int64_t album, const char *const *sha256, size_t n, char undo[AY_UNDO_SIZE], ay_err *err);

/* Some of an album's pictures, in this order, before another one of it; before NULL or "": to its end.  Those that are not in it are passed over;
 * AY_ENOTFOUND where none is, or `before` is not. */
ay_status ay_album_move(ay_service *s, int64_t album, const char *const *sha256, size_t n, const char *before, char undo[AY_UNDO_SIZE], ay_err *err);
/* A tag becomes part of another one: its pictures get that, and it goes. */
ay_status ay_tag_merge(ay_service *s, int64_t tag, int64_t into, char undo[AY_UNDO_SIZE], ay_err *err);
/* The id of a tag or an album by its name (capitals do not matter), of an album by its id too.  AY_ENOTFOUND. */
ay_status ay_label_find(ay_service *s, ay_shelf_kind kind, const char *name, int64_t *id, ay_err *err);

/* ---- the history */
typedef struct {
    int64_t id;
    char at[AY_RFC3339_SIZE];
    const char *who;  /* "": the program */
    const char *code; /* "pictures.change", "class.delete" ... */
    const char *subject;
    int64_t pictures;   /* that it is about */
    const char *fields; /* JSON object */
    const char *text;   /* one English sentence */
} ay_told;
/* Newest first.  sha256 NULL: everything.  cursor NULL or "": from the newest; *next NULL at the end. */
ay_status ay_told_list(ay_service *s, const char *sha256, const char *cursor, int limit, ay_arena *a, ay_told **out, size_t *n,
                       const char **next, ay_err *err);

#endif
