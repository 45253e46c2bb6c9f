/* http/seed4.h - the image organiser's fields of a picture, for the two files that write them (h_seed3.c, h_seed4.c). */
#ifndef AY_HTTP_SEED4_H
#define AY_HTTP_SEED4_H

#include "service/library/clusters_plain.h"
#include "service/picture.h"

#include <jansson.h>

/* Add the fields to item (NULL is fine); unset: as null, of a picture that is not in the library. */
void ay_s4_set(json_t *item, const ay_picture *p, const ay_picture_says *says);
void ay_s4_unset(json_t *item);

#endif
