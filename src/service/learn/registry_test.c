/* Trained models with a small classifier: install, promote, roll back, answer, remember, swap. */
#include "service/learn/fake_model_test.h"
#include "service/learn/serving.h"

#include "base/thread.h"

#include <dirent.h>

static ay_err err;
static ay_arena arena;

enum { RED = 0xd02020, GREEN = 0x20c020, BLUE = 0x2020d0, PALE = 0x909088 };

static int entries(const char *dir, const char *below)
{
    char path[300];
    struct dirent *e;
    int n = 0;
    DIR *d;

    snprintf(path, sizeof path, "%s/%s", dir, below);
    d = opendir(path);
    while (d && (e = readdir(d)))
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static int64_t install(ay_service *s, const char *weights, const char *name)
{
    const char *folder = fake_folder();
    int64_t id = 0;

    fake_model_write(folder, weights, name);
    CHECK_OK(ay_registry_install(s, folder, NULL, &id, &err), err);
    fake_folder_gone(folder);
    return id;
}

static ay_answer ask(ay_service *s, int64_t model, uint32_t colour, const char *file)
{
    ay_predict_options o = {.model = model, .record = model == 0};
    ay_buf b = {0};
    ay_answer r;

    fake_picture(&b, colour, 1);
    CHECK_OK(ay_predict(s, &o, b.data, b.len, file, &arena, &r, &err), err);
    ay_buf_fini(&b);
    return r;
}

static void a_model_is_installed_once_or_not_at_all(void)
{
    const char *dir = fake_folder(), *folder = fake_folder();
    fake_encoder f;
    ay_registered *list, one;
    ay_buf text = {0};
    int64_t id = 0, again = 0;
    size_t n = 0;
    ay_service *s;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    fake_model_write(folder, "weights one", "yard");
    CHECK_OK(ay_registry_install(s, folder, NULL, &id, &err), err);
    CHECK(ay_registry_install(s, folder, "other", &again, &err) == AY_EEXISTS && again == id);
    fake_model_write(folder, "weights two", "yard");
    CHECK_OK(ay_registry_install(s, folder, NULL, &again, &err), err);
    CHECK(ay_registry_install(s, folder, " x", &again, &err) == AY_EINVAL);
    fake_model_write(folder, "broken", "yard");
    CHECK(ay_registry_install(s, folder, NULL, &again, &err) == AY_ECORRUPT && again == 0);
    CHECK(ay_registry_install(s, dir, NULL, &again, &err) == AY_ENOTFOUND);
    CHECK(ay_registry_install(s, "/nowhere", NULL, &again, &err) == AY_ENOTFOUND);
    CHECK(entries(dir, "models") == 2 && fake_models_open == 0);
    CHECK_OK(ay_registry_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 2 && list[0].version == 2 && list[1].version == 1 && list[1].id == id);
    CHECK(strcmp(list[1].name, "yard") == 0 && list[1].nclasses == 3 && !list[1].active);
    CHECK(strcmp(list[1].classes[2], "blue") == 0 && list[1].temperature == 1.5);
    CHECK(strcmp(list[1].metrics, "{\"accuracy\":0.9}") == 0 && list[1].has_report);
    CHECK_OK(ay_registry_read(s, id, "report.html", &text, &err), err);
    CHECK(text.len == 13);
    CHECK(ay_registry_read(s, id, "../../assay.db", &text, &err) == AY_ENOTFOUND);
    CHECK(ay_registry_get(s, 0, &arena, &one, &err) == AY_ECONFLICT && strstr(err.msg, "promote"));
    CHECK_OK(ay_registry_find(s, "yard", &again, &err), err);
    CHECK(again == list[0].id);
    CHECK_OK(ay_registry_find(s, "yard:1", &again, &err), err);
    CHECK(again == id && ay_registry_find(s, "yard:3", &again, &err) == AY_ENOTFOUND);
    CHECK(ay_registry_find(s, "active", &again, &err) == AY_ENOTFOUND);
    ay_buf_fini(&text);
    ay_service_close(s);
    fake_folder_gone(dir);
    fake_folder_gone(folder);
}

static void promoted_it_answers_and_rolled_back_the_old_one_does(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_registry_state state;
    ay_served *list;
    int64_t seeing, blind, id = 0;
    size_t n = 0;
    ay_service *s;
    ay_answer r;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    seeing = install(s, "weights", "yard");
    blind = install(s, "blind", "yard");
    CHECK(ay_predict(s, &(ay_predict_options){0}, "x", 1, "", &arena, &r, &err) == AY_ECONFLICT);
    CHECK_OK(ay_registry_promote(s, seeing, &err), err);
    r = ask(s, 0, RED, "C:\\fakepath\\red\n.png");
    CHECK(strcmp(r.label, "red") == 0 && strcmp(r.status, "success") == 0 && r.id > 0);
    CHECK(r.probability >= 0.7 && r.ntop == 3 && strcmp(r.top[0].label, "red") == 0);
    CHECK(strcmp(r.file, "red_.png") == 0 && r.width == 24 && r.height == 20);
    CHECK(r.model == seeing && r.model_version == 1 && strlen(r.model_digest) == 64);
    r = ask(s, blind, RED, "trial.png"); /* another one beside it, not recorded */
    CHECK(strcmp(r.label, "blue") == 0 && r.id == 0);
    CHECK_OK(ay_registry_promote(s, blind, &err), err);
    CHECK(strcmp(ask(s, 0, RED, "a").label, "blue") == 0);
    ay_service_close(s);
    CHECK(fake_models_open == 0);

    s = fake_serve(dir, &f); /* and still after a restart */
    ay_registry_look(s, &state);
    CHECK(state.ready && state.version == 2 && state.classes == 3 && strcmp(state.name, "yard") == 0);
    CHECK(strcmp(ask(s, 0, RED, "a").label, "blue") == 0);
    CHECK_OK(ay_registry_rollback(s, &id, &err), err);
    CHECK(id == seeing && strcmp(ask(s, 0, RED, "a").label, "red") == 0);
    CHECK(ay_registry_rollback(s, &id, &err) == AY_ECONFLICT);
    CHECK_OK(ay_registry_history(s, 10, &arena, &list, &n, &err), err);
    CHECK(n == 3 && strcmp(list[0].action, "rollback") == 0 && list[0].model == seeing);
    CHECK(list[1].model == blind && list[2].model == seeing && list[1].version == 2);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void every_answer_is_remembered_with_its_picture(void)
{
    const char *dir = fake_folder(), *next = NULL, *mime;
    ay_answer_sums sums;
    fake_encoder f;
    ay_answer *list, r;
    ay_buf bytes = {0};
    size_t n = 0;
    ay_service *s;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    CHECK_OK(ay_registry_promote(s, install(s, "weights", "yard"), &err), err);
    r = ask(s, 0, RED, "../../red.png");
    ask(s, 0, GREEN, "green.png");
    ask(s, 0, PALE, "pale.png");
    CHECK(ay_predict(s, &(ay_predict_options){.record = true}, "junk", 4, "j", &arena, &r, &err) !=
          AY_OK);
    ay_service_close(s);
    s = fake_serve(dir, &f);
    CHECK_OK(ay_predictions_list(s, &(ay_answer_filter){0}, NULL, 2, &arena, &list, &n, &next, &err),
             err);
    CHECK(n == 2 && next && strcmp(list[0].file, "pale.png") == 0);
    CHECK(strcmp(list[0].status, "rejected") == 0 && list[0].ntop == 3 && list[1].total_ms > 0);
    CHECK_OK(ay_predictions_list(s, &(ay_answer_filter){0}, next, 2, &arena, &list, &n, &next, &err),
             err);
    CHECK(n == 1 && !next && strcmp(list[0].file, "red.png") == 0);
    CHECK_OK(ay_picture_read(s, list[0].sha256, &bytes, &mime, &err), err);
    CHECK(strcmp(mime, "image/png") == 0);
    CHECK_OK(ay_predictions_sum(s, &(ay_answer_filter){0}, &sums, &err), err);
    CHECK(sums.total == 3 && sums.success == 2 && sums.rejected == 1 && sums.total_ms > 0);
    CHECK_OK(ay_predictions_list(s, &(ay_answer_filter){.status = "success", .text = "gre"}, NULL, 9,
                                 &arena, &list, &n, &next, &err),
             err);
    CHECK(n == 1 && strcmp(list[0].label, "green") == 0);
    CHECK(ay_predictions_list(s, &(ay_answer_filter){.status = "fine"}, NULL, 9, &arena, &list, &n,
                              &next, &err) == AY_EINVAL);
    CHECK(ay_predictions_list(s, &(ay_answer_filter){0}, "x", 9, &arena, &list, &n, &next, &err) ==
          AY_EINVAL);
    ay_buf_fini(&bytes);
    ay_service_close(s);
    fake_folder_gone(dir);
}

/* Files changed behind our back: said, not served; and the program works without. */
static void what_was_changed_on_disk_does_not_serve(void)
{
    const char *dir = fake_folder();
    char command[300];
    ay_registry_state state;
    fake_encoder f;
    ay_service *s;
    ay_answer r;
    int64_t id;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    id = install(s, "weights", "yard");
    CHECK_OK(ay_registry_promote(s, id, &err), err);
    ay_service_close(s);
    snprintf(command, sizeof command, "for f in %s/models/*/model.safetensors; do echo x >> $f; done", dir);
    CHECK(system(command) == 0);
    snprintf(command, sizeof command, "mkdir %s/models/%s", dir, "0123456789abcdef0123456789abcdef");
    CHECK(system(command) == 0);
    s = fake_serve(dir, &f);
    CHECK(entries(dir, "models") == 1); /* a folder that no row names goes */
    ay_registry_look(s, &state);
    CHECK(!state.ready && strstr(state.problem, "changed"));
    CHECK(ay_predict(s, &(ay_predict_options){0}, "x", 1, "", &arena, &r, &err) == AY_EIO);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void a_deleted_model_leaves_only_its_record(void)
{
    const char *dir = fake_folder(), *next;
    int64_t old, now, other, id;
    ay_answer *list;
    ay_registered m;
    ay_served *served;
    fake_encoder f;
    ay_serving *v;
    ay_store *store;
    char url[100];
    size_t n = 0;
    ay_service *s;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    old = install(s, "weights", "yard");
    now = install(s, "weights too", "yard");
    CHECK_OK(ay_registry_promote(s, old, &err), err);
    ask(s, 0, RED, "red.png");
    CHECK(ay_registry_delete(s, old, &err) == AY_ECONFLICT && strstr(err.msg, "promote"));
    CHECK_OK(ay_registry_promote(s, now, &err), err);
    CHECK_OK(ay_serving_hold(s, old, &v, &err), err);
    CHECK_OK(ay_registry_delete(s, old, &err), err);
    CHECK(fake_models_open == 2 && entries(dir, "models") == 1); /* who holds it still has it */
    ay_serving_drop(s, v);
    CHECK(fake_models_open == 1);
    CHECK(ay_serving_hold(s, old, &v, &err) == AY_ENOTFOUND && strstr(err.msg, "deleted"));
    CHECK(ay_registry_get(s, old, &arena, &m, &err) == AY_ENOTFOUND);
    CHECK(ay_registry_delete(s, old, &err) == AY_ENOTFOUND);
    CHECK(ay_registry_find(s, "yard:1", &id, &err) == AY_ENOTFOUND);
    CHECK(ay_registry_rollback(s, &id, &err) == AY_ECONFLICT);
    CHECK_OK(ay_predictions_list(s, &(ay_answer_filter){.model = old}, NULL, 9, &arena, &list, &n, &next,
                                 &err), err);
    CHECK(n == 1 && strcmp(list[0].model_name, "yard") == 0 && list[0].model_version == 1);
    CHECK_OK(ay_registry_history(s, 10, &arena, &served, &n, &err), err);
    CHECK(n == 2 && served[1].model == old && strcmp(served[1].name, "yard") == 0);
    other = install(s, "weights", "yard"); /* the same files again: a new version */
    CHECK_OK(ay_registry_get(s, other, &arena, &m, &err), err);
    CHECK(m.version == 3);
    ay_service_close(s);

    snprintf(url, sizeof url, "sqlite:%s/assay.db", dir); /* killed between the row and the files */
    CHECK_OK(ay_store_open(&store, url, &err), err);
    CHECK_OK(ay_store_model_delete(store, other, &err), err);
    ay_store_close(store);
    CHECK(entries(dir, "models") == 2);
    s = fake_serve(dir, &f);
    CHECK(entries(dir, "models") == 1 && strcmp(ask(s, 0, RED, "a").label, "red") == 0);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void deleted_answers_take_their_pictures_along(void)
{
    const char *dir = fake_folder();
    ay_answer_sums sums;
    int64_t deleted;
    fake_encoder f;
    ay_answer r, kept;
    ay_buf bytes = {0};
    const char *mime;
    ay_service *s;

    fake_init(&f, 'a');
    s = fake_serve(dir, &f);
    CHECK_OK(ay_registry_promote(s, install(s, "weights", "yard"), &err), err);
    r = ask(s, 0, RED, "red.png");
    ask(s, 0, PALE, "pale.png");
    kept = ask(s, 0, GREEN, "green.png");
    CHECK(ay_predictions_delete(s, &(ay_answer_filter){0}, 0, false, &deleted, &err) == AY_EINVAL);
    CHECK(ay_predictions_delete(s, &(ay_answer_filter){.status = "fine"}, 0, false, &deleted, &err) ==
          AY_EINVAL);
    CHECK(ay_predictions_delete(s, &(ay_answer_filter){0}, kept.id + 1, false, &deleted, &err) ==
          AY_ENOTFOUND);
    CHECK_OK(ay_predictions_delete(s, &(ay_answer_filter){.status = "rejected"}, 0, false, &deleted, &err),
             err);
    CHECK(deleted == 1);
    CHECK_OK(ay_predictions_delete(s, &(ay_answer_filter){0}, r.id, false, &deleted, &err), err);
    CHECK(deleted == 1);
    for (int i = 0; i < 2000 && ay_blobs_has(s->blobs, r.sha256); i++)
        usleep(5000);
    CHECK(ay_picture_read(s, r.sha256, &bytes, &mime, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_picture_read(s, kept.sha256, &bytes, &mime, &err), err);
    CHECK_OK(ay_predictions_delete(s, &(ay_answer_filter){0}, 0, true, &deleted, &err), err);
    CHECK_OK(ay_predictions_sum(s, &(ay_answer_filter){0}, &sums, &err), err);
    CHECK(deleted == 1 && sums.total == 0);
    ay_buf_fini(&bytes);
    ay_service_close(s);
    fake_folder_gone(dir);
}

typedef struct {
    ay_service *s;
    atomic_bool stop;
    _Atomic int asked, failed;
} load;

static void *keep_asking(void *arg)
{
    load *l = arg;
    ay_buf b = {0};

    fake_picture(&b, RED, 1);
    while (!atomic_load(&l->stop)) {
        ay_predict_options o = {0};
        ay_arena a;
        ay_answer r;
        ay_err why;
        ay_arena_init(&a, 0);
        l->failed += ay_predict(l->s, &o, b.data, b.len, "r", &a, &r, &why) != AY_OK;
        l->asked++;
        ay_arena_fini(&a);
    }
    ay_buf_fini(&b);
    return NULL;
}

static void a_swap_drops_no_request(void)
{
    const char *dir = fake_folder();
    int64_t model[5], id;
    pthread_t threads[4];
    fake_encoder f;
    load l = {0};

    fake_init(&f, 'a');
    l.s = fake_serve(dir, &f);
    for (int i = 0; i < 5; i++) {
        char weights[32];
        snprintf(weights, sizeof weights, "weights %d", i);
        model[i] = install(l.s, weights, "yard");
    }
    CHECK_OK(ay_registry_promote(l.s, model[0], &err), err);
    for (int i = 0; i < 4; i++)
        CHECK_OK(ay_thread_start(&threads[i], "ask", keep_asking, &l, &err), err);
    for (int i = 0; i < 60; i++) {
        CHECK_OK(ay_registry_promote(l.s, model[i % 5], &err), err);
        if (i % 7 == 6)
            CHECK_OK(ay_registry_rollback(l.s, &id, &err), err);
    }
    atomic_store(&l.stop, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(l.failed == 0 && l.asked > 20);
    CHECK(fake_models_open <= 3);
    ay_service_close(l.s);
    CHECK(fake_models_open == 0);
    fake_folder_gone(dir);
}

TESTS({"a model is installed once or not at all", a_model_is_installed_once_or_not_at_all},
      {"promoted it answers, rolled back the old one does",
       promoted_it_answers_and_rolled_back_the_old_one_does},
      {"every answer is remembered with its picture", every_answer_is_remembered_with_its_picture},
      {"what was changed on disk does not serve", what_was_changed_on_disk_does_not_serve},
      {"a deleted model leaves only its record", a_deleted_model_leaves_only_its_record},
      {"deleted answers take their pictures along", deleted_answers_take_their_pictures_along},
      {"a swap drops no request", a_swap_drops_no_request})
