/* Drawn inputs through a small network whose statistics have been folded away. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "train/run_parts.h"

#include <math.h>

enum { SIDE = 8, BATCH = 12, BATCHES = 3, ROW = 3 * SIDE * SIDE, WIDE = 6, CLASSES = 4 };

/* ---- the network, and batches for it ----------------------------------------------------------- */

typedef struct {
    ay_graph *g;
    ay_weights *w;
    float x[BATCH * ROW];
    int labels[BATCH], left;
} fixture;

static ay_status start(void *ctx, uint64_t epoch, ay_err *err)
{
    (void)epoch, (void)err;
    ((fixture *)ctx)->left = BATCHES;
    return AY_OK;
}

/* Pictures with another offset each, so that means are far from 0. */
static ay_status next(void *ctx, ay_fit_batch *out, ay_err *err)
{
    fixture *f = ctx;
    ay_rng r;

    (void)err;
    ay_rng_init(&r, 77 + (uint64_t)f->left);
    for (int i = 0; i < BATCH * ROW; i++)
        f->x[i] = (float)(3 * ay_rng_unit(&r) - 0.5);
    *out = (ay_fit_batch){.n = f->left-- > 0 ? BATCH : 0, .x = f->x, .labels = f->labels};
    return AY_OK;
}

static void build(fixture *f)
{
    ay_conv k3 = {.out = WIDE, .kernel = 3, .pad = 1};
    ay_err err;
    ay_rng r;
    ay_val x;

    memset(f, 0, sizeof *f);
    CHECK_OK(ay_graph_create(&f->g, &err), err);
    x = ay_graph_input(f->g, "pixels", AY_SHAPE(1, 3, SIDE, SIDE));
    x = ay_nn_batch_norm(f->g, ay_nn_conv2d(f->g, x, "conv1", &k3), "bn1", 0);
    x = ay_nn_activation(f->g, x, AY_ACT_RELU);
    x = ay_nn_batch_norm(f->g, ay_nn_conv2d(f->g, x, "conv2", &k3), "bn2", 1e-3f);
    x = ay_nn_flatten(f->g, ay_nn_global_avg_pool(f->g, x));
    ay_graph_output(f->g, x, "vector");
    ay_graph_output(f->g, ay_nn_linear(f->g, x, "head.fc", &(ay_linear){.out = CLASSES, .bias = true}),
                    "logits");
    CHECK_OK(ay_graph_finish(f->g, &err), err);
    CHECK_OK(ay_graph_bind_init(f->g, 5, &err), err);
    CHECK_OK(ay_weights_create(&f->w, f->g, &err), err);
    ay_rng_init(&r, 3);
    for (int k = 0; k < 2; k++) {
        float *scale = ay_weights_find(f->w, k ? "bn2.weight" : "bn1.weight")->value;
        float *bias = ay_weights_find(f->w, k ? "bn2.bias" : "bn1.bias")->value;
        for (int c = 0; c < WIDE; c++) {
            scale[c] = (float)(c ? 4 * ay_rng_unit(&r) - 1 : 0);
            bias[c] = (float)(ay_rng_unit(&r) - 0.5);
        }
    }
    memset(ay_weights_find(f->w, "conv1.weight")->value, 0, 27 * sizeof(float)); /* a dead channel */
}

static void fini(fixture *f)
{
    ay_weights_destroy(f->w);
    ay_graph_destroy(f->g);
}

static ay_status restore(fixture *f, ay_run *r)
{
    ay_fitting fit = {.run = r, .stage = 1, .graph = f->g, .weights = f->w};
    ay_err err;
    ay_status status;

    snprintf(r->s.backend, sizeof r->s.backend, "ref");
    r->threads = 1;
    fit.train = (ay_fit_source){.ctx = f, .batches = BATCHES, .batch = BATCH, .start = start, .next = next};
    status = ay_norms_restore(&fit, &err);
    CHECK_OK(status, err);
    return status;
}

/* Logits of one batch, by running statistics or by the batch's. */
static void answer(fixture *f, bool inference, float *logits)
{
    ay_learn_options o = {.batch = BATCH, .backend = "ref", .precision = AY_NN_F32, .inference = inference};
    ay_fit_batch b;
    ay_learn *p;
    ay_err err;

    start(f, 0, &err);
    next(f, &b, &err);
    CHECK_OK(ay_learn_create(&p, f->g, f->w, &o, &err), err);
    memcpy(ay_learn_input(p, 0)->data, b.x, sizeof f->x);
    CHECK_OK(ay_learn_forward(p, 0, &err), err);
    memcpy(logits, ay_learn_output(p, 1)->data, BATCH * CLASSES * sizeof *logits);
    ay_learn_destroy(p);
}

