/* What every store driver owes its callers.  ASSAY_TEST_STORE is the URL of an empty database to hold
 * to it; without it SQLite in a temporary folder.  Each case works in data sets of its own, so a
 * database server needs no cleaning between cases. */
#include "store/store.h"

#include "base/mem.h"
#include "base/test.h"
#include "store/folder_test.h"

#include <pthread.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const float v3[] = {1, 0, -0.25f};
static ay_err err;

static const char *url(void)
{
    static char text[96];

    if (getenv("ASSAY_TEST_STORE"))
        return getenv("ASSAY_TEST_STORE");
    if (!text[0])
        snprintf(text, sizeof text, "sqlite:%s/c.db", fresh_folder());
    return text;
}

static ay_store *open_store(void)
{
    ay_store *s = NULL;

    CHECK_OK(ay_store_open(&s, url(), &err), err);
    return s;
}

/* A new data set with a class; *id the class. */
static int64_t new_dataset(ay_store *s, int64_t *class_id)
{
    char name[33];
    int64_t id;

    ay_random_hex(name, 16);
    CHECK_OK(ay_store_dataset_create(s, name, &id, &err), err);
    CHECK_OK(ay_store_class_create(s, id, "first", class_id, &err), err);
    return id;
}

static ay_store_picture picture(char hex[AY_SHA256_HEX])
{
    ay_random_hex(hex, 32);
    return (ay_store_picture){hex, "jpeg", 640, 480, 12345, 0xfedcba9876543210u, 1700000000000000, 1600000000000000, "Canon EOS"};
}

static ay_store_vector vector(const float *data)
{
    return (ay_store_vector){DIGEST_A, DIGEST_B, data, 3};
}

static int64_t add(ay_store *s, int64_t class_id, char hex[AY_SHA256_HEX])
{
    ay_store_picture p = picture(hex);
    ay_store_vector v = vector(v3);
    ay_store_added added;

    CHECK_OK(ay_store_member_add(s, class_id, "a.jpg", &p, &v, &added, &err), err);
    CHECK(added.created && !added.moved);
    return added.id;
}

static size_t count(ay_store *s, int64_t dataset, int64_t class_id)
{
    ay_store_member *m;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_store_member_list(s, dataset, class_id, 0, 1000, &a, &m, &n, &err), err);
    ay_arena_fini(&a);
    return n;
}

static void names_are_unique_and_kept(void)
{
    /* 120 bytes: 30 characters of four bytes; and one that differs in case only. */
    static const char four[] = "\xf0\x9f\x94\xa9";
    char big[AY_NAME_MAX + 1] = "";
    ay_store *s = open_store();
    int64_t class_id, id, d = new_dataset(s, &class_id);
    ay_store_class *list;
    ay_arena a;
    size_t n;

    for (int i = 0; i < 30; i++)
        strcat(big, four);
    ay_arena_init(&a, 0);
    CHECK_OK(ay_store_class_create(s, d, big, &id, &err), err);
    CHECK_OK(ay_store_class_create(s, d, "First", &id, &err), err);
    CHECK_OK(ay_store_class_create(s, d, "f\xc3\xaerst", &id, &err), err);
    CHECK(ay_store_class_create(s, d, "first", &id, &err) == AY_EEXISTS);
    CHECK(ay_store_class_rename(s, class_id, big, &err) == AY_EEXISTS);
    CHECK_OK(ay_store_class_rename(s, class_id, "first", &err), err); /* to itself */
    CHECK_OK(ay_store_class_rename(s, class_id, "1st", &err), err);
    CHECK_OK(ay_store_class_list(s, d, &a, &list, &n, &err), err);
    CHECK(n == 4 && strcmp(list[0].name, "1st") == 0 && strcmp(list[1].name, big) == 0);
    CHECK(list[0].id == class_id && list[0].position < list[1].position && list[0].created_us > 0);
    CHECK(ay_store_class_create(s, d + 1000000, "x", &id, &err) == AY_ENOTFOUND);
    CHECK(ay_store_class_rename(s, id + 1000000, "x", &err) == AY_ENOTFOUND);
    ay_arena_fini(&a);
    ay_store_close(s);
}

