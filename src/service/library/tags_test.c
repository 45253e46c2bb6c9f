/* service/library/tags_test.c - everything that a person does with tags, albums, saved searches and pictures: taken back at once, after a restart, and
 * after others have changed things; a second time is refused; and the history says who did it, to which pictures, and that it was taken back. */
#include "service/fake_test.h"
#include "service/library/change.h"
#include "service/library/library.h"
#include "service/library/shelf.h"
#include "service/library/tags.h"

enum { PICTURES = 12 };

static ay_err err;

typedef struct {
    const char *dir, *library, *klass;
    const char *sha256[PICTURES];
    fake_encoder encoder;
    ay_service *s;
    ay_arena a;
} room;

static int64_t id_of(room *r, ay_shelf_kind kind, const char *name)
{
    int64_t id = 0;

    CHECK_OK(ay_label_find(r->s, kind, name, &id, &err), err);
    return id;
}

static void change(room *r, size_t from, size_t n, const ay_change_of_pictures *c, char undo[AY_UNDO_SIZE])
{
    ay_changed out;

    CHECK_OK(ay_change_pictures(r->s, &(ay_which){.sha256 = r->sha256 + from, .n = n}, c, &r->a, &out, &err), err);
    if (undo)
        memcpy(undo, out.undo, AY_UNDO_SIZE);
}

/* Six are red, six round (three both), four in an album, one kept search, one more class and data set. */
static void begin(room *r)
{
    ay_buf b = {0};
    ay_added added;
    char undo[AY_UNDO_SIZE];
    int64_t id;

    memset(r, 0, sizeof *r);
    r->dir = fake_folder();
    fake_init(&r->encoder, 'a');
    ay_arena_init(&r->a, 0);
    r->s = fake_open(r->dir, &r->encoder);
    CHECK_OK(ay_library(r->s, &r->a, &r->library, &r->klass, &err), err);
    for (int i = 0; i < PICTURES; i++) {
        fake_picture(&b, 0x2020d0, (uint64_t)i);
        CHECK_OK(ay_picture_add(r->s, r->library, r->klass, "p.png", b.data, b.len, NULL, &r->a, &added, &err), err);
        r->sha256[i] = ay_arena_strdup(&r->a, added.picture.sha256);
    }
    ay_buf_fini(&b);
    CHECK_OK(ay_class_create(r->s, r->library, "Boards", NULL, &err), err);
    change(r, 0, 6, &(ay_change_of_pictures){.add = {"red"}, .nadd = 1}, NULL);
    change(r, 3, 6, &(ay_change_of_pictures){.add = {"round"}, .nadd = 1}, NULL);
    change(r, 0, 4, &(ay_change_of_pictures){.album_add = "Best"}, NULL);
    CHECK_OK(ay_label_create(r->s, AY_SHELF_SAVED, "Reds", "{\"filter\":{\"tag\":\"red\"}}", &id, undo, &err), err);
}

static void finish(room *r)
{
    ay_service_close(r->s);
    ay_arena_fini(&r->a);
    fake_folder_gone(r->dir);
}

static void reopen(room *r)
{
    ay_service_close(r->s);
    r->s = fake_open(r->dir, &r->encoder);
}

/* All that can be seen: pictures with class and tags, albums in order, labels, saved searches, and the other data set. */
static char *seen(room *r)
{
    static const char *const sets[] = {NULL, "main"};
    ay_picture_filter f = {.n = 0}, album = {.n = 0};
    ay_shelf_part part;
    ay_label *list;
    ay_buf b = {0};
    char *text;
    size_t n;

    for (int d = 0; d < 2; d++) {
        CHECK_OK(ay_shelf_list(r->s, sets[d], &f, 0, 100, &r->a, &part, &err), err);
        for (size_t i = 0; i < part.n; i++) {
            ay_buf_printf(&b, "%.8s %s", part.items[i].sha256, part.items[i].class_name);
            for (int k = 0; k < part.items[i].ntags; k++)
                ay_buf_printf(&b, " +%s", part.items[i].tags[k]);
            ay_buf_puts(&b, "\n");
        }
    }
    for (int k = AY_SHELF_TAG; k <= AY_SHELF_SAVED; k++) {
        CHECK_OK(ay_label_list(r->s, (ay_shelf_kind)k, NULL, &r->a, &list, &n, &err), err);
        for (size_t i = 0; i < n; i++) {
            ay_buf_printf(&b, "%d %s %lld %s:", k, list[i].name, (long long)list[i].pictures, list[i].query);
            if (k != AY_SHELF_ALBUM)
                continue;
            album = (ay_picture_filter){.n = 0};
            CHECK_OK(ay_filter_set(&album, &r->a, "album", list[i].name, NULL, &err), err);
            CHECK_OK(ay_filter_set(&album, &r->a, "order", "album", NULL, &err), err);
            CHECK_OK(ay_shelf_list(r->s, NULL, &album, 0, 100, &r->a, &part, &err), err);
            for (size_t p = 0; p < part.n; p++)
                ay_buf_printf(&b, " %.8s", part.items[p].sha256);
        }
    }
    text = ay_arena_strdup(&r->a, b.data);
    ay_buf_fini(&b);
    return text;
}

