/* index/avx512.c - the kernel for AVX-512F.
 *
 * one:  row after row, dimensions are lanes; a processor overlaps the sums of neighbouring rows by
 *       itself, and reading in one stream is what its prefetcher likes best.
 * few:  three rows by eight queries, dimensions are lanes, each pair has a sum in one of 24 registers.
 *       Three, because more streams at once were read more slowly: six rows by four queries cost a
 *       fifth more.  The rows stay in the first-level cache for the next eight queries.
 * many: twelve rows by 32 queries, 24 registers too.  Queries are lanes and a row's element is
 *       broadcast by the multiply-add itself, so no sum across lanes is needed; per element two loads
 *       of queries serve 24 multiply-adds.
 *
 * Rows end in a masked step, so any dim is fine.  A pair's sum is formed in the same order by `one`
 * and by `few`, whatever is computed beside it. */
#include "index/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))
#define TILE   12
enum { FEW_ROWS = 3, FEW_QUERIES = 8 };
/* The accumulators live in registers only when the compiler unrolls; gcc at -O2 must be told. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

#define INLINE AVX512 static inline __attribute__((always_inline))

INLINE __mmask16 lanes_left(int n)
{
    return n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1);
}

/* Four vectors to their four sums, each added up in the same order. */
INLINE __m128 sum_4(__m512 a, __m512 b, __m512 c, __m512 d)
{
    __m512 x = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    __m512 y = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    __m512 s = _mm512_add_ps(_mm512_shuffle_ps(x, y, 0x44), _mm512_shuffle_ps(x, y, 0xee));

    s = _mm512_add_ps(s, _mm512_shuffle_f32x4(s, s, 0x4e)); /* quarters 0 + 2 and 1 + 3 */
    return _mm_add_ps(_mm512_castps512_ps128(s),
                      _mm512_castps512_ps128(_mm512_shuffle_f32x4(s, s, 0x55)));
}

AVX512 static void one(const float *rows, size_t count, int dim, const float *q, float *dst)
{
    for (size_t i = 0; i < count; i++, rows += dim) {
        __m512 s = _mm512_setzero_ps();
        int d = 0;
        for (; d + 64 <= dim; d += 64) {
            UNROLL
            for (int k = d; k < d + 64; k += 16)
                s = _mm512_fmadd_ps(_mm512_loadu_ps(rows + k), _mm512_loadu_ps(q + k), s);
        }
        for (; d < dim; d += 16) {
            __mmask16 m = lanes_left(dim - d);
            s = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, rows + d), _mm512_maskz_loadu_ps(m, q + d),
                                s);
        }
        dst[i] = _mm_cvtss_f32(sum_4(s, s, s, s));
    }
}

/* Sixteen dimensions of nr rows by nq queries.  `ahead` floats further on is the row that comes
 * after these: a line of it is asked for. */
INLINE void few_step(const float *rows, const float *q, int dim, __mmask16 m, __m512 *s,
                     const int nr, const int nq, size_t ahead)
{
    __m512 a, b[FEW_QUERIES];

    UNROLL
    for (int j = 0; j < nq; j++)
        b[j] = _mm512_maskz_loadu_ps(m, q + (size_t)j * (size_t)dim);
    UNROLL
    for (int r = 0; r < nr; r++) {
        a = _mm512_maskz_loadu_ps(m, rows + (size_t)r * (size_t)dim);
        if (ahead)
            _mm_prefetch(rows + (size_t)r * (size_t)dim + ahead, _MM_HINT_T0);
        UNROLL
        for (int j = 0; j < nq; j++)
            s[r * nq + j] = _mm512_fmadd_ps(a, b[j], s[r * nq + j]);
    }
}

/* nr and nq are constants where this is used, so that the sums live in registers. */
INLINE void few_tile(const float *rows, const float *q, int dim, float *dst, const int nr,
                     const int nq, size_t ahead)
{
    __m512 s[FEW_ROWS * FEW_QUERIES];
    int d = 0;

    UNROLL
    for (int i = 0; i < nr * nq; i++)
        s[i] = _mm512_setzero_ps();
    for (; d + 16 <= dim; d += 16)
        few_step(rows + d, q + d, dim, 0xffff, s, nr, nq, ahead);
    if (d < dim)
        few_step(rows + d, q + d, dim, lanes_left(dim - d), s, nr, nq, 0);
    UNROLL
    for (int i = 0; i < nr * nq; i += 4)
        _mm_storeu_ps(dst + i / nq * AY_SEARCH_LANES + i % nq,
                      sum_4(s[i], s[i + 1], s[i + 2], s[i + 3]));
}

AVX512 static void few(const float *rows, size_t count, int dim, const float *q, int nq, float *dst)
{
    size_t row = (size_t)dim, i = 0;

    for (; i + FEW_ROWS <= count; i += FEW_ROWS) {
        size_t ahead = i + 2 * FEW_ROWS <= count ? FEW_ROWS * row : 0;
        int j = 0;
        for (; j + FEW_QUERIES <= nq; j += FEW_QUERIES, ahead = 0)
            few_tile(rows + i * row, q + (size_t)j * row, dim, dst + i * AY_SEARCH_LANES + j,
                     FEW_ROWS, FEW_QUERIES, ahead);
        if (j < nq)
            few_tile(rows + i * row, q + (size_t)j * row, dim, dst + i * AY_SEARCH_LANES + j,
                     FEW_ROWS, 4, ahead);
    }
    for (; i < count; i++)
        for (int j = 0; j < nq; j += 4)
            few_tile(rows + i * row, q + (size_t)j * row, dim, dst + i * AY_SEARCH_LANES + j, 1, 4,
                     0);
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

AVX512 static void two(const float *scores, size_t count, const float *half, float *best,
                       float *second, uint32_t *at)
{
    const __m512 low = _mm512_set1_ps(-__builtin_inff());
    __m512 h0 = _mm512_load_ps(half), h1 = _mm512_load_ps(half + 16);

    for (size_t i = 0; i < count; i++, scores += AY_SEARCH_LANES) {
        __m512 a = _mm512_sub_ps(_mm512_load_ps(scores), h0);
        __m512 b = _mm512_sub_ps(_mm512_load_ps(scores + 16), h1), top;
        uint32_t bits;
        best[i] = _mm512_reduce_max_ps(_mm512_max_ps(a, b));
        top = _mm512_set1_ps(best[i]);
        bits = (uint32_t)_mm512_cmp_ps_mask(a, top, _CMP_EQ_OQ) |
               (uint32_t)_mm512_cmp_ps_mask(b, top, _CMP_EQ_OQ) << 16;
        at[i] = bits ? (uint32_t)__builtin_ctz(bits) : 0;
        bits = ~(1u << at[i]);
        second[i] = _mm512_reduce_max_ps(
            _mm512_max_ps(_mm512_mask_mov_ps(low, (__mmask16)bits, a),
                          _mm512_mask_mov_ps(low, (__mmask16)(bits >> 16), b)));
    }
}

const ay_search_kernel ay_kernel_avx512 = {"avx512", one, few, many, above, two};
#else
const ay_search_kernel ay_kernel_avx512;
#endif
