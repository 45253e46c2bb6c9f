/* http/impl.h - what the files of the server share; no other folder includes it.
 *
 *   server.c  options, sockets, threads, drain          call.c    one request's way through
 *   send.c    a reply becomes a libmicrohttpd response  events.c  server-sent events
 *   stream.c  answers that are made while they are sent
 *   metrics.c counters                                  trouble.c what failed, for the log
 *
 * An ay_call is a request together with its connection.  Its states:
 *
 *   READING --whole--> QUEUED --worker--> DONE --response queued--> SENT --completed--> freed
 *        \--whole, inline or refused------^
 *
 *   C1  only the I/O thread moves READING and DONE; only a worker moves QUEUED to DONE.
 *   C2  the connection is suspended exactly while QUEUED.
 *   C3  freed only in on_completed(), which libmicrohttpd never calls while suspended. */
#ifndef AY_HTTP_IMPL_H
#define AY_HTTP_IMPL_H

#include "http/body.h"
#include "http/gate.h"
#include "http/metrics.h"
#include "http/server.h"
#include "http/trouble.h"

#include "base/door.h"
#include "base/queue.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct ay_events ay_events;
typedef struct ay_streams ay_streams;
typedef struct ay_tls ay_tls;

enum { AY_MAIN_PORT, AY_PLAIN_PORT, AY_LOCAL_PORT, AY_PORTS }; /* local: a socket in the data folder */

typedef struct {
    ay_server *server;
    struct MHD_Daemon *daemon; /* NULL: not in use */
    int fd, port;
    bool tls, local;
} ay_listener;

struct ay_server {
    ay_server_options o; /* defaults filled in; strings owned by arena */
    ay_arena arena;
    ay_listener listen[AY_PORTS];
    ay_door door; /* of the local one */
    ay_queue *queue;
    pthread_t *workers;
    int worker_count;
    ay_tls *tls;
    ay_events *events;
    ay_streams *streams;
    ay_metrics metrics;
    ay_trouble trouble;
    ay_gate gate; /* pixels being decoded */
    char hostname[256];
    uint64_t started;              /* ay_clock_mono() */
    atomic_size_t held;            /* bytes of bodies in memory */
    atomic_int open_calls;         /* begun and not completed, event streams left out */
    atomic_bool draining, abandon; /* abandon: answer what is queued with 503 */
};

typedef enum { AY_CALL_READING, AY_CALL_QUEUED, AY_CALL_DONE, AY_CALL_SENT } ay_call_state;

typedef struct {
    ay_request rq;
    ay_body body;
    struct MHD_Connection *conn;
    ay_listener *listener;
    atomic_int state; /* ay_call_state */
    uint64_t begun;   /* ay_clock_mono(), as the next two */
    uint64_t whole;   /* all of the request is there; 0: not yet */
    uint64_t ready;   /* its answer is; 0: not yet */
    size_t held;      /* of server->held */
    bool head;        /* method is HEAD */
    bool streaming;   /* an event stream: not waited for when draining */
} ay_call;

/* libmicrohttpd's callbacks, cls = ay_listener. */
enum MHD_Result ay_call_on_request(void *cls, struct MHD_Connection *conn, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **slot);
void ay_call_on_completed(void *cls, struct MHD_Connection *conn, void **slot,
                          enum MHD_RequestTerminationCode why);
/* A worker's half: run the handler, leave the reply. */
void ay_call_run(ay_call *call);
/* Hand the reply to libmicrohttpd.  MHD_NO closes the connection. */
enum MHD_Result ay_call_send(ay_call *call);

/* http/events.c */
ay_status ay_events_create(ay_events **out, ay_server *s, ay_err *err);
void ay_events_close(ay_events *e); /* ends every stream; no new ones */
void ay_events_destroy(ay_events *e);
/* job 0: every change; else what happens to that job, until it is over. */
struct MHD_Response *ay_events_response(ay_events *e, struct MHD_Connection *conn, int64_t job);
int ay_events_count(ay_events *e);

#endif
