/* nn/graph.h - a network as a list of operators, built once, bound to weights once.
 *
 *   build:    ay_graph_create, ay_graph_input, ay_nn_..., ay_graph_output, ay_graph_finish
 *   bind:     ay_graph_bind gives every parameter its tensor, or says by name what does not fit
 *   compile:  ay_plan_create (nn/plan.h) for one batch size, back end and precision
 *
 * A value is what a node produces; ay_val is its number.  Shapes are written for a batch of one:
 * dimension 0 is the batch, and a plan puts its own number there.  Legends: N C H W for pictures,
 * B T D for tokens.  Values are logically float32; a back end may keep them in bf16.
 *
 * Errors while building are sticky: a builder returns AY_NOVAL, every later call accepts that and
 * returns AY_NOVAL too, and ay_graph_finish() tells the first one.  So a model file is a straight
 * list of calls with one check at its end.
 *
 * Parameters are named prefix + ".weight" and so on, as in the weight file; where a file's names do
 * not follow that, the attributes can say the whole name.  Shapes are compared with dimensions of 1
 * dropped, so a 1x1 convolution may feed a linear layer.
 *
 * Ownership: the graph owns all it holds except the weight source's bytes, which must outlive it
 * (it reads them when a plan first needs them).
 * Threads: build and bind on one thread; after bind the graph is immutable to its users and any
 * number of threads may create plans on it (packed weights are shared, under the graph's own lock).
 */
#ifndef AY_NN_GRAPH_H
#define AY_NN_GRAPH_H

#include "base/err.h"
#include "tensor/safetensors.h"
#include "tensor/tensor.h"

#include <stdbool.h>

typedef struct ay_graph ay_graph;
typedef int ay_val;
enum { AY_NOVAL = -1 };

ay_status ay_graph_create(ay_graph **out, ay_err *err);
void ay_graph_destroy(ay_graph *g); /* after all its plans; NULL is fine */

/* An input, float32.  shape[0] must be 1: it stands for the batch.  Plans number inputs in the
 * order of these calls. */
ay_val ay_graph_input(ay_graph *g, const char *name, ay_shape shape);
/* Name a result.  Plans number outputs in the order of these calls. */
void ay_graph_output(ay_graph *g, ay_val v, const char *name);
/* The first error of building, if any; afterwards the graph takes no more nodes. */
ay_status ay_graph_finish(ay_graph *g, ay_err *err);
/* The inferred shape with batch 1; rank 0 for AY_NOVAL. */
ay_shape ay_graph_shape(const ay_graph *g, ay_val v);

/* ---- operators; each is one row, see nn/op.h ------------------------------------------------ */

/* What a convolution starts with when no file brings its weight (nn/init.c).  Plans do not look at it. */
typedef enum {
    AY_INIT_USUAL,     /* normal, by He et al. */
    AY_INIT_UNIFORM,   /* uniform in +-bound; bound 0: +-1 / sqrt(inputs), as PyTorch's by itself */
    AY_INIT_LAPLACIAN, /* every kernel: -4 in the middle, 1 at its four neighbours, else 0 */
} ay_init;

typedef struct {
    int out;      /* output channels */
    int kernel;   /* side, square */
    int stride;   /* 0 means 1 */
    int pad;      /* zeros on every side */
    int dilation; /* 0 means 1: neighbouring taps; 2 skips one */
    int groups;   /* 0 means 1; C for depthwise */
    bool bias;    /* there is a prefix.bias */
    bool same; /* TensorFlow's SAME: output ceil(size / stride), odd zero at the end; pad unused */
    ay_init init;
    float bound; /* of AY_INIT_UNIFORM */
} ay_conv;
/* N C H W -> N out H' W'; prefix.weight [out, C/groups, k, k], prefix.bias [out]. */
ay_val ay_nn_conv2d(ay_graph *g, ay_val x, const char *prefix, const ay_conv *a);

/* Inference batch-norm over channels of N C H W or N C; prefix.weight .bias .running_mean
 * .running_var, each [C].  eps 0 means 1e-5. */
ay_val ay_nn_batch_norm(ay_graph *g, ay_val x, const char *prefix, float eps);

