/* nn/dnnl/winograd.c - see winograd.h.  The whole file is compiled for AVX512_BF16: nothing here may
 * run before ay_learn_has_winograd() has said so.
 *
 * A block of tiles goes through all stages while it is in the second cache: its transformed values
 * (V), then for every panel of 32 outputs the 16 products and the way back.
 *
 *   V  [16][chunk of 64 channels][BLOCK tiles][64]     bf16; rows a fixed 128 bytes apart, so that the
 *                                                      kernel's addresses are constants
 *   U  [16][panel of 32 outputs][channel pair][32][2]  bf16, as the dot product of pairs reads it
 *   M  [16][BLOCK tiles][32]                           float32
 */
#include "nn/dnnl/winograd.h"

#include <string.h>

enum { P = 16, CHUNK = 64, PANEL = 32, ROWS = 14, BLOCK = 56 };

static int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

static int64_t high(const ay_wino_shape *s)
{
    return (s->H + 1) / 2;
}

static int64_t wide(const ay_wino_shape *s)
{
    return (s->W + 1) / 2;
}

int64_t ay_wino_tiles(const ay_wino_shape *s)
{
    return s->N * high(s) * wide(s);
}

int64_t ay_wino_panels(const ay_wino_shape *s)
{
    return up(s->out, PANEL) / PANEL;
}

size_t ay_wino_filter_bytes(const ay_wino_shape *s)
{
    return (size_t)(P * up(s->out, PANEL) * s->in) * sizeof(uint16_t);
}

static size_t value_bytes(const ay_wino_shape *s)
{
    return (size_t)(P * BLOCK * up(s->in, CHUNK)) * sizeof(uint16_t);
}

size_t ay_wino_scratch_bytes(const ay_wino_shape *s)
{
    return value_bytes(s) + (size_t)(P * BLOCK * PANEL) * sizeof(float);
}

#ifdef __x86_64__
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx512bf16"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx512bf16,prefer-vector-width=512")
#endif
#include "nn/dnnl/winograd_lanes.h"

typedef struct {
    __m512 even, odd;
} two; /* 32 channels */

INLINE __mmask32 first(int64_t n)
{
    return n >= 32 ? 0xffffffffu : (1u << n) - 1;
}

INLINE two get(pixel p, int64_t c, __mmask32 m)
{
    __m512i v = _mm512_maskz_loadu_epi16(m, p.at + (c & p.mask));

    return (two){(__m512)_mm512_slli_epi32(v, 16),
                 (__m512)_mm512_and_si512(v, _mm512_set1_epi32((int)0xffff0000u))};
}

INLINE two plus(two a, two b)
{
    return (two){a.even + b.even, a.odd + b.odd};
}

INLINE two minus(two a, two b)
{
    return (two){a.even - b.even, a.odd - b.odd};
}

/* Row i of B' d for four columns: two rows of the tile, added or subtracted. */
#define ROW(a, b, op)                                                                              \
    UNROLL for (int j = 0; j < 4; j++)                                                             \
        t[j] = op(get(px[(a) * 4 + j], c, m), get(px[(b) * 4 + j], c, m))

INLINE void across(const two *t, uint16_t *to, int64_t p_step)
{
    two v[4] = {minus(t[0], t[2]), plus(t[1], t[2]), minus(t[2], t[1]), minus(t[1], t[3])};

    UNROLL for (int j = 0; j < 4; j++)
        _mm512_storeu_si512(to + j * p_step, pair(v[j].even, v[j].odd));
}

static void take_values(const ay_wino_shape *s, const uint16_t *src, int64_t t0, int64_t n,
                        uint16_t *v)
{
    int64_t p_step = BLOCK * up(s->in, CHUNK);
    pixel px[P];

    for (int64_t i = 0; i < n; i++) {
        pixels_of(s, src, spot_of(s, t0 + i), px);
        for (int64_t c = 0; c < s->in; c += 32) {
            uint16_t *to = v + (c / CHUNK * BLOCK + i) * CHUNK + c % CHUNK;
            __mmask32 m = first(s->in - c);
            two t[4];
            look_ahead_of(px, s->in, c);
            ROW(0, 2, minus);
            across(t, to, p_step);
            ROW(1, 2, plus);
            across(t, to + 4 * p_step, p_step);
            ROW(2, 1, minus);
            across(t, to + 8 * p_step, p_step);
            ROW(1, 3, minus);
            across(t, to + 12 * p_step, p_step);
        }
    }
}

