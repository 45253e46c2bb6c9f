/* What every store driver owes the registry, the record of predictions and the jobs.  As
 * contract_test.c: ASSAY_TEST_STORE is the URL of an empty database to hold to it. */
#include "store/ledger.h"

#include "base/test.h"
#include "store/folder_test.h"
#include "store/driver.h"

#include <stdint.h>

static ay_err err;
static ay_arena arena;
static void clean(void)
{
    ay_arena_fini(&arena);
}

static const char *folder(void)
{
    static const char *dir;

    if (!dir) {
        dir = fresh_folder();
        ay_arena_init(&arena, 0);
        atexit(clean);
    }
    return dir;
}

static ay_store *open_store(void)
{
    char url[96];
    ay_store *s = NULL;

    snprintf(url, sizeof url, "sqlite:%s/c.db", folder());
    CHECK_OK(ay_store_open(&s, getenv("ASSAY_TEST_STORE") ? getenv("ASSAY_TEST_STORE") : url, &err),
             err);
    return s;
}

typedef struct {
    char name[33], digest[AY_SHA256_HEX], bundle[AY_SHA256_HEX];
} names;

static ay_store_model model(names *n)
{
    ay_random_hex(n->name, 16);
    ay_random_hex(n->digest, 32);
    ay_random_hex(n->bundle, 32);
    return (ay_store_model){.name = n->name, .digest = n->digest, .bundle = n->bundle,
                            .preprocess = n->digest, .snapshot = "", .architecture = "resnet",
                            .licence = "MIT", .folder = "abc", .classes = "[\"a\",\"Bürste\"]",
                            .metrics = "{\"accuracy\":0.98}", .answer = "{}"};
}

static int64_t add_model(ay_store *s)
{
    names n;
    ay_store_model m = model(&n);
    int64_t id = 0;
    int version = 0;

    CHECK_OK(ay_store_model_add(s, &m, &id, &version, &err), err);
    CHECK(version == 1);
    return id;
}

static void models_have_versions_and_are_kept_once(void)
{
    ay_store *s = open_store();
    names n, other;
    ay_store_model m = model(&n), got, second = model(&other), *list;
    int64_t id = 0, again = 0;
    int version = 0;
    size_t count = 0;

    CHECK_OK(ay_store_model_add(s, &m, &id, &version, &err), err);
    CHECK(version == 1);
    CHECK(ay_store_model_add(s, &m, &again, &version, &err) == AY_EEXISTS && again == id);
    second.name = n.name;
    CHECK_OK(ay_store_model_add(s, &second, &again, &version, &err), err);
    CHECK(version == 2 && again > id);
    CHECK_OK(ay_store_model_get(s, id, &arena, &got, &err), err);
    CHECK(strcmp(got.name, n.name) == 0 && strcmp(got.bundle, n.bundle) == 0 && got.version == 1);
    CHECK(strcmp(got.classes, m.classes) == 0 && strcmp(got.metrics, m.metrics) == 0);
    CHECK(strcmp(got.answer, "{}") == 0 && strcmp(got.folder, "abc") == 0 && got.created_us > 0);
    CHECK_OK(ay_store_model_list(s, &arena, &list, &count, &err), err);
    CHECK(count >= 2 && list[0].id == again && list[0].version == 2);
    CHECK(ay_store_model_get(s, again + 1000, &arena, &got, &err) == AY_ENOTFOUND);
    second.digest = "ABC";
    CHECK(ay_store_model_add(s, &second, &again, &version, &err) == AY_EINVAL);
    ay_store_close(s);
}

static int64_t active(ay_store *s)
{
    int64_t id = -1;

    CHECK_OK(ay_store_active(s, &id, &err), err);
    return id;
}

