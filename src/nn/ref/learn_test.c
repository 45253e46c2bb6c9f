/* Whole networks in plain loops: the gradient of every weight against differences of the loss, and
 * what accumulation, freezing, watching, inference and dropout promise. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "nn/learn.h"

#include <math.h>

typedef ay_val build_fn(ay_graph *g);
enum { BATCH = 3 };

typedef struct {
    ay_graph *g;
    ay_weights *w;
    ay_learn *l;
    float *mix; /* loss = sum mix * output, over all outputs */
} bench;

/* A residual block with a gate, and two outputs, one of them within. */
static ay_val convolutional(ay_graph *g)
{
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 2, 6, 5)), y, s;

    x = ay_nn_conv2d(g, x, "c1", &(ay_conv){.out = 4, .kernel = 3, .pad = 1});
    x = ay_nn_activation(g, ay_nn_batch_norm(g, x, "b1", 0), AY_ACT_SILU);
    y = ay_nn_conv2d(g, x, "c2", &(ay_conv){.out = 4, .kernel = 3, .pad = 1, .groups = 4});
    y = ay_nn_activation(g, ay_nn_batch_norm(g, y, "b2", 1e-3f), AY_ACT_TANH);
    s = ay_nn_conv2d(g, ay_nn_global_avg_pool(g, y), "se",
                     &(ay_conv){.out = 4, .kernel = 1, .bias = true});
    y = ay_nn_mul(g, y, ay_nn_activation(g, s, AY_ACT_SIGMOID));
    y = ay_nn_add(g, y, x);
    y = ay_nn_flatten(g, ay_nn_avg_pool(g, y, &(ay_pool){.kernel = 2}));
    ay_graph_output(g, y, "vector");
    y = ay_nn_dropout(g, y, 0.3f);
    return ay_nn_linear(g, y, "fc", &(ay_linear){.out = 3, .bias = true});
}

static ay_val transformer(ay_graph *g)
{
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 3, 4, 4)), y;

    x = ay_nn_patches(
        g, ay_nn_conv2d(g, x, "p", &(ay_conv){.out = 8, .kernel = 2, .stride = 2, .bias = true}));
    x = ay_nn_embed_tokens(g, x, "cls", "pos");
    y = ay_nn_layer_norm(g, x, "n1", 0);
    y = ay_nn_linear(g, y, "a", &(ay_linear){.out = 24, .bias = true, .parts = {"q", "k", "v"}});
    y = ay_nn_linear(g, ay_nn_attention(g, y, 2, false), "o", &(ay_linear){.out = 8});
    x = ay_nn_add(g, x, ay_nn_scale(g, y, "gamma", 2));
    y = ay_nn_linear(g, ay_nn_layer_norm(g, x, "n2", 0), "f", &(ay_linear){.out = 16});
    y = ay_nn_linear(g, ay_nn_activation(g, y, AY_ACT_GELU), "h", &(ay_linear){.out = 8});
    return ay_nn_l2_normalise(g, ay_nn_token(g, ay_nn_add(g, x, y), 0));
}

static void open_bench(bench *b, build_fn *fn, const ay_learn_options *opt, const char *frozen)
{
    ay_learn_options o = opt ? *opt : (ay_learn_options){0};
    ay_err err;
    ay_rng r;

    *b = (bench){0};
    CHECK_OK(ay_graph_create(&b->g, &err), err);
    ay_graph_output(b->g, fn(b->g), "y");
    CHECK_OK(ay_graph_finish(b->g, &err), err);
    CHECK_OK(ay_graph_bind_random(b->g, 3, &err), err);
    CHECK_OK(ay_weights_create(&b->w, b->g, &err), err);
    if (frozen)
        CHECK(ay_weights_freeze(b->w, frozen, true) > 0);
    o.batch = BATCH;
    o.backend = "ref";
    o.seed = 5;
    CHECK_OK(ay_learn_create(&b->l, b->g, b->w, &o, &err), err);
    ay_rng_init(&r, 8);
    const ay_tensor *x = ay_learn_input(b->l, 0);
    for (size_t i = 0; i < ay_tensor_count(x); i++)
        ((float *)x->data)[i] = (float)ay_rng_normal(&r);
    b->mix = ay_alloc(1000, sizeof *b->mix);
    for (int i = 0; i < 1000; i++)
        b->mix[i] = (float)ay_rng_normal(&r);
}

static void close_bench(bench *b)
{
    ay_learn_destroy(b->l);
    ay_weights_destroy(b->w);
    ay_graph_destroy(b->g);
    ay_free(b->mix);
}

