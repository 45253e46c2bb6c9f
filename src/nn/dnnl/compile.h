/* nn/dnnl/compile.h - the compiler from graph to oneDNN steps.  For src/nn/dnnl only.
 *
 * It walks the nodes once.  fuse.c has marked chains (convolution or linear, then folded
 * normalisation, then activation and residual add): a chain is compiled as one step, at the place
 * of its last node, where every value it reads exists.  Every other node is compiled by its own
 * function, or by its plain loops (fallback.c).
 *
 * How a value lies: a memory descriptor and a place.  A producer chooses; a consumer that needs
 * another form asks ay_dnnl_want(), which adds a reorder once and remembers it.
 *
 * Invariants:
 *  1. places are (buffer, offset) until every step exists; then slab.c plans the buffers and
 *     addresses are fixed for the plan's life;
 *  2. buf_left[b] counts reads still to come of values in buffer b (a graph output counts as one, a
 *     graph input as one that never comes).  A step may write over a buffer only when its own read
 *     is the last: buf_left[b] == 1;
 *  3. constants are in the graph's packed store or in the graph's parameters, never in the slab. */
#ifndef AY_NN_DNNL_COMPILE_H
#define AY_NN_DNNL_COMPILE_H

#include "nn/backend.h"
#include "tensor/slab.h"

#include <oneapi/dnnl/dnnl.h>

enum { AY_STEP_ARGS = 20, AY_STEP_NUMBERS = 10, AY_CHAIN_FOLDS = 3, AY_CHAIN_POSTS = 4 };
enum { AY_DNNL_PARTS = 64 };

typedef struct {
    int buf; /* -1: fixed */
    size_t offset;
    void *fixed;
} ay_place;

typedef struct {
    bool known;
    dnnl_memory_desc_t md;
    ay_place at;
} ay_lay;

/* What was fused onto a convolution or linear node. */
typedef struct {
    int fold[AY_CHAIN_FOLDS]; /* batch_norm and scale nodes, in order: into the weights */
    int folds;
    struct {
        ay_act act; /* AY_ACT_NONE: add */
        ay_val add;
    } post[AY_CHAIN_POSTS];
    int posts;
    ay_val tail; /* the value that comes out */
} ay_chain;

typedef struct ay_step ay_step;
struct ay_step {
    ay_val v;         /* what it makes */
    ay_val node;      /* whose step it is: a chain's first node */
    const char *what; /* implementation, for describe() */
    dnnl_primitive_t prim;
    void (*kernel)(const ay_step *s); /* when prim is NULL */
    int nargs;
    ay_place at[AY_STEP_ARGS];
    const dnnl_memory_desc_t *md[AY_STEP_ARGS]; /* compile time only */
    dnnl_exec_arg_t exec[AY_STEP_ARGS];
    void *ptr[AY_STEP_ARGS];         /* the same places as addresses, for kernels */
    int64_t number[AY_STEP_NUMBERS]; /* what a kernel needs to know */
    ay_ref_call *call;               /* fallback.c */
    void *job;                       /* training: what a kernel needs beside addresses */
    int when;                        /* training: AY_ALWAYS, or one kind of backward only */
    int parts;                       /* training: when > 1, a thread a part, each ... */
    dnnl_exec_arg_t *part_exec;      /* ... with its own arguments, `advance` bytes apart */
    int64_t repeat;                  /* when > 1: run so often, ... */
    size_t advance[AY_STEP_ARGS];    /* ... moving arguments on by so many bytes */
};

/* What stays: p->impl. */
typedef struct {
    ay_arena arena;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    ay_step **step;
    int steps, step_cap;
    dnnl_stream_t *part_stream; /* training: for steps in parts, one a thread; else NULL */
    int part_streams;
} ay_dnnl_plan;

/* What goes when compilation ends. */
typedef struct ay_dnnl {
    ay_plan *p;
    ay_graph *g;
    ay_dnnl_plan *out;
    ay_arena arena;
    ay_val now;            /* the node being compiled */
    dnnl_data_type_t type; /* of activations: f32 or bf16 */
    int *uses;             /* reads of each value, outputs included */
    ay_chain *chain;       /* by root node; tail < 0: none */
    ay_val *root;          /* node -> the chain that swallowed it, or -1 */
    ay_lay *lay;           /* by value */
    ay_slab_buf *buf;
    int *buf_left;
    int bufs, buf_cap;
    struct ay_copy {
        ay_val v;
        ay_lay lay;
    } * copy; /* other forms of values */
    int copies, copy_cap;
} ay_dnnl;

/* oneDNN's status as ours; what says what was tried. */
ay_status ay_dnnl_check(dnnl_status_t s, const char *what, ay_err *err);

/* step.c */
ay_step *ay_dnnl_step(ay_dnnl *c, ay_val v, const char *what, ay_err *err); /* NULL: no memory */
ay_status ay_dnnl_arg(ay_dnnl *c, ay_step *s, int arg, const dnnl_memory_desc_t *md, ay_place at,
                      ay_err *err);
