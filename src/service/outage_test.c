/* A database that is cut off in the middle of a commit and comes back.  Of an upload: what was kept appears in
 * memory by itself, what was not does not, and asking again is safe.  Of a verdict: its key makes it one verdict,
 * however often and whenever it is sent again.  ASSAY_TEST_MYSQL and ASSAY_TEST_POSTGRES as in
 * store/mysql_test.c and store/postgres_test.c. */
#include "service/fake_test.h"
#include "service/words/classify_words.h"
#include "store/proxy_test.h"

static ay_err err;
static proxy wire_cutter;
static const char *dir; /* of all tests here, as the database belongs to it */

/* Both name a socket: MySQL's URL the socket itself, PostgreSQL's the folder it is in. */
static const char *test_url(void)
{
    return getenv("ASSAY_TEST_MYSQL") ? getenv("ASSAY_TEST_MYSQL") : getenv("ASSAY_TEST_POSTGRES");
}

static ay_service *open_through_proxy(fake_encoder *f)
{
    const char *url = test_url(), *socket = url ? strstr(url, "socket=") : NULL;
    const char *file = getenv("ASSAY_TEST_MYSQL") ? "" : "/.s.PGSQL.5432";
    ay_service_options o = {.data = dir = dir ? dir : fake_folder()};
    char path[100], to[108], where[300];
    ay_service *s = NULL;

    snprintf(path, sizeof path, "%s%s", dir, *file ? file : "/p");
    snprintf(to, sizeof to, "%.90s%s", socket + 7, file);
    CHECK(proxy_start(&wire_cutter, path, to));
    snprintf(where, sizeof where, "%.*s%s", (int)(socket + 7 - url), url, *file ? dir : path);
    fake_init(f, 'a');
    o.embedder = fake_embedder(f);
    o.store = where;
    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

static ay_status add(ay_service *s, uint32_t colour, uint64_t seed, ay_added *added)
{
    ay_status status;
    ay_buf b = {0};
    ay_arena a;

    ay_arena_init(&a, 0);
    fake_picture(&b, colour, seed);
    status = ay_picture_add(s, NULL, "c", "p.png", b.data, b.len, NULL, &a, added, &err);
    ay_arena_fini(&a);
    ay_buf_fini(&b);
    return status;
}

static int64_t pictures(ay_service *s)
{
    ay_service_stats stats;

    ay_service_get_stats(s, &stats);
    return stats.pictures;
}

static void a_cut_upload_is_found_or_was_not(void)
{
    fake_encoder f;
    ay_service *s;
    ay_added added;

    if (!test_url())
        SKIP("no MariaDB or PostgreSQL; test/mariadb/run and test/postgres/run bring one");
    s = open_through_proxy(&f);
    CHECK_OK(ay_class_create(s, NULL, "c", NULL, &err), err);
    CHECK(ay_service_wait_idle(s, 10000));
    wire_cutter.closed = true;
    wire_cutter.way = PROXY_LOSE_ANSWER;
    CHECK(add(s, 0xff0000, 1, &added) == AY_EUNKNOWN && pictures(s) == 0);
    wire_cutter.closed = false;
    for (int i = 0; i < 100 && pictures(s) == 0; i++)
        usleep(100000);
    CHECK(pictures(s) == 1); /* nobody asked: the keeper read it again */
    CHECK_OK(add(s, 0xff0000, 1, &added), err);
    CHECK(!added.created && pictures(s) == 1);
    wire_cutter.closed = true;
    wire_cutter.way = PROXY_LOSE_QUESTION;
    CHECK(add(s, 0x00ff00, 2, &added) == AY_EUNKNOWN);
    wire_cutter.closed = false;
    for (int i = 0; i < 100 && add(s, 0x0000ff, 3, &added) != AY_OK; i++)
        usleep(100000);
    CHECK(pictures(s) == 2);
    CHECK_OK(add(s, 0x00ff00, 2, &added), err);
    CHECK(added.created && pictures(s) == 3);
    ay_service_close(s);
    proxy_stop(&wire_cutter);
}

/* ---- verdicts */

static ay_status give(ay_service *s, const char *sha256, const char *key, int64_t *id, bool *again)
{
    ay_word_verdict v = {0};
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    status = ay_verdict_give(s, sha256, "cats", true, "a.png", key, &a, &v, again, &err);
    *id = v.id;
    ay_arena_fini(&a);
    return status;
}

/* How many verdicts there are about a picture. */
static size_t kept(ay_service *s, const char *sha256)
{
    ay_word_verdict *list;
    const char *next;
    size_t n = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_verdicts_list(s, sha256, NULL, NULL, 50, &a, &list, &n, &next, &err), err);
    ay_arena_fini(&a);
    return n;
}

/* The database is there again, and the same verdict is sent until it is taken. */
static int64_t give_again(ay_service *s, const char *sha256, const char *key, bool *again)
{
    ay_status status = AY_EBUSY;
    int64_t id = 0;

    wire_cutter.gone = wire_cutter.closed = false;
    for (int i = 0; i < 100 && (status = give(s, sha256, key, &id, again)) != AY_OK; i++) {
        CHECK(status == AY_EBUSY || status == AY_EUNKNOWN);
        usleep(100000);
    }
    CHECK_OK(status, err);
    return id;
}

static void a_cut_verdict_is_one_verdict(void)
{
    static const struct {
        proxy_way way;
        bool away; /* nobody gets through afterwards */
        ay_status answer;
        bool there; /* it was kept the first time */
    } cuts[] = {
        {PROXY_LOSE_ANSWER, false, AY_OK, true}, /* found out on a new connection */
        {PROXY_LOSE_QUESTION, false, AY_EBUSY, false},
        {PROXY_LOSE_ANSWER, true, AY_EUNKNOWN, true},
        {PROXY_LOSE_QUESTION, true, AY_EUNKNOWN, false},
        {PROXY_GONE_AFTER, true, AY_OK, true}, /* it is known to be kept: nothing is asked any more */
    };
    fake_encoder f;
    ay_service *s;
    ay_added added;

    if (!test_url())
        SKIP("no MariaDB or PostgreSQL; test/mariadb/run and test/postgres/run bring one");
    s = open_through_proxy(&f);
    CHECK(ay_class_create(s, NULL, "c", NULL, &err) == AY_OK || strstr(err.msg, "already"));
    CHECK_OK(add(s, 0x123456, 9, &added), err);
    CHECK(ay_service_wait_idle(s, 10000));
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        char sha256[AY_SHA256_HEX], key[40];
        int64_t id = 0, other;
        size_t before;
        bool again = false;
        memcpy(sha256, added.picture.sha256, sizeof sha256);
        snprintf(key, sizeof key, "key-%zu-%d", i, (int)getpid());
        before = kept(s, sha256);
        wire_cutter.cuts = 0;
        wire_cutter.closed = cuts[i].away && cuts[i].way != PROXY_GONE_AFTER;
        wire_cutter.way = cuts[i].way;
        CHECK(give(s, sha256, key, &id, &again) == cuts[i].answer && !again && wire_cutter.cuts == 1);
        other = give_again(s, sha256, key, &again);
        CHECK(again == cuts[i].there && (cuts[i].answer != AY_OK || other == id));
        CHECK(give_again(s, sha256, key, &again) == other && again);
        CHECK(kept(s, sha256) == before + 1);
    }
    ay_service_close(s);
    proxy_stop(&wire_cutter);
    fake_folder_gone(dir);
}

TESTS({"a cut upload is found, or was not", a_cut_upload_is_found_or_was_not},
      {"a cut verdict is one verdict", a_cut_verdict_is_one_verdict})
