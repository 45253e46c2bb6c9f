#include "index/hamming.h"

#include "base/rng.h"
#include "base/test.h"

enum { N = 1500 };

static uint64_t hash[N];

static void fill(void)
{
    ay_rng r;

    ay_rng_init(&r, 11);
    for (int i = 0; i < N; i++)
        hash[i] = i % 5 ? ay_rng_u64(&r) : i ? hash[i - 1] ^ 1ull << (i % 64) ^ 1ull << (i / 7 % 64) : 1;
}

static size_t by_hand(const uint64_t *a, const uint64_t *b, bool self, int radius)
{
    size_t n = 0;

    for (int i = 0; i < N; i++)
        for (int k = self ? i + 1 : 0; k < N; k++)
            n += __builtin_popcountll(a[i] ^ b[k]) <= radius;
    return n;
}

static void every_way_gives_the_same_pairs(void)
{
    fill();
    for (int radius = 0; radius <= 24; radius += 8)
        for (int self = 0; self < 2; self++) {
            size_t want = by_hand(hash, hash, self, radius);
            for (int path = 0; path < AY_HAMMING_PATHS; path++) {
                ay_hamming_job j = {.a = hash, .b = hash, .na = N, .nb = N, .self = self, .radius = radius, .threads = 1 + path % 2, .turn = 3};
                ay_hamming_pairs p = {0};
                ay_err err;
                if (!ay_hamming_path_works((ay_hamming_path)path))
                    continue;
                ay_hamming_path_set((ay_hamming_path)path);
                CHECK_OK(ay_hamming_join(&j, &p, &err), err);
                CHECK(p.n == want);
                for (size_t i = 0; i < p.n; i++) {
                    CHECK(p.items[i].bits == __builtin_popcountll(hash[p.items[i].a] ^ hash[p.items[i].b]) && p.items[i].turn == 3);
                    CHECK(i == 0 || p.items[i].a > p.items[i - 1].a ||
                          (p.items[i].a == p.items[i - 1].a && p.items[i].b > p.items[i - 1].b));
                }
                ay_hamming_pairs_fini(&p);
            }
        }
    ay_hamming_path_set(AY_HAMMING_PATHS);
}

static bool refuse(void *ctx, double done)
{
    (void)ctx, (void)done;
    return false;
}

static void limits_and_stops_are_told(void)
{
    ay_hamming_job j = {.a = hash, .b = hash, .na = N, .nb = N, .self = true, .radius = 40, .most = 10};
    ay_hamming_pairs p = {0};
    ay_err err;

    fill();
    CHECK(ay_hamming_join(&j, &p, &err) == AY_ELIMIT && strstr(err.msg, "10"));
    j.most = 0;
    j.radius = 64;
    CHECK(ay_hamming_join(&j, &p, &err) == AY_EINVAL);
    j.radius = 2;
    j.progress = refuse;
    CHECK(ay_hamming_join(&j, &p, &err) == AY_ECANCELLED);
    ay_hamming_pairs_fini(&p);
}

TESTS({"every way gives the same pairs", every_way_gives_the_same_pairs},
      {"limits and stops are told", limits_and_stops_are_told})