static int outputs(const bench *b)
{
    return ay_weights_find(b->w, "fc.bias") ? 2 : 1;
}

static double loss(const bench *b, uint64_t step)
{
    double sum = 0;
    ay_err err;
    size_t at = 0;

    CHECK_OK(ay_learn_forward(b->l, step, &err), err);
    for (int i = 0; i < outputs(b); i++) {
        const ay_tensor *y = ay_learn_output(b->l, i);
        for (size_t k = 0; k < ay_tensor_count(y); k++)
            sum += (double)((float *)y->data)[k] * b->mix[at++];
    }
    return sum;
}

static void back(const bench *b, uint64_t step, bool add)
{
    ay_err err;
    size_t at = 0;

    loss(b, step);
    for (int i = 0; i < outputs(b); i++) {
        const ay_tensor *d = ay_learn_diff_output(b->l, i);
        memcpy(d->data, b->mix + at, ay_tensor_bytes(d));
        at += ay_tensor_count(d);
    }
    CHECK_OK(ay_learn_backward(b->l, add, &err), err);
}

/* Four points, as in gradient_test.c. */
static double slope(const bench *b, float *x)
{
    static const double weight[] = {1, -8, 8, -1}, place[] = {-2, -1, 1, 2};
    float at = *x;
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        *x = (float)(at + place[i] * 1e-2);
        sum += weight[i] * loss(b, 2);
    }
    *x = at;
    return sum / 12e-2;
}

static void check_weights(const bench *b)
{
    double worst = 0;

    back(b, 2, false);
    for (size_t k = 0; k < ay_weights_count(b->w); k++) {
        ay_weight *w = ay_weights_at(b->w, k);
        double apart = 0, size = 0;
        for (size_t i = 0; w->grad && !w->frozen && i < ay_shape_count(&w->shape); i++) {
            double want = slope(b, &w->value[i]);
            apart += (want - w->grad[i]) * (want - w->grad[i]);
            size += want * want;
        }
        worst = fmax(worst, sqrt(apart) / (sqrt(size) + 1e-2));
        if (sqrt(apart) > 2e-3 * (sqrt(size) + 1e-2))
            printf("  %s\n", w->name);
    }
    printf("  largest distance %.1e\n", worst);
    CHECK(worst > 0 && worst < 2e-3);
}

static void every_weight_has_its_slope(void)
{
    build_fn *const fn[] = {convolutional, transformer};

    for (int i = 0; i < 2; i++) {
        bench b;
        open_bench(&b, fn[i], NULL, NULL);
        check_weights(&b);
        close_bench(&b);
    }
}

static void batches_add_up(void)
{
    bench b;
    size_t n;

    open_bench(&b, convolutional, NULL, NULL);
    float *g = ay_weights_grads(b.w, &n);
    back(&b, 1, false);
    float *one = ay_memdup(g, n * sizeof *g);
    back(&b, 1, false); /* set, not added; and the same bits */
    CHECK(memcmp(one, g, n * sizeof *g) == 0);
    back(&b, 1, true);
    for (size_t i = 0; i < n; i++)
        CHECK(fabsf(g[i] - 2 * one[i]) <= 1e-5f * fabsf(one[i]) + 1e-5f);
    back(&b, 2, false); /* another step: another mask */
    CHECK(memcmp(one, g, n * sizeof *g) != 0);
    ay_free(one);
    close_bench(&b);
}

static void frozen_weights_stay(void)
{
    bench b;
    ay_learn_info all, some;

    open_bench(&b, convolutional, NULL, NULL);
    ay_learn_get_info(b.l, &all);
    close_bench(&b);
    open_bench(&b, convolutional, NULL, "b1.");
    float *mean = ay_weights_find(b.w, "b1.running_mean")->value, was = mean[0];
    float *other = ay_weights_find(b.w, "b2.running_mean")->value, other_was = other[0];
    back(&b, 1, false);
    CHECK(mean[0] == was && other[0] != other_was);
    CHECK(ay_weights_find(b.w, "b1.weight")->grad[0] == 0);
    CHECK(ay_weights_find(b.w, "c1.weight")->grad[0] != 0); /* through the frozen norm */
    check_weights(&b);
    close_bench(&b);
    open_bench(&b, convolutional, NULL, "c");
    ay_learn_get_info(b.l, &some);
    CHECK(some.backward_steps < all.backward_steps); /* nothing below the lowest that learns */
    close_bench(&b);
}

