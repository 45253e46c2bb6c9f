/* What every store driver owes tags, albums, saved searches, acts and the history.  As contract_test.c: ASSAY_TEST_STORE is the URL
 * of an empty database to hold to it. */
#include "store/tags.h"

#include "base/clock.h"
#include "base/test.h"
#include "store/folder_test.h"

static ay_err err;
static ay_arena arena;

static void clean(void)
{
    ay_arena_fini(&arena);
}

static ay_store *open_store(void)
{
    static const char *dir;
    char url[96];
    ay_store *s = NULL;

    if (!dir) {
        dir = fresh_folder();
        ay_arena_init(&arena, 0);
        atexit(clean);
    }
    snprintf(url, sizeof url, "sqlite:%s/t.db", dir);
    CHECK_OK(ay_store_open(&s, getenv("ASSAY_TEST_STORE") ? getenv("ASSAY_TEST_STORE") : url, &err), err);
    return s;
}

/* A data set with a class each of whose n pictures is new; digests and places in the arena. */
typedef struct {
    int64_t dataset, klass, other;
    const char **sha256;
    ay_store_place *place;
    size_t n;
} yard;

static const char *word(void)
{
    char *w = ay_arena_alloc(&arena, 17);

    ay_random_hex(w, 8);
    return w;
}

static yard make(ay_store *s, size_t n)
{
    yard y = {.n = n};

    CHECK_OK(ay_store_dataset_create(s, word(), &y.dataset, &err), err);
    CHECK_OK(ay_store_class_create(s, y.dataset, "first", &y.klass, &err), err);
    CHECK_OK(ay_store_class_create(s, y.dataset, "second", &y.other, &err), err);
    y.sha256 = ay_arena_alloc(&arena, n * sizeof *y.sha256);
    y.place = ay_arena_alloc(&arena, n * sizeof *y.place);
    CHECK_OK(ay_store_begin(s, &err), err);
    for (size_t i = 0; i < n; i++) {
        char *hex = ay_arena_alloc(&arena, AY_SHA256_HEX);
        ay_store_picture p = {.sha256 = hex, .format = "png", .width = 8, .height = 8, .bytes = 100};
        ay_store_added added;
        ay_random_hex(hex, 32);
        CHECK_OK(ay_store_member_add(s, y.klass, "a.png", &p, NULL, &added, &err), err);
        y.sha256[i] = hex;
        y.place[i] = (ay_store_place){added.id, y.klass, hex};
    }
    CHECK_OK(ay_store_commit(s, &err), err);
    return y;
}

typedef struct {
    int64_t label;
    size_t n;
    const char *first;
} counting;

static ay_status count_one(void *ctx, int64_t label, const char *sha256, ay_err *e)
{
    counting *c = ctx;

    (void)e;
    if (label != c->label)
        return AY_OK;
    if (c->n++ == 0)
        c->first = ay_arena_strdup(&arena, sha256);
    return AY_OK;
}

static counting look(ay_store *s, ay_shelf_kind kind, int64_t label)
{
    counting c = {.label = label, .first = ""};

    CHECK_OK(ay_store_label_walk(s, kind, count_one, &c, &err), err);
    return c;
}

static int64_t live_in(ay_store *s, int64_t klass)
{
    ay_store_class *list;
    size_t n = 0;
    ay_store_dataset *sets;
    size_t nsets = 0;

    CHECK_OK(ay_store_dataset_list(s, &arena, &sets, &nsets, &err), err);
    for (size_t d = 0; d < nsets; d++) {
        CHECK_OK(ay_store_class_list(s, sets[d].id, &arena, &list, &n, &err), err);
        for (size_t i = 0; i < n; i++)
            if (list[i].id == klass)
                return list[i].pictures;
    }
    return -1;
}

enum { MANY = 2345 }; /* more than a row of an act holds, and no multiple of anything */

