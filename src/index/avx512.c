/* index/avx512.c - the kernel for AVX-512F.
 *
 * one:  four rows at a time, two sums a row: eight chains hide the latency of the multiply-add.
 * many: twelve rows by 32 queries, 24 of the 32 registers.  Queries are lanes and a row's element is
 *       broadcast by the multiply-add itself, so no sum across lanes is needed; per element two loads
 *       of queries serve 24 multiply-adds.
 *
 * Rows end in a masked step, so any dim is fine; a row's sum is formed in the same order whether it
 * is computed in a group or alone. */
#include "index/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))
#define TILE   12
/* The accumulators live in registers only when the compiler unrolls; gcc at -O2 must be told. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

AVX512 static inline float dot(const float *a, const float *b, int dim)
{
    __m512 s0 = _mm512_setzero_ps(), s1 = s0;
    int d = 0;

    for (; d + 32 <= dim; d += 32) {
        s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + d), _mm512_loadu_ps(b + d), s0);
        s1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + d + 16), _mm512_loadu_ps(b + d + 16), s1);
    }
    for (; d < dim; d += 16) {
        __mmask16 m = dim - d >= 16 ? 0xffff : (__mmask16)((1u << (dim - d)) - 1);
        s0 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, a + d), _mm512_maskz_loadu_ps(m, b + d), s0);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(s0, s1));
}

/* Four rows at once; sums in the order of dot(). */
AVX512 static void one_4(const float *rows, int dim, const float *q, float *dst)
{
    __m512 s[4][2];
    int d = 0;

    UNROLL
    for (int r = 0; r < 4; r++)
        s[r][0] = s[r][1] = _mm512_setzero_ps();
    for (; d + 32 <= dim; d += 32) {
        __m512 q0 = _mm512_loadu_ps(q + d), q1 = _mm512_loadu_ps(q + d + 16);
        UNROLL
        for (int r = 0; r < 4; r++) {
            const float *a = rows + (size_t)r * (size_t)dim + d;
            s[r][0] = _mm512_fmadd_ps(_mm512_loadu_ps(a), q0, s[r][0]);
            s[r][1] = _mm512_fmadd_ps(_mm512_loadu_ps(a + 16), q1, s[r][1]);
        }
    }
    for (; d < dim; d += 16) {
        __mmask16 m = dim - d >= 16 ? 0xffff : (__mmask16)((1u << (dim - d)) - 1);
        __m512 q0 = _mm512_maskz_loadu_ps(m, q + d);
        UNROLL
        for (int r = 0; r < 4; r++) {
            const float *a = rows + (size_t)r * (size_t)dim + d;
            s[r][0] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, a), q0, s[r][0]);
        }
    }
    UNROLL
    for (int r = 0; r < 4; r++)
        dst[r] = _mm512_reduce_add_ps(_mm512_add_ps(s[r][0], s[r][1]));
}

AVX512 static void one(const float *rows, size_t count, int dim, const float *q, float *dst)
{
    size_t i = 0;

    for (; i + 4 <= count; i += 4)
        one_4(rows + i * (size_t)dim, dim, q, dst + i);
    for (; i < count; i++)
        dst[i] = dot(rows + i * (size_t)dim, q, dim);
}

/* One tile.  A line of the next tile is asked for at every step: twelve streams of rows shorter than a
 * page are more than the processor's own prefetcher follows, and asking for all of them at once would
 * make this tile wait for them. */
AVX512 static void many_tile(const float *rows, int dim, const float *p, float *dst,
                             const char *next)
{
    int lines = next ? dim * TILE / 16 : 0; /* fewer than dim */
    __m512 s[TILE][2];

    UNROLL
    for (int r = 0; r < TILE; r++)
        s[r][0] = s[r][1] = _mm512_setzero_ps();
    for (int d = 0; d < dim; d++, p += AY_SEARCH_LANES) {
        __m512 q0 = _mm512_load_ps(p), q1 = _mm512_load_ps(p + 16);
        if (d < lines)
            _mm_prefetch(next + 64 * (size_t)d, _MM_HINT_T1);
        UNROLL
        for (int r = 0; r < TILE; r++) {
            __m512 a = _mm512_set1_ps(rows[(size_t)r * (size_t)dim + (size_t)d]);
            s[r][0] = _mm512_fmadd_ps(a, q0, s[r][0]);
            s[r][1] = _mm512_fmadd_ps(a, q1, s[r][1]);
        }
    }
    UNROLL
    for (int r = 0; r < TILE; r++) {
        _mm512_storeu_ps(dst + r * AY_SEARCH_LANES, s[r][0]);
        _mm512_storeu_ps(dst + r * AY_SEARCH_LANES + 16, s[r][1]);
    }
}

AVX512 static void many_1(const float *row, int dim, const float *p, float *dst)
{
    __m512 s0 = _mm512_setzero_ps(), s1 = s0;

    for (int d = 0; d < dim; d++, p += AY_SEARCH_LANES) {
        __m512 a = _mm512_set1_ps(row[d]);
        s0 = _mm512_fmadd_ps(a, _mm512_load_ps(p), s0);
        s1 = _mm512_fmadd_ps(a, _mm512_load_ps(p + 16), s1);
    }
    _mm512_storeu_ps(dst, s0);
    _mm512_storeu_ps(dst + 16, s1);
}

AVX512 static void many(const float *rows, size_t count, int dim, const float *packed, float *dst)
{
    size_t i = 0;

    for (; i + TILE <= count; i += TILE)
        many_tile(rows + i * (size_t)dim, dim, packed, dst + i * AY_SEARCH_LANES,
                  i + 2 * TILE <= count ? (const char *)(rows + (i + TILE) * (size_t)dim) : NULL);
    for (; i < count; i++)
        many_1(rows + i * (size_t)dim, dim, packed, dst + i * AY_SEARCH_LANES);
}

AVX512 static uint32_t above(const float *scores, const float *least)
{
    __mmask16 lo = _mm512_cmp_ps_mask(_mm512_load_ps(scores), _mm512_load_ps(least), _CMP_GT_OQ);
    __mmask16 hi =
        _mm512_cmp_ps_mask(_mm512_load_ps(scores + 16), _mm512_load_ps(least + 16), _CMP_GT_OQ);

    return (uint32_t)lo | (uint32_t)hi << 16;
}

const ay_search_kernel ay_kernel_avx512 = {"avx512", one, many, above};
#else
const ay_search_kernel ay_kernel_avx512;
#endif
