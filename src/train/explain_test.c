/* Heat maps, passes and views against PyTorch, numpy and Pillow (test/vectors/make_explain.py). */
#include "train/explain.h"
#include "base/hash.h"
#include "engine/vectors_test.h"
#include "models/formula.h"
#include "models/golden.h"
#include "models/model.h"
#include "nn/inspect.h"
#include "plot/plot.h"
#include "train/why.h"

#include "base/file.h"

static json_t *answers(void)
{
    json_t *all = json_load_file("test/vectors/explain.json", 0, NULL);

    CHECK(all);
    return all;
}

typedef struct {
    ay_golden golden;
    ay_model *model;
    char folder[128];
} subject;

static subject load(const char *name)
{
    subject s = {0};
    char path[256];
    ay_err err = {{0}};

    snprintf(path, sizeof path, "test/vectors/%s.json", name);
    CHECK_OK(ay_golden_load(&s.golden, path, &err), err);
    snprintf(s.folder, sizeof s.folder, "build/explain/%s", name);
    CHECK_OK(ay_golden_write_model(&s.golden, s.folder, &err), err);
    CHECK_OK(ay_model_open(&s.model, s.folder, &(ay_model_options){.logits = true}, &err), err);
    return s;
}

static void end(subject *s)
{
    char path[256];

    ay_model_close(s->model);
    ay_golden_fini(&s->golden);
    snprintf(path, sizeof path, "%s/model.safetensors", s->folder);
    unlink(path);
}

static void check_heat(const ay_heat *h, const json_t *want)
{
    CHECK(json_array_size(want) == (size_t)h->width * (size_t)h->height);
    for (size_t i = 0; i < json_array_size(want); i++)
        CHECK(vectors_near(h->value[i], json_number_value(json_array_get(want, i)), 2e-3));
}

static void gradcam(void)
{
    subject s = load("resnet18-torchvision");
    json_t *all = answers(), *list = json_object_get(all, "gradcam"), *want;
    ay_err err = {{0}};
    ay_heat h;
    size_t i;

    CHECK(json_array_size(list) == 2);
    json_array_foreach(list, i, want) {
        int used = -5;
        CHECK_OK(ay_explain_gradcam(ay_model_graph(s.model), NULL, s.golden.x,
                                    (int)vectors_number(want, "target"), &h, &used, &err),
                 err);
        CHECK(h.width == 7 && h.height == 7 && used == (int)vectors_number(want, "explained"));
        check_heat(&h, json_object_get(want, "heat"));
        ay_heat_fini(&h);
    }
    CHECK(ay_explain_gradcam(ay_model_graph(s.model), NULL, s.golden.x, 1000, &h, NULL, &err) ==
          AY_EINVAL);
    CHECK(ay_explain_rollout(ay_model_graph(s.model), NULL, s.golden.x, &h, &err) == AY_EUNSUPPORTED);
    json_decref(all);
    end(&s);
}

static void rollout(void)
{
    subject s = load("clip-hf-small");
    json_t *all = answers();
    ay_err err = {{0}};
    ay_heat h;
    int used;

    CHECK_OK(ay_explain_heat(ay_model_graph(s.model), NULL, s.golden.x, -1, &h, &used, &err), err);
    CHECK(h.width == 4 && h.height == 4 && used == -1);
    check_heat(&h, json_object_get(all, "rollout"));
    ay_heat_fini(&h);
    CHECK(ay_explain_gradcam(ay_model_graph(s.model), NULL, s.golden.x, -1, &h, NULL, &err) ==
          AY_EUNSUPPORTED);
    json_decref(all);
    end(&s);
}

static void judged(void)
{
    json_t *all = answers(), *want = json_object_get(all, "passes");
    float p[7 * 5];
    ay_passes got;
    ay_err err = {{0}};

    ay_formula_fill(p, 35, "passes", 1.5f, 1.4f);
    for (int t = 0; t < 7; t++) {
        float sum = 0;
        for (int c = 0; c < 5; c++)
            sum += p[5 * t + c];
        for (int c = 0; c < 5; c++)
            p[5 * t + c] /= sum;
    }
    CHECK_OK(ay_passes_judge(&got, p, 7, 5, &err), err);
    for (size_t c = 0; c < 5; c++) {
        CHECK(vectors_near(got.mean[c], vectors_at(want, "mean", c), 1e-6));
        CHECK(vectors_near(got.spread[c], vectors_at(want, "spread", c), 1e-6));
        CHECK(got.mean[got.guess] >= got.mean[c]);
    }
    CHECK(vectors_near(got.entropy, vectors_number(want, "entropy"), 1e-6));
    CHECK(vectors_near(got.mutual_information, vectors_number(want, "mutual_information"), 1e-6));
    ay_passes_fini(&got);
    CHECK(ay_passes_judge(&got, p, 1, 5, &err) == AY_EINVAL);
    json_decref(all);
}

