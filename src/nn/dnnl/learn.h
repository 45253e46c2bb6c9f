/* nn/dnnl/learn.h - the compiler of training plans.  For src/nn/dnnl only.
 *
 * One list of steps: all of forward, then all of backward.  A buffer lives from the first to the
 * last step that touches it, so what backward reads stays and the rest shares its bytes, and nobody
 * has to say which.  Computing again instead of keeping (checkpoints) is then nothing but emitting
 * forward steps a second time: the first results are not read by backward any more.
 *
 * Every value has one form: pictures channels last, everything else plain, in the plan's type
 * (float32 for values that are only given out, and for the tokens that residual sums run through).
 * oneDNN's kernels for training are as fast
 * channels last as blocked, and one form means that no step reorders values.
 *
 * Tokens keep float32 sums because they are summed from the first block to the last: rounded to bf16
 * after each of them, a vision transformer's gradient is two to seven times as wrong as PyTorch's under
 * autocast, where such sums are float32 as well.  Pictures are normalised anew in every block, and
 * PyTorch sums them in bf16 too.
 *
 * A gradient is a list of terms that add up, in the value's form.  Whoever needs it sums while
 * reading (loops.h) or asks for a single one.  So a residual connection costs no pass of its own.
 *
 * Invariants:
 *  1. a term's buffer is never written after it was added (two values may share it);
 *  2. steps reach weights and gradients by fixed addresses: they belong to ay_weights. */
#ifndef AY_NN_DNNL_LEARN_H
#define AY_NN_DNNL_LEARN_H

#include "nn/dnnl/compile.h"
#include "nn/dnnl/loops.h"

enum { AY_TERMS = 4, AY_KEEPS = 3 };
enum { AY_ALWAYS, AY_WHEN_SET, AY_WHEN_ADD };

/* What steps read while they run. */
typedef struct {
    bool add; /* gradients are added to what is there */
    uint64_t seed, step;
    int threads;
    const ay_loops *loops;
} ay_learn_state;

typedef struct {
    ay_place at[AY_TERMS];
    int n;
    ay_place each; /* float32 [N, C], the same for every pixel of a picture; when has_each */
    bool has_each;
} ay_diff;

/* A normalisation with what follows it in the same pass. */
typedef struct {
    ay_val tail;  /* the value that comes out; -1: this node begins no chain */
    ay_val other; /* residual that is added, or -1 */
    ay_act act;
} ay_norm_chain;

typedef struct {
    ay_dnnl_plan plan; /* first: l->p.impl is one */
    ay_learn_state state;
} ay_dnnl_learn;

typedef struct {
    ay_dnnl c;
    ay_learn *l;
    ay_learn_state *state;
    ay_norm_chain *chain; /* by node */
    ay_val *root;         /* node -> the batch-norm that swallowed it, or -1 */
    ay_diff *diff;        /* by value */
    ay_place (*keep)[AY_KEEPS]; /* by node: what its forward leaves for its backward */
    bool again;           /* forward steps are being emitted a second time */
    int parts;            /* of convolutions: the threads, when they divide the batch; else 1 */
} ay_dlearn;

typedef ay_status ay_dlearn_fn(ay_dlearn *d, ay_val v, ay_err *err);

/* ---- learn_value.c: forms, conversions, gradients ------------------------------------------- */

dnnl_memory_desc_t ay_learn_form(const ay_dlearn *d, ay_val v);
bool ay_learn_is_bf16(const ay_dlearn *d, ay_val v);
ay_status ay_learn_new(ay_dlearn *d, ay_val v, ay_place *out, ay_err *err); /* v in its form */
ay_status ay_learn_room(ay_dlearn *d, size_t floats, ay_place *out, ay_err *err);
/* The same numbers in another form, in a new buffer unless nothing changes. */
ay_status ay_learn_as(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *from, ay_place at,
                      const dnnl_memory_desc_t *to, ay_place *out, ay_err *err);
/* v's form, but in the plan's type. */
dnnl_memory_desc_t ay_learn_typed(const ay_dlearn *d, ay_val v);
/* v's result lies as md at `at`: bring it into v's form and note it. */
ay_status ay_learn_settle(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place at,
                          ay_err *err);
/* v's value / gradient as md. */
ay_status ay_learn_want(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                        ay_err *err);
ay_status ay_learn_diff(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                        ay_err *err);
/* At most `most` terms of v's gradient, in v's form, and the per-picture one unless each is NULL. */
ay_status ay_learn_terms(ay_dlearn *d, ay_val v, int most, ay_place *out, int *n, ay_place *each,
                         bool *has_each, ay_err *err);
/* A term in v's form / in form md.  Does nothing when v needs no gradient. */
ay_status ay_learn_give(ay_dlearn *d, ay_val v, ay_place at, ay_err *err);
ay_status ay_learn_give_as(ay_dlearn *d, ay_val v, const dnnl_memory_desc_t *md, ay_place at,
                           ay_err *err);
/* A step of our own; job (may be NULL) must lie in the plan's arena. */
ay_step *ay_learn_step(ay_dlearn *d, ay_val v, const char *what, void (*kernel)(const ay_step *),
                       void *job, ay_err *err);
ay_status ay_learn_arg(ay_dlearn *d, ay_step *s, ay_place at, ay_err *err);
void *ay_learn_job(ay_dlearn *d, size_t size, ay_err *err);
ay_place ay_learn_fixed(const void *p);
/* Parameter i of node v: value, and gradient or NULL; both NULL when the node has none. */
ay_status ay_learn_node_param(ay_dlearn *d, ay_val v, int i, float **value, float **grad,
                              ay_err *err);
