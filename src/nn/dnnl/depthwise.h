/* nn/dnnl/depthwise.h - convolutions whose groups have one input channel, by loops of our own.  For
 * src/nn/dnnl only.
 *
 * oneDNN 2.6 has a fast kernel for one output a channel and none for two in float32 (FastViT's
 * downsampling): there it falls back to plain loops, a thousand times as slow.
 *
 * Needs AVX-512.  Sixteen channels are one vector; eight outputs of a row (four with two outputs a
 * channel) are accumulated together, so that each input is loaded once a row of the kernel and its
 * weights stay in registers.  Sums are f32 in one order, whatever the batch or the threads. */
#ifndef AY_NN_DNNL_DEPTHWISE_H
#define AY_NN_DNNL_DEPTHWISE_H

#include "nn/graph.h"

enum { AY_DW_LANES = 16 };

/* Strides count elements; a block is 16 channels of one picture. */
typedef struct {
    const void *src;
    void *dst;
    const float *weight; /* [block][outputs a channel][kernel][kernel][16] */
    const float *bias;   /* [channels out], channel c has c * outputs ...; NULL: none */
    bool bf16;           /* src and dst */
    ay_act act;          /* NONE or GELU */
    int64_t pictures, blocks, H, W, OH, OW, top, left;
    int64_t src_picture, src_block, src_row, src_pixel;
    int64_t dst_picture, dst_block, dst_row, dst_pixel;
    int kernel, stride, outputs; /* 3, 5 or 7; 1 or 2; 1 or 2 */
    int threads;
} ay_dw;

bool ay_dw_fits(int kernel, int stride, int outputs, ay_act act);
/* Rows [begin, end) of pictures * blocks * OH. */
void ay_dw_rows(const ay_dw *a, int64_t begin, int64_t end);

#endif
