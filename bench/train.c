/* bench/train - training steps (forward, loss, backward, SGD with momentum) on seeded weights and
 * pictures.
 *
 *   build/release/bench/train [resnet18|efficientnetv2-s|hoamv2|hoamv2-tiny|head] [batch] [f32|bf16] [threads] [profile|serve]
 *
 * hoamv2: on efficientnetv2_rw_s, a vector of 512, AdamW; the loss is over the vector's numbers.
 * hoamv2-tiny: on efficientnetv2_tiny, pictures of 96 pixels.
  * head: a step is an epoch of a new head over the cached features of HEAD_BATCHES batches, AdamW.
 *
 * Alone it takes a few steps and prints the best.  With "profile": time a step of the plan.  With
 * "serve" it is a contender of bench/run_train.py: it prints "ready", and for every number of steps
 * on its input takes so many steps and prints the processor and wall seconds they took. */
#include "base/clock.h"
#include "models/model.h"
#include "nn/optim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { CLASSES = 1000, HEAD_CLASSES = 6, HEAD_FEATURES = 512, HEAD_BATCHES = 14 };

static ay_val conv_bn(ay_graph *g, ay_val x, const char *block, int i, ay_conv a, ay_act act)
{
    char conv[96], bn[96];

    snprintf(conv, sizeof conv, "%s.conv%d", block, i);
    snprintf(bn, sizeof bn, "%s.bn%d", block, i);
    a.pad = a.kernel / 2;
    return ay_nn_activation(g, ay_nn_batch_norm(g, ay_nn_conv2d(g, x, conv, &a), bn, 0), act);
}

static ay_val basic(ay_graph *g, ay_val x, const char *name, int width, int stride)
{
    ay_val y = conv_bn(g, x, name, 0, (ay_conv){.out = width, .kernel = 3, .stride = stride},
                       AY_ACT_RELU);

    y = conv_bn(g, y, name, 1, (ay_conv){.out = width, .kernel = 3}, AY_ACT_NONE);
    if (stride > 1)
        x = conv_bn(g, x, name, 2, (ay_conv){.out = width, .kernel = 1, .stride = stride},
                    AY_ACT_NONE);
    return ay_nn_activation(g, ay_nn_add(g, y, x), AY_ACT_RELU);
}

static ay_val resnet18(ay_graph *g, ay_val x)
{
    x = conv_bn(g, x, "stem", 0, (ay_conv){.out = 64, .kernel = 7, .stride = 2}, AY_ACT_RELU);
    x = ay_nn_max_pool(g, x, &(ay_pool){.kernel = 3, .stride = 2, .pad = 1});
    for (int i = 0; i < 8; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer%d.%d", i / 2 + 1, i % 2);
        x = basic(g, x, name, 64 << i / 2, i % 2 == 0 && i > 0 ? 2 : 1);
    }
    return x;
}

static ay_val gate(ay_graph *g, ay_val x, const char *block, int squeezed, int width)
{
    char a[96], b[96];
    ay_val s = ay_nn_global_avg_pool(g, x);

    snprintf(a, sizeof a, "%s.se.reduce", block);
    snprintf(b, sizeof b, "%s.se.expand", block);
    s = ay_nn_conv2d(g, s, a, &(ay_conv){.out = squeezed, .kernel = 1, .bias = true});
    s = ay_nn_activation(g, s, AY_ACT_SILU);
    s = ay_nn_conv2d(g, s, b, &(ay_conv){.out = width, .kernel = 1, .bias = true});
    return ay_nn_mul(g, x, ay_nn_activation(g, s, AY_ACT_SIGMOID));
}

/* One block of EfficientNetV2: fused (a full convolution widens) or mobile (depthwise and gate). */
static ay_val inverted(ay_graph *g, ay_val x, const char *name, int widen, int out, int stride,
                       bool fused)
{
    int in = (int)ay_graph_shape(g, x).dim[1], width = in * widen;
    ay_val y = conv_bn(g, x, name, 0,
                       (ay_conv){.out = width,
                                 .kernel = fused ? 3 : 1,
                                 .stride = fused ? stride : 1},
                       AY_ACT_SILU);

    if (!fused) {
        y = conv_bn(g, y, name, 1,
                    (ay_conv){.out = width, .kernel = 3, .stride = stride, .groups = width},
                    AY_ACT_SILU);
        y = gate(g, y, name, in / 4, width);
    }
    y = conv_bn(g, y, name, 2, (ay_conv){.out = out, .kernel = 1}, AY_ACT_NONE);
    return stride == 1 && in == out ? ay_nn_add(g, y, x) : y;
}

