/* http/call.c - one request's way through: guards, route, body, queue, handler.  States: impl.h. */
#include "http/impl.h"

#include "http/guard.h"
#include "http/handlers.h"
#include "http/routes.h"
#include "http/stream.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ARENA_LIMIT = 8 << 20, SKIP_MOST = 64 << 20, SLOW_AFTER_S = 15, SLOW_BYTES_PER_S = 2000 };

static const ay_route unknown_route = {.method = "GET",
                                       .path = "",
                                       .run = ay_h_page,
                                       .flags = AY_ROUTE_INLINE | AY_ROUTE_QUIET | AY_ROUTE_HIDDEN};

typedef struct {
    ay_call *call;
    bool query, failed;
} ay_copy;

/* Copy one header, or one still encoded query parameter, into the request. */
static enum MHD_Result copy_kv(void *cls, enum MHD_ValueKind kind, const char *key,
                               const char *value)
{
    ay_copy *copy = cls;
    ay_request *rq = &copy->call->rq;
    ay_kv *kv = ay_request_alloc(rq, sizeof *kv);
    ay_kv **list = copy->query ? &rq->query : &rq->headers;

    (void)kind;
    value = value ? value : "";
    if (!kv || !(kv->key = ay_request_strdup(rq, key)) ||
        !(kv->value = ay_request_strdup(rq, value)))
        copy->failed = true;
    else if (copy->query &&
             (ay_percent_decode((char *)kv->key, key, strlen(key), false, NULL) ||
              ay_percent_decode((char *)kv->value, value, strlen(value), false, NULL)))
        copy->failed = true;
    if (copy->failed)
        return MHD_NO;
    kv->next = *list;
    *list = kv;
    return MHD_YES;
}

static void client_address(ay_call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "?";

    if (call->rq.local) {
        call->rq.client = "command line";
        return;
    }
    if (info && info->client_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)info->client_addr)->sin_addr, text, sizeof text);
    else if (info && info->client_addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)info->client_addr)->sin6_addr, text,
                  sizeof text);
    call->rq.client = ay_request_strdup(&call->rq, strncmp(text, "::ffff:", 7) ? text : text + 7);
}

/* An answer that needs no handler: everything the request still sends is thrown away. */
static void refuse(ay_call *call, int status, const char *detail)
{
    ay_reply_problem(&call->rq, status, detail);
    atomic_store(&call->state, AY_CALL_DONE);
}

static void preflight(ay_call *call, const char *allow)
{
    ay_request *rq = &call->rq;
    char methods[80];

    snprintf(methods, sizeof methods, "%s, OPTIONS", allow);
    ay_reply_empty(rq, 204);
    ay_reply_header(rq, "Allow", methods);
    if (ay_guard_cors(ay_request_header(rq, "Origin"), rq->server->o.cors)) {
        ay_reply_header(rq, "Access-Control-Allow-Methods", methods);
        ay_reply_header(rq, "Access-Control-Allow-Headers", "Content-Type");
        ay_reply_header(rq, "Access-Control-Max-Age", "600");
    }
    atomic_store(&call->state, AY_CALL_DONE);
}

static bool decode_args(ay_call *call, const ay_match *m)
{
    for (int i = 0; i < AY_ROUTE_ARGS && m->seg[i]; i++) {
        char *arg = ay_request_alloc(&call->rq, m->seg_len[i] + 1);
        if (!arg || ay_percent_decode(arg, m->seg[i], m->seg_len[i], false, NULL))
            return false;
        call->rq.arg[i] = arg;
    }
    return true;
}

/* Find the route.  Leaves the refusal when there is none. */
static void route(ay_call *call)
{
    ay_request *rq = &call->rq;
    ay_match m;

    ay_route_match(ay_routes, ay_route_count, rq->method, rq->path, &m);
    if (m.route) {
        rq->route = m.route;
        if (!decode_args(call, &m))
            refuse(call, 400, "the address is not percent-encoded UTF-8");
    } else if (strcmp(rq->method, "OPTIONS") == 0)
        preflight(call, m.known_path ? m.allow : "GET, HEAD");
    else if (m.known_path) {
        refuse(call, 405, "this address does not take that method");
        ay_reply_header(rq, "Allow", m.allow);
    } else if (strcmp(rq->method, "GET") == 0)
        rq->route = &unknown_route; /* a file of the page, or 404 */
    else
        refuse(call, 404, "there is nothing at this address");
}

static bool changes_something(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
           strcmp(method, "OPTIONS") != 0;
}

/* Host and origin.  Leaves the refusal when they are not right. */
static void guard(ay_call *call, const char *version)
{
    ay_request *rq = &call->rq;
    const ay_server_options *o = &rq->server->o;
    const char *host = ay_request_header(rq, "Host");

    if (!host && strcmp(version, MHD_HTTP_VERSION_1_1) == 0)
        refuse(call, 400, "an HTTP/1.1 request needs a Host header");
    else if (!ay_guard_host(host, rq->server->hostname, o->allow_hosts))
        refuse(call, 421,
               "this server does not answer to that name; start it with --allow-host NAME "
               "if the name is right");
    else if (changes_something(rq->method) &&
             !ay_guard_origin(ay_request_header(rq, "Sec-Fetch-Site"),
                              ay_request_header(rq, "Origin"), host, o->cors))
        refuse(call, 403,
               "a page of another site may not change anything here; start the server with "
               "--cors ORIGIN to allow that site");
}

