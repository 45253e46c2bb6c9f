#include "base/test.h"
#include "base/buf.h"
#include "base/rng.h"
#include "http/multipart.h"

/* What the parser said, as text: "[name|filename|type" data "]" for each part. */
static ay_buf said;
static int open_parts;
static ay_status refuse_data;

static ay_status on_begin(void *ctx, const ay_part *p, ay_err *err)
{
    (void)ctx, (void)err;
    open_parts++;
    ay_buf_printf(&said, "[%s|%s%s|%s|", p->name, p->has_filename ? "=" : "", p->filename, p->type);
    return AY_OK;
}

static ay_status on_data(void *ctx, const void *p, size_t n, ay_err *err)
{
    (void)ctx;
    if (n == 0 || open_parts != 1)
        ay_buf_puts(&said, "!!BROKEN!!");
    ay_buf_add(&said, p, n);
    return refuse_data ? ay_fail(err, refuse_data, "refused") : AY_OK;
}

static ay_status on_end(void *ctx, ay_err *err)
{
    (void)ctx, (void)err;
    open_parts--;
    ay_buf_puts(&said, "]");
    return AY_OK;
}

static const ay_multipart_sink sink = {on_begin, on_data, on_end};
static const char type[] = "multipart/form-data; boundary=XX";

/* Feed body in pieces of step bytes. */
static ay_status parse(const char *body, size_t n, size_t step, ay_err *err)
{
    ay_multipart m;
    ay_status status = ay_multipart_init(&m, type, 10, &sink, NULL, err);

    ay_buf_fini(&said);
    open_parts = 0;
    ay_buf_puts(&said, "");
    for (size_t i = 0; i < n && !status; i += step)
        status = ay_multipart_feed(&m, body + i, n - i < step ? n - i : step, err);
    return status ? status : ay_multipart_finish(&m, err);
}

/* The same result however the body is cut. */
static void expect(const char *body, const char *want)
{
    size_t n = strlen(body);
    ay_err err;

    for (size_t step = 1; step <= n; step++) {
        CHECK_OK(parse(body, n, step, &err), err);
        CHECK(strcmp(said.data, want) == 0);
    }
}

static void forms(void)
{
    expect("--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--XX--\r\n",
           "[a|||one]");
    expect("--XX\r\nContent-Disposition: form-data; name=a; filename=x.png\r\nContent-Type: "
           "Image/PNG; "
           "q=1\r\n\r\n\x89PNG\r\n--XX\r\nContent-Disposition: form-data; "
           "name=\"b\"\r\n\r\n\r\n--XX--",
           "[a|=x.png|image/png|\x89PNG][b|||]");
    expect("--XX--", "");
    expect("preamble\r\n--XX  \r\nContent-Disposition: form-data; "
           "name=\"p\"\r\n\r\nq\r\n--XX--epilogue",
           "[p|||q]");
    expect("--XX\r\n\r\nno headers\r\n--XX--", "[|||no headers]");
}

static void data_that_looks_like_a_boundary(void)
{
#define PART(data) "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" data "\r\n--XX--"
    expect(PART("\r\n--XY"), "[a|||\r\n--XY]");
    expect(PART("a--XX\r"), "[a|||a--XX\r]");
    expect(PART("\r\r\n-\r\n--X\r\r\n--"), "[a|||\r\r\n-\r\n--X\r\r\n--]");
    expect(PART("\n--XX--\n"), "[a|||\n--XX--\n]");
    expect(PART("\r\n"), "[a|||\r\n]");
}

static void names(void)
{
#define NAMED(params) "--XX\r\nContent-Disposition: form-data; " params "\r\n\r\n\r\n--XX--"
    expect(NAMED("name=\"a\"; filename=\"C:\\\\dir\\x.jpg\""), "[a|=x.jpg||]");
    expect(NAMED("name=\"a\"; filename=\"../../etc/passwd\""), "[a|=passwd||]");
    expect(NAMED("name=\"a\"; filename=\"say \\\"hi\\\".jpg\""), "[a|=say \"hi\".jpg||]");
    expect(NAMED("name=\"a\"; filename=\"%22q%22%0D%0A.jpg\""), "[a|=\"q\"  .jpg||]");
    expect(NAMED("name=\"a\"; filename=\"\""), "[a|=||]");
    expect(NAMED("name=\"a\"; filename=\"bad\xff.jpg\""), "[a|=||]");
    expect(NAMED("name=\"a\"; filename=x; filename*=UTF-8''%e2%82%ac.jpg"), "[a|=€.jpg||]");
    expect(NAMED("name=\"a;b=c\"; filename=\"x;y\""), "[a;b=c|=x;y||]");
    expect(NAMED("filename=\"only\""), "[|=only||]");
    expect(NAMED("NAME=a"), "[a|||]");
}

