#include "models/formula.h"

#include <stdint.h>

static uint64_t fnv1a64(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h;
}

void ay_formula_fill(float *dst, size_t n, const char *name, float base, float amp)
{
    uint64_t at = fnv1a64(name);

    for (size_t i = 0; i < n; i++) {
        uint64_t z = at += 0x9e3779b97f4a7c15u;
        float u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        u = (float)(z >> 40) / (float)(1 << 23) - 1.0f;
        dst[i] = base + amp * u;
    }
}