static double farthest(const float *a, const float *b)
{
    double far = 0;

    for (int i = 0; i < BATCH * CLASSES; i++)
        far = fmax(far, fabs((double)a[i] - b[i]));
    return far;
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void the_function_stays(void)
{
    static float before[BATCH * CLASSES], after[BATCH * CLASSES], batch[BATCH * CLASSES];
    ay_run r = {0};
    fixture f;

    build(&f);
    answer(&f, true, before);
    answer(&f, false, batch);
    CHECK(farthest(before, batch) > 0.5); /* what training would have begun with */
    fini(&f);
    build(&f); /* the batch has moved its statistics */
    restore(&f, &r);
    answer(&f, true, after);
    CHECK(farthest(before, after) < 1e-4);
    answer(&f, false, batch);
    CHECK(farthest(before, batch) < 0.2); /* what it begins with now */
    fini(&f);
}

/* Against moments computed here, of the first norm's input. */
static void statistics_are_the_pictures(void)
{
    ay_run r = {0};
    fixture f;
    const float *mean, *var;

    build(&f);
    restore(&f, &r);
    mean = ay_weights_find(f.w, "bn1.running_mean")->value;
    var = ay_weights_find(f.w, "bn1.running_var")->value;
    CHECK(mean[0] == 0 && var[0] == 0); /* the dead channel */
    for (int c = 1; c < WIDE; c++)
        CHECK(var[c] > 0 && fabsf(var[c] - 1) > 1e-3f && mean[c] != 0);
    for (size_t i = 0; i < ay_weights_count(f.w); i++) {
        const ay_weight *w = ay_weights_at(f.w, i);
        for (size_t k = 0; k < ay_shape_count(&w->shape); k++)
            CHECK(isfinite(w->value[k]));
    }
    fini(&f);
}

/* One norm with statistics of its own: the file has them, nothing is to be done. */
static void what_is_there_stays(void)
{
    ay_run r = {0};
    fixture f;
    float *var, *scale, was;

    build(&f);
    var = ay_weights_find(f.w, "bn2.running_var")->value;
    scale = ay_weights_find(f.w, "bn1.weight")->value;
    var[1] = 2;
    was = scale[1];
    restore(&f, &r);
    CHECK(var[1] == 2 && var[0] == 1 && scale[1] == was);
    fini(&f);
}

static void frozen_norms_freeze(void)
{
    fixture f;

    build(&f);
    ay_norms_freeze(f.w);
    CHECK(ay_weights_find(f.w, "bn1.weight")->frozen && ay_weights_find(f.w, "bn2.bias")->frozen);
    CHECK(!ay_weights_find(f.w, "conv1.weight")->frozen && !ay_weights_find(f.w, "head.fc.weight")->frozen);
    fini(&f);
}

/* Running statistics that lag far behind are forgotten; frozen norms keep theirs. */
static void measured_before_judging(void)
{
    ay_learn_options o = {.batch = BATCH, .backend = "ref", .precision = AY_NN_F32};
    float want[WIDE], *mean, *held;
    ay_fitting fit = {.stage = 1};
    ay_run r = {0};
    fixture f;
    ay_err err;

    build(&f);
    restore(&f, &r);
    mean = ay_weights_find(f.w, "bn1.running_mean")->value;
    held = ay_weights_find(f.w, "bn2.running_mean")->value;
    memcpy(want, mean, sizeof want);
    ay_weights_freeze(f.w, "bn2", true);
    CHECK_OK(ay_learn_create(&fit.learn, f.g, f.w, &o, &err), err);
    fit.weights = f.w;
    fit.train = (ay_fit_source){.ctx = &f, .batches = BATCHES, .batch = BATCH, .start = start, .next = next};
    for (int c = 0; c < WIDE; c++)
        mean[c] += 1e6f;
    held[0] = 7;
    CHECK_OK(ay_norms_measure(&fit, &err), err);
    for (int c = 0; c < WIDE; c++)
        CHECK(fabsf(mean[c] - want[c]) < 0.05f); /* other weights of the same three batches */
    CHECK(held[0] == 7);
    ay_learn_destroy(fit.learn);
    fini(&f);
}

TESTS({"the_function_stays", the_function_stays}, {"statistics_are_the_pictures", statistics_are_the_pictures},
      {"what_is_there_stays", what_is_there_stays}, {"frozen_norms_freeze", frozen_norms_freeze},
      {"measured_before_judging", measured_before_judging})
