/* image/passes_avx2.c - the resizing passes with AVX2: two products of 16-bit numbers an
 * instruction.
 *
 * vpmaddwd multiplies signed 16-bit numbers and sums pairs into an int32.  A 22-bit weight is cut
 * into two of them,
 *     weight = low + 2048 * high,  low in -1024..1023,
 * each with a sum of its own, put together once an output.  Sums may wrap, as they may in the plain
 * loops: arithmetic modulo 2^32 gives the same bytes.
 *
 * across: a 128-bit lane is one row; 2 pixels become the words r r g g b b, so that a lane's sums
 * are r, g, b. down:   16 columns; 2 rows are interleaved so that a column's 2 values lie together.
 *
 * Packed weights: for each 4 taps 8 words: low of taps 0 1 2 3, high of taps 0 1 2 3. */
#if defined(__x86_64__)
#include "image/resample.h"

#include <immintrin.h>
#include <string.h>

#define TARGET   __attribute__((target("avx2")))
#define LOW_BITS 11

static void pack(ay_weights *w)
{
    int16_t *p = w->packed;

    for (size_t i = 0; i < (size_t)w->n * (size_t)w->taps; i++) {
        int32_t high = (w->weight[i] + (1 << (LOW_BITS - 1))) >> LOW_BITS;
        int16_t *group = p + i / 4 * 8 + i % 4;
        group[0] = (int16_t)(w->weight[i] - high * (1 << LOW_BITS));
        group[4] = (int16_t)high;
    }
}

static inline const int16_t *packed_of(const ay_weights *w, int i)
{
    return (const int16_t *)w->packed + (size_t)i * (size_t)w->taps * 2;
}

TARGET static inline __m256i weight2(const int16_t *p)
{
    int32_t v;

    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}

TARGET static inline __m256i join(__m256i low, __m256i high)
{
    return _mm256_srai_epi32(_mm256_add_epi32(low, _mm256_slli_epi32(high, LOW_BITS)),
                             AY_WEIGHT_BITS);
}

TARGET static inline __m256i load_rows(const uint8_t *a, const uint8_t *b)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a)),
                                   _mm_loadu_si128((const __m128i *)b), 1);
}

/* Two rows of output i: words r g b - of the first in the low lane, of the second in the high. */
TARGET static inline __m256i sum_across(const ay_weights *w, int i, const uint8_t *a,
                                        const uint8_t *b)
{
    const __m256i pick01 = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i pick23 = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    __m256i low = _mm256_set1_epi32(1 << (AY_WEIGHT_BITS - 1)), high = _mm256_setzero_si256();
    const int16_t *k = packed_of(w, i);
    size_t at = (size_t)w->first[i] * 3;

    for (int left = w->count[i]; left > 0; left -= 4, at += 12, k += 8) {
        __m256i p = load_rows(a + at, b + at);
        __m256i p01 = _mm256_shuffle_epi8(p, pick01), p23 = _mm256_shuffle_epi8(p, pick23);
        low = _mm256_add_epi32(low, _mm256_madd_epi16(p01, weight2(k)));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(p01, weight2(k + 4)));
        low = _mm256_add_epi32(low, _mm256_madd_epi16(p23, weight2(k + 2)));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(p23, weight2(k + 6)));
    }
    return join(low, high);
}

TARGET static void across(const ay_weights *w, const uint8_t *const src[4], uint8_t *const dst[4])
{
    static const int place[4] = {0, 16, 4, 20}; /* of rows 0..3 in the packed bytes */

    for (int i = 0; i < w->n; i++) {
        __m256i words =
            _mm256_packs_epi32(sum_across(w, i, src[0], src[1]), sum_across(w, i, src[2], src[3]));
        uint8_t out[32];
        size_t at = (size_t)i * 3;
        _mm256_storeu_si256((__m256i *)out, _mm256_packus_epi16(words, words));
        for (int r = 0; r < 4; r++) {
            memcpy(dst[r] + at, out + place[r], 2);
            dst[r][at + 2] = out[place[r] + 2];
        }
    }
}

/* Add two rows, 16 columns: columns 0..7 and 8..15. */
TARGET static inline void add_rows(__m256i low[2], __m256i high[2], __m128i a, __m128i b,
                                   const int16_t *k)
{
    __m256i p[2] = {_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)),
                    _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b))};

    for (int h = 0; h < 2; h++) {
        low[h] = _mm256_add_epi32(low[h], _mm256_madd_epi16(p[h], weight2(k)));
        high[h] = _mm256_add_epi32(high[h], _mm256_madd_epi16(p[h], weight2(k + 4)));
    }
}

TARGET static inline void down16(const int16_t *k, int count, const uint8_t *src, size_t stride,
                                 uint8_t *dst)
{
    __m256i half = _mm256_set1_epi32(1 << (AY_WEIGHT_BITS - 1)), zero = _mm256_setzero_si256();
    __m256i low[2] = {half, half}, high[2] = {zero, zero}, words;

    for (int at = 0; at < count;
         at += 2) { /* past the end the weight is 0, but the row must exist */
        const uint8_t *a = src + (size_t)at * stride, *b = at + 1 < count ? a + stride : a;
        add_rows(low, high, _mm_loadu_si128((const __m128i *)a),
                 _mm_loadu_si128((const __m128i *)b), k + at / 4 * 8 + at % 4);
    }
    words = _mm256_packs_epi32(join(low[0], high[0]), join(low[1], high[1]));
    words = _mm256_permute4x64_epi64(words, 0xd8);
    words = _mm256_permute4x64_epi64(_mm256_packus_epi16(words, words), 0xd8);
    _mm_storeu_si128((__m128i *)dst, _mm256_castsi256_si128(words));
}

TARGET static void down(const ay_weights *w, int i, const uint8_t *src, size_t stride, size_t n,
                        uint8_t *dst)
{
    const int16_t *k = packed_of(w, i);

    if (n < 16) {
        ay_passes_plain.down(w, i, src, stride, n, dst);
        return;
    }
    for (size_t x = 0; x + 16 <= n; x += 16)
        down16(k, w->count[i], src + x, stride, dst + x);
    if (n % 16) /* the last 16 once more, some of them twice */
        down16(k, w->count[i], src + n - 16, stride, dst + n - 16);
}

const ay_passes ay_passes_avx2 = {.name = "AVX2", .pack = pack, .across = across, .down = down};
#else
typedef int ay_no_avx2_here; /* a file must declare something */
#endif
