/* Needs a plant: test/plant/server gives it one, with a database and an SSH server that are stopped, started and given
 * another key in the middle. */
#include "service/inspect/lookup.h"
#include "base/clock.h"
#include "base/test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>

static ay_inspect_sites every;
static ay_inspect_site *site; /* a copy's place: cases may change it */
static ay_inspect_site original;
static ay_arena names_arena;

/* ---- the plant */

static void __attribute__((format(printf, 1, 2))) plant(const char *fmt, ...)
{
    char command[8192];
    int n = snprintf(command, sizeof command, "exec \"$PLANT_SERVER\" ");
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command + n, sizeof command - (size_t)n, fmt, ap);
    va_end(ap);
    if (system(command) != 0) {
        printf("  %s\n", command);
        CHECK(0);
    }
}

static void sql(const char *text)
{
    char path[300];
    FILE *f;

    snprintf(path, sizeof path, "%s/statements.sql", getenv("PLANT_FOLDER"));
    f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
    plant("sql -f '%s' > /dev/null", path);
}

static void the_end(void)
{
    ay_arena_fini(&names_arena);
    ay_inspect_sites_fini(&every);
}

/* The plant's settings as its file says, every time anew. */
static void begin(void)
{
    const char *path = getenv("ASSAY_TEST_PLANT");
    const ay_inspect_site *found;
    ay_err err;

    if (!path)
        SKIP("no plant (test/plant/run brings one)");
    if (!every.n) {
        CHECK_OK(ay_inspect_sites_load(&every, path, NULL, &err), err);
        CHECK_OK(ay_inspect_site_find(&every, "HPH", &found, &err), err);
        site = &every.sites[found - every.sites];
        original = *site;
        atexit(the_end);
    }
    *site = original;
    CHECK(ay_inspect_site_tunnelled(site));
}

static void put(char *dst, size_t cap, const char *text)
{
    CHECK((size_t)snprintf(dst, cap, "%s", text) < cap);
}
#define PUT(field, text) put(site->field, sizeof site->field, text)

static void direct(void)
{
    PUT(ssh_host, "");
}

static ay_lookup *open_line(const char *line)
{
    ay_lookup *l;
    ay_err err;

    CHECK_OK(ay_lookup_open(&l, site, line, NULL, &err), err);
    return l;
}

static ay_status try_open(ay_err *err)
{
    ay_lookup *l = NULL;
    ay_status status = ay_lookup_open(&l, site, "V31", NULL, err);

    CHECK((l != NULL) == (status == AY_OK));
    ay_lookup_close(l);
    return status;
}

static ay_line_name name_of(const char *file)
{
    static ay_line_grammar grammar;
    static bool ready;
    ay_line_name name;
    ay_err err;

    if (!ready)
        CHECK_OK(ay_line_grammar_init(&grammar, NULL, &err), err);
    ready = true;
    CHECK_OK(ay_line_name_read(&grammar, file, &names_arena, &name, &err), err);
    return name;
}

/* A name that the grammar need not like. */
static ay_line_name raw_name(const char *timestamp, const char *file)
{
    ay_line_name n = {.file = file, .part = {"", "", "", "", ""}};

    n.part[AY_LINE_TIMESTAMP] = timestamp;
    return n;
}

static void fill(const char *line, const char *csv)
{
    char path[300];
    FILE *f;

    snprintf(path, sizeof path, "%s/came.csv", getenv("PLANT_FOLDER"));
    f = fopen(path, "w");
    CHECK(f && fputs("timestamp,file,product\n", f) >= 0 && fputs(csv, f) >= 0 && fclose(f) == 0);
    plant("fill '%s' HPH '%s'", path, line);
}

static const char *one(ay_lookup *l, const char *file)
{
    ay_line_name n = name_of(file);
    const char *out;
    ay_err err;

    CHECK_OK(ay_lookup_products(l, &n, 1, &out, &err), err);
    return out;
}

/* ---- cases */

