/* index/avx2.c - the kernel for AVX2 with FMA.
 *
 * one:  a query stays in the first-level cache while rows stream by, two at a time with four sums
 *       each, which hides the latency of the multiply-add.
 * many: queries are the lanes of a vector, an element of a row is broadcast against them, so that no
 *       sum across lanes is needed.  Two rows by 32 queries fill eight of the sixteen registers. */
#include "index/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

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

AVX2 static void many_1(const float *row, int dim, const float *p, float *dst)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;

    for (int d = 0; d < dim; d++, p += AY_SEARCH_LANES) {
        __m256 a = _mm256_broadcast_ss(row + d);
        s0 = _mm256_fmadd_ps(a, _mm256_load_ps(p), s0);
        s1 = _mm256_fmadd_ps(a, _mm256_load_ps(p + 8), s1);
        s2 = _mm256_fmadd_ps(a, _mm256_load_ps(p + 16), s2);
        s3 = _mm256_fmadd_ps(a, _mm256_load_ps(p + 24), s3);
    }
    _mm256_storeu_ps(dst, s0);
    _mm256_storeu_ps(dst + 8, s1);
    _mm256_storeu_ps(dst + 16, s2);
    _mm256_storeu_ps(dst + 24, s3);
}

AVX2 static void many_2(const float *row, int dim, const float *p, float *dst)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    __m256 t0 = s0, t1 = s0, t2 = s0, t3 = s0;

    for (int d = 0; d < dim; d++, p += AY_SEARCH_LANES) {
        __m256 a = _mm256_broadcast_ss(row + d), b = _mm256_broadcast_ss(row + dim + d);
        __m256 q0 = _mm256_load_ps(p), q1 = _mm256_load_ps(p + 8);
        __m256 q2 = _mm256_load_ps(p + 16), q3 = _mm256_load_ps(p + 24);
        s0 = _mm256_fmadd_ps(a, q0, s0);
        t0 = _mm256_fmadd_ps(b, q0, t0);
        s1 = _mm256_fmadd_ps(a, q1, s1);
        t1 = _mm256_fmadd_ps(b, q1, t1);
        s2 = _mm256_fmadd_ps(a, q2, s2);
        t2 = _mm256_fmadd_ps(b, q2, t2);
        s3 = _mm256_fmadd_ps(a, q3, s3);
        t3 = _mm256_fmadd_ps(b, q3, t3);
    }
    _mm256_storeu_ps(dst, s0);
    _mm256_storeu_ps(dst + 8, s1);
    _mm256_storeu_ps(dst + 16, s2);
    _mm256_storeu_ps(dst + 24, s3);
    _mm256_storeu_ps(dst + 32, t0);
    _mm256_storeu_ps(dst + 40, t1);
    _mm256_storeu_ps(dst + 48, t2);
    _mm256_storeu_ps(dst + 56, t3);
}

AVX2 static void many(const float *rows, size_t count, int dim, const float *packed, float *dst)
{
    size_t i = 0;

    for (; i + 2 <= count; i += 2)
        many_2(rows + i * (size_t)dim, dim, packed, dst + i * AY_SEARCH_LANES);
    for (; i < count; i++)
        many_1(rows + i * (size_t)dim, dim, packed, dst + i * AY_SEARCH_LANES);
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

const ay_search_kernel ay_kernel_avx2 = {"avx2", one, many, above};
#else
const ay_search_kernel ay_kernel_avx2;
#endif
