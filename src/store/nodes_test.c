/* Several processes on one PostgreSQL: 200 jobs among three, of which two are killed; what others changed is heard; files that all share.
 * ASSAY_TEST_POSTGRES as in store/postgres_test.c; what needs no second process runs over SQLite without it. */
#include "store/content.h"
#include "store/follow.h"
#include "store/ledger.h"
#include "store/sql.h"

#include "base/test.h"
#include "store/folder_test.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { JOBS = 200, NODES = 3, WORK_US = 20000 };
static ay_err err;

static const char *shared_url(void)
{
    static char text[512];

    if (!getenv("ASSAY_TEST_POSTGRES"))
        SKIP("no PostgreSQL; test/postgres/run brings one");
    snprintf(text, sizeof text, "%.450s&nodes=many", getenv("ASSAY_TEST_POSTGRES"));
    return text;
}

static ay_store *open_at(const char *where)
{
    ay_store *s = NULL;

    CHECK_OK(ay_store_open(&s, where, &err), err);
    return s;
}

/* ---- jobs among processes */

static char kind[17];

/* One job: begun is written down by itself, done together with what the job does, so that both are there or neither. */
static ay_status run_job(ay_store *s, const char *node, int64_t id)
{
    ay_store_job j = {.id = id, .state = "done", .done = 1, .total = 1, .message = "", .detail = "", .node = node};
    char subject[32];
    ay_status status;

    snprintf(subject, sizeof subject, "%s %lld", kind, (long long)id);
    if ((status = ay_store_begin(s, &err)) == AY_OK)
        status = ay_store_end(s, ay_store_note(s, "test.begin", subject, node, &err), &err);
    usleep(WORK_US);
    if (status == AY_OK && (status = ay_store_begin(s, &err)) == AY_OK) {
        status = ay_store_job_put(s, &j, &err);
        if (status == AY_OK)
            status = ay_store_note(s, "test.done", subject, node, &err);
        status = ay_store_end(s, status, &err);
    }
    return status;
}

static ay_status take_number(void *ctx, const ay_sql_value *c, int n, ay_err *e)
{
    (void)n, (void)e;
    *(int64_t *)ctx = c[0].i;
    return AY_OK;
}

/* By a reading session: the lock of writers may be held by a process that stands still. */
static int64_t ask(ay_store *s, const char *sql, const char *a, const char *b)
{
    int64_t n = -1;

    CHECK_OK(ay_sql_read(s, sql, (const ay_sql_value[]){ay_sql_text(a), ay_sql_text(b)}, *b ? 2 : 1, take_number, &n, &err), err);
    return n;
}

/* A process that works until all jobs are done. */
static void node(const char *url, int number)
{
    const char *kinds[] = {kind};
    char name[16];
    ay_store *s = NULL;

    snprintf(name, sizeof name, "n%d", number);
    if (ay_store_open(&s, url, &err) != AY_OK)
        _exit(1);
    for (int idle = 0; idle < 600; idle++) {
        ay_store_job got;
        ay_status status;
        ay_arena a;
        ay_arena_init(&a, 0);
        status = ay_store_job_take(s, kinds, 1, name, 2000000, &a, &got, &err);
        if (status == AY_OK) {
            idle = 0;
            status = run_job(s, name, got.id);
        } else if (status == AY_ENOTFOUND) {
            usleep(50000);
        }
        ay_arena_fini(&a);
        if (status != AY_OK && status != AY_ENOTFOUND && status != AY_ECONFLICT && status != AY_EBUSY)
            _exit(2);
        if (getppid() == 1)
            _exit(3);
    }
    _exit(0);
}

/* In the middle of a job, without a last word. */
static void kill_amid_a_job(ay_store *s, pid_t pid, const char *name)
{
    for (int i = 0; i < 2000; i++) {
        kill(pid, SIGSTOP);
        if (ask(s, "SELECT COUNT(*) FROM job WHERE kind = ? AND node = ? AND state = 'running'", kind, name) == 1)
            break;
        kill(pid, SIGCONT);
        usleep(3000);
    }
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, NULL, 0) == pid);
}

static void wait_for_done(ay_store *s, int64_t least)
{
    for (int i = 0; i < 1200; i++) {
        if (ask(s, "SELECT COUNT(*) FROM job WHERE kind = ? AND state = 'done'", kind, "") >= least)
            return;
        usleep(50000);
    }
    CHECK(!"the jobs are not done in a minute");
}