static void what_does_not_fit_is_refused(void)
{
    static const char *const bad[] = {"", " x", "x ", "a\nb", "\x7f", "\xff", "\xc0\x80", NULL};
    float nan3[] = {0, 0, 0};
    char big[AY_FILE_MAX + 2], hex[AY_SHA256_HEX];
    ay_store *s = open_store();
    ay_store_picture p = picture(hex);
    ay_store_vector v = vector(nan3);
    int64_t class_id, id, d = new_dataset(s, &class_id);
    ay_store_added added;

    for (int i = 0; bad[i]; i++) {
        CHECK(ay_store_dataset_create(s, bad[i], &id, &err) == AY_EINVAL);
        CHECK(ay_store_class_create(s, d, bad[i], &id, &err) == AY_EINVAL);
    }
    memset(big, 'x', sizeof big);
    big[AY_NAME_MAX + 1] = '\0';
    CHECK(ay_store_class_create(s, d, big, &id, &err) == AY_EINVAL);
    big[AY_NAME_MAX + 1] = 'x';
    big[AY_FILE_MAX + 1] = '\0';
    CHECK(ay_store_member_add(s, class_id, big, &p, NULL, &added, &err) == AY_EINVAL);
    big[AY_FILE_MAX] = '\0';
    nan3[1] = 0.0f / nan3[0];
    CHECK(ay_store_member_add(s, class_id, big, &p, &v, &added, &err) == AY_EINVAL);
    p.sha256 = "ABC";
    CHECK(ay_store_member_add(s, class_id, big, &p, NULL, &added, &err) == AY_EINVAL);
    p = picture(hex);
    p.width = 0;
    CHECK(ay_store_member_add(s, class_id, big, &p, NULL, &added, &err) == AY_EINVAL);
    CHECK(count(s, d, 0) == 0);
    p = picture(hex);
    CHECK_OK(ay_store_member_add(s, class_id, big, &p, NULL, &added, &err), err);
    CHECK(ay_store_member_add(s, class_id + 1000000, big, &p, NULL, &added, &err) == AY_ENOTFOUND);
    ay_store_close(s);
}

static void pictures_come_back_as_they_were(void)
{
    char hex[AY_SHA256_HEX];
    ay_store *s = open_store();
    int64_t class_id, d = new_dataset(s, &class_id), id = add(s, class_id, hex);
    ay_store_member *m;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_store_member_list(s, d, 0, 0, 10, &a, &m, &n, &err), err);
    CHECK(n == 1 && m->id == id && m->dataset == d && m->class_id == class_id);
    CHECK(strcmp(m->file, "a.jpg") == 0 && m->added_us > 0);
    CHECK(strcmp(m->picture.sha256, hex) == 0 && strcmp(m->picture.format, "jpeg") == 0);
    CHECK(m->picture.width == 640 && m->picture.height == 480 && m->picture.bytes == 12345);
    CHECK(m->picture.taken_us == 1600000000000000 && strcmp(m->picture.camera, "Canon EOS") == 0);
    CHECK(m->picture.phash == 0xfedcba9876543210u && m->picture.created_us == 1700000000000000);
    ay_arena_fini(&a);
    ay_store_close(s);
}

