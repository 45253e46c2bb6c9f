/* service/gallery.h - one data set in memory: classes, pictures, and the matrix of their vectors.
 * For src/service only.
 *
 * items[0 .. nready) have their vector in the row of the same number; items[nready .. n) wait for
 * theirs.  Removing moves the last item into the hole, so a row's number means nothing beyond the
 * lock; order among equals goes by member id.
 *
 * Changing comes in two steps: ay_gallery_reserve() may fail and changes nothing that can be seen;
 * after the store has committed, the change itself cannot fail.  So memory and store stay in step.
 *
 * Threads: guarded by the service's lock; nothing here locks. */
#ifndef AY_SERVICE_GALLERY_H
#define AY_SERVICE_GALLERY_H

#include "base/hash.h"
#include "base/paged.h"
#include "index/codes.h"
#include "service/calibrate.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From so many pictures on, rows also have codes (index/codes.h): a quarter more memory, a quarter of the reading. */
enum { AY_GALLERY_LARGE = 8192 };

typedef struct {
    int64_t id, created_us;
    int position;
    int64_t images, embedded;
    int kind; /* store/store.h */
    char name[AY_NAME_MAX + 1];
} ay_gallery_class;

typedef struct {
    int64_t member, added_us, bytes;
    uint64_t phash;
    char *file; /* owned */
    int klass;  /* index into classes */
    int width, height;
    bool failed; /* could not be embedded; not tried again before the next start */
    char format[17];
    int64_t taken_us;              /* 0: not told */
    char camera[AY_CAMERA_MAX + 1]; /* "": not told */
    uint32_t mark; /* number of its tags, 0: not asked for yet; guarded by the lock of service/library/marks.h */
    char sha256[AY_SHA256_HEX];
} ay_gallery_item;

/* What of a gallery is in its file: service/gallery_keep.c; guarded by `writing`. */
typedef struct {
    bool any;
    uint64_t edits; /* as of then */
    size_t n;       /* the first so many items */
    int64_t stamp;
    uint64_t seen, seen_ns, took_ns, written_ns; /* for when the next one is due */
} ay_gallery_kept;

typedef struct {
    int64_t id, created_us;
    char name[AY_NAME_MAX + 1];
    int kind; /* store/store.h */
    int dim;
    ay_gallery_class *classes; /* in order of position */
    int nclasses, cclasses;
    ay_gallery_item *items;
    size_t n, nready, cap;
    float *vectors; /* cap x dim */
    ay_paged paged; /* where they are when `on_file` */
    bool on_file;   /* vectors are read from the gallery's file when they are touched (service/gallery_keep.h) */
    bool lean;      /* no codes either */
    ay_codes codes; /* of the same rows, from AY_GALLERY_LARGE on; cap 0 before */
    uint32_t *slots; /* digest -> item number + 1; open addressing */
    size_t nslots;
    uint64_t edits;      /* another number after every change but for what is put at the end of items and rows */
    uint64_t changes;    /* another number, never used before, after every change of items and rows */
    uint64_t generation; /* grows with every change that a decision could see */
    ay_calibration calibration;
    uint64_t calibrated; /* the generation it was made for; 0: none */
    uint64_t classes_generation, calibrated_classes; /* the same for the list of classes */
    ay_gallery_kept kept;
} ay_gallery;

ay_status ay_gallery_create(ay_gallery **out, int64_t id, const char *name, int64_t created_us,
                            int dim, ay_err *err);
void ay_gallery_destroy(ay_gallery *g); /* NULL is fine */
/* Room for more items and classes. */
ay_status ay_gallery_reserve(ay_gallery *g, size_t items, int classes, ay_err *err);

/* The k nearest of the ready rows for each of nq unit vectors, as ay_search_top(). */
ay_status ay_gallery_top(const ay_gallery *g, const float *queries, int nq, int k, int threads, ay_hit *hits, ay_err *err);

ay_gallery_item *ay_gallery_find(const ay_gallery *g, const char *sha256);
/* Index of a class, or -1. */
int ay_gallery_class_by_id(const ay_gallery *g, int64_t id);
int ay_gallery_class_by_name(const ay_gallery *g, const char *name);
/* By name, else by decimal id. */
int ay_gallery_class_by_word(const ay_gallery *g, const char *word);

/* Takes item->file.  vector NULL: it waits. */
void ay_gallery_add(ay_gallery *g, const ay_gallery_item *item, const float *vector);
void ay_gallery_embed(ay_gallery *g, const char *sha256, const float *vector);
void ay_gallery_earlier(ay_gallery *g, ay_gallery_item *item, int64_t added_us);
/* Of an empty gallery: vectors will be on a file; lean: without codes. */
ay_status ay_gallery_on_file(ay_gallery *g, bool lean, ay_err *err);
/* The first n rows, which are the same in the open file fd from byte `at` on, are that file's from now on.  What it takes is prepared
 * first, so that a failure changes nothing. */
typedef struct {
    float *vectors;
    ay_paged paged;
    bool on_file;
} ay_gallery_rows;
ay_status ay_gallery_to_file(ay_gallery *g, int fd, uint64_t at, size_t n, bool lean, ay_gallery_rows *old, ay_err *err);
void ay_gallery_rows_free(ay_gallery_rows *old); /* where they were before; takes time, so not under a lock.  An empty one is fine */
/* Bytes of vectors and codes that only this process's memory holds. */
uint64_t ay_gallery_resident(const ay_gallery *g);
/* The same for n pictures: with vectors and codes, and with codes alone. */
void ay_gallery_wants(size_t n, int dim, uint64_t *all, uint64_t *codes);
/* items were filled in from 0 to n and rows to nready after ay_gallery_reserve(), in an empty gallery: count them and make them be
 * found.  AY_ECORRUPT: not as items can be; then the gallery is good for nothing but to be destroyed. */
ay_status ay_gallery_adopt(ay_gallery *g, size_t n, size_t nready, ay_err *err);
/* Somebody wrote into an item. */
void ay_gallery_touch(ay_gallery *g);
void ay_gallery_move(ay_gallery *g, ay_gallery_item *item, int klass);
void ay_gallery_remove(ay_gallery *g, ay_gallery_item *item);
void ay_gallery_class_add(ay_gallery *g, int64_t id, const char *name, int64_t created_us);
void ay_gallery_class_rename(ay_gallery *g, int klass, const char *name);
void ay_gallery_class_remove(ay_gallery *g, int klass); /* and its pictures */

#endif
