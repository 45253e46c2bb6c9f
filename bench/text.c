/* bench/text.c - the text tower of ViT-B/32 beside PyTorch's: milliseconds for 1, 16 and 121 texts.
 *
 *   text [--threads N] [--seconds S] [--only WORD] MODEL.json
 *
 * MODEL.json is a golden file, clip-text-openclip-b32.json without one.  With one thread the processor's
 * time is measured, so that a busy machine disturbs little, else the wall clock; the least of all runs.
 * Weights by formula (models/formula.h), the golden file's texts repeated.  "full" computes all 77
 * places, as PyTorch does; "short" the 8 that a label of up to six words needs, as engine/words does. */
#include "base/clock.h"
#include "base/mem.h"
#include "models/golden.h"
#include "models/model.h"
#include "nn/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOLDER "build/bench/clip-text"
static int threads = 1;
static double seconds = 2;

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void stop(const ay_err *err)
{
    fprintf(stderr, "text: %s\n", err->msg);
    exit(1);
}

/* Texts of the golden file over T places; 121 run as the engine runs them, in sixteens and one. */
static double least_ms(ay_model *m, const ay_golden *g, ay_nn_precision precision, int n, int T)
{
    int batch = n < 16 ? n : 16, times = (n + 15) / 16;
    ay_shape in = AY_SHAPE(batch, T);
    ay_plan_options o = {
        .batch = batch, .precision = precision, .threads = threads, .input_shapes = &in};
    uint64_t best = UINT64_MAX, end;
    ay_plan *p;
    ay_err err;

    if (ay_plan_create(&p, ay_model_graph(m), &o, &err) != AY_OK)
        stop(&err);
    for (int i = 0; i < batch; i++)
        memcpy((float *)ay_plan_input(p, 0)->data + i * T, g->x + i % g->input[0] * g->input[1],
               (size_t)T * sizeof(float));
    end = ay_clock_mono() + (uint64_t)(seconds * 1e9);
    do {
        uint64_t start = now();
        for (int i = 0; i < times; i++)
            if (ay_plan_run(p, &err) != AY_OK)
                stop(&err);
        uint64_t took = now() - start;
        best = took < best ? took : best;
    } while (ay_clock_mono() < end);
    ay_plan_destroy(p);
    return (double)best / 1e6;
}

int main(int argc, char **argv)
{
    static const ay_nn_precision precision[] = {AY_NN_F32, AY_NN_BF16};
    static const int counts[] = {1, 16, 121}, places[] = {77, 8};
    const char *path = "test/vectors/clip-text-openclip-b32.json";
    const char *only = "";
    ay_golden g;
    ay_model *m;
    ay_err err;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = atof(argv[++i]);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            path = argv[i];
    }
    if (ay_golden_load(&g, path, &err) || ay_golden_write_model(&g, FOLDER, &err) ||
        ay_model_open(&m, FOLDER, &(ay_model_options){.tower = AY_TOWER_TEXT}, &err))
        stop(&err);
    for (int k = 0; k < 2; k++)
        for (int t = 0; t < (ay_model_get_info(m)->causal ? 2 : 1); t++)
            for (int i = 0; i < 3 && strstr(k ? "bf16" : "f32", only); i++) {
                printf("assay %s %s %d threads: %3d texts %.2f ms\n", k ? "bf16" : "f32",
                       t ? "short" : "full", threads, counts[i],
                       least_ms(m, &g, precision[k], counts[i], places[t]));
                fflush(stdout);
            }
    ay_model_close(m);
    ay_golden_fini(&g);
    remove(FOLDER "/model.safetensors");
    return 0;
}
