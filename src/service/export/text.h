/* service/export/text.h - text that is written as it is made: counted, digested, or handed on.
 *
 * In a tar the size of a file stands before its bytes.  A list of 100,000 pictures is made twice, once to be counted and once to be
 * written, instead of being held in memory or in a file beside.
 *
 * Failures are kept: whoever writes looks once, at the end (ay_export_text_end()).  Threads: one at a time. */
#ifndef AY_SERVICE_EXPORT_TEXT_H
#define AY_SERVICE_EXPORT_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

typedef ay_status (*ay_export_take)(void *ctx, const void *bytes, size_t n, ay_err *err);

typedef struct {
    ay_export_take take; /* NULL: only count */
    void *ctx;
    ay_buf waiting;
    ay_sha256 digest;
    int64_t bytes;
    ay_status status;
    ay_err err;
} ay_export_text;

void ay_export_text_begin(ay_export_text *t, ay_export_take take, void *ctx);
void ay_export_puts(ay_export_text *t, const char *s);
void ay_export_printf(ay_export_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* s as a JSON string, with its quotation marks; not UTF-8 becomes U+FFFD. */
void ay_export_json(ay_export_text *t, const char *s);
/* "2026-01-31T12:00:00Z", with microseconds where there are any; as JSON, null for 0. */
void ay_export_json_time(ay_export_text *t, int64_t us);
void ay_export_time(char *dst, size_t cap, int64_t us);
/* The reverse, also for a day and for a time without Z; false: no time. */
bool ay_export_read_time(const char *text, int64_t *us);
/* Hand on the rest; hex (may be NULL) gets the digest of all of it. */
ay_status ay_export_text_end(ay_export_text *t, char hex[AY_SHA256_HEX], ay_err *err);

#endif