/* A, B, C promoted; back to B, back to A, no further; D; back to A. */
static void rolling_back_goes_as_far_as_it_went(void)
{
    ay_store *s = open_store();
    int64_t a = add_model(s), b = add_model(s), c = add_model(s), d = add_model(s), got = 0;
    int64_t before = active(s);
    ay_store_serving *list;
    size_t n = 0;

    CHECK(ay_store_promote(s, d + 1000, &err) == AY_ENOTFOUND && active(s) == before);
    CHECK_OK(ay_store_promote(s, a, &err), err);
    CHECK_OK(ay_store_promote(s, b, &err), err);
    CHECK_OK(ay_store_promote(s, b, &err), err); /* twice is once */
    CHECK_OK(ay_store_promote(s, c, &err), err);
    CHECK(active(s) == c);
    CHECK_OK(ay_store_rollback_target(s, &got, &err), err);
    CHECK(got == b && active(s) == c);
    CHECK_OK(ay_store_rollback_model(s, &got, &err), err);
    CHECK(got == b && active(s) == b);
    CHECK_OK(ay_store_rollback_model(s, &got, &err), err);
    CHECK(got == a && active(s) == a);
    if (before == 0)
        CHECK(ay_store_rollback_model(s, &got, &err) == AY_ECONFLICT && active(s) == a);
    CHECK_OK(ay_store_promote(s, d, &err), err);
    CHECK_OK(ay_store_rollback_model(s, &got, &err), err);
    CHECK(got == a);
    CHECK_OK(ay_store_serving_list(s, 7, &arena, &list, &n, &err), err);
    CHECK(n == 7 && list[0].model == a && strcmp(list[0].action, "rollback") == 0);
    CHECK(list[1].model == d && strcmp(list[1].action, "promote") == 0 && list[6].model == a);
    CHECK(list[0].at_us >= list[6].at_us && list[0].version == 1 && strlen(list[0].name) == 32);
    ay_store_close(s);
    s = open_store();
    CHECK(active(s) == a);
    ay_store_close(s);
}

/* A, B, C, A promoted; B and C deleted: nothing is left to go back to, the history knows them all. */
static void a_deleted_model_is_gone_and_not_forgotten(void)
{
    ay_store *s = open_store();
    int64_t a = add_model(s), b = add_model(s), c = add_model(s), again = 0, got = 0;
    ay_store_model m, *list;
    ay_store_serving *served;
    int version = 0;
    size_t n = 0, before;

    CHECK_OK(ay_store_model_list(s, &arena, &list, &before, &err), err);
    CHECK_OK(ay_store_promote(s, a, &err), err);
    CHECK_OK(ay_store_promote(s, b, &err), err);
    CHECK_OK(ay_store_promote(s, c, &err), err);
    CHECK_OK(ay_store_promote(s, a, &err), err);
    CHECK(ay_store_model_delete(s, a, &err) == AY_ECONFLICT);
    CHECK_OK(ay_store_model_get(s, b, &arena, &m, &err), err);
    CHECK_OK(ay_store_model_delete(s, c, &err), err);
    CHECK_OK(ay_store_rollback_target(s, &got, &err), err);
    CHECK(got == b);
    CHECK_OK(ay_store_model_delete(s, b, &err), err);
    CHECK(ay_store_model_delete(s, b, &err) == AY_ENOTFOUND);
    CHECK(ay_store_promote(s, b, &err) == AY_ENOTFOUND && active(s) == a);
    CHECK_OK(ay_store_rollback_target(s, &got, &err), err);
    CHECK(got != a && got != b && got != c);
    CHECK(ay_store_model_get(s, b, &arena, &list[0], &err) == AY_ENOTFOUND && strstr(err.msg, "deleted"));
    CHECK_OK(ay_store_model_list(s, &arena, &list, &n, &err), err);
    CHECK(n == before - 2);
    CHECK_OK(ay_store_serving_list(s, 4, &arena, &served, &n, &err), err);
    CHECK(n == 4 && served[2].model == b && served[2].version == 1 && strcmp(served[2].name, m.name) == 0);
    CHECK_OK(ay_store_model_add(s, &m, &again, &version, &err), err); /* the same files again */
    CHECK(again > c && version == 2);
    ay_store_close(s);
}

static int64_t predict(ay_store *s, int64_t m, const char *sha, const char *file, const char *label,
                       double p, const char *status, const char *batch)
{
    ay_store_picture pic = {sha, "png", 20, 10, 300, 5, 1700000000000000, 0, NULL};
    ay_store_prediction r = {.model = m, .file = file, .label = label, .probability = p,
                             .unknown = 1.5, .status = status, .batch = batch,
                             .top = "[[\"a\",0.75]]", .decode_us = 100, .network_us = 2000,
                             .total_us = 2500};
    int64_t id = 0;

    CHECK_OK(ay_store_prediction_add(s, &r, &pic, &id, &err), err);
    return id;
}

