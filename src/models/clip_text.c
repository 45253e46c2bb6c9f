/* models/clip_text.c - the text tower of CLIP: open_clip's names (also OpenAI's, and with "text."
 * before them, as MobileCLIP's file has them) and Hugging Face's ("text_model.*").
 *
 * Radford et al., "Learning transferable visual models from natural language supervision", 2021;
 * Vasu et al., "MobileCLIP", 2024, for the tower without a mask.
 *
 *   tokens    N T whole numbers: start, words, end, fill
 *   x         token_embedding[tokens] + positional_embedding            N T D
 *   L times   the block of clip_blocks.h, causal or not
 *   row       where the text ends                                       N D
 *   ln_final
 *   vector    times text_projection, no bias                            N E
 *
 * Behind the last attention everything is done for the one row that counts.  In a causal tower rows
 * behind the end change nothing before them, so a text of six tokens needs six rows and not 77; the
 * graph takes any T up to the places that were learned.  In one without a mask every row reads the
 * fill too, and T must be the whole context: so were they trained.
 *
 * Details that have caused bugs:
 *   - whether there is a mask is not in the tensors: open_clip's text_cfg.no_causal_mask says it.
 *     Without that file a tower beside a FastViT image tower (MobileCLIP S0, S1, S2) has none, any
 *     other has one;
 *   - where a text ends: open_clip takes the largest number; Hugging Face's configuration names the
 *     end's number, but older ones say 2, which is wrong, and then the largest is taken;
 *   - text_projection is [D, E] and applied from the right in OpenAI's and open_clip's files, a
 *     linear layer [E, D] (with a bias, perhaps) in some open_clip and all Hugging Face ones;
 *   - GELU or QuickGELU: as in the image tower, and the same for both;
 *   - towers that pool otherwise (CoCa, SigLIP) or put another network there have other tensors or
 *     another pool_type, and are refused by name. */
#include "models/clip_blocks.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    ay_clip_tower body;
    const char *table, *place, *ln_final; /* after the prefix */
    char proj[AY_NAME_MAX];               /* whole name of the projection's weight; "": none */
    char proj_bias[AY_NAME_MAX];          /* "": none */
    bool proj_rows;                       /* it is [E, D] */
    int vocabulary, context, dim;
    int end; /* the number of the end; -1: the largest */
} tower;

static bool match(const ay_source *src)
{
    char prefix[AY_PREFIX_MAX];

    return ay_source_prefix(src, "token_embedding.weight", prefix);
}

/* The projection called outer + "text_projection", in any of its three forms. */
static void find_projection(const ay_source *src, tower *t, const char *outer)
{
    snprintf(t->proj, sizeof t->proj, "%.200stext_projection", outer);
    if (ay_safetensors_find(src->st, t->proj))
        return;
    snprintf(t->proj, sizeof t->proj, "%.200stext_projection.weight", outer);
    snprintf(t->proj_bias, sizeof t->proj_bias, "%.200stext_projection.bias", outer);
    t->proj_rows = true;
    if (!ay_safetensors_find(src->st, t->proj))
        t->proj[0] = '\0';
    if (!ay_safetensors_find(src->st, t->proj_bias))
        t->proj_bias[0] = '\0';
}

static void find_names(const ay_source *src, tower *t)
{
    char outer[AY_PREFIX_MAX];

    if (ay_source_prefix(src, "text_model.embeddings.token_embedding.weight", outer)) {
        t->body.names = &ay_clip_hugging;
        t->table = "embeddings.token_embedding.weight";
        t->place = "embeddings.position_embedding.weight";
        t->ln_final = "final_layer_norm";
        snprintf(t->body.prefix, sizeof t->body.prefix, "%.200stext_model.", outer);
    } else {
        ay_source_prefix(src, "token_embedding.weight", outer);
        t->body.names = &ay_clip_openclip;
        t->table = "token_embedding.weight";
        t->place = "positional_embedding";
        t->ln_final = "ln_final";
        snprintf(t->body.prefix, sizeof t->body.prefix, "%.200s", outer);
    }
    find_projection(src, t, outer);
}

static char *name_of(char dst[AY_NAME_MAX], const tower *t, const char *rest)
{
    snprintf(dst, AY_NAME_MAX, "%.255s%.250s", t->body.prefix, rest);
    return dst;
}

static ay_status read_sizes(const ay_source *src, tower *t, ay_err *err)
{
    char name[AY_NAME_MAX];
    int64_t table[2], place[2], proj[2];
    ay_status status = ay_source_shape(src, name_of(name, t, t->table), 2, table, err);

    if (status == AY_OK)
        status = ay_source_shape(src, name_of(name, t, t->place), 2, place, err);
    if (status == AY_OK && t->proj[0])
        status = ay_source_shape(src, t->proj, 2, proj, err);
    if (status != AY_OK)
        return status;
    t->vocabulary = (int)table[0];
    t->body.width = (int)table[1];
    t->context = (int)place[0];
    t->dim = t->proj[0] ? (int)proj[t->proj_rows ? 0 : 1] : t->body.width;
    if (t->context < 3 || t->vocabulary < 3)
        return ay_fail(err, AY_ECORRUPT, "a text tower of %d words and %d places", t->vocabulary,
                       t->context);
    return AY_OK;
}

