/* HOAM and its loss together: ten steps of AdamW on HybridMarginLoss, the loss's own weights learning
 * too, beside PyTorch (test/vectors/make_hoam.py). */
#include "base/cpu.h"
#include "base/mem.h"
#include "base/test.h"
#include "models/formula.h"
#include "models/golden.h"
#include "models/model.h"
#include "nn/optim.h"
#include "train/metric_loss.h"

#include <jansson.h>
#include <math.h>

enum { STEPS = 10, BATCH = 4, CLASSES = 2 };

/* Weights of the loss under AdamW by hand, in double. */
typedef struct {
    double *value, *grad, *first, *second;
    size_t n;
} own;

static own draw(const char *name, size_t n)
{
    float *f = ay_alloc(n, sizeof *f);
    own o = {ay_calloc(n, sizeof(double)), ay_calloc(n, sizeof(double)), ay_calloc(n, sizeof(double)),
             ay_calloc(n, sizeof(double)), n};

    ay_formula_fill(f, n, name, 0, 1);
    for (size_t i = 0; i < n; i++)
        o.value[i] = (double)f[i];
    ay_free(f);
    return o;
}

static void drop(own *o)
{
    ay_free(o->value);
    ay_free(o->grad);
    ay_free(o->first);
    ay_free(o->second);
}

static void move(own *o, double rate, int t)
{
    for (size_t i = 0; i < o->n; i++) {
        o->first[i] += 0.1 * (o->grad[i] - o->first[i]);
        o->second[i] = 0.999 * o->second[i] + 0.001 * o->grad[i] * o->grad[i];
        o->value[i] *= 1 - rate * 0.05;
        o->value[i] -= rate * o->first[i] / (1 - pow(0.9, t)) /
                       (sqrt(o->second[i] / (1 - pow(0.999, t))) + 1e-8);
    }
}

typedef struct {
    ay_golden golden;
    char folder[256];
    ay_model *model;
    ay_weights *weights;
    ay_learn *learn;
    ay_optim *optim;
    ay_metric_loss *loss;
    own w, centers;
} bench;

static void make(bench *b, const char *name, const char *backend, ay_nn_precision precision)
{
    ay_learn_options opt = {.batch = BATCH, .backend = backend, .precision = precision};
    ay_optim_options adam = {.kind = AY_OPTIM_ADAMW, .decay = 0.05f};
    ay_metric_loss_settings s;
    char path[256];
    ay_shape in;
    ay_err err;

    snprintf(path, sizeof path, "test/vectors/%s.json", name);
    CHECK_OK(ay_golden_load(&b->golden, path, &err), err);
    snprintf(b->folder, sizeof b->folder, "build/vectors/hybrid-%s", name);
    CHECK_OK(ay_golden_write_model(&b->golden, b->folder, &err), err);
    CHECK_OK(ay_model_open(&b->model, b->folder, NULL, &err), err);
    CHECK_OK(ay_weights_create(&b->weights, ay_model_graph(b->model), &err), err);
    in = AY_SHAPE(BATCH, 3, b->golden.input[2], b->golden.input[3]);
    opt.input_shapes = &in;
    CHECK_OK(ay_learn_create(&b->learn, ay_model_graph(b->model), b->weights, &opt, &err), err);
    CHECK_OK(ay_optim_create(&b->optim, b->weights, &adam, &err), err);
    ay_metric_loss_defaults(&s);
    CHECK_OK(ay_metric_loss_create(&b->loss, &s, CLASSES, b->golden.dim, &err), err);
    b->w = draw("loss.w", (size_t)(b->golden.dim * ay_metric_loss_columns(b->loss)));
    b->centers = draw("loss.centers", (size_t)(b->golden.dim * ay_metric_loss_centers(b->loss)));
}

static void unmake(bench *b)
{
    char path[300];

    drop(&b->w);
    drop(&b->centers);
    ay_metric_loss_destroy(b->loss);
    ay_optim_destroy(b->optim);
    ay_learn_destroy(b->learn);
    ay_weights_destroy(b->weights);
    ay_model_close(b->model);
    ay_golden_fini(&b->golden);
    snprintf(path, sizeof path, "%s/model.safetensors", b->folder);
    unlink(path);
}

/* The loss; gradients are where backward and move() look for them. */
static double forward(bench *b)
{
    static const int labels[BATCH] = {0, 0, 1, 1};
    const ay_tensor *x = ay_learn_input(b->learn, 0), *y = ay_learn_output(b->learn, 0);
    size_t n = ay_tensor_count(y);
    double *z = ay_alloc(2 * n, sizeof *z);
    ay_metric_parts parts;
    ay_err err;

    memcpy(x->data, b->golden.x, ay_tensor_bytes(x));
    CHECK_OK(ay_learn_forward(b->learn, 0, &err), err);
    for (size_t i = 0; i < n; i++)
        z[i] = (double)((float *)y->data)[i];
    ay_metric_batch batch = {z, labels, BATCH, b->w.value, b->centers.value};
    ay_metric_diff diff = {z + n, b->w.grad, b->centers.grad};
    CHECK_OK(ay_metric_loss_compute(b->loss, &batch, &diff, &parts, &err), err);
    for (size_t i = 0; i < n; i++)
        ((float *)ay_learn_diff_output(b->learn, 0)->data)[i] = (float)z[n + i];
    ay_free(z);
    return parts.loss;
}

/* The largest distance of a loss, as a share of the first. */
static double curve(const char *name, const char *backend, ay_nn_precision precision)
{
    double worst = 0, rate;
    ay_err err;
    bench b;

    make(&b, name, backend, precision);
    const json_t *want = json_object_get(b.golden.json, "hybrid");
    CHECK(json_array_size(want) == STEPS);
    rate = json_number_value(json_object_get(b.golden.json, "rate"));
    double first = json_number_value(json_array_get(want, 0));
    for (int t = 1; t <= STEPS; t++) {
        double loss = forward(&b);
        worst = fmax(worst, fabs(loss - json_number_value(json_array_get(want, (size_t)t - 1))) / first);
        CHECK_OK(ay_learn_backward(b.learn, false, &err), err);
        CHECK_OK(ay_optim_step(b.optim, (float)rate, NULL, &err), err);
        move(&b.w, rate, t);
        move(&b.centers, rate, t);
    }
    printf("  %-20s %-4s %s farthest %.1e\n", name, backend, precision == AY_NN_BF16 ? "bf16" : "f32", worst);
    unmake(&b);
    return worst;
}

static void ten_steps(void)
{
    CHECK(curve("train-hoamv2-small", "dnnl", AY_NN_F32) < 1e-3);
    CHECK(curve("train-hoam-small", "dnnl", AY_NN_F32) < 1e-3);
    CHECK(curve("train-hoamv2-small", "ref", AY_NN_F32) < 1e-3);
}

static void ten_steps_in_bf16(void)
{
    if (!ay_cpu_get()->avx512)
        SKIP("no AVX-512, which bf16 needs");
    CHECK(curve("train-hoamv2-small", "dnnl", AY_NN_BF16) < 0.1);
}

TESTS({"ten steps on HybridMarginLoss are PyTorch's", ten_steps},
      {"ten steps in bf16 are near", ten_steps_in_bf16})
