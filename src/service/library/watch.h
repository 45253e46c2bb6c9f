/* service/library/watch.h - folders that bring pictures in: read once (an import), or watched from then on.
 *
 * One thread reads for all of them.  A watched folder is seen by inotify, so a picture is there a moment after its program
 * has closed it, and looked through every half minute, because network file systems tell nothing.  A file is read when it
 * is whole: closed after writing, moved here, or unchanged in size and time for two seconds.  Names that programs give to
 * what is not finished (".x", "x~", "x.part", "x.tmp", "x.crdownload" ...) are passed over, symbolic links are not
 * followed, and a file that vanishes takes nothing with it: deleting is no intent.  What was read is noted (store/watches.h).
 *
 *   reading --all seen--> watching (an import: gone) ; missing <--> reading: the folder went and came back
 *
 * Both survive a restart: an import that was cut off goes on with the files it has not read.
 *
 * Threads: any. */
#ifndef AY_SERVICE_WATCH_H
#define AY_SERVICE_WATCH_H

#include "service/library/intake.h"

typedef struct {
    const char *path; /* a folder; of an import also one file */
    ay_intake_target to;
    bool classes;  /* the first folder below it is the class, made when missing */
    bool once;     /* read it once: an import */
    bool anywhere; /* the user of this machine asks; else only below ay_service_options.folders */
} ay_watch_wish;

/* *batch: the import that its pictures are counted with.  AY_EINVAL: not below the allowed folders; AY_ENOTFOUND: no such
 * folder, data set or class; AY_EEXISTS: it is watched already. */
ay_status ay_watch_add(ay_service *s, const ay_watch_wish *w, int64_t *id, int64_t *batch, ay_err *err);

typedef struct {
    int64_t id, batch;
    const char *folder, *dataset, *klass; /* "" when they were deleted */
    bool classes, once;
    const char *state;   /* "reading", "watching", "missing", "failed" */
    const char *message; /* what is wrong, or "" */
    int64_t files;       /* handed to the intake since the program began */
    int64_t passed;      /* files that are no pictures */
    char at[AY_RFC3339_SIZE];
} ay_watch;
ay_status ay_watch_list(ay_service *s, ay_arena *a, ay_watch **out, size_t *n, ay_err *err);
/* Watch no longer; what came in stays.  AY_ENOTFOUND. */
ay_status ay_watch_remove(ay_service *s, int64_t id, ay_err *err);
/* The folders below which the interface may read, ':' between; NULL: none. */
const char *ay_watch_roots(ay_service *s);

#endif
