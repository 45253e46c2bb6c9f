/* Training over oneDNN against the plain loops: whole small networks with every operator, values,
 * statistics, all gradients, watched values; float32 and bf16, one and two threads; accumulation,
 * checkpoints, frozen beginnings, determinism, no allocation.
 *
 * Weights, inputs and gradients of the output are test/vectors/formula.py's, so that
 * test/vectors/make_bf16.py computes with PyTorch what these networks compute. */
#include "base/mem.h"
#include "base/test.h"
#include "nn/backend.h"
#include "nn/op.h"

#include <math.h>

typedef ay_val build_fn(ay_graph *g, ay_val *watch);

static ay_val conv_norm(ay_graph *g, ay_val x, const char *name, ay_conv a, ay_act act)
{
    char norm[64];

    snprintf(norm, sizeof norm, "%s.bn", name);
    x = ay_nn_batch_norm(g, ay_nn_conv2d(g, x, name, &a), norm, 0);
    return ay_nn_activation(g, x, act);
}

static ay_val basic_block(ay_graph *g, ay_val x, const char *name, int out, int stride)
{
    char a[32], b[32], c[32];
    ay_val y, skip = x;

    snprintf(a, sizeof a, "%s.a", name);
    snprintf(b, sizeof b, "%s.b", name);
    snprintf(c, sizeof c, "%s.c", name);
    y = conv_norm(g, x, a, (ay_conv){.out = out, .kernel = 3, .stride = stride, .pad = 1},
                  AY_ACT_RELU);
    y = conv_norm(g, y, b, (ay_conv){.out = out, .kernel = 3, .pad = 1}, AY_ACT_NONE);
    if (stride != 1)
        skip = conv_norm(g, x, c, (ay_conv){.out = out, .kernel = 1, .stride = stride},
                         AY_ACT_NONE);
    return ay_nn_activation(g, ay_nn_add(g, y, skip), AY_ACT_RELU);
}

/* The shape of a ResNet, with channel counts that do not fill vectors. */
static ay_val residual(ay_graph *g, ay_val *watch)
{
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 3, 33, 30));

    x = conv_norm(g, x, "stem", (ay_conv){.out = 24, .kernel = 7, .stride = 2, .pad = 3},
                  AY_ACT_RELU);
    x = ay_nn_max_pool(g, x, &(ay_pool){.kernel = 3, .stride = 2, .pad = 1});
    x = basic_block(g, x, "one", 24, 1);
    x = *watch = basic_block(g, x, "two", 32, 2);
    x = ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
    return ay_nn_linear(g, x, "fc", &(ay_linear){.out = 10, .bias = true});
}

/* Inverted bottlenecks: depthwise, squeeze-excite, SiLU, TensorFlow's padding. */
static ay_val bottleneck(ay_graph *g, ay_val *watch)
{
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 3, 20, 23)), y, s;

    x = conv_norm(g, x, "stem", (ay_conv){.out = 16, .kernel = 3, .stride = 2, .same = true},
                  AY_ACT_SILU);
    y = conv_norm(g, x, "expand", (ay_conv){.out = 40, .kernel = 1}, AY_ACT_SILU);
    y = conv_norm(g, y, "dw", (ay_conv){.out = 40, .kernel = 3, .pad = 1, .groups = 40},
                  AY_ACT_SILU);
    s = ay_nn_global_avg_pool(g, y);
    s = ay_nn_conv2d(g, s, "se.a", &(ay_conv){.out = 4, .kernel = 1, .bias = true});
    s = ay_nn_activation(g, s, AY_ACT_SILU);
    s = ay_nn_conv2d(g, s, "se.b", &(ay_conv){.out = 40, .kernel = 1, .bias = true});
    *watch = s = ay_nn_activation(g, s, AY_ACT_SIGMOID);
    y = ay_nn_mul(g, y, s);
    y = conv_norm(g, y, "project", (ay_conv){.out = 16, .kernel = 1}, AY_ACT_NONE);
    x = ay_nn_add(g, x, y);
    x = conv_norm(g, x, "group", (ay_conv){.out = 32, .kernel = 3, .groups = 4, .dilation = 2},
                  AY_ACT_HARD_SWISH);
    x = ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
    return ay_nn_linear(g, ay_nn_dropout(g, x, 0.3f), "fc", &(ay_linear){.out = 7, .bias = true});
}

