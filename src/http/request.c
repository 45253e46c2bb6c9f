/* http/request.c - reading a request, leaving a reply.  See http/request.h. */
#include "http/request.h"
#include "http/problem.h"
#include "http/range.h"
#include "http/stream.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void *ay_request_alloc(ay_request *rq, size_t n)
{
    return ay_arena_alloc(&rq->arena, n);
}

const char *ay_request_strdup(ay_request *rq, const char *s)
{
    return ay_arena_strdup(&rq->arena, s);
}

const char *ay_request_query(const ay_request *rq, const char *name)
{
    for (const ay_kv *kv = rq->query; kv; kv = kv->next)
        if (strcmp(kv->key, name) == 0)
            return kv->value;
    return NULL;
}

const char *ay_request_header(const ay_request *rq, const char *name)
{
    for (const ay_kv *kv = rq->headers; kv; kv = kv->next)
        if (strcasecmp(kv->key, name) == 0)
            return kv->value;
    return NULL;
}

const char *ay_request_field(const ay_request *rq, const char *name)
{
    const char *v = NULL;

    for (const ay_kv *kv = rq->fields; kv; kv = kv->next)
        if (strcmp(kv->key, name) == 0)
            v = kv->value;
    if (!v && rq->json)
        v = json_string_value(json_object_get(rq->json, name));
    if (!v)
        v = ay_request_query(rq, name);
    return v && *v ? v : NULL;
}

ay_status ay_request_number(const ay_request *rq, const char *name, long lo, long hi, long *inout,
                            ay_err *err)
{
    const char *v = ay_request_query(rq, name);

    if (!v || !*v)
        return AY_OK;
    if (!ay_str_to_long(v, lo, hi, inout))
        return ay_fail(err, AY_EINVAL, "'%s' must be a whole number from %ld to %ld", name, lo, hi);
    return AY_OK;
}

/* A day, or a moment in UTC. */
static bool parse_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    if (end && *end == 'T')
        end = strptime(end, "T%H:%M:%S", &tm);
    if (!end || (*end && strcmp(end, "Z") != 0))
        return false;
    *out = (int64_t)timegm(&tm) * 1000000;
    return true;
}

ay_status ay_request_time(const char *name, const char *text, int64_t *out, ay_err *err)
{
    if (!text)
        return AY_OK;
    if (!parse_time(text, out))
        return ay_fail(err, AY_EINVAL, "'%s' must be a time like 2026-01-31T12:00:00Z", name);
    return AY_OK;
}

