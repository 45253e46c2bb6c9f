/* index/plain.c - the kernel in plain C: the oracle, and what other processors run. */
#include "index/kernel.h"

#include <math.h>

static void one(const float *rows, size_t count, int dim, const float *q, float *dst)
{
    for (size_t i = 0; i < count; i++, rows += dim) {
        float sum = 0;
        for (int d = 0; d < dim; d++)
            sum += rows[d] * q[d];
        dst[i] = sum;
    }
}

static void few(const float *rows, size_t count, int dim, const float *q, int nq, float *dst)
{
    for (size_t i = 0; i < count; i++, rows += dim, dst += AY_SEARCH_LANES)
        for (int j = 0; j < nq; j++)
            one(rows, 1, dim, q + (size_t)j * (size_t)dim, dst + j);
}

static void many(const float *rows, size_t count, int dim, const float *packed, float *dst)
{
    for (size_t i = 0; i < count; i++, rows += dim, dst += AY_SEARCH_LANES) {
        for (int j = 0; j < AY_SEARCH_LANES; j++)
            dst[j] = 0;
        for (int d = 0; d < dim; d++)
            for (int j = 0; j < AY_SEARCH_LANES; j++)
                dst[j] += rows[d] * packed[(size_t)d * AY_SEARCH_LANES + (size_t)j];
    }
}

static uint32_t above(const float *scores, const float *least)
{
    uint32_t bits = 0;

    for (int j = 0; j < AY_SEARCH_LANES; j++)
        bits |= (uint32_t)(scores[j] > least[j]) << j;
    return bits;
}

static void two(const float *scores, size_t count, const float *half, float *best, float *second,
                uint32_t *at)
{
    for (size_t i = 0; i < count; i++, scores += AY_SEARCH_LANES) {
        best[i] = second[i] = -INFINITY;
        at[i] = 0;
        for (uint32_t j = 0; j < AY_SEARCH_LANES; j++) {
            float v = scores[j] - half[j];
            if (v > best[i]) {
                second[i] = best[i];
                best[i] = v;
                at[i] = j;
            } else if (v > second[i]) {
                second[i] = v;
            }
        }
    }
}

const ay_search_kernel ay_kernel_plain = {"plain", one, few, many, above, two};
