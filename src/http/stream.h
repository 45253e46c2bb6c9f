/* http/stream.h - an answer that is made while it is sent, however long it is: a thread makes it, at most a megabyte waits.
 *
 *     maker's thread --ay_stream_put()--> ring --I/O thread--> client
 *
 * The maker waits while the ring is full, the connection is suspended while it is empty: neither an I/O thread nor a worker waits for the
 * other's disk or network.  When the maker fails, the connection is closed without the last chunk, and the client knows that it has not all.
 * When the client goes, the maker's next put is AY_ECANCELLED.
 *
 * Invariants, under streams->lock:
 *   S1  a stream is in the list until its last reference goes: the reply's, the response's, the thread's.
 *   S2  stream->waiting is true exactly while its connection is suspended; who clears it resumes.
 *   S3  after close nothing waits and no new one begins; destroy returns when no thread is left. */
#ifndef AY_HTTP_STREAM_H
#define AY_HTTP_STREAM_H

#include "http/request.h"

typedef struct ay_streams ay_streams; /* of a server */
struct MHD_Connection;
struct MHD_Response;

/* What makes the bytes, on a thread of its own, and what ends it (always, once, on any thread). */
typedef struct {
    ay_status (*make)(void *ctx, ay_stream *s, ay_err *err);
    void (*end)(void *ctx);
    void *ctx;
} ay_stream_maker;

/* *out with one reference.  AY_EBUSY: so many are under way already; then maker.end was called. */
ay_status ay_stream_create(ay_stream **out, ay_streams *all, const ay_stream_maker *maker, ay_err *err);
void ay_stream_release(ay_stream *s); /* NULL is fine */
/* For the maker; stream is an ay_stream. */
ay_status ay_stream_put(void *stream, const void *bytes, size_t n, ay_err *err);
uint64_t ay_stream_sent(const ay_stream *s);

/* The reply takes the reference. */
void ay_reply_stream(ay_request *rq, const char *mime, ay_stream *stream);

/* For the server. */
ay_status ay_streams_create(ay_streams **out, ay_err *err);
void ay_streams_close(ay_streams *all);
void ay_streams_destroy(ay_streams *all);
struct MHD_Response *ay_stream_response(ay_stream *s, struct MHD_Connection *conn);

#endif
