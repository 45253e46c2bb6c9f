/* What only the MySQL driver can get wrong: URLs and passwords, servers that refuse, go away and come
 * back, commits whose answer is lost, two writers, migrations cut short, backups.
 *
 * ASSAY_TEST_MYSQL is the URL of a database on a private server that may be killed; test/mariadb/run
 * starts one.  Without it only the URLs are tested. */
#include "store/driver.h"
#include "store/ledger.h"
#include "store/mysql.h"
#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"
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
    const char *u = getenv("ASSAY_TEST_MYSQL");

    if (!u)
        SKIP("no MariaDB; test/mariadb/run brings one");
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
    snprintf(command, sizeof command, "test/mariadb/server sql assay <<'END'\n%s\nEND\n", sql);
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

    snprintf(command, sizeof command, "test/mariadb/server %s", what);
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

/* ---- URLs */

static void urls_are_read(void)
{
    ay_sql_url u;

    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_mysql, "//ada:p%40ss%2Fw%3Aord@db.example.org:3307/parts?ssl=on&timeout=7",
                                &err), err);
    CHECK(strcmp(u.user, "ada") == 0 && strcmp(u.password, "p@ss/w:ord") == 0 && u.port == 3307);
    CHECK(strcmp(u.host, "db.example.org") == 0 && strcmp(u.database, "parts") == 0);
    CHECK(u.ssl == AY_SQL_TLS && u.timeout_s == 7 && !u.relaxed && !*u.socket);
    ay_sql_url_fini(&u);
    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_mysql, "//[fe80::1]/p?ca=%2Fetc%2Fca.pem&ssl=verify&relaxed=yes", &err), err);
    CHECK(strcmp(u.host, "fe80::1") == 0 && u.port == 3306 && u.ssl == AY_SQL_VERIFY && u.relaxed);
    CHECK(strcmp(u.ca, "/etc/ca.pem") == 0 && !*u.user && !u.password && u.timeout_s == 60);
    ay_sql_url_fini(&u);
    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_mysql, "///p?socket=/run/my.sock", &err), err);
    CHECK(!*u.host && strcmp(u.socket, "/run/my.sock") == 0);
    ay_sql_url_fini(&u);
}

static void what_is_no_url_is_said_without_the_password(void)
{
    static const char *const bad[] = {
        "", "//", "//secret@h", "//h/", "//u:secret@h:99999/d", "//u:secret@h:x/d", "//u:sec%ret@h/d",
        "//u:secret%00@h/d", "//u:secret@h/d?sll=on", "//u:secret@h/d?ssl=maybe", "//u:secret@h/d?socket",
        "//u:secret@h/d?timeout=-1", "//u:secret@h/d?ca=x", "//u:secret@h/a/b", "//u:secret@h/a%60b",
        "//u@h/d?password-file=/nowhere", NULL};
    ay_sql_url u;
    ay_store *s;

    for (int i = 0; bad[i]; i++) {
        err.msg[0] = '\0';
        CHECK(ay_sql_url_parse(&u, &ay_sql_url_mysql, bad[i], &err) != AY_OK && !u.text && !u.password);
        CHECK(strlen(err.msg) > 20 && !strstr(err.msg, "secret"));
    }
    CHECK(ay_store_open(&s, "msyql://u:secret@h/d", &err) == AY_EUNSUPPORTED && !strstr(err.msg, "secret"));
    CHECK(strstr(err.msg, "msyql://u:***@h/d"));
}

static void passwords_come_from_elsewhere_too(void)
{
    char path[96], where[160], shown[100];
    ay_sql_url u;

    snprintf(path, sizeof path, "%s/password", fresh_folder());
    CHECK_OK(ay_file_write(path, "from a file\n", 12, &err), err);
    snprintf(where, sizeof where, "//u@h/d?password-file=%s", path);
    setenv("ASSAY_STORE_PASSWORD", "from the environment", 1);
    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_mysql, where, &err), err);
    CHECK(strcmp(u.password, "from a file") == 0);
    ay_sql_url_fini(&u);
    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_mysql, "//u@h/d", &err), err);
    CHECK(strcmp(u.password, "from the environment") == 0);
    ay_sql_url_fini(&u);
    unsetenv("ASSAY_STORE_PASSWORD");
    setenv("ASSAY_STORE_PASSWORD_FILE", path, 1);
    CHECK_OK(ay_sql_url_parse(&u, &ay_sql_url_mysql, "//u@h/d", &err), err);
    CHECK(strcmp(u.password, "from a file") == 0);
    ay_sql_url_fini(&u);
    unsetenv("ASSAY_STORE_PASSWORD_FILE");
    ay_url_hide_password("mysql://ada:a:b@c@h:1/d?x=y", shown, sizeof shown);
    CHECK(strcmp(shown, "mysql://ada:***@h:1/d?x=y") == 0);
    ay_url_hide_password("mysql://ada@h:1/d", shown, sizeof shown);
    CHECK(strcmp(shown, "mysql://ada@h:1/d") == 0);
    ay_url_hide_password("sqlite:/home/a@b/c:d", shown, sizeof shown);
    CHECK(strcmp(shown, "sqlite:/home/a@b/c:d") == 0);
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

