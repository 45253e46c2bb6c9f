/* models/vit_conv.c - a vision transformer on a stem of convolutions: the image tower of MobileCLIP-B
 * and MobileCLIP2-B (timm's vit_base_mci_224), by the names of timm, open_clip and Apple.
 *
 * Vasu et al., "MobileCLIP", 2024; the stem after Xiao et al., "Early convolutions help transformers
 * see better", 2021.
 *
 *   input    N 3 S S
 *   stem     conv k4 s4, norm, GELU; conv k2 s2, norm, GELU; conv k2 s2     N D S/16 S/16
 *   tokens   places added, then a class token in front, without a place     B T+1 D
 *   L times  x += proj(attention(qkv(norm1 x)));  x += fc2(GELU(fc1(norm2 x)))
 *   norm     of the class token alone
 *   vector   linear
 *
 * As in clip_vit.c, the last block does everything after its attention for the class token alone.
 * Details that have caused bugs:
 *   - the class token has no place, so there are T places and not T + 1;
 *   - epsilon of the norms between tokens is 1e-6, where CLIP's own towers have 1e-5;
 *   - the last convolution of the stem has a bias and no norm. */
#include "models/arch.h"
#include "models/rewrite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STEM_MOST = 6, DEPTH_MOST = 96, HEAD_WIDTH = 64 };
static const float eps = 1e-6f;

/* Apple's words for timm's. */
static const ay_rename apple[] = {{"patch_emb.", "patch_embed.backbone."},
                                  {".block.conv.", ".conv."},
                                  {".block.norm.", ".bn."},
                                  {"post_transformer_norm.", "norm."},
                                  {"pre_norm_mha.0.", "norm1."},
                                  {"pre_norm_mha.1.", "attn."},
                                  {"pre_norm_ffn.0.", "norm2."},
                                  {"pre_norm_ffn.1.", "mlp.fc1."},
                                  {"pre_norm_ffn.4.", "mlp.fc2."},
                                  {"qkv_proj.", "qkv."},
                                  {"out_proj.", "proj."},
                                  {"transformer.", "blocks."},
                                  {"pos_embed.pos_embed.pos_embed", "pos_embed"},
                                  {NULL, NULL}};

typedef struct {
    char prefix[AY_PREFIX_MAX];
    int stem, side, grid, width, layers, mlp, dim;
    bool transposed; /* the projection is "classifier.proj", [in, out] without bias */
} tower;

typedef struct {
    const ay_source *src;
    ay_graph *g;
    const tower *t;
    char at[AY_NAME_MAX]; /* what stands before the names of the part under construction */
} builder;

static const char *own = "patch_embed.backbone.0.conv.weight";
static const char *apples = "patch_emb.0.block.conv.weight";

static bool match(const ay_source *src)
{
    char prefix[AY_PREFIX_MAX];

    return (ay_source_prefix(src, own, prefix) || ay_source_prefix(src, apples, prefix)) &&
           ay_source_find(src, "%scls_token", prefix);
}

static ay_status rewrite(const ay_source *src, ay_rewritten *out, ay_err *err)
{
    char prefix[AY_PREFIX_MAX], scope[AY_PREFIX_MAX];
    bool translate = !ay_source_prefix(src, own, prefix);
    ay_tensor_list l;
    ay_status status;

    if (translate)
        ay_source_prefix(src, apples, prefix);
    snprintf(scope, sizeof scope, "%s", prefix);
    if (strchr(scope, '.'))
        strchr(scope, '.')[1] = '\0';
    status = ay_list_read(&l, src, scope, prefix, translate ? apple : NULL, &out->values, err);
    if (status == AY_OK)
        status = ay_list_close(&l, &out->st, err);
    ay_list_fini(&l);
    return status;
}

/* ---- what there is --------------------------------------------------------------------------- */

static char *name_of(char dst[AY_NAME_MAX], const tower *t, const char *rest)
{
    snprintf(dst, AY_NAME_MAX, "%.255s%.250s", t->prefix, rest);
    return dst;
}

