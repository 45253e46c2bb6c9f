/* The page's files are all inside, and refer only to each other. */
#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "web/web.h"

static void index_is_inside(void)
{
    ay_web_file f, g;

    CHECK(ay_web_find("/", &f));
    CHECK(f.size > 100 && memcmp(f.data, "<!doctype", 9) == 0);
    CHECK(strcmp(f.path, "/") == 0);
    CHECK(strcmp(f.mime, "text/html; charset=utf-8") == 0);
    CHECK(ay_web_find("/index.html", &g) && g.data == f.data);
    CHECK(!ay_web_find("/nope", &f));
    CHECK(!ay_web_find("", &f));
    CHECK(!ay_web_find("/../web.c", &f));
}

static void etags_follow_the_content(void)
{
    ay_web_file f, g;

    for (size_t i = 0; ay_web_at(i, &f); i++) {
        CHECK(strlen(f.etag) == 22 && f.etag[0] == '"' && f.etag[21] == '"');
        CHECK(strcmp(f.mime, "application/octet-stream") != 0);
        for (size_t j = 0; j < i; j++)
            CHECK(ay_web_at(j, &g) && strcmp(g.etag, f.etag) != 0);
    }
}

static ay_status is_listed(void *ctx, const char *path, ay_err *err)
{
    ay_web_file f;
    ay_buf disk = {0};
    ay_status st = ay_file_read(path, 0, &disk, err);

    (void)ctx;
    if (st == AY_OK && !ay_web_find(path + strlen("src/web/ui"), &f))
        st = ay_fail(err, AY_ENOTFOUND, "%s is not in src/web/files.def", path);
    else if (st == AY_OK && (disk.len != f.size || memcmp(disk.data, f.data, f.size) != 0))
        st = ay_fail(err, AY_ECORRUPT, "%s is not what was built in", path);
    ay_buf_fini(&disk);
    return st;
}

static void every_file_is_listed_and_current(void)
{
    ay_err err;

    CHECK_OK(ay_file_walk("src/web/ui", is_listed, NULL, &err), err);
}

/* Follow each  from './x.js'  ,  href="/x"  and  src="/x"  of a file to a file that exists. */
static int follow(const ay_web_file *f, const char *mark, const char *prefix, char end)
{
    ay_buf text = {0};
    int found = 0;

    ay_buf_add(&text, f->data, f->size);
    for (const char *p = text.data; (p = strstr(p, mark)); found++) {
        char path[256];
        ay_web_file target;
        const char *stop = strchr(p += strlen(mark), end);

        snprintf(path, sizeof path, "%s%.*s", prefix, (int)(stop - p), p);
        if (!ay_web_find(path, &target)) {
            printf("  %s refers to %s, which is not there\n", f->path, path);
            found = -1000;
        }
    }
    ay_buf_fini(&text);
    return found;
}

static void references_resolve(void)
{
    ay_web_file f;
    int n = 0;

    for (size_t i = 0; ay_web_at(i, &f); i++) {
        if (ay_str_ends_nocase(f.path, ".js")) {
            char dir[256];
            int m;

            snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(f.path, '/') - f.path + 1), f.path);
            m = follow(&f, "from './", dir, '\'');
            CHECK(m >= 0);
            n += m;
        } else if (strcmp(f.path, "/") == 0) {
            int m = follow(&f, "href=\"/", "/", '"');

            CHECK(m > 0);
            m = follow(&f, "src=\"/", "/", '"');
            CHECK(m > 0);
        }
    }
    CHECK(n > 0);
}

TESTS({"index is inside the program", index_is_inside},
      {"etags follow the content", etags_follow_the_content},
      {"every file is listed and current", every_file_is_listed_and_current},
      {"references resolve", references_resolve})
