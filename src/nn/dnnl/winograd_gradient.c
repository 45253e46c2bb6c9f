/* nn/dnnl/winograd_gradient.c - gradients of filters, see winograd.h.  The whole file is compiled for
 * AVX512_BF16: nothing here may run before ay_learn_has_winograd() has said so.
 *
 * A block of tiles is transformed, two tiles side by side in a lane because the dot product sums
 * pairs; then each of the 16 products is a matrix product over the block's tiles.
 *
 *   V  [16][tile pair][in][2]    bf16, B' d B of the values
 *   Y  [16][tile pair][out][2]   bf16, P' y P of the results' gradients
 *   sums [16][out][in]           float32; channels rounded up to 16 in all three */
#include "nn/dnnl/winograd.h"

enum { P = 16, ROWS = 8 };

static int64_t up(int64_t n)
{
    return (n + 15) / 16 * 16;
}

/* Tiles a block.  Few: values, gradients and sums of a layer with few channels share the second cache.
 * Many: the sums of one with many channels are read and written more seldom. */
static int64_t block_of(const ay_wino_shape *s)
{
    return s->in * s->out < 1 << 15 ? 112 : 256;
}

size_t ay_wino_sums_bytes(const ay_wino_shape *s)
{
    return (size_t)(P * up(s->in) * up(s->out)) * sizeof(float);
}

size_t ay_wino_gradient_bytes(const ay_wino_shape *s)
{
    return (size_t)(P * block_of(s) * (up(s->in) + up(s->out))) * sizeof(uint16_t);
}

#ifdef __x86_64__
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx512bf16"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx512bf16,prefer-vector-width=512")
#endif
#include "nn/dnnl/winograd_lanes.h"

INLINE __m512 get(pixel p, int64_t c, __mmask16 m)
{
    __m256i h = _mm256_maskz_loadu_epi16(m, p.at + (c & p.mask));

    return (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16);
}

INLINE __mmask16 first(int64_t n)
{
    return n >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << n) - 1);
}

/* Row i of B' d B of one tile: four columns. */
INLINE void value_row(const pixel *px, int64_t c, __mmask16 m, int i, __m512 v[4])
{
    static const int upper[4] = {0, 1, 2, 1}, lower[4] = {2, 2, 1, 3};
    __m512 t[4];

    UNROLL for (int j = 0; j < 4; j++)
    {
        __m512 a = get(px[upper[i] * 4 + j], c, m), b = get(px[lower[i] * 4 + j], c, m);
        t[j] = i == 1 ? a + b : a - b;
    }
    v[0] = t[0] - t[2];
    v[1] = t[1] + t[2];
    v[2] = t[2] - t[1];
    v[3] = t[1] - t[3];
}

static void take_values(const ay_wino_shape *s, const uint16_t *src, int64_t t0, int64_t n,
                        uint16_t *to)
{
    int64_t row = 2 * up(s->in), p_step = block_of(s) / 2 * row;
    pixel px[2][P];

    for (int64_t i = 0; i < n; i += 2, to += row) {
        pixels_of(s, src, spot_of(s, t0 + i), px[0]);
        for (int k = 0; k < P; k++) /* an odd end: nothing */
            px[1][k] = (pixel){px[0][k].at, 0};
        if (i + 1 < n)
            pixels_of(s, src, spot_of(s, t0 + i + 1), px[1]);
        for (int64_t c = 0; c < s->in; c += 16) {
            __mmask16 m = first(s->in - c), m1 = i + 1 < n ? m : 0;
            look_ahead_of(px[0], s->in, c);
            look_ahead_of(px[1], s->in, c);
            UNROLL for (int r = 0; r < 4; r++)
            {
                __m512 a[4], b[4];
                value_row(px[0], c, m, r, a);
                value_row(px[1], c, m1, r, b);
                UNROLL for (int j = 0; j < 4; j++)
                    _mm512_storeu_si512(to + (4 * r + j) * p_step + 2 * c, pair(a[j], b[j]));
            }
        }
    }
}

