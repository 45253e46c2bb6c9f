/* bench/models.c - Assay's own runner as a contender of bench/run (protocol: bench/contender.py).
 *
 * A call is one batch of pictures or texts, tensors in, vectors out, on all processors, in the fastest
 * of these ways: one plan that uses every processor, or one single-threaded plan a processor, each with
 * its share of the batch at once or in pieces (what the engine does).
 *
 * Texts have all 77 places; "-short" in the model's name gives them the 8 that a label of up to six words
 * needs, which is what engine/words does with a causal tower.  "matmul" is no network but one product of
 * square matrices, whose rate is what oneDNN gets out of this processor. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "models/golden.h"
#include "models/model.h"
#include "nn/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 64, CASES_MAX = 64, CALLS_MAX = 1 << 16, SHORT = 8 };

typedef struct {
    ay_plan *plan[THREADS_MAX];
    pthread_t thread[THREADS_MAX];
    pthread_barrier_t start, end;
    int n;     /* plans; thread 0 is the caller's */
    int times; /* runs of each plan a call */
} team;

typedef struct {
    char key[64], setting[64];
    ay_golden golden;
    ay_model *model;
    ay_graph *graph;
    ay_shape one; /* the input of one picture or text */
    int known;    /* inputs whose answer is known; 0: none */
    team *best;
    double cosine;
} contest;

static _Atomic int failed;

static void must(ay_status status, const ay_err *err)
{
    if (status == AY_OK)
        return;
    printf("- %s\n", err->msg);
    fflush(stdout);
    exit(1);
}

typedef struct {
    team *team;
    int index;
} member;

static void run_one(const team *t, int i)
{
    for (int k = 0; k < t->times; k++)
        if (ay_plan_run(t->plan[i], NULL) != AY_OK)
            failed = 1;
}

static void *follow(void *arg)
{
    member m = *(member *)arg;

    ay_free(arg);
    ay_thread_pin(m.index);
    for (;;) {
        pthread_barrier_wait(&m.team->start);
        run_one(m.team, m.index);
        pthread_barrier_wait(&m.team->end);
    }
    return NULL;
}

static void call(team *t)
{
    if (t->n > 1)
        pthread_barrier_wait(&t->start);
    run_one(t, 0);
    if (t->n > 1)
        pthread_barrier_wait(&t->end);
}

/* Input b of a batch: the known ones again and again. */
static void give_input(const contest *c, ay_plan *p, int b)
{
    size_t each = ay_shape_count(&c->one);
    int64_t whole = c->known ? c->golden.input[1] * c->golden.input[2] * c->golden.input[3] : 0;
    float *at = (float *)ay_plan_input(p, 0)->data + (size_t)b * each;

    if (c->known)
        memcpy(at, c->golden.x + b % c->known * whole, each * sizeof *at);
    for (size_t i = 0; i < each && !c->known; i++)
        at[i] = (float)(i % 7) - 3;
}

/* n plans of batch / n / times inputs with threads processors each. */
static team *make_team(contest *c, int batch, int n, int times, int threads, ay_nn_precision precision)
{
    team *t = ay_calloc(1, sizeof *t);
    ay_shape in = c->one;
    ay_err err;

    t->n = n;
    t->times = times;
    batch /= times;
    in.dim[0] = batch / n;
    pthread_barrier_init(&t->start, NULL, (unsigned)n);
    pthread_barrier_init(&t->end, NULL, (unsigned)n);
    for (int i = 0; i < n; i++) {
        ay_plan_options opt = {
            .batch = batch / n, .precision = precision, .threads = threads, .input_shapes = &in};
        must(ay_plan_create(&t->plan[i], c->graph, &opt, &err), &err);
        for (int b = 0; b < batch / n; b++)
            give_input(c, t->plan[i], b);
    }
    for (int i = 1; i < n; i++) {
        member *m = ay_calloc(1, sizeof *m);
        *m = (member){t, i};
        must(ay_thread_start(&t->thread[i], "bench", follow, m, &err), &err);
    }
    return t;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* As contender.py has it: BENCH_CLOCK=cpu for processor time. */
static uint64_t clock_now(void)
{
    const char *kind = getenv("BENCH_CLOCK");
    struct timespec t;

    if (!kind || strcmp(kind, "cpu") != 0)
        return ay_clock_mono();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Median seconds of a call. */
static double measure(team *t, double seconds)
{
    static double took[CALLS_MAX];
    uint64_t start = ay_clock_mono();
    size_t n = 0;

    call(t);
    while (n < CALLS_MAX && (n < 3 || (double)(ay_clock_mono() - start) < seconds * 1e9)) {
        uint64_t before = clock_now();
        call(t);
        took[n++] = (double)(clock_now() - before) / 1e9;
    }
    qsort(took, n, sizeof *took, by_value);
    return took[n / 2];
}

static bool is(const char *model, const char *name)
{
    return strncmp(model, name, strlen(name)) == 0;
}

static void load(contest *c, const char *model)
{
    const char *file = is(model, "vit-b32-text")         ? "clip-text-openclip-b32"
                       : is(model, "mobileclip-s1-text") ? "clip-text-openclip-mobileclip-s1"
                       : is(model, "vit-b32")            ? "clip-openclip-b32"
                       : is(model, "mobileclip-s1")      ? "mobileclip-s1"
                                                         : "resnet18-torchvision";
    bool text = strstr(model, "-text") != NULL, brief = strstr(model, "-short") != NULL;
    ay_model_options opt = {.tower = text ? AY_TOWER_TEXT : AY_TOWER_IMAGE};
    char path[256], folder[256];
    ay_err err;

    snprintf(path, sizeof path, "test/vectors/%s.json", file);
    snprintf(folder, sizeof folder, "build/bench/%s", model);
    must(ay_golden_load(&c->golden, path, &err), &err);
    must(ay_golden_write_model(&c->golden, folder, &err), &err);
    must(ay_model_open(&c->model, folder, &opt, &err), &err);
    c->graph = ay_model_graph(c->model);
    c->known = (int)c->golden.input[0] - brief; /* the last text has 75 words */
    c->one = text ? AY_SHAPE(1, brief ? SHORT : c->golden.input[1])
                  : AY_SHAPE(1, 3, c->golden.input[2], c->golden.input[3]);
}

/* size x size times size x size. */
static void load_product(contest *c, int size)
{
    ay_graph *g;
    ay_err err;

    must(ay_graph_create(&g, &err), &err);
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, size, size));
    ay_graph_output(g, ay_nn_linear(g, x, "y", &(ay_linear){.out = size}), "y");
    must(ay_graph_finish(g, &err), &err);
    must(ay_graph_bind_random(g, 1, &err), &err);
    c->graph = g;
    c->one = AY_SHAPE(1, size, size);
}