static void tags_go_on_once_and_come_off_again(void)
{
    ay_store *s = open_store();
    yard y = make(s, MANY);
    ay_store_restored r;
    char token[AY_TOKEN_SIZE], second[AY_TOKEN_SIZE];
    int64_t tag = 0, act = 0, changed = 0;

    CHECK_OK(ay_store_label_create(s, AY_SHELF_TAG, word(), "", &tag, &err), err);
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "tags", y.dataset, token, &act, &err), err);
    CHECK_OK(ay_store_tag_put(s, act, tag, y.sha256, 10, &changed, &err), err);
    CHECK(changed == 10);
    CHECK_OK(ay_store_commit(s, &err), err);

    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "tags", y.dataset, second, &act, &err), err);
    CHECK_OK(ay_store_tag_put(s, act, tag, y.sha256, y.n, &changed, &err), err);
    CHECK(changed == MANY - 10);
    CHECK_OK(ay_store_tag_put(s, act, tag, y.sha256, y.n, &changed, &err), err);
    CHECK(changed == 0);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(look(s, AY_SHELF_TAG, tag).n == MANY);

    CHECK_OK(ay_store_undo(s, second, &r, &err), err); /* the ten that had it before keep it */
    CHECK(r.tagged == MANY - 10 && r.touched == AY_TOUCHED_TAGS && look(s, AY_SHELF_TAG, tag).n == 10);
    CHECK(ay_store_undo(s, second, &r, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK(r.tagged == 10 && look(s, AY_SHELF_TAG, tag).n == 0);
    ay_store_close(s);
}

static void taking_a_tag_is_undone_and_a_deleted_tag_comes_back(void)
{
    ay_store *s = open_store();
    yard y = make(s, 30);
    ay_store_restored r;
    char token[AY_TOKEN_SIZE], gone[AY_TOKEN_SIZE];
    const char *name = word();
    int64_t tag = 0, again = 0, act = 0, changed = 0;

    CHECK_OK(ay_store_label_create(s, AY_SHELF_TAG, name, "", &tag, &err), err);
    CHECK(ay_store_label_create(s, AY_SHELF_TAG, name, "", &again, &err) == AY_EEXISTS);
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_tag_put(s, 0, tag, y.sha256, 30, &changed, &err), err);
    CHECK_OK(ay_store_act(s, "tags", 0, token, &act, &err), err);
    CHECK_OK(ay_store_tag_take(s, act, tag, y.sha256 + 20, 10, &changed, &err), err);
    CHECK(changed == 10);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK(look(s, AY_SHELF_TAG, tag).n == 30);

    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, name, 0, gone, &act, &err), err);
    CHECK_OK(ay_store_label_trash(s, AY_SHELF_TAG, act, tag, &err), err);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(look(s, AY_SHELF_TAG, tag).n == 0);
    CHECK_OK(ay_store_label_create(s, AY_SHELF_TAG, name, "", &again, &err), err);
    CHECK(ay_store_undo(s, gone, &r, &err) == AY_ECONFLICT);
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, name, 0, token, &act, &err), err);
    CHECK_OK(ay_store_label_rename(s, AY_SHELF_TAG, act, again, word(), &err), err);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK_OK(ay_store_undo(s, gone, &r, &err), err);
    CHECK(r.others == 1 && look(s, AY_SHELF_TAG, tag).n == 30);
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ECONFLICT); /* its old name is taken again */
    ay_store_close(s);
}

static void names_that_cannot_be_tags_are_refused(void)
{
    ay_store *s = open_store();
    int64_t id = 0;

    CHECK(ay_store_label_create(s, AY_SHELF_TAG, "-old", "", &id, &err) == AY_EINVAL);
    CHECK(ay_store_label_create(s, AY_SHELF_TAG, "a,b", "", &id, &err) == AY_EINVAL);
    CHECK(ay_store_label_create(s, AY_SHELF_TAG, "", "", &id, &err) == AY_EINVAL);
    CHECK(ay_store_label_create(s, AY_SHELF_TAG, "\xff", "", &id, &err) == AY_EINVAL);
    CHECK(ay_store_label_rename(s, AY_SHELF_TAG, 1, 999999999, "x", &err) == AY_ENOTFOUND);
    ay_store_close(s);
}