static size_t count(ay_store *s, ay_store_prediction_filter f, ay_store_prediction **out)
{
    static ay_store_prediction *list;
    size_t n = 0;

    CHECK_OK(ay_store_prediction_list(s, &f, 100, &arena, &list, &n, &err), err);
    if (out)
        *out = list;
    return n;
}

static void predictions_are_found_by_what_they_say(void)
{
    ay_store *s = open_store();
    int64_t m = add_model(s), other = add_model(s), first;
    char x[AY_SHA256_HEX], y[AY_SHA256_HEX], batch[33];
    ay_store_prediction *l;
    ay_store_prediction_sums sums;
    ay_store_prediction_filter of = {.model = m};

    ay_random_hex(x, 32);
    ay_random_hex(y, 32);
    ay_random_hex(batch, 16);
    first = predict(s, m, x, "50%_a.jpg", "gear", 0.987654321, "success", "");
    predict(s, m, y, "b.jpg", "gear", 0.6, "low_confidence", batch);
    predict(s, m, y, "c.jpg", "nut", 0.4, "rejected", batch);
    predict(s, m, x, "50%_a.jpg", "nut", 0.75, "unknown", "");
    predict(s, other, x, "50%_a.jpg", "nut", 0.5, "success", "");
    CHECK(count(s, of, &l) == 4 && l[3].id == first && l[3].probability == 0.987654321);
    CHECK(strcmp(l[3].label, "gear") == 0 && strcmp(l[3].sha256, x) == 0 && l[3].unknown == 1.5);
    CHECK(strcmp(l[3].file, "50%_a.jpg") == 0 && strcmp(l[3].top, "[[\"a\",0.75]]") == 0);
    CHECK(l[3].decode_us == 100 && l[3].network_us == 2000 && l[3].total_us == 2500);
    CHECK(l[3].width == 20 && l[3].height == 10 && strcmp(l[3].format, "png") == 0);
    CHECK(l[3].model_version == 1 && strlen(l[3].model_digest) == 64 && l[3].at_us > 0);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .status = "rejected"}, NULL) == 1);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .label = "gear"}, NULL) == 2);
    CHECK(count(s, (ay_store_prediction_filter){.batch = batch}, NULL) == 2);
    CHECK(count(s, (ay_store_prediction_filter){.sha256 = x}, NULL) == 3);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .text = "0%_A"}, NULL) <= 2);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .text = "0%_a"}, NULL) == 2);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .text = "%b"}, NULL) == 0);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .at_least = 0.6}, NULL) == 3);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .at_most = 0.6}, NULL) == 2);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .before = first + 1}, NULL) == 1);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .until_us = 5}, NULL) == 0);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .since_us = INT64_MAX}, NULL) == 0);
    CHECK(count(s, (ay_store_prediction_filter){.model = m, .latest = true}, NULL) == 2);
    CHECK_OK(ay_store_prediction_sum(s, &of, &sums, &err), err);
    CHECK(sums.total == 4 && sums.success == 1 && sums.low_confidence == 1 && sums.rejected == 1);
    CHECK(sums.unknown == 1 && sums.network_us == 8000 && sums.total_us == 10000);
    ay_store_close(s);
}

