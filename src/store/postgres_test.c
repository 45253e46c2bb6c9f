/* What only the PostgreSQL driver can get wrong: URLs, servers that refuse, go away and come back, commits whose answer is lost, two
 * writers, statements that fail in the middle of a transaction, migrations cut short, backups.
 *
 * ASSAY_TEST_POSTGRES is the URL of a database on a private server that may be killed; test/postgres/run
 * starts one.  Without it only the URLs are tested. */
#include "store/driver.h"
#include "store/ledger.h"
#include "store/postgres.h"
#include "store/store.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/test.h"
#include "store/folder_test.h"
#include "store/proxy_test.h"

#include <stdarg.h>
#include <sys/stat.h>

static ay_err err;

static const char *url(void)
{
    const char *u = getenv("ASSAY_TEST_POSTGRES");

    if (!u)
        SKIP("no PostgreSQL; test/postgres/run brings one");
    return u;
}

/* The test's URL with its words after '?' replaced or more of them added. */
static const char *url_with(const char *more)
{
    static char text[512];

    snprintf(text, sizeof text, "%s%s", url(), more);
    return text;
}

/* Statements as the server's root, in the test's database; what it prints, first line. */
static const char *root(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *root(const char *fmt, ...)
{
    static char out[512];
    char sql[1024], command[1400];
    va_list ap;
    FILE *f;

    url(); /* without a server the case ends here */
    va_start(ap, fmt);
    vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    snprintf(command, sizeof command, "test/postgres/server sql assay <<'END'\nSET search_path TO assay;\n%s\nEND\n", sql);
    f = popen(command, "r");
    CHECK(f);
    if (!fgets(out, sizeof out, f))
        *out = '\0';
    out[strcspn(out, "\n")] = '\0';
    CHECK(pclose(f) == 0);
    return out;
}

static void server(const char *what)
{
    char command[300];

    snprintf(command, sizeof command, "test/postgres/server %s", what);
    CHECK(system(command) == 0);
}

static ay_store *open_at(const char *where)
{
    ay_store *s = NULL;

    CHECK_OK(ay_store_open(&s, where, &err), err);
    return s;
}

static ay_status make(ay_store *s, char name[33])
{
    int64_t id;

    ay_random_hex(name, 16);
    err.msg[0] = '\0';
    return ay_store_dataset_create(s, name, &id, &err);
}

static bool has(ay_store *s, const char *name)
{
    ay_store_dataset *list;
    bool found = false;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_store_dataset_list(s, &a, &list, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        found |= strcmp(list[i].name, name) == 0;
    ay_arena_fini(&a);
    return found;
}

/* ---- URLs: what all servers share is in mysql_test.c */

static void urls_are_read(void)
{
    static const char *const bad[] = {"//u:secret@h/d?schema=Big", "//u:secret@h/d?schema=a;b", "//u:secret@h/d?schema=pg_x",
                                      "//u:secret@h/d?nodes=two", "//u:secret@h/d?sslmode=allow", "//u:secret@h/", "//", NULL};
    ay_sql_url u;

    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_postgres, "//ada:p%40ss@db.example.org/parts?schema=line_7&nodes=many&timeout=7", &err), err);
    CHECK(strcmp(u.user, "ada") == 0 && strcmp(u.password, "p@ss") == 0 && u.port == 5432 && u.timeout_s == 7);
    CHECK(strcmp(u.schema, "line_7") == 0 && u.many && strcmp(u.database, "parts") == 0);
    ay_sql_url_fini(&u);
    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_postgres, "///p?socket=/run/pg", &err), err);
    CHECK(!*u.host && strcmp(u.socket, "/run/pg") == 0 && strcmp(u.schema, "assay") == 0 && !u.many);
    ay_sql_url_fini(&u);
    CHECK(ay_sql_url_parse(&u, &ay_sql_url_mysql, "//u@h/d?nodes=many", &err) == AY_EINVAL && !strstr(err.msg, "nodes=one"));
    for (int i = 0; bad[i]; i++) {
        err.msg[0] = '\0';
        CHECK(ay_sql_url_parse(&u, &ay_sql_url_postgres, bad[i], &err) == AY_EINVAL && !u.text && !u.password);
        CHECK(strlen(err.msg) > 20 && !strstr(err.msg, "secret"));
    }
}

