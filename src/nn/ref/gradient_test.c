/* Every row's backward against differences of its own forward, for inputs and parameters,
 * over several shapes.  The loss is sum r * dst with random r, added up in double. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "nn/op.h"

#include <math.h>

enum { BATCH = 3, SEEDS = 8, SAMPLES = 60 };
static const double LIMIT = 2e-3, STEP = 1e-2;

typedef ay_val build_fn(ay_graph *g, ay_rng *r);

static int pick(ay_rng *r, int lo, int hi)
{
    return lo + (int)ay_rng_below(r, (uint32_t)(hi - lo + 1));
}

static ay_val picture(ay_graph *g, ay_rng *r, int channels)
{
    return ay_graph_input(g, "x", AY_SHAPE(1, channels, pick(r, 4, 9), pick(r, 4, 9)));
}

static ay_val tokens(ay_graph *g, ay_rng *r, int width)
{
    return ay_graph_input(g, "x", AY_SHAPE(1, pick(r, 1, 6), width));
}

static ay_val conv_plain(ay_graph *g, ay_rng *r)
{
    int k = pick(r, 1, 4);
    ay_val x = picture(g, r, pick(r, 1, 4));

    return ay_nn_conv2d(g, x, "c",
                        &(ay_conv){.out = pick(r, 1, 5),
                                   .kernel = k,
                                   .stride = pick(r, 1, 3),
                                   .pad = pick(r, 0, k - 1),
                                   .bias = pick(r, 0, 1)});
}

static ay_val conv_groups(ay_graph *g, ay_rng *r)
{
    int groups = pick(r, 2, 3), c = groups * pick(r, 1, 2);
    ay_val x = picture(g, r, c);

    return ay_nn_conv2d(g, x, "c",
                        &(ay_conv){.out = groups * pick(r, 1, 2),
                                   .kernel = 3,
                                   .stride = pick(r, 1, 2),
                                   .pad = pick(r, 1, 2),
                                   .groups = groups,
                                   .bias = true});
}

static ay_val conv_depthwise(ay_graph *g, ay_rng *r)
{
    int c = pick(r, 2, 6);
    ay_val x = picture(g, r, c);

    return ay_nn_conv2d(
        g, x, "c",
        &(ay_conv){.out = c, .kernel = 3, .stride = pick(r, 1, 2), .pad = 1, .groups = c});
}

static ay_val conv_same(ay_graph *g, ay_rng *r)
{
    return ay_nn_conv2d(g, picture(g, r, 3), "c",
                        &(ay_conv){.out = 4,
                                   .kernel = pick(r, 1, 4),
                                   .stride = pick(r, 1, 3),
                                   .same = true,
                                   .groups = 1});
}

static ay_val conv_dilated(ay_graph *g, ay_rng *r)
{
    return ay_nn_conv2d(
        g, picture(g, r, 4), "c",
        &(ay_conv){
            .out = 4, .kernel = 3, .stride = pick(r, 1, 2), .pad = 2, .dilation = 2, .groups = 2});
}

static ay_val batch_norm(ay_graph *g, ay_rng *r)
{
    ay_val x = pick(r, 0, 1) ? picture(g, r, 3) : ay_graph_input(g, "x", AY_SHAPE(1, 7));

    return ay_nn_batch_norm(g, x, "b", pick(r, 0, 1) ? 1e-3f : 0);
}

static ay_val layer_norm(ay_graph *g, ay_rng *r)
{
    return ay_nn_layer_norm(g, tokens(g, r, pick(r, 5, 12)), "n", 1e-3f);
}

static ay_val linear_any(ay_graph *g, ay_rng *r)
{
    int in = pick(r, 1, 9);
    ay_val x = pick(r, 0, 1) ? tokens(g, r, in) : ay_graph_input(g, "x", AY_SHAPE(1, in));

    return ay_nn_linear(
        g, x, "l",
        &(ay_linear){.out = pick(r, 1, 9), .bias = pick(r, 0, 1), .transposed = pick(r, 0, 1)});
}

static ay_val linear_stacked(ay_graph *g, ay_rng *r)
{
    return ay_nn_linear(g, tokens(g, r, 5), "l",
                        &(ay_linear){.out = 9, .bias = true, .parts = {"q", "k", "v"}});
}

static ay_val activation(ay_graph *g, ay_rng *r)
{
    static int next; /* all of them in turn */

    return ay_nn_activation(g, picture(g, r, 2), (ay_act)(1 + next++ % (AY_ACT_COUNT - 1)));
}

