/* service/backup/hold_test.c - while a backup is being made no picture's file goes; afterwards it does. */
#include "service/backup/hold.h"

#include "service/fake_test.h"
#include "service/internal.h"

static ay_err err;

static void a_purge_waits_for_a_backup(void)
{
    const char *dir = fake_folder();
    char undo[AY_UNDO_SIZE], sha256[AY_SHA256_HEX];
    fake_encoder f;
    ay_buf b = {0};
    ay_added added;
    ay_service *s;
    ay_arena a;
    int hold;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    s->trash_us = 0;
    CHECK_OK(ay_class_create(s, "main", "red", NULL, &err), err);
    fake_picture(&b, 0xd02020, 1);
    CHECK_OK(ay_picture_add(s, "main", "red", "red.png", b.data, b.len, NULL, &a, &added, &err), err);
    strcpy(sha256, added.picture.sha256);
    CHECK_OK(ay_hold_begin(dir, &hold, &err), err);
    CHECK_OK(ay_picture_delete(s, "main", sha256, undo, &err), err);
    CHECK_OK(ay_service_purge(s, &err), err);
    CHECK(ay_blobs_has(s->blobs, sha256));
    ay_hold_end(hold);
    CHECK_OK(ay_service_purge(s, &err), err);
    CHECK(!ay_blobs_has(s->blobs, sha256));
    ay_service_close(s);
    ay_buf_fini(&b);
    ay_arena_fini(&a);
    fake_folder_gone(dir);
}

static void two_backups_go_together_and_removal_with_neither(void)
{
    const char *dir = fake_folder();
    int one, two, none;

    CHECK_OK(ay_hold_begin(dir, &one, &err), err);
    CHECK_OK(ay_hold_begin(dir, &two, &err), err);
    ay_hold_end(one);
    CHECK(!ay_hold_none(dir, &none) && none == -1);
    ay_hold_end(two);
    CHECK(ay_hold_none(dir, &none) && none >= 0);
    ay_hold_end(none);
    CHECK(ay_hold_begin("/nonexistent", &one, &err) == AY_EIO);
    fake_folder_gone(dir);
}

TESTS({"a purge waits for a backup", a_purge_waits_for_a_backup},
      {"two backups go together, removal with neither", two_backups_go_together_and_removal_with_neither})
