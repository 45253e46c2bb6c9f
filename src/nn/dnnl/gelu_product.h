/* nn/dnnl/gelu_product.h - y = gelu(x W + b) in bf16, by loops of our own.  For src/nn/dnnl only.
 *
 * The first half of every feed-forward block, and a third of FastViT's arithmetic.  oneDNN 2.6 multiplies as
 * fast, but its GELU behind the product costs half as much again where the product is thin (64 to 256
 * inputs): an exponential and a division for each result.  Here GELU is a table of polynomials that lies in
 * registers, applied while the sums are still there.  Rejected: a pass of its own behind oneDNN's product, which
 * reads and writes everything once more and rounds to bf16 twice; oneDNN's tanh form, which is another function.
 *
 * Needs AVX-512 with bf16 products; where there are matrix tiles, oneDNN's product is faster and is taken.
 * Six rows by 64 columns of y are summed in registers.  Every sum starts from the bias and goes through the
 * inputs in pairs from the first to the last, whatever the number of rows or threads: a row's bits do not
 * depend on its batch. */
#ifndef AY_NN_DNNL_GELU_PRODUCT_H
#define AY_NN_DNNL_GELU_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

enum { AY_GP_COLUMNS = 64, AY_GP_INPUTS = 32 }; /* what out and in are multiples of */

typedef struct {
    const uint16_t *src;    /* [rows][in], bf16 */
    const uint16_t *weight; /* [out / 64][in / 2][64][2], bf16 */
    const float *bias;      /* [out]; NULL: none */
    uint16_t *dst;          /* [rows][out], bf16 */
    int64_t rows, in, out;
    int threads;
} ay_gp;

/* Parts that the work falls into, and doing some of them. */
int64_t ay_gp_units(const ay_gp *a);
void ay_gp_run(const ay_gp *a, int64_t begin, int64_t end);

/* The GELU of ay_gp_run() alone, for tests: n a multiple of 16.  Within 3e-7 of x Phi(x) up to 8, and
 * within 4e-4 of itself down to x = -5.7, below which it is zero.  NaN stays NaN. */
void ay_gp_gelu(const float *x, float *y, int64_t n);

#endif
