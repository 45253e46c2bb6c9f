/* MobileCLIP's image towers against timm and open_clip: in the form of training, folded, and by all
 * three publishers' names. */
#include "models/golden_test.h"

static void small_towers(void)
{
    agrees("mobileclip-small", "fastvit", true);
    agrees("mobileclip-small-apple", "fastvit", true);
    agrees("mobileclip-small-five", "fastvit", true);
}

static void s0(void)
{
    agrees("mobileclip-s0", "fastvit", false);
}

static void s1(void)
{
    agrees("mobileclip-s1", "fastvit", false);
}

static void s2(void)
{
    agrees("mobileclip-s2", "fastvit", false);
}

static void b(void)
{
    agrees("mobileclip-b", "vit-conv", false);
}

/* The weights of an open model as a file; names that have a new word for an old get it. */
static void write_as(ay_model *m, const char *old, const char *new)
{
    ay_graph *g = ay_model_graph(m);
    size_t n = ay_graph_param_count(g);
    ay_named_tensor *list = ay_calloc(n, sizeof *list);
    char (*name)[256] = ay_calloc(n, sizeof *name), path[300];
    ay_err err;

    for (size_t i = 0; i < n; i++) {
        const char *is = ay_graph_param(g, i, &list[i].tensor), *at = strstr(is, old);
        int before = at ? (int)(at - is) : (int)strlen(is);
        snprintf(name[i], sizeof *name, "%.*s%s%s", before, is, at ? new : "",
                 at ? at + strlen(old) : "");
        list[i].name = name[i];
    }
    snprintf(path, sizeof path, "%s/folded.safetensors", folder);
    CHECK_OK(ay_safetensors_write(path, list, n, NULL, &err), err);
    ay_free(list);
    ay_free(name);
}

/* What was folded at load is itself a file that is read, by timm's name of the last layer too. */
static void folded_files(const char *golden)
{
    ay_golden g = load(golden);
    char path[300];
    ay_model *m;
    ay_err err;

    snprintf(path, sizeof path, "%s/folded.safetensors", folder);
    for (int k = 0; k < 2; k++) {
        CHECK_OK(ay_model_open(&m, folder, NULL, &err), err);
        write_as(m, k ? "head.proj." : "?", "head.fc.");
        ay_model_close(m);
        CHECK_OK(ay_model_open(&m, path, NULL, &err), err);
        CHECK(ay_model_get_info(m)->dim == g.dim && ay_model_get_info(m)->classes == 0);
        run(&g, m, NULL, AY_NN_F32);
        ay_model_close(m);
        unlink(path);
    }
    unload(&g);
}

static void folded(void)
{
    folded_files("mobileclip-small");
    folded_files("mobileclip-small-five");
}

/* A trained classifier on the body has timm's name of the projection; both are there afterwards. */
static void with_a_head(void)
{
    ay_golden g = load("mobileclip-small");
    ay_model_options opt = {.logits = true, .head = &(ay_model_head){.classes = 7}, .seed = 1};
    char path[300];
    ay_model *m;
    ay_err err;

    CHECK_OK(ay_model_open(&m, folder, &opt, &err), err);
    CHECK(ay_model_get_info(m)->classes == 7 && ay_model_get_info(m)->dim == g.dim);
    write_as(m, "?", "");
    ay_model_close(m);
    snprintf(path, sizeof path, "%s/folded.safetensors", folder);
    CHECK_OK(ay_model_open(&m, path, NULL, &err), err);
    CHECK(ay_model_get_info(m)->classes == 7 && ay_model_get_info(m)->dim == g.dim);
    run(&g, m, NULL, AY_NN_F32);
    ay_model_close(m);
    unlink(path);
    unload(&g);
}

