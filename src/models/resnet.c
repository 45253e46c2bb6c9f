/* models/resnet.c - residual networks: ResNet-18/34/50 by torchvision's and timm's names (they are
 * the same names), their wider and grouped cousins, and the embedded default, which is a small one.
 *
 * He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015; the bottleneck with
 * its stride in the 3x3 convolution, as torchvision and timm have it.
 *
 *   input    N 3 S S
 *   stem     conv1 k7 s2, bn1, relu, max pool 3x3 s2        N 64 S/4 S/4
 *            (the default: conv1 k3 s2, bn1, relu, no pool)
 *   layer1   blocks of width w1, stride 1                   N w1 S/4 S/4
 *   layer2-4 the first block of each halves the picture     N w4 S/32 S/32
 *   pool     global averages (the default: of several stages, and maxima)
 *   vector   the pooled values; with a "head" its output
 *   logits   fc of the pooled values
 *
 * Depths, widths, groups and the kind of block are read from the shapes of the tensors.  What a
 * tensor cannot say (is there a pool after the stem, which stages are pooled) comes from our own
 * config.json, "architecture": "ayresnet"; without one the network is torchvision's.
 *
 * Details that have caused bugs:
 *   - the max pool pads with minus infinity, not with zero (it follows a relu here, so zero would
 *     do, but only here);
 *   - the shortcut has a convolution where stride OR width changes: layer1 of a bottleneck network
 *     has one, layer1 of a basic one has not.  Ask the file, do not compute;
 *   - the second activation of a block comes after the sum; the stem's variants (three 3x3
 *     convolutions, average pool in the shortcut: "resnet18d") have other names or left-over
 * tensors and are refused, not approximated;
 *   - CLIP's own ResNet uses these block names too but ends in an attention pool: refused;
 *   - the running variance is stored, not the deviation; epsilon 1e-5 is added before the root. */
#include "models/arch.h"

#include <stdio.h>
#include <string.h>

enum { STAGES = 4 };

typedef struct {
    char prefix[AY_PREFIX_MAX];
    int kernel; /* of the stem */
    bool pool;  /* max pool after the stem */
    bool bottleneck;
    int depth[STAGES], width[STAGES]; /* blocks; channels out */
    unsigned average, largest;        /* bit k: stage k + 1 is pooled so */
    const char *head;                 /* "head" or NULL: its output is the vector */
    const char *classifier;           /* "fc" or NULL */
    int dim, classes;
} resnet;

typedef struct {
    const ay_source *src;
    ay_graph *g;
    const resnet *net;
} builder;

static bool match(const ay_source *src)
{
    char prefix[AY_PREFIX_MAX];

    return ay_source_prefix(src, "layer1.0.conv1.weight", prefix) &&
           ay_source_find(src, "%sbn1.running_var", prefix);
}

static ay_status read_stage(const ay_source *src, resnet *net, int k, ay_err *err)
{
    char start[AY_NAME_MAX], last[AY_NAME_MAX + 32];
    int64_t dim[4];
    ay_status status;

    snprintf(start, sizeof start, "%slayer%d.", net->prefix, k + 1);
    net->depth[k] = ay_source_blocks(src, start, ".conv1.weight");
    snprintf(last, sizeof last, "%s0.conv%d.weight", start, net->bottleneck ? 3 : 2);
    status = ay_source_shape(src, last, 4, dim, err);
    net->width[k] = status == AY_OK ? (int)dim[0] : 0;
    return status;
}

/* {1, 3} -> bits 0 and 2. */
static ay_status read_stages(const json_t *list, unsigned *bits, ay_err *err)
{
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v)
    {
        json_int_t k = json_integer_value(v);
        if (k < 1 || k > STAGES)
            return ay_fail(err, AY_ECORRUPT, "config.json: there is no stage %lld to pool",
                           (long long)k);
        *bits |= 1u << (k - 1);
    }
    return AY_OK;
}

static ay_status read_kind(const ay_source *src, resnet *net, ay_err *err)
{
    const char *arch = ay_json_text(src->config, "architecture", "");
    ay_status status;

    if (ay_source_find(src, "%sattnpool.positional_embedding", net->prefix))
        return ay_fail(err, AY_EUNSUPPORTED, "this is CLIP's ResNet with an attention pool");
    if (strcmp(arch, "ayresnet") != 0) {
        net->pool = true;
        net->average = 1u << (STAGES - 1);
        if (net->kernel != 7)
            return ay_fail(err, AY_EUNSUPPORTED, "%sconv1 has a %dx%d kernel; a ResNet's has 7x7",
                           net->prefix, net->kernel, net->kernel);
        return AY_OK;
    }
    status = read_stages(json_object_get(src->config, "pool_average"), &net->average, err);
    if (status == AY_OK)
        status = read_stages(json_object_get(src->config, "pool_max"), &net->largest, err);
    if (status == AY_OK && !net->average && !net->largest)
        status = ay_fail(err, AY_ECORRUPT, "config.json: no stage is pooled");
    return status;
}