/* ---- servers that refuse */

static void refused(const char *where, ay_status want, const char *say)
{
    ay_store *s = NULL;
    ay_status got;

    err.msg[0] = '\0';
    got = ay_store_open(&s, where, &err);
    if (got != want || !strstr(err.msg, say))
        printf("  \"%s\": %d instead of %d: %s\n", say, got, want, err.msg);
    CHECK(got == want && !s && strstr(err.msg, say) && !strstr(err.msg, "same") &&
          !strstr(err.msg, "wrong"));
}

static const char *socket_path(void)
{
    return strstr(url(), "socket=") + strlen("socket=");
}

/* A setting of the whole server, read again at once. */
static void set_server(const char *what)
{
    root("ALTER SYSTEM %s; SELECT pg_reload_conf()", what);
    usleep(300000);
}

static void refusals_say_what_to_do(void)
{
    char where[300];

    snprintf(where, sizeof where, "postgresql://assay:wrong@localhost/assay?socket=%s", socket_path());
    refused(where, AY_EIO, "ASSAY_STORE_PASSWORD");
    snprintf(where, sizeof where, "postgresql://u:wrong@localhost/assay?socket=%s.not", socket_path());
    refused(where, AY_EIO, "cannot be reached");
    refused("postgresql://u:wrong@127.0.0.1:1/assay", AY_EIO, "database assay on 127.0.0.1:1 cannot");
    refused("postgresql://u:wrong@no.such.host.invalid/assay", AY_EIO, "no.such.host.invalid:5432");
    root("CREATE ROLE poor LOGIN PASSWORD 'wrong'");
    snprintf(where, sizeof where, "postgresql://poor:wrong@localhost/assay?socket=%s&schema=poor", socket_path());
    refused(where, AY_EIO, "CREATE SCHEMA");
    snprintf(where, sizeof where, "postgresql://poor:wrong@localhost/absent?socket=%s", socket_path());
    refused(where, AY_EIO, "CREATE DATABASE");
    root("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0 OWNER poor");
    snprintf(where, sizeof where, "postgresql://poor:wrong@localhost/latin?socket=%s", socket_path());
    refused(where, AY_EUNSUPPORTED, "ENCODING 'UTF8'");
    root("DROP DATABASE latin; DROP ROLE poor; ");
    set_server("SET full_page_writes = off");
    refused(url(), AY_EUNSUPPORTED, "relaxed=yes");
    ay_store_close(open_at(url_with("&relaxed=yes")));
    set_server("RESET full_page_writes");
    refused("postgresql://u@127.0.0.1:1/assay?ca=/nowhere", AY_EINVAL, "ssl=verify");
    ay_store_close(open_at(url()));
}

/* ---- going away and coming back */

static void it_comes_back_by_itself(void)
{
    char one[33], two[33];
    ay_store *s = open_at(url());
    ay_store_dataset *list;
    ay_status status = AY_OK;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    CHECK_OK(make(s, one), err);
    server("kill");
    CHECK(ay_store_dataset_list(s, &a, &list, &n, &err) == AY_EBUSY);
    CHECK(make(s, two) == AY_EBUSY);
    CHECK(make(s, two) == AY_EBUSY && strstr(err.msg, "tried again in"));
    server("start");
    for (int i = 0; i < 60 && (i == 0 || status != AY_OK); i++) {
        usleep(i ? 100000 : 0);
        status = make(s, two);
    }
    CHECK_OK(status, err);
    status = AY_EBUSY;
    for (int i = 0; i < 30 && status == AY_EBUSY; i++) {
        status = ay_store_dataset_list(s, &a, &list, &n, &err);
        usleep(status == AY_EBUSY ? 100000 : 0);
    }
    CHECK(has(s, one) && has(s, two));
    ay_arena_fini(&a);
    ay_store_close(s);
}

#define END_ALL "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'assay'"
#define END_WRITER END_ALL " AND application_name LIKE 'assay _%%'"

