/* nn/dnnl/winograd.h - 3 x 3 convolutions of stride 1 by Winograd's short algorithm, in bf16, for
 * training.  For src/nn/dnnl only.
 *
 * oneDNN's direct kernels reach 90 to 98 % of what this instruction set can multiply, so only fewer
 * multiplications make them faster.  F(2x2, 3x3) makes a tile of 2 x 2 results from a tile of 4 x 4
 * values with 16 products a pair of channels instead of 36:
 *
 *   Y  = A'[(G g G') . (B' d B)]A       forward, and backward to the input with the filter turned
 *   dg = S'[(P y P') . (B' d B)]S       F(3x3, 2x2): gradient of the filter from tiles of y
 *
 *   (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin, S. Gray, Fast Algorithms
 *   for Convolutional Neural Networks, 2015.)
 *
 * Transforms are made in float32; their results are rounded to bf16, multiplied and summed in
 * float32, summed up and rounded once.  The additional rounding is about that of storing the
 * result as bf16.  Rejected: F(4x4, 3x3), whose transforms have factors up to 8 and lose three bits
 * that bf16 does not have; oneDNN's own Winograd, which is float32 and blocked only.
 *
 * Values lie channels last.  Work is cut by tiles, counted over all pictures; a tile's results
 * depend on nothing but its own values, so cuts change nothing.  Gradients of filters are sums over
 * tiles in an order that depends on the cut alone.
 *
 * Only for processors with AVX512_BF16 and without matrix tiles (those are faster directly). */
#ifndef AY_NN_DNNL_WINOGRAD_H
#define AY_NN_DNNL_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* N pictures of H x W, `in` channels that are summed over, `out` that are made; both even. */
typedef struct {
    int64_t N, H, W, in, out;
} ay_wino_shape;

int64_t ay_wino_tiles(const ay_wino_shape *s);

/* ---- forward, and backward to the input ---------------------------------------------------------- */

/* Bytes of transformed filters, and of one thread's scratch. */
size_t ay_wino_filter_bytes(const ay_wino_shape *s);
size_t ay_wino_scratch_bytes(const ay_wino_shape *s);
/* Filters begin .. end - 1 of ay_wino_panels(s) panels: from w, float32, whose filter of (o, i) lies
 * at w + o * out_step + i * in_step, nine numbers; turned: by half a turn, as the way back needs. */
int64_t ay_wino_panels(const ay_wino_shape *s);
void ay_wino_filters(const ay_wino_shape *s, const float *w, int64_t out_step, int64_t in_step,
                     bool turned, void *u, int64_t begin, int64_t end);
/* Tiles begin .. end - 1 of dst = src * filters; bf16. */
void ay_wino_convolve(const ay_wino_shape *s, const void *src, const void *u, void *dst,
                      void *scratch, int64_t begin, int64_t end);

/* ---- gradient of the filters ---------------------------------------------------------------------- */

/* in: channels of src, out: of diff. */
size_t ay_wino_sums_bytes(const ay_wino_shape *s);
size_t ay_wino_gradient_bytes(const ay_wino_shape *s); /* one thread's scratch */
/* sums = what tiles begin .. end - 1 give to filters of outputs from .. to - 1 (multiples of 16, or
 * the end). */
void ay_wino_gradient(const ay_wino_shape *s, const void *src, const void *diff, float *sums,
                      void *scratch, int64_t begin, int64_t end, int64_t from, int64_t to);
/* grad[out][in][9] = or += the filters' gradients of outputs from .. to - 1, from `parts` arrays of
 * sums, ay_wino_sums_bytes() apart. */
void ay_wino_deliver(const ay_wino_shape *s, const float *sums, int parts, bool add, float *grad,
                     int64_t from, int64_t to);

#endif
