#include "net/tunnel.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/tunnel_parts.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 15000, OPEN_MS = 10000, KEEPALIVE_MS = 10000, SSH_PORT = 22, LONGEST_WAIT_MS = 500, STRINGS = 8 };
static const uint64_t MS = 1000000, LEAST_PAUSE = 100 * 1000000ull, MOST_PAUSE = 5000 * 1000000ull;

struct ay_tunnel {
    ay_tunnel_options o; /* strings are ours */
    int port, listen_fd, wake_fd;
    pthread_t thread;
    atomic_bool closing;
    pthread_mutex_t lock;
    ay_tunnel_state state; /* under lock */

    /* the thread's own, once it runs */
    ay_link link;
    ay_pump *pumps;        /* [AY_TUNNEL_CONNECTIONS] */
    uint64_t heard, asked; /* when something came last; when a sign of life was asked for last */
    uint64_t heard_bytes;
};

/* ---- options */

static void string_places(ay_tunnel_options *o, const char **all[STRINGS])
{
    const char **places[STRINGS] = {&o->host,     &o->user,        &o->key_file,    &o->passphrase,
                                    &o->password, &o->fingerprint, &o->known_hosts, &o->to_host};

    memcpy(all, places, sizeof places);
}

static void options_fini(ay_tunnel_options *o)
{
    const char **all[STRINGS];

    string_places(o, all);
    for (int i = 0; i < STRINGS; i++) {
        char *s = (char *)(uintptr_t)*all[i];
        if (s)
            explicit_bzero(s, strlen(s));
        ay_free(s);
        *all[i] = NULL;
    }
}

static ay_status options_copy(ay_tunnel_options *to, const ay_tunnel_options *from, ay_err *err)
{
    const char **all[STRINGS];
    bool whole = true;

    *to = *from;
    string_places(to, all);
    for (int i = 0; i < STRINGS; i++)
        if (*all[i] && **all[i])
            whole = (*all[i] = ay_strdup(*all[i])) != NULL && whole;
        else
            *all[i] = NULL;
    to->port = to->port ? to->port : SSH_PORT;
    to->connect_ms = to->connect_ms > 0 ? to->connect_ms : CONNECT_MS;
    to->open_ms = to->open_ms > 0 ? to->open_ms : OPEN_MS;
    to->keepalive_ms = to->keepalive_ms > 0 ? to->keepalive_ms : KEEPALIVE_MS;
    return whole ? AY_OK : ay_fail(err, AY_ENOMEM, "opening a tunnel");
}

static ay_status options_check(const ay_tunnel_options *o, ay_err *err)
{
    if (!o->host || !*o->host || !o->user || !*o->user || !o->to_host || !*o->to_host)
        return ay_fail(err, AY_EINVAL, "a tunnel needs the SSH server's host, a user, and the host that it leads to");
    if (o->port < 0 || o->port > 65535 || o->to_port < 1 || o->to_port > 65535)
        return ay_fail(err, AY_EINVAL, "a tunnel's ports are numbers from 1 to 65535");
    if ((!o->key_file || !*o->key_file) && (!o->password || !*o->password))
        return ay_fail(err, AY_EINVAL, "a tunnel needs a key file or a password for %.60s at %.120s", o->user, o->host);
    return AY_OK;
}

/* ---- what others see */

static void note(ay_tunnel *t, const char *why)
{
    pthread_mutex_lock(&t->lock);
    snprintf(t->state.why, sizeof t->state.why, "%s", why);
    pthread_mutex_unlock(&t->lock);
}

static void set_up(ay_tunnel *t, bool up)
{
    pthread_mutex_lock(&t->lock);
    t->state.up = up;
    t->state.lines += up;
    t->state.connections = up ? t->state.connections : 0;
    pthread_mutex_unlock(&t->lock);
}

static void count(ay_tunnel *t, int connections, int carried, int refused)
{
    pthread_mutex_lock(&t->lock);
    t->state.connections += connections;
    t->state.carried += carried;
    t->state.refused += refused;
    pthread_mutex_unlock(&t->lock);
}