/* Two transformer blocks; names that end in 3 have weights three times as large. */
static ay_val blocks(ay_graph *g, ay_val *watch, bool sharp)
{
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 3, 24, 24)), y;

    x = ay_nn_conv2d(g, x, "patch", &(ay_conv){.out = 32, .kernel = 8, .stride = 8, .bias = true});
    x = ay_nn_embed_tokens(g, ay_nn_patches(g, x), "cls", "pos");
    for (int i = 0; i < 2; i++) {
        y = ay_nn_layer_norm(g, x, i ? "n1" : "n0", 0);
        y = ay_nn_linear(g, y, i ? "a1" : "a0",
                         &(ay_linear){.out = 96,
                                      .bias = true,
                                      .parts = {sharp ? "q3" : "q", sharp ? "k3" : "k", "v"}});
        y = ay_nn_attention(g, y, 4, i == 1);
        x = ay_nn_add(g, x, ay_nn_linear(g, y, i ? "p1" : "p0", &(ay_linear){.out = 32}));
        y = ay_nn_linear(g, ay_nn_layer_norm(g, x, i ? "m1" : "m0", 0), i ? "u1" : "u0",
                         &(ay_linear){.out = 64, .bias = true});
        y = ay_nn_activation(g, y, i ? AY_ACT_QUICK_GELU : AY_ACT_GELU);
        y = ay_nn_linear(g, y, i ? "d1" : "d0", &(ay_linear){.out = 32, .transposed = true});
        x = *watch = ay_nn_add(g, x, ay_nn_scale(g, y, i ? "s1" : "s0", 2));
    }
    x = ay_nn_token(g, ay_nn_layer_norm(g, x, "last", 0), 0);
    return ay_nn_l2_normalise(g, ay_nn_linear(g, x, "proj", &(ay_linear){.out = 12}));
}

static ay_val tokens(ay_graph *g, ay_val *watch)
{
    return blocks(g, watch, false);
}

/* Attention that looks at few tokens, as trained networks' does. */
static ay_val sharp(ay_graph *g, ay_val *watch)
{
    return blocks(g, watch, true);
}

/* What is left: joins, windows, moves, every activation; then attention over scores that grow with
 * the square of the values. */
static ay_val rest(ay_graph *g, ay_val *watch, float scale)
{
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 5, 12, 10)), y[3], t;

    x = conv_norm(g, x, "a", (ay_conv){.out = 19, .kernel = 3, .pad = 1}, AY_ACT_RELU);
    y[0] = ay_nn_avg_pool(g, x, &(ay_pool){.kernel = 3, .stride = 2, .pad = 1, .count_pad = true});
    y[1] = ay_nn_max_pool(g, x, &(ay_pool){.kernel = 2});
    y[2] = ay_nn_avg_pool(g, x, &(ay_pool){.kernel = 2, .ceil_mode = true});
    x = *watch = ay_nn_concat(g, y, 3, 1);
    x = ay_nn_slice(g, x, 1, 3, 48);
    x = ay_nn_conv2d(g, x, "b", &(ay_conv){.out = 24, .kernel = 1, .bias = true});
    t = x;
    for (int k = 1; k < AY_ACT_COUNT; k++)
        x = ay_nn_add(g, x, ay_nn_activation(g, t, (ay_act)k));
    t = ay_nn_reshape(g, x, (ay_shape){3, {0, 24, 30}});
    t = ay_nn_transpose(g, t, (const int[]){0, 2, 1}); /* 30 24 */
    t = ay_nn_matmul(g, ay_nn_softmax(g, ay_nn_matmul(g, t, t, true, scale)), t, false, 1);
    t = ay_nn_mul(g, t, ay_nn_linear(g, t, "l", &(ay_linear){.out = 24, .bias = true}));
    t = ay_nn_flatten(g, ay_nn_slice(g, ay_nn_dropout(g, t, 0.25f), 1, 2, 5));
    return ay_nn_batch_norm(g, ay_nn_linear(g, t, "fc", &(ay_linear){.out = 6}), "bn", 0);
}

static ay_val odds(ay_graph *g, ay_val *watch)
{
    return rest(g, watch, 0.02f);
}

static ay_val saturated(ay_graph *g, ay_val *watch)
{
    return rest(g, watch, 1);
}

/* How wrong PyTorch's bf16 (CPU autocast) is of the true result, printed by make_bf16.py: the output,
 * the gradient of the input, and the worst parameter's by near_gradient()'s measure. */