/* Refuse at once what can be refused by its announced length. */
static void check_length(ay_call *call)
{
    const char *length = ay_request_header(&call->rq, "Content-Length");
    const ay_route *r = call->rq.route;
    unsigned long long n = length ? strtoull(length, NULL, 10) : 0;
    bool raw =
        r && (r->body == AY_BODY_PICTURE || r->body == AY_BODY_PICTURES || r->body == AY_BODY_RAW);
    const char *type = ay_request_header(&call->rq, "Content-Type");
    char text[96], most[32];

    raw = raw && (!type || strncasecmp(type, "multipart/", 10) != 0);
    size_t limit = raw ? call->body.limits.max_file : call->body.limits.max_request;
    if (n <= limit)
        return;
    ay_size_text(most, sizeof most, limit);
    snprintf(text, sizeof text, "the %s is larger than the limit of %s",
             raw ? "picture" : "request", most);
    ay_body_refuse(&call->body, AY_ELIMIT, text);
    if (n > SKIP_MOST) { /* more than we care to throw away: answer now and close */
        ay_reply_failure(&call->rq, AY_ELIMIT, &call->body.err);
        call->rq.close = true;
        atomic_store(&call->state, AY_CALL_DONE);
    }
}

/* The socket's mode keeps others out, where the file system knows modes. */
static bool is_us(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info && ay_door_peer_is_us((int)info->connect_fd);
}

static ay_call *begin(ay_listener *l, struct MHD_Connection *conn, const char *url,
                      const char *method, const char *version)
{
    ay_call *call = ay_calloc(1, sizeof *call);
    ay_server *s = l->server;
    ay_copy copy = {.call = call};

    if (!call || (l->local && !is_us(conn))) {
        ay_free(call);
        return NULL;
    }
    *call = (ay_call){.conn = conn, .listener = l, .begun = ay_clock_mono()};
    atomic_fetch_add(&s->open_calls, 1);
    ay_arena_init(&call->rq.arena, ARENA_LIMIT);
    call->head = strcmp(method, "HEAD") == 0;
    call->rq.server = s;
    call->rq.service = s->o.service;
    call->rq.method = call->head ? "GET" : ay_request_strdup(&call->rq, method);
    call->rq.path = ay_request_strdup(&call->rq, url);
    call->rq.tls = l->tls;
    call->rq.local = l->local;
    client_address(call);
    MHD_get_connection_values(conn, MHD_HEADER_KIND, copy_kv, &copy);
    copy.query = true;
    MHD_get_connection_values(conn, MHD_GET_ARGUMENT_KIND, copy_kv, &copy);
    call->rq.secure =
        l->tls || l->local || s->o.behind_proxy || ay_guard_loopback(ay_request_header(&call->rq, "Host"));
    if (!call->rq.method || !call->rq.path || !call->rq.client || copy.failed)
        refuse(call, 400, "the address is not percent-encoded UTF-8");
    if (atomic_load(&call->state) == AY_CALL_READING)
        guard(call, version);
    if (atomic_load(&call->state) == AY_CALL_READING)
        route(call);
    ay_body_begin(&call->body, &call->rq, &(ay_body_limits){s->o.max_file, s->o.max_request});
    if (atomic_load(&call->state) == AY_CALL_READING)
        check_length(call);
    return call;
}

/* Keep the count of bytes in memory right, and refuse what would pass the budget. */
static void account(ay_call *call)
{
    ay_server *s = call->rq.server;
    size_t now = call->body.kept;

    if (now > call->held)
        atomic_fetch_add(&s->held, now - call->held);
    else
        atomic_fetch_sub(&s->held, call->held - now);
    call->held = now;
    if (now && atomic_load(&s->held) > s->o.max_in_flight) {
        atomic_fetch_add(&s->metrics.overload, 1);
        ay_body_refuse(&call->body, AY_EBUSY,
                       "too many pictures are being sent at once: try again");
        account(call);
    }
}

/* More of the body.  MHD_NO closes the connection: a client this slow would hold it for hours. */
static enum MHD_Result feed(ay_call *call, const char *data, size_t n)
{
    uint64_t age = (ay_clock_mono() - call->begun) / 1000000000u;

    ay_body_feed(&call->body, data, n);
    account(call);
    if (age > SLOW_AFTER_S && call->body.seen < age * SLOW_BYTES_PER_S)
        return MHD_NO;
    return call->body.mode == 0 && call->body.seen > SKIP_MOST * 4ull ? MHD_NO : MHD_YES;
}