/* ---- every act, with what its history has to say */

typedef struct {
    const char *name, *says;
    int pictures; /* that the history is to name */
    int one;      /* a picture that is one of them, where there are any */
    void (*run)(room *r, char undo[AY_UNDO_SIZE]);
} act;

#define CHANGE(from, n, ...) change(r, from, n, &(ay_change_of_pictures){__VA_ARGS__}, undo)

static void add_tags(room *r, char *undo) { CHANGE(2, 4, .add = {"new", "red"}, .nadd = 2); }
static void take_tag(room *r, char *undo) { CHANGE(2, 2, .remove = {"red"}, .nremove = 1); }
static void give_class(room *r, char *undo) { CHANGE(0, 5, .klass = "Boards"); }
static void throw_away(room *r, char *undo) { CHANGE(3, 2, .trash = true); }
static void put_in_album(room *r, char *undo) { CHANGE(3, 5, .album_add = "Best"); }
static void take_from_album(room *r, char *undo) { CHANGE(1, 3, .album_remove = "Best"); }
static void new_album(room *r, char *undo) { CHANGE(3, 5, .album_add = "Second"); }

static void teach(room *r, char *undo)
{
    ay_changed out;

    CHECK_OK(ay_change_teach(r->s, &(ay_which){.sha256 = r->sha256 + 2, .n = 3}, "main", "parts", &r->a, &out, &err), err);
    memcpy(undo, out.undo, AY_UNDO_SIZE);
}

static void rename_tag(room *r, char *undo) { CHECK_OK(ay_label_change(r->s, AY_SHELF_TAG, id_of(r, AY_SHELF_TAG, "red"), "scarlet", NULL, undo, &err), err); }
static void delete_tag(room *r, char *undo) { CHECK_OK(ay_label_delete(r->s, AY_SHELF_TAG, id_of(r, AY_SHELF_TAG, "red"), undo, &err), err); }
static void merge_tags(room *r, char *undo) { CHECK_OK(ay_tag_merge(r->s, id_of(r, AY_SHELF_TAG, "red"), id_of(r, AY_SHELF_TAG, "round"), undo, &err), err); }
static void rename_album(room *r, char *undo) { CHECK_OK(ay_label_change(r->s, AY_SHELF_ALBUM, id_of(r, AY_SHELF_ALBUM, "Best"), "Finest", NULL, undo, &err), err); }
static void delete_album(room *r, char *undo) { CHECK_OK(ay_label_delete(r->s, AY_SHELF_ALBUM, id_of(r, AY_SHELF_ALBUM, "Best"), undo, &err), err); }
static void move_in_album(room *r, char *undo) { CHECK_OK(ay_album_move(r->s, id_of(r, AY_SHELF_ALBUM, "Best"), r->sha256 + 2, 2, r->sha256[0], undo, &err), err); }

static void sort_album(room *r, char *undo)
{
    const char *order[] = {r->sha256[3], r->sha256[1]};

    CHECK_OK(ay_album_order(r->s, id_of(r, AY_SHELF_ALBUM, "Best"), order, 2, undo, &err), err);
}

static int64_t saved_id(room *r)
{
    ay_label *list;
    size_t n;

    CHECK_OK(ay_label_list(r->s, AY_SHELF_SAVED, NULL, &r->a, &list, &n, &err), err);
    CHECK(n == 1);
    return list[0].id;
}

static void new_tag(room *r, char *undo) { int64_t id; CHECK_OK(ay_label_create(r->s, AY_SHELF_TAG, "empty", "", &id, undo, &err), err); }
static void new_saved(room *r, char *undo) { int64_t id; CHECK_OK(ay_label_create(r->s, AY_SHELF_SAVED, "All", "{\"filter\":{}}", &id, undo, &err), err); }
static void rename_saved(room *r, char *undo) { CHECK_OK(ay_label_change(r->s, AY_SHELF_SAVED, saved_id(r), "Crimson", NULL, undo, &err), err); }
static void change_saved(room *r, char *undo) { CHECK_OK(ay_label_change(r->s, AY_SHELF_SAVED, saved_id(r), NULL, "{\"words\":\"gear\"}", undo, &err), err); }
static void delete_saved(room *r, char *undo) { CHECK_OK(ay_label_delete(r->s, AY_SHELF_SAVED, saved_id(r), undo, &err), err); }