static void a_picture_is_in_one_class(void)
{
    char hex[AY_SHA256_HEX];
    ay_store *s = open_store();
    int64_t class_id, second, other, d = new_dataset(s, &class_id);
    ay_store_picture p = picture(hex);
    ay_store_added added, again;

    CHECK_OK(ay_store_class_create(s, d, "second", &second, &err), err);
    CHECK_OK(ay_store_member_add(s, class_id, "", &p, NULL, &added, &err), err);
    CHECK_OK(ay_store_member_add(s, class_id, "b", &p, NULL, &again, &err), err);
    CHECK(again.id == added.id && !again.created && !again.moved);
    CHECK_OK(ay_store_member_add(s, second, "", &p, NULL, &again, &err), err);
    CHECK(again.id == added.id && again.moved && again.from_class == class_id && !again.created);
    CHECK(count(s, d, class_id) == 0 && count(s, d, second) == 1);
    CHECK_OK(ay_store_member_move(s, added.id, class_id, &err), err);
    CHECK(count(s, d, class_id) == 1 && count(s, d, second) == 0);
    new_dataset(s, &other); /* another data set holds its own */
    CHECK(ay_store_member_move(s, added.id, other, &err) == AY_EINVAL);
    CHECK_OK(ay_store_member_add(s, other, "", &p, NULL, &again, &err), err);
    CHECK(again.created && count(s, d, 0) == 1);
    CHECK(ay_store_member_move(s, again.id + 1000000, other, &err) == AY_ENOTFOUND);
    ay_store_close(s);
}

static void lists_come_in_pages(void)
{
    ay_store *s = open_store();
    int64_t class_id, d = new_dataset(s, &class_id), ids[7], before = 0;
    size_t n, seen = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    for (int i = 0; i < 7; i++) {
        char hex[AY_SHA256_HEX];
        ids[i] = add(s, class_id, hex);
    }
    do {
        ay_store_member *m;
        CHECK_OK(ay_store_member_list(s, d, class_id, before, 3, &a, &m, &n, &err), err);
        CHECK(n <= 3);
        for (size_t i = 0; i < n; i++)
            CHECK(m[i].id == ids[6 - seen++]);
        before = n ? m[n - 1].id : 0;
    } while (n == 3);
    CHECK(seen == 7);
    ay_arena_fini(&a);
    ay_store_close(s);
}

typedef struct {
    int rows, vectors;
    float first, last;
    ay_status answer;
} seen;

static ay_status look(void *ctx, const ay_store_member *m, const ay_store_vector *v, ay_err *e)
{
    seen *w = ctx;

    (void)e;
    w->rows++;
    w->vectors += v->dim > 0;
    if (v->dim == 3) {
        w->first = v->data[0];
        w->last = v->data[2];
    }
    return strlen(m->picture.sha256) == 64 ? w->answer : AY_ECORRUPT;
}

static void vectors_belong_to_their_digests(void)
{
    float other[] = {0, 0.5f, 3.4e-12f};
    char hex[AY_SHA256_HEX];
    ay_store *s = open_store();
    int64_t class_id, d = new_dataset(s, &class_id);
    ay_store_vector v = vector(other);
    seen w = {0};

    add(s, class_id, hex);
    CHECK_OK(ay_store_member_walk(s, d, DIGEST_A, DIGEST_B, look, &w, &err), err);
    CHECK(w.rows == 1 && w.vectors == 1 && w.first == 1.0f && w.last == -0.25f);
    w = (seen){0};
    CHECK_OK(ay_store_member_walk(s, d, DIGEST_B, DIGEST_B, look, &w, &err), err);
    CHECK(w.rows == 1 && w.vectors == 0);
    w = (seen){0};
    CHECK_OK(ay_store_member_walk(s, d, DIGEST_A, DIGEST_A, look, &w, &err), err);
    CHECK(w.rows == 1 && w.vectors == 0);
    CHECK_OK(ay_store_vector_put(s, hex, &v, &err), err); /* replaces */
    CHECK_OK(ay_store_member_walk(s, d, DIGEST_A, DIGEST_B, look, &w, &err), err);
    CHECK(w.vectors == 1 && w.first == 0 && w.last == other[2]);
    w.answer = AY_ECANCELLED;
    CHECK(ay_store_member_walk(s, d, DIGEST_A, DIGEST_B, look, &w, &err) == AY_ECANCELLED);
    CHECK(ay_store_vector_put(s, DIGEST_A, &v, &err) == AY_ENOTFOUND);
    ay_store_close(s);
}

