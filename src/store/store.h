/* store/store.h - what must outlive the process: data sets, classes, pictures, vectors, history.
 * Trained models, their predictions and jobs: store/ledger.h.  Words and verdicts: store/verdicts.h.
 * Groups of pictures: store/clusters.h.
 *
 * A store is opened from a URL whose scheme names a driver:
 *
 *     sqlite:/home/ada/.local/share/assay/assay.db     one file, the default
 *     mysql://ada@db.example.org:3306/assay?ssl=on     MariaDB or MySQL; doc/store.md
 *     postgresql://ada@db.example.org:5432/assay       PostgreSQL
 *
 * Everything that can be said in SQL that all drivers understand is said once, in this folder; a
 * driver (store/driver.h) only connects, runs statements and moves values without loss.  Whatever
 * the driver, store/contract_test.c must pass against it.
 *
 * Rules that hold always:
 *   1. A write that returned AY_OK is durable: it survives SIGKILL and power loss.
 *   2. A write that failed changed nothing.  One that answers AY_EUNKNOWN was cut off from the database
 *      while it was being kept: whether it was, is known when the database is back, and until then
 *      no other write succeeds.
 *   3. A value that cannot be kept as it is (too long, not UTF-8, a NUL inside) is refused with
 *      AY_EINVAL, never cut.
 *   4. A vector is known by (picture, model digest, preprocessing digest); it is never returned for
 *      other digests.
 *   5. Deleting moves things to the trash; an undo token brings them back until ay_store_purge().
 *
 * Names of live things are unique: a data set among data sets, a class within its data set, a
 * picture within its data set (it is in one class only).  Names compare byte by byte.
 *
 * Threads: any.  Reads run beside each other and beside one writer; writers wait for each other. */
#ifndef AY_STORE_STORE_H
#define AY_STORE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AY_NAME_MAX 120  /* bytes of a data set's or class's name, UTF-8, at least 1 */
#define AY_FILE_MAX 255  /* bytes of an original file name; may be empty */
#define AY_CAMERA_MAX 95  /* bytes of a camera's name; may be empty */
#define AY_KEY_MAX 64    /* bytes of a setting's key */
#define AY_TOKEN_SIZE 33 /* an undo token: 32 hex digits and the NUL */
#define AY_STORE_SCHEMA 6

enum { AY_KIND_PLAIN, AY_KIND_LIBRARY }; /* of a data set */
enum { AY_KIND_CLASS, AY_KIND_UNSORTED }; /* of a class */

typedef struct ay_store ay_store;

typedef struct {
    int64_t id;
    const char *name;
    int64_t created_us; /* microseconds since 1970 UTC */
    int64_t classes, pictures;
    int kind;
} ay_store_dataset;

typedef struct {
    int64_t id, dataset;
    const char *name;
    int position; /* order of creation within the data set; ties are broken by it */
    int64_t created_us;
    int64_t pictures;
    int kind;
} ay_store_class;

/* What the bytes of a picture are; the same in every data set. */
typedef struct {
    const char *sha256; /* 64 lower-case hex digits */
    const char *format; /* "jpeg"... */
    int width, height;  /* upright */
    int64_t bytes;
    uint64_t phash;
    int64_t created_us;
    int64_t taken_us;   /* by the camera's clock (image/exif.h); 0: not told */
    const char *camera; /* "": not told.  NULL when writing: nobody has looked yet (store/facts.h) */
} ay_store_picture;

/* A picture in a class of a data set. */
typedef struct {
    int64_t id; /* grows with time */
    int64_t dataset, class_id;
    const char *file; /* as the uploader named it */
    int64_t added_us;
    ay_store_picture picture;
} ay_store_member;

typedef struct {
    const char *model, *preprocess; /* digests, 64 hex digits each */
    const float *data;              /* dim floats, unit length */
    int dim;
} ay_store_vector;

typedef struct {
    int64_t id, at_us;
    const char *kind;    /* "dataset.create", "picture.add"... */
    const char *subject; /* the name or digest it is about */
    const char *detail;
} ay_store_event;

