/* nn/dnnl/loops.h - the loops of training that oneDNN lacks, or that go faster when one pass does
 * the work of several.  For src/nn/dnnl only.
 *
 * Everything here is bound by memory, so each loop does as much as it can while a line is in
 * cache: normalisation, its activation and the residual add are one pass forward and two backward.
 * Values lie channels last.  Channels repeat every `period` elements, a multiple of both the
 * channels and of a vector (16), so that a row of the period needs no care for odd channel counts;
 * vectors of per-channel numbers are stored repeated up to the period.
 *
 * loops.inc is compiled three times: for AVX-512 with and without its bf16 conversion, and for
 * whatever the compiler targets.  Sums are made in
 * blocks of rows, then over blocks, in a fixed order. */
#ifndef AY_NN_DNNL_LOOPS_H
#define AY_NN_DNNL_LOOPS_H

#include "nn/graph.h"
#include "nn/parallel.h"

typedef struct {
    bool bf16;      /* of x, add, y, diffs; the rest is f32 */
    ay_act act;     /* NONE, RELU or SILU */
    int64_t period;
    const void *x;
    const void *add;           /* NULL, or as x: joins before the activation */
    void *y;                   /* apply: written; backward: read when add and RELU */
    const float *scale, *shift; /* [period] */
    const float *centre;        /* [period] sums: what is taken from x */
    const void *diff[2];       /* backward: gradients that add up; the second may be NULL */
    const float *each;         /* backward: NULL, or a third one, [picture][channels], f32 */
    int64_t channels, picture; /* for each: elements of one picture, a multiple of channels */
    void *diff_sum;            /* backward: NULL, or where the gradient before the act goes */
    float *sum, *product;      /* [period] of this thread: added to */
    const float *by_diff, *by_x, *by_one; /* [period] the three factors of the last pass */
    void *diff_x;
} ay_norm_loop;

typedef struct {
    /* sum += x - centre, product += (x - centre)^2, over elements [begin, end); begin is a multiple
     * of the period, as in all these. */
    void (*moments)(const ay_norm_loop *a, int64_t begin, int64_t end);
    /* y = act(x * scale + shift + add) */
    void (*apply)(const ay_norm_loop *a, int64_t begin, int64_t end);
    /* d = (sum of the diffs) * act'; sum += d, product += d * (x - centre), diff_sum = d */
    void (*sums)(const ay_norm_loop *a, int64_t begin, int64_t end);
    /* diff_x = by_diff * d + by_x * x + by_one, d as above */
    void (*spread)(const ay_norm_loop *a, int64_t begin, int64_t end);

    /* dst = a + b; dst may be a */
    void (*add)(bool bf16, const void *a, const void *b, void *dst, int64_t n);
    void (*add_wide)(const void *a, bool a_bf16, const void *b, bool b_bf16, float *dst, int64_t n);
    /* dst = a where y > 0, else 0, with b (may be NULL) added to a before */
    void (*relu_back)(bool bf16, const void *a, const void *b, const void *y, void *dst, int64_t n);
    /* One picture, channels last: y = x * gate[c] */
    void (*gate)(bool bf16, const void *x, const void *gate, void *y, int64_t pixels, int64_t C);
    /* diff_x = diff * gate[c] (NULL: not wanted), diff_gate[c] = sum of diff * x (f32) */
    void (*gate_back)(bool bf16, const void *diff, const void *x, const void *gate, void *diff_x,
                      float *diff_gate, int64_t pixels, int64_t C);
    /* dst[c] = factor * sum over pixels of x[., c], f32 */
    void (*column_sums)(bool bf16, const void *x, float *dst, float factor, int64_t pixels,
                        int64_t C);
    /* y[., c] = row[c] * factor */
    void (*fill_rows)(bool bf16, const float *row, float factor, void *y, int64_t pixels, int64_t C);
    /* Layer-norm of rows of D: statistics [rows][2] = mean, 1 / deviation.  x (and diff_x) are bf16
     * only where x_bf16 says so too. */
    void (*row_norm)(bool bf16, bool x_bf16, const void *x, const float *weight, const float *bias, float eps,
                     void *y, float *statistics, int64_t rows, int64_t D);
    /* diff_weight, diff_bias: [D], added to */
    void (*row_norm_back)(bool bf16, bool x_bf16, const void *diff, const void *x,
                          const float *weight, const float *statistics, void *diff_x, float *diff_weight,
                          float *diff_bias, int64_t rows, int64_t D);
    /* A softmax whose every row p has the same gradient, factor * a: dst = p (a - sum p a) factor.
     * a: [n] */
    void (*share_back)(bool bf16, const void *p, const float *a, float factor, void *dst, int64_t rows,
                       int64_t n);
    void (*convert)(const void *src, bool from_bf16, void *dst, bool to_bf16, int64_t n);
    /* dst = x * keep / (1 - p), keep by ay_noise_keeps(key, i) for i from first on */
    void (*drop)(bool bf16, const void *x, void *dst, uint64_t key, float p, int64_t first,
                 int64_t n);
} ay_loops;

extern const ay_loops ay_loops_bf16, ay_loops_wide, ay_loops_plain;
const ay_loops *ay_loops_get(void); /* by what oneDNN may use, see ay_dnnl_wide() */

#endif
