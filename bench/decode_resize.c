/* bench/decode_resize.c - from a JPEG's bytes to a network's 224 x 224 input, beside Pillow.
 *
 *     build/release/bench/decode_resize [--seconds S] [--python PYTHON]
 *
 * Two JPEGs are drawn and encoded here (1280 x 960 and 4000 x 3000, quality 90).  Both sides
 * decode, resize the shortest side to 224 (bicubic, antialiased) and crop the centre; ours also
 * makes the normalised floats.  One thread each, processor time.  Rounds alternate, ours and
 * Pillow's, so that a busy machine slows both alike; the median round counts.  Without a Python
 * that has Pillow only our side runs. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/resample.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 7
#define PILLOW "bench/decode_resize_pillow.py"

static const ay_preprocess clip = {.size = 224,
                                   .filter = AY_FILTER_BICUBIC,
                                   .mean = {0.48145466f, 0.4578275f, 0.40821073f},
                                   .std = {0.26862954f, 0.26130258f, 0.27577711f}};
static float input[3 * 224 * 224];

static void die(const ay_err *err)
{
    fprintf(stderr, "decode_resize: %s\n", err->msg);
    exit(1);
}

/* Waves, edges and grain: about as many bytes a pixel as a photo of the same quality. */
static void draw(const char *path, int width, int height)
{
    ay_err err;
    ay_image im;
    ay_buf file = {0};

    if (ay_image_create(&im, width, height, &err))
        die(&err);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                uint32_t h = (uint32_t)x * 374761393u + (uint32_t)y * 668265263u;
                h = (h ^ (h >> 13)) * 1274126177u;
                double u = (double)x / 1280, v = (double)y / 1280;
                double s = sin(9 * u + c) + cos(7 * v - c) + sin(60 * u * v + 3 * v);
                s += hypot(fmod(u * 6, 1) - .5, fmod(v * 6, 1) - .5) < .3 ? 1 : 0;
                s = 100 + 28 * s + (double)((h >> 16) % 17) - 8;
                im.data[((size_t)y * (size_t)width + (size_t)x) * 3 + (size_t)c] =
                    (uint8_t)fmin(fmax(s, 0), 255);
            }
    if (ay_image_encode_jpeg(&im, 90, &file, &err) || ay_file_mkdirs("build/bench", &err) ||
        ay_file_write(path, file.data, file.len, &err))
        die(&err);
    printf("%s: %.2f MB\n", path, (double)file.len / 1e6);
    ay_image_fini(&im);
    ay_buf_fini(&file);
}

static double seconds_used(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds a picture; *decode gets the part that decoding took. */
static double ours(const ay_buf *file, int n, double *decode)
{
    double start = seconds_used(), decoding = 0;
    ay_err err;

    for (int i = 0; i < n; i++) {
        double t = seconds_used();
        ay_image im;
        if (ay_image_decode(file->data, file->len, NULL, &im, &err))
            die(&err);
        decoding += seconds_used() - t;
        if (ay_image_preprocess(&im, &clip, input, &err))
            die(&err);
        ay_image_fini(&im);
    }
    *decode = decoding / n;
    return (seconds_used() - start) / n;
}

/* The Python side: told "path n" on its standard input, answers with seconds a picture. */
static struct {
    FILE *to, *from;
    pid_t pid;
} pillow;

static void pillow_start(const char *python)
{
    char version[128];
    int down[2], up[2];

    if (pipe(down) || pipe(up))
        return;
    pillow.pid = fork();
    if (pillow.pid == 0) {
        dup2(down[0], 0);
        dup2(up[1], 1);
        close(down[1]);
        close(up[0]);
        execlp(python, python, PILLOW, (char *)NULL);
        _exit(127);
    }
    close(down[0]);
    close(up[1]);
    pillow.to = fdopen(down[1], "w");
    pillow.from = fdopen(up[0], "r");
    signal(SIGPIPE, SIG_IGN);
    if (!pillow.to || !pillow.from || !fgets(version, sizeof version, pillow.from)) {
        printf("no Pillow: only our side runs\n");
        pillow.pid = 0;
        return;
    }
    printf("beside %s", version);
}

static double theirs(const char *path, int n)
{
    double seconds = 0;

    fprintf(pillow.to, "%s %d\n", path, n);
    fflush(pillow.to);
    if (fscanf(pillow.from, "%lf", &seconds) != 1)
        pillow.pid = 0;
    return seconds;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v)
{
    qsort(v, ROUNDS, sizeof *v, ascending);
    return v[ROUNDS / 2];
}

static void compare(const char *path, double seconds)
{
    double a[ROUNDS], b[ROUNDS], d[ROUNDS], decode, x, y, z;
    ay_buf file = {0};
    ay_err err;
    int n;

    if (ay_file_read(path, 0, &file, &err))
        die(&err);
    n = (int)(seconds / ROUNDS / 2 / ours(&file, 3, &decode)) + 1;
    for (int i = 0; i < ROUNDS; i++) {
        a[i] = ours(&file, n, &d[i]);
        b[i] = pillow.pid ? theirs(path, n) : 0;
    }
    x = median(a), y = median(b), z = median(d);
    printf("%-26s %7.1f pictures/s (decode %.2f ms, resize and normalise %.2f ms)", path, 1 / x,
           z * 1e3, (x - z) * 1e3);
    if (pillow.pid)
        printf("   Pillow %7.1f   ratio %.2f", 1 / y, y / x);
    printf("\n");
    ay_buf_fini(&file);
}

int main(int argc, char **argv)
{
    const char *python = "python3";
    double seconds = 6;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--python"))
            python = argv[i + 1];
        else if (!strcmp(argv[i], "--seconds"))
            seconds = atof(argv[i + 1]);
    }
    printf("%s, passes: %s\n", ay_cpu_get()->name, ay_passes_best()->name);
    fflush(stdout);
    pillow_start(python);
    draw("build/bench/small.jpg", 1280, 960);
    draw("build/bench/large.jpg", 4000, 3000);
    compare("build/bench/small.jpg", seconds);
    compare("build/bench/large.jpg", seconds);
    if (pillow.to)
        fclose(pillow.to);
    if (pillow.pid)
        waitpid(pillow.pid, NULL, 0);
    return 0;
}
