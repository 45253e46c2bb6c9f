/* image/passes_vnni.c - the resizing passes with AVX-512 VNNI: four products of bytes an
 * instruction.
 *
 * vpdpbusd multiplies unsigned by signed bytes, four neighbours summed into an int32.  Pixels are
 * unsigned bytes already; a 22-bit weight is cut into three signed bytes,
 *     weight = b0 + 256 * b1 + 65536 * b2,
 * each with a sum of its own, put together once an output.  Sums may wrap, as they may in the plain
 * loops: arithmetic modulo 2^32 gives the same bytes.
 *
 * across: a 128-bit lane is one row of four; 4 pixels (12 bytes) become rrrr gggg bbbb, so that a
 *         lane's sums are r, g, b.  The weight of 4 taps is broadcast from memory.
 * down:   64 columns; 4 rows are interleaved so that a column's 4 bytes lie together.
 *
 * Packed weights: for each 4 taps 12 bytes: four b0, four b1, four b2. */
#if defined(__x86_64__)
#include "image/resample.h"

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

static void pack(ay_weights *w)
{
    int8_t *p = w->packed;

    for (size_t i = 0; i < (size_t)w->n * (size_t)w->taps; i++) {
        int32_t k = w->weight[i];
        int8_t *group = p + i / 4 * 12 + i % 4;
        for (int b = 0; b < 3; b++) {
            group[b * 4] = (int8_t)k; /* the low byte, signed; the rest carries */
            k = (k - group[b * 4]) / 256;
        }
    }
}

static inline const char *packed_of(const ay_weights *w, int i)
{
    return (const char *)w->packed + (size_t)i * (size_t)w->taps * 3;
}

TARGET static inline __m512i weight4(const char *p)
{
    int32_t v;

    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}

/* b0 + 256 b1 + 65536 b2, scaled down to a value of pixels (not clipped). */
TARGET static inline __m512i join(__m512i b0, __m512i b1, __m512i b2)
{
    __m512i sum =
        _mm512_add_epi32(b0, _mm512_add_epi32(_mm512_slli_epi32(b1, 8), _mm512_slli_epi32(b2, 16)));
    return _mm512_srai_epi32(sum, AY_WEIGHT_BITS);
}

TARGET static inline __m512i load_rows(const uint8_t *const src[4], size_t at)
{
    __m512i p = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(src[0] + at)));

    p = _mm512_inserti32x4(p, _mm_loadu_si128((const __m128i *)(src[1] + at)), 1);
    p = _mm512_inserti32x4(p, _mm_loadu_si128((const __m128i *)(src[2] + at)), 2);
    return _mm512_inserti32x4(p, _mm_loadu_si128((const __m128i *)(src[3] + at)), 3);
}

TARGET static inline __m512i sum_across(const ay_weights *w, int i, const uint8_t *const src[4])
{
    const __m512i pick =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1));
    __m512i b0 = _mm512_set1_epi32(1 << (AY_WEIGHT_BITS - 1));
    __m512i b1 = _mm512_setzero_si512(), b2 = b1;
    const char *k = packed_of(w, i);
    size_t at = (size_t)w->first[i] * 3;

    for (int left = w->count[i]; left > 0; left -= 4, at += 12, k += 12) {
        __m512i p = _mm512_shuffle_epi8(load_rows(src, at), pick);
        b0 = _mm512_dpbusd_epi32(b0, p, weight4(k));
        b1 = _mm512_dpbusd_epi32(b1, p, weight4(k + 4));
        b2 = _mm512_dpbusd_epi32(b2, p, weight4(k + 8));
    }
    return join(b0, b1, b2);
}

TARGET static void across(const ay_weights *w, const uint8_t *const src[4], uint8_t *const dst[4])
{
    for (int i = 0; i < w->n; i++) {
        __m512i v = _mm512_max_epi32(sum_across(w, i, src), _mm512_setzero_si512());
        uint8_t out[16];
        size_t at = (size_t)i * 3;
        _mm_storeu_si128((__m128i *)out, _mm512_cvtusepi32_epi8(v));
        for (int r = 0; r < 4; r++) {
            memcpy(dst[r] + at, out + r * 4, 2);
            dst[r][at + 2] = out[r * 4 + 2];
        }
    }
}

/* Three sums each for the four groups of 4 columns in a lane. */
typedef struct {
    __m512i b0[4], b1[4], b2[4];
} sums;

TARGET static inline void add_rows(sums *s, const __m512i row[4], const char *k)
{
    __m512i ab_lo = _mm512_unpacklo_epi8(row[0], row[1]),
            ab_hi = _mm512_unpackhi_epi8(row[0], row[1]);
    __m512i cd_lo = _mm512_unpacklo_epi8(row[2], row[3]),
            cd_hi = _mm512_unpackhi_epi8(row[2], row[3]);
    __m512i p[4] = {_mm512_unpacklo_epi16(ab_lo, cd_lo), _mm512_unpackhi_epi16(ab_lo, cd_lo),
                    _mm512_unpacklo_epi16(ab_hi, cd_hi), _mm512_unpackhi_epi16(ab_hi, cd_hi)};
    __m512i k0 = weight4(k), k1 = weight4(k + 4), k2 = weight4(k + 8);

    for (int g = 0; g < 4; g++) {
        s->b0[g] = _mm512_dpbusd_epi32(s->b0[g], p[g], k0);
        s->b1[g] = _mm512_dpbusd_epi32(s->b1[g], p[g], k1);
        s->b2[g] = _mm512_dpbusd_epi32(s->b2[g], p[g], k2);
    }
}

TARGET static inline void down64(const char *k, int count, const uint8_t *src, size_t stride,
                                 __mmask64 mask, uint8_t *dst)
{
    __m512i half = _mm512_set1_epi32(1 << (AY_WEIGHT_BITS - 1)), zero = _mm512_setzero_si512();
    __m512i row[4], v[4];
    sums s;

    for (int g = 0; g < 4; g++) {
        s.b0[g] = half;
        s.b1[g] = s.b2[g] = zero;
    }
    for (int at = 0; at < count; at += 4, k += 12) {
        for (int r = 0; r < 4; r++) { /* past the end weights are 0, but rows must exist */
            int y = at + r < count ? at + r : count - 1;
            row[r] = _mm512_maskz_loadu_epi8(mask, src + (size_t)y * stride);
        }
        add_rows(&s, row, k);
    }
    for (int g = 0; g < 4; g++)
        v[g] = join(s.b0[g], s.b1[g], s.b2[g]);
    _mm512_mask_storeu_epi8(
        dst, mask,
        _mm512_packus_epi16(_mm512_packs_epi32(v[0], v[1]), _mm512_packs_epi32(v[2], v[3])));
}

TARGET static void down(const ay_weights *w, int i, const uint8_t *src, size_t stride, size_t n,
                        uint8_t *dst)
{
    for (size_t x = 0; x < n; x += 64) {
        __mmask64 mask = n - x >= 64 ? ~0ull : (1ull << (n - x)) - 1;
        down64(packed_of(w, i), w->count[i], src + x, stride, mask, dst + x);
    }
}

const ay_passes ay_passes_vnni = {
    .name = "AVX-512 VNNI", .pack = pack, .across = across, .down = down};
#else
typedef int ay_no_vnni_here; /* a file must declare something */
#endif
