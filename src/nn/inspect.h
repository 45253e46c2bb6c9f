/* nn/inspect.h - questions about a finished graph, for those who explain a network.
 *
 * nn/op.h is for src/nn alone; this is the little of it that others may know: which operator made a
 * value, what it read, and where the outputs are.  Pure functions, any thread. */
#ifndef AY_NN_INSPECT_H
#define AY_NN_INSPECT_H

#include "nn/graph.h"

int ay_graph_values(const ay_graph *g); /* values are 0 .. count - 1 */
/* The next value after `after` (AY_NOVAL: from the first) made by the operator called name
 * ("attention", "dropout" ...), or AY_NOVAL. */
ay_val ay_graph_find(const ay_graph *g, const char *name, ay_val after);
ay_val ay_graph_reads(const ay_graph *g, ay_val v, int i); /* i-th input of v, or AY_NOVAL */
int ay_graph_heads(const ay_graph *g, ay_val v);           /* of an attention; 0: v is none */
/* A batch-norm's prefix in the weight file ("layer1.0.bn1") and its epsilon; "" and 0: v is none. */
const char *ay_graph_norm(const ay_graph *g, ay_val v, float *eps);
int ay_graph_outputs(const ay_graph *g);
int ay_graph_output_named(const ay_graph *g, const char *name); /* its number, or -1 */
ay_val ay_graph_output_value(const ay_graph *g, int i);

#endif
