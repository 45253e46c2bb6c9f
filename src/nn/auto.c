/* nn/auto.c - which precision is faster here, found out by trying.
 *
 * The processor's flags do not tell: with matrix tiles (AMX) bf16 is several times as fast as f32;
 * on Zen 4 and Cooper Lake about twice; but server cores of the Sapphire Rapids family whose tiles
 * are hidden by a hypervisor still announce AVX-512 BF16 and multiply bf16 at half the speed of
 * f32.  So one linear layer of 256 x 512 x 512 is timed in both, once a process (a few
 * milliseconds); bf16 has to win clearly, because f32 is also more exact. */
#include "nn/backend.h"

#include "base/cpu.h"

#include <pthread.h>

enum { ROWS = 256, WIDTH = 512, RUNS = 7 };

static ay_nn_precision best = AY_NN_F32;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static ay_status build(ay_graph **out)
{
    ay_status status = ay_graph_create(out, NULL);

    if (status != AY_OK)
        return status;
    ay_val x = ay_graph_input(*out, "x", AY_SHAPE(1, WIDTH));
    ay_graph_output(*out, ay_nn_linear(*out, x, "l", &(ay_linear){.out = WIDTH}), "y");
    status = ay_graph_finish(*out, NULL);
    return status == AY_OK ? ay_graph_bind_random(*out, 1, NULL) : status;
}

/* Least nanoseconds of one run, or 0 when it cannot run. */
static uint64_t least_time(ay_graph *g, ay_nn_precision precision)
{
    ay_plan_options opt = {.batch = ROWS, .precision = precision, .threads = 1};
    uint64_t least = UINT64_MAX;
    ay_plan *p;

    if (ay_plan_create(&p, g, &opt, NULL) != AY_OK)
        return 0;
    for (int i = 0; i < RUNS; i++) {
        uint64_t start = ay_plan_clock(p), took;
        if (ay_plan_run(p, NULL) != AY_OK)
            least = 0;
        took = ay_plan_clock(p) - start;
        least = took < least ? took : least;
    }
    ay_plan_destroy(p);
    return least;
}

static void measure(void)
{
    const ay_cpu *c = ay_cpu_get();
    ay_graph *g = NULL;
    uint64_t f32, bf16;

    if (!c->avx512_bf16 && !c->amx_bf16)
        return;
    if (build(&g) == AY_OK) {
        f32 = least_time(g, AY_NN_F32);
        bf16 = least_time(g, AY_NN_BF16);
        if (f32 && bf16 && bf16 + bf16 / 4 < f32)
            best = AY_NN_BF16;
    }
    ay_graph_destroy(g);
}

ay_nn_precision ay_nn_auto_precision(void)
{
    pthread_once(&once, measure);
    return best;
}
