/* nn/dnnl/pack.c - parameters in the form a primitive wants, made once for all plans of a graph.
 *
 * Folding (w: row o of the weights, b: bias[o]):
 *   batch_norm  s = weight / sqrt(var + eps);  w *= s;  b = (b - mean) * s + bias
 *   scale       w *= s;  b *= s
 * The key of a packed constant is the node, what it is, and the whole memory descriptor, so two
 * plans that chose different layouts keep one copy each. */
#include "nn/dnnl/compile.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

typedef struct {
    int32_t node, what; /* what: 0 weights, 1 bias, 2... parameters */
    int32_t which[AY_NODE_PARAMS];
    dnnl_memory_desc_t md;
} pack_key;

enum { WEIGHTS, BIAS, PARAMS };

/* What fill() needs. */
typedef struct {
    ay_dnnl *c;
    ay_val v;
    const ay_shape *as;
    const dnnl_memory_desc_t *md;
    const int *which;
    int n;
} job;

static const ay_param *param_of(const ay_dnnl *c, ay_val v, int i)
{
    int p = c->g->node[v].param[i];

    return p >= 0 ? &c->g->param[p] : NULL;
}

/* Row o's factor and shift for one folded node: y = x * factor + shift.  tmp holds 4 * n floats. */
static void fold_terms(const ay_dnnl *c, int node, size_t n, float *factor, float *shift,
                       float *tmp)
{
    const ay_node *f = &c->g->node[node];

    ay_param_read(param_of(c, node, 0), factor);
    memset(shift, 0, n * sizeof *shift);
    if (f->op != &ay_op_batch_norm)
        return;
    float *mean = tmp, *var = tmp + n;
    ay_param_read(param_of(c, node, 1), shift);
    ay_param_read(param_of(c, node, 2), mean);
    ay_param_read(param_of(c, node, 3), var);
    for (size_t i = 0; i < n; i++) {
        factor[i] /= sqrtf(var[i] + f->attr.norm.eps);
        shift[i] -= mean[i] * factor[i];
    }
}

/* All folds of v's chain as one factor and shift; shift starts from the node's own bias. */
static ay_status fold_all(const ay_dnnl *c, ay_val v, size_t n, float *factor, float *shift,
                          ay_err *err)
{
    const ay_chain *chain = &c->chain[v];
    float *tmp = ay_alloc(n * 4, sizeof *tmp);

    if (!tmp)
        return ay_fail(err, AY_ENOMEM, "out of memory folding weights");
    for (size_t i = 0; i < n; i++)
        factor[i] = 1;
    memset(shift, 0, n * sizeof *shift);
    if (param_of(c, v, 1))
        ay_param_read(param_of(c, v, 1), shift);
    for (int k = 0; k < chain->folds; k++) {
        fold_terms(c, chain->fold[k], n, tmp, tmp + n, tmp + 2 * n);
        for (size_t i = 0; i < n; i++) {
            factor[i] *= tmp[i];
            shift[i] = shift[i] * tmp[i] + tmp[n + i];
        }
    }
    ay_free(tmp);
    return AY_OK;
}

static ay_status reorder_once(ay_dnnl *c, const dnnl_memory_desc_t *from, void *src,
                              const dnnl_memory_desc_t *to, void *dst, ay_err *err)
{
    dnnl_engine_t e = c->out->engine;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t prim = NULL;
    dnnl_memory_t a = NULL, b = NULL;
    dnnl_status_t s = dnnl_reorder_primitive_desc_create(&pd, from, e, to, e, NULL);

    if (s == dnnl_success)
        s = dnnl_primitive_create(&prim, pd);
    if (s == dnnl_success)
        s = dnnl_memory_create(&a, from, e, src);
    if (s == dnnl_success)
        s = dnnl_memory_create(&b, to, e, dst);
    if (s == dnnl_success) {
        dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, a}, {DNNL_ARG_TO, b}};
        s = dnnl_primitive_execute(prim, c->out->stream, 2, args);
        dnnl_stream_wait(c->out->stream);
    }
    dnnl_memory_destroy(a);
    dnnl_memory_destroy(b);
    dnnl_primitive_destroy(prim);
    dnnl_primitive_desc_destroy(pd);
    return ay_dnnl_check(s, "packing weights", err);
}

static void apply_factor(float *w, size_t count, size_t rows, const float *factor, bool transposed)
{
    size_t inner = count / rows;

    for (size_t i = 0; transposed && i < count; i += rows)
        for (size_t k = 0; k < rows; k++)
            w[i + k] *= factor[k];
    for (size_t k = 0; !transposed && k < rows; k++)
        for (size_t i = k * inner; i < (k + 1) * inner; i++)
            w[i] *= factor[k];
}