void ay_call_run(ay_call *call)
{
    ay_request *rq = &call->rq;
    ay_err err = {.msg = ""};
    ay_status status;

    ay_service_actor(rq->client); /* the history says who asked */
    status = rq->route->run(rq, &err);
    ay_service_actor("");
    if (status)
        ay_reply_failure(rq, status, &err);
    else if (rq->reply.kind == AY_REPLY_NONE)
        ay_reply_problem(rq, 500, "the handler left no reply");
}

/* The whole request is here.  True: its reply is ready; false: somebody will resume the connection.
 */
static bool dispatch(ay_call *call)
{
    ay_server *s = call->rq.server;

    call->whole = ay_clock_mono();
    ay_body_end(&call->body);
    if (call->body.failed)
        ay_reply_failure(&call->rq, call->body.failed, &call->body.err);
    else if (call->rq.route->flags & AY_ROUTE_INLINE)
        ay_call_run(call);
    else {
        atomic_store(&call->state, AY_CALL_QUEUED);
        MHD_suspend_connection(call->conn);
        if (ay_queue_push(s->queue, call))
            return false; /* from here on it is the worker's */
        atomic_fetch_add(&s->metrics.overload, 1);
        ay_reply_failure(&call->rq, AY_EBUSY,
                         &(ay_err){"the server is busy: try again in a second"});
        atomic_store(&call->state, AY_CALL_DONE);
        MHD_resume_connection(call->conn);
        return false;
    }
    atomic_store(&call->state, AY_CALL_DONE);
    return true;
}

enum MHD_Result ay_call_on_request(void *cls, struct MHD_Connection *conn, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **slot)
{
    ay_call *call = *slot;

    if (!call) {
        *slot = call = begin(cls, conn, url, method, version);
        if (!call)
            return MHD_NO;
        /* Answering here would make libmicrohttpd close without reading the body; it is only done
         * where the client waits for permission to send or sends too much. */
        if (call->rq.close ||
            (atomic_load(&call->state) == AY_CALL_DONE && ay_request_header(&call->rq, "Expect")))
            return ay_call_send(call);
        return MHD_YES;
    }
    if (*size > 0) {
        size_t n = *size;
        *size = 0;
        return feed(call, data, n);
    }
    if (atomic_load(&call->state) == AY_CALL_READING && !dispatch(call))
        return MHD_YES;
    return atomic_load(&call->state) == AY_CALL_DONE ? ay_call_send(call) : MHD_YES;
}

static void log_access(const ay_call *call, enum MHD_RequestTerminationCode why)
{
    const ay_request *rq = &call->rq;
    bool quiet = rq->route && rq->route->flags & AY_ROUTE_QUIET && rq->reply.status < 500;
    bool lost = why != MHD_REQUEST_TERMINATED_COMPLETED_OK;

    ay_log(quiet ? AY_LOG_DEBUG : AY_LOG_INFO, "http", "%s %s %s %d %zu %.1fms%s",
           rq->client ? rq->client : "?",
           call->head   ? "HEAD"
           : rq->method ? rq->method
                        : "?",
           rq->path ? rq->path : "?", rq->reply.status, rq->reply.size,
           (double)(ay_clock_mono() - call->begun) / 1e6, lost ? " lost" : "");
}

/* A reply that was made but not taken has its cause too: the client gave up while it was waited for. */
static void tell_trouble(const ay_call *call, bool lost)
{
    const ay_request *rq = &call->rq;
    bool sent = atomic_load(&call->state) == AY_CALL_SENT;
    uint64_t ready = call->ready ? call->ready : ay_clock_mono();

    ay_trouble_tell(&rq->server->trouble,
                    &(ay_trouble_call){.client = rq->client,
                                       .method = call->head ? "HEAD" : rq->method,
                                       .path = rq->path,
                                       .status = sent ? rq->reply.status : 0,
                                       .code = rq->reply.code,
                                       .cause = rq->reply.cause,
                                       .took = call->whole ? ready - call->whole : 0,
                                       .lost = lost,
                                       .stream = call->streaming});
}

void ay_call_on_completed(void *cls, struct MHD_Connection *conn, void **slot,
                          enum MHD_RequestTerminationCode why)
{
    ay_call *call = *slot;
    ay_server *s = ((ay_listener *)cls)->server;

    (void)conn;
    if (!call)
        return;
    *slot = NULL;
    if (call->rq.reply.kind == AY_REPLY_STREAM)
        call->rq.reply.size = (size_t)ay_stream_sent(call->rq.reply.stream);
    log_access(call, why);
    tell_trouble(call, why != MHD_REQUEST_TERMINATED_COMPLETED_OK);
    ay_metrics_count(&s->metrics,
                     atomic_load(&call->state) == AY_CALL_SENT ? call->rq.reply.status : 0,
                     call->body.seen, call->head ? 0 : call->rq.reply.size);
    ay_body_fini(&call->body);
    account(call);
    ay_reply_clear(&call->rq);
    ay_arena_fini(&call->rq.arena);
    if (!call->streaming)
        atomic_fetch_sub(&s->open_calls, 1);
    ay_free(call);
}
