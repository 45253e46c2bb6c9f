/* bench/decision/accuracy.c - table 1: which rule names the class. */
#include "bench.h"

static void row(gallery *g, const bench *b, int shots, double cell[MOST_CELLS])
{
    ay_rng rng;

    for (int r = 0; r < b->repeats; r++) {
        int right[RULES][MOST_IN_GALLERY] = {{0}}, asked[MOST_IN_GALLERY] = {0};
        ay_calibration cal;
        ay_rng_init3(&rng, 2, (uint64_t)shots, (uint64_t)r);
        gallery_draw(g, b, shots, 0, &rng);
        gallery_calibrate(g, NULL, &cal);
        for (int i = 0; i < g->nq; i++) {
            int a[RULES], truth = g->q[i].truth;
            gallery_ask(g, &cal, &g->q[i], a);
            asked[truth]++;
            for (int k = 0; k < RULES; k++) {
                right[k][truth] += a[k] == truth;
                cell[2 * k + 1] += 100.0 * (a[k] != a[NEAREST]) / g->nq / b->repeats;
            }
        }
        for (int k = 0; k < RULES; k++)
            for (int c = 0; c < g->classes; c++)
                cell[2 * k] += 100.0 * right[k][c] / asked[c] / g->classes / b->repeats;
    }
}

void table_accuracy(const bench *b)
{
    static const table t = {
        "| source | a class | mean | nearest | top 3 | 5 nearest | vote |",
        "pbpbpbpbpb",
        {1, 3, 10, 40, MIXED},
        5,
        row};

    table_print(b, &t);
}
