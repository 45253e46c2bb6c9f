/* The embedded encoder through the engine: known answer, batches, threads, closing. */
#include "engine/engine.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/thread.h"
#include "engine/session.h"
#include "engine/verify.h"

#include <math.h>
#include <stdatomic.h>
#include <sys/stat.h>

static void make_picture(ay_image *im, int width, int height, int seed)
{
    ay_err err;

    CHECK_OK(ay_image_create(im, width, height, &err), err);
    for (int i = 0; i < width * height * 3; i++)
        im->data[i] = (uint8_t)((i * 7 + i / width * seed * 13 + seed * 41) & 255);
}

static double length(const float *v, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += (double)v[i] * v[i];
    return sqrt(sum);
}

static ay_engine *open_engine(ay_precision precision, int workers, int max_batch)
{
    ay_engine_options opt = {.precision = precision, .workers = workers, .max_batch = max_batch};
    ay_engine *e;
    ay_err err;

    CHECK_OK(ay_engine_open(&e, &opt, &err), err);
    return e;
}

static void the_default_is_embedded_and_described(void)
{
    ay_engine *e = open_engine(AY_PRECISION_F32, 1, 0), *again;
    const ay_engine_info *info = ay_engine_get_info(e);

    CHECK(strcmp(info->name, "assay-default") == 0);
    CHECK(strcmp(info->arch, "resnet") == 0);
    CHECK(strcmp(info->licence, "MIT") == 0);
    CHECK(ay_sha256_valid(info->digest) && ay_sha256_valid(info->preprocess_digest));
    CHECK(info->dim >= 64 && info->input_size >= 64 && info->max_batch == 16);
    CHECK(info->parameters > 1000000 && info->gflops > 0.1);
    CHECK(info->precision == AY_PRECISION_F32);
    again = open_engine(AY_PRECISION_AUTO, 1, 4);
    CHECK(strcmp(ay_engine_get_info(again)->digest, info->digest) == 0);
    CHECK(strcmp(ay_engine_get_info(again)->preprocess_digest, info->preprocess_digest) == 0);
    ay_engine_close(again);
    ay_engine_close(e);
}

static void verify(ay_precision precision)
{
    ay_engine *e = open_engine(precision, 2, 0);
    ay_engine_check checks[AY_ENGINE_CHECKS];
    int count;
    ay_err err;

    CHECK_OK(ay_engine_verify(e, checks, &count, &err), err);
    for (int i = 0; i < count; i++)
        printf("  %s: cosine %.9f, largest difference %.2e\n", checks[i].name, checks[i].cosine,
               checks[i].max_error);
    CHECK(count == 3);
    for (int i = 0; i < count; i++)
        CHECK(checks[i].ok);
    CHECK(strcmp(checks[0].name, "known answer") == 0);
    CHECK(precision != AY_PRECISION_F32 || checks[0].max_error < 1e-4);
    ay_engine_close(e);
}

static void f32_gives_the_known_answer(void)
{
    verify(AY_PRECISION_F32);
}

static void bf16_gives_the_known_answer(void)
{
    if (!ay_cpu_get()->avx512) /* what oneDNN needs for bf16, native or not */
        SKIP("no bf16 on this processor");
    verify(AY_PRECISION_BF16);
}

enum { PICTURES = 23 };

