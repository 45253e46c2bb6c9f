/* service/export/text.c - see text.h. */
#include "service/export/text.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PIECE = 1 << 16 };

void ay_export_text_begin(ay_export_text *t, ay_export_take take, void *ctx)
{
    *t = (ay_export_text){.take = take, .ctx = ctx};
    ay_sha256_init(&t->digest);
}

static void hand_on(ay_export_text *t)
{
    if (t->waiting.failed && !t->status)
        t->status = ay_fail(&t->err, AY_ENOMEM, "writing a list of pictures");
    if (!t->status && t->waiting.len > 0) {
        ay_sha256_add(&t->digest, t->waiting.data, t->waiting.len);
        t->bytes += (int64_t)t->waiting.len;
        if (t->take)
            t->status = t->take(t->ctx, t->waiting.data, t->waiting.len, &t->err);
    }
    t->waiting.len = 0;
}

void ay_export_puts(ay_export_text *t, const char *s)
{
    ay_buf_puts(&t->waiting, s);
    if (t->waiting.len >= PIECE)
        hand_on(t);
}

void ay_export_printf(ay_export_text *t, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ay_export_puts(t, text);
}

/* Bytes of the UTF-8 character at s; 0: none. */
static size_t character(const char *s)
{
    for (size_t n = 1; n <= 4 && (n == 1 || s[n - 1]); n++)
        if (ay_utf8_valid(s, n))
            return n;
    return 0;
}

void ay_export_json(ay_export_text *t, const char *s)
{
    ay_buf *b = &t->waiting;

    ay_buf_putc(b, '"');
    while (*s) {
        unsigned char c = (unsigned char)*s;
        size_t n = c < 0x80 ? 1 : character(s);
        if (c == '"' || c == '\\')
            ay_buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            ay_buf_printf(b, "\\u%04x", c);
        else if (n == 0)
            ay_buf_puts(b, "\\ufffd");
        else
            ay_buf_add(b, s, n);
        s += n ? n : 1;
    }
    ay_export_puts(t, "\"");
}

void ay_export_time(char *dst, size_t cap, int64_t us)
{
    char text[AY_RFC3339_SIZE];
    int64_t part = us % 1000000;

    ay_clock_rfc3339(text, us);
    if (part > 0 && us > 0)
        snprintf(dst, cap, "%.19s.%06dZ", text, (int)part);
    else
        snprintf(dst, cap, "%s", text);
}

void ay_export_json_time(ay_export_text *t, int64_t us)
{
    char text[48];

    ay_export_time(text, sizeof text, us);
    if (us)
        ay_export_json(t, text);
    else
        ay_export_puts(t, "null");
}

bool ay_export_read_time(const char *text, int64_t *us)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    int64_t part = 0;

    if (end && (*end == 'T' || *end == ' '))
        end = strptime(end + 1, "%H:%M:%S", &tm);
    if (end && *end == '.' && end[1] >= '0' && end[1] <= '9') {
        int64_t worth = 100000;
        for (end++; *end >= '0' && *end <= '9'; end++, worth /= 10)
            part += (*end - '0') * worth;
    }
    if (!end || (*end && strcmp(end, "Z") != 0))
        return false;
    *us = (int64_t)timegm(&tm) * 1000000 + part;
    return *us > 0;
}

ay_status ay_export_text_end(ay_export_text *t, char hex[AY_SHA256_HEX], ay_err *err)
{
    hand_on(t);
    ay_buf_fini(&t->waiting);
    if (hex)
        ay_sha256_hex(&t->digest, hex);
    if (t->status && err)
        *err = t->err;
    return t->status;
}
