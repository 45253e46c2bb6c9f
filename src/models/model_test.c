/* Every file of test/vectors: the graph built from names and shapes gives what torchvision, timm,
 * open_clip and transformers gave; and files that do not fit are refused by name. */
#include "models/formula.h"
#include "models/golden_test.h"

static void resnet(void)
{
    agrees("resnet18-torchvision", "resnet", false);
    agrees("resnet34-torchvision", "resnet", false);
    agrees("resnet50-torchvision", "resnet", false);
    agrees("resnet18-timm", "resnet", true);
    agrees("resnet50-timm", "resnet", true);
}

/* Channel means of the maps that HOAM reads. */
static void check_taps(const ay_golden *g, ay_model *m)
{
    static const char *const names[] = {"stride16", "stride32"};
    ay_shape in = AY_SHAPE(g->input[0], g->input[1], g->input[2], g->input[3]);
    ay_plan_options opt = {
        .batch = (int)g->input[0], .precision = AY_NN_F32, .input_shapes = &in};
    ay_plan *p;
    ay_err err;

    CHECK_OK(ay_plan_create(&p, ay_model_graph(m), &opt, &err), err);
    memcpy(ay_plan_input(p, 0)->data, g->x, ay_shape_count(&in) * sizeof(float));
    CHECK_OK(ay_plan_run(p, &err), err);
    for (size_t k = 0; k < 2; k++) {
        const json_t *want = json_array_get(json_object_get(g->json, "taps"), k);
        const ay_tensor *t = ay_plan_output_named(p, names[k]);
        CHECK(t);
        size_t n = (size_t)(t->shape.dim[0] * t->shape.dim[1]), inner = ay_tensor_count(t) / n;
        float *a = ay_calloc(n, sizeof *a), *b = ay_calloc(n, sizeof *b);
        CHECK(json_array_size(want) == n);
        for (size_t i = 0; i < n; i++) {
            b[i] = (float)json_number_value(json_array_get(want, i));
            for (size_t j = 0; j < inner; j++)
                a[i] += ((float *)t->data)[i * inner + j] / (float)inner;
        }
        compare(names[k], a, b, n, 0.99999);
        ay_free(a);
        ay_free(b);
    }
    ay_plan_destroy(p);
}

static void efficientnet_taps(const char *name)
{
    ay_golden g = load(name);
    ay_model *m;
    ay_err err;

    CHECK_OK(ay_model_open(&m, folder, &(ay_model_options){.taps = true}, &err), err);
    check_taps(&g, m);
    ay_model_close(m);
    unload(&g);
}

static void efficientnet(void)
{
    agrees("efficientnetv2-rw-s", "efficientnetv2", true);
    agrees("efficientnetv2-tf-s", "tf_efficientnetv2", true);
    efficientnet_taps("efficientnetv2-rw-s");
    efficientnet_taps("efficientnetv2-tf-s");
}

static void clip_small(void)
{
    agrees("clip-openclip-small", "clip-vit", true);
    agrees("clip-openclip-small-quick", "clip-vit", true);
    agrees("clip-openclip-small-heads", "clip-vit", true);
    agrees("clip-hf-small", "clip-vit", true);
    agrees("clip-hf-small-quick", "clip-vit", true);
    agrees("clip-hf-small-heads", "clip-vit", true);
}

static void clip_b32(void)
{
    agrees("clip-openclip-b32", "clip-vit", false);
    agrees("clip-hf-b32-quick", "clip-vit", false);
}

static void clip_other_sizes(void)
{
    agrees("clip-openclip-b16-short", "clip-vit", false);
    agrees("clip-hf-b16-short", "clip-vit", false);
    agrees("clip-openclip-l14-short", "clip-vit", false);
    agrees("clip-hf-l14-short", "clip-vit", false);
}

/* ---- recipes --------------------------------------------------------------------------------- */

static void write_text(const char *name, const char *text)
{
    char path[300];
    ay_err err;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
}

static ay_status open_now(ay_model **m, ay_err *err)
{
    return ay_model_open(m, folder, NULL, err);
}

static ay_recipe recipe_now(void)
{
    ay_model *m;
    ay_recipe r;
    ay_err err;

    CHECK_OK(open_now(&m, &err), err);
    r = ay_model_get_info(m)->recipe;
    ay_model_close(m);
    return r;
}

