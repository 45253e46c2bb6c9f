/* Every operator: the fast back end against the plain loops, on random shapes, alone and fused. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "nn/backend.h"
#include "nn/plan.h"

#include <math.h>

typedef ay_val build_fn(ay_graph *g, ay_rng *r);

static int pick(ay_rng *r, int lo, int hi)
{
    return lo + (int)ay_rng_below(r, (uint32_t)(hi - lo + 1));
}

static ay_val picture(ay_graph *g, ay_rng *r, int channels)
{
    return ay_graph_input(g, "x", AY_SHAPE(1, channels, pick(r, 5, 20), pick(r, 5, 20)));
}

static ay_val tokens(ay_graph *g, ay_rng *r, int width)
{
    return ay_graph_input(g, "x", AY_SHAPE(1, pick(r, 1, 20), width));
}

static int channels(ay_rng *r)
{
    static const int some[] = {1, 3, 8, 16, 20, 32, 48, 64};

    return some[ay_rng_below(r, 8)];
}

static ay_val conv_any(ay_graph *g, ay_rng *r)
{
    int c = channels(r), k = 1 + 2 * pick(r, 0, 2);
    ay_val x = picture(g, r, c);

    return ay_nn_conv2d(g, x, "c",
                        &(ay_conv){.out = channels(r),
                                   .kernel = k,
                                   .stride = pick(r, 1, 2),
                                   .pad = pick(r, 0, k / 2),
                                   .bias = pick(r, 0, 1)});
}

static ay_val conv_same(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, channels(r));

    return ay_nn_conv2d(
        g, x, "c",
        &(ay_conv){.out = 16, .kernel = pick(r, 1, 5), .stride = pick(r, 1, 3), .same = true});
}

static ay_val conv_depthwise(ay_graph *g, ay_rng *r)
{
    int c = channels(r);
    ay_val x = picture(g, r, c);

    x = ay_nn_conv2d(g, x, "c",
                     &(ay_conv){.out = c * pick(r, 1, 2), .kernel = 3, .pad = 1, .groups = c});
    return ay_nn_activation(g, x, AY_ACT_SILU);
}

static ay_val conv_groups(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, 32);

    return ay_nn_conv2d(
        g, x, "c",
        &(ay_conv){.out = 64, .kernel = 3, .pad = 2, .dilation = 2, .groups = 4, .bias = true});
}

/* The stem of a vision transformer: kernel == stride. */
static ay_val conv_patches(ay_graph *g, ay_rng *r)
{
    int k = pick(r, 4, 8);
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 3, k * pick(r, 1, 4), k * pick(r, 1, 4) + 1));

    x = ay_nn_conv2d(g, x, "c",
                     &(ay_conv){.out = 24, .kernel = k, .stride = k, .bias = pick(r, 0, 1)});
    return ay_nn_patches(g, x);
}

/* What the compiler fuses: a whole basic block, with and without a projection. */
static ay_val residual_block(ay_graph *g, ay_rng *r)
{
    int in = 16 * pick(r, 1, 3), out = pick(r, 0, 1) ? in : 16 * pick(r, 1, 3),
        s = in == out ? 1 : 2;
    ay_val x = picture(g, r, in), y, side;

    x = ay_nn_activation(g, ay_nn_batch_norm(g, x, "pre", 0), AY_ACT_RELU);
    side = x;
    y = ay_nn_conv2d(g, x, "c1", &(ay_conv){.out = out, .kernel = 3, .stride = s, .pad = 1});
    y = ay_nn_activation(g, ay_nn_batch_norm(g, y, "b1", 0), AY_ACT_RELU);
    y = ay_nn_conv2d(g, y, "c2", &(ay_conv){.out = out, .kernel = 3, .pad = 1, .bias = true});
    y = ay_nn_batch_norm(g, y, "b2", 1e-3f);
    if (s == 2) {
        side = ay_nn_conv2d(g, x, "p", &(ay_conv){.out = out, .kernel = 1, .stride = 2});
        side = ay_nn_batch_norm(g, side, "pb", 0);
    }
    y = pick(r, 0, 1) ? ay_nn_add(g, y, side) : ay_nn_add(g, side, y);
    return ay_nn_activation(g, y, AY_ACT_RELU);
}

