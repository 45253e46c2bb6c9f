/* nn/dnnl/winograd_lanes.h - what both halves of Winograd's convolutions do with vectors.  Included
 * by winograd.c and winograd_gradient.c only, between the marks that compile them for AVX512_BF16. */
#ifndef AY_NN_DNNL_WINOGRAD_LANES_H
#define AY_NN_DNNL_WINOGRAD_LANES_H

#include "nn/dnnl/winograd.h"

#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

enum { AY_WINO_P = 16 }; /* products a tile and pair of channels */

/* bf16 of both, lo in the lower half of each lane. */
INLINE __m512i pair(__m512 lo, __m512 hi)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                           8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);

    return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(hi, lo));
}

/* Where a tile lies: picture n, row y, column x of its first result. */
typedef struct {
    int64_t n, y, x;
} spot;

INLINE spot spot_of(const ay_wino_shape *s, int64_t t)
{
    int64_t w = (s->W + 1) / 2, h = (s->H + 1) / 2;

    return (spot){t / (w * h), t / w % h * 2, t % w * 2};
}

/* A pixel's channels; outside of the picture zeros, where `mask` keeps offsets at 0. */
typedef struct {
    const uint16_t *at;
    int64_t mask;
} pixel;

INLINE pixel pixel_of(const ay_wino_shape *s, const uint16_t *src, int64_t n, int64_t y, int64_t x,
                      int64_t channels)
{
    static const uint16_t zeros[32];

    if (y < 0 || y >= s->H || x < 0 || x >= s->W)
        return (pixel){zeros, 0};
    return (pixel){src + ((n * s->H + y) * s->W + x) * channels, ~(int64_t)0};
}

/* The 4 x 4 pixels that a tile's 2 x 2 results see. */
INLINE void pixels_of(const ay_wino_shape *s, const uint16_t *src, spot at, pixel *px)
{
    for (int i = 0; i < AY_WINO_P; i++)
        px[i] = pixel_of(s, src, at.n, at.y + i / 4 - 1, at.x + i % 4 - 1, s->in);
}

/* Asks for what the tile some places on will read; this tile reads `at`. */
INLINE void look_ahead(const pixel *at, int64_t channels, int64_t c)
{
    enum { TILES = 6 };

    _mm_prefetch((const char *)(at->at + c + TILES * 2 * channels), _MM_HINT_T0);
}

/* As above for the pixels of a 4 x 4 tile that its neighbours have not read. */
INLINE void look_ahead_of(const pixel *px, int64_t channels, int64_t c)
{
    look_ahead(px + 10, channels, c);
    look_ahead(px + 11, channels, c);
    look_ahead(px + 14, channels, c);
    look_ahead(px + 15, channels, c);
}

INLINE void transpose(__m512 r[16])
{
    __m512 a[16];

    UNROLL for (int i = 0; i < 16; i += 2)
    {
        a[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        a[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 16; i += 4)
        UNROLL for (int j = 0; j < 2; j++)
        {
            __m512d x = (__m512d)a[i + j], y = (__m512d)a[i + 2 + j];
            r[i + 2 * j] = (__m512)_mm512_unpacklo_pd(x, y);
            r[i + 2 * j + 1] = (__m512)_mm512_unpackhi_pd(x, y);
        }
    UNROLL for (int j = 0; j < 4; j++)
    {
        a[j] = _mm512_shuffle_f32x4(r[j], r[4 + j], 0x88);
        a[4 + j] = _mm512_shuffle_f32x4(r[j], r[4 + j], 0xdd);
        a[8 + j] = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0x88);
        a[12 + j] = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0xdd);
    }
    UNROLL for (int j = 0; j < 4; j++)
    {
        r[j] = _mm512_shuffle_f32x4(a[j], a[8 + j], 0x88);
        r[8 + j] = _mm512_shuffle_f32x4(a[j], a[8 + j], 0xdd);
        r[4 + j] = _mm512_shuffle_f32x4(a[4 + j], a[12 + j], 0x88);
        r[12 + j] = _mm512_shuffle_f32x4(a[4 + j], a[12 + j], 0xdd);
    }
}

#endif
