/* tools/draw-pictures.c - write the pictures that src/draw draws: folders for training, or a film
 * for a browser's pretended camera (--use-file-for-fake-video-capture).
 *
 *   draw-pictures --set demo|train --count N --size 128 --seed S --out DIR DIR/<class>/<index>.jpg
 *       --from I       first index (default 0); held-out pictures start at 1000000
 *       --class NAME   only this class; may be repeated
 *       --format png|jpg   (jpg: quality 70 to 95, by index)
 *       --jobs N       threads (default: all processors)
 *   draw-pictures --y4m FILE --class NAME [--class NAME...] --size 640x480    a second of each
 * picture draw-pictures --set train --list                                          the classes,
 * one a line
 *   draw-pictures --set boards --count N --seed S --out DIR    a placement line's pictures of N boards
 *       DIR/OK/ and DIR/NG/ with coded names, plant.csv (products), truth.json (orientations, faults)
 *       --faulty M     boards with faults besides (default: half as many, at least 8)
 *       --size 96, --from I (number of the first board), --jobs N
 *
 * Threads take the next picture from a shared counter; every picture is independent of the others.
 */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "draw/draw.h"
#include "draw/smt.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PICKED = 400, MAX_JOBS = 64, FILM_RATE = 10 };

typedef struct {
    ay_draw_set set;
    int count, width, height, jobs, picked[MAX_PICKED], classes;
    uint64_t seed, from;
    const char *out, *film;
    bool png, list, boards;
    int faulty;
    atomic_int next, failed;
} ay_task;

static ay_status put(const char *path, const ay_buf *b, ay_err *err)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(b->data, 1, b->len, f) == b->len;

    if (f && fclose(f) != 0)
        ok = false;
    return ok ? AY_OK : ay_fail(err, AY_EIO, "cannot write %s", path);
}

static ay_status one(const ay_task *t, int number, ay_err *err)
{
    int class_index = t->picked[number / t->count];
    uint64_t index = t->from + (uint64_t)(number % t->count);
    char path[1024];
    ay_image im;
    ay_buf b = {0};
    ay_status st =
        ay_draw_picture(t->set, class_index, t->seed, index, t->width, t->height, &im, err);

    if (st != AY_OK)
        return st;
    snprintf(path, sizeof path, "%s/%s/%07llu.%s", t->out, ay_draw_class_name(t->set, class_index),
             (unsigned long long)index, t->png ? "png" : "jpg");
    st = t->png ? ay_image_encode_png(&im, &b, err)
                : ay_image_encode_jpeg(&im, 70 + (int)(index * 7 % 26), &b, err);
    if (st == AY_OK)
        st = put(path, &b, err);
    ay_buf_fini(&b);
    ay_image_fini(&im);
    return st;
}

static void *work(void *arg)
{
    ay_task *t = arg;
    ay_err err;

    for (int i; (i = atomic_fetch_add(&t->next, 1)) < t->classes * t->count && !t->failed;)
        if (one(t, i, &err) != AY_OK) {
            fprintf(stderr, "draw-pictures: %s\n", err.msg);
            t->failed = 1;
        }
    return NULL;
}

static ay_status write_folders(ay_task *t, ay_err *err)
{
    pthread_t thread[MAX_JOBS];
    int started = 0;
    ay_status st = AY_OK;

    for (int i = 0; i < t->classes && st == AY_OK; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", t->out, ay_draw_class_name(t->set, t->picked[i]));
        st = ay_file_mkdirs(path, err);
    }
    while (st == AY_OK && started < t->jobs && started < MAX_JOBS) {
        st = ay_thread_start(&thread[started], "draw", work, t, err);
        started += st == AY_OK;
    }
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    return st == AY_OK && t->failed ? ay_fail(err, AY_EIO, "not every picture was written") : st;
}

/* One frame as planes of Y, then U and V at half size (BT.601, as cameras give). */
static void frame(const ay_image *im, FILE *f)
{
    int w = im->width, h = im->height;

    for (long i = 0; i < (long)w * h; i++) {
        const uint8_t *p = im->data + 3 * i;
        putc((66 * p[0] + 129 * p[1] + 25 * p[2] + 128) / 256 + 16, f);
    }
    for (int plane = 0; plane < 2; plane++)
        for (int y = 0; y < h; y += 2)
            for (int x = 0; x < w; x += 2) {
                const uint8_t *p = im->data + 3 * ((long)y * w + x);
                int u = (-38 * p[0] - 74 * p[1] + 112 * p[2] + 128) / 256 + 128;
                int v = (112 * p[0] - 94 * p[1] - 18 * p[2] + 128) / 256 + 128;
                putc(plane ? v : u, f);
            }
}