/* b of a's shape, or with any of its dimensions 1. */
static ay_val other_side(ay_graph *g, ay_rng *r, ay_val a)
{
    ay_shape s = ay_graph_shape(g, a);

    for (int i = 1; i < s.rank; i++)
        s.dim[i] = pick(r, 0, 1) ? 1 : s.dim[i];
    return ay_graph_input(g, "b", s);
}

static ay_val add(ay_graph *g, ay_rng *r)
{
    ay_val a = picture(g, r, 3);

    return ay_nn_add(g, a, other_side(g, r, a));
}

static ay_val mul(ay_graph *g, ay_rng *r)
{
    ay_val a = picture(g, r, 3);

    return ay_nn_mul(g, a, other_side(g, r, a));
}

static ay_val square(ay_graph *g, ay_rng *r)
{
    ay_val a = tokens(g, r, 4);

    return ay_nn_mul(g, a, a);
}

static ay_val scale(ay_graph *g, ay_rng *r)
{
    return ay_nn_scale(g, picture(g, r, 3), "s", pick(r, 1, 3));
}

static ay_pool any_pool(ay_rng *r)
{
    int k = pick(r, 2, 3);

    if (pick(r, 0, 3) == 0)
        return (ay_pool){.kernel = 0}; /* the whole picture */

    return (ay_pool){.kernel = k,
                     .stride = pick(r, 0, 3),
                     .pad = pick(r, 0, k / 2),
                     .ceil_mode = pick(r, 0, 1),
                     .count_pad = pick(r, 0, 1)};
}

static ay_val max_pool(ay_graph *g, ay_rng *r)
{
    ay_pool a = any_pool(r);

    return ay_nn_max_pool(g, picture(g, r, 2), &a);
}

static ay_val avg_pool(ay_graph *g, ay_rng *r)
{
    ay_pool a = any_pool(r);

    return ay_nn_avg_pool(g, picture(g, r, 2), &a);
}

static ay_val global_pool(ay_graph *g, ay_rng *r)
{
    return ay_nn_global_avg_pool(g, picture(g, r, 3));
}

static ay_val concat(ay_graph *g, ay_rng *r)
{
    ay_val a = ay_graph_input(g, "a", AY_SHAPE(1, pick(r, 1, 3), 4, 2));
    ay_val b = ay_graph_input(g, "b", AY_SHAPE(1, pick(r, 1, 3), 4, 2));

    return ay_nn_concat(g, (ay_val[]){a, b, a}, 3, 1);
}

static ay_val reshape(ay_graph *g, ay_rng *r)
{
    return ay_nn_flatten(g, picture(g, r, 3));
}

static ay_val transpose(ay_graph *g, ay_rng *r)
{
    static const int order[][4] = {{0, 2, 1, 3}, {0, 3, 1, 2}, {0, 2, 3, 1}};

    return ay_nn_transpose(g, picture(g, r, 3), order[pick(r, 0, 2)]);
}

static ay_val slice(ay_graph *g, ay_rng *r)
{
    return ay_nn_slice(g, picture(g, r, 5), 1, pick(r, 0, 3), pick(r, 1, 2));
}

static ay_val patches(ay_graph *g, ay_rng *r)
{
    return ay_nn_patches(g, picture(g, r, 3));
}

static ay_val grid(ay_graph *g, ay_rng *r)
{
    int h = pick(r, 1, 4), w = pick(r, 1, 4);

    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, h * w, 3));

    return ay_nn_grid(g, x, ay_graph_input(g, "like", AY_SHAPE(1, 2, h, w)));
}

