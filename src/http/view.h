/* http/view.h - the service's structs as the JSON of the interface; one function a schema.
 *
 * Each returns a new reference, or NULL when memory is refused or a string is not UTF-8:
 * ay_reply_json() and jansson's *_new() functions take that NULL and fail.  Threads: any. */
#ifndef AY_HTTP_VIEW_H
#define AY_HTTP_VIEW_H

#include "service/dataset.h"
#include "service/picture.h"
#include "service/learn/predict.h"
#include "service/learn/registry.h"
#include "service/scan.h"
#include "service/find/search.h"
#include "service/service.h"
#include "service/suspects.h"

#include <jansson.h>

json_t *ay_view_model(const ay_engine_info *m);
json_t *ay_view_job(const ay_job *j);
/* With its curve from point `from` on; j from ay_service_job(). */
json_t *ay_view_job_whole(const ay_job *j, size_t from);
/* whole: with its metrics. */
json_t *ay_view_registered(const ay_registered *m, bool whole);
json_t *ay_view_answer(const ay_answer *a);
json_t *ay_view_top(const ay_answer *a);
json_t *ay_view_doubt(const ay_doubt *d);
json_t *ay_view_dataset(const ay_dataset *d);
json_t *ay_view_class(const ay_class *c);
json_t *ay_view_picture(const ay_picture *p);
json_t *ay_view_added(const ay_added *a);
json_t *ay_view_decision(const ay_decision *d, const ay_engine_info *m);
json_t *ay_view_suspects(const ay_suspects *s);
json_t *ay_view_found(const ay_find_answer *a, const ay_engine_info *m);

/* A real number that JSON can hold and people can read: rounded to six decimals; null when it is
 * not finite. */
json_t *ay_view_real(double v);

#endif