/* The plain form that `as` describes: linear weights are given to matmul as [in, out]. */
static dnnl_memory_desc_t stored_form(const job *j, bool conv, bool transposed)
{
    dnnl_memory_desc_t md = ay_dnnl_plain(j->as, dnnl_f32);

    if (!conv && !transposed) {
        dnnl_dims_t dims = {j->as->dim[0], j->as->dim[1]}, strides = {1, j->as->dim[0]};
        dnnl_memory_desc_init_by_strides(&md, 2, dims, dnnl_f32, strides);
    }
    return md;
}

/* The parameter where it lies, when nothing has to be changed in it; else NULL. */
static void *in_place(const job *j, const ay_param *p)
{
    bool plain = j->c->chain[j->v].folds == 0 && p->parts == 1 && p->src[0].dtype == AY_F32 &&
                 (uintptr_t)p->src[0].data % _Alignof(float) == 0;

    return plain ? (void *)(uintptr_t)p->src[0].data : NULL; /* a reorder reads only */
}

static ay_status fill_weights(void *ctx, void *dst, ay_err *err)
{
    job *j = ctx;
    const ay_node *n = &j->c->g->node[j->v];
    const ay_param *p = param_of(j->c, j->v, 0);
    bool gemm = j->as->rank == 2, transposed = n->op == &ay_op_linear && n->attr.linear.transposed;
    size_t count = ay_shape_count(&p->shape), rows = (size_t)p->shape.dim[transposed ? 1 : 0];
    dnnl_memory_desc_t from = stored_form(j, !gemm, transposed);
    ay_status status;
    float *w;

    if (in_place(j, p))
        return reorder_once(j->c, &from, in_place(j, p), j->md, dst, err);
    w = ay_alloc(count + 2 * rows, sizeof *w);
    if (!w)
        return ay_fail(err, AY_ENOMEM, "out of memory packing \"%s\"", p->name[0]);
    ay_param_read(p, w);
    status = fold_all(j->c, j->v, rows, w + count, w + count + rows, err);
    if (status == AY_OK) {
        apply_factor(w, count, rows, w + count, transposed);
        status = reorder_once(j->c, &from, w, j->md, dst, err);
    }
    ay_free(w);
    return status;
}

static ay_status fill_bias(void *ctx, void *dst, ay_err *err)
{
    job *j = ctx;
    size_t n = (size_t)j->as->dim[0];
    float *factor = ay_alloc(n, sizeof *factor);
    ay_status status;

    if (!factor)
        return ay_fail(err, AY_ENOMEM, "out of memory packing a bias");
    status = fold_all(j->c, j->v, n, factor, dst, err);
    ay_free(factor);
    return status;
}

static ay_status fill_params(void *ctx, void *dst, ay_err *err)
{
    job *j = ctx;
    float *to = dst;

    (void)err;
    for (int i = 0; i < j->n; i++) {
        const ay_param *p = param_of(j->c, j->v, j->which[i]);
        ay_param_read(p, to);
        to += ay_shape_count(&p->shape);
    }
    return AY_OK;
}

static ay_status packed(job *j, int what, size_t bytes, ay_status (*fill)(void *, void *, ay_err *),
                        ay_place *out, ay_err *err)
{
    pack_key key;

    memset(&key, 0, sizeof key); /* padding takes part in the comparison */
    key.node = j->v;
    key.what = what;
    for (int i = 0; i < j->n; i++)
        key.which[i] = j->which[i] + 1;
    if (j->md)
        key.md = *j->md;
    *out = (ay_place){.buf = -1};
    return ay_graph_packed(j->c->g, &key, sizeof key, bytes, fill, j, &out->fixed, err);
}

ay_status ay_dnnl_weights(ay_dnnl *c, ay_val v, const ay_shape *as, const dnnl_memory_desc_t *md,
                          ay_place *out, ay_err *err)
{
    job j = {.c = c, .v = v, .as = as, .md = md};

    return packed(&j, WEIGHTS, dnnl_memory_desc_get_size(md), fill_weights, out, err);
}

bool ay_dnnl_has_bias(const ay_dnnl *c, ay_val v)
{
    const ay_chain *chain = &c->chain[v];
    bool shifts = param_of(c, v, 1) != NULL;

    for (int i = 0; i < chain->folds; i++)
        shifts = shifts || c->g->node[chain->fold[i]].op == &ay_op_batch_norm;
    return shifts;
}

ay_status ay_dnnl_bias(ay_dnnl *c, ay_val v, ay_place *out, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    ay_shape as = AY_SHAPE(n->op == &ay_op_conv2d ? n->attr.conv.out : n->attr.linear.out);
    job j = {.c = c, .v = v, .as = &as};

    return packed(&j, BIAS, (size_t)as.dim[0] * sizeof(float), fill_bias, out, err);
}

ay_status ay_dnnl_params(ay_dnnl *c, ay_val v, const int *which, int n, ay_place *out, ay_err *err)
{
    job j = {.c = c, .v = v, .which = which, .n = n};
    size_t count = 0;

    for (int i = 0; i < n; i++)
        count += ay_shape_count(&param_of(c, v, which[i])->shape);
    return packed(&j, PARAMS, count * sizeof(float), fill_params, out, err);
}