/* An idle connection that the server ended is replaced without anybody noticing. */
static void a_dead_connection_is_no_error(void)
{
    char one[33];
    ay_store *s = open_at(url());
    ay_store_dataset *list;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    for (int i = 0; i < 3; i++) {
        CHECK(atoi(root(END_ALL)) >= 2);
        usleep(50000);
        CHECK_OK(ay_store_dataset_list(s, &a, &list, &n, &err), err);
        CHECK_OK(make(s, one), err);
        CHECK(has(s, one));
    }
    ay_arena_fini(&a);
    ay_store_close(s);
}

static void a_transaction_cut_off_keeps_nothing(void)
{
    char one[33], two[33], three[33];
    ay_store *s = open_at(url());

    CHECK_OK(ay_store_begin(s, &err), err);
    CHECK_OK(make(s, one), err);
    CHECK(atoi(root(END_WRITER)) == 1);
    CHECK(make(s, two) == AY_EBUSY);
    CHECK(make(s, two) == AY_EBUSY); /* and not on a new connection, outside any transaction */
    CHECK(ay_store_commit(s, &err) == AY_EBUSY);
    CHECK(!has(s, one) && !has(s, two));
    CHECK_OK(make(s, three), err);
    CHECK(has(s, three) && !has(s, one));
    ay_store_close(s);
}

static void raw(void *self, const char *sql)
{
    CHECK_OK(ay_store_postgres.run(self, sql, &(ay_sql_call){0}, &err), err);
}

/* As SQLite and MySQL have it: what the statement did is taken back, the transaction goes on. */
static void a_statement_that_fails_leaves_the_transaction(void)
{
    const char *rest = strchr(url(), ':') + 1;
    int64_t id = 0, changed = 0;
    ay_sql_value name = {AY_SQL_TEXT, 0, "one", 3};
    ay_sql_call call = {.args = &name, .nargs = 1, .changed = &changed, .inserted_id = &id};
    void *self;

    CHECK_OK(ay_store_postgres.open(&self, rest, true, &err), err);
    CHECK_OK(ay_store_postgres.begin(self, &err), err);
    raw(self, "CREATE TABLE probe (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name TEXT UNIQUE)");
    for (int i = 0; i < 3; i++) {
        ay_status status = ay_store_postgres.run(self, "INSERT INTO probe (name) VALUES (?)", &call, &err);
        CHECK(status == (i ? AY_EEXISTS : AY_OK));
    }
    CHECK(id == 1 && changed == 1);
    name.p = "two";
    CHECK_OK(ay_store_postgres.run(self, "INSERT INTO probe (name) VALUES (?)", &call, &err), err);
    CHECK(id > 1);
    CHECK_OK(ay_store_postgres.commit(self, &err), err);
    CHECK(strcmp(root("SELECT count(*) FROM probe"), "2") == 0);
    CHECK_OK(ay_store_postgres.begin(self, &err), err); /* one that is no writing statement ends it, and COMMIT does not say otherwise */
    CHECK_OK(ay_store_postgres.run(self, "DELETE FROM probe WHERE name = ?", &call, &err), err);
    CHECK(ay_store_postgres.run(self, "SELECT nothing FROM probe WHERE name = ?", &call, &err) == AY_ECORRUPT);
    CHECK(ay_store_postgres.commit(self, &err) != AY_OK);
    CHECK(strcmp(root("SELECT count(*) FROM probe"), "2") == 0);
    ay_store_postgres.close(self);
    root("DROP TABLE probe");
}

typedef struct {
    int64_t want[8];
    int n;
} numbers;

static ay_status compare(void *ctx, const ay_sql_value *c, int n, ay_err *e)
{
    numbers *l = ctx;

    (void)e;
    CHECK(n == 1 && c[0].type == AY_SQL_INT && c[0].i == l->want[l->n]);
    l->n++;
    return AY_OK;
}

