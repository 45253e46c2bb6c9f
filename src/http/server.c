/* http/server.c - options, sockets, threads, and the orderly end.  See http/server.h.
 *
 * libmicrohttpd runs with its own polling threads (two a port) and suspend/resume.  Rejected: a
 * thread per connection (a slow client would hold a thread, and five hundred clients five hundred
 * stacks), and calling the service on the polling threads (one picture's 20 ms would be
 * everybody's).
 *
 * The listening sockets are made here and not by libmicrohttpd, for messages that say what is
 * wrong, port 0, both address families, and to stop accepting at once when draining. */
#include "http/impl.h"
#include "http/names.h"
#include "http/stream.h"
#include "http/tls.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "service/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IO_THREADS = 2, BACKLOG = 256, CONNECTION_MEMORY = 64 << 10 };
enum { DECODE_PIXELS = 150 * 1000 * 1000 }; /* 450 MB as RGB */

/* Bind and listen.  bind NULL or "": every interface, both families. */
static ay_status open_socket(const char *bind_to, int port, int *out_fd, int *out_port, ay_err *err)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *ai = NULL;
    struct sockaddr_storage got;
    socklen_t len = sizeof got;
    char service[16];
    int fd = -1, rc, on = 1, off = 0;

    bool any = !bind_to || !*bind_to || strcmp(bind_to, "*") == 0;
    snprintf(service, sizeof service, "%d", port);
    rc = getaddrinfo(any ? "::" : bind_to, service, &hints, &ai);
    if (rc)
        return ay_fail(err, AY_EINVAL, "listen on '%s': %s", bind_to ? bind_to : "*",
                       gai_strerror(rc));
    fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && any && errno == EAFNOSUPPORT) { /* no IPv6 in this kernel */
        freeaddrinfo(ai);
        return open_socket("0.0.0.0", port, out_fd, out_port, err);
    }
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (ai->ai_family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof on);
        rc = bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG);
    }
    freeaddrinfo(ai);
    if (fd < 0 || rc) {
        rc = errno;
        if (fd >= 0)
            close(fd);
        return ay_fail(err, AY_EIO, "listen on %s port %d: %s%s", any ? "all interfaces" : bind_to,
                       port, strerror(rc),
                       rc == EADDRINUSE ? " (another program, or another Assay?)" : "");
    }
    getsockname(fd, (struct sockaddr *)&got, &len);
    *out_port = ntohs(got.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&got)->sin6_port
                                                : ((struct sockaddr_in *)&got)->sin_port);
    *out_fd = fd;
    return AY_OK;
}

/* Percent escapes are decoded by the router, segment by segment: "%2F" is not a slash. */
static size_t keep_escapes(void *cls, struct MHD_Connection *conn, char *s)
{
    (void)cls, (void)conn;
    return strlen(s);
}

__attribute__((format(printf, 2, 0))) static void log_daemon(void *cls, const char *fmt, va_list ap)
{
    char text[512];

    (void)cls;
    vsnprintf(text, sizeof text, fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    ay_log(AY_LOG_DEBUG, "http", "%s", text);
}

static ay_status start_daemon(ay_server *s, ay_listener *l, ay_err *err)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (l->tls ? MHD_USE_TLS : 0u);
    struct MHD_OptionItem tls[3] = {{MHD_OPTION_END, 0, NULL}};

    if (l->tls)
        ay_tls_options(s->tls, tls);
    l->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, ay_call_on_request, l, MHD_OPTION_EXTERNAL_LOGGER, log_daemon, NULL,
        MHD_OPTION_LISTEN_SOCKET, l->fd, MHD_OPTION_NOTIFY_COMPLETED, ay_call_on_completed, l,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)IO_THREADS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->o.max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)(s->o.max_connections + 1) / 2,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->o.idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
    if (!l->daemon)
        return ay_fail(err, AY_EIO, "start serving on port %d: %s", l->port, strerror(errno));
    return AY_OK;
}

static void *work(void *arg)
{
    ay_server *s = arg;
    ay_call *call;

    while ((call = ay_queue_pop(s->queue, -1))) {
        if (atomic_load(&s->abandon))
            ay_reply_problem(&call->rq, 503, "the server is stopping");
        else
            ay_call_run(call);
        struct MHD_Connection *conn = call->conn;
        atomic_store(&call->state, AY_CALL_DONE); /* from here on it is the I/O thread's */
        MHD_resume_connection(conn);
    }
    return NULL;
}

static void set_defaults(ay_server *s)
{
    ay_server_options *o = &s->o;
    const ay_engine_info *model = o->service ? ay_service_model(o->service) : NULL;
    int batch = model && model->max_batch > 0 ? model->max_batch : 16;

#define DEFAULT(field, value) o->field = o->field > 0 ? o->field : (value)
    DEFAULT(max_file, (size_t)20 * 1000 * 1000);
    DEFAULT(max_pixels, 50u * 1000 * 1000);
    DEFAULT(max_request, (size_t)256 * 1000 * 1000);
    DEFAULT(max_in_flight, (size_t)768 * 1000 * 1000);
    DEFAULT(max_queue, 128);
    DEFAULT(workers, batch < 4 ? 8 : 2 * batch);
    DEFAULT(max_connections, 512);
    DEFAULT(idle_seconds, 30);
#undef DEFAULT
    if (o->max_request < o->max_file)
        o->max_request = o->max_file + (1 << 20);
}

