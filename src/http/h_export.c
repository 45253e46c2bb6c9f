/* http/h_export.c - /v1/export: pictures go out as one file, made while it is sent. */
#include "http/handlers.h"
#include "http/h_pictures.h"
#include "http/impl.h"
#include "http/stream.h"

#include "base/mem.h"
#include "service/export/export.h"

#include <string.h>

enum { NAMES_MOST = 200000 };

/* ---- what is asked for */

typedef struct {
    ay_export_wish wish;
    ay_picture_filter filter;
    json_t *body; /* of a form's field "request"; owned */
} asked;

/* Parameters: those of the list of pictures, with format and pictures. */
static ay_status read_query(ay_request *rq, asked *q, ay_err *err)
{
    const char *pictures = ay_request_query(rq, "pictures");
    ay_status status = AY_OK;

    if (pictures && strcmp(pictures, "true") != 0 && strcmp(pictures, "false") != 0)
        return ay_fail(err, AY_EINVAL, "'pictures' is true or false");
    q->wish.format = ay_request_query(rq, "format");
    q->wish.documents = pictures && strcmp(pictures, "false") == 0;
    q->wish.which = (ay_which){.dataset = ay_request_query(rq, "dataset"), .filter = &q->filter};
    for (const ay_kv *kv = rq->query; kv && status == AY_OK; kv = kv->next) {
        bool known = true;
        if (strcmp(kv->key, "format") == 0 || strcmp(kv->key, "pictures") == 0 || strcmp(kv->key, "dataset") == 0)
            continue;
        status = ay_filter_set(&q->filter, &rq->arena, kv->key, kv->value, &known, err);
        if (status == AY_OK && !known)
            status = ay_fail(err, AY_EINVAL, "there is no filter '%.60s'", kv->key);
    }
    return status;
}

static ay_status read_names(const json_t *body, const char *key, const char *const **out, size_t *n, ay_err *err)
{
    const json_t *list = json_object_get(body, key);
    const char **names;

    *out = NULL;
    *n = json_array_size(list);
    if (!list || json_is_null(list))
        return AY_OK;
    if (!json_is_array(list) || *n > NAMES_MOST)
        return ay_fail(err, *n > NAMES_MOST ? AY_ELIMIT : AY_EINVAL, "'%s' is a list of at most %d digests", key, NAMES_MOST);
    names = ay_alloc(*n + 1, sizeof *names); /* not in the request's arena, which is small */
    if (!names)
        return ay_fail(err, AY_ENOMEM, "no memory for the request");
    *out = names;
    for (size_t i = 0; i < *n; i++)
        if (!(names[i] = json_string_value(json_array_get(list, i))))
            return ay_fail(err, AY_EINVAL, "'%s': number %zu is not a text", key, i + 1);
    return AY_OK;
}

static ay_status check_keys(const json_t *body, ay_err *err)
{
    static const char *const keys[] = {"dataset", "format", "pictures", "sha256", "filter", "except"};
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)body, key, v) {
        size_t i = 0;
        while (i < sizeof keys / sizeof *keys && strcmp(keys[i], key) != 0)
            i++;
        if (i == sizeof keys / sizeof *keys)
            return ay_fail(err, AY_EINVAL, "'%.60s' is nothing that can be given here", key);
    }
    return AY_OK;
}

static ay_status read_object(ay_request *rq, asked *q, const json_t *body, ay_err *err)
{
    const json_t *pictures = json_object_get(body, "pictures"), *filter = json_object_get(body, "filter");
    ay_status status = check_keys(body, err);

    if (status == AY_OK && pictures && !json_is_boolean(pictures))
        status = ay_fail(err, AY_EINVAL, "'pictures' is true or false");
    q->wish.format = json_string_value(json_object_get(body, "format"));
    q->wish.documents = json_is_false(pictures);
    q->wish.which.dataset = json_string_value(json_object_get(body, "dataset"));
    if (status == AY_OK)
        status = read_names(body, "sha256", &q->wish.which.sha256, &q->wish.which.n, err);
    if (status == AY_OK)
        status = read_names(body, "except", &q->wish.which.except, &q->wish.which.nexcept, err);
    if (status == AY_OK && q->wish.which.sha256 && filter && !json_is_null(filter))
        status = ay_fail(err, AY_EINVAL, "give 'sha256' or 'filter', not both");
    if (status != AY_OK || q->wish.which.sha256)
        return status;
    q->wish.which.filter = &q->filter;
    return filter && !json_is_null(filter) ? ay_filter_json(&q->filter, &rq->arena, filter, err) : AY_OK;
}

