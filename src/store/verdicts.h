/* store/verdicts.h - which pictures were classified by words, and what people said of them.
 *
 * With the rules of store/store.h: AY_OK from a write means durable, a failed write changed nothing.
 *
 *   sightings  a picture's digest, its vector of one encoder, and the client's name for it; the picture
 *              itself is not kept.  The newest AY_SIGHTINGS_KEPT stay
 *   verdicts   only ever added to: one row a verdict, so that what they are worth can be computed as of
 *              any time and by any rule.  A client's key makes one verdict of a request that was sent twice
 *
 * Rejected: two counters for a picture and a theme, as the classifier before had: they cannot age, and a
 * request that was repeated counts twice.
 *
 * Threads: any. */
#ifndef AY_STORE_VERDICTS_H
#define AY_STORE_VERDICTS_H

#include "store/store.h"

#define AY_THEME_MAX 480      /* bytes of a theme: 120 characters */
#define AY_ASSET_MAX 64       /* bytes of a client's name for a picture */
#define AY_VERDICT_KEY_MAX 120 /* bytes of a client's key */
#define AY_SIGHTINGS_KEPT 100000
#define AY_TALLY_MOST 100000 /* accepted, or rejected ones in a tally */

typedef struct {
    int64_t id, at_us;
    const char *sha256, *theme;
    const char *asset; /* the client's name for the picture; "" for none */
    const char *key;   /* "" for none: then every call adds a verdict */
    bool accepted;
} ay_store_verdict;

/* id is the store's; at_us 0: now.  *again: the key was there with the same verdict; nothing was added and
 * *id is that row's.  AY_ECONFLICT: it was there with another one.  AY_EINVAL: what cannot be kept. */
ay_status ay_store_verdict_add(ay_store *s, const ay_store_verdict *v, int64_t *id, bool *again,
                               ay_err *err);
/* Newest first, at most limit, of id < before (0: from the newest); NULL and "" do not restrict. */
ay_status ay_store_verdict_list(ay_store *s, const char *sha256, const char *theme, int64_t before,
                                int limit, ay_arena *a, ay_store_verdict **out, size_t *n, ay_err *err);

/* What another program counted about a picture and a theme. */
typedef struct {
    const char *sha256, *theme;
    const char *asset;               /* "" for none */
    int64_t accepted, rejected;
    int64_t first_us, last_us;       /* of the first and the last of them */
} ay_store_tally;

typedef struct {
    int64_t added, there; /* verdicts */
    int64_t touched;      /* tallies of which something was added */
} ay_store_tallied;

/* Make a tally into verdicts, all or nothing: evenly between its two times, the accepted ones evenly among
 * them, since nobody knows which they were.  source names that program: what was made of its tallies before is
 * not made again, so a tally that has grown adds only what it has grown by, and one that is there twice counts
 * once, with its larger numbers.  dry: count only, write nothing; works on a store that is open for reading. */
ay_status ay_store_verdict_import(ay_store *s, const char *source, const ay_store_tally *t, size_t n,
                                  bool dry, ay_store_tallied *out, ay_err *err);

typedef struct {
    const char *sha256;
    const char *asset; /* "" for none */
    ay_store_vector vector;
} ay_store_sighting;

/* Keep or replace; an asset that is "" leaves the one that is there. */
ay_status ay_store_sighting_put(ay_store *s, const ay_store_sighting *g, ay_err *err);
/* The newest `limit` of one encoder, newest first.  What visit sees is valid during the call; it must not
 * call the store; a failure of it ends the walk. */
typedef ay_status (*ay_store_sighting_visit)(void *ctx, const ay_store_sighting *g, ay_err *err);
ay_status ay_store_sighting_walk(ay_store *s, const char *model, const char *preprocess, int limit,
                                 ay_store_sighting_visit visit, void *ctx, ay_err *err);
/* Has this picture been here: classified by words, by a trained model, kept as a reference, or judged by
 * people (here, or in a program whose verdicts came over)? */
ay_status ay_store_seen(ay_store *s, const char *sha256, bool *seen, ay_err *err);

#endif
