/* http/h_docs.c - /openapi.json and /docs. */
#include "http/assets.h"
#include "http/handlers.h"
#include "http/openapi.h"
#include "http/routes.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

static int add_to_buf(const char *p, size_t n, void *buf)
{
    ay_buf_add(buf, p, n);
    return 0;
}

/* Made anew each time (under a millisecond); the digest makes repeats cheap for the network. */
static ay_status reply_tagged(ay_request *rq, const char *mime, ay_buf *b, ay_err *err)
{
    char hex[AY_SHA256_HEX], etag[24];
    ay_status status = AY_OK;

    ay_sha256_bytes(b->data, b->len, hex);
    snprintf(etag, sizeof etag, "\"%.16s\"", hex);
    ay_reply_header(rq, "Cache-Control", "no-cache");
    if (!ay_reply_unchanged(rq, etag))
        status = ay_reply_bytes(rq, 200, mime, b, err);
    ay_buf_fini(b);
    return status;
}

ay_status ay_h_openapi(ay_request *rq, ay_err *err)
{
    json_t *doc = ay_openapi_json(ay_routes, ay_route_count);
    ay_buf text = {0};

    if (!doc || json_dump_callback(doc, add_to_buf, &text, JSON_INDENT(1))) {
        json_decref(doc);
        return ay_fail(err, AY_ENOMEM, "no memory for the document");
    }
    json_decref(doc);
    return reply_tagged(rq, "application/json", &text, err);
}

ay_status ay_h_docs(ay_request *rq, ay_err *err)
{
    ay_buf page = {0};

    ay_openapi_html(ay_routes, ay_route_count, &page);
    return reply_tagged(rq, "text/html; charset=utf-8", &page, err);
}

static ay_status asset(ay_request *rq, const char *mime, const char *begin, const char *end)
{
    ay_reply_static(rq, 200, mime, begin, (size_t)(end - begin));
    ay_reply_header(rq, "Cache-Control", "public, max-age=300");
    return AY_OK;
}

ay_status ay_h_docs_css(ay_request *rq, ay_err *err)
{
    (void)err;
    return asset(rq, "text/css; charset=utf-8", ay_http_docs_css, ay_http_docs_css_end);
}

ay_status ay_h_docs_js(ay_request *rq, ay_err *err)
{
    (void)err;
    return asset(rq, "text/javascript; charset=utf-8", ay_http_docs_js, ay_http_docs_js_end);
}

ay_status ay_h_plain_css(ay_request *rq, ay_err *err)
{
    (void)err;
    return asset(rq, "text/css; charset=utf-8", ay_http_plain_css, ay_http_plain_css_end);
}