/* A browser's form brings the object as the text of its field "request": a form's answer goes to a file, however long. */
static ay_status read_body(ay_request *rq, asked *q, ay_err *err)
{
    const char *text = rq->json ? NULL : ay_request_field(rq, "request");

    if (text && !(q->body = json_loads(text, JSON_REJECT_DUPLICATES, NULL)))
        return ay_fail(err, AY_EINVAL, "the field 'request' is no JSON");
    if (!rq->json && !json_is_object(q->body))
        return ay_fail(err, AY_EINVAL, "the body is a JSON object, or a form with that object in its field 'request'");
    return read_object(rq, q, rq->json ? rq->json : q->body, err);
}

static ay_status open_export(ay_request *rq, ay_export **out, ay_err *err)
{
    asked *q = ay_request_alloc(rq, sizeof *q);
    ay_status status;

    *out = NULL;
    if (!q)
        return ay_fail(err, AY_ENOMEM, "no memory for the request");
    status = strcmp(rq->method, "POST") == 0 ? read_body(rq, q, err) : read_query(rq, q, err);
    if (status == AY_OK)
        status = ay_export_open(out, rq->service, &q->wish, err);
    json_decref(q->body);
    ay_free((void *)(uintptr_t)q->wish.which.sha256);
    ay_free((void *)(uintptr_t)q->wish.which.except);
    return status;
}

/* ---- the answer */

static ay_status make(void *ctx, ay_stream *s, ay_err *err)
{
    ay_export_to to = {.take = ay_stream_put, .ctx = s};
    ay_export_result r;

    return ay_export_write(ctx, &to, &r, err);
}

static void end(void *ctx)
{
    ay_export_close(ctx);
}

/* RFC 6266: the name for everybody, and as it is. */
static void name_file(ay_request *rq, const char *file)
{
    ay_buf text = {0};

    ay_buf_puts(&text, "attachment; filename=\"");
    for (const char *c = file; *c; c++)
        ay_buf_putc(&text, (unsigned char)*c < 0x20 || (*c & 0x80) || strchr("\"\\%", *c) ? '_' : *c);
    ay_buf_puts(&text, "\"; filename*=UTF-8''");
    for (const unsigned char *c = (const unsigned char *)file; *c; c++)
        ay_buf_printf(&text, (*c >= '0' && *c <= '9') || ((*c | 32) >= 'a' && (*c | 32) <= 'z') || strchr("-._~", *c) ? "%c" : "%%%02X", *c);
    if (!text.failed)
        ay_reply_header(rq, "Content-Disposition", text.data);
    ay_buf_fini(&text);
}

ay_status ay_h_export(ay_request *rq, ay_err *err)
{
    ay_stream *stream;
    ay_export *x;
    ay_status status = open_export(rq, &x, err);

    if (status == AY_OK)
        status = ay_stream_create(&stream, rq->server->streams, &(ay_stream_maker){make, end, x}, err);
    if (status != AY_OK)
        return status;
    ay_reply_stream(rq, ay_export_planned(x)->mime, stream);
    name_file(rq, ay_export_planned(x)->file);
    return AY_OK;
}

ay_status ay_h_export_plan(ay_request *rq, ay_err *err)
{
    ay_export *x;
    ay_status status = open_export(rq, &x, err);
    const ay_export_plan *p;

    if (status != AY_OK)
        return status;
    p = ay_export_planned(x);
    status = ay_reply_json(rq, 200,
                           json_pack("{s:s, s:I, s:I, s:I, s:s, s:s}", "dataset", p->dataset, "pictures", (json_int_t)p->pictures, "missing",
                                     (json_int_t)p->missing, "bytes", (json_int_t)p->bytes, "file", p->file, "type", p->mime),
                           err);
    ay_export_close(x);
    return status;
}