static void each_job_is_done_once(void)
{
    const char *url = shared_url();
    ay_store_job j = {.kind = kind, .state = "pending", .message = "", .request = "{}", .detail = ""};
    ay_store *s = open_at(url); /* the schema is there before the others start */
    pid_t pid[NODES];
    char like[24];
    int64_t id;

    ay_random_hex(kind, 7);
    for (int i = 0; i < JOBS; i++)
        CHECK_OK(ay_store_job_add(s, &j, &id, &err), err);
    fflush(NULL);
    for (int i = 0; i < NODES; i++)
        if ((pid[i] = fork()) == 0)
            node(url, i);
    wait_for_done(s, 40);
    kill_amid_a_job(s, pid[0], "n0");
    wait_for_done(s, 90);
    kill_amid_a_job(s, pid[1], "n1");
    wait_for_done(s, JOBS);
    kill(pid[2], SIGKILL);
    CHECK(waitpid(pid[2], NULL, 0) == pid[2]);
    snprintf(like, sizeof like, "%s %%", kind);
    CHECK(ask(s, "SELECT COUNT(*) FROM job WHERE kind = ? AND state = 'done'", kind, "") == JOBS);
    CHECK(ask(s, "SELECT COUNT(*) FROM event WHERE subject LIKE ? AND kind = ?", like, "test.done") == JOBS);
    CHECK(ask(s, "SELECT COUNT(DISTINCT subject) FROM event WHERE subject LIKE ? AND kind = ?", like, "test.done") == JOBS);
    /* Those of the dead were begun once more; each of the three did some. */
    CHECK(ask(s, "SELECT COUNT(*) FROM event WHERE subject LIKE ? AND kind = ?", like, "test.begin") >= JOBS);
    for (int i = 0; i < NODES; i++)
        CHECK(ask(s, "SELECT COUNT(*) FROM job WHERE kind = ? AND node = ?", kind, i == 0 ? "n0" : i == 1 ? "n1" : "n2") > 0);
    ay_store_close(s);
}

/* ---- what others changed */

static _Atomic unsigned heard;

static void hear(void *ctx, unsigned what)
{
    (void)ctx;
    atomic_fetch_or(&heard, what);
}

static bool is_heard(unsigned what)
{
    for (int i = 0; i < 400 && (atomic_load(&heard) & what) != what; i++)
        usleep(25000);
    return (atomic_load(&heard) & what) == what;
}

/* Nothing of what was said before is still on its way: the other's last word has come. */
static void settle(ay_store *other, unsigned last)
{
    int64_t id;
    char name[33];

    atomic_store(&heard, 0);
    ay_random_hex(name, 16);
    if (last == AY_FOLLOW_GALLERIES)
        CHECK_OK(ay_store_dataset_create(other, name, &id, &err), err);
    else
        CHECK_OK(ay_store_setting_put(other, "probe", name, &err), err);
    CHECK(is_heard(last));
    atomic_store(&heard, 0);
}

static void changes_of_others_are_heard(void)
{
    ay_store_job j = {.kind = "k", .state = "done", .message = "", .request = "", .detail = ""};
    ay_store *s = open_at(shared_url()), *other = open_at(shared_url());
    int64_t id;
    char name[33];

    CHECK(ay_store_shared(s));
    atomic_store(&heard, 0);
    CHECK_OK(ay_store_follow(s, hear, NULL, &err), err);
    CHECK(ay_store_follow(s, hear, NULL, &err) == AY_ECONFLICT);
    CHECK(is_heard(AY_FOLLOW_ALL)); /* what was said before anybody listened */
    settle(other, AY_FOLLOW_REST);
    settle(other, AY_FOLLOW_GALLERIES);
    ay_random_hex(name, 16);
    CHECK_OK(ay_store_dataset_create(s, name, &id, &err), err); /* its own are not news */
    CHECK_OK(ay_store_begin(other, &err), err);
    CHECK_OK(ay_store_job_add(other, &j, &id, &err), err);
    ay_store_rollback(other); /* nor what did not happen */
    CHECK_OK(ay_store_setting_put(other, "probe", name, &err), err);
    CHECK(is_heard(AY_FOLLOW_REST) && atomic_load(&heard) == AY_FOLLOW_REST);
    atomic_store(&heard, 0);
    CHECK_OK(ay_store_job_add(other, &j, &id, &err), err);
    CHECK(is_heard(AY_FOLLOW_JOBS) && atomic_load(&heard) == AY_FOLLOW_JOBS);
    ay_store_close(other);
    ay_store_close(s);
}