/* AY_EUNSUPPORTED: no such driver, or a server that is too old or forgetful; AY_EIO: cannot reach it;
 * AY_EBUSY: another process writes there; AY_ECORRUPT: what is there is not ours or damaged;
 * AY_ECONFLICT: written by a newer Assay.  An older schema is migrated after a backup.
 *
 * Once open, a store whose database goes away answers AY_EBUSY and works again when that is back. */
ay_status ay_store_open(ay_store **out, const char *url, ay_err *err);
/* Open what another process may be writing: nothing is made, migrated or written; every write answers
 * AY_EBUSY. */
ay_status ay_store_open_reading(ay_store **out, const char *url, ay_err *err);
void ay_store_close(ay_store *s); /* NULL is fine */
/* fn is called, on the thread that wrote and with its locks held, when a write answers AY_EUNKNOWN: what
 * the caller keeps in memory may now differ from the store. */
void ay_store_on_doubt(ay_store *s, void (*fn)(void *ctx), void *ctx);
/* Ask the database to examine itself and every reference.  AY_ECORRUPT says what is wrong. */
ay_status ay_store_check(ay_store *s, ay_err *err);

/* The whole database as of one moment, as a new SQLite file at path; others may write meanwhile.  AY_EEXISTS or AY_EIO when path
 * cannot be made; AY_EUNSUPPORTED: a database server, which has a program of its own for that. */
ay_status ay_store_copy(ay_store *s, const char *path, ay_err *err);

/* Several writes as one: all or nothing.  Between begin and commit other writers wait and this
 * thread's writes join; reads do not yet see them.  Every begin is paired with a commit or a
 * rollback on the same thread.  A failed commit has rolled back. */
ay_status ay_store_begin(ay_store *s, ay_err *err);
ay_status ay_store_commit(ay_store *s, ay_err *err);
void ay_store_rollback(ay_store *s);

/* What is refused as a name: anything but 1..max bytes of UTF-8 without control characters or spaces at the ends.  what: "a tag". */
ay_status ay_store_check_name(const char *what, const char *s, size_t max, ay_err *err);

/* ---- data sets.  Lists are in order of creation, in the caller's arena. */
ay_status ay_store_dataset_list(ay_store *s, ay_arena *a, ay_store_dataset **out, size_t *n,
                                ay_err *err);
ay_status ay_store_dataset_create(ay_store *s, const char *name, int64_t *id, ay_err *err);
/* The library: the one data set of its kind, and in it the one class for what has no class yet.  Both are made when they
 * are not there; *made tells. */
ay_status ay_store_library(ay_store *s, int64_t *dataset, int64_t *unsorted, bool *made, ay_err *err);
ay_status ay_store_dataset_rename(ay_store *s, int64_t id, const char *name, ay_err *err);
ay_status ay_store_dataset_trash(ay_store *s, int64_t id, char token[AY_TOKEN_SIZE], ay_err *err);

/* ---- classes, in order of position. */
ay_status ay_store_class_list(ay_store *s, int64_t dataset, ay_arena *a, ay_store_class **out,
                              size_t *n, ay_err *err);
ay_status ay_store_class_create(ay_store *s, int64_t dataset, const char *name, int64_t *id,
                                ay_err *err);
ay_status ay_store_class_rename(ay_store *s, int64_t id, const char *name, ay_err *err);
ay_status ay_store_class_trash(ay_store *s, int64_t id, char token[AY_TOKEN_SIZE], ay_err *err);

/* ---- pictures. */
typedef struct {
    int64_t id;          /* of the membership */
    bool created, moved; /* neither: it was there already, in that class */
    int64_t from_class;  /* the class it was moved from, or 0 */
    int64_t added_us;    /* when it was created */
} ay_store_added;
/* Put p into a class under file's name; with v, its vector too, all in one transaction.  The
 * picture's bytes must be durable before (store/blobs.h).  Already in another class of the data
 * set: moved.  AY_ENOTFOUND: no such class. */
