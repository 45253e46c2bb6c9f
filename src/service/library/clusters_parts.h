/* service/library/clusters_parts.h - what the files of clusters*.c share.  For them only.
 *
 *   set    what the store says of a data set's groups, in memory; never changed, replaced as a whole after each write
 *   view   what follows from a set and the gallery's vectors; never changed, replaced when either has changed
 * Both count who uses them, so that a reader needs no lock while he reads.
 *
 * Order of locks: as service/internal.h; ay_clusters_state.lock is innermost and held for moments.
 *
 * Who reads vectors stands between ay_encoder_enter() and _leave(). */
#ifndef AY_SERVICE_CLUSTERS_PARTS_H
#define AY_SERVICE_CLUSTERS_PARTS_H

#include "service/internal.h"
#include "service/library/clusters.h"
#include "service/library/groups.h"

/* Of a member: the index of its group, or one of these.  UNMEANT: the filter of the groups does not mean the picture. */
enum { CLUSTER_UNMEANT = -3, CLUSTER_NEW = -2, CLUSTER_OUTSIDE = -1 };

typedef struct {
    int users; /* guarded by the state's lock, as that of a view */
    ay_arena arena;
    int64_t dataset, scope; /* scope 0: the whole */
    const char *filter;     /* of a scope, as JSON; else "" */
    uint64_t revision;
    ay_store_grouping how;
    ay_store_cluster *cluster; /* n groups */
    size_t n;
    ay_store_cluster outside; /* cluster 0: there is no such row yet */
    struct {
        int64_t member; /* 0: empty */
        int32_t at;
    } *slot; /* open addressing */
    size_t slots;
} ay_cluster_set;

typedef struct {
    int users;
    ay_arena arena;
    ay_cluster_set *set;
    uint64_t generation; /* of the gallery then */
    size_t gallery_n, gallery_ready;
    uint64_t changes, marks; /* of a scope: what its filter was asked about */
    uint64_t made; /* ay_clock_mono() */
    char model[AY_SHA256_HEX];
    ay_clusters told; /* its clusters in order of size; at[] of the set's */
    int *at;          /* place in told.cluster of each of the set's groups */
    float typical, reach; /* the middle of all groups' far, and of their far - mean */
} ay_cluster_view;

typedef struct ay_clusters_state {
    pthread_mutex_t lock;
    ay_cluster_set **set; /* one a data set that has any, and one a scope */
    ay_cluster_view **view; /* of the same, or NULL */
    int n, cap;
    uint64_t revision;
    pthread_t worker;
    bool started;
    size_t drawn;  /* rows that a run by k-means copies at most: clusters_rows.h */
    long quiet_ms; /* without a change before groups are made anew in the background */
} ay_clusters_state;

/* ---- clusters.c */
/* The set in force (an empty one for a data set without any), used until let go.  AY_ENOTFOUND: no such scope. */
ay_cluster_set *ay_cluster_set_use(ay_service *s, int64_t dataset, int64_t scope, ay_err *err);
void ay_cluster_set_let(ay_service *s, ay_cluster_set *set);
int32_t ay_cluster_set_find(const ay_cluster_set *set, int64_t member);
/* The set with that group in it, used; *at its index. */
ay_cluster_set *ay_cluster_set_with(ay_service *s, int64_t cluster, size_t *at, ay_err *err);
/* Read again from the store what has been written since. */
ay_status ay_clusters_reload(ay_service *s, const ay_cluster_set *was, ay_err *err);
/* All of a data set, with its scopes. */
ay_status ay_clusters_reload_all(ay_service *s, int64_t dataset, ay_err *err);
/* The view in force, made when there is none that fits; under ay_encoder_enter(). */
ay_status ay_cluster_view_use(ay_service *s, int64_t dataset, int64_t scope, ay_cluster_view **out, ay_err *err);
void ay_cluster_view_let(ay_service *s, ay_cluster_view *v);
/* The id of what a request means by a data set. */
ay_status ay_clusters_dataset(ay_service *s, const char *dataset, int64_t *id, ay_err *err);
/* The same for who only reads: no library is made, and where there is none *id is 0. */
ay_status ay_clusters_to_read(ay_service *s, const char *dataset, int64_t *id, ay_err *err);
/* The sets in force, each used, in the arena; dataset 0: of all. */
ay_status ay_cluster_sets_use(ay_service *s, int64_t dataset, ay_arena *a, ay_cluster_set ***out, size_t *n, ay_err *err);
/* A set that there is no more leaves memory; a new one comes. */
void ay_cluster_set_gone(ay_service *s, int64_t dataset, int64_t scope);
ay_status ay_cluster_set_read(ay_service *s, int64_t dataset, int64_t scope, const char *filter, ay_err *err);

