/* image/passes.c - the two resizing passes in plain C, and the choice among the faster ones.
 *
 * The plain loops are the oracle: every other version must give the same bytes, which the tests
 * check on each machine. */
#include "image/resample.h"

#include "base/cpu.h"

static inline uint8_t clip(int32_t v)
{
    v >>= AY_WEIGHT_BITS;
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static void row_across(const ay_weights *w, const uint8_t *src, uint8_t *dst)
{
    for (int i = 0; i < w->n; i++, dst += 3) {
        const int32_t *k = w->weight + (size_t)i * (size_t)w->taps;
        const uint8_t *p = src + (size_t)w->first[i] * 3;
        int32_t r = 1 << (AY_WEIGHT_BITS - 1), g = r, b = r;
        for (int x = 0; x < w->count[i]; x++, p += 3) {
            r += p[0] * k[x];
            g += p[1] * k[x];
            b += p[2] * k[x];
        }
        dst[0] = clip(r);
        dst[1] = clip(g);
        dst[2] = clip(b);
    }
}

static void across(const ay_weights *w, const uint8_t *const src[4], uint8_t *const dst[4])
{
    for (int r = 0; r < 4; r++)
        row_across(w, src[r], dst[r]);
}

static void down(const ay_weights *w, int i, const uint8_t *src, size_t stride, size_t n,
                 uint8_t *dst)
{
    const int32_t *weight = w->weight + (size_t)i * (size_t)w->taps;
    int count = w->count[i];

    for (size_t x = 0; x < n; x++) {
        int32_t sum = 1 << (AY_WEIGHT_BITS - 1);
        for (int k = 0; k < count; k++)
            sum += src[(size_t)k * stride + x] * weight[k];
        dst[x] = clip(sum);
    }
}

const ay_passes ay_passes_plain = {.name = "plain", .across = across, .down = down};

const ay_passes *ay_passes_at(int i)
{
    const ay_passes *can[4] = {&ay_passes_plain};

#if defined(__x86_64__)
    int n = 1;
    if (ay_cpu_get()->avx2)
        can[n++] = &ay_passes_avx2;
    if (ay_cpu_get()->avx512_vnni)
        can[n] = &ay_passes_vnni;
#endif
    return can[i];
}

const ay_passes *ay_passes_best(void)
{
    int i = 0;

    while (ay_passes_at(i + 1))
        i++;
    return ay_passes_at(i);
}