/* timm's efficientnetv2_rw_s. */
static ay_val efficientnetv2_s(ay_graph *g, ay_val x)
{
    static const struct {
        int blocks, widen, out, stride;
        bool fused;
    } stage[] = {{2, 1, 24, 1, true},   {4, 4, 48, 2, true},   {4, 4, 64, 2, true},
                 {6, 4, 128, 2, false}, {9, 6, 160, 1, false}, {15, 6, 272, 2, false}};

    x = conv_bn(g, x, "stem", 0, (ay_conv){.out = 24, .kernel = 3, .stride = 2}, AY_ACT_SILU);
    for (int s = 0; s < 6; s++)
        for (int i = 0; i < stage[s].blocks; i++) {
            char name[32];
            snprintf(name, sizeof name, "blocks.%d.%d", s, i);
            x = inverted(g, x, name, stage[s].widen, stage[s].out, i ? 1 : stage[s].stride,
                         stage[s].fused);
        }
    return conv_bn(g, x, "head", 0, (ay_conv){.out = 1792, .kernel = 1}, AY_ACT_SILU);
}

/* assay train's head in its default settings, on ResNet18's features. */
static ay_val head(ay_graph *g, ay_val x)
{
    x = ay_nn_linear(g, ay_nn_dropout(g, x, 0.3f), "head.0", &(ay_linear){.out = 256, .bias = true});
    return ay_nn_dropout(g, ay_nn_activation(g, x, AY_ACT_RELU), 0.15f);
}

static void must(ay_status status, const ay_err *err)
{
    if (status == AY_OK)
        return;
    fprintf(stderr, "train: %s\n", err->msg);
    exit(1);
}

typedef struct {
    ay_graph *g;
    ay_model *model; /* hoamv2: owns g */
    ay_weights *w;
    ay_learn *l;
    ay_optim *o;
    int batch, classes;
    bool head;
    float rate;
    float *cached; /* head: [HEAD_BATCHES * batch][HEAD_FEATURES] */
    uint64_t steps;
} trainer;

static ay_val network(const char *name, ay_graph *g)
{
    ay_val x;

    if (strcmp(name, "head") == 0)
        return head(g, ay_graph_input(g, "features", AY_SHAPE(1, HEAD_FEATURES)));
    x = ay_graph_input(g, "image", AY_SHAPE(1, 3, 224, 224));
    x = strcmp(name, "resnet18") == 0 ? resnet18(g, x) : efficientnetv2_s(g, x);
    return ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
}

static void draw(float *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)((i * 2654435761u >> 8) % 1000) / 500 - 1;
}

static void make_network(trainer *t, const char *name)
{
    ay_err err;

    if (strncmp(name, "hoamv2", 6) == 0) {
        ay_model_options o = {.seed = 1, .backbone = name[6] ? "efficientnetv2_tiny" : NULL};
        must(ay_model_blueprint(&t->model, "hoamv2", &o, &err), &err);
        t->g = ay_model_graph(t->model);
        t->classes = ay_model_get_info(t->model)->dim;
        t->rate = 3e-4f;
        return;
    }
    must(ay_graph_create(&t->g, &err), &err);
    t->classes = t->head ? HEAD_CLASSES : CLASSES;
    t->rate = 0.01f;
    ay_graph_output(t->g,
                    ay_nn_linear(t->g, network(name, t->g), "fc",
                                 &(ay_linear){.out = t->classes, .bias = true}),
                    "logits");
    must(ay_graph_finish(t->g, &err), &err);
    must(ay_graph_bind_init(t->g, 1, &err), &err);
}

static trainer make(const char *name, int batch, ay_nn_precision precision, int threads)
{
    ay_learn_options opt = {.batch = batch, .precision = precision, .threads = threads};
    ay_optim_options sgd = {.kind = AY_OPTIM_SGD, .momentum = 0.9f, .threads = threads};
    ay_optim_options adam = {.kind = AY_OPTIM_ADAMW, .threads = threads};
    trainer t = {.batch = batch, .head = strcmp(name, "head") == 0};
    ay_err err;

    make_network(&t, name);
    must(ay_weights_create(&t.w, t.g, &err), &err);
    must(ay_learn_create(&t.l, t.g, t.w, &opt, &err), &err);
    must(ay_optim_create(&t.o, t.w, t.head || t.model ? &adam : &sgd, &err), &err);
    draw((float *)ay_learn_input(t.l, 0)->data, ay_tensor_count(ay_learn_input(t.l, 0)));
    if (t.head && !(t.cached = malloc(sizeof(float) * HEAD_FEATURES * HEAD_BATCHES * (size_t)batch)))
        exit(1);
    if (t.head)
        draw(t.cached, (size_t)HEAD_FEATURES * HEAD_BATCHES * (size_t)batch);
    return t;
}

