/* Noise: integer-hashed lattices, no tables, so that every seed is another world at no set-up cost.
 */
#include "draw/noise.h"

static float fade(float t)
{
    return t * t * t * (t * (t * 6 - 15) + 10);
}

static float corner2(int x, int y, float dx, float dy, uint32_t seed)
{
    uint32_t h = mix32((uint32_t)x * 0x9e3779b1u ^ mix32((uint32_t)y + seed));
    float gx = (float)(h & 0xffff) * (2.0f / 65535) - 1;
    float gy = (float)(h >> 16) * (2.0f / 65535) - 1;

    return gx * dx + gy * dy;
}

float ay_noise2(float x, float y, uint32_t seed)
{
    int ix = floori(x), iy = floori(y);
    float fx = x - (float)ix, fy = y - (float)iy, u = fade(fx), v = fade(fy);
    float a = lerpf(corner2(ix, iy, fx, fy, seed), corner2(ix + 1, iy, fx - 1, fy, seed), u);
    float b = lerpf(corner2(ix, iy + 1, fx, fy - 1, seed),
                    corner2(ix + 1, iy + 1, fx - 1, fy - 1, seed), u);

    return lerpf(a, b, v) * 1.6f;
}

static float corner3(int x, int y, int z, float dx, float dy, float dz, uint32_t seed)
{
    uint32_t h = mix32((uint32_t)x * 0x9e3779b1u ^
                       mix32((uint32_t)y * 0x85ebca6bu ^ mix32((uint32_t)z + seed)));
    float gx = (float)(h & 1023) * (2.0f / 1023) - 1;
    float gy = (float)((h >> 10) & 1023) * (2.0f / 1023) - 1;
    float gz = (float)((h >> 20) & 1023) * (2.0f / 1023) - 1;

    return gx * dx + gy * dy + gz * dz;
}

float ay_noise3(ay_v3 p, uint32_t seed)
{
    int x = floori(p.x), y = floori(p.y), z = floori(p.z);
    float fx = p.x - (float)x, fy = p.y - (float)y, fz = p.z - (float)z;
    float u = fade(fx), v = fade(fy), s[2];

    for (int k = 0; k < 2; k++) {
        float dz = fz - (float)k;
        float a = lerpf(corner3(x, y, z + k, fx, fy, dz, seed),
                        corner3(x + 1, y, z + k, fx - 1, fy, dz, seed), u);
        float b = lerpf(corner3(x, y + 1, z + k, fx, fy - 1, dz, seed),
                        corner3(x + 1, y + 1, z + k, fx - 1, fy - 1, dz, seed), u);
        s[k] = lerpf(a, b, v);
    }
    return lerpf(s[0], s[1], fade(fz)) * 1.4f;
}

float ay_fbm2(float x, float y, int octaves, uint32_t seed)
{
    float sum = 0, k = 0.5f;

    for (int i = 0; i < octaves; i++, k *= 0.5f) {
        sum += k * ay_noise2(x, y, seed + (uint32_t)i * 101);
        float t = 1.6f * x + 1.2f * y; /* doubled and turned, so that lattices do not line up */
        y = 1.6f * y - 1.2f * x;
        x = t;
    }
    return sum * 1.3f;
}

float ay_fbm3(ay_v3 p, int octaves, uint32_t seed)
{
    float sum = 0, k = 0.5f;

    for (int i = 0; i < octaves; i++, k *= 0.5f) {
        sum += k * ay_noise3(p, seed + (uint32_t)i * 101);
        p = v3(1.6f * p.x + 1.2f * p.y, 1.6f * p.y - 1.2f * p.x, 2 * p.z);
    }
    return sum * 1.3f;
}

float ay_ridge2(float x, float y, int octaves, uint32_t seed)
{
    float sum = 0, k = 0.5f;

    for (int i = 0; i < octaves; i++, k *= 0.5f) {
        float n = 1 - absf(ay_noise2(x, y, seed + (uint32_t)i * 101)) * 1.5f;
        sum += k * maxf(n, 0) * maxf(n, 0);
        float t = 1.6f * x + 1.2f * y;
        y = 1.6f * y - 1.2f * x;
        x = t;
    }
    return minf(sum, 1);
}

ay_cell ay_worley2(float x, float y, float jitter, uint32_t seed)
{
    int ix = floori(x), iy = floori(y);
    ay_cell o = {9, 9, 0};

    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            uint32_t h = mix32((uint32_t)(ix + i) * 0x9e3779b1u ^ mix32((uint32_t)(iy + j) + seed));
            float px = (float)(ix + i) + 0.5f + jitter * ((float)(h & 0xffff) / 65536 - 0.5f);
            float py = (float)(iy + j) + 0.5f + jitter * ((float)(h >> 16) / 65536 - 0.5f);
            float d = (px - x) * (px - x) + (py - y) * (py - y);
            if (d < o.f1) {
                o.f2 = o.f1;
                o.f1 = d;
                o.id = (float)(mix32(h) >> 8) * (1.0f / 16777216);
            } else if (d < o.f2) {
                o.f2 = d;
            }
        }
    o.f1 = sqrtf(o.f1);
    o.f2 = sqrtf(o.f2);
    return o;
}
