/* models/hoam.c - HOAM and HOAMV2: metric learning for components on boards.
 *
 * An EfficientNetV2's map of stride 16 is looked at for edges and by attention, its map of stride 32 for
 * the whole; what of the first is at right angles to the second joins it (orthogonal fusion), and two
 * linear layers make the vector.  W is the width, 1280; E the numbers of the vector, 512 or 128.
 *
 *   input      N 3 S S
 *   backbone   timm's EfficientNetV2 without its head: maps of stride 16 and 32
 *   local      conv k1 to W, norm (eps 1e-3), SiLU                      N W S/16 S/16
 *   edge       depthwise conv k3 begun as the Laplacian, norm; in place of the map   (HOAMV2 only)
 *   attention  8 heads over the pixels, nothing beside it: no places, no shortcut, no norm
 *   global     conv k1 to W, norm (eps 1e-3), SiLU                      N W S/32 S/32
 *              HOAMV2: its average, then its maximum, and "projector" brings 2 W to W; HOAM: its average
 *   fusion     [g; what of the map is at right angles to g]             N 2W S/16 S/16
 *   vector     average, linear to E, linear to E, norm; neither bounded nor of length 1
 *
 * Names: "backbone." and timm's name; local.conv, local.norm, edge.conv, edge.norm, attention.q, .k, .v
 * (what PyTorch stacks as in_proj) and .out_proj, global.conv, global.norm, projector, embedding.fc1,
 * embedding.fc2, embedding.norm.  "head." stays what training for classes
 * puts on a body (head.c), so a HOAM can carry such a classifier too.
 *
 * Everything behind the softmax of attention is linear in the map up to the average at the end, so the
 * average is taken first: over the queries, of the probabilities (ay_nn_attention_mean).  Values,
 * output projection and fusion then have one row a picture (a head) instead of one a pixel: the same
 * function and the same gradients.
 *
 * The published HOAM cannot run (it reads names that were never made); what is built is its author's
 * repair.  Which of both a file is, its width and its vector are read from the tensors; the padding of
 * the backbone from config.json ("backbone": "tf_..."). */
#include "models/arch.h"
#include "models/blueprint.h"
#include "models/efficientnetv2.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEADS = 8, WIDTH = 1280, EMBEDDING = 512, EMBEDDING_MOST = 8192, SIZE = 224 };
/* With the small backbone, ours: attention as wide as the original's would be most of its work. */
enum { TINY_WIDTH = 256, TINY_SIZE = 96 };

typedef struct {
    bool second; /* HOAMV2 */
    int width, dim;
} network;

static bool match(const ay_source *src)
{
    return ay_source_find(src, "backbone.conv_stem.weight") &&
           ay_source_find(src, "local.conv.weight") &&
           ay_source_find(src, "attention.q.weight");
}

static ay_status read_config(const ay_source *src, network *net, ay_err *err)
{
    int64_t dim[4];
    ay_status status = ay_source_shape(src, "local.conv.weight", 4, dim, err);

    net->second = ay_source_find(src, "edge.conv.weight") != NULL;
    net->width = status == AY_OK ? (int)dim[0] : 0;
    if (status == AY_OK)
        status = ay_source_shape(src, "embedding.fc2.weight", 2, dim, err);
    net->dim = status == AY_OK ? (int)dim[0] : 0;
    if (status == AY_OK && net->width % HEADS)
        status = ay_fail(err, AY_ECORRUPT, "a width of %d cannot be shared by %d heads", net->width, HEADS);
    return status;
}

/* conv k1, norm, SiLU under a prefix. */
static ay_val widen(ay_graph *g, ay_val x, const char *conv, const char *norm, int width)
{
    x = ay_nn_conv2d(g, x, conv, &(ay_conv){.out = width, .kernel = 1, .init = AY_INIT_UNIFORM});
    return ay_nn_activation(g, ay_nn_batch_norm(g, x, norm, 1e-3f), AY_ACT_SILU);
}

static ay_val edges(ay_graph *g, ay_val x, int width)
{
    ay_conv a = {.out = width, .kernel = 3, .pad = 1, .groups = width, .init = AY_INIT_LAPLACIAN};

    return ay_nn_batch_norm(g, ay_nn_conv2d(g, x, "edge.conv", &a), "edge.norm", 1e-5f);
}

