/* The text towers of test/vectors give what open_clip and transformers gave; what a tower's file and
 * configuration can get wrong is said. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "models/golden.h"
#include "models/model.h"
#include "nn/plan.h"

#include <math.h>

static char folder[256];

static ay_golden load(const char *name)
{
    ay_golden g;
    char path[256];
    ay_err err;

    snprintf(path, sizeof path, "test/vectors/clip-text-%s.json", name);
    CHECK_OK(ay_golden_load(&g, path, &err), err);
    snprintf(folder, sizeof folder, "build/vectors/clip-text-%s", name);
    CHECK_OK(ay_golden_write_model(&g, folder, &err), err);
    return g;
}

static void unload(ay_golden *g)
{
    char path[300];

    ay_golden_fini(g);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    unlink(path); /* ViT-B/32's is 250 MB */
}

static ay_status open_text(ay_model **m, ay_err *err)
{
    return ay_model_open(m, folder, &(ay_model_options){.tower = AY_TOWER_TEXT}, err);
}

static double cosine(const float *a, const float *b, size_t n)
{
    double aa = 0, bb = 0, ab = 0;

    for (size_t i = 0; i < n; i++) {
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
        ab += (double)a[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Every text by itself against its own answer, computed in one batch over T places. */
static void run(const ay_golden *g, ay_model *m, const char *backend, ay_nn_precision precision,
                int64_t first, int64_t n, int64_t T)
{
    double worst = 1, wanted = precision == AY_NN_BF16 ? 0.999 : 0.99999;
    ay_shape in = AY_SHAPE(n, T);
    ay_plan_options opt = {
        .batch = (int)n, .backend = backend, .precision = precision, .input_shapes = &in};
    size_t dim = (size_t)g->dim;
    ay_plan *p;
    ay_err err;

    CHECK_OK(ay_plan_create(&p, ay_model_graph(m), &opt, &err), err);
    for (int64_t i = 0; i < n; i++)
        memcpy((float *)ay_plan_input(p, 0)->data + i * T, g->x + (first + i) * g->input[1],
               (size_t)T * sizeof(float));
    CHECK_OK(ay_plan_run(p, &err), err);
    for (int64_t i = 0; i < n; i++)
        worst = fmin(worst, cosine((const float *)ay_plan_output(p, 0)->data + (size_t)i * dim,
                                   g->features + (size_t)(first + i) * dim, dim));
    printf("  %s %s, %d of %d places: least cosine %.9f\n", backend ? backend : "best",
           precision == AY_NN_BF16 ? "bf16" : "f32", (int)T, (int)g->input[1], worst);
    CHECK(worst >= wanted);
    ay_plan_destroy(p);
}

static void agrees(const char *name, bool plain)
{
    ay_golden g = load(name);
    const ay_model_info *info;
    ay_model *m;
    ay_err err;

    CHECK_OK(open_text(&m, &err), err);
    info = ay_model_get_info(m);
    CHECK(strcmp(info->arch, "clip-text") == 0 && info->tower == AY_TOWER_TEXT);
    CHECK(info->dim == g.dim && info->context == (int)g.input[1] && info->classes == 0);
    CHECK(ay_sha256_valid(info->digest));
    if (plain)
        run(&g, m, "ref", AY_NN_F32, 0, g.input[0], g.input[1]);
    run(&g, m, NULL, AY_NN_F32, 0, g.input[0], g.input[1]);
    if (ay_cpu_get()->avx512)
        run(&g, m, NULL, AY_NN_BF16, 0, g.input[0], g.input[1]);
    if (info->causal) /* the two short texts in as many places as they need */
        run(&g, m, NULL, AY_NN_F32, 0, 2, 5);
    ay_model_close(m);
    unload(&g);
}

static void small_towers(void)
{
    agrees("openclip-small", true);
    agrees("openclip-small-quick", true);
    agrees("openclip-small-nomask", true);
    agrees("openclip-small-eos", true);
    agrees("openclip-small-linear", true);
    agrees("hf-small", true);
    agrees("hf-small-quick", true);
    agrees("hf-small-eos", true);
}

static void b32(void)
{
    agrees("openclip-b32", false);
    agrees("openclip-b32-quick", false);
    agrees("hf-b32-quick", false);
}

static void mobileclip(void)
{
    agrees("openclip-mobileclip-s1", false);
}

static void write_text(const char *name, const char *text)
{
    char path[300];
    ay_err err;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
}

static void what_the_file_says(void)
{
    ay_golden g = load("openclip-small-quick");
    const ay_model_info *info;
    char digest[AY_SHA256_HEX];
    ay_model *m;
    ay_err err;

    CHECK_OK(open_text(&m, &err), err);
    info = ay_model_get_info(m);
    CHECK(strcmp(info->shape, "width=128 layers=2 heads=2 mlp=512 context=12 vocabulary=200 "
                              "act=quick-gelu mask=causal dim=48") == 0);
    /* exp(2.3 + 0.25 * formula.unit("logit_scale", 1)) by formula.py */
    CHECK(fabsf(info->logit_scale - 10.6286f) < 1e-4f);
    CHECK(info->vocabulary == 200 && info->causal);
    memcpy(digest, info->digest, sizeof digest);
    ay_model_close(m);
    write_text("open_clip_config.json",
               "{\"model_cfg\":{\"text_cfg\":{\"heads\":2,\"no_causal_mask\":true}}}");
    CHECK_OK(open_text(&m, &err), err);
    CHECK(!ay_model_get_info(m)->causal);
    CHECK(strcmp(ay_model_get_info(m)->digest, digest) != 0);
    ay_model_close(m);
    write_text("open_clip_config.json", "{\"model_cfg\":{\"text_cfg\":{\"pool_type\":\"last\"}}}");
    CHECK(open_text(&m, &err) == AY_EUNSUPPORTED && strstr(err.msg, "pool_type \"last\""));
    write_text("open_clip_config.json", "{\"model_cfg\":{\"text_cfg\":{\"heads\":3}}}");
    CHECK(open_text(&m, &err) == AY_ECORRUPT && strstr(err.msg, "3 heads"));
    unload(&g);
}

static void no_text_tower(void)
{
    ay_golden g;
    ay_model *m;
    ay_err err;

    CHECK_OK(ay_golden_load(&g, "test/vectors/clip-openclip-small.json", &err), err);
    snprintf(folder, sizeof folder, "build/vectors/clip-text-none");
    CHECK_OK(ay_golden_write_model(&g, folder, &err), err);
    CHECK(open_text(&m, &err) == AY_EUNSUPPORTED && strstr(err.msg, "no text tower"));
    CHECK_OK(ay_model_open(&m, folder, NULL, &err), err);
    CHECK(ay_model_get_info(m)->logit_scale == 0 && ay_model_get_info(m)->context == 0);
    ay_model_close(m);
    unload(&g);
}

TESTS({"small text towers agree with open_clip and transformers", small_towers},
      {"ViT-B/32's text tower agrees, openai's and laion2b's", b32},
      {"MobileCLIP-S1's text tower agrees", mobileclip},
      {"what the file and its configuration say", what_the_file_says},
      {"a file without a text tower is named", no_text_tower})