static const struct {
    const char *name;
    build_fn *build;
    double output, input, worst;
} nets[] = {
    {"residual", residual, 0.00391, 0.188, 0.242},   {"bottleneck", bottleneck, 0.0051, 0.0109, 0.0274},
    {"tokens", tokens, 0.00881, 0.0172, 0.0911},     {"odds", odds, 0.0209, 0.049, 0.0502},
    {"sharp", sharp, 0.0208, 0.0657, 0.0824},        {"saturated", saturated, 0.00975, 0.824, 0.762},
};
enum { NETS = 4, BF16_NETS = 6, BATCH = 4 }; /* the first four are in every test */

/* A graph, its weights and a plan. */
typedef struct {
    ay_graph *g;
    ay_weights *w;
    ay_learn *l;
    ay_val watch;
} net;

/* The numbers of test/vectors/formula.py. */
static void fill(float *p, size_t n, const char *name, float base, float amp)
{
    uint64_t key = 0xcbf29ce484222325u;

    for (const char *c = name; *c; c++)
        key = (key ^ (unsigned char)*c) * 0x100000001b3u;
    for (size_t i = 0; i < n; i++)
        p[i] = base + amp * ((float)(ay_noise_hash(key, i) >> 40) / 8388608 - 1);
}

static void fill_tensor(const ay_tensor *t, const char *name)
{
    fill((float *)t->data, ay_tensor_count(t), name, 0, 2);
}

/* As make_bf16.py: scales about 1, biases small, sums of products of order one. */
static void fill_weight(const ay_weight *w)
{
    size_t n = ay_shape_count(&w->shape);
    bool one = w->shape.rank == 1 && !strstr(w->name, "bias") && !strstr(w->name, "mean");
    float amp = w->shape.rank > 1
                    ? (float)sqrt((w->shape.rank == 4 ? 6.0 : 3.0) * (double)w->shape.dim[0] / (double)n)
                    : 0.25f;

    fill(w->value, n, w->name, one, strstr(w->name, "3.") ? 3 * amp : amp);
}

static net make(build_fn *build, const ay_learn_options *like, const char *frozen)
{
    ay_learn_options opt = *like;
    net n;
    ay_err err;

    CHECK(ay_graph_create(&n.g, NULL) == AY_OK);
    ay_graph_output(n.g, build(n.g, &n.watch), "y");
    CHECK_OK(ay_graph_finish(n.g, &err), err);
    CHECK_OK(ay_graph_bind_random(n.g, 3, &err), err);
    CHECK_OK(ay_weights_create(&n.w, n.g, &err), err);
    for (size_t i = 0; i < ay_weights_count(n.w); i++)
        fill_weight(ay_weights_at(n.w, i));
    for (const char *p = frozen; p && *p; p += strlen(p) + 1)
        ay_weights_freeze(n.w, p, true);
    opt.batch = BATCH;
    opt.seed = 9;
    opt.watched = 2;
    opt.watch[0] = n.watch;
    opt.watch[1] = 0; /* the input */
    if (frozen)
        opt.watched = 1;
    CHECK_OK(ay_learn_create(&n.l, n.g, n.w, &opt, &err), err);
    fill_tensor(ay_learn_input(n.l, 0), "x");
    return n;
}

static void step(net *n, uint64_t number, bool add)
{
    ay_err err;

    CHECK_OK(ay_learn_forward(n->l, number, &err), err);
    fill_tensor(ay_learn_diff_output(n->l, 0), "dy");
    CHECK_OK(ay_learn_backward(n->l, add, &err), err);
}

static void end(net *n)
{
    ay_learn_destroy(n->l);
    ay_weights_destroy(n->w);
    ay_graph_destroy(n->g);
}

/* |a - b| / |b|, both as vectors; 0 when both are next to nothing. */
static double distance(const float *a, const float *b, size_t n)
{
    double d = 0, s = 0;

    for (size_t i = 0; i < n; i++) {
        d += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        s += (double)b[i] * b[i];
    }
    return d == 0 ? 0 : sqrt(d / (s + 1e-12));
}

static bool near(const char *what, const float *a, const float *b, size_t n, double limit)
{
    double d = distance(a, b, n);

    if (!(d <= limit))
        printf("  %s: %.3g, limit %.3g\n", what, d, limit);
    return d <= limit;
}

static bool near_tensor(const char *what, const ay_tensor *a, const ay_tensor *b, double limit)
{
    return near(what, a->data, b->data, ay_tensor_count(b), limit);
}

