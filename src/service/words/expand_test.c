/* Label expansion against a server that is right, slow, wrong, rude and down: what is answered, how long it
 * may take, how often it asks, and that the key stays where it belongs. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "net/server_test.h"
#include "service/words/expand_parts.h"

#include <math.h>

#define KEY "sk-proj-0123456789abcdefghij"

/* How long a bound of 300 ms may seem to be on a machine that does other things. */
enum { BOUND_MS = 300, GENEROUS_MS = 2500 };

static ay_err err;
static ay_arena arena;
static _Atomic uint64_t now_ns = 1000 * AY_SECOND_NS;
static test_server server, other;
static const char *_Atomic manner = "good";
static atomic_int delay_ms, plain_calls, schema_calls;
static char last_body[4096], last_head[4096];
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t clock_of_test(void)
{
    return atomic_load(&now_ns);
}

static void pass_seconds(int s)
{
    atomic_fetch_add(&now_ns, (uint64_t)s * AY_SECOND_NS);
}

/* ---- the server */

static void say_json(const test_call *c, int status, const char *head, const char *body)
{
    test_say(c, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s", status,
             strlen(body), head, body);
}

static void say_content(const test_call *c, const char *escaped)
{
    char body[4000];

    snprintf(body, sizeof body, "{\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
             "\"content\":\"%s\"},\"finish_reason\":\"stop\"}]}", escaped);
    say_json(c, 200, "", body);
}

#define GOOD "{\\\"subtags\\\":[\\\"tabby\\\",\\\"kitten\\\"],\\\"style_traits\\\":[\\\"soft light\\\"]," \
             "\\\"emotions\\\":[\\\"calm\\\"],\\\"pack_suggestions\\\":[\\\"cats\\\",\\\"pets\\\"]}"