static void who_only_reads_hears_too(void)
{
    ay_store_job j = {.kind = "k", .state = "done", .message = "", .request = "", .detail = ""};
    ay_store *s, *reading = NULL;
    char where[96], name[33];
    int64_t id;

    snprintf(where, sizeof where, "sqlite:%s/w.db", fresh_folder());
    s = open_at(where);
    CHECK(!ay_store_shared(s));
    CHECK_OK(ay_store_follow(s, hear, NULL, &err), err); /* nobody else writes: nothing to do */
    CHECK_OK(ay_store_open_reading(&reading, where, &err), err);
    atomic_store(&heard, 0);
    CHECK_OK(ay_store_follow(reading, hear, NULL, &err), err);
    usleep(300000);
    ay_random_hex(name, 16);
    CHECK_OK(ay_store_dataset_create(s, name, &id, &err), err);
    CHECK(is_heard(AY_FOLLOW_GALLERIES));
    CHECK_OK(ay_store_job_add(s, &j, &id, &err), err);
    CHECK(is_heard(AY_FOLLOW_JOBS));
    ay_store_close(reading);
    ay_store_close(s);
}

static void statements_say_what_they_change(void)
{
    CHECK(ay_follow_of("INSERT INTO member (id) VALUES (?)") == AY_FOLLOW_GALLERIES);
    CHECK(ay_follow_of("UPDATE job SET state = ?") == AY_FOLLOW_JOBS && ay_follow_of("UPDATE job SET lease_us = ?") == 0);
    CHECK(ay_follow_of("DELETE FROM serving") == AY_FOLLOW_MODELS && ay_follow_of("DELETE FROM stamp") == 0);
    CHECK(ay_follow_of("INSERT INTO picture_tag (tag) VALUES (?)") == AY_FOLLOW_REST && ay_follow_of("SELECT 1") == 0);
}

/* ---- files */

static void files_are_whole_or_absent(void)
{
    size_t n = AY_CONTENT_PART + 1000;
    char where[512], prefix[64], a[96], b[96], hex[AY_SHA256_HEX];
    ay_buf big = {0}, out = {0};
    const char **list = NULL;
    ay_store *s;
    ay_arena arena;

    snprintf(where, sizeof where, "sqlite:%s/f.db", fresh_folder());
    if (getenv("ASSAY_TEST_POSTGRES"))
        snprintf(where, sizeof where, "%s", shared_url());
    s = open_at(where);
    ay_random_hex(hex, 32);
    snprintf(prefix, sizeof prefix, "model/%.16s/", hex);
    snprintf(a, sizeof a, "%sa", prefix);
    snprintf(b, sizeof b, "%splots/b", prefix);
    CHECK(ay_buf_reserve(&big, n));
    for (size_t i = 0; i < n; i++)
        big.data[i] = (char)(i * 7 + i / 251);
    big.len = n;
    CHECK_OK(ay_store_content_put(s, (ay_content[]){{a, big.data, n}, {b, "", 0}, {hex, "x", 1}}, 3, &err), err);
    CHECK_OK(ay_store_content_put(s, &(ay_content){a, "other", 5}, 1, &err), err); /* what is there stays */
    CHECK_OK(ay_store_content_get(s, a, &out, &err), err);
    CHECK(out.len == n && memcmp(out.data, big.data, n) == 0);
    out.len = 0;
    CHECK_OK(ay_store_content_get(s, b, &out, &err), err);
    CHECK(out.len == 0 && ay_store_content_get(s, "model/none", &out, &err) == AY_ENOTFOUND);
    ay_arena_init(&arena, 0);
    CHECK_OK(ay_store_content_list(s, prefix, &arena, &list, &n, &err), err);
    CHECK(n == 2 && strcmp(list[0], a) == 0 && strcmp(list[1], b) == 0);
    CHECK_OK(ay_store_content_trim(s, 0, &err), err);
    CHECK_OK(ay_store_content_get(s, hex, &out, &err), err); /* just put: its row may be on the way */
    CHECK_OK(ay_store_content_trim(s, INT64_MAX, &err), err);
    CHECK(ay_store_content_get(s, hex, &out, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_content_get(s, a, &out, &err), err); /* a model's stay */
    ay_arena_fini(&arena);
    ay_buf_fini(&big);
    ay_buf_fini(&out);
    ay_store_close(s);
}

TESTS({"each job is done once", each_job_is_done_once},
      {"changes of others are heard", changes_of_others_are_heard},
      {"who only reads hears too", who_only_reads_hears_too},
      {"statements say what they change", statements_say_what_they_change},
      {"files are whole or absent", files_are_whole_or_absent})
