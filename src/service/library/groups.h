/* service/library/groups.h - vectors of pictures as groups with a size, a picture that stands for each, and a name.
 *
 * Arithmetic over rows, so that the command line, which embeds a folder here and now, and a server over its stored pictures say
 * the same.  How groups are made: index/kmeans.h, density.h, silhouette.h.
 *
 * A group's name is the word that its centre is nearer to than all pictures together are; two groups of one name are numbered.
 * A group that no word tells from the rest has none.
 *
 * Threads: any; progress is called on the caller's. */
#ifndef AY_SERVICE_GROUPS_H
#define AY_SERVICE_GROUPS_H

#include "base/arena.h"
#include "base/err.h"
#include "index/index.h"

/* The least by which a centre is nearer to its word than the pictures together are. */
#define AY_GROUPS_NAME_LEAST 0.08f

enum { AY_GROUPS_CHOOSING = 16384 };

typedef enum {
    AY_GROUPS_CHOOSE,  /* k-means for several numbers of groups; the best separated are kept, or the most repeatable (stable).  Of more than AY_GROUPS_CHOOSING rows the
                          number is chosen with so many drawn at random: silhouettes are of 2,000 anyway */
    AY_GROUPS_NUMBER,  /* k-means, k groups */
    AY_GROUPS_DENSITY, /* as many as there are of least pictures; what is in none stays out */
} ay_groups_way;

typedef struct {
    ay_groups_way way;
    int k;     /* NUMBER: at least 1 */
    int most;  /* CHOOSE: no number above it is tried; 0: 80 */
    int least; /* DENSITY: at least 2 */
    bool stable; /* CHOOSE: by index/stability.h; of few rows by silhouette all the same */
    bool batch; /* k-means by batches; else that for more than 20,000 rows only */
    uint64_t seed;
    int threads; /* 0: one a processor */
    bool (*progress)(void *ctx, double done); /* NULL, or false to stop */
    void *ctx;
} ay_groups_options;

typedef struct {
    size_t size;
    size_t medoid;    /* the row most like the centre */
    float cohesion;   /* mean cosine of its rows and the centre */
    const char *name; /* "" until ay_groups_name() finds one */
} ay_group;

typedef struct {
    ay_group *group; /* n, largest first */
    int n;
    int32_t *label;    /* of each row; -1: in no group */
    float *similarity; /* of each row and its group's centre; 0 in no group */
    float *centres;    /* n x dim, unit length */
    size_t outside;    /* rows in no group */
    double silhouette; /* index/silhouette.h */
} ay_groups;

/* All in the arena.  rows are of unit length.  AY_EINVAL: no rows or an option out of range; AY_ENOMEM; AY_ECANCELLED. */
ay_status ay_groups_make(const ay_rows *rows, const ay_groups_options *options, ay_arena *a, ay_groups *out,
                         ay_err *err);
/* `most` of n rows at random, all where there are no more, in order; take() is told each, false: no further ones.  The same for the same
 * seed. */
void ay_groups_draw(size_t n, size_t most, uint64_t seed, bool (*take)(void *ctx, size_t row), void *ctx);
/* Give names from n words with their vectors (n x dim, unit length, of the same space). */
ay_status ay_groups_name(const ay_rows *rows, ay_groups *g, const char *const *words, const float *vectors,
                         int n, ay_arena *a, ay_err *err);

#endif
