/* index/codes_x86.c - bytes by AVX-512 VNNI and by AVX2.
 *
 * VNNI one:  dimensions are lanes, four bytes a lane; two sums, so that one multiply need not wait for the last.
 * VNNI many: queries are lanes.  Twelve rows by 32 queries are 24 sums in registers; four bytes of a row are spread over a
 *            register and serve 32 queries, so no sum across lanes is needed.
 * AVX2:      bytes are widened to 16 bits, whose products are added in pairs without overflow (the instruction that multiplies
 *            bytes saturates).  Many queries are taken one by one: a block of rows stays in the second-level cache. */
#include "index/codes_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define AVX2 __attribute__((target("avx2")))
#define TILE 12
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

VNNI static void vnni_one(const uint8_t *rows, size_t count, int stride, const int8_t *q, int32_t *dst)
{
    for (size_t i = 0; i < count; i++, rows += stride) {
        __m512i a = _mm512_setzero_si512(), b = _mm512_setzero_si512();
        int d = 0;
        for (; d + 128 <= stride; d += 128) {
            a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(rows + d), _mm512_loadu_si512(q + d));
            b = _mm512_dpbusd_epi32(b, _mm512_loadu_si512(rows + d + 64), _mm512_loadu_si512(q + d + 64));
        }
        if (d < stride)
            a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(rows + d), _mm512_loadu_si512(q + d));
        dst[i] = _mm512_reduce_add_epi32(_mm512_add_epi32(a, b));
    }
}

VNNI static inline __attribute__((always_inline)) void tile(const uint8_t *rows, int stride, const int8_t *packed, int32_t *dst,
                                                            const int n)
{
    __m512i s[TILE][2];

    UNROLL
    for (int i = 0; i < n; i++)
        s[i][0] = s[i][1] = _mm512_setzero_si512();
    for (int d = 0; d < stride; d += 4, packed += 128) {
        __m512i q0 = _mm512_load_si512(packed), q1 = _mm512_load_si512(packed + 64);
        UNROLL
        for (int i = 0; i < n; i++) {
            int32_t four;
            __builtin_memcpy(&four, rows + (size_t)i * (size_t)stride + (size_t)d, 4);
            __m512i r = _mm512_set1_epi32(four);
            s[i][0] = _mm512_dpbusd_epi32(s[i][0], r, q0);
            s[i][1] = _mm512_dpbusd_epi32(s[i][1], r, q1);
        }
    }
    UNROLL
    for (int i = 0; i < n; i++) {
        _mm512_storeu_si512(dst + i * AY_CODES_LANES, s[i][0]);
        _mm512_storeu_si512(dst + i * AY_CODES_LANES + 16, s[i][1]);
    }
}

VNNI static void vnni_many(const uint8_t *rows, size_t count, int stride, const int8_t *packed, int32_t *dst)
{
    size_t i = 0;

    for (; i + TILE <= count; i += TILE)
        tile(rows + i * (size_t)stride, stride, packed, dst + i * AY_CODES_LANES, TILE);
    for (; i < count; i++)
        tile(rows + i * (size_t)stride, stride, packed, dst + i * AY_CODES_LANES, 1);
}

VNNI static uint32_t vnni_above(const int32_t *sums, const int32_t *shift, const float *scale, float row_scale,
                                const float *least, float *scores)
{
    __m512 r = _mm512_set1_ps(row_scale);
    uint32_t bits = 0;

    for (int j = 0; j < AY_CODES_LANES; j += 16) {
        __m512i sum = _mm512_sub_epi32(_mm512_load_si512(sums + j), _mm512_load_si512(shift + j));
        __m512 score = _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), r), _mm512_load_ps(scale + j));
        _mm512_store_ps(scores + j, score);
        bits |= (uint32_t)_mm512_cmp_ps_mask(score, _mm512_load_ps(least + j), _CMP_GT_OQ) << j;
    }
    return bits;
}

AVX2 static void avx2_one(const uint8_t *rows, size_t count, int stride, const int8_t *q, int32_t *dst)
{
    for (size_t i = 0; i < count; i++, rows += stride) {
        __m256i a = _mm256_setzero_si256(), b = _mm256_setzero_si256();
        __m128i s;
        for (int d = 0; d < stride; d += 32) {
            __m256i r0 = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(rows + d)));
            __m256i r1 = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(rows + d + 16)));
            __m256i q0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(q + d)));
            __m256i q1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(q + d + 16)));
            a = _mm256_add_epi32(a, _mm256_madd_epi16(r0, q0));
            b = _mm256_add_epi32(b, _mm256_madd_epi16(r1, q1));
        }
        a = _mm256_add_epi32(a, b);
        s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
        s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
        dst[i] = _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
    }
}

const ay_codes_path ay_codes_vnni = {"vnni", vnni_one, vnni_many, vnni_above};
const ay_codes_path ay_codes_avx2 = {"avx2", avx2_one, NULL, NULL};
#else
const ay_codes_path ay_codes_vnni = {0}, ay_codes_avx2 = {0};
#endif