static ay_status write_film(const ay_task *t, ay_err *err)
{
    FILE *f = fopen(t->film, "wb");
    ay_status st = AY_OK;

    if (!f)
        return ay_fail(err, AY_EIO, "cannot write %s", t->film);
    fprintf(f, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", t->width, t->height, FILM_RATE);
    for (int i = 0; i < t->classes * t->count && st == AY_OK; i++) {
        ay_image im;
        st = ay_draw_picture(t->set, t->picked[i / t->count], t->seed,
                             t->from + (uint64_t)(i % t->count), t->width, t->height, &im, err);
        for (int k = 0; k < FILM_RATE && st == AY_OK; k++) {
            fprintf(f, "FRAME\n");
            frame(&im, f);
        }
        if (st == AY_OK)
            ay_image_fini(&im);
    }
    if (fclose(f) != 0 && st == AY_OK)
        st = ay_fail(err, AY_EIO, "cannot write %s", t->film);
    return st;
}

static int usage(const char *why)
{
    fprintf(stderr, "draw-pictures: %s; the file's head says how to call it\n", why);
    return 2;
}

static void option(ay_task *t, const char *name, const char *value, const char **classes)
{
    if (strcmp(name, "--set") == 0)
        t->boards = strcmp(value, "boards") == 0,
        t->set = strcmp(value, "train") == 0 ? AY_DRAW_TRAIN : AY_DRAW_DEMO;
    else if (strcmp(name, "--faulty") == 0)
        t->faulty = atoi(value);
    else if (strcmp(name, "--count") == 0)
        t->count = atoi(value);
    else if (strcmp(name, "--size") == 0)
        t->height = sscanf(value, "%dx%d", &t->width, &t->height) == 2 ? t->height : t->width;
    else if (strcmp(name, "--seed") == 0)
        t->seed = strtoull(value, NULL, 0);
    else if (strcmp(name, "--from") == 0)
        t->from = strtoull(value, NULL, 0);
    else if (strcmp(name, "--out") == 0)
        t->out = value;
    else if (strcmp(name, "--y4m") == 0)
        t->film = value;
    else if (strcmp(name, "--format") == 0)
        t->png = strcmp(value, "png") == 0;
    else if (strcmp(name, "--jobs") == 0)
        t->jobs = atoi(value);
    else if (strcmp(name, "--class") == 0 && t->classes < MAX_PICKED)
        classes[t->classes++] = value;
    else
        t->count = -1;
}

static int boards(const ay_task *t)
{
    ay_smt_set set = {.out = t->out, .boards = t->count, .faulty = t->faulty, .seed = t->seed, .size = t->width,
                      .from = (uint32_t)t->from, .threads = t->jobs};
    ay_err err;

    if (!t->out || t->count < 1 || t->classes)
        return usage("say --out DIR and how many boards");
    if (ay_smt_write(&set, &err) == AY_OK)
        return 0;
    fprintf(stderr, "draw-pictures: %s\n", err.msg);
    return 1;
}

int main(int argc, char **argv)
{
    static ay_task t = {.count = 1, .width = 0, .height = 128, .seed = 1, .faulty = -1};
    const char *classes[MAX_PICKED];
    ay_err err;

    t.jobs = ay_cpu_count();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            t.list = true;
        else if (i + 1 < argc)
            option(&t, argv[i], argv[i + 1], classes), i++;
        else
            return usage("an option lacks its value");
    }
    if (t.boards)
        return boards(&t);
    t.width = t.width ? t.width : 128;
    for (int i = 0; i < t.classes; i++)
        if ((t.picked[i] = ay_draw_class_find(t.set, classes[i])) < 0)
            return usage("no such class; see --list");
    for (int i = 0; t.classes == 0 && i < ay_draw_class_count(t.set); i++)
        t.picked[i] = i;
    if (t.classes == 0)
        t.classes = ay_draw_class_count(t.set);
    for (int i = 0; t.list && i < t.classes; i++)
        puts(ay_draw_class_name(t.set, t.picked[i]));
    if (t.list)
        return 0;
    if (t.count < 1 || t.width < 1 || t.height < 1 || (!t.out && !t.film))
        return usage("say --out DIR or --y4m FILE, and how many");
    if ((t.film ? write_film(&t, &err) : write_folders(&t, &err)) != AY_OK) {
        fprintf(stderr, "draw-pictures: %s\n", err.msg);
        return 1;
    }
    return 0;
}
