/* service/library/library_test.c - the library is made once, keeps its place, and is no data set to scan with. */
#include "service/fake_test.h"
#include "service/export/export.h"
#include "service/library/clusters.h"
#include "service/library/clusters_plain.h"
#include "service/library/duplicates.h"
#include "service/library/intake.h"
#include "service/library/library.h"
#include "service/library/map.h"
#include "service/library/opinions.h"
#include "service/library/review.h"
#include "service/library/shelf.h"
#include "service/library/tags.h"

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

/* Whoever only looks at an absent library finds an empty one, and none is made. */
static void a_question_makes_none(void)
{
    const char *dir = fake_folder(), *sha256 = "00000000000000000000000000000000000000000000000000000000000000aa", *set = NULL;
    ay_export_wish wish = {.format = "csv", .documents = true};
    ay_picture_filter f = {.n = 0};
    ay_cluster_member *members;
    ay_plain_cluster *plain;
    ay_review_point *points;
    ay_opinions_state said;
    ay_shelf_facts facts;
    ay_export *x = NULL;
    ay_duplicates dups;
    ay_shelf_item item;
    ay_shelf_part part;
    ay_clusters groups;
    ay_label *labels;
    fake_encoder e;
    ay_map_view map;
    ay_dataset *list;
    ay_review review;
    bool known = true;
    size_t n, total;
    ay_service *s;
    ay_arena a;
    int dim;

    fake_init(&e, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &e);
    CHECK_OK(ay_shelf_list(s, NULL, &f, 0, 10, &a, &part, &err), err);
    CHECK(part.n == 0 && part.total == 0 && strcmp(part.dataset, "Library") == 0);
    CHECK_OK(ay_shelf_look(s, "", &a, &facts, &err), err);
    CHECK(facts.pictures == 0);
    CHECK(ay_shelf_get(s, NULL, sha256, &a, &item, &err) == AY_ENOTFOUND);
    for (ay_shelf_kind k = AY_SHELF_TAG; k <= AY_SHELF_SAVED; k++) {
        CHECK_OK(ay_label_list(s, k, NULL, &a, &labels, &n, &err), err);
        CHECK(n == 0);
    }
    CHECK_OK(ay_label_tags(s, NULL, &f, &a, &labels, &n, &err), err);
    CHECK_OK(ay_clusters_get(s, NULL, NULL, true, &a, &groups, &err), err);
    CHECK(groups.n == 0 && groups.pictures == 0 && !groups.job && strcmp(groups.dataset, "Library") == 0);
    CHECK_OK(ay_clusters_pictures(s, 0, &set, NULL, false, 0, 10, &a, &members, &n, &total, &err), err);
    CHECK(n == 0 && total == 0);
    CHECK_OK(ay_clusters_plain(s, NULL, &a, &plain, &n, &dim, &err), err);
    CHECK(n == 0);
    CHECK_OK(ay_duplicates_list(s, NULL, AY_TIERS, 0, 10, &a, &dups, &err), err);
    CHECK(dups.n == 0 && !dups.job && strcmp(dups.dataset, "Library") == 0);
    CHECK_OK(ay_map_get(s, NULL, NULL, &a, &map, &err), err);
    CHECK(map.n == 0 && !map.job);
    ay_map_fini(&map);
    CHECK_OK(ay_review_queue(s, NULL, 10, &a, &review, &err), err);
    CHECK(review.n == 0 && strcmp(review.dataset, "Library") == 0);
    CHECK_OK(ay_review_progress(s, NULL, 10, &a, &points, &n, &err), err);
    CHECK(n == 0);
    CHECK_OK(ay_opinions_look(s, NULL, NULL, &a, &said, &err), err);
    CHECK(said.pictures == 0 && strcmp(said.dataset, "Library") == 0);
    CHECK_OK(ay_intake_known(s, NULL, &sha256, 1, &known, &err), err);
    CHECK(!known);
    wish.which.filter = &f;
    CHECK(ay_export_open(&x, s, &wish, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_dataset_list(s, &a, &list, &n, &err), err);
    CHECK(n == 1 && !list[0].library);
    CHECK_OK(ay_class_create(s, part.dataset, "box", NULL, &err), err); /* by the name that the lists told */
    CHECK_OK(ay_dataset_list(s, &a, &list, &n, &err), err);
    CHECK(n == 2 && list[1].library && list[1].classes == 2);
    ay_service_close(s);
    ay_arena_fini(&a);
    fake_folder_gone(dir);
}

TESTS({"a question makes none", a_question_makes_none}, {"made on first use and the same after a restart", made_on_first_use_and_the_same_after_a_restart},
      {"it never scans and comes back when deleted", it_never_scans_and_comes_back_when_deleted})