static void recipes_are_read(void)
{
    ay_golden g = load("resnet18-timm");
    ay_recipe r = recipe_now();
    ay_model *m;
    ay_err err;

    CHECK(r.size == 224 && r.resize == 256 && r.filter == AY_RECIPE_BILINEAR);
    CHECK(r.fit == AY_RECIPE_SHORTEST_CROP && r.mean[0] == 0.485f);
    write_text("config.json",
               "{\"architecture\":\"resnet18\",\"pretrained_cfg\":{\"crop_pct\":0.95,"
               "\"interpolation\":\"bicubic\",\"mean\":[0.5,0.5,0.5],\"std\":[1,1,1]}}");
    r = recipe_now();
    CHECK(r.resize == 235 && r.filter == AY_RECIPE_BICUBIC && r.mean[2] == 0.5f &&
          r.std[0] == 1.0f);
    write_text("config.json", "{\"preprocessing\":{\"size\":96,\"fit\":\"letterbox\",\"filter\":"
                              "\"lanczos\",\"mean\":0.5,\"std\":0.25}}");
    r = recipe_now();
    CHECK(r.size == 96 && r.fit == AY_RECIPE_PAD_WHITE && r.filter == AY_RECIPE_LANCZOS);
    CHECK(r.mean[1] == 0.5f && r.std[2] == 0.25f);
    write_text("config.json", "{\"preprocessing\":{\"std\":[1,0,1]}}");
    CHECK(open_now(&m, &err) == AY_ECORRUPT && strstr(err.msg, "std 0"));
    write_text("config.json", "{\"preprocessing\":{\"filter\":\"psychic\"}}");
    CHECK(open_now(&m, &err) == AY_EUNSUPPORTED && strstr(err.msg, "psychic"));
    write_text("config.json", "{\"preprocessing\":");
    CHECK(open_now(&m, &err) == AY_ECORRUPT && strstr(err.msg, "config.json:1"));
    snprintf(folder + strlen(folder), 32, "/config.json");
    unlink(folder);
    *strrchr(folder, '/') = '\0';
    unload(&g);
}

/* What the tensors cannot say: SAME padding comes from the configuration. */
static void efficientnet_kinds(void)
{
    ay_golden g = load("efficientnetv2-tf-s");
    ay_recipe r = recipe_now();
    ay_model *m;
    ay_err err;

    CHECK(r.size == 300 && r.mean[1] == 0.5f && r.filter == AY_RECIPE_BICUBIC);
    write_text("config.json", "{\"architecture\":\"efficientnetv2_s\"}");
    CHECK_OK(open_now(&m, &err), err);
    CHECK(strcmp(ay_model_get_info(m)->arch, "efficientnetv2") == 0);
    CHECK(strstr(ay_model_get_info(m)->shape, "padding=even eps=1e-05"));
    ay_model_close(m);
    write_text("config.json", "{\"architecture\":\"tf_efficientnetv2\",\"norm_eps\":0.002}");
    CHECK_OK(open_now(&m, &err), err); /* as info->arch names it */
    CHECK(strstr(ay_model_get_info(m)->shape, "padding=same eps=0.002"));
    CHECK(ay_model_get_info(m)->parameters == 20177488 + 153872);
    ay_model_close(m);
    snprintf(folder + strlen(folder), 32, "/config.json");
    unlink(folder);
    *strrchr(folder, '/') = '\0';
    CHECK_OK(open_now(&m, &err), err); /* no configuration: the published ones are tf_ */
    CHECK(strcmp(ay_model_get_info(m)->arch, "tf_efficientnetv2") == 0);
    ay_model_close(m);
    unload(&g);
}

