/* nn/dnnl/depthwise_loops.c - the loops of depthwise.h.  Compiled for AVX-512 function by function, so
 * nothing here may run before ay_dnnl_wide() has said yes. */
#include "nn/dnnl/depthwise.h"

#include <stddef.h>

bool ay_dw_fits(int kernel, int stride, int outputs, ay_act act)
{
    return (kernel == 3 || kernel == 5 || kernel == 7) && (stride == 1 || stride == 2) &&
           (outputs == 1 || outputs == 2) && (act == AY_ACT_NONE || act == AY_ACT_GELU);
}

#ifdef __x86_64__
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define PART WIDE __attribute__((always_inline)) static inline

PART __m512 load(const void *base, int64_t at, bool bf16)
{
    if (!bf16)
        return _mm512_loadu_ps((const float *)base + at);
    __m256i half = _mm256_loadu_si256((const __m256i *)((const uint16_t *)base + at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/* To bf16 as ay_from_f32 does: to nearest, ties to even; any NaN is the quiet one of its sign. */
PART void store(void *base, int64_t at, bool bf16, __m512 x)
{
    if (!bf16) {
        _mm512_storeu_ps((float *)base + at, x);
        return;
    }
    __m512i i = _mm512_castps_si512(x);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(i, 16), _mm512_set1_epi32(1));
    __m512i up = _mm512_add_epi32(i, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    up = _mm512_mask_or_epi32(up, nan, i, _mm512_set1_epi32(0x400000));
    _mm256_storeu_si256((__m256i *)((uint16_t *)base + at),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(up, 16)));
}

/* exp(x) for x <= 0: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2], within 2e-7 of it. */
PART __m512 exp_negative(__m512 x)
{
    x = _mm512_max_ps(x, _mm512_set1_ps(-87.0f));
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)),
                                    _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.0f / 720);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 120));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 24));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 6));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, n);
}

/* x Phi(x); erf by Abramowitz and Stegun, 7.1.26, within 1.5e-7. */
PART __m512 gelu(__m512 x)
{
    __m512 z = _mm512_mul_ps(_mm512_abs_ps(x), _mm512_set1_ps(0.70710678f));
    __m512 t = _mm512_div_ps(_mm512_set1_ps(1.0f),
                             _mm512_fmadd_ps(z, _mm512_set1_ps(0.3275911f), _mm512_set1_ps(1.0f)));
    __m512 p = _mm512_set1_ps(1.061405429f);
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-1.453152027f));
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(1.421413741f));
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-0.284496736f));
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.254829592f));
    p = _mm512_mul_ps(_mm512_mul_ps(p, t), exp_negative(_mm512_fnmadd_ps(z, z, _mm512_setzero_ps())));
    /* 1 + erf(x / sqrt 2) is p for negative x and 2 - p for the others: no difference of near equals. */
    __mmask16 positive = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ);
    p = _mm512_mask_sub_ps(p, positive, _mm512_set1_ps(2.0f), p);
    return _mm512_mul_ps(_mm512_mul_ps(x, _mm512_set1_ps(0.5f)), p);
}

/* One output pixel of a block: act, then 16 channels, or 32 whose pairs come together. */
PART void give(const ay_dw *a, int64_t at, bool bf16, int M, __m512 x, __m512 y)
{
    const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i high =
        _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);

    if (a->act == AY_ACT_GELU)
        x = gelu(x);
    if (M == 1) {
        store(a->dst, at, bf16, x);
        return;
    }
    if (a->act == AY_ACT_GELU)
        y = gelu(y);
    store(a->dst, at, bf16, _mm512_permutex2var_ps(x, low, y));
    store(a->dst, at + a->dst_block, bf16, _mm512_permutex2var_ps(x, high, y));
}

