/* bench/runner - the runner alone on seeded random weights: milliseconds of processor time a
 * picture.
 *
 *   build/release/bench/runner [resnet18|resnet50|vit-b32] [batch] [f32|bf16|auto] [threads]
 * [profile]
 *
 * Without arguments: the table.  Time is the thread's processor time with one thread (so a busy
 * machine does not change it much), the wall clock with more; the best of several runs. */
#include "base/clock.h"
#include "nn/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static ay_val conv_bn(ay_graph *g, ay_val x, const char *name, int out, int kernel, int stride)
{
    char bn[96];

    snprintf(bn, sizeof bn, "%s.bn", name);
    x = ay_nn_conv2d(g, x, name,
                     &(ay_conv){.out = out, .kernel = kernel, .stride = stride, .pad = kernel / 2});
    return ay_nn_batch_norm(g, x, bn, 0);
}

static ay_val block(ay_graph *g, ay_val x, const char *name, int width, int stride, int expand)
{
    char n[4][64];
    ay_val y = x;

    for (int i = 0; i < 4; i++)
        snprintf(n[i], sizeof n[i], "%s.%d", name, i);
    if (expand > 1)
        y = ay_nn_activation(g, conv_bn(g, y, n[0], width, 1, 1), AY_ACT_RELU);
    y = ay_nn_activation(g, conv_bn(g, y, n[1], width, 3, stride), AY_ACT_RELU);
    y = conv_bn(g, y, n[2], width * expand, expand > 1 ? 1 : 3, 1);
    if (stride > 1 || ay_graph_shape(g, x).dim[1] != width * expand)
        x = conv_bn(g, x, n[3], width * expand, 1, stride);
    return ay_nn_activation(g, ay_nn_add(g, y, x), AY_ACT_RELU);
}

static ay_val resnet(ay_graph *g, const int depth[4], int expand)
{
    ay_val x = ay_graph_input(g, "image", AY_SHAPE(1, 3, 224, 224));

    x = ay_nn_activation(g, conv_bn(g, x, "stem", 64, 7, 2), AY_ACT_RELU);
    x = ay_nn_max_pool(g, x, &(ay_pool){.kernel = 3, .stride = 2, .pad = 1});
    for (int s = 0; s < 4; s++) {
        for (int i = 0; i < depth[s]; i++) {
            char name[32];
            snprintf(name, sizeof name, "layer%d.%d", s + 1, i);
            x = block(g, x, name, 64 << s, i == 0 && s > 0 ? 2 : 1, expand);
        }
    }
    x = ay_nn_flatten(g, ay_nn_global_avg_pool(g, x));
    return ay_nn_linear(g, x, "fc", &(ay_linear){.out = 1000, .bias = true});
}

static ay_val resnet18(ay_graph *g)
{
    return resnet(g, (int[]){2, 2, 2, 2}, 1);
}

static ay_val resnet50(ay_graph *g)
{
    return resnet(g, (int[]){3, 4, 6, 3}, 4);
}

static ay_val vit_b32(ay_graph *g)
{
    ay_val x = ay_graph_input(g, "image", AY_SHAPE(1, 3, 224, 224)), y;

    x = ay_nn_conv2d(g, x, "conv1", &(ay_conv){.out = 768, .kernel = 32, .stride = 32});
    x = ay_nn_embed_tokens(g, ay_nn_patches(g, x), "cls", "pos");
    x = ay_nn_layer_norm(g, x, "ln_pre", 0);
    for (int i = 0; i < 12; i++) {
        char n[6][32];
        static const char *const part[] = {"ln1", "qkv", "proj", "ln2", "fc1", "fc2"};
        for (int k = 0; k < 6; k++)
            snprintf(n[k], sizeof n[k], "%d.%s", i, part[k]);
        y = ay_nn_layer_norm(g, x, n[0], 0);
        y = ay_nn_linear(g, y, n[1], &(ay_linear){.out = 2304, .bias = true});
        y = ay_nn_attention(g, y, 12, false);
        x = ay_nn_add(g, x, ay_nn_linear(g, y, n[2], &(ay_linear){.out = 768, .bias = true}));
        y = ay_nn_layer_norm(g, x, n[3], 0);
        y = ay_nn_linear(g, y, n[4], &(ay_linear){.out = 3072, .bias = true});
        y = ay_nn_activation(g, y, AY_ACT_QUICK_GELU);
        x = ay_nn_add(g, x, ay_nn_linear(g, y, n[5], &(ay_linear){.out = 768, .bias = true}));
    }
    x = ay_nn_layer_norm(g, ay_nn_token(g, x, 0), "ln_post", 0);
    return ay_nn_linear(g, x, "head", &(ay_linear){.out = 512});
}

