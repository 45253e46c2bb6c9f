#include "base/test.h"
#include "base/mem.h"
#include "http/body.h"

static ay_request rq;
static ay_body body;
static ay_route route;
static unsigned flags;
static size_t max_request = 100000;
static ay_kv type_header = {.key = "Content-Type"};

/* Read text as a request to a route of this kind; the failure, or AY_OK. */
static ay_status parse(ay_body_kind kind, const char *type, const char *text, size_t n, size_t step,
                       size_t max_file)
{
    route = (ay_route){.body = kind, .flags = flags};
    rq = (ay_request){.route = &route};
    ay_arena_init(&rq.arena, 1 << 20);
    type_header.value = type;
    rq.headers = type ? &type_header : NULL;
    ay_body_begin(&body, &rq, &(ay_body_limits){max_file, max_request});
    for (size_t i = 0; i < n; i += step)
        ay_body_feed(&body, text + i, n - i < step ? n - i : step);
    ay_body_end(&body);
    return body.failed;
}

static void done(void)
{
    ay_body_fini(&body);
    ay_arena_fini(&rq.arena);
    CHECK(body.kept == 0);
}

#define TEXT(s)          s, strlen(s)
#define FORM             "multipart/form-data; boundary=X"
#define PART(head, data) "--X\r\nContent-Disposition: form-data; " head "\r\n\r\n" data "\r\n"

static void raw_picture(void)
{
    CHECK(parse(AY_BODY_PICTURE, "image/png", TEXT("12345"), 2, 5) == AY_OK);
    CHECK(rq.upload_count == 1 && rq.uploads[0].data.len == 5 && !rq.uploads[0].field[0]);
    done();
    /* what curl --data-binary says */
    CHECK(parse(AY_BODY_PICTURE, "application/x-www-form-urlencoded", TEXT("12345"), 5, 5) ==
          AY_OK);
    CHECK(rq.upload_count == 1);
    done();
    CHECK(parse(AY_BODY_PICTURE, "image/png", TEXT("123456"), 2, 5) == AY_ELIMIT);
    CHECK(rq.upload_count == 0 && body.kept == 0);
    done();
    CHECK(parse(AY_BODY_PICTURE, NULL, TEXT(""), 1, 5) == AY_OK && rq.upload_count == 0);
    done();
    CHECK(parse(AY_BODY_RAW, FORM, TEXT("--X--"), 1, 5) == AY_EUNSUPPORTED);
    done();
    CHECK(parse(AY_BODY_NONE, "image/png", TEXT("123456"), 2, 5) == AY_OK && body.kept == 0);
    done();
}

static void one_large_file_spares_the_others(void)
{
    static const char form[] = PART("name=a; filename=1", "123")
        PART("name=a; filename=2", "123456") PART("name=class", "HD")
            PART("name=a; filename=3", "12345") PART("name=b; filename=\"\"", "") "--X--";

    for (size_t step = 1; step < sizeof form; step += 7) {
        CHECK(parse(AY_BODY_PICTURES, FORM, TEXT(form), step, 5) == AY_OK);
        CHECK(rq.upload_count == 3 && rq.uploads[0].data.len == 3 && !rq.uploads[0].too_large);
        CHECK(rq.uploads[1].too_large && rq.uploads[1].data.len == 0);
        CHECK(rq.uploads[2].data.len == 5 && !strcmp(rq.uploads[2].filename, "3"));
        CHECK(!strcmp(ay_request_field(&rq, "class"), "HD") && body.kept == 8);
        done();
    }
}

static void json_says_where(void)
{
    CHECK(parse(AY_BODY_JSON, "application/json; charset=utf-8", TEXT("{\"name\":\"x\"}"), 3, 5) ==
          AY_OK);
    CHECK(!strcmp(ay_request_field(&rq, "name"), "x") && !ay_request_field(&rq, "none"));
    done();
    CHECK(parse(AY_BODY_JSON, "application/json", TEXT("{\n\"a\": oops}"), 3, 5) == AY_EINVAL);
    CHECK(strstr(body.err.msg, "line 2, column"));
    done();
    CHECK(parse(AY_BODY_JSON, "application/json", TEXT("[]"), 3, 5) == AY_EINVAL);
    done();
    CHECK(parse(AY_BODY_JSON, "application/json", TEXT("{\"a\":1,\"a\":2}"), 3, 5) == AY_EINVAL);
    done();
    CHECK(parse(AY_BODY_JSON, "application/json", TEXT("{\"a\":\"\\u0000\"}"), 3, 5) == AY_EINVAL);
    done();
    CHECK(parse(AY_BODY_JSON, "text/xml", TEXT("<a/>"), 3, 5) == AY_EUNSUPPORTED);
    done();
}