/* N outputs of one row from column x on.  inside: no tap leaves the row. */
PART void chunk(const ay_dw *a, int64_t src, int64_t dst, const float *weight, const __m512 *bias,
                int64_t y, int64_t x, int K, int S, int M, int N, bool bf16, bool inside)
{
    static const float zeros[AY_DW_LANES];
    __m512 sum[2][8];

    for (int m = 0; m < M; m++)
        for (int i = 0; i < N; i++)
            sum[m][i] = bias[m];
    for (int i = 0; i < K; i++) {
        int64_t row = y * S - a->top + i, left = x * S - a->left;
        if (row < 0 || row >= a->H)
            continue;
        __m512 w[2][7];
        for (int m = 0; m < M; m++)
            for (int k = 0; k < K; k++)
                w[m][k] = _mm512_loadu_ps(weight + ((m * K + i) * K + k) * AY_DW_LANES);
        int64_t at = src + row * a->src_row + left * a->src_pixel;
#pragma GCC unroll 32
        for (int j = 0; j < (N - 1) * S + K; j++) {
            bool there = inside || (left + j >= 0 && left + j < a->W);
            __m512 v = there ? load(a->src, at + j * a->src_pixel, bf16) : load(zeros, 0, false);
#pragma GCC unroll 8
            for (int o = 0; o < N; o++) {
                int k = j - o * S;
                if (k < 0 || k >= K)
                    continue;
                for (int m = 0; m < M; m++)
                    sum[m][o] = _mm512_fmadd_ps(v, w[m][k], sum[m][o]);
            }
        }
    }
    for (int o = 0; o < N; o++)
        give(a, dst + (x + o) * a->dst_pixel, bf16, M, sum[0][o], sum[M - 1][o]);
}

PART void rows(const ay_dw *a, int64_t begin, int64_t end, int K, int S, int M, bool bf16)
{
    const int N = M == 1 ? 8 : 4;
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);

    for (int64_t r = begin; r < end; r++) {
        int64_t y = r % a->OH, block = r / a->OH % a->blocks, n = r / a->OH / a->blocks, x = 0;
        int64_t src = n * a->src_picture + block * a->src_block;
        int64_t dst = n * a->dst_picture + block * M * a->dst_block + y * a->dst_row;
        const float *w = a->weight + block * M * K * K * AY_DW_LANES;
        __m512 b[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
        if (a->bias) {
            const float *from = a->bias + block * M * AY_DW_LANES;
            b[0] = _mm512_loadu_ps(from);
            if (M == 2) {
                __m512 more = _mm512_loadu_ps(from + AY_DW_LANES);
                b[1] = _mm512_permutex2var_ps(b[0], _mm512_add_epi32(even, _mm512_set1_epi32(1)), more);
                b[0] = _mm512_permutex2var_ps(b[0], even, more);
            }
        }
        for (; x + N <= a->OW; x += N) {
            int64_t first = x * S - a->left;
            if (first >= 0 && first + (N - 1) * S + K <= a->W)
                chunk(a, src, dst, w, b, y, x, K, S, M, N, bf16, true);
            else
                chunk(a, src, dst, w, b, y, x, K, S, M, N, bf16, false);
        }
        for (; x < a->OW; x++)
            chunk(a, src, dst, w, b, y, x, K, S, M, 1, bf16, false);
    }
}

/* One function for each kind, so that every loop within has a constant length. */
#define KIND(K, S, M)                                                                              \
    WIDE static void rows_##K##S##M(const ay_dw *a, int64_t begin, int64_t end)                    \
    {                                                                                              \
        if (a->bf16)                                                                               \
            rows(a, begin, end, K, S, M, true);                                                    \
        else                                                                                       \
            rows(a, begin, end, K, S, M, false);                                                   \
    }
#define KINDS(K) KIND(K, 1, 1) KIND(K, 1, 2) KIND(K, 2, 1) KIND(K, 2, 2)
KINDS(3)
KINDS(5)
KINDS(7)

void ay_dw_rows(const ay_dw *a, int64_t begin, int64_t end)
{
    typedef void fn(const ay_dw *a, int64_t begin, int64_t end);
    static fn *const table[3][2][2] = {{{rows_311, rows_312}, {rows_321, rows_322}},
                                       {{rows_511, rows_512}, {rows_521, rows_522}},
                                       {{rows_711, rows_712}, {rows_721, rows_722}}};

    table[a->kernel / 2 - 1][a->stride - 1][a->outputs - 1](a, begin, end);
}
#else
void ay_dw_rows(const ay_dw *a, int64_t begin, int64_t end)
{
    (void)a, (void)begin, (void)end; /* ay_dnnl_wide() is false on other processors */
}
#endif