/* grad[0..n) = or += what lies at `at` (float32). */
ay_status ay_learn_collect(ay_dlearn *d, ay_val v, ay_place at, float *grad, int64_t n,
                           ay_err *err);
/* A primitive, with its scratch; args are (number, descriptor, place) one after the other. */
typedef struct {
    int arg;
    const dnnl_memory_desc_t *md;
    ay_place at;
} ay_learn_io;
ay_status ay_learn_prim(ay_dlearn *d, ay_val v, const_dnnl_op_desc_t op,
                        const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr,
                        const ay_learn_io *io, int n, int when, ay_err *err);
/* As above for a description that exists already; takes pd over. */
ay_status ay_learn_emit(ay_dlearn *d, ay_val v, dnnl_primitive_desc_t pd, const ay_learn_io *io,
                        int n, int when, ay_err *err);

/* learn_linear.c: dst = scale a b (+ bias); WHEN_ADD adds to dst. */
typedef struct {
    dnnl_memory_desc_t a, b, dst;
    ay_place at, bt, dt, bias;
    const dnnl_memory_desc_t *bias_md; /* NULL: none */
    float scale;                       /* 0 means 1 */
    int when;
} ay_learn_product;
ay_status ay_learn_matmul(ay_dlearn *d, ay_val v, const ay_learn_product *m, ay_err *err);
dnnl_memory_desc_t ay_learn_matrix(int64_t rows, int64_t columns, int64_t row_step,
                                   int64_t column_step, dnnl_data_type_t type);

/* Threads by pictures: a step in d->parts parts, each a thread's share of the batch, run by one
 * single-threaded primitive (made between ay_learn_one_thread() and ay_learn_all_threads()).  The
 * other way, all threads in one primitive, makes oneDNN's weight gradients wait for each other in
 * spinning barriers, which on a busy processor costs more than the work.  Weights and bias are
 * shared by the parts, every other argument is an array of the parts' pieces. */
void ay_learn_one_thread(const ay_dlearn *d);
void ay_learn_all_threads(const ay_dlearn *d);
ay_status ay_learn_emit_parts(ay_dlearn *d, ay_val v, dnnl_primitive_desc_t pd,
                              const ay_learn_io *io, int n, ay_err *err);
/* at[0..n) += at[n..2n) + ..., parts pieces of n floats. */
ay_status ay_learn_sum_parts(ay_dlearn *d, ay_val v, ay_place at, int64_t n, ay_err *err);

/* learn_winograd.c: 3 x 3 convolutions with fewer products, where the processor and the node allow.
 * src, diff and dst lie channels last in bf16; the gradient is set or added by the state. */
bool ay_learn_has_winograd(const ay_dlearn *d);
bool ay_learn_fits_winograd(const ay_dlearn *d, ay_val v);
ay_status ay_learn_wino(ay_dlearn *d, ay_val v, const float *weight, ay_place src, ay_place dst,
                        ay_err *err);
ay_status ay_learn_wino_back(ay_dlearn *d, ay_val v, const float *weight, ay_place diff,
                             ay_place dst, ay_err *err);
ay_status ay_learn_wino_grad(ay_dlearn *d, ay_val v, float *grad, ay_place src, ay_place diff,
                             ay_err *err);

/* ---- operators -------------------------------------------------------------------------------- */

ay_dlearn_fn ay_learn_conv2d, ay_learn_conv2d_back;           /* learn_conv.c */
ay_dlearn_fn ay_learn_norm, ay_learn_norm_back;               /* learn_norm.c: batch-norm chains */
ay_dlearn_fn ay_learn_layer_norm, ay_learn_layer_norm_back;   /* learn_rows.c */
ay_dlearn_fn ay_learn_linear, ay_learn_linear_back;           /* learn_linear.c */
ay_dlearn_fn ay_learn_attention, ay_learn_attention_back;     /* learn_attention.c */
ay_dlearn_fn ay_learn_attention_mean, ay_learn_attention_mean_back; /* learn_attention_mean.c */
ay_dlearn_fn ay_learn_activation, ay_learn_activation_back;   /* learn_point.c ... */
ay_dlearn_fn ay_learn_add, ay_learn_add_back, ay_learn_mul, ay_learn_mul_back;
ay_dlearn_fn ay_learn_dropout, ay_learn_dropout_back;
ay_dlearn_fn ay_learn_pool, ay_learn_pool_back, ay_learn_global, ay_learn_global_back;
ay_dlearn_fn ay_learn_view, ay_learn_view_back, ay_learn_slice, ay_learn_slice_back;
ay_dlearn_fn ay_learn_plain, ay_learn_plain_back;             /* learn_plain.c: the row's loops */
void ay_learn_find_chains(ay_dlearn *d);                      /* learn_norm.c */

/* pool.c: oneDNN's description of a pooling node; false where its rule differs from ours. */
typedef struct {
    dnnl_alg_kind_t alg;
    dnnl_dims_t kernel, stride, dilation, begin, end;
} ay_pool_window;
bool ay_dnnl_pool_window(const ay_node *n, const ay_shape *in, const ay_shape *out,
                         ay_pool_window *w);

/* ---- the back end (learn.c) -------------------------------------------------------------------- */

ay_status ay_dnnl_learn_compile(ay_learn *l, ay_err *err);
ay_status ay_dnnl_learn_forward(ay_learn *l, uint64_t step, uint64_t *ns, ay_err *err);
ay_status ay_dnnl_learn_backward(ay_learn *l, bool add, uint64_t *ns, ay_err *err);
void ay_dnnl_learn_describe(const ay_learn *l, int step, ay_buf *out);
void ay_dnnl_learn_destroy(ay_learn *l);

#endif
