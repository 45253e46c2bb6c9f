/* Optimisers, schedules and averages against PyTorch step by step (test/vectors/make_optim.py), the
 * vector kernels against plain C bit by bit, and state that survives a file. */
#include "nn/optim.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "nn/optim_kernel.h"

#include <jansson.h>
#include <math.h>

typedef struct {
    ay_graph *g;
    ay_weights *w;
} net;

static const char *const names[] = {"l.weight", "l.bias", "n.weight", "n.bias"};

/* The tensors of make_optim.py: a linear layer 5 -> 4 and a norm; statistics of a batch-norm too. */
static net make(void)
{
    net n;
    ay_err err;
    ay_val x;

    CHECK_OK(ay_graph_create(&n.g, &err), err);
    x = ay_graph_input(n.g, "x", AY_SHAPE(1, 5));
    x = ay_nn_linear(n.g, x, "l", &(ay_linear){.out = 4, .bias = true});
    ay_graph_output(n.g, ay_nn_batch_norm(n.g, x, "n", 0), "y");
    CHECK_OK(ay_graph_finish(n.g, &err), err);
    CHECK_OK(ay_graph_bind_random(n.g, 1, &err), err);
    CHECK_OK(ay_weights_create(&n.w, n.g, &err), err);
    for (int k = 0; k < 4; k++) {
        ay_weight *w = ay_weights_find(n.w, names[k]);
        for (size_t i = 0; i < ay_shape_count(&w->shape); i++)
            w->value[i] = (float)sin(0.7 * (double)i + k);
    }
    return n;
}

static void unmake(net *n)
{
    ay_weights_destroy(n->w);
    ay_graph_destroy(n->g);
}

static void gradients(net *n, int t)
{
    for (int k = 0; k < 4; k++) {
        ay_weight *w = ay_weights_find(n->w, names[k]);
        for (size_t i = 0; i < ay_shape_count(&w->shape); i++)
            w->grad[i] = (float)((1 + 0.1 * t) * cos(0.9 * (double)i + 1.7 * t + k));
    }
}

static json_t *golden(const char *key)
{
    static json_t *root;
    json_error_t je;

    if (!root)
        root = json_load_file("test/vectors/train-optim.json", 0, &je);
    CHECK(json_object_get(root, key));
    return json_object_get(root, key);
}

static double number(const json_t *list, size_t i)
{
    CHECK(i < json_array_size(list));
    return json_number_value(json_array_get(list, i));
}

static bool truth(const json_t *c, const char *key)
{
    return json_is_true(json_object_get(c, key));
}

static ay_optim_options options(const json_t *c)
{
    const char *kind = json_string_value(json_object_get(c, "kind"));

    return (ay_optim_options){
        .kind = strcmp(kind, "sgd") == 0    ? AY_OPTIM_SGD
                : strcmp(kind, "adam") == 0 ? AY_OPTIM_ADAM
                                            : AY_OPTIM_ADAMW,
        .momentum = (float)json_number_value(json_object_get(c, "momentum")),
        .nesterov = truth(c, "nesterov"),
        .decay = (float)json_number_value(json_object_get(c, "decay")),
        .decay_all = truth(c, "decay_all"),
        .clip_norm = (float)json_number_value(json_object_get(c, "clip"))};
}

static double farthest(net *n, const json_t *values)
{
    double worst = 0;
    size_t at = 0;

    for (int k = 0; k < 4; k++) {
        const ay_weight *w = ay_weights_find(n->w, names[k]);
        for (size_t i = 0; i < ay_shape_count(&w->shape); i++)
            worst = fmax(worst, fabs(w->value[i] - number(values, at++)));
    }
    CHECK(at == json_array_size(values));
    return worst;
}

static void follow(const json_t *c)
{
    const json_t *keep = golden("keep"), *values = json_object_get(c, "values");
    ay_optim_options opt = options(c);
    net n = make();
    ay_optim *o;
    ay_err err;
    size_t kept = 0;
    float norm;

    CHECK_OK(ay_optim_create(&o, n.w, &opt, &err), err);
    if (truth(c, "group"))
        CHECK(ay_optim_group(o, "l.", 0.25f, 0.5f) == 2);
    for (int t = 1; t <= 10; t++) {
        gradients(&n, t);
        CHECK_OK(ay_optim_step(o, (float)json_number_value(golden("lr")), &norm, &err), err);
        double want = number(json_object_get(c, "norms"), (size_t)t - 1);
        CHECK(fabs(norm - want) < 1e-5 * want);
        if (t == (int)number(keep, kept))
            CHECK(farthest(&n, json_array_get(values, kept++)) < 2e-6);
    }
    CHECK(kept == json_array_size(keep));
    ay_optim_destroy(o);
    unmake(&n);
}