/* Cross-entropy against labels 37 n mod classes: mean loss, gradient written. */
static double loss(const trainer *t)
{
    const float *logits = ay_learn_output(t->l, 0)->data;
    float *diff = (float *)ay_learn_diff_output(t->l, 0)->data;
    int classes = t->classes;
    double sum = 0;

    for (int n = 0; n < t->batch; n++, logits += classes, diff += classes) {
        double total = 0;
        float top = logits[0];
        for (int c = 1; c < classes; c++)
            top = logits[c] > top ? logits[c] : top;
        for (int c = 0; c < classes; c++)
            total += exp(logits[c] - top);
        int label = n * 37 % classes;
        sum += log(total) + top - logits[label];
        for (int c = 0; c < classes; c++)
            diff[c] = (float)((exp(logits[c] - top) / total - (c == label)) / t->batch);
    }
    return sum / t->batch;
}

static double one_batch(trainer *t, float rate)
{
    double value;
    ay_err err;

    must(ay_learn_forward(t->l, t->steps++, &err), &err);
    value = loss(t);
    must(ay_learn_backward(t->l, false, &err), &err);
    must(ay_optim_step(t->o, rate, NULL, &err), &err);
    return value;
}

static double step(trainer *t)
{
    size_t n = HEAD_FEATURES * (size_t)t->batch;
    double value = 0;

    if (!t->head)
        return one_batch(t, t->rate);
    for (size_t i = 0; i < HEAD_BATCHES; i++) {
        memcpy(ay_learn_input(t->l, 0)->data, t->cached + i * n, n * sizeof(float));
        value = one_batch(t, 1e-3f);
    }
    return value;
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void take(trainer *t, int n, double *cpu, double *wall, double *last)
{
    double c = seconds(CLOCK_PROCESS_CPUTIME_ID), w = seconds(CLOCK_MONOTONIC);

    for (int i = 0; i < n; i++)
        *last = step(t);
    *cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
    *wall = seconds(CLOCK_MONOTONIC) - w;
}

static void serve(trainer *t)
{
    struct rusage use;
    char line[32];
    double cpu, wall, last;

    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        take(t, atoi(line), &cpu, &wall, &last);
        getrusage(RUSAGE_SELF, &use);
        printf("%.6f %.6f %.1f %.6f\n", cpu, wall, (double)use.ru_maxrss / 1024, last);
        fflush(stdout);
    }
}

/* Bytes of the plan when it computes again instead of keeping. */
static size_t checkpointed(const trainer *t)
{
    ay_learn_options opt = {.batch = t->batch, .checkpoint = true};
    ay_learn_info info;
    ay_learn *l;
    ay_err err;

    ay_learn_get_info(t->l, &info);
    opt.precision = info.precision;
    opt.threads = info.threads;
    must(ay_learn_create(&l, t->g, t->w, &opt, &err), &err);
    ay_learn_get_info(l, &info);
    ay_learn_destroy(l);
    return info.slab_bytes;
}

static void report(trainer *t)
{
    double best[2] = {1e9, 1e9}, cpu, wall, first, last = 0;
    ay_learn_info info;

    take(t, 1, &cpu, &wall, &first);
    for (int i = 0; i < 6; i++) {
        take(t, 1, &cpu, &wall, &last);
        best[0] = cpu < best[0] ? cpu : best[0];
        best[1] = wall < best[1] ? wall : best[1];
    }
    ay_learn_get_info(t->l, &info);
    printf("batch %d %s, %d threads: %.1f ms of processor time, %.1f ms; %.1f pictures/s of "
           "processor time; slab %.1f MB, with checkpoints %.1f; loss %.4f, then %.4f\n",
           t->batch, info.precision == AY_NN_BF16 ? "bf16" : "f32", info.threads, best[0] * 1e3,
           best[1] * 1e3, t->batch / best[0], (double)info.slab_bytes / 1e6,
           (double)checkpointed(t) / 1e6, first, last);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "resnet18", *mode = argc > 5 ? argv[5] : "";
    bool bf16 = argc <= 3 || strcmp(argv[3], "bf16") == 0;
    trainer t = make(name, argc > 2 ? atoi(argv[2]) : 16, bf16 ? AY_NN_BF16 : AY_NN_F32,
                     argc > 4 ? atoi(argv[4]) : 2);

    if (strcmp(mode, "serve") == 0) {
        serve(&t);
    } else if (strcmp(mode, "profile") == 0) {
        ay_buf out = {0};
        ay_err err;
        must(ay_learn_profile(t.l, &out, &err), &err);
        fwrite(out.data, 1, out.len, stdout);
        ay_buf_fini(&out);
    } else {
        report(&t);
    }
    free(t.cached);
    ay_optim_destroy(t.o);
    ay_learn_destroy(t.l);
    ay_weights_destroy(t.w);
    if (t.model)
        ay_model_close(t.model);
    else
        ay_graph_destroy(t.g);
    return 0;
}
