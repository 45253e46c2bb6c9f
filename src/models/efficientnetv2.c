/* models/efficientnetv2.c - EfficientNetV2 by timm's names: efficientnetv2_rw_s, tf_efficientnetv2_s,
 * efficientnetv2_s, and other depths and widths of the same blocks.
 *
 * Tan and Le, "EfficientNetV2: smaller models and faster training", 2021.
 *
 *   input    N 3 S S
 *   stem     conv k3 s2 (24), norm, SiLU                         N 24 S/2 S/2
 *   stage 0  plain or fused blocks, stride 1                     N 24 S/2 S/2
 *   stage 1  fused blocks, stride 2                              N 48 S/4 S/4
 *   stage 2  fused blocks, stride 2                              N 64 S/8 S/8
 *   stage 3  mobile blocks, stride 2                             N 128 S/16 S/16
 *   stage 4  mobile blocks, stride 1                             N 160 S/16 S/16  "stride16"
 *   stage 5  mobile blocks, stride 2 (a 7th stage: stride 1)     N 272 S/32 S/32  "stride32"
 *   head     conv k1 (1792 or 1280), norm, SiLU, if there is one
 *   vector   global average
 *   logits   classifier of it
 *
 *   plain    conv k3, norm, SiLU; then the shortcut
 *   fused    conv k3 widening, norm, SiLU, conv k1, norm; shortcut
 *   mobile   conv k1 widening, norm, SiLU, depthwise k3, norm, SiLU, squeeze and excite, conv k1, norm;
 *            shortcut
 * A block has its shortcut when its stride is 1 and its width stays.
 *
 * Which block stands where, its width and its depth are read from the tensors.  Details that have
 * caused bugs:
 *   - stage 0 of rw_s is fused with widening 1 and still has both convolutions;
 *   - the squeeze is a share of the block's input width, not of the widened one: read it, do not
 *     compute;
 *   - tf_ weights need TensorFlow's SAME padding (odd zero at the end) and epsilon 1e-3, and no tensor
 *     says so.  config.json's "architecture" does ("tf_..."), or "same_padding" and "norm_eps".
 *     Without a config.json, a file whose stage 0 is plain is taken for tf_: only those are published
 *     trained. */
#include "models/efficientnetv2.h"
#include "models/arch.h"
#include "models/blueprint.h"

#include <stdio.h>
#include <string.h>

enum { STAGES_LEAST = 6, STAGES_MOST = 7, DEPTH_MOST = 64, LOCAL_STAGE = 4 };
static const int strides[STAGES_MOST] = {1, 2, 2, 2, 1, 2, 1};

typedef struct {
    char prefix[AY_PREFIX_MAX];
    int stages, depth[STAGES_MOST], dim, classes;
    bool head, plain, same;
    float eps;
} network;

typedef struct {
    const ay_source *src;
    ay_graph *g;
    const network *net;
} builder;

static bool match(const ay_source *src)
{
    char prefix[AY_PREFIX_MAX];

    return ay_source_prefix(src, "conv_stem.weight", prefix) &&
           (ay_source_find(src, "%sblocks.0.0.conv_exp.weight", prefix) ||
            ay_source_find(src, "%sblocks.0.0.conv.weight", prefix));
}

static ay_status count_blocks(const ay_source *src, network *net, ay_err *err)
{
    char start[AY_NAME_MAX];

    for (net->stages = 0; net->stages <= STAGES_MOST; net->stages++) {
        snprintf(start, sizeof start, "%sblocks.%d.", net->prefix, net->stages);
        int depth = ay_source_blocks(src, start, ".bn1.weight");
        if (depth == 0)
            break;
        if (net->stages == STAGES_MOST || depth > DEPTH_MOST)
            return ay_fail(err, AY_EUNSUPPORTED, "more than %d stages or %d blocks in one",
                           STAGES_MOST, DEPTH_MOST);
        net->depth[net->stages] = depth;
    }
    if (net->stages < STAGES_LEAST)
        return ay_fail(err, AY_EUNSUPPORTED, "%d stages of blocks, an EfficientNetV2 has %d or %d",
                       net->stages, STAGES_LEAST, STAGES_MOST);
    return AY_OK;
}

/* What no tensor says; kind is the name that the configuration gives it, NULL when there is none. */
static void read_kind(const ay_source *src, const char *kind, network *net)
{
    const json_t *same = json_object_get(src->config, "same_padding");
    const json_t *eps = json_object_get(src->config, "norm_eps");

    net->plain = ay_source_find(src, "%sblocks.0.0.conv.weight", net->prefix) != NULL;
    net->same = kind ? strncmp(kind, "tf_", 3) == 0 : net->plain;
    if (json_is_boolean(same))
        net->same = json_is_true(same);
    net->eps = net->same ? 1e-3f : 1e-5f;
    if (json_is_number(eps) && json_number_value(eps) > 0)
        net->eps = (float)json_number_value(eps);
}

