/* http/gate.h - how many pixels may be decoded at a time.
 *
 * Every worker may hold a decoded picture: 32 workers with 50-megapixel pictures would be 5 GB.  A
 * request passes the gate with its picture's pixels, read from the header, before it calls the
 * service, and waits while the sum would pass the limit.  Small pictures hardly ever wait.
 *
 * Invariant: free is limit minus what has passed and not come back; a picture larger than the limit
 * counts as the limit, so that it passes alone.  Waiting is bounded by the time the others take,
 * because who has passed never waits here again.  Threads: any. */
#ifndef AY_HTTP_GATE_H
#define AY_HTTP_GATE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint64_t limit, free;
} ay_gate;

void ay_gate_init(ay_gate *g, uint64_t pixels);
void ay_gate_fini(ay_gate *g); /* nobody has passed, nobody waits */

/* Wait for room for the picture in bytes; returns what to give back (0: not a picture, its decoding
 * fails before anything is allocated). */
uint64_t ay_gate_enter(ay_gate *g, const void *bytes, size_t n);
void ay_gate_leave(ay_gate *g, uint64_t pixels);

#endif