static void steps_are_pytorchs(void)
{
    const json_t *cases = golden("cases");

    CHECK(json_array_size(cases) == 8);
    for (size_t i = 0; i < json_array_size(cases); i++)
        follow(json_array_get(cases, i));
}

static void statistics_and_frozen_stay(void)
{
    net n = make();
    ay_optim *o;
    ay_err err;
    const float *mean = ay_weights_find(n.w, "n.running_mean")->value;
    const float *bias = ay_weights_find(n.w, "l.bias")->value;
    float mean_was = mean[1], bias_was = bias[1];

    ay_weights_freeze(n.w, "l.bias", true);
    CHECK_OK(ay_optim_create(&o, n.w,
                             &(ay_optim_options){.kind = AY_OPTIM_ADAMW, .decay = 0.1f,
                                                 .decay_all = true},
                             &err),
             err);
    gradients(&n, 1);
    CHECK_OK(ay_optim_step(o, 0.1f, NULL, &err), err);
    CHECK(mean[1] == mean_was && bias[1] == bias_was);
    ay_weights_freeze(n.w, "l.bias", false); /* its own first step: a full rate along the sign */
    CHECK_OK(ay_optim_step(o, 0.1f, NULL, &err), err);
    CHECK(fabsf(fabsf(bias[1] - bias_was * 0.99f) - 0.1f) < 1e-5f);
    ay_optim_destroy(o);
    unmake(&n);
}

static void a_gradient_must_be_finite(void)
{
    net n = make();
    ay_weight *w = ay_weights_find(n.w, "l.weight");
    float was = w->value[0], norm;
    ay_optim *o;
    ay_err err;

    CHECK_OK(ay_optim_create(&o, n.w, &(ay_optim_options){.kind = AY_OPTIM_SGD}, &err), err);
    gradients(&n, 1);
    w->grad[3] = NAN;
    CHECK(ay_optim_step(o, 0.1f, &norm, &err) == AY_ECORRUPT && strstr(err.msg, "l.weight"));
    CHECK(w->value[0] == was && isnan(norm));
    w->grad[3] = INFINITY;
    CHECK(ay_optim_step(o, 0.1f, NULL, &err) == AY_ECORRUPT && !isfinite(ay_optim_squares(o)));
    gradients(&n, 1); /* these are fine, others beside them are not */
    CHECK(ay_optim_step_beside(o, 0.1f, NAN, NULL, &err) == AY_ECORRUPT && w->value[0] == was);
    ay_optim_destroy(o);
    CHECK(ay_optim_create(&o, n.w, &(ay_optim_options){.momentum = 1}, &err) == AY_EINVAL && !o);
    unmake(&n);
}

/* Gradients of others beside these: all together are clipped to one length. */
static void clips_beside_others(void)
{
    net n = make();
    ay_weight *w = ay_weights_find(n.w, "l.bias");
    double own, was = (double)w->value[1];
    float norm;
    ay_optim *o;
    ay_err err;

    CHECK_OK(ay_optim_create(&o, n.w, &(ay_optim_options){.kind = AY_OPTIM_SGD, .clip_norm = 1}, &err), err);
    gradients(&n, 1);
    own = ay_optim_squares(o);
    CHECK(own > 1);
    CHECK_OK(ay_optim_step_beside(o, 0.5f, 3 * own, &norm, &err), err);
    CHECK(fabs((double)norm - 2 * sqrt(own)) < 1e-5);
    CHECK(fabs((double)w->value[1] - (was - 0.5 * (double)w->grad[1] / (2 * sqrt(own)))) < 1e-6);
    ay_optim_destroy(o);
    unmake(&n);
}

