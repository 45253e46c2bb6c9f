#include "base/test.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/fetch.h"
#include "net/server_test.h"

static ay_err err;
static ay_fetch_reply reply;
static test_server main_server, other_server;
static char other_saw[16384]; /* the last request's head that came to the other server */

static void answer_other(void *ctx, test_call *c)
{
    (void)ctx;
    snprintf(other_saw, sizeof other_saw, "%s", c->text);
    if (strcmp(c->path, "/back") == 0)
        test_say(c, "HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:%d/whoami\r\nContent-Length: 0\r\n\r\n",
                 main_server.port);
    else
        test_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
}

static void ranges(const test_call *c)
{
    static const char body[] = "0123456789";
    const char *range = test_header(c, "Range");
    int from = range ? atoi(range + 6) : 0;

    if (!range)
        test_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n%s", body);
    else if (from >= 10)
        test_say(c, "HTTP/1.1 416 no\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n");
    else
        test_say(c, "HTTP/1.1 206 Part\r\nContent-Range: bytes %d-9/10\r\nContent-Length: %d\r\n\r\n%s",
                 from, 10 - from, body + from);
}

static void endless(const test_call *c, const char *head, const char *piece, int times)
{
    test_say(c, "%s", head);
    for (int i = 0; i < times; i++)
        test_say(c, "%s", piece);
}

