#include "net/fetch.h"
#include "base/clock.h"
#include "net/parts.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    HOPS = 10,
    HEADER_BYTES = 64 << 10, /* of one answer */
    IDLE_BODY = 1 << 20,     /* of a redirect or a refusal, read and thrown away */
    CONNECT_MS = 15000,
    LOW_SPEED_S = 60,
    MAX_BYTES = 1 << 20
};

/* One hop of one request. */
typedef struct {
    const ay_fetch_request *request;
    ay_fetch_reply *reply;
    ay_err *err;
    ay_status status; /* of a callback that ended the transfer */
    size_t header_bytes;
    uint64_t got;
    bool follow; /* the answer is a redirect that will be followed */
    bool begun;
} hop;

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_good(int status)
{
    return status >= 200 && status < 300;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *x = NULL, *y = NULL;
    bool same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK && strcasecmp(x, y) == 0;

    curl_free(x);
    curl_free(y);
    return same;
}

static bool scheme_is(CURLU *u, const char *scheme)
{
    char *s = NULL;
    bool is = curl_url_get(u, CURLUPART_SCHEME, &s, 0) == CURLUE_OK && strcasecmp(s, scheme) == 0;

    curl_free(s);
    return is;
}

/* Read an address, for a redirect on top of the one that u holds. */
static bool read_url(CURLU *u, const char *s, unsigned flags)
{
    for (const char *c = s; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return false;
    return strlen(s) < AY_FETCH_URL &&
           curl_url_set(u, CURLUPART_URL, s, CURLU_DISALLOW_USER | flags) == CURLUE_OK &&
           (scheme_is(u, "http") || scheme_is(u, "https"));
}

bool ay_fetch_url_valid(const char *s)
{
    CURLU *u = curl_url();
    bool ok = u && (strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "https://", 8) == 0) &&
              read_url(u, s, 0);

    curl_url_cleanup(u);
    return ok;
}

static size_t stop(hop *h, ay_status status)
{
    h->status = status;
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
    hop *h = ctx;
    size_t n = size * count;
    ay_status status;

    h->header_bytes += n;
    if (h->header_bytes > HEADER_BYTES)
        return stop(h, ay_fail(h->err, AY_ELIMIT, "%.300s: the answer has more than %d bytes of headers",
                               h->reply->url, HEADER_BYTES));
    status = ay_fetch_reply_line(h->reply, h->request, line, n, h->err);
    return status == AY_OK ? n : stop(h, status);
}

/* The headers are in: is this what was asked for? */
static ay_status check_answer(hop *h)
{
    const ay_fetch_request *q = h->request;
    ay_fetch_reply *r = h->reply;
    uint64_t most = q->max_bytes ? q->max_bytes : MAX_BYTES;
    bool head = q->method && strcmp(q->method, "HEAD") == 0;
    ay_status status;

    if (r->total < 0 && r->status == 200)
        r->total = r->length;
    if (r->status == 206 && r->start != q->resume_from)
        return ay_fail(h->err, AY_ECORRUPT, "%.300s: asked for the bytes from %llu, it sends those from %llu",
                       r->url, (unsigned long long)q->resume_from, (unsigned long long)r->start);
    status = q->begin ? q->begin(q->ctx, r, h->err) : AY_OK; /* what it knows of the length says more */
    if (status == AY_OK && !head && r->length >= 0 && (uint64_t)r->length > most)
        return ay_fail(h->err, AY_ELIMIT, "%.300s: the answer has %lld bytes, more than the %llu allowed",
                       r->url, (long long)r->length, (unsigned long long)most);
    return status;
}

static ay_status begin(hop *h)
{
    if (h->begun || !is_good(h->reply->status))
        return AY_OK;
    h->begun = true;
    return check_answer(h);
}

static size_t on_body(char *p, size_t size, size_t count, void *ctx)
{
    hop *h = ctx;
    const ay_fetch_request *q = h->request;
    uint64_t most = q->max_bytes ? q->max_bytes : MAX_BYTES;
    size_t n = size * count;
    ay_status status = begin(h);

    h->got += n;
    if (status != AY_OK)
        return stop(h, status);
    if (!is_good(h->reply->status)) {
        ay_fetch_reply_words(h->reply, p, n);
        return h->got <= IDLE_BODY ? n
                                   : stop(h, ay_fail(h->err, AY_ELIMIT, "%.300s: %d with an endless body",
                                                     h->reply->url, h->reply->status));
    }
    if (h->got > most)
        return stop(h, ay_fail(h->err, AY_ELIMIT, "%.300s: the answer has more than the %llu bytes allowed",
                               h->reply->url, (unsigned long long)most));
    status = q->sink ? q->sink(q->ctx, p, n, h->err) : AY_OK;
    return status == AY_OK ? n : stop(h, status);
}

