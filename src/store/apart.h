/* store/apart.h - what duplicates need to remember: the small copies of pictures, and what a person said is not the same.
 *
 *   prints  a kilobyte a picture (image/print.h), so that a picture that comes is compared with all others without reading them again.
 *           One of another version counts as none.  They go with their picture
 *   apart   pairs of pictures that are different whatever they look like; an act (store/acts.h), so it can be taken back
 *
 * Threads: any. */
#ifndef AY_STORE_APART_H
#define AY_STORE_APART_H

#include "store/store.h"

enum { AY_PRINT_MOST = 4096 /* bytes of a print */ };

typedef struct {
    const char *sha256;
    const void *data;
    size_t n;
} ay_store_print;

/* Keep or replace those whose picture is there; the others are passed over.  One transaction. */
ay_status ay_store_prints_put(ay_store *s, int version, const ay_store_print *list, size_t n, ay_err *err);
/* Every print of a version; what visit sees is valid during the call, and it must not call the store. */
typedef ay_status (*ay_store_print_visit)(void *ctx, const ay_store_print *p, ay_err *err);
ay_status ay_store_prints_walk(ay_store *s, int version, ay_store_print_visit visit, void *ctx, ay_err *err);

/* All pairs among n pictures are different from now on.  *pairs counts new ones; where there are none, token is "". */
ay_status ay_store_apart_put(ay_store *s, int64_t dataset, const char *name, const char *const *sha256, size_t n,
                             char token[AY_TOKEN_SIZE], int64_t *pairs, ay_err *err);

typedef struct {
    char a[AY_SHA256_HEX], b[AY_SHA256_HEX]; /* a < b */
} ay_store_pair;
/* All of them, in order. */
ay_status ay_store_apart_list(ay_store *s, ay_arena *a, ay_store_pair **out, size_t *n, ay_err *err);

#endif
