/* index/avx2.c - the kernel for AVX2 with FMA.
 *
 * one:  a query stays in the first-level cache while rows stream by, two at a time with four sums
 *       each, which hides the latency of the multiply-add.
 * few:  three rows by four queries, dimensions are lanes, each pair has a sum in one of twelve
 *       registers.  The rows stay in the first-level cache for the next four queries.
 * many: queries are the lanes of a vector, an element of a row is broadcast against them, so that no
 *       sum across lanes is needed.  Three rows by 32 queries fill twelve of the sixteen registers. */
#include "index/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2   __attribute__((target("avx2,fma")))
#define INLINE AVX2 static inline __attribute__((always_inline))
enum { FEW_ROWS = 3, MANY_ROWS = 3 };
/* The sums live in registers only when the compiler unrolls; gcc at -O2 must be told. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

AVX2 static float sum8(__m256 v)
{
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    x = _mm_add_ss(x, _mm_movehdup_ps(x));
    return _mm_cvtss_f32(x);
}

AVX2 static float dot(const float *a, const float *b, int dim)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    float sum;
    int d = 0;

    for (; d + 32 <= dim; d += 32) {
        s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + d), _mm256_loadu_ps(b + d), s0);
        s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + d + 8), _mm256_loadu_ps(b + d + 8), s1);
        s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + d + 16), _mm256_loadu_ps(b + d + 16), s2);
        s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + d + 24), _mm256_loadu_ps(b + d + 24), s3);
    }
    for (; d + 8 <= dim; d += 8)
        s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + d), _mm256_loadu_ps(b + d), s0);
    sum = sum8(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
    for (; d < dim; d++)
        sum += a[d] * b[d];
    return sum;
}

AVX2 static void one(const float *rows, size_t count, int dim, const float *q, float *dst)
{
    for (size_t i = 0; i < count; i++)
        dst[i] = dot(rows + i * (size_t)dim, q, dim);
}

/* Four vectors to their four sums. */
INLINE __m128 sum_4(const __m256 *v)
{
    __m256 s = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));

    return _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
}

/* nr rows by four queries; nr is a constant where this is used.  `ahead` floats further on is the row
 * that comes after these: a line of it is asked for. */
INLINE void few_tile(const float *rows, const float *q, int dim, float *dst, const int nr,
                     size_t ahead)
{
    __m256 s[FEW_ROWS * 4], a[FEW_ROWS];
    size_t row = (size_t)dim;
    int d = 0;

    UNROLL
    for (int i = 0; i < nr * 4; i++)
        s[i] = _mm256_setzero_ps();
    for (; d + 8 <= dim; d += 8) {
        UNROLL
        for (int r = 0; r < nr; r++) {
            a[r] = _mm256_loadu_ps(rows + (size_t)r * row + d);
            if (ahead && d % 16 == 0)
                _mm_prefetch((const char *)(rows + (size_t)r * row + d + ahead), _MM_HINT_T0);
        }
        UNROLL
        for (int j = 0; j < 4; j++) {
            __m256 b = _mm256_loadu_ps(q + (size_t)j * row + d);
            UNROLL
            for (int r = 0; r < nr; r++)
                s[r * 4 + j] = _mm256_fmadd_ps(a[r], b, s[r * 4 + j]);
        }
    }
    UNROLL
    for (int r = 0; r < nr; r++)
        _mm_storeu_ps(dst + r * AY_SEARCH_LANES, sum_4(s + r * 4));
    for (; d < dim; d++)
        for (int r = 0; r < nr; r++)
            for (int j = 0; j < 4; j++)
                dst[r * AY_SEARCH_LANES + j] += rows[(size_t)r * row + d] * q[(size_t)j * row + d];
}