static void broken(void)
{
    static const struct {
        const char *body;
        ay_status status;
    } bad[] = {
        {"", AY_EINVAL},
        {"--XX", AY_EINVAL},
        {"--XX-", AY_EINVAL},
        {"--XX\r\n", AY_EINVAL},
        {"--XXjunk\r\n", AY_EINVAL},
        {"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end", AY_EINVAL},
        {"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--XX", AY_EINVAL},
        {"--XX\r\nno colon\r\n\r\nx\r\n--XX--", AY_EINVAL},
        {"just text", AY_EINVAL},
    };
    ay_err err;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t step = 1; step < 9; step++)
            CHECK(parse(bad[i].body, strlen(bad[i].body), step, &err) == bad[i].status);
    CHECK(parse("--XX\r\nA: b\0c\r\n\r\n\r\n--XX--", 25, 1, &err) == AY_EINVAL);
}

static void limits(void)
{
    ay_buf b = {0};
    ay_err err;

    ay_buf_puts(&b, "--XX\r\nA: ");
    for (int i = 0; i < AY_MULTIPART_HEAD; i++)
        ay_buf_putc(&b, 'x');
    CHECK(parse(b.data, b.len, 100, &err) == AY_ELIMIT);
    ay_buf_fini(&b);
    for (int i = 0; i < 11; i++)
        ay_buf_puts(&b, "--XX\r\n\r\n\r\n");
    CHECK(parse(b.data, b.len, 7, &err) == AY_ELIMIT);
    ay_buf_fini(&b);
}

static void stops_with_the_sink(void)
{
    ay_multipart m;
    ay_err err;

    refuse_data = AY_EBUSY;
    CHECK(parse(PART("x"), strlen(PART("x")), 100, &err) == AY_EBUSY);
    refuse_data = AY_OK;
    CHECK_OK(ay_multipart_init(&m, type, 10, &sink, NULL, &err), err);
    CHECK(ay_multipart_feed(&m, "--XXno", 6, &err) == AY_EINVAL);
    CHECK(ay_multipart_feed(&m, "--XX--", 6, &err) == AY_EINVAL);
}

static void content_types(void)
{
    ay_multipart m;
    ay_err err;
    char b[80];

#define INIT(t) ay_multipart_init(&m, t, 10, &sink, NULL, &err)
    CHECK(INIT("multipart/form-data; boundary=\"a b\"") == AY_OK && !strcmp(m.delim, "\r\n--a b"));
    CHECK(INIT("Multipart/Form-Data;charset=utf-8;BOUNDARY=x") == AY_OK &&
          !strcmp(m.delim, "\r\n--x"));
    CHECK(INIT("multipart/form-data") == AY_EUNSUPPORTED ||
          INIT("multipart/form-data") == AY_EINVAL);
    CHECK(INIT("multipart/form-data; boundary=") == AY_EINVAL);
    CHECK(INIT("multipart/form-data; boundary=\"\"") == AY_EINVAL);
    CHECK(INIT("multipart/mixed; boundary=x") == AY_EUNSUPPORTED);
    CHECK(INIT("text/plain") == AY_EUNSUPPORTED);
    snprintf(b, sizeof b, "multipart/form-data; boundary=%.*s", 40,
             "0123456789012345678901234567890123456789");
    CHECK(INIT(b) == AY_OK);
    CHECK(INIT("multipart/form-data; boundary="
               "01234567890123456789012345678901234567890123456789012345678901234567890") ==
          AY_EINVAL);
}

/* Random bytes made of what the parser looks for must be taken or refused, never crash, and binary
 * data inside a form must come out as it went in. */
static void random_bytes(void)
{
    static const char *const bits[] = {"\r",
                                       "\n",
                                       "-",
                                       "--XX",
                                       "\r\n--XX",
                                       "\r\n",
                                       "X",
                                       ":",
                                       ";",
                                       "\"",
                                       "Content-Disposition: form-data; name=\"a\"",
                                       "\r\n\r\n",
                                       "%2"};
    ay_buf body = {0}, want = {0};
    ay_rng rng;
    ay_err err;

    ay_rng_init(&rng, 1);
    for (int round = 0; round < 3000; round++) {
        body.len = 0;
        for (uint32_t i = 0, n = ay_rng_below(&rng, 30); i < n; i++)
            ay_buf_puts(&body, bits[ay_rng_below(&rng, sizeof bits / sizeof *bits)]);
        ay_status a = parse(body.data ? body.data : "", body.len, 1, &err);
        want.len = 0;
        ay_buf_add(&want, said.data, said.len);
        ay_status b = parse(body.data ? body.data : "", body.len, 1 + ay_rng_below(&rng, 40), &err);
        CHECK(a == b && want.len == said.len && memcmp(want.data, said.data, want.len) == 0);
        CHECK(!strstr(said.data, "!!BROKEN!!"));
    }
    ay_buf_fini(&body);
    ay_buf_fini(&want);
    ay_buf_fini(&said);
}

TESTS({"forms, however they are cut", forms},
      {"data that looks like a boundary", data_that_looks_like_a_boundary},
      {"names and file names", names}, {"malformed forms are refused", broken},
      {"headers and parts are bounded", limits},
      {"a failure of the sink ends it", stops_with_the_sink}, {"content types", content_types},
      {"random bytes", random_bytes})
