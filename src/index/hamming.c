#include "index/hamming.h"

#include "base/mem.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Rows of b that stay in the first-level cache while a's rows pass. */
enum { TILE = 2048, STRIP = 1024 };

/* Marks which of b[0 .. n) are within the radius of x: a bit each in found[n / 64 + 1]; false: none. */
typedef bool (*near_fn)(uint64_t x, const uint64_t *b, size_t n, int radius, uint64_t *found);

static bool near_plain(uint64_t x, const uint64_t *b, size_t n, int radius, uint64_t *found)
{
    uint64_t any = 0;

    for (size_t i = 0; i < n; i += 64) {
        uint64_t bits = 0;
        for (size_t k = i; k < n && k < i + 64; k++)
            bits |= (uint64_t)(__builtin_popcountll(x ^ b[k]) <= radius) << (k - i);
        found[i / 64] = bits;
        any |= bits;
    }
    return any != 0;
}

#if defined(__x86_64__)
/* Bits of each byte by a table of sixteen, then summed: W. Mula's way. */
__attribute__((target("avx2"))) static bool near_avx2(uint64_t x, const uint64_t *b, size_t n, int radius,
                                                      uint64_t *found)
{
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2,
                                           2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15), q = _mm256_set1_epi64x((long long)x);
    const __m256i limit = _mm256_set1_epi64x(radius);
    size_t i = 0;
    uint64_t any = 0;

    for (; i + 64 <= n; i += 64) {
        uint64_t bits = 0;
        for (size_t k = 0; k < 64; k += 4) {
            __m256i d = _mm256_xor_si256(q, _mm256_loadu_si256((const __m256i *)(const void *)(b + i + k)));
            __m256i c = _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(d, low)),
                                        _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(d, 4), low)));
            __m256i far = _mm256_cmpgt_epi64(_mm256_sad_epu8(c, _mm256_setzero_si256()), limit);
            bits |= (uint64_t)(~_mm256_movemask_pd(_mm256_castsi256_pd(far)) & 15) << k;
        }
        found[i / 64] = bits;
        any |= bits;
    }
    return (i < n && near_plain(x, b + i, n - i, radius, found + i / 64)) || any;
}

__attribute__((target("avx512f,avx512vpopcntdq"))) static bool near_avx512(uint64_t x, const uint64_t *b, size_t n,
                                                                            int radius, uint64_t *found)
{
    const __m512i q = _mm512_set1_epi64((long long)x), limit = _mm512_set1_epi64(radius);
    size_t i = 0;
    uint64_t any = 0;

    for (; i + 64 <= n; i += 64) {
        uint64_t bits = 0;
        for (size_t k = 0; k < 64; k += 8) {
            __m512i d = _mm512_xor_si512(q, _mm512_loadu_si512(b + i + k));
            bits |= (uint64_t)_mm512_cmple_epu64_mask(_mm512_popcnt_epi64(d), limit) << k;
        }
        found[i / 64] = bits;
        any |= bits;
    }
    return (i < n && near_plain(x, b + i, n - i, radius, found + i / 64)) || any;
}
#endif

/* ---- which */

static ay_hamming_path forced = AY_HAMMING_PATHS;

bool ay_hamming_path_works(ay_hamming_path path)
{
#if defined(__x86_64__)
    if (path == AY_HAMMING_AVX2)
        return __builtin_cpu_supports("avx2");
    if (path == AY_HAMMING_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq");
#endif
    return path == AY_HAMMING_PLAIN;
}

const char *ay_hamming_path_name(ay_hamming_path path)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};

    return (unsigned)path < AY_HAMMING_PATHS ? names[path] : "best";
}

void ay_hamming_path_set(ay_hamming_path path)
{
    forced = path;
}

static near_fn choose(void)
{
    ay_hamming_path path = forced;

    while (path > AY_HAMMING_PLAIN && !ay_hamming_path_works(path))
        path--;
#if defined(__x86_64__)
    if (path == AY_HAMMING_AVX512)
        return near_avx512;
    if (path == AY_HAMMING_AVX2)
        return near_avx2;
#endif
    return near_plain;
}

/* ---- the join */

typedef struct {
    const ay_hamming_job *job;
    near_fn find;
    size_t from, to; /* rows of a in this strip */
    ay_hamming_pairs part[AY_THREAD_PARTS];
    bool failed[AY_THREAD_PARTS];
} strip;

