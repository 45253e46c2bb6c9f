/* nn/ops.c - the table of operators: one line each.  Graphs point at rows directly; the table is
 * what checks walk over, so that an operator without a test is found (ops_test.c). */
#include "nn/op.h"

extern const ay_op ay_op_layer_norm, ay_op_avg_pool, ay_op_concat, ay_op_transpose, ay_op_slice,
    ay_op_patches, ay_op_grid, ay_op_matmul, ay_op_softmax, ay_op_attention,
    ay_op_l2_normalise, ay_op_orthogonal,
    ay_op_attention_mean;

const ay_op *const ay_ops[] = {
    &ay_op_input,
    &ay_op_conv2d,
    &ay_op_linear,
    &ay_op_batch_norm,
    &ay_op_layer_norm,
    &ay_op_activation,
    &ay_op_add,
    &ay_op_mul,
    &ay_op_scale,
    &ay_op_max_pool,
    &ay_op_avg_pool,
    &ay_op_global_avg_pool,
    &ay_op_concat,
    &ay_op_reshape,
    &ay_op_transpose,
    &ay_op_slice,
    &ay_op_patches,
    &ay_op_grid,
    &ay_op_embed_tokens,
    &ay_op_embedding,
    &ay_op_pick,
    &ay_op_matmul,
    &ay_op_softmax,
    &ay_op_attention,
    &ay_op_attention_mean,
    &ay_op_l2_normalise,
    &ay_op_orthogonal,
    &ay_op_dropout,
    NULL,
};

ay_status ay_infer_same(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    (void)n, (void)err;
    *out = in[0];
    return AY_OK;
}
