/* service/library/intake_test.c - what comes in is kept first, taken in once, and fails by name. */
#include "service/fake_test.h"
#include "service/library/facts.h"
#include "service/library/intake.h"
#include "service/internal.h"
#include "service/library/library.h"
#include "image/print.h"
#include "store/apart.h"
#include "store/facts.h"
#include "store/sql.h"

#include "base/file.h"

static ay_err err;

enum { MANY = 100 };

typedef struct {
    ay_buf bytes[MANY];
    ay_intake_file files[MANY];
    ay_intake_taken taken[MANY];
    char names[MANY][16];
} load;

static load *pictures(int n)
{
    load *l = ay_calloc(1, sizeof *l);

    for (int i = 0; i < n; i++) {
        fake_picture(&l->bytes[i], (uint32_t)i * 0x9e3779u & 0xffffff, (uint64_t)i);
        snprintf(l->names[i], sizeof l->names[i], "dir/p%d.png", i);
        l->files[i] = (ay_intake_file){.file = l->names[i], .bytes = l->bytes[i].data, .n = l->bytes[i].len};
    }
    return l;
}

static void pictures_gone(load *l)
{
    for (int i = 0; i < MANY; i++)
        ay_buf_fini(&l->bytes[i]);
    ay_free(l);
}

static int64_t count(ay_service *s)
{
    ay_service_stats st;

    ay_service_get_stats(s, &st);
    return st.pictures;
}

/* Files under blobs/ that no row names. */
static void nothing_is_left_over(ay_service *s)
{
    ay_check_result r;
    ay_arena a;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_service_check(s, &(ay_check_options){.deep = true}, &a, &r, &err), err);
    CHECK(r.nproblems == 0 && r.strays == 0 && r.missing == 0);
    ay_arena_fini(&a);
}

static void what_was_acknowledged_is_there_after_a_restart(void)
{
    const char *dir = fake_folder();
    ay_intake_state now;
    ay_intake_target to = {0};
    ay_intake_batch *b;
    load *l = pictures(40);
    fake_encoder f;
    ay_service *s;
    int64_t batch = 0;
    ay_arena a;
    size_t n;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_intake_add(s, &to, "forty", l->files, 40, l->taken, &batch, &err), err);
    CHECK(batch > 0 && count(s) == 0 && f.calls == 0);
    ay_service_close(s); /* no worker ran */
    s = fake_open(dir, &f);
    CHECK_OK(ay_intake_now(s, &now, &err), err);
    CHECK(now.waiting == 40 && now.failed == 0);
    nothing_is_left_over(s);
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK_OK(ay_intake_start(s, &err), err); /* twice is fine */
    CHECK(ay_intake_wait(s, 20000) && count(s) == 40);
    CHECK_OK(ay_intake_batches(s, 10, &a, &b, &n, &err), err);
    CHECK(n == 1 && b[0].added == 40 && b[0].waiting == 0 && strcmp(b[0].name, "forty") == 0);
    batch = 0; /* the same again: there already, nothing waits */
    CHECK_OK(ay_intake_add(s, &to, "again", l->files, 40, l->taken, &batch, &err), err);
    CHECK(l->taken[7].there && l->taken[7].status == AY_OK);
    CHECK_OK(ay_intake_now(s, &now, &err), err);
    CHECK(now.waiting == 0 && now.done == 40);
    nothing_is_left_over(s);
    ay_service_close(s);
    ay_arena_fini(&a);
    pictures_gone(l);
    fake_folder_gone(dir);
}

static ay_status count_print(void *ctx, const ay_store_print *p, ay_err *e)
{
    (void)e;
    *(int *)ctx += p->n == AY_PRINT_BYTES;
    return AY_OK;
}

static void the_picture_is_described_and_found(void)
{
    int prints = 0;
    const char *dir = fake_folder(), *name, *klass;
    load *l = pictures(3);
    int64_t batch = 0;
    fake_encoder f;
    ay_service *s;
    ay_picture p;
    ay_arena a;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){0}, "", l->files, 3, l->taken, &batch, &err), err);
    CHECK(ay_intake_wait(s, 20000));
    CHECK_OK(ay_library(s, &a, &name, &klass, &err), err);
    CHECK_OK(ay_picture_get(s, name, l->taken[1].sha256, &a, &p, &err), err);
    CHECK(p.width == 24 && p.height == 20 && p.embedded && strcmp(p.file, "p1.png") == 0);
    CHECK_OK(ay_store_prints_walk(s->store, AY_PRINT_VERSION, count_print, &prints, &err), err);
    CHECK(prints == 3);
    CHECK(strcmp(p.class_name, "Unsorted") == 0 && strcmp(p.format, "png") == 0);
    ay_service_close(s);
    ay_arena_fini(&a);
    pictures_gone(l);
    fake_folder_gone(dir);
}

