/* Trainings in the background, with a stand-in for the trainer: they run, fail, stop, go on. */
#include "service/learn/fake_model_test.h"

static ay_err err;
static ay_arena arena;

static void teach(ay_service *s)
{
    static const char *const names[] = {"red", "green"};
    static const uint32_t colours[] = {0xd02020, 0x20c020};
    ay_buf b = {0};
    ay_added added;

    for (int k = 0; k < 2; k++) {
        CHECK_OK(ay_class_create(s, NULL, names[k], NULL, &err), err);
        for (uint64_t i = 0; i < 3; i++) {
            fake_picture(&b, colours[k], i);
            CHECK_OK(ay_picture_add(s, NULL, names[k], "p", b.data, b.len, NULL, &arena, &added, &err),
                     err);
        }
    }
    ay_buf_fini(&b);
}

static ay_job job(ay_service *s, int64_t id)
{
    ay_job j;

    CHECK_OK(ay_service_job(s, id, &arena, &j, &err), err);
    return j;
}

static ay_job wait_for(ay_service *s, int64_t id, ay_job_state state)
{
    ay_job j = job(s, id);

    for (int i = 0; i < 2000 && j.state != state; i++) {
        usleep(5000);
        j = job(s, id);
    }
    if (j.state != state)
        printf("  job is %s: %s\n", ay_job_state_name(j.state), j.message);
    CHECK(j.state == state);
    return j;
}

static int64_t start(ay_service *s, const char *weights, int promote)
{
    ay_training t = {.promote = promote};
    int64_t id = 0;

    snprintf(fake_train.weights, sizeof fake_train.weights, "%s", weights);
    CHECK_OK(ay_training_start(s, &t, &id, &err), err);
    return id;
}

static void a_training_ends_as_a_model_that_answers(void)
{
    const char *dir = fake_folder();
    json_t *settings = json_pack("{s:i}", "training.epochs", 7);
    ay_training t = {.name = "first", .settings = settings};
    ay_registered *list;
    char path[300];
    fake_encoder f;
    int64_t id;
    size_t n = 0;
    ay_service *s;
    ay_job j;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    CHECK(ay_training_start(s, &t, &id, &err) == AY_ECONFLICT && strstr(err.msg, "add pictures"));
    teach(s);
    strcpy(fake_train.weights, "one");
    CHECK_OK(ay_training_start(s, &t, &id, &err), err);
    j = wait_for(s, id, AY_JOB_DONE);
    CHECK(strstr(j.message, "first version 1: right on 97.5 % of the test") && fake_train.epochs == 7);
    CHECK(strstr(j.message, "it answers now") && j.npoints == 2 && strstr(j.points, "\"epoch\":2"));
    CHECK(strstr(j.detail, "\"phase\":\"head\"") && strstr(j.detail, "\"code\":\"left_out\",\"args\":[\"a.png\"") &&
          strstr(j.detail, "\"accuracy\":0.975") && j.total == 2);
    CHECK(*j.started && *j.ended && *j.created);
    CHECK_OK(ay_registry_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 1 && list[0].active && strcmp(list[0].name, "first") == 0);
    wait_for(s, start(s, "two", 0), AY_JOB_DONE); /* one answers already: it stays */
    CHECK_OK(ay_registry_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 2 && !list[0].active && list[1].active && strcmp(list[0].name, "main") == 0);
    wait_for(s, start(s, "three", 1), AY_JOB_DONE);
    CHECK_OK(ay_registry_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 3 && list[0].active && list[0].version == 2);
    snprintf(path, sizeof path, "%s/train/%lld", dir, (long long)id);
    CHECK(!ay_file_exists(path)); /* nothing is left over */
    ay_service_close(s);
    json_decref(settings);
    fake_folder_gone(dir);
}