void ay_tunnel_look(ay_tunnel *t, ay_tunnel_state *out)
{
    pthread_mutex_lock(&t->lock);
    *out = t->state;
    pthread_mutex_unlock(&t->lock);
}

int ay_tunnel_port(const ay_tunnel *t)
{
    return t->port;
}

/* ---- the line */

static ay_status line_up(ay_tunnel *t, const atomic_bool *stop, ay_err *err)
{
    ay_status status = ay_link_open(&t->link, &t->o, stop, err);

    if (status != AY_OK)
        return status;
    ssh_set_counters(t->link.session, &t->link.bytes, NULL);
    t->heard = t->asked = ay_clock_mono();
    t->heard_bytes = 0;
    set_up(t, true);
    return AY_OK;
}

static void line_down(ay_tunnel *t)
{
    for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++)
        ay_pump_end(&t->pumps[i], false);
    ay_link_close(&t->link);
    set_up(t, false);
}

/* Wait, but not for longer than until the tunnel is closed. */
static void pause_ns(ay_tunnel *t, uint64_t ns)
{
    struct pollfd p = {.fd = t->wake_fd, .events = POLLIN};

    poll(&p, 1, (int)(ns / MS));
}

static void connect_again(ay_tunnel *t)
{
    uint64_t pause = LEAST_PAUSE;

    while (!atomic_load(&t->closing)) {
        ay_err err = {{0}};
        pause_ns(t, pause);
        if (atomic_load(&t->closing) || line_up(t, &t->closing, &err) == AY_OK)
            return;
        note(t, err.msg);
        pause = pause * 2 < MOST_PAUSE ? pause * 2 : MOST_PAUSE;
    }
}

/* Ask for a sign of life when it is time.  False: the line is silent for too long.
 * Called twice, as libssh's first call may only take in the answer to the one before. */
static bool alive(ay_tunnel *t)
{
    uint64_t now = ay_clock_mono(), between = (uint64_t)t->o.keepalive_ms * MS;

    if (t->link.bytes.in_bytes != t->heard_bytes) {
        t->heard_bytes = t->link.bytes.in_bytes;
        t->heard = now;
    }
    if (now - t->heard < between || now - t->asked < between)
        return true;
    if (now - t->heard >= 3 * between) {
        note(t, "the SSH server says nothing any more");
        return false;
    }
    t->asked = now;
    ssh_send_keepalive(t->link.session);
    ssh_send_keepalive(t->link.session);
    return true;
}

/* ---- connections */

static void take_connection(ay_tunnel *t, ay_pump *free_place)
{
    int fd = accept4(t->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (ay_pump_start(free_place, t->link.session, NULL, fd, t->o.open_ms) == AY_OK)
        count(t, 1, 1, 0);
}

static void step_all(ay_tunnel *t)
{
    for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++) {
        ay_pump *p = &t->pumps[i];
        bool refused = false;
        if (p->fd < 0 || ay_pump_step(p, t->o.to_host, t->o.to_port, &refused))
            continue;
        if (refused) {
            char why[512];
            snprintf(why, sizeof why, "%.120s:%d does not answer at the far end of the tunnel: %.200s", t->o.to_host,
                     t->o.to_port, ssh_get_error(t->link.session));
            note(t, why);
        }
        ay_pump_end(p, true);
        count(t, -1, 0, refused);
    }
}

enum { WAKE, LINE, PORT, FIRST, PLACES = FIRST + AY_TUNNEL_CONNECTIONS };

/* Wait for whatever comes first.  *place: where a new connection can go, or NULL; *came: there is one. */
static void wait_for_any(ay_tunnel *t, ay_pump **place, bool *came)
{
    struct pollfd p[PLACES];
    int wait = LONGEST_WAIT_MS < t->o.keepalive_ms ? LONGEST_WAIT_MS : t->o.keepalive_ms;

    *place = NULL;
    for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++) {
        short wants = t->pumps[i].fd < 0 ? 0 : ay_pump_wants(&t->pumps[i]);
        p[FIRST + i] = (struct pollfd){.fd = wants ? t->pumps[i].fd : -1, .events = wants};
        if (t->pumps[i].fd < 0)
            *place = &t->pumps[i];
    }
    p[WAKE] = (struct pollfd){.fd = t->wake_fd, .events = POLLIN};
    p[LINE] = (struct pollfd){.fd = t->link.fd, .events = ay_link_wants(&t->link)};
    p[PORT] = (struct pollfd){.fd = *place ? t->listen_fd : -1, .events = POLLIN};
    *came = poll(p, PLACES, wait) > 0 && p[PORT].revents & POLLIN;
}

