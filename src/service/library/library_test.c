/* service/library/library_test.c - the library is made once, keeps its place, and is no data set to scan with. */
#include "service/fake_test.h"
#include "service/library/library.h"

static ay_err err;

static void reopen(ay_service **s, const char *dir, fake_encoder *f)
{
    ay_service_close(*s);
    *s = fake_open(dir, f);
}

static void made_on_first_use_and_the_same_after_a_restart(void)
{
    const char *dir = fake_folder(), *name = "", *klass = "", *again = "", *class_again = "";
    fake_encoder f;
    ay_dataset *list;
    ay_service *s;
    ay_arena a;
    size_t n;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_dataset_list(s, &a, &list, &n, &err), err);
    CHECK(n == 1);
    CHECK_OK(ay_library(s, &a, &name, &klass, &err), err);
    CHECK(strcmp(name, "Library") == 0);
    reopen(&s, dir, &f);
    CHECK_OK(ay_library(s, &a, &again, &class_again, &err), err);
    CHECK(strcmp(name, again) == 0 && strcmp(klass, class_again) == 0);
    CHECK_OK(ay_dataset_list(s, &a, &list, &n, &err), err);
    CHECK(n == 2 && !list[0].library && list[0].active && list[1].library && !list[1].active);
    ay_service_close(s);
    ay_arena_fini(&a);
    fake_folder_gone(dir);
}

static void it_never_scans_and_comes_back_when_deleted(void)
{
    const char *dir = fake_folder(), *name = "", *klass = "", *other = "";
    char undo[AY_UNDO_SIZE];
    fake_encoder f;
    ay_buf b = {0};
    ay_service *s;
    ay_added added;
    ay_arena a;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_dataset_create(s, "Library", NULL, &err), err); /* a user's own by that name */
    CHECK_OK(ay_library(s, &a, &name, &klass, &err), err);
    CHECK(strcmp(name, "Library 2") == 0);
    fake_picture(&b, 0xd02020, 1);
    CHECK_OK(ay_picture_add(s, name, klass, "red.png", b.data, b.len, NULL, &a, &added, &err), err);
    CHECK(ay_dataset_activate(s, name, &err) == AY_ECONFLICT);
    CHECK_OK(ay_dataset_delete(s, "main", undo, &err), err);
    CHECK(ay_dataset_delete(s, "Library", undo, &err) == AY_ECONFLICT); /* the last one to scan with */
    CHECK_OK(ay_dataset_delete(s, name, undo, &err), err);
    CHECK_OK(ay_library_or(s, NULL, &a, &other, &err), err);
    CHECK(ay_library_or(s, "nothing", &a, &other, &err) == AY_ENOTFOUND);
    ay_service_close(s);
    ay_buf_fini(&b);
    ay_arena_fini(&a);
    fake_folder_gone(dir);
}

TESTS({"made on first use and the same after a restart", made_on_first_use_and_the_same_after_a_restart},
      {"it never scans and comes back when deleted", it_never_scans_and_comes_back_when_deleted})
