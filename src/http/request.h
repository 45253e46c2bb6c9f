/* http/request.h - one request as a handler sees it, and its one reply.
 *
 * A handler runs when the whole request is in memory and has passed the guards (host, origin,
 * limits). It reads the request, calls the service, and leaves a reply:
 *
 *     static ay_status show(ay_request *rq, ay_err *err) { ... return ay_reply_json(rq, 200, root);
 * }
 *
 * or returns a failure, which becomes problem+json with the status of http/problem.h.  It never
 * sees libmicrohttpd, a socket or a thread.
 *
 * Everything a request gives out (strings, uploads) lives until the reply is sent.
 * Threads: a request belongs to one thread at a time: I/O thread -> worker -> I/O thread. */
#ifndef AY_HTTP_REQUEST_H
#define AY_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_ROUTE_ARGS = 3 }; /* most {names} in one path */

typedef struct ay_service ay_service;
typedef struct ay_server ay_server;
typedef struct ay_route ay_route;

typedef struct ay_kv {
    const char *key, *value;
    struct ay_kv *next;
} ay_kv;

/* One picture of a request: the raw body, or a part of a multipart form. */
typedef struct {
    const char *field;    /* form field; "" for a raw body */
    const char *filename; /* base name the client gave, valid UTF-8; "" for none */
    ay_buf data;
    bool too_large; /* data was dropped because it passed the limit of one file */
} ay_upload;

typedef enum { AY_REPLY_NONE, AY_REPLY_BYTES, AY_REPLY_STATIC, AY_REPLY_EVENTS, AY_REPLY_STREAM } ay_reply_kind;
typedef struct ay_stream ay_stream; /* http/stream.h */

typedef struct {
    ay_reply_kind kind;
    int status;
    const char *mime;
    ay_kv *headers;
    ay_buf bytes;        /* BYTES: owned until sent */
    const char *data;    /* STATIC: lives for ever */
    size_t offset, size; /* what of bytes or data is sent */
    int64_t job;         /* EVENTS: of this job only; 0: all */
    ay_stream *stream;   /* STREAM: one reference; http/stream.h */
    const char *code, *cause; /* of a problem, for the log; NULL: none */
} ay_reply;

typedef struct ay_request {
    ay_server *server;
    ay_service *service;
    const ay_route *route; /* NULL when none matched */
    const char *method;    /* "GET" also for HEAD: the body is left out when sending */
    const char *path;      /* as sent, still percent-encoded */
    const char *client;    /* address, for the log */
    bool secure;           /* over TLS, from this machine, or behind a TLS proxy */
    bool tls;
    bool local; /* asked by a command of the user who runs this server, through its data folder */
    bool close; /* the connection is to end after this reply */
    ay_kv *query, *headers, *fields;
    const char *arg[AY_ROUTE_ARGS]; /* decoded {names} of the path, in order */
    ay_upload *uploads;
    int upload_count;
    ay_buf body;  /* what is not a picture: JSON, url-encoded form */
    json_t *json; /* parsed body, borrowed by handlers; NULL when there is none */
    ay_arena arena;
    ay_reply reply;
} ay_request;

/* Zeroed memory or a copy that lives as long as the request.  NULL: out of memory. */
void *ay_request_alloc(ay_request *rq, size_t n);
const char *ay_request_strdup(ay_request *rq, const char *s);

/* NULL when absent.  header: name in any case.  field: form field, else a string of the JSON body,
 * else a query parameter; an empty value counts as absent. */
const char *ay_request_query(const ay_request *rq, const char *name);
const char *ay_request_header(const ay_request *rq, const char *name);
const char *ay_request_field(const ay_request *rq, const char *name);
/* Whole numbers and words of a query parameter, with a plain message for what is wrong. */
ay_status ay_request_number(const ay_request *rq, const char *name, long lo, long hi, long *inout,
                            ay_err *err);
/* text, a day or a moment in UTC, as microseconds; NULL leaves *out. */
ay_status ay_request_time(const char *name, const char *text, int64_t *out, ay_err *err);
/* The one picture a route needs: AY_EINVAL when none or empty, AY_ELIMIT when too large. */
ay_status ay_request_picture(const ay_request *rq, const ay_upload **out, ay_err *err);

/* Replies.  The last one wins.  json is stolen, also on failure. */
ay_status ay_reply_json(ay_request *rq, int status, json_t *json, ay_err *err);
/* Takes b's bytes and leaves b empty. */
ay_status ay_reply_bytes(ay_request *rq, int status, const char *mime, ay_buf *b, ay_err *err);
void ay_reply_static(ay_request *rq, int status, const char *mime, const void *data, size_t size);
/* After a 200 of bytes: send only what the request's Range asks for (206, 416, or all of it). */
void ay_reply_range(ay_request *rq);
/* Keep the connection open and send events as they come (http/events.h). */
void ay_reply_events(ay_request *rq);
/* Those of one job, as it is now and until it is over. */
void ay_reply_job_events(ay_request *rq, int64_t job);
void ay_reply_empty(ay_request *rq, int status);
/* name and mime are static strings; value is copied.  Line breaks in value are refused. */
void ay_reply_header(ay_request *rq, const char *name, const char *value);
void ay_reply_problem(ay_request *rq, int status, const char *detail);
void ay_reply_failure(ay_request *rq, ay_status status, const ay_err *err);
/* With a matching If-None-Match: leaves 304 and says true.  Sets ETag either way. */
bool ay_reply_unchanged(ay_request *rq, const char *etag);
void ay_reply_clear(ay_request *rq);

#endif