static void clip_recipes_are_read(void)
{
    ay_golden g = load("clip-hf-small");
    ay_recipe r;
    ay_model *m;
    ay_err err;

    write_text("preprocessor_config.json",
               "{\"crop_size\":{\"height\":32,\"width\":32},\"size\":{\"shortest_edge\":36},"
               "\"resample\":2,\"image_mean\":[0.1,0.2,0.3],\"image_std\":[0.4,0.5,0.6]}");
    r = recipe_now();
    CHECK(r.size == 32 && r.resize == 36 && r.filter == AY_RECIPE_BILINEAR && r.mean[1] == 0.2f);
    write_text("preprocessor_config.json", "{\"size\":32,\"resample\":9}");
    CHECK(open_now(&m, &err) == AY_EUNSUPPORTED && strstr(err.msg, "resample 9"));
    write_text("preprocessor_config.json", "{\"size\":40,\"do_resize\":true}");
    r = recipe_now();
    CHECK(r.size == 32 && r.resize == 40 && r.filter == AY_RECIPE_BICUBIC);
    write_text("preprocessor_config.json", "{}");
    write_text("config.json", "{\"vision_config\":{\"hidden_act\":\"mish\"}}");
    CHECK(open_now(&m, &err) == AY_EUNSUPPORTED && strstr(err.msg, "mish"));
    write_text("config.json", "{\"vision_config\":{\"num_attention_heads\":3}}");
    CHECK(open_now(&m, &err) == AY_ECORRUPT && strstr(err.msg, "3 heads"));
    unload(&g);
}

/* ---- files that do not fit ------------------------------------------------------------------- */

static void what_does_not_fit_is_named(void)
{
    static const char in_proj[] = "visual.transformer.resblocks.1.attn.in_proj_weight";
    ay_err err;

    CHECK(open_with("resnet18-timm", "layer2.1.bn2.bias", (ay_shape){0}, &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, "layer2.1.bn2.bias"));
    CHECK(open_with("resnet18-timm", "layer3.0.conv1.weight", AY_SHAPE(256, 96, 3, 3), &err));
    CHECK(strstr(err.msg, "layer3.0.conv1"));
    CHECK(open_with("resnet18-timm", "layer1.0.se.fc1.weight", AY_SHAPE(4, 64), &err) ==
          AY_ECORRUPT);
    CHECK(strstr(err.msg, "layer1.0.se.fc1.weight"));
    CHECK(open_with("resnet18-timm", "conv1.weight", AY_SHAPE(64, 3, 3, 3), &err) ==
          AY_EUNSUPPORTED);
    CHECK(open_with("clip-openclip-small", in_proj, (ay_shape){0}, &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, in_proj));
    CHECK(open_with("clip-openclip-small", "visual.positional_embedding", AY_SHAPE(18, 128),
                    &err) == AY_ECORRUPT);
    CHECK(strstr(err.msg, "18 places"));
    CHECK(open_with("clip-openclip-small", "visual.attn_pool.query", AY_SHAPE(1, 128), &err) ==
          AY_ECORRUPT);
    CHECK(strstr(err.msg, "visual.attn_pool.query"));
    /* The text tower is not ours to judge. */
    CHECK_OK(open_with("clip-openclip-small", "token_embedding.weight", AY_SHAPE(9, 9), &err), err);
    CHECK_OK(open_with("clip-hf-small", "text_model.final_layer_norm.bias", AY_SHAPE(9), &err),
             err);
    /* A tower without its projection gives the class token. */
    CHECK_OK(open_with("clip-hf-small", "visual_projection.weight", (ay_shape){0}, &err), err);
    CHECK(open_with("resnet18-timm", "layer1.0.conv1.weight", (ay_shape){0}, &err) ==
          AY_EUNSUPPORTED);
    CHECK(strstr(err.msg, "no architecture"));
}

static void digest_is_of_the_tower(void)
{
    ay_golden g = load("clip-openclip-small");
    char first[AY_SHA256_HEX];
    ay_model *m;
    ay_err err;

    CHECK_OK(open_now(&m, &err), err);
    snprintf(first, sizeof first, "%s", ay_model_get_info(m)->digest);
    ay_model_close(m);
    CHECK_OK(open_now(&m, &err), err);
    CHECK(strcmp(first, ay_model_get_info(m)->digest) == 0);
    ay_model_close(m);
    write_text("open_clip_config.json", "{\"model_cfg\":{\"quick_gelu\":true}}");
    CHECK_OK(open_now(&m, &err), err);
    CHECK(strcmp(first, ay_model_get_info(m)->digest) != 0);
    CHECK(strstr(ay_model_get_info(m)->shape, "quick-gelu"));
    ay_model_close(m);
    unload(&g);
}

