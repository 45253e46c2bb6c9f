/* What only the SQLite driver can get wrong: files that are not ours, schemas from the future,
 * backups. */
#include "store/driver.h"
#include "store/store.h"

#include "base/file.h"
#include "base/test.h"
#include "store/folder_test.h"

static ay_err err;

static const char *fresh_url(const char **path)
{
    static char url[96];

    snprintf(url, sizeof url, "sqlite:%s/a.db", fresh_folder());
    *path = url + strlen("sqlite:");
    return url;
}

static void run_sql(const char *path, const char *sql)
{
    void *self;

    CHECK_OK(ay_store_sqlite.open(&self, path, true, &err), err);
    CHECK_OK(ay_store_sqlite.run(self, sql, &(ay_sql_call){0}, &err), err);
    ay_store_sqlite.close(self);
}

static void a_newer_schema_is_left_alone(void)
{
    const char *path, *url = fresh_url(&path);
    ay_store *s;

    CHECK_OK(ay_store_open(&s, url, &err), err);
    ay_store_close(s);
    run_sql(path, "UPDATE schema_version SET version = 99");
    CHECK(ay_store_open(&s, url, &err) == AY_ECONFLICT && !s);
    CHECK(strstr(err.msg, "newer"));
}

static void what_is_no_database_is_said(void)
{
    const char *path, *url = fresh_url(&path);
    char junk[4096];
    ay_store *s;

    memset(junk, 'j', sizeof junk);
    CHECK_OK(ay_file_write(path, junk, sizeof junk, &err), err);
    CHECK(ay_store_open(&s, url, &err) == AY_ECORRUPT && !s);
    CHECK(ay_store_open(&s, "sqlite:/nowhere/at/all.db", &err) == AY_EIO && !s);
}

static void a_backup_is_a_whole_database(void)
{
    const char *path, *url = fresh_url(&path);
    char copy[128];
    void *self;
    ay_store *s;
    ay_store_dataset *list;
    ay_arena a;
    int64_t id;
    size_t n;

    CHECK_OK(ay_store_open(&s, url, &err), err);
    CHECK_OK(ay_store_dataset_create(s, "kept", &id, &err), err);
    ay_store_close(s);
    CHECK_OK(ay_store_sqlite.open(&self, path, true, &err), err);
    CHECK_OK(ay_store_sqlite.backup(self, "before", &err), err);
    CHECK_OK(ay_store_sqlite.backup(self, "before", &err), err); /* again: replaced */
    ay_store_sqlite.close(self);
    snprintf(copy, sizeof copy, "sqlite:%s.before.bak", path);
    CHECK_OK(ay_store_open(&s, copy, &err), err);
    ay_arena_init(&a, 0);
    CHECK_OK(ay_store_dataset_list(s, &a, &list, &n, &err), err);
    CHECK(n == 1 && strcmp(list[0].name, "kept") == 0);
    ay_arena_fini(&a);
    ay_store_close(s);
}

static void dangling_references_are_found(void)
{
    const char *path, *url = fresh_url(&path);
    ay_store *s;

    CHECK_OK(ay_store_open(&s, url, &err), err);
    CHECK_OK(ay_store_check(s, &err), err);
    ay_store_close(s);
    {
        void *self;
        CHECK_OK(ay_store_sqlite.open(&self, path, true, &err), err);
        CHECK_OK(ay_store_sqlite.run(self, "PRAGMA foreign_keys = OFF", &(ay_sql_call){0}, &err),
                 err);
        CHECK_OK(
            ay_store_sqlite.run(self,
                                "INSERT INTO class (dataset, name, position, created_us, trash)"
                                " VALUES (77, 'x', 1, 1, 0)",
                                &(ay_sql_call){0}, &err),
            err);
        ay_store_sqlite.close(self);
    }
    CHECK_OK(ay_store_open(&s, url, &err), err);
    CHECK(ay_store_check(s, &err) == AY_ECORRUPT);
    ay_store_close(s);
}

TESTS({"a newer schema is left alone", a_newer_schema_is_left_alone},
      {"what is no database is said", what_is_no_database_is_said},
      {"a backup is a whole database", a_backup_is_a_whole_database},
      {"dangling references are found", dangling_references_are_found})
