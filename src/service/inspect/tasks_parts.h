/* service/inspect/tasks_parts.h - what the files of tasks share; no other folder includes it.
 *
 *   tasks.c        asked for, listed, cancelled, deleted        tasks_choose.c  a person's choices, and files
 *   tasks_work.c   the threads that do the work
 *
 * What is known of a task lies in three places: its job's request (never changes), its job's detail (what the page shows), and its folder. */
#ifndef AY_SERVICE_TASKS_PARTS_H
#define AY_SERVICE_TASKS_PARTS_H

#include "service/inspect/line.h"
#include "service/inspect/tasks.h"
#include "service/internal.h"

enum { AY_TASK_PATH = 4096, AY_MODULES_OPEN = 2 };
#define AY_TASK_KIND "inspect"
#define AY_TASK_CLASSES "orientation.json"  /* of the first half */
#define AY_TASK_CHOICES "orientations.json" /* a person's */
#define AY_TASK_SUMMARY "summary_report.json"

typedef struct ay_task_running {
    int64_t job;
    ay_service *s;
    json_t *request, *asked; /* asked: request's part that the caller gave; borrowed */
    json_t *detail;          /* guarded by the tasks' lock */
    char input[AY_TASK_PATH], out[AY_TASK_PATH];
    ay_train_control control;
    /* Guarded by the tasks' lock. */
    bool learning; /* the choices stay */
    bool changed;  /* they have changed since they were read */
    struct ay_task_running *next;
} ay_task_running;

struct ay_tasks {
    pthread_mutex_t lock; /* jobs_lock is taken inside it */
    pthread_t worker[AY_TASK_WORKERS];
    int workers;
    ay_task_running *running;
};

/* The task's job, its request (the caller's to json_decref) and, when it is not NULL, its row or slot.  AY_ENOTFOUND. */
ay_status ay_task_find(ay_service *s, const char *id, ay_arena *a, ay_job *job, json_t **request, ay_err *err);
/* Where its files are; dst has AY_TASK_PATH bytes. */
void ay_task_folder(const ay_service *s, const json_t *request, char *dst);
/* Every class has one of the four words, and there are no others; AY_EINVAL names what is not so. */
ay_status ay_task_check_choices(const json_t *classes, const json_t *choices, ay_err *err);
/* The threads; called by service.c. */
ay_status ay_tasks_start(ay_service *s, ay_err *err);
void ay_tasks_stop(ay_service *s);
/* modules.c */
ay_status ay_modules_open(ay_service *s, ay_err *err);
void ay_modules_close(ay_service *s);
/* With the lock: the running task of this job, or NULL. */
ay_task_running *ay_task_at_work(struct ay_tasks *t, int64_t job);

#endif