/* The residual is read again later, so it must not be overwritten. */
static ay_val residual_kept(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, 16), a, b;

    x = ay_nn_conv2d(g, x, "c0", &(ay_conv){.out = 16, .kernel = 1});
    a = ay_nn_conv2d(g, x, "c1", &(ay_conv){.out = 16, .kernel = 3, .pad = 1});
    a = ay_nn_add(g, ay_nn_activation(g, ay_nn_scale(g, a, "gamma", 1), AY_ACT_GELU), x);
    b = ay_nn_conv2d(g, a, "c2", &(ay_conv){.out = 16, .kernel = 3, .pad = 1});
    b = ay_nn_add(g, x, b);
    ay_graph_output(g, a, "between");
    return ay_nn_add(g, b, a);
}

static ay_val add_itself(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, 16);

    x = ay_nn_conv2d(g, x, "c", &(ay_conv){.out = 16, .kernel = 3, .pad = 1});
    x = ay_nn_add(g, x, x);
    return ay_nn_add(g, ay_nn_conv2d(g, x, "d", &(ay_conv){.out = 16, .kernel = 1}), x);
}

static ay_val squeeze_excite(ay_graph *g, ay_rng *r)
{
    int c = 16 * pick(r, 1, 3);
    ay_val x = picture(g, r, c), s;

    x = ay_nn_conv2d(g, x, "c", &(ay_conv){.out = c, .kernel = 3, .pad = 1, .groups = c});
    s = ay_nn_global_avg_pool(g, x);
    s = ay_nn_conv2d(g, s, "r", &(ay_conv){.out = c / 4, .kernel = 1, .bias = true});
    s = ay_nn_activation(g, s, AY_ACT_RELU);
    s = ay_nn_conv2d(g, s, "e", &(ay_conv){.out = c, .kernel = 1, .bias = true});
    s = ay_nn_activation(g, s, pick(r, 0, 1) ? AY_ACT_SIGMOID : AY_ACT_HARD_SIGMOID);
    return ay_nn_mul(g, x, s);
}

static ay_val linear_any(ay_graph *g, ay_rng *r)
{
    int in = pick(r, 1, 70);
    ay_val x = pick(r, 0, 1) ? tokens(g, r, in) : ay_graph_input(g, "x", AY_SHAPE(1, in));

    return ay_nn_linear(
        g, x, "l",
        &(ay_linear){.out = pick(r, 1, 70), .bias = pick(r, 0, 1), .transposed = pick(r, 0, 1)});
}

static ay_val linear_parts(ay_graph *g, ay_rng *r)
{
    ay_val x = tokens(g, r, 24);

    return ay_nn_linear(g, x, "attn",
                        &(ay_linear){.out = 72, .bias = true, .parts = {"q", "k", "v"}});
}

static ay_val transformer_block(ay_graph *g, ay_rng *r)
{
    static const ay_act act[] = {AY_ACT_GELU, AY_ACT_QUICK_GELU, AY_ACT_GELU_TANH, AY_ACT_TANH};
    ay_val x = ay_nn_embed_tokens(g, tokens(g, r, 48), "cls", "pos"), y;

    y = ay_nn_layer_norm(g, x, "ln1", 1e-6f);
    y = ay_nn_linear(g, y, "qkv", &(ay_linear){.out = 144, .bias = true});
    y = ay_nn_attention(g, y, pick(r, 0, 1) ? 3 : 4, false);
    y = ay_nn_linear(g, y, "proj", &(ay_linear){.out = 48, .bias = true});
    x = ay_nn_add(g, x, ay_nn_scale(g, y, "ls1", 2));
    y = ay_nn_layer_norm(g, x, "ln2", 0);
    y = ay_nn_linear(g, y, "fc1", &(ay_linear){.out = 96, .bias = true});
    y = ay_nn_activation(g, y, act[ay_rng_below(r, 4)]);
    y = ay_nn_linear(g, y, "fc2", &(ay_linear){.out = 48, .bias = true});
    return ay_nn_token(g, ay_nn_add(g, x, y), 0);
}

static ay_val embed_places_only(ay_graph *g, ay_rng *r)
{
    return ay_nn_embed_tokens(g, tokens(g, r, 300), NULL, "pos");
}

static ay_val causal(ay_graph *g, ay_rng *r)
{
    return ay_nn_attention(g, tokens(g, r, 48), 2, true);
}

static ay_val long_attention(ay_graph *g, ay_rng *r)
{
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, pick(r, 60, 150), 3 * 64));

    return ay_nn_attention(g, x, 2, false);
}