/* mr tiles by nv * 16 outputs, summed over channel pairs. */
INLINE void product(int mr, int nv, const uint16_t *a, const uint16_t *b, int64_t pairs, float *to)
{
    __m512 sum[ROWS][2];

    UNROLL for (int r = 0; r < mr; r++) sum[r][0] = sum[r][1] = _mm512_setzero_ps();
    for (; pairs > 0; pairs -= CHUNK / 2, a += BLOCK * CHUNK) {
        int64_t n = pairs < CHUNK / 2 ? pairs : CHUNK / 2;
        for (int64_t k = 0; k < n; k++, b += 2 * PANEL) {
            __m512bh b0 = (__m512bh)_mm512_loadu_si512(b), b1 = b0;
            if (nv > 1)
                b1 = (__m512bh)_mm512_loadu_si512(b + PANEL);
            UNROLL for (int r = 0; r < mr; r++)
            {
                int two_of;
                memcpy(&two_of, a + r * CHUNK + 2 * k, sizeof two_of);
                __m512bh x = (__m512bh)_mm512_set1_epi32(two_of);
                sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, b0);
                if (nv > 1)
                    sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, b1);
            }
        }
    }
    UNROLL for (int r = 0; r < mr; r++)
    {
        _mm512_storeu_ps(to + r * PANEL, sum[r][0]);
        if (nv > 1)
            _mm512_storeu_ps(to + r * PANEL + 16, sum[r][1]);
    }
}

/* n tiles, rounded up to a whole kernel; BLOCK leaves room. */
static void products(const uint16_t *a, const uint16_t *b, int64_t pairs, float *to, int64_t n,
                     bool whole)
{
    for (; n > 0; n -= ROWS, a += ROWS * CHUNK, to += ROWS * PANEL)
        if (n <= ROWS / 2 && whole)
            product(ROWS / 2, 2, a, b, pairs, to);
        else if (whole)
            product(ROWS, 2, a, b, pairs, to);
        else
            product(ROWS, 1, a, b, pairs, to);
}

INLINE void down(const float *m, __m512 *s, __m512 *d)
{
    __m512 a = _mm512_loadu_ps(m), b = _mm512_loadu_ps(m + 4 * BLOCK * PANEL),
           c = _mm512_loadu_ps(m + 8 * BLOCK * PANEL), e = _mm512_loadu_ps(m + 12 * BLOCK * PANEL);

    *s = a + b + c;
    *d = b - c - e;
}

/* A' m A of 16 outputs: y[row][column]. */
INLINE void result(const float *m, __m512 y[2][2])
{
    __m512 s[4], d[4];

    UNROLL for (int j = 0; j < 4; j++)
        down(m + j * BLOCK * PANEL, &s[j], &d[j]);
    y[0][0] = s[0] + s[1] + s[2];
    y[0][1] = s[1] - s[2] - s[3];
    y[1][0] = d[0] + d[1] + d[2];
    y[1][1] = d[1] - d[2] - d[3];
}

static void give_results(const ay_wino_shape *s, const float *m, uint16_t *dst, int64_t t0,
                         int64_t n, int64_t o)
{
    __mmask32 mask = first(s->out - o);

    for (int64_t i = 0; i < n; i++) {
        spot at = spot_of(s, t0 + i);
        uint16_t *to = dst + ((at.n * s->H + at.y) * s->W + at.x) * s->out + o;
        __m512 a[2][2], b[2][2];
        result(m + i * PANEL, a);
        result(m + i * PANEL + 16, b);
        UNROLL for (int k = 0; k < 4; k++)
            if (at.y + k / 2 < s->H && at.x + k % 2 < s->W)
                _mm512_mask_storeu_epi16(
                    to + (k / 2 * s->W + k % 2) * s->out, mask,
                    (__m512i)_mm512_cvtne2ps_pbh(b[k / 2][k % 2], a[k / 2][k % 2]));
    }
}