static int on_tick(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    hop *h = ctx;

    (void)a, (void)b, (void)c, (void)d;
    return h->request->cancel && atomic_load(h->request->cancel);
}

static ay_status translate(const hop *h, CURLcode code, const char *detail)
{
    ay_err *err = h->err;
    const char *url = h->reply->url, *words = *detail ? detail : curl_easy_strerror(code);

    switch (code) {
    case CURLE_OK:
        return AY_OK;
    case CURLE_ABORTED_BY_CALLBACK:
        return ay_fail(err, AY_ECANCELLED, "cancelled");
    case CURLE_OPERATION_TIMEDOUT:
        h->reply->timed_out = true;
        return ay_fail(err, AY_EIO, "%.250s: too slow: %s", url, words);
    case CURLE_OUT_OF_MEMORY: /* libcurl says the same of one header over 100 kB */
        return ay_fail(err, h->header_bytes ? AY_ELIMIT : AY_ENOMEM,
                       "%.250s: memory was refused, or a header is endless", url);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return ay_fail(err, AY_ECORRUPT, "%.250s: not a proper HTTP answer: %s", url, words);
    case CURLE_PEER_FAILED_VERIFICATION:
        return ay_fail(err, AY_EIO, "%.250s: its certificate is not trusted (%s); a certificate authority "
                       "of your own goes into SSL_CERT_FILE", url, words);
    default:
        return ay_fail(err, AY_EIO, "%.250s: %s", url, words);
    }
}

/* libcurl does not look at these by itself; the command line tool of the same name does. */
static void trust(CURL *c)
{
    static const char *const files[] = {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"};
    const char *dir = getenv("SSL_CERT_DIR");

    for (int i = 0; i < 3; i++) {
        const char *file = getenv(files[i]);
        if (file && *file) {
            curl_easy_setopt(c, CURLOPT_CAINFO, file);
            break;
        }
    }
    if (dir && *dir)
        curl_easy_setopt(c, CURLOPT_CAPATH, dir);
}

static bool clean(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            return false;
    return true;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[AY_FETCH_URL];
    struct curl_slist *longer;

    if (!clean(name) || !clean(value) ||
        snprintf(line, sizeof line, "%s: %s", name, value) >= (int)sizeof line)
        return false;
    longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static ay_status headers_of(const ay_fetch_request *q, bool token, struct curl_slist **list, ay_err *err)
{
    char bearer[AY_FETCH_VALUE];
    bool ok = add_header(list, "Accept-Encoding", "identity");

    if (q->body)
        ok = ok && add_header(list, "Content-Type", q->content_type ? q->content_type : "application/json") &&
             add_header(list, "Expect", "");
    for (int i = 0; i < q->n_headers; i++)
        ok = ok && add_header(list, q->headers[i].name, q->headers[i].value);
    if (!ok)
        return ay_fail(err, AY_EINVAL, "a header of the request is too long or has control characters");
    if (!token || !q->bearer)
        return AY_OK;
    if (snprintf(bearer, sizeof bearer, "Bearer %s", q->bearer) >= (int)sizeof bearer ||
        !add_header(list, "Authorization", bearer))
        return ay_fail(err, AY_EINVAL, "the token is too long or has characters that no token has");
    return AY_OK;
}

static void what_to_send(CURL *c, const ay_fetch_request *q)
{
    char range[32];

    if (q->body) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_size);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
    }
    if (q->method && strcmp(q->method, "HEAD") == 0)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    else if (q->method)
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
    if (q->door) {
        curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, q->door);
        curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    }
    if (q->resume_from) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)q->resume_from);
        curl_easy_setopt(c, CURLOPT_RANGE, range);
    }
}

static void bounds(CURL *c, const ay_fetch_request *q, long left_ms)
{
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(q->connect_ms ? q->connect_ms : CONNECT_MS));
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left_ms);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)(q->low_speed ? q->low_speed : 1));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(q->low_speed_s ? q->low_speed_s : LOW_SPEED_S));
    curl_easy_setopt(c, CURLOPT_USERAGENT, "assay/" AY_VERSION);
    trust(c);
}

static ay_status one_hop(hop *h, bool token, long left_ms)
{
    char detail[CURL_ERROR_SIZE] = "";
    struct curl_slist *list = NULL;
    CURL *c = curl_easy_init();
    CURLcode code;
    ay_status status = c ? headers_of(h->request, token, &list, h->err)
                         : ay_fail(h->err, AY_ENOMEM, "starting a transfer");

    if (status == AY_OK) {
        bounds(c, h->request, left_ms);
        what_to_send(c, h->request);
        curl_easy_setopt(c, CURLOPT_URL, h->reply->url);
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
        curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
        curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
        curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
        curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
        code = curl_easy_perform(c);
        status = h->status != AY_OK ? h->status : translate(h, code, detail);
    }
    curl_slist_free_all(list);
    curl_easy_cleanup(c);
    return status == AY_OK ? begin(h) : status; /* an empty body never came to on_body() */
}

