/* models/fastvit.c - FastViT as MobileCLIP's image towers use it: S0, S1, S2 (timm's fastvit_mci0, 1,
 * 2) and MobileCLIP2's S0, S2, S3, S4, by the names of timm, open_clip and Apple.
 *
 * Vasu et al., "FastViT", 2023; Vasu et al., "MobileCLIP", 2024; Faghri et al., "MobileCLIP2", 2025.
 *
 *   input    N 3 S S
 *   stem     conv k3 s2, GELU; depthwise k3 s2, GELU; conv k1, GELU            N C S/4 S/4
 *   stage    between stages: depthwise k7 s2 to twice the channels, squeeze and excite (some), GELU,
 *            conv k1, GELU; then, where attention follows, depthwise k7 for the places
 *     block  x = depthwise k3 (x)             or  x += g1 * proj(attention(qkv(norm x)))
 *            x += g2 * fc2(GELU(fc1(norm(depthwise k7 x))))
 *   head     depthwise k3 to twice the channels, squeeze and excite, GELU, average over places
 *   vector   linear
 *
 * Every convolution without a norm is what fastvit_fold.c made of the branches of training.  Depths,
 * widths, kernels, squeezes, and whether a stage mixes by convolution or attention are read from the
 * tensors.  Details that have caused bugs:
 *   - the squeeze's activation is ReLU although everything else is GELU;
 *   - heads are 32 wide; no tensor says so;
 *   - FastViT for ImageNet (t8 ... ma36) has the same names without the GELU between its large kernel
 *     and the next convolution.  It has neither squeezes there nor five stages; it is refused, because
 *     its last layer is a classifier and no projection;
 *   - S3 and S4 have LayerNorm before attention, over channels, where the others have BatchNorm: the
 *     running mean tells;
 *   - pictures are not normalised (mean 0, deviation 1), but for S3 and S4, which see CLIP's. */
#include "models/fastvit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STAGES_MOST = 8, DEPTH_MOST = 64, STEM = 3, HEAD_WIDTH = 32, LARGE_STAGES = 5 };

typedef struct {
    char prefix[AY_PREFIX_MAX];
    int stages, depth[STAGES_MOST], width[STAGES_MOST], dim;
    bool attention[STAGES_MOST], squeezed, transposed;
} network;

typedef struct {
    const ay_source *src;
    ay_graph *g;
    const network *net;
} builder;

static bool match(const ay_source *src)
{
    char prefix[AY_PREFIX_MAX];

    return ay_fastvit_prefix(src, prefix);
}

/* ---- what there is --------------------------------------------------------------------------- */

static ay_status read_stage(const ay_source *src, network *net, int s, ay_err *err)
{
    char start[AY_NAME_MAX], name[AY_NAME_MAX + 64];
    int64_t dim[4];

    snprintf(start, sizeof start, "%sstages.%d.blocks.", net->prefix, s);
    net->depth[s] = ay_source_blocks(src, start, ".mlp.fc1.weight");
    if (net->depth[s] > DEPTH_MOST)
        return ay_fail(err, AY_EUNSUPPORTED, "stage %d has more than %d blocks", s, DEPTH_MOST);
    net->attention[s] = ay_source_find(src, "%s0.token_mixer.qkv.weight", start) != NULL;
    if (ay_source_find(src, "%sstages.%d.downsample.proj.0.se.fc1.weight", net->prefix, s))
        net->squeezed = true;
    snprintf(name, sizeof name, "%s0.mlp.fc2.weight", start);
    ay_status status = ay_source_shape(src, name, 4, dim, err);
    net->width[s] = status == AY_OK ? (int)dim[0] : 0;
    if (status == AY_OK && net->attention[s] && dim[0] % HEAD_WIDTH)
        status = ay_fail(err, AY_ECORRUPT, "%s: %d channels are not heads of %d", name,
                         net->width[s], HEAD_WIDTH);
    return status;
}