ay_status ay_store_member_add(ay_store *s, int64_t class_id, const char *file,
                              const ay_store_picture *p, const ay_store_vector *v,
                              ay_store_added *out, ay_err *err);
ay_status ay_store_member_move(ay_store *s, int64_t member, int64_t to_class, ay_err *err);
ay_status ay_store_member_trash(ay_store *s, int64_t member, char token[AY_TOKEN_SIZE],
                                ay_err *err);
/* One page of a data set, or of a class (class_id > 0), newest first: members with id < before
 * (0: from the newest), at most limit. */
ay_status ay_store_member_list(ay_store *s, int64_t dataset, int64_t class_id, int64_t before,
                               int limit, ay_arena *a, ay_store_member **out, size_t *n,
                               ay_err *err);
/* Visit every live member of a data set in order of id, with its vector for these digests (data NULL
 * and dim 0 when it has none).  What visit sees is valid during the call; it must not call the store.
 * visit returning non-OK ends the walk with that status. */
typedef ay_status (*ay_store_visit)(void *ctx, const ay_store_member *m, const ay_store_vector *v,
                                    ay_err *err);
ay_status ay_store_member_walk(ay_store *s, int64_t dataset, const char *model,
                               const char *preprocess, ay_store_visit visit, void *ctx, ay_err *err);
/* The same for those with a higher id than `after`. */
ay_status ay_store_member_walk_after(ay_store *s, int64_t dataset, int64_t after, const char *model, const char *preprocess,
                                     ay_store_visit visit, void *ctx, ay_err *err);
/* Keep or replace vectors of pictures that exist. */
ay_status ay_store_vector_put(ay_store *s, const char *sha256, const ay_store_vector *v,
                              ay_err *err);

/* ---- trash. */
/* What of the program's memory is to be read again after an undo. */
enum { AY_TOUCHED_MEMBERS = 1, AY_TOUCHED_TAGS = 2, AY_TOUCHED_CLUSTERS = 4, AY_TOUCHED_APART = 8, AY_TOUCHED_REVIEW = 16 };
typedef struct {
    int64_t dataset; /* the one it belongs to; 0: none */
    int64_t datasets, classes, pictures; /* how many came back, or back to where they were */
    int64_t tagged, others; /* pictures whose tags or albums are as before; labels and other things that came back */
    unsigned touched; /* AY_TOUCHED_... */
} ay_store_restored;
/* AY_ENOTFOUND: no such token, or purged; AY_ECONFLICT: a name is taken again, or what held it is
 * itself in the trash. */
ay_status ay_store_undo(ay_store *s, const char *token, ay_store_restored *out, ay_err *err);
/* Forget trash older than before_us, and pictures that are in no data set and no trash any more:
 * their digests come back in out, so that the caller can remove the files after this returned. */
ay_status ay_store_purge(ay_store *s, int64_t before_us, ay_arena *a, const char ***out, size_t *n,
                         ay_err *err);
/* Digests of all pictures known, trash and what waits to be taken in (store/arrivals.h) included, in order: every file
 * that must be there.  For consistency checks. */
ay_status ay_store_picture_list(ay_store *s, ay_arena *a, const char ***out, size_t *n,
                                ay_err *err);

/* ---- settings and history. */
/* *value in the arena; NULL when not set. */
ay_status ay_store_setting_get(ay_store *s, const char *key, ay_arena *a, const char **value,
                               ay_err *err);
ay_status ay_store_setting_put(ay_store *s, const char *key, const char *value, ay_err *err);
/* Every write above adds one itself. */
ay_status ay_store_event_add(ay_store *s, const char *kind, const char *subject,
                             const char *detail, ay_err *err);
/* Newest first, id < before (0: from the newest). */
ay_status ay_store_event_list(ay_store *s, int64_t before, int limit, ay_arena *a,
                              ay_store_event **out, size_t *n, ay_err *err);

#endif
