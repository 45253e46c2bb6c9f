/* Products from a CSV file. */
#include "inspect/products.h"

#include "base/file.h"
#include "base/test.h"

#include <string.h>
#include <unistd.h>

static ay_err err;

static ay_status open_text(const char *text, ay_products **out)
{
    char path[] = "/tmp/assay-products-XXXXXX";
    int fd = mkstemp(path);
    ay_status status;

    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    status = ay_products_open(out, path, &err);
    unlink(path);
    return status;
}

static const char *find(ay_products *p, const char *file, const char *timestamp)
{
    ay_line_name name = {file, {timestamp, "", "", "", ""}};
    const char *out = NULL;

    CHECK(ay_products_find(p, &name, 1, &out, &err) == AY_OK);
    CHECK((out == NULL) == (ay_products_reason(p, 0) != NULL));
    return out;
}

static bool is(const char *got, const char *want)
{
    return got && strcmp(got, want) == 0;
}

static void every_row_answers_for_its_file(void)
{
    ay_products *p;

    CHECK_OK(open_text("\xef\xbb\xbf" "product,more,file,timestamp\r\nHX26,x,b.jpg,1\r\n\"P, \"\"24\"\"\",,\"a.jpg\",\r\n\r\nHX26,,b.jpg,1\nQ,,c.jpg,7", &p), err);
    CHECK(is(find(p, "b.jpg", "1"), "HX26"));
    CHECK(is(find(p, "a.jpg", "9"), "P, \"24\""));
    CHECK(is(find(p, "c.jpg", "7"), "Q"));
    CHECK(!find(p, "d.jpg", "1") && strstr(ay_products_reason(p, 0), "no row"));
    CHECK(!find(p, "c.jpg", "8") && strstr(ay_products_reason(p, 0), "another timestamp"));
    ay_products_close(p);
}

static void two_products_are_no_answer(void)
{
    ay_products *p;

    CHECK_OK(open_text("file,product\na,X\nb,\na,Y\n", &p), err);
    CHECK(!find(p, "a", "") && strstr(ay_products_reason(p, 0), "several"));
    CHECK(!find(p, "b", "") && strstr(ay_products_reason(p, 0), "names no product"));
    ay_products_close(p);
}

static void what_is_wrong_has_its_line(void)
{
    static const char *const bad[][2] = {{"", "line 1"}, {"a,b\n1,2\n", "line 1"}, {"file,product\na,X\nb\n", "line 3"},
                                         {"file,product\n\"a,X\n", "line 2"}, {"file,product\n,X\n", "line 2 has no file"}};
    ay_products *p;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(open_text(bad[i][0], &p) == AY_EINVAL && !p);
        CHECK(strstr(err.msg, bad[i][1]) != NULL);
    }
    CHECK(ay_products_open(&p, "/nowhere/at/all.csv", &err) == AY_ENOTFOUND && !p);
}

TESTS({"every_row_answers_for_its_file", every_row_answers_for_its_file}, {"two_products_are_no_answer", two_products_are_no_answer},
      {"what_is_wrong_has_its_line", what_is_wrong_has_its_line})
