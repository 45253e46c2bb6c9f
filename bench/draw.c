/* bench/draw.c - how fast the drawings are drawn, and how well the embedded encoder tells the
 * demonstration's classes apart.
 *
 *   build/release/bench/draw [pictures a class] [side]      (12 256)
 *
 * Speed: processor time of one thread, first pictures of every class.  Recognition: leave one out
 * among the demonstration's own pictures, and held-out pictures against them; the nearest picture
 * and the nearest mean decide.  Beside it what colour alone gives (a histogram of the whole
 * picture, and of its border, which is background): the classes should not be told by what they lie
 * on. */
#include "assay.h"
#include "base/mem.h"
#include "draw/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int side_px = 256;

enum { SEED = 1, BINS = 64, HELD = 4, MAX_DIM = 4096 };

typedef struct {
    int classes, each, dim;
    float *v; /* [classes * each, dim], unit length */
} table;

typedef void describe(void *ctx, const ay_image *im, float *dst);

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *why)
{
    fprintf(stderr, "draw: %s\n", why);
    exit(1);
}

static void unit(float *v, int n)
{
    double sum = 1e-12;

    for (int i = 0; i < n; i++)
        sum += (double)v[i] * v[i];
    for (int i = 0; i < n; i++)
        v[i] = (float)(v[i] / sqrt(sum));
}

static void count_colours(const ay_image *im, float *dst, int border)
{
    memset(dst, 0, BINS * sizeof *dst);
    for (int y = 0; y < im->height; y++)
        for (int x = 0; x < im->width; x++) {
            const uint8_t *p = im->data + 3 * ((long)y * im->width + x);
            int inside =
                x >= border && y >= border && x < im->width - border && y < im->height - border;
            if (!border || !inside)
                dst[(p[0] >> 6) * 16 + (p[1] >> 6) * 4 + (p[2] >> 6)] += 1;
        }
    for (int i = 0; i < BINS; i++)
        dst[i] = sqrtf(dst[i]);
    unit(dst, BINS);
}

static void by_colour(void *ctx, const ay_image *im, float *dst)
{
    (void)ctx;
    count_colours(im, dst, 0);
}

static void by_border(void *ctx, const ay_image *im, float *dst)
{
    (void)ctx;
    count_colours(im, dst, im->width / 12);
}

static void by_encoder(void *ctx, const ay_image *im, float *dst)
{
    assay_error e;

    if (assay_embed_rgb(ctx, im->data, im->width, im->height, 0, dst, &e) != ASSAY_OK)
        die(e.message);
}

static table describe_all(describe *how, void *ctx, int dim, int each, uint64_t from)
{
    int classes = ay_draw_class_count(AY_DRAW_DEMO);
    table t = {classes, each, dim,
               ay_calloc((size_t)classes * (size_t)each * (size_t)dim, sizeof *t.v)};
    ay_err err;

    if (!t.v)
        die("no memory");
    for (int i = 0; i < classes * each; i++) {
        ay_image im;
        if (ay_draw_picture(AY_DRAW_DEMO, i / each, SEED, from + (uint64_t)(i % each), side_px,
                            side_px, &im, &err))
            die(err.msg);
        how(ctx, &im, t.v + (long)i * dim);
        ay_image_fini(&im);
    }
    return t;
}

static double dot(const float *a, const float *b, int n)
{
    double s = 0;

    for (int i = 0; i < n; i++)
        s += (double)a[i] * b[i];
    return s;
}

/* Class of v among the references, without the one numbered skip. */
static int decide(const table *t, const float *v, int skip, int mean)
{
    int best = -1;
    double top = -9;

    for (int k = 0; k < t->classes; k++) {
        double sum = 0, most = -9;
        int n = 0;
        for (int i = k * t->each; i < (k + 1) * t->each; i++) {
            if (i == skip)
                continue;
            double d = dot(v, t->v + (long)i * t->dim, t->dim);
            sum += d;
            most = d > most ? d : most;
            n++;
        }
        sum = mean ? (n ? sum / n : -9) : most;
        if (sum > top) {
            top = sum;
            best = k;
        }
    }
    return best;
}

static double right(const table *refs, const table *asked, int same, int mean, int *per_class)
{
    int n = asked->classes * asked->each, good = 0;

    for (int i = 0; i < n; i++) {
        int hit =
            decide(refs, asked->v + (long)i * asked->dim, same ? i : -1, mean) == i / asked->each;
        good += hit;
        if (per_class)
            per_class[i / asked->each] += hit;
    }
    return (double)good / n;
}

static void report(const char *name, describe *how, void *ctx, int dim, int each, int detail)
{
    int per_class[256] = {0};
    table refs = describe_all(how, ctx, dim, each, 0);
    table held = describe_all(how, ctx, dim, HELD, AY_DRAW_HELD_OUT);

    printf("%-18s leave one out: nearest %.3f, mean %.3f; held out: nearest %.3f, mean %.3f\n",
           name, right(&refs, &refs, 1, 0, per_class), right(&refs, &refs, 1, 1, NULL),
           right(&refs, &held, 0, 0, NULL), right(&refs, &held, 0, 1, NULL));
    for (int k = 0; detail && k < refs.classes; k++)
        printf("    %-16s %2d of %d\n", ay_draw_class_name(AY_DRAW_DEMO, k), per_class[k], each);
    ay_free(refs.v);
    ay_free(held.v);
}

static void speed(const char *name, ay_draw_set set, int side)
{
    int n = ay_draw_class_count(set);
    double start = now(), spent;
    ay_err err;

    for (int i = 0; i < 2 * n; i++) {
        ay_image im;
        if (ay_draw_picture(set, i / 2, SEED, (uint64_t)(i % 2), side, side, &im, &err))
            die(err.msg);
        ay_image_fini(&im);
    }
    spent = now() - start;
    printf("%s, %d classes, %d px: %.1f ms a picture, %.0f a minute on one core\n", name, n, side,
           1e3 * spent / (2 * n), 60 * 2 * n / spent);
}

int main(int argc, char **argv)
{
    int each = argc > 1 ? atoi(argv[1]) : 12;
    assay_error e;
    assay *a;

    side_px = argc > 2 ? atoi(argv[2]) : 256;
    if (each < 2 || each > 1000)
        die("pictures a class: 2 to 1000");
    speed("demonstration", AY_DRAW_DEMO, 128);
    speed("demonstration", AY_DRAW_DEMO, side_px);
    speed("training", AY_DRAW_TRAIN, 128);
    if (assay_open(&a, NULL, &e) != ASSAY_OK)
        die(e.message);
    printf("%d pictures a class, %d px; chance is %.3f\n", each, side_px,
           1.0 / ay_draw_class_count(AY_DRAW_DEMO));
    report("colour of border", by_border, NULL, BINS, each, 0);
    report("colour", by_colour, NULL, BINS, each, 0);
    report(assay_model_name(a), by_encoder, a, assay_dim(a), each, 1);
    assay_close(a);
    return 0;
}
