/* service/inspect/line.h - how the work of an inspection training is done, for ay_service_options.
 *
 * The real one is made of inspect/flow.h; a test gives one that is done in a moment.  Both halves may be called again on the
 * files that an interrupted call left, and go on with them or begin anew, whichever is right.
 *
 * What they leave in r->out:
 *   collect    orientation.json: {"classes": [{"name", "folder": below r->out, "samples": [names of files in it]}]}
 *   finish     summary_report.json, results/, model/, and the module
 *
 * Threads: one call at a time a task; observer functions are called on the calling thread. */
#ifndef AY_SERVICE_LINE_H
#define AY_SERVICE_LINE_H

#include "base/err.h"
#include "train/run.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    const json_t *request; /* as ay_task_start() took it */
    const char *input, *out; /* resolved; out exists */
    const json_t *choices;   /* finish: {class: choice}; NULL: the classes are not turned */
    const ay_train_control *control;
    void *ctx;
    void (*step)(void *ctx, double progress, const char *step);
    void (*point)(void *ctx, int at, const char *json); /* an epoch of the curve, from 0 */
    void (*note)(void *ctx, const ay_note *n);          /* what a person should read */
    void (*tell)(void *ctx, const char *key, json_t *value); /* further facts for the task's detail; value is taken */
    /* Learning is about to begin: from now on the choices stay.  AY_ECONFLICT: they have changed, come back at once. */
    ay_status (*begin)(void *ctx, ay_err *err);
} ay_line_run;

typedef struct ay_line_driver {
    void *ctx;
    /* Is what was asked for right?  Looks at words, at no picture.  *orient: a person is to be asked between the two halves. */
    ay_status (*check)(void *ctx, const json_t *request, bool *orient, ay_err *err);
    ay_status (*collect)(void *ctx, const ay_line_run *r, ay_err *err);
    ay_status (*finish)(void *ctx, const ay_line_run *r, ay_err *err);
} ay_line_driver;

#endif