static void names_are_found(void)
{
    ay_lookup_counts c;
    ay_lookup *l;

    begin();
    sql("TRUNCATE public.amr_raw_data");
    fill("V31", "20260314093015,20260314093015_B1@U6_04_12_top.jpg,Mainboard A\n"
                "20260314093016,20260314093016_B1@C1_7_side.jpg,  Mainboard B \n"
                "20260228235959,20260228235959_B2@R1_1_top.jpg,Ü-Platine\n");
    l = open_line("V31");
    CHECK(strcmp(one(l, "20260314093015_B1@U6_04_12_top.jpg"), "Mainboard A") == 0);
    CHECK(strcmp(one(l, "20260314093016_B1@C1_7_side.jpg"), "Mainboard B") == 0);
    CHECK(strcmp(one(l, "20260228235959_B2@R1_1_top.jpg"), "Ü-Platine") == 0);
    CHECK(!one(l, "20260314093015_B1@U6_04_13_top.jpg"));
    ay_lookup_count(l, &c);
    CHECK(c.asked == 4 && c.found == 3 && c.connections == 1 && c.lines == 1);
    ay_lookup_close(l);
}

static int told[AY_PLANT_OUTCOMES];

static void miss(void *ctx, const char *file, ay_plant_outcome outcome, const char *reason)
{
    (void)ctx;
    CHECK(file && reason && *reason);
    told[outcome]++;
}

/* Bug 57 of the system that was replaced: what the database did not know was dropped, and nobody was told how many. */
static void bug_57_every_miss_has_a_reason(void)
{
    static const struct {
        const char *timestamp, *file;
        ay_plant_outcome outcome;
        const char *reason;
    } want[] = {
        {"20260314093015", "known.jpg", AY_PLANT_FOUND, NULL},
        {"20260314093015", "bare.jpg", AY_PLANT_NO_PRODUCT, "without a product"},
        {"20260314093015", "two.jpg", AY_PLANT_SEVERAL, "Product A (1), Product B (1)"},
        {"20260314093015", "twice.jpg", AY_PLANT_FOUND, NULL}, /* two rows of one product, one without */
        {"20260314093015", "moved.jpg", AY_PLANT_ELSEWHERE, "site HPH, line V99"},
        {"20260314093015", "late.jpg", AY_PLANT_ELSEWHERE, "2026-03-18"},
        {"20260314093015", "renamed.jpg", AY_PLANT_RENAMED, "other files of that moment"},
        {"20260315000000", "nobody.jpg", AY_PLANT_NO_ROW, "no row at site HPH, line V31"},
        {"20260314093016", "nextday.jpg", AY_PLANT_FOUND, NULL}, /* the start of the next day counts */
        {"20261314093016", "month13.jpg", AY_PLANT_BAD_NAME, "no date"},
        {"", "nothing.jpg", AY_PLANT_BAD_NAME, "no date"},
        {"20260314093015", "\xff\xfe.jpg", AY_PLANT_BAD_NAME, "UTF-8"},
    };
    enum { N = sizeof want / sizeof *want };
    ay_line_name names[N];
    const char *out[N];
    ay_lookup_counts c;
    ay_lookup *l;
    json_t *j;
    ay_err err;

    begin();
    sql("TRUNCATE public.amr_raw_data");
    fill("V31", "20260314093015,known.jpg,K\n20260314093015,bare.jpg,\n20260314093015,two.jpg,Product A\n"
                "20260314093015,twice.jpg,T\n20260314093015,late.jpg,L\n20260314093016,nextday.jpg,N\n");
    fill("V99", "20260314093015,moved.jpg,M\n");
    sql("INSERT INTO public.amr_raw_data (uuid, site, factory, line_id, create_time, image_path, product_name) VALUES"
        " ('a', 'HPH', 'F1', 'V31', '2026-03-14 10:00', '2026-03-14/20260314093015/two.jpg', 'Product B'),"
        " ('b', 'HPH', 'F1', 'V31', '2026-03-14 10:00', '2026-03-14/20260314093015/twice.jpg', 'T'),"
        " ('c', 'HPH', 'F1', 'V31', '2026-03-14 10:00', '2026-03-14/20260314093015/twice.jpg', NULL);"
        "UPDATE public.amr_raw_data SET create_time = '2026-03-18' WHERE image_name = 'late.jpg';"
        "UPDATE public.amr_raw_data SET create_time = '2026-03-15 00:00' WHERE image_name = 'nextday.jpg'");
    l = open_line("V31");
    memset(told, 0, sizeof told);
    ay_lookup_on_miss(l, miss, NULL);
    for (int i = 0; i < N; i++)
        names[i] = raw_name(want[i].timestamp, want[i].file);
    CHECK_OK(ay_lookup_products(l, names, N, out, &err), err);
    for (int i = 0; i < N; i++) {
        const char *why = ay_lookup_reason(l, (size_t)i);
        bool right = (out[i] != NULL) == (want[i].outcome == AY_PLANT_FOUND) && !why == !want[i].reason &&
                     (!why || strstr(why, want[i].reason));
        if (!right)
            printf("  %s: %s, %s\n", want[i].file, out[i] ? out[i] : "-", why ? why : "-");
        CHECK(right);
    }
    ay_lookup_count(l, &c);
    CHECK(c.asked == N && c.found == 3 && c.by[AY_PLANT_ELSEWHERE] == 2 && c.by[AY_PLANT_BAD_NAME] == 3);
    for (int o = AY_PLANT_FOUND + 1; o < AY_PLANT_OUTCOMES; o++)
        CHECK(c.by[o] == told[o] && c.by[o] > 0);
    j = ay_lookup_counts_json(&c);
    CHECK(json_integer_value(json_object_get(json_object_get(j, "missed"), "elsewhere")) == 2);
    json_decref(j);
    ay_lookup_close(l);
}

