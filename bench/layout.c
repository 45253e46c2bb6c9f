/* bench/layout.c - the plane of a file of vectors, and what it took.
 *
 *     build/release/bench/layout FILE N DIM OUT [THREADS]     FILE: N x DIM float32, unit length; OUT: N x 2 float32
 *     build/release/bench/layout - N DIM                      N rows in heaps of 100, made here
 *
 * bench/layout.py judges OUT beside umap-learn's. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"
#include "index/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ay_err err;

static void must(ay_status status)
{
    if (status == AY_OK)
        return;
    fprintf(stderr, "%s\n", err.msg);
    exit(1);
}

static float *heaps(size_t n, int dim)
{
    float *v = ay_alloc(n * (size_t)dim, sizeof *v);
    ay_rng rng;

    for (size_t i = 0; v && i < n; i++) {
        float *row = v + i * (size_t)dim;
        ay_rng_init3(&rng, 3, i, 0);
        for (int d = 0; d < dim; d++)
            row[d] = .6f * ((float)ay_rng_unit(&rng) - .5f);
        ay_rng_init3(&rng, 4, i / 100, 0);
        for (int d = 0; d < dim; d++)
            row[d] += (float)ay_rng_unit(&rng) - .5f;
        ay_unit(row, row, dim);
    }
    return v;
}

static double seconds(uint64_t since)
{
    return (double)(ay_clock_mono() - since) / 1e9;
}

int main(int argc, char **argv)
{
    size_t n = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
    int dim = argc > 3 ? atoi(argv[3]) : 0;
    ay_layout_options o = {.neighbours = 15, .near = .1f, .seed = 1, .threads = argc > 5 ? atoi(argv[5]) : ay_cpu_count()};
    bool made = argc > 3 && strcmp(argv[1], "-") == 0;
    float *xy = ay_alloc(2 * n + 1, sizeof *xy), *own = made ? heaps(n, dim) : NULL;
    ay_map file = {0};
    ay_rows rows;
    uint64_t start;
    double projected;

    if (n == 0 || dim < 1 || !xy || (made && !own))
        return 2;
    if (!made)
        must(ay_map_open(&file, argv[1], &err));
    rows = (ay_rows){made ? own : (const float *)(const void *)file.data, n, dim};
    start = ay_clock_mono();
    must(ay_layout_pca(&rows, o.threads, xy, &err));
    projected = seconds(start);
    start = ay_clock_mono();
    must(ay_layout_umap(&rows, &o, xy, &err));
    printf("%zu x %d: projection %.2f s, map %.2f s\n", n, dim, projected, seconds(start));
    if (!made && argc > 4)
        must(ay_file_write(argv[4], xy, 2 * n * sizeof *xy, &err));
    return 0;
}
