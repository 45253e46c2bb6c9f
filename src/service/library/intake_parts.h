/* service/library/intake_parts.h - what the files of the intake share; for service/library/intake*, watch* only.
 *
 *   intake.c        the door, the lists, cancelling        intake_work.c   the workers
 *   intake_runs.c   jobs that show imports                  watch.c ...     folders that are read
 *
 * Locks: in->lock guards the window of what waits, the budget and the counters, and is held while a page of what waits
 * is read; runs_lock guards runs and is held while a job's row is written.  Neither is taken inside the other, and of the
 * service's locks only jobs_lock is taken inside runs_lock. */
#ifndef AY_SERVICE_INTAKE_PARTS_H
#define AY_SERVICE_INTAKE_PARTS_H

#include "service/internal.h"
#include "service/library/intake.h"
#include "store/watches.h"

enum { AY_INTAKE_THREADS = 9, AY_INTAKE_RUNS = 32, AY_INTAKE_SECONDS = 10 };

/* An import that is under way, and the job that shows it. */
typedef struct {
    int64_t batch, job;
    int64_t expected; /* files that its folder has in all; 0: not known */
    int feeding;      /* a folder is being read for it */
    uint64_t seen;    /* when something happened, ay_clock_mono() */
} ay_intake_run;

typedef struct ay_watcher ay_watcher; /* service/library/watch_parts.h */

struct ay_intake {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t threads[AY_INTAKE_THREADS];
    int started;
    bool stop;
    /* what waits, a page of it: window[next .. n) */
    ay_arena arena;
    ay_store_arrival *window;
    size_t next, n;
    int64_t last; /* rows up to this number were read into a window */
    bool more;    /* there may be rows behind it */
    bool away;    /* the database could not be asked: wait a little */
    int working;
    uint64_t pixels; /* decoded now */
    int64_t done, refused;
    char trouble[256]; /* why nothing is taken in now; "": nothing hinders */
    int64_t second[AY_INTAKE_SECONDS], at[AY_INTAKE_SECONDS]; /* done in the second at[i] */

    pthread_mutex_t runs_lock;
    ay_intake_run runs[AY_INTAKE_RUNS];
    int nruns;
    int64_t loose; /* the import of uploads that name none, and when it last grew */
    uint64_t loose_at;

    ay_watcher *watcher; /* NULL: nobody follows folders */
};

ay_status ay_intake_open(ay_service *s, ay_err *err); /* by ay_service_open() */
void ay_intake_close(ay_service *s);

/* Ids of where pictures go. */
typedef struct {
    int64_t dataset, class_id;
    ay_stay stay;
} ay_intake_place;
ay_status ay_intake_find(ay_service *s, const ay_intake_target *t, ay_intake_place *out, ay_err *err);
/* ay_intake_add() to a place that was found, with what is to be noted of a watched folder's files (seen NULL, or one
 * for each file; those with watch 0 are not noted). */
ay_status ay_intake_put(ay_service *s, const ay_intake_place *place, const char *name, const ay_intake_file *files,
                        size_t n, const ay_store_watched *seen, ay_intake_taken *out, int64_t *batch, ay_err *err);
/* A file's name or path as the store takes it: UTF-8 in one line, at most most bytes; dst has most + 1. */
void ay_intake_text(char *dst, const char *src, size_t most);
/* Something came: whoever sleeps looks. */
void ay_intake_wake(ay_service *s);

/* ---- intake_runs.c */
/* Show that a batch is worked on; begins its job when none runs. */
void ay_intake_run_step(ay_service *s, int64_t batch, bool *cancelled);
/* A folder is being read for it (+1, -1); expected: how many files in all, 0: not known. */
void ay_intake_run_feed(ay_service *s, int64_t batch, int change, int64_t expected);
/* End the jobs of which nothing is left; all: of all, because the service closes. */
void ay_intake_runs_tidy(ay_service *s, bool all);
/* The imports that are under way, as they are now; how many. */
int ay_intake_runs_now(ay_service *s, ay_intake_run out[AY_INTAKE_RUNS]);
bool ay_intake_feeding(ay_service *s);

/* ---- watch.c */
ay_status ay_watcher_start(ay_service *s, ay_err *err);
void ay_watcher_stop(ay_service *s);

/* ---- intake_work.c */
void *ay_intake_work(void *service);

#endif
