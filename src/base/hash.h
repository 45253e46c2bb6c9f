/* base/hash.h - SHA-256, as bytes and as 64 lower-case hex digits.
 *
 * libsodium's, with whole blocks given to the processor's own instructions where it has them (base/sha_x86.c): weights
 * of 600 MB are hashed in a third of a second and not in two.  Threads: any. */
#ifndef AY_BASE_HASH_H
#define AY_BASE_HASH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define AY_SHA256_HEX 65 /* 64 digits and the NUL */

typedef struct {
    _Alignas(16) unsigned char state[128];
} ay_sha256;

void ay_sha256_init(ay_sha256 *h);
void ay_sha256_add(ay_sha256 *h, const void *p, size_t n);
void ay_sha256_hex(ay_sha256 *h, char hex[AY_SHA256_HEX]); /* ends h */
/* One call for bytes in memory. */
void ay_sha256_bytes(const void *p, size_t n, char hex[AY_SHA256_HEX]);
ay_status ay_sha256_file(const char *path, char hex[AY_SHA256_HEX], ay_err *err);
/* Is s exactly 64 lower-case hex digits? */
bool ay_sha256_valid(const char *s);
/* n random bytes (from the kernel, for ids and secrets) as 2n hex digits and a NUL. */
void ay_random_hex(char *dst, size_t n);

#endif