/* A gradient that is tiny beside the others is noise in bf16 (a bias before a normalisation has
 * none at all), so its distance is measured against the typical size. */
static double gradient_distance(const ay_weight *a, const ay_weight *b, double typical)
{
    size_t n = ay_shape_count(&b->shape);
    double d = 0, s = 0;

    for (size_t i = 0; i < n; i++) {
        d += ((double)a->grad[i] - b->grad[i]) * ((double)a->grad[i] - b->grad[i]);
        s += (double)b->grad[i] * b->grad[i];
    }
    return sqrt(d / (double)n) / (sqrt(s / (double)n) + typical);
}

static bool near_gradient(const ay_weight *a, const ay_weight *b, double typical, double limit)
{
    double d = gradient_distance(a, b, typical);

    if (!(d <= limit))
        printf("  gradient of %s: %.3g, limit %.3g\n", b->name, d, limit);
    return d <= limit;
}

static double typical_gradient(ay_weights *w)
{
    size_t n;
    const float *g = ay_weights_grads(w, &n);
    double s = 0;

    for (size_t i = 0; i < n; i++)
        s += (double)g[i] * g[i];
    return 0.05 * sqrt(s / (double)n);
}

static bool same(const net *a, const net *b, double limit, double grad_limit)
{
    bool good = near_tensor("output", ay_learn_output(a->l, 0), ay_learn_output(b->l, 0), limit);

    good &= near_tensor("watched", ay_learn_watched(a->l, 0), ay_learn_watched(b->l, 0), limit);
    good &= near_tensor("its gradient", ay_learn_diff_watched(a->l, 0),
                        ay_learn_diff_watched(b->l, 0), grad_limit);
    for (size_t i = 0; i < ay_weights_count(b->w); i++) {
        const ay_weight *x = ay_weights_at(a->w, i), *y = ay_weights_at(b->w, i);
        if (!y->grad)
            good &= near(y->name, x->value, y->value, ay_shape_count(&y->shape), limit);
        else if (!y->frozen)
            good &= near_gradient(x, y, typical_gradient(b->w), grad_limit);
    }
    return good;
}

static void against_plain_loops(ay_nn_precision precision, int threads, double limit,
                                double grad_limit)
{
    bool good = true;

    for (int k = 0; k < NETS; k++) {
        ay_learn_options opt = {.precision = precision, .threads = threads};
        ay_learn_options ref = {.backend = "ref", .precision = AY_NN_F32};
        net a = make(nets[k].build, &opt, NULL), b = make(nets[k].build, &ref, NULL);
        printf("  %s\n", nets[k].name);
        step(&a, 5, false);
        step(&b, 5, false);
        good &= same(&a, &b, limit, grad_limit);
        good &= near_tensor("gradient of the input", ay_learn_diff_watched(a.l, 1),
                            ay_learn_diff_watched(b.l, 1), grad_limit);
        end(&a);
        end(&b);
    }
    CHECK(good);
}

static void f32_equals_plain_loops(void)
{
    against_plain_loops(AY_NN_F32, 1, 2e-4, 1e-3);
}

static void f32_on_two_threads(void)
{
    against_plain_loops(AY_NN_F32, 2, 2e-4, 1e-3);
}

static double gradient_error(const net *a, const net *b)
{
    double worst = 0;

    for (size_t i = 0; i < ay_weights_count(b->w); i++) {
        const ay_weight *y = ay_weights_at(b->w, i);
        if (y->grad)
            worst = fmax(worst, gradient_distance(ay_weights_at(a->w, i), y, typical_gradient(b->w)));
    }
    return worst;
}

/* Rounding values to eight bits costs per cents of a gradient, not per milles: an activation close
 * to 0 changes sides, a normalisation over few values or a cosine takes out the large part that was
 * right, and each layer below gets what the layers above made of it.  Where scores are large (the last
 * network: some hundreds) their error is larger than 1, the softmax picks another token, and the
 * gradient is one of another point, wrong by most of its size or by many times that, in PyTorch as
 * here.  So the limit is PyTorch's own error.
 *
 * What is not in bf16's nature: sums of tokens rounded after every block (learn.h).  "sharp" and "tokens"
 * notice that. */