static void bad_files_fail_by_name_and_leave_nothing(void)
{
    const char *dir = fake_folder(), *next;
    ay_intake_target to = {0};
    load *l = pictures(20);
    ay_intake_failure *list;
    ay_intake_state now;
    int64_t batch = 0, gone;
    fake_encoder f;
    ay_service *s;
    ay_arena a;
    size_t n;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_intake_start(s, &err), err);
    l->files[3].n -= 60;          /* cut short: the header is fine */
    l->files[4].bytes = "hello";  /* refused at the door */
    l->files[4].n = 5;
    l->files[5].n = 0;
    l->files[6].expect = "0000000000000000000000000000000000000000000000000000000000000000";
    CHECK_OK(ay_intake_add(s, &to, "", l->files, 20, l->taken, &batch, &err), err);
    CHECK(l->taken[3].status == AY_OK && l->taken[4].status == AY_EUNSUPPORTED);
    CHECK(l->taken[5].status == AY_EINVAL && l->taken[6].status == AY_ECONFLICT && l->taken[6].err.msg[0]);
    CHECK(ay_intake_wait(s, 20000) && count(s) == 16);
    CHECK_OK(ay_intake_now(s, &now, &err), err);
    CHECK(now.failed == 1 && now.refused == 1 && now.waiting == 0);
    CHECK_OK(ay_intake_failures(s, NULL, 10, &a, &list, &n, &next, &err), err);
    CHECK(n == 1 && !next && strcmp(list[0].file, "p3.png") == 0 && strcmp(list[0].sha256, l->taken[3].sha256) == 0);
    CHECK(list[0].message[0] && strcmp(list[0].code, ay_status_name(AY_ECORRUPT)) == 0);
    nothing_is_left_over(s);
    CHECK(ay_intake_dismiss(s, list[0].id + 1, &gone, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_intake_dismiss(s, 0, &gone, &err), err);
    CHECK(gone == 1);
    CHECK_OK(ay_intake_failures(s, NULL, 10, &a, &list, &n, &next, &err), err);
    CHECK(n == 0);
    ay_service_close(s);
    ay_arena_fini(&a);
    pictures_gone(l);
    fake_folder_gone(dir);
}

static void where_they_go(void)
{
    const char *dir = fake_folder(), *name, *klass;
    load *l = pictures(8);
    fake_encoder f;
    ay_service *s;
    int64_t batch = 0;
    ay_picture p;
    ay_arena a;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_library(s, &a, &name, &klass, &err), err);
    CHECK(ay_intake_add(s, &(ay_intake_target){.dataset = "none"}, "", l->files, 1, l->taken, &batch, &err) ==
          AY_ENOTFOUND);
    CHECK(ay_intake_add(s, &(ay_intake_target){.dataset = "main"}, "", l->files, 1, l->taken, &batch, &err) ==
          AY_EINVAL);
    CHECK(ay_intake_add(s, &(ay_intake_target){.klass = "cats"}, "", l->files, 1, l->taken, &batch, &err) ==
          AY_ENOTFOUND);
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){.klass = "cats", .make = true}, "", l->files, 4, l->taken, &batch,
                           &err), err);
    CHECK(ay_intake_wait(s, 20000));
    batch = 0; /* without a class what is sorted stays sorted */
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){0}, "", l->files, 8, l->taken, &batch, &err), err);
    CHECK(ay_intake_wait(s, 20000) && count(s) == 8);
    CHECK_OK(ay_picture_get(s, name, l->taken[0].sha256, &a, &p, &err), err);
    CHECK(strcmp(p.class_name, "cats") == 0);
    batch = 0; /* with one it moves */
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){.klass = "dogs", .make = true}, "", l->files, 1, l->taken, &batch,
                           &err), err);
    CHECK(ay_intake_wait(s, 20000) && count(s) == 8);
    CHECK_OK(ay_picture_get(s, name, l->taken[0].sha256, &a, &p, &err), err);
    CHECK(strcmp(p.class_name, "dogs") == 0);
    ay_service_close(s);
    ay_arena_fini(&a);
    pictures_gone(l);
    fake_folder_gone(dir);
}

