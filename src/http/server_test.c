#include "base/test.h"
#include "base/mem.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static ay_err err;

static void free_port_and_an_end(void)
{
    long before = ay_mem_live();
    ay_buf urls = {0};
    char text[300];
    ay_server *s;

    CHECK_OK(ay_server_start(&s, &(ay_server_options){.workers = 2}, &err), err);
    CHECK(ay_server_port(s) > 0 && ay_server_plain_port(s) == 0 && !ay_server_secure(s));
    ay_server_urls(s, &urls);
    snprintf(text, sizeof text, "http://127.0.0.1:%d/\n", ay_server_port(s));
    CHECK(strcmp(urls.data, text) == 0);
    ay_server_phone_url(s, text, sizeof text);
    CHECK(text[0] == '\0'); /* nobody else can reach the loopback address */
    ay_server_fingerprint(s, text, sizeof text);
    CHECK(text[0] == '\0');
    ay_buf_fini(&urls);
    CHECK_OK(ay_server_stop(s, 1000, &err), err);
    CHECK_OK(ay_server_stop(NULL, 0, &err), err);
    CHECK(ay_mem_live() == before);
}

static void taken_port(void)
{
    long before = ay_mem_live();
    ay_server *a, *b;

    CHECK_OK(ay_server_start(&a, &(ay_server_options){.workers = 1}, &err), err);
    CHECK(ay_server_start(&b, &(ay_server_options){.port = ay_server_port(a)}, &err) == AY_EIO);
    CHECK(!b && strstr(err.msg, "another program"));
    CHECK_OK(ay_server_stop(a, 0, &err), err);
    CHECK(ay_mem_live() == before);
}

static void options_that_contradict(void)
{
    static const ay_server_options bad[] = {
        {.port = 70000},
        {.port = -1},
        {.lan = true},
        {.lan = true, .tls_dir = "/x", .cert_file = "a", .key_file = "b"},
        {.cert_file = "a"},
        {.key_file = "a"},
        {.bind = "not an address"},
    };
    long before = ay_mem_live();
    ay_server *s;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(ay_server_start(&s, &bad[i], &err) == AY_EINVAL);
        CHECK(!s && err.msg[0]);
    }
    CHECK(ay_server_start(&s, &(ay_server_options){.cert_file = "/none", .key_file = "/none"},
                          &err) == AY_ENOTFOUND);
    CHECK(ay_mem_live() == before);
}

/* A request that never ends is cut off when the time is up, and said so. */
static void drain_ends(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char half[] =
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx";
    ay_server *s;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_OK(ay_server_start(&s, &(ay_server_options){.workers = 1}, &err), err);
    to.sin_port = htons((unsigned short)ay_server_port(s));
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    CHECK(write(fd, half, sizeof half - 1) == sizeof half - 1);
    usleep(100000);
    CHECK(ay_server_stop(s, 100, &err) == AY_ECANCELLED && strstr(err.msg, "1 request"));
    close(fd);
}

TESTS({"a free port, and an orderly end", free_port_and_an_end},
      {"a port that is taken", taken_port},
      {"options that contradict each other", options_that_contradict},
      {"a drain that takes too long", drain_ends})