enum { AY_LINEAR_PARTS = 4 };
typedef struct {
    int out;
    bool bias;
    bool transposed;    /* the stored weight is [in, out] (CLIP's "proj") */
    const char *weight; /* whole name instead of prefix.weight, e.g. "visual.proj" */
    const char *bias_name;
    /* Rows stacked from several tensors of equal size: each is a prefix with .weight (and .bias),
     * e.g. {"q_proj", "k_proj", "v_proj"} gives [q; k; v].  prefix is put before each name. */
    const char *parts[AY_LINEAR_PARTS];
    /* When no file brings them: the weight uniform in +-bound (0: +-1 / sqrt(inputs)), the bias as that or 0. */
    float bound;
    bool zero_bias;
} ay_linear;
/* ... x in -> ... x out, y = x W^T + b; prefix.weight [out, in], prefix.bias [out]. */
ay_val ay_nn_linear(ay_graph *g, ay_val x, const char *prefix, const ay_linear *a);

/* Over the last dimension D; prefix.weight, prefix.bias [D].  eps 0 means 1e-5. */
ay_val ay_nn_layer_norm(ay_graph *g, ay_val x, const char *prefix, float eps);

typedef enum {
    AY_ACT_NONE, /* no node: the value itself comes back */
    AY_ACT_RELU,
    AY_ACT_GELU,       /* x Phi(x), exact (erf) */
    AY_ACT_GELU_TANH,  /* the tanh approximation */
    AY_ACT_QUICK_GELU, /* x sigmoid(1.702 x) */
    AY_ACT_SILU,       /* x sigmoid(x) */
    AY_ACT_SIGMOID,
    AY_ACT_TANH,
    AY_ACT_HARD_SWISH,   /* x relu6(x + 3) / 6 */
    AY_ACT_HARD_SIGMOID, /* relu6(x + 3) / 6 */
    AY_ACT_RELU6,
    AY_ACT_COUNT
} ay_act;
ay_val ay_nn_activation(ay_graph *g, ay_val x, ay_act kind);

/* Elementwise.  b has a's shape, or a's shape with some dimensions 1 ([N,C,1,1] gates channels). */
ay_val ay_nn_add(ay_graph *g, ay_val a, ay_val b);
ay_val ay_nn_mul(ay_graph *g, ay_val a, ay_val b);
/* Multiply by a parameter vector (layer scale): name [size of dimension axis].  Whole name. */
ay_val ay_nn_scale(ay_graph *g, ay_val x, const char *name, int axis);

typedef struct {
    int kernel, stride, pad; /* kernel 0: the whole picture; stride 0 means kernel */
    bool ceil_mode;          /* round the output size up */
    bool count_pad;          /* average: padding counts in the divisor (PyTorch's default) */
} ay_pool;
ay_val ay_nn_max_pool(ay_graph *g, ay_val x, const ay_pool *a);
ay_val ay_nn_avg_pool(ay_graph *g, ay_val x, const ay_pool *a);
ay_val ay_nn_global_avg_pool(ay_graph *g, ay_val x); /* N C H W -> N C 1 1 */

enum { AY_CONCAT_MAX = 8 };
ay_val ay_nn_concat(ay_graph *g, const ay_val *x, int n, int axis);
/* One dimension may be -1 (what is left) and 0 means "as in x at this place"; dim[0] should be 0.
 */
ay_val ay_nn_reshape(ay_graph *g, ay_val x, ay_shape to);
ay_val ay_nn_flatten(ay_graph *g, ay_val x);                     /* N ... -> N D */
ay_val ay_nn_transpose(ay_graph *g, ay_val x, const int *order); /* order[i]: x's dim at i */
/* Elements [begin, begin + size) of dimension axis. */
ay_val ay_nn_slice(ay_graph *g, ay_val x, int axis, int begin, int size);
/* x[:, index, :] : B T D -> B D, the class token. */
ay_val ay_nn_token(ay_graph *g, ay_val x, int index);
/* N C H W -> B T D with T = H*W, D = C: the patch grid as tokens, row by row. */
ay_val ay_nn_patches(ay_graph *g, ay_val x);
/* B T D -> N D H W: tokens as the map they came from; height and width are those of like. */
ay_val ay_nn_grid(ay_graph *g, ay_val x, ay_val like);

/* Learned tokens and places: B T D -> B T' D.  With class_name, that vector [D] is put in front
 * (T' = T + 1); then pos_name [T', D] is added.  Either may be NULL.  Whole names. */
ay_val ay_nn_embed_tokens(ay_graph *g, ay_val x, const char *class_name, const char *pos_name);

typedef struct {
    int rows, width;      /* of the table: words, and numbers a word */
    int places;           /* rows of pos_name: the longest text */
    const char *table;    /* whole name, [rows, width] */
    const char *pos_name; /* whole name, [places, width]; NULL: no places are added */
} ay_embedding;
/* Words by number: N T of whole numbers (as floats) -> N T width, T <= places. */
ay_val ay_nn_embedding(ay_graph *g, ay_val x, const ay_embedding *a);
/* One row a text: x N T D, ids N T -> N D, row t of each where ids[t] is the first that equals id
 * (row 0 when none does); id -1: where ids[t] is the largest, the first of equals. */