/* As in a database of before: nobody has looked at any picture. */
static void sql_forget(ay_service *s)
{
    CHECK_OK(ay_store_begin(s->store, &err), err);
    CHECK_OK(ay_sql_write(s->store, "UPDATE picture SET examined = 0", NULL, 0, NULL, NULL, &err), err);
    CHECK_OK(ay_store_commit(s->store, &err), err);
}

static bool camera_is_known(ay_service *s, const char *sha256)
{
    ay_gallery_item *item;
    bool known;

    pthread_rwlock_rdlock(&s->lock);
    item = ay_gallery_find(s->galleries[1], sha256);
    known = item && strcmp(item->camera, "X10") == 0;
    pthread_rwlock_unlock(&s->lock);
    return known;
}

static void forget_facts(ay_service *s, const char *sha256)
{
    pthread_rwlock_wrlock(&s->lock);
    ay_gallery_find(s->galleries[1], sha256)->camera[0] = '\0';
    pthread_rwlock_unlock(&s->lock);
    sql_forget(s);
}

/* JPEG with an EXIF block: SOI, APP1, and the rest of a real one. */
static void with_exif(const ay_image *im, ay_buf *out)
{
    static const unsigned char tiff[] = "MM\0*\0\0\0\10\0\2\1\20\0\2\0\0\0\4X10\0\1\62\0\2\0\0\0\24\0\0\0\46\0\0\0\0"
                                        "2024:05:17 12:03:59";
    ay_buf plain = {0};
    size_t n = sizeof tiff; /* with the NUL that ends the date */

    CHECK(ay_image_encode_jpeg(im, 90, &plain, NULL) == AY_OK);
    ay_buf_add(out, plain.data, 2);
    ay_buf_printf(out, "%c%c%c%c", 0xFF, 0xE1, (int)((n + 8) >> 8), (int)((n + 8) & 255));
    ay_buf_add(out, "Exif\0", 6);
    ay_buf_add(out, tiff, n);
    ay_buf_add(out, plain.data + 2, plain.len - 2);
    ay_buf_fini(&plain);
}

static void what_a_camera_wrote_is_kept(void)
{
    const char *dir = fake_folder(), *name, *klass;
    ay_intake_file file = {.file = "x.jpg"};
    ay_intake_taken taken;
    ay_buf bytes = {0};
    int64_t batch = 0;
    fake_encoder f;
    ay_service *s;
    ay_gallery_item *item;
    ay_image im;
    ay_arena a;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    CHECK(ay_image_create(&im, 20, 10, NULL) == AY_OK);
    with_exif(&im, &bytes);
    file.bytes = bytes.data, file.n = bytes.len;
    s = fake_open(dir, &f);
    CHECK_OK(ay_intake_start(s, &err), err);
    for (int round = 0; round < 2; round++) {
        if (round == 0)
            CHECK_OK(ay_intake_add(s, &(ay_intake_target){0}, "", &file, 1, &taken, &batch, &err), err);
        CHECK(ay_intake_wait(s, 20000));
        CHECK_OK(ay_library(s, &a, &name, &klass, &err), err);
        item = ay_gallery_find(s->galleries[1], taken.sha256);
        CHECK(item && item->taken_us == 1715947439000000 && strcmp(item->camera, "X10") == 0);
        ay_service_close(s);
        s = fake_open(dir, &f); /* and from the store */
    }
    CHECK_OK(ay_store_facts_put(s->store, &(ay_store_fact){taken.sha256, 0, ""}, 1, &err), err);
    sql_forget(s);
    ay_service_close(s);
    s = fake_open(dir, &f); /* an older database: the keeper looks at it when it has nothing else to do */
    CHECK(ay_service_wait_idle(s, 10000));
    for (int i = 0; i < 1000 && !camera_is_known(s, taken.sha256); i++)
        usleep(10000);
    CHECK(camera_is_known(s, taken.sha256));
    item = ay_gallery_find(s->galleries[1], taken.sha256);
    CHECK(item->taken_us == 1715947439000000);
    forget_facts(s, taken.sha256); /* while this runs: the keeper is through, so it is read when a filter asks, and not before */
    ay_facts_need(s, &(ay_picture_filter){.n = 0});
    CHECK(!camera_is_known(s, taken.sha256));
    ay_facts_need(s, &(ay_picture_filter){.n = 1, .list = {{.field = AY_FILTER_CAMERA, .text = "x"}}});
    CHECK(camera_is_known(s, taken.sha256));
    ay_service_close(s);
    ay_image_fini(&im);
    ay_buf_fini(&bytes);
    ay_arena_fini(&a);
    fake_folder_gone(dir);
}

