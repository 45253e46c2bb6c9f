/* HOAM and HOAMV2: vectors of PyTorch's, sizes, values by hand, what they start with, what is refused.
 * Their training is in train_parity_test.c. */
#include "models/golden_test.h"
#include "nn/learn.h"

#include <stdlib.h>

static void vectors(void)
{
    agrees("train-hoamv2-small", "hoamv2", true);
    agrees("train-hoam-small", "hoam", true);
    agrees("train-hoamv2", "hoamv2", false);
}

static ay_model *make(const char *name, const ay_model_options *opt)
{
    ay_model *m;
    ay_err err;

    CHECK_OK(ay_model_blueprint(&m, name, opt, &err), err);
    return m;
}

/* Numbers that learn, as PyTorch counts them. */
static size_t learning(const char *name, int embedding)
{
    ay_model *m = make(name, &(ay_model_options){.embedding = embedding});
    ay_weights *w;
    size_t n = 0;
    ay_err err;

    CHECK(ay_model_get_info(m)->dim == (embedding ? embedding : 512));
    CHECK_OK(ay_weights_create(&w, ay_model_graph(m), &err), err);
    for (size_t i = 0; i < ay_weights_count(w); i++)
        n += ay_weights_at(w, i)->grad ? ay_shape_count(&ay_weights_at(w, i)->shape) : 0;
    ay_weights_destroy(w);
    ay_model_close(m);
    return n;
}

static void parameters(void)
{
    CHECK(learning("hoamv2", 0) == 33641160);
    CHECK(learning("hoamv2", 128) == 32410824);
    CHECK(learning("hoam", 0) == 28518480);
    CHECK(learning("hoam", 128) == 27288144);
}

