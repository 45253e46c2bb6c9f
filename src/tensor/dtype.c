/* tensor/dtype.c - kinds of number and their conversion.
 *
 * The scalar functions define the result.  The loops are the same integer arithmetic compiled
 * again for wider registers (f16 uses the F16C instructions, which round as we do), so the fast
 * path gives the same bits.  The AVX-512 BF16 conversion instruction is not used: it flushes
 * denormals. */
#include "tensor/dtype.h"

#include "base/cpu.h"

#include <assert.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define AY_X86 1
#endif

static const struct {
    const char *name;
    unsigned char size;
    bool is_float;
} kind[] = {
    [AY_F32] = {"F32", 4, true},          [AY_F16] = {"F16", 2, true},
    [AY_BF16] = {"BF16", 2, true},        [AY_I64] = {"I64", 8, false},
    [AY_I32] = {"I32", 4, false},         [AY_U8] = {"U8", 1, false},
    [AY_F64] = {"F64", 8, true},          [AY_I16] = {"I16", 2, false},
    [AY_I8] = {"I8", 1, false},           [AY_BOOL] = {"BOOL", 1, false},
    [AY_U16] = {"U16", 2, false},         [AY_U32] = {"U32", 4, false},
    [AY_U64] = {"U64", 8, false},         [AY_F8_E4M3] = {"F8_E4M3", 1, false},
    [AY_F8_E5M2] = {"F8_E5M2", 1, false},
};
_Static_assert(sizeof kind / sizeof *kind == AY_DTYPE_COUNT, "every ay_dtype needs a line");

size_t ay_dtype_size(ay_dtype d)
{
    assert((unsigned)d < AY_DTYPE_COUNT);
    return kind[d].size;
}

const char *ay_dtype_name(ay_dtype d)
{
    return (unsigned)d < AY_DTYPE_COUNT ? kind[d].name : "?";
}

bool ay_dtype_parse(const char *name, ay_dtype *out)
{
    for (int d = 0; d < AY_DTYPE_COUNT; d++) {
        if (strcmp(kind[d].name, name) == 0) {
            *out = (ay_dtype)d;
            return true;
        }
    }
    return false;
}

bool ay_dtype_is_float(ay_dtype d)
{
    return (unsigned)d < AY_DTYPE_COUNT && kind[d].is_float;
}

static inline uint32_t bits_of(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float float_of(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

static inline uint16_t bf16_round(uint32_t u)
{
    uint32_t rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    uint32_t nan = (u >> 16) | 0x40;

    return (uint16_t)((u & 0x7fffffff) > 0x7f800000 ? nan : rounded);
}

uint16_t ay_bf16_from_f32(float f)
{
    return bf16_round(bits_of(f));
}

float ay_bf16_to_f32(uint16_t h)
{
    return float_of((uint32_t)h << 16);
}

uint16_t ay_f16_from_f32(float f)
{
    uint32_t u = bits_of(f), sign = u >> 16 & 0x8000, a = u & 0x7fffffff;

    if (a > 0x7f800000) /* NaN: quiet, payload cut */
        return (uint16_t)(sign | 0x7e00 | (a >> 13 & 0x3ff));
    if (a >= 0x477ff000) /* 65520 and up round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (a < 0x38800000) { /* below 2^-14: a multiple of 2^-24, rounded by the adder */
        float shifted = float_of(a) + 0.5f;
        return (uint16_t)(sign | (bits_of(shifted) - 0x3f000000));
    }
    a += 0xc8000fff + (a >> 13 & 1); /* exponent from bias 127 to 15, round to even */
    return (uint16_t)(sign | a >> 13);
}

float ay_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, a = h & 0x7fff;

    if (a >= 0x7c00) /* infinity, or NaN made quiet */
        return float_of(sign | 0x7f800000 | (a & 0x3ff ? 0x400000 | (a & 0x3ff) << 13 : 0));
    if (a < 0x400) /* denormal: a * 2^-24 is exact */
        return float_of(sign | bits_of((float)a * 0x1p-24f));
    return float_of(sign | ((a << 13) + 0x38000000));
}

/* One body, compiled for several register widths. */
static inline __attribute__((always_inline)) void bf16_to_f32_body(float *dst, const char *src,
                                                                   size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, src + 2 * i, 2);
        dst[i] = float_of((uint32_t)h << 16);
    }
}

static inline __attribute__((always_inline)) void bf16_from_f32_body(uint16_t *dst,
                                                                     const float *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = bf16_round(bits_of(src[i]));
}