/* What is said for each path. */
static const struct {
    const char *path, *text;
} fixed[] = {
    {"/plain", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: Text/Plain; charset=utf-8\r\n"
               "X-Repo-Commit:  abc \r\nETag: \"e\"\r\n\r\nhello"},
    {"/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
    {"/short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"},
    {"/cut-chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"},
    {"/long", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx"},
    {"/bad-length", "HTTP/1.1 200 OK\r\nContent-Length: 12abc\r\n\r\nhello"},
    {"/huge-length", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello"},
    {"/negative", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"},
    {"/bad-range", "HTTP/1.1 206 Part\r\nContent-Range: bytes 9-3/5\r\nContent-Length: 2\r\n\r\nxx"},
    {"/other-range", "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello"},
    {"/no-range", "HTTP/1.1 206 Part\r\nContent-Length: 5\r\n\r\nhello"},
    {"/not-http", "220 ftp.example.com ready\r\n\r\n"},
    {"/nothing", ""},
    {"/loop", "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"},
    {"/file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"},
    {"/gopher", "HTTP/1.1 302 Found\r\nLocation: gopher://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"},
    {"/user", "HTTP/1.1 302 Found\r\nLocation: http://u:p@127.0.0.1/\r\nContent-Length: 0\r\n\r\n"},
    {"/no-location", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
    {"/near", "HTTP/1.1 307 Here\r\nLocation: plain?a=b\r\nContent-Length: 0\r\n\r\n"},
    {"/gated", "HTTP/1.1 403 No\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n"
               "{\"error\": \"Ask the\\nowner\"} "},
    {"/missing", "HTTP/1.1 404 No\r\nContent-Length: 14\r\n\r\n<html>x</html>"},
    {"/busy", "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"},
    {"/busy-date", "HTTP/1.1 503 x\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n"},
    {"/busy-odd", "HTTP/1.1 503 x\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n"},
    {"/control", "HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\na\x1b[31m\x01\xc3z"},
    {"/continue", "HTTP/1.1 103 Hints\r\nX-Repo-Commit: early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
};

static void answer_main(void *ctx, test_call *c)
{
    (void)ctx;
    c->path[strcspn(c->path, "?")] = '\0';
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(c->path, fixed[i].path) == 0)
            test_send(c, fixed[i].text, strlen(fixed[i].text));
    if (strcmp(c->path, "/away") == 0)
        test_say(c, "HTTP/1.1 302 x\r\nLocation: http://localhost:%d/x\r\nContent-Length: 0\r\n\r\n",
                 other_server.port);
    else if (strcmp(c->path, "/there-and-back") == 0)
        test_say(c, "HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:%d/back\r\nContent-Length: 0\r\n\r\n",
                 other_server.port);
    else if (strcmp(c->path, "/whoami") == 0) {
        const char *who = test_header(c, "Authorization");
        test_say(c, "HTTP/1.1 200 OK\r\n\r\n%s", who ? who : "nobody");
    } else if (strcmp(c->path, "/echo") == 0) {
        const char *type = test_header(c, "Content-Type");
        test_say(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n%s %s %s", c->method,
                 type ? type : "-", c->body);
    } else if (strcmp(c->path, "/ranges") == 0)
        ranges(c);
    else if (strcmp(c->path, "/headers") == 0)
        endless(c, "HTTP/1.1 200 OK\r\n", "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 5000);
    else if (strcmp(c->path, "/one-header") == 0)
        endless(c, "HTTP/1.1 200 OK\r\nX-Filler: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5000);
    else if (strcmp(c->path, "/body") == 0)
        endless(c, "HTTP/1.1 200 OK\r\n\r\n", "0123456789012345678901234567890123456789", 60000);
    else if (strcmp(c->path, "/error-body") == 0)
        endless(c, "HTTP/1.1 500 OK\r\n\r\n", "0123456789012345678901234567890123456789", 60000);
    else if (strcmp(c->path, "/stall") == 0) {
        test_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart");
        for (int i = 0; i < 60 && recv(c->fd, c->body, 1, MSG_DONTWAIT) != 0; i++)
            usleep(100000);
    }
}

static ay_fetch_request at(const char *path)
{
    static char url[4][256];
    static int turn;
    char *u = url[turn++ % 4];

    snprintf(u, sizeof url[0], "http://127.0.0.1:%d%s", main_server.port, path);
    return (ay_fetch_request){.url = u};
}

static void start(void)
{
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    test_serve(&main_server, answer_main, NULL);
    test_serve(&other_server, answer_other, NULL);
}

static void end(void)
{
    test_serve_end(&main_server);
    test_serve_end(&other_server);
}

/* The body of path, or NULL with err; to be freed with ay_buf_fini(&text). */
static ay_buf text;
static ay_status get(ay_fetch_request q)
{
    ay_buf_fini(&text);
    return ay_fetch_text(&q, &text, &reply, &err);
}

static bool body_is(const char *want)
{
    return text.len == strlen(want) && memcmp(text.data ? text.data : "", want, text.len) == 0;
}

static void whole_answers(void)
{
    static const char *const want[] = {"x-repo-commit", "ETag", "X-Absent"};
    ay_fetch_request q;

    start();
    q = at("/plain");
    q.want = want;
    q.n_want = 3;
    CHECK_OK(get(q), err);
    CHECK(body_is("hello") && reply.status == 200 && reply.length == 5 && reply.total == 5 && reply.start == 0);
    CHECK(strcmp(reply.want[0], "abc") == 0 && strcmp(reply.want[1], "\"e\"") == 0 && !reply.want[2][0]);
    CHECK(strcmp(reply.type, "text/plain") == 0 && strcmp(reply.url, q.url) == 0);
    CHECK_OK(get(at("/empty")), err);
    CHECK(body_is(""));
    CHECK_OK(get(at("/chunks")), err);
    CHECK(body_is("abcde") && reply.length == -1);
    q = at("/long");
    q.method = "HEAD"; /* a length is no body */
    CHECK_OK(get(q), err);
    CHECK(reply.length == 99999999);
    q = at("/continue");
    q.want = want;
    q.n_want = 1;
    CHECK_OK(get(q), err);
    CHECK(body_is("ok") && !reply.want[0][0]);
    end();
}

static void posts(void)
{
    ay_fetch_request q;

    start();
    q = at("/echo");
    q.body = "{\"a\":1}";
    q.body_size = 7;
    CHECK_OK(get(q), err);
    CHECK(body_is("POST application/json {\"a\":1}"));
    q = at("/near");
    q.body = "{}";
    q.body_size = 2;
    CHECK_OK(get(q), err); /* what is posted goes nowhere else */
    CHECK(reply.status == 307 && strstr(reply.location, "/plain?a=b"));
    CHECK(ay_fetch_expect(&reply, &err) == AY_EIO && strstr(err.msg, "redirect"));
    end();
}

static ay_status no_begin(void *ctx, const ay_fetch_reply *r, ay_err *e)
{
    (void)ctx;
    return r->start == 0 ? ay_fail(e, AY_ECONFLICT, "not from the start") : AY_OK;
}

static void parts(void)
{
    ay_fetch_request q;

    start();
    q = at("/ranges");
    q.resume_from = 4;
    CHECK_OK(get(q), err);
    CHECK(body_is("456789") && reply.status == 206 && reply.start == 4 && reply.total == 10);
    q.resume_from = 10;
    CHECK_OK(get(q), err);
    CHECK(reply.status == 416 && body_is(""));
    q = at("/plain"); /* does not know ranges: all of it comes, and the reply says so */
    q.resume_from = 2;
    CHECK_OK(get(q), err);
    CHECK(reply.status == 200 && reply.start == 0 && body_is("hello"));
    q.begin = no_begin;
    CHECK(ay_fetch(&q, &reply, &err) == AY_ECONFLICT && strcmp(err.msg, "not from the start") == 0);
    q = at("/other-range");
    q.resume_from = 2;
    CHECK(get(q) == AY_ECORRUPT && strstr(err.msg, "from 2"));
    CHECK(get(at("/bad-range")) == AY_ECORRUPT);
    q = at("/no-range");
    q.resume_from = 2;
    CHECK(get(q) == AY_ECORRUPT && body_is(""));
    end();
}

static void tokens_stay_with_their_origin(void)
{
    ay_fetch_request q;

    start();
    q = at("/whoami");
    q.bearer = "secret";
    CHECK_OK(get(q), err);
    CHECK(body_is("Bearer secret"));
    q = at("/away");
    q.bearer = "secret";
    CHECK_OK(get(q), err);
    CHECK(body_is("other") && strstr(reply.url, "localhost") && !strstr(other_saw, "secret"));
    q = at("/there-and-back");
    q.bearer = "secret";
    CHECK_OK(get(q), err);
    CHECK(body_is("nobody") && !strstr(other_saw, "secret"));
    q = at("/whoami");
    q.bearer = "two\r\nX-More: lines";
    CHECK(get(q) == AY_EINVAL && !strstr(err.msg, "lines"));
    end();
}

static void redirects(void)
{
    static const char *const refused[] = {"/file", "/gopher", "/user"};
    ay_fetch_request q;

    start();
    CHECK_OK(get(at("/near")), err);
    CHECK(body_is("hello") && strstr(reply.url, "/plain?a=b"));
    q = at("/away");
    q.redirects = AY_FETCH_SAME_HOST;
    CHECK_OK(get(q), err);
    CHECK(reply.status == 302 && strstr(reply.location, "http://localhost:"));
    CHECK(get(at("/loop")) == AY_ELIMIT && strstr(err.msg, "redirects"));
    CHECK(atomic_load(&main_server.calls) < 20);
    for (int i = 0; i < 3; i++)
        CHECK(get(at(refused[i])) == AY_EUNSUPPORTED && strstr(err.msg, "not followed"));
    CHECK_OK(get(at("/no-location")), err);
    CHECK(reply.status == 302 && ay_fetch_expect(&reply, &err) == AY_EIO);
    end();
}

static void broken_answers(void)
{
    static const struct {
        const char *path;
        ay_status status;
    } bad[] = {
        {"/short", AY_EIO},         {"/cut-chunks", AY_EIO},      {"/long", AY_ELIMIT},
        {"/bad-length", AY_ECORRUPT}, {"/huge-length", AY_ECORRUPT}, {"/negative", AY_ECORRUPT},
        {"/not-http", AY_ECORRUPT}, {"/nothing", AY_EIO},         {"/headers", AY_ELIMIT},
        {"/one-header", AY_ELIMIT}, {"/body", AY_ELIMIT},         {"/error-body", AY_ELIMIT},
    };
    long before;

    ay_buf_fini(&text);
    before = ay_mem_live();
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ay_status status = get(at(bad[i].path));
        if (status != bad[i].status)
            printf("  %s: %s, %s\n", bad[i].path, ay_status_name(status), err.msg);
        CHECK(status == bad[i].status && err.msg[0]);
        CHECK(text.len <= 1 << 20);
    }
    end();
    CHECK(get(at("/plain")) == AY_EIO && !reply.timed_out); /* nobody listens there now */
    ay_buf_fini(&text);
    CHECK(ay_mem_live() == before);
}

static void statuses_in_words(void)
{
    start();
    CHECK_OK(get(at("/gated")), err);
    CHECK(ay_fetch_expect(&reply, &err) == AY_ECONFLICT && strstr(err.msg, "Ask the owner"));
    CHECK_OK(get(at("/missing")), err);
    CHECK(ay_fetch_expect(&reply, &err) == AY_ENOTFOUND && !strchr(err.msg, '<'));
    CHECK_OK(get(at("/busy")), err);
    CHECK(ay_fetch_expect(&reply, &err) == AY_EBUSY && reply.retry_after == 7);
    CHECK_OK(get(at("/busy-date")), err);
    CHECK(reply.retry_after == 0);
    CHECK_OK(get(at("/busy-odd")), err);
    CHECK(reply.retry_after == -1);
    CHECK_OK(get(at("/control")), err);
    ay_fetch_expect(&reply, &err);
    for (const char *c = err.msg; *c; c++)
        CHECK((unsigned char)*c >= ' ');
    end();
}

static void addresses(void)
{
    static const char *const bad[] = {"", "x", "file:///etc/passwd", "ftp://a/", "http://", "http://u:p@h/",
                                      "http://h/ a", "http://h/\n", "//h/x", "h/x"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!ay_fetch_url_valid(bad[i]));
        CHECK(ay_fetch(&(ay_fetch_request){.url = bad[i]}, &reply, &err) == AY_EINVAL);
    }
    CHECK(ay_fetch_url_valid("https://h/x?y=z") && ay_fetch_url_valid("HTTP://[::1]:80/"));
}

static void *cancel_soon(void *arg)
{
    usleep(200000);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static void waits_are_bounded(void)
{
    atomic_bool cancel = false;
    ay_fetch_request q;
    uint64_t t = ay_clock_mono();
    pthread_t thread;

    start();
    q = at("/stall");
    q.timeout_ms = 300;
    CHECK(get(q) == AY_EIO && reply.timed_out && body_is("start"));
    CHECK(ay_clock_mono() - t < 2000000000u);
    q = at("/stall");
    q.low_speed = 1000;
    q.low_speed_s = 1;
    CHECK(get(q) == AY_EIO && reply.timed_out);
    q = at("/stall");
    q.cancel = &cancel;
    CHECK_OK(ay_thread_start(&thread, "cancel", cancel_soon, &cancel, &err), err);
    CHECK(get(q) == AY_ECANCELLED && !reply.timed_out);
    pthread_join(thread, NULL);
    end();
    ay_buf_fini(&text);
}

TESTS({"whole answers", whole_answers}, {"posts", posts}, {"parts of a resource", parts},
      {"tokens stay with their origin", tokens_stay_with_their_origin}, {"redirects", redirects},
      {"broken and hostile answers", broken_answers}, {"statuses in words", statuses_in_words},
      {"addresses", addresses}, {"waits are bounded", waits_are_bounded})
