/* Weights: the slab's order, names, freezing, saving and loading; what learn.c refuses. */
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "nn/backend.h"

#include <math.h>

/* A batch-norm between two layers, and one linear layer stacked from two stored tensors. */
static ay_graph *small(void)
{
    ay_graph *g;
    ay_err err;
    ay_val x;

    CHECK(ay_graph_create(&g, NULL) == AY_OK);
    x = ay_graph_input(g, "x", AY_SHAPE(1, 3, 6, 6));
    x = ay_nn_conv2d(g, x, "conv", &(ay_conv){.out = 5, .kernel = 3});
    x = ay_nn_activation(g, ay_nn_batch_norm(g, x, "bn", 0), AY_ACT_RELU);
    x = ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
    x = ay_nn_linear(g, x, "fc", &(ay_linear){.out = 6, .bias = true, .parts = {"a", "b"}});
    ay_graph_output(g, x, "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_random(g, 5, &err), err);
    return g;
}

static ay_weights *weights_of(ay_graph *g)
{
    ay_weights *w;
    ay_err err;

    CHECK_OK(ay_weights_create(&w, g, &err), err);
    return w;
}

static void order_and_names(void)
{
    ay_graph *g = small();
    ay_weights *w = weights_of(g);
    size_t values, grads;
    float *value = ay_weights_values(w, &values), *grad = ay_weights_grads(w, &grads);
    ay_weight *mean = ay_weights_find(w, "bn.running_mean"), *a, *b;

    CHECK(ay_weights_count(w) == ay_graph_param_count(g) && grads < values);
    CHECK(mean && !mean->grad && mean->value >= value + grads);
    for (size_t i = 0; i < ay_weights_count(w); i++) {
        ay_weight *x = ay_weights_at(w, i);
        CHECK(x->grad ? x->grad - grad == x->value - value : i >= ay_weights_count(w) - 2);
        CHECK(ay_weights_find(w, x->name) == x && !x->frozen);
    }
    a = ay_weights_find(w, "fc.a.weight");
    b = ay_weights_find(w, "fc.b.weight");
    CHECK(a && b && b->value == a->value + 15 && !a->no_decay); /* one matrix */
    CHECK(ay_weights_find(w, "fc.a.bias")->no_decay && !ay_weights_find(w, "fc.c.weight"));
    ay_weights_destroy(w);
    ay_graph_destroy(g);
}

static void values_are_a_copy(void)
{
    ay_graph *g = small();
    ay_weights *w = weights_of(g);

    for (size_t i = 0; i < ay_graph_param_count(g); i++) {
        ay_tensor t;
        ay_weight *x = ay_weights_find(w, ay_graph_param(g, i, &t));
        CHECK(x && ay_shape_equal(&x->shape, &t.shape));
        CHECK(memcmp(x->value, t.data, ay_tensor_count(&t) * sizeof(float)) == 0);
        CHECK((const void *)x->value != t.data);
    }
    ay_weights_destroy(w);
    ay_graph_destroy(g);
}

static void freezing_hides_gradients(void)
{
    ay_graph *g = small();
    ay_weights *w = weights_of(g);

    CHECK(ay_weights_freeze(w, "bn.", true) == 4 && ay_weights_freeze(w, "nothing", true) == 0);
    CHECK(ay_weights_find(w, "bn.weight")->frozen && !ay_weights_find(w, "conv.weight")->frozen);
    CHECK(ay_weights_param_grad(w, 0) && !ay_weights_param_grad(w, 1));
    CHECK(ay_weights_freeze(w, "fc.a", true) == 2 && ay_weights_param_grad(w, 5));
    CHECK(ay_weights_freeze(w, "fc.b", true) == 2 && !ay_weights_param_grad(w, 5));
    CHECK(ay_weights_freeze(w, "", false) == ay_weights_count(w) && ay_weights_param_grad(w, 1));
    CHECK(!ay_weights_param_grad(w, 3)); /* a statistic */
    ay_weights_destroy(w);
    ay_graph_destroy(g);
}

static void saved_is_loaded(void)
{
    const char *path = "build/weights_test.safetensors";
    float extra[3] = {1, 2, 3};
    ay_tensor more = ay_tensor_make(AY_F32, AY_SHAPE(3), extra);
    const char *name = "optim.m";
    ay_graph *g = small();
    ay_weights *w = weights_of(g), *v = weights_of(g);
    size_t n;
    float *x = ay_weights_values(w, &n), *y = ay_weights_values(v, &n);
    ay_safetensors *st;
    ay_err err;

    for (size_t i = 0; i < ay_weights_count(w); i++)
        ay_weights_at(w, i)->value[0] = (float)i + 0.25f;
    CHECK_OK(ay_weights_save(w, path, &more, &name, 1, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK(memcmp(x, y, n * sizeof *x) != 0);
    CHECK_OK(ay_weights_load(v, st, &err), err);
    CHECK(memcmp(x, y, n * sizeof *x) == 0 && ay_safetensors_find(st, name));
    ay_safetensors_close(st);
    unlink(path);
    ay_weights_destroy(w);
    ay_weights_destroy(v);
    ay_graph_destroy(g);
}

static void a_file_that_does_not_fit_changes_nothing(void)
{
    const char *path = "build/weights_test_bad.safetensors";
    ay_graph *g = small();
    ay_weights *w = weights_of(g);
    float one[135] = {0};
    ay_named_tensor t[2] = {{"conv.weight", ay_tensor_make(AY_F32, AY_SHAPE(5, 6, 3), one)},
                            {"fc.a.bias", ay_tensor_make(AY_F32, AY_SHAPE(3), one)}};
    float before = ay_weights_find(w, "fc.a.bias")->value[0];
    ay_safetensors *st;
    ay_err err;

    CHECK_OK(ay_safetensors_write(path, t, 2, NULL, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK(ay_weights_load(w, st, &err) == AY_ECORRUPT && strstr(err.msg, "conv.weight"));
    CHECK(ay_weights_find(w, "fc.a.bias")->value[0] == before);
    ay_safetensors_close(st);
    t[0] = (ay_named_tensor){"other", ay_tensor_make(AY_F32, AY_SHAPE(3), one)};
    CHECK_OK(ay_safetensors_write(path, t, 2, NULL, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK(ay_weights_load(w, st, &err) == AY_ENOTFOUND && strstr(err.msg, "conv.weight"));
    ay_safetensors_close(st);
    unlink(path);
    ay_weights_destroy(w);
    ay_graph_destroy(g);
}

static void refused_memory_leaks_nothing(void)
{
    ay_graph *g = small();
    long live = ay_mem_live();
    ay_status status = AY_ENOMEM;

    for (long i = 0; i < 100 && status == AY_ENOMEM; i++) {
        ay_weights *w;
        ay_mem_fail_after(i);
        status = ay_weights_create(&w, g, NULL);
        ay_mem_fail_after(-1);
        ay_weights_destroy(w);
        CHECK(ay_mem_live() == live);
    }
    CHECK(status == AY_OK);
    ay_graph_destroy(g);
}

static void learning_is_refused_with_a_reason(void)
{
    ay_graph *g = small();
    ay_learn_options opt = {.batch = 2};
    ay_learn *l;
    ay_err err;

    CHECK(ay_learn_create(&l, g, NULL, &opt, &err) == AY_EINVAL && strstr(err.msg, "weights"));
    opt.inference = true;
    opt.watched = 1;
    opt.watch[0] = 1000;
    CHECK(ay_learn_create(&l, g, NULL, &opt, &err) == AY_EINVAL && strstr(err.msg, "watched"));
    opt.watched = 99;
    CHECK(ay_learn_create(&l, g, NULL, &opt, &err) == AY_ELIMIT && !l);
    ay_graph_destroy(g);
}

TESTS({"order and names", order_and_names}, {"values are a copy", values_are_a_copy},
      {"freezing hides gradients", freezing_hides_gradients}, {"saved is loaded", saved_is_loaded},
      {"a file that does not fit changes nothing", a_file_that_does_not_fit_changes_nothing},
      {"refused memory leaks nothing", refused_memory_leaks_nothing},
      {"learning is refused with a reason", learning_is_refused_with_a_reason})