/* The linear layer called name, if the file has one: its number of outputs. */
static ay_status read_linear(const ay_source *src, resnet *net, const char *name,
                             const char **which, int *out, ay_err *err)
{
    char weight[AY_NAME_MAX];
    int64_t dim[2];
    ay_status status;

    snprintf(weight, sizeof weight, "%s%s.weight", net->prefix, name);
    if (!ay_safetensors_find(src->st, weight))
        return AY_OK;
    status = ay_source_shape(src, weight, 2, dim, err);
    *which = name;
    *out = status == AY_OK ? (int)dim[0] : 0;
    return status;
}

static ay_status read_config(const ay_source *src, resnet *net, ay_err *err)
{
    char stem[AY_NAME_MAX];
    int64_t dim[4];
    ay_status status;

    ay_source_prefix(src, "layer1.0.conv1.weight", net->prefix);
    snprintf(stem, sizeof stem, "%sconv1.weight", net->prefix);
    status = ay_source_shape(src, stem, 4, dim, err);
    if (status != AY_OK)
        return status;
    net->kernel = (int)dim[2];
    net->bottleneck = ay_source_find(src, "%slayer1.0.conv3.weight", net->prefix) != NULL;
    status = read_kind(src, net, err);
    for (int k = 0; k < STAGES && status == AY_OK; k++) {
        status = read_stage(src, net, k, err);
        net->dim += net->average >> k & 1 ? net->width[k] : 0;
        net->dim += net->largest >> k & 1 ? net->width[k] : 0;
    }
    if (status == AY_OK)
        status = read_linear(src, net, "head", &net->head, &net->dim, err);
    if (status == AY_OK)
        status = read_linear(src, net, "fc", &net->classifier, &net->classes, err);
    return status;
}

static ay_val conv_bn(const builder *b, ay_val x, const char *conv, const char *bn, int stride)
{
    const ay_tensor *w = ay_source_find(b->src, "%s.weight", conv);
    ay_shape in = ay_graph_shape(b->g, x);
    ay_conv a = {.out = 1, .kernel = 1, .stride = stride};

    /* An absent or odd tensor leaves the sizes of 1 and is named by the check of the binding. */
    if (w && w->shape.rank == 4 && in.rank == 4 && w->shape.dim[1] > 0) {
        a.out = (int)w->shape.dim[0];
        a.kernel = (int)w->shape.dim[2];
        a.groups = (int)(in.dim[1] / w->shape.dim[1]);
        a.pad = a.kernel / 2;
    }
    x = ay_nn_conv2d(b->g, x, conv, &a);
    return ay_nn_batch_norm(b->g, x, bn, 0);
}

/* The i-th convolution of a block: name.convI, name.bnI. */
static ay_val block_conv(const builder *b, ay_val x, const char *name, int i, int stride)
{
    char conv[AY_NAME_MAX + 16], bn[AY_NAME_MAX + 16];

    snprintf(conv, sizeof conv, "%s.conv%d", name, i);
    snprintf(bn, sizeof bn, "%s.bn%d", name, i);
    return conv_bn(b, x, conv, bn, stride);
}

static ay_val block(const builder *b, ay_val x, const char *name, int stride)
{
    int last = b->net->bottleneck ? 3 : 2;
    ay_val shortcut = x, y = x;
    char conv[AY_NAME_MAX + 16], bn[AY_NAME_MAX + 16];

    if (ay_source_find(b->src, "%s.downsample.0.weight", name)) {
        snprintf(conv, sizeof conv, "%s.downsample.0", name);
        snprintf(bn, sizeof bn, "%s.downsample.1", name);
        shortcut = conv_bn(b, x, conv, bn, stride);
    }
    for (int i = 1; i <= last; i++) {
        y = block_conv(b, y, name, i, i == last - 1 && stride > 1 ? stride : 1);
        if (i < last)
            y = ay_nn_activation(b->g, y, AY_ACT_RELU);
    }
    return ay_nn_activation(b->g, ay_nn_add(b->g, y, shortcut), AY_ACT_RELU);
}

static ay_val stem(const builder *b, ay_val x)
{
    char conv[AY_NAME_MAX], bn[AY_NAME_MAX];

    snprintf(conv, sizeof conv, "%sconv1", b->net->prefix);
    snprintf(bn, sizeof bn, "%sbn1", b->net->prefix);
    x = ay_nn_activation(b->g, conv_bn(b, x, conv, bn, 2), AY_ACT_RELU);
    return b->net->pool ? ay_nn_max_pool(b->g, x, &(ay_pool){.kernel = 3, .stride = 2, .pad = 1})
                        : x;
}

static ay_val largest(ay_graph *g, ay_val x)
{
    return ay_nn_max_pool(g, x, &(ay_pool){.kernel = 0});
}