/* Alone, in one large call, and whatever the threads make of it: the same bits. */
static void batches(ay_precision precision)
{
    ay_engine *e = open_engine(precision, 2, 16);
    int dim = ay_engine_get_info(e)->dim;
    ay_image im[PICTURES] = {{0}};
    const ay_image *list[PICTURES];
    float *alone = ay_calloc((size_t)(PICTURES * dim), sizeof *alone);
    float *together = ay_calloc((size_t)(PICTURES * dim), sizeof *together);
    ay_engine_stats stats;
    ay_err err;

    for (int i = 0; i < PICTURES; i++) {
        make_picture(&im[i], 40 + 9 * i, 70 + 3 * i, i);
        list[i] = &im[i];
        CHECK_OK(ay_engine_embed(e, &list[i], 1, alone + i * dim, &err), err);
        CHECK(fabs(length(alone + i * dim, dim) - 1) < 1e-5);
    }
    CHECK_OK(ay_engine_embed(e, list, PICTURES, together, &err), err);
    for (int i = 0; i < PICTURES; i++)
        CHECK(memcmp(alone + i * dim, together + i * dim, (size_t)dim * sizeof *alone) == 0);
    CHECK(memcmp(alone, alone + dim, (size_t)dim * sizeof *alone) != 0);
    ay_engine_get_stats(e, &stats);
    CHECK(stats.pictures == 2 * PICTURES && stats.queued == 0);
    CHECK(stats.batches > PICTURES && stats.batches < 2 * PICTURES && stats.busy_ns > 0);
    ay_free(alone);
    ay_free(together);
    for (int i = 0; i < PICTURES; i++)
        ay_image_fini(&im[i]);
    ay_engine_close(e);
}

/* Each size is tried a few times, the largest first; then the one that takes least for a picture serves. */
static void the_fastest_handful_is_taken(void)
{
    ay_session s;

    memset(&s, 0, sizeof s);
    CHECK(ay_session_chunk(&s, 1) == 1 && ay_session_chunk(&s, 16) == 16 && ay_session_chunk(&s, 23) == 16);
    s.timed[4] = 3;
    CHECK(ay_session_chunk(&s, 16) == 8 && ay_session_chunk(&s, 32) == 32);
    for (int k = 0; k < AY_SESSION_SIZES; k++) {
        s.timed[k] = 3;
        s.least_ns[k] = 100u << k;
    }
    CHECK(ay_session_chunk(&s, 16) == 16 && ay_session_chunk(&s, 7) == 4);
    s.least_ns[2] = 99u << 2; /* not clearly */
    CHECK(ay_session_chunk(&s, 16) == 16);
    s.least_ns[2] = 90u << 2;
    CHECK(ay_session_chunk(&s, 16) == 4 && ay_session_chunk(&s, 3) == 2 && ay_session_chunk(&s, 64) == 4);
    s.least_ns[0] = 80;
    CHECK(ay_session_chunk(&s, 16) == 1);
}

static void a_vector_does_not_depend_on_its_neighbours_f32(void)
{
    batches(AY_PRECISION_F32);
}

static void a_vector_does_not_depend_on_its_neighbours_bf16(void)
{
    if (!ay_cpu_get()->avx512)
        SKIP("no bf16 on this processor");
    batches(AY_PRECISION_BF16);
}

typedef struct {
    ay_engine *e;
    const ay_image *im;
    const float *want;
    atomic_int bad, done;
} crowd;

static void *embed_often(void *arg)
{
    crowd *c = arg;
    int dim = ay_engine_get_info(c->e)->dim;
    float *dst = ay_calloc((size_t)dim, sizeof *dst);

    for (int i = 0; i < 12; i++) {
        ay_status status;
        while ((status = ay_engine_embed(c->e, &c->im, 1, dst, NULL)) == AY_EBUSY)
            usleep(200);
        if (status != AY_OK || memcmp(dst, c->want, (size_t)dim * sizeof *dst) != 0)
            atomic_fetch_add(&c->bad, 1);
        atomic_fetch_add(&c->done, 1);
    }
    ay_free(dst);
    return NULL;
}

