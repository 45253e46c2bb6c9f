/* models/clip_vit.c - the image tower of CLIP with a vision transformer: open_clip's names
 * ("visual.*", also OpenAI's) and Hugging Face's ("vision_model.*").
 *
 * Radford et al., "Learning transferable visual models from natural language supervision", 2021.
 * ViT-B/32, B/16, L/14 and others differ in sizes only, and those are read from the tensors.
 *
 *   input     N 3 S S
 *   patches   conv1 kP sP without bias -> B T D, T = (S/P)^2, row by row
 *   tokens    class token in front, places added            B T+1 D
 *   ln_pre
 *   L times   x += out_proj(attention(in_proj(ln_1 x)));  x += c_proj(act(c_fc(ln_2 x)))
 *   ln_post   of the class token alone                      B D
 *   vector    times proj, no bias                           B E
 *
 * In the last block everything after the attention is done for the class token alone: nothing else
 * is read afterwards, and it saves three quarters of that block.
 *
 * Details that have caused bugs:
 *   - OpenAI's weights need QuickGELU, LAION's need GELU; nothing in the tensors tells.  The
 *     configuration beside the weights does (open_clip: model_cfg.quick_gelu; Hugging Face:
 *     vision_config.hidden_act).  Without one: GELU for open_clip's names (its default), QuickGELU
 *     for Hugging Face's (its default).  The wrong one still gives vectors that look plausible;
 *   - open_clip's config counts a head's width, Hugging Face's counts heads; every published CLIP
 *     has heads of 64;
 *   - Hugging Face's file says "pre_layrnorm", and it must be asked for by that name;
 *   - visual.proj is [D, E] and is applied from the right; visual_projection.weight is [E, D];
 *   - q, k and v are one matrix in open_clip (rows q, k, v) and three in Hugging Face;
 *   - the same file holds the text tower, with names that start alike ("transformer.");
 *   - embeddings.position_ids is an integer tensor in older files: not a weight;
 *   - variants with an attention pool, without ln_pre, with a timm trunk or patch norm have other
 *     tensors; they are refused by name. */
#include "models/arch.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the two publishers put the same thing. */
typedef struct {
    const char *root; /* the tensor that tells: root + "class_embedding" */
    const char *patch, *place, *ln_pre, *ln_post, *blocks, *ln_1, *ln_2, *out_proj, *fc1, *fc2;
    bool split; /* q, k, v apart */
} names;

static const names openclip = {
    .root = "",
    .patch = "conv1",
    .place = "positional_embedding",
    .ln_pre = "ln_pre",
    .ln_post = "ln_post",
    .blocks = "transformer.resblocks.",
    .ln_1 = "ln_1",
    .ln_2 = "ln_2",
    .out_proj = "attn.out_proj",
    .fc1 = "mlp.c_fc",
    .fc2 = "mlp.c_proj",
};
static const names hugging = {
    .root = "embeddings.",
    .patch = "embeddings.patch_embedding",
    .place = "embeddings.position_embedding.weight",
    .ln_pre = "pre_layrnorm",
    .ln_post = "post_layernorm",
    .blocks = "encoder.layers.",
    .ln_1 = "layer_norm1",
    .ln_2 = "layer_norm2",
    .out_proj = "self_attn.out_proj",
    .fc1 = "mlp.fc1",
    .fc2 = "mlp.fc2",
    .split = true,
};

typedef struct {
    const names *names;
    char prefix[AY_PREFIX_MAX]; /* "visual." or "vision_model." or more before it */
    char proj[AY_NAME_MAX];     /* whole name of the projection; "": there is none */
    int width, patch, grid, layers, heads, mlp, dim;
    ay_act act;
} tower;

static bool match(const ay_source *src)
{
    char prefix[AY_PREFIX_MAX];

    return ay_source_prefix(src, "visual.class_embedding", prefix) ||
           ay_source_prefix(src, "vision_model.embeddings.class_embedding", prefix);
}

static void find_names(const ay_source *src, tower *t)
{
    char outer[AY_PREFIX_MAX];

    if (ay_source_prefix(src, "visual.class_embedding", outer)) {
        t->names = &openclip;
        snprintf(t->prefix, sizeof t->prefix, "%.200svisual.", outer);
        snprintf(t->proj, sizeof t->proj, "%sproj", t->prefix);
    } else {
        ay_source_prefix(src, "vision_model.embeddings.class_embedding", outer);
        t->names = &hugging;
        snprintf(t->prefix, sizeof t->prefix, "%.200svision_model.", outer);
        snprintf(t->proj, sizeof t->proj, "%.200svisual_projection.weight", outer);
    }
    if (!ay_safetensors_find(src->st, t->proj))
        t->proj[0] = '\0';
}

static char *name_of(char dst[AY_NAME_MAX], const tower *t, const char *rest)
{
    snprintf(dst, AY_NAME_MAX, "%.255s%.250s", t->prefix, rest);
    return dst;
}