/* The same over a length that does not fit a block, and over words of a text. */
static ay_val long_causal(ay_graph *g, ay_rng *r)
{
    return ay_nn_attention(g, ay_graph_input(g, "x", AY_SHAPE(1, pick(r, 60, 100), 3 * 64)), 2,
                           true);
}

/* Words, places for more of them than come, and the row where the text ends. */
static ay_val words(ay_graph *g, ay_rng *r)
{
    int n = pick(r, 2, 9);
    ay_val ids = ay_graph_input(g, "ids", AY_SHAPE(1, n)), x;

    x = ay_nn_embedding(g, ids,
                        &(ay_embedding){.rows = 5,
                                        .width = 48 * pick(r, 1, 6),
                                        .places = 9,
                                        .table = "words",
                                        .pos_name = pick(r, 0, 1) ? "pos" : NULL});
    x = ay_nn_linear(g, x, "fc", &(ay_linear){.out = 96, .bias = true});
    x = ay_nn_pick(g, ay_nn_attention(g, x, 2, true), ids, pick(r, -1, 2));
    return ay_nn_linear(g, x, "out", &(ay_linear){.out = 16});
}

static ay_val products(ay_graph *g, ay_rng *r)
{
    int t = pick(r, 2, 9);
    ay_val a = ay_graph_input(g, "a", AY_SHAPE(1, 3, t, 16));
    ay_val b = ay_graph_input(g, "b", AY_SHAPE(1, 3, 11, 16));
    ay_val s = ay_nn_softmax(g, ay_nn_matmul(g, a, b, true, 0.25f));

    return ay_nn_matmul(g, s, b, false, 1);
}

static ay_val max_pool(ay_graph *g, ay_rng *r)
{
    int k = pick(r, 2, 3);
    ay_val x = picture(g, r, channels(r));

    if (pick(r, 0, 3) == 0)
        return ay_nn_max_pool(g, x, &(ay_pool){.kernel = 0}); /* the whole picture */
    return ay_nn_max_pool(
        g, x,
        &(ay_pool){.kernel = k, .stride = pick(r, 1, 2), .pad = k / 2, .ceil_mode = pick(r, 0, 1)});
}

static ay_val avg_pool(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, channels(r));

    return ay_nn_avg_pool(g, x,
                          &(ay_pool){.kernel = 3,
                                     .stride = pick(r, 0, 3),
                                     .pad = pick(r, 0, 1),
                                     .ceil_mode = pick(r, 0, 1),
                                     .count_pad = pick(r, 0, 1)});
}

static ay_val head(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, channels(r));

    x = ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
    x = ay_nn_linear(g, ay_nn_dropout(g, x, 0.5f), "fc", &(ay_linear){.out = 10, .bias = true});
    return ay_nn_l2_normalise(g, ay_nn_batch_norm(g, x, "b", 0));
}

/* A vector beside what of a map is at right angles to it: of the map itself, and of its average. */
static ay_val fusion(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, channels(r)), whole;

    whole = ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
    x = ay_nn_orthogonal(g, x, whole);
    return ay_nn_orthogonal(g, ay_nn_flatten(g, ay_nn_global_avg_pool(g, x)),
                            ay_nn_concat(g, (ay_val[]){whole, whole}, 2, 1));
}

/* Attention averaged over its queries, projected a head at a time. */
static ay_val averaged(ay_graph *g, ay_rng *r)
{
    int heads = pick(r, 1, 4), width = heads * 8 * pick(r, 1, 3);
    ay_val x = tokens(g, r, width);
    ay_val qk = ay_nn_linear(g, x, "qk", &(ay_linear){.out = 2 * width, .bias = true});

    x = ay_nn_attention_mean(g, x, qk, heads);
    return ay_nn_conv2d(g, x, "v", &(ay_conv){.out = width, .kernel = 1, .groups = heads, .bias = true});
}

static ay_val shuffles(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, 32), a, b;

    x = ay_nn_conv2d(g, x, "c", &(ay_conv){.out = 32, .kernel = 3, .pad = 1});
    a = ay_nn_slice(g, x, 1, 5, 9);
    b = ay_nn_slice(g, x, 1, 16, 16);
    x = ay_nn_concat(g, (ay_val[]){a, x, b}, 3, 1);
    x = ay_nn_transpose(g, x, (int[]){0, 2, 1, 3});
    return ay_nn_activation(g, ay_nn_reshape(g, x, AY_SHAPE(0, -1, 3)), AY_ACT_RELU6);
}

