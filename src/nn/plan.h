/* nn/plan.h - a graph compiled for one batch size: a flat list of steps over one slab.
 *
 * ay_plan_create() does all that can be done once: shapes, fusion, layouts, packing of weights
 * (shared between the plans of a graph), the memory plan.  ay_plan_run() is a loop over the steps:
 * nothing is allocated by us, nothing is looked up, the weights are only read.
 *
 * Precision: AY_NN_F32 computes in float32.  AY_NN_BF16 keeps activations and weights of the heavy
 * operators in bfloat16 with float32 accumulation; statistics of layer-norm and softmax are
 * float32; inputs and outputs stay float32.  AY_NN_AUTO is whichever of the
 * two a short trial found faster on this processor (nn/auto.c).  BF16 works wherever AVX-512 is,
 * fast or not.
 *
 * A picture's result is the same bits whatever its neighbours and whatever the batch size, for one
 * back end, precision and number of threads on one machine: kernels are chosen without regard to
 * the batch where the choice changes roundings (ops_test.c checks every operator).  Unused rows of
 * the input may hold anything finite.
 *
 * Threads: a plan is used by one thread at a time, and may wander between threads.  `threads` says
 * how many processors one run uses: 1 for the throughput of many sessions, ay_cpu_count() for
 * latency. */
#ifndef AY_NN_PLAN_H
#define AY_NN_PLAN_H

#include "base/buf.h"
#include "nn/graph.h"

typedef struct ay_plan ay_plan;

typedef enum { AY_NN_AUTO, AY_NN_F32, AY_NN_BF16 } ay_nn_precision;

typedef struct {
    int batch;           /* >= 1 */
    const char *backend; /* NULL or "dnnl"; "ref": plain loops, float32 only */
    ay_nn_precision precision;
    int threads; /* 0 means 1 */
    /* NULL: the graph's own.  Else one shape an input with the real batch in dimension 0, e.g. a
     * larger picture for a network that ends in global pooling. */
    const ay_shape *input_shapes;
} ay_plan_options;

/* g must be bound.  AY_EINVAL for a shape that does not fit the network, AY_ENOMEM,
 * AY_EUNSUPPORTED for an unknown back end. */
ay_status ay_plan_create(ay_plan **out, ay_graph *g, const ay_plan_options *opt, ay_err *err);
void ay_plan_destroy(ay_plan *p); /* NULL is fine */

/* Float32, dense, in the plan's slab; live as long as p.  A run leaves the inputs as they are;
 * outputs hold until the next run. */
int ay_plan_inputs(const ay_plan *p);
int ay_plan_outputs(const ay_plan *p);
const ay_tensor *ay_plan_input(const ay_plan *p, int i);
const ay_tensor *ay_plan_output(const ay_plan *p, int i);
const ay_tensor *ay_plan_output_named(const ay_plan *p, const char *name); /* or NULL */

ay_status ay_plan_run(ay_plan *p, ay_err *err);

typedef struct {
    const char *backend;       /* "dnnl" or "ref" */
    ay_nn_precision precision; /* in force: F32 or BF16 */
    int batch, threads, steps;
    size_t slab_bytes;   /* activations and scratch of this plan */
    size_t packed_bytes; /* packed weights of the whole graph, shared */
} ay_plan_info;
void ay_plan_get_info(const ay_plan *p, ay_plan_info *out);

/* Which precision AUTO means on this machine; the first call takes some milliseconds. */
ay_nn_precision ay_nn_auto_precision(void);

/* Run five times, timing each step: one line a step (least microseconds, what, implementation,
 * shape) appended to out.  Processor time with one thread, wall time with more.  For doctor and for
 * tuning. */
ay_status ay_plan_profile(ay_plan *p, ay_buf *out, ay_err *err);

#endif
