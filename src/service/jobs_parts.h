/* service/jobs_parts.h - what the files of jobs share.  For src/service/jobs*.c only; all with jobs_lock held. */
#ifndef AY_SERVICE_JOBS_PARTS_H
#define AY_SERVICE_JOBS_PARTS_H

#include "service/internal.h"
#include "store/ledger.h"

ay_job_slot *ay_jobs_find(ay_service *s, int64_t id); /* NULL: not in memory */
/* A free place at the end; the oldest job that is over makes room. */
ay_job_slot *ay_jobs_place(ay_service *s);
void ay_jobs_empty(ay_job_slot *j); /* free what it owns */
void ay_jobs_fill(ay_job_slot *j, const ay_store_job *row);
void ay_jobs_say(ay_job_slot *j, const char *message);
/* Listeners hear of a change. */
void ay_jobs_tell(ay_service *s, const char *kind, const char *dataset, int64_t job);
/* The training under way hears what j was asked. */
void ay_jobs_tell_training(ay_service *s, const ay_job_slot *j);

#endif
