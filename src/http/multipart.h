/* http/multipart.h - multipart/form-data (RFC 7578) as it comes in, piece by piece.
 *
 * An own parser and not libmicrohttpd's post processor, because that one needs a live connection
 * (so it cannot be fuzzed or tested alone), cannot tell a body that was cut off from a whole one,
 * reports neither too long headers nor a missing boundary, and splits values at its own buffer's
 * size.  This one keeps no part in memory: it hands every byte on, at most once, in order.
 *
 * Invariants:
 *   I1  for every part: begin, data any number of times, end; parts never overlap.
 *   I2  data is called with n > 0 only, and its pieces joined are exactly the part's bytes.
 *   I3  how the body was cut into pieces for feeding changes nothing but how data is cut.
 *   I4  after a failure every further call fails with AY_EINVAL and calls nobody.
 *
 * Threads: one parser belongs to one thread at a time. */
#ifndef AY_HTTP_MULTIPART_H
#define AY_HTTP_MULTIPART_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { AY_MULTIPART_HEAD = 4096, AY_MULTIPART_BOUNDARY = 70, AY_MULTIPART_NAME = 256 };

typedef struct {
    char name[AY_MULTIPART_NAME];     /* the form field; "" when it has none */
    char filename[AY_MULTIPART_NAME]; /* base name only, valid UTF-8; "" when none or unreadable */
    char type[64];     /* media type in lower case without parameters; "" when none */
    bool has_filename; /* filename= was there, maybe empty */
} ay_part;

/* What the parser calls.  A status other than AY_OK ends the parse with it. */
typedef struct {
    ay_status (*begin)(void *ctx, const ay_part *part, ay_err *err);
    ay_status (*data)(void *ctx, const void *p, size_t n, ay_err *err);
    ay_status (*end)(void *ctx, ay_err *err);
} ay_multipart_sink;

typedef struct {
    const ay_multipart_sink *sink;
    void *ctx;
    char delim[AY_MULTIPART_BOUNDARY + 5]; /* CR LF - - boundary */
    size_t delim_len, matched;             /* bytes of delim seen just now */
    size_t phantom;                        /* of these, at the start, not bytes of this part */
    char head[AY_MULTIPART_HEAD];
    size_t head_len;
    int state, parts, max_parts;
} ay_multipart;

/* Take the boundary from a Content-Type header's value.  AY_EUNSUPPORTED: not multipart/form-data;
 * AY_EINVAL: no usable boundary. */
ay_status ay_multipart_init(ay_multipart *m, const char *content_type, int max_parts,
                            const ay_multipart_sink *sink, void *ctx, ay_err *err);
/* AY_EINVAL: malformed; AY_ELIMIT: headers too long or too many parts; or what the sink said. */
ay_status ay_multipart_feed(ay_multipart *m, const char *p, size_t n, ay_err *err);
/* The body is over.  AY_EINVAL when the closing boundary has not been seen. */
ay_status ay_multipart_finish(ay_multipart *m, ay_err *err);

/* The value of key in "word; key=value; key2=\"a \\\"b\"", into dst.  False when absent or longer
 * than cap.  Used for Content-Disposition and Content-Type. */
bool ay_header_param(const char *header, const char *key, char *dst, size_t cap);

#endif
