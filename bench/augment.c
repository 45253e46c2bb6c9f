/* bench/augment.c - what a worker thread spends on a picture, and how many a second a core makes.
 *
 *   build/release/bench/augment [folder] [--size 224] [--epochs 3]
 *
 * Without a folder the pictures are drawn.  First each operation alone, then the whole pipeline of
 * training on prepared pictures (what every epoch after the first costs), then the loader over a
 * folder of classes: first epoch (decode, resize, augment) and later ones (from the cache).
 * bench/augment_torch.py does the same with torchvision.  All figures are processor time. */
#include "base/mem.h"
#include "draw/draw.h"
#include "train/loader.h"
#include "train/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PICTURES = 32 };

static ay_err err;

static void must(ay_status st)
{
    if (!st)
        return;
    fprintf(stderr, "augment: %s\n", err.msg);
    exit(1);
}

/* Processor time of all threads: a busy machine does not show in it. */
static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double seconds(uint64_t since)
{
    return (double)(now() - since) / 1e9;
}

typedef struct {
    ay_planes in, out;
    float *rows, *tensor, table[3 * 256];
    double view[8];
} bench_room;

static void op_take_back(bench_room *r)
{
    memcpy(r->out.plane[0], r->in.plane[0], 3 * r->in.room);
}
static void op_flip(bench_room *r)
{
    ay_op_flip_horizontal(&r->in);
}
static void op_rotate(bench_room *r)
{
    ay_op_rotate(&r->in, 9.3, &r->out);
}
static void op_brightness(bench_room *r)
{
    ay_op_brightness(&r->in, 1.0f);
}
static void op_contrast(bench_room *r)
{
    ay_op_contrast(&r->in, 1.0f);
}
static void op_saturation(bench_room *r)
{
    ay_op_saturation(&r->in, 1.0f);
}
static void op_hue(bench_room *r)
{
    ay_op_hue(&r->in, 0.04f);
}
static void op_blur(bench_room *r)
{
    ay_op_blur(&r->in, 1.3f, r->rows, &r->out);
}
static void op_view(bench_room *r)
{
    ay_op_perspective(&r->in, r->view, &r->out);
}
static void op_tensor(bench_room *r)
{
    ay_op_tensor(&r->in, r->table, r->tensor);
}

static void each_operation(const ay_image *prepared, int size)
{
    static const struct {
        const char *name;
        void (*run)(bench_room *r);
    } ops[] = {{"copy of the bytes", op_take_back}, {"flip", op_flip},
               {"rotation", op_rotate},             {"brightness", op_brightness},
               {"contrast", op_contrast},           {"saturation", op_saturation},
               {"hue", op_hue},                     {"blur", op_blur},
               {"perspective", op_view},            {"to floats", op_tensor}};
    const int n = size - 1, from[4][2] = {{0, 0}, {n, 0}, {n, n}, {0, n}};
    const int to[4][2] = {{5, 8}, {n - 3, 3}, {n - 6, n - 4}, {9, n - 8}};
    bench_room r = {0};

    must(ay_planes_init(&r.in, size, &err));
    must(ay_planes_init(&r.out, size, &err));
    r.rows = ay_calloc((size_t)size * 6, sizeof *r.rows);
    r.tensor = ay_calloc(3 * (size_t)size * (size_t)size, sizeof *r.tensor);
    ay_op_perspective_solve(from, to, r.view);
    ay_op_take(prepared, 3, 5, &r.in);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        double best = 1e9;
        for (int k = 0; k < 40; k++) {
            uint64_t t = now();
            ops[i].run(&r);
            best = seconds(t) < best ? seconds(t) : best;
        }
        printf("  %-20s %7.0f us\n", ops[i].name, best * 1e6);
    }
    ay_planes_fini(&r.in);
    ay_planes_fini(&r.out);
    ay_free(r.rows);
    ay_free(r.tensor);
}

static void pipeline(const ay_augment *a, const ay_image *prepared, int size)
{
    float *dst = ay_calloc(3 * (size_t)size * (size_t)size, sizeof *dst);
    ay_augment_room *room;
    double best = 1e9;

    must(ay_augment_room_create(&room, a, &err));
    for (uint64_t e = 0; e < 8; e++) {
        uint64_t t = now();
        for (uint64_t i = 0; i < 200; i++)
            must(ay_augment_apply(a, room, &prepared[i % PICTURES], 1, e, i, dst, &err));
        best = seconds(t) < best ? seconds(t) : best;
    }
    printf("all of training's augmentation at %d: %.0f pictures/s a core (%.2f ms each)\n", size,
           200 / best, best / 200 * 1e3);
    ay_augment_room_destroy(room);
    ay_free(dst);
}

static void loader(const ay_augment *a, const ay_preprocess *p, const char *folder, int epochs)
{
    ay_loader_options o = {.batch = 32,
                           .order = AY_ORDER_SHUFFLE,
                           .preprocess = *p,
                           .augment = a,
                           .seed = 1,
                           .threads = 1,
                           .cache_bytes = (size_t)2 << 30};
    ay_corpus_options co;
    ay_corpus c;
    ay_loader *l;
    uint64_t t = now();

    ay_corpus_defaults(&co);
    co.threads = 1;
    must(ay_corpus_open(&c, folder, &co, &err));
    printf("opening %d pictures (%d distinct): %.2f s\n", c.nitems, c.ngroups,
           seconds(t));
    must(ay_loader_open(&l, &c, &o, &err));
    for (int e = 0; e < epochs; e++) {
        const ay_batch *b;
        int n = 0;
        t = now();
        must(ay_loader_start(l, (uint64_t)e, 0, &err));
        do {
            must(ay_loader_next(l, &b, &err));
            n += b ? b->n : 0;
        } while (b);
        printf("epoch %d: %.0f pictures/s a core\n", e, n / seconds(t));
    }
    ay_loader_close(l);
    ay_corpus_fini(&c);
}

int main(int argc, char **argv)
{
    const char *folder = NULL;
    int size = 224, epochs = 3;
    ay_augment_settings s;
    ay_image prepared[PICTURES];
    ay_augment a;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--size") && i + 1 < argc)
            size = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--epochs") && i + 1 < argc)
            epochs = atoi(argv[++i]);
        else
            folder = argv[i];
    }
    const ay_preprocess p = {.size = size,
                             .fit = AY_FIT_SQUASH,
                             .filter = AY_FILTER_BILINEAR,
                             .mean = {0.485f, 0.456f, 0.406f},
                             .std = {0.229f, 0.224f, 0.225f}};
    ay_augment_defaults(&s, &p);
    must(ay_augment_init(&a, &s, &err));
    for (int i = 0; i < PICTURES; i++) {
        ay_image im;
        must(ay_draw_picture(AY_DRAW_DEMO, i % ay_draw_class_count(AY_DRAW_DEMO), 1, (uint64_t)i,
                             256, 256, &im, &err));
        must(ay_augment_prepare(&a, &im, &prepared[i], &err));
        ay_image_fini(&im);
    }
    each_operation(&prepared[0], size);
    pipeline(&a, prepared, size);
    if (folder)
        loader(&a, &p, folder, epochs);
    for (int i = 0; i < PICTURES; i++)
        ay_image_fini(&prepared[i]);
    return 0;
}
