/* net/server_test.h - an HTTP server that says exactly what a test writes, well-formed or not.
 *
 * Plain sockets and one thread a connection: a test must be able to break off in the middle of a
 * body, lie about a length or send headers without end, which a proper server library refuses to do.
 * It closes after each answer.  Every request is handed to one function of the test. */
#ifndef AY_NET_SERVER_TEST_H
#define AY_NET_SERVER_TEST_H

#include "base/mem.h"
#include "base/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>

typedef struct {
    char text[16384]; /* the request's head, NUL-terminated */
    char method[8], path[2048];
    char body[4096];
    int fd; /* answer here */
} test_call;

typedef struct {
    int fd, port;
    pthread_t thread;
    atomic_int open; /* connections being answered */
    atomic_int calls;
    void (*answer)(void *ctx, test_call *c);
    void *ctx;
} test_server;

/* The value of a request header, cut at the line's end, in a buffer of the calling thread; NULL: none. */
static inline const char *test_header(const test_call *c, const char *name)
{
    static _Thread_local char value[2048];
    char want[128];
    const char *at;

    snprintf(want, sizeof want, "\r\n%s: ", name);
    at = strcasestr(c->text, want);
    if (!at)
        return NULL;
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at + strlen(want), "\r"), at + strlen(want));
    return value;
}

/* Write all of it; the other side hanging up is fine. */
static inline void test_send(const test_call *c, const void *p, size_t n)
{
    const char *at = p;

    while (n > 0) {
        ssize_t done = send(c->fd, at, n, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        at += done;
        n -= (size_t)done;
    }
}

static inline void __attribute__((format(printf, 2, 3))) test_say(const test_call *c, const char *fmt, ...)
{
    char text[8192];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    test_send(c, text, strlen(text));
}

typedef struct {
    test_server *s;
    test_call call;
} test_one;

static inline void *test_serve_one(void *arg)
{
    test_one *one = arg;
    test_call *c = &one->call;
    test_server *s;
    size_t n = 0, body;
    char *end = NULL;
    const char *length;

    while (!end && n < sizeof c->text - 1) {
        ssize_t got = recv(c->fd, c->text + n, sizeof c->text - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        c->text[n] = '\0';
        end = strstr(c->text, "\r\n\r\n");
    }
    if (end && sscanf(c->text, "%7s %2047s", c->method, c->path) == 2) {
        body = n - (size_t)(end + 4 - c->text);
        length = test_header(c, "Content-Length");
        memcpy(c->body, end + 4, body < sizeof c->body - 1 ? body : sizeof c->body - 1);
        while (length && body < (size_t)atol(length) && body < sizeof c->body - 1) {
            ssize_t got = recv(c->fd, c->body + body, sizeof c->body - 1 - body, 0);
            if (got <= 0)
                break;
            body += (size_t)got;
        }
        end[2] = '\0';
        atomic_fetch_add(&one->s->calls, 1);
        one->s->answer(one->s->ctx, c);
    }
    shutdown(c->fd, SHUT_WR);
    while (recv(c->fd, c->text, sizeof c->text, MSG_DONTWAIT) > 0)
        continue;
    close(c->fd);
    s = one->s;
    ay_free(one);
    atomic_fetch_sub(&s->open, 1);
    return NULL;
}

static inline void *test_accept(void *arg)
{
    test_server *s = arg;

    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        test_one *one;
        pthread_t t;
        if (fd < 0)
            return NULL;
        one = ay_calloc(1, sizeof *one);
        one->s = s;
        one->call.fd = fd;
        atomic_fetch_add(&s->open, 1);
        pthread_create(&t, NULL, test_serve_one, one);
        pthread_detach(t);
    }
}

/* On a free port of the loopback address. */
static inline void test_serve(test_server *s, void (*answer)(void *, test_call *), void *ctx)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;

    memset(s, 0, sizeof *s);
    s->answer = answer;
    s->ctx = ctx;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(s->fd, (struct sockaddr *)&a, n) == 0 && listen(s->fd, 64) == 0);
    CHECK(getsockname(s->fd, (struct sockaddr *)&a, &n) == 0);
    s->port = ntohs(a.sin_port);
    pthread_create(&s->thread, NULL, test_accept, s);
}

static inline void test_serve_end(test_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    while (atomic_load(&s->open))
        usleep(1000);
}

#endif
