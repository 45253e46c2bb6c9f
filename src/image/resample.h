/* image/resample.h - inside the resizer: weights, and the two passes each processor has a version
 * of.
 *
 * Threads: any. */
#ifndef AY_IMAGE_RESAMPLE_H
#define AY_IMAGE_RESAMPLE_H

#include "image/codec.h"

/* Weights are 22-bit fixed point: 8 bits of value and 2 of head room fill an int32. */
#define AY_WEIGHT_BITS 22
/* Weights up to nearly 2.0 fit the packed forms; a larger one (none is known) takes the plain way.
 */
#define AY_WEIGHT_MOST (127 << 16)

typedef struct ay_passes ay_passes;

/* How one side is resized: output i is the sum over k < count[i] of weight[i * taps + k] * input
 * [first[i] + k].  A row of weights is padded with zeroes to taps, a multiple of 4. */
typedef struct {
    int n;    /* outputs */
    int taps; /* room for weights of one output */
    int *first, *count;
    int32_t *weight;
    void *packed;            /* the same for passes, n * taps * 4 bytes */
    const ay_passes *passes; /* whose packed form it is */
    void *memory;            /* the one allocation behind all */
} ay_weights;

/* Outputs from..from + n of a side of in pixels resized to out pixels, for passes (or for the plain
 * ones when passes cannot hold the weights). */
ay_status ay_weights_init(ay_weights *w, const ay_passes *passes, ay_filter filter, int in, int out,
                          int from, int n, ay_err *err);
void ay_weights_fini(ay_weights *w);

/* One version of the passes.  All versions give the same bytes.
 *   pack    fill w->packed from w->weight; NULL: not needed
 *   across  four rows: dst[r][i] for all outputs i (3 bytes each) from src[r].  Reads up to
 *           AY_ACROSS_OVER bytes past the last pixel of a row
 *   down    output i of one column of rows, for n bytes: dst[x] = sum over k of weight k * src[k *
 *           stride + x] */
#define AY_ACROSS_OVER 16
struct ay_passes {
    const char *name;
    void (*pack)(ay_weights *w);
    void (*across)(const ay_weights *w, const uint8_t *const src[4], uint8_t *const dst[4]);
    void (*down)(const ay_weights *w, int i, const uint8_t *src, size_t stride, size_t n,
                 uint8_t *dst);
};

extern const ay_passes ay_passes_plain;
#if defined(__x86_64__)
extern const ay_passes ay_passes_avx2, ay_passes_vnni;
#endif
const ay_passes *ay_passes_best(void);
/* For tests: every version this processor can run, plain first; NULL ends the list. */
const ay_passes *ay_passes_at(int i);

/* Resize src to width x height and keep only the rectangle x, y, w, h of it.  dst is created. */
ay_status ay_resample(const ay_image *src, int width, int height, ay_filter filter, int x, int y,
                      int w, int h, const ay_passes *passes, ay_image *dst, ay_err *err);

#endif