static void the_formula_is_pythons(void)
{
    float v[4];

    /* formula.unit("input", 4) of test/vectors/formula.py */
    ay_formula_fill(v, 4, "input", 0.0f, 1.0f);
    CHECK(v[0] == -0.8043633699417114f && v[1] == 0.30472075939178467f &&
          v[2] == -0.5927515029907227f && v[3] == -0.45111072063446045f);
    ay_formula_fill(v, 1, "input", 0.5f, 2.0f);
    CHECK(v[0] == 0.5f + 2.0f * -0.8043633699417114f);
}

/* A network from nothing has the names and shapes of the published file, the classifier apart. */
static void drawn_as_published(const char *architecture, const char *golden, const char *classifier)
{
    ay_golden g = load(golden);
    const json_t *rows = json_object_get(g.json, "tensors"), *row;
    ay_model *m;
    size_t i, wanted = 0;
    ay_err err;

    CHECK_OK(ay_model_blueprint(&m, architecture, &(ay_model_options){.seed = 1}, &err), err);
    const ay_graph *graph = ay_model_graph(m);
    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_array_get(row, 0));
        const json_t *shape = json_array_get(row, 1);
        size_t found = 0;
        if (strncmp(name, classifier, strlen(classifier)) == 0)
            continue;
        wanted++;
        for (size_t k = 0; k < ay_graph_param_count(graph); k++) {
            ay_tensor t;
            if (strcmp(ay_graph_param(graph, k, &t), name) != 0)
                continue;
            CHECK(t.shape.rank == (int)json_array_size(shape));
            for (int d = 0; d < t.shape.rank; d++)
                CHECK(t.shape.dim[d] == json_integer_value(json_array_get(shape, (size_t)d)));
            found++;
        }
        CHECK(found == 1);
    }
    CHECK(wanted == ay_graph_param_count(graph));
    ay_model_close(m);
    unload(&g);
}

static void blueprints(void)
{
    ay_model *m;
    ay_err err;

    drawn_as_published("resnet18", "resnet18-torchvision", "fc.");
    drawn_as_published("resnet34", "resnet34-torchvision", "fc.");
    drawn_as_published("resnet50", "resnet50-torchvision", "fc.");
    drawn_as_published("efficientnetv2_rw_s", "efficientnetv2-rw-s", "classifier.");
    drawn_as_published("tf_efficientnetv2_s", "efficientnetv2-tf-s", "classifier.");
    CHECK_OK(ay_model_blueprint(&m, "tf_efficientnetv2_s", &(ay_model_options){0}, &err), err);
    CHECK(strcmp(ay_model_get_info(m)->arch, "tf_efficientnetv2") == 0);
    ay_model_close(m);
    CHECK_OK(ay_model_blueprint(&m, "efficientnetv2_s", &(ay_model_options){0}, &err), err);
    CHECK(strcmp(ay_model_get_info(m)->arch, "efficientnetv2") == 0);
    CHECK(strstr(ay_model_get_info(m)->shape, "stem=plain padding=even"));
    ay_model_close(m);
    CHECK(ay_model_blueprint(&m, "vgg", &(ay_model_options){0}, &err) == AY_EUNSUPPORTED);
    CHECK(strstr(err.msg, "efficientnetv2_rw_s"));
}

TESTS({"the formula is Python's", the_formula_is_pythons},
      {"ResNet-18, 34 and 50 agree with torchvision and timm", resnet},
      {"EfficientNetV2-S agrees with timm", efficientnet},
      {"EfficientNetV2's kinds are told apart", efficientnet_kinds},
      {"networks from nothing have the published names and shapes", blueprints},
      {"small CLIP towers agree with open_clip and transformers", clip_small},
      {"ViT-B/32 agrees with open_clip and transformers", clip_b32},
      {"the sizes of B/16 and L/14 agree too", clip_other_sizes},
      {"recipes are read", recipes_are_read}, {"CLIP recipes are read", clip_recipes_are_read},
      {"what does not fit is named", what_does_not_fit_is_named},
      {"the digest is of the tower", digest_is_of_the_tower})
