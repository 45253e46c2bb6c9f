/* bench/models.c - Assay's own runner as a contender of bench/run (protocol: bench/contender.py).
 *
 * A call is one batch of pictures, tensors in, vectors out, on all processors, in the fastest of these
 * ways: one plan that uses every processor, or one single-threaded plan a processor, each with its
 * share of the batch at once or in pieces (what the engine does). */
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

enum { THREADS_MAX = 64, CASES_MAX = 16, CALLS_MAX = 1 << 16 };

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

/* n plans of batch / n / times pictures with threads processors each. */
static team *make_team(contest *c, int batch, int n, int times, int threads, ay_nn_precision precision)
{
    team *t = ay_calloc(1, sizeof *t);
    size_t each = 3 * (size_t)c->golden.input[2] * (size_t)c->golden.input[3];
    ay_err err;

    t->n = n;
    t->times = times;
    batch /= times;
    pthread_barrier_init(&t->start, NULL, (unsigned)n);
    pthread_barrier_init(&t->end, NULL, (unsigned)n);
    for (int i = 0; i < n; i++) {
        ay_plan_options opt = {.batch = batch / n, .precision = precision, .threads = threads};
        must(ay_plan_create(&t->plan[i], ay_model_graph(c->model), &opt, &err), &err);
        for (int b = 0; b < batch / n; b++)
            memcpy((float *)ay_plan_input(t->plan[i], 0)->data + (size_t)b * each, c->golden.x,
                   each * sizeof(float));
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

static void load(contest *c, const char *model)
{
    const char *file = strcmp(model, "vit-b32") == 0         ? "clip-openclip-b32"
                       : strcmp(model, "mobileclip-s1") == 0 ? "mobileclip-s1"
                                                             : "resnet18-torchvision";
    char path[256], folder[256];
    ay_err err;

    snprintf(path, sizeof path, "test/vectors/%s.json", file);
    snprintf(folder, sizeof folder, "build/bench/%s", model);
    must(ay_golden_load(&c->golden, path, &err), &err);
    must(ay_golden_write_model(&c->golden, folder, &err), &err);
    must(ay_model_open(&c->model, folder, NULL, &err), &err);
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

static void prepare(contest *c, const char *model, const char *precision, int batch)
{
    ay_nn_precision p = strcmp(precision, "bf16") == 0 ? AY_NN_BF16 : AY_NN_F32;
    const char *count = getenv("BENCH_THREADS");
    int threads = count ? atoi(count) : ay_cpu_count();
    team *one, *many;
    double least;

    load(c, model);
    one = make_team(c, batch, 1, 1, threads, p);
    c->best = one;
    snprintf(c->setting, sizeof c->setting, "one plan, %d threads", threads);
    call(one); /* start its helpers before the affinity of this thread narrows */
    least = measure(one, 0.5);
    for (int times = 1; batch % (threads * times) == 0 && times <= 16; times *= 4) {
        if (threads == 1 && times == 1)
            continue;
        many = make_team(c, batch, threads, times, 1, p);
        if (measure(many, 0.5) < least) {
            least = measure(many, 0.5);
            c->best = many;
            snprintf(c->setting, sizeof c->setting, "%d plans of 1 thread, %d at a time", threads, batch / threads / times);
        }
    }
    call(c->best);
    c->cosine =
        cosine(ay_plan_output(c->best->plan[0], 0)->data, c->golden.features, c->golden.dim);
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