/* One operator on plain numbers. */
static void compute(ay_graph *g, ay_val y, const float *const *inputs, float *dst, const char *backend)
{
    ay_plan *p;
    ay_err err;

    ay_graph_output(g, y, "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_init(g, 1, &err), err);
    CHECK_OK(ay_plan_create(&p, g, &(ay_plan_options){.batch = 1, .backend = backend}, &err), err);
    for (int i = 0; inputs[i]; i++)
        memcpy(ay_plan_input(p, i)->data, inputs[i], ay_tensor_bytes(ay_plan_input(p, i)));
    CHECK_OK(ay_plan_run(p, &err), err);
    memcpy(dst, ay_plan_output(p, 0)->data, ay_tensor_bytes(ay_plan_output(p, 0)));
    ay_plan_destroy(p);
    ay_graph_destroy(g);
}

static void fusion_by_hand(void)
{
    static const float map[] = {1, 2, 3, -1}, vector[] = {3, 4};
    static const double want[] = {3, 3, 4, 4, -0.79999928, 1.76000010, 0.60000096, -1.31999987};
    const char *backend[] = {"ref", NULL};
    float y[8];
    ay_err err;

    for (int k = 0; k < 2; k++) {
        ay_graph *g;
        CHECK_OK(ay_graph_create(&g, &err), err);
        ay_val x = ay_graph_input(g, "map", AY_SHAPE(1, 2, 1, 2));
        x = ay_nn_orthogonal(g, x, ay_graph_input(g, "vector", AY_SHAPE(1, 2)));
        compute(g, x, (const float *const[]){map, vector, NULL}, y, backend[k]);
        for (int i = 0; i < 8; i++)
            CHECK(fabs(y[i] - want[i]) < 2e-7 * (1 + fabs(want[i])));
    }
}

static void edges_by_hand(void)
{
    static const float x[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const float want[] = {4, 2, -2, -2, 0, -6, -14, -10, -20};
    ay_conv a = {.out = 1, .kernel = 3, .pad = 1, .groups = 1, .init = AY_INIT_LAPLACIAN};
    ay_graph *g;
    float y[9];
    ay_err err;

    CHECK_OK(ay_graph_create(&g, &err), err);
    compute(g, ay_nn_conv2d(g, ay_graph_input(g, "x", AY_SHAPE(1, 1, 3, 3)), "edge", &a),
            (const float *const[]){x, NULL}, y, NULL);
    CHECK(memcmp(y, want, sizeof y) == 0);
}

static ay_tensor get(ay_model *m, const char *name)
{
    ay_graph *g = ay_model_graph(m);
    ay_tensor t = {0};

    for (size_t i = 0; i < ay_graph_param_count(g); i++)
        if (strcmp(ay_graph_param(g, i, &t), name) == 0)
            return t;
    CHECK(!"there is such a parameter");
    return t;
}

static double most(ay_tensor t)
{
    double m = 0;

    for (size_t i = 0; i < ay_tensor_count(&t); i++)
        m = fmax(m, fabs(((const float *)t.data)[i]));
    return m;
}

static void beginnings(void)
{
    ay_model *m = make("hoamv2", &(ay_model_options){.backbone = "efficientnetv2_tiny", .seed = 4});
    double bound = most(get(m, "attention.k.weight")), xavier = sqrt(6.0 / (256 + 768));
    const ay_recipe *r = &ay_model_get_info(m)->recipe;
    const float *edge = get(m, "edge.conv.weight").data;

    CHECK(edge[9 * 200 + 4] == -4 && edge[9 * 200 + 1] == 1 && edge[9 * 200] == 0);
    CHECK(bound <= xavier && bound > 0.999 * xavier);
    CHECK(most(get(m, "attention.v.bias")) == 0 && most(get(m, "attention.out_proj.bias")) == 0);
    CHECK(most(get(m, "local.conv.weight")) <= 1 / sqrt(64) && most(get(m, "embedding.fc2.bias")) > 0);
    CHECK(most(get(m, "backbone.conv_stem.weight")) > 2 * sqrt(2.0 / (9 * 16))); /* normal */
    CHECK(r->size == 96 && r->fit == AY_RECIPE_SQUASH && r->filter == AY_RECIPE_BILINEAR);
    ay_model_close(m);
}

static void save(ay_model *m, const char *path, const char *prefix)
{
    size_t n = ay_graph_param_count(ay_model_graph(m)), skip = strlen(prefix), count = 0;
    ay_named_tensor *all = ay_calloc(n, sizeof *all);
    ay_err err;

    for (size_t i = 0; i < n; i++) {
        const char *name = ay_graph_param(ay_model_graph(m), i, &all[count].tensor);
        if (strncmp(name, prefix, skip) == 0)
            all[count++].name = name + skip;
    }
    CHECK_OK(ay_safetensors_write(path, all, count, NULL, &err), err);
    ay_free(all);
}

static bool same(ay_model *a, const char *an, ay_model *b, const char *bn)
{
    ay_tensor x = get(a, an), y = get(b, bn);

    return ay_tensor_bytes(&x) == ay_tensor_bytes(&y) && memcmp(x.data, y.data, ay_tensor_bytes(&x)) == 0;
}

/* A backbone's file under timm's names, then HOAMs that start with it. */
static void a_learnt_backbone(void)
{
    const char *path = "build/hoam_test_backbone.safetensors", *small = "efficientnetv2_tiny";
    ay_model *body = make("efficientnetv2_tiny", &(ay_model_options){.seed = 8}), *m;
    ay_model_options opt = {.backbone = small, .seed = 4, .backbone_weights = path};
    ay_err err;

    save(body, path, "");
    m = make("hoamv2", &opt);
    CHECK(same(body, "blocks.5.1.se.conv_expand.bias", m, "backbone.blocks.5.1.se.conv_expand.bias"));
    CHECK(same(body, "conv_stem.weight", m, "backbone.conv_stem.weight"));
    opt.backbone_weights = NULL;
    ay_model *plain = make("hoamv2", &opt);
    CHECK(same(plain, "projector.weight", m, "projector.weight"));
    CHECK(!same(plain, "backbone.conv_stem.weight", m, "backbone.conv_stem.weight"));
    CHECK(strcmp(ay_model_get_info(m)->digest, ay_model_get_info(plain)->digest) != 0);
    ay_model_close(plain);
    ay_model_close(m);
    opt.backbone_weights = path; /* of another size */
    opt.backbone = "efficientnetv2_rw_s";
    CHECK(ay_model_blueprint(&m, "hoamv2", &opt, &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, "is missing") && strstr(err.msg, path));
    opt.backbone_weights = "build/no such file";
    CHECK(ay_model_blueprint(&m, "hoamv2", &opt, &err) != AY_OK && strstr(err.msg, "no such file"));
    ay_model_close(body);
    unlink(path);
}

static void from_disk(void)
{
    const char *path = "build/hoam_test.safetensors";
    ay_model *m = make("hoam", &(ay_model_options){.backbone = "efficientnetv2_tiny", .embedding = 24});
    ay_model *again;
    ay_err err;

    save(m, path, "");
    CHECK_OK(ay_model_open(&again, path, NULL, &err), err);
    CHECK(strcmp(ay_model_get_info(again)->arch, "hoam") == 0 && ay_model_get_info(again)->dim == 24);
    CHECK(strcmp(ay_model_get_info(again)->digest, ay_model_get_info(m)->digest) == 0);
    CHECK(ay_model_get_info(again)->classes == 0);
    ay_model_close(again);
    ay_model_close(m);
    unlink(path);
}

/* A classifier for classes on its vector, as on any other body's. */
static void a_head_on_it(void)
{
    ay_model_head head = {.classes = 3, .hidden = 7};
    ay_model *m = make("hoamv2", &(ay_model_options){.backbone = "efficientnetv2_tiny", .head = &head});

    CHECK(ay_model_get_info(m)->classes == 3 && get(m, "head.fc1.weight").shape.dim[1] == 512);
    CHECK(get(m, "embedding.fc1.weight").shape.dim[1] == 512);
    ay_model_close(m);
}

static void refused(void)
{
    ay_model *m;
    ay_err err;

    CHECK(ay_model_blueprint(&m, "hoamv2", &(ay_model_options){.backbone = "resnet50"}, &err) ==
          AY_EUNSUPPORTED);
    CHECK(strstr(err.msg, "resnet50") && strstr(err.msg, "efficientnetv2_rw_s"));
    CHECK(ay_model_blueprint(&m, "hoam", &(ay_model_options){.embedding = -1}, &err) == AY_EINVAL);
    CHECK(open_with("train-hoamv2-small", "projector.bias", (ay_shape){0}, &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, "projector.bias"));
    CHECK(open_with("train-hoamv2-small", "odd.weight", AY_SHAPE(3), &err) == AY_ECORRUPT);
    CHECK(open_with("train-hoamv2-small", "local.conv.weight", AY_SHAPE(60, 80, 1, 1), &err) == AY_ECORRUPT);
    CHECK(strstr(err.msg, "60"));
    CHECK(open_with("train-hoamv2-small", "embedding.fc2.weight", AY_SHAPE(16, 17), &err) == AY_ECORRUPT);
    CHECK(open_with("train-hoamv2-small", "global.conv.weight", AY_SHAPE(32, 136, 1, 1), &err) != AY_OK);
}

TESTS({"vectors are PyTorch's", vectors}, {"as many parameters as described", parameters},
      {"the fusion by hand", fusion_by_hand}, {"the edge layer by hand", edges_by_hand},
      {"what layers start with", beginnings}, {"a learnt backbone", a_learnt_backbone},
      {"opened from a file", from_disk}, {"a classifier on it", a_head_on_it},
      {"what does not fit is refused", refused})
