/* store/facts.h - what a camera wrote (image/exif.h), for pictures that came before it was kept.
 *
 * A picture's row is written with its facts; those of older databases have none and are looked at once, in the
 * background.  Threads: any. */
#ifndef AY_STORE_FACTS_H
#define AY_STORE_FACTS_H

#include "store/store.h"

typedef struct {
    const char *sha256;
    int64_t taken_us;   /* 0: not told */
    const char *camera; /* "": not told */
} ay_store_fact;

/* Digests of at most limit pictures that nobody has looked at, in order from `after` on ("": from the first). */
ay_status ay_store_facts_missing(ay_store *s, const char *after, int limit, ay_arena *a, const char ***out, size_t *n,
                                 ay_err *err);
/* Keep what was found, in one transaction; digests without a row are passed over. */
ay_status ay_store_facts_put(ay_store *s, const ay_store_fact *list, size_t n, ay_err *err);

#endif
