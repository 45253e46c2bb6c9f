/* service/library/shelf.h - the pictures of a data set as a person looks through them: filtered, ordered, any part of the list.
 *
 * A part is asked for by its offset, not by a cursor: a long list is scrolled by jumps.  What lies between two requests may change; `changes` is
 * another number then, so that who shows the list can tell.
 *
 * Threads: any. */
#ifndef AY_SERVICE_SHELF_H
#define AY_SERVICE_SHELF_H

#include "service/library/filter.h"

enum { AY_SHELF_MOST = 500 };

typedef struct {
    const char *dataset; /* by ay_shelf_get() */
    char sha256[AY_SHA256_HEX];
    const char *file; /* may be "" */
    int64_t class_id;
    const char *class_name;
    bool unsorted; /* in the library's class of what has no class */
    bool embedded;
    const char **tags;
    int ntags;
    int width, height;
    int64_t bytes;
    const char *format;
    char added_at[AY_RFC3339_SIZE];
    char taken_at[AY_RFC3339_SIZE]; /* "": not told */
    const char *camera;             /* "": not told */
    int64_t cluster;                /* 0: none */
    /* What a trained model says of it: the one that the filter names, else the active one.  predicted NULL: nothing is known */
    const char *predicted, *verdict; /* a class; "success", "unknown" ... */
    double score, margin;            /* 0..1: how sure; what it is ahead of the next class */
    int64_t model;
} ay_shelf_item;

typedef struct {
    const char *dataset;
    ay_shelf_item *items;
    size_t n, offset, total;
    uint64_t changes;
} ay_shelf_part;

/* dataset NULL or "": the library.  limit 1..AY_SHELF_MOST; an offset past the end is an empty part.  AY_ENOTFOUND: no such data set, or
 * something the filter names. */
ay_status ay_shelf_list(ay_service *s, const char *dataset, const ay_picture_filter *f, size_t offset, int limit, ay_arena *a, ay_shelf_part *out,
                        ay_err *err);
/* One picture as the list has it. */
ay_status ay_shelf_get(ay_service *s, const char *dataset, const char *sha256, ay_arena *a, ay_shelf_item *out, ay_err *err);

/* What the data set's pictures have, most of them first: for suggestions. */
typedef struct {
    const char *name;
    int64_t pictures;
} ay_shelf_count;
typedef struct {
    ay_shelf_count *cameras, *formats;
    int ncameras, nformats;
    int64_t pictures, untagged, unsorted, dated; /* dated: it is known when they were taken */
    int64_t first_us, last_us;                   /* of those; 0: none */
} ay_shelf_facts;
ay_status ay_shelf_look(ay_service *s, const char *dataset, ay_arena *a, ay_shelf_facts *out, ay_err *err);

#endif