static const act acts[] = {
    {"tags on", "tagged \"new\", \"red\"", 4, 3, add_tags},
    {"a tag off", "without the tag \"red\"", 2, 3, take_tag},
    {"a class", "moved to class \"Boards\"", 5, 3, give_class},
    {"deletion", "deleted", 2, 3, throw_away},
    {"teaching", "taught to class \"parts\" of data set \"main\"", 3, 3, teach},
    {"into an album", "put into the album \"Best\"", 4, 4, put_in_album},
    {"out of an album", "taken out of the album \"Best\"", 3, 3, take_from_album},
    {"a new album", "put into the album \"Second\"", 5, 3, new_album},
    {"a tag renamed", "tag \"red\" was renamed to \"scarlet\"", 0, 3, rename_tag},
    {"a tag deleted", "tag \"red\" was deleted", 6, 3, delete_tag},
    {"two tags made one", "tag \"red\" became part of another to \"round\"", 6, 3, merge_tags},
    {"an album renamed", "album \"Best\" was renamed to \"Finest\"", 0, 3, rename_album},
    {"an album sorted", "album \"Best\" was sorted", 0, 3, sort_album},
    {"an album sorted by hand", "album \"Best\" was sorted", 0, 3, move_in_album},
    {"an album deleted", "album \"Best\" was deleted", 4, 3, delete_album},
    {"a tag made", "tag \"empty\" was made", 0, 3, new_tag},
    {"a search kept", "search \"All\" was saved", 0, 3, new_saved},
    {"a search renamed", "saved search \"Reds\" was renamed to \"Crimson\"", 0, 3, rename_saved},
    {"a search changed", "saved search \"Reds\" was changed", 0, 3, change_saved},
    {"a search deleted", "saved search \"Reds\" was deleted", 0, 3, delete_saved},
};
enum { ACTS = sizeof acts / sizeof *acts };

/* The newest lines of the history, of everything or of one picture, say this of so many pictures. */
static void told(room *r, const char *of_one, size_t at, const char *says, int pictures)
{
    const char *next;
    ay_told *list;
    size_t n;

    CHECK_OK(ay_told_list(r->s, of_one, NULL, 5, &r->a, &list, &n, &next, &err), err);
    CHECK(n > at);
    if (!strstr(list[at].text, says) || list[at].pictures != pictures || strcmp(list[at].who, "a person") != 0 || !*list[at].at)
        printf("  %s: \"%s\" of %lld by \"%s\"\n", says, list[at].text, (long long)list[at].pictures, list[at].who);
    CHECK(strstr(list[at].text, says) && list[at].pictures == pictures && strcmp(list[at].who, "a person") == 0 && *list[at].at);
}

static void check_told(room *r, const act *x, bool undone)
{
    told(r, NULL, undone, x->says, x->pictures);
    if (undone)
        told(r, NULL, 0, "taken back: ", x->pictures);
    if (x->pictures)
        told(r, r->sha256[x->one], undone, x->says, x->pictures);
    if (x->pictures && undone)
        told(r, r->sha256[x->one], 0, "taken back: ", x->pictures);
}

static void every_act_is_taken_back(void)
{
    char undo[AY_UNDO_SIZE];
    ay_undo_result back;
    room r;

    begin(&r);
    ay_service_actor("a person");
    for (int restart = 0; restart < 2; restart++)
        for (int i = 0; i < ACTS; i++) {
            const char *before = seen(&r), *after;
            acts[i].run(&r, undo);
            after = seen(&r);
            if (strcmp(before, after) == 0)
                printf("  nothing was changed by: %s\n", acts[i].name);
            CHECK(*undo && strcmp(before, after) != 0);
            check_told(&r, &acts[i], false);
            if (restart)
                reopen(&r);
            CHECK(strcmp(seen(&r), after) == 0);
            CHECK_OK(ay_service_undo(r.s, undo, &back, &err), err);
            if (strcmp(seen(&r), before) != 0)
                printf("  not taken back: %s\n%s\n----\n%s\n", acts[i].name, before, seen(&r));
            CHECK(strcmp(seen(&r), before) == 0);
            check_told(&r, &acts[i], true);
            CHECK(ay_service_undo(r.s, undo, &back, &err) == AY_ENOTFOUND); /* a second time */
            if (restart)
                reopen(&r);
            CHECK(strcmp(seen(&r), before) == 0);
        }
    ay_service_actor("");
    finish(&r);
}

