/* http/body.c - see http/body.h. */
#include "http/body.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

enum { MODE_SKIP, MODE_RAW, MODE_FORM, MODE_TEXT };
enum { TEXT_LIMIT = 1 << 20, LONG_LIMIT = 8 << 20, FIELD_LIMIT = 1 << 16, MAX_PARTS = 2000 };

static bool rq_is_long(const ay_body *b)
{
    return b->rq->route->flags & AY_ROUTE_LONG;
}

static void drop(ay_body *b)
{
    ay_request *rq = b->rq;

    for (int i = 0; i < rq->upload_count; i++)
        ay_buf_fini(&rq->uploads[i].data);
    ay_free(rq->uploads);
    rq->uploads = NULL;
    rq->upload_count = 0;
    ay_buf_fini(&rq->body);
    ay_buf_fini(&b->field);
    b->kept = 0;
}

void ay_body_refuse(ay_body *b, ay_status status, const char *detail)
{
    if (!b->failed)
        b->failed = ay_fail(&b->err, status, "%s", detail);
    b->mode = MODE_SKIP;
    drop(b);
}

static void failed(ay_body *b, ay_status status)
{
    if (!b->failed)
        b->failed = status;
    b->mode = MODE_SKIP;
    drop(b);
}

/* Room for one more upload; its index is upload_count - 1.  Grows by doubling. */
static ay_upload *new_upload(ay_body *b, const char *field, const char *filename)
{
    ay_request *rq = b->rq;
    int n = rq->upload_count;

    if ((n & (n - 1)) == 0) { /* 0, 1, 2, 4, 8: full */
        ay_upload *more = ay_realloc(rq->uploads, n ? 2 * (size_t)n : 1, sizeof *more);
        if (!more)
            return NULL;
        rq->uploads = more;
    }
    rq->uploads[n] = (ay_upload){
        .field = ay_request_strdup(rq, field),
        .filename = ay_request_strdup(rq, filename),
        .data.limit = b->limits.max_file,
    };
    if (!rq->uploads[n].field || !rq->uploads[n].filename)
        return NULL;
    rq->upload_count++;
    return &rq->uploads[n];
}

static ay_status part_begin(void *ctx, const ay_part *part, ay_err *err)
{
    ay_body *b = ctx;

    b->part = *part;
    b->is_file = part->has_filename || strncmp(part->type, "image/", 6) == 0 ||
                 strcmp(part->type, "application/octet-stream") == 0;
    b->field.len = 0;
    b->field.limit = FIELD_LIMIT;
    if (b->is_file && !new_upload(b, part->name, part->filename))
        return ay_fail(err, AY_ENOMEM, "no memory for the form");
    return AY_OK;
}

static ay_status part_data(void *ctx, const void *p, size_t n, ay_err *err)
{
    ay_body *b = ctx;
    ay_upload *u = b->is_file ? &b->rq->uploads[b->rq->upload_count - 1] : NULL;

    if (!u) {
        ay_buf_add(&b->field, p, n);
        return b->field.failed
                   ? ay_fail(err, AY_ELIMIT, "the form field '%s' is too long", b->part.name)
                   : AY_OK;
    }
    if (u->too_large)
        return AY_OK;
    if (u->data.len + n > b->limits.max_file) { /* the other files of the form are still good */
        u->too_large = true;
        b->kept -= u->data.len;
        ay_buf_fini(&u->data);
        return AY_OK;
    }
    ay_buf_add(&u->data, p, n);
    b->kept += n;
    return u->data.failed ? ay_fail(err, AY_ENOMEM, "no memory for the form") : AY_OK;
}

static ay_status add_field(ay_request *rq, const char *key, const char *value, ay_err *err)
{
    ay_kv *kv = ay_request_alloc(rq, sizeof *kv);

    if (!kv || !(kv->key = ay_request_strdup(rq, key)) ||
        !(kv->value = ay_request_strdup(rq, value)))
        return ay_fail(err, AY_ELIMIT, "the form's fields are too long");
    kv->next = rq->fields;
    rq->fields = kv;
    return AY_OK;
}

static ay_status part_end(void *ctx, ay_err *err)
{
    ay_body *b = ctx;
    const char *v = b->field.len ? b->field.data : "";

    if (b->is_file) {
        /* A browser sends an untouched file input as a nameless empty file: nothing was chosen. */
        const ay_upload *u = &b->rq->uploads[b->rq->upload_count - 1];
        if (!u->filename[0] && u->data.len == 0 && !u->too_large)
            b->rq->upload_count--;
        return AY_OK;
    }
    if (strlen(v) != b->field.len || !ay_utf8_valid(v, b->field.len))
        return ay_fail(err, AY_EINVAL, "the form field '%s' is not UTF-8 text", b->part.name);
    return add_field(b->rq, b->part.name, v, err);
}

static const ay_multipart_sink sink = {part_begin, part_data, part_end};

static bool type_is(const char *type, const char *want)
{
    size_t n = strlen(want);

    return type && strncasecmp(type, want, n) == 0 && strchr("; \t", type[n]);
}

static bool takes_pictures(const ay_request *rq)
{
    ay_body_kind k = rq->route->body;

    return k == AY_BODY_PICTURE || k == AY_BODY_PICTURES || k == AY_BODY_RAW;
}