static void sums_are_integers(void)
{
    static const char *const sql[] = {
        "SELECT CAST(12345678901234567 AS numeric) WHERE ? = 1", "SELECT CAST(-9223372036854775808 AS numeric) WHERE ? = 1",
        "SELECT CAST(0 AS numeric) WHERE ? = 1", "SELECT CAST(100000000 AS numeric) WHERE ? = 1", "SELECT -7 WHERE ? = 1",
        "SELECT 1 = 1 WHERE ? = 1", "SELECT CAST(9223372036854775807 AS numeric) WHERE ? = 1"};
    numbers l = {{12345678901234567, INT64_MIN, 0, 100000000, -7, 1, INT64_MAX}, 0};
    ay_sql_value one = {.type = AY_SQL_INT, .i = 1};
    ay_sql_call call = {.args = &one, .nargs = 1, .row = compare, .ctx = &l};
    void *self;

    CHECK_OK(ay_store_postgres.open(&self, strchr(url(), ':') + 1, false, &err), err);
    for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
        CHECK_OK(ay_store_postgres.run(self, sql[i], &call, &err), err);
    CHECK(l.n == 7);
    CHECK(ay_store_postgres.run(self, "SELECT 1.5 WHERE ? = 1", &call, &err) == AY_EINVAL);
    CHECK(ay_store_postgres.run(self, "SELECT CAST(9223372036854775808 AS numeric) WHERE ? = 1", &call, &err) == AY_EINVAL);
    CHECK(ay_store_postgres.run(self, "SELECT CAST(1 AS real) WHERE ? = 1", &call, &err) == AY_EINVAL && l.n == 7);
    ay_store_postgres.close(self);
}

/* ---- commits whose answer is lost */

static proxy wire_cutter;
static int doubts;

static void count_doubt(void *ctx)
{
    (void)ctx;
    doubts++;
}

static ay_store *open_through_proxy(void)
{
    const char *dir = fresh_folder();
    char path[96], to[108], where[300];
    ay_store *s;

    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", dir);
    snprintf(to, sizeof to, "%.90s/.s.PGSQL.5432", socket_path());
    CHECK(proxy_start(&wire_cutter, path, to));
    snprintf(where, sizeof where, "%.*s%s", (int)(socket_path() - url()), url(), dir);
    s = open_at(where);
    doubts = 0;
    ay_store_on_doubt(s, count_doubt, NULL);
    return s;
}

static void close_proxy(ay_store *s)
{
    ay_store_close(s);
    proxy_stop(&wire_cutter);
}

static void a_commit_whose_answer_is_lost_is_found(void)
{
    char name[33];
    ay_store *s = open_through_proxy();

    for (int i = 0; i < 5; i++) {
        wire_cutter.way = PROXY_LOSE_ANSWER;
        CHECK_OK(make(s, name), err); /* it was kept, and said so */
        CHECK(has(s, name));
        wire_cutter.way = PROXY_LOSE_QUESTION;
        CHECK(make(s, name) == AY_EBUSY && strstr(err.msg, "nothing was changed"));
        CHECK(!has(s, name));
        CHECK_OK(make(s, name), err);
    }
    CHECK(wire_cutter.cuts == 10 && doubts == 0);
    close_proxy(s);
}

/* The server has not noticed that the connection is gone: it holds the lock and the open transaction. */
static void a_connection_the_server_still_holds_is_ended(void)
{
    char name[33], other[33];
    ay_store *s = open_through_proxy();

    wire_cutter.hang_up = true;
    wire_cutter.way = PROXY_LOSE_QUESTION;
    CHECK(make(s, name) == AY_EBUSY && strstr(err.msg, "nothing was changed"));
    CHECK_OK(make(s, other), err);
    CHECK(has(s, other) && !has(s, name));
    close_proxy(s);
}

static void what_cannot_be_found_out_is_said(void)
{
    char kept[33], lost[33], next[33];
    ay_store *s = open_through_proxy();

    for (int i = 0; i < 2; i++) {
        wire_cutter.way = i ? PROXY_LOSE_QUESTION : PROXY_LOSE_ANSWER;
        CHECK_OK(ay_store_begin(s, &err), err);
        CHECK_OK(make(s, i ? lost : kept), err);
        wire_cutter.closed = true; /* nobody gets in again until this is taken back */
        CHECK(ay_store_commit(s, &err) == AY_EUNKNOWN && doubts == i + 1);
        CHECK(strstr(err.msg, "whether it did"));
        CHECK(make(s, next) == AY_EBUSY); /* nothing before that is known */
        wire_cutter.closed = false;
        for (int k = 0; k < 40 && make(s, next) != AY_OK; k++)
            usleep(100000);
        CHECK(has(s, next) && has(s, kept));
    }
    CHECK(!has(s, lost));
    close_proxy(s);
}

