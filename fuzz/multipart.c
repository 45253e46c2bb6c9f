/* fuzz/multipart.c - the form parser against arbitrary bytes: the first line is the Content-Type, the
 * rest the body, fed whole and then in pieces; both must say the same. */
#include "base/hash.h"
#include "http/multipart.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    ay_sha256 sum; /* of everything that was handed out */
    int open;
} sink_state;

static ay_status begin(void *ctx, const ay_part *part, ay_err *err)
{
    sink_state *s = ctx;

    (void)err;
    if (s->open++)
        abort(); /* parts overlap */
    ay_sha256_add(&s->sum, part->name, strlen(part->name) + 1);
    ay_sha256_add(&s->sum, part->filename, strlen(part->filename) + 1);
    ay_sha256_add(&s->sum, part->type, strlen(part->type) + 1);
    return AY_OK;
}

static ay_status data(void *ctx, const void *p, size_t n, ay_err *err)
{
    sink_state *s = ctx;

    (void)err;
    if (s->open != 1 || n == 0)
        abort();
    ay_sha256_add(&s->sum, p, n);
    return AY_OK;
}

static ay_status end(void *ctx, ay_err *err)
{
    (void)err;
    if (--((sink_state *)ctx)->open)
        abort();
    return AY_OK;
}

static ay_status parse(const char *type, const char *body, size_t n, size_t step,
                       char hex[AY_SHA256_HEX])
{
    static const ay_multipart_sink sink = {begin, data, end};
    static ay_multipart m;
    sink_state s = {.open = 0};
    ay_err err;
    ay_status status = ay_multipart_init(&m, type, 100, &sink, &s, &err);

    ay_sha256_init(&s.sum);
    for (size_t i = 0; i < n && !status; i += step)
        status = ay_multipart_feed(&m, body + i, n - i < step ? n - i : step, &err);
    if (!status)
        status = ay_multipart_finish(&m, &err);
    ay_sha256_hex(&s.sum, hex);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const uint8_t *nl = memchr(bytes, '\n', n);
    char type[256], a[AY_SHA256_HEX], b[AY_SHA256_HEX];
    size_t len = nl ? (size_t)(nl - bytes) : 0;

    if (!nl || len >= sizeof type)
        return 0;
    memcpy(type, bytes, len);
    type[len] = '\0';
    const char *body = (const char *)nl + 1;
    n -= len + 1;
    ay_status whole = parse(type, body, n, n ? n : 1, a);
    ay_status cut = parse(type, body, n, 1 + len % 7, b);
    if (whole != cut || (whole == AY_OK && strcmp(a, b) != 0))
        abort();
    return 0;
}