void ay_body_begin(ay_body *b, ay_request *rq, const ay_body_limits *limits)
{
    const char *type = ay_request_header(rq, "Content-Type");
    bool form = type_is(type, "multipart/form-data");

    *b = (ay_body){.rq = rq, .limits = *limits, .mode = MODE_SKIP};
    if (!rq->route || rq->route->body == AY_BODY_NONE)
        return;
    if (form && rq->route->body != AY_BODY_RAW) {
        ay_status status = ay_multipart_init(&b->form, type, MAX_PARTS, &sink, b, &b->err);
        if (status)
            failed(b, status);
        else
            b->mode = MODE_FORM;
    } else if (takes_pictures(rq)) {
        if (!form)
            b->mode = MODE_RAW;
        else
            ay_body_refuse(b, AY_EUNSUPPORTED, "send the picture's bytes, not a form");
    } else {
        rq->body.limit = rq_is_long(b) ? LONG_LIMIT : TEXT_LIMIT;
        b->mode = MODE_TEXT;
    }
}

/* The raw body is one upload, made when its first byte comes: no byte, no upload. */
static void feed_raw(ay_body *b, const char *p, size_t n)
{
    ay_request *rq = b->rq;
    const char *name = ay_request_query(rq, "file");

    if (rq->upload_count == 0 && !new_upload(b, "", name ? name : "")) {
        ay_body_refuse(b, AY_ENOMEM, "no memory for the picture");
        return;
    }
    ay_buf_add(&rq->uploads[0].data, p, n);
    b->kept += n;
    if (rq->uploads[0].data.failed)
        ay_body_refuse(b, AY_ELIMIT, "the picture is too large");
}

void ay_body_feed(ay_body *b, const char *p, size_t n)
{
    b->seen += n;
    if (b->seen > b->limits.max_request && b->mode != MODE_SKIP)
        ay_body_refuse(b, AY_ELIMIT, "the request is too large");
    switch (b->mode) {
    case MODE_SKIP:
        break;
    case MODE_RAW:
        feed_raw(b, p, n);
        break;
    case MODE_FORM: {
        ay_status status = ay_multipart_feed(&b->form, p, n, &b->err);
        if (status)
            failed(b, status);
        break;
    }
    case MODE_TEXT:
        ay_buf_add(&b->rq->body, p, n);
        b->kept += n;
        if (b->rq->body.failed)
            ay_body_refuse(b, AY_ELIMIT, rq_is_long(b) ? "the request's text is longer than 8 MB" : "the request's text is longer than 1 MB");
        break;
    }
}

/* application/x-www-form-urlencoded -> fields, whose texts are decoded where they lie: there is room for the longest. */
static ay_status parse_urlencoded(ay_request *rq, char *p, ay_err *err)
{
    while (*p) {
        size_t n = strcspn(p, "&"), k = strcspn(p, "=&");
        char *value = p[k] == '=' ? p + k + 1 : p + n;
        size_t vn = (size_t)(p + n - value);
        char *next = p + n + (p[n] == '&');
        ay_kv *kv = ay_request_alloc(rq, sizeof *kv);
        if (!kv)
            return ay_fail(err, AY_ELIMIT, "the form has too many fields");
        if (ay_percent_decode(value, value, vn, true, NULL) || ay_percent_decode(p, p, k, true, NULL))
            return ay_fail(err, AY_EINVAL, "the form is not URL-encoded UTF-8");
        *kv = (ay_kv){.key = p, .value = k < n ? value : "", .next = rq->fields};
        rq->fields = kv;
        p = next;
    }
    return AY_OK;
}

static ay_status parse_json(ay_request *rq, ay_err *err)
{
    json_error_t at;

    rq->json = json_loadb(rq->body.data, rq->body.len, JSON_REJECT_DUPLICATES, &at);
    if (!rq->json)
        return ay_fail(err, AY_EINVAL, "bad JSON at line %d, column %d (byte %d): %s", at.line,
                       at.column, at.position, at.text);
    if (!json_is_object(rq->json))
        return ay_fail(err, AY_EINVAL, "the JSON must be an object: {...}");
    return AY_OK;
}

static ay_status parse_text(ay_body *b)
{
    ay_request *rq = b->rq;
    const char *type = ay_request_header(rq, "Content-Type");

    if (rq->body.len == 0)
        return AY_OK;
    if (type_is(type, "application/json") || !type)
        return parse_json(rq, &b->err);
    if (!type_is(type, "application/x-www-form-urlencoded"))
        return ay_fail(&b->err, AY_EUNSUPPORTED,
                       "the body must be application/json or a form, not '%.80s'", type);
    /* curl -d '{...}' says so although it sends JSON: its first byte tells. */
    if (rq->body.data[0] == '{')
        return parse_json(rq, &b->err);
    if (strlen(rq->body.data) != rq->body.len)
        return ay_fail(&b->err, AY_EINVAL, "the form is not URL-encoded UTF-8");
    return parse_urlencoded(rq, rq->body.data, &b->err);
}

void ay_body_end(ay_body *b)
{
    ay_status status = AY_OK;

    if (b->mode == MODE_FORM)
        status = ay_multipart_finish(&b->form, &b->err);
    else if (b->mode == MODE_TEXT)
        status = parse_text(b);
    if (status)
        failed(b, status);
}

void ay_body_fini(ay_body *b)
{
    drop(b);
    json_decref(b->rq->json);
    b->rq->json = NULL;
}
