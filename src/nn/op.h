/* nn/op.h - what an operator is.  For src/nn only.
 *
 * One operator is one row: a const ay_op in its own file nn/ref/<name>.c, next to its builder, its
 * shape inference and the plain loops that define what it means; and one line in nn/ops.c.  An
 * operator that deserves speed also has nn/dnnl/<name>.c and names that function in its row; one
 * without runs its plain loops inside the fast back end too, in float32, so a new operator is right
 * everywhere before it is fast.
 *
 * Gradients have their place in the row: ref_backward beside ref, checked against finite differences
 * of its own forward (ref/gradient_test.c).  Training over oneDNN has a table of its own
 * (dnnl/learn.c), because there forward differs from inference too; a row without an entry in it runs
 * ref and ref_backward.
 *
 * Invariants of a finished graph:
 *  1. node i produces value i, and reads only values below i;
 *  2. every node's shape is what infer gives for its inputs' shapes;
 *  3. parameter numbers are valid or -1 (absent). */
#ifndef AY_NN_OP_H
#define AY_NN_OP_H

#include "base/arena.h"
#include "nn/graph.h"

#include <pthread.h>

enum { AY_NODE_INPUTS = AY_CONCAT_MAX, AY_NODE_PARAMS = 4 };

typedef struct ay_op ay_op;

/* One parameter: a whole tensor, or several stacked along dimension 0. */
typedef struct {
    const char *name[AY_LINEAR_PARTS];
    int parts;
    ay_shape shape;                 /* of the whole */
    ay_tensor src[AY_LINEAR_PARTS]; /* after bind; any floating dtype, any alignment */
    float *owned;                   /* float copy made on demand, under the graph's lock */
} ay_param;

typedef struct {
    const ay_op *op;
    const char *label; /* "layer1.0.conv1", or "" */
    ay_val in[AY_NODE_INPUTS];
    int nin;
    int param[AY_NODE_PARAMS]; /* meaning by position, said in the row's file; -1: absent */
    ay_shape shape;            /* with batch 1 */
    union {
        ay_conv conv;
        ay_pool pool;
        ay_act act;
        struct {
            int out;
            bool transposed, zero_bias;
            float bound;
        } linear;
        struct {
            float eps;
        } norm;
        struct {
            int axis, begin, size;
        } slice; /* also concat (axis), scale (axis) */
        struct {
            ay_shape to;
        } reshape;
        struct {
            int order[AY_MAX_RANK];
        } transpose;
        struct {
            bool transpose_b;
            float scale;
        } matmul;
        struct {
            int heads;
            bool causal;
        } attention;
        struct {
            float p; /* the share that is dropped */
        } dropout;
        struct {
            int rows, width, places;
        } embedding;
        struct {
            int id; /* -1: the largest */
        } pick;
    } attr;
} ay_node;

/* One call of the plain loops: everything float32 and dense. */
typedef struct {
    const ay_node *node;
    const float *in[AY_NODE_INPUTS];
    ay_shape in_shape[AY_NODE_INPUTS];
    const float *param[AY_NODE_PARAMS]; /* NULL: absent */
    float *dst;                         /* never one of in[] */
    ay_shape shape;                     /* of dst */
    /* Training only; all zero in inference. */
    bool train;       /* batch_norm: statistics of the batch; dropout: drop */
    float *moving[2]; /* batch_norm with train: running mean and variance to move; NULL: leave */
    uint64_t noise;   /* dropout: the mask's key, of this node, seed and step */
} ay_ref_call;

/* As ay_ref_call, turned round: diff_dst comes in; diff_in[i] and diff_param[i], where not NULL,
 * are added to.  forward is what the forward call was (train, noise), its dst holds the result; it
 * must not move the running statistics again.  diff_in[i] and diff_in[j] may be one array when the
 * node reads a value twice.  Of the forward call's inputs and dst only what the row's `needs` names
 * is still there. */
typedef struct {
    ay_ref_call forward;
    const float *diff_dst;
    float *diff_in[AY_NODE_INPUTS];
    float *diff_param[AY_NODE_PARAMS];
} ay_ref_grad;

struct ay_dnnl; /* the compiler's state, nn/dnnl/compile.h */
typedef ay_status ay_dnnl_fn(struct ay_dnnl *c, ay_val v, ay_err *err);

/* What a backward reads of its forward call; the rest need not be kept. */
enum { AY_NEEDS_IN0 = 1, AY_NEEDS_IN1 = 2, AY_NEEDS_DST = 4 };

struct ay_op {
    const char *name;
    /* The result's shape, or why the inputs do not fit (message without the node's name). */
    ay_status (*infer)(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err);
    double (*flops)(const ay_node *n, const ay_shape *in, const ay_shape *out); /* NULL: few */
    void (*ref)(const ay_ref_call *c);
    void (*ref_backward)(const ay_ref_grad *c); /* NULL: no gradient */
    unsigned needs;                             /* AY_NEEDS_...: what ref_backward reads */
    ay_dnnl_fn *dnnl;                           /* NULL: plain loops */
};

/* A packed constant: what the fast back end made of parameters, kept for every plan. */
typedef struct {
    void *key, *data;
    size_t key_size, bytes;
} ay_packed;