static void drip(const test_call *c)
{
    test_say(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
    for (int i = 0; i < 200; i++) {
        if (send(c->fd, " ", 1, MSG_NOSIGNAL) != 1)
            return;
        usleep(50000);
    }
}

static void endless(const test_call *c)
{
    static const char block[8192] = {' '};

    test_say(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
    for (int i = 0; i < 1000 && send(c->fd, block, sizeof block, MSG_NOSIGNAL) > 0; i++)
        continue;
}

static void remember(const test_call *c)
{
    pthread_mutex_lock(&last_lock);
    snprintf(last_body, sizeof last_body, "%s", c->body);
    snprintf(last_head, sizeof last_head, "%.4000s", c->text);
    pthread_mutex_unlock(&last_lock);
    atomic_fetch_add(strstr(c->body, "json_schema") ? &schema_calls : &plain_calls, 1);
}

static void answer(void *ctx, test_call *c)
{
    const char *mode = manner;
    int number;
    char text[3000];

    (void)ctx;
    remember(c);
    for (int left = delay_ms; left > 0; left -= 10)
        usleep(10000);
    if (strcmp(mode, "good") == 0)
        say_content(c, GOOD);
    else if (strcmp(mode, "old") == 0) /* knows json_object only */
        strstr(c->body, "json_schema") ? say_json(c, 400, "", "{\"error\":{\"message\":\"response_format\"}}")
                                       : say_content(c, GOOD);
    else if (strcmp(mode, "prose") == 0)
        say_content(c, "I am sorry, I cannot help with that.");
    else if (strcmp(mode, "schema") == 0)
        say_content(c, "{\\\"subtags\\\":\\\"tabby\\\"}");
    else if (strcmp(mode, "html") == 0)
        say_json(c, 200, "", "<html>it works</html>");
    else if (strcmp(mode, "huge") == 0)
        endless(c);
    else if (strcmp(mode, "lying") == 0)
        test_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{}");
    else if (strcmp(mode, "early") == 0)
        test_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":");
    else if (strcmp(mode, "mute") == 0)
        return;
    else if (strcmp(mode, "noise") == 0)
        test_say(c, "SSH-2.0-OpenSSH\r\n");
    else if (strcmp(mode, "drip") == 0)
        drip(c);
    else if (strcmp(mode, "limit") == 0)
        say_json(c, 429, "Retry-After: 120\r\n", "{\"error\":{\"message\":\"slow down\"}}");
    else if (strcmp(mode, "echo") == 0) { /* repeats the key in its refusal, whole and cut */
        snprintf(text, sizeof text, "{\"error\":{\"message\":\"Incorrect API key: %s, cut %.14s\"}}",
                 test_header(c, "Authorization") ? test_header(c, "Authorization") : "none", KEY);
        say_json(c, 401, "", text);
    } else if (strcmp(mode, "away") == 0) {
        snprintf(text, sizeof text, "Location: http://127.0.0.1:%d/v1/chat/completions\r\n", other.port);
        say_json(c, 307, text, "");
    } else if (sscanf(mode, "%d", &number) == 1)
        say_json(c, number, "", "{\"error\":\"no\"}");
}

/* ---- asking */

typedef struct {
    int timeout_ms, budget;
    const char *folder, *url, *key, *format;
    bool gate;
} way;

static ay_expand *open_with(way w)
{
    ay_expand_options o = {.folder = w.folder, .clock = clock_of_test};
    char url[100];
    ay_expand *x;

    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/", server.port);
    o.set = (ay_expand_settings){.on = true, .gate = w.gate, .normalized_most = 0.72, .margin_least = 0.08,
                                 .model = "tiny", .url = w.url ? w.url : url, .key = w.key ? w.key : KEY,
                                 .key_file = "", .format = w.format ? w.format : "auto",
                                 .timeout_ms = w.timeout_ms ? w.timeout_ms : 20000,
                                 .budget = w.budget ? w.budget : 1000};
    CHECK_OK(ay_expand_open(&x, &o, &err), err);
    return x;
}

static void begin(const char *mode)
{
    manner = mode;
    delay_ms = 0;
    atomic_store(&plain_calls, 0);
    atomic_store(&schema_calls, 0);
    if (!server.fd) {
        test_serve(&server, answer, NULL);
        test_serve(&other, answer, NULL);
    }
    atomic_store(&server.calls, 0);
    atomic_store(&other.calls, 0);
}

static ay_expansion ask(ay_expand *x, const char *label)
{
    const char *labels[] = {label, "a cat", "an animal"};
    ay_expansion e;

    ay_expand_ask(x, labels, 3, 0.1, 0.9, &arena, &e);
    return e;
}

static double ms_since(uint64_t t)
{
    return (double)(ay_clock_mono() - t) / 1e6;
}

static void expect(ay_expand *x, const char *label, ay_expand_state state)
{
    ay_expansion e = ask(x, label);

    if (e.state != state)
        printf("  %s: %s, %s\n", label, ay_expand_word(e.state), e.reason);
    CHECK(e.state == state);
    CHECK(ay_expand_used(&e) == (e.list[AY_SUBTAGS].n > 0));
    CHECK(ay_expand_used(&e) || state == AY_EXPAND_OFF || *e.reason);
    CHECK(!strstr(e.reason, "sk-proj"));
}

/* ---- right */

static void three_labels_go_and_four_lists_come(void)
{
    const char *labels[] = {"one", "two", "three", "four"};
    ay_expand *x;
    ay_expansion e;

    begin("good");
    x = open_with((way){0});
    ay_expand_ask(x, labels, 4, 0.1, 0.9, &arena, &e);
    CHECK(e.state == AY_EXPAND_OK && strcmp(e.model, "tiny") == 0 && e.waited_ms > 0);
    CHECK(e.list[AY_SUBTAGS].n == 2 && strcmp(e.list[AY_SUBTAGS].item[1], "kitten") == 0);
    CHECK(e.list[AY_STYLE_TRAITS].n == 1 && e.list[AY_EMOTIONS].n == 1 && e.list[AY_PACK_SUGGESTIONS].n == 2);
    pthread_mutex_lock(&last_lock);
    CHECK(strstr(last_head, "POST /v1/chat/completions ") && strstr(last_head, "Authorization: Bearer " KEY "\r\n"));
    CHECK(strstr(last_body, "three") && !strstr(last_body, "four\\\"") && strstr(last_body, "\"model\":\"tiny\""));
    pthread_mutex_unlock(&last_lock);
    ay_expand_close(x);
}

static void the_same_labels_are_asked_about_once(void)
{
    char folder[] = "/tmp/assay-expand-XXXXXX", command[100];
    ay_expand *x;

    CHECK(mkdtemp(folder));
    begin("good");
    x = open_with((way){.folder = folder});
    expect(x, "once", AY_EXPAND_OK);
    expect(x, "once", AY_EXPAND_KEPT_ONE);
    CHECK(server.calls == 1);
    ay_expand_close(x);
    begin("500");
    x = open_with((way){.folder = folder});
    expect(x, "once", AY_EXPAND_KEPT_ONE); /* by another process, and with the endpoint down */
    expect(x, "Once", AY_EXPAND_DOWN);
    CHECK(server.calls == 1);
    ay_expand_close(x);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CHECK(system(command) == 0);
}

static void unsure_answers_are_not_expanded(void)
{
    const char *labels[] = {"x"};
    ay_expand *x, *open;
    ay_expansion e;

    begin("good");
    x = open_with((way){.gate = true});
    open = open_with((way){0});
    ay_expand_ask(x, labels, 1, 0.73, 0.9, &arena, &e);
    CHECK(e.state == AY_EXPAND_UNSURE && strstr(e.reason, "0.730"));
    ay_expand_ask(x, labels, 1, 0.72, 0.07, &arena, &e);
    CHECK(e.state == AY_EXPAND_CLOSE);
    ay_expand_ask(x, labels, 1, NAN, 0.9, &arena, &e);
    CHECK(e.state == AY_EXPAND_UNSURE && server.calls == 0);
    ay_expand_ask(x, labels, 1, 0.72, 0.08, &arena, &e);
    CHECK(e.state == AY_EXPAND_OK);
    ay_expand_ask(open, labels, 1, 1, 0, &arena, &e);
    CHECK(e.state == AY_EXPAND_OK);
    ay_expand_ask(open, labels, 0, 1, 0, &arena, &e);
    CHECK(e.state == AY_EXPAND_OFF);
    ay_expand_ask(NULL, labels, 1, 0, 1, &arena, &e);
    CHECK(e.state == AY_EXPAND_OFF);
    ay_expand_close(x);
    ay_expand_close(open);
}

static void an_endpoint_without_schemas_is_asked_plainly(void)
{
    ay_expand *x;

    begin("old");
    x = open_with((way){0});
    expect(x, "first", AY_EXPAND_OK);
    CHECK(schema_calls == 1 && plain_calls == 1);
    expect(x, "second", AY_EXPAND_OK); /* it has learnt */
    CHECK(schema_calls == 1 && plain_calls == 2);
    ay_expand_close(x);
    x = open_with((way){.format = "json_schema"});
    expect(x, "third", AY_EXPAND_REFUSED);
    CHECK(schema_calls == 2 && plain_calls == 2);
    ay_expand_close(x);
}

/* ---- wrong */

static void what_is_wrong_is_told_apart(void)
{
    static const struct {
        const char *how;
        ay_expand_state state;
    } cases[] = {
        {"prose", AY_EXPAND_BAD_ANSWER}, {"schema", AY_EXPAND_BAD_ANSWER}, {"html", AY_EXPAND_BAD_ANSWER},
        {"huge", AY_EXPAND_BAD_ANSWER},  {"lying", AY_EXPAND_BAD_ANSWER},  {"early", AY_EXPAND_DOWN},
        {"mute", AY_EXPAND_DOWN},        {"noise", AY_EXPAND_BAD_ANSWER},  {"500", AY_EXPAND_DOWN},
        {"503", AY_EXPAND_DOWN},         {"401", AY_EXPAND_REFUSED},       {"403", AY_EXPAND_REFUSED},
        {"404", AY_EXPAND_REFUSED},      {"400", AY_EXPAND_REFUSED},       {"418", AY_EXPAND_REFUSED},
        {"204", AY_EXPAND_BAD_ANSWER},   {"away", AY_EXPAND_REFUSED},      {"429", AY_EXPAND_LIMITED}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ay_expand *x;
        begin(cases[i].how);
        x = open_with((way){0});
        expect(x, cases[i].how, cases[i].state);
        CHECK(server.calls >= 1 && other.calls == 0); /* a redirect takes the key nowhere */
        ay_expand_close(x);
    }
}

static void a_failure_is_kept_for_a_minute(void)
{
    ay_expand *x;
    ay_expansion e;

    begin("prose");
    x = open_with((way){0});
    expect(x, "a", AY_EXPAND_BAD_ANSWER);
    e = ask(x, "a");
    CHECK(e.state == AY_EXPAND_BAD_ANSWER && strstr(e.reason, "not asked again") && server.calls == 1);
    manner = "good";
    pass_seconds(AY_EXPAND_FORGET_S - 1);
    expect(x, "a", AY_EXPAND_BAD_ANSWER);
    CHECK(server.calls == 1);
    pass_seconds(1);
    expect(x, "a", AY_EXPAND_OK);
    expect(x, "a", AY_EXPAND_KEPT_ONE);
    ay_expand_close(x);
}

static void the_breaker_spares_an_endpoint_that_fails(void)
{
    char label[20];
    ay_expand *x;
    ay_expansion e;

    begin("500");
    x = open_with((way){0});
    for (int i = 0; i < AY_EXPAND_FAILURES; i++) {
        snprintf(label, sizeof label, "f%d", i);
        expect(x, label, AY_EXPAND_DOWN);
    }
    e = ask(x, "next");
    CHECK(e.state == AY_EXPAND_BREAKER && strstr(e.reason, "30 s") && server.calls == AY_EXPAND_FAILURES);
    pass_seconds(30);
    expect(x, "probe", AY_EXPAND_DOWN);
    e = ask(x, "next");
    CHECK(e.state == AY_EXPAND_BREAKER && strstr(e.reason, "60 s"));
    pass_seconds(60);
    manner = "good";
    expect(x, "next", AY_EXPAND_OK);
    expect(x, "another", AY_EXPAND_OK);
    CHECK(server.calls == AY_EXPAND_FAILURES + 3);
    ay_expand_close(x);
}

static void retry_after_is_kept(void)
{
    ay_expand *x;
    ay_expansion e;

    begin("limit");
    x = open_with((way){0});
    expect(x, "a", AY_EXPAND_LIMITED);
    manner = "good";
    e = ask(x, "b");
    CHECK(e.state == AY_EXPAND_BREAKER && strstr(e.reason, "120 s"));
    pass_seconds(119);
    expect(x, "b", AY_EXPAND_BREAKER);
    pass_seconds(1);
    expect(x, "b", AY_EXPAND_OK);
    CHECK(server.calls == 2);
    ay_expand_close(x);
}

static void the_budget_holds(void)
{
    ay_expand *x;

    begin("good");
    x = open_with((way){.budget = 2});
    expect(x, "a", AY_EXPAND_OK);
    pass_seconds(1000);
    expect(x, "b", AY_EXPAND_OK);
    expect(x, "c", AY_EXPAND_BUDGET);
    expect(x, "a", AY_EXPAND_KEPT_ONE); /* costs nothing */
    pass_seconds(2600);
    expect(x, "c", AY_EXPAND_OK);
    expect(x, "d", AY_EXPAND_BUDGET);
    CHECK(server.calls == 3);
    ay_expand_close(x);
}

/* ---- slow, rude, down */

static void nobody_waits_longer_than_the_bound(void)
{
    static const char *const modes[] = {"good", "drip", "500"};

    for (int i = 0; i < 3; i++) {
        uint64_t t;
        ay_expand *x;
        begin(modes[i]);
        delay_ms = i == 1 ? 0 : 4000;
        x = open_with((way){.timeout_ms = BOUND_MS});
        t = ay_clock_mono();
        expect(x, "slow", AY_EXPAND_TIMEOUT);
        CHECK(ms_since(t) >= BOUND_MS - 50 && ms_since(t) < GENEROUS_MS);
        ay_expand_close(x);
    }
}

static void an_endpoint_that_is_not_there(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    char url[60];
    uint64_t t = ay_clock_mono();
    ay_expand *x;
    ay_expansion e;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(fd, (struct sockaddr *)&a, n) == 0 && getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", ntohs(a.sin_port));
    x = open_with((way){.url = url}); /* bound, and nobody listens */
    expect(x, "down", AY_EXPAND_DOWN);
    ay_expand_close(x);
    close(fd);
    x = open_with((way){.url = "http://nowhere.invalid/v1", .timeout_ms = BOUND_MS});
    e = ask(x, "unknown host");
    CHECK(e.state == AY_EXPAND_DOWN || e.state == AY_EXPAND_TIMEOUT);
    CHECK(ms_since(t) < 2 * GENEROUS_MS);
    ay_expand_close(x);
}

/* ---- many at once */

typedef struct {
    ay_expand *x;
    const char *label;
    ay_expand_state state;
    double ms;
} asker;

static void *ask_alone(void *arg)
{
    const char *labels[] = {((asker *)arg)->label};
    asker *k = arg;
    ay_arena own;
    ay_expansion e;

    ay_arena_init(&own, 0);
    ay_expand_ask(k->x, labels, 1, 0, 1, &own, &e);
    k->state = e.state;
    k->ms = e.waited_ms;
    ay_arena_fini(&own);
    return NULL;
}

static void those_who_ask_together_ask_once(void)
{
    asker k[12];
    pthread_t t[12];
    ay_expand *x;
    int ok = 0, busy = 0;

    begin("good");
    delay_ms = 700;
    x = open_with((way){0});
    for (int i = 0; i < 12; i++) {
        k[i] = (asker){.x = x, .label = "same"};
        CHECK(pthread_create(&t[i], NULL, ask_alone, &k[i]) == 0);
    }
    for (int i = 0; i < 12; i++) {
        pthread_join(t[i], NULL);
        ok += k[i].state == AY_EXPAND_OK || k[i].state == AY_EXPAND_KEPT_ONE;
        busy += k[i].state == AY_EXPAND_BUSY;
    }
    CHECK(server.calls == 1 && ok + busy == 12 && ok >= AY_EXPAND_WAITING);
    expect(x, "other", AY_EXPAND_OK);
    ay_expand_close(x);
}

static void many_questions_wait_for_none(void)
{
    static const char *const labels[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    asker k[12];
    pthread_t t[12];
    ay_expand *x;
    int busy = 0;

    begin("good");
    delay_ms = 4000;
    x = open_with((way){.timeout_ms = BOUND_MS});
    for (int i = 0; i < 12; i++) {
        k[i] = (asker){.x = x, .label = labels[i]};
        CHECK(pthread_create(&t[i], NULL, ask_alone, &k[i]) == 0);
    }
    for (int i = 0; i < 12; i++) {
        pthread_join(t[i], NULL);
        CHECK(k[i].ms < GENEROUS_MS && k[i].state != AY_EXPAND_OK);
        busy += k[i].state == AY_EXPAND_BUSY || k[i].state == AY_EXPAND_BREAKER;
    }
    CHECK(busy >= 12 - AY_EXPAND_FAILURES - AY_EXPAND_CALLS && server.calls <= AY_EXPAND_FAILURES + AY_EXPAND_CALLS);
    ay_expand_close(x);
}

static void a_question_under_way_ends_with_the_program(void)
{
    asker k = {.label = "x"};
    pthread_t t;
    uint64_t begun;

    begin("drip");
    k.x = open_with((way){.timeout_ms = 1500});
    CHECK(pthread_create(&t, NULL, ask_alone, &k) == 0);
    pthread_join(t, NULL); /* the bound is over; the question may be under way for a moment more */
    begun = ay_clock_mono();
    ay_expand_close(k.x);
    CHECK(ms_since(begun) < GENEROUS_MS && k.state == AY_EXPAND_TIMEOUT);
}

/* ---- the key */

/* Everything that goes to standard error while fn runs, into text. */
static void logged(void (*fn)(void), char *text, size_t cap)
{
    FILE *f = tmpfile();
    int saved = dup(2);
    size_t n;

    fflush(stderr);
    dup2(fileno(f), 2);
    fn();
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    rewind(f);
    n = fread(text, 1, cap - 1, f);
    text[n] = '\0';
    fclose(f);
}

static ay_expand_state echoed;

static void ask_an_echo(void)
{
    ay_expand *x = open_with((way){0});

    echoed = ask(x, "echo").state;
    ay_expand_close(x);
}

static void the_key_is_in_no_message(void)
{
    static char text[8000];

    begin("echo");
    logged(ask_an_echo, text, sizeof text);
    CHECK(echoed == AY_EXPAND_REFUSED);
    CHECK(strstr(text, "Incorrect API key: Bearer ***") && strstr(text, "cut ***"));
    CHECK(!strstr(text, "sk-proj"));
}

static ay_status open_status(const char *url, const char *key, const char *file)
{
    ay_expand_options o = {.set = {.on = true, .model = "m", .url = url, .key = key, .key_file = file,
                                   .format = "auto", .timeout_ms = 1000, .budget = 1}};
    ay_expand *x = NULL;
    ay_status status = ay_expand_open(&x, &o, &err);

    ay_expand_close(x);
    return status;
}

static void wrong_settings_are_refused_without_the_key(void)
{
    static const char *const urls[] = {"", "ftp://h/v1", "localhost:8000", "http://u:p@h/v1", "http://h/v1?key=x",
                                       "http://h/#x", "file:///etc/passwd", "http://h/\n"};
    char path[] = "/tmp/assay-key-XXXXXX";
    ay_expand_options o = {.set = {.on = true, .model = "m", .url = AY_EXPAND_URL, .key = "", .key_file = "",
                                   .format = "auto", .timeout_ms = 1000, .budget = 1}};
    ay_expand *x;
    int fd = mkstemp(path);

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        CHECK(open_status(urls[i], KEY, "") == AY_EINVAL && strstr(err.msg, "OPENAI_BASE_URL"));
    CHECK(open_status(AY_EXPAND_URL, "two words", "") == AY_EINVAL && !strstr(err.msg, "words"));
    CHECK(open_status(AY_EXPAND_URL, "a\r\nHost: b", "") == AY_EINVAL);
    CHECK(open_status(AY_EXPAND_URL, "", "/nonexistent") == AY_EINVAL && strstr(err.msg, "OPENAI_API_KEY_FILE"));
    CHECK(open_status(AY_EXPAND_URL, "", path) == AY_EINVAL && strstr(err.msg, "empty"));
    CHECK(write(fd, "  " KEY " \r\nsecond\n", strlen("  " KEY " \r\nsecond\n")) > 0);
    close(fd);
    CHECK(open_status(AY_EXPAND_URL, "", path) == AY_OK);
    CHECK_OK(ay_expand_open(&x, &o, &err), err);
    CHECK(!ay_expand_is_on(x)); /* no key, and the usual endpoint */
    expect(x, "x", AY_EXPAND_OFF);
    ay_expand_close(x);
    o.set.url = "http://127.0.0.1:9/v1";
    CHECK_OK(ay_expand_open(&x, &o, &err), err);
    CHECK(ay_expand_is_on(x)); /* one's own needs none */
    ay_expand_close(x);
    o.set.on = false;
    o.set.url = "nonsense"; /* of no interest then */
    CHECK_OK(ay_expand_open(&x, &o, &err), err);
    CHECK(!ay_expand_is_on(x));
    ay_expand_close(x);
    unlink(path);
}

static void the_servers_end(void)
{
    delay_ms = 0;
    test_serve_end(&server);
    test_serve_end(&other);
    ay_arena_fini(&arena);
}

TESTS({"three labels go and four lists come", three_labels_go_and_four_lists_come},
      {"the same labels are asked about once", the_same_labels_are_asked_about_once},
      {"unsure answers are not expanded", unsure_answers_are_not_expanded},
      {"an endpoint without schemas is asked plainly", an_endpoint_without_schemas_is_asked_plainly},
      {"what is wrong is told apart", what_is_wrong_is_told_apart},
      {"a failure is kept for a minute", a_failure_is_kept_for_a_minute},
      {"the breaker spares an endpoint that fails", the_breaker_spares_an_endpoint_that_fails},
      {"Retry-After is kept", retry_after_is_kept}, {"the budget holds", the_budget_holds},
      {"nobody waits longer than the bound", nobody_waits_longer_than_the_bound},
      {"an endpoint that is not there", an_endpoint_that_is_not_there},
      {"those who ask together ask once", those_who_ask_together_ask_once},
      {"many questions wait for none", many_questions_wait_for_none},
      {"a question under way ends with the program", a_question_under_way_ends_with_the_program},
      {"the key is in no message", the_key_is_in_no_message},
      {"wrong settings are refused without the key", wrong_settings_are_refused_without_the_key},
      {"the servers end", the_servers_end})
