#include "cmd/demo.h"
#include "base/thread.h"
#include "cmd/progress.h"
#include "draw/draw.h"
#include "service/dataset.h"
#include "service/picture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 256, SEED = 1, QUALITY = 88 };

/* The set has this name until it is whole; so one that was interrupted is known and completed. */
#define UNFINISHED "demo (being drawn)"

/* Draw picture `index` of a class, and add it as a JPEG. */
static ay_status add_drawing(ay_service *s, int k, int index, ay_arena *arena, ay_err *err)
{
    const char *klass = ay_draw_class_name(AY_DRAW_DEMO, k);
    char file[160];
    ay_image im = {0};
    ay_buf jpeg = {0};
    ay_added added;
    ay_status status = ay_draw_picture(AY_DRAW_DEMO, k, SEED, (uint64_t)index, SIDE, SIDE, &im, err);

    if (status == AY_OK)
        status = ay_image_encode_jpeg(&im, QUALITY, &jpeg, err);
    snprintf(file, sizeof file, "%.120s-%03d.jpg", klass, index + 1);
    if (status == AY_OK)
        status = ay_picture_add(s, UNFINISHED, klass, file, jpeg.data, jpeg.len, NULL, arena, &added, err);
    ay_image_fini(&im);
    ay_buf_fini(&jpeg);
    return status;
}

/* Drawing takes most of the time, so every processor draws; the service takes pictures from any
 * thread. */
typedef struct {
    ay_service *service;
    int classes, pictures;
    atomic_int next, done;
    atomic_bool failed;
    pthread_mutex_t lock; /* guards status and err */
    ay_status status;
    ay_err err;
} drawing;

static void *draw_thread(void *arg)
{
    drawing *d = arg;

    for (;;) {
        int i = atomic_fetch_add(&d->next, 1);
        ay_arena arena;
        ay_status status;
        ay_err err;
        if (i >= d->classes * d->pictures || atomic_load(&d->failed))
            return NULL;
        ay_arena_init(&arena, 0);
        status = add_drawing(d->service, i / d->pictures, i % d->pictures, &arena, &err);
        ay_arena_fini(&arena);
        atomic_fetch_add(&d->done, 1);
        if (status == AY_OK)
            continue;
        pthread_mutex_lock(&d->lock);
        d->status = status;
        d->err = err;
        pthread_mutex_unlock(&d->lock);
        atomic_store(&d->failed, true);
    }
}

static ay_status make_classes(ay_service *s, int classes, ay_err *err)
{
    for (int k = 0; k < classes; k++) {
        ay_status status = ay_class_create(s, UNFINISHED, ay_draw_class_name(AY_DRAW_DEMO, k), NULL, err);
        if (status != AY_OK && status != AY_EEXISTS)
            return status;
    }
    return AY_OK;
}

static ay_status draw_all(ay_service *s, int classes, int pictures, ay_err *err)
{
    drawing d = {.service = s, .classes = classes, .pictures = pictures};
    int n = ay_cpu_count(), started = 0, total = classes * pictures;
    pthread_t threads[64];
    ay_status status = AY_OK;
    ay_progress bar;

    pthread_mutex_init(&d.lock, NULL);
    ay_progress_start(&bar, "drawing the demonstration", total, 0);
    while (started < n && started < 64 && status == AY_OK) {
        status = ay_thread_start(&threads[started], "draw", draw_thread, &d, err);
        started += status == AY_OK;
    }
    if (started > 0)
        status = AY_OK;
    while (started > 0 && atomic_load(&d.done) < total && !atomic_load(&d.failed)) {
        ay_progress_step(&bar, atomic_load(&d.done), total);
        usleep(50000);
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    ay_progress_end(&bar);
    pthread_mutex_destroy(&d.lock);
    if (atomic_load(&d.failed)) {
        status = d.status;
        *err = d.err;
    }
    return status;
}

/* What is there: a whole demo, and pictures in any data set that is not the demo's? */
static ay_status look(ay_service *s, bool *whole, bool *others, ay_err *err)
{
    ay_dataset *list;
    size_t n = 0;
    ay_arena arena;
    ay_status status;

    ay_arena_init(&arena, 0);
    status = ay_dataset_list(s, &arena, &list, &n, err);
    *whole = *others = false;
    for (size_t i = 0; status == AY_OK && i < n; i++) {
        if (strcmp(list[i].name, "demo") == 0)
            *whole = true;
        else if (strcmp(list[i].name, UNFINISHED) != 0)
            *others |= list[i].images > 0;
    }
    ay_arena_fini(&arena);
    return status;
}

ay_status ay_demo_fill(ay_service *s, int pictures, ay_err *err)
{
    int classes = ay_draw_class_count(AY_DRAW_DEMO);
    bool whole, others;
    ay_status status = look(s, &whole, &others, err);

    if (status != AY_OK || whole)
        return status;
    status = ay_dataset_create(s, UNFINISHED, NULL, err);
    if (status == AY_EEXISTS)
        status = AY_OK;
    if (status == AY_OK)
        status = make_classes(s, classes, err);
    if (status == AY_OK)
        status = draw_all(s, classes, pictures, err);
    if (status == AY_OK)
        status = ay_dataset_rename(s, UNFINISHED, "demo", err);
    if (status == AY_OK && !others)
        status = ay_dataset_activate(s, "demo", err);
    return status;
}
