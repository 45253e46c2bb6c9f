/* The use cases with a small encoder: teach, list, move, delete, undo, restart, change the model. */
#include "service/export/export.h"
#include "service/fake_test.h"

#include "base/file.h"

#include <sys/stat.h>

static ay_err err;
static ay_arena arena;

enum { RED = 0xd02020, GREEN = 0x20c020, BLUE = 0x2020d0 };

static ay_added teach(ay_service *s, const char *klass, uint32_t colour, uint64_t seed)
{
    ay_buf b = {0};
    ay_added added;

    fake_picture(&b, colour, seed);
    CHECK_OK(ay_picture_add(s, NULL, klass, "p.png", b.data, b.len, NULL, &arena, &added, &err),
             err);
    ay_buf_fini(&b);
    return added;
}

static ay_decision ask(ay_service *s, uint32_t colour, uint64_t seed, const char *method)
{
    ay_scan_options o = {.method = method};
    ay_buf b = {0};
    ay_decision d;

    fake_picture(&b, colour, seed);
    CHECK_OK(ay_scan_bytes(s, b.data, b.len, &o, &arena, &d, &err), err);
    ay_buf_fini(&b);
    return d;
}

static void make_classes(ay_service *s)
{
    CHECK_OK(ay_class_create(s, NULL, "red", NULL, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "green", NULL, &err), err);
}

static void a_newcomer_teaches_and_scans(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_service *s;
    ay_decision d;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    d = ask(s, RED, 1, NULL);
    CHECK(d.status == AY_SCAN_NO_DATASET && !d.label && !d.has_reference && d.message);
    CHECK(strcmp(d.dataset, "main") == 0 && strcmp(d.method, "auto") == 0);
    make_classes(s);
    for (uint64_t i = 0; i < 12; i++) {
        CHECK(teach(s, "red", RED, i).created);
        CHECK(teach(s, "green", GREEN, i).created);
    }
    d = ask(s, RED, 100, NULL);
    CHECK(d.status == AY_SCAN_MATCH && strcmp(d.label, "red") == 0);
    CHECK(d.has_reference && strcmp(d.reference.class_name, "red") == 0);
    CHECK(d.reference.similarity == d.score && d.score >= d.threshold && d.threshold > 0);
    CHECK(d.probability > 0.9f && d.nmatches == 3 && d.nclasses == 2);
    CHECK(d.matches[0].similarity >= d.matches[1].similarity);
    CHECK(d.width == 24 && d.height == 20 && strlen(d.sha256) == 64);
    d = ask(s, BLUE, 1, NULL);
    CHECK(d.status == AY_SCAN_NO_MATCH && !d.label && strcmp(d.message_code, "no_match_far") == 0);
    CHECK(d.score < d.threshold && d.nmatches == 3);
    ay_service_close(s);
    fake_folder_gone(dir);
}