/* Steps 1..5, file, other weights and optimiser, steps 6..10: the bits of ten steps in one go. */
static void resume(ay_optim_kind kind)
{
    const char *path = "build/optim_test.safetensors";
    ay_optim_options opt = {.kind = kind, .momentum = 0.9f, .decay = 0.01f};
    net a = make(), b = make();
    ay_optim *oa, *ob;
    ay_average *aa, *ab;
    ay_tensor t[8];
    const char *name[8];
    ay_safetensors *st;
    ay_err err;

    CHECK_OK(ay_optim_create(&oa, a.w, &opt, &err), err);
    CHECK_OK(ay_optim_create(&ob, b.w, &opt, &err), err);
    CHECK_OK(ay_average_create(&aa, a.w, 0.9f, &err), err);
    CHECK_OK(ay_average_create(&ab, b.w, 0.9f, &err), err);
    for (int step = 1; step <= 10; step++) {
        gradients(&a, step);
        CHECK_OK(ay_optim_step(oa, 0.01f, NULL, &err), err);
        ay_average_update(aa);
        if (step == 5) {
            int n = ay_optim_state(oa, t, name, 8);
            n += ay_average_state(aa, t + n, name + n, 8 - n);
            CHECK_OK(ay_weights_save(a.w, path, t, name, n, &err), err);
        }
    }
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK_OK(ay_weights_load(b.w, st, &err), err);
    CHECK_OK(ay_optim_restore(ob, st, &err), err);
    CHECK_OK(ay_average_restore(ab, st, &err), err);
    ay_safetensors_close(st);
    for (int step = 6; step <= 10; step++) {
        gradients(&b, step);
        CHECK_OK(ay_optim_step(ob, 0.01f, NULL, &err), err);
        ay_average_update(ab);
    }
    size_t count;
    const float *va = ay_weights_values(a.w, &count), *vb = ay_weights_values(b.w, &count);
    CHECK(memcmp(va, vb, count * sizeof *va) == 0);
    ay_average_swap(aa);
    ay_average_swap(ab);
    CHECK(memcmp(va, vb, count * sizeof *va) == 0);
    ay_optim_destroy(oa);
    ay_optim_destroy(ob);
    ay_average_destroy(aa);
    ay_average_destroy(ab);
    unmake(&a);
    unmake(&b);
    unlink(path);
}

static void resume_is_exact(void)
{
    resume(AY_OPTIM_SGD);
    resume(AY_OPTIM_ADAMW);
}

/* A weight of several blocks and small ones, clipped, three steps. */
static void steps_with(int threads, float *to, float *norm, size_t most)
{
    ay_optim_options opt = {.kind = AY_OPTIM_ADAMW, .decay = 0.01f, .clip_norm = 1, .threads = threads};
    ay_graph *g;
    ay_weights *w;
    ay_optim *o;
    size_t n;
    ay_err err;

    CHECK_OK(ay_graph_create(&g, &err), err);
    ay_val x = ay_nn_linear(g, ay_graph_input(g, "x", AY_SHAPE(1, 500)), "l",
                            &(ay_linear){.out = 401, .bias = true});
    ay_graph_output(g, ay_nn_batch_norm(g, x, "n", 0), "y");
    CHECK_OK(ay_graph_finish(g, &err), err);
    CHECK_OK(ay_graph_bind_init(g, 1, &err), err);
    CHECK_OK(ay_weights_create(&w, g, &err), err);
    CHECK_OK(ay_optim_create(&o, w, &opt, &err), err);
    for (int t = 0; t < 3; t++) {
        float *grad = ay_weights_grads(w, &n);
        for (size_t i = 0; i < n; i++)
            grad[i] = (float)(sin(0.37 * (double)i + t) / (1 + (double)(i % 97)));
        CHECK_OK(ay_optim_step(o, 0.1f, norm, &err), err);
    }
    const float *values = ay_weights_values(w, &n);
    CHECK(n <= most);
    memcpy(to, values, n * sizeof *to);
    ay_optim_destroy(o);
    ay_weights_destroy(w);
    ay_graph_destroy(g);
}

static void threads_change_no_bit(void)
{
    enum { MOST = 203000 };
    static float one[MOST], three[MOST];
    float a, b;

    steps_with(1, one, &a, MOST);
    steps_with(3, three, &b, MOST);
    CHECK(a == b && a > 1 && memcmp(one, three, sizeof one) == 0);
}