/* The stem's convolutions do not overlap, so their kernels multiply to the side of a patch. */
static ay_status read_stem(const ay_source *src, tower *t, ay_err *err)
{
    char name[AY_NAME_MAX], rest[64];
    int64_t conv[4], place[3];
    ay_status status = AY_OK;

    for (t->side = 1; status == AY_OK; t->stem++) {
        snprintf(rest, sizeof rest, "patch_embed.backbone.%d.conv.weight", t->stem);
        if (!ay_safetensors_find(src->st, name_of(name, t, rest)) || t->stem == STEM_MOST)
            break;
        status = ay_source_shape(src, name, 4, conv, err);
        if (status == AY_OK && (conv[2] > 64 || t->side > 1024))
            status = ay_fail(err, AY_ECORRUPT, "tensor %s has a kernel of %lld", name,
                             (long long)conv[2]);
        t->side *= status == AY_OK ? (int)conv[2] : 1;
        t->width = (int)conv[0];
    }
    name_of(name, t, "pos_embed");
    const ay_tensor *places = ay_safetensors_find(src->st, name);
    if (status == AY_OK && !places)
        status = ay_fail(err, AY_ENOTFOUND, "tensor %s is missing", name);
    if (status != AY_OK)
        return status;
    place[0] = (int64_t)ay_tensor_count(places) / t->width;
    t->grid = (int)lround(sqrt((double)place[0]));
    if (t->grid < 1 || t->grid > 1024 || (int64_t)t->grid * t->grid != place[0] ||
        t->grid * t->side > 4096)
        return ay_fail(err, AY_ECORRUPT, "tensor %s has %lld places, which is no square", name,
                       (long long)place[0]);
    return AY_OK;
}

static ay_status read_tower(const ay_source *src, tower *t, ay_err *err)
{
    char name[AY_NAME_MAX];
    int64_t dim[2];
    ay_status status;

    if (!ay_source_prefix(src, own, t->prefix))
        return ay_fail(err, AY_EUNSUPPORTED, "no stem of convolutions");
    status = read_stem(src, t, err);
    if (status != AY_OK)
        return status;
    t->layers = ay_source_blocks(src, name_of(name, t, "blocks."), ".mlp.fc1.weight");
    if (t->layers > DEPTH_MOST || t->width % HEAD_WIDTH)
        return ay_fail(err, AY_EUNSUPPORTED, "%d blocks of width %d, wanted up to %d and heads of %d",
                       t->layers, t->width, DEPTH_MOST, HEAD_WIDTH);
    status = ay_source_shape(src, name_of(name, t, "blocks.0.mlp.fc1.weight"), 2, dim, err);
    if (status != AY_OK)
        return status;
    t->mlp = (int)dim[0];
    t->transposed = ay_safetensors_find(src->st, name_of(name, t, "classifier.proj")) != NULL;
    name_of(name, t, t->transposed ? "classifier.proj" : "head.weight");
    status = ay_source_shape(src, name, 2, dim, err);
    t->dim = status == AY_OK ? (int)dim[t->transposed] : 0;
    return status;
}

/* ---- the graph ------------------------------------------------------------------------------- */

static const char *part(const builder *b, char dst[AY_NAME_MAX + 64], const char *rest)
{
    snprintf(dst, AY_NAME_MAX + 64, "%s%s", b->at, rest);
    return dst;
}

static ay_val linear(const builder *b, ay_val x, const char *rest, int out)
{
    char name[AY_NAME_MAX + 64];

    return ay_nn_linear(b->g, x, part(b, name, rest), &(ay_linear){.out = out, .bias = true});
}

static ay_val norm(const builder *b, ay_val x, const char *rest)
{
    char name[AY_NAME_MAX + 64];

    return ay_nn_layer_norm(b->g, x, part(b, name, rest), eps);
}

static ay_val stem(builder *b, ay_val x)
{
    char name[AY_NAME_MAX + 64];

    for (int i = 0; i < b->t->stem; i++) {
        snprintf(b->at, sizeof b->at, "%spatch_embed.backbone.%d.", b->t->prefix, i);
        const ay_tensor *w = ay_source_find(b->src, "%sconv.weight", b->at);
        int k = (int)w->shape.dim[2];
        ay_conv a = {.out = (int)w->shape.dim[0], .kernel = k, .stride = k};
        a.bias = ay_source_find(b->src, "%sconv.bias", b->at) != NULL;
        x = ay_nn_conv2d(b->g, x, part(b, name, "conv"), &a);
        if (!ay_source_find(b->src, "%sbn.weight", b->at))
            continue;
        x = ay_nn_batch_norm(b->g, x, part(b, name, "bn"), 0);
        x = ay_nn_activation(b->g, x, AY_ACT_GELU);
    }
    return x;
}