/* P' of two numbers: a, (a + b) / 2, (a - b) / 2, b; the halves are applied to both ways at once. */
INLINE void spread(__m512 a, __m512 b, __m512 to[4])
{
    const __m512 half = _mm512_set1_ps(0.5f);

    to[0] = a;
    to[1] = (a + b) * half;
    to[2] = (a - b) * half;
    to[3] = b;
}

INLINE void diff_tile(const pixel *px, int64_t c, __mmask16 m, __m512 y[P])
{
    __m512 left[4], right[4];

    spread(get(px[0], c, m), get(px[2], c, m), left);
    spread(get(px[1], c, m), get(px[3], c, m), right);
    UNROLL for (int r = 0; r < 4; r++) spread(left[r], right[r], y + 4 * r);
}

static void take_diffs(const ay_wino_shape *s, const uint16_t *diff, int64_t t0, int64_t n,
                       int64_t from, int64_t end, uint16_t *to)
{
    int64_t row = 2 * up(s->out), p_step = block_of(s) / 2 * row;
    pixel px[2][4];

    for (int64_t i = 0; i < n; i += 2, to += row) {
        for (int k = 0; k < 8; k++) {
            spot at = spot_of(s, t0 + (i + k / 4 < n ? i + k / 4 : i));
            px[k / 4][k % 4] = pixel_of(s, diff, at.n, at.y + k % 4 / 2, at.x + k % 2, s->out);
        }
        for (int64_t c = from; c < end; c += 16) {
            __mmask16 m = first(s->out - c), m1 = i + 1 < n ? m : 0;
            __m512 a[P], b[P];
            UNROLL for (int k = 0; k < 8; k++) look_ahead(&px[k / 4][k % 4], s->out, c);
            diff_tile(px[0], c, m, a);
            diff_tile(px[1], c, m1, b);
            UNROLL for (int p = 0; p < P; p++)
                _mm512_storeu_si512(to + p * p_step + 2 * c, pair(a[p], b[p]));
        }
    }
}

/* 8 outputs by nv * 16 inputs, summed over tile pairs; into `to`, or added to it. */
INLINE void product(int nv, const uint16_t *y, int64_t y_row, const uint16_t *v, int64_t v_row,
                    int64_t pairs, float *to, int64_t to_row, bool add)
{
    __m512 sum[ROWS][2];

    UNROLL for (int r = 0; r < ROWS; r++)
        UNROLL for (int j = 0; j < nv; j++)
            sum[r][j] = add ? _mm512_loadu_ps(to + r * to_row + 16 * j) : _mm512_setzero_ps();
    for (int64_t k = 0; k < pairs; k++, y += y_row, v += v_row) {
        __m512bh b[2];
        UNROLL for (int j = 0; j < nv; j++) b[j] = (__m512bh)_mm512_loadu_si512(v + 32 * j);
        UNROLL for (int r = 0; r < ROWS; r++)
        {
            int two_of;
            memcpy(&two_of, y + 2 * r, sizeof two_of);
            __m512bh x = (__m512bh)_mm512_set1_epi32(two_of);
            UNROLL for (int j = 0; j < nv; j++) sum[r][j] = _mm512_dpbf16_ps(sum[r][j], x, b[j]);
        }
    }
    UNROLL for (int r = 0; r < ROWS; r++)
        UNROLL for (int j = 0; j < nv; j++) _mm512_storeu_ps(to + r * to_row + 16 * j, sum[r][j]);
}

