/* http/server.h - Assay over HTTP and HTTPS.
 *
 * One server answers the page, the /v1 routes, the seed system's routes and the documentation, all
 * from ONE table (http/routes.c).  Its threads:
 *
 *   caller                start, stop; nothing else runs on it
 *   2 I/O threads a port  (libmicrohttpd) read requests without ever blocking, send answers
 *   N workers             take whole requests from one bounded queue and call the service
 *   1 watcher             event streams, certificate renewal when the host's addresses change
 *
 * Where options name a folder, a socket in it (base/door.h) is one port more, for commands of the same user: what comes
 * there may name any folder that this process may read.
 *
 * So a slow client costs a socket and a buffer, never a worker; the engine sees many pictures at
 * once and batches them; a full queue answers 503 with Retry-After at once.
 *
 * States: RUNNING --ay_server_stop--> DRAINING --last request answered or time is up--> STOPPED.
 *   I1  in DRAINING no new connection is accepted; requests that have begun are answered.
 *   I2  every accepted request is answered exactly once or its connection is closed.
 *   I3  the service is not called after ay_server_stop() has returned.
 *
 * ay_server_start/_stop: one thread.  The getters: any thread, while the server lives. */
#ifndef AY_HTTP_SERVER_H
#define AY_HTTP_SERVER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ay_service ay_service;
typedef struct ay_server ay_server;

typedef struct {
    ay_service *service; /* not owned; outlives the server */
    const char *bind;    /* address to listen on; NULL: "127.0.0.1", with lan: all interfaces */
    int port;            /* 0: a free one (see ay_server_port) */
    const char *door;    /* folder for a socket that only the same user can use; NULL: none.  Its lock is the caller's. */

    /* HTTPS.  lan: the own certificate authority, kept in tls_dir, signs a certificate for this
     * host's names and addresses; port then speaks HTTPS and plain_port HTTP.  Or bring a
     * certificate: cert_file and key_file (PEM), which also makes port speak HTTPS. */
    bool lan;
    int plain_port;        /* with HTTPS: plain HTTP here; 0: a free one, -1: none */
    const char *tls_dir;   /* folder for the authority's key; needed with lan */
    const char *cert_file; /* NULL: none */
    const char *key_file;

    /* Who may talk to us.  The Host header must be an IP address, localhost, this host's name or
     * one of these (comma-separated; "*" allows any): the guard against DNS rebinding. */
    const char *allow_hosts;
    const char *cors;  /* origin that may call from other sites, or "*"; NULL: none */
    bool behind_proxy; /* a TLS proxy is in front: treat every request as secure */

    /* Limits; 0 takes the default in brackets. */
    size_t max_file;      /* bytes of one picture [20 MB]; give the service the same */
    uint64_t max_pixels;  /* told to clients; the service enforces its own [50 million] */
    size_t max_request;   /* bytes of one request's body [256 MB] */
    size_t max_in_flight; /* bytes of all bodies in memory [768 MB]; beyond: 503 */
    int max_queue;        /* requests waiting for a worker [128]; beyond: 503 */
    int workers;          /* [twice the engine's batch, at least 8] */
    int max_connections;  /* [512] of which one address may hold half */
    int idle_seconds;     /* a silent connection is closed after [30] */
} ay_server_options;

/* Listen and serve until ay_server_stop().  AY_EIO: the port is taken, or not ours to open;
 * AY_EINVAL: options contradict each other. */
ay_status ay_server_start(ay_server **out, const ay_server_options *options, ay_err *err);

/* Stop accepting, finish what was accepted (at most drain_ms milliseconds), close, free.  NULL is
 * fine.  AY_ECANCELLED when time ran out with requests unanswered: they were closed. */
ay_status ay_server_stop(ay_server *s, long drain_ms, ay_err *err);

int ay_server_port(const ay_server *s);       /* the bound one */
int ay_server_plain_port(const ay_server *s); /* 0: none */
bool ay_server_secure(const ay_server *s);    /* does port speak HTTPS? */

/* The addresses to open, best first, one a line: "http://127.0.0.1:8080/", with lan
 * "https://192.168.1.7:8443/".  Appended to out. */
void ay_server_urls(const ay_server *s, ay_buf *out);
/* The one to put in the QR code: the best address another machine can reach; "" when none can. */
void ay_server_phone_url(const ay_server *s, char *dst, size_t cap);
/* SHA-256 of the authority's certificate, "AB:CD:...", for people to compare; "" without lan. */
void ay_server_fingerprint(const ay_server *s, char *dst, size_t cap);

#endif