static ay_val block(builder *b, ay_val x, int i)
{
    const tower *t = b->t;
    ay_val y;

    snprintf(b->at, sizeof b->at, "%sblocks.%d.", t->prefix, i);
    y = linear(b, norm(b, x, "norm1"), "attn.qkv", 3 * t->width);
    y = ay_nn_attention(b->g, y, t->width / HEAD_WIDTH, false);
    if (i == t->layers - 1) {
        y = ay_nn_token(b->g, y, 0);
        x = ay_nn_token(b->g, x, 0);
    }
    x = ay_nn_add(b->g, x, linear(b, y, "attn.proj", t->width));
    y = linear(b, norm(b, x, "norm2"), "mlp.fc1", t->mlp);
    y = linear(b, ay_nn_activation(b->g, y, AY_ACT_GELU), "mlp.fc2", t->width);
    return ay_nn_add(b->g, x, y);
}

static void build_graph(builder *b, const ay_model_options *opt, ay_model_info *info)
{
    const tower *t = b->t;
    int size = t->grid * t->side;
    char name[AY_NAME_MAX];
    ay_val x = ay_graph_input(b->g, "image", AY_SHAPE(1, 3, size, size));

    x = ay_nn_patches(b->g, stem(b, x));
    x = ay_nn_embed_tokens(b->g, x, NULL, name_of(name, t, "pos_embed"));
    x = ay_nn_embed_tokens(b->g, x, name_of(name, t, "cls_token"), NULL);
    for (int i = 0; i < t->layers; i++)
        x = block(b, x, i);
    snprintf(b->at, sizeof b->at, "%s", t->prefix);
    x = norm(b, x, "norm");
    name_of(name, t, t->transposed ? "classifier.proj" : "head");
    bool bias = ay_source_find(b->src, "%s.bias", name) != NULL;
    x = ay_nn_linear(b->g, x, name,
                     &(ay_linear){.out = t->dim,
                                  .bias = bias,
                                  .transposed = t->transposed,
                                  .weight = t->transposed ? name : NULL});
    ay_graph_output(b->g, x, "vector");
    ay_source_head(b->src, opt, b->g, x, info);
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    tower t = {0};
    ay_status status = read_tower(src, &t, err);
    int size = t.grid * t.side;

    if (status != AY_OK)
        return status;
    info->recipe = (ay_recipe){
        .size = size, .resize = size, .filter = AY_RECIPE_BILINEAR, .std = {1, 1, 1},
        .as_stored = true};
    status = ay_recipe_read(&info->recipe, src, err);
    if (status == AY_OK)
        ay_recipe_resize(&info->recipe, opt->size);
    if (status == AY_OK && info->recipe.size != size)
        status = ay_fail(err, AY_ECORRUPT, "preprocessing makes %d pixels, the network takes %d",
                         info->recipe.size, size);
    if (status != AY_OK)
        return status;
    info->dim = t.dim;
    snprintf(info->shape, sizeof info->shape,
             "width=%d layers=%d heads=%d mlp=%d stem=%d patch=%d size=%d act=gelu dim=%d", t.width,
             t.layers, t.width / HEAD_WIDTH, t.mlp, t.stem, t.side, size, t.dim);
    build_graph(&(builder){.src = src, .g = g, .t = &t}, opt, info);
    status = ay_graph_finish(g, err);
    /* Any other prefix means a part of something larger, whose other tensors are not our business. */
    bool whole = !t.prefix[0] || strcmp(t.prefix, "visual.trunk.") == 0 ||
                 strcmp(t.prefix, "image_encoder.model.") == 0;
    return status == AY_OK ? ay_source_bind(src, opt, g, whole, NULL, err) : status;
}

const ay_arch ay_arch_vit_conv = {
    .name = "vit-conv", .match = match, .build = build, .rewrite = rewrite};
