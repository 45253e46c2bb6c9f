/* service/library/clusters.h - the groups of a data set's pictures, kept: made in the background, known again when they are made anew,
 * and a person's to name, pin, merge, split and change.
 *
 * What is kept (store/clusters.h): for each group its number, its name and who gave it, and its pictures.  Everything else (centre, the
 * picture that stands for it, spread, outliers) follows from the vectors in memory and is worked out when either changes; a page that asks
 * gets what was worked out.
 *
 *   made        methods "auto" (k-means, the number by silhouette), "stable" (the number by stability), "kmeans" and "batch" (k groups, or the number by silhouette),
 *               "density" (HDBSCAN*; pictures in no group stay outside).  service/library/groups.h
 *   the same    a group made anew is the one from before when they share enough pictures (service/library/match.h): it keeps number and
 *               name, also one that words gave
 *   a person's  pinned groups keep their pictures in every run.  Groups that a person named, merged, split or moved pictures to are
 *               left alone by runs in the background; when he asks for groups anew they are made anew too, names go with the
 *               pictures, and one undo brings all of it back
 *   new         a picture that comes joins the nearest group at once (within about a second) when it is not farther beyond what 19 of
 *               20 of that group are within than that is beyond their mean (a small, tight group is given what is usual among the
 *               groups); else it is in none
 *   anew        in the background, when the pictures that came and went since are more than a tenth and more than 20, or
 *               the encoder is another, and nothing has changed for ten seconds.  The library is grouped a first time when it has 24
 *               pictures; other data sets when somebody asks
 *   of a part   what a filter means (service/library/filter.h) is grouped beside the whole, not in its place: to look into "unsorted" must
 *               not take the library's groups apart.  These groups have numbers, names, pins and undo of their own.  A picture that
 *               the filter means no more stays in its group but is neither shown nor counted, and is back when the filter means it
 *               again (a class taken back); one that it comes to mean joins.  They are made anew when a person asks only: who sorts
 *               "unsorted" group by group takes pictures away all the time, and must not see the rest rearranged.
 *               AY_CLUSTERS_FILTERS of them are kept a data set (clusters_scope.c)
 *   names       the word that a group's centre is nearer to than all pictures are, where the encoder reads words; else the file name
 *               of the picture that stands for it; else "group N".  A number behind makes it the only one of its name
 *
 * Rejected: groups worked out at every request (seconds, and other numbers each time); a group as a class (a picture is in a class
 * because a person said so).
 *
 * `dataset` NULL or "" means the library.  `filter` NULL or without conditions means all of it; its order does not matter.
 * AY_ENOTFOUND: no such data set, no such group, or the filter names what there is not (a class).  AY_EINVAL: a filter with a group in it.
 *
 * Threads: any.  Runs in the background share one thread of a server; its lock is innermost. */
#ifndef AY_SERVICE_CLUSTERS_H
#define AY_SERVICE_CLUSTERS_H

#include "service/library/filter.h"
#include "service/service.h"
#include "store/clusters.h"

enum {
    AY_CLUSTER_SAMPLE = 6,    /* pictures to show of a group */
    AY_CLUSTER_OUTLIERS = 12, /* told of a group */
    AY_CLUSTERS_MOST = 5000,  /* groups of a data set */
    AY_CLUSTERS_FILTERS = 24  /* parts of a data set whose groups are kept */
};

typedef struct {
    const char *dataset;
    const ay_picture_filter *filter;
    const char *method; /* NULL or "": auto */
    int k;              /* 0: chosen; held groups count among them */
    int least;          /* pictures of a group; 0: density 5, else 1.  k-means: smaller groups are given up */
    uint64_t seed;
} ay_clusters_request;

/* ---- making them */

/* In the background: *job's id; of kind "cluster", its detail {"dataset", "filter", "method", "groups", "undo"}.  AY_EINVAL: method, k or least out of
 * range; AY_ECONFLICT: this process does nothing in the background. */
ay_status ay_clusters_queue(ay_service *s, const ay_clusters_request *rq, int64_t *job, ay_err *err);
typedef struct {
    char undo[AY_UNDO_SIZE];
    int groups; /* afterwards */
    int same;   /* of these were there before */
} ay_clusters_made;
/* Now, on this thread.  progress may be NULL; false: AY_ECANCELLED.  Nothing is changed on failure. */
ay_status ay_clusters_run(ay_service *s, const ay_clusters_request *rq, bool (*progress)(void *ctx, double done), void *ctx,
                          ay_clusters_made *out, ay_err *err);

/* ---- reading them */

typedef struct {
    char sha256[AY_SHA256_HEX];
    float score; /* of outliers: how many typical deviations beyond the middle of the group's distances */
} ay_cluster_picture;