static ay_status read_head(const ay_source *src, network *net, ay_err *err)
{
    char name[AY_NAME_MAX + 64];
    int64_t dim[2];
    ay_status status;

    snprintf(name, sizeof name, "%.255shead.proj", net->prefix);
    net->transposed = ay_safetensors_find(src->st, name) != NULL; /* Apple's: [in, out], no bias */
    if (!net->transposed)
        strcat(name, ".weight");
    status = ay_source_shape(src, name, 2, dim, err);
    net->dim = status == AY_OK ? (int)dim[net->transposed] : 0;
    return status;
}

static ay_status read_network(const ay_source *src, network *net, ay_err *err)
{
    ay_status status = AY_OK;

    ay_fastvit_prefix(src, net->prefix);
    while (status == AY_OK &&
           ay_source_find(src, "%sstages.%d.blocks.0.mlp.fc1.weight", net->prefix, net->stages)) {
        if (net->stages == STAGES_MOST)
            return ay_fail(err, AY_EUNSUPPORTED, "more than %d stages", STAGES_MOST);
        status = read_stage(src, net, net->stages++, err);
    }
    if (status == AY_OK && net->stages == 0)
        status = ay_fail(err, AY_ENOTFOUND, "tensor %sstages.0.blocks.0.mlp.fc1.weight is missing",
                         net->prefix);
    if (status == AY_OK && !net->squeezed && net->stages < LARGE_STAGES)
        status = ay_fail(err, AY_EUNSUPPORTED,
                         "a FastViT of %d stages without squeezes between them is no tower of "
                         "MobileCLIP but a classifier, which is not read", net->stages);
    return status == AY_OK ? read_head(src, net, err) : status;
}

/* ---- the graph ------------------------------------------------------------------------------- */

