/* store/clusters.h - which pictures of a data set form groups, and what people said of the groups.
 *
 * With the rules of store/store.h: AY_OK from a write means durable, a failed write changed nothing.
 *
 * A group is known by a number that is never used again.  Its pictures are the ids of members (store/store.h), in one value a
 * group: a library of 100,000 pictures in 80 groups is 80 rows and 800 KB, written in one go; a row a picture was rejected, as
 * making groups anew then writes 100,000 rows.  Who reads it leaves out the ids of members that are in the trash: they are back when
 * those are.
 *
 * One more row a data set, of the kind AY_CLUSTER_OUTSIDE, holds the pictures that were looked at and are in no group; what is in
 * no row is new.
 *
 * A scope is a part of a data set that has groups of its own: what a filter means (service/library/filter.h).  To the store it is a
 * number, 0 for the whole, and a text that nobody here reads.
 *
 * Undo: a change that a person made puts the rows as they were under an entry of the trash and writes new ones beside.  Undoing puts the
 * new ones away; it is refused when one of them was changed since, or was made anew by a run.
 *
 * Threads: any. */
#ifndef AY_STORE_CLUSTERS_H
#define AY_STORE_CLUSTERS_H

#include "store/store.h"

enum { AY_CLUSTER_GROUP, AY_CLUSTER_OUTSIDE };
enum { AY_NAMED_BY_NOTHING, AY_NAMED_BY_WORDS, AY_NAMED_BY_MEDOID, AY_NAMED_BY_PERSON, AY_NAMED_BY_CLASS };

typedef struct {
    int64_t cluster; /* 0: a new one */
    int kind;
    const char *name; /* 1..AY_NAME_MAX bytes; "" for AY_CLUSTER_OUTSIDE */
    int named_by;
    bool pinned;
    bool by_hand; /* a person chose its pictures: merged, split, moved */
    bool gone;    /* to write: it is no more */
    int64_t run;  /* the run that it is from */
    int64_t created_us;
    const int64_t *members; /* n ids, ascending */
    size_t n;
} ay_store_cluster;

/* How the groups came to be.  run 0: never. */
typedef struct {
    int64_t run, made_us;
    const char *method; /* of service/library/clusters.h, 1..16 bytes */
    int k, least;       /* as asked; 0: not */
    double silhouette;
    int64_t pictures; /* looked at */
    const char *model, *preprocess; /* digests of the vectors */
} ay_store_grouping;

/* Both in the arena; clusters in order of their numbers, outside among them. */
ay_status ay_store_clusters_get(ay_store *s, int64_t dataset, int64_t scope, ay_arena *a, ay_store_grouping *g, ay_store_cluster **out,
                                size_t *n, ay_err *err);

typedef struct {
    int64_t scope;
    const char *filter;
} ay_store_scope;

/* Those of a data set, in the arena, in order of their numbers. */
ay_status ay_store_scopes_get(ay_store *s, int64_t dataset, ay_arena *a, ay_store_scope **out, size_t *n, ay_err *err);
/* A new one, not looked for among those that there are.  AY_ENOTFOUND: no such data set; AY_EINVAL: a filter of 1 to 20,000 bytes. */
ay_status ay_store_scope_put(ay_store *s, int64_t dataset, const char *filter, int64_t *scope, ay_err *err);
/* It and all its groups, those in the trash too, for good.  AY_ENOTFOUND. */
ay_status ay_store_scope_drop(ay_store *s, int64_t dataset, int64_t scope, ay_err *err);

typedef struct {
    int64_t dataset;
    const char *what;    /* for the history: "cluster.rename" */
    const char *subject; /* a name for it, at most 255 bytes */
    char *token;         /* AY_TOKEN_SIZE bytes for the undo token; NULL: changed in place, without undo */
    int64_t scope;
} ay_store_regroup;

/* Write the clusters of the list, all or nothing: a new one gets its number, one that is there is replaced, or ends when gone;
 * others stay as they are.  g NULL: it was no run.  AY_ENOTFOUND: no such data set or scope, or no such cluster in it. */
ay_status ay_store_clusters_put(ay_store *s, const ay_store_regroup *how, const ay_store_grouping *g, ay_store_cluster *list,
                                size_t n, ay_err *err);

#endif
