/* base/cachefile.h - results that can be computed again, kept between starts: one file each, believed only when whole.
 *
 * A file says what it is (eight letters), which version of its layout it has, and of what it was made (a digest that its
 * owner chooses: of vectors, of a list of pictures, of options).  A SHA-256 over all of that and the body ends the question
 * whether it is what was written: a file that is cut, flipped or another program's is never used.
 *
 *     0  letters, 8      8  layout, u32      12  0, u32      16  bytes of the body, u64
 *    24  made of, 64 hex digits             88  SHA-256 of bytes 0..87 and the body, 64 hex digits
 *   152  zeros         4096  the body
 *
 * Numbers are little-endian as the machines are that this runs on; the body's are its owner's business.  The body lies at the start of a
 * page, so that rows of floats can be used where they are mapped.
 *
 * A wrong file and a missing one are the same to the owner: he makes it again.  So both are AY_ENOTFOUND, and the message says which.
 *
 * Rejected: rows in the database (a copy of an index is as large as what it is made of, and no loss); trusting the file's size and time (a
 * power cut leaves both right and the bytes wrong).
 *
 * Invariants: a reader sees the old file or the new one, whatever was interrupted; a mapping stays valid when the file is replaced.
 * Threads: any. */
#ifndef AY_BASE_CACHEFILE_H
#define AY_BASE_CACHEFILE_H

#include "base/file.h"
#include "base/hash.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    char letters[9]; /* exactly eight of ASCII: what it is, "AYGROUPS" */
    uint32_t layout;
    char made_of[AY_SHA256_HEX]; /* to open: "" takes any */
} ay_cachefile_head;

/* A body in pieces, so that what lies apart in memory need not be copied together.  p may be NULL where n is 0. */
typedef struct {
    const void *p;
    size_t n;
} ay_cachefile_piece;

/* Write path durably: a temporary name beside it, synced, renamed.  Its folder is made when missing.  AY_EINVAL: letters are not eight, made_of not a
 * digest, path too long; AY_EIO: nothing changed, and no temporary file stays. */
ay_status ay_cachefile_write(const char *path, const ay_cachefile_head *head, const ay_cachefile_piece *pieces, int n,
                             ay_err *err);

typedef struct {
    const unsigned char *body; /* of n bytes, read-only, at the start of a page; not NULL even when n is 0 */
    size_t n;
    char made_of[AY_SHA256_HEX];
    ay_map map;
} ay_cachefile;

/* Map path after its digest was computed.  AY_ENOTFOUND: not there, or not to be used: the message says why. */
ay_status ay_cachefile_open(ay_cachefile *out, const char *path, const ay_cachefile_head *want, ay_err *err);
void ay_cachefile_close(ay_cachefile *c); /* an empty one is fine */

#endif
