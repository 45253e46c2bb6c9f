/* nn/dnnl/fuse.c - which nodes become one step.
 *
 *   conv2d | linear  ->  batch_norm*, scale*  ->  activation, add (one), activation ...
 *
 * The normalisations disappear into weights and bias; activations and the residual add become
 * post-ops, applied while the result is still in registers.  A node joins a chain when it is the
 * only reader of what comes before it.  An add joins the first chain that reaches it; the other
 * side is then an ordinary value. */
#include "nn/dnnl/compile.h"

/* The only reader of v, or -1. */
static ay_val sole_reader(const ay_dnnl *c, ay_val v)
{
    if (c->uses[v] != 1)
        return -1;
    for (ay_val r = v + 1; r < c->g->nodes; r++)
        for (int i = 0; i < c->g->node[r].nin; i++)
            if (c->g->node[r].in[i] == v)
                return r;
    return -1; /* it is an output */
}

/* Is dimension 1 (batch-norm) or the scale's dimension the one that the root's rows make? */
static bool folds_into(const ay_dnnl *c, ay_val root, const ay_node *n)
{
    bool conv = c->g->node[root].op == &ay_op_conv2d;
    int made = conv ? 1 : c->p->shape[root].rank - 1;

    if (n->op == &ay_op_batch_norm)
        return made == 1;
    return n->op == &ay_op_scale && n->attr.slice.axis == made;
}

static bool add_joins(const ay_dnnl *c, const ay_chain *chain, ay_val before, const ay_node *n)
{
    ay_val other = n->in[0] == before ? n->in[1] : n->in[0];

    for (int i = 0; i < chain->posts; i++)
        if (chain->post[i].act == AY_ACT_NONE)
            return false;
    return ay_shape_equal(&c->p->shape[other], &c->p->shape[before]);
}

static bool join(ay_dnnl *c, ay_val root, ay_chain *chain, ay_val r)
{
    const ay_node *n = &c->g->node[r];
    dnnl_alg_kind_t alg;
    float a, b;
    int i = chain->posts;

    if (c->root[r] >= 0)
        return false;
    if (i == 0 && chain->folds < AY_CHAIN_FOLDS && folds_into(c, root, n)) {
        chain->fold[chain->folds++] = r;
        return true;
    }
    if (i == AY_CHAIN_POSTS)
        return false;
    if (n->op == &ay_op_activation && ay_dnnl_alg(n->attr.act, &alg, &a, &b)) {
        chain->post[i].act = n->attr.act;
    } else if (n->op == &ay_op_add && add_joins(c, chain, chain->tail, n)) {
        chain->post[i].act = AY_ACT_NONE;
        chain->post[i].add = n->in[0] == chain->tail ? n->in[1] : n->in[0];
    } else {
        return false;
    }
    chain->posts++;
    return true;
}

static void build_chain(ay_dnnl *c, ay_val root)
{
    ay_chain *chain = &c->chain[root];
    ay_val r;

    chain->tail = root;
    c->root[root] = root;
    while ((r = sole_reader(c, chain->tail)) >= 0 && join(c, root, chain, r)) {
        c->root[r] = root;
        chain->tail = r;
    }
}

void ay_dnnl_fuse(ay_dnnl *c)
{
    for (ay_val v = 0; v < c->g->nodes; v++) {
        c->root[v] = -1;
        c->chain[v].tail = -1;
    }
    for (ay_val v = 0; v < c->g->nodes; v++)
        if (c->g->node[v].op == &ay_op_conv2d || c->g->node[v].op == &ay_op_linear)
            build_chain(c, v);
}