static const struct {
    const char *name;
    ay_val (*build)(ay_graph *g);
} nets[] = {{"resnet18", resnet18}, {"resnet50", resnet50}, {"vit-b32", vit_b32}};

static void must(ay_status status, const ay_err *err)
{
    if (status == AY_OK)
        return;
    fprintf(stderr, "runner: %s\n", err->msg);
    exit(1);
}

static double now(int threads)
{
    struct timespec t;

    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double best_of_runs(ay_plan *p, int threads)
{
    double best = 1e12, spent = 0;
    ay_err err;

    for (int i = 0; i < 50 && (i < 4 || spent < 3000); i++) {
        double start = now(threads);
        must(ay_plan_run(p, &err), &err);
        double took = now(threads) - start;
        spent += took;
        best = took < best ? took : best;
    }
    return best;
}

static void measure(int net, int batch, ay_nn_precision precision, int threads, bool profile)
{
    static const char *const name[] = {"auto", "f32", "bf16"};
    ay_graph *g;
    ay_plan *p;
    ay_plan_info info;
    ay_err err;
    ay_plan_options opt = {.batch = batch, .precision = precision, .threads = threads};

    must(ay_graph_create(&g, &err), &err);
    ay_graph_output(g, nets[net].build(g), "y");
    must(ay_graph_finish(g, &err), &err);
    must(ay_graph_bind_random(g, 1, &err), &err);
    must(ay_plan_create(&p, g, &opt, &err), &err);
    const ay_tensor *in = ay_plan_input(p, 0);
    for (size_t i = 0; i < ay_tensor_count(in); i++)
        ((float *)in->data)[i] = (float)((i * 2654435761u >> 8) % 1000) / 500 - 1;
    double ms = best_of_runs(p, threads);
    ay_plan_get_info(p, &info);
    printf("%-9s batch %2d  %-4s  %d thread%s  %8.2f ms/picture  %7.1f GFLOP/s  slab %.1f MB  "
           "weights %.1f MB\n",
           nets[net].name, batch, name[info.precision], threads, threads > 1 ? "s" : " ",
           ms / batch, ay_graph_flops(g) * batch / ms / 1e6, (double)info.slab_bytes / 1e6,
           (double)info.packed_bytes / 1e6);
    if (profile) {
        ay_buf b = {0};
        must(ay_plan_profile(p, &b, &err), &err);
        fputs(b.data, stdout);
        ay_buf_fini(&b);
    }
    fflush(stdout);
    ay_plan_destroy(p);
    ay_graph_destroy(g);
}

static void table(void)
{
    for (int net = 0; net < 3; net++)
        for (int precision = AY_NN_F32; precision <= AY_NN_BF16; precision++)
            for (int batch = 1; batch <= 16; batch *= 16)
                measure(net, batch, (ay_nn_precision)precision, 1, false);
}

int main(int argc, char **argv)
{
    int net = 0;
    ay_nn_precision precision = AY_NN_AUTO;

    if (argc == 1) {
        table();
        return 0;
    }
    while (net < 3 && strcmp(argv[1], nets[net].name) != 0)
        net++;
    if (net == 3) {
        fprintf(stderr, "runner: no network \"%s\"\n", argv[1]);
        return 2;
    }
    if (argc > 3)
        precision = strcmp(argv[3], "f32") == 0    ? AY_NN_F32
                    : strcmp(argv[3], "bf16") == 0 ? AY_NN_BF16
                                                   : AY_NN_AUTO;
    measure(net, argc > 2 ? atoi(argv[2]) : 1, precision, argc > 4 ? atoi(argv[4]) : 1, argc > 5);
    return 0;
}
