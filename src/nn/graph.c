/* nn/graph.c - building: nodes appended in order, shapes inferred at once, first error kept. */
#include "nn/op.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for one more in a growing array; false when memory is refused. */
static bool grow(void *array, int count, int *cap, size_t size)
{
    void **p = array, *bigger;

    if (count < *cap)
        return true;
    bigger = ay_realloc(*p, (size_t)(*cap ? *cap * 2 : 16), size);
    if (!bigger)
        return false;
    *p = bigger;
    *cap = *cap ? *cap * 2 : 16;
    return true;
}

ay_status ay_graph_create(ay_graph **out, ay_err *err)
{
    ay_graph *g = ay_calloc(1, sizeof *g);

    *out = NULL;
    if (!g)
        return ay_fail(err, AY_ENOMEM, "out of memory for a graph");
    ay_arena_init(&g->arena, 0);
    pthread_mutex_init(&g->lock, NULL);
    *out = g;
    return AY_OK;
}

void ay_graph_destroy(ay_graph *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->packed_count; i++) {
        ay_free(g->packed[i].key);
        ay_free(g->packed[i].data);
    }
    for (int i = 0; i < g->params; i++)
        ay_free(g->param[i].owned);
    ay_free(g->packed);
    ay_free(g->random);
    ay_free(g->node);
    ay_free(g->param);
    ay_free(g->input);
    ay_free(g->output);
    pthread_mutex_destroy(&g->lock);
    ay_arena_fini(&g->arena);
    ay_free(g);
}

void ay_graph_sin(ay_graph *g, ay_status status, const char *fmt, ...)
{
    va_list ap;

    if (g->status != AY_OK)
        return;
    g->status = status;
    va_start(ap, fmt);
    vsnprintf(g->err.msg, sizeof g->err.msg, fmt, ap);
    va_end(ap);
}

static const char *keep(ay_graph *g, const char *text)
{
    const char *copy = ay_arena_strdup(&g->arena, text ? text : "");

    if (!copy)
        ay_graph_sin(g, AY_ENOMEM, "out of memory for a name");
    return copy;
}

ay_node *ay_graph_new_node(ay_graph *g, const ay_op *op, const char *label)
{
    ay_node *n;

    assert(!g->finished);
    label = keep(g, label);
    if (g->status != AY_OK)
        return NULL;
    if (!grow(&g->node, g->nodes, &g->node_cap, sizeof *g->node)) {
        ay_graph_sin(g, AY_ENOMEM, "out of memory for a node");
        return NULL;
    }
    n = &g->node[g->nodes];
    *n = (ay_node){.op = op, .label = label, .param = {-1, -1, -1, -1}};
    return n;
}

void ay_node_read(ay_graph *g, ay_node *n, ay_val v)
{
    if (!n)
        return;
    if (v < 0 || v >= g->nodes)
        ay_graph_sin(g, AY_EINVAL, "%s \"%s\" reads a value that does not exist", n->op->name,
                     n->label);
    else if (n->nin == AY_NODE_INPUTS)
        ay_graph_sin(g, AY_ELIMIT, "%s \"%s\" has more than %d inputs", n->op->name, n->label,
                     AY_NODE_INPUTS);
    else
        n->in[n->nin++] = v;
}

static const char *join(ay_graph *g, const char *prefix, const char *suffix)
{
    size_t a = strlen(prefix), b = strlen(suffix);
    char *name = ay_arena_alloc(&g->arena, a + b + 1);

    if (!name) {
        ay_graph_sin(g, AY_ENOMEM, "out of memory for a name");
        return NULL;
    }
    memcpy(name, prefix, a);
    memcpy(name + a, suffix, b + 1);
    return name;
}

void ay_node_param(ay_graph *g, ay_node *n, int i, const char *prefix, const char *suffix,
                   ay_shape shape)
{
    ay_param *p;

    if (!n || g->status != AY_OK)
        return;
    if (!grow(&g->param, g->params, &g->param_cap, sizeof *g->param)) {
        ay_graph_sin(g, AY_ENOMEM, "out of memory for a parameter");
        return;
    }
    p = &g->param[g->params];
    *p = (ay_param){.parts = 1, .shape = shape};
    p->name[0] = join(g, prefix, suffix);
    n->param[i] = g->params++;
}