/* The attended map's average: N W. */
static ay_val attend(ay_graph *g, ay_val map, int width)
{
    /* Xavier's, of the three as one matrix (Glorot and Bengio, 2010), as PyTorch begins attention. */
    float bound = sqrtf(6.0f / (float)(width + 3 * width));
    ay_linear both = {
        .out = 2 * width, .bias = true, .parts = {"q", "k"}, .bound = bound, .zero_bias = true};
    ay_conv values = {.out = width,
                      .kernel = 1,
                      .groups = HEADS,
                      .bias = true,
                      .init = AY_INIT_UNIFORM,
                      .bound = bound};
    ay_val x = ay_nn_patches(g, map);

    x = ay_nn_attention_mean(g, x, ay_nn_linear(g, x, "attention", &both), HEADS);
    x = ay_nn_flatten(g, ay_nn_conv2d(g, x, "attention.v", &values));
    return ay_nn_linear(g, x, "attention.out_proj",
                        &(ay_linear){.out = width, .bias = true, .zero_bias = true});
}

/* The vector of the whole: N W. */
static ay_val look_at_all(ay_graph *g, ay_val map, const network *net)
{
    ay_val x = widen(g, map, "global.conv", "global.norm", net->width), both[2];

    both[0] = ay_nn_global_avg_pool(g, x);
    if (!net->second)
        return ay_nn_flatten(g, both[0]);
    both[1] = ay_nn_max_pool(g, x, &(ay_pool){0});
    x = ay_nn_flatten(g, ay_nn_concat(g, both, 2, 1));
    return ay_nn_linear(g, x, "projector", &(ay_linear){.out = net->width, .bias = true});
}

static ay_val embed(ay_graph *g, ay_val x, int dim)
{
    ay_linear a = {.out = dim, .bias = true};

    x = ay_nn_linear(g, x, "embedding.fc1", &a);
    return ay_nn_batch_norm(g, ay_nn_linear(g, x, "embedding.fc2", &a), "embedding.norm", 1e-5f);
}

static ay_status build_graph(const ay_source *src, const ay_model_options *opt, const network *net,
                             ay_graph *g, ay_model_info *info, ay_err *err)
{
    int size = info->recipe.size;
    ay_val x = ay_graph_input(g, "image", AY_SHAPE(1, 3, size, size)), whole;
    ay_effnet_maps maps;
    ay_status status = ay_efficientnetv2_maps(src, "backbone.", ay_json_text(src->config, "backbone", ""),
                                              g, x, &maps, err);

    if (status != AY_OK)
        return ay_err_wrap(err, "backbone"), status;
    snprintf(info->shape, sizeof info->shape, "backbone=(%s padding=%s) width=%d heads=%d embedding=%d",
             maps.depths, maps.same ? "same" : "even", net->width, HEADS, net->dim);
    x = widen(g, maps.stride16, "local.conv", "local.norm", net->width);
    if (net->second)
        x = edges(g, x, net->width);
    x = attend(g, x, net->width);
    whole = look_at_all(g, maps.stride32, net);
    x = embed(g, ay_nn_orthogonal(g, x, whole), net->dim);
    ay_graph_output(g, x, "vector");
    ay_source_head(src, opt, g, x, info);
    if (opt->taps) {
        ay_graph_output(g, maps.stride16, "stride16");
        ay_graph_output(g, maps.stride32, "stride32");
    }
    return ay_graph_finish(g, err);
}

static ay_recipe recipe_of(const network *net)
{
    int size = net->width >= WIDTH ? SIZE : TINY_SIZE;

    return (ay_recipe){.size = size,
                       .resize = size,
                       .fit = AY_RECIPE_SQUASH,
                       .filter = AY_RECIPE_BILINEAR,
                       .mean = {0.485f, 0.456f, 0.406f},
                       .std = {0.229f, 0.224f, 0.225f}};
}