static void a_cancelled_import_drops_what_waits(void)
{
    const char *dir = fake_folder();
    load *l = pictures(30);
    int64_t batch = 0, other = 0, dropped;
    ay_intake_state now;
    ay_intake_batch *b;
    fake_encoder f;
    ay_service *s;
    ay_arena a;
    size_t n;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){0}, "one", l->files, 20, l->taken, &batch, &err), err);
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){0}, "two", l->files + 15, 15, l->taken, &other, &err), err);
    CHECK(batch != other);
    CHECK(ay_intake_cancel(s, 999, &dropped, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_intake_cancel(s, batch, &dropped, &err), err);
    CHECK(dropped == 20);
    nothing_is_left_over(s); /* and the five that both name are still there */
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK(ay_intake_wait(s, 20000) && count(s) == 15);
    CHECK_OK(ay_intake_now(s, &now, &err), err);
    CHECK(now.failed == 0);
    CHECK_OK(ay_intake_batches(s, 10, &a, &b, &n, &err), err);
    CHECK(n == 2 && b[1].dropped == 20 && b[1].added == 0 && b[0].added == 15);
    ay_service_close(s);
    ay_arena_fini(&a);
    pictures_gone(l);
    fake_folder_gone(dir);
}

static void a_full_engine_and_a_lost_class_are_survived(void)
{
    const char *dir = fake_folder(), *name, *klass, *next;
    load *l = pictures(20);
    ay_intake_failure *list;
    int64_t batch = 0, cats = 0;
    char undo[AY_UNDO_SIZE];
    fake_encoder f;
    ay_service *s;
    ay_arena a;
    size_t n;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_library(s, &a, &name, &klass, &err), err);
    CHECK_OK(ay_class_create(s, name, "cats", &cats, &err), err);
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){.klass = "cats"}, "", l->files, 5, l->taken, &batch, &err), err);
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){0}, "", l->files + 5, 15, l->taken, &batch, &err), err);
    CHECK_OK(ay_class_delete(s, cats, undo, NULL, &err), err);
    f.fail = 6; /* the engine is full six times */
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK(ay_intake_wait(s, 30000) && count(s) == 15);
    CHECK_OK(ay_intake_failures(s, NULL, 3, &a, &list, &n, &next, &err), err);
    CHECK(n == 3 && next);
    CHECK_OK(ay_intake_failures(s, next, 3, &a, &list, &n, &next, &err), err);
    CHECK(n == 2 && !next && strstr(list[0].message, "deleted"));
    nothing_is_left_over(s);
    ay_service_close(s);
    ay_arena_fini(&a);
    pictures_gone(l);
    fake_folder_gone(dir);
}

static void an_import_is_a_job(void)
{
    const char *dir = fake_folder();
    load *l = pictures(50);
    int64_t batch = 0;
    fake_encoder f;
    ay_service *s;
    ay_job *jobs;
    ay_arena a;
    size_t n;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){0}, "x", l->files, 50, l->taken, &batch, &err), err);
    CHECK(ay_intake_wait(s, 20000));
    CHECK(ay_service_wait_idle(s, 10000)); /* the job ends by itself */
    CHECK_OK(ay_service_jobs(s, &a, &jobs, &n, &err), err);
    CHECK(n == 1 && strcmp(jobs[0].kind, "intake") == 0 && jobs[0].state == AY_JOB_DONE);
    CHECK(jobs[0].done == 50 && jobs[0].total == 50 && strstr(jobs[0].message, "50 new"));
    ay_service_close(s);
    ay_arena_fini(&a);
    pictures_gone(l);
    fake_folder_gone(dir);
}

TESTS({"what was acknowledged is there after a restart", what_was_acknowledged_is_there_after_a_restart},
      {"the picture is described and found", the_picture_is_described_and_found},
      {"bad files fail by name and leave nothing", bad_files_fail_by_name_and_leave_nothing},
      {"what a camera wrote is kept", what_a_camera_wrote_is_kept},
      {"where they go", where_they_go},
      {"a cancelled import drops what waits", a_cancelled_import_drops_what_waits},
      {"a full engine and a lost class are survived", a_full_engine_and_a_lost_class_are_survived},
      {"an import is a job", an_import_is_a_job})
