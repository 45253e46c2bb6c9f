/* http/many.h - add the pictures of one form, several at a time.
 *
 * One after the other would leave processors idle and give the engine batches of one.  A few
 * threads of the request's own take the next picture each; they end with the request.  Rejected:
 * handing them to the server's workers, where requests that wait for their own parts can fill every
 * worker and wait for ever. */
#ifndef AY_HTTP_MANY_H
#define AY_HTTP_MANY_H

#include "http/request.h"

#include "service/picture.h"

enum { AY_MANY_THREADS = 4 };

typedef struct {
    ay_upload *upload;
    const char *file; /* the name to store it under */
    ay_status status;
    ay_added added; /* when status is AY_OK */
    ay_err err;     /* when it is not */
} ay_many_item;

typedef struct {
    ay_many_item *items; /* in the order of the form */
    int n, good;
    ay_status first;   /* of the first item that failed; AY_OK: none did */
    const ay_err *why; /* its message */
    ay_arena arena[AY_MANY_THREADS];
} ay_many;

/* Add every upload of rq to klass.  names NULL, or the name of each.  AY_ENOMEM only: what happens
 * to a picture is in its item.  The uploads' bytes are given back as they are done.  ay_many_fini()
 * always. */
ay_status ay_many_add(ay_many *m, ay_request *rq, const char *dataset, const char *klass,
                      const char *const *names, ay_err *err);
void ay_many_fini(ay_many *m);

#endif
