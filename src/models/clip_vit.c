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
#include "models/clip_blocks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where the two publishers put what stands around the blocks. */
typedef struct {
    const char *root; /* the tensor that tells: root + "class_embedding" */
    const char *patch, *place, *ln_pre, *ln_post;
} names;

static const names openclip = {
    .root = "",
    .patch = "conv1",
    .place = "positional_embedding",
    .ln_pre = "ln_pre",
    .ln_post = "ln_post",
};
static const names hugging = {
    .root = "embeddings.",
    .patch = "embeddings.patch_embedding",
    .place = "embeddings.position_embedding.weight",
    .ln_pre = "pre_layrnorm",
    .ln_post = "post_layernorm",
};

typedef struct {
    const names *names;
    ay_clip_tower body;     /* prefix: "visual." or "vision_model." or more before it */
    char proj[AY_NAME_MAX]; /* whole name of the projection; "": there is none */
    int patch, grid, dim;
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
        t->body.names = &ay_clip_openclip;
        snprintf(t->body.prefix, sizeof t->body.prefix, "%.200svisual.", outer);
        snprintf(t->proj, sizeof t->proj, "%sproj", t->body.prefix);
    } else {
        ay_source_prefix(src, "vision_model.embeddings.class_embedding", outer);
        t->names = &hugging;
        t->body.names = &ay_clip_hugging;
        snprintf(t->body.prefix, sizeof t->body.prefix, "%.200svision_model.", outer);
        snprintf(t->proj, sizeof t->proj, "%.200svisual_projection.weight", outer);
    }
    if (!ay_safetensors_find(src->st, t->proj))
        t->proj[0] = '\0';
}

static char *name_of(char dst[AY_NAME_MAX], const tower *t, const char *rest)
{
    snprintf(dst, AY_NAME_MAX, "%.255s%.250s", t->body.prefix, rest);
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
    t->body.width = (int)conv[0];
    t->patch = (int)conv[2];
    t->grid = (int)lround(sqrt((double)(place[0] - 1)));
    if (t->grid < 1 || (int64_t)t->grid * t->grid + 1 != place[0])
        return ay_fail(err, AY_ECORRUPT, "tensor %s has %lld places, which is no square and one",
                       name, (long long)place[0]);
    return AY_OK;
}

static ay_status read_projection(const ay_source *src, tower *t, ay_err *err)
{
    int64_t dim[2];
    ay_status status = AY_OK;

    t->dim = t->body.width;
    if (t->proj[0]) {
        status = ay_source_shape(src, t->proj, 2, dim, err);
        t->dim = status == AY_OK ? (int)dim[t->body.names->split ? 0 : 1] : 0;
    }
    return status;
}

static ay_val tokens(const tower *t, int size)
{
    char name[AY_NAME_MAX], class_name[AY_NAME_MAX], rest[64];
    ay_graph *g = t->body.g;
    ay_val x = ay_graph_input(g, "image", AY_SHAPE(1, 3, size, size));

    x = ay_nn_conv2d(g, x, name_of(name, t, t->names->patch),
                     &(ay_conv){.out = t->body.width, .kernel = t->patch, .stride = t->patch});
    snprintf(rest, sizeof rest, "%sclass_embedding", t->names->root);
    return ay_nn_embed_tokens(g, ay_nn_patches(g, x), name_of(class_name, t, rest),
                              name_of(name, t, t->names->place));
}

static void build_graph(const ay_source *src, const ay_model_options *opt, const tower *t,
                        ay_graph *g, ay_model_info *info)
{
    ay_val x = tokens(t, t->grid * t->patch);

    x = ay_clip_norm(&t->body, x, t->names->ln_pre);
    x = ay_clip_blocks(&t->body, x, AY_NOVAL, 0);
    x = ay_clip_norm(&t->body, x, t->names->ln_post);
    if (t->proj[0])
        x = ay_nn_linear(
            g, x, t->body.prefix,
            &(ay_linear){.out = t->dim, .transposed = !t->body.names->split, .weight = t->proj});
    ay_graph_output(g, x, "vector");
    ay_source_head(src, opt, g, x, info);
}

static ay_status read_tower(const ay_source *src, tower *t, ay_err *err)
{
    ay_status status;

    find_names(src, t);
    status = read_patches(src, t, err);
    if (status == AY_OK)
        status = ay_clip_read(&t->body, src, "vision", err);
    return status == AY_OK ? read_projection(src, t, err) : status;
}

static void describe(const tower *t, ay_model_info *info)
{
    const ay_clip_tower *b = &t->body;

    snprintf(info->shape, sizeof info->shape,
             "width=%d layers=%d heads=%d mlp=%d patch=%d size=%d act=%s dim=%d", b->width,
             b->layers, b->heads, b->mlp, t->patch, t->grid * t->patch, ay_clip_act_name(b->act),
             t->dim);
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
    bool whole = strcmp(t->body.prefix, "visual.") == 0 ||
                 strcmp(t->body.prefix, "vision_model.") == 0;

    return ay_source_bind(src, opt, g, whole, rest, err);
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    tower t = {.body.g = g};
    ay_status status = read_tower(src, &t, err);

    if (status != AY_OK)
        return status;
    info->recipe = (ay_recipe){.size = t.grid * t.patch,
                               .resize = t.grid * t.patch,
                               .filter = AY_RECIPE_BICUBIC,
                               .mean = {0.48145466f, 0.4578275f, 0.40821073f},
                               .std = {0.26862954f, 0.26130258f, 0.27577711f},
                               .as_stored = true};
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

const ay_arch ay_arch_clip_vit = {.name = "clip-vit", .match = match, .build = build};
