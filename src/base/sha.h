/* base/sha.h - the compression function of SHA-256 (FIPS 180-4) by the processor's own instructions; for base/hash.c.
 *
 * Only where ay_cpu_get()->sha is true.  Threads: any. */
#ifndef AY_BASE_SHA_H
#define AY_BASE_SHA_H

#include <stddef.h>
#include <stdint.h>

/* n blocks of 64 bytes into state, a to h. */
void ay_sha256_blocks(uint32_t state[8], const unsigned char *p, size_t n);

#endif