static ay_status read_patches(const ay_source *src, tower *t, ay_err *err)
{
    char name[AY_NAME_MAX], rest[128];
    int64_t conv[4], place[2];
    ay_status status;

    snprintf(rest, sizeof rest, "%s.weight", t->names->patch);
    status = ay_source_shape(src, name_of(name, t, rest), 4, conv, err);
    if (status == AY_OK)
        status = ay_source_shape(src, name_of(name, t, t->names->place), 2, place, err);
    if (status != AY_OK)
        return status;
    t->width = (int)conv[0];
    t->patch = (int)conv[2];
    t->grid = (int)lround(sqrt((double)(place[0] - 1)));
    if (t->grid < 1 || (int64_t)t->grid * t->grid + 1 != place[0])
        return ay_fail(err, AY_ECORRUPT, "tensor %s has %lld places, which is no square and one",
                       name, (long long)place[0]);
    return AY_OK;
}

static ay_status read_blocks(const ay_source *src, tower *t, ay_err *err)
{
    char name[AY_NAME_MAX], rest[128];
    int64_t dim[2];
    ay_status status;

    snprintf(rest, sizeof rest, ".%s.weight", t->names->fc1);
    t->layers = ay_source_blocks(src, name_of(name, t, t->names->blocks), rest);
    snprintf(rest, sizeof rest, "%s0.%s.weight", t->names->blocks, t->names->fc1);
    status = ay_source_shape(src, name_of(name, t, rest), 2, dim, err);
    if (status != AY_OK)
        return status;
    t->mlp = (int)dim[0];
    t->dim = t->width;
    if (t->proj[0]) {
        status = ay_source_shape(src, t->proj, 2, dim, err);
        t->dim = status == AY_OK ? (int)dim[t->names->split ? 0 : 1] : 0;
    }
    return status;
}

static ay_status read_act(const ay_source *src, tower *t, ay_err *err)
{
    const json_t *vision = json_object_get(src->config, "vision_config");
    const json_t *cfg = json_object_get(src->openclip, "model_cfg");
    const char *word;

    if (!t->names->split) {
        t->act = json_is_true(json_object_get(cfg, "quick_gelu")) ? AY_ACT_QUICK_GELU : AY_ACT_GELU;
        return AY_OK;
    }
    word =
        ay_json_text(vision, "hidden_act", ay_json_text(src->config, "hidden_act", "quick_gelu"));
    t->act = strcmp(word, "quick_gelu") == 0          ? AY_ACT_QUICK_GELU
             : strcmp(word, "gelu") == 0              ? AY_ACT_GELU
             : strcmp(word, "gelu_pytorch_tanh") == 0 ? AY_ACT_GELU_TANH
                                                      : AY_ACT_NONE;
    return t->act ? AY_OK
                  : ay_fail(err, AY_EUNSUPPORTED, "config.json: hidden_act \"%.40s\"", word);
}

static ay_status read_heads(const ay_source *src, tower *t, ay_err *err)
{
    const json_t *vision = json_object_get(src->config, "vision_config");
    const json_t *cfg = json_object_get(json_object_get(src->openclip, "model_cfg"), "vision_cfg");
    int each = ay_json_int(cfg, "head_width", NULL, 64);

    t->heads = each > 0 ? t->width / each : 0;
    if (t->names->split)
        t->heads = ay_json_int(vision, "num_attention_heads", NULL,
                               ay_json_int(src->config, "num_attention_heads", NULL, t->heads));
    if (t->heads < 1 || t->width % t->heads)
        return ay_fail(err, AY_ECORRUPT, "a width of %d does not split into %d heads", t->width,
                       t->heads);
    return AY_OK;
}

typedef struct {
    ay_graph *g;
    const tower *t;
    char at[AY_NAME_MAX]; /* prefix of the block under construction */
} builder;

/* Whole name of a part of the block; one of a few static places would do, but a caller's is safer.
 */
static const char *part(const builder *b, char dst[AY_NAME_MAX + 64], const char *rest)
{
    snprintf(dst, AY_NAME_MAX + 64, "%s%s", b->at, rest);
    return dst;
}

static ay_val qkv(const builder *b, ay_val x)
{
    char weight[AY_NAME_MAX + 64], bias[AY_NAME_MAX + 64];
    ay_linear a = {.out = 3 * b->t->width, .bias = true};

    if (b->t->names->split) {
        a.parts[0] = "q_proj", a.parts[1] = "k_proj", a.parts[2] = "v_proj";
        return ay_nn_linear(b->g, x, part(b, weight, "self_attn."), &a);
    }
    a.weight = part(b, weight, "attn.in_proj_weight");
    a.bias_name = part(b, bias, "attn.in_proj_bias");
    return ay_nn_linear(b->g, x, b->at, &a);
}

static ay_val linear(const builder *b, ay_val x, const char *rest, int out)
{
    char name[AY_NAME_MAX + 64];

    return ay_nn_linear(b->g, x, part(b, name, rest), &(ay_linear){.out = out, .bias = true});
}

static ay_val norm(const builder *b, ay_val x, const char *rest)
{
    char name[AY_NAME_MAX + 64];

    return ay_nn_layer_norm(b->g, x, part(b, name, rest), 0);
}