/* The gradient at an input, and the values and gradients of a value in the middle. */
static void watched_values(void)
{
    ay_learn_options opt = {.watch = {0, 3}, .watched = 2, .inference = true};
    bench b;

    open_bench(&b, convolutional, &opt, NULL);
    back(&b, 1, false);
    const ay_tensor *dx = ay_learn_diff_watched(b.l, 0), *x = ay_learn_input(b.l, 0);
    const ay_tensor *y = ay_learn_watched(b.l, 1);
    CHECK(y->shape.dim[1] == 4 && ay_learn_diff_watched(b.l, 1)->shape.dim[1] == 4);
    for (size_t i = 0; i < ay_tensor_count(x); i += 7) {
        double want = slope(&b, (float *)x->data + i), got = ((float *)dx->data)[i];
        CHECK(fabs(want - got) < 1e-3 * (fabs(want) + 0.1));
    }
    CHECK(((float *)ay_learn_diff_watched(b.l, 1)->data)[5] != 0);
    CHECK(ay_weights_find(b.w, "fc.weight")->grad[0] == 0); /* inference: no weight learns */
    close_bench(&b);
}

/* Inference mode gives what a plan gives. */
static void inference_is_a_plan(void)
{
    bench b;
    ay_plan *p;
    ay_err err;

    open_bench(&b, convolutional, &(ay_learn_options){.inference = true}, NULL);
    loss(&b, 1);
    CHECK_OK(ay_plan_create(&p, b.g, &(ay_plan_options){.batch = BATCH, .backend = "ref"}, &err),
             err);
    memcpy(ay_plan_input(p, 0)->data, ay_learn_input(b.l, 0)->data,
           ay_tensor_bytes(ay_plan_input(p, 0)));
    CHECK_OK(ay_plan_run(p, &err), err);
    CHECK(memcmp(ay_plan_output(p, 1)->data, ay_learn_output(b.l, 1)->data,
                 ay_tensor_bytes(ay_plan_output(p, 1))) == 0);
    ay_plan_destroy(p);
    close_bench(&b);
}

/* Batch-norm of one value a channel is refused; frozen, or with two values, it is not. */
static void one_value_has_no_spread(void)
{
    ay_graph *g;
    ay_weights *w;
    ay_learn *l;
    ay_err err;

    CHECK_OK(ay_graph_create(&g, &err), err);
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 4));
    ay_graph_output(g, ay_nn_batch_norm(g, x, "b", 0), "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_init(g, 3, &err), err);
    CHECK_OK(ay_weights_create(&w, g, &err), err);
    ay_learn_options opt = {.batch = 1, .backend = "ref"};
    CHECK(ay_learn_create(&l, g, w, &opt, &err) == AY_EINVAL && !l && strstr(err.msg, "\"b\""));
    opt.batch = 2;
    CHECK_OK(ay_learn_create(&l, g, w, &opt, &err), err);
    ay_learn_destroy(l);
    opt = (ay_learn_options){.batch = 1, .backend = "ref", .inference = true};
    CHECK_OK(ay_learn_create(&l, g, w, &opt, &err), err);
    ay_learn_destroy(l);
    ay_weights_destroy(w);
    ay_graph_destroy(g);
}

/* Memory refused at any place is an error and no leak. */
static void memory_may_be_refused(void)
{
    long live = ay_mem_live();

    for (long k = 0; k < 40; k++) {
        bench b = {0};
        ay_err err;
        CHECK_OK(ay_graph_create(&b.g, &err), err);
        ay_graph_output(b.g, transformer(b.g), "y");
        CHECK_OK(ay_graph_finish(b.g, &err), err);
        CHECK_OK(ay_graph_bind_random(b.g, 3, &err), err);
        CHECK_OK(ay_weights_create(&b.w, b.g, &err), err);
        ay_mem_fail_after(k);
        ay_status s = ay_learn_create(&b.l, b.g, b.w,
                                      &(ay_learn_options){.batch = 1, .backend = "ref"}, &err);
        ay_mem_fail_after(-1);
        CHECK(s == AY_OK || (s == AY_ENOMEM && !b.l));
        CHECK(s == AY_ENOMEM || k > 3);
        close_bench(&b);
    }
    CHECK(ay_mem_live() == live);
}

TESTS({"every_weight_has_its_slope", every_weight_has_its_slope},
      {"batches_add_up", batches_add_up},
      {"frozen_weights_stay", frozen_weights_stay},
      {"watched_values", watched_values},
      {"inference_is_a_plan", inference_is_a_plan},
      {"one_value_has_no_spread", one_value_has_no_spread},
      {"memory_may_be_refused", memory_may_be_refused})