static void many_threads_share_an_engine(void)
{
    ay_engine_options opt = {.workers = 2, .max_batch = 4, .max_queue = 3};
    crowd c = {0};
    pthread_t thread[6];
    ay_image im;
    float *want;
    ay_err err;

    CHECK_OK(ay_engine_open(&c.e, &opt, &err), err);
    make_picture(&im, 90, 60, 3);
    c.im = &im;
    c.want = want = ay_calloc((size_t)ay_engine_get_info(c.e)->dim, sizeof *want);
    CHECK_OK(ay_engine_embed(c.e, &c.im, 1, want, &err), err);
    for (int i = 0; i < 6; i++)
        CHECK_OK(ay_thread_start(&thread[i], "caller", embed_often, &c, &err), err);
    for (int i = 0; i < 6; i++)
        pthread_join(thread[i], NULL);
    CHECK(c.bad == 0 && c.done == 72);
    ay_engine_close(c.e);
    ay_free(want);
    ay_image_fini(&im);
}

static void what_is_wrong_is_said(void)
{
    ay_engine_options opt = {.model = "build/no-such-model"};
    ay_engine *e;
    ay_image empty = {0};
    const ay_image *list[] = {&empty};
    float dst[4];
    ay_err err;

    CHECK(ay_engine_open(&e, &opt, &err) == AY_ENOTFOUND && !e);
    CHECK(strstr(err.msg, "build/no-such-model"));
    mkdir("build/empty-model", 0755);
    opt.model = "build/empty-model";
    CHECK(ay_engine_open(&e, &opt, &err) == AY_ENOTFOUND && strstr(err.msg, "no .safetensors"));
    opt = (ay_engine_options){.backend = "abacus"};
    CHECK(ay_engine_open(&e, &opt, &err) == AY_EUNSUPPORTED && strstr(err.msg, "abacus"));
    e = open_engine(AY_PRECISION_AUTO, 1, 1);
    CHECK(ay_engine_embed(e, list, 1, dst, &err) == AY_EINVAL);
    CHECK(ay_engine_embed(e, list, 0, dst, &err) == AY_OK);
    ay_engine_close(e);
    ay_engine_close(NULL);
}

/* Every allocation of an open refused in turn: an error each time, and nothing leaks. */
static void open_survives_refused_memory(void)
{
    ay_engine_options opt = {.workers = 1, .max_batch = 1};
    ay_engine *e = NULL;
    long before = ay_mem_live(), n = 0;
    ay_err err;
    ay_status status;

    for (;; n += 1 + n / 8) {
        ay_mem_fail_after(n);
        status = ay_engine_open(&e, &opt, &err);
        ay_mem_fail_after(-1);
        if (status == AY_OK)
            break;
        CHECK(status == AY_ENOMEM && !e);
        CHECK(ay_mem_live() == before);
    }
    CHECK(n > 10);
    ay_engine_close(e);
    CHECK(ay_mem_live() == before);
}

static void speed_is_measured(void)
{
    ay_engine *e = open_engine(AY_PRECISION_AUTO, 0, 0);
    ay_engine_speed speed;
    ay_err err;

    CHECK_OK(ay_engine_measure(e, 640, 480, 0.2, &speed, &err), err);
    printf("  %.1f pictures/s, %.2f ms alone\n", speed.pictures_per_second, speed.latency_ms);
    CHECK(speed.pictures_per_second > 0 && speed.latency_ms > 0 && speed.pictures > 0);
    ay_engine_close(e);
}

TESTS({"the default is embedded and described", the_default_is_embedded_and_described},
      {"f32 gives the known answer", f32_gives_the_known_answer},
      {"bf16 gives the known answer", bf16_gives_the_known_answer},
      {"a vector does not depend on its neighbours (f32)",
       a_vector_does_not_depend_on_its_neighbours_f32},
      {"a vector does not depend on its neighbours (bf16)",
       a_vector_does_not_depend_on_its_neighbours_bf16},
      {"many threads share an engine", many_threads_share_an_engine},
      {"the fastest handful is taken", the_fastest_handful_is_taken},
      {"what is wrong is said", what_is_wrong_is_said},
      {"open survives refused memory", open_survives_refused_memory},
      {"speed is measured", speed_is_measured})