static void undo_brings_back_what_went(void)
{
    char hex[2][AY_SHA256_HEX], one[AY_TOKEN_SIZE], two[AY_TOKEN_SIZE], all[AY_TOKEN_SIZE];
    ay_store *s = open_store();
    int64_t class_id, id, d = new_dataset(s, &class_id);
    int64_t m0 = add(s, class_id, hex[0]);
    ay_store_restored r;

    add(s, class_id, hex[1]);
    CHECK_OK(ay_store_member_trash(s, m0, one, &err), err);
    CHECK(ay_store_member_trash(s, m0, two, &err) == AY_ENOTFOUND);
    CHECK(count(s, d, 0) == 1 && strlen(one) == 32);
    CHECK_OK(ay_store_class_trash(s, class_id, two, &err), err);
    CHECK(count(s, d, 0) == 0);
    CHECK(ay_store_undo(s, one, &r, &err) == AY_ECONFLICT); /* its class is gone */
    CHECK(strstr(err.msg, "\"first\""));
    CHECK_OK(ay_store_dataset_trash(s, d, all, &err), err);
    CHECK(ay_store_undo(s, two, &r, &err) == AY_ECONFLICT); /* its data set is gone */
    CHECK_OK(ay_store_undo(s, all, &r, &err), err);
    CHECK(r.datasets == 1 && r.classes == 0 && r.pictures == 0 && r.dataset == d);
    CHECK_OK(ay_store_undo(s, two, &r, &err), err);
    CHECK(r.classes == 1 && r.pictures == 1 && count(s, d, class_id) == 1);
    CHECK_OK(ay_store_undo(s, one, &r, &err), err);
    CHECK(r.pictures == 1 && count(s, d, class_id) == 2);
    CHECK(ay_store_undo(s, one, &r, &err) == AY_ENOTFOUND);
    CHECK(ay_store_undo(s, "", &r, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_class_trash(s, class_id, one, &err), err);
    CHECK_OK(ay_store_class_create(s, d, "first", &id, &err), err); /* the name is free again */
    CHECK(ay_store_undo(s, one, &r, &err) == AY_ECONFLICT);
    CHECK_OK(ay_store_class_rename(s, id, "another", &err), err);
    CHECK_OK(ay_store_undo(s, one, &r, &err), err);
    CHECK(r.pictures == 2);
    ay_store_close(s);
}

static void undo_keeps_what_was_added_again(void)
{
    char hex[AY_SHA256_HEX], token[AY_TOKEN_SIZE];
    ay_store *s = open_store();
    int64_t class_id, second, d = new_dataset(s, &class_id), m = add(s, class_id, hex);
    ay_store_picture p = {hex, "jpeg", 1, 1, 1, 0, 0, 0, NULL};
    ay_store_restored r;
    ay_store_added added;

    CHECK_OK(ay_store_class_create(s, d, "second", &second, &err), err);
    CHECK_OK(ay_store_member_trash(s, m, token, &err), err);
    CHECK_OK(ay_store_member_add(s, second, "", &p, NULL, &added, &err), err);
    CHECK(added.created && added.id != m);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK(r.pictures == 0 && count(s, d, 0) == 1 && count(s, d, second) == 1);
    ay_store_close(s);
}

static bool listed(const char **list, size_t n, const char *hex)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], hex) == 0)
            return true;
    return false;
}