static bool add(ay_hamming_pairs *p, const ay_hamming_pair *one)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 256;
        ay_hamming_pair *items = ay_realloc(p->items, cap, sizeof *items);
        if (!items)
            return false;
        p->items = items;
        p->cap = cap;
    }
    p->items[p->n++] = *one;
    return true;
}

static bool take(const ay_hamming_job *j, ay_hamming_pairs *out, size_t a, size_t from, size_t n, const uint64_t *found)
{
    for (size_t w = 0; w * 64 < n; w++)
        for (uint64_t bits = found[w]; bits; bits &= bits - 1) {
            size_t b = from + w * 64 + (size_t)__builtin_ctzll(bits);
            ay_hamming_pair one = {(uint32_t)a, (uint32_t)b, (uint8_t)__builtin_popcountll(j->a[a] ^ j->b[b]), j->turn};
            if (!(j->self && b <= a) && !add(out, &one))
                return false;
        }
    return true;
}

static void join_part(void *ctx, int part, int parts)
{
    strip *s = ctx;
    const ay_hamming_job *j = s->job;
    size_t n = s->to - s->from, lo = s->from + n * (size_t)part / (size_t)parts;
    size_t hi = s->from + n * (size_t)(part + 1) / (size_t)parts;
    uint64_t found[TILE / 64 + 1];

    for (size_t t = j->self ? lo / TILE * TILE : 0; t < j->nb && !s->failed[part]; t += TILE) {
        size_t count = j->nb - t < TILE ? j->nb - t : TILE;
        for (size_t a = lo; a < hi && !s->failed[part]; a++)
            if (!(j->self && t + count <= a) && s->find(j->a[a], j->b + t, count, j->radius, found))
                s->failed[part] = !take(j, &s->part[part], a, t, count, found);
    }
}

static int ascending(const void *x, const void *y)
{
    const ay_hamming_pair *a = x, *b = y;

    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    return (a->b > b->b) - (a->b < b->b);
}

static ay_status gather(strip *s, int parts, size_t start, ay_hamming_pairs *out, ay_err *err)
{
    ay_status status = AY_OK;

    for (int p = 0; p < parts; p++) {
        if (s->failed[p])
            status = ay_fail(err, AY_ENOMEM, "comparing hashes");
        for (size_t i = 0; i < s->part[p].n && status == AY_OK; i++)
            if (s->job->most && out->n - start >= s->job->most)
                status = ay_fail(err, AY_ELIMIT, "more than %zu pairs of hashes are that near", s->job->most);
            else if (!add(out, &s->part[p].items[i]))
                status = ay_fail(err, AY_ENOMEM, "comparing hashes");
        ay_hamming_pairs_fini(&s->part[p]);
    }
    return status;
}

ay_status ay_hamming_join(const ay_hamming_job *job, ay_hamming_pairs *out, ay_err *err)
{
    int parts = job->threads > 0 ? job->threads : ay_cpu_count();
    size_t start = out->n;
    ay_status status = AY_OK;

    if (job->radius < 0 || job->radius > 63 || job->na > UINT32_MAX || job->nb > UINT32_MAX ||
        (job->self && job->na != job->nb))
        return ay_fail(err, AY_EINVAL, "%zu by %zu hashes within %d bits cannot be compared", job->na, job->nb, job->radius);
    parts = parts > AY_THREAD_PARTS ? AY_THREAD_PARTS : parts;
    for (size_t from = 0; from < job->na && status == AY_OK; from += STRIP) {
        strip s = {.job = job, .find = choose(), .from = from, .to = from + STRIP < job->na ? from + STRIP : job->na};
        int n = s.to - s.from < 64 ? 1 : parts;
        ay_thread_share("hashes", n, join_part, &s);
        status = gather(&s, n, start, out, err);
        if (status == AY_OK && job->progress && !job->progress(job->ctx, (double)s.to / (double)job->na))
            status = ay_fail(err, AY_ECANCELLED, "stopped");
    }
    if (out->n > start)
        qsort(out->items + start, out->n - start, sizeof *out->items, ascending);
    return status;
}

void ay_hamming_pairs_fini(ay_hamming_pairs *p)
{
    ay_free(p->items);
    *p = (ay_hamming_pairs){0};
}