/* Until the line is lost or the tunnel closed. */
static void serve(ay_tunnel *t)
{
    while (!atomic_load(&t->closing)) {
        ay_pump *place;
        bool came;
        wait_for_any(t, &place, &came);
        if (ssh_event_dopoll(t->link.event, 0) == SSH_ERROR || !ssh_is_connected(t->link.session)) {
            char why[512];
            snprintf(why, sizeof why, "the line to the SSH server %.120s:%d was lost: %.200s", t->o.host, t->o.port,
                     ssh_get_error(t->link.session));
            note(t, why);
            return;
        }
        if (!alive(t))
            return;
        if (came)
            take_connection(t, place);
        step_all(t);
    }
}

static void *run(void *arg)
{
    ay_tunnel *t = arg;

    while (!atomic_load(&t->closing)) {
        if (!t->link.session) {
            connect_again(t);
            continue;
        }
        serve(t);
        line_down(t);
    }
    return NULL;
}

/* ---- opening, closing */

static ay_status listen_here(ay_tunnel *t, ay_err *err)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;

    t->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->listen_fd < 0 || bind(t->listen_fd, (struct sockaddr *)&a, n) != 0 ||
        listen(t->listen_fd, AY_TUNNEL_CONNECTIONS) != 0 ||
        getsockname(t->listen_fd, (struct sockaddr *)&a, &n) != 0)
        return ay_fail(err, AY_EIO, "listening on this machine for a tunnel: %s", strerror(errno));
    t->port = ntohs(a.sin_port);
    t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return t->wake_fd >= 0 ? AY_OK : ay_fail(err, AY_EIO, "opening a tunnel: %s", strerror(errno));
}

static void destroy(ay_tunnel *t)
{
    if (t->link.session)
        line_down(t);
    if (t->listen_fd >= 0)
        close(t->listen_fd);
    if (t->wake_fd >= 0)
        close(t->wake_fd);
    pthread_mutex_destroy(&t->lock);
    options_fini(&t->o);
    ay_free(t->pumps);
    ay_free(t);
}

ay_status ay_tunnel_open(ay_tunnel **out, const ay_tunnel_options *options, const atomic_bool *cancel, ay_err *err)
{
    ay_tunnel *t;
    ay_status status = options_check(options, err);

    *out = NULL;
    if (status != AY_OK)
        return status;
    t = ay_calloc(1, sizeof *t);
    if (!t)
        return ay_fail(err, AY_ENOMEM, "opening a tunnel");
    t->listen_fd = t->wake_fd = -1;
    pthread_mutex_init(&t->lock, NULL);
    status = options_copy(&t->o, options, err);
    t->pumps = ay_calloc(AY_TUNNEL_CONNECTIONS, sizeof *t->pumps);
    if (status == AY_OK && !t->pumps)
        status = ay_fail(err, AY_ENOMEM, "opening a tunnel");
    for (int i = 0; t->pumps && i < AY_TUNNEL_CONNECTIONS; i++)
        t->pumps[i].fd = -1;
    if (status == AY_OK)
        status = listen_here(t, err);
    if (status == AY_OK)
        status = line_up(t, cancel, err);
    if (status == AY_OK)
        status = ay_thread_start(&t->thread, "tunnel", run, t, err);
    if (status == AY_OK)
        *out = t;
    else
        destroy(t);
    return status;
}

void ay_tunnel_close(ay_tunnel *t)
{
    uint64_t one = 1;

    if (!t)
        return;
    atomic_store(&t->closing, true);
    if (write(t->wake_fd, &one, sizeof one) < 0)
        assert(errno == EAGAIN);
    pthread_join(t->thread, NULL);
    destroy(t);
}