static ay_status copy_strings(ay_server *s, ay_err *err)
{
    const char **const strings[] = {&s->o.bind,     &s->o.tls_dir,     &s->o.cert_file,
                                    &s->o.key_file, &s->o.allow_hosts, &s->o.cors, &s->o.door};

    ay_arena_init(&s->arena, 0);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (*strings[i] && !(*strings[i] = ay_arena_strdup(&s->arena, *strings[i])))
            return ay_fail(err, AY_ENOMEM, "server options");
    return AY_OK;
}

static ay_status check_options(const ay_server_options *o, ay_err *err)
{
    if (o->port < 0 || o->port > 65535 || o->plain_port > 65535)
        return ay_fail(err, AY_EINVAL, "a port is 0 to 65535");
    if (o->lan && o->cert_file)
        return ay_fail(err, AY_EINVAL, "either the own certificate authority or your certificate");
    if (!o->cert_file != !o->key_file)
        return ay_fail(err, AY_EINVAL,
                       "a certificate needs its key file, and a key its certificate");
    if (o->lan && !o->tls_dir)
        return ay_fail(err, AY_EINVAL, "no folder for the certificate authority's key");
    return AY_OK;
}

/* Without it commands have to wait until the server ends; that is no reason not to serve. */
static void open_door(ay_server *s)
{
    ay_listener *l = &s->listen[AY_LOCAL_PORT];
    ay_err err;

    if (!s->o.door)
        return;
    if (ay_door_open(&s->door, s->o.door, &err) != AY_OK) {
        ay_log(AY_LOG_WARN, "http", "%s: commands cannot ask this server", err.msg);
        return;
    }
    l->fd = s->door.fd;
    l->local = true;
}

static ay_status open_sockets(ay_server *s, ay_err *err)
{
    ay_server_options *o = &s->o;
    bool secure = o->lan || o->cert_file;
    const char *where = o->bind ? o->bind : o->lan ? "*" : "127.0.0.1";
    ay_listener *main_port = &s->listen[AY_MAIN_PORT], *plain = &s->listen[AY_PLAIN_PORT];
    ay_status status = open_socket(where, o->port, &main_port->fd, &main_port->port, err);

    main_port->tls = secure;
    if (!status && secure && o->plain_port >= 0)
        status = open_socket(where, o->plain_port, &plain->fd, &plain->port, err);
    if (!status)
        open_door(s);
    return status;
}

static ay_status start_threads(ay_server *s, ay_err *err)
{
    ay_status status = ay_queue_create(&s->queue, (size_t)s->o.max_queue, err);

    if (!status)
        status = ay_events_create(&s->events, s, err);
    if (!status)
        status = ay_streams_create(&s->streams, err);
    if (!status && !(s->workers = ay_calloc((size_t)s->o.workers, sizeof *s->workers)))
        status = ay_fail(err, AY_ENOMEM, "%d workers", s->o.workers);
    for (int i = 0; !status && i < s->o.workers; i++) {
        status = ay_thread_start(&s->workers[i], "http-worker", work, s, err);
        s->worker_count += !status;
    }
    return status;
}

ay_status ay_server_start(ay_server **out, const ay_server_options *options, ay_err *err)
{
    ay_server *s = ay_calloc(1, sizeof *s);
    ay_status status;

    *out = NULL;
    if (!s)
        return ay_fail(err, AY_ENOMEM, "server");
    s->o = *options;
    s->started = ay_clock_mono();
    s->door = (ay_door){.folder = -1, .fd = -1};
    ay_gate_init(&s->gate, DECODE_PIXELS);
    ay_trouble_init(&s->trouble);
    for (int i = 0; i < AY_PORTS; i++)
        s->listen[i] = (ay_listener){.server = s, .fd = -1};
    ay_names_host(s->hostname, sizeof s->hostname);
    status = copy_strings(s, err);
    if (!status)
        status = check_options(&s->o, err);
    set_defaults(s);
    if (!status && s->o.lan)
        status = ay_tls_create_local(&s->tls, s->o.tls_dir, err);
    else if (!status && s->o.cert_file)
        status = ay_tls_create_files(&s->tls, s->o.cert_file, s->o.key_file, err);
    if (!status)
        status = open_sockets(s, err);
    if (!status)
        status = start_threads(s, err);
    for (int i = 0; i < AY_PORTS && !status; i++)
        if (s->listen[i].fd >= 0)
            status = start_daemon(s, &s->listen[i], err);
    if (status)
        ay_server_stop(s, 0, NULL);
    else
        *out = s;
    return status;
}