static ay_val block(builder *b, ay_val x, int i)
{
    const tower *t = b->t;
    ay_val y;

    snprintf(b->at, sizeof b->at, "%s%s%d.", t->prefix, t->names->blocks, i);
    y = ay_nn_attention(b->g, qkv(b, norm(b, x, t->names->ln_1)), t->heads, false);
    if (i == t->layers - 1) {
        y = ay_nn_token(b->g, y, 0);
        x = ay_nn_token(b->g, x, 0);
    }
    x = ay_nn_add(b->g, x, linear(b, y, t->names->out_proj, t->width));
    y = linear(b, norm(b, x, t->names->ln_2), t->names->fc1, t->mlp);
    y = linear(b, ay_nn_activation(b->g, y, t->act), t->names->fc2, t->width);
    return ay_nn_add(b->g, x, y);
}

static ay_val tokens(const builder *b, int size)
{
    const tower *t = b->t;
    char name[AY_NAME_MAX], class_name[AY_NAME_MAX], rest[64];
    ay_val x = ay_graph_input(b->g, "image", AY_SHAPE(1, 3, size, size));

    x = ay_nn_conv2d(b->g, x, name_of(name, t, t->names->patch),
                     &(ay_conv){.out = t->width, .kernel = t->patch, .stride = t->patch});
    snprintf(rest, sizeof rest, "%sclass_embedding", t->names->root);
    return ay_nn_embed_tokens(b->g, ay_nn_patches(b->g, x), name_of(class_name, t, rest),
                              name_of(name, t, t->names->place));
}

static void build_graph(const ay_source *src, const ay_model_options *opt, const tower *t,
                        ay_graph *g, ay_model_info *info)
{
    builder b = {.g = g, .t = t};
    ay_val x = tokens(&b, t->grid * t->patch);

    snprintf(b.at, sizeof b.at, "%s", t->prefix);
    x = norm(&b, x, t->names->ln_pre);
    for (int i = 0; i < t->layers; i++)
        x = block(&b, x, i);
    snprintf(b.at, sizeof b.at, "%s", t->prefix);
    x = norm(&b, x, t->names->ln_post);
    if (t->proj[0])
        x = ay_nn_linear(
            g, x, t->prefix,
            &(ay_linear){.out = t->dim, .transposed = !t->names->split, .weight = t->proj});
    ay_graph_output(g, x, "vector");
    ay_source_head(src, opt, g, x, info);
}

static ay_status read_tower(const ay_source *src, tower *t, ay_err *err)
{
    ay_status status;

    find_names(src, t);
    status = read_patches(src, t, err);
    if (status == AY_OK)
        status = read_blocks(src, t, err);
    if (status == AY_OK)
        status = read_act(src, t, err);
    return status == AY_OK ? read_heads(src, t, err) : status;
}

static void describe(const tower *t, ay_model_info *info)
{
    static const char *const act[] = {[AY_ACT_GELU] = "gelu",
                                      [AY_ACT_GELU_TANH] = "gelu-tanh",
                                      [AY_ACT_QUICK_GELU] = "quick-gelu"};

    snprintf(info->shape, sizeof info->shape,
             "width=%d layers=%d heads=%d mlp=%d patch=%d size=%d act=%s dim=%d", t->width,
             t->layers, t->heads, t->mlp, t->patch, t->grid * t->patch, act[t->act], t->dim);
    info->dim = t->dim;
}

static ay_status bind(const ay_source *src, const ay_model_options *opt, const tower *t,
                      ay_graph *g, ay_err *err)
{
    static const char *const rest[] = {"text_model.",
                                       "transformer.",
                                       "token_embedding.",
                                       "positional_embedding",
                                       "ln_final.",
                                       "text_projection",
                                       "logit_scale",
                                       "logit_bias",
                                       "text.",
                                       NULL};
    /* A prefix before the tower's own means a part of something larger. */
    bool whole = strcmp(t->prefix, "visual.") == 0 || strcmp(t->prefix, "vision_model.") == 0;

    return ay_source_bind(src, opt, g, whole, rest, err);
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    tower t = {0};
    ay_status status = read_tower(src, &t, err);

    if (status != AY_OK)
        return status;
    info->recipe = (ay_recipe){.size = t.grid * t.patch,
                               .resize = t.grid * t.patch,
                               .filter = AY_RECIPE_BICUBIC,
                               .mean = {0.48145466f, 0.4578275f, 0.40821073f},
                               .std = {0.26862954f, 0.26130258f, 0.27577711f}};
    status = ay_recipe_read(&info->recipe, src, err);
    if (status == AY_OK)
        ay_recipe_resize(&info->recipe, opt->size);
    if (status == AY_OK && info->recipe.size != t.grid * t.patch)
        status = ay_fail(err, AY_ECORRUPT, "preprocessing makes %d pixels, the network takes %d",
                         info->recipe.size, t.grid * t.patch);
    if (status != AY_OK)
        return status;
    describe(&t, info);
    build_graph(src, opt, &t, g, info);
    status = ay_graph_finish(g, err);
    return status == AY_OK ? bind(src, opt, &t, g, err) : status;
}

const ay_arch ay_arch_clip_vit = {"clip-vit", match, build};
