/* New values: the distributions PyTorch's layers start with, and a new head on an old body. */
#include "base/mem.h"
#include "base/test.h"
#include "nn/op.h"

#include <math.h>

static ay_graph *network(int classes)
{
    ay_graph *g;
    ay_val x;
    ay_err err;

    CHECK_OK(ay_graph_create(&g, &err), err);
    x = ay_graph_input(g, "x", AY_SHAPE(1, 3, 8, 8));
    x = ay_nn_conv2d(g, x, "c", &(ay_conv){.out = 60, .kernel = 3, .pad = 1, .bias = true});
    x = ay_nn_conv2d(g, x, "d", &(ay_conv){.out = 60, .kernel = 3, .pad = 1, .groups = 60});
    x = ay_nn_batch_norm(g, x, "b", 0);
    x = ay_nn_scale(g, ay_nn_embed_tokens(g, ay_nn_patches(g, x), "cls", "pos"), "gamma", 2);
    x = ay_nn_token(g, ay_nn_layer_norm(g, x, "n", 0), 0);
    x = ay_nn_linear(g, x, "l", &(ay_linear){.out = 120, .bias = true, .parts = {"q", "k"}});
    ay_graph_output(
        g, ay_nn_linear(g, x, "head.fc", &(ay_linear){.out = classes, .bias = true}), "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    return g;
}

static ay_tensor get(const ay_graph *g, const char *name)
{
    ay_tensor t = {0};

    for (size_t i = 0; i < ay_graph_param_count(g); i++)
        if (strcmp(ay_graph_param(g, i, &t), name) == 0)
            return t;
    CHECK(!"there is such a parameter");
    return t;
}

static void spread(const ay_tensor *t, double *mean, double *deviation, double *most)
{
    const float *x = t->data;
    double n = (double)ay_tensor_count(t), sum = 0, square = 0;

    *most = 0;
    for (size_t i = 0; i < ay_tensor_count(t); i++) {
        sum += x[i];
        square += (double)x[i] * x[i];
        *most = fmax(*most, fabs(x[i]));
    }
    *mean = sum / n;
    *deviation = sqrt(square / n - *mean * *mean);
}

/* Deviation within 5 deviations of its own estimate, mean likewise. */
static void is_normal(const ay_graph *g, const char *name, double want)
{
    ay_tensor t = get(g, name);
    double mean, deviation, most, n = (double)ay_tensor_count(&t);

    spread(&t, &mean, &deviation, &most);
    CHECK(fabs(mean) < 5 * want / sqrt(n) && fabs(deviation / want - 1) < 5 / sqrt(2 * n));
    CHECK(most > 2 * want); /* not uniform: that ends at 1.73 */
}

static void is_uniform(const ay_graph *g, const char *name, double bound)
{
    ay_tensor t = get(g, name);
    double mean, deviation, most, n = (double)ay_tensor_count(&t);

    spread(&t, &mean, &deviation, &most);
    CHECK(fabs(mean) < 5 * bound / sqrt(3 * n) && most <= bound && most > 0.9 * bound);
    CHECK(fabs(deviation * sqrt(3) / bound - 1) < 5 / sqrt(n));
}

static void is_constant(const ay_graph *g, const char *name, float value)
{
    ay_tensor t = get(g, name);

    for (size_t i = 0; i < ay_tensor_count(&t); i++)
        CHECK(((float *)t.data)[i] == value);
}

static void distributions(void)
{
    ay_graph *g = network(10), *again = network(7);
    ay_err err;

    CHECK_OK(ay_graph_bind_init(g, 5, &err), err);
    CHECK_OK(ay_graph_bind_init(again, 5, &err), err);
    is_normal(g, "c.weight", sqrt(2.0 / (60 * 9)));
    is_constant(g, "c.bias", 0);
    is_normal(g, "d.weight", sqrt(2.0 / 9));
    is_constant(g, "b.weight", 1);
    is_constant(g, "b.bias", 0);
    is_constant(g, "b.running_mean", 0);
    is_constant(g, "b.running_var", 1);
    is_constant(g, "n.weight", 1);
    is_constant(g, "n.bias", 0);
    is_constant(g, "gamma", 1);
    is_normal(g, "cls", 0.02);
    is_normal(g, "pos", 0.02);
    is_uniform(g, "l.q.weight", 1 / sqrt(60));
    is_uniform(g, "l.k.bias", 1 / sqrt(60));
    is_uniform(g, "head.fc.weight", 1 / sqrt(120));
    /* another number of classes changes no other tensor; two parts are not the same numbers */
    CHECK(memcmp(get(g, "l.q.weight").data, get(again, "l.q.weight").data, 60 * 60 * 4) == 0);
    CHECK(memcmp(get(g, "l.q.weight").data, get(g, "l.k.weight").data, 60 * 60 * 4) != 0);
    CHECK(ay_graph_bind_init(g, 5, &err) == AY_EINVAL);
    ay_graph_destroy(g);
    ay_graph_destroy(again);
}

/* What a layer asks for instead. */
static void asked_for(void)
{
    ay_conv edge = {.out = 6, .kernel = 3, .pad = 1, .groups = 6, .init = AY_INIT_LAPLACIAN};
    ay_conv wide = {.out = 80, .kernel = 3, .init = AY_INIT_UNIFORM};
    ay_linear packed = {.out = 90, .bias = true, .bound = 0.125f, .zero_bias = true};
    static const float kernel[9] = {0, 1, 0, 1, -4, 1, 0, 1, 0};
    ay_graph *g;
    ay_err err;

    CHECK_OK(ay_graph_create(&g, &err), err);
    ay_val x = ay_nn_conv2d(g, ay_graph_input(g, "x", AY_SHAPE(1, 6, 8, 8)), "edge", &edge);
    x = ay_nn_flatten(g, ay_nn_global_avg_pool(g, ay_nn_conv2d(g, x, "wide", &wide)));
    x = ay_nn_linear(g, ay_nn_linear(g, x, "packed", &packed), "out",
                     &(ay_linear){.out = 40, .bias = true, .zero_bias = true});
    x = ay_nn_conv2d(g, ay_nn_reshape(g, x, AY_SHAPE(0, -1, 1, 1)), "bound",
                     &(ay_conv){.out = 70, .kernel = 1, .init = AY_INIT_UNIFORM, .bound = 0.25f});
    ay_graph_output(g, x, "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_init(g, 3, &err), err);
    is_uniform(g, "bound.weight", 0.25);
    for (int i = 0; i < 6; i++)
        CHECK(memcmp((float *)get(g, "edge.weight").data + 9 * i, kernel, sizeof kernel) == 0);
    is_uniform(g, "wide.weight", 1 / sqrt(54));
    is_uniform(g, "packed.weight", 0.125);
    is_constant(g, "packed.bias", 0);
    is_uniform(g, "out.weight", 1 / sqrt(90));
    is_constant(g, "out.bias", 0);
    ay_graph_destroy(g);
}

/* Save all of one network; bind it to one with another head. */
static void a_new_head_on_an_old_body(void)
{
    const char *path = "build/init_test.safetensors", *fresh[] = {"head.", NULL};
    ay_graph *old = network(10), *new = network(4), *plain = network(4);
    ay_bind opt = {.strict = true, .fresh = fresh, .fresh_seed = 9};
    ay_named_tensor all[32];
    ay_safetensors *st;
    ay_err err;

    CHECK_OK(ay_graph_bind_init(old, 5, &err), err);
    for (size_t i = 0; i < ay_graph_param_count(old); i++)
        all[i].name = ay_graph_param(old, i, &all[i].tensor);
    CHECK_OK(ay_safetensors_write(path, all, ay_graph_param_count(old), NULL, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK(ay_graph_bind(plain, st, &(ay_bind){.strict = true}, &err) == AY_ECORRUPT);
    CHECK_OK(ay_graph_bind(new, st, &opt, &err), err);
    CHECK(memcmp(get(new, "c.weight").data, get(old, "c.weight").data, 60 * 27 * 4) == 0);
    is_uniform(new, "head.fc.weight", 1 / sqrt(120));
    CHECK(get(new, "head.fc.bias").shape.dim[0] == 4);
    ay_graph_destroy(new);
    new = network(10); /* the shape fits: the file's values are kept */
    CHECK_OK(ay_graph_bind(new, st, &opt, &err), err);
    CHECK(memcmp(get(new, "head.fc.weight").data, get(old, "head.fc.weight").data, 4800) == 0);
    ay_graph_destroy(new);
    ay_graph_destroy(plain);
    ay_safetensors_close(st);
    ay_graph_destroy(old);
    unlink(path);
}

TESTS({"distributions", distributions}, {"asked_for", asked_for},
      {"a_new_head_on_an_old_body", a_new_head_on_an_old_body})