/* ---- two writers */

static void a_second_writer_is_kept_out(void)
{
    ay_store *s = open_at(url()), *reading = NULL;
    char name[33];

    refused(url(), AY_EBUSY, "in use by another Assay");
    CHECK_OK(ay_store_open_reading(&reading, url(), &err), err);
    CHECK_OK(make(s, name), err);
    CHECK(has(reading, name) && make(reading, name) == AY_EBUSY);
    ay_store_close(reading);
    ay_store_close(s);
    ay_store_close(open_at(url())); /* the lock went with the connection */
}

static void who_was_taken_over_writes_no_more(void)
{
    ay_store *s = open_at(url()), *other;
    char name[33], late[33];

    root(END_WRITER);
    usleep(50000);
    other = open_at(url());
    CHECK_OK(make(other, name), err);
    CHECK(make(s, late) == AY_EBUSY && strstr(err.msg, "taken over"));
    ay_store_close(other);
    CHECK(make(s, late) == AY_EBUSY && strstr(err.msg, "start this one again"));
    CHECK(!has(s, late) && has(s, name)); /* it may still read */
    ay_store_close(s);
}

/* ---- statements that take too long, transactions that the server ends */

static void waiting_has_an_end(void)
{
    ay_store *s = open_at(url_with("&timeout=1"));
    char name[33];
    uint64_t begun = ay_clock_mono();
    FILE *f = popen("test/postgres/server sql assay > /dev/null", "w");

    CHECK(f);
    fputs("BEGIN; SELECT * FROM assay.assay_session FOR UPDATE; SELECT pg_sleep(4); ROLLBACK;\n", f);
    fflush(f);
    usleep(1000000);
    CHECK(make(s, name) == AY_EBUSY);
    CHECK(ay_clock_mono() - begun < 4500000000ull);
    CHECK(pclose(f) == 0);
    CHECK_OK(make(s, name), err);
    ay_store_close(s);
}

/* ---- comparing, numbering */

static void names_compare_byte_by_byte(void)
{
    static const char *const apart[] = {"Ma\xc3\x9f", "Mass", "mass", "m\xc3\xa4ss", "ma\xcc\x88ss",
                                        "mass\xc2\xa0", "\xf0\x9f\x94\xa9", "\xf0\x9f\x94\xa7", NULL};
    ay_store *s = open_at(url());
    int64_t d, c, again;
    char name[33];

    ay_random_hex(name, 16);
    CHECK_OK(ay_store_dataset_create(s, name, &d, &err), err);
    for (int i = 0; apart[i]; i++)
        CHECK_OK(ay_store_class_create(s, d, apart[i], &c, &err), err);
    for (int i = 0; apart[i]; i++)
        CHECK(ay_store_class_create(s, d, apart[i], &again, &err) == AY_EEXISTS);
    ay_store_close(s);
    CHECK(strcmp(root("SELECT COUNT(*) FROM class WHERE name = 'mass ' OR name = 'MASS'"), "0") == 0);
}

static void numbers_are_not_used_again(void)
{
    ay_store_job j = {.kind = "k", .state = "done", .message = "", .request = "", .detail = ""};
    ay_store *s = open_at(url());
    int64_t one, two;

    CHECK_OK(ay_store_job_add(s, &j, &one, &err), err);
    root("DELETE FROM job WHERE id = %lld", (long long)one);
    ay_store_close(s);
    server("stop");
    server("start");
    s = open_at(url());
    CHECK_OK(ay_store_job_add(s, &j, &two, &err), err);
    CHECK(two > one);
    ay_store_close(s);
}

