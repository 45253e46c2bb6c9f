/* nn/backend.h - what turns a graph and its shapes into steps.  For src/nn only.
 *
 * plan.c checks arguments, infers shapes and owns the slab; a back end fills in impl, places the
 * inputs and outputs, and runs.  A back end is one const table. */
#ifndef AY_NN_BACKEND_H
#define AY_NN_BACKEND_H

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

/* Allocate p->slab of n bytes, zeroed. */
ay_status ay_plan_take_slab(ay_plan *p, size_t n, ay_err *err);

/* Nanoseconds for timing steps: the thread's processor time when the plan uses one thread, so that
 * a busy machine disturbs little; else the wall clock. */
uint64_t ay_plan_clock(const ay_plan *p);

extern const ay_backend ay_backend_ref, ay_backend_dnnl;

#endif
