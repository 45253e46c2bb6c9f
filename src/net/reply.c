#include "net/parts.h"
#include "base/str.h"

#include <ctype.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void ay_fetch_reply_clear(ay_fetch_reply *reply)
{
    char url[AY_FETCH_URL];

    memcpy(url, reply->url, sizeof url);
    *reply = (ay_fetch_reply){.length = -1, .total = -1, .retry_after = -1};
    memcpy(reply->url, url, sizeof url);
}

/* Digits and nothing else, up to what a file can be. */
static bool read_count(const char *s, size_t n, int64_t *out)
{
    int64_t v = 0;

    if (n == 0 || n > 18)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i]))
            return false;
        v = v * 10 + (s[i] - '0');
    }
    *out = v;
    return true;
}

/* "bytes 100-199/200" or ".../ *". */
static bool read_range(ay_fetch_reply *r, const char *s)
{
    const char *dash, *slash;
    int64_t first, last;

    if (strncasecmp(s, "bytes ", 6) != 0)
        return false;
    s += 6;
    dash = strchr(s, '-');
    slash = strchr(s, '/');
    if (!dash || !slash || slash < dash || !read_count(s, (size_t)(dash - s), &first) ||
        !read_count(dash + 1, (size_t)(slash - dash - 1), &last) || last < first)
        return false;
    if (strcmp(slash + 1, "*") != 0 &&
        (!read_count(slash + 1, strlen(slash + 1), &r->total) || r->total <= last))
        return false;
    r->start = (uint64_t)first;
    return true;
}

static int read_retry(const char *value)
{
    long s;

    if (!ay_str_to_long(value, 0, 1L << 40, &s)) {
        time_t when = curl_getdate(value, NULL);
        if (when < 0)
            return -1;
        s = (long)(when - time(NULL));
    }
    return s < 0 ? 0 : s > 3600 ? 3600 : (int)s;
}

static void read_type(ay_fetch_reply *r, const char *value)
{
    size_t n = strcspn(value, "; \t");

    if (n >= sizeof r->type)
        return;
    for (size_t i = 0; i < n; i++)
        r->type[i] = (char)tolower((unsigned char)value[i]);
    r->type[n] = '\0';
}

static ay_status take(ay_fetch_reply *r, const ay_fetch_request *q, const char *name,
                      const char *value, ay_err *err)
{
    bool range = strcasecmp(name, "Content-Range") == 0;

    if (strcasecmp(name, "Content-Length") == 0 && !read_count(value, strlen(value), &r->length))
        return ay_fail(err, AY_ECORRUPT, "%s: the length '%.40s' is none", r->url, value);
    if (range && r->status == 206 && !read_range(r, value))
        return ay_fail(err, AY_ECORRUPT, "%s: the range '%.60s' is none", r->url, value);
    if (strcasecmp(name, "Retry-After") == 0)
        r->retry_after = read_retry(value);
    if (strcasecmp(name, "Content-Type") == 0)
        read_type(r, value);
    if (strcasecmp(name, "Location") == 0 && strlen(value) < sizeof r->location)
        memcpy(r->location, value, strlen(value) + 1);
    for (int i = 0; i < q->n_want; i++)
        if (strcasecmp(name, q->want[i]) == 0 && strlen(value) < AY_FETCH_VALUE)
            memcpy(r->want[i], value, strlen(value) + 1);
    return AY_OK;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200". */
static ay_status status_line(ay_fetch_reply *r, const char *line, ay_err *err)
{
    const char *space = strchr(line, ' ');

    ay_fetch_reply_clear(r);
    if (!space || !isdigit((unsigned char)space[1]) || !isdigit((unsigned char)space[2]) ||
        !isdigit((unsigned char)space[3]))
        return ay_fail(err, AY_ECORRUPT, "%s: the answer does not begin as HTTP does", r->url);
    r->status = (space[1] - '0') * 100 + (space[2] - '0') * 10 + (space[3] - '0');
    return AY_OK;
}

ay_status ay_fetch_reply_line(ay_fetch_reply *reply, const ay_fetch_request *request, const char *line,
                        size_t n, ay_err *err)
{
    char text[AY_FETCH_URL + 64], *colon;

    if (n >= sizeof text)
        return AY_OK; /* longer than any value that is wanted */
    memcpy(text, line, n);
    text[n] = '\0';
    if (strlen(text) != n)
        return ay_fail(err, AY_ECORRUPT, "%s: a header holds a NUL", reply->url);
    if (ay_str_starts(text, "HTTP/"))
        return status_line(reply, text, err);
    colon = strchr(text, ':');
    if (!colon)
        return AY_OK; /* the empty line */
    *colon = '\0';
    return take(reply, request, text, ay_str_trim(colon + 1), err);
}

void ay_fetch_reply_words(ay_fetch_reply *reply, const char *p, size_t n)
{
    size_t have = strlen(reply->words), room = sizeof reply->words - 1 - have;

    if (n > room)
        n = room;
    if (memchr(p, '\0', n))
        return;
    memcpy(reply->words + have, p, n);
    reply->words[have + n] = '\0';
}

/* {"error": "words"}, {"error": {"message": "words"}}, {"message": "words"}; NULL: none of these. */
static const char *error_of(const json_t *o)
{
    const json_t *e = json_object_get(o, "error");
    const char *s = json_string_value(json_object_get(e, "message"));

    if (!s)
        s = json_string_value(e);
    return s ? s : json_string_value(json_object_get(o, "message"));
}

void ay_fetch_reply_words_end(ay_fetch_reply *reply)
{
    char *w = reply->words, *trimmed;
    json_t *o = json_loads(w, 0, NULL);
    const char *s = error_of(o);

    if (s)
        snprintf(w, sizeof reply->words, "%s", s);
    json_decref(o);
    for (char *c = w; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    trimmed = ay_str_trim(w);
    memmove(w, trimmed, strlen(trimmed) + 1);
    /* A cut may have left a part of a character at the end. */
    for (int i = 0; i < 4 && *w && !ay_utf8_valid(w, strlen(w)); i++)
        w[strlen(w) - 1] = '\0';
    if (!ay_utf8_valid(w, strlen(w)) || *w == '<')
        *w = '\0';
}

ay_status ay_fetch_expect(const ay_fetch_reply *r, ay_err *err)
{
    const char *what = "an answer that was not expected";
    ay_status status = AY_EIO;

    if (r->status >= 200 && r->status < 300)
        return AY_OK;
    if (r->status == 401 || r->status == 403) {
        status = AY_ECONFLICT;
        what = r->status == 401 ? "a valid token is wanted" : "this is not allowed with this token";
    } else if (r->status == 404 || r->status == 410) {
        status = AY_ENOTFOUND;
        what = "there is no such thing there";
    } else if (r->status == 429) {
        status = AY_EBUSY;
        what = "too many requests";
    } else if (r->status >= 500) {
        status = AY_EBUSY;
        what = "the server has a problem of its own";
    } else if (r->status >= 300 && r->status < 400) {
        what = "a redirect, which is not followed here";
    }
    return ay_fail(err, status, "%.200s: %d, %s%s%.160s", r->url, r->status, what,
                   r->words[0] ? ": " : "", r->words);
}
