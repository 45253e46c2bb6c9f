/* bench/dups.c - what bench/dups.md is made of beside bench/dups.py.
 *
 *   build/release/bench/dups speed [hashes] [radius]     all pairs of made-up hashes, each way of counting bits (100000 14)
 *   build/release/bench/dups scale FOLDER [pictures]     a library of made pictures (100000), with their copies: time, memory, candidates
 *   build/release/bench/dups measures < PAIRS            lines "a <tab> b <tab> kind <tab> same"; adds what is measured of each pair
 *
 * Measures, tab separated after the kind and the label: least bits of the hashes over the orientations, of those of parts (crops), glance, compare (the two of
 * image/print.h, best orientation), then of image/look.h the verdict, difference, correlation, overlap, side, cropped, colour, shift. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/look.h"
#include "image/print.h"
#include "index/hamming.h"
#include "service/library/duplicates_find.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

/* ---- a library */

enum { BASE_SIDE = 160, BASE_MOST = 500, EVERY = 5 };

/* Row i is a blend of two pictures of a folder, no two the same two; every fifth is a smaller, compressed copy of the one before. */
typedef struct {
    ay_image base[BASE_MOST];
    size_t nbase, nrows, opened;
    uint64_t start;
    double told;
} library;

static ay_status load_base(library *l, const char *folder, ay_err *err)
{
    DIR *d = opendir(folder);
    struct dirent *e;

    if (!d)
        return ay_fail(err, AY_EIO, "%s cannot be read", folder);
    while ((e = readdir(d)) && l->nbase < BASE_MOST) {
        char path[4096];
        ay_image im;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || strchr(e->d_name, '~') || strchr(e->d_name, '^') || ay_image_load(path, NULL, &im, err) != AY_OK)
            continue;
        if (ay_image_resize(&im, BASE_SIDE, BASE_SIDE, AY_FILTER_BICUBIC, &l->base[l->nbase], err) == AY_OK)
            l->nbase++;
        ay_image_fini(&im);
    }
    closedir(d);
    return l->nbase > 20 ? AY_OK : ay_fail(err, AY_EINVAL, "%s has %zu pictures; 20 at least are wanted", folder, l->nbase);
}

static ay_status smaller(ay_image *im, ay_err *err)
{
    ay_buf bytes = {0};
    ay_image small;
    ay_status status = ay_image_resize(im, BASE_SIDE * 3 / 4, BASE_SIDE * 3 / 4, AY_FILTER_LANCZOS, &small, err);

    if (status != AY_OK)
        return status;
    ay_image_fini(im);
    status = ay_image_encode_jpeg(&small, 75, &bytes, err);
    ay_image_fini(&small);
    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, NULL, im, err);
    ay_buf_fini(&bytes);
    return status;
}

static ay_status blend(void *ctx, size_t row, ay_image *out, ay_err *err)
{
    library *l = ctx;
    size_t n = l->nbase, of = row % EVERY == EVERY - 1 ? row - 1 : row, pair = of * 7919 % (n * (n - 1) / 2), first = 0;
    ay_status status = ay_image_create(out, BASE_SIDE, BASE_SIDE, err);
    const uint8_t *p, *q;

    l->opened++;
    if (status != AY_OK)
        return status;
    for (; pair >= n - 1 - first; first++)
        pair -= n - 1 - first;
    p = l->base[first].data;
    q = l->base[first + 1 + pair].data;
    for (int i = 0; i < BASE_SIDE * BASE_SIDE * 3; i++)
        out->data[i] = (uint8_t)((p[i] * 5 + q[i] * 3) / 8);
    if (of != row)
        status = smaller(out, err);
    if (status != AY_OK)
        ay_image_fini(out);
    return status;
}

static bool tell(void *ctx, double done)
{
    library *l = ctx;

    if (done >= l->told + 0.1) {
        l->told = done;
        fprintf(stderr, "  %3.0f %% after %.1f s\n", done * 100, (double)(ay_clock_mono() - l->start) / 1e9);
    }
    return true;
}

static double since(uint64_t start)
{
    return (double)(ay_clock_mono() - start) / 1e9;
}