static void purge_forgets_only_old_trash(void)
{
    char hex[3][AY_SHA256_HEX], token[AY_TOKEN_SIZE];
    ay_store *s = open_store();
    int64_t class_id, other, d = new_dataset(s, &class_id), m = add(s, class_id, hex[0]);
    ay_store_picture p = {hex[1], "png", 5, 5, 5, 0, 0, 0, NULL};
    ay_store_restored r;
    ay_store_added added;
    const char **gone;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    add(s, class_id, hex[1]);
    add(s, class_id, hex[2]);
    new_dataset(s, &other);
    CHECK_OK(ay_store_member_add(s, other, "", &p, NULL, &added, &err), err);
    CHECK_OK(ay_store_member_trash(s, m, token, &err), err);
    CHECK_OK(ay_store_purge(s, 1, &a, &gone, &n, &err), err); /* nothing is that old */
    CHECK(!listed(gone, n, hex[0]));
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK_OK(ay_store_dataset_trash(s, d, token, &err), err);
    CHECK_OK(ay_store_purge(s, INT64_MAX, &a, &gone, &n, &err), err);
    CHECK(listed(gone, n, hex[0]) && listed(gone, n, hex[2]));
    CHECK(!listed(gone, n, hex[1])); /* still in the other data set */
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_picture_list(s, &a, &gone, &n, &err), err);
    CHECK(listed(gone, n, hex[1]) && !listed(gone, n, hex[0]));
    CHECK_OK(ay_store_check(s, &err), err);
    ay_arena_fini(&a);
    ay_store_close(s);
}

static void a_transaction_is_all_or_nothing(void)
{
    char hex[AY_SHA256_HEX];
    ay_store *s = open_store();
    int64_t class_id, id, d = new_dataset(s, &class_id);

    CHECK_OK(ay_store_begin(s, &err), err);
    add(s, class_id, hex);
    CHECK(count(s, d, 0) == 0);                                           /* not yet to be seen */
    CHECK(ay_store_class_create(s, d, "first", &id, &err) == AY_EEXISTS); /* undoes only itself */
    add(s, class_id, hex);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(count(s, d, 0) == 2);
    CHECK_OK(ay_store_begin(s, &err), err);
    add(s, class_id, hex);
    ay_store_rollback(s);
    CHECK(count(s, d, 0) == 2);
    ay_store_close(s);
}

static void settings_and_history_are_kept(void)
{
    char key[33], big[4098];
    ay_store *s = open_store();
    ay_store_event *e;
    const char *value;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    ay_random_hex(key, 16);
    CHECK_OK(ay_store_setting_get(s, key, &a, &value, &err), err);
    CHECK(!value);
    CHECK_OK(ay_store_setting_put(s, key, "one", &err), err);
    CHECK_OK(ay_store_setting_put(s, key, "", &err), err);
    CHECK_OK(ay_store_setting_get(s, key, &a, &value, &err), err);
    CHECK(value && !*value);
    memset(big, 'v', sizeof big);
    big[4097] = '\0';
    CHECK(ay_store_setting_put(s, key, big, &err) == AY_EINVAL);
    CHECK_OK(ay_store_event_add(s, "test", key, "\xe4\xbd\xa0", &err), err);
    CHECK_OK(ay_store_event_list(s, 0, 2, &a, &e, &n, &err), err);
    CHECK(n == 2 && strcmp(e[0].subject, key) == 0 && strcmp(e[0].detail, "\xe4\xbd\xa0") == 0);
    CHECK(e[0].id > e[1].id && strcmp(e[1].kind, "setting") == 0);
    ay_arena_fini(&a);
    ay_store_close(s);
}

typedef struct {
    ay_store *store;
    int64_t dataset, class_id;
    int bad;
} crew;

static void *work(void *arg)
{
    crew *c = arg;

    for (int i = 0; i < 20; i++) {
        char hex[AY_SHA256_HEX];
        ay_store_picture p = picture(hex);
        ay_store_vector v = vector(v3);
        ay_store_added added;
        seen w = {0};
        c->bad += ay_store_member_add(c->store, c->class_id, "t", &p, &v, &added, NULL) != AY_OK;
        c->bad +=
            ay_store_member_walk(c->store, c->dataset, DIGEST_A, DIGEST_B, look, &w, NULL) != AY_OK;
        c->bad += w.rows != w.vectors || w.rows < i + 1;
    }
    return NULL;
}

