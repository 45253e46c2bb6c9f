/* service/library/clusters_plain.h - all groups of a data set with all their pictures, as the picture organiser that Assay replaces gave them.
 *
 * What is in no group comes last, under the number 0 and the name "outliers".  The categories are the nearest of a few words, where the
 * encoder reads two of them at least and the group is nearer to one than all pictures are; that program always said one.
 *
 * Threads: any. */
#ifndef AY_SERVICE_CLUSTERS_PLAIN_H
#define AY_SERVICE_CLUSTERS_PLAIN_H

#include "service/service.h"

typedef struct {
    int64_t id;
    const char *name;
    const char *object, *background; /* NULL: the encoder cannot say */
    const float *centre;             /* dim, unit length */
    int64_t *member;                 /* n ids of memberships, in no order */
    size_t n;
} ay_plain_cluster;

/* In the arena.  dataset NULL or "": the library. */
ay_status ay_clusters_plain(ay_service *s, const char *dataset, ay_arena *a, ay_plain_cluster **out, size_t *n, int *dim, ay_err *err);

#endif
