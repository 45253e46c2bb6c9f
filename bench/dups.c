/* bench/dups.c - what bench/dups.md is made of beside bench/dups.py.
 *
 *   build/release/bench/dups speed [hashes] [radius]     all pairs of made-up hashes, each way of counting bits (100000 14)
 *   build/release/bench/dups measures < PAIRS            lines "a <tab> b <tab> kind <tab> same"; adds what is measured of each pair
 *
 * Measures, tab separated after the kind and the label: least bits of the hashes over the orientations, of those of parts (crops), glance, compare (the two of
 * image/print.h, best orientation), then of image/look.h the verdict, difference, correlation, overlap, side, cropped, colour. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/look.h"
#include "image/print.h"
#include "index/hamming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- speed */

/* A tenth are copies of others with a few bits turned; the rest are as they come. */
static void make_hashes(uint64_t *h, size_t n)
{
    ay_rng r;

    ay_rng_init(&r, 5);
    for (size_t i = 0; i < n; i++) {
        h[i] = ay_rng_u64(&r);
        if (i > 0 && i % 10 == 0)
            h[i] = h[i - 1] ^ 1ull << (h[i] & 63) ^ 1ull << (h[i] >> 6 & 63);
    }
}

static int speed(size_t n, int radius)
{
    uint64_t *h = ay_alloc(n, sizeof *h);

    if (!h)
        return 1;
    make_hashes(h, n);
    for (int path = 0; path < AY_HAMMING_PATHS; path++)
        for (int threads = 1; threads <= 2; threads++) {
            ay_hamming_job job = {.a = h, .b = h, .na = n, .nb = n, .self = true, .radius = radius, .threads = threads};
            ay_hamming_pairs found = {0};
            uint64_t start;
            ay_err err;
            if (!ay_hamming_path_works(path))
                continue;
            ay_hamming_path_set(path);
            start = ay_clock_mono();
            if (ay_hamming_join(&job, &found, &err) != AY_OK)
                return fprintf(stderr, "%s\n", err.msg), 1;
            printf("%-7s %d thread%s  %zu hashes, radius %d: %.3f s, %zu pairs\n", ay_hamming_path_name(path), threads,
                   threads > 1 ? "s" : " ", n, radius, (double)(ay_clock_mono() - start) / 1e9, found.n);
            ay_hamming_pairs_fini(&found);
        }
    ay_free(h);
    return 0;
}

/* ---- measures */

typedef struct {
    char path[4096];
    ay_print print;
    ay_look look;
} seen;

static bool look_at(seen *s, const char *path)
{
    ay_image im;
    ay_err err;
    bool ok;

    if (strcmp(s->path, path) == 0)
        return true;
    ay_look_fini(&s->look);
    snprintf(s->path, sizeof s->path, "%s", path);
    if (ay_image_load(path, NULL, &im, &err) != AY_OK)
        return fprintf(stderr, "%s: %s\n", path, err.msg), false;
    ok = ay_image_print(&im, &s->print, &err) == AY_OK && ay_look_init(&s->look, &im, &err) == AY_OK;
    ay_image_fini(&im);
    return ok;
}

static void measure(const seen *a, const seen *b, const char *kind, const char *same)
{
    int bits = 64, cut = 64, turns[AY_ORIENTATIONS], n = ay_look_turns(&a->print, &b->print, turns);
    uint64_t of_a[AY_CUTS], of_b[AY_CUTS];
    float glance = 0, compare = -1;
    ay_look_result r;
    ay_err err;

    for (int o = 1; o <= AY_ORIENTATIONS; o++) {
        ay_print turned;
        int d = ay_phash_distance(a->print.hash, ay_print_hash_turn(b->print.hash, o));
        float c, g;
        ay_print_turn(&b->print, o, &turned);
        bits = d < bits ? d : bits;
        g = ay_print_glance(&a->print, &turned);
        c = ay_print_compare(&a->print, &turned);
        glance = g > glance ? g : glance;
        compare = c > compare ? c : compare;
    }
    ay_print_hash_cuts(&a->print, of_a);
    ay_print_hash_cuts(&b->print, of_b);
    for (int i = 0; i < AY_CUTS; i++) {
        int one = ay_phash_distance(of_a[i], b->print.hash), two = ay_phash_distance(of_b[i], a->print.hash);
        cut = one < cut ? one : cut;
        cut = two < cut ? two : cut;
    }
    if (ay_look_judge(&a->look, &b->look, turns, n, &r, &err) != AY_OK)
        return;
    printf("%s\t%s\t%d\t%d\t%.3f\t%.3f\t%s\t%.3f\t%.3f\t%.3f\t%d\t%d\t%.3f\t%s\t%s\n", kind, same, bits, cut, (double)glance, (double)compare,
           ay_look_kind_name(r.kind), (double)r.difference, (double)r.correlation, (double)r.overlap, r.side, r.cropped,
           (double)r.colour, a->path, b->path);
}

static int measures(void)
{
    static char line[9000];
    static seen a, b;

    while (fgets(line, sizeof line, stdin)) {
        char *rest = line, *one = strsep(&rest, "\t\n"), *two = strsep(&rest, "\t\n"), *kind = strsep(&rest, "\t\n");
        char *same = strsep(&rest, "\t\n");
        if (!same)
            return fprintf(stderr, "a line has four columns: picture, picture, kind, 1 or 0\n"), 2;
        if (look_at(&a, one) && look_at(&b, two))
            measure(&a, &b, kind, same);
    }
    ay_look_fini(&a.look);
    ay_look_fini(&b.look);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "speed") == 0)
        return speed(argc > 2 ? strtoul(argv[2], NULL, 10) : 100000, argc > 3 ? atoi(argv[3]) : 14);
    if (argc > 1 && strcmp(argv[1], "measures") == 0)
        return measures();
    fprintf(stderr, "dups speed [hashes] [radius] | dups measures < PAIRS\n");
    return 2;
}
