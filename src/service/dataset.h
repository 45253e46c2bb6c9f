/* service/dataset.h - data sets and their classes.
 *
 * Names are UTF-8, 1 to 120 bytes, no control characters, no white space at the ends: anything else
 * is AY_EINVAL.  A name that is taken is AY_EEXISTS, one that is not there AY_ENOTFOUND.
 * A fresh data folder has one data set, "main", which is active.  The active one cannot be deleted
 * while it is the only one. */
#ifndef AY_SERVICE_DATASET_H
#define AY_SERVICE_DATASET_H

#include "service/service.h"

typedef struct {
    int64_t id;
    const char *name;
    int64_t classes, images;
    bool active;
    bool library; /* service/library/library.h: its pictures need no class; never the active one */
    char created_at[AY_RFC3339_SIZE];
} ay_dataset;

/* In order of creation. */
ay_status ay_dataset_list(ay_service *s, ay_arena *a, ay_dataset **out, size_t *n, ay_err *err);
ay_status ay_dataset_get(ay_service *s, const char *name, ay_arena *a, ay_dataset *out, ay_err *err);
/* preset NULL: empty; "scrap": the ten official scrap classes.  AY_EINVAL: unknown preset. */
ay_status ay_dataset_create(ay_service *s, const char *name, const char *preset, ay_err *err);
ay_status ay_dataset_rename(ay_service *s, const char *name, const char *to, ay_err *err);
ay_status ay_dataset_activate(ay_service *s, const char *name, ay_err *err);
ay_status ay_dataset_delete(ay_service *s, const char *name, char undo[AY_UNDO_SIZE], ay_err *err);

typedef struct {
    int64_t id;
    const char *name;
    int64_t images, embedded;
    const char *cover; /* SHA-256 of a picture of it; NULL when empty */
    int position;
    bool unsorted; /* the library's class of what has no class yet */
    char created_at[AY_RFC3339_SIZE];
} ay_class;

/* In order of position (creation); dataset_name gets the data set's name (may be NULL). */
ay_status ay_class_list(ay_service *s, const char *dataset, ay_arena *a, ay_class **out, size_t *n,
                        const char **dataset_name, ay_err *err);
ay_status ay_class_get(ay_service *s, const char *dataset, const char *klass, ay_arena *a,
                       ay_class *out, ay_err *err);
ay_status ay_class_create(ay_service *s, const char *dataset, const char *name, int64_t *id,
                          ay_err *err);
/* By id, whatever its data set. */
ay_status ay_class_rename(ay_service *s, int64_t id, const char *to, ay_err *err);
ay_status ay_class_delete(ay_service *s, int64_t id, char undo[AY_UNDO_SIZE], int64_t *images,
                          ay_err *err);

#endif
