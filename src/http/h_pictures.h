/* http/h_pictures.h - what handlers share that answer with the library's pictures or take a filter. */
#ifndef AY_HTTP_H_PICTURES_H
#define AY_HTTP_H_PICTURES_H

#include "http/request.h"
#include "service/library/change.h"
#include "service/library/shelf.h"

/* The filter of the query; keys that no list has are AY_EINVAL. */
ay_status ay_h_filter_query(ay_request *rq, ay_picture_filter *f, ay_err *err);
/* A picture of a list. */
json_t *ay_view_shelf_item(const ay_shelf_item *p, const char *dataset);

json_t *ay_view_shelf_part(const ay_shelf_part *part);
json_t *ay_view_changed(const ay_changed *c);
/* A list of texts of the JSON body, at most `most`; absent: none. */
ay_status ay_h_texts(ay_request *rq, const char *name, size_t most, const char ***out, size_t *n, ay_err *err);

#endif
