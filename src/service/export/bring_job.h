/* service/export/bring_job.h - archives and documents brought in by a server, in the background: what bring.h does, as jobs of the kind "archive".
 *
 * One thread takes the jobs in order: open, queue, wait until the intake has taken the pictures in, finish.  A full disk or a database that is
 * away is waited for.  The job's detail is ay_bring_json() with "path", "batch" (the import that its pictures are counted with; 0: none) and
 * "trouble" (why it waits, or null).
 *
 * A job has a request, so one that a kill or a stop of the server cut off waits again at the next start and begins anew; what is there
 * already is passed over.  Cancelled, what waits of its pictures is dropped, and what came in stays without tags.
 *
 * Threads: any. */
#ifndef AY_SERVICE_BRING_JOB_H
#define AY_SERVICE_BRING_JOB_H

#include "service/export/bring.h"

/* anywhere: the user of this machine asks; else only below ay_service_options.folders.  The same wish that waits or is under way is not queued
 * twice: *job is that one.  AY_EINVAL: not below them, or in the data folder; AY_ENOTFOUND: no such file or data set; AY_EUNSUPPORTED: nothing
 * that has a document; AY_EBUSY: reading only. */
ay_status ay_bring_ask(ay_service *s, const ay_bring_wish *w, bool anywhere, int64_t *job, ay_err *err);
/* What ay_bring_unfinished() tells; jobs gets a number for each, in the arena. */
ay_status ay_bring_ask_unfinished(ay_service *s, ay_arena *a, int64_t **jobs, size_t *n, ay_err *err);

/* By ay_service_open() and ay_service_close(). */
ay_status ay_brings_open(ay_service *s, ay_err *err);
void ay_brings_start(ay_service *s); /* a server's: what waits is taken */
void ay_brings_stop(ay_service *s);
void ay_brings_close(ay_service *s);

#endif