static void many_threads_may_use_it(void)
{
    ay_store *s = open_store();
    int64_t class_id, d = new_dataset(s, &class_id);
    crew c[4];
    pthread_t id[4];

    for (int i = 0; i < 4; i++) {
        c[i] = (crew){s, d, class_id, 0};
        CHECK(pthread_create(&id[i], NULL, work, &c[i]) == 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(id[i], NULL);
    CHECK(c[0].bad + c[1].bad + c[2].bad + c[3].bad == 0);
    CHECK(count(s, d, 0) == 80);
    ay_store_close(s);
}

static void it_outlives_the_process(void)
{
    char hex[AY_SHA256_HEX];
    ay_store *s = open_store();
    int64_t class_id, d = new_dataset(s, &class_id);
    seen w = {0};

    add(s, class_id, hex);
    ay_store_close(s);
    s = open_store();
    CHECK_OK(ay_store_member_walk(s, d, DIGEST_A, DIGEST_B, look, &w, &err), err);
    CHECK(w.vectors == 1);
    CHECK_OK(ay_store_check(s, &err), err);
    ay_store_close(s);
}

static void unknown_scheme_says_so(void)
{
    ay_store *s;

    CHECK(ay_store_open(&s, "punchcards:/dev/rack", &err) == AY_EUNSUPPORTED);
    CHECK(!s && strstr(err.msg, "punchcards"));
}

static ay_status round_trip(ay_arena *a, const char *name)
{
    char hex[AY_SHA256_HEX], token[AY_TOKEN_SIZE];
    ay_store_picture p = picture(hex);
    ay_store_vector v = vector(v3);
    int64_t d = 0, class_id = 0;
    ay_store_restored r;
    ay_store_added added;
    ay_store_member *m;
    ay_store *s;
    size_t n;
    seen w = {0};
    ay_status status = ay_store_open(&s, url(), NULL);

    if (status == AY_OK)
        status = ay_store_dataset_create(s, name, &d, NULL);
    if (status == AY_OK)
        status = ay_store_class_create(s, d, "c", &class_id, NULL);
    if (status == AY_OK)
        status = ay_store_member_add(s, class_id, "f", &p, &v, &added, NULL);
    if (status == AY_OK)
        status = ay_store_member_list(s, d, 0, 0, 5, a, &m, &n, NULL);
    if (status == AY_OK)
        status = ay_store_member_walk(s, d, DIGEST_A, DIGEST_B, look, &w, NULL);
    if (status == AY_OK)
        status = ay_store_member_trash(s, added.id, token, NULL);
    if (status == AY_OK)
        status = ay_store_undo(s, token, &r, NULL);
    ay_store_close(s);
    return status;
}

/* Fail the 1st, 2nd... allocation in turn until the round trip goes through untouched: each time a
 * status, no crash, no leak. */
static void every_allocation_may_fail(void)
{
    long before = ay_mem_live(), n = 0;
    ay_status status;

    do {
        char name[33];
        ay_arena a;
        ay_arena_init(&a, 0);
        ay_random_hex(name, 16);
        ay_mem_fail_after(n++);
        status = round_trip(&a, name);
        ay_mem_fail_after(-1);
        ay_arena_fini(&a);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == before);
    } while (status != AY_OK);
    CHECK(n > 5);
}

TESTS({"names are unique and kept", names_are_unique_and_kept},
      {"what does not fit is refused", what_does_not_fit_is_refused},
      {"pictures come back as they were", pictures_come_back_as_they_were},
      {"a picture is in one class", a_picture_is_in_one_class},
      {"lists come in pages", lists_come_in_pages},
      {"vectors belong to their digests", vectors_belong_to_their_digests},
      {"undo brings back what went", undo_brings_back_what_went},
      {"undo keeps what was added again", undo_keeps_what_was_added_again},
      {"purge forgets only old trash", purge_forgets_only_old_trash},
      {"a transaction is all or nothing", a_transaction_is_all_or_nothing},
      {"settings and history are kept", settings_and_history_are_kept},
      {"many threads may use it", many_threads_may_use_it},
      {"it outlives the process", it_outlives_the_process},
      {"unknown scheme says so", unknown_scheme_says_so},
      {"every allocation may fail", every_allocation_may_fail})
