#include "models/clip_blocks.h"

#include <stdio.h>
#include <string.h>

const ay_clip_names ay_clip_openclip = {
    .blocks = "transformer.resblocks.",
    .ln_1 = "ln_1",
    .ln_2 = "ln_2",
    .out_proj = "attn.out_proj",
    .fc1 = "mlp.c_fc",
    .fc2 = "mlp.c_proj",
};
const ay_clip_names ay_clip_hugging = {
    .blocks = "encoder.layers.",
    .ln_1 = "layer_norm1",
    .ln_2 = "layer_norm2",
    .out_proj = "self_attn.out_proj",
    .fc1 = "mlp.fc1",
    .fc2 = "mlp.fc2",
    .split = true,
};

/* ---- configuration --------------------------------------------------------------------------- */

static ay_status read_act(ay_clip_tower *t, const ay_source *src, const json_t *hf, ay_err *err)
{
    const json_t *cfg = json_object_get(src->openclip, "model_cfg");
    const char *word;

    if (!t->names->split) {
        t->act = json_is_true(json_object_get(cfg, "quick_gelu")) ? AY_ACT_QUICK_GELU : AY_ACT_GELU;
        return AY_OK;
    }
    word = ay_json_text(hf, "hidden_act", ay_json_text(src->config, "hidden_act", "quick_gelu"));
    t->act = strcmp(word, "quick_gelu") == 0          ? AY_ACT_QUICK_GELU
             : strcmp(word, "gelu") == 0              ? AY_ACT_GELU
             : strcmp(word, "gelu_pytorch_tanh") == 0 ? AY_ACT_GELU_TANH
                                                      : AY_ACT_NONE;
    return t->act ? AY_OK
                  : ay_fail(err, AY_EUNSUPPORTED, "config.json: hidden_act \"%.40s\"", word);
}

static ay_status read_heads(ay_clip_tower *t, const ay_source *src, const json_t *hf,
                            const json_t *openclip, ay_err *err)
{
    int each = ay_json_int(openclip, "head_width", NULL, 64);

    t->heads = each > 0 ? t->width / each : 0;
    if (t->names->split)
        t->heads = ay_json_int(hf, "num_attention_heads", NULL,
                               ay_json_int(src->config, "num_attention_heads", NULL, t->heads));
    else
        t->heads = ay_json_int(openclip, "heads", NULL, t->heads);
    if (t->heads < 1 || t->width % t->heads)
        return ay_fail(err, AY_ECORRUPT, "a width of %d does not split into %d heads", t->width,
                       t->heads);
    return AY_OK;
}

ay_status ay_clip_read(ay_clip_tower *t, const ay_source *src, const char *section, ay_err *err)
{
    char name[AY_NAME_MAX], rest[128];
    const json_t *hf, *openclip;
    int64_t dim[2];
    ay_status status;

    snprintf(rest, sizeof rest, "%s_config", section);
    hf = json_object_get(src->config, rest);
    snprintf(rest, sizeof rest, "%s_cfg", section);
    openclip = json_object_get(json_object_get(src->openclip, "model_cfg"), rest);
    snprintf(name, sizeof name, "%s%s", t->prefix, t->names->blocks);
    snprintf(rest, sizeof rest, ".%s.weight", t->names->fc1);
    t->layers = ay_source_blocks(src, name, rest);
    snprintf(name, sizeof name, "%s%s0.%s.weight", t->prefix, t->names->blocks, t->names->fc1);
    status = ay_source_shape(src, name, 2, dim, err);
    if (status != AY_OK)
        return status;
    t->mlp = (int)dim[0];
    status = read_act(t, src, hf, err);
    return status == AY_OK ? read_heads(t, src, hf, openclip, err) : status;
}

const char *ay_clip_act_name(ay_act act)
{
    return act == AY_ACT_QUICK_GELU  ? "quick-gelu"
           : act == AY_ACT_GELU_TANH ? "gelu-tanh"
                                     : "gelu";
}

/* ---- layers ---------------------------------------------------------------------------------- */

typedef struct {
    const ay_clip_tower *t;
    char at[AY_NAME_MAX]; /* prefix of the block under construction */
} builder;

/* Whole name of a part of the block, in the caller's room. */
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
        return ay_nn_linear(b->t->g, x, part(b, weight, "self_attn."), &a);
    }
    a.weight = part(b, weight, "attn.in_proj_weight");
    a.bias_name = part(b, bias, "attn.in_proj_bias");
    return ay_nn_linear(b->t->g, x, b->at, &a);
}

static ay_val linear(const builder *b, ay_val x, const char *rest, int out)
{
    char name[AY_NAME_MAX + 64];

    return ay_nn_linear(b->t->g, x, part(b, name, rest), &(ay_linear){.out = out, .bias = true});
}

static ay_val norm(const builder *b, ay_val x, const char *rest)
{
    char name[AY_NAME_MAX + 64];

    return ay_nn_layer_norm(b->t->g, x, part(b, name, rest), b->t->eps);
}

ay_val ay_clip_norm(const ay_clip_tower *t, ay_val x, const char *rest)
{
    builder b = {.t = t};

    snprintf(b.at, sizeof b.at, "%s", t->prefix);
    return norm(&b, x, rest);
}

static ay_val one_row(const ay_clip_tower *t, ay_val x, ay_val ids, int end)
{
    return ids == AY_NOVAL ? ay_nn_token(t->g, x, 0) : ay_nn_pick(t->g, x, ids, end);
}

ay_val ay_clip_blocks(const ay_clip_tower *t, ay_val x, ay_val ids, int end)
{
    builder b = {.t = t};
    ay_val y;

    for (int i = 0; i < t->layers; i++) {
        snprintf(b.at, sizeof b.at, "%s%s%d.", t->prefix, t->names->blocks, i);
        y = ay_nn_attention(t->g, qkv(&b, norm(&b, x, t->names->ln_1)), t->heads, t->causal);
        if (i == t->layers - 1) {
            y = one_row(t, y, ids, end);
            x = one_row(t, x, ids, end);
        }
        x = ay_nn_add(t->g, x, linear(&b, y, t->names->out_proj, t->width));
        y = linear(&b, norm(&b, x, t->names->ln_2), t->names->fc1, t->mlp);
        y = linear(&b, ay_nn_activation(t->g, y, t->act), t->names->fc2, t->width);
        x = ay_nn_add(t->g, x, y);
    }
    return x;
}