static ay_val elementwise(ay_graph *g, ay_rng *r)
{
    ay_val x = picture(g, r, channels(r));
    ay_shape s = ay_graph_shape(g, x);
    ay_val gate = ay_graph_input(g, "gate", AY_SHAPE(1, s.dim[1], 1, 1));

    x = ay_nn_activation(g, x, (ay_act)pick(r, 1, AY_ACT_COUNT - 1));
    x = ay_nn_scale(g, ay_nn_mul(g, x, gate), "scale", 1);
    return ay_nn_batch_norm(g, ay_nn_add(g, x, gate), "b", 0);
}

/* A stage of FastViT: depthwise kernels of every size, gates by layer scale, and attention on the
 * tokens of a map that becomes a map again. */
static ay_val mixed_stage(ay_graph *g, ay_rng *r)
{
    static const int kernels[] = {3, 5, 7};
    int c = 16 * pick(r, 1, 5), k = kernels[pick(r, 0, 2)], h = pick(r, 4, 19), w = pick(r, 4, 19);
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, c, h, w)), y, normed;

    x = ay_nn_conv2d(g, x, "dw", &(ay_conv){.out = c, .kernel = 3, .pad = 1, .groups = c, .bias = true});
    y = ay_nn_conv2d(g, x, "large", &(ay_conv){.out = c, .kernel = k, .pad = k / 2, .groups = c});
    y = ay_nn_conv2d(g, ay_nn_batch_norm(g, y, "b", 0), "fc", &(ay_conv){.out = c, .kernel = 1});
    x = ay_nn_add(g, x, ay_nn_scale(g, ay_nn_activation(g, y, AY_ACT_GELU), "gamma", 1));
    normed = ay_nn_batch_norm(g, x, "n", 0);
    y = pick(r, 0, 1) ? ay_nn_patches(g, normed) : ay_nn_layer_norm(g, ay_nn_patches(g, x), "l", 0);
    y = ay_nn_attention(g, ay_nn_linear(g, y, "qkv", &(ay_linear){.out = 3 * c}), c / 8, false);
    y = ay_nn_scale(g, ay_nn_linear(g, y, "p", &(ay_linear){.out = c, .bias = true}), "g2", 2);
    x = ay_nn_grid(g, ay_nn_add(g, ay_nn_patches(g, x), y), pick(r, 0, 1) ? x : normed);
    x = ay_nn_conv2d(
        g, x, "down",
        &(ay_conv){.out = 2 * c, .kernel = k, .stride = 2, .pad = k / 2, .groups = c, .bias = true});
    return pick(r, 0, 1) ? ay_nn_activation(g, x, AY_ACT_GELU) : x;
}

static const struct {
    const char *name;
    build_fn *build;
} cases[] = {
    {"conv_any", conv_any},
    {"conv_same", conv_same},
    {"conv_depthwise", conv_depthwise},
    {"conv_groups", conv_groups},
    {"conv_patches", conv_patches},
    {"residual_block", residual_block},
    {"residual_kept", residual_kept},
    {"add_itself", add_itself},
    {"squeeze_excite", squeeze_excite},
    {"linear_any", linear_any},
    {"linear_parts", linear_parts},
    {"transformer_block", transformer_block},
    {"embed_places_only", embed_places_only},
    {"causal", causal},
    {"long_attention", long_attention},
    {"long_causal", long_causal},
    {"words", words},
    {"products", products},
    {"max_pool", max_pool},
    {"avg_pool", avg_pool},
    {"head", head},
    {"fusion", fusion},
    {"averaged", averaged},
    {"shuffles", shuffles},
    {"elementwise", elementwise},
    {"mixed_stage", mixed_stage},
};
enum { CASES = sizeof cases / sizeof *cases, ROUNDS = 12 };

static ay_graph *build(build_fn *fn, uint64_t seed, ay_err *err)
{
    ay_graph *g;
    ay_rng r;

    ay_rng_init(&r, seed);
    if (ay_graph_create(&g, err) != AY_OK)
        return NULL;
    ay_graph_output(g, fn(g, &r), "y");
    if (ay_graph_finish(g, err) != AY_OK || ay_graph_bind_random(g, seed, err) != AY_OK) {
        ay_graph_destroy(g);
        return NULL;
    }
    return g;
}

