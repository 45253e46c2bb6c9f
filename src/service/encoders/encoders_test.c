/* Another encoder takes over under many threads; what fails leaves the old one; the choice and what was begun outlive the
 * process.  The encoders are drawn up here and have 64 and 48 numbers in a vector. */
#include "service/encoders/encoders.h"
#include "base/file.h"
#include "service/fake_test.h"
#include "service/internal.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS = 8, PICTURES = 30, OTHER_DIM = 48, SWITCHES = 4 };

static ay_err err;
static fake_encoder first, second;
static _Atomic int opened, closed, slow_us, fail_embed;
static const char *const colours[] = {"red", "green", "blue"};
static const uint32_t rgb[] = {0xd03020, 0x20b040, 0x3040d0};

/* The same histogram with sixteen numbers less. */
static ay_status second_embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    float v[FAKE_DIM];

    if (slow_us)
        usleep((useconds_t)slow_us);
    if (fail_embed)
        return ay_fail(e, AY_ECORRUPT, "the network gave a vector that is not finite");
    for (int i = 0; i < n; i++) {
        ay_status status = fake_embed(ctx, &images[i], 1, v, e);
        if (status != AY_OK)
            return status;
        for (int d = 0; d < OTHER_DIM; d++)
            dst[i * OTHER_DIM + d] = v[d] * v[d];
    }
    return AY_OK;
}

static ay_status open_other(void *ctx, const char *path, ay_encoder *out, ay_err *e)
{
    (void)ctx;
    if (strcmp(path, "default") == 0) {
        *out = (ay_encoder){.embedder = fake_embedder(&first)};
    } else if (strstr(path, "fake--two")) {
        *out = (ay_encoder){.embedder = {.ctx = &second, .embed = second_embed, .info = &second.info}};
    } else {
        return ay_fail(e, AY_EUNSUPPORTED, "no architecture known here has these tensors");
    }
    opened++;
    return AY_OK;
}

static void close_other(void *ctx, const ay_encoder *e)
{
    (void)ctx;
    CHECK(e->embedder.ctx == &first || e->embedder.ctx == &second);
    closed++;
}

/* Two repositories lie in the cache. */
static void begin(char cache[64])
{
    static const char commit[] = "0123456789abcdef0123456789abcdef01234567";
    static const char *const repos[] = {"models--fake--two", "models--fake--broken"};
    char path[300];

    strcpy(cache, "/tmp/assay-encoders-XXXXXX");
    CHECK(mkdtemp(cache));
    setenv("HF_HUB_CACHE", cache, 1);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s/snapshots/%s", cache, repos[i], commit);
        CHECK_OK(ay_file_mkdirs(path, &err), err);
        snprintf(path, sizeof path, "%s/%s/refs", cache, repos[i]);
        CHECK_OK(ay_file_mkdirs(path, &err), err);
        snprintf(path, sizeof path, "%s/%s/refs/main", cache, repos[i]);
        CHECK_OK(ay_file_write(path, commit, 40, &err), err);
    }
    fake_init(&first, '1');
    fake_init(&second, '2');
    second.info.dim = OTHER_DIM;
    opened = closed = slow_us = fail_embed = 0;
}

