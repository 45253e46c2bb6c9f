/* bench/export.c - how long an export of many pictures takes, and what it holds in memory: see bench/export.md.
 *
 *   build/release/bench/export [N]     N pictures (100000), without a network: vectors are made up
 *
 * For each format: seconds, size, and how much the program grew above what it held before (a process of its own each, so that one does not
 * hide behind another). */
#include "base/clock.h"
#include "base/rng.h"
#include "service/export/export.h"
#include "service/library/intake.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DIM = 64, AT_ONCE = 500 };

static ay_engine_info info = {.name = "made up", .dim = DIM};

static ay_status embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *err)
{
    (void)ctx, (void)err;
    for (int i = 0; i < n * DIM; i++)
        dst[i] = (i % DIM) == images[i / DIM]->data[0] % DIM ? 1.0f : 0.0f;
    return AY_OK;
}

static void fail(const char *what, const ay_err *err)
{
    fprintf(stderr, "%s: %s\n", what, err->msg);
    exit(1);
}

static ay_service *open_at(const char *dir)
{
    ay_service *s;
    ay_err err;

    memset(info.digest, 'a', 64);
    memset(info.preprocess_digest, 'b', 64);
    if (ay_service_open(&s, &(ay_service_options){.data = dir, .embedder = {.embed = embed, .info = &info}}, &err))
        fail("opening", &err);
    return s;
}

static void make_picture(ay_buf *out, uint64_t seed)
{
    ay_image im;
    ay_rng rng;

    ay_rng_init3(&rng, seed, 1, 1);
    if (ay_image_create(&im, 64, 48, NULL))
        exit(1);
    for (int i = 0; i < 64 * 48 * 3; i++)
        im.data[i] = (uint8_t)(ay_rng_unit(&rng) * 255);
    if (ay_image_encode_png(&im, out, NULL))
        exit(1);
    ay_image_fini(&im);
}

static void fill(const char *dir, int n)
{
    ay_service *s = open_at(dir);
    ay_intake_file files[AT_ONCE];
    ay_intake_taken *taken = calloc(AT_ONCE, sizeof *taken);
    ay_buf bytes[AT_ONCE] = {{0}};
    char names[AT_ONCE][32], klass[16];
    int64_t batch = 0;
    ay_err err;

    if (ay_intake_start(s, &err))
        fail("starting", &err);
    for (int i = 0; i < n; i += AT_ONCE) {
        int m = n - i < AT_ONCE ? n - i : AT_ONCE;
        for (int k = 0; k < m; k++) {
            bytes[k].len = 0;
            make_picture(&bytes[k], (uint64_t)(i + k));
            snprintf(names[k], sizeof names[k], "picture %07d.png", i + k);
            files[k] = (ay_intake_file){.file = names[k], .bytes = bytes[k].data, .n = bytes[k].len};
        }
        snprintf(klass, sizeof klass, "class %d", i / AT_ONCE % 20);
        if (ay_intake_add(s, &(ay_intake_target){NULL, klass, true}, "bench", files, (size_t)m, taken, &batch, &err))
            fail("adding", &err);
    }
    if (!ay_intake_wait(s, -1))
        exit(1);
    for (int k = 0; k < AT_ONCE; k++)
        ay_buf_fini(&bytes[k]);
    free(taken);
    ay_service_close(s);
}

/* kB, of /proc/self/status. */
static long memory(const char *what)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[200];
    long kb = 0;

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, what, strlen(what)) == 0)
            kb = atol(line + strlen(what) + 1);
    if (f)
        fclose(f);
    return kb;
}

static ay_status drop(void *ctx, const void *bytes, size_t n, ay_err *err)
{
    (void)bytes, (void)err;
    *(int64_t *)ctx += (int64_t)n;
    return AY_OK;
}

static void measure(const char *dir, const char *format, bool documents)
{
    ay_service *s = open_at(dir);
    long before = memory("VmRSS:"), peak;
    uint64_t begun = ay_clock_mono();
    int64_t bytes = 0;
    ay_export_result r;
    ay_export *x;
    ay_err err;

    if (ay_export_open(&x, s, &(ay_export_wish){.format = format, .documents = documents}, &err) ||
        ay_export_write(x, &(ay_export_to){.take = drop, .ctx = &bytes}, &r, &err))
        fail(format, &err);
    peak = memory("VmHWM:");
    printf("| %s%s | %.2f s | %.1f MB | %.1f MB |\n", format, documents ? ", the document alone" : "", (double)(ay_clock_mono() - begun) * 1e-9,
           (double)bytes / 1e6, (double)(peak - before) / 1e3);
    ay_export_close(x);
    ay_service_close(s);
}

static void measure_apart(const char *dir, const char *format, bool documents)
{
    fflush(stdout);
    if (fork() == 0) {
        measure(dir, format, documents);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100000;
    char dir[] = "/tmp/assay-bench-export-XXXXXX", command[80];

    if (!mkdtemp(dir))
        return 1;
    if (fork() == 0) {
        fill(dir, n);
        _exit(0);
    }
    wait(NULL);
    printf("%d pictures of 64 x 48, to nowhere:\n\n| format | time | bytes | memory above what was held before |\n|---|---|---|---|\n", n);
    for (size_t i = 0; ay_export_format_at(i); i++) {
        measure_apart(dir, ay_export_format_at(i)->name, false);
        if (ay_export_format_at(i)->alone)
            measure_apart(dir, ay_export_format_at(i)->name, true);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}
