/* Inspection trainings as tasks, with a stand-in for the work: every state, a person in the middle, a cancel that stops, a
 * program that ends in each state and goes on. */
#include "service/fake_test.h"
#include "service/inspect/tasks.h"

#include "base/file.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

static ay_err err;
static ay_arena arena;

/* ---- the stand-in */

static struct {
    atomic_int collected, finished, began; /* calls */
    atomic_bool hold_collect, hold_finish, hold_learning; /* it stays there until it is let go or asked to stop */
    atomic_int fail;                       /* finish() fails with this status */
    char choice[32];                       /* of class "R1", as the last finish() had it */
} line;

static ay_status hold(const ay_line_run *r, const atomic_bool *flag, ay_err *e)
{
    while (atomic_load(flag)) {
        if (atomic_load(&r->control->pause) || atomic_load(&r->control->cancel))
            return ay_fail(e, AY_ECANCELLED, "stopped");
        usleep(1000);
    }
    return AY_OK;
}

static ay_status fake_check(void *ctx, const json_t *request, bool *orient, ay_err *e)
{
    (void)ctx;
    *orient = !json_object_get(request, "plain");
    return json_object_get(request, "batch_sise") ? ay_fail(e, AY_EINVAL, "no setting 'batch_sise': batch_size?") : AY_OK;
}

static void put(const ay_line_run *r, const char *name, const char *text)
{
    char path[4200];

    snprintf(path, sizeof path, "%s/%s", r->out, name);
    CHECK(ay_file_write(path, text, strlen(text), NULL) == AY_OK);
}

static ay_status fake_collect(void *ctx, const ay_line_run *r, ay_err *e)
{
    char path[4200];
    ay_status status;

    (void)ctx;
    line.collected++;
    r->step(r->ctx, 0.1, "reading the names");
    status = hold(r, &line.hold_collect, e);
    if (status != AY_OK)
        return status;
    snprintf(path, sizeof path, "%s/raw_data/R1", r->out);
    ay_file_mkdirs(path, e);
    put(r, "raw_data/R1/b.png", "picture");
    put(r, "orientation.json",
        "{\"classes\":[{\"name\":\"C7\",\"folder\":\"raw_data/C7\",\"samples\":[]},"
        "{\"name\":\"R1\",\"folder\":\"raw_data/R1\",\"samples\":[\"b.png\"]}]}");
    return AY_OK;
}

static ay_status fake_finish(void *ctx, const ay_line_run *r, ay_err *e)
{
    const char *choice = json_string_value(json_object_get(r->choices, "R1"));
    ay_status status;

    (void)ctx;
    line.finished++;
    snprintf(line.choice, sizeof line.choice, "%s", choice ? choice : "");
    r->step(r->ctx, 0.35, "turning the pictures");
    status = hold(r, &line.hold_finish, e);
    if (status == AY_OK)
        status = r->begin(r->ctx, e);
    if (status != AY_OK)
        return status;
    line.began++;
    r->step(r->ctx, 0.6, "learning");
    r->point(r->ctx, 0, "{\"epoch\":1,\"loss\":2.5}");
    status = hold(r, &line.hold_learning, e);
    if (status == AY_OK && line.fail)
        return ay_fail(e, (ay_status)line.fail, "the loss is not a number at step 3");
    if (status == AY_OK) {
        r->step(r->ctx, 0.5, "judging"); /* a driver that counts backwards is not believed */
        put(r, "summary_report.json", "{\"evaluation_accuracy\":1}");
    }
    return status;
}

/* ---- around it */

static ay_service *serve(const char *dir, fake_encoder *f)
{
    char folders[4200];
    ay_service *s = NULL;

    snprintf(folders, sizeof folders, "%s/in", dir);
    CHECK_OK(ay_file_mkdirs(folders, &err), err);
    CHECK_OK(ay_service_open(&s, &(ay_service_options){.data = dir, .embedder = fake_embedder(f), .serve = true, .line_folders = folders,
                                                       .line = {NULL, fake_check, fake_collect, fake_finish}},
                             &err),
             err);
    return s;
}

