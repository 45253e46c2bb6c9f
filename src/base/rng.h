/* base/rng.h - repeatable random numbers: xoshiro256** seeded through splitmix64 (Blackman and
 * Vigna, "Scrambled linear pseudorandom number generators", 2021).  The same seed gives the same
 * numbers on every machine.  Not for secrets: those come from libsodium.
 * Threads: one generator belongs to one thread at a time. */
#ifndef AY_BASE_RNG_H
#define AY_BASE_RNG_H

#include <stdint.h>

typedef struct {
    uint64_t s[4];
} ay_rng;

void ay_rng_init(ay_rng *r, uint64_t seed);
/* Independent streams: (seed, a, b) -> generator, e.g. (seed, class, index). */
void ay_rng_init3(ay_rng *r, uint64_t seed, uint64_t a, uint64_t b);
uint64_t ay_rng_u64(ay_rng *r);
uint32_t ay_rng_below(ay_rng *r, uint32_t n); /* uniform in [0, n), n > 0, without bias */
double ay_rng_unit(ay_rng *r);                /* uniform in [0, 1) */
double ay_rng_range(ay_rng *r, double lo, double hi);
double ay_rng_normal(ay_rng *r); /* mean 0, deviation 1 (Box-Muller) */

#endif
