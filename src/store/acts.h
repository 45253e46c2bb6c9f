/* store/acts.h - what people did, so that it can be told and taken back.
 *
 * An act is one thing a person asked for: a tag put on ten thousand pictures, an album sorted anew, two groups made one.  It has an
 * entry in the trash (whose token a client gets as `undo`) and for each part a row that says how to take that part back:
 *
 *     begin ; ay_store_act() ; change rows, ay_store_act_keep() for each part ; ay_store_history() ; commit
 *
 * Undo reads the rows backwards and hands each to the function of its kind (the table in acts.c).  Rows go when the trash is
 * emptied, with the entry.
 *
 * To add a kind: write `ay_status undo(ay_store *, const ay_act_row *, ay_store_restored *, ay_err *)`, add one line to the table in
 * acts.c, keep what it needs with ay_store_act_keep().  What is not there any more when it runs is left out, not an error;
 * what stands in the way is AY_ECONFLICT, and then nothing of the act is undone.  A table with things of its own that can be thrown
 * away has a column `trash` and one line in the table of store/trash.c.
 *
 * Rejected: a copy of the rows from before (ten thousand pictures a click); a log that is replayed from the start.
 *
 * History says who did what and when: an event with JSON fields, so that a page can put it in its reader's language, and the
 * pictures it is about.
 *
 * Threads: any; ay_store_actor() is of the calling thread. */
#ifndef AY_STORE_ACTS_H
#define AY_STORE_ACTS_H

#include "store/store.h"

enum { AY_ACTOR_MAX = 120, AY_ACT_CHUNK = 1000 /* pictures a row of an act speaks of, at most */ };

/* Who asks for what this thread does from now on: an address, "command line"; "": the program itself.  Cut where too long. */
void ay_store_actor(const char *who);

typedef struct {
    int64_t what;       /* a number of the kind's own: a tag's id, a class's */
    const char *detail; /* text of the kind's own, at most 1000000 bytes */
} ay_act_row;

/* Between begin and commit: an act about `subject` (a name; for the trash), in a data set or none (0).  *act is for the functions
 * that keep its parts. */
ay_status ay_store_act(ay_store *s, const char *subject, int64_t dataset, char token[AY_TOKEN_SIZE], int64_t *act, ay_err *err);
/* One part of it. */
ay_status ay_store_act_keep(ay_store *s, int64_t act, const char *kind, int64_t what, const char *detail, ay_err *err);
/* An event of kind `code` with fields (a JSON object, at most 1024 bytes) about pictures (their digests; n may be 0).  Joins a
 * transaction, or is one. */
ay_status ay_store_history(ay_store *s, const char *code, const char *subject, const char *fields, const char *const *sha256, size_t n,
                           ay_err *err);

typedef struct {
    int64_t id, at_us;
    const char *code;
    const char *who;
    const char *subject, *detail; /* detail: JSON fields of those of ay_store_history(); else a plain text */
    int64_t pictures;
} ay_store_told;
/* Newest first, id < before (0: from the newest); with sha256 (not NULL) what that picture was in. */
ay_status ay_store_told_list(ay_store *s, const char *sha256, int64_t before, int limit, ay_arena *a, ay_store_told **out, size_t *n,
                             ay_err *err);

/* ---- many pictures at once: between begin and commit, and their undo kept under act */

typedef struct {
    int64_t id, class_id; /* of the membership: where it is now */
    const char *sha256;
} ay_store_place;
/* A class for them, to be kept before they go there: undo removes it, unless it has been renamed, something else is in it or is to come
 * (a folder that is watched, pictures that wait to be taken in). */
ay_status ay_store_class_made(ay_store *s, int64_t act, int64_t dataset, const char *name, int64_t *class_id, ay_err *err);
/* Those that are in another class of the same data set go to to_class; the others stay.  *moved counts. */
ay_status ay_store_members_move(ay_store *s, int64_t act, const ay_store_place *list, size_t n, int64_t to_class, int64_t *moved,
                                ay_err *err);
ay_status ay_store_members_trash(ay_store *s, int64_t act, const ay_store_place *list, size_t n, ay_err *err);
/* Between begin and commit: a picture that is said to have come later than at added_us came then. */
ay_status ay_store_member_earlier(ay_store *s, int64_t member, int64_t added_us, ay_err *err);
/* Also into a class of another data set, where they are not yet; their vectors are the pictures' and go with them.  at_us: when
 * they came.  ids: n, the new
 * memberships', 0 where there was one; may be NULL. */
ay_status ay_store_members_copy(ay_store *s, int64_t act, const ay_store_place *list, size_t n, int64_t to_class, int64_t at_us,
                                int64_t *ids, int64_t *added, ay_err *err);

#endif
