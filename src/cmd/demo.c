#include "cmd/demo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "draw/draw.h"
#include "service/dataset.h"
#include "service/picture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SIDE = 256, SEED = 1, QUALITY = 88, MOST_THREADS = 64, BUSY_US = 50000, NICE = 10 };

/* The set has this name until it is whole; so one that was interrupted is known and completed. */
#define UNFINISHED "demo (being drawn)"

struct ay_demo {
    ay_service *service;
    int classes, pictures;
    bool *there; /* [classes * pictures], pictures of an earlier start */
    int64_t job;
    pthread_t manager;
    atomic_int next, done;
    atomic_bool stop; /* asked to, or failed */
    pthread_mutex_t lock; /* guards status and err */
    ay_status status;     /* the first failure */
    ay_err err;
};

/* Pictures come class by class in turn, so that every class has some from the start. */
static int class_of(const ay_demo *d, int i)
{
    return i % d->classes;
}

static void name_picture(const ay_demo *d, int i, char *dst, size_t cap)
{
    snprintf(dst, cap, "%.120s-%03d.jpg", ay_draw_class_name(AY_DRAW_DEMO, class_of(d, i)),
             i / d->classes + 1);
}

/* An engine that is full serves a person who scans: wait. */
static ay_status add_patiently(ay_demo *d, int i, const ay_buf *jpeg, ay_arena *arena, ay_err *err)
{
    const char *klass = ay_draw_class_name(AY_DRAW_DEMO, class_of(d, i));
    char file[160];
    ay_added added;
    ay_status status;

    name_picture(d, i, file, sizeof file);
    while ((status = ay_picture_add(d->service, UNFINISHED, klass, file, jpeg->data, jpeg->len, NULL,
                                    arena, &added, err)) == AY_EBUSY &&
           !atomic_load(&d->stop))
        usleep(BUSY_US);
    return status;
}

static ay_status add_drawing(ay_demo *d, int i, ay_err *err)
{
    ay_image im = {0};
    ay_buf jpeg = {0};
    ay_arena arena;
    ay_status status = ay_draw_picture(AY_DRAW_DEMO, class_of(d, i), SEED, (uint64_t)(i / d->classes),
                                       SIDE, SIDE, &im, err);

    ay_arena_init(&arena, 0);
    if (status == AY_OK)
        status = ay_image_encode_jpeg(&im, QUALITY, &jpeg, err);
    if (status == AY_OK)
        status = add_patiently(d, i, &jpeg, &arena, err);
    ay_arena_fini(&arena);
    ay_image_fini(&im);
    ay_buf_fini(&jpeg);
    return status;
}

static void fail(ay_demo *d, ay_status status, const ay_err *err)
{
    pthread_mutex_lock(&d->lock);
    if (d->status == AY_OK) {
        d->status = status;
        d->err = *err;
    }
    pthread_mutex_unlock(&d->lock);
    atomic_store(&d->stop, true);
}

/* Report; asked to stop by somebody who cancelled the job, or by the service that closes? */
static void report(ay_demo *d)
{
    if (!ay_job_step(d->service, d->job, atomic_load(&d->done), d->classes * d->pictures))
        atomic_store(&d->stop, true);
}

static void *draw_thread(void *arg)
{
    ay_demo *d = arg;
    int total = d->classes * d->pictures;

    /* A person who scans meanwhile goes first; on Linux this is the thread's own priority. */
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    for (int i; !atomic_load(&d->stop) && (i = atomic_fetch_add(&d->next, 1)) < total;) {
        ay_err err = {{0}};
        ay_status status = d->there[i] ? AY_OK : add_drawing(d, i, &err);
        if (status == AY_OK)
            atomic_fetch_add(&d->done, 1);
        else
            fail(d, status, &err);
        report(d);
    }
    return NULL;
}

static ay_status make_classes(ay_demo *d, ay_err *err)
{
    for (int k = 0; k < d->classes; k++) {
        ay_status status =
            ay_class_create(d->service, UNFINISHED, ay_draw_class_name(AY_DRAW_DEMO, k), NULL, err);
        if (status != AY_OK && status != AY_EEXISTS)
            return status;
    }
    return AY_OK;
}

