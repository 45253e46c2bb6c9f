/* store/proxy_test.h - a wire between a client and a database that can be cut where it hurts.
 *
 * Listens on a Unix socket and passes bytes on to another one.  It reads the client's packets closely
 * enough to know a COMMIT, and then does as it was told: lose the answer, or the question, or be gone with
 * all wires once the answer has come through. */
#ifndef AY_STORE_PROXY_TEST_H
#define AY_STORE_PROXY_TEST_H

#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef enum { PROXY_PASS, PROXY_LOSE_ANSWER, PROXY_LOSE_QUESTION, PROXY_GONE_AFTER } proxy_way;

typedef struct {
    char path[108], to[108];
    int listener;
    _Atomic int way;      /* proxy_way; back to PROXY_PASS once it has struck */
    _Atomic bool closed;  /* let nobody in */
    _Atomic bool gone;    /* every wire ends */
    _Atomic bool hang_up; /* the server hears nothing of a cut: its side stays open */
    _Atomic bool stop;
    _Atomic int open, cuts;
    pthread_t thread;
} proxy;

typedef struct {
    proxy *p;
    int client, server;
} wire;

static int proxy_connect(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(a.sun_path, path, strlen(path) + 1);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool pass(int from, int to, char *buf, size_t cap, ssize_t *n)
{
    *n = read(from, buf, cap);
    return *n > 0 && (to < 0 || send(to, buf, (size_t)*n, MSG_NOSIGNAL) == *n);
}

/* Is this the text query COMMIT?  MySQL's packet: three bytes of length, a number, 3, the text.  PostgreSQL's: Q, four bytes of length,
 * the text and a NUL. */
static bool is_commit(const char *buf, ssize_t n)
{
    return ((n == 11 && buf[4] == 3) || (n == 12 && buf[0] == 'Q')) && memcmp(buf + 5, "COMMIT", 6) == 0;
}

/* The COMMIT goes through and so does its answer, but not before every other wire has ended. */
static void commit_and_go(wire *w, char *buf, size_t cap, ssize_t n)
{
    send(w->server, buf, (size_t)n, MSG_NOSIGNAL);
    if (!pass(w->server, -1, buf, cap, &n))
        return;
    w->p->closed = w->p->gone = true;
    while (w->p->open > 1)
        usleep(1000);
    send(w->client, buf, (size_t)n, MSG_NOSIGNAL);
}

static void *proxy_wire(void *arg)
{
    wire w = *(wire *)arg;
    char buf[1 << 16];
    bool on = true;
    ssize_t n;

    ay_free(arg);
    while (on && !w.p->stop && !w.p->gone) {
        struct pollfd fds[] = {{w.client, POLLIN, 0}, {w.server, POLLIN, 0}};
        if (poll(fds, 2, 20) <= 0)
            continue;
        if (fds[1].revents)
            on = pass(w.server, w.client, buf, sizeof buf, &n);
        if (!on || !fds[0].revents)
            continue;
        on = pass(w.client, -1, buf, sizeof buf, &n);
        if (on && is_commit(buf, n) && w.p->way != PROXY_PASS) {
            on = false;
            w.p->cuts++;
            if (w.p->way == PROXY_LOSE_ANSWER) {
                send(w.server, buf, (size_t)n, MSG_NOSIGNAL);
                pass(w.server, -1, buf, sizeof buf, &n);
            } else if (w.p->way == PROXY_GONE_AFTER) {
                commit_and_go(&w, buf, sizeof buf, n);
            }
            w.p->way = PROXY_PASS;
        } else if (on) {
            on = send(w.server, buf, (size_t)n, MSG_NOSIGNAL) == n;
        }
    }
    close(w.client);
    while (w.p->hang_up && !w.p->stop)
        usleep(20000);
    close(w.server);
    w.p->open--;
    return NULL;
}

static void *proxy_serve(void *arg)
{
    proxy *p = arg;
    pthread_t id;

    while (!p->stop) {
        struct pollfd fd = {p->listener, POLLIN, 0};
        int client = poll(&fd, 1, 20) > 0 ? accept(p->listener, NULL, NULL) : -1;
        int server = client >= 0 && !p->closed ? proxy_connect(p->to) : -1;
        wire *w = server >= 0 ? ay_alloc(1, sizeof *w) : NULL;
        if (!w) {
            if (client >= 0)
                close(client);
            if (server >= 0)
                close(server);
            continue;
        }
        *w = (wire){p, client, server};
        p->open++;
        pthread_create(&id, NULL, proxy_wire, w);
        pthread_detach(id);
    }
    return NULL;
}

static bool proxy_start(proxy *p, const char *path, const char *to)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    memset(p, 0, sizeof *p);
    snprintf(p->path, sizeof p->path, "%s", path);
    snprintf(p->to, sizeof p->to, "%s", to);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return p->listener >= 0 && bind(p->listener, (struct sockaddr *)&a, sizeof a) == 0 &&
           listen(p->listener, 64) == 0 && pthread_create(&p->thread, NULL, proxy_serve, p) == 0;
}

static void proxy_stop(proxy *p)
{
    p->stop = true;
    pthread_join(p->thread, NULL);
    while (p->open > 0)
        usleep(5000);
    close(p->listener);
    unlink(p->path);
}

#endif