static void bf16_is_as_near_as_pytorch(void)
{
    bool good = true;

    if (!ay_backend_dnnl.bf16())
        SKIP("this processor computes in f32 only");
    for (int k = 0; k < BF16_NETS; k++) {
        ay_learn_options opt = {.precision = AY_NN_BF16, .threads = 2};
        ay_learn_options ref = {.backend = "ref", .precision = AY_NN_F32};
        net a = make(nets[k].build, &opt, NULL), b = make(nets[k].build, &ref, NULL);
        step(&a, 5, false);
        step(&b, 5, false);
        const ay_tensor *y = ay_learn_output(b.l, 0), *dx = ay_learn_diff_watched(b.l, 1);
        double of[] = {distance(ay_learn_output(a.l, 0)->data, y->data, ay_tensor_count(y)),
                       distance(ay_learn_diff_watched(a.l, 1)->data, dx->data, ay_tensor_count(dx)),
                       gradient_error(&a, &b)};
        printf("  %-10s output %.4f, PyTorch %.4f; input %.4f, %.4f; worst parameter %.4f, %.4f\n",
               nets[k].name, of[0], nets[k].output, of[1], nets[k].input, of[2], nets[k].worst);
        good &= of[0] <= 1.25 * nets[k].output && of[1] <= 1.25 * nets[k].input &&
                of[2] <= 1.25 * nets[k].worst;
        end(&a);
        end(&b);
    }
    CHECK(good);
}

/* Twice the same step, the second added: twice the gradient. */
static void gradients_add_up(void)
{
    for (int k = 0; k < NETS; k++) {
        ay_learn_options opt = {.precision = AY_NN_F32, .threads = 1};
        net a = make(nets[k].build, &opt, NULL), b = make(nets[k].build, &opt, NULL);
        size_t n;
        float *x = ay_weights_grads(a.w, &n), *y = ay_weights_grads(b.w, &n);
        step(&a, 1, false);
        step(&b, 1, false);
        step(&b, 1, true);
        for (size_t i = 0; i < n; i++)
            y[i] /= 2;
        CHECK(near("half the sum", y, x, n, 1e-6));
        step(&b, 1, false);
        CHECK(memcmp(x, y, n * sizeof *x) == 0);
        end(&a);
        end(&b);
    }
}

/* Same seed, same step: same bits; another step drops other elements. */
static void steps_repeat(void)
{
    int last = ay_backend_dnnl.bf16() ? AY_NN_BF16 : AY_NN_F32;

    for (int precision = AY_NN_F32; precision <= last; precision++)
        for (int k = 0; k < NETS; k++) {
            ay_learn_options opt = {.precision = (ay_nn_precision)precision, .threads = 2};
            net a = make(nets[k].build, &opt, NULL), b = make(nets[k].build, &opt, NULL);
            size_t n;
            float *x = ay_weights_grads(a.w, &n), *y = ay_weights_grads(b.w, &n);
            step(&a, 3, false);
            step(&b, 4, false);
            CHECK((memcmp(x, y, n * sizeof *x) == 0) == (k == 0 || k == 2)); /* no dropout there */
            step(&b, 3, false);
            CHECK(memcmp(x, y, n * sizeof *x) == 0);
            end(&a);
            end(&b);
        }
}

static void checkpoints_change_nothing_but_memory(void)
{
    for (int k = 0; k < NETS; k++) {
        ay_learn_options opt = {.precision = AY_NN_F32, .threads = 1};
        net a = make(nets[k].build, &opt, NULL), b;
        ay_learn_info x, y;
        size_t n;
        opt.checkpoint = true;
        b = make(nets[k].build, &opt, NULL);
        step(&a, 2, false);
        step(&b, 2, false);
        CHECK(same(&b, &a, 0, 0));
        const float *p = ay_weights_grads(a.w, &n), *q = ay_weights_grads(b.w, &n);
        CHECK(memcmp(p, q, n * sizeof *p) == 0);
        ay_learn_get_info(a.l, &x);
        ay_learn_get_info(b.l, &y);
        printf("  %s: %zu bytes, with checkpoints %zu\n", nets[k].name, x.slab_bytes, y.slab_bytes);
        CHECK(y.backward_steps > x.backward_steps);
        end(&a);
        end(&b);
    }
}