/* Whole name: the tower's prefix and the rest. */
static const char *full(const builder *b, char dst[AY_NAME_MAX], const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static const char *full(const builder *b, char dst[AY_NAME_MAX], const char *fmt, ...)
{
    int n = snprintf(dst, AY_NAME_MAX, "%s", b->net->prefix);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(dst + n, (size_t)(AY_NAME_MAX - n), fmt, ap);
    va_end(ap);
    return dst;
}

/* The convolution called name; sizes from its tensor. */
static ay_val conv(const builder *b, ay_val x, const char *name, int stride)
{
    const ay_tensor *w = ay_source_find(b->src, "%s.weight", name);
    ay_shape in = ay_graph_shape(b->g, x);
    ay_conv a = {.out = 1, .kernel = 1, .stride = stride};

    /* An absent or odd tensor leaves the sizes of 1 and is named by the check of the binding. */
    if (w && w->shape.rank == 4 && in.rank == 4 && w->shape.dim[1] > 0 && w->shape.dim[1] <= in.dim[1]) {
        a.out = (int)w->shape.dim[0];
        a.kernel = (int)w->shape.dim[2];
        a.groups = (int)(in.dim[1] / w->shape.dim[1]);
        a.pad = a.kernel / 2;
    }
    a.bias = ay_source_find(b->src, "%s.bias", name) != NULL;
    return ay_nn_conv2d(b->g, x, name, &a);
}

/* at ends in a dot; nothing happens where there is no squeeze. */
static ay_val squeeze(const builder *b, ay_val x, const char *at)
{
    char name[AY_NAME_MAX + 64];
    ay_val s;

    snprintf(name, sizeof name, "%sse.fc1", at);
    if (!ay_source_find(b->src, "%s.weight", name))
        return x;
    s = conv(b, ay_nn_global_avg_pool(b->g, x), name, 1);
    snprintf(name, sizeof name, "%sse.fc2", at);
    s = conv(b, ay_nn_activation(b->g, s, AY_ACT_RELU), name, 1);
    return ay_nn_mul(b->g, x, ay_nn_activation(b->g, s, AY_ACT_SIGMOID));
}

/* A convolution folded from branches, its squeeze, GELU. */
static ay_val mobile(const builder *b, ay_val x, const char *at, int stride)
{
    char name[AY_NAME_MAX + 64];

    snprintf(name, sizeof name, "%sreparam_conv", at);
    x = squeeze(b, conv(b, x, name, stride), at);
    return ay_nn_activation(b->g, x, AY_ACT_GELU);
}

/* x + gamma * y along dimension axis; without the tensor, x + y. */
static ay_val add_scaled(const builder *b, ay_val x, ay_val y, const char *at, const char *gamma,
                         int axis)
{
    char name[AY_NAME_MAX + 64];

    snprintf(name, sizeof name, "%s%s.gamma", at, gamma);
    if (ay_safetensors_find(b->src->st, name))
        y = ay_nn_scale(b->g, y, name, axis);
    return ay_nn_add(b->g, x, y);
}

static ay_val feed_forward(const builder *b, ay_val x, const char *at, const char *gamma)
{
    char name[AY_NAME_MAX + 64];
    ay_val y;

    snprintf(name, sizeof name, "%smlp.conv.conv", at);
    y = conv(b, x, name, 1);
    snprintf(name, sizeof name, "%smlp.conv.bn", at);
    y = ay_nn_batch_norm(b->g, y, name, 0);
    snprintf(name, sizeof name, "%smlp.fc1", at);
    y = ay_nn_activation(b->g, conv(b, y, name, 1), AY_ACT_GELU);
    snprintf(name, sizeof name, "%smlp.fc2", at);
    return add_scaled(b, x, conv(b, y, name, 1), at, gamma, 1);
}

/* The norm as tokens, and x as tokens.  like: a map of that size that nobody writes over. */
static ay_val normed_tokens(const builder *b, ay_val x, const char *at, ay_val *tokens, ay_val *like)
{
    char name[AY_NAME_MAX + 64];

    snprintf(name, sizeof name, "%snorm", at);
    *tokens = ay_nn_patches(b->g, x);
    *like = x;
    if (ay_source_find(b->src, "%s.running_mean", name))
        return ay_nn_patches(b->g, *like = ay_nn_batch_norm(b->g, x, name, 0));
    return ay_nn_layer_norm(b->g, *tokens, name, 0);
}

static ay_val attend(const builder *b, ay_val x, const char *at, int width)
{
    char name[AY_NAME_MAX + 64];
    ay_val tokens, like, y = normed_tokens(b, x, at, &tokens, &like);

    snprintf(name, sizeof name, "%stoken_mixer.qkv", at);
    bool bias = ay_source_find(b->src, "%s.bias", name) != NULL;
    y = ay_nn_linear(b->g, y, name, &(ay_linear){.out = 3 * width, .bias = bias});
    y = ay_nn_attention(b->g, y, width / HEAD_WIDTH, false);
    snprintf(name, sizeof name, "%stoken_mixer.proj", at);
    y = ay_nn_linear(b->g, y, name, &(ay_linear){.out = width, .bias = true});
    y = add_scaled(b, tokens, y, at, "layer_scale_1", 2);
    return ay_nn_grid(b->g, y, like);
}

static ay_val add_stage(const builder *b, ay_val x, int s)
{
    const network *net = b->net;
    char at[AY_NAME_MAX], name[AY_NAME_MAX + 64];

    full(b, at, "stages.%d.downsample.proj.0.", s);
    if (s > 0 || ay_source_find(b->src, "%sreparam_conv.weight", at)) {
        x = mobile(b, x, at, 2);
        x = mobile(b, x, full(b, at, "stages.%d.downsample.proj.1.", s), 1);
    }
    full(b, at, "stages.%d.pos_emb.reparam_conv", s);
    if (ay_source_find(b->src, "%s.weight", at))
        x = conv(b, x, at, 1);
    for (int i = 0; i < net->depth[s]; i++) {
        full(b, at, "stages.%d.blocks.%d.", s, i);
        if (net->attention[s]) {
            x = attend(b, x, at, net->width[s]);
        } else {
            snprintf(name, sizeof name, "%stoken_mixer.reparam_conv", at);
            x = conv(b, x, name, 1);
        }
        x = feed_forward(b, x, at, net->attention[s] ? "layer_scale_2" : "layer_scale");
    }
    return x;
}

static void build_graph(const builder *b, const ay_model_options *opt, ay_model_info *info)
{
    const network *net = b->net;
    int size = info->recipe.size;
    char at[AY_NAME_MAX];
    ay_val x = ay_graph_input(b->g, "image", AY_SHAPE(1, 3, size, size));

    for (int i = 0; i < STEM; i++)
        x = mobile(b, x, full(b, at, "stem.%d.", i), i < 2 ? 2 : 1);
    for (int s = 0; s < net->stages; s++)
        x = add_stage(b, x, s);
    x = mobile(b, x, full(b, at, "final_conv."), 1);
    x = ay_nn_flatten(b->g, ay_nn_global_avg_pool(b->g, x));
    full(b, at, "head.proj");
    bool bias = ay_source_find(b->src, "%s.bias", at) != NULL;
    x = ay_nn_linear(b->g, x, at,
                     &(ay_linear){.out = net->dim,
                                  .bias = bias,
                                  .transposed = net->transposed,
                                  .weight = net->transposed ? at : NULL});
    ay_graph_output(b->g, x, "vector");
    ay_source_head(b->src, opt, b->g, x, info);
}

static size_t list(char *dst, size_t cap, const char *what, const int *n, int count)
{
    size_t at = (size_t)snprintf(dst, cap, "%s=", what);

    for (int i = 0; i < count; i++)
        at += (size_t)snprintf(dst + at, cap - at, "%s%d", i ? "," : "", n[i]);
    return at;
}

static void describe(const network *net, ay_model_info *info)
{
    int mixers = 0;
    size_t cap = sizeof info->shape, at = list(info->shape, cap, "depths", net->depth, net->stages);

    at += list(info->shape + at, cap - at, " widths", net->width, net->stages);
    for (int s = 0; s < net->stages; s++)
        mixers += !net->attention[s];
    snprintf(info->shape + at, cap - at, " attention=%d head=%d squeeze=%d size=%d dim=%d",
             net->stages - mixers, HEAD_WIDTH, net->squeezed, info->recipe.size, net->dim);
    info->dim = net->dim;
}

static ay_recipe recipe_of(const network *net)
{
    ay_recipe r = {.size = 256, .resize = 256, .filter = AY_RECIPE_BILINEAR, .std = {1, 1, 1},
                   .as_stored = true};

    if (net->stages >= LARGE_STAGES) {
        memcpy(r.mean, (float[]){0.48145466f, 0.4578275f, 0.40821073f}, sizeof r.mean);
        memcpy(r.std, (float[]){0.26862954f, 0.26130258f, 0.27577711f}, sizeof r.std);
    }
    return r;
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    network net = {0};
    bool whole;
    ay_status status = read_network(src, &net, err);

    if (status != AY_OK)
        return status;
    info->recipe = recipe_of(&net);
    status = ay_recipe_read(&info->recipe, src, err);
    if (status != AY_OK)
        return status;
    ay_recipe_resize(&info->recipe, opt->size);
    describe(&net, info);
    build_graph(&(builder){src, g, &net}, opt, info);
    status = ay_graph_finish(g, err);
    /* Any other prefix means a part of something larger, whose other tensors are not our business. */
    whole = !net.prefix[0] || strcmp(net.prefix, "visual.trunk.") == 0 ||
            strcmp(net.prefix, "image_encoder.model.") == 0;
    return status == AY_OK ? ay_source_bind(src, opt, g, whole, NULL, err) : status;
}

const ay_arch ay_arch_fastvit = {
    .name = "fastvit", .match = match, .build = build, .rewrite = ay_fastvit_rewrite};