static ay_service *open_service(const char *dir, bool serve)
{
    ay_service_options o = {.data = dir, .embedder = fake_embedder(&first), .wait_reembed = true, .serve = serve,
                            .encoders = {NULL, open_other, close_other}};
    ay_service *s;

    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

static void add(ay_service *s, int i)
{
    ay_buf bytes = {0};
    ay_added added;
    ay_arena a;

    ay_arena_init(&a, 0);
    fake_picture(&bytes, rgb[i % 3], (uint64_t)i);
    CHECK_OK(ay_picture_add(s, NULL, colours[i % 3], "x.png", bytes.data, bytes.len, NULL, &a, &added, &err), err);
    ay_buf_fini(&bytes);
    ay_arena_fini(&a);
}

static void fill(ay_service *s)
{
    for (int k = 0; k < 3; k++)
        CHECK_OK(ay_class_create(s, NULL, colours[k], NULL, &err), err);
    for (int i = 0; i < PICTURES; i++)
        add(s, i);
}

/* Its end, whatever that is. */
static ay_job_state wait_for(ay_service *s, int64_t job, char *message, size_t cap)
{
    ay_job_state state;
    ay_arena a;
    ay_job j;

    do {
        usleep(2000);
        ay_arena_init(&a, 0);
        CHECK_OK(ay_service_job(s, job, &a, &j, &err), err);
        state = j.state;
        if (message)
            snprintf(message, cap, "%s", j.message);
        ay_arena_fini(&a);
    } while (state == AY_JOB_RUNNING || state == AY_JOB_PENDING);
    return state;
}

static void use(ay_service *s, const char *name)
{
    char message[200];
    int64_t job = 0;

    CHECK_OK(ay_encoder_use(s, name, &job, &err), err);
    CHECK(wait_for(s, job, message, sizeof message) == AY_JOB_DONE);
    CHECK(strcmp(ay_service_encoder(s), name) == 0);
}

static _Atomic bool stop;
static _Atomic int scans, by_second;

/* Every answer is whole: the class is right, and the likeness is that of the encoder it names. */
static void *scan_on(void *arg)
{
    ay_service *s = arg;

    for (int i = 0; !stop; i++) {
        ay_buf bytes = {0};
        ay_decision d;
        ay_err e;
        ay_arena a;
        ay_arena_init(&a, 0);
        fake_picture(&bytes, rgb[i % 3], (uint64_t)(i % PICTURES)); /* it is stored */
        CHECK_OK(ay_scan_bytes(s, bytes.data, bytes.len, NULL, &a, &d, &e), e);
        CHECK(d.label && strcmp(d.label, colours[i % 3]) == 0 && d.has_reference && d.reference.similarity > 0.9999f);
        CHECK(d.model->dim == (d.model->digest[0] == '1' ? FAKE_DIM : OTHER_DIM));
        by_second += d.model->digest[0] == '2';
        scans++;
        ay_buf_fini(&bytes);
        ay_arena_fini(&a);
    }
    return NULL;
}

static void it_takes_over_under_many_threads(void)
{
    const char *dir = fake_folder();
    char cache[64];
    pthread_t thread[THREADS];
    ay_service_stats stats;
    ay_service *s;

    begin(cache);
    s = open_service(dir, false);
    fill(s);
    stop = false;
    scans = by_second = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, scan_on, s) == 0);
    for (int k = 0; k < SWITCHES; k++) {
        use(s, k % 2 ? "default" : "fake/two");
        add(s, PICTURES + k);
        CHECK(ay_service_model(s)->dim == (k % 2 ? FAKE_DIM : OTHER_DIM));
    }
    stop = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    CHECK(scans > 0 && by_second > 0 && by_second < scans && opened == SWITCHES && closed == SWITCHES);
    ay_service_get_stats(s, &stats);
    CHECK(stats.pictures == PICTURES + SWITCHES && stats.unembedded == 0);
    ay_service_close(s);
    CHECK(closed == SWITCHES + 1); /* what served last was opened by the service */
    fake_folder_gone(dir);
    fake_folder_gone(cache);
}

static void *scan_once(void *arg)
{
    ay_buf bytes = {0};
    ay_decision d;
    ay_arena a;

    ay_arena_init(&a, 0);
    fake_picture(&bytes, rgb[0], 1);
    CHECK_OK(ay_scan_bytes(arg, bytes.data, bytes.len, NULL, &a, &d, &err), err);
    ay_buf_fini(&bytes);
    ay_arena_fini(&a);
    scans++;
    return NULL;
}

static bool switching(ay_service *s, int64_t job)
{
    ay_arena a;
    ay_job j;
    bool is;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_service_job(s, job, &a, &j, &err), err);
    is = j.detail && strstr(j.detail, "switching");
    ay_arena_fini(&a);
    return is;
}