/* All of them one after another, taken back in the opposite order: everything is as it was. */
static void a_chain_is_taken_back(void)
{
    static void (*const chain[])(room *, char *) = {add_tags, give_class, put_in_album, merge_tags, sort_album, teach, throw_away, take_from_album, new_saved};
    enum { LINKS = sizeof chain / sizeof *chain };
    char undo[LINKS][AY_UNDO_SIZE];
    const char *states[LINKS];
    ay_undo_result back;
    room r;

    begin(&r);
    for (int i = 0; i < LINKS; i++) {
        states[i] = seen(&r);
        if (i == LINKS - 2)
            change(&r, 0, 2, &(ay_change_of_pictures){.album_remove = "Best"}, undo[i]);
        else if (i == LINKS - 1)
            new_saved(&r, undo[i]);
        else
            chain[i](&r, undo[i]);
    }
    reopen(&r);
    for (int i = LINKS; i-- > 0;) {
        CHECK_OK(ay_service_undo(r.s, undo[i], &back, &err), err);
        CHECK(strcmp(seen(&r), states[i]) == 0);
    }
    finish(&r);
}

/* What others did since stays; what stands in the way is said, and nothing of the undo is done. */
static void others_changes_stay(void)
{
    char first[AY_UNDO_SIZE], second[AY_UNDO_SIZE];
    ay_undo_result back;
    ay_shelf_item item;
    const char *before;
    room r;

    begin(&r);
    change(&r, 0, 3, &(ay_change_of_pictures){.add = {"old"}, .nadd = 1}, first);
    change(&r, 0, 1, &(ay_change_of_pictures){.remove = {"old"}, .nremove = 1}, second); /* another person takes it off one */
    CHECK_OK(ay_service_undo(r.s, first, &back, &err), err);
    CHECK_OK(ay_shelf_get(r.s, NULL, r.sha256[1], &r.a, &item, &err), err);
    CHECK(item.ntags == 1 && strcmp(item.tags[0], "red") == 0);
    delete_tag(&r, first);
    CHECK_OK(ay_label_create(r.s, AY_SHELF_TAG, "red", "", &(int64_t){0}, second, &err), err);
    before = seen(&r);
    CHECK(ay_service_undo(r.s, first, &back, &err) == AY_ECONFLICT && strstr(err.msg, "red"));
    CHECK(strcmp(seen(&r), before) == 0);
    CHECK_OK(ay_service_undo(r.s, second, &back, &err), err);
    CHECK_OK(ay_service_undo(r.s, first, &back, &err), err); /* the way is free */
    CHECK_OK(ay_shelf_get(r.s, NULL, r.sha256[0], &r.a, &item, &err), err);
    CHECK(item.ntags == 1 && strcmp(item.tags[0], "red") == 0);
    finish(&r);
}

static void albums_are_sorted_by_hand(void)
{
    const char *list[3];
    char undo[AY_UNDO_SIZE];
    int64_t album, tag;
    ay_label *albums;
    size_t n;
    room r;

    begin(&r);
    album = id_of(&r, AY_SHELF_ALBUM, "best");
    tag = id_of(&r, AY_SHELF_TAG, "red");
    list[0] = r.sha256[3], list[1] = r.sha256[9], list[2] = r.sha256[1]; /* the one in the middle is not in it */
    CHECK_OK(ay_album_move(r.s, album, list, 3, r.sha256[0], undo, &err), err);
    CHECK_OK(ay_label_list(r.s, AY_SHELF_ALBUM, NULL, &r.a, &albums, &n, &err), err);
    CHECK(n == 1 && albums[0].pictures == 4 && strcmp(albums[0].cover, r.sha256[3]) == 0); /* the first is the cover */
    CHECK_OK(ay_album_move(r.s, album, list, 1, NULL, undo, &err), err); /* to the end */
    CHECK_OK(ay_label_list(r.s, AY_SHELF_ALBUM, NULL, &r.a, &albums, &n, &err), err);
    CHECK(strcmp(albums[0].cover, r.sha256[1]) == 0);
    CHECK(ay_album_move(r.s, album, list + 1, 1, NULL, undo, &err) == AY_ENOTFOUND);
    CHECK(ay_album_move(r.s, album, list, 1, r.sha256[9], undo, &err) == AY_ENOTFOUND);
    CHECK(ay_album_move(r.s, 4711, list, 1, NULL, undo, &err) == AY_ENOTFOUND);
    CHECK(ay_tag_merge(r.s, tag, tag, undo, &err) == AY_EINVAL && ay_tag_merge(r.s, tag, 4711, undo, &err) == AY_ENOTFOUND);
    finish(&r);
}

TESTS({"every act is taken back", every_act_is_taken_back},
      {"a chain is taken back", a_chain_is_taken_back},
      {"others' changes stay", others_changes_stay},
      {"albums are sorted by hand", albums_are_sorted_by_hand})
