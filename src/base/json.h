/* base/json.h - a JSON value as text in a buffer, so that no caller holds memory of jansson's heap.
 * Threads: any. */
#ifndef AY_BASE_JSON_H
#define AY_BASE_JSON_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

/* Append; flags as json_dumps().  False when value is NULL or memory is refused. */
bool ay_json_dump(const json_t *value, size_t flags, ay_buf *out);

#endif
