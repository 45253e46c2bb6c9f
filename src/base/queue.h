/* base/queue.h - a bounded first-in first-out queue of pointers between threads.
 *
 * push refuses instead of waiting when the queue is full, because a full queue is an answer
 * ("busy, try later") and not a reason to hang.  After close, pushes are refused and pops drain
 * what is left and then return NULL.
 * Invariant: a pointer that was pushed is popped exactly once. */
#ifndef AY_BASE_QUEUE_H
#define AY_BASE_QUEUE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct ay_queue ay_queue;

ay_status ay_queue_create(ay_queue **out, size_t capacity, ay_err *err);
void ay_queue_destroy(ay_queue *q); /* closed, empty, nobody waiting; NULL is fine */
bool ay_queue_push(ay_queue *q, void *item);
/* Wait for an item at most timeout_ms (negative: for ever).  NULL on time-out or when closed and
 * empty. */
void *ay_queue_pop(ay_queue *q, long timeout_ms);
void ay_queue_close(ay_queue *q);
size_t ay_queue_length(ay_queue *q);

#endif