static ay_status read_config(const ay_source *src, network *net, ay_err *err)
{
    char name[AY_NAME_MAX + 32];
    int64_t dim[4];
    ay_status status;

    ay_source_prefix(src, "conv_stem.weight", net->prefix);
    status = count_blocks(src, net, err);
    if (status != AY_OK)
        return status;
    read_kind(src, src->config ? ay_json_text(src->config, "architecture", "") : NULL, net);
    net->head = ay_source_find(src, "%sconv_head.weight", net->prefix) != NULL;
    int last = net->stages - 1;
    if (net->head)
        snprintf(name, sizeof name, "%sconv_head.weight", net->prefix);
    else
        snprintf(name, sizeof name, "%sblocks.%d.%d.conv_pwl.weight", net->prefix, last,
                 net->depth[last] - 1);
    status = ay_source_shape(src, name, 4, dim, err);
    net->dim = status == AY_OK ? (int)dim[0] : 0;
    snprintf(name, sizeof name, "%sclassifier.weight", net->prefix);
    if (status == AY_OK && ay_safetensors_find(src->st, name)) {
        status = ay_source_shape(src, name, 2, dim, err);
        net->classes = status == AY_OK ? (int)dim[0] : 0;
    }
    return status;
}

/* block.conv, block.bn and an activation; sizes from the tensor. */
static ay_val conv_bn(const builder *b, ay_val x, const char *block, const char *conv,
                      const char *bn, int stride, ay_act act)
{
    char name[AY_NAME_MAX + 32];
    const ay_tensor *w = ay_source_find(b->src, "%s%s.weight", block, conv);
    ay_shape in = ay_graph_shape(b->g, x);
    ay_conv a = {.out = 1, .kernel = 1, .stride = stride, .same = b->net->same};

    /* An absent or odd tensor leaves the sizes of 1 and is named by the check of the binding. */
    if (w && w->shape.rank == 4 && in.rank == 4 && w->shape.dim[1] > 0) {
        a.out = (int)w->shape.dim[0];
        a.kernel = (int)w->shape.dim[2];
        a.groups = (int)(in.dim[1] / w->shape.dim[1]);
        a.pad = a.kernel / 2;
    }
    snprintf(name, sizeof name, "%s%s", block, conv);
    x = ay_nn_conv2d(b->g, x, name, &a);
    snprintf(name, sizeof name, "%s%s", block, bn);
    return ay_nn_activation(b->g, ay_nn_batch_norm(b->g, x, name, b->net->eps), act);
}

/* One of the two 1x1 convolutions of the gate. */
static ay_val gate_conv(const builder *b, ay_val x, const char *block, const char *which)
{
    char name[AY_NAME_MAX + 32];
    const ay_tensor *w = ay_source_find(b->src, "%sse.%s.weight", block, which);
    ay_conv a = {.out = w && w->shape.rank == 4 ? (int)w->shape.dim[0] : 1, .kernel = 1, .bias = true};

    snprintf(name, sizeof name, "%sse.%s", block, which);
    return ay_nn_conv2d(b->g, x, name, &a);
}

static ay_val squeeze_excite(const builder *b, ay_val x, const char *block)
{
    ay_val s = gate_conv(b, ay_nn_global_avg_pool(b->g, x), block, "conv_reduce");

    s = gate_conv(b, ay_nn_activation(b->g, s, AY_ACT_SILU), block, "conv_expand");
    return ay_nn_mul(b->g, x, ay_nn_activation(b->g, s, AY_ACT_SIGMOID));
}

static ay_val mobile(const builder *b, ay_val x, const char *block, int stride)
{
    x = conv_bn(b, x, block, "conv_pw", "bn1", 1, AY_ACT_SILU);
    x = conv_bn(b, x, block, "conv_dw", "bn2", stride, AY_ACT_SILU);
    if (ay_source_find(b->src, "%sse.conv_reduce.weight", block))
        x = squeeze_excite(b, x, block);
    return conv_bn(b, x, block, "conv_pwl", "bn3", 1, AY_ACT_NONE);
}

static ay_val fused(const builder *b, ay_val x, const char *block, int stride)
{
    x = conv_bn(b, x, block, "conv_exp", "bn1", stride, AY_ACT_SILU);
    return conv_bn(b, x, block, "conv_pwl", "bn2", 1, AY_ACT_NONE);
}