static void refusals_say_what_to_do(void)
{
    char where[300];

    snprintf(where, sizeof where, "mysql://assay:wrong@localhost/assay?socket=%s", socket_path());
    refused(where, AY_EIO, "ASSAY_STORE_PASSWORD");
    snprintf(where, sizeof where, "mysql://u:wrong@localhost/assay?socket=%s.not", socket_path());
    refused(where, AY_EIO, "cannot be reached");
    refused("mysql://u:wrong@127.0.0.1:1/assay", AY_EIO, "database assay on 127.0.0.1:1 cannot");
    refused("mysql://u:wrong@no.such.host.invalid/assay", AY_EIO, "no.such.host.invalid:3306");
    root("CREATE USER poor@localhost IDENTIFIED BY 'wrong'; GRANT SELECT ON assay.* TO poor@localhost");
    snprintf(where, sizeof where, "mysql://poor:wrong@localhost/assay?socket=%s", socket_path());
    refused(where, AY_EIO, "GRANT ALL PRIVILEGES");
    root("GRANT ALL ON *.* TO poor@localhost");
    snprintf(where, sizeof where, "mysql://poor:wrong@localhost/absent?socket=%s", socket_path());
    refused(where, AY_EIO, "CREATE DATABASE");
    root("DROP USER poor@localhost; SET GLOBAL read_only = 1");
    refused(url(), AY_EBUSY, "replica");
    root("SET GLOBAL read_only = 0; SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    refused(url(), AY_EUNSUPPORTED, "relaxed=yes");
    ay_store_close(open_at(url_with("&relaxed=yes")));
    root("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    refused(url_with("&ssl=on"), AY_EIO, "SSL");
    ay_store_close(open_at(url()));
}

static void a_row_that_is_too_long_for_the_server_is_refused(void)
{
    ay_store_job j = {.kind = "train", .state = "pending", .message = "", .request = "", .detail = ""};
    char *big;
    ay_store *s;
    int64_t id;

    root("SET GLOBAL max_allowed_packet = 65536"); /* before anything is held: without a server it skips */
    big = ay_calloc(1, 100001);
    memset(big, 'x', 100000);
    j.request = big;
    s = open_at(url());
    CHECK(ay_store_job_add(s, &j, &id, &err) == AY_ELIMIT && strstr(err.msg, "max_allowed_packet"));
    ay_store_close(s);
    root("SET GLOBAL max_allowed_packet = 16777216");
    s = open_at(url());
    CHECK_OK(ay_store_job_add(s, &j, &id, &err), err);
    ay_store_close(s);
    ay_free(big);
}

/* Tables in one file that may grow by so much and no more. */
static void start_with_room(int megabytes)
{
    char path[200], command[200];
    struct stat st;

    snprintf(path, sizeof path, "%.100s/data/ibdata1", getenv("MARIADB_FOLDER"));
    CHECK(stat(path, &st) == 0);
    snprintf(command, sizeof command,
             "start --innodb-file-per-table=0 --innodb-data-file-path='ibdata1:12M:autoextend:max:%dM'",
             (int)(st.st_size >> 20) + megabytes);
    server(command);
}

/* They stand in for a full disk. */
static void a_full_disk_is_said_and_survived(void)
{
    ay_store_job j = {.kind = "train", .state = "pending", .message = "", .detail = ""}, *list;
    char *big, where[300];
    ay_status status = AY_OK;
    int kept = 0;
    int64_t id = 0;
    ay_store *s;
    ay_arena a;
    size_t n;

    snprintf(where, sizeof where, "mysql://assay:o'pen%%40se%%2Fsame@localhost/small?socket=%s",
             socket_path());
    server("stop");
    big = ay_calloc(1, 900001);
    memset(big, 'x', 900000);
    j.request = big;
    start_with_room(60);
    root("CREATE DATABASE small; GRANT ALL PRIVILEGES ON small.* TO assay@localhost");
    ay_store_close(open_at(where)); /* the tables are there; now the disk gets full */
    server("stop");
    start_with_room(8);
    s = open_at(where);
    while (kept < 40 && (status = ay_store_job_add(s, &j, &id, &err)) == AY_OK)
        kept++;
    CHECK(status == AY_EBUSY && strstr(err.msg, "no room left") && kept > 0);
    ay_arena_init(&a, 0);
    CHECK_OK(ay_store_job_list(s, 100, &a, &list, &n, &err), err);
    CHECK((int)n == kept); /* what was acknowledged, and nothing else */
    server("stop"); /* a larger disk */
    start_with_room(60);
    for (int i = 0; i < 50 && (status = ay_store_job_add(s, &j, &id, &err)) != AY_OK; i++)
        usleep(100000);
    CHECK_OK(status, err);
    ay_arena_fini(&a);
    ay_store_close(s);
    root("DROP DATABASE small");
    server("stop");
    server("start");
    ay_free(big);
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
        char kill[400];
        snprintf(kill, sizeof kill, "%s",
                 root("SELECT GROUP_CONCAT('KILL ', id SEPARATOR '; ') FROM"
                      " information_schema.processlist WHERE user = 'assay'"));
        root("%s", kill);
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
    root("SELECT IS_USED_LOCK('assay:assay') INTO @k; KILL @k");
    CHECK(make(s, two) == AY_EBUSY);
    CHECK(make(s, two) == AY_EBUSY); /* and not on a new connection, outside any transaction */
    CHECK(ay_store_commit(s, &err) == AY_EBUSY);
    CHECK(!has(s, one) && !has(s, two));
    CHECK_OK(make(s, three), err);
    CHECK(has(s, three) && !has(s, one));
    ay_store_close(s);
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
    char path[96], where[300];
    ay_store *s;

    snprintf(path, sizeof path, "%s/p", fresh_folder());
    CHECK(proxy_start(&wire_cutter, path, socket_path()));
    snprintf(where, sizeof where, "%.*s%s", (int)(socket_path() - url()), url(), path);
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

    root("SELECT IS_USED_LOCK('assay:assay') INTO @k; KILL @k");
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
    FILE *f = popen("test/mariadb/server sql assay > /dev/null", "w");

    CHECK(f);
    fputs("START TRANSACTION; SELECT * FROM assay_writer FOR UPDATE; SELECT SLEEP(4);\n", f);
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
    CHECK(strcmp(root("SELECT 'a ' = 'a'"), "1") == 0); /* as the server would have it */
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

/* ---- schema */

static void raw(void *self, const char *sql)
{
    CHECK_OK(ay_store_mysql.run(self, sql, &(ay_sql_call){0}, &err), err);
}

static void a_migration_cut_short_is_taken_back(void)
{
    const char *rest = strchr(url(), ':') + 1;
    void *self;

    CHECK_OK(ay_store_mysql.open(&self, rest, true, &err), err);
    CHECK_OK(ay_store_mysql.begin(self, &err), err);
    raw(self, "CREATE TABLE half (id BIGINT, x BIGINT) ENGINE=InnoDB COMMENT='assay'");
    raw(self, "INSERT INTO half VALUES (1, 2)");
    raw(self, "ALTER TABLE setting ADD COLUMN half BIGINT");
    raw(self, "CREATE INDEX half_by_x ON half (x)");
    raw(self, "CREATE INDEX half_setting ON setting (half)");
    CHECK(ay_store_mysql.run(self, "DROP TABLE setting", &(ay_sql_call){0}, &err) == AY_EUNSUPPORTED);
    server("kill");
    ay_store_mysql.close(self);
    server("start");
    CHECK(strcmp(root("SELECT COUNT(*) FROM assay_undo"), "4") == 0);
    ay_store_close(open_at(url()));
    CHECK(strcmp(root("SELECT COUNT(*) FROM assay_undo"), "0") == 0);
    CHECK(!*root("SHOW TABLES LIKE 'half'") && !*root("SHOW COLUMNS FROM setting LIKE 'half'"));
    CHECK_OK(ay_store_mysql.open(&self, rest, true, &err), err); /* and whole when it is committed */
    CHECK_OK(ay_store_mysql.begin(self, &err), err);
    raw(self, "CREATE TABLE half (id BIGINT) ENGINE=InnoDB COMMENT='assay'");
    CHECK_OK(ay_store_mysql.commit(self, &err), err);
    ay_store_mysql.close(self);
    ay_store_close(open_at(url()));
    CHECK(*root("SHOW TABLES LIKE 'half'"));
    root("DROP TABLE half");
}

static void what_others_keep_there_is_left_alone(void)
{
    char where[300];
    ay_store *s;

    root("CREATE DATABASE shared; GRANT ALL PRIVILEGES ON shared.* TO assay@localhost;"
         " CREATE TABLE shared.serving (x INT); INSERT INTO shared.serving VALUES (7);"
         " CREATE TABLE shared.clip_image (y INT)");
    snprintf(where, sizeof where, "mysql://assay:o'pen%%40se%%2Fsame@localhost/shared?socket=%s",
             socket_path());
    refused(where, AY_ECONFLICT, "table \"serving\" that is not Assay's");
    CHECK(strcmp(root("SELECT x FROM shared.serving"), "7") == 0);
    CHECK(strcmp(root("SELECT GROUP_CONCAT(table_name ORDER BY table_name) FROM information_schema.tables"
                      " WHERE table_schema = 'shared'"),
                 "assay_undo,assay_writer,clip_image,schema_version,serving") == 0);
    root("RENAME TABLE shared.serving TO shared.their_serving");
    s = open_at(where);
    CHECK_OK(ay_store_check(s, &err), err);
    ay_store_close(s);
    root("DROP DATABASE shared");
}

/* Back to the first schema: what later ones added goes. */
static void make_old(void)
{
    char drop[2048];

    snprintf(drop, sizeof drop, "%s",
             root("SELECT GROUP_CONCAT(table_name) FROM information_schema.tables WHERE table_schema ="
                  " 'assay' AND table_comment = 'assay' AND table_name NOT IN ('dataset', 'class',"
                  " 'picture', 'member', 'vector', 'trash', 'setting', 'event', 'schema_version')"));
    root("SET foreign_key_checks = 0; DROP TABLE %s; ALTER TABLE dataset DROP COLUMN kind;"
         " ALTER TABLE class DROP COLUMN kind; DROP INDEX event_by_subject ON event; ALTER TABLE event DROP COLUMN who;"
         " ALTER TABLE picture DROP COLUMN taken_us, DROP COLUMN camera, DROP COLUMN examined; UPDATE schema_version SET version = 1", drop);
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
    CHECK(!*root("SHOW TABLES LIKE 'new\\_%%'"));
}

static void damage_is_found(void)
{
    ay_store *s = open_at(url());

    CHECK_OK(ay_store_check(s, &err), err);
    root("SET foreign_key_checks = 0; INSERT INTO class (dataset, name, position, created_us, trash)"
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
      {"what is no URL is said without the password", what_is_no_url_is_said_without_the_password},
      {"passwords come from elsewhere too", passwords_come_from_elsewhere_too},
      {"refusals say what to do", refusals_say_what_to_do},
      {"a row that is too long for the server is refused", a_row_that_is_too_long_for_the_server_is_refused},
      {"it comes back by itself", it_comes_back_by_itself},
      {"a dead connection is no error", a_dead_connection_is_no_error},
      {"a transaction cut off keeps nothing", a_transaction_cut_off_keeps_nothing},
      {"a commit whose answer is lost is found", a_commit_whose_answer_is_lost_is_found},
      {"a connection the server still holds is ended", a_connection_the_server_still_holds_is_ended},
      {"what cannot be found out is said", what_cannot_be_found_out_is_said},
      {"a second writer is kept out", a_second_writer_is_kept_out},
      {"who was taken over writes no more", who_was_taken_over_writes_no_more},
      {"waiting has an end", waiting_has_an_end},
      {"names compare byte by byte", names_compare_byte_by_byte},
      {"numbers are not used again", numbers_are_not_used_again},
      {"a migration cut short is taken back", a_migration_cut_short_is_taken_back},
      {"what others keep there is left alone", what_others_keep_there_is_left_alone},
      {"an older schema is migrated after a backup", an_older_schema_is_migrated_after_a_backup},
      {"a full disk is said and survived", a_full_disk_is_said_and_survived},
      {"damage is found", damage_is_found})