static void urlencoded_fields(void)
{
    const char *type = "application/x-www-form-urlencoded";

    CHECK(parse(AY_BODY_FORM, type, TEXT("name=a+b%26c&empty=&flag&name2=%C3%BC"), 4, 5) == AY_OK);
    CHECK(!strcmp(ay_request_field(&rq, "name"), "a b&c"));
    CHECK(!strcmp(ay_request_field(&rq, "name2"), "ü") && !ay_request_field(&rq, "empty"));
    done();
    CHECK(parse(AY_BODY_FORM, type, TEXT("name=%zz"), 4, 5) == AY_EINVAL);
    done();
    CHECK(parse(AY_BODY_FORM, type, TEXT("{\"name\":\"x\"}"), 4, 5) == AY_OK);
    CHECK(!strcmp(ay_request_field(&rq, "name"), "x"));
    done();
}

/* A list of thirty thousand digests, as JSON and as the text of a form's field; elsewhere a megabyte is the end. */
static void long_lists_where_they_are_meant(void)
{
    enum { N = 30000 };
    const char *form = "application/x-www-form-urlencoded";
    ay_buf json = {0}, text = {0};

    max_request = 256 << 20;
    ay_buf_puts(&json, "{\"sha256\":[");
    ay_buf_puts(&text, "a=b&request=%7b%22sha256%22%3a%5b");
    for (int i = 0; i < N; i++) {
        ay_buf_printf(&json, "%s\"%064x\"", i ? "," : "", i);
        ay_buf_printf(&text, "%s%%22%064x%%22", i ? "%2c" : "", i);
    }
    ay_buf_puts(&json, "]}");
    ay_buf_puts(&text, "%5d%7d&c");
    CHECK(parse(AY_BODY_JSON, "application/json", json.data, json.len, 60000, 5) == AY_ELIMIT && strstr(body.err.msg, "1 MB"));
    done();
    flags = AY_ROUTE_LONG;
    CHECK(parse(AY_BODY_JSON, "application/json", json.data, json.len, 60000, 5) == AY_OK);
    CHECK(json_array_size(json_object_get(rq.json, "sha256")) == N);
    done();
    CHECK(parse(AY_BODY_JSON, form, text.data, text.len, 60000, 5) == AY_OK);
    CHECK(ay_request_field(&rq, "request") && strcmp(ay_request_field(&rq, "request"), json.data) == 0);
    CHECK(!strcmp(ay_request_field(&rq, "a"), "b") && !ay_request_field(&rq, "c"));
    done();
    while (json.len < 9 << 20)
        ay_buf_puts(&json, "                                                                ");
    CHECK(parse(AY_BODY_JSON, "application/json", json.data, json.len, 60000, 5) == AY_ELIMIT && strstr(body.err.msg, "8 MB"));
    done();
    flags = 0;
    max_request = 100000;
    ay_buf_fini(&json);
    ay_buf_fini(&text);
}

static void fields_must_be_text(void)
{
    CHECK(parse(AY_BODY_FORM, FORM, TEXT(PART("name=a", "b\xff") "--X--"), 4, 5) == AY_EINVAL);
    done();
    CHECK(parse(AY_BODY_FORM, FORM,
                "--X\r\nContent-Disposition: form-data; name=a\r\n\r\nb\0c\r\n--X--", 58, 4,
                5) == AY_EINVAL);
    done();
    CHECK(parse(AY_BODY_FORM, FORM, TEXT(PART("name=a", "cut off")), 4, 5) == AY_EINVAL);
    done();
}

/* The whole is bounded too, whatever it is made of. */
static void whole_request(void)
{
    static char big[100001];

    memset(big, 'x', sizeof big);
    CHECK(parse(AY_BODY_PICTURES, "image/png", big, sizeof big, 1000, 1 << 20) == AY_ELIMIT);
    CHECK(rq.upload_count == 0);
    done();
}

/* Refuse every allocation in turn: an error each time, nothing leaked, until it passes. */
static void refused_memory(void)
{
    static const char form[] = PART("name=class", "HD") PART("name=a; filename=1", "123")
        PART("name=a; filename=2", "45") "--X--";
    long before = ay_mem_live();
    ay_status status = AY_ENOMEM;
    int n = 0;

    for (; status && n < 100; n++) {
        ay_mem_fail_after(n);
        status = parse(AY_BODY_PICTURES, FORM, TEXT(form), 9, 5);
        ay_mem_fail_after(-1);
        CHECK(!status || status == AY_ENOMEM || status == AY_ELIMIT);
        done();
        CHECK(ay_mem_live() == before);
    }
    CHECK(!status && n > 4);
}

TESTS({"a raw picture", raw_picture},
      {"one too large file spares the others", one_large_file_spares_the_others},
      {"JSON, and where it is bad", json_says_where}, {"url-encoded fields", urlencoded_fields},
      {"long lists where they are meant", long_lists_where_they_are_meant},
      {"fields must be text", fields_must_be_text}, {"the whole request is bounded", whole_request},
      {"refused memory", refused_memory})