static double cosine(const float *a, const float *b, int n)
{
    double aa = 0, bb = 0, ab = 0;

    for (int i = 0; i < n; i++) {
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
        ab += (double)a[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* The worst cosine of the first plan's answers with the known ones. */
static double least_cosine(const contest *c, int n)
{
    double least = 1;

    for (int i = 0; i < n && i < c->known; i++) {
        const float *made = (const float *)ay_plan_output(c->best->plan[0], 0)->data + i * c->golden.dim;
        double got = cosine(made, c->golden.features + i * c->golden.dim, c->golden.dim);
        least = got < least ? got : least;
    }
    return least;
}

static void choose_team(contest *c, int batch, int threads, ay_nn_precision p)
{
    team *one = make_team(c, batch, 1, 1, threads, p), *many;
    double least, took;

    c->best = one;
    snprintf(c->setting, sizeof c->setting, "one plan, %d threads", threads);
    call(one); /* start its helpers before the affinity of this thread narrows */
    least = measure(one, 0.5);
    for (int times = 1; batch % (threads * times) == 0 && times <= 16; times *= 2) {
        if (threads == 1 && times == 1)
            continue;
        many = make_team(c, batch, threads, times, 1, p);
        took = measure(many, 0.5);
        if (took >= least)
            continue;
        least = took;
        c->best = many;
        snprintf(c->setting, sizeof c->setting, "%d plans of 1 thread, %d at a time", threads,
                 batch / threads / times);
    }
}

static void prepare(contest *c, const char *model, const char *precision, int batch)
{
    ay_nn_precision p = strcmp(precision, "bf16") == 0 ? AY_NN_BF16 : AY_NN_F32;
    const char *count = getenv("BENCH_THREADS");
    int threads = count ? atoi(count) : ay_cpu_count();
    size_t n;

    if (is(model, "matmul"))
        load_product(c, batch);
    else
        load(c, model);
    choose_team(c, c->model ? batch : 1, threads, p);
    call(c->best);
    c->cosine = least_cosine(c, batch / c->best->n / c->best->times);
    n = strlen(c->setting);
    if (!strstr(model, "-short")) /* the graph counts all places */
        snprintf(c->setting + n, sizeof c->setting - n, ", %.2f GFLOP", ay_graph_flops(c->graph) / 1e9);
}

int main(void)
{
    static contest contests[CASES_MAX];
    char model[32], precision[16], key[64];
    int batch, known = 0;
    double seconds;

    while (scanf("%31s %15s %d %lf", model, precision, &batch, &seconds) == 4) {
        contest *c = contests;
        double took;
        snprintf(key, sizeof key, "%s %s %d", model, precision, batch);
        while (c < contests + known && strcmp(c->key, key) != 0)
            c++;
        if (c == contests + known) {
            if (known == CASES_MAX)
                return 1;
            known++;
            snprintf(c->key, sizeof c->key, "%s", key);
            prepare(c, model, precision, batch);
        }
        took = measure(c->best, seconds);
        if (failed)
            puts("- a run failed");
        else
            printf("%.2f %.3f %.6f %s\n", batch / took, took * 1e3, c->cosine, c->setting);
        fflush(stdout);
    }
    return 0;
}