static void products(const ay_wino_shape *s, const uint16_t *y, const uint16_t *v, int64_t pairs,
                     float *to, int64_t from, int64_t end, bool add)
{
    int64_t in = up(s->in), out = up(s->out);

    for (int64_t c = 0; c < in; c += 32)
        for (int64_t o = from; o < end; o += ROWS)
            if (c + 16 < in)
                product(2, y + 2 * o, 2 * out, v + 2 * c, 2 * in, pairs, to + o * in + c, in, add);
            else
                product(1, y + 2 * o, 2 * out, v + 2 * c, 2 * in, pairs, to + o * in + c, in, add);
}

void ay_wino_gradient(const ay_wino_shape *s, const void *src, const void *diff, float *sums,
                      void *scratch, int64_t begin, int64_t end, int64_t from, int64_t to)
{
    int64_t in = up(s->in), out = up(s->out), block = block_of(s);
    uint16_t *v = scratch, *y = v + P * block * in;

    to = up(to);
    for (int64_t t = begin; t < end; t += block) {
        int64_t n = end - t < block ? end - t : block;
        take_values(s, src, t, n, v);
        take_diffs(s, diff, t, n, from, to, y);
        for (int p = 0; p < P; p++)
            products(s, y + p * block * out, v + p * block * in, (n + 1) / 2, sums + p * out * in,
                     from, to, t > begin);
    }
}

/* ---- the way back ------------------------------------------------------------------------------------ */

/* S' of four numbers. */
INLINE void gather(__m512 a, __m512 b, __m512 c, __m512 d, __m512 *to, int step)
{
    to[0] = a + b + c;
    to[step] = b - c;
    to[2 * step] = b + c - d;
}

/* Nine numbers each of 16 filters that lie one after the other in `to`. */
INLINE void filters(const float *sums, int64_t p_step, int parts, int64_t part_step, __m512 g[16])
{
    __m512 m[P], t[12];

    UNROLL for (int p = 0; p < P; p++) m[p] = _mm512_loadu_ps(sums + p * p_step);
    for (int k = 1; k < parts; k++)
        UNROLL for (int p = 0; p < P; p++)
            m[p] += _mm512_loadu_ps(sums + k * part_step + p * p_step);
    UNROLL for (int j = 0; j < 4; j++) gather(m[j], m[4 + j], m[8 + j], m[12 + j], t + j, 4);
    UNROLL for (int i = 0; i < 3; i++)
        gather(t[4 * i], t[4 * i + 1], t[4 * i + 2], t[4 * i + 3], g + 3 * i, 1);
    UNROLL for (int i = 9; i < 16; i++) g[i] = _mm512_setzero_ps();
    transpose(g);
}

void ay_wino_deliver(const ay_wino_shape *s, const float *sums, int parts, bool add, float *grad,
                     int64_t from, int64_t to)
{
    int64_t in = up(s->in), p_step = in * up(s->out);
    int64_t part_step = (int64_t)(ay_wino_sums_bytes(s) / sizeof(float));

    for (int64_t o = from; o < to && o < s->out; o++)
        for (int64_t c = 0; c < s->in; c += 16) {
            float *at = grad + (o * s->in + c) * 9;
            __m512 g[16];
            filters(sums + o * in + c, p_step, parts, part_step, g);
            for (int i = 0; i < 16 && c + i < s->in; i++, at += 9) {
                __m512 now = add ? _mm512_maskz_loadu_ps(0x1ff, at) : _mm512_setzero_ps();
                _mm512_mask_storeu_ps(at, 0x1ff, now + g[i]);
            }
        }
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else /* never called */
void ay_wino_gradient(const ay_wino_shape *s, const void *src, const void *diff, float *sums,
                      void *scratch, int64_t begin, int64_t end, int64_t from, int64_t to)
{
    (void)s, (void)src, (void)diff, (void)sums, (void)scratch;
    (void)begin, (void)end, (void)from, (void)to;
}

void ay_wino_deliver(const ay_wino_shape *s, const float *sums, int parts, bool add, float *grad,
                     int64_t from, int64_t to)
{
    (void)s, (void)sums, (void)parts, (void)add, (void)grad, (void)from, (void)to;
}
#endif
