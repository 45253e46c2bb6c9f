/* nn/learn.h - the training half: weights that change, and plans that run forward and backward.
 *
 *   ay_weights     the float32 master values of one bound graph, their gradients, and the statistics
 *                  of its normalisations: one slab each, named as the weight file names them
 *   ay_learn       a graph compiled for one batch size: forward, then backward, over one memory plan
 *
 *   forward:   fill the inputs, ay_learn_forward(p, step), read the outputs
 *   backward:  write d loss / d output into every diff_output, ay_learn_backward(p), and every weight
 *              that is not frozen has its gradient
 *   then       an optimiser (nn/optim.h) moves the values; the next forward sees them
 *
 * The loss is not a node: losses live above (train/), write a gradient and need no back end.  So a
 * loss is one file without a word about plans.  Rejected: losses as operators (each would need a
 * fast and a plain form for a few microseconds of work); gradients as a second graph (what to keep
 * between the halves is a memory question, and one compiler that sees both answers it best).
 *
 * Training differs from inference (nn/plan.h) in three operators: batch-norm takes the statistics of
 * the batch and moves the running ones (momentum 0.1, unbiased variance, as PyTorch), dropout drops,
 * and nothing is folded.  A batch-norm whose weight is frozen uses its running statistics (or, by option,
 * goes on as the others).
 *
 * Deterministic: the same values, inputs, step, threads, precision and machine give the same bits.
 *
 * Threads: one thread at a time for a weights object and all plans on it. */
#ifndef AY_NN_LEARN_H
#define AY_NN_LEARN_H

#include "nn/plan.h"

typedef struct ay_weights ay_weights;

/* One tensor.  A parameter stacked from several stored tensors (query, key, value) is one weight a
 * stored tensor: names are those of the file. */
typedef struct {
    const char *name;
    ay_shape shape;
    float *value;
    float *grad;    /* same shape; NULL for a statistic (running mean, running variance) */
    bool frozen;    /* no gradient, no step; set before ay_learn_create */
    bool no_decay;  /* rank <= 1: biases and norms, which weight decay leaves alone by default */
} ay_weight;

/* Copies what g was bound to (g stays as it is).  AY_ENOMEM; AY_EINVAL when g is not bound. */
ay_status ay_weights_create(ay_weights **out, ay_graph *g, ay_err *err);
void ay_weights_destroy(ay_weights *w); /* after all plans on it; NULL is fine */
size_t ay_weights_count(const ay_weights *w);
ay_weight *ay_weights_at(ay_weights *w, size_t i);
ay_weight *ay_weights_find(ay_weights *w, const char *name); /* NULL: none */
/* All values / all gradients as one array each, in the order of ay_weights_at (statistics have
 * values but no gradients and lie behind everything that has both). */
float *ay_weights_values(ay_weights *w, size_t *count);
float *ay_weights_grads(ay_weights *w, size_t *count);
/* Freeze (or thaw) every weight whose name starts with prefix; returns how many.  "" is all. */
size_t ay_weights_freeze(ay_weights *w, const char *prefix, bool frozen);
/* Values and statistics as safetensors (float32), with metadata and further tensors (optimiser
 * state ...) if any; written whole or not at all (base/file.h).  ay_graph_bind reads it back. */
ay_status ay_weights_save(const ay_weights *w, const char *path, const ay_tensor *more,
                          const char *const *more_names, int more_count, ay_err *err);
/* Values by name from an open file; names that w lacks are passed over, missing ones are an error. */
ay_status ay_weights_load(ay_weights *w, const ay_safetensors *st, ay_err *err);

typedef struct ay_learn ay_learn;

enum { AY_LEARN_WATCH = 16 };
typedef struct {
    int batch;
    const char *backend;              /* NULL or "dnnl"; "ref": plain loops */
    ay_nn_precision precision;        /* AUTO, F32, BF16: values stay float32, heavy products do not */
    int threads;                      /* 0 means 1 */
    const ay_shape *input_shapes;     /* as ay_plan_options */
    uint64_t seed;                    /* of dropout */
    bool checkpoint;                  /* keep few activations, compute the others again */
    bool norms_move;                  /* batch-norms whose weights are frozen learn their statistics all the same */
    bool inference;                   /* running statistics, no dropout: gradients for explanations */
    ay_val watch[AY_LEARN_WATCH];     /* values whose result and gradient can be read (Grad-CAM) */
    int watched;
} ay_learn_options;

/* w may be NULL with inference: then g's own values, no weight gradients.  AY_EUNSUPPORTED names an
 * operator without a gradient, AY_EINVAL a batch-norm in training that would see a single value a
 * channel. */
ay_status ay_learn_create(ay_learn **out, ay_graph *g, ay_weights *w, const ay_learn_options *opt,
                          ay_err *err);
void ay_learn_destroy(ay_learn *p);

/* Float32, dense, in the plan's slab, as those of ay_plan. */
const ay_tensor *ay_learn_input(const ay_learn *p, int i);
const ay_tensor *ay_learn_output(const ay_learn *p, int i);
const ay_tensor *ay_learn_diff_output(const ay_learn *p, int i); /* the caller writes; kept */
const ay_tensor *ay_learn_watched(const ay_learn *p, int i);      /* after forward */
const ay_tensor *ay_learn_diff_watched(const ay_learn *p, int i); /* after backward */

/* step numbers the masks of dropout: the same step, the same mask, whatever ran before. */
ay_status ay_learn_forward(ay_learn *p, uint64_t step, ay_err *err);
/* Gradients are set, or with add added to what is there (accumulation over several batches). */
ay_status ay_learn_backward(ay_learn *p, bool add, ay_err *err);

typedef struct {
    const char *backend;
    ay_nn_precision precision; /* in force */
    int batch, threads, forward_steps, backward_steps;
    size_t slab_bytes;
} ay_learn_info;
void ay_learn_get_info(const ay_learn *p, ay_learn_info *out);
/* As ay_plan_profile, both halves. */
ay_status ay_learn_profile(ay_learn *p, ay_buf *out, ay_err *err);

#endif
