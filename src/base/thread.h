/* base/thread.h - threads with names, and how many processors we may really use.
 *
 * Locks and condition variables are plain pthreads; this adds only what pthreads lacks. */
#ifndef AY_BASE_THREAD_H
#define AY_BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>

/* Processors this process may run on: affinity mask, cut by the cgroup's CPU quota.  At least 1. */
int ay_cpu_count(void);

/* Start a joinable thread called name (15 characters show in tools) with all signals but SIGBUS (base/paged.h) blocked, so
 * that signals reach the main thread only. */
ay_status ay_thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *arg,
                          ay_err *err);
#define AY_THREAD_PARTS 64
/* Run parts 0..parts-1 of something at the same time, the last one on this thread, and return when all are done.  A
 * thread that cannot be started is no error: this one does its part.  parts: at most AY_THREAD_PARTS. */
void ay_thread_share(const char *name, int parts, void (*run)(void *ctx, int part, int parts),
                     void *ctx);
/* Ask the kernel to keep the calling thread on the i-th allowed processor; best effort. */
void ay_thread_pin(int i);

#endif