static void thousands_take_few_statements(void)
{
    enum { N = 2600 };
    ay_line_name *names = calloc(N, sizeof *names);
    const char **out = calloc(N, sizeof *out);
    ay_lookup_counts c;
    ay_lookup *l;
    ay_err err;

    begin();
    sql("TRUNCATE public.amr_raw_data;"
        "INSERT INTO public.amr_raw_data (uuid, site, factory, line_id, create_time, image_path, product_name)"
        " SELECT i, 'HPH', 'F', 'V31', '2026-01-01'::date + i % 40, to_char('2026-01-01'::date + i % 40, 'YYYY-MM-DD/YYYYMMDD')"
        " || '120000/20260101120000_B' || i || '@C_1_top.jpg', 'P' || i % 7 FROM generate_series(0, 19999) i");
    for (int i = 0; i < N; i++) {
        char file[64], stamp[16];
        int day = i * 3 % 40; /* of January and February */
        snprintf(stamp, sizeof stamp, "2026%02d%02d120000", 1 + day / 31, 1 + day % 31);
        snprintf(file, sizeof file, "20260101120000_B%d@C_1_top.jpg", i * 3);
        names[i] = raw_name(ay_arena_strdup(&names_arena, stamp), ay_arena_strdup(&names_arena, file));
    }
    l = open_line("V31");
    CHECK_OK(ay_lookup_products(l, names, N, out, &err), err);
    for (int i = 0; i < N; i++) {
        CHECK(out[i] && out[i][1] == '0' + i * 3 % 7);
    }
    ay_lookup_count(l, &c);
    CHECK(c.found == N && c.statements <= 3 + 3 * 3); /* three of opening; begin, ask, end for each thousand */
    ay_lookup_close(l);
    free(names);
    free(out);
}