static void predictions_hold_their_pictures(void)
{
    ay_store *s = open_store();
    int64_t m = add_model(s);
    char x[AY_SHA256_HEX];
    const char **gone;
    size_t n = 0, found = 0;

    ay_random_hex(x, 32);
    predict(s, m, x, "", "a", 1, "success", "");
    CHECK_OK(ay_store_purge(s, INT64_MAX, &arena, &gone, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        found += strcmp(gone[i], x) == 0;
    CHECK(found == 0);
    for (int i = 0; i < 3; i++)
        predict(s, m, "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "", "a", 1,
                "success", "");
    CHECK_OK(ay_store_prediction_trim(s, 3, &err), err);
    CHECK(count(s, (ay_store_prediction_filter){0}, NULL) == 3);
    CHECK_OK(ay_store_prediction_trim(s, 3, &err), err);
    CHECK_OK(ay_store_purge(s, INT64_MAX, &arena, &gone, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        found += strcmp(gone[i], x) == 0;
    CHECK(found == 1 && count(s, (ay_store_prediction_filter){0}, NULL) == 3);
    ay_store_close(s);
}

static void predictions_are_deleted_one_or_many(void)
{
    ay_store *s = open_store();
    int64_t m = add_model(s), first, deleted = 0;
    char x[AY_SHA256_HEX];

    ay_random_hex(x, 32);
    first = predict(s, m, x, "50%_a.jpg", "gear", 0.9, "success", "");
    predict(s, m, x, "5000a.jpg", "gear", 0.6, "low_confidence", "");
    predict(s, m, x, "b.jpg", "nut", 0.4, "rejected", "");
    predict(s, m, x, "c.jpg", "nut", 0.3, "rejected", "");
    CHECK_OK(ay_store_prediction_delete(s, &(ay_store_prediction_filter){.model = m + 1}, first, &deleted,
                                        &err), err);
    CHECK(deleted == 0); /* the number alone is not enough when a filter says otherwise */
    CHECK_OK(ay_store_prediction_delete(s, &(ay_store_prediction_filter){.model = m, .text = "50%_"}, 0,
                                        &deleted, &err), err);
    CHECK(deleted == 1 && count(s, (ay_store_prediction_filter){.model = m}, NULL) == 3);
    CHECK_OK(ay_store_prediction_delete(s, &(ay_store_prediction_filter){0}, first + 1, &deleted, &err), err);
    CHECK(deleted == 1 && count(s, (ay_store_prediction_filter){.model = m}, NULL) == 2);
    CHECK_OK(ay_store_prediction_delete(s, &(ay_store_prediction_filter){.model = m, .before = first + 3}, 0,
                                        &deleted, &err), err);
    CHECK(deleted == 1);
    CHECK_OK(ay_store_prediction_delete(s, &(ay_store_prediction_filter){.model = m, .until_us = 5}, 0,
                                        &deleted, &err), err);
    CHECK(deleted == 0 && count(s, (ay_store_prediction_filter){.model = m}, NULL) == 1);
    ay_store_close(s);
}

static void what_a_prediction_cannot_say_is_refused(void)
{
    ay_store *s = open_store();
    int64_t m = add_model(s), id;
    ay_store_picture pic = {"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "png",
                            2, 2, 30, 5, 1, 0, NULL};
    ay_store_prediction p = {.model = m, .file = "a\nb", .label = "", .status = "success", .top = "",
                             .batch = ""};

    CHECK(ay_store_prediction_add(s, &p, &pic, &id, &err) == AY_EINVAL);
    p.file = "../../etc/passwd"; /* a name, and nothing but a name */
    p.probability = 0.0 / (double)(p.decode_us * 1.0);
    CHECK(ay_store_prediction_add(s, &p, &pic, &id, &err) == AY_EINVAL);
    p.probability = 0.5;
    pic.sha256 = "../x";
    CHECK(ay_store_prediction_add(s, &p, &pic, &id, &err) == AY_EINVAL);
    pic.sha256 = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";
    p.model = m + 1000;
    CHECK(ay_store_prediction_add(s, &p, &pic, &id, &err) != AY_OK);
    CHECK(count(s, (ay_store_prediction_filter){.sha256 = pic.sha256}, NULL) == 0);
    ay_store_close(s);
}

static void jobs_outlive_the_process(void)
{
    ay_store *s = open_store();
    ay_store_job j = {.kind = "train", .state = "pending", .message = "", .request = "{\"a\":1}",
                      .detail = ""}, *list;
    int64_t id = 0, second = 0;
    size_t n = 0;

    CHECK_OK(ay_store_job_add(s, &j, &id, &err), err);
    CHECK_OK(ay_store_job_add(s, &j, &second, &err), err);
    j = (ay_store_job){.id = id, .state = "running", .done = 3, .total = 9, .message = "höre",
                       .detail = "[1,2]", .started_us = 77};
    CHECK_OK(ay_store_job_put(s, &j, &err), err);
    j.id = second + 1000;
    CHECK(ay_store_job_put(s, &j, &err) == AY_ENOTFOUND);
    ay_store_close(s);
    s = open_store();
    CHECK_OK(ay_store_job_list(s, 2, &arena, &list, &n, &err), err);
    CHECK(n == 2 && list[0].id == id && list[1].id == second && second > id);
    CHECK(strcmp(list[0].kind, "train") == 0 && strcmp(list[0].state, "running") == 0);
    CHECK(list[0].done == 3 && list[0].total == 9 && strcmp(list[0].message, "höre") == 0);
    CHECK(strcmp(list[0].request, "{\"a\":1}") == 0 && strcmp(list[0].detail, "[1,2]") == 0);
    CHECK(list[0].started_us == 77 && list[0].ended_us == 0 && list[0].created_us > 0);
    CHECK_OK(ay_store_job_list(s, 1, &arena, &list, &n, &err), err);
    CHECK(n == 1 && list[0].id == second);
    ay_store_close(s);
}

static void sql(const char *path, const char *text)
{
    void *self;

    CHECK_OK(ay_store_sqlite.open(&self, path, true, &err), err);
    CHECK_OK(ay_store_sqlite.run(self, text, &(ay_sql_call){0}, &err), err);
    ay_store_sqlite.close(self);
}

/* A database of the first version, with a data set in it, becomes today's; the backup lies beside. */
static void a_database_of_the_first_schema_is_migrated(void)
{
    static const char *const undo[] = {"ALTER TABLE dataset DROP COLUMN kind", "ALTER TABLE class DROP COLUMN kind",
                                       "DROP TABLE review", "DROP TABLE cluster", "DROP TABLE grouped", "DROP TABLE grouping", "DROP TABLE scope", "DROP TABLE sighting", "DROP TABLE verdict", "DROP TABLE job", "DROP TABLE prediction", "DROP TABLE serving",
                                       "ALTER TABLE picture DROP COLUMN taken_us", "ALTER TABLE picture DROP COLUMN camera", "ALTER TABLE picture DROP COLUMN examined",
                                       "DROP TABLE arrival", "DROP TABLE watched", "DROP TABLE watch", "DROP TABLE intake",
                                       "DROP TABLE picture_print", "DROP TABLE apart", "DROP TABLE act", "DROP TABLE event_picture", "DROP INDEX event_by_subject",
                                       "ALTER TABLE event DROP COLUMN who", "DROP TABLE picture_tag", "DROP TABLE album_picture",
                                       "DROP TABLE tag", "DROP TABLE album", "DROP TABLE saved", "DROP TABLE stamp", "DROP TABLE content",
                                       "DROP TABLE model", "UPDATE schema_version SET version = 1"};
    char path[96], url[128], backup[128];
    ay_store_dataset *list;
    ay_store *s;
    int64_t id;
    size_t n = 0;

    snprintf(path, sizeof path, "%s/old.db", folder());
    snprintf(url, sizeof url, "sqlite:%s", path);
    snprintf(backup, sizeof backup, "%s.schema-1.bak", path);
    CHECK_OK(ay_store_open(&s, url, &err), err);
    CHECK_OK(ay_store_dataset_create(s, "yard", &id, &err), err);
    ay_store_close(s);
    for (size_t i = 0; i < sizeof undo / sizeof *undo; i++)
        sql(path, undo[i]);
    CHECK_OK(ay_store_open(&s, url, &err), err);
    CHECK_OK(ay_store_dataset_list(s, &arena, &list, &n, &err), err);
    CHECK(n == 1 && strcmp(list[0].name, "yard") == 0);
    CHECK(add_model(s) > 0);
    CHECK_OK(ay_store_check(s, &err), err);
    ay_store_close(s);
    CHECK(access(backup, R_OK) == 0);
}

/* Jobs of a kind of their own: others may wait in the same database. */
static int64_t queue(ay_store *s, const char *kind)
{
    ay_store_job j = {.kind = kind, .state = "pending", .message = "", .request = "{}", .detail = ""};
    int64_t id = 0;

    CHECK_OK(ay_store_job_add(s, &j, &id, &err), err);
    return id;
}

static void a_job_runs_on_one_node(void)
{
    ay_store *s = open_store();
    char kind[17];
    const char *kinds[] = {"other", kind};
    ay_store_job got = {0}, j;
    int64_t one, two;
    int asked = -1;

    ay_random_hex(kind, 7);
    one = queue(s, kind);
    two = queue(s, kind);
    CHECK_OK(ay_store_job_take(s, kinds, 2, "a", 60000000, &arena, &got, &err), err);
    CHECK(got.id == one && strcmp(got.state, "running") == 0 && strcmp(got.node, "a") == 0 && got.started_us > 0 && got.lease_us > 0);
    CHECK_OK(ay_store_job_take(s, kinds, 2, "b", 1, &arena, &got, &err), err);
    CHECK(got.id == two);
    j = (ay_store_job){.id = one, .state = "done", .message = "", .detail = "", .node = "b"};
    CHECK(ay_store_job_put(s, &j, &err) == AY_ECONFLICT); /* not by another node */
    j.node = NULL;
    CHECK(ay_store_job_put(s, &j, &err) == AY_ECONFLICT); /* nor by who says nothing */
    CHECK(ay_store_job_beat(s, one, "b", 1, NULL, &err) == AY_ECONFLICT);
    CHECK_OK(ay_store_job_beat(s, one, "a", 60000000, &asked, &err), err);
    CHECK(asked == 0);
    CHECK_OK(ay_store_job_ask(s, one, &err), err);
    CHECK_OK(ay_store_job_beat(s, one, "a", 60000000, &asked, &err), err);
    CHECK(asked == 1);
    j.node = "a";
    CHECK_OK(ay_store_job_put(s, &j, &err), err);
    CHECK(ay_store_job_put(s, &j, &err) == AY_ECONFLICT); /* it is over: twice is once too often */
    CHECK(ay_store_job_beat(s, one, "a", 1, NULL, &err) == AY_ECONFLICT && ay_store_job_ask(s, one, &err) == AY_ENOTFOUND);
    /* The lease of the second one has ended without a word from its node. */
    usleep(20000);
    CHECK_OK(ay_store_job_take(s, kinds, 2, "c", 60000000, &arena, &got, &err), err);
    CHECK(got.id == two && strcmp(got.node, "c") == 0);
    j = (ay_store_job){.id = two, .state = "failed", .message = "", .detail = "", .node = "b"};
    CHECK(ay_store_job_put(s, &j, &err) == AY_ECONFLICT); /* the dead node comes back */
    CHECK(ay_store_job_take(s, kinds, 2, "a", 1, &arena, &got, &err) == AY_ENOTFOUND);
    CHECK(ay_store_job_take(s, kinds, 0, "a", 1, &arena, &got, &err) == AY_EINVAL);
    CHECK(ay_store_job_take(s, kinds, 2, "", 1, &arena, &got, &err) == AY_EINVAL);
    CHECK(ay_store_job_beat(s, two + 1000000, "a", 1, NULL, &err) == AY_ENOTFOUND);
    j = (ay_store_job){.id = two, .state = "failed", .message = "", .detail = "", .node = "c"};
    CHECK_OK(ay_store_job_put(s, &j, &err), err);
    ay_store_close(s);
}

TESTS({"models have versions and are kept once", models_have_versions_and_are_kept_once},
      {"rolling back goes as far as it went", rolling_back_goes_as_far_as_it_went},
      {"a deleted model is gone and not forgotten", a_deleted_model_is_gone_and_not_forgotten},
      {"predictions are deleted, one or many", predictions_are_deleted_one_or_many},
      {"predictions are found by what they say", predictions_are_found_by_what_they_say},
      {"predictions hold their pictures", predictions_hold_their_pictures},
      {"what a prediction cannot say is refused", what_a_prediction_cannot_say_is_refused},
      {"jobs outlive the process", jobs_outlive_the_process},
      {"a job runs on one node", a_job_runs_on_one_node},
      {"a database of the first schema is migrated", a_database_of_the_first_schema_is_migrated})