typedef struct {
    int64_t id;
    const char *name;
    int named_by; /* AY_NAMED_BY_... */
    bool pinned, by_hand;
    size_t size;
    char medoid[AY_SHA256_HEX]; /* "" while no picture of it has a vector */
    float cohesion; /* mean cosine to the centre */
    float mean, far; /* 1 - cosine to the centre: mean, and what 19 of 20 are within */
    const float *centre; /* dim, unit length; NULL where not asked for */
    int dim;
    ay_cluster_picture sample[AY_CLUSTER_SAMPLE]; /* the medoid, then from near to far */
    int nsample;
    ay_cluster_picture outlier[AY_CLUSTER_OUTLIERS]; /* the farthest first */
    int noutlier;
    size_t outliers; /* all of them */
} ay_cluster;

/* The groups of a filter that are kept. */
typedef struct {
    const char *filter; /* JSON */
    size_t groups;
    int64_t made_us; /* 0: not yet */
} ay_clusters_kept;

typedef struct {
    int64_t dataset_id;
    const char *dataset;
    const char *filter; /* JSON that means the same as what was asked for; "": of the whole */
    ay_clusters_kept *kept; /* nkept, of the same data set */
    size_t nkept;
    ay_store_grouping how; /* how.run 0: never grouped */
    ay_cluster *cluster;   /* n, the largest first */
    size_t n;
    int dim;
    size_t pictures, outside, waiting; /* in the data set; in no group; not looked at yet */
    size_t came, gone;                 /* since the groups were made */
    bool stale;                        /* enough for making them anew, or another encoder */
    int64_t job;                       /* that is making them, or waits to; 0: none */
    uint64_t revision;                 /* grows with every change of what is kept */
} ay_clusters;

/* In the arena; without centres (then NULL) unless asked for.  Groups without a picture are left out. */
ay_status ay_clusters_get(ay_service *s, const char *dataset, const ay_picture_filter *filter, bool centres, ay_arena *a, ay_clusters *out,
                          ay_err *err);
/* One group, of any data set. */
ay_status ay_clusters_one(ay_service *s, int64_t id, ay_arena *a, ay_cluster *out, const char **dataset, ay_err *err);

typedef struct {
    char sha256[AY_SHA256_HEX];
    const char *file, *klass;
    int64_t class_id;
    bool unsorted;
    int width, height;
    int64_t added_us;
    float similarity; /* to the centre */
    bool outlier;
} ay_cluster_member;
/* The pictures of a group, nearest to the centre first, far: farthest first; id 0: those of dataset and filter that are in none, newest
 * first.  At most limit from offset on; *total counts all.  *dataset becomes the name of the group's. */
ay_status ay_clusters_pictures(ay_service *s, int64_t id, const char **dataset, const ay_picture_filter *filter, bool far, size_t offset,
                               size_t limit, ay_arena *a, ay_cluster_member **out, size_t *n, size_t *total, ay_err *err);

/* The group of the whole that a member of a data set is in; 0: none.  May be called with the service's `lock` held. */
int64_t ay_cluster_of(ay_service *s, int64_t dataset_id, int64_t member);

/* ---- changing them; each gives an undo token */

/* Trimmed; the new name.  AY_EINVAL: blank, too long. */
ay_status ay_cluster_rename(ay_service *s, int64_t id, const char *name, char undo[AY_UNDO_SIZE], ay_err *err);
ay_status ay_cluster_pin(ay_service *s, int64_t id, bool pinned, char undo[AY_UNDO_SIZE], ay_err *err);
/* Both at once, with one token; NULL: as it is. */
ay_status ay_cluster_change(ay_service *s, int64_t id, const char *name, const bool *pinned, char undo[AY_UNDO_SIZE], ay_err *err);
/* Several of one data set become one: the number and name of the one that a person named, else of the largest; *id is which.  name NULL or
 * "": that.  AY_EINVAL: fewer than two, or of several data sets. */
ay_status ay_cluster_merge(ay_service *s, const int64_t *ids, size_t n, const char *name, int64_t *id, char undo[AY_UNDO_SIZE],
                           ay_err *err);
/* Into k groups (0: 2 to 8, chosen by silhouette); the largest keeps number and name.  *ids: all of them, *n of them, in the arena.
 * AY_EINVAL: k out of range; AY_ECONFLICT: it has too few pictures with vectors, or too many alike, to be split. */
ay_status ay_cluster_split(ay_service *s, int64_t id, int k, ay_arena *a, int64_t **ids, size_t *n, char undo[AY_UNDO_SIZE], ay_err *err);
/* Pictures of its data set move to it, or (id 0) out of their groups of dataset and filter.  *moved counts those that were not there.  AY_ENOTFOUND: one
 * of the pictures is not in the data set. */
ay_status ay_cluster_move(ay_service *s, int64_t id, const char *dataset, const ay_picture_filter *filter, const char *const *sha256, size_t n,
                          size_t *moved, char undo[AY_UNDO_SIZE], ay_err *err);
/* The groups of a filter are forgotten, for good; the pictures stay.  AY_EINVAL: no filter; AY_ENOTFOUND: none are kept. */
ay_status ay_clusters_drop(ay_service *s, const char *dataset, const ay_picture_filter *filter, ay_err *err);

#endif
