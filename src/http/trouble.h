/* http/trouble.h - a line in the log for each answer that says the server failed, so that what happened can be told later.
 *
 * Told are answers of 500 and above with their cause, requests that a client waited for a second or more and then gave up,
 * and requests that took five seconds: a server that hangs gives no answer whose status could be counted.  Time counts from
 * when the whole request is there until its answer is ready, so that a slow line is no trouble.  The access line (level info) has neither cause nor code, and is switched off where there are many requests.
 *
 * A server in trouble has much to tell: of any ten seconds the first AY_TROUBLE_MOST are told and the others counted, and the
 * next line that is told says how many.
 *
 * Rejected: the cause in the access line (off just when it is needed), and a limit for each route (a hundred counters for what
 * a person reads once).
 *
 * Threads: any. */
#ifndef AY_HTTP_TROUBLE_H
#define AY_HTTP_TROUBLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { AY_TROUBLE_MOST = 20 };

typedef struct {
    pthread_mutex_t lock; /* guards the rest */
    uint64_t since;       /* of the ten seconds that are counted; nanoseconds */
    unsigned told, left_out;
} ay_trouble;

typedef struct {
    const char *client, *method, *path; /* NULL: not known */
    int status;                         /* of the answer; 0: there was none */
    const char *code, *cause;           /* as in the answer; NULL: none */
    uint64_t took;                      /* nanoseconds */
    bool lost;                          /* the client went away */
    bool stream;                        /* it is meant to take long */
} ay_trouble_call;

void ay_trouble_init(ay_trouble *t);
void ay_trouble_fini(ay_trouble *t);
/* Is there something to tell? */
bool ay_trouble_is(const ay_trouble_call *c);
/* May a line be written at `now`?  *left_out: how many were not since the last that was. */
bool ay_trouble_may(ay_trouble *t, uint64_t now, unsigned *left_out);
/* The line, cut at cap. */
void ay_trouble_line(const ay_trouble_call *c, unsigned left_out, char *dst, unsigned cap);
/* All of it, when there is something to tell. */
void ay_trouble_tell(ay_trouble *t, const ay_trouble_call *c);

#endif