AVX2 static void few(const float *rows, size_t count, int dim, const float *q, int nq, float *dst)
{
    size_t row = (size_t)dim, i = 0;

    for (; i + FEW_ROWS <= count; i += FEW_ROWS) {
        size_t ahead = i + 2 * FEW_ROWS <= count ? FEW_ROWS * row : 0;
        for (int j = 0; j < nq; j += 4, ahead = 0)
            few_tile(rows + i * row, q + (size_t)j * row, dim, dst + i * AY_SEARCH_LANES + j,
                     FEW_ROWS, ahead);
    }
    for (; i < count; i++)
        for (int j = 0; j < nq; j += 4)
            few_tile(rows + i * row, q + (size_t)j * row, dim, dst + i * AY_SEARCH_LANES + j, 1, 0);
}

/* nr rows by 32 queries; nr is a constant where this is used. */
INLINE void many_tile(const float *rows, int dim, const float *p, float *dst, const int nr)
{
    __m256 s[MANY_ROWS][4], a[MANY_ROWS];

    UNROLL
    for (int r = 0; r < nr; r++)
        s[r][0] = s[r][1] = s[r][2] = s[r][3] = _mm256_setzero_ps();
    for (int d = 0; d < dim; d++, p += AY_SEARCH_LANES) {
        UNROLL
        for (int r = 0; r < nr; r++)
            a[r] = _mm256_broadcast_ss(rows + (size_t)r * (size_t)dim + d);
        UNROLL
        for (int v = 0; v < 4; v++) {
            __m256 b = _mm256_load_ps(p + 8 * v);
            UNROLL
            for (int r = 0; r < nr; r++)
                s[r][v] = _mm256_fmadd_ps(a[r], b, s[r][v]);
        }
    }
    UNROLL
    for (int r = 0; r < nr; r++) {
        UNROLL
        for (int v = 0; v < 4; v++)
            _mm256_storeu_ps(dst + r * AY_SEARCH_LANES + 8 * v, s[r][v]);
    }
}

AVX2 static void many(const float *rows, size_t count, int dim, const float *packed, float *dst)
{
    size_t i = 0;

    for (; i + MANY_ROWS <= count; i += MANY_ROWS)
        many_tile(rows + i * (size_t)dim, dim, packed, dst + i * AY_SEARCH_LANES, MANY_ROWS);
    for (; i < count; i++)
        many_tile(rows + i * (size_t)dim, dim, packed, dst + i * AY_SEARCH_LANES, 1);
}

AVX2 static uint32_t above(const float *scores, const float *least)
{
    uint32_t bits = 0;

    for (int j = 0; j < AY_SEARCH_LANES; j += 8) {
        __m256 gt =
            _mm256_cmp_ps(_mm256_load_ps(scores + j), _mm256_load_ps(least + j), _CMP_GT_OQ);
        bits |= (uint32_t)_mm256_movemask_ps(gt) << j;
    }
    return bits;
}

AVX2 static float most_of_32(const float *v)
{
    __m256 m = _mm256_max_ps(_mm256_max_ps(_mm256_load_ps(v), _mm256_load_ps(v + 8)),
                             _mm256_max_ps(_mm256_load_ps(v + 16), _mm256_load_ps(v + 24)));
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));

    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

AVX2 static void two(const float *scores, size_t count, const float *half, float *best,
                     float *second, uint32_t *at)
{
    _Alignas(32) float v[AY_SEARCH_LANES];

    for (size_t i = 0; i < count; i++, scores += AY_SEARCH_LANES) {
        uint32_t bits = 0;
        for (int j = 0; j < AY_SEARCH_LANES; j += 8)
            _mm256_store_ps(v + j,
                            _mm256_sub_ps(_mm256_load_ps(scores + j), _mm256_load_ps(half + j)));
        best[i] = most_of_32(v);
        for (int j = 0; j < AY_SEARCH_LANES; j += 8)
            bits |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(
                        _mm256_load_ps(v + j), _mm256_set1_ps(best[i]), _CMP_EQ_OQ))
                    << j;
        at[i] = bits ? (uint32_t)__builtin_ctz(bits) : 0;
        v[at[i]] = -__builtin_inff();
        second[i] = most_of_32(v);
    }
}

const ay_search_kernel ay_kernel_avx2 = {"avx2", one, few, many, above, two};
#else
const ay_search_kernel ay_kernel_avx2;
#endif
