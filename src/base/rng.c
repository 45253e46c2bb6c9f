#include "base/rng.h"

#include <math.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void ay_rng_init(ay_rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

void ay_rng_init3(ay_rng *r, uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t x = splitmix(&seed) ^ a;

    x = splitmix(&x) ^ b;
    ay_rng_init(r, splitmix(&x));
}

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t ay_rng_u64(ay_rng *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Lemire's multiply-and-reject. */
uint32_t ay_rng_below(ay_rng *r, uint32_t n)
{
    uint32_t least = (0u - n) % n;

    for (;;) {
        uint64_t m = (ay_rng_u64(r) >> 32) * n;
        if ((uint32_t)m >= least)
            return (uint32_t)(m >> 32);
    }
}

double ay_rng_unit(ay_rng *r)
{
    return (double)(ay_rng_u64(r) >> 11) * 0x1p-53;
}

double ay_rng_range(ay_rng *r, double lo, double hi)
{
    return lo + (hi - lo) * ay_rng_unit(r);
}

double ay_rng_normal(ay_rng *r)
{
    double u = 1.0 - ay_rng_unit(r), v = ay_rng_unit(r);

    return sqrt(-2.0 * log(u)) * cos(2.0 * 3.14159265358979323846 * v);
}
