/* service/library/clusters_rows.h - the vectors that a run works on.  For clusters_run.c and clusters_rows.c only.
 *
 * A run takes longer than anybody may be kept from adding pictures, so it works on a copy.  By k-means that is AY_CLUSTER_DRAWN rows at most,
 * drawn at random: k-means by batches looks at a few hundred thousand rows however many there are, so a million pictures need no 2 GB
 * beside themselves.  Every other row then goes to its nearest centre, a block at a time; what moves from block to block meanwhile
 * is left to joining.  By density all rows are needed.
 *
 * Threads: as the run's. */
#ifndef AY_SERVICE_CLUSTERS_ROWS_H
#define AY_SERVICE_CLUSTERS_ROWS_H

#include "service/library/clusters_parts.h"

enum { AY_CLUSTER_DRAWN = 131072 };

typedef struct {
    ay_service *s;
    const ay_cluster_task *t;
    ay_arena *a;
    ay_cluster_set *set; /* in force, while rows are copied and while groups are written */
    char dataset[AY_NAME_MAX + 1], model[AY_SHA256_HEX], preprocess[AY_SHA256_HEX];
    int64_t *member; /* of each row, n */
    ay_cluster_told *told; /* of each copied row */
    float *rows;     /* copied ones (ay_free); as many as member until the others are labelled */
    size_t n, copied, all; /* all: that there are */
    size_t looked;
    int dim, held;
    int64_t at_us;
    ay_groups g;
    int *by; /* who named each new group */
    ay_store_cluster *list; /* what is written */
    size_t nlist;
    int same, groups;
} ay_cluster_running;

/* Left alone by this run. */
bool ay_cluster_is_held(const ay_cluster_running *r, const ay_store_cluster *k);
/* What it is about, into rows, member and file.  AY_ENOTFOUND: the data set, or what its filter names, is no more. */
ay_status ay_cluster_rows_copy(ay_cluster_running *r, ay_err *err);
/* When all are copied nothing; else g.label, member and the groups' sizes become those of all, rows and file are used up.  AY_EBUSY: the
 * encoder changed; AY_ECANCELLED. */
ay_status ay_cluster_rows_label(ay_cluster_running *r, bool (*progress)(void *ctx, double done), void *ctx, ay_err *err);

#endif
