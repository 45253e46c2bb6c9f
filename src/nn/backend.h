/* nn/backend.h - what turns a graph and its shapes into steps.  For src/nn only.
 *
 * plan.c checks arguments, infers shapes and owns the slab; a back end fills in impl, places the
 * inputs and outputs, and runs.  A back end is one const table. */
#ifndef AY_NN_BACKEND_H
#define AY_NN_BACKEND_H

#include "nn/learn.h"
#include "nn/op.h"
#include "nn/plan.h"

typedef struct ay_backend {
    const char *name;
    bool (*bf16)(void); /* can it do AY_NN_BF16 on this processor?  NULL: no */
    ay_status (*compile)(ay_plan *p, ay_err *err); /* on failure destroy() still follows */
    /* ns: NULL, or room for info.steps times. */
    ay_status (*run)(ay_plan *p, uint64_t *ns, ay_err *err);
    void (*describe)(const ay_plan *p, int step, ay_buf *out);
    void (*destroy)(ay_plan *p);

    /* Training, nn/learn.h.  compile takes the slab, places inputs, outputs, diff_outputs and the
     * watched, and sets forward_steps and backward_steps.  ns: NULL, or room for a time a step. */
    struct {
        ay_status (*compile)(ay_learn *l, ay_err *err); /* on failure destroy() still follows */
        ay_status (*forward)(ay_learn *l, uint64_t step, uint64_t *ns, ay_err *err);
        ay_status (*backward)(ay_learn *l, bool add, uint64_t *ns, ay_err *err);
        /* step counts on from the forward steps into the backward ones */
        void (*describe)(const ay_learn *l, int step, ay_buf *out);
        void (*destroy)(ay_learn *l);
    } learn;
} ay_backend;

struct ay_plan {
    ay_graph *g;
    const ay_backend *backend;
    ay_plan_info info;
    ay_shape *shape; /* of every value, with the real batch */
    unsigned char *slab;
    ay_tensor *input, *output; /* views into the slab */
    void *impl;
};

/* A plan for training.  It begins with a plan so that all that compiles plans (shapes, slab,
 * inputs, outputs, steps) serves here too. */
struct ay_learn {
    ay_plan p; /* p.impl: the back end's */
    ay_weights *w; /* NULL: the graph's own values */
    ay_learn_options opt;   /* input_shapes is gone */
    ay_tensor *diff_output; /* views into the slab, as p.input and p.output */
    ay_tensor watched[AY_LEARN_WATCH], diff_watched[AY_LEARN_WATCH];
    int forward_steps, backward_steps;
    /* What backward has to visit, by node.  learn.c fills them in. */
    bool *param_diff; /* a parameter of node v learns */
    bool *value_diff; /* value v needs its gradient: something at or below it learns or is watched,
                         and it leads to an output */
    bool *train;      /* node v is in training mode: batch_norm unfrozen, dropout */
};

/* Parameter i of the graph: its value (w's when there is one), and its gradient (NULL: it does not
 * learn, or is a statistic). */
ay_status ay_learn_param(ay_learn *l, int i, float **value, float **grad, ay_err *err);

/* weights.c */
float *ay_weights_param(const ay_weights *w, int i);
float *ay_weights_param_grad(const ay_weights *w, int i); /* NULL: statistic, or all frozen */

/* plan.c: what comes before compile (p->g set), and after destroy. */
ay_status ay_plan_prepare(ay_plan *p, const ay_plan_options *opt, ay_err *err);
void ay_plan_finish(ay_plan *p);

/* Allocate p->slab of n bytes, zeroed. */
ay_status ay_plan_take_slab(ay_plan *p, size_t n, ay_err *err);

/* Nanoseconds for timing steps: the thread's processor time when the plan uses one thread, so that
 * a busy machine disturbs little; else the wall clock. */
uint64_t ay_plan_clock(const ay_plan *p);

extern const ay_backend ay_backend_ref, ay_backend_dnnl;

#endif
