/* http/router.h - which handler answers a method and a path.
 *
 * A path template is segments joined by '/'; "{name}" takes one non-empty segment, percent-decoded.
 * Fixed segments win over {names} when both match.  Nothing here knows a server: it is a pure
 * question about the table, asked in one pass over some eighty rows (about a microsecond; a trie
 * was rejected as more code than gain).  Threads: any. */
#ifndef AY_HTTP_ROUTER_H
#define AY_HTTP_ROUTER_H

#include "http/request.h"

typedef ay_status ay_handler(ay_request *rq, ay_err *err);

typedef enum {
    AY_BODY_NONE,     /* a body is read and ignored */
    AY_BODY_PICTURE,  /* one picture: raw, or a file part of a multipart form */
    AY_BODY_PICTURES, /* any number of them */
    AY_BODY_RAW,      /* one picture, raw only */
    AY_BODY_JSON,     /* JSON; form fields are taken for its strings */
    AY_BODY_FORM      /* form fields; JSON is taken for them */
} ay_body_kind;

enum {
    AY_ROUTE_INLINE = 1, /* never waits: answered on the I/O thread, also when the queue is full */
    AY_ROUTE_QUIET = 2,  /* logged at debug level */
    AY_ROUTE_HIDDEN = 4, /* not part of the described interface (pages and their files) */
    AY_ROUTE_LONG = 8    /* its text may be 8 MB: the digests of a hundred thousand pictures */
};

/* One row of the table.  Strings are static.
 *   query    names of parameters described in http/params.c, e.g. "dataset class"
 *   request  schema of a JSON body, or of the form
 *   replies  "200:ImageList 404": a status with its schema, or its media type where the word holds
 *            a '/'; a bare error status is a Problem */
struct ay_route {
    const char *method, *path;
    ay_handler *run;
    unsigned flags;
    ay_body_kind body;
    const char *tag, *id, *summary;
    const char *query, *request, *replies;
};

typedef struct {
    const ay_route *route;          /* NULL: none matched */
    const char *seg[AY_ROUTE_ARGS]; /* the {names}, still encoded, into path */
    size_t seg_len[AY_ROUTE_ARGS];
    bool known_path; /* the path exists with another method */
    char allow[64];  /* then: "GET, HEAD, POST" */
} ay_match;

/* method "HEAD" matches "GET" rows. */
void ay_route_match(const ay_route *routes, size_t n, const char *method, const char *path,
                    ay_match *out);

/* Percent-decode src[0..n) into dst (n + 1 bytes are enough).  plus: '+' means a space.  AY_EINVAL:
 * a broken escape, a NUL, or not UTF-8. */
ay_status ay_percent_decode(char *dst, const char *src, size_t n, bool plus, ay_err *err);

#endif
