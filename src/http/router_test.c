#include "base/test.h"
#include "http/router.h"
#include "http/routes.h"

static const ay_route table[] = {
    {.method = "GET", .path = "/"},
    {.method = "GET", .path = "/v1/images"},
    {.method = "POST", .path = "/v1/images"},
    {.method = "GET", .path = "/v1/images/{sha256}"},
    {.method = "DELETE", .path = "/v1/images/{sha256}"},
    {.method = "GET", .path = "/v1/images/{sha256}/file"},
    {.method = "GET", .path = "/v1/images/newest"},
    {.method = "GET", .path = "/images/{class}/{file}"},
};
static ay_match m;

static const ay_route *find(const char *method, const char *path)
{
    ay_route_match(table, sizeof table / sizeof *table, method, path, &m);
    return m.route;
}

static void finds(void)
{
    CHECK(find("GET", "/") == &table[0]);
    CHECK(find("GET", "/v1/images") == &table[1]);
    CHECK(find("POST", "/v1/images") == &table[2]);
    CHECK(find("GET", "/v1/images/abc") == &table[3]);
    CHECK(m.seg_len[0] == 3 && memcmp(m.seg[0], "abc", 3) == 0 && !m.seg[1]);
    CHECK(find("HEAD", "/v1/images/abc/file") == &table[5]);
    CHECK(find("GET", "/images/HIGH%20GRADE/a%2Fb.jpg") == &table[7]);
    CHECK(m.seg_len[0] == 12 && m.seg_len[1] == 9 && memcmp(m.seg[1], "a%2Fb.jpg", 9) == 0);
}

static void fixed_before_names(void)
{
    CHECK(find("GET", "/v1/images/newest") == &table[6]);
    CHECK(find("DELETE", "/v1/images/newest") == &table[4]);
}

static void nothing_there(void)
{
    static const char *const paths[] = {"",
                                        "//",
                                        "/v1",
                                        "/v1/",
                                        "/v1/images/",
                                        "/v1/images/a/",
                                        "/v1/images/a/file/b",
                                        "/v1//images",
                                        "/images//a.jpg",
                                        "v1/images",
                                        "/V1/images"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CHECK(!find("GET", paths[i]) && !m.known_path);
}

static void wrong_method(void)
{
    CHECK(!find("PUT", "/v1/images") && m.known_path);
    CHECK(strcmp(m.allow, "GET, HEAD, POST") == 0);
    CHECK(!find("POST", "/v1/images/abc") && m.known_path);
    CHECK(strcmp(m.allow, "GET, HEAD, DELETE") == 0);
}

static void decoding(void)
{
    char out[64];
    ay_err err;

    CHECK(ay_percent_decode(out, "a%20b+c", 7, false, &err) == AY_OK && !strcmp(out, "a b+c"));
    CHECK(ay_percent_decode(out, "a%20b+c", 7, true, &err) == AY_OK && !strcmp(out, "a b c"));
    CHECK(ay_percent_decode(out, "%e2%82%AC", 9, false, &err) == AY_OK && !strcmp(out, "€"));
    CHECK(ay_percent_decode(out, "a%2", 3, false, &err) == AY_EINVAL);
    CHECK(ay_percent_decode(out, "%", 1, false, &err) == AY_EINVAL);
    CHECK(ay_percent_decode(out, "%zz", 3, false, &err) == AY_EINVAL);
    CHECK(ay_percent_decode(out, "a%00b", 5, false, &err) == AY_EINVAL);
    CHECK(ay_percent_decode(out, "%ff", 3, false, &err) == AY_EINVAL);
    CHECK(ay_percent_decode(out, "%20xyz", 3, false, &err) == AY_OK && !strcmp(out, " "));
}

static void own_table_is_sound(void)
{
    for (size_t i = 0; i < ay_route_count; i++) {
        const ay_route *r = &ay_routes[i];
        CHECK(r->run && r->id && r->replies && r->query && r->path[0] == '/');
        if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "DELETE") == 0)
            CHECK(r->body == AY_BODY_NONE && !r->request);
        if (r->body == AY_BODY_JSON || r->body == AY_BODY_FORM)
            CHECK(r->request);
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(r->id, ay_routes[k].id) != 0);
            CHECK(strcmp(r->path, ay_routes[k].path) != 0 ||
                  strcmp(r->method, ay_routes[k].method) != 0);
        }
    }
}

TESTS({"finds the row and its names", finds}, {"fixed segments win", fixed_before_names},
      {"paths that do not exist", nothing_there}, {"another method is told", wrong_method},
      {"percent decoding", decoding}, {"every row of the table is sound", own_table_is_sound})