static ay_val orthogonal(ay_graph *g, ay_rng *r)
{
    int c = pick(r, 1, 6);
    ay_val x = pick(r, 0, 1) ? ay_graph_input(g, "x", AY_SHAPE(1, c))
                             : ay_graph_input(g, "x", AY_SHAPE(1, c, pick(r, 1, 4), pick(r, 1, 4)));

    return ay_nn_orthogonal(g, x, ay_graph_input(g, "g", AY_SHAPE(1, c)));
}

static ay_val attention_mean(ay_graph *g, ay_rng *r)
{
    int heads = pick(r, 1, 3), width = heads * pick(r, 1, 3), t = pick(r, 1, 6);
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, t, width));

    return ay_nn_attention_mean(g, x, ay_graph_input(g, "qk", AY_SHAPE(1, t, 2 * width)), heads);
}

static ay_val embed_tokens(ay_graph *g, ay_rng *r)
{
    int which = pick(r, 0, 2);

    return ay_nn_embed_tokens(g, tokens(g, r, 4), which == 1 ? NULL : "cls",
                              which == 2 ? NULL : "pos");
}

static ay_val embedding(ay_graph *g, ay_rng *r)
{
    int n = pick(r, 1, 5);

    return ay_nn_embedding(g, ay_graph_input(g, "ids", AY_SHAPE(1, n)),
                           &(ay_embedding){.rows = pick(r, 1, 7),
                                           .width = pick(r, 1, 6),
                                           .places = n + pick(r, 0, 1),
                                           .table = "words",
                                           .pos_name = pick(r, 0, 1) ? "pos" : NULL});
}

static ay_val pick_token(ay_graph *g, ay_rng *r)
{
    int n = pick(r, 1, 5);
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, n, pick(r, 1, 6)));

    return ay_nn_pick(g, x, ay_graph_input(g, "ids", AY_SHAPE(1, n)), -1);
}

static ay_val matmul(ay_graph *g, ay_rng *r)
{
    bool t = pick(r, 0, 1);
    int n = pick(r, 1, 5), k = pick(r, 1, 5);
    ay_val a = ay_graph_input(g, "a", AY_SHAPE(1, 2, pick(r, 1, 5), k));
    ay_val b = ay_graph_input(g, "b", t ? AY_SHAPE(1, 2, n, k) : AY_SHAPE(1, 2, k, n));

    return ay_nn_matmul(g, a, b, t, 0.5f);
}

static ay_val softmax(ay_graph *g, ay_rng *r)
{
    return ay_nn_softmax(g, tokens(g, r, pick(r, 1, 8)));
}

static ay_val attention(ay_graph *g, ay_rng *r)
{
    int heads = pick(r, 1, 3);

    return ay_nn_attention(g, tokens(g, r, 3 * heads * pick(r, 1, 4)), heads, pick(r, 0, 1));
}

static ay_val l2_normalise(ay_graph *g, ay_rng *r)
{
    return ay_nn_l2_normalise(g, tokens(g, r, pick(r, 3, 8)));
}

static ay_val dropout(ay_graph *g, ay_rng *r)
{
    return ay_nn_dropout(g, picture(g, r, 3), 0.1f * (float)pick(r, 1, 9));
}

static const struct {
    const char *name;
    build_fn *build;
} cases[] = {
    {"conv_plain", conv_plain},   {"conv_groups", conv_groups}, {"conv_depthwise", conv_depthwise},
    {"conv_same", conv_same},     {"conv_dilated", conv_dilated}, {"batch_norm", batch_norm},
    {"layer_norm", layer_norm},   {"linear_any", linear_any},   {"linear_stacked", linear_stacked},
    {"activation", activation},   {"add", add},                 {"mul", mul},
    {"square", square},           {"scale", scale},             {"max_pool", max_pool},
    {"avg_pool", avg_pool},       {"global_pool", global_pool}, {"concat", concat},
    {"reshape", reshape},         {"transpose", transpose},     {"slice", slice},
    {"patches", patches},         {"embed_tokens", embed_tokens}, {"matmul", matmul},
    {"softmax", softmax},         {"attention", attention},     {"l2_normalise", l2_normalise},
    {"dropout", dropout},         {"embedding", embedding},     {"pick_token", pick_token},
    {"grid", grid},               {"orthogonal", orthogonal},
    {"attention_mean", attention_mean},
};
enum { CASES = sizeof cases / sizeof *cases, PLACES = AY_NODE_INPUTS + AY_NODE_PARAMS };