void ay_wino_convolve(const ay_wino_shape *s, const void *src, const void *u, void *dst,
                      void *scratch, int64_t begin, int64_t end)
{
    uint16_t *v = scratch;
    float *m = (float *)((char *)scratch + value_bytes(s));
    int64_t panels = ay_wino_panels(s), panel = s->in * PANEL, p_step = BLOCK * up(s->in, CHUNK);

    for (int64_t t = begin; t < end; t += BLOCK) {
        int64_t n = end - t < BLOCK ? end - t : BLOCK;
        take_values(s, src, t, n, v);
        for (int64_t k = 0; k < panels; k++) {
            bool whole = s->out - k * PANEL > PANEL / 2;
            for (int p = 0; p < P; p++)
                products(v + p * p_step, (const uint16_t *)u + (p * panels + k) * panel, s->in / 2,
                         m + p * BLOCK * PANEL, n, whole);
            give_results(s, m, dst, t, n, k * PANEL);
        }
    }
}

/* ---- filters ---------------------------------------------------------------------------------------- */

INLINE void widen(__m512 a, __m512 b, __m512 c, __m512 *to, int step)
{
    __m512 half = _mm512_set1_ps(0.5f), s = (a + c) * half, h = b * half;

    to[0] = a;
    to[step] = s + h;
    to[2 * step] = s - h;
    to[3 * step] = c;
}

/* G g G' for 16 outputs (`valid` of them) of one input channel. */
INLINE void filter(const float *w, int64_t step, int64_t valid, __m512 u[P])
{
    __m512 g[16], t[12];

    UNROLL for (int i = 0; i < 16; i++)
        g[i] = i < valid ? _mm512_maskz_loadu_ps(0x1ff, w + i * step) : _mm512_setzero_ps();
    transpose(g);
    UNROLL for (int j = 0; j < 3; j++)
        widen(g[j], g[3 + j], g[6 + j], t + j, 3);
    UNROLL for (int i = 0; i < 4; i++)
        widen(t[3 * i], t[3 * i + 1], t[3 * i + 2], u + 4 * i, 1);
}

void ay_wino_filters(const ay_wino_shape *s, const float *w, int64_t out_step, int64_t in_step,
                     bool turned, void *u, int64_t begin, int64_t end)
{
    static const int turn[2][4] = {{0, 1, 2, 3}, {3, 1, 2, 0}};
    int64_t panels = ay_wino_panels(s), panel = s->in * PANEL;

    for (int64_t o = begin * PANEL; o < end * PANEL; o += 16) {
        const float *from = w + o * out_step;
        int64_t valid = s->out - o;
        uint16_t *to = (uint16_t *)u + o / PANEL * panel + o % PANEL * 2;
        for (int64_t c = 0; c < s->in; c += 2, to += 2 * PANEL) {
            __m512 a[P], b[P];
            filter(from + c * in_step, out_step, valid, a);
            filter(from + (c + 1) * in_step, out_step, valid, b);
            UNROLL for (int p = 0; p < P; p++) {
                int q = turn[turned][p / 4] * 4 + turn[turned][p % 4];
                _mm512_storeu_si512(to + p * panels * panel, pair(a[q], b[q]));
            }
        }
    }
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else /* never called */
void ay_wino_filters(const ay_wino_shape *s, const float *w, int64_t out_step, int64_t in_step,
                     bool turned, void *u, int64_t begin, int64_t end)
{
    (void)s, (void)w, (void)out_step, (void)in_step, (void)turned, (void)u, (void)begin, (void)end;
}

void ay_wino_convolve(const ay_wino_shape *s, const void *src, const void *u, void *dst,
                      void *scratch, int64_t begin, int64_t end)
{
    (void)s, (void)src, (void)u, (void)dst, (void)scratch, (void)begin, (void)end;
}
#endif