static ay_service *fresh(const char *dir, fake_encoder *f)
{
    memset(&line, 0, sizeof line);
    fake_init(f, 'a');
    return serve(dir, f);
}

static void start(ay_service *s, char id[AY_TASK_ID])
{
    json_t *asked = json_pack("{s:s, s:s, s:s}", "input_dir", ".", "site", "JQ", "line_id", "V9");

    CHECK_OK(ay_task_start(s, asked, id, &err), err);
    json_decref(asked);
}

static ay_task wait_for(ay_service *s, const char *id, const char *status)
{
    ay_task t = {.status = ""};

    for (int i = 0; i < 4000 && strcmp(t.status, status) != 0; i++) {
        CHECK_OK(ay_task_get(s, id, &arena, &t, &err), err);
        usleep(2000);
    }
    if (strcmp(t.status, status) != 0)
        printf("  %s: %s, %s, %s\n", t.id, t.status, t.step, t.error ? t.error : "");
    CHECK(strcmp(t.status, status) == 0);
    return t;
}

static void until(atomic_int *count, int n)
{
    for (int i = 0; i < 4000 && atomic_load(count) < n; i++)
        usleep(2000);
    CHECK(atomic_load(count) == n);
}

static ay_status confirm(ay_service *s, const char *id, const char *text)
{
    json_t *choices = json_loads(text, 0, NULL);
    ay_status status = ay_task_confirm(s, id, choices, &err);

    json_decref(choices);
    return status;
}

static const char both[] = "{\"R1\":\"Left\",\"C7\":\"Up\"}";

/* ---- */