ay_val ay_graph_push(ay_graph *g, ay_node *n)
{
    ay_shape in[AY_NODE_INPUTS];
    ay_status status;
    size_t bytes;

    if (!n || g->status != AY_OK)
        return AY_NOVAL;
    for (int i = 0; i < n->nin; i++)
        in[i] = g->node[n->in[i]].shape;
    if (n->nin) {
        ay_shape out = {0};
        status = n->op->infer(n, in, &out, &g->err);
        n->shape = out;
        if (status != AY_OK) {
            ay_err_wrap(&g->err, "%s \"%s\"", n->op->name, n->label);
            g->status = status;
            return AY_NOVAL;
        }
    }
    if (!ay_shape_bytes(&n->shape, sizeof(float), &bytes) || bytes == 0) {
        ay_graph_sin(g, AY_EINVAL, "%s \"%s\": the result is empty or too large", n->op->name,
                     n->label);
        return AY_NOVAL;
    }
    return g->nodes++;
}

static ay_status infer_input(const ay_node *n, const ay_shape *in, ay_shape *out, ay_err *err)
{
    (void)in, (void)err;
    *out = n->shape;
    return AY_OK;
}

const ay_op ay_op_input = {.name = "input", .infer = infer_input};

ay_val ay_graph_input(ay_graph *g, const char *name, ay_shape shape)
{
    ay_node *n = ay_graph_new_node(g, &ay_op_input, name);

    if (!n)
        return AY_NOVAL;
    n->shape = shape;
    if (shape.rank < 1 || shape.dim[0] != 1)
        ay_graph_sin(g, AY_EINVAL, "input \"%s\": dimension 0 is the batch and must be 1", name);
    else if (!grow(&g->input, g->inputs, &g->input_cap, sizeof *g->input))
        ay_graph_sin(g, AY_ENOMEM, "out of memory for an input");
    ay_val v = ay_graph_push(g, n);
    if (v != AY_NOVAL)
        g->input[g->inputs++] = v;
    return v;
}

void ay_graph_output(ay_graph *g, ay_val v, const char *name)
{
    const char *copy = keep(g, name);

    if (g->status != AY_OK)
        return;
    if (v < 0 || v >= g->nodes)
        ay_graph_sin(g, AY_EINVAL, "output \"%s\" does not exist", name);
    else if (!grow(&g->output, g->outputs, &g->output_cap, sizeof *g->output))
        ay_graph_sin(g, AY_ENOMEM, "out of memory for an output");
    else
        g->output[g->outputs++] = (struct ay_graph_out){copy, v};
}

ay_status ay_graph_finish(ay_graph *g, ay_err *err)
{
    if (g->status == AY_OK && (g->inputs == 0 || g->outputs == 0))
        ay_graph_sin(g, AY_EINVAL, "a graph needs an input and an output");
    if (g->status != AY_OK)
        return ay_fail(err, g->status, "%s", g->err.msg);
    g->finished = true;
    return AY_OK;
}

ay_shape ay_graph_shape(const ay_graph *g, ay_val v)
{
    return v >= 0 && v < g->nodes ? g->node[v].shape : (ay_shape){0};
}

ay_status ay_graph_infer(const ay_graph *g, const ay_shape *inputs, ay_shape *shape, ay_err *err)
{
    for (int i = 0; i < g->inputs; i++)
        shape[g->input[i]] = inputs[i];
    for (int v = 0; v < g->nodes; v++) {
        const ay_node *n = &g->node[v];
        ay_shape in[AY_NODE_INPUTS];
        size_t bytes;
        ay_status status = AY_OK;
        for (int i = 0; i < n->nin; i++)
            in[i] = shape[n->in[i]];
        if (n->nin)
            status = n->op->infer(n, in, &shape[v], err);
        if (status == AY_OK && (!ay_shape_bytes(&shape[v], sizeof(float), &bytes) || bytes == 0))
            status = ay_fail(err, AY_EINVAL, "the result is empty or too large");
        if (status != AY_OK) {
            ay_err_wrap(err, "%s \"%s\"", n->op->name, n->label);
            return status;
        }
    }
    return AY_OK;
}

double ay_graph_flops(const ay_graph *g)
{
    double sum = 0;

    for (int v = 0; v < g->nodes; v++) {
        const ay_node *n = &g->node[v];
        ay_shape in[AY_NODE_INPUTS];
        for (int i = 0; i < n->nin; i++)
            in[i] = g->node[n->in[i]].shape;
        if (n->op->flops)
            sum += n->op->flops(n, in, &n->shape);
    }
    return sum;
}
