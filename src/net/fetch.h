/* net/fetch.h - one HTTP request to another machine, with a bound on everything.
 *
 * A thin layer over libcurl for the two things this program asks of a network: files of models, and
 * answers of a language model.  Neither server is trusted: size, time, speed, length of headers and number
 * of redirects are limited, an address is http or https and nothing else, a redirect from https to http is
 * refused, and a token goes to the origin (scheme, host, port) that it was given for and to no other.
 *
 * Redirects are followed here and not by libcurl, because each of those rules is about the next hop.
 * Compression is never asked for: lengths, ranges and digests are those of the bytes themselves.
 * Proxy (https_proxy, http_proxy, all_proxy, no_proxy) and certificates (SSL_CERT_FILE, SSL_CERT_DIR,
 * CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE) come from the environment.
 *
 * Rejected: a pool of connections (the callers make few requests, each of them long), and retries (only
 * the caller knows whether a request may be made twice).
 *
 * Threads: any; a request and its reply belong to one thread, cancel may be set by another. */
#ifndef AY_NET_FETCH_H
#define AY_NET_FETCH_H

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    AY_FETCH_HEADERS = 8,    /* at most this many headers in and wanted back */
    AY_FETCH_VALUE = 512,    /* room for a header's value with its NUL; a longer one counts as absent */
    AY_FETCH_URL = 4096,     /* room for an address */
    AY_FETCH_WORDS = 1024    /* how much of a refusal's body is kept */
};

typedef enum {
    AY_FETCH_FOLLOW = 0, /* anywhere that the rules above allow, ten times at most */
    AY_FETCH_SAME_HOST,  /* within the host; a redirect to another is the reply */
    AY_FETCH_STAY        /* every redirect is the reply; always so for POST */
} ay_fetch_redirects;

typedef struct {
    const char *name, *value; /* no control characters */
} ay_fetch_header;

typedef struct {
    int status;              /* 200, 206, 404 ... of the last answer */
    char url[AY_FETCH_URL];  /* that gave it */
    uint64_t start;          /* where in the resource the body's first byte lies: 206, else 0 */
    int64_t length;          /* of the body as announced; -1: not announced */
    int64_t total;           /* of the whole resource as announced; -1: not announced */
    int retry_after;         /* seconds, at most 3600; -1: not said */
    bool timed_out;          /* the call failed because it was too slow */
    char type[128];          /* Content-Type without parameters, lower case; "" when absent */
    char location[AY_FETCH_URL]; /* of a redirect that was not followed; absolute */
    char want[AY_FETCH_HEADERS][AY_FETCH_VALUE]; /* values of request.want, "" where absent */
    char words[AY_FETCH_WORDS];  /* start of the body when the status is not 2xx; printable UTF-8 */
} ay_fetch_reply;

typedef struct {
    const char *url;
    const char *method; /* NULL: GET, or POST when there is a body; "HEAD", "DELETE" */
    const char *door;   /* path of a Unix socket that is connected to instead of url's host; NULL: none */
    const char *bearer; /* a token for the origin of url; NULL: none */
    const ay_fetch_header *headers;
    int n_headers;
    const char *const *want; /* names of headers wanted back */
    int n_want;
    const void *body; /* of a POST */
    size_t body_size;
    const char *content_type; /* of the body; NULL: application/json */
    uint64_t resume_from;     /* ask for the bytes from here on; see reply.start for what comes */
    ay_fetch_redirects redirects;
    int connect_ms;      /* per connection; 0: 15,000 */
    int timeout_ms;      /* for everything; 0: none, the low speed is the bound */
    int low_speed;       /* bytes a second; 0: 1 */
    int low_speed_s;     /* give up when slower for so long; 0: 60 */
    uint64_t max_bytes;  /* of body; 0: 1 MiB, so that nobody forgets */
    /* Both may be NULL; a status other than AY_OK ends the transfer with it.  begin: once, when the last
     * answer's headers are in and the status is 2xx.  sink: every piece of its body, in order. */
    ay_status (*begin)(void *ctx, const ay_fetch_reply *reply, ay_err *err);
    ay_status (*sink)(void *ctx, const void *p, size_t n, ay_err *err);
    void *ctx;
    const atomic_bool *cancel; /* looked at about once a second at least; NULL: none */
} ay_fetch_request;

/* Make the request and wait for the end of the answer.  AY_OK: an answer came whole, whatever its status.
 *   AY_EINVAL     the request breaks the rules above (address, header)
 *   AY_EIO        no connection, or it broke; reply->timed_out: it was too slow
 *   AY_ECORRUPT   the answer is not proper HTTP, or not the range that was asked for
 *   AY_ELIMIT     body, headers or redirects over the limit
 *   AY_EUNSUPPORTED  a redirect to somewhere we do not go
 *   AY_ECANCELLED
 * reply is filled in as far as it came; it is the caller's. */
ay_status ay_fetch(const ay_fetch_request *request, ay_fetch_reply *reply, ay_err *err);

/* The same with the body of a 2xx answer appended to out; sink, begin and ctx of request are not used. */
ay_status ay_fetch_text(const ay_fetch_request *request, ay_buf *out, ay_fetch_reply *reply, ay_err *err);

/* A status in words for people, as an error: 401 and 403 AY_ECONFLICT, 404 and 410 AY_ENOTFOUND, 429 and
 * 5xx AY_EBUSY, 2xx AY_OK, others AY_EIO.  The server's own words follow where it sent some. */
ay_status ay_fetch_expect(const ay_fetch_reply *reply, ay_err *err);

/* Is s an address that ay_fetch() would take: http or https, a host, no user name, no control character? */
bool ay_fetch_url_valid(const char *s);

#endif