/* block ends in a dot. */
static ay_val add_block(const builder *b, ay_val x, const char *block, int stride)
{
    ay_val y;
    ay_shape in = ay_graph_shape(b->g, x), out;

    if (ay_source_find(b->src, "%sconv_exp.weight", block))
        y = fused(b, x, block, stride);
    else if (ay_source_find(b->src, "%sconv.weight", block))
        y = conv_bn(b, x, block, "conv", "bn1", stride, AY_ACT_SILU);
    else
        y = mobile(b, x, block, stride);
    out = ay_graph_shape(b->g, y);
    return stride == 1 && in.rank == 4 && out.rank == 4 && in.dim[1] == out.dim[1]
               ? ay_nn_add(b->g, y, x)
               : y;
}

static size_t describe_depths(const network *net, char *text, size_t cap)
{
    size_t at = (size_t)snprintf(text, cap, "depths=");

    for (int s = 0; s < net->stages; s++)
        at += (size_t)snprintf(text + at, cap - at, "%s%d", s ? "," : "", net->depth[s]);
    return at;
}

/* The maps of stride 16 and 32. */
static ay_val add_stages(const builder *b, ay_val x, ay_val *local)
{
    const network *net = b->net;
    char name[AY_NAME_MAX];

    x = conv_bn(b, x, net->prefix, "conv_stem", "bn1", 2, AY_ACT_SILU);
    for (int s = 0; s < net->stages; s++) {
        for (int i = 0; i < net->depth[s]; i++) {
            snprintf(name, sizeof name, "%sblocks.%d.%d.", net->prefix, s, i);
            x = add_block(b, x, name, i == 0 ? strides[s] : 1);
        }
        if (s == LOCAL_STAGE)
            *local = x;
    }
    return x;
}

ay_status ay_efficientnetv2_maps(const ay_source *src, const char *prefix, const char *kind,
                                 ay_graph *g, ay_val image, ay_effnet_maps *out, ay_err *err)
{
    network net = {0};
    ay_status status;

    snprintf(net.prefix, sizeof net.prefix, "%s", prefix);
    status = count_blocks(src, &net, err);
    if (status != AY_OK)
        return status;
    read_kind(src, kind, &net);
    out->stride16 = AY_NOVAL;
    out->stride32 = add_stages(&(builder){src, g, &net}, image, &out->stride16);
    out->same = net.same;
    describe_depths(&net, out->depths, sizeof out->depths);
    return AY_OK;
}

static void build_graph(const builder *b, const ay_model_options *opt, ay_model_info *info)
{
    const network *net = b->net;
    int size = info->recipe.size;
    ay_val x = ay_graph_input(b->g, "image", AY_SHAPE(1, 3, size, size)), local = AY_NOVAL, map;
    char name[AY_NAME_MAX];

    x = map = add_stages(b, x, &local);
    if (net->head)
        x = conv_bn(b, x, net->prefix, "conv_head", "bn2", 1, AY_ACT_SILU);
    x = ay_nn_flatten(b->g, ay_nn_global_avg_pool(b->g, x));
    ay_graph_output(b->g, x, "vector");
    if (!ay_source_head(b->src, opt, b->g, x, info) && opt->logits && net->classes) {
        snprintf(name, sizeof name, "%sclassifier", net->prefix);
        bool bias = ay_source_find(b->src, "%s.bias", name) != NULL;
        x = ay_nn_linear(b->g, x, name, &(ay_linear){.out = net->classes, .bias = bias});
        ay_graph_output(b->g, x, "logits");
    }
    if (opt->taps) {
        ay_graph_output(b->g, local, "stride16");
        ay_graph_output(b->g, map, "stride32");
    }
}

static void describe(const network *net, ay_model_info *info)
{
    size_t at;

    snprintf(info->arch, sizeof info->arch, "%sefficientnetv2", net->same ? "tf_" : "");
    at = describe_depths(net, info->shape, sizeof info->shape);
    snprintf(info->shape + at, sizeof info->shape - at, " stem=%s padding=%s eps=%g head=%d",
             net->plain ? "plain" : "fused", net->same ? "same" : "even", (double)net->eps,
             net->head ? net->dim : 0);
    info->dim = net->dim;
    info->classes = net->classes;
}

static ay_recipe recipe_of(const network *net)
{
    ay_recipe r = {.size = 288,
                   .resize = 288,
                   .filter = AY_RECIPE_BICUBIC,
                   .mean = {0.485f, 0.456f, 0.406f},
                   .std = {0.229f, 0.224f, 0.225f}};

    if (net->same) {
        r.size = r.resize = 300;
        for (int i = 0; i < 3; i++)
            r.mean[i] = r.std[i] = 0.5f;
    }
    return r;
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    network net = {0};
    char classifier[AY_NAME_MAX];
    const char *ignore[] = {classifier, NULL};
    ay_status status = read_config(src, &net, err);

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
    snprintf(classifier, sizeof classifier, "%sclassifier.", net.prefix);
    /* A prefix means a part of something larger, whose other tensors are not our business. */
    return status == AY_OK ? ay_source_bind(src, opt, g, !net.prefix[0], ignore, err) : status;
}