ay_val ay_nn_pick(ay_graph *g, ay_val x, ay_val ids, int id);

/* Batched matrix product over the last two dimensions, leading ones equal: scale * a b, or with
 * transpose_b scale * a b^T. */
ay_val ay_nn_matmul(ay_graph *g, ay_val a, ay_val b, bool transpose_b, float scale);
ay_val ay_nn_softmax(ay_graph *g, ay_val x); /* last dimension */

/* Multi-head attention on packed rows: qkv B T 3D, each row q then k then v, each of them heads
 * blocks of D/heads; result B T D.  softmax(q k^T / sqrt(D/heads)) v.  causal: no look ahead. */
ay_val ay_nn_attention(ay_graph *g, ay_val qkv, int heads, bool causal);

/* Attention averaged over its queries: rows x B T D and their queries and keys qk B T 2D (each row q then
 * k, heads blocks of D/heads) -> B heads*D 1 1: for each head the sum of x's rows, each with its share
 * of attention, averaged over all queries.  A convolution 1 x 1 with heads groups behind it is that
 * head's value projection, so this and that are the average of ay_nn_attention()'s rows. */
ay_val ay_nn_attention_mean(ay_graph *g, ay_val x, ay_val qk, int heads);

ay_val ay_nn_l2_normalise(ay_graph *g, ay_val x); /* last dimension; a zero row stays zero */

/* Orthogonal fusion of a map and a vector (Yang et al., "DOLG", 2021): map N C ..., vector N C ->
 * N 2C ...: at every place the vector itself, then what of the map is at right angles to it,
 *   L - u (u . L),  u = g / (|g| + 1e-6).
 * Linear in the map, so its average over places is the fusion of the map's average. */
ay_val ay_nn_orthogonal(ay_graph *g, ay_val map, ay_val vector);

/* In training each element is 0 with probability p, else scaled by 1 / (1 - p); which ones is a pure
 * function of the plan's seed, the step, the node and the element.  Otherwise the value itself.
 * 0 <= p < 1; p 0 adds no node. */
ay_val ay_nn_dropout(ay_graph *g, ay_val x, float p);

/* ---- weights --------------------------------------------------------------------------------- */

typedef struct {
    bool strict; /* tensors in the file that no node asked for are an error */
    /* NULL-ended; names starting with one of these never count as unexpected.  Names ending in
     * ".num_batches_tracked" and ".position_ids" never do. */
    const char *const *ignore;
    /* NULL-ended; parameters with one of these prefixes that the file lacks (or has in another
     * shape) are made new by fresh_seed, as ay_graph_bind_init makes them: a new classifier on an
     * old body. */
    const char *const *fresh;
    uint64_t fresh_seed;
} ay_bind;
/* Give every parameter its tensor.  opt NULL: not strict.  The message lists the first missing,
 * mis-shaped (wanted and found) and unexpected names and how many there are: AY_ENOTFOUND when some
 * are missing, else AY_ECORRUPT.  st must stay open as long as g lives. */
ay_status ay_graph_bind(ay_graph *g, const ay_safetensors *st, const ay_bind *opt, ay_err *err);
/* Seeded values of a sensible size instead of a file: for tests and for measuring speed. */
ay_status ay_graph_bind_random(ay_graph *g, uint64_t seed, ay_err *err);

/* Training from nothing: values PyTorch's layers start with (nn/init.c), a pure function of seed and
 * names. */
ay_status ay_graph_bind_init(ay_graph *g, uint64_t seed, ay_err *err);

/* After ay_graph_bind_init() or _random(): parameters whose names start with prefix take the values of
 * the tensors in st that are called `from` and the rest of the name: a new network on a learnt part.
 * The message names what is missing or has another shape; then nothing was taken. */
ay_status ay_graph_take(ay_graph *g, const ay_safetensors *st, const char *prefix, const char *from,
                        ay_err *err);

size_t ay_graph_param_count(const ay_graph *g); /* tensors asked for */
/* Name, shape and (after bind) data of the i-th; the view lives as long as g. */
const char *ay_graph_param(const ay_graph *g, size_t i, ay_tensor *out);
uint64_t ay_graph_parameters(const ay_graph *g); /* numbers in all of them */
double ay_graph_flops(const ay_graph *g);        /* 2 x multiply-adds for one picture */

#endif