/* What open_clip's text_cfg says beyond sizes. */
static ay_status read_openclip(const ay_source *src, tower *t, ay_err *err)
{
    const json_t *cfg = json_object_get(json_object_get(src->openclip, "model_cfg"), "text_cfg");
    const char *pool = ay_json_text(cfg, "pool_type", "argmax");
    char prefix[AY_PREFIX_MAX];

    if (strcmp(pool, "eos") == 0)
        t->end = ay_json_int(cfg, "eos_id", NULL, 2);
    else if (strcmp(pool, "argmax") != 0)
        return ay_fail(err, AY_EUNSUPPORTED, "open_clip_config.json: pool_type \"%.40s\"", pool);
    if (json_is_true(json_object_get(cfg, "use_pad_mask")))
        return ay_fail(err, AY_EUNSUPPORTED, "open_clip_config.json: use_pad_mask");
    t->body.causal = cfg ? !json_is_true(json_object_get(cfg, "no_causal_mask"))
                         : !ay_source_prefix(src, "stages.0.blocks.0.layer_scale.gamma", prefix) &&
                               !ay_source_prefix(src, "stages.0.blocks.0.token_mixer.reparam_conv."
                                                      "weight", prefix);
    t->body.eps = (float)json_number_value(
        json_object_get(json_object_get(cfg, "norm_kwargs"), "eps"));
    return AY_OK;
}

static void read_hugging(const ay_source *src, tower *t)
{
    const json_t *cfg = json_object_get(src->config, "text_config");
    int last = t->vocabulary - 1;

    t->end = ay_json_int(cfg, "eos_token_id", NULL,
                         ay_json_int(src->config, "eos_token_id", NULL, last));
    if (t->end == 2 || t->end < 0 || t->end > last)
        t->end = -1;
    t->body.causal = true;
    t->body.eps = (float)json_number_value(json_object_get(cfg, "layer_norm_eps"));
}

static ay_status read_tower(const ay_source *src, tower *t, ay_err *err)
{
    ay_status status;

    find_names(src, t);
    status = read_sizes(src, t, err);
    if (status == AY_OK)
        status = ay_clip_read(&t->body, src, "text", err);
    if (status == AY_OK && !t->body.names->split)
        return read_openclip(src, t, err);
    if (status == AY_OK)
        read_hugging(src, t);
    return status;
}

static void build_graph(const tower *t, ay_graph *g)
{
    char table[AY_NAME_MAX], place[AY_NAME_MAX];
    ay_val ids = ay_graph_input(g, "tokens", AY_SHAPE(1, t->context)), x;

    x = ay_nn_embedding(g, ids,
                        &(ay_embedding){.rows = t->vocabulary,
                                        .width = t->body.width,
                                        .places = t->context,
                                        .table = name_of(table, t, t->table),
                                        .pos_name = name_of(place, t, t->place)});
    x = ay_clip_blocks(&t->body, x, ids, t->end);
    x = ay_clip_norm(&t->body, x, t->ln_final);
    if (t->proj[0])
        x = ay_nn_linear(g, x, t->body.prefix,
                         &(ay_linear){.out = t->dim,
                                      .transposed = !t->proj_rows,
                                      .weight = t->proj,
                                      .bias = t->proj_bias[0] != '\0',
                                      .bias_name = t->proj_bias[0] ? t->proj_bias : NULL});
    ay_graph_output(g, x, "vector");
}

static void describe(const tower *t, ay_model_info *info)
{
    const ay_clip_tower *b = &t->body;
    int n = snprintf(info->shape, sizeof info->shape,
                     "width=%d layers=%d heads=%d mlp=%d context=%d vocabulary=%d act=%s mask=%s "
                     "dim=%d",
                     b->width, b->layers, b->heads, b->mlp, t->context, t->vocabulary,
                     ay_clip_act_name(b->act), b->causal ? "causal" : "none", t->dim);

    if (t->end >= 0 && n > 0 && n < (int)sizeof info->shape)
        snprintf(info->shape + n, sizeof info->shape - (size_t)n, " end=%d", t->end);
    info->dim = t->dim;
    info->context = t->context;
    info->vocabulary = t->vocabulary;
    info->causal = b->causal;
}

static ay_status build(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err)
{
    /* The other tower, and numbers that OpenAI's own files carry along. */
    static const char *const rest[] = {"visual.",        "vision_model.",    "visual_projection.",
                                       "logit_scale",    "logit_bias",       "attn_mask",
                                       "context_length", "input_resolution", "vocab_size",
                                       NULL};
    tower t = {.body.g = g, .end = -1};
    ay_status status = read_tower(src, &t, err);
    bool whole;

    if (status != AY_OK)
        return status;
    describe(&t, info);
    build_graph(&t, g);
    status = ay_graph_finish(g, err);
    /* Another prefix before the tower's own means a part of something larger. */
    whole = t.body.prefix[0] == '\0' || strcmp(t.body.prefix, "text.") == 0 ||
            strcmp(t.body.prefix, "text_model.") == 0;
    return status == AY_OK ? ay_source_bind(src, opt, g, whole, rest, err) : status;
}

const ay_arch ay_arch_clip_text = {
    .name = "clip-text", .match = match, .build = build, .tower = AY_TOWER_TEXT};