static void report(const library *l, const char *what, const ay_dups_input *in, const ay_dups_found *f)
{
    size_t copies = 0, found = 0, wrong = 0;
    struct rusage use;

    for (size_t i = in->from; i < in->n; i++) {
        const ay_dup_place *p = &f->place[i];
        copies += i % EVERY == EVERY - 1;
        if (i % EVERY == EVERY - 1)
            found += p->centre == i - 1 || (p->centre != AY_DUP_NONE && p->centre == f->place[i - 1].centre);
        wrong += p->centre != AY_DUP_NONE && p->centre != i && p->centre != i - 1 && p->centre != i + 1;
    }
    getrusage(RUSAGE_SELF, &use);
    printf("| %s | %zu | %.1f | %.2f | %.2f | %.2f | %zu of %zu | %zu | %ld |\n", what, in->n - in->from, since(l->start),
           (double)f->suggested / (double)(in->n - in->from), (double)f->compared / (double)(in->n - in->from),
           (double)l->opened / (double)(in->n - in->from), found, copies, wrong, use.ru_maxrss / 1024);
    fflush(stdout);
}

static ay_status find_all(library *l, ay_dups_input *in, ay_dups_found *f, ay_err *err)
{
    ay_status status;

    printf("| | new pictures | seconds | suggested each | decided each | decoded each | copies found | wrong | MB at most |\n"
           "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    l->start = ay_clock_mono();
    status = ay_dups_find(in, f, err);
    if (status == AY_OK)
        report(l, "all", in, f);
    in->from = in->n - in->n / 100; /* the last hundredth once more, as if it had just come */
    l->opened = 0, l->told = 0;
    l->start = ay_clock_mono();
    if (status == AY_OK)
        status = ay_dups_find(in, f, err);
    if (status == AY_OK)
        report(l, "a hundredth more", in, f);
    return status;
}

static ay_status make_all(library *l, ay_print *print, uint8_t *readable, int64_t *area, ay_err *err)
{
    ay_status status = AY_OK;

    l->start = ay_clock_mono();
    for (size_t i = 0; i < l->nrows && status == AY_OK; i++) {
        ay_image im;
        status = blend(l, i, &im, err);
        if (status != AY_OK)
            break;
        status = ay_image_print(&im, &print[i], err);
        readable[i] = 1;
        area[i] = (int64_t)im.width * im.height;
        ay_image_fini(&im);
    }
    fprintf(stderr, "%zu pictures of %zu: made, and their prints, in %.1f s\n", l->nrows, l->nbase, since(l->start));
    l->opened = 0;
    return status;
}

static int scale(const char *folder, size_t n)
{
    static library l;
    ay_print *print = ay_alloc(n + 1, sizeof *print);
    uint8_t *readable = ay_calloc(n + 1, 1);
    int64_t *area = ay_calloc(n + 1, sizeof *area);
    ay_dups_found f = {.place = ay_calloc(n + 1, sizeof *f.place)};
    ay_dups_input in = {.n = n, .print = print, .readable = readable, .area = area, .threads = 2, .open = blend, .progress = tell, .ctx = &l};
    ay_err err;
    ay_status status = print && readable && area && f.place ? AY_OK : ay_fail(&err, AY_ENOMEM, "no memory for %zu pictures", n);

    l.nrows = n;
    if (status == AY_OK)
        status = load_base(&l, folder, &err);
    if (status == AY_OK && n > l.nbase * (l.nbase - 1) / 2)
        status = ay_fail(&err, AY_EINVAL, "%zu pictures make %zu blends at most", l.nbase, l.nbase * (l.nbase - 1) / 2);
    if (status == AY_OK)
        status = make_all(&l, print, readable, area, &err);
    if (status == AY_OK)
        status = find_all(&l, &in, &f, &err);
    if (status != AY_OK)
        fprintf(stderr, "%s\n", err.msg);
    ay_dups_found_fini(&f);
    ay_free(f.place);
    ay_free(print);
    ay_free(readable);
    ay_free(area);
    for (size_t i = 0; i < l.nbase; i++)
        ay_image_fini(&l.base[i]);
    return status == AY_OK ? 0 : 1;
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
    printf("%s\t%s\t%d\t%d\t%.3f\t%.3f\t%s\t%.3f\t%.3f\t%.3f\t%d\t%d\t%.3f\t%.3f\t%s\t%s\n", kind, same, bits, cut, (double)glance, (double)compare,
           ay_look_kind_name(r.kind), (double)r.difference, (double)r.correlation, (double)r.overlap, r.side, r.cropped,
           (double)r.colour, (double)r.shift, a->path, b->path);
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
    if (argc > 2 && strcmp(argv[1], "scale") == 0)
        return scale(argv[2], argc > 3 ? strtoul(argv[3], NULL, 10) : 100000);
    fprintf(stderr, "dups speed [hashes] [radius] | dups scale FOLDER [pictures] | dups measures < PAIRS\n");
    return 2;
}
