/* index/kernel.h - what one instruction set brings to a search.  For src/index only.
 *
 * A kernel turns a run of rows into scores; choosing the best of them, splitting rows over threads and
 * everything else is shared.  Invariant, on which the independence from the thread count rests: the
 * bits of a row's score do not depend on which rows are computed beside it. */
#ifndef AY_INDEX_KERNEL_H
#define AY_INDEX_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define AY_SEARCH_LANES 32 /* queries in a packed group, and places in a row of scores */
#define AY_SEARCH_FEW   16 /* up to here `few` is the quicker one */

typedef struct {
    const char *name;
    /* dst[i] = rows[i] . q for count rows. */
    void (*one)(const float *rows, size_t count, int dim, const float *q, float *dst);
    /* dst[i * LANES + j] = rows[i] . query j.  q is nq x dim, row after row; nq is 4, 8, 12 or 16. */
    void (*few)(const float *rows, size_t count, int dim, const float *q, int nq, float *dst);
    /* The same for LANES queries at once.  packed is dim x LANES, 64-byte aligned: the j-th query
     * is column j, unused columns are zero. */
    void (*many)(const float *rows, size_t count, int dim, const float *packed, float *dst);
    /* Bit j is set when scores[j] > least[j], so not where least[j] is infinite; 64-byte aligned, LANES each. */
    uint32_t (*above)(const float *scores, const float *least);
    /* The best two of scores[i * LANES + j] - half[j] for each of count rows: their values, and the first j that has the
     * best.  half is 64-byte aligned; infinite where there is no query. */
    void (*two)(const float *scores, size_t count, const float *half, float *best, float *second,
                uint32_t *at);
} ay_search_kernel;

extern const ay_search_kernel ay_kernel_plain;
extern const ay_search_kernel ay_kernel_avx2;   /* name NULL where it cannot be compiled */
extern const ay_search_kernel ay_kernel_avx512; /* likewise */

/* The kernel in force. */
const ay_search_kernel *ay_kernel_get(void);

#endif