static void f16_to_f32_plain(float *dst, const char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, src + 2 * i, 2);
        dst[i] = ay_f16_to_f32(h);
    }
}

static void f16_from_f32_plain(uint16_t *dst, const float *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = ay_f16_from_f32(src[i]);
}

static void bf16_to_f32_plain(float *dst, const char *src, size_t n)
{
    bf16_to_f32_body(dst, src, n);
}

static void bf16_from_f32_plain(uint16_t *dst, const float *src, size_t n)
{
    bf16_from_f32_body(dst, src, n);
}

#ifdef AY_X86
__attribute__((target("avx2"))) static void bf16_to_f32_avx2(float *dst, const char *src, size_t n)
{
    bf16_to_f32_body(dst, src, n);
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) static void
bf16_from_f32_avx512(uint16_t *dst, const float *src, size_t n)
{
    const __m512i one = _mm512_set1_epi32(1), half = _mm512_set1_epi32(0x7fff);
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        __m512i u = _mm512_loadu_si512(src + i), hi = _mm512_srli_epi32(u, 16);
        __m512i r = _mm512_add_epi32(_mm512_add_epi32(u, half), _mm512_and_si512(hi, one));
        __mmask16 nan = _mm512_cmpgt_epi32_mask(_mm512_and_si512(u, _mm512_set1_epi32(0x7fffffff)),
                                                _mm512_set1_epi32(0x7f800000));
        r = _mm512_mask_or_epi32(_mm512_srli_epi32(r, 16), nan, hi, _mm512_set1_epi32(0x40));
        _mm256_storeu_si256((__m256i *)(dst + i), _mm512_cvtepi32_epi16(r));
    }
    bf16_from_f32_body(dst + i, src + i, n - i);
}

__attribute__((target("avx2,f16c"))) static void f16_to_f32_f16c(float *dst, const char *src,
                                                                 size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(src + 2 * i))));
    f16_to_f32_plain(dst + i, src + 2 * i, n - i);
}

__attribute__((target("avx2,f16c"))) static void f16_from_f32_f16c(uint16_t *dst, const float *src,
                                                                   size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(dst + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(src + i), _MM_FROUND_TO_NEAREST_INT));
    f16_from_f32_plain(dst + i, src + i, n - i);
}
#endif

static void bf16_to_f32(float *dst, const char *src, size_t n)
{
#ifdef AY_X86
    if (ay_cpu_get()->avx2) {
        bf16_to_f32_avx2(dst, src, n);
        return;
    }
#endif
    bf16_to_f32_plain(dst, src, n);
}

static void bf16_from_f32(uint16_t *dst, const float *src, size_t n)
{
#ifdef AY_X86
    if (ay_cpu_get()->avx512) {
        bf16_from_f32_avx512(dst, src, n);
        return;
    }
#endif
    bf16_from_f32_plain(dst, src, n);
}

static void f16_to_f32(float *dst, const char *src, size_t n)
{
#ifdef AY_X86
    if (ay_cpu_get()->f16c) {
        f16_to_f32_f16c(dst, src, n);
        return;
    }
#endif
    f16_to_f32_plain(dst, src, n);
}

static void f16_from_f32(uint16_t *dst, const float *src, size_t n)
{
#ifdef AY_X86
    if (ay_cpu_get()->f16c) {
        f16_from_f32_f16c(dst, src, n);
        return;
    }
#endif
    f16_from_f32_plain(dst, src, n);
}

static void f64_to_f32(float *dst, const char *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double d;
        memcpy(&d, src + 8 * i, 8);
        dst[i] = (float)d;
    }
}

void ay_to_f32(float *dst, const void *src, ay_dtype d, size_t n)
{
    assert(ay_dtype_is_float(d));
    if (d == AY_F32)
        memcpy(dst, src, n * sizeof *dst);
    else if (d == AY_BF16)
        bf16_to_f32(dst, src, n);
    else if (d == AY_F16)
        f16_to_f32(dst, src, n);
    else
        f64_to_f32(dst, src, n);
}

void ay_from_f32(void *dst, ay_dtype d, const float *src, size_t n)
{
    assert(d == AY_F32 || d == AY_F16 || d == AY_BF16);
    if (d == AY_F32)
        memcpy(dst, src, n * sizeof *src);
    else if (d == AY_BF16)
        bf16_from_f32(dst, src, n);
    else
        f16_from_f32(dst, src, n);
}