static void what_cannot_be_trained_says_why(void)
{
    const char *dir = fake_folder();
    ay_job j;
    fake_encoder f;
    int64_t id = 0;
    ay_service *s;
    json_t *bad[] = {json_pack("{s:i}", "training.epoch", 7), json_pack("{s:s}", "training.epochs", "x"),
                     json_pack("{s:s}", "data.root_dir", "/etc"),
                     json_pack("{s:s}", "model.backbone", "/etc/passwd"),
                     json_pack("{s:[]}", "training.epochs")};

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    teach(s);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ay_training t = {.settings = bad[i]};
        CHECK(ay_training_start(s, &t, &id, &err) == AY_EINVAL && id == 0);
        json_decref(bad[i]);
    }
    CHECK(ay_training_start(s, &(ay_training){.dataset = "none"}, &id, &err) == AY_ENOTFOUND);
    CHECK(ay_training_start(s, &(ay_training){.folder = "/etc"}, &id, &err) == AY_EINVAL);
    CHECK(ay_training_start(s, &(ay_training){.folder = "../.."}, &id, &err) == AY_EINVAL);
    fake_train.fail = AY_EINVAL;
    j = wait_for(s, start(s, "x", 0), AY_JOB_FAILED);
    CHECK(strstr(j.message, "one picture") && strstr(j.detail, "\"cause\":\"data\""));
    fake_train.fail = AY_OK;
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void stopped_it_keeps_the_best_stopped_twice_nothing(void)
{
    const char *dir = fake_folder();
    ay_registered *list;
    fake_encoder f;
    int64_t id, waiting;
    size_t n = 0;
    ay_service *s;
    ay_job j;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    teach(s);
    atomic_store(&fake_train.wait, true);
    id = start(s, "kept", -1);
    waiting = start(s, "kept", -1);
    wait_for(s, id, AY_JOB_RUNNING);
    CHECK(job(s, waiting).state == AY_JOB_PENDING && !*job(s, waiting).started);
    CHECK_OK(ay_service_job_cancel(s, waiting, &err), err);
    CHECK(job(s, waiting).state == AY_JOB_CANCELLED);
    CHECK_OK(ay_service_job_cancel(s, id, &err), err);
    j = wait_for(s, id, AY_JOB_CANCELLED);
    CHECK(strstr(j.message, "stopped early"));
    CHECK_OK(ay_registry_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 1 && !list[0].active);
    CHECK(ay_service_job_cancel(s, id, &err) == AY_ECONFLICT);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void the_next_server_goes_on_with_it(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    int64_t id, runs;
    ay_service *s;
    ay_job j;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    teach(s);
    atomic_store(&fake_train.wait, true);
    id = start(s, "resumed", 0);
    wait_for(s, id, AY_JOB_RUNNING);
    for (int i = 0; i < 400 && job(s, id).npoints == 0; i++)
        usleep(5000);
    ay_service_close(s); /* as SIGTERM does; the row stays as SIGKILL leaves it */
    runs = fake_train.runs;
    fake_train.resumed = 0;
    atomic_store(&fake_train.wait, false);
    s = fake_serve(dir, &f);
    j = wait_for(s, id, AY_JOB_DONE);
    CHECK(fake_train.runs == runs + 1 && fake_train.resumed == 1 && j.npoints == 2); /* no epoch twice */
    CHECK(strstr(j.message, "main version 1"));
    ay_service_close(s);
    fake_folder_gone(dir);
}

static bool has_files(const char *dir, int64_t id)
{
    char path[300];

    snprintf(path, sizeof path, "%s/train/%lld", dir, (long long)id);
    return ay_file_exists(path);
}

/* A job is over a moment before its files are gone. */
static bool files_go(const char *dir, int64_t id)
{
    for (int i = 0; i < 400 && has_files(dir, id); i++)
        usleep(5000);
    return !has_files(dir, id);
}

static void after_a_full_disk_it_goes_on(void)
{
    const char *dir = fake_folder();
    char stray[300];
    fake_encoder f;
    ay_service *s;
    int64_t id, other, third;
    ay_job j;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    teach(s);
    fake_train.fail = AY_EIO;
    fake_train.resumed = 0;
    id = start(s, "full", -1);
    j = wait_for(s, id, AY_JOB_FAILED);
    CHECK(j.resumable && strstr(j.detail, "\"cause\":\"disk\"") && j.npoints == 2 && has_files(dir, id));
    ay_service_close(s);
    snprintf(stray, sizeof stray, "mkdir -p %s/train/4711/model.partial", dir);
    CHECK(system(stray) == 0);
    s = fake_serve(dir, &f); /* and it can still be resumed after a restart */
    CHECK(job(s, id).state == AY_JOB_FAILED && job(s, id).resumable && has_files(dir, id));
    CHECK(!has_files(dir, 4711)); /* nobody's */
    CHECK_OK(ay_service_job_resume(s, id, &err), err); /* still full */
    wait_for(s, id, AY_JOB_FAILED);
    CHECK(fake_train.resumed == 1 && has_files(dir, id));
    fake_train.fail = AY_OK;
    CHECK_OK(ay_service_job_resume(s, id, &err), err);
    j = wait_for(s, id, AY_JOB_DONE);
    CHECK(fake_train.resumed == 2 && j.npoints == 2 && !j.resumable && files_go(dir, id));
    CHECK(strstr(j.points, "\"epoch\":1") && strstr(j.points, "\"epoch\":2") && !strstr(j.detail, "cause"));
    CHECK(ay_service_job_resume(s, id, &err) == AY_ECONFLICT);
    CHECK(ay_service_job_resume(s, 4711, &err) == AY_ENOTFOUND);

    fake_train.fail = AY_ENOMEM; /* given up, and replaced */
    id = start(s, "given up", -1);
    CHECK(wait_for(s, id, AY_JOB_FAILED).resumable);
    CHECK_OK(ay_service_job_cancel(s, id, &err), err);
    CHECK(job(s, id).state == AY_JOB_CANCELLED && !job(s, id).resumable && !has_files(dir, id));
    CHECK(ay_service_job_cancel(s, id, &err) == AY_ECONFLICT);
    other = start(s, "replaced", -1);
    CHECK(wait_for(s, other, AY_JOB_FAILED).resumable && has_files(dir, other));
    CHECK_OK(ay_training_start(s, &(ay_training){.name = "another"}, &third, &err), err);
    CHECK(wait_for(s, third, AY_JOB_FAILED).resumable && job(s, other).resumable);
    fake_train.fail = AY_EINVAL;
    id = start(s, "new", -1);
    CHECK(!wait_for(s, id, AY_JOB_FAILED).resumable && files_go(dir, id)); /* bad data stay bad */
    CHECK(!job(s, other).resumable && !has_files(dir, other) && has_files(dir, third));
    fake_train.fail = AY_OK;
    ay_service_close(s);
    fake_folder_gone(dir);
}

TESTS({"after a full disk it goes on", after_a_full_disk_it_goes_on},
      {"a training ends as a model that answers", a_training_ends_as_a_model_that_answers},
      {"what cannot be trained says why", what_cannot_be_trained_says_why},
      {"stopped it keeps the best", stopped_it_keeps_the_best_stopped_twice_nothing},
      {"the next server goes on with it", the_next_server_goes_on_with_it})