ay_status ay_request_picture(const ay_request *rq, const ay_upload **out, ay_err *err)
{
    const ay_upload *u = rq->upload_count ? &rq->uploads[0] : NULL;

    for (int i = 0; i < rq->upload_count; i++) /* a form may hold others: these names mean it */
        if (strcmp(rq->uploads[i].field, "image") == 0 || strcmp(rq->uploads[i].field, "file") == 0)
            u = &rq->uploads[i];
    if (!u)
        return ay_fail(err, AY_EINVAL,
                       "no picture was sent: post its bytes, or a form with the "
                       "picture in the field 'image' or 'file'");
    if (u->too_large)
        return ay_fail(err, AY_ELIMIT, "the picture is too large");
    if (u->data.len == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    *out = u;
    return AY_OK;
}

void ay_reply_clear(ay_request *rq)
{
    ay_buf_fini(&rq->reply.bytes);
    ay_stream_release(rq->reply.stream);
    rq->reply = (ay_reply){0};
}

static void start(ay_request *rq, ay_reply_kind kind, int status, const char *mime)
{
    ay_kv *headers = rq->reply.headers; /* those set before the body stay */

    ay_reply_clear(rq);
    rq->reply.kind = kind;
    rq->reply.status = status;
    rq->reply.mime = mime;
    rq->reply.headers = headers;
}

static int add_to_buf(const char *p, size_t n, void *buf)
{
    ay_buf_add(buf, p, n);
    return ((ay_buf *)buf)->failed ? -1 : 0;
}

static ay_status json_as(ay_request *rq, int status, const char *mime, json_t *json, ay_err *err)
{
    int bad;

    start(rq, AY_REPLY_BYTES, status, mime);
    bad = !json || json_dump_callback(json, add_to_buf, &rq->reply.bytes,
                                      JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(json);
    if (bad || rq->reply.bytes.failed)
        return ay_fail(err, AY_ENOMEM, "no memory for the answer");
    rq->reply.size = rq->reply.bytes.len;
    return AY_OK;
}

ay_status ay_reply_json(ay_request *rq, int status, json_t *json, ay_err *err)
{
    return json_as(rq, status, "application/json", json, err);
}

ay_status ay_reply_bytes(ay_request *rq, int status, const char *mime, ay_buf *b, ay_err *err)
{
    start(rq, AY_REPLY_BYTES, status, mime);
    rq->reply.bytes = *b;
    *b = (ay_buf){.limit = b->limit};
    rq->reply.size = rq->reply.bytes.len;
    return rq->reply.bytes.failed ? ay_fail(err, AY_ENOMEM, "no memory for the answer") : AY_OK;
}

void ay_reply_static(ay_request *rq, int status, const char *mime, const void *data, size_t size)
{
    start(rq, AY_REPLY_STATIC, status, mime);
    rq->reply.data = data;
    rq->reply.size = size;
}

void ay_reply_empty(ay_request *rq, int status)
{
    ay_reply_static(rq, status, NULL, "", 0);
}

void ay_reply_events(ay_request *rq)
{
    start(rq, AY_REPLY_EVENTS, 200, "text/event-stream");
}

void ay_reply_stream(ay_request *rq, const char *mime, ay_stream *stream)
{
    start(rq, AY_REPLY_STREAM, 200, mime);
    rq->reply.stream = stream;
}

void ay_reply_job_events(ay_request *rq, int64_t job)
{
    ay_reply_events(rq);
    rq->reply.job = job;
}

void ay_reply_header(ay_request *rq, const char *name, const char *value)
{
    ay_kv *kv = strpbrk(value, "\r\n") ? NULL : ay_request_alloc(rq, sizeof *kv);

    if (!kv || !(kv->value = ay_request_strdup(rq, value)))
        return; /* a reply without this header is still a right reply */
    kv->key = name;
    kv->next = rq->reply.headers;
    rq->reply.headers = kv;
}

static void problem(ay_request *rq, int status, const char *detail, const char *code)
{
    static const char last_resort[] = "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
                                      "\"status\":503,\"detail\":\"out of memory\"}";

    rq->reply.headers = NULL; /* headers of an answer that failed do not belong to its problem */
    if (status == 503)
        ay_reply_header(rq, "Retry-After", "1");
    if (json_as(rq, status, "application/problem+json", ay_problem_json(status, detail, code),
                NULL))
        ay_reply_static(rq, 503, "application/problem+json", last_resort, sizeof last_resort - 1);
    rq->reply.code = code;
    rq->reply.cause = status >= 500 ? ay_request_strdup(rq, detail) : NULL;
}

void ay_reply_problem(ay_request *rq, int status, const char *detail)
{
    problem(rq, status, detail, NULL);
}

void ay_reply_failure(ay_request *rq, ay_status status, const ay_err *err)
{
    problem(rq, ay_problem_status(status), err->msg[0] ? err->msg : ay_status_name(status),
            ay_status_name(status));
}

bool ay_reply_unchanged(ay_request *rq, const char *etag)
{
    const char *have = ay_request_header(rq, "If-None-Match");

    ay_reply_header(rq, "ETag", etag);
    /* Our tags are quoted and unique, so that finding one in the list is comparing it (weakly). */
    if (!have || (strcmp(have, "*") != 0 && !strstr(have, etag)))
        return false;
    start(rq, AY_REPLY_STATIC, 304, NULL);
    rq->reply.data = "";
    return true;
}

void ay_reply_range(ay_request *rq)
{
    uint64_t first, last, size = rq->reply.size;
    char text[80];

    ay_reply_header(rq, "Accept-Ranges", "bytes");
    if (rq->reply.status != 200 || ay_request_header(rq, "If-Range"))
        return; /* If-Range: all of it is always a right answer */
    switch (ay_range_parse(ay_request_header(rq, "Range"), size, &first, &last)) {
    case AY_RANGE_ALL:
        return;
    case AY_RANGE_UNSATISFIABLE:
        snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)size);
        ay_reply_problem(rq, 416, "the range asked for lies outside the picture's bytes");
        ay_reply_header(rq, "Content-Range", text);
        return;
    case AY_RANGE_PART:
        snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)first,
                 (unsigned long long)last, (unsigned long long)size);
        rq->reply.status = 206;
        rq->reply.offset = (size_t)first;
        rq->reply.size = (size_t)(last - first + 1);
        ay_reply_header(rq, "Content-Range", text);
        return;
    }
}