/* conv, batch-norm, pool, dropout, classes; with running statistics that no single picture has. */
static ay_graph *dropping(float share)
{
    ay_graph *g;
    ay_err err = {{0}};

    CHECK_OK(ay_graph_create(&g, &err), err);
    ay_val x = ay_graph_input(g, "image", AY_SHAPE(1, 3, 8, 8));
    x = ay_nn_conv2d(g, x, "conv", &(ay_conv){.out = 16, .kernel = 3, .pad = 1});
    x = ay_nn_batch_norm(g, x, "bn", 0);
    x = ay_nn_activation(g, x, AY_ACT_RELU);
    x = ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
    ay_graph_output(g, x, "vector");
    x = ay_nn_linear(g, ay_nn_dropout(g, x, share), "fc", &(ay_linear){.out = 3, .bias = true});
    ay_graph_output(g, x, "logits");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_random(g, 3, &err), err);
    return g;
}

static void mc_dropout(void)
{
    ay_graph *g = dropping(0.3f), *never = dropping(0);
    float x[3 * 64], plain[3], top, sum = 0;
    ay_passes a, b, c;
    ay_plan *p;
    ay_err err = {{0}};

    ay_formula_fill(x, 3 * 64, "x", 0, 2);
    CHECK_OK(ay_plan_create(&p, never, &(ay_plan_options){.batch = 1}, &err), err);
    memcpy(ay_plan_input(p, 0)->data, x, sizeof x);
    CHECK_OK(ay_plan_run(p, &err), err);
    memcpy(plain, ay_plan_output_named(p, "logits")->data, sizeof plain);
    top = fmaxf(plain[0], fmaxf(plain[1], plain[2]));
    for (int k = 0; k < 3; k++)
        sum += plain[k] = expf(plain[k] - top);

    CHECK_OK(ay_explain_mc_dropout(&a, g, NULL, x, 0, 0, 1, &err), err);
    CHECK_OK(ay_explain_mc_dropout(&b, g, NULL, x, 0, 0, 1, &err), err);
    CHECK_OK(ay_explain_mc_dropout(&c, g, NULL, x, 600, 0, 2, &err), err);
    CHECK(a.passes == 10 && a.classes == 3);
    CHECK(memcmp(a.mean, b.mean, 3 * sizeof *a.mean) == 0); /* the same seed, the same answer */
    CHECK(a.mean[0] != c.mean[0] && c.mutual_information > 0 && c.spread[0] > 1e-4);
    for (int k = 0; k < 3; k++) /* many passes come near the network without dropout */
        CHECK(fabs(c.mean[k] - plain[k] / sum) < 0.05 + 2 * c.spread[k] / sqrt(600));
    ay_passes_fini(&b);
    CHECK(ay_explain_mc_dropout(&b, never, NULL, x, 0, 0, 1, &err) == AY_EUNSUPPORTED);
    CHECK(strstr(err.msg, "no dropout"));
    ay_passes_fini(&a);
    ay_passes_fini(&c);
    ay_plan_destroy(p);
    ay_graph_destroy(g);
    ay_graph_destroy(never);
}

static void views(void)
{
    json_t *all = answers(), *want = json_object_get(all, "views");
    ay_preprocess p = {.size = 60, .fit = AY_FIT_SQUASH, .filter = AY_FILTER_BILINEAR,
                       .mean = {0.5f, 0.5f, 0.5f}, .std = {0.25f, 0.25f, 0.25f}};
    float u[60 * 60 * 3], x[3 * 60 * 60];
    char hex[AY_SHA256_HEX];
    ay_image im, v;
    ay_err err = {{0}};

    CHECK_OK(ay_image_create(&im, 60, 60, &err), err);
    ay_formula_fill(u, 60 * 60 * 3, "picture", 0, 1);
    for (int i = 0; i < 60 * 60 * 3; i++)
        im.data[i] = (uint8_t)((u[i] + 1) * 127);
    for (int k = 0; k < AY_TTA_VIEWS; k++) {
        CHECK_OK(ay_tta_view(&im, &p, k, &v, &err), err);
        CHECK(v.width == 60 && v.height == 60);
        ay_sha256_bytes(v.data, 60 * 60 * 3, hex);
        printf("  %s\n", ay_tta_name(k));
        CHECK(strcmp(hex, json_string_value(json_array_get(want, (size_t)k))) == 0);
        CHECK_OK(ay_tta_input(&im, &p, k, x, &err), err);
        CHECK(fabsf(x[60 * 30 + 7] - (v.data[3 * (60 * 30 + 7)] / 255.0f - 0.5f) / 0.25f) < 1e-5f);
        ay_image_fini(&v);
    }
    CHECK(ay_tta_view(&im, &p, 5, &v, &err) == AY_EINVAL);
    ay_image_fini(&im);
    json_decref(all);
}