/* A step running pd's primitive, with its scratch room; takes pd over, also on failure. */
ay_status ay_dnnl_emit(ay_dnnl *c, ay_val v, dnnl_primitive_desc_t pd, ay_step **out, ay_err *err);
/* Attributes with scratch in the slab and the chain's post-ops (chain may be NULL).  Destroy them.
 */
ay_status ay_dnnl_attr(const ay_chain *chain, dnnl_primitive_attr_t *out, ay_err *err);
ay_status ay_dnnl_buffer(ay_dnnl *c, size_t bytes, ay_place *out, ay_err *err);
/* v lies as md in a new buffer / in an existing one. */
ay_status ay_dnnl_new(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                      ay_err *err);
void ay_dnnl_put(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place at);
/* v in form md, reordered if need be. */
ay_status ay_dnnl_want(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                       ay_err *err);
/* Copy of v as md in a buffer that may be written. */
ay_status ay_dnnl_fresh(ay_dnnl *c, ay_val v, const dnnl_memory_desc_t *md, ay_place *out,
                        ay_err *err);
/* Where a chain's result goes: over its residual when this is the last read of it, else into a new
 * buffer (holding a copy of the residual when there is one). */
ay_status ay_dnnl_place_dst(ay_dnnl *c, const ay_chain *chain, const dnnl_memory_desc_t *md,
                            ay_place *dst, ay_err *err);
bool ay_dnnl_may_overwrite(const ay_dnnl *c, ay_val v);
ay_status ay_dnnl_link(ay_dnnl *c, ay_err *err);
/* Its two parts, for training: lives of buffers from the steps that touch them; then, after the
 * caller has stretched some, the slab and the steps' addresses. */
void ay_dnnl_find_lives(ay_dnnl *c);
ay_status ay_dnnl_settle(ay_dnnl *c, ay_err *err);
void *ay_dnnl_address(const ay_dnnl *c, ay_place at);
dnnl_status_t ay_dnnl_run_step(const ay_dnnl_plan *d, const ay_step *s);
void ay_dnnl_step_destroy(ay_step *s);

/* layout.c: forms */
/* Do oneDNN's kernels use AVX-512?  Asked of oneDNN, not of the processor, so that
 * ONEDNN_MAX_CPU_ISA=AVX2 tries what a smaller machine does. */
bool ay_dnnl_wide(void);
dnnl_memory_desc_t ay_dnnl_plain(const ay_shape *s, dnnl_data_type_t type);
dnnl_memory_desc_t ay_dnnl_nhwc(const ay_shape *s, dnnl_data_type_t type);
/* What pictures should lie like on this processor; other ranks: plain. */
dnnl_memory_desc_t ay_dnnl_preferred(const ay_shape *s, dnnl_data_type_t type);
dnnl_memory_desc_t ay_dnnl_any(const ay_shape *s, dnnl_data_type_t type);
/* Same type and the same byte for every element, whatever the descriptors look like. */
bool ay_dnnl_same_bytes(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b);
/* f32 when v is only given out, else the plan's type. */
dnnl_data_type_t ay_dnnl_type_of(const ay_dnnl *c, ay_val v);
bool ay_dnnl_alg(ay_act act, dnnl_alg_kind_t *alg, float *alpha, float *beta);

/* fuse.c */
void ay_dnnl_fuse(ay_dnnl *c);

/* pack.c: constants of node v as the primitive wants them */
ay_status ay_dnnl_weights(ay_dnnl *c, ay_val v, const ay_shape *as, const dnnl_memory_desc_t *md,
                          ay_place *out, ay_err *err);
ay_status ay_dnnl_bias(ay_dnnl *c, ay_val v, ay_place *out, ay_err *err); /* f32, folded */
bool ay_dnnl_has_bias(const ay_dnnl *c, ay_val v);
/* Several parameters, one after the other, as f32 (scale and shift of a layer-norm). */
ay_status ay_dnnl_params(ay_dnnl *c, ay_val v, const int *which, int n, ay_place *out, ay_err *err);

/* depthwise.c: convolutions whose groups have one input channel, by loops of our own */
bool ay_dnnl_is_depthwise(const ay_dnnl *c, ay_val v);
ay_status ay_dnnl_depthwise(ay_dnnl *c, ay_val v, ay_err *err);

/* gelu_product.c: products in bf16 with GELU behind, by loops of our own */
typedef struct {
    dnnl_memory_desc_t src, dst; /* both in rows, bf16 */
    int64_t rows, in, out;
} ay_gp_form;
bool ay_dnnl_gelu_product_here(void); /* on this processor, as far as oneDNN may use it */
bool ay_dnnl_is_gelu_product(const ay_dnnl *c, ay_val v, int64_t in, int64_t out);
ay_status ay_dnnl_gelu_product(ay_dnnl *c, ay_val v, const ay_gp_form *form, ay_err *err);

/* fallback.c */
ay_status ay_dnnl_fallback(ay_dnnl *c, ay_val v, ay_err *err);

/* linear.c: dst[rows, out] = src[rows, in] weights(v) + bias(v), with v's chain.  src is plain. */
ay_status ay_dnnl_gemm(ay_dnnl *c, ay_val v, int64_t rows, int64_t in, int64_t out, ay_place src,
                       const dnnl_memory_desc_t *value_md, ay_err *err);

#endif
