/* What changes the stamp, by what each call of the store does; and which statements. */
#include "store/stamp.h"

#include "store/facts.h"
#include "store/folder_test.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static ay_err err;

static const char *url(void)
{
    static char text[96];

    if (getenv("ASSAY_TEST_STORE"))
        return getenv("ASSAY_TEST_STORE");
    if (!text[0])
        snprintf(text, sizeof text, "sqlite:%s/s.db", fresh_folder());
    return text;
}

static ay_store *open_store(void)
{
    ay_store *s = NULL;

    CHECK_OK(ay_store_open(&s, url(), &err), err);
    return s;
}

/* What came since *stamp, which becomes the newest. */
static ay_stamp_age since(ay_store *s, int64_t *stamp)
{
    ay_stamp_age age;

    CHECK_OK(ay_store_stamp_age(s, *stamp, &age, &err), err);
    CHECK_OK(ay_store_stamp(s, stamp, &err), err);
    return age;
}

static int64_t add(ay_store *s, int64_t class_id, char hex[AY_SHA256_HEX], bool with)
{
    static const float v3[] = {1, 0, 0};
    ay_store_vector v = {DIGEST_A, DIGEST_B, v3, 3};
    ay_store_added added;
    ay_store_picture p = {hex, "jpeg", 640, 480, 12345, 7, 1700000000000000, 0, ""};

    if (!*hex)
        ay_random_hex(hex, 32);
    CHECK_OK(ay_store_member_add(s, class_id, "a.jpg", &p, with ? &v : NULL, &added, &err), err);
    return added.id;
}

static void every_write_leaves_its_stamp(void)
{
    static const float other[] = {0, 1, 0};
    ay_store_vector v = {DIGEST_A, DIGEST_B, other, 3};
    char token[AY_TOKEN_SIZE], a[AY_SHA256_HEX] = "", b[AY_SHA256_HEX] = "", name[33], to[33];
    int64_t stamp = 0, set, class_id, second, m, first;
    ay_store *s = open_store();
    ay_store_restored back;
    ay_store_fact fact = {a, 5, "Canon"};
    ay_stamp_age age;

    ay_random_hex(name, 16);
    ay_random_hex(to, 16);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER && stamp != 0);
    CHECK(since(s, &stamp) == AY_STAMP_NOW);
    CHECK_OK(ay_store_dataset_create(s, name, &set, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_GROWN);
    CHECK_OK(ay_store_class_create(s, set, "x", &class_id, &err), err);
    CHECK_OK(ay_store_class_create(s, set, "y", &second, &err), err);
    first = stamp;
    CHECK(since(s, &stamp) == AY_STAMP_GROWN);
    m = add(s, class_id, a, true);
    CHECK(since(s, &stamp) == AY_STAMP_GROWN);
    add(s, class_id, b, false);
    CHECK(since(s, &stamp) == AY_STAMP_GROWN);
    CHECK_OK(ay_store_vector_put(s, b, &v, &err), err); /* it had none */
    CHECK(since(s, &stamp) == AY_STAMP_GROWN);
    CHECK_OK(ay_store_stamp_age(s, first, &age, &err), err);
    CHECK(age == AY_STAMP_GROWN);
    CHECK_OK(ay_store_vector_put(s, a, &v, &err), err); /* another one */
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_stamp_age(s, first, &age, &err), err);
    CHECK(age == AY_STAMP_OTHER);
    CHECK_OK(ay_store_facts_put(s, &fact, 1, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_member_move(s, m, second, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_class_rename(s, second, "z", &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_dataset_rename(s, set, to, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_member_trash(s, m, token, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_undo(s, token, &back, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_class_trash(s, second, token, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    CHECK_OK(ay_store_dataset_trash(s, set, token, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_OTHER);
    ay_store_close(s);
}

static void what_changes_no_gallery_leaves_it(void)
{
    char hex[AY_SHA256_HEX] = "", name[33];
    int64_t stamp = 0, set, class_id, m;
    ay_store *s = open_store();

    ay_random_hex(name, 16);
    CHECK_OK(ay_store_dataset_create(s, name, &set, &err), err);
    CHECK_OK(ay_store_class_create(s, set, "x", &class_id, &err), err);
    m = add(s, class_id, hex, false);
    since(s, &stamp);
    CHECK_OK(ay_store_event_add(s, "test", "x", "y", &err), err);
    CHECK_OK(ay_store_setting_put(s, "key", "value", &err), err);
    CHECK_OK(ay_store_member_move(s, m, class_id, &err), err); /* it is there */
    add(s, class_id, hex, false);                             /* so is this */
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_class_rename(s, class_id, "w", &err), err);
    ay_store_rollback(s);
    CHECK_OK(ay_store_setting_put(s, "key", "other", &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_NOW);
    ay_store_close(s);
    s = open_store(); /* nor does opening */
    CHECK(since(s, &stamp) == AY_STAMP_NOW);
    ay_store_close(s);
}

static void a_step_that_failed_does_no_harm(void)
{
    int64_t stamp = 0, set, class_id;
    ay_store *s = open_store();
    char name[33];

    ay_random_hex(name, 16);
    since(s, &stamp);
    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(ay_store_dataset_create(s, name, &set, &err), err);
    CHECK(ay_store_class_rename(s, 1 << 30, "none", &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_class_create(s, set, "x", &class_id, &err), err);
    CHECK_OK(ay_store_commit(s, &err), err);
    CHECK(since(s, &stamp) == AY_STAMP_GROWN);
    ay_store_close(s);
}

static void statements_are_understood_or_count(void)
{
    CHECK(ay_stamp_of("INSERT INTO member (id) VALUES (?)", 1) == AY_STAMP_GREW);
    CHECK(ay_stamp_of("INSERT INTO event (id) VALUES (?)", 1) == AY_STAMP_NOTHING);
    CHECK(ay_stamp_of("INSERT INTO picture_tag (tag) VALUES (?)", 1) == AY_STAMP_NOTHING);
    CHECK(ay_stamp_of("INSERT OR REPLACE INTO event (id) VALUES (?)", 1) == AY_STAMP_CHANGED);
    CHECK(ay_stamp_of("REPLACE INTO event (id) VALUES (?)", 1) == AY_STAMP_CHANGED);
    CHECK(ay_stamp_of("WITH x AS (SELECT 1) DELETE FROM event", 1) == AY_STAMP_CHANGED);
    CHECK(ay_stamp_of("ALTER TABLE picture ADD COLUMN x INTEGER", 0) == AY_STAMP_CHANGED);
    CHECK(ay_stamp_of("CREATE TABLE x (id INTEGER)", 0) == AY_STAMP_NOTHING);
    CHECK(ay_stamp_of("UPDATE class SET name = ?", 1) == AY_STAMP_CHANGED);
    CHECK(ay_stamp_of("UPDATE class SET name = ?", 0) == AY_STAMP_NOTHING);
    CHECK(ay_stamp_of("UPDATE job SET state = ?", 1) == AY_STAMP_NOTHING);
    CHECK(ay_stamp_of("DELETE FROM vector WHERE sha256 = ?", 1) == AY_STAMP_CHANGED);
    CHECK(ay_stamp_of("DELETE FROM stamp", 1) == AY_STAMP_NOTHING);
}

TESTS({"every write leaves its stamp", every_write_leaves_its_stamp},
      {"what changes no gallery leaves it", what_changes_no_gallery_leaves_it},
      {"a step that failed does no harm", a_step_that_failed_does_no_harm},
      {"statements are understood or count", statements_are_understood_or_count})