struct ay_graph {
    ay_arena arena; /* names, labels */
    ay_node *node;
    int nodes, node_cap;
    ay_param *param;
    int params, param_cap;
    int *input, inputs, input_cap;
    struct ay_graph_out {
        const char *name;
        ay_val v;
    } * output;
    int outputs, output_cap;
    bool finished, bound;
    ay_status status; /* the first error of building */
    ay_err err;
    float *random;        /* what bind_random, bind_init or bind's fresh made up */
    pthread_mutex_t lock; /* guards packed, packed_bytes and every param's owned */
    ay_packed *packed;
    int packed_count, packed_cap;
    size_t packed_bytes;
};

/* Builders' helpers: all accept a graph that has failed. */
ay_node *ay_graph_new_node(ay_graph *g, const ay_op *op, const char *label); /* NULL: failed */
void ay_node_read(ay_graph *g, ay_node *n, ay_val v);                        /* one more input */
/* Parameter at place i: prefix + suffix, e.g. "fc" ".weight". */
void ay_node_param(ay_graph *g, ay_node *n, int i, const char *prefix, const char *suffix,
                   ay_shape shape);
/* Infer the shape and return the value; AY_NOVAL when anything failed since ay_graph_new_node. */
ay_val ay_graph_push(ay_graph *g, ay_node *n);
void ay_graph_sin(ay_graph *g, ay_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* All values' shapes for the given input shapes into shape[nodes]. */
ay_status ay_graph_infer(const ay_graph *g, const ay_shape *inputs, ay_shape *shape, ay_err *err);

/* New values for one part of parameter i (init.c). */
void ay_param_init(const ay_graph *g, int i, int part, uint64_t seed, float *dst);
/* Parameter i as floats: converted into dst (ay_shape_count() of them) ... */
void ay_param_read(const ay_param *p, float *dst);
/* ... or a view that lives as long as g (made once, then shared). */
ay_status ay_graph_param_f32(ay_graph *g, int i, const float **out, ay_err *err);
/* The constant called key: made by fill(ctx, dst) the first time, under the graph's lock, 64-byte
 * aligned; afterwards the same for everyone. */
ay_status ay_graph_packed(ay_graph *g, const void *key, size_t key_size, size_t bytes,
                          ay_status (*fill)(void *ctx, void *dst, ay_err *err), void *ctx,
                          void **out, ay_err *err);

/* Does element i of a dropout with this key stay?  It stays with probability 1 - p, and is then
 * divided by 1 - p.  A hash of (key, i) and not a stream, so that any part of a mask can be made
 * again, in any order (splitmix64's finaliser, 32 bits of it). */
static inline uint64_t ay_noise_hash(uint64_t key, uint64_t i)
{
    uint64_t z = key + (i + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static inline bool ay_noise_keeps(uint64_t key, uint64_t i, float p)
{
    return (double)(ay_noise_hash(key, i) >> 32) >= (double)p * 4294967296.0;
}
/* ay_ref_call.noise of node v in a step. */
static inline uint64_t ay_noise_key(uint64_t seed, uint64_t step, ay_val v)
{
    return ay_noise_hash(ay_noise_hash(seed, step), (uint64_t)v);
}

/* Rows used by name in the compiler's fusion.  The full list is ay_ops, ended by NULL. */
extern const ay_op *const ay_ops[];
extern const ay_op ay_op_input, ay_op_conv2d, ay_op_linear, ay_op_batch_norm, ay_op_activation,
    ay_op_add, ay_op_mul, ay_op_reshape, ay_op_scale, ay_op_max_pool, ay_op_global_avg_pool,
    ay_op_dropout, ay_op_embed_tokens, ay_op_embedding, ay_op_pick;

/* Helpers shared by rows. */
ay_status ay_infer_same(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err);
float ay_act_apply(ay_act kind, float x);
const char *ay_act_name(ay_act kind);
/* Output size and padding before, along one side. */
void ay_conv_extent(const ay_conv *a, int64_t size, int64_t *out, int64_t *pad_begin,
                    int64_t *pad_end);
int64_t ay_pool_extent(const ay_pool *a, int64_t size);
/* The table's row that a float of an embedding's input names, and pick's row of one text. */
int64_t ay_embedding_row(float x, int64_t rows);
int64_t ay_pick_place(const float *ids, int64_t n, int id);
float ay_act_slope(ay_act kind, float x); /* derivative at x; at a corner the left one, as PyTorch */

ay_dnnl_fn ay_dnnl_conv2d, ay_dnnl_linear, ay_dnnl_batch_norm, ay_dnnl_layer_norm,
    ay_dnnl_activation, ay_dnnl_binary, ay_dnnl_pool, ay_dnnl_reshape, ay_dnnl_patches, ay_dnnl_grid,
    ay_dnnl_slice, ay_dnnl_embed_tokens, ay_dnnl_attention, ay_dnnl_matmul, ay_dnnl_softmax,
    ay_dnnl_attention_mean, ay_dnnl_concat, ay_dnnl_transpose, ay_dnnl_embedding, ay_dnnl_pick;

#endif
