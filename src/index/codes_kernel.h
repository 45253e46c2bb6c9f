/* index/codes_kernel.h - what one instruction set brings to sums of products of bytes.  For src/index only.
 *
 * All kernels give the same integers. */
#ifndef AY_INDEX_CODES_KERNEL_H
#define AY_INDEX_CODES_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { AY_CODES_LANES = 32, AY_CODES_ALIGN = 64 };

typedef struct {
    const char *name;
    /* dst[i] = sum over d of row i's byte d * q[d]; stride is a multiple of 64, both are padded. */
    void (*one)(const uint8_t *rows, size_t count, int stride, const int8_t *q, int32_t *dst);
    /* dst[i * LANES + j] for LANES queries: packed[d / 4][j][d % 4], 64-byte aligned.  NULL: `one` is used for each. */
    void (*many)(const uint8_t *rows, size_t count, int stride, const int8_t *packed, int32_t *dst);
    /* Goes with `many`: LANES sums of one row to scores, (sums - shift) * scale * row scale; bit j is set where a score is above
     * least[j].  All 64-byte aligned. */
    uint32_t (*above)(const int32_t *sums, const int32_t *shift, const float *scale, float row_scale, const float *least,
                      float *scores);
} ay_codes_path;

extern const ay_codes_path ay_codes_vnni; /* name NULL where it cannot be compiled */
extern const ay_codes_path ay_codes_avx2; /* likewise */

#endif
