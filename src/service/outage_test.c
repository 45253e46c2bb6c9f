/* A database that is cut off in the middle of an upload's commit and comes back: what was kept appears in
 * memory by itself, what was not does not, and asking again is safe.  ASSAY_TEST_MYSQL as in
 * store/mysql_test.c. */
#include "service/fake_test.h"
#include "store/proxy_test.h"

static ay_err err;
static proxy wire_cutter;

static ay_service *open_through_proxy(const char *dir, fake_encoder *f)
{
    const char *url = getenv("ASSAY_TEST_MYSQL"), *socket = url ? strstr(url, "socket=") : NULL;
    ay_service_options o = {.data = dir};
    char path[100], where[300];
    ay_service *s = NULL;

    snprintf(path, sizeof path, "%s/p", dir);
    CHECK(proxy_start(&wire_cutter, path, socket + 7));
    snprintf(where, sizeof where, "%.*s%s", (int)(socket + 7 - url), url, path);
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
    const char *dir;
    fake_encoder f;
    ay_service *s;
    ay_added added;

    if (!getenv("ASSAY_TEST_MYSQL"))
        SKIP("no MariaDB; test/mariadb/run brings one");
    dir = fake_folder();
    s = open_through_proxy(dir, &f);
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
    fake_folder_gone(dir);
}

TESTS({"a cut upload is found, or was not", a_cut_upload_is_found_or_was_not})
