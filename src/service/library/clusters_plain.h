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
    const float *centre;             /* dim: the mean of the vectors, not of unit length; zeros where none has one */
    int64_t *member;                 /* n ids of memberships, ascending */
    size_t n;
} ay_plain_cluster;

/* In the arena.  dataset NULL or "": the library. */
ay_status ay_clusters_plain(ay_service *s, const char *dataset, ay_arena *a, ay_plain_cluster **out, size_t *n, int *dim, ay_err *err);

/* What single pictures of a data set show, of the same words. */
typedef struct {
    const char *object, *background; /* NULL: nobody can say; else live for ever */
} ay_picture_says;

/* out[i] is of the picture with digest sha256[i].  An encoder that reads any text says the word whose sentence its vector is nearest
 * to, as that program did; one that knows a list of words says one of the two and more that it knows, unless none of them is as likely
 * as not.  Nothing is said of a picture that waits for its vector, or where the encoder reads no words. */
ay_status ay_pictures_say(ay_service *s, const char *dataset, const char *const *sha256, size_t n, ay_picture_says *out, ay_err *err);

#endif