static void names_cannot_be_statements(void)
{
    static const char *const hostile[] = {"x'); DROP TABLE public.amr_raw_data; --.jpg", "a\"b.jpg", "a\\b.jpg", "{a,b}.jpg",
                                          "NULL", "a,b\".jpg", "\\\"}'.jpg", "$1.jpg", "a\nb.jpg", "%s%n.jpg", ""};
    enum { N = sizeof hostile / sizeof *hostile };
    ay_line_name names[N];
    const char *out[N];
    ay_lookup *l;
    ay_err err;

    begin();
    sql("TRUNCATE public.amr_raw_data");
    fill("V31", "20260314093015,\"a\"\"b.jpg\",quoted\n20260314093015,a\\b.jpg,backslash\n20260314093015,\"{a,b}.jpg\",braces\n"
                "20260314093015,\"\\\"\"}'.jpg\",all\n20260314093015,NULL,word\n20260314093015,\"a,b\"\".jpg\",comma\n");
    l = open_line("V31");
    for (int i = 0; i < N; i++)
        names[i] = raw_name("20260314093015", hostile[i]);
    CHECK_OK(ay_lookup_products(l, names, N, out, &err), err);
    CHECK(!out[0] && strcmp(out[1], "quoted") == 0 && strcmp(out[2], "backslash") == 0 && strcmp(out[3], "braces") == 0);
    CHECK(strcmp(out[4], "word") == 0 && strcmp(out[5], "comma") == 0 && strcmp(out[6], "all") == 0 && !out[7] && !out[8]);
    ay_lookup_close(l);
    l = open_line("V31' OR '1'='1");
    CHECK_OK(ay_lookup_products(l, names, N, out, &err), err);
    for (int i = 0; i < N; i++)
        CHECK(!out[i]);
    ay_lookup_close(l);
    PUT(table, "public.amr_raw_data\" r; DROP TABLE amr_raw_data; --");
    CHECK(try_open(&err) == AY_ENOTFOUND);
    PUT(table, "a.b.c");
    CHECK(try_open(&err) == AY_EINVAL && strstr(err.msg, "schema.table"));
    *site = original;
    PUT(column[1], "site\" IS NOT NULL OR \"site");
    CHECK(try_open(&err) == AY_ENOTFOUND);
    *site = original;
    l = open_line("V31"); /* it is still there */
    ay_lookup_close(l);
}

/* A view that writes when it is read. */
static void nothing_is_ever_written(void)
{
    ay_err err;

    begin();
    direct();
    sql("CREATE TABLE spoilt (i int);"
        "CREATE FUNCTION spoil() RETURNS bool LANGUAGE plpgsql VOLATILE AS 'BEGIN INSERT INTO spoilt VALUES (1); RETURN true; END';"
        "CREATE VIEW trap AS SELECT * FROM amr_raw_data UNION ALL"
        " SELECT * FROM amr_raw_data WHERE false;"
        "CREATE VIEW spoiling AS SELECT product_name, CASE WHEN spoil() THEN site END AS site, line_id, create_time, image_path"
        " FROM amr_raw_data;"
        "GRANT SELECT ON spoiling, trap TO reader; GRANT INSERT ON spoilt TO reader");
    sql("TRUNCATE public.amr_raw_data");
    fill("V31", "20260314093015,20260314093015_B@U_1_top.jpg,P\n");
    PUT(table, "public.spoiling");
    {
        ay_lookup *l = open_line("V31");
        ay_line_name n = name_of("20260314093015_B@U_1_top.jpg");
        const char *out;
        CHECK(ay_lookup_products(l, &n, 1, &out, &err) != AY_OK && strstr(err.msg, "read-only transaction"));
        ay_lookup_close(l);
    }
    sql("DO 'BEGIN ASSERT (SELECT count(*) = 0 FROM spoilt); END'; DROP VIEW spoiling, trap; DROP FUNCTION spoil; DROP TABLE spoilt");
}

static atomic_bool cancel;

static void *cancel_soon(void *arg)
{
    (void)arg;
    usleep(500000);
    atomic_store(&cancel, true);
    return NULL;
}

static void slow_statements_have_a_limit(void)
{
    ay_line_name n;
    const char *out;
    pthread_t thread;
    ay_lookup *l;
    ay_err err;

    begin();
    sql("TRUNCATE public.amr_raw_data; CREATE VIEW slow AS SELECT product_name, site, line_id, create_time, image_path"
        " FROM amr_raw_data, pg_sleep(600); GRANT SELECT ON slow TO reader");
    fill("V31", "20260314093015,20260314093015_B@U_1_top.jpg,P\n");
    n = name_of("20260314093015_B@U_1_top.jpg");
    PUT(table, "slow");
    site->statement_s = 1;
    l = open_line("V31");
    CHECK(ay_lookup_products(l, &n, 1, &out, &err) == AY_EIO && strstr(err.msg, "more than 1000 ms") && strstr(err.msg, "index"));
    ay_lookup_close(l);
    site->statement_s = 600;
    atomic_store(&cancel, false);
    CHECK_OK(ay_lookup_open(&l, site, "V31", &cancel, &err), err);
    pthread_create(&thread, NULL, cancel_soon, NULL);
    CHECK(ay_lookup_products(l, &n, 1, &out, &err) == AY_ECANCELLED);
    pthread_join(thread, NULL);
    ay_lookup_close(l);
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'; DROP VIEW slow");
}