static ay_plan *plan(ay_graph *g, const char *backend, ay_nn_precision precision, int batch,
                     int threads, ay_err *err)
{
    ay_plan *p;
    ay_plan_options o = {
        .batch = batch, .backend = backend, .precision = precision, .threads = threads};

    return ay_plan_create(&p, g, &o, err) == AY_OK ? p : NULL;
}

static void fill(ay_plan *p, uint64_t seed)
{
    for (int i = 0; i < ay_plan_inputs(p); i++) {
        const ay_tensor *t = ay_plan_input(p, i);
        float *x = t->data;
        ay_rng r;
        ay_rng_init3(&r, seed, 99, (uint64_t)i);
        for (size_t k = 0; k < ay_tensor_count(t); k++)
            x[k] = (float)ay_rng_normal(&r);
    }
}

/* Relative distance |a - b| / |b| over a whole tensor. */
static double distance(const ay_tensor *a, const ay_tensor *b)
{
    const float *x = a->data, *y = b->data;
    double d = 0, n = 1e-30;

    for (size_t i = 0; i < ay_tensor_count(a); i++) {
        d += ((double)x[i] - y[i]) * ((double)x[i] - y[i]);
        n += (double)y[i] * y[i];
    }
    return sqrt(d / n);
}

static void compare(ay_nn_precision precision, double limit)
{
    double worst = 0;

    for (int k = 0; k < CASES; k++) {
        for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
            ay_err err = {""};
            int batch = 1 + (int)(seed % 3);
            ay_graph *g = build(cases[k].build, seed, &err);
            CHECK_OK(!g, err);
            ay_plan *want = plan(g, "ref", AY_NN_F32, batch, 1, &err);
            CHECK_OK(!want, err);
            ay_plan *got = plan(g, "dnnl", precision, batch, 1 + (int)(seed % 2), &err);
            CHECK_OK(!got, err);
            fill(want, seed);
            fill(got, seed);
            for (int again = 0; again < 2; again++) /* a run leaves nothing behind */
                CHECK(ay_plan_run(want, &err) == AY_OK && ay_plan_run(got, &err) == AY_OK);
            for (int i = 0; i < ay_plan_outputs(got); i++) {
                double d = distance(ay_plan_output(got, i), ay_plan_output(want, i));
                worst = d > worst ? d : worst;
                if (!(d <= limit))
                    printf("  %s, seed %d: distance %g\n", cases[k].name, (int)seed, d);
                CHECK(d <= limit);
            }
            ay_plan_destroy(want);
            ay_plan_destroy(got);
            ay_graph_destroy(g);
        }
    }
    printf("  largest distance %g\n", worst);
}

static void f32_equals_plain_loops(void)
{
    compare(AY_NN_F32, 2e-5);
}

static void bf16_is_near_plain_loops(void)
{
    if (!ay_backend_dnnl.bf16())
        SKIP("no AVX-512, which bf16 needs");
    compare(AY_NN_BF16, 2e-2);
}

/* Every row of the table is run by some case above. */
static void every_operator_is_tested(void)
{
    for (int i = 0; ay_ops[i]; i++) {
        int seen = 0;
        for (int k = 0; k < CASES; k++) {
            ay_graph *g = build(cases[k].build, 1, NULL);
            CHECK(g);
            for (int v = 0; v < g->nodes; v++)
                seen += g->node[v].op == ay_ops[i];
            ay_graph_destroy(g);
        }
        if (!seen)
            printf("  %s\n", ay_ops[i]->name);
        CHECK(seen && ay_ops[i]->infer && (ay_ops[i]->ref || ay_ops[i] == &ay_op_input));
    }
}

/* A picture's result is the same bits whatever it is batched with. */
static void neighbours_do_not_matter(void)
{
    for (int k = 0; k < CASES; k++) {
        ay_graph *g = build(cases[k].build, 5, NULL);
        ay_plan *one = plan(g, "dnnl", AY_NN_F32, 3, 1, NULL);
        CHECK(one);
        fill(one, 1);
        CHECK(ay_plan_run(one, NULL) == AY_OK);
        const ay_tensor *y = ay_plan_output_named(one, "y");
        size_t n = ay_tensor_count(y) / 3;
        float *before = ay_memdup(y->data, n * sizeof *before);
        for (int i = 0; i < ay_plan_inputs(one); i++) { /* other neighbours */
            const ay_tensor *x = ay_plan_input(one, i);
            size_t m = ay_tensor_count(x) / 3;
            for (size_t j = m; j < 3 * m; j++)
                ((float *)x->data)[j] *= -3;
        }
        CHECK(ay_plan_run(one, NULL) == AY_OK);
        CHECK(memcmp(before, y->data, n * sizeof *before) == 0);
        ay_free(before);
        ay_plan_destroy(one);
        ay_graph_destroy(g);
    }
}