/* One node with room for everything a call touches. */
typedef struct {
    ay_graph *g;
    ay_ref_grad c;
    size_t count[PLACES]; /* inputs, then parameters; 0: absent */
    float *value[PLACES], *diff[PLACES], *weight, *dst;
    size_t n;
} bench;

/* Distinct numbers at least 0.05 apart and 0.025 from 0 and from the corners at whole numbers: a
 * step of 2e-2 crosses neither a corner nor another element. */
static void fill_spaced(float *x, size_t n, ay_rng *r)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.05f * ((float)i - (float)(n / 2)) + 0.025f;
    for (size_t i = n; i-- > 1;) {
        size_t j = ay_rng_below(r, (uint32_t)i + 1);
        float t = x[i];
        x[i] = x[j];
        x[j] = t;
    }
}

/* Whole numbers in any order: a step of 2e-2 makes none of them another. */
static void fill_numbers(float *x, size_t n, ay_rng *r)
{
    fill_spaced(x, n, r);
    for (size_t i = 0; i < n; i++)
        x[i] = rintf((x[i] - 0.025f) * 20) + (float)(n / 2);
}

static void fill(const bench *b, int place, float *x, size_t n, ay_rng *r)
{
    const ay_op *op = b->c.forward.node->op;

    if ((op == &ay_op_embedding && place == 0) || (op == &ay_op_pick && place == 1)) {
        fill_numbers(x, n, r);
        return;
    }
    if (op == &ay_op_max_pool || op == &ay_op_activation) {
        fill_spaced(x, n, r);
        return;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = (float)ay_rng_normal(r);
}

static void set_up_inputs(bench *b, ay_node *n, ay_rng *r)
{
    ay_ref_call *f = &b->c.forward;

    for (int i = 0; i < n->nin; i++) {
        int same = 0;
        while (n->in[same] != n->in[i])
            same++;
        f->in_shape[i] = b->g->node[n->in[i]].shape;
        f->in_shape[i].dim[0] = BATCH;
        if (same == i) {
            b->count[i] = ay_shape_count(&f->in_shape[i]);
            b->value[i] = ay_alloc(b->count[i], sizeof(float));
            b->diff[i] = ay_calloc(b->count[i], sizeof(float));
            fill(b, i, b->value[i], b->count[i], r);
        }
        f->in[i] = b->value[same];
        b->c.diff_in[i] = b->diff[same];
    }
}

static void set_up(bench *b, build_fn *fn, uint64_t seed, bool train)
{
    ay_err err;
    ay_rng r;

    *b = (bench){0};
    ay_rng_init(&r, seed);
    CHECK_OK(ay_graph_create(&b->g, &err), err);
    ay_graph_output(b->g, fn(b->g, &r), "y");
    CHECK_OK(ay_graph_finish(b->g, &err), err);
    CHECK_OK(ay_graph_bind_random(b->g, seed, &err), err);
    ay_node *n = &b->g->node[b->g->nodes - 1];
    ay_ref_call *f = &b->c.forward;
    f->node = n;
    f->train = train;
    f->noise = seed;
    set_up_inputs(b, n, &r);
    for (int i = 0; i < AY_NODE_PARAMS; i++) {
        int place = AY_NODE_INPUTS + i;
        if (n->param[i] < 0)
            continue;
        b->count[place] = ay_shape_count(&b->g->param[n->param[i]].shape);
        b->value[place] = ay_alloc(b->count[place], sizeof(float));
        ay_param_read(&b->g->param[n->param[i]], b->value[place]);
        f->param[i] = b->value[place];
        if (n->op != &ay_op_batch_norm || i < 2) /* statistics have no gradient */
            b->diff[place] = b->c.diff_param[i] = ay_calloc(b->count[place], sizeof(float));
    }
    CHECK_OK(n->op->infer(n, f->in_shape, &f->shape, &err), err);
    b->n = ay_shape_count(&f->shape);
    f->dst = b->dst = ay_alloc(b->n, sizeof(float));
    b->weight = ay_alloc(b->n, sizeof(float));
    b->c.diff_dst = b->weight;
    for (size_t i = 0; i < b->n; i++)
        b->weight[i] = (float)ay_rng_normal(&r);
}

static void tear_down(bench *b)
{
    for (int i = 0; i < PLACES; i++) {
        ay_free(b->value[i]);
        ay_free(b->diff[i]);
    }
    ay_free(b->weight);
    ay_free(b->dst);
    ay_graph_destroy(b->g);
}

static double loss(bench *b)
{
    double sum = 0;

    b->c.forward.node->op->ref(&b->c.forward);
    for (size_t i = 0; i < b->n; i++)
        sum += (double)b->weight[i] * b->dst[i];
    return sum;
}

/* Four points, so that the error is of the fourth order: a step of 1e-2 is what float32 needs. */
static double slope_at(bench *b, float *x)
{
    static const double weight[] = {1, -8, 8, -1}, place[] = {-2, -1, 1, 2};
    float at = *x;
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        *x = (float)(at + place[i] * STEP);
        sum += weight[i] * loss(b);
    }
    *x = at;
    return sum / (12 * STEP);
}