/* Whichever class a person has moved it to since, a picture that has a name of ours is there. */
static void mark_there(ay_demo *d, const char *file)
{
    char name[160];

    for (int k = 0; k < d->classes; k++) {
        size_t n = (size_t)snprintf(name, sizeof name, "%.120s-", ay_draw_class_name(AY_DRAW_DEMO, k));
        int number;
        if (strncmp(file, name, n) != 0 || sscanf(file + n, "%d", &number) != 1)
            continue;
        if (number >= 1 && number <= d->pictures)
            d->there[(number - 1) * d->classes + k] = true;
    }
}

static ay_status find_there(ay_demo *d, ay_err *err)
{
    const char *cursor = NULL, *next = NULL;
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    do {
        ay_picture *list;
        size_t n = 0;
        status = ay_picture_list(d->service, UNFINISHED, NULL, cursor, 200, &a, &list, &n, &next, err);
        for (size_t i = 0; status == AY_OK && i < n; i++)
            mark_there(d, list[i].file);
        cursor = next;
    } while (status == AY_OK && cursor);
    ay_arena_fini(&a);
    return status;
}

/* Drawing takes most of the time, so every processor draws. */
static ay_status draw_all(ay_demo *d, ay_err *err)
{
    int n = ay_cpu_count(), started = 0;
    pthread_t threads[MOST_THREADS];

    while (started < n && started < MOST_THREADS &&
           ay_thread_start(&threads[started], "draw", draw_thread, d, err) == AY_OK)
        started++;
    if (started == 0)
        return AY_ENOMEM;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (d->status != AY_OK) {
        *err = d->err;
        return d->status;
    }
    return atomic_load(&d->done) == d->classes * d->pictures
               ? AY_OK
               : ay_fail(err, AY_ECANCELLED, "the next start draws the rest");
}

static void *manage(void *arg)
{
    ay_demo *d = arg;
    ay_err err = {{0}};
    ay_status status = make_classes(d, &err);

    if (status == AY_OK)
        status = find_there(d, &err);
    if (status == AY_OK)
        status = draw_all(d, &err);
    if (status == AY_OK)
        status = ay_dataset_rename(d->service, UNFINISHED, "demo", &err);
    if (status == AY_OK)
        ay_log(AY_LOG_INFO, "demo", "the demonstration is whole: %d pictures",
               d->classes * d->pictures);
    else if (status != AY_ECANCELLED)
        ay_log(AY_LOG_WARN, "demo", "drawing stopped, the next start goes on: %s", err.msg);
    ay_job_end(d->service, d->job, status, err.msg);
    return NULL;
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

static ay_status make_set(ay_service *s, bool others, ay_err *err)
{
    ay_status status = ay_dataset_create(s, UNFINISHED, NULL, err);

    if (status == AY_EEXISTS)
        return AY_OK; /* an earlier start made it, and a person may have activated another since */
    return status == AY_OK && !others ? ay_dataset_activate(s, UNFINISHED, err) : status;
}

static void destroy(ay_demo *d)
{
    pthread_mutex_destroy(&d->lock);
    ay_free(d->there);
    ay_free(d);
}

static ay_status begin(ay_demo **out, ay_service *s, int pictures, ay_err *err)
{
    int classes = ay_draw_class_count(AY_DRAW_DEMO);
    ay_demo *d = ay_calloc(1, sizeof *d);
    ay_status status;

    if (!d || !(d->there = ay_calloc((size_t)classes * (size_t)pictures, sizeof *d->there))) {
        ay_free(d);
        return ay_fail(err, AY_ENOMEM, "drawing the demonstration");
    }
    d->service = s;
    d->classes = classes;
    d->pictures = pictures;
    pthread_mutex_init(&d->lock, NULL);
    d->job = ay_job_begin(s, "demo", classes * pictures);
    status = ay_thread_start(&d->manager, "demo", manage, d, err);
    if (status != AY_OK) {
        ay_job_end(s, d->job, status, err->msg);
        destroy(d);
        return status;
    }
    *out = d;
    return AY_OK;
}

ay_status ay_demo_start(ay_demo **out, ay_service *s, int pictures, ay_err *err)
{
    bool whole, others;
    ay_status status = look(s, &whole, &others, err);

    *out = NULL;
    if (status != AY_OK || whole)
        return status;
    status = make_set(s, others, err);
    return status == AY_OK ? begin(out, s, pictures, err) : status;
}

void ay_demo_stop(ay_demo *d)
{
    if (!d)
        return;
    atomic_store(&d->stop, true);
    pthread_join(d->manager, NULL);
    destroy(d);
}
