/* engine/batcher.h - callers put pictures in, workers take handfuls out.
 *
 * A request lives on its caller's stack and is a link of the list, so queueing allocates nothing
 * and a full queue is a count and not a full array.
 *
 *   request:  submitted -> (handed out picture by picture) -> all finished -> caller wakes
 *   batcher:  accepting -> draining (close called: no new requests, what is queued is served)
 *             -> stopped (nothing queued, no caller inside)
 *
 * Invariants
 *  1. waiting = sum of (n - next) over a list; every listed request has next < n.
 *  2. A picture is handed out exactly once and finished exactly once.
 *  3. A caller leaves submit only when left == 0, so its pictures and dst outlive every use.
 *
 * How many a worker takes: its share of what waits, divided among the idle workers and itself, so
 * that sixteen pictures on two free cores are two batches of eight and not one of sixteen.
 *
 * Work in the background (an import of ten thousand pictures) is submitted "later": it is handed out only when nothing
 * else waits, never mixed with other work, and in small handfuls as long as somebody else has asked a moment ago, so that
 * a request finds a worker free within the time of two pictures and not of sixteen.  Where there are several workers, one
 * of them leaves such work alone for that moment: a request need not wait at all.  Where requests never cease it would
 * wait for ever: so one picture of it goes first in every second in which none went (its patience).
 *
 * Threads: all functions from any thread, except create and destroy. */
#ifndef AY_ENGINE_BATCHER_H
#define AY_ENGINE_BATCHER_H

#include "base/err.h"
#include "image/image.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ay_batcher ay_batcher;
typedef struct ay_request ay_request;

/* One picture in the hands of a worker. */
typedef struct {
    ay_request *request;
    const ay_image *image;
    float *dst; /* where its vector goes */
} ay_ticket;

ay_status ay_batcher_create(ay_batcher **out, int max_waiting, ay_err *err);
void ay_batcher_destroy(ay_batcher *b); /* stopped; NULL is fine */

/* Queue n pictures and wait until each is finished; dst has n rows of dim floats.  AY_EBUSY when
 * they do not fit behind what waits (a call larger than the whole queue is taken when nothing
 * waits); AY_ECANCELLED after close; else the first failure among the pictures, or AY_OK. */
ay_status ay_batcher_submit(ay_batcher *b, const ay_image *const *images, int n, float *dst,
                            int dim, ay_err *err);
/* The same for work that can wait: behind everything that is submitted the other way. */
ay_status ay_batcher_submit_later(ay_batcher *b, const ay_image *const *images, int n, float *dst, int dim,
                                  ay_err *err);
/* How long work that can wait does, at most, until one picture of it goes before the others: a second unless said. */
void ay_batcher_set_patience(ay_batcher *b, uint64_t ns);
/* For how long after a request work that can wait is taken few at a time, by all workers but one: a second unless said. */
void ay_batcher_set_moment(ay_batcher *b, uint64_t ns);
/* How many workers take from it; unless said, none of them leaves anything alone. */
void ay_batcher_set_workers(ay_batcher *b, int n);
/* Wait for work and take 1..max pictures; 0 when draining and nothing is left. */
int ay_batcher_take(ay_batcher *b, ay_ticket *out, int max);
/* Give n tickets back, done or failed (err may be NULL when status is AY_OK). */
void ay_batcher_finish(ay_batcher *b, const ay_ticket *tickets, int n, ay_status status,
                       const ay_err *err);
/* Start draining and wait until no caller is inside.  There must be a worker to serve them. */
void ay_batcher_close(ay_batcher *b);
int ay_batcher_waiting(ay_batcher *b); /* pictures that no worker has taken */
int ay_batcher_idle(ay_batcher *b);    /* workers that wait for one */

#endif