/* ---- clusters_scope.c */
/* A filter as one text that is the same for filters that mean the same; "" for NULL and for a filter without conditions.  AY_EINVAL: it
 * names a group. */
ay_status ay_cluster_scope_text(const ay_picture_filter *f, ay_arena *a, const char **out, ay_err *err);
/* The number of that text's scope; 0 for "", -1 when there is none. */
int64_t ay_cluster_scope_find(ay_service *s, int64_t dataset, const char *text);
/* The same; one is made where there is none. */
ay_status ay_cluster_scope_make(ay_service *s, int64_t dataset, const char *text, int64_t *scope, ay_err *err);
/* As a request means it: the scope of its filter, made where there is none. */
ay_status ay_clusters_scope(ay_service *s, int64_t dataset, const ay_picture_filter *f, int64_t *scope, ay_err *err);
/* What the filter of a scope means of a gallery: a byte an item (ay_free), NULL for "": all.  The caller holds the service's lock. */
ay_status ay_cluster_scope_mask(ay_service *s, const ay_gallery *g, const char *text, uint8_t **in, ay_err *err);

/* ---- clusters_view.c */
/* What follows from a set and a gallery; the caller holds the service's lock.  in: what the set's filter means, NULL for all. */
ay_status ay_cluster_view_make(ay_cluster_set *set, const ay_gallery *g, const uint8_t *in, const ay_engine_info *model,
                               ay_cluster_view **out, ay_err *err);
void ay_cluster_view_free(ay_cluster_view *v); /* not its set */
/* The group that a vector is near enough to, as an index of the set, or CLUSTER_OUTSIDE. */
int32_t ay_cluster_view_nearest(const ay_cluster_view *v, const float *vector);

/* ---- clusters_run.c */
typedef struct {
    int64_t dataset, scope;
    const char *method;
    int k, least;
    uint64_t seed;
    bool by_person;
    bool (*progress)(void *ctx, double done);
    void *ctx;
} ay_cluster_task;
ay_status ay_clusters_check(const ay_clusters_request *rq, ay_err *err);
ay_status ay_clusters_make(ay_service *s, const ay_cluster_task *t, ay_clusters_made *out, ay_err *err);
/* Pictures that are in no row join the nearest group, or none.  *n of them. */
ay_status ay_clusters_join(ay_service *s, int64_t dataset, int64_t scope, size_t *n, ay_err *err);

/* ---- clusters_name.c */
/* What a row's picture says about its name. */
typedef struct {
    const char *file;  /* may be "" */
    const char *klass; /* one of ay_cluster_class_names(): equal names are equal pointers */
} ay_cluster_told;
/* The names of a gallery's classes by their number, "" for the unsorted; NULL: no memory.  With the service's lock held. */
const char **ay_cluster_class_names(const ay_gallery *g, ay_arena *a);
/* Names for groups of rows: the class that more than half of a group's pictures have (a person's word, so it goes before the
 * encoder's); else by words; else after the file of the medoid.  told[i] of row i; AY_NAMED_BY_... into by[].  Under ay_encoder_enter(). */
ay_status ay_clusters_name(ay_service *s, const ay_rows *rows, const ay_cluster_told *told, ay_groups *g, int *by, ay_arena *a, ay_err *err);
/* What is known again keeps its name, but for a word or a file where most of its pictures have a class now, or another class. */
bool ay_cluster_name_stays(const ay_store_cluster *old, int by, const char *name);
/* The name without a number behind it, or with the first one that none of the n others has; at most AY_NAME_MAX bytes. */
const char *ay_cluster_name_free(const char *wanted, const char *const *others, size_t n, ay_arena *a);

/* ---- clusters_work.c */
/* What is new joins; then, what is left to do. */
typedef struct {
    size_t waiting; /* pictures in no row */
    bool stale;     /* made anew when it is quiet */
} ay_clusters_due;
ay_status ay_clusters_look(ay_service *s, int64_t dataset, int64_t scope, ay_clusters_due *out, ay_err *err);
/* The job that makes its groups, or waits to; 0: none. */
int64_t ay_clusters_job_of(ay_service *s, int64_t dataset, int64_t scope);

#endif