const ay_arch ay_arch_efficientnetv2 = {.name = "efficientnetv2", .match = match, .build = build};

/* ---- from nothing ----------------------------------------------------------------------------- */

static void draw_mobile(ay_sheet *s, const char *block, int in, int wide, int out)
{
    int squeezed = (in + 2) / 4; /* a quarter of the block's input, rounded */

    ay_sheet_conv(s, block, "conv_pw", wide, in, 1);
    ay_sheet_norm(s, block, "bn1", wide);
    ay_sheet_conv(s, block, "conv_dw", wide, 1, 3);
    ay_sheet_norm(s, block, "bn2", wide);
    ay_sheet_conv(s, block, "se.conv_reduce", squeezed, wide, 1);
    ay_sheet_tensor(s, 1, &squeezed, "%sse.conv_reduce.bias", block);
    ay_sheet_conv(s, block, "se.conv_expand", wide, squeezed, 1);
    ay_sheet_tensor(s, 1, &wide, "%sse.conv_expand.bias", block);
    ay_sheet_conv(s, block, "conv_pwl", out, wide, 1);
    ay_sheet_norm(s, block, "bn3", out);
}

static void draw_fused(ay_sheet *s, const char *block, int in, int wide, int out)
{
    ay_sheet_conv(s, block, "conv_exp", wide, in, 3);
    ay_sheet_norm(s, block, "bn1", wide);
    ay_sheet_conv(s, block, "conv_pwl", out, wide, 1);
    ay_sheet_norm(s, block, "bn2", out);
}

typedef struct {
    const char *name;
    int stem, depth[STAGES_LEAST], widening[STAGES_LEAST], width[STAGES_LEAST], head;
    bool plain; /* stage 0 */
} kind;

/* S: the paper's depths and widths; rw_s: timm's.  tiny: ours, for training within minutes on two
 * cores with pictures of 64 to 128 pixels. */
static const kind kinds[] = {
    {"efficientnetv2_rw_s", 24, {2, 4, 4, 6, 9, 15}, {1, 4, 4, 4, 6, 6},
     {24, 48, 64, 128, 160, 272}, 1792, false},
    {"efficientnetv2_s", 24, {2, 4, 4, 6, 9, 15}, {1, 4, 4, 4, 6, 6},
     {24, 48, 64, 128, 160, 256}, 1280, true},
    {"tf_efficientnetv2_s", 24, {2, 4, 4, 6, 9, 15}, {1, 4, 4, 4, 6, 6},
     {24, 48, 64, 128, 160, 256}, 1280, true},
    {"efficientnetv2_tiny", 16, {1, 1, 1, 2, 2, 2}, {1, 2, 2, 4, 4, 4},
     {16, 24, 32, 48, 64, 96}, 256, false},
};

const char *ay_efficientnetv2_kinds(void)
{
    return "efficientnetv2_rw_s, efficientnetv2_s, tf_efficientnetv2_s, efficientnetv2_tiny";
}

static const kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

bool ay_efficientnetv2_widths(const char *name, int *stride16, int *stride32)
{
    const kind *k = find_kind(name);

    *stride16 = k ? k->width[LOCAL_STAGE] : 0;
    *stride32 = k ? k->width[STAGES_LEAST - 1] : 0;
    return k != NULL;
}

bool ay_draw_efficientnetv2(ay_sheet *s, const char *name, const char *prefix, bool head)
{
    const kind *k = find_kind(name);
    char block[AY_PREFIX_MAX];
    int in = k ? k->stem : 0;

    if (!k)
        return false;
    ay_sheet_conv(s, prefix, "conv_stem", in, 3, 3);
    ay_sheet_norm(s, prefix, "bn1", in);
    for (int st = 0; st < STAGES_LEAST; st++) {
        for (int i = 0; i < k->depth[st]; i++, in = k->width[st]) {
            snprintf(block, sizeof block, "%sblocks.%d.%d.", prefix, st, i);
            if (st == 0 && k->plain) {
                ay_sheet_conv(s, block, "conv", k->width[st], in, 3);
                ay_sheet_norm(s, block, "bn1", k->width[st]);
            } else if (st < 3) {
                draw_fused(s, block, in, in * k->widening[st], k->width[st]);
            } else {
                draw_mobile(s, block, in, in * k->widening[st], k->width[st]);
            }
        }
    }
    if (head) {
        ay_sheet_conv(s, prefix, "conv_head", k->head, in, 1);
        ay_sheet_norm(s, prefix, "bn2", k->head);
    }
    return true;
}