/* Even where the vote would not dare: a person has said what this very file shows. */
static void a_stored_picture_is_what_it_was_called(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_service *s;
    ay_decision d;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    for (uint64_t i = 0; i < 6; i++) {
        teach(s, "red", RED, i);
        teach(s, "green", RED, 100 + i); /* the same kind of thing under two names */
    }
    teach(s, "green", BLUE, 1); /* and one that is like nothing else */
    d = ask(s, RED, 3, NULL);
    CHECK(d.status == AY_SCAN_MATCH && strcmp(d.label, "red") == 0);
    CHECK(strcmp(d.message_code, "match_stored") == 0 && d.has_reference);
    CHECK(strcmp(d.reference.sha256, d.sha256) == 0);
    d = ask(s, RED, 103, NULL);
    CHECK(d.status == AY_SCAN_MATCH && strcmp(d.label, "green") == 0);
    d = ask(s, BLUE, 1, NULL);
    CHECK(d.status == AY_SCAN_MATCH && strcmp(d.label, "green") == 0);
    d = ask(s, RED, 50, NULL); /* a new one of that kind is still in doubt */
    CHECK(d.status == AY_SCAN_AMBIGUOUS);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void bad_uploads_change_nothing(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_service *s;
    ay_buf b = {0};
    ay_added added;
    ay_decision d;
    ay_service_stats stats;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    fake_picture(&b, RED, 1);
    CHECK(ay_picture_add(s, NULL, "red", "x", "", 0, NULL, &arena, &added, &err) == AY_EINVAL);
    CHECK(ay_picture_add(s, NULL, "red", "x", "hello", 5, NULL, &arena, &added, &err) ==
          AY_EUNSUPPORTED);
    CHECK(ay_picture_add(s, NULL, "red", "x", b.data, b.len / 2, NULL, &arena, &added, &err) ==
          AY_ECORRUPT);
    CHECK(ay_picture_add(s, NULL, "rot", "x", b.data, b.len, NULL, &arena, &added, &err) ==
          AY_ENOTFOUND);
    CHECK(ay_picture_add(s, NULL, NULL, "x", b.data, b.len, NULL, &arena, &added, &err) ==
          AY_ENOTFOUND);
    CHECK(ay_picture_add(s, "no", "red", "x", b.data, b.len, NULL, &arena, &added, &err) ==
          AY_ENOTFOUND);
    CHECK(ay_picture_add(s, NULL, "red", "x", b.data, b.len, "00", &arena, &added, &err) ==
          AY_ECONFLICT);
    CHECK(ay_scan_bytes(s, "", 0, NULL, &arena, &d, &err) == AY_EINVAL);
    CHECK(ay_scan_bytes(s, b.data, b.len, &(ay_scan_options){.method = "best"}, &arena, &d, &err) ==
          AY_EINVAL);
    f.fail = 1;
    CHECK(ay_picture_add(s, NULL, "red", "x", b.data, b.len, NULL, &arena, &added, &err) ==
          AY_EBUSY);
    ay_service_get_stats(s, &stats);
    CHECK(stats.pictures == 0 && stats.refused == 2 && stats.added == 0);
    ay_buf_fini(&b);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void adding_again_changes_nothing_or_moves(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_service *s;
    ay_added a, b;
    ay_class c;
    char id[24];

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    a = teach(s, "red", RED, 1);
    CHECK(a.created && a.picture.embedded && strcmp(a.picture.class_name, "red") == 0);
    CHECK(strcmp(a.picture.format, "png") == 0 && strcmp(a.picture.mime, "image/png") == 0);
    f.calls = 0;
    b = teach(s, "red", RED, 1);
    CHECK(!b.created && !b.moved && strcmp(a.picture.sha256, b.picture.sha256) == 0 &&
          f.calls == 0);
    b = teach(s, "green", RED, 1);
    CHECK(!b.created && b.moved && strcmp(b.from, "red") == 0);
    CHECK_OK(ay_class_get(s, NULL, "green", &arena, &c, &err), err);
    CHECK(c.images == 1 && c.embedded == 1 && strcmp(c.cover, a.picture.sha256) == 0);
    snprintf(id, sizeof id, "%lld", (long long)a.picture.class_id);
    CHECK_OK(ay_picture_move(s, NULL, a.picture.sha256, id, &err), err);
    CHECK_OK(ay_class_get(s, NULL, "red", &arena, &c, &err), err);
    CHECK(c.images == 1);
    CHECK(ay_picture_move(s, NULL, a.picture.sha256, "blue", &err) == AY_ENOTFOUND);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void deleting_can_be_undone(void)
{
    const char *dir = fake_folder();
    char undo[AY_UNDO_SIZE];
    fake_encoder f;
    ay_service *s;
    ay_added a;
    ay_picture p;
    ay_undo_result r;
    ay_class c;
    int64_t images;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    a = teach(s, "red", RED, 1);
    teach(s, "red", RED, 2);
    CHECK_OK(ay_picture_delete(s, NULL, a.picture.sha256, undo, &err), err);
    CHECK(ay_picture_get(s, NULL, a.picture.sha256, &arena, &p, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_service_undo(s, undo, &r, &err), err);
    CHECK(r.restored == 1 && r.pictures == 1);
    CHECK_OK(ay_picture_get(s, NULL, a.picture.sha256, &arena, &p, &err), err);
    CHECK(p.embedded);
    CHECK_OK(ay_class_delete(s, a.picture.class_id, undo, &images, &err), err);
    CHECK(images == 2 && ay_class_get(s, NULL, "red", &arena, &c, &err) == AY_ENOTFOUND);
    CHECK(ask(s, RED, 3, NULL).status == AY_SCAN_NO_DATASET);
    CHECK_OK(ay_service_undo(s, undo, &r, &err), err);
    CHECK(r.restored == 3 && r.pictures == 2 && ask(s, RED, 3, NULL).label);
    CHECK(ay_service_undo(s, undo, &r, &err) == AY_ENOTFOUND);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void data_sets_are_separate(void)
{
    const char *dir = fake_folder();
    char undo[AY_UNDO_SIZE];
    fake_encoder f;
    ay_service *s;
    ay_dataset *list;
    ay_class *classes;
    ay_undo_result r;
    const char *name;
    size_t n;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    teach(s, "red", RED, 1);
    CHECK_OK(ay_dataset_create(s, "yard", "scrap", &err), err);
    CHECK(ay_dataset_create(s, "yard", NULL, &err) == AY_EEXISTS);
    CHECK(ay_dataset_create(s, "other", "spam", &err) == AY_EINVAL);
    CHECK_OK(ay_class_list(s, "yard", &arena, &classes, &n, &name, &err), err);
    CHECK(n == 10 && strcmp(classes[0].name, "HIGH GRADE") == 0);
    CHECK(strcmp(classes[2].name, "MIDION GRADE 1 - MG 1") == 0 &&
          strcmp(classes[9].name, "HD") == 0);
    CHECK_OK(ay_dataset_activate(s, "yard", &err), err);
    CHECK(ask(s, RED, 1, NULL).status == AY_SCAN_NO_DATASET);
    CHECK_OK(ay_dataset_rename(s, "yard", "Hof", &err), err);
    CHECK(ay_dataset_activate(s, "yard", &err) == AY_ENOTFOUND);
    CHECK_OK(ay_dataset_delete(s, "Hof", undo, &err), err);
    CHECK(ay_dataset_delete(s, "main", undo, &err) == AY_ECONFLICT);
    CHECK(ask(s, RED, 1, NULL).label); /* main is active again */
    CHECK_OK(ay_service_undo(s, undo, &r, &err), err);
    CHECK_OK(ay_dataset_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 2 && strcmp(list[1].name, "Hof") == 0 && list[1].classes == 10 && list[0].active);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void a_restart_forgets_nothing(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_service *s, *second;
    ay_service_options o = {.data = dir};
    char undo[AY_UNDO_SIZE];
    ay_decision before, after;
    ay_added added;

    fake_init(&f, 'a');
    o.embedder = fake_embedder(&f);
    s = fake_open(dir, &f);
    make_classes(s);
    for (uint64_t i = 0; i < 8; i++) {
        teach(s, "red", RED, i);
        teach(s, "green", GREEN, i);
    }
    CHECK_OK(ay_dataset_create(s, "two", NULL, &err), err);
    before = ask(s, RED, 50, NULL);
    CHECK(ay_service_open(&second, &o, &err) == AY_EBUSY && strstr(err.msg, "in use"));
    o.share = true; /* beside it, for reading */
    CHECK_OK(ay_service_open(&second, &o, &err), err);
    CHECK(ay_service_reading_only(second) && !ay_service_reading_only(s));
    after = ask(second, RED, 50, NULL);
    CHECK(after.score == before.score && after.status == before.status);
    CHECK(ay_class_create(second, NULL, "blue", NULL, &err) == AY_EBUSY);
    CHECK(ay_dataset_activate(second, "two", &err) == AY_EBUSY);
    CHECK(ay_picture_add(second, NULL, "red", "x", "x", 1, NULL, &arena, &added, &err) == AY_EBUSY);
    CHECK(ay_picture_delete(second, NULL, after.reference.sha256, undo, &err) == AY_EBUSY);
    ay_service_close(second);
    ay_service_close(s);
    f.calls = 0;
    s = fake_open(dir, &f);
    CHECK(f.calls == 0); /* nothing is embedded twice */
    after = ask(s, RED, 50, NULL);
    CHECK(after.status == before.status && strcmp(after.label, before.label) == 0);
    CHECK(after.score == before.score && after.probability == before.probability);
    CHECK(strcmp(after.reference.sha256, before.reference.sha256) == 0);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void a_new_model_embeds_everything_again(void)
{
    const char *dir = fake_folder();
    fake_encoder f, g;
    ay_service *s;
    ay_job *jobs;
    ay_decision d;
    size_t n;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    for (uint64_t i = 0; i < 20; i++)
        teach(s, i % 2 ? "red" : "green", i % 2 ? RED : GREEN, i);
    ay_service_close(s);
    fake_init(&g, 'c');
    g.fail = 2; /* busy at first: it waits */
    s = fake_open(dir, &g);
    CHECK(g.calls >= 5);
    CHECK_OK(ay_service_jobs(s, &arena, &jobs, &n, &err), err);
    CHECK(n == 1 && strcmp(jobs[0].kind, "reembed") == 0 && jobs[0].state == AY_JOB_DONE);
    CHECK(jobs[0].done == 20 && jobs[0].total == 20 && jobs[0].ended[0]);
    d = ask(s, RED, 77, NULL);
    CHECK(d.label && strcmp(d.label, "red") == 0);
    ay_service_close(s);
    f.calls = 0;
    s = fake_open(dir, &f); /* the old model's vectors are still there */
    CHECK(f.calls == 0);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void lists_show_pages_and_files(void)
{
    const char *dir = fake_folder(), *cursor = NULL, *mime;
    fake_encoder f;
    ay_service *s;
    ay_picture *list;
    ay_buf b = {0}, again = {0};
    size_t n, seen = 0;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    for (uint64_t i = 0; i < 7; i++)
        teach(s, i < 5 ? "red" : "green", RED, i);
    do {
        CHECK_OK(ay_picture_list(s, NULL, "red", cursor, 2, &arena, &list, &n, &cursor, &err), err);
        seen += n;
    } while (cursor);
    CHECK(seen == 5);
    CHECK(ay_picture_list(s, NULL, "", "x", 2, &arena, &list, &n, &cursor, &err) == AY_EINVAL);
    CHECK(ay_picture_list(s, NULL, "", NULL, 500, &arena, &list, &n, &cursor, &err) == AY_EINVAL);
    CHECK_OK(ay_picture_list(s, NULL, NULL, NULL, 7, &arena, &list, &n, &cursor, &err), err);
    CHECK(n == 7 && !cursor && strcmp(list[0].class_name, "green") == 0);
    CHECK_OK(ay_picture_read(s, list[0].sha256, &b, &mime, &err), err);
    CHECK((int64_t)b.len == list[0].bytes && strcmp(mime, "image/png") == 0);
    b.len = 0;
    CHECK_OK(ay_picture_thumb(s, list[0].sha256, 16, &b, &err), err);
    CHECK(ay_image_sniff(b.data, b.len) == AY_FORMAT_JPEG);
    CHECK_OK(ay_picture_thumb(s, list[0].sha256, 16, &again, &err), err); /* the kept one */
    CHECK(again.len == b.len && memcmp(again.data, b.data, b.len) == 0);
    CHECK(ay_picture_thumb(s, list[0].sha256, 15, &b, &err) == AY_EINVAL);
    CHECK(ay_picture_thumb(s, "../x", 16, &b, &err) == AY_EINVAL);
    CHECK(ay_picture_read(s, "../../etc/passwd", &b, &mime, &err) == AY_EINVAL);
    ay_buf_fini(&b);
    ay_buf_fini(&again);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void put_file(const char *dir, const char *name, const void *p, size_t n)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    *strrchr(path, '/') = '\0';
    CHECK_OK(ay_file_mkdirs(path, &err), err);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_OK(ay_file_write(path, p, n, &err), err);
}

static bool see(void *ctx, const ay_import_progress *p)
{
    int *reasons = ctx;

    *reasons += p->reason != NULL;
    return true;
}

static bool stop_at_once(void *ctx, const ay_import_progress *p)
{
    (void)ctx, (void)p;
    return false;
}

static void folders_go_in_and_out(void)
{
    const char *dir = fake_folder(), *in = fake_folder(), *back = fake_folder();
    char out[160];
    fake_encoder f;
    ay_service *s;
    ay_import_progress p;
    ay_class *classes;
    ay_buf b = {0};
    size_t n;
    int reasons = 0;
    ay_export_result gone;
    ay_export *x;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    for (int i = 0; i < 12; i++) {
        char name[64];
        fake_picture(&b, i % 2 ? RED : GREEN, (uint64_t)i);
        snprintf(name, sizeof name, "%s/pic%d.png", i % 2 ? "r%2Fed" : "green", i / 2);
        put_file(in, name, b.data, b.len);
    }
    put_file(in, "green/again.png", b.data, b.len); /* the last red one: first come, then moved */
    put_file(in, "green/broken.png", b.data, b.len / 2);
    put_file(in, "notes/readme.txt", "hello", 5);
    put_file(in, "loose.png", b.data, b.len);
    CHECK_OK(ay_import_folder(s, NULL, in, see, &reasons, &p, &err), err);
    CHECK(p.total == 16 && p.done == 16 && p.refused == 3 && reasons == 3);
    CHECK(p.created == 12 && p.moved + p.same == 1);
    CHECK_OK(ay_class_list(s, NULL, &arena, &classes, &n, NULL, &err), err);
    CHECK(n == 2); /* a folder of text made no class */
    CHECK(ay_import_folder(s, NULL, "/nowhere", NULL, NULL, &p, &err) == AY_ENOTFOUND);
    CHECK(ay_import_folder(s, NULL, in, stop_at_once, NULL, &p, &err) == AY_ECANCELLED);
    snprintf(out, sizeof out, "%s/export", back);
    CHECK_OK(ay_export_open(&x, s, &(ay_export_wish){.which.dataset = "main"}, &err), err);
    CHECK_OK(ay_export_write(x, &(ay_export_to){.path = out}, &gone, &err), err);
    CHECK(gone.pictures == 12 && gone.left_out == 0);
    CHECK(ay_export_write(x, &(ay_export_to){.path = out}, &gone, &err) == AY_ECONFLICT);
    ay_export_close(x);
    CHECK_OK(ay_dataset_create(s, "again", NULL, &err), err);
    CHECK_OK(ay_import_folder(s, "again", out, NULL, NULL, &p, &err), err);
    CHECK(p.created == 12 && p.refused == 0);
    CHECK_OK(ay_class_get(s, "again", "r/ed", &arena, &classes[0], &err), err);
    ay_buf_fini(&b);
    ay_service_close(s);
    fake_folder_gone(dir), fake_folder_gone(in), fake_folder_gone(back);
}

static void the_check_finds_what_is_wrong(void)
{
    const char *dir = fake_folder();
    char path[256];
    fake_encoder f;
    ay_service *s;
    ay_check_result r;
    ay_added a, b;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    a = teach(s, "red", RED, 1);
    b = teach(s, "red", RED, 2);
    CHECK(ay_service_wait_idle(s, 10000));
    CHECK_OK(ay_service_check(s, &(ay_check_options){.deep = true}, &arena, &r, &err), err);
    CHECK(r.pictures == 2 && r.nproblems == 0);
    snprintf(path, sizeof path, "%s/blobs/%.2s/%s", dir, a.picture.sha256, a.picture.sha256);
    CHECK_OK(ay_file_write(path, "x", 1, &err), err);
    snprintf(path, sizeof path, "%s/blobs/%.2s/%s", dir, b.picture.sha256, b.picture.sha256);
    CHECK(unlink(path) == 0);
    snprintf(path, sizeof path, "%s/blobs/00/%s", dir,
             "0000000000000000000000000000000000000000000000000000000000000000");
    CHECK_OK(ay_file_write(path, "x", 1, &err), err);
    CHECK_OK(ay_service_check(s, &(ay_check_options){.deep = true, .repair = true}, &arena, &r, &err), err);
    CHECK(r.missing == 1 && r.damaged == 1 && r.strays == 1 && r.nproblems == 3);
    CHECK(!ay_file_exists(path));
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void suspects_are_found(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_service *s;
    ay_suspects r;
    ay_added wrong;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    for (uint64_t i = 0; i < 15; i++) {
        teach(s, "red", RED, i);
        teach(s, "green", GREEN, i);
    }
    wrong = teach(s, "green", RED, 99);
    CHECK_OK(ay_suspects_find(s, NULL, 0, &arena, &r, &err), err);
    CHECK(r.checked == 31 && r.accuracy > 0.9 && r.accuracy < 1 && r.nclasses == 2);
    CHECK(r.nitems >= 1 && r.items[0].kind == AY_SUSPECT_WRONG_CLASS);
    CHECK(strcmp(r.items[0].sha256, wrong.picture.sha256) == 0);
    CHECK(strcmp(r.items[0].suggestion, "red") == 0 && r.items[0].reason);
    CHECK(r.classes[1].right == 15 && r.classes[1].checked == 16);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void near_duplicates_are_told(void)
{
    const char *dir = fake_folder();
    fake_encoder f;
    ay_service *s;
    ay_image im;
    ay_buf b = {0}, c = {0};
    ay_added added;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    make_classes(s);
    fake_picture(&b, RED, 1);
    CHECK_OK(ay_picture_add(s, NULL, "red", "a", b.data, b.len, NULL, &arena, &added, &err), err);
    CHECK(!added.near_sha256[0]);
    CHECK_OK(ay_image_decode(b.data, b.len, NULL, &im, &err), err);
    im.data[0] ^= 1; /* other bytes, the same picture */
    CHECK_OK(ay_image_encode_png(&im, &c, &err), err);
    CHECK_OK(ay_picture_add(s, NULL, "green", "b", c.data, c.len, NULL, &arena, &added, &err), err);
    CHECK(added.created && added.near_sha256[0] && strcmp(added.near_class, "red") == 0);
    CHECK(added.near_similarity > 0.99f);
    ay_image_fini(&im);
    ay_buf_fini(&b), ay_buf_fini(&c);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static ay_status round_trip(const char *dir, fake_encoder *f, const ay_buf *pictures, ay_arena *a)
{
    ay_service_options o = {.data = dir, .embedder = fake_embedder(f), .threads = 1};
    char undo[AY_UNDO_SIZE];
    ay_undo_result r;
    ay_added added = {0};
    ay_picture *list;
    ay_suspects sus;
    ay_decision d;
    const char *next;
    ay_service *s = NULL;
    size_t n;
    ay_status status = ay_service_open(&s, &o, NULL);

    if (status == AY_OK)
        status = ay_class_create(s, NULL, "red", NULL, NULL);
    if (status == AY_EEXISTS)
        status = AY_OK;
    for (int i = 0; i < 2 && status == AY_OK; i++)
        status = ay_picture_add(s, NULL, "red", "f", pictures[i].data, pictures[i].len, NULL, a,
                                &added, NULL);
    if (status == AY_OK)
        status = ay_scan_bytes(s, pictures[2].data, pictures[2].len, NULL, a, &d, NULL);
    if (status == AY_OK)
        status = ay_picture_list(s, NULL, NULL, NULL, 5, a, &list, &n, &next, NULL);
    if (status == AY_OK)
        status = ay_suspects_find(s, NULL, 0, a, &sus, NULL);
    if (status == AY_OK)
        status = ay_picture_delete(s, NULL, added.picture.sha256, undo, NULL);
    if (status == AY_OK)
        status = ay_service_undo(s, undo, &r, NULL);
    ay_service_close(s);
    return status;
}

/* Fail the 1st, 2nd... allocation of this thread in turn: each time a status, no leak, and the folder
 * opens again. */
static void every_allocation_may_fail(void)
{
    const char *dir = fake_folder();
    ay_buf pictures[3] = {{0}};
    long before, n = 0;
    fake_encoder f;
    ay_status status;

    fake_init(&f, 'a');
    for (uint64_t i = 0; i < 3; i++)
        fake_picture(&pictures[i], RED, i);
    before = ay_mem_live();
    do {
        ay_arena a;
        ay_arena_init(&a, 0);
        ay_mem_fail_after(n++);
        status = round_trip(dir, &f, pictures, &a);
        ay_mem_fail_after(-1);
        ay_arena_fini(&a);
        if (status != AY_OK && status != AY_ENOMEM)
            printf("  allocation %ld: %s\n", n, ay_status_name(status));
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == before);
    } while (status != AY_OK);
    CHECK(n > 20);
    for (int i = 0; i < 3; i++)
        ay_buf_fini(&pictures[i]);
    fake_folder_gone(dir);
}

TESTS({"a newcomer teaches and scans", a_newcomer_teaches_and_scans},
      {"a stored picture is what it was called", a_stored_picture_is_what_it_was_called},
      {"bad uploads change nothing", bad_uploads_change_nothing},
      {"adding again changes nothing or moves", adding_again_changes_nothing_or_moves},
      {"deleting can be undone", deleting_can_be_undone},
      {"data sets are separate", data_sets_are_separate},
      {"a restart forgets nothing", a_restart_forgets_nothing},
      {"a new model embeds everything again", a_new_model_embeds_everything_again},
      {"lists show pages and files", lists_show_pages_and_files},
      {"folders go in and out", folders_go_in_and_out},
      {"the check finds what is wrong", the_check_finds_what_is_wrong},
      {"suspects are found", suspects_are_found},
      {"near duplicates are told", near_duplicates_are_told},
      {"every allocation may fail", every_allocation_may_fail})