/* The backbone starts with what another file's has learnt. */
static ay_status take_backbone(ay_graph *g, const char *path, ay_err *err)
{
    char prefix[AY_PREFIX_MAX], file[4096];
    ay_safetensors *st = NULL;
    ay_status status = ay_model_find_weights(path, file, err);

    if (status == AY_OK)
        status = ay_safetensors_open(&st, file, err);
    if (status == AY_OK && !ay_source_prefix(&(ay_source){.st = st}, "conv_stem.weight", prefix))
        status = ay_fail(err, AY_EUNSUPPORTED, "no EfficientNetV2: no tensor is called conv_stem.weight");
    if (status == AY_OK)
        status = ay_graph_take(g, st, "backbone.", prefix, err);
    ay_safetensors_close(st);
    if (status != AY_OK)
        ay_err_wrap(err, "backbone from %s", path);
    return status;
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    network net = {0};
    ay_status status = read_config(src, &net, err);

    if (status != AY_OK)
        return status;
    info->recipe = recipe_of(&net);
    status = ay_recipe_read(&info->recipe, src, err);
    if (status != AY_OK)
        return status;
    ay_recipe_resize(&info->recipe, opt->size);
    snprintf(info->arch, sizeof info->arch, "%s", net.second ? "hoamv2" : "hoam");
    info->dim = net.dim;
    status = build_graph(src, opt, &net, g, info, err);
    if (status == AY_OK)
        status = ay_source_bind(src, opt, g, true, NULL, err);
    if (status == AY_OK && opt->fresh && opt->backbone_weights)
        status = take_backbone(g, opt->backbone_weights, err);
    return status;
}

const ay_arch ay_arch_hoam = {.name = "hoam", .match = match, .build = build};

/* ---- from nothing ----------------------------------------------------------------------------- */

static void draw_linear(ay_sheet *s, const char *name, int out, int in)
{
    ay_sheet_tensor(s, 2, (const int[]){out, in}, "%s.weight", name);
    ay_sheet_tensor(s, 1, &out, "%s.bias", name);
}

static void draw_layers(ay_sheet *s, const network *net, const int in[2])
{
    int W = net->width;

    ay_sheet_conv(s, "", "local.conv", W, in[0], 1);
    ay_sheet_norm(s, "", "local.norm", W);
    if (net->second) {
        ay_sheet_conv(s, "", "edge.conv", W, 1, 3);
        ay_sheet_norm(s, "", "edge.norm", W);
    }
    draw_linear(s, "attention.q", W, W);
    draw_linear(s, "attention.k", W, W);
    draw_linear(s, "attention.v", W, W);
    draw_linear(s, "attention.out_proj", W, W);
    ay_sheet_conv(s, "", "global.conv", W, in[1], 1);
    ay_sheet_norm(s, "", "global.norm", W);
    if (net->second)
        draw_linear(s, "projector", W, 2 * W);
    draw_linear(s, "embedding.fc1", net->dim, 2 * W);
    draw_linear(s, "embedding.fc2", net->dim, net->dim);
    ay_sheet_norm(s, "", "embedding.norm", net->dim);
}

static json_t *config_of(const char *name, const char *backbone, const network *net)
{
    ay_recipe r = recipe_of(net);

    return json_pack("{s:s, s:s, s:i, s:{s:i, s:s, s:s, s:[f,f,f], s:[f,f,f]}}", "architecture", name,
                     "backbone", backbone, "embedding", net->dim, "preprocessing", "size", r.size,
                     "fit", "squash", "filter", "bilinear", "mean", 0.485, 0.456, 0.406, "std", 0.229,
                     0.224, 0.225);
}

ay_status ay_draw_hoam(ay_sheet *s, const char *name, const ay_model_options *opt, json_t **config,
                       ay_err *err)
{
    network net = {.second = strcmp(name, "hoamv2") == 0, .width = WIDTH, .dim = EMBEDDING};
    const char *backbone = net.second ? "efficientnetv2_rw_s" : "efficientnetv2_s";
    int in[2];

    if (opt->backbone)
        backbone = opt->backbone;
    if (opt->embedding)
        net.dim = opt->embedding;
    if (net.dim < 1 || net.dim > EMBEDDING_MOST)
        return ay_fail(err, AY_EINVAL, "%s: a vector of %d numbers; 1 to %d", name, net.dim, EMBEDDING_MOST);
    if (!ay_efficientnetv2_widths(backbone, &in[0], &in[1]))
        return ay_fail(err, AY_EUNSUPPORTED, "%s has no backbone \"%.60s\"; there are %s", name, backbone,
                       ay_efficientnetv2_kinds());
    if (strcmp(backbone, "efficientnetv2_tiny") == 0)
        net.width = TINY_WIDTH;
    ay_draw_efficientnetv2(s, backbone, "backbone.", false);
    draw_layers(s, &net, in);
    *config = config_of(name, backbone, &net);
    return *config ? AY_OK : ay_fail(err, AY_ENOMEM, "out of memory for a new %s", name);
}
