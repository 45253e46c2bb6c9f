/* http/body.h - a request's body as it comes in: raw picture, form, JSON; every limit while
 * reading.
 *
 * What the bytes mean is decided by the route (what it takes) and the Content-Type.  A body that
 * breaks a limit or a rule is from then on read and thrown away, and the request is answered with
 * the failure once it has all come in: closing at once would make the kernel reset the connection,
 * and a browser would show "connection reset" instead of our sentence.
 *
 * Threads: the I/O thread of the connection. */
#ifndef AY_HTTP_BODY_H
#define AY_HTTP_BODY_H

#include "http/multipart.h"
#include "http/router.h"

#include <stdint.h>

typedef struct {
    size_t max_file, max_request;
} ay_body_limits;

typedef struct {
    ay_request *rq;
    ay_body_limits limits;
    int mode;
    uint64_t seen;    /* bytes that came in */
    size_t kept;      /* of these, held in memory */
    ay_status failed; /* with err */
    ay_err err;
    ay_multipart form;
    ay_part part; /* the one being read */
    ay_buf field; /* its value, when it is not a file */
    bool is_file;
} ay_body;

void ay_body_begin(ay_body *b, ay_request *rq, const ay_body_limits *limits);
void ay_body_feed(ay_body *b, const char *p, size_t n);
void ay_body_end(ay_body *b); /* parses what had to be whole; sets failed */
void ay_body_fini(ay_body *b);
/* Remember a failure, unless there is one, and drop what was kept. */
void ay_body_refuse(ay_body *b, ay_status status, const char *detail);

#endif
