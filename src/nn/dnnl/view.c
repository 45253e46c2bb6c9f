/* nn/dnnl/view.c - operators that move nothing: the value is the same memory under another
 * descriptor.  A reorder comes in only where the memory really has to change. */
#include "nn/dnnl/compile.h"

/* The input, lying as `from`, is v under the name `to`. */
static ay_status seen_as(ay_dnnl *c, ay_val v, dnnl_memory_desc_t from, dnnl_memory_desc_t to,
                         ay_err *err)
{
    ay_place at;
    ay_status status = ay_dnnl_want(c, c->g->node[v].in[0], &from, &at, err);

    if (status == AY_OK)
        ay_dnnl_put(c, v, &to, at);
    return status;
}

ay_status ay_dnnl_reshape(ay_dnnl *c, ay_val v, ay_err *err)
{
    ay_val in = c->g->node[v].in[0];
    dnnl_data_type_t type = c->lay[in].md.data_type;

    return seen_as(c, v, ay_dnnl_plain(&c->p->shape[in], type),
                   ay_dnnl_plain(&c->p->shape[v], type), err);
}

ay_status ay_dnnl_patches(ay_dnnl *c, ay_val v, ay_err *err)
{
    ay_val in = c->g->node[v].in[0];
    dnnl_data_type_t type = c->lay[in].md.data_type;

    return seen_as(c, v, ay_dnnl_nhwc(&c->p->shape[in], type),
                   ay_dnnl_plain(&c->p->shape[v], type), err);
}

ay_status ay_dnnl_grid(ay_dnnl *c, ay_val v, ay_err *err)
{
    ay_val in = c->g->node[v].in[0];
    dnnl_data_type_t type = c->lay[in].md.data_type;

    return seen_as(c, v, ay_dnnl_plain(&c->p->shape[in], type),
                   ay_dnnl_nhwc(&c->p->shape[v], type), err);
}

ay_status ay_dnnl_slice(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    dnnl_data_type_t type = c->lay[n->in[0]].md.data_type;
    dnnl_memory_desc_t from = ay_dnnl_plain(&c->p->shape[n->in[0]], type), to;
    dnnl_dims_t dims = {0}, offsets = {0};
    ay_place at;
    ay_status status = ay_dnnl_want(c, n->in[0], &from, &at, err);

    for (int i = 0; i < c->p->shape[v].rank; i++)
        dims[i] = c->p->shape[v].dim[i];
    offsets[n->attr.slice.axis] = n->attr.slice.begin;
    if (status == AY_OK)
        status =
            ay_dnnl_check(dnnl_memory_desc_init_submemory(&to, &from, dims, offsets), "slice", err);
    if (status != AY_OK)
        return status;
    at.offset += (size_t)to.offset0 * dnnl_data_type_size(type);
    to.offset0 = 0;
    ay_dnnl_put(c, v, &to, at);
    return AY_OK;
}

ay_status ay_dnnl_transpose(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    dnnl_memory_desc_t from = ay_dnnl_plain(&c->p->shape[n->in[0]], c->lay[n->in[0]].md.data_type);
    dnnl_memory_desc_t to;
    int moved[AY_MAX_RANK];
    ay_place at;
    ay_status status = ay_dnnl_want(c, n->in[0], &from, &at, err);

    for (int i = 0; i < from.ndims; i++)
        moved[n->attr.transpose.order[i]] = i; /* oneDNN says where each dimension goes */
    if (status == AY_OK)
        status = ay_dnnl_check(dnnl_memory_desc_permute_axes(&to, &from, moved), "transpose", err);
    if (status == AY_OK)
        ay_dnnl_put(c, v, &to, at);
    return status;
}

ay_status ay_dnnl_concat(ay_dnnl *c, ay_val v, ay_err *err)
{
    const ay_node *n = &c->g->node[v];
    dnnl_memory_desc_t dmd = ay_dnnl_preferred(&c->p->shape[v], c->type), smd[AY_NODE_INPUTS];
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    ay_place src[AY_NODE_INPUTS], dst;
    ay_step *s;
    ay_status status = ay_dnnl_new(c, v, &dmd, &dst, err);

    for (int i = 0; status == AY_OK && i < n->nin; i++) {
        smd[i] = ay_dnnl_preferred(&c->p->shape[n->in[i]], c->type);
        status = ay_dnnl_want(c, n->in[i], &smd[i], &src[i], err);
    }
    if (status == AY_OK)
        status = ay_dnnl_attr(NULL, &attr, err);
    if (status == AY_OK)
        status =
            ay_dnnl_check(dnnl_concat_primitive_desc_create(&pd, &dmd, n->nin, n->attr.slice.axis,
                                                            smd, attr, c->out->engine),
                          "concat", err);
    dnnl_primitive_attr_destroy(attr);
    if (status == AY_OK)
        status = ay_dnnl_emit(c, v, pd, &s, err);
    for (int i = 0; status == AY_OK && i < n->nin; i++)
        status = ay_dnnl_arg(c, s, DNNL_ARG_MULTIPLE_SRC + i, &smd[i], src[i], err);
    return status == AY_OK ? ay_dnnl_arg(c, s, DNNL_ARG_DST, &dmd, dst, err) : status;
}
