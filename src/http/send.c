/* http/send.c - a reply becomes a libmicrohttpd response with the headers that every answer has. */
#include "http/impl.h"

#include "http/guard.h"
#include "http/stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "web/web.h"

#include <string.h>
#include <strings.h>

static struct MHD_Response *response_of(ay_call *call)
{
    ay_reply *r = &call->rq.reply;
    char *bytes = r->bytes.data;

    switch (r->kind) {
    case AY_REPLY_EVENTS:
        return ay_events_response(call->rq.server->events, call->conn, r->job);
    case AY_REPLY_STREAM:
        return ay_stream_response(r->stream, call->conn);
    case AY_REPLY_BYTES:
        r->bytes = (ay_buf){0}; /* the response owns them now */
        return MHD_create_response_from_buffer_with_free_callback_cls(
            r->size, bytes ? bytes + r->offset : NULL, ay_free, bytes);
    default:
        return MHD_create_response_from_buffer(r->size, (void *)(r->data + r->offset),
                                               MHD_RESPMEM_PERSISTENT);
    }
}

static bool has(const ay_reply *r, const char *name)
{
    for (const ay_kv *kv = r->headers; kv; kv = kv->next)
        if (strcasecmp(kv->key, name) == 0)
            return true;
    return false;
}

/* The page's policies go on everything: an error or a picture opened by itself is a page too. */
static void add_security(struct MHD_Response *res, const ay_reply *r, bool shared)
{
    static const char *const always[][2] = {
        {"Content-Security-Policy", AY_WEB_CSP},
        {"Permissions-Policy", AY_WEB_PERMISSIONS},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "same-origin"}, /* not no-referrer: that makes a form's Origin "null" */
        {"Cross-Origin-Opener-Policy", "same-origin"},
    };

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (!has(r, always[i][0])) /* a reply may bring a policy of its own */
            MHD_add_response_header(res, always[i][0], always[i][1]);
    MHD_add_response_header(res, "Cross-Origin-Resource-Policy",
                            shared ? "cross-origin" : "same-origin");
}

static void add_cors(struct MHD_Response *res, const ay_request *rq, const char *cors)
{
    const char *origin = ay_request_header(rq, "Origin");

    if (!cors)
        return;
    MHD_add_response_header(res, "Vary", "Origin");
    if (ay_guard_cors(origin, cors))
        MHD_add_response_header(res, "Access-Control-Allow-Origin", origin);
}

enum MHD_Result ay_call_send(ay_call *call)
{
    ay_request *rq = &call->rq;
    ay_reply *r = &rq->reply;
    ay_server *s = rq->server;
    struct MHD_Response *res = response_of(call);
    enum MHD_Result sent;

    call->ready = ay_clock_mono();
    if (!res) { /* out of memory, or the server is ending: the connection is closed */
        if (r->kind != AY_REPLY_EVENTS)
            return MHD_NO;
        ay_reply_problem(rq, 503, "no more event streams can be opened now");
        if (!(res = response_of(call)))
            return MHD_NO;
    }
    if (r->kind == AY_REPLY_EVENTS && !call->streaming) {
        call->streaming = true;
        atomic_fetch_sub(&s->open_calls, 1);
    }
    if (r->kind == AY_REPLY_STREAM && call->head) /* else libmicrohttpd ends a body in chunks that there is not, and the next answer cannot be read */
        MHD_set_response_options(res, MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END);
    for (const ay_kv *kv = r->headers; kv; kv = kv->next)
        MHD_add_response_header(res, kv->key, kv->value);
    if (r->mime)
        MHD_add_response_header(res, "Content-Type", r->mime);
    if (!has(r, "Cache-Control"))
        MHD_add_response_header(res, "Cache-Control", "no-store");
    if (rq->close || atomic_load(&s->draining))
        MHD_add_response_header(res, "Connection", "close");
    add_security(res, r, s->o.cors != NULL);
    add_cors(res, rq, s->o.cors);
    if (rq->route && !(rq->route->flags & AY_ROUTE_INLINE))
        ay_metrics_duration(&s->metrics, ay_clock_mono() - call->begun);
    atomic_store(&call->state, AY_CALL_SENT);
    sent = MHD_queue_response(call->conn, (unsigned)r->status, res);
    MHD_destroy_response(res);
    return sent;
}