/* Averages of the chosen stages, then their maxima, each in order of stage. */
static ay_val pooled(const builder *b, const ay_val stage[STAGES])
{
    ay_val part[2 * STAGES];
    char name[AY_NAME_MAX];
    int n = 0;

    for (int k = 0; k < STAGES; k++)
        if (b->net->average >> k & 1)
            part[n++] = ay_nn_global_avg_pool(b->g, stage[k]);
    for (int k = 0; k < STAGES; k++)
        if (b->net->largest >> k & 1)
            part[n++] = largest(b->g, stage[k]);
    part[0] = n == 1 ? part[0] : ay_nn_concat(b->g, part, n, 1);
    if (ay_source_find(b->src, "%spool_norm.weight", b->net->prefix)) {
        snprintf(name, sizeof name, "%spool_norm", b->net->prefix);
        part[0] = ay_nn_batch_norm(b->g, part[0], name, 1e-5f);
    }
    return ay_nn_flatten(b->g, part[0]);
}

/* Logits of the last stage's averages: in training they keep that stage from leaving the work to
 * the finer ones.  "head.fc": part of the head, that nobody misses afterwards. */
static void auxiliary(const builder *b, const ay_model_options *opt, ay_val last)
{
    ay_val x = ay_nn_flatten(b->g, ay_nn_global_avg_pool(b->g, last));
    ay_linear a = {.out = opt->head->classes, .bias = true};

    ay_graph_output(b->g, ay_nn_linear(b->g, x, "head.fc_auxiliary", &a), "auxiliary");
}

static ay_val linear(const builder *b, ay_val x, const char *name, int out)
{
    char prefix[AY_NAME_MAX];
    ay_linear a = {.out = out};

    snprintf(prefix, sizeof prefix, "%s%s", b->net->prefix, name);
    a.bias = ay_source_find(b->src, "%s.bias", prefix) != NULL;
    return ay_nn_linear(b->g, x, prefix, &a);
}

static void build_graph(const builder *b, const ay_model_options *opt, ay_model_info *info)
{
    const resnet *net = b->net;
    int size = info->recipe.size;
    ay_val stage[STAGES], vector, x = ay_graph_input(b->g, "image", AY_SHAPE(1, 3, size, size));
    char name[AY_NAME_MAX];

    x = stem(b, x);
    for (int k = 0; k < STAGES; k++) {
        for (int i = 0; i < net->depth[k]; i++) {
            snprintf(name, sizeof name, "%slayer%d.%d", net->prefix, k + 1, i);
            x = block(b, x, name, i == 0 && k > 0 ? 2 : 1);
        }
        stage[k] = x;
    }
    x = pooled(b, stage);
    vector = net->head && !opt->bare ? linear(b, x, net->head, net->dim) : x;
    ay_graph_output(b->g, vector, "vector");
    info->dim = (int)ay_graph_shape(b->g, vector).dim[1];
    if (opt->bare)
        return;
    if (ay_source_head(b->src, opt, b->g, vector, info)) {
        if (opt->head && opt->auxiliary)
            auxiliary(b, opt, stage[STAGES - 1]);
        return;
    }
    info->classes = net->classes;
    if (opt->logits && net->classifier)
        ay_graph_output(b->g, linear(b, x, net->classifier, net->classes), "logits");
}

static void describe(const resnet *net, ay_model_info *info)
{
    const int *d = net->depth, *w = net->width;

    snprintf(info->shape, sizeof info->shape,
             "block=%s depths=%d,%d,%d,%d widths=%d,%d,%d,%d stem=%d%s average=%x max=%x head=%d",
             net->bottleneck ? "bottleneck" : "basic", d[0], d[1], d[2], d[3], w[0], w[1], w[2],
             w[3], net->kernel, net->pool ? "+pool" : "", net->average, net->largest,
             net->head ? net->dim : 0);
    info->dim = net->dim;
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    resnet net = {0};
    char fc[AY_NAME_MAX], head[AY_NAME_MAX];
    const char *ignore[] = {fc, opt->bare ? head : NULL, NULL};
    ay_status status = read_config(src, &net, err);

    info->recipe = (ay_recipe){.size = 224,
                               .resize = 256,
                               .filter = AY_RECIPE_BILINEAR,
                               .mean = {0.485f, 0.456f, 0.406f},
                               .std = {0.229f, 0.224f, 0.225f}};
    if (status == AY_OK)
        status = ay_recipe_read(&info->recipe, src, err);
    if (status != AY_OK)
        return status;
    ay_recipe_resize(&info->recipe, opt->size);
    describe(&net, info);
    build_graph(&(builder){src, g, &net}, opt, info);
    status = ay_graph_finish(g, err);
    snprintf(fc, sizeof fc, "%sfc.", net.prefix);
    snprintf(head, sizeof head, "%shead.", net.prefix);
    /* A prefix means a part of something larger, whose other tensors are not our business. */
    return status == AY_OK ? ay_source_bind(src, opt, g, !net.prefix[0], ignore, err) : status;
}

const ay_arch ay_arch_resnet = {.name = "resnet", .match = match, .build = build};