static void what_does_not_fit_is_named(void)
{
    static const struct {
        const char *golden, *tensor;
        ay_shape shape;
        ay_status status;
    } odd[] = {
        {"mobileclip-small", "stem.1.conv_scale.bn.bias", {0}, AY_ENOTFOUND},
        {"mobileclip-small", "stages.1.blocks.1.token_mixer.norm.identity.running_var", {0},
         AY_ENOTFOUND},
        {"mobileclip-small", "stages.3.blocks.0.mlp.fc2.weight", {0}, AY_ENOTFOUND},
        {"mobileclip-small", "final_conv.se.fc2.bias", {1, {9}}, AY_ECORRUPT},
        {"mobileclip-small", "stem.0.conv_kxk.0.conv.weight", {4, {16, 3, 3, 5}}, AY_ECORRUPT},
        {"mobileclip-small", "stages.2.downsample.proj.0.small_conv.conv.weight", {4, {64, 1, 4, 4}},
         AY_ECORRUPT},
        {"mobileclip-small", "stages.0.blocks.0.token_mixer.layer_scale.gamma", {3, {5, 1, 1}},
         AY_ECORRUPT},
        {"mobileclip-small", "stages.3.pos_emb.pos_enc.bias", {1, {127}}, AY_ECORRUPT},
        {"mobileclip-small", "stages.3.blocks.1.token_mixer.qkv.weight", {2, {128, 128}},
         AY_ECORRUPT},
        {"mobileclip-small", "stages.0.blocks.0.attn.bias", {1, {16}}, AY_ECORRUPT},
        {"mobileclip-small-five", "stages.3.blocks.0.norm.bias", {1, {63}}, AY_ECORRUPT},
        {"mobileclip-b", "visual.trunk.pos_embed", {3, {1, 197, 768}}, AY_ECORRUPT},
        {"mobileclip-b", "visual.trunk.patch_embed.backbone.1.bn.weight", {1, {191}}, AY_ECORRUPT},
        {"mobileclip-b", "visual.head.proj.weight", {2, {512, 512}}, AY_ECORRUPT},
    };
    ay_err err;

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        ay_status status = open_with(odd[i].golden, odd[i].tensor, odd[i].shape, &err);
        if (status != odd[i].status || !strstr(err.msg, odd[i].tensor))
            printf("  %s: status %d, %s\n", odd[i].tensor, (int)status, err.msg);
        CHECK(status == odd[i].status && strstr(err.msg, odd[i].tensor));
    }
    /* The text tower is not ours to judge. */
    CHECK_OK(open_with("mobileclip-b", "text.positional_embedding", AY_SHAPE(9, 9), &err), err);
    /* One squeeze less is another network, but not one of MobileCLIP's when both are gone. */
    CHECK(open_with("mobileclip-small", "stages.2.downsample.proj.0.se.fc1.weight", (ay_shape){0},
                    &err) == AY_ECORRUPT);
}

static void recipes(void)
{
    ay_golden g = load("mobileclip-small");
    ay_model *m;
    ay_err err;

    CHECK_OK(ay_model_open(&m, folder, NULL, &err), err);
    ay_recipe r = ay_model_get_info(m)->recipe;
    CHECK(r.size == 256 && r.resize == 256 && r.fit == AY_RECIPE_SHORTEST_CROP);
    CHECK(r.filter == AY_RECIPE_BILINEAR && r.mean[2] == 0 && r.std[0] == 1);
    CHECK(strcmp(ay_model_get_info(m)->shape, "depths=1,2,1,2 widths=16,32,64,128 attention=1 "
                                              "head=32 squeeze=1 size=256 dim=24") == 0);
    ay_model_close(m);
    unload(&g);
    g = load("mobileclip-small-five");
    CHECK_OK(ay_model_open(&m, folder, NULL, &err), err);
    r = ay_model_get_info(m)->recipe;
    CHECK(r.size == 256 && r.mean[0] == 0.48145466f && r.std[2] == 0.27577711f);
    ay_model_close(m);
    unload(&g);
    g = load("mobileclip-b");
    CHECK_OK(ay_model_open(&m, folder, NULL, &err), err);
    r = ay_model_get_info(m)->recipe;
    CHECK(r.size == 224 && r.resize == 224 && r.filter == AY_RECIPE_BILINEAR && r.mean[1] == 0);
    CHECK(strstr(ay_model_get_info(m)->shape, "width=768 layers=12 heads=12 mlp=3072 stem=3 patch=16"));
    ay_model_close(m);
    unload(&g);
}

TESTS({"small towers agree with timm, in three publishers' names", small_towers},
      {"MobileCLIP-S0 agrees with timm", s0}, {"MobileCLIP-S1 agrees with open_clip", s1},
      {"MobileCLIP-S2 agrees with open_clip", s2}, {"MobileCLIP-B agrees with open_clip", b},
      {"folded files are read too", folded}, {"a classifier fits on the body", with_a_head},
      {"what does not fit is named", what_does_not_fit_is_named},
      {"pictures are prepared as published", recipes})