/* Relative distance of the gradient at one place from differences, over sampled elements; what
 * `bend` does to the gradient shows that the test sees it. */
static double distance(bench *b, int place, double bend)
{
    size_t n = b->count[place], stride = n > SAMPLES ? n / SAMPLES : 1;
    double apart = 0, size = 0;

    for (size_t i = 0; i < n; i += stride) {
        double slope = slope_at(b, &b->value[place][i]);
        double d = b->diff[place][i] * bend - slope;
        apart += d * d;
        size += slope * slope;
    }
    return sqrt(apart) / (sqrt(size) + 1e-2);
}

static double worst_of(build_fn *fn, uint64_t seed, bool train, double bend)
{
    bench b;
    double worst = 0;

    set_up(&b, fn, seed, train);
    loss(&b);
    b.c.forward.node->op->ref_backward(&b.c);
    for (int i = 0; i < PLACES; i++)
        if (b.diff[i])
            worst = fmax(worst, distance(&b, i, bend));
    tear_down(&b);
    return worst;
}

static void gradients_are_slopes(void)
{
    for (int k = 0; k < CASES; k++) {
        double worst = 0;
        for (uint64_t seed = 1; seed <= SEEDS * 3; seed++)
            for (int train = 0; train < 2; train++)
                worst = fmax(worst, worst_of(cases[k].build, seed, train, 1));
        printf("  %-16s %.1e\n", cases[k].name, worst);
        CHECK(worst < LIMIT);
    }
}

/* One per cent wrong is found in every case. */
static void a_bent_gradient_is_seen(void)
{
    for (int k = 0; k < CASES; k++) {
        double worst = 0;
        for (uint64_t seed = 1; seed <= 4; seed++)
            worst = fmax(worst, worst_of(cases[k].build, seed, true, 1.01));
        CHECK(worst > LIMIT);
    }
}

/* Backward adds to what is there, and passes over what nobody wants. */
static void gradients_are_added(void)
{
    for (int k = 0; k < CASES; k++) {
        bench b;
        set_up(&b, cases[k].build, 1, true);
        loss(&b);
        const ay_op *op = b.c.forward.node->op;
        ay_ref_grad none = {.forward = b.c.forward, .diff_dst = b.weight};
        op->ref_backward(&none);
        op->ref_backward(&b.c);
        float *first = ay_memdup(b.diff[0], b.count[0] * sizeof(float));
        op->ref_backward(&b.c);
        for (size_t i = 0; i < b.count[0]; i++)
            CHECK(fabsf(b.diff[0][i] - 2 * first[i]) <= 1e-5f * fabsf(first[i]) + 1e-6f);
        ay_free(first);
        tear_down(&b);
    }
}