static void foreign_state_is_refused(void)
{
    const char *path = "build/optim_test.safetensors";
    net n = make();
    ay_optim *o;
    ay_safetensors *st;
    float one = 1;
    ay_tensor t = ay_tensor_make(AY_F32, AY_SHAPE(1), &one);
    const char *name = "optim.first";
    ay_err err;

    CHECK_OK(ay_optim_create(&o, n.w, &(ay_optim_options){.kind = AY_OPTIM_SGD}, &err), err);
    CHECK_OK(ay_weights_save(n.w, path, &t, &name, 1, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK(ay_optim_restore(o, st, &err) == AY_ECORRUPT && strstr(err.msg, "optim.first"));
    ay_safetensors_close(st);
    CHECK_OK(ay_weights_save(n.w, path, NULL, NULL, 0, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK(ay_optim_restore(o, st, &err) == AY_ENOTFOUND);
    ay_safetensors_close(st);
    ay_optim_destroy(o);
    unmake(&n);
    unlink(path);
}

/* Odd lengths, so that tails run too. */
static void kernels_agree_in_every_bit(void)
{
    enum { N = 1237 };
    static float w[2][N], g[N], m[2][N], v[2][N];
    const ay_optim_kernel *k;
    ay_optim_step_params p = {0.5f, 0.01f, 0.99f, 0.02f, 0.9f, 1, 0.1f, 0.999f, 1e-3f, 1e-8f, 3};

    for (int i = 0; (k = ay_optim_kernel_at(i)); i++) {
        const ay_optim_kernel *plain = k;
        for (int j = i; ay_optim_kernel_at(j); j++)
            plain = ay_optim_kernel_at(j);
        for (int which = 0; which < 2; which++) {
            const ay_optim_kernel *use = which ? plain : k;
            for (int e = 0; e < N; e++) {
                g[e] = sinf((float)e);
                w[which][e] = cosf((float)e);
                m[which][e] = v[which][e] = fabsf(sinf(2.0f * (float)e));
            }
            use->adam(w[which], g, m[which], v[which], N, &p);
            use->sgd(w[which], g, m[which], N, &p);
            use->blend(w[which], g, 0.3f, N);
        }
        CHECK(memcmp(w[0], w[1], sizeof w[0]) == 0 && memcmp(m[0], m[1], sizeof m[0]) == 0);
        CHECK(memcmp(v[0], v[1], sizeof v[0]) == 0);
        CHECK(k->squares(g, N) == plain->squares(g, N));
        printf("  %s\n", k->name);
    }
}

static void schedule_is(const ay_schedule *s, const char *key)
{
    const json_t *want = json_object_get(golden("schedules"), key);

    CHECK(json_array_size(want) == 12);
    for (size_t e = 0; e < 12; e++)
        CHECK(fabs(ay_schedule_at(s, (double)e, NULL) - number(want, e)) < 1e-7);
}

static void schedules_are_pytorchs(void)
{
    ay_schedule plateau = {.kind = AY_SCHEDULE_PLATEAU, .gamma = 0.5, .patience = 2};
    const json_t *scores = json_object_get(golden("schedules"), "scores");
    const json_t *want = json_object_get(golden("schedules"), "plateau");
    ay_plateau p = {0};

    schedule_is(&(ay_schedule){.kind = AY_SCHEDULE_COSINE, .epochs = 12, .end = 0.05}, "cosine");
    schedule_is(&(ay_schedule){.kind = AY_SCHEDULE_COSINE,
                               .epochs = 12,
                               .end = 0.05,
                               .warmup = 3,
                               .warmup_start = 0.1},
                "warm_cosine");
    schedule_is(&(ay_schedule){.kind = AY_SCHEDULE_STEP, .step_size = 4, .gamma = 0.3}, "step");
    for (size_t e = 0; e < 12; e++) {
        CHECK(fabs(ay_schedule_at(&plateau, (double)e, &p) - number(want, e)) < 1e-7);
        ay_plateau_score(&p, &plateau, number(scores, e));
    }
    CHECK(p.scale == 0.5 * 0.5); /* it did something */
    CHECK(ay_schedule_at(&(ay_schedule){.warmup = 2}, 0.5, NULL) == 0.25);
    CHECK(ay_schedule_at(&(ay_schedule){.kind = AY_SCHEDULE_COSINE, .epochs = 5}, 9, NULL) == 0);
}

static void average_is(float decay, const char *key)
{
    const json_t *want = json_object_get(golden("averages"), key);
    net n = make();
    ay_weight *w = ay_weights_find(n.w, "l.weight");
    float start[20];
    ay_average *a;
    ay_err err;

    memcpy(start, w->value, sizeof start);
    CHECK_OK(ay_average_create(&a, n.w, decay, &err), err);
    for (int t = 1; t <= 10; t++) {
        for (int i = 0; i < 20; i++)
            w->value[i] = start[i] * (1 + 0.2f * (float)t);
        ay_average_update(a);
    }
    float last = w->value[7];
    ay_average_swap(a);
    for (size_t i = 0; i < 20; i++)
        CHECK(fabs(w->value[i] - number(want, i)) < 2e-6);
    ay_average_swap(a);
    CHECK(w->value[7] == last);
    ay_average_destroy(a);
    unmake(&n);
}

static void averages_are_pytorchs(void)
{
    average_is(0, "swa");
    average_is(0.3f, "ema");
}

TESTS({"steps_are_pytorchs", steps_are_pytorchs},
      {"statistics_and_frozen_stay", statistics_and_frozen_stay},
      {"a_gradient_must_be_finite", a_gradient_must_be_finite},
      {"clips_beside_others", clips_beside_others},
      {"resume_is_exact", resume_is_exact},
      {"threads_change_no_bit", threads_change_no_bit},
      {"foreign_state_is_refused", foreign_state_is_refused},
      {"kernels_agree_in_every_bit", kernels_agree_in_every_bit},
      {"schedules_are_pytorchs", schedules_are_pytorchs},
      {"averages_are_pytorchs", averages_are_pytorchs})
