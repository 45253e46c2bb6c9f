/* http/view.h - the service's structs as the JSON of the interface; one function a schema.
 *
 * Each returns a new reference, or NULL when memory is refused: ay_reply_json() and jansson's
 * json_object_set_new() take that NULL and fail.  Threads: any. */
#ifndef AY_HTTP_VIEW_H
#define AY_HTTP_VIEW_H

#include "service/service.h"

#include <jansson.h>

json_t *ay_view_job(const ay_job *j);

#endif