/* Several that share a database, and one that does not. */
static void nodes_share_when_all_say_so(void)
{
    ay_store *one = open_at(url_with("&nodes=many")), *two;
    char a[33], b[33];

    two = open_at(url_with("&nodes=many"));
    for (int i = 0; i < 5; i++) {
        CHECK_OK(make(one, a), err);
        CHECK_OK(make(two, b), err);
        CHECK(has(one, b) && has(two, a));
    }
    CHECK(atoi(root(END_WRITER)) == 2); /* a lost connection does not put a node out */
    CHECK_OK(make(one, a), err);
    CHECK_OK(make(two, b), err);
    refused(url(), AY_EBUSY, "in use by another Assay");
    ay_store_close(one);
    CHECK_OK(make(two, a), err);
    ay_store_close(two);
    one = open_at(url());
    refused(url_with("&nodes=many"), AY_EBUSY, "nodes=many");
    ay_store_close(one);
    CHECK(strcmp(root("SELECT count(*) FROM assay_session"), "0") == 0);
}

/* ---- schema */

static void a_migration_cut_short_is_taken_back(void)
{
    const char *rest = strchr(url(), ':') + 1;
    void *self;

    CHECK_OK(ay_store_postgres.open(&self, rest, true, &err), err);
    CHECK_OK(ay_store_postgres.begin(self, &err), err);
    raw(self, "CREATE TABLE half (id BIGINT, x BIGINT)");
    raw(self, "INSERT INTO half VALUES (1, 2)");
    raw(self, "ALTER TABLE setting ADD COLUMN half BIGINT");
    raw(self, "CREATE INDEX half_setting ON setting (half)");
    server("kill");
    ay_store_postgres.close(self);
    server("start");
    ay_store_close(open_at(url()));
    CHECK(strcmp(root("SELECT count(*) FROM information_schema.columns WHERE table_name = 'half' OR column_name = 'half'"), "0") == 0);
}

static void what_others_keep_there_is_left_alone(void)
{
    ay_store *s;

    root("CREATE TABLE public.serving (x INT); INSERT INTO public.serving VALUES (7); CREATE TABLE public.vector (y INT)");
    s = open_at(url());
    CHECK_OK(ay_store_check(s, &err), err);
    ay_store_close(s);
    CHECK(strcmp(root("SELECT x FROM public.serving"), "7") == 0);
    root("DROP TABLE public.serving; DROP TABLE public.vector; CREATE SCHEMA other AUTHORIZATION assay; CREATE TABLE other.serving (x INT)");
    refused(url_with("&schema=other"), AY_ECONFLICT, "serving");
    CHECK(strcmp(root("SELECT count(*) FROM pg_tables WHERE schemaname = 'other' AND tablename = 'dataset'"), "0") == 0);
    root("DROP SCHEMA other CASCADE");
    s = open_at(url_with("&schema=other")); /* a second store in the same database */
    ay_store_close(s);
    root("DROP SCHEMA other CASCADE");
}

/* Back to the first schema: what later ones added goes. */
static void make_old(void)
{
    root("DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'assay' AND tablename NOT LIKE 'backup%%'"
         " AND tablename NOT IN ('dataset', 'class', 'picture', 'member', 'vector', 'trash', 'setting', 'event', 'schema_version',"
         " 'assay_session') LOOP EXECUTE 'DROP TABLE assay.' || t || ' CASCADE'; END LOOP; END $$;"
         " ALTER TABLE dataset DROP COLUMN kind; ALTER TABLE class DROP COLUMN kind; DROP INDEX event_by_subject;"
         " ALTER TABLE event DROP COLUMN who; ALTER TABLE picture DROP COLUMN taken_us, DROP COLUMN camera, DROP COLUMN examined;"
         " UPDATE schema_version SET version = 1");
}

static void an_older_schema_is_migrated_after_a_backup(void)
{
    char name[33];
    ay_store *s = open_at(url());

    CHECK_OK(make(s, name), err);
    ay_store_close(s);
    for (int i = 0; i < 2; i++) { /* the second backup replaces the first */
        make_old();
        s = open_at(url());
        CHECK(has(s, name));
        CHECK_OK(ay_store_check(s, &err), err);
        ay_store_close(s);
        CHECK(strcmp(root("SELECT COUNT(*) FROM backup_schema_1_dataset WHERE name = '%s'", name), "1") == 0);
        CHECK(strcmp(root("SELECT version FROM backup_schema_1_schema_version"), "1") == 0);
        CHECK(atoi(root("SELECT version FROM schema_version")) == AY_STORE_SCHEMA);
    }
}

