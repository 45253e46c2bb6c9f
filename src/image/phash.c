/* image/phash.c - a 64-bit hash that stays nearly the same when a picture is resized or
 * recompressed.
 *
 * Grey, 32 x 32 (Lanczos), discrete cosine transform, the 8 x 8 lowest frequencies, one bit each:
 * above their median or not.  Same steps and bit order (row by row, first bit highest) as the phash
 * of the Python library ImageHash, so that hashes can be compared across tools; pictures reach the
 * 32 x 32 by way of colour, so a few bits may differ from a tool that turns grey first.
 *
 * Source: C. Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010. */
#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 32
#define LOW  8

/* out[u][v] = sum over y, x of grey[y][x] cos(pi u (2y + 1) / 2N) cos(pi v (2x + 1) / 2N), u, v
 * < 8. */
static void low_frequencies(const uint8_t *grey, double out[LOW * LOW])
{
    double wave[LOW][SIDE], rows[SIDE][LOW];

    for (int u = 0; u < LOW; u++)
        for (int x = 0; x < SIDE; x++)
            wave[u][x] = cos(M_PI * u * (2 * x + 1) / (2.0 * SIDE));
    for (int y = 0; y < SIDE; y++)
        for (int v = 0; v < LOW; v++) {
            rows[y][v] = 0;
            for (int x = 0; x < SIDE; x++)
                rows[y][v] += grey[y * SIDE + x] * wave[v][x];
        }
    for (int u = 0; u < LOW; u++)
        for (int v = 0; v < LOW; v++) {
            double sum = 0;
            for (int y = 0; y < SIDE; y++)
                sum += rows[y][v] * wave[u][y];
            out[u * LOW + v] = sum;
        }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

uint64_t ay_image_phash(const ay_image *im)
{
    double f[LOW * LOW], sorted[LOW * LOW], median;
    uint8_t grey[SIDE * SIDE];
    ay_image small;
    uint64_t bits = 0;

    if (ay_image_resize(im, SIDE, SIDE, AY_FILTER_LANCZOS, &small, NULL))
        return 0;
    ay_image_grey(&small, grey);
    ay_image_fini(&small);
    low_frequencies(grey, f);
    memcpy(sorted, f, sizeof f);
    qsort(sorted, LOW * LOW, sizeof *sorted, ascending);
    median = (sorted[LOW * LOW / 2 - 1] + sorted[LOW * LOW / 2]) / 2;
    for (int i = 0; i < LOW * LOW; i++)
        bits = bits << 1 | (f[i] > median);
    return bits;
}

int ay_phash_distance(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}