static void albums_keep_an_order_and_get_it_back(void)
{
    ay_store *s = open_store();
    yard y = make(s, 5);
    ay_store_restored r;
    char token[AY_TOKEN_SIZE], second[AY_TOKEN_SIZE];
    const char *order[] = {y.sha256[3], y.sha256[1]};
    int64_t album = 0, act = 0, changed = 0;

    CHECK_OK(ay_store_label_create(s, AY_SHELF_ALBUM, word(), "", &album, &err), err);
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "album", 0, token, &act, &err), err);
    CHECK_OK(ay_store_album_put(s, act, album, y.sha256, 4, &changed, &err), err);
    CHECK_OK(ay_store_album_put(s, act, album, y.sha256, 5, &changed, &err), err);
    CHECK(changed == 1);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(strcmp(look(s, AY_SHELF_ALBUM, album).first, y.sha256[0]) == 0);

    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "album", 0, second, &act, &err), err);
    CHECK_OK(ay_store_album_order(s, act, album, order, 2, &err), err);
    CHECK_OK(ay_store_album_take(s, act, album, y.sha256, 1, &changed, &err), err);
    CHECK(changed == 1);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(look(s, AY_SHELF_ALBUM, album).n == 4 && strcmp(look(s, AY_SHELF_ALBUM, album).first, y.sha256[3]) == 0);
    CHECK_OK(ay_store_undo(s, second, &r, &err), err);
    CHECK(look(s, AY_SHELF_ALBUM, album).n == 5 && strcmp(look(s, AY_SHELF_ALBUM, album).first, y.sha256[0]) == 0);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK(look(s, AY_SHELF_ALBUM, album).n == 0);
    ay_store_close(s);
}

static void many_pictures_move_and_go_by_one_token(void)
{
    ay_store *s = open_store();
    yard y = make(s, MANY);
    ay_store_restored r;
    char token[AY_TOKEN_SIZE], gone[AY_TOKEN_SIZE], klass[AY_TOKEN_SIZE];
    int64_t act = 0, moved = 0;

    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "move", y.dataset, token, &act, &err), err);
    CHECK_OK(ay_store_members_move(s, act, y.place, y.n, y.other, &moved, &err), err);
    CHECK(moved == MANY);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(live_in(s, y.other) == MANY && live_in(s, y.klass) == 0);

    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "delete", y.dataset, gone, &act, &err), err);
    CHECK_OK(ay_store_members_trash(s, act, y.place, 1000, &err), err);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(live_in(s, y.other) == MANY - 1000);
    CHECK_OK(ay_store_undo(s, gone, &r, &err), err);
    CHECK(r.pictures == 1000 && r.dataset == y.dataset && (r.touched & AY_TOUCHED_MEMBERS) && live_in(s, y.other) == MANY);

    CHECK_OK(ay_store_class_trash(s, y.klass, klass, &err), err);
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ECONFLICT); /* where they came from is gone */
    CHECK(live_in(s, y.other) == MANY);
    CHECK_OK(ay_store_undo(s, klass, &r, &err), err);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK(r.pictures == MANY && live_in(s, y.klass) == MANY && live_in(s, y.other) == 0);
    ay_store_close(s);
}

static void copies_teach_another_data_set_and_are_taken_back(void)
{
    ay_store *s = open_store();
    yard y = make(s, 250), z = make(s, 1);
    ay_store_restored r;
    char token[AY_TOKEN_SIZE];
    int64_t act = 0, added = 0;

    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "teach", z.dataset, token, &act, &err), err);
    CHECK_OK(ay_store_members_copy(s, act, y.place, y.n, z.other, 5, NULL, &added, &err), err);
    CHECK(added == 250);
    CHECK_OK(ay_store_members_copy(s, act, y.place, y.n, z.klass, 5, NULL, &added, &err), err);
    CHECK(added == 0); /* there already, in a class of it */
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(live_in(s, z.other) == 250 && live_in(s, y.klass) == 250);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK(r.pictures == 250 && r.dataset == z.dataset && live_in(s, z.other) == 0 && live_in(s, z.klass) == 1);
    ay_store_close(s);
}

