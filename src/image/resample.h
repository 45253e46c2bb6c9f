/* image/resample.h - inside the resizer: weights, and the two passes each processor has a version of.
 *
 * Threads: any. */
#ifndef AY_IMAGE_RESAMPLE_H
#define AY_IMAGE_RESAMPLE_H

#include "image/image.h"

/* Weights are 22-bit fixed point: 8 bits of value and 2 of head room fill an int32. */
#define AY_WEIGHT_BITS 22

/* How one side is resized: output i is the sum over k < count[i] of weight[i * taps + k] * input
 * [first[i] + k].  weight rows are padded with zeroes to taps, a multiple of 4. */
typedef struct {
    int n;    /* outputs */
    int taps; /* room for weights of one output */
    int *first, *count;
    int32_t *weight;
    void *memory; /* the one allocation behind the three */
} ay_weights;

/* Outputs from..from + n of a side of in pixels resized to out pixels. */
ay_status ay_weights_init(ay_weights *w, ay_filter filter, int in, int out, int from, int n,
                          ay_err *err);
void ay_weights_fini(ay_weights *w);

/* The passes.  All versions give the same bytes.
 *   across  one row: dst[i] for the pixels (3 bytes each) of w, from src, a row of width pixels
 *   down    one row of bytes: dst[x] = sum over k < count of weight[k] * src[k * stride + x], x < n */
typedef struct {
    const char *name;
    void (*across)(const ay_weights *w, const uint8_t *src, int width, uint8_t *dst);
    void (*down)(const int32_t *weight, int count, const uint8_t *src, size_t stride, size_t n,
                 uint8_t *dst);
} ay_passes;

extern const ay_passes ay_passes_plain;
const ay_passes *ay_passes_best(void);
/* For tests: every version this processor can run, plain first; NULL ends the list. */
const ay_passes *ay_passes_at(int i);

/* Resize src to width x height and keep only the rectangle x, y, w, h of it.  dst is created. */
ay_status ay_resample(const ay_image *src, int width, int height, ay_filter filter, int x, int y,
                      int w, int h, const ay_passes *passes, ay_image *dst, ay_err *err);

#endif