/* Picture q of the seed's input, the same whatever the batch. */
static void fill_by_picture(ay_plan *p, uint64_t seed, int batch)
{
    for (int i = 0; i < ay_plan_inputs(p); i++) {
        const ay_tensor *t = ay_plan_input(p, i);
        size_t each = ay_tensor_count(t) / (size_t)batch;
        float *x = t->data;
        for (int q = 0; q < batch; q++, x += each) {
            ay_rng r;
            ay_rng_init3(&r, seed, (uint64_t)i, (uint64_t)q);
            for (size_t k = 0; k < each; k++)
                x[k] = (float)ay_rng_normal(&r);
        }
    }
}

static void same_bits_at_every_size(build_fn *fn, ay_nn_precision precision, uint64_t seed)
{
    static const int sizes[] = {1, 2, 5, 16};
    ay_graph *g = build(fn, seed, NULL);
    float *alone = NULL;

    for (int i = 0; i < 4; i++) {
        ay_plan *p = plan(g, "dnnl", precision, sizes[i], 1, NULL);
        CHECK(p);
        fill_by_picture(p, seed, sizes[i]);
        CHECK(ay_plan_run(p, NULL) == AY_OK);
        const ay_tensor *y = ay_plan_output_named(p, "y");
        size_t bytes = ay_tensor_bytes(y) / (size_t)sizes[i];
        if (!alone)
            alone = ay_memdup(y->data, bytes);
        CHECK(memcmp(alone, y->data, bytes) == 0);
        ay_plan_destroy(p);
    }
    ay_free(alone);
    ay_graph_destroy(g);
}

/* A plan for one picture gives the bits that a plan for sixteen gives. */
static void batch_size_does_not_matter(void)
{
    for (int k = 0; k < CASES; k++) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            same_bits_at_every_size(cases[k].build, AY_NN_F32, seed);
            if (ay_backend_dnnl.bf16())
                same_bits_at_every_size(cases[k].build, AY_NN_BF16, seed);
        }
    }
}

/* Known values: PyTorch's torch.nn.functional on the same numbers. */
static void known_activations(void)
{
    static const struct {
        ay_act act;
        float at_minus_1, at_half;
    } known[] = {
        {AY_ACT_RELU, 0, 0.5f},
        {AY_ACT_GELU, -0.15865526f, 0.34573123f},
        {AY_ACT_GELU_TANH, -0.15880803f, 0.34571403f},
        {AY_ACT_QUICK_GELU, -0.15420423f, 0.35038844f},
        {AY_ACT_SILU, -0.26894143f, 0.31122968f},
        {AY_ACT_SIGMOID, 0.26894143f, 0.62245935f},
        {AY_ACT_TANH, -0.76159418f, 0.46211717f},
        {AY_ACT_HARD_SWISH, -0.33333334f, 0.29166666f},
        {AY_ACT_HARD_SIGMOID, 0.33333334f, 0.58333331f},
        {AY_ACT_RELU6, 0, 0.5f},
    };

    CHECK(sizeof known / sizeof *known == AY_ACT_COUNT - 1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK(fabsf(ay_act_apply(known[i].act, -1) - known[i].at_minus_1) < 1e-6f);
        CHECK(fabsf(ay_act_apply(known[i].act, 0.5f) - known[i].at_half) < 1e-6f);
    }
    CHECK(ay_act_apply(AY_ACT_RELU6, 7) == 6 && ay_act_apply(AY_ACT_HARD_SWISH, 4) == 4);
}

TESTS({"f32_equals_plain_loops", f32_equals_plain_loops},
      {"bf16_is_near_plain_loops", bf16_is_near_plain_loops},
      {"every_operator_is_tested", every_operator_is_tested},
      {"neighbours_do_not_matter", neighbours_do_not_matter},
      {"batch_size_does_not_matter", batch_size_does_not_matter},
      {"known_activations", known_activations})