static void history_tells_who_and_about_which_pictures(void)
{
    ay_store *s = open_store();
    yard y = make(s, 300);
    ay_store_told *list;
    size_t n = 0;

    ay_store_actor("192.168.1.7");
    CHECK_OK(ay_store_history(s, "pictures.change", "blue", "{\"add\":[\"blue\"]}", y.sha256, 300, &err), err);
    ay_store_actor("");
    CHECK_OK(ay_store_event_add(s, "note", "x", "", &err), err);
    CHECK_OK(ay_store_told_list(s, y.sha256[299], 0, 10, &arena, &list, &n, &err), err);
    CHECK(n == 2); /* and that it was added */
    CHECK(strcmp(list[0].code, "pictures.change") == 0 && strcmp(list[0].who, "192.168.1.7") == 0 && list[0].pictures == 300);
    CHECK(strcmp(list[0].detail, "{\"add\":[\"blue\"]}") == 0 && strcmp(list[1].code, "picture.add") == 0 && !*list[1].who);
    CHECK_OK(ay_store_told_list(s, NULL, 0, 1, &arena, &list, &n, &err), err);
    CHECK(n == 1 && strcmp(list[0].code, "note") == 0);
    CHECK_OK(ay_store_told_list(s, NULL, list[0].id, 1, &arena, &list, &n, &err), err);
    CHECK(n == 1 && strcmp(list[0].code, "pictures.change") == 0);
    ay_store_close(s);
}

static void purging_forgets_what_was_kept_for_undo(void)
{
    ay_store *s = open_store();
    yard y = make(s, 3);
    ay_store_restored r;
    char token[AY_TOKEN_SIZE], gone[AY_TOKEN_SIZE];
    const char **digests;
    int64_t tag = 0, act = 0, changed = 0;
    size_t n = 0;

    CHECK_OK(ay_store_label_create(s, AY_SHELF_TAG, word(), "", &tag, &err), err);
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, "tags", 0, token, &act, &err), err);
    CHECK_OK(ay_store_tag_put(s, act, tag, y.sha256, 3, &changed, &err), err);
    CHECK_OK(ay_store_act(s, "delete", y.dataset, gone, &act, &err), err);
    CHECK_OK(ay_store_members_trash(s, act, y.place, 2, &err), err);
    CHECK_OK(ay_store_label_trash(s, AY_SHELF_TAG, act, tag, &err), err);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK_OK(ay_store_purge(s, ay_clock_wall() + 1000000, &arena, &digests, &n, &err), err);
    CHECK(n >= 2);
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ENOTFOUND && ay_store_undo(s, gone, &r, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_check(s, &err), err);
    ay_store_close(s);
}

static void saved_searches_change_and_change_back(void)
{
    ay_store *s = open_store();
    ay_store_label *list;
    ay_store_restored r;
    char token[AY_TOKEN_SIZE];
    const char *name = word(), *query = NULL;
    int64_t id = 0, act = 0;
    size_t n = 0;

    CHECK_OK(ay_store_label_create(s, AY_SHELF_SAVED, name, "{\"tag\":[\"blue\"]}", &id, &err), err);
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_act(s, name, 0, token, &act, &err), err);
    CHECK_OK(ay_store_saved_query(s, act, id, "{}", &err), err);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK_OK(ay_store_label_list(s, AY_SHELF_SAVED, &arena, &list, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        if (list[i].id == id)
            query = list[i].query;
    CHECK(query && strcmp(query, "{\"tag\":[\"blue\"]}") == 0);
    ay_store_close(s);
}

TESTS({"tags go on once and come off again", tags_go_on_once_and_come_off_again},
      {"taking a tag is undone, and a deleted tag comes back", taking_a_tag_is_undone_and_a_deleted_tag_comes_back},
      {"names that cannot be tags are refused", names_that_cannot_be_tags_are_refused},
      {"albums keep an order and get it back", albums_keep_an_order_and_get_it_back},
      {"many pictures move and go by one token", many_pictures_move_and_go_by_one_token},
      {"copies teach another data set and are taken back", copies_teach_another_data_set_and_are_taken_back},
      {"history tells who, and about which pictures", history_tells_who_and_about_which_pictures},
      {"purging forgets what was kept for undo", purging_forgets_what_was_kept_for_undo},
      {"saved searches change and change back", saved_searches_change_and_change_back})