static void a_task_goes_from_names_to_a_model(void)
{
    const char *dir = fake_folder();
    char id[AY_TASK_ID], path[4200];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);
    json_t *samples;
    ay_task t, *list;
    size_t n;

    start(s, id);
    t = wait_for(s, id, "pending_orientation");
    CHECK(t.progress == 0.2 && strcmp(t.site, "JQ") == 0 && strcmp(t.line, "V9") == 0 && !t.error && strstr(t.output, id));
    CHECK_OK(ay_task_samples(s, id, &samples, &err), err);
    CHECK(json_array_size(samples) == 2 && json_is_null(json_object_get(json_array_get(samples, 1), "choice")));
    json_decref(samples);
    CHECK_OK(ay_task_sample(s, id, "R1", "b.png", path, sizeof path, &err), err);
    CHECK(ay_file_exists(path));
    CHECK(ay_task_file(s, id, "summary", path, sizeof path, &err) == AY_ENOTFOUND);
    CHECK_OK(confirm(s, id, both), err);
    t = wait_for(s, id, "completed");
    CHECK(t.progress == 1 && *t.ended && strstr(t.points, "\"loss\":2.5") && strcmp(line.choice, "Left") == 0);
    CHECK_OK(ay_task_file(s, id, "summary", path, sizeof path, &err), err);
    CHECK(line.collected == 1 && line.finished == 1);
    CHECK_OK(ay_task_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 1 && strcmp(list[0].id, id) == 0);
    CHECK(ay_task_cancel(s, id, &err) == AY_ECONFLICT);
    CHECK_OK(ay_task_delete(s, id, true, &err), err);
    CHECK(!ay_file_exists(path) && ay_task_get(s, id, &arena, &t, &err) == AY_ENOTFOUND);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void bug_45_choices_are_complete_and_right_or_refused(void)
{
    const char *dir = fake_folder();
    char id[AY_TASK_ID];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);

    start(s, id);
    wait_for(s, id, "pending_orientation");
    CHECK(confirm(s, id, "{\"R1\":\"Left\"}") == AY_EINVAL && strstr(err.msg, "'C7'"));
    CHECK(confirm(s, id, "{\"R1\":\"left\",\"C7\":\"Up\"}") == AY_EINVAL && strstr(err.msg, "'R1'"));
    CHECK(confirm(s, id, "{\"R1\":\"Left\",\"C7\":\"Up\",\"X\":\"Up\"}") == AY_EINVAL && strstr(err.msg, "'X'"));
    CHECK(confirm(s, id, "[]") == AY_EINVAL && confirm(s, id, "{\"R1\":1,\"C7\":\"Up\"}") == AY_EINVAL);
    CHECK(line.finished == 0);
    wait_for(s, id, "pending_orientation");
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void choices_may_be_changed_until_it_learns(void)
{
    const char *dir = fake_folder();
    char id[AY_TASK_ID];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);

    start(s, id);
    wait_for(s, id, "pending_orientation");
    atomic_store(&line.hold_finish, true);
    atomic_store(&line.hold_learning, true);
    CHECK_OK(confirm(s, id, both), err);
    until(&line.finished, 1);
    CHECK_OK(confirm(s, id, "{\"R1\":\"Down\",\"C7\":\"Up\"}"), err);
    atomic_store(&line.hold_finish, false);
    until(&line.began, 1);
    CHECK(strcmp(line.choice, "Down") == 0 && line.finished == 2);
    CHECK(confirm(s, id, both) == AY_ECONFLICT && strstr(err.msg, "learns already"));
    atomic_store(&line.hold_learning, false);
    wait_for(s, id, "completed");
    CHECK(confirm(s, id, both) == AY_ECONFLICT && line.finished == 2);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void bug_44_a_cancel_stops_the_work(void)
{
    const char *dir = fake_folder();
    char id[4][AY_TASK_ID];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);

    start(s, id[0]);
    wait_for(s, id[0], "pending_orientation");
    CHECK_OK(ay_task_cancel(s, id[0], &err), err); /* while a person is asked */
    wait_for(s, id[0], "cancelled");
    CHECK(confirm(s, id[0], both) == AY_ECONFLICT && line.finished == 0);
    atomic_store(&line.hold_collect, true);
    start(s, id[1]);
    until(&line.collected, 2);
    CHECK_OK(ay_task_cancel(s, id[1], &err), err); /* while it prepares; hold() ends only because it was asked to */
    wait_for(s, id[1], "cancelled");
    atomic_store(&line.hold_collect, false);
    start(s, id[2]);
    start(s, id[3]);
    wait_for(s, id[2], "pending_orientation");
    wait_for(s, id[3], "pending_orientation");
    atomic_store(&line.hold_learning, true);
    CHECK_OK(confirm(s, id[2], both), err);
    until(&line.began, 1);
    CHECK_OK(confirm(s, id[3], both), err);
    until(&line.finished, 2);
    usleep(20000);
    CHECK(line.began == 1); /* one thing learns at a time */
    CHECK_OK(ay_task_cancel(s, id[3], &err), err); /* while it waits for its turn */
    wait_for(s, id[3], "cancelled");
    CHECK_OK(ay_task_cancel(s, id[2], &err), err); /* while it learns */
    wait_for(s, id[2], "cancelled");
    atomic_store(&line.hold_learning, false);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void bug_38_a_failed_training_is_failed_with_its_reason(void)
{
    const char *dir = fake_folder();
    char id[AY_TASK_ID];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);
    ay_task t;

    atomic_store(&line.fail, AY_EINVAL);
    start(s, id);
    wait_for(s, id, "pending_orientation");
    CHECK_OK(confirm(s, id, both), err);
    t = wait_for(s, id, "failed");
    CHECK(t.error && strstr(t.error, "not a number") && t.progress < 1);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void bug_43_progress_never_runs_backwards(void)
{
    const char *dir = fake_folder();
    char id[AY_TASK_ID];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);
    double before = 0;
    ay_task t = {.status = ""};

    start(s, id);
    wait_for(s, id, "pending_orientation");
    CHECK_OK(confirm(s, id, both), err);
    for (int i = 0; i < 4000 && strcmp(t.status, "completed") != 0; i++) {
        CHECK_OK(ay_task_get(s, id, &arena, &t, &err), err);
        CHECK(t.progress >= before);
        before = t.progress;
    }
    CHECK(before == 1);
    ay_service_close(s);
    fake_folder_gone(dir);
}