static void wrong_settings_say_what_is_wrong(void)
{
    ay_err err;

    begin();
    PUT(table, "public.no_such_table");
    CHECK(try_open(&err) == AY_ENOTFOUND && strstr(err.msg, "no_such_table"));
    *site = original;
    PUT(column[0], "produkt");
    CHECK(try_open(&err) == AY_ENOTFOUND && strstr(err.msg, "produkt"));
    *site = original;
    PUT(password, "wrong");
    CHECK(try_open(&err) == AY_EIO && strstr(err.msg, "password authentication failed") && !strstr(err.msg, "wrong"));
    PUT(password, "env:ASSAY_NO_SUCH_VARIABLE");
    CHECK(try_open(&err) == AY_ENOTFOUND && strstr(err.msg, "site HPH: the database's password"));
    *site = original;
    PUT(database, "nobody");
    CHECK(try_open(&err) == AY_EIO && strstr(err.msg, "nobody"));
    *site = original;
    site->port = 1;
    CHECK(try_open(&err) == AY_EIO && strstr(err.msg, "does not answer at the far end"));
    *site = original;
    sql("REVOKE SELECT ON public.amr_raw_data FROM reader");
    CHECK(try_open(&err) == AY_ECONFLICT && strstr(err.msg, "GRANT SELECT ON public.amr_raw_data TO reader"));
    sql("GRANT SELECT ON public.amr_raw_data TO reader");
    CHECK_OK(try_open(&err), err);
    direct();
    CHECK_OK(try_open(&err), err);
}

static void keys_and_passwords(void)
{
    char path[400];
    ay_err err;

    begin();
    PUT(ssh_password, "");
    CHECK_OK(try_open(&err), err); /* the key alone */
    snprintf(path, sizeof path, "%s/locked_key", getenv("PLANT_FOLDER"));
    PUT(ssh_key_file, path);
    CHECK(try_open(&err) == AY_EINVAL && strstr(err.msg, "passphrase"));
    PUT(ssh_passphrase, "a phrase");
    CHECK_OK(try_open(&err), err);
    snprintf(path, sizeof path, "%s/host_key", getenv("PLANT_FOLDER")); /* a key that nobody allowed */
    PUT(ssh_key_file, path);
    PUT(ssh_passphrase, "");
    CHECK(try_open(&err) == AY_ECONFLICT && strstr(err.msg, "with the key that was given"));
}

static void passwords_alone(void)
{
    ay_err err;

    begin();
    if (!getenv("PLANT_PASSWORD") || !*getenv("PLANT_PASSWORD"))
        SKIP("an OpenSSH server that takes a test's password needs root");
    PUT(ssh_key_file, "");
    CHECK_OK(try_open(&err), err);
    PUT(ssh_password, "pass word");
    CHECK(try_open(&err) == AY_ECONFLICT && strstr(err.msg, "with the password that was given") && !strstr(err.msg, "pass word\""));
}

