/* store/tags.h - tags, albums and saved searches.
 *
 *   tag     a word that any number of pictures carry.  It is of the picture, wherever that lies: what is blue stays blue when it is moved,
 *           taught to another data set, or brought back from the trash
 *   album   pictures in an order made by hand
 *   saved   a search that is kept by name: what fits it is in it (a filter and words as JSON, which this folder does not read)
 *
 * With the rules of store/store.h.  Names are unique among live ones of their kind; a tag's has no '"', ',' or ':' and no '+' or '-' in
 * front, for those mean something where people type tags.
 *
 * Changes to many pictures are parts of an act (store/acts.h): between begin and commit.  All are idempotent: what is so already is
 * left out, also of the undo.
 *
 * Threads: any. */
#ifndef AY_STORE_TAGS_H
#define AY_STORE_TAGS_H

#include "store/acts.h"

enum { AY_TAG_MAX = 60 /* bytes of a tag's name */, AY_SAVED_MAX = 8000 /* bytes of a saved search */, AY_ALBUM_MOST = 12000 /* pictures */ };

typedef enum { AY_SHELF_TAG, AY_SHELF_ALBUM, AY_SHELF_SAVED } ay_shelf_kind;

typedef struct {
    int64_t id, created_us;
    const char *name;
    const char *query; /* of a saved search; else "" */
} ay_store_label;
/* In order of name. */
ay_status ay_store_label_list(ay_store *s, ay_shelf_kind kind, ay_arena *a, ay_store_label **out, size_t *n, ay_err *err);
/* AY_EEXISTS: the name is taken.  query: of a saved search; else "". */
ay_status ay_store_label_create(ay_store *s, ay_shelf_kind kind, const char *name, const char *query, int64_t *id, ay_err *err);
/* Between begin and commit: undo takes a tag or an album that was made for an act away again, unless something else is in it by then. */
ay_status ay_store_label_made(ay_store *s, ay_shelf_kind kind, int64_t act, int64_t id, ay_err *err);
/* Between begin and commit, kept under act. */
ay_status ay_store_label_rename(ay_store *s, ay_shelf_kind kind, int64_t act, int64_t id, const char *name, ay_err *err);
ay_status ay_store_saved_query(ay_store *s, int64_t act, int64_t id, const char *query, ay_err *err);
ay_status ay_store_label_trash(ay_store *s, ay_shelf_kind kind, int64_t act, int64_t id, ay_err *err);
/* A name that can be a tag's. */
ay_status ay_store_check_tag(const char *name, ay_err *err);

/* Every live tag's pictures (kind AY_SHELF_TAG), or every live album's in their order. */
typedef ay_status (*ay_store_label_visit)(void *ctx, int64_t label, const char *sha256, ay_err *err);
ay_status ay_store_label_walk(ay_store *s, ay_shelf_kind kind, ay_store_label_visit visit, void *ctx, ay_err *err);

/* ---- between begin and commit, kept under act; *changed counts */
ay_status ay_store_tag_put(ay_store *s, int64_t act, int64_t tag, const char *const *sha256, size_t n, int64_t *changed, ay_err *err);
ay_status ay_store_tag_take(ay_store *s, int64_t act, int64_t tag, const char *const *sha256, size_t n, int64_t *changed, ay_err *err);
/* At the end, in the order of the list. */
ay_status ay_store_album_put(ay_store *s, int64_t act, int64_t album, const char *const *sha256, size_t n, int64_t *changed, ay_err *err);
ay_status ay_store_album_take(ay_store *s, int64_t act, int64_t album, const char *const *sha256, size_t n, int64_t *changed,
                              ay_err *err);
/* All its pictures in a new order; what the list leaves out follows in the old one. */
ay_status ay_store_album_order(ay_store *s, int64_t act, int64_t album, const char *const *sha256, size_t n, ay_err *err);

#endif