/* The program ends in every state; the next one goes on. */
static void a_task_survives_the_program(void)
{
    const char *dir = fake_folder();
    char id[AY_TASK_ID];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);

    atomic_store(&line.hold_collect, true);
    start(s, id);
    until(&line.collected, 1);
    ay_service_close(s); /* while it prepares */
    atomic_store(&line.hold_collect, false);
    s = serve(dir, &f);
    wait_for(s, id, "pending_orientation");
    CHECK(line.collected == 2);
    ay_service_close(s); /* while a person is asked */
    s = serve(dir, &f);
    wait_for(s, id, "pending_orientation");
    CHECK(line.collected == 2);
    atomic_store(&line.hold_learning, true);
    CHECK_OK(confirm(s, id, both), err);
    until(&line.began, 1);
    ay_service_close(s); /* while it learns */
    atomic_store(&line.hold_learning, false);
    s = serve(dir, &f);
    wait_for(s, id, "completed");
    CHECK(line.collected == 2 && line.finished == 2 && strcmp(line.choice, "Left") == 0);
    ay_service_close(s);
    s = serve(dir, &f);
    CHECK(wait_for(s, id, "completed").progress == 1);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void bug_46_paths_stay_in_their_folders(void)
{
    static const char *const inputs[] = {"", "..", "/etc", "../../etc", "none"};
    const char *dir = fake_folder();
    char id[AY_TASK_ID], other[AY_TASK_ID], path[4200];
    fake_encoder f;
    ay_service *s = fresh(dir, &f);
    json_t *asked;
    ay_task t;

    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        asked = json_pack("{s:s}", "input_dir", inputs[i]);
        CHECK(ay_task_start(s, asked, id, &err) == AY_EINVAL);
        json_decref(asked);
    }
    asked = json_pack("{s:s, s:s}", "input_dir", ".", "output_dir", "/tmp");
    CHECK(ay_task_start(s, asked, id, &err) == AY_EINVAL);
    json_decref(asked);
    asked = json_pack("{s:s, s:i}", "input_dir", ".", "batch_sise", 3);
    CHECK(ay_task_start(s, asked, id, &err) == AY_EINVAL && strstr(err.msg, "batch_size"));
    json_decref(asked);
    start(s, id);
    start(s, other);
    CHECK(strcmp(id, other) != 0);
    wait_for(s, id, "pending_orientation");
    CHECK(ay_task_sample(s, id, "R1", "../../orientation.json", path, sizeof path, &err) == AY_ENOTFOUND);
    CHECK(ay_task_sample(s, id, "..", "b.png", path, sizeof path, &err) == AY_ENOTFOUND);
    CHECK(ay_task_sample(s, id, "C7", "b.png", path, sizeof path, &err) == AY_ENOTFOUND);
    CHECK(ay_task_file(s, id, "../x", path, sizeof path, &err) == AY_EINVAL);
    CHECK(ay_task_get(s, "../x", &arena, &t, &err) == AY_ENOTFOUND && ay_task_get(s, "%", &arena, &t, &err) == AY_ENOTFOUND);
    ay_service_close(s);
    fake_folder_gone(dir);
}

TESTS({"a task goes from names to a model", a_task_goes_from_names_to_a_model},
      {"bug 45: choices are complete and right, or refused", bug_45_choices_are_complete_and_right_or_refused},
      {"choices may be changed until it learns", choices_may_be_changed_until_it_learns},
      {"bug 44: a cancel stops the work, in every state", bug_44_a_cancel_stops_the_work},
      {"bug 38: a failed training is failed, with its reason", bug_38_a_failed_training_is_failed_with_its_reason},
      {"bug 43: progress never runs backwards", bug_43_progress_never_runs_backwards},
      {"a task survives the program, in every state", a_task_survives_the_program},
      {"bug 46: paths stay in their folders", bug_46_paths_stay_in_their_folders})