static void every_row_has_a_gradient(void)
{
    for (int i = 0; ay_ops[i]; i++) {
        int seen = ay_ops[i] == &ay_op_input;
        for (int k = 0; k < CASES; k++) {
            bench b;
            set_up(&b, cases[k].build, 1, false);
            seen += b.c.forward.node->op == ay_ops[i];
            tear_down(&b);
        }
        if (!seen || (!ay_ops[i]->ref_backward && ay_ops[i] != &ay_op_input))
            printf("  %s\n", ay_ops[i]->name);
        CHECK(seen && (ay_ops[i]->ref_backward || ay_ops[i] == &ay_op_input));
    }
}

static void drop(uint64_t seed, uint64_t step, ay_val v, float *dst, int64_t n)
{
    static float ones[20000];
    ay_node node = {.op = &ay_op_dropout, .attr.dropout.p = 0.3f};

    for (int64_t i = 0; i < n; i++)
        ones[i] = 1;
    node.op->ref(&(ay_ref_call){.node = &node,
                                .in = {ones},
                                .dst = dst,
                                .shape = AY_SHAPE(1, n),
                                .train = true,
                                .noise = ay_noise_key(seed, step, v)});
}

/* The mask: repeatable, of the right share, another one in another step, node or seed. */
static void dropout_mask(void)
{
    enum { N = 20000 };
    static float a[N], b[N];
    int kept = 0, same, i;

    drop(7, 3, 5, a, N);
    drop(7, 3, 5, b, N);
    CHECK(memcmp(a, b, sizeof a) == 0);
    for (i = 0; i < N; i++) {
        CHECK(a[i] == 0 || a[i] == 1 / (1 - 0.3f));
        kept += a[i] != 0;
    }
    CHECK(fabs((double)kept / N - 0.7) < 0.015); /* 4.6 deviations */
    for (int k = 0; k < 3; k++) {
        drop(7 + (k == 0), 3 + (uint64_t)(k == 1), 5 + (k == 2), b, N);
        for (same = 0, i = 0; i < N; i++)
            same += (a[i] != 0) == (b[i] != 0);
        CHECK(fabs((double)same / N - 0.58) < 0.02); /* 0.7^2 + 0.3^2 */
    }
}

/* Running statistics after one batch: PyTorch's rule by hand. */
static void running_statistics_move(void)
{
    const float x[] = {1, 2, 3, 6}; /* mean 3, unbiased variance 14/3 */
    float one = 1, zero = 0, mean = 1, var = 2, dst[4];
    ay_node node = {.op = &ay_op_batch_norm, .attr.norm.eps = 1e-5f};
    ay_ref_call c = {.node = &node,
                     .in = {x},
                     .param = {&one, &zero, &mean, &var},
                     .dst = dst,
                     .shape = AY_SHAPE(4, 1),
                     .train = true};

    ay_op_batch_norm.ref(&c); /* nothing to move */
    CHECK(mean == 1 && var == 2 && fabsf(dst[2]) < 1e-6f);
    c.moving[0] = &mean;
    c.moving[1] = &var;
    ay_op_batch_norm.ref(&c);
    CHECK(fabsf(mean - 1.2f) < 1e-6f && fabsf(var - (1.8f + 1.4f / 3)) < 1e-6f);
    c.train = false; /* frozen: they are used and stay */
    ay_op_batch_norm.ref(&c);
    CHECK(fabsf(mean - 1.2f) < 1e-6f);
    CHECK(fabsf(dst[0] - (1 - mean) / sqrtf(var + 1e-5f)) < 1e-6f);
}

TESTS({"gradients_are_slopes", gradients_are_slopes},
      {"a_bent_gradient_is_seen", a_bent_gradient_is_seen},
      {"gradients_are_added", gradients_are_added},
      {"every_row_has_a_gradient", every_row_has_a_gradient},
      {"dropout_mask", dropout_mask},
      {"running_statistics_move", running_statistics_move})
