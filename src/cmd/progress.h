/* cmd/progress.h - a bar on standard error, only where that is a terminal.
 *
 * On anything else one line every ten seconds, so that a log shows life.  Threads: one at a time. */
#ifndef AY_CMD_PROGRESS_H
#define AY_CMD_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *what; /* "scanning"; not owned */
    long done, total; /* total 0: unknown */
    long from;        /* where the measured part began, see ay_progress_from() */
    int bytes;        /* done and total are bytes */
    uint64_t started, shown;
    int terminal, quiet;
} ay_progress;

void ay_progress_start(ay_progress *p, const char *what, long total, int quiet);
void ay_progress_step(ay_progress *p, long done, long total);
/* What is done so far was there before: speed and time left are counted from here. */
void ay_progress_from(ay_progress *p, long done);
/* Wipe the bar, so that the next line of output starts clean; the bar comes back by itself. */
void ay_progress_hide(ay_progress *p);
void ay_progress_end(ay_progress *p);
/* For what reports files: ctx is an ay_progress.  n files in all are known only now; a line about one that was left out. */
void ay_progress_files(void *ctx, size_t done, size_t n);
void ay_progress_left_out(void *ctx, const char *line);

#endif