/* Wait until every request that has begun is answered; false when time ran out first. */
static bool wait_answered(ay_server *s, long ms)
{
    uint64_t end = ay_clock_mono() + (uint64_t)(ms > 0 ? ms : 0) * 1000000u;

    while (atomic_load(&s->open_calls) > 0) {
        if (ay_clock_mono() >= end)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return true;
}

static void stop_workers(ay_server *s)
{
    if (s->queue)
        ay_queue_close(s->queue);
    for (int i = 0; i < s->worker_count; i++)
        pthread_join(s->workers[i], NULL);
    ay_free(s->workers);
}

ay_status ay_server_stop(ay_server *s, long drain_ms, ay_err *err)
{
    ay_status status = AY_OK;

    if (!s)
        return AY_OK;
    atomic_store(&s->draining, true);
    for (int i = 0; i < AY_PORTS; i++)
        if (s->listen[i].daemon) {
            MHD_quiesce_daemon(s->listen[i].daemon);
            shutdown(s->listen[i].fd, SHUT_RDWR); /* connections not yet accepted are refused */
        }
    if (!wait_answered(s, drain_ms)) {
        int n = atomic_load(&s->open_calls);
        status = ay_fail(err, AY_ECANCELLED, "%d request%s cut off", n, n == 1 ? " was" : "s were");
    }
    atomic_store(&s->abandon, true);
    stop_workers(s); /* resumes everything that was queued */
    if (s->events)
        ay_events_close(s->events);
    ay_streams_close(s->streams);
    for (int i = 0; i < AY_PORTS; i++) {
        if (s->listen[i].daemon)
            MHD_stop_daemon(s->listen[i].daemon);
        if (s->listen[i].fd >= 0 && !s->listen[i].local)
            close(s->listen[i].fd);
    }
    ay_door_close(&s->door);
    ay_events_destroy(s->events);
    ay_streams_destroy(s->streams);
    ay_queue_destroy(s->queue);
    ay_tls_destroy(s->tls);
    ay_gate_fini(&s->gate);
    ay_trouble_fini(&s->trouble);
    ay_arena_fini(&s->arena);
    ay_free(s);
    return status;
}

int ay_server_port(const ay_server *s)
{
    return s->listen[AY_MAIN_PORT].port;
}

int ay_server_plain_port(const ay_server *s)
{
    return s->listen[AY_PLAIN_PORT].port;
}

bool ay_server_secure(const ay_server *s)
{
    return s->listen[AY_MAIN_PORT].tls;
}

/* One URL; IPv6 addresses in brackets; the scheme's own port left out. */
static void url_line(const ay_listener *l, const char *host, bool v6, ay_buf *out)
{
    ay_buf_printf(out, v6 ? "%s://[%s]" : "%s://%s", l->tls ? "https" : "http", host);
    if (l->port != (l->tls ? 443 : 80))
        ay_buf_printf(out, ":%d", l->port);
    ay_buf_puts(out, "/\n");
}

void ay_server_urls(const ay_server *s, ay_buf *out)
{
    const ay_listener *l = &s->listen[AY_MAIN_PORT];
    const char *bound = s->o.bind;
    ay_address a[AY_NAMES_MAX];
    bool any = s->o.lan && !bound;

    any = any || (bound && (!*bound || !strcmp(bound, "*") || !strcmp(bound, "0.0.0.0") ||
                            !strcmp(bound, "::")));
    if (!any) {
        url_line(l, bound ? bound : "127.0.0.1", bound && strchr(bound, ':'), out);
        return;
    }
    size_t n = ay_names_addresses(a, AY_NAMES_MAX);
    bool v4_only = bound && strcmp(bound, "0.0.0.0") == 0;
    for (size_t i = 0; i < n; i++)
        if (!a[i].loopback && !(v4_only && a[i].len == 16))
            url_line(l, a[i].text, a[i].len == 16, out);
    if (s->hostname[0] && !strchr(s->hostname, '.')) {
        char local[300];
        snprintf(local, sizeof local, "%s.local", s->hostname);
        url_line(l, local, false, out);
    }
    url_line(l, "localhost", false, out);
}

void ay_server_phone_url(const ay_server *s, char *dst, size_t cap)
{
    ay_buf all = {0};
    size_t n;

    dst[0] = '\0';
    ay_server_urls(s, &all);
    n = all.data ? strcspn(all.data, "\n") : 0;
    if (n && n < cap) {
        const char *host = strstr(all.data, "://") + 3;
        if (!ay_str_starts(host, "localhost") && !ay_str_starts(host, "127.") &&
            !ay_str_starts(host, "[::1]"))
            snprintf(dst, cap, "%.*s", (int)n, all.data);
    }
    ay_buf_fini(&all);
}

void ay_server_fingerprint(const ay_server *s, char *dst, size_t cap)
{
    char text[96];

    ay_tls_fingerprint(s->tls, text);
    snprintf(dst, cap, "%s", text);
}
