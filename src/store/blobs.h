/* store/blobs.h - picture files, named by the SHA-256 of their bytes.
 *
 *     <folder>/ab/abcdef...      64 hex digits, no extension: the name is the content
 *     <folder>/tmp/...           being written; whatever is here at start is rubbish and goes
 *
 * A file appears under its name only when whole and on the disk (written to tmp/, synced, renamed,
 * folder synced), so a reader never sees half a picture and a crash leaves at worst a file in tmp/ or
 * a whole picture that no row names.  No user-supplied word ever becomes a path.
 *
 * Threads: any. */
#ifndef AY_STORE_BLOBS_H
#define AY_STORE_BLOBS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct ay_blobs ay_blobs;

/* Make the folder if it is missing and empty tmp/. */
ay_status ay_blobs_open(ay_blobs **out, const char *folder, ay_err *err);
/* Open what another process may be writing: nothing is made or removed. */
ay_status ay_blobs_open_reading(ay_blobs **out, const char *folder, ay_err *err);
void ay_blobs_close(ay_blobs *b); /* NULL is fine */
/* Keep n bytes durably under their digest; sha256 gets it.  Already there: nothing is written
 * (*fresh false). */
ay_status ay_blobs_put(ay_blobs *b, const void *bytes, size_t n, char sha256[AY_SHA256_HEX],
                       bool *fresh, ay_err *err);
/* Several as one: all are on the disk when this returns AY_OK, with one wait for each shelf and not for each file, and
 * the disk busy with all of them at once.  sha256 is the digest of the bytes, which the caller has computed.  After a
 * failure some may be kept. */
typedef struct {
    const void *bytes;
    size_t n;
    const char *sha256;
} ay_blob;

/* A place behind the folder, which is then a copy of a part of it: what is kept goes there too before a call returns, what the folder
 * lacks is fetched.  put: all or none; get: appends, AY_ENOTFOUND.  Set before the first use. */
typedef struct {
    ay_status (*put)(void *ctx, const ay_blob *list, size_t n, ay_err *err);
    ay_status (*get)(void *ctx, const char *sha256, ay_buf *out, ay_err *err);
    void *ctx;
} ay_blobs_behind;
void ay_blobs_set_behind(ay_blobs *b, const ay_blobs_behind *behind);
ay_status ay_blobs_put_many(ay_blobs *b, const ay_blob *list, size_t n, ay_err *err);
/* Append the file's bytes to out.  verify: recompute the digest; AY_ECORRUPT when it differs.
 * AY_EINVAL: not a digest; AY_ENOTFOUND. */
ay_status ay_blobs_get(ay_blobs *b, const char *sha256, bool verify, ay_buf *out, ay_err *err);
bool ay_blobs_has(ay_blobs *b, const char *sha256);
ay_status ay_blobs_remove(ay_blobs *b, const char *sha256, ay_err *err);
/* Call visit for each digest kept, in no particular order. */
ay_status ay_blobs_walk(ay_blobs *b, ay_status (*visit)(void *ctx, const char *sha256, ay_err *err),
                        void *ctx, ay_err *err);

#endif