/* Somebody reads words for long: the change waits for him, and nobody for the change. */
static void it_waits_without_keeping_others_out(void)
{
    const char *dir = fake_folder();
    char cache[64];
    pthread_t thread;
    int64_t job = 0;
    ay_service *s;

    begin(cache);
    s = open_service(dir, false);
    fill(s);
    scans = 0;
    ay_encoder_enter(s);
    CHECK_OK(ay_encoder_use(s, "fake/two", &job, &err), err);
    while (!switching(s, job))
        usleep(1000);
    usleep(100000); /* now it waits for who is inside */
    CHECK(pthread_create(&thread, NULL, scan_once, s) == 0);
    for (int i = 0; i < 500 && !scans; i++)
        usleep(10000);
    CHECK(scans == 1 && switching(s, job) && strcmp(ay_service_encoder(s), "default") == 0);
    ay_encoder_leave(s);
    pthread_join(thread, NULL);
    CHECK(wait_for(s, job, NULL, 0) == AY_JOB_DONE && strcmp(ay_service_encoder(s), "fake/two") == 0);
    ay_service_close(s);
    fake_folder_gone(dir);
    fake_folder_gone(cache);
}

static void what_fails_leaves_the_old_one(void)
{
    const char *dir = fake_folder();
    char cache[64], message[300];
    int64_t job = 0, other = 0;
    ay_service *s;

    begin(cache);
    s = open_service(dir, false);
    fill(s);
    CHECK(ay_encoder_use(s, "no such name", &job, &err) == AY_ENOTFOUND);
    CHECK(ay_encoder_use(s, "fake/absent", &job, &err) == AY_ECONFLICT && strstr(err.msg, "model pull"));
    CHECK_OK(ay_encoder_use(s, "fake/broken", &job, &err), err);
    CHECK(wait_for(s, job, message, sizeof message) == AY_JOB_FAILED && strstr(message, "default still serves"));
    fail_embed = 1;
    CHECK_OK(ay_encoder_use(s, "fake/two", &job, &err), err);
    CHECK(wait_for(s, job, message, sizeof message) == AY_JOB_FAILED && strstr(message, "not finite"));
    fail_embed = 0;
    slow_us = 20000;
    CHECK_OK(ay_encoder_use(s, "fake/two", &job, &err), err);
    CHECK_OK(ay_encoder_use(s, "fake/two", &other, &err), err);
    CHECK(job == other && ay_encoder_use(s, "fake/broken", &other, &err) == AY_ECONFLICT);
    CHECK_OK(ay_service_job_cancel(s, job, &err), err);
    CHECK(wait_for(s, job, message, sizeof message) == AY_JOB_CANCELLED && strstr(message, "default still serves"));
    CHECK(opened == closed && ay_service_model(s)->dim == FAKE_DIM && strcmp(ay_service_encoder(s), "default") == 0);
    CHECK_OK(ay_encoder_kept(dir, message, sizeof message, &err), err);
    CHECK(!*message);
    ay_service_close(s);
    fake_folder_gone(dir);
    fake_folder_gone(cache);
}

static void the_end_of_the_program_only_interrupts_it(void)
{
    const char *dir = fake_folder();
    char cache[64], kept[100];
    int64_t job = 0;
    ay_service *s;

    begin(cache);
    s = open_service(dir, true);
    fill(s);
    slow_us = 30000;
    CHECK_OK(ay_encoder_use(s, "fake/two", &job, &err), err);
    usleep(50000);
    ay_service_close(s);
    CHECK(opened == closed);
    slow_us = 0;
    s = open_service(dir, false); /* not a server: the job waits */
    CHECK(strcmp(ay_service_encoder(s), "default") == 0);
    ay_service_close(s);
    s = open_service(dir, true);
    CHECK(wait_for(s, job, NULL, 0) == AY_JOB_DONE && strcmp(ay_service_encoder(s), "fake/two") == 0);
    CHECK_OK(ay_encoder_kept(dir, kept, sizeof kept, &err), err);
    CHECK(strcmp(kept, "fake/two") == 0);
    ay_service_close(s);
    fake_folder_gone(dir);
    fake_folder_gone(cache);
}

TESTS({"it takes over under many threads", it_takes_over_under_many_threads},
      {"it waits without keeping others out", it_waits_without_keeping_others_out},
      {"what fails leaves the old one", what_fails_leaves_the_old_one},
      {"the end of the program only interrupts it", the_end_of_the_program_only_interrupts_it})
