/* inspect/gather_parts.h - what the parts of gathering share (gather.c says what they do, and in which order). */
#ifndef AY_INSPECT_GATHER_PARTS_H
#define AY_INSPECT_GATHER_PARTS_H

#include "inspect/prepare_parts.h"

#include <pthread.h>

/* One file of the input on its way. */
typedef struct {
    const char *path; /* relative to input */
    ay_line_name name;
    const char *product;
    bool ok, named, dropped;
    ay_line_miss kind; /* when reason */
    const char *reason;
    int class, width, height;
    const char *to; /* in the tree */
    char sha256[AY_SHA256_HEX];
} ay_found;

typedef struct {
    const char *dir;
    const ay_line_gather_options *o;
    const ay_line_observer *observer;
    ay_line_grammar grammar;
    ay_arena *arena; /* the set's */
    ay_found *files;
    int n, room;
    ay_line_class *classes;
    int nclasses;
    pthread_mutex_t lock; /* the arena, while copying */
} ay_gather;

ay_status ay_gather_memory(ay_err *err); /* AY_ENOMEM */
/* f has this fault; the first reason stays. */
ay_status ay_gather_miss(ay_gather *g, ay_found *f, ay_line_miss kind, const char *reason, ay_err *err);
const char *ay_gather_file(const ay_found *f); /* its name without folders */

ay_status ay_gather_list(ay_gather *g, ay_err *err);                    /* 1, gather_list.c */
ay_status ay_gather_names(ay_gather *g, ay_err *err);                   /* 2, gather_list.c */
ay_status ay_gather_end(ay_gather *g, ay_line_set *set, ay_err *err);   /* 6, gather_end.c */

#endif