static void other_hosts_are_refused(void)
{
    char path[400];
    ay_err err;

    begin();
    PUT(ssh_fingerprint, "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    CHECK(try_open(&err) == AY_ECONFLICT && strstr(err.msg, "SOMEBODY MAY STAND BETWEEN"));
    *site = original;
    snprintf(path, sizeof path, "%s/nothing_known", getenv("PLANT_FOLDER"));
    PUT(ssh_known_hosts, path);
    CHECK(try_open(&err) == AY_ENOTFOUND && strstr(err.msg, "ssh-keyscan"));
    *site = original;
    snprintf(path, sizeof path, "%s/host_key", getenv("PLANT_FOLDER"));
    plant("ssh-newkey");
    CHECK(try_open(&err) == AY_ECONFLICT && strstr(err.msg, "HAS CHANGED"));
    CHECK(system("echo \"[127.0.0.1]:$(cat \"$PLANT_FOLDER/ssh.port\") $(cut -d' ' -f1,2 \"$PLANT_FOLDER/host_key.pub\")\" >"
                 " \"$PLANT_FOLDER/known_hosts\"") == 0);
    CHECK_OK(try_open(&err), err);
}

/* ---- while something is away */

typedef struct {
    const char *stop, *start;
    atomic_int stage; /* 1: stopped, 2: started again */
} trouble;

static void *make_trouble(void *arg)
{
    trouble *t = arg;
    char command[256];

    snprintf(command, sizeof command, "\"$PLANT_SERVER\" %s", t->stop);
    if (system(command) != 0)
        abort();
    atomic_store(&t->stage, 1);
    usleep(1500000);
    snprintf(command, sizeof command, "\"$PLANT_SERVER\" %s", t->start);
    if (system(command) != 0)
        abort();
    atomic_store(&t->stage, 2);
    return NULL;
}

/* Ask all the time, before, meanwhile, after: every answer must be the right one. */
static void ask_through(const char *stop, const char *start, ay_lookup_counts *c)
{
    trouble t = {.stop = stop, .start = start};
    pthread_t thread;
    ay_lookup *l;
    int after = 0;

    sql("TRUNCATE public.amr_raw_data");
    fill("V31", "20260314093015,20260314093015_B@U_1_top.jpg,P\n");
    site->patience_s = 120;
    l = open_line("V31");
    pthread_create(&thread, NULL, make_trouble, &t);
    while (after < 3) {
        int stage = atomic_load(&t.stage);
        const char *product = one(l, "20260314093015_B@U_1_top.jpg");
        CHECK(product && strcmp(product, "P") == 0);
        after += stage == 2;
    }
    pthread_join(thread, NULL);
    ay_lookup_count(l, c);
    ay_lookup_close(l);
}

static void tunnel_that_is_cut_comes_back(void)
{
    ay_lookup_counts c;

    begin();
    ask_through("ssh-stop", "ssh-start", &c);
    CHECK(c.lines >= 2 && c.connections >= 2);
}

static void database_that_restarts_comes_back(void)
{
    ay_lookup_counts c;

    begin();
    ask_through("db-stop", "db-start", &c);
    CHECK(c.connections >= 2);
}

static void patience_ends(void)
{
    ay_lookup *l;
    ay_line_name n;
    const char *out;
    ay_err err;
    uint64_t began;

    begin();
    site->patience_s = 1;
    l = open_line("V31");
    n = name_of("20260314093015_B@U_1_top.jpg");
    plant("ssh-stop");
    began = ay_clock_mono();
    CHECK(ay_lookup_products(l, &n, 1, &out, &err) == AY_EIO);
    CHECK(strstr(err.msg, "the SSH server 127.0.0.1") && ay_clock_mono() - began < 60 * 1000000000ull);
    plant("ssh-start");
    ay_lookup_close(l);
}

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* Bug 47: the tunnel of the system that was replaced was never closed. */
static void bug_47_nothing_is_left_open(void)
{
    int files, threads;
    ay_err err;

    begin();
    CHECK_OK(try_open(&err), err);
    files = entries("/proc/self/fd");
    threads = entries("/proc/self/task");
    for (int i = 0; i < 4; i++) {
        ay_lookup *l = open_line("V31");
        one(l, "20260314093015_B@U_1_top.jpg");
        ay_lookup_close(l);
        PUT(password, "wrong");
        CHECK(try_open(&err) == AY_EIO);
        *site = original;
        PUT(ssh_fingerprint, "SHA256:wrong");
        CHECK(try_open(&err) == AY_ECONFLICT);
        *site = original;
    }
    CHECK(entries("/proc/self/fd") == files && entries("/proc/self/task") == threads);
}

TESTS({"names are found", names_are_found}, {"bug 57: every miss has a reason, and is counted", bug_57_every_miss_has_a_reason},
      {"thousands take few statements", thousands_take_few_statements}, {"names cannot be statements", names_cannot_be_statements},
      {"nothing is ever written", nothing_is_ever_written}, {"slow statements have a limit", slow_statements_have_a_limit},
      {"wrong settings say what is wrong", wrong_settings_say_what_is_wrong}, {"keys and passphrases", keys_and_passwords},
      {"passwords alone", passwords_alone}, {"other hosts are refused", other_hosts_are_refused},
      {"a tunnel that is cut comes back", tunnel_that_is_cut_comes_back},
      {"a database that restarts comes back", database_that_restarts_comes_back}, {"patience ends", patience_ends},
      {"bug 47: nothing is left open", bug_47_nothing_is_left_open})
