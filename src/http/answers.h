/* http/answers.h - what a trained model says of the pictures of one request.
 *
 * As http/many.h: a few threads of the request's own take the next picture each, so that the model
 * sees several at a time.  What happens to a picture is in its item; one bad file spoils nothing.
 * Threads: one request, one thread. */
#ifndef AY_HTTP_ANSWERS_H
#define AY_HTTP_ANSWERS_H

#include "http/request.h"

#include "service/learn/predict.h"

enum { AY_ANSWERS_THREADS = 8 };

typedef struct {
    ay_upload *upload;
    ay_status status;
    ay_answer answer; /* when status is AY_OK */
    ay_err err;       /* when it is not */
} ay_answers_item;

typedef struct {
    ay_answers_item *items; /* in the order of the form */
    int n, good;
    char batch[33]; /* "" for one picture alone */
    double total_ms;
    ay_arena arena[AY_ANSWERS_THREADS];
} ay_answers;

/* options->batch is ignored: a request of several pictures is a batch with an id of its own.  With
 * views or passes the pictures go one after another, and AY_EBUSY says that too many ask for that.
 * Failures of the whole: AY_EINVAL no picture was sent; AY_ECONFLICT no model is active; AY_ENOTFOUND
 * no such model; AY_ENOMEM.  ay_answers_fini() always. */
ay_status ay_answers_run(ay_answers *r, ay_request *rq, const ay_predict_options *options,
                         ay_err *err);
void ay_answers_fini(ay_answers *r);

#endif
