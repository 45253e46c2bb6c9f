/* models/golden_test.h - what the tests of architectures share: a golden file becomes a folder, the
 * folder a model, the model's vector is held against the file's; and files that do not fit. */
#ifndef AY_MODELS_GOLDEN_TEST_H
#define AY_MODELS_GOLDEN_TEST_H

#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "models/golden.h"
#include "models/model.h"
#include "nn/plan.h"

#include <jansson.h>
#include <math.h>

static char folder[256];

static inline ay_golden load(const char *name)
{
    ay_golden g;
    char path[256];
    ay_err err;

    snprintf(path, sizeof path, "test/vectors/%s.json", name);
    CHECK_OK(ay_golden_load(&g, path, &err), err);
    snprintf(folder, sizeof folder, "build/vectors/%s", name);
    CHECK_OK(ay_golden_write_model(&g, folder, &err), err);
    return g;
}

static inline void unload(ay_golden *g)
{
    char path[300];

    ay_golden_fini(g);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    unlink(path); /* ViT-B/32 is 350 MB */
}

/* One number for the whole batch: an error in any picture shows in it. */
static inline void compare(const char *what, const float *a, const float *b, size_t n, double wanted)
{
    double aa = 0, bb = 0, ab = 0, worst = 0;

    for (size_t i = 0; i < n; i++) {
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
        ab += (double)a[i] * b[i];
        worst = fmax(worst, fabs((double)a[i] - b[i]));
    }
    worst /= sqrt(bb / (double)n);
    printf("  %s: cosine %.9f, largest difference %.1e of the deviation\n", what,
           ab / sqrt(aa * bb), worst);
    CHECK(ab / sqrt(aa * bb) >= wanted);
    CHECK(worst < (wanted > 0.9999 ? 1e-4 : 0.2));
    CHECK(fabs(sqrt(aa / bb) - 1) < (wanted > 0.9999 ? 1e-4 : 0.02));
}

static inline void run(const ay_golden *g, ay_model *m, const char *backend, ay_nn_precision precision)
{
    double wanted = precision == AY_NN_BF16 ? 0.999 : 0.99999;
    ay_shape in = AY_SHAPE(g->input[0], g->input[1], g->input[2], g->input[3]);
    size_t n = (size_t)g->input[0];
    ay_plan_options opt = {
        .batch = (int)n, .backend = backend, .precision = precision, .input_shapes = &in};
    ay_plan *p;
    char what[64];
    ay_err err;

    CHECK_OK(ay_plan_create(&p, ay_model_graph(m), &opt, &err), err);
    memcpy(ay_plan_input(p, 0)->data, g->x, ay_shape_count(&in) * sizeof(float));
    CHECK_OK(ay_plan_run(p, &err), err);
    snprintf(what, sizeof what, "%s %s vector", backend ? backend : "best",
             precision == AY_NN_BF16 ? "bf16" : "f32");
    compare(what, ay_plan_output(p, 0)->data, g->features, n * (size_t)g->dim, wanted);
    CHECK((ay_plan_outputs(p) == 2) == (g->logits != NULL));
    if (g->logits)
        compare("  logits", ay_plan_output(p, 1)->data, g->logits, n * (size_t)g->classes, wanted);
    ay_plan_destroy(p);
}

static inline void agrees(const char *name, const char *arch, bool plain)
{
    ay_golden g = load(name);
    ay_model_options opt = {.logits = true};
    const ay_model_info *info;
    ay_model *m;
    ay_err err;

    CHECK_OK(ay_model_open(&m, folder, &opt, &err), err);
    info = ay_model_get_info(m);
    CHECK(strcmp(info->arch, arch) == 0);
    CHECK(info->dim == g.dim && info->classes == g.classes);
    CHECK(ay_sha256_valid(info->digest));
    if (plain)
        run(&g, m, "ref", AY_NN_F32);
    run(&g, m, NULL, AY_NN_F32);
    if (ay_cpu_get()->avx512) /* what oneDNN needs for bf16, native or not */
        run(&g, m, NULL, AY_NN_BF16);
    ay_model_close(m);
    unload(&g);
}

/* The named tensor left out (rank 0), given another shape, or added. */
static inline ay_status open_with(const char *name, const char *tensor, ay_shape shape, ay_err *err)
{
    ay_golden g = load(name);
    ay_safetensors *st;
    ay_named_tensor *list;
    char path[300], odd[300];
    size_t n = 0, count;
    ay_model *m = NULL;
    ay_status status;

    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    snprintf(odd, sizeof odd, "%s/odd.safetensors", folder);
    CHECK_OK(ay_safetensors_open(&st, path, err), *err);
    count = ay_safetensors_count(st);
    list = ay_calloc(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (strcmp(ay_safetensors_name(st, i), tensor) != 0)
            list[n++] = (ay_named_tensor){ay_safetensors_name(st, i), *ay_safetensors_at(st, i)};
    float *room = ay_calloc(1 << 20, sizeof *room);
    if (shape.rank)
        list[n++] = (ay_named_tensor){tensor, ay_tensor_make(AY_F32, shape, room)};
    CHECK_OK(ay_safetensors_write(odd, list, n, NULL, err), *err);
    ay_safetensors_close(st);
    ay_free(list);
    ay_free(room);
    status = ay_model_open(&m, odd, NULL, err);
    CHECK((status == AY_OK) == (m != NULL));
    ay_model_close(m);
    unlink(odd);
    unload(&g);
    return status;
}

#endif