/* From http on one port to https on another is still the same host. */
static bool same_host(CURLU *a, CURLU *b)
{
    return same_part(a, b, CURLUPART_HOST) &&
           (same_part(a, b, CURLUPART_PORT) || (scheme_is(a, "http") && scheme_is(b, "https")));
}

/* Make reply->location absolute in next and say whether to go there. */
static ay_status next_url(const ay_fetch_request *q, ay_fetch_reply *r, CURLU *now, CURLU *next,
                          bool *go, ay_err *err)
{
    char *whole = NULL;

    *go = false;
    if (!is_redirect(r->status) || !r->location[0])
        return AY_OK;
    if (!read_url(next, r->url, 0) || !read_url(next, r->location, CURLU_URLENCODE) ||
        curl_url_get(next, CURLUPART_URL, &whole, 0) != CURLUE_OK || strlen(whole) >= AY_FETCH_URL) {
        curl_free(whole);
        return ay_fail(err, AY_EUNSUPPORTED, "%.200s redirects to '%.200s', which is not followed", r->url,
                       clean(r->location) ? r->location : "?");
    }
    snprintf(r->location, sizeof r->location, "%s", whole);
    curl_free(whole);
    *go = !q->body && (q->redirects == AY_FETCH_FOLLOW ||
                       (q->redirects == AY_FETCH_SAME_HOST && same_host(now, next)));
    if (*go && scheme_is(now, "https") && !scheme_is(next, "https"))
        return ay_fail(err, AY_EUNSUPPORTED, "%.200s redirects from https to http, which is refused", r->url);
    return AY_OK;
}

static bool same_origin(CURLU *a, CURLU *b)
{
    return same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) &&
           same_part(a, b, CURLUPART_PORT);
}

static ay_status hops(const ay_fetch_request *q, ay_fetch_reply *r, CURLU *now, CURLU *next, ay_err *err)
{
    uint64_t start = ay_clock_mono();
    bool token = true, go = false;

    if (!ay_fetch_url_valid(q->url) || !read_url(now, q->url, 0))
        return ay_fail(err, AY_EINVAL, "'%.200s' is not an http or https address", clean(q->url) ? q->url : "?");
    for (int i = 0; i <= HOPS; i++) {
        hop h = {.request = q, .reply = r, .err = err};
        long left = q->timeout_ms;
        ay_status status;

        ay_fetch_reply_clear(r);
        if (left) {
            left -= (long)((ay_clock_mono() - start) / 1000000);
            left = left < 1 ? 1 : left;
        }
        status = one_hop(&h, token, left);
        if (status == AY_OK)
            status = next_url(q, r, now, next, &go, err);
        if (status != AY_OK || !go)
            return status;
        token = token && same_origin(now, next); /* once gone, gone for good */
        snprintf(r->url, sizeof r->url, "%s", r->location);
        read_url(now, r->url, 0);
    }
    return ay_fail(err, AY_ELIMIT, "%.200s: more than %d redirects in a row", q->url, HOPS);
}

ay_status ay_fetch(const ay_fetch_request *request, ay_fetch_reply *reply, ay_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CURLU *now, *next;
    ay_status status;

    *reply = (ay_fetch_reply){.length = -1, .total = -1, .retry_after = -1};
    pthread_once(&once, start_curl);
    if (request->n_headers > AY_FETCH_HEADERS || request->n_want > AY_FETCH_HEADERS)
        return ay_fail(err, AY_EINVAL, "more than %d headers", AY_FETCH_HEADERS);
    snprintf(reply->url, sizeof reply->url, "%s", request->url);
    now = curl_url();
    next = curl_url();
    status = now && next ? hops(request, reply, now, next, err)
                         : ay_fail(err, AY_ENOMEM, "starting a transfer");
    curl_url_cleanup(now);
    curl_url_cleanup(next);
    ay_fetch_reply_words_end(reply);
    return status;
}

static ay_status append(void *ctx, const void *p, size_t n, ay_err *err)
{
    ay_buf *out = ctx;

    ay_buf_add(out, p, n);
    return out->failed ? ay_fail(err, AY_ENOMEM, "keeping the answer") : AY_OK;
}

ay_status ay_fetch_text(const ay_fetch_request *request, ay_buf *out, ay_fetch_reply *reply, ay_err *err)
{
    ay_fetch_request r = *request;

    r.begin = NULL;
    r.sink = append;
    r.ctx = out;
    return ay_fetch(&r, reply, err);
}