/* Nothing is computed below the lowest weight that learns, and frozen norms use what they know. */
static void a_frozen_beginning_costs_nothing(void)
{
    ay_learn_options opt = {.precision = AY_NN_F32, .threads = 1}, ref = {.backend = "ref"};
    static const char most[] = "stem\0one\0two.a\0two.c\0";
    net all = make(residual, &opt, NULL), a = make(residual, &opt, most), b;
    ay_learn_info x, y;

    ref.precision = AY_NN_F32;
    b = make(residual, &ref, most);
    step(&a, 0, false);
    step(&b, 0, false);
    CHECK(same(&a, &b, 2e-4, 1e-3));
    ay_learn_get_info(all.l, &x);
    ay_learn_get_info(a.l, &y);
    CHECK(y.backward_steps < x.backward_steps / 2 && y.slab_bytes < x.slab_bytes);
    CHECK(ay_weights_find(a.w, "one.a.weight")->grad[0] == 0);
    CHECK(ay_weights_find(a.w, "two.b.weight")->grad[0] != 0);
    end(&all);
    end(&a);
    end(&b);
}

/* The gradient of one class over a picture: no weights, running statistics. */
static void explains_without_weights(void)
{
    ay_learn_options opt = {.batch = BATCH, .precision = AY_NN_F32, .inference = true};
    ay_graph *g;
    ay_learn *l[2];
    ay_val watch;
    ay_err err;

    CHECK(ay_graph_create(&g, NULL) == AY_OK);
    ay_graph_output(g, residual(g, &watch), "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_random(g, 3, &err), err);
    opt.watched = 1;
    opt.watch[0] = watch;
    for (int i = 0; i < 2; i++) {
        opt.backend = i ? "ref" : "dnnl";
        CHECK_OK(ay_learn_create(&l[i], g, NULL, &opt, &err), err);
        fill_tensor(ay_learn_input(l[i], 0), "x");
        CHECK_OK(ay_learn_forward(l[i], 0, &err), err);
        fill_tensor(ay_learn_diff_output(l[i], 0), "dy");
        CHECK_OK(ay_learn_backward(l[i], false, &err), err);
    }
    CHECK(near_tensor("y", ay_learn_output(l[0], 0), ay_learn_output(l[1], 0), 2e-4));
    CHECK(near_tensor("map", ay_learn_watched(l[0], 0), ay_learn_watched(l[1], 0), 2e-4));
    CHECK(near_tensor("diff", ay_learn_diff_watched(l[0], 0), ay_learn_diff_watched(l[1], 0), 1e-3));
    ay_learn_destroy(l[0]);
    ay_learn_destroy(l[1]);
    ay_graph_destroy(g);
}

static void a_step_allocates_nothing(void)
{
    ay_learn_options opt = {.precision = AY_NN_F32, .threads = 2};

    for (int k = 0; k < NETS; k++) {
        net a = make(nets[k].build, &opt, NULL);
        long live = ay_mem_live();
        ay_mem_fail_after(0);
        step(&a, 1, false);
        ay_mem_fail_after(-1);
        CHECK(ay_mem_live() == live);
        end(&a);
    }
}

static void refused_memory_leaks_nothing(void)
{
    ay_learn_options opt = {.batch = 2, .precision = AY_NN_F32};
    ay_graph *g;
    ay_weights *w;
    ay_val watch;
    ay_err err;
    ay_status status = AY_ENOMEM;
    long live, tries = 0;

    CHECK(ay_graph_create(&g, NULL) == AY_OK);
    ay_graph_output(g, bottleneck(g, &watch), "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_random(g, 3, &err), err);
    CHECK_OK(ay_weights_create(&w, g, &err), err);
    live = ay_mem_live();
    for (long i = 0; i < 1000 && status == AY_ENOMEM; i++, tries++) {
        ay_learn *l;
        ay_mem_fail_after(i);
        status = ay_learn_create(&l, g, w, &opt, &err);
        ay_mem_fail_after(-1);
        ay_learn_destroy(l);
        CHECK(ay_mem_live() == live);
    }
    CHECK(status == AY_OK && tries > 5);
    ay_weights_destroy(w);
    ay_graph_destroy(g);
}

TESTS({"f32 equals plain loops", f32_equals_plain_loops},
      {"f32 on two threads", f32_on_two_threads},
      {"bf16 is as near as PyTorch's", bf16_is_as_near_as_pytorch},
      {"gradients add up", gradients_add_up}, {"steps repeat", steps_repeat},
      {"checkpoints change nothing but memory", checkpoints_change_nothing_but_memory},
      {"a frozen beginning costs nothing", a_frozen_beginning_costs_nothing},
      {"explains without weights", explains_without_weights},
      {"a step allocates nothing", a_step_allocates_nothing},
      {"refused memory leaks nothing", refused_memory_leaks_nothing})