static void everything_is_copied_as_a_file(void)
{
    static const float v3[] = {0.6f, 0.8f, -0.25f};
    static const char digest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char hex[AY_SHA256_HEX], path[96], where[128], name[33];
    ay_store *s = open_at(url_with("&schema=copied")), *copy; /* others count the pictures of the usual one */
    ay_store_vector v = {digest, digest, v3, 3};
    int64_t d = 0, c = 0, late = 0;
    ay_store_added added;
    ay_store_member *m;
    ay_arena a;
    size_t n = 0;

    ay_random_hex(hex, 32);
    ay_random_hex(name, 16);
    CHECK_OK(ay_store_dataset_create(s, name, &d, &err), err);
    CHECK_OK(ay_store_class_create(s, d, "Ma\xc3\x9f", &c, &err), err);
    CHECK_OK(ay_store_member_add(s, c, "a.jpg",
                                 &(ay_store_picture){hex, "jpeg", 640, 480, 12345, 0xfedcba9876543210u, 17, 16, "Canon"}, &v, &added, &err), err);
    snprintf(path, sizeof path, "%s/copy.db", fresh_folder());
    snprintf(where, sizeof where, "sqlite:%s", path);
    CHECK_OK(ay_store_copy(s, path, &err), err);
    CHECK_OK(ay_store_class_create(s, d, "after it", &late, &err), err);
    copy = open_at(where);
    ay_arena_init(&a, 0);
    CHECK_OK(ay_store_member_list(copy, d, c, 0, 10, &a, &m, &n, &err), err);
    CHECK(n == 1 && m[0].id == added.id && strcmp(m[0].picture.sha256, hex) == 0 && m[0].picture.phash == 0xfedcba9876543210u);
    CHECK_OK(ay_store_check(copy, &err), err);
    CHECK(has(copy, name) && ay_store_class_create(copy, d, "after it", &c, &err) == AY_OK && c > late - 1);
    ay_arena_fini(&a);
    ay_store_close(copy);
    ay_store_close(s);
    root("DROP SCHEMA copied CASCADE");
}

static void damage_is_found(void)
{
    ay_store *s = open_at(url());

    CHECK_OK(ay_store_check(s, &err), err);
    root("SET session_replication_role = replica; INSERT INTO class (dataset, name, position, created_us, trash)"
         " VALUES (777777, 'x', 1, 1, 0)");
    CHECK(ay_store_check(s, &err) == AY_ECORRUPT && strstr(err.msg, "class.dataset"));
    root("DELETE FROM class WHERE dataset = 777777");
    root("UPDATE schema_version SET version = 99");
    ay_store_close(s);
    refused(url(), AY_ECONFLICT, "newer");
    root("UPDATE schema_version SET version = %d", AY_STORE_SCHEMA);
    ay_store_close(open_at(url()));
}

TESTS({"URLs are read", urls_are_read},
      {"refusals say what to do", refusals_say_what_to_do},
      {"it comes back by itself", it_comes_back_by_itself},
      {"a dead connection is no error", a_dead_connection_is_no_error},
      {"a transaction cut off keeps nothing", a_transaction_cut_off_keeps_nothing},
      {"a statement that fails leaves the transaction", a_statement_that_fails_leaves_the_transaction},
      {"sums are integers", sums_are_integers},
      {"a commit whose answer is lost is found", a_commit_whose_answer_is_lost_is_found},
      {"a connection the server still holds is ended", a_connection_the_server_still_holds_is_ended},
      {"what cannot be found out is said", what_cannot_be_found_out_is_said},
      {"a second writer is kept out", a_second_writer_is_kept_out},
      {"who was taken over writes no more", who_was_taken_over_writes_no_more},
      {"nodes share when all say so", nodes_share_when_all_say_so},
      {"waiting has an end", waiting_has_an_end},
      {"names compare byte by byte", names_compare_byte_by_byte},
      {"numbers are not used again", numbers_are_not_used_again},
      {"a migration cut short is taken back", a_migration_cut_short_is_taken_back},
      {"what others keep there is left alone", what_others_keep_there_is_left_alone},
      {"an older schema is migrated after a backup", an_older_schema_is_migrated_after_a_backup},
      {"everything is copied as a file", everything_is_copied_as_a_file},
      {"damage is found", damage_is_found})
