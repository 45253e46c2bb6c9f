#include "nn/inspect.h"
#include "nn/op.h"

#include <string.h>

int ay_graph_values(const ay_graph *g)
{
    return g->nodes;
}

ay_val ay_graph_find(const ay_graph *g, const char *name, ay_val after)
{
    for (ay_val v = after + 1; v < g->nodes; v++)
        if (strcmp(g->node[v].op->name, name) == 0)
            return v;
    return AY_NOVAL;
}

ay_val ay_graph_reads(const ay_graph *g, ay_val v, int i)
{
    return v >= 0 && v < g->nodes && i >= 0 && i < g->node[v].nin ? g->node[v].in[i] : AY_NOVAL;
}

int ay_graph_heads(const ay_graph *g, ay_val v)
{
    bool attends = v >= 0 && v < g->nodes && strcmp(g->node[v].op->name, "attention") == 0;

    return attends ? g->node[v].attr.attention.heads : 0;
}

const char *ay_graph_norm(const ay_graph *g, ay_val v, float *eps)
{
    bool norm = v >= 0 && v < g->nodes && g->node[v].op == &ay_op_batch_norm;

    *eps = norm ? g->node[v].attr.norm.eps : 0;
    return norm ? g->node[v].label : "";
}

int ay_graph_outputs(const ay_graph *g)
{
    return g->outputs;
}

int ay_graph_output_named(const ay_graph *g, const char *name)
{
    for (int i = 0; i < g->outputs; i++)
        if (strcmp(g->output[i].name, name) == 0)
            return i;
    return -1;
}

ay_val ay_graph_output_value(const ay_graph *g, int i)
{
    return i >= 0 && i < g->outputs ? g->output[i].v : AY_NOVAL;
}
