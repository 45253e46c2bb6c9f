/* bench/kmeans.c - groups of 100,000 x 512 rows, timed.  Reads rows from a .npy (float32, C order) that the peers read too,
 * or makes them.
 *
 *     build/release/bench/kmeans [ROWS.npy] [K] [lloyd|batch] [ROUNDS] [SEED]
 * prints one line: way, seconds, rounds, inertia.  See kmeans.md. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "index/kmeans.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float *made(size_t n, int dim)
{
    float *v = ay_alloc(n * (size_t)dim, sizeof *v);
    ay_rng rng;

    ay_rng_init(&rng, 1);
    for (size_t i = 0; v && i < n * (size_t)dim; i++)
        v[i] = (float)ay_rng_normal(&rng);
    return v;
}

/* The numbers behind a version 1.0 header of two dimensions. */
static float *read_npy(const char *path, size_t *n, int *dim)
{
    FILE *f = fopen(path, "rb");
    unsigned char head[10];
    char text[512] = "";
    unsigned long rows = 0, columns = 0;
    float *v = NULL;
    const char *shape;

    if (!f)
        return NULL;
    if (fread(head, 1, 10, f) == 10 && head[8] + 256 * head[9] < 500 &&
        fread(text, 1, (size_t)(head[8] + 256 * head[9]), f) > 0 && strstr(text, "<f4") &&
        (shape = strstr(text, "'shape': (")) && sscanf(shape + 10, "%lu, %lu", &rows, &columns) == 2)
        v = ay_alloc(rows * columns, sizeof *v);
    if (v && fread(v, sizeof *v, rows * columns, f) != rows * columns) {
        ay_free(v);
        v = NULL;
    }
    fclose(f);
    *n = rows, *dim = (int)columns;
    return v;
}

int main(int argc, char **argv)
{
    size_t n = 100000;
    int dim = 512;
    float *v = argc > 1 ? read_npy(argv[1], &n, &dim) : made(n, dim);
    ay_rows rows = {v, n, dim};
    ay_kmeans_options o = {.k = argc > 2 ? atoi(argv[2]) : 100,
                           .way = argc > 3 && !strcmp(argv[3], "batch") ? AY_KMEANS_BATCH : AY_KMEANS_LLOYD,
                           .most = argc > 4 ? atoi(argv[4]) : 0,
                           .seed = argc > 5 ? (uint64_t)atoi(argv[5]) : 42};
    ay_kmeans g;
    ay_err err = {{0}};
    uint64_t start;

    if (!v) {
        fprintf(stderr, "kmeans: no float32 rows in %s\n", argc > 1 ? argv[1] : "memory");
        return 1;
    }
    start = ay_clock_mono();
    if (ay_kmeans_run(&rows, &o, &g, &err) != AY_OK) {
        fprintf(stderr, "kmeans: %s\n", err.msg);
        return 1;
    }
    printf("assay-%s %.3f s, %d rounds, inertia %.2f%s\n", o.way == AY_KMEANS_BATCH ? "batch" : "lloyd",
           (double)(ay_clock_mono() - start) * 1e-9, g.rounds, g.inertia, g.converged ? "" : " (not converged)");
    ay_kmeans_free(&g);
    ay_free(v);
    return 0;
}