/* A hot corner: there the picture turns warm, elsewhere it stays; what was cropped is dimmed. */
static void overlay(void)
{
    float value[4] = {0, 1, 0, 0};
    ay_heat h = {2, 2, value};
    ay_preprocess p = {.size = 60, .resize = 60, .fit = AY_FIT_SHORTEST_CROP};
    ay_image im, out;
    ay_canvas *c;
    ay_err err = {{0}};

    CHECK_OK(ay_image_create(&im, 120, 60, &err), err);
    memset(im.data, 100, 120 * 60 * 3);
    CHECK_OK(ay_explain_overlay(&im, &p, &h, 0, &out, &err), err);
    CHECK(out.data[3 * (30 * 120 + 5)] == 50); /* left of the crop */
    CHECK(out.data[3 * (5 * 120 + 85)] > 105 && out.data[3 * (5 * 120 + 85) + 2] < 60); /* warm */
    CHECK(out.data[3 * (55 * 120 + 35)] == 100);                                  /* cold */
    CHECK_OK(ay_plot_heat(&c, &im, &out, "Where the network looked", "a test", &err), err);
    CHECK_OK(ay_file_mkdirs("build/plots", &err), err);
    CHECK_OK(ay_canvas_save(c, AY_THEME_LIGHT, "build/plots/overlay.png", &err), err);
    ay_canvas_destroy(c);
    ay_image_fini(&im);
    ay_image_fini(&out);
}

/* A folder and pictures: the mean of the views is the mean of five plain runs, the heat map is as
 * large as the picture, and a network without dropout says so. */
static void folder(void)
{
    subject s = load("resnet18-torchvision");
    float logits[1000], feature[512], mean[2] = {0};
    ay_image im, heat;
    ay_passes passes;
    ay_preprocess p = {.size = 224, .resize = 256, .fit = AY_FIT_SHORTEST_CROP,
                       .filter = AY_FILTER_BILINEAR, .mean = {0.485f, 0.456f, 0.406f},
                       .std = {0.229f, 0.224f, 0.225f}};
    ay_plan *plan;
    ay_why *w;
    ay_err err = {{0}};

    CHECK_OK(ay_image_create(&im, 100, 80, &err), err);
    for (int i = 0; i < 100 * 80 * 3; i++)
        im.data[i] = (uint8_t)(i * 7 % 251);
    CHECK_OK(ay_why_open(&w, s.folder, NULL, &err), err);
    CHECK(ay_why_classes(w) == 1000 && ay_why_dim(w) == 512);
    CHECK_OK(ay_why_views(w, &im, logits, feature, &err), err);
    CHECK_OK(ay_plan_create(&plan, ay_model_graph(s.model),
                            &(ay_plan_options){.batch = 1, .precision = AY_NN_F32}, &err), err);
    for (int k = 0; k < AY_TTA_VIEWS; k++) {
        CHECK_OK(ay_tta_input(&im, &p, k, ay_plan_input(plan, 0)->data, &err), err);
        CHECK_OK(ay_plan_run(plan, &err), err);
        mean[0] += ((float *)ay_plan_output_named(plan, "logits")->data)[7] / AY_TTA_VIEWS;
        mean[1] += ((float *)ay_plan_output_named(plan, "vector")->data)[9] / AY_TTA_VIEWS;
    }
    CHECK(vectors_near(logits[7], mean[0], 1e-4) && vectors_near(feature[9], mean[1], 1e-4));
    CHECK_OK(ay_why_heat(w, &im, 3, &heat, &err), err);
    CHECK(heat.width == 100 && heat.height == 80);
    CHECK(ay_why_passes(w, &im, 5, 1, 0, &passes, &err) == AY_EUNSUPPORTED);
    CHECK(ay_why_open(&(ay_why *){NULL}, "build/nothing-here", NULL, &err) == AY_ENOTFOUND);
    ay_why_close(w);
    ay_plan_destroy(plan);
    ay_image_fini(&heat);
    ay_image_fini(&im);
    end(&s);
}

TESTS({"Grad-CAM equals PyTorch's", gradcam}, {"attention rollout equals transformers'", rollout},
      {"passes are judged as numpy judges them", judged}, {"dropout kept on", mc_dropout},
      {"views equal Pillow's", views}, {"heat over a picture", overlay},
      {"a folder is asked why", folder})
